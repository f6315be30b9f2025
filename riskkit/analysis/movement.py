"""What moved between two periods, and which items moved it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from riskkit.analysis.attribution import Attribution, attribute
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.item_frame import item_frame


@dataclass(frozen=True)
class Movement:
    """Two assessments side by side; higher is better, a positive change is an improvement.

    `units`: indexed by unit, `name, rollup, score_before, score_after, change, grade_before, grade_after, rank_before,
    rank_after, deducted_before, deducted_after`. `items`: a row a unit and item, `points_before, points_after,
    state_before, state_after, lost_before, lost_after, change`: all that the item did to the score, by `attribute`. The
    changes of a unit's items and of its deductions add up to that of its unrounded score, whatever its means; what two
    models weigh or aggregate otherwise in a node is no item's, and stands in `why`.
    """

    before: Assessment
    after: Assessment
    units: pd.DataFrame
    why: Attribution

    @cached_property
    def items(self) -> pd.DataFrame:
        """Made when first asked for; `explain` and `moved` tell one unit's without it."""
        return self._of(self.units.index)

    def _of(self, units: pd.Index) -> pd.DataFrame:
        """The items of some units."""
        keep = ["unit", "item", "points", "state", "lost"]
        places = (each.summary.index.get_indexer(units) for each in (self.before, self.after))
        then, now = (
            item_frame(each, columns=keep, units=np.sort(place[place >= 0]))
            for each, place in zip((self.before, self.after), places, strict=True)
        )
        items = then.merge(now, on=["unit", "item"], how="outer", suffixes=("_before", "_after"))
        row = self.why.groups.index.get_indexer(pd.Index(items["unit"]))
        column = pd.Index(list(self._changes)).get_indexer(pd.Index(items["item"]))
        whole = np.column_stack(list(self._changes.values()))
        items["change"] = np.where(row >= 0, whole[row, column] if len(whole) else np.nan, np.nan)
        return items

    @cached_property
    def _changes(self) -> dict[str, np.ndarray]:
        """What each item did to the scores of `why.groups`, all groups together, by item."""
        shape = (len(self.why.groups), len(self.why.names))
        whole = sum(self.why.nodes.values(), start=np.zeros(shape))
        items = {*self.before.model.items, *self.after.model.items}
        return {name: whole[:, at] for at, name in enumerate(self.why.names) if name in items}

    def moved(self, unit: str) -> list[tuple[str, float]]:
        """What each item did to a unit's score, in the order of `items`; nothing for a unit not in both."""
        row = self.why.groups.index.get_indexer(pd.Index([unit]))[0]
        return [(name, float(self._changes[name][row])) for name in sorted(self._changes) if row >= 0]

    def explain(self, unit: str) -> pd.DataFrame:
        """One unit's items by size of change, what changed nothing left out; indexed by item.

        Raises `Misuse` for an unknown unit.
        """
        rows = self._of(pd.Index([self.after.check_unit(unit)])).set_index("item")
        rows = rows[rows["change"].abs() > 1e-9]
        return rows.reindex(rows["change"].abs().sort_values(ascending=False, kind="stable").index)


def compare(before: Assessment, after: Assessment) -> Movement:
    """Compare two assessments of the same institution, made under the same model.

    A unit present in one only has missing values on the other side and no changes. Under two different models the
    changes are those of the models too. Raises `Misuse` where the two models' scores have different maxima.

        >>> compare(bank.assessment("2026Q1"), bank.assessment("2026Q2")).explain("0103")
    """
    columns = ["score", "grade", "rank", "deducted"]
    units = pd.concat([after.summary, before.summary])[["name", "rollup"]]
    units = units[~units.index.duplicated()]
    units = units.join(before.summary[columns].add_suffix("_before"))
    units = units.join(after.summary[columns].add_suffix("_after"))
    units["change"] = units["score_after"] - units["score_before"]
    return Movement(before, after, units, attribute(before, after))
