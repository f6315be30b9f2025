"""汇总: the whole institution and its first-level branches."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from riskkit.report import figures
from riskkit.report.book import Book
from riskkit.report.phrases import grade_name, node_name
from riskkit.report.quarter.heatmap import PLAIN, SEAM, Group, heat, write_cells, write_heads, write_scale
from riskkit.report.quarter.ranking import change_cell, dimension_head
from riskkit.report.sheets import CENTRED, HEAD, NAME, QUIET, TEXT, Column, Label, Shown


def write_rollups(book: Book) -> None:
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
    sheet.table(columns, [_row(book, str(unit), row) for unit, row in rollups.iterrows()])
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
    scores = book.pack.assessment.scores(2).reindex(columns=names)
    for unit, row in rollups.iterrows():
        sheet.put(1, unit, PLAIN.but(colour="grey", size="small"))
        sheet.put(2, row["name"], PLAIN)
        write_cells(sheet, 3, (heat(book, value, SEAM) for value in figures.row_of(scores, unit)))
        sheet.down(max(18.0, sheet.room([(row["name"], 2, 1, PLAIN)])))


def _columns(book: Book) -> list[Column]:
    score = CENTRED.but(format=book.score_format)
    points = CENTRED.but(format=book.points_format)
    return [
        book.head("code", TEXT.but(colour="grey")),
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


def _row(book: Book, unit: str, row: pd.Series) -> list[object]:
    scores = figures.row_of(book.pack.assessment.scores(1), unit)
    below = units_below(book, unit, list(book.pack.assessment.ranking().index))
    counts = figures.grade_counts(book.pack, below)
    summary = book.pack.assessment.summary
    words = "  ".join(
        f"{name if len(name) <= 2 else book.model.grades[name].name[book.lang]} {count}"
        for name, count in counts.items()
        if count
    )
    return [
        unit,
        row["name"],
        row["score"],
        change_cell(book, unit),
        Shown(grade_name(book, row["grade"]), book.grade_look(row["grade"], CENTRED)),
        *(scores[node.id] for node in book.model.dimensions),
        row["deducted"],
        row["coverage"],
        summary["staff"].reindex(units_below(book, unit, list(summary.index))).sum() + row["staff"],
        len(below),
        words or "–",
    ]


def units_below(book: Book, unit: str, among: Sequence[str]) -> list[str]:
    """Those of some units that are anywhere below a unit."""
    register = book.pack.assessment.measures.units["parent"]
    parents = {str(code): parent for code, parent in register.items()}
    return [each for each in among if unit in _above(each, parents)]


def _above(unit: str, parents: dict[str, object]) -> list[object]:
    found: list[object] = []
    parent = parents.get(unit)
    while isinstance(parent, str):
        found.append(parent)
        parent = parents.get(parent)
    return found
