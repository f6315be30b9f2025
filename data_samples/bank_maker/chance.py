"""Chance that is the same on every machine: every stream is named, and only `random()` is drawn from."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Sequence
from typing import TypeVar

from bank_maker.quarters import Date, Quarter, on_or_after

T = TypeVar("T")


class Chance:
    """A named stream of chance; two streams of different names know nothing of each other."""

    def __init__(self, seed: int, *name: object) -> None:
        self._random = random.Random("/".join([str(seed), *map(str, name)])).random

    def share(self) -> float:
        return self._random()

    def happens(self, probability: float) -> bool:
        return self._random() < probability

    def normal(self, mean: float = 0.0, spread: float = 1.0) -> float:
        radius = math.sqrt(-2 * math.log(1 - self._random()))
        return mean + spread * radius * math.cos(2 * math.pi * self._random())

    def whole(self, low: int, high: int) -> int:
        return low + int(self._random() * (high - low + 1))

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self._random() * len(options))]

    def some(self, options: Sequence[T], count: int) -> list[T]:
        keyed = sorted((self._random(), place) for place in range(len(options)))
        return [options[place] for _, place in sorted(keyed[:count], key=lambda pair: pair[1])]

    def rounded(self, expected: float) -> int:
        """A whole number with this expectation: the one below or the one above."""
        return math.floor(expected + self._random())

    def count(self, mean: float) -> int:
        """A Poisson number of things that happen."""
        total, edge = 0, math.exp(-mean)
        product = self._random()
        while product > edge:
            total, product = total + 1, product * self._random()
        return total

    def weighted(self, options: Sequence[tuple[T, float]]) -> T:
        mark = self._random() * sum(weight for _, weight in options)
        for option, weight in options:
            mark -= weight
            if mark < 0:
                return option
        return options[-1][0]

    def day(self, first: Date, last: Date) -> Date:
        return first + dt.timedelta(days=self.whole(0, max(0, (last - first).days)))

    def workday(self, quarter: Quarter, *, leave: int = 0) -> Date:
        """A working day of the quarter, at least `leave` days before its end."""
        return on_or_after(self.day(quarter.first, quarter.last - dt.timedelta(days=max(leave, 4))))

    def moment(self, day: Date) -> dt.datetime:
        """An office hour of the day."""
        return dt.datetime(
            day.year, day.month, day.day, self.whole(8, 17), self.whole(0, 59), self.whole(0, 59)
        )
