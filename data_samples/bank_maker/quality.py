"""How good each branch is at each item: a standing, a slow drift, and the item's own habit, in points of 0-100.

Levels are points turned back into the item's own measure (a share, a rate, days) along the scales the model used when
the bank was made. The bank keeps its own copy of them: a changed scale must not change what branches did.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache

from bank_maker import planted
from bank_maker.chance import Chance
from bank_maker.quarters import HISTORY, Quarter

Ladder = tuple[tuple[float, float], ...]

LADDERS: dict[str, Ladder] = {
    "A1.1": ((0.6, 0), (0.9, 60), (1.0, 100)),
    "A1.2": ((0, 0), (0.5, 60), (1.0, 100)),
    "A1.3": ((0.3, 0), (0.7, 60), (0.95, 100)),
    "A1.4": ((0.3, 0), (0.7, 60), (0.95, 100)),
    "A1.R1": ((0.3, 0), (0.7, 60), (1.0, 100)),
    "A2.1": ((0.5, 0), (0.8, 60), (1.0, 100)),
    "A2.2": ((0.4, 0), (0.75, 60), (1.0, 100)),
    "A2.3": ((0.3, 0), (0.6, 60), (0.9, 100)),
    "A3.1": ((0.6, 0), (0.85, 60), (0.98, 100)),
    "A3.2": ((0.5, 0), (0.85, 60), (1.0, 100)),
    "A3.3": ((0.9, 0), (0.98, 60), (1.0, 100)),
    "A4.1": ((0.7, 0), (0.9, 60), (1.0, 100)),
    "A4.2": ((0.7, 0), (0.9, 60), (1.0, 100)),
    "A4.3": ((0, 100), (0.05, 60), (0.2, 0)),
    "A4.4": ((0.7, 0), (0.92, 60), (1.0, 100)),
    "A4.5": ((0.7, 0), (0.92, 60), (1.0, 100)),
    "A4.6": ((0.3, 0), (0.7, 60), (1.0, 100)),
    "A5.1": ((0.7, 0), (0.9, 60), (1.0, 100)),
    "A5.2": ((0.8, 0), (0.95, 60), (1.0, 100)),
    "A5.3": ((0.2, 0), (0.6, 60), (1.0, 100)),
    "A5.4": ((0.7, 0), (0.92, 60), (1.0, 100)),
    "A6.1": ((0.2, 0), (0.6, 60), (0.95, 100)),
    "A6.2": ((0.6, 0), (0.9, 60), (1.0, 100)),
    "A6.3": ((0, 100), (0.5, 60), (3, 0)),
    "A6.4": ((0.6, 0), (0.85, 60), (1.0, 100)),
    "A6.R1": ((0, 100), (2, 60), (6, 0)),
    "A7.1": ((0.4, 0), (0.75, 60), (1.0, 100)),
    "A7.2": ((0.4, 0), (0.8, 60), (1.0, 100)),
    "A7.3": ((0, 100), (15, 60), (60, 0)),
    "A7.4": ((0, 100), (0.1, 60), (0.4, 0)),
    "A7.5": ((0.5, 0), (0.85, 60), (1.0, 100)),
    "A7.R1": ((0, 100), (15, 60), (60, 0)),
    "A7.R2": ((0.3, 0), (0.6, 60), (1.0, 100)),
    "B1.1": ((0.3, 0), (0.7, 60), (1.0, 100)),
    "B1.2": ((0.6, 0), (0.9, 60), (1.0, 100)),
    "B1.3": ((0.5, 0), (0.85, 60), (1.0, 100)),
    "B1.4": ((0.6, 0), (0.9, 60), (1.0, 100)),
    "B1.5": ((0.2, 0), (0.6, 60), (1.0, 100)),
    "B2.1": ((0.5, 0), (0.85, 60), (0.98, 100)),
    "B2.2": ((0, 0), (0.3, 60), (0.7, 100)),
    "B2.3": ((0.5, 0), (0.75, 60), (0.95, 100)),
    "B3.1": ((0.25, 0), (0.6, 60), (0.9, 100)),
    "B3.2": ((0.25, 0), (0.6, 60), (0.9, 100)),
    "B3.3": ((0.25, 0), (0.6, 60), (0.9, 100)),
    "B4.1": ((0.5, 0), (0.8, 60), (0.98, 100)),
    "B4.2": ((0.02, 100), (0.12, 60), (0.4, 0)),
    "B4.3": ((0.4, 0), (0.75, 60), (0.98, 100)),
    "B4.4": ((0.1, 0), (0.5, 60), (0.9, 100)),
    "C1.1": ((0.7, 0), (0.9, 60), (1.0, 100)),
    "C1.2": ((0.8, 0), (0.9, 60), (1.0, 100)),
    "C1.3": ((0.8, 0), (0.9, 60), (1.0, 100)),
    "C1.4": ((0.5, 0), (0.85, 60), (1.0, 100)),
    "C2.1": ((0.8, 0), (0.9, 60), (1.0, 100)),
    "C2.2": ((0.4, 0), (0.8, 60), (1.0, 100)),
    "C2.3": ((0, 100), (3, 60), (15, 0)),
    "C2.4": ((0.3, 0), (0.7, 60), (1.0, 100)),
    "C2.R1": ((0.2, 0), (0.6, 60), (1.0, 100)),
    "C3.1": ((0, 100), (0.03, 60), (0.1, 0)),
    "C3.2": ((0, 100), (2, 60), (10, 0)),
    "C3.3": ((0.6, 0), (0.9, 60), (1.0, 100)),
    "C4.1": ((0.7, 0), (0.9, 60), (1.0, 100)),
    "C4.2": ((0.7, 0), (0.9, 60), (1.0, 100)),
    "C4.3": ((0.6, 0), (0.9, 60), (1.0, 100)),
    "C5.1": ((0.3, 0), (0.75, 60), (1.0, 100)),
    "C5.2": ((0.3, 0), (0.7, 60), (1.0, 100)),
}
_ORDINARY: Ladder = ((0.5, 0), (0.8, 60), (1.0, 100))

CENTRE = {"A": 79.5, "B": 79.0, "C": 78.0}
_DRIFT_KEPT, _DRIFT = 0.7, 1.6


@cache
def _standing(seed: int, unit: str) -> float:
    if unit in planted.STANDING:
        return planted.STANDING[unit]
    return Chance(seed, "standing", unit).normal(0, 6.5)


@cache
def _drift(seed: int, unit: str, dimension: str, quarter: Quarter) -> float:
    """A first-order autoregressive drift of a branch within one dimension."""
    if quarter < HISTORY[0]:
        return 0.0
    step = Chance(seed, "drift", unit, dimension, quarter).normal(0, _DRIFT)
    return _DRIFT_KEPT * _drift(seed, unit, dimension, quarter.shifted(-1)) + step


@cache
def points(seed: int, unit: str, item: str, quarter: Quarter) -> float:
    """How many points a branch is worth at an item, before the chance of sampling."""
    planned = planted.fixed(unit, item, quarter)
    if planned is not None:
        return planned
    dimension = item[0]
    own = Chance(seed, "bent", unit, dimension).normal(0, 3.0) + Chance(seed, "habit", unit, item).normal(
        0, 5.0
    )
    weather = Chance(seed, "weather", unit, item, quarter).normal(0, 2.5)
    total = CENTRE[dimension] + _standing(seed, unit) + own + _drift(seed, unit, dimension, quarter) + weather
    return min(100.0, max(5.0, total))


def along(ladder: Ladder, score: float) -> float:
    """The value that earns these points on a piecewise linear scale."""
    rungs = sorted(((earned, value) for value, earned in ladder), key=lambda rung: rung[0])
    score = min(max(score, rungs[0][0]), rungs[-1][0])
    for (low, left), (high, right) in itertools.pairwise(rungs):
        if score <= high:
            return left + (right - left) * (score - low) / (high - low)
    return rungs[-1][1]


def level(seed: int, unit: str, item: str, quarter: Quarter) -> float:
    """What a branch does at an item, in the item's own measure."""
    return along(LADDERS.get(item, _ORDINARY), points(seed, unit, item, quarter))


def failing(
    seed: int, unit: str, item: str, quarter: Quarter, things: Sequence[object], share: float
) -> set[int]:
    """Places of the things that fail: as many as the share asks for, the same ones first each time."""
    chance = Chance(seed, "failing", unit, item, quarter)
    count = min(len(things), chance.rounded(len(things) * (1 - share)))
    ranked = sorted(range(len(things)), key=lambda place: Chance(seed, "weak", item, things[place]).share())
    return set(ranked[:count])
