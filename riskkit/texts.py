"""Every word a person reads, in Chinese and English, from `templates/texts.yaml`.

A key is a dotted path; a text may hold `{name}` places. Where a count decides the English form, the text gives
both, `{n:file|files}`. An institution may word some of them otherwise: `WORDING`.
"""

from __future__ import annotations

import locale
import os
import re
import string
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal, Protocol

import yaml

from riskkit import resources
from riskkit.scoped import Scoped

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

Wording = Mapping[str, Mapping[str, str]]
"""Key → language → text."""
WORDING: Scoped[Wording] = Scoped("wording", dict)
"""The texts that an institution words otherwise, in some language or in both."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PLURAL = re.compile(r"^[^|]*\|[^|]*$")


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        if _PLURAL.match(format_spec):
            one, many = format_spec.split("|")
            return f"{value} {one if value in (1, '1') else many}"
        return str(super().format_field(value, format_spec))


_FORMATTER = _Formatter()


@cache
def entries() -> Wording:
    """Every text riskkit comes with."""
    flat: dict[str, dict[str, str]] = {}

    def walk(prefix: str, branch: dict[str, Any]) -> None:
        if set(branch) == set(LANGUAGES):
            flat[prefix] = branch
            return
        for key, value in branch.items():
            walk(f"{prefix}.{key}" if prefix else key, value)

    with (resources.templates() / "texts.yaml").open(encoding="utf-8") as stream:
        walk("", yaml.load(stream, Loader=_Loader))
    return flat


def say(key: str, lang: Language, **values: Any) -> str:
    """The text under `key` in one language, its places filled; a value may be given in both languages.

    Raises `KeyError` for an unknown key: a missing text is a fault of the program, found by the tests.

        >>> say("state.measured", "en")
        'measured'
    """
    filling = {name: value[lang] if isinstance(value, dict) else value for name, value in values.items()}
    text = WORDING.get().get(key, {}).get(lang) or entries()[key][lang]
    return _FORMATTER.vformat(text, (), filling)


class Named(Protocol):
    """Anything named in both languages."""

    @property
    def zh(self) -> str:
        """The Chinese name."""
        ...

    @property
    def en(self) -> str:
        """The English name."""
        ...


def listed(words: Iterable[str | Named]) -> dict[Language, str]:
    """Words or named things one after another, as each language strings them; fit to fill a place in a text."""
    pairs = [(word, word) if isinstance(word, str) else (word.zh, word.en) for word in words]
    return {"zh": "、".join(zh for zh, _ in pairs), "en": ", ".join(en for _, en in pairs)}


def has(key: str) -> bool:
    """Whether there is a text under `key`."""
    return key in entries()


def both(key: str, **values: Any) -> dict[Language, str]:
    """The text in both languages."""
    return {lang: say(key, lang, **values) for lang in LANGUAGES}


def screen_language() -> Language:
    """The language of messages on screen: `RISKKIT_LANG`, or else the user's locale."""
    chosen = os.environ.get("RISKKIT_LANG", "").lower()
    if chosen in LANGUAGES:
        return chosen
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(variable):
            return "zh" if os.environ[variable].lower().startswith("zh") else "en"
    return "zh" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"
