"""A whole model as a workbook that can be edited without a programmer, and back into the model's YAML.

One sheet a part of the model; a heading's last line is the key it stands for. Reading it back runs the same checks as
`load_model`, and every fault is told by sheet and cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from openpyxl import Workbook
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from riskkit import texts
from riskkit.errors import Misuse, ModelRefused, Problem, PublishFailed
from riskkit.evidence.files import Grid, NumberText, read_grids
from riskkit.model import IndicatorModel, load_model
from riskkit.model.faults import Fault, Place
from riskkit.model.load import validate
from riskkit.model.schema import Item, ModelSpec, NoRedLine, Spec
from riskkit.model.write import as_yaml
from riskkit.publish import scratch_file
from riskkit.report.blank_form import landscape
from riskkit.report.cells import Formula, put
from riskkit.report.model_assembly import Where, assemble
from riskkit.report.model_layout import Field, Layout, layouts
from riskkit.report.model_reading import Pages, read_pages
from riskkit.report.model_rows import Row, longest_scale, model_rows
from riskkit.report.package import finished
from riskkit.report.sheets import HEAD, TEXT, WRAPPED, Sheet
from riskkit.report.theme import Look, theme

FIRST_ROW = 3
"""The first row of a table's values: a sentence about the sheet and the headings stand above it."""
HEADING_FAULTS = (
    "form.missing_sheet",
    "form.unknown_heading",
    "form.missing_heading",
    "evidence.header_twice",
)
"""Where these stand, every row's faults would only be their consequence."""
SPARE = 200
"""Rows below the last one that drop-downs and check sums still cover."""

_TITLE = Look(size="small", colour="grey", wrap=False)
_CHECK = TEXT.but(colour="grey", align="center")
_QUIET = TEXT.but(colour="grey", size="small", format="@")


def export_model(model: IndicatorModel, path: Path, lang: texts.Language) -> None:
    """Write the whole model as a workbook with drop-downs and a live check of the weights.

    >>> export_model(load_model("confidentiality"), Path("model.xlsx"), "zh")
    """
    book = _Book(model, lang).filled()
    title = texts.say("form.model_title", lang, name=model.spec.name[lang])
    content = finished(book, institution=model.spec.name[lang], title=title, marking="")
    with scratch_file(path) as scratch:
        scratch.write_bytes(content)


def import_model(path: Path, target: Path, like: IndicatorModel | None = None) -> IndicatorModel:
    """Read an edited workbook, check it, and write the model's YAML; a sheet left out is taken from `like`.

    Raises `ModelRefused` with every fault by sheet and cell; the target is then as it was before.

        >>> import_model(Path("model.xlsx"), Path("model/ours.yaml"))
    """
    if target.suffix not in (".yaml", ".yml"):
        raise Misuse("model_target", found=target.name)
    if not path.is_file():
        raise Misuse("no_file", found=str(path))
    grids, found = read_grids(path, path.name)
    refused = [problem for problem in found if problem.severity == "error"]
    if refused:
        raise ModelRefused("model_refused", refused, model=path.name)
    model = IndicatorModel(model_of(grids, path.name, like))
    heading = [texts.say("form.yaml_heading", lang, file=path.name) for lang in texts.LANGUAGES]
    with scratch_file(target) as scratch:
        scratch.write_text(as_yaml(model.spec, heading), encoding="utf-8")
        if load_model(scratch).hash != model.hash:
            raise PublishFailed("publish_failed", target=target.name, reason="round trip")
    return model


# ---------------------------------------------------------------- reading


def model_of(grids: Sequence[Grid], file: str, like: IndicatorModel | None = None) -> ModelSpec:
    """The model that the sheets of a workbook describe. Raises `ModelRefused` with every fault by sheet and cell."""
    pages = read_pages(grids, layouts(), file)
    _fill_in(pages, like)
    if any(problem.code in HEADING_FAULTS for problem in pages.problems):
        raise ModelRefused("model_refused", pages.problems, model=file)
    content, cells = assemble(pages)
    spec, faults = validate(content)
    problems = _told(pages.problems, [_problem(fault, cells, file) for fault in faults])
    if problems or spec is None:
        raise ModelRefused("model_refused", problems, model=file)
    return spec


def _fill_in(pages: Pages, like: IndicatorModel | None) -> None:
    """Sheets the workbook lacks are read from what the other model would give there."""
    missing = [layout for layout in layouts() if layout.name not in pages.lines]
    if like is None:
        pages.problems += [
            Problem(
                "form.missing_sheet",
                pages.file,
                values={"found": layout.title("zh"), "other": layout.title("en")},
            )
            for layout in missing
        ]
        return
    rows = model_rows(like.spec)
    grids = [
        _as_grid(layout, rows[layout.name])
        for layout in layouts(longest_scale(like.spec))
        if layout.name not in pages.lines
    ]
    others = read_pages(grids, missing, like.spec.id)
    pages.lines |= others.lines
    pages.headings |= others.headings


def _as_grid(layout: Layout, rows: Sequence[Row]) -> Grid:
    if layout.downwards:
        lines: list[list[Any]] = [[field.key, rows[0].get(field.key)] for field in layout.fields]
        lines = [["key"], ["key"], *lines]
    else:
        lines = [[field.key for field in layout.fields]]
        lines += [[shown(field, row.get(field.key), "en") for field in layout.fields] for row in rows]
    return Grid("", layout.name, [[_as_cell(value) for value in line] for line in lines])


def _as_cell(value: Any) -> str | None:
    if isinstance(value, bool) or value is None:
        return None if value is None else str(value)
    return NumberText(repr(value)) if isinstance(value, int | float) else str(value)


def _problem(fault: Fault, cells: Mapping[Place, Where], file: str) -> Problem:
    known: Place = ()
    for part in fault.place:
        if (*known, part) in cells:
            known = (*known, part)
    sheet, cell = cells[known]
    return Problem(f"model.{fault.code}", file, sheet, cell, fault.values)


def _told(first: Iterable[Problem], then: Iterable[Problem]) -> list[Problem]:
    """Problems of reading, and of checking where reading found nothing wrong with the cell."""
    problems = list(first)
    seen = {(problem.sheet, problem.cell) for problem in problems}
    return problems + [problem for problem in then if (problem.sheet, problem.cell) not in seen]


# ---------------------------------------------------------------- writing


def shown(field: Field, value: Any, lang: texts.Language) -> Any:
    """A value as its cell shows it."""
    if field.kind == "info":
        return value[lang] if isinstance(value, Mapping) else value
    if field.kind == "flag" and value is not None:
        return texts.say("form.yes" if value else "form.no", lang)
    if isinstance(value, Mapping):
        return (
            "\n".join(f"{name} = {rest}" for name, rest in value.items())
            if field.kind == "taken"
            else "; ".join(f"{name} = {rest}" for name, rest in value.items())
        )
    return ", ".join(value) if isinstance(value, list | tuple) else value


class _Book:
    def __init__(self, model: IndicatorModel, lang: texts.Language) -> None:
        self.model = model
        self.lang: texts.Language = lang
        self.layouts = layouts(longest_scale(model.spec))
        self.rows = model_rows(model.spec)
        self.workbook = Workbook()
        self.workbook.remove(self.workbook.worksheets[0])

    def filled(self) -> Workbook:
        self.about()
        for layout in self.layouts:
            self.settings(layout) if layout.downwards else self.table(layout)
        self.codes()
        return self.workbook

    def say(self, key: str, **values: Any) -> str:
        return texts.say(f"form.{key}", self.lang, **values)

    def title(self, name: str) -> str:
        return next(layout.title(self.lang) for layout in self.layouts if layout.name == name)

    def sheet(self, title: str, widths: Sequence[float], *, tab: Literal["rule", "grey"] = "grey") -> Sheet:
        worksheet = self.workbook.create_sheet(title)
        worksheet.sheet_properties.tabColor = theme().colour(tab)
        landscape(worksheet)
        return Sheet(worksheet, widths)

    # ------------------------------------------------------------ about, codes

    def about(self) -> None:
        spec = self.model.spec
        sheet = self.sheet(self.say("sheet.about"), [22, 90], tab="rule")
        band = Look(size="title", colour="white", bold=True, fill="rule", indent=1)
        sheet.put(1, self.say("model_title", name=spec.name[self.lang]), band, span=2)
        sheet.down(30)
        facts = self.say(
            "model_facts",
            id=spec.id,
            version=spec.version,
            items=len(self.model.items),
            hash=self.model.hash[:12],
        )
        sheet.put(1, facts, Look(colour="grey", size="small", indent=1), span=2)
        sheet.down(20)
        for number in range(1, 8):
            sheet.sentence(self.say(f"model_help.{number}"))
        sheet.down(8)
        sheet.section(self.say("sheets_here"))
        sheet.down(20)
        for layout in self.layouts:
            sheet.put(1, layout.title(self.lang), WRAPPED.but(bold=True))
            text = self.say(f"about.{layout.name}")
            sheet.put(2, text, WRAPPED)
            sheet.worksheet.cell(sheet.row, 1).hyperlink = f"#{quote_sheetname(layout.title(self.lang))}!A1"
            sheet.down(sheet.room([(text, 2, 1, WRAPPED)]))

    def codes(self) -> None:
        """Every code that stands in a drop-down, with its meaning in both languages."""
        sheet = self.sheet(self.say("sheet.codes"), [24, 30, 34, 44])
        self.headline(sheet, self.say("about.codes"))
        for number, key in enumerate(("where_used", "code", "zh", "en"), start=1):
            sheet.put(number, self.say(f"column.{key}"), HEAD.but(align="left"))
        sheet.down(22)
        for place, group, code in self.all_codes():
            meaning = texts.both(f"form.code.{group}.{code}")
            for number, value in enumerate((place, code, meaning["zh"], meaning["en"]), start=1):
                sheet.put(number, value, WRAPPED)
            sheet.down()
        sheet.worksheet.freeze_panes = f"A{FIRST_ROW}"

    def all_codes(self) -> list[tuple[str, str, str]]:
        """Where a code is used, its group in the texts, and the code."""
        found: dict[tuple[str, str], tuple[str, str, str]] = {}
        for layout in self.layouts:
            for field in layout.fields:
                group = field.wording or field.key.replace(".", "_")
                for code in (*field.options, *LISTED.get((layout.name, field.key), ())):
                    place = f"{layout.title(self.lang)} · {field.label(self.lang)}"
                    found.setdefault((group, code), (place, group, code))
        return list(found.values())

    # ------------------------------------------------------------ sheets of the model

    def headline(self, sheet: Sheet, text: str) -> None:
        sheet.put(1, text, _TITLE)
        sheet.down(18)

    def heading(self, field: Field) -> str:
        return f"{field.label(self.lang)}\n{field.key}"

    def settings(self, layout: Layout) -> None:
        sheet = self.sheet(layout.title(self.lang), [30, 46, 70])
        self.headline(sheet, self.say(f"about.{layout.name}"))
        for number, key in enumerate(("setting", "value", "meaning"), start=1):
            sheet.put(number, self.say(f"column.{key}"), HEAD.but(align="left"))
        sheet.down(22)
        for field in layout.fields:
            sheet.put(1, self.heading(field), WRAPPED.but(colour="grey"))
            sheet.put(2, shown(field, self.rows[layout.name][0].get(field.key), self.lang), self.look(field))
            sheet.put(3, self.say(f"meaning.{field.key.replace('.', '_')}"), WRAPPED.but(colour="grey"))
            self.restrict(sheet.worksheet, field, f"B{sheet.row}")
            sheet.down(30)
        sheet.worksheet.freeze_panes = f"A{FIRST_ROW}"

    def table(self, layout: Layout) -> None:
        sheet = self.sheet(
            layout.title(self.lang),
            [field.width for field in layout.fields],
            tab="rule" if layout.name == "tree" else "grey",
        )
        self.headline(sheet, self.say(f"about.{layout.name}"))
        for number, field in enumerate(layout.fields, start=1):
            sheet.put(number, self.heading(field), HEAD.but(align="left", size="small"))
        sheet.down(40)
        rows = self.rows[layout.name]
        for row in rows:
            needed = []
            for number, field in enumerate(layout.fields, start=1):
                value, look = shown(field, row.get(field.key), self.lang), self.look(field, row)
                sheet.put(number, value, look)
                needed.append((value, number, 1, look))
            sheet.down(sheet.room(needed))
        last = FIRST_ROW + len(rows) - 1 + SPARE
        for number, field in enumerate(layout.fields, start=1):
            letter = get_column_letter(number)
            self.restrict(sheet.worksheet, field, f"{letter}{FIRST_ROW}:{letter}{last}")
            if field.kind not in ("number", "whole", "info"):
                sheet.worksheet.column_dimensions[letter].number_format = "@"
        if layout.name == "tree":
            self.check_sums(sheet.worksheet, layout, rows)
        still = 3 if layout.name in ("tree", "measures", "red_lines", "columns") else 1
        sheet.keep(FIRST_ROW - 1, FIRST_ROW - 1, still=still)

    def look(self, field: Field, row: Row | None = None) -> Look:
        if field.kind == "info":
            return _QUIET
        if field.kind in ("number", "whole"):
            return TEXT.but(align="left" if row is None else "center")
        if field.kind == "setting":
            return TEXT.but(
                format=theme().formats.date
                if row and not isinstance(row.get(field.key), float)
                else "General"
            )
        branch = row is not None and "_points" in row and "scale.type" not in row
        wrapped = row is None or field.width >= 34
        bold = branch and field.key in ("id", "name.zh", "name.en")
        return (WRAPPED if wrapped else TEXT).but(format="@", bold=bold)

    def restrict(self, worksheet: Worksheet, field: Field, cells: str) -> None:
        """A drop-down for closed choices, and for open ones that another sheet lists."""
        if field.kind == "flag":
            allowed = f'"{self.say("yes")},{self.say("no")}"'
        elif field.options and field.kind == "choice":
            allowed = f'"{",".join(field.options)}"'
        elif field.source is not None:
            allowed = self.listing(*field.source)
        else:
            return
        rule = DataValidation(type="list", formula1=allowed, allow_blank=True, showErrorMessage=True)
        rule.errorTitle, rule.error = self.say("not_listed"), self.say("choose")
        rule.add(cells)
        worksheet.add_data_validation(rule)

    def listing(self, name: str, key: str) -> str:
        layout = next(each for each in self.layouts if each.name == name)
        letter = get_column_letter([field.key for field in layout.fields].index(key) + 1)
        last = FIRST_ROW + len(self.rows[name]) - 1 + SPARE
        return f"{quote_sheetname(layout.title(self.lang))}!${letter}${FIRST_ROW}:${letter}${last}"

    def check_sums(self, worksheet: Worksheet, layout: Layout, rows: Sequence[Row]) -> None:
        """The sum of each row's siblings, live, and red where it is not 1."""
        keys = [field.key for field in layout.fields]
        parent, weight, check = (
            get_column_letter(keys.index(key) + 1) for key in ("parent", "weight", "siblings")
        )
        last = FIRST_ROW + len(rows) - 1
        reach = last + SPARE
        totals: dict[Any, float] = {}
        for row in rows:
            totals[row["parent"]] = totals.get(row["parent"], 0.0) + row["weight"]
        for number, row in enumerate(rows, start=FIRST_ROW):
            cell = worksheet[f"{check}{number}"]
            same = f"--(${parent}${FIRST_ROW}:${parent}${reach}=${parent}{number})"
            text = f"=ROUND(SUMPRODUCT({same},${weight}${FIRST_ROW}:${weight}${reach}),6)"
            put(cell, Formula(text, round(totals[row["parent"]], 6)), _CHECK)
        formula_rule: Any = FormulaRule
        rule = formula_rule(
            formula=[f"ABS({check}{FIRST_ROW}-1)>0.0000001"],
            font=Font(bold=True, color=theme().colour("bad")),
        )
        worksheet.conditional_formatting.add(f"{check}{FIRST_ROW}:{check}{last}", rule)


def _codes(part: type[Spec], key: str) -> tuple[str, ...]:
    """The codes a key that holds several of them may hold, as the schema lists them."""
    return get_args(get_args(part.model_fields[key].annotation)[0])


LISTED: dict[tuple[str, str], tuple[str, ...]] = {
    ("tree", "methods"): _codes(Item, "methods"),
    ("tree", "tags"): _codes(Item, "tags"),
    ("conditions", "effects"): _codes(NoRedLine, "effects"),
}
"""Codes that may stand several in a cell."""
