"""One sheet a dimension: units × its indicators and the points of their items."""

from __future__ import annotations

from riskkit.model.schema import Item, Node
from riskkit.report import rules
from riskkit.report.book import Book
from riskkit.report.cells import Label
from riskkit.report.paper import TWO_LINES, upright
from riskkit.report.phrases import is_code, node_name, node_short
from riskkit.report.quarter.heatmap import PLAIN, SEAM, heat, write_scale
from riskkit.report.quarter.live import Live
from riskkit.report.sheets import GROUP, HEAD, QUIET, Sheet
from riskkit.report.theme import Look


def write_dimension(book: Book, dimension: Node, live: Live) -> None:
    """A dimension's scores: roll-ups on top, then the units in the order of the published ranking."""
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
    _heads(book, sheet, dimension, columns, live)
    order = [*book.pack.assessment.rollups().index, *book.pack.ranking.index]
    for unit in order:
        _row(book, sheet, live, str(unit), dimension.id, columns)
    if order:
        block = rules.block(3, head + 2, 3 + len(columns), sheet.row - 1)
        rules.heat(sheet.worksheet, block, book.maximum)
    sheet.keep(head, head + 1, still=3, filters=3)
    sheet.down(6)
    for key in ("dimension.legend", "live.ordered"):
        sheet.sentence(book.say(key), QUIET.but(bottom="", indent=1))


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


def _heads(book: Book, sheet: Sheet, dimension: Node, columns: list[Node | Item], live: Live) -> None:
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
        sheet.link(column, live.weights.nodes[node.id], row=low)
    sheet.height(30, top)
    sheet.height(TWO_LINES * upright(_head(book, node) for node in columns), low)
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


def _row(book: Book, sheet: Sheet, live: Live, unit: str, dimension: str, columns: list[Node | Item]) -> None:
    rolled = live.rows[unit] > live.last
    plain = PLAIN.but(bold=rolled, fill="paper" if rolled else "")
    sheet.put(1, unit, plain.but(colour="rule", size="small", bold=False))
    sheet.link(1, live.at(unit, "score"))
    sheet.put(2, live.names[unit], plain)
    shown = heat(book, live.node(unit, dimension), SEAM.but(bold=True, size="body"))
    sheet.put(3, shown.value, shown.look)
    form = "0" if whole_points(book) else book.points_format
    for column, node in enumerate(columns, start=4):
        look = SEAM.but(bold=isinstance(node, Node), size="small", format=form)
        cell = heat(book, live.node(unit, node.id), look)
        sheet.put(column, cell.value, cell.look)
    sheet.down(sheet.room([(live.names[unit], 2, 1, plain)]))
