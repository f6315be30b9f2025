"""Keeping a process that forks small: every child copies the table of its memory, and pays for it by the gigabyte."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Callable

from riskkit.report.engine import system, ways


def apart(call: Callable[[], object]) -> None:
    """Call a function for what it leaves on disk, in a process of its own, so that this one keeps none of its memory.

    How it ends is not asked: what it was to leave, whoever needs it makes if it is not there. Without fork, nothing is
    done.
    """
    if not ways.can_fork():
        return
    process = os.fork()
    if process == 0:
        try:
            system.end_with_parent()  # it does not outlive whom it works for
            call()
        finally:
            os._exit(0)
    os.waitpid(process, 0)


def give_back() -> None:
    """Give memory that is free back to the system, as far as Arrow and the C library can."""
    import pyarrow  # type: ignore[import-untyped]

    gc.collect()
    pyarrow.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if ways.can_fork() else None
    if trim is not None:
        trim(0)
