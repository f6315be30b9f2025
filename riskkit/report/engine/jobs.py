"""A whole notebook in a child of the zygote: papermill's cycle, from file to file, and the record of it."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import papermill  # type: ignore[import-untyped]
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import DeadKernelError
from papermill.engines import papermill_engines  # type: ignore[import-untyped]
from papermill.exceptions import PapermillExecutionError  # type: ignore[import-untyped]
from papermill.iorw import write_ipynb  # type: ignore[import-untyped]

from riskkit.report.engine import ENGINE, ways
from riskkit.report.engine.entry import Engine
from riskkit.report.engine.execution import Observed, observing
from riskkit.report.engine.record import Failure, Record, cells_of

papermill_engines.register(ENGINE, Engine)


def warm() -> None:
    """In the zygote: do once what every child would otherwise do first, such as compiling the schema of notebooks."""
    for minor in (4, 5):
        text = json.dumps({"nbformat": 4, "nbformat_minor": minor, "metadata": {}, "cells": []})
        nbformat.validate(nbformat.v4.upgrade(nbformat.reads(text, as_version=4), 4, minor))  # type: ignore[no-untyped-call]
    with contextlib.suppress(NoSuchKernel):
        ways.for_kernel("python3")


@dataclass(frozen=True)
class Job:
    """A notebook to run: see `Zygote.run`."""

    notebook: Path
    output: Path | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    cell_timeout: int | None = None
    memory: int | None = None


@dataclass(frozen=True)
class Executed:
    """A notebook that was run: its text, as JSON, empty if it went to a file; and the record of it."""

    job: Job
    text: str
    record: Record

    @property
    def notebook(self) -> Any:
        """The notebook as nbformat reads it, from wherever it is."""
        text = self.text or (self.job.output or Path()).read_text(encoding="utf-8")
        return nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]


def execute(job: Job) -> Executed:
    """In a child: run a notebook; whatever goes wrong with it is told in the record."""
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    output = str(job.output) if job.output else None
    failure, whole = None, None
    with observing() as seen:
        try:
            whole = papermill.execute_notebook(
                str(job.notebook),
                output,
                parameters=dict(job.parameters),
                engine_name=ENGINE,
                progress_bar=False,
                request_save_on_cell_execute=False,
                execution_timeout=job.cell_timeout,
                memory=job.memory,
            )
        except PapermillExecutionError as stopped:
            failure = Failure(stopped.ename, stopped.evalue, tuple(stopped.traceback), stopped.cell_index)
        except Exception as stopped:
            failure = _failure(stopped, seen)
            if seen.notebook is not None:
                write_ipynb(seen.notebook, output)
    notebook = whole or seen.notebook
    text = "" if output or notebook is None else nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    died = failure is not None and failure.name == DeadKernelError.__name__
    cells = () if seen.notebook is None else cells_of(seen.notebook, died=died)
    return Executed(job, text, Record(cells, seen.way, failure, seen.status, seen.last_line))


def _failure(stopped: Exception, seen: Observed) -> Failure:
    cell = seen.running() if seen.notebook is not None else None
    return Failure(type(stopped).__name__, str(stopped).strip(), cell=cell)
