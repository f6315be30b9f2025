"""看板: one page for management."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from riskkit.report import figures, native_charts
from riskkit.report.book import Book
from riskkit.report.change_words import real_changes
from riskkit.report.native_charts import Line, Place
from riskkit.report.phrases import grade_name, grade_short, in_effect, line_name, node_name
from riskkit.report.quarter.chart_data import ChartData
from riskkit.report.quarter.watch import cause_name, watch_list
from riskkit.report.sheets import CENTRED, NAME, NOTHING, WRAPPED, Run, Runs, Sheet, Shown
from riskkit.report.theme import Look, Size, theme
from riskkit.report.tiles import Tile, write_tiles

GRID = [7.6] * 24
CHART_ROWS = 15
ENDS = 5
"""Bars from either end of the ranking."""
WATCHED = 8


def write_dashboard(book: Book, candidates: pd.DataFrame) -> ChartData:
    """The dashboard; gives back the sheet with the numbers behind its charts."""
    sheet = book.sheet(book.say("dashboard.name"), GRID, one_page=True)
    numbers = ChartData(book)
    book.band(
        sheet, book.say("dashboard.title", institution=book.pack.institution), _subtitle(book), height=32
    )
    write_tiles(sheet, _tiles(book, candidates))
    sheet.section(book.label("dashboard.messages"))
    sheet.down(20)
    for number, message in enumerate(_messages(book, candidates)):
        sheet.sentence(f"{'①②③④⑤'[number]} {message}")
    sheet.down(8)
    _charts(book, sheet, numbers)
    sheet.section(book.label("dashboard.watch"))
    sheet.down(20)
    _watch(book, sheet, candidates)
    sheet.sentence(book.say("dashboard.legend"), Look(size="tiny", colour="grey", wrap=True, indent=1))
    return numbers


def _subtitle(book: Book) -> str:
    pack, model = book.pack, book.model
    return book.say(
        "dashboard.subtitle",
        model=model.spec.name[book.lang],
        units=len(pack.assessment.ranking()),
        dimensions=len(model.dimensions),
        indicators=len(figures.indicators(pack.assessment)),
        items=sum(item.weight > 0 for item in model.items.values()),
    )


# ---------------------------------------------------------------- tiles


def _tiles(book: Book, candidates: pd.DataFrame) -> list[Tile]:
    return [
        _mean_tile(book),
        _grades_tile(book),
        _red_lines_tile(book, candidates),
        _findings_tile(book),
        _coverage_tile(book),
        _provisional_tile(book),
    ]


def _mean_tile(book: Book) -> Tile:
    now, before = (figures.mean_score(each) for each in (book.pack.assessment, book.pack.before))
    note = (
        book.say("tile.mean.first")
        if before != before
        else book.say("tile.mean.note", change=book.signed(now - before))
    )
    return Tile(book.label("tile.mean.label"), book.number(now) if now == now else NOTHING, note)


def _grades_tile(book: Book) -> Tile:
    counts = {name: count for name, count in figures.grade_counts(book.pack).items() if count}
    size: Size = "section" if len(counts) > 3 or any(len(name) > 2 for name in counts) else "figure"
    parts: list[Run] = []
    for name, count in counts.items():
        colours = theme().grade(list(book.model.grades).index(name), len(book.model.grades))
        parts.append(Run(f"{'  ' if parts else ''}{grade_short(book, name)} ", "small", "grey"))
        parts.append(Run(str(count), size, colours.text, True))
    total = len(figures.graded(book.pack.assessment))
    return Tile(
        book.label("tile.grades.label"),
        Runs(tuple(parts)) if parts else NOTHING,
        book.say("tile.grades.note", n=total),
    )


def _red_lines_tile(book: Book, candidates: pd.DataFrame) -> Tile:
    label = book.label("tile.red_lines.label")
    if not book.model.red_lines:
        return Tile(label, NOTHING, book.say("tile.red_lines.none"))
    events = in_effect(book.pack.assessment)
    note = book.say("tile.red_lines.note", units=events["unit"].nunique(), pending=len(candidates))
    return Tile(label, str(len(events)), note, "bad" if len(events) else "good")


def _findings_tile(book: Book) -> Tile:
    label, findings = book.label("tile.findings.label"), book.pack.findings
    if findings.rows.empty:
        return Tile(label, NOTHING, book.say("tile.findings.none"))
    outstanding = findings.outstanding()
    late = outstanding[outstanding["overdue_days"] > 0]
    longest = int(late["overdue_days"].max()) if len(late) else 0
    note = book.say("tile.findings.note", outstanding=len(outstanding), days=longest)
    return Tile(label, str(len(late)), note, "warn" if len(late) else "good")


def _coverage_tile(book: Book) -> Tile:
    ranking = book.pack.assessment.ranking()
    carried = figures.carried_share(book.pack.assessment, list(ranking.index))
    note = book.say("tile.coverage.note", carried=f"{carried:.1%}")
    return Tile(book.label("tile.coverage.label"), f"{ranking['coverage'].mean():.1%}", note)


def _provisional_tile(book: Book) -> Tile:
    ranking = book.pack.assessment.ranking()
    rows = ranking[ranking["provisional"]]
    needed = f"{book.model.spec.provisional.coverage:.0%}"
    note = str(rows["name"].iloc[0]) if len(rows) == 1 else book.say("tile.provisional.note", needed=needed)
    return Tile(book.label("tile.provisional.label"), str(len(rows)), note, "warn" if len(rows) else "good")


# ---------------------------------------------------------------- messages


def _messages(book: Book, candidates: pd.DataFrame) -> list[str]:
    return [
        _where_points_are_lost(book),
        _who_moved(book),
        real_changes(book),
        _what_is_open(book, candidates),
    ]


def _where_points_are_lost(book: Book) -> str:
    ranked = figures.graded(book.pack.assessment)
    names = figures.indicators(book.pack.assessment)
    means = book.pack.assessment.scores(2).reindex(index=ranked.index, columns=names).mean().dropna()
    if means.empty:
        return book.say("message.nothing")
    low, high = str(means.idxmin()), str(means.idxmax())
    scores = book.pack.assessment.scores(2).reindex(ranked.index)[low]
    return book.say(
        "message.indicators",
        low=node_name(book, low),
        low_mean=book.number(means[low], book.finer),
        below=int((scores < 0.6 * book.maximum).sum()),
        limit=f"{0.6 * book.maximum:g}",
        high=node_name(book, high),
        high_mean=book.number(means[high], book.finer),
    )


def _who_moved(book: Book) -> str:
    moved = figures.comparable(book.pack)
    if moved.empty:
        ranked = figures.graded(book.pack.assessment)
        if ranked.empty:
            return book.say("message.nothing")
        first, last = ranked.iloc[0], ranked.iloc[-1]
        ends = {
            "best": first["name"],
            "high": book.number(first["score"]),
            "last": last["name"],
            "low": book.number(last["score"]),
        }
        return book.say("message.ends", **ends)
    up, down = moved.iloc[0], moved.iloc[-1]
    return book.say(
        "message.moves",
        up=up["name"],
        up_change=book.signed(up["change"]),
        up_because=_because(book, str(up.name), worse=False),
        down=down["name"],
        down_change=book.signed(down["change"]),
        down_because=_because(book, str(down.name), worse=True),
    )


def _because(book: Book, unit: str, *, worse: bool) -> str:
    found = [item for item, change in figures.causes(book.pack, unit, 12) if (change < 0) == worse][:2]
    return book.say("list").join(cause_name(book, item) for item in found) or NOTHING


def _what_is_open(book: Book, candidates: pd.DataFrame) -> str:
    parts = []
    events = in_effect(book.pack.assessment)
    if book.model.red_lines:
        lines = book.say("list").join(
            line_name(book, name) for name in list(dict.fromkeys(events["red_line"]))[:2]
        )
        key = "message.red_lines" if len(events) else "message.no_red_lines"
        parts.append(book.say(key, n=len(events), lines=lines, pending=candidates["unit"].nunique()))
    if len(book.pack.findings.rows):
        outstanding = book.pack.findings.outstanding()
        late = int((outstanding["overdue_days"] > 0).sum())
        parts.append(book.say("message.findings", outstanding=len(outstanding), late=late))
    return (
        book.say("message.stop", text=book.say("message.join").join(parts))
        if parts
        else book.say("message.nothing_open")
    )


# ---------------------------------------------------------------- charts


def _charts(book: Book, sheet: Sheet, numbers: ChartData) -> None:
    top = sheet.row
    for row in range(top, top + CHART_ROWS):
        sheet.height(15, row)
    sheet.row = top + CHART_ROWS
    sheet.down(8)
    _ends_chart(book, sheet, numbers, Place(1, top, 9, top + CHART_ROWS))
    _trend_chart(book, sheet, numbers, Place(9, top, 17, top + CHART_ROWS))
    _profile_chart(book, sheet, numbers, Place(17, top, 25, top + CHART_ROWS))


def _ends_chart(book: Book, sheet: Sheet, numbers: ChartData, place: Place) -> None:
    ranked = figures.graded(book.pack.assessment)
    if ranked.empty:
        return
    few = len(ranked) <= 2 * ENDS
    ends = ranked if few else pd.concat([ranked.head(ENDS), ranked.tail(ENDS)])
    label = book.label("chart.all" if few else "chart.ends", n=ENDS)
    names, values = numbers.block(
        label, ends["name"].tolist(), {book.say("head.score"): ends["score"].tolist()}, book.score_format
    )
    order = list(book.model.grades)
    colours = [theme().grade(order.index(grade), len(order)).solid for grade in ends["grade"]]
    chart = native_charts.bars(label, names, values[0], colours, form=book.score_format, maximum=book.maximum)
    native_charts.add(sheet.worksheet, chart, place)
    book.pictures.append(label.text)


def _trend_chart(book: Book, sheet: Sheet, numbers: ChartData, place: Place) -> None:
    trend = figures.trend(book.pack)
    label = book.label("chart.trend")
    if len(trend.periods) < 2:
        look = Look(colour="grey", align="center", wrap=True)
        sheet.put(place.column, book.say("chart.one_period"), look, row=place.row)
        sheet.join(place.row, place.to_row - 1, place.column, place.to_column - 1)
        return
    words = [_short_period(name) for name in trend.periods]
    columns = {
        book.say("chart.mean"): trend.mean,
        book.say("chart.high"): trend.high,
        book.say("chart.low"): trend.low,
    }
    means = book.pack.means.reindex(trend.periods)
    columns[book.say("chart.interval_low")] = means["score_low"].tolist()
    columns[book.say("chart.interval")] = (means["score_high"] - means["score_low"]).tolist()
    names, values = numbers.block(label, words, columns, book.score_format)
    colours = [("series", 2.5, False), ("series_soft", 1.25, True), ("series_warm", 1.25, True)]
    series = [
        Line(each, colour, width, dashed)
        for each, (colour, width, dashed) in zip(values[:3], colours, strict=True)
    ]
    band = native_charts.Band(values[3], values[4], "series_faint")
    low, high = _bounds([*trend.low, *trend.high], book.maximum)
    chart = native_charts.lines(label, names, series, form=book.score_format, low=low, high=high, band=band)
    native_charts.add(sheet.worksheet, chart, place)
    book.pictures.append(label.text)


def _profile_chart(book: Book, sheet: Sheet, numbers: ChartData, place: Place) -> None:
    assessment = book.pack.assessment
    ranked = figures.graded(assessment)
    dimensions = [node.id for node in book.model.dimensions]
    if ranked.empty:
        return
    scores = assessment.scores(1)[dimensions]
    best, last = str(ranked.index[0]), str(ranked.index[-1])
    columns = {
        book.say("chart.best", name=figures.cell(ranked, best, "name")): list(figures.row_of(scores, best)),
        book.say("chart.bank"): scores.reindex(ranked.index).mean().tolist(),
        book.say("chart.last", name=figures.cell(ranked, last, "name")): list(figures.row_of(scores, last)),
    }
    label = book.label("chart.profile")
    words = [book.model.nodes[name].name[book.lang] for name in dimensions]
    names, values = numbers.block(label, words, columns, book.points_format)
    series = [
        Line(each, colour)
        for each, colour in zip(values, ("series", "series_soft", "series_warm"), strict=True)
    ]
    chart = native_charts.columns(label, names, series, form=book.points_format, maximum=book.maximum)
    native_charts.add(sheet.worksheet, chart, place)
    book.pictures.append(label.text)


def _bounds(values: Sequence[float], maximum: float) -> tuple[float, float]:
    """Bounds of a scale around values, on round numbers within 0 and full marks."""
    known = [value for value in values if value == value] or [0.0]
    step = maximum / 20
    low = max(0.0, (min(known) // step - 1) * step)
    return low, min(maximum, (max(known) // step + 2) * step)


def _short_period(name: str) -> str:
    return name[2:] if "Q" in name else name


# ---------------------------------------------------------------- watch list


def _watch(book: Book, sheet: Sheet, candidates: pd.DataFrame) -> None:
    pending = {str(unit): int(count) for unit, count in candidates.groupby("unit").size().items()}
    columns = [
        book.head("unit", NAME, span=3),
        book.head("grade", CENTRED, span=2),
        book.head("score", CENTRED.but(format=book.score_format), span=2),
        book.head("change", CENTRED, span=2),
        book.head("weakest", WRAPPED, span=5),
        book.head("why_here", WRAPPED, span=6),
        book.head("decide", WRAPPED, span=4),
    ]
    sheet.table(
        columns,
        [_watch_row(book, each.unit, each.why, each.decide) for each in watch_list(book, pending, WATCHED)],
    )


def _watch_row(book: Book, unit: str, why: str, decide: str) -> list[object]:
    assessment = book.pack.assessment
    row = figures.row_of(assessment.summary, unit)
    weakest = figures.weakest(assessment, unit)
    change: object = NOTHING
    if book.pack.movement is not None and not row["provisional"]:
        value = figures.number(book.pack.movement.units, unit, "change")
        change = Shown(round(value, book.decimals), book.change_look(value, CENTRED))
    low = f"{node_name(book, weakest[0])} {book.number(weakest[1], book.finer)}" if weakest else NOTHING
    return [
        row["name"],
        Shown(grade_name(book, row["grade"]), book.grade_look(row["grade"], CENTRED)),
        row["score"],
        change,
        low,
        why,
        decide,
    ]
