"""Rank intervals of 40,000 units × 60 items over 1,000 draws; prints seconds, and the peak of memory before and after."""

from __future__ import annotations

import json
import resource
import sys
import time

import riskkit
from tests.bench import bank

UNITS, ITEMS, DRAWS = 40_000, 60, 1000


def peak() -> float:
    """The most memory this process has held at once, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main(gaps: float) -> None:
    model = bank.model(ITEMS)
    assessment = riskkit.score(model, bank.measures(model, bank.values(UNITS, ITEMS, seed=4, gaps=gaps)))
    before, began = peak(), time.perf_counter()
    found = riskkit.rank_intervals(assessment, draws=DRAWS, seed=7, progress=True)
    seconds = time.perf_counter() - began
    assert len(found.units) == UNITS
    sys.stdout.write(json.dumps({"seconds": seconds, "before": before, "peak": peak()}))


if __name__ == "__main__":
    main(float(sys.argv[1]))
