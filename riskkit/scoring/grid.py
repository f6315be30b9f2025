"""Units × items as arrays, and the means of roll-ups over them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Grid:
    """Units × items: points, missing where nothing applies; observed, missing where nothing was measured; and the
    shares measured, applicable and by evidence class (0 or 1 for a unit, in between for a roll-up)."""

    points: np.ndarray
    observed: np.ndarray
    measured: np.ndarray
    applicable: np.ndarray
    classes: dict[str, np.ndarray]

    def rows(self, chosen: list[int]) -> Grid:
        """Some of the units."""
        return Grid(
            self.points[chosen],
            self.observed[chosen],
            self.measured[chosen],
            self.applicable[chosen],
            {name: values[chosen] for name, values in self.classes.items()},
        )

    def mean(self, weights: np.ndarray) -> Grid:
        """One row: the mean over units weighted by staff, each item over the units it applies to."""
        applies = self.applicable > 0
        return Grid(
            _mean(self.points, ~np.isnan(self.points), weights),
            _mean(self.observed, ~np.isnan(self.observed), weights),
            np.nan_to_num(_mean(self.measured, applies, weights)),
            applies.any(axis=0, keepdims=True).astype("float64"),
            {name: np.nan_to_num(_mean(values, applies, weights)) for name, values in self.classes.items()},
        )

    def stacked(self, others: list[Grid]) -> Grid:
        """This grid with others below it."""
        grids = [self, *others]
        return Grid(
            np.concatenate([grid.points for grid in grids]),
            np.concatenate([grid.observed for grid in grids]),
            np.concatenate([grid.measured for grid in grids]),
            np.concatenate([grid.applicable for grid in grids]),
            {name: np.concatenate([grid.classes[name] for grid in grids]) for name in self.classes},
        )


def _mean(values: np.ndarray, where: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted mean of each column over the rows where it counts, as one row; missing where none does."""
    share = np.where(where, weights[:, None], 0.0)
    total = share.sum(axis=0, keepdims=True)
    summed = (np.where(where, values, 0.0) * share).sum(axis=0, keepdims=True)
    return np.asarray(np.divide(summed, total, out=np.full_like(total, np.nan), where=total > 0))


def share(part: np.ndarray, whole: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Σ part·weight ÷ Σ whole·weight of each row; 0 where the whole is empty."""
    total = (whole * weights).sum(axis=1)
    return np.asarray(
        np.divide((part * weights).sum(axis=1), total, out=np.zeros(len(part)), where=total > 0)
    )
