"""A finished workbook says nothing of who made it, where and when; the same content gives the same bytes."""

from __future__ import annotations

import gc
import re
import time
import weakref
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.worksheet.hyperlink import Hyperlink

from riskkit.report import package
from riskkit.report.cells import Formula, put
from riskkit.report.package import CORE
from riskkit.report.sheet_xml import parts_of, settle
from riskkit.report.theme import Look


def book_with_chart(text: str = "x") -> Workbook:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append([text, 1])
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=2, min_row=1))
    sheet.add_chart(chart, "D2")
    book.properties.creator = "somebody"
    return book


def listed(rows: int = 9) -> Workbook:
    """Rows with heights and links, and one that has nothing but a height."""
    book = Workbook()
    sheet = book.worksheets[0]
    for row in range(2, rows + 1):
        put(sheet.cell(row, 2), f"row {row}", Look(bold=row % 2 == 0))
        put(sheet.cell(row, 4), Formula(f"=1+{row}", 1 + row), Look())
        sheet.cell(row, 2).hyperlink = Hyperlink(ref=f"B{row}", location=f"D{row}")
        sheet.row_dimensions[row].height = 15 + row
    sheet.row_dimensions[rows + 2].height = 30
    return book


def finished(path: Path, **words: str) -> Path:
    told = {"institution": "云岭示例银行", "title": "2026年第二季度", "marking": "内部"} | words
    path.write_bytes(package.finished(book_with_chart(), **told, pictures=['得分 <best> & "last"']))
    return path


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    first = finished(tmp_path / "1.xlsx").read_bytes()
    time.sleep(2.1)  # zip times have two seconds' grain
    assert finished(tmp_path / "2.xlsx").read_bytes() == first


def test_nothing_of_a_workbook_is_kept_once_it_is_written() -> None:
    """A process writes a large bank's details one after the other, and fifty branches' workbooks."""
    book = listed()
    gone = weakref.ref(book)
    settle(book.worksheets[0], 5)
    parts_of(book)
    del book
    gc.collect()
    assert gone() is None


def test_the_institution_is_the_author_and_no_time_is_kept(tmp_path: Path) -> None:
    path = finished(tmp_path / "1.xlsx")
    with zipfile.ZipFile(path) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = archive.read(CORE).decode()
    assert "somebody" not in core
    assert not re.search(r"created|modified<|\dT\d", core)
    properties = load_workbook(path).properties
    assert (properties.creator, properties.lastModifiedBy) == ("云岭示例银行", "云岭示例银行")
    assert (properties.title, properties.category) == ("2026年第二季度", "内部")


def test_names_that_look_like_markup_do_no_harm(tmp_path: Path) -> None:
    path = finished(tmp_path / "1.xlsx", institution="<b>&\x00 Bank", title="=1+1")
    properties = load_workbook(path).properties
    assert (properties.creator, properties.title) == ("<b>& Bank", "=1+1")


def test_a_chart_carries_its_alternative_text(tmp_path: Path) -> None:
    with zipfile.ZipFile(finished(tmp_path / "1.xlsx")) as archive:
        drawing = archive.read("xl/drawings/drawing1.xml").decode()
    assert re.search(r"cNvPr [^>]*descr='得分 &lt;best&gt; &amp; \"last\"'", drawing)


def test_a_sheet_settled_bit_by_bit_has_the_same_parts() -> None:
    book = listed()
    for stop in (4, 5, 5, 9):
        settle(book.worksheets[0], stop)
    assert parts_of(book) == parts_of(listed())
    whole = listed()
    settle(whole.worksheets[0])
    assert parts_of(whole) == parts_of(listed())


def test_nothing_can_be_put_above_where_a_sheet_was_settled() -> None:
    book = listed()
    settle(book.worksheets[0], 5)
    book.worksheets[0].cell(4, 1, "late")
    with pytest.raises(AssertionError, match="after it was settled"):
        parts_of(book)
