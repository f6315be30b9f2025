"""The rows a model gives to the sheets of its workbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.model import schema as s
from riskkit.report.model_layout import MEASURE_SHEET, SETTINGS, TREE_HEAD, TREE_TAIL, keys_of, layouts

Row = dict[str, Any]


def longest_scale(spec: s.ModelSpec) -> int:
    """The most pairs any scale has."""
    return max((len(row["_points"]) for row in model_rows(spec)["tree"]), default=0)


def model_rows(spec: s.ModelSpec) -> dict[str, list[Row]]:
    """The rows of every sheet but the first settings; what stands at its default is left blank."""
    content = spec.model_dump(mode="python", exclude_defaults=True)
    found: dict[str, list[Row]] = {layout.name: [] for layout in layouts()}
    found["model"] = [flat(content, SETTINGS.keys)]
    _tree(content["nodes"], None, found)
    for line in content.get("red_lines", ()):
        found["red_lines"].append(flat(line, keys_of("red_lines")))
        _joins(line.get("candidate", {}), {"owner": line["id"]}, found)
        found["sources"] += [
            {"owner": line["id"], "about": line["name"], **source} for source in line.get("sources", ())
        ]
    for grade in content["grades"]:
        found["grades"].append(flat(grade, keys_of("grades")))
        found["conditions"] += [
            {"grade": grade["id"], **condition} for condition in grade.get("conditions", ())
        ]
    found["parameters"] = [
        {"name": name, "value": value} for name, value in content.get("parameters", {}).items()
    ]
    found["cadences"] = [{"name": name, "periods": periods} for name, periods in content["cadences"].items()]
    for name, entries in content.get("lookups", {}).items():
        found["lookups"] += [{"lookup": name, "key": key, "value": value} for key, value in entries.items()]
    found["levels"] = [flat(level, keys_of("levels")) for level in content["levels"]]
    for name, values in content.get("reference", {}).get("items", {}).items():
        found["reference"] += [{"item": name, "value": value} for value in values]
    _risk(content.get("risk", {}), found)
    for name, table in content["tables"].items():
        _table(name, table, found)
    return found


def flat(content: Mapping[str, Any], keys: tuple[str, ...]) -> Row:
    """The values under dotted keys, as far as they are there."""
    row: Row = {}
    for key in keys:
        value: Any = content
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None and not isinstance(value, Mapping):
            row[key] = value
    return row


def _tree(nodes: tuple[dict[str, Any], ...], parent: str | None, found: dict[str, list[Row]]) -> None:
    keys = tuple(field.key for field in (*TREE_HEAD, *TREE_TAIL) if field.kind != "info")
    for node in nodes:
        points = node.get("scale", {}).get("points", ())
        row = flat(node, keys) | {"parent": parent, "_points": points}
        for number, (value, score) in enumerate(points, start=1):
            row |= {f"value{number}": value, f"score{number}": score}
        found["tree"].append(row)
        found["sources"] += [
            {"owner": node["id"], "about": node["name"], **source} for source in node.get("sources", ())
        ]
        if "measure" in node:
            found["measures"] += _measures(
                node["measure"], {"item": node["id"], "about": node["name"]}, "", found
            )
        _tree(node.get("children", ()), node["id"], found)


def _measures(
    measure: dict[str, Any], front: Row, part: str, found: dict[str, list[Row]], own: Row | None = None
) -> Iterator[Row]:
    yield front | {"part": part or None} | flat(measure, MEASURE_SHEET.keys) | (own or {})
    _joins(measure, {"owner": front["item"], "part": part or None}, found)
    for number, entry in enumerate(measure.get("parts", ()), start=1):
        label = f"{part}.{number}" if part else f"{number}"
        mine = {f"part.{key}": value for key, value in entry.items() if key != "measure"}
        yield from _measures(entry["measure"], front, label, found, mine)


def _joins(rows: Mapping[str, Any], front: Row, found: dict[str, list[Row]]) -> None:
    found["joins"] += [front | dict(join) for join in rows.get("join", ())]


def _risk(risk: Mapping[str, Any], found: dict[str, list[Row]]) -> None:
    for part in ("likelihood", "impact", "ratings", "data"):
        found[f"risk_{part}"] = [flat(entry, keys_of(f"risk_{part}")) for entry in risk.get(part, ())]
    for kind in risk.get("data", ()):
        found["risk_levels"] += [
            {"data": kind["id"], **flat(level, keys_of("risk_levels")[1:])} for level in kind["levels"]
        ]


def _table(name: str, table: dict[str, Any], found: dict[str, list[Row]]) -> None:
    found["tables"].append({"id": name, **flat(table, keys_of("tables"))})
    for key, column in table["columns"].items():
        found["columns"].append({"table": name, "column": key, **flat(column, keys_of("columns"))})
        found["choices"] += [
            {"table": name, "column": key, "code": code, **label}
            for code, label in column.get("choices", {}).items()
        ]
