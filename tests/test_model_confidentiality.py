"""The packaged model says what was settled about it, and its measures give the values worked out by hand here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from riskkit.evidence.evidence import Evidence
from riskkit.evidence.files import ORIGIN
from riskkit.evidence.measures import Measures, measure
from riskkit.model import IndicatorModel, load_model
from riskkit.model.schema import Composite, Item, Node, PiecewiseLinear, Rate, Ratio
from riskkit.periods import Period

DOCS = Path(__file__).parents[1] / "docs"
SECOND_QUARTER = Period.parse("2026Q2")
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def model() -> IndicatorModel:
    return load_model("confidentiality")


# --- counts, weights, scales


def test_there_are_three_dimensions_sixteen_indicators_sixty_items_and_thirteen_red_lines(
    model: IndicatorModel,
) -> None:
    dimensions = model.spec.nodes
    assert [dimension.id for dimension in dimensions] == ["A", "B", "C"]
    assert [len(dimension.children) for dimension in dimensions] == [7, 4, 5]
    assert len([name for name in model.items if ".R" not in name]) == 60
    assert [line.id for line in model.spec.red_lines] == [f"RL{number:02d}" for number in range(1, 14)]


def test_exactly_the_report_only_items_and_the_problem_list_have_no_weight(model: IndicatorModel) -> None:
    weightless = {name for name, item in model.items.items() if item.weight == 0}
    assert weightless == {name for name in model.items if ".R" in name} | {"A7.5"}


def test_every_parent_weighs_its_children_to_one(model: IndicatorModel) -> None:
    for node in model.nodes.values():
        if isinstance(node, Node):
            assert sum(child.weight for child in node.children) == pytest.approx(1, abs=1e-12)


def test_every_scale_spans_nought_to_a_hundred_points(model: IndicatorModel) -> None:
    for item in model.items.values():
        assert isinstance(item.scale, PiecewiseLinear)
        assert {points for _, points in item.scale.points} >= {0, 100}, item.id


def test_every_item_names_a_source_a_mechanism_and_a_way_it_is_collected(model: IndicatorModel) -> None:
    for item in model.items.values():
        assert item.sources, item.id
        assert item.mechanisms, item.id
        assert item.methods, item.id
        assert item.tags, item.id


# --- what was settled


@pytest.mark.parametrize(
    ("node", "weight"),
    [("A", 0.35), ("B", 0.25), ("C", 0.40), ("A1", 0.10), ("A2", 0.11), ("A4", 0.23), ("A7.5", 0)],
)
def test_settled_weights(model: IndicatorModel, node: str, weight: float) -> None:
    assert model.nodes[node].weight == weight


def test_consent_at_collection_outweighs_a_mystery_caller(model: IndicatorModel) -> None:
    def of_total(dimension: str, indicator: str, item: str) -> float:
        return model.nodes[dimension].weight * model.nodes[indicator].weight * model.nodes[item].weight

    assert of_total("A", "A4", "A4.1") > of_total("B", "B4", "B4.3")


def test_duties_of_the_upper_levels_are_not_asked_of_sub_branches(model: IndicatorModel) -> None:
    for name in ("A1.3", "A2.1", "A2.2", "A6.1", "C2.4"):
        assert model.items[name].applies_to == ("head_office", "first_level")
    assert [level.id for level in model.spec.levels if level.assessed] == ["sub_branch"]


@pytest.mark.parametrize("name", ["C1.1", "C1.2", "C1.3", "C2.1", "C4.1", "C4.2", "C4.3"])
def test_duties_towards_staff_pass_at_nine_in_ten(model: IndicatorModel, name: str) -> None:
    assert (0.9, 60) in model.items[name].scale.points  # type: ignore[union-attr]  # piecewise, as tested above


def test_fifty_clean_queries_can_tell_a_pass_from_nothing(model: IndicatorModel) -> None:
    assert model.items["C3.1"].scale.points == ((0, 100), (0.03, 60), (0.10, 0))  # type: ignore[union-attr]  # as above
    assert model.items["C3.1"].min_n == 50


def test_rates_per_hundred_staff_have_a_floor_and_leave_out_red_line_cases(model: IndicatorModel) -> None:
    for name in ("A6.3", "C3.2"):
        rate = model.items[name].measure
        assert isinstance(rate, Rate)
        assert (rate.exposure, rate.floor, rate.factor) == ("staff", 100, 100)
        assert "red_line_cases == 0" in str(rate.where)


def test_the_questionnaire_gate_follows_the_size_of_the_unit(model: IndicatorModel) -> None:
    gate = model.spec.questionnaire
    assert gate is not None
    assert (gate.respondents, gate.share, gate.never_below) == (15, 0.6, 5)


def test_grade_a_can_be_reached_with_questionnaires_in_the_sum(model: IndicatorModel) -> None:
    best = model.spec.grades[0]
    shares = [condition.share for condition in best.conditions if condition.kind == "confidence"]
    assert shares == [0.8]
    assert sum(weight_at_sub_branch(model, name) for name in ("A2.3", "B3.1", "B3.2", "B3.3")) < 0.2


def weight_at_sub_branch(model: IndicatorModel, name: str) -> float:
    """Weight in the total where items of the upper levels are left out, of an item without weightless siblings."""
    indicator, dimension = name.split(".")[0], name[0]
    parent = model.nodes[indicator]
    assert isinstance(parent, Node)
    asked = [child for child in parent.children if isinstance(child, Item) and not child.applies_to]
    share = model.nodes[name].weight / sum(child.weight for child in asked)
    return model.nodes[dimension].weight * parent.weight * share


def test_a_self_reported_minor_leak_costs_less(model: IndicatorModel) -> None:
    leak = next(line for line in model.spec.red_lines if line.id == "RL02")
    assert leak.lenient is not None
    assert leak.lenient.deduct < leak.deduct


def test_red_lines_have_the_effects_decided(model: IndicatorModel) -> None:
    effects = {line.id: line.effects for line in model.spec.red_lines}
    assert [name for name, effect in effects.items() if effect == ("veto",)] == ["RL01", "RL07", "RL09"]
    assert [name for name, effect in effects.items() if effect == ("cap",)] == ["RL08", "RL10"]
    assert {line.id: line.cap for line in model.spec.red_lines if line.cap} == {
        "RL03": "B", "RL04": "B", "RL06": "C", "RL08": "D", "RL10": "C", "RL11": "C", "RL12": "C",
    }  # fmt: skip
    assert [line.id for line in model.spec.red_lines if line.until_cured] == ["RL10"]


def test_the_retest_counts_who_passes(model: IndicatorModel) -> None:
    retest = model.items["B2.3"].measure
    assert isinstance(retest, Ratio)
    assert retest.numerator == "score >= retest_pass"
    assert model.spec.parameters["retest_pass"] == 80


def test_no_item_falls_back_on_a_proxy(model: IndicatorModel) -> None:
    def parts(item: Item) -> list[Any]:
        return (
            [part.measure for part in item.measure.parts]
            if isinstance(item.measure, Composite)
            else [item.measure]
        )

    assert {part.table for part in parts(model.items["A6.2"])} == {"incidents"}


# --- measures worked by hand


def evidence(model: IndicatorModel, tables: dict[str, Rows], period: Period = SECOND_QUARTER) -> Evidence:
    dtypes = {
        "number": "float64",
        "integer": "float64",
        "yes_no": "boolean",
        "date": "datetime64[s]",
        "datetime": "datetime64[s]",
    }
    frames = {}
    for name, rows in tables.items():
        frame = pd.DataFrame(rows).reindex(columns=list(model.tables[name].columns))
        for column, spec in model.tables[name].columns.items():
            frame[column] = frame[column].astype(dtypes.get(spec.type, "str"))
        frames[name] = frame.assign(**{**dict.fromkeys(ORIGIN, ""), "_row": range(len(frame))})
    return Evidence(period, frames)


UNITS = pd.DataFrame(
    {"level": ["sub_branch"], "staff": [30.0], "parent": [None]}, index=pd.Index(["Z01"], name="unit")
)


def only(model: IndicatorModel, *names: str) -> IndicatorModel:
    """The model with no items but these, so that a test computes what it looks at."""
    items = tuple(model.items[name].model_copy(update={"weight": 1 / len(names)}) for name in names)
    group = Node(id="G", name=model.spec.name, weight=1, children=items)
    return IndicatorModel(model.spec.model_copy(update={"nodes": (group,), "risk": None}))


def measured(
    model: IndicatorModel, *names: str, level: str = "sub_branch", staff: int = 30, **tables: Rows
) -> Measures:
    """These items of one unit, Z01, from these tables of the second quarter of 2026."""
    rows = {
        name: [{"unit": "Z01", **row} if "unit" in model.tables[name].columns else row for row in given]
        for name, given in tables.items()
    }
    units = UNITS.assign(level=level, staff=float(staff))
    return measure(only(model, *names), units, {SECOND_QUARTER: evidence(model, rows)}, SECOND_QUARTER)


def value(measures: Measures, item: str) -> float:
    row = measures.row("Z01", item)
    assert row["state"] == "measured", (row["state"], row["reason"])
    return float(row["value"])


def state(measures: Measures, item: str) -> str:
    return str(measures.row("Z01", item)["state"])


def leak(case: str, **changes: Any) -> dict[str, Any]:
    return {
        "case_no": case, "occurred_at": "2026-04-01", "found_at": "2026-04-02 09:00", "reported_at": "2026-04-02 12:00",
        "kind": "leak", "severity": "minor", "state_secret": False, "found_by": "inspection", "confirmed": True, **changes,
    }  # fmt: skip


def event(case: str, appeal: str) -> dict[str, Any]:
    return {
        "event_no": f"E{case}", "red_line": "RL02", "case_no": case, "facts": "-", "severity": "minor",
        "self_reported": False, "confirmed_by": "001", "confirmed_on": "2026-05-01", "appeal": appeal,
    }  # fmt: skip


def test_an_ordinary_leak_costs_a_branch_of_thirty_what_it_costs_one_of_a_hundred(
    model: IndicatorModel,
) -> None:
    small = measured(model, "A6.3", staff=30, incidents=[leak("S1")], red_line_events=[])
    large = measured(model, "A6.3", staff=100, incidents=[leak("S1")], red_line_events=[])
    assert value(small, "A6.3") == value(large, "A6.3") == 1


def test_a_case_is_left_out_of_the_rate_while_its_red_line_stands(model: IndicatorModel) -> None:
    cases = [leak("S1"), leak("S2", severity="larger"), leak("S3", found_by="self")]
    measures = measured(
        model, "A6.3", incidents=cases, red_line_events=[event("S1", "none"), event("S2", "overturned")]
    )
    # S1 stands as a red line; S2's was overturned and weighs 3; S3 was minor and self-reported and weighs 0.3
    assert value(measures, "A6.3") == pytest.approx(3.3)


def test_reports_are_in_time_by_grade_and_a_missing_report_is_late(model: IndicatorModel) -> None:
    cases = [
        leak("S1"),  # 3 hours of 24
        leak("S2", severity="grave"),  # 3 hours of 2
        leak("S3", reported_at=None),
        leak("S4", severity="major", reported_at="2026-04-02 20:00"),  # 11 hours of 12
        leak("S5", kind="hazard", reported_at=None),  # not a leak
    ]
    assert value(measured(model, "A6.2", incidents=cases, red_line_events=[]), "A6.2") == 0.5


def test_no_incident_leaves_the_reporting_item_not_applicable(model: IndicatorModel) -> None:
    assert state(measured(model, "A6.2", incidents=[], red_line_events=[]), "A6.2") == "not_applicable"


def test_a_loan_still_out_is_counted_to_the_cutoff(model: IndicatorModel) -> None:
    loans = [
        {"loan_no": "1", "lent_on": "2026-04-01", "returned_on": "2026-04-04"},  # three days
        {"loan_no": "2", "lent_on": "2026-04-01", "returned_on": "2026-04-05"},  # four
        {"loan_no": "3", "lent_on": "2026-06-28"},  # two days at the cut-off
        {"loan_no": "4", "lent_on": "2026-06-20"},
    ]
    assert value(measured(model, "A4.3", loans=loans), "A4.3") == 0.5


def test_nobody_approves_his_own_loan(model: IndicatorModel) -> None:
    entry = {
        "lent_on": "2026-04-01",
        "reason": "贷后",
        "borrower_no": "7",
        "approver": "8",
        "returned_on": "2026-04-02",
        "written_off": True,
    }
    loans = [
        {**entry, "loan_no": "1"},
        {**entry, "loan_no": "2", "approver": "7"},
        {**entry, "loan_no": "3", "written_off": False},
    ]
    assert value(measured(model, "A4.2", loans=loans), "A4.2") == pytest.approx(1 / 3)


def finding(number: str, **changes: Any) -> dict[str, Any]:
    return {
        "finding_no": number, "found_on": "2026-01-10", "severity": "minor", "item": "A4.3", "owner": "7", "due_on": "2026-05-01",
        "verifier": "8", "verified_on": "2026-04-20", "evidence_no": "ZJ1", "status": "closed", **changes,
    }  # fmt: skip


def test_closed_means_verified_by_another_in_time_with_evidence(model: IndicatorModel) -> None:
    findings = [
        finding("1"),
        finding("2", verifier="7"),
        finding("3", evidence_no=None),
        finding("4", verified_on="2026-05-02"),
        finding("5", severity="larger"),
        finding("6", status="done"),
        finding("7", due_on="2026-07-15"),  # not due in the quarter
    ]
    # weights 1 + 3 closed of 1 + 1 + 1 + 1 + 3 + 1
    assert value(measured(model, "A7.2", findings=findings), "A7.2") == pytest.approx(4 / 8)


def test_one_finding_very_late_shows_in_the_mean_and_not_in_the_quartile(model: IndicatorModel) -> None:
    on_time = [finding(str(number)) for number in range(9)]
    late = finding(
        "L", severity="major", due_on="2025-09-03", verifier=None, verified_on=None, status="open"
    )  # 300 days to 30 June
    measures = measured(model, "A7.3", "A7.R1", findings=[*on_time, late])
    assert value(measures, "A7.3") == pytest.approx(10 * 300 / (9 + 10))
    assert value(measures, "A7.R1") == 0


def test_a_finding_closed_by_its_owner_or_without_evidence_still_runs(model: IndicatorModel) -> None:
    claimed = {"due_on": "2026-06-20", "verified_on": "2026-06-19"}  # ten days before the cut-off
    findings = [
        finding("1", **claimed),
        finding("2", **claimed, verifier="7"),
        finding("3", **claimed, evidence_no=None),
    ]
    assert value(measured(model, "A7.3", findings=findings), "A7.3") == pytest.approx(20 / 3)


def test_a_finding_recurs_only_where_a_later_one_names_it_within_two_quarters(model: IndicatorModel) -> None:
    old = {"due_on": "2025-07-01", "verified_on": "2025-06-30"}
    findings = [
        *(finding(name, **old) for name in "abcd"),
        finding("e", found_on="2025-08-01", recurs="a"),
        finding("f", found_on="2026-06-01", recurs="b"),  # later than two quarters
    ]
    assert value(measured(model, "A7.4", findings=findings), "A7.4") == 0.25
    assert (
        state(measured(model, "A7.4", findings=[finding(name, **old) for name in "ab"]), "A7.4")
        == "not_applicable"
    )


def person(number: str, **changes: Any) -> dict[str, Any]:
    return {
        "staff_no": number,
        "name": "-",
        "post": "柜员",
        "department": "-",
        "employment": "regular",
        "hired_on": "2020-01-01",
        "sensitive": True,
        **changes,
    }


def test_vetting_is_due_before_the_later_of_hiring_and_moving(model: IndicatorModel) -> None:
    roster = [
        person("1", vetted_on="2019-12-20"),
        person("2", vetted_on="2024-02-01", moved_on="2024-03-01"),
        person("3", vetted_on="2024-04-01", moved_on="2024-03-01"),
        person("4"),
        person("5", left_on="2026-05-01"),  # no longer in post
        person("6", sensitive=False),
    ]
    assert value(measured(model, "C1.2", roster=roster), "C1.2") == 0.5


def test_last_rounds_revetting_does_not_count_for_this_one(model: IndicatorModel) -> None:
    roster = [
        person("1", revet_due="2026-03-01", revetted_on="2026-02-20"),
        person("2", revet_due="2026-03-01", revetted_on="2025-03-01"),
        person("3", revet_due="2026-03-01", revetted_on="2026-04-01"),
        person("4", revet_due="2027-03-01"),
        person("5", revet_due="2024-03-01"),  # long overdue and still owed
    ]
    assert value(measured(model, "C1.4", roster=roster), "C1.4") == 0.25


def course(number: str, **changes: Any) -> dict[str, Any]:
    return {
        "staff_no": number,
        "course_no": "K1",
        "hours": 2.0,
        "mandatory": True,
        "status": "completed",
        "completed_at": "2026-04-10 15:00",
        "passed": True,
        **changes,
    }


def test_coverage_and_passes_count_people_and_keep_absentees_in_the_denominator(
    model: IndicatorModel,
) -> None:
    roster = [person(number) for number in "1234"]
    training = [
        course("1"),
        course("1", course_no="K2"),
        course("2", passed=False),
        course("3", status="in_progress", passed=None),
    ]
    measures = measured(model, "B1.2", "B1.3", "B2.1", roster=roster, training=training)
    assert value(measures, "B1.2") == 0.5
    assert value(measures, "B2.1") == 0.25
    assert value(measures, "B1.3") == 0.25  # only the first has four hours


def account(number: str, role: str = "经办", **changes: Any) -> dict[str, Any]:
    return {
        "staff_no": number,
        "system": "核心",
        "account": f"a{number}{role}",
        "role": role,
        "privileged": False,
        "granted_on": "2025-01-05",
        **changes,
    }


def test_training_on_the_day_access_is_granted_is_early_enough(model: IndicatorModel) -> None:
    roster = [person(number, hired_on="2026-04-08") for number in "1234"]
    training = [course("1"), course("2", completed_at="2026-04-11 09:00"), course("3")]
    access = [account("1", granted_on="2026-04-10"), account("2", granted_on="2026-04-10")]
    # 1 trained that day; 2 a day late; 3 trained, no access yet; 4 not trained
    assert value(measured(model, "B1.4", roster=roster, training=training, access=access), "B1.4") == 0.5


def test_every_live_account_must_be_in_the_role_matrix(model: IndicatorModel) -> None:
    access = [
        account("1"),
        account("1", "管理员"),
        account("9"),
        account("1", "复核", revoked_on="2026-05-01"),
    ]
    # the second role is not the post's, the third account's holder is not on the roster, the fourth is revoked
    matrix = [{"post": "柜员", "system": "核心", "role": "经办"}]
    measures = measured(model, "C2.1", access=access, roster=[person("1")], role_matrix=matrix)
    assert value(measures, "C2.1") == pytest.approx(1 / 3)


def test_access_is_revoked_within_a_working_day(model: IndicatorModel) -> None:
    access = [
        account("1", revoke_due="2026-05-08", revoked_on="2026-05-11"),  # Friday to Monday
        account("2", revoke_due="2026-05-08", revoked_on="2026-05-12"),
        account("3", revoke_due="2026-05-08"),
        account("4", revoke_due="2026-05-08", revoked_on="2026-05-07"),
        account("5", revoke_due="2026-01-08"),  # another quarter
    ]
    assert value(measured(model, "C4.1", access=access), "C4.1") == 0.5


def test_leaving_a_sensitive_post_also_needs_a_declassification_period(model: IndicatorModel) -> None:
    exit_steps = {"left_on": "2026-05-10", "exit_interview_on": "2026-05-09"}
    roster = [
        person("1", **exit_steps, declass_from="2026-05-10", declass_to="2028-05-10"),
        person("2", **exit_steps),
        person("3", **exit_steps, sensitive=False),
        person("4", left_on="2026-05-10", sensitive=False),
    ]
    leaving = {
        "left_on": "2026-05-10",
        "handed_over": True,
        "carriers_returned": True,
        "exit_commitment_on": "2026-05-09",
    }
    assert (
        value(
            measured(
                model, "C4.3", roster=roster, leavers=[{"staff_no": number, **leaving} for number in "1234"]
            ),
            "C4.3",
        )
        == 0.5
    )


def test_a_sanction_still_within_its_sixty_days_is_not_counted_yet(model: IndicatorModel) -> None:
    sanctions = [
        {"case_no": "1", "adjudicated_on": "2026-04-01", "sanctioned_on": "2026-05-01"},
        {"case_no": "2", "adjudicated_on": "2026-04-01"},
        {"case_no": "3", "adjudicated_on": "2026-06-01"},
    ]
    assert value(measured(model, "C5.2", sanctions=sanctions), "C5.2") == 0.5
    assert state(measured(model, "C5.2", sanctions=[]), "C5.2") == "not_applicable"


def test_interviews_are_counted_by_person_and_two_raters_meet_in_the_middle(model: IndicatorModel) -> None:
    interviews = [
        {"interview_no": f"F{number}", "question": question, "score": 3.0, "rater": "1"}
        for number in range(4)
        for question in ("Q1", "Q2", "Q3")
    ]
    interviews[0] |= {"second_score": 1.0, "second_rater": "2"}
    row = measured(model, "A2.3", interviews=interviews).row("Z01", "A2.3")
    assert row["value"] == pytest.approx((11 * 3 + 2) / (12 * 4))
    assert row["n"] == pytest.approx(4)
    assert row["thin"]


def test_two_minuted_meetings_with_decisions_in_a_year_are_enough(model: IndicatorModel) -> None:
    meeting = {"held_on": "2026-04-20", "minuted": True, "decided": True}
    held = {
        0: [{**meeting, "meeting_no": "1"}, {**meeting, "meeting_no": "2", "decided": False}],
        3: [{**meeting, "meeting_no": "3"}],
    }
    year = {}
    for step in range(4):
        period = SECOND_QUARTER.shift(-step)
        year[period] = evidence(
            model, {"meetings": [{"unit": "Z01", **row} for row in held.get(step, [])]}, period
        )
    assert value(measure(only(model, "A1.2"), UNITS, year, SECOND_QUARTER), "A1.2") == 1


def test_a_plan_never_drilled_earns_at_most_half(model: IndicatorModel) -> None:
    plan = {"plan_no": "1", "key_points": 10.0, "hits": 10.0, "drills_planned": 0.0, "drills_done": 0.0}
    assert value(measured(model, "A6.1", level="head_office", emergency=[plan]), "A6.1") == 0.5
    drilled = {**plan, "drills_planned": 2.0, "drills_done": 3.0, "review_quality": 0.8}
    assert value(measured(model, "A6.1", level="head_office", emergency=[drilled]), "A6.1") == pytest.approx(
        0.5 + 0.5 * 0.8
    )


def test_an_archive_check_on_time_without_defects_is_worth_everything(model: IndicatorModel) -> None:
    check = {
        "check_no": "1",
        "due_on": "2026-06-15",
        "done_on": "2026-06-10",
        "defects_found": 0.0,
        "defects_closed": 0.0,
    }
    assert value(measured(model, "A4.6", archive_checks=[check]), "A4.6") == 1
    assert value(
        measured(model, "A4.6", archive_checks=[{**check, "defects_found": 4.0, "defects_closed": 1.0}]),
        "A4.6",
    ) == pytest.approx(0.625)


# --- the page on the model


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_mechanism_has_its_place_on_the_page(model: IndicatorModel, lang: str) -> None:
    page = (DOCS / f"model.{lang}.md").read_text(encoding="utf-8")
    rows = {
        cells[1].strip(): cells
        for line in page.splitlines()
        if line.startswith("| SYS")
        for cells in [line.split("|")]
    }
    assert list(rows) == [f"SYS{number:02d}" for number in range(1, 87)]
    placed: dict[str, set[str]] = {}
    for owner in (*model.items.values(), *model.spec.red_lines):
        for mechanism in owner.mechanisms:
            placed.setdefault(mechanism, set()).add(owner.id)
    for name, cells in rows.items():
        named = set(re.findall(r"[ABC]\d\.R?\d|RL\d\d", cells[4]))
        assert named == placed.get(name, set()), name
        assert cells[3].strip(), name
        assert cells[5].strip(), name
