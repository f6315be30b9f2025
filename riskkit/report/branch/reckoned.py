"""`Reckoned`: where a unit's live numbers stand in its workbook, and what the engine says they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Formula, quoted
from riskkit.report.phrases import grade_name, has_national_wording, national_wording
from riskkit.report.quarter.live import in_digits, joined, place, shown
from riskkit.report.score_formulas import grade_word
from riskkit.report.thresholds import Thresholds
from riskkit.scoring.plan import ROOT


@dataclass(frozen=True)
class Reckoned:
    """Cells as formulas name them: of scores, weights and shares of the total by node, the total before deductions
    under ""; of points lost by item; of each deduction; of the published score and the place of the grade.

    `national`: what of a dimension is standard, applicable and earned, as expressions. `hidden`: items that rest on too
    few people to be shown; `seal`: whether the numbers are the published ones, in words.
    """

    book: Book
    unit: str
    thresholds: Thresholds
    known_scores: dict[str, float]
    known_shares: dict[str, float]
    hidden: set[str]
    scores: dict[str, str]
    weights: dict[str, str]
    shares: dict[str, str]
    lost: dict[str, str]
    national: dict[str, dict[str, str]]
    deducted: list[str]
    score_cell: str
    place_cell: str
    seal: Formula

    @property
    def summary(self) -> Any:
        """What the engine says of the unit."""
        return self.book.pack.standing[self.unit]

    def of(self, node: str) -> Formula:
        """The score of a node or the points of an item."""
        return Formula(f"={self.scores[node]}", shown(self.known_scores[node]))

    def weight(self, node: str) -> Formula:
        """A node's weight among its siblings."""
        return Formula(f"={self.weights[node]}", self.book.model.nodes[node].weight)

    def share(self, node: str) -> Formula:
        """A node's share of the total, after rescaling over what applies."""
        return Formula(f"={self.shares[node]}", self.known_shares[node])

    def lost_on(self, item: str) -> Formula:
        """The points of the total lost on an item."""
        lost = self.known_shares[item] * (self.book.maximum - self.known_scores[item])
        return Formula(f"={self.lost[item]}", shown(lost))

    @property
    def score(self) -> Formula:
        """The published score."""
        return Formula(f"={self.score_cell}", shown(self.summary["score"]))

    @property
    def score_text(self) -> tuple[str, str]:
        """The published score in a sentence: as an expression, and as it is."""
        form, known = quoted(self.book.score_format), self.score.cached
        text = f"IF(ISNUMBER({self.score_cell}),TEXT({self.score_cell},{form}),{quoted(NOTHING)})"
        return text, known if isinstance(known, str) else in_digits(known, self.book.decimals)

    def change(self, before: float) -> Formula:
        """How the score stands to the last period's, as a note."""
        book, decimals = self.book, self.book.decimals
        known = float(self.summary["score"]) - before
        moved = f"ROUND({self.score_cell}-{before!r},{decimals})"
        sign = f'IF({moved}>0,"▲",IF({moved}<0,"▼",""))'
        size = f"IF({moved}=0,{quoted(NOTHING)},TEXT(ABS({moved}),{quoted(book.score_format)}))"
        text = joined(book.say("tile.mean.note", change=place("change")), change=f"{sign}&{size}")
        return Formula(
            f"=IF(ISNUMBER({self.score_cell}),{text},{quoted(NOTHING)})",
            book.say("tile.mean.note", change=book.signed(known)),
        )

    @property
    def grade(self) -> Formula:
        """The grade in words, provisional for none."""
        words = grade_word(self.place_cell, self.thresholds.long, self.book.say("provisional"))
        return Formula(f"={words}", grade_name(self.book, self.summary["grade"]))

    @property
    def wording(self) -> Formula | str:
        """The national wording of the grade; that the model's own grades stand, where it has none."""
        if not has_national_wording(self.book):
            return self.book.say("overview.no_national")
        words = grade_word(self.place_cell, self.thresholds.national, NOTHING)
        return Formula(f"={words}", national_wording(self.book, self.summary["grade"]) or NOTHING)

    @property
    def base(self) -> str:
        """The cell of the total before deductions."""
        return self.scores[ROOT]

    @property
    def deductions(self) -> str:
        """All deductions together, as an expression."""
        return f"({'+'.join(self.deducted)})" if self.deducted else "0"
