"""From points back to values: the first value on the way to the better that earns them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskkit.scoring.inverse import levels, value_for
from riskkit.scoring.scales import Curve, Lines, Places, Stairs

OVERDUE = Lines(np.array([0.0, 0.05, 0.2]), np.array([100.0, 60.0, 0.0]))
"""100 points down to 60 at 5 %, then down to 0 at 20 %."""
PLATEAU = Lines(np.array([0.0, 0.5, 0.8, 1.0]), np.array([0.0, 60.0, 60.0, 100.0]))
LOGS = Lines(np.log([1.0, 100.0]), np.array([0.0, 100.0]), log=True)
MIDDLE = Lines(np.array([1.0, 3.0, 5.0]), np.array([0.0, 100.0, 0.0]))
RISING = Stairs(np.array([0.8, 0.95]), np.array([0.0, 60.0, 100.0]), rising=True)
FALLING = Stairs(np.array([1.0, 3.0]), np.array([100.0, 60.0, 0.0]), rising=False)
REFERENCE = np.array([1.0, 2.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("curve", "points", "now", "value"),
    [
        (OVERDUE, 60, 0.08, 0.05),
        (OVERDUE, 80, 0.08, 0.025),
        (PLATEAU, 60, 0.1, 0.5),
        (PLATEAU, 80, 0.1, 0.9),
        (LOGS, 50, 2.0, 10.0),
        (MIDDLE, 50, 1.5, 2.0),
        (MIDDLE, 50, 4.9, 4.0),
        (MIDDLE, 50, np.nan, 2.0),
        (RISING, 60, 0.1, 0.8),
        (RISING, 61, 0.1, 0.95),
        (FALLING, 60, 7.0, 3.0),
        (FALLING, 100, 7.0, 1.0),
        (Places(REFERENCE, "rank", 100.0, rising=True), 75, 1.0, 2.0),
        (Places(REFERENCE, "percentile", 100.0, rising=True), 50, 1.0, 2.0),
        (Places(REFERENCE, "percentile", 100.0, rising=True), 75, 1.0, 3.0),
        (Places(REFERENCE, "percentile", 100.0, rising=True), 100, 1.0, 5.0),
        (Places(REFERENCE, "percentile", 100.0, rising=False), 100, 4.0, 0.5),
    ],
)
def test_values_worked_by_hand(curve: Curve, points: float, now: float, value: float) -> None:
    assert value_for(curve, points, now) == pytest.approx(value)


def test_lines_have_no_levels_and_the_others_name_theirs() -> None:
    """Percentile of 1, 2, 2, 4: 0 of 4 below all of them, then 0.5, 1, 2, 3, 3.5 and 4."""
    assert levels(OVERDUE) is None
    assert levels(FALLING) == pytest.approx([60, 100])
    percentile = levels(Places(REFERENCE, "percentile", 100.0, rising=True))
    assert percentile == pytest.approx([0, 12.5, 25, 50, 75, 87.5, 100])


@given(points=st.floats(0, 100), curve=st.sampled_from([OVERDUE, PLATEAU, LOGS, MIDDLE]))
def test_the_value_earns_the_points_and_none_before_it_does(points: float, curve: Lines) -> None:
    value = value_for(curve, points)
    assert curve.points(np.array([value]))[0] == pytest.approx(points, abs=1e-7)
    worse = value + 1e-3 if curve is OVERDUE else value - 1e-3
    assert curve.points(np.array([worse]))[0] <= points + 1e-9
