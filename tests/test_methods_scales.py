"""Every number printed of scales and means in chapters 3 and 4 of docs/methods.*.md: the program says the same."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import riskkit as rk
from riskkit.model import IndicatorModel
from riskkit.scoring.scales import curve
from tests.scoring import tiny
from tests.test_methods import LANGUAGES, ROOT, page, section

REFERENCE = [10.0, 20.0, 20.0, 40.0]
"""As printed in 3.5."""


def points(scale: str | dict[str, Any], value: float, direction: str = "higher_better") -> float:
    """Points of a value under a scale, compared with the reference of 3.5 where it is relative."""
    content = tiny.spec()
    item = content["nodes"][0]["children"][0]
    item |= {"scale": {"type": scale} if isinstance(scale, str) else scale, "direction": direction}
    content["reference"] = {"period": "2025Q4", "items": {item["id"]: REFERENCE}}
    model = tiny.model(nodes=content["nodes"], reference=content["reference"])
    return float(curve(model.items[item["id"]], model.spec).points(np.array([value]))[0])


STEPS = {"type": "steps", "points": [[0.8, 60], [0.95, 100]], "otherwise": 10}
SHORT = {"type": "distance_to_target", "target": 0.95, "zero_at": 0.5}
BOTH = {"type": "distance_to_target", "target": 60, "zero_at": 80, "both_sides": True}
Z_SCORE = {"type": "z_score", "at_mean": 50, "per_sd": 10}
SHOWN: list[tuple[str, str, Callable[[], float]]] = [
    ("3.4", "(1 − 0.15 ÷ 0.45) × 100 = 66.67", lambda: points(SHORT, 0.80)),
    ("3.4", "(1 − 5 ÷ 20) × 100 = 75.00", lambda: points(BOTH, 55, "target_better")),
    ("3.4", "(1 − 5 ÷ 20) × 100 = 75.00", lambda: points(BOTH, 65, "target_better")),
    ("3.6", "(25 − 10) ÷ (40 − 10) × 100 = 50.00", lambda: points("min_max", 25)),
    ("3.6", "(20 − 40) ÷ (10 − 40) × 100 = 66.67", lambda: points("min_max", 20, "lower_better")),
    ("3.7", "÷ 4)^0.5 = 10.90", lambda: float(np.std(REFERENCE))),
    ("3.7", "50 + 10 × (40 − 22.5) ÷ 10.90 = 66.06", lambda: points(Z_SCORE, 40)),
    ("3.8", "(4 − 1) ÷ 4 × 100 = 75.00", lambda: points("rank", 20)),
    ("3.8", "(4 − 3) ÷ 4 × 100 = 25.00", lambda: points("rank", 10)),
    ("3.9", "(1 + 2 ÷ 2) ÷ 4 × 100 = 50.00", lambda: points("percentile", 20)),
    ("3.9", "(3 + 1 ÷ 2) ÷ 4 × 100 = 87.50", lambda: points("percentile", 40)),
    ("3.10", "(1 + (2 − 1) ÷ 2) ÷ 3 × 100 = 50.00", lambda: points("borda", 20)),
    ("3.10", "3 ÷ 3 × 100 = 100.00", lambda: points("borda", 40)),
    ("3.10", "(3 − 1 ÷ 2) ÷ 3 × 100 = 83.33", lambda: points("borda", 30)),
]  # fmt: skip


@pytest.mark.parametrize(("where", "printed", "read"), SHOWN)
def test_the_program_gives_the_points_printed(where: str, printed: str, read: Callable[[], float]) -> None:
    for lang in LANGUAGES:
        assert printed in section(lang, where)
    assert read() == pytest.approx(float(printed.rsplit("= ")[-1]), abs=0.005)


def test_the_steps_earn_what_is_printed() -> None:
    for lang, earns in (("en", "{value} earns {points} points"), ("zh", "{value} 得 {points} 分")):
        for value, earned in (("0.79", 10), ("0.80", 60), ("0.95", 100)):
            assert earns.format(value=value, points=earned) in section(lang, "3.3")
            assert points(STEPS, float(value)) == earned


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_scale_shown_is_one_the_model_takes(lang: str) -> None:
    """The scales of the code blocks, each with a direction that fits it, are those tried here and no others."""
    blocks = re.findall(r"```yaml\n(.*?)```", page(lang), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("scale: ")]
    shown = [yaml.safe_load(line)["scale"] for line in lines]
    tried = [
        STEPS,
        SHORT,
        BOTH,
        {"type": "min_max"},
        Z_SCORE,
        *({"type": t} for t in ("rank", "percentile", "borda")),
    ]
    assert shown == tried
    for scale in shown:
        points(scale, 1.0, "target_better" if scale.get("both_sides") else "higher_better")
    (reference,) = (line for block in blocks for line in block.splitlines() if line.startswith("reference: "))
    assert yaml.safe_load(reference.partition("or here: ")[2])["items"] == {"A1.1": REFERENCE}


# --- chapter 4


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    for name in ("worked_example", "hdi"):
        away = shutil.ignore_patterns(".riskkit")
        shutil.copytree(ROOT / "data_samples" / name, folder / name, ignore=away)
    return folder


def total(folder: Path, period: str, unit: str, **changed: Any) -> float:
    """A unit's total before deductions under a model with other settings at its top."""
    bank = rk.open_workspace(folder)
    model = IndicatorModel(bank.model.spec.model_copy(update=changed))
    return float(rk.score(model, bank.measures(period)).summary.loc[unit, "base"])


MEANS = [
    ("(0.8956 × 0.6488 × 0.7802)^(1/3) = 0.768", "geometric", None),
    ("3 ÷ (1 ÷ 0.8956 + 1 ÷ 0.6488 + 1 ÷ 0.7802) = 0.761", "harmonic", None),
    ("((0.8956^0.5 + 0.6488^0.5 + 0.7802^0.5) ÷ 3)^2 = 0.772", "power", 0.5),
    ("0.649", "minimum", None),
]


@pytest.mark.parametrize(("printed", "aggregate", "exponent"), MEANS)
def test_china_under_every_mean(samples: Path, printed: str, aggregate: str, exponent: float | None) -> None:
    for lang in LANGUAGES:
        assert printed in section(lang, "4.2")
    found = total(samples / "hdi", "2021", "CHN", aggregate=aggregate, exponent=exponent)
    assert found == pytest.approx(float(printed.rsplit("= ")[-1]), abs=0.0005)


def test_the_power_mean_meets_the_others_where_it_is_said_to(samples: Path) -> None:
    """p = 1 arithmetic, p near 0 geometric, p = −1 harmonic."""
    china = {
        p: total(samples / "hdi", "2021", "CHN", aggregate="power", exponent=p) for p in (1.0, 1e-6, -1.0)
    }
    for p, aggregate in ((1.0, "arithmetic"), (1e-6, "geometric"), (-1.0, "harmonic")):
        assert china[p] == pytest.approx(total(samples / "hdi", "2021", "CHN", aggregate=aggregate), abs=1e-6)


def test_what_is_missing_may_be_left_out_of_the_graded_score(samples: Path) -> None:
    for lang in LANGUAGES:
        assert section(lang, "4.3").count("60.49") == 2
    assert total(samples / "worked_example", "2026Q2", "W", missing="left_out") == pytest.approx(
        60.49, abs=0.005
    )
