"""Fuzzy comprehensive evaluation (模糊综合评价) of an assessment, up the model's tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskkit.errors import unknown
from riskkit.model import IndicatorModel
from riskkit.model.schema import Item, Node
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.fuzzy import (
    OPERATORS,
    Operator,
    compose,
    grade_middles,
    maximum_membership,
    memberships,
    normalised,
)

TOTAL = ""
"""The id under which the whole stands."""


@dataclass(frozen=True)
class FuzzyEvaluation:
    """To what degree each unit belongs to each grade of the model.

    `units`: indexed by unit, a column a grade (degree 0-1, together 1), `score` (degrees × grade values, 0-maximum,
    higher is better), `grade` (of the largest degree; missing for a provisional unit) and `tied` (another grade has the
    same degree; the better one was taken). `nodes`: for every inner node, and for the total under "", units × grades.
    Red lines, deductions and conditions of grades play no part.
    """

    assessment: Assessment
    operator: Operator
    units: pd.DataFrame
    nodes: Mapping[str, pd.DataFrame]


def fuzzy_evaluation(
    assessment: Assessment,
    *,
    operator: Operator = "dot_plus",
    grade_values: Mapping[str, float] | None = None,
) -> FuzzyEvaluation:
    """Evaluate every unit fuzzily: items' points become degrees of the model's grades, and these go up the tree.

    At every node the children's degrees are combined with the model's weights by `operator` (`dot_plus` M(·,⊕),
    `min_max` M(∧,∨), `dot_max` M(·,∨), `min_plus` M(∧,⊕)) and normalised to sum to 1. Missing points leave their
    item out and its weight goes to its siblings, level by level; a unit without points has no degrees. `grade_values`
    says what each grade is worth in the score; unless given, the middle of its points.

    Raises `Misuse` for an unknown operator and for grade values of other grades than the model's.

        >>> fuzzy_evaluation(assessment).units[["A", "B", "score", "grade"]].head()

    Source: see `riskkit.scoring.fuzzy`; the fuzzy transform level by level is the multi-level model of the same books.
    """
    model = assessment.model
    if operator not in OPERATORS:
        raise unknown("unknown_operator", operator, list(OPERATORS))
    worth = _worth(model, grade_values)
    points = item_points(assessment)
    found: dict[str, np.ndarray] = {}
    total = _up(TOTAL, model.dimensions, _Leaves(model, points), operator, found)
    place, tied = maximum_membership(total)
    provisional = assessment.summary["provisional"].to_numpy(dtype=bool)
    names = np.array([*model.grades, None], dtype=object)
    units = pd.DataFrame(total, index=points.index, columns=list(model.grades))
    units["score"] = total @ worth
    units["grade"] = pd.Series(names[np.where(provisional, -1, place)], index=points.index, dtype="str")
    units["tied"] = tied
    nodes = {
        node: pd.DataFrame(degrees, index=points.index, columns=list(model.grades))
        for node, degrees in reversed(found.items())
    }
    return FuzzyEvaluation(assessment, operator, units, nodes)


def item_points(assessment: Assessment) -> pd.DataFrame:
    """Units × items, report-only ones too: points 0-maximum, higher is better; missing where an item does not apply."""
    graded = assessment.graded
    return pd.DataFrame(graded.points, assessment.summary.index, pd.Index(graded.plan.items, name="item"))


@dataclass(frozen=True)
class _Leaves:
    """Items' degrees, made when they are asked for, so that few stand in memory at a time."""

    model: IndicatorModel
    points: pd.DataFrame

    def degrees(self, item: str) -> np.ndarray:
        return memberships(self.points[item].to_numpy(), limits(self.model), self.model.spec.score.maximum)


def limits(model: IndicatorModel) -> np.ndarray:
    """The least score of every grade but the last, best first."""
    return np.array([grade.min for grade in model.spec.grades][:-1])


def _worth(model: IndicatorModel, given: Mapping[str, float] | None) -> np.ndarray:
    if given is None:
        return grade_middles(limits(model), model.spec.score.maximum)
    for name in (*given, *model.grades):
        if name not in given or name not in model.grades:
            raise unknown("unknown_grade_value", name, list(model.grades))
    return np.array([given[name] for name in model.grades], dtype="float64")


def _up(
    node: str,
    children: Sequence[Node | Item],
    leaves: _Leaves,
    operator: Operator,
    found: dict[str, np.ndarray],
) -> np.ndarray:
    """A node's degrees from its children's; those of inner nodes are kept in `found`, children before parents."""
    degrees = [
        leaves.degrees(child.id)
        if isinstance(child, Item)
        else _up(child.id, child.children, leaves, operator, found)
        for child in children
    ]
    weights = np.array([child.weight for child in children])
    found[node] = normalised(compose(weights, np.stack(degrees, axis=1), operator))
    return found[node]
