"""From varied totals to published scores and ranks, some units at a time, so that only what is kept takes memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import rankdata

from riskkit.scoring.assessment import Assessment
from riskkit.scoring.scales import last_places
from riskkit.scoring.variation import CELLS, Changes, Variation, vary


class Simulation:
    """Published scores and ranks of the assessed units under changed parameters.

    `units` are the assessed units in the order of `summary`, `ranked` says which of them are ranked. Deductions are
    those of the assessment; scores are rounded as published. Vetoed units stay last; equal scores share the better
    rank. A variation given instead of changes is taken as it is, unchecked.
    """

    def __init__(self, assessment: Assessment, changes: Changes | Variation) -> None:
        self.variation = changes if isinstance(changes, Variation) else vary(assessment.assessed, changes)
        self.draws = self.variation.draws
        summary, assessed = assessment.summary, slice(len(assessment.assessed.inner))
        self.units = summary.index[assessed]
        self.ranked = ~np.isnan(summary["rank"].to_numpy()[assessed])
        self._decimals = assessment.model.spec.score.decimals
        self._deducted = summary["deducted"].to_numpy()[assessed]
        worst = last_places(np.array(assessment.model.spec.score.maximum), self._decimals) + 1
        self._none = -float(worst)  # behind every score, and not before any that is vetoed
        self.key_type = smallest_integer(2 * worst)
        self._behind = np.where(summary["vetoed"].to_numpy()[assessed], worst, 0).astype(self.key_type)

    def places(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Published scores in whole last places (82.35 is 8235), units × draws, some units at a time."""
        deducted = self._deducted[:, None] if self._deducted.any() else None
        for rows, totals in self.variation.blocks():
            left = totals if deducted is None else np.maximum(totals - deducted[rows], 0.0)
            yield rows, last_places(left, self._decimals)

    def as_scores(self, places: np.ndarray) -> np.ndarray:
        """Places as scores."""
        return places / 10.0**self._decimals

    def ranked_places(self, rows: slice, places: np.ndarray) -> np.ndarray:
        """Places of the ranked among some units, as integers."""
        kept = self.ranked[rows]
        return (places if kept.all() else places[kept]).astype(self.key_type)

    def keys(self, rows: slice, ranked: np.ndarray) -> np.ndarray:
        """What these are ranked by, draws × units, the smallest best."""
        return np.asarray(self._behind[rows][self.ranked[rows], None] - ranked).T

    def scores_and_ranks(self) -> tuple[np.ndarray, np.ndarray]:
        """Published scores and ranks, units × draws; a unit that is not ranked has no rank, nor one without a score."""
        found = np.concatenate([places for _, places in self.places()])
        places = np.where(np.isnan(found), self._none, found)
        ranks = np.full(places.shape, np.nan)
        whole = slice(None)
        ranks[self.ranked] = competition_ranks(self.keys(whole, self.ranked_places(whole, places))).T
        return self.as_scores(found), np.where(np.isnan(found), np.nan, ranks)


def competition_ranks(keys: np.ndarray) -> np.ndarray:
    """Ranks 1, 2, 2, 4 along rows of whole numbers, the smallest first: `scipy.stats.rankdata(keys, "min", axis=1)`.

    Written out because simulations rank many rows: key and place packed into one integer sort many times faster.

        >>> competition_ranks(np.array([[7, 3, 3, 9]]))
        array([[3, 1, 1, 4]], dtype=int32)
    """
    rows, columns = keys.shape
    shift = max(1, (columns - 1).bit_length())
    reach = float(keys.max(initial=0)) - float(keys.min(initial=0)) + 1.0
    if reach * 2**shift > 2.0**62:  # no room for the place beside the key
        return rankdata(keys, method="min", axis=1).astype("int32")
    packed = keys.astype(smallest_integer(reach * 2**shift))
    packed <<= shift
    packed |= np.arange(columns, dtype=packed.dtype)
    packed.sort(axis=1)
    place = (packed & ((1 << shift) - 1)) + (np.arange(rows) * columns)[:, None]
    packed >>= shift
    ordered = np.ones(keys.shape, dtype="int32")
    further = packed[:, 1:] != packed[:, :-1]
    np.multiply(further, np.arange(2, columns + 1, dtype="int32"), out=ordered[:, 1:])
    np.maximum.accumulate(ordered, axis=1, out=ordered)
    ranks = np.empty(rows * columns, dtype="int32")
    ranks[place.ravel()] = ordered.ravel()
    return ranks.reshape(rows, columns)


def smallest_integer(largest: float | np.ndarray) -> np.dtype:
    """The type that holds whole numbers from −largest to largest: half the bytes sort in half the time."""
    return np.dtype("int32" if largest < 2**31 else "int64")


def blocks_of(rows: int, columns: int) -> Iterator[slice]:
    """Rows in blocks of about `CELLS` cells."""
    size = max(1, CELLS // max(1, columns))
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))
