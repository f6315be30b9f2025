"""What the tables of the model are called and how their columns are headed, read from the model's own table file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TABLES = Path(__file__).resolve().parents[2] / "templates" / "models" / "confidentiality.tables.yaml"


@dataclass(frozen=True)
class Column:
    """One column: the name used here, the heading in the file, how it is read, and the wording of its choices."""

    id: str
    heading: str
    type: str
    choices: dict[str, str]


@dataclass(frozen=True)
class Layout:
    """One table: what its file is called and its columns in order."""

    id: str
    file: str
    covers: str
    columns: tuple[Column, ...]

    def index(self, column: str) -> int:
        return [each.id for each in self.columns].index(column)


def _column(name: str, raw: dict[str, Any]) -> Column:
    choices = {code: wording["zh"] for code, wording in raw.get("choices", {}).items()}
    return Column(name, raw["zh"], raw["type"], choices)


def layouts(path: Path = TABLES) -> dict[str, Layout]:
    """Every evidence table of the model, by its name."""
    # The base loader leaves every scalar a text, so that the column called `no` is not read as False.
    tables = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    return {
        name: Layout(
            name,
            raw["files"][0],
            raw["covers"],
            tuple(_column(column, definition) for column, definition in raw["columns"].items()),
        )
        for name, raw in tables.items()
    }
