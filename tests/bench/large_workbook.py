"""What the quarterly workbook of a bank of many thousand branches takes: memory sheet by sheet, and processor time.

    python -m tests.bench.large_workspace BANK 334
    python -m tests.bench.large_workbook BANK 2026Q2 FOLDER

opens the workspace and writes the workbook and those of its details into a folder, twice, each time in a process of its
own: the first fills the store, the second is the measurement. A line after each step says the peak of memory so far, what
is held at the moment, and the seconds of processor time; the end, whether it was less than 1.5 GB and two minutes. Linux
only.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import riskkit as rk
from riskkit.report import workbook_quarter
from riskkit.report.book import Book
from riskkit.report.pack import prepare
from riskkit.report.part import PartPack
from tests.bench.large_bank import peak
from tests.bench.long_run import resident, say

GIGABYTES, SECONDS = 1.5, 120


def tell(step: str) -> None:
    held = resident(os.getpid()) / 1e3
    say(f"{step:<24}{peak():>8.2f} GB peak{held:>8.2f} GB held{time.process_time():>8.1f} s")


def told(step: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """A sheet's writing, followed by its line; of details, none."""

    def write(book: Book, *given: Any, **named: Any) -> Any:
        found = call(book, *given, **named)
        if not isinstance(book.pack, PartPack):
            tell(step)
        return found

    return write


def write(bank: Path, period: str, folder: Path) -> None:
    for name, call in vars(workbook_quarter).copy().items():
        if name.startswith("write_") and name != "write_quarter_workbook":
            setattr(workbook_quarter, name, told(name, call))
    workspace = rk.open_workspace(bank)
    tell("opened")
    pack = prepare(workspace, period)
    tell("prepared")
    workbook_quarter.write_quarter_workbook(pack, folder / "quarter.xlsx")
    tell("written, details too")
    kept = peak() < GIGABYTES and time.process_time() < SECONDS
    say(f"less than {GIGABYTES} GB and {SECONDS} s: {'yes' if kept else 'no'}")


def main(bank: Path, period: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for turn in ("filling the store", "measured"):
        say(turn)
        alone = multiprocessing.get_context("spawn").Process(target=write, args=(bank, period, folder))
        alone.start()
        alone.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2], Path(sys.argv[3]))
