"""Every workbook keeps the rules by which Excel decides whether a file is damaged; each rule notices when it is broken."""

from __future__ import annotations

import dataclasses
import re
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.hyperlink import Hyperlink

from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.workbook_branch import write_branch_workbook
from riskkit.report.workbook_quarter import write_quarter_workbook
from riskkit.texts import LANGUAGES, Language
from riskkit.workspace import open_workspace
from tests.report.ooxml import faults


@pytest.fixture(scope="module")
def pack(sample_bank: Path) -> QuarterPack:
    return prepare(open_workspace(sample_bank), "2026Q2", "zh")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_workbook_of_the_quarter_keeps_the_rules(
    pack: QuarterPack, lang: Language, tmp_path: Path
) -> None:
    write_quarter_workbook(dataclasses.replace(pack, lang=lang), tmp_path / "quarter.xlsx")
    assert faults(tmp_path / "quarter.xlsx") == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_workbook_of_a_branch_keeps_the_rules(pack: QuarterPack, lang: Language, tmp_path: Path) -> None:
    write_branch_workbook(dataclasses.replace(pack, lang=lang), "0103", tmp_path / "branch.xlsx")
    assert faults(tmp_path / "branch.xlsx") == []


def small() -> Workbook:
    """A workbook with one of everything."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "one"
    book.create_sheet("two")
    for row in ([1, "a"], [2, "b"], [3, "c"]):
        sheet.append(row)
    sheet.merge_cells("D1:E2")
    sheet.merge_cells("D4:E5")
    red, blue = (PatternFill(bgColor=colour) for colour in ("FF0000", "0000FF"))
    sheet.conditional_formatting.add("A1:A3", CellIsRule("greaterThan", ["2"], fill=red))
    sheet.conditional_formatting.add("A1:A3", CellIsRule("lessThan", ["1"], fill=blue))
    listed = DataValidation("list", "one!$B$1:$B$3")
    listed.add("C1")
    sheet.add_data_validation(listed)
    sheet["B1"].hyperlink = Hyperlink(ref="B1", location="'two'!A1")
    book.defined_names["marks"] = DefinedName("marks", attr_text="one!$A$1:$A$3")
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=1, min_row=1, max_row=3))
    sheet.add_chart(chart, "G2")
    return book


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small workbook, with what openpyxl leaves out: alternative text and cached points."""
    path = tmp_path_factory.mktemp("rules") / "small.xlsx"
    small().save(path)
    cache = '<numCache><formatCode>General</formatCode><ptCount val="3"/><pt idx="0"><v>1</v></pt></numCache>'
    changed(path, path, "xl/charts/chart1.xml", "</f>", f"</f>{cache}")
    changed(path, path, "xl/drawings/drawing1.xml", 'name="Chart 1"', 'name="Chart 1" descr="marks"')
    formula = '<row r="9"><c r="C9"><f>SUM(A1:A3)+one!A1</f><v>7</v></c></row></sheetData>'
    changed(path, path, "xl/worksheets/sheet1.xml", "</sheetData>", formula)
    return path


def changed(source: Path, target: Path, part: str, old: str, new: str) -> None:
    """A copy of a workbook with the first match of a pattern in one part replaced."""
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text, count = re.subn(old, lambda _: new, parts[part].decode(), count=1)
    assert count == 1, f"{old} is not in {part}"
    parts[part] = text.encode()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


SHEET, BOOK, CHART = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/charts/chart1.xml"


def test_a_sound_workbook_has_no_faults(sound: Path) -> None:
    assert faults(sound) == []


@pytest.mark.parametrize(
    ("part", "old", "new", "told"),
    [
        (
            "[Content_Types].xml",
            "/xl/worksheets/sheet2.xml",
            "/xl/worksheets/sheet3.xml",
            "which is not there",
        ),
        ("xl/_rels/workbook.xml.rels", "sheet2.xml", "sheet9.xml", "not there"),
        ("xl/_rels/workbook.xml.rels", 'Id="rId2"', 'Id="rId1"', "rId1 twice"),
        (SHEET, '<drawing [^>]*id="rId1"', '<drawing r:id="rId7"', "unbound prefix"),
        (
            "xl/worksheets/_rels/sheet1.xml.rels",
            "<Relationship ",
            '<Relationship TargetMode="External" ',
            "out of",
        ),
        (SHEET, "<v>1</v>", "<v>1\x07</v>", "invalid token"),
        (SHEET, "<sheetData>", "<pageMargins/><sheetData>", "children of worksheet"),
        (SHEET, '<row r="2"', '<row r="1"', "out of order"),
        (SHEET, '<c r="A2"', '<c r="B2"', "out of place"),
        (SHEET, '<c r="A1"', '<c r="A1" s="99"', "no such style"),
        (SHEET, 't="inlineStr"><is><t>a</t></is>', 't="s"><v>12</v>', "no such text"),
        (SHEET, "<v>2</v>", "<v>NaN</v>", "is no number"),
        (SHEET, "D4:E5", "E2:F5", "overlaps"),
        (SHEET, "D4:E5", "D4:D4", "merged with itself"),
        (SHEET, 'dxfId="1"', 'dxfId="5"', "no such look"),
        (SHEET, 'priority="2"', 'priority="1"', "two conditions"),
        (SHEET, "<formula1>one!", "<formula1>nine!", "refers to nine"),
        (SHEET, "<formula1>[^<]*", f'<formula1>"{"x," * 130}"', "longer than 255"),
        (SHEET, "location=\"'two'!A1\"", "location=\"'three'!A1\"", "refers to three"),
        (SHEET, "location=\"'two'!A1\"", 'location="nowhere"', "leads to nowhere"),
        (SHEET, "SUM\\(", "XLOOKUP(", "not known everywhere"),
        (SHEET, "SUM\\(", "NOW(", "not known everywhere"),
        (SHEET, "one!A1", "[1]one!A1", "another workbook"),
        (SHEET, "one!A1", "#REF!", "#REF! in a formula"),
        (SHEET, "SUM\\(A1:A3\\)", "SUM(A1:A3", "brackets"),
        (SHEET, "<v>7</v>", "", "without its result"),
        (BOOK, 'name="two"', 'name="ONE"', "two sheets one"),
        (BOOK, 'name="two"', f'name="{"x" * 32}"', "no sheet may be called"),
        (BOOK, 'sheetId="2"', 'sheetId="1"', "with id 1"),
        (BOOK, 'name="marks"', 'name="AB12"', "is a cell's"),
        (BOOK, 'name="marks"', 'name="my marks"', "nothing may be named"),
        (BOOK, r"one!\$A\$1:\$A\$3", "#REF!", "stands for"),
        (CHART, "<gapWidth", '<barDir val="col"/><gapWidth', "children of barChart"),
        (CHART, "<numCache>.*?</numCache>", "", "without their cached points"),
        (CHART, '<pt idx="0">', '<pt idx="5">', "cached points"),
        (CHART, '<crossAx val="100"', '<crossAx val="55"', "axis 55"),
        (CHART, "</ser>", '<dLbls><dLblPos val="t"/></dLbls></ser>', "children of ser"),
        (CHART, "<val>", '<dLbls><dLblPos val="t"/></dLbls><val>', "labels of a clustered barChart at t"),
        ("xl/drawings/drawing1.xml", ' descr="marks"', "", "alternative text"),
    ],
)
def test_each_rule_notices_when_it_is_broken(
    sound: Path, tmp_path: Path, part: str, old: str, new: str, told: str
) -> None:
    changed(sound, tmp_path / "broken.xlsx", part, old, new)
    found = faults(tmp_path / "broken.xlsx")
    assert any(told in fault for fault in found), found
