"""What must hold of scales, and of the reference that relative ones are read against."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from riskkit.errors import Misuse
from riskkit.model import schema as s
from riskkit.model.faults import Fault, Place
from riskkit.periods import Period

LEAST_SPREAD = 1e-9
"""Reference values that differ by no more than this share of the largest are taken for equal."""
TINIEST_SPREAD = 1e-290
"""So are those that differ by less than this: what a point is worth could not be told as a number."""


def scale_faults(item: s.Item, place: Place, maximum: float) -> Iterator[Fault]:
    """What is wrong with the scale of an item at a place."""
    scale, here = item.scale, (*place, "scale")
    both_sides = isinstance(scale, s.DistanceToTarget) and scale.both_sides
    if both_sides != (item.direction == "target_better"):
        yield Fault((*place, "direction"), "target_better", {"found": item.direction, "type": scale.type})
    elif isinstance(scale, s.Goalposts):
        yield from _goalposts(scale, here)
    elif isinstance(scale, s.DistanceToTarget):
        yield from _target(scale, item.direction, here)
    elif isinstance(scale, s.ZScore):
        yield from _range([scale.at_mean], (*here, "at_mean"), maximum)
    elif isinstance(scale, s.PiecewiseLinear | s.Steps):
        yield from _points(scale, item.direction, here, maximum)


def _goalposts(scale: s.Goalposts, place: Place) -> Iterator[Fault]:
    if not scale.low < scale.high:
        yield Fault(place, "goalposts", {"found": f"{scale.low:g}, {scale.high:g}"})
    if scale.log and scale.low <= 0:
        yield Fault((*place, "low"), "goalposts_log", {"found": f"{scale.low:g}"})


def _target(scale: s.DistanceToTarget, direction: str, place: Place) -> Iterator[Fault]:
    """Where the zero may lie depends on which side of the target is worse."""
    fits = {
        "higher_better": scale.zero_at < scale.target,
        "lower_better": scale.zero_at > scale.target,
        "target_better": scale.zero_at != scale.target,
    }
    if not fits[direction]:
        values = {"found": f"{scale.zero_at:g}", "target": f"{scale.target:g}", "direction": direction}
        yield Fault((*place, "zero_at"), "zero_at", values)


def _points(
    scale: s.PiecewiseLinear | s.Steps, direction: str, place: Place, maximum: float
) -> Iterator[Fault]:
    rising, here = direction == "higher_better", (*place, "points")
    values, scores = ([pair[half] for pair in scale.points] for half in (0, 1))
    if isinstance(scale, s.Steps):
        scores = [scale.otherwise, *scores] if rising else [*scores, scale.otherwise]
    if any(b <= a for a, b in pairwise(values)):
        yield Fault(here, "scale_order", {"found": str(values)})
    climbs = [b - a if rising else a - b for a, b in pairwise(scores)]
    if any(climb < 0 for climb in climbs) or scores[0] == scores[-1]:
        yield Fault(here, "scale_direction", {"found": str(scores), "direction": direction})
    yield from _range(scores, here, maximum)


def _range(scores: Sequence[float], place: Place, maximum: float) -> Iterator[Fault]:
    if min(scores) < 0 or max(scores) > maximum:
        yield Fault(place, "scale_range", {"found": str(scores), "maximum": maximum})


# ---------------------------------------------------------------- the reference


def reference_faults(model: s.ModelSpec, items: Collection[str]) -> Iterator[Fault]:
    """What is wrong with the reference as written; that it lacks values is told when a scale wants them."""
    if model.reference is None:
        return
    if not _is_period(model.reference.period, model.frequency):
        yield Fault(("reference", "period"), "reference_period", {"found": model.reference.period})
    for name, values in model.reference.items.items():
        place: Place = ("reference", "items", name)
        if name not in items:
            yield Fault(place, "reference_item", {"found": name})
        if any(b < a for a, b in pairwise(values)):
            yield Fault(place, "reference_order", {"found": name})


def _is_period(text: str, frequency: str) -> bool:
    try:
        return Period.parse(text).frequency == frequency
    except Misuse:
        return False


def unreadable(model: s.ModelSpec, items: Collection[s.Item]) -> list[Fault]:
    """The relative scales that cannot be read yet: no reference values, or none that differ."""
    relative = [item for item in items if isinstance(item.scale, s.Relative)]
    given = model.reference.items if model.reference else {}
    return [
        Fault(("reference",), "no_reference", {"item": item.id, "n": len(given.get(item.id, ()))})
        for item in relative
        if not _spread(given.get(item.id, ()))
    ]


def _spread(values: Sequence[float]) -> bool:
    if len(values) < 2:
        return False
    least = max(LEAST_SPREAD * max(abs(values[0]), abs(values[-1])), TINIEST_SPREAD)
    return values[-1] - values[0] > least
