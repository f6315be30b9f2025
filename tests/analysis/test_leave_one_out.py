"""`leave_one_out` against models without the node, scored anew; by hand; and what cannot be left out."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from riskkit.analysis.leave_one_out import leave_one_out
from riskkit.errors import Misuse
from riskkit.model import IndicatorModel
from riskkit.scoring.assessment import Assessment, score
from tests.analysis import sample
from tests.scoring import tiny

VALUES: dict[str, dict[str, float | str]] = {
    "u": {"a1": 0.8, "a2": 0.6, "b1": 0.9},
    "v": {"a1": 0.2, "a2": 0.6, "b1": 0.95},
    "w": {"a1": 0.9, "a2": 0.7, "b1": 0.3},
}
"""A is 70, 40 and 80, B 90, 95 and 30: 0.6·A + 0.4·B = 78, 62 and 60."""


def assess(values: dict[str, dict[str, float | str]] = VALUES, **more: object) -> Assessment:
    small = tiny.model(**more)
    return score(small, tiny.measures(small, values))


def test_without_each_dimension() -> None:
    """Without A: 90, 95, 30, ranks 2, 1, 3: changes +12, +33, −30, mean 5. Without B: 70, 40, 80, ranks 2, 3, 1:
    changes −8, −22, +20, mean −10/3. Spearman of 1, 2, 3 with 2, 1, 3: 1 − 6·2/24 = 0.5; with 2, 3, 1: 1 − 6·6/24."""
    found = leave_one_out(assess(), depth=1)
    assert list(found.nodes.index) == ["B", "A"]
    assert found.scores.loc[["u", "v", "w"], "A"].tolist() == [90.0, 95.0, 30.0]
    assert found.ranks.loc[["u", "v", "w"], "A"].tolist() == [2.0, 1.0, 3.0]
    assert found.ranks.loc[["u", "v", "w"], "B"].tolist() == [2.0, 3.0, 1.0]
    assert found.nodes.loc["A"].tolist() == pytest.approx([0.6, 5.0, 33.0, 1.0, 0.5])
    assert found.nodes.loc["B"].tolist() == pytest.approx([0.4, -10 / 3, -22.0, -2.0, -0.5])


def test_an_only_child_is_not_tried() -> None:
    """b1 is all of B."""
    assert sorted(leave_one_out(assess()).nodes.index) == ["a1", "a2"]
    assert sorted(leave_one_out(assess(), depth=2).nodes.index) == ["a1", "a2"]


def test_a_unit_left_nothing_has_no_score_and_counts_nowhere() -> None:
    """x is A alone, 50. Without A it has nothing; of u, v, w the mean change is that of the three, and the correlation
    that of the three: 1, 2, 3 with 2, 1, 3. Without B, B's 40 % go to A in the others."""
    alone: dict[str, float | str] = {"a1": 0.5, "a2": 0.5, "b1": "not_applicable"}
    found = leave_one_out(assess(VALUES | {"x": alone}), depth=1)
    assert found.scores.loc["x", "B"] == 50.0
    assert math.isnan(found.scores.loc["x", "A"])
    assert math.isnan(found.ranks.loc["x", "A"])
    assert found.nodes.loc["A"].tolist() == pytest.approx([0.6, 5.0, 33.0, 1.0, 0.5])


def test_the_least_child_can_be_left_out_too() -> None:
    """Under the minimum u is 70, v 40, w 30; without A they are B, 90, 95 and 30, without B they are A."""
    found = leave_one_out(assess(aggregate="minimum"), depth=1)
    assert found.scores.loc[["u", "v", "w"], "A"].tolist() == [90.0, 95.0, 30.0]
    assert found.scores.loc[["u", "v", "w"], "B"].tolist() == [70.0, 40.0, 80.0]


def test_nothing_is_told_of_an_order_where_all_are_alike() -> None:
    """Without A all are 50; without B all keep their order."""
    values: dict[str, dict[str, float | str]] = {
        unit: {"a1": own, "a2": own, "b1": 0.5} for unit, own in (("u", 0.2), ("v", 0.6))
    }
    found = leave_one_out(assess(values), depth=1).nodes["rank_correlation"]
    assert found["B"] == pytest.approx(1.0)
    assert math.isnan(found["A"])


def test_nobody_ranked_leaves_nothing_to_tell() -> None:
    """Coverage is below what a grade needs: the parts are listed, without numbers."""
    found = leave_one_out(assess({"u": {"a1": 0.5, "a2": "not_assessed", "b1": "not_assessed"}}), depth=1)
    assert found.nodes.drop(columns="weight").isna().all(axis=None)
    assert found.scores.empty


def without(model: IndicatorModel, name: str) -> IndicatorModel:
    """The model with a node's weight shared out among its siblings."""
    parent = model.parents[name]
    siblings = [other for other in model.nodes if model.parents[other] == parent and other != name]
    rest = sum(model.nodes[other].weight for other in siblings)
    return model.with_weights({name: 0.0} | {other: model.nodes[other].weight / rest for other in siblings})


@pytest.mark.parametrize("depth", [1, 2, 3, None])
@pytest.mark.parametrize("seed", [0, 1])
def test_scores_and_ranks_are_those_of_the_model_without_the_node(seed: int, depth: int | None) -> None:
    small = sample.model(provisional={"coverage": 0.0})
    made = sample.measures(small, seed)
    now = score(small, made)
    found = leave_one_out(now, depth=depth)
    expected = {1: {"A", "B", "C"}, 2: {"a1", "A2", "b1", "b2"}, 3: {"a21", "a22"}}
    expected[None] = {"a1", "a21", "a22", "b1", "b2"}  # type: ignore[index]  # the items of all depths
    assert set(found.nodes.index) == expected[depth]  # type: ignore[index]
    for name in found.nodes.index:
        anew = score(without(small, name), made).summary.loc[found.scores.index]
        np.testing.assert_allclose(found.scores[name], anew["score"], rtol=0, atol=1e-9)
        np.testing.assert_array_equal(found.ranks[name], anew["rank"])
        moved = (anew["rank"] - now.summary.loc[anew.index, "rank"]).abs().max()
        assert abs(found.nodes.loc[name, "largest_move"]) == moved
        assert found.nodes.loc[name, "weight"] == small.nominal_weights[name]
    order = found.nodes["rank_correlation"]
    assert pd.Series(order.dropna()).is_monotonic_increasing


@pytest.mark.parametrize("depth", [0, 3, 9])
def test_a_depth_without_nodes_is_refused(depth: int) -> None:
    with pytest.raises(Misuse) as refused:
        leave_one_out(assess(), depth=depth)
    assert refused.value.key == "nothing_to_leave_out"


def test_a_model_of_one_item_has_nothing_to_leave_out() -> None:
    node = {"id": "A", "name": tiny.name("A"), "weight": 1.0, "children": [tiny.item("a1", 1.0)]}
    with pytest.raises(Misuse):
        leave_one_out(assess({"u": {"a1": 0.5}, "v": {"a1": 0.7}}, nodes=[node]))
