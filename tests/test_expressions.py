"""The row language: what it computes, and that nothing outside it ever runs."""

from __future__ import annotations

import ast
import builtins

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskkit.expressions import Expression, ExpressionFault, Setting

ROWS = pd.DataFrame(
    {
        "passed": [8.0, 5.0, np.nan],
        "sampled": [10.0, 0.0, 4.0],
        "lent_on": pd.to_datetime(["2026-06-26", "2026-06-30", None]),
        "back_on": pd.to_datetime(["2026-06-29", None, "2026-06-30"]),
        "kind": pd.array(["leak", None, "hazard"], dtype="str"),
        "confirmed": pd.array([True, None, False], dtype="boolean"),
    },
    index=[7, 3, 5],
)
SETTING = Setting(
    dates={"cutoff": pd.Timestamp("2026-06-30")},
    parameters={"loan_days": 3.0},
    lookups={"weight": {"leak": 10.0, "hazard": 1.0}},
)


def values(source: str) -> list[object]:
    found = Expression(source).evaluate(ROWS, SETTING)
    assert list(found.index) == [7, 3, 5]
    return [None if pd.isna(value) else value for value in found]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("passed / sampled", [0.8, np.inf, None]),
        ("passed * 2 - 1", [15, 9, None]),
        ("-passed", [-8, -5, None]),
        ("kind == 'leak'", [True, False, False]),
        ("kind != 'leak'", [False, False, True]),
        ("kind in ('leak', 'hazard')", [True, False, True]),
        ("kind not in ('leak',)", [False, False, True]),
        ("not confirmed", [False, True, True]),
        ("confirmed or sampled == 0", [True, True, False]),
        ("filled(back_on)", [True, False, True]),
        ("days(lent_on, back_on)", [3, None, None]),
        ("hours(lent_on, cutoff)", [96, 0, None]),
        ("days(lent_on, coalesce(back_on, cutoff)) >= loan_days", [True, False, False]),
        ("workdays(lent_on, cutoff)", [2, 0, None]),
        ("lookup('weight', kind)", [10, None, 1]),
        ("least(passed, sampled)", [8, 0, 4]),
        ("greatest(passed, sampled)", [10, 5, 4]),
        ("coalesce(passed, 0)", [8, 5, 0]),
        ("when(confirmed, passed, sampled)", [8, 0, 4]),
        ("lent_on < '2026-06-30'", [True, False, False]),
        ("cutoff > lent_on", [True, False, False]),
        ("1 == 1", [True, True, True]),
        ("cutoff >= cutoff", [True, True, True]),
        ("'leak' in ('leak', 'hazard')", [True, True, True]),
        ("lookup('weight', 'leak')", [10, 10, 10]),
        ("true", [True, True, True]),
        ("passed +\n sampled", [18, 5, None]),
    ],
)
def test_a_row_gives_the_value_worked_by_hand(source: str, expected: list[object]) -> None:
    assert values(source) == expected


def test_a_comparison_with_a_missing_value_is_false_either_way_round() -> None:
    assert values("passed > 100")[2] is values("passed <= 100")[2] is values("100 >= passed")[2] is False


def test_a_division_by_zero_is_missing_where_a_number_is_asked_for() -> None:
    assert np.isnan(Expression("passed / sampled").numbers(ROWS, SETTING).loc[3])


def test_truth_takes_missing_for_false() -> None:
    assert Expression("confirmed").truth(ROWS, SETTING).tolist() == [True, False, False]


def test_names_lookups_and_compared_literals_are_told() -> None:
    expression = Expression("lookup('weight', kind) > 1 and kind in ('leak', 'x') and sampled == passed")
    assert expression.names == {"kind", "sampled", "passed"}
    assert expression.lookups == {"weight"}
    assert set(expression.literals) == {("kind", "leak"), ("kind", "x")}


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", "syntax"),
        ("passed >", "syntax"),
        ("passed; sampled", "syntax"),
        ("x = 1", "syntax"),
        ("import os", "syntax"),
        ("\x00", "syntax"),
        ("1" * 1900 + "." * 90, "syntax"),
        ("__import__('os')", "construct"),
        ("print(1)", "construct"),
        ("passed.__class__", "construct"),
        ("passed[0]", "construct"),
        ("[x for x in passed]", "construct"),
        ("(lambda: 1)()", "construct"),
        ("(passed := 1)", "construct"),
        ("f'{passed}'", "construct"),
        ("passed if sampled else 1", "construct"),
        ("passed ** 9", "construct"),
        ("passed % 2", "construct"),
        ("passed // 2", "construct"),
        ("~passed", "construct"),
        ("1 < passed < 3", "construct"),
        ("passed is sampled", "construct"),
        ("None", "construct"),
        ("b'x'", "construct"),
        ("1j", "construct"),
        ("1e999", "construct"),
        ("9" * 400, "construct"),
        ("filled()", "construct"),
        ("filled(passed, sampled)", "construct"),
        ("filled(*passed)", "construct"),
        ("filled(x=passed)", "construct"),
        ("least(1, 2)(3)", "construct"),
        ("kind in 'leak'", "in_list"),
        ("kind in kind", "in_list"),
        ("kind in ()", "in_list"),
        ("kind in (None,)", "in_list"),
        ("kind in (kind,)", "in_list"),
        ("lookup(kind, kind)", "lookup_name"),
        ("lookup(1, kind)", "lookup_name"),
        ("passed" + " + passed" * 500, "too_long"),
        ("(" * 60 + "passed" + " + 1)" * 60, "too_long"),
        ("not " * 400 + "confirmed", "too_long"),
        ("-" * 1900 + "1", "too_long"),
        ("(" * 900 + "1" + ")" * 900, "syntax"),
    ],
)
def test_what_is_outside_the_language_is_refused(source: str, code: str) -> None:
    with pytest.raises(ExpressionFault) as refused:
        Expression(source)
    assert refused.value.code == code


def fault_of(source: str) -> str | None:
    try:
        Expression(source)
    except ExpressionFault as refused:
        return refused.code
    return None


@pytest.mark.parametrize("source", ["'\\d' == kind", "kind == 'a' or 1or 0"])
def test_a_doubtful_spelling_warns_nobody(source: str) -> None:
    """Warnings are errors in these tests; Python's own warning about the text must not come through."""
    assert fault_of(source) in (None, "syntax")


JUNK = """passed sampled lent_on kind confirmed cutoff loan_days nobody __builtins__ true none and or not in is if else lambda
( ) , . [ ] + - * / ** == != < >= 1 0.5 1e400 'leak' '2026-01-01' "x" filled days lookup least when coalesce
'weight' eval exec __import__ print ; : = := f'{passed}' \\ # 密"""
WORDS = st.sampled_from([*JUNK.split(), " ", "\n", "\x00"])


@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(WORDS, max_size=14).map(" ".join),
        st.lists(WORDS, max_size=10).map("".join),
    )
)
@settings(max_examples=400, deadline=None)
def test_junk_is_refused_and_never_runs(source: str) -> None:
    called: list[str] = []
    real, real_eval = builtins.print, builtins.eval
    builtins.print = lambda *a, **k: called.append("print")  # type: ignore[assignment]
    builtins.eval = lambda *a, **k: called.append("eval")  # type: ignore[assignment]
    try:
        code = fault_of(source)
    finally:
        builtins.print, builtins.eval = real, real_eval
    assert called == []
    assert code in {None, "syntax", "construct", "in_list", "lookup_name", "too_long"}
    if code is None:
        nodes = {type(node) for node in ast.walk(Expression(source).tree)}
        assert not nodes & {
            ast.Attribute,
            ast.Subscript,
            ast.Lambda,
            ast.NamedExpr,
            ast.ListComp,
            ast.JoinedStr,
        }
