"""Any index that is a weighted mean of min-max scaled raw columns with gaps, over any number of levels, is a model file:
random ones are scored from a workspace on disk and by ten lines of plain Python."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from riskkit.cli import riskkit
from riskkit.workspace import open_workspace
from tests.scoring.raw_bank import Row, Tree, workspace

# --- the index in plain Python


def index(tree: Tree, row: Row, table: list[Row], falling: set[str]) -> float | None:
    if isinstance(tree, str):
        value, known = row[tree], [cell for each in table if (cell := each[tree]) is not None]
        if value is None:
            return None
        share = (value - min(known)) / (max(known) - min(known))
        return 100 * (1 - share if tree in falling else share)
    parts = [(weight, index(part, row, table, falling)) for weight, part in tree]
    there = [(weight, score) for weight, score in parts if score is not None]
    return sum(w * s for w, s in there) / sum(w for w, _ in there) if there else None


# --- random tables and trees


def random_tree(rng: random.Random, columns: list[str], depth: int) -> Tree:
    """Columns in groups in groups, `depth` of them around the first column, with weights that add up to 1."""
    parts: list[Tree] = [*columns]
    for _ in range(depth - 1):
        cut = rng.randint(1, max(1, len(parts) // 2))
        parts = [weighted(rng, parts[: cut + 1]), *parts[cut + 1 :]]
    return weighted(rng, parts)


def weighted(rng: random.Random, parts: list[Tree]) -> Tree:
    drawn = [rng.uniform(0.05, 1) for _ in parts]
    return [(weight / sum(drawn), part) for weight, part in zip(drawn, parts, strict=True)]


def random_table(rng: random.Random, columns: list[str], units: int) -> list[Row]:
    """Columns of very different sizes; one cell in four is empty, and every column has two values at least."""
    sizes = {column: 10 ** rng.uniform(-3, 6) for column in columns}
    rows: list[Row] = [
        {c: rng.gauss(1, 1) * sizes[c] if rng.random() < 0.75 else None for c in columns}
        for _ in range(units)
    ]
    for column in columns:
        rows[0][column], rows[1][column] = sizes[column], -sizes[column]
    return rows


GAPS = [
    # What an empty cell is, and how the model treats what was not assessed.
    {"no_rows": "not_applicable"},
    {"no_rows": "not_assessed", "missing": "left_out"},
]


@pytest.mark.parametrize("gaps", GAPS, ids=lambda gaps: gaps["no_rows"])
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 6])
def test_any_index_of_raw_columns_is_a_model_file(tmp_path: Path, depth: int, gaps: dict[str, Any]) -> None:
    rng = random.Random(f"{depth} {gaps}")
    columns = [f"c{number}" for number in range(rng.randint(depth + 2, 12))]
    rows = random_table(rng, columns, rng.randint(3, 12))
    falling = {column for column in columns if rng.random() < 0.5}
    tree = random_tree(rng, columns, depth)
    bank = workspace(tmp_path / "bank", tree, rows, falling, **gaps)
    made = CliRunner().invoke(riskkit, ["model", "reference", "2025Q4", "-w", str(bank)])
    assert made.exit_code == 0, made.output
    opened = open_workspace(bank)
    assert max(opened.model.depths.values()) == depth + 1
    scores = opened.assessment("2025Q4").nodes
    found = scores[scores["node"] == ""].set_index("unit")["score"].dropna().to_dict()
    wanted = {f"u{number}": index(tree, row, rows, falling) for number, row in enumerate(rows)}
    assert found == pytest.approx({u: score for u, score in wanted.items() if score is not None}, abs=1e-9)


def test_the_ten_lines_themselves_by_hand() -> None:
    """a runs from 0 to 10, b (lower is better) from 2 to 6. The second row: a 50, b 100, so 0.25·50 + 0.75·100 = 87.5;
    the third lacks b and is a alone."""
    rows: list[Row] = [{"a": 0.0, "b": 6.0}, {"a": 5.0, "b": 2.0}, {"a": 10.0, "b": None}]
    tree: Tree = [(0.25, "a"), (0.75, [(1.0, "b")])]
    assert [index(tree, row, rows, {"b"}) for row in rows] == [0, 87.5, 100]
