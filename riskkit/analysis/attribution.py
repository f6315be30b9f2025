"""Why a score changed: what each group of causes did to it, and within each group every item."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from riskkit.analysis.hybrids import DEDUCTIONS, GROUPS, Hybrids, State
from riskkit.analysis.shapley import Mixture, Terms, coalitions, node_names, terms
from riskkit.errors import Misuse
from riskkit.evidence.states import STATES
from riskkit.scoring import grades
from riskkit.scoring.assessment import Assessment

ROUNDING = "rounding"
BLOCK = 500
"""Units taken at a time, so that all hybrids of a block fit in little memory."""
NOTHING = 1e-9
"""Parts smaller than this are rounding of sums."""
PARTS = ["unit", "group", "kind", "id", "event", "term"]
SIDES = ["value", "points", "state"]


@dataclass(frozen=True)
class Attribution:
    """Why the scores of two assessments differ; points of the total, positive is an improvement.

    `groups`: units × `score_before, score_after, change`, the terms `values, model, applicability, evidence,
    deductions`, which sum to the change of the unrounded score, and `rounding`, with which they sum to `change`. Units
    are those that both assess, then those that both roll up; the terms are missing where a side has no score, or where
    a hybrid of the two has none.
    """

    before: Assessment
    after: Assessment
    groups: pd.DataFrame
    names: tuple[str, ...]
    nodes: dict[str, np.ndarray]
    felt: np.ndarray

    @cached_property
    def items(self) -> pd.DataFrame:
        """What each group's term is made of, a row a unit and part: `unit, group, kind` (item, node, deduction), `id`
        (an item, a node, a red line), `event, term`, and of items `value, points, state`, each `_before` and `_after`.

        A group's rows sum to its term. A `node` stands where a model gave it another weight or way of aggregating,
        which is no item's doing; parts of nothing are left out.
        """
        return self._with_sides(self._terms(np.arange(len(self.groups))))

    def explain(self, unit: str) -> pd.DataFrame:
        """One unit's parts, largest first; columns as in `items`. Raises `Misuse` for a unit not in both."""
        return self._with_sides(self.terms(unit))

    def terms(self, unit: str) -> pd.DataFrame:
        """As `explain`, up to `term`: what an item was before and after is left out.

        >>> why.terms("0105").head()
        """
        rows = self._terms(np.array([self._row(unit)]))
        largest = np.argsort(-rows["term"].abs().to_numpy(), kind="stable")
        return rows.iloc[largest].reset_index(drop=True)

    def evidence(self, unit: str, item: str) -> pd.DataFrame:
        """The evidence rows behind an item on both sides, as in `Measures.evidence_rows`; `assessed_in` first, the
        period whose score they enter. Raises `Misuse` for an unknown unit or item."""
        self._row(unit)
        found = []
        sides = [each for each in (self.before, self.after) if _is_for(each, unit, item)]
        for each in sides or [self.after]:
            rows = each.measures.evidence_rows(unit, item)
            rows.insert(0, "assessed_in", str(each.period))
            found.append(rows)
        return pd.concat(found, ignore_index=True)

    def _row(self, unit: str) -> int:
        if unit not in self.groups.index and unit in self.before.summary.index.union(
            self.after.summary.index
        ):
            raise Misuse("unit_not_in_both", unit=unit)
        self.after.check_unit(unit)
        return int(self.groups.index.get_indexer(pd.Index([unit]))[0])

    def _terms(self, rows: np.ndarray) -> pd.DataFrame:
        shape = len(self.nodes), len(rows), len(self.names)
        parts = np.nan_to_num(np.array([whole[rows] for whole in self.nodes.values()]).reshape(shape))
        parts = parts.swapaxes(0, 1)  # units × groups × nodes, the order in which they are told
        place, group, node = np.nonzero(np.abs(parts) > NOTHING)
        of = {
            "unit": self.groups.index[rows].take(place),
            "group": np.array([*self.nodes], dtype=object)[group],
            "kind": np.where(self._is_item, "item", "node").astype(object)[node],
            "id": np.array(self.names, dtype=object)[node],
            "event": "",
        }
        frame = pd.DataFrame({**of, "term": parts[place, group, node]}).astype(
            dict.fromkeys(PARTS[:-1], "str")
        )
        return self._with_deductions(frame, rows)

    def _with_deductions(self, frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
        """They come last, unit by unit, as in `GROUPS`."""
        taken = self._deductions(rows)
        if taken.empty:
            return frame
        both = pd.concat([each for each in (frame, taken) if len(each)], ignore_index=True)
        place = self.groups.index[rows].get_indexer(pd.Index(both["unit"]))
        both = both.astype(dict.fromkeys(PARTS[:-1], "str"))
        return both.iloc[np.argsort(place, kind="stable")].reset_index(drop=True)

    def _with_sides(self, frame: pd.DataFrame) -> pd.DataFrame:
        """With what the items among the parts were on both sides."""
        for name, each in (("before", self.before), ("after", self.after)):
            frame = frame.join(_standing(each, frame).add_suffix(f"_{name}"))
        return frame[[*PARTS, *[f"{column}_{side}" for column in SIDES for side in ("before", "after")]]]

    @cached_property
    def _is_item(self) -> np.ndarray:
        """Whether each of `names` is an item's."""
        items = {*self.before.model.items, *self.after.model.items}
        return np.array([name in items for name in self.names])

    def _deductions(self, rows: np.ndarray) -> pd.DataFrame:
        """The change of what each red-line event takes; of a roll-up the mean of all."""
        units = self.groups.index[rows]
        if not any(each.summary["deducted"].reindex(units).any() for each in (self.before, self.after)):
            return pd.DataFrame(columns=PARTS).astype({"term": "float64"})
        felt = pd.Series(np.nan_to_num(self.felt[rows]), self.groups.index[rows])
        keys = ["unit", "red_line", "event_no"]
        sides = [_taken(each, felt.index, keys) for each in (self.before, self.after)]
        change = sides[0].sub(sides[1], fill_value=0.0)
        frame = change.rename("term").rename_axis(keys).reset_index()
        frame["term"] *= frame["unit"].map(felt).astype("float64")
        frame = frame[frame["term"].abs() > NOTHING].rename(columns={"red_line": "id", "event_no": "event"})
        return frame.assign(group=DEDUCTIONS, kind="deduction")[PARTS]


def attribute(before: Assessment, after: Assessment) -> Attribution:
    """Take the change of every score apart into item values, weights or model, applicability and carry-over, evidence
    state, and deductions.

    Each term is a Shapley value: the group's effect, averaged over every order in which the groups could have changed
    one after the other; each of the hybrids in between is scored by the compiled plan. Shapley (1953); Shorrocks
    (2013). Within a group it is split over items as `split_mean` says; Ang (2005).

    Raises `Misuse` where the two models' scores have different maxima.

        >>> why = attribute(bank.assessment("2026Q1"), bank.assessment("2026Q2"))
        >>> why.groups.loc["0105"]
        >>> why.explain("0105").head()
    """
    maxima = [each.model.spec.score.maximum for each in (before, after)]
    if maxima[0] != maxima[1]:
        raise Misuse("maxima_differ", before=maxima[0], after=maxima[1])
    hybrids = Hybrids(before, after)
    names = node_names(hybrids.before.plan, hybrids.after.plan)
    parts = [_alone(hybrids, before, after, names), _together(hybrids, before, after, names)]
    nodes = {group: np.concatenate([part.nodes[group] for part in parts]) for group in hybrids.changed}
    felt = np.concatenate([part.felt for part in parts])
    units = hybrids.alone.append(hybrids.together)
    found = {group: np.concatenate([part.groups[group] for part in parts]) for group in parts[0].groups}
    return Attribution(before, after, _frame(before, after, units, found), tuple(names), nodes, felt)


def _alone(hybrids: Hybrids, before: Assessment, after: Assessment, names: list[str]) -> Terms:
    states = coalitions(hybrids.changed, DEDUCTIONS)
    found = []
    for run, rows in hybrids.blocks(BLOCK):
        scored = _scored(hybrids, states, hybrids.points(states, rows))
        found.append(_terms(hybrids, scored, _deducted(before, after, hybrids.alone[run]), names))
    return _joined(found, hybrids.changed, names)


def _together(hybrids: Hybrids, before: Assessment, after: Assessment, names: list[str]) -> Terms:
    if not len(hybrids.together):
        return _joined([], hybrids.changed, names)
    states = coalitions(hybrids.changed, DEDUCTIONS)
    scored = _scored(hybrids, states, hybrids.rolled(states, 8 * BLOCK))
    return _terms(hybrids, scored, _deducted(before, after, hybrids.together), names)


def _scored(hybrids: Hybrids, states: list[State], points: Iterable[np.ndarray]) -> Mixture:
    return {state: hybrids.plan(state).score(each) for state, each in zip(states, points, strict=True)}


def _terms(
    hybrids: Hybrids, scored: Mixture, deducted: tuple[np.ndarray, np.ndarray], names: list[str]
) -> Terms:
    return terms(scored, hybrids.changed, deducted, names)


def _deducted(before: Assessment, after: Assessment, units: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    then, now = (each.summary.loc[units, "deducted"].to_numpy(dtype="float64") for each in (before, after))
    return then, now


def _joined(found: list[Terms], changed: list[str], names: list[str]) -> Terms:
    none = np.zeros(0)
    groups = {
        group: np.concatenate([none, *(each.groups[group] for each in found)])
        for group in (*changed, DEDUCTIONS)
    }
    nodes = {
        group: np.concatenate([np.zeros((0, len(names))), *(each.nodes[group] for each in found)])
        for group in changed
    }
    return Terms(groups, nodes, np.concatenate([none, *(each.felt for each in found)]))


def _frame(
    before: Assessment, after: Assessment, units: pd.Index, found: dict[str, np.ndarray]
) -> pd.DataFrame:
    then, now = (each.summary.loc[units, "score"].to_numpy(dtype="float64") for each in (before, after))
    frame = pd.DataFrame({"score_before": then, "score_after": now, "change": now - then}, index=units)
    for group in GROUPS:
        frame[group] = found.get(group, np.zeros(len(units)))
    whole = frame[list(GROUPS)].sum(axis=1, skipna=False)
    frame.loc[whole.isna() | frame["change"].isna(), list(GROUPS)] = np.nan
    frame[ROUNDING] = frame["change"] - whole
    return frame.rename_axis("unit")


def _standing(assessment: Assessment, parts: pd.DataFrame) -> pd.DataFrame:
    """Value, points and state of the items among some parts."""
    arrays, graded = assessment.measures.arrays, assessment.graded
    row = assessment.summary.index.get_indexer(pd.Index(parts["unit"]))
    column = pd.Index(graded.plan.items).get_indexer(pd.Index(parts["id"]))
    here = (row >= 0) & (column >= 0) & (parts["kind"] == "item").to_numpy()
    points = np.where(here, graded.points[row, column], np.nan)
    row = assessment.measures.units.index.get_indexer(pd.Index(parts["unit"]))
    column = pd.Index(arrays.items).get_indexer(pd.Index(parts["id"]))
    rolled = parts["unit"].map(assessment.summary["rollup"]).fillna(False).to_numpy(dtype=bool)
    here = (row >= 0) & (column >= 0) & (parts["kind"] == "item").to_numpy() & ~rolled
    code = np.where(here, arrays.states[row, column], -1)
    states = np.array([*STATES, ""], dtype=object)[code]
    states[rolled & ~np.isnan(points)] = "rolled_up"
    found = {"value": np.where(here, arrays.values[row, column], np.nan), "points": points}
    return pd.DataFrame({**found, "state": pd.array(states, dtype="str")}, index=parts.index)


def _taken(assessment: Assessment, units: pd.Index, keys: list[str]) -> pd.Series:
    """What each event in effect takes from its unit, and all of them together from a roll-up."""
    events = assessment.events[assessment.events["status"] == grades.IN_EFFECT]
    known = assessment.summary.index.get_indexer(units)
    summary = assessment.summary.take(known[known >= 0])
    alone = summary.index[~summary["rollup"]]
    own = events[events["unit"].isin(alone)].reindex(
        columns=[*keys, "deduct"]
    )  # a model may have no events at all
    rolled = summary.loc[summary["rollup"], "deducted"]
    names = {"unit": rolled.index, "red_line": "", "event_no": "", "deduct": rolled.to_numpy()}
    both = [each for each in (own, pd.DataFrame(names)) if len(each)]
    if not both:
        empty = pd.MultiIndex.from_arrays([[], [], []], names=keys)
        return pd.Series(np.zeros(0), index=empty)
    frame = pd.concat(both, ignore_index=True).astype(dict.fromkeys(keys, "str"))
    return frame.groupby(keys)["deduct"].sum().astype("float64")


def _is_for(assessment: Assessment, unit: str, item: str) -> bool:
    frame = assessment.measures.frame
    return bool(((frame["unit"] == unit) & (frame["item"] == item)).any())
