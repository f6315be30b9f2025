"""The main job: from a period's evidence to a published run folder."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from riskkit import __version__, lock, resources, texts
from riskkit.errors import Misuse, PublishFailed, ReportFailed
from riskkit.periods import Period
from riskkit.publish import damaged, digest, read_manifest
from riskkit.report.engine.children import TURNS, Outcome, ZygoteFailed
from riskkit.report.house_style import house_style
from riskkit.report.making import BRANCHES, RESULTS, SUMMARY, Made, Order, died
from riskkit.report.versions import versions
from riskkit.report.workers import Workers, workers
from riskkit.report.workplace import Found, Workplace, clear_superseded, others, published, working_folder
from riskkit.workspace import SETTINGS, Workspace, open_workspace

TRIES = 3
"""How often a report is begun whose process was ended from outside."""


@dataclass(frozen=True)
class Progress:
    """How many branches' reports are settled, of how many; `found`, those that were there when the run began."""

    done: int
    total: int
    found: int


Advance = Callable[[Progress], None]


@dataclass(frozen=True)
class Published:
    """Where a run was published, whether it was already there unharmed, and why reports are missing in it, by unit (the
    period for the summary, "results" for the tables)."""

    folder: Path
    already: bool = False
    failures: dict[str, str] = field(default_factory=dict)


def run_id(workspace: Workspace, order: Order) -> str:
    """A name from everything the run is made from: inputs, model, program, language, choice of units and of files."""
    made_from = {
        "inputs": inputs(workspace, Period.parse(order.period)),
        "with": made_with(workspace, order),
        "units": order.units,
    }
    return f"{order.period}-{order.lang}-{_hash(made_from)[:8]}"


def made_with(workspace: Workspace, order: Order) -> str:
    """A hash of what every report of a run is made with, whatever the evidence: settings, theme, wording, model,
    program, what is installed beside it, and which files are wanted."""
    return _hash(
        {
            "settings": _settings(workspace),
            "model": workspace.model.hash,
            "program": program_hash(),
            "versions": versions(house_style(workspace).theme.font, pdf=order.pdf),
            "order": [order.period, order.lang, order.html, order.pdf],
        }
    )


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _settings(workspace: Workspace) -> dict[str, str]:
    return {SETTINGS: digest(workspace.path / SETTINGS), **house_style(workspace).files}


def inputs(workspace: Workspace, period: Period) -> dict[str, str]:
    """SHA-256 of every file of the workspace that a run reads: settings, theme, wording, logo, register, and evidence
    up to the period."""
    hashes = _settings(workspace)
    for known in workspace.periods:
        if known <= period:
            hashes |= workspace.input_hashes(known)
    return dict(sorted(hashes.items()))


def program_hash() -> str:
    """A hash of riskkit's own source, templates and notebooks."""
    places = [Path(__file__).parents[1], resources.templates(), resources.notebooks()]
    files = sorted(
        path for place in places for path in place.rglob("*") if path.suffix in (".py", ".yaml", ".ipynb")
    )
    whole = hashlib.sha256()
    for path in files:
        whole.update(path.read_bytes())
    return whole.hexdigest()


def run(
    order: Order,
    out: Path,
    *,
    at_once: int,
    advance: Advance,
    resume: bool = False,
    cluster: str | None = None,
) -> Published:
    """Make the reports of a period and publish them as one folder, in one moment.

    A run already published from the same inputs is checked against its manifest and left as it is; one that was broken
    off, damaged, or lacks reports is completed: what is done and whole is kept. With `resume`, reports of other runs of
    the period are taken over too, where all that they show is the same. A report that cannot be made costs the others
    nothing: it is named in failures.json and in what this returns. With `cluster`, the address of a dask scheduler,
    they are made by its workers, and published by this process all the same.

    Raises `EvidenceRefused` for bad data; `Misuse` for units that have no reports, and where PDFs are wanted and
    nothing here can print them; `ReportFailed` if no branch's report could be made; and `PublishFailed` if another
    process is at the same period, files cannot be written, or the inputs changed meanwhile. Then nothing is published,
    and what was before is as it was.
    """
    with lock.held(out / f".riskkit-{order.period}.lock"):
        workspace = open_workspace(order.workspace, lang=order.lang)
        order = replace(order, units=tuple(dict.fromkeys(workspace.unit(unit) for unit in order.units)))
        return _Run(workspace, order, out, at_once, advance, cluster).go(resume=resume)


class _Run:
    """One run, from its name to its publication; it keeps no report, only what there is to make."""

    def __init__(
        self,
        workspace: Workspace,
        order: Order,
        out: Path,
        at_once: int,
        advance: Advance,
        cluster: str | None,
    ) -> None:
        self.workspace, self.order, self.at_once, self.advance = workspace, order, at_once, advance
        self.cluster = cluster
        self.made_from = inputs(workspace, Period.parse(order.period))
        self.name = run_id(workspace, order)
        self.target = out / self.name
        self.prefix = f"{order.period}-{order.lang}-"
        self.choice = _hash([order.units, order.html, order.pdf])
        self.keys: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        self.tries: Counter[str] = Counter()
        self.settled = self.found = 0

    def go(self, *, resume: bool) -> Published:
        if _complete(self.target):
            shutil.rmtree(
                working_folder(self.target), ignore_errors=True
            )  # of a run killed right after it was done
            return Published(self.target, already=True)
        self.place = Workplace(self.target, self.choice)
        try:
            self._work(resume=resume)
            return self._publish()
        except BaseException:
            self.place.leave()
            raise

    def _work(self, *, resume: bool) -> None:
        """Make what there is to make, with new processes whenever the old ones are lost."""
        left: deque[str] | None = None
        lost: list[str] = []
        starts = 0
        while left is None or left or lost:
            try:
                with workers(
                    self.order, self.name, self.place.scratch, self.at_once, self.cluster
                ) as processes:
                    if left is None:
                        self._survey(processes)
                        left = deque(self._still_to_make(resume=resume))
                    alone, lost = deque(lost), []
                    while alone and not lost:
                        lost = self._make(processes, deque([alone.popleft()]), 1)
                    lost += alone
                    if not lost:
                        lost = self._make(processes, left, self.at_once)
            except ZygoteFailed as gone:
                starts += 1
                if gone.key == "zygote_start" or starts == TRIES:
                    raise

    # ------------------------------------------------------------ what there is to do

    def _survey(self, processes: Workers) -> None:
        """Find every report to be made, and the hash of what each shows."""
        given = [(self.order, made_with(self.workspace, self.order))]
        for _, outcome in processes.each("riskkit.report.making:survey", given, at_once=1):
            if outcome.error is not None:
                raise outcome.error
            if outcome.died:
                raise ZygoteFailed("zygote_gone")
            self.keys = {RESULTS: self.name, SUMMARY: self.name}
            self.keys |= {f"{BRANCHES}{unit}": outcome.value[unit] for unit in self._units(outcome.value)}

    def _units(self, assessed: Iterable[str]) -> Iterable[str]:
        known = set(assessed)
        for unit in self.order.units:
            if unit not in known:
                raise Misuse("not_reported", unit=unit, name=self.workspace.units["name"][unit])
        return self.order.units or sorted(known)

    def _still_to_make(self, *, resume: bool) -> list[str]:
        """What is not done yet, once everything is taken over that other runs have."""
        done = self.place.standing(self.keys)
        sources = [published(self.target)]
        for source in (*sources, *(others(self.target, self.prefix) if resume else ())):
            done |= set(self._adopted(source, done))
        self.found = self.settled = sum(report.startswith(BRANCHES) for report in done)
        self._tell()
        return [report for report in self.keys if report not in done]

    def _adopted(self, source: Found, done: set[str]) -> Iterator[str]:
        folder, keys, files = source
        for report, key in self.keys.items():
            offered = report not in done and keys.get(report) == key and files.get(report)
            if offered and self.place.adopt(report, key, offered, folder):
                yield report

    def _tell(self) -> None:
        self.advance(Progress(self.settled, len(self.keys) - 2, self.found))

    # ------------------------------------------------------------ report by report

    def _make(self, processes: Workers, left: deque[str], at_once: int) -> list[str]:
        """Make reports until there are none left, or the processes are lost; gives those that were lost with them."""
        flying: dict[str, Path] = {}

        def work() -> Iterator[tuple[Order, str, Path]]:
            while left:
                report = left.popleft()
                flying[report] = self.place.making()
                yield self.order, report, flying[report]

        try:
            for (_, report, folder), outcome in processes.each(
                "riskkit.report.making:make", work(), at_once=at_once, turns=TURNS
            ):
                if isinstance(outcome.error, ZygoteFailed):
                    break
                del flying[report]
                if not self._settle(report, outcome, folder):
                    left.append(report)
        except ZygoteFailed:
            pass
        if len(flying) == 1:  # it was alone: what ended the processes may be the report itself
            ((report, folder),) = flying.items()
            return [] if self._settle(report, Outcome(status=-9), folder) else [report]
        for folder in flying.values():
            self.place.drop(folder)
        return list(flying)

    def _settle(self, report: str, outcome: Outcome, folder: Path) -> bool:
        """Take down what became of a report; not, if it is to be tried again."""
        if outcome.error is not None:
            raise _fault(outcome.error)
        made: Made = outcome.value if not outcome.died else Made(failure=died(outcome.status))
        killed = made.killed or (outcome.status or 0) < 0
        self.tries[report] += 1
        if made.failure and killed and self.tries[report] < TRIES:
            self.place.drop(folder)
            return False
        del self.tries[report]
        if made.failure:
            self.failures[self._called(report)] = made.failure["why"][texts.screen_language()]
            self.place.failed(report, self.keys[report], made.failure, folder)
        else:
            self.place.done(report, self.keys[report], made.files, folder)
        if report.startswith(BRANCHES):
            self.settled += 1
            self._tell()
        return True

    def _called(self, report: str) -> str:
        return self.order.period if report == SUMMARY else report.removeprefix(BRANCHES)

    # ------------------------------------------------------------ the whole

    def _publish(self) -> Published:
        failures = dict(sorted(self.failures.items()))
        if len(self.keys) > 2 and all(
            report.removeprefix(BRANCHES) in failures for report in self.keys if report.startswith(BRANCHES)
        ):
            self.place.remove()
            raise ReportFailed("reports_failed", count=len(failures), failed=listed(failures))
        now = open_workspace(self.order.workspace)
        if (
            inputs(now, Period.parse(self.order.period)) != self.made_from
            or now.model.hash != self.workspace.model.hash
        ):
            self.place.remove()
            raise PublishFailed("inputs_changed")
        self.place.publish(self._manifest(), self.keys)
        clear_superseded(self.target, self.prefix, self.choice)
        return Published(self.target, failures=failures)

    def _manifest(self) -> dict[str, Any]:
        model = self.workspace.model
        return {
            "format": 1,
            "institution": self.workspace.name,
            "period": self.order.period,
            "lang": self.order.lang,
            "model": {"id": model.spec.id, "version": model.spec.version, "sha256": model.hash},
            "riskkit": __version__,
            "versions": versions(house_style(self.workspace).theme.font, pdf=self.order.pdf),
            "inputs": self.made_from,
            "units": [report.removeprefix(BRANCHES) for report in self.keys if report.startswith(BRANCHES)],
        }


def _complete(folder: Path) -> bool:
    """Whether a run stands there whole; manifests of earlier versions, which published nothing else, do not say so."""
    return bool(read_manifest(folder).get("complete", True)) and not damaged(folder)


def _fault(failed: BaseException) -> BaseException:
    """What stops a run: the disk, told as what could not be written."""
    if isinstance(failed, OSError):
        reason = failed.strerror or str(failed)
        return PublishFailed("publish_failed", target=str(failed.filename or "?"), reason=reason)
    return failed


def listed(failures: dict[str, str]) -> str:
    """Reports that failed and why, a line each."""
    return "\n".join(f"  {report}: {reason}" for report, reason in failures.items())
