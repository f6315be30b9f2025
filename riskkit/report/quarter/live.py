"""`Live`: where the live numbers of a workbook stand, and what the engine says they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from riskkit.report import figures
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Formula, quoted
from riskkit.report.phrases import few, grade_name, grade_short, national_wording
from riskkit.report.quarter.weights import Weights
from riskkit.report.score_formulas import grade_word
from riskkit.report.sheets import Sheet
from riskkit.report.theme import theme
from riskkit.scoring.assessment import Assessment


class Scores:
    """The published scores of every unit and node, one by one, and as a frame in which points that rest on too few
    people, `hidden`, are missing."""

    def __init__(self, assessment: Assessment, hidden: set[tuple[str, str]]) -> None:
        names = assessment.graded.plan.names
        self._nodes = assessment.graded.nodes
        self._rows = {str(unit): place for place, unit in enumerate(assessment.summary.index)}
        self._columns = {name: place for place, name in enumerate(names)}
        self.frame = pd.DataFrame(self._nodes.copy(), assessment.summary.index, names)
        if hidden:
            units, items = zip(*hidden, strict=True)
            index, columns = self.frame.index, self.frame.columns
            shown = self._nodes.copy()
            shown[index.get_indexer(pd.Index(units)), columns.get_indexer(pd.Index(items))] = np.nan
            self.frame = pd.DataFrame(shown, index, columns)

    def of(self, unit: str, node: str) -> float:
        """A unit's score of a node; not a number where it has none."""
        value: float = self._nodes.item(self._rows[unit], self._columns[node])
        return value


@dataclass(frozen=True)
class Live:
    """The sheet of points, and around it formulas that refer to it.

    `rows`: the row of every unit of the summary; assessed ones stand from `first` to `last`. `columns` by what they
    hold (`score`, `grade`, `rank`, `change`, `base`, `deducted`, `before`, `range`, `place` …), `nodes` by node;
    `known` and `scores` are what the engine says, by column and unit, and by unit and node; `hidden` are the units'
    items that rest on too few people to be shown, `given` the nodes whose scores are published values.
    """

    book: Book
    weights: Weights
    sheet: Sheet
    rows: dict[str, int]
    columns: dict[str, int]
    nodes: dict[str, int]
    known: dict[str, dict[str, Any]]
    scores: Scores
    hidden: set[tuple[str, str]]
    given: list[str]
    first: int
    last: int

    @property
    def units(self) -> list[str]:
        """The assessed units, in the order of their rows."""
        return [unit for unit, row in self.rows.items() if row <= self.last]

    @cached_property
    def names(self) -> dict[str, str]:
        """The units' names."""
        return {str(unit): str(name) for unit, name in self.book.pack.assessment.summary["name"].items()}

    # ------------------------------------------------------------ cells

    def at(self, unit: str, key: str) -> str:
        """The cell of a unit's score, grade, rank …"""
        return self.sheet.ref(self.columns[key], self.rows[unit])

    def value(self, unit: str, key: str) -> Formula:
        """A unit's score, grade, rank … as it stands now."""
        return Formula(f"={self.at(unit, key)}", shown(self.known[key][unit]))

    def node_or_published(self, unit: str, node: str) -> Formula | float | str:
        """A unit's score of a node as it stands now; as published where the sheet does not go down to it."""
        return self.node(unit, node) if node in self.nodes else self.item(unit, node)

    def node(self, unit: str, node: str) -> Formula:
        """A unit's score of a node as it stands now."""
        cell = self.sheet.ref(self.nodes[node], self.rows[unit])
        return Formula(f"={cell}", self.item(unit, node))

    def grade(self, unit: str, *, short: bool = False, none: str = "") -> Formula:
        """A unit's grade in words as it stands now, provisional for none unless another word is given."""
        words = self.weights.short if short else self.weights.long
        name = grade_short if short else grade_name
        grade = self._grades[unit]
        missing = none or grade_name(self.book, None)
        return Formula(
            f"={grade_word(self.at(unit, 'place'), words, missing)}",
            name(self.book, grade) if isinstance(grade, str) else missing,
        )

    def national(self, unit: str) -> Formula:
        """The national wording of a unit's grade as it stands now."""
        grade = self._grades[unit]
        text = grade_word(self.at(unit, "place"), self.weights.national, NOTHING)
        return Formula(f"={text}", national_wording(self.book, grade) or NOTHING)

    @cached_property
    def _grades(self) -> dict[str, object]:
        return {str(unit): grade for unit, grade in self.book.pack.assessment.summary["grade"].items()}

    def item(self, unit: str, item: str) -> float | str:
        """A unit's published points of an item, as its cell shows them."""
        return few() if (unit, item) in self.hidden else shown(self.scores.of(unit, item))

    # ------------------------------------------------------------ all assessed units

    def column(self, key: str) -> str:
        """A column of all assessed units."""
        return self.sheet.ref(self.columns[key], self.first, to_row=self.last)

    def node_column(self, node: str) -> str:
        """The scores of a node of all assessed units."""
        return self.sheet.ref(self.nodes[node], self.first, to_row=self.last)

    def mean(self, node: str = "") -> Formula:
        """The mean of a node, or of the published score, over the ranked units."""
        cells = self.node_column(node) if node else self.column("score")
        text = f'=IFERROR(AVERAGEIF({self.column("rank")},">0",{cells}),{quoted(NOTHING)})'
        return Formula(text, shown(self._means[node] if node else self.book.pack.graded["score"].mean()))

    @cached_property
    def _means(self) -> pd.Series:
        return self.scores.frame.loc[self.book.pack.graded.index].mean()

    def best(self, node: str) -> Formula:
        """The best score of a node among the assessed units."""
        known = self.scores.frame[node].iloc[: self.last - self.first + 1].max()
        cells = self.node_column(node)
        return Formula(f"=IF(COUNT({cells})>0,MAX({cells}),{quoted(NOTHING)})", shown(known))

    def grade_counts(self, units: Sequence[str]) -> Formula:
        """How many of some assessed units that stand together have each grade, in words."""
        if not units:
            return Formula(f"={quoted(NOTHING)}", NOTHING)
        rows = sorted(self.rows[unit] for unit in units)
        assert rows == list(range(rows[0], rows[0] + len(rows))), "units counted together stand together"
        cells = self.sheet.ref(self.columns["place"], rows[0], to_row=rows[-1])
        counts = figures.grade_counts(self.book.pack, units)
        known = "  ".join(
            f"{short} {count}"
            for short, count in zip(self.grade_shorts, counts.values(), strict=True)
            if count
        )
        words = "&".join(
            f"IF(COUNTIF({cells},{level})>0,{quoted(f'  {short} ')}&COUNTIF({cells},{level}),{quoted('')})"
            for level, short in enumerate(self.grade_shorts, start=1)
        )
        return Formula(f"=IF(COUNT({cells})=0,{quoted(NOTHING)},MID({words},3,999))", known or NOTHING)

    def ranked(self) -> str:
        """How many units have a rank, in a formula."""
        return f"COUNT({self.column('rank')})"

    def chosen(self, place: str, cells: str, known: object, text: str = "{}") -> Formula:
        """The entry of a column of assessed units at a place; a dash at place 0. `text` may make more of it."""
        entry = text.format(f"INDEX({cells},{place})")
        return Formula(f"=IF({place}>0,{entry},{quoted(NOTHING)})", shown(known))

    # ------------------------------------------------------------ words

    @property
    def grade_names(self) -> list[str]:
        """The grades' names, best first."""
        return [grade_name(self.book, name) for name in self.book.model.grades]

    @property
    def grade_shorts(self) -> list[str]:
        """The grades in the least room, best first."""
        return [grade_short(self.book, name) for name in self.book.model.grades]

    def grade_solid(self, place: int) -> str:
        """The colour of a grade in charts."""
        return theme().grade(place, len(self.book.model.grades)).solid


def shown(value: object) -> float | int | str:
    """A result as its cell shows it: a dash for what is missing."""
    if isinstance(value, str):
        return value
    number = float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else NOTHING


def in_digits(value: float, decimals: int) -> str:
    """A number as TEXT prints it: half up, by its decimal digits rather than its binary ones."""
    exact = Decimal(f"{value:.15g}")
    return str(exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP))


def place(name: str) -> str:
    """What fills a place of a sentence until `joined` puts an expression there."""
    return f"\x00{name}\x00"


def joined(template: str, **parts: str) -> str:
    """A sentence of the texts as a formula: its places are filled by expressions."""
    pieces = [template]
    for name, expression in parts.items():
        pieces = [piece for chunk in pieces for piece in _cut(chunk, place(name), f"\x01{expression}")]
    return "&".join(piece[1:] if piece.startswith("\x01") else quoted(piece) for piece in pieces if piece)


def _cut(chunk: str, mark: str, expression: str) -> list[str]:
    if chunk.startswith("\x01") or mark not in chunk:
        return [chunk]
    head, tail = chunk.split(mark, 1)
    return [head, expression, tail]
