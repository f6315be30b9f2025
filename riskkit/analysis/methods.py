"""The same measures under other methods: whose grade or rank hangs on how points become a score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from riskkit.analysis.fuzzy_evaluation import fuzzy_evaluation, item_points
from riskkit.errors import DataRefused, unknown
from riskkit.model import IndicatorModel
from riskkit.model.schema import Aggregate, Item, Node
from riskkit.scoring.assessment import Assessment, score
from riskkit.scoring.borda import borda
from riskkit.scoring.objective_weights import critic_weights, entropy_weights, standard_deviation_weights
from riskkit.scoring.scales import published
from riskkit.scoring.topsis import TIE_DECIMALS, topsis

OWN = "own"
"""The model's own method, as assessed."""
EXPONENT = 0.5
"""Of the power mean: between the arithmetic (1) and the geometric (0)."""
PLACES = 5
"""A unit whose rank moves by more places over the methods depends on them, unless told otherwise."""


@dataclass(frozen=True)
class MethodComparison:
    """One assessment under several methods, the model's own first.

    All frames are indexed by the assessed units, in the order of the model's own ranking. `scores`: units × methods,
    higher is better, on the model's scale 0-maximum, but 0-1 for `topsis` and `borda`. `ranks`: 1 is best, missing for
    provisional units. `grades`: units × the methods that grade; missing for provisional units. `grade_changes`: a row a
    unit and method whose grade differs: `unit, method, own, grade, steps` (positive is worse). `correlations`: a row a
    pair of methods: `method, other, spearman, kendall` (tau-b) of their ranks, `units` (how many both rank). `ranges`:
    the ranked units, `rank` (own), `best, worst, places` (worst − best), `grade` (own), `best_grade, worst_grade`,
    `deducted, vetoed` and `dependent`.
    """

    assessment: Assessment
    places: int
    scores: pd.DataFrame
    ranks: pd.DataFrame
    grades: pd.DataFrame
    grade_changes: pd.DataFrame
    correlations: pd.DataFrame
    ranges: pd.DataFrame

    @cached_property
    def dependent(self) -> pd.DataFrame:
        """The rows of `ranges` whose grade, or rank by more than `places`, depends on the method; widest first."""
        rows = self.ranges[self.ranges["dependent"]]
        return rows.sort_values(["places", "rank"], ascending=[False, True], kind="stable")


def compare_methods(
    assessment: Assessment, methods: Sequence[str] | None = None, *, places: int = PLACES
) -> MethodComparison:
    """Score, rank and grade the units of an assessment under each of `methods` (all of `METHODS` unless given).

    `arithmetic, geometric, harmonic, power` (exponent ½): every node and the total by that mean. `weakest_dimension`:
    the total is the least dimension. `equal_weights`: every scored item weighs the same. `entropy_weights,
    critic_weights, standard_deviation_weights`: item weights read off the ranked units' points. `fuzzy`: fuzzy
    comprehensive evaluation under M(·,⊕). `topsis` on the items' points, `borda`: weighted mean of the items' Borda
    counts; both with the model's nominal weights.

    Each method replaces the base score alone. On the model's scale deductions, rounding, grade conditions, caps and
    vetoes then apply as ever; the fuzzy grade is that of the largest degree, or the best one that conditions, caps and
    vetoes leave open where that is worse. TOPSIS and Borda have scales of their own: no deductions, no grades, ranks
    alone, vetoed units last. Missing points hand their weight on, level by level in the tree and at once in TOPSIS and
    Borda. A mean with a part of 0 is 0 under `geometric` and `harmonic`.

    The model itself decides who is ranked: provisional units have no rank and no grade under any method, and enter no
    ideal, no count and no weights. Equal scores share the better rank. A method that nothing tells units apart for says
    nothing. A rank of more than `places` places between its best and its
    worst, or more than one grade, makes a unit `dependent`.

    Raises `Misuse` for an unknown method.

        >>> compare_methods(bank.assessment("2026Q2")).dependent.head()

    Source: OECD and JRC (2008), *Handbook on Constructing Composite Indicators*, steps 6 and 7. The exponent is
    riskkit's choice; how results hang on it: European Commission (2016), *The EU Regional SPI*, section 5.2.
    """
    chosen = list(METHODS) if methods is None else list(dict.fromkeys(methods))
    for name in chosen:
        if name not in METHODS:
            raise unknown("unknown_method", name, list(METHODS))
    subject = _Subject(assessment)
    verdicts = {OWN: _graded(subject.summary), **{name: METHODS[name](subject) for name in chosen}}
    scores = pd.DataFrame({name: verdict.score for name, verdict in verdicts.items()})
    ranks = pd.DataFrame({name: subject.ranks(verdict.score) for name, verdict in verdicts.items()})
    graded = {name: verdict.grade for name, verdict in verdicts.items() if verdict.grade is not None}
    grades = pd.DataFrame(graded).where(~subject.summary["provisional"])
    ranges = _ranges(subject, ranks, grades, places)
    changes = _grade_changes(grades, list(assessment.model.grades))
    return MethodComparison(assessment, places, scores, ranks, grades, changes, _correlations(ranks), ranges)


class _Verdict(NamedTuple):
    """What a method says: a score for each assessed unit, higher is better, and a grade if it gives one."""

    score: pd.Series
    grade: pd.Series | None


class _Subject:
    """The assessment as the methods look at it: assessed units in the order of their ranking."""

    def __init__(self, assessment: Assessment) -> None:
        self.assessment = assessment
        self.model = assessment.model
        self.summary = assessment.ranking()
        self.ranked = self.summary["rank"].notna()

    def under(self, model: IndicatorModel) -> pd.DataFrame:
        """The summary as the program gives it under a changed model."""
        if model.hash == self.model.hash:
            return self.summary
        return score(model, self.assessment.measures).summary.loc[self.summary.index]

    def ranks(self, scores: pd.Series) -> pd.Series:
        """Competition ranks among the units the model ranks, vetoed ones last."""
        known = scores[self.ranked].round(TIE_DECIMALS)
        behind = self.summary["vetoed"][self.ranked]
        lowered = known.where(~behind, known - (known.max() - known.min()) - 1.0)
        return lowered.rank(ascending=False, method="min").reindex(scores.index)

    @cached_property
    def weights(self) -> dict[str, float]:
        """The nominal weights of the items that count."""
        nominal = self.model.nominal_weights
        return {name: nominal[name] for name in self.model.items if nominal[name] > 0}

    @cached_property
    def points(self) -> pd.DataFrame:
        """Ranked units × items that count."""
        return item_points(self.assessment).loc[self.summary.index[self.ranked], list(self.weights)]


# ---------------------------------------------------------------- methods


def _graded(summary: pd.DataFrame) -> _Verdict:
    return _Verdict(summary["score"], summary["grade"])


def _mean(kind: Aggregate, exponent: float | None, subject: _Subject) -> _Verdict:
    return _graded(subject.under(subject.model.with_aggregate(kind, exponent)))


def _weakest_dimension(subject: _Subject) -> _Verdict:
    changed = subject.model.spec.model_copy(update={"aggregate": "minimum", "exponent": None})
    return _graded(subject.under(IndicatorModel(changed)))


def _equal_weights(subject: _Subject) -> _Verdict:
    return _reweighed(subject, dict.fromkeys(subject.weights, 1.0))


def _objective(weigh: Callable[[pd.DataFrame], pd.Series], subject: _Subject) -> _Verdict:
    """Under weights read off the ranked units' points; nothing is said where no item tells units apart."""
    try:
        weights = weigh(subject.points)
    except DataRefused:
        nothing = pd.Series(np.nan, index=subject.summary.index)
        return _Verdict(nothing, nothing.astype("str").where(nothing.notna()))
    return _reweighed(subject, {str(name): float(weight) for name, weight in weights.items()})


def _reweighed(subject: _Subject, weights: Mapping[str, float]) -> _Verdict:
    """Under other item weights (any numbers from 0 up), the tree's own weights made to agree with them."""
    return _graded(subject.under(subject.model.with_weights(tree_weights(subject.model, weights))))


def tree_weights(model: IndicatorModel, weights: Mapping[str, float]) -> dict[str, float]:
    """Weights of all nodes that give each item its share of `weights`; an item that is not named has none.

    Where all items below a node weigh nothing, its children keep the model's weights among themselves.
    """
    below: dict[str, float] = {}
    for name in reversed(model.nodes):
        node = model.nodes[name]
        below[name] = (
            float(weights.get(name, 0.0))
            if isinstance(node, Item)
            else sum(below[child.id] for child in node.children)
        )
    found: dict[str, float] = {}
    for siblings in _families(model):
        total = sum(below[node.id] for node in siblings)
        found.update({node.id: below[node.id] / total for node in siblings} if total > 0 else {})
    return found


def _families(model: IndicatorModel) -> list[Sequence[Node | Item]]:
    inner = [node.children for node in model.nodes.values() if isinstance(node, Node)]
    return [model.dimensions, *inner]


def _fuzzy(subject: _Subject) -> _Verdict:
    evaluation = fuzzy_evaluation(subject.assessment).units.loc[subject.summary.index]
    left = (evaluation["score"] - subject.summary["deducted"]).clip(lower=0.0)
    final = pd.Series(published(left.to_numpy(), subject.model.spec.score.decimals), index=left.index)
    order = {name: place for place, name in enumerate(subject.model.grades)}
    places = pd.concat([evaluation["grade"].map(order), _ceiling(subject).map(order)], axis=1)
    worse = places.max(axis=1, skipna=False)
    return _Verdict(final, worse.map(dict(enumerate(order))).astype("str"))


def _ceiling(subject: _Subject) -> pd.Series:
    """The best grade that conditions, caps and vetoes leave open, whatever the score."""
    spec = subject.model.spec
    reached = tuple(
        grade.model_copy(update={"min": -float(place)}) for place, grade in enumerate(spec.grades)
    )
    return subject.under(IndicatorModel(spec.model_copy(update={"grades": reached})))["grade"]


def _topsis(subject: _Subject) -> _Verdict:
    if subject.points.empty:
        return _Verdict(pd.Series(np.nan, index=subject.summary.index), None)
    found = topsis(subject.points, subject.weights).units["closeness"]
    return _Verdict(found.reindex(subject.summary.index), None)


def _borda(subject: _Subject) -> _Verdict:
    counts = borda(subject.points.to_numpy(), np.array(list(subject.weights.values())))
    return _Verdict(pd.Series(counts, index=subject.points.index).reindex(subject.summary.index), None)


METHODS: Mapping[str, Callable[[_Subject], _Verdict]] = {
    "arithmetic": partial(_mean, "arithmetic", None),
    "geometric": partial(_mean, "geometric", None),
    "harmonic": partial(_mean, "harmonic", None),
    "power": partial(_mean, "power", EXPONENT),
    "weakest_dimension": _weakest_dimension,
    "equal_weights": _equal_weights,
    "entropy_weights": partial(_objective, entropy_weights),
    "critic_weights": partial(_objective, critic_weights),
    "standard_deviation_weights": partial(_objective, standard_deviation_weights),
    "fuzzy": _fuzzy,
    "topsis": _topsis,
    "borda": _borda,
}
"""What there is to compare with, by name."""


# ---------------------------------------------------------------- what the methods say together


def _ranges(subject: _Subject, ranks: pd.DataFrame, grades: pd.DataFrame, places: int) -> pd.DataFrame:
    kept = subject.summary[subject.ranked]
    ranks, grades = ranks[subject.ranked], grades[subject.ranked]
    order = list(subject.model.grades)
    codes = _codes(grades, order).where(grades.notna())
    rows = pd.DataFrame(
        {"name": kept["name"], "rank": kept["rank"], "best": ranks.min(axis=1), "worst": ranks.max(axis=1)}
    )
    rows["places"] = rows["worst"] - rows["best"]
    rows["grade"] = kept["grade"]
    names = dict(enumerate(order))
    rows["best_grade"] = codes.min(axis=1).map(names).astype("str")
    rows["worst_grade"] = codes.max(axis=1).map(names).astype("str")
    rows[["deducted", "vetoed"]] = kept[["deducted", "vetoed"]]
    rows["dependent"] = (rows["places"] > places) | (rows["best_grade"] != rows["worst_grade"])
    return rows


def _codes(grades: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Grades as places, the best 0; −1 where there is none."""
    return grades.apply(lambda column: pd.Series(pd.Categorical(column, order).codes, index=column.index))


def _grade_changes(grades: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    codes = _codes(grades, order)
    frames = []
    for method in grades.columns.drop(OWN):
        moved = (codes[method] != codes[OWN]) & (codes[method] >= 0) & (codes[OWN] >= 0)
        frame = pd.DataFrame({"unit": grades.index[moved], "method": method})
        frame["own"], frame["grade"] = grades.loc[moved, OWN].array, grades.loc[moved, method].array
        frame["steps"] = (codes[method] - codes[OWN])[moved].to_numpy(dtype="int64")
        frames.append(frame)
    empty = pd.DataFrame({name: [] for name in ("unit", "method", "own", "grade", "steps")})
    return pd.concat(frames, ignore_index=True) if frames else empty


def _correlations(ranks: pd.DataFrame) -> pd.DataFrame:
    rows = [
        (one, other, *_agreement(ranks[[one, other]].dropna()))
        for one, other in combinations(ranks.columns, 2)
    ]
    return pd.DataFrame(rows, columns=["method", "other", "spearman", "kendall", "units"])


def _agreement(pair: pd.DataFrame) -> tuple[float, float, int]:
    """Spearman's rho and Kendall's tau-b; missing where one side ranks all units alike."""
    if (pair.nunique() < 2).any():
        return np.nan, np.nan, len(pair)
    one, other = pair.to_numpy().T
    return (
        float(stats.spearmanr(one, other).statistic),
        float(stats.kendalltau(one, other).statistic),
        len(pair),
    )
