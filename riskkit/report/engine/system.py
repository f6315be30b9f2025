"""Calls of Linux that the engine needs, looked up when they are made: where there is no fork, all can be imported."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

HANDLES = 1 << 14
"""Open files that are enough for a process that forks: four for each child and its kernel."""
_PR_SET_PDEATHSIG = 1


@cache
def _c() -> Any:
    return ctypes.CDLL(None)


def ready() -> None:
    """Look everything up, so that forked processes need not."""
    import resource  # noqa: F401  # for `hold_to`

    _c()


def ending_with_parent() -> Callable[[], None] | None:
    """What `subprocess` is to do in a new process for that; None where the system offers no such thing."""
    if sys.platform != "linux":
        return None
    _c()
    return end_with_parent


def end_with_parent() -> None:
    """Have this process killed when the thread that forked it ends."""
    _c().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def resident() -> int:
    """Bytes of memory this process has in use."""
    return _pages(1)


def hold_to(memory: int) -> None:
    """Let this process have so many bytes of data beyond what it has."""
    import resource

    most = _pages(5) + memory
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def many_handles() -> None:
    """Let this process have as many files open as the system lets it ask for, up to `HANDLES`."""
    import resource

    some, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = HANDLES if most == resource.RLIM_INFINITY else min(HANDLES, most)
    if some != resource.RLIM_INFINITY and some < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def signal_name(number: int) -> str:
    """What a signal is called; its number where it has no name here.

    >>> signal_name(9)
    'SIGKILL'
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _pages(field: int) -> int:
    """Bytes that /proc/self/statm counts in pages."""
    counted = Path("/proc/self/statm").read_text(encoding="ascii").split()[field]
    return int(counted) * os.sysconf("SC_PAGE_SIZE")
