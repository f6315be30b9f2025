"""How the change of a weighted generalised mean splits over its children, exactly and the same both ways in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskkit.scoring.plan import NIL, generalised_mean


@dataclass(frozen=True)
class Sides:
    """A mean before and after, rows × children: `scores`, missing where a child is; `weights`, one a child; the mean's
    `exponent`, the same on both sides."""

    scores: tuple[np.ndarray, np.ndarray]
    weights: tuple[np.ndarray, np.ndarray]
    exponent: float

    def mean(self, side: int) -> np.ndarray:
        """The mean of one side, a row."""
        block = (self.scores[side], self.weights[side][:, None])
        return generalised_mean([block], (), self.exponent)[:, 0]

    def counted(self, side: int) -> np.ndarray:
        """The weights of the children that have a score; 0 for the others."""
        return np.where(np.isnan(self.scores[side]), 0.0, self.weights[side])


@dataclass(frozen=True)
class MeanSplit:
    """The change of a mean = Σ `slope` × (change of the child's score) + Σ `own`, rows × children.

    `own` is what a change of the child's weight did, or its coming or going. For a child that is on one side only it
    is `reach` × (score − `level`): how far the child lies from the mean, and how much of that is felt.
    """

    slope: np.ndarray
    own: np.ndarray
    reach: np.ndarray
    level: np.ndarray


def split_mean(sides: Sides, means: tuple[np.ndarray, np.ndarray]) -> MeanSplit:
    """Split the change of a mean over its children.

    With g(x) = (x^p − 1) ÷ p (the logarithm for p = 0), u the weights of what has a score, D their sum and bars for the
    mean of both sides, g(F₁) − g(F₀) = Σ [u₁ (g(x₁) − ḡ(F)) − u₀ (g(x₀) − ḡ(F))] ÷ D̄, so that a child whose score and
    weight stay has no part in it. For p = 0 this is the logarithmic mean Divisia index: Ang (2005). Where the lower
    of the two means is held by its least children (the minimum; a child of 0 with p ≤ 0), these have the whole
    change, by weight: the limit of the same terms for p → −∞, and for a score → 0.
    """
    held = _held(sides.exponent, means)
    if held.all():
        return _by_holders(sides, means)
    found = _by_transform(sides, means)
    if not held.any():
        return found
    least = _by_holders(sides, means)
    parts = zip(vars(least).values(), vars(found).values(), strict=True)
    return MeanSplit(*(np.where(held if a.ndim == 1 else held[:, None], a, b) for a, b in parts))


def pass_level(
    scores: np.ndarray, weights: np.ndarray, exponent: float, mean: np.ndarray, level: np.ndarray
) -> np.ndarray:
    """Rows × children: the factors f with Σ f × (score − level) = mean − level, for a mean that comes or goes whole."""
    counted = np.where(np.isnan(scores), 0.0, weights)
    shares = _ratio(counted, counted.sum(axis=1, keepdims=True))
    if exponent == 1:
        return shares
    held = _held(exponent, (mean, mean))
    least = _holders(scores, counted, mean)
    if held.all():
        return least
    with np.errstate(divide="ignore", invalid="ignore"):
        steep = secant(scores, level[:, None], exponent) / secant(mean, level, exponent)[:, None]
        bent = np.nan_to_num(shares * steep, posinf=0.0, neginf=0.0)
    straight = (level <= NIL) & (exponent <= 0)  # no transform of 0: by what each child scores
    plain = _ratio(shares * mean[:, None], np.nansum(shares * scores, axis=1)[:, None])
    factors = np.where(straight[:, None], plain, bent)
    return np.where(counted > 0, np.where(held[:, None], least, factors), 0.0)


def secant(a: np.ndarray, b: np.ndarray, exponent: float) -> np.ndarray:
    """(g(a) − g(b)) ÷ (a − b), and g'(a) where both are the same."""
    if exponent == 1:
        return np.ones(np.broadcast_shapes(np.shape(a), np.shape(b)))
    high, low = np.maximum(a, b), np.minimum(a, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        fall = (low - high) / high
        logs = np.log1p(fall)
        rise = logs if exponent == 0 else np.expm1(exponent * logs) / exponent
        steep = np.where(fall == 0, 1.0, rise / np.where(fall == 0, 1.0, fall))
        return np.asarray(steep * high ** (exponent - 1))


def _held(exponent: float, means: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Where the least children alone decide."""
    if exponent == -np.inf:
        return np.ones(len(means[0]), dtype=bool)
    if exponent > 0:
        return np.zeros(len(means[0]), dtype=bool)
    return np.asarray((means[0] <= NIL) | (means[1] <= NIL))


def _transformed(scores: np.ndarray, exponent: float) -> np.ndarray:
    if exponent == 1:
        return scores
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(scores)
        return np.asarray(logs if exponent == 0 else np.expm1(exponent * logs) / exponent)


def _back(values: np.ndarray, exponent: float) -> np.ndarray:
    if exponent == 1:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.exp(values if exponent == 0 else np.log1p(exponent * values) / exponent))


def _by_transform(sides: Sides, means: tuple[np.ndarray, np.ndarray]) -> MeanSplit:
    p, (x0, x1), (u0, u1) = sides.exponent, sides.scores, (sides.counted(0), sides.counted(1))
    g0, g1 = (np.where(u > 0, _transformed(x, p), 0.0) for x, u in ((x0, u0), (x1, u1)))
    middle = (_transformed(means[0], p) + _transformed(means[1], p)) / 2
    level = _back(middle, p)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 2.0 / (secant(*means, p) * (u0 + u1).sum(axis=1))
        both, one = (u0 > 0) & (u1 > 0), np.where(u1 > 0, x1, x0)
        slope = np.where(both, (u0 + u1) / 2 * secant(x0, x1, p), 0.0)
        own = np.where(both, (u1 - u0) * ((g0 + g1) / 2 - middle[:, None]), 0.0)
        reach = np.where(both, 0.0, (u1 - u0) * secant(one, level[:, None], p))
        own = own + np.where(
            both | (u0 + u1 == 0), 0.0, u1 * (g1 - middle[:, None]) - u0 * (g0 - middle[:, None])
        )
        slope, own, reach = (np.nan_to_num(a * scale[:, None]) for a in (slope, own, reach))
    return MeanSplit(slope, own, reach, level)


def _by_holders(sides: Sides, means: tuple[np.ndarray, np.ndarray]) -> MeanSplit:
    (x0, x1), rise = sides.scores, means[1] - means[0]
    then, now = (_holders(x, sides.counted(k), means[k]) for k, x in enumerate(sides.scores))
    shares = np.where((rise > 0)[:, None], then, now)
    shares[rise == 0] = _shared((then * now)[rise == 0])
    both = (sides.counted(0) > 0) & (sides.counted(1) > 0)
    change = x1 - x0
    moved = both & (np.abs(change) > 0)
    slope = np.where(both & (rise == 0)[:, None], shares, 0.0)
    slope = np.where(
        moved & (rise != 0)[:, None], _ratio(shares * rise[:, None], np.where(moved, change, 1.0)), slope
    )
    slope[(rise == 0) & (np.maximum(*means) <= NIL) & (sides.exponent > -np.inf)] = 0.0
    own = np.where(both, 0.0, shares * rise[:, None])
    level = np.maximum(*means)
    return MeanSplit(
        slope, own, np.where(both, 0.0, _ratio(own, np.minimum(*means)[:, None] - level[:, None])), level
    )


def _holders(scores: np.ndarray, counted: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The least children's shares of the weight they have together."""
    least = (counted > 0) & (np.nan_to_num(scores, nan=np.inf) <= mean[:, None] + NIL)
    return _shared(np.where(least, counted, 0.0))


def _shared(weights: np.ndarray) -> np.ndarray:
    return _ratio(weights, weights.sum(axis=1, keepdims=True))


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    above, below = np.broadcast_arrays(above, below)
    return np.asarray(np.divide(above, below, out=np.zeros(above.shape), where=below != 0))
