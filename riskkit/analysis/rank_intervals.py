"""How far a ranking hangs on the weights: every branch's score and rank over many plausible sets of weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm import tqdm

from riskkit.analysis.simulation import Simulation, blocks_of, competition_ranks
from riskkit.errors import Misuse
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.influence import weight_groups
from riskkit.scoring.plan import Scored
from riskkit.scoring.variation import Variation

CONCENTRATION = 100.0
"""Of the Dirichlet distribution that weights are drawn from around the model's, unless told otherwise."""
LEVELS = (0.05, 0.5, 0.95)
NAMES = ("low", "median", "high")
LEAST = 1e-300
"""A weight drawn as 0 because nothing smaller can be written is this: a unit never loses its last item to rounding."""


@dataclass(frozen=True)
class RankIntervals:
    """Scores and ranks of the ranked units over `draws` sets of weights.

    `units`: indexed by unit, best first: `name, score, rank` as assessed; `score_low, score_median, score_high` and
    `rank_low, rank_median, rank_high`, the 5, 50 and 95 % quantiles over the draws (a rank of 1 is best, so `rank_low`
    is the better end).
    """

    draws: int
    seed: int
    concentration: float
    units: pd.DataFrame


def rank_intervals(
    assessment: Assessment,
    *,
    draws: int,
    seed: int,
    concentration: float = CONCENTRATION,
    progress: bool = False,
) -> RankIntervals:
    """The 5, 50 and 95 % quantiles of every ranked unit's published score and rank when the weights are drawn anew.

    The weights of siblings are drawn together from a Dirichlet distribution around the model's own, with the
    concentration given: a weight w varies with a standard deviation of √(w(1 − w) ÷ (concentration + 1)), for 100 and
    w = 0.3 that is 0.046. Weights of 0 stay 0; all units share a draw. What does not apply to a unit hands its weight
    on as ever. Quantiles are values that were drawn, none in between. Saisana, Saltelli and Tarantola (2005),
    *Journal of the Royal Statistical Society A* 168, 307-323.

    Raises `Misuse` for fewer than 20 draws, a concentration that is not a number above 0 and a seed below 0.

        >>> rank_intervals(assessment, draws=1000, seed=7).units[["rank", "rank_low", "rank_high"]]
    """
    if draws < 20 or not 0 < concentration < np.inf:
        raise Misuse("simulation_size", draws=draws, concentration=concentration)
    if seed < 0:
        raise Misuse("seed", found=seed)
    rng = np.random.default_rng(seed)
    weights = draw_weights(assessment.assessed, draws, concentration, rng)
    simulation = Simulation(assessment, Variation(assessment.assessed, weights, draws))
    keys = np.empty((simulation.draws, int(simulation.ranked.sum())), dtype=simulation.key_type)
    scores = np.empty((len(keys[0]), len(LEVELS)))
    with tqdm(total=len(simulation.units) + len(keys), disable=not progress) as bar:
        done = 0
        for rows, places in simulation.places():
            ranked = simulation.ranked_places(rows, places)
            span = slice(done, done := done + len(ranked))
            keys[:, span] = simulation.keys(rows, ranked)
            scores[span] = simulation.as_scores(_quantiles(ranked))
            bar.update(len(places))
        for block in blocks_of(*keys.shape):
            keys[block] = competition_ranks(keys[block])
            bar.update(block.stop - block.start)
    ranks = np.empty_like(scores)
    for block in blocks_of(*keys.T.shape):
        ranks[block] = _quantiles(np.ascontiguousarray(keys[:, block].T, dtype="int32"))
    return RankIntervals(draws, seed, concentration, _frame(assessment, simulation, scores, ranks))


def draw_weights(
    scored: Scored, draws: int, concentration: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Weights by parameter for `vary`: each group of siblings drawn from a Dirichlet distribution around its own."""
    nodes = scored.plan.model.nodes
    drawn: dict[str, np.ndarray] = {}
    for group in weight_groups(scored):
        weights = np.array([nodes[name].weight for name in group])
        shares = rng.dirichlet(concentration * weights / weights.sum(), size=draws) * weights.sum()
        columns = np.maximum(np.ascontiguousarray(shares.T), LEAST)
        drawn |= {f"weight:{name}": own for name, own in zip(group, columns, strict=True)}
    return drawn


def _quantiles(drawn: np.ndarray) -> np.ndarray:
    """Units × draws to units × levels, by the inverse of the empirical distribution (type 1 of Hyndman and Fan)."""
    ordered = np.sort(drawn, axis=1)
    return ordered[:, [int(np.ceil(level * drawn.shape[1])) - 1 for level in LEVELS]]


def _frame(
    assessment: Assessment, simulation: Simulation, scores: np.ndarray, ranks: np.ndarray
) -> pd.DataFrame:
    at = np.flatnonzero(simulation.ranked)
    place = assessment.summary["rank"].to_numpy()[at]
    best_first = np.argsort(place, kind="stable")
    rows = at[best_first]
    columns = {"name": assessment.summary["name"].array.take(rows)}
    columns |= {
        "score": assessment.summary["score"].to_numpy()[rows],
        "rank": place[best_first].astype("int64"),
    }
    columns |= {f"score_{name}": scores[best_first, k] for k, name in enumerate(NAMES)}
    columns |= {f"rank_{name}": ranks[best_first, k].astype("int64") for k, name in enumerate(NAMES)}
    return pd.DataFrame(columns, index=assessment.summary.index.take(rows), copy=False)
