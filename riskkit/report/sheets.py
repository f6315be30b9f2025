"""Writing sheets from top to bottom: rows, headings, tables with one look, pages."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from openpyxl.cell import Cell
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.pagebreak import Break
from openpyxl.worksheet.worksheet import Worksheet

from riskkit.report.cells import Block, Formula, Label, Runs, Shown, put, style_of
from riskkit.report.theme import Look, Size, theme

LONGEST_TITLE = 31
RULER = 7
"""Pixels of a character of a column's width."""
_NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\\x00-\x1f\ud800-\udfff\ufffe\uffff]")


# ---------------------------------------------------------------- measuring text


@lru_cache(maxsize=8192)
def ems(text: str) -> float:
    """The width of a text as a multiple of its type size: 1 for a Chinese character, about half for a Latin one."""
    return sum(_advance(character) for character in text)


@lru_cache(maxsize=8192)
def _advance(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    return 0.68 if character.isupper() or character in "%→▲▼≤≥" else 0.54


def lines_of(text: str, width: float, size: Size = "body", *, bold: bool = False) -> int:
    """How many lines a text takes in a column of so many characters of the ruler."""
    pixels = getattr(theme().sizes, size) * 4 / 3 * (1.06 if bold else 1.0)
    room = max(width * RULER - 7, 1.0)
    return sum(max(1, math.ceil(ems(line) * pixels / room)) for line in text.split("\n"))


def title_of(text: str, taken: Iterable[str] = ()) -> str:
    """A sheet's name: allowed characters, at most 31 of them, none twice."""
    wanted = _NOT_IN_TITLES.sub(" ", text).strip().strip("'").strip() or "–"
    known = {name.casefold() for name in taken} | {"history"}
    title, number = _cut(wanted, LONGEST_TITLE), 1
    while title.casefold() in known:
        number += 1
        title = f"{_cut(wanted, LONGEST_TITLE - len(str(number)) - 1)} {number}"
    return title


def _cut(text: str, longest: int) -> str:
    """At most so long, cut between words where that keeps more than half."""
    if len(text) <= longest:
        return text
    words = text[:longest].rpartition(" ")[0]
    return f"{(words if len(words) > longest / 2 else text[: longest - 1]).rstrip()}…"


# ---------------------------------------------------------------- a sheet


PLAIN = Look()


@dataclass(frozen=True)
class Column:
    """A table's column: heading, how its cells look, how many columns of the sheet it takes."""

    label: Label | str
    look: Look = PLAIN
    span: int = 1


HEAD = Look(size="small", colour="grey", bold=True, align="center", wrap=True, bottom="rule", level="bottom")
GROUP = Look(
    size="body", colour="rule", bold=True, align="center", bottom="series_soft", level="bottom", wrap=True
)
TEXT = Look(bottom="hairline")
WRAPPED = TEXT.but(wrap=True)
NAME = WRAPPED.but(bold=True)
CENTRED = TEXT.but(align="center")
NUMBER = TEXT.but(align="right")
QUIET = TEXT.but(colour="grey", size="small", wrap=True)
LINE = 1.5
"""Height of a line as a multiple of its type size."""


class Sheet:
    """A worksheet written from top to bottom; `row` is the next free row, `printed` the last one that is printed, all
    of them for 0."""

    def __init__(self, worksheet: Worksheet, widths: Sequence[float]) -> None:
        self.worksheet = worksheet
        self.widths = list(widths)
        self.row = 1
        self.printed = 0
        self._named = quote_sheetname(worksheet.title)
        for number, width in enumerate(widths, start=1):
            worksheet.column_dimensions[get_column_letter(number)].width = width

    @property
    def columns(self) -> int:
        """How many columns the sheet has."""
        return len(self.widths)

    def put(self, column: int, value: Any, look: Look, *, span: int = 1, row: int | None = None) -> None:
        """Write a value, over several columns if wanted."""
        at = row or self.row
        put(self._cell(at, column), value, look)
        if span > 1:
            style = style_of(self._cell(at, column + 1), look, False)
            for beside in range(column + 1, column + span):
                self._cell(at, beside)._style = style
            self.join(at, at, column, column + span - 1)

    def _cell(self, row: int, column: int) -> Any:
        """A cell, made if it is not there; as `Worksheet.cell` without its checks, which every cell would pay for."""
        worksheet: Any = self.worksheet
        found = worksheet._cells.get((row, column))
        if found is None:
            found = Cell(worksheet, row, column)
            worksheet._add_cell(found)
        return found

    def ref(self, column: int, row: int, to_column: int = 0, to_row: int = 0) -> str:
        """A cell, or the cells from it to another, as a formula of any sheet names them."""
        cells = f"${get_column_letter(column)}${row}"
        if to_column or to_row:
            cells += f":${get_column_letter(to_column or column)}${to_row or row}"
        return f"{self._named}!{cells}"

    def join(self, top: int, bottom: int, left: int, right: int) -> None:
        """Make one cell of a block, keeping every cell's own look."""
        ranges: Any = self.worksheet.merged_cells.ranges
        ranges.add(Block(top, left, bottom, right))

    def link(self, column: int, to: str, *, span: int = 1, row: int | None = None) -> None:
        """Let a cell lead to cells of this workbook: `to` as a formula would name them. One whose text takes several
        lines does not: LibreOffice shows of a linked text no more than the first."""
        at = row or self.row
        cell: Any = self.worksheet.cell(at, column)
        if cell.alignment.wrap_text and lines_of(str(cell.value), self.width(column, span)) > 1:
            return
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=to)
        if span > 1:
            cell.hyperlink.ref = f"{cell.coordinate}:{get_column_letter(column + span - 1)}{at}"

    def height(self, points: float, row: int | None = None) -> None:
        """Set the height of the row."""
        self.worksheet.row_dimensions[row or self.row].height = round(points, 2)

    def down(self, points: float = 0.0) -> None:
        """Finish the row, with a height if one is given."""
        if points:
            self.height(points)
        self.row += 1

    def width(self, column: int, span: int = 1) -> float:
        """The width of some columns together."""
        return sum(self.widths[column - 1 : column - 1 + span])

    def spans(self, shares: Sequence[float]) -> list[int]:
        """How many columns each of some blocks takes, for blocks about as wide as their shares of the whole."""
        edges: list[int] = []
        reached, whole = 0.0, self.width(1, self.columns)
        for share in shares:
            reached += share / sum(shares) * whole
            least = (edges[-1] if edges else 0) + 1
            most = self.columns - (len(shares) - len(edges) - 1)
            nearest = min(range(least, most + 1), key=lambda count: abs(self.width(1, count) - reached))
            edges.append(nearest)
        edges[-1] = self.columns
        return [edge - before for edge, before in zip(edges, [0, *edges], strict=False)]

    def section(self, label: Label | str, *, column: int = 1, span: int = 0) -> None:
        """A heading with a rule below it."""
        look = Look(size="section", colour="rule", bold=True, bottom="rule", level="bottom")
        self.put(column, label, look, span=span or self.columns - column + 1)

    def sentence(self, text: str, look: Look | None = None, *, column: int = 1, span: int = 0) -> None:
        """A sentence over the whole width, as high as it needs."""
        used = look or Look(wrap=True, indent=1)
        over = span or self.columns - column + 1
        self.put(column, text, used, span=over)
        self.down(self.room([(text, column, over, used)]))

    def room(self, texts: Iterable[tuple[Any, int, int, Look]]) -> float:
        """The height a row needs for (text, column, span, look) to be read in full."""
        heights = [theme().sizes.body * LINE + 2.5]
        for value, column, span, look in texts:
            shown = value.cached if isinstance(value, Formula) else value
            if look.wrap and isinstance(shown, str | Label | Runs):
                text = shown if isinstance(shown, str) else shown.text
                count = lines_of(
                    text, self.width(column, span) - 1.3 * look.indent, look.size, bold=look.bold
                )
                heights.append(count * getattr(theme().sizes, look.size) * LINE + 3.5)
        return max(heights)

    def fixed_scale(self, percent: int) -> None:
        """Print at a scale of its own: with "fit to", page breaks would be ignored."""
        worksheet: Any = self.worksheet
        worksheet.sheet_properties.pageSetUpPr.fitToPage = False
        worksheet.page_setup.fitToWidth = worksheet.page_setup.fitToHeight = None
        worksheet.page_setup.scale = percent

    def new_page(self) -> None:
        """Begin a new page when printed."""
        self.worksheet.row_breaks.append(Break(id=self.row - 1))

    # ------------------------------------------------------------ tables

    def heads(self, columns: Sequence[Column], *, column: int = 1, look: Look = HEAD) -> None:
        """A table's heading row."""
        at, needed = column, []
        for each in columns:
            used = look.but(align="left") if each.look.align == "left" else look
            self.put(at, each.label, used, span=each.span)
            needed.append((each.label, at, each.span, used))
            at += each.span
        self.down(self.room(needed))

    def line(self, columns: Sequence[Column], values: Sequence[Any], *, column: int = 1) -> None:
        """One row of a table."""
        at, needed = column, []
        for each, value in zip(columns, values, strict=True):
            shown, look = (value.value, value.look) if isinstance(value, Shown) else (value, each.look)
            self.put(at, shown, look, span=each.span)
            needed.append((shown, at, each.span, look))
            at += each.span
        self.down(self.room(needed))

    def table(
        self, columns: Sequence[Column], rows: Iterable[Sequence[Any]], *, column: int = 1, main: bool = False
    ) -> None:
        """A heading row and its rows; the sheet's main table gets a filter, and its heading stays in view."""
        self.heads(columns, column=column)
        first = self.row
        for values in rows:
            self.line(columns, values, column=column)
        if main:
            self.keep(first - 1, first - 1, column)

    def keep(
        self, first: int, last: int, column: int = 1, *, still: int = 0, filters: int | None = None
    ) -> None:
        """Keep heading rows in view and on every page, and offer a filter on the rows below; `still` columns stay too.

        `filters` are the columns with a filter: all of them if not given, none for 0.
        """
        sheet = self.worksheet
        sheet.freeze_panes = f"{get_column_letter(still + 1)}{last + 1}"
        sheet.print_title_rows = f"{first}:{last}"
        filtered = self.columns if filters is None else filters
        if self.row > last + 1 and filtered:
            sheet.auto_filter.ref = (
                f"{get_column_letter(column)}{last}:{get_column_letter(filtered)}{self.row - 1}"
            )
