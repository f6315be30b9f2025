"""`riskkit weights`: forms out, forms back, a model with the compared weights; exit codes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from riskkit.model import load_model
from tests.conftest import Told
from tests.report.test_weights_form import filled

MODEL = Path(__file__).parents[1] / "data_samples" / "worked_example" / "model" / "worked.yaml"
Command = Callable[..., Told]
LINE = {("P1", "P2"): 2, ("P2", "P3"): 2, ("P3", "P4"): 1}
CIRCLE = {("P1", "P2"): 9, ("P2", "P3"): 9, ("P1", "P3"): "1/9", ("P3", "P4"): 1}


@pytest.fixture
def forms(riskkit: Command, tmp_path: Path) -> list[Path]:
    """Li and Wang compare P with Q: equal, and nine times as weighty; together 3, ¾ and ¼."""
    experts = ("--expert", "Li", "--expert", "Wang")
    done = riskkit(None, "weights", "form", MODEL, tmp_path / "forms.xlsx", *experts)
    paths = [tmp_path / "forms_Li.xlsx", tmp_path / "forms_Wang.xlsx"]
    assert (done.code, done.out.split()) == (0, ["written:", str(paths[0]), "written:", str(paths[1])])
    filled(paths[0], {("P", "Q"): 1})
    filled(paths[1], {("P", "Q"): 9})
    return paths


def test_compared_weights_stand_beside_the_present_ones_and_go_into_a_new_model(
    riskkit: Command, forms: list[Path], tmp_path: Path
) -> None:
    filled(forms[1], LINE)
    done = riskkit(None, "weights", "read", MODEL, *forms, "--out", tmp_path / "new.yaml")
    assert (done.code, done.err) == (0, "")
    lines = [re.split(r"\s{2,}", line.strip()) for line in done.out.splitlines()]
    assert ["P", load_model(MODEL).nodes["P"].name.en, "0.6000", "0.7500", "+0.1500"] in lines
    assert [line[2:] for line in lines if line[0] == "P4"] == [["0.2000", "0.1250", "-0.0750"]]
    assert "Dimensions: CR 0.000 (saaty_1980)" in done.out
    assert "Wang: CR 0.000 (saaty_1980), 3 comparisons missing" in done.out
    new = load_model(tmp_path / "new.yaml")
    assert (new.nodes["P"].weight, new.nodes["P1"].weight, new.nodes["Q1"].weight) == (0.75, 0.5, 0.3)
    assert new.spec.version == f"{load_model(MODEL).spec.version}-ahp"


def test_contradiction_is_shown_and_no_model_written_unless_allowed(
    riskkit: Command, forms: list[Path], tmp_path: Path
) -> None:
    filled(forms[0], CIRCLE)
    words = ("weights", "read", MODEL, *forms)
    told = riskkit(None, *words)
    assert (told.code, told.out.count("! Li: "), told.out.count("! together: ")) == (0, 1, 1)
    assert (
        "! together: P1 and P3 said to be 0.11, where the weights say" in told.out
        or "! together: P" in told.out
    )
    refused = riskkit(None, *words, "--out", tmp_path / "new.yaml")
    assert (refused.code, (tmp_path / "new.yaml").exists()) == (1, False)
    assert "1 group of comparisons too inconsistent" in refused.err
    assert "(saaty_1980), above 0.1" in refused.err
    allowed = riskkit(None, *words, "--out", tmp_path / "new.yaml", "--allow-inconsistent")
    assert (allowed.code, (tmp_path / "new.yaml").exists()) == (0, True)


def test_the_table_of_random_indices_is_named_and_can_be_chosen(riskkit: Command, forms: list[Path]) -> None:
    words = ("weights", "read", MODEL, *forms, "--random-index")
    assert "(alonso_lamata_2006)" in riskkit(None, *words, "alonso_lamata_2006").out
    wrong = riskkit(None, *words, "saaty")
    assert (wrong.code, "available: saaty_1980" in wrong.err) == (2, True)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_faults_end_with_code_1_and_the_table_of_problems(
    riskkit: Command, forms: list[Path], lang: str
) -> None:
    filled(forms[0], {("P", "Q"): "12"})
    done = riskkit(None, "weights", "read", MODEL, *forms, lang=lang)
    assert (done.code, done.out) == (1, "")
    assert re.search(r"forms_Li\.xlsx +Comparisons +C4 ", done.err)
    assert "forms_Wang" not in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("form", MODEL, "x.xlsx", "--node", "R"), "no node 'R'"),
        (("form", "nowhere", "x.xlsx"), "there is no model 'nowhere'"),
        (("form", MODEL, "x.xlsx", "--expert", "A", "--expert", "A"), "expert 'A' is named twice"),
        (("form", MODEL, "x.csv"), "ends in .xlsx, not 'x.csv'"),
        (("read", MODEL), "Missing argument"),
        (("read", MODEL, "nowhere.xlsx"), "nowhere.xlsx"),
        (("read", MODEL, MODEL, "--out", "new.xlsx"), "ends in .yaml, not 'new.xlsx'"),
    ],
)
def test_misuse_ends_with_code_2(riskkit: Command, words: tuple[object, ...], said: str) -> None:
    done = riskkit(None, "weights", *words)
    assert (done.code, said in done.err, "Traceback" in done.err) == (2, True, False), done.err


def test_the_form_speaks_the_language_asked_for(riskkit: Command, tmp_path: Path) -> None:
    import openpyxl

    for lang, title in (("zh", "两两比较"), ("en", "Comparisons")):
        riskkit(None, "weights", "form", MODEL, tmp_path / f"{lang}.xlsx", "--lang", lang)
        assert openpyxl.load_workbook(tmp_path / f"{lang}.xlsx").sheetnames[1] == title
