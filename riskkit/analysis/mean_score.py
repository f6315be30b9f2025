"""How sure the mean score of all ranked units is."""

from __future__ import annotations

import numpy as np
import pandas as pd

from riskkit.analysis.uncertainty import TAILS, Uncertainty


def mean_score(sure: Uncertainty) -> pd.Series:
    """The plain mean of the ranked units' published scores, `score`, with its 90 % interval, `score_low, score_high`.

    The interval is that of the mean in each draw: sampling and rating, drawn for each unit on its own, average out;
    weights and thresholds, the same for all units in a draw, do not. Missing where nobody is ranked.

        >>> mean_score(uncertainty(assessment, draws=1000, seed=7))
    """
    if sure.units.empty:
        return pd.Series(np.nan, index=["score", "score_low", "score_high"])
    drawn = sure.places.mean(axis=0) / 10.0**sure.assessment.model.spec.score.decimals
    low, high = np.quantile(drawn, TAILS)
    return pd.Series({"score": sure.units["score"].mean(), "score_low": low, "score_high": high})
