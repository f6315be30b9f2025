"""A branch's workbook reckons as the engine does: LibreOffice finds what is written beside every formula, and a changed
point or weight moves score, grade and lost points as it would in the engine."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from openpyxl import load_workbook

import riskkit as rk
from riskkit.report.book import Book
from riskkit.report.branch.links import Links
from riskkit.report.branch.reckoned import Reckoned
from riskkit.report.branch.reckoning import write_reckoning
from riskkit.report.grade_facts import facts
from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.workbook_branch import write_branch_workbook
from riskkit.scoring.scales import published
from riskkit.texts import LANGUAGES, Language
from riskkit.workspace import open_workspace
from tests.report import workbooks
from tests.report.ooxml import faults
from tests.report.recalculation import (
    Cell,
    changed,
    differences,
    formulas,
    planted,
    recalculated,
    texts_that_compute,
    values,
)
from tests.report.test_workbook_live import (
    HDI,
    ITEMS,
    KNOWN,
    POINTS,
    inner,
    mixed,
    place_of,
    stand_in,
)
from tests.scoring import tiny

UNITS = ["0103", "0302", "0404", "0411", "0200"]
"""Plain; deducted and capped; vetoed; provisional; a roll-up."""
SHEET = {"zh": "得分计算", "en": "Scoring"}
SEAL = {"zh": ("与发布版一致", "已被改动"), "en": ("As published", "Changed since")}


@pytest.fixture(scope="module")
def pack(sample_bank: Path) -> QuarterPack:
    return prepare(open_workspace(sample_bank), "2026Q2", "zh")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("branch_live")


@pytest.fixture(scope="module")
def written(pack: QuarterPack, folder: Path) -> dict[tuple[str, Language], Path]:
    """A workbook a unit and language, and one of a country under a geometric model."""
    paths: dict[tuple[str, Language], Path] = {}
    hdi = prepare(open_workspace(HDI), None, "en")
    for lang in LANGUAGES:
        for unit in UNITS:
            paths[unit, lang] = folder / f"{unit}_{lang}.xlsx"
            write_branch_workbook(dataclasses.replace(pack, lang=lang), unit, paths[unit, lang])
        paths["NOR", lang] = folder / f"hdi_{lang}.xlsx"
        write_branch_workbook(dataclasses.replace(hdi, lang=lang), "NOR", paths["NOR", lang])
    return paths


def write_alone(assessment: rk.Assessment, unit: str, path: Path) -> Reckoned:
    """The sheet that reckons, alone, of the small model with every kind of mean."""
    pack: Any = SimpleNamespace(
        **vars(stand_in(assessment)),
        grade_facts=facts(assessment),
        standing=assessment.summary.to_dict("index"),
    )
    book = Book(pack, "live")
    reckoned = write_reckoning(book, unit, Links())
    book.write(path)
    return reckoned


def number(shown: dict[Cell, object], reference: str) -> float:
    """What stands in a cell; not a number for a dash."""
    value: Any = shown[place_of(reference)]
    return np.nan if value == "–" else float(value)


def otherwise(
    assessment: rk.Assessment, reckoned: Reckoned, shown: dict[Cell, object]
) -> dict[Cell, tuple[float, float]]:
    """Where the workbook says something else than the engine of score, grade, every node's score and share, and every
    item's loss: what it shows and what is right."""
    unit, order = reckoned.unit, list(assessment.model.grades)
    summary = assessment.summary.loc[unit]
    row = assessment.summary.index.get_loc(unit)
    grade = summary["grade"]
    place = order.index(grade) + 1 if isinstance(grade, str) else np.nan
    expected = {
        reckoned.base: summary["base"],
        reckoned.score_cell: summary["score"],
        reckoned.place_cell: place,
    }
    for column, node in enumerate(assessment.graded.plan.names):
        if node in reckoned.weights:
            score = assessment.graded.nodes[row, column]
            share = assessment.graded.weights[row, column]
            expected |= {reckoned.scores[node]: score, reckoned.shares[node]: share}
            if node in assessment.model.items:
                expected[reckoned.lost[node]] = share * (assessment.model.spec.score.maximum - score)
    return {
        cell: (number(shown, cell), value)
        for cell, value in expected.items()
        if number(shown, cell) != pytest.approx(value, abs=1e-9, nan_ok=True)
    }


# --- results beside formulas


def test_every_formula_shows_its_result_and_uses_what_every_spreadsheet_knows(
    written: dict[tuple[str, Language], Path],
) -> None:
    for path in written.values():
        shown = values(path)
        assert [cell for cell in formulas(path) if cell not in shown] == []
        for text in texts_that_compute(path):
            plain = re.sub(r"\"[^\"]*\"|'(?:[^']|'')*'", "", text.replace("&quot;", '"'))
            assert set(re.findall(r"([A-Z][A-Z0-9.]*)\(", plain)) <= set(KNOWN), text


def test_the_workbooks_of_every_kind_of_unit_keep_the_rules_of_the_format(
    written: dict[tuple[str, Language], Path],
) -> None:
    assert {path.name: found for path in written.values() if (found := faults(path))} == {}


@pytest.mark.parametrize("missing", ["zero", "left_out"])
@pytest.mark.parametrize("unit", list(POINTS))
def test_what_stands_in_the_sheet_is_what_the_engine_says(unit: str, missing: str, tmp_path: Path) -> None:
    """Gaps, a node without score, a mean of 0, veto, cap, lenient deduction, provisional, and a roll-up."""
    assessment = mixed(missing=missing)
    reckoned = write_alone(assessment, unit, tmp_path / "b.xlsx")
    assert otherwise(assessment, reckoned, values(tmp_path / "b.xlsx")) == {}


def test_points_lost_and_shares_are_formulas_on_every_sheet(
    written: dict[tuple[str, Language], Path],
) -> None:
    cells = formulas(written["0302", "zh"])
    counts = {
        name: sum(sheet == name for sheet, _ in cells)
        for name in ("概览", "评分项明细", "失分清单", "升级办法")
    }
    assert counts["评分项明细"] > 120
    assert counts["失分清单"] > 70
    assert counts["概览"] >= 15
    assert sum(sheet == "升级办法" for sheet, _ in formulas(written["0103", "zh"])) > 5


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_carries_the_seal(written: dict[tuple[str, Language], Path], lang: Language) -> None:
    page = [
        value for row in workbooks.sheets(written["0103", lang]).values() for line in row for value in line
    ]
    assert page.count(SEAL[lang][0]) == 2
    assert SEAL[lang][1] not in page


# --- LibreOffice


@pytest.mark.needs("soffice")
def test_libreoffice_finds_the_same_in_every_formula(
    written: dict[tuple[str, Language], Path], folder: Path, program: Callable[[str], str]
) -> None:
    paths = list(written.values())
    for unit in POINTS:
        paths.append(folder / f"small_{unit}.xlsx")
        write_alone(mixed(), unit, paths[-1])
    for path, again in zip(paths, recalculated(program("soffice"), folder, *paths), strict=True):
        assert differences(path, again) == {}, path.name
        assert len(formulas(path)) > 50, path.name


@pytest.mark.needs("soffice")
def test_a_wrong_result_beside_a_formula_is_caught(
    written: dict[tuple[str, Language], Path], tmp_path: Path, program: Callable[[str], str]
) -> None:
    """The score of 0103, 99 in the file: whoever recalculates sees it again, and only this cell is told."""
    path = written["0103", "zh"]
    sheet, cell = place_of(load_workbook(path).defined_names["score"].attr_text)
    wrong = planted(path, tmp_path / "planted.xlsx", sheet, cell, "99")
    (again,) = recalculated(program("soffice"), tmp_path, wrong)
    assert differences(wrong, again) == {(sheet, cell): (99, values(path)[sheet, cell])}


@pytest.mark.needs("soffice")
def test_a_changed_weight_or_point_moves_the_small_model_as_in_the_engine(
    tmp_path: Path, program: Callable[[str], str]
) -> None:
    """Other weights, one of them 0, for every unit; u gains, loses, and is no longer asked."""
    before = mixed()
    own = {"A": 0.1, "C": 0.5, "c1": 0.9, "c2": 0.1, "b1": 1.0, "b2": 0.0}
    weighed = rk.score(before.model.with_weights(own), before.measures)
    moved: dict[str, float | str] = {"a1": 0.99, "b2": 0.31, "c4": "not_applicable"}
    points = POINTS | {"u": [moved.get(item, value) for item, value in zip(ITEMS, POINTS["u"], strict=True)]}
    expected: list[tuple[rk.Assessment, Reckoned]] = []
    paths = []
    for unit in POINTS:
        path = tmp_path / f"{unit}.xlsx"
        reckoned = write_alone(before, unit, path)
        cells: dict[Cell, object] = {place_of(reckoned.weights[node]): weight for node, weight in own.items()}
        paths.append(changed(path, tmp_path / f"{unit}_weights.xlsx", cells))
        expected.append((weighed, reckoned))
        if unit == "u":
            cells = {
                place_of(reckoned.scores[item]): "–" if isinstance(value, str) else 100 * value
                for item, value in moved.items()
            }
            paths.append(changed(path, tmp_path / "u_points.xlsx", cells))
            expected.append((mixed(points), reckoned))
    again = recalculated(program("soffice"), tmp_path, *paths)
    for path, (assessment, reckoned) in zip(again, expected, strict=True):
        assert otherwise(assessment, reckoned, values(path)) == {}
    assert weighed.summary["score"].ne(before.summary["score"]).sum() > 4
    assert expected[1][0].summary.loc["u", "grade"] != before.summary.loc["u", "grade"]


def input_of(path: Path, sheet: str, node: str) -> tuple[Cell, Cell]:
    """The cells of an item's weight and points."""
    row = next(row for row in load_workbook(path)[sheet].iter_rows() if row[0].value == node)
    return (sheet, row[4].coordinate), (sheet, row[7].coordinate)


@pytest.mark.needs("soffice")
def test_a_changed_weight_or_point_moves_the_whole_workbook_and_breaks_the_seal(
    pack: QuarterPack,
    written: dict[tuple[str, Language], Path],
    tmp_path: Path,
    program: Callable[[str], str],
) -> None:
    """A counts 0.15 and B 0.45; then 0103 has 5 points of A1.1 instead, and its score, the first page, the items
    and the sum of lost points follow."""
    path, row = written["0103", "zh"], pack.assessment.summary.index.get_loc("0103")
    own = {"A": 0.15, "B": 0.45}
    weights = {input_of(path, SHEET["zh"], node)[0]: weight for node, weight in own.items()}
    _, points = input_of(path, SHEET["zh"], "A1.1")
    graded = pack.assessment.graded
    given = graded.points[[row]].copy()
    given[0, graded.plan.items.index("A1.1")] = 5.0
    weighed = rk.score(pack.model.with_weights(own), pack.assessment.measures)
    totals = [weighed.summary.loc["0103", "base"], graded.plan.score(given).total[0]]
    paths = [
        changed(path, tmp_path / f"{number}.xlsx", cells)
        for number, cells in enumerate((weights, {points: 5.0}))
    ]
    deducted = pack.assessment.summary.loc["0103", "deducted"]
    name = place_of(load_workbook(path).defined_names["score"].attr_text)
    for again, total in zip(recalculated(program("soffice"), tmp_path, *paths), totals, strict=True):
        shown = values(again)
        (score,) = published(np.array([total - deducted]), 2)
        assert shown[name] == pytest.approx(score, abs=1e-9)
        assert score != pack.assessment.summary.loc["0103", "score"]
        told = {value for (sheet, _), value in shown.items() if sheet == "概览"}
        assert SEAL["zh"][1] in told
        assert any(isinstance(value, float) and abs(value - score) < 1e-9 for value in told)
        rows = workbooks.sheets(again)["失分清单"]
        whole = next(line for line in rows if str(line[3]).startswith("合计"))
        assert whole[3] == f"合计 = 100 − {score:.2f}"
        assert [whole[7], whole[8]] == pytest.approx([100 - score] * 2, abs=1e-9)
    items = {line[0]: line for line in workbooks.sheets(again)["评分项明细"]}
    assert items["A1.1"][11] == 5.0


# --- discretion


def test_points_of_too_few_respondents_enter_no_formula(pack: QuarterPack, tmp_path: Path) -> None:
    items = pack.assessment.items.copy()
    items.loc[(items["unit"] == "0103") & (items["item"] == "B3.1"), "n"] = 4
    assessment = workbooks.with_items(pack.assessment, items)
    write_branch_workbook(dataclasses.replace(pack, assessment=assessment), "0103", tmp_path / "few.xlsx")
    shown = values(tmp_path / "few.xlsx")
    _, points = input_of(tmp_path / "few.xlsx", SHEET["zh"], "B3.1")
    assert shown[points] == "<5"
    row = points[1].lstrip("ABCDEFGH")
    lost = load_workbook(tmp_path / "few.xlsx")[SHEET["zh"]][f"K{row}"]
    assert lost.value == "–"
    parent = next(cell for (sheet, cell), text in shown.items() if sheet == SHEET["zh"] and text == "B3")
    above = load_workbook(tmp_path / "few.xlsx")[SHEET["zh"]][f"G{parent[1:]}"]
    assert above.value == pytest.approx(pack.assessment.scores(2).loc["0103", "B3"])  # published, no formula


# --- models of another kind


HOSTILE = [
    "=1+1",
    '<b>"&HYPERLINK("http://x")&"',
    "../x 😀~*?",
    "O'Brien [1] {x} #REF!",
    "a\x07\nb",
    "_x000D_ 'q'!A1",
]


def reworded(part: Any, words: list[str]) -> Any:
    """A model's text with the next of some hostile words in place of every name."""
    if isinstance(part, dict):
        if set(part) == {"zh", "en"}:
            words.append(words.pop(0))
            return dict.fromkeys(part, words[-1])
        return {key: reworded(value, words) for key, value in part.items()}
    return [reworded(value, words) for value in part] if isinstance(part, list) else part


def five_levels() -> dict[str, Any]:
    """A model whose items stand on the third and on the fifth level, with a least score on each of four."""
    fifth = inner("D3", 0.4, inner("D4", 1.0, tiny.item("x1", 1.0)))
    spec = tiny.spec(nodes=[inner("D1", 1.0, inner("D2", 1.0, fifth, tiny.item("x2", 0.6)))])
    spec["grades"][0]["conditions"] = [
        {"kind": "node_min", "depth": depth, "value": 50 + depth} for depth in (1, 2, 3, 4)
    ]
    return spec


def scored(spec: dict[str, Any]) -> rk.Assessment:
    model = rk.IndicatorModel(type(tiny.model().spec).model_validate(spec))
    values: dict[str, dict[str, float | str]] = {
        "u": {"x1": 0.9, "x2": 0.95},
        "v": {"x1": "not_applicable", "x2": 0.5},
        "w": {"x1": "not_applicable", "x2": "not_applicable"},
    }
    return rk.score(model, tiny.measures(model, values, [], u=3, v=4, w=5))


@pytest.mark.needs("soffice")
def test_trees_of_five_levels_and_hostile_words_are_reckoned_alike(
    tmp_path: Path, program: Callable[[str], str]
) -> None:
    assessment = scored(reworded(five_levels(), list(HOSTILE)))
    paths = [tmp_path / f"{unit}.xlsx" for unit in "uvw"]
    for path in paths:
        assert otherwise(assessment, write_alone(assessment, path.stem, path), values(path)) == {}
        assert faults(path) == []
        for text in texts_that_compute(path):
            assert not re.search(r"=1\+1|HYPERLINK|#REF!", re.sub(r'"(?:[^"]|"")*"', "", text)), text
    for path, again in zip(paths, recalculated(program("soffice"), tmp_path, *paths), strict=True):
        assert differences(path, again) == {}, path.name
