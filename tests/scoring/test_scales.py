"""From value to points: every scale by numbers worked by hand, by scipy where it has them, and by what must always hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from riskkit.errors import ModelRefused
from riskkit.model import IndicatorModel
from riskkit.model.schema import ModelSpec
from riskkit.scoring.scales import Lines, curve
from tests.scoring import tiny

NAN = float("nan")
NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)
TYPES = ("piecewise_linear", "goalposts", "steps", "distance_to_target")
RELATIVE = ("min_max", "z_score", "rank", "percentile", "borda")


def model(
    scale: dict[str, Any], direction: str = "higher_better", *, reference: Any = (), maximum: float = 100
) -> IndicatorModel:
    """The tiny model with one scale for all its items, and the same reference values for each."""
    content = tiny.spec(score={"maximum": maximum, "decimals": 2})
    items = [item for node in content["nodes"] for item in node["children"]]
    for item in items:
        item |= {"scale": scale, "direction": direction}
    if len(reference):
        values = sorted(map(float, reference))
        content["reference"] = {"period": "2025Q4", "items": {item["id"]: values for item in items}}
    content["grades"] = [{"id": "all", "name": tiny.name("all"), "min": 0}]
    content["red_lines"] = []
    return IndicatorModel(ModelSpec.model_validate(content))


def points(
    scale: dict[str, Any] | str,
    values: Any,
    direction: str = "higher_better",
    *,
    reference: Any = (),
    maximum: float = 100,
) -> np.ndarray:
    """The points of some values under a scale; a relative one by its name."""
    written = relative(scale, maximum) if isinstance(scale, str) else scale
    made = model(written, direction, reference=reference, maximum=maximum)
    return curve(made.items["a1"], made.spec).points(np.array(values, dtype="float64"))


def relative(name: str, maximum: float = 100) -> dict[str, Any]:
    more = {"at_mean": maximum / 2, "per_sd": maximum / 10} if name == "z_score" else {}
    return {"type": name, **more}


# --- worked by hand


def test_straight_lines_join_the_points_and_are_flat_outside() -> None:
    """Half-way from (0.9, 60) to (1, 100) is 80; from (0.6, 0) to (0.9, 60), 0.7 is a third of the way: 20."""
    scale = {"type": "piecewise_linear", "points": [[0.6, 0], [0.9, 60], [1, 100]]}
    assert points(scale, [0.95, 0.7, 0.1, 1.4, NAN]) == pytest.approx([80, 20, 0, 100, NAN], nan_ok=True)


def test_goalposts_take_the_share_of_the_way_in_the_direction_that_is_better() -> None:
    """From 20 to 85, 46 is 26/65 = 0.4 of the way; where lower is better the rest of the way counts: 0.6."""
    scale = {"type": "goalposts", "low": 20, "high": 85}
    assert points(scale, [46, 10, 90]) == pytest.approx([40, 0, 100])
    assert points(scale, [46, 10, 90], "lower_better") == pytest.approx([60, 100, 0])


def test_goalposts_of_logarithms_give_each_tenfold_the_same() -> None:
    """From 1 to 10,000 there are four tenfolds: 10 is one of them, 1,000 three. Nothing positive, no logarithm."""
    scale = {"type": "goalposts", "low": 1, "high": 10_000, "log": True}
    assert points(scale, [10, 1000, 0, -5]) == pytest.approx([25, 75, 0, 0])
    assert points(scale, [10, 1000, 0, -5], "lower_better") == pytest.approx([75, 25, 100, 100])


def test_a_threshold_belongs_to_the_better_side() -> None:
    """0.8 and 0.95 are reached; a hair below they are not. Where lower is better, 0.05 and 0.2 are still good enough."""
    higher = {"type": "steps", "points": [[0.8, 60], [0.95, 100]], "otherwise": 10}
    assert points(higher, [0.7999, 0.8, 0.9499, 0.95, 2]).tolist() == [10, 60, 60, 100, 100]
    lower = {"type": "steps", "points": [[0.05, 100], [0.2, 60]]}
    assert points(lower, [0, 0.05, 0.0501, 0.2, 0.2001], "lower_better").tolist() == [100, 100, 60, 60, 0]


def test_a_threshold_is_not_missed_by_the_rounding_of_a_product() -> None:
    """0.07 × 100 is 7.000000000000001 in binary numbers, 0.29 × 100 is 28.999999999999996; 7 and 29 are meant."""
    assert 0.07 * 100 > 7
    assert 0.29 * 100 < 29
    lower = {"type": "steps", "points": [[7, 100]]}
    assert points(lower, [0.07 * 100, 7.0001], "lower_better").tolist() == [100, 0]
    assert points({"type": "steps", "points": [[29, 100]]}, [0.29 * 100, 28.9999]).tolist() == [100, 0]


def test_distance_to_a_target_falls_in_proportion_and_nothing_is_gained_beyond_it() -> None:
    """From 0.95 down to 0.5 there are 0.45: 0.8 is 0.15 short, a third, so 2/3 of 100. As COINr's n_dist2targ with the
    zero as smallest value: (0.8 − 0.5)/(0.95 − 0.5)."""
    scale = {"type": "distance_to_target", "target": 0.95, "zero_at": 0.5}
    assert points(scale, [0.8, 0.95, 1, 0.4]) == pytest.approx([200 / 3, 100, 100, 0])
    days = {"type": "distance_to_target", "target": 3, "zero_at": 13}
    assert points(days, [1, 3, 8, 13, 20], "lower_better") == pytest.approx([100, 100, 50, 0, 0])


@pytest.mark.parametrize("zero_at", [40, 80])
def test_a_target_may_be_missed_on_either_side(zero_at: float) -> None:
    """20 away from the target of 60 there is nothing left; 5 away a quarter is lost, on whichever side."""
    scale = {"type": "distance_to_target", "target": 60, "zero_at": zero_at, "both_sides": True}
    found = points(scale, [60, 55, 65, 40, 80, 0, 100], "target_better")
    assert found == pytest.approx([100, 75, 75, 0, 0, 0, 0])


REFERENCE = [10, 20, 20, 40]
"""Mean 22.5; deviations −12.5, −2.5, −2.5, 17.5, whose squares add up to 156.25 + 6.25 + 6.25 + 306.25 = 475."""

BY_HAND = [
    # (value − 10)/30, clipped.
    ("min_max", "higher_better", [10, 20, 40, 25, 5, 70], [0, 100 / 3, 100, 50, 0, 100]),
    ("min_max", "lower_better", [10, 20, 40, 25, 5, 70], [100, 200 / 3, 0, 50, 100, 0]),
    # 50 + 10 (value − 22.5)/√(475/4 = 118.75).
    ("z_score", "higher_better", [22.5, 40, 10], [50, 50 + 175 / 118.75**0.5, 50 - 125 / 118.75**0.5]),
    ("z_score", "lower_better", [22.5, 40, 10], [50, 50 - 175 / 118.75**0.5, 50 + 125 / 118.75**0.5]),
    ("z_score", "higher_better", [1000, -1000], [100, 0]),
    # 0, 1, 1 and 3 are better than 40, 20, 20, 10; a newcomer of 30 has one above it, of 5 all four.
    ("rank", "higher_better", [40, 20, 10, 30, 5, 50], [100, 75, 25, 75, 0, 100]),
    ("rank", "lower_better", [10, 20, 40, 15, 50, 5], [100, 75, 25, 75, 0, 100]),
    # Worse and half of equal: 0 + ½, 1 + 1, 3 + ½ of four.
    ("percentile", "higher_better", [10, 20, 40, 30, 5, 50], [12.5, 50, 87.5, 75, 0, 100]),
    ("percentile", "lower_better", [10, 20, 40, 30, 5, 50], [87.5, 50, 12.5, 25, 100, 0]),
    # Of the three others: 0, 1 + ½ and 3 worse; newcomers half-way between their neighbours, never outside.
    ("borda", "higher_better", [10, 20, 40, 30, 5, 50], [0, 50, 100, 250 / 3, 0, 100]),
    ("borda", "lower_better", [10, 20, 40, 30, 5, 50], [100, 50, 0, 50 / 3, 100, 0]),
]


@pytest.mark.parametrize(("name", "direction", "values", "expected"), BY_HAND)
def test_a_relative_scale_places_a_value_in_the_reference(
    name: str, direction: str, values: list[float], expected: list[float]
) -> None:
    assert points(name, values, direction, reference=REFERENCE) == pytest.approx(expected)
    small = points(name, values, direction, reference=REFERENCE, maximum=1)
    assert small == pytest.approx(np.array(expected) / 100)


def test_the_capital_of_tennessee_is_found_by_borda_counts() -> None:
    """The textbook election: of 100 voters 42 rank Memphis, Nashville, Chattanooga, Knoxville, 26 N C K M, 15 C K N M,
    17 K C N M. Borda counts: Memphis 126, Nashville 194, Chattanooga 173, Knoxville 107. Each block is one item."""
    blocks = {42: "MNCK", 26: "NCKM", 15: "CKNM", 17: "KCNM"}
    counts = dict.fromkeys("MNCK", 0.0)
    for voters, order in blocks.items():
        places = {city: place for place, city in enumerate(order, start=1)}
        found = points("borda", list(places.values()), "lower_better", reference=[1, 2, 3, 4], maximum=3)
        for city, earned in zip(places, found, strict=True):
            counts[city] += voters * earned
    assert counts == {"M": 126, "N": 194, "C": 173, "K": 107}


# --- against scipy


SAMPLES = st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=30).filter(lambda v: len(set(v)) > 1)


@given(SAMPLES)
def test_relative_scales_agree_with_scipy(sample: list[float]) -> None:
    """zscore with a population's deviation, percentileofscore of the kind "mean", ranks by rankdata."""
    values, n = np.array(sample), len(sample)
    z = np.clip(50 + 10 * stats.zscore(values, ddof=0), 0, 100)
    assert points("z_score", values, reference=values) == pytest.approx(z)
    asked = np.append(values, values + 0.5)
    percentile = stats.percentileofscore(values, asked, kind="mean")
    assert points("percentile", asked, reference=values) == pytest.approx(percentile)
    better = stats.rankdata(-values, method="min") - 1
    assert points("rank", values, reference=values) == pytest.approx(100 * (n - better) / n)
    borda = 100 * (stats.rankdata(values, method="average") - 1) / (n - 1)
    assert points("borda", values, reference=values) == pytest.approx(borda)


def test_the_percentile_rank_is_that_of_scipys_manual() -> None:
    """The manual's example: in 1, 2, 3, 3, 4 the score 3 has the percentile rank 60 of the kind "mean"."""
    assert points("percentile", [3], reference=[1, 2, 3, 3, 4]) == pytest.approx([60])


# --- what must always hold


@st.composite
def _scales(draw: st.DrawFn) -> tuple[dict[str, Any], str, list[float]]:
    """A scale of any type, its direction, and the reference it needs."""
    kind = draw(st.sampled_from(TYPES + RELATIVE))
    direction = draw(st.sampled_from(["higher_better", "lower_better"]))
    if kind in RELATIVE:
        sample = draw(st.lists(NUMBERS, min_size=2, max_size=20))
        assume(max(sample) - min(sample) > max(1e-3 * max(map(abs, sample)), 1e-280))
        return relative(kind), direction, sample
    x = sorted(draw(st.lists(st.integers(-100, 100), min_size=2, max_size=6, unique=True)))
    y = sorted(draw(st.lists(st.integers(0, 100), min_size=len(x), max_size=len(x), unique=True)))
    rising = direction == "higher_better"
    if kind == "goalposts":
        return {"type": kind, "low": x[0], "high": x[-1]}, direction, []
    if kind == "distance_to_target":
        zero_at, target = (x[0], x[-1]) if rising else (x[-1], x[0])
        return {"type": kind, "target": target, "zero_at": zero_at}, direction, []
    pairs = list(zip(x, y if rising else reversed(y), strict=True))
    more = {"otherwise": y[0]} if kind == "steps" else {}
    return {"type": kind, "points": pairs, **more}, direction, []


@given(_scales(), st.lists(NUMBERS, min_size=1, max_size=30))
def test_points_never_fall_in_the_better_direction_nor_leave_the_scale(
    made: tuple[dict[str, Any], str, list[float]], values: list[float]
) -> None:
    scale, direction, reference = made
    found = points(scale, sorted(values), direction, reference=reference)
    steps = np.diff(found) if direction == "higher_better" else -np.diff(found)
    assert (steps >= 0).all()
    assert ((found >= 0) & (found <= 100)).all()


@given(
    st.integers(-100, 100),
    st.integers(-100, 100),
    st.lists(st.integers(-300, 300), min_size=2, max_size=30),
)
def test_missing_a_target_by_more_never_earns_more_on_whichever_side(
    target: int, zero_at: int, values: list[int]
) -> None:
    assume(target != zero_at)
    scale = {"type": "distance_to_target", "target": target, "zero_at": zero_at, "both_sides": True}
    away = sorted(values, key=lambda value: abs(value - target))
    found = points(scale, away, "target_better")
    mirrored = points(scale, [2 * target - value for value in away], "target_better")
    assert (np.diff(found) <= 1e-9).all()
    assert ((found >= 0) & (found <= 100)).all()
    assert mirrored == pytest.approx(found, abs=1e-9)


@given(_scales())
def test_what_is_missing_stays_missing(made: tuple[dict[str, Any], str, list[float]]) -> None:
    scale, direction, reference = made
    found = points(scale, [NAN, 0.0, NAN], direction, reference=reference)
    assert np.isnan(found).tolist() == [True, False, True]


@given(_scales(), st.lists(NUMBERS, min_size=1, max_size=20), st.sampled_from([0.125, 4.0, 1024.0]))
def test_the_unit_a_column_is_counted_in_does_not_matter(
    made: tuple[dict[str, Any], str, list[float]], values: list[float], factor: float
) -> None:
    """Days or eighths of days: values, scale and reference by the same factor (a power of 2, so exactly)."""
    scale, direction, reference = made
    other = {
        key: factor * value if key in ("low", "high", "target", "zero_at") else value
        for key, value in scale.items()
    }
    if "points" in scale:
        other["points"] = [(factor * x, y) for x, y in scale["points"]]
    scaled = [factor * value for value in reference]
    assert points(other, factor * np.array(values), direction, reference=scaled) == pytest.approx(
        points(scale, values, direction, reference=reference), abs=1e-9
    )


@given(
    SAMPLES,
    st.lists(st.integers(-60, 60).map(float), min_size=1, max_size=10),
    st.floats(0.01, 100),
    st.floats(-1000, 1000),
    st.sampled_from(["min_max", "z_score"]),
)
def test_an_affine_change_of_all_values_leaves_min_max_and_z_scores_alone(
    sample: list[float], values: list[float], slope: float, offset: float, name: str
) -> None:
    """Celsius or Fahrenheit; with a negative slope higher and lower change places."""
    before = points(name, values, reference=sample)
    changed, reference = (offset + slope * np.array(numbers) for numbers in (values, sample))
    assert points(name, changed, reference=reference) == pytest.approx(before, abs=1e-6)
    mirrored = points(name, -changed, "lower_better", reference=-reference)
    assert mirrored == pytest.approx(before, abs=1e-6)


@given(SAMPLES, st.lists(st.integers(-60, 60).map(float), min_size=1, max_size=10))
@pytest.mark.parametrize("name", ["rank", "percentile", "borda"])
def test_any_increasing_change_of_all_values_leaves_ranks_alone(
    name: str, sample: list[float], values: list[float]
) -> None:
    """Cubes of whole numbers keep their order exactly."""
    before = points(name, values, reference=sample)
    after = points(name, np.array(values) ** 3, reference=np.array(sample) ** 3)
    assert after.tolist() == before.tolist()


# --- what is refused when it is used


@pytest.mark.parametrize("name", RELATIVE)
@pytest.mark.parametrize("reference", [[], [3], [3, 3, 3], [0.1 + 0.2, 0.3], [0, 3e-308]])
def test_a_relative_scale_without_values_that_differ_is_refused(name: str, reference: list[float]) -> None:
    """0.1 + 0.2 and 0.3 differ by rounding only; 100 / 3e-308 is more than a number can hold."""
    with pytest.raises(ModelRefused) as refused:
        points(name, [1.0], reference=reference)
    assert [problem.values["item"] for problem in refused.value.problems] == ["a1", "a2", "b1"]
    assert "riskkit model reference" in refused.value.message("en")
    assert "riskkit model reference" in refused.value.message("zh")


def test_lines_take_many_draws_of_their_knots_at_once() -> None:
    """Two draws of one line, 0-1 and 0-2, over three values."""
    lines = Lines(np.array([[[0.0, 1.0]], [[0.0, 2.0]]]), np.array([0.0, 100.0]))
    assert lines.points(np.array([0.5, 1.0, 1.5])).tolist() == [[50, 100, 100], [25, 50, 75]]


def test_a_stretched_scale_is_one_whose_other_knots_lie_farther_from_full_marks() -> None:
    """Full marks at 1.0, none at 0.8: stretched to 1.25 times its length the scale begins at 0.75, and 0.9 earns 0.6."""
    line = Lines(np.array([0.8, 1.0]), np.array([0.0, 100.0]))
    found = line.stretched(np.array([0.9, 0.75, 1.2, np.nan]), np.array([1.0, 1.25]))
    np.testing.assert_allclose(found, [[50, 60], [0, 0], [100, 100], [np.nan, np.nan]], atol=1e-9)


@given(
    st.floats(0.5, 2.0),
    st.lists(st.floats(-50, 50), min_size=2, max_size=5, unique=True),
    st.floats(-80, 80),
    st.booleans(),
)
def test_stretching_a_scale_is_moving_its_knots(
    factor: float, knots: list[float], value: float, rising: bool
) -> None:
    x = np.sort(knots)
    assume((np.diff(x) > 1e-3).all())
    y = np.linspace(0, 100, len(x))[:: 1 if rising else -1]
    best = x[-1] if rising else x[0]
    moved = Lines(best + (x - best) * factor, y).points(np.array([value]))
    found = Lines(x, y).stretched(np.array([value]), np.array([factor]))
    np.testing.assert_allclose(found[0], moved, atol=1e-9)


def test_a_logarithmic_scale_is_stretched_in_its_logarithms() -> None:
    """Full marks at 100, none at 1; twice as long, none at 0.01, and 1 is half-way."""
    line = Lines(np.log([1.0, 100.0]), np.array([0.0, 100.0]), log=True)
    np.testing.assert_allclose(
        line.stretched(np.array([1.0, 10.0]), np.array([1.0, 2.0])), [[0, 50], [50, 75]]
    )
