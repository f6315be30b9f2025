"""The parts of a workbook: rows of cells written as text at once, formulas with their results, all else by openpyxl."""

from __future__ import annotations

import io
import math
import zlib
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

from riskkit.report.cells import Formula, RichText

QUICKLY = 1
"""The level at which text is packed that is unpacked again soon."""
_EMPTY = b"<sheetData></sheetData>"
_NUMBER: Any = to_excel


_settled: WeakKeyDictionary[Any, _Settled] = WeakKeyDictionary()


class _Settled:
    """What a sheet's cells have come to so far: runs of rows as packed text, the links of their cells, and which rows
    and columns hold cells."""

    def __init__(self) -> None:
        self.runs: list[bytes] = []
        self.links: list[Any] = []
        self.filled: set[int] = set()
        self.columns: set[int] = set()
        self.stop: float = 1

    def take(self, worksheet: Any, stop: float) -> bytes:
        """The rows above `stop` as text; they are gone from the sheet."""
        rows: dict[int, list[Any]] = {at: [] for at in worksheet.row_dimensions if at < stop}
        places = sorted(place for place in worksheet._cells if place[0] < stop)
        for place in places:
            rows.setdefault(place[0], []).append(worksheet._cells.pop(place))
        assert min(rows, default=self.stop) >= self.stop, "a row was written to after it was settled"
        self.stop = max(self.stop, stop)
        self.filled.update(row for row, _ in places)
        self.columns.update(column for _, column in places)
        texts = _Texts(worksheet, self.links)
        return "".join(texts.row(number, rows.pop(number)) for number in sorted(rows)).encode()

    @property
    def dimension(self) -> str:
        """The block of cells in use, as a sheet names it."""
        rows, columns = self.filled or {1}, self.columns or {1}
        first, last = (f"{get_column_letter(end(columns))}{end(rows)}" for end in (min, max))
        return f"{first}:{last}"


def settle(worksheet: Any, stop: float = math.inf) -> None:
    """Turn the cells of the rows above `stop` into text now rather than when all is written, and pack it: they take
    fifty times its room. Nothing can be put into these rows afterwards."""
    settled = _settled.setdefault(worksheet, _Settled())
    settled.runs.append(zlib.compress(settled.take(worksheet, stop), QUICKLY))


def begun(worksheet: Any) -> bool:
    """Whether rows of a sheet have been settled."""
    return worksheet in _settled


def parts_of(workbook: Any) -> dict[str, bytes]:
    """Every part of a workbook's package by its name.

    They are those that openpyxl's own saving makes, but a formula written by `cells.put` stands with its result. The
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
        settled = _settled.pop(ws, None) or _Settled()
        last = settled.take(ws, math.inf)
        writer: Any = _Frame(ws, io.BytesIO())
        writer.dimension = settled.dimension
        ws._hyperlinks = settled.links
        whole = writer.written()
        ws._rels = writer._rels
        head, tail = whole.split(_EMPTY)
        rows = (*map(zlib.decompress, settled.runs), last)
        self.parts.writestr(ws.path[1:], b"".join((head, b"<sheetData>", *rows, b"</sheetData>", tail)))
        self.manifest.append(ws)


class _Frame(WorksheetWriter):
    """A sheet without its rows, with the block of cells they fill. Of what there is much, merged cells, links and
    formatting, openpyxl writes an empty element, the place for a text."""

    dimension: str
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
        self.xf.send(SheetDimension(self.dimension).to_tree())

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


class _Texts:
    """Rows of a sheet as text; the links of their cells are added to a list."""

    def __init__(self, worksheet: Any, links: list[Any]) -> None:
        self.heights = worksheet.row_dimensions
        self.epoch = worksheet.parent.epoch
        self.links = links
        self.styles: dict[int, str] = {}

    def row(self, number: int, cells: list[Any]) -> str:
        """A row that holds cells or has a height."""
        given = dict(self.heights[number]) if number in self.heights else {}
        self.heights.pop(number, None)
        told = "".join(f" {name}={quoteattr(value)}" for name, value in given.items())
        inside = "".join(
            self._cell(f"{get_column_letter(cell.column)}{number}", cell)
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
