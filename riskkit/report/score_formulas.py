"""The steps of the engine as expressions of a spreadsheet, given the cells they work on: the generalised means of
`Plan.score`, then `published` and `grade`.

A place counts grades from 1, the best. Cells without a number hold a dash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from riskkit.report.cells import NOTHING, quoted
from riskkit.scoring.grades import SLACK
from riskkit.scoring.plan import NIL, Branching

NONE = quoted(NOTHING)


def mean_formula(branching: Branching, scores: Sequence[str], weights: Sequence[str]) -> tuple[str, str]:
    """When the mean exists, and what it comes to: two expressions. `scores` and `weights` are the cells of the
    children in the order of the sheet, each in one row or one column, nothing but empty cells between the scores; a
    child whose cell holds no number is left out, and the weights of the others rescaled.

        >>> mean_formula(branching, ["G9", "H9"], ["G$7", "H$7"])
        ('SUMPRODUCT(G$7:H$7,--ISNUMBER(G9:H9))>0', 'SUMPRODUCT(G$7:H$7,G9:H9)/SUMPRODUCT(G$7:H$7,--ISNUMBER(G9:H9))')
    """
    row, above = f"{scores[0]}:{scores[-1]}", f"{weights[0]}:{weights[-1]}"
    whole = f"SUMPRODUCT({above},--ISNUMBER({row}))"
    pairs = list(zip(scores, weights, strict=True))
    if branching.exponent == 1:
        return f"{whole}>0", f"SUMPRODUCT({above},{row})/{whole}"
    if branching.exponent == float("-inf"):
        known = [f"IF(({weight}>0)*ISNUMBER({score}),{score},9E+99)" for score, weight in pairs]
        return f"SUMPRODUCT(({above}>0)*ISNUMBER({row}))>0", f"MIN({','.join(known)})"
    nil = f"{NIL:g}" if branching.exponent <= 0 else "0"
    if branching.exponent == 0:
        mean = f"EXP(({_sum(pairs, nil, 'LN({score})')})/{whole})"
    else:
        power = repr(branching.exponent)
        mean = f"(({_sum(pairs, nil, '{score}^(' + power + ')')})/{whole})^(1/({power}))"
    if branching.exponent > 0:
        return f"{whole}>0", mean
    return f"{whole}>0", f"IF(SUMPRODUCT(({above}>0)*ISNUMBER({row})*({row}<={nil}))>0,0,{mean})"


def _sum(pairs: Sequence[tuple[str, str]], nil: str, term: str) -> str:
    """Σ weight · term over the children above nil; what is nil or missing has no term."""
    return "+".join(f"IF(N({score})>{nil},{weight}*{term.format(score=score)},0)" for score, weight in pairs)


def base(exists: str, mean: str, maximum: float) -> str:
    """The total before deductions, from the mean at the root."""
    return f"IF({exists},MIN(MAX({mean},0),{maximum!r}),{NONE})"


def score(total: str, deducted: str, decimals: str) -> str:
    """The published score: less deductions, not below 0, rounded half up."""
    places = f"MAX({total}-{deducted},0)*10^{decimals}"
    return f"IF(ISNUMBER({total}),INT({places}+0.500001)/10^{decimals},{NONE})"


def place_by_score(published: str, minimum: str, levels: int) -> str:
    """The place that the score alone gives; `minimum` are the least scores of the grades, best first."""
    by_score = f"MIN(SUMPRODUCT(--({minimum}>{published})),{levels - 1})+1"
    return f"IF(ISNUMBER({published}),{by_score},{NONE})"


def any_below(scores: str, weights: str, least: str) -> str:
    """Whether any score of what has weight is below the least one asked for."""
    short = f"N({least})-{SLACK:g}"
    return f"SUMPRODUCT(({weights}>0)*ISNUMBER({scores})*({scores}<{short}))>0"


def place_after(before: str, level: int, failed: Iterable[str]) -> str:
    """The place after a grade's conditions: one down where it was this grade and any of them failed."""
    down = f"IF(AND({before}={level},OR({','.join(failed)})),1,0)"
    return f"IF(ISNUMBER({before}),{before}+{down},{NONE})"


def graded(published: str, provisional: str) -> str:
    """Whether there is a grade at all."""
    return f"AND(ISNUMBER({published}),{provisional}=0)"


def final_place(counts: str, vetoed: str, last: str, cap: str, levels: int) -> str:
    """The place in the end: the lowest for a veto, else not above the cap."""
    return f"IF({counts},IF({vetoed}=1,{levels},MAX({last},N({cap}))),{NONE})"


def grade_word(place: str, words: str, missing: str) -> str:
    """The word for a grade's place, or another where there is none."""
    return f"IF(ISNUMBER({place}),INDEX({words},{place}),{quoted(missing)})"
