"""What this machine has, what it lacks, and what that means for the user."""

from __future__ import annotations

import importlib.metadata
import sys
from dataclasses import dataclass

from riskkit import texts
from riskkit.errors import RiskkitError
from riskkit.report.pdf import PROGRAMS, installed

PACKAGES = (
    "jupyterlab",
    "pandas",
    "matplotlib",
    "openpyxl",
    "papermill",
    "scipy",
    "numpy",
    "pydantic",
    "pyarrow",
)


@dataclass(frozen=True)
class Line:
    """One thing looked at; `needed` marks what riskkit cannot do without."""

    good: bool
    text: str
    needed: bool = True


def findings(workspace: str | None, lang: texts.Language) -> list[Line]:
    """Look at Python, packages, fonts, programs and the workspace."""
    lines = [Line(sys.version_info >= (3, 11), f"Python {sys.version.split()[0]}")]
    for name in PACKAGES:
        try:
            lines.append(Line(True, f"{name} {importlib.metadata.version(name)}"))
        except importlib.metadata.PackageNotFoundError:
            lines.append(Line(False, texts.say("doctor.package", lang, name=name)))
    return [*lines, _font(lang), *_programs(lang), _workspace(workspace, lang)]


def _font(lang: texts.Language) -> Line:
    from riskkit.report.charts.fonts import find_family
    from riskkit.report.theme import theme

    font = find_family(theme().font)
    text = texts.say("doctor.font", lang, font=font) if font else texts.say("doctor.no_font", lang)
    return Line(font is not None, text, needed=False)


def _programs(lang: texts.Language) -> list[Line]:
    found = {name: installed(name) is not None for name in PROGRAMS}
    return [
        Line(here, texts.say(f"doctor.{name}" if here else f"doctor.no_{name}", lang), needed=False)
        for name, here in found.items()
    ]


def _workspace(workspace: str | None, lang: texts.Language) -> Line:
    from riskkit.workspace import open_workspace

    try:
        return Line(True, texts.say("doctor.workspace", lang, workspace=repr(open_workspace(workspace))))
    except RiskkitError as refused:
        return Line(False, refused.message(lang), needed=workspace is not None)
