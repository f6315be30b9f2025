"""变动: what moved since the last period, and what lies behind it."""

from __future__ import annotations

import pandas as pd

from riskkit.report import figures, rules
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Formula, Run, Runs, Shown, quoted
from riskkit.report.change_words import real_cells, real_changes
from riskkit.report.phrases import grade_short
from riskkit.report.quarter.live import Live
from riskkit.report.quarter.watch import cause_name
from riskkit.report.sheets import CENTRED, NAME, QUIET, TEXT, Column, Sheet

CAUSES = 3
CHANGE = 5
"""The column of the change of the score."""
WIDTHS = [8, 17, 10, 10, 10, 10, 10, 13, 9, 9, 8, 8, 9, 54]


def write_changes(book: Book, live: Live) -> None:
    """Units by change of score, the greatest gain first; the roll-ups above them."""
    sheet = book.sheet(book.say("changes.name"), WIDTHS)
    before = book.pack.before
    note = book.say("changes.subtitle", before=str(before.period)) if before else book.say("changes.first")
    book.band(sheet, book.label("changes.title"), note)
    if book.pack.movement is None:
        sheet.sentence(book.say("changes.none"))
        return
    units = book.pack.movement.units
    rollup = units["rollup"].fillna(False).astype(bool)
    columns = _columns(book)
    sheet.heads(columns)
    head = sheet.row - 1
    for unit, row in (
        units[rollup]
        .reindex([u for u in book.pack.assessment.rollups().index if u in units.index])
        .iterrows()
    ):
        _line(book, live, sheet, columns, str(unit), row, rolled=True)
    order = units[~rollup].sort_values("change", ascending=False, na_position="last", kind="stable")
    for unit, row in _ends(order, book.most).iterrows():
        _line(book, live, sheet, columns, str(unit), row, rolled=False)
    sheet.keep(head, head, still=2)
    worksheet, grade, last = sheet.worksheet, len(columns) - 4, sheet.row - 1
    for column in (CHANGE, len(columns) - 1):
        rules.changes(worksheet, rules.block(column, head + 1, column, last))
    rules.grades(worksheet, rules.block(grade, head + 1, grade, last), live.grade_shorts)
    sheet.down(6)
    book.not_all(sheet, len(order))
    for text in (
        real_changes(book),
        book.say("changes.real"),
        book.say("changes.legend"),
        book.say("live.changes"),
    ):
        sheet.sentence(text, QUIET.but(bottom="", indent=1))


def _ends(order: pd.DataFrame, most: int | None) -> pd.DataFrame:
    """The greatest gains and losses, half of each; all where that is no more than wanted."""
    if most is None or len(order) <= most:
        return order
    known = order[order["change"].notna()]
    return pd.concat([known.head(most - most // 2), known.tail(most // 2)])


def _columns(book: Book) -> list[Column]:
    score = CENTRED.but(format=book.score_format)
    return [
        book.head("code", TEXT.but(colour="rule")),
        book.head("unit", NAME),
        book.head("score_before", score.but(colour="grey")),
        book.head("score", score.but(bold=True)),
        book.head("change", CENTRED),
        book.head("comparable_change", CENTRED),
        book.head("detectable", score.but(colour="grey")),
        book.head("verdict", CENTRED),
        book.head("grade_before", CENTRED),
        book.head("grade", CENTRED),
        book.head("rank_before", CENTRED.but(colour="grey")),
        book.head("rank", CENTRED),
        book.head("rank_change", CENTRED),
        book.head("causes", TEXT.but(size="small", wrap=True)),
    ]


def _line(
    book: Book,
    live: Live,
    sheet: Sheet,
    columns: list[Column],
    unit: str,
    row: pd.Series,
    *,
    rolled: bool,
) -> None:
    now = unit in live.rows  # not so if it was closed since
    grade: object = NOTHING
    if now:
        none = NOTHING if rolled else ""
        grade = Shown(live.grade(unit, short=True, none=none), CENTRED.but(colour="grey"))
    rank_before = int(row["rank_before"]) if row["rank_before"] == row["rank_before"] else NOTHING
    values: list[object] = [
        unit,
        row["name"],
        row["score_before"],
        live.value(unit, "score") if now else NOTHING,
        Shown(live.value(unit, "change") if now else NOTHING, CENTRED.but(format=book.change_format)),
        *real_cells(book, unit),
        _grade(book, row["grade_before"], rolled),
        grade,
        rank_before,
        live.value(unit, "rank") if now else NOTHING,
        Shown(_rank_change(live, unit, rank_before) if now else NOTHING, CENTRED.but(format="▲0;▼0;–")),
        causes_cell(book, unit),
    ]
    if rolled:
        values = [_tinted(value, column) for value, column in zip(values, columns, strict=True)]
    sheet.line(columns, values)
    if now:
        sheet.link(1, live.at(unit, "score"), row=sheet.row - 1)


def _rank_change(live: Live, unit: str, before: int | str) -> Formula | str:
    """Places gained since the last period."""
    if isinstance(before, str):
        return NOTHING
    rank, cell = live.value(unit, "rank").cached, live.at(unit, "rank")
    known = NOTHING if isinstance(rank, str) else before - int(rank)
    return Formula(f"=IF(ISNUMBER({cell}),{before}-{cell},{quoted(NOTHING)})", known)


def _tinted(value: object, column: Column) -> Shown:
    shown, look = (value.value, value.look) if isinstance(value, Shown) else (value, column.look)
    return Shown(shown, look if look.fill else look.but(fill="paper"))


def _grade(book: Book, grade: object, rolled: bool) -> Shown:
    return (
        Shown(grade_short(book, grade), book.grade_look(grade, CENTRED))
        if isinstance(grade, str) or not rolled
        else Shown(NOTHING, CENTRED)
    )


def causes_cell(book: Book, unit: str, count: int = CAUSES) -> Runs | str:
    """The items behind a unit's change, each with what it moved, in the colours of better and worse."""
    parts: list[Run] = []
    for item, change in figures.causes(book.pack, unit, count):
        gap = "　" if book.lang == "zh" else "   "
        parts.append(Run(f"{gap if parts else ''}{cause_name(book, item)} ", "small", "ink"))
        parts.append(Run(book.signed(change), "small", "good" if change > 0 else "bad", True))
    return Runs(tuple(parts)) if parts else NOTHING
