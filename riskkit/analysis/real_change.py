"""Is a change real: scores of two periods on what both measured, against what sampling alone would make them differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from riskkit.analysis.plausible import Plausible, Source
from riskkit.analysis.simulation import blocks_of
from riskkit.errors import Misuse
from riskkit.evidence.states import MEASURED
from riskkit.scoring.assessment import Assessment, score
from riskkit.scoring.coverage import ratio

CHANCE: tuple[Source, ...] = ("sampling", "rating")
"""What makes two looks at the same state differ."""
ALPHA = 0.1
"""How often a branch that did not change may seem to."""
LEAST_SHARE = 0.5
"""Less of the applicable weight measured in both periods says nothing of the whole."""
TINY = 1e-9
"""Points by which scores may differ from rounding alone."""
REAL, NOT_SHOWN, CANNOT_SAY = "real", "not_shown", "cannot_say"


@dataclass(frozen=True)
class RealChange:
    """Whether the units' scores changed by more than looking again would make them.

    `units`: indexed by unit assessed in both periods: `name, score_before, score_after` as published; `before, after`,
    the unrounded scores without deductions on the items measured afresh in both, old evidence under the new model;
    `change` between these, its standard deviation `sd` from sampling and rating in both periods, `detectable` (the
    minimum detectable change, two-sided 10 %), `p_value`, `q_value` (adjusted for the number of units) and `verdict`:
    `real` if q is at most the rate asked for, `not_shown`, or `cannot_say` where less than half of the applicable
    weight was measured in both. `share`: that part of it. `rate`: the bound on false discoveries.
    """

    before: Assessment
    after: Assessment
    rate: float
    units: pd.DataFrame


def real_change(
    before: Assessment, after: Assessment, *, draws: int, seed: int, rate: float = 0.1
) -> RealChange:
    """Test the change of every unit assessed in both periods.

    Paired on the items measured in both periods: what was carried over has not been looked at again, and leaves the
    comparison on both sides. Both are scored under the model of `after`. The two samples are independent; a census
    cannot differ by chance, so that any change on items looked at in full is real. Changes are tested as normal with
    the simulated standard deviation; of the units called `real`, no more than `rate` are expected not to have changed
    (Benjamini and Hochberg 1995, *Journal of the Royal Statistical Society B* 57, 289-300). Minimum detectable change:
    1.645 · sd (Beaton 2000, *Spine* 25, 3192-3199).

    Raises `Misuse` for fewer than 100 draws, a seed below 0 or a rate outside 0-1.

        >>> real_change(bank.assessment("2026Q1"), bank.assessment("2026Q2"), draws=1000, seed=7).units
    """
    if draws < 100:
        raise Misuse("few_draws", draws=draws)
    if seed < 0:
        raise Misuse("seed", found=seed)
    if not 0 < rate < 1:
        raise Misuse("discovery_rate", rate=rate)
    then = before if before.model.hash == after.model.hash else score(after.model, before.measures)
    sides = [_Side(each) for each in (then, after)]
    units = sides[1].units.intersection(sides[0].units, sort=False)
    both = np.logical_and(*(side.measured(units) for side in sides))
    found = [side.drawn(units, both, draws, [seed, place]) for place, side in enumerate(sides)]
    change = found[1].total - found[0].total
    sd = np.sqrt(sum(side.variance for side in found))
    nominal = np.array([after.model.nominal_weights[name] for name in after.graded.plan.items])
    frame = pd.DataFrame(
        {
            "name": after.summary.loc[units, "name"],
            "score_before": before.summary.loc[units, "score"],
            "score_after": after.summary.loc[units, "score"],
            "before": found[0].total,
            "after": found[1].total,
            "change": change,
            "sd": sd,
            "detectable": stats.norm.ppf(1 - ALPHA / 2) * sd,
            "share": ratio(both @ nominal, sides[1].applicable(units) @ nominal),
        },
        index=units,
    )
    return RealChange(before, after, rate, _judged(frame, rate))


def _judged(frame: pd.DataFrame, rate: float) -> pd.DataFrame:
    change, sd = frame["change"].to_numpy(), frame["sd"].to_numpy()
    sure = np.where(np.abs(change) > TINY, 0.0, 1.0)  # a census does not differ by chance
    with np.errstate(divide="ignore", invalid="ignore"):
        tested = 2 * stats.norm.sf(np.abs(change) / sd)
    p = np.where(sd > TINY, tested, sure)
    told = ~np.isnan(change) & (frame["share"].to_numpy() >= LEAST_SHARE)
    q = np.full(len(frame), np.nan)
    q[told] = stats.false_discovery_control(p[told]) if told.any() else []
    verdict = np.where(told, np.where(q <= rate, REAL, NOT_SHOWN), CANNOT_SAY)
    return frame.assign(p_value=np.where(told, p, np.nan), q_value=q, verdict=verdict)


@dataclass(frozen=True)
class _Drawn:
    total: np.ndarray
    variance: np.ndarray


class _Side:
    """One of the two assessments."""

    def __init__(self, assessment: Assessment) -> None:
        self.assessment = assessment
        self.units = assessment.summary.index[: len(assessment.assessed.inner)]

    def measured(self, units: pd.Index) -> np.ndarray:
        """Where an item was measured in the period itself, units × items."""
        register = self.assessment.measures.units.index
        arrays = self.assessment.measures.arrays.take(self.assessment.graded.plan.items)
        return np.asarray(arrays.among([MEASURED])[register.get_indexer(units)])

    def applicable(self, units: pd.Index) -> np.ndarray:
        """1 where an item applies, units × items."""
        register = self.assessment.measures.units.index
        arrays = self.assessment.measures.arrays.take(self.assessment.graded.plan.items)
        return arrays.applicable[register.get_indexer(units)]

    def drawn(self, units: pd.Index, both: np.ndarray, draws: int, seed: list[int]) -> _Drawn:
        """Totals on the items measured in both, and their variance by chance."""
        at = self.units.get_indexer(units)
        only = np.zeros(self.assessment.assessed.points.shape, dtype=bool)
        only[at] = both
        plausible = Plausible(
            self.assessment, draws, int(np.random.SeedSequence(seed).generate_state(1)[0]), only=only
        )
        variance = np.empty(len(only))
        for rows in blocks_of(len(only), draws):
            totals = plausible.variation(rows, dict.fromkeys(CHANCE, np.arange(draws))).total()
            variance[rows] = totals.var(axis=1, ddof=1) if totals.shape[1] > 1 else 0.0
        return _Drawn(plausible.scored.total[at], variance[at])
