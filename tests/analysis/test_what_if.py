"""`what_if` against the model and the measures made anew and scored; by hand; and what is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskkit.analysis.what_if import parameters, what_if
from riskkit.errors import Misuse
from riskkit.evidence.measures import Measures
from riskkit.model import IndicatorModel
from riskkit.model.schema import ModelSpec
from riskkit.scoring.assessment import Assessment, score
from tests.analysis import sample
from tests.scoring import tiny

VALUES: dict[str, dict[str, float | str]] = {
    "u": {"a1": 0.8, "a2": 0.6, "b1": 0.9},
    "v": {"a1": 0.2, "a2": 0.6, "b1": 0.9},
    "w": {"a1": "not_applicable", "a2": 0.5, "b1": 0.7},
}
"""A is 70, 40 and 50, B 90, 90 and 70: 0.6·A + 0.4·B = 78, 60 and 58."""


def assess(events: list[dict[str, Any]] | None = None, **more: Any) -> Assessment:
    small = tiny.model(**more)
    return score(small, tiny.measures(small, VALUES, events))


# --- by hand


def test_another_weight_moves_scores_and_ranks() -> None:
    """A at 0.1 beside 0.4 for B has a fifth: 14 + 72 = 86, 8 + 72 = 80 and 10 + 56 = 66."""
    found = what_if(assess(), {"weight:A": 0.1})
    assert found["score_before"].tolist() == [78.0, 60.0, 58.0]
    assert found["score_after"].tolist() == [86.0, 80.0, 66.0]
    assert found["change"].tolist() == [8.0, 20.0, 8.0]
    assert found["rank_after"].tolist() == [1.0, 2.0, 3.0]
    assert list(found.columns) == [
        "name",
        "score_before",
        "score_after",
        "change",
        "rank_before",
        "rank_after",
    ]


def test_a_series_changes_the_units_it_names_alone() -> None:
    """v at 1 on a1: A = 80, 48 + 36 = 84, and v is first."""
    for change in ({"value:a1": pd.Series({"v": 1.0})}, {"points:a1": pd.Series({"v": 100.0})}):
        found = what_if(assess(), change)
        assert found["score_after"].tolist() == [78.0, 84.0, 58.0]
        assert found["rank_after"].tolist() == [2.0, 1.0, 3.0]


def test_a_series_leaves_the_others_to_another_change_of_the_same_item() -> None:
    """u has 20 points on a1: A = 40, 60. v's 0.2 on a scale from 50 to 100 is 60: A = 60, 72."""
    found = what_if(assess(), {"points:a1": pd.Series({"u": 20.0}), "scale:a1:0:score": 50.0})
    assert found["score_after"].tolist() == [60.0, 72.0, 58.0]


def test_one_number_leaves_those_an_item_does_not_apply_to() -> None:
    """At 0 on a1 u and v have A = 30: 18 + 36 = 54. w stays at 58 and is first."""
    found = what_if(assess(), {"value:a1": 0.0})
    assert found["score_after"].tolist() == [54.0, 54.0, 58.0]
    assert found["rank_after"].tolist() == [2.0, 2.0, 1.0]


def test_deductions_stay_and_stop_at_nothing_and_who_is_vetoed_stays_last() -> None:
    """u lost 6: 86 − 6 = 80. Fourteen leaks take 84 from v's 80, which leaves nothing. w is vetoed, with 66."""
    events = [
        {"red_line": "LEAK", "unit": "u", "event_no": "E"},
        {"red_line": "VETO", "unit": "w", "event_no": "V"},
    ]
    events += [{"red_line": "LEAK", "unit": "v", "event_no": f"E{n}"} for n in range(14)]
    found = what_if(assess(events), {"weight:A": 0.1})
    assert found["score_after"].tolist() == [80.0, 0.0, 66.0]
    assert found["rank_after"].tolist() == [1.0, 2.0, 3.0]


def test_a_unit_that_is_left_nothing_has_no_score_and_no_rank() -> None:
    """Without B, x, of which B is all, has nothing; the others are their A: 70, 40 and 50."""
    small = tiny.model()
    alone: dict[str, float | str] = {"a1": "not_applicable", "a2": "not_applicable", "b1": 1.0}
    now = score(small, tiny.measures(small, VALUES | {"x": alone}))
    found = what_if(now, {"weight:B": 0.0})
    assert found["score_after"].tolist()[:3] == [70.0, 40.0, 50.0]
    assert found["rank_before"].tolist() == [2.0, 3.0, 4.0, 1.0]
    assert found["rank_after"].tolist()[:3] == [1.0, 3.0, 2.0]
    assert found.loc["x", ["score_after", "rank_after"]].isna().all()


def test_a_vetoed_unit_that_is_left_nothing_does_not_move_another_vetoed_one() -> None:
    small = tiny.model()
    alone: dict[str, float | str] = {"a1": "not_applicable", "a2": "not_applicable", "b1": 1.0}
    events = [{"red_line": "VETO", "unit": unit, "event_no": unit} for unit in ("x", "v")]
    found = what_if(score(small, tiny.measures(small, VALUES | {"x": alone}, events)), {"weight:B": 0.0})
    assert found["rank_after"].tolist()[:3] == [1.0, 3.0, 2.0]
    assert found.loc["x", ["score_after", "rank_after"]].isna().all()


def test_what_can_be_changed_is_listed_with_its_present_number() -> None:
    listed = parameters(assess())
    assert listed["weight:A"] == 0.6
    assert listed["scale:a1:1:value"] == 1.0
    assert listed["scale:a1:1:score"] == 100.0
    assert listed[["points:a1", "value:a1"]].isna().all()
    assert len(listed) == 5 + 3 * 6  # five weights; points, value and two knots of two numbers for each item


# --- everything made anew


def remade(
    model: IndicatorModel, weights: dict[str, float], scales: dict[str, list[list[float]]]
) -> IndicatorModel:
    """The model with other numbers written into it, weights shared out so that siblings sum to 1."""

    def nodes(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        own = [weights.get(node["id"], node["weight"]) for node in given]
        return [
            node
            | {"weight": weight / sum(own)}
            | ({"children": nodes(list(node["children"]))} if "children" in node else {})
            | (
                {"scale": {"type": "piecewise_linear", "points": scales[node["id"]]}}
                if node["id"] in scales
                else {}
            )
            for node, weight in zip(given, own, strict=True)
        ]

    content = model.spec.model_dump(mode="python", exclude_none=True)
    return IndicatorModel(ModelSpec.model_validate(content | {"nodes": nodes(list(content["nodes"]))}))


def remeasured(made: Measures, model: IndicatorModel, values: pd.Series) -> Measures:
    """The measures with other values of a1 for some units."""
    frame = made.frame.copy()
    measured = (frame["item"] == "a1") & (frame["state"] == "measured")
    frame.loc[measured, "value"] = frame["unit"].map(values).fillna(frame["value"])[measured]
    return dataclasses.replace(made, model=model, frame=frame)


@pytest.mark.parametrize("seed", range(6))
def test_scores_and_ranks_are_those_of_the_model_and_the_values_made_anew(seed: int) -> None:
    """A dimension, a node in it, an item in that, a scale and some units' values, all changed at once."""
    rng = np.random.default_rng(seed)
    small = sample.model(provisional={"coverage": 0.0})
    made = sample.measures(small, seed)
    weights = {name: float(rng.uniform(0.05, 1.0)) for name in ("A", "A2", "a22", "b1")}
    knots = [[0.1, 12.0], [0.8, 95.0]]
    values = pd.Series({unit: float(rng.random()) for unit in ("u", "vetoed", "deducted")})
    changes: dict[str, float | pd.Series] = {f"weight:{name}": weight for name, weight in weights.items()}
    changes |= {"value:a1": values}
    for at, (value, points) in enumerate(knots):
        changes |= {f"scale:c1:{at}:value": value, f"scale:c1:{at}:score": points}
    now = score(small, made)
    applies = sample.points(made, "u")["a1"] is not None
    assert applies or any(sample.points(made, unit)["a1"] is not None for unit in values.index)
    other = remade(small, weights, {"c1": knots})
    kept = now.measures.frame.query("item == 'a1' and state == 'measured'")["unit"]
    expected = score(other, remeasured(made, other, values)).summary
    found = what_if(now, changes | {"value:a1": values[values.index.isin(kept)]})
    np.testing.assert_allclose(
        found["score_after"], expected["score"].reindex(found.index), rtol=0, atol=1e-9
    )
    np.testing.assert_array_equal(found["rank_after"], expected["rank"].reindex(found.index))


# --- what is refused


@pytest.mark.parametrize(
    ("change", "key", "told"),
    [
        ({"weight:AA": 0.5}, "unknown_parameter", "weight:A"),
        ({"points:a11": pd.Series({"u": 1.0})}, "unknown_parameter", "points:a1"),
        ({"weight:A": pd.Series({"u": 1.0})}, "unknown_parameter", "points:a1"),
        ({"points:a1": pd.Series({"uu": 1.0})}, "unknown_unit", "u"),
        ({"points:a1": pd.Series({"head": 1.0})}, "unknown_unit", "head"),
        ({"points:a1": pd.Series({"w": 1.0})}, "reaches_nothing", "points:a1"),
        ({"points:a1": pd.Series({"u": np.nan})}, "reaches_nothing", "points:a1"),
        ({"weight:A": np.array([0.1, 0.2])}, "one_number", ""),
        ({"weight:A": "a half"}, "draws_number", "weight:A"),
        ({"points:a1": pd.Series({"u": "much"})}, "draws_number", "points:a1"),
        ({"points:a1": pd.Series({"u": 101.0})}, "draws_range", "points:a1"),
    ],
    ids=str,
)
def test_a_change_that_cannot_be_is_refused(change: dict[str, Any], key: str, told: str) -> None:
    with pytest.raises(Misuse) as refused:
        what_if(assess(), change)
    assert refused.value.key == key
    assert told in refused.value.message("en")
    assert refused.value.message("zh") != refused.value.message("en")
