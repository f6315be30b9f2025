"""An empty workspace for one's own bank: settings, register, and a blank workbook for every table."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from riskkit import resources, texts
from riskkit.errors import Misuse
from riskkit.evidence import register
from riskkit.model import IndicatorModel, load_model
from riskkit.model.schema import Bilingual, Column, Table
from riskkit.model.write import flow
from riskkit.periods import Period
from riskkit.publish import scratch_folder
from riskkit.report import columns as words
from riskkit.report.blank_form import Form


def init_workspace(
    folder: Path,
    *,
    name_zh: str,
    name_en: str,
    lang: texts.Language,
    model: str = "confidentiality",
    period: str | None = None,
    own_model: bool = False,
) -> list[Path]:
    """Make an empty workspace with blank forms, whole or not at all; gives the files made.

    `period` is the first one, by default the present; with `own_model`, or a model given as a file, the model is copied
    into the workspace for editing. Raises `Misuse` for a folder that is not empty, an unknown model or a wrong period.

        >>> init_workspace(Path("bank"), name_zh="示例银行", name_en="Sample Bank", lang="zh", period="2026Q3")
    """
    loaded = load_model(model)
    first = _first_period(loaded, period)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Misuse("folder_in_use", found=str(folder))
    with scratch_folder(folder) as scratch:
        maker = _Maker(scratch, loaded, lang, first)
        maker.settings(Bilingual(zh=name_zh, en=name_en), Path(model).stem)
        maker.registers()
        maker.forms()
        if own_model or Path(model).suffix:
            maker.copy_model(model)
        (scratch / "evidence" / str(first)).mkdir(parents=True)
        maker.readme()
        made = sorted(path.relative_to(scratch) for path in scratch.rglob("*") if path.is_file())
        if folder.is_dir():
            folder.rmdir()
    return [folder / path for path in made]


def _first_period(model: IndicatorModel, given: str | None) -> Period:
    today = dt.date.today()
    yearly = model.spec.frequency == "year"
    present = Period(today.year) if yearly else Period(today.year, (today.month + 2) // 3)
    period = Period.parse(given) if given else present
    if period.frequency != model.spec.frequency:
        raise Misuse("period_frequency", found=str(period), near=str(present))
    return period


class _Maker:
    def __init__(self, folder: Path, model: IndicatorModel, lang: texts.Language, period: Period) -> None:
        self.folder = folder
        self.model = model
        self.lang: texts.Language = lang
        self.period = period

    def say(self, key: str, **values: Any) -> str:
        return texts.say(f"form.{key}", self.lang, **values)

    def settings(self, name: Bilingual, model: str) -> None:
        content = {
            "format": 1,
            "name": name.model_dump(),
            "lang": self.lang,
            "marking": texts.both("form.marking"),
            "model": model,
        }
        lines = [
            line
            for key, value in content.items()
            for line in (f"# {self.say(f'settings.{key}')}", f"{key}: {flow(value)}", "")
        ]
        (self.folder / "riskkit.yaml").write_text("\n".join(lines), encoding="utf-8")

    def copy_model(self, model: str) -> None:
        source = Path(model) if Path(model).suffix else resources.templates() / "models" / f"{model}.yaml"
        target = self.folder / "model"
        target.mkdir()
        shutil.copyfile(source, target / f"{source.stem}.yaml")
        tables = yaml.safe_load(source.read_text(encoding="utf-8-sig")).get("tables")
        if isinstance(tables, str):
            shutil.copyfile(source.parent / Path(tables).name, target / Path(tables).name)

    def registers(self) -> None:
        target = self.folder / "register"
        target.mkdir()
        levels = [level.id for level in self.model.spec.levels]
        for name, columns in register.COLUMNS.items():
            table = register_table(name, columns)
            form = Form(table, self.model, self.lang, {"level": levels} if name == register.UNITS else {})
            form.example([self.say(f"example.{name}_{column}") for column in columns])
            (target / f"{name}.xlsx").write_bytes(form.written(self.say(f"register.{name}")))

    def forms(self) -> None:
        for name, table in self.model.tables.items():
            if table.reader == "questionnaire":
                continue
            target = self.folder / "forms" / self.say(f"folder.{table.covers}")
            target.mkdir(parents=True, exist_ok=True)
            file = words.file_name(name, table, self.lang)
            where = self.say("where_to", period=self.period, file=file)
            form = Form(table, self.model, self.lang)
            (target / f"{file}.xlsx").write_bytes(form.written(where))

    def readme(self) -> None:
        rows = [
            f"| {words.file_name(name, table, self.lang)} | {table.about[self.lang]} | "
            f"{self.say(f'folder.{table.covers}')} | {self.say('yes' if table.required else 'no')} |"
            for name, table in self.model.tables.items()
        ]
        text = self.say("readme", period=self.period, tables="\n".join(rows), model=self.model.spec.id)
        if any(table.reader == "questionnaire" for table in self.model.tables.values()):
            text += "\n" + self.say("readme_questionnaire") + "\n"
        (self.folder / "README.md").write_text(text, encoding="utf-8")


def register_table(name: str, columns: Mapping[str, Column]) -> Table:
    """A table of the register folder, described as the tables of a model are."""
    explained = {
        key: column.model_copy(update={"about": Bilingual(**texts.both(f"form.register_about.{name}_{key}"))})
        for key, column in columns.items()
    }
    both = Bilingual(**texts.both(f"form.register_name.{name}"))
    return Table.model_validate(
        {
            "name": both.model_dump(),
            "about": texts.both(f"form.register_table.{name}"),
            "files": [name],
            "scope": "snapshot",
            "covers": "bank",
            "confidence": "A",
            "required": name == register.UNITS,
            "key": [next(iter(columns))],
            "columns": {key: column.model_dump() for key, column in explained.items()},
        }
    )
