"""The engine that forks shows what papermill's own shows: every probe is run by both and compared whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from riskkit.report.engine import client, ways
from riskkit.report.engine.client import Zygote
from tests.report.engine.probes import PROBES, notebook
from tests.report.engine.runs import comparable, run

LINUX = pytest.mark.skipif(not ways.can_fork(), reason="needs Linux")
UNORDERED = ("below Python",)
"""What papermill's own kernel hears through a thread beside Python's own words: it tells them in whatever order they come."""
QUICK = ("streams", "displayed objects", "figures", "errors tagged", "await", "below Python")
pytestmark = LINUX


@pytest.fixture(scope="module")
def surroundings() -> Iterator[None]:
    """Without what the tests set for themselves; strings hash alike in every process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MPLBACKEND", raising=False)
        patch.delenv("PYTEST_CURRENT_TEST", raising=False)
        patch.setenv("PYTHONHASHSEED", "0")
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="module")
def zygote(surroundings: None) -> Iterator[Zygote]:
    """One for all probes."""
    with Zygote(jobs=False) as started, client.kept(started):
        yield started


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.full) for name in PROBES]
)
@pytest.mark.usefixtures("zygote")
def test_what_papermill_shows_is_shown(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
    probe = notebook(PROBES[name])
    theirs, their_error = run(probe, tmp_path, None)
    ours, our_error = run(probe, tmp_path, "riskkit")
    assert our_error == their_error
    short = bool(their_error) and not their_error.startswith("PapermillExecutionError")
    ours, theirs = comparable(ours, stopped_short=short), comparable(theirs, stopped_short=short)
    for place, (mine, other) in enumerate(zip(ours["cells"], theirs["cells"], strict=True)):
        if name in UNORDERED:
            mine["outputs"], other["outputs"] = (sorted(lines(cell)) for cell in (mine, other))
        assert mine == other, f"cell {place}: {other.get('source')}"
    assert ours == theirs


def lines(cell: Any) -> Iterator[str]:
    """What a cell put out, line by line, each with where it went."""
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            yield from (f"{output['name']}: {line}" for line in "".join(output["text"]).splitlines())
        else:
            yield json.dumps(output, sort_keys=True)


def test_there_are_enough_probes() -> None:
    assert len(PROBES) >= 40
    assert set(QUICK) <= set(PROBES)
