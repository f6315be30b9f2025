"""`Report`: what the pages of a branch and of a quarter have in common."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import pandas as pd

from riskkit import texts
from riskkit.evidence.states import STATES
from riskkit.model import IndicatorModel
from riskkit.report import phrases
from riskkit.report.book import Book
from riskkit.report.pack import QuarterPack
from riskkit.report.pages import parts
from riskkit.report.pages.parts import Cell, Column, Part
from riskkit.scoring.assessment import Assessment


class Report:
    """One period's results as headings, tables and sentences in one language."""

    def __init__(self, pack: QuarterPack) -> None:
        self.pack = pack
        self.lang: texts.Language = pack.lang
        self.model: IndicatorModel = pack.model
        self.now: Assessment = pack.assessment

    @cached_property
    def book(self) -> Book:
        """The voice of the workbooks, so that both say the same in the same words."""
        return Book(self.pack, "")

    # ------------------------------------------------------------ words

    def say(self, key: str, **values: Any) -> str:
        """A text of the `notebook:` section."""
        return texts.say(f"notebook.{key}", self.lang, **values)

    def heading(self, key: str, **values: Any) -> None:
        """Show a heading; the sentence stands under `notebook.heading`."""
        parts.show(parts.heading(self.say(f"heading.{key}", **{**self.facts(), **values})))

    def facts(self) -> dict[str, Any]:
        """What headings may say."""
        return {"period": self.book.period_name()}

    def columns(self, *keys: str) -> list[Column]:
        """Columns by the headings under `notebook.column`; `>` before one sets it right, `~` lets it run over lines."""
        return [
            Column(
                self.say(f"column.{key.lstrip('>~')}"),
                "right" if key[0] == ">" else "left",
                wrap=key[0] == "~",
            )
            for key in keys
        ]

    # ------------------------------------------------------------ numbers and names

    def score(self, value: Any) -> str:
        """A published score; a dash for none."""
        return "–" if pd.isna(value) else self.book.number(value)

    def points(self, value: Any) -> str:
        """Points of a node or item; a dash for none."""
        return "–" if pd.isna(value) else self.book.number(value, self.book.finer)

    def change(self, value: Any) -> Cell:
        """A change with its sign, in the colour of better or worse."""
        if pd.isna(value):
            return Cell("–")
        rounded = round(value, self.book.decimals)
        return Cell(self.book.signed(value), "good" if rounded > 0 else "bad" if rounded < 0 else "")

    def grade(self, grade: object) -> Cell:
        """A grade in its colour and in words."""
        count = len(self.model.grades)
        tone = f"grade:{list(self.model.grades).index(grade)}/{count}" if isinstance(grade, str) else "grey"
        return Cell(phrases.grade_name(self.book, grade), tone)

    def state(self, state: str) -> str:
        """A state in words; a dash for none, as for an item new to the model."""
        if state == "rolled_up":
            return self.say("rolled_up")
        return texts.say(f"state.{state}", self.lang) if state in STATES else "–"

    def choice(self, table: str, column: str, code: Any) -> str:
        """A choice of an evidence table in words."""
        found = self.model.tables[table].columns[column].choices.get(str(code))
        return found[self.lang] if found else str(code) if code == code else ""

    def node(self, node: str) -> str:
        """A node's id and name; the total for ""."""
        return self.say("total") if node == "" else phrases.node_name(self.book, node)

    def day(self, value: Any) -> str:
        """A date; empty for none."""
        return pd.Timestamp(value).date().isoformat() if value == value else ""

    # ------------------------------------------------------------ what every report has

    def method(self) -> Part:
        """Model, cut-off and rules a reader must know to read the numbers."""
        spec = self.model.spec
        sentences = [
            self.say(
                "method.model",
                name=spec.name[self.lang],
                id=spec.id,
                version=spec.version,
                hash=self.model.hash,
            ),
            self.say("method.cutoff", cutoff=self.now.period.cutoff.isoformat()),
            self.say("method.scale", maximum=spec.score.maximum, decimals=spec.score.decimals),
            self.say(f"method.states_{spec.missing}"),
            self.say("method.discretion"),
        ]
        return parts.note(*sentences)

    def why(self, unit: str) -> str:
        """Why a unit's grade is no better, in words."""
        return phrases.why_not_better(self.book, unit)

    def events(self, rows: pd.DataFrame) -> list[list[Cell | str]]:
        """Red-line events: number, line, facts, confirmed on, status, effect."""
        return [
            [
                str(event.event_no),
                phrases.line_name(self.book, str(event.red_line)),
                str(event.facts) if isinstance(event.facts, str) else "",
                self.day(event.confirmed_on),
                Cell(self.say(f"event.{event.status}"), "bad" if event.status == "in_effect" else "grey"),
                phrases.effect(self.book, event),
            ]
            for event in rows.itertuples()
        ]
