"""A model folded once into arrays: every score, what-if and comparison runs over the same plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskkit.model import IndicatorModel
from riskkit.model.schema import Item

ROOT = ""
"""The id under which the total stands."""


@dataclass(frozen=True)
class Branching:
    """One inner node: which columns are its children, their weights, and how they aggregate."""

    node: int
    children: np.ndarray
    weights: np.ndarray
    geometric: bool


@dataclass(frozen=True)
class Scored:
    """Scores of every node: units × nodes; `weights` is each node's effective share of the total (arithmetic trees)."""

    scores: np.ndarray
    weights: np.ndarray


class Plan:
    """The compiled tree. Columns of every array are `names`: the total first, then the model's nodes."""

    def __init__(self, model: IndicatorModel) -> None:
        self.model = model
        self.names = [ROOT, *model.nodes]
        position = {name: index for index, name in enumerate(self.names)}
        self.items = np.array([position[name] for name in model.items])
        self.branchings = [self._branching(name, position) for name in self.names if not self._is_item(name)]
        self.arithmetic = not any(branching.geometric for branching in self.branchings)

    def _is_item(self, name: str) -> bool:
        return name != ROOT and isinstance(self.model.nodes[name], Item)

    def _branching(self, name: str, position: dict[str, int]) -> Branching:
        if name == ROOT:
            children, geometric = self.model.dimensions, self.model.spec.aggregate == "geometric"
        else:
            node = self.model.nodes[name]
            assert not isinstance(node, Item), "items have no children"
            children, geometric = node.children, node.aggregate == "geometric"  # type: ignore[assignment]  # dimensions are nodes too
        weights = np.array([child.weight for child in children])
        return Branching(
            position[name], np.array([position[child.id] for child in children]), weights, geometric
        )

    def score(self, points: np.ndarray, applies: np.ndarray) -> Scored:
        """Scores for units × items `points`, over the items where `applies` is true; missing where nothing applies.

        A node's score is the weighted mean (arithmetic or geometric) of its children that have a score, their weights
        rescaled to sum to 1: OECD/JRC, *Handbook on Constructing Composite Indicators* (2008), step 6.
        """
        scores = np.full((len(points), len(self.names)), np.nan)
        scores[:, self.items] = np.where(applies, points, np.nan)
        shares: dict[int, np.ndarray] = {}
        for branching in reversed(self.branchings):
            scores[:, branching.node], shares[branching.node] = _aggregate(
                branching, scores[:, branching.children]
            )
        weights = np.zeros_like(scores)
        weights[:, 0] = 1.0
        for branching in self.branchings:
            weights[:, branching.children] = weights[:, [branching.node]] * shares[branching.node]
        return Scored(scores, weights)


def _aggregate(branching: Branching, children: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    known = ~np.isnan(children)
    share = np.where(known, branching.weights, 0.0)
    total = share.sum(axis=1, keepdims=True)
    share = np.divide(share, total, out=np.zeros_like(share), where=total > 0)
    filled = np.where(known, children, 0.0)
    if branching.geometric:
        with np.errstate(divide="ignore"):
            terms = np.where(share > 0, share * np.log(np.where(share > 0, filled, 1.0)), 0.0)
        value = np.exp(terms.sum(axis=1))
    else:
        value = (share * filled).sum(axis=1)
    return np.where(total[:, 0] > 0, value, np.nan), share
