"""`QuarterPack`: everything the reports of one period are written from, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from riskkit import texts
from riskkit.analysis.history import quartiles
from riskkit.analysis.movement import Movement, compare
from riskkit.analysis.next_grade import NextGrade, next_grade
from riskkit.analysis.period_figures import PeriodFigures, period_figures
from riskkit.analysis.self_check import SelfCheckGap, compare_self_check
from riskkit.model import IndicatorModel
from riskkit.periods import Period
from riskkit.rectification import Findings, findings
from riskkit.report.grade_facts import Facts, facts
from riskkit.rows import Rows
from riskkit.scoring.assessment import Assessment
from riskkit.workspace import Workspace


@dataclass(frozen=True)
class QuarterPack:
    """One period's results in one language; `before` and `movement` are missing for the first period, `year_before`
    where there is no evidence of the same period a year earlier, or a period is a year."""

    workspace: Workspace
    lang: texts.Language
    assessment: Assessment
    before: Assessment | None
    movement: Movement | None
    findings: Findings
    self_check: SelfCheckGap
    year_before: PeriodFigures | None

    @property
    def model(self) -> IndicatorModel:
        """The model assessed under."""
        return self.assessment.model

    @property
    def period(self) -> Period:
        """The period reported."""
        return self.assessment.period

    @property
    def institution(self) -> str:
        """The institution's name."""
        return self.workspace.settings.name[self.lang]

    @property
    def marking(self) -> str:
        """The marking for headers and footers."""
        return self.workspace.settings.marking[self.lang]

    @property
    def ranked_apart(self) -> bool:
        """Whether ranks are among more units than are here."""
        return False

    @cached_property
    def ranking(self) -> pd.DataFrame:
        """The assessed units, best first; see `Assessment.ranking`. Shared by all who write: not to be changed."""
        return self.assessment.ranking()

    @cached_property
    def graded(self) -> pd.DataFrame:
        """The units with a grade and a rank, best first. Shared by all who write: not to be changed."""
        return self.ranking.dropna(subset=["rank"])

    @cached_property
    def standing(self) -> dict[str, dict[str, Any]]:
        """The rows of the summary, by unit."""
        rows: dict[Any, dict[str, Any]] = self.assessment.summary.to_dict("index")  # type: ignore[assignment]  # columns are named by text
        return rows

    @cached_property
    def reasons(self) -> dict[str, list[dict[str, Any]]]:
        """Why grades are no better, by unit: the rows of `Assessment.reasons`."""
        found: dict[str, list[dict[str, Any]]] = {}
        rows: list[dict[str, Any]] = self.assessment.reasons.to_dict("records")  # type: ignore[assignment]  # columns are named by text
        for row in rows:
            found.setdefault(row["unit"], []).append(row)
        return found

    @cached_property
    def grade_facts(self) -> Facts:
        """What the grades of all units rest on beside their scores."""
        return facts(self.assessment)

    @cached_property
    def history(self) -> pd.DataFrame:
        """Every period up to this one; see `Workspace.history`."""
        return self.workspace.history(self.period)

    @cached_property
    def totals(self) -> pd.DataFrame:
        """The rows of `history` that hold totals."""
        return self.workspace.totals(self.period)

    @cached_property
    def spread(self) -> pd.DataFrame:
        """The quartiles of all scores, period by period; see `riskkit.analysis.history`."""
        return quartiles(self.totals)

    @cached_property
    def sure(self) -> pd.DataFrame:
        """How sure the scores, ranks and grades of the ranked units are; see `Workspace.uncertainty`."""
        return self.workspace.uncertainty(self.period)

    @cached_property
    def silent(self) -> pd.DataFrame:
        """What the evidence cannot say of how sure results are; see `Workspace.silent`."""
        return self.workspace.silent(self.period)

    @cached_property
    def means(self) -> pd.DataFrame:
        """The mean score of the ranked units in every period, with its interval; see `Workspace.means`."""
        return self.workspace.means(self.period)

    @cached_property
    def real(self) -> pd.DataFrame | None:
        """Which changes since the last period are real; see `Workspace.real_change`."""
        return self.workspace.real_change(self.period) if self.before else None

    def way_up(self, unit: str) -> NextGrade:
        """The cheapest way to a unit's next better grade, by the efforts of the settings. That of the last unit asked
        for is kept: its workbook and its page both tell it."""
        kept = self._last_way.get(unit)
        if kept is None:
            kept = next_grade(self.assessment, unit, self.workspace.settings.effort)
            self._last_way.clear()
            self._last_way[unit] = kept
        return kept

    @cached_property
    def _last_way(self) -> dict[str, NextGrade]:
        return {}

    def course(self, unit: str) -> pd.DataFrame:
        """A unit's totals in every period: its rows of `totals`."""
        return self._courses.of(unit)

    @cached_property
    def _courses(self) -> Rows:
        return Rows(self.totals)

    @cached_property
    def figures_before(self) -> PeriodFigures | None:
        """The figures of the period before."""
        return period_figures(self.before) if self.before else None

    def real_against(self, before: Period) -> pd.DataFrame:
        """Which changes since an earlier period are real; see `Workspace.real_change`."""
        return self.workspace.real_change(self.period, against=before)

    @cached_property
    def origins(self) -> pd.DataFrame:
        """Where every unit's every value came from; see `Workspace.origins`."""
        return self.workspace.origins(self.period)

    def places(self, unit: str) -> pd.DataFrame:
        """Where a unit's values came from: its rows of `origins`."""
        return self._places.of(unit)

    @cached_property
    def _places(self) -> Rows:
        return Rows(self.origins)


_kept: list[QuarterPack] = []


def keep(pack: QuarterPack) -> None:
    """Have `kept` give this pack in this process and in those forked from it, with what all reports read."""
    _ = pack.sure, pack.silent, pack.means, pack.real, pack.origins
    _kept[:] = [pack]


def kept(workspace: str, period: object, lang: texts.Language | None) -> QuarterPack | None:
    """The pack that was kept, if it is the one of this workspace, period and language."""
    for pack in _kept:
        if (workspace, str(period), lang) == (str(pack.workspace.path), str(pack.period), pack.lang):
            return pack
    return None


def prepare(workspace: Workspace, period: object = None, lang: texts.Language | None = None) -> QuarterPack:
    """Compute what the reports of a period need; the history ends with that period.

    >>> prepare(open_workspace("data_samples/bank"), "2026Q2").movement.units
    """
    wanted = workspace.period(period)
    year_before = _year_before(workspace, wanted)  # while little else is in memory
    assessment = workspace.assessment(wanted)
    before = workspace.assessment(wanted.previous()) if wanted.previous() in workspace.periods else None
    return QuarterPack(
        workspace=workspace,
        lang=lang or workspace.lang,
        assessment=assessment,
        before=before,
        movement=compare(before, assessment) if before else None,
        findings=findings(assessment.measures),
        self_check=compare_self_check(assessment.measures),
        year_before=year_before,
    )


def _year_before(workspace: Workspace, period: Period) -> PeriodFigures | None:
    wanted = period.shift(-4)
    if period.frequency != "quarter" or wanted not in workspace.periods:
        return None
    with workspace.briefly():
        return period_figures(workspace.assessment(wanted))
