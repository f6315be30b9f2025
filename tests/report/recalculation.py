"""Recalculating a delivered workbook in LibreOffice, and changing it as a reader would."""

from __future__ import annotations

import re
import subprocess
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from openpyxl import load_workbook

Cell = tuple[str, str]
"""A sheet and a cell of it."""
SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>"""
"""LibreOffice otherwise believes what it finds in a file: with 0 it recalculates every formula."""


def formulas(path: Path) -> dict[Cell, str]:
    """Every formula of a workbook."""
    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in load_workbook(path)
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }


def values(path: Path) -> dict[Cell, object]:
    """What every cell shows to a reader who computes nothing."""
    return {
        (sheet.title, cell.coordinate): cell.value
        for sheet in load_workbook(path, data_only=True)
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }


def recalculated(soffice: str, folder: Path, *paths: Path) -> list[Path]:
    """The workbooks as LibreOffice writes them after recalculating everything."""
    profile, out = folder / "profile", folder / "recalculated"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(SETTINGS, encoding="utf-8")
    command = [soffice, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "xlsx"]
    subprocess.run([*command, "--outdir", out, *paths], check=True, capture_output=True, timeout=300)
    return [out / path.name for path in paths]


def differences(delivered: Path, again: Path) -> dict[Cell, tuple[object, object]]:
    """The formula cells that recalculating changes by more than 1e-9: what was delivered, and what it came to."""
    before, after = values(delivered), values(again)
    return {
        cell: (before.get(cell), after.get(cell))
        for cell in formulas(delivered)
        if not same(before.get(cell), after.get(cell))
    }


def same(first: object, second: object) -> bool:
    """Whether two cells show the same, numbers to 1e-9."""
    if isinstance(first, int | float) and isinstance(second, int | float):
        return abs(first - second) <= 1e-9
    return first == second


def changed(path: Path, target: Path, cells: Mapping[Cell, object]) -> Path:
    """The workbook with other values in some cells, as a reader might leave it."""
    book = load_workbook(path, rich_text=True)
    for (sheet, cell), value in cells.items():
        book[sheet][cell].value = value
    book.save(target)
    return target


def planted(path: Path, target: Path, sheet: str, cell: str, value: str) -> Path:
    """The workbook with a wrong result beside one of its formulas."""
    names = load_workbook(path).sheetnames
    part = f"xl/worksheets/sheet{names.index(sheet) + 1}.xml"
    pattern = rf'(<c r="{cell}"[^>]*><f>[^<]*</f><v>)[^<]*(</v>)'
    edit(path, target, part, lambda content: _once(pattern, rf"\g<1>{value}\g<2>", content))
    return target


def _once(pattern: str, replacement: str, content: str) -> str:
    found, count = re.subn(pattern, replacement, content)
    assert count == 1
    return found


def edit(path: Path, target: Path, part: str, change: Callable[[str], str]) -> None:
    """Write the workbook with one of its parts changed."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in source.namelist():
            content = source.read(name)
            copy.writestr(name, change(content.decode()).encode() if name == part else content)


def texts_that_compute(path: Path) -> Iterator[str]:
    """Whatever of a workbook a program would evaluate: formulas of cells, names, rules, drop-downs, links, charts."""
    yield from formulas(path).values()
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/sheet"):
                content = archive.read(name).decode()
                yield from re.findall(r"<formula\d?>([^<]*)</formula\d?>", content)
                yield from re.findall(r'<hyperlink [^>]*location="([^"]*)"', content)
            elif name.startswith("xl/charts/"):
                yield from re.findall(r"<f>([^<]*)</f>", archive.read(name).decode())
        yield from re.findall(r"<definedName [^>]*>([^<]*)<", archive.read("xl/workbook.xml").decode())
