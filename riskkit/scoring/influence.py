"""Which changes of parameters any unit's total can feel."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from riskkit.errors import Misuse
from riskkit.scoring.plan import Branching, Scored
from riskkit.scoring.scales import Lines

WEIGHT, EXPONENT, POINTS, VALUE, SCALE = "weight", "exponent", "points", "value", "scale"


def weight_groups(scored: Scored, *, minima: bool = False) -> list[list[str]]:
    """Siblings whose weights decide something: each has weight and, in some unit, a score beside another of them, and
    everything above them counts in the total. Where the least child is the mean, weights decide nothing but who is in
    it; such siblings are given only with `minima`."""
    influence = Influence(scored, {})
    groups = [
        influence.deciding(branching)
        for branching in scored.plan.branchings
        if (minima or branching.exponent != -np.inf) and influence.counts(scored.plan.inner[branching.node])
    ]
    return [group for group in groups if group]


class Influence:
    """What changed parameters can reach, given the points they start from and all the changes made at once."""

    def __init__(self, scored: Scored, changes: Mapping[str, np.ndarray]) -> None:
        self.scored = scored
        self.changes = changes
        self._present: dict[str, np.ndarray] = {}

    def check(self) -> None:
        """Refuse a change that no unit's total can feel."""
        for name in self.changes:
            kind, _, rest = name.partition(":")
            node = rest.split(":")[0]
            above = self.scored.plan.parent(node) if kind == WEIGHT else node
            if not self.counts(above) or not self._felt(kind, node, rest):
                raise Misuse("reaches_nothing", name=name)

    def deciding(self, branching: Branching) -> list[str]:
        """The children of a node that have weight and, in some unit, a score beside another such child."""
        names = [name for name in (*branching.items.names, *branching.inner.names) if self._weighs(name)]
        together = np.sum([self.present(name) for name in names], axis=0) > 1
        return [name for name in names if (self.present(name) & together).any()]

    def counts(self, name: str) -> bool:
        """Whether a node counts in the total: it and everything above it has weight."""
        while name:
            if not self._weighs(name):
                return False
            name = self.scored.plan.parent(name)
        return True

    def present(self, name: str) -> np.ndarray:
        """In which units a node has a score, or would in some draw."""
        if name not in self._present:
            plan = self.scored.plan
            if name in plan.item_position:
                found = ~np.isnan(self.scored.points[:, plan.item_position[name]])
            else:
                branching = self._branching(name)
                children = (*branching.items.names, *branching.inner.names)
                below = [self.present(child) for child in children if self._weighs(child)]
                found = np.logical_or.reduce([np.zeros(len(self.scored.inner), dtype=bool), *below])
            self._present[name] = found
        return self._present[name]

    def _branching(self, name: str) -> Branching:
        return self.scored.plan.branchings[self.scored.plan.inner_position[name]]

    def _weighs(self, name: str) -> bool:
        """Whether a node has weight, in some draw if its weight is changed."""
        given = self.changes.get(f"{WEIGHT}:{name}")
        return self.scored.plan.model.nodes[name].weight > 0 if given is None else bool((given > 0).any())

    def _felt(self, kind: str, node: str, rest: str) -> bool:
        """Whether what is right above a change can feel it."""
        if kind == EXPONENT:
            return len(self.deciding(self._branching(node))) > 1
        if kind == WEIGHT:
            return self._weight_felt(node)
        if kind == POINTS:
            return bool((self.present(node) & self._given(POINTS, node)).any())
        open_ = self.present(node) & ~self._given(
            POINTS, node, np.all
        )  # points given stand whatever the value
        if kind == VALUE:
            return bool((open_ & self._given(VALUE, node)).any())
        return self._near(node, int(rest.split(":")[1]), open_)

    def _weight_felt(self, node: str) -> bool:
        """A weight is felt beside siblings, and where it decides whether the node counts at all."""
        given, own = self.changes[f"{WEIGHT}:{node}"], self.scored.plan.model.nodes[node].weight
        present = self.present(node)
        if bool(((given > 0) != (own > 0)).any()):
            return bool(present.any())
        above = self._branching(self.scored.plan.parent(node))
        return above.exponent != -np.inf and node in self.deciding(above)

    def _given(self, kind: str, item: str, how: Callable[..., np.ndarray] = np.any) -> np.ndarray:
        """In which units an item is given points or a value, in any draw or in all; one entry stands for all units."""
        given = self.changes.get(f"{kind}:{item}")
        return np.zeros(1, dtype=bool) if given is None else np.atleast_1d(how(~np.isnan(given), axis=-1))

    def _near(self, item: str, knot: int, units: np.ndarray) -> bool:
        """Whether any of some units' values lies between a knot's neighbours, where they stand or are moved to."""
        each = self._lines(item)
        low = self._knot(item, knot - 1).min() if knot > 0 else -np.inf
        high = self._knot(item, knot + 1).max() if knot + 1 < len(each.x) else np.inf
        values = self._values(item, units)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.log(np.maximum(values, 0.0)) if each.log else values
        inside = ((found > low) | (knot == 0)) & ((found < high) | (knot + 1 == len(each.x)))
        return bool((inside & ~np.isnan(found)).any())

    def _values(self, item: str, units: np.ndarray) -> np.ndarray:
        """The values of an item in some units: those given, and the units' own where none are."""
        assert self.scored.values is not None, "`parameters` offers knots only where values are"
        own: np.ndarray = self.scored.values[units, self.scored.plan.item_position[item]]
        given = self.changes.get(f"{VALUE}:{item}")
        if given is None or not units.any():
            return own
        given = given[units] if given.ndim > 1 and len(given) > 1 else given
        return np.concatenate([given.ravel(), own]) if np.isnan(given).any() else given

    def _knot(self, item: str, knot: int) -> np.ndarray:
        """Where a knot stands, and where it is moved to."""
        each, given = self._lines(item), self.changes.get(f"{SCALE}:{item}:{knot}:{VALUE}", np.empty(0))
        return np.append(np.log(given) if each.log else given, each.x[knot])

    def _lines(self, item: str) -> Lines:
        each = self.scored.plan.curves[self.scored.plan.item_position[item]]
        assert isinstance(each, Lines), "`parameters` offers knots of such curves only"
        return each
