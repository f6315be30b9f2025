"""The interval of the mean is that of the mean in each draw."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import riskkit as rk
from riskkit.analysis.mean_score import mean_score
from riskkit.analysis.uncertainty import Uncertainty


@pytest.fixture(scope="module")
def sure(sample_assessment: Any) -> Uncertainty:
    return rk.uncertainty(sample_assessment, draws=100, seed=1)


def with_places(sure: Uncertainty, places: np.ndarray) -> Uncertainty:
    """Two units whose scores were simulated so, in hundredths."""
    units = sure.units.head(2).assign(score=[80.0, 90.0])
    return dataclasses.replace(sure, units=units, places=pd.DataFrame(places, units.index))


def test_what_moves_all_units_alike_stays_and_what_moves_each_averages_out(sure: Uncertainty) -> None:
    """Draws from 80.00 to 81.00 and from 90.00 to 91.00. Up together: means from 85 to 86, of which 5 and 95 % are 85.05
    and 85.95. One up, the other down: the mean is 85.5 in every draw."""
    draws = np.arange(101)
    together = mean_score(with_places(sure, np.array([8000 + draws, 9000 + draws])))
    np.testing.assert_allclose(together.to_numpy(), [85.0, 85.05, 85.95])
    apart = mean_score(with_places(sure, np.array([8000 + draws, 9100 - draws])))
    np.testing.assert_allclose(apart.to_numpy(), [85.0, 85.5, 85.5])


def test_where_nobody_is_ranked_there_is_no_mean(sure: Uncertainty) -> None:
    nobody = dataclasses.replace(sure, units=sure.units.head(0), places=sure.places.head(0))
    assert mean_score(nobody).isna().all()


def test_the_stored_means_are_those_of_the_simulation(sample_bank: Path, sample_assessment: Any) -> None:
    bank = rk.open_workspace(sample_bank)
    again = mean_score(rk.uncertainty(sample_assessment, draws=1000, seed=1))
    means = bank.means("2026Q2")
    pd.testing.assert_series_equal(means.loc["2026Q2"], again, check_names=False)
    assert list(means.index) == [str(period) for period in bank.periods]
    assert list(bank.means("2025Q2").index) == ["2025Q1", "2025Q2"]
