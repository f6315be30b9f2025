"""看板: one page for management."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from riskkit.report import figures, native_charts, rules
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Formula, Shown
from riskkit.report.change_words import real_changes
from riskkit.report.native_charts import Line, Place
from riskkit.report.phrases import grade_name, in_effect, line_name, node_name, tie_groups
from riskkit.report.quarter.chart_data import ChartData
from riskkit.report.quarter.live import Live
from riskkit.report.quarter.ranking import change_cell
from riskkit.report.quarter.six_figures import six_figures
from riskkit.report.quarter.verification import Verification
from riskkit.report.quarter.watch import Watched, cause_name, watch_list
from riskkit.report.sheets import CENTRED, NAME, QUIET, WRAPPED, Sheet
from riskkit.report.theme import Look, theme
from riskkit.report.tiles import write_tiles

GRID = [7.6] * 24
CHART_ROWS = 15
ENDS = 5
"""Bars from either end of the ranking."""
WATCHED = 8


def write_dashboard(
    book: Book, candidates: pd.DataFrame, live: Live, verification: Verification
) -> ChartData:
    """The dashboard; gives back the sheet with the numbers behind its charts."""
    sheet = book.sheet(book.say("dashboard.name"), GRID, one_page=True)
    numbers = ChartData(book)
    book.band(
        sheet, book.say("dashboard.title", institution=book.pack.institution), _subtitle(book), height=32
    )
    _seal(book, sheet, verification)
    write_tiles(sheet, six_figures(book, candidates, live))
    sheet.section(book.label("dashboard.messages"))
    sheet.down(20)
    for number, message in enumerate(_messages(book, candidates)):
        sheet.sentence(f"{'①②③④⑤'[number]} {message}")
    sheet.down(8)
    _charts(book, sheet, numbers, live)
    if len(book.pack.sure):
        how = book.pack.workspace.settings.simulation
        told = book.say("dashboard.sure", alike=tie_groups(book), draws=how.draws, seed=how.seed)
        sheet.sentence(told, QUIET.but(bottom="", indent=1))
    sheet.section(book.label("dashboard.watch"))
    sheet.down(20)
    _watch(book, sheet, candidates, live)
    sheet.sentence(book.say("dashboard.legend"), Look(size="tiny", colour="grey", wrap=True, indent=1))
    return numbers


def _seal(book: Book, sheet: Sheet, verification: Verification) -> None:
    """Whether the figures are still the published ones, and what follows changes."""
    sheet.put(1, book.say("live.dashboard"), QUIET.but(bottom="", indent=1), span=20)
    sheet.put(21, verification.seal(book), Look(bold=True, align="center", size="small"), span=4)
    sheet.link(21, verification.changed, span=4)
    rules.verdict(sheet.worksheet, rules.block(21, sheet.row, 24, sheet.row), book.say("check.same"))
    sheet.down(17)
    sheet.down(4)


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


# ---------------------------------------------------------------- messages


def _messages(book: Book, candidates: pd.DataFrame) -> list[str]:
    return [
        _where_points_are_lost(book),
        _who_moved(book) + ("" if book.lang == "zh" else " ") + real_changes(book),
        _what_is_open(book, candidates),
    ]


def _where_points_are_lost(book: Book) -> str:
    ranked = book.pack.graded
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
        ranked = book.pack.graded
        if ranked.empty:
            return book.say("message.nothing")
        first, last = ranked.iloc[0], ranked.iloc[-1]
        ends = {
            "best": first["name"],
            "high": book.number(first["score"]),
            "last": last["name"],
            "low": book.number(last["score"]),
            "why": _why_no_moves(book),
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


def _why_no_moves(book: Book) -> str:
    """Why no change can be told: no earlier period, or nobody graded in both."""
    before = book.pack.before
    return book.say("message.none_twice", before=before.period) if before else book.say("message.first")


def _because(book: Book, unit: str, *, worse: bool) -> str:
    found = [item for item, change in figures.causes(book.pack, unit, 12) if (change < 0) == worse][:2]
    return book.say("list").join(cause_name(book, item) for item in found) or NOTHING


def _what_is_open(book: Book, candidates: pd.DataFrame) -> str:
    parts = []
    events = in_effect(book.pack.assessment)
    if book.model.red_lines:
        met = list(dict.fromkeys(events["red_line"]))
        lines = book.say("list").join(line_name(book, name) for name in met[:2])
        lines += book.say("message.and_more") if len(met) > 2 else ""
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


def _charts(book: Book, sheet: Sheet, numbers: ChartData, live: Live) -> None:
    top = sheet.row
    for row in range(top, top + CHART_ROWS):
        sheet.height(15, row)
    sheet.row = top + CHART_ROWS
    sheet.down(8)
    _ends_chart(book, sheet, numbers, live, Place(1, top, 9, top + CHART_ROWS))
    _trend_chart(book, sheet, numbers, live, Place(9, top, 17, top + CHART_ROWS))
    _profile_chart(book, sheet, numbers, live, Place(17, top, 25, top + CHART_ROWS))


def _ends_chart(book: Book, sheet: Sheet, numbers: ChartData, live: Live, at: Place) -> None:
    ranked = book.pack.graded
    if ranked.empty:
        return
    few = len(ranked) <= 2 * ENDS
    ends = ranked if few else pd.concat([ranked.head(ENDS), ranked.tail(ENDS)])
    label = book.label("chart.all" if few else "chart.ends", n=ENDS)
    names, values = numbers.block(
        label,
        [
            f"{name} {grade_name(book, grade)}"
            for name, grade in zip(ends["name"], ends["grade"], strict=True)
        ],
        {book.say("head.score"): [live.value(str(unit), "score") for unit in ends.index]},
        book.score_format,
    )
    order = list(book.model.grades)
    colours = [theme().grade(order.index(grade), len(order)).solid for grade in ends["grade"]]
    chart = native_charts.bars(label, names, values[0], colours, form=book.score_format, maximum=book.maximum)
    native_charts.add(sheet.worksheet, chart, at)
    book.pictures.append(label.text)


def _trend_chart(book: Book, sheet: Sheet, numbers: ChartData, live: Live, at: Place) -> None:
    trend = figures.trend(book.pack)
    label = book.label("chart.trend")
    if len(trend.periods) < 2:
        look = Look(colour="grey", align="center", wrap=True)
        sheet.put(at.column, book.say("chart.one_period"), look, row=at.row)
        sheet.join(at.row, at.to_row - 1, at.column, at.to_column - 1)
        return
    words = [_short_period(name) for name in trend.periods]
    columns: dict[str, Sequence[float | Formula]] = {
        book.say("chart.mean"): [*trend.mean[:-1], live.mean()],
        book.say("chart.high"): trend.high,
        book.say("chart.low"): trend.low,
    }
    means = book.pack.means.reindex(trend.periods)
    columns[book.say("chart.interval_low")] = means["score_low"].tolist()
    columns[book.say("chart.interval")] = (means["score_high"] - means["score_low"]).tolist()
    names, values = numbers.block(label, words, columns, book.score_format)
    colours = [("series", 2.5, False), ("grey", 1.25, True), ("grey", 1.25, True)]
    series = [
        Line(each, colour, width, dashed)
        for each, (colour, width, dashed) in zip(values[:3], colours, strict=True)
    ]
    band = native_charts.Band(values[3], values[4], "series_soft")
    low, high = _bounds([*trend.low, *trend.high], book.maximum)
    chart = native_charts.lines(label, names, series, form=book.score_format, low=low, high=high, band=band)
    native_charts.add(sheet.worksheet, chart, at)
    book.pictures.append(label.text)


def _profile_chart(book: Book, sheet: Sheet, numbers: ChartData, live: Live, at: Place) -> None:
    assessment = book.pack.assessment
    ranked = figures.graded(assessment)
    dimensions = [node.id for node in book.model.dimensions]
    if ranked.empty:
        return
    best, last = str(ranked.index[0]), str(ranked.index[-1])
    columns = {
        book.say("chart.best", name=figures.cell(ranked, best, "name")): [
            live.node(best, name) for name in dimensions
        ],
        book.say("chart.bank"): [live.mean(name) for name in dimensions],
        book.say("chart.last", name=figures.cell(ranked, last, "name")): [
            live.node(last, name) for name in dimensions
        ],
    }
    label = book.label("chart.profile")
    words = [book.model.nodes[name].name[book.lang] for name in dimensions]
    names, values = numbers.block(label, words, columns, book.points_format)
    series = [
        Line(each, colour)
        for each, colour in zip(values, ("series", "series_soft", "series_warm"), strict=True)
    ]
    chart = native_charts.columns(label, names, series, form=book.points_format, maximum=book.maximum)
    native_charts.add(sheet.worksheet, chart, at)
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


def _watch(book: Book, sheet: Sheet, candidates: pd.DataFrame, live: Live) -> None:
    pending = {str(unit): int(count) for unit, count in candidates.groupby("unit").size().items()}
    columns = [
        book.head("unit", NAME.but(colour="rule"), span=3),
        book.head("grade", CENTRED, span=2),
        book.head("score", CENTRED.but(format=book.score_format), span=2),
        book.head("change", CENTRED, span=2),
        book.head("weakest", WRAPPED, span=5),
        book.head("why_here", WRAPPED, span=6),
        book.head("decide", WRAPPED, span=4),
    ]
    watched = watch_list(book, pending, WATCHED)
    sheet.table(columns, [_watch_row(book, live, each) for each in watched])
    last, first = sheet.row - 1, sheet.row - len(watched)
    for row, each in enumerate(watched, start=first):
        sheet.link(1, live.at(each.unit, "score"), span=3, row=row)
    if watched:
        rules.grades(sheet.worksheet, rules.block(4, first, 5, last), live.grade_names)
        rules.changes(sheet.worksheet, rules.block(8, first, 9, last))


def _watch_row(book: Book, live: Live, watched: Watched) -> list[object]:
    assessment, unit = book.pack.assessment, watched.unit
    row = figures.row_of(assessment.summary, unit)
    weakest = figures.weakest(assessment, unit)
    low = f"{node_name(book, weakest[0])} {book.number(weakest[1], book.finer)}" if weakest else NOTHING
    return [
        row["name"],
        Shown(live.grade(unit), CENTRED.but(colour="grey")),
        live.value(unit, "score"),
        NOTHING if row["provisional"] else change_cell(book, live, unit),
        low,
        watched.why,
        watched.decide,
    ]
