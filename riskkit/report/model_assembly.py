"""Putting the lines of a model's sheets together into one tree of plain values, remembering every cell."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from riskkit.model.faults import Place
from riskkit.report.model_layout import MEASURE_SHEET, SETTINGS, TREE_HEAD, TREE_TAIL, is_point, keys_of
from riskkit.report.model_reading import Line, Pages

Where = tuple[str, str]
"""Sheet and cell."""

_ITEM_KEYS = ("cadence", "direction", "unit", "scale.type", "methods", "core", "min_n", "applies_to")
_TREE_KEYS = tuple(
    field.key for field in (*TREE_HEAD, *TREE_TAIL) if field.kind != "info" and field.key != "parent"
)
_MEASURE_KEYS = tuple(
    key for key in MEASURE_SHEET.keys if key not in ("item", "part") and not key.startswith("part.")
)
_PART_KEYS = tuple(key for key in MEASURE_SHEET.keys if key.startswith("part."))
_STAND_IN = {"kind": "ratio", "table": "", "numerator": "1"}


def assemble(pages: Pages) -> tuple[dict[str, Any], dict[Place, Where]]:
    """The model as plain values, and the cell of every place in it; what does not fit together is noted in `pages`."""
    assembly = _Assembly(pages)
    return assembly.run(), assembly.cells


class _Assembly:
    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.cells: dict[Place, Where] = {}
        self.used: set[int] = set()
        self.sources = self.grouped("sources", "owner")
        self.joins = self.grouped("joins", "owner", "part")
        self.parts = self.single("measures", "item", "part")
        self.children = self.grouped("tree", "parent")

    def run(self) -> dict[str, Any]:
        (settings,) = self.lines("model")
        content: dict[str, Any] = {"format": 1}
        self.cells[()] = (settings.sheet, settings.cells["id"])
        content |= self.entry((), settings, SETTINGS.keys)
        for name in ("parameters", "lookups", "cadences", "levels", "red_lines", "grades", "tables"):
            heading = next(iter(self.pages.headings[name].values()), "A1")
            self.cells[(name,)] = (self.pages.titles[name], heading)
        content |= {
            "parameters": self.named("parameters", "name", "value"),
            "lookups": self.lookups(),
            "cadences": self.named("cadences", "name", "periods"),
            "levels": self.listed("levels"),
            "nodes": self.tree(),
            "red_lines": self.red_lines(),
            "grades": self.grades(),
            "risk": self.risk(),
            "tables": self.tables(),
        }
        self.reference(content)
        self.tell_strays()
        return {key: value for key, value in content.items() if value not in ({}, [])}

    # ------------------------------------------------------------ lines and places

    def lines(self, sheet: str) -> list[Line]:
        return self.pages.lines[sheet]

    def grouped(self, sheet: str, *keys: str) -> dict[tuple[Any, ...], list[Line]]:
        groups: dict[tuple[Any, ...], list[Line]] = {}
        for line in self.lines(sheet):
            groups.setdefault(tuple(line.values.get(key) for key in keys), []).append(line)
        return groups

    def single(self, sheet: str, *keys: str) -> dict[tuple[Any, ...], Line]:
        """Lines by keys that may stand once."""
        found: dict[tuple[Any, ...], Line] = {}
        for key, lines in self.grouped(sheet, *keys).items():
            found[key] = lines[0]
            for again in lines[1:]:
                self.used.add(id(again))
                shown = " ".join(str(part) for part in key if part is not None)
                self.pages.tell("form.twice", again, keys[-1], found=shown, first=lines[0].cells[keys[-1]])
        return found

    def entry(self, place: Place, line: Line, keys: Iterable[str], *, drop: int = 0) -> dict[str, Any]:
        """A line's values as nested keys under a place, without the first `drop` parts of each key."""
        self.used.add(id(line))
        for above in (place, place[:-1]):
            self.cells.setdefault(above, (line.sheet, line.first))
        found: dict[str, Any] = {}
        for key in keys:
            path = tuple(key.split("."))[drop:]
            for length in range(1, len(path) + 1):
                self.cells.setdefault((*place, *path[:length]), (line.sheet, line.cells[key]))
            if key in line.values:
                branch = found
                for part in path[:-1]:
                    branch = branch.setdefault(part, {})
                branch[path[-1]] = line.values[key]
        return found

    def first(self, place: Place, lines: list[Line], key: str) -> None:
        """Faults of a whole list are shown at its first line."""
        if lines:
            self.cells[place] = (lines[0].sheet, lines[0].cells[key])

    # ------------------------------------------------------------ simple sheets

    def named(self, sheet: str, key: str, value: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for (name,), line in self.single(sheet, key).items():
            if self.filled(line, key):
                self.cells[(sheet, name)] = (line.sheet, line.cells[value if value in line.given else key])
                found[name] = line.values.get(value)
        return found

    def filled(self, line: Line, *keys: str) -> bool:
        self.used.add(id(line))
        blank = [key for key in keys if key not in line.given]
        for key in blank:
            self.pages.tell("evidence.required", line, key, column=key)
        return not blank and all(key in line.values for key in keys)

    def lookups(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for (name, key), line in self.single("lookups", "lookup", "key").items():
            if self.filled(line, "lookup", "key"):
                self.cells.setdefault(("lookups", name), (line.sheet, line.cells["lookup"]))
                self.cells[("lookups", name, key)] = (line.sheet, line.cells["value"])
                found.setdefault(name, {})[key] = line.values.get("value")
        return found

    def listed(self, sheet: str, place: Place = ()) -> list[dict[str, Any]]:
        keys, lines, at = keys_of(sheet), self.lines(sheet), place or (sheet,)
        self.first(at, lines, keys[-1])
        return [self.entry((*at, index), line, keys) for index, line in enumerate(lines)]

    # ------------------------------------------------------------ the tree

    def tree(self) -> list[dict[str, Any]]:
        ids = {line.values.get("id") for line in self.lines("tree")}
        roots = [line for line in self.lines("tree") if "parent" not in line.given]
        nodes = self.siblings(roots, ("nodes",))
        for line in self.lines("tree"):
            if id(line) not in self.used:
                parent = line.values.get("parent")
                code = "form.unknown_owner" if parent not in ids else "form.loop"
                self.pages.tell(code, line, "parent", found=str(parent), near=_near(parent, ids))
        return nodes

    def siblings(self, lines: list[Line], place: Place) -> list[dict[str, Any]]:
        self.first(place, lines, "weight")
        return [self.node(line, (*place, index)) for index, line in enumerate(lines)]

    def node(self, line: Line, place: Place) -> dict[str, Any]:
        name = line.values.get("id")
        node = self.entry(place, line, _TREE_KEYS)
        self.points(node, line, place)
        below = (
            [child for child in self.children.pop((name,), []) if id(child) not in self.used] if name else []
        )
        measured = (name, None) in self.parts
        if measured or any(key in line.given for key in _ITEM_KEYS):
            if below:
                self.pages.tell("form.both", below[0], "parent", found=str(name))
            if not measured:
                self.pages.tell(
                    "form.no_measure", line, "id", found=str(name), sheet=self.pages.titles["measures"]
                )
            node["measure"] = self.measure(name, None, (*place, "measure")) if measured else dict(_STAND_IN)
            node |= self.sources_of(name, place)
        else:
            node["children"] = self.siblings(below, (*place, "children"))
            self.cells.setdefault((*place, "children"), (line.sheet, line.cells["id"]))
        return node

    def points(self, node: dict[str, Any], line: Line, place: Place) -> None:
        numbers = sorted({int(key[5:]) for key in line.cells if is_point(key)})
        self.cells[(*place, "scale", "points")] = (line.sheet, line.cells.get("value1", line.first))
        pairs: list[list[Any]] = []
        for number in numbers:
            keys = [f"value{number}", f"score{number}"]
            if not any(key in line.given for key in keys):
                continue
            for half, key in enumerate(keys):
                where = (line.sheet, line.cells.get(key, line.first))
                self.cells.setdefault((*place, "scale", "points", len(pairs)), where)
                self.cells[(*place, "scale", "points", len(pairs), half)] = where
                if key not in line.given:
                    self.pages.tell("evidence.required", line, key, column=key)
            pairs.append([line.values.get(key) for key in keys])
        if pairs:
            node.setdefault("scale", {})["points"] = pairs

    def sources_of(self, owner: Any, place: Place) -> dict[str, Any]:
        lines = self.sources.get((owner,), [])
        found = [
            self.entry((*place, "sources", index), line, ("ref", "status"))
            for index, line in enumerate(lines)
        ]
        return {"sources": found} if found else {}

    # ------------------------------------------------------------ measures

    def measure(self, item: Any, part: str | None, place: Place) -> dict[str, Any]:
        line = self.parts[item, part]
        measure = self.entry(place, line, _MEASURE_KEYS) | self.joins_of(item, part, place)
        if measure.get("kind") == "composite":
            measure["parts"] = self.parts_of(item, part, (*place, "parts"))
            self.cells[(*place, "parts")] = (line.sheet, line.cells["kind"])
        return measure

    def parts_of(self, item: Any, above: str | None, place: Place) -> list[dict[str, Any]]:
        front = f"{above}." if above else ""
        labels = [
            label
            for owner, label in self.parts
            if owner == item and label and label.startswith(front) and "." not in label[len(front) :]
        ]
        found = []
        for index, label in enumerate(labels):
            own = self.entry((*place, index), self.parts[item, label], _PART_KEYS, drop=1)
            found.append(own | {"measure": self.measure(item, label, (*place, index, "measure"))})
        return found

    def joins_of(self, owner: Any, part: str | None, place: Place) -> dict[str, Any]:
        keys = ("table", "on", "window", "where", "take")
        lines = self.joins.get((owner, part), [])
        found = [self.entry((*place, "join", index), line, keys) for index, line in enumerate(lines)]
        return {"join": found} if found else {}

    # ------------------------------------------------------------ red lines, grades

    def red_lines(self) -> list[dict[str, Any]]:
        found = self.listed("red_lines")
        for index, (red_line, line) in enumerate(zip(found, self.lines("red_lines"), strict=True)):
            name, place = line.values.get("id"), ("red_lines", index)
            joins = self.joins_of(name, None, (*place, "candidate")) if name else {}
            if joins:
                red_line.setdefault("candidate", {}).update(joins)
            red_line |= self.sources_of(name, place) if name else {}
        return found

    def grades(self) -> list[dict[str, Any]]:
        found = self.listed("grades")
        self.first(("grades",), self.lines("grades"), "min")
        by_id = {grade.get("id"): (index, grade) for index, grade in reversed(list(enumerate(found)))}
        keys = ("kind", "depth", "value", "classes", "share", "effects")
        for line in self.lines("conditions"):
            if line.values.get("grade") not in by_id:
                continue
            index, grade = by_id[line.values["grade"]]
            conditions = grade.setdefault("conditions", [])
            conditions.append(self.entry(("grades", index, "conditions", len(conditions)), line, keys))
        return found

    def risk(self) -> dict[str, Any]:
        """The risk matrix; without a line on any of its sheets there is none."""
        found = {
            part: self.listed(f"risk_{part}", ("risk", part))
            for part in ("likelihood", "impact", "ratings", "data")
        }
        by_id = {kind.get("id"): (index, kind) for index, kind in reversed(list(enumerate(found["data"])))}
        for line in self.lines("risk_levels"):
            if line.values.get("data") in by_id:
                index, kind = by_id[line.values["data"]]
                levels = kind.setdefault("levels", [])
                place: Place = ("risk", "data", index, "levels", len(levels))
                levels.append(self.entry(place, line, keys_of("risk_levels")[1:]))
        return found if any(found.values()) else {}

    # ------------------------------------------------------------ the reference

    def reference(self, content: dict[str, Any]) -> None:
        """The values relative scales compare with; their period is a setting."""
        values: dict[str, list[Any]] = {}
        for line in self.lines("reference"):
            if self.filled(line, "item", "value"):
                place: Place = ("reference", "items", line.values["item"])
                self.cells.setdefault(place, (line.sheet, line.cells["item"]))
                values.setdefault(line.values["item"], []).append(line.values["value"])
        if values or "reference" in content:
            content.setdefault("reference", {})["items"] = values

    # ------------------------------------------------------------ evidence tables

    def tables(self) -> dict[str, Any]:
        keys = keys_of("tables")[1:]
        found: dict[str, Any] = {}
        for (name,), line in self.single("tables", "id").items():
            if self.filled(line, "id"):
                found[name] = self.entry(("tables", name), line, keys)
                self.cells[("tables", name, "columns")] = (line.sheet, line.cells["id"])
        columns = self.single("columns", "table", "column")
        keys = keys_of("columns")[2:]
        for (table, name), line in columns.items():
            if table in found and self.filled(line, "column"):
                place = ("tables", table, "columns", name)
                found[table].setdefault("columns", {})[name] = self.entry(place, line, keys)
        for (table, name, code), line in self.single("choices", "table", "column", "code").items():
            if (table, name) in columns and table in found and self.filled(line, "column", "code"):
                above: Place = ("tables", table, "columns", name, "choices")
                self.cells.setdefault(above, (line.sheet, line.first))
                choices = found[table]["columns"][name].setdefault("choices", {})
                choices[code] = self.entry((*above, code), line, ("zh", "en"))
        return found

    # ------------------------------------------------------------ lines nothing asked for

    def tell_strays(self) -> None:
        """Lines that belong to nothing are told, not dropped."""
        ids = [line.values.get("id") for sheet in ("tree", "red_lines") for line in self.lines(sheet)]
        tables = [line.values.get("id") for line in self.lines("tables")]
        grades = [line.values.get("id") for line in self.lines("grades")]
        owners: Mapping[str, tuple[str, list[Any]]] = {
            "measures": ("item", ids),
            "joins": ("owner", ids),
            "sources": ("owner", ids),
            "conditions": ("grade", grades),
            "columns": ("table", tables),
            "choices": ("table", tables),
            "risk_levels": ("data", [line.values.get("id") for line in self.lines("risk_data")]),
        }
        for sheet, (key, known) in owners.items():
            for line in self.lines(sheet):
                if id(line) in self.used:
                    continue
                found = line.values.get(key)
                code = "form.unknown_owner" if found not in known else "form.stray"
                self.pages.tell(code, line, key, found=str(found or ""), near=_near(found, known))


def _near(found: Any, known: Iterable[Any]) -> str:
    names = sorted({str(name) for name in known if name})
    return ", ".join(difflib.get_close_matches(str(found), names, n=3)) or "-"
