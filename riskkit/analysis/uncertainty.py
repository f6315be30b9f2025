"""How sure are we: every branch's score, rank and grade, given what was sampled, judged, chosen and left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from tqdm import tqdm

from riskkit.analysis.rank_intervals import draw_weights
from riskkit.analysis.sampling_draws import Sampled, draw_points
from riskkit.analysis.simulation import blocks_of, competition_ranks
from riskkit.errors import Misuse, unknown
from riskkit.evidence.states import NOT_ASSESSED, REFUSED_STATE
from riskkit.model.schema import Composite, Gain, Item, Mean, Measure, Quantile
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.grade_places import GradeRules
from riskkit.scoring.scales import Curve, Lines, last_places, published
from riskkit.scoring.variation import Variation

Source = Literal["sampling", "rating", "weights", "thresholds", "missing"]
SOURCES: tuple[Source, ...] = get_args(Source)
TAILS = (0.05, 0.95)
SURE = 0.95
"""How often one branch must come out above another to be told apart from it."""
CONCENTRATION = 100.0
STRETCH = 0.1
"""By how much of itself the way from full marks to the other thresholds of a scale may be longer or shorter."""


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

    Raises `Misuse` for fewer than 100 draws and for an unknown source.

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
    return _Run(assessment, draws, seed, chosen, progress).outcome()


class _Run:
    """One simulation: what all units share, drawn once; the rest drawn some units at a time."""

    def __init__(
        self, assessment: Assessment, draws: int, seed: int, sources: tuple[Source, ...], progress: bool
    ) -> None:
        self.assessment = assessment
        self.draws, self.seed, self.sources, self.progress = draws, seed, sources, progress
        self.scored = assessment.assessed
        self.plan = self.scored.plan
        count = len(self.scored.inner)
        self.summary = assessment.summary.iloc[:count]
        at = assessment.measures.units.index.get_indexer(self.summary.index)
        items = assessment.measures.arrays.take(self.plan.items)
        order = pd.Index(assessment.measures.model.items).get_indexer(pd.Index(self.plan.items))
        self.unanswered = items.among([NOT_ASSESSED, REFUSED_STATE])[at]
        self.sampled = {
            name: assessment.measures.array(name)[at][:, order]
            for name in ("sampling", "rating", "cases", "sampled_from")
        }
        self.observed = assessment.observed.total[:count]
        self.shared = self._weights() | self._thresholds()

    # ------------------------------------------------------------ what is drawn

    def _weights(self) -> dict[str, np.ndarray]:
        if "weights" not in self.sources:
            return {}
        rng = np.random.default_rng([self.seed, 0])
        return draw_weights(self.scored, self.draws, CONCENTRATION, rng)

    def _thresholds(self) -> dict[str, np.ndarray]:
        """Each scale of straight lines stretched about the threshold of full marks."""
        rng = np.random.default_rng([self.seed, 1])
        moved: dict[str, np.ndarray] = {}
        for name, each in zip(self.plan.items, self.plan.curves, strict=True):
            factor = rng.uniform(1 - STRETCH, 1 + STRETCH, self.draws)
            if "thresholds" not in self.sources or not isinstance(each, Lines):
                continue
            best = each.x[np.argmax(each.y)]
            for knot, x in enumerate(each.x):
                place = best + (x - best) * factor
                moved[f"scale:{name}:{knot}:value"] = np.exp(place) if each.log else place
        return moved

    def _own(self, rows: slice) -> dict[str, np.ndarray]:
        """Points of the items that are not the same for all units in a draw."""
        count = len(self.observed[rows])
        share = np.random.default_rng([self.seed, 3, rows.start]).random((count, self.draws))
        given: dict[str, np.ndarray] = {}
        for column, name in enumerate(self.plan.items):
            points = self._truths(column, rows)
            left = self.unanswered[rows, column] & ~np.isnan(self.observed[rows])
            if "missing" in self.sources and left.any():
                points = np.full((count, self.draws), np.nan) if points is None else points
                points[left] = share[left] * self.observed[rows][left, None]
            if points is not None:
                given[f"points:{name}"] = points
        return given

    def _truths(self, column: int, rows: slice) -> np.ndarray | None:
        """Points of a sampled item, units × draws, missing for units it was not sampled in; none for no such unit."""
        assert self.scored.values is not None, "an assessment keeps the values its points follow from"
        value = self.scored.values[rows, column]
        found = {name: array[rows, column] for name, array in self.sampled.items()}
        varies = ~np.isnan(value) & (found["cases"] > 0) & (found["cases"] < found["sampled_from"])
        if "sampling" not in self.sources or not varies.any():
            return None
        rng = np.random.default_rng([self.seed, 2, column, rows.start])
        item = self.assessment.model.items[self.plan.items[column]]
        names = ("sampling", "cases", "sampled_from")
        sampled = Sampled(value[varies], *(found[name][varies] for name in names))
        moved = draw_points(sampled, self.plan.curves[column], upper_bound(item), draws=self.draws, rng=rng)
        points = np.full((len(value), self.draws), np.nan)
        points[varies] = self._curve(column).points(value[varies][:, None]) + moved
        return points if self.plan.arithmetic else np.clip(points, 0.0, self.plan.maximum)

    def _curve(self, column: int) -> Curve:
        """The curve of an item, stretched draw by draw where thresholds are."""
        name, each = self.plan.items[column], self.plan.curves[column]
        if not isinstance(each, Lines) or f"scale:{name}:0:value" not in self.shared:
            return each
        x = np.stack([self.shared[f"scale:{name}:{knot}:value"] for knot in range(len(each.x))], axis=-1)
        return Lines(np.log(x) if each.log else x, each.y, each.log)

    # ------------------------------------------------------------ what comes of it

    def _blocks(self) -> Iterator[tuple[slice, Variation]]:
        for rows in blocks_of(len(self.scored.inner), self.draws):
            yield rows, Variation(self.scored.units(rows), self.shared | self._own(rows), self.draws)

    def outcome(self) -> Uncertainty:
        rules = GradeRules(self.assessment.model, self.assessment.standing)
        nodes = {depth: rules.nodes(depth) for depth in rules.depths()}
        decimals = self.assessment.model.spec.score.decimals
        deducted = self.summary["deducted"].to_numpy()
        places = np.empty((len(self.summary), self.draws), dtype="int32")
        chances = np.empty((len(self.summary), len(self.assessment.model.grades)))
        with tqdm(total=len(self.summary), disable=not self.progress) as bar:
            for rows, variation in self._blocks():
                found = variation.scores(["", *(name for names in nodes.values() for name in names)])
                left = np.clip(found[""] - deducted[rows, None], 0.0, self.plan.maximum)
                places[rows] = last_places(np.nan_to_num(left), decimals)
                weakest = {depth: np.fmin.reduce([found[n] for n in names]) for depth, names in nodes.items()}
                grades = rules.places(rows, published(left, decimals), weakest.__getitem__)
                chances[rows] = [
                    [(row == place).mean() for place in range(chances.shape[1])] for row in grades
                ]
                bar.update(len(left))
        return self._told(places, chances)

    def _told(self, places: np.ndarray, chances: np.ndarray) -> Uncertainty:
        model = self.assessment.model
        ranked = self.summary["rank"].notna().to_numpy()
        at = np.flatnonzero(ranked)[np.argsort(self.summary["rank"].to_numpy()[ranked], kind="stable")]
        summary, places = self.summary.iloc[at], places[at]
        grades = pd.DataFrame(chances[at], summary.index, list(model.grades))
        units = summary[["name", "score"]].copy()
        scores = places / 10.0**model.spec.score.decimals
        units["score_low"], units["score_high"] = np.quantile(scores, TAILS, axis=1)
        units["score_sd"] = scores.std(axis=1, ddof=1)
        units["rank"] = summary["rank"].astype("int64")
        ranks = simulated_ranks(places, summary["vetoed"].to_numpy())
        ends = np.quantile(ranks, TAILS, axis=1, method="inverted_cdf").astype("int64")
        units["rank_low"], units["rank_high"] = ends
        units["group"] = tie_groups(places, summary["vetoed"].to_numpy())
        units["grade"] = summary["grade"]
        held = pd.Index(list(model.grades)).get_indexer(pd.Index(summary["grade"]))
        units["grade_probability"] = grades.to_numpy()[np.arange(len(at)), held]
        drawn = pd.DataFrame(places, summary.index)
        return Uncertainty(
            self.assessment, self.draws, self.seed, self.sources, units, grades, self._silent(), drawn
        )

    def _silent(self) -> pd.DataFrame:
        """Sampled items of which the evidence cannot say how far off they are."""
        sampled = self.sampled["cases"] > 0
        lone = {"sampling": "single_case", "rating": "no_second_rater"}
        rows = [
            (source, self.plan.items[column], int(count), key)
            for source, key in lone.items()
            if source in self.sources
            for column, count in enumerate((sampled & np.isnan(self.sampled[source])).sum(axis=0))
            if count
        ]
        return pd.DataFrame(rows, columns=["source", "item", "units", "key"])


def upper_bound(item: Item) -> float | None:
    """The greatest value an item can have, where 0 is the least; none for an item without such bounds."""

    def bounded(measure: Measure) -> bool:
        if isinstance(measure, Composite):
            return all(bounded(part.measure) for part in measure.parts)
        return not isinstance(measure, Gain | Mean | Quantile)

    if not bounded(item.measure):
        return None
    return 1.0 if isinstance(item.measure, Composite) else item.measure.factor


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
