"""What workbooks cost beside openpyxl writing the same cells from a list: computing what sheets show, and finishing, included.

The peer has the values, formulas, looks, widths, heights, merged cells, links and colour rules of riskkit's own file ready in
a list, every look registered once and shared; it writes no results beside formulas, no charts, no page set-up, and nothing
reproducible. Both begin with the period's results at hand.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles.cell_style import StyleArray

import riskkit
from riskkit.report.pack import QuarterPack, keep, prepare
from riskkit.report.workbook_branch import write_branch_workbook
from riskkit.report.workbook_quarter import write_quarter_workbook
from tests.bench.race import Race

SAMPLE = Path(riskkit.__file__).parents[1] / "data_samples" / "bank"
WANTED = 0.5
"""Within two times of the bare writing."""


@dataclass
class Listed:
    """One sheet as a list: cells as (row, column, value, link, number of their look)."""

    title: str
    cells: list[tuple[int, int, Any, Any, int]]
    widths: dict[str, float]
    heights: dict[int, float]
    merged: list[str]
    rules: list[tuple[str, Any]]


def listed(path: Path) -> tuple[list[Listed], list[dict[str, Any]]]:
    """The sheets of a file, and its looks."""
    numbers: dict[tuple[int, ...], int] = {}
    looks: list[dict[str, Any]] = []
    sheets = []
    for sheet in load_workbook(path, rich_text=True):
        cells = []
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is None and not cell.has_style:
                    continue
                key = tuple(cell._style)
                if key not in numbers:
                    numbers[key] = len(looks)
                    parts = ("font", "fill", "border", "alignment", "number_format")
                    looks.append({part: copy(getattr(cell, part)) for part in parts})
                link = cell.hyperlink and cell.hyperlink.location
                cells.append((cell.row, cell.column, cell.value, link, numbers[key]))
        rules = [(str(cells.sqref), rule) for cells in sheet.conditional_formatting for rule in cells.rules]
        widths = {name: column.width for name, column in sheet.column_dimensions.items()}
        heights = {row: each.height for row, each in sheet.row_dimensions.items() if each.height}
        sheets.append(Listed(sheet.title, cells, widths, heights, [*map(str, sheet.merged_cells)], rules))
    return sheets, looks


def bare(sheets: list[Listed], looks: list[dict[str, Any]], path: Path) -> None:
    """openpyxl in a loop, and its own saving."""
    book = Workbook()
    ruler = book.active.cell(1, 1)
    styles = []
    for look in looks:
        for part, value in look.items():
            setattr(ruler, part, value)
        styles.append(StyleArray(ruler._style))
    book.remove(book.active)
    for each in sheets:
        sheet = book.create_sheet(each.title)
        for name, width in each.widths.items():
            sheet.column_dimensions[name].width = width
        for row, height in each.heights.items():
            sheet.row_dimensions[row].height = height
        for row, column, value, link, look in each.cells:
            cell = sheet.cell(row, column, value)
            cell._style = styles[look]
            if link:
                cell.hyperlink = f"#{link}"
        for cells in each.merged:
            sheet.merge_cells(cells)
        for cells, rule in each.rules:
            sheet.conditional_formatting.add(cells, rule)
    book.save(path)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> QuarterPack:
    workspace = tmp_path_factory.mktemp("bank") / "bank"
    shutil.copytree(SAMPLE, workspace, ignore=shutil.ignore_patterns(".riskkit"))
    found = prepare(riskkit.open_workspace(workspace), "2026Q2", "zh")
    keep(found)
    return found


def raced(race: Callable[..., Race], what: str, write: Callable[[Path], None], folder: Path) -> float:
    """How many times as fast as openpyxl alone a workbook with the same cells is written."""
    path = folder / "ours.xlsx"
    write(path)
    sheets, looks = listed(path)
    cells = sum(len(each.cells) for each in sheets)
    name = "openpyxl, same cells from a list"
    found = race(
        f"{what}, {cells:,} cells",
        lambda: write(path),
        {name: lambda: bare(sheets, looks, folder / "bare.xlsx")},
        rounds=5,
    )
    found.lines[name].wanted = f"≥ {WANTED:.3g}"
    return found.ratio(name)


def test_the_quarter_workbook_of_48_branches(
    race: Callable[..., Race], pack: QuarterPack, tmp_path: Path
) -> None:
    assert (
        raced(race, "quarter workbook", lambda path: write_quarter_workbook(pack, path), tmp_path) >= WANTED
    )


def test_the_workbooks_of_48_branches(race: Callable[..., Race], pack: QuarterPack, tmp_path: Path) -> None:
    """One after the other, a branch a call."""
    units = iter(list(pack.ranking.index) * 20)
    ratio = raced(
        race, "branch workbook", lambda path: write_branch_workbook(pack, next(units), path), tmp_path
    )
    assert ratio >= WANTED
