"""A model compiled once into arrays: every score, what-if, simulation and comparison runs over the same plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from riskkit.model import IndicatorModel
from riskkit.model.schema import Item, ModelSpec, Node
from riskkit.scoring.scales import Curve, Lines, curve

ROOT = ""
"""The id under which the total stands."""
EXPONENTS = {"arithmetic": 1.0, "geometric": 0.0, "harmonic": -1.0, "minimum": -np.inf}
"""Every aggregation is a generalised mean; these are the exponents of those with a name."""
NIL = 1e-12
"""Points that differ from 0 by rounding alone; where 0 decides the mean, they are 0."""
NEAR = 0.01
"""Exponents nearer to 0 than this are read through logarithms."""
LARGEST_TERM = 1e3
"""How many times the maximum a term of a folded map may be, so that cancelling costs less than 1e-12."""


@dataclass(frozen=True)
class Children:
    """Some children of a node: their columns among all items, or among all inner nodes, and their weights."""

    columns: slice | np.ndarray
    weights: np.ndarray
    names: tuple[str, ...]

    @classmethod
    def of(cls, nodes: Iterable[Node | Item], position: dict[str, int]) -> Children:
        """Children in the order of the model; a run of neighbours as a slice, which costs no copy."""
        chosen = list(nodes)
        at = np.array([position[node.id] for node in chosen], dtype="int64")
        run = len(at) > 0 and np.array_equal(at, np.arange(at[0], at[0] + len(at)))
        columns = slice(int(at[0]), int(at[0]) + len(at)) if run else at
        return cls(columns, np.array([node.weight for node in chosen]), tuple(node.id for node in chosen))


@dataclass(frozen=True)
class Branching:
    """One inner node: its column among the inner nodes, its children, the exponent of their mean, and whether the model
    calls it a power mean, whose exponent is a number it chose."""

    node: int
    items: Children
    inner: Children
    exponent: float
    power: bool


@dataclass(frozen=True)
class Fold:
    """A whole model as one affine map: scores of the inner nodes = values · slopes + intercepts."""

    slopes: np.ndarray
    intercepts: np.ndarray

    def inner(self, values: np.ndarray) -> np.ndarray:
        """Scores, units × inner nodes."""
        return np.asarray(values @ self.slopes + self.intercepts)


class Plan:
    """The compiled model. `items` and `inner` name the columns of points and of scores; `names` those of both, the
    total first and parents before their children."""

    def __init__(self, model: IndicatorModel) -> None:
        self.model = model
        self.maximum = model.spec.score.maximum
        self.names = [ROOT, *model.nodes]
        self.items = list(model.items)
        self.inner = [name for name in self.names if name not in model.items]
        self.branchings = [self._branching(name) for name in self.inner]
        self.arithmetic = all(branching.exponent == 1 for branching in self.branchings)

    def _branching(self, name: str) -> Branching:
        node: ModelSpec | Node = self.model.spec if name == ROOT else self.model.nodes[name]  # type: ignore[assignment]  # `inner` names no item
        children: tuple[Node | Item, ...] = node.nodes if isinstance(node, ModelSpec) else node.children
        return Branching(
            self.inner.index(name),
            Children.of((c for c in children if isinstance(c, Item)), self.item_position),
            Children.of((c for c in children if isinstance(c, Node)), self.inner_position),
            EXPONENTS[node.aggregate] if node.exponent is None else node.exponent,
            node.aggregate == "power",
        )

    def parent(self, name: str) -> str:
        """The node above; above the top ones the total, whose name is empty."""
        return self.model.parents[name] or ROOT

    @cached_property
    def item_position(self) -> dict[str, int]:
        """The column of each item."""
        return {name: index for index, name in enumerate(self.items)}

    @cached_property
    def inner_position(self) -> dict[str, int]:
        """The column of each inner node."""
        return {name: index for index, name in enumerate(self.inner)}

    @cached_property
    def curves(self) -> list[Curve]:
        """The curve of each item's scale."""
        return [curve(item, self.model.spec) for item in self.model.items.values()]

    @cached_property
    def shares(self) -> np.ndarray:
        """Items × inner nodes: each item's share of each node above it, by weights alone."""
        shares = np.zeros((len(self.items), len(self.inner)))
        for branching in reversed(self.branchings):
            weights = np.concatenate([branching.items.weights, branching.inner.weights])
            own = shares[:, branching.node]
            own[branching.items.columns] = branching.items.weights / weights.sum()
            own += shares[:, branching.inner.columns] @ (branching.inner.weights / weights.sum())
        return shares

    def points(self, values: np.ndarray) -> np.ndarray:
        """Points of units × items values; missing where the value is."""
        found = np.empty(values.shape, order="F")
        for column, each in enumerate(self.curves):
            found[:, column] = each.points(values[:, column])
        return found

    def fold(self, bounds: tuple[np.ndarray, np.ndarray]) -> Fold | None:
        """The model as one affine map, if it is one on values within `bounds` (least and greatest of each item).

        It is where all means are arithmetic, nothing is missing and each item stays on one straight piece of its curve.
        """
        if not self.arithmetic or not np.isfinite(bounds).all():
            return None
        pieces = [_piece(each, low, high) for each, low, high in zip(self.curves, *bounds, strict=True)]
        if any(piece is None for piece in pieces):
            return None
        slopes, intercepts = np.array(pieces, dtype="float64").T
        terms = np.abs(slopes) * np.abs(bounds).max(axis=0) + np.abs(intercepts)
        if (terms > LARGEST_TERM * self.maximum).any():
            return None
        return Fold(slopes[:, None] * self.shares, intercepts @ self.shares)

    def score(self, points: np.ndarray, values: np.ndarray | None = None) -> Scored:
        """Scores for units × items points, 0-maximum; points are missing where an item does not apply. `values` are
        kept with them for those who vary scales.

        A node's score is the weighted generalised mean of its children that have a score, their weights rescaled to
        sum to 1; missing where none has: OECD/JRC, *Handbook on Constructing Composite Indicators* (2008), step 6.

            >>> Plan(model).score(points).total
        """
        if self.arithmetic:
            inner = points @ self.shares
            if not np.isnan(inner).any():
                return Scored(self, np.clip(inner, 0.0, self.maximum), points, values)
        inner = np.empty((len(points), len(self.inner)), order="F")
        for branching in reversed(self.branchings):
            parts = [(points, branching.items), (inner, branching.inner)]
            blocks = [(array[:, part.columns], part.weights[:, None]) for array, part in parts if part.names]
            inner[:, branching.node] = generalised_mean(blocks, (), branching.exponent)[:, 0]
        return Scored(self, np.clip(inner, 0.0, self.maximum), points, values)


def _piece(each: Curve, low: float, high: float) -> tuple[float, float] | None:
    """Slope and intercept of the straight piece that all values from `low` to `high` lie on; none if there is none."""
    if not isinstance(each, Lines) or each.log:
        return None
    at = int(np.searchsorted(each.x, low, side="right")) - 1
    at = min(at, len(each.x) - 2)
    if at < 0 or high > each.x[at + 1]:
        return None
    slope = (each.y[at + 1] - each.y[at]) / (each.x[at + 1] - each.x[at])
    return slope, each.y[at] - slope * each.x[at]


@dataclass(frozen=True)
class Scored:
    """Scores of every unit: `inner`, units × inner nodes; `given` points of its items, units × items, or the `values`
    they follow from, or both."""

    plan: Plan
    inner: np.ndarray
    given: np.ndarray | None
    values: np.ndarray | None = None

    @cached_property
    def points(self) -> np.ndarray:
        """Points of the items, units × items; missing where an item does not apply."""
        if self.given is not None:
            return self.given
        assert self.values is not None, "scores come from points or from values"
        return self.plan.points(self.values)

    def units(self, rows: slice) -> Scored:
        """The same for some units."""
        given, values = (None if each is None else each[rows] for each in (self.given, self.values))
        return Scored(self.plan, self.inner[rows], given, values)

    @property
    def total(self) -> np.ndarray:
        """The score of the whole, a unit."""
        return self.inner[:, 0]

    def columns(self, names: Iterable[str]) -> np.ndarray:
        """The scores of some nodes, inner ones or items, units × nodes."""
        inner, items = self.plan.inner_position, self.plan.item_position
        columns = [self.inner[:, inner[n]] if n in inner else self.points[:, items[n]] for n in names]
        return np.stack(columns, axis=1)

    @cached_property
    def nodes(self) -> np.ndarray:
        """Units × `plan.names`: inner nodes and items alike."""
        return self._spread(self.inner, self.points)

    @cached_property
    def weights(self) -> np.ndarray:
        """Units × `plan.names`: each node's effective share of the total, after rescaling over what applies."""
        inner, items = np.zeros_like(self.inner), np.zeros_like(self.points)
        inner[:, 0] = 1.0
        for branching in self.plan.branchings:
            parts = [(self.points, items, branching.items), (self.inner, inner, branching.inner)]
            shares = [np.where(np.isnan(s[:, part.columns]), 0.0, part.weights) for s, _, part in parts]
            whole = np.sum([share.sum(axis=1) for share in shares], axis=0)
            own = np.divide(inner[:, branching.node], whole, out=np.zeros_like(whole), where=whole > 0)
            for share, (_, weights, part) in zip(shares, parts, strict=True):
                weights[:, part.columns] = share * own[:, None]
        return self._spread(inner, items)

    def _spread(self, inner: np.ndarray, items: np.ndarray) -> np.ndarray:
        spread = np.empty((len(inner), len(self.plan.names)), order="F")
        for column, name in enumerate(self.plan.names):
            at = self.plan.item_position.get(name)
            spread[:, column] = inner[:, self.plan.inner_position[name]] if at is None else items[:, at]
        return spread


Block = tuple[np.ndarray, np.ndarray]


def generalised_mean(
    blocks: Iterable[Block], columns: Iterable[Block], exponent: float | np.ndarray
) -> np.ndarray:
    """Units × draws: the weighted generalised mean M_p of children, those that are missing left out.

    `blocks` are children whose scores do not vary, units × k, with weights k × draws; `columns` single children, units
    × draws, with one weight a draw. p = 1 is the arithmetic mean, 0 the geometric, −1 the harmonic, −∞ the minimum of
    what has weight. A child of 0 with weight makes the mean 0 for p ≤ 0. Bullen, *Handbook of Means* (2003), chapter
    III.
    """
    if np.ndim(exponent) == 0 and exponent == -np.inf:
        return _minimum(blocks, columns)
    above, below = np.zeros((1, 1)), np.zeros((1, 1))
    nought: np.ndarray | None = None
    for scores, weights in blocks:
        terms, known = _terms(scores, exponent)
        above = _add(above, terms @ weights)
        below = _add(below, weights.sum(axis=0, keepdims=True) if known is None else known @ weights)
        if np.all(exponent <= 0):
            nought = _either(nought, ((scores <= NIL) * 1.0) @ (weights > 0) > 0)
    for scores, weights in columns:
        terms, known = _terms(scores, exponent)
        above = _add(above, terms * weights)
        below = _add(below, weights[None, :] if known is None else known * weights)
        if np.any(exponent <= 0):
            nought = _either(nought, (scores <= NIL) & (weights > 0) & (exponent <= 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        means = _out_of(above / below, exponent)
    return means if nought is None else np.where(nought, 0.0, means)


def _terms(scores: np.ndarray, exponent: float | np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Scores as they enter the sum, 0 where missing; and which are known, or none if all are."""
    terms = _into(scores, exponent)
    if not scores.size or not np.isnan(scores.min()):
        return terms, None
    known = ~np.isnan(scores)
    return np.where(known, terms, 0.0), known


def _add(total: np.ndarray, more: np.ndarray) -> np.ndarray:
    """A sum, in place where it can be."""
    if total.shape == np.broadcast_shapes(total.shape, more.shape):
        total += more
        return total
    return np.asarray(total + more)


def _either(found: np.ndarray | None, more: np.ndarray) -> np.ndarray:
    return more if found is None else found | more


def _minimum(blocks: Iterable[Block], columns: Iterable[Block]) -> np.ndarray:
    least = np.full((1, 1), np.nan)
    apart = ((scores[:, [k]], weights[k]) for scores, weights in blocks for k in range(len(weights)))
    for scores, weights in (*apart, *columns):
        least = np.fmin(least, np.where(weights > 0, scores, np.nan))
    return least


def _into(scores: np.ndarray, exponent: float | np.ndarray) -> np.ndarray:
    """Scores as they enter the sum; 0 as if it were 1 where it could not.

    Powers near 0 enter less 1, so that their digits are not lost beside it: M_p = exp(log(1 + Σ w · (x^p − 1)) ÷ p).
    """
    if np.ndim(exponent) == 0 and exponent == 1:
        return scores
    safe = np.where((scores <= NIL) & (exponent <= 0), 1.0, scores)
    if np.ndim(exponent) == 0 and exponent == 0:
        return np.asarray(np.log(safe))
    near = np.abs(exponent) < NEAR
    if not np.any(near):
        return np.asarray(safe**exponent)
    with np.errstate(divide="ignore"):
        less = np.expm1(exponent * np.log(safe))
    return np.asarray(np.where(near, less, safe**exponent))


def _out_of(means: np.ndarray, exponent: float | np.ndarray) -> np.ndarray:
    if np.ndim(exponent) == 0 and exponent == 1:
        return means
    if np.ndim(exponent) == 0 and exponent == 0:
        return np.asarray(np.exp(means))
    near = np.abs(exponent) < NEAR
    if not np.any(near):
        return np.asarray(means ** (1.0 / exponent))
    away = np.where(near, 1.0, exponent)
    return np.asarray(np.where(near, np.exp(np.log1p(means) / exponent), means ** (1.0 / away)))
