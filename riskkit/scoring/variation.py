"""Parameters of a plan varied over draws: what a changed parameter reaches is computed again, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from riskkit.errors import Misuse, unknown
from riskkit.model.checks import LARGEST_EXPONENT
from riskkit.scoring.influence import EXPONENT, POINTS, SCALE, VALUE, WEIGHT, Influence
from riskkit.scoring.plan import Block, Branching, Children, Scored, generalised_mean
from riskkit.scoring.scales import Curve, Lines

CELLS = 131_072
"""Units × draws computed at a time: an array of these fits a processor's second cache."""

Shares = tuple[np.ndarray, np.ndarray]
"""A node as a mean of items: their columns, and their shares, items × draws."""
Changes = Mapping[str, Any]
"""Numbers by parameter: one, one a draw, or units × draws (one column for all draws, one row for all units)."""


def parameters(scored: Scored) -> dict[str, float | None]:
    """Every parameter a score can be varied by, with the value it has; none for what each unit has its own of.

    `weight:NODE`; `exponent:NODE` of what the model calls a power mean; `points:ITEM` and, where measured values are at
    hand, `value:ITEM`; `scale:ITEM:K:value` and `scale:ITEM:K:score`, the K-th knot of a curve of straight lines,
    counted from 0. The total is the node with the empty name.
    """
    plan = scored.plan
    known: dict[str, float | None] = {
        f"{WEIGHT}:{name}": node.weight for name, node in plan.model.nodes.items()
    }
    for branching in plan.branchings:
        if branching.power:
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

    A missing number leaves what there is. Points given for an item stand whatever its value and its scale; where all
    children of a node have no weight in a draw, the node is missing there and hands its own weight on.

    Raises `Misuse` for a name that is no parameter (see `parameters`), for arrays that do not fit together, for numbers
    a model could not have, and for a change that can reach no unit's total: another weight for an only child, an item
    that applies nowhere, a branch without weight, a knot that no value lies near.

        >>> vary(scored, {"weight:A": np.array([0.2, 0.3, 0.4])}).total()
    """
    given = {name: as_numbers(name, values) for name, values in changes.items()}
    known: Mapping[str, Any] = {f"{WEIGHT}:{name}": None for name in scored.plan.model.nodes}
    for name, values in given.items():
        if name not in known:
            known = parameters(scored)
        if name not in known:
            raise unknown("unknown_parameter", name, list(known))
        _fits(name, values, len(scored.inner))
        _possible(name, values, scored)
    sizes = sorted({values.shape[-1] for values in given.values()} - {1})
    if len(sizes) > 1:
        raise Misuse("draws_differ", found=", ".join(map(str, sizes)))
    Influence(scored, given).check()
    return Variation(scored, given, sizes[0] if sizes else 1)


def as_numbers(name: str, values: Any) -> np.ndarray:
    """What a parameter is given, as an array; raises `Misuse` for what is no number."""
    try:
        return np.atleast_1d(np.asarray(values, dtype="float64"))
    except (TypeError, ValueError):
        raise Misuse("draws_number", name=name) from None


def _fits(name: str, values: np.ndarray, units: int) -> None:
    """Refuse an array of a shape that says nothing."""
    own = name.split(":")[0] in (POINTS, VALUE)
    if (
        not values.shape[-1]
        or values.ndim > 2
        or (values.ndim == 2 and not (own and len(values) in (1, units)))
    ):
        raise Misuse("draws_shape", name=name, found=" × ".join(map(str, values.shape)))


def _possible(name: str, values: np.ndarray, scored: Scored) -> None:
    """Refuse numbers a model could not have; `value:` and `points:` may leave some missing."""
    kind, _, rest = name.partition(":")
    given = values[~np.isnan(values)] if kind in (POINTS, VALUE) else values
    low, high = -np.inf, np.inf
    if kind == WEIGHT:
        low = 0.0
    elif kind == EXPONENT:
        low, high = -LARGEST_EXPONENT, LARGEST_EXPONENT
    elif kind == POINTS or rest.endswith(":score"):
        low, high = 0.0, scored.plan.maximum
    if not (np.isfinite(given) & (given >= low) & (given <= high)).all():
        ends = [f"{end:g}".replace("inf", "∞") for end in (low, high)]
        raise Misuse("draws_range", name=name, low=ends[0], high=ends[1])
    if kind == EXPONENT and not given.all():
        raise Misuse("draws_exponent", name=name)
    if rest.endswith(":value") and _logarithmic(scored, rest) and not (given > 0).all():
        raise Misuse("draws_log", name=name)


def _logarithmic(scored: Scored, rest: str) -> bool:
    each = scored.plan.curves[scored.plan.item_position[rest.split(":")[0]]]
    return isinstance(each, Lines) and each.log


@dataclass(frozen=True)
class Variation:
    """Scores of the units under `draws` changed sets of parameters; read it in blocks of units."""

    scored: Scored
    changes: Mapping[str, np.ndarray]
    draws: int
    _varied: dict[str, Callable[[slice], np.ndarray]] = field(init=False, default_factory=dict)
    _again: list[Branching] = field(init=False, default_factory=list)
    _linear: dict[str, Shares] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        plan = self.scored.plan
        for name in self._items():
            self._varied[name] = self._points_of(name)
        reached = set()
        for change in self.changes:
            kind, node, *_ = change.split(":")
            name = node if kind == EXPONENT else plan.parent(node)
            while name not in reached:
                reached.add(name)
                name = plan.parent(name) if name else name
        for branching in reversed(plan.branchings):
            if plan.inner[branching.node] in reached and not self._fold(branching):
                self._again.append(branching)

    def _fold(self, branching: Branching) -> bool:
        """Keep a node as items × draws shares, if that is all it is: a weighted mean of items without a gap.

        Shares are the same for every unit, so such a node costs one product of matrices for all of them.
        """
        items, inner = branching.items, branching.inner
        varied = any(name in self._varied for name in items.names)
        power = f"{EXPONENT}:{self.scored.plan.inner[branching.node]}" in self.changes
        if branching.exponent != 1 or power or varied or self._gaps[items.columns].any():
            return False
        parts = [self._shares(name) for name in inner.names]
        own, below = self._weights(items), self._weights(inner)
        total = own.sum(axis=0) + below.sum(axis=0)
        if any(part is None for part in parts) or not total.min() > 0:
            return False
        every = np.arange(len(self._gaps))
        columns, shares = [every[items.columns]], [own / total]
        for part, weight in zip(parts, below, strict=True):
            assert part is not None, "checked above"
            columns.append(part[0])
            shares.append(part[1] * (weight / total))
        draws = max(each.shape[1] for each in shares)
        whole = np.concatenate([np.broadcast_to(each, (len(each), draws)) for each in shares])
        self._linear[self.scored.plan.inner[branching.node]] = np.concatenate(columns), whole
        return True

    def _shares(self, name: str) -> Shares | None:
        """An inner node as shares of items, one column if they do not vary; none if it is more than that."""
        if name in self._linear or not self._plain(name):
            return self._linear.get(name)
        shares = self.scored.plan.shares[:, self.scored.plan.inner_position[name]]
        columns = np.flatnonzero(shares)
        return None if self._gaps[columns].any() else (columns, shares[columns, None])

    def _plain(self, name: str) -> bool:
        """Whether a node that does not vary, and all below it, are weighted arithmetic means."""
        branching = self.scored.plan.branchings[self.scored.plan.inner_position[name]]
        again = {self.scored.plan.inner[b.node] for b in self._again}
        return branching.exponent == 1 and name not in again and all(map(self._plain, branching.inner.names))

    @cached_property
    def _gaps(self) -> np.ndarray:
        """Which items are missing somewhere."""
        return np.asarray(np.isnan(self.scored.points).any(axis=0))

    @cached_property
    def _knots(self) -> list[list[str]]:
        """Changed knots, their names taken apart."""
        return [name.split(":") for name in self.changes if name.startswith(f"{SCALE}:")]

    def _items(self) -> list[str]:
        """Items whose points vary."""
        kinds = (POINTS, VALUE, SCALE)
        return list(dict.fromkeys(name.split(":")[1] for name in self.changes if name.split(":")[0] in kinds))

    def total(self, rows: slice = slice(None)) -> np.ndarray:
        """Totals, units × draws, of some units; keep units × draws small, or use `blocks`."""
        return self.scores([""], rows)[""]

    def scores(self, names: Iterable[str], rows: slice = slice(None)) -> dict[str, np.ndarray]:
        """Scores of some inner nodes, the total under "", each units × draws."""
        plan, wanted = self.scored.plan, list(names)
        varied = {name: points(rows) for name, points in self._varied.items()}
        for name, (columns, shares) in self._linear.items():
            if name in wanted or plan.parent(name) not in self._linear:
                varied[name] = self.scored.points[rows, columns] @ shares
        for branching in self._again:
            varied[plan.inner[branching.node]] = self._mean(branching, rows, varied)
        still = {name: self.scored.units(rows).columns([name]) for name in wanted}
        found = {name: varied.get(name, still[name]) for name in wanted}
        return {name: np.broadcast_to(each, (len(each), self.draws)) for name, each in found.items()}

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
        """An item's points, units × draws, of some units: those given, else those of the value given or measured."""
        column = self.scored.plan.item_position[name]
        base = self.scored.points[:, [column]]
        value, points_given = (self.changes.get(f"{kind}:{name}") for kind in (VALUE, POINTS))
        each = self._curve(name)
        settled = points_given is not None and not np.isnan(points_given).any()

        def points(rows: slice) -> np.ndarray:
            found = base[rows]
            if self.scored.values is not None and not settled:
                own = self.scored.values[rows, column][:, None]
                found = _unless_missing(each.points(_unless_missing(value, own, rows)), found)
            return np.where(np.isnan(base[rows]), np.nan, _unless_missing(points_given, found, rows))

        return points

    def _senses(self, name: str, knots: int) -> np.ndarray:
        """1 where points may rise from one knot of an item's curve to the next, −1 where they may fall."""
        direction = self.scored.plan.model.items[name].direction
        senses = np.full(knots - 1, 1.0 if direction == "higher_better" else -1.0)
        if direction == "target_better":
            senses[0] = 1.0
        return senses

    def _curve(self, name: str) -> Curve:
        """The curve of an item with the knots that vary in place, draws in front."""
        each = self.scored.plan.curves[self.scored.plan.item_position[name]]
        changed = [key for key in self._knots if key[1] == name]
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
        if (np.diff(y) * self._senses(name, len(each.x)) < 0).any():
            raise Misuse("knots_turn", name=name)
        return Lines(x, y, each.log)


def _unless_missing(given: np.ndarray | None, own: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
    """Units × draws numbers given, or one's own where there are none; of what is given for all units, some `rows`."""
    if given is None:
        return own
    mine = given[None, :] if given.ndim == 1 else given[rows] if len(given) > 1 else given
    return np.where(np.isnan(mine), own, mine)
