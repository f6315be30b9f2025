"""Every number printed in the chapter "What the ranking hangs on" of docs/methods.*.md comes out of the program."""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import riskkit as rk
from riskkit.analysis.rank_intervals import RankIntervals, draw_weights
from riskkit.analysis.weight_change import WeightChange
from riskkit.scoring.variation import vary
from tests.scoring import tiny
from tests.test_methods import LANGUAGES, number, page

ROOT = Path(__file__).resolve().parents[1]
TITLE = {"en": "What the ranking hangs on", "zh": "排名取决于什么"}
DRAWS, SEED = 20_000, 1


def section(lang: str, place: int) -> str:
    """A section of the chapter, wherever the chapter stands, on one line."""
    chapter = re.search(rf"^## (\d+) {TITLE[lang]}\n(.*?)(?=^## )", page(lang), re.DOTALL | re.MULTILINE)
    assert chapter, f"methods.{lang}.md has no chapter {TITLE[lang]}"
    found = re.search(
        rf"^### {chapter[1]}\.{place} .*?\n(.*?)(?=^### |\Z)", chapter[2], re.DOTALL | re.MULTILINE
    )
    assert found
    return " ".join(found[1].split())


def two_branches(weight: float = 0.5) -> rk.Assessment:
    """X with 80 and 60 points, Y with 60 and 70, two items: the first of the weight given, the second of the rest."""
    weights = {"p": weight, "q": 1 - weight}
    nodes = [
        {"id": each.upper(), "name": tiny.name(each), "weight": own, "children": [tiny.item(each, 1)]}
        for each, own in weights.items()
    ]
    model = tiny.model(nodes=nodes)
    values = {"X": {"p": 0.8, "q": 0.6}, "Y": {"p": 0.6, "q": 0.7}}
    return rk.score(model, tiny.measures(model, values))


class Example:
    """The three branches with numbers changed and parts left out; the two invented branches under drawn weights."""

    def __init__(self, folder: Path) -> None:
        source = ROOT / "data_samples" / "worked_example"
        shutil.copytree(source, folder / "bank", ignore=shutil.ignore_patterns(".riskkit"))
        self.now = rk.open_workspace(folder / "bank").assessment("2026Q2")
        self.left_out = rk.leave_one_out(self.now)
        self.two = two_branches()

    def drawn(self, concentration: float) -> RankIntervals:
        return rk.rank_intervals(self.two, draws=DRAWS, seed=SEED, concentration=concentration)

    def sd(self, weight: float, concentration: float) -> float:
        """The standard deviation of the first item's weight over the draws."""
        rng = np.random.default_rng(SEED)
        scored = two_branches(weight).assessed
        return float(draw_weights(scored, DRAWS, concentration, rng)["weight:P"].std())

    def after(self, unit: str, **changes: float | pd.Series) -> float:
        named = {name.replace("_", ":"): change for name, change in changes.items()}
        return float(rk.what_if(self.now, named).loc[unit, "score_after"])

    @cached_property
    def turn(self) -> WeightChange:
        """Where the two invented branches change places."""
        return rk.smallest_reversal(self.two, "X", "Y")

    @cached_property
    def better_grade(self) -> WeightChange:
        return rk.smallest_grade_change(self.now, "S", depth=2)

    def between(self, unit: str, other: str, node: str) -> float:
        scores = self.now.scores(1)[node]
        return float(scores[unit] - scores[other])

    def at_the_turn(self, unit: str) -> float:
        """The unrounded total where P1 weighs what brings N level with S."""
        weight = float(rk.smallest_reversal(self.now, "N", "S", depth=2).single.loc["P1", "up"])
        assert weight == pytest.approx(0.574, abs=5e-4)
        others = self.now.model.nodes["P1"].weight
        raw = weight * (1 - others) / (1 - weight)
        row = list(self.now.summary.index).index(unit)
        return float(vary(self.now.assessed, {"weight:P1": raw}).total()[row, 0])

    def without(self, unit: str, item: str) -> float:
        return float(self.left_out.scores.loc[unit, item])


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return Example(tmp_path_factory.mktemp("hanging"))


NO_LOAN = pd.Series({"N": 0.0})
Read = Callable[[Example], float]
SHOWN: list[tuple[int, str, Read]] = [
    (1, "0.5 × 80 + 0.5 × 60 = 70", lambda e: float(e.two.summary.loc["X", "score"])),
    (1, "0.5 × 60 + 0.5 × 70 = 65", lambda e: float(e.two.summary.loc["Y", "score"])),
    (2, "0.5 × 69.20 + 0.5 × 73.88 = 71.54", lambda e: e.after("N", weight_P=0.5, weight_Q=0.5)),
    (2, "0.5 × 73.33 + 0.5 × 78.75 = 76.04", lambda e: e.after("S", weight_P=0.5, weight_Q=0.5)),
    (2, "0.556 × 69.20 + 0.444 × 73.88 = 71.28", lambda e: e.after("N", weight_P=0.5)),
    (2, "0.6 × 83.20 + 0.4 × 73.88 = 79.47", lambda e: e.after("N", value_P2=NO_LOAN)),
    (3, "0.6 × 64.67 + 0.4 × 73.88 = 68.35", lambda e: e.without("N", "P1")),
    (3, "0.6 × 100 + 0.4 × 78.75 = 91.50", lambda e: e.without("S", "P1")),
    (3, "91.50 − 75.50 = 16.00", lambda e: float(e.left_out.nodes.loc["P1", "largest_change"])),
    (3, "0.6 × 66.50 + 0.4 × 73.88 = 69.45", lambda e: e.without("N", "P3")),
    (3, "0.6 × 60 + 0.4 × 78.75 = 67.50", lambda e: e.without("S", "P3")),
    (4, "0.6 × 69.20 + 0.4 × 73.53 = 70.93", lambda e: e.after("N", weight_Q1=0.4)),
    (5, "10 ÷ 30 = 0.333", lambda e: e.turn.single.loc["P", "down"]),
    (5, "0.5 − 0.333 = 0.167", lambda e: e.turn.distance),
    (5, "73.33 − 69.20 = 4.13", lambda e: e.between("S", "N", "P")),
    (5, "78.7476 − 73.8833 = 4.8643", lambda e: e.between("S", "N", "Q")),
    (5, "0.6 × 71.173 + 0.4 × 73.883 = 72.257", lambda e: e.at_the_turn("N")),
    (5, "0.6 × 67.930 + 0.4 × 78.748 = 72.257", lambda e: e.at_the_turn("S")),
    (5, "0.175 ÷ 0.825 = 0.212", lambda e: e.better_grade.single.loc["P3", "up"]),
]  # fmt: skip


def check(where: int, printed: str, found: float, slack: float = 0.0) -> None:
    """A printed sum stands in both languages, and its last number is what was found."""
    for lang in LANGUAGES:
        assert printed in section(lang, where)
    last = re.search(r"\d[\d.]*$", printed)
    assert last is not None
    value, half = number(last[0])
    assert found == pytest.approx(value, abs=max(half + 1e-9, slack))


@pytest.mark.parametrize(("where", "printed", "read"), SHOWN, ids=[f"{w} {p}" for w, p, _ in SHOWN])
def test_the_program_gives_what_is_printed(example: Example, where: int, printed: str, read: Read) -> None:
    check(where, printed, read(example))


@pytest.mark.parametrize(
    ("printed", "weight", "concentration"),
    [
        ("(0.3 × 0.7 ÷ 101)^0.5 = 0.0456", 0.3, 100),
        ("(0.5 × 0.5 ÷ 3)^0.5 = 0.289", 0.5, 2),
        ("(0.5 × 0.5 ÷ 101)^0.5 = 0.0498", 0.5, 100),
    ],
)
def test_drawn_weights_scatter_as_told(
    example: Example, printed: str, weight: float, concentration: float
) -> None:
    found = example.sd(weight, concentration)
    check(1, printed, found, slack=0.02 * found)


def test_scores_under_weights_of_which_each_is_as_likely_run_as_worked_out(example: Example) -> None:
    units = example.drawn(2).units
    for unit, column, printed in (
        ("X", "score_low", "60 + 20 × 0.05 = 61.0"),
        ("X", "score_median", "60 + 20 × 0.5 = 70.0"),
        ("X", "score_high", "60 + 20 × 0.95 = 79.0"),
        ("Y", "score_low", "70 − 10 × 0.95 = 60.5"),
        ("Y", "score_high", "70 − 10 × 0.05 = 69.5"),
    ):
        check(1, printed, float(units.loc[unit, column]), slack=0.2)
    for lang in LANGUAGES:
        assert "20,000" in section(lang, 1)


def test_the_second_leads_in_a_third_of_the_draws(example: Example) -> None:
    """X = 60 + 20 a and Y = 70 − 10 a meet at a = 1/3, and every a is as likely."""
    rng = np.random.default_rng(SEED)
    drawn = draw_weights(example.two.assessed, DRAWS, 2, rng)
    x, y = vary(example.two.assessed, drawn).total()
    check(1, "10 ÷ 30 = 0.333", float((y > x).mean()), slack=0.01)
    ranks = example.drawn(2).units[["rank", "rank_low", "rank_median", "rank_high"]]
    assert ranks.loc["X"].tolist() == [1, 1, 1, 2]
    assert ranks.loc["Y"].tolist() == [2, 1, 2, 2]
    assert example.drawn(100).units.loc["X", ["rank_low", "rank_high"]].tolist() == [1, 1]


def test_what_is_told_of_ranks_is_so(example: Example) -> None:
    changed = rk.what_if(example.now, {"value:P2": NO_LOAN})
    assert changed["rank_after"].dropna().to_dict() == {"N": 1, "S": 2}
    assert changed.loc["N", "change"] == pytest.approx(8.40, abs=0.005)
    assert example.now.losses("N").set_index("id").loc["P2", "lost"] == pytest.approx(8.40, abs=0.005)
    assert example.left_out.nodes.loc[["P1", "P3"], "rank_correlation"].tolist() == pytest.approx([1, -1])
    assert example.left_out.ranks["P3"].to_dict() == {"N": 1, "S": 2}


def test_the_table_names_every_kind_of_parameter(example: Example) -> None:
    own = {re.sub(r":\d+:", ":K:", name) for name in rk.parameters(example.now).index}
    own = {re.sub(r"^(weight):.*", r"\1:NODE", name) for name in own}
    own = {re.sub(r"^(value|points|scale):[^:]+", r"\1:ITEM", name) for name in own}
    for lang in LANGUAGES:
        table = section(lang, 2).partition(" `parameters`")[0]
        assert set(re.findall(r"`([^`]+)`", table)) == own | {"exponent:NODE"}
    power = rk.score(example.now.model.with_aggregate("power", 0.5), example.now.measures)
    assert {"exponent:", "exponent:P", "exponent:Q"} <= set(rk.parameters(power).index)


def test_what_a_change_does_not_reach_is_not_computed_again(example: Example) -> None:
    """Were P computed again, its wrong score planted here would be put right."""
    scored = example.now.assessed
    planted = scored.inner.copy()
    planted[:, scored.plan.inner_position["P"]] = 0.0
    wrong = dataclasses.replace(scored, inner=planted)
    found = vary(wrong, {"weight:Q1": 0.4}).total()[0, 0]
    assert found == pytest.approx(0.4 * 73.53, abs=0.005)


def test_a_change_that_reaches_nothing_is_refused(example: Example) -> None:
    for lang in LANGUAGES:
        assert "`value:P4R`" in section(lang, 4)
    alone = {"weight:p": 0.5}
    for now, changes in (
        (example.now, {"value:P4R": 0.0}),
        (example.now, {"weight:Z": 0.5}),
        (example.two, alone),
    ):
        with pytest.raises(rk.Misuse):
            rk.what_if(now, changes)


def test_under_the_concentration_2_x_stays_first_in_two_thirds_of_the_draws(example: Example) -> None:
    kept = rk.weight_stability(example.two, draws=DRAWS, seed=SEED, concentration=2, top=1)
    check(5, "1 − 0.333 = 0.667", kept.same_top, slack=0.01)


def test_no_weights_of_the_dimensions_move_the_worked_example(example: Example) -> None:
    """S is ahead in both dimensions; short of A in P alone, and above B in both."""
    for lang in LANGUAGES:
        assert "60 × 0.65 + 100 × 0.35 = 74" in section(lang, 5)
    assert rk.smallest_reversal(example.now, "N", "S").answer == "never"
    assert rk.smallest_grade_change(example.now, "S").answer == "never"
    found = example.better_grade
    assert (found.answer, found.method, found.grades) == ("found", "one_weight", ("B", "A"))
    assert found.move is not None
    assert found.move[0] == "P3"
