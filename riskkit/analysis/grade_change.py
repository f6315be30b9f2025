"""What holds a unit's grade down in two assessments: the score, a condition, a cap or a veto."""

from __future__ import annotations

from typing import Any

import pandas as pd

from riskkit.errors import Misuse
from riskkit.scoring.assessment import Assessment

COLUMNS = ["period", "held", "key", "grade", "needed", "found", "where", "classes", "binds"]


def grade_change(before: Assessment, after: Assessment, unit: str) -> pd.DataFrame:
    """Why a unit has no better grade, then and now: a row a reason, those of `before` first.

    `period`; the grade `held` (empty while provisional); `key`: score, provisional, or one of `Assessment.reasons`
    (node_min, coverage, confidence, no_red_line, cap, veto); the `grade` it bars, or the one a cap leaves at best;
    `needed` and `found` in points or as a share; `where` (a node or a red line); `classes`. `binds` marks what stands
    between the grade held and the next better one: without it the grade would be better, or the next reason would bind.
    A side with the best grade has no row. Raises `Misuse` for an unknown unit, or one that only one side has.

        >>> grade_change(bank.assessment("2026Q1"), bank.assessment("2026Q2"), "0302")
    """
    known = [unit in each.summary.index for each in (before, after)]
    if known[0] != known[1]:
        raise Misuse("unit_not_in_both", unit=unit)
    after.check_unit(unit)
    rows = [row for each in (before, after) for row in _reasons(each, unit)]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    texts = dict.fromkeys(("period", "held", "key", "grade", "where", "classes"), "str")
    return frame.astype({**texts, "needed": "float64", "found": "float64", "binds": "bool"})


def _reasons(assessment: Assessment, unit: str) -> list[dict[str, Any]]:
    """One side's rows: what the score bars, then the reasons in the order they were met."""
    row = assessment.summary.loc[unit]
    held = row["grade"] if isinstance(row["grade"], str) else ""
    common = {"period": str(assessment.period), "held": held, "where": "", "classes": ""}
    if row["provisional"]:
        needed = assessment.model.spec.provisional.coverage
        told = {"key": "provisional", "grade": "", "needed": needed, "found": row["coverage"], "binds": True}
        return [{**common, **told}]
    found = [
        {**common, "key": "score", "grade": spec.id, "needed": spec.min, "found": row["score"]}
        for spec in assessment.model.spec.grades[:-1]
        if row["score"] < spec.min
    ]
    reasons = assessment.reasons
    mine = reasons[reasons["unit"] == unit].drop(columns="unit")
    found += [
        {**common, **dict(zip(mine.columns, reason, strict=True))} for reason in mine.itertuples(index=False)
    ]
    return _binding(found, list(assessment.model.grades), held)


def _binding(rows: list[dict[str, Any]], grades: list[str], held: str) -> list[dict[str, Any]]:
    """Mark the rows that bind: a veto before all else, then a cap at the grade held, then what bars the next better."""
    better = grades[max(grades.index(held) - 1, 0)]
    ways = (
        [row["key"] == "veto" for row in rows],
        [row["key"] == "cap" and row["grade"] == held for row in rows],
        [row["key"] not in ("veto", "cap") and row["grade"] == better for row in rows],
    )
    chosen = next((way for way in ways if any(way)), [False] * len(rows))
    return [{**row, "binds": binds} for row, binds in zip(rows, chosen, strict=True)]
