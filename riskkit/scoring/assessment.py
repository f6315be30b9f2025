"""`score`: from measures to an `Assessment`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from riskkit.errors import Misuse, unknown
from riskkit.evidence.arrays import spread
from riskkit.evidence.files import ORIGIN
from riskkit.evidence.measures import Measures
from riskkit.evidence.reach import Reach
from riskkit.evidence.states import NOT_ASSESSED, REFUSED_STATE
from riskkit.model import IndicatorModel
from riskkit.periods import Period
from riskkit.rows import Rows
from riskkit.scoring import grades
from riskkit.scoring.coverage import shares
from riskkit.scoring.item_frame import item_frame
from riskkit.scoring.peer_groups import PeerGroups
from riskkit.scoring.plan import ROOT, Plan, Scored
from riskkit.scoring.rollups import Rollups
from riskkit.scoring.scales import published

GOOD = ("A", "B")
"""The classes of evidence a grade can rest on."""


@dataclass(frozen=True)
class Assessment:
    """Every unit's points, scores, grade and rank in one period, and why.

    `summary`: a row a unit that was assessed or rolled up, indexed by unit: `name, level, parent, peer_group, staff,
    rollup, base, deducted, score` (published), `observed, coverage, high_class` (share of weight on class A or B),
    `grade` (missing if provisional), `provisional, vetoed, rank`. `events`: red-line events with their status.
    `graded` and `observed` hold the scores of every node as arrays, their rows those of `summary`: not assessed and
    refused count 0 in the one (unless the model leaves them out) and are left out of the other.
    """

    model: IndicatorModel
    measures: Measures
    summary: pd.DataFrame
    events: pd.DataFrame
    graded: Scored
    observed: Scored
    standing: grades.Standing
    grading: grades.Graded

    @cached_property
    def items(self) -> pd.DataFrame:
        """A row a unit and item: the measure's columns plus `points` (0-maximum, higher is better), `weight` (its
        effective share of the unit's total), `contribution` and `lost` (points of the total)."""
        return item_frame(self)

    @cached_property
    def item_weights(self) -> np.ndarray:
        """Units × items of the plan: each item's effective share of the unit's total."""
        at = [self.graded.plan.names.index(name) for name in self.graded.plan.items]
        return np.asfortranarray(self.graded.weights[:, at])

    @cached_property
    def measured_at(self) -> np.ndarray:
        """Units × items of the plan: the row of `measures.frame` of an assessed unit's item; −1 for none."""
        frame, alone = self.measures.frame, self.summary.index[~self.summary["rollup"]]
        found = spread(np.arange(len(frame), dtype="int32"), frame, alone, self.graded.plan.items, -1)
        return np.pad(found, ((0, len(self.summary) - len(alone)), (0, 0)), constant_values=-1)

    @cached_property
    def states(self) -> np.ndarray:
        """Units × items of the plan: the state of an assessed unit's item as its place in `STATES`; −1 for none."""
        states = self.measures.arrays.take(self.graded.plan.items).states
        rows = self.measures.units.index.get_indexer(self.summary.index)
        return np.where(self.summary["rollup"].to_numpy()[:, None], -1, states[rows])

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """A row a unit and node, the total under the id "": `unit, node, depth, score, observed, weight`."""
        return self._nodes(slice(None))

    @property
    def root(self) -> pd.DataFrame:
        """The rows of `nodes` that hold the total."""
        return self._nodes(slice(1))

    def _nodes(self, some: slice) -> pd.DataFrame:
        names, units = self.graded.plan.names[some], list(self.summary.index)
        frame = pd.DataFrame(
            {
                "unit": np.repeat(units, len(names)),
                "node": names * len(units),
                "depth": [0, *self.model.depths.values()][some] * len(units),
                "score": self.graded.nodes[:, some].ravel(),
                "observed": self.observed.nodes[:, some].ravel(),
                "weight": self.graded.weights[:, some].ravel(),
            }
        )
        return frame.astype({"unit": "str", "node": "str"})

    @cached_property
    def reasons(self) -> pd.DataFrame:
        """Why units have no better grade, a row a reason, each unit's in the order they were met: `unit, key`
        (node_min, coverage, confidence, no_red_line, cap, veto), `grade` not reached or capped at, `needed, found,
        where` (node or red line), `classes`."""
        return grades.reason_frame(self.grading, self.summary.index)

    @property
    def period(self) -> Period:
        """The period assessed."""
        return self.measures.period

    @cached_property
    def assessed(self) -> Scored:
        """The graded scores of the assessed units alone, for simulations; their rows are those of `summary` up to the
        roll-ups."""
        return self.graded.units(slice(int((~self.summary["rollup"]).sum())))

    def check_unit(self, unit: str) -> str:
        """The unit, if it is in the assessment; raises `Misuse` with suggestions otherwise."""
        if unit not in self.summary.index:
            raise unknown("unknown_unit", unit, list(self.summary.index))
        return unit

    def ranking(self) -> pd.DataFrame:
        """Assessed units, best first; provisional ones last, without rank. Columns as in `summary`."""
        assessed = self.summary[~self.summary["rollup"]]
        return assessed.sort_values(
            ["rank", "score"], ascending=[True, False], na_position="last", kind="stable"
        )

    def rollups(self) -> pd.DataFrame:
        """Units that roll up others, the whole institution first."""
        return self.summary[self.summary["rollup"]]

    def scores(self, depth: int = 1) -> pd.DataFrame:
        """Units × nodes of one depth (1 dimensions, 2 indicators), scores 0-maximum."""
        names = [name for name, at in self.model.depths.items() if at == depth]
        columns = [self.graded.plan.names.index(name) for name in names]
        return pd.DataFrame(self.graded.nodes[:, columns], self.summary.index, pd.Index(names, name="node"))

    @cached_property
    def node_scores(self) -> pd.DataFrame:
        """Units × nodes, scores 0-maximum, the published one under the id ""."""
        frame = pd.DataFrame(
            self.graded.nodes, self.summary.index, pd.Index(self.graded.plan.names, name="node")
        )
        return frame[[ROOT, *self.model.nodes]].assign(**{ROOT: self.summary["score"]})

    @cached_property
    def peer_groups(self) -> PeerGroups:
        """Who is compared with whom."""
        return PeerGroups(self.ranking(), self.node_scores)

    def unit_scores(self, unit: str) -> dict[str, float]:
        """One unit's scores, by node, the total before deductions under the id ""; points of items too."""
        return self._by_node(self.graded.nodes, unit)

    def unit_weights(self, unit: str) -> dict[str, float]:
        """One unit's effective weights, shares of the total, by node and item."""
        return self._by_node(self.graded.weights, unit)

    def _by_node(self, values: np.ndarray, unit: str) -> dict[str, float]:
        row = self.summary.index.get_loc(self.check_unit(unit))
        return dict(zip(self.graded.plan.names, values[row].tolist(), strict=True))

    def unit_items(self, unit: str) -> pd.DataFrame:
        """One unit's items in the model's order, indexed by item. Those of the last unit asked for are kept, for a
        report asks often."""
        if unit not in self._last_items:
            place = self.summary.index.get_indexer(pd.Index([self.check_unit(unit)]))
            rows = item_frame(self, units=place).set_index("item")
            known = set(rows.index)
            self._last_items.clear()
            self._last_items[unit] = rows.reindex([name for name in self.model.items if name in known])
        return self._last_items[unit].copy()

    @cached_property
    def _last_items(self) -> dict[str, pd.DataFrame]:
        return {}

    def in_effect(self, unit: str) -> pd.DataFrame:
        """One unit's red-line events in effect."""
        return self._in_effect.of(unit)

    @cached_property
    def _in_effect(self) -> Rows:
        return Rows(self.events[self.events["status"] == grades.IN_EFFECT])

    def losses(self, unit: str) -> pd.DataFrame:
        """The list of lost points (失分清单): `kind, id, lost, state`, largest first; sums to maximum − score.

        Rows are items, deductions by red-line event, what the floor of 0 spared (negative) and the rounding of the
        published score; none for a unit without a score. Raises `Misuse` for a model that aggregates geometrically: its
        losses do not add up.
        """
        if not self.graded.plan.arithmetic:
            raise Misuse("losses_need_arithmetic")
        row: dict[Any, Any] = self.summary.loc[self.check_unit(unit)].to_dict()
        items = self.unit_items(unit)
        lost = items.loc[items["lost"] > 0, ["lost", "state"]].sort_values(
            "lost", ascending=False, kind="stable"
        )
        rows = [("item", str(name), points, state) for name, points, state in lost.itertuples()]
        if row["rollup"]:
            rows += [("deduction", "", float(row["deducted"]), "")] if row["deducted"] else []
        else:
            events = [event for event in self.in_effect(unit).to_dict("records") if event["deduct"] > 0]
            rows += [("deduction", event["red_line"], event["deduct"], event["event_no"]) for event in events]
        left = float(row["base"]) - float(row["deducted"])
        floored = max(0.0, left)
        rows += [("floor", "", left - floored, "")] if left < 0 else []
        rounding = floored - float(row["score"])
        rows += [("rounding", "", rounding, "")] if abs(rounding) > grades.SLACK else []
        frame = pd.DataFrame(rows, columns=["kind", "id", "lost", "state"])
        return frame.iloc[:0] if np.isnan(row["score"]) else frame

    def national_form(self, unit: str) -> pd.DataFrame:
        """得分/实有: `standard` (nominal points), `applicable` (实有), `earned`, `percent`, in all and by dimension.

        The percentage is earned ÷ applicable over all items at once, as the national self-assessment form does;
        it differs from the score where items do not apply, because the score rescales weights level by level. What was
        not assessed counts as in the score: as nothing earned, or not at all where the model leaves it out.
        """
        items = self.unit_items(unit)
        nominal = pd.Series(self.model.nominal_weights).reindex(items.index) * self.model.spec.score.maximum
        applies = items["points"].notna()
        share = items["points"].fillna(0.0) / self.model.spec.score.maximum
        frame = pd.DataFrame(
            {"standard": nominal, "applicable": nominal.where(applies, 0.0), "earned": nominal * share}
        )
        frame["dimension"] = [self._dimension[name] for name in items.index]
        table = frame.groupby("dimension", sort=False).sum()
        table = pd.concat([frame.drop(columns="dimension").sum().to_frame(ROOT).T, table])
        return table.assign(percent=table["earned"] / table["applicable"])

    @cached_property
    def _dimension(self) -> dict[str, str]:
        top: dict[str, str] = {}
        for name, parent in self.model.parents.items():
            top[name] = name if parent is None else top[parent]
        return top

    def candidates(self) -> pd.DataFrame:
        """Evidence rows that ask for a red-line ruling; they have no effect of their own. Columns `red_line, unit,
        table, _file, _sheet, _row`."""
        measures, frames = self.measures, []
        columns = ["red_line", "unit", "table", *ORIGIN]
        for line in self.model.spec.red_lines:
            if line.candidate is None:
                continue
            # a reach each: tables of a large bank must not be held all at once
            reach = Reach(self.model, measures.units, measures.evidence, self.period, measures.calendar)
            rows = reach.rows(line.candidate, ("unit", "case_no", *ORIGIN))
            rows = rows[~grades.ruled(rows, self.events[self.events["red_line"] == line.id], self.period)]
            frames.append(rows.assign(red_line=line.id, table=line.candidate.table)[columns])
        frames = [frame for frame in frames if len(frame)]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def score(model: IndicatorModel, measures: Measures) -> Assessment:
    """Score every unit: points, weighted roll-up over what applies, deductions, grade, rank.

    `model` may differ from the one the measures were made with in weights, scales, red lines and grades.

        >>> score(measures.model.with_weights({"A": 0.3, "B": 0.3, "C": 0.4}), measures).ranking()
    """
    return _Scoring(model, measures).assessment()


class _Scoring:
    def __init__(self, model: IndicatorModel, measures: Measures) -> None:
        self.model = model
        self.measures = measures
        self.plan = Plan(model)
        self.arrays = measures.arrays.take(model.items)
        self.register = measures.units
        self.assessed = self.register["level"].isin(model.assessed_levels).to_numpy(dtype=bool)
        self.alone = np.flatnonzero(self.assessed)
        above = np.unique(measures.parents)
        together = above[(above >= 0) & ~self.assessed[above]]
        self.rollups = Rollups(measures.parents, measures.heads, together)
        self.places = np.concatenate([self.alone, together])
        self.whole = bool(self.assessed.all())

    def assessment(self) -> Assessment:
        units = self.register.index if self.whole else self.register.index[self.places]
        events = grades.settle_events(self.model, self.measures.red_line_events, self.measures.period)
        counted = events[events["status"] == grades.IN_EFFECT]
        graded, observed = self._scored()
        summary = self._summary(units, graded, observed, self._deducted(counted))
        nominal = np.array([self.model.nominal_weights[name] for name in self.plan.items])
        coverage, on_classes = shares(nominal, self.arrays, self.alone, self.rollups)
        summary["coverage"], summary["high_class"] = coverage.coverage(), on_classes(GOOD)
        standing = grades.Standing(
            units,
            summary["score"].to_numpy(),
            graded.columns,
            summary["coverage"].to_numpy(),
            on_classes,
            counted if counted.empty else counted[counted["unit"].isin(units)],
        )
        grading = grades.grade(self.model, standing)
        self._ranked(summary, grading)
        return Assessment(
            self.model,
            self.measures,
            summary,
            events.reset_index(drop=True),
            graded,
            observed,
            standing,
            grading,
        )

    def _scored(self) -> tuple[Scored, Scored]:
        """Scores of the assessed units, then of the roll-ups: as graded, and as observed."""
        unanswered = self.arrays.among([NOT_ASSESSED, REFUSED_STATE])
        left_out = self.model.spec.missing == "left_out" or not unanswered.any()
        fold = self.plan.fold(self.arrays.bounds) if self.whole else None
        if fold is not None:
            inner = np.clip(fold.inner(self.arrays.values), 0.0, self.plan.maximum)
            scored = Scored(self.plan, inner, None, self.arrays.values)
            return scored, scored
        seen = self.plan.points(self.arrays.values)
        observed = self._score(seen)
        return (observed if left_out else self._score(np.where(unanswered, 0.0, seen))), observed

    def _score(self, points: np.ndarray) -> Scored:
        if self.whole:
            return self.plan.score(points, self.arrays.values)
        own, values = points[self.alone], self.arrays.values[self.alone]
        rolled = self.rollups.mean(points, ~np.isnan(points))
        return self.plan.score(
            np.concatenate([own, rolled]), np.concatenate([values, np.full_like(rolled, np.nan)])
        )

    def _deducted(self, counted: pd.DataFrame) -> np.ndarray:
        found = np.zeros(len(self.register))
        if counted.empty:
            return np.asarray(found[self.places])
        at = self.register.index.get_indexer(pd.Index(counted["unit"]))
        np.add.at(found, at, counted["deduct"].to_numpy(dtype="float64"))
        return np.concatenate([found[self.alone], self.rollups.deductions(found, self.assessed)])

    def _summary(
        self, units: pd.Index, graded: Scored, observed: Scored, deducted: np.ndarray
    ) -> pd.DataFrame:
        final = published(np.maximum(graded.total - deducted, 0.0), self.model.spec.score.decimals)
        register = self.register[["name", "level", "parent", "peer_group"]]
        known = register if self.whole else register.take(self.places)
        numbers = {
            "staff": self.measures.heads[self.places],
            "rollup": np.arange(len(units)) >= len(self.alone),
            "base": graded.total,
            "deducted": deducted,
            "score": final,
            "observed": observed.total,
        }
        return pd.concat([known, pd.DataFrame(numbers, index=units)], axis=1).rename_axis("unit")

    def _ranked(self, summary: pd.DataFrame, grading: grades.Graded) -> None:
        """Put grade, provisional, vetoed and rank on a summary."""
        score = summary["score"].to_numpy()
        short = summary["coverage"].to_numpy() < self.model.spec.provisional.coverage - grades.SLACK
        provisional = short | np.isnan(score)
        names = pd.array(list(self.model.grades), dtype="str")
        summary["grade"] = names.take(np.where(provisional, -1, grading.place), allow_fill=True)
        summary["provisional"] = provisional
        summary["vetoed"] = grading.vetoed
        ranked = ~summary["rollup"].to_numpy() & ~provisional
        summary["rank"] = grades.rank(score, ranked, grading.vetoed)
