"""What the ranking owes to each part of the model: every score again without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from riskkit.analysis.simulation import Simulation
from riskkit.errors import Misuse
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.influence import weight_groups


@dataclass(frozen=True)
class LeaveOneOut:
    """The ranked units' scores and ranks with one node left out at a time.

    `nodes`: indexed by node, the one the ranking owes most to first: `weight` (nominal share of the total),
    `mean_change` and `largest_change` of the score (points, the sign kept), `largest_move` (ranks) and the
    `rank_correlation` with the ranking as assessed (Spearman). `scores` and `ranks`: units × nodes.
    """

    nodes: pd.DataFrame
    scores: pd.DataFrame
    ranks: pd.DataFrame


def leave_one_out(assessment: Assessment, *, depth: int | None = None) -> LeaveOneOut:
    """Score again without each node of a depth (1 dimensions, 2 indicators), or without each item.

    What is left out hands its weight to its siblings, and where a unit has none of them, to those of its parent. A unit
    that has nothing left has no score and no rank there, and is left aside in `nodes`. A node without siblings that
    count is not tried. Inclusion and exclusion of single indicators: OECD/JRC, *Handbook on Constructing Composite
    Indicators* (2008), step 7.

    Raises `Misuse` if no node of the depth can be left out.

        >>> leave_one_out(assessment, depth=2).nodes.head()
    """
    model = assessment.model
    names = [
        name
        for group in weight_groups(assessment.assessed, minima=True)
        for name in group
        if (name in model.items if depth is None else model.depths[name] == depth)
    ]
    if not names:
        raise Misuse("nothing_to_leave_out")
    names = [name for name in model.nodes if name in set(names)]
    weights = np.array([model.nodes[name].weight for name in names])
    without = np.where(np.eye(len(names), dtype=bool), 0.0, weights[:, None])
    simulation = Simulation(
        assessment, {f"weight:{name}": row for name, row in zip(names, without, strict=True)}
    )
    scores, ranks = (found[simulation.ranked] for found in simulation.scores_and_ranks())
    own = assessment.summary.loc[simulation.units[simulation.ranked]]
    change = scores - own[["score"]].to_numpy()
    move = ranks - own[["rank"]].to_numpy()
    nodes = pd.DataFrame(
        {
            "weight": [model.nominal_weights[name] for name in names],
            "mean_change": pd.DataFrame(change).mean().to_numpy(),
            "largest_change": _largest(change),
            "largest_move": _largest(move),
            "rank_correlation": [_correlation(own["rank"].to_numpy(), column) for column in ranks.T],
        },
        index=pd.Index(names, name="node"),
    )
    order = nodes.sort_values("rank_correlation", kind="stable").index
    frames = (pd.DataFrame(found, own.index, nodes.index)[order] for found in (scores, ranks))
    return LeaveOneOut(nodes.loc[order], *frames)


def _largest(changes: np.ndarray) -> np.ndarray:
    """The change of largest size in each column, its sign kept; missing where nothing is known."""
    known = np.vstack([np.full((1, changes.shape[1]), np.nan), changes])
    at = np.where(np.isnan(known), -1.0, np.abs(known)).argmax(axis=0)
    return np.asarray(np.take_along_axis(known, at[None, :], axis=0)[0])


def _correlation(before: np.ndarray, after: np.ndarray) -> float:
    """Spearman's coefficient over what is ranked both times; missing where there is nothing to tell apart."""
    both = ~np.isnan(after)
    before, after = before[both], after[both]
    if len(before) < 2 or np.ptp(before) == 0 or np.ptp(after) == 0:
        return float("nan")
    return float(spearmanr(before, after).statistic)
