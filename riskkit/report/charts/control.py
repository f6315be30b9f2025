"""Is a rate unlike what chance makes: one unit over the periods, or all units beside one another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from riskkit import texts
from riskkit.analysis.control_chart import ABOVE, BELOW, CANNOT_SAY, ControlChart
from riskkit.report.charts import canvas as c

MOST_NAMED = 8
"""Units outside the limits that are named on a funnel."""
TITLE = {"en": 84, "zh": 70}
"""Where titles are folded."""
OUTSIDE: dict[str, Any] = {"color": c.colour("bad"), "marker": "D", "zorder": 4, "linewidth": 0}


def control_chart(chart: ControlChart, *, ax: Axes | None = None, lang: texts.Language | None = None) -> Axes:
    """A unit's rate in each period, a diamond where it is outside, over the stepped limits of that period.

    A period without an observation of its own says so.

        >>> control_chart(riskkit.control_chart([bank.assessment(p) for p in bank.periods], "B2.1", unit="0105"))
    """
    points = chart.points
    with c.canvas(ax, lang, height=3.2) as on:
        on.ax.set_title(on.folded(_title_of_unit(on, chart), TITLE[on.lang]))
        seen = points[points["rate"].notna()]
        if seen.empty:
            on.nothing("control.nothing")
            return on.ax
        x, rate = np.arange(len(points)), points["rate"].to_numpy()
        low, high = _range(chart, seen)
        _steps(on, chart, low, high)
        on.ax.plot(x, rate, color=c.colour("series"), linewidth=1.8, marker="o", markersize=5, zorder=3)
        beyond = points["verdict"].isin([ABOVE, BELOW]).to_numpy()
        if beyond.any():
            on.ax.scatter(x[beyond], rate[beyond], s=62, label=on.say("control.outside"), **OUTSIDE)
        _numbers(on, chart, rate)
        on.ax.set_xticks(x, list(points.index))
        on.ax.set_xlim(-0.6, len(points) - 0.4)
        _rate_axis(on, chart, low, high)
        on.legend(below=24)
    return on.ax


def funnel(chart: ControlChart, *, ax: Axes | None = None, lang: texts.Language | None = None) -> Axes:
    """Every unit's rate by its exposure, over the limits that narrow as exposure grows; units outside are named.

    The larger a dot, the more units lie on it.

        >>> funnel(riskkit.control_chart(bank.assessment("2026Q2"), "B2.1"))
    """
    seen = chart.points[chart.points["rate"].notna()]
    with c.canvas(ax, lang, height=4.0) as on:
        on.ax.set_title(on.folded(_title_of_units(on, chart), TITLE[on.lang]))
        if seen.empty:
            on.nothing("control.nothing")
            return on.ax
        low, high = _range(chart, seen)
        most = float(seen["exposure"].max()) * 1.08
        grid = np.linspace(most / 200, most, 400)
        lower, upper = chart.band(grid)
        floor, ceiling = _ends(chart, high)
        band = on.say("control.stretched" if chart.limits.stretched else "control.band", phi=chart.limits.phi)
        bottom, top = (
            np.where(np.isnan(limit), end, limit) for limit, end in ((lower, floor), (upper, ceiling))
        )
        on.ax.fill_between(grid, bottom, top, color=c.colour("series_faint"), linewidth=0, label=band)
        for limit in (lower, upper):
            on.ax.plot(grid, limit, color=c.colour("grey"), linewidth=0.9)
        on.ax.axhline(chart.centre, color=c.colour("grey"), linewidth=1.1, label=_overall(on, chart))
        _dots(on, seen)
        names = chart.outside().head(MOST_NAMED)
        for unit, row in names.iterrows():
            place = (row["exposure"], row["rate"])
            left = row["exposure"] > most * 0.6
            look: dict[str, Any] = {"ha": "right" if left else "left", "path_effects": c.HALO}
            on.note(on.unit(chart.points, str(unit)), place, (-9 if left else 9, 0), **look)
        on.ax.set_xlim(0, most)
        on.ax.tick_params(axis="x", pad=8)
        on.ax.set_xlabel(on.say(f"control.{chart.counted_in}"))
        _rate_axis(on, chart, low, high)
        on.legend(below=40)
    return on.ax


def _numbers(on: c.Canvas, chart: ControlChart, rate: np.ndarray) -> None:
    """The rate above each point; a word where there is none."""
    for place, value in enumerate(rate):
        if np.isnan(value):
            middle: dict[str, Any] = {
                "transform": on.ax.get_xaxis_transform(),
                "ha": "center",
                "va": "center",
            }
            on.ax.text(
                place,
                0.5,
                on.say("control.unseen"),
                color=c.colour("grey"),
                fontsize=8.5,
                path_effects=c.HALO,
                **middle,
            )
        else:
            look: dict[str, Any] = {
                "ha": "center",
                "color": c.colour("rule"),
                "path_effects": c.HALO,
            }
            on.note(chart.shown(value), (place, value), (0, 11), **look)


def _dots(on: c.Canvas, seen: pd.DataFrame) -> None:
    """Units inside, outside and untold, those on one place as one larger dot."""
    looks: list[tuple[str, list[str], dict[str, Any]]] = [
        ("point", ["in_control"], {"color": c.colour("series"), "zorder": 3, "linewidth": 0}),
        ("cannot", [CANNOT_SAY], {"facecolor": "white", "edgecolor": c.colour("grey"), "zorder": 2}),
        ("outside", [ABOVE, BELOW], OUTSIDE),
    ]
    for key, verdicts, look in looks:
        mine = seen[seen["verdict"].isin(verdicts)]
        if len(mine):
            piles = mine.groupby(["exposure", "rate"]).size().reset_index(name="units")
            size = 48 if key == "outside" else 22
            area = size * piles["units"] ** 0.7
            on.ax.scatter(piles["exposure"], piles["rate"], s=area, clip_on=False, **look)
            on.ax.scatter([], [], s=size, label=on.say(f"control.{key}"), **look)


def _steps(on: c.Canvas, chart: ControlChart, low: float, high: float) -> None:
    """The limits of each period, as wide as the period, and the centre."""
    points = chart.points
    floor, ceiling = _ends(chart, high)
    told = (points["verdict"] != CANNOT_SAY).to_numpy()
    label = on.say("control.stretched" if chart.limits.stretched else "control.band", phi=chart.limits.phi)
    for place in np.flatnonzero(told):
        ends = [place - 0.5, place + 0.5]
        lower, upper = (float(points[name].iloc[place]) for name in ("lower", "upper"))
        bottom, top = floor if np.isnan(lower) else lower, ceiling if np.isnan(upper) else upper
        on.ax.fill_between(
            ends,
            bottom,
            top,
            color=c.colour("series_faint"),
            linewidth=0,
            label=label if place == told.argmax() else None,
        )
        for limit in (lower, upper):
            on.ax.plot(ends, [limit, limit], color=c.colour("grey"), linewidth=0.9)
    on.ax.axhline(chart.centre, color=c.colour("grey"), linewidth=1.1, label=_overall(on, chart))


def _overall(on: c.Canvas, chart: ControlChart) -> str:
    return on.say("control.centre", centre=chart.shown(chart.centre))


def _ends(chart: ControlChart, high: float) -> tuple[float, float]:
    """Where a band ends that no count can leave: at 0, and at every case, or above the picture."""
    return 0.0, chart.factor if chart.limits.binomial else high * 2


def _range(chart: ControlChart, seen: pd.DataFrame) -> tuple[float, float]:
    """The rates the picture shows: all points and the limits at the largest exposure, with room for labels."""
    lower, upper = chart.band(np.array([seen["exposure"].median()]))
    floor, ceiling = 0.0, chart.factor if chart.limits.binomial else np.inf
    low = np.nanmin([seen["rate"].min(), lower[0] if lower[0] == lower[0] else floor])
    high = np.nanmax([seen["rate"].max(), upper[0] if upper[0] == upper[0] else min(ceiling, chart.centre)])
    room = 0.12 * (high - low or chart.factor * 0.1)
    return max(float(low - room), 0.0), float(high + room)


def _rate_axis(on: c.Canvas, chart: ControlChart, low: float, high: float) -> None:
    on.ax.set_ylim(low, high)
    if chart.limits.binomial and chart.model.items[chart.item].unit == "ratio":
        on.ax.yaxis.set_major_locator(MaxNLocator(nbins=6))
        on.ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
        on.ax.set_yticks([tick for tick in on.ax.get_yticks() if low <= tick <= 1 + 1e-9])
    per = on.say(f"control.per_{chart.counted_in}")
    share = chart.limits.binomial and chart.factor == 1
    key = "rate" if share else "per_one" if chart.factor == 1 else "per"
    on.ax.set_ylabel(on.say(f"control.{key}", factor=chart.factor, per=per))
    on.ax.grid(axis="y")


def _title_of_unit(on: c.Canvas, chart: ControlChart) -> str:
    points = chart.points
    name = on.unit(points.set_axis([chart.unit] * len(points)).iloc[-1:], str(chart.unit))
    values = {"item": on.node(chart.model, chart.item), "unit": name}
    outside = points[points["verdict"].isin([ABOVE, BELOW])]
    if len(outside):
        kinds = set(outside["verdict"])
        key = "both" if len(kinds) == 2 else kinds.pop()
        named = texts.listed([str(period) for period in outside.index])[on.lang]
        return on.say(f"control.unit_{key}", points=named, **values)
    return on.say(f"control.unit_{'cannot' if (points['verdict'] == CANNOT_SAY).all() else 'none'}", **values)


def _title_of_units(on: c.Canvas, chart: ControlChart) -> str:
    verdicts = chart.points["verdict"]
    counts = {name: int((verdicts == name).sum()) for name in (ABOVE, BELOW)}
    some = [name for name, count in counts.items() if count]
    nothing = "cannot" if (verdicts == CANNOT_SAY).all() else "none"
    key = "both" if len(some) == 2 else some[0] if some else nothing
    values = {"item": on.node(chart.model, chart.item), "period": chart.period}
    return on.say(f"control.units_{key}", **values, **counts)
