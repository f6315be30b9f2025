"""Red lines, grades and ranks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from riskkit.evidence.reach import setting
from riskkit.expressions import Expression, Setting
from riskkit.model import IndicatorModel
from riskkit.model import schema as s
from riskkit.periods import Period

IN_EFFECT = "in_effect"
OVERTURNED = "overturned"
CURED = "cured"
EARLIER = "earlier"
LATER = "later"


def settle_events(model: IndicatorModel, events: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Which confirmed red-line events count in a period, and what each costs.

    Adds `status` (in_effect, overturned, cured, earlier, later), `deduct`, `cap`, `veto`. An event counts in the
    period it was confirmed in; one whose red line lasts until cured also later, as long as it is not cured by the
    cut-off. An event overturned on appeal does not count; one under appeal does.
    """
    settled = events.copy()
    lines = [model.red_lines[name] for name in settled["red_line"]]
    settled["status"] = [
        _status(line, event, period) for line, event in zip(lines, settled.itertuples(), strict=True)
    ]
    settled["deduct"] = _deductions(lines, settled, setting(model, period))
    settled["cap"] = pd.Series([line.cap for line in lines], index=settled.index, dtype="str")
    settled["veto"] = np.array([line.veto for line in lines], dtype=bool)
    return settled


def ruled(rows: pd.DataFrame, events: pd.DataFrame, period: Period) -> np.ndarray:
    """Which candidate rows of one red line have had their ruling.

    A row that names a case is ruled once an event names the case, whatever came of it; any other row while its unit
    has an event of that red line in effect, or one confirmed in this period.
    """
    if events.empty:  # a period may have no register of events at all
        return np.zeros(len(rows), dtype=bool)
    current = events[(events["status"] == IN_EFFECT) | (events["confirmed_on"] >= pd.Timestamp(period.start))]
    by_unit = rows["unit"].isin(current["unit"])
    if "case_no" not in rows:
        return np.asarray(by_unit, dtype=bool)
    named = rows["case_no"].isin(events["case_no"].dropna())
    return np.asarray(named.where(rows["case_no"].notna(), by_unit), dtype=bool)


def _status(line: s.RedLine, event: Any, period: Period) -> str:
    start, cutoff = pd.Timestamp(period.start), pd.Timestamp(period.cutoff)
    if event.appeal == "overturned":
        return OVERTURNED
    if event.confirmed_on > cutoff:
        return LATER
    if line.until_cured and pd.notna(event.cured_on) and event.cured_on <= cutoff:
        return CURED
    return IN_EFFECT if line.until_cured or event.confirmed_on >= start else EARLIER


def _deductions(lines: list[s.RedLine], events: pd.DataFrame, known: Setting) -> np.ndarray:
    points = np.array([line.deduct for line in lines], dtype="float64")
    for position, line in enumerate(lines):
        if line.lenient is not None:
            event = events.iloc[[position]]
            if Expression(line.lenient.when).truth(event, known).iloc[0]:
                points[position] = line.lenient.deduct
    return points


@dataclass(frozen=True)
class Standing:
    """What grading needs to know of every unit, aligned: published score, node scores, coverage, and red lines met."""

    score: np.ndarray
    nodes: pd.DataFrame
    coverage: np.ndarray
    class_share: pd.DataFrame
    events: pd.DataFrame


@dataclass(frozen=True)
class Graded:
    """Grade ids and, for each unit, why it is not better: a list of {key, …}, in the order they were met."""

    grade: list[str]
    why: list[list[dict[str, Any]]]
    vetoed: np.ndarray


def grade(model: IndicatorModel, standing: Standing) -> Graded:
    """Grade by score, then conditions, then caps, then veto."""
    grades = list(model.spec.grades)
    units = list(standing.nodes.index)
    minima = np.array([grade.min for grade in grades])
    by_score = np.array(
        [
            int(np.argmax(minima <= score)) if score >= minima[-1] else len(minima) - 1
            for score in standing.score
        ]
    )
    why: list[list[dict[str, Any]]] = [[] for _ in units]
    place = by_score.copy()
    for level, spec in enumerate(grades):
        for condition in spec.conditions:
            failing = _failures(condition, model, standing)
            for row, detail in failing.items():
                if place[row] == level or (
                    place[row] == level + 1 and any(w.get("grade") == spec.id for w in why[row])
                ):
                    why[row].append({"grade": spec.id, **detail})
                    place[row] = level + 1
    order = {name: index for index, name in enumerate(model.grades)}
    position = {unit: row for row, unit in enumerate(units)}
    vetoed = np.zeros(len(units), dtype=bool)
    for event in standing.events.itertuples():
        row = position[str(event.unit)]
        if isinstance(event.cap, str) and order[event.cap] > place[row]:
            place[row] = order[event.cap]
            why[row].append({"key": "cap", "red_line": event.red_line, "cap": event.cap})
    for event in standing.events[standing.events["veto"]].itertuples():
        row = position[str(event.unit)]
        vetoed[row] = True
        place[row] = len(grades) - 1
        why[row].append({"key": "veto", "red_line": event.red_line})
    return Graded([grades[index].id for index in place], why, vetoed)


def _failures(condition: s.Condition, model: IndicatorModel, standing: Standing) -> dict[int, dict[str, Any]]:
    """Rows that fail a condition, each with the detail a reader needs."""
    if isinstance(condition, s.NodeMin):
        names = [
            name
            for name, depth in model.depths.items()
            if depth == condition.depth and model.nodes[name].weight > 0
        ]
        scores = standing.nodes[names]
        low = scores.min(axis=1)
        worst = scores.fillna(np.inf).idxmin(axis=1)
        return {
            row: {
                "key": "node_min",
                "node": worst.iloc[row],
                "found": float(low.iloc[row]),
                "needed": condition.value,
            }
            for row in map(int, np.flatnonzero(low.to_numpy() < condition.value))
        }
    if isinstance(condition, s.CoverageMin):
        short = np.flatnonzero(standing.coverage < condition.value)
        return {
            int(row): {"key": "coverage", "found": float(standing.coverage[row]), "needed": condition.value}
            for row in short
        }
    if isinstance(condition, s.ConfidenceMin):
        share = standing.class_share[list(condition.classes)].sum(axis=1).to_numpy()
        short = np.flatnonzero(share < condition.share - 1e-12)
        return {
            int(row): {
                "key": "confidence",
                "found": float(share[row]),
                "needed": condition.share,
                "classes": "/".join(condition.classes),
            }
            for row in short
        }
    met = {
        str(event.unit): str(event.red_line)
        for event in standing.events.itertuples()
        if set(model.red_lines[str(event.red_line)].effects) & set(condition.effects)
    }
    return {
        row: {"key": "no_red_line", "red_line": met[unit]}
        for row, unit in enumerate(standing.nodes.index)
        if unit in met
    }


def rank(score: pd.Series, ranked: pd.Series, vetoed: pd.Series) -> pd.Series:
    """Competition ranks (1, 2, 2, 4) by published score among ranked units, vetoed ones last; missing for the rest."""
    key = score.where(~vetoed, score - 1e6)
    return key[ranked].rank(ascending=False, method="min").reindex(score.index)


def as_text(why: list[dict[str, Any]]) -> str:
    """Reasons as stored in a frame."""
    return json.dumps(why, ensure_ascii=False, sort_keys=True) if why else ""
