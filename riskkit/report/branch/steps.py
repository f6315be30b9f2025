"""The lower half of 得分计算: deductions, the published score, and the steps from it to the grade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from riskkit.report import rules
from riskkit.report import score_formulas as formulas
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Formula
from riskkit.report.phrases import effect, grade_name, grade_short, in_effect, line_name
from riskkit.report.quarter.live import shown
from riskkit.report.score_formulas import grade_word
from riskkit.report.sheets import CENTRED, TEXT, WRAPPED, Sheet
from riskkit.report.theme import Look
from riskkit.report.thresholds import Thresholds, least_scores

POINTS = CENTRED.but(fill="input_faint", seams="white")
PUBLISHED = CENTRED.but(size="small", colour="grey")
DIFFERENCE = PUBLISHED.but(format="0.000000000;-0.000000000;0")
SCORE = 6
"""The column of the numbers that follow one from another."""


@dataclass(frozen=True)
class Steps:
    """The cells of each deduction, of the published score and of the grade's place."""

    deducted: list[str]
    score: str
    place: str


def difference(now: str, published: str) -> Formula:
    """A live figure less the published one, to nine decimals; 1 where one of them is no number."""
    both = f"AND(ISNUMBER({now}),ISNUMBER({published}))"
    return Formula(f"=IF({both},ROUND({now}-{published},9),IF({now}={published},0,1))", 0)


def write_steps(
    book: Book,
    sheet: Sheet,
    unit: str,
    base: str,
    levels: Mapping[int, tuple[str, str]],
    thresholds: Thresholds,
    published: int,
) -> Steps:
    """A line a step. `base` is the cell of the total before deductions, `levels` the scores and weights of each level
    of the tree, `published` the column of what was published; that of the difference is at its right."""
    return _Steps(book, sheet, unit, thresholds, published).write(base, levels)


class _Steps:
    def __init__(self, book: Book, sheet: Sheet, unit: str, thresholds: Thresholds, published: int) -> None:
        self.book, self.sheet, self.unit = book, sheet, unit
        self.thresholds, self.published = thresholds, published
        self.facts = book.pack.grade_facts
        self.row = book.pack.assessment.summary.index.get_loc(unit)
        self.summary = book.pack.standing[unit]
        self.grades = book.model.spec.grades

    def write(self, base: str, levels: Mapping[int, tuple[str, str]]) -> Steps:
        book, say = self.book, self.book.say
        points = book.score_format
        taken = [
            self.line(label, POINTS.but(format=points), value, value, remark)
            for label, value, remark in deductions(book, self.unit)
        ]
        text = f"={formulas.score(base, '+'.join(taken), str(book.decimals))}"
        words = say("reckoning.rounded", decimals=book.decimals)
        score = self.line(
            say("head.score"),
            CENTRED.but(format=points, bold=True),
            Formula(text, shown(self.summary["score"])),
            shown(self.summary["score"]),
            words,
        )
        last = self._conditions(score, levels)
        facts = {
            "cap": shown(self.facts.cap[self.row]),
            "vetoed": int(self.summary["vetoed"]),
            "provisional": int(self.summary["provisional"]),
        }
        at = {key: self.line(say(f"head.{key}"), POINTS, value, value) for key, value in facts.items()}
        counts = formulas.graded(score, at["provisional"])
        final = formulas.final_place(counts, at["vetoed"], last, at["cap"], len(self.grades))
        place = self._place(say("head.place"), final, float(self.facts.place[self.row]))
        missing = say("provisional")
        name = grade_name(book, self.summary["grade"])
        grade = Formula(f"={grade_word(place, self.thresholds.long, missing)}", name)
        cell = self.line(say("head.grade"), CENTRED.but(bold=True), grade, name)
        names = [grade_name(book, each) for each in book.model.grades]
        rules.grades(self.sheet.worksheet, cell.replace("$", ""), names)
        return Steps(
            [self.sheet.ref(SCORE, _row(each)) for each in taken], self._far(score), self._far(place)
        )

    def _far(self, cell: str) -> str:
        """A cell as other sheets name it."""
        return self.sheet.ref(SCORE, _row(cell))

    def _conditions(self, score: str, levels: Mapping[int, tuple[str, str]]) -> str:
        """The place by the score, then after the conditions of each grade; gives back the last cell."""
        say, known = self.book.say, self.facts
        by_score = formulas.place_by_score(score, self.thresholds.minimum, len(self.grades))
        before = self._place(say("reckoning.by_score"), by_score, self._known(0))
        for level in list(known.steps)[1:]:
            short, failed = grade_short(self.book, self.grades[level - 1].id), []
            if level in known.held:
                holds = int(known.held[level][self.row])
                failed.append(f"{self.line(say('points.held', grade=short), POINTS, holds, holds)}=0")
            for depth in least_scores(self.grades[level - 1]):
                least = self.thresholds.least[level - 1, depth]
                failed.append(formulas.any_below(*levels[depth], least))
            after = formulas.place_after(before, level, failed)
            before = self._place(say("reckoning.after", grade=short), after, self._known(level))
        return before

    def _known(self, level: int) -> float:
        """The engine's place after a step; none without a score."""
        return (
            float(self.facts.steps[level][self.row])
            if self.summary["score"] == self.summary["score"]
            else float("nan")
        )

    def _place(self, label: str, text: str, known: float) -> str:
        """A line with a place of a grade, and the grade's name beside it."""
        value = shown(known)
        row = self.sheet.row
        name = NOTHING if isinstance(value, str) else grade_name(self.book, self.grades[int(value) - 1].id)
        word = Formula(f"={grade_word(f'$F${row}', self.thresholds.long, NOTHING)}", name)
        return self.line(label, CENTRED, Formula(f"={text}", value), value, word)

    def line(self, label: str, look: Look, now: object, published: object, remark: object = "") -> str:
        """A line: label, number, remark, published value and difference; gives back the number's cell."""
        sheet, row = self.sheet, self.sheet.row
        room = self.published - SCORE - 1
        sheet.put(1, label, WRAPPED, span=SCORE - 1)
        sheet.put(SCORE, now, look)
        sheet.put(SCORE + 1, remark or None, TEXT.but(colour="grey", size="small"), span=room)
        sheet.put(self.published, published, PUBLISHED.but(format=look.format))
        cell, beside = f"$F${row}", sheet.ref(self.published, row).rsplit("!", 1)[1]
        sheet.put(self.published + 1, difference(cell, beside), DIFFERENCE)
        sheet.down(17)
        return cell


def _row(cell: str) -> int:
    return int(cell.rsplit("$", 1)[1])


def deductions(book: Book, unit: str) -> Sequence[tuple[str, float, str]]:
    """Deductions in the order of `Assessment.losses`: what for, points, and the event with its effect; a line of 0 for
    none."""
    summary = book.pack.standing[unit]
    if summary["rollup"]:
        return [(book.say("losses.about_deduction"), float(summary["deducted"]), "")]
    events: list[Any] = list(in_effect(book.pack.assessment, unit).itertuples())
    found = [
        (
            f"{book.say('head.deducted')} {line_name(book, str(event.red_line))}",
            float(event.deduct),
            f"{event.event_no} {effect(book, event)}",
        )
        for event in events
        if event.deduct > 0
    ]
    words = [f"{event.event_no} {effect(book, event)}" for event in events]
    told = book.say("why.join").join(words) or book.say("tile.red_line.clear")
    return found or [(book.say("head.deducted"), 0.0, told)]
