"""权重与等级: the numbers of the model that may be changed: weights, thresholds of grades, decimals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from openpyxl.worksheet.datavalidation import DataValidation

from riskkit.model import schema as s
from riskkit.report import rules
from riskkit.report.book import Book
from riskkit.report.formulas import aggregate_in_words
from riskkit.report.phrases import grade_name, grade_short, national_wording
from riskkit.report.sheets import CENTRED, NOTHING, QUIET, TEXT, WRAPPED, Column, Formula, Sheet, Shown
from riskkit.report.theme import Look

WIDTHS = [9, 32, 8, 24, 11, 11, 11, 11, 11, 11]
LIVE, PUBLISHED = 5, 6
"""The columns of what may be changed and of what was published."""
INPUT = CENTRED.but(fill="input", seams="white")


@dataclass(frozen=True)
class Weights:
    """Where the numbers of the model stand, as formulas name them: cells by node, by (place of the grade, depth) and by
    name; ranges of the grades, best first; and pairs of ranges, live and published, which say what was changed."""

    nodes: dict[str, str]
    least: dict[tuple[int, int], str]
    decimals: str
    minimum: str
    short: str
    long: str
    national: str
    share: dict[str, str]
    weights: tuple[str, str]
    settings: list[tuple[str, str]]

    def weight(self, node: s.Node | s.Item) -> Formula:
        """A node's weight as it stands now."""
        return Formula(f"={self.nodes[node.id]}", node.weight)

    def whole(self, book: Book, node: s.Node | s.Item) -> Formula:
        """A node's share of the total as it stands now."""
        return Formula(f"={self.share[node.id]}", book.model.nominal_weights[node.id])


def least_scores(grade: s.Grade) -> dict[int, float]:
    """The least score that a grade asks of every node, by depth."""
    found: dict[int, float] = {}
    for condition in grade.conditions:
        if isinstance(condition, s.NodeMin):
            found[condition.depth] = max(condition.value, found.get(condition.depth, condition.value))
    return found


def write_weights(book: Book) -> Weights:
    """The sheet; gives back where everything stands."""
    sheet = book.sheet(book.say("weights.name"), WIDTHS)
    book.band(sheet, book.label("weights.title"), book.say("weights.subtitle"))
    sheet.section(book.label("method.grades"))
    sheet.down(22)
    depths = sorted({depth for grade in book.model.spec.grades for depth in least_scores(grade)})
    first, last = _grades(book, sheet, depths)
    decimals = _settings(book, sheet)
    sheet.section(book.label("weights.weights"))
    sheet.down(22)
    nodes, share, top = _nodes(book, sheet)
    sheet.down(6)
    sheet.sentence(book.say("weights.legend"), QUIET.but(bottom="", indent=1))

    def down(column: int) -> str:
        return sheet.ref(column, first, to_row=last)

    pairs = [(down(LIVE), down(PUBLISHED))]
    pairs += [(down(7 + 2 * place), down(8 + 2 * place)) for place in range(len(depths))]
    pairs.append((sheet.ref(LIVE, decimals), sheet.ref(PUBLISHED, decimals)))
    least = {
        (level, depth): sheet.ref(7 + 2 * place, first + level)
        for level, grade in enumerate(book.model.spec.grades)
        for place, depth in enumerate(depths)
        if depth in least_scores(grade)
    }
    return Weights(
        nodes=nodes,
        least=least,
        decimals=sheet.ref(LIVE, decimals),
        minimum=down(LIVE),
        short=down(3),
        long=down(2),
        national=down(4),
        share=share,
        weights=(
            sheet.ref(LIVE, top, to_row=top + len(nodes) - 1),
            sheet.ref(PUBLISHED, top, to_row=top + len(nodes) - 1),
        ),
        settings=pairs,
    )


def _grades(book: Book, sheet: Sheet, depths: list[int]) -> tuple[int, int]:
    """The grades and their thresholds; gives back the first and the last row."""
    quiet = CENTRED.but(colour="grey", format=book.score_format)
    columns = [
        book.head("level_no", CENTRED.but(colour="grey")),
        book.head("grade", TEXT.but(bold=True)),
        book.head("short", CENTRED),
        book.head("national", TEXT.but(size="small")),
        book.head("minimum", INPUT.but(format=book.score_format)),
        book.head("published", quiet),
    ]
    for depth in depths:
        label = book.label("head.least", stacked=True, depth=depth)
        columns += [Column(label, INPUT.but(format=book.score_format)), book.head("published", quiet)]
    sheet.heads(columns)
    first = sheet.row
    for level, grade in enumerate(book.model.spec.grades):
        least = [least_scores(grade).get(depth) for depth in depths]
        sheet.line(
            columns,
            [
                level + 1,
                grade_name(book, grade.id),
                grade_short(book, grade.id),
                national_wording(book, grade.id) or NOTHING,
                grade.min,
                grade.min,
                *(
                    Shown(NOTHING, quiet) if value is None else value
                    for value in least
                    for value in (value, value)
                ),
            ],
        )
    book.define("grade_minimum", sheet.ref(LIVE, first, to_row=sheet.row - 1))
    names = [grade_name(book, name) for name in book.model.grades]
    rules.grades(sheet.worksheet, rules.block(2, first, 2, sheet.row - 1), names)
    return first, sheet.row - 1


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
