"""The experts' workbook: every pair of siblings of a model, to be compared on Saaty's scale."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation

from riskkit import texts
from riskkit.errors import Misuse
from riskkit.model import IndicatorModel
from riskkit.publish import scratch_file
from riskkit.report.blank_form import landscape
from riskkit.report.cells import Label
from riskkit.report.package import finished
from riskkit.report.sheets import HEAD, QUIET, TEXT, WRAPPED, Sheet, title_of
from riskkit.report.theme import Look, theme
from riskkit.scoring.ahp import SAATY_SCALE
from riskkit.scoring.group_weights import Group, sibling_groups

FACTS = ("model", "version", "hash", "expert")
COLUMNS = {"left": 8.0, "left_name": 32.0, "answer": 34.0, "right_name": 32.0, "right": 8.0, "note": 20.0}
HEADING_ROW = 2

_ANSWER = TEXT.but(fill="series_faint", align="center", format="@", left="white")
_ID = QUIET.but(format="@")


def scale_text(value: float) -> str:
    """A value of the scale as it is written: 9 … 1 … 1/9."""
    return str(Fraction(value).limit_denominator(9))


def answers(lang: texts.Language) -> dict[str, float]:
    """What the drop-down offers, from 9 for the left to 1/9, and what each answer is worth."""
    return {_answer(value, lang): value for value in sorted(SAATY_SCALE, reverse=True)}


def _answer(value: float, lang: texts.Language) -> str:
    steps = round(value if value >= 1 else 1 / value)
    side = "left" if value > 1 else "right"
    key = "side.equal" if steps == 1 else f"between.{side}" if steps % 2 == 0 else f"side.{side}"
    level = texts.say(f"weights_form.level.{steps}", lang)
    return texts.say(f"weights_form.{key}", lang, value=scale_text(value), level=level)


def write_forms(
    model: IndicatorModel,
    target: Path,
    *,
    lang: texts.Language,
    experts: Sequence[str] = (),
    node: str | None = None,
) -> list[Path]:
    """Write a workbook an expert with every pair to compare; gives the files written.

    With none or one expert the file is `target`, an .xlsx; with several, the expert's name is added to each. `node`
    asks only for what is below it. Raises `Misuse` for an unknown node, for one with nothing to compare, for an expert
    named twice, and for another kind of file.

        >>> write_forms(load_model("confidentiality"), Path("forms.xlsx"), lang="zh", experts=["Li", "Wang"])
    """
    if target.suffix != ".xlsx":
        raise Misuse("form_target", found=target.name)
    if not sibling_groups(model, node):
        raise Misuse("nothing_to_compare", found=node or model.spec.id)
    twice = [name for place, name in enumerate(experts) if name in experts[:place]]
    if twice:
        raise Misuse("expert_twice", found=twice[0])
    named = {target: experts[0] if experts else ""} if len(experts) < 2 else _named(target, experts)
    for path, expert in named.items():
        content = _Form(model, lang, expert, node).written()
        with scratch_file(path) as scratch:
            scratch.write_bytes(content)
    return list(named)


def _named(target: Path, experts: Sequence[str]) -> dict[Path, str]:
    paths: dict[Path, str] = {}
    for expert in experts:
        safe = re.sub(r"[^\w-]+", "_", expert).strip("_")[:60] or "expert"
        path = target.with_name(f"{target.stem}_{safe}{target.suffix}")
        number = 1
        while path in paths:
            number += 1
            path = target.with_name(f"{target.stem}_{safe}_{number}{target.suffix}")
        paths[path] = expert
    return paths


class _Form:
    def __init__(self, model: IndicatorModel, lang: texts.Language, expert: str, node: str | None) -> None:
        self.model = model
        self.lang: texts.Language = lang
        self.expert = expert
        self.groups = sibling_groups(model, node)
        self.workbook = Workbook()
        self.workbook.remove(self.workbook.worksheets[0])
        self.choices = ""

    def say(self, key: str, **values: Any) -> str:
        return texts.say(f"weights_form.{key}", self.lang, **values)

    def written(self) -> bytes:
        self.cover()
        self.pairs()
        name = self.model.spec.name[self.lang]
        title = self.say("file_title", name=name)
        return finished(self.workbook, institution=name, title=title, marking="")

    def sheet(self, key: str, widths: Sequence[float]) -> Sheet:
        worksheet = self.workbook.create_sheet(title_of(self.say(f"sheet.{key}"), self.workbook.sheetnames))
        worksheet.sheet_properties.tabColor = theme().colour("rule" if key == "pairs" else "grey")
        landscape(worksheet)
        for side in ("left", "right", "top", "bottom", "header", "footer"):
            setattr(worksheet.page_margins, side, getattr(theme().page, side))
        model = f"{self.model.spec.id} {self.model.spec.version}".replace("&", "&&")
        worksheet.oddFooter.right.text = f"&8&K{theme().colour('grey')}{model}   &P / &N"
        return Sheet(worksheet, widths)

    # ------------------------------------------------------------ instructions

    def cover(self) -> None:
        sheet = self.sheet("cover", [36, 62, 36])
        band = Look(size="title", colour="white", bold=True, fill="rule", indent=1)
        sheet.put(1, Label(self.say("title"), self.model.spec.name[self.lang]), band, span=3)
        sheet.down(32)
        sheet.down(6)
        self.facts(sheet)
        sheet.down(8)
        sheet.section(self.say("how"))
        sheet.down(20)
        for number in range(1, 6):
            pairs = sum(len(group.pairs) for group in self.groups)
            sheet.sentence(f"{number}  {self.say(f'help_{number}', pairs=pairs)}")
        sheet.down(8)
        self.scale(sheet)

    def facts(self, sheet: Sheet) -> None:
        spec = self.model.spec
        values = (spec.id, spec.version, self.model.hash, self.expert)
        for key, value in zip(FACTS, values, strict=True):
            sheet.put(1, Label(self.say(f"fact.{key}"), key, stacked=True), WRAPPED.but(bold=True))
            fill = {"fill": "series_faint"} if key == "expert" else {}
            sheet.put(2, value or None, TEXT.but(format="@", **fill))
            sheet.put(3, self.say(f"fact_about.{key}"), WRAPPED.but(colour="grey", indent=1))
            sheet.down(28)

    def scale(self, sheet: Sheet) -> None:
        """The scale, which is also the list of the drop-down."""
        sheet.section(self.say("scale"))
        sheet.down(20)
        first = sheet.row
        for answer in answers(self.lang):
            sheet.put(1, answer, TEXT.but(format="@"), span=1)
            sheet.down(15)
        self.choices = f"{quote_sheetname(sheet.worksheet.title)}!$A${first}:$A${sheet.row - 1}"

    # ------------------------------------------------------------ comparisons

    def pairs(self) -> None:
        sheet = self.sheet("pairs", list(COLUMNS.values()))
        sheet.put(1, self.say("about_pairs"), Look(size="small", colour="grey"))
        sheet.down(18)
        for number, key in enumerate(COLUMNS, start=1):
            label = Label(self.say(f"column.{key}"), key, stacked=True)
            sheet.put(number, label, HEAD.but(align="center" if key == "answer" else "left"))
        sheet.down(30)
        first = sheet.row
        for group in self.groups:
            self.group(sheet, group)
        self.restrict(sheet, first)
        sheet.keep(HEADING_ROW, HEADING_ROW, filters=0)

    def group(self, sheet: Sheet, group: Group) -> None:
        nodes = self.model.nodes
        parent = self.say("top") if group.parent is None else nodes[group.parent].name[self.lang]
        words = self.say(
            "group", id=group.parent or "", name=parent, n=len(group.members), pairs=len(group.pairs)
        )
        sheet.section(words.strip())
        sheet.down(24)
        for left, right in group.pairs:
            names = [nodes[name].name[self.lang] for name in (left, right)]
            row = ((left, _ID), (names[0], WRAPPED), (None, _ANSWER), (names[1], WRAPPED), (right, _ID))
            for number, (value, look) in enumerate(row, start=1):
                sheet.put(number, value, look)
            sheet.put(6, None, WRAPPED.but(format="@"))
            sheet.down(sheet.room([(names[0], 2, 1, WRAPPED), (names[1], 4, 1, WRAPPED)]) + 2)

    def restrict(self, sheet: Sheet, first: int) -> None:
        letter = get_column_letter(list(COLUMNS).index("answer") + 1)
        rule = DataValidation(type="list", formula1=self.choices, allow_blank=True, showErrorMessage=True)
        rule.errorTitle = texts.say("form.not_listed", self.lang)
        rule.error = texts.say("form.choose", self.lang)
        rows = (
            number for number in range(first, sheet.row) if sheet.worksheet.cell(number, 5).value is not None
        )
        for number in rows:
            rule.add(f"{letter}{number}")
        sheet.worksheet.add_data_validation(rule)
