"""A function called apart leaves what it writes, and nothing in this process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from riskkit.report.engine import ways
from riskkit.report.engine.apart import apart, give_back

pytestmark = [
    pytest.mark.skipif(not ways.can_fork(), reason="needs Linux"),
    # the process that forks reports has one thread; the one that runs tests may have more
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]


def test_what_is_called_apart_leaves_its_files_alone(tmp_path: Path) -> None:
    seen: list[int] = []

    def call() -> None:
        seen.append(os.getpid())
        (tmp_path / "left").write_text(str(os.getpid()), encoding="ascii")

    apart(call)
    assert seen == []
    assert (tmp_path / "left").read_text(encoding="ascii") != str(os.getpid())


def test_what_fails_apart_is_left_to_whoever_needs_it(capfd: pytest.CaptureFixture[str]) -> None:
    apart(lambda: 1 / 0)
    give_back()
    assert capfd.readouterr().err == ""
