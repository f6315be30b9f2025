"""Grades of many draws at once, for simulations: the same rules as `grade`, without the reasons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from riskkit.model import IndicatorModel
from riskkit.model import schema as s
from riskkit.scoring.grades import SLACK, Standing


class GradeRules:
    """What decides the grade of each unit whatever its scores: conditions on evidence, red lines, caps and vetoes."""

    def __init__(self, model: IndicatorModel, standing: Standing) -> None:
        self.model = model
        self.standing = standing
        self.falling = -np.array([grade.min for grade in model.spec.grades])
        self.least = self._caps()

    def depths(self) -> set[int]:
        """Depths whose nodes some grade asks something of."""
        conditions = [c for grade in self.model.spec.grades for c in grade.conditions]
        return {condition.depth for condition in conditions if isinstance(condition, s.NodeMin)}

    def nodes(self, depth: int) -> list[str]:
        """The nodes of a depth that count."""
        return [
            name
            for name, at in self.model.depths.items()
            if at == depth and self.model.nodes[name].weight > 0
        ]

    def places(self, rows: slice, published: np.ndarray, weakest: Callable[[int], np.ndarray]) -> np.ndarray:
        """Places of grades, best 0, units × draws, from published scores and the least node of each depth."""
        last = len(self.falling) - 1
        place = np.minimum(np.searchsorted(self.falling, -published), last)
        for level, grade in enumerate(self.model.spec.grades):
            fell = np.zeros(place.shape, dtype=bool)
            for condition in grade.conditions:
                if isinstance(condition, s.NodeMin):
                    fell |= weakest(condition.depth) < condition.value - SLACK
                else:
                    fell |= self.fails(condition)[rows, None]
            place = place + ((place == level) & fell)
        return np.asarray(np.maximum(place, self.least[rows, None]))

    def fails(self, condition: s.Condition) -> np.ndarray:
        """Which units fail a condition that has nothing to do with scores."""
        if isinstance(condition, s.CoverageMin):
            return np.asarray(self.standing.coverage < condition.value - SLACK)
        if isinstance(condition, s.ConfidenceMin):
            return np.asarray(self.standing.class_share(condition.classes) < condition.share - SLACK)
        assert isinstance(condition, s.NoRedLine), "conditions on nodes are settled draw by draw"
        lines = self.model.red_lines.items()
        counts = [name for name, line in lines if set(line.effects) & set(condition.effects)]
        met = self.standing.events["unit"][self.standing.events["red_line"].isin(counts)]
        return np.asarray(self.standing.units.isin(met))

    def _caps(self) -> np.ndarray:
        """The best place each unit can have."""
        order = {name: place for place, name in enumerate(self.model.grades)}
        least = np.zeros(len(self.standing.units), dtype="int64")
        events = self.standing.events
        at = self.standing.units.get_indexer(pd.Index(events["unit"]))
        for row, cap, veto in zip(at, events["cap"], events["veto"], strict=True):
            worst = len(order) - 1 if veto else order[cap] if isinstance(cap, str) else 0
            least[row] = max(least[row], worst)
        return least
