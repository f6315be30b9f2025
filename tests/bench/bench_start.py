"""How long a fresh interpreter takes to have riskkit at hand, bytecode compiled beforehand."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from tests.bench.race import Line, Side, milliseconds

ROUNDS = 10
NAMES = "open_workspace, score, rank_intervals"


def fresh(*words: str) -> Side:
    """A Python of its own, by the clock on the wall; run once to compile what it imports."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def call() -> None:
        subprocess.run([sys.executable, *words], env=environment, check=True, capture_output=True)

    call()
    return Side(call, clock=time.perf_counter)


def take_turns(*sides: Side) -> None:
    for _ in range(ROUNDS):
        for side in sides:
            side.round()


def test_importing_riskkit_takes_little_beyond_pandas(lines: list[Line]) -> None:
    """Names are loaded when first used, so those of an analysis are timed too."""
    pandas = fresh("-c", "import pandas")
    package = fresh("-c", "import riskkit")
    used = fresh("-c", f"from riskkit import {NAMES}")
    take_turns(pandas, package, used)
    for what, side in (("import riskkit", package), (f"import {NAMES}", used)):
        beyond = side.median - pandas.median
        spread = f"{side.spread:.0%}, {pandas.spread:.0%}"
        line = Line(what, milliseconds(side), "import pandas", milliseconds(pandas), f"{beyond:+.2f} s")
        line.wanted, line.spread, line.itself = "< +0.5 s", spread, f"{pandas.itself:.2f}"
        lines.append(line)
        assert beyond < 0.5


def test_help_appears_at_once(lines: list[Line]) -> None:
    python, usage = fresh("-c", "pass"), fresh("-m", "riskkit", "--help")
    take_turns(python, usage)
    line = Line(
        "riskkit --help", milliseconds(usage), "python -c pass", milliseconds(python), wanted="< 400 ms"
    )
    line.spread, line.itself = f"{usage.spread:.0%}, {python.spread:.0%}", f"{python.itself:.2f}"
    lines.append(line)
    assert usage.median < 0.4
