"""The workbook of a period for one unit."""

from __future__ import annotations

from pathlib import Path

from riskkit.analysis.peers import place
from riskkit.report.book import Book
from riskkit.report.branch.evidence import write_evidence
from riskkit.report.branch.findings import write_findings
from riskkit.report.branch.items import write_items
from riskkit.report.branch.links import Links
from riskkit.report.branch.losses import write_losses
from riskkit.report.branch.overview import write_overview
from riskkit.report.branch.reckoning import write_reckoning
from riskkit.report.branch.way import write_way
from riskkit.report.house_style import in_house_style
from riskkit.report.pack import QuarterPack


@in_house_style
def write_branch_workbook(pack: QuarterPack, unit: str, path: Path) -> None:
    """Write a unit's workbook to exactly this path: overview, the way up, items, lost points, findings, evidence, and
    how its points make score and grade.

    Scores, losses and the grade are formulas over the unit's points and weights, each with its result; ranks,
    intervals, medians of peers and sentences are published values. No other unit is named in it; peers appear as
    medians of five or more. Raises `Misuse` for an unknown unit. The same pack gives the same bytes.

        >>> write_branch_workbook(prepare(open_workspace("data_samples/bank"), "2026Q2"), "0103", Path("0103.xlsx"))
    """
    peers, way, links = place(pack.assessment, unit), pack.way_up(unit), Links()
    book = Book(pack, "")
    book.title = book.say("branch.title", unit=pack.standing[unit]["name"], period=book.period_name())
    reckoned = write_reckoning(book, unit, links)
    reckoning = book.workbook.worksheets
    write_overview(book, unit, peers, way, links, reckoned)
    write_way(book, unit, way, links, reckoned)
    write_items(book, unit, links, reckoned)
    write_losses(book, unit, links, reckoned)
    write_findings(book, unit, links)
    write_evidence(book, unit, links)
    for worksheet in reckoning:
        book.to_the_end(worksheet)
    links.tie()
    book.write(path)
