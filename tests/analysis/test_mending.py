"""What full marks would bring, by hand on the tiny model: A (0.6) of a1 and a2, B (0.4) of b1."""

from __future__ import annotations

import numpy as np
import pytest

from riskkit.analysis.mending import mended
from riskkit.scoring.assessment import Assessment, score
from tests.scoring import tiny

VALUES: dict[str, dict[str, float | str]] = {
    "u": {"a1": 0.5, "a2": 0.9, "b1": 0.9},
    "v": {"a1": 0.9, "a2": 0.9, "b1": "not_applicable"},
}


def assessed(**more: object) -> Assessment:
    small = tiny.model()
    return score(small, tiny.measures(small, VALUES, **more))  # type: ignore[arg-type]


def test_items_are_mended_one_on_top_of_the_other() -> None:
    """u: 0.3·50 + 0.3·90 + 0.4·90 = 78, v: 90. a1 mended: u 93, v 95, mean 84 → 94; a2 too: u 96, v 100 → 98.

    u has grade B (A's dimension has only 70) and gets A with 95 in dimension A.
    """
    table = mended(assessed(), ["a1", "a2"])
    assert table["mean"].tolist() == pytest.approx([94.0, 98.0])
    assert table["gain"].tolist() == pytest.approx([10.0, 4.0])
    assert table["better"].tolist() == [1, 1]


def test_a_deduction_stays_and_holds_the_grade() -> None:
    """u loses 6 points to LEAK: 72, mended 87; A asks for no red line, so no grade is better."""
    table = mended(assessed(events=[{"red_line": "LEAK", "unit": "u"}]), ["a1"])
    assert table["mean"].tolist() == pytest.approx([(87 + 95) / 2])
    assert table["better"].tolist() == [0]


def test_what_does_not_apply_stays_so_and_what_is_set_apart_is_left_alone() -> None:
    """Only u has b1: 78 → 82 and v stays at 90; with u's set apart nothing moves."""
    found = assessed()
    assert mended(found, ["b1"])["mean"].tolist() == pytest.approx([86.0])
    apart = np.zeros(found.graded.points.shape, dtype=bool)
    apart[found.summary.index.get_loc("u"), found.graded.plan.item_position["b1"]] = True
    assert mended(found, ["b1"], apart=apart)["gain"].tolist() == [0.0]


def test_mending_everything_is_full_marks() -> None:
    assert mended(assessed(), ["a1", "a2", "b1"])["mean"].iloc[-1] == 100.0


def test_the_assessment_is_left_as_it_was() -> None:
    found = assessed()
    before = found.graded.points.copy()
    mended(found, ["a1"])
    np.testing.assert_array_equal(found.graded.points, before)
