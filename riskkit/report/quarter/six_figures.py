"""The six figures of page one, each beside what it was a quarter and a year ago."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pandas as pd
from openpyxl.utils import quote_sheetname

from riskkit.analysis.period_figures import PeriodFigures
from riskkit.analysis.real_change import CANNOT_SAY, REAL
from riskkit.report import figures
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Formula, quoted
from riskkit.report.phrases import in_effect
from riskkit.report.quarter.live import Live, in_digits, joined, place
from riskkit.report.sheets import title_of
from riskkit.report.theme import Size
from riskkit.report.tiles import Tile

WIDE = 26
"""Characters of a line of counts that a tile holds in the type of sections."""
Lines = tuple[str | Formula, ...]


def six_figures(book: Book, candidates: pd.DataFrame, live: Live) -> list[Tile]:
    """Mean, grades, real changes, red lines, overdue findings, coverage."""
    return [
        _mean(book, live),
        _grades(book, live),
        _real(book),
        _red_lines(book, candidates),
        _overdue(book),
        _coverage(book),
    ]


def _sheet(book: Book, key: str) -> str:
    """Where a sheet begins, for a link."""
    return f"{quote_sheetname(title_of(book.say(f'{key}.name')))}!A1"


# ---------------------------------------------------------------- against earlier periods


def earlier(book: Book) -> Iterator[tuple[str, PeriodFigures | None]]:
    """The period before and, of quarters, the same one a year ago, each with what its line is called."""
    if book.pack.period.frequency == "year":
        yield "last_year", book.pack.figures_before
    else:
        yield "last", book.pack.figures_before
        yield "year", book.pack.year_before


def _versus(book: Book, say: Callable[[PeriodFigures], str | None], *, known: bool = True) -> Lines:
    """A line for each earlier period: what `say` makes of it, or that there is no such period, or no such figure."""
    return tuple(
        _line(book, key, other, say(other) if other is not None and known else None)
        for key, other in earlier(book)
    )


def _line(book: Book, key: str, other: PeriodFigures | None, change: str | None) -> str:
    if change is not None:
        return book.say(f"tile.versus.{key}", change=change)
    return book.say(f"tile.versus.{'no' if other is None else 'none'}_{key}")


def _counted(
    book: Book, now: float, count: Callable[[PeriodFigures], float], key: str = "", scale: float = 1
) -> Lines:
    """How a count or share changed: ▲2, ▼1, or that it is the same."""

    def say(other: PeriodFigures) -> str | None:
        before = count(other)
        if before != before:
            return None
        text = in_digits(abs(now - before) * scale, 1 if key else 0)
        if not float(text):
            return book.say("tile.versus.same")
        sign = "▲" if now > before else "▼"
        return book.say(f"tile.versus.{key}", change=f"{sign}{text}") if key else f"{sign}{text}"

    return _versus(book, say, known=now == now)


# ---------------------------------------------------------------- the figures


def _mean(book: Book, live: Live) -> Tile:
    now, mean = figures.mean_score(book.pack.assessment), live.mean()
    lines: list[str | Formula] = []
    for key, other in earlier(book):
        before = math.nan if other is None else other.mean
        missing = now != now or before != before
        lines.append(_line(book, key, other, None) if missing else _mean_line(book, key, mean, now, before))
    interval = book.pack.means.iloc[-1]
    low, high = float(interval["score_low"]), float(interval["score_high"])
    note = book.say("tile.mean.interval", low=book.number(low), high=book.number(high)) if low == low else ""
    return Tile(
        book.label("tile.mean.label"),
        mean,
        note,
        versus=tuple(lines),
        format=book.score_format,
        to=_sheet(book, "ranking"),
    )


def _mean_line(book: Book, key: str, mean: Formula, now: float, before: float) -> Formula:
    """A change of the mean that follows the sheet of weights."""
    change = f"TEXT(ROUND({mean.text[1:]}-{before!r},{book.decimals}),{quoted(book.change_format)})"
    text = joined(book.say(f"tile.versus.{key}", change=place("change")), change=change)
    digits = in_digits(abs(now - before), book.decimals)
    sign = ("▲" if now > before else "▼") if float(digits) else ""
    told = f"{sign}{digits}" if sign else NOTHING
    return Formula(f"={text}", book.say(f"tile.versus.{key}", change=told))


def _grades(book: Book, live: Live) -> Tile:
    graded = book.pack.graded
    counts = live.grade_counts(live.units)
    length = len(str(counts.cached))
    size: Size = "figure" if length <= 8 else "section" if length <= WIDE else "subtitle"
    one, more = (book.say("tile.grades.note", n=n) for n in (1, place("n")))
    text = f"IF({live.ranked()}=1,{quoted(one)},{joined(more, n=live.ranked())})"
    note = Formula(f"={text}", book.say("tile.grades.note", n=len(graded)))
    lines = _versus(book, lambda other: _moved(book, graded["grade"], other))
    return Tile(
        book.label("tile.grades.label"), counts, note, size=size, versus=lines, to=_sheet(book, "ranking")
    )


def _moved(book: Book, now: pd.Series, other: PeriodFigures) -> str | None:
    """How many units graded in both periods rose and fell a grade or more."""
    order = {name: rung for rung, name in enumerate(book.model.grades)}
    before = other.grades.map(order)
    both = now.index.intersection(before.index)
    if both.empty:
        return None
    steps = before[both] - now[both].map(order)
    up, down = int((steps > 0).sum()), int((steps < 0).sum())
    return book.say("tile.versus.moved", up=up, down=down) if up or down else book.say("tile.versus.same")


def _real(book: Book) -> Tile:
    label, real = book.label("tile.real.label"), book.pack.real
    lines = _versus(book, lambda other: _real_counts(book, other))
    if real is None or real.empty:
        return Tile(
            label, NOTHING, book.say("tile.real.first"), "grey", versus=lines[1:], to=_sheet(book, "changes")
        )
    judged = int((real["verdict"] != CANNOT_SAY).sum())
    note = book.say("tile.real.note", n=judged)
    figure = _ups_and_downs(real) if judged else NOTHING
    return Tile(label, figure, note, versus=lines[1:], to=_sheet(book, "changes"))


def _ups_and_downs(real: pd.DataFrame) -> str:
    sure = real.loc[real["verdict"] == REAL, "change"]
    return f"▲{int((sure > 0).sum())} ▼{int((sure < 0).sum())}"


def _real_counts(book: Book, other: PeriodFigures) -> str | None:
    real = book.pack.real_against(other.period)
    judged = real["verdict"] != CANNOT_SAY
    return _ups_and_downs(real) if judged.any() else None


def _red_lines(book: Book, candidates: pd.DataFrame) -> Tile:
    label = book.label("tile.red_lines.label")
    if not book.model.red_lines:
        return Tile(label, NOTHING, book.say("tile.red_lines.none"))
    events = in_effect(book.pack.assessment)
    note = book.say("tile.red_lines.note", units=events["unit"].nunique(), pending=len(candidates))
    lines = _counted(book, len(events), lambda other: float(other.red_lines))
    tone = "bad" if len(events) else "good"
    return Tile(label, str(len(events)), note, tone, versus=lines, to=_sheet(book, "red_lines"))


def _overdue(book: Book) -> Tile:
    label, register = book.label("tile.findings.label"), book.pack.findings
    if register.rows.empty:
        return Tile(label, NOTHING, book.say("tile.findings.none"))
    outstanding = register.outstanding()
    late = outstanding[outstanding["overdue_days"] > 0]
    longest = int(late["overdue_days"].max()) if len(late) else 0
    note = book.say("tile.findings.note", outstanding=len(outstanding), days=longest)
    lines = _counted(book, len(late), lambda other: other.overdue)
    tone = "warn" if len(late) else "good"
    return Tile(label, str(len(late)), note, tone, versus=lines, to=_sheet(book, "red_lines"))


def _coverage(book: Book) -> Tile:
    ranking = book.pack.ranking
    carried = figures.carried_share(book.pack.assessment, list(ranking.index))
    provisional = int(ranking["provisional"].sum())
    note = book.say("tile.coverage.note", carried=f"{carried:.1%}")
    note += book.say("tile.coverage.provisional", n=provisional) if provisional else ""
    mean = float(ranking["coverage"].mean())
    lines = _counted(book, mean, lambda other: other.coverage, "share", 100)
    tone = "warn" if provisional else "rule"
    return Tile(
        book.label("tile.coverage.label"), f"{mean:.1%}", note, tone, versus=lines, to=_sheet(book, "quality")
    )
