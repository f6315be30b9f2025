"""Whether a theme can be read: contrast of text, and colours told apart by every reader and in a grey print.

Contrast as WCAG 2 defines it. How colours look to the colour-blind: Machado, Oliveira and Fernandes (2009), severity 1.
How different two colours look: the distance in CIE 1976 L*a*b* (CIE76); in a grey print, the difference of their L*.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from riskkit.report.theme import READABLE, Theme, contrast

Sight = Literal["usual", "protanopia", "deuteranopia", "tritanopia"]
SIGHTS: dict[Sight, np.ndarray] = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
"""What a kind of sight makes of linear red, green and blue."""
APART = 15.0
"""Colours that lie side by side look at least so different to everybody."""
APART_IN_GREY = 8.0
"""And differ so much in lightness, of 100."""

_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""Linear sRGB to CIE XYZ under D65."""
TEXTS = (
    *((text, paper) for text in ("ink", "grey", "rule", "good", "warn", "bad") for paper in ("white", "paper")),
    ("white", "rule"), ("band_note", "rule"), ("good", "good_tint"), ("warn", "warn_tint"),
    ("bad", "bad_tint"), ("ink", "input"), ("ink", "input_faint"),
)  # fmt: skip
"""What is written on what."""
SERIES = (
    ("series", "series_soft"),
    ("series_soft", "series_warm"),
    ("series", "series_warm"),
    ("good", "bad"),
)
"""Colours of which one chart draws both."""


@dataclass(frozen=True)
class Complaint:
    """Something in a theme that some reader cannot read: what, on or beside what, how, and how far it should be."""

    kind: Literal["contrast", "alike", "alike_in_grey"]
    first: str
    second: str
    found: float
    least: float
    sight: Sight = "usual"


def complaints(theme: Theme) -> list[Complaint]:
    """Everything in a theme that some reader cannot read.

    >>> complaints(theme())
    []
    """
    return [*_contrasts(theme), *_alike(theme)]


def _contrasts(theme: Theme) -> Iterator[Complaint]:
    pairs = [(text, theme.colour(text), paper, theme.colour(paper)) for text, paper in TEXTS]
    pairs += [
        (f"grades {number} text", grade.text, f"grades {number} tint", grade.tint)
        for number, grade in enumerate(theme.grades, start=1)
    ]
    for text, colour, paper, behind in pairs:
        if (found := contrast(colour, behind)) < READABLE:
            yield Complaint("contrast", text, paper, found, READABLE)


def _alike(theme: Theme) -> Iterator[Complaint]:
    pairs = [(a, theme.colour(a), b, theme.colour(b)) for a, b in SERIES]
    for number, (better, worse) in enumerate(pairwise(theme.grades), start=1):
        pairs.append((f"grades {number} solid", better.solid, f"grades {number + 1} solid", worse.solid))
    for first, one, second, other in pairs:
        for sight in SIGHTS:
            if (found := difference(one, other, sight)) < APART:
                yield Complaint("alike", first, second, found, APART, sight)
        if (found := abs(lightness(one) - lightness(other))) < APART_IN_GREY:
            yield Complaint("alike_in_grey", first, second, found, APART_IN_GREY)


def difference(first: str, second: str, sight: Sight = "usual") -> float:
    """How different two colours look, 0 to about 200; some 2.3 can just be told apart."""
    return float(np.linalg.norm(lab(first, sight) - lab(second, sight)))


def lightness(colour: str) -> float:
    """L* of a colour, 0 to 100: what is left of it in a grey print."""
    return float(lab(colour)[0])


def lab(colour: str, sight: Sight = "usual") -> np.ndarray:
    """CIE L*, a*, b* under D65 of a colour as a kind of sight has it."""
    coded = np.array([int(colour[place : place + 2], 16) for place in (0, 2, 4)]) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(SIGHTS[sight] @ linear, 0.0, 1.0)
    share = _XYZ @ seen / _XYZ.sum(axis=1)
    root = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = root
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])
