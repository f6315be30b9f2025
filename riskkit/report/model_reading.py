"""From the sheets of a model's workbook to its plain values, with the cell each came from."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from openpyxl.utils import get_column_letter

from riskkit.errors import Problem
from riskkit.evidence.cells import Vocabulary, convert, plain, squeezed
from riskkit.evidence.files import Cell, ErrorText, FormulaText, Grid, NumberText
from riskkit.model import schema as s
from riskkit.report.model_layout import Field, Layout, is_point

HEADER_SEARCH = 5
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SEPARATOR = re.compile(r"[,，、;；\n]")
_NO_WORDS = Vocabulary({})


@dataclass(frozen=True)
class Line:
    """One row of a sheet: its values by key and the address of every column's cell."""

    sheet: str
    number: int
    values: Mapping[str, Any]
    cells: Mapping[str, str]
    given: frozenset[str] = frozenset()
    """Keys of cells with anything in them, readable or not."""

    @property
    def first(self) -> str:
        """The address of the row's first cell."""
        return next(iter(self.cells.values()))


@dataclass
class Pages:
    """The lines of every sheet, the address of each sheet's headings, and what could not be read."""

    lines: dict[str, list[Line]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    headings: dict[str, Mapping[str, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    file: str = ""

    def tell(self, code: str, line: Line, key: str, **values: Any) -> None:
        """Note a problem at a line's cell."""
        self.problems.append(Problem(code, self.file, line.sheet, line.cells.get(key, line.first), values))


def read_pages(grids: Iterable[Grid], layouts: Iterable[Layout], file: str) -> Pages:
    """Read every sheet of a workbook that is there; sheets are known by their name in either language."""
    pages = Pages(file=file)
    by_name = {squeezed(grid.sheet): grid for grid in grids}
    for layout in layouts:
        names = [layout.title("zh"), layout.title("en"), layout.name]
        grid = next((by_name[squeezed(name)] for name in names if squeezed(name) in by_name), None)
        pages.titles[layout.name] = grid.sheet if grid else layout.title("zh")
        if grid is None:
            continue
        reader = _SheetReader(layout, grid, pages)
        pages.lines[layout.name] = [reader.downwards()] if layout.downwards else reader.across()
    return pages


class _SheetReader:
    def __init__(self, layout: Layout, grid: Grid, pages: Pages) -> None:
        self.layout = layout
        self.grid = grid
        self.pages = pages
        self.fields = {each.key: each for each in layout.fields}
        self.names = {
            squeezed(label): each
            for each in layout.fields
            for label in (each.key, each.label("zh"), each.label("en"))
        }

    def known(self, heading: str) -> Field | None:
        """The field a heading names: by its last line, the key, or by its wording."""
        for text in (heading.rsplit("\n", 1)[-1], heading, heading.split("\n", 1)[0]):
            key = plain(text)
            if is_point(key) and self.layout.name == "tree":
                return Field(key, "number")
            if squeezed(text) in self.names:
                return self.names[squeezed(text)]
        return None

    def problem(self, code: str, row: int, at: int, /, **values: Any) -> None:
        self.pages.problems.append(self.grid.problem(code, row, at, **values))

    # ------------------------------------------------------------ tables

    def across(self) -> list[Line]:
        start, columns = self.header()
        self.pages.headings[self.layout.name] = {
            each.key: f"{get_column_letter(index + 1)}{start + 1}" for index, each in columns.items()
        }
        missing = [
            each for each in self.layout.fields if each.kind != "info" and each not in columns.values()
        ]
        missing = [each for each in missing if not is_point(each.key)]
        for each in missing:
            self.problem("form.missing_heading", start + 1, 0, found=each.key)
        return [self.line(number, row, columns) for number, row in self.rows(start, columns)]

    def header(self) -> tuple[int, dict[int, Field]]:
        rows = self.grid.rows[:HEADER_SEARCH]
        counts = [sum(1 for cell in row if cell and self.known(cell)) for row in rows]
        start = counts.index(max(counts)) if any(counts) else 0
        columns: dict[int, Field] = {}
        for index, cell in enumerate(rows[start] if rows else []):
            if not cell or not cell.strip():
                continue
            each = self.known(cell)
            if each is None:
                near = difflib.get_close_matches(plain(cell.rsplit("\n", 1)[-1]), self.fields, n=2)
                self.problem(
                    "form.unknown_heading", start + 1, index, found=_shown(cell), near=", ".join(near) or "-"
                )
            elif any(each.key == other.key for other in columns.values()):
                self.problem("evidence.header_twice", start + 1, index, found=_shown(cell))
            else:
                columns[index] = each
        return start, columns

    def rows(self, start: int, columns: Mapping[int, Field]) -> Iterator[tuple[int, list[Cell]]]:
        read = [index for index, each in columns.items() if each.kind != "info"]
        for number, row in enumerate(self.grid.rows[start + 1 :], start=start + 2):
            if any(index < len(row) and row[index] and str(row[index]).strip() for index in read):
                yield number, row

    def line(self, number: int, row: list[Cell], columns: Mapping[int, Field]) -> Line:
        values: dict[str, Any] = {}
        cells: dict[str, str] = {}
        given = []
        for index, each in columns.items():
            cells[each.key] = f"{get_column_letter(index + 1)}{number}"
            cell = row[index] if index < len(row) else None
            if each.kind == "info" or cell is None or not cell.strip():
                continue
            given.append(each.key)
            self.value(each, cell, number, index, values)
        return Line(self.grid.sheet, number, values, cells, frozenset(given))

    # ------------------------------------------------------------ settings

    def downwards(self) -> Line:
        values: dict[str, Any] = {}
        cells: dict[str, str] = {}
        given = []
        for number, row in enumerate(self.grid.rows, start=1):
            label = plain(row[0] or "") if row else ""
            if number <= 2 or not label:
                continue
            each = self.known(str(row[0]))
            cell = row[1] if len(row) > 1 else None
            if each is None:
                near = (
                    ", ".join(difflib.get_close_matches(label.rsplit("\n", 1)[-1], self.fields, n=2)) or "-"
                )
                self.problem("form.unknown_heading", number, 0, found=_shown(label), near=near)
            elif each.key in cells:
                self.problem("evidence.header_twice", number, 0, found=each.key)
            else:
                cells[each.key] = f"B{number}"
                if cell is not None and cell.strip():
                    given.append(each.key)
                    self.value(each, cell, number, 1, values)
        for key in self.fields:
            if key not in cells:
                self.problem("form.missing_heading", 1, 0, found=key)
        self.pages.headings[self.layout.name] = cells
        return Line(self.grid.sheet, 1, values, {"": "A1"} | cells, frozenset(given))

    # ------------------------------------------------------------ one cell

    def value(self, each: Field, cell: str, number: int, index: int, values: dict[str, Any]) -> None:
        """Read a cell into `values`, or tell why it cannot be read."""
        try:
            values[each.key] = read_cell(each, cell)
        except _Unreadable as fault:
            self.problem(fault.code, number, index, **{"column": each.key, **fault.values})


class _Unreadable(Exception):
    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


def read_cell(each: Field, cell: str) -> Any:
    """The value of a cell, by the kind of its column."""
    text = _CONTROL.sub("", str(cell)).strip()
    match each.kind:
        case "number":
            return float(_converted(cell, "number"))
        case "whole":
            return int(_converted(cell, "integer"))
        case "flag":
            return bool(_converted(cell, "yes_no"))
        case "setting":
            return _setting(cell)
    if isinstance(cell, ErrorText | FormulaText):
        _converted(cell, "text")
    match each.kind:
        case "code":
            return plain(text)
        case "choice":
            return _choice(plain(text), each.options)
        case "codes":
            return [part for part in re.split(r"[\s,，、;；]+", plain(text)) if part]
        case "names":
            return [part.strip() for part in _SEPARATOR.split(text) if part.strip()]
        case "joined":
            return (
                _pairs(text)
                if "=" in text
                else [part for part in re.split(r"[\s,，、;；]+", plain(text)) if part]
            )
        case "taken":
            return _pairs(text)
    return text


def _converted(cell: str, type_: str) -> Any:
    column = s.Column.model_validate({"zh": "", "en": "", "type": type_})
    found = convert([cell], column, _NO_WORDS)
    if found.faults:
        fault = found.faults[0][1]
        raise _Unreadable(f"evidence.{fault.code}", **fault.values)
    return found.values.iloc[0]


def _setting(cell: str) -> Any:
    """A parameter: a date where it looks like one, else a number."""
    if not isinstance(cell, NumberText) and re.fullmatch(r"\d{4}\D.*", plain(cell)):
        return _converted(cell, "date").date()
    return float(_converted(cell, "number"))


def _choice(text: str, options: tuple[str, ...]) -> str:
    if text not in options:
        raise _Unreadable("evidence.choice", found=text, known=", ".join(options))
    return text


def _pairs(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in re.split(r"[;；\n]", text):
        name, sign, rest = (piece.strip() for piece in part.partition("="))
        if not part.strip():
            continue
        if not sign or not name or not rest or name in pairs:
            raise _Unreadable("form.pairs", found=part.strip())
        pairs[name] = rest
    return pairs


def _shown(heading: str) -> str:
    return heading.replace("\n", " ").strip()
