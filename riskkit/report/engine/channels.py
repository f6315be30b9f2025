"""papermill's end of the link: what nbclient takes for a kernel's manager and for its client."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Mapping
from datetime import datetime
from queue import Empty
from typing import Any

from jupyter_client.client import KernelClient
from jupyter_client.session import DELIM, Session

from riskkit.report.engine.children import Child
from riskkit.report.engine.client import Zygote
from riskkit.report.engine.frames import IOPUB, SHELL, STDIN, Unpacker, pack, unsigned
from riskkit.report.engine.streams import NAMES, Shared

PAUSE = 0.002
END = 5.0
"""Seconds a kernel has to end in when it is asked to."""


class Channel:
    """Messages of one kind that have arrived."""

    def __init__(self, link: Link, name: bytes) -> None:
        self._link, self._name = link, name
        self.waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:
        """The next message; raises `Empty` if none comes within so many seconds."""
        self._link.listen()
        try:
            async with asyncio.timeout(timeout):  # unlike `wait_for` without a task of its own
                return await self.waiting.get()
        except TimeoutError:
            await self._link.hear_the_rest()
            raise Empty from None

    def send(self, message: dict[str, Any]) -> None:
        """Send a message."""
        self._link.send(self._name, message)

    def is_alive(self) -> bool:
        """Whether messages can come."""
        return True


class Link:
    """The socket to a kernel, and the text it has written but not sent."""

    def __init__(self, end: socket.socket, shared: Shared) -> None:
        self._end, self.shared = end, shared
        self.session = unsigned(Session())
        self.channels = {name: Channel(self, name) for name in (SHELL, IOPUB, STDIN)}
        self._arrived = Unpacker()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.silent = False
        self._asked: dict[str, Any] = {}

    def send(self, channel: bytes, message: dict[str, Any]) -> None:
        """Send a message to the kernel; one that is dead is found out about elsewhere."""
        if message["header"]["msg_type"] == "execute_request":
            self._asked = message["header"]
        try:
            self._end.sendall(pack(channel, self.session.serialize(message)))
        except OSError:
            return

    def listen(self) -> None:
        """Read what comes, on the loop that runs now."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop and self._end.fileno() >= 0:
            self._silence()
            self._loop = loop
            loop.add_reader(self._end, self._read)

    def _read(self) -> None:
        try:
            piece = self._end.recv(1 << 20)
        except OSError:
            piece = b""
        if not piece:
            self._silence()
            self._take_the_rest()
            self.silent = True
        for name, parts in self._arrived.feed(piece):
            self.channels[name].waiting.put_nowait(self._message(parts[parts.index(DELIM) + 1 :]))

    def _message(self, parts: list[bytes]) -> dict[str, Any]:
        """A message as `Session.deserialize` gives one that is unsigned and of the present protocol, but for its
        reading dates with dateutil, which takes longer than all else."""
        header, parent, metadata, content = (self.session.unpack(part) for part in parts[1:5])
        for each in (header, parent):
            if "date" in each:
                each["date"] = datetime.fromisoformat(each["date"])
        said = {"header": header, "msg_id": header["msg_id"], "msg_type": header["msg_type"]}
        told = {"parent_header": parent, "metadata": metadata, "content": content}
        return {**said, **told, "buffers": [memoryview(part) for part in parts[5:]]}

    def _silence(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._end)
        self._loop = None

    def _take_the_rest(self) -> None:
        for number, name in enumerate(NAMES):
            if text := self.shared.take(number):
                message = self.session.msg("stream", {"name": name, "text": text}, parent=self._asked)
                self.channels[IOPUB].waiting.put_nowait(message)

    async def hear_the_rest(self) -> None:
        """Let a cell that hangs have the text it has written so far."""
        self._take_the_rest()
        for _ in range(2 + self.channels[IOPUB].waiting.qsize()):
            await asyncio.sleep(0)

    async def let_end(self, seconds: float) -> None:
        """Ask the kernel to end, and hear what it still has to say, for so many seconds at most."""
        self.listen()
        self._end.shutdown(socket.SHUT_WR)
        for _ in range(round(seconds / PAUSE)):
            if self.silent:
                break
            await asyncio.sleep(PAUSE)

    def close(self) -> None:
        """No more of it."""
        if self._end.fileno() >= 0:
            self._silence()
            self._end.close()
            self.shared.close()


class Client(KernelClient):
    """A kernel's client, whose channels are those of a link."""

    def __init__(self, link: Link, kernel: Kernel) -> None:
        super().__init__(session=link.session)
        self._shell_channel, self._iopub_channel = link.channels[SHELL], link.channels[IOPUB]
        self._stdin_channel = link.channels[STDIN]
        self._kernel = kernel

    def start_channels(self, *_: object, **__: object) -> None:
        """They are open."""

    def stop_channels(self) -> None:
        """They are closed with the kernel."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """A message waits in the socket until the kernel reads it."""

    async def is_alive(self) -> bool:
        """Whether the kernel's process lives."""
        return await self._kernel.is_alive()


class Kernel:
    """A kernel in a child, from its start to its end, by the names that nbclient knows."""

    def __init__(
        self,
        zygote: Zygote,
        *,
        environment: Mapping[str, str],
        memory: int | None,
        told: Callable[[int, str], None],
    ) -> None:
        self._zygote, self._told = zygote, told
        ours, theirs = socket.socketpair()
        shared = Shared.new()
        with theirs:
            self.child: Child = zygote.start(
                "riskkit.report.engine.kernel:serve",
                handles=(theirs.fileno(), *shared.handles),
                environment=environment,
                memory=memory,
            )
        self.link = Link(ours, shared)
        self.has_kernel = True

    def client(self) -> Client:
        """A client for it."""
        return Client(self.link, self)

    async def is_alive(self) -> bool:
        """Whether its process lives."""
        while self._zygote.notices(0):
            pass
        if self.child.ended:
            self._told(self.child.exit_code, self.link.shared.last_line())
        return not self.child.ended

    async def interrupt_kernel(self) -> None:
        """As Ctrl-C would."""
        self.child.signal(signal.SIGINT)

    async def shutdown_kernel(self, now: bool = False) -> None:
        """Ask it to end, as a kernel's manager does: interrupted first; then make it."""
        if not now:
            self.child.signal(signal.SIGINT)
            await self.link.let_end(END)
        if not self.link.silent:
            self.child.signal(signal.SIGKILL)
            self._zygote.wait(self.child, END)

    async def cleanup_resources(self) -> None:
        """What is left of it."""
        self.has_kernel = False
        self.link.close()
        self.child.talk.close()
