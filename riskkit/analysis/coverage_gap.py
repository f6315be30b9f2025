"""What a unit would have to hand in: the items without evidence, and the coverage they would bring."""

from __future__ import annotations

import pandas as pd

from riskkit.evidence.states import COUNTED, NOT_APPLICABLE, POSTPONED
from riskkit.scoring.assessment import Assessment


def coverage_gap(assessment: Assessment, unit: str) -> pd.DataFrame:
    """The items that count and have no evidence, the heaviest first, indexed by item: `state`, `reason`, `share` of the
    weight of everything applicable (0-1), and `then`, the coverage once this one and all above it are assessed.

    Raises `Misuse` for an unknown unit.

        >>> coverage_gap(assessment, "0411")[["share", "then"]]
    """
    items = assessment.unit_items(assessment.check_unit(unit))
    weights = pd.Series(assessment.model.nominal_weights).reindex(items.index)
    whole = weights[items["state"] != NOT_APPLICABLE].sum()
    missing = ~items["state"].isin([*COUNTED, NOT_APPLICABLE, POSTPONED]) & (weights > 0)
    share = (weights[missing] / whole).sort_values(ascending=False, kind="stable")
    then = float(assessment.summary["coverage"][unit]) + share.cumsum()
    found = items.loc[share.index, ["state", "reason"]]
    return found.assign(share=share, then=then)
