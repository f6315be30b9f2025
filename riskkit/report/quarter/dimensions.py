"""One sheet a dimension: units × its indicators and the points of their items."""

from __future__ import annotations

import pandas as pd

from riskkit.model.schema import Item, Node
from riskkit.report import figures
from riskkit.report.book import Book
from riskkit.report.phrases import few, is_code, node_name, node_short, withheld
from riskkit.report.quarter.heatmap import PLAIN, SEAM, heat, write_scale
from riskkit.report.sheets import GROUP, HEAD, QUIET, Label, Sheet, Shown
from riskkit.report.theme import Look
from riskkit.scoring.assessment import Assessment


def write_dimension(book: Book, dimension: Node) -> None:
    """A dimension's scores: roll-ups on top, then the units in the order of the ranking."""
    columns = _columns(dimension)
    widths = [8, 17, 8, *[5.0 if whole_points(book) else 8.0] * len(columns)]
    sheet = book.sheet(node_name(book, dimension.id), widths, kind="detail")
    book.band(
        sheet,
        Label(node_name(book, dimension.id), dimension.name.en if book.lang == "zh" else ""),
        _subtitle(book, dimension),
    )
    write_scale(book, sheet)
    head = sheet.row
    _heads(book, sheet, dimension, columns)
    values = _values(book.pack.assessment, columns)
    order = [*book.pack.assessment.rollups().index, *book.pack.assessment.ranking().index]
    for unit in order:
        _row(book, sheet, str(unit), dimension.id, columns, figures.row_of(values, unit))
    sheet.keep(head, head + 1, still=3, filters=3)
    sheet.down(6)
    sheet.sentence(book.say("dimension.legend"), QUIET.but(bottom="", indent=1))


def whole_points(book: Book) -> bool:
    """Whether points are shown without decimals: enough where full marks are tens."""
    return book.maximum >= 10


def _columns(dimension: Node) -> list[Node | Item]:
    """Every node below a dimension that counts, parents before their children."""
    found: list[Node | Item] = []
    for child in dimension.children:
        if child.weight > 0:
            found.append(child)
            found += _columns(child) if isinstance(child, Node) else []
    return found


def _subtitle(book: Book, dimension: Node) -> str:
    items = [node for node in _columns(dimension) if isinstance(node, Item)]
    share = book.model.nominal_weights[dimension.id]
    return book.say(
        "dimension.subtitle",
        share=f"{share:.0%}",
        indicators=len(_columns(dimension)) - len(items),
        items=len(items),
    )


def _heads(book: Book, sheet: Sheet, dimension: Node, columns: list[Node | Item]) -> None:
    top, low = sheet.row, sheet.row + 1
    for column, key in enumerate(("code", "unit", "dimension_score"), start=1):
        sheet.put(column, None, HEAD, row=top)
        sheet.put(
            column,
            book.label(f"head.{key}", stacked=True),
            HEAD.but(align="left" if column < 3 else "center"),
            row=low,
        )
    column = 4
    for child in dimension.children:
        if child.weight > 0:
            width = 1 + (len(_columns(child)) if isinstance(child, Node) else 0)
            sheet.put(
                column,
                _group_name(book, sheet, child, column, width),
                GROUP.but(size="small", left="white"),
                span=width,
                row=top,
            )
            column += width
    for column, node in enumerate(columns, start=4):
        sheet.put(column, _head(book, node), _head_look(book, node), row=low)
    longest = max(len(node.name[book.lang]) for node in columns)
    sheet.height(30, top)
    sheet.height(min(190, 26 + longest * (8.0 if book.lang == "zh" else 4.6)), low)
    sheet.row = low + 1


def _group_name(book: Book, sheet: Sheet, child: Node | Item, column: int, width: int) -> str:
    name = node_name(book, child.id)
    room = sheet.width(column, width)
    return name if width > 1 and room > 10 else node_short(book, child.id)


def _head(book: Book, node: Node | Item) -> str:
    if isinstance(node, Node):
        return book.say("dimension.indicator", id=node.id) if is_code(node.id) else node.name[book.lang]
    return node_name(book, node.id)


def _head_look(book: Book, node: Node | Item) -> Look:
    return HEAD.but(size="small", bold=isinstance(node, Node), turned=90, align="center", wrap=True)


def _values(assessment: Assessment, columns: list[Node | Item]) -> pd.DataFrame:
    """Units × nodes: scores of indicators and points of items, those of too few respondents as minus infinity."""
    nodes = assessment.nodes.pivot(index="unit", columns="node", values="score")
    items = assessment.items
    hidden = withheld(items, assessment.model.items)
    points = items.assign(points=items["points"].mask(hidden, float("-inf"))).pivot(
        index="unit", columns="item", values="points"
    )
    inner = [node.id for node in columns if isinstance(node, Node)]
    leaves = [node.id for node in columns if isinstance(node, Item)]
    dimension = [name for name in nodes.columns if assessment.model.depths.get(name) == 1]
    return pd.concat([nodes[[*dimension, *inner]], points.reindex(columns=leaves)], axis=1)


def _row(
    book: Book, sheet: Sheet, unit: str, dimension: str, columns: list[Node | Item], values: pd.Series
) -> None:
    summary = figures.row_of(book.pack.assessment.summary, unit)
    rolled = bool(summary["rollup"])
    plain = PLAIN.but(bold=rolled, fill="paper" if rolled else "")
    sheet.put(1, unit, plain.but(colour="grey", size="small", bold=False))
    sheet.put(2, summary["name"], plain)
    shown = heat(book, values[dimension], SEAM.but(bold=True, size="body"))
    sheet.put(3, shown.value, shown.look)
    for column, node in enumerate(columns, start=4):
        cell = _cell(book, values[node.id], isinstance(node, Node))
        sheet.put(column, cell.value, cell.look)
    sheet.down(sheet.room([(summary["name"], 2, 1, plain)]))


def _cell(book: Book, value: float, inner: bool) -> Shown:
    form = "0" if whole_points(book) else book.points_format
    look = SEAM.but(bold=inner, size="small", format=form)
    if value == float("-inf"):
        return Shown(few(), look.but(colour="grey"))
    return heat(book, value, look)
