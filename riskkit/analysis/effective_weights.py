"""What the weights of a model come to: said, in effect where not everything applies, and in what moves the scores."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskkit.scoring.assessment import Assessment

_FEWEST = 3
"""Two units always lie on a line."""


def effective_weights(assessment: Assessment) -> pd.DataFrame:
    """Nominal weights beside effective ones and each node's statistical importance, over the units assessed.

    Indexed by node in the model's order: `depth`; `nominal`, the product of the weights on the path; `effective`, the
    mean over units of what the node really weighed there, 0 where it does not apply and more than nominal where its
    siblings do not (siblings' sums stay what their parent weighs); `applies`, the share of units in which it has a
    score; `r`, the Pearson correlation of its score with the unit's (before deductions); and `importance`, r², the
    share of the scores' variance that goes with it. Importance is not additive: what several nodes share is counted
    with each. Roll-ups are left out; r and importance are missing for fewer than three units with a score, and where
    nothing varies. Source: Paruolo, Saisana and Saltelli (2013), Ratings and rankings: voodoo or science?, J. R.
    Statist. Soc. A 176(3), 609-634, whose correlation ratio r² is the linear form of.

        >>> effective_weights(bank.assessment("2026Q2")).loc[["A", "B", "C"], ["nominal", "effective", "importance"]]
    """
    model = assessment.model
    units = assessment.summary.index[~assessment.summary["rollup"].astype(bool)]
    nodes = assessment.nodes[
        assessment.nodes["unit"].isin(units) & assessment.nodes["node"].isin(model.nodes)
    ]
    scores = nodes.pivot(index="unit", columns="node", values="score").reindex(
        index=units, columns=list(model.nodes)
    )
    frame = pd.DataFrame(
        {
            "depth": pd.Series(model.depths),
            "nominal": pd.Series(model.nominal_weights),
            "effective": _effective(assessment, units),
            "applies": scores.notna().mean(),
            "r": _correlations(scores, assessment.summary.loc[units, "base"].astype("float64")),
        }
    ).reindex(list(model.nodes))
    return frame.assign(importance=frame["r"] ** 2).rename_axis("node")


def _effective(assessment: Assessment, units: pd.Index) -> pd.Series:
    """Mean weight of every item, and of every node the sum of what is below it."""
    items = assessment.items[assessment.items["unit"].isin(units)]
    totals = dict.fromkeys(assessment.model.nodes, 0.0)
    for item, weight in (items.groupby("item")["weight"].sum() / max(len(units), 1)).items():
        node: str | None = str(item)
        while node is not None:
            totals[node] += float(weight)
            node = assessment.model.parents[node]
    return pd.Series(totals)


def _correlations(scores: pd.DataFrame, total: pd.Series) -> pd.Series:
    return pd.Series({node: _correlation(scores[node], total) for node in scores.columns}, dtype="float64")


def _correlation(part: pd.Series, total: pd.Series) -> float:
    known = part.notna() & total.notna()
    one, other = part[known].to_numpy(dtype="float64"), total[known].to_numpy(dtype="float64")
    if len(one) < _FEWEST or np.ptp(one) == 0 or np.ptp(other) == 0:
        return np.nan
    return float(np.corrcoef(one, other)[0, 1])
