"""How far a measured value may lie from what looking at every case, or other raters, would have given."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from riskkit.evidence import kinds
from riskkit.evidence.files import ORIGIN
from riskkit.evidence.reach import Reach
from riskkit.expressions import Expression
from riskkit.model import schema as s
from riskkit.model.checks import SOURCE_OF

COLUMNS = ["sampling", "rating", "cases", "sampled_from"]
FEWEST_PAIRS = 10
"""Answers scored twice, in the whole bank, below which nothing is said of raters."""


def sampling_errors(measure: s.Measure, reach: Reach) -> pd.DataFrame:
    """Variances of each unit's value from `sampling` and from `rating`; the `cases` sampled, and of how many.

    In the order of the register. Where the rows are no sample, everything was looked at: both variances are 0 and
    there are no cases. Over sampled cases the variance is that of a linearised ratio, m ÷ (m − 1) · Σ influence² ·
    (1 − m ÷ N); the parts of a composite that rest on the same cases are added case by case. It is missing where one
    case alone was sampled. Cases counted within rows (a ratio with a `population`) are a simple random sample: v (1 −
    v) ÷ (n − 1) · (1 − n ÷ N). N is the head count, or unknown and taken as infinite, as the table says.

    The variance of one rater's score is half the mean squared difference of answers scored twice in the whole bank;
    missing where fewer than 10 were. What it adds to the scatter of the cases is taken out of `sampling`.

    Source: Woodruff (1971), *Journal of the American Statistical Association* 66, 411-414; Lohr (2022), *Sampling:
    Design and Analysis*, chapters 2, 4, 5 and 9.
    """
    found = _Errors(reach)
    for leaf, slope in _leaves(measure, reach, pd.Series(1.0, index=reach.units)):
        found.add(leaf, slope)
    return found.frame()


class _Errors:
    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.influences: dict[str, list[pd.Series]] = {}
        self.counted: list[pd.DataFrame] = []
        self.rating = pd.Series(0.0, index=reach.units)

    def add(self, leaf: s.TableMeasure, slope: pd.Series) -> None:
        """One measure over rows, of which the value moves by `slope`."""
        table = self.reach.model.tables[SOURCE_OF.get(leaf.table, leaf.table)]
        counted = isinstance(leaf, s.Ratio) and leaf.population is not None
        if not counted and table.sample is None and table.second_rating is None:
            return
        rows = kinds.contributions(leaf, self.reach)
        if isinstance(leaf, s.Ratio) and counted:
            self.counted.append(_counted(leaf, rows, slope))
        elif table.sample is not None:
            case = list(table.sample.case) or ORIGIN
            moved = _influences(leaf, rows, case)
            by_unit = slope.reindex(moved.index.get_level_values("unit")).to_numpy()
            self.influences.setdefault(leaf.table, []).append(moved * leaf.factor * by_unit)
        if isinstance(leaf, s.Ratio) and table.second_rating is not None:
            rated = _rating(leaf, rows, table.second_rating, self.reach)
            rated = rated * slope.reindex(rated.index) ** 2
            self.rating = self.rating + rated.reindex(self.rating.index, fill_value=0.0)

    def frame(self) -> pd.DataFrame:
        parts = [self._clustered(table, moved) for table, moved in self.influences.items()] + self.counted
        units = self.reach.units
        whole = pd.concat(parts) if parts else pd.DataFrame(columns=["sampling", "cases", "sampled_from"])
        groups = whole.astype("float64").groupby(level=0)
        frame = pd.DataFrame(
            {
                "sampling": groups["sampling"].sum(skipna=False),
                "cases": groups["cases"].min(),
                "sampled_from": groups["sampled_from"].min(),
            }
        ).reindex(units)
        frame["sampling"] = frame["sampling"].where(frame["cases"].notna(), 0.0)
        frame["rating"] = self.rating
        return frame[COLUMNS]

    def _clustered(self, table: str, moved: list[pd.Series]) -> pd.DataFrame:
        """Variance over the sampled cases of one table."""
        sample = self.reach.model.tables[SOURCE_OF.get(table, table)].sample
        assert sample is not None, "only tables that are samples get here"
        whole = pd.concat(moved)
        cases = whole.groupby(level=list(range(whole.index.nlevels))).sum(skipna=False)
        m = cases.groupby(level="unit").size().astype("float64")
        squares = (cases**2).groupby(level="unit").sum(skipna=False)
        population = (
            self.reach.staff().reindex(m.index) if sample.of == "staff" else pd.Series(np.inf, m.index)
        )
        rating = self.rating.reindex(m.index)
        scatter = (squares * m / (m - 1)).where(m > 1)
        own = (scatter - rating.fillna(0.0)).clip(lower=0.0)
        return pd.DataFrame(
            {"sampling": own * (1 - m / population).clip(lower=0.0), "cases": m, "sampled_from": population}
        )


def _leaves(measure: s.Measure, reach: Reach, outer: pd.Series) -> Iterator[tuple[s.TableMeasure, pd.Series]]:
    """The measures over rows, each with how far the whole moves when it moves by 1."""
    if not isinstance(measure, s.Composite):
        yield measure, outer
        return
    values = [_value(part.measure, reach) for part in measure.parts]
    entered = [kinds.entered(part, value) for part, value in zip(measure.parts, values, strict=True)]
    for place, (part, value) in enumerate(zip(measure.parts, values, strict=True)):
        free = value.notna() & (value < (np.inf if part.cap is None else part.cap))
        slope = outer * part.slope * free
        if measure.combine == "sum":
            slope = slope * part.weight
        else:
            for other in entered[:place] + entered[place + 1 :]:
                slope = slope * other
        yield from _leaves(part.measure, reach, slope.fillna(0.0))


def _value(measure: s.Measure, reach: Reach) -> pd.Series:
    """A measure's value for every unit, missing where there is none."""
    if not isinstance(measure, s.Composite):
        return kinds.compute(measure, reach)["value"].reindex(reach.units)
    entered = [kinds.entered(part, _value(part.measure, reach)) for part in measure.parts]
    frame = pd.concat(entered, axis=1)
    if measure.combine == "product":
        whole: pd.Series = frame.prod(axis=1, skipna=False)
    else:
        whole = (frame * [part.weight for part in measure.parts]).sum(axis=1, skipna=False)
    return whole


def _influences(leaf: s.TableMeasure, rows: pd.DataFrame, case: list[str]) -> pd.Series:
    """How far each case pulls the value of its unit; indexed by unit and case."""
    by_case = ["unit", *case]
    if isinstance(leaf, s.Ratio):
        sums = rows.groupby(by_case)[["=numerator", "=denominator"]].sum()
        return _pulled(sums["=numerator"], sums["=denominator"])
    if isinstance(leaf, s.Mean):
        known = rows[rows["=value"].notna() & rows["=weight"].notna()]
        known = known.assign(**{"=product": known["=value"] * known["=weight"]})
        sums = known.groupby(by_case)[["=product", "=weight"]].sum()
        return _pulled(sums["=product"], sums["=weight"])
    if isinstance(leaf, s.Likert):
        means = rows.groupby(by_case)["score"].mean()
        return _pulled(means, pd.Series(1.0, index=means.index))
    if isinstance(leaf, s.Gain):
        gains = kinds.gains(leaf, rows)
        return _pulled(gains, pd.Series(1.0, index=gains.index))
    return rows.groupby(by_case).size() * np.nan  # nothing is known of the sampling error of other kinds


def _pulled(numerator: pd.Series, denominator: pd.Series) -> pd.Series:
    """(numerator − ratio · denominator) ÷ Σ denominator, case by case."""
    totals = [each.groupby(level="unit").transform("sum") for each in (numerator, denominator)]
    return (numerator - totals[0] / totals[1] * denominator) / totals[1]


def _counted(leaf: s.Ratio, rows: pd.DataFrame, slope: pd.Series) -> pd.DataFrame:
    """Variance where rows hold counts of sampled cases."""
    groups = rows.groupby("unit")
    n = groups["=denominator"].sum()
    share = (groups["=numerator"].sum() / n).where(n > 0)
    population = kinds.whole(groups["=population"]).fillna(np.inf)
    variance = (share * (1 - share) / (n - 1)).where(n > 1) * (1 - n / population).clip(lower=0.0)
    moved = leaf.factor * slope.reindex(n.index)
    return pd.DataFrame({"sampling": variance * moved**2, "cases": n, "sampled_from": population})


def _rating(leaf: s.Ratio, rows: pd.DataFrame, columns: s.SecondRating, reach: Reach) -> pd.Series:
    """Variance of each unit's value from who scored the answers."""
    first, second = rows[columns.first].astype("float64"), rows[columns.second].astype("float64")
    twice = first.notna() & second.notna()
    between = ((first - second)[twice] ** 2).mean() / 2 if twice.sum() >= FEWEST_PAIRS else np.nan
    raised = rows.assign(**{columns.first: first + 1, columns.second: second + 1})
    moves = Expression(leaf.numerator).numbers(raised, reach.setting) - rows["=numerator"]
    total = rows.groupby("unit")["=denominator"].transform("sum")
    variance: pd.Series = (leaf.factor * moves / total) ** 2 * between / np.where(twice, 2, 1)
    return variance.groupby(rows["unit"]).sum(skipna=False)
