"""What lies in the folder that a run and its workers share: what is to be done, and what came of it."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from riskkit.report.engine.children import Outcome
from riskkit.report.making import Order

_ERRAND, _WORK, _ATTEMPT, _DONE = "errand", "work", "attempt", "done"
_WHAT_A_TORN_PICKLE_RAISES = (EOFError, pickle.UnpicklingError, ValueError, IndexError, AttributeError)


@dataclass(frozen=True)
class Errand:
    """What every worker of a run is to know; `run` is its name, `likeness` that of the machine it was begun on."""

    order: Order
    run: str
    likeness: dict[str, str]


class Answer(NamedTuple):
    """What came of one call: its arguments, with the folder it really wrote to, and how it ended."""

    arguments: tuple[Any, ...]
    outcome: Outcome


@dataclass(frozen=True)
class Notes:
    """The notes of one run in a folder.

        errand        what the run is
        7.work        a function and the arguments of several calls of it
        7.….attempt   what came of its calls, one after another, for as long as a worker was at it
        7.done        the same once all are through

    Each is whole under its last name, or can be read as far as it goes.
    """

    place: Path

    def leave_errand(self, errand: Errand) -> None:
        """Begin: make the folder and say what the run is."""
        self.place.mkdir(mode=0o700, parents=True)
        _write(self.place / _ERRAND, errand)

    def errand(self) -> Errand:
        """What the run is. Raises `OSError` where the folder is not to be seen, or is gone."""
        found: Errand = _read(self.place / _ERRAND)
        return found

    def give_sign_of_life(self) -> None:
        """Say that the run still wants all this."""
        os.utime(self.place / _ERRAND)

    def sign_of_life(self) -> int | None:
        """When the run last said so, by its own clock; None where the folder is gone. It is opened, because of an open
        file a shared file system tells what is true now."""
        try:
            with (self.place / _ERRAND).open("rb") as stream:
                return os.fstat(stream.fileno()).st_mtime_ns
        except OSError:
            return None

    def leave_work(self, number: int, function: str, calls: list[tuple[Any, ...]]) -> None:
        """Say what is to be done under a number."""
        _write(self.place / f"{number}.{_WORK}", (function, calls))

    def work(self, number: int) -> tuple[str, list[tuple[Any, ...]]]:
        """What is to be done under a number."""
        function, calls = _read(self.place / f"{number}.{_WORK}")
        return function, calls

    def attempt(self, number: int) -> Path:
        """Where a worker writes down what comes of it; never the same twice."""
        return self.place / f"{number}.{uuid4().hex}.{_ATTEMPT}"

    def settle(self, number: int, attempt: Path) -> None:
        """All calls are through."""
        attempt.replace(self.place / f"{number}.{_DONE}")

    def answers(self, number: int) -> dict[int, Answer]:
        """What came of the calls, by their place among them, as far as any worker got."""
        done = self.place / f"{number}.{_DONE}"
        attempts = [done] if done.is_file() else sorted(self.place.glob(f"{number}.*.{_ATTEMPT}"))
        return {index: answer for path in attempts for index, answer in _records(path)}


def note(stream: Any, index: int, answer: Answer) -> None:
    """Write down what came of one call, for others to read at once."""
    pickle.dump((index, answer), stream)
    stream.flush()


def _write(path: Path, content: object) -> None:
    half = path.with_name(f"{path.name}.half")
    half.write_bytes(pickle.dumps(content))
    half.replace(path)


def _read(path: Path) -> Any:
    return pickle.loads(path.read_bytes())


def _records(path: Path) -> Iterator[tuple[int, Answer]]:
    with path.open("rb") as stream:
        while True:
            try:
                yield pickle.load(stream)
            except _WHAT_A_TORN_PICKLE_RAISES:
                return
