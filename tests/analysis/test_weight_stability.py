"""In how many sets of weights grades and the top stay: closed forms, and whole new assessments for every draw."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import riskkit as rk
from riskkit.analysis.rank_intervals import draw_weights
from riskkit.analysis.weight_stability import _Leading, weight_stability
from riskkit.errors import Misuse
from riskkit.scoring.assessment import Assessment, score
from tests.analysis.test_weight_change import TWO, assessed, flat
from tests.bench import bank

DRAWS, SEED = 40, 3


def test_two_branches_stay_as_often_as_the_weight_stays_on_its_side() -> None:
    """p is drawn from Beta(70, 30). X = 60 + 20 p is first where p > 0.6 (see smallest_reversal) and A where p >
    0.49975; Y = 90 − 30 p is A below 20.005 ÷ 30 and B as assessed above it. 20,000 draws: error 0.0036 at most."""
    found = weight_stability(assessed(flat(TWO), {"X": [80, 60], "Y": [60, 90]}), draws=20_000, seed=1, top=1)
    over = stats.beta(70, 30).sf
    units = found.units
    assert units.loc["X", "top_kept"] == pytest.approx(over(0.6), abs=0.01)
    assert units["in_top"].tolist() == [True, False]
    assert units.loc["Y", "top_kept"] == found.same_top  # where X and Y are level, both are first
    assert found.same_top == pytest.approx(over(0.6), abs=0.01)
    assert units.loc["X", "grade_kept"] == pytest.approx(over(0.49975), abs=0.01)
    assert units.loc["Y", "grade_kept"] == pytest.approx(over(20.005 / 30), abs=0.01)
    assert found.same_grades == pytest.approx(over(20.005 / 30), abs=0.01)


def test_three_branches_of_whom_two_cannot_be_parted_share_the_top() -> None:
    """X and Y are alike and both first in every draw; Z is worse on everything."""
    found = weight_stability(
        assessed(flat(TWO), {"X": [80, 60], "Y": [80, 60], "Z": [50, 50]}), draws=50, seed=0, top=1
    )
    assert found.units["in_top"].tolist() == [True, True, False]
    assert found.units["top_kept"].tolist() == [1.0, 1.0, 1.0]
    assert (found.same_top, found.same_grades) == (1.0, float((found.units["grade_kept"] == 1).all()))


def scored_anew(assessment: Assessment) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ranks and grades, units × draws: a model with the drawn weights and a whole new assessment each time."""
    drawn = draw_weights(assessment.assessed, DRAWS, 100.0, np.random.default_rng(SEED))
    weights = pd.DataFrame(drawn).rename(columns=lambda name: name.removeprefix("weight:"))
    again = [
        score(assessment.model.with_weights(own), assessment.measures).summary
        for own in weights.to_dict("records")
    ]
    return tuple(pd.DataFrame([each[column] for each in again]).T for column in ("rank", "grade"))  # type: ignore[return-value]  # two of them


@pytest.mark.parametrize("top", [1, 5, 40])
@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_the_shares_are_those_of_scoring_anew_for_every_draw(gaps: float, top: int) -> None:
    model = bank.model(12)
    assessment = score(model, bank.measures(model, bank.values(30, 12, seed=5, gaps=gaps)))
    found = weight_stability(assessment, draws=DRAWS, seed=SEED, top=top)
    ranks, grades = scored_anew(assessment)
    now = assessment.summary
    grade_kept = grades.eq(now["grade"], axis=0)
    top_kept = (ranks <= top).eq(now["rank"] <= top, axis=0)
    order = found.units.index
    np.testing.assert_allclose(found.units["grade_kept"], grade_kept.mean(axis=1)[order])
    np.testing.assert_allclose(found.units["top_kept"], top_kept.mean(axis=1)[order])
    assert found.same_grades == pytest.approx(grade_kept.all().mean())
    assert found.same_top == pytest.approx(top_kept.all().mean())


@pytest.mark.parametrize("seed", range(20))
def test_the_top_seen_in_blocks_is_that_of_all_at_once(seed: int) -> None:
    """Keys with many ties; a unit is in the top where fewer than `top` keys are smaller."""
    rng = np.random.default_rng(seed)
    keys = rng.integers(0, 12, (30, 8))
    inside = rng.random(30) < 0.3
    top = int(rng.integers(1, 35))
    leading = _Leading(top, inside, 8)
    for block in np.split(keys, np.sort(rng.integers(0, 31, 3))):
        leading.see(block.astype("int32"))
    among = (keys[None, :, :] < keys[:, None, :]).sum(axis=1) < top
    stays, same = leading.shares()
    np.testing.assert_allclose(stays, (among == inside[:, None]).mean(axis=1))
    assert same == (among == inside[:, None]).all(axis=0).mean()


def test_the_same_seed_draws_what_rank_intervals_draws(sample_assessment: Assessment) -> None:
    """A unit whose rank stays within the first ten over all draws stays in the top in all of them."""
    found = weight_stability(sample_assessment, draws=200, seed=4).units
    ranks = rk.rank_intervals(sample_assessment, draws=200, seed=4).units
    assert (found["top_kept"][ranks["rank_high"] <= 10] >= 0.95).all()
    assert (found["top_kept"][ranks["rank_low"] > 10] >= 0.95).all()
    assert list(found.index[:10]) == list(ranks.index[:10])


def test_a_vetoed_branch_keeps_its_grade_and_stays_behind() -> None:
    values: dict[str, list[float | str]] = {"X": [90, 90], "Y": [50, 50]}
    veto = [{"red_line": "VETO", "unit": "X"}]
    found = weight_stability(assessed(flat(TWO), values, veto), draws=20, seed=0, top=1).units
    assert found.loc["X", ["in_top", "grade_kept", "top_kept"]].tolist() == [False, 1.0, 1.0]


def test_too_few_draws_no_concentration_a_seed_below_0_and_no_top_are_refused() -> None:
    one = assessed(flat(TWO), {"X": [80, 60]})
    for wrong in ({"draws": 19}, {"concentration": 0.0}, {"seed": -1}, {"top": 0}):
        with pytest.raises(Misuse):
            weight_stability(one, **{"draws": 20, "seed": 0, **wrong})  # type: ignore[arg-type]  # one of them is wrong
