"""`Workspace`: an institution's folder. Reads its register, model and evidence; knows its periods."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import yaml
from pydantic import Field, ValidationError

from riskkit import resources, texts
from riskkit.errors import EvidenceRefused, Misuse, Problem, unknown
from riskkit.evidence import cells, register
from riskkit.evidence.evidence import Evidence, hash_files, read_evidence
from riskkit.evidence.measures import Measures, leaves, measure, measure_fresh
from riskkit.evidence.origins import origins
from riskkit.model import IndicatorModel, load_model
from riskkit.model.indicator_model import as_problem
from riskkit.model.load import yaml_problem
from riskkit.model.schema import Bilingual, Rows, Spec
from riskkit.model.shape import shape_faults
from riskkit.periods import Period
from riskkit.scoring.assessment import Assessment, score
from riskkit.store import Store, content_key, key

SETTINGS = "riskkit.yaml"
FALSE_CHANGES = 0.1
"""Of the changes reports call real, the share that may be expected to be none."""


class Simulation(Spec):
    """How the uncertainty in reports is simulated."""

    draws: int = Field(default=1000, ge=100, le=100_000, strict=True)
    seed: int = Field(default=1, ge=0, strict=True)


class Settings(Spec):
    """`riskkit.yaml` at the top of a workspace."""

    format: Literal[1]
    name: Bilingual
    lang: texts.Language = "zh"
    marking: Bilingual
    model: str
    simulation: Simulation = Simulation()
    effort: dict[str, Annotated[float, Field(gt=0)]] = Field(default={})
    """What it takes to improve an item, where that is not 1; see `riskkit.analysis.next_grade`."""


def open_workspace(path: str | Path | None = None, *, lang: texts.Language | None = None) -> Workspace:
    """Open an institution's folder.

    Without a path: the one named by `RISKKIT_WORKSPACE`, else the nearest one at or above the current folder, else the
    sample bank of the checkout. Raises `Misuse` if there is none, `EvidenceRefused` if its settings or register have
    faults.

        >>> bank = open_workspace("data_samples/bank")
        >>> bank.assessment("2026Q2").ranking().head()
    """
    folder = _locate(path)
    return Workspace(folder, lang)


def _locate(path: str | Path | None) -> Path:
    named = path or os.environ.get("RISKKIT_WORKSPACE")
    if named:
        folder = Path(named).expanduser().resolve()
        if not (folder / SETTINGS).is_file():
            raise Misuse("no_workspace", found=str(named))
        return folder
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / SETTINGS).is_file():
            return folder
    sample = resources.sample_bank()
    if sample is None:
        raise Misuse("no_workspace", found=str(here))
    return sample


class Workspace:
    """An institution's register, model, evidence and runs. Everything read is kept for the life of the object.

    >>> open_workspace("data_samples/bank").history().tail()
    """

    def __init__(self, folder: Path, lang: texts.Language | None = None) -> None:
        self.path = folder
        self.settings = self._read_settings()
        self.lang: texts.Language = lang or self.settings.lang
        self._store = Store(folder)
        self._evidence: dict[Period, Evidence] = {}
        self._measures: dict[Period, Measures] = {}
        self._hashes: dict[Period, dict[str, str]] = {}
        self._parts: dict[Period, dict[str, pd.DataFrame]] = {}
        _ = self._register  # refused here, not at some later use

    def __repr__(self) -> str:
        return f"Workspace({self.name!r}, {len(self.units)} units, {', '.join(map(str, self.periods))})"

    def _read_settings(self) -> Settings:
        try:
            content = yaml.safe_load((self.path / SETTINGS).read_text(encoding="utf-8-sig"))
            return Settings.model_validate(content)
        except ValidationError as refused:
            problems = [as_problem(fault, SETTINGS) for fault in shape_faults(refused)]
        except (yaml.YAMLError, UnicodeDecodeError) as fault:
            problems = [yaml_problem(SETTINGS, fault)]
        raise self._refused(problems)

    @property
    def name(self) -> str:
        """The institution's name in the workspace's language."""
        return self.settings.name[self.lang]

    @property
    def marking(self) -> str:
        """The marking that stands on everything written out."""
        return self.settings.marking[self.lang]

    @cached_property
    def model(self) -> IndicatorModel:
        """The indicator model: the workspace's own, or the packaged one of that name."""
        own = self.path / "model" / f"{self.settings.model}.yaml"
        return load_model(own if own.is_file() else self.settings.model)

    # ------------------------------------------------------------ register

    @property
    def units(self) -> pd.DataFrame:
        """The register, indexed by unit code: `name, parent, level, region, staff, sensitive_posts, peer_group,
        opened_on`."""
        return self._register[0]

    @property
    def calendar(self) -> pd.DataFrame | None:
        """Days off and days worked against the week's rule; none if the workspace has no calendar."""
        return self._register[1]

    @cached_property
    def _register(self) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        folder = self.path / "register"
        units, problems = register.read_units(folder, self.model.spec.levels)
        calendar, more = register.read_calendar(folder)
        if problems or more:
            raise self._refused([*problems, *more])
        return units, calendar

    def _refused(self, problems: list[Problem]) -> EvidenceRefused:
        return EvidenceRefused("workspace_refused", problems, workspace=self.path.name)

    @cached_property
    def vocabulary(self) -> cells.Vocabulary:
        """What unit, item, red-line and table cells may hold."""
        return cells.Vocabulary.of(
            zip(self.units.index, self.units["name"], strict=True),
            items=self.model.items,
            red_lines=self.model.red_lines,
            tables=self.model.tables,
        )

    def unit(self, given: object) -> str:
        """The code of a unit given by code, by name, or by a number that lost its leading zeros (103 for 0103)."""
        text = str(given).strip()
        if text in self.units.index:
            return text
        by_name = self.vocabulary.units.get(cells.squeezed(text))
        if by_name:
            return by_name
        bare = text.lstrip("0")
        alike = [code for code in self.units.index if text.isdecimal() and code.lstrip("0") == bare]
        if len(alike) == 1:
            return str(alike[0])
        known = [*self.units.index, *self.units["name"]]
        raise unknown("unknown_unit", text, known)

    # ------------------------------------------------------------ periods

    @cached_property
    def periods(self) -> list[Period]:
        """The periods that have an evidence folder, named just like them, oldest first."""
        folder = self.path / "evidence"
        periods = []
        for entry in folder.iterdir() if folder.is_dir() else ():
            with contextlib.suppress(Misuse):
                period = Period.parse(entry.name)
                if entry.is_dir() and entry.name == str(period):
                    periods.append(period)
        return sorted(period for period in periods if period.frequency == self.model.spec.frequency)

    def period(self, given: object = None) -> Period:
        """A period that has evidence; the newest if none is given. Raises `Misuse` with suggestions."""
        if given is None or given == "":
            if not self.periods:
                raise Misuse("no_evidence", workspace=self.path.name)
            return self.periods[-1]
        period = given if isinstance(given, Period) else Period.parse(str(given))
        if period not in self.periods:
            known = ", ".join(str(each) for each in self.periods)
            raise Misuse("unknown_period", found=str(period), known=known or "–")
        return period

    # ------------------------------------------------------------ the line of values

    def evidence(self, period: object = None) -> Evidence:
        """A period's evidence. Raises `EvidenceRefused` with every problem."""
        wanted = self.period(period)
        if wanted not in self._evidence:
            folder = self.path / "evidence" / str(wanted)
            made_from = content_key(self.model, self._register_hashes | self._evidence_hashes(wanted))
            self._evidence[wanted] = self._store.evidence(
                wanted, made_from, lambda: read_evidence(folder, self.model, self.vocabulary, wanted)
            )
        return self._evidence[wanted]

    def measures(self, period: object = None) -> Measures:
        """A period's measures, from its evidence and the earlier periods that windows and carry-over reach."""
        wanted = self.period(period)
        if wanted not in self._measures:
            evidence = {p: self.evidence(p) for p in self._reached(wanted)}
            self._measures[wanted] = measure(
                self.model, self.units, evidence, wanted, calendar=self.calendar, fresh=self._fresh
            )
        return self._measures[wanted]

    def _fresh(self, period: Period) -> pd.DataFrame:
        """A period's own measures, from the store where they are there."""

        def compute() -> pd.DataFrame:
            evidence = {p: self.evidence(p) for p in self._reached(period)}
            return measure_fresh(self.model, self.units, evidence, period, calendar=self.calendar)

        made_from = content_key(self.model, self.input_hashes(period))
        return self._store.frame(f"measures-{period}", made_from, compute)

    def _reached(self, wanted: Period) -> list[Period]:
        return [p for step in range(self._look_back) if (p := wanted.shift(-step)) in self.periods]

    @cached_property
    def _look_back(self) -> int:
        """Periods of evidence a period rests on: a carried-over value's age and, from there, the longest window."""
        rows: list[Rows] = [line.candidate for line in self.model.spec.red_lines if line.candidate]
        rows += [leaf for item in self.model.items.values() for leaf in leaves(item.measure)]
        windows = [max([part.window, *(join.window for join in part.join)]) for part in rows]
        return max(windows) + max(self.model.spec.cadences.values()) - 1

    def _evidence_hashes(self, period: Period) -> dict[str, str]:
        if period not in self._hashes:
            self._hashes[period] = hash_files(self.path / "evidence" / str(period))
        return self._hashes[period]

    @cached_property
    def _register_hashes(self) -> dict[str, str]:
        return {f"register/{label}": digest for label, digest in hash_files(self.path / "register").items()}

    @contextlib.contextmanager
    def briefly(self) -> Iterator[None]:
        """Within the block, what is read of further periods is let go at its end: a large bank's takes hundreds of
        megabytes."""
        held = dict(self._evidence), dict(self._measures)
        try:
            yield
        finally:
            self._evidence, self._measures = held

    def assessment(self, period: object = None, *, model: IndicatorModel | None = None) -> Assessment:
        """A period's assessment; under another model's weights, scales or grades if one is given.

        >>> open_workspace("data_samples/bank").assessment("2026Q2").summary.loc["0103", "score"]
        """
        return score(model or self.model, self.measures(period))

    def uncertainty(self, period: object = None) -> pd.DataFrame:
        """How sure a period's scores, ranks and grades are, from the store where that is there.

        Indexed by ranked unit, best first: the columns of `Uncertainty.units`, from all its sources, with the draws and
        the seed of the settings.

            >>> open_workspace("data_samples/bank").uncertainty("2026Q2")[["rank_low", "rank_high"]].head()
        """
        return self._simulated(self.period(period), "uncertainty").set_index("unit")

    def silent(self, period: object = None) -> pd.DataFrame:
        """What a period's evidence cannot say of how sure results are, as `Uncertainty.silent`."""
        return self._simulated(self.period(period), "silent")

    def means(self, until: object = None) -> pd.DataFrame:
        """The mean score of the ranked units, a row a period up to one: `score, score_low, score_high`, missing where
        nobody was ranked; see `riskkit.analysis.mean_score`."""
        periods = [p for p in self.periods if p <= self.period(until)]
        found = [self._simulated(p, "mean") for p in periods]
        return pd.concat(found).set_index(pd.Index([str(p) for p in periods], name="period"))

    def _simulated(self, period: Period, part: str) -> pd.DataFrame:
        """One part of a period's simulation, from the store where it is there; all parts come of one simulation."""
        how = self.settings.simulation
        made_from = key(content_key(self.model, self.input_hashes(period)), how.model_dump())

        def compute() -> pd.DataFrame:
            from riskkit.analysis.mean_score import mean_score  # these bring scipy.stats: half a second
            from riskkit.analysis.uncertainty import uncertainty

            if period not in self._parts:
                sure = uncertainty(self.assessment(period), draws=how.draws, seed=how.seed)
                parts = {"uncertainty": sure.units.reset_index(), "silent": sure.silent}
                self._parts[period] = parts | {"mean": mean_score(sure).to_frame().T}
            return self._parts[period][part]

        return self._store.frame(f"{part}-{period}", made_from, compute)

    def real_change(self, period: object = None, *, against: object = None) -> pd.DataFrame:
        """Which changes since the period before, or another, are real, from the store where that is there.

        Indexed by unit assessed in both: the columns of `RealChange.units`, with the draws and the seed of the
        settings. Raises `Misuse` where there is no evidence of the period compared with.

            >>> open_workspace("data_samples/bank").real_change("2026Q2")["verdict"].value_counts()
        """
        after, how = self.period(period), self.settings.simulation
        before = self.period(after.previous() if against is None else against)
        hashes = self.input_hashes(before) | self.input_hashes(after)
        made_from = key(content_key(self.model, hashes), how.model_dump())

        def compute() -> pd.DataFrame:
            from riskkit.analysis.real_change import real_change

            sides = self.assessment(before), self.assessment(after)
            found = real_change(*sides, draws=how.draws, seed=how.seed, rate=FALSE_CHANGES)
            return found.units.rename_axis("unit").reset_index()

        name = f"real_change-{after}" + ("" if before == after.previous() else f"-{before}")
        return self._store.frame(name, made_from, compute).set_index("unit")

    def history(self, until: object = None) -> pd.DataFrame:
        """All periods, or those up to one, in one tidy frame: a row a period, unit and node (the total under ""), with
        scores and, on the total, grade, rank and the 90 % interval of the score of a ranked unit. Columns `period,
        unit, name, level, node, depth, score, observed, weight, grade, rank, score_low, score_high`."""
        last = self.period(until)
        return pd.concat([self._with_interval(p) for p in self.periods if p <= last], ignore_index=True)

    def totals(self, until: object = None) -> pd.DataFrame:
        """The rows of `history` that hold totals, without ever holding all of it."""
        last = self.period(until)
        frames = [self._with_interval(p, "totals") for p in self.periods if p <= last]
        return pd.concat(frames, ignore_index=True)

    def origins(self, period: object = None) -> pd.DataFrame:
        """Where every value of a period came from, as `riskkit.evidence.origins`, from the store where it is there."""
        wanted = self.period(period)
        made_from = content_key(self.model, self.input_hashes(wanted))
        return self._store.frame(f"origins-{wanted}", made_from, lambda: origins(self.measures(wanted)))

    def _with_interval(self, period: Period, part: str = "history") -> pd.DataFrame:
        ends = ["score_low", "score_high"]
        whole = self._past(period, part).join(self.uncertainty(period)[ends], on="unit")
        whole[ends] = whole[ends].where(whole["node"] == "")
        return whole

    def _past(self, period: Period, part: str) -> pd.DataFrame:
        """One period of the history, or of its totals alone, from the store where it is there."""
        made_from = content_key(self.model, self.input_hashes(period))

        def compute() -> pd.DataFrame:
            assessment = self.assessment(period)
            return _with_totals(assessment, assessment.nodes if part == "history" else assessment.root)

        return self._store.frame(f"{part}-{period}", made_from, compute)

    def input_hashes(self, period: object = None) -> dict[str, str]:
        """SHA-256 of every input file a period's assessment rests on, by path in the workspace."""
        hashes = {
            f"evidence/{p}/{label}": digest
            for p in self._reached(self.period(period))
            for label, digest in self._evidence_hashes(p).items()
        }
        return dict(sorted((hashes | self._register_hashes).items()))


def _with_totals(assessment: Assessment, nodes: pd.DataFrame) -> pd.DataFrame:
    """Rows of `Assessment.nodes` with what is published of the totals among them."""
    nodes = nodes.join(assessment.summary[["name", "level", "grade", "rank"]], on="unit")
    total = nodes["node"] == ""
    published = nodes["unit"].map(assessment.summary["score"])
    nodes["score"] = published.where(total, nodes["score"])
    nodes[["grade", "rank"]] = nodes[["grade", "rank"]].where(total)
    nodes.insert(0, "period", str(assessment.period))
    return nodes
