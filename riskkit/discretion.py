"""What may be shown of people: no names, masked numbers, nothing about fewer than five respondents."""

from __future__ import annotations

import pandas as pd

from riskkit.model.schema import Table

SMALLEST_GROUP = 5
"""Nothing is shown that rests on fewer answer sheets than this."""


def mask(number: object) -> str:
    """A staff number with all but its last three places hidden; empty for none.

    >>> mask("00900123")
    '*****123'
    """
    if not isinstance(number, str) or not number:
        return ""
    return "*" * max(len(number) - 3, 0) + number[-3:] if len(number) > 3 else "*" * len(number)


def masked(rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Evidence rows fit to be shown: names and addresses taken out, numbers of people masked.

    Which columns these are is said by `person` in the model's tables; other columns, free text among them, stay as
    they are. A missing number becomes an empty text. `rows` itself is not changed.

    >>> masked(measures.evidence_rows("0103", "C1.2"), measures.model.tables["roster"])
    """
    shown = rows.copy()
    for name, column in table.columns.items():
        if name not in shown:
            continue
        if column.person in ("name", "address"):
            shown = shown.drop(columns=name)
        elif column.person == "number":
            shown[name] = shown[name].map(mask)
    return shown
