"""The main job: from a period's evidence to a published run folder."""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import multiprocessing
import multiprocessing.connection
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from riskkit import __version__, resources, texts
from riskkit.errors import Misuse, PublishFailed, ReportFailed, RiskkitError
from riskkit.periods import Period
from riskkit.publish import damaged, digest, put_aside, scratch_folder, write_manifest
from riskkit.report import pdf
from riskkit.report.engine import client, surroundings, ways
from riskkit.report.engine.client import PRELOAD, Zygote
from riskkit.report.house_style import house_style, in_house_style
from riskkit.report.pack import QuarterPack, keep, prepare
from riskkit.workspace import SETTINGS, Workspace, open_workspace

Advance = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """What a run makes: which period, language and units, and whether HTML pages and PDFs are wanted beside the
    notebooks."""

    workspace: Path
    period: str
    lang: texts.Language
    units: tuple[str, ...]
    html: bool = False
    pdf: bool = False


@dataclass
class Outcome:
    """Where the run was published, and whether it was already there unharmed."""

    folder: Path
    already: bool = False


def run_id(pack: QuarterPack, order: Order) -> str:
    """A name from everything the run is made from: inputs, model, program, language, choice of units and of files."""
    made_from = {
        "inputs": inputs(pack.workspace, pack.period),
        "model": pack.model.hash,
        "program": program_hash(),
        "units": order.units,
        "html": order.html,
        "pdf": pdf.printer().name if order.pdf else "",
    }
    content = json.dumps(made_from, sort_keys=True, ensure_ascii=False)
    return f"{pack.period}-{order.lang}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def inputs(workspace: Workspace, period: Period) -> dict[str, str]:
    """SHA-256 of every file of the workspace that a run reads: settings, theme, wording, logo, register, and evidence
    up to the period."""
    hashes = {SETTINGS: digest(workspace.path / SETTINGS), **house_style(workspace).files}
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


def run(order: Order, out: Path, *, workers: int, advance: Advance) -> Outcome:
    """Make every report of a period and publish them as one folder, whole or not at all.

    A run already published from the same inputs is checked against its manifest and left as it is; one that was
    damaged is put aside and made again. Raises `EvidenceRefused` for bad data, `Misuse` where PDFs are wanted and
    nothing here can print them, `ReportFailed`, naming every report that could not be made, and `PublishFailed` if
    files cannot be written or the inputs changed meanwhile; then nothing is published.
    """
    workspace = open_workspace(order.workspace, lang=order.lang)
    pack = prepare(workspace, order.period, order.lang)
    made_from = inputs(workspace, pack.period)
    target = out / run_id(pack, order)
    if target.is_dir() and not damaged(target):
        return Outcome(target, already=True)
    advance("scored")
    try:
        with scratch_folder(target) as scratch:
            _write_results(pack, scratch / "results")
            failures = _write_all(pack, order, scratch, workers, advance)
            if failures:
                told = "\n".join(f"  {unit}: {why}" for unit, why in failures.items())
                raise ReportFailed("reports_failed", count=len(failures), failed=told)
            now = open_workspace(order.workspace)
            if inputs(now, pack.period) != made_from or now.model.hash != pack.model.hash:
                raise PublishFailed("inputs_changed")
            write_manifest(scratch, _manifest(pack, order))
            if target.is_dir() and damaged(target):
                put_aside(target)
    except PublishFailed:
        if target.is_dir() and not damaged(target):  # the same run, published by another process meanwhile
            return Outcome(target, already=True)
        raise
    return Outcome(target)


def _manifest(pack: QuarterPack, order: Order) -> dict[str, object]:
    return {
        "format": 1,
        "institution": pack.institution,
        "period": str(pack.period),
        "lang": order.lang,
        "model": {"id": pack.model.spec.id, "version": pack.model.spec.version, "sha256": pack.model.hash},
        "riskkit": __version__,
        "inputs": inputs(pack.workspace, pack.period),
        "units": list(order.units),
    }


def _write_results(pack: QuarterPack, folder: Path) -> None:
    """The numbers themselves: CSV for people and spreadsheets, Parquet for analysts."""
    folder.mkdir()
    assessment = pack.assessment
    frames = {
        "summary": assessment.summary.reset_index(),
        "nodes": assessment.nodes,
        "items": assessment.items,
        "history": pack.history,
        "reasons": assessment.reasons,
        "uncertainty": pack.sure.reset_index(),
        "silent": pack.silent,
    }
    frames |= {"real_change": pack.real.reset_index()} if pack.real is not None else {}
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    ends = ["score_low", "score_high", "rank_low", "rank_high", "grade_probability"]
    ranking = assessment.ranking().join(pack.sure[ends].astype("Float64")).reset_index()
    ranking[ends[2:4]] = ranking[ends[2:4]].astype("Int64")
    columns = ["rank", "unit", "name", "score", "grade", "coverage", "observed", "base", "deducted", *ends]
    safe_csv(ranking[columns], folder / "ranking.csv")


def safe_csv(frame: pd.DataFrame, path: Path) -> None:
    """A CSV that spreadsheets open right (UTF-8 with mark) and in which no text can act as a formula."""
    safe = frame.copy()
    for column in safe.columns[[pd.api.types.is_string_dtype(dtype) for dtype in safe.dtypes]]:
        risky = safe[column].str.startswith(("=", "+", "-", "@", "\t", "\r"), na=False)
        safe[column] = safe[column].where(~risky, "'" + safe[column].astype("str"))
    safe.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")


def _write_summary(pack: QuarterPack, order: Order, folder: Path) -> None:
    from riskkit.report import notebooks, workbook_quarter

    workbook_quarter.write_quarter_workbook(pack, folder / f"quarter_{pack.period}.xlsx")
    notebook = folder / f"quarter_{pack.period}.ipynb"
    parameters = {"quarter": str(pack.period), "workspace": str(order.workspace), "lang": order.lang}
    notebooks.run_notebook("quarterly_summary", notebook, parameters=parameters)
    _pages(pack, order, notebook, f"{pack.institution} {pack.period}")


@in_house_style
def _pages(pack: QuarterPack, order: Order, notebook: Path, title: str) -> None:
    """The page of a notebook and its PDF, as ordered; the PDF is of the page, or else of the workbook beside it."""
    from riskkit.report import notebooks

    if not (order.html or order.pdf):
        return
    page = notebook.with_suffix(".html")
    notebooks.to_html(notebook, page, title=title, marking=pack.marking, lang=pack.lang)
    if order.pdf:
        pdf.write_pdf(page, notebook.with_suffix(".xlsx"), notebook.with_suffix(".pdf"))
    if not order.html:
        page.unlink()


# ---------------------------------------------------------------- reports, in processes of their own

MOST_WORKERS = 61
"""More processes than this a pool on Windows cannot wait for."""


def _write_all(
    pack: QuarterPack, order: Order, folder: Path, workers: int, advance: Advance
) -> dict[str, str]:
    """Write the summary and every branch's reports; returns why any failed."""
    if ways.can_fork():
        return _write_forked(order, folder, workers, advance)
    failures = _failure(str(pack.period), lambda: _write_summary(pack, order, folder))
    advance("summary")
    return failures | _write_pooled(order, folder, workers, advance)


def _write_report(order: Order, unit: str | None, folder: Path) -> dict[str, str]:
    """Write one branch's workbook, notebook and page, or the summary's; returns why it failed, if it did."""
    if unit is None:
        return _failure(order.period, lambda: _write_summary(_pack(order), order, folder))
    return _failure(unit, lambda: _write_reports(_pack(order), order, unit, folder / "branches" / unit))


@cache
def _pack(order: Order) -> QuarterPack:
    """The pack of this process, or of the one it was forked from, opened once."""
    return prepare(open_workspace(order.workspace, lang=order.lang), order.period, order.lang)


def _failure(report: str, write: Callable[[], None]) -> dict[str, str]:
    """Why a report could not be written, under its name; whatever breaks one, the others go on."""
    try:
        write()
    except Exception as failed:
        return {report: _why(failed)}
    return {}


def _why(failed: BaseException) -> str:
    if isinstance(failed, RiskkitError):
        return failed.message(texts.screen_language())
    return f"{type(failed).__name__}: {failed}"


def _write_reports(pack: QuarterPack, order: Order, unit: str, place: Path) -> None:
    from riskkit.report import notebooks, workbook_branch

    place.mkdir(parents=True, exist_ok=True)
    stem = f"{unit}_{pack.period}"
    workbook_branch.write_branch_workbook(pack, unit, place / f"{stem}.xlsx")
    notebook = place / f"{stem}.ipynb"
    parameters = {
        "branch": unit,
        "quarter": str(pack.period),
        "workspace": str(order.workspace),
        "lang": order.lang,
    }
    notebooks.run_notebook("branch_report", notebook, parameters=parameters)
    _pages(pack, order, notebook, f"{pack.assessment.summary['name'][unit]} {pack.period}")


def _died(report: str) -> dict[str, str]:
    return {report: texts.say("error.worker_died", texts.screen_language())}


# --- forked from a process that has everything open

ROOMS = (
    "riskkit.report.notebooks",
    "riskkit.report.workbook_branch",
    "riskkit.report.charts",
    "riskkit.report.pages.branch",
)
"""What every report imports, beside the libraries."""


def open_pack(order: Order) -> None:
    """In the process that forks: have the pack at hand for every report and every notebook."""
    from tqdm import tqdm

    os.umask(0o077)
    interval, tqdm.monitor_interval = tqdm.monitor_interval, 0  # its monitor is a thread
    keep(_pack(order))
    tqdm.monitor_interval = interval


def _told(report: str, outcome: client.Outcome) -> dict[str, str]:
    """Why a report failed: as its process said; of one that ended without a word, that it did."""
    if outcome.error is not None:
        return {report: _why(outcome.error)}
    return _died(report) if outcome.died else dict(outcome.value)


def _write_forked(order: Order, folder: Path, workers: int, advance: Advance) -> dict[str, str]:
    failures: dict[str, str] = {}
    work = [(order, unit, folder) for unit in (None, *order.units)]
    with (
        tempfile.TemporaryDirectory(prefix="riskkit-") as scratch,
        Zygote(
            preload=(*PRELOAD, *ROOMS),
            prepare=("riskkit.report.run:open_pack", (order,)),
            environment=surroundings.for_reports(Path(scratch)),
            quiet=True,
        ) as zygote,
    ):
        for (_, unit, _), outcome in zygote.each("riskkit.report.run:_write_report", work, at_once=workers):
            failures |= _told(unit or order.period, outcome)
            advance("branch" if unit else "summary")
    return dict(sorted(failures.items()))


# --- in a pool of processes, where there is no fork


def _start_worker() -> None:
    """A worker leaves interruptions to its parent, and does not outlive it."""
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None, "workers are started by a run"
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)


def _write_pooled(order: Order, folder: Path, workers: int, advance: Advance) -> dict[str, str]:
    failures: dict[str, str] = {}
    context = multiprocessing.get_context("spawn")
    most = max(1, min(workers, len(order.units), MOST_WORKERS))
    with concurrent.futures.ProcessPoolExecutor(most, context, _start_worker) as pool:
        try:
            waiting = {pool.submit(_write_report, order, unit, folder): unit for unit in order.units}
            for done in concurrent.futures.as_completed(waiting):
                failures |= _outcome(done, waiting[done])
                advance("branch")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return dict(sorted(failures.items()))


def _outcome(done: concurrent.futures.Future[dict[str, str]], unit: str) -> dict[str, str]:
    try:
        return done.result()
    except concurrent.futures.process.BrokenProcessPool:
        return _died(unit)


def chosen_units(workspace: Workspace, period: object, given: Iterable[str]) -> tuple[str, ...]:
    """The units to report on: those given, resolved, or every assessed one. Raises `Misuse` for one that is not
    assessed on its own."""
    named = tuple(dict.fromkeys(workspace.unit(unit) for unit in given))
    assessed = workspace.assessment(period).ranking().index
    for unit in named:
        if unit not in assessed:
            raise Misuse("not_reported", unit=unit, name=workspace.units["name"][unit])
    return named or tuple(assessed.sort_values())
