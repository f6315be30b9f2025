"""The quarter workbook reckons as the engine does: its formulas carry their results, LibreOffice finds the same, and a
changed weight or point moves scores, grades and ranks as it would in the engine."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

import riskkit as rk
from riskkit.report.book import Book
from riskkit.report.pack import QuarterPack, prepare
from riskkit.report.quarter.live import Live, joined, place
from riskkit.report.quarter.points import write_points
from riskkit.report.quarter.profile import write_profile
from riskkit.report.quarter.verification import write_verification
from riskkit.report.quarter.weights import write_weights
from riskkit.report.workbook_quarter import write_quarter_workbook
from riskkit.scoring import grades
from riskkit.scoring.scales import published
from riskkit.texts import LANGUAGES, Language
from riskkit.workspace import open_workspace
from tests.report import workbooks
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
from tests.scoring import tiny

HDI = Path(__file__).parents[2] / "data_samples" / "hdi"
KNOWN = [
    "ABS",
    "AND",
    "AVERAGEIF",
    "COLUMN",
    "COUNT",
    "COUNTIF",
    "EXACT",
    "EXP",
    "IF",
    "IFERROR",
    "INDEX",
    "INT",
    "ISERROR",
    "ISNUMBER",
    "LN",
    "MATCH",
    "MAX",
    "MID",
    "MIN",
    "N",
    "OR",
    "RANK",
    "ROUND",
    "ROW",
    "SUM",
    "SUMPRODUCT",
    "TEXT",
]
"""Functions that Excel 2007, WPS and LibreOffice share; none is volatile, none spills."""


@pytest.fixture(scope="module")
def pack(sample_bank: Path) -> QuarterPack:
    return prepare(open_workspace(sample_bank), "2026Q2", "zh")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="module")
def written(pack: QuarterPack, folder: Path) -> dict[Language, Path]:
    paths = {lang: folder / f"{lang}.xlsx" for lang in LANGUAGES}
    for lang, path in paths.items():
        write_quarter_workbook(dataclasses.replace(pack, lang=lang), path)
    return paths


@pytest.fixture(scope="module")
def hdi(folder: Path) -> Path:
    write_quarter_workbook(prepare(open_workspace(HDI), None, "en"), folder / "hdi.xlsx")
    return folder / "hdi.xlsx"


# --- a small model with every kind of mean, gaps, vetoes, caps and a provisional unit


def inner(name: str, weight: float, *children: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": name, "name": tiny.name(name), "weight": weight, "children": list(children), **more}


MIXED = [
    inner(
        "A", 0.3, *(tiny.item(f"a{n}", w) for n, w in ((1, 0.5), (2, 0.3), (3, 0.2))), aggregate="geometric"
    ),
    inner("B", 0.2, tiny.item("b1", 0.5), tiny.item("b2", 0.5), aggregate="minimum"),
    inner(
        "C",
        0.3,
        inner("C1", 0.5, tiny.item("c1", 0.6), tiny.item("c2", 0.4), aggregate="harmonic"),
        inner("C2", 0.3, tiny.item("c3", 1.0), tiny.item("report", 0.0)),
        tiny.item("c4", 0.2),
        aggregate="power",
        exponent=-2.0,
    ),
    inner("D", 0.2, tiny.item("d1", 0.7), tiny.item("d2", 0.3), aggregate="power", exponent=0.5),
]
ITEMS = ["a1", "a2", "a3", "b1", "b2", "c1", "c2", "c3", "c4", "d1", "d2", "report"]
POINTS: dict[str, list[float | str]] = {
    "u": [0.95, 0.93, 0.97, 0.92, 0.96, 0.91, 0.94, 0.99, 0.9, 0.95, 0.96, 0.1],
    "v": [0.8, 0.0, 0.9, 0.7, 0.75, 0.6, 0.65, 0.9, 0.8, 0.0, 0.7, 0.9],
    "w": [
        0.9,
        "not_applicable",
        0.8,
        "not_applicable",
        "not_applicable",
        0.7,
        0.9,
        0.95,
        0.85,
        0.9,
        0.8,
        0.2,
    ],
    "x": [0.95, 0.9, 0.99, 0.95, 0.55, 0.9, 0.92, 0.98, "postponed", 0.98, "refused", 0.3],
    "y": [0.96, 0.97, 0.98, 0.99, 0.95, 0.94, 0.97, 0.96, 0.99, 0.98, 0.97, 0.4],
    "z": ["not_assessed"] * 9 + [0.9, 0.9, 0.5],
    "q": [0.95, 0.93, 0.97, 0.92, 0.96, 0.91, 0.94, 0.99, 0.9, 0.95, 0.96, 0.1],
    "head": [0.5, 0.4, *["not_applicable"] * 9, 0.6],
}
EVENTS = [
    {"red_line": "VETO", "unit": "y", "event_no": "E1"},
    {"red_line": "CAP", "unit": "q", "event_no": "E2"},
    {"red_line": "LEAK", "unit": "v", "event_no": "E3", "self_reported": True},
    {"red_line": "LEAK", "unit": "head", "event_no": "E4"},
]
STAFF = {"head": 3, "u": 10, "v": 20, "w": 5, "x": 8, "y": 12, "z": 1, "q": 7}


def mixed(points: dict[str, list[float | str]] | None = None, **more: Any) -> rk.Assessment:
    """The small model's assessment; `more` changes the model."""
    spec = tiny.spec(
        nodes=MIXED,
        aggregate="geometric",
        score={"maximum": 100, "decimals": 1},
        provisional={"coverage": 0.5},
        **more,
    )
    spec["grades"][0]["conditions"].append({"kind": "node_min", "depth": 2, "value": 85})
    model = rk.IndicatorModel(type(tiny.model().spec).model_validate(spec))
    given = {unit: dict(zip(ITEMS, row, strict=True)) for unit, row in (points or POINTS).items()}
    return rk.score(model, tiny.measures(model, given, EVENTS, **STAFF))


def stand_in(assessment: rk.Assessment, sure: pd.DataFrame | None = None) -> Any:
    """What the live sheets need of a pack."""
    return SimpleNamespace(
        lang="en",
        assessment=assessment,
        model=assessment.model,
        before=None,
        movement=None,
        sure=pd.DataFrame(columns=["rank_low", "rank_high"]) if sure is None else sure,
        marking="Internal",
        institution="Small Bank",
        period=tiny.PERIOD,
        ranked_apart=False,
        graded=assessment.ranking().dropna(subset=["rank"]),
    )


def write_live(assessment: rk.Assessment, path: Path) -> Live:
    """The sheets that reckon, alone."""
    book = Book(stand_in(assessment), "live")
    live = write_points(book, write_weights(book))
    write_profile(book, live, write_verification(book, live))
    book.write(path)
    return live


def place_of(reference: str) -> Cell:
    """A sheet and a cell from a reference."""
    sheet, cell = reference.rsplit("!", 1)
    return sheet.strip("'"), cell.replace("$", "")


def otherwise(
    assessment: rk.Assessment, live: Live, shown: dict[Cell, object]
) -> dict[tuple[str, str], tuple[object, object]]:
    """Where the workbook says something else than the engine of a unit's score, grade, rank and nodes: what it shows and
    what is right."""
    order, names = list(assessment.model.grades), assessment.graded.plan.names
    found: dict[tuple[str, str], tuple[object, object]] = {}
    for row, (code, unit) in enumerate(assessment.summary.iterrows()):
        expected = {
            "base": unit["base"],
            "score": unit["score"],
            "place": order.index(unit["grade"]) + 1 if isinstance(unit["grade"], str) else np.nan,
            "rank": unit["rank"],
        }
        cells = {key: live.at(str(code), key) for key in expected}
        for node in live.nodes:
            cells[node] = live.sheet.ref(live.nodes[node], live.rows[str(code)])
            expected[node] = assessment.graded.nodes[row, names.index(node)]
        for key, cell in cells.items():
            told = np.nan if shown[place_of(cell)] == "–" else shown[place_of(cell)]
            if told != pytest.approx(expected[key], abs=1e-9, nan_ok=True):
                found[str(code), key] = told, expected[key]
    return found


# --- results beside formulas


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_formula_shows_its_result_to_those_who_compute_nothing(
    written: dict[Language, Path], hdi: Path, lang: Language
) -> None:
    for path in (written[lang], hdi):
        shown = values(path)
        assert [cell for cell in formulas(path) if cell not in shown] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_formulas_use_what_every_spreadsheet_knows(
    written: dict[Language, Path], hdi: Path, lang: Language
) -> None:
    for path in (written[lang], hdi):
        for text in texts_that_compute(path):
            plain = re.sub(r"\"[^\"]*\"|'(?:[^']|'')*'", "", text.replace("&quot;", '"'))
            assert set(re.findall(r"([A-Z][A-Z0-9.]*)\(", plain)) <= set(KNOWN), text
            assert not re.search(r"[\[\]{}#@]", plain), text


def test_what_stands_in_the_workbook_is_what_the_engine_says(tmp_path: Path) -> None:
    for number, more in enumerate(({}, {"missing": "left_out"})):
        assessment = mixed(**more)
        live = write_live(assessment, tmp_path / f"{number}.xlsx")
        assert otherwise(assessment, live, values(tmp_path / f"{number}.xlsx")) == {}


def test_the_small_model_meets_what_it_is_there_to_meet() -> None:
    """A veto, a cap, conditions that fail, a provisional unit, a mean of 0 and a node without score."""
    assessment = mixed()
    assert {"veto", "cap", "node_min", "no_red_line"} <= set(assessment.reasons["key"])
    assert assessment.summary["provisional"].tolist().count(True) == 1
    assert (assessment.scores(1).loc["v", "A"], assessment.summary.loc["v", "score"]) == (0, 0)
    assert np.isnan(assessment.scores(1).loc["w", "B"])
    assert assessment.summary.loc["y", "rank"] == assessment.summary["rank"].max()


def test_every_figure_that_can_change_is_coloured_by_a_rule(written: dict[Language, Path]) -> None:
    """Cells of grades and scores have no colour of their own, and stand under a rule."""
    book = load_workbook(written["zh"])
    for name, column in (("排名", "G"), ("热力图", "E"), ("变动", "J")):
        sheet = book[name]
        first = sheet[f"{column}{str(sheet.freeze_panes).lstrip('ABCDEFGH')}"]
        assert first.data_type == "f", name
        assert first.fill.fill_type is None or name == "变动", name  # where roll-ups, tinted, stand first
        assert any(first.coordinate in rule.sqref for rule in sheet.conditional_formatting), name


# --- LibreOffice


@cache
def _again(soffice: str, folder: Path, *paths: Path) -> dict[Path, Path]:
    return dict(zip(paths, recalculated(soffice, folder, *paths), strict=True))


@pytest.mark.needs("soffice")
def test_libreoffice_finds_the_same_in_every_formula(
    written: dict[Language, Path], hdi: Path, folder: Path, program: Callable[[str], str]
) -> None:
    names = ("zero", "left_out")
    small = [folder / f"{missing}.xlsx" for missing in names]
    for missing, path in zip(names, small, strict=True):
        write_live(mixed(missing=missing), path)
    paths = (*written.values(), hdi, *small)
    again = _again(program("soffice"), folder, *paths)
    for path in paths:
        assert differences(path, again[path]) == {}, path.name
    assert [
        len(formulas(path)) > count for path, count in zip(paths, (5000, 5000, 500, 200, 200), strict=True)
    ]


@pytest.mark.needs("soffice")
def test_a_wrong_result_beside_a_formula_is_caught(
    hdi: Path, tmp_path: Path, program: Callable[[str], str]
) -> None:
    """Switzerland's score, 999 in the file: whoever recalculates sees it again, and only this cell is told."""
    sheet, cells = place_of(load_workbook(hdi).defined_names["scores"].attr_text)
    cell = cells.split(":")[0]
    path = planted(hdi, tmp_path / "planted.xlsx", sheet, cell, "999")
    (again,) = recalculated(program("soffice"), tmp_path, path)
    assert differences(path, again) == {(sheet, cell): (999, values(hdi)[sheet, cell])}


@pytest.mark.needs("soffice")
def test_a_changed_weight_moves_everything_as_in_the_engine(
    pack: QuarterPack, written: dict[Language, Path], tmp_path: Path, program: Callable[[str], str]
) -> None:
    """Other weights on all three levels of the sample bank, one of them 0, and in the small model."""
    weights = {"A": 0.15, "B": 0.45, "A1": 0.0, "A2": 0.21, "A1.1": 0.05, "A1.2": 0.40}
    other = rk.score(pack.model.with_weights(weights), pack.assessment.measures)
    live = write_live(pack.assessment, tmp_path / "bank.xlsx")
    small = mixed()
    own = {"A": 0.1, "C": 0.5, "c1": 0.9, "c2": 0.1, "b1": 1.0, "b2": 0.0}
    after = rk.score(small.model.with_weights(own), small.measures)
    live_small = write_live(small, tmp_path / "small.xlsx")
    paths = [
        changed(
            tmp_path / f"{name}.xlsx",
            tmp_path / f"{name}_changed.xlsx",
            {place_of(where.weights.nodes[node]): weight for node, weight in given.items()},
        )
        for name, where, given in (("bank", live, weights), ("small", live_small, own))
    ]
    shown = [values(path) for path in recalculated(program("soffice"), tmp_path, *paths)]
    assert otherwise(other, live, shown[0]) == {}
    assert otherwise(after, live_small, shown[1]) == {}
    assert (other.summary["grade"] != pack.assessment.summary["grade"]).any()
    assert (other.summary["rank"] != pack.assessment.summary["rank"]).any()
    assert (after.summary["score"] != small.summary["score"]).any()


@pytest.mark.needs("soffice")
def test_a_changed_point_moves_everything_as_in_the_engine(
    tmp_path: Path, program: Callable[[str], str]
) -> None:
    """u gains 4 points of a1, loses b2 and is no longer asked for c4; the office itself gains, and so the roll-up."""
    before = mixed()
    live = write_live(before, tmp_path / "small.xlsx")
    points = {unit: list(row) for unit, row in POINTS.items()}
    moved: dict[tuple[str, str], float | str] = {
        ("u", "a1"): 0.99,
        ("u", "b2"): 0.31,
        ("u", "c4"): "not_applicable",
        ("w", "d1"): 0.0,
    }
    for (unit, item), value in moved.items():
        points[unit][ITEMS.index(item)] = value
    cells: dict[Cell, object] = {}
    for (unit, item), value in moved.items():
        cell = place_of(live.sheet.ref(live.nodes[item], live.rows[unit]))
        cells[cell] = "–" if isinstance(value, str) else 100 * value
    path = changed(tmp_path / "small.xlsx", tmp_path / "moved.xlsx", cells)
    (again,) = recalculated(program("soffice"), tmp_path, path)
    after = mixed(points)
    assert (after.summary["grade"] != before.summary["grade"])["u"]
    assert otherwise(after, live, values(again)) == {}


@pytest.mark.needs("soffice")
def test_a_changed_threshold_moves_grades_as_in_the_engine(
    pack: QuarterPack, tmp_path: Path, program: Callable[[str], str]
) -> None:
    live = write_live(pack.assessment, tmp_path / "bank.xlsx")
    sheet, cells = live.weights.minimum.rsplit("!", 1)
    first = cells.replace("$", "").split(":")[0]
    least = place_of(live.weights.least[0, 2])
    path = changed(
        tmp_path / "bank.xlsx",
        tmp_path / "other.xlsx",
        {(sheet.strip("'"), first): 88.0, least: 70.0},
    )
    (again,) = recalculated(program("soffice"), tmp_path, path)
    content = pack.model.spec.model_dump(mode="python")
    content["grades"][0]["min"] = 88.0
    for condition in content["grades"][0]["conditions"]:
        if condition["kind"] == "node_min" and condition["depth"] == 2:
            condition["value"] = 70.0
    other = rk.score(
        rk.IndicatorModel(type(pack.model.spec).model_validate(content)), pack.assessment.measures
    )
    assert (other.summary["grade"] != pack.assessment.summary["grade"]).any()
    assert otherwise(other, live, values(again)) == {}


@pytest.mark.full
@pytest.mark.needs("soffice")
def test_the_seal_breaks_where_anything_was_changed_and_the_picture_follows_the_choice(
    pack: QuarterPack, written: dict[Language, Path], tmp_path: Path, program: Callable[[str], str]
) -> None:
    """A weight, a threshold, a branch's and an office's point, each changed by less than shows in any score; a weight
    that is no number; and 0404 chosen in the drop-down."""
    path = written["zh"]
    shown = values(path)
    book = load_workbook(path)
    weight, chosen, minimum = (
        (sheet, cells.split(":")[0])
        for sheet, cells in (
            place_of(book.defined_names[name].attr_text)
            for name in ("weight_A1_1", "chosen_unit", "grade_minimum")
        )
    )
    branch, office = (some_points(path, unit) for unit in ("0101", "0100"))
    tries: dict[str, dict[Cell, object]] = {
        name: {cell: float(str(shown[cell])) + 1e-5}
        for name, cell in (("weight", weight), ("minimum", minimum), ("branch", branch), ("office", office))
    }
    label = next(
        text for (sheet, _), text in shown.items() if sheet == "验算" and str(text).startswith("0404 ")
    )
    tries |= {"text": {weight: "much"}, "choice": {chosen: label}}
    paths = [changed(path, tmp_path / f"{name}.xlsx", cells) for name, cells in tries.items()]
    again = dict(zip(tries, map(values, recalculated(program("soffice"), tmp_path, *paths)), strict=True))
    for name, found in {"delivered": shown, **again}.items():
        seal = {"与发布版一致", "已被改动"} & {text for (sheet, _), text in found.items() if sheet == "看板"}
        assert seal == ({"与发布版一致"} if name in ("delivered", "choice") else {"已被改动"}), name
    told = [value for (sheet, _), value in again["choice"].items() if sheet == "机构画像"]
    numbers = np.array([value for value in told if isinstance(value, int | float)])
    scores = pack.assessment.scores(2).loc["0404"].dropna()
    for value in (pack.assessment.summary.loc["0404", "score"], *scores):
        assert np.isclose(numbers, value, rtol=0, atol=1e-9).any()
    assert {label, "E 不合格"} <= set(told)


def some_points(path: Path, unit: str) -> Cell:
    """The last cell with points of an item in a unit's own row: offices, too, have one, above the roll-up's."""
    sheet = load_workbook(path)["得分明细"]
    row = next(row for row in sheet.iter_rows() if row[0].value == unit)
    cell = next(cell for cell in reversed(row) if isinstance(cell.value, int | float))
    return sheet.title, cell.coordinate


# --- text from outside


HOSTILE = {
    "东街支行": "=1+1",
    "西街支行": '<b>"&HYPERLINK("http://x")&"',
    "南街支行": "../x 😀~*?" + "字" * 25,
}


def test_hostile_names_stay_text_in_drop_downs_labels_and_references(
    small_bank: Path, tmp_path: Path
) -> None:
    register = small_bank / "register" / "units.csv"
    content = register.read_text(encoding="utf-8")
    for plain, hostile in HOSTILE.items():
        content = content.replace(plain, '"' + hostile.replace('"', '""') + '"')
    register.write_text(content, encoding="utf-8")
    path = tmp_path / "q.xlsx"
    write_quarter_workbook(prepare(open_workspace(small_bank)), path)
    for text in texts_that_compute(path):
        plain = re.sub(r"\"[^\"]*\"|'(?:[^']|'')*'", "", text)
        assert "HYPERLINK" not in plain
        assert "1+1" not in text
    found = values(path)
    labels = [value for (sheet, _), value in found.items() if sheet == "验算"]
    assert [
        f"{code} {name}" in labels
        for code, name in zip(("0101", "0102", "0103"), HOSTILE.values(), strict=True)
    ] == [True] * 3
    sheet = load_workbook(path)["机构画像"]
    chosen = next(cell for row in sheet.iter_rows() for cell in row if cell.value == "0101 =1+1")
    assert chosen.data_type == "s"


@pytest.mark.needs("soffice")
def test_a_unit_with_a_hostile_name_can_be_chosen(
    small_bank: Path, tmp_path: Path, program: Callable[[str], str]
) -> None:
    """~, * and ? are wildcards to MATCH: the choice is compared by EXACT."""
    test_hostile_names_stay_text_in_drop_downs_labels_and_references(small_bank, tmp_path)
    label = f"0103 {HOSTILE['南街支行']}"
    shown = values(tmp_path / "q.xlsx")
    picker = next(cell for cell, value in shown.items() if value == "0101 =1+1" and cell[0] == "机构画像")
    path = changed(tmp_path / "q.xlsx", tmp_path / "chosen.xlsx", {picker: label})
    (again,) = recalculated(program("soffice"), tmp_path, path)
    told = values(again)
    row = picker[1].lstrip("E")
    assert told["机构画像", f"X{row}"] == 3  # the third of the units
    assert told["机构画像", f"A{int(row) + 3}"] == 70


def test_a_sentence_becomes_a_formula_around_its_expressions() -> None:
    assert joined(f"of {place('n')} units", n="COUNT(A1:A3)") == '"of "&COUNT(A1:A3)&" units"'
    assert joined(f"{place('n')}", n="A1") == "A1"
    assert joined('say "so"') == '"say ""so"""'


def test_the_score_is_rounded_half_up_as_published() -> None:
    """82.345 is a little less in binary; both round it to 82.35."""
    assert published(np.array([82.345]), 2)[0] == 82.35
    assert grades.SLACK == 1e-9


# --- people


def with_few(pack: QuarterPack) -> rk.Assessment:
    """The sample's assessment if only four had answered for 0103's B3.1."""
    items = pack.assessment.items.copy()
    mine = (items["unit"] == "0103") & (items["item"] == "B3.1")
    items.loc[mine, "n"] = 4
    return workbooks.with_items(pack.assessment, items)


def test_points_of_fewer_than_five_respondents_stand_nowhere(pack: QuarterPack, tmp_path: Path) -> None:
    """The item's cell says <5, and the indicator above it is the published value: a formula could not reckon it."""
    few = with_few(pack)
    write_quarter_workbook(dataclasses.replace(pack, assessment=few), tmp_path / "few.xlsx")
    row = workbooks.row_with(workbooks.sheets(tmp_path / "few.xlsx")["得分明细"], "0103")
    assert row.count("<5") == 1
    assert few.items.query("unit == '0103' and item == 'B3.1'")["points"].item() not in row
    assert pack.assessment.scores(2).loc["0103", "B3"] in row


@pytest.mark.needs("soffice")
def test_hidden_points_are_left_out_of_every_mean(
    pack: QuarterPack, tmp_path: Path, program: Callable[[str], str]
) -> None:
    write_live(with_few(pack), tmp_path / "few.xlsx")
    (again,) = recalculated(program("soffice"), tmp_path, tmp_path / "few.xlsx")
    assert differences(tmp_path / "few.xlsx", again) == {}
