"""The facts planted in the sample bank, each with the branch it is planted in."""

from __future__ import annotations

from bank_maker.quarters import Date, Quarter

TRAINING_FELL = "0105"  # training effect falls sharply from 2026Q1 to 2026Q2
FINDINGS_CURED = "0203"  # findings cured in March 2026, red line RL10 cured in May
COPIED_ANSWERS = "0207"  # a dozen identical questionnaires within minutes from one address
KIND_SELF_CHECK = "0308"  # judges itself far more kindly than the inspectors do
CAPPED = "0302"  # an A but for a confirmed red line
DEDUCTED = "0110"  # a red line that only deducts
VETOED = "0404"  # a red line that vetoes
SELF_REPORTED = "0209"  # a minor leak it reported itself
OVERTURNED = "0306"  # a red line overturned on appeal
THIN = "0411"  # hands in almost nothing from 2026Q1 on
FEW_ANSWERS = "0412"  # the smallest branch, four questionnaires
REFUSED = "0310"  # refuses one table
BEST = "0206"

LENIENT_RATER = "00990004"
LENIENT_AT = ("0402", "0403", "0405", "0406", "0407")
SELF_CHECK_KINDER = 60.0  # points by which KIND_SELF_CHECK overrates itself

CURED_FROM, CURED_ON = (
    Date(2025, 7, 1),
    Date(2026, 3, 16),
)  # findings due in between are verified from the second on

# Where a branch stands for good, in points beside the ordinary branch.
STANDING = {
    BEST: 17.0, "0101": 14.0, CAPPED: 15.0, "0303": 12.0, "0109": 9.0,
    "0409": -24.0, "0311": -18.0, "0212": -14.0, VETOED: 0.0,
    TRAINING_FELL: 6.0, FINDINGS_CURED: 9.0, COPIED_ANSWERS: 0.0, KIND_SELF_CHECK: -8.0, DEDUCTED: 3.0,
    SELF_REPORTED: 4.0, OVERTURNED: 5.0, THIN: -3.0, FEW_ANSWERS: -2.0,
}  # fmt: skip

_Q2 = Quarter(2026, 2)

# Points set outright for an item from one quarter on: (first quarter, points).
FIXED: dict[tuple[str, str], tuple[tuple[Quarter, float], ...]] = {
    (TRAINING_FELL, "B1.1"): ((Quarter(2025, 1), 92), (_Q2, 45)),
    (TRAINING_FELL, "B1.2"): ((Quarter(2025, 1), 94), (_Q2, 14)),
    (TRAINING_FELL, "B2.1"): ((Quarter(2025, 1), 92), (_Q2, 10)),
    (TRAINING_FELL, "B2.2"): ((Quarter(2025, 1), 88), (_Q2, 42)),
    (TRAINING_FELL, "B2.3"): ((Quarter(2025, 1), 90), (_Q2, 22)),
    (TRAINING_FELL, "B4.1"): ((Quarter(2025, 1), 92), (_Q2, 28)),
    (TRAINING_FELL, "B4.2"): ((Quarter(2025, 1), 86), (_Q2, 40)),
    **{
        (KIND_SELF_CHECK, item): ((Quarter(2025, 4), 38.0),)
        for item in ("A3.1", "A3.2", "A4.1", "B4.1", "C2.3")
    },
    (FINDINGS_CURED, "A7.1"): ((Quarter(2025, 1), 55), (_Q2, 100)),
    (FINDINGS_CURED, "A7.2"): ((Quarter(2025, 1), 12), (_Q2, 100)),
    (FINDINGS_CURED, "A7.3"): ((Quarter(2025, 1), 40), (_Q2, 100)),
    (FINDINGS_CURED, "C4.2"): ((Quarter(2025, 1), 100),),
    (FINDINGS_CURED, "C4.3"): ((Quarter(2025, 1), 100),),
}


def fixed(unit: str, item: str, quarter: Quarter) -> float | None:
    """The points planted for an item of a branch, if any."""
    held = [points for since, points in FIXED.get((unit, item), ()) if since <= quarter]
    return held[-1] if held else None
