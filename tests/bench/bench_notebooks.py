"""How much processor time a notebook takes: papermill's command, the engine that forks, and the floor, which is the same
work as a plain function in a forked child. Children are counted: a clock reads what every process of a side has used."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from riskkit.report.engine import ways
from riskkit.report.engine.client import Zygote
from riskkit.report.engine.jobs import Job
from tests.bench import workload
from tests.bench.race import Line, Side, milliseconds

pytestmark = pytest.mark.skipif(not ways.can_fork(), reason="needs Linux")
ROUNDS, BATCH = 10, 4
ROOT = Path(__file__).resolve().parents[2]


def of_children() -> float:
    """Processor seconds of the children this process has waited for, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime + time.process_time()


def of_zygote(zygote: Zygote) -> Callable[[], float]:
    """Processor seconds of a zygote, of the children it has waited for, and of this process."""
    assert zygote._process is not None
    place = Path(f"/proc/{zygote._process.pid}/stat")
    tick = os.sysconf("SC_CLK_TCK")

    def read() -> float:
        time.sleep(0.05)  # the last children are still being cleared away
        fields = place.read_text(encoding="ascii").rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / tick + time.process_time()

    return read


def take_turns(*sides: Side) -> None:
    for side in sides:
        side.repeat()
    for _ in range(ROUNDS):
        for side in sides:
            side.round()


def told(what: str, ours: Side, name: str, peer: Side, wanted: str) -> Line:
    line = Line(
        what, milliseconds(ours), name, milliseconds(peer), f"{peer.median / ours.median:.2f}", wanted
    )
    line.spread, line.itself = f"{ours.spread:.0%}, {peer.spread:.0%}", f"{peer.itself:.2f}"
    return line


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what the tests set for themselves."""
    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.mark.usefixtures("clean")
def test_a_report_costs_little_more_than_its_work(lines: list[Line], tmp_path: Path) -> None:
    """A report of fifteen cells: at least 5 times the command's throughput, at most 1.25 times the floor."""
    notebook, done = workload.write(tmp_path), str(tmp_path / "done.ipynb")
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(notebook),
        done,
        "-p",
        "branch",
        "7",
        "--no-progress-bar",
    ]

    def papermill() -> None:
        subprocess.run(command, check=True, capture_output=True)

    with Zygote(preload=(*_preload(), "tests.bench.workload")) as zygote:

        def engine() -> None:
            for executed in zygote.run_all([Job(notebook, parameters={"branch": 7})] * BATCH, at_once=1):
                assert executed.record.completed, executed.record

        def floor(interactive: bool) -> None:
            work = [(7, interactive)] * BATCH
            for _, outcome in zygote.each("tests.bench.workload:plain", work, at_once=1):
                assert outcome.value, outcome

        theirs = Side(papermill, clock=of_children)
        calls = (engine, lambda: floor(True), lambda: floor(False))
        ours, least, twice = (Side(call, clock=of_zygote(zygote)) for call in calls)
        take_turns(theirs, ours, least, twice)
    for side in (ours, least, twice):
        side.seconds = [seconds / BATCH for seconds in side.seconds]
    lines.append(told("a report of 15 cells", ours, "papermill's command", theirs, "≥ 5"))
    lines.append(told("a report of 15 cells", ours, "the floor", least, "≥ 0.8"))
    lines.append(told("a report of 15 cells", ours, "figures drawn without pyplot", twice, ""))
    assert theirs.median >= 5 * ours.median
    assert ours.median <= 1.25 * least.median


@pytest.mark.usefixtures("clean")
def test_a_notebook_of_one_cell_takes_60_ms(lines: list[Line], tmp_path: Path) -> None:
    """In a batch of ten."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, tmp_path / "one.ipynb")
    with Zygote(preload=_preload()) as zygote:

        def ten() -> None:
            for executed in zygote.run_all([Job(tmp_path / "one.ipynb")] * 10, at_once=1):
                assert executed.record.completed, executed.record

        side, wall = Side(ten, clock=of_zygote(zygote)), Side(ten, clock=time.perf_counter)
        take_turns(side, wall)
    for each in (side, wall):
        each.seconds = [seconds / 10 for seconds in each.seconds]
    for what, each in (("a notebook of 1 cell, processor", side), ("a notebook of 1 cell, wall", wall)):
        line = Line(what, milliseconds(each), wanted="≤ 60 ms" if each is side else "")
        line.spread, line.itself = f"{each.spread:.0%}", f"{each.itself:.2f}"
        lines.append(line)
    assert side.median <= 0.06


def _preload() -> tuple[str, ...]:
    from riskkit.report.engine.client import PRELOAD

    return PRELOAD
