"""Which font writes Chinese: an installed one that really has the characters."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from riskkit import texts
from riskkit.report.theme import theme

PROBE = "密保评估支行数据整改较优〇（）“”，。0Aa%"
LATIN = "DejaVu Sans"
PREFERRED = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Heiti SC",
    "STHeiti",
    "SimHei",
    "DengXian",
    "WenQuanYi Micro Hei",
    "Noto Sans CJK JP",
    "WenQuanYi Zen Hei",
)


def families() -> list[str]:
    """What `font.family` is set to; matplotlib falls back along it character by character."""
    chinese = chinese_family()
    return [chinese, LATIN] if chinese else [LATIN]


def chinese_family() -> str | None:
    """The family that Chinese is written in, the theme's if it can; none, with a warning that names the remedy, if
    there is no such font. It warns once a session."""
    found = find_family(theme().font)
    if found is None:
        _warn()
    return found


@cache
def _warn() -> None:
    warnings.warn(" / ".join(texts.both("chart.no_font").values()), UserWarning, stacklevel=3)


@cache
def find_family(first: str) -> str | None:
    """The family that Chinese is written in: `first` if it is installed and can, else another that can."""
    return _preferred(first) or _preferred_after_rescan(first) or _any_installed()


def _preferred(first: str) -> str | None:
    known = {entry.name: entry.fname for entry in reversed(font_manager.fontManager.ttflist)}
    return next(
        (name for name in (first, *PREFERRED) if name in known and _has_characters(known[name])), None
    )


def _preferred_after_rescan(first: str) -> str | None:
    """matplotlib keeps a list of fonts on disk, and one installed later is missing from it."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in known and _has_characters(path):
            font_manager.fontManager.addfont(path)
    return _preferred(first)


def _any_installed() -> str | None:
    candidates = sorted(
        (entry.weight != 400, entry.name, entry.fname) for entry in font_manager.fontManager.ttflist
    )
    return next((name for _, name, path in candidates if _has_characters(path)), None)


def file_of(family: str) -> Path:
    """The file of an installed family."""
    return Path(next(entry.fname for entry in font_manager.fontManager.ttflist if entry.name == family))


@cache
def _has_characters(path: str) -> bool:
    try:
        font = FT2Font(path)
        return Path(path).is_file() and all(font.get_char_index(ord(character)) for character in PROBE)
    except (OSError, RuntimeError):
        return False
