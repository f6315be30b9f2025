"""How far ranks hang on the weights, and on each part of the model."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from riskkit import texts
from riskkit.analysis.leave_one_out import LeaveOneOut
from riskkit.analysis.rank_intervals import RankIntervals
from riskkit.analysis.weight_stability import WeightStability
from riskkit.model import IndicatorModel
from riskkit.report.charts import canvas as c
from riskkit.report.charts.standing import MOST

MOST_NODES = 20
"""Bars of nodes drawn; the ranking owes little to those behind them."""


def rank_intervals(
    intervals: RankIntervals,
    *,
    ax: Axes | None = None,
    lang: texts.Language | None = None,
    limit: int = MOST,
) -> Axes:
    """Each ranked unit's rank as a dot, on a line over nine tenths of its ranks under drawn weights; best on top.

    >>> rank_intervals(riskkit.rank_intervals(bank.assessment("2026Q2"), draws=1000, seed=7))
    """
    chosen = intervals.units.head(limit)
    with c.canvas(ax, lang, height=1.5 + 0.235 * max(len(chosen), 1)) as on:
        on.title("rank_intervals.title", n=intervals.draws)
        if chosen.empty:
            on.nothing("nobody_ranked")
            return on.ax
        rows = np.arange(len(chosen))
        line: dict[str, Any] = {"color": c.colour("series_soft"), "linewidth": 4.5}
        on.ax.hlines(
            rows, chosen["rank_low"], chosen["rank_high"], label=on.say("rank_intervals.line"), **line
        )
        dot: dict[str, Any] = {"s": 30, "color": c.colour("series"), "zorder": 3}
        on.ax.scatter(chosen["rank"], rows, label=on.say("rank_intervals.dot"), **dot)
        ends = np.maximum(chosen["rank_high"], chosen["rank"])
        for row, (low, high, end) in enumerate(
            zip(chosen["rank_low"], chosen["rank_high"], ends, strict=True)
        ):
            text = f"{low}–{high}" if low != high else f"{low}"
            on.note(text, (end, row), (9, 0), color=c.colour("grey"), path_effects=c.HALO)
        on.rows([on.unit(intervals.units, str(unit)) for unit in chosen.index])
        on.ax.set_xlim(0.4, float(ends.max()) * 1.06 + 1)
        on.ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        on.ax.set_xlabel(
            on.say("rank_intervals.axis", concentration=intervals.concentration, seed=intervals.seed)
        )
        on.ax.grid(axis="x")
        on.legend()
    return on.ax


def weight_stability(
    stability: WeightStability,
    *,
    ax: Axes | None = None,
    lang: texts.Language | None = None,
    limit: int = MOST,
) -> Axes:
    """In what share of drawn weights each ranked unit keeps its grade (bar) and its place in or outside the top (dot).

    Best on top, with a line below the last unit of the top; the shares of the whole stand below.

        >>> weight_stability(riskkit.weight_stability(bank.assessment("2026Q2"), draws=1000, seed=7))
    """
    chosen = stability.units.head(limit)
    with c.canvas(ax, lang, height=1.7 + 0.235 * max(len(chosen), 1)) as on:
        on.title("weight_stability.title", n=stability.draws)
        if chosen.empty:
            on.nothing("nobody_ranked")
            return on.ax
        rows = np.arange(len(chosen))
        on.ax.barh(
            rows,
            chosen["grade_kept"],
            height=0.66,
            color=c.colour("series_soft"),
            label=on.say("weight_stability.bar"),
        )
        dot: dict[str, Any] = {"s": 26, "color": c.colour("series"), "zorder": 3, "clip_on": False}
        on.ax.scatter(
            chosen["top_kept"], rows, label=on.say("weight_stability.dot", top=stability.top), **dot
        )
        for row, (grade, kept) in enumerate(zip(chosen["grade"], chosen["grade_kept"], strict=True)):
            on.note(
                f"{grade}  {c.share(kept)}",
                (1, row),
                (12, 0),
                beside=True,
                color=c.colour("grey"),
            )
        on.rows([on.unit(stability.units, str(unit)) for unit in chosen.index])
        last = int(chosen["in_top"].sum())
        if 0 < last < len(chosen):
            on.ax.axhline(last - 0.5, color=c.colour("grey"), linewidth=0.8)
        on.ax.set_xlim(0, 1)
        on.ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        whole = {"top": stability.top, "same_top": c.share(stability.same_top)}
        on.ax.set_xlabel(on.say("weight_stability.axis", same_grades=c.share(stability.same_grades), **whole))
        on.ax.grid(axis="x")
        on.legend(below=38)
    return on.ax


def leave_one_out(
    left_out: LeaveOneOut,
    model: IndicatorModel,
    *,
    ax: Axes | None = None,
    lang: texts.Language | None = None,
    limit: int = MOST_NODES,
) -> Axes:
    """What the ranking owes to each node: 1 − its rank correlation with the ranking that leaves the node out.

    Behind each bar that correlation, and the most places a unit moves.

        >>> leave_one_out(riskkit.leave_one_out(now, depth=2), now.model)
    """
    chosen = left_out.nodes.dropna(subset="rank_correlation").head(limit)
    with c.canvas(ax, lang, height=1.4 + 0.3 * max(len(chosen), 1)) as on:
        key = "title" if len(chosen) == len(left_out.nodes) else "first"
        on.title(f"leave_one_out.{key}", n=len(chosen))
        if chosen.empty:
            on.nothing("nobody_ranked")
            return on.ax
        rows, owed = np.arange(len(chosen)), 1 - chosen["rank_correlation"].to_numpy()
        on.ax.barh(rows, owed, height=0.66, color=c.colour("series"))
        for row, node in enumerate(chosen.to_dict("records")):
            moved = {"r": node["rank_correlation"], "n": int(abs(node["largest_move"]))}
            text = on.say("leave_one_out.moved", **moved)
            on.note(text, (owed[row], row), (5, 0), color=c.colour("grey"))
        on.rows([on.node(model, str(name), 44) for name in chosen.index])
        on.ax.set_xlim(0, float(owed.max()) * 1.35 or 1.0)
        on.ax.set_xticks([])
        on.ax.set_xlabel(on.say("leave_one_out.axis"))
    return on.ax
