"""热力图: units × indicators on one scale of colours, grouped by dimension."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from riskkit.report import figures
from riskkit.report.book import Book
from riskkit.report.phrases import grade_short, is_code, node_name
from riskkit.report.sheets import CENTRED, GROUP, HEAD, NOTHING, TEXT, Label, Sheet, Shown
from riskkit.report.theme import Look

SEAM = Look(align="center", size="small", seams="white")
PLAIN = Look(seams="white", wrap=True)
CODE_HEAD = Look(size="small", colour="grey", bold=True, align="center", level="bottom")
NAME_HEAD = Look(size="tiny", colour="grey", align="center", wrap=True, level="top", bottom="rule")


@dataclass(frozen=True)
class Group:
    """Heat columns under one heading."""

    label: Label | str
    nodes: tuple[str, ...]


def write_heatmap(book: Book) -> None:
    """The heat map of every assessed unit, in the order of the ranking."""
    assessment = book.pack.assessment
    names = figures.indicators(assessment)
    groups = [
        Group(
            Label(node_name(book, node.id)),
            tuple(name for name in names if book.model.parents[name] == node.id),
        )
        for node in book.model.dimensions
    ]
    groups = [group for group in groups if group.nodes]
    sheet = book.sheet(
        book.say("heatmap.name"), [8, 17, 9, 7, *[7.6 if book.lang == "zh" else 10.0] * len(names)]
    )
    book.band(sheet, book.label("heatmap.title"), book.say("heatmap.subtitle"))
    write_scale(book, sheet)
    ranking = assessment.ranking()
    scores = assessment.scores(2).reindex(columns=names)
    head = sheet.row
    write_heads(book, sheet, groups, first=5)
    below = sheet.row - 1
    for column, key in enumerate(("code", "unit", "score", "grade"), start=1):
        sheet.put(
            column,
            book.label(f"head.{key}", stacked=True),
            HEAD.but(align="left" if column < 3 else "center"),
            row=sheet.row - 1,
        )
    for unit, row in ranking.iterrows():
        _row(book, sheet, str(unit), row, figures.row_of(scores, unit))
    _mean_row(book, sheet, scores.reindex(figures.graded(assessment).index))
    sheet.keep(head, below, still=4, filters=4)


def write_scale(book: Book, sheet: Sheet) -> None:
    """The scale of colours, in five steps, with what a dash means."""
    last = sheet.columns
    steps = (0.2, 0.4, 0.6, 0.8, 1.0)
    for place, share in enumerate(steps):
        score = share * book.maximum
        sheet.put(last - len(steps) + 1 + place, score, book.heat_look(score, SEAM.but(size="tiny")))
    note = Look(size="tiny", colour="grey", align="right")
    sheet.put(1, book.say("heatmap.scale"), note, span=last - len(steps))
    sheet.down(14)


def write_heads(book: Book, sheet: Sheet, groups: Sequence[Group], *, first: int) -> None:
    """Two heading rows: dimensions, and below them their indicators, upright where the names are long."""
    column = first
    for group in groups:
        sheet.put(column, group.label, GROUP, span=len(group.nodes))
        column += len(group.nodes)
    sheet.down(18)
    names = [name for group in groups for name in group.nodes]
    if any(is_code(name) for name in names):
        for column, name in enumerate(names, start=first):
            sheet.put(column, name if is_code(name) else None, CODE_HEAD)
        sheet.down(14)
    needed = [
        (book.model.nodes[name].name[book.lang], column, 1, NAME_HEAD)
        for column, name in enumerate(names, start=first)
    ]
    for text, column, _, look in needed:
        sheet.put(column, text, look)
    sheet.down(max(30.0, sheet.room(needed)))


def heat(book: Book, value: float, look: Look = SEAM) -> Shown:
    """A score as a heat cell."""
    return Shown(value if value == value else NOTHING, book.heat_look(value, look))


def write_cells(sheet: Sheet, first: int, cells: Iterable[Shown]) -> None:
    """Cells side by side from a column on."""
    for column, cell in enumerate(cells, start=first):
        sheet.put(column, cell.value, cell.look)


def _row(book: Book, sheet: Sheet, unit: str, row: pd.Series, scores: pd.Series) -> None:
    sheet.put(1, unit, PLAIN.but(colour="grey", size="small"))
    sheet.put(2, row["name"], PLAIN)
    sheet.put(3, row["score"], SEAM.but(bold=True, size="body", format=book.score_format))
    sheet.put(4, grade_short(book, row["grade"]), book.grade_look(row["grade"], SEAM))
    write_cells(sheet, 5, (heat(book, value) for value in scores))
    sheet.down(sheet.room([(row["name"], 2, 1, PLAIN)]))


def _mean_row(book: Book, sheet: Sheet, scores: pd.DataFrame) -> None:
    look = TEXT.but(bold=True, top="rule", bottom="rule")
    sheet.put(1, None, look)
    sheet.put(2, book.say("heatmap.mean"), look)
    sheet.put(3, figures.mean_score(book.pack.assessment), look.but(align="center", format=book.score_format))
    sheet.put(4, None, look)
    for column, value in enumerate(scores.mean(), start=5):
        sheet.put(
            column,
            value,
            CENTRED.but(bold=True, size="small", top="rule", bottom="rule", format=book.points_format),
        )
    sheet.down(17)
