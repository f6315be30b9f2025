"""Shapley values of a score's change: every hybrid scored, every step between two of them split over the tree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np

from riskkit.analysis.hybrids import DEDUCTIONS, MODEL, State
from riskkit.analysis.mean_split import Sides, pass_level, split_mean
from riskkit.scoring.plan import ROOT, Branching, Plan, Scored

Mixture = dict[State, Scored]
"""The scores of every hybrid, rows × nodes."""


@dataclass(frozen=True)
class Terms:
    """Rows: the change `groups` account for, by group; the part of each node in it, rows × `names`; and how far a point
    of deduction more or less is felt, at the floor of 0 and away from it."""

    groups: dict[str, np.ndarray]
    nodes: dict[str, np.ndarray]
    felt: np.ndarray


def coalitions(groups: list[str], apart: str) -> list[State]:
    """Every set of the other groups."""
    others = [group for group in groups if group != apart]
    return [frozenset(chosen) for size in range(len(others) + 1) for chosen in combinations(others, size)]


def shapley_weight(size: int, players: int) -> float:
    """The share of orders in which exactly so many come before a given one: Shapley (1953)."""
    return factorial(size) * factorial(players - 1 - size) / factorial(players)


def terms(
    scored: Mixture, groups: list[str], deducted: tuple[np.ndarray, np.ndarray], names: list[str]
) -> Terms:
    """The Shapley value of every group and of the deductions, which enter last, and the nodes' parts in them."""
    players = len(groups) + 1
    found: dict[str, np.ndarray] = {}
    nodes: dict[str, np.ndarray] = {}
    for group in groups:
        steps = [(scored[each], scored[each | {group}]) for each in coalitions(groups, group)]
        sizes = [len(each) for each in coalitions(groups, group)]
        felt = [
            sum(
                shapley_weight(size + later, players) * _felt(then.total, now.total, deducted[later])
                for later in (0, 1)
            )
            for size, (then, now) in zip(sizes, steps, strict=True)
        ]
        found[group] = np.sum(
            [f * (b.total - a.total) for f, (a, b) in zip(felt, steps, strict=True)], axis=0
        )
        nodes[group] = _parts(steps, [np.asarray(f) for f in felt], group, names)
    bases = [
        (scored[each].total, shapley_weight(len(each), players)) for each in coalitions(groups, DEDUCTIONS)
    ]
    felt_most = np.sum([weight * _felt_deduction(base, *deducted) for base, weight in bases], axis=0)
    found[DEDUCTIONS] = felt_most * (deducted[0] - deducted[1])
    return Terms(found, nodes, felt_most)


def _felt(then: np.ndarray, now: np.ndarray, deducted: np.ndarray) -> np.ndarray:
    """How much of a change is left above the floor of 0."""
    change = now - then
    left = np.maximum(now - deducted, 0.0) - np.maximum(then - deducted, 0.0)
    same = np.where(then >= deducted, 1.0, 0.0)
    return np.asarray(np.divide(left, change, out=same, where=change != 0))


def _felt_deduction(base: np.ndarray, then: np.ndarray, now: np.ndarray) -> np.ndarray:
    """How much of a change of the deductions is left above the floor of 0."""
    change = then - now
    left = np.maximum(base - now, 0.0) - np.maximum(base - then, 0.0)
    same = np.where(base >= now, 1.0, 0.0)
    return np.asarray(np.divide(left, change, out=same, where=change != 0))


def _parts(
    steps: list[tuple[Scored, Scored]], felt: list[np.ndarray], group: str, names: list[str]
) -> np.ndarray:
    """Rows × `names`: what each node did in all steps of one group; steps under the same plans are taken together."""
    rows = len(felt[0])
    total = np.zeros((rows, len(names)), order="F")
    plans = dict.fromkeys((then.plan, now.plan) for then, now in steps)
    for pair in plans:
        chosen = [k for k, (then, now) in enumerate(steps) if (then.plan, now.plan) == pair]
        nodes = tuple(_stacked([steps[k][side] for k in chosen], names) for side in (0, 1))
        split = _Tree(
            pair, (nodes[0], nodes[1]), np.concatenate([felt[k] for k in chosen]), names, group == MODEL
        )
        total += split.terms.reshape(len(chosen), rows, len(names)).sum(axis=0)
    return total


def _stacked(scored: list[Scored], names: list[str]) -> np.ndarray:
    """Scores of all nodes, one hybrid below the other; missing where a plan has no such node."""
    plan = scored[0].plan
    found = np.full((sum(len(each.inner) for each in scored), len(names)), np.nan, order="F")
    place = {name: k for k, name in enumerate(names)}
    for columns, wanted in ((plan.inner, "inner"), (plan.items, "points")):
        found[:, [place[name] for name in columns]] = np.concatenate(
            [getattr(each, wanted) for each in scored]
        )
    return found


class _Tree:
    """One kind of step, from the total down: `felt` is how much of the total's change counts."""

    def __init__(
        self,
        plans: tuple[Plan, Plan],
        nodes: tuple[np.ndarray, np.ndarray],
        felt: np.ndarray,
        names: list[str],
        stays: bool,
    ) -> None:
        self.nodes = nodes
        self.place = {name: k for k, name in enumerate(names)}
        self.stays = stays
        """Whether a change of an inner node's own weight stays with it; otherwise it is that of the items below."""
        shape = nodes[0].shape
        self.terms, self.slope, self.reach = (np.zeros(shape, order="F") for _ in range(3))
        self.level = np.zeros(shape, order="F")
        self.slope[:, 0] = felt
        self.items = set(plans[0].items) | set(plans[1].items)
        either = [dict(zip(p.inner, p.branchings, strict=True)) for p in plans]
        for name in names:
            if name in either[0] and name in either[1]:
                self._down(name, (either[0][name], either[1][name]))
            elif name in either[0] or name in either[1]:
                assert not self.reach[:, self.place[name]].any(), "only a model's own nodes come and go"

    def _down(self, name: str, branchings: tuple[Branching, Branching]) -> None:
        """Hand a node's part to its children."""
        weights = [_weights(each) for each in branchings]
        children = list(dict.fromkeys([*weights[1], *weights[0]]))
        at = [self.place[child] for child in children]
        both = tuple(np.array([each.get(child, 0.0) for child in children]) for each in weights)
        scores = (self.nodes[0][:, at], self.nodes[1][:, at])
        exponents = [each.exponent for each in branchings]
        if self.slope[:, self.place[name]].any():
            self._change(name, children, Sides(scores, (both[0], both[1]), exponents[0]), exponents)
        if self.reach[:, self.place[name]].any():
            self._level(name, children, scores, both[1], exponents[1])

    def _change(self, name: str, children: list[str], sides: Sides, exponents: list[float]) -> None:
        column = self.place[name]
        means = (self.nodes[0][:, column], self.nodes[1][:, column])
        felt = self.slope[:, column]
        if exponents[0] == exponents[1]:
            self._hand(children, sides, means, felt)
            return
        ways = [Sides(sides.scores, sides.weights, each) for each in exponents]
        found = [(each.mean(0), each.mean(1)) for each in ways]
        for way, ends in zip(ways, found, strict=True):
            self._hand(children, way, ends, felt / 2)
        bent = (found[1][0] - found[0][0] + found[1][1] - found[0][1]) / 2
        self.terms[:, column] += np.where(felt != 0, felt * bent, 0.0)

    def _hand(
        self, children: list[str], sides: Sides, means: tuple[np.ndarray, np.ndarray], felt: np.ndarray
    ) -> None:
        split = split_mean(sides, means)
        there = felt != 0
        for k, child in enumerate(children):
            column = self.place[child]
            slope = np.where(there, felt * split.slope[:, k], 0.0)
            own = np.where(there, felt * split.own[:, k], 0.0)
            if child in self.items:
                change = sides.scores[1][:, k] - sides.scores[0][:, k]
                self.terms[:, column] += np.where(slope != 0, slope * change, 0.0) + own
                continue
            self.slope[:, column] += slope
            if self.stays:
                self.terms[:, column] += own
            else:
                reach = np.where(there, felt * split.reach[:, k], 0.0)
                self.reach[:, column] = reach
                self.level[:, column] = np.where(reach != 0, split.level, 0.0)

    def _level(
        self,
        name: str,
        children: list[str],
        scores: tuple[np.ndarray, np.ndarray],
        weights: np.ndarray,
        exponent: float,
    ) -> None:
        """A node that came or went whole: every child has a part in how far it lies from the mean above."""
        column = self.place[name]
        reach, level = self.reach[:, column], self.level[:, column]
        there = reach != 0
        alone = np.where(np.isnan(scores[0]), scores[1], scores[0])
        mean = np.where(
            np.isnan(self.nodes[0][:, column]), self.nodes[1][:, column], self.nodes[0][:, column]
        )
        factors = pass_level(alone, weights, exponent, mean, level)
        for k, child in enumerate(children):
            place = self.place[child]
            passed = np.where(there, reach * factors[:, k], 0.0)
            if child in self.items:
                self.terms[:, place] += np.where(passed != 0, passed * (alone[:, k] - level), 0.0)
            else:
                self.reach[:, place] = np.where(there, passed, self.reach[:, place])
                self.level[:, place] = np.where(there, level, self.level[:, place])


def _weights(branching: Branching) -> dict[str, float]:
    """Weights of the children, their sum 1; items before inner nodes."""
    names = [*branching.items.names, *branching.inner.names]
    weights = np.concatenate([branching.items.weights, branching.inner.weights])
    return dict(zip(names, (weights / weights.sum()).tolist(), strict=True))


def node_names(before: Plan, after: Plan) -> list[str]:
    """The nodes of both plans, the total first; parents before their children wherever both plans have them."""
    return list(dict.fromkeys([ROOT, *after.names, *before.names]))
