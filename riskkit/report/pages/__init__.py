"""What the report notebooks say: `rk.notebook`. Imported in the kernel, so nothing heavy is loaded before it is needed.

import riskkit as rk

report = rk.notebook.open_branch(globals())
report.heading("losses")
report.losses()
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from riskkit.report.pages.parameters import Stopped, read, told

if TYPE_CHECKING:
    from riskkit.report.pack import QuarterPack
    from riskkit.report.pages.branch import BranchReport
    from riskkit.report.pages.parameters import Parameters
    from riskkit.report.pages.quarter import QuarterReport

__all__ = ["Stopped", "open_branch", "open_quarter"]


def open_branch(scope: Mapping[str, Any]) -> BranchReport:
    """The report a notebook's parameters `branch, quarter, workspace, lang` ask for; `scope` is its `globals()`.

    Raises `Stopped`, in one line, for a parameter misspelt, of the wrong kind or naming nothing that exists.
    """
    from riskkit.report.pages.branch import BranchReport

    with told(scope):
        wanted = read(scope, ("branch", "quarter", "workspace", "lang"))
        pack = _pack(wanted)
        return BranchReport(pack, pack.workspace.unit(wanted.branch))


def open_quarter(scope: Mapping[str, Any]) -> QuarterReport:
    """The summary a notebook's parameters `quarter, workspace, lang` ask for; otherwise as `open_branch`."""
    from riskkit.report.pages.quarter import QuarterReport

    with told(scope):
        return QuarterReport(_pack(read(scope, ("quarter", "workspace", "lang"))))


def _pack(wanted: Parameters) -> QuarterPack:
    from riskkit.report import charts
    from riskkit.report.pack import kept, prepare
    from riskkit.workspace import open_workspace

    if pack := kept(wanted.workspace, wanted.quarter, wanted.lang):
        charts.use(pack.lang, pack.workspace)
        return pack
    workspace = open_workspace(wanted.workspace or None, lang=wanted.lang)
    charts.use(workspace.lang, workspace)
    return prepare(workspace, wanted.quarter, workspace.lang)
