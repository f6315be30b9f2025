"""Scores, grades and ranks of the tiny model (see `tiny`), each worked by hand in the test's docstring."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskkit import texts
from riskkit.errors import Misuse, ModelRefused
from riskkit.scoring.assessment import Assessment, score
from tests.scoring import tiny

GOOD = {"a1": 0.8, "a2": 0.6, "b1": 0.9}
"""A = (80 + 60)/2 = 70; B = 90; total = 0.6·70 + 0.4·90 = 78."""


def assess(
    values: dict, events: list | None = None, *, model: dict | None = None, **staff: int
) -> Assessment:
    small = tiny.model(**(model or {}))
    return score(small, tiny.measures(small, values, events, **staff))


def why(assessment: Assessment, unit: str) -> list[dict]:
    reasons = assessment.reasons
    return reasons[reasons["unit"] == unit].drop(columns="unit").to_dict("records")


def test_a_score_is_the_weighted_mean_of_weighted_means() -> None:
    """0.6·(80 + 60)/2 + 0.4·90 = 42 + 36 = 78."""
    assessment = assess({"u": GOOD})
    assert assessment.summary.loc["u", "score"] == 78.0
    assert assessment.scores(1).loc["u"].tolist() == pytest.approx([70.0, 90.0])


def test_what_does_not_apply_leaves_numerator_and_denominator() -> None:
    """Without a2, A is a1 alone: 0.6·80 + 0.4·90 = 84; without B as well, the total is A alone: 80."""
    assert assess({"u": GOOD | {"a2": "not_applicable"}}).summary.loc["u", "score"] == 84.0
    assert (
        assess({"u": GOOD | {"a2": "not_applicable", "b1": "not_applicable"}}).summary.loc["u", "score"]
        == 80.0
    )


def test_what_was_not_assessed_or_refused_counts_nothing_in_the_graded_score_and_is_left_out_of_the_observed() -> (
    None
):
    """Graded: A = (80 + 0)/2 = 40, 0.6·40 + 0.4·90 = 60. Observed: A = 80, so 84. Coverage 1 − 0.6·0.5 = 0.7."""
    for state in ("not_assessed", "refused"):
        row = assess({"u": GOOD | {"a2": state}}).summary.loc["u"]
        assert row["score"] == 60.0
        assert row["observed"] == pytest.approx(84.0)
        assert row["coverage"] == pytest.approx(0.7)


def test_a_postponed_item_leaves_both_scores_and_counts_against_coverage() -> None:
    """Score without a2 is 84; coverage is still 0.7."""
    row = assess({"u": GOOD | {"a2": "postponed"}}).summary.loc["u"]
    assert (row["score"], row["coverage"]) == (84.0, pytest.approx(0.7))


def test_what_is_not_applicable_does_not_count_against_coverage() -> None:
    assert assess({"u": GOOD | {"a2": "not_applicable"}}).summary.loc["u", "coverage"] == 1.0


def test_the_published_score_is_rounded_once_half_up() -> None:
    """a1 = a2 = b1 = 0.823450 → 82.345 → 82.35; 0.8234499 → 82.34."""
    scores = assess({"u": dict.fromkeys(GOOD, 0.82345), "v": dict.fromkeys(GOOD, 0.8234499)}).summary["score"]
    assert (scores["u"], scores["v"]) == (82.35, 82.34)


# --- red lines: one of each effect


def test_a_deduction_lowers_the_score_by_its_points_a_case() -> None:
    """78 − 2·6 = 66."""
    events = [{"red_line": "LEAK", "unit": "u", "event_no": n} for n in ("E1", "E2")]
    row = assess({"u": GOOD}, events).summary.loc["u"]
    assert (row["base"], row["deducted"], row["score"]) == (pytest.approx(78.0), 12.0, 66.0)


def test_a_minor_leak_reported_by_the_branch_itself_costs_less() -> None:
    """78 − 2 = 76; a major one reported by itself costs the full 6: 72."""
    minor = {"red_line": "LEAK", "unit": "u", "self_reported": True}
    assert assess({"u": GOOD}, [minor]).summary.loc["u", "score"] == 76.0
    assert assess({"u": GOOD}, [minor | {"severity": "major"}]).summary.loc["u", "score"] == 72.0


def test_deductions_stop_at_nothing() -> None:
    """10 − 12 would be −2; the score is 0."""
    events = [{"red_line": "LEAK", "unit": "u", "event_no": n} for n in ("E1", "E2")]
    assessment = assess({"u": dict.fromkeys(GOOD, 0.1)}, events)
    assert assessment.summary.loc["u", "score"] == 0.0
    assert assessment.losses("u")["lost"].sum() == pytest.approx(100.0, abs=1e-9)


def test_a_cap_changes_the_grade_and_its_deduction_the_score() -> None:
    """All items 0.95: 95 − 4 = 91, which would be A; a red line bars A, and the cap leaves C."""
    row = assess({"u": dict.fromkeys(GOOD, 0.95)}, [{"red_line": "CAP", "unit": "u"}]).summary.loc["u"]
    assert (row["score"], row["grade"]) == (91.0, "C")


def test_a_veto_gives_the_lowest_grade_and_the_last_rank_and_leaves_the_score() -> None:
    values = {"best": dict.fromkeys(GOOD, 0.95), "worst": dict.fromkeys(GOOD, 0.2)}
    summary = assess(values, [{"red_line": "VETO", "unit": "best"}]).summary
    assert summary.loc["best", ["score", "grade", "rank"]].tolist() == [95.0, "C", 2.0]
    assert summary.loc["worst", "rank"] == 1.0


def test_an_event_counts_in_the_period_it_was_confirmed_in() -> None:
    for day, deducted in (("2026-03-31", 0.0), ("2026-04-01", 6.0), ("2026-06-30", 6.0), ("2026-07-01", 0.0)):
        row = assess({"u": GOOD}, [{"red_line": "LEAK", "unit": "u", "confirmed_on": day}]).summary.loc["u"]
        assert row["deducted"] == deducted, day


def test_a_red_line_that_lasts_until_cured_lasts_until_cured() -> None:
    """95 points, confirmed two quarters ago: capped at B while open, A once cured by the cut-off."""
    old = {"red_line": "OPEN", "unit": "u", "confirmed_on": "2025-11-03"}
    for cured, grade in ((None, "B"), ("2026-07-02", "B"), ("2026-06-30", "A")):
        summary = assess({"u": dict.fromkeys(GOOD, 0.95)}, [old | {"cured_on": cured}]).summary
        assert summary.loc["u", "grade"] == grade, cured


def test_an_event_overturned_on_appeal_has_no_effect_and_one_under_appeal_has() -> None:
    for appeal, points in (("overturned", 78.0), ("pending", 72.0), ("upheld", 72.0)):
        row = assess({"u": GOOD}, [{"red_line": "LEAK", "unit": "u", "appeal": appeal}]).summary.loc["u"]
        assert row["score"] == points, appeal


# --- grades


def test_a_grade_needs_its_conditions_and_falls_until_one_set_holds() -> None:
    """a = 1, b1 = 0.55: 0.6·100 + 0.4·55 = 82, so B by score; B needs every dimension at 60, so C."""
    assessment = assess({"u": {"a1": 1.0, "a2": 1.0, "b1": 0.55}})
    assert assessment.summary.loc["u", ["score", "grade"]].tolist() == [82.0, "C"]
    (reason,) = why(assessment, "u")
    assert (reason["key"], reason["grade"], reason["where"]) == ("node_min", "B", "B")
    assert (reason["found"], reason["needed"]) == (pytest.approx(55.0), 60.0)


def test_a_condition_may_ask_for_items() -> None:
    """a1 = 0.5 is below the 60 asked of every node of depth 2, which here are the items."""
    grades = tiny.spec()["grades"]
    grades[1]["conditions"] = [{"kind": "node_min", "depth": 2, "value": 60}]
    assessment = assess({"u": {"a1": 0.5, "a2": 1.0, "b1": 1.0}}, model={"grades": grades})
    assert assessment.summary.loc["u", ["score", "grade"]].tolist() == [85.0, "C"]
    assert [(entry["where"], entry["found"]) for entry in why(assessment, "u")] == [("a1", 50.0)]


def test_every_condition_that_fails_is_told_not_the_first_only() -> None:
    """a1 = a2 = 1, b1 = 0.78, a third of the weight on class C: total 91.2, not A for two reasons."""
    small = tiny.model()
    measures = tiny.measures(small, {"u": {"a1": 1.0, "a2": 1.0, "b1": 0.78}})
    measures.frame.loc[measures.frame["item"] == "a1", "confidence"] = "C"
    assessment = score(small, measures)
    assert assessment.summary.loc["u", ["score", "grade"]].tolist() == [91.2, "B"]
    assert [entry["key"] for entry in why(assessment, "u")] == ["node_min", "confidence"]


def test_a_cap_better_than_the_grade_changes_nothing_and_of_two_the_lower_holds() -> None:
    """78 is B. OPEN caps at B and says nothing; CAP caps at C, whichever comes first, and takes 4: 74."""
    assert assess({"u": GOOD}, [{"red_line": "OPEN", "unit": "u"}]).reasons.empty
    both = [{"red_line": line, "unit": "u", "event_no": line} for line in ("OPEN", "CAP")]
    for events in (both, both[::-1]):
        assessment = assess({"u": GOOD}, events)
        assert assessment.summary.loc["u", ["score", "grade"]].tolist() == [74.0, "C"]
        assert [(r["key"], r["grade"], r["where"]) for r in why(assessment, "u")] == [("cap", "C", "CAP")]


def test_caps_and_a_veto_are_all_told_in_their_order() -> None:
    """95 falls from A for the red lines, from B by the cap, and is vetoed besides."""
    events = [{"red_line": line, "unit": "u", "event_no": line} for line in ("VETO", "CAP")]
    assessment = assess({"u": dict.fromkeys(GOOD, 0.95)}, events)
    assert assessment.summary.loc["u", "grade"] == "C"
    assert [r["key"] for r in why(assessment, "u")] == ["no_red_line", "cap", "veto"]


def test_a_model_of_one_grade_gives_everyone_that_grade() -> None:
    one = {"grades": [{"id": "C", "name": tiny.name("C"), "min": 0}], "red_lines": []}
    summary = assess({"u": GOOD, "v": dict.fromkeys(GOOD, 0.0)}, model=one).summary
    assert summary["grade"].tolist() == ["C", "C", "C"]


def test_a_vetoed_unit_is_last_however_many_points_a_score_has() -> None:
    """Of a thousand million points: u has 900 and is vetoed, v has 300 million, w, vetoed, as many."""
    scale = {"type": "goalposts", "low": 0.0, "high": 1.0}
    node = {"id": "A", "name": tiny.name("A"), "weight": 1.0, "children": [tiny.item("a1", 1.0, scale=scale)]}
    grades = [{"id": "C", "name": tiny.name("C"), "min": 0}]
    lines = [line for line in tiny.spec()["red_lines"] if line["id"] == "VETO"]
    more = {"score": {"maximum": 1e9, "decimals": 0}, "nodes": [node], "grades": grades, "red_lines": lines}
    values: dict = {"u": {"a1": 0.9}, "v": {"a1": 0.3}, "w": {"a1": 0.3}}
    events = [{"red_line": "VETO", "unit": unit, "event_no": unit} for unit in ("u", "w")]
    assert assess(values, events, model=more).summary.loc[["u", "v", "w"], "rank"].tolist() == [2.0, 1.0, 3.0]


def test_too_thin_a_coverage_gives_no_grade_and_no_rank() -> None:
    """Without B and a2 measured, coverage is 0.3, below 0.5."""
    values = {"u": GOOD | {"a2": "not_assessed", "b1": "not_assessed"}, "v": GOOD}
    summary = assess(values).summary
    assert summary.loc["u", "provisional"]
    assert summary.loc["u", ["grade", "rank"]].isna().all()
    assert summary.loc["v", "rank"] == 1.0


def test_coverage_that_is_just_enough_is_enough_whatever_its_sums_round_to() -> None:
    """Without a1 0.3·0.7 + 0.7 = 0.91 of the weight is covered, as much as is asked; in binary the sum falls short."""
    nodes = [
        {"id": "A", "weight": 0.3, "children": [tiny.item("a1", 0.3), tiny.item("a2", 0.7)]},
        {"id": "B", "weight": 0.7, "children": [tiny.item("b1", 1.0)]},
    ]
    nodes = [{"name": tiny.name("-"), **node} for node in nodes]
    row = assess(
        {"u": GOOD | {"a1": "not_assessed"}}, model={"nodes": nodes, "provisional": {"coverage": 0.91}}
    ).summary.loc["u"]
    assert (row["provisional"], row["rank"]) == (False, 1.0)


def test_equal_published_scores_share_the_better_rank() -> None:
    """78.001 and 78.004 both publish as 78.00: ranks 1, 1, 3."""
    values = {"u": GOOD, "v": GOOD | {"b1": 0.90001}, "w": GOOD | {"b1": 0.5}}
    assert assess(values).summary.loc[["u", "v", "w"], "rank"].tolist() == [1.0, 1.0, 3.0]


# --- roll-ups


def test_a_roll_up_is_the_staff_weighted_mean_of_points_through_the_same_tree() -> None:
    """30 and 10 staff: a1 = (80·30 + 40·10)/40 = 70, a2 = 60, b1 = 90; A = 65; 0.6·65 + 0.4·90 = 75."""
    assessment = assess({"u": GOOD, "v": GOOD | {"a1": 0.4}}, u=30, v=10)
    row = assessment.summary.loc["head"]
    assert (row["rollup"], row["score"]) == (True, 75.0)
    assert pd.isna(row["rank"])


def test_a_roll_up_averages_an_item_over_the_units_it_applies_to() -> None:
    """a2 applies to u alone, so its mean is u's 60, whatever the staff of v."""
    assessment = assess({"u": GOOD, "v": GOOD | {"a2": "not_applicable"}}, u=10, v=90)
    assert assessment.unit_items("head").loc["a2", "points"] == pytest.approx(60.0)


def test_what_applies_to_units_without_staff_alone_is_not_covered_in_a_roll_up() -> None:
    """B applies to v alone, which has no staff: the roll-up is A, 70 points, on 0.6 of the weight."""
    values = {"u": GOOD | {"b1": "not_applicable"}, "v": dict.fromkeys(GOOD, "not_applicable") | {"b1": 0.9}}
    row = assess(values, u=10, v=0).summary.loc["head"]
    assert (row["score"], row["coverage"]) == (70.0, pytest.approx(0.6))


def test_a_roll_up_of_units_without_staff_has_no_score() -> None:
    row = assess({"u": GOOD, "v": GOOD}, u=0, v=0).summary.loc["head"]
    assert row[["score", "grade"]].isna().all()
    assert (row["coverage"], row["provisional"]) == (0.0, True)


def test_a_roll_up_takes_the_mean_deduction_of_its_units() -> None:
    """One of two equal units lost 6: the roll-up loses 3, 78 − 3 = 75."""
    assessment = assess({"u": GOOD, "v": GOOD}, [{"red_line": "LEAK", "unit": "u"}])
    assert assessment.summary.loc["head", ["deducted", "score"]].tolist() == [3.0, 75.0]


# --- lost points, national form


def test_lost_points_lead_from_the_maximum_to_the_published_score() -> None:
    """a1 loses 0.3·20 = 6, a2 0.3·40 = 12, b1 0.4·10 = 4, LEAK 6: 28 in all, 100 − 28 = 72."""
    losses = assess({"u": GOOD}, [{"red_line": "LEAK", "unit": "u"}]).losses("u")
    lost = losses.groupby("id")["lost"].sum()
    assert lost[["a1", "a2", "b1", "LEAK"]].tolist() == pytest.approx([6.0, 12.0, 4.0, 6.0])
    assert losses["lost"].sum() == pytest.approx(28.0, abs=1e-9)


def test_the_national_form_divides_earned_by_applicable_points_over_all_items_at_once() -> None:
    """Without a2 (30 points): applicable 70; earned 0.8·30 + 0.9·40 = 60; 60/70, not the score's 84 %."""
    form = assess({"u": GOOD | {"a2": "not_applicable"}}).national_form("u")
    assert form.loc["", ["standard", "applicable", "earned"]].tolist() == pytest.approx([100.0, 70.0, 60.0])
    assert form.loc["", "percent"] == pytest.approx(60 / 70)


def test_what_is_left_out_of_the_score_is_left_out_of_losses_and_national_form_too() -> None:
    """Without a2 A is 80: 0.6·80 + 0.4·90 = 84, observed alike; a1 loses 0.6·20 = 12, b1 4, a2 nothing. Of 70 points
    60 are earned. Coverage is 0.7 all the same."""
    for state in ("not_assessed", "refused"):
        assessment = assess({"u": GOOD | {"a2": state}}, model={"missing": "left_out"})
        row = assessment.summary.loc["u"]
        assert (row["score"], row["base"], row["coverage"]) == (84.0, row["observed"], pytest.approx(0.7))
        lost = assessment.losses("u").set_index("id")["lost"]
        assert lost.to_dict() == pytest.approx({"a1": 12.0, "b1": 4.0})
        form = assessment.national_form("u").loc["", ["applicable", "earned"]]
        assert form.tolist() == pytest.approx([70.0, 60.0])


def test_what_is_left_out_still_makes_a_unit_provisional() -> None:
    values = {"u": GOOD | {"a2": "not_assessed", "b1": "refused"}}
    row = assess(values, model={"missing": "left_out"}).summary.loc["u"]
    assert (row["score"], row["provisional"]) == (80.0, True)


def test_a_unit_that_nothing_applies_to_has_no_score_no_grade_and_no_losses() -> None:
    for state in ("not_applicable", "postponed"):
        values: dict = {"u": dict.fromkeys(GOOD, state), "v": GOOD}
        assessment = assess(values, [{"red_line": "LEAK", "unit": "u"}])
        assert assessment.summary.loc["u", ["score", "base", "observed", "grade", "rank"]].isna().all()
        assert assessment.summary.loc["u", ["coverage", "provisional"]].tolist() == [0.0, True]
        assert assessment.losses("u").empty
        assert assessment.national_form("u").loc["", ["applicable", "earned"]].tolist() == [0.0, 0.0]


# --- what-if and refusals


def test_other_weights_give_the_score_they_imply_and_leave_the_model_alone() -> None:
    """A 0.5, B 0.5: (70 + 90)/2 = 80."""
    small = tiny.model()
    measures = tiny.measures(small, {"u": GOOD})
    assert score(small.with_weights({"A": 0.5, "B": 0.5}), measures).summary.loc["u", "score"] == 80.0
    assert score(small, measures).summary.loc["u", "score"] == 78.0


def test_weights_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(ModelRefused, match=r"1\.1"):
        tiny.model().with_weights({"A": 0.7})


def test_an_unknown_node_or_unit_is_refused_with_a_suggestion() -> None:
    with pytest.raises(Misuse) as refused:
        tiny.model().with_weights({"a11": 0.7})
    assert "a1" in refused.value.message("en")
    with pytest.raises(Misuse):
        assess({"u": GOOD}).losses("uu")


def test_a_list_of_lost_points_is_refused_for_a_geometric_model() -> None:
    assessment = assess({"u": GOOD}, model={"aggregate": "geometric"})
    assert assessment.summary.loc["u", "score"] == pytest.approx(70**0.6 * 90**0.4, abs=0.005)
    with pytest.raises(Misuse):
        assessment.losses("u")


# --- properties

VALUE = st.floats(0, 1) | st.sampled_from(["not_applicable", "not_assessed", "postponed", "refused"])
ITEMS = st.fixed_dictionaries({"a1": VALUE, "a2": VALUE, "b1": VALUE})


@given(ITEMS, ITEMS)
@settings(deadline=None, max_examples=40)
def test_scores_stay_in_range_losses_add_up_and_order_does_not_matter(u: dict, v: dict) -> None:
    assessment = assess({"u": u, "v": v})
    turned = assess({"v": dict(reversed(v.items())), "u": dict(reversed(u.items()))})
    for unit in ("u", "v"):
        final = assessment.summary.loc[unit, "score"]
        if pd.isna(final):
            assert set((u if unit == "u" else v).values()) <= {"not_applicable", "postponed"}
            continue
        assert 0 <= final <= 100
        assert assessment.losses(unit)["lost"].sum() == pytest.approx(100 - final, abs=1e-9)
        assert turned.summary.loc[unit, "score"] == final


@given(st.fixed_dictionaries(dict.fromkeys(GOOD, st.floats(0, 0.9))), st.floats(0, 0.1))
@settings(deadline=None, max_examples=40)
def test_a_branch_better_on_every_item_never_scores_lower(worse: dict, more: float) -> None:
    summary = assess({"u": worse, "v": {name: value + more for name, value in worse.items()}}).summary
    assert summary.loc["v", "score"] >= summary.loc["u", "score"]


def test_every_reason_a_grade_can_have_has_words_in_both_languages() -> None:
    given = {"grade": "A", "where": "B", "found": 0.5, "needed": 0.6, "classes": "A/B"}
    for key in ("node_min", "coverage", "confidence", "no_red_line", "cap", "veto"):
        for lang in texts.LANGUAGES:
            assert texts.say(f"why.{key}", lang, **given)
