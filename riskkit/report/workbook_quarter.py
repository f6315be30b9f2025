"""The workbook of a period for the whole institution."""

from __future__ import annotations

from pathlib import Path

from riskkit.report.book import Book
from riskkit.report.house_style import in_house_style
from riskkit.report.pack import QuarterPack
from riskkit.report.quarter.changes import write_changes
from riskkit.report.quarter.dashboard import write_dashboard
from riskkit.report.quarter.dimensions import write_dimension
from riskkit.report.quarter.heatmap import write_heatmap
from riskkit.report.quarter.lost import write_lost
from riskkit.report.quarter.method import write_method, write_tree
from riskkit.report.quarter.points import write_points
from riskkit.report.quarter.profile import write_profile
from riskkit.report.quarter.quality import write_quality, write_remarks
from riskkit.report.quarter.ranking import write_ranking
from riskkit.report.quarter.red_lines import write_red_lines
from riskkit.report.quarter.risk import write_risk
from riskkit.report.quarter.rollups import write_rollups
from riskkit.report.quarter.targets import write_targets
from riskkit.report.quarter.verification import write_verification
from riskkit.report.quarter.weights import write_weights


@in_house_style
def write_quarter_workbook(pack: QuarterPack, path: Path) -> None:
    """Write the period's workbook to exactly this path: dashboard, a unit's profile, ranking, heat map, a sheet a
    dimension, changes, red lines and findings, roll-ups, targets, risk matrix, points lost; weights, points and
    verification; method, tree, data quality, remarks, and the numbers behind the charts.

    Scores, grades, ranks, means and changes are formulas over the points and weights, each with its result; simulated
    figures and sentences are published values.

    The same pack gives the same bytes.

        >>> write_quarter_workbook(prepare(open_workspace("data_samples/bank"), "2026Q2"), Path("quarter.xlsx"))
    """
    book = Book(pack, "")
    book.title = book.say("quarter.title", institution=pack.institution, period=book.period_name())
    weights = write_weights(book)
    live = write_points(book, weights)
    verification = write_verification(book, live)
    reckoning = book.workbook.worksheets
    candidates = pack.assessment.candidates()
    numbers = write_dashboard(book, candidates, live, verification)
    write_profile(book, live, verification)
    write_ranking(book, live)
    write_heatmap(book, live)
    for dimension in pack.model.dimensions:
        write_dimension(book, dimension, live)
    write_changes(book, live)
    write_red_lines(book, candidates)
    write_rollups(book, live)
    write_targets(book, numbers)
    write_risk(book)
    write_lost(book)
    for worksheet in reckoning:  # written first, because the others refer to them
        book.to_the_end(worksheet)
    write_method(book, weights)
    write_tree(book, weights)
    write_quality(book)
    write_remarks(book)
    numbers.to_the_end()
    book.write(path)
