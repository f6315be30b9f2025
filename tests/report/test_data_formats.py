"""The pages on data formats say what the tables say: what can be made from the model is made from it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from riskkit import texts
from riskkit.evidence.files import OLD, READABLE
from riskkit.evidence.headers import HEADER_SEARCH
from riskkit.model import load_model
from riskkit.report.data_formats import BEGIN, END, page, refresh, sections

DOCS = Path(__file__).parents[2] / "docs"
MODEL = load_model("confidentiality")


def text(lang: texts.Language) -> str:
    return (DOCS / f"data-formats.{lang}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("lang", texts.LANGUAGES)
def test_the_page_is_what_the_tables_make_it(lang: texts.Language) -> None:
    """If this fails: python -m riskkit.report.data_formats docs"""
    assert text(lang) == page(text(lang), MODEL, lang)


@pytest.mark.parametrize("lang", texts.LANGUAGES)
def test_every_table_column_and_choice_is_on_the_page(lang: texts.Language) -> None:
    made = sections(MODEL, lang)
    for name, table in MODEL.tables.items():
        (section,) = re.findall(rf"^### [^\n]* `{name}`\n(.*?)(?=^### |\Z)", made, re.DOTALL | re.MULTILINE)
        for key, column in table.columns.items():
            (row,) = [line for line in section.splitlines() if f"| `{key}` |" in line]
            assert all(f"`{code}`" in row for code in column.choices)
            assert column.about is None or column.about[lang] in row


def test_a_changed_table_changes_the_page(tmp_path: Path) -> None:
    for lang in texts.LANGUAGES:
        spoilt = text(lang).replace("`staff_no`", "`number`")
        (tmp_path / f"data-formats.{lang}.md").write_text(spoilt, encoding="utf-8")
        assert spoilt != page(spoilt, MODEL, lang)
    refresh(tmp_path)
    assert [
        (tmp_path / f"data-formats.{lang}.md").read_text(encoding="utf-8") for lang in texts.LANGUAGES
    ] == [text(lang) for lang in texts.LANGUAGES]


def test_what_stands_around_the_tables_is_left_alone(tmp_path: Path) -> None:
    shutil.copy(DOCS / "data-formats.en.md", tmp_path)
    made = page(f"before\n{BEGIN}\nold\n{END}\nafter\n", MODEL, "en")
    assert made.startswith("before\n")
    assert made.endswith("\nafter\n")
    assert "old" not in made.splitlines()


@pytest.mark.parametrize("lang", texts.LANGUAGES)
def test_the_words_agree_with_the_readers(lang: texts.Language) -> None:
    written = text(lang).split(BEGIN)[0]
    assert all(f"`{suffix}`" in written for suffix in READABLE + OLD)
    assert f" {HEADER_SEARCH} " in written
    assert all(
        texts.say(f"state.{state}", lang) in written
        for state in ("measured", "carried_over", "postponed", "refused")
    )
