"""Where a unit stands among its peers, without naming any of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from riskkit.scoring.assessment import Assessment
from riskkit.scoring.plan import ROOT


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
    return Peers(assessment).place(unit)


class Peers:
    """The peer groups of an assessment; what all units of a group share is found once."""

    def __init__(self, assessment: Assessment) -> None:
        self.assessment = assessment
        self._groups: dict[str, tuple[pd.Series, pd.DataFrame]] = {}

    def place(self, unit: str) -> PeerPlace:
        """As `place`."""
        own = self.assessment.summary["peer_group"][self.assessment.check_unit(unit)]
        group = own if isinstance(own, str) else ""
        if group not in self._groups:
            self._groups[group] = self._group(group)
        ranked, figures = self._groups[group]
        score: pd.Series = self._scores.loc[unit]  # type: ignore[assignment]  # a row, as no unit stands twice
        nodes = figures.copy()
        nodes.insert(0, "score", score)
        return PeerPlace(unit, group, int(ranked[unit]) if unit in ranked.index else None, len(ranked), nodes)

    def _group(self, group: str) -> tuple[pd.Series, pd.DataFrame]:
        """The ranks within a group, and its quartiles and the mean of all, by node."""
        assessed = self._assessed
        peers = assessed[assessed["peer_group"] == group] if group else assessed
        inside = self._scores.reindex(peers.index[~peers["provisional"]])
        low, median, high = (inside.quantile(share) for share in (0.25, 0.5, 0.75))
        figures = pd.DataFrame({"median": median, "low": low, "high": high, "mean": self._mean})
        return peers["rank"].dropna().rank(method="min"), figures

    @cached_property
    def _assessed(self) -> pd.DataFrame:
        return self.assessment.ranking()

    @cached_property
    def _scores(self) -> pd.DataFrame:
        """Units × nodes, the published score under ""."""
        graded, units = self.assessment.graded, self.assessment.summary.index
        scores = pd.DataFrame(graded.nodes, units, pd.Index(graded.plan.names, name="node"))
        return scores[[ROOT, *self.assessment.model.nodes]].assign(**{ROOT: self.assessment.summary["score"]})

    @cached_property
    def _mean(self) -> pd.Series:
        """The mean of the assessed units, by node."""
        return self._scores.reindex(self._assessed.index[~self._assessed["provisional"]]).mean()
