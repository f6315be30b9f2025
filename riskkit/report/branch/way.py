"""升级办法: the cheapest way to the next better grade, item by item, each with its evidence; what a grade rests on."""

from __future__ import annotations

from riskkit.analysis.next_grade import NextGrade
from riskkit.report.book import Book
from riskkit.report.branch.asked import write_asked
from riskkit.report.branch.links import Links
from riskkit.report.branch.reckoned import Reckoned
from riskkit.report.cells import NOTHING, Formula, Shown
from riskkit.report.formulas import scale_in_words
from riskkit.report.paper import close_up
from riskkit.report.sheets import CENTRED, QUIET, TEXT, WRAPPED, Column, Sheet
from riskkit.report.theme import Look
from riskkit.report.way_words import Step, way_lead, way_steps, why_not_next

WIDTHS = [5, 8, 36, 11, 11, 11, 11, 10, 10, 11, 52]


def write_way(book: Book, unit: str, way: NextGrade, links: Links, reckoned: Reckoned) -> None:
    """What is missing to the next grade, then the improvements with their sums; last, what the grade asks for."""
    sheet = book.sheet(book.say("way.name"), WIDTHS)
    links.mark("sheet", "way", sheet)
    name = book.pack.standing[unit]["name"]
    note = book.say("way.subtitle_asked" if way.items.empty else "way.subtitle")
    book.band(sheet, book.title_of(name, "way.name"), note)
    strong = Look(wrap=True, indent=1, bold=True, colour="rule")
    sheet.sentence(why_not_next(book, unit) if way.grade else way_lead(book, way), strong)
    if way.grade:
        sheet.sentence(way_lead(book, way), strong)
    sheet.down(6)
    if not way.items.empty:
        _plan(book, sheet, way, links, reckoned)
    write_asked(book, sheet, unit, links, reckoned)
    close_up(sheet)


def _plan(book: Book, sheet: Sheet, way: NextGrade, links: Links, reckoned: Reckoned) -> None:
    """The improvements, the largest gain first, and what they come to."""
    columns = _columns(book)
    sheet.heads(columns)
    head = sheet.row - 1
    steps = list(way_steps(book, way))
    places = book.pack.places(way.unit).groupby("item")["rows"].sum().to_dict()
    for number, step in enumerate(steps, start=1):
        links.lead(sheet, 2, "items", step.item)
        links.lead(sheet, 10, "evidence", step.item)
        sheet.line(columns, _row(book, number, step, places.get(step.item, 0), reckoned))
    sheet.keep(head, head, still=3)
    book.define("way_up", sheet.ref(1, head + 1, len(columns), sheet.row - 1))
    _total(book, sheet, way, (head + 1, sheet.row - 1), hidden=any(step.hidden for step in steps))
    sheet.down(6)
    sheet.sentence(book.say("way.legend"), QUIET.but(bottom="", indent=1))


def _columns(book: Book) -> list[Column]:
    points, score = CENTRED.but(format=book.points_format), CENTRED.but(format=book.score_format)
    return [
        book.head("number", CENTRED.but(colour="grey")),
        book.head("id", TEXT.but(colour="rule")),
        book.head("item", WRAPPED),
        book.head("value", CENTRED),
        book.head("to_reach", CENTRED.but(bold=True)),
        book.head("points", points),
        book.head("points_needed", points.but(bold=True)),
        book.head("total_gain", score.but(bold=True, colour="good")),
        book.head("effort", score),
        book.head("evidence_rows", CENTRED.but(format="#,##0", colour="rule")),
        book.head("scale", QUIET),
    ]


def _row(book: Book, number: int, step: Step, rows: int, reckoned: Reckoned) -> list[object]:
    quiet = Shown(NOTHING, CENTRED.but(colour="faint"))
    numbers: list[object] = [reckoned.of(step.item), step.needed, step.gain, step.effort]
    item = book.model.items[step.item]
    return [
        number,
        step.item,
        item.name[book.lang],
        step.value,
        step.target,
        *([quiet] * 4 if step.hidden else numbers),
        quiet if step.hidden or not rows else int(rows),
        scale_in_words(item, book.lang),
    ]


def _total(book: Book, sheet: Sheet, way: NextGrade, rows: tuple[int, int], *, hidden: bool) -> None:
    """What all steps come to; nothing that would tell by subtraction what few people answered."""
    bold = TEXT.but(bold=True, top="rule", bottom="rule", fill="paper")
    number = bold.but(align="center", format=book.score_format)
    for column in range(1, sheet.columns + 1):
        sheet.put(column, None, bold)
    sheet.put(3, book.say("total"), bold)
    if way.assessment.graded.plan.arithmetic and not hidden:
        sheet.put(8, Formula(f"=SUM(H{rows[0]}:H{rows[1]})", way.items["gain"].sum()), number)
    effort = Formula(f"=SUM(I{rows[0]}:I{rows[1]})", way.effort)
    sheet.put(9, NOTHING if hidden else effort, number)
    sheet.down(20)
