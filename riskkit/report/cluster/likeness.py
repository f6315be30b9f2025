"""What must be the same on every machine of a cluster, so that every one of them makes the same bytes."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

from riskkit import __version__, texts
from riskkit.errors import ReportFailed, RiskkitError
from riskkit.report.cluster.notes import Notes
from riskkit.report.house_style import house_style
from riskkit.report.making import Order
from riskkit.report.run import program_hash, run_id
from riskkit.report.versions import versions
from riskkit.workspace import open_workspace

_PROGRAM = f"{__version__} ({program_hash()[:8]})"
"""The program as this process has it, whatever lies on the disk since."""


def likeness(order: Order) -> dict[str, str]:
    """This machine: the version of everything that has a part in a report, fonts included."""
    font = house_style(open_workspace(order.workspace, lang=order.lang)).theme.font
    return {"riskkit": _PROGRAM} | versions(font, pdf=order.pdf)


# ---------------------------------------------------------------- on a worker


def compare(place: Path) -> None:
    """Raise `ReportFailed` where reports made on this machine would not be those made where the run was begun: where
    the run's folder or its workspace is not to be seen, or is not the same, or versions differ."""
    host = platform.node()
    try:
        errand = Notes(place).errand()
    except OSError:
        raise ReportFailed("cluster_folder", folder=place.parents[2], host=host) from None
    order = errand.order
    try:
        refuse_unlike(errand.likeness, likeness(order), host)
        same = run_id(open_workspace(order.workspace, lang=order.lang), order) == errand.run
        why = texts.both("error.cluster_other_files")
    except RiskkitError as refused:
        if refused.key == "cluster_versions":
            raise
        same, why = False, {lang: refused.message(lang) for lang in texts.LANGUAGES}
    except OSError as fault:
        same, why = False, dict.fromkeys(texts.LANGUAGES, str(fault))
    if not same:
        raise ReportFailed("cluster_workspace", folder=order.workspace, host=host, why=why)


def refuse_unlike(here: Mapping[str, str], there: Mapping[str, str], host: str) -> None:
    """Raise `ReportFailed`, naming every difference, where a host is not like the machine a run was begun on."""
    names = [name for name in dict.fromkeys((*here, *there)) if here.get(name) != there.get(name)]
    if names:
        listed = {
            lang: "\n".join(
                texts.say(
                    "error.cluster_version",
                    lang,
                    name=name,
                    here=here.get(name, "-"),
                    there=there.get(name, "-"),
                )
                for name in names
            )
            for lang in texts.LANGUAGES
        }
        raise ReportFailed("cluster_versions", host=host, listed=listed)
