"""The processes of a run: forked from one that has everything open, or a pool where there is no fork."""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import tempfile
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Protocol

from riskkit.report.engine import surroundings, ways
from riskkit.report.engine.children import Outcome, ZygoteFailed
from riskkit.report.engine.client import PRELOAD, Zygote
from riskkit.report.engine.zygote import named
from riskkit.report.making import Order

MOST = 61
"""More processes than this a pool on Windows cannot wait for."""
EVERY = 1 << 20
"""More at once than any cluster has threads: as many as it has."""
EACH = 400 << 20
"""Bytes of memory that a report being made may come to need of its own, its notebook's kernel included."""
ROOMS = (
    "riskkit.report.notebooks",
    "riskkit.report.workbook_branch",
    "riskkit.report.charts",
    "riskkit.report.pages.branch",
)
"""What every report imports, beside the libraries."""


class Workers(Protocol):
    """Processes that call a function with each of many arguments, and tell of each how its call ended."""

    def each(
        self, function: str, arguments: Iterable[tuple[Any, ...]], *, at_once: int, turns: int = 1
    ) -> Iterator[tuple[tuple[Any, ...], Outcome]]:
        """See `Zygote.each`. Where all processes are lost, it raises `ZygoteFailed` or gives that as an outcome."""
        ...


@contextlib.contextmanager
def workers(order: Order, run: str, scratch: Path, at_once: int, cluster: str | None) -> Iterator[Workers]:
    """The processes that make the reports of an order, the run of that name; they end with the block, and with this
    process. Their own scratch files lie in `scratch`. `cluster`: the address of a dask scheduler whose workers make
    them."""
    if cluster is not None:
        from riskkit.report.cluster.dispatch import Cluster

        with Cluster(cluster, order, run, scratch) as machines:
            yield machines
        return
    if not ways.can_fork():
        with Pool(scratch, at_once) as pool:
            yield pool
        return
    with zygote_for(order, scratch) as zygote:
        yield zygote


def zygote_for(order: Order, scratch: Path) -> Zygote:
    """A process that forks, not yet started, with everything open that the reports of an order take."""
    return Zygote(
        preload=(*PRELOAD, *ROOMS),
        prepare=("riskkit.report.making:open_pack", (order,)),
        environment={**surroundings.for_reports(scratch), "TMPDIR": str(scratch)},
        quiet=True,
    )


def fitting(cluster: str | None = None) -> int:
    """How many reports to make at once: one a core, as far as there is memory for them; on a cluster, as its
    workers have threads."""
    if cluster is not None:
        return EVERY
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = _memory()
    return cores if memory is None else max(1, min(cores, memory // EACH))


def _memory() -> int | None:
    """Bytes of memory that are free for new processes; None where the system does not say."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return min(int(line.split()[1]) << 10, _left_to_this_group())
    with contextlib.suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    return None


def _left_to_this_group() -> int:
    """Bytes a container leaves to its processes, with those that only keep files at hand; very many where it sets no
    limit."""
    group = Path("/sys/fs/cgroup")
    try:
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        used = int((group / "memory.current").read_text(encoding="ascii"))
        kept = dict(line.split() for line in (group / "memory.stat").read_text(encoding="ascii").splitlines())
        return int(limit) - used + int(kept.get("inactive_file", 0)) + int(kept.get("active_file", 0))
    except (OSError, ValueError):
        return 1 << 62


# ---------------------------------------------------------------- where there is no fork


class Pool:
    """Processes that are started once and open the quarter each for itself."""

    def __init__(self, scratch: Path, at_once: int) -> None:
        self._pool = concurrent.futures.ProcessPoolExecutor(
            min(at_once, MOST), multiprocessing.get_context("spawn"), _begin, (str(scratch),)
        )

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def each(
        self, function: str, arguments: Iterable[tuple[Any, ...]], *, at_once: int, turns: int = 1
    ) -> Iterator[tuple[tuple[Any, ...], Outcome]]:
        """See `Zygote.each`. Its processes serve to the end, and one that dies takes the pool with it."""
        waiting = iter(arguments)
        running: dict[concurrent.futures.Future[Any], tuple[Any, ...]] = {}
        while True:
            while len(running) < at_once and (given := next(waiting, None)) is not None:
                try:
                    running[self._pool.submit(named(function), *given)] = given
                except BrokenProcessPool:
                    raise ZygoteFailed("worker_died") from None
            if not running:
                return
            done, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for each in done:
                yield running.pop(each), _outcome(each)


def _outcome(done: concurrent.futures.Future[Any]) -> Outcome:
    failed = done.exception()
    if isinstance(failed, BrokenProcessPool):
        return Outcome(error=ZygoteFailed("worker_died"))
    return Outcome(error=failed) if failed else Outcome(value=done.result())


def _begin(scratch: str) -> None:
    """A worker leaves interruptions to its parent, and does not outlive it."""
    os.umask(0o077)
    tempfile.tempdir = scratch
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None, "workers are started by a run"
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)
