"""What a grade asks for and how far above it a unit stands; the red lines that bar it; what was not handed in."""

from __future__ import annotations

from typing import Any

from riskkit.analysis.coverage_gap import coverage_gap
from riskkit.analysis.grade_gap import GradeGap, Requirement, grade_gap, grade_held, grades_above
from riskkit.evidence.measures import reason_text
from riskkit.report.book import Book
from riskkit.report.branch.items import state_name
from riskkit.report.branch.links import Links
from riskkit.report.branch.reckoned import Reckoned
from riskkit.report.cells import NOTHING, Formula, Shown
from riskkit.report.phrases import effect, grade_name, in_effect, line_name, node_name, withheld
from riskkit.report.quarter.red_lines import choice
from riskkit.report.sheets import CENTRED, QUIET, TEXT, WRAPPED, Sheet
from riskkit.report.way_words import lacking, required
from riskkit.scoring.plan import ROOT

COSTLIEST = 2
"""Items named of those that cost a node most."""
LEGEND = QUIET.but(bottom="", indent=1)
SHARES = ("coverage", "confidence")


def write_asked(book: Book, sheet: Sheet, unit: str, links: Links, reckoned: Reckoned) -> None:
    """Everything the next better grade asks for, or the grade held where there is none; what is missing to those
    beyond; red lines in effect; and the items without evidence of a provisional unit."""
    gap = grade_gap(book.pack.assessment, unit)
    kept = gap if gap.grade else grade_held(book.pack.assessment, unit, every=True)
    if kept.grade:
        key = "way.asked" if gap.grade else "way.kept"
        _section(book, sheet, key, grade=grade_name(book, kept.grade))
        _requirements(book, sheet, unit, kept.requirements, links, reckoned)
        sheet.sentence(book.say("way.asked_legend"), LEGEND)
    _better(book, sheet, grades_above(book.pack.assessment, unit)[1:])
    _red_lines(book, sheet, unit)
    if not kept.grade:
        _missing(book, sheet, unit, links)


def _section(book: Book, sheet: Sheet, key: str, **values: str) -> None:
    sheet.down(6)
    sheet.section(book.label(key, stacked=False, **values))
    sheet.down(22)


def _requirements(
    book: Book, sheet: Sheet, unit: str, asked: tuple[Requirement, ...], links: Links, reckoned: Reckoned
) -> None:
    columns = [
        book.head("requirement", WRAPPED.but(colour="rule"), span=3),
        book.head("needed", CENTRED),
        book.head("now", CENTRED.but(bold=True)),
        book.head("room", CENTRED.but(bold=True)),
        book.head("kept", CENTRED),
        book.head("costliest", QUIET.but(indent=1), span=4),
    ]
    sheet.heads(columns)
    for each in asked:
        if each.node:
            links.lead(sheet, 1, "node", each.node, span=3)
        sheet.line(columns, _requirement(book, sheet.row, unit, each, reckoned))


def _requirement(book: Book, row: int, unit: str, each: Requirement, reckoned: Reckoned) -> list[object]:
    """A requirement's row; scores are alive, and with them what is left and whether it is met."""
    costly = _costliest(book, unit, each.node or ROOT) if each.kind in ("score", "node_min") else ""
    words = (required(book, each), book.say("kept.met"), book.say("kept.unmet"))
    if each.needed is None or each.found is None:
        return [words[0], *[NOTHING] * 3, _kept(words[1 if each.met else 2], each.met), costly]
    form = "0.0%" if each.kind in SHARES else book.score_format
    now: object = each.found
    if each.kind not in SHARES:
        now = reckoned.of(each.node) if each.node else reckoned.score
    room = Formula(f'=IF(ISNUMBER(E{row}),E{row}-D{row},"{NOTHING}")', each.room)
    tone = CENTRED.but(bold=True, format=f"+{form};-{form};{form}", colour="good" if each.met else "bad")
    met = Formula(f'=IF(N(F{row})>=0,"{words[1]}","{words[2]}")', words[1 if each.met else 2])
    plain = CENTRED.but(format=form)
    return [
        words[0],
        Shown(each.needed, plain),
        Shown(now, plain),
        Shown(room, tone),
        _kept(met, each.met),
        costly,
    ]


def _kept(words: object, met: bool) -> Shown:
    return Shown(words, CENTRED.but(colour="good" if met else "bad", bold=not met))


def _costliest(book: Book, unit: str, node: str) -> str:
    """The items below a node on which most points of the total were lost."""
    items = book.pack.assessment.unit_items(unit)
    lost = items.loc[~withheld(items, book.model.items) & (items["lost"] > 0), "lost"]
    below = [name for name in lost.index if node == ROOT or node in _above(book, str(name))]
    told = lost[below].sort_values(ascending=False, kind="stable").head(COSTLIEST)
    return book.say("list").join(
        book.say("way.costs", name=node_name(book, str(name)), lost=book.number(value))
        for name, value in told.items()
    )


def _above(book: Book, name: str) -> list[str]:
    """The nodes a node is part of."""
    found, node = [], book.model.parents[name]
    while node:
        found.append(node)
        node = book.model.parents[node]
    return found


def _better(book: Book, sheet: Sheet, gaps: list[GradeGap]) -> None:
    """What each grade beyond the next one asks for that is not there."""
    if not gaps:
        return
    _section(book, sheet, "way.beyond")
    columns = [book.head("grade", TEXT, span=3), book.head("lacking", WRAPPED, span=8)]
    grades = [grade_name(book, gap.grade) for gap in gaps]
    looks = [book.grade_look(gap.grade, TEXT) for gap in gaps]
    told = [lacking(book, gap) for gap in gaps]
    sheet.table(
        columns, [[Shown(name, look), words] for name, look, words in zip(grades, looks, told, strict=True)]
    )


def _red_lines(book: Book, sheet: Sheet, unit: str) -> None:
    events = in_effect(book.pack.assessment, unit)
    if events.empty:
        return
    _section(book, sheet, "red_lines.in_effect")
    columns = [
        book.head("red_line", WRAPPED, span=3),
        book.head("severity", CENTRED),
        book.head("confirmed_on", CENTRED.but(format="yyyy-mm-dd", size="small")),
        book.head("appeal", CENTRED),
        book.head("effect", CENTRED.but(bold=True, colour="bad", wrap=True), span=2),
        book.head("facts", QUIET, span=3),
    ]
    sheet.table(columns, [_event(book, event) for event in events.itertuples()])


def _event(book: Book, event: Any) -> list[object]:
    return [
        line_name(book, str(event.red_line)),
        choice(book, "red_line_events", "severity", getattr(event, "severity", None)),
        event.confirmed_on,
        choice(book, "red_line_events", "appeal", getattr(event, "appeal", None)),
        effect(book, event),
        getattr(event, "facts", NOTHING),
    ]


def _missing(book: Book, sheet: Sheet, unit: str, links: Links) -> None:
    missing = coverage_gap(book.pack.assessment, unit)
    if missing.empty:
        return
    _section(book, sheet, "way.missing")
    least = book.model.spec.provisional.coverage
    columns = [
        book.head("number", CENTRED.but(colour="grey")),
        book.head("id", TEXT.but(colour="rule")),
        book.head("item", WRAPPED),
        book.head("state", CENTRED),
        book.head("weight_share", CENTRED.but(format="0.00%")),
        book.head("coverage_then", CENTRED.but(format="0.0%", bold=True)),
        book.head("missing_why", QUIET.but(indent=1), span=5),
    ]
    sheet.heads(columns)
    head = sheet.row - 1
    for number, (name, row) in enumerate(missing.iterrows(), start=1):
        links.lead(sheet, 2, "items", str(name))
        then = CENTRED.but(format="0.0%", bold=True, colour="good" if row["then"] >= least else "ink")
        why = reason_text(row["reason"], book.lang, book.model)
        item, state = book.model.items[str(name)].name[book.lang], state_name(book, row["state"])
        sheet.line(columns, [number, name, item, state, row["share"], Shown(row["then"], then), why])
    sheet.worksheet.print_title_rows = f"{head}:{head}"
    sheet.sentence(book.say("way.missing_legend", coverage=f"{least:.0%}"), LEGEND)
