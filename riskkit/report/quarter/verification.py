"""验算: the workbook's own scores, grades and ranks less the engine's, and whether anything was changed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np

from riskkit.report import rules
from riskkit.report.book import Book
from riskkit.report.cells import Formula, quoted
from riskkit.report.quarter.live import Live, shown
from riskkit.report.sheets import CENTRED, GROUP, NAME, QUIET, TEXT, Sheet

WIDTHS = [30, 11, 11, 9, 9, 9, 8, 8, 8, 8, 8, 8, 11, 11, 9, 10]
SPREAD = 10_000
"""Divides the place of a column as the weight of an input in the row's sum, so that no two inputs weigh the same."""
LONGEST_LABEL = 120


@dataclass(frozen=True)
class Verification:
    """The label of every assessed unit, in the order of the points, the cells they stand in, and the cell that counts
    what was changed."""

    labels: list[str]
    cells: str
    changed: str

    def seal(self, book: Book) -> Formula:
        """Whether the live figures are the published ones, in words."""
        same, changed = (book.say(f"check.{key}") for key in ("same", "changed"))
        return Formula(f"=IF(IFERROR({self.changed},1)=0,{quoted(same)},{quoted(changed)})", same)


def write_verification(book: Book, live: Live) -> Verification:
    """The sheet: what was changed in the model, then every unit's live figures beside the published ones."""
    sheet = book.sheet(book.say("check.name"), WIDTHS, kind="about")
    book.band(sheet, book.label("check.title"), book.say("check.subtitle"))
    top = sheet.row
    sheet.row += 6
    sheet.down(8)
    head = sheet.row
    _heads(book, sheet)
    first = sheet.row
    last = first + len(live.rows) - 1
    labels, units = _labels(book, live), book.settling(sheet, live.rows)
    for unit in islice(units, 1):
        _unit(book, sheet, live, unit, labels.get(unit, ""))
    # after the first row, because number formats count in this order; before the rest, because rows are settled
    changed = _summary(book, sheet, live, top, (first, last))
    for unit in units:
        _unit(book, sheet, live, unit, labels.get(unit, ""))
    sheet.keep(head, head + 1, still=1, filters=0)
    sheet.down(6)
    sheet.sentence(book.say("check.legend"), QUIET.but(bottom="", indent=1))
    rules.differs(sheet.worksheet, rules.block(16, first, 16, last), f"$P{first}<>0")
    for column in (4, 7, 12, 15):
        rules.differs(
            sheet.worksheet, rules.block(column, first, column, last), f"{_letter(column)}{first}<>0"
        )
    rules.verdict(sheet.worksheet, rules.block(4, top, 8, top), book.say("check.same"))
    book.define("changed", changed)
    names = [labels[unit] for unit in live.rows if unit in labels]
    return Verification(names, sheet.ref(1, first, to_row=first + len(names) - 1), changed)


def _letter(column: int) -> str:
    return "ABCDEFGHIJKLMNOP"[column - 1]


def _labels(book: Book, live: Live) -> dict[str, str]:
    """What assessed units are called in the drop-down: code and name, no two alike."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for unit in live.units:
        label = f"{unit} {live.names[unit]}"[:LONGEST_LABEL]
        found[unit] = label if label not in taken else f"{label} ({len(found) + 1})"
        taken.add(found[unit])
    return found


def _heads(book: Book, sheet: Sheet) -> None:
    column = 2
    for key, span in (("base", 3), ("score", 3), ("grade", 2), ("rank", 3), ("inputs", 3)):
        label = book.label(f"check.{key}" if key == "inputs" else f"head.{key}")
        sheet.put(column, label, GROUP.but(size="small", left="white"), span=span)
        column += span
    sheet.down(18)
    trio = ("now", "published", "difference")
    keys = ["unit", *trio, *trio, *trio[:2], *trio, *trio, "verdict_check"]
    columns = [book.head(key, TEXT if place == 0 else CENTRED) for place, key in enumerate(keys)]
    sheet.heads(columns)


def _unit(book: Book, sheet: Sheet, live: Live, unit: str, label: str) -> None:
    """A unit's live figures, the published ones, and the differences."""
    row = sheet.row
    known = {key: shown(live.known[key][unit]) for key in ("base", "score", "rank", "grade")}
    quiet = CENTRED.but(colour="grey", size="small")
    six, plain = f"{book.score_format}0000", CENTRED.but(size="small")
    fine, coarse = plain.but(format="0.000000000;-0.000000000;0"), plain.but(format="0.##;-0.##;0")
    name = label or f"{unit} {live.names[unit]}"
    sheet.put(1, name, NAME.but(wrap=False, bold=not label))
    checksum, total = _inputs(live, unit)
    blocks = (
        (2, live.value(unit, "base"), known["base"], six),
        (5, live.value(unit, "score"), known["score"], book.score_format),
        (10, live.value(unit, "rank"), known["rank"], "0"),
        (13, Formula(checksum, total), total, "0.000000"),
    )
    for column, now, published, form in blocks:
        sheet.put(column, now, plain.but(format=form))
        sheet.put(column + 1, published, quiet.but(format=form))
        a, b = (f"{_letter(at)}{row}" for at in (column, column + 1))
        text = f"=IF(AND(ISNUMBER({a}),ISNUMBER({b})),ROUND({a}-{b},9),IF({a}={b},0,1))"
        sheet.put(column + 2, Formula(text, 0), fine if column in (2, 13) else coarse)
    sheet.put(8, live.value(unit, "grade"), plain)
    sheet.put(9, known["grade"], quiet)
    parts = f"(D{row}<>0)+(G{row}<>0)+(H{row}<>I{row})+(L{row}<>0)+(O{row}<>0)"
    words = f'"{book.say("check.no")}";;"{book.say("check.yes")}"'
    sheet.put(16, Formula(f"=IF(ISERROR({parts}),1,IF({parts}>0,1,0))", 0), plain.but(format=words))
    sheet.down(15)


def _inputs(live: Live, unit: str) -> tuple[str, float]:
    """A sum over everything of a unit that may be changed, each input with a weight of its own."""
    facts = [
        key for key in live.columns if live.columns["deducted"] <= live.columns[key] < live.columns["step_0"]
    ]
    items = live.given
    columns = [live.columns[key] for key in facts]
    values = [live.known[key][unit] for key in facts]
    blocks = [(columns[0], columns[-1])]
    for name in items:
        at = live.nodes[name]
        if blocks[-1][1] == at - 1:
            blocks[-1] = (blocks[-1][0], at)
        else:
            blocks.append((at, at))
    columns += [live.nodes[name] for name in items]
    values += [np.nan if (unit, name) in live.hidden else live.scores.of(unit, name) for name in items]
    total = sum(
        column * value
        for column, value in zip(columns, values, strict=True)
        if not isinstance(value, str) and value == value
    )
    row = live.rows[unit]
    terms = [live.sheet.ref(low, row, high) for low, high in blocks]
    text = "+".join(f"SUMPRODUCT(COLUMN({cells}),{cells})" for cells in terms)
    return f"=({text})/{SPREAD}", float(total) / SPREAD


def _summary(book: Book, sheet: Sheet, live: Live, top: int, rows: tuple[int, int]) -> str:
    """What was changed, counted; gives back the cell of the sum."""
    now, published = live.weights.weights
    settings = "+".join(_count(pair) for pair in live.weights.pairs)
    units = sheet.ref(16, rows[0], to_row=rows[1])
    greatest = sheet.ref(4, rows[0], to_row=rows[1])
    lines = [
        ("weights", f"={_count((now, published))}"),
        ("settings", f"={settings}"),
        ("units", f"=SUM({units})"),
    ]
    for place, (key, text) in enumerate(lines):
        sheet.put(1, book.say(f"check.{key}"), TEXT, row=top + place)
        sheet.put(2, Formula(text, 0), CENTRED.but(bold=True, format="0"), row=top + place)
        sheet.height(16, top + place)
    at = top + len(lines)
    sheet.put(1, book.say("check.greatest"), TEXT, row=at)
    sheet.put(
        2, Formula(f"=MAX(MAX({greatest}),-MIN({greatest}))", 0), CENTRED.but(format="0.000000000;;0"), row=at
    )
    total = Formula(f"=SUM(B{top}:B{top + len(lines) - 1})", 0)
    sheet.put(1, book.say("check.total"), NAME.but(top="rule"), row=at + 1)
    sheet.put(2, total, CENTRED.but(bold=True, top="rule"), row=at + 1)
    changed = sheet.ref(2, at + 1)
    verification = Verification([], "", changed)
    sheet.put(4, verification.seal(book), CENTRED.but(bold=True, size="section", bottom=""), span=5, row=top)
    return changed


def _count(pair: tuple[str, str]) -> str:
    """How many cells of two ranges differ."""
    return f"SUMPRODUCT(1-({pair[0]}={pair[1]}))"
