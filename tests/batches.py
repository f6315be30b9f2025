"""Running `riskkit` on the small bank with stand-ins for the report writers (`tests/stand_ins`)."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from riskkit.report import making
from riskkit.report import run as report_run
from riskkit.report.engine import ways
from tests.conftest import Told

ROOT = Path(__file__).resolve().parents[1]
STAND_INS = ROOT / "tests" / "stand_ins"
Command = Callable[..., Told]


class Inline:
    """A pool of processes that is none: everything is done at once, in this process."""

    def __init__(self, *_: object) -> None:
        making.pack_of.cache_clear()

    def __enter__(self) -> Inline:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *given: object) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(work(*given))
        return done

    def shutdown(self, **_: object) -> None:
        pass


def with_stand_ins(riskkit: Command, bank: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`riskkit` in this process, with stand-ins for the report writers and for the pool of processes."""
    for name in ("workbook_quarter", "workbook_branch", "notebooks"):
        monkeypatch.setitem(sys.modules, f"riskkit.report.{name}", None)
        monkeypatch.delattr(f"riskkit.report.{name}", raising=False)
    runpy.run_path(str(STAND_INS / "sitecustomize.py"))
    monkeypatch.setattr(ways, "can_fork", lambda: False)
    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", Inline)
    monkeypatch.setattr(report_run, "program_hash", lambda: "this program")

    def call(*words: object, stand_in: str = "", lang: str = "en") -> Told:
        monkeypatch.setenv("RISKKIT_STAND_IN", stand_in)
        return riskkit(bank, *words, lang=lang)

    return call


def command(bank: Path, *words: str, stand_in: str = "") -> tuple[list[str], dict[str, str]]:
    """`riskkit` as a process of its own, its report writers replaced."""
    path = os.pathsep.join([str(STAND_INS), str(ROOT)])
    given = {"RISKKIT_WORKSPACE": str(bank), "RISKKIT_LANG": "en", "RISKKIT_STAND_IN": stand_in}
    return [sys.executable, "-m", "riskkit", *words], {**os.environ, "PYTHONPATH": path, **given}


def in_a_process(bank: Path, *words: str, stand_in: str = "") -> subprocess.CompletedProcess[str]:
    call, environment = command(bank, *words, stand_in=stand_in)
    return subprocess.run(call, env=environment, capture_output=True, encoding="utf-8", check=False)


def runs(bank: Path) -> list[Path]:
    return sorted((bank / "runs").iterdir()) if (bank / "runs").is_dir() else []


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def wait_for(
    condition: Callable[[], bool], process: subprocess.Popen[Any] | None = None, seconds: float = 60
) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def workers_of(bank: Path) -> list[str]:
    """Processes still at work on a workspace, where the system tells."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if environ.parent.name != str(os.getpid()) and str(bank).encode() in environ.read_bytes():
                found.append(environ.parent.name)
        except OSError:
            continue
    return found
