"""The sheet of targets says what became of them, in words that fit one as well as many."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from riskkit.analysis.targets import Targets, targets
from riskkit.report.book import Book
from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.quarter.chart_data import ChartData
from riskkit.report.quarter.targets import write_targets
from riskkit.texts import LANGUAGES, Language
from riskkit.workspace import open_workspace
from tests.analysis.test_targets import row, with_targets

STAFF_NUMBER = re.compile(r"\b00\d{6}\b")


@pytest.fixture
def small(small_bank: Path) -> QuarterPack:
    return prepare(open_workspace(small_bank), "2026Q2", "zh")


def words(book: Workbook) -> list[str]:
    return [
        str(value)
        for rows in (sheet.iter_rows(values_only=True) for sheet in book)
        for each in rows
        for value in each
        if value is not None
    ]


def written(pack: QuarterPack, lang: Language) -> list[str]:
    book = Book(dataclasses.replace(pack, lang=lang), "")
    numbers = ChartData(book)
    write_targets(book, numbers)
    return words(book.workbook)


def told(
    monkeypatch: pytest.MonkeyPatch, small: QuarterPack, lang: Language, *rows: dict[str, object]
) -> list[str]:
    """What the sheet says of some targets of branch 0101."""
    found = targets(with_targets(*(row(unit="0101", **each) for each in rows)))
    known = found.rows.assign(item=found.rows["item"].where(found.rows["item"].isna(), "R"))
    monkeypatch.setattr(
        "riskkit.report.quarter.targets.targets", lambda _: Targets(known, small.assessment.period)
    )
    return written(small, lang)


def test_the_sample_bank_reads_as_its_targets_are(sample_bank: Path) -> None:
    pack = prepare(open_workspace(sample_bank), "2026Q2", "zh")
    found = targets(pack.assessment.measures).rows
    due, attained = int(found["due"].sum()), int((found["status"] == "attained").sum())
    sheet = written(pack, "zh")
    assert any(f"其中到期 {due} 项，达成 {attained} 项（{attained / due:.1%}）" in text for text in sheet)
    assert any(text == "1 家被评机构没有报送目标分解表：丁州胡杨支行。" for text in sheet)
    assert not [text for text in sheet if STAFF_NUMBER.search(text)]
    unset = found[found["status"] == "no_target"]
    counts = [int(text.removesuffix(" 家")) for text in sheet if re.fullmatch(r"\d+ 家", text)]
    assert sorted(counts) == sorted(unset.groupby(["department", "post", "horizon"])["unit"].nunique())


def test_one_target_is_told_as_one(monkeypatch: pytest.MonkeyPatch, small: QuarterPack) -> None:
    one = {"actual": 0.9}
    assert (
        "1 target asked for; 1 set (100.0%). Due by the cut-off: 1; attained: 1 (100.0%)."
        in told(monkeypatch, small, "en", one)
    )  # fmt: skip
    assert "应有目标 1 项，已设 1 项（100.0%）。其中到期 1 项，达成 1 项（100.0%）。" in told(
        monkeypatch, small, "zh", one
    )


@pytest.mark.parametrize(("lang", "said"), [("zh", "尚无到期的目标。"), ("en", "None is due yet.")])
def test_where_none_is_due_no_share_is_told(
    monkeypatch: pytest.MonkeyPatch, small: QuarterPack, lang: Language, said: str
) -> None:
    texts = told(monkeypatch, small, lang, {"actual": 0.9, "due_on": "2027-12-31"})
    assert any(said in text for text in texts)
    assert not any("nan" in text for text in texts)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_target_at_all_is_told_without_a_table_by_item(
    monkeypatch: pytest.MonkeyPatch, small: QuarterPack, lang: Language
) -> None:
    texts = told(monkeypatch, small, lang, {"item": None, "target": None})
    assert not any(text.startswith({"zh": "按评分项", "en": "By item"}[lang]) for text in texts)
    assert any({"zh": "已设 0 项（0.0%）", "en": "0 set (0.0%)"}[lang] in text for text in texts)


@pytest.mark.parametrize(
    ("lang", "units", "without"), [("zh", "1 家", "未设机构："), ("en", "1 unit", "Units without one: ")]
)
def test_units_that_set_none_are_named_post_by_post(
    monkeypatch: pytest.MonkeyPatch, small: QuarterPack, lang: Language, units: str, without: str
) -> None:
    texts = told(monkeypatch, small, lang, {"item": None, "target": None}, {"actual": 0.1})
    name = small.assessment.measures.units.at["0101", "name"]
    assert texts[texts.index(units) :][4] == without + name


def test_where_nothing_asks_for_anything_a_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, small: QuarterPack
) -> None:
    assert "没有需要处理的目标。" in told(monkeypatch, small, "zh", {"actual": 0.9})


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", "没有报送目标分解表，无从比较。"),
        ("en", "No table of targets was handed in; there is nothing to compare."),
    ],
)
def test_without_a_table_a_sentence_says_so(small: QuarterPack, lang: Language, said: str) -> None:
    assert said in written(small, lang)


@pytest.mark.parametrize(
    ("lang", "said"), [("zh", "所用为 2026Q1 报送的目标分解表"), ("en", "came in 2026Q1")]
)
def test_an_older_table_is_told_as_one(
    monkeypatch: pytest.MonkeyPatch, small: QuarterPack, lang: Language, said: str
) -> None:
    found = targets(with_targets(row(unit="0101", item=None)))
    assert small.before is not None
    older = Targets(found.rows.assign(item=pd.Series([None], dtype="object")), small.before.period)
    monkeypatch.setattr("riskkit.report.quarter.targets.targets", lambda _: older)
    assert any(said in text for text in written(small, lang))


def test_what_was_stated_otherwise_is_counted_and_marked(
    monkeypatch: pytest.MonkeyPatch, small: QuarterPack
) -> None:
    texts = told(monkeypatch, small, "en", {"actual": 0.1, "attained": True})
    assert any("Stated otherwise than the numbers say: 1; the numbers decide." in text for text in texts)
    assert "Missed, not as stated" in texts
