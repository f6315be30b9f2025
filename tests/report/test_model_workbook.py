"""A model goes out as a workbook and comes back the same; whatever is wrong is told by sheet and cell."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from riskkit import texts
from riskkit.errors import DataRefused, Misuse, ModelRefused, Problem
from riskkit.evidence.files import FormulaText, Grid, NumberText, read_grids
from riskkit.model import IndicatorModel, load_model
from riskkit.model.schema import ModelSpec
from riskkit.model.write import as_yaml
from riskkit.report.model_layout import TREE_HEAD, layouts
from riskkit.report.model_workbook import export_model, import_model, model_of

PACKAGED = ["confidentiality", "hdi"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model.xlsx"
    export_model(load_model("confidentiality"), path, "zh")
    return path


def edited(source: Path, folder: Path, change: Callable[[openpyxl.Workbook], None]) -> Path:
    book = openpyxl.load_workbook(source)
    change(book)
    path = folder / "edited.xlsx"
    book.save(path)
    return path


def column(sheet: Worksheet, key: str) -> int:
    return next(cell.column for cell in sheet[2] if str(cell.value).split("\n")[-1] == key)


def place(sheet: Worksheet, row: int, key: str) -> str:
    return sheet.cell(row, column(sheet, key)).coordinate


def row_of(sheet: Worksheet, identifier: str) -> int:
    return next(cell.row for cell in sheet["A"] if cell.value == identifier)


def refusals(path: Path, folder: Path) -> list[Problem]:
    target = folder / "model.yaml"
    with pytest.raises(ModelRefused) as refused:
        import_model(path, target)
    assert not target.exists()
    assert refused.value.message("zh")
    assert refused.value.message("en")
    return list(refused.value.problems)


def found(problems: list[Problem]) -> set[tuple[str, str, str]]:
    return {(problem.code, problem.sheet, problem.cell) for problem in problems}


# ---------------------------------------------------------------- there and back


@pytest.mark.parametrize("lang", texts.LANGUAGES)
@pytest.mark.parametrize("name", PACKAGED)
def test_out_and_back_is_the_same_model(tmp_path: Path, name: str, lang: texts.Language) -> None:
    model = load_model(name)
    export_model(model, tmp_path / "m.xlsx", lang)
    assert import_model(tmp_path / "m.xlsx", tmp_path / "back.yaml").hash == model.hash
    assert load_model(tmp_path / "back.yaml").hash == model.hash


SCALES: dict[str, tuple[dict[str, Any], str]] = {
    "A1.1": ({"type": "steps", "points": [[0.8, 60], [0.95, 100]], "otherwise": 5}, "higher_better"),
    "A1.2": ({"type": "distance_to_target", "target": 0.95, "zero_at": 0.5}, "higher_better"),
    "A1.3": (
        {"type": "distance_to_target", "target": 1, "zero_at": 3, "both_sides": True},
        "target_better",
    ),
    "A1.4": ({"type": "goalposts", "low": 1, "high": 9, "log": True}, "lower_better"),
    "A2.1": ({"type": "min_max"}, "higher_better"),
    "A2.2": ({"type": "z_score", "at_mean": 60, "per_sd": 12.5}, "lower_better"),
    "A2.3": ({"type": "rank"}, "higher_better"),
    "A3.1": ({"type": "percentile"}, "higher_better"),
    "A3.2": ({"type": "borda"}, "lower_better"),
}


def with_every_scale() -> IndicatorModel:
    """The confidentiality model with one item of each scale, a power mean, gaps left out and a reference."""
    content = yaml.safe_load(as_yaml(load_model("confidentiality").spec))
    content |= {"aggregate": "power", "exponent": 0.5, "missing": "left_out"}
    content["nodes"][0] |= {"aggregate": "power", "exponent": -2.0}
    content["nodes"][1]["aggregate"], content["nodes"][2]["aggregate"] = "harmonic", "minimum"
    for indicator in content["nodes"][0]["children"]:
        for item in indicator["children"]:
            if item["id"] in SCALES:
                item["scale"], item["direction"] = SCALES[item["id"]]
    content["reference"] = {
        "period": "2025Q4",
        "items": {"A2.1": [0.1, 1 / 3], "A3.1": [0, 0.5, 0.5]},
    }
    return IndicatorModel(ModelSpec.model_validate(content))


@pytest.mark.parametrize("lang", texts.LANGUAGES)
def test_every_scale_mean_and_reference_comes_back(tmp_path: Path, lang: texts.Language) -> None:
    model = with_every_scale()
    export_model(model, tmp_path / "m.xlsx", lang)
    assert import_model(tmp_path / "m.xlsx", tmp_path / "back.yaml").spec == model.spec
    assert load_model(tmp_path / "back.yaml").hash == model.hash


def test_every_kind_of_scale_is_among_those_tried() -> None:
    tried = {scale["type"] for scale, _ in SCALES.values()} | {"piecewise_linear"}
    assert tried == {option for field in TREE_HEAD if field.key == "scale.type" for option in field.options}


def test_reference_values_without_a_period_are_told_and_not_dropped(tmp_path: Path) -> None:
    export_model(with_every_scale(), tmp_path / "m.xlsx", "en")

    def change(book: openpyxl.Workbook) -> None:
        model = book["Model"]
        next(row for row in model.iter_rows() if str(row[0].value).endswith("reference.period"))[
            1
        ].value = None
        reference = book["Reference"]
        reference.append(["A9.9", 1])
        reference.append(["A2.1", None])

    problems = refusals(edited(tmp_path / "m.xlsx", tmp_path, change), tmp_path)
    assert {(problem.code, problem.sheet) for problem in problems} == {
        ("evidence.required", "Reference"),
        ("model.missing_key", "Model"),
    }


@pytest.mark.parametrize("name", PACKAGED)
def test_written_yaml_is_the_same_model(tmp_path: Path, name: str) -> None:
    model = load_model(name)
    (tmp_path / "m.yaml").write_text(as_yaml(model.spec), encoding="utf-8")
    assert load_model(tmp_path / "m.yaml").hash == model.hash


def test_written_yaml_keeps_the_order_of_keys_and_short_things_on_one_line() -> None:
    text = as_yaml(load_model("confidentiality").spec)
    assert list(yaml.safe_load(text))[:5] == ["format", "id", "version", "name", "frequency"]
    assert "name: {zh: 保密责任书签订率, en: Responsibility letters signed}" in text
    assert "scale: {type: piecewise_linear, points: [[0.6, 0], [0.9, 60], [1, 100]]}" in text
    assert "law_changed_on: 2024-09-01" in text


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "a: b",
        "- x",
        "# no",
        "[x]",
        "{x: y}",
        "yes",
        "null",
        "1e3",
        "'\"",
        "a\nb",
        "\u2028",
        "🙂",
        "%&*!|>@`",
        " x",
    ],
)
def test_any_wording_survives_the_yaml(tmp_path: Path, name: str) -> None:
    content = load_model("hdi").spec.model_dump(mode="python")
    content["name"] = {"zh": name, "en": name}
    spec = ModelSpec.model_validate(content)
    (tmp_path / "m.yaml").write_text(as_yaml(spec), encoding="utf-8")
    assert load_model(tmp_path / "m.yaml").spec.name.zh == name


def test_two_exports_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        export_model(load_model("hdi"), tmp_path / f"{name}.xlsx", "en")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_an_edit_in_the_workbook_reaches_the_model(exported: Path, tmp_path: Path) -> None:
    def change(book: openpyxl.Workbook) -> None:
        tree = book["指标树"]
        for identifier, weight in (("A", 0.3), ("B", 0.3)):
            tree[place(tree, row_of(tree, identifier), "weight")] = weight
        tree[place(tree, row_of(tree, "A1.1"), "name.zh")] = "新名称"

    model = import_model(edited(exported, tmp_path, change), tmp_path / "m.yaml")
    assert (model.nodes["A"].weight, model.nodes["A1.1"].name.zh) == (0.3, "新名称")
    assert model.hash == load_model(tmp_path / "m.yaml").hash != load_model("confidentiality").hash


def test_rows_may_be_added(exported: Path, tmp_path: Path) -> None:
    def change(book: openpyxl.Workbook) -> None:
        tree, measures = book["指标树"], book["口径"]
        source, row = row_of(tree, "A1.4"), tree.max_row + 1
        for cell in tree[source]:
            tree.cell(row, cell.column).value = cell.value
        tree.cell(row, 1).value = "A1.9"
        tree[place(tree, row, "weight")] = 0
        row = measures.max_row + 1
        for key, value in (
            ("item", "A1.9"),
            ("kind", "ratio"),
            ("table", "roster"),
            ("numerator", "sensitive"),
        ):
            measures[place(measures, row, key)] = value

    model = import_model(edited(exported, tmp_path, change), tmp_path / "m.yaml")
    assert model.items["A1.9"].measure.numerator == "sensitive"  # type: ignore[union-attr]


def test_a_sheet_left_out_is_taken_from_the_model_named(exported: Path, tmp_path: Path) -> None:
    model = load_model("confidentiality")

    def change(book: openpyxl.Workbook) -> None:
        for name in [name for name in book.sheetnames if name != "指标树"]:
            del book[name]

    path = edited(exported, tmp_path, change)
    assert import_model(path, tmp_path / "m.yaml", model).hash == model.hash
    assert {problem.code for problem in refusals(path, tmp_path / "other")} == {"form.missing_sheet"}


def test_the_order_of_rows_among_different_parents_does_not_matter(exported: Path, tmp_path: Path) -> None:
    def change(book: openpyxl.Workbook) -> None:
        for name in ("口径", "依据来源"):
            sheet = book[name]
            rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)]
            order = sorted(range(len(rows)), key=lambda place: (str(rows[place][0]), place), reverse=False)
            random.Random(1).shuffle(blocks := sorted({str(rows[place][0]) for place in order}))
            shuffled = [rows[place] for block in blocks for place in order if str(rows[place][0]) == block]
            for number, row in enumerate(shuffled, start=3):
                for position, value in enumerate(row, start=1):
                    sheet.cell(number, position).value = value

    path = edited(exported, tmp_path, change)
    assert import_model(path, tmp_path / "m.yaml").hash == load_model("confidentiality").hash


# ---------------------------------------------------------------- what the workbook offers


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    model = renamed("=1+1")
    export_model(model, tmp_path / "m.xlsx", "zh")
    cells = [
        cell
        for sheet in openpyxl.load_workbook(tmp_path / "m.xlsx").worksheets
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.value.startswith("=1+1")
    ]
    assert cells
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in cells)
    assert import_model(tmp_path / "m.xlsx", tmp_path / "m.yaml").hash == model.hash


@pytest.mark.parametrize(
    "name", ["+1", "-x", "@x", "'x", "–", "a\nb", "0012", "TRUE", "#N/A", "2026-06-30", "_x0041_"]
)
def test_odd_wording_survives_the_workbook(tmp_path: Path, name: str) -> None:
    model = renamed(name)
    export_model(model, tmp_path / "m.xlsx", "en")
    assert import_model(tmp_path / "m.xlsx", tmp_path / "m.yaml").hash == model.hash


def test_control_characters_are_left_out(tmp_path: Path) -> None:
    export_model(renamed("a\x00b\x0bc"), tmp_path / "m.xlsx", "zh")
    assert import_model(tmp_path / "m.xlsx", tmp_path / "m.yaml").spec.name.zh == "abc"


def renamed(name: str) -> IndicatorModel:
    content = load_model("hdi").spec.model_dump(mode="python")
    content["name"] = {"zh": name, "en": name}
    return IndicatorModel(ModelSpec.model_validate(content))


def test_closed_choices_have_a_drop_down(exported: Path) -> None:
    book = openpyxl.load_workbook(exported)
    tree = book["指标树"]
    rules = {str(rule.sqref): rule.formula1 for rule in tree.data_validations.dataValidation}
    letter = place(tree, 3, "direction").rstrip("0123456789")
    assert (
        next(rule for cells, rule in rules.items() if cells.startswith(f"{letter}3:"))
        == '"higher_better,lower_better,target_better"'
    )
    letter = place(tree, 3, "cadence").rstrip("0123456789")
    assert "频度" in next(rule for cells, rule in rules.items() if cells.startswith(f"{letter}3:"))


def test_the_weights_of_siblings_are_summed_live_and_shown_at_once(exported: Path) -> None:
    formulas, shown = (openpyxl.load_workbook(exported, data_only=only)["指标树"] for only in (False, True))
    cell = place(formulas, row_of(formulas, "A1.1"), "siblings")
    assert str(formulas[cell].value).startswith("=ROUND(SUMPRODUCT(")
    assert shown[cell].value == 1
    assert {shown.cell(row, column(shown, "siblings")).value for row in range(3, shown.max_row + 1)} == {1}


@pytest.mark.needs("soffice")
def test_libreoffice_finds_the_same_sums(
    exported: Path, tmp_path: Path, program: Callable[[str], str]
) -> None:
    import subprocess

    def change(book: openpyxl.Workbook) -> None:
        tree = book["指标树"]
        tree[place(tree, row_of(tree, "A1.1"), "weight")] = 0.35

    path = edited(exported, tmp_path, change)
    profile = (tmp_path / "profile").as_uri()
    command = [
        program("soffice"),
        f"-env:UserInstallation={profile}",
        "--headless",
        "--convert-to",
        "xlsx",
        "--outdir",
    ]
    subprocess.run([*command, str(tmp_path / "out"), str(path)], check=True, capture_output=True, timeout=180)
    tree = openpyxl.load_workbook(tmp_path / "out" / path.name, data_only=True)["指标树"]
    sums = {
        tree.cell(row, 1).value: tree.cell(row, column(tree, "siblings")).value
        for row in range(3, tree.max_row + 1)
    }
    assert {name for name, total in sums.items() if total != pytest.approx(1)} == {
        name for name in sums if str(name).startswith("A1.")
    }
    assert sums["A1.1"] == pytest.approx(1.1)


def test_every_heading_and_code_has_a_wording_in_both_languages(exported: Path, tmp_path: Path) -> None:
    export_model(load_model("hdi"), tmp_path / "en.xlsx", "en")
    for path, lang in ((exported, "zh"), (tmp_path / "en.xlsx", "en")):
        book = openpyxl.load_workbook(path)
        assert book.sheetnames == [
            texts.say("form.sheet.about", lang),
            *(layout.title(lang) for layout in layouts()),
            texts.say("form.sheet.codes", lang),
        ]


# ---------------------------------------------------------------- refusals


class Page:
    """A sheet as it is read, for changing one cell and asking what is said of it."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.across = grid.sheet != "模型"

    def position(self, identifier: str, key: str) -> tuple[int, int]:
        rows = self.grid.rows
        if not self.across:
            return next(n for n, row in enumerate(rows) if row and str(row[0]).endswith(f"\n{key}")), 0
        at = next(n for n, cell in enumerate(rows[1]) if str(cell).split("\n")[-1] == key)
        return (
            1 if identifier == "" else next(n for n, row in enumerate(rows) if row and row[0] == identifier)
        ), at

    def put(self, identifier: str, key: str, value: str | None) -> str:
        row, at = self.position(identifier, key)
        self.grid.rows[row].extend([None] * (at + 1 - len(self.grid.rows[row])))
        self.grid.rows[row][at] = value
        return f"{get_column_letter(at + 1)}{row + 1}"


@pytest.fixture(scope="module")
def read(exported: Path) -> list[Grid]:
    return read_grids(exported, "edited.xlsx")[0]


def told(grids: list[Grid]) -> set[tuple[str, str, str]]:
    with pytest.raises(ModelRefused) as refused:
        model_of(grids, "edited.xlsx")
    assert refused.value.message("zh")
    assert refused.value.message("en")
    assert {problem.file for problem in refused.value.problems} == {"edited.xlsx"}
    return found(list(refused.value.problems))


def page(grids: list[Grid], sheet: str) -> Page:
    return Page(next(grid for grid in grids if grid.sheet == sheet))


def place_of(grids: list[Grid], sheet: str, identifier: str, key: str) -> tuple[str, str]:
    row, at = page(grids, sheet).position(identifier, key)
    return sheet, f"{get_column_letter(at + 1)}{row + 1}"


N = NumberText
# The fault, the sheet, the row and the column changed, and what is put there.
REFUSED: list[tuple[str, str, str, str, str | None]] = [
    ("model.weights", "指标树", "A1.1", "weight", N("0.3")),
    ("evidence.number", "指标树", "A1.1", "weight", "四分之一"),
    ("model.value", "指标树", "A1.1", "weight", N("3")),
    ("model.missing_key", "指标树", "A1.1", "weight", None),
    ("model.missing_key", "指标树", "A1.1", "name.en", None),
    ("model.duplicate_id", "指标树", "A1.2", "id", "A1.1"),
    ("form.no_measure", "指标树", "A1.1", "id", "甲"),
    ("evidence.choice", "指标树", "A1.1", "direction", "up"),
    ("model.unknown_cadence", "指标树", "A1.1", "cadence", "weekly"),
    ("model.unknown_level", "指标树", "A1.3", "applies_to", "planet"),
    ("model.value", "指标树", "A1.1", "methods", "guessing"),
    ("evidence.yes_no", "指标树", "A1.1", "core", "大概"),
    ("evidence.integer", "指标树", "A2.3", "min_n", N("2.5")),
    ("model.scale_order", "指标树", "A1.1", "value1", N("0.95")),
    ("evidence.required", "指标树", "A1.1", "score2", None),
    ("evidence.number", "指标树", "A1.1", "score2", "六十"),
    ("evidence.no_cached_value", "指标树", "A1.1", "weight", FormulaText("=1/4")),
    ("form.unknown_owner", "指标树", "A1.1", "parent", "Z9"),
    ("form.loop", "指标树", "A1", "parent", "A1.1"),
    ("form.both", "指标树", "A1.2", "parent", "A1.1"),
    ("form.unknown_heading", "指标树", "", "weight", "权数\nweihgt"),
    ("form.unknown_heading", "模型", "", "version", "版次\nverzion"),
    ("evidence.header_twice", "指标树", "", "name.en", "名称\nname.zh"),
    ("form.unknown_owner", "口径", "A1.1", "item", "A1.77"),
    ("evidence.choice", "口径", "A1.1", "kind", "ratoi"),
    ("model.unknown_table", "口径", "A1.1", "table", "letters"),
    ("model.unknown_name", "口径", "A1.1", "numerator", "signd_on <= cutoff"),
    ("model.expression_construct", "口径", "A1.1", "numerator", "open('x')"),
    ("model.missing_key", "口径", "A1.1", "numerator", None),
    ("form.twice", "口径", "A1.2", "item", "A1.1"),
    ("model.unknown_key", "口径", "A1.1", "exposure", "staff"),
    ("form.pairs", "联接", "A2.3", "take", "questions count"),
    ("model.take", "联接", "A2.3", "take", "questions = median score"),
    ("model.unknown_column", "联接", "A2.3", "on", "interviewno"),
    ("form.unknown_owner", "联接", "A2.3", "owner", "A9"),
    ("model.unknown_grade", "红线", "RL03", "cap", "Z"),
    ("model.grade_order", "等级", "A", "min", N("70")),
    ("form.unknown_owner", "等级条件", "A", "grade", "Z"),
    ("model.value", "等级条件", "A", "depth", N("0")),
    ("evidence.number", "参数", "loan_days", "value", "三"),
    ("evidence.date", "参数", "law_changed_on", "value", "2024-13-01"),
    ("form.twice", "参数", "loan_days", "name", "complaint_days"),
    ("model.value", "频度", "yearly", "periods", N("0")),
    ("form.stray", "依据来源", "A1.1", "owner", "A1"),
    ("form.twice", "表", "training", "id", "roster"),
    ("evidence.choice", "列", "roster", "type", "word"),
    ("form.unknown_owner", "列", "corrections", "table", "correctoins"),
    ("model.same_label", "列", "meetings", "zh", "日期"),
]  # fmt: skip


AT_THE_FIRST = ("model.weights", "form.twice", "model.duplicate_id", "model.same_label", "form.both")
"""Faults between two rows are told at one of them."""


@pytest.mark.parametrize(("code", "sheet", "row", "key", "value"), REFUSED)
def test_a_fault_is_told_by_sheet_and_cell(
    read: list[Grid], code: str, sheet: str, row: str, key: str, value: str | None
) -> None:
    grids = copy.deepcopy(read)
    cell = page(grids, sheet).put(row, key, value)
    faults = told(grids)
    assert (code, sheet) in {fault[:2] for fault in faults}
    assert code in AT_THE_FIRST or (code, sheet, cell) in faults


def test_the_weights_of_one_parent_are_told_at_their_first_row(read: list[Grid]) -> None:
    grids = copy.deepcopy(read)
    page(grids, "指标树").put("A1.2", "weight", N("0.3"))
    assert told(grids) == {("model.weights", *place_of(grids, "指标树", "A1.1", "weight"))}


def test_the_second_of_two_equal_ids_is_told(read: list[Grid]) -> None:
    grids = copy.deepcopy(read)
    page(grids, "口径").put("A1.2", "item", "A1.1")
    assert ("form.twice", "口径") in {fault[:2] for fault in told(grids)}


def test_all_faults_are_told_together(read: list[Grid]) -> None:
    grids = copy.deepcopy(read)
    page(grids, "指标树").put("A1.1", "core", "大概")
    page(grids, "指标树").put("A2.1", "value1", N("0.95"))
    page(grids, "红线").put("RL03", "cap", "Z")
    page(grids, "指标树").put("A1.2", "weight", N("0.3"))
    assert {code for code, _, _ in told(grids)} == {
        "evidence.yes_no",
        "model.scale_order",
        "model.unknown_grade",
        "model.weights",
    }


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1"), b"no workbook"])
def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.xlsx").write_bytes(content)
    assert refusals(tmp_path / "m.xlsx", tmp_path)


def too_heavy(book: openpyxl.Workbook) -> None:
    tree = book["指标树"]
    tree[place(tree, row_of(tree, "A1.1"), "weight")] = 9


def test_a_refused_import_leaves_the_target_as_it_was(exported: Path, tmp_path: Path) -> None:
    target = tmp_path / "m.yaml"
    target.write_text("old", encoding="utf-8")
    path = edited(exported, tmp_path, too_heavy)
    with pytest.raises(DataRefused):
        import_model(path, target)
    assert [entry.name for entry in sorted(tmp_path.iterdir())] == ["edited.xlsx", "m.yaml"]
    assert target.read_text(encoding="utf-8") == "old"


def test_a_target_that_is_no_yaml_and_a_workbook_that_is_not_there_are_misuse(
    exported: Path, tmp_path: Path
) -> None:
    with pytest.raises(Misuse):
        import_model(exported, tmp_path / "m.txt")
    with pytest.raises(Misuse):
        import_model(tmp_path / "nothing.xlsx", tmp_path / "m.yaml")
