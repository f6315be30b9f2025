"""The Analytic Hierarchy Process (层次分析法): weights from comparisons of two things at a time.

`ahp` takes one matrix, complete or not; `combine_experts` makes one matrix of several experts'; `priorities` in
`ahp_priorities` takes many complete matrices at once. A consistency ratio always goes with the name of the random index
behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskkit.errors import DataRefused, Misuse, Problem, unknown
from riskkit.scoring.ahp_matrix import completed, connected, filled, labelled, parts
from riskkit.scoring.ahp_priorities import Floats, solved

SAATY_SCALE = tuple([1 / value for value in range(9, 1, -1)] + [float(value) for value in range(1, 10)])
"""1/9 … 1 … 9: how much more the one matters than the other (Saaty 1977)."""

ACCEPTED_RATIO = 0.1
"""Up to here Saaty (1980) accepts a consistency ratio."""


@dataclass(frozen=True)
class Amendment:
    """What another answer to one comparison would mend: the pair, its `value` now, the value `best` for consistency,
    the `nearest` to that on Saaty's scale, and the consistency ratio with either."""

    left: str
    right: str
    value: float
    best: float
    best_cr: float
    nearest: float
    nearest_cr: float


@dataclass(frozen=True)
class AhpWeights:
    """Weights from one matrix of pairwise comparisons, and how far the comparisons contradict one another.

    `given`: things × things, how much more the row matters than the column; missing where nobody compared. `matrix`:
    the same with missing comparisons completed. `weights`: by thing, summing to 1. `lambda_max`, `ci`, `cr`, and in
    `random_index` the table behind `cr`. With missing comparisons `cr` is lower than the same care would give with all
    of them, because the completion contradicts as little as it can (Ágoston and Csató 2022, Omega 108, 102576).
    """

    given: pd.DataFrame
    matrix: pd.DataFrame
    weights: pd.Series
    lambda_max: float
    ci: float
    cr: float
    random_index: str

    @property
    def consistent(self) -> bool:
        """Whether the consistency ratio is at most 0.1."""
        return self.cr <= ACCEPTED_RATIO

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """A row a comparison made, the one that contradicts the weights most first.

        `left, right, value` (how much more left matters), `implied` (the ratio of the weights) and `error`, e = value ÷
        implied: 1 where they agree, 2 where the answer is twice what the weights say, ½ where it is half (Saaty 2003,
        European J. Operational Research 145, 85-91).
        """
        values, weights = self.given.to_numpy(dtype=float), self.weights.to_numpy(dtype=float)
        i, j = np.nonzero(np.triu(~np.isnan(values), 1))
        names = self.given.index
        implied = weights[i] / weights[j]
        error = values[i, j] / implied
        columns = {
            "left": names[i],
            "right": names[j],
            "value": values[i, j],
            "implied": implied,
            "error": error,
        }
        return _worst_first(pd.DataFrame(columns), error)

    @cached_property
    def triads(self) -> pd.DataFrame:
        """A row three things all compared, the most contradictory first: `first, second, third, product`.

        The product is a_ij × a_jk × a_ki, 1 where the three agree; the further from 1 either way, the worse.
        """
        values, names = self.given.to_numpy(dtype=float), self.given.index
        i, j, k = np.array(list(combinations(range(len(names)), 3)), dtype=int).reshape(-1, 3).T
        product = values[i, j] * values[j, k] * values[k, i]
        known = ~np.isnan(product)
        columns = {"first": names[i], "second": names[j], "third": names[k], "product": product}
        return _worst_first(pd.DataFrame(columns)[known].reset_index(drop=True), product[known])

    def amendment(self, left: str = "", right: str = "") -> Amendment | None:
        """The value of one comparison that contradicts the others least, by default of the worst pair.

        It is found as a missing comparison is (Bozóki, Fülöp and Rónyai 2010). None where nothing can be mended: the
        comparisons agree, or the pair alone connects two parts. Raises `Misuse` for a pair that was not compared.

            >>> weights.amendment().nearest_cr
        """
        if left or right:
            self._check_compared(left, right)
            return self._amended(left, right)
        if self.ci <= 1e-12:
            return None
        pairs = zip(self.pairs["left"], self.pairs["right"], strict=True)
        return next((found for pair in pairs if (found := self._amended(*pair))), None)

    def _check_compared(self, left: str, right: str) -> None:
        for name in (left, right):
            if name not in self.given.index:
                raise unknown("unknown_compared", name, [str(each) for each in self.given.index])
        if left == right or self.given.isna().loc[left, right]:
            raise Misuse("not_compared", left=left, right=right)

    def _amended(self, left: str, right: str) -> Amendment | None:
        without = _answered(self.given, left, right, np.nan)
        if len(parts(without.to_numpy())) > 1:
            return None
        best = ahp(without, random_index=self.random_index)
        value, now = (float(frame[right][left]) for frame in (best.matrix, self.given))
        nearest = min(SAATY_SCALE, key=lambda step: abs(np.log(step / value)))
        then = ahp(_answered(self.given, left, right, nearest), random_index=self.random_index)
        return Amendment(left, right, now, value, best.cr, nearest, then.cr)


def _worst_first(frame: pd.DataFrame, ratio: Floats) -> pd.DataFrame:
    size = np.round(abs(np.log(ratio)), 12)
    return frame.iloc[np.argsort(-size, kind="stable")].reset_index(drop=True)


def _answered(matrix: pd.DataFrame, left: str, right: str, value: float) -> pd.DataFrame:
    changed = matrix.copy()
    changed.loc[left, right], changed.loc[right, left] = value, 1.0 / value
    return changed


def ahp(
    matrix: pd.DataFrame | npt.ArrayLike,
    names: Sequence[str] | None = None,
    *,
    random_index: str = "saaty_1980",
) -> AhpWeights:
    """Weights by the principal eigenvector of a reciprocal matrix, λ_max, CI and CR (Saaty 1977, 1980).

    `matrix`: n × n, how much more the row matters than the column, 1 on the diagonal; a frame with the same names on
    both sides, or an array and `names`. Where one side of a pair is missing the other fills it; where both are, the
    comparison is missing and takes the value that makes λ_max smallest (Bozóki, Fülöp and Rónyai 2010). Raises
    `DataRefused` listing everything wrong: not square, not positive, not reciprocal, or falling into parts that no
    comparison connects; `Misuse` for an unknown random index.

        >>> ahp([[1, 3, 5], [None, 1, 2], [None, None, 1]], ["A", "B", "C"]).weights.round(3).to_dict()
        {'A': 0.648, 'B': 0.23, 'C': 0.122}
    """
    given = connected(filled(labelled(matrix, names)))
    complete = completed(given.to_numpy())
    found = solved(complete[None], random_index)
    return AhpWeights(
        given=given,
        matrix=pd.DataFrame(complete, index=given.index, columns=given.columns),
        weights=pd.Series(found.weights[0], index=given.index, name="weight"),
        lambda_max=float(found.lambda_max[0]),
        ci=float(found.ci[0]),
        cr=float(found.cr[0]),
        random_index=random_index,
    )


# --- several experts


def combine_experts(
    matrices: Mapping[str, pd.DataFrame], *, expert_weights: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """One matrix of several experts': the geometric mean of each comparison, which keeps it reciprocal.

    `matrices`: by expert, with the same things in any order. `expert_weights`: positive, need not sum to 1; by default
    all alike. The mean of a pair is over the experts who compared it; it is missing where none did. Raises
    `DataRefused` for matrices with faults or of different things, `Misuse` for no expert and for weights that do not
    fit the experts. Source: Aczél and Saaty (1983), J. Math. Psychology 27, 93-102.

        >>> ahp(combine_experts({"Li": one, "Wang": other})).weights
    """
    if not matrices:
        raise Misuse("no_experts")
    shares = _shares(list(matrices), expert_weights)
    names = next(iter(matrices.values())).index
    logs = np.log(np.array([_of_expert(expert, matrix, names) for expert, matrix in matrices.items()]))
    weights = np.where(np.isnan(logs), 0.0, shares[:, None, None])
    with np.errstate(invalid="ignore"):
        means = np.exp((weights * np.nan_to_num(logs)).sum(axis=0) / weights.sum(axis=0))
    return pd.DataFrame(means, index=names, columns=names)


def _of_expert(expert: str, matrix: pd.DataFrame, names: pd.Index) -> Floats:
    if sorted(map(str, matrix.index)) != sorted(map(str, names)):
        found, expected = (", ".join(map(str, side)) for side in (matrix.index, names))
        wrong = Problem("comparison.things", cell=expert, values={"found": found, "expected": expected})
        raise DataRefused("comparisons_refused", [wrong])
    values: Floats = filled(labelled(matrix)).loc[names, names].to_numpy(dtype=float)
    return values


def _shares(experts: list[str], given: Mapping[str, float] | None) -> Floats:
    if given is None:
        return np.ones(len(experts))
    if set(given) != set(experts) or not all(np.isfinite(value) and value > 0 for value in given.values()):
        raise Misuse("expert_weights", found=str(dict(given)), expected=", ".join(experts))
    return np.array([given[expert] for expert in experts], dtype=np.float64)
