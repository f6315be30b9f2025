"""评分项明细: every item of a unit, from the evidence to the points lost."""

from __future__ import annotations

from typing import Any

from riskkit.evidence.measures import reason_text
from riskkit.model.schema import Item
from riskkit.report import rules
from riskkit.report.book import Book
from riskkit.report.branch.links import Links
from riskkit.report.branch.reckoned import Reckoned
from riskkit.report.cells import NOTHING, Label, Shown
from riskkit.report.paper import close_up
from riskkit.report.phrases import asks_people, few, node_name, withheld
from riskkit.report.sheets import CENTRED, QUIET, TEXT, WRAPPED, Column, Sheet
from riskkit.report.theme import theme

WIDTHS = [7, 33, 27, 8, 10, 11, 11, 7, 13, 7, 6, 9, 8, 27]
POINTS = 12
"""The column of points."""
TOLD = ["value", "numerator", "denominator", "n", "state", "points", "confidence", "age", "reason", "thin"]
"""What of an item is told, if its row has it."""
STATE_COLOURS = {"measured": "ink", "carried_over": "grey", "not_assessed": "bad", "refused": "bad"}


def write_items(book: Book, unit: str, links: Links, reckoned: Reckoned) -> None:
    """Items that count, in the model's order; those only reported in a block of their own."""
    sheet = book.sheet(book.say("items.name"), WIDTHS)
    links.mark("sheet", "items", sheet)
    items = book.pack.assessment.unit_items(unit)
    rows: dict[str, dict[Any, Any]] = items.filter(TOLD).to_dict("index")  # type: ignore[assignment]  # items by name
    scored = {name: row for name, row in rows.items() if book.model.items[name].weight > 0}
    reported = {name: row for name, row in rows.items() if name not in scored}
    note = book.say("items.subtitle", n=len(scored), reported=len(reported))
    book.band(sheet, book.title_of(book.pack.standing[unit]["name"], "items.title"), note)
    columns = _columns(book)
    hidden = set(items.index[withheld(items, book.model.items)])
    sheet.heads(columns)
    head = sheet.row - 1
    for name, row in scored.items():
        _tie(book, sheet, name, links)
        sheet.line(columns, _row(book, name, row, name in hidden, reckoned))
    sheet.keep(head, head, still=2)
    rules.heat(sheet.worksheet, rules.block(POINTS, head + 1, POINTS, sheet.row - 1), book.maximum)
    book.define("items", sheet.ref(1, head + 1, len(columns), sheet.row - 1))
    sheet.down(10)
    if len(reported):
        sheet.section(Label(*book.label("items.reported")[:2]))
        sheet.down(22)
        sheet.heads(columns)
        for name, row in reported.items():
            _tie(book, sheet, name, links)
            sheet.line(columns, _row(book, name, row, name in hidden))
        sheet.down(6)
    sheet.sentence(book.say("items.legend"), QUIET.but(bottom="", indent=1))
    close_up(sheet)


def _tie(book: Book, sheet: Sheet, name: str, links: Links) -> None:
    """An item leads to its evidence, and is found by its own name and that of its indicator."""
    links.mark("items", name, sheet)
    links.mark("node", book.model.parents[name] or "", sheet)
    links.lead(sheet, 1, "evidence", name)
    links.lead(sheet, 2, "evidence", name)


def _columns(book: Book) -> list[Column]:
    count = CENTRED.but(format="#,##0")
    score = CENTRED.but(format=book.score_format)
    return [
        book.head("id", TEXT.but(colour="rule")),
        book.head("item", WRAPPED.but(colour="rule")),
        book.head("indicator", QUIET),
        book.head("share", CENTRED.but(format="0.00%", colour="grey")),
        book.head("value", CENTRED.but(bold=True)),
        book.head("numerator", count),
        book.head("denominator", count),
        book.head("n", count),
        book.head("state", CENTRED),
        book.head("class", CENTRED),
        book.head("age", CENTRED),
        book.head("points", CENTRED.but(format=book.points_format)),
        book.head("lost", score),
        book.head("reason", QUIET),
    ]


def _row(
    book: Book, name: str, row: dict[Any, Any], hidden: bool, reckoned: Reckoned | None = None
) -> list[object]:
    """The row of an item; one that is only reported has no points, and nothing reckoned."""
    item = book.model.items[name]
    state = str(row["state"])
    quiet = Shown(NOTHING, CENTRED.but(colour="faint"))
    parent = book.model.parents[name]
    known = not hidden and row["points"] == row["points"]
    return [
        name,
        item.name[book.lang],
        node_name(book, parent) if parent else NOTHING,
        reckoned.share(name) if reckoned else quiet,
        *_measured(book, item, row, hidden),
        Shown(state_name(book, state), CENTRED.but(colour=STATE_COLOURS.get(state, "grey"))),
        row.get("confidence")
        if isinstance(row.get("confidence"), str) and row["value"] == row["value"]
        else quiet,
        Shown(int(row["age"]), CENTRED.but(colour="grey"))
        if row.get("age", 0) == row.get("age", 0) and row.get("age", 0) > 0
        else quiet,
        *([reckoned.of(name), reckoned.lost_on(name)] if reckoned and known else [quiet, quiet]),
        _remark(book, row),
    ]


def _measured(book: Book, item: Item, row: dict[Any, Any], hidden: bool) -> list[object]:
    """Value, numerator, denominator and sample size; of too few respondents only that they are few."""
    quiet = Shown(NOTHING, CENTRED.but(colour="faint"))
    if hidden:
        return [quiet, quiet, quiet, few()]
    value = Shown(row["value"], CENTRED.but(bold=True, format=value_format(item)))
    whole = [_number(row[name]) for name in ("numerator", "denominator")]
    n = row["n"]
    if n != n:
        return [value if row["value"] == row["value"] else quiet, *whole, quiet]
    return [
        value if row["value"] == row["value"] else quiet,
        *whole,
        few() if asks_people(item) and n < 5 else int(n),
    ]


def _number(value: float) -> Shown:
    """A count without decimals, anything else with two."""
    if value != value:
        return Shown(NOTHING, CENTRED.but(colour="faint"))
    return Shown(value, CENTRED.but(format="#,##0" if float(value).is_integer() else "#,##0.00"))


def value_format(item: Item) -> str:
    """The number format of an item's unit."""
    return str(getattr(theme().formats, item.unit))


def state_name(book: Book, state: str) -> str:
    """A state in words."""
    from riskkit import texts

    return book.say("rolled_up") if state == "rolled_up" else texts.say(f"state.{state}", book.lang)


def _remark(book: Book, row: dict[Any, Any]) -> str:
    told = reason_text(row.get("reason"), book.lang, book.model)
    thin = book.say("items.thin") if row.get("thin") is True or row.get("thin") == True else ""  # noqa: E712
    return book.say("why.join").join(part for part in (told, thin) if part)
