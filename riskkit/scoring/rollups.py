"""Units that roll up others: the means of everything below them."""

from __future__ import annotations

import numpy as np
from scipy import sparse


class Rollups:
    """The units at the places `together` of a register, each with every unit below it, itself included.

    `parents` is the place of each unit's parent, −1 for none. A mean of an item runs over the units it applies to,
    weighted by staff.
    """

    def __init__(self, parents: np.ndarray, staff: np.ndarray, together: np.ndarray) -> None:
        self.together = together
        self.below = _below(parents, together)
        self.staffed = self.below @ sparse.diags_array(staff)

    def mean(self, values: np.ndarray, where: np.ndarray) -> np.ndarray:
        """Roll-ups × columns: the mean of units × columns values where they count; missing where none does."""
        total = self.staffed @ where.astype("float64")
        summed = self.staffed @ np.where(where, values, 0.0)
        return np.asarray(np.divide(summed, total, out=np.full_like(total, np.nan), where=total > 0))

    def anywhere(self, where: np.ndarray) -> np.ndarray:
        """Roll-ups × columns: 1 where any unit counts, with staff or without, 0 elsewhere."""
        return np.where(self.below @ where.astype("float64") > 0, 1.0, 0.0)

    def deductions(self, deducted: np.ndarray, assessed: np.ndarray) -> np.ndarray:
        """The mean deduction of the assessed units below, and in full what the office itself was found to have done."""
        below = np.nan_to_num(self.mean(deducted[:, None], assessed[:, None])[:, 0])
        return np.asarray(below + deducted[self.together])


def _below(parents: np.ndarray, together: np.ndarray) -> sparse.csr_array:
    """Roll-ups × units: 1 where a unit is the roll-up or stands below it, at any depth."""
    shape = (len(together), len(parents))
    if not len(together):
        return sparse.csr_array(shape)
    row_of = np.full(len(parents), -1)
    row_of[together] = np.arange(len(together))
    unit = at = np.arange(len(parents))
    rows, columns = [], []
    while len(unit):
        inside = row_of[at] >= 0
        rows.append(row_of[at][inside])
        columns.append(unit[inside])
        above = parents[at]
        unit, at = unit[above >= 0], above[above >= 0]
    row, column = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_array((np.ones(len(row)), (row, column)), shape=shape)
