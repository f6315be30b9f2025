"""Formulas and scales in the words of the tables they read."""

from __future__ import annotations

import pytest

from riskkit.model import load_model
from riskkit.report.formulas import in_words, rows_in_words, scale_in_words
from riskkit.texts import LANGUAGES, Language


def test_a_ratio_names_its_table_and_columns_in_the_readers_language() -> None:
    model = load_model("confidentiality")
    measure = model.items["A1.1"].measure
    chinese, english = (in_words(measure, model, lang) for lang in LANGUAGES)
    assert chinese.startswith("《保密责任书》∑(签订日期 ≤ 截止日 且 ")
    assert english.startswith("Responsibility letters: ∑(Signed on ≤ cut-off and ")


def test_parameters_appear_with_their_values_and_choices_with_their_names() -> None:
    model = load_model("confidentiality")
    told = in_words(model.items["A2.2"].measure, model, "zh")
    assert "730" in told
    assert "2024-09-01" in told
    assert "policy_review_days" not in told
    assert "“泄露”" in rows_in_words(model.red_lines["RL02"].candidate, model, "zh")


def test_what_a_join_takes_is_told_by_its_table() -> None:
    model = load_model("confidentiality")
    assert "培训记录行数" in in_words(model.items["B2.1"].measure, model, "zh")


def test_a_composite_shows_its_parts_with_their_weights() -> None:
    model = load_model("confidentiality")
    told = in_words(model.items["B3.3"].measure, model, "zh")
    assert told.startswith("0.7 × [")
    assert " + 0.3 × [" in told


def test_scales_say_which_value_gives_how_many_points() -> None:
    model = load_model("confidentiality")
    assert scale_in_words(model.items["A1.1"], "zh") == "60% → 0、90% → 60、100% → 100"
    income = load_model("hdi").items["income"]
    assert scale_in_words(income, "en").startswith("100 → 0, 75,000 → full marks")


@pytest.mark.parametrize("name", ["confidentiality", "hdi"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_item_of_the_packaged_models_can_be_told(name: str, lang: Language) -> None:
    model = load_model(name)
    for item in model.items.values():
        assert in_words(item.measure, model, lang)
        assert scale_in_words(item, lang)
