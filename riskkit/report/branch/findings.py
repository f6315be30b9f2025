"""问题整改: a unit's findings, people by masked numbers only."""

from __future__ import annotations

from typing import Any

import pandas as pd

from riskkit.discretion import mask
from riskkit.rectification import CLOSED
from riskkit.report.book import Book
from riskkit.report.branch.actions import stage_cell
from riskkit.report.branch.links import Links
from riskkit.report.cells import NOTHING, Shown
from riskkit.report.paper import close_up
from riskkit.report.phrases import effect, in_effect, line_name
from riskkit.report.quarter.red_lines import choice
from riskkit.report.sheets import CENTRED, QUIET, TEXT, WRAPPED, Column, Sheet
from riskkit.report.theme import Look

WIDTHS = [15, 8, 9, 11, 34, 26, 12, 10, 11, 11, 10, 13]
DATE = "yyyy-mm-dd"


def write_findings(book: Book, unit: str, links: Links) -> None:
    """The unit's red lines in effect, then its findings: what is open first, the longest overdue on top."""
    sheet = book.sheet(book.say("unit_findings.name"), WIDTHS)
    links.mark("sheet", "findings", sheet)
    findings = book.pack.findings
    mine = findings.of(unit)
    outstanding = findings.outstanding(unit) if len(findings.rows) else mine
    note = book.say(
        "unit_findings.subtitle", outstanding=len(outstanding), closed=len(mine) - len(outstanding)
    )
    book.band(
        sheet,
        book.title_of(book.pack.standing[unit]["name"], "unit_findings.title"),
        note,
    )
    _red_lines(book, sheet, unit)
    if findings.rows.empty or mine.empty:
        sheet.sentence(book.say("findings.no_table" if findings.rows.empty else "unit_findings.none"))
        return
    columns = _columns(book)
    sheet.heads(columns)
    head = sheet.row - 1
    closed = mine[mine["stage"] == CLOSED].sort_values(
        ["verified_on", "found_on"], ascending=False, kind="stable"
    )
    for row in [*outstanding.to_dict("records"), *closed.to_dict("records")]:
        links.mark("finding", str(row["finding_no"]), sheet)
        links.lead(sheet, 2, "items", str(row["item"]))
        sheet.line(columns, _row(book, row))
    sheet.keep(head, head)
    book.define("findings", sheet.ref(1, head + 1, len(columns), sheet.row - 1))
    sheet.down(6)
    sheet.sentence(book.say("unit_findings.legend"), QUIET.but(bottom="", indent=1))
    close_up(sheet)


def _red_lines(book: Book, sheet: Sheet, unit: str) -> None:
    events = in_effect(book.pack.assessment, unit)
    small = Look(wrap=True, indent=1, colour="bad", bold=True)
    for event in events.itertuples():
        values = {
            "red_line": line_name(book, str(event.red_line)),
            "effect": effect(book, event),
            "facts": getattr(event, "facts", NOTHING),
        }
        sheet.sentence(
            book.say("unit_findings.red_line", date=f"{event.confirmed_on:%Y-%m-%d}", **values), small
        )
    if len(events):
        sheet.down(8)


def _columns(book: Book) -> list[Column]:
    date = CENTRED.but(format=DATE, size="small")
    return [
        book.head("finding_no", TEXT.but(size="small", colour="grey")),
        book.head("item", CENTRED.but(size="small", colour="rule")),
        book.head("severity", CENTRED),
        book.head("found_on", date),
        book.head("description", WRAPPED),
        book.head("remedy", WRAPPED.but(size="small")),
        book.head("department", CENTRED.but(size="small", wrap=True)),
        book.head("owner", CENTRED.but(size="small")),
        book.head("due_on", date),
        book.head("done_on", date),
        book.head("verifier", CENTRED.but(size="small")),
        book.head("stage", CENTRED),
    ]


def _row(book: Book, row: dict[Any, Any]) -> list[object]:
    done = row.get("done_on")
    return [
        row["finding_no"],
        row["item"],
        Shown(
            choice(book, "findings", "severity", row["severity"]),
            CENTRED.but(bold=row["severity"] == "major"),
        ),
        row["found_on"],
        row.get("description"),
        row.get("action"),
        row.get("department") if isinstance(row.get("department"), str) else NOTHING,
        mask(row.get("owner")) or NOTHING,
        row["due_on"],
        NOTHING if pd.isna(done) else done,
        mask(row.get("verifier")) or NOTHING,
        stage_cell(book, row),
    ]
