"""失分清单: every point lost in the whole bank, where, and why; and what mending the ten largest items would bring."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from riskkit.analysis.mending import mended
from riskkit.evidence.measures import reason_text
from riskkit.evidence.states import CARRIED, MEASURED
from riskkit.model import schema as s
from riskkit.report import figures
from riskkit.report.book import Book
from riskkit.report.branch.items import state_name
from riskkit.report.cells import NOTHING, Shown
from riskkit.report.phrases import in_effect, line_name, node_name, withheld
from riskkit.report.quarter.red_lines import unit_name
from riskkit.report.sheets import CENTRED, NAME, QUIET, TEXT, Sheet
from riskkit.report.tables import value_words
from riskkit.scoring.item_frame import item_frame

WIDTHS = [6, 8, 17, 8, 32, 9, 9, 9, 9, 9, 52]
LARGEST = 10
PRINTED = 100
"""Losses that are printed; the sheet itself holds all of them."""
SMALL = TEXT.but(size="small", wrap=True)


def write_lost(book: Book) -> None:
    """The ten items that cost most, and what full marks on them would bring; then every loss, the largest first."""
    sheet = book.sheet(book.say("lost.name"), WIDTHS)
    book.band(sheet, book.label("lost.title"), book.say("lost.subtitle"))
    if not book.pack.assessment.graded.plan.arithmetic:
        sheet.sentence(book.say("losses.not_additive"))
        return
    told, hidden = lost_items(book)
    _largest(book, sheet, told, hidden)
    sheet.sentence(book.say("lost.legend"), QUIET.but(bottom="", indent=1))
    sheet.down(6)
    sheet.section(book.label("lost.all"))
    sheet.down(22)
    largest = told if book.most is None else told.nlargest(book.most, "lost")
    rows = sorted([*_items(book, largest, hidden), *_deductions(book)], key=lambda row: -float(row[4].value))
    cut = len(told) - len(largest) + len(rows)
    columns = [
        book.head("number", CENTRED.but(colour="grey")),
        book.head("code", TEXT.but(colour="grey")),
        book.head("unit", TEXT.but(bold=True)),
        book.head("id", TEXT.but(colour="grey")),
        book.head("what", SMALL),
        book.head("lost", CENTRED),
        book.head("points", CENTRED),
        book.head("state", CENTRED.but(size="small")),
        book.head("evidence_n", CENTRED.but(format="#,##0.##")),
        book.head("open_findings", CENTRED.but(format="0;-0;–")),
        book.head("likely_cause", SMALL.but(colour="grey")),
    ]
    if len(rows) > PRINTED:
        sheet.sentence(book.say("lost.printed", n=PRINTED), QUIET.but(bottom="", indent=1))
    sheet.heads(columns)
    head = sheet.row - 1
    for number, row in enumerate(rows[: book.most], start=1):
        sheet.line(columns, [number, *row])
    sheet.printed = head + PRINTED if len(rows) > PRINTED else 0
    if not rows:
        sheet.sentence(book.say("lost.none"))
    elif len(rows) > 1:
        sheet.worksheet.auto_filter.ref = f"A{head}:K{sheet.row - 1}"
    sheet.worksheet.print_title_rows = f"{head}:{head}"
    sheet.down(6)
    book.not_all(sheet, cut)


def lost_items(book: Book) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The assessed units' items that lost points, as far as published decimals show: what may be told of them, and what
    rests on too few respondents."""
    assessment = book.pack.assessment
    short = np.nan_to_num(assessment.item_weights * (book.maximum - assessment.graded.points))
    alone = ~assessment.summary["rollup"].to_numpy()[:, None]
    lost = item_frame(assessment, alone & (short >= 0.5 * 10**-book.decimals), ["unit", "item", "n", "lost"])
    hidden = withheld(lost, book.model.items)
    return lost[~hidden], lost[hidden]


# ---------------------------------------------------------------- the ten largest


def _largest(book: Book, sheet: Sheet, told: pd.DataFrame, hidden: pd.DataFrame) -> None:
    sheet.section(book.label("lost.largest"))
    sheet.down(22)
    ranked = book.pack.graded
    lost = told[told["unit"].isin(ranked.index)]
    if lost.empty:
        sheet.sentence(book.say("lost.none" if len(ranked) else "message.nothing"))
        sheet.down(8)
        return
    by_item = lost.groupby("item").agg(lost=("lost", "sum"), units=("unit", "nunique"))
    largest = by_item.sort_values("lost", ascending=False, kind="stable").head(LARGEST)
    steps = mended(book.pack.assessment, largest.index, apart=_places(book, hidden))
    share = largest["lost"].sum() / lost["lost"].sum()
    values = {"n": len(largest), "share": f"{share:.0%}", "after": book.number(steps["mean"].iloc[-1])}
    values |= {"before": book.number(figures.mean_score(book.pack.assessment))}
    sheet.sentence(book.say("lost.told", better=int(steps["better"].iloc[-1]), **values))
    score = CENTRED.but(format=book.score_format)
    columns = [
        book.head("number", CENTRED.but(colour="grey")),
        book.head("item", NAME, span=4),
        book.head("units_losing", CENTRED),
        book.head("lost_mean", score),
        book.head("lost_share", CENTRED.but(format="0.0%")),
        book.head("mean_after", score.but(bold=True)),
        book.head("better", CENTRED.but(format="0;-0;–")),
        book.head("worst_units", SMALL.but(colour="grey")),
    ]
    rows = []
    for number, (step, (item, row)) in enumerate(
        zip(steps.itertuples(), largest.iterrows(), strict=True), start=1
    ):
        rows.append(
            [
                number,
                node_name(book, str(item)),
                int(row["units"]),
                row["lost"] / len(ranked),
                row["lost"] / lost["lost"].sum(),
                step.mean,
                step.better,
                _worst(book, lost[lost["item"] == item]),
            ]
        )
    sheet.table(columns, rows)
    sheet.down(10)


def _places(book: Book, losses: pd.DataFrame) -> np.ndarray:
    """Where some losses stand among the points, units × items."""
    assessment = book.pack.assessment
    columns = losses["item"].map(assessment.graded.plan.item_position)
    places = np.zeros(assessment.graded.points.shape, dtype=bool)
    places[assessment.summary.index.get_indexer(pd.Index(losses["unit"])), columns] = True
    return places


def _worst(book: Book, rows: pd.DataFrame, count: int = 3) -> str:
    """The units that lost most on an item."""
    most = rows.sort_values("lost", ascending=False, kind="stable").head(count)
    names = [
        f"{unit_name(book, unit)} {book.number(lost)}"
        for unit, lost in zip(most["unit"], most["lost"], strict=True)
    ]
    return book.say("list").join(names)


# ---------------------------------------------------------------- every loss


def _items(book: Book, told: pd.DataFrame, hidden: pd.DataFrame) -> Iterator[list[Any]]:
    register = book.pack.findings.outstanding()
    open_ones = register.groupby(["unit", "item"])["overdue_days"].agg(["size", "max"]).to_dict("index")
    columns = ["unit", "item", "value", "n", "state", "points", "lost", "reason"]
    entries: Any = item_frame(book.pack.assessment, _places(book, told), columns).itertuples()
    for entry in entries:
        item, found = book.model.items[entry.item], open_ones.get((entry.unit, entry.item))
        yield [
            entry.unit,
            unit_name(book, entry.unit),
            entry.item,
            item.name[book.lang],
            _lost(book, entry.lost),
            Shown(entry.points, book.heat_look(float(entry.points), CENTRED)),
            state_name(book, entry.state),
            entry.n,
            found["size"] if found else 0,
            _cause(book, entry, item, found),
        ]
    for unit, rows in hidden.groupby("unit"):
        what = book.say("losses.few", n=len(rows))
        blank = [NOTHING] * 3
        name = unit_name(book, unit)
        yield [unit, name, NOTHING, what, _lost(book, rows["lost"].sum()), *blank, 0, ""]


def _deductions(book: Book) -> Iterator[list[Any]]:
    events: list[Any] = list(in_effect(book.pack.assessment).itertuples())
    assessed = book.pack.ranking.index
    for event in events:
        if event.deduct > 0 and event.unit in assessed:
            name, what = unit_name(book, event.unit), line_name(book, str(event.red_line))
            lost, kind = _lost(book, event.deduct), book.say("losses.kind_deduction")
            yield [
                event.unit,
                name,
                NOTHING,
                what,
                lost,
                NOTHING,
                kind,
                NOTHING,
                0,
                getattr(event, "facts", ""),
            ]


def _lost(book: Book, points: float) -> Shown:
    return Shown(float(points), CENTRED.but(bold=True, format=book.score_format))


def _cause(book: Book, entry: Any, item: s.Item, found: dict[Any, Any] | None) -> str:
    """Why there was no value, or what the value was and what full marks ask; and what is still open."""
    parts = []
    if entry.state in (MEASURED, CARRIED):
        needed = _full_marks_at(item, book.maximum)
        key = "lost.value" if needed is None else "lost.value_of"
        wanted = "" if needed is None else value_words(needed, item, book.lang)
        parts.append(book.say(key, value=value_words(entry.value, item, book.lang), needed=wanted))
    else:
        parts.append(reason_text(entry.reason, book.lang, book.model) or state_name(book, entry.state))
    if found:
        parts.append(book.say("lost.open", n=found["size"]))
        parts += [book.say("lost.overdue", days=found["max"])] if found["max"] > 0 else []
    return book.say("watch.join").join(parts)


def _full_marks_at(item: s.Item, maximum: float) -> float | None:
    """The value nearest to the rest that earns full marks on a scale of straight lines; none for other scales."""
    if not isinstance(item.scale, s.PiecewiseLinear):
        return None
    full = [value for value, points in item.scale.points if points >= maximum]
    return (max(full) if item.direction == "lower_better" else min(full)) if full else None
