"""Trends: published tables and series, gaps, ties, error rates, and what carry-over does to them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import riskkit as rk
from riskkit.analysis.trend_test import trend_of
from riskkit.periods import Period

START = Period(2020, 1)


def history(scores: dict[str, Sequence[float | None]], ranked: bool = True) -> pd.DataFrame:
    """A history of totals; no score, no row with one."""
    rows = [
        {
            "period": str(START.shift(place)),
            "unit": unit,
            "name": f"branch {unit}",
            "node": "",
            "score": value,
        }
        for unit, series in scores.items()
        for place, value in enumerate(series)
    ]
    return pd.DataFrame(rows).astype({"score": "float64"}).assign(rank=1.0 if ranked else np.nan)


def with_s(n: int, wanted: int) -> np.ndarray:
    """A series of n different scores with S as wanted: from order, as many pairs turned round as it takes."""
    order = list(range(n))
    turn = (n * (n - 1) // 2 - wanted) // 2
    for place in range(n):
        while turn and place + 1 < n:
            swap = next((k for k in range(n - 1) if order[k] < order[k + 1]), None)
            assert swap is not None
            order[swap], order[swap + 1] = order[swap + 1], order[swap]
            turn -= 1
    return np.array(order, dtype=float)


@pytest.mark.parametrize(
    ("n", "s", "printed"),
    [
        (8, 8, 0.199),
        (8, 12, 0.089),
        (8, 16, 0.031),
        (8, 20, 0.0071),
        (10, 15, 0.108),
        (10, 21, 0.036),
        (10, 25, 0.014),
    ],
)
def test_probabilities_are_those_of_the_printed_table(n: int, s: int, printed: float) -> None:
    """Gilbert (1987), table A18 (from Kendall): one-sided; the test is two-sided."""
    found = trend_of(np.arange(n, dtype=float), with_s(n, s))
    assert found["statistic"] == s
    assert found["p_value"] / 2 == pytest.approx(printed, abs=0.0006)


def test_a_series_worked_by_hand_with_a_tie() -> None:
    """Little, *A Mann-Kendall example (by hand)*: S = 54, variance 14 · 13 · 33 ÷ 18 − 2 · 1 · 9 ÷ 18, Z = 2.9058, one-sided
    p = 0.0018."""
    series = [12.9, 14.8, 13.2, 15.7, 13.8, 15.6, 12.9, 11.0, 17.3, 15.9, 19.0, 18.3, 20.1, 21.7]
    found = trend_of(np.arange(14.0), np.array(series))
    assert found["statistic"] == 54
    assert found["p_value"] / 2 == pytest.approx(0.0018, abs=0.00005)


def test_sens_own_series_has_slope_four() -> None:
    """Sen (1968), times that are not equally spaced: slope 4."""
    at, scores = np.array([1.0, 2, 3, 4, 10, 12, 18]), np.array([9.0, 15, 19, 20, 45, 55, 78])
    assert trend_of(at, scores)["slope"] == 4.0


def test_six_quarters_cannot_say_and_eight_can() -> None:
    told = rk.trend_test(history({"u": [50, 52, 54, 56, 58, 60], "v": [50, 52, 54, 56, 58, 60, 62, 64]}))
    assert told.units["verdict"].to_dict() == {"u": "cannot_say", "v": "rising"}
    assert told.units.loc["u", ["periods", "enough_from"]].tolist() == [6, "2021Q4"]
    assert np.isnan(told.units.loc["u", "p_value"])
    assert told.sentence("u", "en") == "branch u: cannot say, 6 of 8 periods at hand; from 2021Q4 on."
    assert told.units.loc["v", ["slope", "slope_low", "slope_high"]].tolist() == [2.0, 2.0, 2.0]


def test_a_period_without_a_score_leaves_a_gap() -> None:
    """2 points a period throughout, the fifth missing: the slope is still 2, and eight remain."""
    told = rk.trend_test(history({"u": [50, 52, 54, 56, None, 60, 62, 64, 66]})).units.loc["u"]
    assert (told["periods"], told["slope"], told["verdict"]) == (8, 2.0, "rising")


def test_scores_that_never_change_have_no_trend() -> None:
    told = rk.trend_test(history({"u": [70.0] * 8})).units.loc["u"]
    assert (told["statistic"], told["p_value"], told["verdict"]) == (0.0, 1.0, "not_shown")


@given(st.lists(st.integers(0, 40), min_size=8, max_size=12))
def test_turned_round_a_rise_is_a_fall_and_higher_marks_change_nothing(series: list[int]) -> None:
    at, scores = np.arange(float(len(series))), np.array(series, dtype=float)
    one, back, moved = trend_of(at, scores), trend_of(at, scores[::-1]), trend_of(at, 3 * scores + 7)
    assert one["statistic"] == -back["statistic"] == moved["statistic"]
    assert one["p_value"] == pytest.approx(back["p_value"]) == pytest.approx(moved["p_value"])
    assert one["slope_low"] <= one["slope"] <= one["slope_high"]
    assert moved["slope"] == pytest.approx(3 * one["slope"])


def test_of_many_branches_without_a_trend_hardly_one_is_said_to_have_one() -> None:
    rng = np.random.default_rng(1)
    told = rk.trend_test(history({f"u{k}": list(rng.normal(80, 3, 10)) for k in range(400)})).units
    assert told["verdict"].isin(["rising", "falling"]).mean() <= 0.005


def test_of_those_said_to_rise_or_fall_no_more_than_the_rate_do_not() -> None:
    """A quarter of 400 branches fall by 2 points a period, with a standard deviation of 2."""
    rng, falling = np.random.default_rng(2), np.arange(400) % 4 == 0
    series = {f"u{k}": list(rng.normal(80, 2, 10) - 2 * np.arange(10) * falling[k]) for k in range(400)}
    told = rk.trend_test(history(series)).units.loc[list(series)]
    found = told["verdict"].isin(["rising", "falling"]).to_numpy()
    assert (found & ~falling).sum() / found.sum() <= 0.1
    assert (told["verdict"].to_numpy()[falling] == "falling").mean() > 0.8


def carried(rng: np.random.Generator, parts: Sequence[tuple[int, float]], periods: int) -> np.ndarray:
    """A score without trend of parts that are looked at again every so many periods only."""
    score = np.zeros(periods)
    for every, weight in parts:
        looked = (np.arange(periods) + rng.integers(every)) // every
        score += weight * rng.normal(size=periods + 1)[looked]
    return score


def false_alarms(parts: Sequence[tuple[int, float]]) -> float:
    """How often p is at most 0.1 in 10,000 series of eight quarters without trend."""
    rng, at = np.random.default_rng(3), np.arange(8.0)
    return float(np.mean([trend_of(at, carried(rng, parts, 8))["p_value"] <= 0.1 for _ in range(10_000)]))


PACKAGED = ((1, 0.53), (2, 0.37), (4, 0.10))
"""The packaged model's weight by cadence; what the page on methods says of it is tested beside the page's other numbers."""


def test_the_sample_bank_has_too_few_quarters(sample_bank: Path) -> None:
    bank = rk.open_workspace(sample_bank)
    for node in ("", "B"):
        told = rk.trend_test(bank.history(), node=node).units
        assert set(told["verdict"]) == {"cannot_say"}
        assert set(told["enough_from"]) == {"2026Q4"}
        assert len(told) == 48


def test_bad_questions_are_refused() -> None:
    series = history({"u": [1.0] * 8})
    for wrong in ({"rate": 0.0}, {"rate": 1.0}, {"node": "Z"}):
        with pytest.raises(rk.Misuse):
            rk.trend_test(series, **wrong)  # type: ignore[arg-type]  # of each kind one
    with pytest.raises(rk.Misuse):
        rk.trend_test(pd.concat([series, series]))
    with pytest.raises(rk.Misuse):
        rk.trend_test(series).sentence("v", "en")


def test_units_never_ranked_are_left_out() -> None:
    assert rk.trend_test(history({"u": [1.0] * 8}, ranked=False)).units.empty
