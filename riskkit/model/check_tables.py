"""What must hold for the evidence tables of a model: names nobody mixes up, and the columns the program reads."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from riskkit.model import schema as s
from riskkit.model.faults import Fault, Place
from riskkit.model.types import kind_of


def column(type_: str, choices: tuple[str, ...] = ()) -> s.Column:
    """A column known by its type alone."""
    names = {code: s.Bilingual(zh=code, en=code) for code in choices}
    return s.Column.model_validate({"zh": "", "en": "", "type": type_, "choices": names})


_ANSWER_COLUMNS = {
    "sheet_no": column("code"),
    "unit": column("unit"),
    "question": column("code"),
    "role": column("choice", ("likert", "trap", "overclaim", "vignette")),
    "subscale": column("choice", ("knowledge", "attitude", "behaviour", "culture")),
    "stratum": column("text"),
    "score": column("number"),
}
DERIVED: dict[str, dict[str, s.Column]] = {
    "answers": _ANSWER_COLUMNS,
    "sheets": {"sheet_no": column("code"), "unit": column("unit"), "valid": column("yes_no")},
}
"""Tables made from a questionnaire export, beside those handed in."""

SOURCE_OF = {"answers": "responses", "sheets": "responses"}
"""The table handed in that a derived table comes from."""

READ_BY_PROGRAM = {
    "red_line_events": "event_no red_line unit severity self_reported confirmed_on appeal cured_on",
    "submissions": "unit table answer",
    "rulings": "unit item state reason",
    "item_values": "unit item state value numerator denominator n confidence",
    "corrections": "file sheet cell found action value",
    "question_map": "question role subscale scale_min scale_max reversed key",
    "responses": "sheet_no submitted_at seconds ip",
    "findings": "finding_no unit severity item found_on due_on status verifier owner evidence_no verified_on",
}
"""Columns of the tables that mean something to the program itself, and not only to the model's expressions."""


def table_faults(tables: Mapping[str, s.Table]) -> Iterator[Fault]:
    """Every fault of the tables by themselves."""
    names: dict[str, str] = {}
    for name, table in tables.items():
        place: Place = ("tables", name)
        if name in DERIVED:
            yield Fault(place, "reserved", {"found": name})
        for file, index in [(name, None), *((file, index) for index, file in enumerate(table.files))]:
            if names.setdefault(_plain(file), name) != name:
                yield Fault(
                    place if index is None else (*place, "files", index), "same_label", {"found": file}
                )
        missing = [c for c in READ_BY_PROGRAM.get(name, "").split() if c not in table.columns]
        yield from (Fault(place, "special_column", {"found": c, "table": name}) for c in missing)
        yield from _named_columns(table, name, place)
        yield from _labels(
            ((key, (key, c.zh, c.en)) for key, c in table.columns.items()), (*place, "columns")
        )
        for key, entry in table.columns.items():
            yield from _column_faults(key, entry, table, (*place, "columns", key))


def _named_columns(table: s.Table, name: str, place: Place) -> Iterator[Fault]:
    named: list[tuple[Place, str]] = [((*place, "key", index), key) for index, key in enumerate(table.key)]
    named += [((*place, "subtotal", "column"), table.subtotal.column)] if table.subtotal else []
    if table.sample:
        named += [((*place, "sample", "case", index), key) for index, key in enumerate(table.sample.case)]
    if table.second_rating:
        pair = table.second_rating
        named += [((*place, "second_rating", "first"), pair.first)]
        named += [((*place, "second_rating", "second"), pair.second)]
    named += [
        ((*place, "columns", key, "max_column"), c.max_column)
        for key, c in table.columns.items()
        if c.max_column
    ]
    for where, found in named:
        if found not in table.columns:
            yield Fault(where, "unknown_column", {"found": found, "table": name})


def _column_faults(key: str, entry: s.Column, table: s.Table, place: Place) -> Iterator[Fault]:
    if (entry.type == "choice") != bool(entry.choices):
        yield Fault(place, "choices", {"found": key})
    numeric = kind_of(entry) == "number"
    limited = entry.max_column in table.columns and kind_of(table.columns[entry.max_column]) != "number"
    if (not numeric and (entry.min, entry.max, entry.max_column) != (None, None, None)) or limited:
        yield Fault(place, "not_numeric", {"found": entry.max_column if limited else key})
    if entry.min is not None and entry.max is not None and entry.min > entry.max:
        yield Fault((*place, "min"), "bounds", {"found": f"{entry.min:g} > {entry.max:g}"})
    yield from _labels(
        ((code, (code, name.zh, name.en)) for code, name in entry.choices.items()), (*place, "choices")
    )


def _labels(entries: Iterable[tuple[str, tuple[str, ...]]], place: Place) -> Iterator[Fault]:
    """A label that stands for two things would be read as the first of them, silently."""
    seen: dict[str, str] = {}
    for key, labels in entries:
        for label in dict.fromkeys(map(_plain, labels)):
            if seen.setdefault(label, key) != key:
                yield Fault((*place, key), "same_label", {"found": label})


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()
