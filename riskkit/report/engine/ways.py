"""Which way notebooks can be run here.

wire        a forked kernel on a socket pair: bound to the inner workings of ipykernel, so only with versions it was
            tested with
sockets     a forked kernel as it stands, with its sockets and threads: any version
papermill   papermill's own engine: where there is no fork, and for kernels that are not this very Python
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Literal, NamedTuple

from jupyter_client.kernelspec import KernelSpecManager

from riskkit import texts

Name = Literal["wire", "sockets", "papermill"]
TESTED = {
    "ipykernel": ("7.4",),
    "ipython": ("9.18",),
    "jupyter_client": ("8.10",),
    "nbclient": ("0.11",),
    "papermill": ("2.7",),
}
"""Distribution → releases, to the second number, with which the conformance tests pass."""


class Way(NamedTuple):
    """A way to run notebooks, and, if it is not the first choice, why."""

    name: Name
    why: str = ""


def can_fork() -> bool:
    """Whether processes that fork, and are watched by what Linux alone offers, are to be had."""
    return sys.platform == "linux"


@cache
def here() -> Way:
    """The way for notebooks in this very Python."""
    if not can_fork():
        return Way("papermill", texts.say("engine.no_fork", texts.screen_language()))
    if odd := untested():
        return Way("sockets", texts.say("engine.untested", texts.screen_language(), found=", ".join(odd)))
    return Way("wire")


def untested() -> list[str]:
    """The libraries installed in a release that the wire was not tested with."""
    found = {name: version(name) for name in TESTED}
    return [
        f"{name} {held}" for name, held in found.items() if ".".join(held.split(".")[:2]) not in TESTED[name]
    ]


@cache
def for_kernel(name: str) -> Way:
    """The way for notebooks that name a kernel. Raises `NoSuchKernel`, as papermill's engine does, for an unknown."""
    argv = KernelSpecManager().get_kernel_spec(name).argv
    python = argv[0] if argv else ""
    ours = python in ("python", "python3") or Path(python).resolve() == Path(sys.executable).resolve()
    if not (ours and "ipykernel_launcher" in argv):
        return Way("papermill", texts.say("engine.other_kernel", texts.screen_language(), name=name))
    return here()
