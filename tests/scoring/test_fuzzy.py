"""Fuzzy comprehensive evaluation: a published example under all four operators, then what must hold for any case."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskkit.errors import Misuse
from riskkit.scoring.fuzzy import (
    OPERATORS,
    compose,
    grade_middles,
    maximum_membership,
    memberships,
    normalised,
)

# A restaurant judged on taste, service, surroundings and price as excellent, good, fair, poor:
# www.dtcms.com/a/298653.html; the answers computed by hand in numpy.
A = np.array([0.4, 0.3, 0.2, 0.1])
R = np.array([[0.5, 0.3, 0.2, 0.0], [0.2, 0.4, 0.3, 0.1], [0.1, 0.3, 0.5, 0.1], [0.0, 0.2, 0.4, 0.4]])
RESTAURANT = {
    "dot_plus": ([0.28, 0.32, 0.31, 0.09], [0.28, 0.32, 0.31, 0.09], 1),
    "min_max": ([0.4, 0.3, 0.3, 0.1], [4 / 11, 3 / 11, 3 / 11, 1 / 11], 0),
    "dot_max": ([0.2, 0.12, 0.1, 0.04], [0.2 / 0.46, 0.12 / 0.46, 0.1 / 0.46, 0.04 / 0.46], 0),
    "min_plus": ([0.7, 0.9, 0.8, 0.3], [7 / 27, 9 / 27, 8 / 27, 3 / 27], 1),
}
LIMITS = np.array([90.0, 80.0, 70.0, 60.0])
"""Five grades of 0-100: the last is six times as wide as the others."""


@pytest.mark.parametrize("operator", RESTAURANT)
def test_the_restaurant_under_each_operator(operator: str) -> None:
    composed, degrees, grade = RESTAURANT[operator]
    found = compose(A, R, operator)  # type: ignore[arg-type]
    assert found.tolist() == pytest.approx(composed, abs=1e-15)
    assert normalised(found).tolist() == pytest.approx(degrees, abs=1e-15)
    place, tied = maximum_membership(normalised(found))
    assert (int(place), bool(tied)) == (grade, False)


def test_the_restaurants_score_by_grade_values() -> None:
    """0.28 × 95 + 0.32 × 85 + 0.31 × 75 + 0.09 × 60 = 82.45."""
    assert normalised(compose(A, R)) @ [95, 85, 75, 60] == pytest.approx(82.45, abs=1e-12)


@pytest.mark.parametrize(
    ("points", "degrees"),
    [
        (100, [1, 0, 0, 0, 0]),
        (95, [1, 0, 0, 0, 0]),
        (90, [0.5, 0.5, 0, 0, 0]),
        (85, [0, 1, 0, 0, 0]),
        (82.5, [0, 0.75, 0.25, 0, 0]),
        (63, [0, 0, 0, 0.8, 0.2]),
        (60, [0, 0, 0, 0.5, 0.5]),
        (55, [0, 0, 0, 0, 1]),
        (20, [0, 0, 0, 0, 1]),
    ],
)
def test_points_belong_to_grades_by_hand(points: float, degrees: list[float]) -> None:
    """Grades of 10 points: slopes reach 5 to either side of a limit. 82.5 is 7.5 of 10 up the slope from 75 to 85.

    63 is 8 of 10 up the slope from 55 to 65; the lowest grade is 60 wide, but the narrower one sets the slope.
    """
    assert memberships(np.array(points), LIMITS, 100.0).tolist() == pytest.approx(degrees, abs=1e-15)


def test_grades_are_worth_the_middle_of_their_points() -> None:
    assert grade_middles(LIMITS, 100.0).tolist() == [95, 85, 75, 65, 30]


def test_grades_without_width_are_entered_at_once() -> None:
    """The best grade asks for the maximum, the last lies below 0: neither can be approached."""
    found = memberships(np.array([99.0, 100.0, 0.0]), np.array([100.0, 0.0]), 100.0)
    assert found.tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0]]


def test_a_model_with_one_grade_gives_it_to_everything() -> None:
    assert memberships(np.array([3.0, np.nan]), np.array([]), 100.0).tolist()[0] == [1.0]


def test_a_missing_factor_hands_its_weight_to_the_others() -> None:
    """Without taste: weights 0.3, 0.2, 0.1 of 0.6; excellent (0.3 × 0.2 + 0.2 × 0.1) ÷ 0.6 = 0.1333."""
    holed = R.copy()
    holed[0] = np.nan
    assert compose(A, holed)[0] == pytest.approx(0.08 / 0.6)
    assert compose(A, holed).sum() == pytest.approx(1.0)


def test_no_factor_at_all_gives_nothing() -> None:
    found = compose(A, np.full_like(R, np.nan))
    assert np.isnan(found).all()
    assert [part.tolist() for part in maximum_membership(normalised(found))] == [-1, False]


def test_of_equal_degrees_the_better_grade_is_taken_and_the_tie_is_said() -> None:
    place, tied = maximum_membership(np.array([[0.2, 0.4, 0.4], [0.2, 0.1 + 0.2, 0.3], [0.5, 0.3, 0.2]]))
    assert place.tolist() == [1, 1, 0]
    assert tied.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("weights", "degrees", "operator", "told"),
    [
        (A, R, "plus", "no operator 'plus'"),
        (A[:3], R, "dot_plus", "expected (… ×) 3 factors × grades"),
        (A, R[0], "dot_plus", "shape (4,)"),
        (-A, R, "dot_plus", "found -0.4"),
        (A, 2 * R + 0.5, "dot_plus", "found 1.5"),
    ],
)
def test_what_makes_no_sense_is_refused(
    weights: np.ndarray, degrees: np.ndarray, operator: str, told: str
) -> None:
    with pytest.raises(Misuse) as refused:
        compose(weights, degrees, operator)  # type: ignore[arg-type]
    assert told in refused.value.message("en")


# --- what must hold for any case

points = st.integers(0, 1000).map(lambda tenths: tenths / 10)
limits = st.sets(st.integers(1, 99), min_size=1, max_size=5).map(
    lambda found: np.array(sorted(found, reverse=True), dtype="float64")
)


@given(points, limits)
@settings(max_examples=100)
def test_degrees_sum_to_1_and_the_largest_is_that_of_the_grade_the_points_reach(
    given_points: float, given_limits: np.ndarray
) -> None:
    degrees = memberships(np.array(given_points), given_limits, 100.0)
    assert ((degrees >= 0) & (degrees <= 1)).all()
    assert degrees.sum() == pytest.approx(1.0, abs=1e-12)
    reached = int(np.argmax(given_points >= np.append(given_limits, 0.0)))
    assert int(maximum_membership(degrees)[0]) == reached


@st.composite
def evaluations(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Weights and a membership matrix whose rows sum to 1; either in 64ths, so that nothing is lost in rounding."""
    factors, grades = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    whole = st.lists(st.integers(0, 64), min_size=grades, max_size=grades).filter(any)
    rows = np.array([draw(whole) for _ in range(factors)], dtype="float64")
    weights = np.array(
        draw(st.lists(st.integers(1, 64), min_size=factors, max_size=factors)), dtype="float64"
    )
    return weights / weights.sum(), rows / rows.sum(axis=1, keepdims=True)


@given(evaluations(), st.sampled_from(OPERATORS), st.randoms(use_true_random=False))
@settings(max_examples=100)
def test_the_order_of_factors_does_not_matter_and_no_sum_passes_1(
    case: tuple, operator: str, random: object
) -> None:
    weights, degrees = case
    order = list(range(len(weights)))
    random.shuffle(order)  # type: ignore[attr-defined]
    found = compose(weights, degrees, operator)  # type: ignore[arg-type]
    turned = compose(weights[order], degrees[order], operator)  # type: ignore[arg-type]
    assert turned.tolist() == pytest.approx(found.tolist(), abs=1e-12)
    assert found.max() <= 1 + 1e-12
    assert normalised(found).sum() == pytest.approx(1.0)


@given(evaluations())
@settings(max_examples=50)
def test_the_weighted_mean_of_rows_that_sum_to_1_sums_to_1(case: tuple) -> None:
    assert compose(*case).sum() == pytest.approx(1.0)


@given(evaluations(), st.sampled_from(OPERATORS))
@settings(max_examples=50)
def test_many_units_at_once_give_what_each_gives_alone(case: tuple, operator: str) -> None:
    weights, degrees = case
    stacked = compose(weights, np.stack([degrees, degrees[::-1]]), operator)  # type: ignore[arg-type]
    assert stacked[1].tolist() == pytest.approx(compose(weights, degrees[::-1], operator).tolist())  # type: ignore[arg-type]
