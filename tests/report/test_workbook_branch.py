"""A branch's workbook accounts for every point, names nobody else, and is the same every time."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openpyxl import Workbook, load_workbook

from riskkit import texts
from riskkit.analysis.peers import place
from riskkit.discretion import SMALLEST_GROUP
from riskkit.errors import Misuse
from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.workbook_branch import write_branch_workbook
from riskkit.texts import LANGUAGES, Language
from riskkit.workspace import open_workspace
from tests.report import recalculation, workbooks

HDI = Path(__file__).parents[2] / "data_samples" / "hdi"
UNIT = "0302"
"""Capped and deducted by a red line."""
SHEETS = {
    "zh": ["概览", "升级办法", "评分项明细", "失分清单", "问题整改", "证据索引", "得分计算"],
    "en": ["Overview", "Way up", "Items", "Points lost", "Findings", "Evidence", "Scoring"],
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def pack(sample_bank: Path) -> QuarterPack:
    return prepare(open_workspace(sample_bank), "2026Q2", "zh")


@pytest.fixture(scope="module")
def written(pack: QuarterPack, tmp_path_factory: pytest.TempPathFactory) -> dict[Language, Path]:
    folder = tmp_path_factory.mktemp("branch")
    paths = {lang: folder / f"{lang}.xlsx" for lang in LANGUAGES}
    for lang, path in paths.items():
        write_branch_workbook(dataclasses.replace(pack, lang=lang), UNIT, path)
    return paths


@pytest.fixture(scope="module")
def chinese(written: dict[Language, Path]) -> dict[str, list[list[object]]]:
    return workbooks.sheets(written["zh"])


# --- the book


@pytest.mark.parametrize("lang", LANGUAGES)
def test_there_are_seven_sheets_and_those_of_findings_and_evidence_hold_no_formula(
    written: dict[Language, Path], lang: Language
) -> None:
    assert load_workbook(written[lang]).sheetnames == SHEETS[lang]
    held = {name for name, _ in recalculation.formulas(written[lang])}
    assert held == {SHEETS[lang][at] for at in (0, 1, 2, 3, 6)}


def test_a_second_writing_gives_the_same_bytes(
    pack: QuarterPack, written: dict[Language, Path], tmp_path: Path
) -> None:
    write_branch_workbook(pack, UNIT, tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == written["zh"].read_bytes()


def test_headings_of_an_english_book_are_english(pack: QuarterPack, written: dict[Language, Path]) -> None:
    own = pack.assessment.summary.loc[UNIT, "name"]
    for name in ("Items", "Points lost"):
        for row in workbooks.sheets(written["en"])[name]:
            for value in (value for value in row if isinstance(value, str)):
                assert not CHINESE.search(value.replace(own, "")), (name, value)


def test_an_unknown_unit_is_refused(pack: QuarterPack, tmp_path: Path) -> None:
    with pytest.raises(Misuse):
        write_branch_workbook(pack, "9999", tmp_path / "none.xlsx")
    assert not list(tmp_path.iterdir())


# --- what it says


@pytest.mark.parametrize("unit", ["0302", "0411", "0404", "0206", "0200", "0000"])
def test_the_lost_points_of_any_unit_add_up_to_what_is_missing_to_full_marks(
    pack: QuarterPack, unit: str, tmp_path: Path
) -> None:
    write_branch_workbook(pack, unit, tmp_path / "b.xlsx")
    rows = workbooks.sheets(tmp_path / "b.xlsx")["失分清单"]
    lost = [float(str(row[7])) for row in rows if isinstance(row[0], int)]
    missing = 100 - float(pack.assessment.summary.loc[unit, "score"])
    assert sum(lost) == pytest.approx(missing, abs=1e-9)
    total = next(row for row in rows if str(row[3]).startswith("合计"))
    assert total[7] == pytest.approx(missing)


def test_lost_points_stand_in_order_the_red_line_among_them(chinese: dict[str, list[list[object]]]) -> None:
    rows = [row for row in chinese["失分清单"] if isinstance(row[0], int)]
    assert rows[0][1:4] == ["红线扣分", "RL06", "RL06 涉密信息或客户敏感信息违规公开"]
    lost = [row[7] for row in rows if row[1] != "舍入"]
    assert lost == sorted(lost, reverse=True)  # type: ignore[type-var]


def test_the_page_says_score_grade_and_why_it_is_no_better(
    chinese: dict[str, list[list[object]]], pack: QuarterPack
) -> None:
    page = [value for row in chinese["概览"] for value in row if value is not None]
    summary = pack.assessment.summary.loc[UNIT]
    assert summary["score"] in page
    assert "C 一般" in page
    assert any("红线封顶 C 级" in str(value) for value in page)
    standing = place(pack.assessment, UNIT)
    assert f"{standing.rank} / {standing.size}" in page


def test_every_item_of_the_unit_is_listed_with_its_value(
    pack: QuarterPack, chinese: dict[str, list[list[object]]]
) -> None:
    rows = {row[0]: row for row in chinese["评分项明细"]}
    items = pack.assessment.unit_items(UNIT)
    assert set(items.index) <= set(rows)
    for name, item in items.iterrows():
        if item["value"] == item["value"]:
            assert rows[name][4] == pytest.approx(item["value"]), name


def test_items_only_reported_give_no_points(
    pack: QuarterPack, chinese: dict[str, list[list[object]]]
) -> None:
    rows = {row[0]: row for row in chinese["评分项明细"]}
    reported = [name for name, item in pack.model.items.items() if not item.weight and name in rows]
    assert reported
    for name in reported:
        assert rows[name][11] == rows[name][12] == "–"


def test_the_national_form_is_that_of_the_assessment(
    pack: QuarterPack, chinese: dict[str, list[list[object]]]
) -> None:
    form = pack.assessment.national_form(UNIT).loc[""]
    total = [row for row in chinese["失分清单"] if row[0] == "合计"][-1]
    numbers = [value for value in total if isinstance(value, float | int)]
    assert numbers == pytest.approx(form.tolist())


def test_the_evidence_index_leads_to_the_files(
    pack: QuarterPack, chinese: dict[str, list[list[object]]]
) -> None:
    rows = [row for row in chinese["证据索引"] if row[0] in pack.model.items]
    assert 40 < len(rows) <= 200
    files = set(pack.assessment.measures.evidence[pack.period].files)
    assert {row[4] for row in rows if row[2] == "2026Q2"} <= files
    letters = workbooks.row_with(chinese["证据索引"], "A1.1")
    assert letters[4] == "保密责任书.xlsx"
    assert re.fullmatch(r"\d+–\d+", str(letters[7]))


def test_a_questionnaires_rows_are_counted_but_not_named(chinese: dict[str, list[list[object]]]) -> None:
    asked = workbooks.row_with(chinese["证据索引"], "B3.1")
    assert isinstance(asked[6], int)
    assert asked[7] == "问卷匿名，不列行号"


def test_findings_stand_with_the_longest_overdue_on_top(pack: QuarterPack, tmp_path: Path) -> None:
    late = pack.findings.outstanding().iloc[0]
    write_branch_workbook(pack, late["unit"], tmp_path / "b.xlsx")
    sheets = workbooks.sheets(tmp_path / "b.xlsx")
    first = next(row for row in sheets["问题整改"] if str(row[0]).startswith("WT"))
    assert (first[0], first[-1]) == (late["finding_no"], f"逾期 {late['overdue_days']} 天")
    assert any(late["finding_no"] in row for row in sheets["概览"])


def test_the_chart_without_a_title_gets_none_of_a_programs_own(written: dict[Language, Path]) -> None:
    (chart,) = workbooks.charts(written["zh"])
    assert '<autoTitleDeleted val="1" />' in chart


# --- the way up


def test_the_way_up_is_the_plan_and_its_targets_earn_what_they_promise(
    pack: QuarterPack, tmp_path: Path
) -> None:
    """0204 has 79.79 points and needs one item to reach B."""
    way = pack.way_up("0204")
    write_branch_workbook(pack, "0204", tmp_path / "b.xlsx")
    sheets = workbooks.sheets(tmp_path / "b.xlsx")
    rows = [row for row in sheets["升级办法"] if isinstance(row[0], int)]
    assert [row[1] for row in rows] == list(way.items.index)
    for row, (item, step) in zip(rows, way.items.iterrows(), strict=True):
        assert [row[5], row[7], row[8]] == pytest.approx([step["points"], step["gain"], step["effort"]])
        target = float(str(row[4]).rstrip("%")) / (100 if str(row[4]).endswith("%") else 1)
        curve = pack.assessment.graded.plan.curves[list(pack.model.items).index(str(item))]
        assert curve.points(np.array([target]))[0] >= step["needed"] - 1e-6
    page = [str(value) for row in sheets["概览"] for value in row if value is not None]
    assert any(text.startswith("还不是 B 良好：总分须 80，现 79.79") for text in page)
    assert any("2026-09-30（下期截止日）前做到" in text for text in page)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("unit", "key"), [("0106", "best"), ("0404", "first_only"), ("0411", "provisional"), ("0200", "rollup")]
)
def test_a_unit_without_a_plan_is_told_why(
    pack: QuarterPack, unit: str, key: str, lang: Language, tmp_path: Path
) -> None:
    write_branch_workbook(dataclasses.replace(pack, lang=lang), unit, tmp_path / "b.xlsx")
    wording = re.escape(texts.say(f"sheet.way.{key}", lang, first="«", grade="«"))
    told = [str(value) for row in workbooks.sheets(tmp_path / "b.xlsx")[SHEETS[lang][1]] for value in row]
    assert any(re.match(wording.replace("«", ".+"), text) for text in told)


def test_without_a_plan_the_page_says_what_the_grade_rests_on(pack: QuarterPack, tmp_path: Path) -> None:
    """0106 has A with 94.35 points, 4.35 above the 90 asked for; 3 dimensions and 16 indicators each have a least score;
    coverage 100 % for the 90 asked for."""
    write_branch_workbook(pack, "0106", tmp_path / "b.xlsx")
    rows = workbooks.sheets(tmp_path / "b.xlsx")["升级办法"]
    start = next(at for at, row in enumerate(rows) if str(row[0]).startswith("保住 A 优秀 的底线")) + 2
    asked = rows[start : start + 23]
    assert [row[6] for row in asked] == ["✓ 满足"] * 23
    assert asked[0][:6] == ["总分", None, None, 90, 94.35, pytest.approx(4.35)]
    scores = pack.assessment.scores(1).loc["0106"]
    assert asked[1][0] == f"{scores.idxmin()} {pack.model.nodes[scores.idxmin()].name.zh}"
    assert workbooks.row_with(asked, "证据覆盖率")[3:6] == [0.9, 1, pytest.approx(0.1)]


def test_a_vetoed_unit_reads_its_red_line_and_what_bars_every_grade(
    pack: QuarterPack, tmp_path: Path
) -> None:
    write_branch_workbook(pack, "0404", tmp_path / "b.xlsx")
    sheets = workbooks.sheets(tmp_path / "b.xlsx")
    rows = sheets["升级办法"]
    assert "一票否决" in [value for row in sheets["概览"] for value in row]
    assert not [value for row in sheets["得分计算"] for value in row if "无生效红线" in str(value)]
    assert workbooks.row_with(rows, "未满足")[0].startswith("没有一票否决（RL07")
    assert [row[0] for row in rows if str(row[3]).count("RL07")] == ["C 一般", "B 良好", "A 优秀"]
    assert workbooks.row_with(rows, "一票否决")[0].startswith("RL07")


def test_a_provisional_unit_reads_what_to_hand_in_until_it_gets_a_grade(
    pack: QuarterPack, tmp_path: Path
) -> None:
    """0411 has a coverage of 47.2 %; with everything handed in it is whole."""
    write_branch_workbook(pack, "0411", tmp_path / "b.xlsx")
    rows = [row for row in workbooks.sheets(tmp_path / "b.xlsx")["升级办法"] if isinstance(row[0], int)]
    assert (rows[0][1], rows[0][6]) == ("C3.1", "未报送：查询抽样")
    assert rows[0][5] == pytest.approx(pack.assessment.summary["coverage"]["0411"] + float(str(rows[0][4])))
    assert rows[-1][5] == pytest.approx(1)


# --- links


def test_every_item_leads_to_its_evidence_and_back(written: dict[Language, Path]) -> None:
    book = load_workbook(written["zh"])
    evidence = {cell.value for cell in book["证据索引"]["A"][4:] if cell.hyperlink}
    for name, column in (("评分项明细", "A"), ("失分清单", "C")):
        listed = {cell.value: cell for cell in book[name][column][4:] if cell.value in evidence}
        assert len(listed) > 15
        for item, cell in listed.items():
            there = followed(book, cell)
            assert (there.parent.title, there.value) == ("证据索引", item)
            back = followed(book, there)
            assert (back.parent.title, back.value) == ("评分项明细", item)


def followed(book: Workbook, cell: Any) -> Any:
    """The cell a link leads to."""
    sheet, place = cell.hyperlink.location.split("!")
    return book[sheet.strip("'")][place.replace("$", "")]


def test_links_stay_within_the_book_and_names_lead_to_its_cells(written: dict[Language, Path]) -> None:
    for path in written.values():
        book = load_workbook(path)
        links = [
            cell.hyperlink for sheet in book for row in sheet.iter_rows() for cell in row if cell.hyperlink
        ]
        assert len(links) > 200
        assert {link.target for link in links} == {None}
        assert {link.location.split("!")[0].strip("'") for link in links} <= set(book.sheetnames)
        assert {"items", "lost_points", "evidence"} <= set(book.defined_names)


# --- discretion


@pytest.mark.parametrize("unit", ["0302", "0101", "0411", "0103"])
def test_no_other_branch_is_named(pack: QuarterPack, unit: str, tmp_path: Path) -> None:
    write_branch_workbook(pack, unit, tmp_path / "b.xlsx")
    found = "\n".join(workbooks.words(tmp_path / "b.xlsx"))
    others = pack.assessment.ranking()["name"].drop(unit)
    assert [name for name in others if name in found] == []
    cells = {
        str(value) for rows in workbooks.sheets(tmp_path / "b.xlsx").values() for row in rows for value in row
    }
    assert cells.isdisjoint(set(others.index))


def test_no_person_is_named_and_numbers_are_masked(pack: QuarterPack, written: dict[Language, Path]) -> None:
    roster = pack.assessment.measures.evidence[pack.period].tables["roster"]
    found = "\n".join(workbooks.words(written["zh"]))
    assert [name for name in roster["name"].dropna().unique() if name in found] == []
    assert [number for number in roster["staff_no"].dropna() if number in found] == []
    assert re.search(r"\*{5}\d{3}", found)


def test_nothing_of_fewer_than_five_respondents_is_shown(pack: QuarterPack, tmp_path: Path) -> None:
    items = pack.assessment.items.copy()
    mine = (items["unit"] == "0103") & (items["item"] == "B3.1")
    items.loc[mine, "n"] = SMALLEST_GROUP - 1
    assessment = workbooks.with_items(pack.assessment, items)
    write_branch_workbook(dataclasses.replace(pack, assessment=assessment), "0103", tmp_path / "few.xlsx")
    sheets = workbooks.sheets(tmp_path / "few.xlsx")
    row = workbooks.row_with(sheets["评分项明细"], "B3.1")
    assert row[4:8] == ["–", "–", "–", "<5"]
    assert row[11:13] == ["–", "–"]
    losses = sheets["失分清单"]
    assert not any("B3.1" in listed for listed in losses)
    assert any("作答不足 5 人的 1 项" in str(value) for listed in losses for value in listed)
    lost = [float(str(listed[7])) for listed in losses if isinstance(listed[0], int)]
    assert sum(lost) == pytest.approx(100 - float(assessment.summary.loc["0103", "score"]))


def test_the_median_of_a_small_group_is_not_shown(small_bank: Path, tmp_path: Path) -> None:
    """Three branches: the median of two others and oneself would tell one of them."""
    write_branch_workbook(prepare(open_workspace(small_bank)), "0101", tmp_path / "b.xlsx")
    page = workbooks.sheets(tmp_path / "b.xlsx")["概览"]
    assert any(f"不足 {SMALLEST_GROUP} 家" in str(value) for row in page for value in row)
    total = workbooks.row_with(page, "总分")
    assert total.count("–") >= 2  # the median and the distance to it


# --- models and institutions of another kind


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_model_that_multiplies_says_that_losses_do_not_add_up(tmp_path: Path, lang: Language) -> None:
    write_branch_workbook(prepare(open_workspace(HDI), None, lang), "NOR", tmp_path / "b.xlsx")
    found = workbooks.words(tmp_path / "b.xlsx")
    for key in ("losses.not_additive", "findings.no_table", "overview.no_duties"):
        assert texts.say(f"sheet.{key}", lang) in found, key


def test_a_hostile_name_comes_through_as_text(small_bank: Path, tmp_path: Path) -> None:
    register = small_bank / "register" / "units.csv"
    register.write_text(register.read_text(encoding="utf-8").replace("东街支行", "=1+1"), encoding="utf-8")
    write_branch_workbook(prepare(open_workspace(small_bank)), "0101", tmp_path / "b.xlsx")
    assert not any("1+1" in text for text in recalculation.texts_that_compute(tmp_path / "b.xlsx"))
    title = load_workbook(tmp_path / "b.xlsx")["概览"]["A1"]
    assert (title.value, title.data_type) == ("=1+1", "s")
