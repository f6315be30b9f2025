"""How much of a unit's weight is measured, and on evidence of which class."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from riskkit.evidence.arrays import MeasureArrays
from riskkit.scoring.rollups import Rollups


class Shares:
    """How much of the weight of each unit is measured, and on which classes of evidence."""

    def __init__(self, nominal: np.ndarray, measured: np.ndarray, applicable: np.ndarray) -> None:
        self.nominal = nominal
        self.measured = measured
        self.applicable = applicable

    @cached_property
    def covered(self) -> np.ndarray:
        """Weight measured or carried over, a unit."""
        return np.asarray(self.measured @ self.nominal)

    def coverage(self) -> np.ndarray:
        """Weight measured or carried over ÷ weight of everything applicable; 0 where nothing is."""
        return ratio(self.covered, self.applicable @ self.nominal)

    def of(self, marked: np.ndarray) -> np.ndarray:
        """Weight of some of what was measured ÷ weight of all that was."""
        return ratio(marked @ self.nominal, self.covered)


def ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Part ÷ whole, 0 where the whole is nothing."""
    return np.asarray(np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0))


def shares(
    nominal: np.ndarray, arrays: MeasureArrays, alone: np.ndarray, rollups: Rollups
) -> tuple[Shares, Callable[[tuple[str, ...]], np.ndarray]]:
    """`Shares` of the units at the places `alone`, then of roll-ups; and the share of weight on some classes."""
    every = slice(None) if len(alone) == len(arrays.values) else alone

    def stacked(marked: np.ndarray, rolled: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        if not len(rollups.together):
            return np.asarray(marked[every])
        return np.concatenate([marked[every], rolled(marked)])

    def mean(marked: np.ndarray) -> np.ndarray:
        return np.asarray(np.nan_to_num(rollups.mean(marked, arrays.applicable > 0)))

    # What applies only to units without staff is no part of a mean, and yet not covered.
    both = Shares(nominal, stacked(arrays.measured, mean), stacked(arrays.applicable, rollups.anywhere))

    def on_classes(classes: tuple[str, ...]) -> np.ndarray:
        return both.of(stacked(arrays.of_class(classes), mean))

    return both, on_classes
