"""The ledger of corrections: what was found wrong in a file, and what is to be read instead."""

from __future__ import annotations

from typing import Any

import pandas as pd
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string
from openpyxl.utils.exceptions import CellCoordinatesException

from riskkit.errors import Problem
from riskkit.evidence.files import ORIGIN, Grid


class Ledger:
    """The corrections of one period, applied to grids before anything is converted."""

    def __init__(self, table: pd.DataFrame | None = None) -> None:
        self.entries: dict[tuple[str, str], list[Any]] = {}
        self.used: set[int] = set()
        self.rows: list[Any] = [] if table is None else list(table.itertuples(index=True))
        self.origins = [] if table is None else table[ORIGIN].to_numpy().tolist()
        for entry in self.rows:
            sheet = entry.sheet if isinstance(entry.sheet, str) else ""
            self.entries.setdefault((entry.file, sheet), []).append(entry)

    def apply(self, grid: Grid, problems: list[Problem]) -> None:
        """Correct a sheet where it holds what an entry says was found."""
        for entry in self.entries.get((grid.file, grid.sheet), []):
            place = _cell_place(entry.cell)
            if place is None or place[0] > len(grid.rows):
                continue
            row, column = place
            cells = grid.rows[row - 1]
            cells.extend([None] * (column + 1 - len(cells)))
            actual, found = cells[column] or "", entry.found if isinstance(entry.found, str) else ""
            self.used.add(entry.Index)
            if actual.strip() != found.strip():
                problems.append(
                    grid.problem("evidence.correction_found", row, column, found=found, actual=actual)
                )
            elif entry.action == "drop_row":
                grid.dropped.add(row)
            elif entry.action == "replace" and not isinstance(entry.value, str):
                problems.append(grid.problem("evidence.correction_value", row, column))
            else:
                cells[column] = entry.value if entry.action == "replace" else None

    def finish(self, problems: list[Problem]) -> None:
        """Entries that point at nothing are problems of the ledger."""
        for entry in self.rows:
            if entry.Index not in self.used:
                target = " ".join(
                    part for part in (entry.file, entry.sheet, entry.cell) if isinstance(part, str)
                )
                file, sheet, row = self.origins[entry.Index]
                problems.append(
                    Problem("evidence.correction_target", file, sheet, str(row), {"found": target or "–"})
                )


def _cell_place(address: object) -> tuple[int, int] | None:
    if not isinstance(address, str):
        return None
    try:
        letters, row = coordinate_from_string(address.upper())
    except CellCoordinatesException:
        return None
    return row, column_index_from_string(letters) - 1
