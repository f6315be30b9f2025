"""The quarter workbook says what the results say, in both languages, the same way every time."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from riskkit import texts
from riskkit.discretion import SMALLEST_GROUP
from riskkit.report import figures
from riskkit.report.book import Book
from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.quarter.watch import watch_list
from riskkit.report.workbook_quarter import write_quarter_workbook
from riskkit.texts import LANGUAGES, Language
from riskkit.workspace import open_workspace
from tests.report import workbooks

HDI = Path(__file__).parents[2] / "data_samples" / "hdi"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SHEETS = {
    "zh": """看板 机构画像 排名 热力图 A_保密制度完备性 B_保密宣传教育效果 C_涉密人员管理规范性 变动 红线 未销号问题 汇总 目标与实际
        待处理目标 风险矩阵 风险矩阵_2 失分清单 权重与等级 得分明细 验算 模型与方法 指标体系 数据质量 附注与更正 图表数据""",
    "en": """Dashboard Unit_profile Ranking Heat_map A_Completeness_of_the_system B_Effect_of_training_and…
        C_Management_of_staff_in… Changes Red_lines Open_findings Roll-up Targets_and_results
        Targets_to_act_on Risk_matrix
        Risk_matrix_2 Points_lost
        Weights_and_grades Points Verification Model_and_method Tree_and_formulas Data_quality
        Notes_and_corrections Chart_data""",
}


@pytest.fixture(scope="module")
def pack(sample_bank: Path) -> QuarterPack:
    return prepare(open_workspace(sample_bank), "2026Q2", "zh")


@pytest.fixture(scope="module")
def written(pack: QuarterPack, tmp_path_factory: pytest.TempPathFactory) -> dict[Language, Path]:
    folder = tmp_path_factory.mktemp("quarter")
    paths = {lang: folder / f"{lang}.xlsx" for lang in LANGUAGES}
    for lang, path in paths.items():
        write_quarter_workbook(dataclasses.replace(pack, lang=lang), path)
    return paths


@pytest.fixture(scope="module")
def chinese(written: dict[Language, Path]) -> dict[str, list[list[object]]]:
    return workbooks.sheets(written["zh"])


# --- the book


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sheets_stand_in_reading_order(written: dict[Language, Path], lang: Language) -> None:
    assert load_workbook(written[lang]).sheetnames == [
        name.replace("_", " ") for name in SHEETS[lang].split()
    ]


def test_a_second_writing_gives_the_same_bytes(
    pack: QuarterPack, written: dict[Language, Path], tmp_path: Path
) -> None:
    write_quarter_workbook(pack, tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == written["zh"].read_bytes()


def test_every_sheet_is_set_up_to_be_printed(written: dict[Language, Path]) -> None:
    book = load_workbook(written["zh"])
    for sheet in book:
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9), sheet.title
        assert not sheet.sheet_view.showGridLines, sheet.title
        assert "内部资料 注意保存" in sheet.oddHeader.left.text, sheet.title
        assert sheet.oddFooter.right.text.endswith("截止 2026-06-30"), sheet.title
        assert "第 &P 页 / 共 &N 页" in sheet.oddFooter.center.text, sheet.title
        assert "&D" not in str(sheet.oddFooter.right.text) + str(sheet.oddHeader.right.text)
        assert len(str(sheet.oddHeader)) < 255
    assert book["看板"].page_setup.fitToHeight == 1
    for name in ("排名", "变动", "数据质量"):
        assert book[name].freeze_panes, name
        assert book[name].auto_filter.ref, name
        assert book[name].print_title_rows, name


def test_an_english_book_is_english_but_for_names_and_evidence(
    pack: QuarterPack, written: dict[Language, Path]
) -> None:
    sheets = workbooks.sheets(written["en"])
    units = set(pack.assessment.measures.units["name"])
    for name in ("Ranking", "Heat map", "Changes", "Roll-up", "Data quality"):
        for value in (value for row in sheets[name] for value in row if isinstance(value, str)):
            assert value in units or not CHINESE.search(value), (name, value)


# --- what it says


def test_the_ranking_is_that_of_the_assessment(
    pack: QuarterPack, chinese: dict[str, list[list[object]]]
) -> None:
    rows = [
        row for row in chinese["排名"] if isinstance(row[2], str) and row[2] in pack.assessment.summary.index
    ]
    ranking = pack.assessment.ranking()
    assert [row[2] for row in rows] == list(ranking.index)
    for row, (_, unit) in zip(rows, ranking.iterrows(), strict=True):
        assert row[3] == unit["name"]
        assert row[5] == unit["score"]
        assert row[0] == (unit["rank"] if unit["rank"] == unit["rank"] else "暂定")


def test_every_ranked_unit_has_its_rank_interval_and_the_groups_that_cannot_be_told_apart_are_named(
    pack: QuarterPack, chinese: dict[str, list[list[object]]]
) -> None:
    for unit, row in pack.sure.iterrows():
        low, high = int(row["rank_low"]), int(row["rank_high"])
        shown = workbooks.row_with(chinese["排名"], str(unit))[1]
        assert shown == (f"{low}–{high}" if low < high else str(low))
    told = [str(cell) for row in chinese["排名"] for cell in row if "难分高下" in str(cell)]
    first = pack.sure.loc[pack.sure["group"] == 1, "rank"]
    assert len(told) == 1
    assert f"第 {first.min()}–{first.max()}" in told[0]


def test_a_provisional_unit_stands_last_without_rank_or_grade(chinese: dict[str, list[list[object]]]) -> None:
    last = workbooks.row_with(chinese["排名"], "0411")
    assert last[0] == "暂定"
    assert last[1] == "–"
    assert "暂定" in str(last[6])
    assert "不足 80%" in str(last[-1])


def test_a_capped_unit_says_which_red_line_holds_it(chinese: dict[str, list[list[object]]]) -> None:
    capped = workbooks.row_with(chinese["排名"], "0302")
    assert str(capped[6]).startswith("C")
    assert "RL06" in str(capped[-1])


def test_a_unit_short_of_the_next_grade_says_by_how_much(
    pack: QuarterPack, chinese: dict[str, list[list[object]]]
) -> None:
    ranking = pack.assessment.ranking()
    told = ranking.index.isin(pack.assessment.reasons["unit"])
    plain = ranking[(ranking["grade"] == "B") & ~told & (ranking["score"] < 90)].iloc[0]
    row = workbooks.row_with(chinese["排名"], plain.name)
    assert f"差 {90 - plain['score']:.2f} 分" in str(row[-1])


def test_the_heat_map_holds_every_indicator_and_a_dash_for_what_does_not_apply(
    pack: QuarterPack, chinese: dict[str, list[list[object]]]
) -> None:
    names = figures.indicators(pack.assessment)
    scores = pack.assessment.scores(2)
    for unit in pack.assessment.ranking().index:
        row = workbooks.row_with(chinese["热力图"], unit)
        shown = [float("nan") if value == "–" else value for value in row[4 : 4 + len(names)]]
        assert shown == pytest.approx(scores.loc[unit, names].tolist(), nan_ok=True)


def test_changes_name_what_lies_behind_them(
    pack: QuarterPack, chinese: dict[str, list[list[object]]]
) -> None:
    for unit in ("0105", "0302"):
        row = workbooks.row_with(chinese["变动"], unit)
        assert row[4] == round(float(pack.movement.units.loc[unit, "change"]), 2)
    assert "红线扣分 ▼4.00" in str(workbooks.row_with(chinese["变动"], "0302")[-1])


def test_causes_add_up_to_the_change_of_the_score(pack: QuarterPack) -> None:
    """Over all items and the deductions, down to what half a hundredth and the rounding of both scores leave."""
    for unit in ("0105", "0203", "0302", "0411"):
        found = figures.causes(pack, unit, 1000)
        change = float(pack.movement.units.loc[unit, "change"])
        assert sum(points for _, points in found) == pytest.approx(change, abs=0.01 + 0.005 * 60)


def test_an_item_that_became_applicable_moves_the_score_by_less_than_it_contributes(
    pack: QuarterPack,
) -> None:
    before, after = (
        pack.before.items.set_index(["unit", "item"]),
        pack.assessment.items.set_index(["unit", "item"]),
    )
    came = after[
        (after["points"] == pack.model.spec.score.maximum)
        & (before["state"] == "not_applicable").reindex(after.index)
    ]
    assert len(came)
    unit, item = came.index[0]
    moved = dict(figures.causes(pack, unit, 1000))[item]
    assert 0 < moved < after.loc[(unit, item), "contribution"]


def test_red_lines_in_effect_are_told_apart_from_those_that_wait(
    chinese: dict[str, list[list[object]]],
) -> None:
    texts_ = [str(row[0]) for row in chinese["红线"] if row[0]]
    effect, pending = (
        next(i for i, text in enumerate(texts_) if text.startswith(word)) for word in ("生效", "待裁定")
    )
    assert effect < pending
    assert "丁州榆钱巷支行" in texts_[effect:pending]
    assert any("对得分和等级没有任何影响" in text for text in texts_)
    assert any("申诉撤销 1 起" in text for text in texts_)


def test_red_lines_on_more_than_a_page_have_their_heading_on_each(pack: QuarterPack, tmp_path: Path) -> None:
    """What waits for a ruling then has a sheet of its own, since a sheet repeats one heading."""
    events = pack.assessment.events
    many = dataclasses.replace(pack.assessment, events=pd.concat([events] * 20, ignore_index=True))
    write_quarter_workbook(dataclasses.replace(pack, assessment=many), tmp_path / "q.xlsx")
    book = load_workbook(tmp_path / "q.xlsx")
    for name, head in (("红线", "事实"), ("待裁定的线索", "行号")):
        row = int(book[name].print_title_rows.split(":")[0].strip("$"))
        assert head in [str(cell.value).split("\n")[0] for cell in book[name][row] if cell.value], name


def test_findings_add_up(pack: QuarterPack, chinese: dict[str, list[list[object]]]) -> None:
    total = workbooks.row_with(chinese["未销号问题"], "合计")
    numbers = [value for value in total if isinstance(value, int)]
    outstanding = pack.findings.outstanding()
    assert numbers[0] == len(outstanding)
    assert numbers[1] == (outstanding["overdue_days"] > 0).sum()
    assert sum(numbers[4:-1]) == len(outstanding)  # the classes of age


def test_findings_are_counted_by_department_and_those_that_came_back_are_told(
    pack: QuarterPack, chinese: dict[str, list[list[object]]]
) -> None:
    outstanding = pack.findings.outstanding()
    rows = chinese["未销号问题"]
    told = {row[0]: row[4] for row in rows if row[0] in set(outstanding["department"])}
    assert told == outstanding["department"].value_counts().to_dict()
    again = int(outstanding["recurs"].notna().sum())
    assert any(f"其中复发 {again} 项。" in str(value) for row in rows for value in row)


def test_the_method_names_the_model_by_its_whole_hash(
    pack: QuarterPack, chinese: dict[str, list[list[object]]]
) -> None:
    assert any(pack.model.hash in str(row[0]) for row in chinese["模型与方法"])
    ids = {row[0] for row in chinese["指标体系"]}
    assert set(pack.model.nodes) <= ids


def test_corrections_are_told_without_showing_people(chinese: dict[str, list[list[object]]]) -> None:
    rows = chinese["附注与更正"]
    dropped = workbooks.row_with(rows, "A1503")
    assert "*****674" in dropped
    assert not any("00990001" in str(value) for row in rows for value in row)


def test_the_watch_list_tells_of_what_waits_for_a_ruling_whatever_else_there_is(pack: QuarterPack) -> None:
    """0404 has a veto and a finding overdue already."""
    first = watch_list(Book(pack, ""), {"0404": 3}, 100)[0]
    assert first.unit == "0404"
    assert first.why.count("；") == 2
    assert first.why.endswith("待裁定线索 3 条")


def test_the_watch_list_begins_with_the_veto_and_names_no_unit_twice(pack: QuarterPack) -> None:
    found = watch_list(Book(pack, ""), {}, 100)
    assert found[0].unit == "0404"
    assert len({each.unit for each in found}) == len(found)
    assert {"0302", "0110", "0209", "0310", "0411", "0105"} <= {each.unit for each in found}


# --- charts


def test_charts_carry_their_numbers_so_that_previews_show_them(written: dict[Language, Path]) -> None:
    found = workbooks.charts(written["zh"])
    assert len(found) == 5
    for chart in found:
        assert "<numCache>" in chart
        assert "<strCache>" in chart
        assert 'typeface="Microsoft YaHei"' in chart
        assert '<a:ea typeface="Microsoft YaHei"' in chart
        assert '<overlay val="0"' in chart
        assert "sourceLinked" in chart
        assert '<delete val="0"' in chart  # the axis of names is always shown


def test_charts_point_at_the_numbers_they_carry(written: dict[Language, Path]) -> None:
    book = load_workbook(written["zh"], data_only=True)
    for chart in workbooks.charts(written["zh"]):
        for reference, cache in re.findall(r"<numRef><f>([^<]+)</f><numCache>(.*?)</numCache>", chart):
            sheet, cells = reference.rsplit("!", 1)
            kept = [float(value) for value in re.findall(r"<v>([^<]+)</v>", cache)]
            there = [row[0].value for row in book[sheet.strip("'")][cells.replace("$", "")]]
            assert kept == pytest.approx(there)


def test_charts_have_alternative_texts(written: dict[Language, Path]) -> None:
    assert "前5名与后5名（分）  First and last 5 in rank (points)" in workbooks.words(written["zh"])


# --- discretion


def test_no_name_and_no_whole_number_of_a_person_is_told(
    pack: QuarterPack, written: dict[Language, Path]
) -> None:
    people = people_of(pack)
    found = "\n".join(workbooks.words(written["zh"]))
    assert len(people) > 1000
    assert [person for person in people if person in found] == []


def people_of(pack: QuarterPack) -> set[str]:
    """Names and numbers of everybody in the newest quarter's evidence."""
    evidence = pack.assessment.measures.evidence[pack.period]
    people: set[str] = set()
    for name, spec in pack.model.tables.items():
        for column, about in spec.columns.items():
            if about.person and name in evidence.tables:
                people |= {
                    str(value) for value in evidence.tables[name][column].dropna() if len(str(value)) > 2
                }
    return people


def test_points_of_fewer_than_five_respondents_are_not_shown(pack: QuarterPack, tmp_path: Path) -> None:
    items = pack.assessment.items.copy()
    mine = (items["unit"] == "0103") & (items["item"] == "B3.1")
    assert items.loc[mine, "n"].iloc[0] >= SMALLEST_GROUP
    items.loc[mine, "n"] = SMALLEST_GROUP - 1
    few = dataclasses.replace(pack, assessment=workbooks.with_items(pack.assessment, items))
    write_quarter_workbook(few, tmp_path / "few.xlsx")
    row = workbooks.row_with(workbooks.sheets(tmp_path / "few.xlsx")["B 保密宣传教育效果"], "0103")
    assert row.count("<5") == 1
    assert items.loc[mine, "points"].iloc[0] not in row


# --- models and institutions of another kind


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_model_without_red_lines_findings_or_parents_says_so_in_a_sentence(
    tmp_path: Path, lang: Language
) -> None:
    write_quarter_workbook(prepare(open_workspace(HDI), None, lang), tmp_path / "hdi.xlsx")
    found = workbooks.words(tmp_path / "hdi.xlsx")
    for key in (
        "changes.none",
        "red_lines.no_model",
        "findings.no_table",
        "rollups.none",
        "chart.one_period",
    ):
        assert texts.say(f"sheet.{key}", lang) in found, key
    assert "0.962" in found


HOSTILE = ['=HYPERLINK("http://x","东街")', "<b>西街</b>&amp;", "😀" * 20 + "南街支行" * 9]


def test_hostile_names_come_through_as_text(small_bank: Path, tmp_path: Path) -> None:
    register = small_bank / "register" / "units.csv"
    content = register.read_text(encoding="utf-8")
    for plain, hostile in zip(("东街支行", "西街支行", "南街支行"), HOSTILE, strict=True):
        content = content.replace(plain, '"' + hostile.replace('"', '""') + '"')
    register.write_text(content, encoding="utf-8")
    write_quarter_workbook(prepare(open_workspace(small_bank)), tmp_path / "q.xlsx")
    found = workbooks.words(tmp_path / "q.xlsx")
    assert set(HOSTILE) <= set(found)


@pytest.mark.full
@pytest.mark.needs("soffice", "pdftoppm")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_dashboard_fills_one_page(
    written: dict[Language, Path], lang: Language, tmp_path: Path, program: Callable[[str], str]
) -> None:
    book = load_workbook(written[lang], data_only=True)
    for name in book.sheetnames[1:]:
        del book[name]
    alone = tmp_path / "dashboard.xlsx"
    book.save(alone)
    settings = f"-env:UserInstallation=file://{tmp_path}/office"
    command = [
        program("soffice"),
        settings,
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        str(tmp_path),
        str(alone),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    subprocess.run(
        [program("pdftoppm"), "-r", "20", "-png", str(alone.with_suffix(".pdf")), str(tmp_path / "page")],
        check=True,
    )
    assert len(list(tmp_path.glob("page*.png"))) == 1
