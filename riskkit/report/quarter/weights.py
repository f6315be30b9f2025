"""权重与等级: the numbers of the model that may be changed: weights, thresholds of grades, decimals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from openpyxl.worksheet.datavalidation import DataValidation

from riskkit.model import schema as s
from riskkit.report import rules
from riskkit.report.book import Book
from riskkit.report.cells import Formula, Shown
from riskkit.report.formulas import aggregate_in_words
from riskkit.report.sheets import CENTRED, QUIET, TEXT, WRAPPED, Column, Sheet
from riskkit.report.theme import Look
from riskkit.report.thresholds import INPUT, LIVE, PUBLISHED, Thresholds, write_thresholds

WIDTHS = [9, 32, 8, 24, 11, 11, 11, 11, 11, 11]


@dataclass(frozen=True)
class Weights(Thresholds):
    """Where the numbers of the model stand, as formulas name them: cells by node and by name, the thresholds of grades,
    and pairs of ranges, live and published, which say what was changed."""

    nodes: dict[str, str]
    decimals: str
    share: dict[str, str]
    weights: tuple[str, str]

    def weight(self, node: s.Node | s.Item) -> Formula:
        """A node's weight as it stands now."""
        return Formula(f"={self.nodes[node.id]}", node.weight)

    def whole(self, book: Book, node: s.Node | s.Item) -> Formula:
        """A node's share of the total as it stands now."""
        return Formula(f"={self.share[node.id]}", book.model.nominal_weights[node.id])


def write_weights(book: Book) -> Weights:
    """The sheet; gives back where everything stands."""
    sheet = book.sheet(book.say("weights.name"), WIDTHS)
    book.band(sheet, book.label("weights.title"), book.say("weights.subtitle"))
    sheet.section(book.label("method.grades"))
    sheet.down(22)
    thresholds = write_thresholds(book, sheet)
    decimals = _settings(book, sheet)
    sheet.section(book.label("weights.weights"))
    sheet.down(22)
    nodes, share, top = _nodes(book, sheet)
    sheet.down(6)
    sheet.sentence(book.say("weights.legend"), QUIET.but(bottom="", indent=1))
    live, published = (sheet.ref(column, decimals) for column in (LIVE, PUBLISHED))
    given = vars(thresholds) | {"pairs": [*thresholds.pairs, (live, published)]}
    return Weights(
        **given,
        nodes=nodes,
        decimals=live,
        share=share,
        weights=(
            sheet.ref(LIVE, top, to_row=top + len(nodes) - 1),
            sheet.ref(PUBLISHED, top, to_row=top + len(nodes) - 1),
        ),
    )


def _settings(book: Book, sheet: Sheet) -> int:
    """Decimals and full marks; gives back the row of the decimals."""
    row = sheet.row
    for key, value, look in (
        ("decimals", book.decimals, INPUT.but(format="0")),
        ("maximum", book.maximum, CENTRED),
    ):
        sheet.put(2, book.say(f"weights.{key}"), TEXT, span=3)
        sheet.put(LIVE, value, look)
        sheet.put(PUBLISHED, value, CENTRED.but(colour="grey"))
        sheet.down(17)
    whole = DataValidation(type="whole", operator="between", formula1="0", formula2="6")
    whole.add(f"E{row}")
    sheet.worksheet.add_data_validation(whole)
    sheet.down(8)
    return row


# ---------------------------------------------------------------- the tree


def counted(model_nodes: tuple[s.Node | s.Item, ...]) -> Iterator[s.Node | s.Item]:
    """Every node below a tuple of siblings, parents first; items that are only reported are left out."""
    for node in model_nodes:
        if isinstance(node, s.Node):
            yield node
            yield from counted(node.children)
        elif node.weight > 0:
            yield node


def _nodes(book: Book, sheet: Sheet) -> tuple[dict[str, str], dict[str, str], int]:
    """Weights by node; gives back the cells of weights and of shares of the total, and the first row of a weight."""
    columns = [
        book.head("id", TEXT.but(colour="grey")),
        book.head("name", WRAPPED),
        book.head("depth", CENTRED.but(colour="grey")),
        book.head("how", TEXT.but(size="small")),
        book.head("weight", INPUT.but(format="0.00%")),
        book.head("published", CENTRED.but(colour="grey", format="0.00%")),
        book.head("children_sum", CENTRED.but(format="0.00%;-0.00%;0%")),
        book.head("share", CENTRED.but(format="0.00%")),
        book.head("full_marks", CENTRED.but(format="0.00")),
    ]
    sheet.heads(columns)
    sheet.worksheet.print_title_rows = f"{sheet.row - 1}:{sheet.row - 1}"
    top = sheet.row + 1
    chosen = list(counted(book.model.spec.nodes))
    row_of = {node.id: top + place for place, node in enumerate(chosen)}
    spec = book.model.spec
    how, children = aggregate_in_words(spec, book.lang), [row_of[node.id] for node in spec.nodes]
    sums = _sum(children, sum(node.weight for node in spec.nodes))
    marks: list[object] = [None, book.say("overview.total"), 0, how, None, None, sums, 1, book.maximum]
    sheet.line(
        columns,
        [
            Shown(value, column.look.but(bold=True, fill="series_faint", seams=""))
            for value, column in zip(marks, columns, strict=True)
        ],
    )
    for node in chosen:
        sheet.line(columns, _row(book, node, row_of, columns))
    last = sheet.row - 1
    share = DataValidation(type="decimal", operator="between", formula1="0", formula2="1")
    share.errorTitle, share.error = book.say("weights.refused"), book.say("weights.between")
    share.add(f"E{top}:E{last}")
    sheet.worksheet.add_data_validation(share)
    rules.differs(
        sheet.worksheet, f"G{top - 1}:G{last}", f"ABS(N(G{top - 1})-1)*ISNUMBER(G{top - 1})>0.000001"
    )
    rules.differs(sheet.worksheet, f"E{top}:E{last}", f"ABS(E{top}-F{top})>0.000000001")
    for name, row in row_of.items():
        book.define(f"weight_{name}", sheet.ref(LIVE, row))
    book.define("weights", sheet.ref(LIVE, top, to_row=last))
    cells = {name: sheet.ref(LIVE, row) for name, row in row_of.items()}
    return cells, {name: sheet.ref(8, row) for name, row in row_of.items()}, top


def _sum(rows: list[int], cached: float) -> Formula:
    return Formula("=" + "+".join(f"E{row}" for row in rows), cached)


def _row(book: Book, node: s.Node | s.Item, row_of: dict[str, int], columns: list[Column]) -> list[object]:
    row, depth = row_of[node.id], book.model.depths[node.id]
    parent = book.model.parents[node.id]
    share = book.model.nominal_weights[node.id]
    inner = isinstance(node, s.Node)
    sums: object = None
    how = ""
    if isinstance(node, s.Node):
        rows = [row_of[child.id] for child in node.children if child.id in row_of]
        sums = _sum(rows, sum(child.weight for child in node.children))
        how = aggregate_in_words(node, book.lang)
    values: list[object] = [
        node.id,
        node.name[book.lang],
        depth,
        how,
        node.weight,
        node.weight,
        sums,
        Formula(f"=E{row}*H{row_of[parent]}" if parent else f"=E{row}", share),
        Formula(f"=H{row}*{book.maximum!r}", share * book.maximum),
    ]
    if not inner:
        return values
    tint = "series_faint" if depth == 1 else "paper"
    return [
        value if place == LIVE - 1 else Shown(value, _inner(column.look, tint, place))
        for place, (value, column) in enumerate(zip(values, columns, strict=True))
    ]


def _inner(look: Look, tint: str, place: int) -> Look:
    return look.but(fill=tint, bold=place < 2, colour="rule" if place < 2 else look.colour)
