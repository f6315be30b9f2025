"""One at a time: a lock that dies with the process that holds it, and says who that is."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from riskkit.errors import PublishFailed
from riskkit.publish import told

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

BEYOND = 1 << 20
"""The byte that is locked on Windows, where a locked byte cannot be read: far behind what the file says."""


@contextlib.contextmanager
def held(lock: Path) -> Iterator[None]:
    """Hold `lock` within the block; raises `PublishFailed`, naming the holder, at once if another process does.

    The system lets go of it when the process ends, however it ends; the file that then stays behind locks nothing.

        >>> with held(Path("runs/.riskkit-2026Q2.lock")):
        ...     ...
    """
    new = not lock.parent.exists()
    with told(lock):
        lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = _opened(lock)
    try:
        with told(lock):
            os.ftruncate(handle, 0)
            os.write(handle, json.dumps(_me(), ensure_ascii=False).encode())
        yield
    finally:
        if sys.platform != "win32":
            lock.unlink(
                missing_ok=True
            )  # while it is held: whoever waits for this file finds that it is gone
        os.close(handle)
        if new:
            with contextlib.suppress(OSError):  # it is not empty
                lock.parent.rmdir()


def _opened(lock: Path) -> int:
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(handle)
        except OSError:
            os.close(handle)
            raise PublishFailed("in_use", target=str(lock.parent), **_holder(lock)) from None
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), lock.stat()):
                return handle
        os.close(handle)  # its last holder took the file away meanwhile


def _take(handle: int) -> None:
    if sys.platform == "win32":
        os.lseek(handle, BEYOND, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _me() -> dict[str, str]:
    since = datetime.datetime.now().astimezone().isoformat(" ", "seconds")
    return {"process": str(os.getpid()), "host": socket.gethostname(), "since": since}


def _holder(lock: Path) -> dict[str, str]:
    """Who holds it, by what the file says; a holder that has not written yet is unknown."""
    unknown = {"process": "?", "host": "?", "since": "?"}
    try:
        found = json.loads(lock.read_text(encoding="utf-8"))
        return {name: str(found[name]) for name in unknown}
    except (OSError, ValueError, KeyError, TypeError):
        return unknown
