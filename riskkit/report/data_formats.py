"""The part of docs/data-formats.*.md that follows from the tables of a model: made here, never written by hand.

python -m riskkit.report.data_formats docs
"""

from __future__ import annotations

import sys
from pathlib import Path

from riskkit import texts
from riskkit.evidence import register
from riskkit.model import IndicatorModel, load_model
from riskkit.model.schema import Column, Table
from riskkit.publish import scratch_file
from riskkit.report import columns as words
from riskkit.report.forms import register_table

BEGIN = "<!-- tables: made by riskkit.report.data_formats from the model; do not edit -->"
END = "<!-- end of tables -->"
_HEADINGS = ("column", "column_key", "type", "needed", "allowed", "meaning")


def page(text: str, model: IndicatorModel, lang: texts.Language) -> str:
    """A page with its made part made anew."""
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    return f"{before}{BEGIN}\n\n{sections(model, lang)}\n\n{END}{after}"


def sections(model: IndicatorModel, lang: texts.Language) -> str:
    """The register's tables and then the model's, one section each."""
    registers = [register_table(name, columns) for name, columns in register.COLUMNS.items()]
    parts = [_section(f"register/{table.files[0]}", table, lang, []) for table in registers]
    parts += [
        _section(name, table, lang, words.handing_in(table, lang)) for name, table in model.tables.items()
    ]
    return "\n\n".join(parts)


def _section(name: str, table: Table, lang: texts.Language, handing_in: list[str]) -> str:
    lines = [f"### {table.name[lang]} `{name}`", "", f"{table.about[lang]}{_stop(lang)}"]
    if handing_in:
        separator = texts.say("form.between_sentences", lang)
        files = texts.say("form.between_choices", lang).join(
            f"`{file}`" for file in dict.fromkeys((*table.files, name))
        )
        lines += [
            "",
            separator.join(handing_in) + _stop(lang),
            "",
            texts.say("form.file_names", lang, files=files),
        ]
    headings = [texts.say(f"form.explain.{key}", lang) for key in _HEADINGS]
    headings[0] = texts.say("form.column.column", lang)
    lines += ["", _row(headings), _row(["---"] * len(headings))]
    lines += [_row(_cells(key, column, table, lang)) for key, column in table.columns.items()]
    return "\n".join(lines)


def _cells(key: str, column: Column, table: Table, lang: texts.Language) -> list[str]:
    allowed = words.allowed(column, table, lang)
    if column.choices:
        named = (f"{label[lang]} `{code}`" for code, label in column.choices.items())
        allowed = texts.say("form.between_choices", lang).join(named)
    needed = texts.say("form.yes", lang) if column.required else ""
    heading = words.heading(column, lang)
    return [heading, f"`{key}`", words.kind(column, lang), needed, allowed, words.meaning(column, lang)]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _stop(lang: texts.Language) -> str:
    return "。" if lang == "zh" else "."


def refresh(folder: Path) -> None:
    """Make the made part of both pages anew."""
    model = load_model("confidentiality")
    for lang in texts.LANGUAGES:
        target = folder / f"data-formats.{lang}.md"
        with scratch_file(target) as scratch:
            scratch.write_text(page(target.read_text(encoding="utf-8"), model, lang), encoding="utf-8")


if __name__ == "__main__":
    refresh(Path(sys.argv[1]))
