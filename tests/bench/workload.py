"""One report as a notebook of fifteen cells and as a plain function: three styled tables, four figures, a workbook of
five sheets. The function is the cells one after the other, shown as IPython would show them."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

CELLS = [
    "import io\nimport matplotlib.pyplot as plt\nimport numpy as np\nimport pandas as pd\nfrom openpyxl import Workbook",
    "rng = np.random.default_rng(branch)\nunits = [f'{n:04d}' for n in range(40)]\nscores = pd.DataFrame(rng.normal(80, 8, (40, 16)).round(1), units, [f'I{n + 1}' for n in range(16)])",
    "totals = scores.mean(axis=1).sort_values(ascending=False)\ntotals.head()",
    "scores.head(12).style.set_uuid('a').format(precision=1).background_gradient(cmap='RdYlGn', axis=None)",
    "fig, ax = plt.subplots(figsize=(7, 6))\nax.barh(totals.index, totals)\nax.set_title('Ranking');",
    "ranked = totals.rank(ascending=False)\nprint(f'{len(ranked)} units, best {totals.index[0]}')",
    "scores.describe().style.set_uuid('b').format(precision=2)",
    "fig, ax = plt.subplots(figsize=(7, 5))\nax.imshow(scores, aspect='auto')\nax.set_title('Heat map');",
    "history = pd.DataFrame(rng.normal(0, 1, (12, 3)).cumsum(axis=0), columns=['A', 'B', 'C'])\nhistory.tail(3)",
    "fig, ax = plt.subplots(figsize=(7, 4))\nax.plot(history)\nax.legend(history.columns)\nax.grid();",
    "worst = scores.stack().nsmallest(12).rename('points').reset_index()\nworst.style.set_uuid('c').hide(axis='index').highlight_min('points')",
    "fig, ax = plt.subplots(figsize=(6, 5))\nax.scatter(scores['I1'], scores['I2'], c=totals)\nax.set_xlabel('I1');",
    "book = Workbook()\nfor number in range(5):\n    sheet = book.create_sheet(f'Sheet {number + 1}')\n    sheet.append(['unit', *scores.columns])\n    for unit, row in scores.iterrows():\n        sheet.append([unit, *row.tolist()])",
    "held = io.BytesIO()\nbook.save(held)\nprint(len(held.getvalue()) > 10000)",
    "summary = {'mean': round(float(totals.mean()), 2), 'spread': round(float(totals.std()), 2)}\nsummary",
]  # fmt: skip


def write(folder: Path) -> Path:
    """The notebook."""
    import nbformat

    made = nbformat.v4.new_notebook()
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made.cells = [
        nbformat.v4.new_code_cell("branch = 0", metadata={"tags": ["parameters"]}),
        *map(nbformat.v4.new_code_cell, CELLS),
    ]
    path = folder / "report.ipynb"
    nbformat.write(made, path)
    return path


def plain(branch: int, interactive: bool) -> int:
    """The same work without a notebook: cells run by `exec`, tables as HTML, figures as PNG, as a notebook holds them.

    Where pyplot is `interactive`, as it is in notebooks, it draws every figure once more.
    """
    import ast

    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    scope: dict[str, Any] = {"branch": branch}
    size = 0
    for cell in CELLS:
        tree = ast.parse(cell)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), scope)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), scope) if last else None
        if hasattr(value, "_repr_html_"):
            size += len(value._repr_html_())
        for number in plt.get_fignums():
            held = io.BytesIO()
            if interactive:
                plt.figure(number).canvas.draw()
            plt.figure(number).savefig(held, format="png", bbox_inches="tight", dpi="figure")
            size += len(base64.b64encode(held.getvalue()))
        plt.close("all")
    return size
