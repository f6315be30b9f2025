"""A whole workspace small enough to read in a moment: a model of four items, three branches, two quarters."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.evidence import small

PERIODS = ("2026Q1", "2026Q2")
BRANCHES = ("0101", "0102", "0103")
NAMES = {"0000": "总行", "0101": "东街支行", "0102": "西街支行", "0103": "南街支行"}
MORE = "分理处"

_TABLES = {
    "log": small.table("unit:unit case_no:code passed:number sampled:number", required=True),
    "slow": small.table("unit:unit passed:number sampled:number"),
    "roster": small.table("staff_no:code name:text unit:unit letter:yes_no", scope="snapshot"),
}
_TABLES["log"]["columns"]["case_no"]["required"] = True
_TABLES["log"]["key"] = ["case_no"]
_TABLES["roster"]["key"] = ["staff_no"]
_TABLES["roster"]["columns"]["staff_no"]["person"] = "number"
_TABLES["roster"]["columns"]["name"]["person"] = "name"

_RATIO = {"kind": "ratio", "table": "log", "numerator": "passed", "denominator": "sampled"}
_LETTERS = {"kind": "ratio", "table": "roster", "numerator": "letter"}
_ITEMS: dict[str, dict[str, Any]] = {
    "R": {"measure": _RATIO},
    "SLOW": {"measure": _RATIO | {"table": "slow"}, "cadence": "half_yearly", "weight": 0.0},
    "BOTH": {
        "measure": {
            "kind": "composite",
            "combine": "sum",
            "parts": [{"weight": 0.5, "measure": _RATIO}, {"weight": 0.5, "measure": _LETTERS}],
        },
        "weight": 0.0,
    },
    "HEAD": {"measure": _LETTERS, "applies_to": ["head_office"], "weight": 0.0},
    "ASKED": {"measure": {"kind": "likert", "table": "answers", "subscale": "attitude"}, "weight": 0.0},
}
_LEVELS = [
    {"id": "head_office", "name": small.name("head office")},
    {"id": "branch", "name": small.name("branch"), "assessed": True},
]


def write(path: Path, header: str, *rows: Iterable[object]) -> Path:
    """A CSV file with a header of words."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header.split(), *rows])
    return path


def make(folder: Path, branches: int = 3) -> Path:
    """Write the workspace. In 2026Q2 branch 0101 passes 9 of 10, 0102 8 of 10, 0103 7 of 10: 90, 80 and 70 points. More
    branches, if any, are like 0103."""
    codes = [f"{101 + number:04}" for number in range(branches)]
    names = {**NAMES, **{code: f"{MORE}{code}" for code in codes[len(BRANCHES) :]}}
    model = small.model(_TABLES, _ITEMS, levels=_LEVELS)
    settings = {
        "format": 1,
        "name": {"zh": "小行", "en": "Small Bank"},
        "lang": "zh",
        "marking": {"zh": "内部", "en": "Internal"},
        "model": "small",
    }
    (folder / "model").mkdir(parents=True)
    (folder / "riskkit.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    content = model.spec.model_dump(mode="json")
    (folder / "model" / "small.yaml").write_text(
        yaml.safe_dump(content, allow_unicode=True), encoding="utf-8"
    )
    register = [("0000", names["0000"], "", "head_office", 5)]
    register += [(code, names[code], "0000", "branch", 10) for code in codes]
    write(folder / "register" / "units.csv", "unit name parent level staff", *register)
    for period in PERIODS:
        place = folder / "evidence" / period
        passed = {"2026Q1": (5, 5, 5), "2026Q2": (9, 8, 7)}[period]
        cases = [(code, f"C{code}", passed[min(n, 2)], 10) for n, code in enumerate(codes)]
        write(place / "log.csv", "unit case_no passed sampled", *cases)
        people = [
            (f"0090{number}", f"测试员{number}", code, "是") for number, code in enumerate(names, start=1001)
        ]
        write(place / "roster.csv", "staff_no name unit letter", *people)
    write(folder / "evidence" / "2026Q1" / "slow.csv", "unit passed sampled", ("0101", 1, 2))
    return folder
