"""Control charts: is a rate, of one unit over periods or of units in one period, unlike what chance alone makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from riskkit import texts
from riskkit.analysis.control_limits import Limits
from riskkit.errors import Misuse, unknown
from riskkit.evidence import kinds
from riskkit.evidence.measures import Measures
from riskkit.evidence.reach import Reach
from riskkit.evidence.states import MEASURED
from riskkit.model import IndicatorModel
from riskkit.model import schema as s
from riskkit.periods import Period
from riskkit.scoring.assessment import Assessment

FEWEST = 4
"""Points below which a common rate is mostly the point that is held against it."""
SLACK = 1e-9
IN_CONTROL, ABOVE, BELOW, CANNOT_SAY = "in_control", "above", "below", "cannot_say"


@dataclass(frozen=True)
class ControlChart:
    """The rate of one item, point by point, against limits that chance alone passes 2 times in 1,000.

    `points`, indexed by period or by unit: `name` of the unit, `events`, `exposure` (cases for a ratio, staff or years
    for a rate), `rate` in the item's unit, `lower` and `upper`, missing where no count could be beyond, `verdict`
    (`in_control`, `above`, `below`, `cannot_say`), and for the last `reason` and what is `needed`. `centre` is the
    common rate; `limits` hold the over-dispersion `phi` and whether limits are `stretched` for it. `unit` is missing
    where units stand beside one another; `period`
    is the last.
    """

    model: IndicatorModel
    period: Period
    item: str
    unit: str | None
    limits: Limits
    points: pd.DataFrame

    @property
    def factor(self) -> float:
        """What events by exposure are multiplied with to give the item's unit."""
        return _leaf(self.model, self.item).factor

    @property
    def counted_in(self) -> str:
        """What the exposure counts: `cases`, `staff` or `years`."""
        leaf = _leaf(self.model, self.item)
        return leaf.exposure if isinstance(leaf, s.Rate) else "cases"

    @property
    def centre(self) -> float:
        """The pooled rate of the points, in the item's unit."""
        return self.limits.centre * self.factor

    def band(self, exposure: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper limit at any exposure above 0, in the item's unit."""
        lower, upper = self.limits.at(exposure)
        return lower * self.factor, upper * self.factor

    def outside(self) -> pd.DataFrame:
        """The points above or below their limits, the farthest beyond first."""
        points = self.points[self.points["verdict"].isin([ABOVE, BELOW])]
        beyond = (points["rate"] - self.centre).abs() * points["exposure"] ** 0.5
        return points.loc[beyond.sort_values(ascending=False, kind="stable").index]

    def shown(self, rate: float) -> str:
        """A rate as it is printed: a share in per cent, anything else with two decimals."""
        share = self.model.items[self.item].unit == "ratio"
        return f"{rate:.1%}".replace("%", " %") if share else f"{rate:.2f}"

    def sentence(self, point: str, lang: texts.Language) -> str:
        """What can be said of a period or unit, in words. Raises `Misuse` for one that is not on the chart.

        >>> riskkit.control_chart(now, "B2.1").sentence("0105", "en")
        """
        if point not in self.points.index:
            raise unknown("not_on_chart", point, list(self.points.index))
        row: Any = self.points.loc[point].to_dict()
        who = point if self.unit else row["name"]
        if row["verdict"] == CANNOT_SAY:
            why = texts.say(f"control.{row['reason']}", lang, needed=row["needed"])
            return texts.say("control.cannot_say", lang, who=who, why=why)
        counts = {"events": int(row["events"]), "exposure": row["exposure"]}
        counted = texts.say(f"control.{self.counted_in}", lang, **counts)
        limit = self.shown(row["upper"] if row["verdict"] == ABOVE else row["lower"])
        said = {"rate": self.shown(row["rate"]), "centre": self.shown(self.centre), "counted": counted}
        return texts.say(f"control.{row['verdict']}", lang, who=who, limit=limit, **said)


def control_chart(
    assessments: Assessment | Sequence[Assessment], item: str, *, unit: str | None = None
) -> ControlChart:
    """Hold every point against the pooled rate of all: the units of one assessment, or one unit over several.

    For items measured as `rate` (events by exposure: u-chart, Poisson) and as `ratio` of counted cases (p-chart,
    binomial). Every event counts once, whatever it weighs in the score, and exposure is the head count or time itself,
    without a floor. Over periods each point counts what is its period's own, so that windows do not overlap. What was
    carried over is no new observation, and what was handed in as a total without its count cannot be charted: such
    points stand in the frame with their reason and leave the centre. A common rate takes at least 4 points.

    Limits are exact probability limits, 0.001 on either side (Montgomery 2013, *Introduction to Statistical Quality
    Control*, chapter 7; Spiegelhalter 2005, *Statistics in Medicine* 24, 1185-1202, for units beside one another).

    Raises `Misuse` for an unknown item or unit, an item that does not count cases or events, several assessments
    without a unit, fewer than two with one, the same period twice, or an item measured differently among them.

        >>> control_chart(bank.assessment("2026Q2"), "B2.1").outside()
        >>> control_chart([bank.assessment(p) for p in bank.periods], "B2.1", unit="0105").points
    """
    given = [assessments] if isinstance(assessments, Assessment) else list(assessments)
    given.sort(key=lambda each: each.period)
    if not given or (len(given) == 1) != (unit is None) or len({each.period for each in given}) < len(given):
        raise Misuse("chart_of_what")
    model = given[-1].model
    leaf = _counting(given, item)
    if unit is None:
        points = _looked_at(given[0].measures, item, leaf, own=False)
    else:
        given[-1].measures.row(unit, item)
        rows = [_looked_at(each.measures, item, leaf, own=True).reindex([unit]) for each in given]
        points = pd.concat(rows).set_axis(pd.Index([str(each.period) for each in given], name="period"))
        points["reason"] = points["reason"].fillna("not_applicable")
    points.insert(
        0,
        "name",
        given[-1].measures.units["name"].reindex([unit or each for each in points.index]).to_numpy(),
    )
    limits, judged = _judged(leaf, points, units=unit is None)
    return ControlChart(model, given[-1].period, item, unit, limits, judged)


def _leaf(model: IndicatorModel, item: str) -> s.Rate | s.Ratio:
    measure = model.items[item].measure
    assert isinstance(measure, s.Rate | s.Ratio), "refused where the chart is made"
    return measure


def _counting(given: Sequence[Assessment], item: str) -> s.Rate | s.Ratio:
    """The item's measure, which counts events or cases and is the same in all assessments."""
    for each in given:
        if item not in each.model.items:
            raise unknown("unknown_item", item, list(each.model.items))
    measure = given[-1].model.items[item].measure
    if any(each.model.items[item].measure != measure for each in given):
        raise Misuse("measured_otherwise", item=item)
    if not isinstance(measure, s.Rate) and not (isinstance(measure, s.Ratio) and measure.n is None):
        raise Misuse("not_counted", item=item)
    return measure


def _looked_at(measures: Measures, item: str, leaf: s.Rate | s.Ratio, *, own: bool) -> pd.DataFrame:
    """Events and exposure of every unit the item is for, and why there are none; `own`: of the period alone."""
    rows = measures.frame[measures.frame["item"] == item].set_index("unit")
    reach = Reach(measures.model, measures.units, measures.evidence, measures.period, measures.calendar)
    alone = leaf.model_copy(update={"window": 1}) if own else leaf
    if isinstance(leaf, s.Ratio) and alone.window == leaf.window:
        counts = rows[["numerator", "denominator"]]
    elif leaf.table not in reach.now.tables:  # totals of the whole window were handed in
        counts = pd.DataFrame(np.nan, rows.index, ["numerator", "denominator"])
    else:
        counts = _from_rows(alone, reach)
    found = counts.reindex(rows.index).set_axis(["events", "exposure"], axis=1).astype("float64")
    known = found.notna().all(axis=1)
    reason = np.where(known, np.where(found["exposure"] > 0, "", "no_exposure"), "totals_only")
    found["reason"] = np.where(rows["state"] == MEASURED, reason, rows["state"])
    found.loc[found["reason"] != "", ["events", "exposure"]] = np.nan
    if isinstance(leaf, s.Ratio) and not _whole(found.dropna()):
        raise Misuse("not_counted", item=item)
    return found


def _whole(found: pd.DataFrame) -> bool:
    """Whether events are cases among cases."""
    events, cases = (found[column].to_numpy() for column in ("events", "exposure"))
    broken = [np.abs(counts - counts.round()) > SLACK for counts in (events, cases)]
    return not np.any([*broken, events < 0, events > cases])


def _from_rows(leaf: Any, reach: Reach) -> pd.DataFrame:
    """What the rows of the window count: each event once, against the exposure itself."""
    if isinstance(leaf, s.Ratio):
        return kinds.compute(leaf, reach)[["numerator", "denominator"]]
    rows = kinds.contributions(leaf, reach)
    events = (rows["=numerator"] > 0).groupby(rows["unit"]).sum().reindex(reach.units, fill_value=0)
    staff = leaf.exposure == "staff"
    exposure = reach.staff(leaf.window) if staff else pd.Series(reach.years(leaf.window), reach.units)
    return pd.DataFrame({"numerator": events, "denominator": exposure})


def _judged(leaf: s.Rate | s.Ratio, points: pd.DataFrame, *, units: bool) -> tuple[Limits, pd.DataFrame]:
    """Limits about the common rate, and a verdict on every point."""
    told = (points["reason"] == "").to_numpy()
    events, exposure = (points.loc[told, column].to_numpy() for column in ("events", "exposure"))
    limits = Limits.of(events, exposure, binomial=isinstance(leaf, s.Ratio), units=units)
    lower, upper, needed = np.full((3, len(points)), np.nan)
    reason = points.pop("reason").to_numpy(dtype=object)
    if told.sum() < FEWEST:
        reason[told], needed[told] = "few_points", FEWEST
    else:
        lower[told], upper[told] = limits.at(exposure)
        silent = told & np.isnan(lower) & np.isnan(upper) & (0 < limits.centre < 1)
        reason[silent] = "too_little"
        needed[silent] = limits.least_cases() if silent.any() else np.nan
    rate = (points["events"] / points["exposure"]).to_numpy()
    verdict = np.select([reason != "", rate >= upper, rate <= lower], [CANNOT_SAY, ABOVE, BELOW], IN_CONTROL)
    columns = {"rate": rate, "lower": lower, "upper": upper}
    scaled = {name: values * leaf.factor for name, values in columns.items()}
    return limits, points.assign(**scaled, verdict=verdict, reason=reason, needed=needed)
