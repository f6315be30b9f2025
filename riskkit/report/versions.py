"""What has a part in a report's bytes beside riskkit and its inputs: everything installed, the font, what prints."""

from __future__ import annotations

import platform
import re
import subprocess
import zlib
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from riskkit.publish import digest
from riskkit.report.charts.fonts import file_of, find_family
from riskkit.report.pdf import printer

LIBRARIES = (
    "ipykernel",
    "ipython",
    "jupyter-client",
    "matplotlib",
    "matplotlib-inline",
    "nbclient",
    "nbconvert",
    "nbformat",
    "numpy",
    "openpyxl",
    "pandas",
    "papermill",
    "pillow",
    "pyarrow",
    "pydantic",
    "pyyaml",
    "scipy",
    "traitlets",
)
"""What riskkit itself needs to make a report."""


def versions(font: str, *, pdf: bool) -> dict[str, str]:
    """The versions here; `font` is the one the theme asks for, `pdf` whether reports are printed too.

    >>> versions("Microsoft YaHei", pdf=False)["matplotlib"]
    """
    found = {
        "Python": platform.python_version(),
        "processor": platform.machine(),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,  # the same workbook is other bytes where it is packed otherwise
        "font": _font(font),
    }
    if pdf:
        found["PDF"] = _printer()
    return found | dict(sorted(libraries().items()))


@cache
def libraries() -> dict[str, str]:
    """Everything installed that reports need, directly or by way of another, and its version."""
    found: dict[str, str] = {}
    left = [*LIBRARIES]
    while left:
        name = left.pop()
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # of another platform
            continue
        for line in requires(name) or ():
            needed = re.split(r"[^\w.-]", line, maxsplit=1)[0].lower().replace("_", "-")
            if "extra ==" not in line and needed not in found:
                left.append(needed)
    return found


def _font(wanted: str) -> str:
    """The font of Chinese and a hash of its file."""
    family = find_family(wanted)
    return f"{family} ({_hash_of(file_of(family))})" if family else "-"


@cache
def _hash_of(font: Path) -> str:
    return digest(font)[:8]


@cache
def _printer() -> str:
    chosen = printer()
    told = subprocess.run([chosen.path, "--version"], capture_output=True, text=True, check=False)
    return f"{chosen.name}: {told.stdout.strip()}"
