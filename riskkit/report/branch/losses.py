"""失分清单: every point between full marks and the score; 得分/实有 in the national form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.evidence.measures import reason_text
from riskkit.report import rules
from riskkit.report.book import Book
from riskkit.report.branch.items import state_name
from riskkit.report.branch.links import Links
from riskkit.report.branch.reckoned import Reckoned
from riskkit.report.cells import NOTHING, Formula, Shown, quoted
from riskkit.report.paper import close_up
from riskkit.report.phrases import line_name, node_name, withheld
from riskkit.report.quarter.live import joined, place, shown
from riskkit.report.sheets import CENTRED, QUIET, TEXT, WRAPPED, Sheet
from riskkit.scoring.plan import ROOT

QUIETLY = Shown(NOTHING, CENTRED.but(colour="faint"))
LOST = 8
"""The column of losses."""
NATIONAL = {"standard": "E", "applicable": "F", "earned": "H"}
"""The columns of the national form."""
WIDTHS = [6, 10, 9, 36, 30, 10, 10, 11, 12, 30]


def write_losses(book: Book, unit: str, links: Links, reckoned: Reckoned) -> None:
    """The list of lost points, the largest first, down to the total; then earned against applicable."""
    sheet = book.sheet(book.say("losses.name"), WIDTHS)
    links.mark("sheet", "losses", sheet)
    summary = book.pack.standing[unit]
    note = book.say("losses.subtitle", maximum=f"{book.maximum:g}", score=book.number(summary["score"]))
    book.band(sheet, book.title_of(summary["name"], "losses.title"), note)
    if not book.pack.assessment.graded.plan.arithmetic:
        sheet.sentence(book.say("losses.not_additive"))
        return
    columns = [
        book.head("number", CENTRED.but(colour="grey")),
        book.head("kind", CENTRED.but(size="small")),
        book.head("id", TEXT.but(colour="rule")),
        book.head("what", WRAPPED.but(colour="rule")),
        book.head("indicator", QUIET),
        book.head("share", CENTRED.but(format="0.00%", colour="grey")),
        book.head("points", CENTRED.but(format=book.points_format)),
        book.head(
            "lost",
            CENTRED.but(bold=True, format=f"{book.score_format};-{book.score_format};{book.score_format}"),
        ),
        book.head("running", CENTRED.but(format=book.score_format, colour="grey")),
        book.head("reason", QUIET),
    ]
    sheet.heads(columns)
    head = sheet.row - 1
    for row in _rows(book, sheet, unit, reckoned):
        links.lead(sheet, 3, "evidence", str(row[2]))
        links.lead(sheet, 4, "items", str(row[2]))
        sheet.line(columns, row)
    sheet.keep(head, head, still=4)
    if sheet.row > head + 1:
        rules.heat(sheet.worksheet, rules.block(7, head + 1, 7, sheet.row - 1), book.maximum)
    book.define("lost_points", sheet.ref(LOST, head + 1, LOST, sheet.row - 1))
    _total(book, sheet, reckoned, head + 1)
    sheet.down(12)
    _national(book, sheet, unit, reckoned)
    close_up(sheet)


def _rows(book: Book, sheet: Sheet, unit: str, reckoned: Reckoned) -> Iterator[list[object]]:
    """The entries one by one; each sum so far refers to the row above."""
    items = book.pack.assessment.unit_items(unit)
    hidden, reasons = withheld(items, book.model.items), items["reason"].to_dict()
    entries: list[Any] = list(_ordered(book.pack.assessment.losses(unit)).itertuples())
    concealed = [entry for entry in entries if entry.kind == "item" and hidden[entry.id]]
    running, first, taken = 0.0, sheet.row, iter(reckoned.deducted)
    for entry in entries:
        if entry not in concealed:
            running += float(entry.lost)
            item = str(entry.id) if entry.kind == "item" else None
            lost = _lost(reckoned, entry, taken)
            yield [
                sheet.row - first + 1,
                *_entry(book, entry, item, lost, reckoned),
                _running(sheet.row, first, running),
                str(entry.state) if item is None else _remark(book, reasons[item], str(entry.state)),
            ]
    if concealed:
        together = sum(float(entry.lost) for entry in concealed)
        what = book.say("losses.few", n=len(concealed))
        yield [
            sheet.row - first + 1,
            book.say("losses.kind_item"),
            QUIETLY,
            what,
            NOTHING,
            QUIETLY,
            QUIETLY,
            together,
            _running(sheet.row, first, running + together),
            "",
        ]


def _running(row: int, first: int, known: float) -> Formula:
    return Formula(f"=I{row - 1}+H{row}" if row > first else f"=H{row}", known)


def _lost(reckoned: Reckoned, entry: Any, taken: Iterator[str]) -> Formula:
    """What an entry costs, as it stands now; `taken` are the cells of the deductions, in the order of the entries."""
    if entry.kind == "item":
        return reckoned.lost_on(str(entry.id))
    left = f"{reckoned.base}-{reckoned.deductions}"
    text = {
        "floor": f"=MIN({left},0)",
        "rounding": f"=MAX({left},0)-{reckoned.score_cell}",
    }.get(str(entry.kind)) or f"={next(taken)}"
    return Formula(text, float(entry.lost))


def _entry(book: Book, entry: Any, item: str | None, lost: Formula, reckoned: Reckoned) -> list[object]:
    """Kind, id, name, indicator, share of the total, points and loss of one entry."""
    parent = book.model.parents[str(entry.id)] if item is not None else None
    finer = f"{book.score_format}00"
    tiny = CENTRED.but(colour="grey", format=f"{finer};-{finer};{finer}")
    return [
        book.say(f"losses.kind_{entry.kind}"),
        entry.id or QUIETLY,
        _what(book, str(entry.kind), str(entry.id)),
        node_name(book, parent) if parent else NOTHING,
        QUIETLY if item is None else reckoned.share(str(entry.id)),
        QUIETLY if item is None else reckoned.of(str(entry.id)),
        Shown(lost, tiny) if entry.kind == "rounding" else lost,
    ]


def _ordered(losses: pd.DataFrame) -> pd.DataFrame:
    """The largest loss first, whatever its kind; what the floor spared and the rounding last."""
    last = losses["kind"].isin(["floor", "rounding"])
    return pd.concat([losses[~last].sort_values("lost", ascending=False, kind="stable"), losses[last]])


def _what(book: Book, kind: str, name: str) -> str:
    if kind == "item":
        return book.model.items[name].name[book.lang]
    if kind == "deduction" and name:
        return line_name(book, name)
    return book.say(f"losses.about_{kind}")


def _remark(book: Book, reason: object, state: str) -> str:
    told = reason_text(reason, book.lang, book.model)
    return told or ("" if state == "measured" else state_name(book, state))


def _total(book: Book, sheet: Sheet, reckoned: Reckoned, first: int) -> None:
    """What is missing to full marks, and what the entries sum up to."""
    bold = TEXT.but(bold=True, top="rule", bottom="rule", fill="paper")
    number = bold.but(align="center", format=book.score_format)
    score = float(reckoned.summary["score"])
    lost = round(book.maximum - score, 10)
    for column in range(1, sheet.columns + 1):
        sheet.put(column, None, bold)
    text, known = reckoned.score_text
    words = joined(book.say("losses.total", maximum=f"{book.maximum:g}", score=place("score")), score=text)
    label = book.say("losses.total", maximum=f"{book.maximum:g}", score=known)
    sheet.put(4, Formula(f"={words}", label), bold)
    sheet.put(LOST, Formula(f"={book.maximum!r}-{reckoned.score_cell}", shown(lost)), number)
    if sheet.row > first:
        sheet.put(LOST + 1, Formula(f"=SUM(H{first}:H{sheet.row - 1})", lost), number)
    sheet.down(20)


def _national(book: Book, sheet: Sheet, unit: str, reckoned: Reckoned) -> None:
    sheet.section(book.label("losses.national"))
    sheet.down(22)
    table: dict[Any, dict[Any, Any]] = book.pack.assessment.national_form(unit).to_dict("index")
    number = CENTRED.but(format=book.score_format)
    columns = [
        book.head("dimension", TEXT, span=4),
        book.head("standard", number),
        book.head("applicable", number, span=2),
        book.head("earned", number.but(bold=True)),
        book.head("percent", CENTRED.but(format="0.0%", bold=True)),
        book.head("remark", QUIET),
    ]
    names = [str(name) for name in table if name != ROOT]
    first = sheet.row + 1
    rows = [
        _national_row(node_name(book, name), table[name], reckoned.national.get(name), first + at)
        for at, name in enumerate(names)
    ]
    sums = {key: f"SUM({letter}{first}:{letter}{first + len(names) - 1})" for key, letter in NATIONAL.items()}
    total = _national_row(book.say("total"), table[ROOT], sums, first + len(names))
    look = CENTRED.but(bold=True, top="rule", fill="paper", format=book.score_format)
    looks = [TEXT.but(bold=True, top="rule", fill="paper"), look, look, look, look.but(format="0.0%"), look]
    rows.append([Shown(value, each) for value, each in zip(total, looks, strict=True)])
    sheet.table(columns, rows)
    sheet.sentence(book.say("losses.national_note"), QUIET.but(bottom="", indent=1))


def _national_row(name: str, row: dict[Any, Any], texts: dict[str, str] | None, at: int) -> list[object]:
    """A dimension's or the whole's row; published values where there are no expressions for it."""
    numbers = [Formula(f"={texts[key]}", float(row[key])) if texts else float(row[key]) for key in NATIONAL]
    share = Formula(f"=IF(F{at}>0,H{at}/F{at},{quoted(NOTHING)})", shown(row["percent"]))
    return [name, *numbers, share, ""]
