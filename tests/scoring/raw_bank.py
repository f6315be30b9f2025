"""A workspace on disk whose model is a tree of min-max scaled columns of one raw table with gaps."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import yaml

from tests.evidence.small import name, table

Row = dict[str, float | None]
Tree = str | list[tuple[float, "Tree"]]
"""A column, or weighted parts."""


def nodes(tree: Tree, weight: float, identifier: str, falling: set[str]) -> dict[str, Any]:
    head = {"name": name(identifier), "weight": weight}
    if isinstance(tree, str):
        how = {"measure": {"kind": "mean", "table": "raw", "value": tree}, "scale": {"type": "min_max"}}
        way = "lower_better" if tree in falling else "higher_better"
        return {"id": tree, **head, "cadence": "quarterly", "direction": way, "unit": "number", **how}
    parts = [nodes(part, w, f"{identifier}.{n}", falling) for n, (w, part) in enumerate(tree)]
    return {"id": identifier, **head, "children": parts}


def workspace(folder: Path, tree: Tree, rows: list[Row], falling: set[str], **more: Any) -> Path:
    """A register, a model and one quarter's evidence on disk."""
    columns = list(rows[0])
    raw = table(" ".join(["unit:unit", *(f"{column}:number" for column in columns)]), files=["raw"])
    raw["no_rows"] = more.pop("no_rows")
    content = {
        "format": 1,
        "id": "raw",
        "version": "1",
        "name": name("raw"),
        "frequency": "quarter",
        "cadences": {"quarterly": 1},
        "levels": [{"id": "branch", "name": name("branch"), "assessed": True}],
        "nodes": [nodes(tree, 1.0, "all", falling)],
        "grades": [{"id": "all", "name": name("all"), "min": 0}],
        "tables": {"raw": raw},
        "reference": "raw.reference.yaml",
        **more,
    }
    settings = {"format": 1, "name": name("raw"), "marking": name("raw"), "model": "raw"}
    written(folder / "riskkit.yaml", yaml.safe_dump(settings))
    written(folder / "model" / "raw.yaml", yaml.safe_dump(content, allow_unicode=True))
    units = [f"u{number}" for number in range(len(rows))]
    register = [[unit, unit, "branch", 10] for unit in units]
    write_csv(folder / "register" / "units.csv", [["unit", "name", "level", "staff"], *register])
    cells = [[unit, *row.values()] for unit, row in zip(units, rows, strict=True)]
    write_csv(folder / "evidence" / "2025Q4" / "raw.csv", [["unit", *columns], *cells])
    return folder


def written(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_csv(path: Path, rows: list[list[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
