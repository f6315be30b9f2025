"""How an institution's own reports look and speak: `theme.yaml`, `texts.yaml` and a logo in its workspace.

Each file holds only what it changes. `themed` lets them hold for a block of code, `keep` for a session.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import hashlib
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeAlias
from weakref import WeakKeyDictionary

from pydantic import ValidationError

from riskkit import texts
from riskkit.errors import EvidenceRefused, Problem
from riskkit.model.faults import Fault, Place
from riskkit.model.load import Lines, problem_at, yaml_content
from riskkit.model.shape import shape_faults
from riskkit.report import png
from riskkit.report.theme import LOGO, THEME, Logo, Theme, packaged

if TYPE_CHECKING:
    from riskkit.report.pack import QuarterPack
    from riskkit.workspace import Workspace

_WRITTEN = {
    "font": "font",
    "logo": "file_name",
    "colours": "colour",
    "grades": "colour",
    "scale": "colour",
    "formats": "number_format",
}
"""How a value is to be written, by the section it stands in."""

P = ParamSpec("P")
THEME_FILE, TEXTS_FILE = "theme.yaml", "texts.yaml"
REPORTED = (
    "chart.", "control.", "notebook.", "reason.", "sheet.", "silent.", "state.", "trend_test.",
    "weight_change.", "why.",
)  # fmt: skip
"""The sections of the texts that reports are worded from; the rest are the program's messages, and forms read back."""


@dataclass(frozen=True)
class HouseStyle:
    """An institution's theme, logo and wording; `files` are the SHA-256 of what they were read from, by path in the
    workspace."""

    theme: Theme
    logo: Logo | None
    wording: texts.Wording
    files: Mapping[str, str]


_read: WeakKeyDictionary[Workspace, HouseStyle] = WeakKeyDictionary()


def house_style(workspace: Workspace) -> HouseStyle:
    """The workspace's style, kept for the life of the object.

    Raises `EvidenceRefused` with every fault of its files, each with its line.
    """
    if workspace not in _read:
        reading = _Reading(workspace)
        style = reading.style()
        if reading.problems:
            raise EvidenceRefused("workspace_refused", reading.problems, workspace=workspace.path.name)
        _read[workspace] = style
    return _read[workspace]


@contextlib.contextmanager
def themed(workspace: Workspace) -> Iterator[None]:
    """Let what is written in a block look and speak as the workspace says.

    >>> with themed(open_workspace("data_samples/bank")):
    ...     to_html(Path("0103.ipynb"), Path("0103.html"), title="0103", marking="Internal", lang="en")
    """
    style = house_style(workspace)
    with (
        THEME.within(style.theme),
        LOGO.within(style.logo),
        texts.WORDING.within(style.wording),
    ):
        yield


def keep(workspace: Workspace) -> None:
    """Let the rest of the session, a notebook's say, look and speak as the workspace says."""
    style = house_style(workspace)
    THEME.keep(style.theme)
    LOGO.keep(style.logo)
    texts.WORDING.keep(style.wording)


Writer: TypeAlias = Callable[Concatenate["QuarterPack", P], None]


def in_house_style(write: Writer[P]) -> Writer[P]:
    """Let a function that writes from a pack do so in the style of the pack's workspace."""

    def styled(pack: QuarterPack, /, *others: P.args, **named: P.kwargs) -> None:
        with themed(pack.workspace):
            write(pack, *others, **named)

    functools.update_wrapper(styled, write)
    return styled


class _Reading:
    """A workspace's style in the reading, with all that is wrong with it."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.folder = workspace.path
        self.problems: list[Problem] = []
        self.files: dict[str, str] = {}

    def style(self) -> HouseStyle:
        lines: Lines = {}
        theme = self.theme(self.content(THEME_FILE, lines), lines)
        logo = self.logo(theme.logo, lines) if theme.logo is not None else None
        return HouseStyle(theme, logo, self.wording(), self.files)

    def content(self, name: str, lines: Lines) -> Any:
        """What a file says; nothing if it is not there or empty."""
        path = self.folder / name
        if not path.is_file():
            return {}
        self.files[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return yaml_content(path, (), lines, self.problems) or {}

    def fault(self, lines: Lines, place: Place, code: str, **values: Any) -> None:
        self.problems.append(problem_at(Fault(place, code, values), lines))

    # ------------------------------------------------------------ theme

    def theme(self, own: Any, lines: Lines) -> Theme:
        try:
            theme = Theme.model_validate(_over(packaged(), own))
        except ValidationError as refused:
            written = [
                error["loc"] for error in refused.errors() if error["type"] == "string_pattern_mismatch"
            ]
            for fault in shape_faults(refused):
                values = fault.values
                if fault.place in written:
                    values = values | {"expected": texts.both(f"expected.{_WRITTEN[str(fault.place[0])]}")}
                self.fault(lines, fault.place, fault.code, **values)
            return Theme.model_validate(packaged())
        for place, (low, high) in enumerate(zip(theme.scale, theme.scale[1:], strict=False), start=1):
            if high.share <= low.share:
                expected = texts.both("expected.greater_than", gt=low.share)
                self.fault(lines, ("scale", place, "share"), "value", found=high.share, expected=expected)
        return theme

    def logo(self, name: str, lines: Lines) -> Logo | None:
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            self.fault(lines, ("logo",), "logo_outside", found=name)
        elif not path.is_file():
            self.fault(lines, ("logo",), "logo_missing", found=name)
        else:
            return self.picture(name, path, lines)
        return None

    def picture(self, name: str, path: Path, lines: Lines) -> Logo | None:
        limits = {"found": name, "kilobytes": png.LARGEST // 1024, "pixels": png.WIDEST}
        if path.stat().st_size > png.LARGEST:
            self.fault(lines, ("logo",), "logo_large", **limits)
            return None
        raw = path.read_bytes()
        try:
            bare, width, height = png.bare(raw)
        except png.NoPng:
            self.fault(lines, ("logo",), "logo_no_png", **limits)
            return None
        self.files[name] = hashlib.sha256(raw).hexdigest()
        return Logo(bare, width, height, self.workspace.settings.name)

    # ------------------------------------------------------------ wording

    def wording(self) -> texts.Wording:
        lines: Lines = {}
        worded: dict[str, dict[str, str]] = {}
        self.walk(self.content(TEXTS_FILE, lines), (), lines, worded)
        return worded

    def walk(self, branch: Any, place: Place, lines: Lines, worded: dict[str, dict[str, str]]) -> None:
        """Collect the texts of a branch; its place is the key."""
        key = ".".join(map(str, place))
        if (
            texts.has(key)
            or not isinstance(branch, dict)
            or (branch and branch.keys() <= set(texts.LANGUAGES))
        ):
            if self.known(key, place, lines):
                worded[key] = self.versions(key, branch, place, lines)
            return
        for name, below in branch.items():
            self.walk(below, (*place, name), lines, worded)

    def known(self, key: str, place: Place, lines: Lines) -> bool:
        if not texts.has(key):
            reported = [each for each in texts.entries() if each.startswith(REPORTED)]
            near = difflib.get_close_matches(key, reported, n=3, cutoff=0.6)
            self.fault(
                lines, place, "unknown_text", found=key, near=", ".join(near) or texts.both("nothing_near")
            )
        elif not key.startswith(REPORTED):
            self.fault(lines, place, "fixed_text", found=key)
        else:
            return True
        return False

    def versions(self, key: str, given: Any, place: Place, lines: Lines) -> dict[str, str]:
        """A text in the languages given, each with the places of riskkit's own."""
        if not isinstance(given, dict):
            self.fault(
                lines, place, "value", found=str(given)[:80], expected=texts.both("expected.dict_type")
            )
            return {}
        found: dict[str, str] = {}
        for lang, text in given.items():
            if lang not in texts.LANGUAGES:
                self.fault(lines, (*place, lang), "unknown_key", found=str(lang))
            elif not isinstance(text, str) or not text.strip():
                expected = texts.both("expected.string_type")
                self.fault(lines, (*place, lang), "value", found=str(text)[:80], expected=expected)
            elif (own := _places(text)) != (wanted := _places(texts.entries()[key][lang])):
                told = {"found": _told(own), "expected": _told(wanted)}
                self.fault(lines, (*place, lang), "text_places", **told)
            else:
                found[lang] = text
        return found


def _over(base: dict[str, Any], own: Any) -> Any:
    """What a file says over the packaged theme: section by section; a list as a whole."""
    if own is None:  # a section left empty
        return base
    if not isinstance(own, dict):
        return own
    return base | {
        key: _over(base[key], value) if isinstance(base.get(key), dict) else value
        for key, value in own.items()
    }


def _places(text: str) -> frozenset[str] | None:
    """The places of a text as they are written; the words of a plural are free. None if it cannot be read."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return None
    return frozenset(
        f"{{{name}{f'!{conversion}' if conversion else ''}{_form(form or '')}}}"
        for _, name, form, conversion in parts
        if name is not None
    )


def _form(form: str) -> str:
    return ":…|…" if form.count("|") == 1 else f":{form}" if form else ""


def _told(places: frozenset[str] | None) -> str | dict[texts.Language, str]:
    if places is None:
        return {"zh": "无法读出", "en": "not readable"}
    return " ".join(sorted(places)) or texts.both("nothing_near")
