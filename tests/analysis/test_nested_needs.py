"""Nested needs met at the least cost: by hand, and against every set of things."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from riskkit.analysis.nested_needs import Need, taken_up


def test_one_large_thing_is_cheaper_than_two_small_ones() -> None:
    """12 of the first alone cost 5 + 12/30 · 2 = 5.8; the two others together 3 + 3 and more, and neither suffices."""
    assert taken_up([5, 3, 3], [2, 1, 1], [Need([30, 10, 10], 12)]) == {0}


def test_what_an_inner_need_takes_counts_outside_too() -> None:
    """Of the first two 5 are needed, of all 8: 2 of the second cost less than the first, and its 10 suffice for both;
    without the inner need the third alone, at half the charge, would do."""
    inner, outer = Need([10, 10, 0], 5), Need([5, 5, 8], 4)
    assert taken_up([3, 2, 1], [1, 1, 1], [outer, inner]) == {1}
    assert taken_up([3, 2, 1], [1, 1, 1], [outer]) == {2}


def test_where_nothing_is_needed_nothing_is_taken_up() -> None:
    assert taken_up([1, 1], [1, 1], []) == set()


def test_a_search_that_takes_too_long_is_given_up() -> None:
    assert taken_up([1, 1, 1], [1, 1, 1], [Need([9, 8, 7], 10)], most=1) is None


numbers = st.lists(st.integers(1, 9), min_size=5, max_size=5)


@settings(max_examples=100, deadline=None)
@given(once=numbers, along=numbers, gains=numbers, parts=st.tuples(*[st.floats(0.05, 0.95)] * 3))
def test_no_other_set_is_cheaper(
    once: list[int], along: list[int], gains: list[int], parts: tuple[float, ...]
) -> None:
    """Two needs, of the first two things and of the next two, within one of all five; every set by linear programming."""
    whole = [0.5 * gain for gain in gains]
    rows = [[*gains[:2], 0, 0, 0], [0, 0, *gains[2:4], 0], whole]
    needs = [Need(row, part * sum(row)) for row, part in zip(rows, parts, strict=True)]
    costs = {}
    for chosen in itertools.product((0, 1), repeat=5):
        found = linprog(
            along,
            A_ub=[[-gain for gain in need.gains] for need in needs],
            b_ub=[-need.least for need in needs],
            bounds=[(0, each) for each in chosen],
        )
        if found.success:
            costs[chosen] = found.fun + sum(cost for cost, each in zip(once, chosen, strict=True) if each)
    taken = taken_up(once, along, needs)
    assert taken is not None
    assert costs[tuple(int(place in taken) for place in range(5))] == pytest.approx(
        min(costs.values()), abs=1e-6
    )
