"""Reading back what the workbooks say."""

from __future__ import annotations

import dataclasses
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from openpyxl import load_workbook

import riskkit as rk

FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")


def sheets(path: Path) -> dict[str, list[list[object]]]:
    """Every sheet's values, row by row, as one sees them who computes nothing."""
    book = load_workbook(path, data_only=True)
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}


def words(path: Path) -> list[str]:
    """Every text a reader could find: cells, sheet names, headers, chart titles, properties."""
    found = [
        str(value) for rows in sheets(path).values() for row in rows for value in row if value is not None
    ]
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/sheet") and name.endswith(".xml"):
                found += re.findall(r">([^<>]+)<", archive.read(name).decode())
                found += re.findall(r'(?:name|descr|v)="([^"]*)"', archive.read(name).decode())
    return found


def row_with(rows: list[list[object]], *wanted: object) -> list[object]:
    """The first row that holds all of some values."""
    return next(row for row in rows if all(value in row for value in wanted))


def formulas(path: Path) -> Iterator[str]:
    """Sheets with a formula in them."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and FORMULA.search(archive.read(name)):
                yield name


def charts(path: Path) -> list[str]:
    """The XML of every chart."""
    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith("xl/charts/chart"))
        return [archive.read(name).decode() for name in names]


def with_items(assessment: rk.Assessment, items: pd.DataFrame) -> rk.Assessment:
    """The same assessment with other rows in place of its items, and with their counts of cases in its measures."""
    measures, keys = assessment.measures, ["unit", "item"]
    counts = measures.frame[keys].merge(items[[*keys, "n"]], on=keys, how="left")["n"]
    frame = measures.frame.assign(n=counts.fillna(measures.frame["n"]))
    other = dataclasses.replace(assessment, measures=dataclasses.replace(measures, frame=frame))
    vars(other)["items"] = items
    return other
