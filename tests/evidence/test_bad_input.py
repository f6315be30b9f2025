"""Files as they really come in, spoilt in every way at once: all of it is told, each thing with its place."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskkit import texts
from riskkit.errors import EvidenceRefused, Problem
from riskkit.evidence.files import read_grids
from riskkit.workspace import open_workspace
from tests.small_bank import write

Found = set[tuple[str, str, str, str]]


def places(problems: tuple[Problem, ...]) -> Found:
    return {
        (problem.code.partition(".")[2], problem.file, problem.sheet, problem.cell) for problem in problems
    }


def replaced(path: Path, old: str, new: str) -> None:
    """Change a CSV in whichever encoding it came."""
    content = path.read_bytes()
    encoding = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "gb18030"
    text = content.decode(encoding)
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode(encoding))


# --- the sample bank, spoilt


def spoil(folder: Path) -> Found:
    """Spoil a quarter's files; returns what must be found, worked out from the files and not from the program."""
    (folder / "岗位权限矩阵.csv").unlink()
    replaced(folder / "借阅登记.csv", "JY2026Q2-026,甲州营业部", "JY2026Q2-026,火星支行")
    replaced(folder / "投诉台账.csv", "投诉编号", "编号")
    (folder / "目标分解.xlsx").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4096))
    cut = (folder / "事件台账.xlsx").read_bytes()
    (folder / "事件台账.xlsx").write_bytes(cut[: len(cut) // 2])
    (folder / "奇怪的表.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (folder / "对外提供登记.csv").rename(folder / "对外提供登记.xls")
    (folder / "信息发布审查.csv").write_bytes(b"\xff\xfe\xff\xff\n")
    book = openpyxl.load_workbook(folder / "离岗交接.xlsx")
    sheet = book.worksheets[0]
    labels = [cell.value for cell in sheet[1]]
    day = labels.index("离岗日期") + 1
    sheet.cell(2, day).value = "上周"
    sheet.cell(3, 1).value = None
    book.save(folder / "离岗交接.xlsx")
    letter = openpyxl.utils.get_column_letter(day)
    return {
        ("missing_table", "", "", ""),
        ("unit", "借阅登记.csv", "", "B2"),
        ("header", "投诉台账.csv", "", "A1"),
        ("encrypted", "目标分解.xlsx", "", ""),
        ("unreadable", "事件台账.xlsx", "", ""),
        ("unknown_file", "奇怪的表.csv", "", ""),
        ("old_format", "对外提供登记.xls", "", ""),
        ("encoding", "信息发布审查.csv", "", ""),
        ("date", "离岗交接.xlsx", sheet.title, f"{letter}2"),
        ("required", "离岗交接.xlsx", sheet.title, "A3"),
    }


def test_everything_wrong_with_a_quarter_is_told_at_once(sample_bank: Path, tmp_path: Path) -> None:
    bank = tmp_path / "bank"
    shutil.copytree(sample_bank, bank, ignore=shutil.ignore_patterns(".riskkit", "runs", "2025*", "2026Q1"))
    expected = spoil(bank / "evidence" / "2026Q2")
    with pytest.raises(EvidenceRefused) as refused:
        open_workspace(bank).assessment("2026Q2")
    assert places(refused.value.problems) == expected
    for problem in refused.value.problems:
        for lang in texts.LANGUAGES:
            line = problem.line(lang)
            assert "{" not in line
            assert len(line.split(": ", 1)[-1]) > 10
    assert not (bank / ".riskkit").exists() or not list((bank / ".riskkit").glob("evidence-2026Q2-*"))


# --- one fault at a time, on the small bank


def refusal(bank: Path) -> Found:
    with pytest.raises(EvidenceRefused) as refused:
        open_workspace(bank).evidence("2026Q2")
    return places(refused.value.problems)


HEADER = "unit case_no passed sampled"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("0109", "X", 1, 1)], {("unit", "A2")}),
        ([("", "X", 1, 1)], set()),
        ([("0101", "", 1, 1)], {("required", "B2")}),
        ([("0101", "X", "one", 1), ("0102", "Y", 1, "1,23")], {("number", "C2"), ("number", "D3")}),
        ([("0101", "X", "1e999", 1), ("0102", "Y", "#N/A", 1)], {("number", "C2"), ("number", "C3")}),
        ([("0101", "X", 1, 1), ("0101", "X", 1, 1)], {("duplicate", "B3")}),
        ([("0101", "X", 1, 1, "and more")], {("long_row", "E2")}),
    ],
)
def test_a_cell_that_cannot_be_used_is_told_with_its_place(
    small_bank: Path, rows: list[tuple[object, ...]], expected: set[tuple[str, str]]
) -> None:
    write(small_bank / "evidence" / "2026Q2" / "log.csv", HEADER, *rows)
    if expected:
        assert refusal(small_bank) == {(code, "log.csv", "", cell) for code, cell in expected}
    else:
        assert len(open_workspace(small_bank).evidence("2026Q2").tables["log"]) == 1


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("unit passed sampled", {("header", "A1")}),
        ("unit case_no passed passed", {("header_twice", "D1")}),
        ("机构 case_no passed sampled", set()),
    ],
)
def test_a_header_that_does_not_fit_is_told(
    small_bank: Path, header: str, expected: set[tuple[str, str]]
) -> None:
    write(small_bank / "evidence" / "2026Q2" / "log.csv", header)
    if expected:
        assert refusal(small_bank) == {(code, "log.csv", "", cell) for code, cell in expected}
    else:
        notes = open_workspace(small_bank).evidence("2026Q2").notes
        assert [(note.code, note.cell) for note in notes] == [("evidence.unknown_header", "A1")]


def test_a_title_above_the_header_does_no_harm(small_bank: Path) -> None:
    path = small_bank / "evidence" / "2026Q2" / "log.csv"
    path.write_text("小行日志\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert open_workspace(small_bank).evidence("2026Q2").tables["log"]["_row"].tolist() == [4, 5, 6]


def test_rows_of_nothing_but_spaces_are_no_rows(small_bank: Path) -> None:
    with (small_bank / "evidence" / "2026Q2" / "log.csv").open("a", encoding="utf-8") as stream:
        stream.write(" ,　, ,\n,,,\n")
    assert len(open_workspace(small_bank).evidence("2026Q2").tables["log"]) == 3


def test_a_further_sheet_with_half_a_header_is_no_side_note(small_bank: Path) -> None:
    """Rows of the second sheet would be lost without a word; the third is a remark and stays one."""
    book = openpyxl.Workbook()
    good, spoilt, remark = book.active, book.create_sheet("more"), book.create_sheet("remarks")
    assert good is not None
    good.append(["unit", "case_no", "passed", "sampled"])
    good.append(["0101", "X", 1, 1])
    spoilt.append(["unit", "case number", "passed", "sampled"])
    spoilt.append(["0102", "Y", 1, 1])
    remark.append(["unit", "what it is"])
    remark.append(["0103", "closed for repairs"])
    book.save(small_bank / "evidence" / "2026Q2" / "log_more.xlsx")
    assert refusal(small_bank) == {("header", "log_more.xlsx", "more", "A1")}


def test_an_empty_folder_is_told_in_one_line(small_bank: Path) -> None:
    shutil.rmtree(small_bank / "evidence" / "2026Q2")
    (small_bank / "evidence" / "2026Q2").mkdir()
    assert refusal(small_bank) == {("empty_folder", "2026Q2", "", "")}


def test_a_required_table_may_be_empty_but_not_absent(small_bank: Path) -> None:
    write(small_bank / "evidence" / "2026Q2" / "log.csv", HEADER)
    assert (
        open_workspace(small_bank).assessment("2026Q2").measures.row("0101", "R")["state"] == "not_applicable"
    )
    (small_bank / "evidence" / "2026Q2" / "log.csv").unlink()
    assert refusal(small_bank) == {("missing_table", "", "", "")}


# --- the corrections ledger

LEDGER = "file sheet cell found action value reason confirmed_by confirmed_on"


def correct(bank: Path, *entries: tuple[object, ...]) -> Path:
    rows = [(*entry, "checked", "p", "2026-07-01") for entry in entries]
    write(bank / "evidence" / "2026Q2" / "corrections.csv", LEDGER, *rows)
    return bank


def test_the_ledger_settles_cells_without_touching_the_files(small_bank: Path) -> None:
    """The 9 of branch 0101 becomes 6, the 8 of 0102 is blanked, the row of 0103 dropped: 6/10, 0/10, nothing."""
    before = (small_bank / "evidence" / "2026Q2" / "log.csv").read_bytes()
    entries = [("log.csv", "", "C2", "9", "更正", "6"), ("log.csv", "", "c3", "8", "作空", "")]
    correct(small_bank, *entries, ("log.csv", "", "B4", "C0103", "剔除该行", ""))
    evidence = open_workspace(small_bank).evidence("2026Q2")
    assert evidence.tables["log"]["passed"].fillna(-1).tolist() == [6.0, -1.0]
    assert len(evidence.corrections) == 3
    assert (small_bank / "evidence" / "2026Q2" / "log.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("entry", "code", "file"),
    [
        (("log.csv", "", "C2", "8", "更正", "6"), "correction_found", "log.csv"),
        (("log.csv", "", "C99", "8", "更正", "6"), "correction_target", "corrections.csv"),
        (("lög.csv", "", "C2", "9", "更正", "6"), "correction_target", "corrections.csv"),
        (("log.csv", "Sheet1", "C2", "9", "更正", "6"), "correction_target", "corrections.csv"),
        (("log.csv", "", "row 2", "9", "更正", "6"), "correction_target", "corrections.csv"),
    ],
    ids=["another value", "no such row", "no such file", "no such sheet", "no address"],
)
def test_a_ledger_that_does_not_fit_its_file_is_refused(
    small_bank: Path, entry: tuple[object, ...], code: str, file: str
) -> None:
    assert {(found, name) for found, name, _, _ in refusal(correct(small_bank, entry))} == {(code, file)}


def test_a_value_put_in_by_the_ledger_is_checked_like_any(small_bank: Path) -> None:
    entry = ("log.csv", "", "C2", "9", "更正", "six")
    assert refusal(correct(small_bank, entry)) == {("number", "log.csv", "", "C2")}


# --- damage at random


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in range(40):
        sheet.append([f"row {row}", row, row / 7, "文字"])
    path = tmp_path_factory.mktemp("whole") / "whole.xlsx"
    book.save(path)
    return path.read_bytes()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_workbook_escapes_as_anything_but_a_problem(
    tmp_path: Path, workbook: bytes, data: st.DataObject
) -> None:
    content = bytearray(workbook)
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=8)):
        content[place] ^= data.draw(st.integers(1, 255))
    kept = data.draw(st.integers(0, len(content)))
    path = tmp_path / "damaged.xlsx"
    path.write_bytes(content[: kept if data.draw(st.booleans()) else len(content)])
    grids, problems = read_grids(path, "damaged.xlsx")
    assert grids or problems


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_no_bytes_named_csv_escape_as_anything_but_a_problem(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    grids, problems = read_grids(path, "any.csv")
    assert grids or problems


def test_a_workbook_that_unpacks_without_end_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/worksheets/sheet1.xml", bytes(1 << 26))
    _, problems = read_grids(path, "bomb.xlsx")
    assert [problem.code for problem in problems] == ["evidence.too_large"]
