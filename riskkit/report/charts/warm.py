"""Drawing once what every figure begins with, so that processes forked afterwards find fonts and encoders ready."""

from __future__ import annotations

import io
from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from riskkit.model import IndicatorModel
from riskkit.report.charts import canvas as c


def draw_once() -> None:
    """Draw a small figure and forget it."""
    draw(_anything)


def draw(on: Callable[[Axes], object]) -> None:
    """Draw on the axes of a figure that is forgotten. It is none of pyplot's, whose backend is left unchosen."""
    figure = Figure()
    on(figure.subplots())
    FigureCanvasAgg(figure).print_figure(io.BytesIO(), format="png")


def all_labels(model: IndicatorModel) -> Axes:
    """Every node's label as charts of lost points and of changes set it."""
    with c.canvas(None, None, height=0.2 * len(model.nodes)) as on:
        on.rows([on.node(model, name, c.LABEL) for name in model.nodes])
    return on.ax


def _anything(axes: Axes) -> None:
    axes.plot([0, 1], label="x")
    axes.bar([0, 1], [1, 2])
    axes.set(title="Title", xlabel="x", ylabel="y")
    axes.legend()
