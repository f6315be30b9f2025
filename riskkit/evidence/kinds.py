"""The measure kinds: each turns rows into one value a unit. All are vectorised over units.

Every kind returns a frame indexed by unit with `value, numerator, denominator, n, population`; a unit without rows is
absent, a unit whose denominator is zero has a missing value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from riskkit.evidence.reach import Reach
from riskkit.expressions import Expression
from riskkit.model import schema as s

COLUMNS = ["value", "numerator", "denominator", "n", "population"]


def compute(measure: s.Measure, reach: Reach) -> pd.DataFrame:
    """The measure for every unit that has rows for it."""
    if isinstance(measure, s.Composite):
        raise TypeError("composites are put together from their parts")
    rows = contributions(measure, reach)
    result: pd.DataFrame = _KINDS[measure.kind](measure, rows, reach)
    result["value"] = result["value"] * measure.factor
    return result[COLUMNS]


def contributions(measure: s.TableMeasure, reach: Reach) -> pd.DataFrame:
    """The rows a measure looks at, with what each contributes in columns that begin with `=`.

    This is what `explain` shows: the evidence rows behind a number.
    """
    rows = reach.rows(measure)
    rows = rows[rows["unit"].notna()]
    if isinstance(measure, s.Likert):
        rows = rows[(rows["role"] == "likert") & (rows["subscale"] == measure.subscale)]
    for key in ("numerator", "denominator", "n", "population", "value", "weight"):
        text = getattr(measure, key, None)
        if text is not None:
            rows[f"={key}"] = Expression(text).numbers(rows, reach.setting)
    return rows


def entered(part: s.Part, value: Any) -> Any:
    """What a part brings to its composite: offset + slope · min(value, cap); its stand-in where there is no value."""
    if part.if_not_applicable is not None:
        value = value.fillna(part.if_not_applicable)
    return part.offset + part.slope * (value if part.cap is None else np.minimum(value, part.cap))


def _frame(**columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    for name in COLUMNS:
        if name not in frame:
            frame[name] = np.nan
    return frame


def _ratio(measure: s.Ratio, rows: pd.DataFrame, reach: Reach) -> pd.DataFrame:
    groups = rows.groupby("unit", sort=True)
    numerator, denominator = groups["=numerator"].sum(), groups["=denominator"].sum()
    enough = (denominator > 0) & (denominator >= measure.min_denominator)
    return _frame(
        value=(numerator / denominator).where(enough),
        numerator=numerator,
        denominator=denominator,
        n=groups["=n"].sum() if measure.n else denominator,
        population=whole(groups["=population"]) if measure.population else np.nan,
    )


def whole(groups: Any) -> pd.Series:
    """Sums, missing as soon as one part is."""
    sums: pd.Series = groups.sum().where(groups.count() == groups.size())
    return sums


def _rate(measure: s.Rate, rows: pd.DataFrame, reach: Reach) -> pd.DataFrame:
    units = reach.units
    numerator = rows.groupby("unit")["=numerator"].sum().reindex(units, fill_value=0.0)
    count = rows.groupby("unit").size().reindex(units, fill_value=0)
    if measure.exposure == "years":
        exposure = pd.Series(reach.years(measure.window), index=units)
    else:
        exposure = reach.staff(measure.window).reindex(units).clip(lower=measure.floor)
    return _frame(
        value=(numerator / exposure).where(exposure > 0), numerator=numerator, denominator=exposure, n=count
    )


def _mean(measure: s.Mean, rows: pd.DataFrame, reach: Reach) -> pd.DataFrame:
    rows = rows[rows["=value"].notna() & rows["=weight"].notna()]
    rows = rows.assign(**{"=product": rows["=value"] * rows["=weight"]})
    groups = rows.groupby("unit", sort=True)
    total, weight = groups["=product"].sum(), groups["=weight"].sum()
    persons = groups[measure.person].nunique() if measure.person else groups.size()
    return _frame(value=(total / weight).where(weight > 0), numerator=total, denominator=weight, n=persons)


def _quantile(measure: s.Quantile, rows: pd.DataFrame, reach: Reach) -> pd.DataFrame:
    rows = rows[rows["=value"].notna()]
    groups = rows.groupby("unit", sort=True)["=value"]
    return _frame(value=groups.quantile(measure.q), n=groups.size())


def _likert(measure: s.Likert, rows: pd.DataFrame, reach: Reach) -> pd.DataFrame:
    respondents = rows.groupby(["unit", "_file", "_sheet", "_row"], sort=True)["score"].mean().reset_index()
    groups = respondents.groupby("unit", sort=True)["score"]
    return _frame(value=groups.mean(), numerator=groups.sum(), denominator=groups.size(), n=groups.size())


def gains(measure: s.Gain, rows: pd.DataFrame) -> pd.Series:
    """The normalised gain of every matched person, indexed by unit and person."""
    by_person = (
        rows.groupby(["unit", measure.person, measure.phase])[measure.score].mean().unstack(measure.phase)
    )
    matched = by_person.reindex(columns=[measure.before, measure.after]).dropna()
    matched = matched[matched[measure.before] < measure.ceiling]
    gain: pd.Series = (matched[measure.after] - matched[measure.before]) / (
        measure.ceiling - matched[measure.before]
    )
    return gain


def _gain(measure: s.Gain, rows: pd.DataFrame, reach: Reach) -> pd.DataFrame:
    groups = gains(measure, rows).groupby(level="unit", sort=True)
    return _frame(value=groups.mean(), numerator=groups.sum(), denominator=groups.size(), n=groups.size())


_KINDS: dict[str, Callable[..., pd.DataFrame]] = {
    "ratio": _ratio,
    "rate": _rate,
    "mean": _mean,
    "quantile": _quantile,
    "likert": _likert,
    "gain": _gain,
}
