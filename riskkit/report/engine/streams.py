"""Standard output and error of a forked kernel: files in memory, which outlive the process that writes them.

What a cell prints, what C code writes to file descriptors 1 and 2 and what subprocesses say all go to the same file, in
the order in which it was said. Messages are cut from it where a kernel with threads would cut them: at every flush, and
0.2 s after the first unsent word.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections import defaultdict
from io import StringIO
from typing import Any

from ipykernel.iostream import IOPubThread, OutStream

_Thread: Any = IOPubThread  # their types say less than they do
_OutStream: Any = OutStream

NAMES = ("stdout", "stderr")
_MARK = struct.Struct("Q")


class Shared:
    """The two files and, in memory shared by kernel and papermill, how much of each has been sent."""

    def __init__(self, handles: tuple[int, int, int]) -> None:
        self.handles = handles
        self._marks = mmap.mmap(handles[2], _MARK.size * len(NAMES))

    @classmethod
    def new(cls) -> Shared:
        """Empty files."""
        handles = [os.memfd_create(f"riskkit-{name}") for name in (*NAMES, "marks")]
        os.ftruncate(handles[2], _MARK.size * len(NAMES))
        return cls((handles[0], handles[1], handles[2]))

    def take(self, number: int) -> str:
        """What has been said on a stream and not been sent, which now counts as sent."""
        (mark,) = _MARK.unpack_from(self._marks, _MARK.size * number)
        size = os.fstat(self.handles[number]).st_size
        if size == mark:
            return ""
        said = os.pread(self.handles[number], size - mark, mark)
        _MARK.pack_into(self._marks, _MARK.size * number, mark + len(said))
        return said.decode("utf-8", "replace")

    def last_line(self) -> str:
        """The last thing said on standard error, or else on standard output."""
        for handle in self.handles[1::-1]:
            size = os.fstat(handle).st_size
            lines = (
                os.pread(handle, 4096, max(0, size - 4096)).decode("utf-8", "replace").strip().splitlines()
            )
            if lines:
                return lines[-1]
        return ""

    def close(self) -> None:
        """Let go of the files."""
        self._marks.close()
        for handle in self.handles:
            os.close(handle)


class Publisher(_Thread):  # type: ignore[misc]
    """What an output stream takes for the thread that publishes; there is none, it publishes at once."""

    def __init__(self, socket: Any) -> None:
        self.socket = self.background_socket = socket
        self.thread = None
        self.io_loop = None

    def schedule(self, f: Any) -> None:
        """Do it now."""
        f()

    def send_multipart(self, *args: Any, **kwargs: Any) -> None:
        """Send it now."""
        self.socket.send_multipart(*args, **kwargs)


class _Buffers(defaultdict[Any, Any]):
    """Where an output stream keeps what is not sent: for the cell that runs, in the file."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(StringIO)
        self._stream = stream

    def __getitem__(self, parent: Any) -> Any:
        self._stream.send_what_is_due()
        if parent == self._stream.running:
            return self._stream.file
        return super().__getitem__(parent)  # of a task left over from an earlier cell


class _File:
    """The file, by the names of a buffer."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def write(self, text: str) -> None:
        os.write(self._handle, text.encode("utf-8", "backslashreplace"))


class _Held:
    """What has been taken from the file, by the names of a buffer."""

    def __init__(self, text: str) -> None:
        self._text = text

    def getvalue(self) -> str:
        return self._text

    def close(self) -> None:
        pass


class Stream(_OutStream):  # type: ignore[misc]
    """One of the two, in the kernel: ipykernel's own, but for where it keeps what is not sent."""

    def __init__(self, session: Any, publisher: Publisher, number: int, shared: Shared) -> None:
        super().__init__(session, publisher, NAMES[number], watchfd=False)
        self._number, self._shared = number, shared
        self._original_stdstream_copy = os.dup(number + 1)
        os.dup2(shared.handles[number], number + 1)
        self.due: float | None = None
        self.beside: tuple[Stream, ...] = (self,)
        self.running: frozenset[Any] = frozenset()
        self._buffers = _Buffers(self)
        self.file = _File(shared.handles[number])

    def send_what_is_due(self) -> None:
        """Send what a thread would have sent by now."""
        now = time.monotonic()
        late = [stream for stream in self.beside if stream.due is not None and stream.due <= now]
        for stream in sorted(late, key=lambda stream: stream.due or 0):
            stream._flush()

    def set_parent(self, parent: Any) -> None:
        """The cell that runs from now on; what was said before belongs to the one before."""
        self.flush()
        super().set_parent(parent)
        self.running = frozenset(self.parent_header.items())

    def _schedule_flush(self) -> None:
        if self.due is None:
            self.due = time.monotonic() + self.flush_interval

    def _flush(self) -> None:
        if self._is_master_process():  # what forked processes say is in the same file
            self.due = None
            super()._flush()

    def _rotate_buffers(self) -> dict[Any, Any]:
        with self._buffer_lock:
            text = self._shared.take(self._number)
            held = {self.running: _Held(text), **self._buffers}
            self._buffers = _Buffers(self)
        return held
