"""The journal of a run: what became of each report, a line each, on disk before the next one is begun."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

State = Literal["done", "failed"]


@dataclass(frozen=True)
class Entry:
    """What became of one report. `report` is its place in the run, such as branches/0103; `key` a hash of all that it
    shows; `files` the hash of each file made; `failure`, where there are none, tells cell and error."""

    report: str
    state: State
    key: str
    files: dict[str, str] = field(default_factory=dict)
    failure: dict[str, Any] = field(default_factory=dict)


class Journal:
    """A file of JSON lines that is only ever added to; a line that a killed process left half-written is no line.

    Its first line says which run it is of.

        >>> journal = Journal(folder / "journal.jsonl", {"run": "2026Q2-zh-3f2a91bc"})
        >>> journal.write(Entry("branches/0103", "done", key, files))
    """

    def __init__(self, path: Path, of: dict[str, str]) -> None:
        self.path = path
        known = list(_lines(path))
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        if known and known[0][0] == of:
            os.ftruncate(self._handle, known[-1][1])
        else:
            os.ftruncate(self._handle, 0)
            self._append(of)

    def write(self, entry: Entry) -> None:
        """Add a line and have it on disk."""
        self._append({name: value for name, value in asdict(entry).items() if value})

    def _append(self, content: dict[str, Any]) -> None:
        left = f"{json.dumps(content, ensure_ascii=False)}\n".encode()
        while left:  # a disk that is about to be full may take a part
            left = left[os.write(self._handle, left) :]
        os.fsync(self._handle)

    def close(self) -> None:
        """No more of it; a second time does nothing."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)


def last_entries(path: Path) -> dict[str, Entry]:
    """The newest entry of each report; none where there is no journal. Raises `OSError` where it cannot be read."""
    return {line["report"]: Entry(**line) for line, _ in _lines(path) if "report" in line}


def heading(path: Path) -> dict[str, Any]:
    """Which run a journal is of; empty where there is none."""
    return next((line for line, _ in _lines(path)), {})


def _lines(path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """Every line, and where it ends, up to the first that is not whole."""
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        return
    end = 0
    with stream:
        for line in stream:
            end += len(line)
            try:
                content = json.loads(line)
            except ValueError:
                return
            if not line.endswith(b"\n"):
                return
            yield content, end
