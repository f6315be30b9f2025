"""The few figures of a period that a later one is set against."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from riskkit.periods import Period
from riskkit.rectification import findings
from riskkit.scoring import grades
from riskkit.scoring.assessment import Assessment


@dataclass(frozen=True)
class PeriodFigures:
    """`mean` of the published scores of the units with a grade, missing where there is none; their `grades`, by unit;
    `red_lines` in effect; findings `overdue` at the cut-off, missing without a register; the mean `coverage` of the
    assessed units, 0-1."""

    period: Period
    mean: float
    grades: pd.Series
    red_lines: int
    overdue: float
    coverage: float


def period_figures(assessment: Assessment) -> PeriodFigures:
    """A period's figures, which hold nothing of its assessment.

    >>> period_figures(bank.assessment("2025Q2")).mean
    """
    ranking, events = assessment.ranking(), assessment.events
    graded = ranking.dropna(subset=["rank"])
    felt = (events["status"] == grades.IN_EFFECT) & events["unit"].isin(assessment.summary.index)
    register = findings(assessment.measures, columns=["due_on"])
    late = math.nan if register.rows.empty else float((register.outstanding()["overdue_days"] > 0).sum())
    return PeriodFigures(
        assessment.period,
        float(graded["score"].mean()),
        graded["grade"].copy(),
        int(felt.sum()) if len(events) else 0,
        late,
        float(ranking["coverage"].mean()),
    )
