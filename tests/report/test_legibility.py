"""Colours told apart by every reader: against published numbers, and the packaged theme against its own promise."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from riskkit.report.legibility import SIGHTS, complaints, difference, lab, lightness
from riskkit.report.theme import THEME, Theme, packaged, theme


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ("FFFFFF", (100.0, 0.0, 0.0)),
        ("000000", (0.0, 0.0, 0.0)),
        ("FF0000", (53.24, 80.09, 67.20)),
        ("00FF00", (87.73, -86.18, 83.18)),
        ("0000FF", (32.30, 79.19, -107.86)),
    ],
)
def test_cie_lab_of_the_corners_of_srgb_is_as_tabulated(
    colour: str, expected: tuple[float, float, float]
) -> None:
    """The values commonly tabulated for sRGB under D65 (B. Lindbloom, RGB to Lab)."""
    assert lab(colour) == pytest.approx(expected, abs=0.02)


def test_white_and_grey_stay_what_they_are_to_every_kind_of_sight() -> None:
    """Machado et al.: the rows of each matrix sum to 1."""
    for sight, matrix in SIGHTS.items():
        assert matrix.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5), sight
        assert lab("808080", sight) == pytest.approx(lab("808080"), abs=0.01)


def test_red_and_green_of_one_lightness_are_alike_to_those_blind_to_green_alone() -> None:
    """A red and a green that lie far apart for most readers fall together without the green cones; blue does not."""
    red, green = "B2604A", "6F7F35"
    assert difference(red, green) > 45
    assert difference(red, green, "deuteranopia") < 15
    assert difference(red, green, "tritanopia") > 30


def test_everybody_can_read_the_packaged_theme_also_in_a_grey_print() -> None:
    assert complaints(theme()) == []


def test_neighbouring_grades_differ_to_everybody_and_in_grey() -> None:
    solids = [grade.solid for grade in theme().grades]
    for better, worse in pairwise(solids):
        assert min(difference(better, worse, sight) for sight in SIGHTS) >= 15
        assert abs(lightness(better) - lightness(worse)) >= 8


def changed(**colours: str) -> Theme:
    content = packaged()
    content["colours"] |= colours
    return Theme.model_validate(content)


@pytest.mark.parametrize(
    ("colours", "kind", "names"),
    [
        ({"grey": "B0B0B0"}, "contrast", ("grey", "white")),
        ({"good_tint": "1F7566"}, "contrast", ("good", "good_tint")),
        ({"good": "6F7F35", "bad": "B2604A"}, "alike", ("good", "bad")),
        ({"series_soft": "C7773E"}, "alike", ("series_soft", "series_warm")),
        ({"series_warm": "5A5AFF", "series_soft": "6F7C12"}, "alike_in_grey", ("series_soft", "series_warm")),
    ],
)
def test_a_theme_that_somebody_cannot_read_is_told(
    colours: dict[str, str], kind: str, names: tuple[str, str]
) -> None:
    assert (kind, *names) in [(each.kind, each.first, each.second) for each in complaints(changed(**colours))]


def test_the_theme_of_a_block_is_gone_after_it() -> None:
    with THEME.within(changed(ink="000000")):
        assert theme().colour("ink") == "000000"
    assert theme().colour("ink") != "000000"
