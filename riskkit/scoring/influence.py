"""Which changes of parameters any unit's total can feel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from riskkit.errors import Misuse
from riskkit.scoring.plan import Branching, Scored
from riskkit.scoring.scales import Lines

WEIGHT, EXPONENT, POINTS, VALUE, SCALE = "weight", "exponent", "points", "value", "scale"


def weight_groups(scored: Scored) -> list[list[str]]:
    """Siblings whose weights decide something: at least two of them have weight and a score somewhere, and everything
    above them counts in the total."""
    influence = Influence(scored, {})
    groups = [
        influence.deciding(scored.plan.inner[branching.node])
        for branching in scored.plan.branchings
        if branching.exponent != -np.inf and influence.counts(scored.plan.inner[branching.node])
    ]
    return [group for group in groups if len(group) > 1]


class Influence:
    """What changed parameters can reach, given the scores they start from."""

    def __init__(self, scored: Scored, changes: Mapping[str, np.ndarray]) -> None:
        self.scored = scored
        self.changes = changes
        self._seen: dict[str, bool] = {}
        self._deciding: dict[str, list[str]] = {}

    def check(self) -> None:
        """Refuse a change that no unit's total can feel."""
        for name in self.changes:
            kind, _, rest = name.partition(":")
            node = rest.split(":")[0]
            above = self.scored.plan.parent(node) if kind == WEIGHT else node
            if not self._felt(kind, node, rest) or not self.counts(above):
                raise Misuse("reaches_nothing", name=name)

    def _felt(self, kind: str, node: str, rest: str) -> bool:
        if kind == EXPONENT:
            return len(self.deciding(node)) > 1
        if not self._scored_somewhere(node):
            return False
        if kind == WEIGHT:
            above = self.scored.plan.parent(node)
            minimum = self._branching(above).exponent == -np.inf
            return not minimum and len({node, *self.deciding(above)}) > 1
        return kind != SCALE or self._near(node, int(rest.split(":")[1]))

    def _branching(self, name: str) -> Branching:
        return self.scored.plan.branchings[self.scored.plan.inner_position[name]]

    def _scored_somewhere(self, name: str) -> bool:
        if name not in self._seen:
            scored, item = self.scored, self.scored.plan.item_position.get(name)
            at = None if item is not None else scored.plan.inner_position[name]
            column = scored.points[:, item] if at is None else scored.inner[:, at]
            self._seen[name] = not np.isnan(column).all()
        return self._seen[name]

    def deciding(self, node: str) -> list[str]:
        """The children of a node that have weight, and a score anywhere."""
        if node not in self._deciding:
            branching = self._branching(node)
            names = [*branching.items.names, *branching.inner.names]
            found = [name for name in names if self._weight(name) and self._scored_somewhere(name)]
            self._deciding[node] = found
        return self._deciding[node]

    def _weight(self, name: str) -> bool:
        """Whether a node has weight, or is given some."""
        given = self.changes.get(f"{WEIGHT}:{name}")
        own = self.scored.plan.model.nodes[name].weight > 0
        return own or (given is not None and bool((given > 0).any()))

    def counts(self, name: str) -> bool:
        """Whether a node counts in the total: it and everything above it has weight."""
        while name:
            if not self._weight(name):
                return False
            name = self.scored.plan.parent(name)
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
