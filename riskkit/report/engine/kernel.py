"""The kernel in the child: IPython's own, with a socket pair in place of zmq's sockets and threads."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NoReturn

import ipykernel_launcher  # type: ignore[import-untyped]
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import Session
from traitlets import Any as AnyTrait

from riskkit.report.engine.frames import IOPUB, SHELL, STDIN, Sender, Unpacker, unsigned
from riskkit.report.engine.streams import Publisher, Shared, Stream
from riskkit.report.engine.zygote import leave, run_exits

HISTORY = "--HistoryManager.hist_file=:memory:"
_IPythonKernel: Any = IPythonKernel  # their types say less than they do
_IPKernelApp: Any = IPKernelApp


class _Frame:
    """A part of a message, by the names that a session reads."""

    def __init__(self, content: bytes) -> None:
        self.bytes = content
        self.buffer = memoryview(content)


class _Shell:
    """The kernel's end of the shell channel: replies go out, requests come in on the loop."""

    def __init__(self) -> None:
        self.sender: Sender | None = None
        self.handle: Callable[..., Any] | None = None

    def on_recv(self, handle: Callable[..., Any], copy: bool = False) -> None:
        self.handle = handle

    def send_multipart(self, parts: Any, **_: object) -> None:
        assert self.sender is not None
        self.sender.send_multipart(parts)

    def flush(self, *_: object) -> None:
        pass


class _Kernel(_IPythonKernel):  # type: ignore[misc]
    """IPython's kernel without sub-shells and without queues to abort: one request is made at a time."""

    shell_stream = AnyTrait()
    _supports_kernel_subshells = False

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        pass


class _App(_IPKernelApp):  # type: ignore[misc]
    """The kernel's application, which reads the user's settings and start-up files; sockets and streams come later."""

    def init_connection_file(self) -> None:
        pass

    def init_poller(self) -> None:
        pass

    def init_sockets(self) -> None:
        self.session = unsigned(Session(parent=self))

    def init_heartbeat(self) -> None:
        pass

    def write_connection_file(self, **_: object) -> None:
        pass

    def log_connection_info(self) -> None:
        pass

    def init_io(self) -> None:
        self.patch_io()

    def init_kernel(self) -> None:
        self.shell_stream = _Shell()
        self.kernel = _Kernel.instance(
            parent=self,
            session=self.session,
            shell_stream=self.shell_stream,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
            _execute_sleep=0.0,
        )

    def connect(self, link: socket.socket, shared: Shared) -> None:
        """Give the kernel its wire and its streams."""
        lock = threading.Lock()
        public = Sender(link, IOPUB, lock)
        publisher = Publisher(public)
        self.session.pid = os.getpid()
        kernel, shell = self.kernel, self.kernel.shell
        self.shell_stream.sender = Sender(link, SHELL, lock)
        kernel.iopub_socket, kernel.stdin_socket = public, Sender(link, STDIN, lock)
        kernel.iopub_thread = publisher
        shell.displayhook.pub_socket = shell.display_pub.pub_socket = public
        streams = tuple(Stream(self.session, publisher, number, shared) for number in (0, 1))
        for stream in streams:
            stream.beside = streams
        sys.stdout, sys.stderr = streams
        self.displayhook = self.displayhook_class_(self.session, public)
        self.displayhook.get_execution_count = lambda: kernel.execution_count
        sys.displayhook = self.displayhook

    @property
    def displayhook_class_(self) -> Any:
        """The display hook's class, which is set by name."""
        from traitlets.utils.importstring import import_item

        return import_item(str(self.displayhook_class))


_prepared: _App | None = None


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """In the zygote: make the kernel that every child will be the only user of. What is imported within the block finds
    itself in a notebook, as it would in a cell."""
    global _prepared
    if "" in sys.path:
        sys.path.remove("")  # the kernel's application puts it where kernels have it
    sys.argv = [ipykernel_launcher.__file__, "-f", "", HISTORY]
    app = _App.instance(log_level=50)
    app.initialize([HISTORY])
    app.log.setLevel(app.log_level)  # its records, of which nobody reads those below, need not be made
    _prepared = app
    with app.kernel.shell.builtin_trap:
        yield


def serve(link_handle: int, out: int, err: int, marks: int) -> NoReturn:
    """In a child: be a kernel until papermill closes its end of the link."""
    app = _prepared
    assert app is not None, "kernels are prepared by the zygote"
    link = socket.socket(fileno=link_handle)
    app.connect(link, Shared((out, err, marks)))
    shell = app.kernel.shell
    shell.init_environment()
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    shell.user_ns["_dh"][:] = [os.getcwd()]  # noqa: PTH109  (IPython keeps a text)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(BaseException):
        _run(app, link)
    _end(app, link)


def _run(app: _App, link: socket.socket) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    arrived = Unpacker()
    tasks: set[asyncio.Task[Any]] = set()

    def read() -> None:
        try:
            piece = link.recv(1 << 20)
        except OSError:
            piece = b""
        if not piece:
            loop.stop()
        for _, parts in arrived.feed(piece):
            handled = loop.create_task(handle([_Frame(part) for part in parts]))
            tasks.add(handled)
            handled.add_done_callback(tasks.discard)

    app.kernel.start()
    handle: Any = app.shell_stream.handle
    app.kernel.shell_channel_thread = SimpleNamespace(parent_thread=threading.main_thread())
    loop.add_reader(link, read)
    loop.run_forever()


def _end(app: _App, link: socket.socket) -> NoReturn:
    """What an interpreter does at its end: wait for threads, run what was asked for, drop every variable."""
    with contextlib.suppress(BaseException):
        vars(threading)["_shutdown"]()  # waits for the threads a notebook has left
    with contextlib.suppress(BaseException):
        app.kernel.shell.reset(new_session=False)
        app.kernel.shell.user_ns.clear()
        gc.collect()
    run_exits()
    with contextlib.suppress(OSError):
        link.shutdown(
            socket.SHUT_RDWR
        )  # papermill need not wait until the system has cleared this process away
    leave(0)
