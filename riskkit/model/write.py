"""Writing a model as YAML a person can read: keys in the schema's order, short things on one line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from textwrap import wrap
from typing import Any

import yaml

from riskkit.model.schema import ModelSpec, Reference

WIDTH = 116
ALWAYS_LONG = ("nodes", "children", "red_lines", "grades", "tables", "columns", "items")


def as_yaml(spec: ModelSpec, heading: Sequence[str] = ()) -> str:
    """The model's YAML, tables inside, defaults left out; `heading` becomes comments on top."""
    content = spec.model_dump(mode="python", exclude_defaults=True)
    lines = _heading(heading)
    for key, value in content.items():
        part = list(_entry(key, value, 0))
        lines += ["", *part] if len(part) > 1 or key == "format" else part
    return "\n".join(lines) + "\n"


def reference_as_yaml(reference: Reference, heading: Sequence[str] = ()) -> str:
    """A reference in a file of its own, to lie beside the model; every number in full."""
    content = reference.model_dump(mode="python")
    lines = [line for key, value in content.items() for line in _entry(key, value, 0)]
    return "\n".join([*_heading(heading), "", *lines]) + "\n"


def _heading(lines: Sequence[str]) -> list[str]:
    return [f"# {line}" for line in lines]


def _entry(key: str, value: Any, indent: int) -> Iterator[str]:
    front = f"{' ' * indent}{_scalar(key)}:"
    short = f"{front} {flow(value)}"
    if (
        not isinstance(value, Mapping | list | tuple)
        or not value
        or (key not in ALWAYS_LONG and len(short) <= WIDTH)
    ):
        yield short
    elif isinstance(value, Mapping):
        yield front
        for inner, entry in _ordered(value):
            yield from _entry(inner, entry, indent + 2)
    elif all(isinstance(entry, int | float) for entry in value):
        yield front
        yield from _numbers(value, indent + 2)
    else:
        yield front
        for entry in value:
            yield from _listed(entry, indent + 2)


def _numbers(values: Sequence[float], indent: int) -> list[str]:
    """Many numbers in brackets, on as many lines as they need."""
    lines = wrap(flow(values), WIDTH - indent - 1, break_on_hyphens=False, break_long_words=False)
    return [" " * (indent + bool(number)) + line for number, line in enumerate(lines)]


def _listed(entry: Any, indent: int) -> Iterator[str]:
    short = f"{' ' * indent}- {flow(entry)}"
    long = isinstance(entry, Mapping) and (len(short) > WIDTH or any(key in entry for key in ALWAYS_LONG))
    if not long:
        yield short
        return
    inner = [line for key, value in _ordered(entry) for line in _entry(key, value, indent + 2)]
    yield f"{' ' * indent}- {inner[0].lstrip()}"
    yield from inner[1:]


def _ordered(mapping: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What kind of thing it is comes first."""
    return sorted(mapping.items(), key=lambda pair: pair[0] != "kind")


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {flow(entry)}" for key, entry in _ordered(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """A value as YAML writes it inside brackets, where it is safe everywhere."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return _text(value) if isinstance(value, str) else _dumped([value], None)[1:-1]


def _number(value: float) -> str:
    """A number in full; YAML wants a point before an exponent."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    text = repr(value)
    return text if "." in text else text.replace("e", ".0e")


@lru_cache(maxsize=16384)
def _text(value: str) -> str:
    return _dumped([value], None)[1:-1] if value.isprintable() else _dumped(value, '"')


def _dumped(value: Any, style: str | None) -> str:
    text: str = yaml.safe_dump(
        value, default_flow_style=True, default_style=style, allow_unicode=True, width=10**9
    )
    return text.strip()
