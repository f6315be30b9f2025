"""From what people type to values: what is understood, what is only noted, what is refused and why."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskkit.evidence.cells import _PARSERS, Converted, Vocabulary, convert
from riskkit.evidence.files import ErrorText, FormulaText, NumberText
from riskkit.model import load_model
from riskkit.model.schema import Column

WORDS = Vocabulary.of(
    [
        ("0103", "甲州西城支行"),
        ("0104", "甲州东城支行"),
        ("HQ-1", "总行"),
        ("0201", "同名支行"),
        ("0202", "同名支行"),
    ],
    items=["A1.1", "A1.2"],
    red_lines=["RL01"],
    tables={"loans": load_model("confidentiality").tables["loans"]},
)
CHOICES = {"regular": {"zh": "正式", "en": "Regular"}, "agency": {"zh": "劳务派遣", "en": "Agency"}}


def column(type_: str, **more: Any) -> Column:
    choices = {"choices": CHOICES} if type_ == "choice" else {}
    return Column.model_validate({"zh": "列", "en": "Column", "type": type_, **choices, **more})


def read(cell: str | None, type_: str, **more: Any) -> Converted:
    return convert([cell], column(type_, **more), WORDS)


def value(cell: str, type_: str, **more: Any) -> Any:
    found = read(cell, type_, **more)
    assert not found.faults, found.faults[0][1].code
    return found.values.iloc[0]


def fault(cell: str | None, type_: str, **more: Any) -> str | None:
    found = read(cell, type_, **more)
    if not found.faults:
        return None
    assert pd.isna(found.values.iloc[0])
    return found.faults[0][1].code


@pytest.mark.parametrize(
    ("cell", "type_", "expected"),
    [
        ("８５", "number", 85),
        ("85%", "number", 0.85),
        ("８５％", "number", 0.85),
        ("1,234", "number", 1234),
        ("1,234,567.5", "number", 1234567.5),
        ("１，２３４", "number", 1234),
        ("-3.5", "number", -3.5),
        (" 7 ", "integer", 7),
        ("3.0", "integer", 3),
        ("85%", "percent", 0.85),
        ("0.85", "percent", 0.85),
        ("85", "percent", 0.85),
        ("100", "percent", 1),
        ("是", "yes_no", True),
        ("Ｙ", "yes_no", True),
        ("无", "yes_no", False),
        ("FALSE", "yes_no", False),
        ("0", "yes_no", False),
        ("劳务派遣", "choice", "agency"),
        ("劳 务 派 遣", "choice", "agency"),
        ("AGENCY", "choice", "agency"),
        ("0103", "unit", "0103"),
        ("０１０３", "unit", "0103"),
        ("甲州西城支行", "unit", "0103"),
        ("甲州 西城支行", "unit", "0103"),
        ("hq-1", "unit", "HQ-1"),
        ("0012", "code", "0012"),
        ("００１２", "code", "0012"),
        ("1E05", "code", "1E05"),
        ("NA", "text", "NA"),
        ("null", "text", "null"),
        ("=1+1", "text", "=1+1"),
        ("A1.1", "item", "A1.1"),
        ("RL01", "red_line", "RL01"),
        ("loans", "table", "loans"),
        ("借阅登记", "table", "loans"),
    ],
)
def test_what_people_type_is_understood(cell: str, type_: str, expected: object) -> None:
    assert value(cell, type_) == expected


@pytest.mark.parametrize(
    "cell",
    [
        "2026-06-30",
        "2026/6/30",
        "2026.6.30",
        "2026年6月30日",
        "20260630",
        "２０２６－０６－３０",
        "2026-06-30 00:00:00",
        "2026-06-30T23:59",
    ],
)
def test_days_are_read_as_they_are_written_here(cell: str) -> None:
    assert value(cell, "date") == pd.Timestamp(2026, 6, 30)


def test_times_keep_hours_and_days_do_not() -> None:
    assert value("2026-06-30 09:15", "datetime") == pd.Timestamp(2026, 6, 30, 9, 15)
    assert value("2026-06-30 09:15:30.5", "date") == pd.Timestamp(2026, 6, 30)


@pytest.mark.parametrize(
    ("cell", "type_", "code"),
    [
        ("8S%", "number", "number"),
        ("八十五", "number", "number"),
        ("1,23", "number", "number"),
        ("12,34", "number", "number"),
        ("1e999", "number", "number"),
        ("nan", "number", "number"),
        ("inf", "number", "number"),
        ("0x10", "number", "number"),
        ("1_000", "number", "number"),
        ("%", "number", "number"),
        ("1 2", "number", "number"),
        ("2.5", "integer", "integer"),
        ("2026-02-30", "date", "date"),
        ("2026-13-01", "date", "date"),
        ("30/06/2026", "date", "date"),
        ("46203", "date", "date"),
        ("昨天", "date", "date"),
        ("2026-06-30 25:00", "datetime", "date"),
        ("0000-01-01", "date", "date"),
        ("也许", "yes_no", "yes_no"),
        ("2", "yes_no", "yes_no"),
        ("临时", "choice", "choice"),
        ("9999", "unit", "unit"),
        ("同名支行", "unit", "unit"),
        ("A9.9", "item", "item"),
        ("RL99", "red_line", "item"),
        ("lones", "table", "item"),
        ("1.23457E+11", "code", "lost_digits"),
        (ErrorText("#N/A"), "text", "error_cell"),
        (ErrorText("#DIV/0!"), "number", "error_cell"),
        (FormulaText("=A1"), "number", "no_cached_value"),
        (NumberText("12345678901234568"), "code", "lost_digits"),
    ],
)
def test_what_cannot_be_understood_is_refused_and_never_guessed(cell: str, type_: str, code: str) -> None:
    assert fault(cell, type_) == code


def test_a_number_of_a_person_stored_as_a_number_may_have_lost_its_zeros() -> None:
    assert fault(NumberText("900123"), "code", person="number") == "lost_zeros"
    assert fault("00900123", "code", person="number") is None
    assert fault(NumberText("900123"), "code") is None


@pytest.mark.parametrize(("cell", "expected"), [("103", "0103"), ("0103", "0103")])
def test_a_unit_stored_as_a_number_gets_its_zeros_back_and_is_noted(cell: str, expected: str) -> None:
    found = read(NumberText(cell), "unit")
    assert found.values.iloc[0] == expected
    assert [note[2] for note in found.notes] == ([expected] if cell != expected else [])


def test_zeros_are_not_given_back_where_two_units_fit() -> None:
    words = Vocabulary.of([("0103", "a"), ("00103", "b")])
    assert convert([NumberText("103")], column("unit"), words).faults[0][1].code == "unit"


def test_an_unknown_branch_is_refused_with_the_nearest_known() -> None:
    near = read("甲州西成支行", "unit").faults[0][1].values["near"]
    assert "甲州西城支行" in str(near)


def test_an_unknown_item_is_refused_with_the_nearest_known() -> None:
    assert "A1.1" in str(read("A1.l", "item").faults[0][1].values["near"])


def test_a_code_is_told_before_the_name_of_another_unit() -> None:
    words = Vocabulary.of([("0103", "0104"), ("0104", "x")])
    assert convert(["0104"], column("unit"), words).values.iloc[0] == "0104"


@pytest.mark.parametrize("cell", [None, "", "  ", "\u3000", "\t"])
def test_an_empty_cell_is_missing_and_refused_where_it_is_required(cell: str | None) -> None:
    assert fault(cell, "text") is None
    assert fault(cell, "text", required=True) == "required"


@pytest.mark.parametrize(("cell", "code"), [("-1", "range"), ("101", "range"), ("0", None), ("100", None)])
def test_limits_hold_and_include_their_ends(cell: str, code: str | None) -> None:
    assert fault(cell, "number", min=0, max=100) == code


@pytest.mark.parametrize(
    ("cell", "type_", "noted"),
    [
        ("85%", "number", "0.85"),
        ("1,234", "number", "1234"),
        ("８５", "number", "85"),
        ("85", "number", None),
        ("甲州西城支行", "unit", None),
    ],
)
def test_a_value_read_otherwise_than_written_is_noted(cell: str, type_: str, noted: str | None) -> None:
    assert [note[2] for note in read(cell, type_).notes] == ([noted] if noted else [])


def test_every_fault_and_every_type_of_a_column_is_kept_apart() -> None:
    found = convert(["1", "x", None, "2%"], column("number", required=True), WORDS)
    assert [(position, fault.code) for position, fault in found.faults] == [(1, "number"), (2, "required")]
    assert found.values.tolist()[::3] == [1.0, 0.02]


ANY_CELL = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.text(max_size=8).map(NumberText),
    st.floats().map(repr).map(NumberText),
    st.integers().map(str).map(NumberText),
    st.dates().map(str),
    st.datetimes().map(str),
)


@given(st.lists(ANY_CELL, max_size=8), st.sampled_from(sorted(_PARSERS)))
@settings(max_examples=300, deadline=None)
def test_no_cell_whatever_breaks_a_reader(cells: list[str | None], type_: str) -> None:
    found = convert(cells, column(type_, required=True), WORDS)
    assert len(found.values) == len(cells)
    faulty = {position for position, _ in found.faults}
    assert all(pd.isna(entry) == (position in faulty) for position, entry in enumerate(found.values))


@given(st.dates(min_value=dt.date(1000, 1, 1)))
def test_any_day_comes_back(day: dt.date) -> None:
    assert value(day.isoformat(), "date") == pd.Timestamp(day).as_unit("s")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_number_a_workbook_holds_comes_back_to_the_last_digit(number: float) -> None:
    assert value(NumberText(repr(number)), "number") == number
