"""The cheapest way up, by hand and against every other way."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import riskkit as rk
from riskkit.analysis.next_grade import NextGrade, next_grade
from tests.scoring import tiny

LEVELS = (0.0, 40.0, 70.0, 100.0)
STEPS = {"type": "steps", "points": [[0.5, 40], [0.8, 70], [1, 100]]}
VALUES = (0.0, 0.5, 0.8, 1.0)
"""A value on each of the steps."""


def assessed(
    values: dict[str, float | str], model: rk.IndicatorModel | None = None, *events: str
) -> rk.Assessment:
    made = model or tiny.model()
    known = [{"red_line": line, "unit": "u", "event_no": f"E{n}"} for n, line in enumerate(events)]
    return rk.score(made, tiny.measures(made, {"u": values}, known))


def planned(way: NextGrade) -> dict[str, tuple[float, float]]:
    return {str(item): (row["points"], row["needed"]) for item, row in way.items.iterrows()}


def carried_out(way: NextGrade) -> rk.Assessment:
    """The same unit, each item of the plan at its target."""
    rows = way.assessment.measures.frame.set_index("item")
    values: dict[str, Any] = {
        name: row["value"] if row["state"] == "measured" else row["state"] for name, row in rows.iterrows()
    }
    return assessed({**values, **way.items["target"].to_dict()}, way.assessment.model)


def near(*numbers: float) -> Any:
    return pytest.approx(numbers, abs=2e-5)


# --- by hand


def test_one_item_carries_the_score_over_the_limit() -> None:
    """0.3 · 50 + 0.3 · 80 + 0.4 · 70 = 67; B begins at 69.995, rounded half up. b1 weighs most: 2.995 ÷ 0.4 = 7.4875
    points more, which takes 1 + 0.074875 of effort."""
    way = next_grade(assessed({"a1": 0.5, "a2": 0.8, "b1": 0.7}), "u")
    assert (way.grade, way.reason, way.first, way.score) == ("B", "", (), 70.0)
    assert planned(way) == {"b1": near(70, 77.4875)}
    assert (way.effort, *way.items.loc["b1", ["gain", "value", "target"]]) == near(
        1.074875, 2.995, 0.7, 0.774875
    )


def test_a_dear_item_is_left_to_a_cheaper_one() -> None:
    """2.995 ÷ 0.3 = 9.9833 points of a1 at 1.0998, not of a2 at twice that nor of b1 at five times 1.0749."""
    way = next_grade(assessed({"a1": 0.5, "a2": 0.8, "b1": 0.7}), "u", {"b1": 5, "a2": 2})
    assert planned(way) == {"a1": near(50, 59.983333)}
    assert way.effort == pytest.approx(1.0998333, abs=1e-6)


def test_a_dimension_too_low_is_raised_although_the_score_is_reached() -> None:
    """0.3 · 10 + 0.3 · 90 + 0.4 · 100 = 70, but A has 50 and B asks for 60: 20 points more, for which a2 lacks room."""
    way = next_grade(assessed({"a1": 0.1, "a2": 0.9, "b1": 1.0}), "u")
    assert planned(way) == {"a1": near(10, 30)}
    assert (way.effort, way.score) == near(1.2, 76)


def test_deductions_are_earned_back() -> None:
    """0.3 · 70 + 0.3 · 80 + 0.4 · 75 = 75, less 6; 75.995 less 6 rounds to 70: 0.995 ÷ 0.4 = 2.4875 points of b1."""
    way = next_grade(assessed({"a1": 0.7, "a2": 0.8, "b1": 0.75}, None, "LEAK"), "u")
    assert planned(way) == {"b1": near(75, 77.4875)}


def test_what_was_not_assessed_is_gained_from_nothing() -> None:
    """a1 counts 0: 0.3 · 100 + 0.4 · 100 = 70, but A has 50 of the 60 that B asks for: 20 points of a1."""
    way = next_grade(assessed({"a1": "not_assessed", "a2": 1.0, "b1": 1.0}), "u")
    assert planned(way) == {"a1": near(0, 20)}
    assert np.isnan(way.items.loc["a1", "value"])
    assert way.items.loc["a1", "target"] == pytest.approx(0.2, abs=1e-6)


def test_what_does_not_apply_leaves_its_weight_to_its_sibling() -> None:
    """A is a2 alone: 0.6 · 60 + 0.4 · 80 = 68; 1.995 ÷ 0.6 = 3.325 points of a2."""
    way = next_grade(assessed({"a1": "not_applicable", "a2": 0.6, "b1": 0.8}), "u")
    assert planned(way) == {"a2": near(60, 63.325)}


def test_a_minimum_is_raised_by_its_least() -> None:
    """min(20, 40) · 0.6 + 95 · 0.4 = 50; B asks for 69.995 in all: 58.325 from both, 38.325 + 18.325 points."""
    nodes = tiny.spec()["nodes"]
    nodes[0]["aggregate"] = "minimum"
    grades = [{"id": "B", "name": tiny.name("B"), "min": 70}, {"id": "C", "name": tiny.name("C"), "min": 0}]
    lines = tiny.spec()["red_lines"][:1]
    model = tiny.model(nodes=nodes, grades=grades, red_lines=lines)
    way = next_grade(assessed({"a1": 0.2, "a2": 0.4, "b1": 0.95}, model), "u", {"b1": 50})
    assert planned(way) == {"a1": near(20, 53.325), "a2": near(40, 53.325)}


# --- what better items cannot do


def test_a_red_line_that_bars_the_grade_comes_first() -> None:
    """95 points less 4, capped at C: nothing to improve, the red line first."""
    way = next_grade(assessed({"a1": 0.95, "a2": 0.95, "b1": 0.95}, None, "CAP"), "u")
    assert (way.grade, way.effort, len(way.items)) == ("B", 0.0, 0)
    assert [(each.kind, each.red_line) for each in way.first] == [("cap", "CAP")]


def test_what_no_improvement_reaches_is_said() -> None:
    """Three leaks deduct 18 of 90: B with 72; of full marks 82 would be left, and A asks for 90. Who may improve nothing
    stays at 67."""
    leaky = next_grade(assessed({"a1": 0.9, "a2": 0.9, "b1": 0.9}, None, *["LEAK"] * 3), "u")
    stuck = next_grade(assessed({"a1": 0.5, "a2": 0.8, "b1": 0.7}), "u", dict.fromkeys(SHARES, np.inf))
    for way, grade, found, needed in ((leaky, "A", 82, 90), (stuck, "B", 67, 70)):
        assert (way.grade, way.reason, len(way.items)) == (grade, "out_of_reach", 0)
        short = way.first[-1]
        assert (short.kind, short.needed, short.found) == ("score", needed, pytest.approx(found))


def test_the_best_and_the_provisional_have_no_way_up() -> None:
    best = next_grade(assessed({"a1": 1.0, "a2": 1.0, "b1": 1.0}), "u")
    assert (best.grade, best.reason, best.first) == (None, "best", ())
    little = next_grade(assessed({"a1": "not_assessed", "a2": "not_assessed", "b1": 1.0}), "u")
    assert (little.grade, little.reason) == (None, "provisional")
    assert [(each.kind, each.needed, each.found) for each in little.first] == [
        ("coverage", 0.5, pytest.approx(0.4))
    ]


def test_a_roll_up_and_a_geometric_mean_cannot_say() -> None:
    assert next_grade(assessed({"a1": 0.5, "a2": 0.8, "b1": 0.7}), "head").reason == "rollup"
    values: dict[str, float | str] = {"a1": 0.5, "a2": 0.8, "b1": 0.7}
    model = tiny.model(aggregate="geometric")
    assert next_grade(assessed(values, model), "u").reason == "aggregate"


@pytest.mark.parametrize("cost", [0.0, -1.0, float("nan")])
def test_a_cost_must_be_above_nothing(cost: float) -> None:
    with pytest.raises(rk.Misuse, match="a1"):
        next_grade(assessed({"a1": 0.5, "a2": 0.8, "b1": 0.7}), "u", {"a1": cost})
    with pytest.raises(rk.Misuse, match="a1"):
        next_grade(assessed({"a1": 0.5, "a2": 0.8, "b1": 0.7}), "u", {"al": 2.0})


# --- against every other way


def stepped(aggregate: str) -> rk.IndicatorModel:
    """Four items on steps; grade A asks for 50 in both dimensions."""
    first = [tiny.item("a1", 0.7, scale=STEPS), tiny.item("a2", 0.3, scale=STEPS)]
    second = [tiny.item("b1", 0.55, scale=STEPS), tiny.item("b2", 0.45, scale=STEPS)]
    nodes = [
        {"id": "A", "name": tiny.name("A"), "weight": 0.6, "aggregate": aggregate, "children": first},
        {"id": "B", "name": tiny.name("B"), "weight": 0.4, "children": second},
    ]
    lowest = {"id": "E", "name": tiny.name("E"), "min": 0}
    conditions = [
        {"kind": "node_min", "depth": 1, "value": 50},
        {"kind": "node_min", "depth": 2, "value": 40},
    ]
    grades = [
        {"id": g, "name": tiny.name(g), "min": m, "conditions": conditions} for g, m in (("A", 85), ("B", 60))
    ]
    return tiny.model(nodes=nodes, grades=[*grades, lowest], red_lines=[])


@cache
def every_way(aggregate: str) -> rk.Assessment:
    """All 256 states the four items can be in, a unit each."""
    model = stepped(aggregate)
    states = itertools.product(range(4), repeat=4)
    values: dict[str, dict[str, float | str]] = {
        "".join(map(str, state)): {name: VALUES[s] for name, s in zip(model.items, state, strict=True)}
        for state in states
    }
    return rk.score(model, tiny.measures(model, values))


@pytest.mark.parametrize("aggregate", ["arithmetic", "minimum"])
@settings(max_examples=60, deadline=None)
@given(state=st.tuples(*[st.integers(0, 3)] * 4), costs=st.tuples(*[st.sampled_from((0.5, 1, 1.3, 4))] * 4))
def test_no_other_way_over_steps_is_cheaper(
    aggregate: str, state: tuple[int, ...], costs: tuple[float, ...]
) -> None:
    ways = every_way(aggregate)
    unit, names = "".join(map(str, state)), list(ways.model.items)
    way = next_grade(ways, unit, dict(zip(names, costs, strict=True)))
    if way.grade is None:
        return
    order = list(ways.model.grades)
    efforts = [
        sum(
            cost * (1 + (LEVELS[then] - LEVELS[now]) / 100)
            for cost, now, then in zip(costs, state, target, strict=True)
            if then > now
        )
        for target in itertools.product(*[range(now, 4) for now in state])
        if order.index(ways.summary.at["".join(map(str, target)), "grade"]) <= order.index(way.grade)
    ]
    assert way.effort == pytest.approx(min(efforts), abs=1e-9)
    reached = "".join(
        str(VALUES.index(way.items["target"].get(name, VALUES[now])))
        for name, now in zip(names, state, strict=True)
    )
    assert order.index(ways.summary.at[reached, "grade"]) <= order.index(way.grade)


SHARES = {"a1": 0.3, "a2": 0.3, "b1": 0.4}
hundredths = st.integers(0, 100).map(lambda n: n / 100)


@settings(max_examples=60, deadline=None)
@given(values=st.fixed_dictionaries(dict.fromkeys(SHARES, hundredths)))
def test_the_plan_reaches_the_grade_and_no_set_of_items_does_it_cheaper(values: dict[str, float]) -> None:
    """Every set of items, each with the least gains that meet the score and both dimensions, by linear programming."""
    way = next_grade(assessed(dict(values)), "u")
    if way.grade is None:
        return
    assert carried_out(way).summary.at["u", "grade"] == way.grade
    score, least = {"B": (69.995, 60.0), "A": (89.995, 80.0)}[way.grade]
    points = {name: 100 * value for name, value in values.items()}
    forms = [(SHARES, score), ({"a1": 0.5, "a2": 0.5}, least), ({"b1": 1.0}, least)]
    best = np.inf
    for size in range(4):
        for chosen in itertools.combinations(SHARES, size):
            short = [bound - sum(w * points[name] for name, w in form.items()) for form, bound in forms]
            if not chosen:
                best = 0.0 if max(short) <= 1e-9 else best
                continue
            rows = [[-form.get(name, 0.0) for name in chosen] for form, _ in forms]
            room = [(0, 100 - points[name]) for name in chosen]
            found = linprog(np.ones(size), A_ub=rows, b_ub=[-s for s in short], bounds=room)
            if found.success:
                best = min(best, size + found.fun / 100)
    assert way.effort == pytest.approx(best, abs=1e-6)


def test_every_branch_of_the_bank_that_can_climb_does_so_by_its_plan(sample_bank: Path) -> None:
    now = rk.open_workspace(sample_bank).assessment("2026Q2")
    order = list(now.model.grades)
    for unit in now.ranking().index:
        way = next_grade(now, unit)
        if way.reason or way.first:
            continue
        gains = np.array([way.items["needed"].get(name, np.nan) for name in now.model.items])
        row = now.graded.units(slice(*(now.summary.index.get_loc(unit) + n for n in (0, 1)))).points[0]
        after = now.graded.plan.score(np.where(np.isnan(gains), row, gains)[None])
        names = dict(zip(now.graded.plan.names, after.nodes[0], strict=True))
        wanted = now.model.grades[str(way.grade)]
        assert order.index(way.grade) == order.index(now.summary.at[unit, "grade"]) - 1  # type: ignore[arg-type]
        assert names[""] - now.summary.at[unit, "deducted"] >= wanted.min - 0.005, unit
        for condition in wanted.conditions:
            if condition.kind == "node_min":
                depth = [name for name, at in now.model.depths.items() if at == condition.depth]
                assert all(
                    not names[name] < condition.value for name in depth if now.model.nodes[name].weight
                )


def test_what_an_item_of_a_plan_gains_is_its_weight_times_its_points(sample_bank: Path) -> None:
    """Where every mean is arithmetic: the total would lack just that without it."""
    now = rk.open_workspace(sample_bank).assessment("2026Q2")
    plans = [way for unit in now.ranking().index if len((way := next_grade(now, unit)).items) > 2]
    assert plans
    for way in plans:
        weights, items = now.unit_weights(way.unit), way.items
        shares = np.array([weights[str(item)] for item in items.index])
        assert items["gain"].to_numpy() == pytest.approx(shares * (items["needed"] - items["points"]))
        assert items["gain"].is_monotonic_decreasing
