"""A bank of many thousand branches: the sample bank's evidence over and over under other codes, as if it had been read.

    python -m tests.bench.large_workspace TARGET 334        # 334 × 48 = 16,032 branches below 40 first-level ones

What such a bank hands in is kept in the workspace's store, where evidence lies once it has been read: reading files is
another measurement; `large_workbook` and `long_run` make theirs in it. Codes of branches, staff, cases and documents all
get a suffix of their own, so that no two copies meet.
"""

from __future__ import annotations

import dataclasses
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import riskkit
from riskkit.evidence.evidence import Evidence
from riskkit.model.schema import Table
from riskkit.periods import Period
from riskkit.store import content_key
from riskkit.workspace import Workspace

SAMPLE = Path(riskkit.__file__).parents[1] / "data_samples" / "bank"
OFFICES = 40
"""First-level branches."""
OWN = ("unit", "code")
"""Types of column whose values belong to one branch."""


def make(target: Path, times: int, periods: tuple[str, ...] = ("2026Q1", "2026Q2")) -> Workspace:
    """A workspace of `times` × 48 branches, whose evidence of some periods is in its store."""
    small = riskkit.open_workspace(SAMPLE)
    shutil.copytree(SAMPLE, target, ignore=shutil.ignore_patterns("evidence", ".riskkit"))
    _register(small, times).to_csv(target / "register" / "units.csv", index=False)
    for period in periods:
        folder = target / "evidence" / period
        folder.mkdir(parents=True)
        shutil.copy(_any_file(period), folder)
    large = riskkit.open_workspace(target)
    for period in map(Period.parse, periods):
        hashes = large._register_hashes | large._evidence_hashes(period)
        large._store.evidence(
            period, content_key(large.model, hashes), lambda p=period: _evidence(small, p, times)
        )
    return riskkit.open_workspace(target)


def _any_file(period: str) -> Path:
    return min((SAMPLE / "evidence" / period).glob("*.csv"))


def _office(copy: int, code: str) -> str:
    """The first-level branch that a copy of one stands for."""
    return f"{code}-{copy % (OFFICES // 4):03}"


def _branch(copy: int, code: str) -> str:
    return f"{code}-{copy:03}"


def _codes(units: pd.DataFrame, copy: int) -> dict[str, str]:
    named = {}
    for code, level in units["level"].items():
        if level == "first_level":
            named[code] = _office(copy, code)
        elif level != "head_office":
            named[code] = _branch(copy, code)
    return named


def _register(small: Workspace, times: int) -> pd.DataFrame:
    units = small.units.rename_axis("unit").reset_index()
    head = units[units["level"] == "head_office"]
    copies = []
    for copy in range(times):
        codes = _codes(small.units, copy)
        own = units[units["level"] != "head_office"].copy()
        if copy >= OFFICES // 4:
            own = own[own["level"] != "first_level"]
        own["name"] = own["name"] + f"{copy:03}"
        own["unit"] = own["unit"].map(codes)
        own["parent"] = own["parent"].map(codes).fillna(own["parent"])
        copies.append(own)
    return pd.concat([head, *copies])


def _evidence(small: Workspace, period: Period, times: int) -> Evidence:
    evidence = small.evidence(period)
    tables = {
        name: _table(evidence.tables[name], small.model.tables[name], small.units, times)
        for name in evidence.tables
        if name in small.model.tables
    }
    tables |= {name: evidence.tables[name] for name in evidence.tables if name not in small.model.tables}
    return dataclasses.replace(evidence, tables=tables, notes=())


def _table(table: pd.DataFrame, spec: Table, units: pd.DataFrame, times: int) -> pd.DataFrame:
    own = [name for name, column in spec.columns.items() if column.type in OWN and name in table]
    if "unit" not in own:
        return table
    level = table["unit"].map(units["level"])
    head, offices, rest = (
        table[level == "head_office"],
        table[level == "first_level"],
        table[~level.isin(["head_office", "first_level"])],
    )
    parts = [head]
    for rows, count in ((offices, OFFICES // 4), (rest, times)):
        whole = rows.iloc[np.tile(np.arange(len(rows)), count)].copy()
        suffix = pd.Series(np.repeat([f"-{copy:03}" for copy in range(count)], len(rows)), index=whole.index)
        for name in own:
            known = whole[name].notna()
            whole[name] = (whole[name].astype("str") + suffix).where(known).astype("str")
        parts.append(whole)
    return pd.concat(parts, ignore_index=True)


if __name__ == "__main__":
    made = make(Path(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write(f"{made}\n")
