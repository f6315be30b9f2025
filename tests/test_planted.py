"""What was planted in the sample bank (data_samples/bank/README.md) is found through the public API."""

from __future__ import annotations

import pandas as pd
import pytest

import riskkit as rk
from riskkit.evidence.questionnaire import question_number


@pytest.fixture(scope="module")
def bank(sample_bank) -> rk.Workspace:
    return rk.open_workspace(sample_bank)


@pytest.fixture(scope="module")
def now(bank: rk.Workspace) -> rk.Assessment:
    return bank.assessment("2026Q2")


@pytest.fixture(scope="module")
def before(bank: rk.Workspace) -> rk.Assessment:
    return bank.assessment("2026Q1")


def reasons(assessment: rk.Assessment, unit: str) -> list[dict]:
    return assessment.reasons[assessment.reasons["unit"] == unit].to_dict("records")


def test_the_bank_is_as_large_as_it_says(bank: rk.Workspace, now: rk.Assessment) -> None:
    assert [str(period) for period in bank.periods] == [
        "2025Q1",
        "2025Q2",
        "2025Q3",
        "2025Q4",
        "2026Q1",
        "2026Q2",
    ]
    assert len(now.ranking()) == 48
    assert sorted(now.rollups().index) == ["0000", "0100", "0200", "0300", "0400"]


def test_every_item_that_applies_has_a_state_and_almost_all_have_a_value(now: rk.Assessment) -> None:
    frame = now.measures.frame
    assert frame["state"].notna().all()
    others = frame[~frame["unit"].isin(["0411", "0310"])]
    assert set(others["state"]) <= {"measured", "carried_over", "not_applicable", "postponed"}
    assert frame.groupby("item")["value"].count().reindex(list(now.model.items)).min() >= 1


def test_training_effect_fell_at_0105_and_the_items_that_fell_are_named(
    before: rk.Assessment, now: rk.Assessment
) -> None:
    change = now.scores(1).loc["0105"] - before.scores(1).loc["0105"]
    assert change["B"] < -20
    assert change[["A", "C"]].abs().max() < 10
    moved = rk.compare(before, now).explain("0105")
    in_training = moved[moved.index.str.startswith("B")]
    assert set(in_training.index[:4]) == {"B1.2", "B2.1", "B2.3", "B4.1"}
    assert (in_training["change"].iloc[:4] < 0).all()


def test_the_fall_of_0105_is_one_of_measured_values_and_most_of_it_in_training(
    before: rk.Assessment, now: rk.Assessment
) -> None:
    """notebooks/explore says about 9.4 points, 7.7 of them in training, and a little gained where items stop applying."""
    why = rk.attribute(before, now)
    values = why.explain("0105").query("group == 'values'")
    in_training = values["id"].str.startswith("B")
    assert [round(values["term"].sum(), 1), round(values.loc[in_training, "term"].sum(), 1)] == [-9.4, -7.7]
    assert 0 < why.groups.loc["0105", "applicability"] < 0.5
    rows = why.evidence("0105", "B2.1")
    assert set(rows["assessed_in"]) == {"2026Q1", "2026Q2"}
    assert rows[["_file", "_sheet", "_row"]].notna().all(axis=None)
    told = rk.grade_change(before, now, "0105")
    assert told.loc[told["binds"], ["held", "key", "grade"]].to_numpy().tolist() == [
        ["B", "score", "A"],
        ["C", "score", "B"],
    ]


def test_a_movement_adds_up_to_the_change_of_the_score(before: rk.Assessment, now: rk.Assessment) -> None:
    movement = rk.compare(before, now)
    items = movement.items.groupby("item")["change"].size()
    assert len(items) == len(now.model.items)
    for unit in ("0105", "0110", "0203", "0404"):
        change = movement.items.loc[movement.items["unit"] == unit, "change"].sum()
        deducted = now.summary.loc[unit, "deducted"] - before.summary.loc[unit, "deducted"]
        published = movement.units.loc[unit, "change"]
        assert change - deducted == pytest.approx(published, abs=0.01 + 1e-9)  # two roundings


def test_0203_cured_its_findings_and_its_red_line(before: rk.Assessment, now: rk.Assessment) -> None:
    then, today = before.unit_items("0203"), now.unit_items("0203")
    assert then.loc["A7.2", "points"] < 20
    assert today.loc["A7.2", "points"] == 100
    assert today.loc["A7.3", "value"] == 0
    assert [entry["where"] for entry in reasons(before, "0203") if entry["key"] == "cap"] == ["RL10"]
    assert not [entry for entry in reasons(now, "0203") if entry["key"] == "cap"]


def test_0308_judges_itself_far_more_kindly_than_the_inspection(now: rk.Assessment) -> None:
    gaps = rk.compare_self_check(now.measures).units["gap"].sort_values()
    assert gaps.index[-1] == "0308"
    assert gaps.iloc[-1] > 0.1
    assert gaps.iloc[-2] < 0.08


def test_a_red_line_caps_0302_below_the_grade_of_its_score(now: rk.Assessment) -> None:
    row = now.summary.loc["0302"]
    assert row["base"] >= 90
    assert row["deducted"] == 4
    assert row["grade"] == "C"
    assert {"cap"} <= {entry["key"] for entry in reasons(now, "0302")}


def test_a_veto_puts_0404_last_with_the_lowest_grade(now: rk.Assessment) -> None:
    row = now.summary.loc["0404"]
    assert (row["grade"], row["rank"]) == ("E", now.summary["rank"].max())
    assert row["score"] > 70


def test_deductions_are_full_lenient_and_none_after_an_appeal(now: rk.Assessment) -> None:
    assert now.summary.loc[["0110", "0209", "0306"], "deducted"].tolist() == [4, 2, 0]
    assert now.events.set_index("unit").loc["0306", "status"] == "overturned"


def test_an_event_of_an_earlier_quarter_counts_in_that_quarter_only(
    before: rk.Assessment, now: rk.Assessment
) -> None:
    assert before.summary.loc["0212", "deducted"] == 2
    assert now.summary.loc["0212", "deducted"] == 0


def test_0411_is_too_thinly_assessed_to_grade_or_rank(now: rk.Assessment) -> None:
    row = now.summary.loc["0411"]
    assert row["provisional"]
    assert row["coverage"] < 0.8
    assert pd.isna(row["grade"])
    assert pd.isna(row["rank"])
    states = now.unit_items("0411")["state"].value_counts()
    assert states["not_assessed"] > 20


def test_at_0412_too_few_answered_so_the_questionnaire_does_not_apply(now: rk.Assessment) -> None:
    items = now.unit_items("0412").loc[["B3.1", "B3.2", "B3.3"]]
    assert set(items["state"]) == {"not_applicable"}
    assert "10" in rk.reason_text(items["reason"].iloc[0], "en")  # sixty per cent of its 16 staff is ten
    assert items["n"].isna().all()


def test_0310_refused_a_table_and_gets_nothing_for_it(now: rk.Assessment) -> None:
    items = now.unit_items("0310").loc[["A5.1", "A5.3"]]
    assert set(items["state"]) == {"refused"}
    assert items["points"].tolist() == [0, 0]


def test_rulings_take_items_out_or_postpone_them(now: rk.Assessment) -> None:
    assert now.unit_items("0112").loc["B4.2", "state"] == "not_applicable"
    assert now.unit_items("0401").loc["B4.3", "state"] == "postponed"
    assert now.summary.loc["0401", "coverage"] < 1
    assert now.summary.loc["0112", "coverage"] == 1


def test_values_are_carried_over_while_their_cadence_lasts(before: rk.Assessment, now: rk.Assessment) -> None:
    yearly = now.unit_items("0101").loc["A1.1"]
    assert (yearly["state"], yearly["age"], yearly["measured_in"]) == ("carried_over", 2, "2025Q4")
    half_yearly = before.unit_items("0101").loc["B3.1"]
    assert (half_yearly["state"], half_yearly["measured_in"]) == ("carried_over", "2025Q4")


def test_a_branch_reaches_grade_a(now: rk.Assessment) -> None:
    assert now.summary.loc["0206", "grade"] == "A"


def test_wrong_cells_were_settled_by_the_ledger_and_nothing_else_was_lost(bank: rk.Workspace) -> None:
    evidence = bank.evidence("2026Q2")
    assert len(evidence.corrections) == 10
    assert evidence.tables["roster"]["staff_no"].str.startswith("009").all()


def test_lost_points_of_every_branch_add_up_to_what_is_missing_to_a_hundred(now: rk.Assessment) -> None:
    for unit, row in now.summary.iterrows():
        assert now.losses(unit)["lost"].sum() == pytest.approx(100 - row["score"], abs=1e-9), unit


def test_every_value_leads_to_evidence_rows_with_file_and_row(now: rk.Assessment) -> None:
    for item in now.unit_items("0103").index:
        row = now.measures.row("0103", item)
        rows = now.measures.evidence_rows("0103", item)
        if row["state"] in ("measured", "carried_over") and row["n"] > 0:
            assert len(rows), item
            assert rows["_file"].notna().all()
            assert (rows["_row"] > 1).all()


def test_all_quarters_stand_in_one_tidy_frame(bank: rk.Workspace) -> None:
    history = bank.history()
    totals = history[(history["node"] == "") & (history["unit"] == "0206")]
    assert len(totals) == 6
    assert not history.duplicated(["period", "unit", "node"]).any()


def test_a_question_number_is_read_off_its_heading() -> None:
    assert [question_number(text) for text in ("12、题干", "３、题干", "来自IP")] == ["12", "3", None]
