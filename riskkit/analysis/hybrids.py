"""Hybrids of two assessments: some of what decides a score taken from the one, the rest from the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from riskkit.evidence.states import CARRIED, COUNTED, NOT_ASSESSED, REFUSED_STATE
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.plan import Plan
from riskkit.scoring.rollups import Rollups

VALUES = "values"
MODEL = "model"
APPLICABILITY = "applicability"
EVIDENCE = "evidence"
DEDUCTIONS = "deductions"
GROUPS = (VALUES, MODEL, APPLICABILITY, EVIDENCE, DEDUCTIONS)
"""What can change a score, one place each."""

State = frozenset[str]
"""The groups a hybrid takes from the later assessment."""


@dataclass(frozen=True)
class Side:
    """One assessment over the units and items of both, units × items: which items apply, which are answered (measured
    or carried over), their values."""

    plan: Plan
    left_out: bool
    applies: np.ndarray
    answered: np.ndarray
    carried: np.ndarray
    unassessed: np.ndarray
    values: np.ndarray
    staffed: sparse.csr_array

    @classmethod
    def of(cls, assessment: Assessment, units: pd.Index, items: list[str], together: pd.Index) -> Side:
        """An assessment spread over `units` and `items`; what it does not know applies to nobody."""
        measures = assessment.measures
        at = measures.units.index.get_indexer(units)
        arrays = measures.arrays.take(items)

        def spread(found: np.ndarray, gap: float) -> np.ndarray:
            return np.where((at >= 0)[:, None], found[at], gap).astype(found.dtype)

        counted = spread(arrays.among(COUNTED), False)
        unanswered = spread(arrays.among([NOT_ASSESSED, REFUSED_STATE]), False)
        return cls(
            assessment.graded.plan,
            assessment.model.spec.missing == "left_out",
            counted | unanswered,
            counted,
            spread(arrays.among([CARRIED]), False),
            spread(arrays.among([NOT_ASSESSED]), False),
            spread(arrays.values, np.nan),
            _staffed(assessment, at, together),
        )

    def take(self, other: Side, where: np.ndarray) -> Side:
        """Some items as on the other side."""
        if not where.any():
            return self
        names = ("applies", "answered", "carried", "unassessed", "values")
        found = {name: np.where(where, getattr(other, name), getattr(self, name)) for name in names}
        return Side(self.plan, self.left_out, staffed=self.staffed, **found)


def _staffed(assessment: Assessment, at: np.ndarray, together: pd.Index) -> sparse.csr_array:
    """Roll-ups × units: the staff with which each unit below a roll-up counts in it."""
    measures = assessment.measures
    rolled = Rollups(measures.parents, measures.heads, measures.units.index.get_indexer(together))
    known = np.flatnonzero(at >= 0)
    place = sparse.csr_array((np.ones(len(known)), (at[known], known)), shape=(len(measures.units), len(at)))
    return sparse.csr_array(rolled.staffed @ place)


class Hybrids:
    """Every hybrid of two assessments, for the units that both assess (`alone`) or both roll up (`together`).

    An item that only one model has counts as if both periods had its data: its coming or going is the model's. Where a
    hybrid asks for a value or an answer of a period that had none, the other period's stands in, so that the group
    that decides whether there is one bears the whole change. Not assessed after a value was carried over, or the other
    way round, is decided by applicability and carry-over, not by the state of the evidence.
    """

    def __init__(self, before: Assessment, after: Assessment) -> None:
        self.units = after.measures.units.index.union(before.measures.units.index, sort=False)
        self.items = list(dict.fromkeys([*after.model.items, *before.model.items]))
        self.alone, self.together = (_common(before, after, rollup=rollup) for rollup in (False, True))
        sides = [Side.of(each, self.units, self.items, self.together) for each in (before, after)]
        missing = [
            np.array([name not in each.model.items for name in self.items]) for each in (before, after)
        ]
        self.before, self.after = sides[0].take(sides[1], missing[0]), sides[1].take(sides[0], missing[1])
        self.same_model = before.model.hash == after.model.hash
        self._at = self.units.get_indexer(self.alone)

    @cached_property
    def _answered(self) -> tuple[np.ndarray, np.ndarray]:
        before, after = self.before, self.after
        return (
            np.where(before.applies, before.answered, after.answered),
            np.where(after.applies, after.answered, before.answered),
        )

    @cached_property
    def _lapsed(self) -> np.ndarray:
        """Where a carried value ends in nothing, or the other way round."""
        before, after = self.before, self.after
        return np.asarray((before.carried & after.unassessed) | (before.unassessed & after.carried))

    @cached_property
    def _values(self) -> tuple[np.ndarray, np.ndarray]:
        before, after = self.before, self.after
        return (
            np.where(before.answered, before.values, after.values),
            np.where(after.answered, after.values, before.values),
        )

    @cached_property
    def changed(self) -> list[str]:
        """The groups that changed for any unit, the deductions aside; the others have no part in any change."""
        (then, now), (old, new) = self._values, self._answered
        switched = old != new
        moved = (self.before.applies != self.after.applies) | (switched & self._lapsed)
        staffed = bool(np.any((self.before.staffed - self.after.staffed).data != 0))
        found = {
            VALUES: not np.array_equal(then, now, equal_nan=True),
            MODEL: not self.same_model,
            APPLICABILITY: bool(moved.any()) or staffed,
            EVIDENCE: bool((switched & ~self._lapsed).any()),
        }
        return [group for group, yes in found.items() if yes]

    def plan(self, state: State) -> Plan:
        """The plan a hybrid is scored by."""
        return self.after.plan if MODEL in state else self.before.plan

    def points(self, states: list[State], rows: slice | np.ndarray) -> Iterator[np.ndarray]:
        """Points of some of `units` × the items of each hybrid's plan, missing where an item does not apply; every
        scale is read once for all hybrids that share it and its values."""
        read: dict[State, np.ndarray] = {}
        for state in states:
            key = state & {VALUES, MODEL}
            if key not in read:
                values = self._values[VALUES in state][self._at_items(state, rows)]
                read[key] = self.plan(state).points(values)
            yield self._shown(state, rows, read[key])

    def _at_items(self, state: State, rows: slice | np.ndarray) -> Any:
        columns = pd.Index(self.items).get_indexer(pd.Index(self.plan(state).items))
        return (rows, columns) if isinstance(rows, slice) else np.ix_(rows, columns)

    def _shown(self, state: State, rows: slice | np.ndarray, points: np.ndarray) -> np.ndarray:
        """Points as the hybrid counts them: a gap where nothing applies, and its rule for what is not answered."""
        at = self._at_items(state, rows)
        applies = (self.after if APPLICABILITY in state else self.before).applies[at]
        by_state, by_carry = (self._answered[group in state][at] for group in (EVIDENCE, APPLICABILITY))
        answered = np.where(self._lapsed[at], by_carry, by_state)
        gap = np.nan if (self.after if MODEL in state else self.before).left_out else 0.0
        return np.asarray(np.where(applies, np.where(answered, points, gap), np.nan))

    def blocks(self, size: int) -> Iterator[tuple[slice, np.ndarray]]:
        """Runs of `alone`, with their places among `units`."""
        for start in range(0, len(self.alone), size):
            run = slice(start, min(start + size, len(self.alone)))
            yield run, self._at[run]

    def rolled(self, states: list[State], size: int) -> list[np.ndarray]:
        """The same for `together`: the staff-weighted means over everything below."""
        shapes = [(len(self.together), len(self.plan(state).items)) for state in states]
        above, below = [np.zeros(shape) for shape in shapes], [np.zeros(shape) for shape in shapes]
        for start in range(0, len(self.units), size):
            run = slice(start, start + size)
            for k, points in enumerate(self.points(states, run)):
                staffed = (self.after if APPLICABILITY in states[k] else self.before).staffed[:, run]
                there = ~np.isnan(points)
                below[k] += staffed @ there.astype("float64")
                above[k] += staffed @ np.where(there, points, 0.0)
        return [
            np.divide(a, b, out=np.full(a.shape, np.nan), where=b > 0)
            for a, b in zip(above, below, strict=True)
        ]


def _common(before: Assessment, after: Assessment, *, rollup: bool) -> pd.Index:
    """The units that both assess, or that both roll up, in the later order."""
    then, now = (each.summary.index[each.summary["rollup"] == rollup] for each in (before, after))
    return now[now.isin(then)]
