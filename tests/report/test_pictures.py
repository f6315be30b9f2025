"""Charts as pictures: as matplotlib draws them, in few colours, whatever was prepared before."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

import riskkit as rk
from riskkit.report import charts
from riskkit.report.charts import canvas, fonts, lettering, pictures
from riskkit.report.charts.lettering import LetteredCanvas
from riskkit.scoring.assessment import Assessment

UNIT = "0103"


@pytest.fixture(scope="module")
def assessment(sample_bank: Path) -> Assessment:
    return rk.open_workspace(sample_bank).assessment("2026Q2")


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def saved(ax: Axes) -> np.ndarray:
    held = io.BytesIO()
    figure: Any = ax.figure
    figure.savefig(held, format="png", dpi=figure.dpi)
    plt.close(figure)
    return pixels(held.getvalue())


def ink(shown: np.ndarray) -> np.ndarray:
    """How dark each piece of sixteen pixels is: a shift by less than one pixel hardly moves it."""
    dark = 255 - shown.mean(axis=2)
    high, wide = (each // 16 * 16 for each in dark.shape)
    return dark[:high, :wide].reshape(high // 16, 16, wide // 16, 16).mean(axis=(1, 3))


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("chart", [charts.dimension_profile, charts.indicator_profile, charts.losses])
def test_a_picture_shows_what_matplotlib_draws(assessment: Assessment, chart: Any, lang: Any) -> None:
    picture = pixels(charts.picture(chart, assessment, UNIT, lang=lang).png)
    plain = saved(chart(assessment, UNIT, lang=lang))
    assert abs(np.subtract(picture.shape, plain.shape)).max() <= 1
    high, wide = np.minimum(picture.shape, plain.shape)[:2]
    assert abs(ink(picture[:high, :wide]) - ink(plain[:high, :wide])).max() < 20
    assert (
        abs(ink(plain[:high, :wide]) - ink(np.flip(plain, 0)[:high, :wide])).max() > 60
    )  # what it would catch


def test_scores_stand_in_a_column_right_of_the_axes(assessment: Assessment) -> None:
    shown = pixels(charts.picture(charts.indicator_profile, assessment, UNIT).png)
    lines = (shown[:, -40:].min(axis=(1, 2)) < 128).astype(int)
    assert np.count_nonzero(np.diff(lines) == 1) == 16  # one for each indicator


def test_a_picture_is_the_same_whether_its_axes_were_laid_in(assessment: Assessment) -> None:
    fresh = charts.picture(charts.indicator_profile, assessment, UNIT)
    canvas.lay_in(1)
    assert charts.picture(charts.indicator_profile, assessment, UNIT) == fresh
    assert not canvas._stock


def test_axes_laid_in_under_another_theme_are_left_alone(
    assessment: Assessment, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = charts.picture(charts.dimension_profile, assessment, UNIT)
    with monkeypatch.context() as changed:
        style = {**canvas._style(), "axes.labelsize": 30}
        changed.setattr(canvas, "_style", lambda: style)
        canvas.lay_in(1)
    assert charts.picture(charts.dimension_profile, assessment, UNIT) == fresh
    canvas._stock.clear()


def test_pyplot_knows_nothing_of_a_picture(assessment: Assessment) -> None:
    plt.close("all")
    charts.picture(charts.losses, assessment, UNIT)
    assert plt.get_fignums() == []


def lettered(draw: Any, kind: Any) -> np.ndarray:
    figure = Figure(figsize=(4, 1), dpi=120)
    kind(figure)
    draw(figure)
    drawn: Any = figure.canvas
    drawn.draw()
    return np.asarray(drawn.buffer_rgba()).astype(int)


@pytest.mark.parametrize("words", ["83.04 B", "借阅超期率", "A4.3 Overdue loans", "−0.5 ▲ %"])
def test_text_at_a_whole_pixel_is_drawn_as_matplotlib_draws_it(words: str) -> None:
    style: dict[str, Any] = {"family": fonts.families(), "color": (0.2, 0.4, 0.6), "transform": None}

    def draw(figure: Figure) -> None:
        figure.text(40, 60, words, fontsize=12, weight="bold", **style)

    assert abs(lettered(draw, LetteredCanvas) - lettered(draw, FigureCanvasAgg)).max() == 0


@given(
    st.text(lettering.FIGURES, min_size=1, max_size=9),
    st.sampled_from(["normal", "bold"]),
    st.sampled_from([7.0, 8.5, 9.0]),  # at 7 points figures touch
)
def test_numbers_put_together_from_figures_are_those_that_matplotlib_draws(
    number: str, weight: str, size: float
) -> None:
    style: dict[str, Any] = {"family": fonts.families(), "weight": weight, "transform": None}
    shown, boxes = [], []
    for kind in (LetteredCanvas, FigureCanvasAgg):
        figure = Figure(figsize=(2, 0.4), dpi=120)
        on: Any = kind(figure)
        text = figure.text(40, 20, number, fontsize=size, **style)
        on.draw()
        shown.append(np.asarray(on.buffer_rgba()).astype(int))
        boxes.append(text.get_window_extent(on.get_renderer()).bounds)
    assert boxes[0] == pytest.approx(boxes[1], abs=1e-9)
    assert abs(shown[0] - shown[1]).max() <= (size == 7.0)  # touching ink is rounded once more


def test_where_figures_do_not_stand_alone_a_number_is_drawn_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = (tuple(fonts.families()), "normal", "normal", 8.5, 121.0)
    laid_out, inked = lettering._laid_out, lettering._inked
    with monkeypatch.context() as changed:
        changed.setattr(
            lettering, "_laid_out", lambda text, of: (laid_out(text, of)[0] + len(text) // 9 / 2, 9, 0)
        )
        assert not lettering._singly(kind)  # the row of pairs is longer than its figures
        lettering._singly.cache_clear()
        changed.setattr(lettering, "_laid_out", lambda text, of: (7.5 * len(text), 9, 0))
        assert not lettering._singly(kind)  # they stand between pixels
        lettering._singly.cache_clear()
        changed.setattr(lettering, "_laid_out", laid_out)
        changed.setattr(lettering, "_inked", lambda text, *how: inked(text, *how) // min(len(text), 2))
        assert not lettering._singly(kind)  # a row of them is fainter than each alone
    lettering._singly.cache_clear()


def test_slanted_text_formulas_and_transparency_are_left_to_matplotlib() -> None:
    def slanted(figure: Figure) -> None:
        figure.text(0.5, 0.1, "slanted", rotation=30)
        figure.text(0.1, 0.5, r"$x^2$")

    def faint(figure: Figure) -> None:
        figure.text(0.1, 0.5, "faint", fontsize=30, alpha=0.3)

    assert (lettered(slanted, LetteredCanvas) == lettered(slanted, FigureCanvasAgg)).all()
    assert abs(lettered(faint, LetteredCanvas).min() - lettered(faint, FigureCanvasAgg).min()) <= 2


def test_heights_are_those_that_matplotlib_looks_up() -> None:
    def lines(figure: Figure) -> None:
        figure.text(0.1, 0.1, "two\nlines", fontsize=11, family=fonts.families())

    boxes = []
    for kind in (LetteredCanvas, FigureCanvasAgg):
        figure = Figure(figsize=(4, 1), dpi=120)
        kind(figure)
        lines(figure)
        drawn: Any = figure.canvas
        boxes.append(figure.texts[0].get_window_extent(drawn.get_renderer()).bounds)
    assert boxes[0] == pytest.approx(boxes[1], abs=1e-9)


def test_what_is_kept_of_a_text_cannot_be_changed() -> None:
    cover, _ = lettering.drawn("85", (tuple(fonts.families()), "normal", "normal", 9.0, 120.0))
    with pytest.raises(ValueError, match="read-only"):
        cover[0, 0] = 1


# --- few colours


def opaque(colours: np.ndarray) -> np.ndarray:
    """One row of opaque pixels."""
    return np.dstack([colours[None], np.full((1, len(colours), 1), 255)]).astype(np.uint8)


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=256, unique=True))
def test_up_to_256_colours_are_kept_exactly(colours: list[tuple[int, int, int]]) -> None:
    shown = opaque(np.array(colours))
    assert (pixels(pictures.packed(shown)) == shown[..., :3]).all()


@given(st.integers(0, 2**32 - 1))
def test_of_more_colours_those_that_differ_least_become_the_commonest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    edge = rng.integers(0, 256, (2000, 1)) * np.array([1, 1, 1]) + rng.integers(0, 3, (2000, 3))
    shown = opaque(np.concatenate([np.clip(edge, 0, 255), np.full((5000, 3), 255)]))
    found = pixels(pictures.packed(shown))
    assert abs(found - shown[..., :3]).max() <= 7
    assert (found[0, 2000:] == 255).all()


def test_the_commonest_colour_is_that_of_most_pixels_whatever_its_stretches() -> None:
    greys = [[grey] * 3 for grey in range(256)]
    long, short = [[11, 11, 11]] * 50, [[200, 200, 200], [10, 10, 10]] * 3
    shown = opaque(np.array([*greys, [1, 0, 0], *long, *short]))
    found = pixels(pictures.packed(shown))
    assert (found[0, 10] == 11).all()


def test_a_picture_of_every_colour_is_still_one() -> None:
    every = np.random.default_rng(1).integers(0, 256, (300, 300, 3))
    shown = np.dstack([every, np.full((300, 300), 255)]).astype(np.uint8)
    assert abs(pixels(pictures.packed(shown)) - every).max() <= 63


def test_a_picture_says_nothing_of_who_drew_it(assessment: Assessment) -> None:
    shown = Image.open(io.BytesIO(charts.picture(charts.losses, assessment, UNIT).png))
    assert shown.info == {}
    assert shown.mode == "P"
