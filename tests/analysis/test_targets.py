"""Targets against results, each status worked by hand; the cut-off is 2026-06-30."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskkit.analysis.targets import STATUSES, targets
from riskkit.evidence.evidence import Evidence
from riskkit.evidence.measures import Measures
from riskkit.model import IndicatorModel
from riskkit.periods import Period
from tests.scoring import tiny

RISING = [[0, 0], [1, 100]]
FALLING = [[0, 100], [1, 0]]
AROUND = {"type": "distance_to_target", "target": 0.5, "zero_at": 1.0, "both_sides": True}


def model() -> IndicatorModel:
    """a1 should be high, a2 low, b1 neither: as near its target as can be."""
    falling = {"direction": "lower_better", "scale": {"type": "piecewise_linear", "points": FALLING}}
    around = {"direction": "target_better", "scale": AROUND}
    nodes = [
        {
            "id": "A",
            "name": tiny.name("A"),
            "weight": 0.6,
            "children": [tiny.item("a1", 0.5), tiny.item("a2", 0.5, **falling)],
        },
        {"id": "B", "name": tiny.name("B"), "weight": 0.4, "children": [tiny.item("b1", 1.0, **around)]},
    ]
    return tiny.model(nodes=nodes)


def row(**more: object) -> dict[str, object]:
    return {
        "unit": "u",
        "department": "D",
        "post": "P",
        "horizon": "short",
        "item": "a1",
        "target": 0.9,
        "actual": None,
        "attained": None,
        "owner": "00900001",
        "due_on": "2026-06-30",
    } | more


def with_targets(*rows: dict[str, object], period: Period = tiny.PERIOD) -> Measures:
    small = model()
    measures = tiny.measures(small, {"u": {"a1": 0.5, "a2": 0.5, "b1": 0.5}})
    table = pd.DataFrame(rows).astype({"attained": "boolean"})
    table["due_on"] = pd.to_datetime(table["due_on"])
    evidence = dict(measures.evidence)
    held = dict(evidence[period].tables) if period in evidence else {}
    evidence[period] = Evidence(period, held | {"targets": table})
    return Measures(small, measures.units, tiny.PERIOD, measures.frame, measures.staff, evidence)


def status(**more: object) -> str:
    return str(targets(with_targets(row(**more))).rows.loc[0, "status"])


@pytest.mark.parametrize(
    ("item", "actual", "expected"),
    [
        ("a1", 0.9, "attained"),
        ("a1", 0.95, "attained"),
        ("a1", 0.85, "missed"),
        ("a2", 0.9, "attained"),
        ("a2", 0.95, "missed"),
        ("a2", 0.85, "attained"),
        ("b1", 0.9, "attained"),
        ("b1", 0.95, "missed"),
        ("b1", 0.85, "missed"),
    ],
)
def test_the_direction_of_the_item_says_what_reaches_a_target_of_90(
    item: str, actual: float, expected: str
) -> None:
    assert status(item=item, actual=actual) == expected


def test_a_target_not_due_yet_is_there_early_or_not_yet_there() -> None:
    assert status(due_on="2026-07-01", actual=0.9) == "on_course"
    assert status(due_on="2026-07-01", actual=0.8) == "behind"


def test_without_a_number_what_was_stated_at_the_due_date_decides_and_before_it_nothing_does() -> None:
    assert status(attained=True) == "attained"
    assert status(attained=False) == "missed"
    assert status() == "unreported"
    assert status(attained=True, due_on="2026-07-01") == "unreported"


@pytest.mark.parametrize("gone", ["owner", "due_on"])
def test_a_target_nobody_answers_for_or_without_a_date_is_incomplete_whatever_was_reached(gone: str) -> None:
    assert status(**{gone: None}, actual=1.0) == "incomplete"


@pytest.mark.parametrize("gone", ["item", "target"])
def test_without_an_item_or_a_value_there_is_no_target(gone: str) -> None:
    assert status(**{gone: None}, actual=1.0) == "no_target"


def test_a_statement_that_the_numbers_belie_is_pointed_out_and_does_not_count() -> None:
    found = targets(with_targets(row(actual=0.8, attained=True), row(actual=0.9, attained=True))).rows
    assert found["status"].tolist() == ["missed", "attained"]
    assert found["disputed"].tolist() == [True, False]


def test_the_gap_is_above_0_on_the_better_side_only() -> None:
    rows = [row(item=item, actual=0.8) for item in ("a1", "a2", "b1")]
    assert targets(with_targets(*rows)).rows["gap"].tolist() == pytest.approx([-0.1, 0.1, -0.1])


def test_counts_by_horizon_stand_from_short_to_long_and_the_share_is_of_what_was_due() -> None:
    """Short: three due, two attained, and one not set; long: none due."""
    table = targets(
        with_targets(
            row(horizon="long", due_on="2029-12-31", actual=0.5),
            row(actual=0.9),
            row(actual=0.95),
            row(actual=0.1),
            row(item=None, target=None),
        )
    ).by("horizon")
    assert table.index.tolist() == ["short", "long"]
    assert table["rows"].tolist() == [4, 1]
    assert table["due"].tolist() == [3, 0]
    assert table["attained"].tolist() == [2, 0]
    assert table["no_target"].tolist() == [1, 0]
    assert table["reached"].iloc[0] == pytest.approx(2 / 3)
    assert pd.isna(table["reached"].iloc[1])


def test_what_asks_for_something_begins_with_the_missed_and_leaves_out_the_attained() -> None:
    found = targets(
        with_targets(
            row(item=None),
            row(actual=0.9),
            row(actual=0.1, post="late"),
            row(due_on="2027-01-01", actual=0.1),
        )
    ).open()
    assert found["status"].tolist() == ["missed", "behind", "no_target"]


def test_the_newest_table_handed_in_is_judged_at_the_cut_off_of_today() -> None:
    """Handed in for the first quarter, due at the end of the second."""
    earlier = Period(2026, 1)
    found = targets(with_targets(row(actual=0.8), period=earlier))
    assert found.handed_in == earlier
    assert found.rows["status"].tolist() == ["missed"]


def test_without_a_table_there_is_nothing_to_judge() -> None:
    found = targets(tiny.measures(model(), {"u": {"a1": 0.5}}))
    assert found.handed_in is None
    assert found.rows.empty
    assert found.open().empty
    assert found.by("horizon").empty


def test_owners_are_not_shown() -> None:
    assert "owner" not in targets(with_targets(row())).rows


choices = st.fixed_dictionaries(
    {
        "item": st.sampled_from(["a1", "a2", "b1", None]),
        "target": st.sampled_from([0.9, None]),
        "actual": st.sampled_from([0.8, 0.9, 1.0, None]),
        "attained": st.sampled_from([True, False, None]),
        "owner": st.sampled_from(["1", None]),
        "due_on": st.sampled_from(["2026-06-30", "2026-07-01", None]),
    }
)


@settings(deadline=None)  # a machine at work elsewhere is slow
@given(st.lists(choices, min_size=1, max_size=8))
def test_every_row_has_one_status_and_the_counts_add_up(rows: list[dict[str, object]]) -> None:
    found = targets(with_targets(*(row(**each) for each in rows)))
    assert set(found.rows["status"]) <= set(STATUSES)
    table = found.by("unit")
    assert table[list(STATUSES)].sum(axis=1).tolist() == table["rows"].tolist() == [len(rows)]
    due = (
        table[["attained", "missed"]].sum(axis=1)
        + (found.rows["due"] & (found.rows["status"] == "unreported")).sum()
    )
    assert table["due"].tolist() == due.tolist()
