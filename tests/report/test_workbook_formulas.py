"""Formulas and scales in the words of the tables they read."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from riskkit.model import load_model
from riskkit.model.schema import Item
from riskkit.report.formulas import aggregate_in_words, in_words, rows_in_words, scale_in_words
from riskkit.report.tables import value_words
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


def test_the_least_number_of_staff_a_rate_counts_is_told() -> None:
    """A6.3 is a rate over staff with a floor of 100."""
    model = load_model("confidentiality")
    assert "÷ max(在册人数, 100)" in in_words(model.items["A6.3"].measure, model, "zh")


def test_values_in_sentences_have_their_units() -> None:
    item = load_model("confidentiality").items["A6.3"]
    assert value_words(3.0, item, "zh") == "每百人 3.00"
    assert value_words(3.0, item, "en") == "3.00 per 100 staff"
    assert value_words(math.nan, item, "en") == "–"


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


SCALES = [
    (
        {"type": "goalposts", "low": 1, "high": 9},
        "lower_better",
        "9 → 0, 1 → full marks, in proportion between",
    ),
    (
        {"type": "steps", "points": [[0.8, 60], [0.95, 100]], "otherwise": 10},
        "higher_better",
        "≥ 0.95 → 100, ≥ 0.8 → 60, else → 10",
    ),
    ({"type": "steps", "points": [[2, 100], [5, 60]]}, "lower_better", "≤ 2 → 100, ≤ 5 → 60, else → 0"),
    (
        {"type": "distance_to_target", "target": 0.95, "zero_at": 0.5},
        "higher_better",
        "target 0.95 met → full marks, falling with the distance to 0 at 0.5",
    ),
    (
        {"type": "distance_to_target", "target": 60, "zero_at": 80, "both_sides": True},
        "target_better",
        "60 exactly → full marks, falling with the distance on either side to 0 at 40 and 80",
    ),
    (
        {"type": "z_score", "at_mean": 50, "per_sd": 12.5},
        "higher_better",
        "mean of the reference period → 50, 12.5 more for each standard deviation better",
    ),
    ({"type": "min_max"}, "higher_better", "worst value of the reference period → 0"),
    ({"type": "rank"}, "higher_better", "by rank among the units of the reference period"),
    ({"type": "percentile"}, "higher_better", "by percentile rank in the reference period"),
    ({"type": "borda"}, "higher_better", "by Borda count in the reference period"),
]


@pytest.mark.parametrize(("scale", "direction", "told"), SCALES)
def test_every_kind_of_scale_is_told_in_both_languages(
    scale: dict[str, Any], direction: str, told: str
) -> None:
    income = load_model("hdi").items["income"].model_dump()
    item = Item.model_validate(income | {"scale": scale, "direction": direction})
    assert scale_in_words(item, "en").startswith(told)
    chinese = scale_in_words(item, "zh")
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert not re.search("[a-z]{2}", chinese)


def test_a_scale_is_told_with_all_the_digits_it_has_and_no_others() -> None:
    """0.07 as a binary number times 100 is a little above 7."""
    item = load_model("hdi").items["income"]
    scale = item.scale.model_copy(update={"low": 1_000_000.0, "high": 1_234_567.25})
    assert scale_in_words(item.model_copy(update={"scale": scale}), "en").startswith(
        "1,000,000 → 0, 1,234,567.25 → full marks"
    )
    share = item.model_copy(update={"unit": "ratio", "scale": item.scale.model_copy(update={"low": 0.07})})
    assert scale_in_words(share, "en").startswith("7% → 0")


def test_every_way_to_aggregate_is_told_with_its_exponent() -> None:
    model = load_model("confidentiality")
    for kind, exponent, english, chinese in (
        ("arithmetic", None, "weighted arithmetic mean", "加权算术平均"),
        ("geometric", None, "weighted geometric mean", "加权几何平均"),
        ("harmonic", None, "weighted harmonic mean", "加权调和平均"),
        ("power", 0.5, "weighted power mean (exponent 0.5)", "加权幂平均（指数 0.5）"),
        ("minimum", None, "minimum", "最小值"),
    ):
        spec = model.with_aggregate(kind, exponent).spec
        assert (aggregate_in_words(spec, "en"), aggregate_in_words(spec.nodes[0], "zh")) == (english, chinese)


@pytest.mark.parametrize("name", ["confidentiality", "hdi"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_item_of_the_packaged_models_can_be_told(name: str, lang: Language) -> None:
    model = load_model(name)
    for item in model.items.values():
        assert in_words(item.measure, model, lang)
        assert scale_in_words(item, lang)
