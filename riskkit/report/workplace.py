"""The folder in which a run grows beside its target, and the one moment in which it becomes the target."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from riskkit.errors import PublishFailed
from riskkit.publish import (
    MANIFEST,
    damaged,
    digest,
    intact,
    put_aside,
    read_manifest,
    sync,
    told,
    write_manifest,
)
from riskkit.report.journal import Entry, Journal, heading, last_entries
from riskkit.report.making import BRANCHES, RESULTS, SUMMARY

WORK = ".riskkit-work-"
FAILURES = "failures.json"
_JOURNAL, _TREE, _MAKING, _PREVIOUS, _TEMPORARY = "journal.jsonl", "run", "making", "previous", "tmp"


class Workplace:
    """The working folder of one run; whoever opens it holds the lock of the quarter.

        run/            the reports that are done, as they will be published
        journal.jsonl   a line a report: done, with the hash of each file, or failed, with cell and error
        making/ tmp/    what is being made; cleared when a run begins
        previous/       the incomplete run that is about to be replaced

    A report moves from making/ to run/ by renaming once it is on disk, and only then is entered in the journal: what
    the journal calls done was whole, and what it does not name is made again.
    """

    def __init__(self, target: Path, choice: str) -> None:
        self.target = target
        self.folder = working_folder(target)
        self.tree = self.folder / _TREE
        self._numbers = itertools.count()
        with told(self.folder):
            _recover(self.folder)
            for name in (_MAKING, _TEMPORARY):
                shutil.rmtree(self.folder / name, ignore_errors=True)
                (self.folder / name).mkdir(mode=0o700, parents=True)
            (self.tree / BRANCHES).mkdir(mode=0o700, parents=True, exist_ok=True)
            self.journal = Journal(self.folder / _JOURNAL, {"run": target.name, "choice": choice})

    @property
    def scratch(self) -> Path:
        """Where processes keep their own scratch files."""
        return self.folder / _TEMPORARY

    def making(self) -> Path:
        """A place to make a report in, never the same twice."""
        return self.folder / _MAKING / f"{os.getpid()}-{next(self._numbers)}"

    # ------------------------------------------------------------ report by report

    def done(self, report: str, key: str, files: Mapping[str, str], made: Path) -> None:
        """Move a finished report into place and enter it in the journal."""
        with told(self.target):
            for place in sorted({_whole(name) for name in files}):
                sync(made / place)
                _remove(self.tree / place)
                (made / place).replace(self.tree / place)
                sync((self.tree / place).parent)
            self.journal.write(Entry(report, "done", key, dict(files)))
        self.drop(made)

    def failed(self, report: str, key: str, failure: Mapping[str, Any], made: Path) -> None:
        """Enter in the journal that a report could not be made."""
        with told(self.target):
            self.journal.write(Entry(report, "failed", key, failure=dict(failure)))
        self.drop(made)

    def drop(self, made: Path) -> None:
        """Remove what is left of a report's making."""
        shutil.rmtree(made, ignore_errors=True)

    def standing(self, keys: Mapping[str, str]) -> set[str]:
        """The reports that are done already: entered as such, made from the same, and whole."""
        with told(self.target):
            entries = last_entries(self.journal.path)
        return {
            report
            for report, entry in entries.items()
            if entry.state == "done"
            and keys.get(report) == entry.key
            and all(intact(self.tree / name, known) for name, known in entry.files.items())
        }

    def adopt(self, report: str, key: str, files: Mapping[str, str], source: Path) -> bool:
        """Take over a report from another run, if it is whole there; a copy, so that neither can harm the other."""
        made = self.making()
        with told(self.target):
            for name, known in files.items():
                (made / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(source / name, made / name)
                if not intact(made / name, known):
                    shutil.rmtree(made)
                    return False
                sync(made / name)
        self.done(report, key, files, made)
        return True

    # ------------------------------------------------------------ the whole

    def publish(self, content: Mapping[str, Any], keys: Mapping[str, str]) -> None:
        """Put the run in its place, whole, with manifest and, where reports failed, failures.json.

        What stood there is put aside if it was damaged, and goes if it was the same run with reports missing; if the
        place cannot be had, it stays, and so does all that was made. Raises `PublishFailed` where the journal does not
        tell of every report.
        """
        with told(self.target):
            known = last_entries(self.journal.path)
        entries = {report: known[report] for report in keys if report in known}
        if lacking := len(keys) - len(entries):
            raise PublishFailed("journal_gaps", count=lacking)
        made = [entry for entry in entries.values() if entry.state == "done"]
        outputs = {name: known for entry in made for name, known in entry.files.items()}
        failures = {
            report: {name: value for name, value in sorted(entry.failure.items()) if name != "last"}
            for report, entry in sorted(entries.items())
            if entry.state == "failed"
        }
        reports = {entry.report: entry.key for entry in made if entry.report.startswith(BRANCHES)}
        with told(self.target):
            (self.tree / FAILURES).unlink(missing_ok=True)
            if failures:
                text = json.dumps(failures, ensure_ascii=False, indent=1, sort_keys=True)
                (self.tree / FAILURES).write_text(text + "\n", encoding="utf-8")
                outputs[FAILURES] = _settled(self.tree / FAILURES)
            write_manifest(self.tree, {**content, "complete": not failures, "reports": reports}, outputs)
            for path in (self.tree / MANIFEST, self.tree / BRANCHES, self.tree):
                sync(path)
            self._take_its_place()
        self.remove()

    def _take_its_place(self) -> None:
        previous = self.folder / _PREVIOUS
        if self.target.exists():
            if damaged(self.target):
                put_aside(self.target)
            else:
                self.target.rename(previous)
        try:
            self.tree.rename(self.target)
        except OSError:
            if previous.exists():
                previous.rename(self.target)
            raise
        sync(self.target.parent)

    def remove(self) -> None:
        """No more of it; nothing is lost by that once the run is published."""
        self.journal.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def leave(self) -> None:
        """Leave it for the next run to go on from, if there is anything to go on from."""
        try:
            nothing = not last_entries(self.journal.path)
        except OSError:  # what cannot be read now may tell of much
            nothing = False
        if nothing:
            self.remove()
            return
        self.journal.close()
        for name in (_MAKING, _TEMPORARY):
            shutil.rmtree(self.folder / name, ignore_errors=True)


def working_folder(target: Path) -> Path:
    """Where the run of that name grows."""
    return target.with_name(f"{WORK}{target.name}")


def _recover(folder: Path) -> None:
    """Put back a run that was moved into a working folder for a newer one that never took its place."""
    previous, target = folder / _PREVIOUS, folder.with_name(folder.name.removeprefix(WORK))
    if previous.is_dir():
        if target.exists():
            shutil.rmtree(previous)
        else:
            previous.rename(target)


def _whole(name: str) -> str:
    """What is moved at once: the folder of a branch or of the results, a file of the summary."""
    parts = name.split("/")
    return "/".join(parts[:2]) if f"{parts[0]}/" == BRANCHES else parts[0]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)


def _settled(path: Path) -> str:
    sync(path)
    return digest(path)


# ---------------------------------------------------------------- what other runs have


Found = tuple[Path, dict[str, str], dict[str, dict[str, str]]]
"""A run: its folder, and of each report the key and the files."""


def published(folder: Path) -> Found:
    """What a published run has; reports of the whole bank bear the run's name as key."""
    content = read_manifest(folder)
    files: dict[str, dict[str, str]] = {}
    for name, known in content.get("outputs", {}).items():
        if name != FAILURES:
            files.setdefault(_report(name), {})[name] = known
    keys = {RESULTS: folder.name, SUMMARY: folder.name, **content.get("reports", {})}
    return folder, keys, files


def _report(name: str) -> str:
    whole = _whole(name)
    return whole if whole == RESULTS or whole.startswith(BRANCHES) else SUMMARY


def others(target: Path, prefix: str) -> Iterator[Found]:
    """What other runs beside a target have whose names begin the same, published or broken off, the newest first."""
    names = (f"{prefix}*/{MANIFEST}", f"{WORK}{prefix}*/{_JOURNAL}")
    known = [path for name in names for path in target.parent.glob(name)]
    for path in sorted(known, key=lambda path: path.stat().st_mtime_ns, reverse=True):
        if target.name in path.parent.name:
            continue
        if path.name == MANIFEST:
            yield published(path.parent)
        else:
            with told(path):
                entries = last_entries(path)
            done = [entry for entry in entries.values() if entry.state == "done"]
            keys = {entry.report: entry.key for entry in done}
            yield path.parent / _TREE, keys, {entry.report: entry.files for entry in done}


def clear_superseded(target: Path, prefix: str, choice: str) -> None:
    """Remove runs of the same choice of reports that were broken off and whose inputs are no longer these."""
    for journal in target.parent.glob(f"{WORK}{prefix}*/{_JOURNAL}"):
        with contextlib.suppress(OSError):  # what is left there does no harm
            if heading(journal).get("choice") == choice:
                _recover(journal.parent)
                shutil.rmtree(journal.parent)
