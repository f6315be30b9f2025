"""Which kind of value an expression gives: number, date, text or yes/no. What cannot be put together is refused when
the model is loaded, so that no assessment breaks over it later."""

from __future__ import annotations

import ast
import datetime as dt
from collections.abc import Mapping
from typing import Literal

from riskkit.expressions import CONSTANTS, DATE_NAMES, Expression, ExpressionFault
from riskkit.model.schema import Column

Kind = Literal["number", "date", "text", "yes_no"]

_KINDS: dict[str, Kind] = {
    "integer": "number",
    "number": "number",
    "percent": "number",
    "date": "date",
    "datetime": "date",
    "yes_no": "yes_no",
}


def kind_of(column: Column) -> Kind:
    """The kind of a column's values."""
    return _KINDS.get(column.type, "text")


def check_kinds(
    expression: Expression,
    columns: Mapping[str, Column],
    parameters: Mapping[str, float | dt.date],
    *,
    wanted: Kind,
) -> None:
    """Raises `ExpressionFault` where kinds do not go together or the whole is not of the wanted kind (a yes/no counts
    as a number). Names it does not know go with everything: they are told elsewhere."""
    known: dict[str, Kind] = dict.fromkeys(DATE_NAMES, "date")
    known |= {name: "date" if isinstance(value, dt.date) else "number" for name, value in parameters.items()}
    known |= {name: kind_of(column) for name, column in columns.items()}
    known |= dict.fromkeys(CONSTANTS, "yes_no")
    _Kinds(known).want(wanted, expression.tree)


class _Kinds:
    def __init__(self, known: Mapping[str, Kind]) -> None:
        self.known = known

    def want(self, wanted: Kind, *nodes: ast.expr) -> None:
        for node in nodes:
            kind = self.of(node)
            fits = kind in (None, wanted) or (wanted == "number" and kind == "yes_no")
            if not fits and not (wanted == "date" and _is_day(node)):
                raise _fault(wanted, node)

    def of(self, node: ast.expr) -> Kind | None:
        match node:
            case ast.Constant(value=value):
                return "yes_no" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
            case ast.Name(id=name):
                return self.known.get(name)
            case ast.BoolOp(values=values):
                self.want("yes_no", *values)
                return "yes_no"
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.want("yes_no", operand)
                return "yes_no"
            case ast.UnaryOp(operand=operand):
                self.want("number", operand)
                return "number"
            case ast.BinOp(left=left, right=right):
                self.want("number", left, right)
                return "number"
            case ast.Compare(left=left, comparators=[right]):
                entries = right.elts if isinstance(right, ast.Tuple) else [right]
                for entry in entries:
                    self.alike(left, entry, node, days=not isinstance(right, ast.Tuple))
                return "yes_no"
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.call(name, args, node)
        return None

    def call(self, name: str, args: list[ast.expr], node: ast.expr) -> Kind | None:
        match name:
            case "filled":
                self.of(args[0])
                return "yes_no"
            case "days" | "hours" | "workdays":
                self.want("date", *args)
                return "number"
            case "lookup":
                self.want("text", args[1])
                return "number"
            case "when":
                self.want("yes_no", args[0])
                return self.alike(args[1], args[2], node)
            case "least" | "greatest":
                kind = self.alike(args[0], args[1], node)
                if kind == "text":
                    raise _fault("number", node)
                return kind
        return self.alike(args[0], args[1], node)

    def alike(self, first: ast.expr, second: ast.expr, whole: ast.expr, *, days: bool = False) -> Kind | None:
        """The kind both are of; `days` lets a date be compared with a text such as '2026-06-30'."""
        one, other = self.of(first), self.of(second)
        if one is None or other is None or one == other:
            return one or other
        if {one, other} == {"number", "yes_no"}:
            return "number"
        if days and one == "date" and _is_day(second):
            return "date"
        raise _fault("alike", whole)


def _fault(wanted: str, node: ast.expr) -> ExpressionFault:
    return ExpressionFault(f"kind_{wanted}", ast.unparse(node))


def _is_day(node: ast.expr) -> bool:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    try:
        dt.datetime.fromisoformat(node.value)
    except ValueError:
        return False
    return True
