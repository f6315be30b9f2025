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
from collections.abc import Iterator
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


class Stream(_OutStream):  # type: ignore[misc]
    """One of the two, in the kernel."""

    def __init__(self, session: Any, publisher: Publisher, number: int, shared: Shared) -> None:
        super().__init__(session, publisher, NAMES[number], watchfd=False)
        self._number, self._shared = number, shared
        self._written = shared.handles[number]
        self._original_stdstream_copy = os.dup(number + 1)
        os.dup2(self._written, number + 1)
        self._due: float | None = None
        self.beside: tuple[Stream, ...] = (self,)

    def write(self, string: str) -> int | None:
        """Write text for the cell that runs."""
        if not isinstance(string, str):
            raise TypeError(f"write() argument must be str, not {type(string)}")
        if self.pub_thread is None:
            raise ValueError("I/O operation on closed file")
        now = time.monotonic()
        self._send_what_is_due(now)
        parent = self.parent_header
        if parent is not self._parent_header_global and parent != self._parent_header_global:
            with self._buffer_lock:  # a task left over from an earlier cell
                self._buffers[frozenset(parent.items())].write(string)
            return len(string)
        os.write(self._written, string.encode("utf-8", "backslashreplace"))
        if self._due is None:
            self._due = now + self.flush_interval
        return len(string)

    def _send_what_is_due(self, now: float) -> None:
        late = [stream for stream in self.beside if stream._due is not None and stream._due <= now]
        for stream in sorted(late, key=lambda stream: stream._due or 0):
            stream._flush()

    def set_parent(self, parent: Any) -> None:
        """The cell that runs from now on; what was said before belongs to the one before."""
        self.flush()
        super().set_parent(parent)

    def _schedule_flush(self) -> None:
        pass

    def _flush(self) -> None:
        if self._is_master_process():  # what forked processes say is in the same file
            self._due = None
            super()._flush()

    def _flush_buffers(self) -> Iterator[tuple[dict[str, Any], str]]:
        yield self._parent_header_global, self._shared.take(self._number)
        yield from super()._flush_buffers()
