"""What every chart is drawn on: one set of colours, one font, one language."""

from __future__ import annotations

import contextlib
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.transforms import Bbox, ScaledTranslation, Transform
from numpy.typing import ArrayLike

from riskkit import texts
from riskkit.model import IndicatorModel
from riskkit.report import house_style
from riskkit.report.charts import fonts
from riskkit.report.charts.lettering import LetteredCanvas
from riskkit.report.theme import reads_on, theme
from riskkit.scoped import Scoped
from riskkit.workspace import Workspace


def colour(name: str) -> str:
    """A colour of the theme by its name there, as matplotlib writes it."""
    return f"#{theme().colour(name)}"


def _style() -> dict[str, Any]:
    return {
        "axes.axisbelow": True,
        "axes.edgecolor": colour("hairline"),
        "axes.grid": False,
        "axes.labelcolor": colour("grey"),
        "axes.labelsize": 9,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 11.5,
        "axes.titleweight": "bold",
        "axes.titlecolor": colour("rule"),
        "axes.titlepad": 12,
        "axes.unicode_minus": True,
        "font.family": fonts.families(),
        "font.size": 9.5,
        "grid.color": colour("hairline"),
        "grid.linewidth": 0.7,
        "hatch.linewidth": 0.6,
        "legend.fontsize": 8.5,
        "legend.frameon": False,
        "text.color": colour("ink"),
        "text.parse_math": False,  # names and an institution's wording are text, whatever they hold
        "xtick.color": colour("grey"),
        "xtick.labelsize": 9,
        "ytick.color": colour("ink"),
        "ytick.labelsize": 9.5,
        "xtick.major.size": 0,
        "ytick.major.size": 0,
    }


def forget_settings() -> None:
    """Have matplotlib go by its own defaults, whatever somebody has set in a matplotlibrc."""
    matplotlib.rcdefaults()


WIDTH = 7.6
DPI = 120
LABEL = 44
"""Characters of a label in a line, where bars are named by items."""
PAD = 0.08
"""Inches between the edge of a figure and what is drawn next to it."""
NAME_BELOW = 20.5
"""Points from a horizontal axis down to its name: those of a line of numbers and around it."""
HALO = [withStroke(linewidth=2.5, foreground="white")]
"""Keeps a label readable where it lies on a line."""
NOTE: dict[str, Any] = {"va": "center", "fontsize": 8.5, "clip_on": False}
"""How numbers beside marks are set."""
_CHINESE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff]")

apart: Scoped[bool] = Scoped("apart", lambda: False)
"""Whether new figures are pictures in the making, drawn when all is on them; pyplot does not know of those."""
_chosen: texts.Language | None = None


def use(lang: texts.Language, workspace: Workspace | None = None) -> None:
    """The language of charts that are not told another, and whose theme and wording they have; also gives figures of
    your own a font that has Chinese.

    >>> use("en", open_workspace("data_samples/bank"))
    """
    if workspace is not None:
        house_style.keep(workspace)
    global _chosen  # like matplotlib's own settings, one for the whole session
    _chosen = lang
    matplotlib.rcParams["font.family"] = fonts.families()


def spoken(lang: texts.Language | None) -> texts.Language:
    """The language a chart is labelled in: English where no installed font has Chinese."""
    wanted = lang or _chosen or texts.screen_language()
    return wanted if wanted == "en" or fonts.chinese_family() else "en"


class _Note(Text):
    """A text at a place in the data, which is not there while that place is not shown, as after zooming."""

    @property
    def _shown(self) -> bool:
        axes: Any = self.axes
        return bool(axes.viewLim.contains(*self.get_position()))

    def draw(self, renderer: Any) -> None:
        """As matplotlib documents it."""
        if self._shown:
            super().draw(renderer)

    def get_tightbbox(self, renderer: Any = None) -> Bbox | None:
        """As matplotlib documents it."""
        return super().get_tightbbox(renderer) if self._shown else Bbox.null()


@dataclass(frozen=True)
class Canvas:
    """Axes and the language they are labelled in."""

    ax: Axes
    lang: texts.Language
    own: bool = True
    """Whether the axes were made for the chart, and nobody has seen them yet."""
    _places: dict[tuple[tuple[float, float], bool], Transform] = field(default_factory=dict, compare=False)

    def say(self, key: str, **values: Any) -> str:
        """A text of the `chart:` section."""
        return texts.say(f"chart.{key}", self.lang, **values)

    def unit(self, summary: pd.DataFrame, unit: str) -> str:
        """A unit's name; its code where the name could not be written."""
        name = str(summary.loc[unit, "name"])
        return unit if _CHINESE.search(name) and not fonts.chinese_family() else name

    def node(self, model: IndicatorModel, node: str, width: int = 0) -> str:
        """A node's id and name, folded at `width` characters (Chinese ones count double); the total for ""."""
        if node == "":
            return self.say("total")
        name = model.nodes[node].name[self.lang]
        label = name if node.islower() else f"{node} {name}"  # an id that is a word tells nothing more
        return self.folded(label, width)

    def folded(self, text: str, width: int) -> str:
        """A text broken into lines of about `width` characters, Chinese ones counting double."""
        if not width:
            return text
        return "\n".join(textwrap.wrap(text, width if self.lang == "en" else int(width * 0.62)))

    def title(self, key: str, **values: Any) -> None:
        """The chart's title; its height is worked out only where labels stand on top, too."""
        above = self.ax.xaxis.get_ticks_position() == "top"
        self.ax.set_title(self.say(key, **values), y=None if above else 1.0)

    def below(self, label: str) -> None:
        """The name of the horizontal axis, below one line of numbers."""
        self.ax.set_xlabel(label)
        self.ax.xaxis.set_label_coords(0.5, 0, transform=self.ax.transAxes + self._shift(0, -NAME_BELOW))

    def _shift(self, right: float, up: float) -> ScaledTranslation:
        """By so many points."""
        figure = self.ax.get_figure(root=True)
        assert figure is not None, "axes lie in a figure"
        return ScaledTranslation(right / 72, up / 72, figure.dpi_scale_trans)

    def points_axis(self, maximum: float) -> None:
        """The horizontal axis of scores, from 0."""
        self.ax.set_xlim(0, maximum)
        self.below(self.say("points", maximum=maximum))
        self.ax.grid(axis="x")

    def rows(self, labels: list[str]) -> None:
        """One row a label, the first on top."""
        self.ax.set_yticks(range(len(labels)), labels)
        self.ax.set_ylim(len(labels) - 0.4, -0.6)
        self.ax.spines["left"].set_visible(False)
        self.ax.yaxis.set_label_coords(0, 0)  # there is none: matplotlib need not look for room for it

    def legend(self, *, below: float = 34.0, columns: int = 0) -> None:
        """What the marks mean, so many points below the axis; in one row, or in so many columns."""
        handles, labels = self.ax.get_legend_handles_labels()
        if handles:
            place: dict[str, Any] = {
                "bbox_to_anchor": (1, 0),
                "bbox_transform": self.ax.transAxes + self._shift(0, -below),
            }
            spacing: dict[str, Any] = {"borderaxespad": 0, "columnspacing": 1.4, "handletextpad": 0.5}
            self.ax.legend(
                handles, labels, ncols=columns or len(handles), loc="upper right", **place, **spacing
            )

    def bars(
        self, rows: ArrayLike, lengths: ArrayLike, *, left: ArrayLike = 0.0, height: ArrayLike, **look: Any
    ) -> None:
        """Horizontal bars as one artist, which is less work than as many rectangles; axes that have them are told their
        limits."""
        middle, length, start, high = np.broadcast_arrays(rows, lengths, left, height)
        x, y = np.array([start, start + length]), np.array([middle - high / 2, middle + high / 2])
        corners: Any = np.stack([x[[0, 1, 1, 0]], y[[0, 0, 1, 1]]]).T
        bars = PolyCollection(corners, **({"edgecolors": "none"} | look))
        self.ax.add_collection(bars, autolim=False)

    def note(
        self,
        words: str,
        at: tuple[float, float],
        by: tuple[float, float],
        *,
        beside: bool = False,
        inside: bool = False,
        **look: Any,
    ) -> None:
        """A small text, so many points right of and above a place in the data; `beside`: at a height of the data, its
        first number a share of the axes' width. `inside`: in axes of the canvas's own it lies within them whatever it
        says, and no room is sought for it around them."""
        if (by, beside) not in self._places:
            start = self.ax.get_yaxis_transform() if beside else self.ax.transData
            self._places[by, beside] = start + self._shift(*by)
        where: dict[str, Any] = {
            "transform": self._places[by, beside],
            "in_layout": not (inside and self.own),
        }
        note = (Text if beside else _Note)(*at, words, **(where | NOTE | look))
        self.ax.add_artist(note)

    def nothing(self, key: str) -> None:
        """A sentence instead of an empty frame."""
        self.ax.set_axis_off()
        self.ax.text(0, 0.5, self.say(key), transform=self.ax.transAxes, color=colour("grey"))


@contextlib.contextmanager
def canvas(
    ax: Axes | None,
    lang: texts.Language | None,
    *,
    height: float,
    width: float = WIDTH,
) -> Iterator[Canvas]:
    """Axes to draw on: those given, or those of a new figure, whose margins are settled when all is drawn; every text
    in them gets the chart's font."""
    own, style = ax is None, _style()
    if own and apart.get():
        with _picture(lang, style, (width, height)) as on:
            yield on
        return
    figure = ax.figure if ax is not None else _new_figure(width, height)
    settings: Any = style
    with matplotlib.rc_context(settings):
        ax = ax if ax is not None else figure.add_subplot()
        yield Canvas(ax, spoken(lang), own)
        for text in ax.findobj(Text):
            text.set_fontfamily(style["font.family"])
        if own:
            _settle(figure, ax)
    if figure.canvas.required_interactive_framework is None:
        figure.stale = False  # no window shows it: a notebook need not draw it before it is saved


def _new_figure(width: float, height: float) -> Any:
    """A figure, made before the chart's settings hold: they would undo what a notebook's backend sets at its first."""
    import matplotlib.pyplot as plt

    return plt.figure(figsize=(width, height), dpi=DPI)


@contextlib.contextmanager
def _picture(
    lang: texts.Language | None, style: dict[str, Any], size: tuple[float, float]
) -> Iterator[Canvas]:
    """Axes of a figure that is drawn here and nowhere else, so that all its texts are made in the chart's style."""
    settings: Any = style
    with matplotlib.rc_context(settings):
        ax = _stock.pop()[1] if _stock and _stock[-1][0] == style else _bare()
        figure: Any = ax.figure
        figure.set_size_inches(size)
        yield Canvas(ax, spoken(lang))
        _settle(figure, ax)
        figure.canvas.draw()


def _bare() -> Axes:
    figure = Figure(dpi=DPI)
    LetteredCanvas(figure)
    ax = figure.add_subplot()
    for spine in ax.spines.values():
        spine.set_in_layout(False)  # they lie where the axes end
    return ax


_stock: list[tuple[dict[str, Any], Axes]] = []


def lay_in(count: int) -> None:
    """Make the empty axes of so many pictures, for processes forked afterwards: a third of what one costs.

    Each is used once; they serve as long as style and theme are those that hold now.
    """
    style = _style()
    settings: Any = style
    with matplotlib.rc_context(settings):
        for _ in range(count):
            ax = _bare()
            for axis, ticks in ((ax.xaxis, 12), (ax.yaxis, 24)):
                axis.get_major_ticks(ticks)  # those that are not needed are not drawn
            _stock.append((style, ax))


def _settle(figure: Any, ax: Axes) -> None:
    """Give axes all the room that their labels leave. Measured once, when all is drawn: matplotlib's constrained layout
    measures twice at every drawing, and draws twice for it."""
    outer, inner = ax.get_tightbbox(figure._get_renderer()), ax.get_window_extent()
    assert outer is not None, "axes that are seen have a box"
    width, height, pad = figure.bbox.width, figure.bbox.height, PAD * figure.dpi
    figure.subplots_adjust(
        left=(inner.x0 - outer.x0 + pad) / width,
        right=1 - (outer.x1 - inner.x1 + pad) / width,
        bottom=(inner.y0 - outer.y0 + pad) / height,
        top=1 - (outer.y1 - inner.y1 + pad) / height,
    )


def grade_colours(model: IndicatorModel) -> dict[str, str]:
    """A colour for each grade, best first."""
    return {
        name: f"#{theme().grade(place, len(model.grades)).solid}" for place, name in enumerate(model.grades)
    }


def shade(share: float) -> str:
    """The colour of a share of full marks; grey for none."""
    return colour("hairline") if share != share else f"#{theme().shade(share)}"


def share(share: float) -> str:
    """A share in whole percent, where 100 % and 0 % mean every draw and none."""
    if 0.995 <= share < 1:
        return "> 99 %"
    return "< 1 %" if 0 < share < 0.005 else f"{share:.0%}".replace("%", " %")


def ink_on(on: str) -> str:
    """The text colour that reads best on a colour."""
    return f"#{theme().colour(reads_on(on.removeprefix('#')))}"
