"""The papermill engine: papermill's own, given a kernel that was forked."""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ipykernel.kernelspec import make_ipkernel_cmd
from jupyter_client.manager import AsyncKernelManager
from papermill.clientwrap import PapermillNotebookClient  # type: ignore[import-untyped]
from papermill.engines import NBClientEngine  # type: ignore[import-untyped]
from papermill.log import logger  # type: ignore[import-untyped]

from riskkit.report.engine import client, ways
from riskkit.report.engine.client import PRELOAD, Zygote
from riskkit.report.engine.system import signal_name


@dataclass
class Observed:
    """What there is to know of a notebook while it is run, whatever becomes of it."""

    notebook: Any = None
    way: str = ""
    status: int | None = None
    last_line: str = ""

    @property
    def ended(self) -> str:
        """How the kernel ended, and the last thing it said; empty if it is not known to have ended."""
        if self.status is None:
            return ""
        how = signal_name(-self.status) if self.status < 0 else f"exit {self.status}"
        return "; ".join(filter(None, [how, self.last_line]))

    def kernel_ended(self, status: int, last_line: str) -> None:
        """Take down that the kernel ended while it was needed."""
        self.status, self.last_line = status, last_line

    def running(self) -> int | None:
        """The last cell that was started."""
        started = [
            place
            for place, cell in enumerate(self.notebook.cells)
            if cell.metadata.papermill.get("start_time")
        ]
        return started[-1] if started else None


_observed: ContextVar[Observed | None] = ContextVar("observed", default=None)


@contextlib.contextmanager
def observing() -> Iterator[Observed]:
    """Within the block, what is to know of the notebook that is run."""
    seen = Observed()
    token = _observed.set(seen)
    try:
        yield seen
    finally:
        _observed.reset(token)


class ForkEngine(NBClientEngine):  # type: ignore[misc]
    """Runs the cells in a child forked from a zygote: this process's own, or one that is started now and kept."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        *,
        preload: Iterable[str] = PRELOAD,
        memory: int | None = None,
        environment: Mapping[str, str] | None = None,
        any_kernel: bool = False,
        kernel_log: IO[bytes] | None = None,
        **settings: Any,
    ) -> Any:
        """As papermill's, and: `preload`, the modules a new zygote imports; `memory`, the bytes a kernel may use beyond
        what it is born with; `environment`, the kernel's; `any_kernel`: this very Python is meant, whatever a user's
        kernel of that name would start; `kernel_log`: where a kernel that is not forked writes what is not for the
        notebook."""
        seen = _observed.get() or Observed()
        way = ways.here() if any_kernel else ways.for_kernel(kernel_name)
        seen.notebook, seen.way = nb_man.nb, way.name
        if way.why and not any_kernel:
            logger.warning(way.why)
        told = {"log_output": log_output, "stdout_file": stdout_file, "stderr_file": stderr_file}
        limits = {"start_timeout": start_timeout, "execution_timeout": execution_timeout}
        try:
            if way.name == "papermill" and not any_kernel:
                return super().execute_managed_notebook(nb_man, kernel_name, **told, **limits, **settings)
            settings.pop("input_path", None)
            settings["timeout"] = execution_timeout or settings.get("timeout")
            settings["startup_timeout"] = start_timeout
            surroundings = dict(os.environ if environment is None else environment)
            if way.name == "papermill":
                manager, started = _own(kernel_name, surroundings, kernel_log)
            else:
                begin = _on_the_wire if way.name == "wire" else _on_sockets
                manager, started = begin(_zygote(preload), kernel_name, surroundings, memory)
            notebook = PapermillNotebookClient(
                nb_man, km=manager, kernel_name=kernel_name, log=logger, **told, **settings
            )
            return notebook.execute(cleanup_kc=True, **started)
        except Exception:
            if (cell := seen.running()) is not None:
                _mark_failed(nb_man, cell)
            raise


def _on_the_wire(
    zygote: Zygote, kernel_name: str, environment: dict[str, str], memory: int | None
) -> tuple[Any, dict[str, Any]]:
    from riskkit.report.engine.channels import Kernel

    told = (_observed.get() or Observed()).kernel_ended
    return Kernel(zygote, environment=environment, memory=memory, told=told), {}


def _on_sockets(
    zygote: Zygote, kernel_name: str, environment: dict[str, str], memory: int | None
) -> tuple[Any, dict[str, Any]]:
    from riskkit.report.engine.sockets import manager

    return manager(kernel_name), {"env": environment, "cwd": str(Path.cwd()), "memory": memory}


def _own(kernel_name: str, environment: dict[str, str], log: IO[bytes] | None) -> tuple[Any, dict[str, Any]]:
    """An ordinary kernel of this very Python."""
    made = AsyncKernelManager(kernel_name=kernel_name)
    spec = made.kernel_spec
    assert spec is not None
    spec.argv, spec.env = make_ipkernel_cmd(), {}
    streams: dict[str, Any] = {"stdout": log, "stderr": subprocess.STDOUT} if log else {}
    return made, {"env": environment, "cwd": str(Path.cwd()), **streams}


def _mark_failed(nb_man: Any, cell: int) -> None:
    """papermill takes every cell of a kernel that died for completed; with this it leaves what comes after alone."""
    kept = nb_man.nb.cells[cell].metadata.papermill
    kept["status"], kept["exception"] = nb_man.FAILED, True


def _zygote(preload: Iterable[str]) -> Zygote:
    if (zygote := client.mine()) is None:
        zygote = Zygote(preload=preload, jobs=False)
        zygote.open()
        client.keep(zygote)
        atexit.register(zygote.close)
    return zygote
