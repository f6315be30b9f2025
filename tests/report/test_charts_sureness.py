"""Charts of how sure results are: what is drawn is what was computed, and what cannot be said is said."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.text import Text

import riskkit as rk
from riskkit.analysis.real_change import RealChange
from riskkit.analysis.uncertainty import Uncertainty
from riskkit.analysis.variance_shares import VarianceShares
from riskkit.report import charts


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def sure(sample_assessment: Any) -> Uncertainty:
    return rk.uncertainty(sample_assessment, draws=200, seed=1)


@pytest.fixture(scope="module")
def change(sample_bank: Path, sample_assessment: Any) -> RealChange:
    before = rk.open_workspace(sample_bank).assessment("2026Q1")
    return rk.real_change(before, sample_assessment, draws=200, seed=1)


def words(ax: Axes) -> list[str]:
    ax.figure.canvas.draw()
    return [text.get_text() for text in ax.findobj(Text) if text.get_text()]


def marks(ax: Axes) -> dict[str, Any]:
    """Marks by what the legend says of them."""
    handles, labels = ax.get_legend_handles_labels()
    return dict(zip(labels, handles, strict=True))


# --- scores with their intervals


def test_every_ranked_unit_has_its_interval_its_score_and_its_grade(sure: Uncertainty) -> None:
    ax = charts.uncertainty(sure, lang="en")
    units = sure.units
    lines = next(each for each in ax.collections if isinstance(each, LineCollection))
    ends = [(line[0][0], line[1][0]) for line in lines.get_segments()]
    assert ends == list(zip(units["score_low"], units["score_high"], strict=True))
    dots = next(each for each in ax.collections if isinstance(each, PathCollection))
    assert dots.get_offsets().tolist() == [[score, row] for row, score in enumerate(units["score"])]
    grades = [text.get_text() for text in ax.texts if text.get_text() in sure.grades.columns]
    assert len(grades) >= len(units)
    assert [text.get_text() for text in ax.get_yticklabels()] == units["name"].tolist()


def test_the_chances_of_a_unit_fill_one_bar_in_their_shares(sure: Uncertainty) -> None:
    ax = charts.uncertainty(sure, lang="en")
    widths = np.array([[bar.get_width() for bar in bars] for bars in ax.containers]).T
    assert widths.shape == sure.grades.shape
    np.testing.assert_allclose(widths / widths.sum(axis=1, keepdims=True), sure.grades, atol=1e-9)


def test_ranks_that_cannot_be_told_apart_are_named_once_a_group(sure: Uncertainty) -> None:
    ranks = sure.units.groupby("group")["rank"].agg(["min", "max", "size"])
    wanted = [f"第 {low}–{high} 名难分高下" for low, high, size in ranks.to_numpy() if size > 1]
    told = words(charts.uncertainty(sure, lang="zh"))
    assert [text for text in told if "难分高下" in text and text in wanted] == wanted
    assert len(wanted) > 2


@pytest.mark.parametrize(("count", "drawn"), [(1, 1), (3, 3), (400, 60)])
def test_a_few_units_and_hundreds_can_be_drawn(sure: Uncertainty, count: int, drawn: int) -> None:
    """Of 400 units the first 60 are drawn, and the title says so."""
    rows = np.arange(count) % len(sure.units)
    labels = [f"U{place}" for place in range(count)]
    many = dataclasses.replace(
        sure, units=sure.units.iloc[rows].set_axis(labels), grades=sure.grades.iloc[rows].set_axis(labels)
    )
    ax = charts.uncertainty(many, lang="en")
    assert len(ax.get_yticklabels()) == drawn
    assert ("the first 60" in ax.get_title(loc="left")) is (count > drawn)
    assert ("1 unit in 1 group" in ax.get_title(loc="left")) is (count == 1)
    words(ax)


def test_what_the_evidence_cannot_say_stands_below_with_what_it_would_take(sure: Uncertainty) -> None:
    items = list(sure.assessment.model.items)
    silent = pd.DataFrame(
        [
            ("sampling", items[0], 1, "single_case"),
            *(("rating", item, 48, "no_second_rater") for item in items[:5]),
        ],
        columns=["source", "item", "units", "key"],
    )
    told = "\n".join(words(charts.uncertainty(dataclasses.replace(sure, silent=silent), lang="en")))
    told = told.replace("\n", " ")
    assert "1 item had a single sampled case in up to 1 unit" in told
    assert "at least 2 cases" in told
    assert "of 5 items fewer than 10 answers were scored twice" in told
    assert items[2] in told
    assert items[3] not in told  # three are named
    assert "cannot be told:" not in "\n".join(words(charts.uncertainty(sure, lang="en")))


# --- where the uncertainty comes from


SHARES = VarianceShares(
    sources=pd.DataFrame(
        {
            "first": [0.2, 0.7, 0.0],
            "first_error": [0.01, 0.02, 0.0],
            "total": [0.3, 0.75, 0.0],
            "total_error": [0.01, 0.02, 0.0],
        },
        index=["weights", "sampling", "rating"],
    ),
    first=pd.DataFrame(),
    total=pd.DataFrame({"sampling": [0.75]}),
    points=64,
    converged=True,
)


def test_each_source_has_two_bars_with_errors_and_the_greatest_is_the_finding() -> None:
    ax = charts.variance_shares(SHARES, lang="en")
    bars = marks(ax)
    assert [bar.get_width() for bar in bars["on its own"]] == [0.7, 0.2, 0.0]
    assert [bar.get_width() for bar in bars["together with the others"]] == [0.75, 0.3, 0.0]
    (whiskers,) = bars["on its own"].errorbar.lines[2]
    reach = [line[1][0] - line[0][0] for line in whiskers.get_segments()]
    np.testing.assert_allclose(reach, [2 * 1.96 * 0.02, 2 * 1.96 * 0.01, 0.0])
    assert "sampling (75 %)" in ax.get_title(loc="left")
    assert "no effect, or no evidence to tell from" in words(ax)


def test_shares_that_did_not_become_precise_and_scores_that_do_not_vary_are_told() -> None:
    rough = charts.variance_shares(dataclasses.replace(SHARES, converged=False), lang="en")
    assert "not enough for the precision" in rough.get_xlabel()
    still = dataclasses.replace(SHARES, total=pd.DataFrame({"sampling": [np.nan]}))
    assert "none of the sources moves any score" in words(charts.variance_shares(still, lang="en"))


# --- which changes are real


def test_changes_are_marked_by_verdict_over_what_can_be_detected(change: RealChange) -> None:
    ax = charts.real_change(change, lang="en")
    units = change.units.sort_values("change", ascending=False)
    counts = units["verdict"].value_counts()
    found = marks(ax)
    real = len(found["real gain"].get_offsets()) + len(found["real fall"].get_offsets())
    assert real == counts["real"]
    assert len(found["may be chance"].get_offsets()) == counts["not_shown"]
    hollow = found["cannot say: under 50% comparable"]
    assert len(hollow.get_offsets()) == counts["cannot_say"]
    assert hollow.get_facecolor().tolist() == [[1, 1, 1, 1]]
    bands = found["within the minimum detectable change"]
    wanted = units.loc[units["verdict"] != "cannot_say", "detectable"].tolist()
    assert [(-bar.get_x(), bar.get_width()) for bar in bands] == [(each, 2 * each) for each in wanted]
    assert ax.get_title(loc="left") == f"2026Q1 to 2026Q2: {real} of 48 changes are real"


@pytest.mark.parametrize(
    ("verdicts", "title"),
    [
        (["real"], "1 of 1 change is real"),
        (["not_shown", "cannot_say"], "no change of 2 units is beyond measurement error"),
        (["cannot_say"], "of no unit can a change be told"),
    ],
)
def test_the_title_of_changes_is_the_finding(change: RealChange, verdicts: list[str], title: str) -> None:
    few = change.units.head(len(verdicts)).assign(verdict=verdicts)
    ax = charts.real_change(dataclasses.replace(change, units=few), lang="en")
    assert ax.get_title(loc="left").endswith(title)
    words(ax)


def test_of_many_changes_the_real_ones_are_drawn_first(change: RealChange) -> None:
    real = int((change.units["verdict"] == "real").sum())
    ax = charts.real_change(change, lang="en", limit=real)
    assert "may be chance" not in marks(ax)
    assert len(ax.get_yticklabels()) == real


def test_nobody_in_both_periods_is_a_sentence(change: RealChange) -> None:
    ax = charts.real_change(dataclasses.replace(change, units=change.units.head(0)), lang="zh")
    assert "没有两期都评估的机构" in words(ax)


# --- trends with what may be chance


def band(ax: Axes) -> set[tuple[float, float]]:
    """The corners of the band of the 90 % interval."""
    (found,) = [each for each in ax.collections if each.get_label() == "90% interval"]
    return {(float(x), float(y)) for path in found.get_paths() for x, y in path.vertices}


def test_the_band_of_a_unit_is_its_interval_in_every_period(sample_bank: Path) -> None:
    bank = rk.open_workspace(sample_bank)
    corners = band(charts.trend(bank.history(), "0103", lang="en"))
    for place, period in enumerate(bank.periods):
        row: Any = bank.uncertainty(period).loc["0103"]
        assert {(place, row["score_low"]), (place, row["score_high"])} <= corners


def test_a_period_without_rank_has_no_band(sample_bank: Path) -> None:
    """0411 was not ranked in the last two of six quarters."""
    bank = rk.open_workspace(sample_bank)
    assert max(x for x, _ in band(charts.trend(bank.history(), "0411", lang="en"))) == 3


def test_the_band_of_all_units_is_the_interval_of_their_mean(sample_bank: Path) -> None:
    bank = rk.open_workspace(sample_bank)
    means = bank.means()
    ax = charts.trend(bank.history(), means=means, lang="en")
    assert {(5, means["score_low"].iloc[5]), (5, means["score_high"].iloc[5])} <= band(ax)
    line = next(each for each in ax.lines if each.get_label() == "mean of all units")
    assert list(line.get_ydata()) == means["score"].tolist()
    assert "90% interval" not in words(charts.trend(bank.history(), lang="en"))
