"""The smallest change of weights at which two units change places, or a unit's grade changes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from riskkit import texts
from riskkit.analysis.weight_level import Level, Line, Nearest
from riskkit.errors import Misuse
from riskkit.model import schema as s
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.grade_places import GradeRules
from riskkit.scoring.grades import SLACK
from riskkit.scoring.plan import ROOT

Answer = Literal["found", "never", "not_found", "red_line", "tied"]
Method = Literal["linear_programme", "one_weight"]


@dataclass(frozen=True)
class WeightChange:
    """The nearest weights of one level at which something changes.

    `units`: the one asked about, or two, the better one first. `answer`: found; never, proved for all weights;
    not_found, by moving one weight at a time, which proves nothing; red_line, where a veto decides and not the weights;
    tied, where two are equal now. `single`: a row a node: its `weight` among siblings (0-1), and the nearest `down` and
    `up` beyond which it happens, the siblings sharing the rest as they did; missing where it never does. `nearest`: the
    nearest set of weights among siblings by `method`, `distance` the share of the total that changes hands (0-1; half
    the sum of absolute changes of nominal weights). `grades`: before and after, for one unit.
    """

    assessment: Assessment
    units: tuple[str, ...]
    depth: int
    answer: Answer
    method: Method
    single: pd.DataFrame
    nearest: pd.Series | None
    distance: float
    grades: tuple[str, str] | None = None

    @property
    def move(self) -> tuple[str, float, float] | None:
        """The nearest single weight to move: the node, its weight now and then; none where no single one does it."""
        model = self.assessment.model
        weight, then = self.single["weight"].to_numpy(), self.single[["down", "up"]].to_numpy()
        if np.isnan(then).all():
            return None
        share = [model.nominal_weights[name] / model.nodes[name].weight for name in self.single.index]
        away = np.abs(then - weight[:, None]) * np.array(share)[:, None]
        row, side = np.unravel_index(np.nanargmin(away), away.shape)
        return str(self.single.index[int(row)]), float(weight[row]), float(then[row, side])

    def sentence(self, lang: texts.Language) -> str:
        """The answer in words.

        >>> riskkit.smallest_reversal(now, "0103", "0105").sentence("en")
        """
        names = dict(
            zip(("unit", "other"), self.assessment.summary.loc[list(self.units), "name"], strict=False)
        )
        level = f"weight_change.level.{self.depth if self.depth < 3 else 'deeper'}"
        kind = "pair" if self.grades is None else "grade"
        names |= {"level": texts.say(level, lang, depth=self.depth), "before": self._grade(lang)}
        said = texts.say(f"weight_change.{kind}.{self._key()}", lang, **names, **self._moved(lang))
        more = self.move is not None and self.method == "linear_programme" and self.answer == "found"
        return said + (
            texts.say("weight_change.least", lang, **names, share=_past(self.distance, -1)) if more else ""
        )

    def _grade(self, lang: texts.Language) -> str:
        """The grade before: its letter, or its name where the id is a word."""
        if self.grades is None:
            return ""
        held = self.grades[0]
        return held if len(held) <= 2 else self.assessment.model.grades[held].name[lang]

    def _key(self) -> str:
        if self.answer != "found":
            return self.answer
        return "together" if self.move is None else "raise" if self.move[2] > self.move[1] else "lower"

    def _moved(self, lang: texts.Language) -> dict[str, object]:
        if self.move is None:
            return {"share": _past(self.distance, 1)}
        node, weight, then = self.move
        name = self.assessment.model.nodes[node].name[lang]
        named = name if node.islower() else f"{node} {name}"
        return {"node": named, "weight": weight, "then": _past(then, 1 if then > weight else -1)}


def _past(share: float, side: int) -> float:
    """A share to a tenth of a percent, on its far side (1) or its near side (-1)."""
    return float(side * np.ceil(side * share * 1000 - 1e-4) / 1000)


def smallest_reversal(assessment: Assessment, unit: str, other: str, *, depth: int = 1) -> WeightChange:
    """The smallest change of one level's weights (1 dimensions, 2 indicators) that reverses two ranked units.

    Scores are compared after deductions and before rounding; all other weights stay, and so do what applies and red
    lines. The nearest of all sets of weights is found by linear programming, which also proves where there is none;
    that takes arithmetic means above the level and a score of both units for every node of it, or for dimensions the
    same dimensions under any mean but the minimum. Otherwise, and for the single weights, one weight at a time
    is moved, its siblings sharing the rest as they did. Triantaphyllou and Sánchez (1997), *Decision Sciences* 28,
    151-194.

    Raises `Misuse` for a unit that is unknown or not ranked, for one named twice, and for a level without weights to
    change.

        >>> smallest_reversal(assessment, "0103", "0105").move
    """
    if unit == other:
        raise Misuse("same_unit", unit=unit)
    score = [_standing(assessment, each) for each in (unit, other)]
    vetoed = assessment.summary["vetoed"]
    first, second = (
        (unit, other) if (not vetoed[unit], score[0]) >= (not vetoed[other], score[1]) else (other, unit)
    )
    level = Level(assessment, (first, second), depth)
    deductions = assessment.summary.loc[[first, second], "deducted"].to_numpy()
    slack = SLACK * level.plan.maximum

    def reversed_(weights: np.ndarray) -> np.ndarray:
        total = level.with_weights(weights).total() - deductions[:, None]
        return np.asarray(total[0] < total[1] - slack)

    if vetoed[first] != vetoed[second]:
        return _settled(level, assessment, (first, second), "red_line")
    if abs(score[0] - score[1]) <= slack:
        return _settled(level, assessment, (first, second), "tied")
    line = level.ahead(deductions)
    ways = None if line is None else [[line.turned()]]
    return _smallest(level, assessment, (first, second), reversed_, ways)


def smallest_grade_change(assessment: Assessment, unit: str, *, depth: int = 1) -> WeightChange:
    """The smallest change of one level's weights (1 dimensions, 2 indicators) that changes a unit's grade.

    The grade is that of the published, rounded score with its conditions on nodes; coverage, evidence classes,
    deductions, caps and vetoes stay as assessed. Linear programming finds the nearest of all sets of weights, or proves
    that there is none, under the conditions told of in `smallest_reversal`; else one weight at a time is moved.

    Raises `Misuse` as `smallest_reversal` does.

        >>> smallest_grade_change(assessment, "0103").sentence("en")
    """
    _standing(assessment, unit)
    level = Level(assessment, (unit,), depth)
    held = _Held(assessment, unit, level)
    if assessment.summary["vetoed"][unit]:
        return _settled(level, assessment, (unit,), "red_line", held.grades(held.place))
    ways = held.ways()

    def changed(weights: np.ndarray) -> np.ndarray:
        return np.asarray(held.places(weights) != held.place)

    return _smallest(level, assessment, (unit,), changed, ways, held)


def _standing(assessment: Assessment, unit: str) -> float:
    """The score of a ranked unit after deductions, before rounding."""
    row: dict[Any, Any] = assessment.summary.loc[assessment.check_unit(unit)].to_dict()
    if np.isnan(row["rank"]):
        raise Misuse("not_ranked", unit=unit)
    return float(row["base"] - row["deducted"])


class _Held:
    """The grade a unit holds, and what decides it."""

    def __init__(self, assessment: Assessment, unit: str, level: Level) -> None:
        self.level, self.model = level, assessment.model
        self.rules = GradeRules(assessment)
        self.row = int(assessment.summary.index.get_indexer(pd.Index([unit]))[0])
        self.place = int(assessment.grading.place[self.row])
        self.deducted = float(assessment.summary["deducted"][unit])
        self.order = list(assessment.model.grades)

    def grades(self, place: int) -> tuple[str, str]:
        """Grades before and after."""
        return self.order[self.place], self.order[place]

    def places(self, weights: np.ndarray) -> np.ndarray:
        """The place of the grade under each set of weights, nodes × draws."""
        found = self.level.with_weights(weights).scores(self.rules.names)
        return np.asarray(self.rules.settled(slice(self.row, self.row + 1), found)[1][0])

    def ways(self) -> list[list[Line]] | None:
        """Sets of lines such that the grade changes where all lines of one set are crossed; none if some are no lines.

        A grade is reached or bettered where for it, or a better one, the score and every condition suffice.
        """
        asked = [self._asked(grade) for grade in self.model.spec.grades[: self.place + 1]]
        if any(line is None for lines in asked for line in lines or ()):
            return None
        known = [None if lines is None else [line for line in lines if line is not None] for lines in asked]
        better = [lines for lines in known[: self.place] if lines is not None]
        ways = better if self.rules.least[self.row] < self.place else []
        worse = itertools.product(*(lines for lines in known if lines is not None))
        return [*ways, *([line.turned() for line in lines] for lines in worse)]

    def _asked(self, grade: s.Grade) -> list[Line | None] | None:
        """What a grade asks of the weights; none where it fails whatever they are."""
        lines: list[Line | None] = []
        if grade.min > 0:
            last = 10.0**self.model.spec.score.decimals
            least = (np.ceil(grade.min * last - 1e-6) - 0.5) / last
            lines.append(self.level.above(ROOT, least + self.deducted))
        for condition in grade.conditions:
            if not isinstance(condition, s.NodeMin):
                if self.rules.fails(condition)[self.row]:
                    return None
                continue
            scores = self.level.scored.columns(self.rules.nodes(condition.depth))[0]
            if condition.depth >= self.level.depth and np.nanmin(scores) < condition.value - SLACK:
                return None
            if condition.depth < self.level.depth:
                lines += self._nodes(condition, scores)
        return lines

    def _nodes(self, condition: s.NodeMin, scores: np.ndarray) -> Iterator[Line | None]:
        for name, found in zip(self.rules.nodes(condition.depth), scores, strict=True):
            if not np.isnan(found):
                yield self.level.above(name, condition.value)


def _settled(
    level: Level,
    assessment: Assessment,
    units: tuple[str, ...],
    answer: Answer,
    grades: tuple[str, str] | None = None,
) -> WeightChange:
    """An answer that no search is needed for."""
    none = np.full((len(level.names), 2), np.nan)
    single = _frame(level, none)
    away = 0.0 if answer == "tied" else np.inf
    return WeightChange(
        assessment, units, level.depth, answer, "linear_programme", single, None, away, grades
    )


def _smallest(
    level: Level,
    assessment: Assessment,
    units: tuple[str, ...],
    changed: Callable[[np.ndarray], np.ndarray],
    ways: list[list[Line]] | None,
    held: _Held | None = None,
) -> WeightChange:
    single = _frame(level, level.turns(changed))
    found = _one_weight(level, single) if ways is None else _of_all(level, ways)
    answer: Answer = "found" if found is not None else "never" if ways is not None else "not_found"
    nearest = None if found is None else pd.Series(found.weights, single.index, name="nearest")
    place = (
        None if held is None else held.place if found is None else int(held.places(found.past[:, None])[0])
    )
    return WeightChange(
        assessment,
        units,
        level.depth,
        answer,
        "one_weight" if ways is None else "linear_programme",
        single,
        nearest,
        np.inf if found is None else found.distance,
        None if held is None or place is None else held.grades(place),
    )


def _of_all(level: Level, ways: list[list[Line]]) -> Nearest | None:
    """The nearest of the nearest weights of each set of lines."""
    found = [near for near in map(level.nearest, ways) if near is not None]
    return min(found, key=lambda near: near.distance, default=None)


def _one_weight(level: Level, single: pd.DataFrame) -> Nearest | None:
    """The nearest weights with one of them moved."""
    sides = single[["down", "up"]].to_numpy()
    nodes, at = np.nonzero(~np.isnan(sides))
    if not len(nodes):
        return None
    weights = level.moved(nodes, sides[nodes, at])
    away = [level.distance(each) for each in weights.T]
    best = int(np.argmin(away))
    return Nearest(away[best], weights[:, best], weights[:, best])


def _frame(level: Level, turns: np.ndarray) -> pd.DataFrame:
    columns = {"weight": level.weights, "down": turns[:, 0], "up": turns[:, 1]}
    return pd.DataFrame(columns, pd.Index(level.names, name="node"))
