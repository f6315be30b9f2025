"""What every command shares: its wording on the screen, tables for a terminal, and the options that recur."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import click

from riskkit import texts

if TYPE_CHECKING:
    from riskkit.errors import Problem
    from riskkit.workspace import Workspace


Option: TypeAlias = Callable[[Callable[..., None]], Callable[..., None]]


def say(key: str, **values: Any) -> str:
    """Wording of the command line, in the language of the screen."""
    return texts.say(f"cli.{key}", texts.screen_language(), **values)


workspace_option = click.option(
    "--workspace", "-w", default=None, metavar="FOLDER", help=say("help.workspace")
)
lang_option = click.option("--lang", type=click.Choice(["zh", "en"]), default=None, help=say("help.lang"))
period_argument = click.argument("period", required=False, default=None, metavar="[PERIOD]")


def csv_option(help_key: str) -> Option:
    """The option that also writes what is printed as CSV."""
    return click.option(
        "--csv",
        "csv_path",
        type=click.Path(path_type=Path),
        default=None,
        metavar="FILE",
        help=say(f"help.{help_key}"),
    )


def opened(workspace: str | None, lang: str | None = None) -> Workspace:
    """The workspace a command is about."""
    from riskkit.workspace import open_workspace

    return open_workspace(workspace, lang=cast(Any, lang))


def shown_language(lang: str | None) -> texts.Language:
    """The language asked for, or else that of the screen."""
    return cast(texts.Language, lang or texts.screen_language())


# --- tables


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def table(header: list[str], rows: list[list[str]]) -> str:
    """Columns aligned on a terminal, wide characters counted as two."""
    widths = [max(_width(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [header, ["─" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def problem_table(problems: tuple[Problem, ...]) -> str:
    """Every problem on a line: file, sheet, cell, what was found and what to do."""
    lang = texts.screen_language()
    header = [say(f"column.{name}") for name in ("file", "sheet", "cell", "what")]
    return table(header, [[p.file, p.sheet, p.cell, f"{p.what(lang)} {p.remedy(lang)}"] for p in problems])
