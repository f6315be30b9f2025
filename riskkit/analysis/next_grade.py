"""The cheapest way up: which items to improve, and how far, to reach the next better grade with the least effort."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from riskkit.analysis.grade_gap import Requirement, grade_gap
from riskkit.analysis.nested_needs import Need, taken_up
from riskkit.errors import Misuse, unknown
from riskkit.model import schema as s
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.inverse import levels, value_for
from riskkit.scoring.plan import ROOT, Branching, Plan
from riskkit.scoring.scales import published

MARGIN = 1e-6
"""Points beyond what is required, more than the tolerance of the solver."""
NEAR = 1e-5
"""Points of a step or of full marks that the solver may leave out."""
Reason = Literal["", "best", "provisional", "rollup", "aggregate", "out_of_reach"]


@dataclass(frozen=True)
class NextGrade:
    """The least effort with which a unit reaches the next better grade.

    `grade`: that grade, none for a unit that has the best or none. `reason` why there is no plan: `best`,
    `provisional`, `rollup` (its points are means over other units), `aggregate` (a mean that is neither arithmetic nor
    a minimum), `out_of_reach` (not even with every item at its best); empty for a plan. `first`: what the grade asks
    for that better items cannot meet, and, out of reach, the scores that stay short, `found` being the best they can
    come to. `items`: the plan, indexed by item, the largest gain first: `points` and `needed` (0-maximum), `gain` in
    the total, `value` and `target` in the item's own unit, `state`, `effort`. `effort`: their sum; `score`: the
    published score the plan comes to. Both are missing without a plan.
    """

    assessment: Assessment
    unit: str
    grade: str | None
    reason: Reason
    first: tuple[Requirement, ...]
    items: pd.DataFrame
    effort: float = math.nan
    score: float = math.nan

    def evidence(self, item: str) -> pd.DataFrame:
        """The evidence rows an item of the plan was measured on, as in `Measures.evidence_rows`."""
        return self.assessment.measures.evidence_rows(self.unit, item)


def next_grade(assessment: Assessment, unit: str, costs: Mapping[str, float] | None = None) -> NextGrade:
    """The set of improvements with the least effort that brings a unit to the next better grade.

    An item improved costs `costs[item]` · (1 + points gained ÷ maximum): once for being taken up at all, and again in
    proportion to what is gained, so that few items are tackled before many, and large gaps count for more than small
    ones. An item not named costs 1; one of infinite cost is left as it is. Everything else stays as assessed, the
    deductions of red lines too. Found by mixed-integer linear programming as a fixed-charge problem: Hirsch and Dantzig
    (1968), *Naval Research Logistics Quarterly* 15, 413-424; where all means are arithmetic by `nested_needs`, else
    with HiGHS through `scipy.optimize.milp`. Which of several ways of the same effort it is, is not said.

    Raises `Misuse` for an unknown unit or item, and for a cost that is not above 0.

        >>> next_grade(bank.assessment("2026Q2"), "0103").items[["points", "needed", "gain"]]
    """
    gap = grade_gap(assessment, unit)
    costs = dict(costs or {})
    _check(costs, assessment)
    first = tuple(
        each for each in gap.requirements if not each.met and each.kind not in ("score", "node_min")
    )
    if assessment.summary["provisional"][unit]:
        found = float(assessment.summary["coverage"][unit])
        short = Requirement("coverage", False, assessment.model.spec.provisional.coverage, found)
        return NextGrade(assessment, unit, None, "provisional", (short,), _frame())
    if gap.grade is None:
        return NextGrade(assessment, unit, None, "best", (), _frame())
    if assessment.summary["rollup"][unit]:
        return NextGrade(assessment, unit, gap.grade, "rollup", first, _frame())
    ladder = _Ladder(assessment, unit, costs)
    if not ladder.linear:
        return NextGrade(assessment, unit, gap.grade, "aggregate", first, _frame())
    wanted = assessment.model.grades[gap.grade]
    needs = ladder.needs(wanted)
    beyond = [need for need in needs if need.best < need.least - MARGIN / 1000]
    if beyond:
        short_of = tuple(ladder.requirement(need, wanted) for need in beyond)
        return NextGrade(assessment, unit, gap.grade, "out_of_reach", (*first, *short_of), _frame())
    gains = ladder.solve(needs)
    items = ladder.frame(gains)
    score = ladder.published(gains)
    return NextGrade(assessment, unit, gap.grade, "", first, items, float(items["effort"].sum()), score)


def _check(costs: Mapping[str, float], assessment: Assessment) -> None:
    for item, cost in costs.items():
        if item not in assessment.model.items:
            raise unknown("unknown_item", item, list(assessment.model.items))
        if not cost > 0:
            raise Misuse("item_cost", item=item, found=cost)


COLUMNS = ["points", "needed", "gain", "value", "target", "state", "effort"]


def _frame(items: Iterable[str] = (), **columns: Iterable[object]) -> pd.DataFrame:
    data = {
        name: pd.Series(list(columns.get(name, ())), dtype="str" if name == "state" else "float64")
        for name in COLUMNS
    }
    index = pd.Series(list(items), dtype="str", name="item")
    return pd.DataFrame(data).set_index(index).sort_values("gain", ascending=False, kind="stable")


class _Step(NamedTuple):
    """One way to improve an item: by between `low` and `high` points."""

    column: int
    low: float
    high: float


class _Need(NamedTuple):
    """A node must score `least`; at `best` it can."""

    node: str
    least: float
    best: float
    depth: int = 0


class _Ladder:
    """A unit's improvements as variables: for each step whether it is taken, for each that slides the points gained,
    and one for each node that is the minimum of its children. Scores are linear in them; a linear form ends with its
    constant."""

    def __init__(self, assessment: Assessment, unit: str, costs: Mapping[str, float]) -> None:
        self.assessment, self.model = assessment, assessment.model
        self.plan: Plan = assessment.graded.plan
        place = int(assessment.summary.index.get_indexer(pd.Index([unit]))[0])
        self.row = assessment.graded.units(slice(place, place + 1))
        self.points = self.row.points[0]
        self.deducted = float(assessment.summary["deducted"][unit])
        self.measured = assessment.unit_items(unit)
        self.costs = np.array([costs.get(name, 1.0) for name in self.plan.items])
        self.steps = [step for column in range(len(self.points)) for step in self._steps(column)]
        self.columns = np.array([step.column for step in self.steps], dtype=int)
        self.highs = np.array([step.high for step in self.steps])
        self.sliding = np.array([n for n, step in enumerate(self.steps) if step.low < step.high], dtype=int)
        self.minima = [each for each in self.plan.branchings if each.exponent == -np.inf]
        self.width = len(self.steps) + len(self.sliding) + len(self.minima) + 1

    def _steps(self, column: int) -> list[_Step]:
        """How an item can be improved: not at all where it does not apply, counts for nothing or is out of hand."""
        now, item = self.points[column], list(self.model.items.values())[column]
        if np.isnan(now) or item.weight == 0 or np.isinf(self.costs[column]):
            return []
        curve = self.plan.curves[column]
        known = levels(curve)
        if known is not None:
            return [
                _Step(column, float(level - now), float(level - now)) for level in known if level > now + NEAR
            ]
        room = float(curve.y.max() - now)  # type: ignore[attr-defined]  # lines, as they have no levels
        return [_Step(column, 0.0, room)] if room > NEAR else []

    @cached_property
    def linear(self) -> bool:
        """Whether every mean of two or more is arithmetic or a minimum."""
        return all(
            each.exponent in (1.0, -np.inf) or len(self._counted(each)) < 2 for each in self.plan.branchings
        )

    @cached_property
    def _scores(self) -> dict[str, float]:
        return dict(zip(self.plan.names, self.row.nodes[0], strict=True))

    def _counted(self, branching: Branching) -> list[tuple[str, float]]:
        """The children that have weight and a score, with their weights."""
        pairs = [
            pair
            for part in (branching.items, branching.inner)
            for pair in zip(part.names, part.weights.tolist(), strict=True)
        ]
        return [(name, weight) for name, weight in pairs if weight > 0 and not np.isnan(self._scores[name])]

    # ------------------------------------------------------------ scores as linear forms

    @cached_property
    def forms(self) -> dict[str, np.ndarray]:
        """Every node's score as a linear form."""
        forms = {name: self._constant(self.points[column]) for column, name in enumerate(self.plan.items)}
        for number, step in enumerate(self.steps):
            forms[self.plan.items[step.column]][number] = step.high
        for place, number in enumerate(self.sliding, start=len(self.steps)):
            forms[self.plan.items[self.columns[number]]][[number, place]] = 0.0, 1.0
        for branching in reversed(self.plan.branchings):
            counted = self._counted(branching)
            if not counted:
                continue
            name = self.plan.inner[branching.node]
            if branching in self.minima and len(counted) > 1:
                forms[name] = self._constant(0.0)
                forms[name][self.minima.index(branching) - len(self.minima) - 1] = 1.0
            else:
                weights = np.array([weight for _, weight in counted])
                forms[name] = weights / weights.sum() @ np.array([forms[child] for child, _ in counted])
        return forms

    def _constant(self, value: float) -> np.ndarray:
        form = np.zeros(self.width)
        form[-1] = value
        return form

    # ------------------------------------------------------------ what the grade asks for

    def needs(self, wanted: s.Grade) -> list[_Need]:
        """The scores a grade asks for: the total with the deductions on top, and every node of its conditions."""
        best = dict(zip(self.plan.names, self._scored(self._tops)[0], strict=True))
        places = 10.0**self.model.spec.score.decimals
        least = (math.ceil(wanted.min * places - MARGIN) - 0.5) / places + self.deducted
        needs = [_Need(ROOT, least, best[ROOT])]
        for condition in wanted.conditions:
            if isinstance(condition, s.NodeMin):
                names = [name for name, depth in self.model.depths.items() if depth == condition.depth]
                needs += [
                    _Need(name, condition.value, best[name], condition.depth)
                    for name in names
                    if self.model.nodes[name].weight > 0 and not np.isnan(best[name])
                ]
        return needs

    @cached_property
    def _tops(self) -> np.ndarray:
        """The most each item can gain."""
        tops = np.zeros(len(self.points))
        for step in self.steps:
            tops[step.column] = max(tops[step.column], step.high)
        return tops

    def _scored(self, gains: np.ndarray) -> np.ndarray:
        """Scores of all nodes for gains of the items; several rows of gains give as many rows."""
        return self.plan.score(np.atleast_2d(self.points + gains)).nodes

    def requirement(self, need: _Need, wanted: s.Grade) -> Requirement:
        """A score that stays short whatever is improved."""
        if need.node != ROOT:
            return Requirement("node_min", False, need.least, need.best, node=need.node, depth=need.depth)
        return Requirement("score", False, wanted.min, max(need.best - self.deducted, 0.0))

    # ------------------------------------------------------------ the program

    def solve(self, needs: list[_Need]) -> np.ndarray:
        """Points gained, an item: first which steps to take, then how far in those, a hair further than needed."""
        if not self.steps:
            return np.zeros(len(self.points))
        taken = self._taken(needs)
        if not taken.any():
            return np.zeros(len(self.points))
        best = self._scored(self._summed(taken * self.highs))[0]
        most = [best[self.plan.names.index(need.node)] for need in needs]
        least = [min(need.least + MARGIN, at) for need, at in zip(needs, most, strict=True)]
        found = self._solved(needs, least, taken)[1]
        return self._summed(taken * np.where(found > self.highs - NEAR, self.highs, found))

    def _taken(self, needs: list[_Need]) -> np.ndarray:
        """1 for each step to take. Sums of sums with one step an item are searched many times faster than a solver does
        that knows nothing of them."""
        if not self.minima and len(set(self.columns.tolist())) == len(self.columns):
            found = taken_up(*self._charges, [self._nested(need) for need in needs if not self._met(need)])
            if found is not None:
                return np.array([float(number in found) for number in range(len(self.steps))])
        return np.round(self._solved(needs, [need.least for need in needs])[0])

    def _met(self, need: _Need) -> bool:
        """Whether a need is met whatever is improved."""
        return bool(self.forms[need.node][-1] >= need.least)

    def _nested(self, need: _Need) -> Need:
        """A need by what each step adds to it."""
        form, count = self.forms[need.node], len(self.steps)
        gains = form[:count].copy()
        gains[self.sliding] = form[count : count + len(self.sliding)] * self.highs[self.sliding]
        return Need(gains.tolist(), float(need.least - form[-1]))

    @cached_property
    def _charges(self) -> tuple[list[float], list[float]]:
        """What each step costs for being taken, and for being taken to its end."""
        cost = self.costs[self.columns]
        along = np.zeros(len(self.steps))
        along[self.sliding] = (cost * self.highs / self.plan.maximum)[self.sliding]
        return (cost * (1 + self.highs / self.plan.maximum) - along).tolist(), along.tolist()

    def _summed(self, gains: np.ndarray) -> np.ndarray:
        """Gains of steps as gains of items."""
        return np.bincount(self.columns, gains, minlength=len(self.points))

    def _solved(
        self, needs: list[_Need], scores: list[float], taken: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which steps are taken, if that is not given, and the gains with which the nodes in need score so much."""
        count, cost = len(self.steps), self.costs[self.columns]
        slides, minima = np.zeros(len(self.sliding)), np.zeros(len(self.minima))
        low, high = (np.zeros(count), np.ones(count)) if taken is None else (taken, taken)
        taking = cost * (1 + self.highs / self.plan.maximum)
        taking[self.sliding] = cost[self.sliding]
        found = milp(
            np.concatenate([taking, cost[self.sliding] / self.plan.maximum, minima]),
            integrality=np.concatenate([np.full(count, taken is None), slides, minima]),
            bounds=Bounds(
                np.concatenate([low, slides, minima]),
                np.concatenate([high, self.highs[self.sliding], minima + self.plan.maximum]),
            ),
            constraints=self._constraints(needs, scores),
            options={"mip_rel_gap": 0.0},
        )
        assert found.x is not None, f"a plan that exists was not found: {found.message}"
        gains = self.highs.copy()
        gains[self.sliding] = found.x[count : count + len(slides)]
        return found.x[:count], gains

    def _constraints(self, needs: list[_Need], scores: list[float]) -> LinearConstraint:
        """Every linear form at least 0, but for those that are whatever is improved."""
        forms = [
            self.forms[need.node] - self._constant(score)
            for need, score in zip(needs, scores, strict=True)
            if self.forms[need.node][-1] < score
        ]
        for branching in self.minima:
            own = self.forms[self.plan.inner[branching.node]]
            forms += [self.forms[child] - own for child, _ in self._counted(branching)]
        for place, number in enumerate(self.sliding, start=len(self.steps)):
            form = self._constant(0.0)
            form[[number, place]] = self.highs[number], -1.0
            forms.append(form)
        for column in np.flatnonzero(np.bincount(self.columns) > 1):
            one = self._constant(1.0)
            one[np.flatnonzero(self.columns == column)] = -1.0
            forms.append(one)
        rows = np.array(forms).reshape(-1, self.width)
        return LinearConstraint(rows[:, :-1], -rows[:, -1], np.inf)

    # ------------------------------------------------------------ the plan

    def published(self, gains: np.ndarray) -> float:
        """The published score the gains come to."""
        total = max(float(self._scored(gains)[0, 0]) - self.deducted, 0.0)
        return float(published(np.array([total]), self.model.spec.score.decimals)[0])

    def frame(self, gains: np.ndarray) -> pd.DataFrame:
        """The plan, a row an item; its gain is what the total would lack without it."""
        chosen = np.flatnonzero(gains > 0)
        without = np.tile(gains, (len(chosen), 1))
        without[np.arange(len(chosen)), chosen] = 0.0
        total, *lacking = self._scored(np.vstack([gains, without]))[:, 0]
        names = [self.plan.items[column] for column in chosen]
        measured = self.measured.loc[names]
        points, needed = self.points[chosen], (self.points + gains)[chosen]
        curves = [self.plan.curves[column] for column in chosen]
        return _frame(
            names,
            points=points,
            needed=needed,
            gain=total - np.array(lacking),
            value=measured["value"],
            target=[value_for(*each) for each in zip(curves, needed, measured["value"], strict=True)],
            state=measured["state"],
            effort=self.costs[chosen] * (1 + gains[chosen] / self.plan.maximum),
        )
