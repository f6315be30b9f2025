"""What the next better grade asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

import riskkit as rk
from riskkit.analysis.grade_gap import GradeGap, grade_gap, grade_held, grades_above


@pytest.fixture(scope="module")
def now(sample_bank: Path) -> rk.Assessment:
    return rk.open_workspace(sample_bank).assessment("2026Q2")


def unmet(gap: GradeGap) -> list[tuple[str, str]]:
    return [(each.kind, each.node or each.red_line) for each in gap.requirements if not each.met]


def test_whoever_lacks_the_best_grade_fails_something_it_asks_for(now: rk.Assessment) -> None:
    order = list(now.model.grades)
    for unit, grade in now.summary["grade"].dropna().items():
        gap = grade_gap(now, str(unit))
        if grade == order[0]:
            assert gap == GradeGap(str(unit), None, ())
        else:
            assert order.index(str(gap.grade)) == order.index(grade) - 1
            assert unmet(gap), unit


def test_a_unit_capped_by_a_red_line_is_told_that_alone(now: rk.Assessment) -> None:
    gap = grade_gap(now, "0302")
    assert gap.grade == "B"
    assert unmet(gap) == [("cap", "RL06")]


def test_a_unit_vetoed_is_told_the_veto(now: rk.Assessment) -> None:
    assert ("veto", "RL07") in unmet(grade_gap(now, "0404"))


def test_a_provisional_unit_has_no_next_grade(now: rk.Assessment) -> None:
    assert grade_gap(now, "0411").grade is None


def test_every_node_that_falls_short_is_named(now: rk.Assessment) -> None:
    """Grade A asks for 80 in every dimension and 60 in every indicator; 0103 has B."""
    scores = {**now.scores(1).loc["0103"], **now.scores(2).loc["0103"]}
    short = {name for name, score in scores.items() if score < (80 if len(str(name)) == 1 else 60)}
    assert {name for kind, name in unmet(grade_gap(now, "0103")) if kind == "node_min"} == short


def test_an_unknown_unit_is_refused(now: rk.Assessment) -> None:
    with pytest.raises(rk.Misuse, match="0103"):
        grade_gap(now, "01O3")


def test_the_grade_held_tells_what_lies_nearest_to_losing_it(now: rk.Assessment) -> None:
    """0106 has A with 94.35 points: 4.35 above the 90 asked for. Its lowest dimension is B, its lowest indicator A2."""
    held = grade_held(now, "0106")
    assert held.grade == "A"
    assert [each.met for each in held.requirements] == [True] * 6
    assert [(each.kind, each.node) for each in held.requirements[:3]] == [
        ("score", ""),
        ("node_min", str(now.scores(1).loc["0106"].idxmin())),
        ("node_min", str(now.scores(2).loc["0106"].idxmin())),
    ]
    assert held.requirements[0].room == pytest.approx(4.35)
    every = grade_held(now, "0106", every=True).requirements
    assert len(every) == 1 + 3 + 16 + 3  # score, dimensions, indicators; coverage, evidence, red lines
    rooms = [each.room for each in every[:20]]
    assert rooms == sorted(rooms)


def test_every_better_grade_is_told_what_it_lacks(now: rk.Assessment) -> None:
    """0404 is vetoed with 85.58 points: the veto bars D, C and B alone, and A also asks for 90."""
    above = grades_above(now, "0404")
    assert [gap.grade for gap in above] == ["D", "C", "B", "A"]
    assert [unmet(gap) for gap in above[:3]] == [[("veto", "RL07")]] * 3
    assert {("score", ""), ("no_red_line", "RL07"), ("veto", "RL07")} <= set(unmet(above[3]))
    assert grades_above(now, "0106") == grades_above(now, "0411") == []
