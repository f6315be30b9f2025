"""Does the ranking hang on the weights: in how many plausible sets of weights each grade and the top places stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm import tqdm

from riskkit.analysis.rank_intervals import draw_weights
from riskkit.analysis.simulation import Simulation, blocks_of
from riskkit.errors import Misuse
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.grade_places import GradeRules
from riskkit.scoring.scales import last_places
from riskkit.scoring.variation import Variation


@dataclass(frozen=True)
class WeightStability:
    """What stays as assessed over `draws` sets of weights.

    `units`: the ranked units, best first: `name, score, rank, grade`, whether `in_top` as assessed (a rank up to
    `top`), and the shares of draws, 0-1, in which the unit keeps its grade (`grade_kept`) and stays in the top, or
    outside it (`top_kept`). `same_top`: the share of draws with the same units in the top; `same_grades`: of those in
    which no ranked unit's grade changes.
    """

    draws: int
    seed: int
    concentration: float
    top: int
    units: pd.DataFrame
    same_top: float
    same_grades: float


def weight_stability(
    assessment: Assessment,
    *,
    draws: int,
    seed: int,
    concentration: float = 100.0,
    top: int = 10,
    progress: bool = False,
) -> WeightStability:
    """The share of plausible weights under which each ranked unit keeps its grade and its place in or outside the top.

    The weights of siblings are drawn from a Dirichlet distribution as by `rank_intervals`, with the same seed the very
    same; scores are rounded, graded and ranked as published, equal scores share the better rank. Deductions, coverage,
    evidence classes and red lines stay as assessed. A share p from n draws has the standard error √(p(1 − p) ÷ n).
    Saisana, Saltelli and Tarantola (2005), *Journal of the Royal Statistical Society A* 168, 307-323.

    Raises `Misuse` for fewer than 20 draws, a concentration that is not a number above 0, a seed below 0 and a top
    below 1.

        >>> weight_stability(assessment, draws=1000, seed=7).units[["grade", "grade_kept", "top_kept"]]
    """
    if draws < 20 or not 0 < concentration < np.inf:
        raise Misuse("simulation_size", draws=draws, concentration=concentration)
    if seed < 0:
        raise Misuse("seed", found=seed)
    if top < 1:
        raise Misuse("top_size", found=top)
    drawn = draw_weights(assessment.assessed, draws, concentration, np.random.default_rng(seed))
    simulation = Simulation(assessment, Variation(assessment.assessed, drawn, draws))
    rank = assessment.summary["rank"].to_numpy()[: len(simulation.units)]
    leading = _Leading(top, rank[simulation.ranked] <= top, draws)
    held, same = np.zeros(len(rank)), np.ones(draws, dtype=bool)
    place = assessment.grading.place[: len(rank), None]
    with tqdm(total=len(rank), disable=not progress) as bar:
        for rows, places, grades in _blocks(assessment, simulation):
            kept = grades == place[rows]
            held[rows] = kept.mean(axis=1)
            same &= kept[simulation.ranked[rows]].all(axis=0)
            leading.see(simulation.keys(rows, simulation.ranked_places(rows, places)).T)
            bar.update(len(places))
    stays, same_top = leading.shares()
    units = _frame(assessment, simulation.ranked, held, stays, top)
    return WeightStability(draws, seed, concentration, top, units, same_top, float(same.mean()))


def _blocks(assessment: Assessment, simulation: Simulation) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Published scores in whole last places and places of grades, units × draws, some units at a time."""
    rules = GradeRules(assessment)
    decimals = assessment.model.spec.score.decimals
    for rows in blocks_of(len(simulation.units), simulation.draws):
        left, grades = rules.settled(rows, simulation.variation.scores(rules.names, rows))
        yield rows, last_places(left, decimals), grades


class _Leading:
    """Who is in the top in which draws, keeping only the rows of those who still may be."""

    def __init__(self, top: int, inside: np.ndarray, draws: int) -> None:
        self.top, self.inside = top, inside
        self._seen = 0
        self._worst = np.empty(draws)
        self._rows = np.empty(0, dtype="int64")
        self._keys = np.empty((0, draws))

    def see(self, keys: np.ndarray) -> None:
        """Take in what some more units are ranked by, units × draws, the smallest best."""
        rows = np.append(self._rows, np.arange(self._seen, self._seen + len(keys)))
        self._seen += len(keys)
        keys = np.concatenate([self._keys.astype(keys.dtype), keys])
        if not len(keys):
            return
        last = min(self.top, len(keys)) - 1
        self._worst = np.partition(keys, last, axis=0)[last]
        may = (keys <= self._worst).any(axis=1)
        self._rows, self._keys = rows[may], keys[may]

    def shares(self) -> tuple[np.ndarray, float]:
        """Of each unit the share of draws in which it stays in the top or outside; of all, that the top stays."""
        among = self._keys <= self._worst
        stays = np.where(self.inside, 0.0, 1.0)
        stays[self._rows] = (among == self.inside[self._rows, None]).mean(axis=1)
        whole = self.inside.sum() == self.inside[self._rows].sum()
        same = (among == self.inside[self._rows, None]).all(axis=0) & whole
        return stays, float(same.mean())


def _frame(
    assessment: Assessment, ranked: np.ndarray, held: np.ndarray, stays: np.ndarray, top: int
) -> pd.DataFrame:
    summary = assessment.summary.iloc[: len(ranked)][ranked]
    units = summary[["name", "score", "rank", "grade"]].astype({"rank": "int64"})
    units["in_top"] = units["rank"] <= top
    units["grade_kept"], units["top_kept"] = held[ranked], stays
    return units.sort_values("rank", kind="stable")
