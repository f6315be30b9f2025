"""概览: one unit on one page: where it stands, what held it back, what to do by when."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pandas as pd

from riskkit.analysis.next_grade import NextGrade
from riskkit.analysis.peers import PeerPlace
from riskkit.discretion import SMALLEST_GROUP
from riskkit.report import figures, native_charts, rules
from riskkit.report.book import Book
from riskkit.report.branch.actions import write_actions
from riskkit.report.branch.links import Links
from riskkit.report.branch.reckoned import Reckoned
from riskkit.report.cells import NOTHING, Formula, Runs, Shown, quoted
from riskkit.report.change_words import real_change_of, silence
from riskkit.report.native_charts import Line, Place
from riskkit.report.phrases import (
    effect_together,
    grade_name,
    grade_short,
    how_sure,
    in_effect,
    node_name,
)
from riskkit.report.quarter.changes import causes_cell
from riskkit.report.quarter.live import shown
from riskkit.report.sheets import CENTRED, QUIET, TEXT, WRAPPED, Sheet
from riskkit.report.theme import Look
from riskkit.report.tiles import Tile, write_tiles
from riskkit.report.way_words import why_not_next
from riskkit.scoring.plan import ROOT

GRID = [7.4] * 24
LEFT, RIGHT = 14, 10
"""Columns for the dimensions' table and for the chart beside it."""
POINTS = 5
LAST = 6
"""Periods of the unit's own history."""
CHART_ROWS = 12
GAP = 13
"""The column of the distance to the peers' median."""
DETAILS = ("losses", "way", "", "items", "findings", "findings")
"""The sheet behind each tile; none behind the rank among peers, who are not named."""


def write_overview(
    book: Book, unit: str, place: PeerPlace, way: NextGrade, links: Links, reckoned: Reckoned
) -> None:
    """The unit's page for its head and the inspector to sign."""
    summary = book.pack.standing[unit]
    sheet = book.sheet(book.say("overview.name"), GRID, one_page=True)
    book.band(sheet, str(summary["name"]), _subtitle(book, unit, summary), height=32)
    tiles = _tiles(book, unit, summary, place, reckoned)
    for number, detail in enumerate(DETAILS):
        span = sheet.columns // len(tiles)
        links.lead(sheet, 1 + number * span, "sheet", detail, span=span, row=sheet.row)
    span, grade = sheet.columns // len(tiles), sheet.row + 1
    write_tiles(sheet, tiles)
    names = [grade_name(book, name) for name in book.model.grades]
    rules.grades(sheet.worksheet, rules.block(1 + span, grade, 2 * span, grade), names)
    _verdict(book, sheet, unit, reckoned)
    _dimensions(book, sheet, unit, place, reckoned)
    _strengths_and_weaknesses(book, sheet, unit, place, links)
    write_actions(book, sheet, unit, way, links)
    sheet.down(6)
    sheet.sentence(book.say("overview.live"), Look(size="tiny", colour="grey", wrap=True, indent=1))


def _subtitle(book: Book, unit: str, summary: dict[str, Any]) -> str:
    """What kind of unit it is; of its peer group and staff as much as there is to say."""
    level = {each.id: each.name[book.lang] for each in book.model.spec.levels}[str(summary["level"])]
    words = book.say("overview.subtitle", institution=book.pack.institution, unit=unit, level=level)
    if isinstance(summary["peer_group"], str):
        words += book.say("overview.group", group=summary["peer_group"])
    if summary["staff"] > 0:
        words += book.say("overview.staff", staff=f"{summary['staff']:g}")
    return words


# ---------------------------------------------------------------- tiles


def _tiles(
    book: Book, unit: str, summary: dict[str, Any], place: PeerPlace, reckoned: Reckoned
) -> list[Tile]:
    provisional = bool(summary["provisional"])
    size = "title" if len(grade_name(book, summary["grade"])) > 6 else "figure"
    look = book.grade_look(summary["grade"], Look())
    share = f"{summary['high_class']:.0%}"
    return [
        Tile(
            book.label("tile.score.label"),
            reckoned.score,
            _change_note(book, unit, reckoned),
            format=book.score_format,
        ),
        Tile(
            book.label("tile.grade.label"),
            reckoned.grade,
            "" if provisional else reckoned.wording,
            "warn" if provisional else look.colour,
            size,  # type: ignore[arg-type]
        ),
        _rank_tile(book, summary, place),
        Tile(
            book.label("tile.evidence.label"),
            f"{summary['coverage']:.1%}",
            book.say("tile.evidence.note", share=share),
            "warn" if provisional else "rule",
        ),
        _red_line_tile(book, unit, summary),
        _finding_tile(book, unit),
    ]


def _change_note(book: Book, unit: str, reckoned: Reckoned) -> str | Formula:
    movement = book.pack.movement
    if (
        movement is None
        or unit not in movement.units.index
        or pd.isna(figures.cell(movement.units, unit, "change"))
    ):
        return book.say("tile.mean.first")
    return reckoned.change(figures.number(movement.units, unit, "score_before"))


def _rank_tile(book: Book, summary: dict[str, Any], place: PeerPlace) -> Tile:
    label = book.label("tile.rank.label")
    if place.rank is None:
        return Tile(label, NOTHING, book.say("tile.rank.none"), "grey")
    everywhere = len(book.pack.graded)
    note = book.say("tile.rank.note", rank=int(summary["rank"]), of=everywhere)
    return Tile(label, f"{place.rank} / {place.size}", note)


def _red_line_tile(book: Book, unit: str, summary: dict[str, Any]) -> Tile:
    events = in_effect(book.pack.assessment, unit)
    label = book.label("tile.red_lines.label")
    if not book.model.red_lines:
        return Tile(label, NOTHING, book.say("tile.red_lines.none"), "grey")
    return Tile(
        label,
        str(len(events)),
        effect_together(book, events) if len(events) else book.say("tile.red_line.clear"),
        "bad" if len(events) else "good",
    )


def _finding_tile(book: Book, unit: str) -> Tile:
    label, findings = book.label("tile.outstanding.label"), book.pack.findings
    if findings.rows.empty:
        return Tile(label, NOTHING, book.say("tile.findings.none"), "grey")
    mine = findings.outstanding(unit)
    late = int((mine["overdue_days"] > 0).sum())
    tone = "bad" if late else "warn" if len(mine) else "good"
    return Tile(label, str(len(mine)), book.say("tile.outstanding.note", n=late), tone)


# ---------------------------------------------------------------- verdict and dimensions


def _verdict(book: Book, sheet: Sheet, unit: str, reckoned: Reckoned) -> None:
    bold, plain = Look(bold=True, colour="rule", indent=1), Look(wrap=True)
    why = why_not_next(book, unit)
    lines: list[tuple[str, str | Runs | Formula]] = [
        ("overview.why", book.say("way.best") if why == NOTHING else why)
    ]
    lines.append(("overview.sure", how_sure(book, unit)))
    lines += [("overview.silent", text) for text in silence(book)]
    causes = causes_cell(book, unit, 3)
    lines += [("overview.moved", causes)] if causes != NOTHING else []
    lines.append(("overview.real", real_change_of(book, unit)))
    gaps = book.pack.self_check.units
    if unit in gaps.index:
        row = figures.row_of(gaps, unit)
        shares = {
            "own": f"{row['self_share']:.1%}",
            "inspected": f"{row['inspected_share']:.1%}",
            "gap": f"{gap:+.1f}" if (gap := round(row["gap"] * 100, 1)) else "0.0",
        }
        lines.append(("overview.self_check", book.say("overview.self_check_text", **shares)))
    lines.append(("overview.check", reckoned.seal))
    for key, text in lines:
        sheet.put(1, book.say(key), bold, span=3)
        sheet.put(4, text, plain, span=sheet.columns - 3)
        sheet.down(sheet.room([(text, 4, sheet.columns - 3, plain)]))
    sheet.down(6)


def _dimensions(book: Book, sheet: Sheet, unit: str, place: PeerPlace, reckoned: Reckoned) -> None:
    sheet.section(book.label("overview.dimensions"), span=LEFT)
    sheet.section(book.label("overview.chart"), column=LEFT + 1)
    sheet.down(20)
    top = sheet.row
    points = CENTRED.but(format=book.points_format)
    columns = [
        book.head("dimension", TEXT.but(wrap=True), span=4),
        book.head("weight", points.but(format="0%", colour="grey"), span=2),
        book.head("own", points.but(bold=True), span=2),
        book.head("median", points, span=2),
        book.head("last", points.but(colour="grey"), span=2),
        book.head("to_median", CENTRED.but(format=book.change_format), span=2),
    ]
    sheet.heads(columns)
    first = sheet.row
    names = [node.id for node in book.model.dimensions]
    rows, before = [], _before(book, unit)
    for node in (*names, ROOT):
        rows.append(_dimension_row(book, place, node, before[node], reckoned, sheet.row))
        sheet.line(columns, rows[-1])
        sheet.height(22, sheet.row - 1)
    rules.changes(sheet.worksheet, rules.block(GAP, first, GAP + 1, sheet.row - 1))
    if not shown_median(place):
        sheet.sentence(book.say("overview.few_peers", n=SMALLEST_GROUP), QUIET.but(bottom=""), span=LEFT)
    _history(book, sheet, unit)
    for empty in range(sheet.row, top + CHART_ROWS):
        sheet.height(13, empty)
    sheet.row = max(sheet.row, top + CHART_ROWS)
    _chart(book, sheet, rows[:-1], Place(LEFT + 1, top, 25, sheet.row), first)
    sheet.down(6)


def _history(book: Book, sheet: Sheet, unit: str) -> None:
    """The unit's published scores and grades, period by period."""
    mine = book.pack.course(unit).sort_values("period").tail(LAST)
    if len(mine) < 2:
        return
    sheet.down(8)
    quiet = TEXT.but(size="small", colour="grey")
    rows: list[tuple[str, list[object]]] = [
        (
            "history",
            [
                Shown(str(name), CENTRED.but(size="small", colour="grey", bold=True))
                for name in mine["period"]
            ],
        ),
        ("score", [Shown(value, CENTRED.but(format=book.score_format)) for value in mine["score"]]),
        ("range", [Shown(words, quiet.but(align="center")) for words in _ranges(book, mine)]),
        (
            "grade",
            [Shown(grade_short(book, grade), book.grade_look(grade, CENTRED)) for grade in mine["grade"]],
        ),
    ]
    for key, cells in rows:
        sheet.put(1, book.label(f"head.{key}"), quiet, span=2)
        for place in range(LAST):
            shown = cells[place] if place < len(cells) else Shown(None, TEXT)
            sheet.put(3 + 2 * place, shown.value, shown.look, span=2)  # type: ignore[attr-defined]
        sheet.down(18)


def _ranges(book: Book, history: pd.DataFrame) -> list[str]:
    """The 90 % interval of each score, to one decimal less; a dash where the unit was not ranked."""
    ends = history[["score_low", "score_high"]].to_numpy(dtype=float)
    places = max(book.decimals - 1, 1)
    return [
        f"{book.number(low, places)}–{book.number(high, places)}" if low == low else NOTHING
        for low, high in ends
    ]


def shown_median(place: PeerPlace) -> bool:
    """Whether the peer group is large enough for its median to say nothing about any one of them."""
    return place.size >= SMALLEST_GROUP


def _dimension_row(
    book: Book, place: PeerPlace, node: str, before: float, reckoned: Reckoned, at: int
) -> list[object]:
    """A dimension's row, or the total's; what is the unit's own is alive."""
    median = figures.number(place.nodes, node, "median") if shown_median(place) else float("nan")
    own = reckoned.of(node) if node != ROOT else reckoned.score
    gap = figures.number(place.nodes, node, "score") - median
    both = f"AND(ISNUMBER(G{at}),ISNUMBER(I{at}))"
    text = f"=IF({both},G{at}-I{at},{quoted(NOTHING)})"
    values: list[object] = [
        node_name(book, node) if node != ROOT else book.say("overview.total"),
        reckoned.weight(node) if node != ROOT else 1.0,
        own,
        median,
        before,
        Formula(text, shown(gap)),
    ]
    if node != ROOT:
        return values
    look = CENTRED.but(bold=True, fill="paper", format=book.score_format)
    looks = [TEXT.but(bold=True, fill="paper"), look.but(format="0%"), look, look, look]
    looks.append(look.but(format=book.change_format))
    return [Shown(value, each) for value, each in zip(values, looks, strict=True)]


def _before(book: Book, unit: str) -> Mapping[str, float]:
    """The unit's scores in the last period, by node, the published one under ""; missing where there are none."""
    before = book.pack.before
    if before is None or unit not in before.summary.index:
        return defaultdict(lambda: math.nan)
    return before.unit_scores(unit) | {ROOT: figures.number(before.summary, unit, "score")}


def _chart(book: Book, sheet: Sheet, rows: list[list[object]], place: Place, first: int) -> None:
    worksheet = sheet.worksheet
    names = native_charts.Column(worksheet, 1, first, [row[0] for row in rows])
    kept = [(7, 2, "own", "series"), (9, 3, "median", "series_soft"), (11, 4, "before", "series_warm")]
    series = []
    for column, position, key, colour in kept:
        held_here = (row[position] for row in rows)
        values = [float(v.cached if isinstance(v, Formula) else v) for v in held_here]  # type: ignore[arg-type]
        if any(value == value for value in values):
            held = native_charts.Column(worksheet, column, first, values, book.say(f"chart.{key}"))
            series.append(Line(held, colour))
    chart = native_charts.columns(None, names, series, form=book.points_format, maximum=book.maximum)
    native_charts.add(worksheet, chart, place)
    book.pictures.append(book.label("overview.chart").text)


# ---------------------------------------------------------------- strengths and weaknesses


def _strengths_and_weaknesses(book: Book, sheet: Sheet, unit: str, place: PeerPlace, links: Links) -> None:
    half = sheet.columns // 2
    sheet.section(book.label("overview.strengths"), span=half)
    sheet.section(book.label("overview.weaknesses"), column=half + 1)
    sheet.down(20)
    scores = _indicator_scores(book, unit, place)
    strong, weak = _strong(book, scores, place), _weak(book, scores)
    look = WRAPPED
    for number in range(max(len(strong), len(weak))):
        cells = [(strong, 1), (weak, half + 1)]
        texts = []
        for found, column in cells:
            node, text = found[number] if number < len(found) else ("", "")
            sheet.put(column, text or None, look if text else Look(), span=half)
            links.lead(sheet, column, "node", node, span=half)
            texts.append((text, column, half, look))
        sheet.down(sheet.room(texts))
    sheet.down(6)


def _indicator_scores(book: Book, unit: str, place: PeerPlace) -> pd.DataFrame:
    """The unit's indicators: score, how far above the peers' median, points of the total lost."""
    assessment = book.pack.assessment
    names = figures.indicators(assessment)
    own = pd.Series(assessment.unit_scores(unit)).reindex(names)
    weight = pd.Series(assessment.unit_weights(unit)).reindex(names)
    median = (
        place.nodes["median"].reindex(names) if shown_median(place) else pd.Series(float("nan"), index=names)
    )
    frame = pd.DataFrame(
        {
            "score": own,
            "gap": own - median,
            "lost": weight * (book.maximum - own),
        }
    )
    return frame[frame["score"].notna()]


def _strong(book: Book, found: pd.DataFrame, place: PeerPlace) -> list[tuple[str, str]]:
    order = (
        found.sort_values(["gap", "score"], ascending=False, kind="stable")
        if shown_median(place)
        else found.sort_values("score", ascending=False, kind="stable")
    )
    chosen = order[(order["gap"] > 0) | order["gap"].isna()].head(POINTS)
    told = [(str(name), _about(book, str(name), row)) for name, row in chosen.to_dict("index").items()]
    return told or [("", book.say("overview.no_strengths"))]


def _weak(book: Book, found: pd.DataFrame) -> list[tuple[str, str]]:
    chosen = found[found["lost"] > 0].sort_values("lost", ascending=False, kind="stable").head(POINTS)
    told = [
        (str(name), _about(book, str(name), row, lost=True)) for name, row in chosen.to_dict("index").items()
    ]
    return told or [("", book.say("overview.no_weaknesses"))]


def _about(book: Book, name: str, row: dict[Any, Any], *, lost: bool = False) -> str:
    words = [
        book.say("overview.scored", node=node_name(book, name), score=book.number(row["score"], book.finer))
    ]
    if row["gap"] == row["gap"]:
        gap = round(row["gap"], book.finer)
        key = "above" if gap > 0 else "below" if gap < 0 else "level"
        words.append(book.say(f"overview.{key}", gap=book.number(abs(gap), book.finer)))
    if lost:
        words.append(book.say("overview.lost", lost=book.number(row["lost"])))
    return book.say("overview.comma").join(words)
