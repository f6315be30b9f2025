"""Every number printed in "Why did it change" of docs/methods.*.md comes out of the program."""

from __future__ import annotations

import re

import pytest

import riskkit as rk
from riskkit.analysis.attribution import Attribution
from tests.scoring import tiny
from tests.test_methods import LANGUAGES, page
from tests.test_methods import section as numbered

TITLE = {"en": "Why did it change", "zh": "为什么变了"}


def section(lang: str) -> str:
    """The section, wherever it stands, on one line."""
    found = re.search(rf"^### [\d.]+ {TITLE[lang]}\n(.*?)(?=^##)", page(lang), re.DOTALL | re.MULTILINE)
    assert found, f"methods.{lang}.md has no section {TITLE[lang]}"
    return " ".join(found[1].split())


def assessed(weight: float, x: float | str, y: float) -> rk.Assessment:
    children = [tiny.item("x", weight), tiny.item("y", 1 - weight)]
    model = tiny.model(nodes=[{"id": "N", "name": tiny.name("N"), "weight": 1.0, "children": children}])
    return rk.score(model, tiny.measures(model, {"u": {"x": x, "y": y}}))


def told(why: Attribution, group: str, *items: str) -> list[float]:
    """The change, the group's term and its items' parts."""
    parts = why.explain("u").set_index(["group", "id"])["term"]
    row = why.groups.loc["u"]
    return [row["change"], row[group], *(parts[group, item] for item in items)]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_example_of_a_value_and_an_item_that_stops_applying(lang: str) -> None:
    """60 → 50: +20 then −30, or −15 then +5."""
    why = rk.attribute(assessed(0.5, 0.4, 0.8), assessed(0.5, "not_applicable", 0.5))
    assert told(why, "applicability", "x") == pytest.approx([-10.0, 12.5, 12.5])
    assert told(why, "values", "y") == pytest.approx([-10.0, -22.5, -22.5])
    ends = [
        assessed(0.5, *given).summary.loc["u", "score"] for given in (("not_applicable", 0.8), (0.4, 0.5))
    ]
    assert ends == [80.0, 45.0]
    for printed in ("(20 + 5) ÷ 2 = 12.5", "(−30 − 15) ÷ 2 = −22.5", "−10"):
        assert printed in section(lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_example_of_weights(lang: str) -> None:
    """60 → 70: 6.25 and 3.75."""
    why = rk.attribute(assessed(0.5, 0.4, 0.8), assessed(0.25, 0.4, 0.8))
    assert told(why, "model", "x", "y") == pytest.approx([10.0, 10.0, 6.25, 3.75])
    for printed in ("−0.25 × (40 − 65) = 6.25", "0.25 × (80 − 65) = 3.75", "10"):
        assert printed in section(lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_group_is_in_the_table(lang: str) -> None:
    why = rk.attribute(assessed(0.5, 0.4, 0.8), assessed(0.5, 0.4, 0.8))
    for group in ("values", "model", "applicability", "evidence", "deductions"):
        assert group in why.groups
        assert f"| `{group}` |" in section(lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_example_of_the_cheapest_way_up(lang: str) -> None:
    """b1 from 70 points, or a1 from 50 where b1 costs 5."""
    text = " ".join(numbered(lang, "10.7").split())
    model = tiny.model()
    now = rk.score(model, tiny.measures(model, {"u": {"a1": 0.5, "a2": 0.8, "b1": 0.7}}))
    cheap, dear = rk.next_grade(now, "u"), rk.next_grade(now, "u", {"b1": 5})
    assert [*cheap.items.index, *dear.items.index] in (["b1", "a1"], ["b1", "a2"])
    gains = [float((way.items["needed"] - way.items["points"]).iloc[0]) for way in (cheap, dear)]
    shown = [f"{number:.4f}" for number in (*gains, cheap.effort, dear.effort)]
    assert shown == ["7.4875", "9.9833", "1.0749", "1.0998"]
    assert all(number in text for number in [*shown, f"{cheap.items['needed'].iloc[0]:.2f}"])
