"""Targets against what was reached: by horizon, item, unit, department and post."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskkit.evidence.measures import Measures
from riskkit.model import schema as s
from riskkit.periods import Period

ATTAINED = "attained"
ON_COURSE = "on_course"
BEHIND = "behind"
MISSED = "missed"
UNREPORTED = "unreported"
INCOMPLETE = "incomplete"
NO_TARGET = "no_target"
STATUSES = (ATTAINED, ON_COURSE, BEHIND, MISSED, UNREPORTED, INCOMPLETE, NO_TARGET)
"""From what is well to what is not even set."""
HORIZONS = ("short", "middle", "long")
SLACK = 1e-9
_COLUMNS = ["unit", "department", "post", "horizon", "item", "target", "actual", "gap", "due_on"]


@dataclass(frozen=True)
class Targets:
    """The targets of departments and posts; `rows` is a row each, `handed_in` the period their table came in.

    `rows`: `unit, department, post, horizon` (short, middle, long), `item, target, actual` (in the item's unit), `gap`
    (how far beyond the target, below 0 short of it, whichever way the item runs), `due_on, status, due` (on or before
    the cut-off), `disputed` (stated otherwise than the numbers say). Who owns a target is not shown.

    `status`: attained or missed when due; on_course (there already) or behind (not there yet) before; unreported (no
    result given); incomplete (a target without owner or date); no_target. The numbers decide; where there is no actual
    value, what was stated at the due date.
    """

    rows: pd.DataFrame
    handed_in: Period | None

    def by(self, *keys: str) -> pd.DataFrame:
        """How many targets stand how, indexed by columns of `rows`: a column a status, `rows, due, reached` (attained ÷
        due; missing where none is due).

        >>> targets(measures).by("horizon")["reached"]
        """
        counts = {status: self.rows["status"] == status for status in STATUSES}
        told = self.rows[list(keys)].assign(rows=1, due=self.rows["due"], **counts)
        table = told.groupby(list(keys), observed=True).sum().astype("int64")
        return table.assign(reached=table[ATTAINED] / table["due"].where(table["due"] > 0))

    def open(self) -> pd.DataFrame:
        """The rows that ask for something, the gravest status first, within it the earliest date."""
        order = [MISSED, UNREPORTED, BEHIND, INCOMPLETE, NO_TARGET]
        rows = self.rows[self.rows["status"].isin(order) | self.rows["disputed"]]
        place = rows["status"].map({status: number for number, status in enumerate(order)}).fillna(len(order))
        return (
            rows.assign(place=place)
            .sort_values(["place", "due_on", "unit"], kind="stable", na_position="last")
            .drop(columns="place")
        )


def targets(measures: Measures) -> Targets:
    """What became of the targets at a period's cut-off; empty if no table of targets was handed in.

    Reads the newest table `targets` among the periods the measures reach back to. A target counts as reached when the
    actual value lies on it or on the better side of it, as the item's direction says; where neither side is better,
    on the target alone.

    >>> targets(measures).by("department", "post")
    """
    held = [period for period in sorted(measures.evidence) if period <= measures.period]
    came = [period for period in held if "targets" in measures.evidence[period].tables]
    if not came:
        return Targets(_judged(pd.DataFrame(columns=_INPUT), measures), None)
    return Targets(_judged(measures.evidence[came[-1]].some("targets", _INPUT), measures), came[-1])


_INPUT = [name for name in _COLUMNS if name != "gap"] + ["attained", "owner"]


def _judged(table: pd.DataFrame, measures: Measures) -> pd.DataFrame:
    rows = table[_INPUT].reset_index(drop=True)
    rows = rows.astype({"target": "float64", "actual": "float64", "attained": "boolean"})
    rows["horizon"] = pd.Categorical(rows["horizon"], HORIZONS, ordered=True)
    rows["due_on"] = pd.to_datetime(rows["due_on"])
    rows["gap"] = _gap(rows, measures.model.items)
    named = rows["item"].notna() & rows["target"].notna()
    whole = named & rows["owner"].notna() & rows["due_on"].notna()
    rows["due"] = whole & (rows["due_on"] <= pd.Timestamp(measures.period.cutoff))
    there = (rows["gap"] >= -SLACK).astype("boolean").where(rows["gap"].notna())
    stated = rows["attained"].where(rows["due"])
    reached = there.fillna(stated)
    rows["disputed"] = (whole & (there != stated)).fillna(False).astype(bool)
    yes, unknown = reached.fillna(False).astype(bool), reached.isna()
    rows["status"] = np.select(
        [~named, ~whole, unknown, rows["due"] & yes, rows["due"], yes],
        [NO_TARGET, INCOMPLETE, UNREPORTED, ATTAINED, MISSED, ON_COURSE],
        BEHIND,
    )
    return rows[[*_COLUMNS, "status", "due", "disputed"]]


def _gap(rows: pd.DataFrame, items: dict[str, s.Item]) -> pd.Series:
    """How far the actual value lies on the better side of the target."""
    beyond = rows["actual"] - rows["target"]
    direction = rows["item"].map({name: item.direction for name, item in items.items()})
    exact = -beyond.abs()
    return beyond.where(direction != "lower_better", -beyond).where(direction != "target_better", exact)
