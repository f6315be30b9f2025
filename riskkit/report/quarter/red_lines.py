"""红线 and 未销号问题: red lines in effect, what waits for a ruling, and findings still open."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pandas as pd

from riskkit.rectification import AGE_LIMITS
from riskkit.report import figures
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Label, Shown
from riskkit.report.paper import pages, together
from riskkit.report.phrases import effect, in_effect, line_name
from riskkit.report.sheets import CENTRED, NAME, TEXT, WRAPPED, Sheet
from riskkit.report.theme import Look
from riskkit.scoring import grades

GRID = [9.5] * 17
A_START = 150.0
"""Points that a heading and its first rows take."""
SEVERITIES = ("major", "larger", "minor")


def write_red_lines(book: Book, candidates: pd.DataFrame) -> None:
    """Red lines in effect, and what waits for a ruling; on a sheet of its own, what is outstanding."""
    sheet = book.sheet(book.say("red_lines.name"), GRID, paged=True)
    book.band(sheet, book.label("red_lines.title"), book.say("red_lines.subtitle"))
    if _events(book, sheet):
        sheet = book.sheet(book.say("red_lines.pending"), GRID, paged=True)
        book.band(sheet, book.label("red_lines.title"), book.say("red_lines.subtitle"))
    _candidates(book, sheet, candidates)
    sheet = book.sheet(book.say("findings.name"), GRID)
    book.band(sheet, book.label("findings.title"), book.say("findings.subtitle"))
    _findings(book, sheet)


def unit_name(book: Book, unit: object) -> str:
    """A unit's name in the register; its code if it has none."""
    return str(book.pack.assessment.measures.units["name"].get(unit, unit))


def choice(book: Book, table: str, column: str, code: object) -> str:
    """The name of a choice column's code, in the model's words."""
    spec = book.model.tables.get(table)
    choices = spec.columns[column].choices if spec and column in spec.columns else {}
    return (
        choices[code][book.lang]
        if isinstance(code, str) and code in choices
        else str(code)
        if isinstance(code, str)
        else NOTHING
    )


def _section(sheet: Sheet, label: Label) -> None:
    sheet.section(label)
    sheet.down(22)


# ---------------------------------------------------------------- red lines


def _events(book: Book, sheet: Sheet) -> bool:
    """The events, and whether they take more than a page: their heading then stands on each."""
    _section(sheet, book.label("red_lines.in_effect"))
    if not book.model.red_lines:
        sheet.sentence(book.say("red_lines.no_model"))
        sheet.down(8)
        return False
    events = in_effect(book.pack.assessment)
    head = sheet.row
    if events.empty:
        sheet.sentence(book.say("red_lines.none"))
    else:
        columns = [
            book.head("unit", NAME, span=2),
            book.head("event_no", CENTRED.but(size="small", colour="grey")),
            book.head("red_line", WRAPPED, span=4),
            book.head("facts", WRAPPED.but(size="small"), span=4),
            book.head("severity", CENTRED),
            book.head("confirmed_on", CENTRED.but(size="small", format="yyyy-mm-dd")),
            book.head("appeal", CENTRED),
            book.head("effect", CENTRED.but(bold=True, colour="bad", wrap=True), span=3),
        ]
        sheet.table(
            columns,
            [
                _event(book, event)
                for event in events.sort_values(["unit", "confirmed_on"]).iloc[: book.most].itertuples()
            ],
        )
        book.not_all(sheet, len(events))
    long = pages(sheet) > 1
    if long:
        sheet.worksheet.print_title_rows = f"{head}:{head}"
    _without_effect(book, sheet)
    sheet.down(10)
    return long


def _event(book: Book, event: Any) -> list[object]:
    table = "red_line_events"
    return [
        unit_name(book, event.unit),
        getattr(event, "event_no", NOTHING),
        line_name(book, str(event.red_line)),
        getattr(event, "facts", NOTHING),
        choice(book, table, "severity", getattr(event, "severity", None)),
        event.confirmed_on,
        choice(book, table, "appeal", getattr(event, "appeal", None)),
        effect(book, event),
    ]


def _without_effect(book: Book, sheet: Sheet) -> None:
    """Events on record that count no more or not yet: how many, and why."""
    events = book.pack.assessment.events
    if events.empty:
        return
    counts = events["status"].value_counts()
    words = [
        book.say(f"red_lines.status.{status}", n=int(counts[status]))
        for status in (grades.OVERTURNED, grades.CURED, grades.EARLIER, grades.LATER)
        if status in counts
    ]
    if words:
        sheet.sentence(
            book.say("red_lines.others", words=book.say("list").join(words)),
            Look(size="small", colour="grey", wrap=True, indent=1),
        )


def _candidates(book: Book, sheet: Sheet, candidates: pd.DataFrame) -> None:
    if not book.model.red_lines:
        return
    together(sheet, A_START)
    _section(sheet, book.label("red_lines.pending"))
    sheet.sentence(
        book.say("red_lines.pending_note" if len(candidates) else "red_lines.pending_none"),
        Look(size="small", colour="grey", wrap=True, indent=1),
    )
    if len(candidates):
        columns = [
            book.head("unit", NAME, span=2),
            book.head("red_line", WRAPPED, span=6),
            book.head("rows", CENTRED.but(format="#,##0")),
            book.head("table", TEXT, span=2),
            book.head("file", WRAPPED.but(size="small"), span=4),
            book.head("row_numbers", WRAPPED.but(size="small"), span=2),
        ]
        groups = candidates.groupby(["unit", "red_line", "table", "_file"], sort=True, dropna=False)
        sheet.worksheet.print_title_rows = f"{sheet.row}:{sheet.row}"
        sheet.table(columns, [_candidate(book, key, rows) for key, rows in islice(groups, book.most)])
        book.not_all(sheet, groups.ngroups)
    sheet.down(10)


def _candidate(book: Book, key: tuple[Any, ...], rows: pd.DataFrame) -> list[object]:
    unit, line, table, file = key
    numbers = [str(number) for number in sorted(set(rows["_row"]))]
    shown = book.say("list").join(numbers[:6]) + (" …" if len(numbers) > 6 else "")
    named = book.model.tables[table].name[book.lang] if table in book.model.tables else table
    return [unit_name(book, unit), line_name(book, line), len(rows), named, file, shown]


# ---------------------------------------------------------------- findings


def _findings(book: Book, sheet: Sheet) -> None:
    findings = book.pack.findings
    if findings.rows.empty:
        sheet.sentence(book.say("findings.no_table"))
        return
    outstanding = findings.outstanding()
    if outstanding.empty:
        sheet.sentence(book.say("findings.none"))
        return
    sheet.sentence(_by_severity(book, outstanding), Look(size="small", colour="grey", wrap=True, indent=1))
    _by_department(book, sheet, outstanding)
    columns = [
        book.head("code", TEXT.but(colour="grey")),
        book.head("unit", NAME, span=3),
        book.head("outstanding", CENTRED.but(format="0;-0;–", bold=True), span=2),
        book.head("overdue", CENTRED.but(format="0;-0;–"), span=2),
        book.head("longest", CENTRED.but(format="0;-0;–"), span=2),
        book.head("major", CENTRED.but(format="0;-0;–")),
        *(
            book.head(f"age{place}", CENTRED.but(format="0;-0;–", colour="grey"))
            for place in range(len(AGE_LIMITS) + 1)
        ),
        book.head("closed", CENTRED.but(format="0;-0;–", colour="grey")),
    ]
    classes = _ages(outstanding)
    by_unit = findings.by_unit()
    order = by_unit[by_unit["outstanding"] > 0].sort_values(
        ["overdue", "longest", "outstanding"], ascending=False, kind="stable"
    )
    rows = [
        _finding_row(book, str(unit), row, figures.row_of(classes, unit))
        for unit, row in order.iloc[: book.most].iterrows()
    ]
    total = [
        Shown(
            value,
            TEXT.but(bold=True, top="rule")
            if place < 2
            else CENTRED.but(bold=True, top="rule", format="0;-0;–"),
        )
        for place, value in enumerate(_total(book, order, by_unit, classes))
    ]
    sheet.worksheet.print_title_rows = f"{sheet.row}:{sheet.row}"
    sheet.table(columns, [*rows, total])
    book.not_all(sheet, len(order))


def _by_department(book: Book, sheet: Sheet, outstanding: pd.DataFrame) -> None:
    """Who has to put things right: departments, never persons; the most overdue first."""
    if "department" not in outstanding or outstanding["department"].isna().all():
        return
    count = CENTRED.but(format="0;-0;–")
    columns = [
        book.head("department_in_charge", NAME, span=4),
        book.head("outstanding", count, span=2),
        book.head("overdue", count, span=2),
        book.head("longest", count, span=2),
        book.head("major", count),
        book.head("recurring", count, span=2),
    ]
    rows = outstanding.assign(
        late=outstanding["overdue_days"] > 0,
        major=outstanding["severity"] == "major",
        again=_recurring(outstanding),
    ).groupby("department")
    table = rows.agg(
        outstanding=("unit", "size"),
        late=("late", "sum"),
        longest=("overdue_days", "max"),
        major=("major", "sum"),
        again=("again", "sum"),
    ).sort_values(["late", "longest", "outstanding"], ascending=False, kind="stable")
    sheet.table(columns, [[name, *(int(value) for value in row)] for name, row in table.iterrows()])
    sheet.down(8)


def _recurring(findings: pd.DataFrame) -> pd.Series:
    """Whether each finding came back after it was closed."""
    return findings["recurs"].notna() if "recurs" in findings else pd.Series(False, findings.index)


def _by_severity(book: Book, outstanding: pd.DataFrame) -> str:
    counts = outstanding["severity"].value_counts()
    words = [
        f"{choice(book, 'findings', 'severity', code)} {int(counts[code])}"
        for code in SEVERITIES
        if code in counts
    ]
    again = int(_recurring(outstanding).sum())
    told = book.say("findings.by_severity", n=len(outstanding), words=book.say("list").join(words))
    return told + (book.say("findings.recurring", n=again) if again else "")


def _ages(outstanding: pd.DataFrame) -> pd.DataFrame:
    """Units × classes of days overdue."""
    bins = [float("-inf"), *AGE_LIMITS, float("inf")]
    labels = list(range(len(AGE_LIMITS) + 1))
    return pd.crosstab(
        outstanding["unit"], pd.cut(outstanding["overdue_days"], bins, labels=labels), dropna=False
    ).reindex(columns=labels, fill_value=0)


def _finding_row(book: Book, unit: str, row: pd.Series, ages: pd.Series) -> list[object]:
    late = int(row["overdue"])
    warned = CENTRED.but(colour="bad", bold=True) if late else CENTRED.but(format="0;-0;–")
    return [
        unit,
        unit_name(book, unit),
        int(row["outstanding"]),
        Shown(late, warned),
        int(row["longest"]),
        int(row["major"]),
        *(int(count) for count in ages),
        int(row["closed"]),
    ]


def _total(book: Book, order: pd.DataFrame, by_unit: pd.DataFrame, ages: pd.DataFrame) -> list[object]:
    return [
        None,
        book.say("total"),
        int(order["outstanding"].sum()),
        int(order["overdue"].sum()),
        int(order["longest"].max()),
        int(order["major"].sum()),
        *(int(count) for count in ages.sum()),
        int(by_unit["closed"].sum()),
    ]
