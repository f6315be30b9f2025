"""A branch's report as a plain function: the workbook, and the cells of the notebook one after the other, shown as
IPython would show them."""

from __future__ import annotations

import ast
import base64
import io
import time
from pathlib import Path
from typing import Any

import nbformat

from riskkit import resources
from riskkit.report.making import Order, pack_of

WORKBOOK = (
    "from pathlib import Path\n"
    "from riskkit.report.workbook_branch import write_branch_workbook\n"
    "write_branch_workbook(report.pack, report.unit, Path('report.xlsx'))"
)


def notebook(path: Path) -> Path:
    """riskkit's own notebook, and a last cell that writes the workbook."""
    made = nbformat.read(resources.notebooks() / "branch_report.ipynb", 4)
    made.cells.append(nbformat.v4.new_code_cell(WORKBOOK, id="workbook"))
    nbformat.write(made, path)
    return path


def plain(order: Order, unit: str, folder: Path) -> int:
    """The same work without a notebook; gives the size of what a notebook would hold."""
    import matplotlib

    matplotlib.use("agg")
    given = {"branch": unit, "quarter": order.period, "workspace": str(order.workspace), "lang": order.lang}
    scope: dict[str, Any] = dict(given)
    read = nbformat.read(notebook(folder / "plain.ipynb"), 4)
    cells = [cell.source for cell in read.cells if cell.cell_type == "code"]
    return sum(
        _shown(source.replace("'report.xlsx'", repr(str(folder / "plain.xlsx"))), scope)
        for source in cells[1:]
    )


def _shown(source: str, scope: dict[str, Any]) -> int:
    import matplotlib.pyplot as plt

    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), scope)
    value = eval(compile(ast.Expression(last.value), "cell", "eval"), scope) if last else None
    size = len(value._repr_html_()) + len(repr(value)) if hasattr(value, "_repr_html_") else 0
    for number in plt.get_fignums():
        held, figure = io.BytesIO(), plt.figure(number)
        figure.savefig(held, format="png", dpi=figure.dpi)
        size += len(base64.b64encode(held.getvalue()))
    plt.close("all")
    return size


def page(order: Order, executed: Path, target: Path) -> float:
    """Processor seconds that the page of a notebook takes."""
    from riskkit.report.house_style import themed
    from riskkit.report.notebooks import to_html

    pack = pack_of(order)
    began = time.process_time()
    with themed(pack.workspace):
        to_html(executed, target, title="0103", marking=pack.marking, lang=pack.lang)
    return time.process_time() - began
