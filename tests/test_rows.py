"""Rows found by name are those that a look through all of them would give."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from riskkit.rows import Rows


@given(st.lists(st.sampled_from("abc"), max_size=12))
def test_the_rows_of_a_name_stand_in_the_order_of_the_frame(names: list[str]) -> None:
    frame = pd.DataFrame({"unit": pd.array(names, dtype="str"), "at": range(len(names))})
    held = Rows(frame)
    for name in "abcd":
        pd.testing.assert_frame_equal(held.of(name), frame[frame["unit"] == name])


def test_another_column_may_name_the_rows() -> None:
    frame = pd.DataFrame({"item": ["A1", "A2", "A1"], "at": [1, 2, 3]})
    assert Rows(frame, "item").of("A1")["at"].tolist() == [1, 3]
