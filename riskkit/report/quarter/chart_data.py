"""图表数据: the numbers behind the dashboard's charts, as a sheet of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from riskkit.report import native_charts
from riskkit.report.book import Book
from riskkit.report.cells import Formula, Label
from riskkit.report.sheets import NUMBER, TEXT, Column


class ChartData:
    """The sheet with the numbers charts refer to, block below block."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.sheet = book.sheet(book.say("chart_data.name"), [34, 16, 16, 16, 16, 16], kind="about")
        label = book.label("chart_data.title")
        book.band(self.sheet, label, book.say("chart_data.subtitle"))

    def block(
        self, title: Label, names: Sequence[str], columns: Mapping[str, Sequence[float | Formula]], form: str
    ) -> tuple[native_charts.Column, list[native_charts.Column]]:
        """Write a block; gives back where its names and values stand."""
        self.sheet.section(title)
        self.sheet.down(20)
        number = NUMBER.but(format=form)
        heads = [Column("", TEXT), *(Column(name, number) for name in columns)]
        self.sheet.heads(heads)
        first = self.sheet.row
        for place, name in enumerate(names):
            self.sheet.line(heads, [name, *(values[place] for values in columns.values())])
        self.sheet.down(10)
        worksheet = self.sheet.worksheet
        held = [
            native_charts.Column(worksheet, at, first, [_number(value) for value in values], name)
            for at, (name, values) in enumerate(columns.items(), start=2)
        ]
        return native_charts.Column(worksheet, 1, first, names), held

    def to_the_end(self) -> None:
        """Make it the workbook's last sheet."""
        self.book.to_the_end(self.sheet.worksheet)


def _number(value: float | Formula) -> float:
    """A value as a chart keeps it; not a number for a dash."""
    known = value.cached if isinstance(value, Formula) else value
    return float("nan") if isinstance(known, str) else float(known)
