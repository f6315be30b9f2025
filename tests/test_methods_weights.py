"""Every number printed in the chapter "Weights" of docs/methods.*.md comes out of the program, and its commands run."""

from __future__ import annotations

import math
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import riskkit as rk
from riskkit.cli import riskkit
from riskkit.scoring.ahp_priorities import RANDOM_INDEX, random_index
from tests.report.test_weights_form import filled
from tests.test_docs import fences
from tests.test_methods import LANGUAGES, number, page

ROOT = Path(__file__).resolve().parents[1]
TITLE = {"en": "Weights", "zh": "权重"}
GAP = None


def chapter(lang: str) -> tuple[str, str]:
    """The chapter's number and text, wherever it stands."""
    found = re.search(rf"^## (\d+) {TITLE[lang]}\n(.*?)(?=^## )", page(lang), re.DOTALL | re.MULTILINE)
    assert found, f"methods.{lang}.md has no chapter {TITLE[lang]}"
    return found[1], found[2]


def section(lang: str, place: int) -> str:
    """A section of the chapter on one line."""
    at, text = chapter(lang)
    found = re.search(rf"^### {at}\.{place} .*?\n(.*?)(?=^### |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found
    return " ".join(found[1].split())


class Example:
    """The comparisons of the chapter, and what the three branches of the worked example say about weights."""

    def __init__(self, folder: Path) -> None:
        self.abc = rk.ahp([[1, 3, 5], [GAP, 1, 2], [GAP, GAP, 1]], ["A", "B", "C"])
        self.circle = rk.ahp([[1, 3, 1 / 5], [GAP, 1, 2], [GAP, GAP, 1]], ["A", "B", "C"])
        self.gap = rk.ahp([[1, 1, 5, 2], [GAP, 1, 3, 4], [GAP, GAP, 1, GAP], [GAP] * 4], ["A", "B", "C", "D"])
        self.li, self.wang = (rk.ahp([[1, value], [GAP, 1]], ["P", "Q"]).given for value in (1, 9))
        source = ROOT / "data_samples" / "worked_example"
        shutil.copytree(source, folder / "bank", ignore=shutil.ignore_patterns(".riskkit"))
        now = rk.open_workspace(folder / "bank").assessment("2026Q2")
        self.effective = rk.effective_weights(now)
        self.points = now.items.pivot(index="unit", columns="item", values="points").loc[
            ["N", "S", "W"], ["P1", "P3", "Q1"]
        ]
        self.vectors = [pd.Series(values, list("abc")) for values in ([0.5, 0.25, 0.25], [0.2, 0.2, 0.6])]

    def together(self, **weights: float) -> pd.DataFrame:
        return rk.combine_experts({"Li": self.li, "Wang": self.wang}, expert_weights=weights or None)

    def amended(self) -> float:
        found = self.circle.amendment("A", "C")
        assert found is not None
        assert (found.nearest, found.nearest_cr) == (6, pytest.approx(0, abs=1e-9))
        return found.best


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return Example(tmp_path_factory.mktemp("weights"))


Read = Callable[[Example], float]
SHOWN: list[tuple[int, str, Read]] = [
    (1, "2.466 ÷ 3.804 = 0.648", lambda e: e.abc.weights["A"]),
    (1, "0.874 ÷ 3.804 = 0.230", lambda e: e.abc.weights["B"]),
    (1, "0.464 ÷ 3.804 = 0.122", lambda e: e.abc.weights["C"]),
    (1, "1 + 1.0627 + 1 ÷ 1.0627 = 3.0037", lambda e: e.abc.lambda_max),
    (1, "(3.0037 − 3) ÷ 2 = 0.00185", lambda e: e.abc.ci),
    (1, "0.00185 ÷ 0.58 = 0.0032", lambda e: e.abc.cr),
    (2, "3 × 2 × 5 = 30", lambda e: float(e.circle.triads["product"][0])),
    (2, "1 + 3.1072 + 1 ÷ 3.1072 = 4.4291", lambda e: e.circle.lambda_max),
    (2, "(4.4291 − 3) ÷ 2 = 0.7145", lambda e: e.circle.ci),
    (2, "0.7145 ÷ 0.58 = 1.232", lambda e: e.circle.cr),
    (2, "3 × 2 = 6", lambda e: e.amended()),
    (3, "(2 ÷ 5 × 4 ÷ 3)^(1/2) = 0.7303", lambda e: e.gap.matrix.loc["C", "D"]),
    (3, "A 0.3738", lambda e: e.gap.weights["A"]),
    (3, "B 0.3920", lambda e: e.gap.weights["B"]),
    (3, "C 0.0985", lambda e: e.gap.weights["C"]),
    (3, "D 0.1357", lambda e: e.gap.weights["D"]),
    (4, "(1 × 9)^(1/2) = 3", lambda e: e.together().loc["P", "Q"]),
    (4, "3 ÷ 4 = 0.75", lambda e: rk.ahp(e.together()).weights["P"]),
    (4, "9^(1/4) = 1.732", lambda e: e.together(Li=3, Wang=1).loc["P", "Q"]),
    (6, "÷ ln(3) = 0.9802", lambda e: entropy(e)["P1"]),
    (6, "(1 − 0.9802) ÷ (0.0198 + 0.0240 + 0.0715) = 0.171", lambda e: rk.entropy_weights(e.points)["P1"]),
    (6, "1.639 ÷ (1.639 + 0.825 + 0.849) = 0.495", lambda e: rk.critic_weights(e.points)["P1"]),
    (7, "0.7 × 0.5 + 0.3 × 0.2 = 0.41", lambda e: rk.combine_linear(e.vectors, [0.7, 0.3])["a"]),
    (7, "0.5 × 0.2 ÷ (0.5 × 0.2 + 0.25 × 0.2 + 0.25 × 0.6) = 0.333", lambda e: rk.combine_product(e.vectors)["a"]),
    (8, "(0.24 + 0.40 + 0.24) ÷ 3 = 0.293", lambda e: e.effective.loc["P1", "effective"]),
    (8, "(0.12 + 0.12) ÷ 3 = 0.08", lambda e: e.effective.loc["P2", "effective"]),
    (8, "r = 0.9916", lambda e: e.effective.loc["P", "r"]),
    (8, "0.9916^2 = 0.983", lambda e: e.effective.loc["P", "importance"]),
    (8, "0.9981^2 = 0.996", lambda e: e.effective.loc["Q", "importance"]),
]  # fmt: skip


def entropy(example: Example) -> pd.Series:
    """As the formula of the section says; the weights made of it are checked against the program."""
    shares = example.points / example.points.sum()
    return -(shares * shares.map(math.log)).sum() / math.log(len(shares))


@pytest.mark.parametrize(("where", "printed", "read"), SHOWN, ids=[f"{w} {p}" for w, p, _ in SHOWN])
def test_the_program_gives_what_is_printed(example: Example, where: int, printed: str, read: Read) -> None:
    for lang in LANGUAGES:
        assert printed in section(lang, where)
    last = re.search(r"\d[\d.]*$", printed)
    assert last is not None
    value, half = number(last[0])
    assert read(example) == pytest.approx(value, abs=half + 1e-9)


def test_the_table_of_weights_read_off_the_data_is_the_programs(example: Example) -> None:
    """The points are those printed above it; e, sd and Σ (1 − r) by their formulas, the weights by the program."""
    stretched = (example.points - example.points.min()) / (example.points.max() - example.points.min())
    rows = [
        entropy(example),
        rk.entropy_weights(example.points),
        stretched.std(ddof=0),
        rk.standard_deviation_weights(example.points),
        (1 - stretched.corr()).sum(),
        rk.critic_weights(example.points),
    ]
    for lang in LANGUAGES:
        text = section(lang, 6)
        assert all(printed in text for printed in ("76", "80", "70", "60", "100", "85", "56.25", "30"))
        cells = re.findall(r"\| [^|]+ \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", text)
        assert len(cells) == len(rows)
        for printed, row in zip(cells, rows, strict=True):
            for each, found in zip(printed, row, strict=True):
                value, half = number(each)
                assert found == pytest.approx(value, abs=half + 1e-9)
    assert example.points.to_numpy() == pytest.approx(
        np.array([[76, 80, 70], [60, 100, 85], [100, 56.25, 30]])
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_tables_of_random_indices_named_are_those_there_are(lang: str) -> None:
    text = section(lang, 1)
    assert set(re.findall(r"`(\w+_\d{4})`", text)) == set(RANDOM_INDEX)
    assert [len(values) + 2 for values in RANDOM_INDEX.values()] == [15, 20, 15]
    assert "(1.7699 n − 4.3513) ÷ (n − 1)" in text
    assert random_index(20, "alonso_lamata_2006") == pytest.approx((1.7699 * 20 - 4.3513) / 19)


def test_the_commands_of_the_chapter_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data_samples").symlink_to(ROOT / "data_samples", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    lines = [
        line
        for block in fences(ROOT / "docs" / "methods.en.md")
        for line in block.splitlines()
        if line.startswith("riskkit weights ")
    ]
    assert [line.split()[2] for line in lines] == ["form", "read"]
    for line in lines:
        result = CliRunner().invoke(riskkit, shlex.split(line)[1:])
        assert result.exit_code == 0, (result.output, result.exception)
        for path in tmp_path.glob("comparisons_*.xlsx"):
            filled(path, {("P", "Q"): 3})
    assert rk.load_model(tmp_path / "new.yaml").nodes["P"].weight == 0.75
