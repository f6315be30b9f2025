"""A frame's rows by what a column says, found without looking through all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd


class Rows:
    """The rows of a frame, one name of a column after the other; the frame must not be changed afterwards.

    >>> Rows(assessment.items).of("0103")
    """

    def __init__(self, frame: pd.DataFrame, column: str = "unit") -> None:
        self._frame = frame
        found = frame.groupby(column, sort=False).indices
        self._places = {name: np.asarray(places) for name, places in found.items()}

    def of(self, name: str) -> pd.DataFrame:
        """The rows of a name, in the frame's order and under its index; none for a name that does not stand there."""
        places = self._places.get(name)
        if places is None:
            return self._frame.iloc[:0]
        first, end = int(places[0]), int(places[-1]) + 1
        return self._frame.iloc[first:end] if end - first == len(places) else self._frame.take(places)
