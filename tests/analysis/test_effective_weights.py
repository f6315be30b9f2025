"""Nominal, effective and statistical weights, against numbers worked by hand."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from riskkit.analysis.effective_weights import effective_weights
from riskkit.scoring.assessment import score
from riskkit.workspace import open_workspace
from tests.scoring import tiny

HIGH = {"a1": 1.0, "a2": 0.5, "b1": 0.0}
MIDDLE = {"a1": 0.5, "a2": 0.5, "b1": 0.5}
LOW = {"a1": 0.0, "a2": 0.5, "b1": 0.25}


def test_importance_is_the_squared_correlation_with_the_score() -> None:
    """A = (a1 + a2) ÷ 2 weighs 0.6, b1 0.4. Scores of u, v, w: 0.6 × 75 + 0 = 45, 50, 0.6 × 25 + 0.4 × 25 = 25.
    a1 is 100, 50, 0: deviations 50, 0, −50; scores deviate by 5, 10, −15: r = (250 + 750) ÷ √(5000 × 350) = 0.7559,
    r² = 4/7. b1 is 0, 50, 25: −25, 25, 0: r = (−125 + 250) ÷ √(1250 × 350) = 0.1890, r² = 1/28. a2 never varies."""
    small = tiny.model()
    found = effective_weights(score(small, tiny.measures(small, {"u": HIGH, "v": MIDDLE, "w": LOW})))
    assert found.index.tolist() == ["A", "a1", "a2", "B", "b1"]
    assert found["nominal"].tolist() == pytest.approx([0.6, 0.3, 0.3, 0.4, 0.4])
    assert found["effective"].tolist() == pytest.approx([0.6, 0.3, 0.3, 0.4, 0.4])
    assert found["importance"][["A", "a1", "B", "b1"]].tolist() == pytest.approx(
        [4 / 7, 4 / 7, 1 / 28, 1 / 28]
    )
    assert found["r"]["b1"] == pytest.approx(125 / math.sqrt(1250 * 350))
    assert math.isnan(found["importance"]["a2"])


def test_two_units_say_nothing_about_importance() -> None:
    small = tiny.model()
    found = effective_weights(score(small, tiny.measures(small, {"u": HIGH, "v": LOW})))
    assert found["importance"].isna().all()
    assert found["applies"].tolist() == [1.0] * 5


def test_what_does_not_apply_hands_its_weight_to_its_siblings(tmp_path: Path) -> None:
    """The three branches of the worked example. P2 weighs 0.12 at N and W and nothing at S: 0.24 ÷ 3 = 0.08. P1 weighs
    0.24, 0.40 (P2 and P4 do not apply at S) and 0.24: 0.88 ÷ 3. The dimensions keep 0.6 and 0.4."""
    source = Path(__file__).parents[2] / "data_samples" / "worked_example"
    shutil.copytree(source, tmp_path / "bank", ignore=shutil.ignore_patterns(".riskkit"))
    found = effective_weights(open_workspace(tmp_path / "bank").assessment("2026Q2"))
    assert found["effective"][["P", "Q", "P1", "P2", "P4R"]].tolist() == pytest.approx(
        [0.6, 0.4, 0.88 / 3, 0.08, 0]
    )
    assert found["applies"][["P1", "P2", "Q3"]].tolist() == pytest.approx([1, 2 / 3, 2 / 3])
    items = found[found["depth"] == 2]
    assert items[["nominal", "effective"]].sum().tolist() == pytest.approx([1, 1])
