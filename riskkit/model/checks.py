"""What must hold across a whole model, beyond the shape of each part. Every fault names its place in the file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from riskkit.expressions import CONSTANTS, DATE_NAMES, Expression, ExpressionFault
from riskkit.model import schema as s
from riskkit.model.check_risk import risk_faults
from riskkit.model.check_scales import reference_faults, scale_faults
from riskkit.model.check_tables import DERIVED, SOURCE_OF, column, table_faults
from riskkit.model.faults import Fault, Place
from riskkit.model.types import Kind, check_kinds, kind_of

__all__ = ["DERIVED", "SOURCE_OF", "Fault", "Place", "faults", "walk"]

TAKE_FUNCTIONS = ("sum", "min", "max", "any", "first", "count")
WEIGHT_TOLERANCE = 1e-9
LARGEST_EXPONENT = 20
"""Beyond it a power mean is the greatest or the least child to all intents, and 100 points overflow."""


def faults(model: s.ModelSpec) -> list[Fault]:
    """Every fault found in a model whose shape is right."""
    return list(_Checker(model).run())


class _Checker:
    def __init__(self, model: s.ModelSpec) -> None:
        self.model = model
        self.grades = [grade.id for grade in model.grades]
        self.levels = [level.id for level in model.levels]
        self.settings = {*DATE_NAMES, *model.parameters, *CONSTANTS}

    def run(self) -> Iterator[Fault]:
        yield from table_faults(self.model.tables)
        yield from self.names()
        yield from self.duplicates()
        yield from self.weights(self.model.nodes, ("nodes",))
        yield from _exponent(self.model, ())
        for place, node in walk(self.model.nodes, ("nodes",)):
            if isinstance(node, s.Item):
                yield from self.item(node, place)
            else:
                yield from self.weights(node.children, (*place, "children"))
                yield from _exponent(node, place)
        yield from reference_faults(self.model, self.items())
        yield from self.red_lines()
        yield from self.grading()
        yield from self.risk()
        yield from self.rest()

    def items(self) -> dict[str, s.Item]:
        nodes = (node for _, node in walk(self.model.nodes, ()))
        return {node.id: node for node in nodes if isinstance(node, s.Item)}

    def names(self) -> Iterator[Fault]:
        taken = {*DATE_NAMES, *CONSTANTS}
        for name in self.model.parameters:
            if name in taken:
                yield Fault(("parameters", name), "reserved", {"found": name})

    def duplicates(self) -> Iterator[Fault]:
        seen: set[str] = set()
        entries: list[tuple[Place, str]] = [
            ((*place, "id"), node.id) for place, node in walk(self.model.nodes, ("nodes",))
        ]
        entries += [(("red_lines", i, "id"), line.id) for i, line in enumerate(self.model.red_lines)]
        entries += [(("grades", i, "id"), f"grade {grade.id}") for i, grade in enumerate(self.model.grades)]
        entries += [(("levels", i, "id"), f"level {level.id}") for i, level in enumerate(self.model.levels)]
        for place, identifier in entries:
            if identifier in seen:
                yield Fault(place, "duplicate_id", {"found": identifier})
            seen.add(identifier)

    def weights(self, siblings: tuple[s.Node | s.Item, ...], place: Place) -> Iterator[Fault]:
        total = math.fsum(node.weight for node in siblings)
        if abs(total - 1) > WEIGHT_TOLERANCE:
            ids = ", ".join(node.id for node in siblings)
            yield Fault(place, "weights", {"found": f"{total:.10g}", "ids": ids})

    def item(self, item: s.Item, place: Place) -> Iterator[Fault]:
        if item.cadence not in self.model.cadences:
            yield Fault((*place, "cadence"), "unknown_cadence", {"found": item.cadence})
        for index, level in enumerate(item.applies_to):
            if level not in self.levels:
                yield Fault((*place, "applies_to", index), "unknown_level", {"found": level})
        yield from scale_faults(item, place, self.model.score.maximum)
        yield from self.measure(item.measure, (*place, "measure"))

    def measure(self, measure: s.Measure, place: Place) -> Iterator[Fault]:
        if isinstance(measure, s.Composite):
            for index, part in enumerate(measure.parts):
                yield from self.measure(part.measure, (*place, "parts", index, "measure"))
            return
        columns, found = self.rows(measure, place)
        yield from found
        if columns is None:
            return
        for key in ("numerator", "denominator", "n", "population", "value", "weight"):
            text = getattr(measure, key, None)
            if text is not None:
                yield from self.expression(text, columns, (*place, key), "number")
        if measure.person is not None and measure.person not in columns:
            yield Fault(
                (*place, "person"), "unknown_column", {"found": measure.person, "table": measure.table}
            )
        if isinstance(measure, s.Gain):
            yield from self.gain(measure, columns, place)
        if isinstance(measure, s.Likert):
            if measure.table != "answers":
                yield Fault((*place, "table"), "likert_table", {"found": measure.table})
            yield from _choice(measure.subscale, "subscale", DERIVED["answers"], (*place, "subscale"))

    def gain(self, measure: s.Gain, columns: dict[str, s.Column], place: Place) -> Iterator[Fault]:
        for key in ("phase", "score"):
            name = getattr(measure, key)
            if name not in columns:
                yield Fault((*place, key), "unknown_column", {"found": name, "table": measure.table})
        if measure.score in columns and kind_of(columns[measure.score]) != "number":
            yield Fault((*place, "score"), "not_numeric", {"found": measure.score})
        for key in ("before", "after"):
            yield from _choice(getattr(measure, key), measure.phase, columns, (*place, key))

    def rows(self, rows: s.Rows, place: Place) -> tuple[dict[str, s.Column] | None, list[Fault]]:
        columns = self.columns(rows.table)
        if columns is None:
            return None, [Fault((*place, "table"), "unknown_table", {"found": rows.table})]
        found = self.by_unit(rows.table, columns, place)
        for index, join in enumerate(rows.join):
            taken, faults_here = self.join(join, columns, (*place, "join", index))
            found += faults_here
            columns = {**columns, **taken}
        if rows.where is not None:
            found += self.expression(rows.where, columns, (*place, "where"))
        return columns, found

    @staticmethod
    def by_unit(table: str, columns: dict[str, s.Column], place: Place) -> list[Fault]:
        fits = "unit" in columns and columns["unit"].type == "unit"
        return [] if fits else [Fault((*place, "table"), "no_unit", {"found": table})]

    def join(
        self, join: s.Join, left: dict[str, s.Column], place: Place
    ) -> tuple[dict[str, s.Column], list[Fault]]:
        right = self.columns(join.table)
        if right is None:
            return {}, [Fault((*place, "table"), "unknown_table", {"found": join.table})]
        found = self.join_keys(join, left, right, place)
        if join.where is not None:
            found += self.expression(join.where, right, (*place, "where"))
        taken: dict[str, s.Column] = {}
        for name, text in join.take.items():
            kind = _taken(text, right)
            if kind is None:
                found.append(Fault((*place, "take", name), "take", {"found": text}))
            elif name in left or name in self.settings:
                found.append(Fault((*place, "take", name), "taken_twice", {"found": name}))
            else:
                taken[name] = kind
        return taken, found

    def join_keys(
        self, join: s.Join, left: dict[str, s.Column], right: dict[str, s.Column], place: Place
    ) -> list[Fault]:
        found = [] if join.keys else [Fault((*place, "on"), "join_keys", {"found": ""})]
        for ours, theirs in join.keys.items():
            sides = ((ours, left, "left side"), (theirs, right, join.table))
            missing = [(name, table) for name, side, table in sides if name not in side]
            found += [
                Fault((*place, "on"), "unknown_column", {"found": name, "table": table})
                for name, table in missing
            ]
            if not missing and kind_of(left[ours]) != kind_of(right[theirs]):
                found.append(Fault((*place, "on"), "join_keys", {"found": f"{ours} = {theirs}"}))
        return found

    def columns(self, table: str) -> dict[str, s.Column] | None:
        if table in self.model.tables:
            return dict(self.model.tables[table].columns)
        if table in DERIVED and SOURCE_OF[table] in self.model.tables:
            return dict(DERIVED[table])
        return None

    def expression(
        self, text: str, columns: dict[str, s.Column], place: Place, wanted: Kind = "yes_no"
    ) -> list[Fault]:
        try:
            expression = Expression(text)
        except ExpressionFault as fault:
            return [Fault(place, f"expression_{fault.code}", {"found": fault.found})]
        unknown = sorted(expression.names - set(columns) - self.settings)
        found = [Fault(place, "unknown_name", {"found": name, "expression": text}) for name in unknown]
        found += [
            Fault(place, "unknown_lookup", {"found": name})
            for name in sorted(expression.lookups - set(self.model.lookups))
        ]
        found += [
            Fault(
                place,
                "unknown_choice",
                {"found": literal, "column": name, "known": ", ".join(columns[name].choices)},
            )
            for name, literal in expression.literals
            if name in columns and columns[name].choices and literal not in columns[name].choices
        ]
        try:
            check_kinds(expression, columns, self.model.parameters, wanted=wanted)
        except ExpressionFault as fault:
            found.append(Fault(place, f"expression_{fault.code}", {"found": fault.found}))
        return found

    def red_lines(self) -> Iterator[Fault]:
        events = self.columns("red_line_events")
        if self.model.red_lines and events is None:
            yield Fault(("red_lines",), "unknown_table", {"found": "red_line_events"})
        for index, line in enumerate(self.model.red_lines):
            place: Place = ("red_lines", index)
            if not line.effects:
                yield Fault(place, "red_line_effect", {"found": line.id})
            if line.cap is not None and line.cap not in self.grades:
                yield Fault((*place, "cap"), "unknown_grade", {"found": line.cap})
            if line.lenient is not None and events is not None:
                yield from self.expression(line.lenient.when, events, (*place, "lenient", "when"))
            if line.candidate is not None:
                yield from self.rows(line.candidate, (*place, "candidate"))[1]

    def grading(self) -> Iterator[Fault]:
        minima = [grade.min for grade in self.model.grades]
        if any(b >= a for a, b in pairwise(minima)) or minima[-1] > 0:
            yield Fault(("grades",), "grade_order", {"found": str(minima)})
        if self.model.grades[-1].conditions:
            yield Fault(("grades", len(minima) - 1), "last_grade", {"found": self.grades[-1]})
        depth = max(len(place) // 2 for place, _ in walk(self.model.nodes, ("nodes",)))
        for index, grade in enumerate(self.model.grades):
            for number, condition in enumerate(grade.conditions):
                if isinstance(condition, s.NodeMin) and condition.depth > depth:
                    yield Fault(
                        ("grades", index, "conditions", number),
                        "depth",
                        {"found": condition.depth, "depth": depth},
                    )

    def risk(self) -> Iterator[Fault]:
        risk = self.model.risk
        if risk is None:
            return
        yield from risk_faults(risk, {node.id: _counts(node) for _, node in walk(self.model.nodes, ())})
        for number, kind in enumerate(risk.data):
            for at, level in enumerate(kind.levels):
                rows = s.Rows(table=level.table, where=level.where)
                yield from self.rows(rows, ("risk", "data", number, "levels", at))[1]

    def rest(self) -> Iterator[Fault]:
        if not any(level.assessed for level in self.model.levels):
            yield Fault(("levels",), "no_assessed_level")
        staff = self.model.staff
        if staff is not None:
            columns = self.columns(staff.table)
            if columns is None:
                yield Fault(("staff", "table"), "unknown_table", {"found": staff.table})
            else:
                yield from self.by_unit(staff.table, columns, ("staff",))
                yield from self.expression(staff.where, columns, ("staff", "where"))
        if "responses" in self.model.tables and self.model.questionnaire is None:
            yield Fault((), "questionnaire_rules")


def _counts(node: s.Node | s.Item) -> bool:
    """Whether anything at or below a node has weight."""
    return node.weight > 0 and (isinstance(node, s.Item) or any(_counts(child) for child in node.children))


def _exponent(node: s.ModelSpec | s.Node, place: Place) -> Iterator[Fault]:
    """A power mean has an exponent from −20 to 20 other than 0, and nothing else has one."""
    power = node.aggregate == "power"
    fits = 0 < abs(node.exponent or 0.0) <= LARGEST_EXPONENT if power else node.exponent is None
    if not fits:
        yield Fault((*place, "exponent"), "exponent", {"found": str(node.exponent)})


def _choice(found: str, name: str, columns: dict[str, s.Column], place: Place) -> Iterator[Fault]:
    """A value that a choice column must know."""
    known = columns[name].choices if name in columns else {}
    if known and found not in known:
        yield Fault(place, "unknown_choice", {"found": found, "column": name, "known": ", ".join(known)})


def _taken(text: str, right: dict[str, s.Column]) -> s.Column | None:
    """What `sum hours` and the like gives; none if it cannot be."""
    function, _, name = text.partition(" ")
    if function == "count":
        return None if name else column("number")
    if function not in TAKE_FUNCTIONS or name not in right:
        return None
    kind = kind_of(right[name])
    fits = {
        "sum": kind in ("number", "yes_no"),
        "any": kind == "yes_no",
        "min": kind != "yes_no",
        "max": kind != "yes_no",
    }
    if not fits.get(function, True):
        return None
    return column("number") if function == "sum" else right[name]


def walk(nodes: tuple[s.Node | s.Item, ...], place: Place) -> Iterator[tuple[Place, s.Node | s.Item]]:
    """Every node of the tree with its place, parents first."""
    for index, node in enumerate(nodes):
        here: Place = (*place, index)
        yield here, node
        if isinstance(node, s.Node):
            yield from walk(node.children, (*here, "children"))
