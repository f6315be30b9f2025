"""Whether units judge themselves as the inspection judges them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from riskkit.evidence.measures import Measures


@dataclass(frozen=True)
class SelfCheckGap:
    """Share of sampled cases passed, by the unit itself and by the inspection, on the items both looked at.

    `units`: indexed by unit, `self_share, inspected_share, gap` (self − inspected; positive is kinder), `items` (how
    many items were compared). A unit without both is absent.
    """

    units: pd.DataFrame


def compare_self_check(measures: Measures) -> SelfCheckGap:
    """Compare each unit's self-check with its inspection, item by item, each item counting once.

    Cases not sampled are left out; without either table, `self_check` or `checklist`, the answer is empty.

    >>> compare_self_check(measures).units.sort_values("gap").tail(1)
    """
    tables = measures.evidence[measures.period].tables
    if "self_check" not in tables or "checklist" not in tables:
        return SelfCheckGap(pd.DataFrame(columns=["self_share", "inspected_share", "gap", "items"]))
    evidence, columns = measures.evidence[measures.period], ("unit", "item", "sampled", "passed")
    own, inspected = (_shares(evidence.some(name, columns)) for name in ("self_check", "checklist"))
    both = pd.DataFrame({"self_share": own, "inspected_share": inspected}).dropna()
    groups = both.groupby(level="unit")
    units = groups.mean()
    units["gap"] = units["self_share"] - units["inspected_share"]
    units["items"] = groups.size()
    return SelfCheckGap(units)


def _shares(checks: pd.DataFrame) -> pd.Series:
    sampled = checks[checks["sampled"] > 0]
    sums = sampled.groupby(["unit", "item"])[["passed", "sampled"]].sum()
    return sums["passed"] / sums["sampled"]
