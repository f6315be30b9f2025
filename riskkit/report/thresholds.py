"""The grades and their thresholds as a table whose yellow cells may be changed."""

from __future__ import annotations

from dataclasses import dataclass

from riskkit.model import schema as s
from riskkit.report import rules
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Shown
from riskkit.report.phrases import grade_name, grade_short, national_wording
from riskkit.report.sheets import CENTRED, TEXT, WRAPPED, Column, Sheet

LIVE, PUBLISHED = 5, 6
"""The columns of what may be changed and of what was published."""
INPUT = CENTRED.but(fill="input", seams="white")


@dataclass(frozen=True)
class Thresholds:
    """Where the grades stand, as formulas name them: ranges, best grade first; `least` cells by (place of the grade
    from 0, depth); `pairs` of ranges, live and published, which say what was changed."""

    minimum: str
    short: str
    long: str
    national: str
    least: dict[tuple[int, int], str]
    pairs: list[tuple[str, str]]


def least_scores(grade: s.Grade) -> dict[int, float]:
    """The least score that a grade asks of every node, by depth."""
    found: dict[int, float] = {}
    for condition in grade.conditions:
        if isinstance(condition, s.NodeMin):
            found[condition.depth] = max(condition.value, found.get(condition.depth, condition.value))
    return found


def write_thresholds(book: Book, sheet: Sheet) -> Thresholds:
    """The table, from the first column of the sheet; gives back where everything stands."""
    grades = book.model.spec.grades
    depths = sorted({depth for grade in grades for depth in least_scores(grade)})
    columns = _columns(book, depths)
    sheet.heads(columns)
    first, last = sheet.row, sheet.row + len(grades) - 1
    for level, grade in enumerate(grades):
        sheet.line(columns, _row(book, level, grade, depths))
    book.define("grade_minimum", sheet.ref(LIVE, first, to_row=last))
    names = [grade_name(book, name) for name in book.model.grades]
    rules.grades(sheet.worksheet, rules.block(2, first, 2, last), names)

    def down(column: int) -> str:
        return sheet.ref(column, first, to_row=last)

    places = {depth: LIVE + 2 + 2 * place for place, depth in enumerate(depths)}
    return Thresholds(
        minimum=down(LIVE),
        short=down(3),
        long=down(2),
        national=down(4),
        least={
            (level, depth): sheet.ref(places[depth], first + level)
            for level, grade in enumerate(grades)
            for depth in least_scores(grade)
        },
        pairs=[(down(column), down(column + 1)) for column in (LIVE, *places.values())],
    )


def _columns(book: Book, depths: list[int]) -> list[Column]:
    quiet = CENTRED.but(colour="grey", format=book.score_format)
    columns = [
        book.head("level_no", CENTRED.but(colour="grey")),
        book.head("grade", TEXT.but(bold=True)),
        book.head("short", CENTRED.but(wrap=True)),
        book.head("national", WRAPPED.but(size="small")),
        book.head("minimum", INPUT.but(format=book.score_format)),
        book.head("published", quiet),
    ]
    for depth in depths:
        label = book.label("head.least", stacked=True, depth=depth)
        columns += [Column(label, INPUT.but(format=book.score_format)), book.head("published", quiet)]
    return columns


def _row(book: Book, level: int, grade: s.Grade, depths: list[int]) -> list[object]:
    none = Shown(NOTHING, CENTRED.but(colour="grey", format=book.score_format))
    least = [least_scores(grade).get(depth) for depth in depths]
    return [
        level + 1,
        grade_name(book, grade.id),
        grade_short(book, grade.id),
        national_wording(book, grade.id) or NOTHING,
        *(none if value is None else value for value in (grade.min, *least) for _ in (LIVE, PUBLISHED)),
    ]
