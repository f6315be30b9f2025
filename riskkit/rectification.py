"""The rectification register at the cut-off: what is open, what is overdue, how old it is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from riskkit.evidence.measures import Measures
from riskkit.rows import Rows

OPEN = "open"
UNVERIFIED = "unverified"
CLOSED = "closed"
AGE_LIMITS = (0, 30, 90, 180)
"""Upper limits in days of the overdue classes: not overdue, up to 30, up to 90, up to 180, longer."""

ALWAYS = ["finding_no", "unit", "severity", "item", "found_on", "due_on", "stage", "overdue_days", "age_days"]
"""Columns of a register without rows."""
STAGED = ["found_on", "due_on", "status", "owner", "verifier", "evidence_no", "verified_on"]
"""Columns that say at which stage a finding is."""


@dataclass(frozen=True)
class Findings:
    """Findings at the cut-off; `rows` is the register with `stage, overdue_days, age_days` (days) added.

    `stage`: open; unverified (said to be done, or closed without a verifier other than the owner and evidence);
    closed. Only a verified closure is one. What is closed, or has no due date, is 0 days overdue; a finding of a day
    after the cut-off is left out.
    """

    rows: pd.DataFrame

    def outstanding(self, unit: str | None = None) -> pd.DataFrame:
        """Findings not closed, of one unit or all, the longest overdue first."""
        if unit is not None:
            return self._outstanding.of(unit)
        rows = self.rows[self.rows["stage"] != CLOSED]
        return rows.sort_values(["overdue_days", "due_on"], ascending=[False, True], kind="stable")

    def of(self, unit: str) -> pd.DataFrame:
        """One unit's findings."""
        return self._own.of(unit)

    @cached_property
    def _own(self) -> Rows:
        return Rows(self.rows)

    @cached_property
    def _outstanding(self) -> Rows:
        return Rows(self.outstanding())

    def by_unit(self) -> pd.DataFrame:
        """Indexed by unit: `outstanding, overdue, longest` (days), `major` (outstanding major ones), `closed`."""
        groups = self.rows.assign(
            outstanding=self.rows["stage"] != CLOSED,
            overdue=self.rows["overdue_days"] > 0,
            longest=self.rows["overdue_days"],
            major=(self.rows["stage"] != CLOSED) & (self.rows["severity"] == "major"),
            closed=self.rows["stage"] == CLOSED,
        ).groupby("unit")
        return groups.agg(
            {"outstanding": "sum", "overdue": "sum", "longest": "max", "major": "sum", "closed": "sum"}
        ).astype({"longest": "int64"})

    def ageing(self) -> pd.DataFrame:
        """Outstanding findings by severity (rows) and days overdue (columns: the classes of `AGE_LIMITS`)."""
        rows = self.outstanding()
        bins = pd.cut(rows["overdue_days"], [-np.inf, *AGE_LIMITS, np.inf], labels=range(len(AGE_LIMITS) + 1))
        table = pd.crosstab(rows["severity"], bins, dropna=False)
        return table.reindex(
            index=["major", "larger", "minor"], columns=range(len(AGE_LIMITS) + 1), fill_value=0
        )


def findings(measures: Measures, *, columns: Collection[str] = ()) -> Findings:
    """The findings register of a period, one row a finding; empty if the period has none.

    Reads the table `findings` at the period's cut-off, whatever the day it is read on. Of the table's columns, `rows`
    has those named and those that tell the stage, or all for none.

    >>> findings(measures).outstanding("0103")
    """
    evidence = measures.evidence[measures.period]
    if "findings" not in evidence.tables:
        return Findings(pd.DataFrame(columns=ALWAYS))
    register = evidence.some("findings", {*columns, *STAGED} if columns else ())
    cutoff = pd.Timestamp(measures.period.cutoff)
    rows = register[register["found_on"] <= cutoff]
    verified = (
        (rows["status"] == "closed")
        & rows["verifier"].notna()
        & (rows["verifier"] != rows["owner"])
        & rows["evidence_no"].notna()
        & (rows["verified_on"] <= cutoff)
    )
    rows["stage"] = np.select([verified, rows["status"] == "open"], [CLOSED, OPEN], UNVERIFIED)
    overdue = (cutoff - rows["due_on"]).dt.days.clip(lower=0)
    rows["overdue_days"] = overdue.where(rows["stage"] != CLOSED, 0).fillna(0).astype("int64")
    rows["age_days"] = (cutoff - rows["found_on"]).dt.days
    return Findings(rows.reset_index(drop=True))
