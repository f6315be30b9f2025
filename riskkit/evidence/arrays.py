"""Measures as arrays, for scoring in bulk."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from riskkit.evidence.states import CLASSES, COUNTED, NOT_APPLICABLE, STATES


@dataclass(frozen=True)
class MeasureArrays:
    """Measures as units × items arrays, column by column in memory, rows in the order of the register.

    `values` are missing unless measured or carried over; `states` are places in `STATES`, `classes` of evidence places
    in `CLASSES`, both −1 where an item is not for the unit.
    """

    items: tuple[str, ...]
    values: np.ndarray
    states: np.ndarray
    classes: np.ndarray

    def among(self, states: Iterable[str]) -> np.ndarray:
        """Where the state is one of these."""
        return self._marks[tuple(states)]

    def of_class(self, classes: Iterable[str]) -> np.ndarray:
        """1 where something was measured or carried over on evidence of one of these classes, 0 elsewhere."""
        return self._class_marks[tuple(classes)]

    @cached_property
    def measured(self) -> np.ndarray:
        """1 where something was measured or carried over, 0 elsewhere."""
        return self.among(COUNTED).astype("float64")

    @cached_property
    def applicable(self) -> np.ndarray:
        """1 where an item applies, measured or not, 0 elsewhere."""
        return np.where((self.states >= 0) & ~self.among([NOT_APPLICABLE]), 1.0, 0.0)

    @cached_property
    def _marks(self) -> _Marks:
        return _Marks(lambda states: np.isin(self.states, [STATES.index(state) for state in states]))

    @cached_property
    def _class_marks(self) -> _Marks:
        def mark(classes: tuple[str, ...]) -> np.ndarray:
            held = np.isin(self.classes, [CLASSES.index(name) for name in classes])
            return np.where(held, self.measured, 0.0)

        return _Marks(mark)

    @cached_property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """The least and the greatest value of each item; missing where any unit's is."""
        if not len(self.values):
            none = np.full(len(self.items), np.nan)
            return none, none
        return self.values.min(axis=0), self.values.max(axis=0)

    def take(self, items: Iterable[str]) -> MeasureArrays:
        """The same for other items or in another order; an item not measured is for no unit."""
        wanted = tuple(items)
        if wanted == self.items:
            return self
        at = pd.Index(self.items).get_indexer(pd.Index(wanted))
        values, states, classes = (
            np.asfortranarray(np.where(at >= 0, array[:, at], gap))
            for array, gap in ((self.values, np.nan), (self.states, -1), (self.classes, -1))
        )
        return MeasureArrays(wanted, values, states, classes)


class _Marks(dict[tuple[str, ...], np.ndarray]):
    """Masks made when first asked for."""

    def __init__(self, make: Callable[[tuple[str, ...]], np.ndarray]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, names: tuple[str, ...]) -> np.ndarray:
        self[names] = self._make(names)
        return self[names]


def spread(
    found: np.ndarray, frame: pd.DataFrame, units: pd.Index, items: Iterable[str], gap: float
) -> np.ndarray:
    """Numbers of a frame with a row a unit and item, as units × items; `gap` where there is no row."""
    names = pd.Index(list(items))
    row, column = units.get_indexer(pd.Index(frame["unit"])), names.get_indexer(pd.Index(frame["item"]))
    inside = (row >= 0) & (column >= 0)
    array = np.full((len(units), len(names)), gap, dtype=found.dtype, order="F")
    array[row[inside], column[inside]] = found[inside]
    return array


def arrays_of(frame: pd.DataFrame, units: pd.Index, items: Iterable[str]) -> MeasureArrays:
    """The frame of `Measures` as arrays."""
    names = tuple(items)
    state = pd.Index(STATES).get_indexer(pd.Index(frame["state"])).astype("int8")
    counted = np.isin(state, [STATES.index(name) for name in COUNTED])
    values = np.where(counted, frame["value"].to_numpy(dtype="float64"), np.nan)
    classes = pd.Index(CLASSES).get_indexer(pd.Index(frame["confidence"])).astype("int8")
    gaps = ((values, np.nan), (state, -1), (classes, -1))
    return MeasureArrays(names, *(spread(found, frame, units, names, gap) for found, gap in gaps))
