"""The weights of one level of a model as unknowns: the scores they give, and the nearest that cross some lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from riskkit.errors import Misuse
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.plan import NIL, ROOT, Scored
from riskkit.scoring.variation import Variation

MARGIN = 1e-7
"""By what share of the maximum some weights must be able to carry a score past a line for it to be crossed at all."""
PAST = 1e-4
"""How far past a line, of the way to the farthest point past it, weights are taken to see what lies behind."""
EDGE = 1e-9
"""A node that is moved keeps at least this weight, and leaves its siblings as much."""
STEPS = 1000
"""Weights tried between 0 and 1 before the first that changes something is narrowed down."""
HALVINGS = 40


@dataclass(frozen=True)
class Line:
    """A condition on the level's weights: coefficients · weights > bound, in shares of the maximum."""

    coefficients: np.ndarray
    bound: float = 0.0

    def turned(self) -> Line:
        """The condition that holds where this one does not."""
        return Line(-self.coefficients, -self.bound)


@dataclass(frozen=True)
class Nearest:
    """The nearest weights on some lines, their distance, and weights a little past them."""

    distance: float
    weights: np.ndarray
    past: np.ndarray


class Level:
    """The nodes of one depth that have weight and a sibling with weight, for the units whose scores are asked for.

    Weights are those among siblings, which sum to 1; those of all other levels stay. The distance of two sets is the
    share of the total that changes hands: half the sum of the absolute changes of the nodes' nominal weights.
    """

    def __init__(self, assessment: Assessment, units: Sequence[str], depth: int) -> None:
        whole, model = assessment.assessed, assessment.model
        at = assessment.summary.index.get_indexer(pd.Index(list(units)))
        self.scored = Scored(whole.plan, whole.inner[at], whole.points[at])
        self.plan, self.model, self.depth = whole.plan, model, depth
        self.groups: dict[str, list[str]] = {}
        for name in (n for n, found in model.depths.items() if found == depth and model.nominal_weights[n]):
            self.groups.setdefault(self.plan.parent(name), []).append(name)
        self.groups = {parent: names for parent, names in self.groups.items() if len(names) > 1}
        self.names = [name for names in self.groups.values() for name in names]
        if not self.names:
            raise Misuse("no_weights_to_change", depth=depth)
        self.weights = np.array([model.nodes[name].weight for name in self.names])
        self.group = np.repeat(np.arange(len(self.groups)), [len(each) for each in self.groups.values()])
        self.shares = np.array([{ROOT: 1.0, **model.nominal_weights}[parent] for parent in self.groups])[
            self.group
        ]
        self.scores = self.scored.columns(self.names)

    def distance(self, weights: np.ndarray) -> float:
        """The share of the total that changes hands."""
        return float(np.abs(weights - self.weights) @ self.shares / 2)

    def with_weights(self, weights: np.ndarray) -> Variation:
        """The units' scores under sets of weights, nodes × draws."""
        changes = {f"weight:{name}": own for name, own in zip(self.names, weights, strict=True)}
        return Variation(self.scored, changes, weights.shape[1])

    def moved(self, node: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Sets of weights, nodes × draws: one node (its place) has the weight given, its siblings share the rest."""
        mine = self.group[:, None] == self.group[node]
        rest = np.where(mine, (1 - weight) / (1 - self.weights[node]), 1.0)
        weights = self.weights[:, None] * rest
        weights[node, np.arange(len(node))] = weight
        return np.asarray(weights)

    # --- one weight at a time

    def turns(self, changed: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Nodes × (down, up): the nearest weight of each node beyond which something has changed; missing where none.

        `changed` tells of each draw of nodes × draws weights. A change that comes and goes within a thousandth is not
        seen.
        """
        grid = np.clip(np.linspace(0.0, 1.0, STEPS + 1), EDGE, 1 - EDGE)
        every = np.arange(len(self.names))
        told = np.stack([changed(self.moved(np.full(len(grid), node), grid)) for node in every])
        found = np.full((len(every), 2), np.nan)
        for side, beyond in enumerate((grid < self.weights[:, None], grid > self.weights[:, None])):
            hit = told & beyond
            nodes = every[hit.any(axis=1)]
            first = hit[nodes, :: -1 if side == 0 else 1].argmax(axis=1)
            at = STEPS - first if side == 0 else first
            before = np.clip(at + (1 if side == 0 else -1), 0, STEPS)
            inside = beyond[nodes, before]
            start = np.where(inside, grid[before], self.weights[nodes])
            found[nodes, side] = self._halved(changed, nodes, start, grid[at])
        return found

    def _halved(
        self,
        changed: Callable[[np.ndarray], np.ndarray],
        nodes: np.ndarray,
        near: np.ndarray,
        far: np.ndarray,
    ) -> np.ndarray:
        """The weights between an unchanged and a changed one at which it turns."""
        for _ in range(HALVINGS if len(nodes) else 0):
            middle = (near + far) / 2
            gone = changed(self.moved(nodes, middle))
            near, far = np.where(gone, near, middle), np.where(gone, middle, far)
        return far

    # --- all weights at once

    def nearest(self, lines: Sequence[Line]) -> Nearest | None:
        """The nearest weights at which all lines are reached; none where no weights lie past them all.

        A linear programme: minimise Σ share · t ÷ 2 with t ≥ |weights − present weights|, weights ≥ 0 and summing to 1
        among siblings.
        """
        sums = (self.group == np.arange(len(self.groups))[:, None]).astype("float64")
        coefficients = np.array([line.coefficients for line in lines]).reshape(len(lines), len(self.names))
        bounds = np.array([line.bound for line in lines])
        farthest = _solved(
            np.append(np.zeros(len(self.names)), -1.0),
            A_ub=np.hstack([-coefficients, np.ones((len(lines), 1))]),
            b_ub=-bounds,
            A_eq=np.hstack([sums, np.zeros((len(sums), 1))]),
            b_eq=np.ones(len(sums)),
            bounds=[(0, None)] * len(self.names) + [(None, 1.0)],
        )
        if farthest[-1] <= MARGIN:
            return None
        one = np.eye(len(self.names))
        found = _solved(
            np.concatenate([np.zeros(len(self.names)), self.shares / 2]),
            A_ub=np.block([[-coefficients, np.zeros_like(coefficients)], [one, -one], [-one, -one]]),
            b_ub=np.concatenate([-bounds, self.weights, -self.weights]),
            A_eq=np.hstack([sums, np.zeros_like(sums)]),
            b_eq=np.ones(len(sums)),
        )
        weights = np.clip(found[: len(self.names)], 0.0, 1.0)
        past = weights + PAST * (farthest[:-1] - weights)
        return Nearest(self.distance(weights), weights, np.clip(past, EDGE, None))

    def ahead(self, deductions: np.ndarray) -> Line | None:
        """Where the first unit's score, less deductions, is above the second's; none if that is no line.

        It is one where `linear` holds for both; and for the topmost level under any generalised mean but the minimum,
        where both units have the same nodes and, unless the mean is arithmetic, no deductions: M_p grows with
        Σ w · x^p ÷ p, for p = 0 with Σ w · log x, and the same denominator stands below both.
        """
        if self.depth > 1:
            forms = [self.linear(unit, ROOT) for unit in (0, 1)]
            if forms[0] is None or forms[1] is None:
                return None
            less = (deductions[0] - deductions[1]) / self.plan.maximum
            return Line(forms[0].coefficients - forms[1].coefficients, forms[1].bound - forms[0].bound + less)
        terms, exponent = self._terms(), self._exponent(ROOT)
        if terms is None or (exponent != 1 and deductions.any()):
            return None
        absent = np.isnan(terms)
        if (absent[0] != absent[1]).any():
            return None
        difference = terms[0] - terms[1] - (deductions[0] - deductions[1]) / self.plan.maximum
        return Line(np.where(absent[0], 0.0, difference))

    def above(self, name: str, value: float) -> Line | None:
        """Where the first unit's score of a node is above a value; none if that is no line."""
        if name != ROOT or self.depth > 1:
            form = self.linear(0, name)
            return None if form is None else Line(form.coefficients, value / self.plan.maximum - form.bound)
        terms, line = self._terms(), self._term(np.array([[value]]))
        return None if terms is None or line is None else Line(np.nan_to_num(terms[0] - line[0, 0]))

    def linear(self, unit: int, name: str) -> Line | None:
        """A unit's score of a node as coefficients · weights + bound; none where it is no such sum.

        It is one where the means from the node down to the level are arithmetic and the unit has a score for every
        node of the level, so that no denominator varies.
        """
        if name in self.groups:
            mine = np.isin(self.names, self.groups[name])
            if self._exponent(name) != 1 or np.isnan(self.scores[unit, mine]).any():
                return None
            return Line(np.where(mine, self.scores[unit], 0.0) / self.plan.maximum)
        if not any(self._over(name, parent) for parent in self.groups):
            still = float(self.scored.columns([name])[unit, 0])
            return Line(np.zeros(len(self.names)), still / self.plan.maximum)
        parts = [(own, self.linear(unit, child)) for child, own in self._children(unit, name)]
        if self._exponent(name) != 1 or any(part is None for _, part in parts):
            return None
        whole = sum(own for own, _ in parts)
        found = [(own / whole, part) for own, part in parts if part is not None]
        return Line(
            np.sum([own * part.coefficients for own, part in found], axis=0),
            sum(own * part.bound for own, part in found),
        )

    def _children(self, unit: int, name: str) -> list[tuple[str, float]]:
        """The children of a node that count for a unit, with their weights."""
        at = self.plan.branchings[self.plan.inner_position[name]]
        names = (*at.items.names, *at.inner.names)
        known = ~np.isnan(self.scored.columns(names)[unit])
        weights = np.concatenate([at.items.weights, at.inner.weights])
        return [(n, float(w)) for n, w, here in zip(names, weights, known, strict=True) if here and w > 0]

    def _exponent(self, name: str) -> float:
        return self.plan.branchings[self.plan.inner_position[name]].exponent

    def _over(self, name: str, below: str) -> bool:
        """Whether a node is another or stands above it."""
        while below not in (name, ROOT):
            below = self.plan.parent(below)
        return below == name

    def _terms(self) -> np.ndarray | None:
        """What the topmost nodes add to the sum behind the total, larger for better; none without such a sum."""
        return self._term(self.scores)

    def _term(self, scores: np.ndarray) -> np.ndarray | None:
        exponent, shares = self._exponent(ROOT), scores / self.plan.maximum
        if exponent == -np.inf or (exponent <= 0 and (shares <= NIL).any()):
            return None
        return np.asarray(np.log(shares) if exponent == 0 else np.sign(exponent) * shares**exponent)


def _solved(costs: np.ndarray, **conditions: Any) -> np.ndarray:
    """The cheapest unknowns under linear conditions; both programmes asked here have an answer by construction."""
    found = linprog(costs, **conditions)
    assert found.x is not None, found.message
    return np.asarray(found.x)
