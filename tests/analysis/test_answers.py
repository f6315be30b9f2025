"""Movement, peers, self-check and findings, each against numbers worked by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from riskkit.analysis.movement import compare
from riskkit.analysis.peers import place
from riskkit.analysis.self_check import compare_self_check
from riskkit.discretion import mask, masked
from riskkit.evidence.evidence import Evidence
from riskkit.evidence.measures import Measures
from riskkit.model.schema import Table
from riskkit.rectification import findings
from riskkit.scoring.assessment import score
from riskkit.scoring.grades import ruled
from tests.scoring import tiny

LOW = {"a1": 0.4, "a2": 0.6, "b1": 0.9}
HIGH = {"a1": 0.8, "a2": 0.6, "b1": 0.8}


def with_tables(**tables: pd.DataFrame) -> Measures:
    small = tiny.model()
    measures = tiny.measures(small, {"u": LOW, "v": HIGH})
    evidence = {tiny.PERIOD: Evidence(tiny.PERIOD, dict(measures.evidence[tiny.PERIOD].tables) | tables)}
    return Measures(small, measures.units, tiny.PERIOD, measures.frame, measures.staff, evidence)


def test_a_movement_names_the_items_that_moved_the_score_largest_first() -> None:
    """a1 weighs 0.3: 40 → 80 is +12; b1 weighs 0.4: 90 → 80 is −4; in all 66 → 74."""
    small = tiny.model()
    before = score(small, tiny.measures(small, {"u": LOW}))
    after = score(small, tiny.measures(small, {"u": HIGH}))
    movement = compare(before, after)
    assert movement.units.loc["u", ["score_before", "score_after", "change"]].tolist() == [66.0, 74.0, 8.0]
    assert movement.explain("u")["change"].to_dict() == pytest.approx({"a1": 12.0, "b1": -4.0})


def test_an_item_that_stopped_applying_moved_the_score_and_the_sibling_that_took_its_weight_did_not() -> None:
    """A has 50 of a1 40 and a2 60; without a1 it has 60: 0.6 × 10 = +6, and a2 lost no point more or less of its own."""
    small = tiny.model()
    after = score(small, tiny.measures(small, {"u": LOW | {"a1": "not_applicable"}}))
    movement = compare(score(small, tiny.measures(small, {"u": LOW})), after)
    assert movement.explain("u")["change"].to_dict() == pytest.approx({"a1": 6.0})


def test_a_unit_that_was_closed_or_opened_in_between_stands_in_the_movement_with_one_side_missing() -> None:
    small = tiny.model()
    movement = compare(
        score(small, tiny.measures(small, {"old": LOW, "u": LOW})),
        score(small, tiny.measures(small, {"u": HIGH, "new": HIGH})),
    )
    scores = movement.units[["score_before", "score_after", "change"]]
    assert scores.loc["old"].isna().tolist() == [False, True, True]
    assert scores.loc["new"].isna().tolist() == [True, False, True]
    assert movement.units.loc["old", "name"] == "old"


def test_a_unit_stands_in_its_peer_group_between_the_quartiles_of_its_peers() -> None:
    """Scores 60, 70, 80, 90 in one group: the one with 80 is second; median 75, quartiles 67.5 and 82.5."""
    small = tiny.model()
    values = {
        unit: dict.fromkeys(LOW, level) for unit, level in zip("abcd", (0.6, 0.7, 0.8, 0.9), strict=True)
    }
    assessment = score(small, tiny.measures(small, values))
    stands = place(assessment, "c")
    assert (stands.rank, stands.size) == (2, 4)
    assert stands.nodes.loc["", ["score", "low", "median", "high"]].tolist() == [80.0, 67.5, 75.0, 82.5]


def test_a_self_check_is_compared_item_by_item_each_item_counting_once() -> None:
    """u: 20/20 and 9/10 against 10/20 and 9/10: mean 0.95 − mean 0.70 = 0.25; v was not inspected."""
    own = pd.DataFrame(
        {"unit": list("uuv"), "item": ["a1", "a2", "a1"], "sampled": [20, 10, 5], "passed": [20, 9, 5]}
    )
    inspected = pd.DataFrame(
        {"unit": list("uu"), "item": ["a1", "a2"], "sampled": [20, 10], "passed": [10, 9]}
    )
    gap = compare_self_check(with_tables(self_check=own, checklist=inspected)).units
    assert gap.index.tolist() == ["u"]
    assert gap.loc["u", ["self_share", "inspected_share", "gap", "items"]].tolist() == pytest.approx(
        [0.95, 0.7, 0.25, 2]
    )


def finding(number: str, **more: object) -> dict[str, object]:
    return {
        "finding_no": number,
        "unit": "u",
        "severity": "minor",
        "item": "a1",
        "owner": "1",
        "verifier": None,
        "found_on": "2026-04-01",
        "due_on": "2026-05-31",
        "verified_on": None,
        "evidence_no": None,
        "status": "open",
    } | more


def register(*rows: dict[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    for column in ("found_on", "due_on", "verified_on"):
        frame[column] = pd.to_datetime(frame[column])
    return frame


def test_only_a_closure_verified_by_someone_else_with_evidence_is_one() -> None:
    """The cut-off is 2026-06-30, thirty days after the due date."""
    closed = {"status": "closed", "verifier": "2", "verified_on": "2026-06-01", "evidence_no": "E"}
    found = findings(
        with_tables(
            findings=register(
                finding("F1"),
                finding("F2", **closed),
                finding("F3", **closed | {"verifier": "1"}),
                finding("F4", **closed | {"evidence_no": None}),
                finding("F5", **closed | {"verified_on": "2026-07-01"}),
                finding("F6", status="done"),
                finding("F7", found_on="2026-07-01"),
            )
        )
    )
    stages = found.rows.set_index("finding_no")["stage"].to_dict()
    assert stages == {
        "F1": "open",
        "F2": "closed",
        "F3": "unverified",
        "F4": "unverified",
        "F5": "unverified",
        "F6": "unverified",
    }
    assert found.rows.set_index("finding_no").loc[["F1", "F2"], "overdue_days"].tolist() == [30, 0]
    assert found.by_unit().loc["u", ["outstanding", "overdue", "longest", "closed"]].tolist() == [5, 5, 30, 1]


def test_of_a_register_as_many_columns_are_read_as_are_asked_for_and_the_stage_is_the_same() -> None:
    closed = {"status": "closed", "verifier": "2", "verified_on": "2026-06-01", "evidence_no": "E"}
    rows = register(finding("F1"), finding("F2", **closed), finding("F3", found_on="2026-07-01"))
    measures = with_tables(findings=rows.assign(description="x"))
    whole, some = findings(measures), findings(measures, columns=["unit"])
    assert not {"finding_no", "description", "severity"} & set(some.rows)
    pd.testing.assert_frame_equal(some.rows, whole.rows[list(some.rows)])
    assert list(whole.outstanding().index) == list(some.outstanding().index) == [0]


def test_outstanding_findings_are_aged_by_days_overdue() -> None:
    """Due 2026-05-31 is 30 days (second class), 2026-05-30 is 31 (third), 2026-07-15 is not overdue (first)."""
    rows = register(
        finding("F1"),
        finding("F2", due_on="2026-05-30", severity="major"),
        finding("F3", due_on="2026-07-15"),
    )
    ageing = findings(with_tables(findings=rows)).ageing()
    assert ageing.loc["minor"].tolist() == [1, 1, 0, 0, 0]
    assert ageing.loc["major"].tolist() == [0, 0, 1, 0, 0]


def test_a_period_without_a_register_has_no_findings() -> None:
    assert findings(with_tables()).outstanding().empty


def test_numbers_of_people_are_masked_and_names_and_addresses_taken_out() -> None:
    name = {"zh": "-", "en": "-"}
    table = Table.model_validate(
        tiny.table(
            "t",
            {
                "no": {**name, "type": "code", "person": "number"},
                "who": {**name, "type": "text", "person": "name"},
                "ip": {**name, "type": "text", "person": "address"},
            },
        )
    )
    shown = masked(
        pd.DataFrame({"no": ["00900123", None], "who": ["x", "y"], "ip": ["z", "z"], "rest": [1, 2]}), table
    )
    assert shown.to_dict("list") == {"no": ["*****123", ""], "rest": [1, 2]}
    assert (mask("12"), mask(None)) == ("**", "")


def test_a_candidate_is_ruled_by_an_event_for_its_case_or_by_one_in_effect_at_its_unit() -> None:
    events = pd.DataFrame(
        {
            "unit": ["u", "v", "w"],
            "case_no": ["C1", None, None],
            "status": ["overturned", "in_effect", "earlier"],
            "confirmed_on": pd.to_datetime(["2026-01-10", "2025-11-03", "2026-02-01"]),
        }
    )
    rows = pd.DataFrame({"unit": ["u", "u", "v", "w"], "case_no": ["C1", "C2", None, None]})
    assert ruled(rows, events, tiny.PERIOD).tolist() == [True, False, True, False]
    assert ruled(rows.drop(columns="case_no"), events, tiny.PERIOD).tolist() == [False, False, True, False]
