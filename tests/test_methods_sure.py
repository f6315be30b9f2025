"""Every number of the chapter on how sure a result is, through the program."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import riskkit as rk
from riskkit.analysis.sampling_draws import share_interval
from tests.analysis.test_trend_test import PACKAGED, false_alarms
from tests.test_methods import LANGUAGES, page, section

WORKED = Path(__file__).parents[1] / "data_samples" / "worked_example"


def chapter(lang: str) -> str:
    """The number of the chapter, wherever it stands."""
    title = {"en": "How sure a result is", "zh": "结果有多大把握"}[lang]
    found = re.search(rf"^## (\d+) {title}$", page(lang), re.MULTILINE)
    assert found, lang
    return found[1]


@pytest.mark.parametrize(("item", "printed"), [("P1", "0.00101"), ("Q2", "0.00499")])
def test_the_variances_of_measured_values_are_those_printed(item: str, printed: str) -> None:
    variance = rk.open_workspace(WORKED).measures("2026Q2").row("N", item)["sampling"]
    assert f"{variance:.5f}" == printed
    for lang in LANGUAGES:
        assert f"= {printed}" in section(lang, f"{chapter(lang)}.1")


def test_the_interval_of_p1_is_the_one_printed() -> None:
    (low,), (high,) = share_interval(np.array([47.0]), np.array([50.0]), 400.0)
    for lang in LANGUAGES:
        told = section(lang, f"{chapter(lang)}.2")
        assert f"{low:.3f}" in told
        assert f"{high:.3f}" in told


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_table_of_coverage_is_exact(lang: str) -> None:
    """For every share printed the binomial probability of the counts whose interval holds it; the mean and the least over
    2,000 shares."""
    rows = re.findall(r"\| (\d+) ((?:\| [\d.]+ )+)\|", section(lang, f"{chapter(lang)}.2"))
    assert [int(n) for n, _ in rows] == [5, 10, 20, 50, 100]
    for n, printed in rows:
        cases = int(n)
        counts = np.arange(cases + 1.0)
        low, high = share_interval(counts, np.full(cases + 1, float(cases)))

        def coverage(truth: np.ndarray, counts=counts, low=low, high=high, cases=cases) -> np.ndarray:  # type: ignore[no-untyped-def]  # of the loop
            inside = (low <= truth[:, None]) & (truth[:, None] <= high)
            return np.asarray(100 * (stats.binom.pmf(counts, cases, truth[:, None]) * inside).sum(axis=1))

        shares, every = np.array([0.5, 0.8, 0.9, 0.95, 0.99]), (np.arange(2000) + 0.5) / 2000
        found = [*coverage(shares), coverage(every).mean(), coverage(every).min()]
        assert [f"{value:.1f}" for value in found] == re.findall(r"[\d.]+", printed)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sources_of_uncertainty_are_those_of_the_program(lang: str) -> None:
    from riskkit.analysis.plausible import SOURCES

    told = re.findall(r"\| ([a-z]+)(?: [^|]*)? \| [^|]+ \| [^|]+ \|", section(lang, f"{chapter(lang)}.3"))
    assert tuple(told) == SOURCES


def test_the_control_chart_of_the_page_is_the_programs(sample_bank: Path) -> None:
    chart = rk.control_chart(rk.open_workspace(sample_bank).assessment("2026Q2"), "B2.1")
    row = chart.points.loc["0105"]
    assert (row["events"], row["exposure"]) == (23, 41)
    for lang in LANGUAGES:
        told = section(lang, f"{chapter(lang)}.6")
        for rate in (chart.centre, row["lower"]):
            assert chart.shown(rate) in told
        assert "= 0.561" in told


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_carry_over_does_to_trends_is_what_the_page_says(lang: str) -> None:
    """The cadences are those of the packaged model; how often p is at most 0.1 is drawn again."""
    known = rk.load_model("confidentiality")
    weight = dict.fromkeys(known.spec.cadences, 0.0)
    for name, item in known.items.items():
        weight[item.cadence] += known.nominal_weights[name]
    assert dict(PACKAGED) == {
        known.spec.cadences[name]: pytest.approx(share, abs=0.005) for name, share in weight.items()
    }
    told = section(lang, f"{chapter(lang)}.7")
    for parts in (((1, 1.0),), PACKAGED, ((2, 1.0),)):
        assert f"{100 * false_alarms(parts):.0f} %" in told
