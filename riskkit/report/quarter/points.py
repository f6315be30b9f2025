"""得分明细: units × points of items, and over them, as formulas, scores, deductions, grades and ranks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from openpyxl.utils import get_column_letter

from riskkit.model import schema as s
from riskkit.report import rules
from riskkit.report.book import Book
from riskkit.report.cells import NOTHING, Formula, quoted
from riskkit.report.grade_facts import Facts, facts
from riskkit.report.paper import TWO_LINES, side_by_side, upright
from riskkit.report.phrases import asks_people, few, grade_short, node_name, node_short, withheld
from riskkit.report.quarter.live import Live, Scores, shown
from riskkit.report.quarter.published import published
from riskkit.report.quarter.row_formulas import RowFormulas
from riskkit.report.quarter.standing import own_deductions, own_points, tree_order
from riskkit.report.quarter.weights import Weights, counted
from riskkit.report.sheets import CENTRED, GROUP, HEAD, QUIET, TEXT, Sheet
from riskkit.report.theme import Look
from riskkit.scoring.item_frame import item_frame

INPUT = CENTRED.but(fill="input_faint", size="small")
SMALL = CENTRED.but(size="small")
CODE = TEXT.but(colour="grey", size="small")
QUIETLY = SMALL.but(colour="grey")
STILL = 5
"""Columns that stand on every page: whose scores they are."""
LEGEND = 14
"""Columns below the legend, so that it stands on the first of several pages."""


def write_points(book: Book, weights: Weights, depth: int | None = None) -> Live:
    """The sheet: assessed units, then offices with points of their own, then roll-ups; gives back where all stands.

    With a `depth` the published scores of that depth stand in place of all that is below it; conditions of grades that
    look further down are published facts, and so are the roll-ups' scores.
    """
    return _Points(book, weights, depth).write()


class _Points:
    """The sheet in the making."""

    def __init__(self, book: Book, weights: Weights, depth: int | None) -> None:
        self.book, self.weights = book, weights
        self.assessment = book.pack.assessment
        self.plan = self.assessment.graded.plan
        self.grades = book.model.spec.grades
        self.depth = depth
        self.facts: Facts = facts(self.assessment, depth)
        self.own, self.deducted = own_points(self.assessment), own_deductions(self.assessment)
        self.heads = pd.Series(self.assessment.measures.heads, self.assessment.measures.units.index)
        self.levels = self._by_depth()
        self.keys = self._keys()
        self.columns = {key: place for place, key in enumerate(self.keys, start=1)}
        nodes = [node.id for level in self.levels for node in level]
        self.given = [name for name in nodes if self._is_given(name)]
        self.nodes = {name: place for place, name in enumerate(nodes, start=len(self.keys) + 1)}
        self.letters = {name: get_column_letter(place) for name, place in self.nodes.items()}
        self.known = published(book, self.facts)
        asked = np.array([asks_people(book.model.items[name]) for name in self.plan.items], dtype=bool)
        items = item_frame(self.assessment, asked, ["unit", "item", "n"])
        items = items[withheld(items, book.model.items)]
        self.hidden = set(zip(items["unit"], items["item"], strict=True))
        self.scores = Scores(self.assessment, self.hidden)
        self.names = self.assessment.measures.units["name"].to_dict()
        self.looks = self._looks()
        self._order()

    def _is_given(self, name: str) -> bool:
        """Whether a node's scores are published values here, not formulas over others."""
        return name in self.plan.item_position or self.book.model.depths[name] == self.depth

    def _by_depth(self) -> list[list[s.Node | s.Item]]:
        levels: dict[int, list[s.Node | s.Item]] = {}
        for node in counted(self.book.model.spec.nodes):
            levels.setdefault(self.book.model.depths[node.id], []).append(node)
        return [levels[depth] for depth in sorted(levels) if self.depth is None or depth <= self.depth]

    def _keys(self) -> list[str]:
        steps = [f"step_{at}" for at in self.facts.steps]
        held = [f"held_{at}" for at in self.facts.held]
        front = ["code", "name", "score", "grade", "rank", "change", "base", "deducted"]
        return [
            *front,
            "staff",
            "before",
            "range",
            "coverage",
            "provisional",
            "vetoed",
            "cap",
            *held,
            *steps,
            "place",
            "key",
        ]

    def _order(self) -> None:
        """Which units stand where: every branch of the tree in neighbouring rows."""
        summary = self.assessment.summary
        order = tree_order(self.assessment)
        assessed = set(summary.index[~summary["rollup"]])
        weighed = [name for name in self.given if name in self.own.columns]
        has_own = self.own[weighed].notna().any(axis=1) | (self.deducted != 0)
        self.units = [unit for unit in order if unit in assessed]
        own = has_own[has_own].index if self.depth is None else ()
        self.offices = [unit for unit in order if unit not in assessed and unit in own]
        self.rollups = [str(unit) for unit in summary.index[summary["rollup"]]]
        parents = self.assessment.measures.units["parent"].to_dict()
        self.below: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for name in self.rollups}
        for kind, units in enumerate((self.units, self.offices)):
            for unit in units:
                above: object = unit
                while isinstance(above, str):
                    if above in self.below:
                        self.below[above][kind].append(unit)
                    above = parents.get(above)

    # ------------------------------------------------------------ writing

    def write(self) -> Live:
        book = self.book
        widths: list[float] = [8, 17, 8, 8, 6, 8, 9, 8, 7, 8, 8, 7, 7, 7]
        widths += [7.5] * (len(self.keys) - len(widths)) + [7.5 if book.maximum >= 10 else 8.5] * len(
            self.nodes
        )
        self.sheet: Sheet = book.sheet(book.say("points.name"), widths)
        book.band(self.sheet, book.label("points.title"), book.say("points.subtitle"))
        legend = book.say("points.legend") + (book.say("points.short") if self.depth is not None else "")
        self.sheet.sentence(legend, QUIET.but(bottom="", indent=1), span=LEGEND)
        head = self.sheet.row
        self._heads()
        self.weight_row = self.sheet.row - 1
        self.first = self.sheet.row
        self.last = self.first + len(self.units) - 1
        self.formulas = RowFormulas(
            self.book, self.weights, self.facts, self.columns, self.letters, self.levels,
            self.weight_row, (self.first, self.last),
        )  # fmt: skip
        start = self.last + 3 if self.offices else self.last + 1
        self.office_rows = {unit: start + place for place, unit in enumerate(self.offices)}
        self.rows = {unit: self.first + place for place, unit in enumerate(self.units)}
        start += len(self.offices) + 2
        self.rows |= {unit: start + place for place, unit in enumerate(self.rollups)}
        for unit in book.settling(self.sheet, self.units):
            self._unit(unit)
        self.sheet.keep(head, self.weight_row, still=STILL, filters=0)
        side_by_side(
            self.sheet, STILL, [self.columns[keys[0]] for _, keys in self._groups()] + self._runs_begin()
        )
        if self.offices:
            self._between("points.offices")
            for unit in self.offices:
                self._office(unit)
        if self.rollups:
            self._between("points.rollups")
            for unit in self.rollups:
                self._rollup(unit)
        self._colours()
        self._names()
        return Live(
            book, self.weights, self.sheet, self.rows, self.columns, self.nodes,
            self.known, self.scores, self.hidden, self.given, self.first, self.last,
        )  # fmt: skip

    def _runs_begin(self) -> list[int]:
        return [self.nodes[names[0]] for level in self.levels for _, names in _runs(self.book, level)]

    def _between(self, key: str) -> None:
        """A heading in the columns that stand on every page."""
        sheet, label = self.sheet, self.book.label(key, stacked=True)
        sheet.down(8)
        look = GROUP.but(align="left", bottom="rule")
        sheet.put(1, label, look, span=STILL)
        sheet.down(sheet.room([(label, 1, STILL, look)]))

    def _heads(self) -> None:
        sheet, book = self.sheet, self.book
        top, low = sheet.row, sheet.row + 1
        for label, keys in self._groups():
            column = self.columns[keys[0]]
            sheet.put(column, label, GROUP.but(size="small", left="white"), span=len(keys), row=top)
        for level in self.levels:
            for parent, names in _runs(book, level):
                room = 7.5 * len(names)
                text = book.say("points.dimensions") if not parent else node_short(book, parent)
                text = node_name(book, parent) if parent and room > 14 else text
                look = GROUP.but(size="small", left="white")
                sheet.put(self.nodes[names[0]], text, look, span=len(names), row=top)
        turned = HEAD.but(turned=90)
        for key, column in self.columns.items():
            look = HEAD.but(align="left") if key in ("code", "name") else turned
            sheet.put(column, self._head(key), look.but(bottom=""), row=low)
            sheet.put(column, None, HEAD.but(size="tiny"), row=low + 1)
        sheet.put(2, book.say("head.weight"), HEAD.but(size="tiny", align="left"), row=low + 1)
        weighed = HEAD.but(size="tiny", bold=False, format="0.0%")
        for level in self.levels:
            for node in level:
                column = self.nodes[node.id]
                name = node_name(book, node.id)
                sheet.put(column, name, turned.but(bottom="", bold=isinstance(node, s.Node)), row=low)
                sheet.link(column, self.weights.nodes[node.id], row=low)
                weight = Formula(f"={self.weights.nodes[node.id]}", node.weight)
                sheet.put(column, weight, weighed, row=low + 1)
        sheet.height(30, top)
        heads = [self._head(key) for key in self.columns if key not in ("code", "name")]
        sheet.height(TWO_LINES * upright([*heads, *(node_name(book, name) for name in self.nodes)]), low)
        sheet.height(14, low + 1)
        sheet.row = low + 2

    def _groups(self) -> list[tuple[str, list[str]]]:
        say = self.book.say
        place = self.keys.index
        return [
            (say("points.result"), self.keys[place("score") : place("base")]),
            (say("points.total"), ["base", "deducted"]),
            (say("points.facts"), self.keys[place("staff") : place("step_0")]),
            (say("points.steps"), self.keys[place("step_0") :]),
        ]

    def _head(self, key: str) -> str:
        kind, _, at = key.partition("_")
        if kind in ("held", "step"):
            grade = grade_short(self.book, list(self.book.model.grades)[int(at) - 1]) if at != "0" else ""
            return self.book.say(f"points.{kind}" if grade else "points.by_score", grade=grade)
        named = {"name": "unit", "range": "rank_range", "before": "score_before"}
        if self.book.pack.ranked_apart:
            named["rank"] = "rank_in_bank"
        return self.book.say(f"head.{named.get(key, key)}")

    # ------------------------------------------------------------ rows

    def _unit(self, unit: str) -> None:
        self._facts(unit, self.deducted.at[unit])
        for name in self.nodes:
            if name in self.given:
                value: object = few() if (unit, name) in self.hidden else self.scores.of(unit, name)
                self.sheet.put(self.nodes[name], value, self.looks["item"])
            else:
                self._inner(unit, name)
        self.sheet.down(15)

    def _office(self, unit: str) -> None:
        sheet = self.sheet
        self._who(unit)
        sheet.put(self.columns["deducted"], self.deducted[unit], INPUT.but(format=self.book.score_format))
        sheet.put(self.columns["staff"], self.heads[unit], INPUT.but(format="#,##0"))
        for name, column in self.nodes.items():
            if name in self.plan.item_position:
                sheet.put(column, self.own.at[unit, name], INPUT.but(format=self.book.points_format))
        sheet.down(15)

    def _rollup(self, unit: str) -> None:
        deducted = self.known["deducted"][unit]
        if self.depth is not None:
            self._facts(unit, deducted)
            for name, place in self.nodes.items():
                self.sheet.put(place, self.scores.of(unit, name), self.looks["item"])
            self.sheet.down(15)
            return
        own = self.office_rows.get(unit)
        column = self._letter("deducted")
        office = f"+{column}{own}" if own else ""
        staff, taken = (self._assessed(unit, self._letter(key)) for key in ("staff", "deducted"))
        text = f"=IF(SUM({staff})>0,SUMPRODUCT({staff},{taken})/SUM({staff}),0){office}" if staff else ""
        self._facts(unit, Formula(text or f"=0{office}", deducted))
        for name in self.nodes:
            if name in self.plan.item_position:
                value = self._mean_below(unit, name)
                self.sheet.put(self.nodes[name], value, SMALL.but(format=self.book.points_format))
            else:
                self._inner(unit, name)
        self.sheet.down(15)

    def _mean_below(self, unit: str, item: str) -> object:
        """A roll-up's points: the mean of everything below, weighted by staff."""
        below = [block for block in self.below[unit] if block]
        value = self.scores.of(unit, item)
        if not below or any((each, item) in self.hidden for block in below for each in block):
            return value
        staff = self._letter("staff")
        known, whole = [], []
        for block in below:
            rows = [self._row(block[end]) for end in (0, -1)]
            heads, points = (f"${at}{rows[0]}:${at}{rows[1]}" for at in (staff, self.letters[item]))
            known.append(f"SUMPRODUCT({heads},{points})")
            whole.append(f"SUMPRODUCT({heads},--ISNUMBER({points}))")
        total = "+".join(whole)
        text = f"=IF({total}>0,({'+'.join(known)})/({total}),{quoted(NOTHING)})"
        return Formula(text, shown(value))

    def _letter(self, key: str) -> str:
        return get_column_letter(self.columns[key])

    def _row(self, unit: str) -> int:
        return self.office_rows[unit] if unit in self.office_rows else self.rows[unit]

    def _assessed(self, unit: str, letter: str) -> str:
        """A column of the assessed units below a roll-up; empty for none."""
        block = self.below[unit][0]
        return f"${letter}{self.rows[block[0]]}:${letter}{self.rows[block[-1]]}" if block else ""

    def _inner(self, unit: str, name: str) -> None:
        look = self.looks["node"]
        value = shown(self.scores.of(unit, name))
        branching = self.plan.branchings[self.plan.inner_position[name]]
        if any((unit, child) in self.hidden for child in branching.items.names):
            self.sheet.put(self.nodes[name], value, look.but(colour="grey"))  # what it rests on is not shown
            return
        text = self.formulas.node(branching, self.rows[unit])
        self.sheet.put(self.nodes[name], Formula(text, value), look)

    def _who(self, unit: str) -> None:
        name = self.names[unit]
        self.sheet.put(1, unit, CODE)
        self.sheet.put(2, name, TEXT)

    # ------------------------------------------------------------ scores, grades and ranks

    def _facts(self, unit: str, deducted: object) -> None:
        """Everything of a unit but its nodes."""
        self._who(unit)
        rolled = unit in self.below
        values: dict[str, object] = {
            key: Formula(text, shown(self.known[key][unit]))
            for key, text in self.formulas.facts(self.rows[unit], rolled)
        }
        values["deducted"] = deducted
        for key in self.keys[2:]:
            if key not in values:
                values[key] = self.known[key][unit]
            look = self.looks.get(key, QUIETLY)
            look = look.but(fill="") if key == "deducted" and rolled else look
            self.sheet.put(self.columns[key], values[key], look)

    def _looks(self) -> dict[str, Look]:
        book, score = self.book, self.book.score_format
        given = ("range", "provisional", "vetoed", "cap", *(f"held_{at}" for at in self.facts.held))
        return {
            "score": CENTRED.but(format=score, bold=True),
            "grade": CENTRED,
            "rank": CENTRED,
            "change": CENTRED.but(format=book.change_format),
            "base": QUIETLY.but(format=f"{score}000"),
            "deducted": INPUT.but(format=f"{score};-{score};–"),
            "staff": INPUT.but(format="#,##0"),
            "before": INPUT.but(format=score),
            "coverage": INPUT.but(format="0.0%"),
            "key": QUIETLY.but(format=f"{score};-#,##0"),
            **dict.fromkeys(given, INPUT),
            "item": INPUT.but(format=book.points_format),
            "node": SMALL.but(format=book.points_format, bold=True),
        }

    # ------------------------------------------------------------ colours and names

    def _colours(self) -> None:
        worksheet = self.sheet.worksheet
        ends = [(units[0], units[-1]) for units in (self.units, self.rollups) if units]
        rows = [(self.rows[top], self.rows[bottom]) for top, bottom in ends]
        shorts = [grade_short(self.book, name) for name in self.book.model.grades]
        inner = [column for name, column in self.nodes.items() if name in self.plan.inner_position]

        def cells(columns: list[int]) -> str:
            runs = _neighbours(columns)
            return " ".join(rules.block(low, top, high, end) for low, high in runs for top, end in rows)

        rules.grades(worksheet, cells([self.columns["grade"]]), shorts)
        rules.changes(worksheet, cells([self.columns["change"]]))
        rules.heat(worksheet, cells(inner), self.book.maximum)

    def _names(self) -> None:
        for name, key in (("units", "code"), ("scores", "score"), ("grades", "grade"), ("ranks", "rank")):
            self.book.define(name, self.sheet.ref(self.columns[key], self.first, to_row=self.last))
        left, right = min(self.nodes.values()), max(self.nodes.values())
        self.book.define("points", self.sheet.ref(left, self.first, right, self.last))


def _runs(book: Book, level: list[s.Node | s.Item]) -> list[tuple[str, list[str]]]:
    """Neighbours of one parent, with the parent's id; empty for the dimensions."""
    found: dict[str, list[str]] = {}
    for node in level:
        found.setdefault(book.model.parents[node.id] or "", []).append(node.id)
    return list(found.items())


def _neighbours(columns: list[int]) -> list[tuple[int, int]]:
    """Runs of columns without a gap."""
    found: list[tuple[int, int]] = []
    for column in columns:
        if found and found[-1][1] == column - 1:
            found[-1] = (found[-1][0], column)
        else:
            found.append((column, column))
    return found
