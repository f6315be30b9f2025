"""One matrix of pairwise comparisons: checked, filled from its other side, completed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize
from scipy.sparse.csgraph import connected_components

from riskkit.errors import DataRefused, Problem
from riskkit.scoring.ahp_priorities import RECIPROCAL, Floats, eigenvectors


def labelled(matrix: pd.DataFrame | npt.ArrayLike, names: Sequence[str] | None = None) -> pd.DataFrame:
    """A square frame with the same names on both sides; raises `DataRefused` for any other."""
    frame = matrix if isinstance(matrix, pd.DataFrame) else pd.DataFrame(np.asarray(matrix, dtype=object))
    rows, columns = frame.shape
    if rows != columns or not rows or (names is not None and len(names) != rows):
        found = f"{rows} × {columns}" + (f" / {len(names)}" if names is not None else "")
        raise DataRefused("comparisons_refused", [Problem("comparison.square", values={"found": found})])
    if names is not None:
        frame = frame.set_axis(list(names), axis=0).set_axis(list(names), axis=1)
    if list(frame.index) != list(frame.columns) or not frame.index.is_unique:
        found = " / ".join(", ".join(map(str, side)) for side in (frame.index, frame.columns))
        raise DataRefused("comparisons_refused", [Problem("comparison.names", values={"found": found})])
    return frame


def filled(frame: pd.DataFrame) -> pd.DataFrame:
    """As numbers, one side of a pair filled from the other; raises `DataRefused` with every fault."""
    names = [str(name) for name in frame.index]
    values = np.array([[_number(entry) for entry in row] for row in frame.to_numpy(dtype=object)])
    problems = list(_faults(names, frame.to_numpy(dtype=object), values))
    if problems:
        raise DataRefused("comparisons_refused", problems)
    np.fill_diagonal(values, 1.0)
    missing = np.isnan(values)
    values[missing] = 1.0 / values.T[missing]
    return pd.DataFrame(values, index=frame.index, columns=frame.columns)


def _number(entry: Any) -> float:
    """The number, nan for a missing one, −1 for what is none."""
    if pd.isna(entry):
        return np.nan
    try:
        return float(entry)
    except (TypeError, ValueError):
        return -1.0


def _faults(names: list[str], entries: npt.NDArray[Any], values: Floats) -> Iterator[Problem]:
    good = np.isnan(values) | ((values > 0) & np.isfinite(values))
    for i, j in np.argwhere(~good):
        yield _fault("positive", names[i], names[j], found=str(entries[i, j]))
    for i, j in combinations(range(len(names)), 2):
        if good[i, j] and good[j, i] and abs(values[i, j] * values[j, i] - 1.0) > RECIPROCAL:
            yield _fault(
                "reciprocal", names[i], names[j], found=f"{values[i, j]:g}", other=f"{values[j, i]:g}"
            )
    for i, name in enumerate(names):
        if good[i, i] and abs(values[i, i] - 1.0) > RECIPROCAL:
            yield _fault("diagonal", name, name, found=f"{values[i, i]:g}")


def _fault(code: str, left: str, right: str, **values: str) -> Problem:
    return Problem(f"comparison.{code}", cell=f"{left} / {right}", values=values)


def connected(frame: pd.DataFrame) -> pd.DataFrame:
    """The same frame, if comparisons connect everything in it; raises `DataRefused` naming the parts otherwise."""
    found = parts(frame.to_numpy())
    if len(found) > 1:
        named = " | ".join(", ".join(str(frame.index[place]) for place in part) for part in found)
        raise DataRefused("comparisons_refused", [Problem("comparison.parts", values={"found": named})])
    return frame


def parts(values: Floats) -> list[list[int]]:
    """The groups of things that comparisons connect."""
    count, label = connected_components(~np.isnan(values), directed=False)
    return [np.flatnonzero(label == part).tolist() for part in range(count)]


# --- missing comparisons


def completed(given: Floats) -> Floats:
    """The matrix with every missing pair (nan on both sides) given the value that makes λ_max smallest.

    λ_max is convex in the logarithms of the missing values, strictly so where comparisons connect everything, which
    must be so here: there is one minimum. Source: Bozóki, Fülöp and Rónyai (2010), On optimal completion of incomplete
    pairwise comparison matrices, Math. Comput. Modelling 52, 318-333.
    """
    rows, columns = np.nonzero(np.triu(np.isnan(given), 1))
    if not len(rows):
        return given.copy()
    search = _Search(given, rows, columns)
    near = optimize.minimize(
        search.value, search.start(), jac=search.slope, method="BFGS", options={"gtol": 1e-9}
    )
    # The minimum is flat: where the slope vanishes is known far better than where the value is lowest.
    sharp = optimize.root(search.slope, near.x, method="hybr", options={"xtol": 1e-14})
    best = min((near.x, sharp.x), key=lambda logs: float(np.abs(search.slope(logs)).max()))
    return search.filled(best)


class _Search:
    """λ_max and its slope as functions of the logarithms of the missing comparisons."""

    def __init__(self, given: Floats, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> None:
        self.given = given
        self.rows = rows
        self.columns = columns

    def start(self) -> Floats:
        """What weights by logarithmic least squares over the comparisons made would say."""
        i, j = np.nonzero(np.triu(~np.isnan(self.given), 1))
        pair = np.arange(len(i))
        system = np.zeros((len(i) + 1, len(self.given)))
        system[pair, i], system[pair, j] = 1.0, -1.0
        system[-1] = 1.0
        logs = np.linalg.lstsq(system, np.append(np.log(self.given[i, j]), 0.0), rcond=None)[0]
        return np.asarray(logs[self.rows] - logs[self.columns], dtype=np.float64)

    def filled(self, logs: Floats) -> Floats:
        """The matrix with these logarithms in the missing places."""
        matrix = self.given.copy()
        matrix[self.rows, self.columns] = np.exp(logs)
        matrix[self.columns, self.rows] = np.exp(-logs)
        return matrix

    def value(self, logs: Floats) -> float:
        """λ_max."""
        matrix = self.filled(logs)
        return float((matrix @ eigenvectors(matrix[None])[0]).sum())

    def slope(self, logs: Floats) -> Floats:
        """∂λ/∂ln a_ij = (v_i a_ij w_j − v_j a_ji w_i) ÷ v·w with the left eigenvector v and the right one w."""
        matrix = self.filled(logs)
        right, left = eigenvectors(np.stack([matrix, matrix.T]))
        flow = left[:, None] * matrix * right / (left @ right)
        return np.asarray((flow - flow.T)[self.rows, self.columns], dtype=np.float64)
