"""What cells hold: text that can never act, numbers that are numbers, formulas with their results."""

from __future__ import annotations

import datetime as dt
import math
import re
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Color
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook

from riskkit.report.theme import Look, Size, Theme, alignment, border, fill, font, theme

NOTHING = "–"
LONGEST = 32_767
"""Characters a cell can hold."""
LONGEST_QUOTED = 255
"""Characters of a text within a formula."""
ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
"""Characters a spreadsheet may take for the beginning of a formula or a command."""

_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")

_HARMLESS = re.compile("[^\x00-\x08\x0b-\x1f\x7f_\ud800-\udfff\ufffe\uffff]*")
"""Text that `clean` leaves as it is, if it is no longer than a cell can hold."""


class _Styles(dict[tuple[Look, bool], StyleArray]):
    """The styles of a workbook by their looks, and where it keeps what they are made of; the workbook itself is not
    held, or it would never go."""

    def __init__(self) -> None:
        super().__init__()
        self._places: dict[tuple[str, int], int] = {}

    def add(self, workbook: Any, kind: str, part: Any) -> int:
        """The place of a font, say, in the workbook. `theme` makes each but once and keeps it, so that it is known by
        its identity; openpyxl compares part by part."""
        place = self._places.get((kind, id(part)))
        if place is None:
            place = self._places[kind, id(part)] = getattr(workbook, kind).add(part)
        return place


_arrays: WeakKeyDictionary[Workbook, _Styles] = WeakKeyDictionary()


class Run(NamedTuple):
    """A stretch of text in one type."""

    text: str
    size: Size
    colour: str
    bold: bool = False


class Label(NamedTuple):
    """A heading, with a smaller second language behind or below it."""

    main: str
    small: str = ""
    stacked: bool = False

    @property
    def text(self) -> str:
        """Both in one text."""
        return f"{self.main}{chr(10) if self.stacked else '  '}{self.small}" if self.small else self.main


class Runs(NamedTuple):
    """Text in several types, in one cell."""

    parts: tuple[Run, ...]

    @property
    def text(self) -> str:
        """The text alone."""
        return "".join(part.text for part in self.parts)


class Formula(NamedTuple):
    """A formula of the program's own making, with what it comes to, so that previews and other readers see a number.

    `text` begins with =; text from outside enters it through `quoted` alone.
    """

    text: str
    cached: float | int | str | bool

    @property
    def result(self) -> tuple[str, str]:
        """What it comes to, as a sheet's part has it: the attribute of its kind, and the text."""
        known = self.cached
        if isinstance(known, np.generic):
            known = known.item()
        if isinstance(known, bool):
            return ' t="b"', str(int(known))
        if isinstance(known, str):
            return ' t="str"', escape(clean(known))
        assert math.isfinite(known), f"no number: {self.text}"
        return "", repr(known + 0)


class Block(NamedTuple):
    """Cells from one to another. In a worksheet's set of merged ones it stands, and is ordered, as a `CellRange`,
    which takes twenty times as long to make."""

    top: int
    left: int
    bottom: int
    right: int

    def __str__(self) -> str:
        return f"{get_column_letter(self.left)}{self.top}:{get_column_letter(self.right)}{self.bottom}"


class Shown(NamedTuple):
    """A table's value that looks otherwise than its column."""

    value: Any
    look: Look


# ---------------------------------------------------------------- one cell

_PLAIN = (str, int, type(None), Label, Runs)
"""Types of which every value can stand in a cell as it is."""


def clean(text: str) -> str:
    """Text a workbook can hold: without control characters, no escapes read into it, cut with … where too long."""
    if len(text) <= LONGEST and _HARMLESS.fullmatch(text):
        return text
    safe = _ESCAPE.sub("_x005F_", _UNWRITABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    return safe if len(safe) <= LONGEST else f"{safe[: LONGEST - 1]}…"


def quoted(text: str) -> str:
    """A text as a formula holds it; of a longer one than a formula may hold, the beginning."""
    short = clean(text)[:LONGEST_QUOTED]
    return '"' + short.replace('"', '""') + '"'


def put(cell: Any, value: Any, look: Look) -> None:
    """Write a value. Text stays text whatever it begins with; what is missing or no number becomes a dash.

    >>> put(sheet["A1"], "=1+1", Look())        # shows =1+1
    >>> put(sheet["A1"], Formula("=1+1", 2), Look())        # shows 2
    """
    if isinstance(value, Formula):
        cell._value, cell.data_type = value, "f"
        cell._style = style_of(cell, look, False)
        return
    plain = value if value.__class__ in _PLAIN else plain_value(value)
    if isinstance(plain, str):
        cell._value, cell.data_type = clean(plain), "s"
        cell._style = style_of(cell, look, plain.startswith(ACTIVE))
        return
    if isinstance(plain, Label | Runs):
        cell._value, cell.data_type = _rich(theme(), plain, look), "s"
        cell._style = style_of(cell, look, plain.text.startswith(ACTIVE))
        return
    cell.value = plain
    if isinstance(plain, dt.date) and look.format == "General":
        look = look.but(format=theme().formats.date)
    cell._style = style_of(cell, look, False)


def plain_value(value: Any) -> Any:
    """A value as a cell may hold it: text, whole or finite number, date, or nothing."""
    if value is None or isinstance(value, str | Label | Runs):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | dt.date):
        return NOTHING if value is pd.NaT else value.date() if isinstance(value, dt.datetime) else value
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value + 0.0 if math.isfinite(value) else NOTHING
    return NOTHING if pd.isna(value) else str(value)


def style_of(cell: Any, look: Look, quoted: bool) -> StyleArray:
    """The style of a look in a workbook, registered once; cells share it."""
    workbook = cell.parent.parent
    known = _arrays.get(workbook)
    if known is None:
        known = _arrays[workbook] = _Styles()
    found = known.get((look, quoted))
    if found is None:
        cell._style = StyleArray()  # not the one it may share with others
        cell.number_format = look.format
        cell.quotePrefix = quoted
        found = known[look, quoted] = StyleArray(cell._style)
        found.fontId = known.add(workbook, "_fonts", font(look.size, look.colour, look.bold))
        found.fillId = known.add(workbook, "_fills", fill(look.fill))
        edges = border(look.top, look.bottom, look.left, look.accent, look.seams)
        found.borderId = known.add(workbook, "_borders", edges)
        stand = alignment(look.align, look.level, look.wrap, look.indent, look.turned)
        found.alignmentId = known.add(workbook, "_alignments", stand)
    return found


class RichText(CellRichText):
    """Text in several types that nobody changes, so that it is told in a sheet's own terms but once."""

    @cached_property
    def told(self) -> str:
        """As a sheet's part has it."""
        return ET.tostring(self.to_tree(), encoding="unicode")


@lru_cache(maxsize=4096)
def _rich(using: Theme, words: Label | Runs, look: Look) -> RichText:
    if isinstance(words, Label):
        small = look.colour if look.fill and look.colour == "white" else "grey"
        parts = [Run(words.main, look.size, look.colour, look.bold)]
        gap = "\n" if words.stacked else "  "
        parts += [Run(f"{gap}{words.small}", _smaller(look.size), small)] if words.small else []
    else:
        parts = list(words.parts)
    return RichText(
        *(TextBlock(_inline(using, part.size, part.colour, part.bold), clean(part.text)) for part in parts)
    )


def _smaller(size: Size) -> Size:
    return {"title": "section", "section": "small"}.get(size, "tiny")  # type: ignore[return-value]


@lru_cache(maxsize=256)
def _inline(using: Theme, size: Size, colour: str, bold: bool) -> InlineFont:
    points, shade = getattr(using.sizes, size), using.colour(colour)
    return InlineFont(rFont=using.font, sz=points, b=bold or None, color=Color(rgb=f"00{shade}"))
