"""A period's figures are those of its assessment, of which nothing is kept."""

from __future__ import annotations

import gc
import shutil
import weakref
from pathlib import Path

import pytest

import riskkit as rk
from riskkit.analysis.period_figures import period_figures
from riskkit.evidence.measures import Measures
from riskkit.periods import Period
from riskkit.report.pack import prepare

YEAR_BEFORE = Period(2025, 2)


def test_the_figures_stand_in_the_published_frames(sample_bank: Path) -> None:
    bank = rk.open_workspace(sample_bank)
    last = Period(2026, 1)
    found, totals = period_figures(bank.assessment(last)), bank.totals(last)
    ranked = totals[(totals["period"] == str(last)) & totals["rank"].notna()]
    assert found.period == last
    assert found.mean == pytest.approx(bank.means(last)["score"].iloc[-1], abs=1e-12)
    assert found.grades.to_dict() == dict(zip(ranked["unit"], ranked["grade"], strict=True))
    assert found.overdue == rk.findings(bank.measures(last)).by_unit()["overdue"].sum() > 0
    assert 0.8 < found.coverage <= 1


def test_a_country_has_neither_red_lines_nor_findings(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "data_samples" / "hdi"
    shutil.copytree(source, tmp_path / "hdi", ignore=shutil.ignore_patterns(".riskkit"))
    found = period_figures(rk.open_workspace(tmp_path / "hdi").assessment())
    assert found.red_lines == 0
    assert found.overdue != found.overdue


def test_the_assessment_of_the_year_before_is_let_go(
    sample_bank: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, measures = [], rk.Workspace.measures

    def watched(workspace: rk.Workspace, period: object = None) -> Measures:
        found = measures(workspace, period)
        if workspace.period(period) == YEAR_BEFORE:
            held.append(weakref.ref(found.frame))
        return found

    monkeypatch.setattr(rk.Workspace, "measures", watched)
    pack = prepare(rk.open_workspace(sample_bank), "2026Q2")
    assert pack.year_before is not None
    gc.collect()
    assert held
    assert all(each() is None for each in held)
    assert YEAR_BEFORE not in pack.workspace._measures
