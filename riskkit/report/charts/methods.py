"""How far ranks hang on the method."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from riskkit import texts
from riskkit.analysis.methods import MethodComparison
from riskkit.report.charts import canvas as c
from riskkit.report.charts.standing import MOST


def rank_ranges(
    comparison: MethodComparison,
    *,
    ax: Axes | None = None,
    lang: texts.Language | None = None,
    limit: int = MOST,
) -> Axes:
    """Each ranked unit's rank under the model as a dot, on a line from its best to its worst rank over the methods.

    A unit that depends on the method stands out; where grades differ, they are written behind the line.

        >>> rank_ranges(compare_methods(bank.assessment("2026Q2")))
    """
    chosen = comparison.ranges.head(limit)
    with c.canvas(ax, lang, height=1.3 + 0.235 * max(len(chosen), 1)) as on:
        on.title("rank_ranges.title", period=comparison.assessment.period, n=len(comparison.scores.columns))
        if chosen.empty:
            on.nothing("nobody_ranked")
            return on.ax
        rows, hangs = np.arange(len(chosen)), chosen["dependent"].to_numpy(dtype=bool)
        for where, colour, marker, key in (
            (~hangs, c.colour("series"), "o", "firm"),
            (hangs, c.colour("warn"), "D", "dependent"),
        ):
            if where.any():
                kept = chosen[where]
                on.ax.hlines(
                    rows[where], kept["best"], kept["worst"], color=colour, linewidth=2.2, alpha=0.45
                )
                look: dict[str, Any] = {"s": 34, "color": colour, "marker": marker, "zorder": 3}
                on.ax.scatter(kept["rank"], rows[where], label=on.say(f"rank_ranges.{key}"), **look)
        for row, unit in enumerate(chosen.to_dict("records")):
            if unit["best_grade"] != unit["worst_grade"]:
                grades = f"{unit['best_grade']}–{unit['worst_grade']}"
                on.note(grades, (unit["worst"], row), (9, 0), color=c.colour("grey"))
        on.rows([on.unit(comparison.assessment.summary, str(unit)) for unit in chosen.index])
        on.ax.set_xlim(0.4, float(chosen["worst"].max()) * 1.06 + 1)
        on.ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        on.ax.set_xlabel(on.say("rank_ranges.axis"))
        on.ax.grid(axis="x")
        on.legend()
    return on.ax
