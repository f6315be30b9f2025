"""排名: every assessed unit, best first, with why its grade is no better."""

from __future__ import annotations

import pandas as pd

from riskkit.report import figures
from riskkit.report.book import Book
from riskkit.report.change_words import silence
from riskkit.report.phrases import (
    grade_name,
    has_national_wording,
    is_code,
    national_wording,
    rank_ends,
    tie_groups,
    why_not_better,
)
from riskkit.report.sheets import CENTRED, NAME, NOTHING, QUIET, TEXT, Column, Label, Shown


def write_ranking(book: Book) -> None:
    """The ranking; provisional units last, marked so, without rank."""
    ranking = book.pack.assessment.ranking()
    parents = bool(ranking["parent"].notna().any())
    national = has_national_wording(book)
    columns = _columns(book, parents, national)
    wide = book.lang == "en"
    widths: list[float] = [6, 8, 8, 17, *([11] if parents else []), 9, 12 if wide else 9]
    widths += [*([26 if wide else 15] if national else []), *[12.5] * len(book.model.dimensions), 9, 9, 9, 56]
    sheet = book.sheet(book.say("ranking.name"), widths)
    book.band(sheet, book.label("ranking.title"), book.say("ranking.subtitle", n=len(ranking)))
    scores = book.pack.assessment.scores(1)
    rows = [_row(book, str(unit), row, scores, parents, national) for unit, row in ranking.iterrows()]
    sheet.heads(columns)
    head = sheet.row - 1
    for values in rows:
        sheet.line(columns, values)
    sheet.keep(head, head, still=4)
    sheet.down(6)
    quiet = QUIET.but(bottom="", indent=1)
    how = book.pack.workspace.settings.simulation
    words = {"draws": how.draws, "seed": how.seed, "alike": tie_groups(book)}
    sheet.sentence(book.say("ranking.sure", **words), quiet)
    for text in (*silence(book), book.say("ranking.legend")):
        sheet.sentence(text, quiet)


def _columns(book: Book, parents: bool, national: bool) -> list[Column]:
    score = CENTRED.but(format=book.score_format, bold=True)
    points = CENTRED.but(format=book.points_format)
    share = CENTRED.but(format="0.0%")
    return [
        book.head("rank", CENTRED),
        book.head("rank_range", CENTRED.but(colour="grey")),
        book.head("code", TEXT.but(colour="grey")),
        book.head("unit", NAME),
        *([book.head("parent", TEXT)] if parents else []),
        book.head("score", score),
        book.head("grade", CENTRED),
        *([book.head("national", CENTRED.but(size="small"))] if national else []),
        *(Column(dimension_head(book, node.id), points) for node in book.model.dimensions),
        book.head("coverage", share),
        book.head("observed", points.but(colour="grey")),
        book.head("change", CENTRED),
        book.head("why", QUIET),
    ]


def dimension_head(book: Book, node: str) -> Label:
    """A dimension's heading: its letter and below it its name, or its name alone."""
    name = book.model.nodes[node].name[book.lang]
    return Label(node, name, True) if is_code(node) else Label(name)


def _row(
    book: Book, unit: str, row: pd.Series, scores: pd.DataFrame, parents: bool, national: bool
) -> list[object]:
    parent = (
        book.pack.assessment.measures.units["name"].get(row["parent"], NOTHING)
        if isinstance(row["parent"], str)
        else NOTHING
    )
    quiet = CENTRED.but(colour="grey", size="small")
    rank: object = int(row["rank"]) if row["rank"] == row["rank"] else Shown(book.say("provisional"), quiet)
    return [
        rank,
        _range(book, unit),
        unit,
        row["name"],
        *([parent] if parents else []),
        row["score"],
        Shown(grade_name(book, row["grade"]), book.grade_look(row["grade"], CENTRED)),
        *([national_wording(book, row["grade"]) or NOTHING] if national else []),
        *(figures.number(scores, unit, node.id) for node in book.model.dimensions),
        row["coverage"],
        row["observed"],
        change_cell(book, unit),
        why_not_better(book, unit),
    ]


def _range(book: Book, unit: str) -> str:
    """A unit's 90 % rank interval."""
    if unit not in book.pack.sure.index:
        return NOTHING
    low, high = rank_ends(figures.row_of(book.pack.sure, unit)).values()
    return f"{low}–{high}" if low < high else f"{low}"


def change_cell(book: Book, unit: str) -> object:
    """A unit's change since the last period, in its colour; a dash where there is none to tell."""
    movement = book.pack.movement
    if movement is None or unit not in movement.units.index:
        return Shown(NOTHING, CENTRED.but(colour="grey"))
    value = figures.number(movement.units, unit, "change")
    return Shown(round(value, book.decimals), book.change_look(value, CENTRED))
