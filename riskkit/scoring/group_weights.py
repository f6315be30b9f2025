"""The weights of a whole model from experts' comparisons, one group of siblings at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TypeAlias

import numpy as np
import pandas as pd

from riskkit.errors import DataRefused, Problem, unknown
from riskkit.model import IndicatorModel
from riskkit.scoring.ahp import AhpWeights, ahp, combine_experts
from riskkit.scoring.ahp_matrix import parts

Judgements: TypeAlias = Mapping[tuple[str, str], float]
"""By pair of nodes: how much more the first matters than the second."""

DECIMALS = 4
"""Decimals of a weight written into a model."""


@dataclass(frozen=True)
class Group:
    """Siblings that share out the weight of their parent (none for the dimensions), report-only ones left out."""

    parent: str | None
    members: tuple[str, ...]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every comparison there is to make, in the model's order."""
        return list(combinations(self.members, 2))


def sibling_groups(model: IndicatorModel, node: str | None = None) -> tuple[Group, ...]:
    """The groups of two or more weighted siblings, from the top down; below `node` only, if one is given.

    Raises `Misuse` for an unknown node.

        >>> [group.members for group in sibling_groups(model)]
    """
    if node is not None and node not in model.nodes:
        raise unknown("unknown_node", node, list(model.nodes))
    parents = [name for name in model.nodes if node is None or node in _line(model, name)]
    members: dict[str | None, list[str]] = {
        parent: [] for parent in ([None] if node is None else []) + parents
    }
    for name, each in model.nodes.items():
        parent = model.parents[name]
        if parent in members and each.weight > 0:
            members[parent].append(name)
    return tuple(Group(parent, tuple(names)) for parent, names in members.items() if len(names) > 1)


def _line(model: IndicatorModel, name: str | None) -> list[str]:
    line = []
    while name is not None:
        line.append(name)
        name = model.parents[name]
    return line


@dataclass(frozen=True)
class GroupWeights:
    """One group's weights by the experts together, and each expert's own; none where an expert's comparisons leave the
    group in parts."""

    group: Group
    together: AhpWeights
    experts: Mapping[str, AhpWeights | None]


@dataclass(frozen=True)
class ModelWeights:
    """Weights by comparison for those groups of a model that experts compared."""

    model: IndicatorModel
    groups: tuple[GroupWeights, ...]

    @cached_property
    def weights(self) -> pd.DataFrame:
        """A row a node compared: `present` weight and `compared`, rounded so that siblings sum to 1."""
        rows = {
            name: (self.model.nodes[name].weight, weight)
            for each in self.groups
            for name, weight in rounded(each.together.weights).items()
        }
        return pd.DataFrame.from_dict(rows, orient="index", columns=["present", "compared"]).rename_axis(
            "node"
        )

    @property
    def inconsistent(self) -> tuple[GroupWeights, ...]:
        """Groups whose consistency ratio is above 0.1."""
        return tuple(each for each in self.groups if not each.together.consistent)

    def changed_model(self) -> IndicatorModel:
        """The model with the compared weights, and a version that says so. Other weights stay as they are."""
        compared = {str(name): float(weight) for name, weight in self.weights["compared"].items()}
        weighed = self.model.with_weights(compared)
        return IndicatorModel(weighed.spec.model_copy(update={"version": f"{self.model.spec.version}-ahp"}))


def weigh_model(
    model: IndicatorModel, judgements: Mapping[str, Judgements], *, random_index: str = "saaty_1980"
) -> ModelWeights:
    """Weights of a model's groups from the comparisons of one or more experts, all counting alike.

    `judgements`: by expert, by pair of siblings in either order. A comparison that an expert did not make is missing in
    that expert's matrix and, where nobody made it, in the group's (`combine_experts`, `ahp`). Groups that nobody
    compared are left out. Raises `DataRefused` naming every group that the comparisons of all experts leave in parts.

        >>> weigh_model(model, {"Li": {("A", "B"): 3, ("B", "C"): 2}}).weights
    """
    found, problems = [], []
    for group in sibling_groups(model):
        matrices = {expert: _matrix(group, answers) for expert, answers in judgements.items()}
        matrices = {expert: matrix for expert, matrix in matrices.items() if _compared(matrix)}
        if not matrices:
            continue
        together = combine_experts(matrices)
        if apart := _apart(together):
            place = group.parent or model.spec.id
            problems.append(Problem("comparison.parts", cell=place, values={"found": apart}))
            continue
        alone = {
            expert: None if _apart(matrix) else ahp(matrix, random_index=random_index)
            for expert, matrix in matrices.items()
        }
        found.append(GroupWeights(group, ahp(together, random_index=random_index), alone))
    if problems:
        raise DataRefused("comparisons_refused", problems)
    return ModelWeights(model, tuple(found))


def _matrix(group: Group, answers: Judgements) -> pd.DataFrame:
    """The reciprocal matrix of what one expert said of a group; missing where nothing was said."""
    names = list(group.members)
    values = np.full((len(names), len(names)), np.nan)
    np.fill_diagonal(values, 1.0)
    for left, right in group.pairs:
        answer = answers.get((left, right)) or 1.0 / answers.get((right, left), np.nan)
        i, j = names.index(left), names.index(right)
        values[i, j], values[j, i] = answer, 1.0 / answer
    return pd.DataFrame(values, index=names, columns=names)


def _compared(matrix: pd.DataFrame) -> bool:
    return int(matrix.notna().to_numpy().sum()) > len(matrix)


def _apart(matrix: pd.DataFrame) -> str:
    """The parts that no comparison connects, in words; nothing where all hang together."""
    found = parts(matrix.to_numpy())
    named = (", ".join(str(matrix.index[place]) for place in part) for part in found)
    return " | ".join(named) if len(found) > 1 else ""


def rounded(weights: pd.Series, decimals: int = DECIMALS) -> dict[str, float]:
    """Weights to so many decimals that still sum to 1: what rounding down leaves over goes to the largest remainders.

    >>> rounded(pd.Series({"A": 1 / 3, "B": 1 / 3, "C": 1 / 3}))
    {'A': 0.3334, 'B': 0.3333, 'C': 0.3333}
    """
    scaled = weights.to_numpy(dtype=float) * 10**decimals
    down = np.floor(scaled + 1e-9)
    missing = round(10**decimals - float(down.sum()))
    down[np.argsort(-(scaled - down), kind="stable")[:missing]] += 1
    return {
        str(name): round(float(value) / 10**decimals, decimals)
        for name, value in zip(weights.index, down, strict=True)
    }
