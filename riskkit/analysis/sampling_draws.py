"""Where the truth behind a sampled value may lie: intervals for one share, and draws for simulations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from riskkit.scoring.scales import Curve

LEVEL = 0.9
"""Share of the truths an interval is to cover."""
NODES = 7
"""Errors, equally probable, that stand for all where points are smoothed over them."""
ROUNDS = 2
"""How often the bias found by smoothing is taken out: with fewer, intervals on bent scales hold too few truths."""


def share_interval(
    successes: np.ndarray, cases: np.ndarray, population: np.ndarray | float = np.inf, *, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray]:
    """The interval for a share of which so many of so many sampled cases were successes: Jeffreys' equal-tailed one.

    Beta(x + ½, n − x + ½), from 0 where there was no success and to 1 where there was nothing else. A sample of a
    finite population counts as n ÷ (1 − n ÷ N) cases; of a census nothing is uncertain. Brown, Cai and DasGupta (2001),
    *Statistical Science* 16, 101-133, recommend it for small samples.

        >>> share_interval(np.array([47.0]), np.array([50.0]))
        (array([0.86558357]), array([0.9780107]))
    """
    share = successes / cases
    with np.errstate(divide="ignore", invalid="ignore"):
        size = cases / np.maximum(1 - cases / population, 0.0)
        a, b = share * size + 0.5, (1 - share) * size + 0.5
        low, high = (stats.beta.ppf(end, a, b) for end in ((1 - level) / 2, (1 + level) / 2))
    whole = ~np.isfinite(size)
    low, high = np.where(successes == 0, 0.0, low), np.where(successes == cases, 1.0, high)
    return np.where(whole, share, low), np.where(whole, share, high)


@dataclass(frozen=True)
class Sampled:
    """Sampled values of one item in some units: the value, the variance of its sampling error (missing where one case
    tells nothing of it), how many cases, of what population."""

    value: np.ndarray
    variance: np.ndarray
    cases: np.ndarray
    population: np.ndarray


def draw_points(
    found: Sampled, curve: Curve, upper: float | None, *, draws: int, rng: np.random.Generator
) -> np.ndarray:
    """Points of the truths that may lie behind sampled values, less the points of the values: units × draws.

    Errors are drawn about the value (see `draw_errors`). Where the curve bends, the points of a value that scatters are
    off on average, upwards where they cannot fall below 0; this bias is estimated by smoothing the curve over the
    errors that samples of each truth would have (a bootstrap) and taken out twice (an iterated bootstrap, whose second
    round is taken to find as much as the first); the scatter is that of points so corrected. Efron and Tibshirani
    (1993), *An Introduction to the Bootstrap*, chapter 10.
    """
    if upper is not None and ((found.value < 0).any() or (found.value > upper).any()):
        upper = None
    centre, errors = draw_errors(found, upper, draws=draws, rng=rng)
    errors -= errors.mean(axis=1, keepdims=True)
    at = ((np.arange(NODES) + 0.5) / NODES * draws).astype("int64")
    nodes = np.sort(errors, axis=1)[:, at]
    nodes -= nodes.mean(axis=1, keepdims=True)

    truths = centre + errors
    wide = np.sqrt(_spread(truths, upper) / _spread(centre, upper))
    scattered = curve.points(truths)
    smoothed = sum(curve.points(truths + wide * nodes[:, [k]]) for k in range(NODES)) / NODES
    bias = scattered.mean(axis=1, keepdims=True) - curve.points(centre)
    corrected = scattered + ROUNDS * (scattered - smoothed)
    return np.asarray(corrected - corrected.mean(axis=1, keepdims=True) - bias)


def _spread(truths: np.ndarray, upper: float | None) -> np.ndarray:
    """What the variance of samples is proportional to at each truth: that of a share within bounds, else alike."""
    if upper is None:
        return np.ones_like(truths)
    within = np.clip(truths, 0, upper)
    return np.asarray(within * (upper - within))


def draw_errors(
    found: Sampled, upper: float | None, *, draws: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """About what the truth scatters, units × 1, and how far off it is in each draw, units × draws, 0 on average.

    A value between 0 and `upper` scatters like Beta(p m + ½, (1 − p) m + ½) · upper about its mean, with p = value ÷
    upper and the effective number of cases m = p (1 − p) ÷ variance × n ÷ (n − 1) of n sampled: of a share, what
    `share_interval` is made from. Where the variance is missing or 0 (a single case; every case alike), m is the number
    of cases, which within bounds is the cautious side: no variable between 0 and 1 varies more than one that is either.
    A value without bounds scatters like Student's t, and not at all where nothing is known of its variance.
    """
    size = (len(found.value), draws)
    if upper is None:
        freedom = np.maximum(found.cases - 1, 1)[:, None]
        return found.value[:, None], np.sqrt(np.nan_to_num(found.variance))[:, None] * rng.standard_t(
            freedom, size
        )
    share = found.value / upper
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = found.cases / np.maximum(1 - found.cases / found.population, 0.0)
        m = share * (1 - share) * upper**2 / found.variance * found.cases / (found.cases - 1)
    m = np.where(np.isfinite(m) & (m > 0), m, alike)
    centre = (upper * (share * m + 0.5) / (m + 1))[:, None]
    a, b = share * m + 0.5, (1 - share) * m + 0.5
    return centre, upper * rng.beta(a[:, None], b[:, None], size) - centre
