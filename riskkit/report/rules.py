"""Colours that follow their cells: conditional formatting in the forms that Excel, WPS and LibreOffice share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal

from openpyxl.formatting.rule import Rule
from openpyxl.styles import Font, PatternFill
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from riskkit.report.cells import quoted
from riskkit.report.theme import reads_on, theme

Comparison = Literal["lessThan", "equal", "notEqual", "between"]
BANDS = 20
"""Steps of the scale of colours, over the whole of the marks."""
BEYOND = 1e6
"""Larger than any score; comparing with it leaves text out, which a spreadsheet takes for larger than any number."""


def block(column: int, row: int, to_column: int, to_row: int) -> str:
    """The cells from one to another."""
    return f"{get_column_letter(column)}{row}:{get_column_letter(to_column)}{to_row}"


def heat(worksheet: Worksheet, cells: str, maximum: float) -> None:
    """Scores on the one scale of colours; text stays as it is."""
    for band in range(BANDS):
        shade = theme().shade((band + 0.5) / BANDS)
        edge = maximum * (band + 1) / BANDS if band < BANDS - 1 else BEYOND * maximum
        _cell_is(worksheet, cells, "lessThan", [f"{edge:.10g}"], _style(reads_on(shade), fill=shade))


def grades(worksheet: Worksheet, cells: str, names: Sequence[str]) -> None:
    """The names of grades, best first, each with its tint behind it; other text stays as it is."""
    for place, name in enumerate(names):
        colours = theme().grade(place, len(names))
        style = _style(colours.text, fill=colours.tint, bold=True)
        _cell_is(worksheet, cells, "equal", [quoted(name)], style)


def changes(worksheet: Worksheet, cells: str) -> None:
    """Better and worse in their colours; none and text stay as they are."""
    _cell_is(worksheet, cells, "between", ["0.0000001", f"{BEYOND:.0f}"], _style("good"))
    _cell_is(worksheet, cells, "between", [f"{-BEYOND:.0f}", "-0.0000001"], _style("bad"))


def verdict(worksheet: Worksheet, cells: str, good: str) -> None:
    """A verdict in words: the good one green, any other red."""
    _cell_is(worksheet, cells, "equal", [quoted(good)], _style("good", fill="good_tint", bold=True))
    _cell_is(worksheet, cells, "notEqual", [quoted(good)], _style("bad", fill="bad_tint", bold=True))


def differs(worksheet: Worksheet, cells: str, formula: str) -> None:
    """Red where a formula about the top left cell is true."""
    style = _style("bad", fill="bad_tint", bold=True)
    worksheet.conditional_formatting.add(
        cells, Rule(type="expression", formula=[formula], dxf=style, stopIfTrue=True)
    )


def _cell_is(
    worksheet: Worksheet, cells: str, operator: Comparison, formula: list[str], style: DifferentialStyle
) -> None:
    rule = Rule(type="cellIs", operator=operator, formula=formula, dxf=style, stopIfTrue=True)
    worksheet.conditional_formatting.add(cells, rule)


class _Style(DifferentialStyle):
    """What `_tinted` gives but once, so that two are the same only if they are one; openpyxl compares part by part."""

    __elements__ = DifferentialStyle.__elements__  # a class of openpyxl writes its own parts alone

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    __hash__ = object.__hash__


def _style(colour: str, *, fill: str = "", bold: bool = False) -> DifferentialStyle:
    return _tinted(theme().colour(colour), theme().colour(fill) if fill else "", bold)


@cache
def _tinted(colour: str, fill: str, bold: bool) -> DifferentialStyle:
    return _Style(
        font=Font(color=colour, bold=bold or None),
        fill=PatternFill("solid", fgColor=fill, bgColor=fill) if fill else None,
    )
