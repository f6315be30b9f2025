"""数据质量 and 附注与更正: what was handed in and how much of it counts; what was read with a remark and put right."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from riskkit.discretion import mask
from riskkit.errors import Problem
from riskkit.evidence.evidence import COMPACT, Evidence
from riskkit.evidence.reach import REFUSED, ZERO, Reach
from riskkit.evidence.states import STATES
from riskkit.model.checks import SOURCE_OF
from riskkit.report import figures
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Shown
from riskkit.report.paper import upright
from riskkit.report.quarter.red_lines import choice
from riskkit.report.sheets import CENTRED, GROUP, HEAD, NAME, QUIET, TEXT, WRAPPED, Column, Sheet
from riskkit.report.theme import Look

HANDED, ZERO_RETURN, WITHHELD, MISSING = "●", "○", "×", "–"
NOT_CALLED = (COMPACT, "corrections", "rulings", "submissions")
KIND = 0.03
"""A self-check kinder than the inspection by this share is marked."""


def write_quality(book: Book) -> None:
    """One row a unit; below it the tables of the whole institution."""
    handed = _handed_in(book)
    sheet = book.sheet(
        book.say("quality.name"),
        [8, 17, 9, 9, 9, *[6.5] * len(STATES), 8, 8, 8, *[3.6] * len(handed.columns)],
        kind="about",
    )
    book.band(sheet, book.label("quality.title"), book.say("quality.subtitle"))
    head = sheet.row
    columns = _columns(book)
    _heads(book, sheet, columns, handed)
    states = _states(book)
    carried = figures.carried_shares(book.pack.assessment)
    ranking = book.pack.ranking.sort_index()
    if book.most is not None:
        ranking = ranking.sort_values("coverage", kind="stable")
    for unit, row in ranking.iloc[: book.most].iterrows():
        _row(
            book,
            sheet,
            columns,
            str(unit),
            row,
            float(carried.get(unit, 0.0)),
            figures.row_of(states, unit),
            figures.row_of(handed, unit),
        )
    sheet.keep(head, head + 1, still=2)
    sheet.down(4)
    book.not_all(sheet, len(ranking))
    sheet.sentence(book.say("quality.legend"), QUIET.but(bottom="", indent=1))
    _whole_tables(book, sheet, handed)


def write_remarks(book: Book) -> None:
    """Notes on reading counted by file, and the corrections ledger."""
    sheet = book.sheet(book.say("remarks.name"), [10] * 16, kind="about")
    book.band(sheet, book.label("remarks.title"), book.say("remarks.subtitle"))
    _notes(book, sheet)
    _corrections(book, sheet)


# ---------------------------------------------------------------- a row a unit


def _columns(book: Book) -> list[Column]:
    share = CENTRED.but(format="0.0%")
    count = CENTRED.but(format="0;-0;–", colour="grey")
    return [
        book.head("code", TEXT.but(colour="grey")),
        book.head("unit", NAME),
        book.head("coverage", share),
        book.head("carried", share),
        book.head("high_class", share),
        *(book.head(f"state_{state}", count) for state in STATES),
        book.head("self_share", share.but(colour="grey")),
        book.head("inspected_share", share.but(colour="grey")),
        book.head("gap", share),
    ]


def _heads(book: Book, sheet: Sheet, columns: list[Column], handed: pd.DataFrame) -> None:
    groups = [
        (book.label("quality.evidence"), 3),
        (book.label("quality.states"), len(STATES)),
        (book.label("quality.self_check"), 3),
    ]
    column = 3
    for label, span in groups:
        sheet.put(column, label, GROUP.but(size="small", left="white"), span=span)
        column += span
    if len(handed.columns):
        sheet.put(
            column,
            book.label("quality.tables"),
            GROUP.but(size="small", left="white"),
            span=len(handed.columns),
        )
    sheet.down(18)
    turned = HEAD.but(size="tiny", bold=False, turned=90, wrap=False)
    names = [book.model.tables[str(name)].name[book.lang] for name in handed.columns]
    for place, name in enumerate(names):
        sheet.put(column + place, name, turned)
    row = sheet.row
    sheet.heads(columns)
    sheet.height(max(40, upright(names, "tiny")), row)


def _states(book: Book) -> pd.DataFrame:
    """Units × states: how many scored items are in each."""
    assessment = book.pack.assessment
    counts = np.array([book.model.nominal_weights[item] > 0 for item in assessment.graded.plan.items])
    found = {state: (assessment.states[:, counts] == at).sum(axis=1) for at, state in enumerate(STATES)}
    return pd.DataFrame(found, assessment.summary.index)


def _handed_in(book: Book) -> pd.DataFrame:
    """Units × the tables each unit hands in itself: a mark for what came; tables nobody handed in are left out."""
    measures = book.pack.assessment.measures
    reach = Reach(book.model, measures.units, measures.evidence, measures.period, measures.calendar)
    made_into = {source: derived for derived, source in SOURCE_OF.items()}
    marks = {}
    for name, table in book.model.tables.items():
        if table.covers != "unit" or name in NOT_CALLED:
            continue
        came, zero, refused = (
            reach.handed_in(made_into.get(name, name)),
            reach.answered(name, ZERO),
            reach.answered(name, REFUSED),
        )
        column = np.select([refused, zero, came], [WITHHELD, ZERO_RETURN, HANDED], MISSING)
        if came.any() or refused.any():
            marks[name] = column
    return pd.DataFrame(marks, index=pd.Index(reach.units))


def _row(
    book: Book,
    sheet: Sheet,
    columns: list[Column],
    unit: str,
    row: pd.Series,
    carried: float,
    states: pd.Series,
    handed: pd.Series,
) -> None:
    short = row["coverage"] < book.model.spec.provisional.coverage
    warned = CENTRED.but(format="0.0%", colour="bad", bold=True)
    values: list[object] = [
        unit,
        row["name"],
        Shown(row["coverage"], warned) if short else row["coverage"],
        carried,
        row["high_class"],
        *(_state(str(state), int(count)) for state, count in states.items()),
        *_gap(book, unit),
    ]
    for place, mark in enumerate(handed, start=len(columns) + 1):
        sheet.put(place, mark, CENTRED.but(size="small", colour=_mark_colour(str(mark))))
    sheet.line(columns, values)


def _state(state: str, count: int) -> object:
    if count and state in ("not_assessed", "refused"):
        return Shown(count, CENTRED.but(colour="bad", bold=True))
    return count


def _gap(book: Book, unit: str) -> list[object]:
    gaps = book.pack.self_check.units
    if unit not in gaps.index:
        return [NOTHING] * 3
    row = figures.row_of(gaps, unit)
    gap = float(row["gap"])
    look = CENTRED.but(format="+0.0%;−0.0%;–", colour="bad" if gap >= KIND else "grey", bold=gap >= KIND)
    return [row["self_share"], row["inspected_share"], Shown(round(gap, 4), look)]


def _mark_colour(mark: str) -> str:
    return {HANDED: "good", ZERO_RETURN: "grey", WITHHELD: "bad"}.get(mark, "warn")


def _whole_tables(book: Book, sheet: Sheet, handed: pd.DataFrame) -> None:
    """Which tables of the whole institution came, and which tables nobody handed in."""
    tables = book.pack.assessment.measures.evidence[book.pack.period].tables
    comma = book.say("list")
    whole = [name for name, table in book.model.tables.items() if table.covers == "bank"]
    came = [book.model.tables[name].name[book.lang] for name in whole if name in tables]
    absent = [
        table.name[book.lang]
        for name, table in book.model.tables.items()
        if name not in tables and name not in handed.columns and name not in NOT_CALLED
    ]
    small = Look(size="small", colour="grey", wrap=True, indent=1)
    sheet.sentence(book.say("quality.whole", tables=comma.join(came) or NOTHING), small)
    sheet.sentence(book.say("quality.absent", tables=comma.join(absent) or NOTHING), small)


# ---------------------------------------------------------------- notes and corrections


def _notes(book: Book, sheet: Sheet) -> None:
    notes = book.pack.assessment.measures.evidence[book.pack.period].notes
    sheet.section(book.label("quality.notes", n=len(notes)))
    sheet.down(22)
    if not notes:
        sheet.sentence(book.say("quality.no_notes"))
        sheet.down(8)
        return
    spans = sheet.spans((3, 1, 1, 6))
    columns = [
        book.head("file", WRAPPED, span=spans[0]),
        book.head("count", CENTRED, span=spans[1]),
        book.head("first_at", CENTRED, span=spans[2]),
        book.head("example", QUIET, span=spans[3]),
    ]
    sheet.table(
        columns,
        [_note(book, list(group)) for _, group in groupby(sorted(notes, key=_note_key), key=_note_key)],
    )
    sheet.down(10)


def _note_key(note: Problem) -> tuple[str, str]:
    return note.file, note.code


def _note(book: Book, notes: list[Problem]) -> list[object]:
    evidence = book.pack.assessment.measures.evidence[book.pack.period]
    first = notes[0]
    told = NOTHING if _about_people(book, evidence, first) else first.what(book.lang)
    return [first.file, len(notes), first.cell or NOTHING, told]


def _corrections(book: Book, sheet: Sheet) -> None:
    evidence = book.pack.assessment.measures.evidence[book.pack.period]
    ledger = evidence.corrections
    sheet.section(book.label("quality.corrections", n=len(ledger)))
    sheet.down(22)
    if ledger.empty:
        sheet.sentence(book.say("quality.no_corrections"))
        return
    spans = sheet.spans((4, 1, 2, 1.2, 2, 4, 1.5, 1.5))
    looks = (WRAPPED, CENTRED, WRAPPED, CENTRED, WRAPPED, QUIET, CENTRED, CENTRED.but(format="yyyy-mm-dd"))
    keys = ("file", "cell", "found", "action", "corrected", "reason", "confirmed_by", "confirmed_on")
    columns = [book.head(key, look, span=span) for key, look, span in zip(keys, looks, spans, strict=True)]
    owners = _owners(evidence)
    sheet.table(columns, [_correction(book, evidence, owners, entry) for entry in ledger.to_dict("records")])


def _correction(
    book: Book, evidence: Evidence, owners: Mapping[str, str], entry: Mapping[Any, object]
) -> list[object]:
    place = " ".join(str(entry[name]) for name in ("file", "sheet") if isinstance(entry[name], str))
    found, value = (
        _discreet(book, evidence, owners, str(entry["file"]), entry["sheet"], str(entry["cell"]), entry[name])
        for name in ("found", "value")
    )
    return [
        place,
        entry["cell"],
        found,
        choice(book, "corrections", "action", entry["action"]),
        value,
        entry["reason"],
        mask(entry["confirmed_by"]),
        entry["confirmed_on"],
    ]


def _owners(evidence: Evidence) -> dict[str, str]:
    """Which table each file belongs to."""
    return {
        str(file): name
        for name in evidence.tables
        for files in evidence.some(name, ["_file"]).items()
        for file in files[1].unique()
    }


def _discreet(
    book: Book,
    evidence: Evidence,
    owners: Mapping[str, str],
    file: str,
    sheet: object,
    cell: str,
    value: object,
) -> str:
    """A cell's content fit to be shown: numbers of people masked, names and addresses hidden."""
    if not isinstance(value, str) or not value:
        return NOTHING
    person = _person(
        book, evidence, owners.get(file, ""), file, sheet if isinstance(sheet, str) else "", cell
    )
    return value if person is None else mask(value) if person == "number" else "***"


def _person(book: Book, evidence: Evidence, table: str, file: str, sheet: str, cell: str) -> str | None:
    letters = evidence.letters.get((file, sheet), {})
    column = {letter: name for name, letter in letters.items()}.get(cell.rstrip("0123456789"))
    spec = book.model.tables.get(table)
    found = spec.columns.get(column) if spec is not None and column is not None else None
    return found.person if found is not None else None


def _about_people(book: Book, evidence: Evidence, note: Problem) -> bool:
    table = _owners(evidence).get(note.file, "")
    return _person(book, evidence, table, note.file, note.sheet, note.cell) is not None
