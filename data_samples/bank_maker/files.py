"""Writing tables the way teams hand them in: csv in two encodings, workbooks, dates in several styles."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from bank_maker.contract import Column, Layout

Row = dict[str, Any]
Grid = list[list[Any]]

_STAMP = (2026, 7, 10, 9, 0, 0)
_TIMES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


@dataclass(frozen=True)
class Style:
    """How one team types: what kind of file, its encoding, its dates, and whether units go by name."""

    kind: str = "csv"
    encoding: str = "utf-8"
    dates: str = "iso"
    by_name: bool = False
    native_dates: bool = False
    sheet: str = ""


@dataclass
class Handed:
    """One file of a quarter: a grid of cells under one or two header rows."""

    path: str
    style: Style
    grid: Grid
    header_rows: int = 1
    merges: list[str] = field(default_factory=list)
    bold_rows: list[int] = field(default_factory=list)

    @property
    def sheet(self) -> str:
        return self.style.sheet if self.style.kind == "xlsx" else ""


def _date(day: dt.date, style: Style) -> object:
    if style.native_dates:
        return day
    clock = f" {day:%H:%M:%S}" if isinstance(day, dt.datetime) else ""
    match style.dates:
        case "slash":
            return f"{day.year}/{day.month}/{day.day}{clock}"
        case "chinese":
            return f"{day.year}年{day.month}月{day.day}日{clock}"
    return f"{day:%Y-%m-%d}{clock}"


def cell(value: object, column: Column, style: Style) -> object:
    """A value as the team would type it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dt.date):
        return _date(value, style)
    if column.choices and isinstance(value, str):
        return column.choices.get(value, value)
    return value


def tabulate(layout: Layout, rows: Sequence[Row], style: Style, *, leave_out: Sequence[str] = ()) -> Grid:
    """The grid of a table: one header row in Chinese, then the rows, columns in the model's order."""
    columns = [column for column in layout.columns if column.id not in leave_out]
    known = {column.id for column in layout.columns}
    if strange := {name for row in rows for name in row} - known:
        raise KeyError(f"{layout.id} has no columns {sorted(strange)}")
    body = [[cell(row.get(column.id), column, style) for column in columns] for row in rows]
    return [[column.heading for column in columns], *body]


def write(folder: Path, handed: Handed) -> None:
    """Write one file so that the same grid always gives the same bytes."""
    path = folder / handed.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_workbook(handed) if handed.style.kind == "xlsx" else _csv(handed))


def _csv(handed: Handed) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(
        [["" if value is None else value for value in row] for row in handed.grid]
    )
    return text.getvalue().encode(handed.style.encoding)


def _workbook(handed: Handed) -> bytes:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = handed.style.sheet
    for row in handed.grid:
        sheet.append(row)
    for merge in handed.merges:
        sheet.merge_cells(merge)
    _dress(sheet, handed)
    book.properties.creator = "示例"
    raw = io.BytesIO()
    book.save(raw)
    return freeze(raw.getvalue())


def _dress(sheet: Worksheet, handed: Handed) -> None:
    line = Side(style="thin", color="FFBFBFBF")
    for row in sheet.iter_rows(min_row=1, max_row=handed.header_rows):
        for each in row:
            each.font = Font(bold=True)
            each.fill = PatternFill("solid", fgColor="FFE7ECEF")
            each.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
            each.border = Border(bottom=line)
    for number in handed.bold_rows:
        for each in sheet[number]:
            each.font = Font(bold=True)
    for place in range(1, len(handed.grid[0]) + 1):
        sheet.column_dimensions[get_column_letter(place)].width = 14
    sheet.freeze_panes = f"A{handed.header_rows + 1}"


def freeze(raw: bytes) -> bytes:
    """The same workbook with fixed times in the zip and in its properties, so that two savings are equal bytes."""
    frozen = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(frozen, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _TIMES.sub(rb"\g<1>2026-07-10T09:00:00Z", content)
            entry = zipfile.ZipInfo(name, _STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0
            target.writestr(entry, content, compresslevel=9)
    return frozen.getvalue()
