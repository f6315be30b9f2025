"""From the text of a cell to a value of its column's type, or a fault that says why not."""

from __future__ import annotations

import datetime as dt
import difflib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from riskkit import texts
from riskkit.evidence.files import Cell, ErrorText, FormulaText, NumberText
from riskkit.model.schema import Column, Table

_DATE = re.compile(
    r"(\d{4})\s*(?:[-/.年]\s*)(\d{1,2})\s*(?:[-/.月]\s*)(\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?"
)
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_GROUPED = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?\s*%?")
_ROUNDED = re.compile(r"\d(\.\d+)?E\+\d{2,}", re.IGNORECASE)
EXACT_DIGITS = 15
"""A spreadsheet's numbers hold no more; longer codes stored as numbers end in zeros that were never typed."""
_YES = {"是", "有", "y", "yes", "true", "1", "√", "已"}
_NO = {"否", "无", "n", "no", "false", "0", "×", "未"}


def plain(text: str) -> str:
    """Text with full-width characters and outer spaces made ordinary."""
    return unicodedata.normalize("NFKC", text).strip()


def squeezed(text: str) -> str:
    """Text as names are compared: ordinary characters, no spaces, no case."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


class CellFault(Exception):
    """Why a cell cannot be used; `code` is the wording under problem.evidence."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


@dataclass(frozen=True)
class Vocabulary:
    """What the special column types may hold: units and tables by code or name, items, red lines."""

    units: Mapping[str, str]
    items: frozenset[str] = frozenset()
    red_lines: frozenset[str] = frozenset()
    tables: Mapping[str, str] = field(default_factory=dict)
    unit_names: tuple[str, ...] = field(default=())

    @classmethod
    def of(
        cls,
        codes_and_names: Iterable[tuple[str, str]],
        tables: Mapping[str, Table] | None = None,
        **known: Iterable[str],
    ) -> Vocabulary:
        """A vocabulary from (code, name) of every unit and the ids of the model. A name that two units bear stands
        for neither."""
        pairs = list(codes_and_names)
        borne = Counter(squeezed(name) for _, name in pairs)
        units = {squeezed(name): code for code, name in pairs if borne[squeezed(name)] == 1}
        units |= {squeezed(code): code for code, _ in pairs}
        return cls(
            units,
            **{key: frozenset(ids) for key, ids in known.items()},
            tables={
                squeezed(name): code
                for code, table in (tables or {}).items()
                for name in (code, table.name.zh, table.name.en)
            },
            unit_names=tuple(f"{code} {name}" for code, name in pairs),
        )


Parsed = tuple[Any, str | None]
"""A value, and how it was read where that differs from what was written."""


@dataclass(frozen=True)
class Converted:
    """A column's values with its faults and notes by position."""

    values: pd.Series
    faults: list[tuple[int, CellFault]]
    notes: list[tuple[int, str, str]]


def convert(cells: list[Cell], column: Column, vocabulary: Vocabulary) -> Converted:
    """Convert a whole column. A refused cell becomes missing and is listed in `faults`."""
    parse = _PARSERS[column.type]
    known: dict[tuple[type, str], Parsed | CellFault] = {}
    values: list[Any] = []
    faults: list[tuple[int, CellFault]] = []
    notes: list[tuple[int, str, str]] = []
    for position, cell in enumerate(cells):
        if cell is None or not cell.strip():
            values.append(None)
            if column.required:
                faults.append((position, CellFault("required")))
            continue
        key = (type(cell), str(cell))
        if key not in known:
            known[key] = _try(parse, cell, column, vocabulary)
        outcome = known[key]
        if isinstance(outcome, CellFault):
            values.append(None)
            faults.append((position, outcome))
            continue
        values.append(outcome[0])
        if outcome[1] is not None:
            notes.append((position, str(cell), outcome[1]))
    return Converted(_series(values, column), faults, notes)


def _try(
    parse: Callable[..., Parsed], cell: str, column: Column, vocabulary: Vocabulary
) -> Parsed | CellFault:
    try:
        if isinstance(cell, ErrorText):
            raise CellFault("error_cell", found=str(cell))
        if isinstance(cell, FormulaText):
            raise CellFault("no_cached_value", found=str(cell))
        return parse(cell, column, vocabulary)
    except CellFault as fault:
        return fault


def _series(values: list[Any], column: Column) -> pd.Series:
    if column.type in ("integer", "number", "percent"):
        return pd.Series(np.array([np.nan if v is None else v for v in values], dtype="float64"))
    if column.type in ("date", "datetime"):
        return pd.Series(
            np.array([np.datetime64("NaT", "s") if v is None else v for v in values], dtype="datetime64[s]")
        )
    if column.type == "yes_no":
        return pd.Series(values, dtype="boolean")
    return pd.Series(values, dtype="str")


def _text(cell: str, column: Column, vocabulary: Vocabulary) -> Parsed:
    return cell.strip(), None


def _code(cell: str, column: Column, vocabulary: Vocabulary) -> Parsed:
    if isinstance(cell, NumberText) and column.person == "number":
        raise CellFault("lost_zeros", found=str(cell))
    value = plain(cell)
    if _ROUNDED.fullmatch(value) or (isinstance(cell, NumberText) and len(value) > EXACT_DIGITS):
        raise CellFault("lost_digits", found=str(cell))
    return value, value if value != cell.strip() else None


def _number(cell: str, column: Column, vocabulary: Vocabulary) -> Parsed:
    text = plain(cell)
    bare = text.replace(",", "") if _GROUPED.fullmatch(text) else text
    percent = bare.endswith("%")
    bare = bare.removesuffix("%").strip()
    if not _NUMBER.fullmatch(bare):
        raise CellFault("number", found=cell)
    value = float(bare)
    if not math.isfinite(value):
        raise CellFault("number", found=cell)
    if column.type == "percent" and not percent and value > 1:
        percent = True
    value = value / 100 if percent else value
    if column.type == "integer" and not value.is_integer():
        raise CellFault("integer", found=cell)
    low, high = column.min, column.max
    if (low is not None and value < low) or (high is not None and value > high):
        raise CellFault(
            "range",
            found=cell,
            low="" if low is None else f"{low:g}",
            high="" if high is None else f"{high:g}",
        )
    return value, f"{value:g}" if bare != cell.strip() else None


def _date(cell: str, column: Column, vocabulary: Vocabulary) -> Parsed:
    text = plain(cell)
    match = _DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text)
    if match is None:
        raise CellFault("date", found=cell)
    numbers = [int(part) for part in match.groups() if part is not None]
    try:
        value = dt.datetime(*numbers)  # type: ignore[arg-type]  # three to six numbers by the pattern
    except ValueError:
        raise CellFault("date", found=cell) from None
    if column.type == "date":
        value = dt.datetime(value.year, value.month, value.day)
    return np.datetime64(value, "s"), None


def _yes_no(cell: str, column: Column, vocabulary: Vocabulary) -> Parsed:
    word = squeezed(cell)
    if word in _YES:
        return True, None
    if word in _NO:
        return False, None
    raise CellFault("yes_no", found=cell)


def _choice(cell: str, column: Column, vocabulary: Vocabulary) -> Parsed:
    word = squeezed(cell)
    for code, name in column.choices.items():
        if word in (code.casefold(), squeezed(name.zh), squeezed(name.en)):
            return code, None
    raise CellFault("choice", found=cell, known=texts.listed(column.choices.values()))


def _unit(cell: str, column: Column, vocabulary: Vocabulary) -> Parsed:
    word = squeezed(cell)
    code = vocabulary.units.get(word)
    if code is None and isinstance(cell, NumberText):
        number = cell.lstrip("0")
        alike = {
            known for known in vocabulary.units.values() if known.isdigit() and known.lstrip("0") == number
        }
        code = alike.pop() if len(alike) == 1 else None
    if code is None:
        near = difflib.get_close_matches(
            plain(cell), [n for pair in vocabulary.unit_names for n in pair.split(" ", 1)], n=2
        )
        raise CellFault("unit", found=cell, near=texts.listed(near) if near else texts.both("nothing_near"))
    ordinary = word == cell.strip().casefold() and word in vocabulary.units
    return code, None if ordinary else code


def _member(known: Callable[[Vocabulary], frozenset[str]]) -> Callable[..., Parsed]:
    def parse(cell: str, column: Column, vocabulary: Vocabulary) -> Parsed:
        value = plain(cell)
        if value not in known(vocabulary):
            near = difflib.get_close_matches(value, sorted(known(vocabulary)), n=2)
            raise CellFault(
                "item", found=cell, near=texts.listed(near) if near else texts.both("nothing_near")
            )
        return value, None

    return parse


def _table(cell: str, column: Column, vocabulary: Vocabulary) -> Parsed:
    code = vocabulary.tables.get(squeezed(cell))
    if code is None:
        near = difflib.get_close_matches(squeezed(cell), sorted(vocabulary.tables), n=2)
        raise CellFault("item", found=cell, near=texts.listed(near) if near else texts.both("nothing_near"))
    return code, None


_PARSERS: dict[str, Callable[..., Parsed]] = {
    "text": _text,
    "code": _code,
    "integer": _number,
    "number": _number,
    "percent": _number,
    "date": _date,
    "datetime": _date,
    "yes_no": _yes_no,
    "choice": _choice,
    "unit": _unit,
    "item": _member(lambda vocabulary: vocabulary.items),
    "red_line": _member(lambda vocabulary: vocabulary.red_lines),
    "table": _table,
}
