"""How sure are we: intervals proved on banks with known truth, and what must hold of any simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import riskkit as rk
from riskkit.analysis.sampling_draws import Sampled, draw_errors, draw_points, share_interval
from riskkit.analysis.uncertainty import tie_groups
from riskkit.errors import Misuse
from riskkit.evidence.measures import Measures
from riskkit.model import IndicatorModel
from riskkit.model.schema import ModelSpec
from riskkit.scoring.assessment import Assessment, score
from riskkit.scoring.plan import Plan
from riskkit.scoring.scales import Lines
from tests.bench import bank
from tests.scoring import tiny

STRAIGHT = ((0, 0), (1, 100))
BENT = ((0.6, 0), (0.9, 60), (1, 100))
"""The scale most shares of the packaged model have."""


def model(items: int, points: tuple[tuple[float, float], ...]) -> IndicatorModel:
    """So many shares below three dimensions, all on one scale."""
    content = bank.model(items).spec.model_dump(mode="python")
    for node in content["nodes"]:
        for item in node["children"]:
            item["scale"] = {"type": "piecewise_linear", "points": points}
            item["measure"] = {"kind": "ratio", "table": "values", "numerator": "value"}
    return IndicatorModel(ModelSpec.model_validate(content))


def sampled(known: IndicatorModel, found: np.ndarray, cases: int, population: float = np.inf) -> Measures:
    """Shares found in samples of so many cases, with the variance of a simple random sample."""
    measures = bank.measures(known, found)
    variance = found * (1 - found) / (cases - 1) * (1 - cases / population)
    columns = {"sampling": variance.ravel(), "rating": 0.0, "cases": float(cases), "sampled_from": population}
    measures.frame[list(columns)] = pd.DataFrame(columns, index=measures.frame.index)
    return measures


def covered(
    items: int, cases: int, points: Any, *, seed: int, units: int = 2000, population: int | None = None
) -> float:
    """The share of units, each with truths of its own from Beta(9, 1), whose true score lies in its 90 % interval."""
    rng = np.random.default_rng(seed)
    known, truth = model(items, points), rng.beta(9, 1, (units, items))
    if population is None:
        found = rng.binomial(cases, truth) / cases
    else:
        good = rng.binomial(population, truth)
        truth, found = good / population, rng.hypergeometric(good, population - good, cases) / cases
    assessment = score(known, sampled(known, found, cases, population or np.inf))
    told = rk.uncertainty(assessment, draws=400, seed=seed, sources=["sampling"]).units
    plan = Plan(known)
    true = pd.Series(plan.score(plan.points(truth)).total, assessment.summary.index).reindex(told.index)
    half = 0.005  # published scores have two decimals
    return float(((true >= told["score_low"] - half) & (true <= told["score_high"] + half)).mean())


@pytest.mark.parametrize(
    ("items", "cases", "points"), [(12, 20, STRAIGHT), (12, 6, BENT), (40, 100, BENT), (12, 6, STRAIGHT)]
)
def test_the_90_percent_score_interval_covers_87_to_93_percent_of_the_truths(
    items: int, cases: int, points: Any
) -> None:
    assert 0.87 <= covered(items, cases, points, seed=1) <= 0.93


SAMPLES = [(3, 10), (3, 20), (3, 200), (12, 6), (12, 10), (12, 50), (12, 200), (40, 6), (40, 20), (40, 50)]
"""Items, and cases sampled for each."""


@pytest.mark.full
@pytest.mark.parametrize("points", [STRAIGHT, BENT], ids=["straight", "bent"])
@pytest.mark.parametrize(("items", "cases"), SAMPLES)
def test_the_score_interval_covers_at_small_and_large_samples(items: int, cases: int, points: Any) -> None:
    assert 0.87 <= covered(items, cases, points, seed=2) <= 0.93


def test_the_interval_of_a_sample_of_half_the_files_is_narrower_and_covers_too() -> None:
    assert 0.87 <= covered(12, 20, BENT, seed=3, population=40) <= 0.93


def test_of_a_census_nothing_is_uncertain() -> None:
    known = model(6, STRAIGHT)
    assessment = score(known, sampled(known, np.full((3, 6), 0.7), 20, 20.0))
    told = rk.uncertainty(assessment, draws=200, seed=0, sources=["sampling"]).units
    assert (told["score_low"] == told["score_high"]).all()
    assert (told["rank_high"] == 1).all()  # three alike, sharing the first rank


def test_one_straight_item_scatters_as_its_sample_does() -> None:
    """50 of 100: √(0.25 ÷ 99) · 100 = 5.03 points."""
    known = model(3, STRAIGHT).with_weights({"D0": 1.0, "D1": 0.0, "D2": 0.0})
    assessment = score(known, sampled(known, np.full((1, 3), 0.5), 100))
    told = rk.uncertainty(assessment, draws=20_000, seed=4, sources=["sampling"]).units.iloc[0]
    assert told["score_sd"] == pytest.approx(5.03, rel=0.03)
    assert told["score_high"] - told["score_low"] == pytest.approx(2 * 1.645 * 5.03, rel=0.03)


def test_what_a_bend_adds_to_the_points_of_a_scattered_value_is_taken_out() -> None:
    """0.5 of 100 cases at the very bend of a scale, level below and 200 points a unit above: the error has a standard
    deviation of √(0.25 ÷ 100) = 0.05, half of it counts, and its mean of 200 · 0.05 ÷ √(2π) = 3.99 points is no merit."""
    bend = Lines(np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.0, 100.0]))
    found = Sampled(*(np.array([number]) for number in (0.5, 0.0025, 100.0, np.inf)))
    moved = draw_points(found, bend, 1.0, draws=20_000, rng=np.random.default_rng(8))
    assert moved.mean() == pytest.approx(-3.99, abs=0.1)


def test_weights_and_thresholds_are_the_same_for_all_units_in_a_draw() -> None:
    """Two branches alike stay alike; of two that are not, the same one leads in every draw if it is better on all."""
    known = model(6, BENT)
    found = np.array([[0.9] * 6, [0.9] * 6, [0.8] * 6])
    assessment = score(known, bank_without_samples(known, found))
    told = rk.uncertainty(assessment, draws=300, seed=5, sources=["weights", "thresholds"])
    assert told.better("u00000", "u00001") == 0.5
    assert told.better("u00000", "u00002") == 1.0
    assert told.units["score_sd"].gt(0).all()


def bank_without_samples(known: IndicatorModel, found: np.ndarray) -> Measures:
    return sampled(known, found, 2, 2.0)


def test_what_was_not_assessed_lies_between_the_graded_and_the_observed_score() -> None:
    """a1 = 0.8, a2 not assessed, b1 = 0.9: graded 0.6 · 40 + 36 = 60; observed 84 (see tiny). Filling a2 with what the unit
    scored on the rest, 84, gives 0.6 · 82 + 36 = 85.2."""
    small = tiny.model(provisional={"coverage": 0.0})
    values: dict[str, dict[str, float | str]] = {"u": {"a1": 0.8, "a2": "not_assessed", "b1": 0.9}}
    told = rk.uncertainty(score(small, tiny.measures(small, values)), draws=4000, seed=6, sources=["missing"])
    row = told.units.loc["u"]
    assert row["score_low"] == pytest.approx(60 + 0.05 * 25.2, abs=0.5)
    assert row["score_high"] == pytest.approx(60 + 0.95 * 25.2, abs=0.5)


def test_without_a_source_everything_is_as_assessed(sample_assessment: Assessment) -> None:
    told = rk.uncertainty(sample_assessment, draws=100, seed=0, sources=[])
    ranking = sample_assessment.ranking().dropna(subset=["rank"])
    assert told.units["grade_probability"].eq(1.0).all()
    for end in ("low", "high"):
        assert (told.units[f"rank_{end}"] == ranking["rank"]).all()
        assert told.units[f"score_{end}"].to_numpy() == pytest.approx(ranking["score"].to_numpy(), abs=1e-9)


def test_the_same_seed_gives_the_same_and_0_is_a_seed(sample_assessment: Assessment) -> None:
    one, two, other = (rk.uncertainty(sample_assessment, draws=100, seed=seed).units for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(other)


def test_probabilities_of_grades_sum_to_1(sample_assessment: Assessment) -> None:
    told = rk.uncertainty(sample_assessment, draws=200, seed=2)
    assert told.grades.sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert set(told.grades.columns) == set(sample_assessment.model.grades)


def test_a_unit_opens_a_group_where_the_first_is_above_it_in_19_draws_of_20() -> None:
    """20 draws. b is above a once, tied never: a leads in 19 of 20, so b opens a group. c ties with b in half of the
    draws and is below in the rest: ¾, the same group. v is vetoed: a group of its own."""
    a = np.full(20, 10)
    b = np.r_[11, np.full(19, 5)]
    c = np.r_[11, np.full(9, 5), np.full(10, 4)]
    v = np.full(20, 12)
    assert tie_groups(np.array([a, b, c, v]), np.array([False, False, False, True])).tolist() == [1, 2, 2, 3]


def test_too_few_draws_unknown_sources_and_units_are_refused(sample_assessment: Assessment) -> None:
    with pytest.raises(Misuse):
        rk.uncertainty(sample_assessment, draws=99, seed=1)
    with pytest.raises(Misuse):
        rk.uncertainty(sample_assessment, draws=100, seed=-1)
    with pytest.raises(Misuse, match="sampling"):
        rk.uncertainty(sample_assessment, draws=100, seed=1, sources=["samplin"])  # type: ignore[list-item]  # on purpose
    with pytest.raises(Misuse):
        rk.uncertainty(sample_assessment, draws=100, seed=1).better("0101", "9999")


# --- one share


def test_jeffreys_interval_of_brown_cai_and_dasgupta_for_one_and_two_of_seven() -> None:
    """Their table 5, 95 %, n = 7: x = 1 gives 0.016 to 0.501, x = 2 gives 0.065 to 0.648."""
    low, high = share_interval(np.array([1.0, 2.0]), np.array([7.0, 7.0]), level=0.95)
    assert low == pytest.approx([0.016, 0.065], abs=5e-4)
    assert high == pytest.approx([0.501, 0.648], abs=5e-4)


def test_the_share_interval_covers_nine_truths_in_ten_on_average() -> None:
    """Exact: for each truth the binomial probability of all counts whose interval holds it."""
    for cases in (10, 30, 100):
        counts = np.arange(cases + 1.0)
        low, high = share_interval(counts, np.full(cases + 1, float(cases)))
        truths = (np.arange(1000) + 0.5) / 1000
        inside = (low <= truths[:, None]) & (truths[:, None] <= high)
        coverage = (stats.binom.pmf(counts, cases, truths[:, None]) * inside).sum(axis=1)
        assert coverage.mean() == pytest.approx(0.9, abs=0.012)
        assert (
            coverage.min() > 0.75
        )  # near 0 and 1 every interval for a share dips: docs/methods tabulates where


def test_the_share_interval_ends_at_the_bounds_and_closes_on_a_census() -> None:
    low, high = share_interval(np.array([0.0, 8.0, 5.0]), np.full(3, 8.0), np.array([np.inf, np.inf, 8.0]))
    assert (low[0], high[1]) == (0.0, 1.0)
    assert (low[2], high[2]) == (0.625, 0.625)


def test_a_sampled_share_is_drawn_as_its_interval_says() -> None:
    """47 of 50 files out of 400: the draws reach from 0.872 to 0.976, as docs/methods works out for P1."""
    share, cases, population = np.array([0.94]), np.array([50.0]), np.array([400.0])
    variance = share * (1 - share) / (cases - 1) * (1 - cases / population)
    found = Sampled(share, variance, cases, population)
    centre, errors = draw_errors(found, 1.0, draws=100_000, rng=np.random.default_rng(5))
    assert np.quantile(centre + errors, [0.05, 0.95]) == pytest.approx([0.872, 0.976], abs=1e-3)
