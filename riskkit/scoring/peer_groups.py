"""The groups of units that are compared with one another, their quartiles computed once."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

QUARTILES = {"median": 0.5, "low": 0.25, "high": 0.75}


@dataclass(frozen=True)
class PeerGroup:
    """`ranks` of its ranked units within it; `nodes`: `median, low, high` (quartiles of the units that are not
    provisional), indexed by node."""

    ranks: pd.Series
    nodes: pd.DataFrame


class PeerGroups:
    """The peer groups of an assessment's assessed units, each described when first asked for."""

    def __init__(self, ranking: pd.DataFrame, scores: pd.DataFrame) -> None:
        """`ranking`: assessed units as in `Assessment.ranking`; `scores`: units × nodes."""
        self._ranking, self._scores = ranking, scores
        self._known: dict[str, PeerGroup] = {}
        self.mean = scores.reindex(ranking.index[~ranking["provisional"]]).mean()

    def names(self) -> list[str]:
        """The groups there are."""
        return sorted(self._ranking["peer_group"].dropna().unique())

    def of(self, group: str) -> PeerGroup:
        """A group by its name; all assessed units for ""."""
        if group not in self._known:
            self._known[group] = self._described(group)
        return self._known[group]

    def _described(self, group: str) -> PeerGroup:
        units = self._ranking[self._ranking["peer_group"] == group] if group else self._ranking
        inside = self._scores.reindex(units.index[~units["provisional"]])
        quartiles = {name: inside.quantile(share) for name, share in QUARTILES.items()}
        return PeerGroup(units["rank"].dropna().rank(method="min"), pd.DataFrame(quartiles))
