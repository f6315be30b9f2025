"""The lower half of the overview: the cheapest way up, what to do by when, and the signatures."""

from __future__ import annotations

from typing import Any

import pandas as pd

from riskkit.analysis.next_grade import NextGrade
from riskkit.discretion import mask
from riskkit.report.book import Book
from riskkit.report.branch.links import Links
from riskkit.report.cells import NOTHING, Shown
from riskkit.report.sheets import CENTRED, QUIET, TEXT, WRAPPED, Sheet
from riskkit.report.theme import Look
from riskkit.report.way_words import step_words, way_lead, way_steps

STEPS, DUTIES = 6, 6
"""How many improvements and findings the page has room for; all of them stand on sheets of their own."""


def write_actions(book: Book, sheet: Sheet, unit: str, way: NextGrade, links: Links) -> None:
    """What a unit's head has to see to, and where it is signed."""
    _way_up(book, sheet, way, links)
    _duties(book, sheet, unit, links)
    _signatures(book, sheet)


def _way_up(book: Book, sheet: Sheet, way: NextGrade, links: Links) -> None:
    """The way up in a sentence, then its largest steps in two columns."""
    sheet.section(book.label("overview.way"))
    sheet.down(20)
    sheet.sentence(way_lead(book, way), Look(wrap=True))
    steps = list(way_steps(book, way))
    half, shown = sheet.columns // 2, steps[:STEPS]
    rows = -(-len(shown) // 2)
    for row in range(rows):
        texts = []
        for column, number in ((1, row), (half + 1, row + rows)):
            step = shown[number] if number < len(shown) else None
            text = step_words(book, step) if step else ""
            sheet.put(column, text or None, WRAPPED if step else Look(), span=half)
            links.lead(sheet, column, "items", step.item if step else "", span=half)
            texts.append((text, column, half, WRAPPED))
        sheet.down(sheet.room(texts))
    if len(steps) > STEPS:
        links.lead(sheet, 1, "sheet", "way", span=sheet.columns)
        sheet.sentence(book.say("way.more", n=len(steps) - STEPS), QUIET.but(bottom=""))
    sheet.down(6)


def _duties(book: Book, sheet: Sheet, unit: str, links: Links) -> None:
    """Findings to be closed, the longest overdue first, then by when they are due."""
    sheet.section(book.label("overview.duties"))
    sheet.down(20)
    outstanding = book.pack.findings.outstanding(unit) if len(book.pack.findings.rows) else pd.DataFrame()
    if outstanding.empty:
        sheet.sentence(book.say("overview.no_duties"))
    else:
        _duty_table(book, sheet, outstanding, links)
    sheet.down(8)


def _duty_table(book: Book, sheet: Sheet, outstanding: pd.DataFrame, links: Links) -> None:
    columns = [
        book.head("finding_no", TEXT.but(size="small", colour="rule"), span=3),
        book.head("item", TEXT.but(size="small", colour="rule"), span=2),
        book.head("description", WRAPPED, span=7),
        book.head("remedy", WRAPPED, span=5),
        book.head("owner", CENTRED.but(size="small"), span=2),
        book.head("due_on", CENTRED.but(format="yyyy-mm-dd"), span=2),
        book.head("stage", CENTRED, span=3),
    ]
    sheet.heads(columns)
    for row in outstanding.head(DUTIES).to_dict("records"):
        links.lead(sheet, 1, "finding", str(row["finding_no"]), span=3)
        links.lead(sheet, 4, "items", str(row["item"]), span=2)
        sheet.line(columns, _duty(book, row))
    if len(outstanding) > DUTIES:
        links.lead(sheet, 1, "sheet", "findings", span=sheet.columns)
        sheet.sentence(book.say("overview.more", n=len(outstanding) - DUTIES), QUIET.but(bottom=""))


def _duty(book: Book, row: dict[Any, Any]) -> list[object]:
    return [
        row["finding_no"],
        row["item"],
        row.get("description"),
        row.get("action"),
        mask(row.get("owner")) or NOTHING,
        row["due_on"],
        stage_cell(book, row),
    ]


def stage_cell(book: Book, row: dict[Any, Any]) -> Shown:
    """How far a finding is: overdue by how many days, open, waiting for its verification, closed."""
    late = int(row["overdue_days"])
    if late:
        return Shown(book.say("stage.overdue", n=late), CENTRED.but(colour="bad", bold=True))
    stage = str(row["stage"])
    return Shown(
        book.say(f"stage.{stage}"),
        CENTRED.but(colour={"open": "warn", "unverified": "warn"}.get(stage, "good")),
    )


def _signatures(book: Book, sheet: Sheet) -> None:
    look = Look(level="bottom", size="small", colour="grey")
    for place, key in enumerate(("prepared", "reviewed", "head", "date")):
        column = 1 + place * 6
        sheet.put(column, book.say(f"signature.{key}"), look, span=2)
        sheet.put(column + 2, None, look.but(bottom="faint"), span=3)
    sheet.down(24)
