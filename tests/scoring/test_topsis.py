"""TOPSIS against the examples of two books, then what must hold for any table."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskkit.errors import Misuse
from riskkit.scoring.topsis import topsis

TZENG_HUANG = pd.DataFrame(
    [[5.0, 8.0, 4.0], [7.0, 6.0, 8.0], [8.0, 8.0, 6.0], [7.0, 4.0, 6.0]], columns=["x", "y", "z"]
)
TZENG_HUANG_WEIGHTS = {"x": 0.3, "y": 0.4, "z": 0.3}


def test_tzeng_and_huang_2011_as_printed_and_in_full() -> None:
    """Tzeng and Huang (2011), *Multiple Attribute Decision Making*, CRC: .5037, .6581, .7482, .3340.

    At full precision as computed by hand in numpy and by two other programs (pymcdm, pyDecision).
    """
    units = topsis(TZENG_HUANG, TZENG_HUANG_WEIGHTS).units
    assert units["closeness"].tolist() == pytest.approx([0.5037, 0.6581, 0.7482, 0.3340], abs=5e-5)
    full = [0.5037196585795188, 0.6580847719618138, 0.7482486599406238, 0.333997436943342]
    assert units["closeness"].tolist() == pytest.approx(full, abs=1e-15)
    assert units["rank"].tolist() == [3, 2, 1, 4]


def test_hwang_and_yoon_1981_the_fighter_aircraft() -> None:
    """Hwang and Yoon (1981): six attributes, cost the lower the better; printed .643, .268, .613, .312.

    The book rounds on the way, so its last digit may be off by one.
    """
    aircraft = pd.DataFrame(
        {
            "speed": [2.0, 2.5, 1.8, 2.2],
            "range": [1500, 2700, 2000, 1800],
            "payload": [20000, 18000, 21000, 20000],
            "cost": [5.5, 6.5, 4.5, 5.0],
            "reliability": [5, 3, 7, 5],
            "manoeuvrability": [9, 5, 7, 5],
        },
        index=["A1", "A2", "A3", "A4"],
    )
    weights = dict(zip(aircraft, [0.2, 0.1, 0.1, 0.1, 0.2, 0.3], strict=True))
    found = topsis(aircraft, weights, {"cost": "lower_better"})
    assert found.units["closeness"].tolist() == pytest.approx([0.643, 0.268, 0.613, 0.312], abs=1e-3)
    assert found.units["to_ideal"].tolist() == pytest.approx([0.0545, 0.1197, 0.0580, 0.1009], abs=1e-4)
    assert found.units["to_anti_ideal"].tolist() == pytest.approx([0.0983, 0.0439, 0.0920, 0.0458], abs=1e-4)
    assert found.units["rank"].tolist() == [1, 4, 2, 3]
    assert found.criteria.loc["cost", "direction"] == "lower_better"


def test_two_criteria_by_hand() -> None:
    """Columns (3, 4) and (0, 5): lengths 5 and 5, shares .6, .8 and 0, 1. Weights ½: .3, .4 and 0, .5.

    Both columns higher is better: the second unit is the ideal, the first the anti-ideal: closeness 0 and 1, and the
    distance between them √(.1² + .5²) = √.26.
    """
    found = topsis(pd.DataFrame({"x": [3, 4], "y": [0, 5]}), {"x": 1, "y": 1})
    assert found.units["closeness"].tolist() == [0.0, 1.0]
    assert found.units["to_ideal"].tolist() == pytest.approx([0.26**0.5, 0.0])
    assert found.criteria["ideal"].tolist() == pytest.approx([0.4, 0.5])
    assert found.criteria["anti_ideal"].tolist() == pytest.approx([0.3, 0.0])


def test_a_missing_criterion_leaves_both_distances_and_hands_its_weight_on() -> None:
    """x = (3, 4, missing): length 5. The third unit has y alone, the best: its whole weight is y's, closeness 1.

    y = (0, 3, 4): length 5, shares 0, .6, .8; weights ½. Second unit: distances √(0 + .1²) and √(.1² + .3²), so
    closeness √.1 ÷ (√.1 + .1) = .3162 ÷ .4162. The third unit's distance to the anti-ideal is .4 ÷ ½ = .8.
    """
    units = topsis(pd.DataFrame({"x": [3, 4, np.nan], "y": [0, 3, 4]}), {"x": 1, "y": 1}).units
    assert units["closeness"].tolist() == pytest.approx([0.0, 0.1**0.5 / (0.1**0.5 + 0.1), 1.0])
    assert units["to_anti_ideal"].iloc[2] == pytest.approx(0.8)


def test_equal_units_share_the_better_rank() -> None:
    table = pd.DataFrame({"x": [1, 2, 2, 0]}, index=list("abcd"))
    assert topsis(table, {"x": 1}).units["rank"].to_dict() == {"a": 3, "b": 1, "c": 1, "d": 4}


@pytest.mark.parametrize("column", [[7, 7, 7], [0, 0, 0], [np.nan, np.nan, np.nan]])
def test_a_column_that_tells_nothing_apart_counts_for_nothing(column: list[float]) -> None:
    table = pd.DataFrame({"x": [1, 2, 3], "same": column})
    alone = topsis(table[["x"]], {"x": 1}).units["closeness"]
    assert topsis(table, {"x": 0.5, "same": 0.5}).units["closeness"].tolist() == pytest.approx(alone.tolist())


def test_units_that_nothing_tells_apart_have_no_closeness_and_no_rank() -> None:
    units = topsis(pd.DataFrame({"x": [2, 2]}), {"x": 1}).units
    assert units[["closeness", "rank"]].isna().all(axis=None)


def test_a_table_without_units_has_an_answer_without_units() -> None:
    assert topsis(pd.DataFrame({"x": []}), {"x": 1}).units.empty


@pytest.mark.parametrize(
    ("weights", "directions", "told"),
    [
        ({"x": 1, "z": 1}, None, "no column 'z'"),
        ({"x": 1}, None, "column 'y' has the weight None"),
        ({"x": 1, "y": -1}, None, "column 'y' has the weight -1"),
        ({"x": 0, "y": 0}, None, "every weight is 0"),
        ({"x": 1, "y": 1}, {"w": "lower_better"}, "no column 'w'"),
        ({"x": 1, "y": 1}, {"x": "down"}, "no direction 'down'"),
    ],
)
def test_what_makes_no_sense_is_refused(weights: dict, directions: dict | None, told: str) -> None:
    with pytest.raises(Misuse) as refused:
        topsis(pd.DataFrame({"x": [1, 2], "y": [1, 2]}), weights, directions)
    assert told in refused.value.message("en")


def test_an_infinite_value_is_refused() -> None:
    with pytest.raises(Misuse) as refused:
        topsis(pd.DataFrame({"x": [1, np.inf]}), {"x": 1})
    assert "'x'" in refused.value.message("en")


# --- what must hold for any table


@st.composite
def tables(draw: st.DrawFn) -> tuple[pd.DataFrame, dict[str, float], dict[str, str]]:
    """Whole points 0-100, so that differences are never lost in rounding; some columns the lower the better."""
    units, criteria = draw(st.integers(2, 7)), draw(st.integers(1, 5))
    names = [f"c{number}" for number in range(criteria)]
    cell = st.integers(0, 100).map(float)
    values = draw(
        st.lists(st.lists(cell, min_size=criteria, max_size=criteria), min_size=units, max_size=units)
    )
    weights = draw(st.lists(st.integers(1, 10), min_size=criteria, max_size=criteria))
    senses = draw(
        st.lists(st.sampled_from(["higher_better", "lower_better"]), min_size=criteria, max_size=criteria)
    )
    table = pd.DataFrame(values, columns=names)
    return table, dict(zip(names, weights, strict=True)), dict(zip(names, senses, strict=True))


def apart(one: pd.Series, other: pd.Series) -> float:
    """How far two columns of the same units lie from each other; infinitely where one alone has a value."""
    assert one.index.tolist() == other.index.tolist()
    if one.isna().tolist() != other.isna().tolist():
        return math.inf
    return float((one - other).abs().max()) if one.notna().any() else 0.0


@given(tables())
@settings(max_examples=60)
def test_closeness_is_a_share(case: tuple) -> None:
    known = topsis(*case).units["closeness"].dropna()
    assert known.between(0, 1).all()


@given(tables(), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_of_units_and_criteria_does_not_matter(case: tuple, random: object) -> None:
    table, weights, senses = case
    rows, columns = list(table.index), list(table.columns)
    random.shuffle(rows)  # type: ignore[attr-defined]
    random.shuffle(columns)  # type: ignore[attr-defined]
    turned = topsis(table.loc[rows, columns], weights, senses).units["closeness"]
    assert apart(turned.sort_index(), topsis(table, weights, senses).units["closeness"]) < 1e-9


@given(tables(), st.floats(1e-6, 1e6))
@settings(max_examples=60)
def test_the_unit_of_a_column_does_not_matter(case: tuple, factor: float) -> None:
    table, weights, senses = case
    scaled = table.assign(c0=table["c0"] * factor)
    before = topsis(table, weights, senses).units["closeness"]
    assert apart(topsis(scaled, weights, senses).units["closeness"], before) < 1e-9


@given(tables(), st.lists(st.integers(-50, 50), min_size=7, max_size=7))
@settings(max_examples=60)
def test_a_criterion_of_weight_0_changes_nothing(case: tuple, more: list[int]) -> None:
    table, weights, senses = case
    wider = table.assign(extra=[float(value) for value in more[: len(table)]])
    after = topsis(wider, {**weights, "extra": 0}, senses).units["closeness"]
    assert apart(after, topsis(table, weights, senses).units["closeness"]) < 1e-9


@given(tables())
@settings(max_examples=100)
def test_a_unit_at_least_as_good_on_every_criterion_is_never_less_close(case: tuple) -> None:
    table, weights, senses = case
    turned = table * [1 if senses[name] == "higher_better" else -1 for name in table]
    better = turned.iloc[[0, 1]].max() * [1 if senses[name] == "higher_better" else -1 for name in table]
    units = topsis(pd.concat([table, better.to_frame("best").T]), weights, senses).units["closeness"]
    if units.notna().all():
        assert units["best"] >= units.iloc[:2].max() - 1e-12
