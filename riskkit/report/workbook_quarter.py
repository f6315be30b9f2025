"""The workbook of a period for the whole institution."""

from __future__ import annotations

from pathlib import Path

from riskkit.report.book import Book
from riskkit.report.pack import QuarterPack
from riskkit.report.quarter.changes import write_changes
from riskkit.report.quarter.dashboard import write_dashboard
from riskkit.report.quarter.dimensions import write_dimension
from riskkit.report.quarter.heatmap import write_heatmap
from riskkit.report.quarter.method import write_method, write_tree
from riskkit.report.quarter.quality import write_quality, write_remarks
from riskkit.report.quarter.ranking import write_ranking
from riskkit.report.quarter.red_lines import write_red_lines
from riskkit.report.quarter.rollups import write_rollups
from riskkit.report.quarter.targets import write_targets


def write_quarter_workbook(pack: QuarterPack, path: Path) -> None:
    """Write the period's workbook to exactly this path: dashboard, ranking, heat map, a sheet a dimension, changes, red
    lines and findings, roll-ups, method, tree, data quality, remarks, and the numbers behind the charts. Values only.

    The same pack gives the same bytes.

        >>> write_quarter_workbook(prepare(open_workspace("data_samples/bank"), "2026Q2"), Path("quarter.xlsx"))
    """
    book = Book(pack, "")
    book.title = book.say("quarter.title", institution=pack.institution, period=book.period_name())
    candidates = pack.assessment.candidates()
    numbers = write_dashboard(book, candidates)
    write_ranking(book)
    write_heatmap(book)
    for dimension in pack.model.dimensions:
        write_dimension(book, dimension)
    write_changes(book)
    write_red_lines(book, candidates)
    write_rollups(book)
    write_targets(book, numbers)
    write_method(book)
    write_tree(book)
    write_quality(book)
    write_remarks(book)
    numbers.to_the_end()
    book.write(path)
