"""Stand-ins for the report writers, so that publishing can be tried many times a minute.

Where this folder is on the path of a process, Python imports the file at its start, and so in every worker: `riskkit
run` then writes small, always equal files in place of workbooks and notebooks. RISKKIT_STAND_IN says what else happens: "slow" takes its time,
"fail:0102" breaks one branch's report, "die:0102" ends its process, "kill:0102" has it killed from outside, "full" finds
the disk full ("full:0102" only then), "touch" changes the evidence meanwhile. RISKKIT_STAND_IN_LOG names a file that
gets a line for every file written.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

ENDS = {"die": lambda: os._exit(9), "kill": lambda: os.kill(os.getpid(), signal.SIGKILL)}


def _write(path: Path, *words: object) -> None:
    what, _, whom = os.environ.get("RISKKIT_STAND_IN", "").partition(":")
    if what == "slow":
        time.sleep(0.1)
    if log := os.environ.get("RISKKIT_STAND_IN_LOG"):
        with Path(log).open("a", encoding="utf-8") as stream:
            stream.write(f"{path.name}\n")
    if whom and whom in path.name and what in ENDS:
        ENDS[what]()
    elif whom and whom in path.name and what == "fail":
        raise ValueError(f"no report for {whom} today")
    if what == "full" and whom in path.name:
        path.write_bytes(b"half a report")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))
    if what == "touch" and path.name == "quarter_2026Q2.xlsx":
        changed = Path(os.environ["RISKKIT_WORKSPACE"]) / "evidence" / "2026Q2" / "log.csv"
        changed.write_text(changed.read_text(encoding="utf-8") + "0101,NEW,1,1\n", encoding="utf-8")
    path.write_text(" ".join(map(str, words)), encoding="utf-8")


def _run_notebook(name: str, target: Path, *, parameters: dict[str, Any]) -> None:
    _write(target, name, parameters.get("branch", ""))


def _module(name: str, **functions: Any) -> None:
    module = ModuleType(f"riskkit.report.{name}")
    vars(module).update(functions)
    sys.modules[module.__name__] = module


_module("workbook_quarter", write_quarter_workbook=lambda pack, path: _write(path, pack.period))
_module("workbook_branch", write_branch_workbook=lambda pack, unit, path: _write(path, unit))
_module(
    "notebooks", run_notebook=_run_notebook, to_html=lambda _, path, **words: _write(path, words["title"])
)
