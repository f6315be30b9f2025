"""Borda counts worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.scoring.borda import borda

MISSING = np.nan


def test_a_unit_has_the_weighted_mean_of_its_places() -> None:
    """First item (0.75): 90 leaves both behind, 1; the two 70s half of one of two, 0.25. Second item (0.25): 0, ½, 1.

    0.75 × 1 + 0.25 × 0 = 0.75; 0.75 × 0.25 + 0.25 × 0.5 = 0.3125; 0.75 × 0.25 + 0.25 × 1 = 0.4375.
    """
    points = np.array([[90.0, 40.0], [70.0, 60.0], [70.0, 80.0]])
    assert borda(points, np.array([0.75, 0.25])).tolist() == [0.75, 0.3125, 0.4375]


def test_missing_points_leave_the_count_and_the_mean() -> None:
    """On the second item two units are left: 0 and 1. The third unit has the first item alone, and leaves none behind."""
    points = np.array([[90.0, 40.0], [70.0, 60.0], [50.0, MISSING]])
    assert borda(points, np.array([0.5, 0.5])).tolist() == [0.5, 0.75, 0.0]


def test_an_item_of_one_unit_tells_nothing() -> None:
    points = np.array([[90.0, 10.0], [70.0, MISSING], [MISSING, MISSING]])
    assert borda(points, np.array([0.2, 0.8]))[:2].tolist() == [1.0, 0.0]
    assert np.isnan(borda(points, np.array([0.2, 0.8]))[2])


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=2, max_size=6))
def test_counts_are_shares_that_average_one_half(rows: list[list[int]]) -> None:
    """Every pair of units shares one point on every item, so the mean count is ½ whatever the points."""
    counts = borda(np.array(rows, dtype="float64"), np.array([0.5, 0.3, 0.2]))
    assert ((counts >= 0) & (counts <= 1)).all()
    assert counts.mean() == pytest.approx(0.5)
