"""What 48 branches and 1,000 draws cost, beside one `score` of as many branches as that is scorings: 48,000."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import riskkit
from riskkit.analysis.uncertainty import Uncertainty
from riskkit.evidence.measures import Measures
from riskkit.workspace import Workspace
from tests.bench.race import Race

DRAWS, SEED = 1000, 7
WITHIN = 1 / 3
"""At most three times as long as the one `score`."""
PEER = "score() of 48,000"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The sample bank, in a folder that may be written to."""
    place = tmp_path_factory.mktemp("bench") / "bank"
    shutil.copytree(Path(riskkit.__file__).parents[1] / "data_samples" / "bank", place)
    return riskkit.open_workspace(place)


def many(measures: Measures, times: int) -> Measures:
    """The same branches over and over under other names, events and all, the measured arrays made."""

    def again(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
        whole = frame.iloc[np.tile(np.arange(len(frame)), times)].copy()
        copy = np.repeat(np.arange(times), len(frame)).astype("str")
        for column in columns:
            known = whole[column].notna()
            whole[column] = (whole[column].astype("str") + "-" + copy).where(known).astype("str")
        return whole.reset_index(drop=True)

    units = again(measures.units.rename_axis("unit").reset_index(), "unit", "parent").set_index("unit")
    staff = measures.staff.rename("staff").rename_axis("unit").reset_index()
    evidence = dict(measures.evidence)
    own = evidence[measures.period]
    events = again(own.tables["red_line_events"], "unit")
    evidence[measures.period] = dataclasses.replace(own, tables={**own.tables, "red_line_events": events})
    found = dataclasses.replace(
        measures,
        units=units,
        frame=again(measures.frame, "unit"),
        staff=again(staff, "unit").set_index("unit")["staff"],
        evidence=evidence,
    )
    assert len(found.arrays.values) == times * len(measures.units)
    return found


@pytest.mark.parametrize("everything", [False, True])
def test_48_branches(workspace: Workspace, race: Callable[..., Race], everything: bool) -> None:
    """Intervals, ranks, grades and ties; then, with them, what really changed and why, what hangs on the weights, and
    the shares of the variance, whose indices are estimated over 7,168 scorings of each branch."""
    before, now = workspace.assessment("2026Q1"), workspace.assessment("2026Q2")
    large = many(workspace.measures("2026Q2"), DRAWS)
    ranked = int(now.summary["rank"].notna().sum())
    assert riskkit.score(now.model, large).summary["rank"].notna().sum() == DRAWS * ranked

    def sure() -> Uncertainty:
        return riskkit.uncertainty(now, draws=DRAWS, seed=SEED)

    def all_of_it() -> object:
        return (
            sure(),
            riskkit.real_change(before, now, draws=DRAWS, seed=SEED),
            riskkit.attribute(before, now),
            riskkit.weight_stability(now, draws=DRAWS, seed=SEED),
            riskkit.variance_shares(now, seed=SEED),
        )

    assert len(sure().units) == ranked
    what = f"{'everything' if everything else 'uncertainty'}, 48 branches, 1,000 draws"
    peer: dict[str, Callable[[], object]] = {PEER: lambda: riskkit.score(now.model, large)}
    race(what, all_of_it if everything else sure, peer, 10).wants(WITHIN, PEER)
