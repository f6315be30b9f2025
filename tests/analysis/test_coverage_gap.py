"""What would have to be handed in, and the coverage it would bring."""

from __future__ import annotations

from pathlib import Path

import pytest

import riskkit as rk
from riskkit.analysis.coverage_gap import coverage_gap
from riskkit.evidence.states import COUNTED


@pytest.fixture(scope="module")
def now(sample_bank: Path) -> rk.Assessment:
    return rk.open_workspace(sample_bank).assessment("2026Q2")


def test_handing_everything_in_makes_the_coverage_whole(now: rk.Assessment) -> None:
    missing = coverage_gap(now, "0411")
    assert missing["share"].is_monotonic_decreasing
    assert missing["then"].iloc[-1] == pytest.approx(1.0)
    assert missing["share"].sum() == pytest.approx(1 - now.summary["coverage"]["0411"])
    assert not missing["state"].isin(COUNTED).any()


def test_an_item_weighs_its_weights_down_the_tree_among_what_applies(now: rk.Assessment) -> None:
    """C3.1 weighs 0.40 in C3, that 0.24 in C, and that 0.40 in the total: 0.0384 of all that the model has."""
    items = now.unit_items("0411")
    weights = now.model.nominal_weights
    applies = sum(weights[name] for name in items.index[items["state"] != "not_applicable"])
    assert coverage_gap(now, "0411")["share"]["C3.1"] == pytest.approx(0.4 * 0.24 * 0.4 / applies)


def test_nothing_is_missing_where_all_was_assessed(now: rk.Assessment) -> None:
    assert coverage_gap(now, "0103").empty
