"""`PartPack`: what one first-level branch's workbook of details is written from, and of no other unit anything."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from riskkit.analysis.movement import Movement
from riskkit.analysis.self_check import SelfCheckGap
from riskkit.rectification import Findings
from riskkit.report.pack import QuarterPack
from riskkit.scoring import grades
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.plan import Scored


@dataclass(frozen=True)
class PartPack(QuarterPack):
    """The results of some units that stand together, as the `whole` bank's pack has them; ranks stay bank-wide."""

    whole: QuarterPack
    top: str

    @property
    def ranked_apart(self) -> bool:
        """Ranks are among more units than are here."""
        return True

    @cached_property
    def sure(self) -> pd.DataFrame:
        """As in the whole, for the units here."""
        return self._here(self.whole.sure)

    @cached_property
    def real(self) -> pd.DataFrame | None:
        """As in the whole, for the units here."""
        return None if self.whole.real is None else self._here(self.whole.real)

    def _here(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame.index.isin(self.assessment.summary.index)]


def first_level(assessment: Assessment) -> dict[str, list[int]]:
    """The places in the register of all units at and below each first-level branch, by its code: the units right below
    the whole institution that have others below them. What stands below none of these goes with the institution."""
    register, parents = assessment.measures.units, assessment.measures.parents
    codes, above = list(register.index), set(parents.tolist())
    tops: dict[int, int] = {}

    def top(place: int) -> int:
        """The first-level branch at or above a unit; the institution itself for none."""
        if place not in tops:
            parent = int(parents[place])
            if parent < 0:
                tops[place] = place
            elif parents[parent] < 0:
                tops[place] = place if place in above else parent
            else:
                tops[place] = top(parent)
        return tops[place]

    found: dict[str, list[int]] = {}
    for place in range(len(codes)):
        found.setdefault(codes[top(place)], []).append(place)
    assessed = assessment.summary.index[~assessment.summary["rollup"]]
    return {
        code: places for code, places in found.items() if assessed.isin([codes[at] for at in places]).any()
    }


def part(pack: QuarterPack, top: str, places: list[int]) -> PartPack:
    """The pack of the units at some places of the register, `top` the one above all others."""
    register = pack.assessment.measures.units.iloc[places]
    assessment = _assessment(pack.assessment, register, places)
    units = register.index
    movement = pack.movement
    if movement is not None:
        changes = movement.units[movement.units.index.isin(units)]
        movement = Movement(movement.before, assessment, changes, movement.why)
    register_of_findings = pack.findings.rows
    return PartPack(
        workspace=pack.workspace,
        lang=pack.lang,
        assessment=assessment,
        before=pack.before,
        movement=movement,
        findings=Findings(register_of_findings[register_of_findings["unit"].isin(units)]),
        self_check=SelfCheckGap(pack.self_check.units[pack.self_check.units.index.isin(units)]),
        year_before=pack.year_before,
        whole=pack,
        top=top,
    )


def _assessment(whole: Assessment, register: pd.DataFrame, places: list[int]) -> Assessment:
    """The same results for some units of the register alone, nothing scored again."""
    units = register.index
    rows = np.flatnonzero(whole.summary.index.isin(units))
    held = whole.summary.index[rows]
    measures, standing = whole.measures, whole.standing
    own = dataclasses.replace(
        measures,
        units=register.assign(parent=register["parent"].where(register["parent"].isin(units))),
        frame=measures.frame[measures.frame["unit"].isin(units)],
    )
    graded = _scored(whole.graded, rows)
    stands = grades.Standing(
        held,
        standing.score[rows],
        graded.columns,
        standing.coverage[rows],
        lambda classes: standing.class_share(classes)[rows],
        standing.events[standing.events["unit"].isin(units)],
    )
    return Assessment(
        whole.model,
        own,
        whole.summary.iloc[rows],
        whole.events[whole.events["unit"].isin(units)],
        graded,
        graded if whole.observed is whole.graded else _scored(whole.observed, rows),
        stands,
        grades.grade(whole.model, stands),
    )


def _scored(scored: Scored, rows: np.ndarray) -> Scored:
    given, values = (None if each is None else each[rows] for each in (scored.given, scored.values))
    return Scored(scored.plan, scored.inner[rows], given, values)
