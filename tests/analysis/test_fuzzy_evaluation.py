"""Fuzzy comprehensive evaluation of the tiny model (see `tests.scoring.tiny`), worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskkit.analysis.fuzzy_evaluation import fuzzy_evaluation
from riskkit.errors import Misuse
from riskkit.scoring.assessment import Assessment, score
from riskkit.scoring.fuzzy import OPERATORS, memberships
from tests.scoring import tiny

VALUES = {"u": {"a1": 0.9, "a2": 0.75, "b1": 0.8}}
"""Grades from 90, 70 and 0. Slopes: 10 wide (half of 10 to either side) at 90, 20 wide at 70.

a1 = 90: A ½, B ½. a2 = 75: B 0.75, C 0.25 (15 of 20 up from 60). b1 = 80: B 1.
"""


def assess(values: dict) -> Assessment:
    small = tiny.model()
    return score(small, tiny.measures(small, values))


def test_degrees_go_up_the_tree() -> None:
    """Node A: A 0.25, B 0.625, C 0.125. Total, 0.6 and 0.4: A 0.15, B 0.375 + 0.4 = 0.775, C 0.075.

    Grades are worth 95, 80 and 35: 0.15 × 95 + 0.775 × 80 + 0.075 × 35 = 14.25 + 62 + 2.625 = 78.875.
    """
    found = fuzzy_evaluation(assess(VALUES))
    assert found.nodes["A"].loc["u"].tolist() == pytest.approx([0.25, 0.625, 0.125])
    assert found.nodes["B"].loc["u"].tolist() == pytest.approx([0.0, 1.0, 0.0])
    assert found.units.loc["u", ["A", "B", "C"]].tolist() == pytest.approx([0.15, 0.775, 0.075])
    assert found.units.loc["u", "score"] == pytest.approx(78.875)
    assert found.units.loc["u", ["grade", "tied"]].tolist() == ["B", False]


@pytest.mark.parametrize(
    ("operator", "node", "total"),
    [
        # Node A, weights ½: A max(min(½, ½), 0) = ½; B max(½, ½) = ½; C ¼; of 1.25: 0.4, 0.4, 0.2.
        # Total: A min(0.6, 0.4) = 0.4; B max(0.4, min(0.4, 1)) = 0.4; C 0.2; of 1: as they are.
        ("min_max", [0.4, 0.4, 0.2], [0.4, 0.4, 0.2]),
        # Node A: A ¼; B max(¼, 0.375) = 0.375; C 0.125; of 0.75: 1/3, 1/2, 1/6.
        # Total: A 0.2; B max(0.3, 0.4) = 0.4; C 0.1; of 0.7.
        ("dot_max", [1 / 3, 1 / 2, 1 / 6], [2 / 7, 4 / 7, 1 / 7]),
        # Node A: A ½; B ½ + ½ = 1; C ¼; of 1.75: 2/7, 4/7, 1/7.
        # Total: A 2/7; B 4/7 + 0.4 = 6.8/7; C 1/7; of 9.8/7.
        ("min_plus", [2 / 7, 4 / 7, 1 / 7], [2 / 9.8, 6.8 / 9.8, 1 / 9.8]),
    ],
)
def test_every_level_is_combined_and_normalised(operator: str, node: list, total: list) -> None:
    found = fuzzy_evaluation(assess(VALUES), operator=operator)  # type: ignore[arg-type]
    assert found.nodes["A"].loc["u"].tolist() == pytest.approx(node)
    assert found.units.loc["u", ["A", "B", "C"]].tolist() == pytest.approx(total)
    assert found.nodes[""].loc["u"].tolist() == pytest.approx(total)


def test_of_equal_degrees_the_better_grade_is_taken() -> None:
    """M(∧,∨) above: A and B both 0.4."""
    units = fuzzy_evaluation(assess(VALUES), operator="min_max").units
    assert units.loc["u", ["grade", "tied"]].tolist() == ["A", True]


def test_what_does_not_apply_hands_its_weight_to_its_siblings() -> None:
    """Without b1 the whole is node A; without a2 node A is a1."""
    found = fuzzy_evaluation(assess({"u": {"a1": 0.9, "a2": "not_applicable", "b1": "not_applicable"}}))
    assert found.units.loc["u", ["A", "B", "C"]].tolist() == pytest.approx([0.5, 0.5, 0.0])


def test_grade_values_may_be_given() -> None:
    """0.15 × 100 + 0.775 × 80 + 0.075 × 60 = 15 + 62 + 4.5 = 81.5."""
    found = fuzzy_evaluation(assess(VALUES), grade_values={"A": 100, "B": 80, "C": 60})
    assert found.units.loc["u", "score"] == pytest.approx(81.5)


@pytest.mark.parametrize("values", [{"A": 100, "B": 80}, {"A": 1, "B": 1, "C": 1, "D": 1}])
def test_grade_values_of_other_grades_are_refused(values: dict) -> None:
    with pytest.raises(Misuse):
        fuzzy_evaluation(assess(VALUES), grade_values=values)


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(Misuse):
        fuzzy_evaluation(assess(VALUES), operator="sum")  # type: ignore[arg-type]


def test_a_provisional_unit_has_degrees_and_no_grade() -> None:
    """Only b1 of 0.4 is measured, below the coverage of 0.5; a1 and a2 count 0 and are wholly C."""
    units = fuzzy_evaluation(assess({"u": {"a1": "not_assessed", "a2": "not_assessed", "b1": 0.95}})).units
    assert units.loc["u", ["A", "B", "C"]].tolist() == pytest.approx([0.4, 0.0, 0.6])
    assert units["grade"].isna().loc["u"]


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_sample_banks_degrees_sum_to_1(sample_assessment: Assessment, operator: str) -> None:
    found = fuzzy_evaluation(sample_assessment, operator=operator)  # type: ignore[arg-type]
    for degrees in found.nodes.values():
        known = degrees.dropna(how="all")
        assert np.allclose(known.sum(axis=1), 1.0)
    assert found.units["score"].between(0, 100).all()
    assert len(found.units) == len(sample_assessment.summary)


def test_under_the_weighted_mean_levels_make_no_difference(sample_assessment: Assessment) -> None:
    """M(·,⊕) level by level is one mean over the items by their effective weights, as the score is."""
    items, model = sample_assessment.items, sample_assessment.model
    limits = np.array([grade.min for grade in model.spec.grades][:-1])
    degrees = memberships(items["points"].to_numpy(), limits, model.spec.score.maximum)
    weighted = pd.DataFrame(np.nan_to_num(degrees) * items[["weight"]].to_numpy(), columns=list(model.grades))
    flat = weighted.groupby(items["unit"].to_numpy()).sum()
    found = fuzzy_evaluation(sample_assessment).units[list(model.grades)]
    assert np.allclose(found, flat.reindex(found.index))
