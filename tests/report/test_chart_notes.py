"""Small texts of charts: where they stand, and for which of them room is sought."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes

import riskkit as rk
from riskkit import texts
from riskkit.report import charts
from riskkit.report.pack import QuarterPack, prepare

UNIT = "0103"


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def pack(sample_bank: Path) -> QuarterPack:
    return prepare(rk.open_workspace(sample_bank), "2026Q2")


def draw(ax: Axes) -> None:
    ax.figure.canvas.draw()


def test_numbers_of_bars_that_are_zoomed_away_go_with_them(pack: QuarterPack) -> None:
    ax = charts.ranking(pack.assessment, lang="en")
    draw(ax)
    whole = ax.get_tightbbox()
    ax.set_xlim(88, 95)
    ax.set_ylim(9.5, -0.6)
    draw(ax)
    zoomed = ax.get_tightbbox()
    assert whole is not None
    assert zoomed is not None
    assert zoomed.width < 1.1 * whole.width
    assert zoomed.height < 1.1 * whole.height


def test_in_axes_that_are_given_room_is_sought_for_every_text(pack: QuarterPack) -> None:
    _, ax = plt.subplots()
    charts.losses(pack.assessment, UNIT, ax=ax)
    assert all(text.get_in_layout() for text in ax.texts)


@pytest.mark.parametrize("lang", texts.LANGUAGES)
@pytest.mark.parametrize("chart", ["losses", "why", "trend"])
def test_texts_for_which_no_room_is_sought_lie_within_the_axes(
    chart: str, lang: texts.Language, pack: QuarterPack
) -> None:
    assert pack.movement is not None
    why, history = pack.movement.why, pack.workspace.history(pack.period)
    seen = 0
    for unit in why.groups.index[::3]:
        ax = {
            "losses": lambda unit: charts.losses(pack.assessment, unit, lang=lang),
            "why": lambda unit: charts.why(why, unit, lang=lang),
            "trend": lambda unit: charts.trend(history, unit, lang=lang),
        }[chart](unit)
        draw(ax)
        room = ax.get_window_extent()
        inside = [text.get_window_extent() for text in ax.texts if not text.get_in_layout()]
        seen += len(inside)
        assert all(room.x0 <= box.x0 and box.x1 <= room.x1 + 1 for box in inside), unit
        plt.close("all")
    assert seen > 60
