"""A model's weights from comparisons, group by group, by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.errors import DataRefused, Misuse
from riskkit.model import IndicatorModel, load_model
from riskkit.scoring.group_weights import Group, rounded, sibling_groups, weigh_model

EXAMPLE = Path(__file__).parents[2] / "data_samples" / "worked_example" / "model"


@pytest.fixture(scope="module")
def model() -> IndicatorModel:
    """P (P1 to P4 and P4R, which is report-only) and Q (Q1 to Q4)."""
    return load_model(next(EXAMPLE.glob("*.yaml")))


def test_siblings_are_compared_from_the_top_down_and_report_only_items_are_not(model: IndicatorModel) -> None:
    assert sibling_groups(model) == (
        Group(None, ("P", "Q")),
        Group("P", ("P1", "P2", "P3", "P4")),
        Group("Q", ("Q1", "Q2", "Q3", "Q4")),
    )
    assert sibling_groups(model, "Q") == (Group("Q", ("Q1", "Q2", "Q3", "Q4")),)
    assert sibling_groups(model, "P1") == ()
    assert sibling_groups(model)[0].pairs == [("P", "Q")]
    with pytest.raises(Misuse, match="no node 'PQ'; did you mean: "):
        sibling_groups(model, "PQ")


def test_two_experts_weigh_a_model(model: IndicatorModel) -> None:
    """Li holds P for equal to Q, Wang for nine times as weighty: 3 together, ¾ and ¼. On P, Wang alone compares along a
    line, P1 : P2 = 2, P2 : P3 = 2, P3 : P4 = 1, so 4 : 2 : 1 : 1. Nobody compares Q."""
    li = {("P", "Q"): 1.0}
    wang = {("Q", "P"): 1 / 9, ("P1", "P2"): 2.0, ("P3", "P2"): 0.5, ("P3", "P4"): 1.0}
    found = weigh_model(model, {"Li": li, "Wang": wang})
    assert [each.group.parent for each in found.groups] == [None, "P"]
    assert found.weights["compared"].to_dict() == {
        "P": 0.75,
        "Q": 0.25,
        "P1": 0.5,
        "P2": 0.25,
        "P3": 0.125,
        "P4": 0.125,
    }
    assert found.weights["present"].to_dict() == {
        "P": 0.6,
        "Q": 0.4,
        "P1": 0.4,
        "P2": 0.2,
        "P3": 0.2,
        "P4": 0.2,
    }
    assert (list(found.groups[0].experts), list(found.groups[1].experts)) == (["Li", "Wang"], ["Wang"])
    assert found.inconsistent == ()


def test_the_changed_model_has_the_compared_weights_and_keeps_the_rest(model: IndicatorModel) -> None:
    changed = weigh_model(model, {"Li": {("P", "Q"): 3.0}}).changed_model()
    assert changed.spec.version == f"{model.spec.version}-ahp"
    assert changed.hash != model.hash
    weights = {name: node.weight for name, node in changed.nodes.items()}
    assert weights == {name: node.weight for name, node in model.nodes.items()} | {"P": 0.75, "Q": 0.25}
    assert weights["P4R"] == 0


def test_a_group_that_all_experts_leave_in_parts_is_refused_and_one_expert_alone_may_do_so(
    model: IndicatorModel,
) -> None:
    half = {("P1", "P2"): 3.0, ("P3", "P4"): 3.0}
    with pytest.raises(DataRefused, match=r"P: the comparisons fall into parts .*: P1, P2 \| P3, P4"):
        weigh_model(model, {"Li": half})
    found = weigh_model(model, {"Li": half, "Wang": {("P2", "P3"): 1.0}})
    assert found.groups[0].experts == {"Li": None, "Wang": None}
    assert found.weights["compared"].sum() == pytest.approx(1)


def test_a_circle_is_too_inconsistent(model: IndicatorModel) -> None:
    """P1 over P2 over P3 over P1, each 3 times: all weigh the same, and λ_max of three things is 1 + 27^⅓ + 27^−⅓."""
    circle = {("P1", "P2"): 3.0, ("P2", "P3"): 3.0, ("P3", "P1"): 3.0, ("P1", "P4"): 1.0}
    assert [each.group.parent for each in weigh_model(model, {"Li": circle}).inconsistent] == ["P"]


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=40))
def test_rounded_weights_still_sum_to_one_and_none_moves_by_a_whole_step(values: list[float]) -> None:
    weights = pd.Series(values, index=[f"t{place}" for place in range(len(values))]) / sum(values)
    found = rounded(weights)
    assert round(sum(found.values()), 10) == 1
    assert all(abs(found[str(name)] - weight) < 1.0001e-4 for name, weight in weights.items())
