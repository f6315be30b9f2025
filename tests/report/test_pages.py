"""What the report notebooks say of every unit: complete, in words, and nothing of others."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

import riskkit as rk
from riskkit import texts
from riskkit.report import markup
from riskkit.report.book import Book
from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.page import page
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
    assert "暂不定级" in shown[0]
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


# --- the page around them


def rules_of(media: str) -> dict[str, str]:
    """The rules of a page for one medium: selector → declarations."""
    style = page("", title="", marking="", lang="en").split(media, 1)[1]
    block = re.split(r"\n\}", style, maxsplit=1)[0]
    return {
        key.strip(): rule.strip() for key, rule in re.findall(r"([^{}]+)\{([^{}]*)\}", block.split("{", 1)[1])
    }


def test_on_a_phone_a_broad_table_is_cards_and_says_of_every_value_what_it_is() -> None:
    columns = [parts.Column(name) for name in ("Unit", "a", "b", "Peers' median", "d")]
    html = parts.table(columns, [["0103", "1", "2", "3", "4"]]).html
    assert 'class="rk-table rk-cards"' in html
    assert '<td role="cell" data-label="Peers&#x27; median"' in html
    assert markup.proper(html)
    assert 'class="rk-table"' in parts.table(columns[:4], [["0103", "1", "2", "3"]]).html
    phone = rules_of("@media screen and (max-width: 40rem)")
    assert phone[".rk-cards td::before"].startswith("content: attr(data-label)")
    assert "display: none" not in phone[".rk-cards thead"]  # still read aloud
    assert ".rk-cards tr" not in rules_of("@media print")


def test_a_table_keeps_its_meaning_however_it_is_laid_out() -> None:
    html = parts.table([parts.Column("Unit"), parts.Column("Score")], [["0103", "83.04"]]).html
    roles = re.findall(r'role="(\w+)"', html)
    assert roles == [
        "table", "rowgroup", "row", "columnheader", "columnheader", "rowgroup", "row", "rowheader", "cell"
    ]  # fmt: skip


def test_on_paper_neither_rows_nor_sentences_are_left_alone() -> None:
    paper = rules_of("@media print")
    assert paper["main"] == "padding: 0;"
    assert paper[".rk-table tbody tr:nth-last-child(-n+5)"] == "break-before: avoid;"
    assert paper[".rk-cell:not(:has(table, img))"] == "break-inside: avoid; break-after: avoid;"


@pytest.mark.parametrize("name", ["branch_report", "quarterly_summary"])
def test_a_report_ends_with_a_table_and_not_with_a_sentence(name: str) -> None:
    cells = nbformat.read(Path(__file__).parents[2] / "notebooks" / f"{name}.ipynb", as_version=4).cells
    assert cells[-1].id in ("evidence", "gaps")


def test_the_best_grade_is_told_by_what_lies_nearest_to_losing_it(pack: QuarterPack) -> None:
    """0106 has 94.35 points; A asks for 90."""
    lines = BranchReport(pack, "0106").grade_table().plain.splitlines()
    assert lines[0].startswith("已是最高等级。保住 A 优秀 的底线")
    assert lines[2] == "总分 | 90.00 | 94.35 | ✓ 达到"
    assert len(lines) == 2 + 6
