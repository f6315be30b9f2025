"""风险矩阵: where branches stand between weak guards and grave data, who stands worst, why, and what to decide."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit import texts
from riskkit.analysis.risk_matrix import RiskMatrix, guards, risk_matrix
from riskkit.model import schema as s
from riskkit.report.book import Book
from riskkit.report.cells import Shown
from riskkit.report.phrases import node_name
from riskkit.report.sheets import CENTRED, GROUP, NAME, QUIET, WRAPPED, Sheet
from riskkit.report.theme import Look, reads_on, theme
from riskkit.scoring.item_frame import item_frame

CELL = Look(size="small", align="center", wrap=True, seams="white")
LABEL, WIDE = 17.0, 150.0
"""Widths of the column of likelihood and of the classes of impact together."""
NAMED, LISTED = 60, 8
"""Units named in one cell, and in the table below."""
GRAVEST = 2
"""Ratings listed below."""


def write_risk(book: Book) -> None:
    """A page for each kind of data: its matrix, then the gravest branches by name."""
    risk = book.model.spec.risk
    if risk is None:
        sheet = book.sheet(book.say("risk.name"), [WIDE])
        book.band(sheet, book.label("risk.title"), book.say("risk.subtitle"))
        sheet.sentence(book.say("risk.no_model"))
        return
    matrix = risk_matrix(book.pack.assessment)
    classes = len(risk.impact)
    split = max(2, math.ceil(6 / classes))
    for kind in risk.data:
        widths = [LABEL, *[WIDE / classes / split] * (classes * split)]
        sheet = book.sheet(book.say("risk.name"), widths, one_page=True)
        book.band(
            sheet, book.label("risk.title_of", kind=texts.listed([kind.name])), book.say("risk.subtitle")
        )
        sheet.sentence(book.say("risk.how"), QUIET.but(bottom="", indent=1))
        _grid(book, sheet, matrix, kind, split)
        _worst(book, sheet, matrix, kind)
        sheet.sentence(book.say("risk.legend"), QUIET.but(bottom="", indent=1))


def _rating_look(risk: s.Risk, rating: str, look: Look) -> Look:
    place = [each.id for each in risk.ratings].index(rating)
    shade = theme().rating(place, len(risk.ratings))
    return look.but(fill=shade, colour=reads_on(shade))


def _grid(book: Book, sheet: Sheet, matrix: RiskMatrix, kind: s.DataKind, split: int) -> None:
    risk, grid = matrix.risk, matrix.grid(kind.id)
    at = [2 + split * place for place in range(len(risk.impact))]
    sheet.put(1, book.say("risk.corner"), GROUP.but(colour="grey", bold=False, size="small", align="left"))
    names = [f"{place} {each[book.lang]}" for place, each in enumerate(risk.impact, start=1)]
    head = GROUP.but(size="small")
    for column, name in zip(at, names, strict=True):
        sheet.put(column, name, head, span=split)
    sheet.down(sheet.room([(name, column, split, head) for column, name in zip(at, names, strict=True)]))
    for likelihood in grid.index:
        step = risk.likelihood[int(likelihood) - 1]
        words = {"place": likelihood, "name": step.name[book.lang], "limit": f"{step.up_to:.0%}"}
        label, quiet = book.say("risk.step", **words), Look(size="small", colour="grey", wrap=True)
        sheet.put(1, label, quiet)
        needed: list[tuple[Any, int, int, Look]] = [(label, 1, 1, quiet)]
        for column, rating, units in zip(at, step.ratings, grid.loc[likelihood], strict=True):
            look, told = _rating_look(risk, rating, CELL), _codes(book, units)
            sheet.put(column, told, look, span=split)
            needed.append((told, column, split, look))
        sheet.down(max(26.0, sheet.room(needed)))
    sheet.down(4)
    sheet.put(1, book.label("head.rating"), Look(size="small", colour="grey"))
    for column, each in zip(at, risk.ratings, strict=False):
        sheet.put(column, each.name[book.lang], _rating_look(risk, each.id, CELL), span=split)
    sheet.down(17)
    sheet.down(4)
    for sentence in _notes(book, matrix, kind):
        sheet.sentence(sentence, QUIET.but(bottom="", indent=1))
    sheet.down(6)


def _notes(book: Book, matrix: RiskMatrix, kind: s.DataKind) -> Iterator[str]:
    """Who could not be placed, and what guards the data."""
    rows = matrix.cells[matrix.cells["kind"] == kind.id]
    for key in ("impact", "likelihood"):
        names = rows.loc[rows[key].isna(), "name"].tolist()
        if names:
            shown = book.say("list").join(names[:LISTED]) + (" …" if len(names) > LISTED else "")
            yield book.say(f"risk.no_{key}", n=len(names), names=shown)
    guarded = book.say("list").join(node_name(book, node) for node in kind.guarded_by)
    yield book.say("risk.guards", guards=guarded)


def _codes(book: Book, units: list[str]) -> str:
    """Codes after how many they are; empty for nobody."""
    if not units:
        return ""
    shown = " ".join(units[:NAMED]) + (" …" if len(units) > NAMED else "")
    return f"{book.say('risk.count', n=len(units))}\n{shown}"


# ---------------------------------------------------------------- the gravest


def _worst(book: Book, sheet: Sheet, matrix: RiskMatrix, kind: s.DataKind) -> None:
    sheet.section(book.label("risk.worst"))
    sheet.down(22)
    rows = matrix.top(GRAVEST, kind.id)
    if rows.empty:
        placed = matrix.cells.loc[matrix.cells["kind"] == kind.id, "rating"].notna().any()
        sheet.sentence(book.say("risk.all_mild" if placed else "risk.none_placed"))
        return
    spans = sheet.spans([1.2, 0.8, 0.8, 1.9, 3.0, 2.3])
    looks = [NAME, CENTRED, CENTRED.but(format="0.0%"), WRAPPED, WRAPPED, WRAPPED]
    keys = ["unit", "rating", "lost_share_guards", "handles", "why_here", "decide"]
    columns = [book.head(key, look, span=span) for key, look, span in zip(keys, looks, spans, strict=True)]
    entries: list[Any] = list(rows.head(LISTED).itertuples())
    sheet.table(columns, [_row(book, matrix.risk, kind, entry) for entry in entries])
    if len(rows) > LISTED:
        sheet.sentence(book.say("risk.more", n=len(rows) - LISTED), QUIET.but(bottom="", indent=1))
    sheet.down(6)


def _row(book: Book, risk: s.Risk, kind: s.DataKind, entry: Any) -> list[object]:
    rating = next(each for each in risk.ratings if each.id == entry.rating)
    return [
        entry.name,
        Shown(rating.name[book.lang], _rating_look(risk, rating.id, CENTRED.but(bold=True))),
        entry.lost,
        _handles(book, kind, entry),
        _why(book, kind, entry),
        rating.decide[book.lang],
    ]


def _handles(book: Book, kind: s.DataKind, entry: Any) -> str:
    if pd.isna(entry.level):
        return book.say("risk.handles_none")
    level = kind.levels[int(entry.level)]
    table = book.model.tables[level.table].name[book.lang]
    return book.say("risk.handles", level=level.name[book.lang], table=table, n=int(entry.rows))


def _why(book: Book, kind: s.DataKind, entry: Any) -> str:
    """The two guards that lost most, and how much nobody assessed."""
    names = guards(book.model, kind)
    assessment = book.pack.assessment
    alone = (assessment.summary.index == entry.unit)[:, None]
    items = item_frame(assessment, alone, ["item", "points"]).set_index("item").reindex(names)
    weight = pd.Series(book.model.nominal_weights).reindex(names)
    short = (weight * (book.maximum - items["points"])).fillna(0.0)
    most = short[short > 0].sort_values(ascending=False, kind="stable").index[:2]
    told = book.say("risk.mainly", items=book.say("list").join(node_name(book, str(item)) for item in most))
    if entry.unassessed > 0:
        told += book.say("risk.unassessed", share=f"{entry.unassessed:.0%}")
    return told
