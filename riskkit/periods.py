"""Assessment periods: quarters and years."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

from riskkit.errors import Misuse

Frequency = Literal["quarter", "year"]
_PATTERN = re.compile(r"([1-9][0-9]{3})(?:Q([1-4]))?")


@dataclass(frozen=True, order=True)
class Period:
    """One period of assessment; its cut-off is its last day.

    >>> Period.parse("2026Q1").previous()
    Period('2025Q4')
    """

    year: int
    quarter: int | None = None

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read `2026Q2` or `2021`; raises `Misuse` for anything else."""
        match = _PATTERN.fullmatch(str(text).strip().upper())
        if match is None:
            raise Misuse("period_format", found=str(text))
        return cls(int(match[1]), int(match[2]) if match[2] else None)

    @property
    def frequency(self) -> Frequency:
        """Whether this is a quarter or a year."""
        return "year" if self.quarter is None else "quarter"

    @property
    def start(self) -> dt.date:
        """The first day."""
        return dt.date(self.year, 1 if self.quarter is None else 3 * self.quarter - 2, 1)

    @property
    def cutoff(self) -> dt.date:
        """The last day, against which everything is measured."""
        return self.shift(1).start - dt.timedelta(days=1)

    def shift(self, steps: int) -> Period:
        """The period `steps` later, or earlier if negative."""
        if self.quarter is None:
            return Period(self.year + steps)
        index = 4 * self.year + self.quarter - 1 + steps
        return Period(index // 4, index % 4 + 1)

    def previous(self) -> Period:
        """The period before."""
        return self.shift(-1)

    def __str__(self) -> str:
        return f"{self.year}" if self.quarter is None else f"{self.year}Q{self.quarter}"

    def __repr__(self) -> str:
        return f"Period({str(self)!r})"
