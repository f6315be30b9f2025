"""A long run, watched: memory, handles, processes and scratch files while many reports are made.

    python -m tests.bench.large_workspace BANK 334
    python -m tests.bench.long_run BANK 2026Q2 1000

makes the reports of the first thousand branches and writes a line every ten seconds, then what changed between the
tenth of the reports that came first and the end, and what was left behind. Linux only.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import riskkit as rk
from riskkit.report.workplace import WORK

EVERY = 10.0
COLUMNS = ("seconds", "done", "run_mb", "zygote_mb", "children", "run_handles", "zygote_handles", "scratch")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def resident(process: int) -> float:
    """Megabytes of a process's own: what it shares with those it forked is the zygote's."""
    fields = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def children(process: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def handles(process: int) -> int:
    return sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())


def look(run: int, out: Path, began: float) -> dict[str, float]:
    """One line: the run's process and the one that forks, as they stand now."""
    (zygote,) = children(run)
    work = next(out.glob(f"{WORK}*"))
    return {
        "seconds": round(time.monotonic() - began),
        "done": sum(1 for _ in (work / "run" / "branches").iterdir()),
        "run_mb": round(resident(run), 1),
        "zygote_mb": round(resident(zygote), 1),
        "children": len(children(zygote)),
        "run_handles": handles(run),
        "zygote_handles": handles(zygote),
        "scratch": sum(1 for _ in (work / "tmp").iterdir()) + sum(1 for _ in (work / "making").iterdir()),
    }


def main(bank: Path, period: str, count: int) -> None:
    workspace = rk.open_workspace(bank)
    units = list(workspace.assessment(period).ranking().index.sort_values()[:count])
    with tempfile.TemporaryDirectory(dir=bank.parent, prefix="long-run-") as scratch:
        out, temporary = Path(scratch) / "out", Path(scratch) / "tmp"
        temporary.mkdir()
        given = {**os.environ, "RISKKIT_WORKSPACE": str(bank), "TMPDIR": str(temporary)}
        words = ["report", *units, "--period", period, "--out", str(out)]
        lines = watch([sys.executable, "-m", "riskkit", *words], given, out)
        published = next(out.glob(f"{period}-*"))
        say(f"published {sum(1 for _ in (published / 'branches').iterdir())} of {count}")
        say(
            f"left behind: {len(list(out.glob(f'{WORK}*')))} working folders, "
            f"{len(list(temporary.iterdir()))} temporary files, {len(at_work(bank))} processes"
        )
    tell(lines, count)


def watch(command: list[str], environment: dict[str, str], out: Path) -> list[dict[str, float]]:
    """Run a command and look at it until it ends."""
    writer = csv.DictWriter(sys.stdout, COLUMNS)
    writer.writeheader()
    lines: list[dict[str, float]] = []
    began = time.monotonic()
    run = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    while run.poll() is None:
        time.sleep(EVERY)
        try:
            lines.append(look(run.pid, out, began))
        except (OSError, ValueError, StopIteration):
            continue  # before the process that forks is there, or after it is gone
        writer.writerow(lines[-1])
        sys.stdout.flush()
    say(f"exit code {run.returncode} after {time.monotonic() - began:.0f} s")
    return lines


def tell(lines: list[dict[str, float]], count: int) -> None:
    """How memory changed once a tenth of the reports was made."""
    later = [line for line in lines if line["done"] >= count / 10]
    for name in ("run_mb", "zygote_mb", "run_handles", "zygote_handles"):
        seen = [line[name] for line in later]
        say(
            f"{name}: {seen[0]:g} at {later[0]['done']:g} reports, {seen[-1]:g} at the end, "
            f"least {min(seen):g}, most {max(seen):g}"
        )


def at_work(bank: Path) -> list[str]:
    """Processes still at work on a workspace."""
    from tests.batches import workers_of

    return workers_of(bank)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2], int(sys.argv[3]))
