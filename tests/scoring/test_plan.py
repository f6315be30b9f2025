"""The compiled plan against the plain reference (`reference`), and what must hold of any index."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from riskkit.errors import ModelRefused
from riskkit.model import IndicatorModel
from riskkit.scoring.plan import Plan, Scored
from tests.scoring import reference, tiny, trees

SEEDS = st.integers(0, 2**32 - 1)
GAPS = st.sampled_from([0.0, 0.0, 0.2, 0.6])


def by_hand(model: IndicatorModel, values: np.ndarray) -> np.ndarray:
    """Units × (total, then nodes), by the reference."""
    rows = []
    for row in values:
        numbers = [None if np.isnan(value) else float(value) for value in row]
        given_points = {
            name: reference.points(item, number, 100.0)
            for (name, item), number in zip(model.items.items(), numbers, strict=True)
        }
        found = reference.scores(model, given_points)
        rows.append([found[name] for name in ["", *model.nodes]])
    return np.array(rows, dtype="float64")


def scored(model: IndicatorModel, values: np.ndarray) -> Scored:
    plan = Plan(model)
    return plan.score(plan.points(values), values)


@given(trees.models(), SEEDS, GAPS)
@settings(deadline=None, max_examples=150)
def test_the_plan_is_the_plain_reference_for_any_tree(model: IndicatorModel, seed: int, gaps: float) -> None:
    values = trees.values(model, 5, seed, gaps)
    np.testing.assert_allclose(scored(model, values).nodes, by_hand(model, values), rtol=1e-12, atol=1e-10)


@given(trees.models(kinds=("arithmetic",)), SEEDS, GAPS)
@settings(deadline=None, max_examples=80)
def test_the_plan_is_the_plain_reference_to_1e12_of_the_scale_for_weighted_means(
    model: IndicatorModel, seed: int, gaps: float
) -> None:
    values = trees.values(model, 5, seed, gaps)
    found = scored(model, values).nodes
    np.testing.assert_allclose(found / 100, by_hand(model, values) / 100, rtol=0, atol=1e-12)


@given(trees.models(kinds=("arithmetic",)), SEEDS)
@settings(deadline=None, max_examples=80)
def test_a_folded_model_gives_the_same_scores(model: IndicatorModel, seed: int) -> None:
    """Values kept on the middle piece of every scale, so that the whole model is one affine map unless one is a
    logarithm."""
    values = 0.3 + 0.3 * np.clip(trees.values(model, 6, seed, 0.0), 0.0, 1.0)
    plan = Plan(model)
    fold = plan.fold((values.min(axis=0), values.max(axis=0)))
    straight = all(getattr(item.scale, "log", False) is False for item in model.items.values())
    assert (fold is not None) == straight
    if fold is not None:
        np.testing.assert_allclose(fold.inner(values), scored(model, values).inner, rtol=0, atol=1e-10)


def test_a_model_does_not_fold_where_values_leave_their_piece_or_are_missing() -> None:
    plan = Plan(tiny.model())
    assert plan.fold((np.zeros(3), np.ones(3))) is not None
    assert plan.fold((np.zeros(3), np.array([1.0, 1.0, 1.1]))) is None
    assert plan.fold((np.zeros(3), np.array([1.0, 1.0, np.nan]))) is None
    assert Plan(tiny.model(aggregate="geometric")).fold((np.zeros(3), np.ones(3))) is None


@given(trees.models(), SEEDS, GAPS)
@settings(deadline=None, max_examples=80)
def test_the_order_of_units_does_not_matter(model: IndicatorModel, seed: int, gaps: float) -> None:
    values = trees.values(model, 7, seed, gaps)
    order = np.random.default_rng(seed).permutation(7)
    np.testing.assert_allclose(
        scored(model, values[order]).nodes, scored(model, values).nodes[order], rtol=1e-12, atol=1e-12
    )


@given(trees.models(), SEEDS, GAPS, st.floats(0, 0.5))
@settings(deadline=None, max_examples=150)
def test_who_is_at_least_as_good_on_every_item_never_scores_lower(
    model: IndicatorModel, seed: int, gaps: float, more: float
) -> None:
    values = trees.values(model, 4, seed, gaps)
    assert (np.nan_to_num(scored(model, values + more).nodes - scored(model, values).nodes) >= -1e-9).all()


@given(trees.models(), SEEDS, GAPS)
@settings(deadline=None, max_examples=80)
def test_scores_stay_between_the_least_and_the_greatest_child(
    model: IndicatorModel, seed: int, gaps: float
) -> None:
    found = scored(model, trees.values(model, 5, seed, gaps))
    assert np.nanmin(found.nodes, initial=0.0) >= 0.0
    assert np.nanmax(found.nodes, initial=100.0) <= 100.0
    points = found.points[:, [model.nominal_weights[name] > 0 for name in found.plan.items]]
    whole = ~np.isnan(found.total)
    assume(whole.any() and (~np.isnan(points[whole])).any(axis=1).all())
    assert (found.total[whole] >= np.nanmin(points[whole], axis=1) - 1e-9).all()
    assert (found.total[whole] <= np.nanmax(points[whole], axis=1) + 1e-9).all()


@given(trees.models(), SEEDS)
@settings(deadline=None, max_examples=80)
def test_what_has_no_weight_changes_nothing(model: IndicatorModel, seed: int) -> None:
    values = trees.values(model, 4, seed, 0.0)
    idle = [model.nominal_weights[name] == 0 for name in model.items]
    assume(any(idle))
    other = np.where(idle, trees.values(model, 4, seed + 1, 0.5), values)
    np.testing.assert_allclose(scored(model, other).total, scored(model, values).total, rtol=1e-12)


@given(trees.models(kinds=("arithmetic",)), SEEDS, GAPS)
@settings(deadline=None, max_examples=80)
def test_effective_weights_of_items_sum_to_one_and_rebuild_the_total(
    model: IndicatorModel, seed: int, gaps: float
) -> None:
    found = scored(model, trees.values(model, 5, seed, gaps))
    at = [found.plan.names.index(name) for name in found.plan.items]
    weights = found.weights[:, at]
    whole = ~np.isnan(found.total)
    assert weights[whole].sum(axis=1) == pytest.approx(1.0, abs=1e-12)
    rebuilt = np.nansum(weights * found.points, axis=1)
    assert rebuilt[whole] == pytest.approx(found.total[whole], abs=1e-9)


# --- the means, worked by hand

PAIR = {
    "nodes": [
        {"id": "A", "name": tiny.name("A"), "weight": 0.5, "children": [tiny.item("a", 1.0)]},
        {"id": "B", "name": tiny.name("B"), "weight": 0.5, "children": [tiny.item("b", 1.0)]},
    ]
}


@pytest.mark.parametrize(
    ("kind", "exponent", "expected"),
    [
        ("arithmetic", None, 50.0),  # (20 + 80) ÷ 2
        ("geometric", None, 40.0),  # √(20 · 80) = √1600
        ("harmonic", None, 32.0),  # 2 ÷ (1/20 + 1/80) = 2 · 80 ÷ 5
        ("power", 2.0, 3400**0.5),  # √((400 + 6400) ÷ 2)
        ("power", 0.5, 45.0),  # ((√20 + √80) ÷ 2)² = (20 + 80 + 2 · 40) ÷ 4
        ("minimum", None, 20.0),
    ],
)
def test_each_mean_of_20_and_80(kind: str, exponent: float | None, expected: float) -> None:
    model = tiny.model(**PAIR).with_aggregate(kind, exponent)  # type: ignore[arg-type]  # a Literal, from a table
    assert scored(model, np.array([[0.2, 0.8]])).total[0] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("kind", ["geometric", "harmonic", "minimum"])
def test_a_part_of_0_makes_the_whole_0_unless_it_has_no_weight(kind: str) -> None:
    model = tiny.model(**PAIR).with_aggregate(kind)  # type: ignore[arg-type]  # a Literal, from a table
    assert scored(model, np.array([[0.0, 0.8]])).total[0] == 0.0
    without = model.with_weights({"A": 0.0, "B": 1.0})
    assert scored(without, np.array([[0.0, 0.8]])).total[0] == pytest.approx(80.0, rel=1e-14)


def test_what_is_missing_hands_its_weight_on_under_every_mean() -> None:
    for kind in ("arithmetic", "geometric", "harmonic", "minimum"):
        model = tiny.model(**PAIR).with_aggregate(kind)  # type: ignore[arg-type]  # a Literal, from a table
        assert scored(model, np.array([[np.nan, 0.8]])).total[0] == pytest.approx(80.0, rel=1e-14)
        assert np.isnan(scored(model, np.array([[np.nan, np.nan]])).total[0])


@pytest.mark.parametrize("exponent", [1e-3, 1e-6, -1e-9, 1e-14, -1e-18])
def test_a_power_mean_near_0_is_the_geometric_one_to_all_digits(exponent: float) -> None:
    """20 and 80 are 40 ÷ 2 and 40 · 2: M_p = 40 · cosh(p · log 2)^(1/p), and log cosh x = x²/2 − x⁴/12 + …"""
    model = tiny.model(**PAIR).with_aggregate("power", exponent)
    expected = 40.0 * np.exp(exponent * np.log(2.0) ** 2 / 2 - exponent**3 * np.log(2.0) ** 4 / 12)
    assert scored(model, np.array([[0.2, 0.8]])).total[0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("exponent", [20.0, -20.0, 0.5, -0.5, 1e-3, -1e-3])
def test_power_means_hold_to_the_ends_of_the_scale(exponent: float) -> None:
    """Nothing and nearly nothing beside full points, with no warning: 0 for a negative power, else (½ · 100^p)^(1/p)."""
    model = tiny.model(**PAIR).with_aggregate("power", exponent)
    plan = Plan(model)
    points = np.array([[0.0, 100.0], [5e-324, 100.0], [1e-13, 100.0], [np.nan, np.nan], [np.nan, 5e-324]])
    found = plan.score(points).total
    with np.errstate(under="ignore"):
        expected = 0.0 if exponent < 0 else np.exp(np.log(100.0) + np.log(0.5) / exponent)
    assert found[:2] == pytest.approx([expected] * 2, rel=1e-10)
    assert np.isnan(found[3])
    assert found[4] == pytest.approx(0.0, abs=1e-300)


@pytest.mark.parametrize("kind", ["arithmetic", "geometric", "harmonic", "minimum"])
def test_an_exponent_goes_with_a_power_mean_alone_even_if_it_is_0(kind: str) -> None:
    """0 would make an arithmetic mean a geometric one."""
    with pytest.raises(ModelRefused):
        tiny.model(aggregate=kind, exponent=0.0)


@pytest.mark.parametrize(
    ("low", "width"),
    [(1e9, 1e-3), (1e9, 1e6), (-1e9, 1e9), (1e15, 8.0), (0.0, 1e-300), (1e300, 1e290), (-1e308, 1.5e308)],
)
def test_units_of_measurement_cost_no_digits_folded_or_not(low: float, width: float) -> None:
    """The share of the way between the goalposts in exact fractions; what would cancel too much does not fold."""
    scale = {"type": "goalposts", "low": low, "high": low + width}
    children = [tiny.item("a1", 0.5, scale=scale), tiny.item("a2", 0.5)]
    plan = Plan(tiny.model(nodes=[{"id": "A", "name": tiny.name("A"), "weight": 1.0, "children": children}]))
    rng = np.random.default_rng(0)
    values = np.stack([np.clip(low + width * rng.random(50), low, low + width), rng.random(50)], axis=1)
    ends = Fraction(low), Fraction(low + width)
    ways = [(Fraction(value) - ends[0]) / (ends[1] - ends[0]) for value in values[:, 0]]
    expected = [float(50 * way + 50 * Fraction(other)) for way, other in zip(ways, values[:, 1], strict=True)]
    np.testing.assert_allclose(scored_by(plan, values), expected, rtol=0, atol=1e-11)
    fold = plan.fold((values.min(axis=0), values.max(axis=0)))
    if fold is not None:
        np.testing.assert_allclose(fold.inner(values)[:, 0], expected, rtol=0, atol=1e-10)


def scored_by(plan: Plan, values: np.ndarray) -> np.ndarray:
    return plan.score(plan.points(values), values).total


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e308, -1e308])
def test_what_is_beyond_all_bounds_has_the_points_of_the_nearer_end(value: float) -> None:
    """100 or 0 on a1, 50 on a2 and b1: A = 75 or 25, 0.6·A + 20 = 65 or 35."""
    plan = Plan(tiny.model())
    values = np.array([[value, 0.5, 0.5]])
    assert plan.fold((values[0], values[0])) is None
    assert scored_by(plan, values)[0] == pytest.approx(65.0 if value > 0 else 35.0)


def test_no_units_are_no_scores() -> None:
    plan = Plan(tiny.model())
    assert plan.score(plan.points(np.empty((0, 3)))).nodes.shape == (0, 6)
