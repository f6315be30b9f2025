"""Why a score changed: from the one score to the other, group by group, the largest parts of each below it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from riskkit import texts
from riskkit.analysis.attribution import ROUNDING, Attribution
from riskkit.analysis.hybrids import GROUPS
from riskkit.report.charts import canvas as c

MOST = 6
"""Parts drawn under a group; what is left shares one more bar."""
SMALLEST = 0.005
"""Points that a number with two decimals does not show."""
FAINTER = 0.45


@dataclass(frozen=True)
class Step:
    """One bar: from where, how far, and whether it is a part of the group above it."""

    label: str
    start: float
    change: float
    part: bool = False


def why(
    attribution: Attribution,
    unit: str,
    *,
    ax: Axes | None = None,
    lang: texts.Language | None = None,
    limit: int = MOST,
) -> Axes:
    """From a unit's score before to the one after, a bar a group of causes, its largest items in fainter bars below.

    >>> why(attribute(bank.assessment("2026Q1"), bank.assessment("2026Q2")), "0105")
    """
    parts, row = attribution.terms(unit), attribution.groups.loc[[unit]].iloc[0]
    with c.canvas(ax, lang, height=1.0) as on:
        steps = _steps(on, attribution, parts, row, limit)
        on.title(
            "why.title",
            unit=on.unit(attribution.after.summary, unit),
            before=attribution.before.period,
            after=attribution.after.period,
        )
        if row[list(GROUPS)].isna().any():
            on.nothing("why.nothing")
            return on.ax
        if ax is None and (figure := on.ax.get_figure(root=True)) is not None:
            figure.set_figheight(1.7 + 0.3 * (len(steps) + 2))
        _draw(on, steps, row)
    return on.ax


def _steps(
    on: c.Canvas, attribution: Attribution, parts: pd.DataFrame, row: pd.Series, limit: int
) -> list[Step]:
    steps: list[Step] = []
    at = float(row["score_before"])
    for group in (*GROUPS, ROUNDING):
        term = float(row[group])
        if not abs(term) >= SMALLEST and not (parts["group"] == group).any():
            continue
        steps.append(Step(on.say(f"why.{group}"), at, term))
        steps += _parts(on, attribution, parts[parts["group"] == group], at, limit)
        at += term
    return steps


def _parts(on: c.Canvas, attribution: Attribution, parts: pd.DataFrame, at: float, limit: int) -> list[Step]:
    """The largest parts of one group, one after the other, and the rest together."""
    shown = parts if len(parts) <= limit + 1 else parts.head(limit)
    named = [
        (_name(on, attribution, kind, name), float(term))
        for kind, name, term in shown[["kind", "id", "term"]].itertuples(index=False)
    ]
    rest = parts.iloc[len(shown) :]["term"]
    named += [(on.say("why.rest", n=len(rest)), float(rest.sum()))] if len(rest) else []
    steps = []
    for label, term in named:
        steps.append(Step(label, at, term, part=True))
        at += term
    return steps


def _name(on: c.Canvas, attribution: Attribution, kind: str, name: str) -> str:
    models = (attribution.after.model, attribution.before.model)
    if kind == "deduction":
        lines = next((model.red_lines for model in models if name in model.red_lines), None)
        return on.folded(f"{name} {lines[name].name[on.lang]}", c.LABEL) if lines else on.say("why.together")
    model = models[0] if name == "" or name in models[0].nodes else models[1]
    return on.node(model, name, c.LABEL)


def _draw(on: c.Canvas, steps: list[Step], row: pd.Series) -> None:
    ends = [(0, float(row["score_before"])), (len(steps) + 1, float(row["score_after"]))]
    for place, score in ends:
        on.ax.plot(score, place, "o", color=c.colour("series"), markersize=6)
        on.note(f"{score:.2f}", (score, place), (8, 0), inside=True, color=c.colour("rule"), weight="bold")
    _bars(on, steps)
    on.rows([on.say("why.before"), *[step.label for step in steps], on.say("why.after")])
    edges = [edge for step in steps for edge in (step.start, step.start + step.change)]
    edges += [score for _, score in ends]
    room = 0.16 * (max(edges) - min(edges) or 1.0)
    on.ax.set_xlim(min(edges) - room, max(edges) + room)
    on.below(on.say("why.axis"))
    on.ax.grid(axis="x")


def _bars(on: c.Canvas, steps: list[Step]) -> None:
    places, tones = (
        range(1, len(steps) + 1),
        [c.colour("good" if step.change > 0 else "bad") for step in steps],
    )
    on.bars(
        places,
        [step.change for step in steps],
        left=[step.start for step in steps],
        height=[0.4 if step.part else 0.66 for step in steps],
        facecolors=[
            to_rgba(tone, FAINTER if step.part else 1.0) for tone, step in zip(tones, steps, strict=True)
        ],
    )
    for place, step in zip(places, steps, strict=True):
        side = 4 if step.change >= 0 else -4
        on.note(
            f"{step.change:+.2f}".replace("-", "−"),
            (step.start + step.change, place),
            (side, 0),
            inside=True,
            ha="left" if side > 0 else "right",
            color=c.colour("grey") if step.part else c.colour("ink"),
            weight="normal" if step.part else "bold",
        )
