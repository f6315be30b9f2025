"""What a branch may see of itself: its own numbers in full, its peers as quartiles, no other branch at all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pandas as pd

from riskkit.analysis.grade_gap import Requirement, grade_gap, grade_held
from riskkit.analysis.next_grade import NextGrade
from riskkit.analysis.peers import PeerPlace, place
from riskkit.discretion import SMALLEST_GROUP, masked
from riskkit.evidence.measures import reason_text
from riskkit.evidence.states import CARRIED, COUNTED
from riskkit.model.checks import SOURCE_OF
from riskkit.report import charts, phrases
from riskkit.report.change_words import real_change_of, silence
from riskkit.report.pack import QuarterPack
from riskkit.report.pages import parts
from riskkit.report.pages.parts import Cell, Part
from riskkit.report.pages.report import Report
from riskkit.report.tables import value_text
from riskkit.report.way_words import Step, required, way_lead, way_steps, why_not_next
from riskkit.scoring.plan import ROOT

TOP = 15
"""Rows of a table that shows only the largest."""


class BranchReport(Report):
    """One unit's report for one period."""

    def __init__(self, pack: QuarterPack, unit: str) -> None:
        super().__init__(pack)
        self.unit = pack.assessment.check_unit(unit)
        self.row: Any = pack.assessment.summary.loc[unit]

    @cached_property
    def peers(self) -> PeerPlace:
        """The unit's place among its peers."""
        return place(self.now, self.unit)

    @cached_property
    def way(self) -> NextGrade:
        """The cheapest way to the next better grade."""
        return self.pack.way_up(self.unit)

    @cached_property
    def items_frame(self) -> pd.DataFrame:
        """The unit's items, what fewer than five people said taken out."""
        items = self.now.unit_items(self.unit)
        few = phrases.withheld(items, self.model.items)
        items["few"] = few
        return items

    def facts(self) -> dict[str, Any]:
        """What headings may say."""
        return self._facts

    @cached_property
    def _facts(self) -> dict[str, Any]:
        outstanding = self.pack.findings.outstanding(self.unit)
        return {
            **super().facts(),
            "unit": self.row["name"],
            "score": self.score(self.row["score"]),
            "verdict": self._verdict(),
            "lost": self.score(self.model.spec.score.maximum - self.row["score"]),
            "change": self.change(self._change()).text,
            "events": int((self.now.events["unit"] == self.unit).sum()) if len(self.now.events) else 0,
            "findings": len(outstanding),
            "overdue": int((outstanding["overdue_days"] > 0).sum()),
            "items": len(self.items_frame),
        }

    def _verdict(self) -> str:
        grade = self.row["grade"]
        name = phrases.grade_name(self.book, grade)
        return (
            self.say("branch.graded", grade=name) if isinstance(grade, str) else self.say("branch.ungraded")
        )

    def _change(self) -> float:
        moved = self.pack.movement
        return float("nan") if moved is None else float(moved.units["change"].get(self.unit, float("nan")))

    # ------------------------------------------------------------ where it stands

    def masthead(self) -> Part:
        """Who, when, and the figures the page is about."""
        title = parts.heading(self.say("branch.title", **self.facts()), 1)
        words = {"institution": self.pack.institution, "marking": self.pack.marking}
        line = parts.note(
            self.say("branch.line", unit=self.unit, cutoff=self.now.period.cutoff.isoformat(), **words)
        )
        shown = [title, line, parts.tiles(list(self._figures()))]
        sure = phrases.how_sure(self.book, self.unit)
        shown.append(parts.note(sure, *silence(self.book), real_change_of(self.book, self.unit)))
        return Part("".join(part.html for part in shown), "\n".join(part.plain for part in shown))

    def _figures(self) -> Iterator[tuple[str, Cell]]:
        yield self.say("figure.score"), Cell(self.score(self.row["score"]))
        yield self.say("figure.grade"), self.grade(self.row["grade"])
        if self.pack.movement is not None:
            yield self.say("figure.change"), self.change(self._change())
        if self.peers.rank is not None:
            yield self.say("figure.rank"), Cell(f"{self.peers.rank} / {self.peers.size}")
        yield self.say("figure.coverage"), Cell(f"{self.row['coverage']:.0%}")

    def grade_table(self) -> Part:
        """What the next better grade asks for and whether it is met; for the best, what lies nearest to losing it."""
        gap = grade_gap(self.now, self.unit)
        kept = gap if gap.grade else grade_held(self.now, self.unit)
        if kept.grade is None:
            return parts.note(self.why(self.unit))
        name = phrases.grade_name(self.book, kept.grade)
        lead = self.say("branch.wanted" if gap.grade else "branch.kept", grade=name)
        why = [why_not_next(self.book, self.unit)] if gap.grade else []
        rows = [self._requirement(each) for each in kept.requirements]
        shown = parts.table(self.columns("requirement", ">needed", ">found", "met"), rows)
        return parts.together(parts.note(*why, lead), shown)

    def way_up(self) -> Part:
        """The improvements with the least effort that reach the next better grade, each with its evidence."""
        lead = parts.note(way_lead(self.book, self.way))
        rows = [self._step(step) for step in way_steps(self.book, self.way)]
        if not rows:
            return lead
        keys = (
            "~item",
            ">value",
            ">to_reach",
            ">points",
            ">points_needed",
            ">gain",
            ">effort",
            ">evidence_rows",
        )
        legend = parts.note(self.book.say("way.legend"))
        return parts.together(lead, parts.table(self.columns(*keys), rows), legend)

    def _step(self, step: Step) -> list[Cell | str]:
        label = Cell(step.name, to=f"item-{step.item}")
        if step.hidden:
            return [label, step.value, step.target, *["–"] * 5]
        places = self.pack.places(self.unit)
        rows = int(places.loc[places["item"] == step.item, "rows"].sum())
        numbers = [self.points(step.points), self.points(step.needed)]
        return [
            label,
            step.value,
            Cell(step.target, bold=True),
            *numbers,
            Cell(f"+{self.score(step.gain)}", "good"),
            f"{step.effort:.2f}",
            Cell(str(rows), to=f"evidence-{step.item}") if rows else "–",
        ]

    def _requirement(self, each: Requirement) -> list[Cell | str]:
        form = "{:.0%}" if each.kind in ("coverage", "confidence") else f"{{:.{self.book.decimals}f}}"
        needed, found = ("–" if value is None else form.format(value) for value in (each.needed, each.found))
        met = Cell(self.say("met"), "good") if each.met else Cell(self.say("unmet"), "bad", bold=True)
        return [required(self.book, each), needed, found, met]

    def dimensions(self) -> Part:
        """Total and dimensions: score, change, the peers' median and the difference to it."""
        before = self._scores_before()
        few = self.peers.size < SMALLEST_GROUP
        rows: list[list[Cell | str]] = []
        for name in [ROOT, *(node.id for node in self.model.dimensions)]:
            found: Any = self.peers.nodes.loc[name]
            median = float("nan") if few else float(found["median"])
            weight = "" if name == ROOT else f"{self.model.nodes[name].weight:.0%}"
            moved = self.change(float(found["score"]) - before.get(name, float("nan")))
            ahead = self.change(float(found["score"]) - median)
            rows.append(
                [
                    Cell(self.node(name), bold=name == ROOT),
                    weight,
                    self.score(found["score"]),
                    moved,
                    self.score(median),
                    ahead,
                ]
            )
        return parts.table(
            self.columns("dimension", ">weight", ">score", ">change", ">median", ">ahead"), rows
        )

    def _scores_before(self) -> dict[str, float]:
        before = self.pack.before
        if before is None or self.unit not in before.summary.index:
            return {}
        return before.unit_scores(self.unit) | {ROOT: float(before.summary["score"][self.unit])}

    def self_check(self) -> Part:
        """Whether the unit judges itself as the inspection does."""
        found = self.pack.self_check.units
        if self.unit not in found.index:
            return parts.note(self.say("self_check.none"))
        row: Any = found.loc[self.unit]
        key = "kinder" if row["gap"] > 0.005 else "stricter" if row["gap"] < -0.005 else "same"
        shares = {"own": f"{row['self_share']:.1%}", "inspected": f"{row['inspected_share']:.1%}"}
        return parts.note(
            self.say(f"self_check.{key}", n=int(row["items"]), gap=f"{abs(row['gap']):.1%}", **shares)
        )

    def dimension_chart(self) -> charts.Picture:
        """Total and dimensions among those of the peers."""
        return charts.picture(charts.dimension_profile, self.now, self.unit, lang=self.lang)

    def indicator_chart(self) -> charts.Picture:
        """Indicators among those of the peers."""
        return charts.picture(charts.indicator_profile, self.now, self.unit, lang=self.lang)

    def trend_chart(self) -> charts.Picture:
        """The scores so far."""
        own, spread = self.pack.course(self.unit), self.pack.spread
        return charts.picture(charts.trend, own, self.unit, spread=spread, lang=self.lang)

    # ------------------------------------------------------------ where points were lost

    def losses_chart(self) -> Part | charts.Picture:
        """The lost points; for a model whose losses do not add up, a sentence that says so."""
        if not self.now.graded.plan.arithmetic:
            return parts.note(self.say("losses.not_additive"))
        return charts.picture(charts.losses, self.now, self.unit, lang=self.lang)

    def losses(self, limit: int = TOP) -> Part:
        """The items that cost most, and why each did."""
        if not self.now.graded.plan.arithmetic:
            return parts.note("")
        items = self.items_frame
        lost = items[items["lost"] > 0].sort_values("lost", ascending=False, kind="stable")
        rows: list[list[Cell | str]] = [
            [
                Cell(self.node(str(name)), to=f"item-{name}"),
                Cell(f"{row['lost']:.2f}", bold=True),
                self.points(row["points"]),
                self._value(str(name), row),
                self._state(row),
            ]
            for name, row in lost.head(limit).to_dict("index").items()
        ]
        if len(lost) > limit:
            more = self.say("losses.more", n=len(lost) - limit)
            rows.append([Cell(more, "grey"), f"{lost['lost'].iloc[limit:].sum():.2f}", "", "", ""])
        return parts.table(
            self.columns("~item", ">lost", ">points", ">value", "~state"), rows, none=self.say("losses.none")
        )

    def items(self) -> Part:
        """Every item: value, number of cases, points, weight, state, evidence class."""
        rows = [self._item(str(name), row) for name, row in self.items_frame.to_dict("index").items()]
        columns = self.columns("~item", ">value", ">n", ">points", ">share", "~state", "class")
        return parts.table(columns, rows, none=self.say("items.none"))

    def _item(self, name: str, row: Any) -> list[Cell | str]:
        scored = self.model.items[name].weight > 0
        weight = (f"{row['weight']:.2%}" if row["weight"] else "–") if scored else self.say("items.listed")
        cases = phrases.few() if row["few"] else "–" if pd.isna(row["n"]) else f"{row['n']:g}"
        to = f"evidence-{name}" if self.places[name] else ""
        label = Cell(self.node(name), "" if scored else "grey", name=f"item-{name}", to=to)
        confidence = (
            row["confidence"]
            if isinstance(row["confidence"], str) and row["state"] in ("measured", CARRIED)
            else ""
        )
        return [
            label,
            self._value(name, row),
            cases,
            self.points(row["points"]),
            weight,
            self._state(row),
            confidence,
        ]

    def _value(self, name: str, row: Any) -> str:
        return phrases.few() if row["few"] else value_text(row["value"], self.model.items[name])

    def _state(self, row: Any) -> Cell:
        words = self.state(row["state"])
        why = reason_text(row["reason"], self.lang, self.model)
        text = (
            why
            if row["state"] == CARRIED and why
            else self.say("state_why", state=words, why=why)
            if why
            else words
        )
        return Cell(
            text,
            {"not_assessed": "warn", "refused": "bad", "not_applicable": "grey", "postponed": "grey"}.get(
                row["state"], ""
            ),
        )

    # ------------------------------------------------------------ what changed

    def why_chart(self) -> Part | charts.Picture:
        """Why the score changed, group by group of causes; a sentence where there is nothing to compare with."""
        if self.pack.movement is None or pd.isna(self._change()):
            return parts.note(self.say("changes.first"))
        return charts.picture(charts.why, self.pack.movement.why, self.unit, lang=self.lang)

    def changes(self, limit: int = TOP) -> Part:
        """The items that moved the score most: points before and after, and what each did to the total."""
        if self.pack.movement is None or pd.isna(self._change()):
            return parts.note("")
        moved = self.pack.movement.explain(self.unit).head(limit)
        rows: list[list[Cell | str]] = [
            [
                self.node(str(item)),
                self.points(row["points_before"]),
                self.points(row["points_after"]),
                self.change(row["change"]),
                self._cause(row),
            ]
            for item, row in moved.to_dict("index").items()
        ]
        columns = self.columns("~item", ">before", ">after", ">effect", "~because")
        return parts.table(columns, rows, none=self.say("changes.none"))

    def _cause(self, row: Any) -> str:
        """Why an item moved the score although its points did not, or where it has points on one side only."""
        before, after = (str(row[f"state_{side}"]) for side in ("before", "after"))
        if (before in COUNTED) != (after in COUNTED):
            return self.say("changes.state", before=self.state(before), after=self.state(after))
        same = abs(row["points_before"] - row["points_after"]) < 1e-9
        return self.say("changes.weight") if same else ""

    # ------------------------------------------------------------ what to do

    def red_lines(self) -> Part:
        """The unit's red-line events, in effect or not."""
        events = self.now.events
        mine = events[events["unit"] == self.unit] if len(events) else events
        columns = self.columns("event", "red_line", "~facts", "confirmed", "status", "effect_words")
        return parts.table(columns, self.events(mine), none=self.say("red_lines.none"))

    def findings(self) -> Part:
        """Outstanding findings, the longest overdue first: what to do, who, by when."""
        register = self.model.tables.get("findings")
        rows = self.pack.findings.outstanding(self.unit)
        if register is None or rows.empty:
            return parts.note(self.say("findings.none"))
        shown = masked(rows, register)
        columns = self.columns(
            "finding", "severity", "~description", "~action", "department", "owner", "due", "stage"
        )
        return parts.table(columns, [self._finding(row) for row in shown.itertuples()])

    def _finding(self, row: Any) -> list[Cell | str]:
        late = int(row.overdue_days)
        stage = self.say(f"stage.{row.stage}")
        state = Cell(self.say("findings.late", stage=stage, days=late), "bad") if late else Cell(stage)
        severity = self.choice("findings", "severity", row.severity)
        words = [
            ("" if pd.isna(text) else str(text))
            for text in (row.description, row.action, row.department, row.owner)
        ]
        return [
            str(row.finding_no),
            Cell(severity, "bad" if row.severity == "major" else ""),
            *words,
            self.day(row.due_on),
            state,
        ]

    # ------------------------------------------------------------ where it comes from

    def evidence(self) -> Part:
        """For each item, the tables, files and rows its value was computed from."""
        rows = [row for places in self.places.values() for row in places]
        columns = self.columns("~item", "table", "~file", ">rows", "places", "measured_in")
        return parts.table(columns, rows, none=self.say("evidence.none"))

    @cached_property
    def places(self) -> dict[str, list[list[Cell | str]]]:
        """Every item's rows of the table of evidence; none where nothing was counted or too few answered."""
        shown = self.items_frame["state"].isin(["measured", CARRIED]) & ~self.items_frame["few"]
        found: dict[str, list[list[Cell | str]]] = {str(name): [] for name in self.items_frame.index}
        places = self.pack.places(self.unit)
        kept = places[places["item"].isin(shown.index[shown])]
        for origin in kept.to_dict("records"):
            rows = found[origin["item"]]
            rows.append(self._origin(origin, first=not rows))
        return found

    def _origin(self, origin: dict[Any, Any], *, first: bool) -> list[Cell | str]:
        item, table, file, sheet = (str(origin[name]) for name in ("item", "table", "_file", "_sheet"))
        source = self.model.tables.get(SOURCE_OF.get(table, table))
        low, high = origin["first"], origin["last"]
        stretch = f"{low}–{high}" if low != high else f"{low}"
        return [
            Cell(self.node(item), name=f"evidence-{item}" if first else "", to=f"item-{item}"),
            source.name[self.lang] if source else table,
            f"{file} · {sheet}" if sheet else file,
            str(origin["rows"]),
            "" if table in SOURCE_OF else stretch,
            str(origin["_period"]),
        ]

    def signatures(self) -> Part:
        """Where the report is signed."""
        return parts.signatures(
            [self.book.say(f"signature.{who}") for who in ("prepared", "reviewed", "head", "date")]
        )
