"""The scoring of a model as a person would write it down: one branch, one node at a time, no arrays.

Slow on purpose. What the plan computes in bulk must agree with this to 1e-12.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from riskkit.model import IndicatorModel
from riskkit.model.schema import Goalposts, Item, Node, PiecewiseLinear

Number = float | None


def points(item: Item, value: Number, maximum: float) -> Number:
    """Points of one value."""
    if value is None:
        return None
    scale = item.scale
    if isinstance(scale, Goalposts):
        low, high, at = scale.low, scale.high, value
        if scale.log:
            low, high, at = math.log(low), math.log(high), math.log(at) if at > 0 else -math.inf
        return maximum * min(1.0, max(0.0, (at - low) / (high - low)))
    assert isinstance(scale, PiecewiseLinear)
    knots = scale.points
    if value <= knots[0][0]:
        return knots[0][1]
    for (left, below), (right, above) in pairwise(knots):
        if value <= right:
            return below + (above - below) * (value - left) / (right - left)
    return knots[-1][1]


def mean(kind: str, exponent: float | None, children: list[tuple[float, Number]]) -> Number:
    """The mean of (weight, score) pairs, those without a score or without weight left out; 1e-12 points are none."""
    known = [(weight, score) for weight, score in children if score is not None and weight > 0]
    if not known:
        return None
    whole = sum(weight for weight, _ in known)
    shares = [(weight / whole, score) for weight, score in known]
    if kind == "minimum":
        return min(score for _, score in shares)
    if kind == "arithmetic":
        return sum(share * score for share, score in shares)
    power = {"geometric": 0.0, "harmonic": -1.0}.get(kind, exponent)
    assert power is not None
    if power <= 0 and any(score <= 1e-12 for _, score in shares):
        return 0.0
    if power == 0:
        return math.exp(sum(share * math.log(score) for share, score in shares))
    return sum(share * score**power for share, score in shares) ** (1 / power)


def scores(model: IndicatorModel, given: Mapping[str, Number]) -> dict[str, Number]:
    """Every node's score, the total under "", from the points of the items."""
    found: dict[str, Number] = dict(given)

    def of(node: Item | Node) -> Number:
        if isinstance(node, Node):
            children = [(child.weight, of(child)) for child in node.children]
            found[node.id] = mean(node.aggregate, node.exponent, children)
        return found[node.id]

    spec = model.spec
    found[""] = mean(spec.aggregate, spec.exponent, [(node.weight, of(node)) for node in spec.nodes])
    return found
