"""Where units stand: ranking, profiles against peers, heat map."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from riskkit import texts
from riskkit.analysis.peers import place
from riskkit.discretion import SMALLEST_GROUP
from riskkit.report.charts import canvas as c
from riskkit.scoring.assessment import Assessment

MOST = 60
"""Units drawn at most; more would not be readable."""


def ranking(
    assessment: Assessment, *, ax: Axes | None = None, lang: texts.Language | None = None, limit: int = MOST
) -> Axes:
    """Assessed units as bars of their published score, best first, coloured and labelled by grade.

    Thin lines mark the least score of each grade; a provisional unit is hatched and has no grade.

        >>> ranking(bank.assessment("2026Q2"))
    """
    chosen = assessment.ranking().head(limit)
    with c.canvas(ax, lang, height=1.3 + 0.235 * len(chosen)) as on:
        colours = c.grade_colours(assessment.model)
        scores = chosen["score"].fillna(0.0)
        fills = [colours.get(grade, c.colour("faint")) for grade in chosen["grade"]]
        bars = on.ax.barh(range(len(chosen)), scores, height=0.72, color=fills)
        for bar, (unit, row) in zip(bars, chosen.iterrows(), strict=True):
            if row["provisional"]:
                bar.set(hatch="////", edgecolor="white")
            tip = (bar.get_width(), bar.get_y() + 0.36)
            on.note(_standing(on, assessment, str(unit)), tip, (4, 0))
        on.rows([on.unit(assessment.summary, str(unit)) for unit in chosen.index])
        maximum = assessment.model.spec.score.maximum
        on.points_axis(maximum)
        on.ax.set_xlim(0, maximum * 1.18)
        _grade_lines(on, assessment)
        key = "ranking.title" if len(chosen) == len(assessment.ranking()) else "ranking.first"
        on.title(key, period=assessment.period, n=len(chosen))
    return on.ax


def _standing(on: c.Canvas, assessment: Assessment, unit: str) -> str:
    row: Any = assessment.summary.loc[unit]
    score = f"{row['score']:.{assessment.model.spec.score.decimals}f}"
    if pd.isna(row["grade"]):
        return f"{score}  {on.say('provisional')}"
    words = f"{row['grade']} {assessment.model.grades[row['grade']].name[on.lang]}"
    return f"{score}  {words}" + (f" · {on.say('vetoed')}" if row["vetoed"] else "")


def _grade_lines(on: c.Canvas, assessment: Assessment) -> None:
    minima = [grade.min for grade in assessment.model.grades.values() if grade.min > 0]
    on.ax.grid(visible=False)
    on.ax.set_xticks([0, *sorted(minima), assessment.model.spec.score.maximum])
    for minimum in minima:
        on.ax.axvline(minimum, color="white", linewidth=0.8)
        on.ax.axvline(minimum, color=c.colour("hairline"), linewidth=0.8, zorder=0)


def dimension_profile(
    assessment: Assessment, unit: str, *, ax: Axes | None = None, lang: texts.Language | None = None
) -> Axes:
    """A unit's total and dimensions against the median and the middle half of its peers, none of them named.

    >>> dimension_profile(bank.assessment("2026Q2"), "0103")
    """
    return _profile(assessment, unit, ["", *_at_depth(assessment, 1)], "profile.dimensions", ax, lang)


def indicator_profile(
    assessment: Assessment, unit: str, *, ax: Axes | None = None, lang: texts.Language | None = None
) -> Axes:
    """A unit's indicators (the nodes below the dimensions) against the median and the middle half of its peers.

    >>> indicator_profile(bank.assessment("2026Q2"), "0103")
    """
    return _profile(assessment, unit, _at_depth(assessment, 2), "profile.indicators", ax, lang)


def _at_depth(assessment: Assessment, depth: int) -> list[str]:
    return [name for name, at in assessment.model.depths.items() if at == depth]


def _profile(
    assessment: Assessment,
    unit: str,
    names: list[str],
    key: str,
    ax: Axes | None,
    lang: texts.Language | None,
) -> Axes:
    where = place(assessment, unit)
    nodes = where.nodes.loc[names].dropna(subset="score")
    if where.size < SMALLEST_GROUP:  # so few peers could be worked out from their quartiles
        nodes[["low", "median", "high"]] = np.nan
    with c.canvas(ax, lang, height=1.35 + 0.34 * len(nodes)) as on:
        rows = np.arange(len(nodes))
        if nodes["median"].notna().any():
            width = nodes["high"] - nodes["low"]
            on.bars(
                rows,
                width,
                left=nodes["low"],
                height=0.5,
                facecolors=c.colour("series_faint"),
                label=on.say("profile.middle"),
            )
            median = on.say("profile.median")
            on.ax.vlines(
                nodes["median"], rows - 0.25, rows + 0.25, color=c.colour("grey"), linewidth=2, label=median
            )
        behind = (nodes["score"] < nodes["low"]).to_numpy()
        _dots(on, nodes["score"], rows, ~behind, c.colour("series"), "o", "profile.unit")
        _dots(on, nodes["score"], rows, behind, c.colour("bad"), "v", "profile.behind")
        on.rows([on.node(assessment.model, str(name), 40) for name in nodes.index])
        on.points_axis(assessment.model.spec.score.maximum)
        on.ax.set_xlim(
            _start(nodes, assessment.model.spec.score.maximum), assessment.model.spec.score.maximum
        )
        _dimension_rules(on, assessment, list(nodes.index))
        on.title(key, unit=on.unit(assessment.summary, unit), period=assessment.period)
        on.legend()
    return on.ax


def _start(nodes: pd.DataFrame, maximum: float) -> float:
    """A tenth of the scale at or below everything drawn, so that dots that lie close can be told apart."""
    lowest = float(np.nanmin(nodes[["score", "low"]].to_numpy()))
    return max(0.0, math.floor((lowest / maximum - 0.03) * 10) / 10 * maximum)


def _dots(
    on: c.Canvas, scores: pd.Series, rows: np.ndarray, where: np.ndarray, colour: str, marker: str, key: str
) -> None:
    """Marks, and their scores in a column at the right edge."""
    if not where.any():
        return
    look: dict[str, Any] = {"s": 46, "color": colour, "marker": marker, "zorder": 3, "clip_on": False}
    on.ax.scatter(scores[where], rows[where], label=on.say(key), **look)
    digits = 1 if scores.max() > 10 else 3
    numbers = [f"{score:.{digits}f}" for score in scores[where]]
    longest = max(numbers, key=len)
    for number, row in zip(numbers, rows[where], strict=True):
        no_longer = number is not longest  # room for one of them is room for all
        on.note(number, (1, row), (10, 0), beside=True, inside=no_longer, color=colour, fontweight="bold")


def _dimension_rules(on: c.Canvas, assessment: Assessment, names: list[str]) -> None:
    """A hairline where the next dimension begins."""
    parents = [assessment.model.parents.get(name) for name in names]
    for row in range(1, len(names)):
        if parents[row] != parents[row - 1] or names[row - 1] == "":
            on.ax.axhline(row - 0.5, color=c.colour("hairline"), linewidth=0.9)


def heatmap(
    assessment: Assessment, *, ax: Axes | None = None, lang: texts.Language | None = None, limit: int = MOST
) -> Axes:
    """Assessed units × indicators, grouped by dimension; the darker a cell the lower, its score written in it.

    >>> heatmap(bank.assessment("2026Q2"))
    """
    chosen = assessment.ranking().head(limit)
    names = _at_depth(assessment, 2)
    scores = assessment.scores(2).loc[chosen.index, names]
    height, width = 2.1 + 0.225 * len(chosen), max(c.WIDTH, 2.2 + 0.5 * len(names))
    with c.canvas(ax, lang, height=height, width=width) as on:
        left = _columns(assessment, names)
        _cells(on, scores, left, assessment.model.spec.score.maximum)
        decimals = assessment.model.spec.score.decimals
        on.rows(
            [
                f"{on.unit(assessment.summary, str(u))}  {row['score']:.{decimals}f}"
                for u, row in chosen.iterrows()
            ]
        )
        on.ax.set_xlim(left[0], left[-1] + 1)
        on.ax.spines[:].set_visible(False)
        on.ax.xaxis.tick_top()
        labels = [on.node(assessment.model, name, 26) for name in names]
        on.ax.set_xticks(left + 0.5, labels, rotation=52, ha="left", rotation_mode="anchor", fontsize=8.5)
        _group_names(on, assessment, names, left, len(chosen))
        on.title("heatmap.title", period=assessment.period)
    return on.ax


def _columns(assessment: Assessment, names: list[str]) -> np.ndarray:
    """Left edges, with a seam between dimensions."""
    parents = [assessment.model.parents[name] for name in names]
    seams = np.cumsum(
        [0.0, *(0.22 if a != b else 0.0 for a, b in zip(parents[1:], parents[:-1], strict=True))]
    )
    return np.asarray(np.arange(len(names)) + seams)


def _cells(on: c.Canvas, scores: pd.DataFrame, left: np.ndarray, maximum: float) -> None:
    digits = 0 if maximum > 10 else 2
    corners = np.array([[0, -0.5], [1, -0.5], [1, 0.5], [0, 0.5]])
    cells, colours = [], []
    for row, values in enumerate(scores.to_numpy()):
        for x, score in zip(left, values, strict=True):
            colours.append(c.shade(score / maximum))
            cells.append(corners + np.array([x, row]))
            text = "–" if np.isnan(score) else f"{score:.{digits}f}"
            ink = c.ink_on(colours[-1])
            note = on.ax.text(x + 0.5, row, text, ha="center", va="center", fontsize=8, color=ink)
            note.set_in_layout(False)
    on.ax.add_collection(
        PolyCollection(cells, facecolors=colours, edgecolors="white", linewidths=1.2), autolim=False
    )


def _group_names(on: c.Canvas, assessment: Assessment, names: list[str], left: np.ndarray, rows: int) -> None:
    parents = pd.Series([assessment.model.parents[name] for name in names])
    for parent, places in parents.groupby(parents, sort=False).groups.items():
        start, end = left[places[0]], left[places[-1]] + 1
        on.ax.plot(
            [start + 0.05, end - 0.05],
            [rows - 0.3, rows - 0.3],
            color=c.colour("rule"),
            linewidth=1,
            clip_on=False,
        )
        label = on.folded(on.node(assessment.model, str(parent)), max(14, int(7 * (end - start))))
        on.ax.text(
            (start + end) / 2, rows - 0.15, label, ha="center", va="top", fontsize=9, color=c.colour("rule")
        )
