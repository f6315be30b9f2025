"""What can go wrong, and how it is told.

    RiskkitError
    ├── DataRefused          exit 1   what was handed in cannot be used; carries every problem found
    │   ├── ModelRefused              an indicator model
    │   └── EvidenceRefused           a quarter's evidence, a register, a workspace
    ├── ReportFailed         exit 1   a report could not be made; the others were
    ├── PublishFailed        exit 1   results could not be written; what was there before is untouched
    └── Misuse               exit 2   a name, option or argument that does not exist; carries suggestions

A `Problem` says where, what was found, what was expected and what to do, in either language.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import riskkit.texts as texts

Severity = Literal["error", "note"]


@dataclass(frozen=True)
class Problem:
    """One fault in what was handed in.

    `code` names the wording under `problem.<code>` in the texts; `values` fill it. `severity` "note" marks
    something that was read all the same and is only mentioned.
    """

    code: str
    file: str = ""
    sheet: str = ""
    cell: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    severity: Severity = "error"

    def where(self) -> str:
        """File, sheet and cell, as far as known."""
        return ", ".join(part for part in (self.file, self.sheet, self.cell) if part)

    def what(self, lang: texts.Language) -> str:
        """What was found and what was expected."""
        return texts.say(f"problem.{self.code}.what", lang, **self.values)

    def remedy(self, lang: texts.Language) -> str:
        """What to do about it."""
        return texts.say(f"problem.{self.code}.remedy", lang, **self.values)

    def line(self, lang: texts.Language) -> str:
        """Where, what and what to do, on one line."""
        where = self.where()
        return (
            f"{where}: {self.what(lang)} {self.remedy(lang)}"
            if where
            else f"{self.what(lang)} {self.remedy(lang)}"
        )


class RiskkitError(Exception):
    """The root of everything riskkit raises on purpose. `key` and `values` give its wording.

    >>> try:
    ...     open_workspace("elsewhere")
    ... except RiskkitError as fault:
    ...     print(fault.message("en"))
    'elsewhere' is not a workspace (no riskkit.yaml); run riskkit init first, or name one with --workspace
    """

    exit_code = 1

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(key)
        self.key = key
        self.values = values

    def message(self, lang: texts.Language) -> str:
        """The message in one language."""
        return texts.say(f"error.{self.key}", lang, **self.values)

    def __str__(self) -> str:
        return self.message(texts.screen_language())


class DataRefused(RiskkitError):
    """Data that cannot be used; `problems` lists everything found wrong, not the first thing only.

    >>> [problem.line("en") for problem in refused.problems]
    """

    def __init__(self, key: str, problems: Iterable[Problem] = (), **values: Any) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(key, count=len(self.problems), **values)

    def message(self, lang: texts.Language) -> str:
        """The message with the first twenty problems below it."""
        head = super().message(lang)
        return "\n".join([head, *(f"  {problem.line(lang)}" for problem in self.problems[:20])])


class ModelRefused(DataRefused):
    """An indicator model with faults.

    >>> bank.model.with_weights({"A": 0.9})  # raises it: siblings' weights sum to 1
    """


class EvidenceRefused(DataRefused):
    """Evidence, a register or a workspace with faults.

    >>> bank.evidence("2026Q2")  # raises it if a cell of the quarter cannot be read
    """


class ReportFailed(RiskkitError):
    """One or more reports could not be made."""


class PublishFailed(RiskkitError):
    """Results could not be written; nothing that was there before has changed."""


class Misuse(RiskkitError):
    """A call that names something that does not exist, or lacks something it needs.

    >>> bank.assessment("2026Q2").unit_items("01O3")  # raises it, and asks whether 0103 is meant
    """

    exit_code = 2


def unknown(key: str, found: object, known: Sequence[str], **values: Any) -> Misuse:
    """A `Misuse` for a name that is not among `known`, with the nearest ones suggested."""
    near = difflib.get_close_matches(str(found), known, n=3, cutoff=0.5)
    return Misuse(key, found=str(found), near=", ".join(near or list(known)[:5]) or "-", **values)
