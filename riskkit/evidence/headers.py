"""Finding the header of a sheet."""

from __future__ import annotations

from dataclasses import dataclass

from riskkit.evidence import questionnaire
from riskkit.evidence.cells import squeezed
from riskkit.evidence.files import Cell, Grid
from riskkit.model.schema import Table

HEADER_SEARCH = 10
"""Rows among which a header is looked for."""


@dataclass(frozen=True)
class Header:
    """A header row (from 0): its columns by position, the required ones it lacks, and labels that were not used."""

    row: int
    columns: dict[int, str]
    missing: list[str]
    twice: dict[int, str]
    unknown: dict[int, str]


def find_header(grid: Grid, spec: Table) -> Header:
    """The row, among the first ones, that names most columns."""
    names = {
        squeezed(label): name
        for name, column in spec.columns.items()
        for label in (name, column.zh, column.en)
    }
    best = Header(0, {}, [name for name, column in spec.columns.items() if column.required], {}, {})
    for index in range(min(HEADER_SEARCH, len(grid.rows))):
        for depth in range(spec.header_rows):
            header = _read_header(grid, index, depth, names, spec)
            if len(header.columns) > len(best.columns):
                best = header
    return best


def _read_header(grid: Grid, index: int, depth: int, names: dict[str, str], spec: Table) -> Header:
    lower = grid.rows[index + depth] if index + depth < len(grid.rows) else []
    upper = grid.rows[index] if depth else []
    columns: dict[int, str] = {}
    twice: dict[int, str] = {}
    unknown: dict[int, str] = {}
    for position in range(max(len(lower), len(upper))):
        label = _cell(lower, position) or _cell(upper, position)
        if label is None or not label.strip():
            continue
        question = questionnaire.question_number(label) if spec.reader == "questionnaire" else None
        name = f"q:{question}" if question else names.get(squeezed(label))
        if name is None:
            unknown[position] = label
        elif name in columns.values():
            twice[position] = label
        else:
            columns[position] = name
    required = [name for name, column in spec.columns.items() if column.required]
    missing = [name for name in required if name not in columns.values()]
    return Header(index + depth, columns, missing, twice, unknown)


def _cell(row: list[Cell], position: int) -> Cell:
    return row[position] if position < len(row) else None
