"""The register of units and the calendar: small tables that everything else is looked up in."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import pandas as pd
from openpyxl.utils import get_column_letter

from riskkit import texts
from riskkit.errors import Problem
from riskkit.evidence import cells
from riskkit.evidence.files import Grid, read_grids
from riskkit.model.schema import Column, Level

UNITS = "units"
HOLIDAYS = "holidays"
UNIT_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_\-]{0,31}")
"""Unit codes name files and folders."""

COLUMNS: dict[str, dict[str, Column]] = {
    UNITS: {
        "unit": Column(type="code", zh="机构编号", en="Unit", required=True),
        "name": Column(type="text", zh="机构名称", en="Name", required=True),
        "parent": Column(type="code", zh="上级机构", en="Parent"),
        "level": Column(type="code", zh="层级", en="Level", required=True),
        "region": Column(type="text", zh="地区", en="Region"),
        "staff": Column(type="integer", zh="在册人数", en="Staff", min=0),
        "sensitive_posts": Column(type="integer", zh="涉密岗位数", en="Sensitive posts", min=0),
        "peer_group": Column(type="text", zh="同类组", en="Peer group"),
        "opened_on": Column(type="date", zh="开业日期", en="Opened on"),
    },
    HOLIDAYS: {
        "date": Column(type="date", zh="日期", en="Date", required=True),
        "working": Column(type="yes_no", zh="是否上班", en="Working", required=True),
    },
}


def file_of(folder: Path, name: str) -> Path | None:
    """The file of one of the tables, as CSV or workbook; none if there is none."""
    found = [folder / f"{name}{suffix}" for suffix in (".csv", ".xlsx")]
    return next((path for path in found if path.is_file()), None)


class SmallTable:
    """One table of the register folder: `frame`, with the row of the file as its index, and what is wrong with it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.columns = COLUMNS[name]
        self.frame = pd.DataFrame()
        self.problems: list[Problem] = []
        self.label = f"{folder.name}/{name}.csv"
        self._letters: dict[str, str] = {}
        path = file_of(folder, name)
        if path is None:
            columns = ", ".join(key for key, column in self.columns.items() if column.required)
            self.problems.append(Problem("workspace.missing", self.label, values={"columns": columns}))
            return
        self.label = f"{folder.name}/{path.name}"
        grids, problems = read_grids(path, self.label)
        self.problems += [problem for problem in problems if problem.severity == "error"]
        if not self.problems:
            self._read(grids[0] if grids else Grid(self.label, "", []))

    def problem(self, code: str, row: object, column: str, /, **values: object) -> None:
        """Note a fault in a cell."""
        self.problems.append(Problem(code, self.label, "", f"{self._letters.get(column, '')}{row}", values))

    def _read(self, grid: Grid) -> None:
        header = [cells.squeezed(cell or "") for cell in grid.rows[0]] if grid.rows else []
        rows = [
            (number, row)
            for number, row in enumerate(grid.rows[1:], start=2)
            if any(cell and cell.strip() for cell in row)
        ]
        found: dict[str, pd.Series] = {}
        missing = []
        for key, column in self.columns.items():
            labels = (key, cells.squeezed(column.zh), cells.squeezed(column.en))
            places = [place for place, text in enumerate(header) if text in labels]
            if not places and column.required:
                missing.append(column)
            for place in places[1:]:
                self.problems.append(grid.problem("evidence.header_twice", 1, place, found=header[place]))
            if places:
                self._letters[key] = get_column_letter(places[0] + 1)
            target = column if places else column.model_copy(update={"required": False})
            texts_ = [row[places[0]] if places and places[0] < len(row) else None for _, row in rows]
            converted = cells.convert(texts_, target, cells.Vocabulary({}))
            found[key] = converted.values
            for position, fault in converted.faults:
                values = {"column": texts.listed([column]), **fault.values}
                self.problem(f"evidence.{fault.code}", rows[position][0], key, **values)
        if missing:
            values = {"missing": texts.listed(missing), "table": self.label}
            self.problems.append(grid.problem("workspace.header", 1, 0, **values))
        self.frame = pd.DataFrame(found).set_axis([number for number, _ in rows])


def read_units(folder: Path, levels: Collection[Level]) -> tuple[pd.DataFrame, list[Problem]]:
    """The register indexed by unit code, and every problem: in its cells, its codes, its levels and its tree.

    A level is given by its id or its name in either language.
    """
    table = SmallTable(folder, UNITS)
    if table.problems:
        return table.frame, table.problems
    if table.frame.empty:
        table.problem("workspace.no_units", 2, "unit")
    seen: dict[str, object] = {}
    for row, code in table.frame["unit"].items():
        if not UNIT_CODE.fullmatch(code):
            table.problem("workspace.code", row, "unit", found=code)
        if code.casefold() in seen:  # in one folder on Windows and macOS they would be one
            table.problem("workspace.twice", row, "unit", found=code, first=seen[code.casefold()])
        seen.setdefault(code.casefold(), row)
    known = {
        cells.squeezed(name): each.id for each in levels for name in (each.id, each.name.zh, each.name.en)
    }
    for row, level in table.frame["level"].items():
        if cells.squeezed(level) not in known:
            names = texts.listed([f"{each.id} {each.name.zh}" for each in levels])
            unit = table.frame.at[row, "unit"]
            table.problem("workspace.level", row, "level", unit=unit, found=level, known=names)
    table.frame["level"] = table.frame["level"].map(lambda level: known.get(cells.squeezed(level), level))
    _check_tree(table)
    return table.frame.set_index("unit"), table.problems


def _check_tree(table: SmallTable) -> None:
    parents = dict(zip(table.frame["unit"], table.frame["parent"], strict=True))
    for row, unit in table.frame["unit"].items():
        seen, parent = {unit}, parents[unit]
        while isinstance(parent, str) and parent in parents and parent not in seen:
            seen.add(parent)
            parent = parents[parent]
        own = parents[unit]
        if isinstance(own, str) and own not in parents:
            table.problem("workspace.parent", row, "parent", unit=unit, found=own)
        elif parent == unit:
            table.problem("workspace.circle", row, "parent", unit=unit, found=own)


def read_calendar(folder: Path) -> tuple[pd.DataFrame | None, list[Problem]]:
    """Days off and days worked against the week's rule, and every problem; none if the workspace has no calendar."""
    if file_of(folder, HOLIDAYS) is None:
        return None, []
    table = SmallTable(folder, HOLIDAYS)
    if not table.problems:
        days = table.frame["date"]
        for row, day in days[days.duplicated()].items():
            first = days.index[days == day][0]
            table.problem("workspace.twice", row, "date", found=f"{day:%Y-%m-%d}", first=first)
    return table.frame.reset_index(drop=True), table.problems
