"""The risk matrix worked by hand on the tiny model: a1 and a2 weigh 0.3 each, b1 0.4."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskkit.analysis.risk_matrix import RiskMatrix, guards, risk_matrix
from riskkit.errors import Misuse
from riskkit.evidence.evidence import Evidence
from riskkit.evidence.measures import Measures
from riskkit.periods import Period
from riskkit.scoring.assessment import Assessment, score
from tests.scoring import tiny

EARLIER = Period(2026, 1)
RISK: dict[str, Any] = {
    "likelihood": [
        {"up_to": 0.1, "name": tiny.name("low"), "ratings": ["mild", "mild", "middling"]},
        {"up_to": 0.5, "name": tiny.name("middle"), "ratings": ["mild", "middling", "grave"]},
        {"up_to": 1, "name": tiny.name("high"), "ratings": ["middling", "grave", "grave"]},
    ],
    "impact": [tiny.name("slight"), tiny.name("some"), tiny.name("much")],
    "ratings": [
        {"id": rating, "name": tiny.name(rating), "decide": tiny.name(rating)}
        for rating in ("mild", "middling", "grave")
    ],
    "data": [
        {
            "id": "papers",
            "name": tiny.name("papers"),
            "guarded_by": ["A"],
            "levels": [
                {"impact": 3, "name": tiny.name("many"), "table": "log", "where": "secret", "at_least": 2},
                {"impact": 2, "name": tiny.name("some"), "table": "log", "where": "secret", "window": 2},
            ],
        }
    ],
}
COLUMNS = {"unit": {"type": "unit"}, "secret": {"type": "yes_no"}}


def log(scope: str = "period") -> dict[str, Any]:
    return tiny.table("log", COLUMNS) | {"scope": scope, "covers": "unit"}


def assessed(
    values: dict[str, dict[str, float | str]],
    rows: dict[str, int],
    *,
    plain: tuple[str, ...] = (),
    earlier: dict[str, int] | None = None,
    scope: str = "period",
    risk: dict[str, Any] | None = None,
) -> Assessment:
    """Units with so many secret rows each, and `plain` ones with a row that is none."""
    tables = tiny.spec()["tables"] | {"log": log(scope)}
    model = tiny.model(tables=tables, risk=risk or RISK)
    measures = tiny.measures(model, values)

    def table(counts: dict[str, int], others: tuple[str, ...] = ()) -> pd.DataFrame:
        units = [unit for unit, count in counts.items() for _ in range(count)]
        frame = pd.DataFrame(
            {"unit": [*units, *others], "secret": [True] * len(units) + [False] * len(others)}
        )
        frame = frame.astype({"unit": "str", "secret": "boolean"})
        return frame.assign(_file="f", _sheet="", _row=range(len(frame)))

    held = dict(measures.evidence[tiny.PERIOD].tables) | {"log": table(rows, plain)}
    evidence = {tiny.PERIOD: Evidence(tiny.PERIOD, held)}
    if earlier is not None:
        evidence[EARLIER] = Evidence(EARLIER, {"log": table(earlier)})
    return score(
        model, Measures(model, measures.units, tiny.PERIOD, measures.frame, measures.staff, evidence)
    )


def placed(matrix: RiskMatrix) -> dict[str, tuple[object, ...]]:
    columns = ["likelihood", "impact", "rating"]
    return {str(row["unit"]): tuple(row[name] for name in columns) for _, row in matrix.cells.iterrows()}


def test_likelihood_is_the_share_lost_on_the_guards_and_impact_the_gravest_level() -> None:
    """u: a1 40 and a2 60 of 100, equal weights: half lost, class 2; v: a1 5, a2 5: 0.95; w: all earned."""
    matrix = risk_matrix(
        assessed(
            {
                "u": {"a1": 0.4, "a2": 0.6, "b1": 0.0},
                "v": {"a1": 0.05, "a2": 0.05, "b1": 1.0},
                "w": {"a1": 1.0, "a2": 1.0, "b1": 0.0},
            },
            {"u": 2, "v": 1},
            plain=("w",),
        )
    )
    assert matrix.cells["lost"].tolist() == pytest.approx([0.5, 0.95, 0.0])
    assert placed(matrix) == {"u": (2, 3, "grave"), "v": (3, 2, "grave"), "w": (1, 1, "mild")}
    assert matrix.cells["rows"].tolist() == [2, 1, 0]
    assert matrix.cells["worst"].iloc[:2].tolist() == ["a1", "a1"]
    assert pd.isna(matrix.cells["worst"].iloc[2])


def test_what_nobody_assessed_counts_as_lost_and_is_told() -> None:
    """a1 full, a2 not assessed: half lost, all of it for want of an assessment."""
    (row,) = risk_matrix(
        assessed({"u": {"a1": 1.0, "a2": "not_assessed", "b1": 1.0}}, {"u": 1})
    ).cells.to_dict("records")
    assert (row["lost"], row["unassessed"]) == (0.5, 0.5)


def test_what_does_not_apply_is_left_out() -> None:
    """Only a1 applies: 30 of 100 lost."""
    found = risk_matrix(assessed({"u": {"a1": 0.7, "a2": "not_applicable", "b1": 0.0}}, {"u": 1}))
    assert found.cells["lost"].tolist() == pytest.approx([0.3])


def test_where_nothing_guards_or_no_table_came_there_is_no_rating() -> None:
    """u has no guard that applies; v handed in nothing that would tell what it handles."""
    none: dict[str, float | str] = {"a1": "not_applicable", "a2": "not_applicable", "b1": 1.0}
    matrix = risk_matrix(assessed({"u": none, "v": {"a1": 1.0, "a2": 1.0, "b1": 1.0}}, {"u": 1}))
    assert matrix.cells["likelihood"].isna().tolist() == [True, False]
    assert matrix.cells["impact"].isna().tolist() == [False, True]
    assert matrix.cells["rating"].isna().all()
    assert matrix.top().empty


def test_rows_of_a_log_are_counted_over_the_window_and_of_a_snapshot_only_its_newest() -> None:
    """One row in each of two periods; the level of two rows looks at one period, that of one row at two."""
    low: dict[str, float | str] = {"a1": 0.7, "a2": 0.7, "b1": 1.0}
    found = risk_matrix(assessed({"u": low}, {"u": 1}, earlier={"u": 1})).cells
    assert found[["impact", "rows"]].to_numpy().tolist() == [[2, 2]]
    snapshot = risk_matrix(assessed({"u": low}, {"u": 1}, earlier={"u": 1}, scope="snapshot")).cells
    assert snapshot[["impact", "rows"]].to_numpy().tolist() == [[2, 1]]


def test_the_grid_lists_every_rated_unit_once() -> None:
    values: dict[str, dict[str, float | str]] = {
        unit: {"a1": level, "a2": level, "b1": 1.0}
        for unit, level in zip("uvw", (0.95, 0.6, 0.2), strict=True)
    }
    grid = risk_matrix(assessed(values, {"u": 2, "v": 1, "w": 1})).grid("papers")
    assert grid.index.tolist() == [3, 2, 1]
    assert (grid.loc[1, 3], grid.loc[2, 2], grid.loc[3, 2]) == (["u"], ["v"], ["w"])
    assert grid.map(len).to_numpy().sum() == 3


def test_the_top_holds_the_gravest_rating_there_is_and_nothing_where_all_is_mild() -> None:
    bad: dict[str, float | str] = {"a1": 0.2, "a2": 0.2, "b1": 1.0}
    good: dict[str, float | str] = {"a1": 1.0, "a2": 1.0, "b1": 1.0}
    both = risk_matrix(assessed({"u": good, "v": bad}, {"u": 1, "v": 1}))
    assert both.top()["unit"].tolist() == ["v"]
    assert risk_matrix(assessed({"u": good}, {"u": 1})).top().empty


def test_an_item_guards_if_it_or_anything_above_it_is_named() -> None:
    found = assessed({"u": {"a1": 1.0, "a2": 1.0, "b1": 1.0}}, {"u": 1})
    assert found.model.spec.risk is not None
    assert guards(found.model, found.model.spec.risk.data[0]) == ["a1", "a2"]


def test_a_model_without_a_matrix_is_a_misuse() -> None:
    small = tiny.model()
    with pytest.raises(Misuse, match="tiny"):
        risk_matrix(score(small, tiny.measures(small, {"u": {"a1": 1.0, "a2": 1.0, "b1": 1.0}})))


shares = st.lists(st.floats(0, 1), min_size=2, max_size=2)


@settings(deadline=None)  # one example builds a whole assessment
@given(worse=shares, better=shares, count=st.integers(0, 3))
def test_who_earns_more_on_every_guard_is_never_rated_graver(
    worse: list[float], better: list[float], count: int
) -> None:
    low, high = np.minimum(worse, better), np.maximum(worse, better)
    values: dict[str, dict[str, float | str]] = {
        unit: {"a1": float(each[0]), "a2": float(each[1]), "b1": 1.0}
        for unit, each in (("u", low), ("v", high))
    }
    matrix = risk_matrix(assessed(values, {"u": count, "v": count}, plain=("u", "v")))
    order = [rating["id"] for rating in RISK["ratings"]]
    first, second = (order.index(rating) for rating in matrix.cells["rating"])
    assert first >= second
