"""What scores and ranks would be if some numbers of the model or of the evidence were others."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from riskkit.analysis.simulation import Simulation
from riskkit.errors import Misuse, unknown
from riskkit.scoring import variation
from riskkit.scoring.assessment import Assessment

PER_UNIT = ("value", "points")


def parameters(assessment: Assessment) -> pd.Series:
    """Every parameter `what_if` knows, with its present number; missing for what each unit has its own of.

    `weight:NODE`, `exponent:NODE` of a power mean, `value:ITEM`, `points:ITEM`, and `scale:ITEM:K:value` and
    `scale:ITEM:K:score` for the K-th knot of a scale of straight lines, counted from 0.

        >>> parameters(assessment)["weight:A1.1"]
    """
    return pd.Series(variation.parameters(assessment.assessed), dtype="float64", name="present")


def what_if(assessment: Assessment, changes: Mapping[str, float | pd.Series]) -> pd.DataFrame:
    """Published scores and ranks of the assessed units with some parameters changed, beside the present ones.

    A change is one number, or for `value:` and `points:` a series by unit that changes those units alone. Siblings'
    weights are rescaled to sum to 1. Deductions stay; an item that does not apply to a unit stays so. Indexed by unit:
    `name, score_before, score_after, change, rank_before, rank_after`; where a unit is left nothing to score, it has
    neither score nor rank after. For grades, score a changed model: `score(model.with_weights(...), measures)`.

    Raises `Misuse` for an unknown parameter or unit, and for a change that reaches no unit's total.

        >>> what_if(assessment, {"weight:A": 0.5, "value:B1.1": pd.Series({"0103": 1.0})})
    """
    given = {name: _column(assessment, name, change) for name, change in changes.items()}
    simulation = Simulation(assessment, given)
    if simulation.draws > 1:
        raise Misuse("one_number")
    scores, ranks = simulation.scores_and_ranks()
    before = assessment.summary.iloc[: len(scores)]
    return pd.DataFrame(
        {
            "name": before["name"],
            "score_before": before["score"],
            "score_after": scores[:, 0],
            "change": scores[:, 0] - before["score"],
            "rank_before": before["rank"],
            "rank_after": ranks[:, 0],
        }
    )


def _column(assessment: Assessment, name: str, change: float | pd.Series) -> np.ndarray:
    """A change as `vary` takes it: one number, or a column of all units, missing but for those of a series."""
    if not isinstance(change, pd.Series):
        return variation.as_numbers(name, change)
    kind, _, item = name.partition(":")
    scored = assessment.assessed
    if kind not in PER_UNIT or item not in scored.plan.item_position:
        raise unknown(
            "unknown_parameter", name, [f"{kind}:{item}" for kind in PER_UNIT for item in scored.plan.items]
        )
    units = assessment.summary.index[: len(scored.inner)]
    rows = units.get_indexer(change.index)
    for unit in change.index[rows < 0]:
        raise unknown("unknown_unit", str(unit), list(units))
    column = np.full((len(units), 1), np.nan)
    column[rows, 0] = variation.as_numbers(name, change)
    return column
