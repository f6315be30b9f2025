"""Random models for properties: trees of any depth, siblings that aggregate in their own ways, weights of 0."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from riskkit.model import IndicatorModel
from tests.scoring import tiny

SCALES = [
    {"type": "piecewise_linear", "points": [[0, 0], [0.3, 10], [0.6, 80], [1, 100]]},
    {"type": "piecewise_linear", "points": [[0.2, 5], [0.9, 95]]},
    {"type": "goalposts", "low": 0.1, "high": 0.8},
    {"type": "goalposts", "low": 0.05, "high": 1.0, "log": True},
]
AGGREGATES = ("arithmetic", "geometric", "harmonic", "power", "minimum")


@st.composite
def models(draw: st.DrawFn, kinds: tuple[str, ...] = AGGREGATES, depth: int = 4) -> IndicatorModel:
    """A model of up to so many levels below the total."""
    count = iter(range(1000))

    def aggregate() -> dict[str, Any]:
        kind = draw(st.sampled_from(kinds))
        exponent = draw(st.sampled_from([-2.0, -0.5, 0.5, 2.0, 3.0])) if kind == "power" else None
        return {"aggregate": kind, "exponent": exponent}

    def weights(number: int) -> list[float]:
        parts = draw(st.lists(st.integers(0, 5), min_size=number, max_size=number).filter(any))
        return [part / sum(parts) for part in parts]

    def siblings(level: int, *, inner_only: bool) -> list[dict[str, Any]]:
        number = draw(st.integers(1, 4))
        return [node(level, weight, inner_only=inner_only) for weight in weights(number)]

    def node(level: int, weight: float, *, inner_only: bool) -> dict[str, Any]:
        name = f"n{next(count)}"
        if not inner_only and (level >= depth or draw(st.booleans())):
            return tiny.item(name, weight, scale=draw(st.sampled_from(SCALES)))
        children = siblings(level + 1, inner_only=False)
        return {"id": name, "name": tiny.name(name), "weight": weight, "children": children, **aggregate()}

    nodes = siblings(1, inner_only=True)
    grades = [{"id": "A", "name": tiny.name("A"), "min": 60}, {"id": "B", "name": tiny.name("B"), "min": 0}]
    return tiny.model(nodes=nodes, grades=grades, red_lines=[], **aggregate())


def values(model: IndicatorModel, units: int, seed: int, gaps: float) -> np.ndarray:
    """Units × items values between 0 and 1, some at the ends, some missing."""
    rng = np.random.default_rng(seed)
    drawn = np.clip(rng.uniform(-0.1, 1.1, (units, len(model.items))), 0.0, 1.0)
    return np.where(rng.random(drawn.shape) < gaps, np.nan, drawn)
