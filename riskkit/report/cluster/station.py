"""A worker of a cluster at work for a run: its own process that forks, and what it leaves on disk."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

from riskkit.report.cluster import likeness
from riskkit.report.cluster.notes import Answer, Notes, note
from riskkit.report.engine.children import GONE, Child, Outcome, ZygoteFailed
from riskkit.report.engine.client import Zygote
from riskkit.report.workers import zygote_for

SILENCE = 30.0
"""Seconds for which a run that lives may give no sign of it."""
KILLED = -9


LEAVING = 5.0
"""Seconds that a run which is over waits for a worker."""


class Left(Exception):
    """The run wants nothing more."""


class Station:
    """The process that forks, for one run on one worker, shared by the worker's threads.

    It is started when first needed, and again where it was lost; it ends with the worker, when the run leaves, and
    where there is no sign of the run for `SILENCE` seconds.
    """

    def __init__(self, place: Path, scratch: Path) -> None:
        self._notes = Notes(place)
        self._errand = self._notes.errand()
        self._scratch = scratch / f"riskkit-{uuid4().hex}"
        self._lock = threading.Lock()
        self._alone = threading.Lock()
        self._zygote: Zygote | None = None
        self._kept = threading.local()
        self._ended = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def open(self) -> None:
        """Have the process that forks ready."""
        with self._lock:
            self._opened()

    def perform(self, number: int) -> None:
        """Do the work of a number: what came of each call is on disk before the next begins. Calls that another worker
        has done already, which was lost meanwhile, are not made again."""
        function, calls = self._notes.work(number)
        known = self._notes.answers(number)
        attempt = self._notes.attempt(number)
        with attempt.open("wb") as stream:
            for index, arguments in enumerate(calls):
                if index not in known:
                    known[index] = self._call(function, arguments)
                note(stream, index, known[index])
        self._notes.settle(number, attempt)

    # ------------------------------------------------------------ one call

    def _call(self, function: str, arguments: tuple[Any, ...]) -> Answer:
        """A call that was lost with the process that forks is made once more, with no other such beside it: so a call
        that takes the process with it is told from those that were lost with it."""
        answer = self._made(function, arguments)
        if _lost(answer.outcome):
            with self._alone:
                answer = self._made(function, arguments)
        if _lost(answer.outcome):
            return Answer(answer.arguments, Outcome(status=KILLED))
        return answer

    def _made(self, function: str, arguments: tuple[Any, ...]) -> Answer:
        """A last argument that is a path says where files go; they go beside it, to a place no other attempt has, since
        one that was given up for lost may still be at work."""
        if arguments and isinstance(arguments[-1], Path):
            arguments = (*arguments[:-1], arguments[-1].with_name(f"{arguments[-1].name}-{uuid4().hex}"))
        with self._lock:
            zygote = self._opened()
            try:
                child = self._asked(zygote, function, arguments)
            except ZygoteFailed as gone:
                self._let_go(zygote)
                return Answer(arguments, Outcome(error=gone))
        _listen(child)
        with self._lock:
            return Answer(arguments, self._heard(zygote, child))

    def _asked(self, zygote: Zygote, function: str, arguments: tuple[Any, ...]) -> Child:
        """The child that makes a call: the one of this thread's last call, as long as it serves."""
        kept: tuple[Zygote | None, Child | None] = self._kept.__dict__.pop("last", (None, None))
        maker, child = kept
        if child is None or maker is not zygote or child.done():
            return zygote.start(function, *arguments)
        zygote.again(child, function, *arguments)
        return child

    def _opened(self) -> Zygote:
        if self.ended:
            raise Left
        if self._zygote is None:
            self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            zygote = zygote_for(self._errand.order, self._scratch)
            zygote.open()
            self._zygote = zygote
        return self._zygote

    def _heard(self, zygote: Zygote, child: Child) -> Outcome:
        """How a call ended whose socket has said all it will say."""
        if zygote is self._zygote:
            while not child.ended and zygote.notices(0 if child.answered else None):
                pass
        elif not child.ended:
            child.refused = GONE
        here = not child.ended
        if child.answered:
            child.refused = None
        outcome = child.outcome()
        if here and child.answered and not child.done():
            self._kept.last = zygote, child
        else:
            child.talk.close()
        if _lost(outcome):
            self._let_go(zygote)
        return outcome

    def _let_go(self, zygote: Zygote | None) -> None:
        """End a process that forks, unless another thread has done so."""
        if zygote is not None and zygote is self._zygote:
            self._zygote = None
            zygote.close()

    # ------------------------------------------------------------ the end

    def _watch(self) -> None:
        """Leave a run that gives no sign of life any more."""
        seen: int | None = None
        while not self._ended.wait(SILENCE):
            before, seen = seen, self._notes.sign_of_life()
            if seen is None or seen == before:
                self.leave()

    def leave(self) -> None:
        """End its processes, and do no more."""
        self._ended.set()
        with self._lock:
            self._let_go(self._zygote)
            shutil.rmtree(self._scratch, ignore_errors=True)

    @property
    def ended(self) -> bool:
        """Whether it does no more."""
        return self._ended.is_set()


def _lost(outcome: Outcome) -> bool:
    return isinstance(outcome.error, ZygoteFailed)


def _listen(child: Child) -> None:
    """Hear a child to the end of its answer, or of its life."""
    with contextlib.suppress(ConnectionError):
        while not child.answered and (piece := child.talk.recv(1 << 20)):
            child.answer += piece


# ---------------------------------------------------------------- what a run asks of a worker

_stations: dict[str, Station] = {}
_left: set[str] = set()
_guard = threading.Lock()


def here() -> None:
    """Nothing; where it can be called, this riskkit is installed."""


async def begin(place: str, dask_worker: Any) -> None:
    """Have everything open for a run. Raises `ReportFailed` where its reports would come out otherwise on this machine,
    or its process cannot start."""
    await asyncio.to_thread(_begin, Path(place), dask_worker)


def _begin(place: Path, worker: Any) -> None:
    if (station := _station(place, worker)) is not None:
        station.open()


def perform(place: str, number: int) -> None:
    """Do one piece of a run's work; see `Station.perform`."""
    from distributed import get_worker

    if (station := _station(Path(place), get_worker())) is not None:
        with contextlib.suppress(Left):
            station.perform(number)


async def leave(place: str) -> None:
    """The run is over, here; a process that is still opening the quarter is not waited for, and ends when it has."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.to_thread(_leave, place), LEAVING)


def _station(place: Path, worker: Any) -> Station | None:
    """The station of a run, a new one if there is none; None if the run is over."""
    with _guard:
        if str(place) in _left:
            return None
        if str(place) not in _stations or _stations[str(place)].ended:
            likeness.compare(place)
            _stations[str(place)] = Station(place, Path(worker.local_directory))
        return _stations[str(place)]


def _leave(place: str) -> None:
    with _guard:
        _left.add(place)
        station = _stations.pop(place, None)
    if station is not None:
        station.leave()
