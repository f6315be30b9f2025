"""A period's results for those who see every unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.analysis.real_change import REAL, RealChange
from riskkit.analysis.uncertainty import uncertainty
from riskkit.evidence.states import NOT_ASSESSED, REFUSED_STATE
from riskkit.report import charts, figures, phrases
from riskkit.report.change_words import real_changes, silence, verdict
from riskkit.report.pages import parts
from riskkit.report.pages.parts import Cell, Part
from riskkit.report.pages.report import Report
from riskkit.report.quarter import watch
from riskkit.workspace import FALSE_CHANGES

TOP = 8
"""Rows of a table that shows only the most pressing."""


class QuarterReport(Report):
    """The whole institution's report for one period."""

    def facts(self) -> dict[str, Any]:
        """What headings may say."""
        ranking = self.now.ranking()
        findings = self.pack.findings
        outstanding = findings.outstanding()
        return {
            **super().facts(),
            "units": len(ranking),
            "provisional": int(ranking["provisional"].sum()),
            "mean": self.score(figures.mean_score(self.now)),
            "findings": len(outstanding),
            "overdue": int((outstanding["overdue_days"] > 0).sum()),
            "events": len(phrases.in_effect(self.now)),
            "candidates": len(self.now.candidates()),
        }

    # ------------------------------------------------------------ at a glance

    def masthead(self) -> Part:
        """Which period, and the figures of the whole."""
        title = parts.heading(self.say("quarter.title", institution=self.pack.institution, **self.facts()), 1)
        line = parts.note(
            self.say("quarter.line", cutoff=self.now.period.cutoff.isoformat(), marking=self.pack.marking)
        )
        shown = [title, line, parts.tiles(list(self._figures())), parts.note(real_changes(self.book))]
        return Part("".join(part.html for part in shown), "\n".join(part.plain for part in shown))

    def _figures(self) -> Iterator[tuple[str, Cell]]:
        mean = figures.mean_score(self.now)
        yield self.say("figure.mean"), Cell(self.score(mean))
        if self.pack.before is not None:
            yield self.say("figure.change"), self.change(mean - figures.mean_score(self.pack.before))
        if self.pack.real is not None:
            real = int((self.pack.real["verdict"] == REAL).sum())
            yield self.say("figure.real"), Cell(f"{real} / {len(self.pack.real)}")
        for grade, count in figures.grade_counts(self.pack).items():
            cell = self.grade(grade)
            yield cell.text, Cell(str(count), cell.tone)
        provisional = self.facts()["provisional"]
        if provisional:
            yield self.say("figure.provisional"), Cell(str(provisional), "grey")

    def watch_list(self, limit: int = TOP) -> Part:
        """The units that ask for a decision, why, and which decision."""
        pending = {
            str(unit): int(count) for unit, count in self.now.candidates().groupby("unit").size().items()
        }
        rows: list[list[Cell | str]] = [
            [self._unit(each.unit), self._scored(each.unit), self._graded(each.unit), each.why, each.decide]
            for each in watch.watch_list(self.book, pending, limit)
        ]
        return parts.table(
            self.columns("unit", ">score", "grade", "~reason", "~decision"), rows, none=self.say("watch.none")
        )

    def _unit(self, unit: str) -> str:
        name = self.now.measures.units["name"].get(unit, "")
        return f"{unit} {name}".strip()

    def _scored(self, unit: str) -> str:
        return self.score(self.now.summary["score"].get(unit, float("nan")))

    def _graded(self, unit: str) -> Cell:
        return self.grade(self.now.summary["grade"].get(unit))

    def alike(self) -> Part:
        """Which ranks cannot be told apart."""
        how = self.pack.workspace.settings.simulation
        words = {"draws": how.draws, "seed": how.seed, "alike": phrases.tie_groups(self.book)}
        return parts.note(self.book.say("ranking.sure", **words), *silence(self.book))

    def sure_chart(self) -> charts.Picture:
        """Every score with its interval and the chance of each grade."""
        how = self.pack.workspace.settings.simulation
        found = uncertainty(self.now, draws=how.draws, seed=how.seed)
        return charts.picture(charts.uncertainty, found, lang=self.lang)

    def rollups(self) -> Part:
        """The institution and its regions: score, change, grade."""
        rows = [self._standing(str(unit), row) for unit, row in self.now.rollups().iterrows()]
        names = [node.id for node in self.model.dimensions]
        columns = self.columns("unit", ">score", ">change", "grade")
        columns += [parts.Column(self.node(name), "right") for name in names]
        return parts.table(columns, rows, none=self.say("rollups.none"))

    def _standing(self, unit: str, row: Any) -> list[Cell | str]:
        moved = self.pack.movement
        change = float("nan") if moved is None else float(moved.units["change"].get(unit, float("nan")))
        scores = [self.points(score) for score in self.now.scores(1).loc[unit]]
        return [
            self._unit(unit),
            Cell(self.score(row["score"]), bold=True),
            self.change(change),
            self.grade(row["grade"]),
            *scores,
        ]

    # ------------------------------------------------------------ what changed

    def movers(self, limit: int = 5) -> Part:
        """The greatest gains and the greatest falls, and what is behind each."""
        moved = figures.comparable(self.pack)
        gained, fell = (
            moved[moved["change"] > 0].head(limit),
            moved[moved["change"] < 0].tail(limit).iloc[::-1],
        )
        rows = [self._mover(str(unit), row) for part in (gained, fell) for unit, row in part.iterrows()]
        columns = self.columns("unit", ">score_before", ">score", ">change", "verdict", "~causes")
        return parts.table(columns, rows, none=self.say("changes.first"))

    def real_chart(self) -> Part | charts.Picture:
        """Which changes are real; a sentence where there is nothing to compare with."""
        if self.pack.before is None or self.pack.real is None:
            return parts.note(self.say("changes.first"))
        found = RealChange(self.pack.before, self.now, FALSE_CHANGES, self.pack.real)
        return charts.picture(charts.real_change, found, lang=self.lang)

    def _mover(self, unit: str, row: Any) -> list[Cell | str]:
        causes = "；".join(
            f"{watch.cause_name(self.book, item)} {self.book.signed(change)}"
            for item, change in figures.causes(self.pack, unit)
        )
        before, after = self.score(row["score_before"]), self.score(row["score_after"])
        moved: list[Cell | str] = [before, Cell(after, bold=True), self.change(row["change"])]
        return [self._unit(unit), *moved, self._verdict(unit), causes]

    def _verdict(self, unit: str) -> str:
        real = self.pack.real
        return (
            "–" if real is None or unit not in real.index else verdict(self.book, str(real["verdict"][unit]))
        )

    # ------------------------------------------------------------ what to decide

    def red_lines(self) -> Part:
        """Red-line events in effect."""
        events = phrases.in_effect(self.now)
        rows = (
            [[self._unit(str(u)), *row] for u, row in zip(events["unit"], self.events(events), strict=True)]
            if len(events)
            else []
        )
        columns = self.columns("unit", "event", "red_line", "~facts", "confirmed", "status", "effect_words")
        return parts.table(columns, rows, none=self.say("red_lines.none"))

    def candidates(self) -> Part:
        """Evidence rows that ask for a ruling, counted by unit and red line; they have no effect of their own."""
        found = self.now.candidates()
        groups = found.groupby(["red_line", "unit"], sort=True)
        rows: list[list[Cell | str]] = [
            [
                phrases.line_name(self.book, str(line)),
                self._unit(str(unit)),
                str(len(some)),
                self._places(some),
            ]
            for (line, unit), some in groups
        ]
        return parts.table(
            self.columns("~red_line", "unit", ">rows", "~origin"), rows, none=self.say("candidates.none")
        )

    def _places(self, rows: pd.DataFrame, limit: int = 3) -> str:
        places = [
            " · ".join(
                str(part) for part in (row["_file"], row["_sheet"], row["_row"]) if part not in ("", None)
            )
            for _, row in rows.head(limit).iterrows()
        ]
        return "；".join(places) + (" …" if len(rows) > limit else "")

    def findings(self, limit: int = TOP) -> Part:
        """The units with the most overdue findings."""
        if self.pack.findings.rows.empty:
            return parts.note(self.say("findings.none"))
        by_unit = self.pack.findings.by_unit().sort_values(
            ["overdue", "longest", "outstanding"], ascending=False, kind="stable"
        )
        rows: list[list[Cell | str]] = [
            [
                self._unit(str(unit)),
                str(row["outstanding"]),
                Cell(str(row["overdue"]), "bad" if row["overdue"] else ""),
                str(row["longest"]),
                str(row["closed"]),
            ]
            for unit, row in by_unit[by_unit["outstanding"] > 0].head(limit).iterrows()
        ]
        columns = self.columns("unit", ">outstanding", ">overdue", ">longest", ">closed")
        return parts.table(columns, rows, none=self.say("findings.none"))

    # ------------------------------------------------------------ how far to trust it

    def self_checks(self, limit: int = TOP) -> Part:
        """The units whose self-check is kinder than the inspection, the kindest first."""
        found = self.pack.self_check.units.sort_values("gap", ascending=False, kind="stable")
        rows: list[list[Cell | str]] = [
            [
                self._unit(str(unit)),
                f"{row['self_share']:.1%}",
                f"{row['inspected_share']:.1%}",
                f"{row['gap']:+.1%}",
                f"{row['items']:.0f}",
            ]
            for unit, row in found[found["gap"] > 0].head(limit).iterrows()
        ]
        columns = self.columns("unit", ">own_share", ">inspected_share", ">gap", ">items_compared")
        return parts.table(columns, rows, none=self.say("self_check.nobody"))

    def gaps(self) -> Part:
        """The units with items not assessed or refused, and what that leaves of their coverage."""
        items = self.now.items
        missing = items[items["state"].isin([NOT_ASSESSED, REFUSED_STATE])]
        missing = missing[missing["item"].map(self.model.nominal_weights) > 0]
        counts = (
            missing.groupby(["unit", "state"])
            .size()
            .unstack(fill_value=0)
            .reindex(columns=[NOT_ASSESSED, REFUSED_STATE], fill_value=0)
        )
        counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
        rows: list[list[Cell | str]] = [
            [
                self._unit(str(unit)),
                str(row[NOT_ASSESSED]),
                Cell(str(row[REFUSED_STATE]), "bad" if row[REFUSED_STATE] else ""),
                f"{self.now.summary['coverage'][str(unit)]:.1%}",
                self._graded(str(unit)),
            ]
            for unit, row in counts.iterrows()
        ]
        columns = self.columns("unit", ">not_assessed", ">refused", ">coverage", "grade")
        return parts.table(columns, rows, none=self.say("gaps.none"))

    def reading_notes(self) -> Part:
        """What was remarked on while the evidence was read, counted by kind."""
        notes = self.now.measures.evidence[self.now.period].notes
        sentence = self.say("quarter.notes", n=len(notes), period=self.now.period)
        return parts.note(sentence if notes else self.say("quarter.no_notes"))
