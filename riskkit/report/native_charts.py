"""Charts a spreadsheet draws itself, with their numbers kept inside so that previews show them too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.chart import AreaChart, BarChart, LineChart
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.data_source import (
    AxDataSource,
    NumData,
    NumDataSource,
    NumRef,
    NumVal,
    StrData,
    StrRef,
    StrVal,
)
from openpyxl.chart.label import DataLabel, DataLabelList
from openpyxl.chart.legend import Legend, LegendEntry
from openpyxl.chart.marker import DataPoint, Marker
from openpyxl.chart.series import Series, SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties, RegularTextRun
from openpyxl.drawing.text import Font as Typeface
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.worksheet import Worksheet

from riskkit.report.cells import Label, clean
from riskkit.report.theme import reads_on, theme


@dataclass(frozen=True)
class Column:
    """Where a chart's values stand, and what they are: one column of one sheet."""

    sheet: Worksheet
    column: int
    first: int
    values: Sequence[Any]
    name: str = ""

    @property
    def reference(self) -> str:
        """The cells, as a chart refers to them."""
        letter, last = get_column_letter(self.column), self.first + len(self.values) - 1
        return f"{quote_sheetname(self.sheet.title)}!${letter}${self.first}:${letter}${last}"


@dataclass(frozen=True)
class Line:
    """A series: its values, colour and width in points."""

    values: Column
    colour: str
    width: float = 1.5
    dashed: bool = False


@dataclass(frozen=True)
class Place:
    """The cells a chart covers: from the top left of one to the top left of another (both counted from 1)."""

    column: int
    row: int
    to_column: int
    to_row: int


def bars(
    title: Label, names: Column, values: Column, colours: Sequence[str], *, form: str, maximum: float
) -> BarChart:
    """Horizontal bars, the first on top, each in its colour with its value at its end instead of an axis."""
    chart = BarChart()
    _prepare(chart, title)
    chart.barDir, chart.gapWidth = "bar", 38
    series = _series(values, names)
    series.graphicalProperties = _filled(colours[0])
    series.dPt = [
        DataPoint(idx=place, spPr=_filled(colour), invertIfNegative=False)
        for place, colour in enumerate(colours)
    ]
    series.invertIfNegative = False
    series.dLbls = _labels(form)
    chart.series.append(series)
    chart.x_axis.scaling.orientation = "maxMin"
    _hide_scale(chart, maximum * 1.12)
    chart.legend = None
    return chart


def columns(
    title: Label | None,
    names: Column,
    lines: Sequence[Line],
    *,
    form: str,
    maximum: float,
    lying: bool = False,
) -> BarChart:
    """Clustered columns with their values above and a legend; `lying` ones run to the right, the first on top, and
    only those of the first line, which leave no room for others, have values."""
    chart = BarChart()
    _prepare(chart, title)
    chart.barDir, chart.grouping, chart.gapWidth, chart.overlap = "col", "clustered", 55, -6
    if lying:
        chart.barDir, chart.x_axis.scaling.orientation = "bar", "maxMin"
    for line in lines:
        series = _series(line.values, names)
        series.graphicalProperties = _filled(line.colour)
        series.invertIfNegative = False
        if not lying or line is lines[0]:
            series.dLbls = _labels(form)
        chart.series.append(series)
    _hide_scale(chart, maximum * 1.1)
    chart.legend = _legend()
    return chart


def stacked(title: Label, names: Column, lines: Sequence[Line], *, form: str) -> BarChart:
    """Horizontal bars of the same length, the first on top, each split as the counts of the series are; a legend."""
    chart = BarChart()
    _prepare(chart, title)
    chart.barDir, chart.grouping, chart.gapWidth, chart.overlap = "bar", "percentStacked", 45, 100
    for line in lines:
        series = _series(line.values, names)
        series.graphicalProperties = _filled(line.colour)
        series.invertIfNegative = False
        series.dLbls = _labels(form, "ctr", reads_on(theme().colour(line.colour)))
        chart.series.append(series)
    chart.x_axis.scaling.orientation = "maxMin"
    _hide_scale(chart, 1)
    chart.legend = _legend()
    return chart


@dataclass(frozen=True)
class Band:
    """What lies between two lines: the lower one, how far above it the upper one is, and its colour."""

    low: Column
    width: Column
    colour: str


def lines(
    title: Label,
    names: Column,
    series: Sequence[Line],
    *,
    form: str,
    low: float,
    high: float,
    band: Band | None = None,
) -> AreaChart | LineChart:
    """Lines over time between two bounds of the scale, over a band if one is given."""
    chart = LineChart()
    _prepare(chart, title)
    for line in series:
        drawn = _series(line.values, names)
        drawn.graphicalProperties = GraphicalProperties(
            ln=LineProperties(
                w=round(line.width * 12700),
                solidFill=theme().colour(line.colour),
                prstDash="sysDash" if line.dashed else None,
            )
        )
        drawn.smooth = False
        drawn.marker = Marker(
            symbol="circle" if line.width > 2 else "none", size=5, spPr=_filled(line.colour)
        )
        chart.series.append(drawn)
    _label_last(chart.series[0], len(names.values) - 1, form)
    chart.y_axis.scaling.min, chart.y_axis.scaling.max = low, high
    chart.y_axis.number_format = "General"
    hairline = LineProperties(w=6350, solidFill=theme().colour("hairline"))
    chart.y_axis.majorGridlines = ChartLines(spPr=GraphicalProperties(ln=hairline))
    chart.y_axis.graphicalProperties = _no_line()
    chart.legend = _legend()
    return _over(chart, band, names) if band else chart


def _over(chart: LineChart, band: Band, names: Column) -> AreaChart:
    """Lines over a band: an area of its width stacked on one that is not seen."""
    area = AreaChart(grouping="stacked")
    for values, look in ((band.low, _unseen()), (band.width, _filled(band.colour))):
        series = _series(values, names)
        series.graphicalProperties = look
        area.series.append(series)
    for place, series in enumerate([*area.series, *chart.series]):
        series.idx = series.order = place
    area.legend = _legend()
    area.legend.legendEntry = [LegendEntry(idx=0, delete=True)]
    for name in ("title", "x_axis", "y_axis", "roundedCorners", "graphical_properties"):
        setattr(area, name, getattr(chart, name))
    area.y_axis.crossBetween = "between"
    area += chart
    return area


def _unseen() -> GraphicalProperties:
    return GraphicalProperties(noFill=True, ln=LineProperties(noFill=True))


def add(sheet: Worksheet, chart: AreaChart | BarChart | LineChart, place: Place) -> None:
    """Put a chart over cells; it moves and grows with them."""
    inset = 38_100
    anchored: Any = chart
    anchored.anchor = TwoCellAnchor(
        editAs="twoCell",
        _from=AnchorMarker(col=place.column - 1, row=place.row - 1, colOff=inset, rowOff=inset),
        to=AnchorMarker(col=place.to_column - 1, row=place.to_row - 1),
    )
    sheet.add_chart(chart)


# ---------------------------------------------------------------- parts


def _prepare(chart: Any, title: Label | None) -> None:
    chart.title = _title(title) if title else None
    chart.roundedCorners = False
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.x_axis.title = chart.y_axis.title = None
    chart.x_axis.txPr = chart.y_axis.txPr = _text("ink")
    chart.y_axis.txPr = _text("grey")
    chart.x_axis.majorTickMark = chart.y_axis.majorTickMark = "none"
    chart.x_axis.graphicalProperties = GraphicalProperties(
        ln=LineProperties(w=6350, solidFill=theme().colour("series_soft"))
    )
    chart.graphical_properties = GraphicalProperties(
        solidFill=theme().colour("white"), ln=LineProperties(w=6350, solidFill=theme().colour("hairline"))
    )


def _hide_scale(chart: Any, high: float) -> None:
    """Values from 0 stand beside their bars, so the axis need not."""
    chart.y_axis.scaling.min, chart.y_axis.scaling.max = 0, high
    chart.y_axis.majorGridlines = None
    chart.y_axis.delete = True


def _series(values: Column, names: Column) -> Series:
    points = [
        NumVal(idx=place, v=repr(float(value))) for place, value in enumerate(values.values) if value == value
    ]
    count = len(values.values)
    kept = NumData(formatCode="General", ptCount=count, pt=points)
    words = [StrVal(idx=place, v=clean(str(value))) for place, value in enumerate(names.values)]
    series = Series(
        val=NumDataSource(numRef=NumRef(f=values.reference, numCache=kept)),
        cat=AxDataSource(strRef=StrRef(f=names.reference, strCache=StrData(ptCount=len(words), pt=words))),
    )
    series.tx = SeriesLabel(v=clean(values.name))
    return series


def _filled(colour: str) -> GraphicalProperties:
    properties = GraphicalProperties(solidFill=theme().colour(colour))
    properties.line.noFill = True
    return properties


def _no_line() -> GraphicalProperties:
    return GraphicalProperties(ln=LineProperties(noFill=True))


def _characters(colour: str, bold: bool = False, size: float | None = None) -> CharacterProperties:
    face = theme().font
    points = size or theme().sizes.chart
    return CharacterProperties(
        latin=Typeface(typeface=face),
        ea=Typeface(typeface=face),
        sz=round(points * 100),
        b=bold,
        solidFill=theme().colour(colour),
    )


def _text(colour: str, bold: bool = False) -> RichText:
    return RichText(
        p=[
            Paragraph(
                pPr=ParagraphProperties(defRPr=_characters(colour, bold)),
                endParaRPr=_characters(colour, bold),
            )
        ]
    )


def _title(label: Label) -> Title:
    runs = [RegularTextRun(rPr=_characters("rule", True, theme().sizes.body + 0.5), t=clean(label.main))]
    if label.small:
        runs.append(
            RegularTextRun(
                rPr=_characters("grey", False, theme().sizes.chart - 0.5), t="  " + clean(label.small)
            )
        )
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=_characters("rule", True)), r=runs)
    return Title(tx=Text(rich=RichText(p=[paragraph])), overlay=False)


def _labels(form: str, place: str = "outEnd", colour: str = "ink") -> DataLabelList:
    labels = DataLabelList(numFmt=form, dLblPos=place, txPr=_text(colour))
    labels.showVal = True
    labels.showSerName = labels.showCatName = labels.showLegendKey = labels.showPercent = False
    return labels


def _label_last(series: Series, last: int, form: str) -> None:
    """Print the value of a line's last point."""
    label = DataLabel(idx=last, numFmt=form, dLblPos="t", txPr=_text("ink", True))
    labels = DataLabelList(dLbl=[label])
    for shown in (label, labels):
        shown.showSerName = shown.showCatName = shown.showLegendKey = shown.showPercent = False
        shown.showVal = shown is label
    series.dLbls = labels


def _legend() -> Legend:
    legend = Legend()
    legend.position, legend.overlay = "b", False
    legend.txPr = _text("grey")
    return legend
