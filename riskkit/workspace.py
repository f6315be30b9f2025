"""`Workspace`: an institution's folder. Reads its register, model and evidence; knows its periods."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import yaml
from pydantic import StringConstraints, ValidationError

from riskkit import resources, texts
from riskkit.errors import EvidenceRefused, Misuse, Problem, unknown
from riskkit.evidence import cells
from riskkit.evidence.evidence import Evidence, hash_files, read_evidence
from riskkit.evidence.files import read_grids
from riskkit.evidence.measures import Measures, leaves, measure, measure_fresh
from riskkit.model import IndicatorModel, load_model
from riskkit.model.load import shape_faults
from riskkit.model.schema import Bilingual, Column, Rows, Spec
from riskkit.periods import Period
from riskkit.scoring.assessment import Assessment, score
from riskkit.store import Store, content_key

FORMAT = 1
SETTINGS = "riskkit.yaml"
UnitCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z_\-]{0,31}$")]


class Settings(Spec):
    """`riskkit.yaml` at the top of a workspace."""

    format: Literal[1]
    name: Bilingual
    lang: texts.Language = "zh"
    marking: Bilingual
    model: str


_TEXT = {"type": "text", "zh": "", "en": ""}
REGISTER: dict[str, Column] = {
    "unit": Column(type="code", zh="机构编号", en="Unit", required=True),
    "name": Column(type="text", zh="机构名称", en="Name", required=True),
    "parent": Column(type="code", zh="上级机构", en="Parent"),
    "level": Column(type="code", zh="层级", en="Level", required=True),
    "region": Column(type="text", zh="地区", en="Region"),
    "staff": Column(type="integer", zh="在册人数", en="Staff", min=0),
    "sensitive_posts": Column(type="integer", zh="涉密岗位数", en="Sensitive posts", min=0),
    "peer_group": Column(type="text", zh="同类组", en="Peer group"),
    "opened_on": Column(type="date", zh="开业日期", en="Opened on"),
}
CALENDAR: dict[str, Column] = {
    "date": Column(type="date", zh="日期", en="Date", required=True),
    "working": Column(type="yes_no", zh="是否上班", en="Working", required=True),
}


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
    """An institution's register, model, evidence and runs. Everything read is kept for the life of the object."""

    def __init__(self, folder: Path, lang: texts.Language | None = None) -> None:
        self.path = folder
        self.settings = self._read_settings()
        self.lang: texts.Language = lang or self.settings.lang
        self._store = Store(folder)
        self._evidence: dict[Period, Evidence] = {}
        self._measures: dict[Period, Measures] = {}
        self._hashes: dict[Period, dict[str, str]] = {}
        self._check_register()

    def __repr__(self) -> str:
        return f"Workspace({self.name!r}, {len(self.units)} units, {', '.join(map(str, self.periods))})"

    def _read_settings(self) -> Settings:
        try:
            content = yaml.safe_load((self.path / SETTINGS).read_text(encoding="utf-8"))
            return Settings.model_validate(content)
        except ValidationError as refused:
            problems = [
                Problem(
                    "workspace.setting",
                    SETTINGS,
                    values={"found": ".".join(map(str, fault.place)), "expected": fault.values["expected"]},
                )
                for fault in shape_faults(refused)
            ]
        except (yaml.YAMLError, UnicodeDecodeError) as fault:
            problems = [Problem("model.yaml", SETTINGS, values={"found": str(fault).splitlines()[0]})]
        raise EvidenceRefused("workspace_refused", problems, workspace=self.path.name)

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

    @cached_property
    def units(self) -> pd.DataFrame:
        """The register, indexed by unit code; the columns are those of `REGISTER`."""
        return self._small_table("units", REGISTER).set_index("unit")

    @cached_property
    def calendar(self) -> pd.DataFrame | None:
        """Days off and days worked against the week's rule; none if the workspace has no calendar."""
        return self._small_table("holidays", CALENDAR) if self._register_file("holidays") else None

    def _register_file(self, name: str) -> Path | None:
        found = [self.path / "register" / f"{name}{suffix}" for suffix in (".csv", ".xlsx")]
        return next((path for path in found if path.is_file()), None)

    def _small_table(self, name: str, columns: dict[str, Column]) -> pd.DataFrame:
        path = self._register_file(name)
        label = f"register/{name}.csv"
        if path is None:
            raise self._refused([Problem("workspace.register", label, values={"found": "—"})])
        grids, problems = read_grids(path, f"register/{path.name}")
        if problems or not grids or not grids[0].rows:
            raise self._refused(problems or [Problem("workspace.register", label, values={"found": "—"})])
        grid = grids[0]
        header = [cells.squeezed(cell or "") for cell in grid.rows[0]]
        frame: dict[str, pd.Series] = {}
        for key, column in columns.items():
            places = [
                i
                for i, text in enumerate(header)
                if text in (key, cells.squeezed(column.zh), cells.squeezed(column.en))
            ]
            if not places and column.required:
                problems.append(grid.problem("evidence.header", 1, 0, missing=column.zh, table=label))
            texts_ = [row[places[0]] if places and places[0] < len(row) else None for row in grid.rows[1:]]
            target = column if places else column.model_copy(update={"required": False})
            converted = cells.convert(texts_, target, cells.Vocabulary({}))
            frame[key] = converted.values
            problems += [
                grid.problem(
                    f"evidence.{fault.code}", row + 2, places[0], **{"column": column.zh, **fault.values}
                )
                for row, fault in converted.faults
            ]
        if problems:
            raise self._refused(problems)
        return pd.DataFrame(frame)

    def _refused(self, problems: list[Problem]) -> EvidenceRefused:
        return EvidenceRefused("workspace_refused", problems, workspace=self.path.name)

    def _check_register(self) -> None:
        problems: list[Problem] = []
        units = self.units
        levels = [level.id for level in self.model.spec.levels]
        twice = units.index[units.index.duplicated()]
        problems += [
            Problem("workspace.register", "register/units.csv", values={"found": f"{code} ×2"})
            for code in twice
        ]
        for code in units.index:
            try:
                _UnitName(code=code)
            except ValidationError:
                problems.append(
                    Problem("workspace.register", "register/units.csv", values={"found": str(code)})
                )
        if problems:
            raise self._refused(problems)
        for code, row in units.iterrows():
            if row["level"] not in levels:
                values = {"unit": code, "found": row["level"], "known": ", ".join(levels)}
                problems.append(Problem("workspace.level", "register/units.csv", values=values))
            seen, parent = {code}, row["parent"]
            while isinstance(parent, str):
                if parent not in units.index or parent in seen:
                    problems.append(
                        Problem(
                            "workspace.parent", "register/units.csv", values={"unit": code, "found": parent}
                        )
                    )
                    break
                seen.add(parent)
                parent = units.loc[parent, "parent"]
        if problems:
            raise self._refused(problems)

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
        alike = [
            code for code in self.units.index if code.isdigit() and text.isdigit() and int(code) == int(text)
        ]
        if len(alike) == 1:
            return str(alike[0])
        known = [*self.units.index, *self.units["name"]]
        raise unknown("unknown_unit", text, known)

    # ------------------------------------------------------------ periods

    @cached_property
    def periods(self) -> list[Period]:
        """The periods that have an evidence folder, oldest first."""
        folder = self.path / "evidence"
        names = (
            [entry.name for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith(".")]
            if folder.is_dir()
            else []
        )
        periods = []
        for name in names:
            try:
                periods.append(Period.parse(name))
            except Misuse:
                continue
        return sorted(period for period in periods if period.frequency == self.model.spec.frequency)

    def period(self, given: object = None) -> Period:
        """A period that has evidence; the newest if none is given. Raises `Misuse` with suggestions."""
        if given is None or given == "":
            if not self.periods:
                raise unknown("unknown_period", "", [])
            return self.periods[-1]
        period = given if isinstance(given, Period) else Period.parse(str(given))
        if period not in self.periods:
            raise unknown("unknown_period", period, [str(known) for known in self.periods])
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

    def assessment(self, period: object = None, *, model: IndicatorModel | None = None) -> Assessment:
        """A period's assessment; under another model's weights, scales or grades if one is given.

        >>> open_workspace("data_samples/bank").assessment("2026Q2").summary.loc["0103", "score"]
        """
        return score(model or self.model, self.measures(period))

    def history(self, until: object = None) -> pd.DataFrame:
        """All periods, or those up to one, in one tidy frame: a row a period, unit and node (the total under ""), with
        scores and, on the total, grade and rank. Columns `period, unit, name, level, node, depth, score, observed,
        weight, grade, rank`."""
        last = self.period(until)
        frames = []
        for period in [known for known in self.periods if known <= last]:
            assessment = self.assessment(period)
            nodes = assessment.nodes.join(
                assessment.summary[["name", "level", "grade", "rank", "score"]].rename(
                    columns={"score": "_final"}
                ),
                on="unit",
            )
            total = nodes["node"] == ""
            nodes["score"] = nodes["_final"].where(total, nodes["score"])
            nodes[["grade", "rank"]] = nodes[["grade", "rank"]].where(total)
            nodes.insert(0, "period", str(period))
            frames.append(nodes.drop(columns="_final"))
        return pd.concat(frames, ignore_index=True)

    def input_hashes(self, period: object = None) -> dict[str, str]:
        """SHA-256 of every input file a period's assessment rests on, by path in the workspace."""
        hashes = {
            f"evidence/{p}/{label}": digest
            for p in self._reached(self.period(period))
            for label, digest in self._evidence_hashes(p).items()
        }
        return dict(sorted((hashes | self._register_hashes).items()))


class _UnitName(Spec):
    code: UnitCode
