"""排名: every assessed unit, best first, with why its grade is no better."""

from __future__ import annotations

import pandas as pd

from riskkit.report import rules
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Formula, Label, Shown, quoted
from riskkit.report.change_words import silence
from riskkit.report.phrases import (
    has_national_wording,
    is_code,
    tie_groups,
    why_not_better,
)
from riskkit.report.quarter.live import Live
from riskkit.report.sheets import CENTRED, NAME, QUIET, TEXT, Column


def write_ranking(book: Book, live: Live) -> None:
    """The published ranking, its scores, grades and ranks alive; provisional units last, without rank."""
    ranking = book.pack.ranking
    parents = bool(ranking["parent"].notna().any())
    national = has_national_wording(book)
    columns = _columns(book, parents, national)
    wide = book.lang == "en"
    widths: list[float] = [6, 8, 8, 17, *([11] if parents else []), 9, 12 if wide else 9]
    widths += [*([26 if wide else 15] if national else []), *[12.5] * len(book.model.dimensions), 9, 9, 9, 56]
    sheet = book.sheet(book.say("ranking.name"), widths)
    book.band(sheet, book.label("ranking.title"), book.say("ranking.subtitle", n=len(ranking)))
    sheet.heads(columns)
    head = sheet.row - 1
    for unit, row in book.settling(sheet, ranking.iterrows()):
        sheet.line(columns, _row(book, live, str(unit), row, parents, national))
        sheet.link(3, live.at(str(unit), "score"), row=sheet.row - 1)
    sheet.keep(head, head, still=4)
    if len(ranking):
        last, grade, change = sheet.row - 1, 6 + parents, len(columns) - 1
        rules.grades(sheet.worksheet, rules.block(grade, head + 1, grade, last), live.grade_names)
        rules.changes(sheet.worksheet, rules.block(change, head + 1, change, last))
    sheet.down(6)
    quiet = QUIET.but(bottom="", indent=1)
    how = book.pack.workspace.settings.simulation
    words = {"draws": how.draws, "seed": how.seed, "alike": tie_groups(book)}
    sheet.sentence(book.say("ranking.sure", **words), quiet)
    for text in (*silence(book), book.say("ranking.legend"), book.say("live.ranking")):
        sheet.sentence(text, quiet)


def _columns(book: Book, parents: bool, national: bool) -> list[Column]:
    score = CENTRED.but(format=book.score_format, bold=True)
    points = CENTRED.but(format=book.points_format)
    share = CENTRED.but(format="0.0%")
    return [
        book.head("rank", CENTRED),
        book.head("rank_range", CENTRED.but(colour="grey")),
        book.head("code", TEXT.but(colour="rule")),
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


def _row(book: Book, live: Live, unit: str, row: pd.Series, parents: bool, national: bool) -> list[object]:
    parent = (
        book.pack.assessment.measures.units["name"].get(row["parent"], NOTHING)
        if isinstance(row["parent"], str)
        else NOTHING
    )
    quiet = CENTRED.but(colour="grey", size="small")
    ranked, cell = row["rank"] == row["rank"], live.at(unit, "rank")
    text = f"=IF(ISNUMBER({cell}),{cell},{quoted(book.say('provisional'))})"
    rank = Formula(text, int(row["rank"]) if ranked else book.say("provisional"))
    return [
        Shown(rank, CENTRED if ranked else quiet),
        live.known["range"][unit],
        unit,
        row["name"],
        *([parent] if parents else []),
        live.value(unit, "score"),
        Shown(live.grade(unit), CENTRED.but(colour="grey")),
        *([live.national(unit)] if national else []),
        *(live.node(unit, node.id) for node in book.model.dimensions),
        row["coverage"],
        row["observed"],
        change_cell(book, live, unit),
        why_not_better(book, unit),
    ]


def change_cell(book: Book, live: Live, unit: str) -> Shown:
    """A unit's change since the last period's published score; `rules.changes` colours it."""
    return Shown(live.value(unit, "change"), CENTRED.but(colour="grey", format=book.change_format))
