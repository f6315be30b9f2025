"""失分清单: every point between full marks and the score; 得分/实有 in the national form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.evidence.measures import reason_text
from riskkit.report import figures
from riskkit.report.book import Book
from riskkit.report.branch.items import state_name
from riskkit.report.branch.links import Links
from riskkit.report.phrases import line_name, node_name, withheld
from riskkit.report.sheets import CENTRED, NOTHING, QUIET, TEXT, WRAPPED, Sheet, Shown
from riskkit.scoring.plan import ROOT, Plan

QUIETLY = Shown(NOTHING, CENTRED.but(colour="faint"))
WIDTHS = [6, 10, 9, 36, 30, 10, 10, 11, 12, 30]


def write_losses(book: Book, unit: str, links: Links) -> None:
    """The list of lost points, the largest first, down to the total; then earned against applicable."""
    sheet = book.sheet(book.say("losses.name"), WIDTHS)
    links.mark("sheet", "losses", sheet)
    summary: Any = figures.row_of(book.pack.assessment.summary, unit)
    note = book.say("losses.subtitle", maximum=f"{book.maximum:g}", score=book.number(summary["score"]))
    book.band(sheet, book.title_of(summary["name"], "losses.title"), note)
    if not Plan(book.model).arithmetic:
        sheet.sentence(book.say("losses.not_additive"))
        return
    columns = [
        book.head("number", CENTRED.but(colour="grey")),
        book.head("kind", CENTRED.but(size="small")),
        book.head("id", TEXT.but(colour="rule")),
        book.head("what", WRAPPED.but(colour="rule")),
        book.head("indicator", QUIET),
        book.head("share", CENTRED.but(format="0.00%", colour="grey")),
        book.head("points", CENTRED),
        book.head(
            "lost",
            CENTRED.but(bold=True, format=f"{book.score_format};-{book.score_format};{book.score_format}"),
        ),
        book.head("running", CENTRED.but(format=book.score_format, colour="grey")),
        book.head("reason", QUIET),
    ]
    sheet.heads(columns)
    head = sheet.row - 1
    rows = list(_rows(book, unit))
    for row in rows:
        links.lead(sheet, 3, "evidence", str(row[2]))
        links.lead(sheet, 4, "items", str(row[2]))
        sheet.line(columns, row)
    sheet.keep(head, head, still=4)
    book.define("lost_points", sheet.ref(8, head + 1, 8, sheet.row - 1))
    _total(book, sheet, float(summary["score"]))
    sheet.down(12)
    _national(book, sheet, unit)


def _rows(book: Book, unit: str) -> Iterator[list[object]]:
    items = book.pack.assessment.unit_items(unit)
    hidden = withheld(items, book.model.items)
    entries: list[Any] = list(_ordered(book.pack.assessment.losses(unit)).itertuples())
    concealed = [entry for entry in entries if entry.kind == "item" and hidden[entry.id]]
    running, number = 0.0, 0
    for entry in entries:
        if entry not in concealed:
            running, number = running + float(entry.lost), number + 1
            item = figures.row_of(items, entry.id) if entry.kind == "item" else None
            yield [number, *_entry(book, entry, item), running, _remark(book, item, str(entry.state))]
    if concealed:
        lost = sum(float(entry.lost) for entry in concealed)
        what = book.say("losses.few", n=len(concealed))
        yield [
            number + 1,
            book.say("losses.kind_item"),
            QUIETLY,
            what,
            NOTHING,
            QUIETLY,
            QUIETLY,
            lost,
            running + lost,
            "",
        ]


def _entry(book: Book, entry: Any, item: pd.Series | None) -> list[object]:
    """Kind, id, name, indicator, share of the total, points and loss of one entry."""
    parent = book.model.parents[str(entry.id)] if item is not None else None
    finer = f"{book.score_format}00"
    tiny = CENTRED.but(colour="grey", format=f"{finer};-{finer};{finer}")
    return [
        book.say(f"losses.kind_{entry.kind}"),
        entry.id or QUIETLY,
        _what(book, str(entry.kind), str(entry.id)),
        node_name(book, parent) if parent else NOTHING,
        QUIETLY if item is None else item["weight"],
        QUIETLY if item is None else Shown(item["points"], book.heat_look(float(item["points"]), CENTRED)),
        Shown(float(entry.lost), tiny) if entry.kind == "rounding" else float(entry.lost),
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


def _remark(book: Book, item: pd.Series | None, state: str) -> str:
    if item is None:
        return state
    told = reason_text(item.get("reason"), book.lang, book.model)
    return told or ("" if state == "measured" else state_name(book, state))


def _total(book: Book, sheet: Sheet, score: float) -> None:
    bold = TEXT.but(bold=True, top="rule", bottom="rule", fill="paper")
    number = bold.but(align="center", format=book.score_format)
    lost = round(book.maximum - score, 10)
    for column in range(1, sheet.columns + 1):
        sheet.put(column, None, bold)
    sheet.put(4, book.say("losses.total", maximum=f"{book.maximum:g}", score=book.number(score)), bold)
    sheet.put(8, lost, number)
    sheet.put(9, lost, number)
    sheet.down(20)


def _national(book: Book, sheet: Sheet, unit: str) -> None:
    sheet.section(book.label("losses.national"))
    sheet.down(22)
    table = book.pack.assessment.national_form(unit)
    number = CENTRED.but(format=book.score_format)
    columns = [
        book.head("dimension", TEXT, span=4),
        book.head("standard", number),
        book.head("applicable", number, span=2),
        book.head("earned", number.but(bold=True)),
        book.head("percent", CENTRED.but(format="0.0%", bold=True)),
        book.head("remark", QUIET),
    ]
    rows = []
    for name, row in table.iterrows():
        if name != ROOT:
            rows.append(
                [
                    node_name(book, str(name)),
                    *(row[key] for key in ("standard", "applicable", "earned", "percent")),
                    "",
                ]
            )
    whole = figures.row_of(table, ROOT)
    look = CENTRED.but(bold=True, top="rule", fill="paper", format=book.score_format)
    rows.append(
        [
            Shown(book.say("total"), TEXT.but(bold=True, top="rule", fill="paper")),
            *(Shown(whole[key], look) for key in ("standard", "applicable", "earned")),
            Shown(whole["percent"], look.but(format="0.0%")),
            Shown("", look),
        ]
    )
    sheet.table(columns, rows)
    sheet.sentence(book.say("losses.national_note"), QUIET.but(bottom="", indent=1))
