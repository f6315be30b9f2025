"""What may stand in a column, in words: for the blank forms and for the document about data formats."""

from __future__ import annotations

from riskkit import texts
from riskkit.model.schema import Column, Table


def kind(column: Column, lang: texts.Language) -> str:
    """The type of a column."""
    return texts.say(f"form.code.type.{column.type}", lang)


def allowed(column: Column, table: Table, lang: texts.Language) -> str:
    """Choices and limits; empty where anything of the type goes."""
    if column.choices:
        return texts.say("form.between_choices", lang).join(name[lang] for name in column.choices.values())
    parts = []
    if column.min is not None and column.max is not None:
        parts.append(texts.say("form.from_to", lang, low=f"{column.min:g}", high=f"{column.max:g}"))
    elif column.min is not None:
        parts.append(texts.say("form.at_least", lang, low=f"{column.min:g}"))
    elif column.max is not None:
        parts.append(texts.say("form.at_most", lang, high=f"{column.max:g}"))
    if column.max_column is not None:
        other = table.columns[column.max_column]
        parts.append(texts.say("form.at_most_column", lang, column=heading(other, lang)))
    return texts.say("form.between_limits", lang).join(parts)


def heading(column: Column, lang: texts.Language) -> str:
    """The column's heading in a language."""
    return column.zh if lang == "zh" else column.en


def meaning(column: Column, lang: texts.Language) -> str:
    """What the column is about, and how personal data in it is treated."""
    parts = [column.about[lang]] if column.about else []
    if column.person:
        parts.append(texts.say(f"form.code.person_data.{column.person}", lang))
    return texts.say("form.between_sentences", lang).join(parts)


def handing_in(table: Table, lang: texts.Language) -> list[str]:
    """How a table is handed in: when, by whom, of which evidence class, what may stand once."""
    lines = [
        texts.say(f"form.code.scope.{table.scope}", lang),
        texts.say(f"form.code.covers.{table.covers}", lang),
    ]
    if table.required:
        lines.append(texts.say("form.must_be_there", lang))
    if table.no_rows == "not_assessed":
        lines.append(texts.say("form.code.no_rows.not_assessed", lang))
    evidence = texts.say(f"form.code.confidence.{table.confidence}", lang)
    lines.append(texts.say("form.evidence_class", lang, letter=table.confidence, meaning=evidence))
    if table.key:
        names = texts.say("form.between_limits", lang).join(
            heading(table.columns[name], lang) for name in table.key
        )
        lines.append(texts.say("form.unique", lang, columns=names))
    return lines


def file_name(name: str, table: Table, lang: texts.Language) -> str:
    """How a file of the table is named in a language: the first of its names written so."""
    plain = [file for file in table.files if file.isascii() == (lang == "en")]
    return (plain or [*table.files, name])[0]
