"""模型与方法 and 指标体系: how points become grades, under which version of the model, and what is measured how."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

from riskkit.model import schema as s
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Formula, Shown
from riskkit.report.formulas import aggregate_in_words, in_words, rows_in_words, scale_in_words
from riskkit.report.phrases import effect, grade_short
from riskkit.report.quarter.weights import Weights
from riskkit.report.sheets import CENTRED, QUIET, TEXT, WRAPPED, Column, Sheet
from riskkit.report.theme import Look

WIDTHS = [9, 30, 9, 9, 10, 14, 15, 66, 36]
GRID = [9, 32, 10, 22, 20, 54, 36]


def write_method(book: Book, weights: Weights) -> None:
    """The model's version and hash, how a score comes about, grades and red lines."""
    sheet = book.sheet(book.say("method.name"), GRID, kind="about")
    book.band(sheet, book.label("method.title"), book.model.spec.name[book.lang])
    _identity(book, sheet)
    _grades(book, sheet, weights)
    _red_lines(book, sheet)


def write_tree(book: Book, weights: Weights) -> None:
    """The tree: weights, cadences, formulas and scales."""
    sheet = book.sheet(book.say("tree.name"), WIDTHS, kind="about")
    book.band(sheet, book.label("tree.title"), book.say("tree.subtitle"))
    columns = _tree_columns(book)
    sheet.heads(columns)
    head = sheet.row - 1
    for node in book.model.spec.nodes:
        for row in _tree(book, weights, node, 0):
            sheet.line(columns, row)
    sheet.keep(head, head, still=2, filters=0)


def named(book: Book, kind: str, name: str) -> str:
    """A word of the model's vocabulary in the book's language; itself where there is no wording."""
    try:
        return book.say(f"{kind}.{name}")
    except KeyError:
        return name


def _identity(book: Book, sheet: Sheet) -> None:
    spec = book.model.spec
    how = book.say("method.total", how=aggregate_in_words(spec, book.lang))
    compared = [book.say("method.reference", period=spec.reference.period)] if spec.reference else []
    for text in (
        book.say("method.version", id=spec.id, version=spec.version, hash=book.model.hash),
        book.say("method.score", maximum=f"{spec.score.maximum:g}", decimals=spec.score.decimals, how=how),
        book.say(f"method.states_{spec.missing}"),
        *compared,
        book.say("method.provisional", coverage=f"{spec.provisional.coverage:.0%}"),
    ):
        sheet.sentence(text, Look(size="small", wrap=True, indent=1))
    sheet.down(8)


# ---------------------------------------------------------------- the tree


def _tree_columns(book: Book) -> list[Column]:
    return [
        book.head("id", TEXT.but(colour="grey")),
        book.head("name", WRAPPED),
        book.head("weight", CENTRED.but(format="0.0%")),
        book.head("share", CENTRED.but(format="0.00%")),
        book.head("cadence", CENTRED),
        book.head("methods", CENTRED.but(size="small", wrap=True)),
        book.head("applies_to", CENTRED.but(size="small", wrap=True)),
        book.head("measure", QUIET.but(colour="ink", indent=1)),
        book.head("scale", QUIET.but(colour="ink")),
    ]


def _tree(book: Book, weights: Weights, node: s.Node | s.Item, depth: int) -> Iterator[list[object]]:
    if isinstance(node, s.Item):
        yield _item(book, weights, node)
        return
    look = TEXT.but(bold=True, fill="series_faint" if depth == 0 else "paper", wrap=True, colour="rule")
    share = look.but(align="center", format="0.0%")
    how = aggregate_in_words(node, book.lang) if node.aggregate != "arithmetic" else None
    yield [
        Shown(node.id, look.but(wrap=False)),
        Shown(node.name[book.lang], look),
        Shown(weights.weight(node), share),
        Shown(weights.whole(book, node), share.but(format="0.00%")),
        *(Shown(None, look) for _ in range(3)),
        Shown(how, look.but(size="small", bold=False)),
        Shown(None, look),
    ]
    for child in node.children:
        yield from _tree(book, weights, child, depth + 1)


def _item(book: Book, weights: Weights, item: s.Item) -> list[object]:
    levels = {level.id: level.name[book.lang] for level in book.model.spec.levels}
    comma = book.say("list")
    report_only = Shown(book.say("method.report_only"), CENTRED.but(size="small", colour="grey"))
    return [
        item.id,
        item.name[book.lang],
        weights.weight(item) if item.weight else report_only,
        weights.whole(book, item) if item.weight else NOTHING,
        named(book, "cadence", item.cadence),
        comma.join(named(book, "method_name", name) for name in item.methods) or NOTHING,
        comma.join(levels[name] for name in book.model.levels_of(item)),
        in_words(item.measure, book.model, book.lang),
        scale_in_words(item, book.lang),
    ]


# ---------------------------------------------------------------- grades and red lines


def _grades(book: Book, sheet: Sheet, weights: Weights) -> None:
    sheet.section(book.label("method.grades"))
    sheet.down(22)
    columns = [
        book.head("grade", CENTRED),
        book.head("name", TEXT),
        book.head("minimum", CENTRED.but(format=book.score_format)),
        book.head("national", WRAPPED),
        book.head("conditions", WRAPPED, span=3),
    ]
    rows = []
    for place, grade in enumerate(book.model.spec.grades, start=1):
        conditions = [_condition(book, condition) for condition in grade.conditions]
        rows.append(
            [
                Shown(grade_short(book, grade.id), book.grade_look(grade.id, CENTRED)),
                grade.name[book.lang],
                Formula(f"=INDEX({weights.minimum},{place})", grade.min),
                grade.national[book.lang] if grade.national else NOTHING,
                book.say("why.join").join(conditions) or NOTHING,
            ]
        )
    sheet.table(columns, rows)
    sheet.sentence(book.say("method.grading"), Look(size="small", colour="grey", wrap=True, indent=1))
    sheet.down(10)


def _condition(book: Book, condition: s.Condition) -> str:
    if isinstance(condition, s.NodeMin):
        return book.say("condition.node_min", depth=condition.depth, value=f"{condition.value:g}")
    if isinstance(condition, s.CoverageMin):
        return book.say("condition.coverage", value=f"{condition.value:.0%}")
    if isinstance(condition, s.ConfidenceMin):
        return book.say(
            "condition.confidence", classes="/".join(condition.classes), share=f"{condition.share:.0%}"
        )
    effects = book.say("list").join(book.say(f"condition.effect_{name}") for name in condition.effects)
    return book.say("condition.no_red_line", effects=effects)


def _red_lines(book: Book, sheet: Sheet) -> None:
    sheet.section(book.label("method.red_lines"))
    sheet.down(22)
    if not book.model.red_lines:
        sheet.sentence(book.say("red_lines.no_model"))
        return
    columns = [
        book.head("id", TEXT.but(colour="grey")),
        book.head("name", WRAPPED, span=2),
        book.head("effect", WRAPPED),
        book.head("lasts", CENTRED.but(size="small", wrap=True)),
        book.head("candidate", QUIET.but(colour="ink")),
        book.head("sources", QUIET),
    ]
    sheet.table(columns, [_red_line(book, line) for line in book.model.spec.red_lines])


def _red_line(book: Book, line: s.RedLine) -> list[object]:
    words = effect(book, SimpleNamespace(deduct=line.deduct, cap=line.cap, veto=line.veto))
    if line.lenient:
        words += book.say("effect.lenient", points=f"{line.lenient.deduct:g}")
    candidate = rows_in_words(line.candidate, book.model, book.lang) if line.candidate else NOTHING
    return [
        line.id,
        line.name[book.lang],
        words,
        book.say("method.until_cured" if line.until_cured else "method.one_period"),
        candidate,
        book.say("list").join(source.ref for source in line.sources) or NOTHING,
    ]
