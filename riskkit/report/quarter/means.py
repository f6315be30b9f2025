"""The generalised means of `Plan.score` as formulas: children in a row beside each other, weights in a row above."""

from __future__ import annotations

from collections.abc import Sequence

from riskkit.scoring.plan import NIL, Branching


def mean_formula(branching: Branching, scores: Sequence[str], weights: Sequence[str]) -> tuple[str, str]:
    """When the mean exists, and what it comes to: two expressions. `scores` and `weights` are the cells of the
    children, side by side; a child whose cell holds no number is left out, and the weights of the others rescaled.

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
