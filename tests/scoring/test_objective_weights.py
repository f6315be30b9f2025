"""Weights read off the data, and weight vectors combined: published examples first, then what must hold for any data."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from riskkit.errors import DataRefused, Misuse
from riskkit.scoring.objective_weights import (
    combine_linear,
    combine_product,
    critic_weights,
    entropy_weights,
    standard_deviation_weights,
)

FEW = settings(max_examples=20, deadline=None)
METHODS = [entropy_weights, critic_weights, standard_deviation_weights]
TZENG_HUANG = pd.DataFrame([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6]], columns=list("ABC"))
DIAKOULAKI = pd.DataFrame(
    [
        [61, 1.08, 4.33],
        [20.7, 0.26, 4.34],
        [16.3, 1.98, 2.53],
        [9, 3.29, 1.65],
        [5.4, 2.77, 2.33],
        [4, 4.12, 1.21],
        [-6.1, 3.52, 2.10],
        [-34.6, 3.31, 0.98],
    ],
    columns=list("ABC"),
)
Method = Callable[[pd.DataFrame], pd.Series]


# --- published


def test_entropy_of_the_matrix_of_tzeng_and_huang_2011() -> None:
    """Tzeng and Huang (2011), Multiple Attribute Decision Making; pymcdm and pyDecision agree on the weights."""
    expected = [0.1779540541698585, 0.4521493912003794, 0.3698965546297621]
    assert entropy_weights(TZENG_HUANG).tolist() == pytest.approx(expected, abs=1e-13)


def test_critic_of_diakoulaki_1995_as_printed_and_at_full_precision() -> None:
    """Diakoulaki, Mavrotas and Papayannakis (1995); four other programs agree."""
    found = critic_weights(DIAKOULAKI)
    assert found.round(8).tolist() == [0.20222554, 0.48090173, 0.31687273]
    full = [0.20222553978778002, 0.48090172901971934, 0.3168727311925006]
    assert found.tolist() == pytest.approx(full, abs=1e-13)


def test_critic_of_diakoulaki_1995_with_spearman() -> None:
    """The same firms, correlated by rank; as asserted by scikit-criteria."""
    found = critic_weights(DIAKOULAKI, correlation="spearman")
    assert found.round(8).tolist() == [0.21454645, 0.4898563, 0.29559726]


# --- by hand


def test_entropy_by_hand() -> None:
    """Two units. A: shares 1/4 and 3/4, e = (¼ ln 4 + ¾ ln 4/3) ÷ ln 2 = 0.8113. B: all of it at one, e = 0.
    C: evenly shared, e = 1. Weights (1 − 0.8113, 1, 0) ÷ 1.1887 = 0.1588, 0.8412, 0."""
    found = entropy_weights(pd.DataFrame({"A": [1, 3], "B": [0, 5], "C": [2, 2]}))
    entropy = (0.25 * math.log(4) + 0.75 * math.log(4 / 3)) / math.log(2)
    assert found.tolist() == pytest.approx([(1 - entropy) / (2 - entropy), 1 / (2 - entropy), 0], abs=1e-15)


def test_standard_deviations_by_hand() -> None:
    """A stretched: 0, ½, 1, mean ½, sd √(1/6). B: 0, 0, 1, mean 1/3, sd √(2/9). C does not differ."""
    found = standard_deviation_weights(pd.DataFrame({"A": [2, 4, 6], "B": [9, 9, 7], "C": [1, 1, 1]}))
    one, other = math.sqrt(1 / 6), math.sqrt(2 / 9)
    assert found.tolist() == pytest.approx([one / (one + other), other / (one + other), 0])


def test_critic_by_hand() -> None:
    """A and B say the same (r = 1), C the opposite (r = −1), and all three have the same deviation:
    C_A = C_B = 0 + 2, C_C = 2 + 2, so ¼, ¼, ½."""
    found = critic_weights(pd.DataFrame({"A": [1, 2, 3], "B": [10, 20, 30], "C": [9, 6, 3]}))
    assert found.tolist() == pytest.approx([0.25, 0.25, 0.5])


def test_a_missing_value_leaves_its_unit_out_of_its_item_alone() -> None:
    """With the third unit missing, A is shared 1 : 3 between two units, as above: e = 0.8113; B over three units:
    shares ½, ¼, ¼, e = (½ ln 2 + ½ ln 4) ÷ ln 3 = 0.9464."""
    found = entropy_weights(pd.DataFrame({"A": [1, 3, None], "B": [2, 1, 1]}))
    first = 1 - (0.25 * math.log(4) + 0.75 * math.log(4 / 3)) / math.log(2)
    second = 1 - 1.5 * math.log(2) / math.log(3)
    assert found.tolist() == pytest.approx([first / (first + second), second / (first + second)])
    gaps = pd.DataFrame({"A": [1, 2, None, None], "B": [None, None, 3, 1], "C": [1, 2, 3, 4]})
    # A goes with C, B against it; A and B share no unit and count as unrelated.
    deviations = [0.5, 0.5, math.sqrt(5 / 36)]
    contrast = [deviations[0] * 1, deviations[1] * 3, deviations[2] * 2]
    assert critic_weights(gaps).tolist() == pytest.approx([value / sum(contrast) for value in contrast])


def test_combinations_by_hand() -> None:
    """0.7 × (½, ¼, ¼) + 0.3 × (0, ½, ½) = (0.35, 0.325, 0.325); products 0, 1/8, 1/8 → 0, ½, ½."""
    one = pd.Series({"A": 2.0, "B": 1.0, "C": 1.0})
    other = pd.Series({"C": 0.5, "B": 0.5, "A": 0.0})
    assert combine_linear([one, other], [0.7, 0.3]).to_dict() == pytest.approx(
        {"A": 0.35, "B": 0.325, "C": 0.325}
    )
    assert combine_linear([one, other]).tolist() == pytest.approx([0.25, 0.375, 0.375])
    assert combine_product([one, other]).to_dict() == pytest.approx({"A": 0, "B": 0.5, "C": 0.5})


# --- refused


def test_every_cell_that_cannot_be_used_is_told() -> None:
    table = pd.DataFrame({"A": [1.0, -2.0, 3.0], "B": ["x", 2, math.inf]}, index=["N", "S", "W"])
    with pytest.raises(DataRefused) as refused:
        entropy_weights(table)
    assert [(problem.cell, problem.code) for problem in refused.value.problems] == [
        ("S / A", "objective.negative"),
        ("N / B", "objective.not_a_number"),
        ("W / B", "objective.not_a_number"),
    ]
    assert all(refused.value.message(lang) for lang in ("zh", "en"))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "table", [{"A": [1, 1], "B": [2, 2]}, {"A": [0, 0]}, {"A": [1]}, {"A": [None, None]}, {}]
)
def test_items_that_tell_nobody_apart_give_no_weights(method: Method, table: dict) -> None:
    with pytest.raises(DataRefused, match="no item tells units apart"):
        method(pd.DataFrame(table))


def test_critic_of_items_that_all_say_the_same_is_refused() -> None:
    with pytest.raises(DataRefused, match="all of them say the same"):
        critic_weights(pd.DataFrame({"A": [1, 2, 4], "B": [10, 20, 40]}))


def test_misuse_is_told() -> None:
    one, other = pd.Series({"A": 1.0}), pd.Series({"B": 1.0})
    with pytest.raises(Misuse, match="no correlation 'kendall'; available: pearson, spearman"):
        critic_weights(DIAKOULAKI, correlation="kendall")  # type: ignore[arg-type]
    with pytest.raises(Misuse, match="weights of other items: B; expected A"):
        combine_linear([one, other])
    with pytest.raises(Misuse, match="give 1 numbers from 0 up"):
        combine_linear([one], [-1])
    with pytest.raises(Misuse, match="not all 0; found 0"):
        combine_product([pd.Series({"A": 0.0})])
    for combine in (combine_linear, combine_product):
        with pytest.raises(Misuse, match="nothing to combine"):
            combine([])
    with pytest.raises(Misuse, match="nothing to combine"):
        combine_product([pd.Series({"A": 1.0, "B": 0.0}), pd.Series({"A": 0.0, "B": 1.0})])


# --- what holds for any table

tables = hnp.arrays(
    np.float64, st.tuples(st.integers(3, 8), st.integers(2, 5)), elements=st.integers(0, 100)
).map(lambda values: pd.DataFrame(values, columns=[f"i{place}" for place in range(values.shape[1])]))


def weights_of(method: Method, table: pd.DataFrame) -> pd.Series:
    try:
        return method(table)
    except DataRefused:
        assume(False)
        raise


@pytest.mark.parametrize("method", METHODS)
@FEW
@given(table=tables, data=st.data())
def test_weights_sum_to_one_and_neither_order_matters(
    method: Method, table: pd.DataFrame, data: st.DataObject
) -> None:
    found = weights_of(method, table)
    assert found.sum() == pytest.approx(1)
    assert (found >= 0).all()
    assert (found[table.nunique() == 1] == 0).all()
    turned = table.sample(frac=1, random_state=data.draw(st.integers(0, 99)))[
        data.draw(st.permutations(list(table.columns)))
    ]
    assert method(turned)[table.columns].tolist() == pytest.approx(found.tolist(), abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
@FEW
@given(table=tables, factor=st.floats(0.01, 100))
def test_the_unit_of_measurement_does_not_matter(method: Method, table: pd.DataFrame, factor: float) -> None:
    found = weights_of(method, table)
    scaled = table.assign(i0=table["i0"] * factor)
    assert method(scaled).tolist() == pytest.approx(found.tolist(), abs=1e-9)


@pytest.mark.parametrize("method", [critic_weights, standard_deviation_weights])
@FEW
@given(table=tables, shift=st.integers(-50, 50))
def test_where_the_scale_begins_does_not_matter_but_to_entropy(
    method: Method, table: pd.DataFrame, shift: int
) -> None:
    found = weights_of(method, table)
    assert method(table.assign(i0=table["i0"] + shift)).tolist() == pytest.approx(found.tolist(), abs=1e-9)


@FEW
@given(tables)
def test_which_end_is_good_does_not_matter_to_the_standard_deviation(table: pd.DataFrame) -> None:
    found = weights_of(standard_deviation_weights, table)
    assert standard_deviation_weights(-table).tolist() == pytest.approx(found.tolist(), abs=1e-9)


@FEW
@given(tables, st.sampled_from(["square", "cube"]))
def test_spearman_asks_for_nothing_but_the_order(table: pd.DataFrame, bend: str) -> None:
    """The rank correlations stay; the deviations change, and only by them do the weights."""
    found = weights_of(lambda values: critic_weights(values, correlation="spearman"), table)
    bent = table**2 if bend == "square" else table**3
    other = critic_weights(bent, correlation="spearman")

    def contrast(weights: pd.Series, values: pd.DataFrame) -> pd.Series:
        spread = values.max() - values.min()
        stretched = ((values - values.min()) / spread.where(spread > 0, 1)).std(ddof=0)
        quotient = weights / stretched.where(stretched > 0, 1)
        return quotient / quotient.sum()

    assert contrast(other, bent).tolist() == pytest.approx(contrast(found, table).tolist(), abs=1e-9)
