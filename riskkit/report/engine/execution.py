"""The papermill engine: papermill's own, given a kernel that was forked."""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from papermill.clientwrap import PapermillNotebookClient  # type: ignore[import-untyped]
from papermill.engines import NBClientEngine  # type: ignore[import-untyped]
from papermill.log import logger  # type: ignore[import-untyped]

from riskkit.report.engine import client, ways
from riskkit.report.engine.client import PRELOAD, Zygote


@dataclass
class Observed:
    """What there is to know of a notebook while it is run, whatever becomes of it."""

    notebook: Any = None
    way: str = ""
    status: int | None = None
    last_line: str = ""

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
        **settings: Any,
    ) -> Any:
        """As papermill's, and: `preload`, the modules a new zygote imports; `memory`, the bytes a kernel may use beyond
        what it is born with."""
        seen = _observed.get() or Observed()
        way = ways.for_kernel(kernel_name)
        seen.notebook, seen.way = nb_man.nb, way.name
        if way.why:
            logger.warning(way.why)
        told = {"log_output": log_output, "stdout_file": stdout_file, "stderr_file": stderr_file}
        limits = {"start_timeout": start_timeout, "execution_timeout": execution_timeout}
        try:
            if way.name == "papermill":
                return super().execute_managed_notebook(nb_man, kernel_name, **told, **limits, **settings)
            settings.pop("input_path", None)
            settings["timeout"] = execution_timeout or settings.get("timeout")
            settings["startup_timeout"] = start_timeout
            begin = _on_the_wire if way.name == "wire" else _on_sockets
            manager, started = begin(_zygote(preload), kernel_name, memory)
            notebook = PapermillNotebookClient(
                nb_man, km=manager, kernel_name=kernel_name, log=logger, **told, **settings
            )
            return notebook.execute(cleanup_kc=True, **started)
        except Exception:
            if (cell := seen.running()) is not None:
                _mark_failed(nb_man, cell)
            raise


def _on_the_wire(zygote: Zygote, kernel_name: str, memory: int | None) -> tuple[Any, dict[str, Any]]:
    from riskkit.report.engine.channels import Kernel

    told = (_observed.get() or Observed()).kernel_ended
    return Kernel(zygote, memory=memory, told=told), {}


def _on_sockets(zygote: Zygote, kernel_name: str, memory: int | None) -> tuple[Any, dict[str, Any]]:
    from riskkit.report.engine.sockets import manager

    where = {"env": dict(os.environ), "cwd": os.getcwd()}  # noqa: PTH109  (papermill changes it)
    return manager(kernel_name), {**where, "memory": memory}


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
