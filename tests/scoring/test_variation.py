"""`vary` against scoring every unit anew, one draw at a time, by the plain reference; and what it refuses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from riskkit.errors import Misuse
from riskkit.model import IndicatorModel
from riskkit.scoring import variation
from riskkit.scoring.plan import Plan, Scored
from riskkit.scoring.scales import Lines
from riskkit.scoring.variation import parameters, vary
from tests.scoring import reference, tiny, trees

SEEDS = st.integers(0, 2**32 - 1)
GAPS = st.sampled_from([0.0, 0.0, 0.2, 0.6])
DRAWS = st.sampled_from([1, 5])
UNITS = 4


def start(model: IndicatorModel, seed: int, gaps: float) -> Scored:
    """Some units' scores: some items do not apply, some were not assessed and count 0 without a value."""
    plan = Plan(model)
    values = trees.values(model, UNITS, seed, gaps)
    points = plan.points(values)
    silent = np.random.default_rng(seed + 1).random(values.shape) < 0.1
    return plan.score(np.where(silent, 0.0, points), np.where(silent, np.nan, values))


# --- every score anew, slowly


def number(array: np.ndarray | None, unit: int, draw: int) -> float | None:
    """What a change says for one unit in one draw; none where it says nothing."""
    if array is None:
        return None
    row = array if array.ndim == 1 else array[unit if len(array) > 1 else 0]
    found = float(row[draw if len(row) > 1 else 0])
    return None if math.isnan(found) else found


def read(knots: list[tuple[float, float]], value: float, log: bool) -> float:
    """Points of a value on straight lines between knots, flat outside."""
    if log:
        knots = [(math.log(x), y) for x, y in knots]
        value = math.log(value) if value > 0 else -math.inf
    if value <= knots[0][0]:
        return knots[0][1]
    for (left, below), (right, above) in pairwise(knots):
        if value <= right:
            return below + (above - below) * (value - left) / (right - left)
    return knots[-1][1]


def points_of(scored: Scored, name: str, unit: int, told: Mapping[str, float | None]) -> float | None:
    """Points of one item of one unit under the numbers told."""
    column = scored.plan.item_position[name]
    base, value = scored.points[unit, column], scored.values[unit, column]  # type: ignore[index]  # `start` gives values
    if math.isnan(base):
        return None
    if told.get(f"points:{name}") is not None:
        return told[f"points:{name}"]
    if told.get(f"value:{name}") is not None:
        value = told[f"value:{name}"]
    if math.isnan(value):
        return float(base)
    each = scored.plan.curves[column]
    assert isinstance(each, Lines)
    own = [(math.exp(x) if each.log else x, y) for x, y in zip(each.x, each.y, strict=True)]
    knots = []
    for at, (x, y) in enumerate(own):
        moved = [told.get(f"scale:{name}:{at}:{half}") for half in ("value", "score")]
        knots.append((x if moved[0] is None else moved[0], y if moved[1] is None else moved[1]))
    return read(knots, value, each.log)


def anew(scored: Scored, changes: Mapping[str, np.ndarray], draws: int) -> np.ndarray:
    """Totals, units × draws."""
    totals = np.full((len(scored.inner), draws), np.nan)
    for unit, draw in np.ndindex(*totals.shape):
        told = {name: number(array, unit, draw) for name, array in changes.items()}
        points = {name: points_of(scored, name, unit, told) for name in scored.plan.items}
        numbers: dict[str, dict[str, float]] = {"weight": {}, "exponent": {}}
        for name, found in told.items():
            kind, _, node = name.partition(":")
            if kind in numbers and found is not None:
                numbers[kind][node] = found
        total = reference.scores(scored.plan.model, points, numbers["weight"], numbers["exponent"])[""]
        totals[unit, draw] = np.nan if total is None else total
    return totals


# --- random changes


def drawn(scored: Scored, name: str, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers a parameter can take: weights of 0 among them, points and values for some units or for all."""
    kind, _, rest = name.partition(":")
    if kind == "weight":
        return np.where(rng.random(draws) < 0.3, 0.0, rng.uniform(0.0, 1.0, draws))
    if kind == "exponent":
        return rng.choice([-3.0, -1.0, -1e-4, 1e-7, 0.5, 1.0, 4.0], draws)
    if kind == "scale":
        return knot(scored, rest, draws, rng)
    shape = [(draws,), (UNITS, draws), (UNITS, 1)][rng.integers(3)]
    top = 100.0 if kind == "points" else 1.0
    return np.where(rng.random(shape) < 0.2, np.nan, rng.uniform(0.0, top, shape))


def knot(scored: Scored, rest: str, draws: int, rng: np.random.Generator) -> np.ndarray:
    """A knot moved by less than half the way to its neighbours, so that several can be moved at once."""
    name, at, half = rest.split(":")
    each, k = scored.plan.curves[scored.plan.item_position[name]], int(at)
    assert isinstance(each, Lines)
    line = each.x if half == "value" else each.y
    outer = [line[0] - 0.2, *line, line[-1] + 0.2] if half == "value" else [0.0, *line, 100.0]
    room = rng.uniform(-0.49, 0.49, draws)
    moved = line[k] + np.where(
        room < 0, room * (outer[k + 1] - outer[k]), room * (outer[k + 2] - outer[k + 1])
    )
    return np.exp(moved) if half == "value" and each.log else moved


def some_changes(scored: Scored, number_of: int, draws: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    names = list(parameters(scored))
    chosen = rng.choice(len(names), min(number_of, len(names)), replace=False)
    changes = {names[at]: drawn(scored, names[at], draws, rng) for at in chosen}
    return {name: array if rng.random() < 0.8 else array[..., :1] for name, array in changes.items()}


def unfelt(scored: Scored, changes: dict[str, np.ndarray]) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """The changes refused for reaching nothing, one after another, each with those that were left when it was."""
    left = dict(changes)
    while (name := refusal(scored, left)) is not None:
        yield name, dict(left)
        del left[name]


def refusal(scored: Scored, changes: dict[str, np.ndarray]) -> str | None:
    """The change that reaches nothing, if one is refused for it."""
    try:
        vary(scored, changes)
    except Misuse as found:
        return str(found.values["name"]) if found.key == "reaches_nothing" else pytest.fail(found.key)
    return None


def accepted(scored: Scored, changes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    refused = {name for name, _ in unfelt(scored, changes)}
    return {name: array for name, array in changes.items() if name not in refused}


# --- what holds for any tree


@given(trees.models(), SEEDS, GAPS, st.integers(1, 6), DRAWS)
@settings(deadline=None, max_examples=300)
def test_varied_totals_are_those_of_every_unit_scored_anew(
    model: IndicatorModel, seed: int, gaps: float, number_of: int, draws: int
) -> None:
    scored = start(model, seed, gaps)
    changes = accepted(scored, some_changes(scored, number_of, draws, seed))
    varied = vary(scored, changes)
    expected = anew(scored, changes, varied.draws)
    np.testing.assert_allclose(varied.total(), expected, rtol=1e-10, atol=1e-9)


@given(trees.models(kinds=("arithmetic",)), SEEDS, GAPS, st.integers(1, 6), DRAWS)
@settings(deadline=None, max_examples=150)
def test_varied_totals_of_weighted_means_are_those_of_every_unit_scored_anew(
    model: IndicatorModel, seed: int, gaps: float, number_of: int, draws: int
) -> None:
    scored = start(model, seed, gaps)
    changes = accepted(scored, some_changes(scored, number_of, draws, seed))
    varied = vary(scored, changes)
    np.testing.assert_allclose(varied.total(), anew(scored, changes, varied.draws), rtol=0, atol=1e-10)


@given(trees.models(), SEEDS, GAPS, st.integers(1, 6), DRAWS)
@settings(deadline=None, max_examples=60)
def test_totals_do_not_depend_on_how_many_units_are_computed_at_a_time(
    model: IndicatorModel, seed: int, gaps: float, number_of: int, draws: int
) -> None:
    scored = start(model, seed, gaps)
    varied = vary(scored, accepted(scored, some_changes(scored, number_of, draws, seed)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(variation, "CELLS", 1)
        rows, totals = zip(*varied.blocks(), strict=True)
    assert [row.stop - row.start for row in rows] == [1] * UNITS
    np.testing.assert_allclose(np.concatenate(totals), varied.total(), rtol=1e-12, atol=1e-12)


@given(trees.models(), SEEDS, GAPS, st.integers(1, 6), DRAWS)
@settings(deadline=None, max_examples=200)
def test_what_is_refused_for_reaching_nothing_reaches_nothing(
    model: IndicatorModel, seed: int, gaps: float, number_of: int, draws: int
) -> None:
    scored = start(model, seed, gaps)
    for name, left in unfelt(scored, some_changes(scored, number_of, draws, seed)):
        width = max(array.shape[-1] for array in left.values())
        without = {other: array for other, array in left.items() if other != name}
        np.testing.assert_allclose(
            anew(scored, left, width), anew(scored, without, width), rtol=1e-10, atol=1e-9
        )


@given(trees.models(kinds=("arithmetic",)), SEEDS, GAPS)
@settings(deadline=None, max_examples=200)
def test_what_is_not_refused_reaches_some_total(model: IndicatorModel, seed: int, gaps: float) -> None:
    """Weights, points and the scores of knots, one at a time; points are drawn, so no two children score alike."""
    rng = np.random.default_rng(seed)
    plan = Plan(model)
    values = rng.uniform(0.0, 1.0, (UNITS, len(plan.items)))
    values = np.where(rng.random(values.shape) < gaps, np.nan, values)
    alike = plan.score(plan.points(values), values)
    apart = plan.score(np.where(np.isnan(values), np.nan, rng.uniform(1.0, 99.0, values.shape)), values)
    for name, own in parameters(apart).items():
        kind = name.split(":")[0]
        if kind == "value" or name.endswith(":value"):
            continue
        scored = alike if kind == "scale" else apart
        change = {"weight": (own or 0.0) + 0.5, "points": 99.5, "scale": beside(scored, name)}[kind]
        if accepted(scored, {name: np.array([change])}):
            found = vary(scored, {name: change}).total()[:, 0]
            assert not np.array_equal(found, scored.total, equal_nan=True), name


def beside(scored: Scored, name: str) -> float:
    """Half-way between the score of a knot and that of the next one."""
    kind, node, *more = name.split(":")
    if kind != "scale":
        return math.nan
    line = scored.plan.curves[scored.plan.item_position[node]].y  # type: ignore[attr-defined]  # only lines have knots
    at = int(more[0])
    return float(line[at] + line[at + 1 if at + 1 < len(line) else at - 1]) / 2


@given(trees.models(), SEEDS, GAPS)
@settings(deadline=None, max_examples=60)
def test_parameters_at_the_numbers_they_have_change_nothing(
    model: IndicatorModel, seed: int, gaps: float
) -> None:
    scored = start(model, seed, gaps)
    own = {name: np.array([value]) for name, value in parameters(scored).items() if value is not None}
    assume(own)
    found = vary(scored, accepted(scored, own)).total()[:, 0]
    np.testing.assert_allclose(found, scored.total, rtol=1e-10, atol=1e-9)


# --- worked by hand

ROWS = {"u": [0.8, 0.6, 0.9], "v": [0.2, 0.6, 0.9]}
"""A = (80 + 60)/2 = 70 and B = 90 for u, A = 40 and B = 90 for v; 0.6·70 + 0.4·90 = 78 and 60."""


def small(rows: Mapping[str, list[float]] = ROWS, **more: Any) -> Scored:
    plan = Plan(tiny.model(**more))
    values = np.array(list(rows.values()))
    return plan.score(plan.points(values), values)


def test_one_weight_deep_in_the_tree_over_several_draws() -> None:
    """a1 weighs 0.5 beside the 0.5 of a2, then 1.5, then 0: A = 70, 75, 60; 0.6·A + 36 = 78, 81, 72."""
    found = vary(small(), {"weight:a1": np.array([0.5, 1.5, 0.0])}).total()
    assert found[0] == pytest.approx([78.0, 81.0, 72.0])


def test_a_whole_group_without_weight_hands_its_weight_on() -> None:
    """Without a1 and a2 there is no A, and B is all: 90."""
    assert vary(small(), {"weight:a1": 0.0, "weight:a2": 0.0}).total()[:, 0] == pytest.approx([90.0, 90.0])


def test_an_only_child_without_weight_takes_its_parent_along() -> None:
    """Without b1 there is no B, and A is all: 70 and 40."""
    assert vary(small(), {"weight:b1": 0.0}).total()[:, 0] == pytest.approx([70.0, 40.0])


def test_nothing_is_left_where_nothing_has_weight() -> None:
    assert np.isnan(vary(small(), {"weight:A": 0.0, "weight:B": 0.0}).total()).all()


def test_points_for_some_units_leave_the_scale_to_the_others() -> None:
    """u is given 20 points on a1: A = 40, 24 + 36 = 60. v's 0.2 on a scale from 50 to 100 is 60: A = 60, 72."""
    given_points = np.array([[20.0], [np.nan]])
    found = vary(small(), {"points:a1": given_points, "scale:a1:0:score": 50.0}).total()
    assert found[:, 0] == pytest.approx([60.0, 72.0])


def test_a_value_that_was_not_assessed_takes_points_when_it_is_given_and_none_before() -> None:
    """v's a1 counts 0 without a value: A = 30, 18 + 36 = 54; at 0.4 A = 50, 66. A scale from 50 leaves the 0 alone."""
    plan = Plan(tiny.model())
    scored = plan.score(
        np.array([[80.0, 60.0, 90.0], [0.0, 60.0, 90.0]]), np.array([[0.8, 0.6, 0.9], [np.nan, 0.6, 0.9]])
    )
    assert vary(scored, {"value:a1": 0.4}).total()[1, 0] == pytest.approx(66.0)
    assert vary(scored, {"scale:a1:0:score": 50.0}).total()[1, 0] == pytest.approx(54.0)


def test_what_does_not_apply_stays_so_whatever_is_given() -> None:
    """Without a1, v's A is 60: 36 + 36 = 72."""
    scored = small({"u": [0.8, 0.6, 0.9], "v": [np.nan, 0.6, 0.9]})
    for change in ({"points:a1": 0.0}, {"value:a1": 0.0}):
        assert vary(scored, change).total()[1, 0] == pytest.approx(72.0)


def test_a_weight_of_0_takes_a_child_out_of_the_minimum_and_another_puts_it_in() -> None:
    """The least of 70 and 90 is 70; without A it is 90, in the draws where A has no weight."""
    least = small(aggregate="minimum")
    assert vary(least, {"weight:A": np.array([0.0, 0.3])}).total()[0] == pytest.approx([90.0, 70.0])
    assert vary(least, {"weight:A": np.array([0.3, 0.0])}).total()[0] == pytest.approx([70.0, 90.0])


def test_a_node_without_weight_is_switched_on_where_nothing_else_has_a_score() -> None:
    """A's weight is all on a1, which does not apply: B alone, 90. With a2 switched on A is 60: 36 + 36 = 72."""
    weights = [
        {
            "id": "A",
            "name": tiny.name("A"),
            "weight": 0.6,
            "children": [tiny.item("a1", 1.0), tiny.item("a2", 0.0)],
        }
    ]
    scored = small({"u": [np.nan, 0.6, 0.9]}, nodes=[*weights, tiny.spec()["nodes"][1]])
    assert scored.total == pytest.approx([90.0])
    assert vary(scored, {"weight:a2": 0.5, "weight:A": 0.6}).total()[0] == pytest.approx([72.0])


def test_an_exponent_near_0_is_the_geometric_mean() -> None:
    """70^0.6 · 90^0.4, and for v 40^0.6 · 90^0.4."""
    power = small(aggregate="power", exponent=0.5)
    for exponent in (1e-6, -1e-9, 1e-12, 1e-15):
        found = vary(power, {"exponent:": np.array([exponent, 0.5])}).total()[:, 0]
        assert found == pytest.approx([70**0.6 * 90**0.4, 40**0.6 * 90**0.4], rel=max(1e-12, abs(exponent)))


def test_the_exponent_of_a_power_mean_can_be_varied_also_where_it_is_1() -> None:
    """√(0.6·70² + 0.4·90²) = √6180."""
    found = vary(small(aggregate="power", exponent=1.0), {"exponent:": 2.0}).total()
    assert found[0] == pytest.approx([6180**0.5])


def test_only_what_the_model_calls_a_power_mean_has_an_exponent_to_vary() -> None:
    for kind in ("arithmetic", "geometric", "harmonic", "minimum"):
        assert not [name for name in parameters(small(aggregate=kind)) if name.startswith("exponent")]


def test_no_change_is_one_draw_of_the_scores_as_they_are() -> None:
    assert vary(small(), {}).total()[:, 0] == pytest.approx([78.0, 60.0])


# --- what is refused


def refused(scored: Scored, changes: Mapping[str, Any]) -> str:
    with pytest.raises(Misuse) as found:
        vary(scored, changes)
    assert found.value.message("zh") != found.value.message("en")
    return found.value.key


def test_an_unknown_name_is_refused_with_the_nearest_ones() -> None:
    with pytest.raises(Misuse) as found:
        vary(small(), {"weight:a11": 0.5})
    assert found.value.key == "unknown_parameter"
    assert "weight:a1" in found.value.message("en")
    for name in (
        "weight:",
        "weights:a1",
        "scale:a1:2:value",
        "scale:a1:0:points",
        "exponent:A",
        "points:A",
        "",
    ):
        assert refused(small(), {name: 0.5}) == "unknown_parameter"


@pytest.mark.parametrize(
    "change",
    [
        {"weight:b1": 0.5},  # an only child
        {"weight:i": 0.5},  # the only one that applies
        {"points:i": 50.0},  # no weight
        {"value:i": 0.5},
        {"scale:i:0:score": 50.0},
        {"weight:j1": 0.2},  # below what has no weight
        {"points:j1": 20.0},
        {"weight:B": 0.0, "points:b1": 20.0},  # above, the weight is taken away
        {"points:n": 50.0},  # applies nowhere
        {"value:n": 0.5},
        {"weight:n": 0.9},
        {"points:a1": np.array([[np.nan], [50.0]])},  # only for the unit it does not apply to
        {"points:a1": np.nan},  # nothing given
        {"weight:a1": 0.9},  # a1 and a2 never stand side by side
        {"points:b1": 20.0, "value:b1": 0.5},  # points stand whatever the value
        {"points:b1": 20.0, "scale:b1:1:score": 50.0},
        {"scale:b1:1:score": 50.0},  # the values lie at or beyond the neighbours
        {"scale:b1:1:value": 0.4},
    ],
    ids=str,
)
def test_a_change_that_reaches_no_total_is_refused(change: dict[str, Any]) -> None:
    knots = {"type": "piecewise_linear", "points": [[0, 0], [0.5, 40], [0.9, 100]]}
    leaf = {"id": "J", "name": tiny.name("J"), "weight": 0.0}
    nodes = [
        {
            "id": "A",
            "name": tiny.name("A"),
            "weight": 0.6,
            "children": [tiny.item("a1", 0.5), tiny.item("a2", 0.5)],
        },
        {"id": "B", "name": tiny.name("B"), "weight": 0.2, "children": [tiny.item("b1", 1.0, scale=knots)]},
        {
            "id": "C",
            "name": tiny.name("C"),
            "weight": 0.2,
            "children": [tiny.item("n", 0.5), tiny.item("c1", 0.5), tiny.item("i", 0.0)],
        },
        leaf | {"children": [tiny.item("j1", 0.5), tiny.item("j2", 0.5)]},
    ]
    values = {
        "u": [0.8, np.nan, 0.9, np.nan, 0.4, 0.5, 0.3, 0.6],
        "v": [np.nan, 0.6, 0.0, np.nan, 0.4, 0.5, 0.1, 0.2],
    }
    if list(change) == ["weight:i"]:
        values = {unit: [*row[:4], np.nan, *row[5:]] for unit, row in values.items()}
        change = {"weight:i": 0.0}
    assert refused(small(values, nodes=nodes), change) == "reaches_nothing"


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"weight:a1": np.array([])}, "draws_shape"),
        ({"weight:a1": np.ones((2, 3))}, "draws_shape"),
        ({"points:a1": np.ones((3, 1))}, "draws_shape"),
        ({"points:a1": np.ones((2, 1, 1))}, "draws_shape"),
        ({"points:a1": np.ones((2, 0))}, "draws_shape"),
        ({"weight:a1": np.ones(2), "weight:a2": np.ones(3)}, "draws_differ"),
        ({"weight:a1": -0.1}, "draws_range"),
        ({"weight:a1": np.nan}, "draws_range"),
        ({"weight:a1": np.array([np.inf, -np.inf])}, "draws_range"),
        ({"points:a1": 100.5}, "draws_range"),
        ({"points:a1": -0.5}, "draws_range"),
        ({"scale:a1:1:score": 101.0}, "draws_range"),
        ({"value:a1": np.inf}, "draws_range"),
        ({"weight:a1": "much"}, "draws_number"),
        ({"scale:a1:0:value": 1.0}, "knots_cross"),
        ({"scale:a1:0:value": np.array([0.1, 0.9]), "scale:a1:1:value": np.array([0.8, 0.8])}, "knots_cross"),
        ({"scale:a1:0:score": 60.0, "scale:a1:1:score": 50.0}, "knots_turn"),
    ],
    ids=str,
)
def test_numbers_that_cannot_be_are_refused(change: dict[str, Any], key: str) -> None:
    assert refused(small(), change) == key


def test_an_exponent_of_0_or_beyond_20_is_refused_as_in_a_model() -> None:
    power = small(aggregate="power", exponent=0.5)
    assert refused(power, {"exponent:": np.array([0.5, 0.0])}) == "draws_exponent"
    assert refused(power, {"exponent:": 21.0}) == "draws_range"


def test_a_knot_read_by_its_logarithm_stays_above_0() -> None:
    goalposts = {"type": "goalposts", "low": 0.1, "high": 0.9, "log": True}
    item = tiny.item("a1", 1.0, scale=goalposts)
    scored = small(
        {"u": [0.5, 0.5]},
        nodes=[
            {"id": "A", "name": tiny.name("A"), "weight": 0.5, "children": [item]},
            {"id": "B", "name": tiny.name("B"), "weight": 0.5, "children": [tiny.item("b1", 1.0)]},
        ],
    )
    for number in (0.0, -1.0):
        assert refused(scored, {"scale:a1:0:value": number}) == "draws_log"
    assert refused(scored, {"scale:a1:0:value": 0.9}) == "knots_cross"


def test_the_points_of_a_target_missed_on_either_side_rise_to_it_and_fall_from_it() -> None:
    """0.25 lies half-way from 0, now worth 40, to the target at 0.5: 70."""
    scale = {"type": "distance_to_target", "target": 0.5, "zero_at": 0.0, "both_sides": True}
    item = tiny.item("a1", 1.0, scale=scale, direction="target_better")
    node = {"id": "A", "name": tiny.name("A"), "weight": 1.0, "children": [item]}
    scored = small({"u": [0.25]}, nodes=[node])
    assert vary(scored, {"scale:a1:0:score": 40.0}).total()[0] == pytest.approx([70.0])
    assert refused(scored, {"scale:a1:0:score": 60.0, "scale:a1:1:score": 50.0}) == "knots_turn"
