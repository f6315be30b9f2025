"""How reports look: colours, type, number formats and pages from `templates/theme.yaml`, and the `Look` of a cell.

`theme()` is the theme that holds here: an institution's own within `house_style.themed`, else the packaged one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, Literal

import yaml
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from pydantic import Field, StringConstraints

from riskkit import resources
from riskkit.model.schema import Bilingual, Share, Spec
from riskkit.scoped import Scoped

Colour = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{6}$", to_upper=True)]
Points = Annotated[float, Field(gt=4, le=40)]
Inches = Annotated[float, Field(ge=0.2, le=2)]
FontName = Annotated[str, StringConstraints(pattern=r"^[\w][\w .\-]{0,30}$")]
"""What a header, a chart and a page can all name."""
FileName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,200}$")]
Format = Annotated[
    str,
    StringConstraints(
        pattern=r'^(?:[0#?.,%/:+\-() ymdhs@;¥$€£▲▼–]|"[^"]{0,40}"|\[(?:Red|Green|Blue|Black)\]){1,60}$'
    ),
]
"""A number format of digits, signs, dates and quoted words; what a spreadsheet could refuse is left out."""
READABLE = 4.5
"""The contrast WCAG 2 asks of small text."""

Edge = Literal["thin", "medium", "thick"]
Size = Literal["title", "subtitle", "figure", "section", "body", "small", "tiny", "chart", "ruler"]


class Sizes(Spec):
    """Type sizes in points."""

    title: Points
    subtitle: Points
    figure: Points
    section: Points
    body: Points
    small: Points
    tiny: Points
    chart: Points
    ruler: Points


class Colours(Spec):
    """Colours by what they are for."""

    ink: Colour
    grey: Colour
    faint: Colour
    hairline: Colour
    rule: Colour
    paper: Colour
    white: Colour
    band_note: Colour
    good: Colour
    good_tint: Colour
    warn: Colour
    warn_tint: Colour
    bad: Colour
    bad_tint: Colour
    input: Colour
    input_faint: Colour
    series: Colour
    series_soft: Colour
    series_faint: Colour
    series_warm: Colour


class GradeColours(Spec):
    """A grade's colours: in charts, behind its name in tables, and of the name itself."""

    solid: Colour
    tint: Colour
    text: Colour


class Stop(Spec):
    """A colour at a share of full marks."""

    share: Share
    colour: Colour


class Formats(Spec):
    """Number formats, in the spreadsheet's own language."""

    date: Format
    whole: Format
    amount: Format
    share: Format
    weight: Format
    ratio: Format
    number: Format
    days: Format
    per_100: Format
    points: Format
    times: Format
    years: Format
    money: Format


class Page(Spec):
    """A printed page: its paper, and its margins in inches. Workbooks are printed across, pages upright."""

    paper: Literal["A4", "A3"]
    left: Inches
    right: Inches
    top: Inches
    bottom: Inches
    header: Inches
    footer: Inches


class Theme(Spec):
    """`templates/theme.yaml`, with what an institution's own `theme.yaml` changes."""

    font: FontName
    logo: FileName | None
    sizes: Sizes
    colours: Colours
    grades: tuple[GradeColours, ...] = Field(min_length=2)
    scale: tuple[Stop, ...] = Field(min_length=2)
    formats: Formats
    page: Page

    def __hash__(self) -> int:  # cheap, for caches; that of pydantic goes through every value
        return hash(self.colours.ink)

    def colour(self, name: str) -> str:
        """A colour by name; a colour given as RRGGBB is itself."""
        return getattr(self.colours, name) if name in Colours.model_fields else name

    def grade(self, place: int, of: int) -> GradeColours:
        """The colours of the grade in a place (0 is best) of a scale of so many."""
        last = len(self.grades) - 1
        return self.grades[round(place * last / (of - 1)) if of > 1 else 0]

    def rating(self, place: int, of: int) -> str:
        """The colour of the rating in a place (0 is mildest) of so many, on the scale of scores."""
        return self.shade(1 - place / (of - 1) / 2)

    def shade(self, share: float) -> str:
        """The colour of a share of full marks; beyond 0 and 1 the end colours."""
        stops = self.scale
        if share <= stops[0].share:
            return stops[0].colour
        for low, high in pairwise(stops):
            if share <= high.share:
                return _between(low.colour, high.colour, (share - low.share) / (high.share - low.share))
        return stops[-1].colour


@dataclass(frozen=True)
class Logo:
    """An institution's logo: a PNG picture, its size in pixels, and the institution's name for who cannot see it."""

    png: bytes
    width: int
    height: int
    name: Bilingual


def packaged() -> dict[str, Any]:
    """The content of the packaged theme."""
    content: dict[str, Any] = yaml.safe_load(
        (resources.templates() / "theme.yaml").read_text(encoding="utf-8")
    )
    return content


THEME: Scoped[Theme] = Scoped("theme", lambda: Theme.model_validate(packaged()))
LOGO: Scoped[Logo | None] = Scoped("logo", lambda: None)


def theme() -> Theme:
    """The theme that holds here."""
    return THEME.get()


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell looks; colours and sizes by their names in the theme.

    `top` and `bottom` name the colour of a thin edge, `accent` of a thick one on top, `left` of a medium one,
    `seams` of medium edges all round; `format` is a number format.
    """

    size: Size = "body"
    colour: str = "ink"
    bold: bool = False
    fill: str = ""
    align: Literal["left", "center", "right"] = "left"
    level: Literal["top", "center", "bottom"] = "center"
    wrap: bool = False
    indent: int = 0
    turned: int = 0
    top: str = ""
    bottom: str = ""
    left: str = ""
    accent: str = ""
    seams: str = ""
    format: str = "General"

    def but(self, **changes: Any) -> Look:
        """This look with some things different; the same changes give the same object."""
        return _changed(self, tuple(changes.items()))


@cache
def _changed(look: Look, changes: tuple[tuple[str, Any], ...]) -> Look:
    return replace(look, **dict(changes))


def font(size: Size, colour: str, bold: bool) -> Font:
    """A font of the theme."""
    return _font(theme().font, getattr(theme().sizes, size), theme().colour(colour), bold)


@cache
def _font(name: str, points: float, colour: str, bold: bool) -> Font:
    return Font(name=name, size=points, bold=bold, color=colour)


def fill(colour: str) -> PatternFill:
    """A plain fill; none for no colour."""
    return _fill(theme().colour(colour) if colour else "")


@cache
def _fill(colour: str) -> PatternFill:
    return PatternFill("solid", fgColor=colour) if colour else PatternFill()


def border(top: str, bottom: str, left: str, accent: str, seams: str) -> Border:
    """The edges of a cell."""
    wanted: dict[str, tuple[Edge, str]] = {
        "top": ("thin", top),
        "bottom": ("thin", bottom),
        "left": ("medium", left),
    }
    if accent:
        wanted["top"] = ("thick", accent)
    if seams:
        wanted = dict.fromkeys(("left", "right", "top", "bottom"), ("medium", seams))
    sides = ((name, style, theme().colour(colour)) for name, (style, colour) in wanted.items() if colour)
    return _border(tuple(sides))


@cache
def _border(sides: tuple[tuple[str, Edge, str], ...]) -> Border:
    given: dict[str, Any] = {name: Side(style=style, color=colour) for name, style, colour in sides}
    return Border(**given)


@cache
def alignment(align: str, level: str, wrap: bool, indent: int, turned: int) -> Alignment:
    """Where text stands in a cell."""
    return Alignment(horizontal=align, vertical=level, wrap_text=wrap, indent=indent, text_rotation=turned)


def reads_on(colour: str) -> str:
    """The text colour that can be read on a colour: ink if it can, else white, else black."""
    return _reads_on(theme(), colour)


@cache
def _reads_on(using: Theme, colour: str) -> str:
    readable = [name for name in ("ink", "white") if contrast(using.colour(name), colour) >= READABLE]
    return readable[0] if readable else "000000"


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours, 1 to 21, as WCAG 2 defines it."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of a colour, 0 (black) to 1 (white), as WCAG 2 defines it."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])


def _between(low: str, high: str, share: float) -> str:
    pairs = [(int(low[place : place + 2], 16), int(high[place : place + 2], 16)) for place in (0, 2, 4)]
    return "".join(f"{round(first + (second - first) * share):02X}" for first, second in pairs)
