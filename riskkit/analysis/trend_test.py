"""Trends: did scores rise or fall over the periods by more than a random order of them would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from riskkit import texts
from riskkit.errors import Misuse, unknown
from riskkit.periods import Period

FEWEST = 8
"""Periods below which an order says little: of eight, 1 in 20,160 runs straight up or down; of four, 1 in 12."""
CONFIDENCE = 0.9
_NUMBERS = ["statistic", "slope", "slope_low", "slope_high", "p_value"]
_COLUMNS = ["name", "periods", "first", "last", *_NUMBERS, "enough_from"]
RISING, FALLING, NOT_SHOWN, CANNOT_SAY = "rising", "falling", "not_shown", "cannot_say"


@dataclass(frozen=True)
class Trend:
    """Whether the scores of a node rose or fell, unit by unit.

    `units`, indexed by unit: `name`, `periods` with a score, `first` and `last` of them, `statistic` S of Mann and
    Kendall, `slope` in points a period with its 90 % interval `slope_low` and `slope_high`, `p_value`, `q_value`
    (adjusted for the number of units), `verdict` (`rising`, `falling`, `not_shown`, or `cannot_say` with fewer than 8
    periods) and `enough_from`, the first period that could have enough. `rate`: the bound on false discoveries.
    """

    node: str
    rate: float
    units: pd.DataFrame

    def sentence(self, unit: str, lang: texts.Language) -> str:
        """What can be said of a unit, in words. Raises `Misuse` for one that is not among `units`.

        >>> riskkit.trend_test(bank.history()).sentence("0105", "en")
        """
        if unit not in self.units.index:
            raise unknown("unknown_unit", unit, list(self.units.index))
        row: Any = self.units.loc[unit].to_dict()
        return texts.say(f"trend_test.{row['verdict']}", lang, fewest=FEWEST, **row)


def trend_test(history: pd.DataFrame, *, node: str = "", rate: float = 0.1) -> Trend:
    """Test the scores of every unit that was ever ranked for a trend over the periods of `history`.

    `history` as from `Workspace.history`, which scores all periods under one model: scores under different models are
    no series. Periods without a score leave a gap. Mann and Kendall's test, exact without ties and with the corrected
    normal approximation with them; Theil and Sen's slope. Of the units called rising or falling, no more than `rate`
    are expected to have no trend (Benjamini and Hochberg 1995), as far as periods are independent; carried-over values
    make neighbours alike, and trends then seem surer than they are.

    Source: Gilbert (1987), *Statistical Methods for Environmental Pollution Monitoring*, chapter 16; Sen (1968),
    *Journal of the American Statistical Association* 63, 1379-1389.

    Raises `Misuse` for an unknown node, a rate outside 0-1, or a period given twice.

        >>> trend_test(bank.history()).units["verdict"].value_counts()
    """
    if not 0 < rate < 1:
        raise Misuse("discovery_rate", rate=rate)
    if node not in set(history["node"]):
        raise unknown("unknown_node", node, [name for name in history["node"].unique() if name])
    ranked = history.loc[history["rank"].notna(), "unit"].unique()
    scores = history[(history["node"] == node) & history["unit"].isin(ranked) & history["score"].notna()]
    if scores.duplicated(["unit", "period"]).any():
        raise Misuse("period_twice")
    scores = scores.assign(at=[_place(text) for text in scores["period"]]).sort_values("at", kind="stable")
    rows = {str(unit): _of_unit(own) for unit, own in scores.groupby("unit", sort=True)}
    frame = pd.DataFrame(list(rows.values()), pd.Index(list(rows), name="unit", dtype="str"), _COLUMNS)
    return Trend(node, rate, _judged(frame, rate))


def _place(text: str) -> int:
    """A period's place on the axis of time."""
    period = Period.parse(text)
    return period.year if period.quarter is None else 4 * period.year + period.quarter


def _of_unit(own: pd.DataFrame) -> dict[str, object]:
    first, last = own["period"].iloc[0], own["period"].iloc[-1]
    found = {"name": own["name"].iloc[-1], "periods": len(own), "first": first, "last": last}
    if len(own) < FEWEST:
        enough = Period.parse(last).shift(FEWEST - len(own))
        return found | dict.fromkeys(_NUMBERS, np.nan) | {"enough_from": str(enough)}
    return found | {"enough_from": ""} | trend_of(own["at"].to_numpy(float), own["score"].to_numpy(float))


def trend_of(at: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """S, slope with its interval, and two-sided p-value of one series; times are in order and differ."""
    s = float(np.triu(np.sign(np.subtract.outer(scores, scores).T)).sum())
    slope, _, low, high = stats.theilslopes(scores, at, CONFIDENCE)
    _, ties = np.unique(scores, return_counts=True)
    if (ties > 1).any():
        n = len(scores)
        variance = (n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
        p = 2 * float(stats.norm.sf(max(abs(s) - 1, 0.0) / np.sqrt(variance))) if s else 1.0
    else:
        p = float(stats.kendalltau(at, scores, method="exact").pvalue)
    return dict(zip(_NUMBERS, (s, float(slope), float(low), float(high), p), strict=True))


def _judged(frame: pd.DataFrame, rate: float) -> pd.DataFrame:
    told = frame["p_value"].notna().to_numpy()
    q = np.full(len(frame), np.nan)
    q[told] = stats.false_discovery_control(frame["p_value"].to_numpy()[told]) if told.any() else []
    way = np.where(frame["statistic"] > 0, RISING, FALLING)
    verdict = np.where(told, np.where(q <= rate, way, NOT_SHOWN), CANNOT_SAY)
    enough = frame.pop("enough_from")
    return frame.assign(q_value=q, verdict=verdict, enough_from=enough)
