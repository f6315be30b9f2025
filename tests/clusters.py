"""A dask cluster on this machine: a scheduler and workers as processes of their own, on free ports of loopback."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.batches import ROOT, STAND_INS, wait_for

_STARTED = re.compile(r"Scheduler at:\s+(\S+)")


class LocalCluster:
    """Its processes write what they say to files in `folder`; workers keep their own files below it too."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.environment = {**os.environ, **environment}
        self.workers: list[subprocess.Popen[bytes]] = []
        place = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        self.scheduler = self._start("scheduler", *place)
        assert wait_for(lambda: self._said() is not None, self.scheduler), self.log("scheduler")
        self.address = str(self._said())

    def _said(self) -> str | None:
        found = _STARTED.search(self.log("scheduler"))
        return found[1] if found else None

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")

    def _start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        call = [sys.executable, "-m", "dask", name.partition("-")[0], *words]
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                call,
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def add(self, *words: str) -> subprocess.Popen[bytes]:
        """One more worker."""
        name = f"worker-{len(self.workers)}"
        place = ["--host", "127.0.0.1", "--local-directory", str(self.folder / name), "--no-dashboard"]
        self.workers.append(self._start(name, self.address, *words, *place))
        return self.workers[-1]

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in (*self.workers, self.scheduler):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def cluster(
    folder: Path, *, workers: int = 2, stand_ins: bool = True, **environment: str
) -> Iterator[LocalCluster]:
    """A scheduler and workers of one thread, without nannies that would start them again, with stand-ins for the report
    writers unless told otherwise."""
    path = os.pathsep.join([*([str(STAND_INS)] if stand_ins else []), str(ROOT)])
    started = LocalCluster(folder, {"PYTHONPATH": path, "RISKKIT_LANG": "en", **environment})
    try:
        for _ in range(workers):
            started.add("--nthreads", "1", "--no-nanny")
        yield started
    finally:
        started.close()
