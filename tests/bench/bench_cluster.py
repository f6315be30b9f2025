"""What a cluster costs beside this machine alone, how far two workers do twice the work of one, and what the one process
that publishes takes for a report: the constants of the plan in docs/operating, section 7.4."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from riskkit import open_workspace
from riskkit.report.cluster.dispatch import Cluster
from riskkit.report.engine import ways
from riskkit.report.engine.children import TURNS
from riskkit.report.making import BRANCHES, Made, Order
from riskkit.report.run import run_id
from riskkit.report.workers import EVERY, Workers, zygote_for
from riskkit.report.workplace import Workplace
from tests.batches import wait_for
from tests.bench.bench_notebooks import clean
from tests.bench.race import Line, Side, milliseconds
from tests.clusters import cluster

__all__ = ["clean"]  # a fixture
pytestmark = pytest.mark.skipif(not ways.can_fork(), reason="needs Linux")
REPORTS, ROUNDS, CALLS, PUBLISHED = 8, 4, 400, 200
NAP, NAPS = 2.0, 6
TICK = os.sysconf("SC_CLK_TCK")


def below(process: int) -> Iterator[int]:
    """A process and all that stem from it."""
    yield process
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        for child in children.read_text(encoding="ascii").split():
            yield from below(int(child))


def processor(*roots: int) -> float:
    """Processor seconds of this process, and of others with what stems from them and what these have waited for."""
    time.sleep(0.1)  # the last children are still being cleared away
    total = 0
    for process in {each for root in roots for each in below(root)}:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / TICK + time.process_time()


def memory(*roots: int) -> float:
    """MiB of memory of processes and what stems from them, what they share counted once."""
    total = 0
    for process in {each for root in roots for each in below(root)}:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


@dataclass
class Way:
    """Processes to make reports with, at how many at once, and by which processes they are made."""

    name: str
    processes: Workers
    at_once: int
    roots: tuple[int, ...]
    wall: list[float] = field(default_factory=list)
    used: list[float] = field(default_factory=list)

    def round(self, work: Callable[[], list[tuple[Order, str, Path]]]) -> None:
        given, began, before = work(), time.perf_counter(), processor(*self.roots)
        for _, outcome in self.processes.each(
            "riskkit.report.making:make", given, at_once=self.at_once, turns=TURNS
        ):
            assert isinstance(outcome.value, Made), outcome
            assert not outcome.value.failure, outcome
        self.wall.append((time.perf_counter() - began) / len(given))
        self.used.append((processor(*self.roots) - before) / len(given))

    def line(self, peer: Way) -> Line:
        wall, used, base = (Side(print, seconds=seconds) for seconds in (self.wall, self.used, peer.used))
        line = Line(f"a report, {self.name}", milliseconds(used), peer.name, milliseconds(base))
        line.ratio = f"{base.median / used.median:.2f}"
        line.wanted = f"{milliseconds(wall)} by the clock"
        line.spread, line.itself = f"{used.spread:.0%}, {base.spread:.0%}", f"{base.itself:.2f}"
        return line


@pytest.fixture
def order(sample_bank: Path) -> Order:
    open_workspace(sample_bank).assessment("2026Q2")  # the store is filled for every side
    return Order(sample_bank, "2026Q2", "zh")


@pytest.mark.usefixtures("clean")
def test_two_workers_do_twice_the_work_of_one_for_little_more_than_here(
    lines: list[Line], tmp_path: Path, order: Order
) -> None:
    """By processor time, held to as many at once here; by the clock, two workers beside one are told next to two
    processes beside one."""
    units = open_workspace(order.workspace).assessment(order.period).ranking().index[:REPORTS]
    name = run_id(open_workspace(order.workspace, lang=order.lang), order)
    made = tmp_path / "out" / "work" / "made"
    made.mkdir(parents=True)
    count = iter(range(1 << 20))

    def work() -> list[tuple[Order, str, Path]]:
        return [(order, f"{BRANCHES}{unit}", made / str(next(count))) for unit in units]

    with contextlib.ExitStack() as stack:
        here = stack.enter_context(zygote_for(order, tmp_path))
        assert here._process is not None
        ways_ = [Way(f"{n} at once here", here, n, (here._process.pid,)) for n in (1, 2)]
        for n in (1, 2):
            machines = stack.enter_context(cluster(tmp_path / f"{n}", workers=n, stand_ins=False))
            processes = stack.enter_context(
                Cluster(machines.address, order, name, tmp_path / "out" / "work" / f"tmp-{n}")
            )
            roots = (machines.scheduler.pid, *(worker.pid for worker in machines.workers))
            ways_.append(Way(f"{n} {'worker' if n == 1 else 'workers'}", processes, n, roots))
        for way in ways_:
            way.round(work)
            way.wall.clear()
            way.used.clear()
        for _ in range(ROUNDS):
            for way in ways_:
                way.round(work)
        held = memory(machines.workers[0].pid)
    one_here, two_here, one, two = ways_
    lines += [two_here.line(one_here), one.line(one_here), two.line(two_here)]
    sides = [Side(print, seconds=way.wall) for way in ways_]
    line = Line("two workers beside one, by the clock", f"{sides[2].median / sides[3].median:.2f} ×")
    line.peer, line.theirs = "two processes here", f"{sides[0].median / sides[1].median:.2f} ×"
    line.spread = f"{sides[3].spread:.0%}, {sides[1].spread:.0%}"
    lines += [line, Line("memory of an idle worker, its open quarter included", f"{held:.0f} MiB")]
    for there, near in ((one, one_here), (two, two_here)):
        assert Side(print, seconds=there.used).median <= 1.1 * Side(print, seconds=near.used).median


@pytest.mark.usefixtures("clean")
def test_what_the_run_itself_takes_for_a_report_on_a_cluster(
    lines: list[Line], tmp_path: Path, order: Order
) -> None:
    """Handing out and hearing of calls that do nothing; and moving finished reports into the tree, fsync by fsync."""
    name = run_id(open_workspace(order.workspace, lang=order.lang), order)
    with (
        cluster(tmp_path / "one", workers=1, stand_ins=False) as machines,
        Cluster(machines.address, order, name, tmp_path / "out" / "work" / "tmp") as processes,
    ):
        asked, scheduled = time.process_time(), processor(machines.scheduler.pid)
        assert sum(1 for _ in processes.each("math:sqrt", [(1.0,)] * CALLS, at_once=8)) == CALLS
        asked = time.process_time() - asked
        scheduled = processor(machines.scheduler.pid) - scheduled - asked
        given = [(order, f"{BRANCHES}0103", tmp_path / "out" / "work" / "report")]
        ((_, _, folder), outcome) = next(processes.each("riskkit.report.making:make", given, at_once=1))
        place = Workplace(tmp_path / "runs" / "2026Q2-zh-00000000", "")
        copies = []
        for _ in range(PUBLISHED):
            copies.append(place.making())
            shutil.copytree(folder, copies[-1])
        wall, used = time.perf_counter(), time.process_time()
        for copy in copies:
            place.done(f"{BRANCHES}0103", "key", outcome.value.files, copy)
        wall, used = time.perf_counter() - wall, time.process_time() - used
        size = sum(path.stat().st_size for path in place.tree.rglob("*") if path.is_file())
        place.remove()
    for what, seconds, count in (
        ("the run's processor time to hand out a report", asked, CALLS),
        ("the scheduler's", scheduled, CALLS),
        ("the run's processor time to publish a report", used, PUBLISHED),
        ("the same by the clock, fsync included", wall, PUBLISHED),
    ):
        lines.append(Line(what, f"{seconds / count * 1000:.3g} ms"))
    lines.append(Line("a report's notebook and workbook", f"{size / 1024:.0f} KiB"))
    assert used / PUBLISHED < 0.05


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize(("workers", "threads"), [(1, 1), (2, 1), (4, 16)])
def test_all_threads_are_kept_at_work(
    lines: list[Line], tmp_path: Path, small_bank: Path, workers: int, threads: int
) -> None:
    """Calls that only sleep, so that two cores can stand for many: the share of the time that the threads slept."""
    order = Order(small_bank, "2026Q2", "zh")
    name = run_id(open_workspace(order.workspace, lang=order.lang), order)
    naps = [(NAP,)] * (NAPS * workers * threads)
    with cluster(tmp_path / "cluster", workers=0, stand_ins=False) as machines:
        for _ in range(workers):
            machines.add("--nthreads", str(threads), "--no-nanny")
        with Cluster(machines.address, order, name, tmp_path / "out" / "work" / "tmp") as processes:
            assert wait_for(lambda: processes._now() == workers * threads)
            began, used = time.perf_counter(), time.process_time()
            assert sum(1 for _ in processes.each("time:sleep", naps, at_once=EVERY)) == len(naps)
            took, used = time.perf_counter() - began, time.process_time() - used
    share = NAPS * NAP / took
    count = workers * threads
    line = Line(f"{count} {'thread' if count == 1 else 'threads'} kept at work", f"{share:.0%}")
    line.peer, line.theirs = "the run's processor time", f"{used / len(naps) * 1000:.3g} ms each"
    lines.append(line)
    assert share > 0.5
