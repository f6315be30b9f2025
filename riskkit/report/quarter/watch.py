"""The watch list: which units ask for a decision, why, and which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from riskkit.evidence.states import REFUSED_STATE, STATES
from riskkit.report import figures
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING
from riskkit.report.phrases import effect, grade_short, in_effect, node_name, node_short
from riskkit.scoring.item_frame import item_frame

FALL = 0.05
"""A fall by this share of full marks puts a unit on the list."""


@dataclass(frozen=True)
class Watched:
    """One unit on the list: why it is there and what is to be decided."""

    unit: str
    why: str
    decide: str


def watch_list(book: Book, pending: dict[str, int], limit: int) -> list[Watched]:
    """The units that ask for a decision, the most pressing first; the lowest ranked fill the list."""
    chosen: dict[str, list[Watched]] = {}
    for watched in _all(book, pending):
        chosen.setdefault(watched.unit, []).append(watched)
    pressing = [_together(book, reasons) for reasons in list(chosen.values())[:limit]]
    return pressing or list(_lowest(book, min(limit, 5)))


def _together(book: Book, reasons: list[Watched]) -> Watched:
    """A unit's first two reasons and what waits for a ruling, with what the first asks for."""
    ruling = book.say("watch.pending.decide")
    told = [*reasons[:2], *(each for each in reasons[2:] if each.decide == ruling)]
    why = book.say("watch.join").join(each.why for each in told)
    return Watched(reasons[0].unit, why, reasons[0].decide)


def _all(book: Book, pending: dict[str, int]) -> Iterator[Watched]:
    yield from _red_lines(book)
    yield from _refusals(book)
    yield from _provisional(book)
    yield from _falls(book)
    yield from _overdue(book)
    yield from _failed(book)
    for unit, count in sorted(pending.items(), key=lambda each: (-each[1], each[0])):
        if unit in book.pack.graded.index:
            yield Watched(unit, book.say("watch.pending.why", n=count), book.say("watch.pending.decide"))


def _red_lines(book: Book) -> Iterator[Watched]:
    assessment = book.pack.assessment
    assessed = assessment.summary[~assessment.summary["rollup"]].index
    events = in_effect(assessment)
    rows: list[Any] = list(events.itertuples())
    order = sorted(rows, key=lambda e: (not e.veto, not isinstance(e.cap, str), -e.deduct))
    for event in order:
        if event.unit in assessed:
            key = "veto" if event.veto else "red_line"
            why = book.say(f"watch.{key}.why", red_line=event.red_line, effect=effect(book, event))
            yield Watched(str(event.unit), why, book.say(f"watch.{key}.decide"))


def _refusals(book: Book) -> Iterator[Watched]:
    assessment = book.pack.assessment
    refused = item_frame(assessment, assessment.states == STATES.index(REFUSED_STATE), ["unit"])
    counts = refused.groupby("unit").size()
    for unit, count in counts.sort_values(ascending=False, kind="stable").items():
        yield Watched(
            str(unit), book.say("watch.refused.why", n=int(count)), book.say("watch.refused.decide")
        )


def _provisional(book: Book) -> Iterator[Watched]:
    ranking = book.pack.ranking
    for unit, row in ranking[ranking["provisional"]].sort_values("coverage").iterrows():
        why = book.say("watch.provisional.why", coverage=f"{row['coverage']:.1%}")
        yield Watched(str(unit), why, book.say("watch.provisional.decide"))


def _falls(book: Book) -> Iterator[Watched]:
    moved = figures.comparable(book.pack)
    for unit, row in moved[moved["change"] <= -FALL * book.maximum].sort_values("change").iterrows():
        because = cause_text(book, str(unit), worse=True)
        why = book.say("watch.fall.why", change=book.signed(row["change"]), because=because)
        yield Watched(str(unit), why, book.say("watch.fall.decide"))


def _overdue(book: Book) -> Iterator[Watched]:
    by_unit = book.pack.findings.by_unit() if len(book.pack.findings.rows) else None
    if by_unit is None:
        return
    assessed = book.pack.graded.index
    late = by_unit[(by_unit["overdue"] > 0) & by_unit.index.isin(assessed)]
    for unit, row in late.sort_values(["overdue", "longest"], ascending=False, kind="stable").iterrows():
        why = book.say("watch.overdue.why", n=int(row["overdue"]), days=int(row["longest"]))
        yield Watched(str(unit), why, book.say("watch.overdue.decide"))


def _failed(book: Book) -> Iterator[Watched]:
    """The two lowest grades, lowest rank first."""
    low = list(book.model.grades)[-2:]
    ranked = book.pack.graded
    for unit, row in ranked[ranked["grade"].isin(low)].iloc[::-1].iterrows():
        why = book.say("watch.low.why", grade=grade_short(book, row["grade"]), rank=int(row["rank"]))
        yield Watched(str(unit), why, book.say("watch.low.decide"))


def _lowest(book: Book, count: int) -> Iterator[Watched]:
    ranked = book.pack.graded
    for unit, row in ranked.iloc[::-1].head(count).iterrows():
        why = book.say("watch.low.why", grade=grade_short(book, row["grade"]), rank=int(row["rank"]))
        yield Watched(str(unit), why, book.say("watch.low.decide"))


def cause_text(book: Book, unit: str, *, worse: bool, count: int = 2) -> str:
    """The items behind a change in one direction, the weightiest first, by id."""
    found = [each for each in figures.causes(book.pack, unit, 12) if (each[1] < 0) == worse][:count]
    names = [cause_name(book, item, short=True) for item, _ in found]
    return book.say("list").join(names) or NOTHING


def cause_name(book: Book, item: str, *, short: bool = False) -> str:
    """A cause in words: an item, or the deductions."""
    if item == figures.DEDUCTION:
        return book.say("causes.deduction")
    return node_short(book, item) if short else node_name(book, item)
