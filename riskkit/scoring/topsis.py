"""TOPSIS: units ranked by how near they are to the best, and how far from the worst, of what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from riskkit.errors import Misuse, unknown

Direction = Literal["higher_better", "lower_better"]
TIE_DECIMALS = 12
"""Values that agree to so many decimals are one value: what rounding leaves behind must not decide a rank."""


@dataclass(frozen=True)
class Topsis:
    """What TOPSIS says of units, and what it measured them against.

    `units`: indexed as the table, `to_ideal, to_anti_ideal` (Euclidean distances in weighted normalised units, lower
    and higher are better), `closeness` (0-1, higher is better) and `rank` (1 is best, equal closeness shares the better
    rank). `criteria`: indexed by criterion, `weight` (they sum to 1), `direction`, and `ideal`, `anti_ideal`: the best
    and the worst weighted normalised value found.
    """

    units: pd.DataFrame
    criteria: pd.DataFrame


def topsis(
    table: pd.DataFrame, weights: Mapping[str, float], directions: Mapping[str, Direction] | None = None
) -> Topsis:
    """Rank units (rows) on criteria (columns): technique for order preference by similarity to ideal solution.

    Each column is divided by its Euclidean length, which takes its unit away, and multiplied by its weight; weights are
    any numbers from 0 up, rescaled to sum to 1. The ideal holds the best value of every column, the anti-ideal the
    worst; closeness = distance to the anti-ideal ÷ the sum of both distances. A criterion that `directions` does not
    name is better the higher it is.

    A missing value leaves both of its unit's distances, and the unit's other weights are rescaled to sum to 1; it
    enters no column's length, ideal or anti-ideal. A column without two different values tells no unit from another
    and counts for nothing; a unit left with such columns alone has no closeness and no rank.

    Raises `Misuse` for a weight that is missing, negative, not finite or of no column, for weights that are all 0, for
    an infinite value and for a direction of no column.

        >>> papers = pd.DataFrame({"kept": [0.9, 0.7], "lost": [3, 1]}, index=["N", "S"])
        >>> topsis(papers, {"kept": 0.6, "lost": 0.4}, {"lost": "lower_better"}).units["rank"].tolist()
        [2.0, 1.0]

    Source: Hwang and Yoon (1981), *Multiple Attribute Decision Making*, Springer.
    """
    values = table.to_numpy(dtype="float64")
    if np.isinf(values).any():
        raise Misuse("topsis_infinite", column=str(table.columns[np.isinf(values).any(axis=0)][0]))
    shares = _shares(list(table.columns), weights)
    senses = _senses(list(table.columns), directions or {})
    scaled = shares * unit_length(values)
    best, worst = _extremes(scaled, senses)
    near, far = distances(scaled, best, worst, shares)
    close = closeness(near, far)
    units = pd.DataFrame({"to_ideal": near, "to_anti_ideal": far, "closeness": close}, index=table.index)
    units["rank"] = units["closeness"].round(TIE_DECIMALS).rank(ascending=False, method="min")
    named = np.where(senses > 0, "higher_better", "lower_better")
    criteria = {"weight": shares, "direction": named, "ideal": best, "anti_ideal": worst}
    return Topsis(units, pd.DataFrame(criteria, index=table.columns))


def unit_length(values: np.ndarray) -> np.ndarray:
    """Columns divided by their Euclidean length, missing values aside; a column of zeros stays as it is."""
    largest = _column_maximum(np.abs(values))
    scaled = values / np.where(largest > 0, largest, 1.0)  # first, so that squares cannot overflow or vanish
    length = np.sqrt(np.nansum(scaled**2, axis=0))
    return np.asarray(scaled / np.where(length > 0, length, 1.0))


def distances(
    scaled: np.ndarray, best: np.ndarray, worst: np.ndarray, shares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Each row's distances to the ideal and the anti-ideal, over what it has, its weights rescaled to sum to 1."""
    known = (~np.isnan(scaled)) @ shares
    rescale = np.divide(1.0, known, out=np.full(len(scaled), np.nan), where=known > 0)
    near = np.sqrt(np.nansum((scaled - best) ** 2, axis=1)) * rescale
    far = np.sqrt(np.nansum((scaled - worst) ** 2, axis=1)) * rescale
    return near, far


def closeness(near: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Share of the way from the anti-ideal to the ideal; missing where both are at no distance."""
    both = near + far
    return np.asarray(np.divide(far, both, out=np.full_like(both, np.nan), where=both > 0))


def _extremes(scaled: np.ndarray, senses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best and the worst value of every column; missing for one without values."""
    turned = scaled * senses
    return _column_maximum(turned) * senses, -_column_maximum(-turned) * senses


def _column_maximum(values: np.ndarray) -> np.ndarray:
    largest = np.max(np.where(np.isnan(values), -np.inf, values), axis=0, initial=-np.inf)
    return np.where(np.isinf(largest), np.nan, largest)


def _shares(columns: list[str], weights: Mapping[str, float]) -> np.ndarray:
    for name in weights:
        if name not in columns:
            raise unknown("unknown_criterion", name, columns)
    given = np.array([weights.get(name, np.nan) for name in columns], dtype="float64")
    wrong = ~np.isfinite(given) | (given < 0)
    if wrong.any():
        first = int(np.argmax(wrong))
        raise Misuse("criterion_weight", criterion=columns[first], found=weights.get(columns[first]))
    if not given.sum() > 0:
        raise Misuse("criterion_weights_zero")
    return np.asarray(given / given.sum())


def _senses(columns: list[str], directions: Mapping[str, Direction]) -> np.ndarray:
    """1 where higher is better, −1 where lower is."""
    for name in directions:
        if name not in columns:
            raise unknown("unknown_criterion", name, columns)
        if directions[name] not in ("higher_better", "lower_better"):
            raise unknown("unknown_direction", directions[name], ["higher_better", "lower_better"])
    return np.array([-1.0 if directions.get(name) == "lower_better" else 1.0 for name in columns])
