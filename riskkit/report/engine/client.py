"""`Zygote`: starts the process that forks, and asks it for children."""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from riskkit.report.engine import ways
from riskkit.report.engine.children import GONE, TURNS, Child, Outcome, ZygoteFailed
from riskkit.report.engine.surroundings import FORK_SAFE, with_checkout
from riskkit.report.engine.zygote import MOST, Fork, Notice, Start, Work, send_all

if TYPE_CHECKING:
    from riskkit.report.engine.jobs import Executed, Job

PRELOAD = (
    "numpy",
    "pandas",
    "pandas.io.formats.style",
    "pyarrow",
    "pyarrow.parquet",
    "scipy.stats",
    "openpyxl",
    "matplotlib",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "IPython.core.pylabtools",
    "riskkit.report.engine.warm:warm",
)
"""What the zygote imports, and calls, unless told otherwise."""
JOBS = ("riskkit.report.engine.jobs:warm",)
"""What children need that run papermill themselves."""
_START = "from riskkit.report.engine.zygote import main; main()"


class Zygote:
    """A process that has imported everything and forks a child for each piece of work.

    `preload` are the modules it imports, or functions it calls, "module:function"; `prepare`, a function with its
    arguments, is called in it once: what that opens, every child has at hand. `environment` replaces this process's
    own. Linux only: see `ways.can_fork`.

        >>> with Zygote() as zygote:
        ...     [outcome.value for _, outcome in zygote.each("math:sqrt", [(4.0,), (9.0,)], at_once=2)]
        [2.0, 3.0]
    """

    def __init__(
        self,
        *,
        preload: Iterable[str] = PRELOAD,
        prepare: tuple[str, tuple[Any, ...]] | None = None,
        environment: Mapping[str, str] | None = None,
        jobs: bool = True,
        quiet: bool = False,
    ) -> None:
        self._start = Start((*preload, *(JOBS if jobs else ())), prepare, ways.here().name == "wire")
        self._environment = {**(os.environ if environment is None else environment), **FORK_SAFE}
        self._quiet = quiet
        self._link: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._children: dict[int, Child] = {}
        self._count = 0

    @classmethod
    def at(cls, link: socket.socket) -> Self:
        """The zygote at the other end of a socket."""
        zygote = cls()
        zygote._link = link
        return zygote

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Start the process; raises `ZygoteFailed`, with what was said, if it cannot."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        nowhere = subprocess.DEVNULL if self._quiet else None
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=with_checkout(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=nowhere,
                stderr=nowhere,
                start_new_session=True,  # Ctrl-C is for the process that asks
            )
        self._link = ours
        try:
            with contextlib.suppress(ConnectionError):  # one that is gone already says nothing either
                ours.send(pickle.dumps(self._start))
            said = _said(ours)
            notice: Notice = pickle.loads(said) if said else Notice(0, refused=GONE)
            if notice.refused:
                raise ZygoteFailed(notice.refused[0], **notice.refused[1])
        except BaseException:
            self._process.kill()  # it may be importing, and would hear of nothing until it has
            self.close()
            raise

    def close(self) -> None:
        """End the process and every child that still runs."""
        for left in self._children.values():
            left.signal(signal.SIGKILL)
            left.talk.close()
        self._children.clear()
        if self._link is not None:
            self._link.close()
            self._link = None
        if self._process is not None:
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def start(
        self,
        function: str,
        *arguments: Any,
        handles: Iterable[int] = (),
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        memory: int | None = None,
    ) -> Child:
        """A child that calls a function named "module:function"; see `each` for the meaning of the rest."""
        child = self._fork(handles)
        given = dict(os.environ if environment is None else environment)
        self._give(child, Work(function, arguments, given, str(folder or Path.cwd()), memory))
        return child

    def again(self, child: Child, function: str, *arguments: Any) -> None:
        """Have a child that has answered, and is not `done`, call a function in the surroundings of this process."""
        self._give(child, Work(function, arguments, dict(os.environ), str(Path.cwd()), None))

    def _fork(self, handles: Iterable[int]) -> Child:
        """A child that waits for work."""
        if self._link is None:
            raise ZygoteFailed("zygote_gone")
        self._count += 1
        ours, theirs = socket.socketpair()
        with theirs:
            request = pickle.dumps(Fork(self._count))
            try:
                socket.send_fds(self._link, [request], [theirs.fileno(), *handles])
            except OSError as gone:
                ours.close()
                raise ZygoteFailed("zygote_gone") from gone
        child = Child(self._count, ours)
        self._children[child.number] = child
        return child

    @staticmethod
    def _give(child: Child, work: Work) -> None:
        child.answer.clear()
        child.turns += 1
        with contextlib.suppress(OSError):  # a child that is gone already tells by its status
            send_all(child.talk, pickle.dumps(work))

    def notices(self, timeout: float | None) -> bool:
        """Read what the zygote tells of children, waiting so many seconds for it; whether there was anything."""
        assert self._link is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._link, selectors.EVENT_READ)
            if not selector.select(timeout):
                return False
        said = _said(self._link)
        if not said:
            for left in self._children.values():
                left.refused = left.refused or GONE
            return True
        notice: Notice = pickle.loads(said)
        if (child := self._children.get(notice.number)) is not None:
            child.process = notice.process or child.process
            child.status = notice.status
            child.refused = notice.refused
            if child.ended:
                del self._children[child.number]
        return True

    def wait(self, child: Child, timeout: float | None = None) -> bool:
        """Whether a child has ended, within so many seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while not child.ended:
            left = None if until is None else until - time.monotonic()
            if left is not None and left < 0:
                return False
            self.notices(left)
        return True

    def each(
        self,
        function: str,
        arguments: Iterable[tuple[Any, ...]],
        *,
        at_once: int,
        environment: Mapping[str, str] | None = None,
        memory: int | None = None,
        turns: int = 1,
    ) -> Iterator[tuple[tuple[Any, ...], Outcome]]:
        """Call a function named "module:function" with each of the arguments, every call in a child of its own,
        `at_once` of them at a time; gives arguments and outcomes as they come in. What becomes of one child touches no
        other.

        `environment` replaces this process's; `memory` is how many bytes a child may use beyond what it is born with.
        `turns`: how many calls a child may take one after the other; for functions that leave nothing behind.
        """
        surroundings = dict(os.environ if environment is None else environment)
        waiting = iter(arguments)
        running: dict[Child, tuple[Any, ...]] = {}
        free: list[Child] = []
        with contextlib.ExitStack() as around:
            around.callback(_let_go, free, running)
            selector = around.enter_context(selectors.DefaultSelector())
            assert self._link is not None
            selector.register(self._link, selectors.EVENT_READ)
            while True:
                while len(running) < at_once and (given := next(waiting, None)) is not None:
                    free[:] = [child for child in free if not child.ended]
                    child = free.pop() if free else self._fork(())
                    if not child.turns:
                        selector.register(child.talk, selectors.EVENT_READ, child)
                    self._give(child, Work(function, given, surroundings, str(Path.cwd()), memory))
                    running[child] = given
                if not running:
                    return
                for key, _ in selector.select():
                    self._hear(key, selector)
                for child in [child for child in running if child.ended or child.answered]:
                    outcome = self._outcome(child)
                    if child.done(turns):
                        self._dismiss(child, selector)
                    else:
                        free.append(child)
                    yield running.pop(child), outcome

    def run_all(self, jobs: Iterable[Job], *, at_once: int) -> Iterator[Executed]:
        """Run notebooks, each in children of its own, `at_once` of them at a time; see `run`. In the order they end."""
        from riskkit.report.engine.jobs import Executed
        from riskkit.report.engine.record import Failure, Record

        given = ((job,) for job in jobs)
        executed = self.each("riskkit.report.engine.jobs:execute", given, at_once=at_once, turns=TURNS)
        for (job,), outcome in executed:
            if isinstance(outcome.value, Executed):
                yield outcome.value
            else:
                why = outcome.error or ChildProcessError("ended without a word")
                failure = Failure(type(why).__name__, str(why))
                yield Executed(job, "", Record(failure=failure, status=outcome.status))

    def run(
        self,
        notebook: Path,
        output: Path | None = None,
        *,
        parameters: Mapping[str, Any] | None = None,
        cell_timeout: int | None = None,
        memory: int | None = None,
    ) -> Executed:
        """Run one notebook as papermill would, to `output` or into memory; gives it and the record of how it went.

        A cell that takes longer than `cell_timeout` seconds is stopped, and so is the notebook; `memory` are the bytes
        it may use beyond what it is born with. Nothing is raised for what goes wrong in the notebook: see `Record`.
        """
        from riskkit.report.engine.jobs import Job

        job = Job(notebook, output, parameters or {}, cell_timeout, memory)
        return next(self.run_all([job], at_once=1))

    def _hear(self, key: selectors.SelectorKey, selector: selectors.BaseSelector) -> None:
        child: Child | None = key.data
        if child is None:
            self.notices(0)
        elif not child.hear():
            selector.unregister(child.talk)

    @staticmethod
    def _outcome(child: Child) -> Outcome:
        if not child.refused and not child.answered:
            while child.hear():
                pass
        return child.outcome()

    @staticmethod
    def _dismiss(child: Child, selector: selectors.BaseSelector) -> None:
        with contextlib.suppress(KeyError):
            selector.unregister(child.talk)
        child.talk.close()


def _let_go(*children: Iterable[Child]) -> None:
    """Whom nobody talks to any more ends."""
    for child in itertools.chain(*children):
        child.talk.close()


def _said(link: socket.socket) -> bytes:
    """A notice; empty from a zygote that is gone, also if it left something unread."""
    try:
        return link.recv(MOST)
    except ConnectionError:
        return b""


# ---------------------------------------------------------------- the zygote of this process

_mine: Zygote | None = None


def be_child_of(link: socket.socket) -> None:
    """In a child: the zygote that made it makes its children too."""
    global _mine
    _mine = Zygote.at(link)


def mine() -> Zygote | None:
    """The zygote this process was forked from, or started; None if there is none."""
    return _mine


@contextlib.contextmanager
def kept(zygote: Zygote) -> Iterator[Zygote]:
    """Within the block, notebooks run by this process are forked from `zygote`."""
    global _mine
    before, _mine = _mine, zygote
    try:
        yield zygote
    finally:
        _mine = before


def keep(zygote: Zygote) -> None:
    """From now on notebooks run by this process are forked from `zygote`."""
    global _mine
    _mine = zygote
