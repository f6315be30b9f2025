"""How sure results are: scores with their intervals, what the uncertainty comes from, which changes are real."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from riskkit import texts
from riskkit.analysis.real_change import CANNOT_SAY, LEAST_SHARE, NOT_SHOWN, REAL, RealChange
from riskkit.analysis.uncertainty import Uncertainty
from riskkit.analysis.variance_shares import VarianceShares
from riskkit.model import IndicatorModel
from riskkit.report.charts import canvas as c
from riskkit.report.charts.standing import MOST
from riskkit.report.tables import silent_sentences

STRIP = (1.16, 1.66)
"""From where to where the strip of grades reaches, in widths of the range of scores."""
BESIDE = 0.32
"""Room for the name of a group, in widths of the range of scores."""
READABLE = 0.16
"""The least probability whose grade is written into the strip."""
NORMAL = 1.96
"""Standard errors to either side that hold 95 %."""


def uncertainty(
    sure: Uncertainty, *, ax: Axes | None = None, lang: texts.Language | None = None, limit: int = MOST
) -> Axes:
    """Each ranked unit's score as a dot on its 90 % interval, best on top, and beside it the chance of every grade.

    Dots have the colour of the grade given, which stands behind the interval; lines mark the least score of each
    grade; on shaded and unshaded bands in turn lie the units that cannot be told apart. What the evidence cannot say
    stands below.

        >>> uncertainty(riskkit.uncertainty(bank.assessment("2026Q2"), draws=1000, seed=7))
    """
    units, model = sure.units.head(limit), sure.assessment.model
    silent = silent_sentences(sure.silent, model, c.spoken(lang))
    with c.canvas(ax, lang, height=1.75 + 0.235 * max(len(units), 1) + 0.45 * len(silent)) as on:
        key = "title" if len(units) == len(sure.units) else "first"
        words = {"n": len(units), "groups": units["group"].nunique()}
        on.title(f"uncertainty.{key}", period=sure.assessment.period, **words)
        if units.empty:
            on.nothing("nobody_ranked")
            return on.ax
        low, high = _range(units)
        _tied(on, units, low, high)
        _thresholds(on, model, low, high)
        _intervals(on, units, model)
        _strip(on, sure.grades.loc[units.index], units, model, low, high)
        on.rows([on.unit(units, str(unit)) for unit in units.index])
        on.ax.set_xlim(low, low + (STRIP[1] + 0.12) * (high - low))
        on.ax.spines["bottom"].set_bounds(low, high)
        notes = [on.folded(each, 84) for each in silent]
        axis = on.say("uncertainty.axis", draws=sure.draws, seed=sure.seed)
        on.ax.set_xlabel("\n".join([axis, *notes]), loc="left")
    return on.ax


def _range(units: pd.DataFrame) -> tuple[float, float]:
    """From where to where scores are drawn: past all of them, with room beside every group for its name."""
    drawn = units[["score_low", "score_high", "score"]].to_numpy()
    low, high = float(drawn.min()), float(drawn.max())
    span = high - low or 1.0
    sides = units.groupby("group").agg(low=("score_low", "min"), high=("score_high", "max"))
    crowded = (np.maximum(sides["low"] - low, high - sides["high"]) < BESIDE * span).any()
    return low - (BESIDE if crowded else 0.04) * span, high + 0.04 * span


def _tied(on: c.Canvas, units: pd.DataFrame, low: float, high: float) -> None:
    """A band for every other group, and on the side with more room which ranks cannot be told apart."""
    rows = pd.Series(np.arange(len(units)), units.index)
    for number, (_, places) in enumerate(rows.groupby(units["group"].to_numpy())):
        top, bottom = int(places.iloc[0]), int(places.iloc[-1])
        if number % 2 == 0:
            on.ax.axhspan(
                top - 0.5, bottom + 0.5, color=c.colour("series_faint"), alpha=0.35, linewidth=0, zorder=0
            )
        if top == bottom:
            continue
        own = units.iloc[top : bottom + 1]
        left = own["score_low"].min() - low > high - own["score_high"].max()
        words = on.say("uncertainty.alike", low=own["rank"].min(), high=own["rank"].max())
        edge: dict[str, Any] = {"ha": "left" if left else "right", "color": c.colour("grey"), "zorder": 4}
        place = (low if left else high, (top + bottom) / 2)
        on.note(words, place, (4 if left else -4, 0), path_effects=c.HALO, **edge)


def _thresholds(on: c.Canvas, model: IndicatorModel, low: float, high: float) -> None:
    """A thin line at the least score of each grade within what is drawn, its grade below."""
    kept = [(grade.min, name) for name, grade in model.grades.items() if low < grade.min < high]
    for minimum, _ in kept:
        on.ax.axvline(minimum, color=c.colour("series_soft"), linewidth=0.8, zorder=1)
    ticks = {minimum: f"{minimum:g}\n{_short(on, model, name)}" for minimum, name in kept}
    if len(ticks) < 2:  # the scale must still be told
        whole = MaxNLocator(4).tick_values(low, high)
        ticks = {float(tick): f"{tick:g}\n" for tick in whole if low < tick < high} | ticks
    on.ax.set_xticks(list(ticks), list(ticks.values()))


def _intervals(on: c.Canvas, units: pd.DataFrame, model: IndicatorModel) -> None:
    colours = c.grade_colours(model)
    fills = [colours[grade] for grade in units["grade"]]
    rows = np.arange(len(units))
    on.ax.hlines(rows, units["score_low"], units["score_high"], color=fills, linewidth=3.2, alpha=0.55)
    on.ax.scatter(
        units["score"], rows, s=26, color=fills, edgecolor=c.colour("series"), linewidth=0.7, zorder=3
    )
    ends = units[["score", "score_high"]].max(axis=1)
    for row, (end, grade) in enumerate(zip(ends, units["grade"], strict=True)):
        words = _short(on, model, grade)
        on.note(words, (end, row), (6, 0), color=c.colour("ink"), path_effects=c.HALO, zorder=5)


def _strip(
    on: c.Canvas, chances: pd.DataFrame, units: pd.DataFrame, model: IndicatorModel, low: float, high: float
) -> None:
    """Stacked bars of the chance of each grade, and in figures that of the grade given."""
    start, width = low + STRIP[0] * (high - low), (STRIP[1] - STRIP[0]) * (high - low)
    left, rows = np.full(len(units), start), np.arange(len(units))
    for grade, colour in c.grade_colours(model).items():
        share = chances[grade].to_numpy()
        on.ax.barh(
            rows, share * width, left=left, height=0.72, color=colour, edgecolor="white", linewidth=0.4
        )
        for row, part in enumerate(share):
            if part >= READABLE and len(grade) <= 2:
                inside: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8}
                on.ax.text(left[row] + part * width / 2, row, grade, color=c.ink_on(colour), **inside)
        left = left + share * width
    for row, share in enumerate(units["grade_probability"]):
        on.note(c.share(share), (start + width, row), (5, 0), color=c.colour("grey"))
    below: dict[str, Any] = {"va": "top", "color": c.colour("grey")}
    on.note(on.say("uncertainty.strip"), (start, len(units) - 0.4), (0, -6), **below)


def _short(on: c.Canvas, model: IndicatorModel, grade: str) -> str:
    return grade if len(grade) <= 2 else model.grades[grade].name[on.lang]


def variance_shares(
    shares: VarianceShares, *, ax: Axes | None = None, lang: texts.Language | None = None
) -> Axes:
    """The share of each source in the variance of scores: what it explains alone, and with all it has a part in.

    The greatest on top, with 95 % error bars of the estimates.

        >>> variance_shares(riskkit.variance_shares(bank.assessment("2026Q2"), seed=7))
    """
    sources = shares.sources.sort_values("total", ascending=False, kind="stable")
    varies = bool(shares.total.notna().any(axis=None))
    with c.canvas(ax, lang, height=1.6 + 0.44 * len(sources) if varies else 1.0) as on:
        if not varies:
            on.title("variance_shares.any")
            on.nothing("variance_shares.nothing")
            return on.ax
        first = on.say(f"source.{sources.index[0]}")
        on.title("variance_shares.title", source=first, share=c.share(float(sources["total"].iloc[0])))
        rows = np.arange(len(sources))
        for kind, place, colour in (
            ("first", -0.18, c.colour("series")),
            ("total", 0.18, c.colour("series_soft")),
        ):
            found, error = sources[kind].clip(lower=0.0), NORMAL * sources[f"{kind}_error"]
            look: dict[str, Any] = {
                "height": 0.34,
                "color": colour,
                "label": on.say(f"variance_shares.{kind}"),
            }
            bars: dict[str, Any] = {"ecolor": c.colour("ink"), "elinewidth": 1.0, "capsize": 2}
            on.ax.barh(rows + place, found, xerr=error, error_kw=bars, **look)
            for row, (share, reach) in enumerate(zip(found, found + error, strict=True)):
                text = on.say("variance_shares.none") if not sources["total"].iloc[row] else c.share(share)
                if kind == "total" or sources["total"].iloc[row]:
                    on.note(text, (reach, row + place), (5, 0), color=c.colour("grey"))
        on.rows([on.say(f"source.{name}") for name in sources.index])
        on.ax.set_xlim(0, min(1.12, float((sources["total"] + NORMAL * sources["total_error"]).max()) * 1.15))
        on.ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        sure = "" if shares.converged else "_rough"
        on.ax.set_xlabel(on.say(f"variance_shares.axis{sure}", points=shares.points))
        on.ax.grid(axis="x")
        on.legend(below=36)
    return on.ax


def real_change(
    change: RealChange, *, ax: Axes | None = None, lang: texts.Language | None = None, limit: int = MOST
) -> Axes:
    """Every unit's change on what both periods measured, over a grey band as wide as its minimum detectable change.

    The greatest gain on top. Triangles are changes that are real, grey dots those that may be chance, hollow ones those
    of which nothing can be said. Of more units than `limit`, the real changes and then the greatest are drawn.

        >>> real_change(riskkit.real_change(bank.assessment("2026Q1"), bank.assessment("2026Q2"), draws=1000, seed=7))
    """
    units = change.units
    kept = units.assign(first=units["verdict"] != REAL, size=-units["change"].abs())
    kept = kept.sort_values(["first", "size"], kind="stable").head(limit)
    chosen = kept.sort_values("change", ascending=False, kind="stable")
    with c.canvas(ax, lang, height=1.6 + 0.235 * max(len(chosen), 1)) as on:
        _finding(on, change)
        if chosen.empty:
            on.nothing("real_change.nobody")
            return on.ax
        rows, verdict = np.arange(len(chosen)), chosen["verdict"].to_numpy()
        told = verdict != CANNOT_SAY
        if told.any():
            reach = chosen["detectable"].to_numpy()[told]
            band = on.say("real_change.band")
            on.ax.barh(
                rows[told], 2 * reach, left=-reach, height=0.6, color=c.colour("series_faint"), label=band
            )
        gained = chosen["change"].to_numpy() > 0
        looks: list[tuple[np.ndarray, dict[str, Any], str]] = [
            ((verdict == REAL) & gained, {"color": c.colour("good"), "marker": "^", "s": 44}, "up"),
            ((verdict == REAL) & ~gained, {"color": c.colour("bad"), "marker": "v", "s": 44}, "down"),
            (verdict == NOT_SHOWN, {"color": c.colour("faint"), "marker": "o", "s": 22}, "not_shown"),
            (
                ~told,
                {"facecolor": "white", "edgecolor": c.colour("grey"), "marker": "o", "s": 30},
                "cannot_say",
            ),
        ]
        for where, look, key in looks:
            if where.any():
                found = chosen["change"].to_numpy()[where]
                words = on.say(f"real_change.{key}", least=f"{LEAST_SHARE:.0%}")
                on.ax.scatter(found, rows[where], label=words, zorder=3, **look)
        _changes(on, chosen)
        on.rows([on.unit(chosen, str(unit)) for unit in chosen.index])
        on.ax.axvline(0, color=c.colour("grey"), linewidth=0.8, zorder=1)
        on.ax.grid(axis="x")
        on.ax.set_xlabel(on.say("real_change.axis"))
        on.legend(columns=3)
    return on.ax


def _finding(on: c.Canvas, change: RealChange) -> None:
    """How many changes are real, as the title."""
    counts = change.units["verdict"].value_counts()
    real, told = int(counts.get(REAL, 0)), len(change.units) - int(counts.get(CANNOT_SAY, 0))
    key = "title" if real else "none" if told else "nothing"
    periods = {"before": change.before.period, "after": change.after.period}
    on.title(f"real_change.{key}", n=len(change.units), real=real, **periods)


def _changes(on: c.Canvas, chosen: pd.DataFrame) -> None:
    """The changes in figures at the right edge: real ones in colour, the share compared where nothing can be said."""
    for row, (change, share, verdict) in enumerate(
        chosen[["change", "share", "verdict"]].fillna({"share": 0.0}).itertuples(index=False)
    ):
        text, colour, weight = f"{change:+.1f}".replace("-", "−"), c.colour("grey"), "normal"
        if verdict == REAL:
            colour, weight = (c.colour("good") if change > 0 else c.colour("bad")), "bold"
        if verdict == CANNOT_SAY:
            text = on.say("real_change.compared", share=c.share(share))
        on.note(text, (1, row), (8, 0), beside=True, color=colour, weight=weight)
