"""Where the uncertainty of a score comes from: the share of each source in its variance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from tqdm import tqdm

from riskkit.analysis.plausible import SOURCES, Plausible, Source
from riskkit.analysis.simulation import blocks_of
from riskkit.errors import Misuse, unknown
from riskkit.scoring.assessment import Assessment

REPLICATES = 8
"""Independent scramblings, whose scatter tells the error."""
FIRST, LAST = 128, 4096
"""Base points to begin with and to end with at the latest."""
DRAWS = 2048
"""Draws of each source that the indices are estimated over."""
Score = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class VarianceShares:
    """Sobol indices of each source of uncertainty in the scores of the ranked units.

    `sources`: indexed by source, mean over units: `first` (share of the variance the source explains alone), `total`
    (with all it has a part in), and their standard errors `first_error`, `total_error`. `first` and `total`: units ×
    sources, missing for a unit whose score does not vary. `points`: base points used; `converged`: whether every error
    in `sources` is within what was asked for.
    """

    sources: pd.DataFrame
    first: pd.DataFrame
    total: pd.DataFrame
    points: int
    converged: bool


def variance_shares(
    assessment: Assessment,
    *,
    seed: int,
    sources: Sequence[Source] = SOURCES,
    error: float = 0.01,
    progress: bool = False,
) -> VarianceShares:
    """First-order and total Sobol indices of the sources of `uncertainty` in each ranked unit's unrounded score.

    A source is one input, which picks one of its draws; inputs are independent. Base points are doubled from 128 until
    the standard error of every mean index is at most `error`, over 8 scramblings, or 4096 points are reached. Saltelli
    and others (2010), *Computer Physics Communications* 181, 259-270, as `scipy.stats.sobol_indices` computes it.

    Raises `Misuse` for an unknown source, for none, and for an error that is not above 0.

        >>> variance_shares(assessment, seed=7).sources
    """
    for name in sources:
        if name not in SOURCES:
            raise unknown("unknown_source", name, list(SOURCES))
    chosen = tuple(name for name in SOURCES if name in sources)
    if not chosen or not error > 0:
        raise Misuse("variance_error", error=error)
    plausible = Plausible(assessment, DRAWS, seed)
    points = FIRST
    while True:
        found = _indices(plausible, chosen, points, progress)
        shares = _told(assessment, chosen, found, points, error)
        if shares.converged or points >= LAST:
            return shares
        points *= 2


def replicated(score: Score, inputs: Sequence[Any], points: int, seed: int) -> np.ndarray:
    """Replicates × (first, total) × outputs × inputs: Sobol indices of a function of inputs × points that gives outputs
    × points, by `scipy.stats.sobol_indices` over scrambled Sobol points, scrambled anew for each replicate."""
    told = []
    for replicate in range(REPLICATES):
        rng = np.random.default_rng([seed, 5, replicate])
        with np.errstate(divide="ignore", invalid="ignore"):
            found = stats.sobol_indices(func=score, n=points, dists=list(inputs), rng=rng)
        told.append([np.atleast_2d(found.first_order), np.atleast_2d(found.total_order)])
    return np.array(told)


def _indices(plausible: Plausible, sources: tuple[Source, ...], points: int, progress: bool) -> np.ndarray:
    """Replicates × (first, total) × units × sources."""
    units = len(plausible.scored.inner)
    found = np.full((REPLICATES, 2, units, len(sources)), np.nan)
    inputs = [stats.uniform()] * len(sources)
    with tqdm(total=units, disable=not progress, leave=False) as bar:
        for rows in blocks_of(units, points * (len(sources) + 2)):
            found[:, :, rows] = replicated(_score(plausible, sources, rows), inputs, points, plausible.seed)
            bar.update(rows.stop - rows.start)
    return found


def _score(plausible: Plausible, sources: tuple[Source, ...], rows: slice) -> Score:
    """Unrounded scores of some units, units × points, from sources × points places among the draws, 0-1."""
    deducted = plausible.assessment.summary["deducted"].to_numpy()[: len(plausible.scored.inner)][rows, None]

    def score(places: np.ndarray) -> np.ndarray:
        picked = np.minimum((places * plausible.draws).astype("int64"), plausible.draws - 1)
        totals = plausible.variation(rows, dict(zip(sources, picked, strict=True))).total()
        return np.asarray(np.maximum(totals - deducted, 0.0))

    return score


def _told(
    assessment: Assessment, sources: tuple[Source, ...], found: np.ndarray, points: int, error: float
) -> VarianceShares:
    summary = assessment.summary.iloc[: found.shape[2]]
    ranked = summary["rank"].notna().to_numpy()
    kept = found[:, :, ranked]
    varies = np.isfinite(kept).all(axis=(0, 1, 3)) & (np.abs(kept[:, 1]).sum(axis=(0, 2)) > 0)
    means = kept[:, :, varies].sum(axis=2) / max(1, int(varies.sum()))
    errors = means.std(axis=0, ddof=1) / np.sqrt(REPLICATES)
    table = pd.DataFrame(
        {
            "first": means[:, 0].mean(axis=0),
            "first_error": errors[0],
            "total": means[:, 1].mean(axis=0),
            "total_error": errors[1],
        },
        index=pd.Index(sources, name="source"),
    )
    first, total = (
        pd.DataFrame(
            np.where(varies[:, None], kept[:, k].mean(axis=0), np.nan), summary.index[ranked], table.index
        )
        for k in (0, 1)
    )
    return VarianceShares(table, first, total, points, bool((errors <= error).all()))
