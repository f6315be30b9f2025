"""What may be shown of people: no names, masked numbers, nothing about fewer than five respondents."""

from __future__ import annotations

import pandas as pd

from riskkit.model.schema import Table

SMALLEST_GROUP = 5


def mask(number: object) -> str:
    """A staff number with all but its last three places hidden; empty for none.

    >>> mask("00900123")
    '*****123'
    """
    if not isinstance(number, str) or not number:
        return ""
    return "*" * max(len(number) - 3, 0) + number[-3:] if len(number) > 3 else "*" * len(number)


def masked(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Evidence rows fit to be shown: names and addresses taken out, numbers of people masked."""
    shown = rows.copy()
    for name, column in table.columns.items():
        if name not in shown:
            continue
        if column.person in ("name", "address"):
            shown = shown.drop(columns=name)
        elif column.person == "number":
            shown[name] = shown[name].map(mask)
    return shown
