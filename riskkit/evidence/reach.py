"""`Reach`: one period's evidence and as much of the earlier ones as windows look back to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from riskkit.evidence.evidence import Evidence
from riskkit.evidence.files import ORIGIN
from riskkit.expressions import Expression, Setting
from riskkit.model import IndicatorModel
from riskkit.model import schema as s
from riskkit.model.checks import SOURCE_OF
from riskkit.periods import Period

ZERO = "zero"
REFUSED = "refused"


P = ParamSpec("P")
T = TypeVar("T")


def _once(method: Callable[Concatenate[Reach, P], T]) -> Callable[Concatenate[Reach, P], T]:
    """What a method of a reach gave is kept, and goes with the reach: `functools.cache` would keep both for ever."""

    def given(self: Reach, /, *args: P.args, **kwargs: P.kwargs) -> T:
        key = (method.__name__, args, *kwargs.items())
        if key not in self.found:
            self.found[key] = method(self, *args, **kwargs)
        kept: T = self.found[key]
        return kept

    given.__doc__ = method.__doc__
    return given


def holidays(calendar: pd.DataFrame | None) -> tuple[np.ndarray, np.ndarray]:
    """Weekdays off and weekend days worked, from a calendar with `date` and `working`."""
    if calendar is None:
        return np.array([], dtype="datetime64[D]"), np.array([], dtype="datetime64[D]")
    days = calendar["date"].to_numpy().astype("datetime64[D]")
    working = calendar["working"].to_numpy(dtype=bool)
    weekday = np.is_busday(days)
    return np.sort(days[~working & weekday]), np.sort(days[working & ~weekday])


def setting(model: IndicatorModel, period: Period, calendar: pd.DataFrame | None = None) -> Setting:
    """What the model's expressions may name in a period beside the columns of their rows."""
    off, worked = holidays(calendar)
    dates = {
        "cutoff": pd.Timestamp(period.cutoff),
        "period_start": pd.Timestamp(period.start),
        "year_start": pd.Timestamp(dt.date(period.year, 1, 1)),
    }
    parameters = {
        name: pd.Timestamp(value) if isinstance(value, dt.date) else value
        for name, value in model.spec.parameters.items()
    }
    return Setting(dates, parameters, model.spec.lookups, off, worked)


class Reach:
    """The evidence measures are computed from, for one period."""

    def __init__(
        self,
        model: IndicatorModel,
        units: pd.DataFrame,
        evidence: Mapping[Period, Evidence],
        period: Period,
        calendar: pd.DataFrame | None = None,
    ) -> None:
        self.model = model
        self.register = units
        self.units = list(units.index)
        self.evidence = evidence
        self.period = period
        self.now = evidence[period]
        self.setting = setting(model, period, calendar)
        self.found: dict[Any, Any] = {}

    def periods(self, window: int) -> list[Period]:
        """The last `window` periods that have evidence, newest first."""
        wanted = [self.period.shift(-step) for step in range(window)]
        return [period for period in wanted if period in self.evidence]

    def years(self, window: int) -> float:
        """The length of the window on record, in years."""
        length = len(self.periods(window))
        return length / 4 if self.period.frequency == "quarter" else float(length)

    @_once
    def table(self, name: str, window: int = 1, columns: frozenset[str] = frozenset()) -> pd.DataFrame:
        """A table's rows within the window, with `_period`; for a snapshot table the present state. Of its columns
        those named, or all for none."""
        spec = self.model.tables[SOURCE_OF.get(name, name)]
        periods = self.periods(window) if spec.scope == "period" else [self.period]
        frames = [
            self.evidence[period].some(name, columns).assign(_period=str(period))
            for period in periods
            if name in self.evidence[period].tables
        ]
        if not frames:
            return self._empty(name)
        return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0].reset_index(drop=True)

    def _empty(self, name: str) -> pd.DataFrame:
        columns = self.model.tables[name].columns if name in self.model.tables else {}
        kinds = {"number": "float64", "integer": "float64", "percent": "float64", "yes_no": "boolean"}
        kinds |= {"date": "datetime64[s]", "datetime": "datetime64[s]"}
        series = {column: pd.Series(dtype=kinds.get(spec.type, "str")) for column, spec in columns.items()}
        if name in SOURCE_OF:
            names = ["sheet_no", "unit", "question", "role", "subscale", "stratum"]
            series = {column: pd.Series(dtype="str") for column in names} | {
                "score": pd.Series(dtype="float64")
            }
        return pd.DataFrame(series | {column: pd.Series(dtype="str") for column in [*ORIGIN, "_period"]})

    def rows(self, rows: s.Rows, columns: Collection[str] = ()) -> pd.DataFrame:
        """The rows of a table after joins and `where`, as a fresh frame; with only as many columns as are needed to
        have those named, or with all for none."""
        needed = frozenset(columns)
        if columns:
            needed |= Expression(rows.where).names if rows.where else frozenset()
            needed = needed.union(*(join.keys for join in rows.join))
        frame = self.table(rows.table, rows.window, needed).copy()
        for join in rows.join:
            frame = self._join(frame, join, self.right_side(join, _taken(join) if columns else frozenset()))
        if rows.where is not None:
            frame = frame[Expression(rows.where).truth(frame, self.setting)].copy()
        return frame

    def right_side(self, join: s.Join, columns: frozenset[str] = frozenset()) -> pd.DataFrame:
        """The rows of the other table that a join may take from; of its columns those named, or all for none."""
        right = self.table(join.table, join.window, columns)
        return right if join.where is None else right[Expression(join.where).truth(right, self.setting)]

    def _join(self, left: pd.DataFrame, join: s.Join, right: pd.DataFrame) -> pd.DataFrame:
        keys = join.keys
        groups = right.dropna(subset=list(keys.values())).groupby(list(keys.values()), sort=False)
        taken = pd.DataFrame({name: _aggregate(groups, text) for name, text in join.take.items()})
        taken.index.names = list(keys)
        joined = left.join(taken, on=list(keys))
        for name, text in join.take.items():
            function = text.split(" ")[0]
            if function in ("sum", "count"):
                joined[name] = joined[name].astype("float64").fillna(0.0)
            elif function == "any":
                joined[name] = joined[name].astype("boolean").fillna(False)
        return joined

    @_once
    def staff(self, window: int = 1) -> pd.Series:
        """Mean head count of each unit over the window; the register's figure where no table tells."""
        counts = [self._headcount(period) for period in self.periods(window)]
        known = [count for count in counts if count is not None]
        if not known:
            return self.register["staff"].astype("float64")
        return pd.concat(known, axis=1).mean(axis=1).reindex(self.units, fill_value=0.0)

    @_once
    def _headcount(self, period: Period) -> pd.Series | None:
        rule = self.model.spec.staff
        if rule is None or rule.table not in self.evidence[period].tables:
            return None
        there = self if period == self.period else Reach(self.model, self.register, self.evidence, period)
        where = Expression(rule.where)
        rows = self.evidence[period].some(rule.table, {"unit", *where.names})
        present = rows[where.truth(rows, there.setting)]
        return present.groupby("unit").size().reindex(self.units, fill_value=0).astype("float64")

    # ------------------------------------------------------------ who handed in what; arrays in the register's order

    def _among(self, units: set[str]) -> np.ndarray:
        return np.array([unit in units for unit in self.units], dtype=bool)

    @_once
    def handed_in(self, name: str) -> np.ndarray:
        """Whether each unit answered the call for a table this period (rows, or a zero return)."""
        source = SOURCE_OF.get(name, name)
        if self.model.tables[source].covers == "bank":
            return np.full(len(self.units), source in self.now.tables, dtype=bool)
        rows = self._has_rows("sheets" if source in SOURCE_OF.values() else source)
        given: np.ndarray = rows | self.answered(source, ZERO)
        return given

    @_once
    def _has_rows(self, table: str) -> np.ndarray:
        """Whether a table handed in has rows of each unit."""
        if table not in self.now.tables:
            return self._among(set())
        rows = self.now.some(table, ["unit"])
        return self._among(set(rows["unit"].dropna()) if "unit" in rows else set())

    @_once
    def answered(self, table: str, answer: str) -> np.ndarray:
        """Whether the submissions register holds this answer of each unit for a table."""
        register = self.now.tables.get("submissions")
        if register is None:
            return np.zeros(len(self.units), dtype=bool)
        return self._among(
            set(register[(register["table"] == table) & (register["answer"] == answer)]["unit"])
        )

    def refused(self, table: str) -> np.ndarray:
        """Whether a unit refused a table and indeed handed in no row of it; a table of the whole bank included."""
        refused: np.ndarray = self.answered(table, REFUSED) & ~self._has_rows(table)
        return refused

    def rulings(self, item: str) -> list[Any]:
        """The rulings on an item, as named tuples."""
        register = self.now.tables.get("rulings")
        return [] if register is None else list(register[register["item"] == item].itertuples())

    @_once
    def respondents(self) -> np.ndarray:
        """Valid answer sheets of each unit."""
        sheets = self.now.tables.get("sheets")
        if sheets is None:
            return np.zeros(len(self.units))
        valid = sheets[sheets["valid"].astype(bool)]
        return np.asarray(valid.groupby("unit").size().reindex(self.units, fill_value=0))

    @_once
    def respondents_needed(self) -> np.ndarray:
        """The questionnaire gate: min(respondents, share of staff), never below the floor."""
        rules = self.model.spec.questionnaire
        assert rules is not None, "a model with a questionnaire table has questionnaire rules"
        wanted = np.ceil(self.staff().to_numpy() * rules.share - 1e-9)
        return np.asarray(np.clip(wanted, None, rules.respondents).clip(rules.never_below)).astype(int)


def _taken(join: s.Join) -> frozenset[str]:
    """The columns of the other table that a join reads."""
    asked = Expression(join.where).names if join.where else frozenset()
    return asked.union(join.keys.values(), *(text.split(" ")[1:] for text in join.take.values()))


def _aggregate(groups: Any, text: str) -> pd.Series:
    """One column of a join, from a group-by and a text such as `sum hours`."""
    function, _, column = text.partition(" ")
    aggregated: pd.Series = groups.size() if function == "count" else getattr(groups[column], function)()
    return aggregated
