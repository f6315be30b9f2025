"""From a measured value to points: every scale of a model becomes a curve, and curves are read in bulk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from riskkit.model.schema import Goalposts, Item, ModelSpec


class Curve(Protocol):
    """Points for any array of values: same shape, never falling in the item's direction; missing stays missing."""

    def points(self, values: np.ndarray) -> np.ndarray:
        """Points 0-maximum."""


@dataclass(frozen=True)
class Lines:
    """Straight lines between knots, flat outside them; over the logarithm of the value if `log`.

    `x` and `y` hold the knots along their last axis; further axes in front (draws of perturbed knots) broadcast against
    the values' own. Summed as ramps, first + Σ slope · clip(value − knot, 0, width), so that rounding cannot turn the
    curve back.

        >>> Lines(np.array([0.9, 1.0]), np.array([60.0, 100.0])).points(np.array([0.95]))
        array([80.])
    """

    x: np.ndarray
    y: np.ndarray
    log: bool = False

    def points(self, values: np.ndarray) -> np.ndarray:
        """Points; the logarithm of what is not positive counts as below every knot."""
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.log(np.maximum(values, 0.0))
        found = self.y[..., 0] + np.zeros_like(values)
        widths, rises = np.diff(self.x), np.diff(self.y)
        for segment in range(widths.shape[-1]):
            width, rise = widths[..., segment], rises[..., segment]
            found += np.clip(values - self.x[..., segment], 0.0, width) * (rise / width)
        return np.where(np.isnan(values), np.nan, found)


def curve(item: Item, model: ModelSpec) -> Curve:
    """The curve of an item's scale.

    Piecewise linear: straight lines between the model's points. Goalposts: the share of the way from `low` to `high`,
    of logarithms if `log`, clipped to 0-1 (UNDP, *Human Development Report*, technical note 1).
    """
    scale = item.scale
    if isinstance(scale, Goalposts):
        ends = np.array([scale.low, scale.high])
        return Lines(np.log(ends) if scale.log else ends, np.array([0.0, model.score.maximum]), scale.log)
    known, given = zip(*scale.points, strict=True)
    return Lines(np.array(known), np.array(given))


def published(scores: np.ndarray, decimals: int) -> np.ndarray:
    """Scores rounded once, half up. What differs from a half by less than 1e-6 of the last place counts as a half.

    >>> published(np.array([82.345, 82.3449]), 2)
    array([82.35, 82.34])
    """
    unit = 10.0**decimals
    return np.asarray(np.floor(np.round(scores * unit, 6) + 0.5) / unit)
