"""A blank workbook for one table: what the reader wants, with lists to choose from and every column explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from riskkit import texts
from riskkit.evidence.headers import HEADER_SEARCH
from riskkit.model import IndicatorModel
from riskkit.model.schema import Column, Table
from riskkit.report import columns as words
from riskkit.report.package import finished
from riskkit.report.sheets import HEAD, TEXT, WRAPPED, Sheet, ems, title_of
from riskkit.report.theme import Look

LAST_ROW = 1_048_576
FIRST_EXPLAINED = HEADER_SEARCH + 3
"""The row where columns are explained: below where the reader looks for a table's header."""

_REQUIRED = Look(colour="white", bold=True, fill="rule", wrap=True, align="center", format="@")
_OPTIONAL = Look(colour="rule", bold=True, fill="series_faint", wrap=True, align="center", format="@")
_FORMATS = {
    "integer": "0",
    "number": "General",
    "percent": "0.0%",
    "date": "yyyy-mm-dd",
    "datetime": "yyyy-mm-dd hh:mm",
}
_FIRST_CHOICE = 3


def landscape(worksheet: Worksheet) -> None:
    """A sheet without grid lines that prints on A4 across, as wide as the page."""
    worksheet.sheet_view.showGridLines = False
    worksheet.page_setup.orientation = "landscape"
    worksheet.page_setup.paperSize = 9
    properties: Any = worksheet.sheet_properties
    properties.pageSetUpPr.fitToPage = True
    worksheet.page_setup.fitToHeight = 0


class Form:
    """A blank workbook for one table: the headings, drop-downs and formats, and a sheet that explains every column."""

    def __init__(
        self,
        table: Table,
        model: IndicatorModel,
        lang: texts.Language,
        lists: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.table = table
        self.lang: texts.Language = lang
        self.lists = {**_lists(table, model, lang), **(lists or {})}
        self.workbook = Workbook()
        self.sheet = self.workbook.worksheets[0]
        self.sheet.title = title_of(table.name[lang])
        self.notes = self.workbook.create_sheet(
            title_of(texts.say("form.how_to_fill", lang), [self.sheet.title])
        )
        self.choices = self.workbook.create_sheet(
            title_of(texts.say("form.lists", lang), self.workbook.sheetnames)
        )
        self.shown: list[str] = []
        self.evidence = True

    def example(self, row: Sequence[str]) -> None:
        """A row shown as an example on the explaining sheet, never among the data, of a table that is not handed in."""
        self.shown = list(row)
        self.evidence = False

    def written(self, where: str) -> bytes:
        """The workbook's bytes; `where` says what to do with the filled-in file."""
        self.head()
        self.explain(where)
        if self.lists:
            self.write_lists()
        else:
            self.workbook.remove(self.choices)
        name = self.table.name[self.lang]
        return finished(self.workbook, institution="", title=name, marking="")

    # ------------------------------------------------------------ the sheet to fill in

    def head(self) -> None:
        """The headings, one or two rows."""
        rows = self.table.header_rows
        page = Sheet(self.sheet, [self.width(column) for column in self.table.columns.values()])
        for number, (name, column) in enumerate(self.table.columns.items(), start=1):
            look = _REQUIRED if column.required else _OPTIONAL
            letter = get_column_letter(number)
            upright = rows == 2 and name in self.table.key
            page.put(number, words.heading(column, self.lang), look, row=1 if upright else rows)
            if rows == 2:
                page.put(number, None, look if upright else _OPTIONAL, row=2 if upright else 1)
            if upright:
                page.join(1, 2, number, number)
            self.sheet.column_dimensions[letter].number_format = _FORMATS.get(column.type, "@")
            self.restrict(name, column, f"{letter}{rows + 1}:{letter}{LAST_ROW}")
        if rows == 2:
            first = len(self.table.key) + 1
            page.put(first, texts.say("form.group", self.lang), _OPTIONAL, row=1)
            page.join(1, 1, first, len(self.table.columns))
        page.height(32, rows)
        landscape(self.sheet)
        self.sheet.sheet_view.showGridLines = True
        self.sheet.freeze_panes = f"A{rows + 1}"

    def width(self, column: Column) -> float:
        """Room for the heading."""
        return max(10.0, min(34.0, 3.0 + 1.8 * ems(words.heading(column, self.lang))))

    def restrict(self, name: str, column: Column, cells: str) -> None:
        """What may be typed: a list, a date, a number within its limits; and a hint on every cell."""
        rule = DataValidation(allow_blank=True, showErrorMessage=True, showInputMessage=True)
        if name in self.lists:
            rule.type, rule.formula1 = "list", self.range_of(name)
        elif column.type == "yes_no":
            rule.type = "list"
            rule.formula1 = f'"{texts.say("form.yes", self.lang)},{texts.say("form.no", self.lang)}"'
        elif column.type in ("date", "datetime"):
            rule.type, rule.operator, rule.formula1 = "date", "greaterThan", "14611"
        elif column.type in ("integer", "number"):
            rule.type = "whole" if column.type == "integer" else "decimal"
            low = -1e12 if column.min is None else column.min
            high = 1e12 if column.max is None else column.max
            rule.operator, rule.formula1, rule.formula2 = (
                "between",
                f"{low:.0f}" if low < -1e9 else f"{low:g}",
                f"{high:.15g}",
            )
        rule.promptTitle = words.heading(column, self.lang)[:30]
        rule.prompt = self.hint(column)[:250]
        rule.errorTitle = texts.say("form.not_listed", self.lang)
        rule.error = rule.prompt
        rule.add(cells)
        self.sheet.add_data_validation(rule)

    def hint(self, column: Column) -> str:
        """What is shown beside a cell of the column."""
        needed = texts.say("form.required" if column.required else "form.optional", self.lang)
        parts = [needed, words.kind(column, self.lang), words.meaning(column, self.lang)]
        return " · ".join(part for part in parts if part)

    def range_of(self, name: str) -> str:
        """Where the list of a drop-down stands."""
        letter = get_column_letter(1 + list(self.lists).index(name))
        last = _FIRST_CHOICE + len(self.lists[name]) - 1
        return f"{quote_sheetname(self.choices.title)}!${letter}${_FIRST_CHOICE}:${letter}${last}"

    # ------------------------------------------------------------ the sheet that explains

    def explain(self, where: str) -> None:
        """What the table is for, how it is handed in, and every column."""
        sheet = Sheet(self.notes, [20, 22, 18, 26, 10, 30, 44])
        landscape(self.notes)
        band = Look(size="title", colour="white", bold=True, fill="rule", indent=1)
        sheet.put(1, f"{self.table.name.zh}  {self.table.name.en}", band, span=7)
        sheet.down(28)
        for lang in texts.LANGUAGES:
            sheet.sentence(self.table.about[lang], span=7)
        sheet.sentence(where, span=7)
        for lang in texts.LANGUAGES if self.evidence else ():
            sheet.sentence(
                texts.say("form.between_sentences", lang).join(words.handing_in(self.table, lang)), span=7
            )
        sheet.put(1, texts.say("form.required", self.lang), _REQUIRED)
        sheet.put(2, texts.say("form.optional", self.lang), _OPTIONAL)
        sheet.down(18)
        sheet.row = FIRST_EXPLAINED - 1
        for number, key in enumerate(
            ("column", "column_en", "column_key", "type", "needed", "allowed", "meaning"), start=1
        ):
            sheet.put(number, texts.say(f"form.explain.{key}", self.lang), HEAD.but(align="left"))
        sheet.down(20)
        for number, (name, column) in enumerate(self.table.columns.items()):
            self.explain_column(sheet, name, column, self.shown[number] if self.shown else "")

    def explain_column(self, sheet: Sheet, name: str, column: Column, example: str) -> None:
        """One column: type, whether required, what may stand there, what it means."""
        about = "\n".join(dict.fromkeys(words.meaning(column, lang) for lang in texts.LANGUAGES)).strip()
        if example:
            about = "\n".join(
                part for part in (about, texts.say("form.for_example", self.lang, text=example)) if part
            )
        kinds = "\n".join(words.kind(column, lang) for lang in texts.LANGUAGES)
        choices = "\n".join(
            dict.fromkeys(words.allowed(column, self.table, lang) for lang in texts.LANGUAGES)
        ).strip()
        needed = texts.say("form.yes" if column.required else "form.no", self.lang)
        values = (column.zh, column.en, name, kinds, needed, choices, about)
        for number, value in enumerate(values, start=1):
            sheet.put(number, value, WRAPPED.but(bold=column.required and number <= 2))
        sheet.down(sheet.room([(value, number, 1, WRAPPED) for number, value in enumerate(values, start=1)]))

    def write_lists(self) -> None:
        """The lists of the drop-downs, on a sheet of their own; a heading there is no table's heading."""
        sheet = Sheet(self.choices, [18] * len(self.lists))
        sheet.put(1, texts.say("form.lists_about", self.lang), Look(colour="grey", size="small"))
        for number, (name, entries) in enumerate(self.lists.items(), start=1):
            label = f"{words.heading(self.table.columns[name], self.lang)}\n{name}"
            sheet.put(number, label, HEAD.but(align="left"), row=_FIRST_CHOICE - 1)
            for row, entry in enumerate(entries, start=_FIRST_CHOICE):
                sheet.put(number, entry, TEXT, row=row)


def _lists(table: Table, model: IndicatorModel, lang: texts.Language) -> dict[str, Sequence[str]]:
    """The drop-down of every column that has one."""
    known = {"item": list(model.items), "red_line": list(model.red_lines), "table": list(model.tables)}
    lists: dict[str, Sequence[str]] = {}
    for name, column in table.columns.items():
        if column.choices:
            lists[name] = [label[lang] for label in column.choices.values()]
        elif known.get(column.type):
            lists[name] = known[column.type]
    return lists
