"""What might be true behind an assessment: draws of everything that was sampled, judged, chosen or left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
import pandas as pd

from riskkit.analysis.rank_intervals import CONCENTRATION, draw_weights
from riskkit.analysis.sampling_draws import Sampled, draw_points
from riskkit.errors import Misuse
from riskkit.evidence.states import NOT_ASSESSED, REFUSED_STATE
from riskkit.model.schema import Composite, Gain, Item, Mean, Measure, Quantile
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.scales import Lines
from riskkit.scoring.variation import Variation

Source = Literal["sampling", "rating", "weights", "thresholds", "missing"]
SOURCES: tuple[Source, ...] = get_args(Source)
LARGE = 1e6
"""Cases that leave Student's t no different from the normal distribution."""
STRETCH = 0.1
"""By how much of itself the way from full marks to the other thresholds of a scale may be longer or shorter."""
Pick = Mapping[Source, np.ndarray]
"""Which draw of each source to take, one number a wanted draw; a source that is not named stays as assessed."""


class Plausible:
    """Draws of each source on its own, so that any of one can go with any of another.

    `only` says which items of which units count, units × items of the assessed units; all do unless given. Weights and
    thresholds are drawn once, for all units; what was sampled, rated or left out for each unit on its own.
    The same seed gives the same draws for the same block of units. Raises `Misuse` for a seed below 0.
    """

    def __init__(
        self, assessment: Assessment, draws: int, seed: int, *, only: np.ndarray | None = None
    ) -> None:
        if seed < 0:
            raise Misuse("seed", found=seed)
        self.assessment = assessment
        self.draws, self.seed = draws, seed
        self.scored = assessment.assessed
        self.plan = self.scored.plan
        if only is not None:
            assert self.scored.values is not None, "an assessment keeps the values its points follow from"
            points, values = (
                np.where(only, each, np.nan) for each in (self.scored.points, self.scored.values)
            )
            self.scored = self.plan.score(points, values)
        count = len(self.scored.inner)
        at = assessment.measures.units.index.get_indexer(assessment.summary.index[:count])
        items = assessment.measures.arrays.take(self.plan.items)
        order = pd.Index(assessment.measures.model.items).get_indexer(pd.Index(self.plan.items))
        self.unanswered = items.among([NOT_ASSESSED, REFUSED_STATE])[at]
        self.observed = assessment.observed.total[:count]
        self.sampled = {
            name: np.where(order >= 0, assessment.measures.array(name)[at][:, order], np.nan)
            for name in ("sampling", "rating", "cases", "sampled_from")
        }
        self._weights = draw_weights(self.scored, draws, CONCENTRATION, np.random.default_rng([seed, 0]))
        self._moved: dict[tuple[int, str, int], np.ndarray] = {}
        self._alike: dict[tuple[int, int], np.ndarray] = {}
        self._stretch = np.random.default_rng([seed, 1]).uniform(
            1 - STRETCH, 1 + STRETCH, (len(self.plan.items), draws)
        )

    def variation(self, rows: slice, pick: Pick) -> Variation:
        """The scores of some units under the draws picked."""
        size = len(next(iter(pick.values()))) if pick else 1
        if any(start != rows.start for start, _, _ in self._moved):
            self._moved.clear()  # draws are kept for one block of units at a time
            self._alike.clear()
        changes: dict[str, np.ndarray] = {}
        if "weights" in pick:
            changes |= {name: drawn[pick["weights"]] for name, drawn in self._weights.items()}
        changes |= self._points(rows, pick, size)
        return Variation(self.scored.units(rows), changes, size)

    def _points(self, rows: slice, pick: Pick, size: int) -> dict[str, np.ndarray]:
        """Points, units × draws, of items that differ from unit to unit in a draw; missing where as assessed."""
        given: dict[str, np.ndarray] = {}
        share = self._left_out(rows, pick)
        for column, name in enumerate(self.plan.items):
            points = self._stretched(column, rows, pick, size)
            for source in ("sampling", "rating"):
                if source in pick:
                    self._move(points, column, rows, source, pick[source])
            left = self.unanswered[rows, column]
            if share is not None and left.any():
                points[left] = share[left]
            if not np.isnan(points).all():
                given[f"points:{name}"] = (
                    points if self.plan.arithmetic else np.clip(points, 0, self.plan.maximum)
                )
        return given

    def _left_out(self, rows: slice, pick: Pick) -> np.ndarray | None:
        """What was not assessed or refused may be worth: anything from nothing to what the unit scored on the rest."""
        if "missing" not in pick or not self.unanswered[rows].any():
            return None
        rng = np.random.default_rng([self.seed, 3, rows.start])
        share = rng.random((len(self.observed[rows]), self.draws))[:, pick["missing"]]
        return np.asarray(share * self.observed[rows, None])

    def _stretched(self, column: int, rows: slice, pick: Pick, size: int) -> np.ndarray:
        """Points under a scale stretched about the threshold of full marks: those of the value brought nearer to it."""
        assert self.scored.values is not None, "an assessment keeps the values its points follow from"
        each = self.plan.curves[column]
        if "thresholds" not in pick or not isinstance(each, Lines):
            return np.full((len(self.observed[rows]), size), np.nan)
        if (rows.start, "thresholds", column) not in self._moved:
            alike, unit = np.unique(self.scored.values[rows, column], return_inverse=True)
            self._moved[rows.start, "thresholds", column] = each.stretched(alike, self._stretch[column])
            self._alike[rows.start, column] = unit
        drawn = self._moved[rows.start, "thresholds", column]
        return np.asarray(drawn[:, pick["thresholds"]][self._alike[rows.start, column]])

    def _move(self, points: np.ndarray, column: int, rows: slice, source: str, pick: np.ndarray) -> None:
        """Scatter the points of an item as its sample, or its raters, do."""
        assert self.scored.values is not None, "an assessment keeps the values its points follow from"
        value = self.scored.values[rows, column]
        found = {name: array[rows, column] for name, array in self.sampled.items()}
        varies = ~np.isnan(value) & (found["cases"] > 0)
        if source == "sampling":
            varies &= found["cases"] < found["sampled_from"]
            many, upper = found["cases"], upper_bound(self.assessment.model.items[self.plan.items[column]])
        else:
            varies &= found["rating"] > 0
            many, upper = np.full(len(value), LARGE), None
        if not varies.any():
            return
        if (rows.start, source, column) not in self._moved:
            picked = [each[varies] for each in (value, found[source], many, found["sampled_from"])]
            rng = np.random.default_rng([self.seed, 2 if source == "sampling" else 4, column, rows.start])
            drawn = draw_points(Sampled(*picked), self.plan.curves[column], upper, draws=self.draws, rng=rng)
            self._moved[rows.start, source, column] = drawn
        moved = self._moved[rows.start, source, column]
        before = points[varies]
        own = self.scored.points[rows, column][varies][:, None]
        points[varies] = np.where(np.isnan(before), own, before) + moved[:, pick]


def upper_bound(item: Item) -> float | None:
    """The greatest value an item can have, where 0 is the least; none for an item without such bounds."""

    def bounded(measure: Measure) -> bool:
        if isinstance(measure, Composite):
            return all(bounded(part.measure) for part in measure.parts)
        return not isinstance(measure, Gain | Mean | Quantile)

    if not bounded(item.measure):
        return None
    return 1.0 if isinstance(item.measure, Composite) else item.measure.factor
