"""Grades of many draws at once, for simulations: the same rules as `grade`, without the reasons."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from riskkit.model import schema as s
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.grades import SLACK
from riskkit.scoring.plan import ROOT
from riskkit.scoring.scales import published


class GradeRules:
    """What decides the grade of each unit beside its scores: deductions, conditions on evidence, caps and vetoes.

    `names` are the nodes, the total first, whose scores it asks for.
    """

    def __init__(self, assessment: Assessment) -> None:
        self.model, self.standing = assessment.model, assessment.standing
        self.deducted = assessment.summary["deducted"].to_numpy()
        self._nodes = {depth: self.nodes(depth) for depth in self._depths()}
        self.names = [ROOT, *(name for names in self._nodes.values() for name in names)]
        self.falling = -np.array([grade.min for grade in self.model.spec.grades])
        self.least = self._caps()

    def settled(self, rows: slice, scores: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Unrounded scores after deductions and places of grades, best 0, units × draws, from scores of `names`."""
        maximum, decimals = self.model.spec.score.maximum, self.model.spec.score.decimals
        left = np.clip(scores[ROOT] - self.deducted[rows, None], 0.0, maximum)
        weakest = {depth: np.fmin.reduce([scores[n] for n in names]) for depth, names in self._nodes.items()}
        return left, self._places(rows, published(left, decimals), weakest)

    def _depths(self) -> set[int]:
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

    def _places(self, rows: slice, final: np.ndarray, weakest: Mapping[int, np.ndarray]) -> np.ndarray:
        last = len(self.falling) - 1
        place = np.minimum(np.searchsorted(self.falling, -final), last)
        for level, grade in enumerate(self.model.spec.grades):
            fell = np.zeros(place.shape, dtype=bool)
            for condition in grade.conditions:
                if isinstance(condition, s.NodeMin):
                    fell |= weakest[condition.depth] < condition.value - SLACK
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
