"""The scoring of a model as a person would write it down: one branch, one node at a time, no arrays.

Slow on purpose. What the plan computes in bulk must agree with this to 1e-12.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

from riskkit.model import IndicatorModel
from riskkit.model.schema import Goalposts, Item, ModelSpec, Node, PiecewiseLinear

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
    if abs(power) < 0.01:  # the digits of powers near 1 are lost unless the 1 is left out
        logs = [(share, math.log(score) if score > 0 else -math.inf) for share, score in shares]
        less = sum(share * math.expm1(power * log) for share, log in logs)
        return math.exp(math.log1p(less) / power) if less > -1 else 0.0
    return sum(share * score**power for share, score in shares) ** (1 / power)


def scores(
    model: IndicatorModel,
    given: Mapping[str, Number],
    weights: Mapping[str, float] | None = None,
    exponents: Mapping[str, float] | None = None,
) -> dict[str, Number]:
    """Every node's score, the total under "", from the points of the items; with other weights or exponents for some
    nodes."""
    found: dict[str, Number] = dict(given)
    weights, exponents = weights or {}, exponents or {}

    def of(node: Item | Node | ModelSpec, name: str) -> Number:
        if isinstance(node, Item):
            return found[name]
        below = node.nodes if isinstance(node, ModelSpec) else node.children
        children = [(weights.get(child.id, child.weight), of(child, child.id)) for child in below]
        found[name] = mean(node.aggregate, exponents.get(name, node.exponent), children)
        return found[name]

    of(model.spec, "")
    return found
