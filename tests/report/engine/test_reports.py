"""riskkit's own reports come out the same, to the byte, whichever way their notebooks are run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from riskkit.report import notebooks
from riskkit.report.engine import ways
from riskkit.report.run import Order, run

pytestmark = pytest.mark.skipif(not ways.can_fork(), reason="needs Linux")


@pytest.fixture(autouse=True)
def forgotten() -> None:
    """What was found out of ways is found out again."""
    ways.here.cache_clear()


@pytest.mark.full
@pytest.mark.parametrize("name", ["branch_report", "quarterly_summary"])
def test_a_forked_notebook_is_papermills_to_the_byte(
    name: str, sample_bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters: dict[str, Any] = {"quarter": "2026Q2", "workspace": str(sample_bank), "lang": "zh"}
    if name == "branch_report":
        parameters["branch"] = "0103"
    notebooks.run_notebook(name, tmp_path / "forked.ipynb", parameters=parameters)
    monkeypatch.setattr(ways, "can_fork", lambda: False)
    ways.here.cache_clear()
    notebooks.run_notebook(name, tmp_path / "papermill.ipynb", parameters=parameters)
    assert (tmp_path / "forked.ipynb").read_bytes() == (tmp_path / "papermill.ipynb").read_bytes()


@pytest.mark.full
def test_a_run_gives_the_same_files_by_fork_and_by_pool(
    sample_bank: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = Order(sample_bank, "2026Q2", "en", ("0101", "0103"), html=True)
    forked = run(order, tmp_path / "forked", at_once=2, advance=lambda _: None).folder
    monkeypatch.setattr(ways, "can_fork", lambda: False)
    ways.here.cache_clear()
    pooled = run(order, tmp_path / "pooled", at_once=2, advance=lambda _: None).folder
    names = sorted(path.relative_to(forked) for path in forked.rglob("*"))
    assert names == sorted(path.relative_to(pooled) for path in pooled.rglob("*"))
    assert [
        name for name in names if (forked / name).is_file() and _differ(forked / name, pooled / name)
    ] == []


def _differ(one: Path, other: Path) -> bool:
    return one.read_bytes() != other.read_bytes()
