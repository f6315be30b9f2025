"""Many matrices of pairwise comparisons at once: principal eigenvectors and consistency ratios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from riskkit.errors import DataRefused, Misuse, Problem, unknown

Floats: TypeAlias = npt.NDArray[np.float64]

RANDOM_INDEX: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        # Saaty (1980), The Analytic Hierarchy Process, p. 21; 500 matrices a size, 100 beyond 11.
        "saaty_1980": (0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59),
        # Donegan & Dodd (1991), A note on Saaty's random indexes, Math. Comput. Modelling 15(10), 135-137.
        "donegan_dodd_1991": (
            *(0.4914, 0.8286, 1.0591, 1.1797, 1.2519, 1.3171, 1.3733, 1.4055, 1.4213),
            *(1.4497, 1.4643, 1.4822, 1.4969, 1.5078, 1.5153, 1.5262, 1.5313, 1.5371),
        ),
        # Alonso & Lamata (2006), Int. J. Uncertainty, Fuzziness and Knowledge-Based Systems 14(4), 445-459;
        # 100,000 matrices a size.
        "alonso_lamata_2006": (
            *(0.5245, 0.8815, 1.1086, 1.2479, 1.3417, 1.4056, 1.4499, 1.4854, 1.5141, 1.5365, 1.5551),
            *(1.5713, 1.5838),
        ),
    }
)
"""Random indices for n = 3, 4, 5 …: the mean CI of matrices filled at random from Saaty's scale."""

_FITTED = "alonso_lamata_2006"
"""The table whose authors fitted a line to their mean λ_max, 2.7699 n − 4.3513, which goes on beyond it."""

RECIPROCAL = 1e-6
"""How far from 1 the product of the two sides of a comparison may be."""

_SQUARINGS = 4
_STEPS = 12
_CONVERGED = 1e-14


def random_index(n: int, table: str = "saaty_1980") -> float:
    """The random index for matrices of n things; 0 up to n = 2, where nothing can contradict.

    Beyond its table `alonso_lamata_2006` goes on with its authors' line, (1.7699 n − 4.3513) ÷ (n − 1). Raises `Misuse`
    for an unknown table, and for a size that a table has no number for.

        >>> random_index(7)
        1.32
    """
    if table not in RANDOM_INDEX:
        raise unknown("unknown_random_index", table, list(RANDOM_INDEX))
    values = RANDOM_INDEX[table]
    if n <= 2:
        return 0.0
    if n - 3 < len(values):
        return values[n - 3]
    if table == _FITTED:
        return (1.7699 * n - 4.3513) / (n - 1)
    raise Misuse("random_index_size", table=table, n=n, last=len(values) + 2, near=_FITTED)


# --- many matrices at once


@dataclass(frozen=True)
class Priorities:
    """Weights and consistency of k matrices: `weights` k × n, rows summing to 1; `lambda_max`, `ci`, `cr` k each;
    `random_index` names the table behind `cr`."""

    weights: Floats
    lambda_max: Floats
    ci: Floats
    cr: Floats
    random_index: str


def priorities(matrices: npt.ArrayLike, *, random_index: str = "saaty_1980") -> Priorities:
    """The principal right eigenvector of many complete reciprocal matrices (k × n × n), and their consistency.

    CI = (λ_max − n) ÷ (n − 1), CR = CI ÷ RI; both 0 up to n = 2 (Saaty 1980). Missing comparisons are refused here;
    `ahp` completes them. Raises `DataRefused` naming each matrix at fault, `Misuse` for an unknown random index.

        >>> priorities([[[1, 3, 5], [1 / 3, 1, 2], [1 / 5, 1 / 2, 1]]]).weights.round(3)
        array([[0.648, 0.23 , 0.122]])
    """
    stack = np.asarray(matrices, dtype=np.float64)
    if stack.ndim != 3 or stack.shape[1] != stack.shape[2] or not stack.shape[1]:
        shape = " × ".join(map(str, stack.shape))
        raise DataRefused("comparisons_refused", [Problem("comparison.shape", values={"found": shape})])
    with np.errstate(all="ignore"):
        good = np.isfinite(stack) & (stack > 0) & (abs(stack * stack.swapaxes(1, 2) - 1.0) <= RECIPROCAL)
    if not good.all():
        wrong = np.flatnonzero(~good.all(axis=(1, 2)))
        problems = [Problem("comparison.matrix", cell=str(number + 1)) for number in wrong]
        raise DataRefused("comparisons_refused", problems)
    return solved(stack, random_index)


def solved(stack: Floats, table: str) -> Priorities:
    """As `priorities`, of matrices known to be good."""
    n = stack.shape[1]
    index = random_index(n, table)
    weights = eigenvectors(stack)
    largest = (stack @ weights[..., None]).sum(axis=(1, 2))
    ci = np.maximum(largest - n, 0.0) / (n - 1) if n > 2 else np.zeros(len(stack))
    return Priorities(weights, largest, ci, ci / index if index else ci, table)


def eigenvectors(stack: Floats) -> Floats:
    """The principal right eigenvectors (k × n, rows summing to 1) of k positive matrices.

    Each matrix is raised to its 16th power by squaring, and the power applied until nothing moves by more than 1e-14;
    for the few where it still does, the eigenvectors are solved for.
    """
    with np.errstate(all="ignore"):
        power = stack / stack.max(axis=(1, 2), keepdims=True)
        for _ in range(_SQUARINGS):
            power = power @ power
            power /= power[:, :1, :1]
        weights = _summing_to_one(power.sum(axis=2))
        moved = np.ones(len(stack))
        for _ in range(_STEPS):
            before, weights = weights, _summing_to_one((power @ weights[..., None])[..., 0])
            moved = abs(weights - before).max(axis=1)
            if (moved <= _CONVERGED).all():
                return weights
    for number in np.flatnonzero(~(moved <= _CONVERGED)):
        values, vectors = np.linalg.eig(stack[number])
        vector = abs(vectors[:, values.real.argmax()].real)
        weights[number] = vector / vector.sum()
    return weights


def _summing_to_one(vectors: Floats) -> Floats:
    scaled: Floats = vectors / vectors.sum(axis=1, keepdims=True)
    return scaled
