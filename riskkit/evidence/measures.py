"""`Measures`: one value for every unit and item, with its state, its reason and the rows behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from riskkit import texts
from riskkit.errors import Misuse, unknown
from riskkit.evidence import kinds
from riskkit.evidence.evidence import COMPACT, ORIGIN, Evidence
from riskkit.evidence.reach import REFUSED, ZERO, Reach
from riskkit.model import IndicatorModel
from riskkit.model import schema as s
from riskkit.model.checks import SOURCE_OF
from riskkit.periods import Period

MEASURED = "measured"
CARRIED = "carried_over"
NOT_APPLICABLE = "not_applicable"
POSTPONED = "postponed"
NOT_ASSESSED = "not_assessed"
REFUSED_STATE = "refused"
STATES = (MEASURED, CARRIED, NOT_APPLICABLE, POSTPONED, NOT_ASSESSED, REFUSED_STATE)
COUNTED = (MEASURED, CARRIED)
STALE_AFTER = 2
"""Periods after which a carried value is no better than a statement (evidence class D)."""


@dataclass(frozen=True)
class Measures:
    """Unit × item: what was measured in one period, before any points are given.

    `frame` has one row a unit and item that applies to it: `unit, item, value, numerator, denominator, n, state,
    reason, confidence` (evidence class A-D), `thin` (sample below the item's minimum), `age` (periods since measured),
    `measured_in`. `value` is missing unless the state is measured or carried_over.
    """

    model: IndicatorModel
    units: pd.DataFrame
    period: Period
    frame: pd.DataFrame
    staff: pd.Series
    evidence: Mapping[Period, Evidence]
    calendar: pd.DataFrame | None = None

    @property
    def red_line_events(self) -> pd.DataFrame:
        """The confirmed events on record at the cut-off."""
        return self.evidence[self.period].tables.get("red_line_events", pd.DataFrame(columns=["red_line", "unit"]))

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
            kinds.contributions(measure, reach).loc[lambda rows: rows["unit"] == unit].assign(table=measure.table)
            for measure in leaves(self.model.items[item].measure)
        ]
        rows = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0].reset_index(drop=True)
        front = ["table", *ORIGIN, *[column for column in rows if column.startswith("=")]]
        return rows[[*front, *[column for column in rows if column not in front]]]


def leaves(measure: s.Measure) -> list[Any]:
    """The measures over rows that a measure is made of."""
    if isinstance(measure, s.Composite):
        return [leaf for part in measure.parts for leaf in leaves(part.measure)]
    return [measure]


def reason(key: str, **values: Any) -> str:
    """A reason as stored: its wording's key and what fills it."""
    return json.dumps({"key": key, **values}, ensure_ascii=False, sort_keys=True)


def reason_text(stored: object, lang: texts.Language, model: IndicatorModel | None = None) -> str:
    """A stored reason in words; empty for none."""
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
) -> Measures:
    """Compute every item for every unit it applies to.

    `units` is the register indexed by unit code, with `level` and `staff`; `evidence` holds the period's and, for
    windows and carry-over, earlier ones. An item without new evidence keeps its last value while its cadence lasts.

        >>> measure(model, units, {period: evidence}, period).frame
    """
    life = max(model.spec.cadences.values())
    known = [period.shift(-step) for step in range(life) if period.shift(-step) in evidence]
    fresh = {p: _fresh(Reach(model, units, evidence, p, calendar)) for p in known}
    frame = _carry_over(model, fresh, period)
    staff = Reach(model, units, evidence, period, calendar).staff()
    return Measures(model, units, period, frame, staff, evidence, calendar)


def _fresh(reach: Reach) -> pd.DataFrame:
    frames = [_fresh_item(item, reach) for item in reach.model.items.values()]
    whole = pd.concat(frames, ignore_index=True)
    whole["measured_in"] = pd.Series(str(reach.period), index=whole.index, dtype="str")
    return whole


def _fresh_item(item: s.Item, reach: Reach) -> pd.DataFrame:
    result = _assess(item.measure, reach)
    tables = [leaf.table for leaf in leaves(item.measure)]
    sources = [SOURCE_OF.get(table, table) for table in tables]
    classes = [reach.model.tables[source].confidence for source in sources]
    result["confidence"] = max(classes)
    result["thin"] = (result["n"] < item.min_n) & ~(result["n"] >= result["population"])
    result.loc[result["thin"], "confidence"] = max([*classes, "C"])
    if not all(source in reach.now.tables for source in sources):
        _use_compact(item, reach, result)
    refused = pd.concat([reach.answered(source, REFUSED) for source in sources], axis=1).any(axis=1)
    unless = result["state"] == NOT_ASSESSED
    _set(result, refused & unless, REFUSED_STATE, reason("refused", table=sources[0]))
    _rule(item, reach, result)
    result["thin"] = result["thin"] & (result["state"] == MEASURED)
    result.insert(0, "item", item.id)
    result.insert(0, "unit", reach.units)
    level = reach.register["level"].isin(reach.model.levels_of(item)).to_numpy()
    return result[level]


def _set(result: pd.DataFrame, where: pd.Series, state: str, why: str) -> None:
    result.loc[where, "state"] = state
    result.loc[where, "reason"] = why
    if state not in COUNTED:
        result.loc[where, ["value", "numerator", "denominator", "n"]] = np.nan


def _assess(measure: s.Measure, reach: Reach) -> pd.DataFrame:
    """Value and state of one measure for every unit, whether or not its item applies there."""
    return _assess_composite(measure, reach) if isinstance(measure, s.Composite) else _assess_rows(measure, reach)


def _assess_rows(measure: Any, reach: Reach) -> pd.DataFrame:
    computed = kinds.compute(measure, reach)
    result = computed.reindex(reach.units)
    result["state"] = pd.Series(MEASURED, index=result.index, dtype="str")
    result["reason"] = pd.Series("", index=result.index, dtype="str")
    source = SOURCE_OF.get(measure.table, measure.table)
    spec = reach.model.tables[source]
    handed, zero = reach.handed_in(measure.table), reach.answered(source, ZERO)
    has_rows = pd.Series(result.index.isin(computed.index), index=result.index)
    empty = result["value"].isna()
    few = empty & (result["denominator"] > 0)
    _set(result, empty & ~few, NOT_APPLICABLE, reason("zero_denominator"))
    _set(result, few, NOT_APPLICABLE, reason("few_cases", minimum=getattr(measure, "min_denominator", 0)))
    if spec.no_rows == NOT_ASSESSED:
        _set(result, ~has_rows & ~zero, NOT_ASSESSED, reason("no_rows", table=source))
    if measure.table == "answers":
        needed = reach.respondents_needed()
        short = reach.respondents() < needed
        for count in sorted(set(needed[short])):
            _set(result, short & (needed == count), NOT_APPLICABLE, reason("gate", needed=int(count)))
    _set(result, ~handed, NOT_ASSESSED, reason("not_handed_in", table=source))
    return result


def _assess_composite(measure: s.Composite, reach: Reach) -> pd.DataFrame:
    parts = [(part, _assess(part.measure, reach)) for part in measure.parts]
    result = pd.DataFrame(np.nan, index=parts[0][1].index, columns=kinds.COLUMNS)
    result["state"] = pd.Series(MEASURED, index=result.index, dtype="str")
    result["reason"] = pd.Series("", index=result.index, dtype="str")
    whole = pd.Series(0.0 if measure.combine == "sum" else 1.0, index=result.index)
    for part, found in parts:
        value = found["value"]
        if part.if_not_applicable is not None:
            value = value.where(found["state"] != NOT_APPLICABLE, part.if_not_applicable)
        entered = part.offset + part.slope * (value if part.cap is None else value.clip(upper=part.cap))
        whole = whole + part.weight * entered if measure.combine == "sum" else whole * entered
    result["value"] = whole
    result["n"] = pd.concat([found["n"] for _, found in parts], axis=1).min(axis=1)
    for state in (NOT_APPLICABLE, NOT_ASSESSED):
        for part, found in parts:
            hit = (found["state"] == state) & ~(state == NOT_APPLICABLE and part.if_not_applicable is not None)
            for why in sorted(set(found.loc[hit, "reason"])):
                _set(result, hit & (found["reason"] == why), state, why)
    return result


def _use_compact(item: s.Item, reach: Reach, result: pd.DataFrame) -> None:
    """Values handed in as totals stand in where the detailed tables are missing."""
    compact = reach.now.tables.get(COMPACT)
    if compact is None:
        return
    mine = compact[compact["item"] == item.id].set_index("unit").reindex(reach.units)
    given = mine["state"].notna().to_numpy()
    for column in ("value", "numerator", "denominator", "n"):
        result.loc[given, column] = mine.loc[given, column].to_numpy()
    result.loc[given, "state"] = mine.loc[given, "state"].to_numpy()
    result.loc[given, "reason"] = np.where(mine.loc[given, "state"] == MEASURED, "", reason("zero_denominator"))
    result.loc[given, "confidence"] = mine.loc[given, "confidence"].fillna("B").to_numpy()
    result.loc[given, "thin"] = False


def _rule(item: s.Item, reach: Reach, result: pd.DataFrame) -> None:
    rulings = reach.now.tables.get("rulings")
    if rulings is None:
        return
    for ruling in rulings[rulings["item"] == item.id].itertuples():
        _set(result, pd.Series(result.index == ruling.unit, index=result.index), str(ruling.state), reason("ruling", reason=ruling.reason))


def _carry_over(model: IndicatorModel, fresh: Mapping[Period, pd.DataFrame], period: Period) -> pd.DataFrame:
    now = fresh[period].set_index(["unit", "item"])
    now["age"] = 0
    life = pd.Series({name: model.spec.cadences[item.cadence] for name, item in model.items.items()})
    alive = now.index.get_level_values("item").map(life).to_numpy()
    for step in range(1, int(life.max())):
        earlier = fresh.get(period.shift(-step))
        if earlier is None:
            continue
        then = earlier.set_index(["unit", "item"]).reindex(now.index)
        usable = then["state"].isin([MEASURED, NOT_APPLICABLE]).to_numpy()
        take = (now["state"] == NOT_ASSESSED).to_numpy() & usable & (alive > step)
        columns = ["value", "numerator", "denominator", "n", "confidence", "thin", "measured_in"]
        now.loc[take, columns] = then.loc[take, columns]
        measured = take & (then["state"] == MEASURED).to_numpy()
        now.loc[measured, "state"] = CARRIED
        now.loc[take & ~measured, "state"] = NOT_APPLICABLE
        now.loc[take, "reason"] = reason("carried", period=str(period.shift(-step)))
        now.loc[take, "age"] = step
        if step > STALE_AFTER:
            now.loc[measured, "confidence"] = "D"
    now["thin"] = now["thin"].astype(bool)
    return now.drop(columns="population").reset_index()
