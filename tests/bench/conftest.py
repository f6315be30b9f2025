"""The benchmarks, run by `python3 dev.py bench`: sides of a race take turns in one run; one table at the end.

Their files are called `bench_*.py`, so the ordinary test command collects none of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.bench.race import CLOCK, LEGEND, Line, Race, table

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
LINES = pytest.StashKey[list[Line]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    benches = [item for item in items if item.path.name.startswith("bench_")]
    for item in benches:
        item.add_marker(pytest.mark.benchmark(timer=CLOCK))
    if benches and any(os.environ.get(name) != "1" for name in THREADS):
        raise pytest.UsageError(
            "A single thread is compared: use python3 dev.py bench, which says so to numpy."
        )


@pytest.fixture
def lines(request: pytest.FixtureRequest) -> list[Line]:
    """The lines of the table so far."""
    return request.config.stash.setdefault(LINES, [])


@pytest.fixture
def race(benchmark: Any, lines: list[Line]) -> Callable[..., Race]:
    """Runs riskkit and its peers in turns: `race("what", ours, {"peer": theirs}, rounds=10)`."""

    def run(
        what: str, ours: Callable[[], object], peers: dict[str, Callable[[], object]], rounds: int = 20
    ) -> Race:
        return Race(benchmark, lines, what, ours, peers, rounds)

    return run


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    found = config.stash.get(LINES, [])
    if found:
        terminalreporter.section("speed, one thread")
        for line in table(found):
            terminalreporter.write_line(line)
        terminalreporter.write_line(LEGEND)
