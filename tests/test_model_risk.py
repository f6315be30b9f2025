"""The risk matrix of a model: what is wrong with one is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskkit import load_model
from tests.test_model_schema import MODEL, line_of, load, refusals

RISK = """\
risk:
  likelihood:
    - {up_to: 0.2, name: {zh: 低, en: Low}, ratings: [low, low, middle]}
    - {up_to: 1, name: {zh: 高, en: High}, ratings: [low, middle, high]}
  impact: [{zh: 小, en: Slight}, {zh: 中, en: Middling}, {zh: 大, en: Grave}]
  ratings:
    - {id: low, name: {zh: 低, en: Low}, decide: {zh: 无, en: Nothing}}
    - {id: middle, name: {zh: 中, en: Middle}, decide: {zh: 看, en: Look}}
    - {id: high, name: {zh: 高, en: High}, decide: {zh: 查, en: Inspect}}
  data:
    - id: papers
      name: {zh: 文件, en: Papers}
      guarded_by: [A1]
      levels:
        - {impact: 3, name: {zh: 大, en: Many}, table: loans, where: "copies > 1", at_least: 2}
"""
WITH_RISK = MODEL.replace("red_lines:\n", RISK + "red_lines:\n", 1)

WRONG = [
    ("up_to: 0.2", "up_to: 1", "risk_limits", "likelihood:"),
    ("up_to: 1,", "up_to: 0.9,", "risk_limits", "likelihood:"),
    ("[low, low, middle]", "[low, middle]", "risk_width", "[low, middle]}"),
    ("[low, low, middle]", "[low, low, grave]", "risk_rating", "[low, low, grave]"),
    ("[low, low, middle]", "[middle, low, middle]", "risk_falls", "[middle, low, middle]"),
    ("[low, middle, high]", "[low, middle, low]", "risk_falls", "[low, middle, low]"),
    ("[low, middle, high]", "[low, high, high]", "risk_leaps", "[low, high, high]"),
    ("[low, low, middle]", "[low, low, low]", "risk_leaps", "[low, middle, high]"),
    ("id: middle", "id: low", "duplicate_id", "  ratings:\n"),
    ("guarded_by: [A1]", "guarded_by: [A7]", "risk_unknown", "guarded_by: [A7]"),
    ("impact: 3,", "impact: 4,", "risk_impact", "impact: 4,"),
    ("impact: 3,", "impact: 0,", "value", "impact: 0,"),
    ("at_least: 2", "at_least: 0", "value", "at_least: 0"),
    ("table: loans, where: \"copies > 1\"", "table: lones, where: \"copies > 1\"", "unknown_table", "lones"),
    ("copies > 1", "copys > 1", "unknown_name", "copys"),
    ("copies > 1", "copies", "expression_kind_yes_no", "where: \"copies\", at"),
    ("  data:\n", "  dat:\n", "unknown_key", "  dat:"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code", "at"), WRONG)
def test_a_wrong_matrix_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, code: str, at: str
) -> None:
    assert old in WITH_RISK
    place = WITH_RISK.index(old, WITH_RISK.index("risk:\n"))
    text = WITH_RISK[:place] + new + WITH_RISK[place + len(old) :]
    found = [(problem.code, problem.cell) for problem in refusals(tmp_path, text)]
    assert (f"model.{code}", f"line {line_of(text, at)}") in found


def test_what_does_not_count_cannot_guard(tmp_path: Path) -> None:
    text = WITH_RISK.replace("weight: 0.6\n", "weight: 0\n", 1).replace("weight: 0.4", "weight: 1", 1)
    assert "model.risk_not_counted" in [problem.code for problem in refusals(tmp_path, text)]


def test_a_right_matrix_is_taken(tmp_path: Path) -> None:
    risk = load(tmp_path, WITH_RISK).spec.risk
    assert risk is not None
    assert [step.ratings[2] for step in risk.likelihood] == ["middle", "high"]


def test_a_model_need_not_have_one(tmp_path: Path) -> None:
    assert load(tmp_path, MODEL).spec.risk is None


def test_the_thresholds_of_the_packaged_model_are_those_of_its_grades() -> None:
    """A from 90, B from 80, C from 70, D from 60: a tenth, two, three and four tenths lost."""
    spec = load_model("confidentiality").spec
    assert spec.risk is not None
    lost = [round(1 - grade.min / 100, 10) for grade in spec.grades]
    assert [step.up_to for step in spec.risk.likelihood] == lost
