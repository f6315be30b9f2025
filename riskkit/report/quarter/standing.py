"""What of every unit enters live scores and roll-ups: its own points and deductions, its place in the tree."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskkit.evidence.states import NOT_ASSESSED, REFUSED_STATE
from riskkit.scoring import grades
from riskkit.scoring.assessment import Assessment


def own_points(assessment: Assessment) -> pd.DataFrame:
    """Units of the register × items: the points of each by itself, as graded; missing where an item does not apply."""
    plan = assessment.graded.plan
    arrays = assessment.measures.arrays.take(plan.items)
    points = plan.points(arrays.values)
    if assessment.model.spec.missing == "zero":
        points = np.where(arrays.among([NOT_ASSESSED, REFUSED_STATE]), 0.0, points)
    return pd.DataFrame(points, assessment.measures.units.index, plan.items)


def own_deductions(assessment: Assessment) -> pd.Series:
    """Points deducted from each unit of the register for what it was itself found to have done."""
    events = assessment.events[assessment.events["status"] == grades.IN_EFFECT]
    summed = events.groupby("unit")["deduct"].sum()
    return summed.reindex(assessment.measures.units.index).fillna(0.0).astype("float64")


def tree_order(assessment: Assessment) -> list[str]:
    """The units of the register, each followed by everything below it, so that what is below one stands together."""
    units = list(assessment.measures.units.index)
    below: dict[int, list[int]] = {}
    for place, parent in enumerate(assessment.measures.parents):
        below.setdefault(int(parent), []).append(place)
    found, waiting = [], list(reversed(below.get(-1, [])))
    while waiting:
        place = waiting.pop()
        found.append(units[place])
        waiting += reversed(below.get(place, []))
    return found
