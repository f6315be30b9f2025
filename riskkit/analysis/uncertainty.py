"""How sure are we: every branch's score, rank and grade, given what was sampled, judged, chosen and left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm import tqdm

from riskkit.analysis.plausible import SOURCES, Plausible, Source
from riskkit.analysis.simulation import blocks_of, competition_ranks
from riskkit.errors import Misuse, unknown
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.grade_places import GradeRules
from riskkit.scoring.scales import last_places

TAILS = (0.05, 0.95)
SURE = 0.95
"""How often one branch must come out above another to be told apart from it."""


@dataclass(frozen=True)
class Uncertainty:
    """Scores, ranks and grades of the ranked units over `draws` plausible truths.

    `units`: indexed by unit, best first: `name, score, score_low, score_high, score_sd` (points; 5 and 95 % quantiles),
    `rank, rank_low, rank_high, group` (units of one group cannot be told apart from the best of it), `grade` and
    `grade_probability` of that grade. `grades`: units × grades, probabilities. `silent`: what the evidence cannot say,
    a row a source and item: `source, item, units` (how many), `key` (of the wording), in tidy form.
    """

    assessment: Assessment
    draws: int
    seed: int
    sources: tuple[Source, ...]
    units: pd.DataFrame
    grades: pd.DataFrame
    silent: pd.DataFrame
    places: pd.DataFrame

    def better(self, unit: str, other: str) -> float:
        """The probability that one unit is truly better than another; ties count half.

        Raises `Misuse` for a unit that is not ranked.

            >>> sure.better("0103", "0105")
        """
        for name in (unit, other):
            if name not in self.places.index:
                raise unknown("unknown_unit", name, list(self.places.index))
        mine, theirs = (self.places.loc[name].to_numpy() for name in (unit, other))
        return float(np.mean((mine > theirs) + 0.5 * (mine == theirs)))


def uncertainty(
    assessment: Assessment,
    *,
    draws: int,
    seed: int,
    sources: Sequence[Source] = SOURCES,
    progress: bool = False,
) -> Uncertainty:
    """Simulate what the scores would be, had every case been looked at, and under other defensible choices.

    Each draw takes for every source at once: *sampling*, a true value for each sampled item and unit (see
    `draw_truths`), drawn for each unit on its own and centred on what was measured; *rating*, what another rater would
    have said, where answers were scored twice; *weights*, a Dirichlet draw around the model's (see `rank_intervals`);
    *thresholds*, scales up to 10 % longer or shorter, seen from full marks; *missing*, for what was not assessed or
    refused, anything from nothing to what the unit scored on the rest. Weights and thresholds are the same for all
    units in a draw. Deductions, coverage, evidence classes and red lines stay as they are.

    Raises `Misuse` for fewer than 100 draws, a seed below 0 and an unknown source.

        >>> uncertainty(assessment, draws=1000, seed=7).units[["score_low", "score_high", "rank_low", "rank_high"]]

    Source: Goldstein and Spiegelhalter (1996), *Journal of the Royal Statistical Society A* 159, 385-443, for ranks;
    OECD/JRC, *Handbook on Constructing Composite Indicators* (2008), step 7.
    """
    for name in sources:
        if name not in SOURCES:
            raise unknown("unknown_source", name, list(SOURCES))
    if draws < 100:
        raise Misuse("few_draws", draws=draws)
    chosen = tuple(name for name in SOURCES if name in sources)
    plausible = Plausible(assessment, draws, seed)
    places, chances = _simulated(plausible, chosen, progress)
    return _told(plausible, chosen, places, chances)


def _simulated(
    plausible: Plausible, sources: Sequence[Source], progress: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Published scores in whole last places, units × draws, and probabilities of grades, units × grades."""
    assessment, draws = plausible.assessment, plausible.draws
    rules = GradeRules(assessment)
    decimals = assessment.model.spec.score.decimals
    units = len(plausible.scored.inner)
    every = np.arange(draws)
    places = np.empty((units, draws), dtype="int32")
    chances = np.empty((units, len(assessment.model.grades)))
    with tqdm(total=units, disable=not progress) as bar:
        for rows in blocks_of(units, draws):
            found = plausible.variation(rows, dict.fromkeys(sources, every)).scores(rules.names)
            left, grades = rules.settled(rows, found)
            places[rows] = last_places(np.nan_to_num(left), decimals)
            chances[rows] = [[(row == place).mean() for place in range(chances.shape[1])] for row in grades]
            bar.update(len(left))
    return places, chances


def _told(
    plausible: Plausible, sources: tuple[Source, ...], places: np.ndarray, chances: np.ndarray
) -> Uncertainty:
    assessment = plausible.assessment
    model, summary = assessment.model, assessment.summary.iloc[: len(places)]
    ranked = summary["rank"].notna().to_numpy()
    at = np.flatnonzero(ranked)[np.argsort(summary["rank"].to_numpy()[ranked], kind="stable")]
    summary, places, vetoed = summary.iloc[at], places[at], summary["vetoed"].to_numpy()[at]
    grades = pd.DataFrame(chances[at], summary.index, list(model.grades))
    units = summary[["name", "score"]].copy()
    scores = places / 10.0**model.spec.score.decimals
    units["score_low"], units["score_high"] = np.quantile(scores, TAILS, axis=1)
    units["score_sd"] = scores.std(axis=1, ddof=1)
    units["rank"] = summary["rank"].astype("int64")
    ends = np.quantile(simulated_ranks(places, vetoed), TAILS, axis=1, method="inverted_cdf")
    units["rank_low"], units["rank_high"] = ends.astype("int64")
    units["group"] = tie_groups(places, vetoed)
    units["grade"] = summary["grade"]
    held = pd.Index(list(model.grades)).get_indexer(pd.Index(summary["grade"]))
    units["grade_probability"] = grades.to_numpy()[np.arange(len(at)), held]
    drawn = pd.DataFrame(places, summary.index)
    silent = _silent(plausible, sources)
    return Uncertainty(assessment, plausible.draws, plausible.seed, sources, units, grades, silent, drawn)


def _silent(plausible: Plausible, sources: tuple[Source, ...]) -> pd.DataFrame:
    """Sampled items of which the evidence cannot say how far off they are."""
    sampled = plausible.sampled["cases"] > 0
    reasons = {"sampling": "single_case", "rating": "no_second_rater"}
    rows = [
        (source, plausible.plan.items[column], int(count), key)
        for source, key in reasons.items()
        if source in sources
        for column, count in enumerate((sampled & np.isnan(plausible.sampled[source])).sum(axis=0))
        if count
    ]
    return pd.DataFrame(rows, columns=["source", "item", "units", "key"])


def simulated_ranks(places: np.ndarray, vetoed: np.ndarray) -> np.ndarray:
    """Competition ranks of units × draws places, the greatest first, vetoed units last."""
    behind = np.where(vetoed, places.max(initial=0) + 1, 0).astype("int64")
    ranks = np.empty(places.shape, dtype="int32")
    for block in blocks_of(places.shape[1], places.shape[0]):
        ranks[:, block] = competition_ranks((behind[:, None] - places[:, block]).T).T
    return ranks


def tie_groups(places: np.ndarray, vetoed: np.ndarray) -> np.ndarray:
    """Groups of units, best first, numbered from 1: a unit opens a new one where the first of the group before comes
    out above it in at least 95 % of the draws. Vetoed units, ranked last whatever they score, are one of their own."""
    groups = np.empty(len(places), dtype="int64")
    first, number = 0, 1
    for unit in range(len(places)):
        above = (places[first] > places[unit]).mean() + 0.5 * (places[first] == places[unit]).mean()
        if above >= SURE or vetoed[unit] != vetoed[first]:
            first, number = unit, number + 1
        groups[unit] = number
    return groups
