"""How a sheet falls on paper: how high turned headings are, and no last page for a few rows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from openpyxl.utils import column_index_from_string

from riskkit.report.book import PAPER
from riskkit.report.sheet_xml import begun
from riskkit.report.sheets import Sheet, ems
from riskkit.report.theme import Size, theme

WIDTHS = (7.5, 9.0, 9.5)
"""Pixels of a character of a column's width in the theme's own font, and in fonts that stand in; margins included."""
SHORT = 0.25
"""The part of a last page that is not worth a page."""
HIGHEST = 190.0
"""Points; a turned heading that takes more is cut."""
ROW = 15.0


def upright(words: Iterable[str], size: Size = "small") -> float:
    """The height of a row of headings turned upright."""
    longest = max((ems(text) for text in words), default=0.0)
    points: float = getattr(theme().sizes, size)
    return min(HIGHEST, 12 + 1.1 * longest * points)


def close_up(sheet: Sheet) -> None:
    """Where the last page would hold little, print on one page less and a little smaller; for a sheet that is written.

    What is little is judged with several fonts: pages differ with them.
    """
    setup: Any = sheet.worksheet.page_setup
    if not setup.fitToWidth or setup.fitToHeight != 0 or begun(sheet.worksheet):
        return  # of rows that are text by now, very many, no height is known
    high, wide = _page()
    still = sheet.width(1, _last(sheet.worksheet.print_title_cols)) * (setup.fitToWidth - 1)
    inches = [(sheet.width(1, sheet.columns) + still) * pixels / 96 for pixels in WIDTHS]
    rooms = [high / min(1.0, wide * setup.fitToWidth / each) for each in inches]
    falls = [(*_fall(sheet, room), room) for room in rooms]
    fewer = [pages - 1 for pages, used, again, room in falls if pages > 1 and used - again <= SHORT * room]
    if fewer:
        setup.fitToHeight = min(fewer)


def left(sheet: Sheet) -> float:
    """Points left on the page that the next row of a sheet of fixed scale begins on."""
    setup: Any = sheet.worksheet.page_setup
    room = _page()[0] * 100 / float(setup.scale)
    return room - _fall(sheet, room)[1]


def together(sheet: Sheet, points: float) -> None:
    """Begin a new page unless so much is left on this one of a sheet of fixed scale."""
    if left(sheet) < points:
        sheet.new_page()


def _page() -> tuple[float, float]:
    """What of a page across is printed on: its height in points, its width in inches."""
    page = theme().page
    longer = PAPER[page.paper][1]
    return (longer / math.sqrt(2) - page.top - page.bottom) * 72, longer - page.left - page.right


def _last(titles: str | None) -> int:
    """The last of the columns that stand on every page."""
    return column_index_from_string(titles.replace("$", "").split(":")[1]) if titles else 0


def _fall(sheet: Sheet, room: float) -> tuple[int, float, float]:
    """Pages that the rows so far take, points used of the last, and of these the heading rows that stand on every page
    behind their own."""
    worksheet: Any = sheet.worksheet
    known = worksheet.row_dimensions
    heights = [
        (known[row].height if row in known else None) or ROW for row in range(1, sheet.printed or sheet.row)
    ]
    titles = worksheet.print_title_rows
    first, last = (int(end.strip("$")) for end in titles.split(":")) if titles else (1, 0)
    again, breaks = sum(heights[first - 1 : last]), {each.id for each in worksheet.row_breaks.brk}
    pages, used = 1, 0.0
    for row, height in enumerate(heights, start=1):
        if used + height > room or row - 1 in breaks:
            pages, used = pages + 1, again if row > last else 0.0
        used += height
    return pages, 0.0 if len(heights) in breaks else used, again if pages > 1 else 0.0
