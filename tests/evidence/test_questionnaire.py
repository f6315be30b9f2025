"""From a raw export to answers that count: each rule at its boundary, each score worked by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from riskkit.errors import EvidenceRefused
from tests.evidence import small
from tests.evidence.small import Q1, Q2, Bank

MAP = "question role subscale scale_min scale_max reversed key"
QUESTIONS: dict[str, tuple[object, ...]] = {
    "1": ("unit", "", "", "", "", ""),
    "2": ("likert", "attitude", 1, 7, "", ""),
    "3": ("likert", "attitude", 1, 7, "是", ""),
    "4": ("likert", "behaviour", 1, 7, "", ""),
    "5": ("likert", "behaviour", 1, 7, "", ""),
    "6": ("trap", "", "", "", "", "4"),
    "7": ("overclaim", "", 1, 5, "", ""),
    "8": ("vignette", "", "", "", "", "A┋C"),
}
GOOD = {"2": 7, "3": 1, "4": 5, "5": 3, "6": 4, "7": 1, "8": "C┋A"}
"""A sheet that keeps every rule: as given 7, 1, 5, 3, so no run is longer than 1."""

LIKERT = {"kind": "likert", "table": "answers"}
ITEMS: dict[str, dict[str, Any]] = {
    "ATT": {"measure": LIKERT | {"subscale": "attitude"}},
    "BEH": {"measure": LIKERT | {"subscale": "behaviour"}},
    "CLAIM": {
        "measure": {"kind": "ratio", "table": "answers", "where": "role == 'overclaim'", "numerator": "score"}
    },
    "CASE": {
        "measure": {"kind": "ratio", "table": "answers", "where": "role == 'vignette'", "numerator": "score"}
    },
}
SECONDS = 16
"""Eight questions at two seconds each: the fastest a sheet may be."""


def survey(folder: Path, **staff: int) -> Bank:
    register = small.units(**(staff or {"u": 5, "v": 5}))
    return Bank(folder, small.model({"log": small.table("unit:unit")}, ITEMS), register)


def hand_in(
    bank: Bank, *sheets: dict[str, object], questions: dict[str, tuple[object, ...]] | None = None
) -> Bank:
    """Answer sheets of unit u unless they say otherwise; `seconds` as in the export."""
    asked = QUESTIONS if questions is None else questions
    bank.put(Q2, "question_map", MAP, *[(number, *entry) for number, entry in asked.items()])
    header = ["sheet_no", "submitted_at", "seconds", "ip", *[f"{number}、问题" for number in QUESTIONS]]
    rows = []
    for number, sheet in enumerate(sheets, start=1):
        given = {"1": "u", "seconds": f"{SECONDS}秒", **GOOD, **sheet}
        rows.append(
            [number, "2026/5/1 8:00:00", given["seconds"], "192.0.2.1", *[given[q] for q in QUESTIONS]]
        )
    return bank.put(Q2, "responses", " ".join(header), *rows)


def reasons(bank: Bank) -> list[str]:
    return [str(reason) for reason in bank.evidence(Q2).tables["sheets"]["reason"]]


def problems(bank: Bank) -> list[tuple[str, str]]:
    with pytest.raises(EvidenceRefused) as refused:
        bank.evidence(Q2)
    return [(problem.code.removeprefix("evidence."), problem.cell) for problem in refused.value.problems]


# --- which sheets count


def test_a_sheet_that_keeps_every_rule_counts(tmp_path: Path) -> None:
    assert reasons(hand_in(survey(tmp_path), {})) == [""]


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [
        ("16秒", ""),
        ("15秒", "rushed"),
        ("15", "rushed"),
        ("1分钟", ""),
        ("0分15秒", "rushed"),
        ("1小时", ""),
        ("2min", ""),
    ],
)
def test_a_sheet_faster_than_two_seconds_a_question_was_rushed(
    tmp_path: Path, seconds: str, reason: str
) -> None:
    """8 questions · 2 s = 16 s."""
    assert reasons(hand_in(survey(tmp_path), {"seconds": seconds})) == [reason]


@pytest.mark.parametrize(("answer", "reason"), [(4, ""), ("４", ""), (3, "trap"), ("", "trap")])
def test_a_trap_must_be_answered_and_right(tmp_path: Path, answer: object, reason: str) -> None:
    assert reasons(hand_in(survey(tmp_path), {"6": answer})) == [reason]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ((7, 1, 5, 3), ""),
        ((7, 7, 5, 3), "longstring"),
        ((7, 5, 7, 5), ""),
        ((5, 7, 7, 3), "longstring"),
        ((7, "", 7, 1), ""),
    ],
)
def test_half_the_likert_answers_in_one_run_are_a_long_string(
    tmp_path: Path, answers: tuple[object, ...], reason: str
) -> None:
    """Of four Likert answers two in a row are half; what counts is what was ticked, before reversing."""
    assert reasons(hand_in(survey(tmp_path), dict(zip("2345", answers, strict=True)))) == [reason]


@pytest.mark.parametrize("ticked", range(1, 8))
def test_a_run_is_seen_across_reversed_questions_whatever_was_ticked(tmp_path: Path, ticked: int) -> None:
    """k/6 and 1 - (1 - k/6) differ in the last place for some k; the run from question 2 to 3 is one all the same."""
    other = 1 if ticked > 4 else 7
    sheet = {"2": ticked, "3": ticked, "4": other, "5": ticked}
    assert reasons(hand_in(survey(tmp_path), sheet)) == ["longstring"]


def test_answers_that_hardly_vary_are_flat(tmp_path: Path) -> None:
    """On a scale in hundredths, 3.0, 3.3, 3.0, 3.3 have no run, and a standard deviation of 0.15 < 0.2."""
    sheet = {"2": 3.0, "3": 3.3, "4": 3.0, "5": 3.3}
    wider = {"2": 3.0, "3": 3.5, "4": 3.0, "5": 3.5}
    assert reasons(hand_in(survey(tmp_path), sheet, wider)) == ["flat", ""]


def test_a_sheet_without_a_single_likert_answer_does_not_count(tmp_path: Path) -> None:
    assert reasons(hand_in(survey(tmp_path), dict.fromkeys("2345", ""))) == ["flat"]


def test_the_first_rule_broken_is_the_reason(tmp_path: Path) -> None:
    assert reasons(hand_in(survey(tmp_path), {"seconds": "1秒", "6": 1, "3": 7})) == ["rushed"]


# --- what an answer is worth


def enough(sheet: dict[str, object]) -> list[dict[str, object]]:
    """As many sheets alike as the smallest gate asks for."""
    return [sheet] * 5


def test_likert_answers_are_brought_to_a_share_and_reversed_ones_turned(tmp_path: Path) -> None:
    """Attitude: (7-1)/6 = 1 and, reversed, 1 - (1-1)/6 = 1: 1. Behaviour: (5-1)/6 and (3-1)/6: mean 0.5."""
    measures = hand_in(survey(tmp_path), *enough({})).measures(Q2)
    assert measures.row("u", "ATT")[["value", "n"]].tolist() == [1.0, 5.0]
    assert measures.row("u", "BEH")["value"] == pytest.approx(0.5)


def test_a_subscale_is_a_mean_over_people_however_many_answers_each_gave(tmp_path: Path) -> None:
    """Four answer both (0.5 each); one answered question 4 alone, with 7: 1. Mean (4·0.5 + 1)/5 = 0.6."""
    sheets = [{}, {}, {}, {}, {"4": 7, "5": "", "2": 6}]
    row = hand_in(survey(tmp_path), *sheets).row(Q2, "u", "BEH")
    assert row["value"] == pytest.approx(0.6)


def test_a_vignette_wants_exactly_the_right_choices_in_any_order(tmp_path: Path) -> None:
    """A and C are right: twice right, once too few, once too many, once not answered and so left out: 2 of 4."""
    answers = ["A┋C", "C ┋ a", "A", "A┋B┋C", ""]
    row = hand_in(survey(tmp_path), *[{"8": answer} for answer in answers]).row(Q2, "u", "CASE")
    assert row[["numerator", "denominator"]].tolist() == [2.0, 4.0]


def test_an_over_claim_is_the_share_of_the_scale_claimed(tmp_path: Path) -> None:
    """1, 1, 1, 5 and 3 on 1-5 are 0, 0, 0, 1 and 0.5: 1.5 / 5 = 0.3."""
    sheets = [{"7": answer} for answer in (1, 1, 1, 5, 3)]
    assert hand_in(survey(tmp_path), *sheets).row(Q2, "u", "CLAIM")["value"] == pytest.approx(0.3)


def test_sheets_that_do_not_count_bring_no_answer(tmp_path: Path) -> None:
    sheets = [*enough({}), {"seconds": "1秒", "2": 1, "3": 7}]
    bank = hand_in(survey(tmp_path), *sheets)
    assert len(bank.evidence(Q2).tables["sheets"]) == 6
    assert bank.row(Q2, "u", "ATT")[["value", "n"]].tolist() == [1.0, 5.0]


# --- the gate


@pytest.mark.parametrize(
    ("staff", "needed"),
    [(6, 5), (8, 5), (9, 6), (10, 6), (24, 15), (25, 15), (200, 15), (1, 5)],
)
def test_the_gate_is_fifteen_or_six_tenths_of_the_staff_but_never_below_five(
    tmp_path: Path, staff: int, needed: int
) -> None:
    """ceil(0.6 · 6) = 4, so 5; ceil(0.6 · 9) = 6; 0.6 · 10 = 6; ceil(14.4) = 15; 0.6 · 25 = 15; 120 is cut to 15."""
    short, just = tmp_path / "short", tmp_path / "just"
    row = hand_in(survey(short, u=staff), *[{}] * (needed - 1)).row(Q2, "u", "ATT")
    assert (row["state"], json.loads(row["reason"])) == ("not_applicable", {"key": "gate", "needed": needed})
    assert pd.isna(row["value"])
    assert pd.isna(row["n"])
    assert hand_in(survey(just, u=staff), *[{}] * needed).row(Q2, "u", "ATT")["state"] == "measured"


def test_a_unit_without_a_sheet_has_not_handed_in(tmp_path: Path) -> None:
    assert hand_in(survey(tmp_path), *enough({})).row(Q2, "v", "ATT")["state"] == "not_assessed"


def test_totals_of_fewer_than_five_sheets_count_for_nothing(tmp_path: Path) -> None:
    totals = survey(tmp_path).put(
        Q1,
        "item_values",
        "unit item state value numerator denominator n confidence",
        ("u", "ATT", "已测", 0.9, "", "", 4, "C"),
        ("v", "ATT", "已测", 0.9, "", "", 5, "C"),
    )
    assert [totals.row(Q1, unit, "ATT")["state"] for unit in "uv"] == ["not_applicable", "measured"]


# --- what is refused, with its cell


def test_every_answer_outside_its_scale_is_told_at_once(tmp_path: Path) -> None:
    """Columns: E is question 1, F question 2, G 3, K 7. Row 1 is the header."""
    bank = hand_in(survey(tmp_path), {"2": 8}, {"3": "x"}, {"1": "nowhere"}, {"7": 0, "seconds": "soon"})
    found = sorted(problems(bank))
    assert found == [("answer", "F2"), ("answer", "G3"), ("answer", "K5"), ("seconds", "C5"), ("unit", "E4")]


@pytest.mark.parametrize(
    "change",
    [
        {"1": ("stratum", "", "", "", "", "")},
        {"9": ("likert", "attitude", 1, 5, "", "")},
        {"2": ("likert", "attitude", "", "", "", "")},
        {"2": ("likert", "attitude", 7, 1, "", "")},
        {"6": ("trap", "", "", "", "", "")},
    ],
    ids=["no unit", "question not asked", "no scale", "scale upside down", "trap without key"],
)
def test_a_map_that_does_not_fit_is_refused_once(
    tmp_path: Path, change: dict[str, tuple[object, ...]]
) -> None:
    bank = hand_in(survey(tmp_path), {}, {}, questions=QUESTIONS | change)
    assert [code for code, _ in problems(bank)] == ["questions"]


def test_an_export_without_a_map_is_refused(tmp_path: Path) -> None:
    bank = hand_in(survey(tmp_path), {})
    (tmp_path / "2026Q2" / "question_map.csv").unlink()
    assert [code for code, _ in problems(bank)] == ["questions"]
