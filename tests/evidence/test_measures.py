"""What becomes of evidence rows: values, states, ages and classes, each worked by hand on a few rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskkit.evidence.measures import Measures
from riskkit.evidence.reach import Reach
from tests.evidence import small
from tests.evidence.small import Q1, Q2, Q3, Q4, Bank

LOG = {"log": small.table("unit:unit passed:number sampled:number")}
RATIO = {"kind": "ratio", "table": "log", "numerator": "passed", "denominator": "sampled"}


def bank(folder: Path, measure: dict[str, Any], tables: dict[str, Any] | None = None, **more: Any) -> Bank:
    """A bank with one item I."""
    register = more.pop("register", None)
    return Bank(folder, small.model(tables or LOG, {"I": {"measure": measure, **more}}), register)


def key(row: pd.Series) -> str:
    return str(json.loads(row["reason"])["key"]) if row["reason"] else ""


# --- the kinds


def test_a_ratio_is_a_sum_over_a_sum_and_no_mean_of_ratios(tmp_path: Path) -> None:
    """u: (3 + 5) / (4 + 6) = 0.8, while the mean of 3/4 and 5/6 would be 0.79."""
    rows = [("u", 3, 4), ("u", 5, 6), ("v", 1, 2)]
    row = bank(tmp_path, RATIO).put(Q2, "log", "unit passed sampled", *rows).row(Q2, "u")
    assert row[["value", "numerator", "denominator", "n"]].tolist() == [0.8, 8.0, 10.0, 10.0]
    assert (row["state"], row["confidence"], row["age"]) == ("measured", "B", 0)


def test_a_ratio_of_too_few_cases_does_not_apply(tmp_path: Path) -> None:
    """u has 2 cases and the item asks for 3; v has just 3."""
    few = bank(tmp_path, RATIO | {"min_denominator": 3})
    few.put(Q2, "log", "unit passed sampled", ("u", 2, 2), ("v", 3, 3))
    assert (few.row(Q2, "u")["state"], key(few.row(Q2, "u"))) == ("not_applicable", "few_cases")
    assert few.row(Q2, "v")["value"] == 1.0


def test_a_missing_number_counts_as_nothing(tmp_path: Path) -> None:
    """(3 + nothing) / (4 + 6) = 0.3."""
    rows = [("u", 3, 4), ("u", "", 6)]
    assert bank(tmp_path, RATIO).put(Q2, "log", "unit passed sampled", *rows).row(Q2, "u")["value"] == 0.3


def test_where_factor_and_window_are_heeded(tmp_path: Path) -> None:
    """Q1: 1 of 4 (a second row has nothing passed); Q2: 3 of 4: (1 + 3) / 8, times 10 = 5."""
    wide = bank(tmp_path, RATIO | {"where": "passed > 0", "window": 2, "factor": 10})
    wide.put(Q1, "log", "unit passed sampled", ("u", 1, 4), ("u", 0, 9))
    wide.put(Q2, "log", "unit passed sampled", ("u", 3, 4))
    assert wide.row(Q2, "u")["value"] == 5.0


def test_a_window_over_a_snapshot_sees_the_newest_alone(tmp_path: Path) -> None:
    tables = {"log": small.table("unit:unit passed:number sampled:number", scope="snapshot")}
    now = bank(tmp_path, RATIO | {"window": 2}, tables)
    now.put(Q1, "log", "unit passed sampled", ("u", 0, 4)).put(Q2, "log", "unit passed sampled", ("u", 4, 4))
    assert now.row(Q2, "u")["value"] == 1.0


def test_a_rate_by_staff_never_divides_by_less_than_its_floor(tmp_path: Path) -> None:
    """100 · 2 cases / 40 people = 5; with 8 people and a floor of 20: 100 · 2 / 20 = 10; nobody reported: 0."""
    measure = {
        "kind": "rate",
        "table": "log",
        "numerator": "1",
        "exposure": "staff",
        "floor": 20,
        "factor": 100,
    }
    register = small.units(u=40, v=8, w=40)
    rated = bank(tmp_path, measure, register=register)
    rated.put(Q2, "log", "unit passed sampled", *[(unit, 0, 0) for unit in "uuvv"])
    assert [rated.row(Q2, unit)["value"] for unit in "uvw"] == [5.0, 10.0, 0.0]


def test_a_rate_without_anybody_does_not_apply(tmp_path: Path) -> None:
    measure = {"kind": "rate", "table": "log", "numerator": "1", "exposure": "staff"}
    nobody = bank(tmp_path, measure, register=small.units(u=0, v=10))
    nobody.put(Q2, "log", "unit passed sampled", ("u", 0, 0))
    assert nobody.row(Q2, "u")["state"] == "not_applicable"


def test_staff_is_the_mean_head_count_over_the_window(tmp_path: Path) -> None:
    """Q1: p1 and p2; Q2: p2 alone is left, p1 having gone before the cut-off. Mean 1.5: 3 cases / 1.5 = 2."""
    tables = LOG | {"roster": small.table("staff_no:code unit:unit left_on:date", scope="snapshot")}
    measure = {"kind": "rate", "table": "log", "numerator": "1", "exposure": "staff", "window": 2}
    present = {"table": "roster", "where": "not filled(left_on) or left_on > cutoff"}
    counted = Bank(tmp_path, small.model(tables, {"I": {"measure": measure}}, staff=present))
    counted.put(Q1, "roster", "staff_no unit left_on", ("p1", "u", "2026-04-01"), ("p2", "u", ""))
    counted.put(Q2, "roster", "staff_no unit left_on", ("p1", "u", "2026-06-30"), ("p2", "u", ""))
    counted.put(Q1, "log", "unit passed sampled", ("u", 0, 0))
    counted.put(Q2, "log", "unit passed sampled", ("u", 0, 0), ("u", 0, 0))
    assert counted.row(Q2, "u")["value"] == 2.0


def test_a_rate_by_time_counts_the_years_on_record(tmp_path: Path) -> None:
    """A window of four quarters of which two are on record: 3 cases in half a year = 6 a year."""
    yearly = bank(
        tmp_path, {"kind": "rate", "table": "log", "numerator": "1", "exposure": "years", "window": 4}
    )
    yearly.put(Q1, "log", "unit passed sampled", ("u", 0, 0))
    yearly.put(Q2, "log", "unit passed sampled", ("u", 0, 0), ("u", 0, 0))
    assert yearly.row(Q2, "u")["value"] == 6.0


def test_a_mean_weighs_its_values_and_leaves_out_what_is_missing(tmp_path: Path) -> None:
    """(2·1 + 5·3) / 4 = 4.25; the row without a value brings no weight either."""
    mean = bank(tmp_path, {"kind": "mean", "table": "log", "value": "passed", "weight": "sampled"})
    mean.put(Q2, "log", "unit passed sampled", ("u", 2, 1), ("u", 5, 3), ("u", "", 100))
    assert mean.row(Q2, "u")[["value", "n"]].tolist() == [4.25, 2.0]


def test_a_mean_over_people_counts_people(tmp_path: Path) -> None:
    """Three rows of two people: the mean is over rows, (1 + 2 + 6) / 3 = 3; n is 2."""
    tables = {"log": small.table("unit:unit who:code passed:number")}
    mean = bank(tmp_path, {"kind": "mean", "table": "log", "value": "passed", "person": "who"}, tables)
    mean.put(Q2, "log", "unit who passed", ("u", "p1", 1), ("u", "p1", 2), ("u", "p2", 6))
    assert mean.row(Q2, "u")[["value", "n"]].tolist() == [3.0, 2.0]


@pytest.mark.parametrize(("q", "expected"), [(0.5, 3.0), (0.75, 6.0), (0.9, 8.4), (0.0, 1.0)])
def test_a_quantile_lies_between_neighbours_in_proportion(tmp_path: Path, q: float, expected: float) -> None:
    """Of 1, 2, 4, 10 sorted: place q·3 from the first; 0.5 → 1.5 → between 2 and 4: 3; 0.75 → 2.25 → 4 + 0.25·6 = 5.5.

    With the fifth value 6: 1, 2, 3, 6, 10; 0.5 → 3; 0.75 → place 3 → 6; 0.9 → place 3.6 → 6 + 0.6·4 = 8.4.
    """
    rows = [("u", value, 0) for value in (10, 1, 6, 3, 2)]
    ranked = bank(tmp_path, {"kind": "quantile", "table": "log", "value": "passed", "q": q})
    assert ranked.put(Q2, "log", "unit passed sampled", *rows).row(Q2, "u")["value"] == pytest.approx(
        expected
    )


def test_a_gain_takes_matched_people_who_could_still_gain(tmp_path: Path) -> None:
    """p1: (90 - 50) / 50 = 0.8; p2: (50 - 75) / 25 = -1; p3 began at the ceiling, p4 has no second score.

    Mean of 0.8 and -1: -0.1.
    """
    phases = {"before": small.name("before"), "after": small.name("after")}
    tables = {"tests": small.table("unit:unit who:code phase:choice score:number")}
    tables["tests"]["columns"]["phase"]["choices"] = phases
    measure = {
        "kind": "gain",
        "table": "tests",
        "person": "who",
        "phase": "phase",
        "before": "before",
        "after": "after",
        "score": "score",
        "ceiling": 100,
    }
    pairs = {"p1": (50, 90), "p2": (75, 50), "p3": (100, 100), "p4": (10, None)}
    rows = [("u", who, "before", first) for who, (first, _) in pairs.items()]
    rows += [("u", who, "after", second) for who, (_, second) in pairs.items() if second is not None]
    row = bank(tmp_path, measure, tables).put(Q2, "tests", "unit who phase score", *rows).row(Q2, "u")
    assert (row["value"], row["n"]) == (pytest.approx(-0.1), 2)


def test_a_gain_without_any_pair_does_not_apply(tmp_path: Path) -> None:
    phases = {"before": small.name("before"), "after": small.name("after")}
    tables = {"tests": small.table("unit:unit who:code phase:choice score:number")}
    tables["tests"]["columns"]["phase"]["choices"] = phases
    measure = {"kind": "gain", "table": "tests", "person": "who", "phase": "phase"}
    measure |= {"before": "before", "after": "after", "score": "score", "ceiling": 100}  # type: ignore[dict-item]
    none = bank(tmp_path, measure, tables)
    none.put(Q2, "tests", "unit who phase score", ("u", "p1", "before", 5))
    assert [none.row(Q2, unit)["state"] for unit in "uv"] == ["not_applicable"] * 2


# --- joins


def test_a_join_without_a_match_counts_nothing(tmp_path: Path) -> None:
    """Of three people, p1 has two courses (5 hours, one passed), p2 one (3 hours, failed), p3 none.

    Hours 5 + 3 + 0 = 8 of 3 people; passes 1 + 0 + 0; anyone passed: 1 of 3; courses 2 + 1 + 0; the day of the first
    course is missing for p3, and a comparison with it false: 2 of 3.
    """
    tables = {
        "roster": small.table("staff_no:code unit:unit", scope="snapshot"),
        "training": small.table("person:code hours:number passed:yes_no day:date"),
    }
    join = {
        "table": "training",
        "on": {"staff_no": "person"},
        "take": {"hours": "sum hours", "ever": "any passed", "courses": "count", "first": "min day"},
    }
    numerators = {"H": "hours", "P": "ever", "C": "courses", "F": "first <= cutoff"}
    items = {
        name: {"measure": {"kind": "ratio", "table": "roster", "join": [join], "numerator": text}}
        for name, text in numerators.items()
    }
    joined = Bank(tmp_path, small.model(tables, items))
    joined.put(Q2, "roster", "staff_no unit", ("p1", "u"), ("p2", "u"), ("p3", "u"))
    rows = [("p1", 2, "是", "2026-05-01"), ("p1", 3, "否", "2026-04-01"), ("p2", 3, "否", "2026-05-01")]
    joined.put(Q2, "training", "person hours passed day", *rows, ("p9", 99, "是", "2026-05-01"))
    measures = joined.measures(Q2)
    assert {name: measures.row("u", name)["numerator"] for name in items} == {"H": 8, "P": 1, "C": 3, "F": 2}


def test_rows_read_with_few_columns_are_the_same_rows_joined_with_the_same_values(tmp_path: Path) -> None:
    tables = {
        "roster": small.table("staff_no:code unit:unit grade:number", scope="snapshot"),
        "training": small.table("person:code hours:number passed:yes_no day:date"),
    }
    join = {
        "table": "training",
        "on": {"staff_no": "person"},
        "where": "day <= cutoff",
        "take": {"hours": "sum hours", "courses": "count"},
    }
    kind = {"kind": "ratio", "table": "roster", "join": [join], "where": "grade > 1", "numerator": "hours"}
    joined = bank(tmp_path, kind, tables)
    joined.put(Q2, "roster", "staff_no unit grade", ("p1", "u", 1), ("p2", "u", 2), ("p3", "v", 3))
    joined.put(
        Q2, "training", "person hours passed day", *[("p2", 4, "是", f"2026-0{m}-01") for m in (5, 6, 7)]
    )
    measures, measure = joined.measures(Q2), joined.model.items["I"].measure
    whole, some = (
        Reach(joined.model, joined.units, measures.evidence, Q2).rows(measure, columns)
        for columns in ((), ("unit",))
    )
    pd.testing.assert_frame_equal(some, whole[list(some)])
    assert list(some) == ["staff_no", "unit", "grade", "_period", "hours", "courses"]
    assert some[["hours", "courses"]].to_numpy().tolist() == [[8, 2], [0, 0]]


def test_a_join_on_a_table_that_was_not_handed_in_finds_no_match(tmp_path: Path) -> None:
    tables = {
        "roster": small.table("staff_no:code unit:unit", scope="snapshot"),
        "training": small.table("staff_no:code hours:number"),
    }
    join = {"table": "training", "on": ["staff_no"], "take": {"hours": "sum hours"}}
    measure = {"kind": "ratio", "table": "roster", "join": [join], "numerator": "hours"}
    alone = bank(tmp_path, measure, tables).put(Q2, "roster", "staff_no unit", ("p1", "u"))
    assert alone.row(Q2, "u")["value"] == 0.0


# --- composites

TWO = {"log": LOG["log"], "more": LOG["log"]}
PARTS = [{"weight": 0.7, "measure": RATIO}, {"weight": 0.3, "measure": RATIO | {"table": "more"}}]


def composite(folder: Path, combine: str, *parts: dict[str, Any]) -> Bank:
    return bank(folder, {"kind": "composite", "combine": combine, "parts": list(parts)}, TWO)


def test_a_sum_weighs_its_parts(tmp_path: Path) -> None:
    """0.7 · 0.5 + 0.3 · 0.8 = 0.59; n is the smaller sample."""
    both = composite(tmp_path, "sum", *PARTS).put(Q2, "log", "unit passed sampled", ("u", 5, 10))
    row = both.put(Q2, "more", "unit passed sampled", ("u", 4, 5)).row(Q2, "u")
    assert (row["value"], row["n"]) == (pytest.approx(0.59), 5)


def test_a_product_bends_each_part_by_cap_slope_and_offset(tmp_path: Path) -> None:
    """The first part 0.5 as it is; the second 0.8 capped at 0.6 enters as 1 - 0.5 · 0.6 = 0.7: 0.35."""
    bent = {"measure": RATIO | {"table": "more"}, "slope": -0.5, "offset": 1, "cap": 0.6}
    both = composite(tmp_path, "product", {"measure": RATIO}, bent)
    both.put(Q2, "log", "unit passed sampled", ("u", 5, 10))
    assert both.put(Q2, "more", "unit passed sampled", ("u", 4, 5)).row(Q2, "u")["value"] == pytest.approx(
        0.35
    )


def test_a_part_that_does_not_apply_makes_the_whole_so_unless_the_part_says_otherwise(tmp_path: Path) -> None:
    """`more` has no row: with if_not_applicable 1 the whole is 0.7 · 0.5 + 0.3 · 1 = 0.65."""
    plain, lenient = tmp_path / "plain", tmp_path / "lenient"
    for folder, parts in ((plain, PARTS), (lenient, [PARTS[0], PARTS[1] | {"if_not_applicable": 1}])):
        made = composite(folder, "sum", *parts).put(Q2, "log", "unit passed sampled", ("u", 5, 10))
        made.put(Q2, "more", "unit passed sampled")
    assert composite(plain, "sum", *PARTS).row(Q2, "u")["state"] == "not_applicable"
    kind = composite(lenient, "sum", PARTS[0], PARTS[1] | {"if_not_applicable": 1})
    assert kind.row(Q2, "u")["value"] == pytest.approx(0.65)


def test_a_part_nobody_handed_in_is_never_excused(tmp_path: Path) -> None:
    """`more` was not handed in: not assessed, though the other part does not apply and the part would be excused."""
    half = composite(tmp_path, "sum", PARTS[0], PARTS[1] | {"if_not_applicable": 1})
    half.put(Q2, "log", "unit passed sampled")
    assert half.row(Q2, "u")["state"] == "not_assessed"


# --- states

UNIT_LOG = {"log": small.table("unit:unit passed:number sampled:number", covers="unit")}
CHECKLIST = {
    "log": small.table("unit:unit passed:number sampled:number", covers="unit", no_rows="not_assessed")
}


@pytest.mark.parametrize(
    ("tables", "where", "state"),
    [
        (LOG, None, "not_applicable"),
        (UNIT_LOG, None, "not_assessed"),
        (CHECKLIST, None, "not_assessed"),
        (UNIT_LOG, "passed > 9", "not_applicable"),
        (CHECKLIST, "passed > 9", "not_assessed"),
    ],
    ids=["bank", "unit", "checklist", "log with other rows", "checklist with other rows"],
)
def test_no_row_means_what_the_table_says(tmp_path: Path, tables: Any, where: str | None, state: str) -> None:
    """v has no row at all; with a condition, u has rows but none that meets it."""
    made = bank(tmp_path, RATIO | ({"where": where} if where else {}), tables)
    made.put(Q2, "log", "unit passed sampled", ("u", 1, 2))
    assert made.row(Q2, "u" if where else "v")["state"] == state


def test_a_table_nobody_handed_in_is_not_assessed(tmp_path: Path) -> None:
    row = bank(tmp_path, RATIO).empty(Q2).row(Q2, "u")
    assert (row["state"], key(row)) == ("not_assessed", "not_handed_in")
    assert np.isnan(row["value"])


@pytest.mark.parametrize("tables", [UNIT_LOG, CHECKLIST])
def test_a_zero_return_says_that_nothing_happened(tmp_path: Path, tables: Any) -> None:
    zero = bank(tmp_path, RATIO, tables).put(Q2, "log", "unit passed sampled", ("u", 1, 2))
    zero.put(Q2, "submissions", "unit table answer confirmed_by", ("v", "log", "零报告", "p"))
    assert [zero.row(Q2, unit)["state"] for unit in "uvw"] == ["measured", "not_applicable", "not_assessed"]


@pytest.mark.parametrize("tables", [LOG, UNIT_LOG])
def test_a_refusal_costs_everything_unless_rows_came_after_all(tmp_path: Path, tables: Any) -> None:
    """u refused and handed in nothing; v is entered as refusing but its rows are there."""
    refusing = bank(tmp_path, RATIO, tables).put(Q2, "log", "unit passed sampled", ("v", 1, 2))
    answers = [("u", "log", "拒绝提供", "p"), ("v", "log", "拒绝提供", "p")]
    refusing.put(Q2, "submissions", "unit table answer confirmed_by", *answers)
    assert [refusing.row(Q2, unit)["state"] for unit in "uv"] == ["refused", "measured"]


def test_a_refused_log_of_incidents_is_no_clean_record(tmp_path: Path) -> None:
    """Without the refusal, no incident in a log of the whole bank would be a rate of 0, the best there is."""
    measure = {"kind": "rate", "table": "log", "numerator": "1", "exposure": "staff"}
    refusing = bank(tmp_path, measure).put(Q2, "log", "unit passed sampled", ("v", 0, 0))
    refusing.put(Q2, "submissions", "unit table answer confirmed_by", ("u", "log", "拒绝提供", "p"))
    assert [refusing.row(Q2, unit)["state"] for unit in "uvw"] == ["refused", "measured", "measured"]


def test_a_ruling_settles_an_item_whatever_was_measured(tmp_path: Path) -> None:
    ruled = bank(tmp_path, RATIO).put(Q2, "log", "unit passed sampled", ("u", 1, 2), ("v", 1, 2))
    header = "unit item state reason approver approved_on"
    rows = [
        ("u", "I", "不适用", "new office", "p", "2026-05-01"),
        ("v", "I", "延期", "flood", "p", "2026-05-01"),
    ]
    ruled.put(Q2, "rulings", header, *rows)
    assert [ruled.row(Q2, unit)["state"] for unit in "uvw"] == [
        "not_applicable",
        "postponed",
        "not_applicable",
    ]
    assert "flood" in ruled.row(Q2, "v")["reason"]
    assert np.isnan(ruled.row(Q2, "u")["value"])


# --- samples


@pytest.mark.parametrize(
    ("sampled", "population", "thin", "confidence"),
    [(5, 100, False, "B"), (4, 100, True, "C"), (4, 4, False, "B"), (4, "", True, "C")],
    ids=["enough", "too few", "all there are", "population unknown"],
)
def test_a_small_sample_is_thin_unless_it_is_all_there_is(
    tmp_path: Path, sampled: int, population: object, thin: bool, confidence: str
) -> None:
    tables = {"log": small.table("unit:unit passed:number sampled:number population:number")}
    sample = bank(tmp_path, RATIO | {"population": "population"}, tables, min_n=5)
    sample.put(Q2, "log", "unit passed sampled population", ("u", 2, sampled, population))
    row = sample.row(Q2, "u")
    assert (bool(row["thin"]), row["confidence"]) == (thin, confidence)


def test_a_composite_is_no_better_than_its_weakest_evidence(tmp_path: Path) -> None:
    tables = {"log": LOG["log"] | {"confidence": "A"}, "more": LOG["log"] | {"confidence": "D"}}
    mixed = bank(tmp_path, {"kind": "composite", "combine": "sum", "parts": PARTS}, tables)
    mixed.put(Q2, "log", "unit passed sampled", ("u", 1, 2)).put(
        Q2, "more", "unit passed sampled", ("u", 1, 2)
    )
    assert mixed.row(Q2, "u")["confidence"] == "D"


# --- values that live on


def test_a_value_lives_for_its_cadence_and_then_lapses(tmp_path: Path) -> None:
    """Half-yearly, measured in Q1: carried into Q2 at age 1, gone in Q3."""
    slow = bank(tmp_path, RATIO, cadence="half_yearly").put(Q1, "log", "unit passed sampled", ("u", 1, 2))
    slow.empty(Q2).empty(Q3)
    carried = slow.row(Q2, "u")
    assert carried[["state", "value", "age", "measured_in"]].tolist() == ["carried_over", 0.5, 1, "2026Q1"]
    assert slow.row(Q3, "u")["state"] == "not_assessed"


def test_a_value_carried_more_than_two_periods_is_a_mere_statement(tmp_path: Path) -> None:
    """Yearly, measured in Q1 on class B evidence: B at ages 1 and 2, D at age 3."""
    slow = bank(tmp_path, RATIO, cadence="yearly").put(Q1, "log", "unit passed sampled", ("u", 1, 2))
    slow.empty(Q2).empty(Q3).empty(Q4)
    assert [slow.row(period, "u")["confidence"] for period in (Q2, Q3, Q4)] == ["B", "B", "D"]
    assert slow.row(Q4, "u")["age"] == 3


def test_the_newest_value_is_the_one_carried(tmp_path: Path) -> None:
    slow = bank(tmp_path, RATIO, cadence="yearly").put(Q1, "log", "unit passed sampled", ("u", 1, 2))
    slow.put(Q2, "log", "unit passed sampled", ("u", 2, 2)).empty(Q3)
    assert slow.row(Q3, "u")[["value", "measured_in"]].tolist() == [1.0, "2026Q2"]


def test_what_did_not_apply_stays_so_for_its_cadence(tmp_path: Path) -> None:
    slow = (
        bank(tmp_path, RATIO, cadence="half_yearly").put(Q1, "log", "unit passed sampled").empty(Q2).empty(Q3)
    )
    assert [slow.row(period, "u")["state"] for period in (Q2, Q3)] == ["not_applicable", "not_assessed"]


def test_neither_a_zero_return_nor_a_refusal_is_overruled_by_an_older_value(tmp_path: Path) -> None:
    slow = bank(tmp_path, RATIO, UNIT_LOG, cadence="yearly")
    slow.put(Q1, "log", "unit passed sampled", *[(unit, 1, 2) for unit in "uvw"])
    answers = [("u", "log", "零报告", "p"), ("v", "log", "拒绝提供", "p")]
    slow.put(Q2, "submissions", "unit table answer confirmed_by", *answers)
    assert [slow.row(Q2, unit)["state"] for unit in "uvw"] == ["not_applicable", "refused", "carried_over"]


def test_a_quarterly_value_is_never_carried(tmp_path: Path) -> None:
    quick = bank(tmp_path, RATIO).put(Q1, "log", "unit passed sampled", ("u", 1, 2)).empty(Q2)
    assert quick.row(Q2, "u")["state"] == "not_assessed"


# --- totals of older periods

TOTALS = "unit item state value numerator denominator n confidence"


def test_totals_stand_in_where_the_tables_are_missing(tmp_path: Path) -> None:
    old = bank(tmp_path, RATIO)
    old.put(
        Q1,
        "item_values",
        TOTALS,
        ("u", "I", "已测", 0.8, 8, 10, 10, "C"),
        ("v", "I", "不适用", "", "", "", "", ""),
    )
    rows = [old.row(Q1, unit) for unit in "uvw"]
    assert [row["state"] for row in rows] == ["measured", "not_applicable", "not_assessed"]
    assert rows[0][["value", "n", "confidence"]].tolist() == [0.8, 10.0, "C"]


def test_totals_never_override_rows(tmp_path: Path) -> None:
    both = bank(tmp_path, RATIO).put(Q1, "log", "unit passed sampled", ("u", 1, 2))
    both.put(Q1, "item_values", TOTALS, ("u", "I", "已测", 0.8, 8, 10, 10, "A"))
    assert both.row(Q1, "u")["value"] == 0.5


# --- where a value came from


def test_every_value_leads_back_to_its_rows_and_theirs(tmp_path: Path) -> None:
    tables = {
        "roster": small.table("staff_no:code unit:unit", scope="snapshot"),
        "training": small.table("staff_no:code hours:number"),
    }
    join = {"table": "training", "on": ["staff_no"], "take": {"hours": "sum hours"}}
    measure = {"kind": "ratio", "table": "roster", "join": [join], "numerator": "hours"}
    made = bank(tmp_path, measure, tables).put(Q2, "roster", "staff_no unit", ("p1", "u"), ("p2", "v"))
    made.put(Q2, "training", "staff_no hours", ("p2", 1), ("p1", 4))
    rows = made.measures(Q2).evidence_rows("u", "I")
    assert rows[["table", "_file", "_row"]].to_numpy().tolist() == [
        ["roster", "roster.csv", 2],
        ["training", "training.csv", 3],
    ]
    assert rows["=numerator"].tolist()[0] == 4.0


def test_a_carried_value_leads_back_to_the_period_it_was_measured_in(tmp_path: Path) -> None:
    slow = (
        bank(tmp_path, RATIO, cadence="yearly").put(Q1, "log", "unit passed sampled", ("u", 1, 2)).empty(Q2)
    )
    assert slow.measures(Q2).evidence_rows("u", "I")[["_period", "_row"]].to_numpy().tolist() == [
        ["2026Q1", 2]
    ]


# --- properties

CASES = st.lists(
    st.tuples(st.sampled_from("uvw"), st.integers(0, 9), st.integers(0, 9)).map(
        lambda case: (case[0], min(case[1:]), max(case[1:]))
    ),
    min_size=1,
    max_size=12,
)
QUIET = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


MODEL = small.model(LOG, {"I": {"measure": RATIO}})


def fresh(folder: Path, *parts: list[tuple[str, int, int]]) -> Measures:
    made = Bank(folder, MODEL)
    for old in folder.glob("2026Q2/*"):
        old.unlink()
    for number, rows in enumerate(parts):
        made.put(Q2, "log", "unit passed sampled", *rows, part=f"_{number}")
    return made.measures(Q2)


@QUIET
@given(cases=CASES, cut=st.integers(0, 12), data=st.data())
def test_neither_the_order_of_rows_nor_their_files_matter(
    tmp_path: Path, cases: list[tuple[str, int, int]], cut: int, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(cases))
    expected = fresh(tmp_path, cases).frame
    pd.testing.assert_frame_equal(fresh(tmp_path, shuffled[cut:], shuffled[:cut]).frame, expected)


@QUIET
@given(cases=CASES)
def test_one_more_passing_case_never_lowers_a_ratio(
    tmp_path: Path, cases: list[tuple[str, int, int]]
) -> None:
    before = fresh(tmp_path, cases).row("u", "I")["value"]
    after = fresh(tmp_path, [*cases, ("u", 1, 1)]).row("u", "I")["value"]
    assert np.isnan(before) or after >= before - 1e-12


@QUIET
@given(cases=CASES)
def test_a_ratio_of_passed_to_sampled_is_a_share(tmp_path: Path, cases: list[tuple[str, int, int]]) -> None:
    values = fresh(tmp_path, cases).frame["value"].dropna()
    assert values.between(0, 1).all()
