"""What became of a notebook: cell by cell, and how its kernel ended."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Literal

from riskkit.report.engine.system import signal_name

State = Literal["completed", "failed", "died", "pending"]
SILENT_EXITS = ("", "0")


@dataclass(frozen=True)
class Cell:
    """One cell: what became of it, and the seconds it took if it was started."""

    state: State
    seconds: float | None = None


@dataclass(frozen=True)
class Failure:
    """What stopped a notebook: the error's name, value and traceback, and the cell (from 0) if it was one."""

    name: str
    value: str
    traceback: tuple[str, ...] = ()
    cell: int | None = None


@dataclass(frozen=True)
class Record:
    """What became of a notebook, kept apart from it: the notebook says what came out, this says how it went.

    `state` of a cell is completed, failed (it raised, or took too long), died (the kernel ended while it ran) or
    pending (it was never started). `status` is the kernel's exit code, negative for a signal that ended it; None if it
    was still there at the end. `last_line` is the last thing it wrote beside the notebook. `way` is how it was run.
    """

    cells: tuple[Cell, ...] = ()
    way: str = ""
    failure: Failure | None = None
    status: int | None = None
    last_line: str = ""

    @property
    def completed(self) -> bool:
        """Whether the notebook ran to its end."""
        return self.failure is None

    @property
    def out_of_memory(self) -> bool:
        """Whether a cell asked for more memory than it may use."""
        return self.failure is not None and self.failure.name.endswith("MemoryError")

    @property
    def ended_by(self) -> str:
        """The name of the signal that ended the kernel; empty if none did."""
        return signal_name(-self.status) if self.status is not None and self.status < 0 else ""

    def as_json(self) -> str:
        """The record as JSON text."""
        told = {**dataclasses.asdict(self), "completed": self.completed, "out_of_memory": self.out_of_memory}
        return json.dumps(told, ensure_ascii=False, indent=1)


def cells_of(notebook: Any, *, died: bool) -> tuple[Cell, ...]:
    """The states that the engine left in a notebook's metadata; `died`: whether its kernel ended while one ran."""
    kept = [cell.metadata.get("papermill", {}) for cell in notebook.cells]
    states = [each.get("status") for each in kept]
    found: dict[str, State] = {"completed": "completed", "failed": "died" if died else "failed"}
    return tuple(
        Cell(found.get(state, "pending"), each.get("duration"))
        for each, state in zip(kept, states, strict=True)
        if each
    )
