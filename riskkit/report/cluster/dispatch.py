"""`Cluster`: the processes of a run, on the machines of a dask cluster."""

from __future__ import annotations

import contextlib
import logging
import queue
import re
import threading
import time
import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from riskkit.errors import Misuse, PublishFailed, ReportFailed, RiskkitError
from riskkit.report.cluster import station
from riskkit.report.cluster.likeness import likeness
from riskkit.report.cluster.notes import Answer, Errand, Notes
from riskkit.report.engine.children import Outcome, ZygoteFailed
from riskkit.report.making import Order

if TYPE_CHECKING:
    from distributed import Client, Future

_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:]+\]|[\w.-]+):\d+")
REACH = 5
"""Seconds within which a scheduler must answer."""
PATIENCE = 30
"""Seconds for which a cluster may be without a worker."""
MOST, FOR_EACH = 8, 64
"""Calls a task has at most, and for how many threads it has one more: few, so that progress is seen as it is made, and
more only where so many workers ask that tasks would be too much for the scheduler."""
EACH_TURN = 4
"""A task is at most one in so many of a thread's share of what is left, so that all workers end together."""
SILENT = 8
"""Tasks for each thread, one after the other, that may end without anything done before the cluster is given up."""
AHEAD = 2
"""Tasks handed out for each thread: one that runs, and the next."""


class Cluster:
    """The workers of a dask cluster, as `riskkit.report.workers.Workers`.

    Entering it raises `Misuse` where dask is not installed or the address is none, and `ReportFailed` where no
    scheduler answers, there are no workers, or a worker would make other bytes than this machine.
    """

    def __init__(self, address: str, order: Order, run: str, scratch: Path) -> None:
        self._address, self._order, self._run = address, order, run
        self._notes = Notes(scratch / uuid4().hex)
        self._count = 0
        self._threads, self._counted = 0, 0.0
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self._client = _connected(self._address)
        try:
            self._wait_for_workers()
            self._notes.leave_errand(Errand(self._order, self._run, likeness(self._order)))
            threading.Thread(target=self._live, daemon=True).start()
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with contextlib.suppress(Exception):  # a cluster that is gone need not be left
            self._client.run(station.leave, str(self._notes.place), on_error="ignore")
        self._client.close(timeout=REACH)

    def _live(self) -> None:
        """Let the workers see that the run goes on, for as long as it does."""
        while not self._over.wait(station.SILENCE / 6):
            with contextlib.suppress(OSError):  # the next may come through
                self._notes.give_sign_of_life()

    def each(
        self, function: str, arguments: Iterable[tuple[Any, ...]], *, at_once: int, turns: int = 1
    ) -> Iterator[tuple[tuple[Any, ...], Outcome]]:
        """See `Zygote.each`. A worker that is lost costs nothing but time; `ReportFailed` is raised where the scheduler
        is lost, or all workers for `PATIENCE` seconds. Of what is yielded, a path in the last place is where files
        really went. Every call has a child of its own, whatever `turns` allows."""
        waiting = deque(arguments)
        silent = 0
        flying: dict[Future, tuple[int, list[tuple[Any, ...]]]] = {}
        ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
        try:
            while waiting or flying:
                while waiting and len(flying) < max(1, min(at_once, AHEAD * self._now())):
                    future, task = self._submit(function, waiting)
                    flying[future] = task
                    future.add_done_callback(ended.put)
                future = self._next(ended)
                number, calls = flying.pop(future)
                answers = self._answers(future, number)
                silent = 0 if answers else silent + 1
                if silent > SILENT * max(1, self._threads):
                    raise ReportFailed("cluster_silent", address=self._address)
                for index, call in enumerate(calls):
                    if index in answers:
                        yield answers[index].arguments, answers[index].outcome
                    else:
                        waiting.append(call)
        finally:
            if flying:
                with contextlib.suppress(Exception):
                    self._client.cancel(list(flying), force=True)

    def _submit(
        self, function: str, waiting: deque[tuple[Any, ...]]
    ) -> tuple[Future, tuple[int, list[tuple[Any, ...]]]]:
        """Hand out a piece of what is left."""
        share = len(waiting) // (EACH_TURN * max(1, self._threads))
        size = max(1, min(MOST, 1 + self._threads // FOR_EACH, share))
        calls = [waiting.popleft() for _ in range(size)]
        self._count += 1
        self._notes.leave_work(self._count, function, calls)
        place = self._notes.place
        key = f"riskkit-{place.name}-{self._count}"
        future = self._client.submit(station.perform, str(place), self._count, key=key, pure=False)
        return future, (self._count, calls)

    def _answers(self, future: Future, number: int) -> dict[int, Answer]:
        """What came of a task; where workers died of it again and again, the call they died at counts as killed."""
        from distributed import KilledWorker

        if future.status == "finished":
            return self._notes.answers(number)
        if future.status != "error":
            raise ReportFailed("cluster_lost", address=self._address)
        fault = future.exception()
        if isinstance(fault, KilledWorker):
            answers = self._notes.answers(number)
            _, calls = self._notes.work(number)
            for index, call in enumerate(calls):
                if index not in answers:
                    return {**answers, index: Answer(call, Outcome(status=station.KILLED))}
            return answers
        raise _told(fault)

    def _next(self, ended: queue.SimpleQueue[Future]) -> Future:
        since = time.monotonic()
        while True:
            try:
                return ended.get(timeout=1)
            except queue.Empty:
                if self._now():
                    since = time.monotonic()
                elif time.monotonic() - since > PATIENCE:
                    raise ReportFailed(
                        "cluster_no_workers", address=self._address, seconds=PATIENCE
                    ) from None

    def _now(self) -> int:
        """How many threads the workers have, as of a second ago."""
        if time.monotonic() - self._counted > 1:
            if self._client.status != "running":
                raise ReportFailed("cluster_lost", address=self._address)
            try:
                self._threads = sum(self._client.nthreads().values())
            except OSError:  # the connection breaks before the client has noticed
                raise ReportFailed("cluster_lost", address=self._address) from None
            self._counted = time.monotonic()
        return self._threads

    # ------------------------------------------------------------ before anything is made

    def _wait_for_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise ReportFailed("cluster_no_workers", address=self._address, seconds=PATIENCE) from None

    def _begin(self) -> None:
        """Have all workers open what they need, at the same time. Raises what is wrong with the scheduler, or else with
        the first worker of which something is."""
        try:
            self._client.run_on_scheduler(station.here)
        except Exception:
            raise ReportFailed("cluster_no_riskkit", address=self._address) from None
        found = self._client.run(station.begin, str(self._notes.place), on_error="return")
        for address, fault in sorted(found.items()):
            if isinstance(fault, ImportError):
                raise ReportFailed("cluster_no_riskkit", address=address)
            if isinstance(fault, BaseException) and not isinstance(
                fault, OSError
            ):  # one that is gone is no matter
                raise _told(fault)


def _told(fault: BaseException) -> RiskkitError:
    """What went wrong on a worker; a process there that could not start is no reason to try again."""
    if isinstance(fault, ZygoteFailed):
        return ReportFailed(fault.key, **fault.values)
    if isinstance(fault, RiskkitError):
        return fault
    if isinstance(fault, OSError):
        reason = fault.strerror or str(fault)
        return PublishFailed("publish_failed", target=str(fault.filename or "?"), reason=reason)
    return ReportFailed("cluster_failed", why=f"{type(fault).__name__}: {fault}")


def _connected(address: str) -> Client:
    """A client of the scheduler, which says nothing of its own accord."""
    try:
        import distributed
    except ImportError:
        raise Misuse("cluster_missing") from None
    for name in ("distributed", "distributed.client", "tornado", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    _check(address)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions are compared by `likeness`
            return distributed.Client(address, timeout=REACH, set_as_default=False)
    except UnicodeError:  # no name a host can have
        raise Misuse("cluster_address", address=address) from None
    except OSError:
        raise ReportFailed("cluster_unreachable", address=address, seconds=REACH) from None


def _check(address: str) -> None:
    """Raise `Misuse` for what a client, once begun, would refuse with more words than help."""
    import distributed

    if not _ADDRESS.fullmatch(address):
        raise Misuse("cluster_address", address=address)
    connection = distributed.Security().get_connection_args("client")
    if address.startswith("tls:") and connection["ssl_context"] is None:
        raise Misuse("cluster_certificates", address=address)
    if address.startswith("tcp:") and connection["require_encryption"]:
        raise Misuse("cluster_encryption", address=address)
