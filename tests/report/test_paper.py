"""How sheets fall on paper: no last page for a few rows, no table without its heading on a later page."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from riskkit.report import paper
from riskkit.report.book import Book
from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.sheets import Sheet
from riskkit.report.workbook_quarter import write_quarter_workbook
from riskkit.workspace import open_workspace

A4_PORTRAIT_WIDTH = 595.3
"""Points: 210 mm; the height of a page across."""


@pytest.fixture(scope="module")
def pack(sample_bank: Path) -> QuarterPack:
    return prepare(open_workspace(sample_bank), "2026Q2", "zh")


def rows(pack: QuarterPack, count: int, *, wide: float = 100.0, paged: bool = False) -> Sheet:
    sheet = Book(pack, "").sheet("x", [wide], paged=paged)
    for _ in range(count):
        sheet.down(10)
    return sheet


def room(sheet: Sheet, scale: float) -> float:
    """Points of rows that a page across holds at a scale, its margins taken off."""
    margins = sheet.worksheet.page_margins
    return (A4_PORTRAIT_WIDTH - 72 * (margins.top + margins.bottom)) / scale


def test_a_page_for_a_few_rows_is_done_without(pack: QuarterPack) -> None:
    """A sheet narrow enough is printed at full size: so many rows of 10 points a page, whatever the font."""
    fits = int(room(rows(pack, 1), 1.0) // 10)
    for count, pages in ((fits, 0), (fits + 3, 1), (2 * fits, 0), (2 * fits + 3, 2), (fits + fits // 2, 0)):
        sheet = rows(pack, count, wide=60)
        sheet.widths = [60]  # without the filler
        paper.close_up(sheet)
        assert sheet.worksheet.page_setup.fitToHeight == pages, count


def test_rows_that_stand_on_every_page_do_not_make_a_last_page_long(pack: QuarterPack) -> None:
    """The heading takes a third of each page; behind it the last page holds three rows."""
    sheet = rows(pack, 0)
    sheet.widths = [60]
    whole = room(sheet, 1.0)
    sheet.down(whole / 3)
    sheet.worksheet.print_title_rows = "1:1"
    for _ in range(int(whole * 2 / 3 // 10) + 3):
        sheet.down(10)
    paper.close_up(sheet)
    assert sheet.worksheet.page_setup.fitToHeight == 1


def test_a_block_begins_a_page_where_it_would_be_torn(pack: QuarterPack) -> None:
    sheet = rows(pack, 10, paged=True)
    whole = room(sheet, sheet.worksheet.page_setup.scale / 100)
    assert paper.left(sheet) == pytest.approx(whole - 100, abs=1)
    paper.together(sheet, whole - 105)
    assert not sheet.worksheet.row_breaks.brk
    paper.together(sheet, whole - 95)
    assert [each.id for each in sheet.worksheet.row_breaks.brk] == [10]
    assert paper.left(sheet) == pytest.approx(whole, abs=1)


def test_headings_on_later_pages_take_their_room(pack: QuarterPack) -> None:
    """Rows 1 and 2 stand on every page: 20 points less there."""
    sheet = rows(pack, 4, paged=True)
    sheet.worksheet.print_title_rows = "1:2"
    sheet.new_page()
    sheet.down(10)
    assert paper.left(sheet) == pytest.approx(room(sheet, sheet.worksheet.page_setup.scale / 100) - 30, abs=1)


def test_high_headings_are_printed_smaller_rather_than_on_more_pages(pack: QuarterPack) -> None:
    """Headings take 30 % of a page, so 70 % are for rows, and 113 % at the smallest scale of 0.7: rows of 175 % fall on
    two pages instead of three, those of 120 % on two either way."""
    for share, pages in ((1.75, 2), (1.2, 0)):
        sheet = rows(pack, 0)
        sheet.widths = [60]
        whole = room(sheet, 1.0)
        sheet.down(whole * 0.3)
        sheet.worksheet.print_title_rows = "1:1"
        for _ in range(100):
            sheet.down(whole * share / 100)
        paper.close_up(sheet)
        assert sheet.worksheet.page_setup.fitToHeight == pages, share


def test_pages_side_by_side_end_between_groups(pack: QuarterPack) -> None:
    """At 70 % a page across is 174.1 characters wide, two columns of 20 on each: groups of 60, 60, 100 and 200 take a
    page for the first two, one for the third, and two for the last, which is cut after six columns."""
    sheet = Book(pack, "").sheet("x", [20.0] * 23)
    paper.side_by_side(sheet, 2, [3, 6, 9, 14])
    assert sheet.worksheet.print_title_cols == "$A:$B"
    assert sheet.worksheet.page_setup.scale == 70
    assert [each.id for each in sheet.worksheet.col_breaks.brk] == [8, 13, 19]


def test_upright_headings_are_as_high_as_their_words(pack: QuarterPack) -> None:
    """Ten Chinese characters of 8 points, a tenth over and 12 beside them: 100."""
    assert paper.upright(["一二三四五六七八九十", "一"]) == pytest.approx(100)
    assert paper.upright([]) == 12


def test_the_long_tables_of_a_quarter_have_their_headings_on_every_page(
    pack: QuarterPack, tmp_path: Path
) -> None:
    write_quarter_workbook(pack, tmp_path / "q.xlsx")
    book = load_workbook(tmp_path / "q.xlsx")
    tables = {"红线": "行号", "未销号问题": "1–30天", "目标与实际": "达成率", "待处理目标": "目标值"}
    for name, head in tables.items():
        sheet = book[name]
        row = int(sheet.print_title_rows.split(":")[0].strip("$"))
        heads = [str(cell.value).split("\n")[0] for cell in sheet[row] if cell.value]
        assert head in heads, name
    breaks = [each.id for each in book["目标与实际"].row_breaks.brk]
    sections = [row for row in range(1, 200) if str(book["目标与实际"].cell(row, 1).value).startswith("按")]
    assert {at + 1 for at in breaks} <= set(sections)
