"""A model small enough to score by hand: A (0.6) of a1 and a2, B (0.4) of b1; every value 0-1 is worth 0-100."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from riskkit.evidence.evidence import Evidence
from riskkit.evidence.measures import Measures
from riskkit.model import IndicatorModel
from riskkit.model.schema import ModelSpec
from riskkit.periods import Period

PERIOD = Period(2026, 2)
APPEALS = ("none", "pending", "upheld", "overturned")
EVENT = {
    "event_no": "E1",
    "case_no": None,
    "facts": "-",
    "severity": "minor",
    "self_reported": False,
    "confirmed_by": "009",
    "confirmed_on": "2026-05-01",
    "appeal": "none",
    "cured_on": None,
}


def name(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}


def item(identifier: str, weight: float, **more: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "name": name(identifier),
        "weight": weight,
        "cadence": "quarterly",
        "direction": "higher_better",
        "unit": "ratio",
        "measure": {"kind": "mean", "table": "values", "value": "value"},
        "scale": {"type": "piecewise_linear", "points": [[0, 0], [1, 100]]},
        **more,
    }


def table(file: str, columns: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name(file),
        "about": name(file),
        "files": [file],
        "scope": "snapshot",
        "covers": "bank",
        "confidence": "A",
        "columns": {key: {**name(key), **column} for key, column in columns.items()},
    }


def spec(**more: Any) -> dict[str, Any]:
    severities = {"minor": name("minor"), "major": name("major")}
    events = {
        "event_no": {"type": "code"},
        "red_line": {"type": "red_line"},
        "unit": {"type": "unit"},
        "case_no": {"type": "code"},
        "facts": {"type": "text"},
        "severity": {"type": "choice", "choices": severities},
        "self_reported": {"type": "yes_no"},
        "confirmed_by": {"type": "code"},
        "confirmed_on": {"type": "date"},
        "appeal": {"type": "choice", "choices": {state: name(state) for state in APPEALS}},
        "cured_on": {"type": "date"},
    }
    return {
        "format": 1,
        "id": "tiny",
        "version": "1",
        "name": name("tiny"),
        "frequency": "quarter",
        "cadences": {"quarterly": 1},
        "levels": [
            {"id": "office", "name": name("office")},
            {"id": "branch", "name": name("branch"), "assessed": True},
        ],
        "nodes": [
            {"id": "A", "name": name("A"), "weight": 0.6, "children": [item("a1", 0.5), item("a2", 0.5)]},
            {"id": "B", "name": name("B"), "weight": 0.4, "children": [item("b1", 1.0)]},
        ],
        "red_lines": [
            {
                "id": "LEAK",
                "name": name("LEAK"),
                "deduct": 6,
                "lenient": {"when": "self_reported and severity == 'minor'", "deduct": 2},
            },
            {"id": "CAP", "name": name("CAP"), "deduct": 4, "cap": "C"},
            {"id": "OPEN", "name": name("OPEN"), "cap": "B", "until_cured": True},
            {"id": "VETO", "name": name("VETO"), "veto": True},
        ],
        "grades": [
            {
                "id": "A",
                "name": name("A"),
                "min": 90,
                "conditions": [
                    {"kind": "node_min", "depth": 1, "value": 80},
                    {"kind": "coverage", "value": 0.9},
                    {"kind": "confidence", "classes": ["A", "B"], "share": 0.8},
                    {"kind": "no_red_line", "effects": ["deduct", "cap", "veto"]},
                ],
            },
            {
                "id": "B",
                "name": name("B"),
                "min": 70,
                "conditions": [{"kind": "node_min", "depth": 1, "value": 60}],
            },
            {"id": "C", "name": name("C"), "min": 0},
        ],
        "provisional": {"coverage": 0.5},
        "tables": {
            "values": table("v", {"unit": {"type": "unit"}, "value": {"type": "number"}}),
            "red_line_events": table("r", events),
        },
        **more,
    }


def model(**more: Any) -> IndicatorModel:
    return IndicatorModel(ModelSpec.model_validate(spec(**more)))


def units(**staff: int) -> pd.DataFrame:
    """Branches below one office `head`, which has no staff of its own unless given."""
    names = ["head", *[unit for unit in staff if unit != "head"]]
    return pd.DataFrame(
        {
            "name": names,
            "parent": pd.array([None] + ["head"] * (len(names) - 1), dtype="str"),
            "level": ["office"] + ["branch"] * (len(names) - 1),
            "staff": [float(staff.get(unit, 0)) for unit in names],
            "peer_group": pd.array([None] * len(names), dtype="str"),
        },
        index=pd.Index(names, name="unit"),
    )


def measures(
    tiny: IndicatorModel,
    values: dict[str, dict[str, float | str]],
    events: list[dict[str, Any]] | None = None,
    **staff: int,
) -> Measures:
    """Measures where each unit's items are a value, or the name of a state without one."""
    register = units(**(staff or dict.fromkeys(values, 10)))
    rows = [_row(unit, name, given) for unit, items in values.items() for name, given in items.items()]
    frame = pd.DataFrame(rows).astype({"unit": "str", "item": "str", "state": "str", "confidence": "str"})
    table = pd.DataFrame([{**EVENT, **event} for event in events or []], columns=[*EVENT, "red_line", "unit"])
    for column in ("confirmed_on", "cured_on"):
        table[column] = pd.to_datetime(table[column])
    evidence = {PERIOD: Evidence(PERIOD, {"red_line_events": table})}
    return Measures(tiny, register, PERIOD, frame, register["staff"], evidence)


def _row(unit: str, name: str, given: float | str) -> dict[str, Any]:
    state, value = (given, np.nan) if isinstance(given, str) else ("measured", given)
    return {
        "unit": unit,
        "item": name,
        "value": value,
        "numerator": np.nan,
        "denominator": np.nan,
        "n": np.nan,
        "state": state,
        "reason": "",
        "confidence": "A",
        "thin": False,
        "age": 0,
        "measured_in": str(PERIOD),
        "sampling": 0.0,
        "rating": 0.0,
        "cases": np.nan,
        "sampled_from": np.nan,
    }
