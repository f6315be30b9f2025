"""What may come into a cell, and what becomes of it there."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook, load_workbook

from riskkit.report.cells import LONGEST, NOTHING, Formula, Label, Run, Runs, clean, plain_value, put, quoted
from riskkit.report.package import finished
from riskkit.report.sheet_xml import parts_of
from riskkit.report.sheets import Sheet, ems, lines_of, title_of
from riskkit.report.theme import Look


def through_a_file(*values: object) -> list[object]:
    """Cells as they come back from a saved workbook."""
    book = Workbook()
    for row, value in enumerate(values, start=1):
        put(book.worksheets[0].cell(row, 1), value, Look())
    held = io.BytesIO()
    book.save(held)
    sheet = load_workbook(held).worksheets[0]
    return [sheet.cell(row, 1) for row in range(1, len(values) + 1)]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        '=HYPERLINK("http://x","y")',
        "#N/A",
        "#REF!",
        "|calc",
        "\tx",
        "<b>bold</b>",
        "a & b",
        "00123",
        "1E05",
        "TRUE",
        "😀 支行",
    ],
)
def test_text_comes_back_as_the_same_text_whatever_it_begins_with(text: str) -> None:
    (cell,) = through_a_file(text)
    assert cell.value == text
    assert cell.data_type == "s"


def test_what_could_act_as_a_formula_is_also_marked_as_text_for_those_who_edit_it() -> None:
    danger, harmless = through_a_file("=1+1", "一")
    assert danger.quotePrefix
    assert not harmless.quotePrefix


def test_control_characters_and_lone_surrogates_are_dropped() -> None:
    assert clean("a\x00b\x0bc\ud800d\x1b\uffff") == "abcd"
    assert clean("two\r\nlines\rof text") == "two\nlines\nof text"


def test_what_looks_like_an_escape_stays_as_written() -> None:
    """Spreadsheets read _x0041_ as A; escaped, they read _x0041_."""
    assert clean("_x0041_") == "_x005F_x0041_"


def test_a_text_too_long_for_a_cell_ends_in_an_ellipsis() -> None:
    cut = clean("字" * (LONGEST + 5))
    assert len(cut) == LONGEST
    assert cut.endswith("字…")
    assert clean("字" * LONGEST) == "字" * LONGEST


@pytest.mark.parametrize(
    "missing", [float("nan"), float("inf"), -float("inf"), np.nan, pd.NA, pd.NaT, np.float64("nan")]
)
def test_what_is_no_number_is_a_dash(missing: object) -> None:
    (cell,) = through_a_file(missing)
    assert cell.value == NOTHING


def test_numbers_stay_numbers_and_dates_dates() -> None:
    cells = through_a_file(
        np.int64(3), np.float64(0.25), pd.Timestamp("2026-06-30"), dt.date(2026, 1, 2), -0.0
    )
    assert [cell.value for cell in cells[:2]] == [3, 0.25]
    assert [cell.data_type for cell in cells] == ["n", "n", "d", "d", "n"]
    assert plain_value(pd.Timestamp("2026-06-30 11:00")) == dt.date(2026, 6, 30)
    assert str(plain_value(-0.0)) == "0.0"


def test_headings_in_two_languages_and_coloured_runs_are_one_text_each() -> None:
    cells = through_a_file(
        Label("名次", "Rank", True), Runs((Run("升", "small", "good"), Run("=1", "small", "bad")))
    )
    assert [cell.value for cell in cells] == ["名次\nRank", "升=1"]


def test_cells_of_one_look_share_one_style() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in range(1, 200):
        put(sheet.cell(row, 1), row, Look(bold=True, bottom="hairline"))
        put(sheet.cell(row, 2), f"={row}", Look(bold=True, bottom="hairline"))
    assert (
        len({cell.style_id for row in sheet for cell in row}) == 2
    )  # the look, and the look of text held back


# --- names of sheets


@pytest.mark.parametrize(
    ("wanted", "title"),
    [
        ("看板", "看板"),
        ("a/b\\c?d*e[f]g:h", "a b c d e f g h"),
        (
            "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三",
            "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十…",
        ),
        ("'quoted'", "quoted"),
        ("", "–"),
        ("History", "History 2"),
        ("=1+1", "=1+1"),
    ],
)
def test_a_sheet_gets_a_name_that_every_program_takes(wanted: str, title: str) -> None:
    assert title_of(wanted) == title
    assert len(title) <= 31


def test_no_two_sheets_get_one_name() -> None:
    taken: list[str] = []
    for wanted in ("A" * 33, "a" * 33, "A" * 40):
        taken.append(title_of(wanted, taken))
    assert taken == ["A" * 30 + "…", "a" * 28 + "… 2", "A" * 28 + "… 3"]


# --- room for text


def test_a_chinese_character_is_as_wide_as_its_type_and_a_latin_one_about_half() -> None:
    assert ems("支行") == 2
    assert 0.5 < ems("a") < 0.6


def test_a_row_grows_with_its_text() -> None:
    """A column of 20 has 133 pixels for 12-pixel characters: 11 in a line."""
    assert lines_of("支" * 11, 20) == 1
    assert lines_of("支" * 12, 20) == 2
    assert lines_of("支\n行", 20) == 2


def test_blocks_are_spread_over_columns_about_in_their_shares() -> None:
    sheet = Sheet(Workbook().worksheets[0], [10] * 12)
    assert sheet.spans((1, 1, 2)) == [3, 3, 6]
    assert sum(sheet.spans((5, 0.1, 0.1))) == 12
    assert min(sheet.spans((5, 0.1, 0.1))) == 1


# --- formulas


def finished_cells(*values: object) -> tuple[list[object], list[object]]:
    """What a finished workbook's cells hold: as written, and as a reader sees them who computes nothing."""
    book = Workbook()
    for row, value in enumerate(values, start=1):
        put(book.worksheets[0].cell(row, 1), value, Look())
    content = finished(book, institution="", title="", marking="")
    return tuple(
        [
            load_workbook(io.BytesIO(content), data_only=only).worksheets[0].cell(row, 1).value
            for row in range(1, len(values) + 1)
        ]
        for only in (False, True)
    )  # type: ignore[return-value]  # two lists


def test_a_formula_carries_its_result_whatever_its_kind() -> None:
    formulas = [
        Formula("=1+1", 2),
        Formula("=1/3", np.float64(1 / 3)),
        Formula('="甲<b>"&"x & y"', "甲<b>x & y"),
        Formula("=1=1", True),
    ]
    written, seen = finished_cells(*formulas)
    assert written == [formula.text for formula in formulas]
    assert seen == [2, 1 / 3, "甲<b>x & y", True]


def test_a_formula_without_its_result_is_refused() -> None:
    book = Workbook()
    book.worksheets[0]["A1"] = "=1+1"
    with pytest.raises(AssertionError, match="A1 =1\\+1"):
        finished(book, institution="", title="", marking="")


def test_a_formula_that_came_to_no_number_is_refused() -> None:
    with pytest.raises(AssertionError, match="no number"):
        _ = Formula("=1/0", float("nan")).result


def test_text_within_a_formula_stays_text() -> None:
    """Quotes are doubled, control characters dropped, and the end cut: Excel takes 255."""
    assert quoted('a"&HYPERLINK("x")&"') == '"a""&HYPERLINK(""x"")&"""'
    assert quoted("ab\x00c") == '"abc"'
    assert len(quoted("字" * 300)) == 257
    _, seen = finished_cells(Formula(f"={quoted('=1+1')}", "=1+1"), Formula("=A1", "x</v>&9"))
    assert seen == ["=1+1", "x</v>&9"]


def test_the_parts_are_those_that_openpyxl_writes() -> None:
    """Whatever may stand in a cell, byte for byte; a formula has its result besides."""
    first, second = (Workbook() for _ in range(2))
    kinds = ["", " a", "a\nb ", "  ", '<&>"', "=1", 1, -0.1, 1e300, True, None, dt.date(2026, 6, 30)]
    runs = Runs((Run("甲 ", "small", "ink"), Run("<b>", "body", "bad", True)))
    for book in (first, second):
        sheet = Sheet(book.worksheets[0], [10, 20])
        for value in [*kinds, runs, Label("得分", "Score")]:
            sheet.put(1, value, Look(bold=True))
            sheet.put(2, value, Look(), span=2)
            sheet.link(1, "A1")
            sheet.down(12.5)
        sheet.height(40, 60)
        sheet.worksheet["J70"] = "plain"
    held = io.BytesIO()
    first.save(held)
    parts = parts_of(second)
    with zipfile.ZipFile(held) as archive:
        names = [name for name in archive.namelist() if not name.startswith("docProps")]
        assert sorted(names) == sorted(name for name in parts if not name.startswith("docProps"))
        for name in names:
            assert parts[name] == archive.read(name), name


def test_another_look_for_one_cell_leaves_its_neighbours_as_they_were() -> None:
    """Cells of one look share it: what is put on one of them a second time must not reach the others."""
    sheet = Workbook().worksheets[0]
    for row in (1, 2):
        put(sheet.cell(row, 1), "a", Look(bold=True))
    put(sheet.cell(1, 1), "b", Look(align="center", colour="bad"))
    put(sheet.cell(3, 1), "c", Look(bold=True))
    first, *others = (sheet.cell(row, 1) for row in (1, 2, 3))
    assert (first.alignment.horizontal, first.font.b) == ("center", False)
    assert [(cell.alignment.horizontal, cell.font.b) for cell in others] == [("left", True)] * 2


def test_a_text_of_several_lines_is_not_linked() -> None:
    """LibreOffice shows one line of a linked text, whatever the height of its row."""
    sheet = Sheet(Workbook().worksheets[0], [20.0])
    for row, text in enumerate(("short", "a text that takes more than one line of this column"), start=1):
        sheet.put(1, text, Look(wrap=True))
        sheet.link(1, "Sheet!$A$1")
        assert bool(sheet.worksheet.cell(row, 1).hyperlink) == (row == 1)
        sheet.down()
