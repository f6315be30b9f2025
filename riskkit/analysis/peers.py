"""Where a unit stands among its peers, without naming any of them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from riskkit.scoring.assessment import Assessment


@dataclass(frozen=True)
class PeerPlace:
    """A unit among the ranked units of its peer group.

    `rank` of `size` in the group (missing if the unit is not ranked); `nodes`: indexed by node, the total under "",
    `score, median, low, high` (quartiles of the group) and `mean` of all assessed units, points 0-maximum, higher is
    better. Peers a node does not apply to are left out of its quartiles; a score is missing where it does not apply
    to the unit itself.
    """

    unit: str
    group: str
    rank: int | None
    size: int
    nodes: pd.DataFrame


def place(assessment: Assessment, unit: str) -> PeerPlace:
    """A unit's place in its peer group; without a group, among all assessed units.

    Provisional units enter neither the group's figures nor the mean. Raises `Misuse` for a unit that is not in the
    assessment.

    >>> place(assessment, "0103").nodes.loc["A"]
    """
    own = assessment.summary["peer_group"][assessment.check_unit(unit)]
    group = own if isinstance(own, str) else ""
    groups = assessment.peer_groups
    peers = groups.of(group)
    nodes = peers.nodes.assign(score=assessment.node_scores.loc[[unit]].iloc[0], mean=groups.mean)
    rank = int(peers.ranks[unit]) if unit in peers.ranks.index else None
    return PeerPlace(unit, group, rank, len(peers.ranks), nodes[["score", "median", "low", "high", "mean"]])
