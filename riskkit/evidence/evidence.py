"""`Evidence`: the tables of one period, and reading them from a folder."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pandas as pd
from openpyxl.utils import get_column_letter

from riskkit import texts
from riskkit.discretion import mask
from riskkit.errors import EvidenceRefused, Problem
from riskkit.evidence import questionnaire
from riskkit.evidence.cells import Vocabulary, convert, squeezed
from riskkit.evidence.files import OLD, ORIGIN, READABLE, Cell, Grid, read_grids
from riskkit.evidence.headers import Header, find_header
from riskkit.evidence.ledger import Ledger
from riskkit.model import IndicatorModel
from riskkit.model.schema import Column, Table
from riskkit.periods import Period

A_TABLE_PERHAPS = 2
"""From so many known columns on, a further sheet without the whole header is a spoilt table and no side note."""

LEDGER = "corrections"
MAP = "question_map"
COMPACT = "item_values"

Letters = dict[tuple[str, str], dict[str, str]]


@runtime_checkable
class ByColumn(Protocol):
    """Tables of which some columns can be had without the others."""

    def some(self, table: str, names: Collection[str]) -> pd.DataFrame:
        """Those columns of a table that it has."""


@dataclass(frozen=True)
class Evidence:
    """What was collected for one period.

    `tables` holds one frame a table, with typed columns and `_file`, `_sheet`, `_row`; `notes` what was read with a
    remark; `corrections` the ledger that was applied; `letters` the column letter of each column by (file, sheet).

        >>> bank.evidence("2026Q2").tables["loans"].head()
    """

    period: Period
    tables: Mapping[str, pd.DataFrame]
    notes: tuple[Problem, ...] = ()
    letters: Letters = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def corrections(self) -> pd.DataFrame:
        """The corrections ledger, one row a cell put right."""
        return self.tables.get(LEDGER, pd.DataFrame())

    def some(self, table: str, names: Collection[str]) -> pd.DataFrame:
        """Those columns of a table that it has, without reading the others; the whole table for no names."""
        if names and isinstance(self.tables, ByColumn):
            return self.tables.some(table, names)
        whole = self.tables[table]
        return whole[[name for name in whole if name in names]] if names else whole

    def cell(self, file: str, sheet: str, row: int, column: str) -> str:
        """The address of a column's cell in its source, such as F17."""
        return f"{self.letters.get((file, sheet), {}).get(column, '')}{row}"


def hash_files(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by its path there."""
    return {label: hashlib.sha256(path.read_bytes()).hexdigest() for label, path in _files(folder)}


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith((".", "~$")) for part in parts):
            yield "/".join(parts), path


def read_evidence(folder: Path, model: IndicatorModel, vocabulary: Vocabulary, period: Period) -> Evidence:
    """Read a period's folder.

    Cells that the corrections ledger settles are settled; anything else that cannot be used refuses the whole
    period. Raises `EvidenceRefused` with every problem found, each with file, sheet and cell.
    """
    reader = _Reader(model, vocabulary)
    reader.read_folder(folder)
    errors = [problem for problem in reader.problems if problem.severity == "error"]
    if errors:
        raise EvidenceRefused("evidence_refused", sorted(errors, key=_in_reading_order), period=str(period))
    notes = tuple(problem for problem in reader.problems if problem.severity == "note")
    return Evidence(period, reader.tables, notes, reader.letters, hash_files(folder))


def _in_reading_order(problem: Problem) -> tuple[str, str, int, int, str]:
    """File by file, sheet by sheet, row by row; what concerns no file comes last."""
    letters = problem.cell.rstrip("0123456789")
    row = problem.cell[len(letters) :]
    return problem.file or "\uffff", problem.sheet, int(row or 0), len(letters), letters


def _unnamed(values: dict[str, Any], column: Column) -> dict[str, Any]:
    """What a message says of a cell, with the numbers of people masked."""
    return {key: mask(value) for key, value in values.items()} if column.person == "number" else values


class _Reader:
    def __init__(self, model: IndicatorModel, vocabulary: Vocabulary) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.problems: list[Problem] = []
        self.tables: dict[str, pd.DataFrame] = {}
        self.letters: Letters = {}
        self.names = {
            squeezed(name): table for table, spec in model.tables.items() for name in (table, *spec.files)
        }

    def read_folder(self, folder: Path) -> None:
        sources: dict[str, list[tuple[str, Path]]] = {}
        for label, path in _files(folder):
            table = self.table_of(label)
            if (
                table is not None
            ):  # of whatever kind: a table that cannot be read must not pass for none at all
                sources.setdefault(table, []).append((label, path))
            elif path.suffix.lower() in READABLE + OLD:
                near = difflib.get_close_matches(
                    label, [s.files[0] for s in self.model.tables.values()], n=2, cutoff=0.3
                )
                near = near or [next(iter(self.model.tables.values())).files[0]]
                self.problems.append(
                    Problem("evidence.unknown_file", label, values={"near": texts.listed(near)})
                )
            else:
                self.problems.append(Problem("evidence.not_read", label, severity="note"))
        if not sources:
            self.problems.append(Problem("evidence.empty_folder", str(folder.name)))
            return
        self.check_required(set(sources))
        ledger = self.read_ledger(sources.pop(LEDGER, []))
        self.read_tables(sources, ledger)
        ledger.finish(self.problems)

    def table_of(self, label: str) -> str | None:
        """The table whose file name begins the first part of a path; the longest such name wins."""
        stem = squeezed(label.split("/")[0].rsplit(".", 1)[0])
        fitting = [name for name in self.names if stem.startswith(name)]
        return self.names[max(fitting, key=len)] if fitting else None

    def check_required(self, found: set[str]) -> None:
        if COMPACT in found:
            return
        self.problems += [
            Problem(
                "evidence.missing_table", values={"table": texts.listed([spec.name]), "file": spec.files[0]}
            )
            for table, spec in self.model.tables.items()
            if spec.required and table not in found
        ]

    def read_ledger(self, sources: list[tuple[str, Path]]) -> Ledger:
        for label, path in sources:
            grids, problems = read_grids(path, label)
            self.problems += problems
            self.add(LEDGER, grids, Ledger())
        return Ledger(self.tables.get(LEDGER))

    def read_tables(self, sources: dict[str, list[tuple[str, Path]]], ledger: Ledger) -> None:
        ordered = sorted(sources, key=lambda table: self.model.tables[table].reader == "questionnaire")
        for table in ordered:
            grids: list[Grid] = []
            for label, path in sources[table]:
                found, problems = read_grids(path, label)
                self.problems += problems
                grids += found
            for grid in grids:
                ledger.apply(grid, self.problems)
            self.add(table, grids, ledger)

    def add(self, table: str, grids: list[Grid], ledger: Ledger) -> None:
        spec = self.model.tables[table]
        frames = [
            frame for file in _by_file(grids) for frame in self.frames_of_file(table, spec, file, ledger)
        ]
        if not frames:
            return
        whole = pd.concat(frames, ignore_index=True)
        self.check_key(spec, whole)
        if spec.reader == "questionnaire":
            derived, problems = questionnaire.derive(
                whole, self.tables.get(MAP), self.model, self.vocabulary, self.letters
            )
            self.problems += problems
            self.tables |= derived
            whole = whole[[column for column in whole.columns if not column.startswith("q:")]]
        self.tables[table] = whole

    def frames_of_file(
        self, table: str, spec: Table, grids: list[Grid], ledger: Ledger
    ) -> list[pd.DataFrame]:
        """The sheets of one file that carry the table's header; a file without one is a problem."""
        headed = [(grid, find_header(grid, spec)) for grid in grids]
        fitting = [(grid, header) for grid, header in headed if not header.missing]
        wanting = [(grid, header) for grid, header in headed if header.missing]
        if not fitting and headed:
            self.missing_columns(spec, *min(headed, key=lambda entry: len(entry[1].missing)))
        for grid, header in wanting if fitting else []:
            if len(header.columns) >= A_TABLE_PERHAPS and len(grid.rows) > header.row + 1:
                self.missing_columns(spec, grid, header)
        for grid, header in fitting:
            self.check_header(grid, header)
        return [self.frame(spec, grid, header.row, header.columns) for grid, header in fitting]

    def missing_columns(self, spec: Table, grid: Grid, header: Header) -> None:
        names = texts.listed(spec.columns[name] for name in header.missing)
        table = texts.listed([spec.name])
        self.problems.append(grid.problem("evidence.header", header.row + 1, 0, missing=names, table=table))

    def check_header(self, grid: Grid, header: Header) -> None:
        for position, label in header.twice.items():
            self.problems.append(grid.problem("evidence.header_twice", header.row + 1, position, found=label))
        for position, label in header.unknown.items():
            note = grid.problem("evidence.unknown_header", header.row + 1, position, found=label)
            self.problems.append(replace(note, severity="note"))

    def frame(self, spec: Table, grid: Grid, header: int, columns: dict[int, str]) -> pd.DataFrame:
        rows = [
            (number, row)
            for number, row in enumerate(grid.rows[header + 1 :], start=header + 2)
            if number not in grid.dropped and not _is_blank(row) and not _is_subtotal(row, columns, spec)
        ]
        numbers = [number for number, _ in rows]
        self.letters[(grid.file, grid.sheet)] = {
            name: get_column_letter(index + 1) for index, name in columns.items()
        }
        series: dict[str, Any] = {}
        for index, name in columns.items():
            cells = [row[index] if index < len(row) else None for _, row in rows]
            if name.startswith("q:"):
                series[name] = pd.Series(cells, dtype="str")
            else:
                series[name] = self.column(spec, grid, name, index, numbers, cells)
        for name, column in spec.columns.items():
            if name not in series:
                series[name] = convert(
                    [None] * len(rows), column.model_copy(update={"required": False}), self.vocabulary
                ).values
        frame = pd.DataFrame(series)
        frame["_file"], frame["_sheet"], frame["_row"] = grid.file, grid.sheet, numbers
        self.check_pairs(spec, grid, frame)
        return frame

    def column(
        self, spec: Table, grid: Grid, name: str, index: int, rows: list[int], cells: list[Cell]
    ) -> pd.Series:
        column = spec.columns[name]
        converted = convert(cells, column, self.vocabulary)
        for position, fault in converted.faults:
            values = {"column": texts.listed([column]), **_unnamed(fault.values, column)}
            self.problems.append(grid.problem(f"evidence.{fault.code}", rows[position], index, **values))
        for position, found, read in converted.notes:
            values = _unnamed({"found": found, "read": read}, column)
            note = grid.problem("evidence.normalised", rows[position], index, **values)
            self.problems.append(replace(note, severity="note"))
        return converted.values

    def check_pairs(self, spec: Table, grid: Grid, frame: pd.DataFrame) -> None:
        for name, column in spec.columns.items():
            if column.max_column is None:
                continue
            for index in frame.index[frame[name] > frame[column.max_column]]:
                row = frame.loc[index]
                self.problems.append(
                    Problem(
                        "evidence.exceeds",
                        grid.file,
                        grid.sheet,
                        f"{self.letters[(grid.file, grid.sheet)].get(name, '')}{row['_row']}",
                        {
                            "column": texts.listed([column]),
                            "found": f"{row[name]:g}",
                            "other": texts.listed([spec.columns[column.max_column]]),
                            "limit": f"{row[column.max_column]:g}",
                        },
                    )
                )

    def check_key(self, spec: Table, whole: pd.DataFrame) -> None:
        key = list(spec.key)
        if not key:
            return
        complete = whole.dropna(subset=key)
        again = complete[complete.duplicated(subset=key, keep="first")]
        firsts = complete.drop_duplicates(subset=key).set_index(key)[ORIGIN] if len(again) else None
        for _, row in again.iterrows():
            assert firsts is not None
            values = tuple(row[key])
            first = firsts.loc[values if len(key) > 1 else values[0]]
            letter = self.letters[(row["_file"], row["_sheet"])].get(key[0], "")
            self.problems.append(
                Problem(
                    "evidence.duplicate",
                    row["_file"],
                    row["_sheet"],
                    f"{letter}{row['_row']}",
                    {
                        "first": f"{first['_file']} {first['_sheet']} {first['_row']}".replace("  ", " "),
                        "column": texts.listed(spec.columns[name] for name in key),
                        "found": texts.listed(
                            mask(value) if spec.columns[name].person == "number" else str(value)
                            for name, value in zip(key, values, strict=True)
                        ),
                    },
                )
            )


def _by_file(grids: list[Grid]) -> list[list[Grid]]:
    files: dict[str, list[Grid]] = {}
    for grid in grids:
        files.setdefault(grid.file, []).append(grid)
    return list(files.values())


def _is_blank(row: list[Cell]) -> bool:
    return not any(cell and cell.strip() for cell in row)


def _is_subtotal(row: list[Cell], columns: dict[int, str], spec: Table) -> bool:
    if spec.subtotal is None:
        return False
    watched = [index for index, name in columns.items() if name == spec.subtotal.column]
    cells = [row[index] for index in watched if index < len(row)] + row[:1]
    return any(cell is not None and cell.strip().startswith(spec.subtotal.words) for cell in cells)
