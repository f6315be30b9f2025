"""Which way notebooks are run, and that every way gives the same notebook."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest

from riskkit.report.engine import client, ways
from riskkit.report.engine.client import Zygote
from tests.report.engine.probes import PROBES, notebook
from tests.report.engine.runs import comparable, run

LINUX = pytest.mark.skipif(not ways.can_fork(), reason="needs Linux")


@pytest.fixture(autouse=True)
def forgotten() -> None:
    """What was found out of ways is found out again."""
    ways.here.cache_clear()
    ways.for_kernel.cache_clear()


def test_the_versions_installed_are_among_those_tested() -> None:
    assert ways.untested() == []


@LINUX
def test_the_wire_is_for_versions_it_was_tested_with(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ways.here() == ("wire", "")
    ways.here.cache_clear()
    monkeypatch.setitem(ways.TESTED, "ipykernel", ("0.1",))
    way = ways.here()
    assert way.name == "sockets"
    assert f"ipykernel {version('ipykernel')}" in way.why


def test_where_there_is_no_fork_papermills_own_engine_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert ways.here().name == "papermill"
    assert ways.here().why


def test_a_kernel_that_is_not_this_python_is_left_to_papermill(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "kernels" / "other"
    other.mkdir(parents=True)
    argv = '["/usr/bin/other", "-m", "ipykernel_launcher", "-f", "{connection_file}"]'
    (other / "kernel.json").write_text(
        f'{{"argv": {argv}, "display_name": "Other", "language": "python"}}', encoding="utf-8"
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert ways.for_kernel("other").name == "papermill"
    if ways.can_fork():
        assert ways.for_kernel("python3").name == "wire"


@LINUX
@pytest.mark.parametrize("way", ["sockets", "papermill"])
def test_every_way_gives_the_same_notebook_and_says_so(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("PYTEST_CURRENT_TEST", raising=False)
    probe = notebook(PROBES["streams"] + PROBES["displays updated"] + PROBES["an error"])
    theirs, their_error = run(probe, tmp_path, None)
    if way == "sockets":
        monkeypatch.setitem(ways.TESTED, "ipykernel", ("0.1",))
    else:
        monkeypatch.setattr(ways, "can_fork", lambda: False)
    if way == "sockets":
        with Zygote(preload=(), jobs=False) as zygote, client.kept(zygote):
            ours, our_error = run(probe, tmp_path, "riskkit")
    else:
        ours, our_error = run(probe, tmp_path, "riskkit")
    assert (comparable(ours), our_error) == (comparable(theirs), their_error)
    assert ways.for_kernel("python3").why in caplog.text


@LINUX
@pytest.mark.full
def test_papermills_command_finds_the_engine(tmp_path: Path) -> None:
    """As installed: the entry point is what a distribution's metadata says, here one made for the test."""
    metadata = tmp_path / "riskkit_probe-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: riskkit-probe\nVersion: 1\n", encoding="utf-8"
    )
    entry = "[papermill.engine]\nriskkit = riskkit.report.engine.entry:Engine\n"
    (metadata / "entry_points.txt").write_text(entry, encoding="utf-8")
    nbformat.write(notebook(["print(x)"], parameters="x = 1"), tmp_path / "in.ipynb")
    words = [
        sys.executable,
        "-m",
        "papermill",
        "--engine",
        "riskkit",
        "in.ipynb",
        "out.ipynb",
        "-p",
        "x",
        "5",
    ]
    path = f"{tmp_path}:{Path(__file__).resolve().parents[3]}"
    done = subprocess.run(
        words,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    saved = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert saved.cells[-1].outputs[0].text == "5\n"
