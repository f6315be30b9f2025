"""`Measures`: one value for every unit and item, with its state, its reason and the rows behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from riskkit import texts
from riskkit.errors import Misuse, unknown
from riskkit.evidence import kinds
from riskkit.evidence.arrays import MeasureArrays, arrays_of, spread
from riskkit.evidence.evidence import COMPACT, Evidence
from riskkit.evidence.files import ORIGIN
from riskkit.evidence.reach import ZERO, Reach
from riskkit.evidence.sampling import COLUMNS as SAMPLE
from riskkit.evidence.sampling import sampling_errors
from riskkit.evidence.states import CARRIED, MEASURED, NOT_APPLICABLE, NOT_ASSESSED, REFUSED_STATE
from riskkit.model import IndicatorModel
from riskkit.model import schema as s
from riskkit.model.checks import SOURCE_OF
from riskkit.periods import Period

SLACK = 1e-9
"""How far a sum of shares may fall short of the whole number it stands for."""
STALE_AFTER = 2
"""Periods after which a carried value is no better than a statement (evidence class D)."""


@dataclass(frozen=True)
class Measures:
    """Unit × item: what was measured in one period, before any points are given.

    `frame` has one row a unit and item that applies to it: `unit, item, value, numerator, denominator, n, state,
    reason, confidence` (evidence class A-D), `thin` (sample below the item's minimum), `age` (periods since measured),
    `measured_in`; `sampling` and `rating`, variances of the value, and the `cases` sampled of how many
    (`sampled_from`), as `sampling_errors` gives them. `value` is missing unless the state is measured or carried_over.

        >>> bank.measures("2026Q2").row("0103", "B2.1")["value"]
    """

    model: IndicatorModel
    units: pd.DataFrame
    period: Period
    frame: pd.DataFrame
    staff: pd.Series
    evidence: Mapping[Period, Evidence]
    calendar: pd.DataFrame | None = None

    @cached_property
    def arrays(self) -> MeasureArrays:
        """The same as arrays, made once; `frame` must not be changed afterwards."""
        return arrays_of(self.frame, self.units.index, self.model.items)

    def array(self, column: str) -> np.ndarray:
        """A column of `frame` that holds numbers, units × items in the order of the register; missing where the item is
        not for the unit."""
        numbers = self.frame[column].to_numpy(dtype="float64")
        return spread(numbers, self.frame, self.units.index, self.model.items, np.nan)

    @cached_property
    def parents(self) -> np.ndarray:
        """The place in the register of each unit's parent; −1 for none."""
        return self.units.index.get_indexer(pd.Index(self.units["parent"].fillna("")))

    @cached_property
    def heads(self) -> np.ndarray:
        """Head count of each unit, in the order of the register: from the staff table, else from the register."""
        staff = self.staff.reindex(self.units.index).fillna(0.0)
        return staff.where(staff > 0, self.units["staff"].fillna(0.0)).to_numpy(dtype="float64")

    @property
    def red_line_events(self) -> pd.DataFrame:
        """The confirmed events on record at the cut-off."""
        return self.evidence[self.period].tables.get(
            "red_line_events", pd.DataFrame(columns=["red_line", "unit"])
        )

    def row(self, unit: str, item: str) -> pd.Series:
        """One value. Raises `Misuse` for an unknown unit or item, or an item that is not for the unit's level."""
        if unit not in self.units.index:
            raise unknown("unknown_unit", unit, list(self.units.index))
        if item not in self.model.items:
            raise unknown("unknown_item", item, list(self.model.items))
        found = self.frame[(self.frame["unit"] == unit) & (self.frame["item"] == item)]
        if found.empty:
            raise Misuse("item_not_for_unit", unit=unit, item=item)
        return found.iloc[0]

    def evidence_rows(self, unit: str, item: str) -> pd.DataFrame:
        """The evidence rows a value came from, each with file, sheet, row and what it contributed.

        Columns: `table`, the table's own columns, `=numerator` and the like for the contribution, `_file, _sheet,
        _row, _period`. A carried-over value leads to the rows of the period it was measured in. Empty where there is
        no row behind the value.
        """
        row = self.row(unit, item)
        period = Period.parse(row["measured_in"]) if isinstance(row["measured_in"], str) else self.period
        reach = Reach(self.model, self.units, self.evidence, period, self.calendar)
        compact = reach.now.tables.get(COMPACT)
        if compact is not None:
            rows = compact[(compact["unit"] == unit) & (compact["item"] == item)]
            if len(rows):
                return rows.assign(table=COMPACT, _period=str(period))
        parts = [
            part for leaf in leaves(self.model.items[item].measure) for part in _behind(leaf, reach, unit)
        ]
        rows = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0].reset_index(drop=True)
        front = ["table", *ORIGIN, *[column for column in rows if str(column).startswith("=")]]
        return rows[[*front, *[column for column in rows if column not in front]]]


def _behind(leaf: Any, reach: Reach, unit: str) -> list[pd.DataFrame]:
    """The rows a measure counts for a unit, and the rows of other tables joined to them."""
    rows = kinds.contributions(leaf, reach)
    mine = rows[rows["unit"] == unit]
    parts = [
        mine.assign(table=leaf.table).drop(columns="stratum", errors="ignore")
    ]  # would tell people apart
    for join in leaf.join:
        right = reach.right_side(join)
        keys = pd.MultiIndex.from_frame(mine[list(join.keys)].astype("str"))
        found = pd.MultiIndex.from_frame(right[list(join.keys.values())].astype("str")).isin(keys)
        parts.append(right[found].assign(table=join.table))
    return parts


def leaves(measure: s.Measure) -> list[Any]:
    """The measures over rows that a measure is made of."""
    if isinstance(measure, s.Composite):
        return [leaf for part in measure.parts for leaf in leaves(part.measure)]
    return [measure]


def reason(key: str, **values: Any) -> str:
    """A reason as stored: its wording's key and what fills it."""
    return json.dumps({"key": key, **values}, ensure_ascii=False, sort_keys=True)


def reason_text(stored: object, lang: texts.Language, model: IndicatorModel | None = None) -> str:
    """A stored reason in words; empty for none.

    >>> reason_text(measures.row("0310", "B3.1")["reason"], "en", measures.model)
    """
    if not isinstance(stored, str) or not stored:
        return ""
    values = json.loads(stored)
    if model is not None and values.get("table") in model.tables:
        values["table"] = model.tables[values["table"]].name[lang]
    return texts.say(f"reason.{values.pop('key')}", lang, **values)


def measure(
    model: IndicatorModel,
    units: pd.DataFrame,
    evidence: Mapping[Period, Evidence],
    period: Period,
    *,
    calendar: pd.DataFrame | None = None,
    fresh: Callable[[Period], pd.DataFrame] | None = None,
) -> Measures:
    """Compute every item for every unit it applies to.

    `units` is the register indexed by unit code, with `level` and `staff`; `evidence` holds the period's and, for
    windows and carry-over, earlier ones. An item without new evidence keeps its last value while its cadence lasts.
    `fresh` may give a period's `measure_fresh` from a store.

        >>> measure(model, units, {period: evidence}, period).frame
    """
    found = fresh or (lambda p: measure_fresh(model, units, evidence, p, calendar=calendar))
    frame = _carry_over(model, lambda p: found(p) if p in evidence else None, period)
    staff = Reach(model, units, evidence, period, calendar).staff()
    return Measures(model, units, period, frame, staff, evidence, calendar)


def measure_fresh(
    model: IndicatorModel,
    units: pd.DataFrame,
    evidence: Mapping[Period, Evidence],
    period: Period,
    *,
    calendar: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What a period's own evidence gives, before anything is carried over: the frame of `Measures` without `age`."""
    reach = Reach(model, units, evidence, period, calendar)
    frames = [_fresh_item(item, reach) for item in model.items.values()]
    whole = pd.concat(frames, ignore_index=True)
    whole["measured_in"] = pd.Series(str(period), index=whole.index, dtype="str")
    return whole


@dataclass
class _Values:
    """One measure for every unit, in the order of the register; arrays that are settled step by step."""

    value: np.ndarray
    numerator: np.ndarray
    denominator: np.ndarray
    n: np.ndarray
    population: np.ndarray
    state: np.ndarray
    reason: np.ndarray

    @classmethod
    def of(cls, columns: dict[str, np.ndarray]) -> _Values:
        """Everything measured, to begin with."""
        size = len(columns["value"])
        return cls(
            **columns, state=np.full(size, MEASURED, dtype=object), reason=np.full(size, "", dtype=object)
        )

    def settle(self, where: np.ndarray, state: str, why: str) -> None:
        """Give some units a state without a value."""
        self.state[where] = state
        self.reason[where] = why
        for numbers in (self.value, self.numerator, self.denominator, self.n):
            numbers[where] = np.nan

    def frame(self) -> pd.DataFrame:
        """As a frame, in the order of the register."""
        return pd.DataFrame(vars(self)).astype({"state": "str", "reason": "str"})


def _fresh_item(item: s.Item, reach: Reach) -> pd.DataFrame:
    values = _assess(item.measure, reach)
    sources = [SOURCE_OF.get(leaf.table, leaf.table) for leaf in leaves(item.measure)]
    classes = [reach.model.tables[source].confidence for source in sources]
    short, census = values.n < item.min_n - SLACK, values.n >= values.population - SLACK
    thin = short & ~census
    confidence = np.where(thin, max([*classes, "C"]), max(classes)).astype(object)
    given = np.zeros(len(reach.units), dtype=bool)
    if not all(source in reach.now.tables for source in sources):
        given = _use_compact(item, reach, values, confidence)
        thin &= ~given
    for source in dict.fromkeys(sources):
        values.settle(reach.refused(source), REFUSED_STATE, reason("refused", table=source))
    for ruling in reach.rulings(item.id):
        why = reason("ruling", reason=ruling.reason)
        values.settle(np.array([unit == ruling.unit for unit in reach.units]), str(ruling.state), why)
    frame = values.frame()
    frame.insert(0, "item", item.id)
    frame.insert(0, "unit", reach.units)
    frame["confidence"] = confidence
    frame[SAMPLE] = _sampled(item.measure, reach, values, given).to_numpy()
    frame["thin"] = thin & (values.state == MEASURED)
    frame = frame.astype({"unit": "str", "item": "str", "confidence": "str"})
    return frame[reach.register["level"].isin(reach.model.levels_of(item)).to_numpy()]


def _sampled(measure: s.Measure, reach: Reach, values: _Values, given: np.ndarray) -> pd.DataFrame:
    """Sampling and rating variance and the cases of every unit; of totals handed in no more than the cases is known."""
    found = sampling_errors(measure, reach)
    sampled = found["cases"].notna().any() or any(
        reach.model.tables[SOURCE_OF.get(leaf.table, leaf.table)].sample for leaf in leaves(measure)
    )
    if sampled:
        found.loc[given, ["sampling", "rating"]] = np.nan
        found.loc[given, "cases"] = values.n[given]
    return found[SAMPLE].where(pd.Series(values.state == MEASURED, index=found.index), np.nan)


def _assess(measure: s.Measure, reach: Reach) -> _Values:
    """Value and state of one measure for every unit, whether or not its item applies there."""
    return (
        _assess_composite(measure, reach)
        if isinstance(measure, s.Composite)
        else _assess_rows(measure, reach)
    )


def _assess_rows(measure: Any, reach: Reach) -> _Values:
    computed = kinds.compute(measure, reach)
    has_rows = pd.Index(reach.units).isin(computed.index)
    aligned = computed.reindex(reach.units)
    values = _Values.of({name: aligned[name].to_numpy(dtype="float64", copy=True) for name in kinds.COLUMNS})
    source = SOURCE_OF.get(measure.table, measure.table)
    empty = np.isnan(values.value)
    few = empty & (values.denominator > 0)
    values.settle(empty & ~few, NOT_APPLICABLE, reason("zero_denominator"))
    values.settle(few, NOT_APPLICABLE, reason("few_cases", minimum=getattr(measure, "min_denominator", 0)))
    if reach.model.tables[source].no_rows == NOT_ASSESSED:
        values.settle(
            ~has_rows & ~reach.answered(source, ZERO), NOT_ASSESSED, reason("no_rows", table=source)
        )
    if measure.table == "answers":
        needed = reach.respondents_needed()
        for count in np.unique(needed):
            short = (reach.respondents() < needed) & (needed == count)
            values.settle(short, NOT_APPLICABLE, reason("gate", needed=int(count)))
    values.settle(~reach.handed_in(measure.table), NOT_ASSESSED, reason("not_handed_in", table=source))
    return values


def _assess_composite(measure: s.Composite, reach: Reach) -> _Values:
    parts = [(part, _assess(part.measure, reach)) for part in measure.parts]
    whole = np.full(len(reach.units), 0.0 if measure.combine == "sum" else 1.0)
    for part, found in parts:
        value = found.value
        if part.if_not_applicable is not None:
            value = np.where(found.state == NOT_APPLICABLE, part.if_not_applicable, value)
        entered = part.offset + part.slope * (value if part.cap is None else np.minimum(value, part.cap))
        whole = whole + part.weight * entered if measure.combine == "sum" else whole * entered
    unknown_ = np.full(len(whole), np.nan)
    n = np.min([found.n for _, found in parts], axis=0)
    columns = {
        "value": whole,
        "n": n,
        "numerator": unknown_,
        "denominator": unknown_.copy(),
        "population": unknown_.copy(),
    }
    values = _Values.of(columns)
    for state in (NOT_APPLICABLE, NOT_ASSESSED):
        for part, found in parts:
            if state == NOT_APPLICABLE and part.if_not_applicable is not None:
                continue
            for why in sorted(set(found.reason[found.state == state])):
                values.settle((found.state == state) & (found.reason == why), state, why)
    return values


def _use_compact(item: s.Item, reach: Reach, values: _Values, confidence: np.ndarray) -> np.ndarray:
    """Values handed in as totals stand in where the detailed tables are missing; says for which units."""
    compact = reach.now.tables.get(COMPACT)
    if compact is None:
        return np.zeros(len(reach.units), dtype=bool)
    mine = compact[compact["item"] == item.id].set_index("unit").reindex(reach.units)
    given = mine["state"].notna().to_numpy()
    for name in ("value", "numerator", "denominator", "n"):
        getattr(values, name)[given] = mine[name].to_numpy(dtype="float64")[given]
    measured = (mine["state"] == MEASURED).to_numpy()
    values.state[given] = np.where(measured, MEASURED, NOT_APPLICABLE)[given]
    values.reason[given] = np.where(measured, "", reason("zero_denominator"))[given]
    confidence[given] = mine["confidence"].fillna("B").to_numpy(dtype=object)[given]
    rules = reach.model.spec.questionnaire
    if rules is not None and any(leaf.table == "answers" for leaf in leaves(item.measure)):
        few = given & (values.n < rules.never_below)
        values.settle(few, NOT_APPLICABLE, reason("gate", needed=rules.never_below))
    return given


def _carry_over(
    model: IndicatorModel, fresh: Callable[[Period], pd.DataFrame | None], period: Period
) -> pd.DataFrame:
    """The period's own measures, and earlier ones that still stand where there is none; `fresh` gives every period's in
    the same rows, or none."""
    now = fresh(period)
    assert now is not None, "the period itself has measures"
    now = now.drop(columns="population").assign(age=0)
    life = {name: model.spec.cadences[item.cadence] for name, item in model.items.items()}
    alive = now["item"].map(life).to_numpy()
    for step in range(1, max(life.values())):
        earlier = fresh(period.shift(-step))
        if earlier is None:
            continue
        assert all(earlier[name].equals(now[name]) for name in ("unit", "item")), "the same rows"
        usable = earlier["state"].isin([MEASURED, NOT_APPLICABLE]).to_numpy()
        take = (now["state"] == NOT_ASSESSED).to_numpy() & usable & (alive > step)
        measured = take & (earlier["state"] == MEASURED).to_numpy()
        for name in ("value", "numerator", "denominator", "n", "confidence", "thin", "measured_in", *SAMPLE):
            now.loc[take, name] = earlier.loc[take, name]
        now.loc[measured, "state"] = CARRIED
        now.loc[take & ~measured, "state"] = NOT_APPLICABLE
        now.loc[take, "reason"] = reason("carried", period=str(period.shift(-step)))
        now.loc[take, "age"] = step
        if step > STALE_AFTER:
            now.loc[measured, "confidence"] = "D"
    return now
