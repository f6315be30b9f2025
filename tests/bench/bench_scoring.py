"""20,000 units × 40 items → 3 dimensions → 1 total."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest
import skcriteria
from pymcdm.methods import WSM
from skcriteria.agg.simple import WeightedSumModel
from skcriteria.pipelines import mkpipe
from skcriteria.preprocessing.scalers import SumScaler

import riskkit
from riskkit.evidence.measures import Measures
from riskkit.scoring.plan import Plan
from tests.bench import bank
from tests.bench.race import Race

UNITS, ITEMS, DIMENSIONS = 20_000, 40, 3
MODEL = bank.model(ITEMS, DIMENSIONS)
VALUES = bank.values(UNITS, ITEMS, seed=1)
WITHIN = 1 / 1.5
"""At most 1.5 times what the fastest plain numpy takes."""


@cache
def shares() -> np.ndarray:
    """Items × (total and dimensions): what each item counts for, from the sizes of the groups alone."""
    groups = np.array_split(np.arange(ITEMS), DIMENSIONS)
    own = np.zeros((ITEMS, 1 + DIMENSIONS))
    for number, group in enumerate(groups, start=1):
        own[group, number] = 1 / len(group)
        own[group, 0] = 1 / len(group) / DIMENSIONS
    return own


def measures(gaps: float = 0.0) -> Measures:
    """Measures in memory, their arrays made."""
    made = bank.measures(MODEL, bank.values(UNITS, ITEMS, seed=1, gaps=gaps))
    assert made.arrays.values.shape == VALUES.shape
    return made


# --- the kernel, against numpy for this one case: goalposts folded into one affine map, as riskkit folds them


def test_values_to_scores(race: Callable[..., Race]) -> None:
    """The map is made once on either side; both layouts of the values are tried, the faster is the floor."""
    arrays = measures().arrays
    fold = Plan(MODEL).fold(arrays.bounds)
    assert fold is not None
    np.testing.assert_allclose(fold.inner(arrays.values), VALUES @ by_hand()[0] + by_hand()[1], rtol=1e-12)
    held = race("values to scores", lambda: fold.inner(arrays.values), affine(VALUES, *by_hand()), 30)
    held.wants(WITHIN, held.fastest())


def test_values_to_scores_with_the_folding(race: Callable[..., Race]) -> None:
    """As above, but riskkit folds anew for every call, as `score` does; numpy still has its map."""
    arrays, plan = measures().arrays, Plan(MODEL)

    def ours() -> object:
        fold = plan.fold(arrays.bounds)
        return fold and fold.inner(arrays.values)

    np.testing.assert_allclose(ours(), VALUES @ by_hand()[0] + by_hand()[1], rtol=1e-12)
    race("values to scores, folding too", ours, affine(VALUES, *by_hand()), 30)


def test_points_to_scores(race: Callable[..., Race]) -> None:
    """Here riskkit looks for gaps and keeps scores within 0-100 as well."""
    plan = Plan(MODEL)
    points = plan.points(measures().arrays.values)
    np.testing.assert_allclose(plan.score(points).inner, 100.0 * VALUES @ shares(), rtol=1e-12)
    held = race("points to scores", lambda: plan.score(points), affine(points, shares()), 30)
    held.wants(WITHIN, held.fastest())


def by_hand() -> tuple[np.ndarray, np.ndarray]:
    """Slopes and intercepts for goalposts low and high, worth 0-100."""
    low, high = np.zeros(ITEMS), np.ones(ITEMS)
    slopes = 100.0 / (high - low)
    return slopes[:, None] * shares(), -(low * slopes) @ shares()


def affine(
    values: np.ndarray, slopes: np.ndarray, intercepts: np.ndarray | None = None
) -> dict[str, Callable[[], object]]:
    """One matrix product over values in either layout, and one sum in place."""

    def call(laid_out: np.ndarray) -> Callable[[], object]:
        def product() -> np.ndarray:
            found = laid_out @ slopes
            if intercepts is not None:
                found += intercepts
            return found

        return product

    return {
        "numpy, row-major": call(np.ascontiguousarray(values)),
        "numpy, column-major": call(np.asfortranarray(values)),
    }


# --- `score`, with its labelled Assessment: grades, ranks, coverage


@pytest.mark.parametrize("gaps", [0.0, 0.1])
def test_score(race: Callable[..., Race], gaps: float) -> None:
    """The peers score complete values and give a flat weighted sum, pandas the tree too; riskkit grades as well."""
    given = measures(gaps)
    assert len(riskkit.score(MODEL, given).summary) == UNITS
    what = f"score, {gaps:.0%} gaps" if gaps else "score"
    held = race(what, lambda: riskkit.score(MODEL, given), peers_of_score())
    if not gaps:
        held.wants(8, "pymcdm WSM")


def peers_of_score() -> dict[str, Callable[[], object]]:
    """Each as its documentation calls it, on what it takes, made beforehand."""
    weights, types = shares()[:, 0], np.ones(ITEMS)
    decision = skcriteria.mkdm(VALUES, [max] * ITEMS, weights=weights)
    pipeline = mkpipe(SumScaler("matrix"), WeightedSumModel())
    frame = pd.DataFrame(VALUES)
    return {
        "pymcdm WSM": lambda: WSM()(VALUES, weights, types),
        "pymcdm WSM, validation=False": lambda: WSM()(VALUES, weights, types, validation=False),
        "scikit-criteria": lambda: pipeline.evaluate(decision),
        "pandas, plainly": lambda: in_pandas(frame),
    }


def in_pandas(frame: pd.DataFrame) -> pd.DataFrame:
    """Goalposts, dimensions, total and rank, as one would write them."""
    points = (frame - 0.0) / (1.0 - 0.0) * 100.0
    points = points.clip(0.0, 100.0)
    groups = np.array_split(np.arange(ITEMS), DIMENSIONS)
    scored = pd.DataFrame({f"D{k}": points[list(group)].mean(axis=1) for k, group in enumerate(groups)})
    scored["total"] = scored.mean(axis=1)
    scored["rank"] = scored["total"].rank(ascending=False, method="min")
    return scored
