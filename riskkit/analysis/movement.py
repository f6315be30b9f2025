"""What moved between two periods, and which items moved it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from riskkit.scoring.assessment import Assessment


@dataclass(frozen=True)
class Movement:
    """Two assessments side by side; higher is better, a positive change is an improvement.

    `units`: indexed by unit, `name, rollup, score_before, score_after, change, grade_before, grade_after, rank_before,
    rank_after, deducted_before, deducted_after`. `items`: a row a unit and item, `points_before, points_after,
    state_before, state_after, lost_before, lost_after, change`: an item moves the score by what it loses less than
    before, so that one that merely became applicable, and takes weight from its siblings, moves nothing. For an
    arithmetic model the changes of a unit's items and of its deductions add up to that of its unrounded score.
    """

    before: Assessment
    after: Assessment
    units: pd.DataFrame
    items: pd.DataFrame

    def explain(self, unit: str) -> pd.DataFrame:
        """One unit's items by size of change, what changed nothing left out; indexed by item.

        Raises `Misuse` for an unknown unit.
        """
        rows = self.items[self.items["unit"] == self.after.check_unit(unit)].set_index("item")
        rows = rows[rows["change"].abs() > 1e-9]
        return rows.reindex(rows["change"].abs().sort_values(ascending=False, kind="stable").index)


def compare(before: Assessment, after: Assessment) -> Movement:
    """Compare two assessments of the same institution, made under the same model.

    A unit or item present in one only has missing values on the other side and counts as losing nothing there.
    Under two different models the changes are those of the models too.

        >>> compare(bank.assessment("2026Q1"), bank.assessment("2026Q2")).explain("0103")
    """
    columns = ["score", "grade", "rank", "deducted"]
    units = pd.concat([after.summary, before.summary])[["name", "rollup"]]
    units = units[~units.index.duplicated()]
    units = units.join(before.summary[columns].add_suffix("_before"))
    units = units.join(after.summary[columns].add_suffix("_after"))
    units["change"] = units["score_after"] - units["score_before"]
    keep = ["unit", "item", "points", "state", "lost"]
    items = before.items[keep].merge(
        after.items[keep], on=["unit", "item"], how="outer", suffixes=("_before", "_after")
    )
    items["change"] = items["lost_before"].fillna(0.0) - items["lost_after"].fillna(0.0)
    return Movement(before, after, units, items)
