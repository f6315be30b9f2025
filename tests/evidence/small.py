"""A bank of three branches whose evidence is typed in the test: small tables, small models, numbers to work by hand."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from riskkit.evidence.cells import Vocabulary
from riskkit.evidence.evidence import Evidence, read_evidence
from riskkit.evidence.measures import Measures, measure
from riskkit.model import IndicatorModel, load_model
from riskkit.model.schema import ModelSpec
from riskkit.periods import Period

Q1, Q2, Q3, Q4 = (Period(2026, quarter) for quarter in (1, 2, 3, 4))
PACKAGED = ("responses", "question_map", "submissions", "rulings", "item_values", "corrections")
"""Tables the program itself reads; taken as they are from the packaged model."""

QUESTIONNAIRE = {
    "seconds_per_item": 2,
    "longstring": 0.5,
    "min_sd": 0.2,
    "respondents": 15,
    "share": 0.6,
    "never_below": 5,
}


def name(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}


def table(columns: str, **more: Any) -> dict[str, Any]:
    """A log of the whole bank; columns written like `unit:unit passed:number`."""
    pairs = [column.split(":") for column in columns.split()]
    return {
        "name": name("t"),
        "about": name("t"),
        "files": ["t"],
        "scope": "period",
        "covers": "bank",
        "confidence": "B",
        "columns": {key: {**name(key), "type": kind} for key, kind in pairs},
        **more,
    }


@cache
def _packaged_tables() -> dict[str, Any]:
    tables = load_model("confidentiality").spec.model_dump(mode="json")["tables"]
    return {key: tables[key] for key in PACKAGED}


def model(tables: dict[str, Any], items: dict[str, dict[str, Any]], **more: Any) -> IndicatorModel:
    """A model of items given by id with their `measure` and whatever else matters; the first one bears all weight."""
    kept = _packaged_tables()
    named = {key: {**entry, "files": [key], "name": name(key)} for key, entry in tables.items()}
    children = [
        {
            "id": identifier,
            "name": name(identifier),
            "weight": float(place == 0),
            "cadence": "quarterly",
            "direction": "higher_better",
            "unit": "ratio",
            "scale": {"type": "piecewise_linear", "points": [[0, 0], [1, 100]]},
            **entry,
        }
        for place, (identifier, entry) in enumerate(items.items())
    ]
    content = {
        "format": 1,
        "id": "small",
        "version": "1",
        "name": name("small"),
        "frequency": "quarter",
        "cadences": {"quarterly": 1, "half_yearly": 2, "yearly": 4},
        "levels": [{"id": "branch", "name": name("branch"), "assessed": True}],
        "questionnaire": QUESTIONNAIRE,
        "nodes": [{"id": "N", "name": name("N"), "weight": 1.0, "children": children}],
        "grades": [{"id": "only", "name": name("only"), "min": 0}],
        "tables": {**kept, **named},
        **more,
    }
    return IndicatorModel(ModelSpec.model_validate(content))


def units(**staff: int) -> pd.DataFrame:
    """The register: u, v and w with 10 people each, unless said otherwise."""
    staff = staff or {"u": 10, "v": 10, "w": 10}
    names = pd.Index(staff, name="unit", dtype="str")
    frame = pd.DataFrame({"name": [f"branch {code}" for code in staff], "staff": staff.values()}, index=names)
    return frame.assign(level="branch", parent=None)


class Bank:
    """Evidence of some periods, written as CSV and read as any evidence is."""

    def __init__(self, folder: Path, model: IndicatorModel, register: pd.DataFrame | None = None) -> None:
        self.folder = folder
        self.model = model
        self.units = units() if register is None else register

    def put(self, period: Period, table: str, header: str, *rows: Iterable[object], part: str = "") -> Bank:
        """Hand in a table: a header of words, and rows of values."""
        place = self.folder / str(period) / f"{table}{part}.csv"
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([header.split(), *rows])
        return self

    def empty(self, period: Period) -> Bank:
        """A period in which nothing is handed in but an empty register of submissions."""
        return self.put(period, "submissions", "unit table answer confirmed_by")

    def evidence(self, period: Period) -> Evidence:
        vocabulary = Vocabulary.of(
            zip(self.units.index, self.units["name"], strict=True),
            items=self.model.items,
            tables=self.model.tables,
        )
        return read_evidence(self.folder / str(period), self.model, vocabulary, period)

    def measures(self, period: Period) -> Measures:
        known = [p for p in (Q1, Q2, Q3, Q4) if p <= period and (self.folder / str(p)).is_dir()]
        return measure(self.model, self.units, {p: self.evidence(p) for p in known}, period)

    def row(self, period: Period, unit: str, item: str = "I") -> pd.Series:
        return self.measures(period).row(unit, item)
