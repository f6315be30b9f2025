"""From a measured value to points."""

from __future__ import annotations

import numpy as np

from riskkit.model.schema import Goalposts, PiecewiseLinear


def points(values: np.ndarray, scale: PiecewiseLinear | Goalposts, maximum: float) -> np.ndarray:
    """Points 0…`maximum` for each value; missing stays missing.

    Piecewise linear: straight lines between the model's points, flat outside them. Goalposts: the share of the way
    from `low` to `high`, of logarithms if `log`, clipped to 0-1 (UNDP, *Human Development Report*, technical note 1).

        >>> points(np.array([0.95]), PiecewiseLinear(type="piecewise_linear", points=((0.9, 60), (1, 100))), 100)
        array([80.])
    """
    if isinstance(scale, PiecewiseLinear):
        known, given = zip(*scale.points, strict=True)
        return np.where(np.isnan(values), np.nan, np.interp(values, known, given))
    low, high = scale.low, scale.high
    with np.errstate(divide="ignore", invalid="ignore"):
        if scale.log:
            values, low, high = np.log(values), np.log(low), np.log(high)
        return np.asarray(np.clip((values - low) / (high - low), 0, 1) * maximum)


def published(scores: np.ndarray, decimals: int) -> np.ndarray:
    """Scores rounded once, half up. What differs from a half by less than 1e-6 of the last place counts as a half.

    >>> published(np.array([82.345, 82.3449]), 2)
    array([82.35, 82.34])
    """
    unit = 10.0**decimals
    return np.asarray(np.floor(np.round(scores * unit, 6) + 0.5) / unit)
