"""Weights and consistency ratios of 1,000 matrices of pairwise comparisons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from riskkit.scoring.ahp_priorities import priorities
from tests.bench.race import Race

MATRICES, SIZE = 1000, 9
SAATY_9 = 1.45
"""Saaty's random index for n = 9 (1980)."""


def reciprocal(seed: int) -> np.ndarray:
    """Reciprocal matrices, comparisons between 1/9 and 9."""
    rows, columns = np.triu_indices(SIZE, 1)
    drawn = 9.0 ** np.random.default_rng(seed).uniform(-1, 1, (MATRICES, len(rows)))
    made = np.ones((MATRICES, SIZE, SIZE))
    made[:, rows, columns], made[:, columns, rows] = drawn, 1 / drawn
    return made


def one_by_one(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    weights, ratios = np.empty((MATRICES, SIZE)), np.empty(MATRICES)
    for number, matrix in enumerate(matrices):
        values, vectors = np.linalg.eig(matrix)
        largest = values.real.argmax()
        vector = vectors[:, largest].real
        weights[number] = vector / vector.sum()
        ratios[number] = (values[largest].real - SIZE) / (SIZE - 1) / SAATY_9
    return weights, ratios


def test_priorities(race: Callable[..., Race]) -> None:
    matrices = reciprocal(seed=3)
    weights, ratios = one_by_one(matrices)
    found = priorities(matrices)
    np.testing.assert_allclose(found.weights, weights, atol=1e-12)
    np.testing.assert_allclose(found.cr, ratios, atol=1e-12)
    peers = {"numpy.linalg.eig, one by one": lambda: one_by_one(matrices)}
    race("AHP, 1,000 matrices of 9", lambda: priorities(matrices), peers).wants(8, next(iter(peers)))
