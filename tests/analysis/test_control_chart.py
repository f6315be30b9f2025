"""Control charts: published charts, exact tails summed by hand, what is counted and what is left out, and error rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import riskkit as rk
from riskkit.analysis.control_chart import ControlChart
from riskkit.analysis.control_limits import TAIL, Limits
from riskkit.evidence.measures import measure
from riskkit.periods import Period
from riskkit.scoring.assessment import Assessment, score
from tests.evidence.small import Q1, Q2, Q3, Q4, Bank, model, table, units

QUARTERS = (Q1, Q2, Q3, Q4)
CHECKED = {"kind": "ratio", "table": "log", "numerator": "passed", "denominator": "sampled"}
CASES = {"kind": "rate", "table": "cases", "numerator": "1", "exposure": "staff"}
TABLES = {
    "log": table("unit:unit passed:number sampled:number"),
    "cases": table("unit:unit weight:number"),
}


def bank(folder: Path, items: dict[str, Any], staff: dict[str, float] | None = None) -> Bank:
    """Units with a staff of that size, which may be a fraction; u, v and w unless given."""
    register = units(**(staff or {})).assign(peer_group=None)  # type: ignore[arg-type]  # whole numbers elsewhere
    return Bank(folder, model(TABLES, items), register)


def seen(bank: Bank, period: Any = Q1) -> Assessment:
    return score(bank.model, bank.measures(period))


def p_chart(folder: Path, found: Sequence[int], cases: int) -> ControlChart:
    """Samples of so many cases, each in a quarter of its own, of the unit u."""
    here = bank(folder, {"I": {"measure": CHECKED}})
    periods = [Period(2020, 1).shift(place) for place in range(len(found))]
    for period, passed in zip(periods, found, strict=True):
        here.put(period, "log", "unit passed sampled", ("u", passed, cases))
    looks = [measure(here.model, here.units, {each: here.evidence(each)}, each) for each in periods]
    return rk.control_chart([score(here.model, look) for look in looks], "I", unit="u")


def u_chart(folder: Path, events: Sequence[int], exposure: Sequence[float]) -> ControlChart:
    """Events by exposure, each a unit with a staff of that size, beside one another."""
    names = {f"s{place:02}": size for place, size in enumerate(exposure, 1)}
    rows = [(name, 1) for name, count in zip(names, events, strict=True) for _ in range(count)]
    return rk.control_chart(
        seen(bank(folder, {"I": {"measure": CASES}}, names).put(Q1, "cases", "unit weight", *rows)), "I"
    )


# --- published charts

CANS = [
    12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6
]  # fmt: skip
WAFERS = [
    16, 14, 28, 16, 12, 20, 10, 12, 10, 17, 19, 17, 14, 16, 15, 13, 14, 16, 11, 20, 11, 19, 16, 31, 13
]  # fmt: skip
ROLLS = [14, 12, 20, 11, 7, 10, 21, 16, 19, 23]
SQUARES = [10.0, 8.0, 13.0, 10.0, 9.5, 10.0, 12.0, 10.5, 12.0, 12.5]


def test_montgomerys_juice_cans(tmp_path: Path) -> None:
    """Montgomery, *Introduction to Statistical Quality Control*, p-chart (also NIST/SEMATECH e-Handbook 6.3.3.2): 30 samples
    of 50 cans, mean 0.2313; of all samples 15 and 23 alone are out of control, both above."""
    chart = p_chart(tmp_path, CANS, 50)
    assert round(chart.centre, 4) == 0.2313
    assert set(chart.outside().index) == {"2023Q3", "2025Q3"}  # 14 and 22 quarters after the first
    assert set(chart.outside()["verdict"]) == {"above"}


def test_the_wafers_of_the_nist_handbook(tmp_path: Path) -> None:
    """NIST/SEMATECH e-Handbook 6.3.3.1: 400 defects on 25 wafers, mean 16; wafer 24 with 31 is out of control."""
    chart = u_chart(tmp_path, WAFERS, [1] * 25)
    assert chart.centre == 16
    assert list(chart.outside().index) == ["s24"]


def test_montgomerys_dyed_cloth(tmp_path: Path) -> None:
    """Montgomery's u-chart with exposures that vary: 153 defects on 107.5 units of 50 square metres, 1.42; all in control."""
    chart = u_chart(tmp_path, ROLLS, SQUARES)
    assert round(chart.centre, 2) == 1.42
    assert chart.outside().empty
    assert (chart.points["verdict"] == "in_control").all()


# --- exact limits


def poisson_from(count: int, mean: float) -> float:
    """P(X ≥ count), summed term by term."""
    return 1 - sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(count))


def binomial_from(count: int, n: int, p: float) -> float:
    return sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(count, n + 1))


@pytest.mark.parametrize("mean", [0.02, 0.5, 1.0, 3.2, 7.0, 16.0, 40.0])
def test_a_poisson_limit_is_passed_once_in_a_thousand_at_most_and_no_later(mean: float) -> None:
    (lower,), (upper,) = Limits(mean, False, np.nan, False).at(np.array([1.0]))
    first = math.ceil(upper)
    assert poisson_from(first, mean) <= TAIL < poisson_from(first - 1, mean)
    if math.isnan(lower):
        assert math.exp(-mean) > TAIL
    else:
        last = math.floor(lower)
        assert 1 - poisson_from(last + 1, mean) <= TAIL < 1 - poisson_from(last + 2, mean)


@pytest.mark.parametrize(
    ("n", "p"), [(50, 0.2313), (41, 0.914), (20, 0.5), (7, 0.05), (3, 0.9), (4, 0.5), (1, 0.3)]
)
def test_a_binomial_limit_is_passed_once_in_a_thousand_at_most_and_no_later(n: int, p: float) -> None:
    (lower,), (upper,) = Limits(p, True, np.nan, False).at(np.array([float(n)]))
    if math.isnan(upper):
        assert binomial_from(n, n, p) > TAIL
    else:
        first = math.ceil(upper * n)
        assert binomial_from(first, n, p) <= TAIL < binomial_from(first - 1, n, p)
    if math.isnan(lower):
        assert (1 - p) ** n > TAIL
    else:
        last = math.floor(lower * n)
        assert 1 - binomial_from(last + 1, n, p) <= TAIL < 1 - binomial_from(last + 2, n, p)


def test_poisson_limits_of_the_printed_tables() -> None:
    """Tables of the Poisson distribution, mean 1: P(X ≥ 5) = 0.0037, P(X ≥ 6) = 0.0006; so six are the first beyond."""
    _, (upper,) = Limits(1.0, False, np.nan, False).at(np.array([1.0]))
    assert 5 < upper <= 6


rates = st.floats(0.01, 5.0)
shares = st.floats(0.02, 0.98)
numbers = st.integers(1, 500)


@given(rates, st.floats(0.1, 200.0), st.floats(1.01, 20.0))
def test_limits_hold_the_centre_and_narrow_as_exposure_grows(
    centre: float, exposure: float, more: float
) -> None:
    lower, upper = Limits(centre, False, np.nan, False).at(np.array([exposure, exposure * more]))
    assert not (lower > centre).any()
    assert (upper > centre).all()
    assert upper[1] < upper[0]
    assert np.isnan(lower[0]) or lower[1] > lower[0]


@given(rates, st.floats(0.1, 200.0), st.floats(0.01, 100.0))
def test_the_unit_of_exposure_does_not_matter(centre: float, exposure: float, unit: float) -> None:
    one = Limits(centre, False, np.nan, False).at(np.array([exposure]))
    other = Limits(centre / unit, False, np.nan, False).at(np.array([exposure * unit]))
    np.testing.assert_allclose(np.array(one), np.array(other) * unit, rtol=1e-6)


@given(shares, numbers)
def test_counting_the_passed_or_the_failed_gives_the_same_limits(share: float, n: int) -> None:
    lower, upper = Limits(share, True, np.nan, False).at(np.array([float(n)]))
    mirrored = Limits(1 - share, True, np.nan, False).at(np.array([float(n)]))
    np.testing.assert_allclose(np.array([lower, upper]), 1 - np.array(mirrored[::-1]), rtol=1e-6, atol=1e-8)


def test_the_names_and_the_order_of_units_do_not_matter(tmp_path: Path) -> None:
    columns = ["events", "rate", "upper", "verdict"]
    one, other = (
        u_chart(tmp_path / name, WAFERS[::step], [1] * 25) for name, step in (("one", 1), ("other", -1))
    )
    assert one.points[columns].to_numpy().tolist() == other.points[columns].to_numpy()[::-1].tolist()


@pytest.mark.parametrize("points", [4, 6, 12, 48])
@pytest.mark.parametrize(("binomial", "rate"), [(False, 0.02), (False, 0.5), (True, 0.05), (True, 0.5)])
def test_of_points_alike_no_more_than_two_in_a_thousand_are_outside(
    points: int, binomial: bool, rate: float
) -> None:
    """4,000 charts of one common rate; exposures of 20 to 60."""
    rng, outside, charts = np.random.default_rng(1), 0, 4000
    for _ in range(charts):
        exposure = rng.integers(20, 60, points).astype(float)
        drawn = rng.binomial(exposure.astype(int), rate) if binomial else rng.poisson(exposure * rate)
        limits = Limits.of(drawn.astype(float), exposure, binomial=binomial, units=True)
        lower, upper = limits.at(exposure)
        outside += int(((drawn / exposure >= upper) | (drawn / exposure <= lower)).sum())
    assert outside / (charts * points) <= 0.002


# --- over-dispersion


def test_more_scatter_than_chance_stretches_the_limits() -> None:
    """20 units, an exposure of 10 each, half with 5 events and half with 15: standardised ∓5 ÷ √10, so φ = 2.5, more than
    1 + 2 √(2 ÷ 20) = 1.63, and limits lie √2.5 times as far from 1 as those of chance."""
    exposure, events = np.full(20, 10.0), np.tile([5.0, 15.0], 10)
    found = Limits.of(events, exposure, binomial=False, units=True)
    assert found.phi == pytest.approx(2.5)
    assert found.stretched is True
    (_,), (upper,) = found.at(exposure[:1])
    (_,), (by_chance,) = Limits(1.0, False, np.nan, False).at(exposure[:1])
    assert upper - 1 == pytest.approx(2.5**0.5 * (by_chance - 1))


def test_of_few_points_or_small_counts_nothing_is_said_of_scatter() -> None:
    """19 points; or 20 whose median variance is 4."""
    assert math.isnan(
        Limits.of(np.tile([5.0, 15.0, 10.0], 7)[:19], np.full(19, 10.0), binomial=False, units=True).phi
    )
    assert math.isnan(Limits.of(np.tile([2.0, 6.0], 10), np.full(20, 10.0), binomial=False, units=True).phi)


def test_over_the_periods_of_one_unit_nothing_is_stretched() -> None:
    found = Limits.of(np.tile([5.0, 15.0], 10), np.full(20, 10.0), binomial=False, units=False)
    assert not found.stretched


def test_one_unit_far_off_is_not_taken_for_scatter_of_all() -> None:
    """23 units with 10 events and one with 60: winsorised, φ stays small and the one is found."""
    events = np.append(np.full(23, 10.0), 60.0)
    found = Limits.of(events, np.full(24, 10.0), binomial=False, units=True)
    assert not found.stretched
    assert events[-1] / 10 >= found.at(np.array([10.0]))[1][0]


# --- what is counted


def test_an_event_counts_once_and_exposure_has_no_floor(tmp_path: Path) -> None:
    """u: two events of weight 10 and 3 in a staff of 10, scored on a floor of 100: 13 ÷ 100, but charted as 2 ÷ 10. A row of
    weight 0 is no event."""
    measure = {**CASES, "numerator": "weight", "floor": 100, "factor": 100}
    here = bank(tmp_path, {"I": {"measure": measure}}, {"u": 10, "v": 20, "w": 30, "x": 40})
    here.put(Q1, "cases", "unit weight", ("u", 10), ("u", 3), ("v", 0))
    chart = rk.control_chart(seen(here), "I")
    assert chart.points.loc["u", ["events", "exposure", "rate"]].tolist() == [2.0, 10.0, pytest.approx(20.0)]
    assert chart.points.loc["v", "events"] == 0.0
    assert chart.centre == pytest.approx(100 * 2 / 100)


def over_time(here: Bank, unit: str = "u", item: str = "I") -> ControlChart:
    return rk.control_chart([seen(here, period) for period in QUARTERS], item, unit=unit)


def test_over_periods_each_counts_its_own_events_whatever_the_window(tmp_path: Path) -> None:
    """1, 2, 0 and 3 events; a window of four periods would say 1, 3, 3, 6. Exposure: a quarter of a year each."""
    here = bank(tmp_path, {"I": {"measure": {**CASES, "window": 4, "exposure": "years"}}})
    for period, events in zip(QUARTERS, [1, 2, 0, 3], strict=True):
        here.put(period, "cases", "unit weight", *[("u", 1)] * events)
    chart = over_time(here)
    assert chart.points["events"].tolist() == [1, 2, 0, 3]
    assert chart.points["exposure"].tolist() == [0.25] * 4
    assert chart.centre == 6.0
    assert rk.control_chart(seen(here, Q4), "I").points.loc["u", "events"] == 6


def test_a_carried_over_period_is_no_new_observation(tmp_path: Path) -> None:
    """Looked at in Q1, Q2 and Q4 only: three points are too few to compare, and Q3 says why it has none."""
    here = bank(tmp_path, {"I": {"measure": CHECKED, "cadence": "half_yearly"}})
    for period in (Q1, Q2, Q4):
        here.put(period, "log", "unit passed sampled", ("u", 9, 10))
    here.empty(Q3)
    points = over_time(here).points
    assert points["verdict"].tolist() == ["cannot_say"] * 4
    assert points["reason"].tolist() == ["few_points", "few_points", "carried_over", "few_points"]
    assert points["needed"].dropna().tolist() == [4.0, 4.0, 4.0]


def test_totals_without_their_count_are_left_out(tmp_path: Path) -> None:
    """Only totals of u were handed in for Q1: a ratio with its counts is charted, a rate is not."""
    here = bank(tmp_path, {"I": {"measure": CHECKED}, "E": {"measure": CASES}})
    header = "unit item state value numerator denominator n confidence"
    rows = [("u", "I", "measured", 0.9, 9, 10, 10, "B"), ("u", "E", "measured", 0.2, "", "", 10, "B")]
    here.put(Q1, "item_values", header, *rows)
    for period in (Q2, Q3, Q4):
        here.put(period, "log", "unit passed sampled", ("u", 8, 10))
        here.put(period, "cases", "unit weight")
    assert over_time(here).points["events"].tolist() == [9, 8, 8, 8]
    events = over_time(here, item="E").points
    assert events["reason"].tolist() == ["totals_only"] + ["few_points"] * 3
    assert math.isnan(events["events"].iloc[0])


def test_where_no_count_could_be_beyond_the_chart_cannot_say_and_says_how_many_it_takes(
    tmp_path: Path,
) -> None:
    """Half of 100 passed. Of 4 cases even none or all has 1 in 16; 0.5^n ≤ 0.001 from n = 10 on."""
    here = bank(tmp_path, {"I": {"measure": CHECKED}}, {"u": 1, "v": 1, "w": 1, "x": 1})
    rows = [("u", 0, 4), ("v", 20, 38), ("w", 20, 40), ("x", 10, 18)]
    chart = rk.control_chart(seen(here.put(Q1, "log", "unit passed sampled", *rows)), "I")
    assert chart.centre == 0.5
    assert chart.points.loc["u", ["verdict", "reason", "needed"]].tolist() == [
        "cannot_say",
        "too_little",
        10.0,
    ]
    assert "at least 10" in chart.sentence("u", "en")
    assert chart.points.loc["v", "verdict"] == "in_control"


def test_where_everybody_passes_all_are_alike(tmp_path: Path) -> None:
    here = bank(tmp_path, {"I": {"measure": CHECKED}}, {"u": 1, "v": 1, "w": 1, "x": 1})
    rows = [(unit, 10, 10) for unit in "uvwx"]
    chart = rk.control_chart(seen(here.put(Q1, "log", "unit passed sampled", *rows)), "I")
    assert chart.points["verdict"].tolist() == ["in_control"] * 4


def test_weighted_ratios_and_other_kinds_have_no_chart(tmp_path: Path, sample_assessment: Assessment) -> None:
    for item in ("A7.2", "B1.1", "A7.3", "B3.1", "A4.6"):  # by severity, hours, days, a scale, a composite
        with pytest.raises(rk.Misuse, match=item):
            rk.control_chart(sample_assessment, item)
    here = bank(tmp_path, {"I": {"measure": CHECKED}}).put(Q1, "log", "unit passed sampled", ("u", 2.5, 4))
    with pytest.raises(rk.Misuse):
        rk.control_chart(seen(here), "I")


def test_what_makes_no_chart_is_refused(tmp_path: Path, sample_assessment: Assessment) -> None:
    here = bank(tmp_path, {"I": {"measure": CHECKED}})
    for period in (Q1, Q2):
        here.put(period, "log", "unit passed sampled", ("u", 4, 4))
    one, two = seen(here), seen(here, Q2)
    other = score(model(TABLES, {"I": {"measure": {**CHECKED, "where": "passed > 1"}}}), two.measures)
    for given_, unit in (
        ([one, two], None),
        ([one], "u"),
        ([one, one], "u"),
        ([], None),
        ([one, other], "u"),
    ):
        with pytest.raises(rk.Misuse):
            rk.control_chart(given_, "I", unit=unit)
    for item, unit in (("I", "nobody"), ("J", "u")):
        with pytest.raises(rk.Misuse):
            rk.control_chart([one, two], item, unit=unit)
    with pytest.raises(rk.Misuse, match="0999"):
        rk.control_chart(sample_assessment, "B2.1").sentence("0999", "en")


# --- the sample bank


def test_the_planted_fall_of_0105_is_the_only_exam_result_outside(sample_bank: Path) -> None:
    """23 of 41 passed, 56 %, where the bank has 91 % and 0105 itself had about 95 %."""
    bank = rk.open_workspace(sample_bank)
    seen = [bank.assessment(period) for period in bank.periods]
    beside = rk.control_chart(seen[-1], "B2.1")
    assert beside.outside()["verdict"].to_dict() == {"0105": "below"}
    over = rk.control_chart(seen, "B2.1", unit="0105")
    assert over.outside()["verdict"].to_dict() == {"2026Q2": "below"}
    assert "23" in over.sentence("2026Q2", "zh")
    assert over.sentence("2026Q2", "en").startswith("2026Q2: 56.1 % (23 of 41), below the limit of")
