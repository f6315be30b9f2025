"""Imports in riskkit/ point one way, as ARCHITECTURE.md says, and the heavy libraries stay in their rooms."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest

import riskkit

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "riskkit"

# Library → the modules, with everything below them, that may import it.
CONFINED = {
    "matplotlib": ("riskkit.report.charts",),
    "openpyxl": ("riskkit.evidence", "riskkit.report"),
    "papermill": ("riskkit.report.notebooks", "riskkit.report.engine"),
    "nbformat": ("riskkit.report.notebooks", "riskkit.report.engine"),
    "nbconvert": ("riskkit.report.notebooks",),
    "nbclient": ("riskkit.report.notebooks", "riskkit.report.engine"),
    "distributed": ("riskkit.report.cluster",),
}
FACADE = "riskkit"  # riskkit/__init__.py: names loaded when first used; above every room


class Import(NamedTuple):
    """One module imported: where, by which module, and what."""

    place: str
    importer: str
    target: str


# --- the order of rooms


def order_of_rooms(architecture: str) -> dict[str, int]:
    """Room → level, from the sentence of ARCHITECTURE.md that begins "Imports point one way:"."""
    sentence = re.search(r"Imports point one way: (.+?)\.\s", architecture, re.DOTALL)
    assert sentence, "ARCHITECTURE.md no longer says 'Imports point one way: a, b < c.'"
    levels = [re.findall(r"\w+", level) for level in sentence[1].split("<")]
    return {room: height for height, rooms in enumerate(levels) for room in rooms} | {"__main__": len(levels)}


ORDER = order_of_rooms((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))


# --- reading imports


def module_name(path: Path, top: Path) -> str:
    parts = path.relative_to(top.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, top: Path) -> Iterator[Import]:
    """Every import of a file, wherever it stands: at the top, in a function, under TYPE_CHECKING, by import_module."""
    importer = module_name(path, top)
    package = importer if path.name == "__init__.py" else importer.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        targets: list[str] = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([base] if base else [])])
            # `from riskkit import texts` imports a module; `from riskkit.texts import say` a name in one.
            targets = [f"{base}.{alias.name}" for alias in node.names] if base == FACADE else [base]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            called = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            first = node.args[0] if node.args else None
            if (
                called in ("import_module", "__import__")
                and isinstance(first, ast.Constant)
                and isinstance(first.value, str)
            ):
                targets = [first.value]
        for target in targets:
            yield Import(f"{path.relative_to(top.parent).as_posix()}:{node.lineno}", importer, target)


def all_imports(top: Path) -> list[Import]:
    return [found for path in sorted(top.rglob("*.py")) for found in imports_of(path, top)]


# --- the rules


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else FACADE


def violations(top: Path) -> list[str]:
    present = {room_of(module_name(path, top)): path for path in sorted(top.rglob("*.py"), reverse=True)}
    unplaced = {room: path for room, path in present.items() if room not in ORDER and room != FACADE}
    faults = [
        f"{path.relative_to(top.parent).as_posix()}: ARCHITECTURE.md gives {room} no place in the order of rooms"
        for room, path in sorted(unplaced.items())
    ]
    neighbours: dict[str, set[str]] = {}
    for place, importer, target in all_imports(top):
        room, library = room_of(importer), target.split(".")[0]
        allowed = CONFINED.get(library)
        if allowed and not any(importer == home or importer.startswith(home + ".") for home in allowed):
            faults.append(f"{place}: {library} belongs in {' and '.join(allowed)} alone")
        aim = room_of(target)
        if library != FACADE or room == FACADE or {room, aim} & {"__version__", *unplaced}:
            continue
        if aim not in ORDER:
            faults.append(f"{place}: {target} is no room; a room imports rooms, never the public names")
        elif ORDER[aim] > ORDER[room]:
            faults.append(f"{place}: {room} may not import {aim}, which stands above it")
        elif aim != room:
            neighbours.setdefault(room, set()).add(aim)
    try:
        list(TopologicalSorter(neighbours).static_order())
    except CycleError as cycle:
        faults.append(f"rooms import each other in a circle: {' → '.join(cycle.args[1])}")
    return faults


def undeclared(top: Path, declared: set[str]) -> set[str]:
    """Distributions that riskkit imports and pyproject.toml does not name."""
    known = packages_distributions()
    libraries = (
        {target.split(".")[0] for _, _, target in all_imports(top)} - {FACADE} - set(sys.stdlib_module_names)
    )
    return {name for name in libraries if not {dist.lower() for dist in known.get(name, [name])} & declared}


# --- what is held


def test_imports_point_one_way_and_libraries_stay_in_their_rooms() -> None:
    assert violations(PACKAGE) == []


def test_every_imported_library_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["cluster"]]
    declared = {re.match(r"[\w.-]+", line)[0].lower() for line in lines}  # type: ignore[index]
    assert undeclared(PACKAGE, declared) == set()


# --- the public names

PUBLIC = [
    "Assessment",
    "DataRefused",
    "Evidence",
    "EvidenceRefused",
    "IndicatorModel",
    "Measures",
    "Misuse",
    "ModelRefused",
    "Period",
    "RiskkitError",
    "Workspace",
    "__version__",
    "ahp",
    "attribute",
    "charts",
    "combine_experts",
    "combine_linear",
    "combine_product",
    "compare",
    "compare_methods",
    "compare_self_check",
    "control_chart",
    "critic_weights",
    "effective_weights",
    "entropy_weights",
    "findings",
    "fuzzy_evaluation",
    "grade_change",
    "grade_gap",
    "leave_one_out",
    "load_model",
    "masked",
    "measure",
    "next_grade",
    "notebook",
    "open_workspace",
    "parameters",
    "place",
    "priorities",
    "rank_intervals",
    "real_change",
    "reason_text",
    "risk_matrix",
    "score",
    "smallest_grade_change",
    "smallest_reversal",
    "standard_deviation_weights",
    "targets",
    "topsis",
    "trend_test",
    "uncertainty",
    "variance_shares",
    "weigh_model",
    "weight_stability",
    "what_if",
]  # fmt: skip
CHARTS = [
    "Picture", "ageing", "control_chart", "dimension_profile", "funnel", "heatmap", "indicator_profile", "leave_one_out",
    "losses", "movement", "picture", "rank_intervals", "rank_ranges", "ranking", "real_change", "risk_matrix", "trend", "uncertainty",
    "use",
    "variance_shares", "weight_stability", "why",
]  # fmt: skip
SHOWN_BY = {"Assessment": "score"}
"""Nouns whose example stands where they are made."""


def test_the_public_names_are_those_promised() -> None:
    assert sorted(riskkit.__all__) == PUBLIC
    assert dir(riskkit) == PUBLIC
    assert sorted(riskkit.charts.__all__) == CHARTS


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "__version__"])
def test_every_public_name_says_what_it_is_and_shows_it(name: str) -> None:
    said = inspect.getdoc(getattr(riskkit, name)) or ""
    assert len(said) > 20, name
    shown = inspect.getdoc(getattr(riskkit, SHOWN_BY.get(name, name))) or ""
    assert ">>> " in shown or "import riskkit as rk" in shown, name


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_says_what_it_is_and_shows_it(name: str) -> None:
    assert ">>> " in (inspect.getdoc(getattr(riskkit.charts, name)) or ""), name


# --- the guard itself


def test_the_order_is_read_from_the_architecture() -> None:
    assert ORDER["errors"] == ORDER["periods"] == 0
    assert ORDER["errors"] < ORDER["model"] < ORDER["evidence"] < ORDER["scoring"] < ORDER["analysis"]
    assert ORDER["analysis"] == ORDER["rectification"] < ORDER["workspace"] < ORDER["report"] < ORDER["cli"]


@pytest.mark.parametrize(
    ("file", "code", "complaint"),
    [
        ("scoring/plan.py", "import matplotlib.pyplot as plt", "matplotlib belongs in riskkit.report.charts"),
        ("report/sheets.py", "from matplotlib import cm", "matplotlib belongs in riskkit.report.charts"),
        ("workspace.py", "import openpyxl", "openpyxl belongs in"),
        ("scoring/scales.py", "def f():\n    from openpyxl import load_workbook", "openpyxl belongs in"),
        ("cli.py", "import papermill as pm", "papermill belongs in"),
        ("report/run.py", "from nbconvert.exporters import HTMLExporter", "nbconvert belongs in"),
        ("model/load.py", "from riskkit.evidence.cells import read", "model may not import evidence"),
        ("model/load.py", "from ..evidence import cells", "model may not import evidence"),
        ("errors.py", "from . import model", "errors may not import model"),
        (
            "scoring/plan.py",
            "import importlib\nimportlib.import_module('riskkit.cli')",
            "scoring may not import cli",
        ),
        (
            "evidence/cells.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from riskkit.report import sheets",
            "evidence may not import report",
        ),
        ("report/sheets.py", "from riskkit import score", "riskkit.score is no room"),
        ("report/sheets.py", "import riskkit as rk", "riskkit is no room"),
        ("utils.py", "import math", "no place in the order"),
    ],
)
def test_the_guard_fires_on_a_made_up_violation(tmp_path: Path, file: str, code: str, complaint: str) -> None:
    made_up = tmp_path / "riskkit" / file
    made_up.parent.mkdir(parents=True, exist_ok=True)
    made_up.write_text(code, encoding="utf-8")
    faults = violations(tmp_path / "riskkit")
    assert len(faults) == 1, faults
    assert complaint in faults[0]
    assert faults[0].startswith(f"riskkit/{file}:")


def test_the_guard_fires_on_a_circle_within_a_level(tmp_path: Path) -> None:
    top = tmp_path / "riskkit"
    top.mkdir()
    (top / "errors.py").write_text("from riskkit import texts", encoding="utf-8")
    (top / "texts.py").write_text("import riskkit.errors", encoding="utf-8")
    (fault,) = violations(top)
    assert "circle" in fault


def test_the_guard_lets_pass_what_is_allowed(tmp_path: Path) -> None:
    allowed = {
        "__init__.py": "from riskkit.report import charts\nfrom riskkit.cli import main",
        "report/charts.py": "import matplotlib.pyplot as plt\nfrom riskkit.scoring.assessment import Assessment",
        "report/notebooks.py": "import papermill, nbformat, nbconvert",
        "evidence/readers.py": "import openpyxl\nfrom ..errors import Problem\nfrom .cells import read",
        "__main__.py": "from riskkit.cli import main",
        "cli.py": "from riskkit import __version__, report",
    }
    for file, code in allowed.items():
        place = tmp_path / "riskkit" / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(code, encoding="utf-8")
    assert violations(tmp_path / "riskkit") == []


def test_the_guard_fires_on_an_undeclared_library(tmp_path: Path) -> None:
    top = tmp_path / "riskkit"
    top.mkdir()
    (top / "errors.py").write_text(
        "import yaml\nimport krippendorff\nimport json\nimport numpy as np", encoding="utf-8"
    )
    assert undeclared(top, {"pyyaml", "numpy"}) == {"krippendorff"}
