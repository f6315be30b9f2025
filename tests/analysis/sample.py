"""A small bank on a small model with everything that can stand in the way of a plain weighted mean."""

from __future__ import annotations

from typing import Any

import numpy as np

from riskkit.evidence.measures import Measures
from riskkit.model import IndicatorModel
from tests.scoring import reference, tiny

UNITS = ("u", "v", "w", "x", "y", "vetoed", "deducted", "floored", "provisional")
EVENTS = [
    {"red_line": "VETO", "unit": "vetoed", "event_no": "E1"},
    {"red_line": "LEAK", "unit": "deducted", "event_no": "E2"},
    *({"red_line": "LEAK", "unit": "floored", "event_no": f"F{n}"} for n in range(12)),
]


def model(**more: Any) -> IndicatorModel:
    """Items beside an inner node, a geometric one, an only child, a branch without weight."""
    deep = {"id": "A2", "name": tiny.name("A2"), "weight": 0.6}
    deep["children"] = [tiny.item("a21", 0.7), tiny.item("a22", 0.3)]
    tops = [
        ("A", 0.5, [tiny.item("a1", 0.4), deep]),
        ("B", 0.3, [tiny.item("b1", 0.5), tiny.item("b2", 0.5)]),
        ("C", 0.2, [tiny.item("c1", 1.0)]),
        ("Z", 0.0, [tiny.item("z1", 1.0)]),
    ]
    nodes = [{"id": i, "name": tiny.name(i), "weight": w, "children": below} for i, w, below in tops]
    nodes[1]["aggregate"] = "geometric"
    return tiny.model(**{"nodes": nodes, **more})


def measures(small: IndicatorModel, seed: int) -> Measures:
    """Random values; one in ten does not apply and one in ten was not assessed; `provisional` has next to nothing, and
    c1 is all there is of `y`."""
    rng = np.random.default_rng(seed)
    given: dict[str, dict[str, float | str]] = {
        unit: {name: _entry(rng) for name in small.items} for unit in UNITS
    }
    given["provisional"] = dict.fromkeys(small.items, "not_assessed") | {"c1": 0.5}
    given["y"] = dict.fromkeys(small.items, "not_applicable") | {"c1": float(rng.random())}
    return tiny.measures(small, given, EVENTS, **dict.fromkeys(UNITS, 10))


def _entry(rng: np.random.Generator) -> float | str:
    kind = rng.random()
    if kind < 0.2:
        return "not_applicable" if kind < 0.1 else "not_assessed"
    return float(round(rng.random(), 3))


def points(made: Measures, unit: str) -> dict[str, float | None]:
    """Points of a unit's items as graded, by the plain reference."""
    rows = made.frame[made.frame["unit"] == unit].set_index("item")
    found: dict[str, float | None] = {}
    for name, item in made.model.items.items():
        state, value = rows.loc[name, "state"], rows.loc[name, "value"]
        number = float(value) if state == "measured" else None
        found[name] = 0.0 if state == "not_assessed" else reference.points(item, number, 100.0)
    return found
