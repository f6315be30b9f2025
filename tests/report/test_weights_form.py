"""The experts' workbook: it goes out, comes back and says the same; whatever is wrong is told by file, sheet and cell."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from riskkit import texts
from riskkit.errors import DataRefused, Misuse, Problem
from riskkit.model import IndicatorModel, load_model
from riskkit.report.weights_form import answers, scale_text, write_forms
from riskkit.report.weights_reading import read_forms
from riskkit.scoring.group_weights import sibling_groups, weigh_model

EXAMPLE = Path(__file__).parents[2] / "data_samples" / "worked_example" / "model"
LANGUAGES: tuple[texts.Language, ...] = ("zh", "en")
FIRST = 4
"""The row of P : Q: below the sentence, the headings and the first group's name."""
P1_P2 = 6
"""One row further a group's name, then P1 : P2."""


@pytest.fixture(scope="module")
def model() -> IndicatorModel:
    return load_model(next(EXAMPLE.glob("*.yaml")))


def blank(model: IndicatorModel, folder: Path, lang: texts.Language = "en", expert: str = "Li") -> Path:
    (path,) = write_forms(model, folder / f"{expert}.xlsx", lang=lang, experts=[expert])
    return path


def pairs_of(book: openpyxl.Workbook) -> Worksheet:
    return book.worksheets[1]


def changed(path: Path, change: Callable[[openpyxl.Workbook], None]) -> Path:
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)
    return path


def filled(path: Path, given: dict[tuple[str, str], object]) -> Path:
    """The form with answers typed in, by pair of ids."""

    def fill(book: openpyxl.Workbook) -> None:
        for row in pairs_of(book).iter_rows(min_row=3):
            pair = (str(row[0].value), str(row[4].value))
            if pair in given:
                row[2].value = given[pair]

    return changed(path, fill)


def label(value: float, lang: texts.Language) -> str:
    return next(text for text, worth in answers(lang).items() if worth == value)


def refusals(paths: list[Path], model: IndicatorModel) -> list[Problem]:
    with pytest.raises(DataRefused) as refused:
        read_forms(paths, model)
    for lang in LANGUAGES:
        assert refused.value.message(lang)
    return list(refused.value.problems)


# --- there and back


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_answer_of_the_list_comes_back_as_what_it_is_worth(
    model: IndicatorModel, tmp_path: Path, lang: texts.Language
) -> None:
    """Seventeen answers over thirteen pairs: in two workbooks."""
    pairs = [pair for group in sibling_groups(model) for pair in group.pairs]
    assert len(pairs) == 13
    offered = list(answers(lang).items())
    assert [scale_text(value) for _, value in offered] == [
        *(str(value) for value in range(9, 0, -1)),
        *(f"1/{value}" for value in range(2, 10)),
    ]
    for number, some in enumerate((offered[:13], offered[13:])):
        given = dict(zip(pairs, some, strict=False))
        path = filled(
            blank(model, tmp_path, lang, f"e{number}"), {pair: text for pair, (text, _) in given.items()}
        )
        assert read_forms([path], model) == {
            f"e{number}": {pair: value for pair, (_, value) in given.items()}
        }


@pytest.mark.parametrize(
    ("typed", "worth"),
    [(3, 3), ("3", 3), ("1/3", 1 / 3), (0.3333, 1 / 3), ("１／３", 1 / 3), ("⅓", 1 / 3), (1.0, 1)],
)
def test_an_answer_may_be_typed(model: IndicatorModel, tmp_path: Path, typed: object, worth: float) -> None:
    path = filled(blank(model, tmp_path), {("P", "Q"): typed})
    assert read_forms([path], model) == {"Li": {("P", "Q"): worth}}


def test_forms_of_two_languages_are_read_together(model: IndicatorModel, tmp_path: Path) -> None:
    li = filled(blank(model, tmp_path, "zh", "李"), {("P", "Q"): label(9, "zh")})
    wang = filled(blank(model, tmp_path, "en", "Wang"), {("P", "Q"): label(1, "en")})
    read = read_forms([li, wang], model)
    assert list(read) == ["李", "Wang"]
    assert weigh_model(model, read).weights["compared"].to_dict() == {"P": 0.75, "Q": 0.25}


def test_rows_may_be_sorted_or_gone_and_what_is_empty_is_not_compared(
    model: IndicatorModel, tmp_path: Path
) -> None:
    path = filled(blank(model, tmp_path), {("P", "Q"): "2", ("Q1", "Q2"): "4"})
    changed(path, lambda book: pairs_of(book).delete_rows(FIRST))
    assert read_forms([path], model) == {"Li": {("Q1", "Q2"): 4}}


# --- the form


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_pair_has_a_row_and_a_list_to_choose_from(
    model: IndicatorModel, tmp_path: Path, lang: texts.Language
) -> None:
    book = openpyxl.load_workbook(blank(model, tmp_path, lang))
    sheet = pairs_of(book)
    rows = {(row[0], row[4]): row for row in sheet.iter_rows(min_row=3, values_only=True) if row[4]}
    assert list(rows) == [pair for group in sibling_groups(model) for pair in group.pairs]
    assert rows["P1", "P2"][1::2] == (model.nodes["P1"].name[lang], model.nodes["P2"].name[lang], None)
    (rule,) = sheet.data_validations.dataValidation
    assert len([cell for cells in rule.sqref.ranges for cell in cells.cells]) == 13
    title, _, place = rule.formula1.replace("$", "").partition("!")
    listed = [cell.value for (cell,) in book[title.strip("'")][place]]
    assert listed == list(answers(lang))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_two_forms_of_the_same_are_the_same_bytes(
    model: IndicatorModel, tmp_path: Path, lang: texts.Language
) -> None:
    first, second = (blank(model, tmp_path / name, lang).read_bytes() for name in "ab")
    assert first == second


def test_each_expert_gets_a_workbook_with_the_name_in_it(model: IndicatorModel, tmp_path: Path) -> None:
    experts = ["李 四", "../Wang", "..Wang"]
    written = write_forms(model, tmp_path / "forms.xlsx", lang="zh", experts=experts)
    assert [path.name for path in written] == ["forms_李_四.xlsx", "forms_Wang.xlsx", "forms_Wang_2.xlsx"]
    assert {path.parent for path in written} == {tmp_path}
    for path in written:
        filled(path, {("P", "Q"): 1})
    assert list(read_forms(written, model)) == experts


def test_a_form_may_ask_for_one_branch_of_the_tree(model: IndicatorModel, tmp_path: Path) -> None:
    write_forms(model, tmp_path / "q.xlsx", lang="en", node="Q")
    rows = [
        row[0] for row in pairs_of(openpyxl.load_workbook(tmp_path / "q.xlsx")).iter_rows(values_only=True)
    ]
    assert "P1" not in rows
    assert rows.count("Q1") == 3


def test_misuse_of_the_writer_is_told(model: IndicatorModel, tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="below 'P1' no two siblings"):
        write_forms(model, tmp_path / "x.xlsx", lang="en", node="P1")
    with pytest.raises(Misuse, match="expert 'Li' is named twice"):
        write_forms(model, tmp_path / "x.xlsx", lang="en", experts=["Li", "Wang", "Li"])
    assert not list(tmp_path.iterdir())


HOSTILE = [
    "=1+1",
    "@SUM(A1)",
    "=cmd|'/c calc'!A0",
    "a & <b> \"c\" 'd'",
    "第一行\n第二行",
    "_x0041_",
    "+1",
    "x" * 300,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_text_from_outside_cannot_act_and_comes_back_as_it_was(
    model: IndicatorModel, tmp_path: Path, name: str
) -> None:
    content = model.spec.model_dump(mode="python")
    content["nodes"][0]["name"] = {"zh": name, "en": name}
    content["version"] = name
    hostile = IndicatorModel(type(model.spec).model_validate(content))
    (path,) = write_forms(hostile, tmp_path / "form.xlsx", lang="zh", experts=[name])
    book = openpyxl.load_workbook(filled(path, {("P", "Q"): label(3, "zh")}))
    assert not [cell.coordinate for sheet in book for row in sheet for cell in row if cell.data_type == "f"]
    assert list(read_forms([path], hostile).values()) == [{("P", "Q"): 3}]


# --- faults


@pytest.mark.parametrize("found", ["10", 0, "left", "1/10", 0.3, "2026-01-03", "3 3", "#N/A", -3])
def test_an_answer_off_the_scale_is_told_with_its_cell(
    model: IndicatorModel, tmp_path: Path, found: object
) -> None:
    (problem,) = refusals([filled(blank(model, tmp_path), {("P", "Q"): found})], model)
    assert (problem.code, problem.file, problem.sheet, problem.cell) == (
        "weights.not_on_scale",
        "Li.xlsx",
        "Comparisons",
        f"C{FIRST}",
    )


def set_to(sheet: int, cell: str, value: object) -> Callable[[openpyxl.Workbook], None]:
    def change(book: openpyxl.Workbook) -> None:
        book.worksheets[sheet][cell].value = value

    return change


def copy_row(book: openpyxl.Workbook) -> None:
    pairs_of(book).append([cell.value for cell in pairs_of(book)[P1_P2]])


def without_column(book: openpyxl.Workbook) -> None:
    pairs_of(book).delete_cols(3)


def without_cover(book: openpyxl.Workbook) -> None:
    book.remove(book.worksheets[0])


def without_pairs(book: openpyxl.Workbook) -> None:
    book.remove(book.worksheets[1])


@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        (set_to(1, "A6", "P9"), "weights.unknown_pair", ("Comparisons", "A6")),
        (set_to(1, "E6", "Q1"), "weights.unknown_pair", ("Comparisons", "A6")),
        (set_to(1, "A6", None), "weights.unknown_pair", ("Comparisons", "A6")),
        (set_to(1, "D6", "Something else"), "weights.name_changed", ("Comparisons", "D6")),
        (set_to(1, "B6", None), "weights.name_changed", ("Comparisons", "B6")),
        (copy_row, "weights.pair_twice", ("Comparisons", "A19")),
        (without_column, "form.missing_heading", ("Comparisons", "A2")),
        (without_cover, "form.missing_sheet", ("", "")),
        (without_pairs, "form.missing_sheet", ("", "")),
        (set_to(0, "B3", "confidentiality"), "weights.other_model", ("Instructions", "B3")),
        (set_to(0, "B4", "2020.1"), "weights.other_model", ("Instructions", "B4")),
        (set_to(0, "B5", "0" * 64), "weights.other_model", ("Instructions", "B5")),
        (set_to(0, "B5", None), "weights.fact_missing", ("Instructions", "B5")),
        (set_to(0, "B6", None), "weights.fact_missing", ("Instructions", "B6")),
        (lambda book: None, "weights.nothing_compared", ("", "")),
    ],
)
def test_a_fault_is_told_with_its_place(
    model: IndicatorModel,
    tmp_path: Path,
    change: Callable[[openpyxl.Workbook], None],
    code: str,
    place: tuple[str, str],
) -> None:
    (problem,) = refusals([changed(blank(model, tmp_path), change)], model)
    assert (problem.code, problem.sheet, problem.cell) == (code, *place)


def test_faults_of_every_file_are_told_together(model: IndicatorModel, tmp_path: Path) -> None:
    first = filled(blank(model, tmp_path, "en", "Li"), {("P", "Q"): "12", ("P1", "P2"): "0"})
    second = filled(blank(model, tmp_path, "zh", "Wang"), {("P", "Q"): "x"})
    changed(second, set_to(0, "B6", "LI"))
    found = refusals([first, second], model)
    assert [(each.file, each.cell) for each in found] == [
        ("Li.xlsx", "C4"),
        ("Li.xlsx", "C6"),
        ("Wang.xlsx", "C4"),
        ("Wang.xlsx", "B6"),
    ]
    assert found[-1].code == "weights.expert_twice"


def test_a_file_that_is_no_workbook_or_not_there_is_told(model: IndicatorModel, tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(b"no workbook")
    assert refusals([tmp_path / "a.xlsx"], model)[0].file == "a.xlsx"
    with pytest.raises(Misuse, match=r"there is no file .*b\.xlsx"):
        read_forms([tmp_path / "b.xlsx"], model)


# --- on paper


@pytest.mark.full
@pytest.mark.needs("soffice", "pdftoppm", "cjk_font")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_form_prints_on_a4(tmp_path: Path, lang: texts.Language, program: Callable[[str], str]) -> None:
    """126 pairs of the packaged model on a few landscape pages, one page wide."""
    (path,) = write_forms(load_model("confidentiality"), tmp_path / "form.xlsx", lang=lang)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    call = [program("soffice"), profile, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, path]
    subprocess.run(call, check=True, capture_output=True)
    subprocess.run(
        [program("pdftoppm"), "-r", "40", "-png", path.with_suffix(".pdf"), tmp_path / "page"], check=True
    )
    assert 4 <= len(list(tmp_path.glob("page-*.png"))) <= 9
