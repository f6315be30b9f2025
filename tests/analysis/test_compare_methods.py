"""The tiny model (see `tests.scoring.tiny`) under other methods, worked by hand, and what must hold for any bank."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskkit.analysis.methods import MethodComparison, compare_methods, tree_weights
from riskkit.errors import Misuse
from riskkit.scoring.assessment import Assessment, score
from tests.scoring import tiny

VALUES = {
    "u": {"a1": 0.9, "a2": 0.4, "b1": 0.8},
    "v": {"a1": 0.6, "a2": 0.6, "b1": 0.8},
    "w": {"a1": 1.0, "a2": 0.0, "b1": 1.0},
}
"""A, B and total: u 65, 80, 71; v 60, 80, 68; w 50, 100, 70."""


def assess(values: dict = VALUES, events: list | None = None) -> Assessment:
    small = tiny.model()
    return score(small, tiny.measures(small, values, events))


def scores(method: str) -> dict[str, float]:
    return compare_methods(assess(), [method]).scores[method].sort_index().to_dict()


def test_arithmetic_is_the_tiny_models_own_method() -> None:
    assert scores("arithmetic") == {"u": 71.0, "v": 68.0, "w": 70.0}


def test_the_geometric_mean_is_0_where_a_part_is_0() -> None:
    """u: A = √(90 × 40) = 60, 60^0.6 × 80^0.4 = 67.32. v: 60^0.6 × 80^0.4, the same. w: A = √(100 × 0) = 0."""
    assert scores("geometric") == {"u": 67.32, "v": 67.32, "w": 0.0}


def test_the_harmonic_mean_is_0_where_a_part_is_0() -> None:
    """u: A = 2 ÷ (1/90 + 1/40) = 55.3846; 1 ÷ (0.6/55.3846 + 0.4/80) = 63.1579. v: 1 ÷ (0.6/60 + 0.4/80) = 66.67."""
    assert scores("harmonic") == {"u": 63.16, "v": 66.67, "w": 0.0}


def test_the_power_mean_of_one_half() -> None:
    """u: A = ((√90 + √40) ÷ 2)² = (7.905694)² = 62.5; (0.6 × 7.905694 + 0.4 × 8.944272)² = 8.321125² = 69.24.

    v: (0.6 × 7.745967 + 0.4 × 8.944272)² = 8.225289² = 67.66. w: A = 5² = 25; (0.6 × 5 + 0.4 × 10)² = 49.
    """
    assert scores("power") == {"u": 69.24, "v": 67.66, "w": 49.0}


def test_the_weakest_dimension_is_the_total() -> None:
    assert scores("weakest_dimension") == {"u": 65.0, "v": 60.0, "w": 50.0}


def test_equal_weights_are_equal_for_every_item() -> None:
    """u: (90 + 40 + 80) ÷ 3 = 70; v: 200 ÷ 3; w: 200 ÷ 3."""
    assert scores("equal_weights") == {"u": 70.0, "v": 66.67, "w": 66.67}


def test_standard_deviation_weights_follow_the_spread() -> None:
    """Points stretched to 0-1: a1 0.75, 0, 1; a2 2/3, 1, 0; b1 0, 0, 1. Deviations 0.42492, 0.41574, 0.47140 of 1.31206:

    weights 0.32386, 0.31686, 0.35928. u: 90 × 0.32386 + 40 × 0.31686 + 80 × 0.35928 = 29.147 + 12.674 + 28.742 = 70.56.
    """
    assert scores("standard_deviation_weights")["u"] == 70.56


@pytest.mark.parametrize("method", ["entropy_weights", "critic_weights", "standard_deviation_weights"])
def test_where_no_item_differs_weights_from_the_data_say_nothing(method: str) -> None:
    compared = compare_methods(assess({"u": VALUES["u"], "v": VALUES["u"]}), [method])
    assert compared.ranks[method].isna().all()
    assert compared.grades[method].isna().all()
    assert compared.ranges["best_grade"].tolist() == ["B", "B"]


def test_borda_counts() -> None:
    """a1: u ½, v 0, w 1. a2: u ½, v 1, w 0. b1: u and v level with one of two: ¼, w 1. Weights 0.3, 0.3, 0.4."""
    assert scores("borda") == pytest.approx({"u": 0.4, "v": 0.4, "w": 0.7})


def test_topsis_on_the_items_points() -> None:
    """a1 (90, 60, 100): best w, worst v; a2 (40, 60, 0): best v, worst w; b1 (80, 80, 100): best w.

    Lengths: √21700 = 147.309, √5200 = 72.111, √22800 = 150.997. Weighted differences from the best: u 0.02037, 0.08321,
    0.05298; from the worst 0.06110, 0.16641, 0. Distances 0.10072 and 0.17727: 0.63769.
    """
    assert scores("topsis")["u"] == pytest.approx(0.63769, abs=1e-5)


def test_the_fuzzy_score_and_grade() -> None:
    """u: a1 = 90: A ½, B ½; a2 = 40: C 1; b1 = 80: B 1. Total A 0.15, B 0.55, C 0.3: 14.25 + 44 + 10.5 = 68.75."""
    compared = compare_methods(assess(), ["fuzzy"])
    assert compared.scores.loc["u", "fuzzy"] == 68.75
    assert compared.grades.loc["u", "fuzzy"] == "B"


def test_equal_scores_share_the_better_rank_and_the_model_leads_the_rows() -> None:
    """Own: u 71, w 70, v 68. Geometric: u and v 67.32, w 0."""
    compared = compare_methods(assess(), ["geometric"])
    assert compared.ranks["own"].to_dict() == {"u": 1, "w": 2, "v": 3}
    assert compared.ranks["geometric"].to_dict() == {"u": 1, "w": 3, "v": 1}
    assert list(compared.ranks.index) == ["u", "w", "v"]


def test_ranges_say_who_depends_on_the_method() -> None:
    """Weakest dimension: u 65, v 60, w 50. Own grades: u B, w C (A = 50 < 60), v C (68 < 70). Weakest: all C."""
    compared = compare_methods(assess(), ["weakest_dimension"], places=1)
    rows = compared.ranges
    assert rows[["rank", "best", "worst", "places"]].loc["w"].tolist() == [2, 2, 3, 1]
    assert rows.loc["u", ["grade", "best_grade", "worst_grade", "dependent"]].tolist() == [
        "B",
        "B",
        "C",
        True,
    ]
    assert list(compared.dependent.index) == ["u"]
    assert list(compare_methods(assess(), ["weakest_dimension"], places=0).dependent.index) == ["w", "v", "u"]
    changes = compared.grade_changes.to_dict("records")
    assert changes == [{"unit": "u", "method": "weakest_dimension", "own": "B", "grade": "C", "steps": 1}]


def test_correlations_are_those_of_the_ranks() -> None:
    """Own u, w, v; weakest dimension u, v, w: Spearman 1 − 6 × 2 ÷ 24 = 0.5; of three pairs two agree: τ = 1/3."""
    row = compare_methods(assess(), ["weakest_dimension"]).correlations.iloc[0]
    assert row[["method", "other", "units"]].tolist() == ["own", "weakest_dimension", 3]
    assert (row["spearman"], row["kendall"]) == (pytest.approx(0.5), pytest.approx(1 / 3))


def test_ranks_all_alike_have_no_correlation() -> None:
    compared = compare_methods(assess({"u": VALUES["u"], "v": VALUES["u"]}), ["borda"])
    assert compared.correlations[["spearman", "kendall"]].isna().all(axis=None)
    assert compared.ranks["borda"].tolist() == [1, 1]


def test_units_that_topsis_cannot_tell_apart_have_no_rank_there() -> None:
    compared = compare_methods(assess({"u": VALUES["u"], "v": VALUES["u"]}), ["topsis"])
    assert compared.ranks["topsis"].isna().all()
    assert compared.ranges["worst"].tolist() == [1, 1]


# --- red lines


def test_deductions_caps_and_vetoes_hold_under_every_method_that_grades() -> None:
    """All items full: 100, fuzzily 95. LEAK deducts 6, CAP 4 and caps at C; VETO is the lowest grade, the last rank."""
    full = dict.fromkeys(("a1", "a2", "b1"), 1.0)
    events = [
        {"event_no": "1", "red_line": "LEAK", "unit": "leak", "severity": "major"},
        {"event_no": "2", "red_line": "CAP", "unit": "cap"},
        {"event_no": "3", "red_line": "VETO", "unit": "veto"},
    ]
    values = {"clean": full, "leak": full, "cap": full, "veto": full, "u": VALUES["u"], "v": VALUES["v"]}
    compared = compare_methods(assess(values, events))
    unharmed, kept = compared.scores.loc["clean"], compared.grades.columns
    assert unharmed[kept].drop("fuzzy").eq(100).all()
    assert unharmed["fuzzy"] == 95
    for unit, deducted, grade in (("clean", 0, "A"), ("leak", 6, "B"), ("cap", 4, "C"), ("veto", 0, "C")):
        assert (unharmed[kept] - compared.scores.loc[unit, kept]).eq(deducted).all(), unit
        assert compared.grades.loc[unit].eq(grade).all(), unit
    assert compared.ranks.loc["veto"].eq(6).all()


def test_provisional_units_are_ranked_by_no_method_and_enter_no_ideal() -> None:
    """p measures b1 alone, best of all; without it borda counts among two: a1 u 1, a2 v 1, b1 level."""
    values = {
        "u": VALUES["u"],
        "v": VALUES["v"],
        "p": {"a1": "not_assessed", "a2": "not_assessed", "b1": 1.0},
    }
    compared = compare_methods(assess(values))
    assert compared.ranks.loc["p"].isna().all()
    assert compared.grades.loc["p"].isna().all()
    assert compared.scores["borda"].drop("p").to_dict() == pytest.approx({"u": 0.5, "v": 0.5})
    assert "p" not in compared.ranges.index


# --- what may be asked


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(Misuse) as refused:
        compare_methods(assess(), ["topsi"])
    assert "topsis" in refused.value.message("en")


def test_methods_come_in_the_order_asked_after_the_models_own() -> None:
    assert list(compare_methods(assess(), ["topsis", "borda", "topsis"]).scores) == ["own", "topsis", "borda"]


def test_no_methods_leave_the_models_own() -> None:
    compared = compare_methods(assess(), [])
    assert list(compared.scores) == ["own"]
    assert compared.dependent.empty
    assert compared.grade_changes.empty
    assert compared.correlations.empty


def test_tree_weights_give_each_item_its_share() -> None:
    """a1 2, a2 1, b1 1 of 4: A 0.75 with 2/3 and 1/3, B 0.25."""
    found = tree_weights(tiny.model(), {"a1": 2, "a2": 1, "b1": 1})
    assert found == pytest.approx({"A": 0.75, "B": 0.25, "a1": 2 / 3, "a2": 1 / 3, "b1": 1.0})


def test_a_branch_of_the_tree_without_weight_keeps_its_own_inside() -> None:
    assert tree_weights(tiny.model(), {"b1": 1}) == {"A": 0.0, "B": 1.0, "b1": 1.0}


# --- the sample bank


@pytest.fixture(scope="module")
def bank(sample_assessment: Assessment) -> MethodComparison:
    return compare_methods(sample_assessment)


def test_the_sample_bank_has_a_rank_under_every_method_for_each_ranked_unit(
    bank: MethodComparison, sample_assessment: Assessment
) -> None:
    ranked = sample_assessment.ranking()["rank"].dropna()
    pd.testing.assert_series_equal(bank.ranks["own"].dropna(), ranked, check_names=False)
    assert bank.ranks.loc[ranked.index].notna().all(axis=None)
    assert bank.ranks.drop(ranked.index).isna().all(axis=None)
    assert bank.ranks.loc[ranked.index].max(axis=None) <= len(ranked)


def test_every_mean_of_the_sample_bank_lies_below_the_arithmetic_one(bank: MethodComparison) -> None:
    """Hardy, Littlewood and Pólya: a mean of a higher exponent is never the smaller one."""
    means = bank.scores[["harmonic", "geometric", "power", "arithmetic"]].to_numpy()
    assert (np.diff(means, axis=1) >= -0.01).all()


def test_fuzzy_grades_never_pass_caps_and_vetoes(
    bank: MethodComparison, sample_assessment: Assessment
) -> None:
    order = list(sample_assessment.model.grades)
    events = sample_assessment.events
    capped = events[(events["status"] == "in_effect") & events["cap"].notna()]
    assert len(capped)
    for event in capped.itertuples():
        if event.unit in bank.grades.index and isinstance(bank.grades.loc[event.unit, "fuzzy"], str):
            assert order.index(bank.grades.loc[event.unit, "fuzzy"]) >= order.index(str(event.cap))
