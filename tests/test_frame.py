"""The frame around the code: what the README promises, what the package names, what the repository may hold."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NOT_OURS = {".git", ".venv", ".venv-bench", "runs", "dist", "build", "wheels", "node_modules"}
CACHES = {"__pycache__", ".ipynb_checkpoints", ".hypothesis"}

DEMO_COMMAND = "python3 dev.py demo"
TEST_COMMAND = "python3 dev.py test"

CONDA_NAMES = {"matplotlib": "matplotlib-base"}


def files_of_the_repository() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        here = Path(folder)
        folders[:] = [
            name
            for name in folders
            if name not in CACHES
            and not name.endswith(("_cache", ".egg-info"))
            and not (here == ROOT and name in NOT_OURS)
        ]
        yield from (here / name for name in names)


def name_and_bounds(requirement: str) -> tuple[str, frozenset[str]]:
    found = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[\w,-]+\])?\s*([^;]*)", requirement)
    assert found, requirement
    return found[1].lower(), frozenset(bound.strip() for bound in found[2].split(",") if bound.strip())


# --- the README's two commands


def fenced_blocks(markdown: str, section: str) -> list[str]:
    body = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", markdown, re.DOTALL | re.MULTILINE)
    assert body, f"README.md has no section {section!r}"
    return [block.strip() for block in re.findall(r"^```\w*\n(.*?)^```$", body[1], re.DOTALL | re.MULTILINE)]


def test_the_quick_start_is_two_blocks_with_one_command_each() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert fenced_blocks(readme, "Quick start") == [DEMO_COMMAND, TEST_COMMAND]


def test_the_build_machine_runs_the_readme_test_command_with_full() -> None:
    script = ROOT / ".ci" / "run"
    assert f"{TEST_COMMAND} --full\n" in script.read_text(encoding="utf-8")
    assert os.name == "nt" or os.access(script, os.X_OK)


# --- what is installed


@pytest.mark.parametrize("requirement", PYPROJECT["project"]["dependencies"])
def test_every_dependency_has_a_lower_and_an_upper_bound(requirement: str) -> None:
    _, bounds = name_and_bounds(requirement)
    assert sorted(bound[0] for bound in bounds) == ["<", ">"]


def test_the_peers_of_the_benchmarks_are_needed_by_nothing_else() -> None:
    """One of them is under the GPL; all are there to be compared with."""
    extras = PYPROJECT["project"]["optional-dependencies"]
    peers = dict(name_and_bounds(line) for line in extras["bench"] if line != "riskkit[cluster]")
    tests = dict(name_and_bounds(line) for line in extras["test"])
    assert {"pydecision", "pymcdm", "scikit-criteria"} <= set(peers)
    assert all(sorted(bound[0] for bound in bounds) == ["<", ">"] for bounds in peers.values())
    needed = {name_and_bounds(line)[0] for line in PYPROJECT["project"]["dependencies"]}
    assert not peers.keys() & needed
    assert peers.keys() & tests.keys() == {"pytest"}
    assert peers["pytest"] == tests["pytest"]


def test_environment_yml_names_the_same_dependencies_with_the_same_bounds() -> None:
    conda: dict[str, Any] = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    in_conda = dict(name_and_bounds(line) for line in conda["dependencies"])
    assert in_conda.pop("python") == frozenset([PYPROJECT["project"]["requires-python"]])
    assert in_conda.pop("pip") == frozenset()
    wanted = [*PYPROJECT["project"]["dependencies"], *PYPROJECT["build-system"]["requires"]]
    assert in_conda == {
        CONDA_NAMES.get(name, name): bounds for name, bounds in (name_and_bounds(line) for line in wanted)
    }
    assert conda["name"] == PYPROJECT["project"]["name"]
    assert "conda-forge" in conda["channels"]


# --- what the repository holds


@pytest.mark.parametrize("name", ["riskkit", "notebooks", "templates", "data_samples", "tests", "docs"])
def test_the_top_level_folders_exist(name: str) -> None:
    assert any((ROOT / name).iterdir())


def test_the_licence_is_apache_2() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert PYPROJECT["project"]["license"] == "Apache-2.0"


def test_the_changelog_has_an_entry_for_this_version() -> None:
    assert f"## {PYPROJECT['project']['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def outputs_in(notebook: dict[str, Any]) -> list[int]:
    return [
        number
        for number, cell in enumerate(notebook["cells"], start=1)
        if cell.get("outputs") or cell.get("execution_count") is not None
    ]


def test_every_notebook_is_stored_without_outputs() -> None:
    stored = {
        path.relative_to(ROOT).as_posix(): outputs_in(json.loads(path.read_text(encoding="utf-8")))
        for path in files_of_the_repository()
        if path.suffix == ".ipynb"
    }
    assert {name: cells for name, cells in stored.items() if cells} == {}


def test_a_notebook_with_outputs_would_be_noticed() -> None:
    shown = {"cell_type": "code", "outputs": [{"output_type": "stream"}], "execution_count": None}
    counted = {"cell_type": "code", "outputs": [], "execution_count": 3}
    clean = {"cell_type": "code", "outputs": [], "execution_count": None}
    assert outputs_in({"cells": [clean, shown, {"cell_type": "markdown"}, counted]}) == [2, 4]


# Written in pieces, so that this file does not hold what it looks for.
FOREIGN = re.compile(
    "|".join(
        [
            r"(?<![\w.])/(?:root|home|Users)/\w",  # a path of somebody's machine
            r"\b[A-Z]:\\Users\\",
            r"\bpypi" + r"\.org|python" + r"hosted\.org|conda" + r"\.anaconda\.org",  # a registry
            r"--(?:extra-)?index-url",
            r"\.\./" + r"shared",
        ]
    )
)
READABLE = {
    "",
    ".py",
    ".md",
    ".toml",
    ".yml",
    ".yaml",
    ".json",
    ".ipynb",
    ".csv",
    ".txt",
    ".cfg",
    ".css",
    ".html",
}


def foreign_lines(text: str) -> list[int]:
    return [number for number, line in enumerate(text.splitlines(), start=1) if FOREIGN.search(line)]


def test_no_file_names_a_machine_or_a_registry() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): lines
        for path in files_of_the_repository()
        if path.suffix in READABLE
        if (lines := foreign_lines(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    ["see /ho" + "me/ann/bank", "https://pypi" + ".org/simple", "--index" + "-url=x", "../sha" + "red/facts"],
)
def test_a_foreign_line_would_be_noticed(line: str) -> None:
    assert foreign_lines(f"fine\n{line}\n") == [2]


def test_there_is_no_lock_file_with_addresses() -> None:
    locks = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "conda-lock.yml", "pylock.toml"}
    assert [path.name for path in files_of_the_repository() if path.name in locks] == []
