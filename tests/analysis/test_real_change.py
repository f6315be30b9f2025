"""Is a change real: error rates proved on banks with known truth, and what is left out of the comparison."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import riskkit as rk
from riskkit.errors import Misuse
from riskkit.scoring.assessment import Assessment, score
from tests.analysis.test_uncertainty import BENT, STRAIGHT, model, sampled
from tests.scoring import tiny

CASES = 20


def looked_at(truth: np.ndarray, points: object, rng: np.random.Generator, cases: int = CASES) -> Assessment:
    """An assessment of branches with these truths, from samples of so many cases."""
    known = model(truth.shape[1], points)  # type: ignore[arg-type]  # one of the two scales
    return score(known, sampled(known, rng.binomial(cases, truth) / cases, cases))


@pytest.mark.parametrize("points", [STRAIGHT, BENT], ids=["straight", "bent"])
def test_of_branches_that_did_not_change_one_in_ten_seems_to_by_the_detectable_change(points: object) -> None:
    rng = np.random.default_rng(1)
    truth = rng.beta(9, 1, (2000, 12))
    told = rk.real_change(
        looked_at(truth, points, rng), looked_at(truth, points, rng), draws=300, seed=1
    ).units
    assert 0.07 <= (told["change"].abs() > told["detectable"]).mean() <= 0.13


def test_where_nobody_changed_hardly_anybody_is_said_to_have() -> None:
    """Under a bound of 10 % on false discoveries the chance of any at all is 10 %: of 2,000 branches next to none."""
    rng = np.random.default_rng(2)
    truth = rng.beta(9, 1, (2000, 12))
    told = rk.real_change(looked_at(truth, BENT, rng), looked_at(truth, BENT, rng), draws=300, seed=2).units
    assert (told["verdict"] == "real").mean() <= 0.005


def test_of_the_branches_said_to_have_changed_no_more_than_the_rate_did_not() -> None:
    """A quarter of 2,000 branches lose 15 percentage points on every item; most of them are found."""
    rng = np.random.default_rng(3)
    truth = np.clip(rng.beta(9, 1, (2000, 12)), 0.2, 1.0)
    fell = np.arange(2000) % 4 == 0
    then, now = (
        looked_at(truth, BENT, rng),
        looked_at(np.where(fell[:, None], truth - 0.15, truth), BENT, rng),
    )
    told = rk.real_change(then, now, draws=300, seed=3).units
    real = (told["verdict"] == "real").to_numpy()
    assert (real & ~fell).sum() / real.sum() <= 0.1
    assert (real & fell).sum() / fell.sum() > 0.5


def test_a_census_cannot_differ_by_chance() -> None:
    """20 of 20 looked at, 0.8 and then 0.85 on one of six items: 100 · 0.05 ÷ 6 = 0.83 points, and real."""
    known = model(6, STRAIGHT)
    found = np.full((2, 6), 0.8)
    then = score(known, sampled(known, found, 20, 20.0))
    found[1, 0] = 0.85
    told = rk.real_change(then, score(known, sampled(known, found, 20, 20.0)), draws=100, seed=4).units
    assert told["change"].tolist() == pytest.approx([0.0, 5 / 6])
    assert told["verdict"].tolist() == ["not_shown", "real"]


def test_what_was_carried_over_or_not_measured_then_leaves_both_sides() -> None:
    """u: a2 was carried over, so A is a1 alone on both sides: 0.6 · 80 + 0.4 · 90 = 84, then 0.6 · 90 + 0.4 · 90 = 90. v: B and
    a2 were not measured then, 0.3 of the weight is left: cannot say."""
    small = tiny.model(provisional={"coverage": 0.0})
    values: dict[str, dict[str, float | str]] = {
        "u": {"a1": 0.8, "a2": 0.2, "b1": 0.9},
        "v": {"a1": 0.8, "a2": "not_assessed", "b1": "not_applicable"},
    }
    then = tiny.measures(small, values)
    carried = (then.frame["unit"] == "u") & (then.frame["item"] == "a2")
    then.frame.loc[carried, "state"] = "carried_over"
    now = tiny.measures(small, {unit: {"a1": 0.9, "a2": 0.6, "b1": 0.9} for unit in values})
    told = rk.real_change(score(small, then), score(small, now), draws=100, seed=5).units
    assert told.loc["u", ["before", "after", "share"]].tolist() == pytest.approx([84.0, 90.0, 0.7])
    assert told.loc["v", "share"] == pytest.approx(0.3)
    assert told["verdict"].to_dict() == {"u": "real", "v": "cannot_say"}
    assert np.isnan(told.loc["v", "q_value"])


def test_what_does_not_apply_does_not_count_against_what_was_measured() -> None:
    """Only a2 (0.3 of the weight) applies and was measured both times: all of what applies."""
    small = tiny.model()
    alone: dict[str, dict[str, float | str]] = {
        "u": {"a1": "not_applicable", "a2": 0.5, "b1": "not_applicable"}
    }
    then, now = (score(small, tiny.measures(small, alone)) for _ in range(2))
    row = rk.real_change(then, now, draws=100, seed=8).units.loc["u"]
    assert (row["share"], row["verdict"]) == (1.0, "not_shown")


def test_old_evidence_is_scored_under_the_new_model() -> None:
    """Nothing was measured otherwise; only the weights changed, and they change nothing."""
    small = tiny.model()
    measures = tiny.measures(small, {"u": {"a1": 0.8, "a2": 0.6, "b1": 0.9}})
    then, now = score(small, measures), score(small.with_weights({"A": 0.2, "B": 0.8}), measures)
    row = rk.real_change(then, now, draws=100, seed=6).units.loc["u"]
    assert (row["change"], row["verdict"]) == (0.0, "not_shown")
    assert row["score_after"] != row["score_before"]


def test_the_planted_fall_of_0105_is_real(sample_bank: object) -> None:
    bank = rk.open_workspace(sample_bank)  # type: ignore[arg-type]  # a path
    told = rk.real_change(bank.assessment("2026Q1"), bank.assessment("2026Q2"), draws=500, seed=7).units
    assert told.loc["0105", "verdict"] == "real"
    assert told["p_value"].idxmin() == "0105"


def test_bad_settings_are_refused_and_the_same_seed_gives_the_same(sample_assessment: Assessment) -> None:
    with pytest.raises(Misuse):
        rk.real_change(sample_assessment, sample_assessment, draws=10, seed=1)
    with pytest.raises(Misuse):
        rk.real_change(sample_assessment, sample_assessment, draws=100, seed=-1)
    with pytest.raises(Misuse):
        rk.real_change(sample_assessment, sample_assessment, draws=100, seed=1, rate=1.0)
    one, two = (
        rk.real_change(sample_assessment, sample_assessment, draws=100, seed=0).units for _ in range(2)
    )
    pd.testing.assert_frame_equal(one, two)
