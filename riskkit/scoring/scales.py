"""From a measured value to points: every scale of a model becomes a curve, and curves are read in bulk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from riskkit.errors import ModelRefused
from riskkit.model import schema as s
from riskkit.model.check_scales import unreadable
from riskkit.model.checks import walk
from riskkit.model.indicator_model import as_problem

ALIKE = 1e-12
"""A value short of a threshold by no more than this share of it has reached it: 0.07 × 100 is a little above 7."""


class Curve(Protocol):
    """Points for any array of values: same shape, never falling in the item's direction; missing stays missing."""

    def points(self, values: np.ndarray) -> np.ndarray:
        """Points 0-maximum."""


@dataclass(frozen=True)
class Lines:
    """Straight lines between knots, flat outside them; over the logarithm of the value if `log`.

    `x` and `y` hold the knots along their last axis; further axes in front (draws of perturbed knots) broadcast against
    the values' own. Summed as ramps, first + Σ slope · clip(value − knot, 0, width), so that rounding cannot turn the
    curve back, and held between the lowest and the highest knot.

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
            found = found + np.clip(values - self.x[..., segment], 0.0, width) * (rise / width)
        held = np.clip(found, self.y.min(axis=-1), self.y.max(axis=-1))
        return np.where(np.isnan(values), np.nan, held)

    def stretched(self, values: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """Values × factors: points if the way from full marks to every other knot were so many times as long.

        Full marks stay where they are, so a value scores what one `factor` times nearer to them does now.
        """
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.log(np.maximum(values, 0.0))
        best = self.x[np.argmax(self.y)]
        return Lines(self.x, self.y).points(best + (values[:, None] - best) / factors)


@dataclass(frozen=True)
class Stairs:
    """Level between thresholds `x`; `y` is one longer, the points below the first, between each two, above the last.

    A threshold belongs to the better side: to the upper one if `rising`, else to the lower one.

        >>> Stairs(np.array([0.8, 0.95]), np.array([0.0, 60.0, 100.0]), rising=True).points(np.array([0.8]))
        array([60.])
    """

    x: np.ndarray
    y: np.ndarray
    rising: bool

    def points(self, values: np.ndarray) -> np.ndarray:
        """Points of the step a value stands on."""
        slack = ALIKE * np.abs(self.x)
        if self.rising:
            step = np.searchsorted(self.x - slack, values, side="right")
        else:
            step = np.searchsorted(self.x + slack, values, side="left")
        return np.where(np.isnan(values), np.nan, self.y[step])


@dataclass(frozen=True)
class Places:
    """The place of a value among the sorted `reference` of n values, by one way of counting, times the maximum.

    With L values worse and E equal: rank (L + E) ÷ n, so that ties share the better rank; percentile (L + E/2) ÷ n;
    borda (L + (E − 1)/2) ÷ (n − 1) within 0-1, which is the Borda count of a member of the reference, and half-way
    between its neighbours for a newcomer.

        >>> Places(np.array([1.0, 2.0, 2.0, 4.0]), "percentile", 100.0, rising=True).points(np.array([2.0]))
        array([50.])
    """

    reference: np.ndarray
    way: Literal["rank", "percentile", "borda"]
    maximum: float
    rising: bool

    def points(self, values: np.ndarray) -> np.ndarray:
        """Points by the values' places."""
        n = len(self.reference)
        below = np.searchsorted(self.reference, values, side="left")
        up_to = np.searchsorted(self.reference, values, side="right")
        worse, equal = below if self.rising else n - up_to, up_to - below
        if self.way == "rank":
            share = (worse + equal) / n
        elif self.way == "percentile":
            share = (worse + equal / 2) / n
        else:
            share = np.clip((worse + (equal - 1) / 2) / (n - 1), 0.0, 1.0)
        return np.where(np.isnan(values), np.nan, self.maximum * share)


def curve(item: s.Item, model: s.ModelSpec) -> Curve:
    """The curve of an item's scale; points run from 0 to the model's maximum.

    Piecewise linear and steps: as the model draws them. Goalposts: the share of the way from the worse to the better
    one, of logarithms if `log`, clipped to 0-1 (UNDP, *Human Development Report*, technical note 1). Distance to
    target, min-max, z-score, rank and percentile rank: OECD and JRC, *Handbook on Constructing Composite Indicators*
    (2008), step 5. Borda count: Borda (1781). Relative scales compare with the model's reference, which stays the same
    when later periods come; the standard deviation is that of a population.

    Raises `ModelRefused` where a relative scale has no reference values, or none that differ, naming every such item.

        >>> curve(model.items["A1.1"], model.spec).points(np.array([0.95, np.nan]))
        array([80., nan])
    """
    scale, maximum = item.scale, model.score.maximum
    rising = item.direction == "higher_better"
    if isinstance(scale, s.Relative):
        return _relative(scale, _values(item, model), maximum, rising)
    if isinstance(scale, s.Goalposts):
        ends = np.array([scale.low, scale.high])
        return _between(np.log(ends) if scale.log else ends, maximum, rising, scale.log)
    if isinstance(scale, s.DistanceToTarget):
        return _to_target(scale, maximum)
    known, given = (np.array(half) for half in zip(*scale.points, strict=True))
    if isinstance(scale, s.Steps):
        scores = [scale.otherwise, *given] if rising else [*given, scale.otherwise]
        return Stairs(known, np.array(scores), rising)
    return Lines(known, given)


def _between(ends: np.ndarray, maximum: float, rising: bool, log: bool = False) -> Lines:
    """Straight from nothing at the worse end to the maximum at the better one."""
    return Lines(ends, np.array([0.0, maximum] if rising else [maximum, 0.0]), log)


def _to_target(scale: s.DistanceToTarget, maximum: float) -> Lines:
    """The target is the best of the knots; the zero lies on its worse side, or on both."""
    if scale.both_sides:
        reach = abs(scale.target - scale.zero_at)
        return Lines(scale.target + reach * np.array([-1.0, 0.0, 1.0]), np.array([0.0, maximum, 0.0]))
    rising = scale.zero_at < scale.target
    return _between(np.sort([scale.zero_at, scale.target]), maximum, rising)


def _relative(scale: s.Relative, values: np.ndarray, maximum: float, rising: bool) -> Curve:
    if isinstance(scale, s.MinMax):
        return _between(values[[0, -1]], maximum, rising)
    if isinstance(scale, s.ZScore):
        sign = 1.0 if rising else -1.0
        zero, full = ((points - scale.at_mean) / scale.per_sd * sign for points in (0.0, maximum))
        return _between(values.mean() + values.std() * np.sort([zero, full]), maximum, rising)
    return Places(values, _WAYS[type(scale)], maximum, rising)


_WAYS: dict[type[s.Relative], Literal["rank", "percentile", "borda"]] = {
    s.Rank: "rank",
    s.Percentile: "percentile",
    s.Borda: "borda",
}


def _values(item: s.Item, model: s.ModelSpec) -> np.ndarray:
    """The item's reference values, lowest first."""
    if unreadable(model, [item]):
        items = [node for _, node in walk(model.nodes, ()) if isinstance(node, s.Item)]
        problems = [as_problem(fault, "") for fault in unreadable(model, items)]
        raise ModelRefused("model_refused", problems, model=model.id)
    assert model.reference is not None, "a scale that can be read has its reference"
    return np.array(model.reference.items[item.id])


def published(scores: np.ndarray, decimals: int) -> np.ndarray:
    """Scores rounded once, half up. What falls short of a half by less than 1e-6 of the last place counts as a half.

    >>> published(np.array([82.345, 82.3449]), 2)
    array([82.35, 82.34])
    """
    return last_places(scores, decimals) / 10.0**decimals


def last_places(scores: np.ndarray, decimals: int) -> np.ndarray:
    """`published` scores as whole numbers of their last place: 82.35 with two decimals is 8235."""
    places = scores * 10.0**decimals
    places += 0.5 + 1e-6
    return np.asarray(np.floor(places))
