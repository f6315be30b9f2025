"""A row of tiles: a label, a figure and a note each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from riskkit.report.cells import Formula, Label, Runs
from riskkit.report.sheets import Sheet
from riskkit.report.theme import Look, Size


@dataclass(frozen=True)
class Tile:
    """One figure, what it is, and what to know beside it; `tone` is the colour of its edge and figure, `to` where it
    leads, as a formula names it; `versus` are lines below that compare it."""

    label: Label
    figure: str | Runs | Formula
    note: str | Formula
    tone: str = "rule"
    size: Size = "figure"
    format: str = "General"
    to: str = ""
    versus: tuple[str | Formula, ...] = ()


def write_tiles(sheet: Sheet, tiles: Sequence[Tile]) -> None:
    """Write tiles side by side over the sheet's whole width."""
    span, top = sheet.columns // len(tiles), sheet.row
    lines = max(len(tile.versus) for tile in tiles)
    for place, tile in enumerate(tiles):
        column = 1 + place * span
        base = Look(fill="paper", align="center", left="white" if place else "")
        label = base.but(size="small", colour="grey", accent=tile.tone, level="bottom")
        sheet.put(column, tile.label, label, span=span, row=top)
        _seam(sheet, column, span, top, label)
        if tile.to:
            sheet.link(column, tile.to, span=span, row=top)
        figure = base.but(size=tile.size, colour=tile.tone, bold=True, format=tile.format)
        sheet.put(column, tile.figure, figure, span=span, row=top + 1)
        _seam(sheet, column, span, top + 1, figure)
        note = base.but(size="small", colour="grey", level="top")
        sheet.put(column, tile.note, note, span=span, row=top + 2)
        _seam(sheet, column, span, top + 2, note)
        for below, line in enumerate([*tile.versus, *[""] * (lines - len(tile.versus))], start=top + 3):
            sheet.put(column, line, note, span=span, row=below)
            _seam(sheet, column, span, below, note)
    for row, height in enumerate((19.0, 31.0, 15.0 if lines else 17.0, *[13.5] * lines), start=top):
        sheet.height(height, row)
    sheet.row = top + 3 + lines
    sheet.down(8)


def _seam(sheet: Sheet, column: int, span: int, row: int, look: Look) -> None:
    """Only a tile's first column carries the seam at its left."""
    for beside in range(column + 1, column + span):
        sheet.put(beside, None, look.but(left=""), row=row)
