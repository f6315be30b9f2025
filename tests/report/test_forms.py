"""A new workspace opens, its blank forms are what the reader wants, and what is typed into them comes back."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import openpyxl
import pytest
import yaml
from openpyxl.worksheet.worksheet import Worksheet

from riskkit import resources, texts
from riskkit.errors import DataRefused, EvidenceRefused, Misuse, PublishFailed
from riskkit.evidence.cells import Vocabulary
from riskkit.evidence.evidence import read_evidence
from riskkit.evidence.headers import HEADER_SEARCH
from riskkit.model import IndicatorModel, load_model
from riskkit.periods import Period
from riskkit.report import forms
from riskkit.report.forms import init_workspace
from riskkit.workspace import open_workspace

PERIOD = "2026Q3"
MODEL = load_model("confidentiality")
TABLES = [name for name, table in MODEL.tables.items() if table.reader == "plain"]
VOCABULARY = Vocabulary.of(
    [("0103", "西城支行")], items=MODEL.items, red_lines=MODEL.red_lines, tables=MODEL.tables
)


def make(folder: Path, lang: texts.Language = "zh", **more: object) -> list[Path]:
    options = {"name_zh": "示例银行", "name_en": "Sample Bank", "period": PERIOD} | more
    return init_workspace(folder, lang=lang, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=texts.LANGUAGES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / str(request.param)
    make(folder, request.param)
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "bank"
    make(folder)
    return folder


@pytest.fixture
def bank(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "bank"))


def form_of(folder: Path, table: str) -> Path:
    names = {f"{file}.xlsx" for file in MODEL.tables[table].files}
    return next(path for path in (folder / "forms").rglob("*.xlsx") if path.name in names)


# ---------------------------------------------------------------- the workspace


def test_the_workspace_asks_for_its_units_and_opens_once_they_are_there(bank: Path) -> None:
    with pytest.raises(EvidenceRefused) as refused:
        open_workspace(bank)
    assert {problem.file for problem in refused.value.problems} == {"register/units.xlsx"}
    register(bank, ["0000", "总行", None, "head_office"], ["0103", "西城支行", "0000", "sub_branch"])
    opened = open_workspace(bank)
    assert list(opened.units.index) == ["0000", "0103"]
    assert opened.units.loc["0103", "parent"] == "0000"
    assert (opened.name, str(opened.period())) == ("示例银行", PERIOD)


def register(folder: Path, *rows: list[str | None]) -> None:
    path = folder / "register" / "units.xlsx"
    book = openpyxl.load_workbook(path)
    for row in rows:
        book.worksheets[0].append(row)
    book.save(path)


def test_an_empty_evidence_folder_says_so(bank: Path) -> None:
    register(bank, ["0103", "西城支行", None, "sub_branch"])
    with pytest.raises(EvidenceRefused) as refused:
        open_workspace(bank).evidence()
    assert [problem.code for problem in refused.value.problems] == ["evidence.empty_folder"]


def test_the_settings_are_explained_and_say_what_was_asked(tmp_path: Path) -> None:
    make(tmp_path / "bank", name_zh='a: "b" # c', lang="en", model="hdi", period="2021")
    text = (tmp_path / "bank" / "riskkit.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    assert content["name"] == {"zh": 'a: "b" # c', "en": "Sample Bank"}
    assert (content["lang"], content["model"]) == ("en", "hdi")
    assert text.count("\n# ") + text.startswith("# ") == len(content)


def test_the_list_of_files_is_what_is_there(tmp_path: Path) -> None:
    files = make(tmp_path / "bank")
    assert sorted(files) == sorted(path for path in (tmp_path / "bank").rglob("*") if path.is_file())
    assert (tmp_path / "bank" / "evidence" / PERIOD).is_dir()
    assert not any((tmp_path / "bank" / "evidence" / PERIOD).iterdir())


def test_the_readme_names_every_table_and_the_period(made: Path) -> None:
    text = (made / "README.md").read_text(encoding="utf-8")
    assert PERIOD in text
    assert all(any(file in text for file in table.files) for table in MODEL.tables.values())


def test_the_first_period_is_the_present_one_unless_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Day(dt.date):
        @classmethod
        def today(cls) -> Day:
            return cls(2026, 7, 1)

    monkeypatch.setattr(forms.dt, "date", Day)
    make(tmp_path / "bank", period=None)
    assert (tmp_path / "bank" / "evidence" / "2026Q3").is_dir()


@pytest.mark.parametrize("period", ["2026", "2026Q5", "soon"])
def test_a_period_that_does_not_fit_is_misuse(tmp_path: Path, period: str) -> None:
    with pytest.raises(Misuse):
        make(tmp_path / "bank", period=period)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(Misuse):
        make(tmp_path)
    with pytest.raises(Misuse):
        make(tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "bank").mkdir()
    assert make(tmp_path / "bank", model="hdi", period="2021")


def test_an_unknown_model_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(Misuse):
        make(tmp_path / "bank", model="hdj")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_when_making_fails_half_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise PublishFailed("publish_failed", target="x", reason="no space left")

    monkeypatch.setattr(forms._Maker, "readme", full)
    with pytest.raises(PublishFailed):
        make(tmp_path / "bank", model="hdi", period="2021")
    assert list(tmp_path.iterdir()) == []


def test_the_model_is_copied_for_editing_when_asked(tmp_path: Path) -> None:
    make(tmp_path / "bank", own_model=True)
    own = tmp_path / "bank" / "model" / "confidentiality.yaml"
    assert load_model(own).hash == MODEL.hash


def test_a_model_given_as_a_file_is_taken_along(tmp_path: Path) -> None:
    for name, copy in (("confidentiality.yaml", "ours.yaml"), ("confidentiality.tables.yaml",) * 2):
        shutil.copyfile(resources.templates() / "models" / name, tmp_path / copy)
    source = tmp_path / "ours.yaml"
    make(tmp_path / "second", model=str(source))
    assert load_model(tmp_path / "second" / "model" / "ours.yaml").hash == MODEL.hash
    assert (
        yaml.safe_load((tmp_path / "second" / "riskkit.yaml").read_text(encoding="utf-8"))["model"] == "ours"
    )


def test_another_model_gives_its_own_forms(tmp_path: Path) -> None:
    make(tmp_path / "world", model="hdi", period="2021", lang="en")
    assert [path.name for path in (tmp_path / "world" / "forms").rglob("*.xlsx")] == ["countries.xlsx"]


def test_two_workspaces_are_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    for path in make(tmp_path / "again"):
        assert (whole / path.relative_to(tmp_path / "again")).read_bytes() == path.read_bytes(), path.name


# ---------------------------------------------------------------- the forms


def test_every_plain_table_has_a_form_whose_name_the_reader_knows(made: Path) -> None:
    assert len(list((made / "forms").rglob("*.xlsx"))) == len(TABLES)
    assert all(form_of(made, table) for table in TABLES)


def test_all_blank_forms_together_are_read_without_a_problem(made: Path, tmp_path: Path) -> None:
    for path in (made / "forms").rglob("*.xlsx"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    evidence = read_evidence(tmp_path, MODEL, VOCABULARY, Period.parse(PERIOD))
    assert evidence.notes == ()
    assert {name: len(table) for name, table in evidence.tables.items()} == dict.fromkeys(TABLES, 0)
    for name in TABLES:
        (where,) = [key for key in evidence.letters if key[0] == form_of(made, name).name]
        assert list(evidence.letters[where]) == list(MODEL.tables[name].columns), name


def test_the_explanations_stand_below_where_headers_are_looked_for(made: Path) -> None:
    for table in TABLES:
        notes = openpyxl.load_workbook(form_of(made, table)).worksheets[1]
        explained = {str(cell.value): cell.row for cell in notes["C"]}
        assert all(explained[name] > HEADER_SEARCH for name in MODEL.tables[table].columns), table


def test_every_column_is_explained_in_both_languages(made: Path) -> None:
    notes = openpyxl.load_workbook(form_of(made, "roster")).worksheets[1]
    row = next(row for row in notes.iter_rows(values_only=True) if row[2] == "employment")
    assert row[:2] == ("用工性质", "Employment")
    assert "选项之一" in str(row[3])
    assert "one of the choices" in str(row[3])
    assert "劳务派遣" in str(row[5])
    assert "Outsourced" in str(row[5])


def column_of(sheet: Worksheet, label: str) -> str:
    return next(
        cell.column_letter for row in sheet.iter_rows(max_row=2) for cell in row if cell.value == label
    )


def rule_of(sheet: Worksheet, letter: str) -> object:
    return next(
        rule
        for rule in sheet.data_validations.dataValidation
        if str(rule.sqref).startswith(letter) and str(rule.sqref)[len(letter)].isdigit()
    )


def test_code_columns_are_text_dates_are_dates_and_choices_have_lists(bank: Path) -> None:
    book = openpyxl.load_workbook(form_of(bank, "roster"))
    sheet = book.worksheets[0]
    code, date, choice, yes_no = (
        column_of(sheet, label) for label in ("工号", "入职日期", "用工性质", "是否涉密岗位")
    )
    assert sheet.column_dimensions[code].number_format == "@"
    assert sheet.column_dimensions[date].number_format == "yyyy-mm-dd"
    assert rule_of(sheet, date).type == "date"  # type: ignore[attr-defined]
    assert rule_of(sheet, yes_no).formula1 == '"是,否"'  # type: ignore[attr-defined]
    title, cells = rule_of(sheet, choice).formula1.replace("$", "").split("!")  # type: ignore[attr-defined]
    listed = [row[0].value for row in book[title.strip("'")][cells]]
    assert listed == ["正式", "劳务派遣", "外包"]


def test_the_checklist_has_two_header_rows_and_a_filled_in_row_is_read(made: Path, tmp_path: Path) -> None:
    path = form_of(made, "checklist")
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert sheet.freeze_panes == "A3"
    assert sheet["A1"].value
    assert sheet["A2"].value is None


def test_a_filled_in_row_comes_back_with_its_leading_zeros(bank: Path, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    for name in TABLES:
        path = form_of(bank, name)
        (folder / path.name).write_bytes(path.read_bytes())
    fill(
        folder / "人员花名册.xlsx",
        {
            "工号": "00900123",
            "机构编号": "0103",
            "用工性质": "外包",
            "入职日期": dt.date(2020, 1, 2),
            "是否涉密岗位": "是",
        },
    )
    fill(folder / "检查表.xlsx", {"检查批次": "007", "机构编号": "0103", "序号": "01", "指标编号": "A3.1", "检查项": "x", "实有项目": "是", "抽查数": 20, "合格数": 19}, header=2)  # fmt: skip
    evidence = read_evidence(folder, MODEL, VOCABULARY, Period.parse(PERIOD))
    (person,) = evidence.tables["roster"].to_dict("records")
    assert (person["staff_no"], person["unit"], person["employment"]) == ("00900123", "0103", "outsourced")
    assert (person["hired_on"].date(), person["sensitive"]) == (dt.date(2020, 1, 2), True)
    (check,) = evidence.tables["checklist"].to_dict("records")
    assert (check["batch"], check["no"], check["item"], check["passed"]) == ("007", "01", "A3.1", 19.0)
    assert (check["_file"], check["_row"]) == ("检查表.xlsx", 3)


def fill(path: Path, row: dict[str, object], header: int = 1) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    for label, value in row.items():
        cell = sheet[f"{column_of(sheet, label)}{header + 1}"]
        cell.value = value
        cell.number_format = sheet.column_dimensions[cell.column_letter].number_format
    book.save(path)


@pytest.mark.parametrize("name", ["units", "holidays"])
def test_the_example_of_the_register_is_explained_and_not_among_the_data(made: Path, name: str) -> None:
    book = openpyxl.load_workbook(made / "register" / f"{name}.xlsx")
    assert book.worksheets[0].max_row == 1
    notes = [str(value) for row in book.worksheets[1].iter_rows(values_only=True) for value in row if value]
    assert any(text.endswith(("0103", "2026-10-01")) for text in notes)


def test_a_model_of_ones_own_with_odd_wording_gives_forms_that_are_read(tmp_path: Path) -> None:
    """Headings that look like formulas, commas in choices, and a table known by English names alone."""
    content = load_model("hdi").spec.model_dump(mode="python")
    column = content["tables"]["countries"]["columns"]["life_expectancy"]
    column |= {
        "zh": "=1+1",
        "en": "@sum",
        "type": "choice",
        "min": None,
        "choices": {"x": {"zh": "甲,乙", "en": "a, b"}},
    }
    content["tables"]["countries"]["files"] = ("countries",)
    content["nodes"][0]["children"][0]["measure"]["value"] = "when(life_expectancy == 'x', 1, 0)"
    model = IndicatorModel(type(MODEL.spec).model_validate(content))
    form = forms.Form(model.tables["countries"], model, "zh")
    (tmp_path / "countries.xlsx").write_bytes(form.written("x"))
    vocabulary = Vocabulary.of([("AB", "A")], items=model.items)
    try:
        evidence = read_evidence(tmp_path, model, vocabulary, Period.parse("2021"))
    except DataRefused as refused:
        pytest.fail(refused.message("en"))
    assert len(evidence.tables["countries"]) == 0
