"""机构画像: one unit, picked in a drop-down, with its scores beside those of all; everything follows the choice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from openpyxl.worksheet.datavalidation import DataValidation

from riskkit.report import figures, native_charts, rules
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Formula, Shown, quoted
from riskkit.report.native_charts import Line, Place
from riskkit.report.phrases import node_name
from riskkit.report.quarter.live import Live, in_digits, joined, place, shown
from riskkit.report.quarter.verification import Verification
from riskkit.report.quarter.weights import counted
from riskkit.report.score_formulas import grade_word
from riskkit.report.sheets import CENTRED, QUIET, WRAPPED, Column, Sheet
from riskkit.report.theme import Look
from riskkit.report.tiles import Tile, write_tiles

GRID = [7.6] * 24
WEAKEST = 5
OWN, MEAN, GAP, BEST = 6, 8, 10, 12
"""Columns of the table of dimensions and indicators."""


def write_profile(book: Book, live: Live, verification: Verification) -> None:
    """The sheet: the choice, the unit's figures, its dimensions and indicators, its weakest items, all its items."""
    _Profile(book, live, verification).write()


class _Profile:
    """The sheet in the making; `unit` is the one that is chosen at first."""

    def __init__(self, book: Book, live: Live, verification: Verification) -> None:
        self.book, self.live, self.verification = book, live, verification
        self.unit = next(iter(live.rows))
        self.sheet: Sheet = book.sheet(book.say("profile.name"), GRID)

    def write(self) -> None:
        book, sheet = self.book, self.sheet
        book.band(sheet, book.label("profile.title"), book.say("profile.subtitle"))
        self.place = self._choice()
        top = sheet.row
        write_tiles(sheet, self._tiles())
        rules.grades(sheet.worksheet, rules.block(5, top + 1, 8, top + 1), self.live.grade_names)
        rules.changes(sheet.worksheet, rules.block(17, top + 1, 20, top + 1))
        self._nodes()
        waiting = sheet.row
        sheet.row += WEAKEST + 3
        self._items(waiting)
        sheet.down(6)
        sheet.sentence(book.say("profile.legend"), QUIET.but(bottom="", indent=1))

    # ------------------------------------------------------------ the choice

    def _choice(self) -> str:
        """The drop-down; gives back the cell that holds the place of the choice among the assessed units."""
        sheet, book, row = self.sheet, self.book, self.sheet.row
        label = Look(bold=True, align="right", colour="rule", size="section")
        sheet.put(1, book.say("profile.choose"), label, span=4)
        chosen = Look(bold=True, fill="input", size="section", bottom="rule", top="rule", indent=1)
        sheet.put(5, self.verification.labels[0], chosen, span=8)
        sheet.put(13, book.say("profile.hint"), QUIET.but(bottom="", indent=1), span=10)
        cell, cells = sheet.ref(5, row), self.verification.cells
        first = cells.rsplit("!", 1)[1].split(":")[0].replace("$", "").lstrip("A")
        text = f"=SUMPRODUCT(EXACT({cells},{cell})*(ROW({cells})-{int(first) - 1}))"
        sheet.put(24, Formula(text, 1), Look(size="tiny", colour="faint", align="right"))
        allowed = DataValidation(type="list", formula1=cells, allow_blank=False, showErrorMessage=True)
        allowed.errorTitle, allowed.error = book.say("profile.choose"), book.say("profile.refused")
        allowed.add(f"E{row}")
        sheet.worksheet.add_data_validation(allowed)
        book.define("chosen_unit", cell)
        sheet.down(22)
        sheet.down(6)
        return sheet.ref(24, row)

    def _of(self, key: str) -> Formula:
        """A figure of the chosen unit."""
        return self.live.chosen(self.place, self.live.column(key), self.live.known[key][self.unit])

    def _level(self, words: str, missing: str, known: Formula) -> Formula:
        """The chosen unit's grade in some words."""
        level = f"INDEX({self.live.column('place')},{self.place})"
        named = grade_word(level, words, missing)
        return Formula(f"=IF({self.place}>0,{named},{quoted(NOTHING)})", known.cached)

    def _note(self, key: str, expression: str, known: object) -> Formula:
        """A note whose number is alive."""
        text = joined(self.book.say(f"profile.{key}", value=place("value")), value=expression)
        return Formula(f"={text}", self.book.say(f"profile.{key}", value=known))

    def _number(self, expression: str, known: float | str) -> tuple[str, str]:
        """A score as text, as a formula and as it is."""
        form = quoted(self.book.score_format)
        words = NOTHING if isinstance(known, str) else in_digits(known, self.book.decimals)
        return f"IF(ISNUMBER({expression}),TEXT({expression},{form}),{quoted(NOTHING)})", words

    def _tiles(self) -> list[Tile]:
        book, live, unit = self.book, self.live, self.unit
        mean = live.mean()
        before = f"INDEX({live.column('before')},{self.place})"
        ranked = len(book.pack.graded)
        earlier = self._number(before, shown(live.known["before"][unit]))
        published = book.say("profile.published")
        grade = self._level(live.weights.long, book.say("provisional"), live.grade(unit))
        national = self._level(live.weights.national, NOTHING, live.national(unit))
        label, note = book.label, self._note
        average = note("mean", *self._number(mean.text[1:], mean.cached))
        change = book.change_format
        return [
            Tile(label("head.score"), self._of("score"), average, format=book.score_format),
            Tile(label("head.grade"), grade, national, size="section"),
            Tile(label("head.rank"), self._of("rank"), note("ranked", live.ranked(), ranked)),
            Tile(label("head.rank_range"), self._of("range"), published, size="section"),
            Tile(label("head.change"), self._of("change"), note("before", *earlier), format=change),
            Tile(label("head.coverage"), self._of("coverage"), published, format="0.0%"),
        ]

    # ------------------------------------------------------------ dimensions and indicators

    def _nodes(self) -> None:
        book, sheet = self.book, self.sheet
        sheet.section(book.label("profile.nodes"), span=13)
        sheet.section(book.label("profile.chart"), column=14, span=11)
        sheet.down(20)
        columns = [
            book.head("node", WRAPPED, span=5),
            *(
                book.head(key, CENTRED.but(format=book.points_format), span=2)
                for key in ("own_live", "bank_mean")
            ),
            book.head("gap_to_mean", CENTRED.but(format=self._gap_format()), span=2),
            book.head("best", CENTRED.but(format=book.points_format, colour="grey"), span=2),
        ]
        sheet.heads(columns)
        head = sheet.row - 1
        dimensions = [node.id for node in book.model.dimensions]
        indicators = figures.indicators(book.pack.assessment)
        first = sheet.row
        for node in [*dimensions, *indicators]:
            self._node(columns, node, bold=node in dimensions)
        last = sheet.row - 1
        rules.heat(sheet.worksheet, rules.block(OWN, first, OWN + 1, last), book.maximum)
        rules.changes(sheet.worksheet, rules.block(GAP, first, GAP + 1, last))
        self._chart(indicators, last - len(indicators) + 1, Place(14, head, 25, max(last + 1, head + 12)))
        sheet.row = max(last + 1, head + 12)
        sheet.down(10)

    def _gap_format(self) -> str:
        return f"▲{self.book.points_format};▼{self.book.points_format};–"

    def _known(self, node: str) -> float:
        return self.live.scores.of(self.unit, node)

    def _node(self, columns: Sequence[Column], node: str, *, bold: bool) -> None:
        row, mean = self.sheet.row, self.live.mean(node)
        own = self.live.chosen(self.place, self.live.node_column(node), self._known(node))
        gap: object = NOTHING
        if not isinstance(own.cached, str) and not isinstance(mean.cached, str):
            gap = own.cached - mean.cached
        a, b = f"F{row}", f"H{row}"
        text = f"=IF(AND(ISNUMBER({a}),ISNUMBER({b})),{a}-{b},{quoted(NOTHING)})"
        values = [node_name(self.book, node), own, mean, Formula(text, shown(gap)), self.live.best(node)]
        self.sheet.line(
            columns,
            [Shown(value, column.look.but(bold=bold)) for value, column in zip(values, columns, strict=True)],
        )

    def _chart(self, names: Sequence[str], first: int, at: Place) -> None:
        book, worksheet = self.book, self.sheet.worksheet
        if not names:
            return
        labels = native_charts.Column(worksheet, 1, first, [node_name(book, name) for name in names])
        own, mean = (
            native_charts.Column(worksheet, column, first, values, book.say(key))
            for column, key, values in (
                (OWN, "head.own_live", [self._known(name) for name in names]),
                (MEAN, "head.bank_mean", [_number(self.live.mean(name).cached) for name in names]),
            )
        )
        lines = [Line(own, "series"), Line(mean, "series_soft")]
        chart = native_charts.columns(
            None, labels, lines, form=book.points_format, maximum=book.maximum, lying=True
        )
        native_charts.add(worksheet, chart, at)
        book.pictures.append(book.label("profile.chart").text)

    # ------------------------------------------------------------ items

    def _items(self, waiting: int) -> None:
        """All items, and in the rows that wait for them the weakest."""
        book, sheet = self.book, self.sheet
        items = [node.id for node in counted(book.model.spec.nodes) if node.id in book.model.items]
        sheet.section(book.label("profile.items"))
        sheet.down(20)
        points = CENTRED.but(format=book.points_format)
        columns = [
            book.head("item", WRAPPED, span=10),
            *(book.head(key, points, span=3) for key in ("own_live", "bank_mean", "best")),
            book.head("lost_of_total", CENTRED.but(format="0.00"), span=3),
            book.head("order", CENTRED.but(format="0", colour="grey"), span=2),
        ]
        sheet.heads(columns)
        first = sheet.row
        sheet.worksheet.print_title_rows = f"{first - 1}:{first - 1}"
        last = first + len(items) - 1
        lost = [self._lost(name) for name in items]
        order = np.argsort(np.argsort([-value for value in lost], kind="stable"), kind="stable") + 1
        for place_, name in enumerate(items):
            row = sheet.row
            share = self.live.weights.share[name]
            text = f"=IF(ISNUMBER(K{row}),ROUND({share}*({book.maximum!r}-K{row}),6),0)"
            above = f"+COUNTIF($T${first}:$T{row - 1},T{row})" if row > first else ""
            own = self.live.chosen(self.place, self.live.node_column(name), self._item(name))
            values = [
                node_name(book, name),
                own,
                self.live.mean(name),
                self.live.best(name),
                Formula(text, lost[place_]),
                Formula(f"=RANK(T{row},$T${first}:$T${last}){above}", int(order[place_])),
            ]
            sheet.line(columns, values)
        rules.heat(sheet.worksheet, rules.block(11, first, 13, last), book.maximum)
        end = sheet.row
        sheet.row = waiting
        self._weakest(columns, items, lost, list(order), (first, last))
        sheet.row = end

    def _item(self, name: str) -> object:
        return self.live.item(self.unit, name)

    def _lost(self, name: str) -> float:
        value = self._item(name)
        if isinstance(value, str) or value != value:
            return 0.0
        share = self.book.model.nominal_weights[name]
        return round(share * (self.book.maximum - float(value)), 6)  # type: ignore[arg-type]

    def _weakest(
        self,
        columns: Sequence[Column],
        items: list[str],
        lost: list[float],
        order: list[int],
        rows: tuple[int, int],
    ) -> None:
        book, sheet = self.book, self.sheet
        sheet.section(book.label("profile.weakest"))
        sheet.down(20)
        sheet.heads(columns)
        sheet.row -= 1
        sheet.down()
        first, last = rows
        for number in range(1, min(WEAKEST, len(items)) + 1):
            at = order.index(number)
            name, row = items[at], sheet.row
            found = f"MATCH(W{row},$W${first}:$W${last},0)"

            def entry(column: str, known: object, found: str = found) -> Formula:
                return Formula(f"=INDEX(${column}${first}:${column}${last},{found})", shown(known))

            values = [
                entry("A", node_name(book, name)),
                entry("K", self._item(name)),
                entry("N", self.live.mean(name).cached),
                entry("Q", self.live.best(name).cached),
                entry("T", lost[at]),
                number,
            ]
            sheet.line(columns, values)
        rules.heat(
            sheet.worksheet,
            rules.block(11, sheet.row - min(WEAKEST, len(items)), 13, sheet.row - 1),
            book.maximum,
        )


def _number(value: object) -> float:
    return float("nan") if isinstance(value, str) else float(value)  # type: ignore[arg-type]
