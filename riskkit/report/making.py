"""Making one report of a run, in the process that does it: what it is given, what it leaves, how it fails."""

from __future__ import annotations

import errno
import os
import shutil
import traceback
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from riskkit import texts
from riskkit.errors import PublishFailed, RiskkitError
from riskkit.publish import digest, sync
from riskkit.report import pdf
from riskkit.report.engine.apart import apart, give_back
from riskkit.report.engine.system import signal_name
from riskkit.report.fingerprint import fingerprints
from riskkit.report.house_style import in_house_style
from riskkit.report.pack import QuarterPack, keep, prepare
from riskkit.report.results import write_results
from riskkit.workspace import open_workspace

RESULTS, SUMMARY, BRANCHES = "results", "summary", "branches/"
"""Reports are called by their place in a run: results, summary, branches/0103."""
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
"""Faults that every further report would meet too."""
LAST_LINES = 6


@dataclass(frozen=True)
class Order:
    """What a run makes: which period, language and units (none named: every assessed one), and whether HTML pages and
    PDFs are wanted beside the notebooks."""

    workspace: Path
    period: str
    lang: texts.Language
    units: tuple[str, ...] = ()
    html: bool = False
    pdf: bool = False


@dataclass(frozen=True)
class Made:
    """What came of a report: the hash of every file, by its place in the run, or else why there is none.

    `failure`: `why` in words of both languages, `error` (its name), `notebook` and `cell` if it was one, `last`: the
    last lines said.
    `killed`: the process of the notebook was ended from outside, so that it may well succeed another time.
    """

    files: dict[str, str] = field(default_factory=dict)
    failure: dict[str, Any] = field(default_factory=dict)
    killed: bool = False


@cache
def pack_of(order: Order) -> QuarterPack:
    """The pack of this process, or of the one it was forked from, opened once."""
    return prepare(open_workspace(order.workspace, lang=order.lang), order.period, order.lang)


_refused: list[RiskkitError] = []


def open_pack(order: Order) -> None:
    """In the process that forks: have the pack at hand for every report and every notebook. What is wrong with the
    evidence is told by `survey`."""
    from tqdm import tqdm

    from riskkit.report.charts.canvas import forget_settings
    from riskkit.report.rehearsal import rehearse

    os.umask(0o077)
    forget_settings()
    interval, tqdm.monitor_interval = tqdm.monitor_interval, 0  # its monitor is a thread
    try:
        pack = pack_of(order)
        apart(lambda: pack.origins)  # which takes many times the memory of what is stored of it
        keep(pack)
        rehearse(pack)
    except RiskkitError as refused:
        _refused.append(refused)
    tqdm.monitor_interval = interval
    give_back()


def survey(order: Order, made_with: str) -> dict[str, str]:
    """Every assessed unit, and the hash of all that its report shows. Raises what the evidence is refused for."""
    for refused in _refused:
        raise refused
    return fingerprints(pack_of(order), made_with)


def make(order: Order, report: str, folder: Path) -> Made:
    """Write one report below an empty `folder`, on disk when this returns; whatever breaks one, the others go on.

    Raises only what concerns every report: a disk that is full or cannot be written to.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)  # not its parents: a run that is over must not be begun again
    try:
        _write(pack_of(order), order, report, folder)
        return Made({_place(path, folder): _settled(path) for path in _files(folder)})
    except Exception as failed:
        if isinstance(failed, PublishFailed) or getattr(failed, "errno", None) in OF_THE_DISK:
            raise
        killed = isinstance(failed, RiskkitError) and bool(failed.values.get("killed"))
        return Made(failure=_failure(failed, (folder, order.workspace)), killed=killed)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _place(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _settled(path: Path) -> str:
    sync(path)
    return digest(path)


def _why(failed: BaseException, lang: texts.Language) -> str:
    return failed.message(lang) if isinstance(failed, RiskkitError) else f"{type(failed).__name__}: {failed}"


def _failure(failed: Exception, places: tuple[Path, ...]) -> dict[str, Any]:
    told = failed.values if isinstance(failed, RiskkitError) else {}
    name = str(told.get("error", type(failed).__name__))
    words = {lang: _why(failed, lang) for lang in texts.LANGUAGES}
    for place in places:
        words = {lang: text.replace(str(place), place.name) for lang, text in words.items()}
    where = {key: told[key] for key in ("notebook", "cell") if told.get(key) is not None}
    last = told.get("last") or "".join(traceback.format_exception(failed)).splitlines()
    return {"why": words, "error": name, **where, "last": last[-LAST_LINES:]}


def died(status: int | None) -> dict[str, Any]:
    """Why there is no report where its process ended without a word; `status` is negative for a signal."""
    how = signal_name(-status) if status and status < 0 else f"exit {status}" if status else ""
    return {"why": texts.both("error.worker_died"), "error": how or "BrokenProcessPool"}


# ---------------------------------------------------------------- the files


def _write(pack: QuarterPack, order: Order, report: str, folder: Path) -> None:
    if report == RESULTS:
        write_results(pack, folder / RESULTS)
    elif report == SUMMARY:
        _write_summary(pack, order, folder)
    else:
        _write_branch(pack, order, report.removeprefix(BRANCHES), folder / report)


def _write_summary(pack: QuarterPack, order: Order, folder: Path) -> None:
    from riskkit.report import notebooks, workbook_quarter

    workbook_quarter.write_quarter_workbook(pack, folder / f"quarter_{pack.period}.xlsx")
    notebook = folder / f"quarter_{pack.period}.ipynb"
    parameters = {"quarter": str(pack.period), "workspace": str(order.workspace), "lang": order.lang}
    notebooks.run_notebook("quarterly_summary", notebook, parameters=parameters)
    _pages(pack, order, notebook, f"{pack.institution} {pack.period}")


def _write_branch(pack: QuarterPack, order: Order, unit: str, place: Path) -> None:
    from riskkit.report import notebooks, workbook_branch

    place.mkdir(parents=True)
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
