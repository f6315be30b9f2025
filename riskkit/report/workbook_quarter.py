"""The workbook of a period for the whole institution."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from riskkit.report.book import Book
from riskkit.report.engine.apart import give_back
from riskkit.report.house_style import in_house_style
from riskkit.report.pack import QuarterPack
from riskkit.report.paper import close_up
from riskkit.report.part import PartPack, first_level, part
from riskkit.report.quarter.changes import write_changes
from riskkit.report.quarter.chart_data import ChartData
from riskkit.report.quarter.dashboard import write_dashboard
from riskkit.report.quarter.dimensions import write_dimension
from riskkit.report.quarter.heatmap import write_heatmap
from riskkit.report.quarter.live import Live
from riskkit.report.quarter.lost import write_lost
from riskkit.report.quarter.method import write_method, write_tree
from riskkit.report.quarter.points import write_points
from riskkit.report.quarter.profile import write_profile
from riskkit.report.quarter.quality import write_quality, write_remarks
from riskkit.report.quarter.ranking import write_ranking
from riskkit.report.quarter.red_lines import unit_name, write_red_lines
from riskkit.report.quarter.risk import write_risk
from riskkit.report.quarter.rollups import write_rollups
from riskkit.report.quarter.targets import write_targets
from riskkit.report.quarter.verification import write_verification
from riskkit.report.quarter.weights import write_weights

MOST = 1_000
"""Ranked units of which one workbook shows everything. With a hundred formulas and points a unit, a spreadsheet would
take minutes to open a larger one."""
LISTED = 500
"""Rows of a list in a workbook that does not show everything."""
DETAILS = "details"


@in_house_style
def write_quarter_workbook(pack: QuarterPack, path: Path) -> None:
    """Write the period's workbook to exactly this path: dashboard, a unit's profile, ranking, heat map, a sheet a
    dimension, changes, red lines and findings, roll-ups, targets, risk matrix, points lost; weights, points and
    verification; method, tree, data quality, remarks, and the numbers behind the charts.

    Scores, grades, ranks, means and changes are formulas over the points and weights, each with its result; simulated
    figures and sentences are published values. With more than `MOST` ranked units the workbook reckons from the scores
    of dimensions and its lists are cut; in the folder `details` beside it a workbook for each first-level branch holds
    heat map, dimensions, changes, red lines and findings, points and verification of that branch's own units.

    The same pack gives the same bytes.

        >>> write_quarter_workbook(prepare(open_workspace("data_samples/bank"), "2026Q2"), Path("quarter.xlsx"))
    """
    candidates = pack.assessment.candidates()
    if len(pack.ranking) <= MOST:
        _write(_whole(pack, candidates), path)
        return
    give_back()  # what preparing and each workbook took, before the next takes its own
    _write(_overview(pack, candidates), path)
    give_back()
    (path.parent / DETAILS).mkdir(exist_ok=True)
    for top, places in first_level(pack.assessment).items():
        _write(_details(part(pack, top, places), candidates), path.parent / DETAILS / f"{top}.xlsx")


def _titled(pack: QuarterPack, most: int | None = None) -> Book:
    book = Book(pack, "", most=most)
    book.title = book.say("quarter.title", institution=pack.institution, period=book.period_name())
    return book


def _whole(pack: QuarterPack, candidates: pd.DataFrame) -> Book:
    book = _titled(pack)
    weights = write_weights(book)
    live = write_points(book, weights)
    verification = write_verification(book, live)
    reckoning = book.workbook.worksheets
    numbers = write_dashboard(book, candidates, live, verification)
    write_profile(book, live, verification)
    write_ranking(book, live)
    write_heatmap(book, live)
    for dimension in pack.model.dimensions:
        write_dimension(book, dimension, live)
    _write_rest(book, candidates, live, numbers, reckoning)
    return book


def _overview(pack: QuarterPack, candidates: pd.DataFrame) -> Book:
    """The whole bank on sheets that stay readable: page one, ranking, roll-ups, and lists cut to what matters most."""
    book = _titled(pack, LISTED)
    weights = write_weights(book)
    live = write_points(book, weights, depth=1)
    book.settle()
    verification = write_verification(book, live)
    book.settle()
    reckoning = book.workbook.worksheets
    numbers = write_dashboard(book, candidates, live, verification)
    write_ranking(book, live)
    book.settle()
    _write_rest(book, candidates, live, numbers, reckoning)
    return book


def _write_rest(
    book: Book, candidates: pd.DataFrame, live: Live, numbers: ChartData, reckoning: Sequence[Any]
) -> None:
    """What follows the units' scores; `reckoning` was written first, because the others refer to it."""
    write_changes(book, live)
    write_red_lines(book, candidates)
    write_rollups(book, live)
    write_targets(book, numbers)
    write_risk(book)
    write_lost(book)
    for worksheet in reckoning:
        book.to_the_end(worksheet)
    write_method(book, live.weights)
    write_tree(book, live.weights)
    write_quality(book)
    write_remarks(book)
    numbers.to_the_end()


def _write(book: Book, path: Path) -> None:
    for sheet in book.sheets:
        close_up(sheet)
    book.write(path)


def _details(pack: PartPack, candidates: pd.DataFrame) -> Book:
    """One first-level branch's own units, alive among themselves; ranks are the bank's, as published."""
    book = Book(pack, "")
    name = unit_name(book, pack.top)
    book.title = book.say("quarter.details", unit=name, period=book.period_name())
    weights = write_weights(book)
    live = write_points(book, weights)
    write_verification(book, live)
    reckoning = book.workbook.worksheets
    write_heatmap(book, live)
    for dimension in pack.model.dimensions:
        write_dimension(book, dimension, live)
    write_changes(book, live)
    write_red_lines(book, candidates[candidates["unit"].isin(pack.assessment.measures.units.index)])
    for worksheet in reckoning:
        book.to_the_end(worksheet)
    return book
