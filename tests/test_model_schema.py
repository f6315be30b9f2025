"""The model language: every refusal names the line it came from, and all are told together."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskkit.errors import Misuse, ModelRefused, Problem
from riskkit.model import IndicatorModel, load_model
from riskkit.model.load import packaged_models
from riskkit.model.schema import Reference

MODEL = """\
format: 1
id: small
version: "1"
name: {zh: 小, en: Small}
frequency: quarter
parameters: {limit: 3, since: 2024-09-01}
lookups: {weight: {minor: 1, grave: 30}}
cadences: {quarterly: 1}
levels:
  - {id: branch, name: {zh: 支行, en: Branch}, assessed: true}
staff: {table: roster, where: "not filled(left_on)"}
nodes:
  - id: A
    name: {zh: 甲, en: A}
    weight: 1
    children:
      - id: A1
        name: {zh: 率, en: Rate}
        weight: 0.6
        cadence: quarterly
        direction: higher_better
        unit: ratio
        measure: {kind: ratio, table: loans, where: "severity == 'minor'", numerator: "days(lent_on, cutoff) <= limit"}
        scale: {type: piecewise_linear, points: [[0, 0], [0.5, 60], [1, 100]]}
      - id: A2
        name: {zh: 数, en: Number}
        weight: 0.4
        cadence: quarterly
        direction: lower_better
        unit: number
        measure:
          kind: ratio
          table: roster
          join: [{table: loans, on: {staff_no: borrower}, take: {lent: sum copies, last: max lent_on}}]
          numerator: lent
        scale: {type: piecewise_linear, points: [[0, 100], [9, 0]]}
red_lines:
  - id: RL1
    name: {zh: 红, en: Red}
    cap: B
    candidate: {table: loans, where: "copies > 1"}
grades:
  - {id: A, name: {zh: 优, en: Good}, min: 60, conditions: [{kind: node_min, depth: 2, value: 50}]}
  - {id: B, name: {zh: 差, en: Poor}, min: 0}
tables:
  roster:
    name: {zh: 花名册, en: Roster}
    about: {zh: 人, en: People}
    files: [花名册, roster]
    scope: snapshot
    covers: bank
    confidence: A
    key: [staff_no]
    columns:
      staff_no: {zh: 工号, en: Staff number, type: code, required: true}
      unit: {zh: 机构, en: Unit, type: unit, required: true}
      left_on: {zh: 离职日期, en: Left on, type: date}
  loans:
    name: {zh: 借阅, en: Loans}
    about: {zh: 借, en: Lent}
    files: [借阅, loans]
    scope: period
    covers: unit
    confidence: B
    columns:
      unit: {zh: 机构, en: Unit, type: unit, required: true}
      borrower: {zh: 借阅人, en: Borrower, type: code}
      lent_on: {zh: 借出, en: Lent on, type: date}
      copies: {zh: 份数, en: Copies, type: integer, min: 1}
      severity: {zh: 级别, en: Severity, type: choice, choices: {minor: {zh: 一般, en: Minor}, grave: {zh: 重大, en: Grave}}}
  red_line_events:
    name: {zh: 红线, en: Events}
    about: {zh: 事, en: Events}
    files: [红线, events]
    scope: snapshot
    covers: bank
    confidence: A
    columns:
      event_no: {zh: 编号, en: No., type: code}
      red_line: {zh: 红线编号, en: Red line, type: red_line}
      unit: {zh: 机构, en: Unit, type: unit}
      severity: {zh: 级别, en: Severity, type: text}
      self_reported: {zh: 主动, en: Self-reported, type: yes_no}
      confirmed_on: {zh: 确认日期, en: Confirmed on, type: date}
      appeal: {zh: 申诉, en: Appeal, type: text}
      cured_on: {zh: 纠正, en: Cured on, type: date}
"""


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def load(folder: Path, text: str) -> IndicatorModel:
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return load_model(path)


def refusals(folder: Path, text: str) -> list[Problem]:
    with pytest.raises(ModelRefused) as refused:
        load(folder, text)
    assert str(refused.value.message("zh"))
    assert str(refused.value.message("en"))
    return list(refused.value.problems)


def changed(old: str, new: str) -> str:
    assert old in MODEL
    return MODEL.replace(old, new, 1)


def test_the_small_model_itself_is_taken(tmp_path: Path) -> None:
    assert list(load(tmp_path, MODEL).items) == ["A1", "A2"]


def test_the_packaged_models_are_known_by_name() -> None:
    assert packaged_models() == ["confidentiality", "hdi"]


def test_an_unknown_model_is_refused_with_suggestions() -> None:
    with pytest.raises(Misuse, match="confidentiality"):
        load_model("confidentialty")


# Each case: what is changed into what, the code of the refusal, and the part whose line must be named.
SHAPE = [
    ("id: small", "id: small\nfromat: 1", "unknown_key", "fromat"),
    ("        weight: 0.6\n", "        weihgt: 0.6\n", "unknown_key", "weihgt"),
    ("frequency: quarter\n", "", "missing_key", "format"),
    ("frequency: quarter", "frequency: month", "value", "frequency"),
    ("weight: 0.6", 'weight: "0.6"', "value", 'weight: "0.6"'),
    ("weight: 0.6", "weight: true", "value", "weight: true"),
    ("weight: 0.6", "weight: 1.6", "value", "weight: 1.6"),
    ("weight: 0.6", "weight: .nan", "value", "weight: .nan"),
    ("assessed: true", 'assessed: "yes"', "value", "assessed"),
    ("assessed: true", "assessed: yes", "value", "assessed"),
    ('version: "1"', "version: 1", "value", "version"),
    ("id: A1", "id: 甲1", "value", "id: 甲1"),
    ("kind: ratio, table: loans", "kind: ratoi, table: loans", "value", "kind: ratoi"),
    ("limit: 3", "limit: many", "value", "limit: many"),
    ("limit: 3", 'limit: "3"', "value", "limit"),
    ("since: 2024-09-01", "since: 2024-13-01", "yaml", "since"),
    ("files: [借阅, loans]", "files: []", "value", "files: []"),
    ("{zh: 小, en: Small}", "{zh: 小}", "missing_key", "name: {zh: 小}"),
    ("id: small", "id: small\nid: other", "duplicate_key", "id: other"),
    ("id: small", "id: !!python/object/apply:os.system [x]", "value", "!!python"),
    ("id: small", "id: !!python/name:os.system x", "yaml", "!!python"),
    ("id: small", "id: small\n? [a]\n: 1", "yaml", "? [a]"),
    ("cadences: {quarterly: 1}", "cadences: &c {quarterly: *c}", "cycle", "cadences"),
    ("cadences: {quarterly: 1}", "cadences: {<<: {quarterly: 1}}", "yaml", "cadences"),
    ("cadences: {quarterly: 1}", "cadences: {quarterly: " + "[" * 80 + "]" * 80 + "}", "yaml", "cadences"),
    ("cadences: {quarterly: 1}", "cadences: {quarterly: ", "yaml", "levels"),
]


@pytest.mark.parametrize(("old", "new", "code", "at"), SHAPE)
def test_a_wrong_shape_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, code: str, at: str
) -> None:
    text = changed(old, new)
    problems = refusals(tmp_path, text)
    assert [problem.code for problem in problems if problem.cell == f"line {line_of(text, at)}"][:1] == [
        f"model.{code}"
    ]


MEANING = [
    ("weight: 0.6", "weight: 0.5", "weights", "children:"),
    ("id: A2", "id: A1", "duplicate_id", "id: A1\n        name: {zh: 数"),
    ("id: RL1", "id: A1", "duplicate_id", "id: A1\n    name: {zh: 红"),
    ("cadence: quarterly", "cadence: weekly", "unknown_cadence", "weekly"),
    ("unit: ratio\n", "unit: ratio\n        applies_to: [planet]\n", "unknown_level", "planet"),
    ("[0.5, 60], [1, 100]", "[0.5, 60], [0.5, 100]", "scale_order", "[0.5, 100]"),
    ("[0.5, 60], [1, 100]", "[0.5, 60], [1, 50]", "scale_direction", "[1, 50]"),
    ("[0.5, 60], [1, 100]", "[0.5, 60], [1, 120]", "scale_range", "[1, 120]"),
    ("[[0, 100], [9, 0]]", "[[0, 100], [9, 100]]", "scale_direction", "[9, 100]"),
    ("{type: piecewise_linear, points: [[0, 100], [9, 0]]}", "{type: goalposts, low: 9, high: 0}", "goalposts", "goalposts"),
    ("{type: piecewise_linear, points: [[0, 100], [9, 0]]}", "{type: goalposts, low: 0, high: 9, log: true}", "goalposts_log", "goalposts"),
    ("{type: piecewise_linear, points: [[0, 0], [0.5, 60], [1, 100]]}", "{type: steps, points: [[0.9, 60], [0.8, 100]]}", "scale_order", "steps"),
    ("{type: piecewise_linear, points: [[0, 0], [0.5, 60], [1, 100]]}", "{type: steps, points: [[0.8, 100], [0.9, 60]]}", "scale_direction", "steps"),
    ("{type: piecewise_linear, points: [[0, 0], [0.5, 60], [1, 100]]}", "{type: steps, points: [[0.8, 60], [0.9, 100]], otherwise: 70}", "scale_direction", "steps"),
    ("{type: piecewise_linear, points: [[0, 100], [9, 0]]}", "{type: steps, points: [[2, 60], [9, 30]], otherwise: 40}", "scale_direction", "steps"),
    ("{type: piecewise_linear, points: [[0, 0], [0.5, 60], [1, 100]]}", "{type: steps, points: [[0.8, 60], [0.9, 101]]}", "scale_range", "steps"),
    ("{type: piecewise_linear, points: [[0, 0], [0.5, 60], [1, 100]]}", "{type: steps, points: []}", "value", "steps"),
    ("{type: piecewise_linear, points: [[0, 0], [0.5, 60], [1, 100]]}", "{type: distance_to_target, target: 0.9, zero_at: 0.9}", "zero_at", "distance"),
    ("{type: piecewise_linear, points: [[0, 100], [9, 0]]}", "{type: distance_to_target, target: 3, zero_at: 2}", "zero_at", "distance"),
    ("{type: piecewise_linear, points: [[0, 0], [0.5, 60], [1, 100]]}", "{type: distance_to_target, target: 0.9, zero_at: 0.5, both_sides: true}", "target_better", "direction: higher_better"),
    ("direction: higher_better", "direction: target_better", "target_better", "direction: target_better"),
    ("{type: piecewise_linear, points: [[0, 0], [0.5, 60], [1, 100]]}", "{type: z_score, at_mean: 101, per_sd: 10}", "scale_range", "z_score"),
    ("{type: piecewise_linear, points: [[0, 0], [0.5, 60], [1, 100]]}", "{type: z_score, at_mean: 50, per_sd: 0}", "value", "z_score"),
    ("{type: piecewise_linear, points: [[0, 0], [0.5, 60], [1, 100]]}", "{type: z_score}", "missing_key", "z_score"),
    ("{type: piecewise_linear, points: [[0, 0], [0.5, 60], [1, 100]]}", "{type: min_max, low: 0}", "unknown_key", "min_max"),
    ("red_lines:\n", "reference: {period: 2025H2, items: {}}\nred_lines:\n", "reference_period", "2025H2"),
    ("red_lines:\n", "reference: {period: '2025', items: {}}\nred_lines:\n", "reference_period", "'2025'"),
    ("red_lines:\n", "reference: {period: 2025Q4, items: {A9: [1]}}\nred_lines:\n", "reference_item", "A9"),
    ("red_lines:\n", "reference: {period: 2025Q4, items: {A1: [2, 1]}}\nred_lines:\n", "reference_order", "[2, 1]"),
    ("kind: ratio, table: loans", "kind: ratio, table: lones", "unknown_table", "lones"),
    ("kind: ratio, table: loans", "kind: ratio, table: loans, person: nobody", "unknown_column", "nobody"),
    ("severity == 'minor'", "severty == 'minor'", "unknown_name", "severty"),
    ("severity == 'minor'", "severity == 'minro'", "unknown_choice", "minro"),
    ("severity == 'minor'", "severity in ('grave', 'x')", "unknown_choice", "'x'"),
    ("severity == 'minor'", "lookup('weights', severity) > 1", "unknown_lookup", "weights"),
    ("severity == 'minor'", "severity ==", "expression_syntax", "severity =="),
    ("severity == 'minor'", "open('x')", "expression_construct", "open('x')"),
    ("severity == 'minor'", "severity in 'minor'", "expression_in_list", "severity in"),
    ("severity == 'minor'", "copies", "expression_kind_yes_no", "where: \"copies\""),
    ("severity == 'minor'", "severity > 3", "expression_kind_alike", "severity > 3"),
    ("severity == 'minor'", "lent_on == 'June'", "expression_kind_alike", "June"),
    ("severity == 'minor'", "severity + 1 > 2", "expression_kind_number", "severity + 1"),
    ("severity == 'minor'", "days(severity, lent_on) > 1", "expression_kind_date", "days(severity"),
    ("severity == 'minor'", "lookup('weight', copies) > 1", "expression_kind_text", "lookup('weight', copies)"),
    ("numerator: lent", "numerator: staff_no", "expression_kind_number", "numerator: staff_no"),
    ("sum copies", "sum borrower", "take", "sum borrower"),
    ("sum copies", "median copies", "take", "median copies"),
    ("sum copies", "count copies", "take", "count copies"),
    ("{lent: sum copies", "{left_on: sum copies", "taken_twice", "left_on: sum"),
    ("{staff_no: borrower}", "{staff_no: borower}", "unknown_column", "borower"),
    ("{staff_no: borrower}", "{staff_no: lent_on}", "join_keys", "{staff_no: lent_on}"),
    ("{staff_no: borrower}", "[]", "join_keys", "on: []"),
    ("cap: B", "cap: Z", "unknown_grade", "cap: Z"),
    ("    cap: B\n", "", "red_line_effect", "id: RL1"),
    ("min: 60", "min: 0", "grade_order", "grades:"),
    ("min: 0}", "min: 0, conditions: [{kind: coverage, value: 0.5}]}", "last_grade", "{id: B"),
    ("depth: 2", "depth: 3", "depth", "depth: 3"),
    ("assessed: true", "assessed: false", "no_assessed_level", "levels:"),
    ("limit: 3", "cutoff: 3", "reserved", "cutoff: 3"),
    ("table: roster, where", "table: rooster, where", "unknown_table", "rooster"),
    ("key: [staff_no]", "key: [staff_number]", "unknown_column", "key: [staff_number]"),
    ("type: integer, min: 1", "type: integer, min: 5, max: 1", "bounds", "min: 5"),
    ("type: integer, min: 1", "type: text, min: 1", "not_numeric", "type: text, min"),
    ("type: integer, min: 1", "type: integer, max_column: severity", "not_numeric", "max_column"),
    ("copies: {zh: 份数", "copies: {zh: 借 出", "same_label", "zh: 借 出"),
    ("grave: {zh: 重大", "grave: {zh: 一般", "same_label", "grave: {zh: 一般"),
    ("files: [借阅, loans]", "files: [花名册]", "same_label", "files: [花名册]\n    scope: period"),
    (", choices: {minor: {zh: 一般, en: Minor}, grave: {zh: 重大, en: Grave}}", "", "choices", "severity: {zh: 级别, en: Severity, type: choice}"),
    ("unit: {zh: 机构, en: Unit, type: unit, required: true}\n      borrower", "org: {zh: 机构, en: Unit, type: unit}\n      borrower", "no_unit", "table: loans, where"),
    ("      cured_on: {zh: 纠正, en: Cured on, type: date}\n", "", "special_column", "red_line_events:"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code", "at"), MEANING)
def test_a_wrong_meaning_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, code: str, at: str
) -> None:
    text = changed(old, new)
    found = [(problem.code, problem.file, problem.cell) for problem in refusals(tmp_path, text)]
    assert (f"model.{code}", "small.yaml", f"line {line_of(text, at)}") in found


def test_all_faults_are_told_together(tmp_path: Path) -> None:
    text = changed("weight: 0.6", "weight: 0.5").replace("cap: B", "cap: Z").replace("depth: 2", "depth: 9")
    assert {problem.code for problem in refusals(tmp_path, text)} == {
        "model.weights",
        "model.unknown_grade",
        "model.depth",
    }


def test_references_that_explode_are_refused_before_memory_is_gone(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30)
    )
    assert [problem.code for problem in refusals(tmp_path, MODEL + bomb)] == ["model.too_large"]


def test_nesting_that_would_overflow_the_parser_is_refused(tmp_path: Path) -> None:
    assert refusals(tmp_path, "x: " + "[" * 400_000)[0].code == "model.yaml"


@pytest.mark.parametrize(
    "content", [b"", b"[1, 2]", b"\xff\xfe\x00", b"name: \x00", b"--- 1\n--- 2\n", b"just words"]
)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(content)
    with pytest.raises(ModelRefused):
        load_model(path)


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    assert load(tmp_path, "\ufeff" + MODEL).hash == load(tmp_path, MODEL).hash


def test_words_that_older_yaml_takes_for_yes_or_no_stay_words(tmp_path: Path) -> None:
    text = changed("{zh: 甲, en: A}", "{zh: 是, en: on}")
    assert load(tmp_path, text).nodes["A"].name.en == "on"


def test_tables_may_lie_beside_the_model_and_are_told_by_their_own_lines(tmp_path: Path) -> None:
    head, tables = MODEL.split("tables:\n")
    (tmp_path / "t.yaml").write_text(tables.replace("type: integer", "type: intiger"), encoding="utf-8")
    (problem,) = refusals(tmp_path, head + "tables: t.yaml\n")
    assert (problem.file, problem.cell) == ("t.yaml", f"line {line_of(tables, 'copies')}")


def test_a_reference_may_lie_beside_the_model_and_is_part_of_it(tmp_path: Path) -> None:
    text = changed("red_lines:\n", "reference: r.yaml\nred_lines:\n")
    (tmp_path / "r.yaml").write_text("period: 2025Q4\nitems: {A1: [0.5, 1]}\n", encoding="utf-8")
    model = load(tmp_path, text)
    assert model.spec.reference == Reference(period="2025Q4", items={"A1": (0.5, 1.0)})
    assert model.hash != load(tmp_path, MODEL).hash
    (tmp_path / "r.yaml").write_text("period: 2025Q4\nitems:\n  A1: [1, 0.5]\n", encoding="utf-8")
    (problem,) = refusals(tmp_path, text)
    assert (problem.file, problem.cell) == ("r.yaml", "line 3")


def test_a_model_is_read_before_its_reference_is_made(tmp_path: Path) -> None:
    text = changed("red_lines:\n", "reference: r.yaml\nred_lines:\n")
    assert load(tmp_path, text).spec.reference is None


@pytest.mark.parametrize("name", ["nowhere.yaml", "../../etc/passwd", "/etc/passwd"])
def test_tables_are_looked_for_beside_the_model_and_nowhere_else(tmp_path: Path, name: str) -> None:
    (problem,) = refusals(tmp_path, MODEL.split("tables:\n")[0] + f"tables: {name}\n")
    assert problem.code == "model.tables_file"


def test_layout_does_not_change_the_hash_and_content_does(tmp_path: Path) -> None:
    before = load(tmp_path, MODEL).hash
    assert load(tmp_path, changed("weight: 0.6", "weight:   0.60   # sixty")).hash == before
    assert load(tmp_path, changed("limit: 3", "limit: 4")).hash != before


def test_other_weights_make_another_model_and_bad_ones_none(tmp_path: Path) -> None:
    model = load(tmp_path, MODEL)
    assert model.with_weights({"A1": 0.5, "A2": 0.5}).items["A1"].weight == 0.5
    assert model.items["A1"].weight == 0.6
    with pytest.raises(ModelRefused):
        model.with_weights({"A1": 0.5})
    with pytest.raises(Misuse):
        model.with_weights({"A9": 0.5})
    with pytest.raises(ModelRefused, match="-1"):
        model.with_weights({"A1": -1.0, "A2": 2.0})
