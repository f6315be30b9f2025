"""The sheets of the risk matrix place every branch once, name the gravest and say who could not be placed."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from riskkit import texts
from riskkit.analysis.risk_matrix import RiskMatrix, risk_matrix
from riskkit.report import charts
from riskkit.report.book import Book
from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.quarter.risk import write_risk
from riskkit.texts import LANGUAGES, Language
from riskkit.workspace import open_workspace

HDI = Path(__file__).parents[2] / "data_samples" / "hdi"
CODE = re.compile(r"\b0\d{3}\b")


@pytest.fixture(scope="module")
def pack(sample_bank: Path) -> QuarterPack:
    return prepare(open_workspace(sample_bank), "2026Q2", "zh")


def written(pack: QuarterPack, lang: Language = "zh") -> list[list[list[object]]]:
    book = Book(dataclasses.replace(pack, lang=lang), "")
    write_risk(book)
    return [[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.workbook.worksheets]


def words(sheet: list[list[object]]) -> list[str]:
    return [str(value) for row in sheet for value in row if value is not None]


def with_cells(monkeypatch: pytest.MonkeyPatch, pack: QuarterPack, **columns: Any) -> None:
    """Let the sheets be written from a matrix with some columns changed."""
    found = risk_matrix(pack.assessment)
    other = RiskMatrix(found.assessment, found.cells.assign(**columns))
    monkeypatch.setattr("riskkit.report.quarter.risk.risk_matrix", lambda _: other)


def test_every_placed_branch_stands_in_one_cell_of_each_matrix(pack: QuarterPack) -> None:
    cells = risk_matrix(pack.assessment).cells
    for sheet, kind in zip(written(pack), ("customer", "classified"), strict=True):
        told = [code for row in sheet[:12] for value in row[1:] for code in CODE.findall(str(value))]
        rows = cells[(cells["kind"] == kind) & cells["rating"].notna()]
        assert sorted(told) == sorted(rows["unit"])


def test_the_gravest_are_named_with_why_and_what_to_decide(pack: QuarterPack) -> None:
    top = risk_matrix(pack.assessment).top(1, "customer").iloc[0]
    (row,) = (row for row in written(pack)[0] if row[0] == top["name"])
    told = [value for value in row if value is not None]
    assert told[1] == "很高"
    assert told[2] == pytest.approx(top["lost"])
    assert str(top["worst"]) in str(told[4])
    assert told[5] == "立即专项检查，必要时暂停数据外送和外借"


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("zh", "2 家没有报送可看出数据级别的表，未定位：丙州橘园头支行、丁州胡杨支行。"),
        ("en", "2 units not placed, having handed in no table that tells the level of data: "),
    ],
)
def test_who_could_not_be_placed_is_told(pack: QuarterPack, lang: Language, said: str) -> None:
    assert any(said in text for text in words(written(pack, lang)[0]))


@pytest.mark.parametrize(
    ("lang", "said"), [("zh", "没有一家机构可以定位。"), ("en", "No unit could be placed.")]
)
def test_where_nobody_can_be_placed_a_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, pack: QuarterPack, lang: Language, said: str
) -> None:
    with_cells(monkeypatch, pack, rating=None)
    assert said in words(written(pack, lang)[0])


@pytest.mark.parametrize(
    ("lang", "said"), [("zh", "所有机构都在最低一级。"), ("en", "Every unit has the mildest rating.")]
)
def test_where_all_is_mild_nobody_is_named(
    monkeypatch: pytest.MonkeyPatch, pack: QuarterPack, lang: Language, said: str
) -> None:
    with_cells(monkeypatch, pack, rating="low")
    assert said in words(written(pack, lang)[0])


def test_one_unit_and_one_row_are_told_as_one(pack: QuarterPack) -> None:
    found = words(written(pack, "en")[0])
    assert any(text.startswith("1 unit\n") for text in found)
    assert any("Third parties: 1 row)" in text for text in found)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_model_without_a_matrix_says_so(lang: Language) -> None:
    (sheet,) = written(prepare(open_workspace(HDI), None, lang), lang)
    assert texts.say("sheet.risk.no_model", lang) in words(sheet)


def test_the_chart_names_the_units_of_every_cell_and_says_who_has_no_place(pack: QuarterPack) -> None:
    matrix = risk_matrix(pack.assessment)
    ax = charts.risk_matrix(matrix, "customer", lang="en")
    told = [code for text in ax.texts for code in CODE.findall(text.get_text())]
    rows = matrix.cells[(matrix.cells["kind"] == "customer") & matrix.cells["rating"].notna()]
    assert sorted(told) == sorted(rows["unit"])
    assert "2 units could not be placed" in ax.get_xlabel()
