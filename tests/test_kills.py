"""kill -9 of anything at any time: nothing is corrupt, nothing is lost, the finished run is that of an undisturbed one.

Real reports of twelve branches of the sample bank. While they are made, a seeded choice of the run, of the process
that forks and of the processes it forked (reports and the kernels of their notebooks) is killed at random moments; a
run that ended is started again. Every `.ci/run` kills 20 times; RISKKIT_KILLS=200 kills as often as it says.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from riskkit.publish import damaged, read_manifest
from tests.batches import ROOT, contents, wait_for, workers_of

KILLS = int(os.environ.get("RISKKIT_KILLS", "20"))
SEED = int(os.environ.get("RISKKIT_KILLS_SEED", "7"))
BRANCHES = ("0101", "0102", "0103", "0104", "0105", "0106", "0201", "0202", "0203", "0204", "0205", "0206")
LONGEST = 1 / 6
"""Of the time that an undisturbed run takes, the share that passes at most before the next kill."""
TEMPORARY = "temporary"
EARLY = 0.2
"""Share of kills that do not wait for a report to be made."""
ROLES = ("run", "zygote", "child", "child", "child", "child")
"""Who is killed; most processes are children."""

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="Linux only"),
    pytest.mark.full,
]


def started(bank: Path, out: Path) -> subprocess.Popen[bytes]:
    words = ["report", *BRANCHES, "--period", "2026Q2", "--out", str(out), "--workers", "2"]
    temporary = out.parent / TEMPORARY
    temporary.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "RISKKIT_WORKSPACE": str(bank),
        "RISKKIT_LANG": "en",
        "TMPDIR": str(temporary),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "riskkit", *words],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def children(process: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


def victim(run: int, role: str, draw: random.Random) -> int | None:
    zygotes = children(run)
    found = {
        "run": [run],
        "zygote": zygotes,
        "child": [child for each in zygotes for child in children(each)],
    }
    return draw.choice(found[role]) if found[role] else None


def assault(bank: Path, out: Path, kills: int, seconds: float, draw: random.Random) -> Counter[str]:
    """Start the run again and again, killing as it goes; gives who was killed how often, and what was found harmed."""
    count: Counter[str] = Counter()
    while sum(count[role] for role in set(ROLES)) < kills:
        process = started(bank, out)
        while process.poll() is None and sum(count[role] for role in set(ROLES)) < kills:
            if draw.random() > EARLY:
                wait_for(lambda run=process.pid: victim(run, "child", draw) is not None, process)
            time.sleep(draw.uniform(0, seconds))
            role = draw.choice(ROLES)
            if (chosen := victim(process.pid, role, draw)) is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chosen, signal.SIGKILL)
                    count[role] += 1
        _, said = process.communicate()
        assert b"Traceback" not in said, said.decode()
        count["starts"] += 1
        sys.stdout.write(f"{dict(count)}\n")
        for made in out.glob("2026Q2-*"):
            count["corrupt"] += bool(damaged(made))
            if read_manifest(made)["complete"]:  # what is published is there; begin again
                count["finished"] += 1
                made.rename(out.parent / f"{made.name}.{count['finished']}")
    return count


def test_nothing_is_corrupt_or_lost_whatever_is_killed(sample_bank: Path, tmp_path: Path) -> None:
    bank = shutil.copytree(sample_bank, tmp_path / "bank", ignore=shutil.ignore_patterns("runs"))
    begun = time.monotonic()
    undisturbed = started(bank, tmp_path / "undisturbed" / "runs")
    _, said = undisturbed.communicate()
    assert undisturbed.returncode == 0, said.decode()
    (expected,) = (tmp_path / "undisturbed" / "runs").iterdir()
    out = tmp_path / "killed" / "runs"
    seconds = LONGEST * (time.monotonic() - begun)
    count = assault(bank, out, KILLS, seconds, random.Random(SEED))
    last = started(bank, out)
    _, said = last.communicate()
    assert last.returncode == 0, said.decode()
    assert wait_for(lambda: not workers_of(bank), seconds=20), "processes outlived their run"
    assert [path.name for path in out.iterdir()] == [expected.name]
    assert list((out.parent / TEMPORARY).iterdir()) == []
    finished = [*out.iterdir(), *out.parent.glob("2026Q2-*")]
    whole = contents(expected)
    count["lost"] = sum(contents(made) != whole for made in finished)
    sys.stdout.write(f"{dict(count)}; {len(finished)} runs finished\n")
    assert (count["corrupt"], count["lost"]) == (0, 0)
