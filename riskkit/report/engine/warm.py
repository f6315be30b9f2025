"""Doing once, in the zygote, what is slow the first time only: fonts, templates of tables, writers of workbooks."""

from __future__ import annotations

import io

import openpyxl
import pandas as pd

from riskkit.report.charts.warm import draw_once


def warm() -> None:
    """Draw a figure, style a table and save a workbook, and forget them; no setting of any library is changed."""
    draw_once()
    table = pd.DataFrame({"a": [1.5, 2.0], "b": ["x", "y"]})
    table.style.format(precision=1).highlight_max(subset=["a"]).to_html()
    table.to_html()
    repr(table)
    book = openpyxl.Workbook()
    book.create_sheet("a").append(["a", 1, 1.5])
    book.save(io.BytesIO())
