"""Making one report before any process is forked: what is slow the first time is then done for all of them."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from riskkit.report import charts
from riskkit.report.charts.canvas import lay_in
from riskkit.report.charts.warm import all_labels
from riskkit.report.pack import QuarterPack
from riskkit.report.pages.branch import BranchReport
from riskkit.report.workbook_branch import write_branch_workbook

SOME = 4
"""Units whose charts are drawn, so that most labels are at hand."""
CHARTS = ("dimension_chart", "indicator_chart", "trend_chart", "losses_chart", "why_chart")
PARTS = (
    "masthead",
    "grade_table",
    "way_up",
    "findings",
    "dimensions",
    "losses",
    "changes",
    "items",
    "evidence",
)
"""Parts of a page that between them read everything a page reads."""


def rehearse(pack: QuarterPack) -> None:
    """Write a unit's workbook, tell its page and draw its charts, and forget them.

    Texts, theme, fonts and the frames that are made when first used stay at hand. A fault of a report is no concern
    here: that report's own process will tell it.
    """
    for unit in pack.assessment.ranking().index[:1]:
        with contextlib.suppress(Exception), tempfile.TemporaryDirectory(prefix="riskkit-") as scratch:
            _make(pack, str(unit), Path(scratch) / "0.xlsx")


def _make(pack: QuarterPack, unit: str, workbook: Path) -> None:
    write_branch_workbook(pack, unit, workbook)
    charts.use(pack.lang, pack.workspace)
    report = BranchReport(pack, unit)
    for part in PARTS:
        getattr(report, part)()
    for group in ("", *pack.assessment.peer_groups.names()):
        pack.assessment.peer_groups.of(group)
    for each in _spread(list(pack.ranking.index)):
        _draw(pack, each)
    charts.picture(all_labels, pack.model)
    lay_in(len(CHARTS))


def _spread(units: list[str]) -> list[str]:
    """A few units, from the best to the worst."""
    return units[:: max(1, len(units) // SOME)]


def _draw(pack: QuarterPack, unit: str) -> None:
    report = BranchReport(pack, unit)
    for chart in CHARTS:
        getattr(report, chart)()
