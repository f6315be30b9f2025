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
    """Names are loaded when first used; what those of an analysis take is told beside."""
    pandas = fresh("-c", "import pandas")
    package = fresh("-c", "import riskkit")
    used = fresh("-c", f"from riskkit import {NAMES}")
    take_turns(pandas, package, used)
    for what, side in (("import riskkit", package), (f"import {NAMES}", used)):
        line = Line(what, milliseconds(side), "import pandas", milliseconds(pandas))
        line.ratio = f"{side.median - pandas.median:+.2f} s"
        line.spread, line.itself = f"{side.spread:.0%}, {pandas.spread:.0%}", f"{pandas.itself:.2f}"
        line.wanted = "< +0.5 s" if side is package else ""
        lines.append(line)
    assert package.median - pandas.median < 0.5


def test_help_appears_at_once(lines: list[Line]) -> None:
    python, usage = fresh("-c", "pass"), fresh("-m", "riskkit", "--help")
    take_turns(python, usage)
    line = Line(
        "riskkit --help", milliseconds(usage), "python -c pass", milliseconds(python), wanted="< 400 ms"
    )
    line.spread, line.itself = f"{usage.spread:.0%}, {python.spread:.0%}", f"{python.itself:.2f}"
    lines.append(line)
    assert usage.median < 0.4
