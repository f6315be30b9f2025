"""Borda count: every item votes, and a unit has the weighted mean of the places it was given."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskkit.scoring.topsis import TIE_DECIMALS


def borda(points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The share of the other units that a unit leaves behind, meant over items by weight: 0-1, higher is better.

    `points`: units × items, higher is better; `weights`: items, from 0 up, rescaled to sum to 1 over what a unit has.
    On an item a unit has (units behind it + ½ · units level with it) ÷ (units with points there − 1). Missing points
    leave the item's count and the unit's mean; an item that only one unit has tells nothing and counts for nothing; a
    unit without items has no count.

        >>> borda(np.array([[90.0, 40.0], [70.0, 60.0], [70.0, 80.0]]), np.array([0.5, 0.5]))
        array([0.5  , 0.375, 0.625])

    Source: Borda (1781), Mémoire sur les élections au scrutin; ties at half: Black (1958), *The Theory of Committees
    and Elections*, Cambridge.
    """
    columns = pd.DataFrame(points).round(TIE_DECIMALS)
    others = columns.count().to_numpy() - 1.0
    places = columns.rank(method="average").to_numpy() - 1.0
    shares = places / np.where(others > 0, others, 1.0)
    counted = np.where(np.isnan(shares) | (others <= 0), 0.0, weights)
    total = counted.sum(axis=1)
    summed = (counted * np.nan_to_num(shares)).sum(axis=1)
    return np.asarray(np.divide(summed, total, out=np.full_like(total, np.nan), where=total > 0))
