"""The process that forks: imports the heavy libraries once, then makes one child for each request.

It runs no thread, no notebook and nothing of a child's; before each fork it makes sure that it has a single thread.
What asks it (`client.Zygote`) sends a request on a socket together with a second socket, on which the child is given
its work and gives its answer.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import importlib
import os
import pickle
import selectors
import signal
import socket
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from riskkit.report.engine import system

MOST = 1 << 16
"""Bytes a request or a notice takes at most."""
GROWTH = 256 << 20
"""Bytes by which a child may have grown at the end of its work and still be given more."""
Refusal = tuple[str, dict[str, Any]]
"""Why there is no child: a key of the error texts and what fills it."""


@dataclass(frozen=True)
class Start:
    """The first request: what to import, and what to do once, as "module:function" with its arguments."""

    preload: tuple[str, ...]
    prepare: tuple[str, tuple[Any, ...]] | None
    wire: bool


@dataclass(frozen=True)
class Fork:
    """A request for a child."""

    number: int


@dataclass(frozen=True)
class Work:
    """What a child is to do, and in what surroundings; `memory`: bytes it may use beyond what it is born with."""

    function: str
    arguments: tuple[Any, ...]
    environment: dict[str, str]
    folder: str
    memory: int | None = None


@dataclass(frozen=True)
class Notice:
    """What the zygote tells of a child: its process when it is born, its status (as `os.waitpid`) when it has ended."""

    number: int
    process: int | None = None
    status: int | None = None
    refused: Refusal | None = None


@dataclass
class _Asker:
    """A process that asks for children, and those it has."""

    link: socket.socket
    children: dict[int, int] = field(default_factory=dict)


def main() -> NoReturn:
    """Serve the socket named on the command line until its other end is closed."""
    system.ready()
    system.many_handles()
    first = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    start: Start = pickle.loads(first.recv(MOST))
    try:
        _prepare(start)
    except BaseException:
        why = {"why": traceback.format_exc()[-MOST // 2 :]}
        first.send(pickle.dumps(Notice(0, refused=("zygote_start", why))))
        sys.exit(1)
    first.send(pickle.dumps(Notice(0, process=os.getpid())))
    gc.collect()
    gc.freeze()
    gc.disable()
    _Nursery(first).serve()
    os._exit(0)


def _prepare(start: Start) -> None:
    with contextlib.ExitStack() as around:
        if start.wire:
            from riskkit.report.engine import kernel

            around.enter_context(kernel.prepared())
        for module in start.preload:
            named(module)() if ":" in module else importlib.import_module(module)
    if start.prepare:
        named(start.prepare[0])(*start.prepare[1])


def named(function: str) -> Callable[..., Any]:
    """The function called "module:name"."""
    module, _, name = function.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def threads() -> int:
    """How many threads the system counts in this process."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())


class _Nursery:
    """Forks on request and tells how children end."""

    def __init__(self, first: socket.socket) -> None:
        self.first = first
        self.selector = selectors.DefaultSelector()
        self.askers: dict[int, _Asker] = {}
        self._listen(first)

    def serve(self) -> None:
        """Until the first asker is gone."""
        while self.first.fileno() in self.askers:
            for key, _ in self.selector.select():
                key.data()
        for asker in list(self.askers.values()):
            self._gone(asker)

    def _listen(self, link: socket.socket) -> None:
        asker = _Asker(link)
        self.askers[link.fileno()] = asker
        self.selector.register(link, selectors.EVENT_READ, lambda: self._asked(asker))

    def _asked(self, asker: _Asker) -> None:
        try:
            request, handles = _receive(asker.link)
        except OSError:
            request, handles = b"", []
        if not request:
            self._gone(asker)
            return
        number = pickle.loads(request).number
        talk = socket.socket(fileno=handles[0])
        try:
            self._fork(asker, number, talk, handles[1:])
        finally:
            talk.close()
            for handle in handles[1:]:
                os.close(handle)

    def _fork(self, asker: _Asker, number: int, talk: socket.socket, handles: list[int]) -> None:
        if (many := threads()) != 1:
            _tell(asker.link, Notice(number, refused=("zygote_threads", {"count": many})))
            return
        sys.stdout.flush()
        sys.stderr.flush()
        parent = os.getpid()
        with contextlib.ExitStack() as opened:
            try:
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                opened.enter_context(ours)
                opened.enter_context(theirs)
                process = os.fork()
            except OSError as failed:
                _tell(asker.link, Notice(number, refused=("zygote_fork", {"why": str(failed)})))
                return
            opened.pop_all()
        if process == 0:
            ours.close()
            self._leave()
            _live(parent, theirs, talk, handles)
        theirs.close()
        with contextlib.suppress(OSError):
            os.setpgid(process, process)  # here as well as in the child: whichever comes first
        asker.children[process] = number
        self._listen(ours)
        watch = os.pidfd_open(process)
        self.selector.register(watch, selectors.EVENT_READ, lambda: self._ended(asker, process, watch))
        _tell(asker.link, Notice(number, process=process))

    def _leave(self) -> None:
        """In the child: let go of what is the zygote's alone."""
        for key in list(self.selector.get_map().values()):
            if isinstance(key.fileobj, int):
                os.close(key.fileobj)
        self.selector.close()
        for asker in self.askers.values():
            asker.link.close()

    def _ended(self, asker: _Asker, process: int, watch: int) -> None:
        self.selector.unregister(watch)
        os.close(watch)
        _, status = os.waitpid(process, 0)
        _kill(process)  # what it has started and left behind
        number = asker.children.pop(process)
        _tell(asker.link, Notice(number, process=process, status=status))

    def _gone(self, asker: _Asker) -> None:
        """Whoever asks no more needs no children any more."""
        self.selector.unregister(asker.link)
        del self.askers[asker.link.fileno()]
        asker.link.close()
        for process in asker.children:
            _kill(process)


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _receive(link: socket.socket) -> tuple[bytes, list[int]]:
    handles = array.array("i")
    request, ancillary, _, _ = link.recvmsg(
        MOST, socket.CMSG_SPACE(8 * handles.itemsize), socket.MSG_CMSG_CLOEXEC
    )
    for _level, _kind, content in ancillary:
        handles.frombytes(content[: len(content) - len(content) % handles.itemsize])
    return request, list(handles)


def _tell(link: socket.socket, notice: Notice) -> None:
    with contextlib.suppress(OSError):  # who is gone need not be told
        link.send(pickle.dumps(notice))


# ---------------------------------------------------------------- in the child


def _live(parent: int, zygote: socket.socket, talk: socket.socket, handles: list[int]) -> NoReturn:
    """What is done in a child, from its first instruction to its last."""
    status = 1
    try:
        os.setpgid(0, 0)
        system.end_with_parent()
        if os.getppid() != parent:
            os._exit(1)
        _be_new()
        from riskkit.report.engine import client

        client.be_child_of(zygote)
        most = system.resident() + GROWTH
        with contextlib.suppress(EOFError, ConnectionError):  # no more work, or nobody waits for it
            while True:
                send_all(talk, _answer(pickle.loads(receive_all(talk)), handles, most))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        leave(status)


def _answer(work: Work, handles: list[int], most: int) -> bytes:
    """Whether it went well, what was given or raised, and whether this process is to be given no more work: it has
    more than `most` bytes, or has failed."""
    os.environ.clear()
    os.environ.update(work.environment)
    os.chdir(work.folder)
    if work.memory is not None:
        system.hold_to(work.memory)
    try:
        said = named(work.function)(*work.arguments, *handles)
        return pickle.dumps((True, said, system.resident() > most))
    except Exception as failed:
        failed.add_note(f"In the child:\n{traceback.format_exc()}")
        return _pickled(failed)


def _pickled(failed: Exception) -> bytes:
    try:
        answer = pickle.dumps((False, failed, True))
        pickle.loads(answer)
    except Exception:
        answer = pickle.dumps((False, RuntimeError(f"{type(failed).__name__}: {failed}"), True))
    return answer


def _be_new() -> None:
    """Take from a child what a process of its own would not have: inherited random states, exits, warnings told."""
    gc.enable()
    atexit._clear()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with warnings.catch_warnings():
        pass  # entering and leaving makes Python forget which warnings it has shown
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # Python reseeds its own generator after a fork, numpy does not


def leave(status: int) -> NoReturn:
    """End this process at once, after what it asked to be done at its exit."""
    run_exits()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    os._exit(status)


def run_exits() -> None:
    """Do what this process asked to be done at its exit."""
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()


def send_all(link: socket.socket, content: bytes) -> None:
    """Send bytes, their length first."""
    link.sendall(len(content).to_bytes(8, "big") + content)


def receive_all(link: socket.socket) -> bytes:
    """Receive what `send_all` sent; raises `EOFError` if the other end is closed before."""
    length = int.from_bytes(_exactly(link, 8), "big")
    return _exactly(link, length)


def _exactly(link: socket.socket, count: int) -> bytes:
    got = bytearray()
    while len(got) < count:
        piece = link.recv(min(count - len(got), 1 << 20))
        if not piece:
            raise EOFError
        got += piece
    return bytes(got)
