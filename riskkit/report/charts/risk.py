"""The risk matrix: how weak the guards are, against how grave a loss would be."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from riskkit import texts
from riskkit.analysis.risk_matrix import RiskMatrix
from riskkit.report.charts import canvas as c
from riskkit.report.theme import reads_on, theme

NAMED = 24
"""Units named in a cell; of more, only how many."""
ACROSS = 4
"""Codes side by side."""


def risk_matrix(
    matrix: RiskMatrix, kind: str = "", *, ax: Axes | None = None, lang: texts.Language | None = None
) -> Axes:
    """Units by code on the matrix for one kind of data (the model's first unless named), cells coloured by rating.

    Likelihood rises upwards, impact to the right; how many units have no place is said below.

        >>> risk_matrix(riskkit.risk_matrix(bank.assessment("2026Q2")), "customer")
    """
    risk = matrix.risk
    chosen = next((each for each in risk.data if each.id == kind), risk.data[0])
    grid = matrix.grid(chosen.id)
    ratings = [rating.id for rating in risk.ratings]
    tall = np.array([max(1, *(len(_lines(units)) for units in row)) for row in grid.to_numpy()])
    edges = np.concatenate([[0.0], np.cumsum(0.5 + 0.19 * tall[::-1])])
    with c.canvas(ax, lang, height=1.9 + float(edges[-1])) as on:
        wide, cells, colours = len(risk.impact), [], []
        for row, step in enumerate(risk.likelihood):
            for column in range(wide):
                low, high = edges[row], edges[row + 1]
                cells.append([(column, low), (column + 1, low), (column + 1, high), (column, high)])
                shade = theme().rating(ratings.index(step.ratings[column]), len(ratings))
                colours.append(f"#{shade}")
                told = "\n".join(_lines(grid.loc[row + 1, column + 1]))
                on.ax.text(
                    column + 0.5,
                    (low + high) / 2,
                    told,
                    ha="center",
                    va="center",
                    fontsize=7.5,
                    color=f"#{theme().colour(reads_on(shade))}",
                )
        on.ax.add_collection(PolyCollection(cells, facecolors=colours, edgecolors="white", linewidths=2))
        on.ax.set_xlim(0, wide)
        on.ax.set_ylim(0, edges[-1])
        names = [f"{place} {each[on.lang]}" for place, each in enumerate(risk.impact, start=1)]
        on.ax.set_xticks(np.arange(wide) + 0.5, [on.folded(name, 18) for name in names])
        steps = [
            f"{place} {step.name[on.lang]}\n≤{step.up_to:.0%}"
            for place, step in enumerate(risk.likelihood, start=1)
        ]
        on.ax.set_yticks((edges[1:] + edges[:-1]) / 2, steps)
        on.ax.spines[:].set_visible(False)
        on.ax.set_ylabel(on.say("risk_matrix.likelihood"))
        of_kind = matrix.cells[matrix.cells["kind"] == chosen.id]
        note = on.say("risk_matrix.impact")
        if unplaced := int(of_kind["rating"].isna().sum()):
            note += "\n" + on.say("risk_matrix.unplaced", n=unplaced)
        on.ax.set_xlabel(note)
        on.title("risk_matrix.title", period=matrix.assessment.period, kind=chosen.name[on.lang])
    return on.ax


def _lines(units: object) -> list[str]:
    """Codes in short lines; of too many, how many there are."""
    codes = [str(unit) for unit in units] if isinstance(units, list) else []
    if len(codes) > NAMED:
        return [f"({len(codes)})"]
    return textwrap.wrap(" ".join(codes), ACROSS * (max(map(len, codes), default=4) + 1))
