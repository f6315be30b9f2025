"""Parameters of a plan varied over draws: what a changed parameter reaches is computed again, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from riskkit.errors import Misuse, unknown
from riskkit.scoring.plan import Block, Branching, Children, Scored, generalised_mean
from riskkit.scoring.scales import Curve, Lines

WEIGHT, EXPONENT, POINTS, VALUE, SCALE = "weight", "exponent", "points", "value", "scale"
CELLS = 131_072
"""Units × draws computed at a time: an array of these fits a processor's second cache."""

Changes = Mapping[str, Any]
"""Numbers by parameter: one, one a draw, or units × draws (one column for all draws, one row for all units)."""


def parameters(scored: Scored) -> dict[str, float | None]:
    """Every parameter a score can be varied by, with the value it has; none for what each unit has its own of.

    `weight:NODE`; `exponent:NODE` of a power mean; `points:ITEM` and, where measured values are at hand, `value:ITEM`;
    `scale:ITEM:K:value` and `scale:ITEM:K:score`, the K-th knot of a curve of straight lines, counted from 0. The total
    is the node with the empty name.
    """
    plan = scored.plan
    known: dict[str, float | None] = {
        f"{WEIGHT}:{name}": node.weight for name, node in plan.model.nodes.items()
    }
    for branching in plan.branchings:
        if branching.exponent not in (1.0, 0.0, -np.inf):
            known[f"{EXPONENT}:{plan.inner[branching.node]}"] = branching.exponent
    for name, each in zip(plan.items, plan.curves, strict=True):
        known[f"{POINTS}:{name}"] = None
        if scored.values is None:
            continue
        known[f"{VALUE}:{name}"] = None
        if isinstance(each, Lines):
            for knot, (x, y) in enumerate(zip(each.x, each.y, strict=True)):
                known[f"{SCALE}:{name}:{knot}:value"] = float(np.exp(x) if each.log else x)
                known[f"{SCALE}:{name}:{knot}:score"] = float(y)
    return known


def vary(scored: Scored, changes: Changes) -> Variation:
    """The same scores with some parameters changed, a draw at a time or many.

    Raises `Misuse` for a name that is no parameter (see `parameters`), for arrays that do not fit together, and for a
    change that can reach no unit's total: the weight of an only child, an item that applies nowhere, a branch without
    weight, a knot that no value lies near.

        >>> vary(scored, {"weight:A": np.array([0.2, 0.3, 0.4])}).total()
    """
    given = {name: np.atleast_1d(np.asarray(values, dtype="float64")) for name, values in changes.items()}
    known = parameters(scored)
    for name, values in given.items():
        if name not in known:
            raise unknown("unknown_parameter", name, list(known))
        _fits(name, values, len(scored.inner))
    sizes = sorted({values.shape[-1] for values in given.values()} - {1})
    if len(sizes) > 1:
        raise Misuse("draws_differ", found=", ".join(map(str, sizes)))
    variation = Variation(scored, given, sizes[0] if sizes else 1)
    variation.check_reach()
    return variation


def _fits(name: str, values: np.ndarray, units: int) -> None:
    own = name.split(":")[0] in (POINTS, VALUE)
    if values.ndim > 2 or (values.ndim == 2 and (not own or len(values) not in (1, units))):
        raise Misuse("draws_shape", name=name, found=" × ".join(map(str, values.shape)))
    negative = name.startswith(f"{WEIGHT}:") and not (values >= 0).all()
    if negative or np.isinf(values).any() or (not own and np.isnan(values).any()):
        raise Misuse("draws_range", name=name)


@dataclass(frozen=True)
class Variation:
    """Scores of the units under `draws` changed sets of parameters; read it in blocks of units."""

    scored: Scored
    changes: Mapping[str, np.ndarray]
    draws: int
    _varied: dict[str, Callable[[slice], np.ndarray]] = field(init=False, default_factory=dict)
    _again: list[Branching] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        plan = self.scored.plan
        for name in self._items():
            self._varied[name] = self._points_of(name)
        reached = {self.parent(name) for name in self._items()}
        reached |= {
            self.parent(name.split(":", 1)[1]) for name in self.changes if name.startswith(f"{WEIGHT}:")
        }
        reached |= {name.split(":", 1)[1] for name in self.changes if name.startswith(f"{EXPONENT}:")}
        for name in list(reached):
            while name:
                name = self.parent(name)
                reached.add(name)
        self._again.extend(b for b in reversed(plan.branchings) if plan.inner[b.node] in reached)

    def parent(self, name: str) -> str:
        """The node above; the total, whose name is empty, above the top ones."""
        return self.scored.plan.model.parents[name] or ""

    def _items(self) -> list[str]:
        """Items whose points vary."""
        kinds = (POINTS, VALUE, SCALE)
        return list(dict.fromkeys(name.split(":")[1] for name in self.changes if name.split(":")[0] in kinds))

    def total(self, rows: slice = slice(None)) -> np.ndarray:
        """Totals, units × draws, of some units; keep units × draws small, or use `blocks`."""
        plan = self.scored.plan
        varied = {name: points(rows) for name, points in self._varied.items()}
        for branching in self._again:
            varied[plan.inner[branching.node]] = self._mean(branching, rows, varied)
        found = varied.get("", self.scored.inner[rows, :1])
        return np.broadcast_to(found, (len(found), self.draws))

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Totals of all units, some units at a time."""
        size, units = max(1, CELLS // self.draws), len(self.scored.inner)
        for start in range(0, units, size):
            rows = slice(start, min(start + size, units))
            yield rows, self.total(rows)

    def _mean(self, branching: Branching, rows: slice, varied: Mapping[str, np.ndarray]) -> np.ndarray:
        plan = self.scored.plan
        exponent = self.changes.get(f"{EXPONENT}:{plan.inner[branching.node]}", branching.exponent)
        blocks: list[Block] = []
        columns: list[Block] = []
        for array, part in ((self.scored.points, branching.items), (self.scored.inner, branching.inner)):
            scores = array[rows, part.columns]
            weights = self._weights(part)
            still = [name not in varied and np.ndim(exponent) == 0 for name in part.names]
            if all(still) and part.names:
                blocks.append((scores, weights))
            elif any(still):
                blocks.append((scores[:, still], weights[still]))
            columns += [
                (varied[name] if name in varied else scores[:, [k]], weights[k])
                for k, name in enumerate(part.names)
                if not still[k]
            ]
        return generalised_mean(blocks, columns, exponent)

    def _weights(self, part: Children) -> np.ndarray:
        """Weights of children, k × draws."""
        rows = [
            self.changes.get(f"{WEIGHT}:{name}", weight)
            for name, weight in zip(part.names, part.weights, strict=True)
        ]
        return np.array(np.broadcast_arrays(*rows, np.empty(1))[:-1]) if rows else np.empty((0, 1))

    def _points_of(self, name: str) -> Callable[[slice], np.ndarray]:
        """An item's points, units × draws, of some units."""
        column = self.scored.plan.item_position[name]
        base = self.scored.points[:, [column]]
        each = self._curve(name)

        def points(rows: slice) -> np.ndarray:
            given = self.changes.get(f"{POINTS}:{name}")
            if given is None:
                assert self.scored.values is not None, "`parameters` offers values only where they are"
                given = self.changes.get(f"{VALUE}:{name}", self.scored.values[:, [column]])
                given = each.points(_of_rows(given, rows))
            else:
                given = _of_rows(given, rows)
            applies = ~np.isnan(base[rows])
            return np.where(applies & ~np.isnan(given), given, base[rows])

        return points

    def _curve(self, name: str) -> Curve:
        """The curve of an item with the knots that vary in place, draws in front."""
        each = self.scored.plan.curves[self.scored.plan.item_position[name]]
        changed = [key.split(":") for key in self.changes if key.startswith(f"{SCALE}:{name}:")]
        if not changed:
            return each
        assert isinstance(each, Lines), "`parameters` offers knots of such curves only"
        knots = {"value": list(each.x), "score": list(each.y)}
        for _, _, knot, half in changed:
            number = self.changes[f"{SCALE}:{name}:{knot}:{half}"]
            knots[half][int(knot)] = np.log(number) if half == "value" and each.log else number
        x, y = (np.stack(np.broadcast_arrays(*knots[half]), axis=-1) for half in ("value", "score"))
        if not (np.diff(x) > 0).all():
            raise Misuse("knots_cross", name=name)
        return Lines(x, y, each.log)

    # ------------------------------------------------------------ what a change reaches

    def check_reach(self) -> None:
        """Refuse a change that no unit's total can feel."""
        for name in self.changes:
            kind, _, rest = name.partition(":")
            node = rest.split(":")[0]
            if not self._felt(kind, node, rest) or not self._weighty(node, skip_own=kind == WEIGHT):
                raise Misuse("reaches_nothing", name=name)

    def _felt(self, kind: str, node: str, rest: str) -> bool:
        if kind == EXPONENT:
            return self._siblings(node) > 1
        if not self._scored_somewhere(node):
            return False
        if kind == WEIGHT:
            branching = self.scored.plan.branchings[self.scored.plan.inner_position[self.parent(node)]]
            return branching.exponent != -np.inf and self._siblings(self.parent(node), also=node) > 1
        return kind != SCALE or self._near(node, int(rest.split(":")[1]))

    def _scored_somewhere(self, name: str) -> bool:
        plan = self.scored.plan
        at = plan.item_position.get(name)
        column = self.scored.inner[:, plan.inner_position[name]] if at is None else self.scored.points[:, at]
        return not np.isnan(column).all()

    def _siblings(self, node: str, also: str = "") -> int:
        """How many children with weight and with a score anywhere a node has."""
        branching = self.scored.plan.branchings[self.scored.plan.inner_position[node]]
        names = [*branching.items.names, *branching.inner.names]
        return sum((self._weight(n) or n == also) and self._scored_somewhere(n) for n in names)

    def _weight(self, name: str) -> bool:
        """Whether a node has weight, or is given some."""
        given = self.changes.get(f"{WEIGHT}:{name}")
        return self.scored.plan.model.nodes[name].weight > 0 or (
            given is not None and bool((given > 0).any())
        )

    def _weighty(self, name: str, *, skip_own: bool) -> bool:
        """Whether a node counts in the total: it and everything above it has weight."""
        while name:
            if not skip_own and not self._weight(name):
                return False
            skip_own, name = False, self.parent(name)
        return True

    def _near(self, item: str, knot: int) -> bool:
        """Whether any value lies between a knot's neighbours."""
        plan, column = self.scored.plan, self.scored.plan.item_position[item]
        each = plan.curves[column]
        assert isinstance(each, Lines), "`parameters` offers knots of such curves only"
        assert self.scored.values is not None, "`parameters` offers knots only where values are"
        values = self.scored.values[:, column]
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.log(np.maximum(values, 0.0)) if each.log else values
        low = each.x[knot - 1] if knot > 0 else -np.inf
        high = each.x[knot + 1] if knot + 1 < len(each.x) else np.inf
        return bool(((found >= low) & (found <= high)).any())


def _of_rows(given: np.ndarray, rows: slice) -> np.ndarray:
    """The part of units × draws that belongs to some units."""
    if given.ndim == 1:
        return given[None, :]
    return given[rows] if len(given) > 1 else given
