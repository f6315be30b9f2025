"""The formulas of a unit's row: its nodes, its score, the steps to its grade, its rank."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from openpyxl.utils import get_column_letter

from riskkit.model import schema as s
from riskkit.report import score_formulas as formulas
from riskkit.report.book import Book
from riskkit.report.grade_facts import Facts
from riskkit.report.quarter.weights import Weights
from riskkit.report.score_formulas import NONE
from riskkit.report.thresholds import least_scores
from riskkit.scoring.plan import ROOT, Branching

LAST = 1000.0
"""Times full marks taken from a vetoed unit's score when it is ranked, which puts it behind all others."""
ROW = "\x00"
"""Stands for the number of the row until it is known: every row has the same formulas."""


class RowFormulas:
    """The formulas of the rows of a sheet of points.

    `columns` are the places of scores, grades and facts, `letters` the columns of nodes; nodes of one depth, `levels`,
    stand side by side in the order of the model, so that the children of each are neighbours, with their weights in
    `weight_row`. `ranked` are the first and the last of the ranked rows.

    They follow the engine step by step: `Plan.score`, `published`, `grade` and `rank`.
    """

    def __init__(
        self,
        book: Book,
        weights: Weights,
        facts: Facts,
        columns: dict[str, int],
        letters: dict[str, str],
        levels: list[list[s.Node | s.Item]],
        weight_row: int,
        ranked: tuple[int, int],
    ) -> None:
        self.book, self.weights, self._known = book, weights, facts
        self.plan: Any = book.pack.assessment.graded.plan
        self.grades = book.model.spec.grades
        self.at = {key: f"{get_column_letter(place)}{ROW}" for key, place in columns.items()}
        self.letters, self.levels, self.weight_row, self.ranked = letters, levels, weight_row, ranked
        self._mean = cache(self._mean_of)
        self._row = cache(lambda rolled: list(self._texts(rolled)))

    def node(self, branching: Branching, row: int) -> str:
        """The score of an inner node."""
        exists, mean = self._mean(branching.node)
        return f"=IF({exists},{mean},{NONE})".replace(ROW, str(row))

    def facts(self, row: int, rolled: bool) -> Iterator[tuple[str, str]]:
        """Total, score, change, steps, grade and rank, by column; a roll-up has no rank."""
        for key, text in self._row(rolled):
            yield key, text.replace(ROW, str(row))

    def _mean_of(self, node: int) -> tuple[str, str]:
        """When a node's mean exists, and the mean."""
        branching = self.plan.branchings[node]
        names = {*branching.items.names, *branching.inner.names}
        chosen = [letter for name, letter in self.letters.items() if name in names]
        weights = [f"{letter}${self.weight_row}" for letter in chosen]
        return formulas.mean_formula(branching, [f"{letter}{ROW}" for letter in chosen], weights)

    def _texts(self, rolled: bool) -> Iterator[tuple[str, str]]:
        """The formulas of a row, by column."""
        at, decimals = self.at, self.weights.decimals
        root = self._mean(self.plan.inner_position[ROOT])
        yield "base", f"={formulas.base(*root, self.book.maximum)}"
        yield "score", f"={formulas.score(at['base'], at['deducted'], decimals)}"
        dated = f"AND(ISNUMBER({at['score']}),ISNUMBER({at['before']}))"
        yield "change", f"=IF({dated},ROUND({at['score']}-{at['before']},{decimals}),{NONE})"
        yield from self._steps()
        last = at[f"step_{list(self._known.steps)[-1]}"]
        counted_ = formulas.graded(at["score"], at["provisional"])
        final = formulas.final_place(counted_, at["vetoed"], last, at["cap"], len(self.grades))
        yield "place", f"={final}"
        missing = self.book.say("provisional")
        yield "grade", f"={formulas.grade_word(at['place'], self.weights.short, missing)}"
        if rolled:
            yield "rank", f"={NONE}"
            yield "key", f"={NONE}"
            return
        behind = LAST * self.book.maximum
        if self.book.pack.ranked_apart:
            return
        steps = f"ROUND(({at['score']}-{behind:.10g}*{at['vetoed']})*10^{decimals},0)"
        yield "key", f"=IF({counted_},{steps}/10^{decimals},{NONE})"
        column, (first, last_row) = at["key"].rstrip(ROW), self.ranked
        keys = f"{column}${first}:{column}${last_row}"
        # COUNTIF for RANK: LibreOffice takes minutes over the latter once there are 16,000 rows. What is compared by
        # its digits must be just the number they tell: whole steps of the last decimal, divided once.
        yield "rank", f'=IF(ISNUMBER({at["key"]}),COUNTIF({keys},">"&{at["key"]})+1,{NONE})'

    def _steps(self) -> Iterator[tuple[str, str]]:
        """The place of the grade: by score, then a grade down for each level whose conditions fail."""
        at = self.at
        by_score = formulas.place_by_score(at["score"], self.weights.minimum, len(self.grades))
        yield "step_0", f"={by_score}"
        before = at["step_0"]
        for level in list(self._known.steps)[1:]:
            failed = [f"{at[f'held_{level}']}=0"] if level in self._known.held else []
            for depth in least_scores(self.grades[level - 1]):
                if depth > len(self.levels):
                    continue
                block = [self.letters[node.id] for node in self.levels[depth - 1]]
                scores, weights = (
                    f"{block[0]}{line}:{block[-1]}{line}" for line in (ROW, f"${self.weight_row}")
                )
                failed.append(formulas.any_below(scores, weights, self.weights.least[level - 1, depth]))
            yield f"step_{level}", f"={formulas.place_after(before, level, failed)}"
            before = at[f"step_{level}"]
