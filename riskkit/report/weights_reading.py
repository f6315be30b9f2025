"""What experts answered: comparison workbooks read back, every fault by file, sheet and cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from riskkit import texts
from riskkit.errors import DataRefused, Misuse, Problem
from riskkit.evidence.cells import plain, squeezed
from riskkit.evidence.files import Cell, Grid, NumberText, read_grids
from riskkit.model import IndicatorModel
from riskkit.report.weights_form import COLUMNS, FACTS, HEADING_ROW, scale_text
from riskkit.scoring.ahp import SAATY_SCALE
from riskkit.scoring.group_weights import Judgements, sibling_groups

_ON_SCALE = {scale_text(value): value for value in SAATY_SCALE}
_TYPED = 1e-3
"""How far a typed number such as 0.3333 may be from a value of the scale, as a share of it."""


@dataclass
class _Answered:
    """What one workbook says."""

    file: str
    expert: str = ""
    expert_cell: str = ""
    cover: str = ""
    judgements: dict[tuple[str, str], float] = field(default_factory=dict)


def read_forms(paths: Sequence[Path], model: IndicatorModel) -> dict[str, Judgements]:
    """What each expert answered, by pair of nodes; an empty answer is a comparison not made.

    Raises `DataRefused` with every fault of every workbook: a sheet, fact or column missing, another model or version,
    an id or name changed, an answer that is not on the scale, a pair or an expert twice, nothing compared at all;
    `Misuse` for a file that is not there.

        >>> weigh_model(model, read_forms([Path("Li.xlsx"), Path("Wang.xlsx")], model)).weights
    """
    problems: list[Problem] = []
    forms = [_Reader(path, model, problems).answered() for path in paths]
    problems += _experts_twice(forms)
    if not problems and not any(form.judgements for form in forms):
        problems += [Problem("weights.nothing_compared", form.file) for form in forms]
    if problems:
        raise DataRefused("weights_refused", problems)
    return {form.expert: form.judgements for form in forms}


def _experts_twice(forms: Sequence[_Answered]) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for form in filter(lambda each: each.expert, forms):
        other = first.setdefault(squeezed(form.expert), form.file)
        if other is not form.file:
            found = {"found": form.expert, "other": other}
            yield Problem("weights.expert_twice", form.file, form.cover, form.expert_cell, found)


class _Reader:
    def __init__(self, path: Path, model: IndicatorModel, problems: list[Problem]) -> None:
        if not path.is_file():
            raise Misuse("no_file", found=str(path))
        self.path = path
        self.model = model
        self.problems = problems
        self.form = _Answered(path.name)
        self.known = {frozenset(pair) for group in sibling_groups(model) for pair in group.pairs}
        self.rows: dict[frozenset[str], int] = {}

    def answered(self) -> _Answered:
        """What the workbook says; its faults go to the list of problems."""
        grids, found = read_grids(self.path, self.path.name)
        faults = [problem for problem in found if problem.severity == "error"]
        self.problems += faults
        if faults:
            return self.form
        cover, pairs = (self.sheet(grids, key) for key in ("cover", "pairs"))
        if cover is not None and self.facts(cover) and pairs is not None:
            self.pairs(pairs)
        return self.form

    def sheet(self, grids: Sequence[Grid], key: str) -> Grid | None:
        """A sheet by its name in either language."""
        names = texts.both(f"weights_form.sheet.{key}")
        wanted = {squeezed(name) for name in names.values()}
        for grid in grids:
            if squeezed(grid.sheet) in wanted:
                return grid
        values = {"found": names["zh"], "other": names["en"]}
        self.problems.append(Problem("form.missing_sheet", self.path.name, values=values))
        return None

    # ------------------------------------------------------------ whose, and of which model

    def facts(self, grid: Grid) -> bool:
        """Read expert and model; says whether the comparisons are of this model."""
        rows = {
            _key(_at(row, 0)): number for number, row in enumerate(grid.rows, start=1) if _key(_at(row, 0))
        }
        said = {key: plain(_at(grid.rows[rows[key] - 1], 1) or "") if key in rows else "" for key in FACTS}
        for key in FACTS:
            if not said[key]:
                found = {"found": texts.both(f"weights_form.fact.{key}")}
                self.problems.append(grid.problem("weights.fact_missing", rows.get(key, 1), 1, **found))
        self.form.expert, self.form.cover = said["expert"], grid.sheet
        self.form.expert_cell = f"B{rows.get('expert', 1)}"
        spec = self.model.spec
        expected = {"model": spec.id, "version": spec.version, "hash": self.model.hash}
        wrong = [key for key in expected if said[key] and said[key] != expected[key]]
        for key in wrong[:1]:
            values = {"found": said[key], "expected": expected[key]}
            self.problems.append(grid.problem("weights.other_model", rows[key], 1, **values))
        return not wrong

    # ------------------------------------------------------------ comparisons

    def pairs(self, grid: Grid) -> None:
        heading = grid.rows[HEADING_ROW - 1] if len(grid.rows) >= HEADING_ROW else []
        at = {_key(cell): place for place, cell in enumerate(heading) if _key(cell) in COLUMNS}
        missing = [key for key in COLUMNS if key not in at and key != "note"]
        for key in missing:
            self.problems.append(grid.problem("form.missing_heading", HEADING_ROW, 0, found=key))
        if missing:
            return
        for number, row in enumerate(grid.rows[HEADING_ROW:], start=HEADING_ROW + 1):
            cells = {key: _at(row, place) for key, place in at.items()}
            if any(cells[key] for key in ("answer", "right", "right_name", "left_name")):
                self.row(grid, number, cells, at)

    def row(self, grid: Grid, number: int, cells: Mapping[str, Cell], at: Mapping[str, int]) -> None:
        left, right = (plain(cells[key] or "") for key in ("left", "right"))
        pair = frozenset((left, right))
        if pair not in self.known:
            self.problems.append(
                grid.problem("weights.unknown_pair", number, at["left"], left=left, right=right)
            )
            return
        if pair in self.rows:
            earlier = {"left": left, "right": right, "row": self.rows[pair]}
            self.problems.append(grid.problem("weights.pair_twice", number, at["left"], **earlier))
            return
        self.rows[pair] = number
        for key, name in (("left_name", left), ("right_name", right)):
            self.name(grid, number, at[key], cells[key], name)
        answer = cells["answer"]
        if answer is None or not answer.strip():
            return
        value = _value(answer)
        if value is None:
            self.problems.append(
                grid.problem("weights.not_on_scale", number, at["answer"], found=answer[:40])
            )
        else:
            self.form.judgements[left, right] = value

    def name(self, grid: Grid, number: int, at: int, cell: Cell, node: str) -> None:
        names = self.model.nodes[node].name
        if squeezed(cell or "") not in {squeezed(names.zh), squeezed(names.en)}:
            values = {"found": (cell or "")[:40], "id": node, "expected": {"zh": names.zh, "en": names.en}}
            self.problems.append(grid.problem("weights.name_changed", number, at, **values))


def _at(row: Sequence[Cell], place: int) -> Cell:
    return row[place] if place < len(row) else None


def _key(cell: Cell) -> str:
    """The key on a heading's last line."""
    return plain(cell).rsplit("\n", 1)[-1].strip() if cell else ""


def _value(answer: str) -> float | None:
    """What an answer is worth: its words in either language begin with the value; a typed number is one too."""
    front = plain(answer).split("·")[0].replace("\u2044", "/").replace(" ", "")
    if front in _ON_SCALE:
        return _ON_SCALE[front]
    if isinstance(answer, NumberText):
        return next((value for value in SAATY_SCALE if abs(float(answer) / value - 1) <= _TYPED), None)
    return None
