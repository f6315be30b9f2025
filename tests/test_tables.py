"""What `explain` prints: the number, its formula, its inputs, where each came from; and nothing that names anybody."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

import pytest

from riskkit import texts
from riskkit.errors import Misuse
from riskkit.report import tables
from riskkit.scoring.assessment import Assessment
from riskkit.workspace import open_workspace
from tests.evidence import small
from tests.small_bank import write


def explain(bank: Path, unit: str, item: str, lang: texts.Language = "en", limit: int = 20) -> str:
    return tables.explanation(open_workspace(bank).assessment("2026Q2"), unit, item, lang, limit)


def test_a_ratio_is_explained_down_to_the_cell(small_bank: Path) -> None:
    """9 of 10 passed: 90 %, worth 90 points, the only item with weight."""
    assert explain(small_bank, "0101", "R").splitlines() == [
        "0101 东街支行  2026Q2  R R",
        "Value: 90.0%",
        "State: measured",
        "Numerator / denominator: 9 / 10  n = 10",
        "Evidence class: B",
        "Points × effective weight = contribution: 90.00  × 1.0000 = 90.0000",
        "Scale: 0% → 0, 100% → 100",
        "Formula:",
        "  ratio @ log",
        "    numerator: passed",
        "    denominator: sampled",
        "1 evidence row (file sheet row):",
        "  2026Q2 log.csv 2  case_no=C0101  numerator=9 denominator=10",
    ]


def test_a_carried_over_value_names_the_period_it_came_from(small_bank: Path) -> None:
    told = explain(small_bank, "0101", "SLOW")
    assert "State: carried over from 2026Q1" in told
    assert "  2026Q1 slow.csv 2  numerator=1 denominator=2" in told


def test_a_composite_shows_the_rows_of_every_part(small_bank: Path) -> None:
    """0.5 · 9/10 + 0.5 · 1/1 = 0.95."""
    told = explain(small_bank, "0101", "BOTH")
    assert "Value: 95.0%" in told
    assert "2026Q2 log.csv 2  case_no=C0101" in told
    assert "2026Q2 roster.csv 3  staff_no=*****002" in told
    assert "0.5 × (0 + 1 · v)" in told


def test_what_was_not_assessed_has_no_number_and_no_row(small_bank: Path) -> None:
    told = explain(small_bank, "0102", "ASKED")
    assert told.splitlines()[1:3] == ["Value: –", "State: not assessed  not handed in: Questionnaire answers"]
    assert told.endswith("no evidence row stands behind it")


def test_a_roll_up_says_that_its_points_are_a_mean(small_bank: Path) -> None:
    told = explain(small_bank, "0000", "HEAD")
    assert "Value: 100.0%" in told
    assert "the mean by staff of it and the units below" in told


def test_a_long_list_of_rows_is_cut_and_says_so(small_bank: Path) -> None:
    rows = [("0101", f"N{number}", 1, 1) for number in range(30)]
    write(small_bank / "evidence" / "2026Q2" / "log_2.csv", "unit case_no passed sampled", *rows)
    told = explain(small_bank, "0101", "R", limit=4).splitlines()
    assert told[-6] == "31 evidence rows (file sheet row):"
    assert told[-1] == "  … and 27 rows more"


def test_large_numbers_are_printed_in_full(small_bank: Path) -> None:
    """1,234,567.5 + 9 of 2,000,000 + 10: no digit may drown in an exponent."""
    path = small_bank / "evidence" / "2026Q2" / "log_2.csv"
    write(path, "unit case_no passed sampled", ("0101", "N", "1234567.5", 2000000))
    assert "Numerator / denominator: 1,234,576.5 / 2,000,010  n = 2,000,010" in explain(
        small_bank, "0101", "R"
    )


# --- questionnaires


def survey(bank: Path, sheets: int) -> Path:
    """Sheets of branch 0101, whose staff of 10 asks for ceil(0.6 · 10) = 6."""
    folder = bank / "evidence" / "2026Q2"
    header = "question role subscale scale_min scale_max reversed key"
    questions = [(2, "likert", "attitude", 1, 5, "", ""), (3, "likert", "attitude", 1, 5, "", "")]
    questions += [(4, "likert", "attitude", 1, 5, "", "")]
    write(folder / "question_map.csv", header, (1, "unit", "", "", "", "", ""), *questions)
    answers = [(n, "2026-05-01 08:00", "60秒", f"192.0.2.{n}", "0101", 5, 1, 3) for n in range(1, sheets + 1)]
    write(folder / "responses.csv", "sheet_no submitted_at seconds ip 1、 2、 3、 4、", *answers)
    return bank


@pytest.mark.parametrize("sheets", [1, 4])
def test_nothing_is_shown_of_fewer_than_five_respondents(small_bank: Path, sheets: int) -> None:
    told = explain(survey(small_bank, sheets), "0101", "ASKED")
    assert "Value: fewer than 5 respondents, not shown" in told
    assert "responses.csv" not in told
    assert "Numerator" not in told


def test_below_the_gate_there_is_a_reason_and_no_number(small_bank: Path) -> None:
    told = explain(survey(small_bank, 5), "0101", "ASKED")
    assert told.splitlines()[1:3] == [
        "Value: –",
        "State: not applicable  too few valid answer sheets (at least 6)",
    ]


def test_each_answer_sheet_stands_once_and_without_its_address(small_bank: Path) -> None:
    """Answers 5, 1, 3 on 1-5 are 1, 0, 0.5: every sheet 0.5, so the mean of six is 50 %."""
    told = explain(survey(small_bank, 6), "0101", "ASKED")
    assert "Value: 50.0%" in told
    assert re.findall(r"responses\.csv (\d+)", told) == ["2", "3", "4", "5", "6", "7"]
    assert "192.0.2" not in told


def test_totals_of_fewer_than_five_respondents_are_not_shown(small_bank: Path) -> None:
    header = "unit item state value numerator denominator n confidence"
    path = small_bank / "evidence" / "2026Q2" / "item_values.csv"
    write(path, header, ("0101", "ASKED", "已测", 0.9, "", "", 4, "C"))
    told = explain(small_bank, "0101", "ASKED")
    assert "90" not in told.split("Scale")[0].replace("2026Q2", "")


# --- misuse


@pytest.mark.parametrize(
    ("unit", "item", "said"),
    [
        ("0101", "HEAD", "item HEAD is not for the level of unit 0101"),
        ("0101", "RR", "there is no item 'RR'; did you mean: R"),
        ("0109", "R", "there is no unit '0109'; did you mean: 0103, 0102, 0101"),
    ],
)
def test_what_does_not_exist_is_a_misuse_in_one_sentence(
    small_bank: Path, unit: str, item: str, said: str
) -> None:
    with pytest.raises(Misuse) as refused:
        explain(small_bank, unit, item)
    assert refused.value.message("en").startswith(said)


# --- formulas


def test_a_formula_names_its_joins_and_leaves_out_what_goes_without_saying() -> None:
    join = {
        "table": "training",
        "on": {"staff_no": "person"},
        "where": "passed",
        "window": 4,
        "take": {"n": "count"},
    }
    measure = {"kind": "ratio", "table": "roster", "numerator": "n > 0", "join": [join]}
    people = small.table("staff_no:code unit:unit")
    courses = small.table("person:code passed:yes_no")
    model = small.model({"roster": people, "training": courses}, {"I": {"measure": measure}})
    assert tables.formula(model.items["I"].measure, "en") == [
        "ratio @ roster",
        "  numerator: n > 0",
        "  join @ training (staff_no = person) window 4 where passed: n = count",
    ]


# --- the sample bank


@pytest.mark.full
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_value_of_a_few_units_can_be_explained(
    sample_assessment: Assessment, lang: texts.Language
) -> None:
    told = []
    for unit in ("0000", "0100", "0103", "0310", "0405"):
        for item in sample_assessment.model.items:
            with contextlib.suppress(Misuse):  # an item for another level
                told.append(tables.explanation(sample_assessment, unit, item, lang, 5))
    everything = "\n".join(told)
    assert len(told) > 200
    assert not re.findall(r"(?<![*\d])009\d{5}(?!\d)|测试员|(?:\d{1,3}\.){3}\d|\bnan\b", everything)
