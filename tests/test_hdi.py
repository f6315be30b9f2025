"""Known answer: the Human Development Index of 2021 as UNDP printed it in the Human Development Report 2021/22."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pandas as pd
import pytest

from riskkit.model import load_model
from riskkit.model.schema import Goalposts
from riskkit.workspace import open_workspace

HDI = Path(__file__).parents[1] / "data_samples" / "hdi"


def test_goalposts_are_those_of_the_technical_note() -> None:
    scales = {name: item.scale for name, item in load_model("hdi").items.items()}
    assert scales == {
        "life": Goalposts(type="goalposts", low=20, high=85),
        "expected": Goalposts(type="goalposts", low=0, high=18),
        "mean": Goalposts(type="goalposts", low=0, high=15),
        "income": Goalposts(type="goalposts", low=100, high=75000, log=True),
    }


def test_dimensions_are_equal_thirds_in_a_geometric_mean() -> None:
    spec = load_model("hdi").spec
    assert spec.aggregate == "geometric"
    assert [node.weight for node in spec.nodes] == pytest.approx([1 / 3] * 3, abs=1e-15)
    assert [(grade.id, grade.min) for grade in spec.grades] == [
        ("very_high", 0.8),
        ("high", 0.7),
        ("medium", 0.55),
        ("low", 0),
    ]


def test_the_inputs_kept_here_give_the_published_index_by_hand() -> None:
    inputs = pd.read_csv(HDI / "evidence" / "2021" / "countries.csv", index_col=0)
    published = pd.read_csv(HDI / "published.csv", index_col=0)["published"]
    assert len(published) == 15
    for country, (life, expected, mean, income) in inputs.iterrows():
        health = min(1, (life - 20) / 65)
        education = (min(1, expected / 18) + min(1, mean / 15)) / 2
        living = min(1, math.log(income / 100) / math.log(750))
        assert round((health * education * living) ** (1 / 3), 3) == published[country], country


def test_the_engine_gives_the_published_index_the_ranks_and_the_bands(tmp_path: Path) -> None:
    copy = shutil.copytree(HDI, tmp_path / "hdi", ignore=shutil.ignore_patterns(".riskkit"))
    ranking = open_workspace(copy).assessment("2021").ranking()
    published = pd.read_csv(HDI / "published.csv", index_col=0)["published"]
    assert ranking["score"].to_dict() == published.to_dict()
    assert list(ranking.index) == list(published.sort_values(ascending=False).index)
    assert ranking["rank"].tolist() == list(range(1, 16))
    assert ranking["grade"].value_counts().to_dict() == {"very_high": 9, "high": 2, "medium": 1, "low": 3}
