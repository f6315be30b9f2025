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
        words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
        self.scheduler = self._start("scheduler", *words)
        assert wait_for(lambda: self._said() is not None, self.scheduler), self.log("scheduler")
        self.address = str(self._said())

    def _said(self) -> str | None:
        found = _STARTED.search(self.log("scheduler"))
        return found[1] if found else None

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")

    def _start(self, name: str, *words: str, **environment: str) -> subprocess.Popen[bytes]:
        call = [sys.executable, "-m", f"distributed.cli.dask_{name.partition('-')[0]}", *words]
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                call,
                env={**self.environment, **environment},
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def add_worker(self, *, threads: int = 1, **environment: str) -> subprocess.Popen[bytes]:
        """One more worker, without a nanny that would start it again."""
        number = len(self.workers)
        words = [self.address, "--host", "127.0.0.1", "--nthreads", str(threads), "--no-nanny"]
        words += ["--no-dashboard", "--local-directory", str(self.folder / f"local-{number}")]
        self.workers.append(self._start(f"worker-{number}", *words, **environment))
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
    folder: Path, *, workers: int = 2, threads: int = 1, **environment: str
) -> Iterator[LocalCluster]:
    """A scheduler and workers, with stand-ins for the report writers."""
    path = os.pathsep.join([str(STAND_INS), str(ROOT)])
    started = LocalCluster(folder, {"PYTHONPATH": path, "RISKKIT_LANG": "en", **environment})
    try:
        for _ in range(workers):
            started.add_worker(threads=threads)
        yield started
    finally:
        started.close()
