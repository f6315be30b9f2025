"""Rank intervals against a plain simulation that draws the same weights; one example by hand; what is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from riskkit.analysis.rank_intervals import rank_intervals
from riskkit.analysis.simulation import competition_ranks
from riskkit.errors import Misuse
from riskkit.model import IndicatorModel
from riskkit.model.schema import Item
from riskkit.scoring.assessment import Assessment, score
from tests.analysis import sample
from tests.scoring import reference, tiny


def assessment(seed: int = 1) -> Assessment:
    small = sample.model()
    return score(small, sample.measures(small, seed))


# --- the same, slowly


def groups(model: IndicatorModel) -> Iterator[list[str]]:
    """Siblings of weight whose parents all have weight, items first, from the top down."""
    for below in [model.spec.nodes, *(n.children for n in model.nodes.values() if not isinstance(n, Item))]:
        names = sorted(
            (n.id for n in below if model.nominal_weights[n.id] > 0), key=lambda n: n not in model.items
        )
        if len(names) > 1:
            yield names


def drawn(model: IndicatorModel, draws: int, seed: int, concentration: float) -> list[dict[str, float]]:
    """Weights, a dictionary a draw: one Dirichlet call a group, in the order of `groups`."""
    rng = np.random.default_rng(seed)
    weights: list[dict[str, float]] = [{} for _ in range(draws)]
    for names in groups(model):
        shares = rng.dirichlet([concentration * model.nodes[name].weight for name in names], size=draws)
        for one, row in zip(weights, shares, strict=True):
            one |= dict(zip(names, map(float, row), strict=True))
    return weights


def published(number: float) -> float:
    """Two decimals, half up; a millionth of the last place short of a half is a half."""
    return math.floor(number * 100 + 0.5 + 1e-6) / 100


def ranks(scores: dict[str, float], vetoed: set[str]) -> dict[str, int]:
    """1 and how many are better; everyone else is better than one that is vetoed."""
    key = {unit: (unit not in vetoed, value) for unit, value in scores.items()}
    return {unit: 1 + sum(other > own for other in key.values()) for unit, own in key.items()}


def quantile(values: list[float], share: float) -> float:
    """The least value that at least this share of the values do not exceed."""
    return next(v for v in sorted(values) if sum(w <= v for w in values) >= share * len(values) - 1e-9)


def slowly(now: Assessment, draws: int, seed: int, concentration: float) -> pd.DataFrame:
    summary = now.summary[now.summary["rank"].notna()]
    vetoed = set(summary.index[summary["vetoed"]])
    given = {unit: sample.points(now.measures, unit) for unit in summary.index}
    scores: dict[str, list[float]] = {unit: [] for unit in summary.index}
    places: dict[str, list[float]] = {unit: [] for unit in summary.index}
    for weights in drawn(now.model, draws, seed, concentration):
        here = {}
        for unit, points in given.items():
            total = reference.scores(now.model, points, weights)[""]
            assert total is not None
            here[unit] = published(max(0.0, total - summary.loc[unit, "deducted"]))
        for unit, place in ranks(here, vetoed).items():
            scores[unit].append(here[unit])
            places[unit].append(place)
    rows = {
        unit: [quantile(each[unit], share) for each in (scores, places) for share in (0.05, 0.5, 0.95)]
        for unit in summary.index
    }
    names = [f"{what}_{end}" for what in ("score", "rank") for end in ("low", "median", "high")]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names)


@pytest.mark.parametrize(("seed", "concentration"), [(0, 100.0), (1, 3.0), (7, 1000.0)])
def test_intervals_are_those_of_a_plain_simulation(seed: int, concentration: float) -> None:
    """With a vetoed unit, one that lost points, one that has none left, one that is provisional, items that do not
    apply or were not assessed, a geometric node and one without weight."""
    now = assessment(seed)
    assert now.summary["vetoed"].any()
    assert now.summary["provisional"].any()
    assert now.summary.loc["floored", "score"] == 0.0
    found = rank_intervals(now, draws=60, seed=seed, concentration=concentration).units
    expected = slowly(now, 60, seed, concentration)
    assert sorted(found.index) == sorted(expected.index)
    pd.testing.assert_frame_equal(
        found[expected.columns].astype("float64"), expected.loc[found.index].astype("float64"),
        check_names=False, rtol=0, atol=1e-9,
    )  # fmt: skip


def test_units_stand_as_they_were_ranked_best_first() -> None:
    now = assessment()
    found = rank_intervals(now, draws=20, seed=3).units
    expected = now.ranking().dropna(subset="rank")
    assert list(found.index) == list(expected.index)
    assert found["rank"].tolist() == expected["rank"].tolist()
    assert found["score"].tolist() == expected["score"].tolist()


def test_the_same_seed_gives_the_same_and_0_is_a_seed() -> None:
    now = assessment()
    for seed in (0, 5):
        one, other = (rank_intervals(now, draws=40, seed=seed).units for _ in range(2))
        pd.testing.assert_frame_equal(one, other)
    assert not rank_intervals(now, draws=40, seed=0).units.equals(rank_intervals(now, draws=40, seed=1).units)


def test_who_is_better_on_everything_is_first_whatever_the_weights() -> None:
    """90 everywhere and 80 everywhere score 90 and 80 under any weights."""
    small = tiny.model()
    values = {"u": dict.fromkeys(small.items, 0.8), "v": dict.fromkeys(small.items, 0.9)}
    found = rank_intervals(score(small, tiny.measures(small, values)), draws=50, seed=0).units
    assert found.loc["v", ["score_low", "score_high", "rank_low", "rank_high"]].tolist() == [90.0, 90.0, 1, 1]
    assert found.loc["u", ["score_low", "score_high", "rank_low", "rank_high"]].tolist() == [80.0, 80.0, 2, 2]


def test_a_model_whose_weights_decide_nothing_is_certain() -> None:
    """One dimension of one item: the value alone decides."""
    node = {"id": "A", "name": tiny.name("A"), "weight": 1.0, "children": [tiny.item("a1", 1.0)]}
    small = tiny.model(nodes=[node])
    found = rank_intervals(
        score(small, tiny.measures(small, {"u": {"a1": 0.4}, "v": {"a1": 0.6}})), draws=20, seed=0
    )
    assert found.units.loc["u", ["score_low", "score_high", "rank_low", "rank_high"]].tolist() == [
        40.0,
        40.0,
        2,
        2,
    ]


def test_weights_that_swing_from_all_to_nothing_leave_every_unit_a_score() -> None:
    """With next to no concentration one sibling has all the weight in a draw; a unit without it keeps what it has."""
    found = rank_intervals(assessment(), draws=200, seed=0, concentration=1e-6).units
    assert found.notna().all(axis=None)
    assert found.loc["y", "score_low"] == found.loc["y", "score_high"] == found.loc["y", "score"]


def test_nobody_ranked_is_nobody_listed() -> None:
    small = tiny.model()
    nothing = tiny.measures(small, {"u": dict.fromkeys(small.items, "not_assessed")})
    assert rank_intervals(score(small, nothing), draws=20, seed=0).units.empty


@pytest.mark.parametrize(
    "wrong",
    [{"draws": 19}, {"concentration": 0.0}, {"concentration": -1.0}, {"concentration": math.inf},
     {"concentration": math.nan}, {"seed": -1}],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(wrong: dict) -> None:
    with pytest.raises(Misuse) as refused:
        rank_intervals(assessment(), **{"draws": 20, "seed": 0} | wrong)
    assert refused.value.message("zh") != refused.value.message("en")


# --- ranks


@pytest.mark.parametrize("shape", [(1, 1), (5, 1), (1, 7), (40, 33), (3, 128), (2, 70_000), (3, 0)])
@pytest.mark.parametrize("reach", [0, 2, 10_000, 10**8, 10**15])
def test_ranks_are_those_of_scipy(shape: tuple[int, int], reach: int) -> None:
    keys = np.random.default_rng(0).integers(-reach, reach + 1, shape)
    expected = rankdata(keys, method="min", axis=1) if keys.size else keys
    np.testing.assert_array_equal(competition_ranks(keys.copy()), expected)
