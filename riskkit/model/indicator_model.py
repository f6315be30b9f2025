"""`IndicatorModel`: a checked model, and what follows from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from riskkit.errors import ModelRefused, Problem, unknown
from riskkit.model import checks
from riskkit.model.schema import Aggregate, Grade, Item, ModelSpec, Node, RedLine, Reference, Table
from riskkit.model.shape import shape_faults


class IndicatorModel:
    """What is measured, how it becomes points, and how points become a grade. Frozen; compare by `hash`.

    Made by `load_model`; `with_weights` gives a changed copy for what-if.

        >>> load_model("confidentiality.yaml").nominal_weights["B2.1"]
    """

    def __init__(self, spec: ModelSpec) -> None:
        found = checks.faults(spec)
        if found:
            raise ModelRefused("model_refused", [as_problem(fault, "") for fault in found], model=spec.id)
        self.spec = spec

    def __repr__(self) -> str:
        return f"IndicatorModel({self.spec.id!r}, version={self.spec.version!r}, items={len(self.items)})"

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the model's content, independent of the file's layout."""
        content = json.dumps(self.spec.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    @cached_property
    def nodes(self) -> dict[str, Node | Item]:
        """Every node by id, parents before children, in the order of the file."""
        return {node.id: node for _, node in checks.walk(self.spec.nodes, ())}

    @cached_property
    def items(self) -> dict[str, Item]:
        """The leaves by id."""
        return {name: node for name, node in self.nodes.items() if isinstance(node, Item)}

    @cached_property
    def parents(self) -> dict[str, str | None]:
        """The parent of every node; none for dimensions."""
        parents: dict[str, str | None] = {node.id: None for node in self.spec.nodes}
        for node in self.nodes.values():
            if isinstance(node, Node):
                parents.update({child.id: node.id for child in node.children})
        return parents

    @cached_property
    def depths(self) -> dict[str, int]:
        """1 for dimensions, 2 for what is below them, and so on."""
        depths: dict[str, int] = {}
        for name in self.nodes:
            parent = self.parents[name]
            depths[name] = 1 if parent is None else depths[parent] + 1
        return depths

    @cached_property
    def nominal_weights(self) -> dict[str, float]:
        """Each node's share of the whole: the product of the weights on its path."""
        weights: dict[str, float] = {}
        for name, node in self.nodes.items():
            parent = self.parents[name]
            weights[name] = node.weight * (1.0 if parent is None else weights[parent])
        return weights

    @property
    def dimensions(self) -> tuple[Node, ...]:
        """The top of the tree."""
        return self.spec.nodes

    @property
    def tables(self) -> dict[str, Table]:
        """The evidence tables by name."""
        return self.spec.tables

    @cached_property
    def grades(self) -> dict[str, Grade]:
        """Grades by id, best first."""
        return {grade.id: grade for grade in self.spec.grades}

    @cached_property
    def red_lines(self) -> dict[str, RedLine]:
        """Red lines by id."""
        return {line.id: line for line in self.spec.red_lines}

    @cached_property
    def assessed_levels(self) -> tuple[str, ...]:
        """Levels whose units are scored on their own and ranked."""
        return tuple(level.id for level in self.spec.levels if level.assessed)

    def levels_of(self, item: Item) -> tuple[str, ...]:
        """The levels an item applies to."""
        return item.applies_to or self.assessed_levels

    def with_weights(self, weights: Mapping[str, float]) -> IndicatorModel:
        """A copy with other weights for some nodes; siblings must still sum to 1.

        Raises `Misuse` for an unknown node, `ModelRefused` if the weights do not add up.

            >>> model.with_weights({"A": 0.3, "B": 0.3, "C": 0.4})
        """
        for name in weights:
            if name not in self.nodes:
                raise unknown("unknown_node", name, list(self.nodes))
        content = self.spec.model_dump(mode="python")
        _reweigh(content["nodes"], weights)
        return _rebuilt(content)

    def with_aggregate(self, kind: Aggregate, exponent: float | None = None) -> IndicatorModel:
        """A copy in which every inner node and the total aggregate in one way; `exponent` is for a power mean.

        Raises `ModelRefused` for a power mean without an exponent, and for an exponent without a power mean.

            >>> model.with_aggregate("power", 0.5)
        """
        content = self.spec.model_dump(mode="python")
        _aggregate([content, *content["nodes"]], kind, exponent)
        return _rebuilt(content)

    def with_reference(self, reference: Reference) -> IndicatorModel:
        """A copy whose relative scales compare with other values.

        Raises `ModelRefused` for values that are not sorted, items the model lacks, and a period of another frequency.

            >>> model.with_reference(reference_of(bank.measures("2025Q4")))
        """
        return IndicatorModel(self.spec.model_copy(update={"reference": reference}))


def _aggregate(nodes: Iterable[dict[str, Any]], kind: str, exponent: float | None) -> None:
    for node in nodes:
        if "measure" not in node:
            node["aggregate"], node["exponent"] = kind, exponent
            _aggregate(node.get("children", ()), kind, exponent)


def _rebuilt(content: dict[str, Any]) -> IndicatorModel:
    """A model of changed content; raises `ModelRefused` for what no model file could hold either."""
    try:
        spec = ModelSpec.model_validate(content)
    except ValidationError as refused:
        problems = [as_problem(fault, "") for fault in shape_faults(refused)]
        raise ModelRefused("model_refused", problems, model=str(content["id"])) from None
    return IndicatorModel(spec)


def _reweigh(nodes: tuple[dict[str, Any], ...], weights: Mapping[str, float]) -> None:
    for node in nodes:
        node["weight"] = float(weights.get(node["id"], node["weight"]))
        _reweigh(node.get("children", ()), weights)


def as_problem(fault: checks.Fault, file: str, cell: str = "", sheet: str = "") -> Problem:
    """A fault of a model as a problem with its place in words."""
    place = ".".join(str(part) for part in fault.place)
    return Problem(f"model.{fault.code}", file=file, sheet=sheet, cell=cell or place, values=fault.values)
