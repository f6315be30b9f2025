"""What moved between two periods, and which items moved it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from riskkit.scoring.assessment import Assessment


@dataclass(frozen=True)
class Movement:
    """Two assessments side by side; higher is better, a positive change is an improvement.

    `units`: indexed by unit, `name, rollup, score_before, score_after, change, grade_before, grade_after, rank_before,
    rank_after`. `items`: a row a unit and item, `points_before, points_after, state_before, state_after, change` (the
    change of the item's contribution to the total; for an arithmetic model the changes of a unit's items, less the
    change of its deductions, add up to its change of base score less deductions).
    """

    before: Assessment
    after: Assessment
    units: pd.DataFrame
    items: pd.DataFrame

    def explain(self, unit: str) -> pd.DataFrame:
        """One unit's items by size of change, those that changed nothing left out; indexed by item."""
        rows = self.items[self.items["unit"] == self.after.check_unit(unit)].set_index("item")
        rows = rows[rows["change"].abs() > 1e-9]
        return rows.reindex(rows["change"].abs().sort_values(ascending=False, kind="stable").index)


def compare(before: Assessment, after: Assessment) -> Movement:
    """Compare two assessments of the same institution, made under the same model.

    A unit or item present in one only has missing values on the other side, its contribution there counting as 0.
    Under two different models the changes are those of the models too. `Movement.explain` raises `Misuse` for an
    unknown unit.

        >>> compare(bank.assessment("2026Q1"), bank.assessment("2026Q2")).explain("0103")
    """
    columns = ["score", "grade", "rank"]
    units = after.summary[["name", "rollup"]].join(
        before.summary[columns]
        .add_suffix("_before")
        .join(after.summary[columns].add_suffix("_after"), how="outer")
    )
    units["change"] = units["score_after"] - units["score_before"]
    keep = ["unit", "item", "points", "state", "contribution"]
    items = before.items[keep].merge(
        after.items[keep], on=["unit", "item"], how="outer", suffixes=("_before", "_after")
    )
    items["change"] = items["contribution_after"].fillna(0.0) - items["contribution_before"].fillna(0.0)
    return Movement(before, after, units, items)
