"""`Book`: a workbook in the making: its language, wording, number formats, pages, and its writing to a file."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from openpyxl.drawing.image import Image
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, OneCellAnchor
from openpyxl.drawing.xdr import XDRPositiveSize2D
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.worksheet import Worksheet

from riskkit import texts
from riskkit.model import IndicatorModel
from riskkit.report.cells import Label, clean
from riskkit.report.pack import QuarterPack
from riskkit.report.package import finished
from riskkit.report.sheet_xml import settle
from riskkit.report.sheets import Column, Sheet, title_of
from riskkit.report.theme import LOGO, Look, alignment, font, reads_on, theme

LONGEST_MARGINAL = 44
PAPER = {"A4": (9, 11.69), "A3": (8, 16.54)}
"""Of a paper: its number in a spreadsheet, and its longer side in inches."""
LOGO_MARGIN, LOGO_WIDEST, INDENT = 6, 150, 9
"""Pixels: round a logo, of its width, and of a step of indentation."""
EMU = 9525
"""The units a drawing is measured in, to a pixel."""
LEAST, FILLER = 110.0, 11.0
"""A sheet is at least so wide, made up with columns of a width of their own."""
STAND_IN = 8.5
"""Pixels of a character of a column's width in the widest font that stands in where the theme's is not installed."""
SETTLED = 250
"""Rows of a long list that are settled together."""
TAB = {"main": "rule", "detail": "series_soft", "about": "faint"}

T = TypeVar("T")


class Book:
    """One workbook about one pack; every sheet is printed across the page, with the marking on every page."""

    def __init__(self, pack: QuarterPack, title: str, *, most: int | None = None) -> None:
        """`most`: how many rows a list of units, items or findings shows; all of them for none."""
        self.pack = pack
        self.most = most
        self.lang: texts.Language = pack.lang
        self.title = title
        self.pictures: list[str] = []
        self.sheets: list[Sheet] = []

    @cached_property
    def workbook(self) -> Workbook:
        """What is written; made when first asked for, as pages ask a book for words alone."""
        made: Any = Workbook()
        made.remove(made.worksheets[0])
        made._fonts[0] = made._named_styles["Normal"].font = font("ruler", "ink", False)
        return cast("Workbook", made)

    # ------------------------------------------------------------ words and numbers

    def say(self, key: str, **values: Any) -> str:
        """A text of the `sheet:` section in the book's language."""
        return texts.say(f"sheet.{key}", self.lang, **values)

    def label(self, key: str, *, stacked: bool = False, **values: Any) -> Label:
        """A heading: in a Chinese book with small English beside or below it, in an English one alone."""
        wording = texts.both(f"sheet.{key}", **values)
        return Label(wording["zh"], wording["en"], stacked) if self.lang == "zh" else Label(wording["en"])

    def title_of(self, unit: object, key: str) -> Label:
        """The title of a sheet about one unit."""
        label = self.label(key)
        return Label(self.say("of_unit", unit=unit, title=label.main), label.small)

    def head(self, key: str, look: Look, *, span: int = 1, **values: Any) -> Column:
        """A table's column with its heading."""
        return Column(self.label(f"head.{key}", stacked=True, **values), look, span)

    @property
    def model(self) -> IndicatorModel:
        """The model reported on."""
        return self.pack.model

    @cached_property
    def decimals(self) -> int:
        """Decimals of published scores."""
        return self.model.spec.score.decimals

    @cached_property
    def maximum(self) -> float:
        """Full marks."""
        return self.model.spec.score.maximum

    @cached_property
    def finer(self) -> int:
        """Decimals of points below the total: one for scores of tens, more for scores below 10."""
        return 1 if self.maximum >= 10 else self.decimals

    @cached_property
    def score_format(self) -> str:
        """Number format of published scores."""
        return _decimals(self.decimals)

    @cached_property
    def points_format(self) -> str:
        """Number format of points of dimensions, indicators and items."""
        return _decimals(self.finer)

    @cached_property
    def change_format(self) -> str:
        """Number format of changes of scores."""
        return f"▲{_decimals(self.decimals)};▼{_decimals(self.decimals)};–"

    def number(self, value: float, decimals: int | None = None) -> str:
        """A score in a sentence."""
        return f"{value:.{self.decimals if decimals is None else decimals}f}"

    def signed(self, value: float) -> str:
        """A change in a sentence: ▲1.20, ▼0.35, or a dash for none."""
        rounded = round(value, self.decimals)
        return "–" if not rounded else f"{'▲' if rounded > 0 else '▼'}{abs(rounded):.{self.decimals}f}"

    def period_name(self) -> str:
        """The period in words."""
        period = self.pack.period
        key = "period.year" if period.quarter is None else f"period.quarter{period.quarter}"
        return self.say(key, year=period.year)

    # ------------------------------------------------------------ sheets and pages

    def sheet(
        self,
        name: str,
        widths: Sequence[float],
        *,
        kind: Literal["main", "detail", "about"] = "main",
        one_page: bool = False,
        paged: bool = False,
    ) -> Sheet:
        """A new sheet with its page set up; a narrow one gets empty columns at its right.

        Pages are as wide as the sheet; `paged` ones keep a fixed scale instead, so that breaks can be set in them.
        """
        worksheet = self.workbook.create_sheet(title_of(name, self.workbook.sheetnames))
        worksheet.sheet_view.showGridLines = False
        worksheet.sheet_properties.tabColor = theme().colour(TAB[kind])
        worksheet.sheet_format.defaultRowHeight = 15
        self._page(worksheet, one_page)
        filler = [FILLER] * math.ceil(max(0.0, LEAST - sum(widths)) / FILLER)
        self.sheets.append(Sheet(worksheet, [*widths, *filler]))
        if paged:
            self.sheets[-1].fixed_scale(self._scale(self.sheets[-1]))
        return self.sheets[-1]

    def band(self, sheet: Sheet, title: Label | str, note: str, *, height: float = 30.0) -> None:
        """The title over the whole width, with the marking at its right."""
        right = min(4 if sheet.columns > 12 else 2, max(sheet.columns - 1, 1))
        while right < sheet.columns - 1 and sheet.width(sheet.columns - right + 1, right) < 24:
            right += 1
        left = sheet.columns - right
        top = Look(size="title", colour="white", bold=True, fill="rule", indent=1)
        sheet.put(1, title, top, span=left)
        sheet.put(left + 1, self.pack.marking, top.but(size="body", align="right"), span=right)
        sheet.down(height)
        low = Look(size="subtitle", colour="band_note", fill="rule", indent=1, level="top")
        sheet.put(1, note, low, span=left)
        sheet.put(left + 1, self.period_name(), low.but(align="right"), span=right)
        sheet.down(17)
        sheet.down(7)

    def not_all(self, sheet: Sheet, rows: int) -> None:
        """Say below a list that it is cut, if it is."""
        if self.most is not None and rows > self.most:
            look = Look(size="small", colour="grey", wrap=True, indent=1)
            sheet.sentence(self.say("not_all", n=self.most, rows=rows), look)

    def to_the_end(self, worksheet: Worksheet) -> None:
        """Make a sheet the last one."""
        self.workbook.move_sheet(worksheet, len(self.workbook.sheetnames))

    def settle(self) -> None:
        """Put no more into the sheet that was written last: it takes a fifth of its room until all is written."""
        settle(self.sheets[-1].worksheet)

    def settling(self, sheet: Sheet, entries: Iterable[T]) -> Iterator[T]:
        """What a sheet lists, one by one, each written below the one before. In a workbook that does not show
        everything no more is put above them after every so many rows, so that a large bank's cells never stand there
        all at once."""
        settled = sheet.row
        for entry in entries:
            yield entry
            if self.most is not None and sheet.row - settled >= SETTLED:
                settled = sheet.row
                settle(sheet.worksheet, settled)

    def define(self, name: str, cells: str) -> None:
        """Give cells a name that a reader can go to; signs a name cannot hold become _, a name taken gets a number."""
        wanted = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in name)
        names = self.workbook.defined_names
        taken, free, number = {known.casefold() for known in names}, wanted, 1
        while free.casefold() in taken:
            number += 1
            free = f"{wanted}__{number}"
        names[free] = DefinedName(free, attr_text=cells)

    def _page(self, worksheet: Any, one_page: bool) -> None:
        page = theme().page
        worksheet.page_setup.orientation = "landscape"
        worksheet.page_setup.paperSize = PAPER[page.paper][0]
        worksheet.sheet_properties.pageSetUpPr.fitToPage = True
        worksheet.page_setup.fitToWidth = 1
        worksheet.page_setup.fitToHeight = 1 if one_page else 0
        worksheet.print_options.horizontalCentered = True
        for side in ("left", "right", "top", "bottom", "header", "footer"):
            setattr(worksheet.page_margins, side, getattr(page, side))
        words = {name: _marginal(text) for name, text in self._marginals().items()}
        worksheet.oddHeader.left.text = _type("bad", True) + words["marking"]
        worksheet.oddHeader.right.text = _type("grey") + words["title"]
        worksheet.oddFooter.left.text = _type("grey") + words["model"]
        worksheet.oddFooter.center.text = _type("grey") + words["page"].replace("{page}", "&P").replace(
            "{pages}", "&N"
        )
        worksheet.oddFooter.right.text = _type("grey") + words["cutoff"]

    def _scale(self, sheet: Sheet) -> int:
        """The percentage at which the sheet fits the width with something to spare."""
        page = theme().page
        inches = PAPER[page.paper][1] - page.left - page.right
        needed = sheet.width(1, sheet.columns) * STAND_IN / 96
        return max(10, min(100, int(99 * inches / needed)))

    def _marginals(self) -> dict[str, str]:
        spec = self.model.spec
        return {
            "marking": self.pack.marking,
            "title": self.say("header.title", title=self.title, institution=self.pack.institution),
            "model": self.say("footer.model", id=spec.id, version=spec.version, hash=self.model.hash[:12]),
            "page": self.say("footer.page", page="{page}", pages="{pages}"),
            "cutoff": self.say("footer.cutoff", date=self.pack.period.cutoff.isoformat()),
        }

    # ------------------------------------------------------------ writing

    def write(self, path: Path) -> None:
        """Write the workbook to exactly this path; the same results give the same bytes."""
        self.workbook.active = 0
        self._add_logo()
        for sheet in self.sheets:
            last = get_column_letter(sheet.columns)
            sheet.worksheet.print_area = f"A1:{last}{sheet.printed or max(sheet.row - 1, 1)}"
        # Excel and WPS reckon everything anew when they open the file: what the seal on page one then says is their own
        # finding. The results kept beside the formulas are right without it, for whoever computes nothing.
        self.workbook.calculation.fullCalcOnLoad = True
        words = {"institution": self.pack.institution, "title": self.title, "marking": self.pack.marking}
        path.write_bytes(finished(self.workbook, pictures=self.pictures, **words))

    def _add_logo(self) -> None:
        """The institution's logo, if it has one, in the band of the first sheet, and the words beside it."""
        logo, worksheet = LOGO.get(), self.workbook.worksheets[0]
        if logo is None:
            return
        heights = [worksheet.row_dimensions[row].height for row in (1, 2)]
        high = sum(heights) * 96 / 72 - 2 * LOGO_MARGIN
        scale = min(high / logo.height, LOGO_WIDEST / logo.width)
        width, height = round(logo.width * scale), round(logo.height * scale)
        picture: Any = Image(io.BytesIO(logo.png))
        down = LOGO_MARGIN + round((high - height) / 2)
        corner = AnchorMarker(col=0, row=0, colOff=LOGO_MARGIN * EMU, rowOff=down * EMU)
        size = XDRPositiveSize2D(width * EMU, height * EMU)
        picture.anchor = OneCellAnchor(_from=corner, ext=size)
        worksheet.add_image(picture)
        for row in (1, 2):
            cell: Any = worksheet.cell(row, 1)
            indent = math.ceil((width + 2 * LOGO_MARGIN) / INDENT)
            cell.alignment = alignment("left", cell.alignment.vertical, False, indent, 0)

    # ------------------------------------------------------------ looks that depend on values

    def grade_look(self, grade: object, look: Look) -> Look:
        """A grade's look: its tint behind its name."""
        if not isinstance(grade, str):
            return look.but(colour="grey")
        colours = theme().grade(list(self.model.grades).index(grade), len(self.model.grades))
        return look.but(fill=colours.tint, colour=colours.text, bold=True)

    def change_look(self, value: float, look: Look) -> Look:
        """A change's look: better and worse in their colours."""
        rounded = round(value, self.decimals) if value == value else 0.0
        return look.but(
            colour="good" if rounded > 0 else "bad" if rounded < 0 else "grey", format=self.change_format
        )

    def heat_look(self, score: float, look: Look) -> Look:
        """A score's look on the one scale of colours; nothing behind a missing one."""
        if score != score:
            return look.but(colour="faint")
        shade = theme().shade(round(score / self.maximum, 2))
        form = self.points_format if look.format == "General" else look.format
        return look.but(fill=shade, colour=reads_on(shade), format=form)


def _decimals(count: int) -> str:
    return f"0.{'0' * count}" if count else "0"


def _type(colour: str, bold: bool = False) -> str:
    """Font, size and colour of a header or footer, in its own codes."""
    return f'&"{theme().font},{"Bold" if bold else "Regular"}"&8&K{theme().colour(colour)}'


def _marginal(text: str) -> str:
    """Text for a header or footer: one line, & doubled, and short: the three parts share 255 characters."""
    line = clean(text).replace("\n", " ")
    return (line if len(line) <= LONGEST_MARGINAL else line[: LONGEST_MARGINAL - 1] + "…").replace("&", "&&")
