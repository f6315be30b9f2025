"""What happened: over the periods, since the last one, where points were lost, how old findings are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from riskkit import texts
from riskkit.analysis.history import quartiles
from riskkit.analysis.movement import Movement
from riskkit.model import IndicatorModel
from riskkit.rectification import AGE_LIMITS, Findings
from riskkit.report.charts import canvas as c
from riskkit.scoring.assessment import Assessment

MOST = 12
"""Bars drawn one by one; what is left shares one more bar."""


def trend(
    history: pd.DataFrame,
    unit: str | None = None,
    *,
    means: pd.DataFrame | None = None,
    spread: pd.DataFrame | None = None,
    ax: Axes | None = None,
    lang: texts.Language | None = None,
) -> Axes:
    """Published scores over the periods: one unit, or none, over the median and the middle half of ranked units.

    `history` as from `Workspace.history`; `means` as from `Workspace.means`: their mean in place of the median;
    `spread` as from `quartiles`: those of all units where `history` is of one alone. A darker band is the 90 % interval
    of the unit or the mean: steps within it may be chance.

        >>> trend(bank.history(), "0103")
    """
    totals = history[history["node"] == ""]
    spread = quartiles(totals) if spread is None else spread
    periods = list(spread.index)
    with c.canvas(ax, lang, height=3.0) as on:
        x = np.arange(len(periods))
        one: dict[str, Any] = {"marker": "_", "markersize": 14} if len(periods) == 1 else {}
        on.ax.fill_between(
            x,
            spread[0.25],
            spread[0.75],
            color=c.colour("series_faint"),
            linewidth=0,
            label=on.say("trend.middle"),
        )
        middle = spread[0.5] if means is None else means["score"].reindex(periods)
        drawn = [spread[0.25], spread[0.75]]
        own = means if unit is None else totals[totals["unit"] == unit].set_index("period")
        if own is not None:
            own = own.reindex(periods)
            drawn += _noise(on, x, own)
        label, colour = (
            ("trend.median", c.colour("grey")) if means is None else ("trend.mean", c.colour("series"))
        )
        on.ax.plot(x, middle, color=colour, linewidth=1.8, label=on.say(label), **one)
        if unit is None or own is None:
            _numbers(on, x, middle, [""] * len(x), c.colour("ink"))
        else:
            _own_line(on, x, own)
        _score_limits(on, pd.concat(drawn))
        on.ax.set_xticks(x, periods)
        on.ax.set_xlim(-0.4, len(periods) - 0.6)
        on.ax.set_ylabel(on.say("score"))
        on.ax.grid(axis="y")
        on.title("trend.unit" if unit else "trend.all", unit=_name(on, totals, unit))
        on.legend(below=24)
    return on.ax


def _noise(on: c.Canvas, x: np.ndarray, own: pd.DataFrame) -> list[pd.Series]:
    """The band within which steps may be chance; its ends drawn in every period, so that a lone one shows too."""
    low, high = own["score_low"].astype("float64"), own["score_high"].astype("float64")
    on.ax.fill_between(
        x, low, high, color=c.colour("series_soft"), linewidth=0, label=on.say("trend.interval")
    )
    on.ax.vlines(x, low, high, color=c.colour("series"), alpha=0.45, linewidth=1)
    return [low, high, own["score"]]


def _name(on: c.Canvas, totals: pd.DataFrame, unit: str | None) -> str:
    return (
        "" if unit is None else on.unit(totals.drop_duplicates("unit", keep="last").set_index("unit"), unit)
    )


def _own_line(on: c.Canvas, x: np.ndarray, own: pd.DataFrame) -> None:
    on.ax.plot(
        x,
        own["score"],
        color=c.colour("series"),
        linewidth=2.2,
        marker="o",
        markersize=5,
        label=on.say("trend.own"),
    )
    _numbers(
        on,
        x,
        own["score"],
        [f" {grade}" if isinstance(grade, str) else "" for grade in own["grade"]],
        c.colour("rule"),
    )


def _numbers(on: c.Canvas, x: np.ndarray, scores: pd.Series, after: list[str], colour: str) -> None:
    digits = 2 if scores.max() > 10 else 3
    for place, score, more in zip(x, scores, after, strict=True):
        if pd.notna(score):
            text = f"{score:.{digits}f}{more}"
            on.note(
                text, (place, score), (0, 11), inside=True, ha="center", color=colour, path_effects=c.HALO
            )


def _score_limits(on: c.Canvas, scores: pd.Series) -> None:
    """A range that keeps small movements small: at least a fifth of the scale."""
    maximum = 100.0 if scores.max() > 1 else 1.0
    low, high = float(scores.min()), float(scores.max())
    room = max(maximum / 5, (high - low) * 1.4)
    bottom = max(0.0, (low + high - room) / 2)
    on.ax.set_ylim(bottom, min(maximum * 1.02, bottom + room * 1.1))


def losses(
    assessment: Assessment,
    unit: str,
    *,
    ax: Axes | None = None,
    lang: texts.Language | None = None,
    limit: int = MOST,
) -> Axes:
    """Where a unit's points went: the largest losses one by one, the rest together; they sum to maximum − score.

    Raises `Misuse` for a model that does not aggregate arithmetically throughout.

        >>> losses(bank.assessment("2026Q2"), "0103")
    """
    bars = _largest(assessment.losses(unit), limit)
    with c.canvas(ax, lang, height=1.4 + 0.34 * len(bars) if len(bars) else 1.0) as on:
        total = assessment.model.spec.score.maximum - assessment.summary["score"][unit]
        on.title(
            "losses.title", unit=on.unit(assessment.summary, unit), total=total, period=assessment.period
        )
        if bars.empty:
            on.nothing("losses.nothing")
            return on.ax
        single = bars[bars["drawn"] != "rest"]
        for kind, (colour, hatch) in _LOSS_KINDS.items():
            rows = np.flatnonzero(bars["drawn"] == kind)
            look = {"facecolors": c.colour(colour), "hatch": hatch, "edgecolors": "white"}
            if len(rows):
                lost = bars["lost"].to_numpy()[rows]
                on.bars(rows, lost, height=0.66, label=on.say(f"losses.{kind}"), **look)
        for row, (value, kind) in enumerate(zip(bars["lost"], bars["drawn"], strict=True)):
            text = on.say("losses.together", lost=value) if kind == "rest" else f"{value:.2f}"
            on.note(text, (0.0 if kind == "rest" else max(value, 0), row), (4, 0), inside=True)
        on.rows([_loss_label(on, assessment.model, bar) for bar in bars.itertuples()])
        on.ax.set_xlim(min(0.0, single["lost"].min()), single["lost"].max() * 1.12)
        on.below(on.say("losses.axis"))
        total = assessment.model.spec.score.maximum - assessment.summary["score"][unit]
        on.title(
            "losses.title", unit=on.unit(assessment.summary, unit), total=total, period=assessment.period
        )
        if single["drawn"].nunique() > 1:
            on.legend()
    return on.ax


def _largest(lost: pd.DataFrame, limit: int) -> pd.DataFrame:
    """The bars to draw: the largest items and every deduction, then one for the rest, its `id` how many they are."""
    lost = lost[lost["kind"] != "rounding"]
    lost = lost.assign(
        drawn=[_loss_kind(kind, state) for kind, state in zip(lost["kind"], lost["state"], strict=True)]
    )
    rest = (lost["kind"] == "item") & (lost["kind"] == "item").cumsum().gt(limit)
    if not rest.any():
        return lost
    together = {"kind": "rest", "id": str(rest.sum()), "lost": lost.loc[rest, "lost"].sum(), "drawn": "rest"}
    return pd.concat([lost[~rest], pd.DataFrame([together])], ignore_index=True)


_LOSS_KINDS = {
    "measured": ("series", ""),
    "carried_over": ("series_soft", ""),
    "missing": ("warn", "////"),
    "deduction": ("bad", ""),
}
"""Colour in the theme, and hatching."""


def _loss_kind(kind: str, state: str) -> str:
    if kind != "item":
        return "deduction"
    return {"measured": "measured", "rolled_up": "measured", "carried_over": "carried_over"}.get(
        state, "missing"
    )


def _loss_label(on: c.Canvas, model: IndicatorModel, bar: Any) -> str:
    if bar.kind == "item":
        return on.node(model, bar.id, c.LABEL)
    if bar.kind == "deduction" and bar.id:
        return on.folded(f"{bar.id} {model.red_lines[bar.id].name[on.lang]}", c.LABEL)
    return on.say(f"losses.{bar.kind}", n=bar.id)


def movement(
    movement: Movement,
    unit: str,
    *,
    ax: Axes | None = None,
    lang: texts.Language | None = None,
    limit: int = MOST,
) -> Axes:
    """Which items moved a unit's score since the period before: gains to the right, losses to the left.

    >>> movement(compare(bank.assessment("2026Q1"), bank.assessment("2026Q2")), "0103")
    """
    model, own = movement.after.model, movement.units.loc[unit]
    changes = movement.explain(unit)["change"]
    deducted = movement.before.summary["deducted"].get(unit, 0.0) - movement.after.summary["deducted"][unit]
    first, rest = changes.head(limit), changes.iloc[limit:]
    bars = len(first) + bool(len(rest)) + bool(deducted)
    with c.canvas(ax, lang, height=1.4 + 0.34 * bars if bars else 1.0) as on:
        periods = {"before": movement.before.period, "after": movement.after.period}
        on.title(
            "movement.title",
            unit=on.unit(movement.after.summary, unit),
            change=_signed(own["change"]),
            **periods,
        )
        rows = [(on.node(model, str(item), c.LABEL), float(change)) for item, change in first.items()]
        rows += [(on.say("movement.deductions"), float(deducted))] if deducted else []
        rows += [(on.say("movement.rest", n=len(rest)), float(rest.sum()))] if len(rest) else []
        if not rows:
            on.nothing("movement.nothing")
            return on.ax
        _diverging(on, [change for _, change in rows])
        on.rows([label for label, _ in rows])
        on.below(on.say("movement.axis"))
    return on.ax


def _signed(change: Any) -> str:
    if pd.isna(change):
        return "–"
    return f"{'▲' if change > 0 else '▼' if change < 0 else ''}{abs(change):.2f}"


def _diverging(on: c.Canvas, changes: list[float]) -> None:
    colours = [c.colour("good") if change > 0 else c.colour("bad") for change in changes]
    on.ax.barh(range(len(changes)), changes, height=0.66, color=colours)
    reach = max(abs(change) for change in changes) or 1.0
    for row, change in enumerate(changes):
        on.note(
            _signed(change),
            (change, row),
            (4 if change >= 0 else -4, 0),
            ha="left" if change >= 0 else "right",
        )
    on.ax.axvline(0, color=c.colour("grey"), linewidth=0.8)
    on.ax.set_xlim(-reach * 1.25, reach * 1.25)


_AGES = (0.75, 0.6, 0.4, 0.0)
"""Shares of full marks, of which overdue findings have the colours, the older the lower."""


def ageing(findings: Findings, *, ax: Axes | None = None, lang: texts.Language | None = None) -> Axes:
    """Outstanding findings by severity, each bar divided by days overdue, with the counts written in.

    >>> ageing(findings(bank.measures("2026Q2")))
    """
    table = findings.ageing() if len(findings.rows) else pd.DataFrame()
    empty = table.empty or not table.to_numpy().sum()
    with c.canvas(ax, lang, height=1.0 if empty else 2.8) as on:
        on.title("ageing.title")
        if empty:
            on.nothing("ageing.nothing")
            return on.ax
        left = np.zeros(len(table))
        colours = (c.colour("series_faint"), *map(c.shade, _AGES))
        for age, colour in zip(table.columns, colours, strict=True):
            counts = table[age].to_numpy()
            look: dict[str, Any] = {"height": 0.62, "color": colour, "edgecolor": "white"}
            on.ax.barh(range(len(table)), counts, left=left, label=_age(on, int(age)), **look)
            for row, count in enumerate(counts):
                if count:
                    ink = c.ink_on(colour)
                    on.ax.text(
                        left[row] + count / 2,
                        row,
                        str(count),
                        ha="center",
                        va="center",
                        fontsize=9,
                        color=ink,
                    )
            left += counts
        for row, total in enumerate(left):
            on.note(f"{total:.0f}", (total, row), (5, 0), fontweight="bold")
        on.rows([on.say(f"ageing.{severity}") for severity in table.index])
        on.below(on.say("ageing.axis"))
        on.ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        on.legend(columns=3)
    return on.ax


def _age(on: c.Canvas, age: int) -> str:
    if age == 0:
        return on.say("ageing.in_time")
    if age == len(AGE_LIMITS):
        return on.say("ageing.longer", days=AGE_LIMITS[-1])
    return on.say("ageing.overdue", low=AGE_LIMITS[age - 1] + 1, high=AGE_LIMITS[age])
