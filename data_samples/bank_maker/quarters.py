"""Quarters, the bank's working days, and the holidays that make them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache

Date = dt.date


@dataclass(frozen=True, order=True)
class Quarter:
    """One quarter of a year, such as 2026Q2."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"

    @property
    def first(self) -> Date:
        return Date(self.year, 3 * self.number - 2, 1)

    @property
    def last(self) -> Date:
        return self.shifted(1).first - dt.timedelta(days=1)

    @property
    def closes_a_half(self) -> bool:
        return self.number in (2, 4)

    @property
    def closes_a_year(self) -> bool:
        return self.number == 4

    def shifted(self, quarters: int) -> Quarter:
        year, number = divmod(self.year * 4 + self.number - 1 + quarters, 4)
        return Quarter(year, number + 1)

    def months(self) -> list[Date]:
        return [Date(self.year, 3 * self.number - 2 + step, 1) for step in range(3)]


HISTORY = (Quarter(2025, 1), Quarter(2025, 2))
FULL = (Quarter(2025, 3), Quarter(2025, 4), Quarter(2026, 1), Quarter(2026, 2))
NEWEST = FULL[-1]

# Weekdays off, as (first, last), and weekend days worked. From the notices on public holidays for 2025 and 2026;
# whoever uses them for real checks them against the official text.
_OFF = (
    ("2025-01-01", "2025-01-01"), ("2025-01-28", "2025-02-04"), ("2025-04-04", "2025-04-06"),
    ("2025-05-01", "2025-05-05"), ("2025-05-31", "2025-06-02"), ("2025-10-01", "2025-10-08"),
    ("2026-01-01", "2026-01-03"), ("2026-02-15", "2026-02-23"), ("2026-04-04", "2026-04-06"),
    ("2026-05-01", "2026-05-05"), ("2026-06-19", "2026-06-21"), ("2026-09-25", "2026-09-27"),
    ("2026-10-01", "2026-10-07"),
)  # fmt: skip
_WORKED = (
    "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11",
    "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
)  # fmt: skip


@cache
def exceptions() -> dict[Date, bool]:
    """The days that are not what their weekday says: True for a weekend day worked, False for a weekday off."""
    days: dict[Date, bool] = {}
    for first, last in _OFF:
        day = Date.fromisoformat(first)
        while day <= Date.fromisoformat(last):
            if day.weekday() < 5:
                days[day] = False
            day += dt.timedelta(days=1)
    days.update({Date.fromisoformat(text): True for text in _WORKED})
    return dict(sorted(days.items()))


def works(day: Date) -> bool:
    return exceptions().get(day, day.weekday() < 5)


def after(day: Date, workdays: int) -> Date:
    """The day that lies this many working days after the given one."""
    while workdays > 0:
        day += dt.timedelta(days=1)
        workdays -= works(day)
    return day


def on_or_after(day: Date) -> Date:
    """The first working day not before the given one."""
    while not works(day):
        day += dt.timedelta(days=1)
    return day
