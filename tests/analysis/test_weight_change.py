"""The smallest change of weights that reverses a pair or changes a grade: by hand, by a knapsack, by scoring again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import riskkit as rk
from riskkit.analysis.weight_change import WeightChange, smallest_grade_change, smallest_reversal
from riskkit.errors import Misuse
from riskkit.model import IndicatorModel
from riskkit.scoring.assessment import Assessment, score
from tests.scoring import tiny

GRADES: list[dict[str, Any]] = [
    {"id": name, "name": tiny.name(name), "min": least} for name, least in (("A", 70), ("B", 10), ("C", 0))
]
Values = dict[str, list[float | str]]


def flat(weights: dict[str, float], **more: Any) -> IndicatorModel:
    """Dimensions of one item each, and grades A from 70 and B from 10."""
    nodes = [
        {"id": name, "name": tiny.name(name), "weight": own, "children": [tiny.item(name.lower(), 1)]}
        for name, own in weights.items()
    ]
    return tiny.model(**{"nodes": nodes, "grades": GRADES, **more})


def assessed(model: IndicatorModel, values: Values, events: list[dict[str, Any]] | None = None) -> Assessment:
    """Points of the items in the model's order, or states."""
    shares = {
        unit: {n: p if isinstance(p, str) else p / 100 for n, p in zip(model.items, points, strict=True)}
        for unit, points in values.items()
    }
    return score(model, tiny.measures(model, shares, events))


TWO = {"P": 0.7, "Q": 0.3}
PAIR: Values = {"X": [80, 60], "Y": [60, 90]}


# --- two branches, by hand


def test_two_branches_change_places_where_their_weighted_differences_cancel() -> None:
    """P weighs p. X has 60 + 20 p, Y 90 − 30 p, so X leads from p = 30 ÷ 50 = 0.6 on. Now p = 0.7: P down to 0.6, or
    Q up to 0.4; either hands over 0.1 of the total. Raising P only helps X."""
    found = smallest_reversal(assessed(flat(TWO), PAIR), "Y", "X")
    assert found.units == ("X", "Y")
    assert (found.answer, found.method) == ("found", "linear_programme")
    assert found.distance == pytest.approx(0.1)
    assert found.nearest is not None
    assert found.nearest.to_dict() == pytest.approx({"P": 0.6, "Q": 0.4})
    assert found.single.loc["P", "down"] == pytest.approx(0.6)
    assert found.single.loc["Q", "up"] == pytest.approx(0.4)
    assert np.isnan(found.single.loc["P", "up"])
    assert np.isnan(found.single.loc["Q", "down"])
    assert found.move == pytest.approx(("P", 0.7, 0.6)) or found.move == pytest.approx(("Q", 0.3, 0.4))


def test_a_deduction_moves_the_line() -> None:
    """X loses 6 points: 54 + 20 p against 90 − 30 p, equal at p = 36 ÷ 50 = 0.72. At 0.7 Y leads, and P must rise."""
    events = [{"red_line": "LEAK", "unit": "X"}]
    found = smallest_reversal(assessed(flat(TWO), PAIR, events), "X", "Y")
    assert found.units == ("Y", "X")
    assert found.single.loc["P", "up"] == pytest.approx(0.72)
    assert found.distance == pytest.approx(0.02)


def test_of_three_weights_the_worst_gives_to_the_best_first() -> None:
    """Weights 0.5, 0.3, 0.2; X − Y is 10, 4, −6 points: 5 + 1.2 − 1.2 = 5 in all. Handing weight from P to R changes it
    by 16 for each unit of weight: 5 ÷ 16 = 0.3125, which P has. One weight alone: R rises to r while P and Q share the
    rest as 5 to 3, 7.75 (1 − r) − 6 r = 0, r = 7.75 ÷ 13.75 = 0.5636. P alone falls to p, with Q and R as 3 to 2: 10 p +
    0 · (1 − p) = 0, which no weight above 0 does. Q alone rises or falls: P and R as 5 to 2 are worth (50 − 12) ÷ 7 > 0,
    and Q itself 4: never."""
    model = flat({"P": 0.5, "Q": 0.3, "R": 0.2})
    found = smallest_reversal(assessed(model, {"X": [60, 54, 50], "Y": [50, 50, 56]}), "X", "Y")
    assert found.distance == pytest.approx(0.3125)
    assert found.nearest is not None
    assert found.nearest.to_dict() == pytest.approx({"P": 0.1875, "Q": 0.3, "R": 0.5125})
    assert found.move == pytest.approx(("R", 0.2, 7.75 / 13.75))
    assert found.single.loc[["P", "Q"], ["down", "up"]].isna().all(axis=None)


def test_a_branch_at_least_as_good_everywhere_is_never_overtaken() -> None:
    """X is better on P and equal on Q: at P = 0 they draw level, and no weights bring Y ahead."""
    found = smallest_reversal(assessed(flat(TWO), {"X": [80, 60], "Y": [70, 60]}), "X", "Y")
    assert (found.answer, found.distance, found.nearest, found.move) == ("never", np.inf, None, None)
    assert found.sentence("en") == "No weights of the dimensions bring Y before X."


def test_under_a_geometric_mean_logarithms_take_the_place_of_points() -> None:
    """X 80 and 20, Y 40 and 40: X leads where p log 2 + (1 − p) log ½ > 0, from p = ½ on. Now p = 0.7."""
    model = flat(TWO, aggregate="geometric")
    found = smallest_reversal(assessed(model, {"X": [80, 20], "Y": [40, 40]}), "X", "Y")
    assert found.method == "linear_programme"
    assert found.distance == pytest.approx(0.2)
    assert found.single.loc["P", "down"] == pytest.approx(0.5)


def test_a_harmonic_mean_is_a_line_in_reciprocals() -> None:
    """X 80 and 20, Y 40 and 40: X is ahead where p ÷ 80 + (1 − p) ÷ 20 < 1 ÷ 40, p > ⅔. Now 0.7."""
    model = flat(TWO, aggregate="harmonic")
    found = smallest_reversal(assessed(model, {"X": [80, 20], "Y": [40, 40]}), "X", "Y")
    assert found.single.loc["P", "down"] == pytest.approx(2 / 3)
    assert found.distance == pytest.approx(0.7 - 2 / 3, abs=1e-7)


def test_with_different_dimensions_one_weight_at_a_time_is_moved() -> None:
    """P, Q, R weigh 0.5, 0.3, 0.2; X has 80, 40 and no R, Y has 60, 60, 60. X = (80 p + 40 q) ÷ (p + q) is ahead of 60
    where p > q. P alone: Q and R keep 3 to 2, q = 0.6 (1 − p), p = 0.6 (1 − p) at 0.375. Q alone: p = 5 ÷ 7 (1 − q) = q
    at q = 5 ÷ 12 = 0.4167. R alone: P and Q keep 5 to 3: never. P is 0.125 away, Q 0.1167: Q it is."""
    model = flat({"P": 0.5, "Q": 0.3, "R": 0.2})
    found = smallest_reversal(assessed(model, {"X": [80, 40, "not_applicable"], "Y": [60, 60, 60]}), "X", "Y")
    assert (found.answer, found.method) == ("found", "one_weight")
    assert found.single.loc["P", "down"] == pytest.approx(0.375)
    assert found.single.loc["R", ["down", "up"]].isna().all()
    assert found.move == pytest.approx(("Q", 0.3, 5 / 12))
    assert found.distance == pytest.approx(5 / 12 - 0.3)


def test_where_one_weight_at_a_time_finds_nothing_that_proves_nothing() -> None:
    """X has P alone, 80; Y has Q alone, 60: no weights reverse them, but only moves of one weight were tried."""
    values: Values = {"X": [80, "not_applicable"], "Y": ["not_applicable", 60]}
    model = flat(TWO, provisional={"coverage": 0.0})
    found = smallest_reversal(assessed(model, values), "X", "Y")
    assert (found.answer, found.method, found.nearest) == ("not_found", "one_weight", None)


def test_the_same_dimension_missing_from_both_leaves_a_line() -> None:
    """R applies to neither: P ÷ (P + Q) must fall from 0.625 to 0.6 as in the first test. Handing P's weight to Q: p =
    0.48, q = 0.32, 0.02 of the total. R's weight to Q: q = ⅓, more. P's to R: p = 0.45, more."""
    model = flat({"P": 0.5, "Q": 0.3, "R": 0.2})
    values: Values = {"X": [80, 60, "not_applicable"], "Y": [60, 90, "not_applicable"]}
    found = smallest_reversal(assessed(model, values), "X", "Y")
    assert found.method == "linear_programme"
    assert found.distance == pytest.approx(0.02)
    assert found.nearest is not None
    assert found.nearest.to_dict() == pytest.approx({"P": 0.48, "Q": 0.32, "R": 0.2})


def test_the_weights_of_indicators_count_for_what_their_dimension_weighs() -> None:
    """A (0.6) of a1 and a2 at ½ each, B (0.4) of b1 alone. X − Y: a1 20, a2 −10, b1 5: 0.6 · 5 + 0.4 · 5 = 5. Within A
    a1 at w gives 0.6 (30 w − 10) + 2 = 0 at w = 2 ÷ 9. That is 5 ÷ 18 of A and 0.6 · 5 ÷ 18 = ⅙ of the total."""
    found = smallest_reversal(
        assessed(tiny.model(), {"X": [80, 60, 65], "Y": [60, 70, 60]}), "X", "Y", depth=2
    )
    assert list(found.single.index) == ["a1", "a2"]
    assert found.single.loc["a1", "down"] == pytest.approx(2 / 9)
    assert found.distance == pytest.approx(1 / 6)


# --- grades, by hand


def test_a_grade_by_score_changes_where_the_rounded_score_passes_its_minimum() -> None:
    """X = 60 + 20 p = 74 is A from a published 70.00 on, that is from 69.995: p = 9.995 ÷ 20 = 0.49975."""
    found = smallest_grade_change(assessed(flat(TWO), PAIR), "X")
    assert found.grades == ("A", "B")
    assert found.single.loc["P", "down"] == pytest.approx(0.49975, abs=1e-6)
    assert found.distance == pytest.approx(0.20025, abs=1e-6)
    up = smallest_grade_change(assessed(flat(TWO), PAIR), "Y")
    assert up.grades == ("B", "A")  # 90 − 30 p from 69 up to 69.995: p = 20.005 ÷ 30
    assert up.single.loc["P", "down"] == pytest.approx(20.005 / 30, abs=1e-6)


def conditional(depth: int) -> IndicatorModel:
    """A from 70 with every node of a depth at 65; else B, from 10."""
    best = {**GRADES[0], "conditions": [{"kind": "node_min", "depth": depth, "value": 65}]}
    return tiny.model(grades=[best, *GRADES[1:]])


def test_a_grade_by_condition_changes_with_the_weights_inside_the_dimension() -> None:
    """A = 50 + 40 w (a1 90 at weight w, a2 50) = 70 now, B = 80: 74 in all, grade A. Below w = 0.375 A is short of 65.
    The score falls below 69.995 only at 0.6 (50 + 40 w) + 32 = 69.995, w = 0.3331: the condition fails first. That is
    0.125 of A and 0.075 of the total."""
    found = smallest_grade_change(assessed(conditional(1), {"X": [90, 50, 80]}), "X", depth=2)
    assert found.grades == ("A", "B")
    assert found.single.loc["a1", "down"] == pytest.approx(0.375, abs=1e-6)
    assert found.distance == pytest.approx(0.075, abs=1e-6)


def test_no_weights_of_dimensions_mend_a_dimension_that_falls_short() -> None:
    """A scores 60 and B 100: 76 in all, but A is short of 65 whatever the dimensions weigh. B it stays."""
    found = smallest_grade_change(assessed(conditional(1), {"X": [60, 60, 100]}), "X")
    assert (found.answer, found.grades, found.distance) == ("never", ("B", "B"), np.inf)
    assert found.sentence("en") == "Whatever the weights of the dimensions, X has grade B."


def test_to_reach_a_grade_score_and_condition_must_both_be_met() -> None:
    """a1 90, a2 50, b1 80 with a1 at 0.3: A = 62, 69.2 in all. The score suffices from 0.3331 on, A's 65 only from 0.375:
    0.075 of A, 0.045 of the total."""
    model = conditional(1).with_weights({"a1": 0.3, "a2": 0.7})
    found = smallest_grade_change(assessed(model, {"X": [90, 50, 80]}), "X", depth=2)
    assert found.grades == ("B", "A")
    assert found.single.loc["a1", "up"] == pytest.approx(0.375, abs=1e-6)
    assert found.distance == pytest.approx(0.045, abs=1e-6)


def test_caps_and_vetoes_are_no_matter_of_weights() -> None:
    """OPEN caps X at B, so no weights lift it; a veto fixes both its grade and its rank."""
    values: Values = {"X": [95, 60], "Y": [60, 60], "Z": [80, 60]}
    grades = [GRADES[0], {**GRADES[1], "min": 65}, GRADES[2]]
    events = [{"red_line": "OPEN", "unit": "X"}, {"red_line": "VETO", "unit": "Z"}]
    model = flat(TWO, grades=grades)
    bank = assessed(model, values, events)
    down = smallest_grade_change(bank, "X")
    assert down.grades == ("B", "C")  # 60 + 35 p below 64.995 at p = 4.995 ÷ 35
    assert down.single.loc["P", "down"] == pytest.approx(4.995 / 35, abs=1e-6)
    assert smallest_grade_change(bank, "Z").answer == "red_line"
    pair = smallest_reversal(bank, "Z", "Y")
    assert (pair.answer, pair.units) == ("red_line", ("Y", "Z"))
    assert "vetoed" in pair.sentence("en")


# --- against other ways


points = st.integers(0, 100).map(float)
weights = st.integers(1, 20)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(points, points, weights), min_size=2, max_size=5))
def test_the_nearest_weights_are_those_of_a_continuous_knapsack(rows: list[tuple[float, float, int]]) -> None:
    """Handing weight from a node to the one that favours the second branch most gains the difference of the two: take
    from the dearest first, as much as is needed."""
    mine, theirs, own = (np.array(column) for column in zip(*rows, strict=True))
    own = own / own.sum()
    model = flat({f"D{k}": float(w) for k, w in enumerate(own)})
    bank = assessed(model, {"X": list(mine), "Y": list(theirs)})
    lead = float((mine - theirs) @ own)
    if abs(lead) < 1e-6:
        return
    difference = (mine - theirs) * np.sign(lead)
    found = smallest_reversal(bank, "X", "Y")
    if difference.min() >= 0:
        assert found.answer == "never"
        return
    needed, moved = abs(lead), 0.0
    for gain, there in sorted(zip(difference - difference.min(), own, strict=True), reverse=True):
        step = min(there, needed / gain) if gain > 0 else 0.0
        moved, needed = moved + step, needed - step * gain
    assert found.distance == pytest.approx(moved, abs=1e-6)


def rescored(change: WeightChange, node: str, weight: float) -> Assessment:
    """The whole assessment again with one weight of the model changed and its siblings rescaled."""
    model = change.assessment.model
    own = model.nodes[node].weight
    siblings = [n for n, parent in model.parents.items() if parent == model.parents[node] and n != node]
    new = {n: model.nodes[n].weight * (1 - weight) / (1 - own) for n in siblings}
    return score(model.with_weights({node: weight, **new}), change.assessment.measures)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_scored_again_each_single_weight_turns_where_it_is_said_to(seed: int, depth: int, gaps: bool) -> None:
    """A thousandth before the weight nothing has changed, a thousandth beyond it has: a grid of models scored whole."""
    model = nested()
    rng = np.random.default_rng(seed)
    values: Values = {unit: list(rng.integers(40, 100, len(model.items))) for unit in "XYZ"}
    if gaps:
        values["X"][1] = "not_applicable"
    bank = assessed(model, values)
    reversal = smallest_reversal(bank, "X", "Y", depth=depth)
    first, second = reversal.units
    graded = smallest_grade_change(bank, "Z", depth=depth)
    for change in (reversal, graded):

        def happened(node: str, weight: float, change: WeightChange = change) -> bool:
            summary = rescored(change, node, weight).summary
            if change.grades:
                return bool(summary["grade"]["Z"] != bank.summary["grade"]["Z"])
            return bool(summary["base"][first] < summary["base"][second])

        for node, row in change.single.iterrows():
            for side, sign in (("down", -1), ("up", 1)):
                then = row[side] if row[side] == row[side] else (0.001, 0.999)[sign > 0]
                between = np.linspace(row["weight"], then, 12)[1:-1]
                assert not any(happened(str(node), weight) for weight in between)
                if row[side] == row[side] and 0.001 < then < 0.999:
                    assert not happened(str(node), then - sign * 1e-5)
                    assert happened(str(node), then + sign * 1e-5)


def nested(**more: Any) -> IndicatorModel:
    """Three dimensions, two of them of items; A asks 60 of each dimension."""
    sizes = {"P": (0.5, [0.2, 0.3, 0.5]), "Q": (0.3, [0.6, 0.4]), "R": (0.2, [1.0])}
    nodes = [
        {
            "id": name,
            "name": tiny.name(name),
            "weight": own,
            "children": [tiny.item(f"{name.lower()}{k}", w) for k, w in enumerate(below)],
        }
        for name, (own, below) in sizes.items()
    ]
    best = {**GRADES[0], "conditions": [{"kind": "node_min", "depth": 1, "value": 60}]}
    return tiny.model(nodes=nodes, grades=[best, *GRADES[1:]], **more)


@pytest.mark.parametrize(
    ("aggregate", "depth"),
    [("arithmetic", 1), ("arithmetic", 2), ("geometric", 1), ("geometric", 2), ("minimum", 2)],
)
@pytest.mark.parametrize("seed", range(6))
def test_scored_again_the_nearest_weights_turn_the_pair_and_nothing_nearer_does(
    seed: int, aggregate: str, depth: int
) -> None:
    """Just past the nearest weights a whole new assessment has the pair reversed or the grade changed; of 40 sets of
    weights drawn within the distance none has."""
    bank = assessed(nested(aggregate=aggregate), planted(seed))
    for change in (
        smallest_reversal(bank, "X", "Y", depth=depth),
        smallest_grade_change(bank, "X", depth=depth),
    ):
        if change.nearest is None:
            continue
        now = change.single["weight"]
        past = now + (change.nearest - now) * (1 + 1e-4) if change.distance < 1 else change.nearest
        if (past > 0).all():
            assert turned(change, score(bank.model.with_weights(past.to_dict()), bank.measures))
        if change.method == "linear_programme":
            assert not any(turned(change, again) for again in nearer(change, seed))


def planted(seed: int) -> Values:
    rng = np.random.default_rng(100 + seed)
    return {unit: list(rng.integers(50, 100, 6).astype(float)) for unit in "XY"}


def turned(change: WeightChange, again: Assessment) -> bool:
    if change.grades:
        return bool(again.summary["grade"][change.units[0]] != change.grades[0])
    first, second = change.units
    return bool(again.summary["base"][first] < again.summary["base"][second])


def nearer(change: WeightChange, seed: int) -> list[Assessment]:
    """Whole new assessments under weights drawn within the distance of the nearest."""
    model, rng = change.assessment.model, np.random.default_rng(seed)
    now = change.single["weight"]
    group = np.array([str(model.parents[name]) for name in now.index])
    shares = np.array([model.nominal_weights[name] / model.nodes[name].weight for name in now.index])
    found = []
    for _ in range(40):
        drawn = rng.dirichlet(np.full(len(now), 0.3))
        for each in np.unique(group):
            drawn[group == each] /= drawn[group == each].sum()
        away = np.abs(drawn - now.to_numpy()) @ shares / 2
        step = min(1.0, (change.distance - 1e-5) / away) if away > 0 else 0.0
        if step > 0:
            near = now + step * (drawn - now)
            found.append(score(model.with_weights(near.to_dict()), change.assessment.measures))
    return found


# --- words and errors


def test_the_answer_in_words_names_the_weight_that_is_nearest() -> None:
    """P from 70 % down to 60 %, and 10 % of the total changing hands; see the first test."""
    values: Values = {"X": [80, 60, 60], "Y": [60, 90, 90]}
    model = flat({"P": 0.7, "Q": 0.2, "R": 0.1})
    found = smallest_reversal(assessed(model, values), "X", "Y")
    assert found.sentence("en") == (
        "Lower the weight of P P from 70.0% below 60.0%, and Y comes before X."
        " Changing several weights of the dimensions at once, at least 10.0% of the total must change hands."
    )
    assert found.sentence("zh") == (
        "P P 的权重由 70.0% 降到 60.0% 以下，Y即排到X之前。同时改动维度的几个权重，最少须转移总权重的 10.0%。"
    )


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_answer_has_words_in_both_languages(lang: Any) -> None:
    bank = assessed(flat(TWO), {**PAIR, "V": [80, 60], "W": ["not_applicable", 99]})
    said = [
        smallest_reversal(bank, "X", "Y").sentence(lang),
        smallest_reversal(bank, "X", "V").sentence(lang),
        smallest_reversal(bank, "X", "W").sentence(lang),
        smallest_grade_change(bank, "X").sentence(lang),
        smallest_grade_change(bank, "W").sentence(lang),
    ]
    assert len(set(said)) == 5
    assert all("{" not in text for text in said)


WORDS = ("high", "middle", "low")


def test_a_grade_whose_id_is_a_word_is_told_by_its_name() -> None:
    grades = [
        {**each, "id": word, "name": {"zh": "高", "en": "High"}}
        for each, word in zip(GRADES, WORDS, strict=True)
    ]
    lines = [{"id": "CAP", "name": tiny.name("CAP"), "cap": "middle"}]
    model = flat(TWO, grades=grades, red_lines=lines)
    found = smallest_grade_change(assessed(model, {"X": [80, 80]}), "X")
    assert found.sentence("en") == "Whatever the weights of the dimensions, X has grade High."


def test_equal_scores_are_told_as_a_tie() -> None:
    found = smallest_reversal(assessed(flat(TWO), {"X": [80, 60], "Y": [80, 60]}), "X", "Y")
    assert (found.answer, found.distance) == ("tied", 0.0)


def test_unknown_unranked_and_repeated_units_and_levels_without_weights_are_refused() -> None:
    bank = assessed(flat(TWO), {**PAIR, "N": ["not_assessed", "not_assessed"]})
    with pytest.raises(Misuse, match="X"):
        smallest_reversal(bank, "X", "X")
    with pytest.raises(Misuse):
        smallest_reversal(bank, "X", "nobody")
    with pytest.raises(Misuse, match="N"):
        smallest_grade_change(bank, "N")
    with pytest.raises(Misuse, match="2"):
        smallest_reversal(bank, "X", "Y", depth=2)  # every dimension has one item alone
    with pytest.raises(Misuse):
        smallest_grade_change(bank, "X", depth=0)


def test_the_names_are_public() -> None:
    assert rk.smallest_reversal is smallest_reversal
    assert rk.smallest_grade_change is smallest_grade_change
