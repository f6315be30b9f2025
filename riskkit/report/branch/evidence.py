"""证据索引: from which tables, files and rows each of a unit's values came."""

from __future__ import annotations

from typing import Any

import pandas as pd

from riskkit.discretion import SMALLEST_GROUP
from riskkit.report.book import Book
from riskkit.report.branch.links import Links
from riskkit.report.cells import NOTHING
from riskkit.report.paper import close_up
from riskkit.report.phrases import QUESTIONNAIRE, few
from riskkit.report.sheets import CENTRED, QUIET, TEXT, WRAPPED, Column

WIDTHS = [8, 32, 9, 26, 34, 16, 9, 46]
LONGEST = 200
"""Rows named one by one; a longer index counts by table instead."""


def write_evidence(book: Book, unit: str, links: Links) -> None:
    """The index of evidence, in the order of the items."""
    sheet = book.sheet(book.say("evidence.name"), WIDTHS, kind="about")
    links.mark("sheet", "evidence", sheet)
    places = _places(book, unit)
    total, files = sum(row["rows"] for row in places), len({row["_file"] for row in places})
    note = book.say("evidence.subtitle", files=files, rows=f"{total:,}")
    book.band(sheet, book.title_of(book.pack.standing[unit]["name"], "evidence.title"), note)
    if not places:
        sheet.sentence(book.say("evidence.none"))
        return
    columns = _columns(book)
    sheet.heads(columns)
    head = sheet.row - 1
    for row in places:
        links.mark("evidence", str(row["item"]), sheet)
        links.lead(sheet, 1, "items", str(row["item"]))
        links.lead(sheet, 2, "items", str(row["item"]))
        sheet.line(columns, _row(book, row))
    sheet.keep(head, head, still=2)
    book.define("evidence", sheet.ref(1, head + 1, len(columns), sheet.row - 1))
    sheet.down(6)
    sheet.sentence(book.say("evidence.legend"), QUIET.but(bottom="", indent=1))
    close_up(sheet)


def _places(book: Book, unit: str) -> list[dict[Any, Any]]:
    """The unit's places of evidence in the order of the items; counted by table where there are too many."""
    mine = book.pack.places(unit)
    rows = (mine if len(mine) <= LONGEST else _by_table(book, mine)).to_dict("records")
    order = {name: place for place, name in enumerate(book.model.items)}
    return sorted(rows, key=lambda row: order[row["item"]])[:LONGEST]


def _by_table(book: Book, places: pd.DataFrame) -> pd.DataFrame:
    groups = places.groupby(["item", "_period", "table"], sort=False)
    many = groups.agg(
        rows=("rows", "sum"), files=("_file", "nunique"), _file=("_file", "first")
    ).reset_index()
    named = [
        row["_file"] if row["files"] == 1 else book.say("evidence.files", n=int(row["files"]))
        for row in many.to_dict("records")
    ]
    return many.assign(_file=named, _sheet="", ranges="")


def _columns(book: Book) -> list[Column]:
    return [
        book.head("id", TEXT.but(colour="rule")),
        book.head("item", WRAPPED.but(colour="rule")),
        book.head("period", CENTRED),
        book.head("table", TEXT),
        book.head("file", WRAPPED.but(size="small")),
        book.head("sheet", TEXT.but(size="small")),
        book.head("rows", CENTRED.but(format="#,##0")),
        book.head("row_numbers", QUIET),
    ]


def _row(book: Book, row: dict[Any, Any]) -> list[object]:
    table = str(row["table"])
    asked, count = table in QUESTIONNAIRE, int(row["rows"])
    return [
        row["item"],
        book.model.items[str(row["item"])].name[book.lang],
        row["_period"],
        table_name(book, table),
        row["_file"],
        row["_sheet"] or NOTHING,
        few() if asked and count < SMALLEST_GROUP else count,
        book.say("evidence.anonymous") if asked else row["ranges"] or NOTHING,
    ]


def table_name(book: Book, table: str) -> str:
    """A table's name; that of the questionnaire for the answers made from it."""
    name = "responses" if table in QUESTIONNAIRE and "responses" in book.model.tables else table
    return book.model.tables[name].name[book.lang] if name in book.model.tables else table
