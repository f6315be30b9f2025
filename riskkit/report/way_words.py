"""What stands between a unit and its next better grade, and the cheapest way there, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from riskkit import texts
from riskkit.analysis.coverage_gap import coverage_gap
from riskkit.analysis.grade_gap import GradeGap, Requirement, grade_gap
from riskkit.analysis.next_grade import NextGrade
from riskkit.model import schema as s
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING
from riskkit.report.phrases import grade_name, grade_short, line_name, node_name, why_not_better, withheld
from riskkit.report.tables import value_text

DIGITS = {"ratio": 3, "days": 1, "money": 0}
"""Decimals to which a target is rounded, towards the better; of other units two."""
UNASSESSED = 3
"""Items named of those without evidence."""


@dataclass(frozen=True)
class Step:
    """One improvement of a plan as it is printed; dashes where fewer than five people answered."""

    item: str
    name: str
    value: str
    target: str
    points: float
    needed: float
    gain: float
    effort: float
    hidden: bool
    assessed: bool


def why_not_next(book: Book, unit: str) -> str:
    """Everything the next better grade asks for that a unit does not have."""
    gap = grade_gap(book.pack.assessment, unit)
    if gap.grade is None:
        return why_not_better(book, unit)
    return book.say("way.not_yet", grade=grade_name(book, gap.grade), unmet=lacking(book, gap))


def lacking(book: Book, gap: GradeGap) -> str:
    """What of a grade's requirements is not met."""
    unmet = [_unmet(book, each) for each in gap.requirements if not each.met]
    return book.say("why.join").join(dict.fromkeys(unmet))


def _unmet(book: Book, each: Requirement) -> str:
    if each.red_line:
        cap = book.model.red_lines[each.red_line].cap
        values = {"red_line": line_name(book, each.red_line), "grade": grade_short(book, cap)}
        return book.say(f"way.unmet.{each.kind}", **values)
    assert each.needed is not None, "what is no red line is a number"
    assert each.found is not None, "and is held against one"
    if each.kind in ("coverage", "confidence"):
        shares = {"needed": f"{each.needed:.0%}", "found": f"{each.found:.1%}"}
        return book.say(f"way.unmet.{each.kind}", classes=each.classes, **shares)
    node = node_name(book, each.node) if each.node else ""
    numbers = {"needed": f"{each.needed:g}", "found": book.number(each.found)}
    return book.say(f"way.unmet.{each.kind}", node=node, gap=book.number(each.needed - each.found), **numbers)


def required(book: Book, each: Requirement) -> str:
    """What a grade asks for, in a few words."""
    line = line_name(book, each.red_line) if each.red_line else ""
    node = node_name(book, each.node) if each.node else ""
    key = f"notebook.requirement.{each.kind}"
    key += (".met" if each.met else ".unmet") if each.kind == "no_red_line" else ""
    return texts.say(key, book.lang, node=node, red_line=line, classes=each.classes)


def way_lead(book: Book, way: NextGrade) -> str:
    """The way up in a sentence: what must happen first, how many items to improve, at what effort, by when."""
    first = book.say("why.join").join(dict.fromkeys(_unmet(book, each) for each in way.first))
    grade = grade_name(book, way.grade) if way.grade else ""
    values = {"grade": grade, "first": first}
    if way.reason == "provisional":
        return book.say("way.provisional", **values) + _unassessed(book, way.unit)
    if way.reason:
        return book.say(f"way.{way.reason}", **values)
    if way.items.empty:
        return book.say("way.first_only", **values)
    now = float(book.pack.assessment.summary["score"][way.unit])
    numbers = {"now": book.number(now), "then": book.number(way.score), "effort": f"{way.effort:.2f}"}
    due = book.pack.period.shift(1).cutoff.isoformat()
    plan = book.say("way.plan", n=len(way.items), due=due, **numbers, **values)
    return (book.say("way.before", **values) if first else "") + plan


def _unassessed(book: Book, unit: str) -> str:
    """The heaviest items without evidence."""
    heaviest = list(coverage_gap(book.pack.assessment, unit).index)
    if not heaviest:
        return ""
    named = book.say("list").join(node_name(book, str(name)) for name in heaviest[:UNASSESSED])
    return book.say("way.unassessed", n=len(heaviest), items=named)


def way_steps(book: Book, way: NextGrade) -> Iterator[Step]:
    """The improvements of a plan, the largest gain first."""
    items = book.pack.assessment.unit_items(way.unit)
    hidden = withheld(items, book.model.items)
    for name, row in way.items.to_dict("index").items():
        item = book.model.items[str(name)]
        few = bool(hidden[str(name)])
        value = NOTHING if few else value_text(row["value"], item)
        if math.isnan(row["value"]):
            value = book.say("way.nothing_yet")
        yield Step(
            str(name),
            node_name(book, str(name)),
            value,
            NOTHING if few else _target(item, row["value"], row["target"]),
            row["points"],
            min(_rounded(row["needed"], book.finer, up=True), book.maximum),
            row["gain"],
            row["effort"],
            few,
            not math.isnan(row["value"]),
        )


def step_words(book: Book, step: Step) -> str:
    """One improvement on a line."""
    if step.hidden:
        return book.say("way.step_hidden", name=step.name)
    unit = f"in_unit.{book.model.items[step.item].unit}"
    target, value = book.say(unit, value=step.target), step.value
    value = book.say(unit, value=value) if step.assessed else value
    return book.say("way.step", name=step.name, value=value, target=target, gain=book.number(step.gain))


def _target(item: s.Item, value: float, target: float) -> str:
    """The value to reach, rounded towards the better, so that what is printed earns the points."""
    up = item.direction == "higher_better" or (item.direction == "target_better" and not value > target)
    return value_text(_rounded(target, DIGITS.get(item.unit, 2), up=up), item)


def _rounded(value: float, digits: int, *, up: bool) -> float:
    """Rounded up or down to so many decimals; what is off by less than a millionth of the last is not."""
    scaled = value * 10.0**digits
    return float((math.ceil(scaled - 1e-4) if up else math.floor(scaled + 1e-4)) / 10.0**digits)
