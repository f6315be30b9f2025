"""1,000 draws of weights with 5, 50 and 95 % rank intervals; and how much memory a large bank takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pyDecision.algorithm import saw_method
from scipy.stats import rankdata

import riskkit
from tests.bench import bank
from tests.bench.race import Line, Race

ROOT = Path(__file__).resolve().parents[2]
ITEMS, DRAWS = 40, 1000
MODEL = bank.model(ITEMS)
SAW = "pyDecision saw_method"


def in_pydecision(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of scores and ranks, over as many weighted sums as there are draws."""
    best = ["max"] * ITEMS
    weights = np.random.default_rng(7).dirichlet(np.full(ITEMS, 100 / ITEMS), size=DRAWS)
    scores = np.array([saw_method(values, best, own, graph=False, verbose=False)[:, 1] for own in weights])
    ranks = rankdata(-scores, method="min", axis=1)
    levels = [0.05, 0.5, 0.95]
    return np.quantile(scores, levels, axis=0), np.quantile(ranks, levels, axis=0)


@pytest.mark.parametrize(("units", "wanted"), [(1000, 8), (50, 40)])
def test_rank_intervals(race: Callable[..., Race], units: int, wanted: float) -> None:
    """Of an assessment at hand, and from measures."""
    values = bank.values(units, ITEMS, seed=2)
    assessment = riskkit.score(MODEL, bank.measures(MODEL, values))
    assert len(riskkit.rank_intervals(assessment, draws=DRAWS, seed=7).units) == units
    held = race(
        f"rank_intervals, {units} units",
        lambda: riskkit.rank_intervals(assessment, draws=DRAWS, seed=7),
        {SAW: lambda: in_pydecision(values)},
    )
    held.wants(wanted, SAW)


@pytest.mark.parametrize("units", [1000, 50])
def test_score_and_rank_intervals(race: Callable[..., Race], units: int) -> None:
    """As above, an assessment never looked at before, scored in the same round."""
    values = bank.values(units, ITEMS, seed=2)
    given = bank.measures(MODEL, values)
    assert len(riskkit.score(MODEL, given).ranking()) == units
    race(
        f"score, then rank_intervals, {units} units",
        lambda: riskkit.rank_intervals(riskkit.score(MODEL, given), draws=DRAWS, seed=7),
        {SAW: lambda: in_pydecision(values)},
        10,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read as Linux tells it")
@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_a_large_bank_takes_less_than_2_gb(lines: list[Line], gaps: float) -> None:
    """40,000 units × 60 items × 1,000 draws, in a process of its own; the bank's making counts too."""
    command = [sys.executable, "-m", "tests.bench.large_bank", str(gaps)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    what = f"rank_intervals, 40,000 × 60, {gaps:.0%} gaps"
    lines.append(Line(what, f"{found['seconds']:.3g} s"))
    lines.append(
        Line(f"{what}, peak", f"{found['peak']:.2f} GB", "bank and scores", f"{found['before']:.2f} GB")
    )
    lines[-1].wanted = "< 2 GB"
    assert "41000/41000" in done.stderr
    assert found["peak"] < 2
