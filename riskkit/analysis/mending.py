"""What it would bring to earn full marks on one item after another, everywhere."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import pandas as pd

from riskkit.scoring import grades
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.scales import published


def mended(assessment: Assessment, items: Iterable[str], *, apart: np.ndarray | None = None) -> pd.DataFrame:
    """The ranked units' mean score and grades with full marks on the items, each on top of those before it.

    A row an item: `item, mean` (of the published scores), `gain` (on the mean before it), `better` (units with a
    better grade than now). Where an item does not apply it stays so; deductions, caps, vetoes, coverage and classes of
    evidence stay as they are. `apart`, rows of `summary` × the plan's items, says which points are left alone.

        >>> mended(assessment, ["A3.1", "C3.1"])
    """
    ranked = assessment.summary["rank"].notna().to_numpy()
    deducted = assessment.summary["deducted"].to_numpy()
    plan = assessment.graded.plan
    points = np.array(assessment.graded.points)
    mean, rows = float(assessment.summary["score"][ranked].mean()), []
    for item in items:
        column = points[:, plan.item_position[item]]
        changed = ~np.isnan(column)
        if apart is not None:
            changed &= ~apart[:, plan.item_position[item]]
        column[changed] = plan.maximum
        scored = plan.score(points)
        final = published(np.maximum(scored.total - deducted, 0.0), assessment.model.spec.score.decimals)
        standing = dataclasses.replace(assessment.standing, score=final, node_scores=scored.columns)
        place = grades.grade(assessment.model, standing).place
        better = int((place < assessment.grading.place)[ranked].sum())
        rows.append((item, float(final[ranked].mean()), float(final[ranked].mean()) - mean, better))
        mean = rows[-1][1]
    return pd.DataFrame(rows, columns=["item", "mean", "gain", "better"])
