"""What binds a grade, then and now, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from riskkit.analysis.grade_change import grade_change
from riskkit.errors import Misuse
from riskkit.scoring.assessment import Assessment, score
from tests.scoring import tiny


def assessed(a: float, b: float | str, *events: dict[str, Any]) -> Assessment:
    small = tiny.model()
    given = {"a1": a, "a2": a, "b1": b}
    return score(small, tiny.measures(small, {"u": given}, [{"unit": "u", **event} for event in events]))


def binding(before: Assessment, after: Assessment) -> list[tuple[Any, ...]]:
    """Held, key, grade, needed, found and where of what binds."""
    rows = grade_change(before, after, "u")
    columns = ["held", "key", "grade", "needed", "found", "where"]
    return [tuple(row) for row in rows.loc[rows["binds"], columns].itertuples(index=False)]


def test_the_best_grade_has_nothing_above_it_and_a_lower_score_names_the_minimum() -> None:
    """A 100 and B 85: 94, grade A, nothing binds. A 85 and B 85: 85 is below 90, and bars grade A."""
    assert binding(assessed(1.0, 0.85), assessed(0.85, 0.85)) == [("B", "score", "A", 90.0, 85.0, "")]


def test_a_condition_that_fails_is_named_with_its_node() -> None:
    """A 100 and B 77.5: 0.6 × 100 + 0.4 × 77.5 = 91; B falls short of the 80 that grade A asks of every dimension."""
    assert binding(assessed(1.0, 0.85), assessed(1.0, 0.775)) == [("B", "node_min", "A", 80.0, 77.5, "B")]


def test_a_cap_binds_before_conditions_and_a_veto_before_a_cap() -> None:
    """A score of 94 less 4: 90 and a red line; the cap holds it at C. Three grades: a veto gives the last, C."""
    capped, vetoed = {"red_line": "CAP"}, {"red_line": "VETO", "event_no": "E2"}
    then, now = assessed(1.0, 0.85, capped), assessed(1.0, 0.85, capped, vetoed)
    found = grade_change(then, now, "u")
    kept = found.loc[found["binds"], ["held", "key", "where"]]
    assert kept.to_numpy().tolist() == [["C", "cap", "CAP"], ["C", "veto", "VETO"]]
    assert found.loc[~found["binds"], "key"].tolist() == ["no_red_line", "no_red_line", "cap"]


def test_a_provisional_side_says_how_much_was_assessed() -> None:
    """B alone is measured: 0.4 of the weight, 0.5 is needed."""
    small = tiny.model()
    given = {"a1": "not_assessed", "a2": "not_assessed", "b1": 0.9}
    thin = score(small, tiny.measures(small, {"u": given}))
    assert binding(thin, assessed(1.0, 0.85)) == [("", "provisional", "", 0.5, pytest.approx(0.4), "")]


def test_a_unit_of_one_side_is_refused() -> None:
    small = tiny.model()
    given = {"a1": 1.0, "a2": 1.0, "b1": 1.0}
    other = score(small, tiny.measures(small, {"v": given}))
    with pytest.raises(Misuse) as refused:
        grade_change(other, assessed(1.0, 1.0), "u")
    assert refused.value.key == "unit_not_in_both"
    with pytest.raises(Misuse) as refused:
        grade_change(other, other, "nobody")
    assert refused.value.key == "unknown_unit"
