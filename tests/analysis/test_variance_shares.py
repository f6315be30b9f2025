"""Shares of the variance: a published function, a case worked by hand, and what must hold of any."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import riskkit as rk
from riskkit.analysis.variance_shares import REPLICATES, replicated
from riskkit.errors import Misuse
from riskkit.scoring.assessment import Assessment, score
from tests.analysis.test_uncertainty import STRAIGHT, model, sampled


def test_ishigami_and_homma_1990_indices_are_met_within_their_stated_error() -> None:
    """y = sin x₁ + 7 sin² x₂ + 0.1 x₃⁴ sin x₁ on (−π, π): closed form in Saltelli and others (2008)."""

    def ishigami(x: np.ndarray) -> np.ndarray:
        return np.asarray(np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0]))

    found = replicated(ishigami, [stats.uniform(-np.pi, 2 * np.pi)] * 3, 1024, seed=1)
    error = found.std(axis=0, ddof=1)[:, 0] / np.sqrt(REPLICATES)
    first = [0.31390519114781146, 0.4424111447900409, 0]
    total = [0.5575888552099592, 0.4424111447900409, 0.24368366406214773]
    assert (np.abs(found.mean(axis=0)[:, 0] - [first, total]) <= 4 * error + 1e-3).all()
    assert error.max() < 0.01


def test_sampling_alone_explains_everything_and_what_does_not_vary_explains_nothing() -> None:
    known = model(6, STRAIGHT)
    assessment = score(known, sampled(known, np.full((4, 6), 0.8), 20))
    shares = rk.variance_shares(assessment, seed=3, sources=["sampling", "missing"])
    assert shares.converged
    assert shares.sources.loc["sampling", ["first", "total"]].tolist() == pytest.approx([1.0, 1.0], abs=0.02)
    assert shares.sources.loc["missing", ["first", "total"]].tolist() == pytest.approx([0.0, 0.0], abs=1e-9)


def test_shares_of_sources_that_add_are_those_of_their_variances() -> None:
    """Six items of one sixth each. A straight scale from 0 to 1 stretched by u about 1 turns 80 points into 100 − 20 ÷ u,
    u uniform on 0.9 … 1.1 for each item: its standard deviation is 20 · 0.2 ÷ √12 = 1.155 points, of the mean of six
    1.155 ÷ √6 = 0.471. That of sampling is √(0.16 ÷ 19 ÷ 6) · 100 = 3.746. So sampling has 3.746² ÷ (3.746² + 0.471²) =
    0.984 of the variance."""
    known = model(6, STRAIGHT)
    assessment = score(known, sampled(known, np.full((2, 6), 0.8), 20))
    shares = rk.variance_shares(assessment, seed=4, sources=["sampling", "thresholds"])
    assert shares.sources.loc["sampling", "first"] == pytest.approx(0.984, abs=0.01)
    assert shares.sources.loc["thresholds", "first"] == pytest.approx(0.016, abs=0.01)


def test_a_score_that_nothing_moves_has_no_shares() -> None:
    known = model(6, STRAIGHT)
    assessment = score(known, sampled(known, np.full((2, 6), 0.8), 20, 20.0))
    shares = rk.variance_shares(assessment, seed=5, sources=["sampling", "rating"])
    assert shares.first.isna().all(axis=None)


def test_no_source_and_no_error_are_refused(sample_assessment: Assessment) -> None:
    with pytest.raises(Misuse):
        rk.variance_shares(sample_assessment, seed=1, sources=[])
    with pytest.raises(Misuse):
        rk.variance_shares(sample_assessment, seed=1, error=0.0)
