"""How a sheet falls on paper: how high turned headings are, where pages end, no last page for a few rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.worksheet.pagebreak import Break

from riskkit.report.book import PAPER, STAND_IN
from riskkit.report.sheet_xml import begun
from riskkit.report.sheets import Sheet, ems
from riskkit.report.theme import Size, theme

WIDTHS = (7.5, 9.0, 9.5)
"""Pixels of a character of a column's width in the theme's own font, and in fonts that stand in; margins included."""
SHORT = 0.25
"""The part of a last page that is not worth a page."""
HEADINGS = 0.25
"""The part of a page that headings may take on each."""
SMALL, CLOSER = 0.7, 1.2
"""How small a sheet may be printed for headings to take less of each page, and how much smaller to spare the last."""
HIGHEST = 190.0
"""Points; a turned heading that takes more is cut."""
TWO_LINES = 0.6
"""The part of its height that an upright heading takes on two lines."""
ROW = 15.0


def upright(words: Iterable[str], size: Size = "small") -> float:
    """The height of a row of headings turned upright."""
    longest = max((ems(text) for text in words), default=0.0)
    points: float = getattr(theme().sizes, size)
    return min(HIGHEST, 12 + 1.1 * longest * points)


def close_up(sheet: Sheet) -> None:
    """Where the last page would hold little, or headings much of each, print on one page less and a little smaller; for
    a sheet that is written.

    What is little is judged with several fonts: pages differ with them.
    """
    setup: Any = sheet.worksheet.page_setup
    if not setup.fitToWidth or setup.fitToHeight != 0 or begun(sheet.worksheet):
        return  # of rows that are text by now, very many, no height is known
    high, wide = _page()
    still = sheet.width(1, _last(sheet.worksheet.print_title_cols)) * (setup.fitToWidth - 1)
    inches = [(sheet.width(1, sheet.columns) + still) * pixels / 96 for pixels in WIDTHS]
    rooms = [high / min(1.0, wide * setup.fitToWidth / each) for each in inches]
    fewer = [pages for room in rooms if (pages := _fewer(sheet, room, high))]
    if fewer:
        setup.fitToHeight = min(fewer)


def _fewer(sheet: Sheet, room: float, high: float) -> int:
    """How many pages are enough if those of so many points are made longer; 0 for no fewer than they take."""
    pages, used, again = _fall(sheet, room)
    if pages == 1:
        return 0
    if again > HEADINGS * room and (closer := _fall(sheet, high / SMALL)[0]) < pages:
        return closer
    short = used - again <= SHORT * room
    return pages - 1 if short and _fall(sheet, room * CLOSER)[0] < pages else 0


def side_by_side(sheet: Sheet, still: int, groups: Sequence[int]) -> None:
    """Print a wide sheet on pages side by side that end between groups of columns, given as the first column of each;
    `still` columns stand on every page. A group wider than a page is cut."""
    sheet.fixed_scale(round(100 * SMALL))
    sheet.worksheet.print_title_cols = f"A:{get_column_letter(still)}"
    room = _page()[1] * 96 / STAND_IN / SMALL - sheet.width(1, still)
    first = still + 1
    for column in range(first, sheet.columns + 1):
        if sheet.width(first, column - first + 1) > room:
            first = max((group for group in groups if first < group <= column), default=column)
            sheet.worksheet.col_breaks.append(Break(id=first - 1))


def pages(sheet: Sheet) -> int:
    """How many pages the rows so far of a sheet of fixed scale take."""
    return _fall(sheet, _high(sheet))[0]


def left(sheet: Sheet) -> float:
    """Points left on the page that the next row of a sheet of fixed scale begins on."""
    room = _high(sheet)
    return room - _fall(sheet, room)[1]


def _high(sheet: Sheet) -> float:
    setup: Any = sheet.worksheet.page_setup
    return _page()[0] * 100 / float(setup.scale)


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
