"""Where every value came from: tables, files, sheets and rows, of every unit and item at once."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from riskkit.evidence import kinds
from riskkit.evidence.evidence import COMPACT
from riskkit.evidence.files import ORIGIN
from riskkit.evidence.measures import Measures, leaves
from riskkit.evidence.reach import Reach
from riskkit.model import schema as s
from riskkit.periods import Period

PLACE = ["unit", "item", "_period", "table", "_file", "_sheet"]
RANGES = 6
"""Stretches of rows named for one file; more are told as …"""


def origins(measures: Measures) -> pd.DataFrame:
    """One row a unit, item, table, file and sheet: `rows` (how many distinct rows), `ranges` (such as 12-18, 25), and
    the `first` and `last` row.

    The same rows as `Measures.evidence_rows` gives for one unit and item, in one pass over the tables.
    """
    behind = [
        _of_period(measures, str(name), rows)
        for name, rows in measures.frame.groupby("measured_in", sort=True)
    ]
    whole = (
        pd.concat([frame for frames in behind for frame in frames], ignore_index=True)
        if any(behind)
        else _none()
    )
    return _summed(whole.drop_duplicates().sort_values([*PLACE, "_row"], kind="stable", ignore_index=True))


def _none() -> pd.DataFrame:
    return pd.DataFrame(columns=[*PLACE, "_row"])


def _of_period(measures: Measures, name: str, frame: pd.DataFrame) -> list[pd.DataFrame]:
    """The rows behind the values measured in one period."""
    reach = Reach(measures.model, measures.units, measures.evidence, Period.parse(name), measures.calendar)
    compact = reach.now.tables.get(COMPACT)
    frames = []
    for item, units in frame.groupby("item", sort=False)["unit"]:
        wanted = set(units)
        if compact is not None:
            rows = compact[(compact["item"] == item) & compact["unit"].isin(wanted)]
            wanted -= set(rows["unit"])
            frames.append(_placed(rows.assign(_period=name), str(item), COMPACT, name))
        for leaf in leaves(measures.model.items[str(item)].measure) if wanted else ():
            frames += _behind(leaf, reach, wanted, str(item), name)
    return [part for part in frames if len(part)]


def _behind(leaf: Any, reach: Reach, wanted: set[str], item: str, period: str) -> list[pd.DataFrame]:
    rows = kinds.contributions(leaf, reach)
    rows = rows[rows["unit"].isin(wanted)]
    return [
        _placed(rows, item, leaf.table, period),
        *(_joined(join, rows, reach, item, period) for join in leaf.join),
    ]


def _joined(join: s.Join, rows: pd.DataFrame, reach: Reach, item: str, period: str) -> pd.DataFrame:
    """The rows of another table that were joined to a unit's rows."""
    right = reach.right_side(join)
    names = [f"key{place}" for place in range(len(join.keys))]
    left_keys = rows[["unit", *join.keys]].astype("str").set_axis(["unit", *names], axis=1).drop_duplicates()
    right_keys = right[list(join.keys.values())].astype("str").set_axis(names, axis=1)
    held = [name for name in (*ORIGIN, "_period") if name in right]
    found = left_keys.merge(pd.concat([right_keys, right[held]], axis=1), on=names, how="inner")
    return _placed(found, item, join.table, period)


def _placed(rows: pd.DataFrame, item: str, table: str, period: str) -> pd.DataFrame:
    periods = rows.get("_period", period)
    return rows[["unit", *ORIGIN]].assign(item=item, table=table, _period=periods)[[*PLACE, "_row"]]


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows counted and told as stretches, a file each."""
    columns = [*PLACE, "rows", "ranges", "first", "last"]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    keys = rows[PLACE].fillna("")
    place = keys.ne(keys.shift()).any(axis=1).cumsum()
    number = rows["_row"].astype("int64")
    starts = place.ne(place.shift()) | number.diff().ne(1)
    runs = (
        pd.DataFrame({"place": place, "row": number, "run": starts.cumsum()})
        .groupby(["place", "run"])["row"]
        .agg(["min", "max"])
    )
    words = (
        runs["min"]
        .astype("str")
        .where(runs["min"] == runs["max"], runs["min"].astype("str") + "–" + runs["max"].astype("str"))
    )
    ranges = _together(words.index.get_level_values("place").to_numpy(), words.tolist())
    ends = number.groupby(place).agg(rows="size", first="min", last="max")
    summed = keys.groupby(place, sort=True).first().assign(ranges=ranges).join(ends)
    return summed[columns].reset_index(drop=True)


def _together(places: np.ndarray, words: list[str]) -> pd.Series:
    """The stretches of each place in one text, the first of many; in a plain loop, for there are millions."""
    edges = [0, *(np.flatnonzero(np.diff(places)) + 1), len(places)]
    told = [
        ", ".join(words[start : min(start + RANGES, end)]) + (" …" if end - start > RANGES else "")
        for start, end in pairwise(edges)
    ]
    return pd.Series(told, index=places[edges[:-1]])
