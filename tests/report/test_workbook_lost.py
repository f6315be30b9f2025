"""The list of lost points adds up to what the scores fall short of, and shows nothing of fewer than five people."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from riskkit import texts
from riskkit.report.book import Book
from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.quarter.lost import write_lost
from riskkit.scoring.assessment import Assessment
from riskkit.texts import LANGUAGES, Language
from riskkit.workspace import open_workspace
from tests.report import workbooks

HDI = Path(__file__).parents[2] / "data_samples" / "hdi"
LIST_FIRST = "序"


@pytest.fixture(scope="module")
def pack(sample_bank: Path) -> QuarterPack:
    return prepare(open_workspace(sample_bank), "2026Q2", "zh")


def written(pack: QuarterPack, lang: Language = "zh") -> list[list[object]]:
    book = Book(dataclasses.replace(pack, lang=lang), "")
    write_lost(book)
    return [list(row) for row in book.workbook.worksheets[0].iter_rows(values_only=True)]


def losses(rows: list[list[object]]) -> pd.DataFrame:
    """The list below the second heading."""
    heads = [place for place, row in enumerate(rows) if str(row[0]).startswith(LIST_FIRST)]
    kept = [row for row in rows[heads[-1] + 1 :] if isinstance(row[0], int)]
    names = ["number", "unit", "name", "id", "what", "lost", "points", "state", "n", "open", "cause"]
    return pd.DataFrame([row[: len(names)] for row in kept], columns=names)


def words(rows: list[list[object]]) -> list[str]:
    return [str(value) for row in rows for value in row if value is not None]


def test_each_unit_lost_what_its_score_falls_short_of_but_for_losses_too_small_to_print(
    pack: QuarterPack,
) -> None:
    """Losses below half a hundredth are left out, of at most 76 items, and the score is rounded to hundredths."""
    found = losses(written(pack))
    by_unit = found.groupby("unit")["lost"].sum()
    ranking = pack.assessment.ranking()
    short = (100.0 - ranking["base"]) + ranking["deducted"]
    assert set(by_unit.index) == set(ranking.index[short > 0.01])
    assert (short[by_unit.index] - by_unit).between(-1e-9, 76 * 0.005).all()


def test_the_largest_loss_stands_first(pack: QuarterPack) -> None:
    found = losses(written(pack))
    assert found["lost"].is_monotonic_decreasing
    assert found["number"].tolist() == list(range(1, len(found) + 1))


def test_what_was_not_assessed_says_why_and_what_was_measured_says_what_full_marks_ask(
    pack: QuarterPack,
) -> None:
    """C5.1 of 0411 rests on appraisals that never came; C1.2 of 0410 asks for all who were to be vetted."""
    found = losses(written(pack)).set_index(["unit", "id"])
    assert found.loc[("0411", "C5.1"), ["state", "cause"]].tolist() == ["未评", "未报送：绩效考核"]
    assert "满分须 100.0%" in str(found.loc[("0410", "C1.2"), "cause"])


def test_open_findings_of_the_item_are_counted(pack: QuarterPack) -> None:
    register = pack.findings.outstanding()
    found = losses(written(pack))
    known = found[found["id"] != "–"].set_index(["unit", "id"])["open"]
    counts = register.groupby(["unit", "item"]).size()
    both = known.index.intersection(counts.index)
    assert len(both) > 20
    assert known[both].tolist() == counts[both].tolist()


def test_the_mean_with_the_largest_mended_is_told(pack: QuarterPack) -> None:
    """Where a floor or a rounding does not interfere, the mean rises by what the units lost on those items."""
    rows = written(pack)
    table = [row for row in rows if isinstance(row[0], int) and row[1] and row[2] is None]
    assert len(table) == 10
    ranked = pack.assessment.ranking().dropna(subset=["rank"])
    rise = sum(float(str(row[6])) for row in table)
    assert float(str(table[-1][8])) == pytest.approx(ranked["score"].mean() + rise, abs=0.02)
    assert any(
        f"由 {ranked['score'].mean():.2f} 升至 {float(str(table[-1][8])):.2f}" in text for text in words(rows)
    )


def test_points_of_fewer_than_five_respondents_stand_together_without_values(pack: QuarterPack) -> None:
    items = pack.assessment.items.copy()
    mine = (items["unit"] == "0103") & items["item"].isin(["B3.1", "B3.2"])
    items.loc[mine, "n"] = 4
    few = dataclasses.replace(pack, assessment=workbooks.with_items(pack.assessment, items))
    found = losses(written(few))
    assert found[(found["unit"] == "0103") & found["id"].isin(["B3.1", "B3.2"])].empty
    merged = found[found["what"] == texts.say("sheet.losses.few", "zh", n=2)]
    assert merged["lost"].tolist() == pytest.approx([items.loc[mine, "lost"].sum()])
    assert merged["points"].tolist() == ["–"]


def nobody_ranked(assessment: Assessment) -> Assessment:
    summary = assessment.summary.assign(rank=float("nan"), grade=None, provisional=True)
    return dataclasses.replace(assessment, summary=summary)


@pytest.mark.parametrize(
    ("lang", "said"),
    [("zh", "本期没有可定级的机构。"), ("en", "No unit could be graded this period.")],
)
def test_where_nobody_is_ranked_no_mean_is_told(pack: QuarterPack, lang: Language, said: str) -> None:
    none = dataclasses.replace(pack, assessment=nobody_ranked(pack.assessment))
    found = words(written(none, lang))
    assert said in found
    assert "nan" not in " ".join(found)


def test_one_item_and_one_unit_are_told_as_one(small_bank: Path) -> None:
    """The small bank counts one item, of 90, 80 and 70 points: all full, 80 → 100, and all three have a better grade
    or the best already."""
    small = prepare(open_workspace(small_bank), "2026Q2", "en")
    told = words(written(small, "en"))
    assert any(
        "100% falls on the 1 item listed here" in text and "from 80.00 to 100.00" in text for text in told
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_model_whose_losses_do_not_add_up_says_so(lang: Language) -> None:
    hdi = prepare(open_workspace(HDI), None, lang)
    assert texts.say("sheet.losses.not_additive", lang) in words(written(hdi, lang))


def test_the_largest_hundred_are_printed_and_all_of_them_stand_in_the_sheet(
    pack: QuarterPack, tmp_path: Path
) -> None:
    book = Book(pack, "")
    write_lost(book)
    (sheet,) = book.sheets
    book.write(tmp_path / "lost.xlsx")
    rows = workbooks.sheets(tmp_path / "lost.xlsx")[sheet.worksheet.title]
    printed = losses(rows[: sheet.printed])["number"].tolist()
    assert printed == list(range(1, 101))
    assert len(losses(rows)) > 500
    area = load_workbook(tmp_path / "lost.xlsx").worksheets[0].print_area
    assert area.endswith(f":$K${sheet.printed}")
