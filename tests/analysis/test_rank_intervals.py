"""`rank_intervals` against scoring anew for every draw, and the ranks behind it against scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from riskkit.analysis.rank_intervals import draw_weights, rank_intervals
from riskkit.analysis.simulation import competition_ranks
from riskkit.errors import Misuse
from riskkit.scoring.assessment import Assessment, score
from tests.bench import bank
from tests.scoring import tiny

DRAWS, SEED = 40, 3


def assessed(units: int, gaps: float) -> Assessment:
    model = bank.model(12)
    return score(model, bank.measures(model, bank.values(units, 12, seed=5, gaps=gaps)))


def scored_anew(assessment: Assessment) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores and ranks, units × draws: a model with the drawn weights and a whole new assessment each time."""
    drawn = draw_weights(assessment.assessed, DRAWS, 100.0, np.random.default_rng(SEED))
    weights = pd.DataFrame(drawn).rename(columns=lambda name: name.removeprefix("weight:"))
    again = [
        score(assessment.model.with_weights(own), assessment.measures).summary
        for own in weights.to_dict("records")
    ]
    return pd.DataFrame([each["score"] for each in again]).T, pd.DataFrame([each["rank"] for each in again]).T


@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_the_intervals_are_those_of_scoring_anew_for_every_draw(gaps: float) -> None:
    assessment = assessed(30, gaps)
    intervals = rank_intervals(assessment, draws=DRAWS, seed=SEED).units.loc[assessment.summary.index]
    for column, anew in zip(("score", "rank"), scored_anew(assessment), strict=True):
        held = intervals[[f"{column}_low", f"{column}_median", f"{column}_high"]].to_numpy(dtype="float64")
        wanted = np.quantile(anew.to_numpy(), [0.05, 0.5, 0.95], axis=1, method="inverted_cdf").T
        np.testing.assert_array_equal(held, wanted)


def test_a_vetoed_branch_is_last_in_every_draw() -> None:
    model = tiny.model()
    values = {unit: {"a1": x, "a2": 1 - x, "b1": x} for unit, x in (("x", 0.9), ("y", 0.5), ("z", 0.1))}
    given_up = tiny.measures(model, values, [{"red_line": "VETO", "unit": "x"}])
    units = rank_intervals(score(model, given_up), draws=20, seed=1).units
    assert list(units.loc["x", ["rank_low", "rank_median", "rank_high"]]) == [3, 3, 3]
    assert (units.drop("x")["rank_high"] < 3).all()


def test_the_same_seed_gives_the_same_intervals_and_another_gives_others() -> None:
    assessment = assessed(30, 0.0)
    first, again, other = (rank_intervals(assessment, draws=50, seed=seed).units for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)


@pytest.mark.parametrize(("draws", "concentration"), [(19, 100.0), (100, 0.0), (100, -1.0)])
def test_too_few_draws_and_no_concentration_are_refused(draws: int, concentration: float) -> None:
    with pytest.raises(Misuse):
        rank_intervals(assessed(3, 0.0), draws=draws, seed=1, concentration=concentration)


@given(
    st.integers(1, 70),
    st.sampled_from([3, 10_000, 2**26, 2**31, 2**50]),
    st.integers(0, 2**32 - 1),
)
def test_competition_ranks_are_those_of_scipy_however_large_the_keys(
    columns: int, largest: int, seed: int
) -> None:
    keys = np.random.default_rng(seed).integers(-largest, largest, (4, columns), endpoint=True)
    np.testing.assert_array_equal(competition_ranks(keys), rankdata(keys, "min", axis=1))
