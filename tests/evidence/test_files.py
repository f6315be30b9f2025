"""Files as they come: sound ones are read to the cell, damaged and hostile ones are refused in words."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskkit.errors import EvidenceRefused, Problem
from riskkit.evidence.cells import Vocabulary
from riskkit.evidence.evidence import Evidence, read_evidence
from riskkit.evidence.files import ErrorText, FormulaText, Grid, NumberText, read_grids
from tests.evidence import small
from tests.evidence.small import Q1

SHEET = "xl/worksheets/sheet1.xml"


def grids(path: Path) -> list[Grid]:
    found, problems = read_grids(path, path.name)
    assert [problem for problem in problems if problem.severity == "error"] == []
    return found


def rows(path: Path) -> list[list[str | None]]:
    (grid,) = grids(path)
    return grid.rows


def refused(path: Path) -> list[str]:
    found, problems = read_grids(path, path.name)
    assert found == []
    assert all(problem.what("zh") and problem.remedy("en") for problem in problems)
    return [problem.code for problem in problems]


def workbook(path: Path, *lines: list[object]) -> Path:
    book = openpyxl.Workbook()
    for line in lines:
        book.worksheets[0].append(line)
    book.save(path)
    return path


def patched(path: Path, change: Callable[[str], str], part: str = SHEET) -> Path:
    with zipfile.ZipFile(path) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    parts[part] = change(parts[part].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return path


# ---------------------------------------------------------------- csv


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_is_read_in_both_encodings(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_text("工号,姓名\n0012,王镕\n", encoding=encoding)
    assert rows(tmp_path / "a.csv") == [["工号", "姓名"], ["0012", "王镕"]]


@pytest.mark.parametrize(
    "content",
    [
        "工号,姓名\n0012,王小明和很多其他的字\n".encode()[:-2] + b"\xff\n",
        b"\xef\xbb\xbf" + "工号\n王".encode("gb18030"),
        "工号,姓名\n".encode("utf-16"),
        b"\xff\xff\xff",
    ],
    ids=["one bad byte", "marked as UTF-8 and is not", "UTF-16", "nothing known"],
)
def test_a_damaged_or_unknown_encoding_is_refused_and_not_guessed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    assert refused(tmp_path / "a.csv") == ["evidence.encoding"]


def test_an_extra_comma_is_told_at_its_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n3,4,5\n", encoding="utf-8")
    _, problems = read_grids(tmp_path / "a.csv", "a.csv")
    assert [(problem.code, problem.cell) for problem in problems] == [("evidence.long_row", "C3")]


def test_a_trailing_comma_without_anything_behind_it_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2,\n", encoding="utf-8")
    assert read_grids(tmp_path / "a.csv", "a.csv")[1] == []


def test_quotes_hold_commas_and_line_breaks(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('a,b\n"1,2","x\ny"\n', encoding="utf-8")
    assert rows(tmp_path / "a.csv")[1] == ["1,2", "x\ny"]


@pytest.mark.parametrize("content", ['a,b\n"open,2\n', 'a\n"x"y\n', "a\n" + "x" * 200_000])
def test_a_csv_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.csv").write_text(content, encoding="utf-8")
    assert refused(tmp_path / "a.csv") == ["evidence.unreadable"]


def test_an_empty_csv_is_an_empty_grid(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    assert rows(tmp_path / "a.csv") == []


# ---------------------------------------------------------------- workbooks


def test_every_cell_keeps_what_it_was(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        ["0012", 12, 0.1, True, dt.date(2026, 6, 30), dt.datetime(2026, 6, 30, 9, 15), "#N/A", "NA"],
    )
    (row,) = rows(path)
    assert row == ["0012", "12", "0.1", "TRUE", "2026-06-30", "2026-06-30 09:15:00", "#N/A", "NA"]
    assert [type(cell) for cell in row] == [str, NumberText, NumberText, str, str, str, ErrorText, str]


def test_characters_a_workbook_writes_in_code_are_the_characters_again(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["one_x000D_\ntwo", "_x005F_x0041_", "_x0041"])
    assert rows(path) == [["one\r\ntwo", "_x0041_", "_x0041"]]


def test_a_number_shown_with_leading_zeros_keeps_them(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = 12
    book.worksheets[0]["A1"].number_format = "0000"
    book.save(tmp_path / "a.xlsx")
    assert rows(tmp_path / "a.xlsx") == [["0012"]]
    assert type(rows(tmp_path / "a.xlsx")[0][0]) is str


def test_dates_of_the_1904_calendar_are_the_days_people_see(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.worksheets[0]["A1"] = dt.date(2026, 6, 30)
    book.save(tmp_path / "a.xlsx")
    assert rows(tmp_path / "a.xlsx") == [["2026-06-30"]]


def test_a_formula_counts_by_its_saved_result_and_is_marked_without_one(tmp_path: Path) -> None:
    def change(sheet: str) -> str:
        sheet = re.sub(r'<c r="A1"[^>]*>(<f>.*?</f>)<v ?/></c>', r'<c r="A1">\1<v>2</v></c>', sheet)
        return re.sub(r'<c r="B1"[^>]*>(<f>.*?</f>)<v ?/></c>', r'<c r="B1" t="str">\1<v></v></c>', sheet)

    path = patched(workbook(tmp_path / "a.xlsx", ["=1+1", '=IF(1,"","x")', "=A1", 3]), change)
    (row,) = rows(path)
    assert row == ["2", None, "=A1", "3"]
    assert isinstance(row[2], FormulaText)


def test_a_formula_is_seen_under_any_prefix(tmp_path: Path) -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

    def change(sheet: str) -> str:
        sheet = sheet.replace(f'xmlns="{main}"', f'xmlns:x="{main}"')
        return re.sub(r"<(/?)(?=[a-zA-Z])", r"<\1x:", sheet)

    (row,) = rows(patched(workbook(tmp_path / "a.xlsx", ["=1+1", 3]), change))
    assert isinstance(row[0], FormulaText)


def test_hidden_sheets_are_left_out_and_whatever_is_hidden_is_noted(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["a", "b"])
    book.worksheets[0].append([1, 2])
    book.worksheets[0].row_dimensions[2].hidden = True
    book.worksheets[0].column_dimensions["B"].hidden = True
    book.create_sheet("secret").sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    found, problems = read_grids(tmp_path / "a.xlsx", "a.xlsx")
    assert [grid.sheet for grid in found] == ["Sheet"]
    assert found[0].rows == [["a", "b"], ["1", "2"]]
    assert [(p.code, p.severity, p.values["found"]["en"]) for p in problems] == [
        ("evidence.hidden", "note", "sheets"),
        ("evidence.hidden", "note", "rows"),
        ("evidence.hidden", "note", "columns"),
    ]


def test_an_encrypted_workbook_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600)
    assert refused(tmp_path / "a.xlsx") == ["evidence.encrypted"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_workbook_is_refused(tmp_path: Path, share: float) -> None:
    path = workbook(tmp_path / "a.xlsx", ["a"] * 50, list(range(50)))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert refused(path) == ["evidence.unreadable"]


@given(st.integers(0, 5000), st.integers(1, 255))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_byte_never_breaks_the_reader(tmp_path: Path, place: int, flip: int) -> None:
    path = workbook(tmp_path / "a.xlsx", ["a", 1, "=1+1"])
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= flip
    path.write_bytes(bytes(content))
    found, problems = read_grids(path, path.name)
    assert found or problems


def test_a_workbook_that_lacks_a_sheet_it_names_is_refused(tmp_path: Path) -> None:
    """A byte changed in the name of the part: what openpyxl reads then is a workbook without that sheet."""
    path = workbook(tmp_path / "a.xlsx", ["a", 1])
    path.write_bytes(path.read_bytes().replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet9.xml"))
    assert refused(path) == ["evidence.unreadable"]


def test_a_workbook_that_unpacks_without_end_is_refused_unread(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["a"])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/bomb.xml", b" " * (40 << 20))
    assert refused(path) == ["evidence.too_large"]


@pytest.mark.parametrize("before", ["", "<!-- " + "x" * 5000 + " -->"])
def test_a_document_type_is_refused_wherever_it_hides(tmp_path: Path, before: str) -> None:
    entity = '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    path = patched(workbook(tmp_path / "a.xlsx", ["a"]), lambda sheet: before + entity + sheet)
    assert refused(path) == ["evidence.too_large"]


def test_cells_at_the_far_edge_of_every_row_are_refused_before_they_are_filled_up(tmp_path: Path) -> None:
    far = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 6000))
    path = patched(
        workbook(tmp_path / "a.xlsx", ["a"]),
        lambda sheet: re.sub("<sheetData>.*</sheetData>", f"<sheetData>{far}</sheetData>", sheet),
    )
    assert refused(path) == ["evidence.too_large"]


def test_one_slip_at_the_far_corner_does_not_matter(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["a", "b"])
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["XFD3"] = "x"
    book.save(path)
    assert rows(path) == [["a", "b"]]


@pytest.mark.parametrize("name", ["a.xls", "a.et", "a.ods", "a.numbers"])
def test_other_formats_are_told_to_be_saved_anew(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert refused(tmp_path / name) == ["evidence.old_format"]


# ---------------------------------------------------------------- a period's folder

LOG = small.table("unit:unit case_no:code passed:number sampled:number on:date kind:choice", required=True)
LOG["key"] = ["case_no"]
LOG["columns"]["case_no"]["required"] = True
LOG["columns"]["passed"]["max_column"] = "sampled"
LOG["columns"]["kind"]["choices"] = {"leak": small.name("泄露"), "hazard": small.name("隐患")}
MODEL = small.model(
    {"log": LOG}, {"I": {"measure": {"kind": "ratio", "table": "log", "numerator": "passed"}}}
)
WORDS = Vocabulary.of([("0101", "东街支行"), ("0102", "西街支行")], items=MODEL.items, tables=MODEL.tables)
HEADER = "unit,case_no,passed,sampled,on,kind\n"
LEDGER = "file,sheet,cell,found,action,value,reason,confirmed_by,confirmed_on\n"


def evidence(folder: Path, **files: str) -> Evidence:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return read_evidence(folder, MODEL, WORDS, Q1)


def problems(folder: Path, **files: str) -> list[Problem]:
    with pytest.raises(EvidenceRefused) as caught:
        evidence(folder, **files)
    assert caught.value.message("zh")
    assert caught.value.message("en")
    return list(caught.value.problems)


def told(folder: Path, **files: str) -> list[tuple[str, str, str]]:
    return [(p.code.removeprefix("evidence."), p.file, p.cell) for p in problems(folder, **files)]


def test_a_sound_table_is_read_with_every_rows_origin(tmp_path: Path) -> None:
    read = evidence(tmp_path, log=HEADER + "0101,007,1,2,2026-03-01,泄露\n\n0102,008,0,2,,\n")
    table = read.tables["log"]
    assert table["case_no"].tolist() == ["007", "008"]
    assert table[["_file", "_row"]].to_numpy().tolist() == [["log.csv", 2], ["log.csv", 4]]
    assert read.cell("log.csv", "", 4, "passed") == "C4"
    assert read.notes == ()


def test_every_wrong_cell_is_told_at_once_by_its_address(tmp_path: Path) -> None:
    text = HEADER + "0109,007,1,2,,\n0101,,x,2,,\n0101,009,3,2,2026-02-30,漏\n"
    assert sorted(told(tmp_path, log=text)) == [
        ("choice", "log.csv", "F4"),
        ("date", "log.csv", "E4"),
        ("exceeds", "log.csv", "C4"),
        ("number", "log.csv", "C3"),
        ("required", "log.csv", "B3"),
        ("unit", "log.csv", "A2"),
    ]


def test_an_unknown_branch_comes_with_a_suggestion(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, log=HEADER + "东接支行,007,1,2,,\n")
    assert "东街支行" in problem.line("zh")


def test_a_wrong_header_names_what_is_missing(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, log="unit,case,passed\n0101,1,1\n")
    assert (problem.code, problem.file) == ("evidence.header", "log.csv")
    assert "case_no" in problem.line("en")


def test_a_repeated_key_is_told_with_where_it_stood_first(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, log=HEADER + "0101,007,1,2,,\n0102,007,1,2,,\n")
    assert (problem.code, problem.cell) == ("evidence.duplicate", "B3")
    assert "log.csv 2" in problem.line("en")


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    assert [code for code, _, _ in told(tmp_path)] == ["empty_folder"]


def test_a_missing_table_and_an_unknown_file_are_told_together(tmp_path: Path) -> None:
    found = told(tmp_path, holiday_snaps="x\n", submissions="unit,table,answer,confirmed_by\n")
    assert found == [("unknown_file", "holiday_snaps.csv", ""), ("missing_table", "", "")]


def test_lock_files_and_hidden_files_are_passed_over(tmp_path: Path) -> None:
    for name in ("~$log.xlsx", ".DS_Store", ".hidden.csv"):
        (tmp_path / name).write_bytes(b"junk")
    assert len(evidence(tmp_path, log=HEADER).tables["log"]) == 0


def test_one_table_may_come_in_many_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "log_q1").mkdir()
    for number in (1, 2):
        (tmp_path / "log_q1" / f"{number}.csv").write_text(
            HEADER + f"0101,{number},1,2,,\n", encoding="utf-8"
        )
    read = evidence(tmp_path, log_more=HEADER + "0101,3,1,2,,\n")
    assert sorted(read.tables["log"]["_file"]) == ["log_more.csv", "log_q1/1.csv", "log_q1/2.csv"]


WRONG = HEADER + "0101,007,1O,12,,\n0102,008,1,2,,\n"


def test_a_correction_is_applied_and_kept(tmp_path: Path) -> None:
    read = evidence(
        tmp_path, log=WRONG, corrections=LEDGER + "log.csv,,C2,1O,replace,10,typing error,901,2026-04-02\n"
    )
    assert read.tables["log"]["passed"].tolist() == [10, 1]
    assert read.corrections["reason"].tolist() == ["typing error"]


@pytest.mark.parametrize(("action", "passed"), [("blank", [None, 1.0]), ("drop_row", [1.0])])
def test_a_cell_may_be_blanked_and_a_row_dropped(
    tmp_path: Path, action: str, passed: list[float | None]
) -> None:
    read = evidence(tmp_path, log=WRONG, corrections=LEDGER + f"log.csv,,C2,1O,{action},,x,901,2026-04-02\n")
    values = read.tables["log"]["passed"]
    assert [None if value != value else value for value in values] == passed


def test_a_correction_of_something_else_than_is_there_is_refused(tmp_path: Path) -> None:
    found = told(tmp_path, log=WRONG, corrections=LEDGER + "log.csv,,C2,lO,replace,10,x,901,2026-04-02\n")
    assert ("correction_found", "log.csv", "C2") in found
    assert ("number", "log.csv", "C2") in found


@pytest.mark.parametrize(
    "target",
    [
        "log.csv,,C99",
        "log.csv,,",
        "log.csv,,17",
        "log.csv,,C0",
        "lag.csv,,C2",
        "log.csv,Sheet1,C2",
        "../log.csv,,C2",
    ],
)
def test_a_correction_that_points_nowhere_is_refused(tmp_path: Path, target: str) -> None:
    found = told(tmp_path, log=HEADER, corrections=LEDGER + f"{target},x,blank,,x,901,2026-04-02\n")
    assert {code for code, _, _ in found} <= {"correction_target", "required"}
    assert found


def test_a_correction_that_makes_it_worse_is_still_checked(tmp_path: Path) -> None:
    found = told(tmp_path, log=WRONG, corrections=LEDGER + "log.csv,,C2,1O,replace,ten,x,901,2026-04-02\n")
    assert found == [("number", "log.csv", "C2")]


def test_lost_zeros_of_a_branch_are_given_back_and_noted(tmp_path: Path) -> None:
    workbook(tmp_path / "log.xlsx", ["unit", "case_no", "passed"], [101, "007", "85%"])
    read = evidence(tmp_path)
    assert read.tables["log"]["unit"].tolist() == ["0101"]
    assert {(note.code, note.cell) for note in read.notes} == {
        ("evidence.normalised", "A2"),
        ("evidence.normalised", "C2"),
    }


def test_an_error_cell_and_a_formula_without_result_are_told(tmp_path: Path) -> None:
    workbook(
        tmp_path / "log.xlsx", ["unit", "case_no", "passed"], ["0101", "007", "#N/A"], ["0101", "008", "=1+1"]
    )
    assert told(tmp_path) == [("error_cell", "log.xlsx", "C2"), ("no_cached_value", "log.xlsx", "C3")]


def test_a_damaged_file_does_not_hide_the_faults_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "log_b.xlsx").write_bytes(b"PK")
    assert {code for code, _, _ in told(tmp_path, log=HEADER + "0109,7,1,2,,\n")} == {"unreadable", "unit"}
