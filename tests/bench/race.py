"""riskkit and its peers in turns, in one process, and the table of how they did.

Times are processor time, which other work on the machine disturbs less than the clock on the wall; for one thread on an
idle machine they are the same.
A ratio is a peer's median over riskkit's: above 1 riskkit is faster. The spread is the interquartile range over the
median; a peer's even rounds over its odd ones say how far the machine alone moves a ratio.
"""

from __future__ import annotations

import statistics
import time
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Call = Callable[[], object]

CLOCK = time.process_time
LONG_ENOUGH = 0.1
"""Seconds a round lasts at least: a shorter call is repeated, as `timeit` does."""
HEADINGS = ("what", "riskkit", "peer", "", "ratio", "wanted", "spread", "peer itself")
LEGEND = (
    "ratio: peer over riskkit, medians · spread: interquartile range over median, riskkit and peer · "
    "peer itself: its even rounds over its odd ones"
)


@dataclass
class Line:
    """One line of the table, as text."""

    what: str
    ours: str
    peer: str = ""
    theirs: str = ""
    ratio: str = ""
    wanted: str = ""
    spread: str = ""
    itself: str = ""


@dataclass
class Side:
    """A call, how often a round repeats it, and the seconds a call took, round by round."""

    call: Call
    number: int = 1
    clock: Callable[[], float] = CLOCK
    seconds: list[float] = field(default_factory=list)

    @classmethod
    def warm(cls, call: Call) -> Side:
        """After two calls, of which the second says how many fill a round."""
        call()
        first = cls(call)
        first.round()
        return cls(call, max(1, round(LONG_ENOUGH / first.median)))

    def repeat(self) -> None:
        """The calls of one round."""
        for _ in range(self.number):
            self.call()

    def round(self) -> None:
        """One round, timed."""
        began = self.clock()
        self.repeat()
        self.seconds.append((self.clock() - began) / self.number)

    @property
    def median(self) -> float:
        """Seconds a call."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> float:
        """Interquartile range over the median."""
        low, _, high = statistics.quantiles(self.seconds, n=4)
        return (high - low) / self.median

    @property
    def itself(self) -> float:
        """Its even rounds over its odd rounds."""
        return statistics.median(self.seconds[::2]) / statistics.median(self.seconds[1::2])


class Race:
    """Every round runs each peer, then riskkit, which pytest-benchmark times; the peers are its set-up."""

    def __init__(
        self, benchmark: Any, lines: list[Line], what: str, ours: Call, peers: dict[str, Call], rounds: int
    ) -> None:
        self.ours = Side.warm(ours)
        self.peers = {name: Side.warm(call) for name, call in peers.items()}
        benchmark.pedantic(self.ours.repeat, setup=self._peers, rounds=rounds)
        self.ours.seconds = [seconds / self.ours.number for seconds in benchmark.stats.stats.data]
        benchmark.extra_info["peers"] = {name: side.seconds for name, side in self.peers.items()}
        self.lines = {name: self._line(what, name, side) for name, side in self.peers.items()}
        lines.extend(self.lines.values())

    def _peers(self) -> None:
        for side in self.peers.values():
            side.round()

    def _line(self, what: str, name: str, side: Side) -> Line:
        return Line(
            what,
            milliseconds(self.ours),
            name,
            milliseconds(side),
            f"{self.ratio(name):.2f}",
            spread=f"{self.ours.spread:.0%}, {side.spread:.0%}",
            itself=f"{side.itself:.2f}",
        )

    def ratio(self, peer: str) -> float:
        """How many times as fast as a peer riskkit is."""
        return self.peers[peer].median / self.ours.median

    def fastest(self) -> str:
        """The peer that is hardest to beat."""
        return min(self.peers, key=lambda name: self.peers[name].median)

    def wants(self, ratio: float, peer: str) -> None:
        """Fails unless riskkit is so many times as fast as a peer."""
        self.lines[peer].wanted = f"≥ {ratio:.3g}"
        assert self.ratio(peer) >= ratio, f"{self.lines[peer]}"


def milliseconds(side: Side) -> str:
    """The median, in words."""
    return f"{side.median * 1000:.3g} ms"


def table(lines: Iterable[Line]) -> list[str]:
    """Lines as columns of text."""
    rows = [HEADINGS, *(tuple(vars(line).values()) for line in lines)]
    widths = [max(width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def width(text: str) -> int:
    """Places a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
