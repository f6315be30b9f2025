"""The parts of a workbook: rows of cells written as text at once, formulas with their results, all else by openpyxl."""

from __future__ import annotations

import io
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from openpyxl.cell.rich_text import CellRichText
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.dimensions import SheetDimension
from openpyxl.writer.excel import ExcelWriter

from riskkit.report.sheets import Formula, RichText

_EMPTY = b"<sheetData></sheetData>"
_PLACE = attrgetter("row", "column")
_NUMBER: Any = to_excel


_settled: WeakKeyDictionary[Any, _Settled] = WeakKeyDictionary()


@dataclass(frozen=True)
class _Settled:
    """What a sheet's cells come to: their rows as text, their links, and from which cell to which they reach."""

    rows: bytes
    links: list[Any]
    reach: str


def settle(worksheet: Any) -> None:
    """Turn a sheet's cells into text now rather than when all is written: they take five times its room. Nothing can be
    put into the sheet afterwards."""
    if worksheet not in _settled:
        rows = _Rows(worksheet)
        _settled[worksheet] = _Settled(rows.written(), rows.links, worksheet.calculate_dimension())
        worksheet._cells.clear()
        worksheet.row_dimensions.clear()


def parts_of(workbook: Any) -> dict[str, bytes]:
    """Every part of a workbook's package by its name.

    They are those that openpyxl's own saving makes, but a formula written by `sheets.put` stands with its result. The
    workbook is used up: its cells are gone afterwards.
    """
    parts: Any = _Parts()
    _Writer(workbook, parts).save()
    held: dict[str, bytes] = parts.held
    return held


class _Parts:
    """Takes the place of the archive that `ExcelWriter` writes to."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def writestr(self, name: str, content: str | bytes) -> None:
        self.held[name] = content.encode() if isinstance(content, str) else content

    def namelist(self) -> list[str]:
        """What was written so far."""
        return list(self.held)

    def close(self) -> None:
        """Nothing is open."""


class _Writer(ExcelWriter):
    def __init__(self, workbook: Any, parts: Any) -> None:
        super().__init__(workbook, parts)
        self.parts = parts

    def write_worksheet(self, ws: Any) -> None:
        ws._drawing = SpreadsheetDrawing()
        ws._drawing.charts, ws._drawing.images = ws._charts, ws._images
        settle(ws)
        settled = _settled.pop(ws)
        writer: Any = _Frame(ws, io.BytesIO())
        writer.reach = settled.reach
        ws._hyperlinks = settled.links
        whole = writer.written()
        ws._rels = writer._rels
        head, tail = whole.split(_EMPTY)
        self.parts.writestr(
            ws.path[1:], b"".join((head, b"<sheetData>", settled.rows, b"</sheetData>", tail))
        )
        self.manifest.append(ws)


class _Frame(WorksheetWriter):
    """A sheet without its rows, which reach from one cell to another. Of what there is much, merged cells, links and
    formatting, openpyxl writes an empty element, the place for a text."""

    reach: str
    ws: Any
    out: Any

    def __init__(self, worksheet: Any, out: Any) -> None:
        super().__init__(worksheet, out)
        self.texts: list[tuple[str, str]] = []

    def written(self) -> bytes:
        """The whole part."""
        self.write()
        whole: bytes = self.out.getvalue()
        for name, text in self.texts:
            whole = whole.replace(f"<{name} />".encode(), text.encode(), 1)
        return whole

    def later(self, name: str, text: str) -> None:
        """Have a text stand here; `name` is that of its outermost element."""
        self.texts.append((name, text))
        self.xf.send(ET.Element(name))

    def write_dimensions(self) -> None:
        self.xf.send(SheetDimension(self.reach).to_tree())

    def write_rows(self) -> None:
        stream: Any = self.xf.send(True)
        with stream.element("sheetData"):
            pass
        self.xf.send(None)

    def write_merged_cells(self) -> None:
        merged = [f'<mergeCell ref="{block}" />' for block in self.ws.merged_cells]
        if merged:
            self.later("mergeCells", f'<mergeCells count="{len(merged)}">{"".join(merged)}</mergeCells>')

    def write_hyperlinks(self) -> None:
        if any(link.target for link in self.ws._hyperlinks):
            super().write_hyperlinks()
            return
        links = [
            f"<hyperlink ref={quoteattr(link.ref)} location={quoteattr(link.location)} />"
            for link in self.ws._hyperlinks
        ]
        if links:
            self.later("hyperlinks", f"<hyperlinks>{''.join(links)}</hyperlinks>")

    def write_formatting(self) -> None:
        for formatting in self.ws.conditional_formatting:
            rules = "".join(self._rule(rule) for rule in formatting.rules)
            cells = quoteattr(str(formatting.sqref))
            self.later(
                "conditionalFormatting",
                f"<conditionalFormatting sqref={cells}>{rules}</conditionalFormatting>",
            )

    def _rule(self, rule: Any) -> str:
        if rule.dxf:
            rule.dxfId = self.ws.parent._differential_styles.add(rule.dxf)
        told = "".join(f" {name}={quoteattr(value)}" for name, value in rule)
        inside = "".join(f"<formula>{escape(text)}</formula>" for text in rule.formula)
        return f"<cfRule{told}>{inside}</cfRule>"


class _Rows:
    """The rows of a sheet as text, and the links of its cells."""

    def __init__(self, worksheet: Any) -> None:
        self.worksheet = worksheet
        self.epoch = worksheet.parent.epoch
        self.styles: dict[int, str] = {}
        self.links: list[Any] = []

    def written(self) -> bytes:
        """All rows that hold cells or have a height."""
        rows: dict[int, list[Any]] = {}
        for cell in sorted(self.worksheet._cells.values(), key=_PLACE):
            rows.setdefault(cell.row, []).append(cell)
        heights = self.worksheet.row_dimensions
        for number in heights.keys() - rows.keys():
            rows[number] = []
        letters = [get_column_letter(column) for column in range(1, self.worksheet.max_column + 1)]
        return "".join(self._row(number, rows[number], heights, letters) for number in sorted(rows)).encode()

    def _row(self, number: int, cells: list[Any], heights: Any, letters: list[str]) -> str:
        given = dict(heights[number]) if number in heights else {}
        told = "".join(f" {name}={quoteattr(value)}" for name, value in given.items())
        inside = "".join(
            self._cell(f"{letters[cell.column - 1]}{number}", cell)
            for cell in cells
            if cell._value is not None or cell.has_style
        )
        return f'<row r="{number}"{told}>{inside}</row>'

    def _cell(self, at: str, cell: Any) -> str:
        value, kind, style = cell._value, cell.data_type, self._style(cell)
        if cell._hyperlink is not None:
            self.links.append(cell._hyperlink)
        if kind == "f":
            assert isinstance(value, Formula), f"a formula without its result: {at} {value}"
            result, known = value.result
            return f'<c r="{at}"{style}{result}><f>{escape(value.text[1:])}</f><v>{known}</v></c>'
        if kind == "s":
            if value == "":
                return f'<c r="{at}"{style} t="inlineStr" />'
            return f'<c r="{at}"{style} t="inlineStr">{self._text(value)}</c>'
        if value is None:
            return f'<c r="{at}"{style} t="{kind}" />'
        if kind == "d":
            kind, value = "n", _NUMBER(value, self.epoch)
        return f'<c r="{at}"{style} t="{kind}"><v>{value:.16g}</v></c>'

    def _style(self, cell: Any) -> str:
        """The number of a cell's style; cells share their arrays."""
        known = self.styles.get(id(cell._style))
        if known is None:
            known = f' s="{cell.style_id}"' if cell.has_style else ""
            self.styles[id(cell._style)] = known
        return known

    def _text(self, value: Any) -> str:
        if not isinstance(value, CellRichText):
            edged = ' xml:space="preserve"' if value != value.strip() and not value.isspace() else ""
            return f"<is><t{edged}>{escape(value)}</t></is>"
        return value.told if isinstance(value, RichText) else ET.tostring(value.to_tree(), encoding="unicode")
