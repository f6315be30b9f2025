"""How much processor time a branch's own report takes, notebook and workbook: riskkit's run, papermill's command on the
same notebook, and the floor, the same work as a plain function in a forked child."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from riskkit import open_workspace
from riskkit.report.engine import surroundings, ways
from riskkit.report.engine.children import TURNS
from riskkit.report.engine.client import PRELOAD, Zygote
from riskkit.report.making import BRANCHES, Order
from riskkit.report.workers import ROOMS
from tests.bench import branch_workload
from tests.bench.bench_notebooks import BATCH, clean, of_children, of_zygote, take_turns, told
from tests.bench.race import Line, Side, milliseconds

__all__ = ["clean"]  # a fixture
pytestmark = pytest.mark.skipif(not ways.can_fork(), reason="needs Linux")
UNITS, PAGES = 20, 12
"""So many branches: one process makes the report of each, one after the other (in a run up to `TURNS`); the floor has
each of them twice, papermill's command every other one once."""


@pytest.mark.usefixtures("clean")
def test_a_branch_report_costs_little_more_than_its_work(
    lines: list[Line], tmp_path: Path, sample_bank: Path
) -> None:
    """At least 9 times the command's throughput, at most 1.3 times the floor; its page at most 30 ms more."""
    order = Order(sample_bank, "2026Q2", "zh")
    assessed = open_workspace(sample_bank).assessment("2026Q2")  # the store is filled for every side
    units = sorted(assessed.summary.index)[:: len(assessed.summary) // UNITS][:UNITS]
    turn = {"papermill": itertools.cycle(units[::2]), "floor": itertools.cycle(units)}
    notebook, out = branch_workload.notebook(tmp_path / "report.ipynb"), tmp_path / "ours"
    command = [sys.executable, "-m", "papermill", str(notebook), "done.ipynb", "--no-progress-bar"]
    for name, value in (("quarter", "2026Q2"), ("workspace", str(sample_bank)), ("lang", "zh")):
        command += ["-r", name, value]

    def papermill() -> None:
        chosen = [*command, "-r", "branch", next(turn["papermill"])]
        subprocess.run(chosen, check=True, capture_output=True, cwd=tmp_path)

    with Zygote(
        preload=(*PRELOAD, *ROOMS, "tests.bench.branch_workload"),
        prepare=("riskkit.report.making:open_pack", (order,)),
        environment=surroundings.for_reports(tmp_path),
        quiet=True,
    ) as zygote:

        def ours() -> None:
            work = [(order, f"{BRANCHES}{unit}", out) for unit in units]
            for _, outcome in zygote.each("riskkit.report.making:make", work, at_once=1, turns=TURNS):
                assert outcome.value is not None, outcome
                assert not outcome.value.failure, outcome

        def floor() -> None:
            work = [(order, next(turn["floor"]), tmp_path) for _ in range(BATCH)]
            for _, outcome in zygote.each("tests.bench.branch_workload:plain", work, at_once=1):
                assert outcome.value, outcome

        theirs = Side(papermill, clock=of_children)
        report, least = (Side(call, clock=of_zygote(zygote)) for call in (ours, floor))
        take_turns(theirs, report, least)
        for side, many in ((report, UNITS), (least, BATCH)):
            side.seconds = [seconds / many for seconds in side.seconds]
        (executed,) = out.rglob("*.ipynb")
        pages = [(order, executed, tmp_path / "page.html")] * PAGES
        page = Side(ours, seconds=[
            outcome.value for _, outcome in zygote.each("tests.bench.branch_workload:page", pages, at_once=1)
        ])  # fmt: skip
    lines.append(told("a branch's report", report, "papermill's command", theirs, "≥ 9"))
    lines.append(told("a branch's report", report, "the floor", least, "≥ 0.77"))
    line = Line("its page besides", milliseconds(page), wanted="≤ 30 ms")
    line.spread, line.itself = f"{page.spread:.0%}", f"{page.itself:.2f}"
    lines.append(line)
    assert page.median <= 0.03
    assert report.median <= 1.3 * least.median
    assert theirs.median >= 9 * report.median
