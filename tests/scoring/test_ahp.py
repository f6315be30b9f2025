"""Weights from pairwise comparisons: published examples first, then what must hold for any comparisons."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from riskkit.errors import DataRefused, Misuse
from riskkit.scoring.ahp import SAATY_SCALE, ahp, combine_experts
from riskkit.scoring.ahp_priorities import RANDOM_INDEX, eigenvectors, priorities, random_index

DRINKS = ["coffee", "wine", "tea", "beer", "soda", "milk", "water"]
DRINKS_MATRIX = [
    [1, 9, 5, 2, 1, 1, 1 / 2],
    [1 / 9, 1, 1 / 3, 1 / 9, 1 / 9, 1 / 9, 1 / 9],
    [1 / 5, 3, 1, 1 / 3, 1 / 4, 1 / 3, 1 / 9],
    [1 / 2, 9, 3, 1, 1 / 2, 1, 1 / 3],
    [1, 9, 4, 2, 1, 2, 1 / 2],
    [1, 9, 3, 1, 1 / 2, 1, 1 / 3],
    [2, 9, 9, 3, 2, 3, 1],
]


def reciprocal(upper: list[float], n: int) -> np.ndarray:
    matrix = np.ones((n, n))
    i, j = np.triu_indices(n, 1)
    matrix[i, j] = upper
    matrix[j, i] = 1 / np.array(upper)
    return matrix


# --- published


@pytest.fixture
def drinks() -> pd.DataFrame:
    """The matrix as printed: beer is 1 to milk and milk 1 to beer, coffee 1 to milk, and so on."""
    return pd.DataFrame(DRINKS_MATRIX, index=DRINKS, columns=DRINKS)


def test_saaty_2008_drinks_as_printed(drinks: pd.DataFrame) -> None:
    """Saaty (2008), Int. J. Services Sciences 1(1), 83-98: relative consumption of drinks in the US."""
    found = ahp(drinks)
    assert found.weights.round(3).tolist() == [0.177, 0.019, 0.042, 0.116, 0.19, 0.129, 0.327]
    assert round(found.cr, 3) == 0.022
    assert (found.random_index, found.consistent) == ("saaty_1980", True)


def test_saaty_2008_drinks_at_full_precision(drinks: pd.DataFrame) -> None:
    """The same by two other programs (numpy.linalg.eig and AHPy)."""
    found = ahp(drinks)
    weights = [
        0.17745674744571682,
        0.019149476024353605,
        0.04183118166209788,
        0.1164170317348587,
        0.18957237532617624,
        0.12878054853872253,
        0.32679263926807434,
    ]
    assert found.weights.to_numpy() == pytest.approx(weights, abs=1e-13)
    assert found.lambda_max == pytest.approx(7.17662903933035, abs=1e-12)
    assert found.ci == pytest.approx(0.029438173221724966, abs=1e-12)
    assert found.cr == pytest.approx(0.02230164638009467, abs=1e-12)


def test_bozoki_fulop_ronyai_2010_completes_the_missing_comparison() -> None:
    """Bozóki, Fülöp and Rónyai (2010), as another program (AHPy, which stops at 5e-7) has it: c ÷ d 0.7303, weights
    .3738 .3920 .0985 .1357. By hand: c ÷ d is 2/5 by way of a and 4/3 by way of b, and λ_max, convex and with both
    ways in the same place, is lowest half-way between, √(2/5 × 4/3) = √(8/15)."""
    names = ["a", "b", "c", "d"]
    gap = None
    found = ahp(
        [[1, 1, 5, 2], [gap, 1, 3, 4], [gap, gap, 1, gap], [gap] * 4], names, random_index="donegan_dodd_1991"
    )
    assert found.matrix.loc["c", "d"] == pytest.approx(math.sqrt(8 / 15), abs=1e-12)
    assert found.matrix.loc["c", "d"] == pytest.approx(0.730297106886979, abs=5e-7)
    assert found.weights.round(4).tolist() == [0.3738, 0.392, 0.0985, 0.1357]
    full = [0.3737868926175647, 0.39199254310096315, 0.09848422998994832, 0.1357363342915238]
    assert found.weights.to_numpy() == pytest.approx(full, abs=1e-7)
    assert round(found.cr, 4) == 0.0372
    assert math.isnan(found.given.loc["c", "d"])


# --- by hand


def test_three_things_by_hand() -> None:
    """For n = 3 the eigenvector is the geometric mean of the rows: ∛15 : ∛(2/3) : ∛(1/10); with t = ∛(3 × 2 ÷ 5)
    λ_max = 1 + t + 1/t = 1 + 1.06266 + 0.94104 = 3.00369, CI = 0.00185, CR = 0.00185 ÷ 0.58 = 0.0032."""
    found = ahp([[1, 3, 5], [1 / 3, 1, 2], [1 / 5, 1 / 2, 1]], ["A", "B", "C"])
    means = np.cbrt([15, 2 / 3, 1 / 10])
    assert found.weights.to_numpy() == pytest.approx(means / means.sum(), abs=1e-14)
    turn = math.cbrt(6 / 5)
    assert found.lambda_max == pytest.approx(1 + turn + 1 / turn, abs=1e-13)
    assert found.cr == pytest.approx((turn + 1 / turn - 2) / 2 / 0.58, abs=1e-13)
    # All three are equally far off: A over B is 3 where the weights say ∛22.5, and 3 ÷ ∛22.5 = ∛1.2, and so on.
    assert found.pairs["error"].tolist() == pytest.approx([turn, 1 / turn, turn])
    assert found.triads["product"].tolist() == pytest.approx([3 * 2 / 5])


def test_one_comparison_spoilt_is_the_one_named_and_mended() -> None:
    """Weights 8 : 4 : 2 : 1 throughout, but D over A said as 1 where 1/8 agrees: putting 8 there mends everything."""
    matrix = pd.DataFrame(
        [[1, 2, 4, 1], [0.5, 1, 2, 4], [0.25, 0.5, 1, 2], [1, 0.25, 0.5, 1]], list("ABCD"), list("ABCD")
    )
    found = ahp(matrix)
    assert (found.cr > 0.1, found.consistent) == (True, False)
    assert found.pairs.loc[0, ["left", "right"]].tolist() == ["A", "D"]
    assert {found.triads.loc[0, side] for side in ("first", "third")} == {"A", "D"}
    mended = found.amendment()
    assert mended is not None
    assert (mended.left, mended.right, mended.value) == ("A", "D", 1)
    assert mended.best == pytest.approx(8, abs=1e-9)
    assert (mended.best_cr, mended.nearest_cr) == pytest.approx((0, 0), abs=1e-9)
    assert mended.nearest == 8


def test_a_pair_of_ones_own_choice_is_mended_too(drinks: pd.DataFrame) -> None:
    found = ahp(drinks)
    worst, other = found.amendment(), found.amendment("milk", "tea")
    assert worst is not None
    assert other is not None
    assert worst.best_cr < found.cr
    assert other.best_cr < found.cr
    with pytest.raises(Misuse, match="'tee' is not among what was compared; did you mean: tea"):
        found.amendment("tee", "milk")
    with pytest.raises(Misuse, match="were not compared"):
        found.amendment("milk", "milk")


def test_nothing_is_mended_where_nothing_contradicts() -> None:
    tree = ahp([[1, 3, None], [None, 1, 2], [None, None, 1]], ["A", "B", "C"])
    assert (tree.cr, tree.amendment(), tree.amendment("A", "B")) == (pytest.approx(0, abs=1e-12), None, None)
    assert tree.matrix.loc["A", "C"] == pytest.approx(6)
    assert tree.triads.empty
    pair = ahp([[1, 4], [None, 1]], ["A", "B"])
    assert (pair.weights.tolist(), pair.cr, pair.amendment()) == ([0.8, 0.2], 0, None)
    assert ahp([[1]], ["A"]).weights.to_dict() == {"A": 1}


def test_two_experts_meet_at_the_geometric_mean() -> None:
    """1 and 9 meet at 3; with weights 3 : 1 at 9^(1/4) = √3."""
    one, other = (ahp([[1, value], [None, 1]], ["A", "B"]).given for value in (1, 9))
    assert combine_experts({"Li": one, "Wang": other}).loc["A", "B"] == pytest.approx(3)
    weighed = combine_experts({"Li": one, "Wang": other}, expert_weights={"Li": 3, "Wang": 1})
    assert weighed.loc["A", "B"] == pytest.approx(math.sqrt(3))


def test_a_pair_that_one_expert_left_out_is_the_others() -> None:
    names = ["A", "B", "C"]
    one = ahp([[1, 2, None], [None, 1, 2], [None, None, 1]], names).given
    other = (
        ahp([[1, 8, 5], [None, 1, None], [None, None, 1]], names).given[["C", "A", "B"]].loc[["C", "A", "B"]]
    )
    both = combine_experts({"Li": one, "Wang": other})
    assert [both.loc["A", "B"], both.loc["A", "C"], both.loc["B", "C"]] == pytest.approx([4, 5, 2])
    alone = combine_experts({"Li": one})
    assert math.isnan(alone.loc["A", "C"])


def test_experts_and_their_weights_must_fit() -> None:
    one = ahp([[1, 2], [None, 1]], ["A", "B"]).given
    with pytest.raises(Misuse, match="no expert's matrix"):
        combine_experts({})
    with pytest.raises(Misuse, match="do not fit"):
        combine_experts({"Li": one}, expert_weights={"Li": 0})
    with pytest.raises(DataRefused, match="Wang: compares A, X; the others compare A, B"):
        combine_experts({"Li": one, "Wang": one.set_axis(["A", "X"], axis=0).set_axis(["A", "X"], axis=1)})


# --- random indices


def test_the_random_index_of_three_things_is_the_mean_over_all_4913_matrices() -> None:
    """17³ matrices; for n = 3 λ_max = 1 + t + 1/t with t = ∛(a_12 a_23 ÷ a_13), so CI = (t + 1/t − 2) ÷ 2."""
    scale = np.array(SAATY_SCALE)
    turn = np.cbrt(scale[:, None, None] * scale[:, None] / scale)
    assert ((turn + 1 / turn - 2) / 2).mean() == pytest.approx(
        random_index(3, "alonso_lamata_2006"), abs=5e-5
    )


@pytest.mark.parametrize("table", RANDOM_INDEX)
def test_the_printed_random_indices_are_near_a_simulation(table: str) -> None:
    """1,500 random matrices a size, sampling error ≤ 0.016. Saaty's came from 500 (100 beyond n = 11) and are known to
    be off by up to 0.06; Donegan and Dodd drew 1 to 9 and turned it round by a coin, so that 1 came twice as often."""
    generator = np.random.default_rng(1980)
    allowed = {"saaty_1980": 0.07, "donegan_dodd_1991": 0.05, "alonso_lamata_2006": 0.04}[table]
    for n in range(3, 3 + len(RANDOM_INDEX[table])):
        size = (1500, n * (n - 1) // 2)
        drawn = generator.choice(SAATY_SCALE, size)
        if table == "donegan_dodd_1991":
            drawn = generator.integers(1, 10, size) ** generator.choice([-1.0, 1.0], size)
        matrices = np.array([reciprocal(row, n) for row in drawn])
        largest = (matrices @ eigenvectors(matrices)[..., None]).sum(axis=(1, 2))
        assert ((largest - n) / (n - 1)).mean() == pytest.approx(random_index(n, table), abs=allowed), n


def test_beyond_its_table_a_random_index_is_refused_or_goes_on_along_the_line() -> None:
    """Alonso and Lamata's line at 16: (1.7699 × 16 − 4.3513) ÷ 15 = 1.5978, a little above 1.5838 at 15."""
    assert random_index(16, "alonso_lamata_2006") == pytest.approx(1.5978, abs=5e-5)
    with pytest.raises(Misuse, match=r"saaty_1980 ends at 15 things .* 16; use alonso_lamata_2006"):
        random_index(16)
    with pytest.raises(Misuse, match="no random-index table 'saaty'; available: saaty_1980"):
        random_index(3, "saaty")


# --- faults


def test_every_fault_of_a_matrix_is_told_at_once() -> None:
    """B over A is −1, C over A text, A to itself 2, B and C each 2 over the other."""
    with pytest.raises(DataRefused) as refused:
        ahp([[2, 1, None], [-1, 1, 2], ["much", 2, 1]], ["A", "B", "C"])
    told = [(problem.cell, problem.code.removeprefix("comparison.")) for problem in refused.value.problems]
    assert told == [
        ("B / A", "positive"),
        ("C / A", "positive"),
        ("B / C", "reciprocal"),
        ("A / A", "diagonal"),
    ]
    assert "'much' is not a positive number" in refused.value.message("en")
    assert "多" not in refused.value.message("zh")


@pytest.mark.parametrize(
    ("matrix", "names", "code"),
    [
        ([[1, 2]], None, "square"),
        ([[1, 2], [0.5, 1]], ["A"], "square"),
        ([], None, "square"),
        ([[1, 2], [0.5, 1]], ["A", "A"], "names"),
        ([[1, math.inf], [0, 1]], ["A", "B"], "positive"),
        ([[1, 2, None], [0.5, 1, None], [None, None, 1]], ["A", "B", "C"], "parts"),
    ],
)
def test_a_matrix_that_is_none_is_refused(matrix: list, names: list[str] | None, code: str) -> None:
    with pytest.raises(DataRefused) as refused:
        ahp(matrix, names)
    assert refused.value.problems[0].code == f"comparison.{code}"
    assert all(refused.value.message(lang) for lang in ("zh", "en"))


def test_parts_that_nothing_connects_are_named() -> None:
    gap = None
    with pytest.raises(DataRefused, match=r"parts that nothing connects: A, C \| B, D"):
        ahp([[1, gap, 3, gap], [gap, 1, gap, 5], [gap, gap, 1, gap], [gap] * 4], list("ABCD"))


def test_many_matrices_are_refused_by_number() -> None:
    good = reciprocal([2, 4, 2], 3)
    bad = good.copy()
    bad[0, 1] = 3
    with pytest.raises(DataRefused) as refused:
        priorities([good, bad, np.where(np.eye(3) == 0, np.nan, 1.0)])
    assert [problem.cell for problem in refused.value.problems] == ["2", "3"]
    with pytest.raises(DataRefused, match="3 × 3, not k × n × n"):
        priorities(good)


# --- what holds for any comparisons

sizes = st.integers(2, 8)
answers = sizes.flatmap(
    lambda n: hnp.arrays(np.float64, n * (n - 1) // 2, elements=st.sampled_from(SAATY_SCALE)).map(
        lambda upper: reciprocal(list(upper), n)
    )
)


def by_eig(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eig(matrix)
    vector = vectors[:, values.real.argmax()].real
    return vector / vector.sum()


@given(answers)
def test_weights_are_those_of_the_eigenvalue_solver(matrix: np.ndarray) -> None:
    found = priorities(matrix[None])
    assert found.weights[0] == pytest.approx(by_eig(matrix), abs=1e-12)
    assert found.lambda_max[0] >= len(matrix) - 1e-9


def test_a_thousand_matrices_at_once_are_as_exact_as_one_at_a_time() -> None:
    generator = np.random.default_rng(7)
    matrices = np.array([reciprocal(row, 9) for row in generator.choice(SAATY_SCALE, (1000, 36))])
    weights = np.array([by_eig(matrix) for matrix in matrices])
    assert abs(priorities(matrices).weights - weights).max() < 1e-12


@pytest.mark.parametrize("far", [1e3, 1e60, 1e200])
def test_matrices_that_converge_slowly_or_not_at_all_are_solved_for(far: float) -> None:
    """A circle A > B > C > A: all things alike, but the other eigenvalues are as large as they get."""
    matrix = reciprocal([far, 1 / far, far], 3)
    assert priorities(matrix[None]).weights[0] == pytest.approx([1 / 3] * 3, rel=1e-9)


@given(answers, st.randoms(use_true_random=False))
def test_the_order_of_things_does_not_matter(matrix: np.ndarray, random: object) -> None:
    names = [f"t{place}" for place in range(len(matrix))]
    frame = pd.DataFrame(matrix, names, names)
    turned = list(names)
    random.shuffle(turned)  # type: ignore[attr-defined]
    found, other = ahp(frame), ahp(frame.loc[turned, turned])
    assert other.weights[names].to_numpy() == pytest.approx(found.weights.to_numpy(), abs=1e-12)
    assert other.cr == pytest.approx(found.cr, abs=1e-9)


@given(hnp.arrays(np.float64, st.integers(2, 7), elements=st.floats(0.01, 1)))
def test_consistent_comparisons_give_back_the_weights_behind_them(weights: np.ndarray) -> None:
    matrix = weights[:, None] / weights
    found = ahp(matrix, [f"t{place}" for place in range(len(weights))])
    assert found.weights.to_numpy() == pytest.approx(weights / weights.sum(), abs=1e-12)
    assert found.cr == pytest.approx(0, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(answers.filter(lambda matrix: len(matrix) > 3), st.data())
def test_no_other_values_of_missing_comparisons_contradict_less(
    matrix: np.ndarray, data: st.DataObject
) -> None:
    """Any pairs missing but those of the first thing, which keeps everything connected."""
    names = [f"t{place}" for place in range(len(matrix))]
    pairs = [(one, other) for place, one in enumerate(names[1:], 2) for other in names[place:]]
    missing = data.draw(st.lists(st.sampled_from(pairs), min_size=1, unique=True))
    gaps = pd.DataFrame(matrix, names, names)
    for one, other in missing:
        gaps.loc[one, other] = gaps.loc[other, one] = np.nan
    best = ahp(gaps)
    elsewhere = best.matrix.copy()
    for one, other in missing:
        factor = math.exp(data.draw(st.floats(-0.5, 0.5)))
        elsewhere.loc[one, other] *= factor
        elsewhere.loc[other, one] /= factor
    assert ahp(elsewhere).lambda_max >= best.lambda_max - 1e-9


@given(answers)
def test_one_expert_alone_and_the_same_expert_twice_are_that_expert(matrix: np.ndarray) -> None:
    names = [f"t{place}" for place in range(len(matrix))]
    frame = pd.DataFrame(matrix, names, names)
    for experts in ({"a": frame}, {"a": frame, "b": frame}):
        assert combine_experts(experts).to_numpy() == pytest.approx(matrix, rel=1e-12)
