"""Files as grids of text. Nothing is converted here: every cell keeps what was written and its kind."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import re
import struct
import warnings
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils import get_column_letter
from openpyxl.utils.escape import unescape

from riskkit.errors import Problem

ORIGIN = ["_file", "_sheet", "_row"]
"""Columns every evidence row carries: where it came from."""

READABLE = (".csv", ".xlsx", ".xlsm")
OLD = (".xls", ".xlsb", ".et", ".ods", ".numbers", ".zip", ".rar", ".7z")
MAX_UNPACKED = 1 << 30
MAX_RATIO = 300
MAX_COLUMNS = 512
MAX_FAR_CELLS = 5000
"""Cells beyond column ZZ: a few are a slip, very many are filled up by the parser until memory is gone."""
_ZEROS = re.compile(r"^0{2,}$")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\s[^>]*hidden="(?:1|true)"')
_HIDDEN_COLUMN = re.compile(rb'<(?:\w+:)?col\s[^>]*hidden="(?:1|true)"')
_FAR_CELL = re.compile(rb'\sr="[A-Z]{3}\d')
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")


class NumberText(str):
    """The text of a cell that was stored as a number."""

    __slots__ = ()


class ErrorText(str):
    """The text of an error cell such as #N/A."""

    __slots__ = ()


class FormulaText(str):
    """A formula without a saved result."""

    __slots__ = ()


Cell = str | None


@dataclass
class Grid:
    """One sheet: `rows[i]` is row i+1 of the file."""

    file: str
    sheet: str
    rows: list[list[Cell]]
    dropped: set[int] = field(default_factory=set)

    def problem(self, code: str, row: int, column: int, /, **values: Any) -> Problem:
        """A problem at a row (from 1) and column (from 0) of this grid."""
        return Problem(code, self.file, self.sheet, f"{get_column_letter(column + 1)}{row}", values)


def read_grids(path: Path, label: str) -> tuple[list[Grid], list[Problem]]:
    """The visible sheets of a workbook, or the one grid of a CSV file; `label` is how messages name the file."""
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _read_csv(path, label)
    if suffix in (".xlsx", ".xlsm"):
        return _read_workbook(path, label)
    return [], [Problem("evidence.old_format", label)]


def _read_csv(path: Path, label: str) -> tuple[list[Grid], list[Problem]]:
    text = _decoded(path.read_bytes())
    if text is None:
        return [], [Problem("evidence.encoding", label)]
    try:
        rows: list[list[Cell]] = [
            [cell or None for cell in row] for row in csv.reader(io.StringIO(text, newline=""), strict=True)
        ]
    except csv.Error as fault:
        return [], [Problem("evidence.unreadable", label, values={"reason": str(fault)})]
    grid = Grid(label, "", rows)
    width = next((len(row) for row in rows if sum(map(bool, row)) > 1), 0)
    problems = [
        grid.problem("evidence.long_row", number, width, found=len(row), expected=width)
        for number, row in enumerate(rows, start=1)
        if len(row) > width and any(row[width:])
    ]
    return [grid], problems


def _decoded(content: bytes) -> str | None:
    """The text of UTF-8 or GB18030. A few bad bytes in UTF-8 do not make it GB18030, where nearly anything passes."""
    marked = content.startswith(codecs.BOM_UTF8)
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        lenient = content.decode("utf-8", errors="replace")
    bad = lenient.count("\ufffd")
    if marked or sum(1 for character in lenient if character > "\x7f") > 10 * bad:
        return None
    try:
        return content.decode("gb18030")
    except UnicodeDecodeError:
        return None


def _read_workbook(path: Path, label: str) -> tuple[list[Grid], list[Problem]]:
    refused = _look_into_zip(path, label)
    if refused:
        return [], [refused]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and drop-downs that openpyxl does not know
            return _visible_sheets(path, label)
    except Exception as fault:  # openpyxl raises anything at all on a damaged file
        reason = f"{type(fault).__name__}: {fault}"[:120]
        return [], [Problem("evidence.unreadable", label, values={"reason": reason})]


def _visible_sheets(path: Path, label: str) -> tuple[list[Grid], list[Problem]]:
    parts = _sheet_parts(path)
    if sum(len(_FAR_CELL.findall(part)) for part in parts) > MAX_FAR_CELLS:
        return [], [Problem("evidence.too_large", label, values={"found": "XFD"})]
    values = _opened(path, data_only=True)
    has_formulas = any(map(_FORMULA.search, parts))
    formulas = _opened(path, data_only=False) if has_formulas else None
    grids = [
        Grid(label, sheet.title, _sheet_rows(sheet, formulas[sheet.title] if formulas else None))
        for sheet in values.worksheets
        if sheet.sheet_state == "visible"
    ]
    notes = [
        Problem("evidence.hidden", label, values={"found": {"zh": zh, "en": en}}, severity="note")
        for hidden, zh, en in (
            (len(grids) < len(values.worksheets), "工作表", "sheets"),
            (any(map(_HIDDEN_ROW.search, parts)), "行", "rows"),
            (any(map(_HIDDEN_COLUMN.search, parts)), "列", "columns"),
        )
        if hidden
    ]
    values.close()
    if formulas:
        formulas.close()
    return grids, notes


def _opened(path: Path, *, data_only: bool) -> openpyxl.Workbook:
    """A workbook with every sheet it names; openpyxl itself leaves out those that the file does not hold."""
    reader = ExcelReader(str(path), read_only=True, data_only=data_only)
    reader.read()
    if (missing := len(reader.parser.sheets) - len(reader.wb.sheetnames)) > 0:
        reader.wb.close()
        raise ValueError(f"{missing} of {len(reader.parser.sheets)} sheets missing")
    return reader.wb


def _look_into_zip(path: Path, label: str) -> Problem | None:
    """A cheap look before a parser is let loose on the file."""
    with path.open("rb") as stream:
        head = stream.read(8)
    if head == _OLE:
        return Problem("evidence.encrypted", label)
    try:
        with zipfile.ZipFile(path) as package:
            entries = package.infolist()
            unpacked = sum(entry.file_size for entry in entries)
            packed = max(1, sum(entry.compress_size for entry in entries))
            if unpacked > MAX_UNPACKED or (unpacked > 1 << 24 and unpacked / packed > MAX_RATIO):
                return Problem("evidence.too_large", label, values={"found": f"{unpacked >> 20} MB"})
            for entry in entries:
                if entry.filename.endswith((".xml", ".rels")):
                    with package.open(entry) as part:
                        if b"<!DOCTYPE" in part.read(1 << 16).replace(b"\0", b""):
                            return Problem("evidence.too_large", label, values={"found": "DOCTYPE"})
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        RuntimeError,
        ValueError,
        zlib.error,
        struct.error,
    ) as fault:
        incomplete = {"zh": "不是完整的 .xlsx 文件", "en": "not a whole .xlsx file"}
        reason = incomplete if isinstance(fault, zipfile.BadZipFile) else str(fault)
        return Problem("evidence.unreadable", label, values={"reason": reason})
    return None


def _sheet_parts(path: Path) -> list[bytes]:
    with zipfile.ZipFile(path) as package:
        names = [name for name in package.namelist() if "worksheets/" in name.lower()]
        return [package.read(name) for name in names if name.lower().endswith(".xml")]


def _sheet_rows(sheet: Any, formulas: Any) -> list[list[Cell]]:
    sheet.reset_dimensions()
    if formulas is None:
        rows = [_trim([_text(cell) for cell in row[:MAX_COLUMNS]]) for row in sheet.iter_rows()]
    else:
        formulas.reset_dimensions()
        pairs = zip(sheet.iter_rows(), formulas.iter_rows(), strict=False)
        rows = [_trim(_texts(row[:MAX_COLUMNS], written)) for row, written in pairs]
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _texts(row: Any, written: Any) -> list[Cell]:
    """The texts of a row; a formula whose result was not saved stands as such, one whose result is empty is empty."""
    texts = [_text(cell) for cell in row]
    for index, (shown, cell) in enumerate(zip(row, written, strict=False)):
        if cell.data_type == "f" and shown.value is None and shown.data_type != "str":
            texts[index] = FormulaText(_formula(cell.value))
    return texts


def _formula(value: Any) -> str:
    return str(getattr(value, "text", None) or value)


def _trim(row: list[Cell]) -> list[Cell]:
    while row and row[-1] is None:
        row.pop()
    return row


def _text(cell: Any) -> Cell:
    value = cell.value
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return ErrorText(value) if cell.data_type == "e" else unescape(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        return (
            value.strftime("%Y-%m-%d") if value.time() == dt.time() else value.strftime("%Y-%m-%d %H:%M:%S")
        )
    if isinstance(value, int | float):
        text = str(int(value)) if float(value).is_integer() else repr(float(value))
        padded = str(cell.number_format)
        return text.zfill(len(padded)) if _ZEROS.match(padded) else NumberText(text)
    return str(value)
