"""Why a score changed: small cases worked by hand, then the properties that make it an answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskkit.analysis.attribution import Attribution, attribute
from riskkit.analysis.hybrids import GROUPS
from riskkit.errors import Misuse
from riskkit.evidence.measures import Measures
from riskkit.model import IndicatorModel
from riskkit.scoring.assessment import Assessment, score
from riskkit.workspace import open_workspace
from tests.scoring import tiny, trees

LOW = {"a1": 0.4, "a2": 0.6, "b1": 0.9}
CARRIED = "carried_over"


def two(weight: float = 0.5, **more: Any) -> IndicatorModel:
    """Two items x and y below one node N."""
    children = [tiny.item("x", weight), tiny.item("y", 1 - weight)]
    return tiny.model(
        nodes=[{"id": "N", "name": tiny.name("N"), "weight": 1.0, "children": children, **more}]
    )


def assessed(
    model: IndicatorModel, u: dict[str, float | str], events: list[dict[str, Any]] | None = None
) -> Assessment:
    return score(model, tiny.measures(model, {"u": u}, events))


def carried(assessment: Assessment, item: str) -> Assessment:
    """The same, the value of one item carried over."""
    measures = assessment.measures
    frame = measures.frame.copy()
    frame.loc[frame["item"] == item, "state"] = CARRIED
    changed = Measures(
        measures.model,
        measures.units,
        measures.period,
        frame,
        measures.staff,
        measures.evidence,
        measures.calendar,
    )
    return score(assessment.model, changed)


def terms(why: Attribution) -> dict[str, float]:
    """The groups that have a term."""
    row = why.groups.loc["u", list(GROUPS)]
    return {str(name): float(term) for name, term in row.items() if abs(term) > 1e-12}


def parts(why: Attribution) -> dict[tuple[str, str], float]:
    rows = why.explain("u")
    return {(row["group"], row["id"]): row["term"] for row in rows.to_dict("records")}


# --- by hand


def test_values_alone_move_the_score_by_weight_times_points() -> None:
    """a1 weighs 0.3: 40 → 80 is +12; b1 weighs 0.4: 90 → 80 is −4; in all 66 → 74."""
    small = tiny.model()
    why = attribute(assessed(small, LOW), assessed(small, {"a1": 0.8, "a2": 0.6, "b1": 0.8}))
    assert terms(why) == pytest.approx({"values": 8.0})
    assert parts(why) == pytest.approx({("values", "a1"): 12.0, ("values", "b1"): -4.0})


def test_an_item_that_stops_applying_bears_the_change_alone() -> None:
    """x 40 and y 80 weigh half each: 60. Without x the score is 80: +20, and it is x's, not y's that takes its weight."""
    why = attribute(assessed(two(), {"x": 0.4, "y": 0.8}), assessed(two(), {"x": "not_applicable", "y": 0.8}))
    assert terms(why) == pytest.approx({"applicability": 20.0})
    assert parts(why) == pytest.approx({("applicability", "x"): 20.0})


def test_what_two_groups_did_together_is_shared_between_them() -> None:
    """x 40, y 80: 60. Then x stops applying and y falls to 50: 50.

    Applicability first +20 (60 → 80), then values −30 (80 → 50). Values first −15 (60 → 45), then applicability +5
    (45 → 50). The means: applicability (20 + 5) ÷ 2 = 12.5, values (−30 − 15) ÷ 2 = −22.5; together −10.
    """
    why = attribute(assessed(two(), {"x": 0.4, "y": 0.8}), assessed(two(), {"x": "not_applicable", "y": 0.5}))
    assert terms(why) == pytest.approx({"values": -22.5, "applicability": 12.5})
    assert parts(why) == pytest.approx({("values", "y"): -22.5, ("applicability", "x"): 12.5})


def test_a_change_of_weights_falls_on_the_items_whose_weight_changed() -> None:
    """x 40, y 80, weights 0.5 and 0.5, then 0.25 and 0.75: 60 → 70. Against the mean 65 of both scores x has −0.25 ×
    (40 − 65) = 6.25, y +0.25 × (80 − 65) = 3.75."""
    held = {"x": 0.4, "y": 0.8}
    why = attribute(assessed(two(), held), assessed(two(0.25), held))
    assert terms(why) == pytest.approx({"model": 10.0})
    assert parts(why) == pytest.approx({("model", "x"): 6.25, ("model", "y"): 3.75})


def test_a_change_of_a_dimension_s_weight_stays_with_the_dimension() -> None:
    """A has 50 and B 90; weights 0.6 and 0.4, then 0.5 each: 66 → 70. Against 68: A −0.1 × (50 − 68) = 1.8, B 0.1 ×
    (90 − 68) = 2.2."""
    old, new = tiny.model(), tiny.model().with_weights({"A": 0.5, "B": 0.5})
    why = attribute(assessed(old, LOW), assessed(new, LOW))
    assert parts(why) == pytest.approx({("model", "A"): 1.8, ("model", "B"): 2.2})
    assert set(why.items["kind"]) == {"node"}


def test_another_way_of_aggregating_stays_with_its_node() -> None:
    """x 40 and y 90 have the arithmetic mean 65 and the geometric one (40 × 90)^½ = 60."""
    held = {"x": 0.4, "y": 0.9}
    why = attribute(assessed(two(), held), assessed(two(aggregate="geometric"), held))
    assert parts(why) == pytest.approx({("model", "N"): -5.0})


def test_an_item_the_later_model_adds_is_the_model_s_doing() -> None:
    """y alone has 80; with x of 40 at half the weight the score is 60."""
    nodes = [{"id": "N", "name": tiny.name("N"), "weight": 1.0, "children": [tiny.item("y", 1.0)]}]
    why = attribute(assessed(tiny.model(nodes=nodes), {"y": 0.8}), assessed(two(), {"x": 0.4, "y": 0.8}))
    assert terms(why) == pytest.approx({"model": -20.0})


def test_what_is_no_longer_assessed_is_the_evidence_s_doing() -> None:
    """x of 40 is refused and counts 0: 0.5 × −40 = −20; where the model leaves it out, y of 80 is left: +20."""
    for more, term in (({}, -20.0), ({"missing": "left_out"}, 20.0)):
        nodes = [{"id": "N", "name": tiny.name("N"), "weight": 1.0,
                  "children": [tiny.item("x", 0.5), tiny.item("y", 0.5)]}]  # fmt: skip
        model = tiny.model(nodes=nodes, **more)
        why = attribute(assessed(model, {"x": 0.4, "y": 0.8}), assessed(model, {"x": "refused", "y": 0.8}))
        assert terms(why) == pytest.approx({"evidence": term})
        assert parts(why) == pytest.approx({("evidence", "x"): term})


def test_a_carried_value_that_lapses_is_carry_over_s_doing_and_one_that_is_refused_the_evidence_s() -> None:
    """x of 40 at half the weight counts 0: −20 either way."""
    then = carried(assessed(two(), {"x": 0.4, "y": 0.8}), "x")
    for state, group in (("not_assessed", "applicability"), ("refused", "evidence")):
        assert terms(attribute(then, assessed(two(), {"x": state, "y": 0.8}))) == pytest.approx(
            {group: -20.0}
        )


def test_a_fresh_value_in_place_of_a_carried_one_is_a_value() -> None:
    """x 40 → 60 at half the weight is +10, carried over before or not."""
    then = carried(assessed(two(), {"x": 0.4, "y": 0.8}), "x")
    assert terms(attribute(then, assessed(two(), {"x": 0.6, "y": 0.8}))) == pytest.approx({"values": 10.0})


def test_deductions_are_told_event_by_event() -> None:
    """LEAK takes 6, CAP 4; then LEAK is mild and takes 2 under another number: +6 − 2 + 4 = 8."""
    held = {"x": 0.4, "y": 0.8}
    then = [{"red_line": "LEAK", "unit": "u"}, {"red_line": "CAP", "unit": "u", "event_no": "E2"}]
    now = [{"red_line": "LEAK", "unit": "u", "event_no": "E3", "self_reported": True}]
    why = attribute(assessed(two(), held, then), assessed(two(), held, now))
    assert terms(why) == pytest.approx({"deductions": 8.0})
    rows = why.explain("u").set_index("event")["term"]
    assert rows.to_dict() == pytest.approx({"E1": 6.0, "E2": 4.0, "E3": -2.0})


def test_a_deduction_that_the_floor_of_0_swallows_moves_nothing() -> None:
    """x and y at 4 points: 4. LEAK takes 6, of which 4 are felt: 4 → 0. Then the values rise to 5: still 0.

    Values first +1 (4 → 5), then deductions −5; deductions first −4, then values 0: values ½, deductions −4½.
    """
    then = assessed(two(), {"x": 0.04, "y": 0.04})
    why = attribute(then, assessed(two(), {"x": 0.05, "y": 0.05}, [{"red_line": "LEAK", "unit": "u"}]))
    assert terms(why) == pytest.approx({"values": 0.5, "deductions": -4.5})
    assert why.groups.loc["u", "change"] == -4.0


def test_a_model_without_events_has_no_deductions(small_bank: Path) -> None:
    bank = open_workspace(small_bank)
    found = attribute(bank.assessment("2026Q1"), bank.assessment("2026Q2"))
    assert "deduction" not in set(found.explain("0101")["kind"])


def test_rounding_stands_apart() -> None:
    """Weights of a half: (0.123 + 0.246) × 50 = 18.45; published with no decimals 18, before 0: the rest is −0.45."""
    model = tiny.model(
        nodes=[
            {
                "id": "N",
                "name": tiny.name("N"),
                "weight": 1.0,
                "children": [tiny.item("x", 0.5), tiny.item("y", 0.5)],
            }
        ],
        score={"maximum": 100, "decimals": 0},
    )
    row = attribute(
        assessed(model, {"x": 0.0, "y": 0.0}), assessed(model, {"x": 0.123, "y": 0.246})
    ).groups.loc["u"]
    assert row[["change", "values", "rounding"]].tolist() == pytest.approx([18.0, 18.45, -0.45])


def test_a_geometric_mean_splits_by_logarithms() -> None:
    """x 40 → 90, y 90 → 40: no change; L is the mean 60 itself, x has 60 × ½ × ln(90 ÷ 40) = 24.33, y as much less."""
    model = two(aggregate="geometric")
    why = attribute(assessed(model, {"x": 0.4, "y": 0.9}), assessed(model, {"x": 0.9, "y": 0.4}))
    found = parts(why)
    assert found == pytest.approx({("values", "x"): 24.328, ("values", "y"): -24.328}, abs=1e-3)


@pytest.mark.parametrize("kind", ["geometric", "harmonic"])
def test_where_a_zero_holds_the_mean_down_lifting_it_is_that_child_s_doing(kind: str) -> None:
    """x of 0 makes the mean 0, whatever y does beside it; the rise is x's alone."""
    model = two(aggregate=kind)
    after = assessed(model, {"x": 0.5, "y": 0.9})
    why = attribute(assessed(model, {"x": 0.0, "y": 0.8}), after)
    assert parts(why) == pytest.approx({("values", "x"): after.summary.loc["u", "base"]})


def test_the_minimum_moves_with_the_child_that_binds() -> None:
    """x 40 → 80 and y 60 → 65: the minimum rises from 40 to 65, and x had held it."""
    model = two(aggregate="minimum")
    why = attribute(assessed(model, {"x": 0.4, "y": 0.6}), assessed(model, {"x": 0.8, "y": 0.65}))
    assert parts(why) == pytest.approx({("values", "x"): 25.0})


def test_a_dimension_that_stops_applying_is_told_by_its_items() -> None:
    """A has 50 of a1 40 and a2 60, B 90: 66; without A 90: +24. Against the mean 78 of both scores a1 lies 38 below and
    a2 18: 24 × 38 ÷ 56 = 16.29 and 24 × 18 ÷ 56 = 7.71."""
    small = tiny.model()
    after = assessed(small, {"a1": "not_applicable", "a2": "postponed", "b1": 0.9})
    found = parts(attribute(assessed(small, LOW), after))
    assert found == pytest.approx(
        {("applicability", "a1"): 24 * 38 / 56, ("applicability", "a2"): 24 * 18 / 56}
    )


def test_a_roll_up_changes_with_the_staff_of_what_is_below() -> None:
    """u has 50 and v 100 points; staff 10 and 10, then 10 and 30: 75 → 87.5, by who counts how much."""
    model = two()
    held = {"u": {"x": 0.5, "y": 0.5}, "v": {"x": 1.0, "y": 1.0}}
    then = score(model, tiny.measures(model, held, u=10, v=10))
    row = attribute(then, score(model, tiny.measures(model, held, u=10, v=30))).groups.loc["head"]
    assert row[["change", "applicability"]].tolist() == pytest.approx([12.5, 12.5])


def test_a_unit_of_one_side_only_has_no_terms_and_is_refused_by_name() -> None:
    model = two()
    held = {"x": 0.4, "y": 0.8}
    why = attribute(
        score(model, tiny.measures(model, {"u": held, "old": held})),
        score(model, tiny.measures(model, {"u": held, "new": held})),
    )
    assert why.groups.index.tolist() == ["u", "head"]
    for unit, key in (("new", "unit_not_in_both"), ("old", "unit_not_in_both"), ("nobody", "unknown_unit")):
        with pytest.raises(Misuse) as refused:
            why.explain(unit)
        assert refused.value.key == key


def test_a_unit_without_a_score_on_one_side_has_no_terms() -> None:
    then = assessed(two(), {"x": 0.4, "y": 0.8})
    why = attribute(then, assessed(two(), {"x": "not_applicable", "y": "postponed"}))
    assert why.groups.loc["u", list(GROUPS)].isna().all()
    assert why.explain("u").empty


def test_scores_of_different_maxima_are_not_compared() -> None:
    wide = {"type": "piecewise_linear", "points": [[0, 0], [1, 10]]}
    nodes = [
        {"id": "N", "name": tiny.name("N"), "weight": 1.0, "children": [tiny.item("x", 1.0, scale=wide)]}
    ]
    grades = [{"id": "C", "name": tiny.name("C"), "min": 0}]
    other = tiny.model(nodes=nodes, score={"maximum": 10, "decimals": 2}, grades=grades, red_lines=[])
    with pytest.raises(Misuse) as refused:
        attribute(assessed(two(), {"x": 0.4, "y": 0.8}), assessed(other, {"x": 0.4}))
    assert refused.value.key == "maxima_differ"


# --- for any two assessments

STATES = ("not_applicable", "postponed", "not_assessed", "refused")


def drawn(model: IndicatorModel, seed: int, gaps: float) -> Assessment:
    rng = np.random.default_rng(seed)
    values = trees.values(model, 4, seed, 0.0)
    units = {
        f"u{row}": {
            name: (str(rng.choice(STATES)) if rng.random() < gaps else float(values[row, column]))
            for column, name in enumerate(model.items)
        }
        for row in range(len(values))
    }
    measures = tiny.measures(model, units, **{unit: int(rng.integers(1, 50)) for unit in units})
    frame = measures.frame
    kept = (frame["state"] == "measured") & (rng.random(len(frame)) < 0.3)
    frame.loc[kept, "state"] = CARRIED
    return score(model, measures)


def settled(assessment: Assessment, units: pd.Index) -> np.ndarray:
    row = assessment.summary.loc[units]
    return np.maximum(row["base"] - row["deducted"], 0.0).to_numpy()


@settings(deadline=None, max_examples=30)
@given(trees.models(), trees.models(), st.booleans(), st.integers(0, 2**32), st.sampled_from([0.0, 0.2, 0.6]))
def test_the_terms_sum_to_the_change_and_the_parts_to_the_terms(
    old: IndicatorModel, new: IndicatorModel, same: bool, seed: int, gaps: float
) -> None:
    before, after = drawn(old, seed, gaps), drawn(old if same else new, seed + 1, gaps)
    why = attribute(before, after)
    groups = why.groups[list(GROUPS)].dropna()
    change = settled(after, groups.index) - settled(before, groups.index)
    assert groups.sum(axis=1).to_numpy() == pytest.approx(change, abs=1e-9)
    parts = why.items.groupby(["unit", "group"])["term"].sum().unstack(fill_value=0.0)
    parts = parts.reindex(index=groups.index, columns=list(GROUPS)).fillna(0.0)
    assert parts.to_numpy() == pytest.approx(groups.to_numpy(), abs=1e-7)


@settings(deadline=None, max_examples=15)
@given(trees.models(), trees.models(), st.booleans(), st.integers(0, 2**32), st.sampled_from([0.0, 0.3]))
def test_the_way_back_is_the_way_there_with_the_sign_changed(
    old: IndicatorModel, new: IndicatorModel, same: bool, seed: int, gaps: float
) -> None:
    before, after = drawn(old, seed, gaps), drawn(old if same else new, seed + 1, gaps)
    there, back = attribute(before, after), attribute(after, before)
    keys = ["unit", "group", "id", "event"]
    ways = [each.items.groupby(keys)["term"].sum() for each in (there, back)]
    assert ways[0].add(ways[1], fill_value=0.0).abs().max() < 1e-7 or not len(ways[0])


# --- as tables


def test_parts_come_unit_by_unit_and_group_by_group_and_explained_the_largest_first(
    sample_bank: Path,
) -> None:
    bank = open_workspace(sample_bank)
    why = attribute(bank.assessment("2026Q1"), bank.assessment("2026Q2"))
    place = list(
        zip(
            why.groups.index.get_indexer(pd.Index(why.items["unit"])),
            why.items["group"].map(GROUPS.index),
            strict=True,
        )
    )
    assert place == sorted(place)
    assert {"deductions", "values"} <= set(why.items["group"])
    assert all(why.explain(unit)["term"].abs().is_monotonic_decreasing for unit in why.groups.index)


def test_of_a_unit_that_did_not_change_nothing_is_to_tell() -> None:
    now = assessed(tiny.model(), LOW)
    why = attribute(now, now)
    assert why.items.empty
    assert why.items["term"].dtype == why.explain("u")["term"].dtype == "float64"
