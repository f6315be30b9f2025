"""The theme file: strict, and colours that everybody can read."""

from __future__ import annotations

import pytest
import yaml
from pydantic import ValidationError

from riskkit import resources
from riskkit.report.theme import Look, Theme, contrast, luminance, reads_on, theme


def content() -> dict:
    return yaml.safe_load((resources.templates() / "theme.yaml").read_text(encoding="utf-8"))


def test_an_unknown_key_in_the_theme_is_refused() -> None:
    with pytest.raises(ValidationError, match="colors"):
        Theme.model_validate(content() | {"colors": {}})


def test_a_colour_must_be_written_as_six_places() -> None:
    changed = content()
    changed["colours"]["ink"] = "black"
    with pytest.raises(ValidationError, match="ink"):
        Theme.model_validate(changed)


def test_a_missing_size_is_refused() -> None:
    changed = content()
    del changed["sizes"]["body"]
    with pytest.raises(ValidationError, match="body"):
        Theme.model_validate(changed)


def test_every_score_can_be_read_on_its_colour() -> None:
    """WCAG 2 asks a contrast of 4.5 of small text."""
    for share in range(101):
        shade = theme().shade(share / 100)
        assert contrast(theme().colour(reads_on(shade)), shade) >= 4.5, share


def test_grades_can_be_read_on_their_tints_and_headings_on_their_band() -> None:
    for grade in theme().grades:
        assert contrast(grade.text, grade.tint) >= 4.5
    for text in ("white", "band_note"):
        assert contrast(theme().colour(text), theme().colour("rule")) >= 4.5


def test_a_grey_print_keeps_the_order_of_low_scores() -> None:
    """From nothing to nine tenths the scale only grows lighter; full marks stay far lighter than a bare pass."""
    shades = [luminance(theme().shade(share / 100)) for share in range(91)]
    assert shades == sorted(shades)
    assert luminance(theme().shade(1.0)) > luminance(theme().shade(0.65))


def test_low_is_redder_and_high_is_greener_with_enough_blue_for_the_colour_blind() -> None:
    low, high = theme().shade(0.1), theme().shade(1.0)
    red, green, blue = (int(low[at : at + 2], 16) for at in (0, 2, 4))
    assert red > green + 60
    assert red > blue + 60
    red, green, blue = (int(high[at : at + 2], 16) for at in (0, 2, 4))
    assert green > red
    assert blue > red


def test_scores_beyond_the_scale_take_its_end_colours() -> None:
    assert theme().shade(-1) == theme().scale[0].colour
    assert theme().shade(2) == theme().scale[-1].colour


@pytest.mark.parametrize(("count", "expected"), [(5, [0, 1, 2, 3, 4]), (3, [0, 2, 4]), (2, [0, 4]), (1, [0])])
def test_any_number_of_grades_spreads_over_the_colours(count: int, expected: list[int]) -> None:
    chosen = [theme().grade(place, count) for place in range(count)]
    assert chosen == [theme().grades[place] for place in expected]


def test_a_look_can_be_changed_in_part() -> None:
    assert Look(bold=True).but(colour="bad") == Look(bold=True, colour="bad")
