"""A screening view of risk: how weak the guard over a kind of data is, against how grave its loss would be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskkit.errors import Misuse
from riskkit.evidence.reach import Reach
from riskkit.evidence.states import NOT_ASSESSED, REFUSED_STATE
from riskkit.model import IndicatorModel
from riskkit.model import schema as s
from riskkit.scoring.assessment import Assessment
from riskkit.scoring.item_frame import item_frame

SLACK = 1e-9


@dataclass(frozen=True)
class RiskMatrix:
    """Assessed units on the risk matrix of the model, once for each kind of data.

    `cells`: a row a unit and kind: `unit, name, kind, lost` (share of the points lost on what guards the data, 0-1),
    `likelihood` (its class, 1 the least), `impact` (class of the gravest level of data handled, 1 the least), `level`
    (place of that level in the model's list; missing for none), `rows` (how many rows say so), `rating, unassessed`
    (share of the guards' weight that nobody assessed, part of `lost`), `worst` (the guard that lost most).

    A class of likelihood is missing where nothing that guards the data applies, of impact where no table that would
    tell was handed in; then there is no rating.
    """

    assessment: Assessment
    cells: pd.DataFrame

    @property
    def risk(self) -> s.Risk:
        """The matrix as the model has it."""
        return _risk(self.assessment.model)

    def grid(self, kind: str) -> pd.DataFrame:
        """The units in each cell, best known code first: likelihood (rows, the greatest first) × impact.

        >>> risk_matrix(assessment).grid("customer").loc[5, 5]
        """
        rows = self.cells[(self.cells["kind"] == kind) & self.cells["rating"].notna()]
        likelihood = range(len(self.risk.likelihood), 0, -1)
        return pd.DataFrame(
            [
                [
                    rows.loc[(rows["likelihood"] == high) & (rows["impact"] == wide), "unit"].tolist()
                    for wide in range(1, len(self.risk.impact) + 1)
                ]
                for high in likelihood
            ],
            index=pd.Index(likelihood, name="likelihood"),
            columns=pd.RangeIndex(1, len(self.risk.impact) + 1, name="impact"),
        )

    def top(self, ratings: int = 1, kind: str | None = None) -> pd.DataFrame:
        """The rows, of one kind or all, with the gravest ratings that any unit has (so many), the gravest first; none
        of the mildest.

        >>> risk_matrix(assessment).top()[["name", "kind", "lost"]]
        """
        order = {rating.id: place for place, rating in enumerate(self.risk.ratings)}
        rows = self.cells if kind is None else self.cells[self.cells["kind"] == kind]
        place = rows["rating"].map(order)
        given = sorted(set(place[place > 0]), reverse=True)[:ratings]
        rows = rows.assign(place=place)[place.isin(given)]
        by = ["place", "impact", "lost"]
        return rows.sort_values(by, ascending=False, kind="stable").drop(columns="place")


def risk_matrix(assessment: Assessment) -> RiskMatrix:
    """Place every assessed unit on the model's risk matrix, once for each kind of data it names.

    Likelihood: the points lost on the items that guard the data ÷ those they could earn, weighted as in the total over
    what applies; not assessed counts as lost. Impact: the gravest level of data whose rows are in evidence. It screens;
    neither is a probability or an amount. Raises `Misuse` for a model without a `risk` section.

        >>> risk_matrix(bank.assessment("2026Q2")).cells["rating"].value_counts()

    GB/T 20984-2022 and ISO/IEC 27005:2022 describe such matrices; Cox (2008) what they cannot do.
    """
    risk = _risk(assessment.model)
    frames = [_placed(assessment, risk, kind) for kind in risk.data]
    return RiskMatrix(assessment, pd.concat(frames, ignore_index=True))


def _risk(model: IndicatorModel) -> s.Risk:
    if model.spec.risk is None:
        raise Misuse("no_risk", model=model.spec.id)
    return model.spec.risk


def _placed(assessment: Assessment, risk: s.Risk, kind: s.DataKind) -> pd.DataFrame:
    frame = _weakness(assessment, kind)
    limits = [step.up_to for step in risk.likelihood]
    likelihood = np.searchsorted(limits, frame["lost"] - SLACK).astype("float64") + 1
    frame["likelihood"] = np.where(frame["lost"].isna(), np.nan, likelihood)
    frame = frame.join(_handled(assessment, kind), on="unit")
    known = frame["likelihood"].notna() & frame["impact"].notna()
    ratings = [
        risk.likelihood[int(high) - 1].ratings[int(wide) - 1]
        for high, wide in frame.loc[known, ["likelihood", "impact"]].to_numpy()
    ]
    frame["rating"] = pd.Series(ratings, frame.index[known], dtype="str")
    columns = ["unit", "name", "kind", "lost", "likelihood", "impact", "level", "rows", "rating"]
    return frame.assign(kind=kind.id)[[*columns, "unassessed", "worst"]].astype(
        {"likelihood": "Int64", "impact": "Int64", "level": "Int64"}
    )


# ---------------------------------------------------------------- likelihood


def guards(model: IndicatorModel, kind: s.DataKind) -> list[str]:
    """The items that count among what guards a kind of data, in the model's order."""
    return [item for item in model.items if model.nominal_weights[item] > 0 and _below(model, item, kind)]


def _below(model: IndicatorModel, item: str, kind: s.DataKind) -> bool:
    above: str | None = item
    while above is not None:
        if above in kind.guarded_by:
            return True
        above = model.parents[above]
    return False


def _weakness(assessment: Assessment, kind: s.DataKind) -> pd.DataFrame:
    names = guards(assessment.model, kind)
    chosen = np.isin(assessment.graded.plan.items, names)
    rows = item_frame(assessment, chosen, ["unit", "item", "points", "state"])
    units = assessment.summary[~assessment.summary["rollup"]]
    weight = rows["item"].map(assessment.model.nominal_weights).where(rows["points"].notna(), 0.0)
    short = weight * (1 - rows["points"].fillna(0.0) / assessment.graded.plan.maximum)
    silent = weight.where(rows["state"].isin([NOT_ASSESSED, REFUSED_STATE]), 0.0)
    table = pd.DataFrame(
        {"unit": rows["unit"], "item": rows["item"], "all": weight, "short": short, "silent": silent}
    )
    sums = table.groupby("unit")[["all", "short", "silent"]].sum().reindex(units.index)
    most = table[table["short"] > 0].sort_values("short", ascending=False, kind="stable")
    worst = most.drop_duplicates("unit").set_index("unit")["item"]
    whole = sums["all"].where(sums["all"] > 0)
    return pd.DataFrame(
        {
            "unit": units.index,
            "name": units["name"].to_numpy(),
            "lost": (sums["short"] / whole).to_numpy(),
            "unassessed": (sums["silent"] / whole).to_numpy(),
            "worst": worst.reindex(units.index).to_numpy(),
        }
    )


# ---------------------------------------------------------------- impact


def _handled(assessment: Assessment, kind: s.DataKind) -> pd.DataFrame:
    """The gravest level each unit has rows of: `impact, level, rows`; impact 1 where tables came and none says more."""
    units = assessment.measures.units.index
    frame = pd.DataFrame({"impact": np.nan, "level": np.nan, "rows": 0}, index=units)
    for place, level in enumerate(kind.levels):
        came, counts = _counts(assessment, level)
        frame.loc[came & frame["impact"].isna(), "impact"] = 1.0
        graver = (counts >= level.at_least) & ~(frame["impact"] > level.impact)
        graver &= frame["level"].isna() | (frame["impact"] < level.impact)
        frame.loc[graver, ["impact", "level"]] = float(level.impact), float(place)
        frame.loc[graver, "rows"] = counts[graver]
    return frame


def _counts(assessment: Assessment, level: s.DataLevel) -> tuple[pd.Series, pd.Series]:
    """Whether each unit answered the call for the table within the window, and how many rows of the level it has."""
    units = assessment.measures.units.index
    came, counts = pd.Series(False, units), pd.Series(0, units)
    for reach in _reaches(assessment, level):
        came |= pd.Series(reach.handed_in(level.table), units)
        rows = reach.rows(s.Rows(table=level.table, where=level.where), ["unit"])
        counts = counts.add(rows.groupby("unit").size().reindex(units, fill_value=0))
    return came, counts


def _reaches(assessment: Assessment, level: s.DataLevel) -> Iterator[Reach]:
    """The periods within the window that have the table: all of them, of a snapshot the newest alone."""
    measures = assessment.measures
    for step in range(level.window):
        period = measures.period.shift(-step)
        if period in measures.evidence and level.table in measures.evidence[period].tables:
            yield Reach(measures.model, measures.units, measures.evidence, period, measures.calendar)
            if measures.model.tables[level.table].scope == "snapshot":
                return
