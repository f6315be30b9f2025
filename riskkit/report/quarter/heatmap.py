"""热力图: units × indicators on one scale of colours, grouped by dimension."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openpyxl.utils import quote_sheetname

from riskkit.report import figures, rules
from riskkit.report.book import Book
from riskkit.report.cells import Formula, Label, Shown
from riskkit.report.phrases import is_code, node_name
from riskkit.report.quarter.live import Live
from riskkit.report.sheets import CENTRED, GROUP, HEAD, QUIET, TEXT, Sheet, title_of
from riskkit.report.theme import Look

SEAM = Look(align="center", size="small", seams="white")
PLAIN = Look(seams="white", wrap=True)
CODE_HEAD = Look(size="small", colour="rule", bold=True, align="center", level="bottom")
NAME_HEAD = Look(size="tiny", colour="grey", align="center", wrap=True, level="top", bottom="rule")


@dataclass(frozen=True)
class Group:
    """Heat columns under one heading."""

    label: Label | str
    nodes: tuple[str, ...]


def write_heatmap(book: Book, live: Live) -> None:
    """The heat map of every assessed unit, in the order of the published ranking."""
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
    for column, name in enumerate(names, start=5):
        if is_code(name):
            target = title_of(node_name(book, _dimension(book, name)))
            sheet.link(column, f"{quote_sheetname(target)}!A1", row=below - 1)
    for unit in ranking.index:
        _row(book, sheet, live, unit, names)
    if len(ranking):
        worksheet, last = sheet.worksheet, sheet.row - 1
        rules.grades(worksheet, rules.block(4, below + 1, 4, last), live.grade_shorts)
        rules.heat(worksheet, rules.block(5, below + 1, 4 + len(names), last), book.maximum)
    sheet.keep(head, below, still=4, filters=4)
    _mean_row(book, sheet, live, names)
    sheet.down(6)
    sheet.sentence(book.say("live.ordered"), QUIET.but(bottom="", indent=1))


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


def heat(book: Book, value: Formula | float | str, look: Look = SEAM) -> Shown:
    """A score as a heat cell; `rules.heat` colours it, a dash stays faint."""
    form = book.points_format if look.format == "General" else look.format
    return Shown(value, look.but(colour="faint", format=form))


def _dimension(book: Book, node: str) -> str:
    """The dimension a node belongs to."""
    while (parent := book.model.parents[node]) is not None:
        node = parent
    return node


def write_cells(sheet: Sheet, first: int, cells: Iterable[Shown]) -> None:
    """Cells side by side from a column on."""
    for column, cell in enumerate(cells, start=first):
        sheet.put(column, cell.value, cell.look)


def _row(book: Book, sheet: Sheet, live: Live, unit: str, names: Sequence[str]) -> None:
    sheet.put(1, unit, PLAIN.but(colour="rule", size="small"))
    sheet.link(1, live.at(unit, "score"))
    sheet.put(2, live.names[unit], PLAIN)
    sheet.put(3, live.value(unit, "score"), SEAM.but(bold=True, size="body", format=book.score_format))
    sheet.put(4, live.grade(unit, short=True), SEAM.but(colour="grey"))
    write_cells(sheet, 5, (heat(book, live.node(unit, name)) for name in names))
    sheet.down(sheet.room([(live.names[unit], 2, 1, PLAIN)]))


def _mean_row(book: Book, sheet: Sheet, live: Live, names: Sequence[str]) -> None:
    look = TEXT.but(bold=True, top="rule", bottom="rule")
    sheet.put(1, None, look)
    sheet.put(2, book.say("heatmap.mean_here" if book.pack.ranked_apart else "heatmap.mean"), look)
    sheet.put(3, live.mean(), look.but(align="center", format=book.score_format))
    sheet.put(4, None, look)
    for column, name in enumerate(names, start=5):
        sheet.put(
            column,
            live.mean(name),
            CENTRED.but(bold=True, size="small", top="rule", bottom="rule", format=book.points_format),
        )
    sheet.down(17)
