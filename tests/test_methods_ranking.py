"""Every number printed in the chapter "Other methods" of docs/methods.*.md comes out of the program."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import riskkit as rk
from riskkit.analysis.methods import OWN, PLACES, MethodComparison
from riskkit.scoring.fuzzy import OPERATORS, compose, memberships
from tests.test_methods import LANGUAGES, number, page

ROOT = Path(__file__).resolve().parents[1]
TITLE = {"en": "Other methods", "zh": "其他方法"}


def section(lang: str, place: int) -> str:
    """A section of the chapter, wherever the chapter stands, on one line."""
    chapter = re.search(rf"^## (\d+) {TITLE[lang]}\n(.*?)(?=^## )", page(lang), re.DOTALL | re.MULTILINE)
    assert chapter, f"methods.{lang}.md has no chapter {TITLE[lang]}"
    found = re.search(
        rf"^### {chapter[1]}\.{place} .*?\n(.*?)(?=^### |\Z)", chapter[2], re.DOTALL | re.MULTILINE
    )
    assert found
    return " ".join(found[1].split())


class Example:
    """The three branches, compared and evaluated; and the two invented tables of the chapter."""

    def __init__(self, folder: Path) -> None:
        source = ROOT / "data_samples" / "worked_example"
        shutil.copytree(source, folder / "bank", ignore=shutil.ignore_patterns(".riskkit"))
        self.now = rk.open_workspace(folder / "bank").assessment("2026Q2")
        self.compared: MethodComparison = rk.compare_methods(self.now)
        self.fuzzy = rk.fuzzy_evaluation(self.now).units
        table = pd.DataFrame({"kept": [3, 4, 0], "overdue": [0, 3, 4]}, index=["X", "Y", "Z"])
        self.topsis = rk.topsis(table, {"kept": 0.6, "overdue": 0.4}, {"overdue": "lower_better"})

    def degree(self, item: str, grade: str) -> float:
        points = self.now.unit_items("N").loc[item, "points"]
        limits = np.array([each.min for each in self.now.model.spec.grades][:-1])
        degrees = memberships(np.array(points), limits, self.now.model.spec.score.maximum)
        return float(degrees[list(self.now.model.grades).index(grade)])

    def of(self, unit: str, method: str) -> float:
        return float(self.compared.scores.loc[unit, method])

    def geometric(self, node: str) -> float:
        changed = rk.score(self.now.model.with_aggregate("geometric"), self.now.measures)
        rows = changed.nodes
        return float(rows[(rows["unit"] == "N") & (rows["node"] == node)]["score"].iloc[0])


def excellent(operator: str) -> float:
    """The restaurant's degree of "excellent" under one operator."""
    degrees = np.array([[0.5, 0.5], [0.2, 0.8], [0.1, 0.9], [0.0, 1.0]])
    return float(compose(np.array([0.4, 0.3, 0.2, 0.1]), degrees, operator)[0])  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return Example(tmp_path_factory.mktemp("worked"))


Read = Callable[[Example], float]
SHOWN: list[tuple[int, str, Read]] = [
    (1, "0.4 × 3 ÷ 5 = 0.24", lambda e: e.topsis.criteria.loc["overdue", "anti_ideal"] - 0.08),
    (1, "0.6 × 4 ÷ 5 = 0.48", lambda e: e.topsis.criteria.loc["kept", "ideal"]),
    (1, "0.4 × 4 ÷ 5 = 0.32", lambda e: e.topsis.criteria.loc["overdue", "anti_ideal"]),
    (1, "0.48 − 0.36 = 0.12", lambda e: e.topsis.units.loc["X", "to_ideal"]),
    (1, "(0.36^2 + 0.32^2)^0.5 = 0.4817", lambda e: e.topsis.units.loc["X", "to_anti_ideal"]),
    (1, "0.4817 ÷ (0.12 + 0.4817) = 0.801", lambda e: e.topsis.units.loc["X", "closeness"]),
    (1, "(0.48^2 + 0.08^2)^0.5 = 0.4866", lambda e: e.topsis.units.loc["Y", "to_anti_ideal"]),
    (1, "0.4866 ÷ (0.24 + 0.4866) = 0.670", lambda e: e.topsis.units.loc["Y", "closeness"]),
    (2, "0.4 × 0.5 + 0.3 × 0.2 + 0.2 × 0.1 + 0.1 × 0 = 0.28", lambda e: excellent("dot_plus")),
    (2, "0.4", lambda e: excellent("min_max")),
    (2, "0.4 × 0.5 = 0.20", lambda e: excellent("dot_max")),
    (2, "0.4 + 0.2 + 0.1 + 0 = 0.70", lambda e: excellent("min_plus")),
    (2, "(76 − 75) ÷ 15 + 0.5 = 0.567", lambda e: e.degree("P1", "A")),
    (2, "0.433", lambda e: e.degree("P1", "B")),
    (2, "(80 − 75) ÷ 15 + 0.5 = 0.833", lambda e: e.degree("P3", "A")),
    (2, "(70 − 75) ÷ 15 + 0.5 = 0.167", lambda e: e.degree("Q1", "A")),
    (2, "(48.75 − 50) ÷ 10 + 0.5 = 0.375", lambda e: e.degree("Q3", "C")),
    (2, "0.12 × 0.167 + 0.12 × 1 + 0.08 × 1 = 0.576", lambda e: e.fuzzy.loc["N", "A"]),
    (2, "0.24 × 0.433 + 0.12 × 0.167 + 0.12 × 0.833 = 0.224", lambda e: e.fuzzy.loc["N", "B"]),
    (2, "0.08 × 0.375 = 0.030", lambda e: e.fuzzy.loc["N", "C"]),
    (2, "0.12 × 1 + 0.08 × 0.625 = 0.170", lambda e: e.fuzzy.loc["N", "D"]),
    (2, "0.224 × 67.5 + 0.030 × 55 + 0.170 × 25 = 71.42", lambda e: e.of("N", "fuzzy")),
    (3, "76^0.4 × 30^0.2 × 80^0.2 × 84^0.2 = 65.05", lambda e: e.geometric("P")),
    (3, "90.67^0.2 = 72.25", lambda e: e.geometric("Q")),
    (3, "65.05^0.6 × 72.25^0.4 = 67.84", lambda e: e.of("N", "geometric")),
    (3, "71.07", lambda e: e.of("N", "own")),
    (3, "0.5 × 80 + 0.5 × 80.85 = 80.42", lambda e: e.of("S", "equal_weights")),
    (3, "(0.24 + 0.12 + 0.08) ÷ 0.76 = 0.579", lambda e: e.of("N", "borda")),
    (3, "0.421", lambda e: e.of("S", "borda")),
]  # fmt: skip


@pytest.mark.parametrize(("where", "printed", "read"), SHOWN, ids=[f"{w} {p}" for w, p, _ in SHOWN])
def test_the_program_gives_what_is_printed(example: Example, where: int, printed: str, read: Read) -> None:
    for lang in LANGUAGES:
        assert printed in section(lang, where)
    last = re.search(r"[+−]?\d[\d.]*$", printed)
    assert last is not None
    value, half = number(last[0])
    assert read(example) == pytest.approx(value, abs=half + 1e-9)


def test_degrees_told_in_words_are_the_programs(example: Example) -> None:
    assert [example.degree(item, "A") for item in ("P4", "Q2", "Q4")] == [1, 1, 1]
    assert example.degree("P2", "D") == 1
    assert example.fuzzy.loc["N", ["A", "B", "C", "D"]].idxmax() == "A"
    assert example.topsis.units.loc["Z", "closeness"] == 0
    assert example.topsis.units.loc["Y", "to_ideal"] == pytest.approx(0.24)


def test_ranks_and_grades_told_in_words_are_the_programs(example: Example) -> None:
    assert example.compared.ranks["borda"].dropna().to_dict() == {"N": 1, "S": 2}
    assert example.compared.grades.loc["S", ["own", "equal_weights"]].tolist() == ["B", "A"]
    assert "S" in example.compared.dependent.index
    assert PLACES == 5


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_tables_name_every_operator_and_every_method(lang: str, example: Example) -> None:
    operators = re.findall(r"\| `(\w+)` \|", section(lang, 2))
    assert sorted(operators) == sorted(OPERATORS)
    table = re.search(r"\| `own` .*?\|(?= A | 方法只)", section(lang, 3))
    assert table is not None
    assert re.findall(r"`(\w+)`", table[0]) == list(example.compared.scores)
    assert example.compared.scores.columns[0] == OWN
