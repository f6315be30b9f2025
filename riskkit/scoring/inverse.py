"""From points back to a measured value: what an item's own number must come to."""

from __future__ import annotations

import numpy as np

from riskkit.scoring.scales import Curve, Lines, Places, Stairs

ENOUGH = 1e-9
"""Points that a value may fall short by from rounding alone."""


def levels(curve: Curve) -> np.ndarray | None:
    """The points a curve gives, lowest first; none where it gives every number between its lowest and its highest."""
    return np.unique(_steps(curve)[1]) if isinstance(curve, Stairs | Places) else None


def value_for(curve: Curve, points: float, now: float = np.nan) -> float:
    """The first value on the way from the worse to the better that earns at least so many points.

    A curve with its best in the middle is read on the side where the value is `now`, from below if there is none. On a
    relative scale a value better than the whole reference stands half the last gap beyond it.

        >>> value_for(Lines(np.array([0.0, 0.05, 0.2]), np.array([100.0, 60.0, 0.0])), 60.0)
        0.05
    """
    if isinstance(curve, Lines):
        return _on_lines(curve, points, now)
    assert isinstance(curve, Stairs | Places), "a curve is of lines, steps or places"
    values, earned = _steps(curve)
    enough = values[earned >= points - ENOUGH]
    return float(enough.min() if curve.rising else enough.max())


def _on_lines(curve: Lines, points: float, now: float) -> float:
    best = int(np.argmax(curve.y))
    at = np.log(now) if curve.log and now > 0 else now
    rising = best > 0 and (best == len(curve.x) - 1 or not at > curve.x[best])
    x, y = (curve.x[: best + 1], curve.y[: best + 1]) if rising else (curve.x[::-1], curve.y[::-1])
    after = min(max(int(np.searchsorted(y, points)), 1), len(y) - 1)  # the first knot with so many points
    value = float(np.interp(points, y[after - 1 : after + 1], x[after - 1 : after + 1]))
    return float(np.exp(value)) if curve.log else value


def _steps(curve: Stairs | Places) -> tuple[np.ndarray, np.ndarray]:
    """One value on every step of a curve, the first of each on the way to the better, with its points."""
    if isinstance(curve, Stairs):
        return curve.x, curve.y[1:] if curve.rising else curve.y[:-1]
    known = np.unique(curve.reference)
    gaps = np.diff(known)
    beyond = [known[0] - gaps[0] / 2, known[-1] + gaps[-1] / 2]
    values = np.concatenate([known, known[:-1] + gaps / 2, beyond])
    return values, curve.points(values)
