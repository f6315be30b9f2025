"""The few numbers a page is built around: means, trends, shares, and what lies behind a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from riskkit.evidence.states import CARRIED, NOT_APPLICABLE, POSTPONED, STATES
from riskkit.report.pack import QuarterPack
from riskkit.scoring.assessment import Assessment

DEDUCTION = ""
"""Stands for red-line deductions among the causes of a change."""


def cell(frame: pd.DataFrame, row: object, column: str) -> Any:
    """One value of a frame."""
    return frame.at[row, column]


def row_of(frame: pd.DataFrame, row: object) -> pd.Series:
    """One row of a frame."""
    found: pd.Series = frame.loc[row]  # type: ignore[call-overload]
    return found


def number(frame: pd.DataFrame, row: object, column: str) -> float:
    """One value of a frame as a number."""
    return float(cell(frame, row, column))


@dataclass(frozen=True)
class Trend:
    """The graded units' scores, period by period: mean, and the bounds of the middle half."""

    periods: list[str]
    mean: list[float]
    low: list[float]
    high: list[float]


def graded(assessment: Assessment) -> pd.DataFrame:
    """The units with a grade and a rank, best first."""
    return assessment.ranking().dropna(subset=["rank"])


def mean_score(assessment: Assessment | None) -> float:
    """The plain mean of the graded units' published scores; not a number for no assessment."""
    return float("nan") if assessment is None else float(graded(assessment)["score"].mean())


def trend(pack: QuarterPack) -> Trend:
    """The mean and middle half of the graded units in every period up to the pack's."""
    rows = pack.totals[pack.totals["level"].isin(pack.model.assessed_levels)]
    scores = rows.dropna(subset=["grade"]).groupby("period")["score"]
    frame = pd.DataFrame({"mean": scores.mean(), "low": scores.quantile(0.25), "high": scores.quantile(0.75)})
    return Trend(
        [str(name) for name in frame.index], *(frame[name].tolist() for name in ("mean", "low", "high"))
    )


def grade_counts(pack: QuarterPack, units: Sequence[str] | None = None) -> dict[str, int]:
    """How many graded units have each grade, best grade first."""
    rows = pack.graded
    chosen = rows if units is None else rows[rows.index.isin(units)]
    counts = chosen["grade"].value_counts()
    return {name: int(counts.get(name, 0)) for name in pack.model.grades}


def carried_share(assessment: Assessment, units: Sequence[str]) -> float:
    """Share of the weight of everything applicable that rests on values carried over, mean over units."""
    shares = carried_shares(assessment).reindex(list(units))
    return float(shares.mean()) if len(shares) else float("nan")


def carried_shares(assessment: Assessment) -> pd.Series:
    """The share of weight carried over, a unit."""
    states, rolled = assessment.states, assessment.summary["rollup"].to_numpy()[:, None]
    known = (states >= 0) | (rolled & ~np.isnan(assessment.graded.points))
    applies = known & ~np.isin(states, [STATES.index(name) for name in (NOT_APPLICABLE, POSTPONED)])
    nominal = np.array([assessment.model.nominal_weights[name] for name in assessment.graded.plan.items])
    carried, whole = (_summed(nominal * some) for some in (states == STATES.index(CARRIED), applies))
    share = np.divide(carried, whole, out=np.zeros_like(whole), where=whole > 0)
    return pd.Series(share, assessment.summary.index)


def _summed(parts: np.ndarray) -> np.ndarray:
    """The sum of every row; what each addition rounds off enters the next, as where pandas adds up groups."""
    total, rounded = np.zeros(len(parts)), np.zeros(len(parts))
    for part in parts.T:
        more = part - rounded
        added = total + more
        rounded = (added - total) - more
        total = added
    return total


def causes(pack: QuarterPack, unit: str, count: int = 3) -> list[tuple[str, float]]:
    """What moved a unit's score most: items, and its deductions under "", with what each moved; largest first."""
    if pack.movement is None or pack.before is None or unit not in pack.before.summary.index:
        return []
    units = pack.movement.units
    deducted = float(units.at[unit, "deducted_before"]) - float(units.at[unit, "deducted_after"])  # type: ignore[arg-type]
    smallest = 0.5 * 10**-pack.model.spec.score.decimals
    felt = [
        (item, change)
        for item, change in [*pack.movement.moved(unit), (DEDUCTION, deducted)]
        if abs(change) >= smallest
    ]
    return sorted(felt, key=lambda each: -abs(each[1]))[:count]


def comparable(pack: QuarterPack) -> pd.DataFrame:
    """The changes of the units graded in both periods, the greatest gain first; empty for the first period."""
    if pack.movement is None:
        return pd.DataFrame(columns=["name", "change"])
    units = pack.movement.units
    both = units[
        ~units["rollup"].fillna(False).astype(bool)
        & units["grade_before"].notna()
        & units["grade_after"].notna()
    ]
    return both.sort_values("change", ascending=False, kind="stable")


def indicators(assessment: Assessment) -> list[str]:
    """The nodes of depth 2 that count, in the model's order."""
    return [
        name
        for name, depth in assessment.model.depths.items()
        if depth == 2 and assessment.model.nodes[name].weight > 0
    ]


def weakest(assessment: Assessment, unit: str) -> tuple[str, float] | None:
    """A unit's dimension with the lowest score; none where nothing was scored."""
    names = [node.id for node in assessment.model.dimensions if node.weight > 0]
    scores = row_of(assessment.scores(1)[names], unit).dropna()
    return (str(scores.idxmin()), float(scores.min())) if len(scores) else None
