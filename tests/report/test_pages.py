"""What the report notebooks say of every unit: complete, in words, and nothing of others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import riskkit as rk
from riskkit import texts
from riskkit.report.book import Book
from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.pages import parts
from riskkit.report.pages.branch import BranchReport
from riskkit.report.pages.quarter import QuarterReport
from riskkit.report.phrases import how_sure

BRANCH = (
    "masthead",
    "grade_table",
    "way_up",
    "signatures",
    "dimensions",
    "self_check",
    "losses",
    "items",
    "changes",
    "red_lines",
    "findings",
    "method",
)
QUARTER = (
    "masthead", "watch_list", "alike", "rollups", "movers", "red_lines", "candidates", "findings", "self_checks", "gaps",
    "reading_notes", "method",
)  # fmt: skip
NOT_WORDS = re.compile(r"\bnan\b|\bNaT\b|\bNone\b|<NA>|&lt;NA|\{\w+\}")


@pytest.fixture(scope="module")
def bank(sample_bank: Path) -> rk.Workspace:
    return rk.open_workspace(sample_bank)


@pytest.fixture(scope="module")
def pack(bank: rk.Workspace) -> QuarterPack:
    return prepare(bank, "2026Q2", "zh")


def said(report: BranchReport | QuarterReport, names: tuple[str, ...]) -> str:
    return "".join(getattr(report, name)().html for name in names)


def test_every_unit_has_a_report_in_words_that_names_no_other_branch(pack: QuarterPack) -> None:
    register = pack.workspace.units
    branches = register.loc[register["level"] == "sub_branch", "name"]
    for unit in pack.assessment.summary.index:
        text = said(BranchReport(pack, unit), BRANCH)
        assert not NOT_WORDS.search(text), unit
        if unit in branches.index:
            assert [name for name in branches.drop(unit) if name in text] == [], unit


@pytest.mark.parametrize("lang", texts.LANGUAGES)
@pytest.mark.parametrize("period", ["2025Q1", "2026Q2"])
def test_the_first_period_and_the_newest_have_reports_in_both_languages(
    bank: rk.Workspace, period: str, lang: texts.Language
) -> None:
    """The first period has totals only: nothing to compare with, no findings, no events, no rows."""
    pack = prepare(bank, period, lang)
    for text in (said(BranchReport(pack, "0103"), (*BRANCH, "evidence")), said(QuarterReport(pack), QUARTER)):
        assert not NOT_WORDS.search(text)


def test_a_unit_without_enough_evidence_is_told_so(
    pack: QuarterPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(parts, "show", lambda part: shown.append(part.plain))
    report = BranchReport(pack, "0411")
    report.heading("grade")
    assert "暂不评级" in shown[0]
    assert "覆盖率 47" in report.grade_table().plain


def test_what_the_next_grade_asks_for_is_listed(pack: QuarterPack) -> None:
    lines = BranchReport(pack, "0302").grade_table().plain.splitlines()
    assert lines[0].startswith("还不是 B 良好：红线封顶 C 级（RL06")
    assert lines[1] == "评为 B 良好 的全部要求："
    assert [line for line in lines[2:] if "未达到" in line] == [
        "不被红线封顶（RL06 涉密信息或客户敏感信息违规公开） | – | – | 未达到"
    ]


def test_the_list_of_lost_points_adds_up(pack: QuarterPack) -> None:
    """Base score and losses by item: 100 in all, the last row being what is left."""
    lines = BranchReport(pack, "0103").losses().plain.splitlines()[1:]
    lost = sum(float(line.split(" | ")[1]) for line in lines)
    assert lost == pytest.approx(100 - pack.assessment.summary["score"]["0103"], abs=0.1)


def test_rows_of_earlier_periods_are_told_by_their_period_as_in_the_workbook(pack: QuarterPack) -> None:
    """A year's training: every quarter's file of that name has rows of its own."""
    rows = [line.split(" | ") for line in BranchReport(pack, "0103").evidence().plain.splitlines()]
    told = {row[5]: int(row[3]) for row in rows if row[0].startswith("B1.3") and "学习记录" in row[2]}
    behind = pack.assessment.measures.evidence_rows("0103", "B1.3")
    counted = behind[behind["_file"] == "培训记录.xlsx"].drop_duplicates(["_period", "_row"])
    assert len(told) == 4
    assert told == counted["_period"].value_counts().to_dict()


def test_evidence_leads_to_file_and_rows(pack: QuarterPack) -> None:
    line = next(
        row for row in BranchReport(pack, "0103").evidence().plain.splitlines() if row.startswith("A1.1")
    )
    rows = pack.assessment.measures.evidence_rows("0103", "A1.1")
    assert f"| 保密责任书.xlsx · 责任书 | {len(rows)} | {rows['_row'].min()}–{rows['_row'].max()} |" in line


def test_owners_are_masked(pack: QuarterPack) -> None:
    text = BranchReport(pack, "0103").findings().plain
    assert re.search(r"\*{5}\d{3}", text)
    assert not re.search(r"\b\d{8}\b", text)


def test_a_table_without_rows_is_a_sentence() -> None:
    assert parts.table([parts.Column("x")], [], none="nothing").html.startswith("<p")


def test_a_branch_is_told_how_sure_its_score_rank_and_grade_are(sample_bank: Path) -> None:
    """The interval, the ranks and the chance are those of the simulation; whom it cannot be told apart from is said."""
    bank = rk.open_workspace(sample_bank, lang="en")
    row = bank.uncertainty("2026Q2").loc["0103"]
    told = how_sure(Book(prepare(bank, "2026Q2"), ""), "0103")
    assert f"score {row['score_low']:.2f}–{row['score_high']:.2f}" in told
    assert f"rank {row['rank_low']}–{row['rank_high']}" in told
    assert f"{row['grade']} with a chance of {row['grade_probability']:.0%}" in told
    alike = bank.uncertainty("2026Q2").query("group == @row.group")["rank"]
    assert f"Ranks {alike.min()}–{alike.max()} cannot be told apart" in told
    assert "no interval can be given" in how_sure(Book(prepare(bank, "2026Q2"), ""), "0411")  # provisional
