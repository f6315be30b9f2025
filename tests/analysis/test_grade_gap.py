"""What the next better grade asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

import riskkit as rk
from riskkit.analysis.grade_gap import GradeGap, grade_gap


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
