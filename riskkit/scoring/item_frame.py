"""Units' items as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from riskkit.scoring.assessment import Assessment

COMPUTED = ["points", "weight", "contribution", "lost"]
"""Columns of `Assessment.items` that come of scoring."""


def item_frame(
    assessment: Assessment,
    where: np.ndarray | None = None,
    columns: Sequence[str] = (),
    *,
    units: np.ndarray | None = None,
) -> pd.DataFrame:
    """Assessed units' items with their points, and roll-ups' mean points; see `Assessment.items`.

    Of a large bank some `columns`, the rows `where` something holds (summary units × items of the plan), or the `units`
    at some places of the summary, cost a small part of the whole.
    """
    plan, some = assessment.graded.plan, slice(None) if units is None else units
    names = assessment.summary.index[some]
    points, place = assessment.graded.points[some], assessment.measured_at[some]
    rolled = assessment.summary["rollup"].to_numpy()[some, None]
    known = (place >= 0) | (rolled & ~np.isnan(points))
    row, column = np.nonzero(known if where is None else known & where[some])
    measured = assessment.measures.frame.reset_index(drop=True)
    points, place = points[row, column], place[row, column]
    alone = bool((place >= 0).all())
    weights = assessment.item_weights[some]

    def computed(name: str) -> Any:
        if name == "points":
            return points
        weight = weights[row, column]
        if name == "weight":
            return weight
        return np.nan_to_num(weight * (points if name == "contribution" else plan.maximum - points))

    def take(name: str) -> Any:
        if name in ("unit", "item"):
            return pd.Index(names if name == "unit" else plan.items, dtype="str").take(
                row if name == "unit" else column
            )
        if name in COMPUTED:
            return computed(name)
        held = measured[name]
        found = held.array.take(place) if alone else held.reindex(pd.Index(place)).array
        return found.fillna("rolled_up") if name == "state" else found

    front = ["unit", "item", "value", "numerator", "denominator", "n", "state", *COMPUTED]
    every = [*front, *[str(name) for name in measured if name not in front]]
    return pd.DataFrame({name: take(name) for name in columns or every}, copy=False)
