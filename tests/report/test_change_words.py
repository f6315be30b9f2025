"""What is said of changes and of what the evidence cannot say: every case in words, with its reason and its remedy."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import riskkit as rk
from riskkit.report.book import Book
from riskkit.report.branch.links import Links
from riskkit.report.branch.overview import write_overview
from riskkit.report.branch.reckoning import write_reckoning
from riskkit.report.change_words import real_change_of, real_changes
from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.pages.branch import BranchReport
from riskkit.report.pages.quarter import QuarterReport
from riskkit.report.results import write_results
from riskkit.report.workbook_quarter import write_quarter_workbook
from tests.report import workbooks

SILENT = pd.DataFrame([("rating", "A1.1", 48, "no_second_rater")], columns=["source", "item", "units", "key"])


@pytest.fixture(scope="module")
def pack(sample_bank: Path) -> QuarterPack:
    return prepare(rk.open_workspace(sample_bank), "2026Q2", "en")


@pytest.fixture(scope="module")
def quarter(pack: QuarterPack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quarter's workbook, where some errors cannot be told."""
    path = tmp_path_factory.mktemp("quarter") / "quarter.xlsx"
    write_quarter_workbook(with_found(pack, silent=SILENT), path)
    return path


def overview(pack: QuarterPack, unit: str) -> Book:
    """A book with the unit's first page alone."""
    book, links = Book(pack, ""), Links()
    reckoned = write_reckoning(book, unit, links)
    book.workbook.remove(book.workbook.worksheets[0])
    write_overview(book, unit, BranchReport(pack, unit).peers, pack.way_up(unit), links, reckoned)
    return book


def plain(book: Book) -> list[list[object]]:
    """The rows of a book's sheets, rich text as its text."""
    rows = (row for sheet in book.workbook for row in sheet.iter_rows(values_only=True))
    return [[str(cell) if isinstance(cell, list) else cell for cell in row] for row in rows]


def said(book: Book) -> str:
    """Every text of a book's sheets."""
    return "\n".join(str(cell) for row in plain(book) for cell in row if cell is not None)


def with_found(pack: QuarterPack, **found: Any) -> QuarterPack:
    """The pack with other results in place of those of the simulation."""
    other = dataclasses.replace(pack)
    vars(other).update(found)
    return other


def judged(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    """Verdict, change, detectable change and share compared of 0101, 0102 …"""
    index = pd.Index([f"01{number:02}" for number in range(1, len(rows) + 1)], name="unit")
    return pd.DataFrame(rows, index=index, columns=["verdict", "change", "detectable", "share"])


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            [("real", 3.0, 1.0, 0.8), ("real", -3.0, 1.0, 0.8), ("not_shown", 1.0, 2.0, 0.8)],
            "Since 2026Q1, 2 of 3 units changed by more than measurement error (1 up, 1 down); 1 change may be chance.",
        ),
        ([("not_shown", 1.0, 2.0, 0.8)], "Since 2026Q1, no change of 1 unit exceeds measurement error."),
        (
            [("cannot_say", 1.0, 2.0, 0.4)],
            "Of no unit can it be said whether it really changed since 2026Q1; nothing can be said of 1 unit, with "
            "under 50% of the weight measured in both periods: items measured before must be measured again.",
        ),
        ([], "No unit was assessed both now and in 2026Q1, so nothing can be said of changes."),
    ],
)
def test_page_one_says_how_many_changes_are_real(
    pack: QuarterPack, rows: list[tuple[str, float, float, float]], words: str
) -> None:
    assert real_changes(Book(with_found(pack, real=judged(*rows)), "")) == words


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            ("not_shown", 1.8, 2.4, 0.8),
            "两期都测得的项目（占权重 80%）上升 1.80 分，小于可检出变化 2.40 分，尚不能认定为真实变化。",
        ),
        (
            ("real", -3.0, 2.4, 0.8),
            "两期都测得的项目（占权重 80%）下降 3.00 分，超过可检出变化 2.40 分，是真实变化。",
        ),
        (
            ("not_shown", 2.5, 2.4, 0.8),
            "两期都测得的项目（占权重 80%）上升 2.50 分，虽超过可检出变化 2.40 分，"
            "但多家同时比较难免有巧合，尚不能认定为真实变化。",
        ),
        (
            ("real", 1.0, 0.0, 1.0),
            "两期都测得的项目（占权重 100%）上升 1.00 分，两期都是全数检查，没有抽样误差，是真实变化。",
        ),
        (("not_shown", 0.0, 2.4, 0.8), "两期都测得的项目（占权重 80%）得分没有变化。"),
        (
            ("cannot_say", float("nan"), float("nan"), float("nan")),
            "无法判断变化是否真实：两期都测得的项目只占权重的 0%，至少要 50%；须补测上期测过的项目。",
        ),
    ],
)
def test_a_branch_is_told_whether_its_change_is_real(
    pack: QuarterPack, row: tuple[str, float, float, float], words: str
) -> None:
    chinese = with_found(dataclasses.replace(pack, lang="zh"), real=judged(row))
    assert real_change_of(Book(chinese, ""), "0101") == words
    assert real_change_of(Book(chinese, ""), "0102") == "没有上期结果，无法判断变化是否真实。"


def test_the_first_period_says_that_there_is_nothing_to_compare(sample_bank: Path) -> None:
    first = prepare(rk.open_workspace(sample_bank), "2025Q1", "en")
    assert first.real is None
    told = real_changes(Book(first, ""))
    assert told == "There is no earlier result, so nothing can be said of changes."
    assert told in QuarterReport(first).masthead().plain
    assert "Real changes" not in QuarterReport(first).masthead().plain
    assert "nothing can be said of a change" in BranchReport(first, "0103").masthead().plain


def test_the_verdicts_are_those_of_the_test(pack: QuarterPack, sample_bank: Path) -> None:
    """With the draws and the seed of the settings."""
    bank = rk.open_workspace(sample_bank)
    again = rk.real_change(bank.assessment("2026Q1"), bank.assessment("2026Q2"), draws=1000, seed=1).units
    assert pack.real is not None
    pd.testing.assert_frame_equal(pack.real, again, check_names=False)
    with pytest.raises(rk.Misuse):
        bank.real_change("2025Q1")


def test_the_books_and_pages_say_it(pack: QuarterPack, quarter: Path) -> None:
    told = real_changes(Book(pack, ""))
    for name in ("Dashboard", "Changes"):
        assert any(told in str(value) for row in workbooks.sheets(quarter)[name] for value in row)
    assert told in QuarterReport(pack).masthead().plain
    assert real_change_of(Book(pack, ""), "0105") in BranchReport(pack, "0105").masthead().plain
    book = overview(pack, "0105")
    assert real_change_of(book, "0105") in said(book)


def test_the_sheet_of_changes_has_what_could_be_detected_and_the_verdict(
    pack: QuarterPack, quarter: Path
) -> None:
    rows = workbooks.sheets(quarter)["Changes"]
    heads = workbooks.row_with(rows, "Detectable", "Verdict")
    assert pack.real is not None
    for unit, words in (("0105", "real"), ("0106", "may be chance"), ("0411", "cannot say")):
        row = workbooks.row_with(rows, unit)
        assert row[heads.index("Verdict")] == words
        found = pack.real["detectable"][unit]
        assert row[heads.index("Detectable")] == (pytest.approx(found) if unit != "0411" else "–")
        assert row[heads.index("Comparable")] == round(pack.real["change"][unit], 2)
    assert workbooks.row_with(rows, "0000")[heads.index("Verdict")] == "–"


def test_the_intervals_of_a_branch_stand_below_its_scores(pack: QuarterPack) -> None:
    rows = [[value for value in row if value is not None] for row in plain(overview(pack, "0411"))]
    ends = pack.workspace.uncertainty("2025Q4").loc["0411"]
    row = workbooks.row_with(rows, "90% interval")
    assert row[-3:] == [f"{ends['score_low']:.1f}–{ends['score_high']:.1f}", "–", "–"]


def test_what_the_evidence_cannot_say_stands_wherever_intervals_do(pack: QuarterPack, quarter: Path) -> None:
    silent = with_found(pack, silent=SILENT)
    wanted = re.compile("of 1 item fewer than 10 answers were scored twice .A1.1 .+it takes at least 10")
    assert wanted.search("\n".join(str(cell) for row in workbooks.sheets(quarter)["Ranking"] for cell in row))
    assert wanted.search(said(overview(silent, "0103")))
    assert wanted.search(QuarterReport(silent).alike().plain)
    assert wanted.search(BranchReport(silent, "0103").masthead().plain)
    assert not wanted.search(QuarterReport(pack).alike().plain)


def test_the_trend_of_the_mean_lies_over_its_interval(pack: QuarterPack, quarter: Path) -> None:
    """An unseen area up to the lower end, and on it the band; the unseen one is not in the legend."""
    (chart,) = [text for text in workbooks.charts(quarter) if "areaChart" in text]
    area = chart[chart.index("<areaChart>") : chart.index("</areaChart>")]
    low, width = (
        [float(value) for value in re.findall("<v>([^<]+)</v>", part)]
        for part in re.findall("<numCache>(.+?)</numCache>", area, re.DOTALL)
    )
    assert low == pack.means["score_low"].tolist()
    assert [a + b for a, b in zip(low, width, strict=True)] == pytest.approx(
        pack.means["score_high"].tolist()
    )
    assert '<grouping val="stacked"' in area
    assert re.search(r'<legendEntry>\s*<idx val="0" ?/>\s*<delete val="1" ?/>', chart)


def test_the_results_hold_the_verdicts_and_what_the_evidence_cannot_say(
    pack: QuarterPack, tmp_path: Path
) -> None:
    write_results(pack, tmp_path / "results")
    stored = pd.read_parquet(tmp_path / "results" / "real_change.parquet")
    assert pack.real is not None
    assert dict(zip(stored["unit"], stored["verdict"], strict=True)) == pack.real["verdict"].to_dict()
    assert (tmp_path / "results" / "silent.parquet").is_file()
