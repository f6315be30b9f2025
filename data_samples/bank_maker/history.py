"""The two oldest quarters, of which only item values are left."""

from __future__ import annotations

from bank_maker.chance import Chance
from bank_maker.files import Row
from bank_maker.quality import LADDERS, level
from bank_maker.quarters import HISTORY, Quarter
from bank_maker.units import Unit, units

_OFFICE_ITEMS = ("A1.3", "A2.1", "A2.2", "A6.1", "C2.4", "C2.R1")
_YEAR_END = (
    "A1.1",
    "A6.1",
    "C5.1",
)  # assessed at the end of a year; the first quarter on record carries the last one
_COUNTED = {"A6.3": (0.0, 0.3, 1.0), "C3.2": (0.0, 1.0, 3.0)}
_NOT_ALWAYS = {
    "A6.2": 0.9,
    "A6.4": 0.55,
    "B4.4": 0.45,
    "C5.2": 0.75,
    "C4.1": 0.35,
    "C4.2": 0.35,
    "C4.3": 0.35,
    "B1.4": 0.35,
}
_CLASS = {"A2.3": "C", "B3.1": "C", "B3.2": "C", "B3.3": "C"} | dict.fromkeys(
    ("A6.2", "A6.3", "A6.4", "A7.2", "A7.3", "A7.4", "B1.2", "B1.3", "B1.4", "B2.1", "B2.2", "B2.3", "B4.2", "B4.3",
     "B4.4", "C1.1", "C1.2", "C1.3", "C1.4", "C2.1", "C2.2", "C3.1", "C3.2", "C3.3", "C4.1"), "A"
)  # fmt: skip


def _items(unit: Unit, quarter: Quarter) -> list[str]:
    """The scored items that apply to a unit and were assessed in the quarter."""
    mine = [item for item in LADDERS if (item in _OFFICE_ITEMS) != unit.is_branch]
    return [item for item in mine if quarter == HISTORY[0] or item not in _YEAR_END]


def _row(seed: int, unit: Unit, item: str, quarter: Quarter) -> Row:
    chance = Chance(seed, "history", unit.code, item, quarter)
    if chance.happens(_NOT_ALWAYS.get(item, 0.0)):
        return {"unit": unit.code, "item": item, "state": "not_applicable"}
    value = level(seed, unit.code, item, quarter)
    count = chance.whole(22, 60)
    row: Row = {
        "unit": unit.code,
        "item": item,
        "state": "measured",
        "n": count,
        "confidence": _CLASS.get(item, "B"),
    }
    if item in _COUNTED:
        few = _COUNTED[item]
        return row | {"value": few[0] if chance.happens(0.8) else few[1] if chance.happens(0.7) else few[2]}
    if LADDERS[item][-1][0] == 1.0 or item in ("A3.1", "B4.1", "B4.3", "B2.1"):
        good = min(count, chance.rounded(value * count))
        return row | {"value": round(good / count, 4), "numerator": good, "denominator": count}
    return row | {"value": round(value, 4)}


def item_values(seed: int, quarter: Quarter) -> list[Row]:
    """One row a unit and item."""
    return [_row(seed, unit, item, quarter) for unit in units(seed) for item in _items(unit, quarter)]
