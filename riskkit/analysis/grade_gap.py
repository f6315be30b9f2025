"""What stands between a unit and the next better grade, and what the grade it has rests on."""

from __future__ import annotations

import math
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

    @property
    def room(self) -> float:
        """How far what was found lies above what is needed, below 0 where it does not; missing for red lines."""
        return math.nan if self.needed is None or self.found is None else self.found - self.needed


@dataclass(frozen=True)
class GradeGap:
    """A grade of a unit and everything it asks for: `grade_gap`, the next better one, none for a unit that has the best
    or no grade; `grades_above`, every better one; `grade_held`, its own."""

    unit: str
    grade: str | None
    requirements: tuple[Requirement, ...]


def grade_gap(assessment: Assessment, unit: str) -> GradeGap:
    """Everything the next better grade asks for, met or not, the score first.

    Node scores, coverage and evidence are as assessed; a red line that caps the grade below is among them.

        >>> [each for each in grade_gap(assessment, "0103").requirements if not each.met]
    """
    return next(_above(assessment, unit), GradeGap(unit, None, ()))


def grades_above(assessment: Assessment, unit: str) -> list[GradeGap]:
    """Every grade better than a unit's and all it asks for, the next first; none for a unit without a grade.

    >>> [(gap.grade, len(gap.requirements)) for gap in grades_above(assessment, "0404")]
    """
    return list(_above(assessment, unit))


def _above(assessment: Assessment, unit: str) -> Iterator[GradeGap]:
    held, grades = assessment.summary["grade"][assessment.check_unit(unit)], assessment.model.grades
    better = list(grades)[: list(grades).index(held)] if isinstance(held, str) else []
    for name in reversed(better):
        yield GradeGap(unit, name, tuple(_requirements(assessment, unit, grades[name])))


def grade_held(assessment: Assessment, unit: str, *, every: bool = False) -> GradeGap:
    """Everything a unit's own grade asks for, of nodes the lowest or `every` one: the scores nearest to what they must
    not fall below first, then the rest; no grade for a unit that has none.

        >>> grade_held(assessment, "0106").requirements[0].room
    """
    held = assessment.summary["grade"][assessment.check_unit(unit)]
    if not isinstance(held, str):
        return GradeGap(unit, None, ())
    found = list(_requirements(assessment, unit, assessment.model.grades[held], every=every))
    return GradeGap(unit, held, tuple(sorted(found, key=_nearest)))


def _nearest(each: Requirement) -> tuple[bool, float]:
    """Scores by their room, and behind them what is no score as it comes."""
    return (False, each.room) if each.kind in ("score", "node_min") else (True, 0.0)


def _requirements(
    assessment: Assessment, unit: str, wanted: s.Grade, *, every: bool = False
) -> Iterator[Requirement]:
    score = float(assessment.summary["score"][unit])
    yield Requirement("score", score >= wanted.min, wanted.min, score)
    for condition in wanted.conditions:
        yield from _condition(assessment, unit, condition, every)
    order = list(assessment.model.grades)
    for event in assessment.in_effect(unit).itertuples():
        line = assessment.model.red_lines[str(event.red_line)]
        if line.veto or (line.cap is not None and order.index(line.cap) > order.index(wanted.id)):
            yield Requirement("veto" if line.veto else "cap", False, red_line=line.id)


def _condition(
    assessment: Assessment, unit: str, condition: s.Condition, every: bool
) -> Iterator[Requirement]:
    if isinstance(condition, s.NodeMin):
        yield from _nodes(assessment, unit, condition, every)
    elif isinstance(condition, s.CoverageMin):
        found = float(assessment.summary["coverage"][unit])
        yield Requirement("coverage", found >= condition.value, condition.value, found)
    elif isinstance(condition, s.ConfidenceMin):
        found = _class_share(assessment, unit, condition.classes)
        met = found >= condition.share - 1e-12
        yield Requirement("confidence", met, condition.share, found, classes="/".join(condition.classes))
    else:
        yield from _red_lines(assessment, unit, condition)


def _nodes(assessment: Assessment, unit: str, condition: s.NodeMin, every: bool) -> Iterator[Requirement]:
    """Each node that falls short; where none does, the lowest. Or `every` one."""
    names = [
        name
        for name, at in assessment.model.depths.items()
        if at == condition.depth and assessment.model.nodes[name].weight > 0
    ]
    found = assessment.unit_scores(unit)
    scores = sorted(((found[name], name) for name in names if found[name] == found[name]), key=itemgetter(0))
    short = [each for each in scores if each[0] < condition.value]
    for score, node in scores if every else short or scores[:1]:
        met = score >= condition.value
        yield Requirement("node_min", met, condition.value, score, node=node, depth=condition.depth)


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
