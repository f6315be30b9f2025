"""Every chart draws in both languages, in a font that has its characters, and says what its value says."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text
from matplotlib.transforms import Bbox

import riskkit as rk
from riskkit import texts
from riskkit.report import charts
from riskkit.report.charts import canvas, fonts
from riskkit.report.pack import QuarterPack, prepare
from riskkit.workspace import open_workspace

CHINESE = canvas._CHINESE
UNIT = "0103"

Chart = Callable[..., Axes]


def drawn_weights(pack: QuarterPack) -> Any:
    return rk.rank_intervals(pack.assessment, draws=200, seed=1)


def kept_weights(pack: QuarterPack) -> Any:
    return rk.weight_stability(pack.assessment, draws=200, seed=1)


def over_periods(pack: QuarterPack, item: str, unit: str) -> Any:
    seen = [pack.workspace.assessment(period) for period in pack.workspace.periods]
    return rk.control_chart(seen, item, unit=unit)


CHARTS: dict[str, tuple[Chart, Callable[[QuarterPack], tuple[Any, ...]]]] = {
    "ranking": (charts.ranking, lambda pack: (pack.assessment,)),
    "dimension_profile": (charts.dimension_profile, lambda pack: (pack.assessment, UNIT)),
    "indicator_profile": (charts.indicator_profile, lambda pack: (pack.assessment, UNIT)),
    "trend_of_a_unit": (charts.trend, lambda pack: (pack.history, UNIT)),
    "trend_of_all": (charts.trend, lambda pack: (pack.history,)),
    "heatmap": (charts.heatmap, lambda pack: (pack.assessment,)),
    "rank_ranges": (charts.rank_ranges, lambda pack: (rk.compare_methods(pack.assessment),)),
    "rank_intervals": (charts.rank_intervals, lambda pack: (drawn_weights(pack),)),
    "weight_stability": (charts.weight_stability, lambda pack: (kept_weights(pack),)),
    "uncertainty": (
        charts.uncertainty,
        lambda pack: (rk.uncertainty(pack.assessment, draws=200, seed=1),),
    ),
    "variance_shares": (
        charts.variance_shares,
        lambda pack: (rk.variance_shares(pack.assessment, seed=1, error=0.5),),
    ),
    "real_change": (
        charts.real_change,
        lambda pack: (rk.real_change(pack.before or pack.assessment, pack.assessment, draws=200, seed=1),),
    ),
    "trend_of_the_mean": (
        lambda pack, **how: charts.trend(pack.history, means=pack.means, **how),
        lambda pack: (pack,),
    ),
    "leave_one_out": (
        charts.leave_one_out,
        lambda pack: (rk.leave_one_out(pack.assessment, depth=1), pack.model),
    ),
    "risk_matrix": (charts.risk_matrix, lambda pack: (rk.risk_matrix(pack.assessment),)),
    "losses": (charts.losses, lambda pack: (pack.assessment, UNIT)),
    "losses_with_deduction": (charts.losses, lambda pack: (pack.assessment, "0302")),
    "losses_with_refusals": (charts.losses, lambda pack: (pack.assessment, "0310")),
    "movement": (charts.movement, lambda pack: (pack.movement, UNIT)),
    "why": (charts.why, lambda pack: (rk.attribute(pack.before, pack.assessment), UNIT)),
    "why_with_deduction": (charts.why, lambda pack: (rk.attribute(pack.before, pack.assessment), "0110")),
    "why_of_a_roll_up": (charts.why, lambda pack: (rk.attribute(pack.before, pack.assessment), "0300")),
    "ageing": (charts.ageing, lambda pack: (pack.findings,)),
    "control_chart": (charts.control_chart, lambda pack: (over_periods(pack, "B2.1", "0105"),)),
    "control_chart_with_gaps": (charts.control_chart, lambda pack: (over_periods(pack, "C3.2", "0210"),)),
    "funnel": (charts.funnel, lambda pack: (rk.control_chart(pack.assessment, "B2.1"),)),
    "funnel_of_few_cases": (charts.funnel, lambda pack: (rk.control_chart(pack.assessment, "B4.4"),)),
    "funnel_of_one_exposure": (charts.funnel, lambda pack: (rk.control_chart(pack.assessment, "A6.R1"),)),
}


@pytest.fixture(scope="module")
def pack(sample_bank: Path) -> QuarterPack:
    return prepare(rk.open_workspace(sample_bank), "2026Q2")


@pytest.fixture(scope="module")
def countries(tmp_path_factory: pytest.TempPathFactory) -> QuarterPack:
    """A model of one period, without findings, red lines or sums."""
    source = Path(__file__).parents[2] / "data_samples" / "hdi"
    copy = tmp_path_factory.mktemp("hdi") / "hdi"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns(".riskkit"))
    return prepare(rk.open_workspace(copy))


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def no_chinese_font(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fonts, "_has_characters", lambda path: False)
    forget_fonts()
    yield
    forget_fonts()


def forget_fonts() -> None:
    fonts.find_family.cache_clear()
    fonts._warn.cache_clear()


def drawn(ax: Axes) -> list[Text]:
    """The texts of a chart after it was really drawn; pytest turns any warning on the way into a failure."""
    ax.figure.canvas.draw()
    return [text for text in ax.findobj(Text) if text.get_text()]


def words(ax: Axes) -> str:
    return "\n".join(text.get_text() for text in drawn(ax))


def without_glyph(text: Text) -> set[str]:
    """The characters that none of a text's fonts has: they would be boxes."""
    families = text.get_fontfamily()
    files = [font_manager.findfont(font_manager.FontProperties(family=[name])) for name in families]
    return {
        letter
        for letter in text.get_text()
        if not letter.isspace() and not any(FT2Font(file).get_char_index(ord(letter)) for file in files)
    }


def beyond_the_edge(ax: Axes) -> float:
    """By how many pixels something that is drawn lies outside of its figure."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    whole = ax.get_tightbbox()
    assert whole is not None
    box = Bbox.union([whole, *(text.get_window_extent() for text in ax.texts)])
    return max(-box.x0, -box.y0, box.x1 - figure.bbox.width, box.y1 - figure.bbox.height)


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("lang", texts.LANGUAGES)
@pytest.mark.needs("cjk_font")
def test_a_chart_draws_in_both_languages_without_a_box(
    name: str, lang: texts.Language, pack: QuarterPack
) -> None:
    chart, value = CHARTS[name]
    ax = chart(*value(pack), lang=lang)
    assert {letter for text in drawn(ax) for letter in without_glyph(text)} == set()
    assert beyond_the_edge(ax) <= 1  # pixel
    title = ax.get_title(loc="left")
    for unit in pack.assessment.summary["name"]:
        title = title.replace(unit, "")
    assert bool(CHINESE.search(title)) is (lang == "zh")


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in CHARTS
        if not name.startswith(("losses", "movement", "why", "control", "funnel", "risk"))
    ],
)
def test_a_chart_draws_for_a_model_of_another_kind(name: str, countries: QuarterPack) -> None:
    chart, value = CHARTS[name]
    arguments = ["CHN" if isinstance(part, str) else part for part in value(countries)]
    assert drawn(chart(*arguments, lang="en"))


def test_losses_of_a_model_that_multiplies_are_refused(countries: QuarterPack) -> None:
    with pytest.raises(rk.Misuse):
        charts.losses(countries.assessment, "CHN")


def test_a_chart_draws_on_the_axes_it_is_given(pack: QuarterPack) -> None:
    figure, (left, right) = plt.subplots(1, 2)
    assert charts.dimension_profile(pack.assessment, UNIT, ax=right) is right
    assert plt.get_fignums() == [figure.number]
    assert not left.has_data()


def test_a_figure_of_ones_own_keeps_its_layout(pack: QuarterPack) -> None:
    figure, ax = plt.subplots(layout="constrained")
    before = figure.subplotpars.left, figure.subplotpars.right
    charts.dimension_profile(pack.assessment, UNIT, ax=ax)
    assert (figure.subplotpars.left, figure.subplotpars.right) == before


def test_without_a_chinese_font_there_is_one_warning_and_english(
    pack: QuarterPack, no_chinese_font: None
) -> None:
    with pytest.warns(UserWarning, match="Noto Sans CJK") as warned:
        said = words(charts.ranking(pack.assessment, lang="zh")) + words(
            charts.ageing(pack.findings, lang="zh")
        )
    assert len(warned) == 1
    assert "score and grade" in said
    assert not CHINESE.search(said)


@pytest.mark.needs("cjk_font")
def test_a_font_in_the_list_without_the_characters_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "PREFERRED", (fonts.LATIN, *fonts.PREFERRED))
    forget_fonts()
    assert fonts.chinese_family() not in (None, fonts.LATIN)


def test_the_language_is_the_one_last_used_unless_one_is_given(
    pack: QuarterPack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canvas, "_chosen", None)
    with plt.rc_context():
        charts.use("en")
        assert "findings" in words(charts.ageing(pack.findings))
    assert "问题" in words(charts.ageing(pack.findings, lang="zh"))


def test_drawing_leaves_the_settings_of_matplotlib_alone(pack: QuarterPack) -> None:
    before = dict(plt.rcParams)
    charts.ageing(pack.findings, lang="en")
    assert dict(plt.rcParams) == before


def test_a_ranking_tells_grades_in_words_and_marks_who_has_none(pack: QuarterPack) -> None:
    said = words(charts.ranking(pack.assessment, lang="en"))
    for grade in pack.assessment.ranking()["grade"].dropna().unique():
        assert f"{grade} {pack.model.grades[grade].name.en}" in said
    assert said.count("provisional") == int(pack.assessment.ranking()["provisional"].sum()) == 1
    assert said.count("vetoed") == 1


def test_a_ranking_that_is_too_long_says_that_it_is_cut(pack: QuarterPack) -> None:
    assert "the first 5" in words(charts.ranking(pack.assessment, lang="en", limit=5))


def test_bars_of_losses_and_what_is_left_add_up_to_the_points_lost(pack: QuarterPack) -> None:
    ax = charts.losses(pack.assessment, "0302", lang="en", limit=4)
    labels = [text.get_text() for text in ax.texts]
    shown = [float(label.split()[0]) for label in labels]
    assert sum(shown) == pytest.approx(100 - pack.assessment.summary["score"]["0302"], abs=0.03)
    assert labels[-1].endswith("together")


def test_bars_of_a_change_lead_from_the_one_score_to_the_other(pack: QuarterPack) -> None:
    assert pack.before is not None
    found = rk.attribute(pack.before, pack.assessment)
    (bars,) = charts.why(found, "0110", lang="en", limit=3).collections
    sides = [np.asarray(path.vertices)[2] - np.asarray(path.vertices)[0] for path in bars.get_paths()]
    row = found.groups.loc["0110"]
    groups = [length for length, height in sides if height > 0.5]
    assert sum(groups) == pytest.approx(row["change"], abs=0.005)
    parts = [length for length, height in sides if height < 0.5]
    assert sum(parts) == pytest.approx(row["change"] - row["rounding"])


def test_bars_of_a_movement_add_up_to_the_change(pack: QuarterPack) -> None:
    assert pack.movement is not None
    ax = charts.movement(pack.movement, "0302", lang="en", limit=3)
    assert sum(bar.get_width() for bar in ax.patches) == pytest.approx(
        pack.movement.units["change"]["0302"], abs=0.01
    )


def test_a_profile_names_no_other_unit(pack: QuarterPack) -> None:
    said = words(charts.indicator_profile(pack.assessment, UNIT, lang="zh"))
    others = pack.assessment.summary["name"].drop(UNIT)
    assert [name for name in others if name in said] == []


def test_so_few_peers_that_they_could_be_worked_out_are_not_drawn(pack: QuarterPack) -> None:
    summary = pack.assessment.summary.copy()
    summary.loc[[UNIT, "0104", "0105"], "peer_group"] = "three of a kind"
    few = dataclasses.replace(pack.assessment, summary=summary)
    assert "median of peers" in words(charts.dimension_profile(pack.assessment, UNIT, lang="en"))
    assert "median of peers" not in words(charts.dimension_profile(few, UNIT, lang="en"))


def test_colours_get_darker_towards_the_lower_scores_of_the_heat_map() -> None:
    def lightness(colour: str) -> float:
        return float(np.dot([int(colour[at : at + 2], 16) for at in (1, 3, 5)], (0.299, 0.587, 0.114)))

    shades = [lightness(canvas.shade(share)) for share in (0.0, 0.2, 0.4, 0.6, 0.75, 0.85)]
    assert shades == sorted(shades)


def test_a_first_quarter_in_which_nobody_is_ranked_still_has_a_trend(sample_bank: Path) -> None:
    history = open_workspace(sample_bank).history("2025Q1").assign(rank=float("nan"))
    own = charts.trend(history, UNIT)
    assert len(own.lines) >= 1
    assert charts.trend(history).get_ylabel()


def test_rank_ranges_show_rank_range_and_who_depends_on_the_method(pack: QuarterPack) -> None:
    comparison = rk.compare_methods(pack.assessment, ["equal_weights", "topsis", "borda"])
    ax = charts.rank_ranges(comparison, lang="en", limit=12)
    rows = comparison.ranges.head(12)
    firm, hanging = [path for path in ax.collections if isinstance(path, PathCollection)]
    assert len(hanging.get_offsets()) == rows["dependent"].sum()
    assert len(firm.get_offsets()) + len(hanging.get_offsets()) == 12
    assert sorted(x for path in (firm, hanging) for x, _ in path.get_offsets()) == rows["rank"].tolist()
    assert "ranks under 4 methods" in words(ax)


def test_rank_ranges_without_ranked_units_say_so(pack: QuarterPack) -> None:
    comparison = rk.compare_methods(pack.assessment, [])
    nobody = dataclasses.replace(comparison, ranges=comparison.ranges.head(0))
    assert "no unit is ranked" in words(charts.rank_ranges(nobody, lang="en"))


def test_rank_intervals_show_every_rank_and_its_interval_best_on_top(pack: QuarterPack) -> None:
    intervals = drawn_weights(pack)
    ax = charts.rank_intervals(intervals, lang="en")
    (dots,) = [path for path in ax.collections if isinstance(path, PathCollection)]
    (lines,) = [path for path in ax.collections if isinstance(path, LineCollection)]
    units = intervals.units
    assert [x for x, _ in dots.get_offsets()] == units["rank"].tolist() == sorted(units["rank"])
    ends = [segment[:, 0].tolist() for segment in lines.get_segments()]
    assert ends == units[["rank_low", "rank_high"]].to_numpy().tolist()
    assert "Ranks under 200 sets of weights" in words(ax)
    assert "seed 1" in words(ax)
    assert len(charts.rank_intervals(intervals, lang="en", limit=5).get_yticks()) == 5


def test_what_stays_under_drawn_weights_is_a_bar_and_a_dot_a_unit(pack: QuarterPack) -> None:
    found = kept_weights(pack)
    ax = charts.weight_stability(found, lang="en", limit=12)
    first = found.units.head(12)
    assert [bar.get_width() for bar in ax.patches] == first["grade_kept"].tolist()
    (dots,) = [path for path in ax.collections if isinstance(path, PathCollection)]
    assert [x for x, _ in dots.get_offsets()] == first["top_kept"].tolist()
    (line,) = ax.lines
    assert set(line.get_ydata()) == {9.5}
    assert "What stays under 200 sets of weights" in words(ax)
    assert "same top 10" in words(ax)


def test_a_share_of_nearly_all_or_nearly_none_is_not_told_as_all_or_none(pack: QuarterPack) -> None:
    found = kept_weights(pack)
    nearly = dataclasses.replace(found, same_top=0.999, same_grades=0.001)
    said = words(charts.weight_stability(nearly, lang="en"))
    assert "same top 10: > 99 %, no grade changes: < 1 %" in said


def test_what_the_ranking_owes_to_each_part_is_one_less_its_rank_correlation(pack: QuarterPack) -> None:
    left_out = rk.leave_one_out(pack.assessment)
    ax = charts.leave_one_out(left_out, pack.model, lang="en", limit=4)
    first = left_out.nodes.head(4)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(1 - first["rank_correlation"])
    said = words(ax)
    for item, move in first["largest_move"].abs().items():
        assert pack.model.items[item].name.en in said
        assert f"up to {move:.0f} place" in said
    assert "the first 4" in said


def test_charts_of_ranks_say_so_where_nobody_is_ranked(pack: QuarterPack) -> None:
    intervals, left_out = drawn_weights(pack), rk.leave_one_out(pack.assessment, depth=1)
    nobody = dataclasses.replace(intervals, units=intervals.units.head(0))
    assert "no unit is ranked" in words(charts.rank_intervals(nobody, lang="en"))
    kept = kept_weights(pack)
    nothing_kept = dataclasses.replace(kept, units=kept.units.head(0))
    assert "no unit is ranked" in words(charts.weight_stability(nothing_kept, lang="en"))
    nothing = left_out.nodes.assign(rank_correlation=float("nan"))
    same = dataclasses.replace(left_out, nodes=nothing)
    assert "no unit is ranked" in words(charts.leave_one_out(same, pack.model, lang="en"))


def test_a_control_chart_marks_the_period_outside_and_says_so(pack: QuarterPack) -> None:
    ax = charts.control_chart(over_periods(pack, "B2.1", "0105"), lang="en")
    assert "2026Q2 below the limits" in ax.get_title(loc="left")
    (marked,) = [dots for dots in ax.collections if isinstance(dots, PathCollection)]
    assert marked.get_offsets().tolist() == [[5.0, pytest.approx(23 / 41)]]
    assert "56.1 %" in words(ax)


def test_a_period_that_was_not_looked_at_says_so(pack: QuarterPack) -> None:
    ax = charts.control_chart(over_periods(pack, "A3.1", UNIT), lang="en")
    assert words(ax).count("nothing new") == 2  # half-yearly: carried over in 2025Q3 and 2026Q1


def test_a_funnel_names_who_is_outside(pack: QuarterPack) -> None:
    chart = rk.control_chart(pack.assessment, "B2.1")
    ax = charts.funnel(chart, lang="en")
    assert "1 unit below the limits" in ax.get_title(loc="left")
    name = str(chart.points.loc["0105", "name"])
    assert (name if fonts.chinese_family() else "0105") in words(ax)
    (lower,) = [
        line for line in ax.lines if len(line.get_xdata()) == 400 and not np.isnan(line.get_ydata()[-1])
    ]
    assert chart.points.loc["0105", "rate"] < np.interp(41, lower.get_xdata(), lower.get_ydata())
