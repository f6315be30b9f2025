"""The row language of the model: a small, whitelisted subset of Python's grammar, evaluated on whole columns.

An expression never runs as code: its tree is walked here, and anything outside the list is refused when the model
is loaded. A comparison with a missing value is false; arithmetic with a missing number is missing.
"""

from __future__ import annotations

import ast
import math
import operator
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

CONSTANTS = {"true": True, "false": False}
DATE_NAMES = ("cutoff", "period_start", "year_start")

MAX_LENGTH = 2000
MAX_DEPTH = 50

_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_ARITY = {
    "filled": 1,
    "days": 2,
    "hours": 2,
    "workdays": 2,
    "lookup": 2,
    "least": 2,
    "greatest": 2,
    "coalesce": 2,
    "when": 3,
}


class ExpressionFault(ValueError):
    """What is wrong with an expression; `code` names its wording, `found` the part that is wrong."""

    def __init__(self, code: str, found: str) -> None:
        super().__init__(f"{code}: {found}")
        self.code = code
        self.found = found


@dataclass(frozen=True)
class Setting:
    """What an expression may name beside the columns of its rows."""

    dates: Mapping[str, pd.Timestamp] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    lookups: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    holidays: np.ndarray = field(default_factory=lambda: np.array([], dtype="datetime64[D]"))
    worked: np.ndarray = field(default_factory=lambda: np.array([], dtype="datetime64[D]"))


class Expression:
    """One parsed expression.

    >>> Expression("passed / sampled").names
    frozenset({'passed', 'sampled'})
    """

    def __init__(self, source: str) -> None:
        self.source = str(source)
        self.tree = _parse(self.source)
        self.names: frozenset[str] = frozenset(_names(self.tree))
        self.lookups: frozenset[str] = frozenset(_lookups(self.tree))
        self.literals: tuple[tuple[str, str], ...] = tuple(_literals(self.tree))

    def evaluate(self, rows: pd.DataFrame, setting: Setting) -> pd.Series:
        """The value for every row, aligned with `rows`. Names not in `rows` come from `setting`."""
        value = _Evaluator(rows, setting).visit(self.tree)
        if isinstance(value, pd.Series):
            return value
        return pd.Series([value] * len(rows), index=rows.index)

    def truth(self, rows: pd.DataFrame, setting: Setting) -> pd.Series:
        """The value as true or false, missing being false."""
        truth: pd.Series = _as_bool(self.evaluate(rows, setting))
        return truth

    def numbers(self, rows: pd.DataFrame, setting: Setting) -> pd.Series:
        """The value as floats, true being 1; missing stays missing, and a division by zero is missing."""
        values: pd.Series = self.evaluate(rows, setting).astype("float64")
        return values.mask(np.isinf(values))


def _parse(source: str) -> ast.expr:
    if len(source) > MAX_LENGTH:
        raise ExpressionFault("too_long", f"{source[:40]}…")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(source.replace("\n", " ").strip(), mode="eval").body
    except (SyntaxError, ValueError) as fault:
        raise ExpressionFault("syntax", source) from fault
    except (RecursionError, MemoryError) as fault:
        raise ExpressionFault("too_long", f"{source[:40]}…") from fault
    if _depth(tree) > MAX_DEPTH:
        raise ExpressionFault("too_long", f"{source[:40]}…")
    return tree


def _depth(tree: ast.AST) -> int:
    depth, level = 0, [tree]
    while level:
        depth, level = depth + 1, [child for node in level for child in ast.iter_child_nodes(node)]
    return depth


def _is_constant(node: ast.AST) -> bool:
    """A text, true or false, or a number that arithmetic can hold."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, bool | int | float | str):
        return False
    return isinstance(node.value, str) or (abs(node.value) < 1e300 and math.isfinite(node.value))


def _fail(code: str, node: ast.AST) -> ExpressionFault:
    return ExpressionFault(code, ast.unparse(node))


def _names(tree: ast.expr) -> Collection[str]:
    """Column and setting names used; refuses every construct outside the language."""
    found: list[str] = []

    def walk(node: ast.AST) -> None:
        match node:
            case ast.Name(id=name):
                if name not in CONSTANTS:
                    found.append(name)
            case ast.Constant() if _is_constant(node):
                pass
            case ast.BoolOp(values=values):
                _each(walk, values)
            case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
                walk(operand)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), right=right):
                _each(walk, [left, right])
            case ast.Compare(left=left, ops=[relation], comparators=[right]):
                _check_compare(relation, right, node)
                _each(walk, [left, right] if not isinstance(relation, ast.In | ast.NotIn) else [left])
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if _ARITY.get(name) == len(args):
                if name == "lookup":
                    if not (isinstance(args[0], ast.Constant) and isinstance(args[0].value, str)):
                        raise _fail("lookup_name", node)
                    args = args[1:]
                _each(walk, args)
            case _:
                raise _fail("construct", node)

    walk(tree)
    return found


def _each(walk: Callable[[ast.AST], None], nodes: Collection[ast.expr]) -> None:
    for node in nodes:
        walk(node)


def _check_compare(relation: ast.cmpop, right: ast.expr, node: ast.AST) -> None:
    if isinstance(relation, ast.In | ast.NotIn):
        if not (isinstance(right, ast.Tuple) and all(map(_is_constant, right.elts)) and right.elts):
            raise _fail("in_list", node)
    elif type(relation) not in _COMPARE:
        raise _fail("construct", node)


def _lookups(tree: ast.expr) -> Collection[str]:
    return [
        str(node.args[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "lookup"
        and isinstance(node.args[0], ast.Constant)
    ]


def _literals(tree: ast.expr) -> Collection[tuple[str, str]]:
    """(name, text) for every text a plain name is compared with, so that choices can be checked."""
    pairs: list[tuple[str, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name):
            right = node.comparators[0]
            entries = right.elts if isinstance(right, ast.Tuple) else [right]
            pairs += [
                (node.left.id, entry.value)
                for entry in entries
                if isinstance(entry, ast.Constant) and isinstance(entry.value, str)
            ]
    return pairs


def _as_bool(value: Any) -> Any:
    if isinstance(value, pd.Series):
        return value.astype("boolean").fillna(False).astype(bool) if value.dtype != bool else value
    return bool(value)


def _known(value: Any) -> Any:
    return value.notna() if isinstance(value, pd.Series) else bool(pd.notna(value))


class _Evaluator:
    """Walks one checked tree over one frame."""

    def __init__(self, rows: pd.DataFrame, setting: Setting) -> None:
        self.rows = rows
        self.setting = setting

    def visit(self, node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.name(name)
            case ast.BoolOp(op=junction, values=values):
                parts = [_as_bool(self.visit(value)) for value in values]
                whole = parts[0]
                for part in parts[1:]:
                    whole = whole & part if isinstance(junction, ast.And) else whole | part
                return whole
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                truth = _as_bool(self.visit(operand))
                return ~truth if isinstance(truth, pd.Series) else not truth
            case ast.UnaryOp(operand=operand):
                return -self.visit(operand)
            case ast.BinOp(left=left, op=op, right=right):
                return self.arithmetic(_ARITHMETIC[type(op)], self.visit(left), self.visit(right))
            case ast.Compare(left=left, ops=[relation], comparators=[right]):
                return self.compare(left, relation, right)
            case ast.Call(func=ast.Name(id=name), args=args):
                return getattr(self, f"call_{name}")(*args)
        raise _fail("construct", node)

    def name(self, name: str) -> Any:
        if name in CONSTANTS:
            return CONSTANTS[name]
        if name in self.rows.columns:
            return self.rows[name]
        if name in self.setting.dates:
            return self.setting.dates[name]
        return self.setting.parameters[name]

    @staticmethod
    def arithmetic(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
        sides = [
            side.astype("float64") if isinstance(side, pd.Series) else np.float64(side)
            for side in (left, right)
        ]
        with np.errstate(divide="ignore", invalid="ignore"):
            return operation(*sides)

    def compare(self, left: ast.expr, relation: ast.cmpop, right: ast.expr) -> Any:
        if isinstance(relation, ast.In | ast.NotIn):
            entries = [entry.value for entry in right.elts if isinstance(entry, ast.Constant)]  # type: ignore[attr-defined]  # the parser admits only tuples here
            subject = self._column(left)
            inside = subject.isin(entries)
            return inside if isinstance(relation, ast.In) else ~inside & ~subject.isna()
        first, second = self.visit(left), self.visit(right)
        if (
            isinstance(first, pd.Series)
            and isinstance(second, str)
            and pd.api.types.is_datetime64_any_dtype(first)
        ):
            second = pd.Timestamp(second)
        if not isinstance(first, pd.Series):
            first = pd.Series([first] * len(self.rows), index=self.rows.index)
        result = getattr(first, _COMPARE[type(relation)])(second)
        return _as_bool(result) & _known(first) & _known(second)

    def call_filled(self, value: ast.expr) -> Any:
        subject = self.visit(value)
        return _known(subject)

    def call_days(self, first: ast.expr, second: ast.expr) -> Any:
        return self._elapsed(first, second, pd.Timedelta(days=1))

    def call_hours(self, first: ast.expr, second: ast.expr) -> Any:
        return self._elapsed(first, second, pd.Timedelta(hours=1))

    def _elapsed(self, first: ast.expr, second: ast.expr, unit: pd.Timedelta) -> Any:
        elapsed: Any = self._dates(second) - self._dates(first)
        return elapsed / unit

    def _column(self, node: ast.expr) -> pd.Series:
        value = self.visit(node)
        return (
            value
            if isinstance(value, pd.Series)
            else pd.Series([value] * len(self.rows), index=self.rows.index)
        )

    def _dates(self, node: ast.expr) -> pd.Series:
        return pd.to_datetime(self._column(node))

    def call_workdays(self, first: ast.expr, second: ast.expr) -> pd.Series:
        start, end = self._dates(first), self._dates(second)
        known = (start.notna() & end.notna()).to_numpy()
        result = np.full(len(self.rows), np.nan)
        a = start.to_numpy()[known].astype("datetime64[D]") + np.timedelta64(1, "D")
        b = end.to_numpy()[known].astype("datetime64[D]") + np.timedelta64(1, "D")
        counted = np.busday_count(a, b, holidays=self.setting.holidays).astype(float)
        worked = self.setting.worked
        counted += ((worked[None, :] >= a[:, None]) & (worked[None, :] < b[:, None])).sum(axis=1)
        result[known] = counted
        return pd.Series(result, index=self.rows.index)

    def call_lookup(self, name: ast.expr, key: ast.expr) -> pd.Series:
        table = self.setting.lookups[str(name.value)]  # type: ignore[attr-defined]  # the parser admits only texts here
        return self._column(key).map(dict(table)).astype("float64")

    def call_least(self, first: ast.expr, second: ast.expr) -> pd.Series:
        a, b = self._column(first), self._column(second)
        return a.where((a <= b) | b.isna(), b)

    def call_greatest(self, first: ast.expr, second: ast.expr) -> pd.Series:
        a, b = self._column(first), self._column(second)
        return a.where((a >= b) | b.isna(), b)

    def call_coalesce(self, first: ast.expr, second: ast.expr) -> pd.Series:
        a, b = self._column(first), self._column(second)
        return a.where(a.notna(), b)

    def call_when(self, condition: ast.expr, first: ast.expr, second: ast.expr) -> pd.Series:
        a, b = self._column(first), self._column(second)
        return a.where(_as_bool(self._column(condition)), b)
