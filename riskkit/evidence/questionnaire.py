"""From a raw questionnaire export and its question map to valid answers.

An answer sheet is valid if it was not rushed, the trap items are right, the Likert answers are not one long string
and they vary at all (`questionnaire` in the model). Quality rules of this kind: Meade & Craig (2012), *Identifying
careless responses in survey data*, Psychological Methods 17(3). A trap item left out is not right, and a sheet without
a single Likert answer does not vary.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

from riskkit import texts
from riskkit.errors import Problem
from riskkit.evidence.cells import Vocabulary, plain, squeezed
from riskkit.model import IndicatorModel

_QUESTION = re.compile(r"^\s*(\d+)\s*[、.．]")
_SECONDS = re.compile(r"(?:(\d+)\s*(?:小时|h))?\s*(?:(\d+)\s*(?:分钟?|min))?\s*(?:(\d+)\s*(?:秒|s)?)?")

Letters = dict[tuple[str, str], dict[str, str]]


def question_number(label: str) -> str | None:
    """The number that begins a question's header, such as 12 in `12、…`."""
    match = _QUESTION.match(plain(label))
    return match[1] if match else None


def derive(
    raw: pd.DataFrame,
    questions: pd.DataFrame | None,
    model: IndicatorModel,
    vocabulary: Vocabulary,
    letters: Letters,
) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
    """The tables `answers` (valid sheets only) and `sheets` (all) from the raw export."""
    return _Derivation(raw, questions, model, vocabulary, letters).run()


class _Derivation:
    def __init__(
        self,
        raw: pd.DataFrame,
        questions: pd.DataFrame | None,
        model: IndicatorModel,
        vocabulary: Vocabulary,
        letters: Letters,
    ) -> None:
        self.raw = raw
        self.rules = model.spec.questionnaire
        self.vocabulary = vocabulary
        self.letters = letters
        self.problems: list[Problem] = []
        empty = pd.DataFrame(columns=["question", "role"])
        self.questions = (empty if questions is None else questions).set_index("question")

    def run(self) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
        if not self.check_map():
            return {}, self.problems
        sheets = self.raw[["sheet_no", "submitted_at", "ip", "_file", "_sheet", "_row"]].copy()
        sheets["unit"] = self.units()
        stratum = self.columns("stratum")
        sheets["stratum"] = (
            self.raw[f"q:{stratum[0]}"].to_numpy() if stratum else pd.Series(None, dtype="str")
        )
        sheets["seconds"] = self.seconds()
        scores = self.scores()
        sheets["reason"] = self.reasons(sheets["seconds"], scores)
        sheets["valid"] = (sheets["reason"] == "").astype("boolean")
        return {"answers": self.answers(sheets, scores), "sheets": sheets}, self.problems

    def columns(self, *roles: str) -> list[str]:
        return [str(q) for q in self.questions.index[self.questions["role"].isin(roles)]]

    def check_map(self) -> bool:
        faults = [f"role=unit × {len(self.columns('unit'))}"] if len(self.columns("unit")) != 1 else []
        faults += [f"{q}、" for q in self.questions.index if f"q:{q}" not in self.raw.columns]
        faults += [
            f"{q}、scale_min < scale_max"
            for q in self.columns("likert", "overclaim")
            if not self.has_scale(q)
        ]
        faults += [f"{q}、key" for q in self.columns("trap", "vignette") if self.questions["key"].isna()[q]]
        if faults:
            origin = self.raw.iloc[0] if len(self.raw) else None
            file = "" if origin is None else str(origin["_file"])
            self.problems.append(Problem("evidence.questions", file, values={"found": " ".join(faults)}))
        return not faults

    def has_scale(self, question: str) -> bool:
        spec: Any = self.questions.loc[question]
        return bool(spec["scale_min"] < spec["scale_max"])

    def problem(self, position: int, column: str, code: str, **values: Any) -> None:
        row = self.raw.iloc[position]
        letter = self.letters[(row["_file"], row["_sheet"])].get(column, "")
        self.problems.append(
            Problem(f"evidence.{code}", row["_file"], row["_sheet"], f"{letter}{row['_row']}", values)
        )

    def units(self) -> pd.Series:
        question = f"q:{self.columns('unit')[0]}"
        found: list[str | None] = []
        for position, cell in enumerate(self.raw[question]):
            code = None if pd.isna(cell) else self.vocabulary.units.get(squeezed(cell))
            if code is None:
                near = texts.both("nothing_near")
                self.problem(position, question, "unit", found="" if pd.isna(cell) else cell, near=near)
            found.append(code)
        return pd.Series(found, dtype="str", index=self.raw.index)

    def seconds(self) -> pd.Series:
        found = []
        for position, cell in enumerate(self.raw["seconds"]):
            match = None if pd.isna(cell) else _SECONDS.fullmatch(plain(cell))
            if match is None or not any(match.groups()):
                self.problem(position, "seconds", "seconds", found=cell)
                found.append(np.nan)
            else:
                hours, minutes, seconds = (int(part or 0) for part in match.groups())
                found.append(3600.0 * hours + 60 * minutes + seconds)
        return pd.Series(found, index=self.raw.index, dtype="float64")

    def scores(self) -> pd.DataFrame:
        """Sheet × question, 0-1; missing where not answered."""
        return pd.DataFrame(
            {q: self.score(q) for q in self.columns("likert", "overclaim", "trap", "vignette")},
            index=self.raw.index,
        )

    def score(self, question: str) -> pd.Series:
        spec: Any = self.questions.loc[question]
        cells = self.raw[f"q:{question}"]
        if spec["role"] in ("trap", "vignette"):
            keys = {squeezed(part) for part in str(spec["key"]).split("┋")}
            given = cells.map(
                lambda cell: {squeezed(part) for part in cell.split("┋")} == keys, na_action="ignore"
            )
            return given.astype("float64")
        low, high = float(spec["scale_min"]), float(spec["scale_max"])
        numbers = pd.to_numeric(cells.map(plain, na_action="ignore"), errors="coerce")
        bad = cells.notna() & ~numbers.between(low, high)
        for position in np.flatnonzero(bad):
            cell = cells.iloc[position]
            self.problem(
                int(position),
                f"q:{question}",
                "answer",
                question=question,
                found=cell,
                low=f"{low:g}",
                high=f"{high:g}",
            )
        share = (numbers - low) / (high - low)
        return 1 - share if self.reversed(question) else share

    def reversed(self, question: str) -> bool:
        """Whether agreeing with a question speaks against what is measured."""
        mark: Any = self.questions.loc[question, "reversed"]
        return bool(pd.notna(mark) and mark)

    def as_given(self, question: str, share: pd.Series) -> pd.Series:
        """An answer before reversing, in the scale's own points above its minimum."""
        spec: Any = self.questions.loc[question]
        given = 1 - share if self.reversed(question) else share
        return (given * (float(spec["scale_max"]) - float(spec["scale_min"]))).round(9)

    def reasons(self, seconds: pd.Series, scores: pd.DataFrame) -> pd.Series:
        """Why a sheet does not count; empty where it does."""
        assert self.rules is not None, "a model with a questionnaire table has questionnaire rules"
        reasons = pd.Series("", index=self.raw.index, dtype="str")
        asked = len(self.questions)
        likert = self.columns("likert")
        raw = pd.DataFrame({q: self.as_given(q, scores[q]) for q in likert}, index=self.raw.index)
        checks: dict[str, pd.Series] = {
            "rushed": seconds < self.rules.seconds_per_item * asked,
            "trap": pd.Series(~(scores[self.columns("trap")] == 1).to_numpy().all(axis=1), self.raw.index),
            "longstring": pd.Series(
                _longest_run(raw.to_numpy()) >= self.rules.longstring * max(len(likert), 1), self.raw.index
            ),
            "flat": raw.std(axis=1, ddof=0).fillna(0.0 if likert else np.inf) <= self.rules.min_sd,
        }
        for name, hit in checks.items():
            reasons = reasons.mask((reasons == "") & hit, name)
        return reasons

    def answers(self, sheets: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
        valid = sheets[sheets["valid"] & sheets["unit"].notna()]
        long = scores.loc[valid.index].melt(var_name="question", value_name="score", ignore_index=False)
        long = long[long["score"].notna()]
        answers = valid.loc[
            long.index, ["sheet_no", "unit", "stratum", "_file", "_sheet", "_row"]
        ].reset_index(drop=True)
        answers["question"] = long["question"].to_numpy()
        answers["role"] = answers["question"].map(self.questions["role"])
        answers["subscale"] = answers["question"].map(self.questions["subscale"])
        answers["score"] = long["score"].to_numpy()
        return answers.sort_values(["_file", "_row", "question"], kind="stable", ignore_index=True)


def _longest_run(values: np.ndarray) -> np.ndarray:
    """The longest run of equal neighbours in each row."""
    if values.shape[1] == 0:
        return np.zeros(len(values))
    longest = np.ones(len(values))
    run = np.ones(len(values))
    for column in range(1, values.shape[1]):
        run = np.where(values[:, column] == values[:, column - 1], run + 1, 1)
        longest = np.maximum(longest, run)
    return longest
