"""`score`: from measures to an `Assessment`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from riskkit.errors import Misuse, unknown
from riskkit.evidence.measures import Measures
from riskkit.evidence.reach import Reach
from riskkit.evidence.states import COUNTED, NOT_APPLICABLE, POSTPONED
from riskkit.model import IndicatorModel
from riskkit.periods import Period
from riskkit.scoring import grades
from riskkit.scoring.grid import Grid, share
from riskkit.scoring.plan import ROOT, Plan
from riskkit.scoring.scales import curve, published

CLASSES = ("A", "B", "C", "D")


@dataclass(frozen=True)
class Assessment:
    """Every unit's points, scores, grade and rank in one period, and why.

    `items`: a row a unit and item: the measure's columns plus `points` (0-maximum, higher is better), `weight` (its
    effective share of the unit's total), `contribution` and `lost` (points of the total). `nodes`: a row a unit and
    node, the total under the id "": `score` (not assessed and refused count 0) and `observed` (they are left out).
    `summary`: a row a unit that was assessed or rolled up, indexed by unit: `name, level, parent, peer_group, staff,
    rollup, base, deducted, score` (published), `observed, coverage, high_class` (share of weight on class A or B),
    `grade` (missing if provisional), `provisional, vetoed, rank, why`. `events`: red-line events with their status.
    """

    model: IndicatorModel
    measures: Measures
    items: pd.DataFrame
    nodes: pd.DataFrame
    summary: pd.DataFrame
    events: pd.DataFrame

    @property
    def period(self) -> Period:
        """The period assessed."""
        return self.measures.period

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
        chosen = self.nodes[self.nodes["depth"] == depth]
        names = [name for name, at in self.model.depths.items() if at == depth]
        return chosen.pivot(index="unit", columns="node", values="score").reindex(
            index=self.summary.index, columns=names
        )

    def unit_items(self, unit: str) -> pd.DataFrame:
        """One unit's items in the model's order, indexed by item."""
        rows = self.items[self.items["unit"] == self.check_unit(unit)].set_index("item")
        return rows.reindex([name for name in self.model.items if name in rows.index])

    def losses(self, unit: str) -> pd.DataFrame:
        """The list of lost points (失分清单): `kind, id, lost, state`, largest first; sums to maximum − score.

        Rows are items, deductions by red-line event, what the floor of 0 spared (negative) and the rounding of the
        published score. Raises `Misuse` for a model that aggregates geometrically: its losses do not add up.
        """
        if not Plan(self.model).arithmetic:
            raise Misuse("losses_need_arithmetic")
        row: dict[Any, Any] = self.summary.loc[self.check_unit(unit)].to_dict()
        items = self.unit_items(unit)
        lost = items[items["lost"] > 0].sort_values("lost", ascending=False, kind="stable")
        rows = [
            ("item", name, float(entry["lost"]), entry["state"])
            for name, entry in lost.to_dict("index").items()
        ]
        if row["rollup"]:
            rows += [("deduction", "", float(row["deducted"]), "")] if row["deducted"] else []
        else:
            mine = self.events[(self.events["unit"] == unit) & (self.events["status"] == grades.IN_EFFECT)]
            events = [event for event in mine.to_dict("records") if event["deduct"] > 0]
            rows += [("deduction", event["red_line"], event["deduct"], event["event_no"]) for event in events]
        left = float(row["base"]) - float(row["deducted"])
        floored = max(0.0, left)
        rows += [("floor", "", left - floored, "")] if left < 0 else []
        rounding = floored - float(row["score"])
        rows += [("rounding", "", rounding, "")] if rounding else []
        return pd.DataFrame(rows, columns=["kind", "id", "lost", "state"])

    def national_form(self, unit: str) -> pd.DataFrame:
        """得分/实有: `standard` (nominal points), `applicable` (实有), `earned`, `percent`, in all and by dimension.

        The percentage is earned ÷ applicable over all items at once, as the national self-assessment form does;
        it differs from the score where items do not apply, because the score rescales weights level by level.
        """
        items = self.unit_items(unit)
        nominal = pd.Series(self.model.nominal_weights).reindex(items.index) * self.model.spec.score.maximum
        applies = ~items["state"].isin([NOT_APPLICABLE, POSTPONED])
        share = items["points"].where(applies, 0.0).fillna(0.0) / self.model.spec.score.maximum
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
        reach = Reach(
            self.model, self.measures.units, self.measures.evidence, self.period, self.measures.calendar
        )
        frames = []
        for line in self.model.spec.red_lines:
            if line.candidate is None:
                continue
            rows = reach.rows(line.candidate)
            rows = rows[~grades.ruled(rows, self.events[self.events["red_line"] == line.id], self.period)]
            frames.append(rows.assign(red_line=line.id, table=line.candidate.table))
        columns = ["red_line", "unit", "table", "_file", "_sheet", "_row"]
        frames = [frame[columns] for frame in frames if len(frame)]
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
        self.maximum = model.spec.score.maximum
        self.register = measures.units
        self.items = self._points()
        self.names = list(model.items)
        staff = measures.staff.reindex(self.register.index).fillna(0.0)
        self.staff = staff.where(staff > 0, self.register["staff"].fillna(0.0))

    def _points(self) -> pd.DataFrame:
        items = self.measures.frame[self.measures.frame["item"].isin(self.model.items)].copy()
        counted = items["state"].isin(COUNTED)
        items["points"] = np.nan
        for name, rows in items[counted].groupby("item", sort=False):
            item = self.model.items[str(name)]
            values = rows["value"].to_numpy(dtype="float64")
            items.loc[rows.index, "points"] = curve(item, self.model.spec).points(values)
        out = items["state"].isin([NOT_APPLICABLE, POSTPONED])
        items.loc[~counted & ~out, "points"] = 0.0
        return items

    def _grid(self, column: str) -> pd.DataFrame:
        return self.items.pivot(index="unit", columns="item", values=column).reindex(
            index=self.register.index, columns=self.names
        )

    def assessment(self) -> Assessment:
        given = self._grid("points")
        state = self._grid("state")
        measured = state.isin(COUNTED)
        applicable = state.notna() & (state != NOT_APPLICABLE)
        own = Grid(
            given.to_numpy(dtype="float64"),
            given.where(measured).to_numpy(dtype="float64"),
            measured.to_numpy(dtype="float64"),
            applicable.to_numpy(dtype="float64"),
            self._classes(measured),
        )
        events = grades.settle_events(self.model, self.measures.red_line_events, self.period)
        counted = events[events["status"] == grades.IN_EFFECT]
        deducted = counted.groupby("unit")["deduct"].sum().reindex(self.register.index, fill_value=0.0)
        alone, together = self._assessed_and_rollups()
        grid = own.rows(alone).stacked(self._rolled(own, together))
        units = [self.register.index[i] for i in alone] + [self.register.index[i] for i in together]
        deductions = np.concatenate(
            [deducted.to_numpy()[alone], self._rolled_deductions(deducted.to_numpy(), together)]
        )
        conservative = self.plan.score(grid.points, ~np.isnan(grid.points))
        observed = self.plan.score(grid.observed, ~np.isnan(grid.observed))
        nodes = self._node_frame(units, conservative.scores, observed.scores, conservative.weights)
        summary = self._summary(
            units, len(alone), grid, conservative.scores, observed.scores[:, 0], deductions, counted
        )
        items = self._item_frame(units, len(alone), grid, conservative.weights)
        return Assessment(self.model, self.measures, items, nodes, summary, events.reset_index(drop=True))

    @property
    def period(self) -> Period:
        return self.measures.period

    def _classes(self, measured: pd.DataFrame) -> dict[str, np.ndarray]:
        classes = self._grid("confidence")
        return {name: ((classes == name) & measured).to_numpy(dtype="float64") for name in CLASSES}

    def _assessed_and_rollups(self) -> tuple[list[int], list[int]]:
        assessed = self.register["level"].isin(self.model.assessed_levels).to_numpy()
        parents = set(self.register["parent"].dropna())
        alone = [i for i, unit in enumerate(self.register.index) if assessed[i]]
        together = [i for i, unit in enumerate(self.register.index) if not assessed[i] and unit in parents]
        return alone, together

    @cached_property
    def _subtrees(self) -> dict[str, list[int]]:
        """Positions of a unit and everything below it."""
        position = {unit: i for i, unit in enumerate(self.register.index)}
        below: dict[str, list[int]] = {unit: [i] for unit, i in position.items()}
        for i in position.values():
            parent = self.register["parent"].iloc[i]
            while isinstance(parent, str):
                below[parent].append(i)
                parent = self.register["parent"].iloc[position[parent]]
        return below

    def _rolled(self, own: Grid, together: list[int]) -> list[Grid]:
        members = [sorted(self._subtrees[self.register.index[index]]) for index in together]
        return [own.rows(chosen).mean(self.staff.to_numpy()[chosen]) for chosen in members]

    def _rolled_deductions(self, deducted: np.ndarray, together: list[int]) -> np.ndarray:
        """The mean deduction of the assessed units below, and in full what the office itself was found to have done."""
        assessed = self.register["level"].isin(self.model.assessed_levels).to_numpy()
        means = []
        for index in together:
            members = [i for i in self._subtrees[self.register.index[index]] if assessed[i]]
            weights = self.staff.to_numpy()[members]
            below = float((deducted[members] * weights).sum() / weights.sum()) if weights.sum() else 0.0
            means.append(below + float(deducted[index]))
        return np.array(means)

    def _node_frame(
        self, units: list[str], scores: np.ndarray, observed: np.ndarray, weights: np.ndarray
    ) -> pd.DataFrame:
        names = self.plan.names
        depths = [0, *self.model.depths.values()]
        frame = pd.DataFrame(
            {
                "unit": np.repeat(units, len(names)),
                "node": names * len(units),
                "depth": depths * len(units),
                "score": scores.ravel(),
                "observed": observed.ravel(),
                "weight": weights.ravel(),
            }
        )
        return frame.astype({"unit": "str", "node": "str"})

    def _item_frame(self, units: list[str], assessed: int, grid: Grid, weights: np.ndarray) -> pd.DataFrame:
        """Assessed units' items with their points, and roll-ups' mean points."""
        effective = weights[:, self.plan.items]
        full = pd.DataFrame(
            {
                "unit": np.repeat(units, len(self.names)),
                "item": self.names * len(units),
                "points": grid.points.ravel(),
                "weight": effective.ravel(),
            }
        ).astype({"unit": "str", "item": "str"})
        measured = self.items[self.items["unit"].isin(units[:assessed])].drop(columns="points")
        items = full.merge(measured, on=["unit", "item"], how="left", validate="one_to_one")
        rolled = items["unit"].isin(units[assessed:])
        items = items[items["state"].notna() | (rolled & items["points"].notna())].copy()
        items["state"] = items["state"].fillna("rolled_up")
        items["contribution"] = (items["weight"] * items["points"]).fillna(0.0)
        items["lost"] = (items["weight"] * (self.maximum - items["points"])).fillna(0.0)
        front = ["unit", "item", "value", "numerator", "denominator", "n", "state"]
        front += ["points", "weight", "contribution", "lost"]
        return items[[*front, *[column for column in items if column not in front]]].reset_index(drop=True)

    def _summary(
        self,
        units: list[str],
        assessed: int,
        grid: Grid,
        scores: np.ndarray,
        observed: np.ndarray,
        deducted: np.ndarray,
        events: pd.DataFrame,
    ) -> pd.DataFrame:
        base = scores[:, 0]
        final = published(np.maximum(base - deducted, 0.0), self.model.spec.score.decimals)
        nominal = np.array([self.model.nominal_weights[name] for name in self.names])
        coverage = share(grid.measured, grid.applicable, nominal)
        classes = pd.DataFrame(
            {name: share(values, grid.measured, nominal) for name, values in grid.classes.items()}
        )
        node_scores = pd.DataFrame(scores[:, 1:], index=units, columns=self.plan.names[1:])
        alone = np.arange(len(units)) < assessed
        standing = grades.Standing(final, node_scores, coverage, classes, events[events["unit"].isin(units)])
        graded = grades.grade(self.model, standing)
        provisional = (coverage < self.model.spec.provisional.coverage) | np.isnan(final)
        register = self.register.loc[units]
        summary = pd.DataFrame(
            {
                "name": register["name"],
                "level": register["level"],
                "parent": register["parent"],
                "peer_group": register["peer_group"],
                "staff": self.staff.loc[units],
                "rollup": ~alone,
                "base": base,
                "deducted": deducted,
                "score": final,
                "observed": observed,
                "coverage": coverage,
                "high_class": (classes["A"] + classes["B"]).to_numpy(),
                "grade": pd.Series(graded.grade, index=units, dtype="str").where(~provisional),
                "provisional": provisional,
                "vetoed": graded.vetoed,
                "why": pd.Series([grades.as_text(why) for why in graded.why], index=units, dtype="str"),
            },
            index=pd.Index(units, name="unit"),
        )
        ranked = ~summary["rollup"] & ~summary["provisional"]
        summary["rank"] = grades.rank(summary["score"], ranked, summary["vetoed"])
        return summary
