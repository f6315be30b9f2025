"""Making one report before any process is forked: what is slow the first time is then done for all of them."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from riskkit.report import charts
from riskkit.report.charts.warm import draw
from riskkit.report.pack import QuarterPack
from riskkit.report.pages.branch import BranchReport
from riskkit.report.workbook_branch import write_branch_workbook

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
    drawn: list[Callable[[Any], object]] = [
        lambda ax: charts.indicator_profile(pack.assessment, unit, ax=ax),
        lambda ax: charts.trend(pack.history, unit, ax=ax),
        lambda ax: charts.losses(pack.assessment, unit, ax=ax),
    ]
    if pack.movement is not None:
        why = pack.movement.why
        drawn.append(lambda ax: charts.why(why, unit, ax=ax))
    for each in drawn:
        draw(each)
