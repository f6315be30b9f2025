"""What is published of every unit and enters its live grade: the engine's facts, and its steps from score to grade."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskkit.model import schema as s
from riskkit.scoring import grades
from riskkit.scoring.assessment import Assessment


@dataclass(frozen=True)
class Facts:
    """Aligned with `Assessment.summary`; places of grades count from 1, the best. `held`: whether the conditions of a
    grade that do not hang on scores hold, by the grade's place; `steps`: the place after the score (0) and after the
    conditions of each graded level; `cap`: the best place that red lines allow, missing where they cap nothing;
    `place`: the grade in the end, missing for provisional units."""

    held: dict[int, np.ndarray]
    steps: dict[int, np.ndarray]
    cap: np.ndarray
    place: np.ndarray


def conditioned(model_grades: tuple[s.Grade, ...]) -> list[int]:
    """The places of grades that ask for more than a score."""
    return [place for place, grade in enumerate(model_grades, start=1) if grade.conditions]


def facts(assessment: Assessment, depth: int | None = None) -> Facts:
    """What the published grades rest on beside scores, or beside those of nodes down to a depth."""
    spec, standing = assessment.model.spec, assessment.standing
    everyone = np.ones(len(standing.units), dtype=bool)
    held: dict[int, np.ndarray] = {}
    minima = np.array([grade.min for grade in spec.grades])
    score = np.nan_to_num(standing.score, nan=-np.inf)
    place = np.minimum((minima[None, :] > score[:, None]).sum(axis=1), len(minima) - 1) + 1
    steps = {0: place}
    for at in conditioned(spec.grades):
        firm, failed = everyone.copy(), np.zeros(len(place), dtype=bool)
        for condition in spec.grades[at - 1].conditions:
            rows = grades.failing(condition, assessment.model, standing)
            failed[rows] = True
            if not _follows(condition, depth):
                firm[rows] = False
        if not all(_follows(condition, depth) for condition in spec.grades[at - 1].conditions):
            held[at] = firm
        place = place + (failed & (place == at))
        steps[at] = place
    order = {name: at for at, name in enumerate(assessment.model.grades, start=1)}
    final = assessment.summary["grade"].map(order).to_numpy(dtype="float64")
    return Facts(held, steps, _caps(assessment, order), final)


def _follows(condition: s.Condition, depth: int | None) -> bool:
    """Whether a condition hangs on scores that are there to be followed."""
    return isinstance(condition, s.NodeMin) and (depth is None or condition.depth <= depth)


def _caps(assessment: Assessment, order: dict[str, int]) -> np.ndarray:
    caps = np.full(len(assessment.summary), np.nan)
    events = assessment.standing.events
    for unit, cap in zip(events["unit"], events["cap"], strict=True):
        if isinstance(cap, str):
            row = assessment.summary.index.get_loc(unit)
            caps[row] = np.fmax(caps[row], order[cap])
    return caps
