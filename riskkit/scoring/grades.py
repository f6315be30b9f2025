"""Red lines, grades and ranks."""

from __future__ import annotations

from collections.abc import Callable
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
    for rows in events.groupby("red_line").indices.values():
        lenient = lines[rows[0]].lenient
        if lenient is not None:
            kindly = Expression(lenient.when).truth(events.iloc[rows], known).to_numpy(dtype=bool)
            points[rows[kindly]] = lenient.deduct
    return points


SLACK = 1e-9
"""How far an unrounded number may fall short of a minimum by the rounding of sums alone."""


@dataclass(frozen=True)
class Standing:
    """What grading needs to know of every unit, aligned with `units`: published score, the scores of given nodes
    (units × nodes), coverage, the share of weight on given classes of evidence, and the red-line events in effect."""

    units: pd.Index
    score: np.ndarray
    node_scores: Callable[[list[str]], np.ndarray]
    coverage: np.ndarray
    class_share: Callable[[tuple[str, ...]], np.ndarray]
    events: pd.DataFrame


@dataclass(frozen=True)
class Reason:
    """One reason why some units (their places in `rows`) have no better grade: `key` (node_min, coverage, confidence,
    no_red_line, cap, veto), the `grade` they did not get, and for each unit what was `found` and `where` (a node or a
    red line)."""

    key: str
    rows: np.ndarray
    grade: str = ""
    needed: float = np.nan
    found: np.ndarray | None = None
    where: np.ndarray | None = None
    classes: str = ""


@dataclass(frozen=True)
class Graded:
    """The place of each unit's grade, best 0; whether it was vetoed; and every reason, in the order they were met."""

    place: np.ndarray
    vetoed: np.ndarray
    reasons: list[Reason]


def grade(model: IndicatorModel, standing: Standing) -> Graded:
    """Grade by score, then conditions, then caps, then veto."""
    grades = list(model.spec.grades)
    falling = -np.array([each.min for each in grades])
    place = np.minimum(np.searchsorted(falling, -np.nan_to_num(standing.score, nan=-np.inf)), len(grades) - 1)
    reasons: list[Reason] = []
    for level, spec in enumerate(grades):
        held = place == level
        fell = np.zeros(len(place), dtype=bool)
        for condition in spec.conditions if held.any() else ():
            reason = _failure(condition, spec.id, held, model, standing)
            if reason is not None:
                reasons.append(reason)
                fell[reason.rows] = True
        place = place + fell
    return _ruled_out(model, standing, place, reasons)


def _ruled_out(model: IndicatorModel, standing: Standing, place: np.ndarray, reasons: list[Reason]) -> Graded:
    """Caps, event by event, then vetoes."""
    if standing.events.empty:
        return Graded(place, np.zeros(len(place), dtype=bool), reasons)
    order = {name: index for index, name in enumerate(model.grades)}
    vetoed = np.zeros(len(place), dtype=bool)
    events = standing.events
    rows = standing.units.get_indexer(pd.Index(events["unit"]))
    for row, line, cap in zip(rows, events["red_line"], events["cap"], strict=True):
        if isinstance(cap, str) and order[cap] > place[row]:
            place[row] = order[cap]
            reasons.append(Reason("cap", np.array([row]), grade=cap, where=np.array([line], dtype=object)))
    for row, line in zip(rows[events["veto"]], events.loc[events["veto"], "red_line"], strict=True):
        vetoed[row], place[row] = True, len(order) - 1
        reasons.append(Reason("veto", np.array([row]), where=np.array([line], dtype=object)))
    return Graded(place, vetoed, reasons)


def _failure(
    condition: s.Condition, grade_id: str, held: np.ndarray, model: IndicatorModel, standing: Standing
) -> Reason | None:
    """The units among `held` that fail a condition, with what a reader needs to know."""
    if isinstance(condition, s.NoRedLine):
        return _red_lines_met(condition, grade_id, held, model, standing)
    where, classes = None, ""
    if isinstance(condition, s.NodeMin):
        needed = condition.value
        names = [n for n, at in model.depths.items() if at == condition.depth and model.nodes[n].weight > 0]
        scores = standing.node_scores(names)
        filled = np.where(np.isnan(scores), np.inf, scores)
        found, where = filled.min(axis=1), np.array(names, dtype=object)[filled.argmin(axis=1)]
    elif isinstance(condition, s.CoverageMin):
        needed, found = condition.value, standing.coverage
    else:
        needed, found = condition.share, standing.class_share(condition.classes)
        classes = "/".join(condition.classes)
    rows = np.flatnonzero(held & (found < needed - SLACK))
    if not len(rows):
        return None
    at = None if where is None else where[rows]
    return Reason(condition.kind, rows, grade_id, needed, found[rows], at, classes)


def failing(condition: s.Condition, model: IndicatorModel, standing: Standing) -> np.ndarray:
    """The places of the units that fail a condition, whatever their grade."""
    reason = _failure(condition, "", np.ones(len(standing.units), dtype=bool), model, standing)
    return np.zeros(0, dtype="int64") if reason is None else reason.rows


def _red_lines_met(
    condition: s.NoRedLine, grade_id: str, held: np.ndarray, model: IndicatorModel, standing: Standing
) -> Reason | None:
    if standing.events.empty:
        return None
    counts = [name for name, line in model.red_lines.items() if set(line.effects) & set(condition.effects)]
    met = standing.events[standing.events["red_line"].isin(counts)].drop_duplicates("unit", keep="last")
    rows = standing.units.get_indexer(pd.Index(met["unit"]))
    chosen = held[rows]
    if not chosen.any():
        return None
    lines = met["red_line"].to_numpy(dtype=object)[chosen]
    return Reason(condition.kind, rows[chosen], grade_id, where=lines)


def reason_frame(graded: Graded, units: pd.Index) -> pd.DataFrame:
    """A row a reason, units in their order and each one's reasons in the order they were met: `unit, key, grade,
    needed, found, where, classes`."""
    parts = [
        pd.DataFrame(
            {
                "unit": units[reason.rows],
                "key": reason.key,
                "grade": reason.grade,
                "needed": reason.needed,
                "found": np.nan if reason.found is None else reason.found,
                "where": "" if reason.where is None else reason.where,
                "classes": reason.classes,
                "_row": reason.rows,
            }
        )
        for reason in graded.reasons
    ]
    texts = dict.fromkeys(("unit", "key", "grade", "where", "classes"), "str")
    if not parts:
        columns = ["unit", "key", "grade", "needed", "found", "where", "classes"]
        return pd.DataFrame(columns=columns).astype(texts | {"needed": "float64", "found": "float64"})
    whole = pd.concat(parts, ignore_index=True).sort_values("_row", kind="stable", ignore_index=True)
    return whole.drop(columns="_row").astype(texts)


def rank(score: np.ndarray, ranked: np.ndarray, vetoed: np.ndarray) -> np.ndarray:
    """Competition ranks (1, 2, 2, 4) by published score among ranked units, vetoed ones last; missing for the rest."""
    found = np.full(len(score), np.nan)
    ahead = 0
    for some in (ranked & ~vetoed, ranked & vetoed):
        found[some] = ahead + pd.Series(score[some]).rank(ascending=False, method="min").to_numpy()
        ahead += int(some.sum())
    return found
