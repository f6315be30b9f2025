"""The parameters of a notebook, checked inside it: papermill lets a misspelt one pass and runs on the default."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from riskkit import texts
from riskkit.errors import Misuse, RiskkitError, unknown

INJECTED = "# Parameters"
"""How papermill begins the cell in which it sets parameters."""


class Stopped(Exception):
    """A notebook that cannot go on, told in one line instead of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@dataclass(frozen=True)
class Parameters:
    """What a report notebook was asked for; empty means: the newest period, the nearest workspace, its language."""

    branch: object
    quarter: object
    workspace: str
    lang: texts.Language | None


@contextlib.contextmanager
def told(scope: Mapping[str, Any]) -> Iterator[None]:
    """Turns a refusal into one line in the notebook's language."""
    try:
        yield
    except RiskkitError as refused:
        given = scope.get("lang")
        raise Stopped(
            refused.message(given if given in texts.LANGUAGES else texts.screen_language())
        ) from None


def read(scope: Mapping[str, Any], names: tuple[str, ...]) -> Parameters:
    """The parameters among a notebook's variables.

    A code that papermill took for a number (`-p branch 0103`) is left as it is: the workspace knows what is meant.
    Raises `Misuse` for a name the notebook does not know and for a value of the wrong kind.
    """
    for name in _injected(scope.get("In", ())):
        if name not in names:
            raise unknown("unknown_parameter", name, list(names))
    values = {name: scope.get(name, "") for name in names}
    for name, value in values.items():
        check(name, value)
    lang = values.get("lang") or None
    if lang is not None and lang not in texts.LANGUAGES:
        raise unknown("unknown_language", lang, list(texts.LANGUAGES))
    place = str(values.get("workspace", ""))
    return Parameters(values.get("branch", ""), values["quarter"], place, cast("texts.Language | None", lang))


def check(name: str, value: object) -> None:
    """Raises `Misuse` for a value that cannot be what a parameter of that name holds."""
    fits = isinstance(value, str) or (
        name in ("branch", "quarter") and isinstance(value, int) and not isinstance(value, bool)
    )
    if not fits:
        raise Misuse("parameter_type", name=name, found=repr(value))


def _injected(cells: object) -> list[str]:
    """The names set by cells that papermill put in."""
    sources = [text for text in cast("list[str]", cells) if text.startswith(INJECTED)]
    statements = [statement for text in sources for statement in ast.parse(text).body]
    targets = [target for each in statements if isinstance(each, ast.Assign) for target in each.targets]
    return [target.id for target in targets if isinstance(target, ast.Name)]
