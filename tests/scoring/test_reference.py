"""The reference of relative scales: made from one period, kept beside the model, and never moved by later periods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from riskkit import texts
from riskkit.cli import riskkit
from riskkit.errors import Misuse, ModelRefused
from riskkit.model.schema import Reference
from riskkit.model.write import reference_as_yaml
from riskkit.report.pack import prepare
from riskkit.report.workbook_quarter import write_quarter_workbook
from riskkit.scoring.assessment import score
from riskkit.scoring.reference import reference_of
from riskkit.workspace import open_workspace
from tests import small_bank
from tests.report.workbooks import words
from tests.scoring import tiny
from tests.scoring.raw_bank import Row, Tree, workspace, write_csv

ROWS: list[Row] = [{"a": 4.0, "b": 6.0}, {"a": 1.0, "b": 2.0}, {"a": 3.0, "b": None}]
TREE: Tree = [(0.25, "a"), (0.75, "b")]


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    return workspace(tmp_path / "bank", TREE, ROWS, {"b"}, no_rows="not_applicable")


def command(bank: Path, *words: str) -> Result:
    return CliRunner().invoke(riskkit, ["model", "reference", *words, "-w", str(bank)])


def base(bank: Path, period: str) -> list[float]:
    return open_workspace(bank).assessment(period).summary["base"].round(9).tolist()


def test_the_reference_holds_sorted_values_and_no_names(bank: Path) -> None:
    reference = reference_of(open_workspace(bank).measures("2025Q4"))
    assert reference == Reference(period="2025Q4", items={"a": (1.0, 3.0, 4.0), "b": (2.0, 6.0)})


def test_the_command_writes_the_file_the_model_names_and_the_model_reads_it(bank: Path) -> None:
    """a from 1 to 4, b from 6 (worst) to 2: u0 0.25·100 + 0.75·0, u1 0.75·100, u2 is a alone: 2/3."""
    assert command(bank, "2025Q4").exit_code == 0
    assert open_workspace(bank).model.spec.reference is not None
    assert base(bank, "2025Q4") == pytest.approx([25, 75, 200 / 3])
    text = (bank / "model" / "raw.reference.yaml").read_text(encoding="utf-8")
    assert text.endswith("\nperiod: 2025Q4\nitems:\n  a: [1, 3, 4]\n  b: [2, 6]\n")
    assert "u0" not in text


def test_the_same_period_gives_the_same_file_wherever_it_is_written(bank: Path, tmp_path: Path) -> None:
    for name in ("x.yaml", "y.yaml"):
        assert command(bank, "2025Q4", "--out", str(tmp_path / name)).exit_code == 0
    assert (tmp_path / "x.yaml").read_bytes() == (tmp_path / "y.yaml").read_bytes()
    assert not (bank / "model" / "raw.reference.yaml").exists()


def test_a_later_period_moves_nothing_and_is_held_to_the_same_reference(bank: Path) -> None:
    """2026Q1 against 2025Q4's reference: 9 is beyond the best a, 0 below the worst; b of 4 is half-way."""
    command(bank, "2025Q4")
    before, known = base(bank, "2025Q4"), open_workspace(bank).model.hash
    rows = [["unit", "a", "b"], ["u0", 9, 4], ["u1", 0, 4], ["u2", 9, 1]]
    write_csv(bank / "evidence" / "2026Q1" / "raw.csv", rows)
    assert base(bank, "2026Q1") == pytest.approx([0.25 * 100 + 0.75 * 50, 0.75 * 50, 100])
    assert base(bank, "2025Q4") == before
    assert open_workspace(bank).model.hash == known


def test_another_reference_is_another_model(bank: Path) -> None:
    before = open_workspace(bank).model.hash
    command(bank, "2025Q4")
    assert open_workspace(bank).model.hash != before


def test_without_a_reference_the_model_measures_and_will_not_score(bank: Path) -> None:
    opened = open_workspace(bank)
    assert len(opened.measures("2025Q4").frame) == 6
    with pytest.raises(ModelRefused, match="riskkit model reference"):
        opened.assessment("2025Q4")


def test_a_model_may_be_given_its_reference_in_python(bank: Path) -> None:
    opened = open_workspace(bank)
    measures = opened.measures("2025Q4")
    model = opened.model.with_reference(reference_of(measures))
    assert score(model, measures).summary["base"].tolist() == pytest.approx([25, 75, 200 / 3])
    with pytest.raises(ModelRefused):
        opened.model.with_reference(Reference(period="2025", items={}))


def test_a_model_without_relative_scales_needs_none(tmp_path: Path) -> None:
    folder = small_bank.make(tmp_path / "bank")
    with pytest.raises(Misuse, match="small"):
        reference_of(open_workspace(folder).measures("2026Q2"))
    assert not (folder / "model" / "small.reference.yaml").exists()


def test_units_that_are_only_rolled_up_are_not_in_the_reference() -> None:
    """The office has a value of its own; only the branches are compared with."""
    content = tiny.spec()
    for node in content["nodes"]:
        for item in node["children"]:
            item |= {"scale": {"type": "rank"}, "applies_to": ["office", "branch"]}
    model = tiny.model(nodes=content["nodes"])
    values = {"head": {"a1": 9.0}, "u": {"a1": 2.0}, "v": {"a1": 1.0, "a2": "not_applicable"}}
    assert reference_of(tiny.measures(model, values)).items == {"a1": (1.0, 2.0)}


def test_many_values_are_written_on_lines_that_can_be_read_again(bank: Path) -> None:
    """Every number in full: thirds, 1e-7, −5e-324 and 1e22 come back exactly."""
    values = sorted([*(n / 3 for n in range(-40, 40)), 1e-7, -5e-324, 1e22, 123456789012345.0])
    reference = Reference(period="2025Q4", items={"a": values, "b": (2.0, 6.0)})
    text = reference_as_yaml(reference, ["two", "lines"])
    assert max(map(len, text.splitlines())) <= 116
    (bank / "model" / "raw.reference.yaml").write_text(text, encoding="utf-8")
    assert open_workspace(bank).model.spec.reference == reference


def test_a_reference_of_many_units_is_not_taken_for_references_that_explode(bank: Path) -> None:
    """250,000 values, more than a model may hold that repeats itself."""
    reference = Reference(period="2025Q4", items={"a": range(250_000), "b": (2.0, 6.0)})
    (bank / "model" / "raw.reference.yaml").write_text(reference_as_yaml(reference), encoding="utf-8")
    assert len(open_workspace(bank).model.spec.reference.items["a"]) == 250_000


def test_checking_a_model_says_what_still_wants_its_reference(bank: Path) -> None:
    file = str(bank / "model" / "raw.yaml")
    told = CliRunner().invoke(riskkit, ["model", "check", file])
    assert (told.exit_code, told.output.count("riskkit model reference")) == (0, 2)
    command(bank, "2025Q4")
    told = CliRunner().invoke(riskkit, ["model", "check", file])
    assert (told.exit_code, "riskkit model reference" in told.output) == (0, False)


@pytest.mark.parametrize(("lang", "wanted"), [("en", "weighted harmonic mean"), ("zh", "加权调和平均")])
def test_the_workbook_says_by_which_rules_it_was_scored(tmp_path: Path, lang: Any, wanted: str) -> None:
    """The mean of the total, what became of gaps, the period compared with, and the scale of each item."""
    more = {"aggregate": "harmonic", "missing": "left_out"}
    bank = workspace(tmp_path / "bank", TREE, ROWS, {"b"}, no_rows="not_assessed", **more)
    command(bank, "2025Q4")
    opened = open_workspace(bank, lang=lang)
    write_quarter_workbook(prepare(opened, "2025Q4"), tmp_path / "q.xlsx")
    text = "\n".join(words(tmp_path / "q.xlsx"))
    assert texts.say("sheet.method.total", lang, how=wanted) in text
    assert texts.say("sheet.method.states_left_out", lang) in text
    assert texts.say("sheet.method.reference", lang, period="2025Q4") in text
    assert text.count(texts.say("sheet.formula.min_max", lang)) == 2
