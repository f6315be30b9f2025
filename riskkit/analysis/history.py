"""How the scores of all units lay, period by period."""

from __future__ import annotations

import pandas as pd

QUARTILES = (0.25, 0.5, 0.75)


def quartiles(totals: pd.DataFrame) -> pd.DataFrame:
    """Quartiles of the published scores of ranked units: periods × 0.25, 0.5, 0.75; missing where none is ranked.

    `totals` as from `Workspace.totals`.

        >>> quartiles(bank.totals()).loc["2026Q2", 0.5]
    """
    ranked = totals[totals["rank"].notna()].groupby("period")["score"]
    found = pd.DataFrame({share: ranked.quantile(share) for share in QUARTILES})
    return found.reindex(sorted(totals["period"].unique()))
