"""The six figures of page one, beside a quarter and a year ago, or a word that there is nothing to compare with."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from openpyxl import load_workbook

from riskkit.report import figures
from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.workbook_quarter import write_quarter_workbook
from riskkit.scoring.assessment import Assessment
from riskkit.workspace import open_workspace

HDI = Path(__file__).parents[2] / "data_samples" / "hdi"


def first_page(pack: QuarterPack, folder: Path) -> list[str]:
    write_quarter_workbook(pack, folder / "book.xlsx")
    page = load_workbook(folder / "book.xlsx", data_only=True).worksheets[0]
    return [str(value) for row in page.iter_rows(values_only=True) for value in row if value is not None]


@pytest.fixture(scope="module")
def pack(sample_bank: Path) -> QuarterPack:
    return prepare(open_workspace(sample_bank), "2026Q2", "zh")


@pytest.fixture(scope="module")
def page(pack: QuarterPack, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return first_page(pack, tmp_path_factory.mktemp("page"))


def change(now: float, before: float, decimals: int) -> str:
    sign = "▲" if now > before else "▼"
    return f"{sign}{abs(now - before):.{decimals}f}"


def ranked_mean(assessment: Assessment) -> float:
    return float(assessment.summary.dropna(subset=["rank"])["score"].mean())


def test_the_mean_is_compared_with_a_quarter_and_a_year_ago(pack: QuarterPack, page: list[str]) -> None:
    now = ranked_mean(pack.assessment)
    for word, period in (("环比", "2026Q1"), ("同比", "2025Q2")):
        then = ranked_mean(pack.workspace.assessment(period))
        assert f"{word} {change(now, then, 2)}" in page


def test_grades_that_rose_and_fell_are_counted_unit_by_unit(pack: QuarterPack, page: list[str]) -> None:
    now = pack.assessment.summary.dropna(subset=["rank"])["grade"]
    for word, period in (("环比", "2026Q1"), ("同比", "2025Q2")):
        then = pack.workspace.assessment(period).summary.dropna(subset=["rank"])["grade"]
        both = [(now[unit], then[unit]) for unit in now.index if unit in then.index]
        up = sum(
            after < before for after, before in both
        )  # A before B: the letters are in the order of the grades
        down = sum(after > before for after, before in both)
        assert f"{word} 升 {up} 降 {down}" in page


def test_red_lines_and_coverage_are_compared(pack: QuarterPack, page: list[str]) -> None:
    def events(assessment: Assessment) -> int:
        return int((assessment.events["status"] == "in_effect").sum())

    def coverage(assessment: Assessment) -> float:
        return 100 * float(assessment.summary.loc[~assessment.summary["rollup"], "coverage"].mean())

    for word, period in (("环比", "2026Q1"), ("同比", "2025Q2")):
        then = pack.workspace.assessment(period)
        assert f"{word} {change(events(pack.assessment), events(then), 0)}" in page
        assert f"{word} {change(coverage(pack.assessment), coverage(then), 1)} 个百分点" in page


def test_how_sure_ranks_are_is_told_in_words(page: list[str]) -> None:
    assert any(text.startswith("名次有多大把握：第 ") and "难分高下" in text for text in page)


def test_there_are_three_key_messages(page: list[str]) -> None:
    assert [text[0] for text in page if text[:1] in "①②③④⑤"] == ["①", "②", "③"]


def test_a_first_quarter_says_that_there_is_nothing_to_compare_with(
    sample_bank: Path, tmp_path: Path
) -> None:
    page = first_page(prepare(open_workspace(sample_bank), "2025Q1", "en"), tmp_path)
    assert "first period" in page
    assert "no data of a year ago" in page
    assert "nothing to compare with" in page
    assert not any("nan" in text.split() for text in page)


def test_a_model_of_years_compares_with_the_year_before_alone(tmp_path: Path) -> None:
    shutil.copytree(HDI, tmp_path / "hdi", ignore=shutil.ignore_patterns(".riskkit"))
    page = first_page(prepare(open_workspace(tmp_path / "hdi"), None, "en"), tmp_path)
    assert "first year" in page
    assert "no data of a year ago" not in page


def test_a_small_bank_is_told_without_a_year_ago(small_bank: Path, tmp_path: Path) -> None:
    """Three branches from 50 to 90, 80 and 70: the mean rises by 30; the model has one grade, so none changes."""
    page = first_page(prepare(open_workspace(small_bank), "2026Q2", "en"), tmp_path)
    assert "▲30.00 on last quarter" in page
    assert "no change on last quarter" in page
    assert "no data of a year ago" in page


def test_where_nobody_was_graded_last_quarter_scores_are_not_compared_and_the_page_says_why(
    small_bank: Path, tmp_path: Path
) -> None:
    pack = prepare(open_workspace(small_bank), "2026Q2", "en")
    assert pack.before is not None
    assert pack.movement is not None
    before = dataclasses.replace(pack.before, summary=pack.before.summary.assign(rank=np.nan, grade=None))
    moved = dataclasses.replace(pack.movement, units=pack.movement.units.assign(grade_before=None))
    page = first_page(dataclasses.replace(pack, before=before, movement=moved), tmp_path)
    assert "no figure last quarter" in page
    assert any("No unit was graded both now and in 2026Q1" in text for text in page)
    assert not any("first period" in text or "no earlier period" in text for text in page)


def test_what_was_carried_over_is_its_share_of_the_weight_that_applies(pack: QuarterPack) -> None:
    """Reckoned item by item, roll-ups included."""
    found, weights = figures.carried_shares(pack.assessment), pack.model.nominal_weights
    for unit, rows in pack.assessment.items.groupby("unit"):
        states = dict(zip(rows["item"], rows["state"], strict=True))
        whole = sum(weights[item] for item in states if states[item] not in ("not_applicable", "postponed"))
        carried = sum(weights[item] for item in states if states[item] == "carried_over")
        assert found[unit] == pytest.approx(carried / whole)
    assert 0 < found.max() < 1
