"""What a wheel holds, and that it works outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def build(kind: str, into: Path) -> Path:
    """A wheel or sdist, made without the network by the hatchling of the test environment."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(into)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (made,) = into.iterdir()
    return made


def stored(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tmp_path_factory.mktemp("wheel"))


def test_a_wheel_holds_the_package_the_templates_and_the_notebooks(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    for name in stored("templates") | stored("notebooks"):
        assert f"riskkit/_data/{name}" in held
    assert {name for name in stored("riskkit") if name.endswith(".py")} <= held
    assert "riskkit/py.typed" in held
    assert any(name.endswith("licenses/LICENSE") for name in held)


def test_a_wheel_holds_nothing_else(wheel: Path) -> None:
    held = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in held} == {"riskkit", "riskkit-0.1.0.dist-info"}
    assert [name for name in held if "checkpoint" in name or "__pycache__" in name] == []


def test_a_wheel_of_the_same_sources_has_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert build("wheel", tmp_path).read_bytes() == wheel.read_bytes()


def test_a_source_archive_can_be_built_and_tested(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {"dev.py", "pyproject.toml", "environment.yml", "README.md", "LICENSE", ".ci/run"} <= held
    assert {"tests/conftest.py", "riskkit/py.typed", "notebooks/README.md"} <= held
    assert not any(name.startswith((".venv", "runs/", ".git/")) for name in held)


@pytest.mark.full
def test_a_wheel_installed_outside_the_checkout_finds_its_templates(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def call(*words: str | Path) -> str:
        done = subprocess.run(
            list(map(str, words)),
            cwd=tmp_path,
            env=clean,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    call(sys.executable, "-m", "venv", venv)
    scripts = venv / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    call(python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel)

    # The libraries are borrowed from the test environment, whose own riskkit (an editable one) does not come along.
    site = Path(call(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")

    where = Path(call(python, "-c", "import riskkit; print(riskkit.__file__)"))
    assert where.resolve().is_relative_to(venv.resolve())
    templates = Path(call(python, "-c", "from riskkit import resources; print(resources.templates())"))
    assert templates.resolve().is_relative_to(venv.resolve())
    assert any((templates / "models").glob("*.yaml"))
    assert "Usage" in call(scripts / "riskkit", "--help")


@pytest.mark.full
def test_an_unpacked_wheel_makes_reports_of_a_workspace_elsewhere(
    wheel: Path, small_bank: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RISKKIT")}
    call = [sys.executable, "-m", "riskkit", "report", "0101", "--html", "-w", str(small_bank)]
    done = subprocess.run(
        call,
        cwd=tmp_path,
        env=clean | {"PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = {path.name for path in small_bank.glob("runs/*/branches/0101/*")}
    assert made == {f"0101_2026Q2.{suffix}" for suffix in ("html", "ipynb", "xlsx")}
