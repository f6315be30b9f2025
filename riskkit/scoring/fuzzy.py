"""Fuzzy comprehensive evaluation (模糊综合评价) on arrays: memberships in grades, and how factors combine into one."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from riskkit.errors import Misuse, unknown

Operator = Literal["dot_plus", "min_max", "dot_max", "min_plus"]
"""M(·,⊕) weighted mean, M(∧,∨), M(·,∨) and M(∧,⊕): how a weight meets a membership, and how factors then combine."""
OPERATORS: tuple[Operator, ...] = get_args(Operator)
TIE = 1e-12
"""Memberships that differ by less are equal: what rounding leaves behind must not decide a grade."""


def memberships(points: np.ndarray, limits: np.ndarray, maximum: float) -> np.ndarray:
    """Degrees, 0-1, to which points belong to each grade: points of any shape give that shape × grades, best first.

    `limits` are the least points of every grade but the last, falling. Each degree is a trapezium over the grade's
    own interval: 1 in its middle, and near a limit falling in a straight line while that of the neighbour rises, ½ at
    the limit itself. The slope reaches as far to either side as half of the narrower of the two grades that meet
    there; where grades are equally wide the trapezia are triangles with their tips in the middle. Degrees sum to 1 and
    the largest is that of the grade the points reach. Missing points give missing degrees.

        >>> memberships(np.array([82.5, 80.0]), np.array([90.0, 80.0, 60.0]), 100.0)
        array([[0.  , 0.75, 0.25, 0.  ],
               [0.  , 0.5 , 0.5 , 0.  ]])

    Source: degrees that sum to 1, a fuzzy partition: Ruspini (1969), *Information and Control* 15, 22-32. Trapezia are
    the usual shape; slopes centred on the grade limits are riskkit's choice.
    """
    points, limits = np.asarray(points, dtype="float64"), np.asarray(limits, dtype="float64")
    widths = -np.diff(_edges(limits, maximum))
    reach = np.minimum(widths[:-1], widths[1:]) / 2
    above = points[..., None] - limits
    sloped = np.clip(above / np.where(reach > 0, 2 * reach, 1.0) + 0.5, 0.0, 1.0)
    passed = np.where(reach > 0, sloped, above >= 0)
    degrees = np.diff(passed, axis=-1, prepend=0.0, append=1.0)
    return np.where(np.isnan(points)[..., None], np.nan, degrees)


def grade_middles(limits: np.ndarray, maximum: float) -> np.ndarray:
    """The points in the middle of each grade's interval, best first: what a grade is worth unless told otherwise.

    >>> grade_middles(np.array([90.0, 80.0, 60.0]), 100.0)
    array([95., 85., 70., 30.])
    """
    edges = _edges(np.asarray(limits, dtype="float64"), maximum)
    return np.asarray((edges[:-1] + edges[1:]) / 2)


def _edges(limits: np.ndarray, maximum: float) -> np.ndarray:
    """Where the grades' intervals begin and end: the maximum, the limits, and 0 or the least limit below it."""
    return np.concatenate([[maximum], limits, [np.min(limits, initial=0.0)]])


def compose(weights: np.ndarray, degrees: np.ndarray, operator: Operator = "dot_plus") -> np.ndarray:
    """B = A ∘ R: `degrees` (… × factors × grades) and `weights` (factors, or … × factors) give … × grades.

    | operator   | B of a grade       | reads as |
    |------------|--------------------|----------|
    | `dot_plus` | Σ a · r            | M(·,⊕), every factor counts by its weight; the default |
    | `min_max`  | max of min(a, r)   | M(∧,∨), the factor that decides most |
    | `dot_max`  | max of a · r       | M(·,∨), the most prominent factor |
    | `min_plus` | Σ min(a, r)        | M(∧,⊕), limited by weight, then summed |

    ⊕ is the bounded sum min(1, Σ). As the weights sum to 1 and no degree exceeds 1, neither sum can pass 1, so the
    bound never acts and the plain sum is the same.

    Weights are rescaled to sum to 1 over the factors with degrees: a factor with a missing degree is left out; without
    any, or without weight on them, B is missing. B need not sum to 1: see `normalised`. Raises `Misuse` for an unknown
    operator, for shapes that do not fit, and for weights below 0 or degrees outside 0-1.

        >>> compose(np.array([0.6, 0.4]), np.array([[0.7, 0.3], [0.2, 0.8]]))
        array([0.5, 0.5])

    Source: 汪培庄 (Wang Peizhuang, 1983), 模糊集合论及其应用; the operators as tabled in textbooks since, among them
    谢季坚、刘承平 (2013), 模糊数学方法及其应用.
    """
    if operator not in OPERATORS:
        raise unknown("unknown_operator", operator, list(OPERATORS))
    weights, degrees = np.asarray(weights, dtype="float64"), np.asarray(degrees, dtype="float64")
    if degrees.ndim < 2 or weights.shape[-1:] != degrees.shape[-2:-1]:
        raise Misuse("fuzzy_shapes", found=str(degrees.shape), factors=weights.shape[-1])
    known = ~np.isnan(degrees).any(axis=-1)
    _check(weights, degrees)
    share = np.where(known, weights, 0.0)
    total = share.sum(axis=-1, keepdims=True)
    share = np.divide(share, total, out=np.full_like(share, np.nan), where=total > 0)
    return _combined(share[..., None], np.where(known[..., None], degrees, 0.0), operator)


def _check(weights: np.ndarray, degrees: np.ndarray) -> None:
    found = [*weights[~(weights >= 0)].ravel()[:1], *degrees[(degrees < -TIE) | (degrees > 1 + TIE)][:1]]
    if found:
        raise Misuse("fuzzy_values", found=f"{found[0]:g}")


def _combined(share: np.ndarray, degrees: np.ndarray, operator: Operator) -> np.ndarray:
    if operator == "dot_plus":
        return np.asarray(np.swapaxes(share, -1, -2) @ degrees)[..., 0, :]
    met = share * degrees if operator == "dot_max" else np.minimum(share, degrees)
    return np.asarray(met.sum(axis=-2) if operator == "min_plus" else met.max(axis=-2))


def normalised(composed: np.ndarray) -> np.ndarray:
    """B ÷ its sum, so that the degrees of the grades sum to 1; missing where the sum is 0."""
    total = composed.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(composed, total, out=np.full_like(composed, np.nan), where=total > 0))


def maximum_membership(degrees: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The place of the grade with the largest degree, best first, and whether another has the same.

    Of equal degrees the better grade is taken, as points on a limit reach the better grade. −1 where degrees are
    missing.
    """
    filled = np.where(np.isnan(degrees), -1.0, degrees)
    largest = filled >= filled.max(axis=-1, keepdims=True) - TIE
    missing = np.isnan(degrees).any(axis=-1)
    return np.where(missing, -1, largest.argmax(axis=-1)), ~missing & (largest.sum(axis=-1) > 1)
