"""Sampling and rating variance of measured values, each worked by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import riskkit as rk
from tests.evidence.small import Q2, Bank, model, table

WORKED = Path(__file__).parents[2] / "data_samples" / "worked_example"
SHARE = {"kind": "ratio", "table": "t", "numerator": "passed", "denominator": "sampled"}


def row(bank: Bank, unit: str = "u", item: str = "I") -> dict[str, float]:
    found = bank.row(Q2, unit, item)
    return {name: float(found[name]) for name in ("sampling", "rating", "cases", "sampled_from")}


def test_what_was_looked_at_in_full_has_no_sampling_error(tmp_path: Path) -> None:
    bank = Bank(
        tmp_path, model({"t": table("unit:unit passed:number sampled:number")}, {"I": {"measure": SHARE}})
    )
    found = row(bank.put(Q2, "t", "unit passed sampled", ["u", 3, 4]))
    assert (found["sampling"], found["rating"]) == (0.0, 0.0)
    assert np.isnan(found["cases"])


def test_cases_counted_in_rows_are_a_simple_random_sample(tmp_path: Path) -> None:
    """17 of 20 passed, drawn from 100: 0.85 · 0.15 ÷ 19 · (1 − 20/100) = 0.1275 ÷ 19 · 0.8 = 0.0053684."""
    measure = {**SHARE, "population": "all"}
    columns = table("unit:unit passed:number sampled:number all:number")
    bank = Bank(
        tmp_path,
        model({"t": columns}, {"I": {"measure": measure}, "J": {"measure": {**measure, "factor": 100}}}),
    )
    bank.put(Q2, "t", "unit passed sampled all", ["u", 10, 12, 60], ["u", 7, 8, 40], ["v", 5, 5, 5])
    assert row(bank)["sampling"] == pytest.approx(0.1275 / 19 * 0.8)
    assert (row(bank)["cases"], row(bank)["sampled_from"]) == (20, 100)
    assert row(bank, item="J")["sampling"] == pytest.approx(0.1275 / 19 * 0.8 * 100**2)
    assert row(bank, "v")["sampling"] == 0.0  # a census


def test_the_case_is_what_was_sampled_and_not_the_row(tmp_path: Path) -> None:
    """Two people with 2 and 3 right of 4 each, of a staff of 10. v = 5/8. Influences (2 − 2.5)/8 and (3 − 2.5)/8:
    ∓1/16. Variance 2/1 · 2 · (1/16)² · (1 − 2/10) = 0.0125."""
    columns = table("unit:unit person:code right:number", sample={"case": ["person"], "of": "staff"})
    measure = {"kind": "ratio", "table": "t", "numerator": "right", "denominator": "2"}
    bank = Bank(tmp_path, model({"t": columns}, {"I": {"measure": measure}}))
    bank.put(
        Q2,
        "t",
        "unit person right",
        ["u", "a", 1],
        ["u", "a", 1],
        ["u", "b", 2],
        ["u", "b", 1],
        ["v", "c", 2],
    )
    assert row(bank)["sampling"] == pytest.approx(2 * 2 / 256 * 0.8)
    assert (row(bank)["cases"], row(bank)["sampled_from"]) == (2, 10)
    assert np.isnan(row(bank, "v")["sampling"])  # of a single case nothing can be said


def test_respondents_are_the_cases_of_a_questionnaire() -> None:
    """Five sheets of a staff of 40: 0.875, 0.8125, 0.75, 0.5, 0.9375, mean 0.775. Squares of the differences: 0.01,
    0.00140625, 0.000625, 0.075625, 0.02640625, sum 0.1140625. ÷ 4 ÷ 5 · (1 − 5/40) = 0.00499023."""
    found = rk.open_workspace(WORKED).measures("2026Q2").row("N", "Q2")
    assert found["sampling"] == pytest.approx(0.1140625 / 20 * 0.875)
    assert (found["cases"], found["sampled_from"]) == (5, 40)


def test_parts_of_a_composite_are_added_case_by_case(tmp_path: Path) -> None:
    """½ · share of a + ½ · share of b over the same three people, who have a or b, never both: the whole is ½ each, so
    it does not vary at all, though each part does."""
    columns = table("unit:unit person:code a:number b:number", sample={"of": "many", "case": ["person"]})
    parts = [
        {"weight": 0.5, "measure": {"kind": "ratio", "table": "t", "numerator": name}} for name in ("a", "b")
    ]
    items = {
        "I": {"measure": {"kind": "composite", "combine": "sum", "parts": parts}},
        "J": {"measure": parts[0]["measure"]},
    }
    bank = Bank(tmp_path, model({"t": columns}, items))
    bank.put(Q2, "t", "unit person a b", ["u", "x", 1, 0], ["u", "y", 0, 1], ["u", "z", 1, 0])
    assert row(bank)["sampling"] == pytest.approx(0.0, abs=1e-15)
    assert row(bank, item="J")["sampling"] == pytest.approx(2 / 9 / 2)  # v(1 − v)/(n − 1) with v = 2/3, n = 3


def test_a_product_moves_with_its_other_part(tmp_path: Path) -> None:
    """(share of a) · (share of b), a sampled, b not: variance of a times b². a: 3 of 4, variance 3/16 ÷ 3 = 1/16; b: ½."""
    sampled = table("unit:unit a:number", sample={"of": "many"})
    parts = [
        {"measure": {"kind": "ratio", "table": "t", "numerator": "a"}},
        {"measure": {"kind": "ratio", "table": "s", "numerator": "b"}},
    ]
    tables = {"t": sampled, "s": table("unit:unit b:number", files=["s"])}
    bank = Bank(
        tmp_path,
        model(tables, {"I": {"measure": {"kind": "composite", "combine": "product", "parts": parts}}}),
    )
    bank.put(Q2, "t", "unit a", *(["u", value] for value in (1, 1, 1, 0)))
    bank.put(Q2, "s", "unit b", ["u", 1], ["u", 0])
    assert row(bank)["sampling"] == pytest.approx(1 / 16 / 4)


def test_raters_who_differ_add_to_the_error_and_a_second_rating_halves_it(tmp_path: Path) -> None:
    """Ten answers of ten people, scored twice one point apart on a scale of 4: one rater's variance is 1²/2 = ½. Unit u:
    10 cases, each the mean of two scores, share of 4: Σ (1/40)² · ½ ÷ 2 = 10 · 0.00015625 = 0.0015625. Unit v: 2 cases
    scored once: 2 · (1/8)² · ½ = 0.015625."""
    columns = table(
        "unit:unit person:code one:number two:number",
        sample={"of": "many", "case": ["person"]},
        second_rating={"first": "one", "second": "two"},
    )
    mean = "when(filled(two), (one + two) / 2, one)"
    bank = Bank(
        tmp_path,
        model(
            {"t": columns},
            {"I": {"measure": {"kind": "ratio", "table": "t", "numerator": mean, "denominator": "4"}}},
        ),
    )
    twice = [["u", f"p{k}", 2 + k % 2, 3 - k % 2] for k in range(10)]
    bank.put(Q2, "t", "unit person one two", *twice, ["v", "q1", 1, ""], ["v", "q2", 3, ""])
    assert row(bank)["rating"] == pytest.approx(10 / 1600 * 0.5 / 2)
    assert row(bank, "v")["rating"] == pytest.approx(2 / 64 * 0.5)


def test_without_enough_answers_scored_twice_nothing_is_said_of_raters(tmp_path: Path) -> None:
    columns = table(
        "unit:unit one:number two:number",
        sample={"of": "many"},
        second_rating={"first": "one", "second": "two"},
    )
    measure = {"kind": "ratio", "table": "t", "numerator": "one", "denominator": "4"}
    bank = Bank(tmp_path, model({"t": columns}, {"I": {"measure": measure}}))
    bank.put(Q2, "t", "unit one two", *(["u", 2, 3] for _ in range(9)))
    assert np.isnan(row(bank)["rating"])
