"""目标与实际: what departments and posts were to reach, by when, and what they reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from riskkit.analysis.targets import (
    ATTAINED,
    BEHIND,
    INCOMPLETE,
    MISSED,
    NO_TARGET,
    ON_COURSE,
    STATUSES,
    UNREPORTED,
    Targets,
    targets,
)
from riskkit.report import native_charts
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Shown
from riskkit.report.native_charts import Line, Place
from riskkit.report.paper import together
from riskkit.report.phrases import node_name
from riskkit.report.quarter.chart_data import ChartData
from riskkit.report.quarter.red_lines import unit_name
from riskkit.report.sheets import CENTRED, NAME, QUIET, TEXT, WRAPPED, Column, Sheet
from riskkit.report.theme import theme

GRID = [8, 15, 13, 13, 9, 9, 9, 9, 9, 9, 9, 9, 11]
LEADING = 4
"""Columns that say what a row is about; the counts follow."""
SCALE = 78
"""Per cent: at which horizons, chart and a dozen items stand on one page."""
CHART_ROWS, CHART_ROW = 8, 16
ITEM = 3
"""Columns that an item's name takes."""
NAMED = 60
"""Units named as having set no target, at most."""
HEADING, LINE_HIGH, A_START, A_PAGE = 60.0, 17.0, 150.0, 500.0
"""Points: of a block's headings and of a row, of what of a long block is worth beginning a page with, and of a page."""
COLOURS = {
    ATTAINED: "good",
    ON_COURSE: "series_soft",
    BEHIND: "warn_tint",
    MISSED: "bad",
    UNREPORTED: "grey",
    INCOMPLETE: "faint",
    NO_TARGET: "hairline",
}


def write_targets(book: Book, numbers: ChartData) -> None:
    """Summary and chart by horizon, then by item, department and post, and unit; on a sheet of its own, what asks for
    something."""
    sheet = book.sheet(book.say("targets.name"), GRID, paged=True)
    sheet.fixed_scale(SCALE)
    book.band(sheet, book.label("targets.title"), book.say("targets.subtitle"))
    found = targets(book.pack.assessment.measures)
    if found.rows.empty:
        sheet.sentence(book.say("targets.none"))
        return
    for sentence in _sentences(book, found):
        sheet.sentence(sentence)
    sheet.down(6)
    by_horizon = found.by("horizon")
    _block(book, sheet, "horizon", by_horizon, [("horizon", LEADING)], lambda key: [_horizon(book, key)])
    _chart(book, sheet, numbers, by_horizon)
    if len(found.rows.dropna(subset="item")):
        by_item = found.by("item")
        _block(book, sheet, "item", by_item, [("item", LEADING)], lambda key: [node_name(book, key)])
    posts = found.by("department", "post")
    _block(book, sheet, "post", posts, [("department", 2), ("post", 2)], list)
    by_unit = _worst_first(found.by("unit"))
    units = by_unit.iloc[: book.most]
    _block(book, sheet, "unit", units, [("code", 1), ("unit", 3)], lambda key: [key, unit_name(book, key)])
    book.not_all(sheet, len(by_unit))
    legend = QUIET.but(bottom="", indent=1)
    sheet.sentence(book.say("targets.legend"), legend)
    open_ones = book.sheet(book.say("targets.open_name"), GRID)
    book.band(open_ones, book.label("targets.open"), book.say("targets.open_note"))
    _open(book, open_ones, found.open())
    open_ones.sentence(book.say("targets.open_legend"), legend)


def _sentences(book: Book, found: Targets) -> list[str]:
    rows = found.rows
    counts = {status: int((rows["status"] == status).sum()) for status in STATUSES}
    due, named = int(rows["due"].sum()), len(rows) - counts[NO_TARGET]
    told = book.say("targets.set", rows=len(rows), named=named, share=f"{named / len(rows):.1%}")
    if due:
        share = f"{counts[ATTAINED] / due:.1%}"
        told += book.say("targets.due", due=due, attained=counts[ATTAINED], share=share)
    else:
        told += book.say("targets.none_due")
    if later := counts[ON_COURSE] + counts[BEHIND]:
        told += book.say("targets.later", later=later, on_course=counts[ON_COURSE])
    for status in (UNREPORTED, INCOMPLETE):
        told += book.say(f"targets.{status}", n=counts[status]) if counts[status] else ""
    if disputed := int(rows["disputed"].sum()):
        told += book.say("targets.disputed", n=disputed)
    sentences = [told.strip()]
    if found.handed_in != book.pack.period:
        sentences.append(book.say("targets.earlier", period=str(found.handed_in)))
    silent = book.pack.ranking
    silent = silent[~silent.index.isin(rows["unit"])]
    if len(silent):
        names = book.say("list").join(silent["name"].iloc[:6]) + (" …" if len(silent) > 6 else "")
        sentences.append(book.say("targets.silent", n=len(silent), names=names))
    return sentences


def _horizon(book: Book, code: object) -> str:
    return book.say(f"targets.horizon.{code}")


def _worst_first(table: pd.DataFrame) -> pd.DataFrame:
    """The lowest share reached first, then those that set the fewest."""
    return table.sort_values(["reached", NO_TARGET], ascending=[True, False], kind="stable")


# ---------------------------------------------------------------- counts


def _block(
    book: Book,
    sheet: Sheet,
    key: str,
    table: pd.DataFrame,
    names: Sequence[tuple[str, int]],
    words: Callable[[Any], Sequence[object]],
) -> None:
    """One table of counts under a heading, on one page if a page can hold it."""
    high = HEADING + LINE_HIGH * len(table)
    together(sheet, high if high < A_PAGE else A_START)
    sheet.section(book.label(f"targets.by_{key}"))
    sheet.down(22)
    by_item = key == "item"  # a target that is not set has none
    statuses = STATUSES[:-1] if by_item else STATUSES
    count = CENTRED.but(format="#,##0;-#,##0;–")
    columns = [
        *(
            book.head(name, TEXT.but(colour="grey") if name == "code" else NAME, span=span)
            for name, span in names
        ),
        book.head("targets_set" if by_item else "targets_rows", count.but(colour="grey")),
        *(Column(book.label(f"targets.status.{status}", stacked=True), count) for status in statuses),
        book.head("reached", CENTRED.but(bold=True, format="0.0%"), span=2 if by_item else 1),
    ]
    rows = [
        [*words(index), int(row["rows"]), *(_count(row, status) for status in statuses), row["reached"]]
        for index, row in table.iterrows()
    ]
    if high >= A_PAGE:
        sheet.worksheet.print_title_rows = f"{sheet.row}:{sheet.row}"
    sheet.table(columns, rows)
    sheet.down(8)


def _count(row: pd.Series, status: str) -> object:
    value = int(row[status])
    return Shown(value, CENTRED.but(colour="bad", bold=True)) if status == MISSED and value else value


def _chart(book: Book, sheet: Sheet, numbers: ChartData, table: pd.DataFrame) -> None:
    label = book.label("targets.chart")
    columns = {
        book.say(f"targets.status.{status}"): table[status].tolist()
        for status in STATUSES
        if table[status].any()
    }
    colours = [COLOURS[status] for status in STATUSES if table[status].any()]
    names, values = numbers.block(label, [_horizon(book, key) for key in table.index], columns, "0")
    series = [Line(each, colour) for each, colour in zip(values, colours, strict=True)]
    chart = native_charts.stacked(label, names, series, form="0;;")
    top = sheet.row
    for row in range(top, top + CHART_ROWS):
        sheet.height(CHART_ROW, row)
    native_charts.add(sheet.worksheet, chart, Place(1, top, len(GRID) + 1, top + CHART_ROWS))
    book.pictures.append(label.text)
    sheet.row = top + CHART_ROWS
    sheet.down(8)


# ---------------------------------------------------------------- row by row


def _open(book: Book, sheet: Sheet, rows: pd.DataFrame) -> None:
    """One row a target; those not even set, one row a department, post and horizon."""
    if rows.empty:
        sheet.sentence(book.say("targets.none_open"))
        return
    small = TEXT.but(size="small")
    columns = [
        book.head("unit", NAME, span=2),
        book.head("department", small.but(wrap=True)),
        book.head("post", small.but(wrap=True)),
        book.head("horizon", CENTRED),
        book.head("item", WRAPPED.but(size="small", indent=1), span=ITEM),
        book.head("target", CENTRED),
        book.head("actual", CENTRED),
        book.head("gap_to_target", CENTRED),
        book.head("due_on", CENTRED.but(size="small")),
        book.head("status", CENTRED.but(size="small")),
    ]
    unset = (rows["status"] == NO_TARGET) & ~rows["disputed"]
    entries: list[Any] = list(rows[~unset].iloc[: book.most].itertuples())
    sheet.table(columns, [_row(book, entry) for entry in entries], main=True)
    book.not_all(sheet, int((~unset).sum()))
    last = columns[-1]
    columns[4:] = [Column("", columns[4].look, ITEM + 4), last]
    for key, units in rows[unset].groupby(["department", "post", "horizon"], dropna=False)["unit"]:
        sheet.line(columns, _unset(book, key, units))


def _unset(book: Book, key: tuple[Any, ...], units: pd.Series) -> list[object]:
    """How many units set no target for a post and horizon, and which."""
    department, post, horizon = key
    names = [unit_name(book, unit) for unit in dict.fromkeys(units)]
    told = book.say("list").join(names[:NAMED]) + (" …" if len(names) > NAMED else "")
    status = book.say(f"targets.status.{NO_TARGET}")
    return [
        book.say("targets.units", n=len(names)),
        department,
        post,
        _horizon(book, horizon),
        book.say("targets.without", names=told),
        status,
    ]


def _row(book: Book, entry: Any) -> list[object]:
    item = book.model.items.get(entry.item) if isinstance(entry.item, str) else None
    form = CENTRED.but(format=getattr(theme().formats, item.unit)) if item else CENTRED
    gap = form.but(colour="bad" if entry.gap < 0 else "ink", bold=True)
    status = book.say(f"targets.status.{entry.status}")
    disputed = book.say("targets.stated_otherwise") if entry.disputed else ""
    return [
        unit_name(book, entry.unit),
        entry.department,
        entry.post,
        _horizon(book, entry.horizon),
        node_name(book, entry.item) if item else NOTHING,
        Shown(entry.target, form),
        Shown(entry.actual, form),
        Shown(entry.gap, gap),
        entry.due_on,
        Shown(f"{status}{disputed}", CENTRED.but(bold=entry.status == MISSED, size="small", wrap=True)),
    ]
