"""What must hold of a model's risk matrix, whatever the kinds of data in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from riskkit.model import schema as s
from riskkit.model.faults import Fault, Place


def risk_faults(risk: s.Risk, counted: dict[str, bool]) -> Iterator[Fault]:
    """Faults of the matrix and of what guards each kind of data; `counted` says of every node whether anything at or
    below it counts."""
    limits = [step.up_to for step in risk.likelihood]
    if any(later <= earlier for earlier, later in pairwise(limits)) or limits[-1] != 1:
        yield Fault(("risk", "likelihood"), "risk_limits", {"found": ", ".join(f"{x:g}" for x in limits)})
    yield from _twice([rating.id for rating in risk.ratings], ("risk", "ratings"))
    yield from _twice([kind.id for kind in risk.data], ("risk", "data"))
    yield from _matrix(risk)
    for number, kind in enumerate(risk.data):
        place: Place = ("risk", "data", number)
        for at, node in enumerate(kind.guarded_by):
            if node not in counted:
                yield Fault((*place, "guarded_by", at), "risk_unknown", {"found": node})
            elif not counted[node]:
                yield Fault((*place, "guarded_by", at), "risk_not_counted", {"found": node})
        for at, level in enumerate(kind.levels):
            if level.impact > len(risk.impact):
                values = {"found": level.impact, "count": len(risk.impact)}
                yield Fault((*place, "levels", at, "impact"), "risk_impact", values)


def _twice(names: list[str], place: Place) -> Iterator[Fault]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Fault(place, "duplicate_id", {"found": name})


def _matrix(risk: s.Risk) -> Iterator[Fault]:
    """A rating in every cell; none falls to the right or downwards, and none leaps over another between neighbours."""
    order = {rating.id: place for place, rating in enumerate(risk.ratings)}
    whole = True
    for number, step in enumerate(risk.likelihood):
        place: Place = ("risk", "likelihood", number, "ratings")
        if len(step.ratings) != len(risk.impact):
            whole = False
            yield Fault(place, "risk_width", {"found": len(step.ratings), "count": len(risk.impact)})
        for rating in step.ratings:
            if rating not in order:
                whole = False
                yield Fault(place, "risk_rating", {"found": rating, "known": ", ".join(order)})
    if not whole:
        return
    rows = [[order[rating] for rating in step.ratings] for step in risk.likelihood]
    for number, row in enumerate(rows):
        above = rows[number - 1] if number else row
        steps = [b - a for a, b in pairwise(row)] + [b - a for a, b in zip(above, row, strict=True)]
        place = ("risk", "likelihood", number, "ratings")
        if any(step < 0 for step in steps):
            yield Fault(place, "risk_falls", {"found": number + 1})
        elif any(step > 1 for step in steps):
            yield Fault(place, "risk_leaps", {"found": number + 1})
