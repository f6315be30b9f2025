"""The index of evidence agrees with the rows behind each value."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from riskkit.evidence.origins import PLACE as KEYS
from riskkit.evidence.origins import RANGES, _summed, origins
from riskkit.workspace import open_workspace

SOURCE = ["table", "_file", "_sheet", "_row", "_period"]


@pytest.mark.parametrize("unit", ["0103", "0404", "0200", "0000"])
def test_the_index_names_the_rows_that_evidence_rows_gives(sample_bank: Path, unit: str) -> None:
    measures = open_workspace(sample_bank).measures("2026Q2")
    index = origins(measures)
    mine = index[index["unit"] == unit]
    for item in measures.frame.loc[measures.frame["unit"] == unit, "item"]:
        rows = measures.evidence_rows(unit, item)
        if "_period" not in rows:
            rows = rows.assign(_period="")
        kept = rows[SOURCE].assign(_period=rows["_period"].fillna("")).drop_duplicates()
        counted = mine[mine["item"] == item]
        assert counted["rows"].sum() == len(kept), item
        assert set(counted["table"]) == set(kept["table"]), item
        assert set(counted["_file"]) == set(kept["_file"]), item


def test_a_period_known_by_totals_alone_leads_to_its_totals(sample_bank: Path) -> None:
    index = origins(open_workspace(sample_bank).measures("2025Q1"))
    assert set(index["table"]) == {"item_values"}
    assert (index["rows"] == 1).all()


def rows(*numbers: int) -> pd.DataFrame:
    return pd.DataFrame([dict.fromkeys(KEYS, "x") | {"_row": number} for number in numbers])


def test_neighbouring_rows_are_told_as_one_stretch() -> None:
    (told,) = _summed(rows(3, 4, 5, 9, 11, 12))["ranges"]
    assert told == "3–5, 9, 11–12"


def test_many_stretches_are_cut_short() -> None:
    (entry,) = _summed(rows(*range(1, 100, 2))).to_dict("records")
    assert entry["rows"] == 50
    assert entry["ranges"] == ", ".join(str(number) for number in range(1, 2 * RANGES, 2)) + " …"
