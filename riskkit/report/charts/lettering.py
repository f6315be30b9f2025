"""Text on charts that is drawn once: where the same text is set again, its picture is put down again.

The reports of a period share most labels, and laying out and drawing Chinese text is most of what a chart costs. A text
is set at whole pixels, so that its picture is the same wherever it stands. Numbers, which reports do not share, are put
together from their figures.
"""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.font_manager import FontProperties, findfont, get_font

KEPT = 4096
"""Texts that are kept, the last ones used."""
AROUND = 3
"""Pixels beyond its measures that a text's letters may reach."""

FIGURES = "0123456789.+−%"
"""What numbers are put together from."""

Type = tuple[tuple[str, ...], Any, Any, float, float]
"""Families, weight, style, size in points, and dots an inch."""


class LetteredCanvas(FigureCanvasAgg):
    """A figure's canvas on which texts are kept."""

    _size: tuple[int, int, float] | None = None
    _lettering: Lettering

    def get_renderer(self) -> Lettering:
        """What draws the figure; made anew where its size has changed."""
        size = (*self.get_width_height(physical=True), self.figure.dpi)
        if self._size != size:
            self._lettering, self._size = Lettering(*size), size  # type: ignore[no-untyped-call]  # matplotlib's
        return self._lettering


class Lettering(RendererAgg):
    """matplotlib's own renderer, but for texts that are level and no formulas: those are kept."""

    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> Any:
        """As matplotlib documents it."""
        if ismath:
            return super().get_text_width_height_descent(s, prop, ismath)  # type: ignore[no-untyped-call]  # matplotlib's
        return _measured(s, _type(prop, self.dpi))

    def _get_font_height_metrics(self, prop: FontProperties) -> tuple[float | None, float | None, float]:
        """Where matplotlib asks for it (3.11): what it would look up in the font again for every text."""
        return _heights(_type(prop, self.dpi))

    def draw_text(
        self,
        gc: Any,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        """As matplotlib documents it."""
        if ismath or angle or not gc.get_antialiased():
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)  # type: ignore[no-untyped-call]  # matplotlib's
            return
        cover, below = drawn(s, _type(prop, self.dpi))
        inked = np.empty((*cover.shape, 4), np.uint8)
        inked[..., :3] = np.round(np.multiply(gc.get_rgb()[:3], 255))
        inked[..., 3] = cover if gc.get_alpha() == 1 else np.round(cover * gc.get_alpha())
        self.draw_image(gc, round(x) - AROUND, int(self.height) - round(y) - below, inked)


def _type(prop: FontProperties, dpi: float) -> Type:
    families = tuple(prop.get_family())
    return families, prop.get_weight(), prop.get_style(), prop.get_size_in_points(), dpi


@lru_cache(KEPT)
def _measured(text: str, of: Type) -> tuple[float, float, float]:
    """Width, height and depth below the baseline in pixels."""
    if not _is_number(text, of):
        return _laid_out(text, of)
    widths, heights, depths = zip(*(_laid_out(figure, of) for figure in text), strict=True)
    rise = max(height - depth for height, depth in zip(heights, depths, strict=True))
    return sum(widths), rise + max(depths), max(depths)


@lru_cache(KEPT)
def drawn(text: str, of: Type) -> tuple[np.ndarray, int]:
    """How much of each pixel a text covers, the lowest row first, and how many rows lie below the baseline."""
    size, below = _room(*_measured(text, of))
    cover = (_joined if _is_number(text, of) else _inked)(text, of, size, below)
    cover.flags.writeable = False
    return cover, below


def _room(width: float, height: float, depth: float) -> tuple[tuple[int, int], int]:
    """Rows and columns of a text's picture, and how many rows lie below the baseline."""
    below = math.ceil(depth) + AROUND
    return (below + math.ceil(height - depth) + AROUND, math.ceil(width) + 2 * AROUND), below


def _inked(text: str, of: Type, size: tuple[int, int], below: int) -> np.ndarray:
    renderer = _plain(size[1], size[0], of)
    gc = renderer.new_gc()
    gc.set_foreground("black")
    renderer.draw_text(gc, AROUND, renderer.height - below, text, _prop(of), 0)  # type: ignore[no-untyped-call]  # matplotlib's
    return np.array(renderer.buffer_rgba())[::-1, :, 3]  # type: ignore[no-untyped-call]  # matplotlib's


def _joined(text: str, of: Type, size: tuple[int, int], below: int) -> np.ndarray:
    cover, right = np.zeros(size, np.uint8), 0
    for figure in text:
        own, under = drawn(figure, of)
        place = cover[below - under :, right:][: own.shape[0], : own.shape[1]]
        np.maximum(place, own, out=place)
        right += int(_laid_out(figure, of)[0])
    return cover


def _is_number(text: str, of: Type) -> bool:
    return len(text) > 1 and not set(text).difference(FIGURES) and _singly(of)


@cache
def _singly(of: Type) -> bool:
    """Whether figures stand side by side as if each were alone: at whole pixels, no pair nearer or further, and none
    touching."""
    pairs = "".join(one + other for one in FIGURES for other in FIGURES)
    width, whole = {figure: _laid_out(figure, of)[0] for figure in FIGURES}, _laid_out(pairs, of)
    if not all(each.is_integer() for each in width.values()) or whole[0] != sum(
        width[each] for each in pairs
    ):
        return False
    room = _room(*whole)
    return np.array_equal(_inked(pairs, of, *room), _joined(pairs, of, *room))


@lru_cache(KEPT)
def _laid_out(text: str, of: Type) -> tuple[float, float, float]:
    """As `_measured`, by matplotlib."""
    width, height, depth = _plain(1, 1, of).get_text_width_height_descent(text, _prop(of), False)  # type: ignore[no-untyped-call]  # matplotlib's
    return width, height, depth


def _plain(width: int, height: int, of: Type) -> RendererAgg:
    return RendererAgg(width, height, of[-1])  # type: ignore[no-untyped-call]  # matplotlib's


@cache
def _prop(of: Type) -> FontProperties:
    families, weight, style, size, _ = of
    return FontProperties(family=list(families), weight=weight, style=style, size=size)


@lru_cache(KEPT)
def _heights(of: Type) -> tuple[float | None, float | None, float]:
    """Ascent, descent and the gap between lines, by the first table of the font that tells them."""
    size, dpi = of[-2:]
    font = get_font(findfont(_prop((of[0][:1], *of[1:]))))
    head, table, other = font.get_sfnt_table("head"), font.get_sfnt_table("OS/2"), font.get_sfnt_table("hhea")
    if head is None or (table is None and other is None):
        return None, None, 0.0
    pixels = size * dpi / 72 / head["unitsPerEm"]
    if table is not None:
        ends = table["sTypoAscender"], -table["sTypoDescender"], table["sTypoLineGap"]
    elif other is not None:
        ends = other["ascent"], -other["descent"], other["lineGap"]
    ascent, descent, gap = (each * pixels for each in ends)
    return ascent, descent, gap
