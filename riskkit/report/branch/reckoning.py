"""得分计算: how a unit's points make its score and grade, as formulas; its other sheets refer to this one."""

from __future__ import annotations

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from riskkit.model import schema as s
from riskkit.report import rules
from riskkit.report import score_formulas as formulas
from riskkit.report.book import Book
from riskkit.report.branch.links import Links
from riskkit.report.branch.reckoned import Reckoned
from riskkit.report.branch.steps import DIFFERENCE, POINTS, PUBLISHED, SCORE, difference, write_steps
from riskkit.report.cells import NOTHING, Formula, Shown
from riskkit.report.formulas import aggregate_in_words
from riskkit.report.paper import together
from riskkit.report.phrases import few, withheld
from riskkit.report.quarter.live import shown
from riskkit.report.quarter.verification import Verification
from riskkit.report.quarter.weights import counted
from riskkit.report.score_formulas import NONE
from riskkit.report.sheets import CENTRED, QUIET, TEXT, WRAPPED, Column
from riskkit.report.thresholds import INPUT, Thresholds, write_thresholds
from riskkit.scoring.plan import ROOT, Branching

WEIGHT = 5
"""The column of weights; the scores of each level of the tree stand in columns of their own at its right."""
BEYOND = ("full_marks", "share", "lost", "published", "difference")
"""The columns behind the scores."""
LINE_HIGH, MORE = 17.0, 16
"""Points of a row, and rows that the steps to the grade and all headings take beside the grades."""
SMALL = CENTRED.but(size="small")
TOTAL = TEXT.but(bold=True, top="rule", bottom="rule", fill="paper")


def write_reckoning(book: Book, unit: str, links: Links) -> Reckoned:
    """The sheet: the tree with weights, points and scores, the thresholds, the steps to the grade, and whether anything
    was changed; gives back where all stands."""
    return _Reckoning(book, unit, links).write()


class _Reckoning:
    """The sheet in the making. A row a node, parents above their children; as each level has its own column of scores,
    the children of a node are the only numbers in theirs between the first and the last of them."""

    def __init__(self, book: Book, unit: str, links: Links) -> None:
        self.book, self.unit, self.links = book, unit, links
        assessment = book.pack.assessment
        self.plan, self.depths = assessment.graded.plan, book.model.depths
        self.known = assessment.unit_scores(unit)
        self.shares = assessment.unit_weights(unit)
        items = assessment.unit_items(unit)
        self.items = set(items.index)
        self.hidden = set(items.index[withheld(items, book.model.items)])
        self.tree = list(counted(book.model.spec.nodes))
        self.depth = max(self.depths[node.id] for node in self.tree)
        self.at = {name: SCORE + self.depth + place for place, name in enumerate(BEYOND)}
        spare = max(0, self.depth - 4)  # room for the thresholds of every level
        widths = [8.0, 42.0, 6.0, 22.0, 9.0, *[9.0] * (self.depth + len(BEYOND) + spare)]
        self.sheet = book.sheet(book.say("reckoning.name"), widths, kind="about", paged=True)
        self.rows: dict[str, int] = {}

    def write(self) -> Reckoned:
        book, sheet = self.book, self.sheet
        name = book.pack.standing[self.unit]["name"]
        book.band(sheet, book.title_of(name, "reckoning.title"), book.say("reckoning.subtitle"))
        self.links.mark("sheet", "reckoning", sheet)
        top = sheet.row
        sheet.down(20)
        sheet.down(6)
        self._tree()
        sheet.down(10)
        together(sheet, LINE_HIGH * (len(book.model.grades) + MORE))
        sheet.section(book.label("method.grades"))
        sheet.down(22)
        thresholds = write_thresholds(book, sheet)
        sheet.down(10)
        sheet.section(book.label("reckoning.steps"))
        sheet.down(22)
        levels = {
            depth: (self._down(SCORE + depth - 1), self._down(WEIGHT)) for depth in range(1, self.depth + 1)
        }
        done = write_steps(
            book, sheet, self.unit, f"$F${self.last + 1}", levels, thresholds, self.at["published"]
        )
        seal = self._seal(top, sheet.row - 1, thresholds)
        sheet.down(6)
        sheet.sentence(book.say("reckoning.legend"), QUIET.but(bottom="", indent=1))
        self._names(done.score)
        return Reckoned(
            book, self.unit, thresholds, self.known, self.shares, self.hidden,
            scores={ROOT: sheet.ref(SCORE, self.last + 1)} | {
                name: sheet.ref(self._column(name), row) for name, row in self.rows.items()
            },
            weights={name: sheet.ref(WEIGHT, row) for name, row in self.rows.items()},
            shares={name: sheet.ref(self.at["share"], row) for name, row in self.rows.items()},
            lost={name: sheet.ref(self.at["lost"], row) for name, row in self.rows.items()},
            national=dict(self._national()),
            deducted=done.deducted, score_cell=done.score, place_cell=done.place, seal=seal,
        )  # fmt: skip

    # ------------------------------------------------------------ places

    def _column(self, node: str) -> int:
        """The column of a node's score."""
        return SCORE + self.depths[node] - 1

    def _cell(self, column: int, row: int) -> str:
        return f"{get_column_letter(column)}{row}"

    def _score(self, node: str) -> str:
        return self._cell(self._column(node), self.rows[node])

    def _down(self, column: int, first: int = 0, last: int = 0) -> str:
        """The rows of the tree in a column, or some of them."""
        letter = get_column_letter(column)
        return f"${letter}${first or self.first}:${letter}${last or self.last}"

    def _children(self, node: str) -> list[str]:
        """A node's children that count, in the order of their rows."""
        branching = self._branching(node)
        return sorted(
            (name for name in (*branching.items.names, *branching.inner.names) if name in self.rows),
            key=self.rows.__getitem__,
        )

    def _branching(self, node: str) -> Branching:
        found: Branching = self.plan.branchings[self.plan.inner_position[node]]
        return found

    # ------------------------------------------------------------ the tree

    def _tree(self) -> None:
        """Weights, points, scores and losses, and the total before deductions below them."""
        book, sheet = self.book, self.sheet
        columns = self._columns()
        sheet.heads(columns)
        self.first = sheet.row
        self.last = self.first + len(self.tree) - 1
        self.rows = {node.id: self.first + place for place, node in enumerate(self.tree)}
        for node in self.tree:
            self.links.lead(sheet, 2, "node" if isinstance(node, s.Node) else "items", node.id)
            sheet.line(columns, self._node(node))
        self._base(columns)
        sheet.keep(self.first - 1, self.first - 1, still=2, filters=0)
        weights = self._down(WEIGHT).replace("$", "")
        between = DataValidation(type="decimal", operator="between", formula1="0", formula2="1")
        between.errorTitle, between.error = book.say("weights.refused"), book.say("weights.between")
        between.add(weights)
        sheet.worksheet.add_data_validation(between)
        inner = [self._score(node.id) for node in self.tree if isinstance(node, s.Node)]
        rules.heat(sheet.worksheet, " ".join(inner), book.maximum)

    def _columns(self) -> list[Column]:
        book = self.book
        points, score = SMALL.but(format=book.points_format), SMALL.but(format=book.score_format)
        levels = [
            Column(book.label("reckoning.level", stacked=True, depth=depth), points)
            for depth in range(1, self.depth + 1)
        ]
        return [
            book.head("id", TEXT.but(colour="grey", size="small")),
            book.head("name", WRAPPED.but(colour="rule")),
            book.head("depth", PUBLISHED),
            book.head("how", QUIET),
            book.head("weight", INPUT.but(format="0.00%", size="small")),
            *levels,
            book.head("full_marks", score.but(colour="grey")),
            book.head("share", score.but(format="0.00%")),
            book.head("lost", score),
            book.head("published", PUBLISHED.but(format=book.points_format)),
            book.head("difference", DIFFERENCE),
        ]

    def _node(self, node: s.Node | s.Item) -> list[object]:
        """The row of a node."""
        name, inner = node.id, isinstance(node, s.Node)
        depth, known = self.depths[name], shown(self.known[name])
        levels: list[object] = [None] * self.depth
        levels[depth - 1] = self._points(node)
        published = few() if name in self.hidden else known
        beside = self._cell(self.at["published"], self.rows[name])
        return [
            name,
            Shown(
                node.name[self.book.lang],
                WRAPPED.but(indent=depth - 1, bold=depth == 1, colour="rule" if inner else "ink"),
            ),
            depth,
            aggregate_in_words(node, self.book.lang) if isinstance(node, s.Node) else None,
            node.weight,
            *levels,
            None if inner else self._marks(name),
            self._share(name),
            None if inner else self._lost(name),
            published,
            difference(self._score(name), beside),
        ]

    def _points(self, node: s.Node | s.Item) -> Shown:
        """Points of an item as published; the score of an inner node as a formula, but for one that would show what few
        people answered."""
        known = shown(self.known[node.id])
        if isinstance(node, s.Item):
            return Shown(
                few() if node.id in self.hidden else known,
                POINTS.but(format=self.book.points_format, size="small"),
            )
        look = SMALL.but(format=self.book.points_format, bold=True)
        if self.hidden & set(self._children(node.id)):
            return Shown(known, look.but(colour="grey"))
        exists, mean = self._mean(node.id)
        return Shown(Formula(f"=IF({exists},{mean},{NONE})", known), look)

    def _mean(self, node: str) -> tuple[str, str]:
        children = self._children(node)
        scores = [self._score(child) for child in children]
        return formulas.mean_formula(
            self._branching(node), scores, [self._cell(WEIGHT, self.rows[child]) for child in children]
        )

    def _share(self, name: str) -> Formula:
        """The node's share of the total: that of its parent, among the siblings that have a score."""
        parent = self.book.model.parents[name] or ROOT
        siblings = self._children(parent)
        first, last = self.rows[siblings[0]], self.rows[siblings[-1]]
        weights, scores = self._down(WEIGHT, first, last), self._down(self._column(name), first, last)
        unseen = "".join(
            f"+{self._cell(WEIGHT, self.rows[each])}" for each in siblings if each in self.hidden
        )
        whole = f"(SUMPRODUCT({weights},--ISNUMBER({scores})){unseen})"
        above = f"*{self._cell(self.at['share'], self.rows[parent])}" if parent else ""
        weight = self._cell(WEIGHT, self.rows[name])
        counts = f"{weight}>0" if name in self.hidden else f"ISNUMBER({self._score(name)})*({weight}>0)"
        return Formula(f"=IF({counts},{weight}{above}/{whole},0)", self.shares[name])

    def _lost(self, name: str) -> object:
        """The points of the total lost on an item."""
        if name in self.hidden:
            return NOTHING
        points, share = self._score(name), self._cell(self.at["share"], self.rows[name])
        text = f"=IF(ISNUMBER({points}),{share}*({self.book.maximum!r}-{points}),{NONE})"
        return Formula(text, shown(self.shares[name] * (self.book.maximum - self.known[name])))

    def _marks(self, name: str) -> object:
        """What an item is worth by the model's weights alone, where the unit has it."""
        if name not in self.items:
            return NOTHING
        node: str | None = name
        factors = [f"{self.book.maximum!r}"]
        while node:
            factors.append(self._cell(WEIGHT, self.rows[node]))
            node = self.book.model.parents[node]
        return Formula(f"={'*'.join(factors)}", self.book.model.nominal_weights[name] * self.book.maximum)

    def _base(self, columns: list[Column]) -> None:
        """The total before deductions, and what stands above it summed up."""
        book, sheet, row = self.book, self.sheet, self.sheet.row
        for place, column in enumerate(columns, start=1):
            sheet.put(
                place,
                None,
                TOTAL.but(align=column.look.align, format=column.look.format, size=column.look.size),
            )
        bold = TOTAL.but(align="center", size="small")
        exists, mean = self._mean(ROOT)
        known = float(book.pack.standing[self.unit]["base"])
        total = Formula(f"={formulas.base(exists, mean, book.maximum)}", shown(known))
        fine = bold.but(format=f"{book.score_format}00")
        sheet.put(2, book.say("head.base"), TOTAL)
        sheet.put(
            4,
            aggregate_in_words(book.model.spec, book.lang),
            TOTAL.but(size="small", bold=False, colour="grey"),
        )
        sheet.put(SCORE, total, fine)
        marks = [book.model.nominal_weights[node.id] for node in self.tree if node.id in self.items]
        sums = [("full_marks", sum(marks) * book.maximum)]
        sums += (
            [("lost", book.maximum - known)]
            if self.plan.arithmetic and not self.hidden and known == known
            else []
        )
        for key, value in sums:
            cells = self._down(self.at[key]).replace("$", "")
            sheet.put(self.at[key], Formula(f"=SUM({cells})", value), bold.but(format=book.score_format))
        top = [
            f"{self._cell(self.at['share'], self.rows[node.id])}"
            for node in book.model.spec.nodes
            if node.id in self.rows
        ]
        whole = sum(self.shares[node.id] for node in book.model.spec.nodes)
        sheet.put(self.at["share"], Formula(f"={'+'.join(top)}", whole), bold.but(format="0.00%"))
        sheet.put(self.at["published"], shown(known), fine.but(bold=False, colour="grey"))
        beside = self._cell(self.at["published"], row)
        look = bold.but(format=DIFFERENCE.format, bold=False, colour="grey")
        sheet.put(self.at["difference"], difference(self._cell(SCORE, row), beside), look)
        sheet.down(20)

    # ------------------------------------------------------------ what else hangs on it

    def _national(self) -> dict[str, dict[str, str]]:
        """Standard, applicable and earned points of each dimension, as expressions; none of a dimension with an item
        that few people answered."""
        found: dict[str, dict[str, str]] = {}
        named = self.sheet.ref(1, 1).rsplit("!", 1)[0]
        starts = [self.rows[node.id] for node in self.book.model.dimensions if node.id in self.rows] + [
            self.last + 1
        ]
        for node, first, end in zip(
            (n for n in self.book.model.dimensions if n.id in self.rows), starts, starts[1:], strict=False
        ):
            if any(first <= self.rows[name] < end for name in self.hidden if name in self.rows):
                continue
            marks = f"{named}!{self._down(self.at['full_marks'], first, end - 1)}"
            levels = [f"{named}!{self._down(SCORE + place, first, end - 1)}" for place in range(self.depth)]
            earned = "+".join(f"SUMPRODUCT({marks},{each})" for each in levels)
            applies = "+".join(f"SUMPRODUCT({marks},--ISNUMBER({each}))" for each in levels)
            found[node.id] = {
                "standard": f"SUM({marks})",
                "applicable": applies,
                "earned": f"({earned})/{self.book.maximum!r}",
            }
        return found

    def _seal(self, top: int, last: int, thresholds: Thresholds) -> Formula:
        """How many numbers are not the published ones, and the seal that says so; weights by a sum in which each has a
        weight of its own."""
        book, sheet = self.book, self.sheet
        cells = self._down(self.at["difference"], self.first, last)
        weights = self._down(WEIGHT)
        known = sum(self.rows[node.id] * node.weight for node in self.tree)
        parts = [
            f"SUMPRODUCT(--({cells}<>0))",
            f"(ABS(SUMPRODUCT(ROW({weights}),{weights})-{known!r})>0.000000001)",
        ]
        parts += [f"SUMPRODUCT(1-({now}={published}))" for now, published in thresholds.pairs]
        sheet.put(1, book.say("reckoning.changed"), TEXT.but(colour="grey", size="small"), span=3, row=top)
        sheet.put(WEIGHT, Formula(f"={'+'.join(parts)}", 0), SMALL.but(bold=True, format="0"), row=top)
        changed = sheet.ref(WEIGHT, top)
        seal = Verification([], "", changed).seal(book)
        span = self.depth
        sheet.put(SCORE, seal, CENTRED.but(bold=True, bottom=""), span=span, row=top)
        rules.verdict(sheet.worksheet, rules.block(SCORE, top, SCORE + span - 1, top), book.say("check.same"))
        rules.differs(
            sheet.worksheet, cells.replace("$", ""), f"{self._cell(self.at['difference'], self.first)}<>0"
        )
        book.define("changed", changed)
        return seal

    def _names(self, score: str) -> None:
        self.book.define("score", score)
        self.book.define("weights", self.sheet.ref(WEIGHT, self.first, to_row=self.last))
