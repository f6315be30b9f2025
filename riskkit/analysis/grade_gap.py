"""What stands between a unit and the next better grade."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter

from riskkit.evidence.states import COUNTED
from riskkit.model import schema as s
from riskkit.scoring.assessment import Assessment


@dataclass(frozen=True)
class Requirement:
    """One thing the grade asks for: `kind` (score, node_min, coverage, confidence, no_red_line, cap), what was
    `needed` and `found`, whether it is `met`, and which `node` or `red_line` fails it."""

    kind: str
    met: bool
    needed: float | None = None
    found: float | None = None
    node: str = ""
    red_line: str = ""
    classes: str = ""
    depth: int = 0


@dataclass(frozen=True)
class GradeGap:
    """The next better grade of a unit and everything it asks for; no grade for a unit that has the best or none."""

    unit: str
    grade: str | None
    requirements: tuple[Requirement, ...]


def grade_gap(assessment: Assessment, unit: str) -> GradeGap:
    """Everything the next better grade asks for, met or not, the score first.

    Node scores, coverage and evidence are as assessed; a red line that caps the grade below is among them.

        >>> [each for each in grade_gap(assessment, "0103").requirements if not each.met]
    """
    held = assessment.summary["grade"][assessment.check_unit(unit)]
    order = list(assessment.model.grades)
    if not isinstance(held, str) or held == order[0]:
        return GradeGap(unit, None, ())
    wanted = assessment.model.grades[order[order.index(held) - 1]]
    return GradeGap(unit, wanted.id, tuple(_requirements(assessment, unit, wanted)))


def _requirements(assessment: Assessment, unit: str, wanted: s.Grade) -> Iterator[Requirement]:
    score = float(assessment.summary["score"][unit])
    yield Requirement("score", score >= wanted.min, wanted.min, score)
    for condition in wanted.conditions:
        yield from _condition(assessment, unit, condition)
    order = list(assessment.model.grades)
    for event in assessment.in_effect(unit).itertuples():
        line = assessment.model.red_lines[str(event.red_line)]
        if line.veto or (line.cap is not None and order.index(line.cap) > order.index(wanted.id)):
            yield Requirement("veto" if line.veto else "cap", False, red_line=line.id)


def _condition(assessment: Assessment, unit: str, condition: s.Condition) -> Iterator[Requirement]:
    if isinstance(condition, s.NodeMin):
        yield from _nodes(assessment, unit, condition)
    elif isinstance(condition, s.CoverageMin):
        found = float(assessment.summary["coverage"][unit])
        yield Requirement("coverage", found >= condition.value, condition.value, found)
    elif isinstance(condition, s.ConfidenceMin):
        found = _class_share(assessment, unit, condition.classes)
        met = found >= condition.share - 1e-12
        yield Requirement("confidence", met, condition.share, found, classes="/".join(condition.classes))
    else:
        yield from _red_lines(assessment, unit, condition)


def _nodes(assessment: Assessment, unit: str, condition: s.NodeMin) -> Iterator[Requirement]:
    """Each node that falls short; where none does, the lowest."""
    names = [
        name
        for name, at in assessment.model.depths.items()
        if at == condition.depth and assessment.model.nodes[name].weight > 0
    ]
    found = assessment.unit_scores(unit)
    scores = sorted(((found[name], name) for name in names if found[name] == found[name]), key=itemgetter(0))
    short = [each for each in scores if each[0] < condition.value]
    for score, node in short or scores[:1]:
        yield Requirement("node_min", not short, condition.value, score, node=node, depth=condition.depth)


def _red_lines(assessment: Assessment, unit: str, condition: s.NoRedLine) -> Iterator[Requirement]:
    lines = [
        name
        for name in assessment.in_effect(unit)["red_line"]
        if set(assessment.model.red_lines[name].effects) & set(condition.effects)
    ]
    yield from (Requirement("no_red_line", False, red_line=name) for name in lines)
    if not lines:
        yield Requirement("no_red_line", True)


def _class_share(assessment: Assessment, unit: str, classes: tuple[str, ...]) -> float:
    """The share of the measured weight that rests on evidence of these classes."""
    if set(classes) == {"A", "B"}:
        return float(assessment.summary["high_class"][unit])
    items = assessment.unit_items(unit)
    weights = items.index.map(assessment.model.nominal_weights).to_series(items.index)
    measured = weights[items["state"].isin(COUNTED)]
    good = measured[items.loc[measured.index, "confidence"].isin(classes)]
    return float(good.sum() / measured.sum()) if measured.sum() else 0.0
