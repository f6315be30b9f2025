"""A bank of any size for the benchmarks: complete or with gaps, in memory, no files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from riskkit.evidence.evidence import Evidence
from riskkit.evidence.measures import Measures
from riskkit.model import IndicatorModel
from riskkit.model.schema import ModelSpec
from riskkit.periods import Period
from tests.scoring import tiny


def model(items: int, dimensions: int = 3) -> IndicatorModel:
    """So many items, scaled from 0 to 1, below dimensions of equal weight."""
    groups = np.array_split(np.arange(items), dimensions)
    scale = {"type": "goalposts", "low": 0.0, "high": 1.0}
    nodes = [
        {
            "id": f"D{number}",
            "name": tiny.name(f"D{number}"),
            "weight": 1 / dimensions,
            "children": [tiny.item(f"i{index}", 1 / len(group), scale=scale) for index in group],
        }
        for number, group in enumerate(groups)
    ]
    grades: list[dict[str, Any]] = [
        {
            "id": "A",
            "name": tiny.name("A"),
            "min": 52,
            "conditions": [{"kind": "node_min", "depth": 1, "value": 45}],
        },
        {"id": "B", "name": tiny.name("B"), "min": 48},
        {"id": "C", "name": tiny.name("C"), "min": 0},
    ]
    levels = [{"id": "branch", "name": tiny.name("branch"), "assessed": True}]
    return IndicatorModel(ModelSpec.model_validate(tiny.spec(nodes=nodes, grades=grades, levels=levels)))


def values(units: int, items: int, *, seed: int, gaps: float = 0.0) -> np.ndarray:
    """Uniform values, some of them missing."""
    rng = np.random.default_rng(seed)
    drawn = rng.random((units, items))
    return np.where(rng.random(drawn.shape) < gaps, np.nan, drawn)


def measures(known: IndicatorModel, given: np.ndarray) -> Measures:
    """Measures of a flat register; a missing value is one that does not apply."""
    units = pd.Index([f"u{number:05}" for number in range(len(given))], name="unit")
    register = pd.DataFrame(
        {
            "name": units,
            "parent": pd.array([None] * len(units), dtype="str"),
            "level": "branch",
            "staff": 10.0,
            "peer_group": pd.array([None] * len(units), dtype="str"),
        },
        index=units,
    )
    period = Period(2026, 2)
    frame = pd.DataFrame(
        {
            "unit": np.repeat(units, given.shape[1]),
            "item": list(known.items) * len(units),
            "value": given.ravel(),
            "state": np.where(np.isnan(given.ravel()), "not_applicable", "measured"),
            "confidence": "A",
        }
    ).astype({"unit": "str", "item": "str", "state": "str", "confidence": "str"})
    events = pd.DataFrame(columns=["red_line", "unit", "event_no", "appeal", "confirmed_on", "cured_on"])
    evidence = {period: Evidence(period, {"red_line_events": events})}
    return Measures(known, register, period, frame, register["staff"], evidence)
