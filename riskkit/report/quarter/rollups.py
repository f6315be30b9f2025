"""汇总: the whole institution and its first-level branches."""

from __future__ import annotations

import pandas as pd

from riskkit.report import figures, rules
from riskkit.report.book import Book
from riskkit.report.cells import Label, Shown
from riskkit.report.phrases import node_name
from riskkit.report.quarter.heatmap import PLAIN, SEAM, Group, heat, write_cells, write_heads, write_scale
from riskkit.report.quarter.live import Live
from riskkit.report.quarter.ranking import change_cell, dimension_head
from riskkit.report.sheets import CENTRED, HEAD, NAME, QUIET, TEXT, Column


def write_rollups(book: Book, live: Live) -> None:
    """Roll-ups: scores and dimensions, then their indicators as a heat map."""
    rollups = book.pack.assessment.rollups()
    names = figures.indicators(book.pack.assessment)
    sheet = book.sheet(
        book.say("rollups.name"),
        [8, 18, *[8.6 if book.lang == "zh" else 10.0] * max(len(names), 10 + 2 * len(book.model.dimensions))],
    )
    book.band(sheet, book.label("rollups.title"), book.say("rollups.subtitle"))
    if rollups.empty:
        sheet.sentence(book.say("rollups.none"))
        return
    columns = _columns(book)
    below = units_below(book)
    sheet.table(
        columns, [_row(book, live, str(unit), row, below[str(unit)]) for unit, row in rollups.iterrows()]
    )
    for place, unit in enumerate(rollups.index):
        sheet.link(1, live.at(str(unit), "score"), row=sheet.row - len(rollups) + place)
    last, first = sheet.row - 1, sheet.row - len(rollups)
    rules.changes(sheet.worksheet, rules.block(4, first, 4, last))
    rules.grades(sheet.worksheet, rules.block(5, first, 5, last), live.grade_names)
    sheet.down(6)
    sheet.sentence(book.say("rollups.note"), QUIET.but(bottom="", indent=1))
    sheet.down(10)
    sheet.section(book.label("rollups.indicators"))
    sheet.down(22)
    sheet.down(4)
    write_scale(book, sheet)
    groups = [
        Group(
            Label(node_name(book, node.id)),
            tuple(name for name in names if book.model.parents[name] == node.id),
        )
        for node in book.model.dimensions
    ]
    write_heads(book, sheet, [group for group in groups if group.nodes], first=3)
    for column, key in enumerate(("code", "unit"), start=1):
        sheet.put(column, book.label(f"head.{key}", stacked=True), HEAD.but(align="left"), row=sheet.row - 1)
    first = sheet.row
    for unit, row in rollups.iterrows():
        sheet.put(1, unit, PLAIN.but(colour="grey", size="small"))
        sheet.put(2, row["name"], PLAIN)
        write_cells(sheet, 3, (heat(book, live.node_or_published(str(unit), name), SEAM) for name in names))
        sheet.down(max(18.0, sheet.room([(row["name"], 2, 1, PLAIN)])))
    rules.heat(sheet.worksheet, rules.block(3, first, 2 + len(names), sheet.row - 1), book.maximum)
    sheet.down(6)
    sheet.sentence(book.say("live.rollups"), QUIET.but(bottom="", indent=1))


def _columns(book: Book) -> list[Column]:
    score = CENTRED.but(format=book.score_format)
    points = CENTRED.but(format=book.points_format)
    return [
        book.head("code", TEXT.but(colour="rule")),
        book.head("unit", NAME),
        book.head("score", score.but(bold=True)),
        book.head("change", CENTRED),
        book.head("grade", CENTRED),
        *(Column(dimension_head(book, node.id), points, 2) for node in book.model.dimensions),
        book.head("deducted", score.but(format=f"{book.score_format};-{book.score_format};–")),
        book.head("coverage", CENTRED.but(format="0.0%")),
        book.head("staff_below", CENTRED.but(format="#,##0")),
        book.head("units_below", CENTRED),
        book.head("grades_below", CENTRED.but(wrap=True, size="small"), span=3),
    ]


def _row(book: Book, live: Live, unit: str, row: pd.Series, among: list[str]) -> list[object]:
    below = [each for each in among if live.rows[each] <= live.last]
    summary = book.pack.assessment.summary
    return [
        unit,
        row["name"],
        live.value(unit, "score"),
        change_cell(book, live, unit),
        Shown(live.grade(unit), CENTRED.but(colour="grey")),
        *(live.node(unit, node.id) for node in book.model.dimensions),
        live.value(unit, "deducted"),
        row["coverage"],
        summary["staff"].reindex(among).sum() + row["staff"],
        len(below),
        live.grade_counts(below),
    ]


def units_below(book: Book) -> dict[str, list[str]]:
    """The assessed units and roll-ups anywhere below each roll-up, in the order of the summary."""
    summary = book.pack.assessment.summary
    parents = {str(unit): parent for unit, parent in book.pack.assessment.measures.units["parent"].items()}
    found: dict[str, list[str]] = {str(unit): [] for unit in summary.index[summary["rollup"]]}
    for unit in map(str, summary.index):
        above = parents.get(unit)
        while isinstance(above, str):
            if above in found:
                found[above].append(unit)
            above = parents.get(above)
    return found
