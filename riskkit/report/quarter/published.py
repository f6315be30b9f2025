"""What was published of every unit: what its live row begins from and is held against."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from riskkit.report.book import Book
from riskkit.report.cells import NOTHING
from riskkit.report.grade_facts import Facts
from riskkit.report.phrases import grade_short
from riskkit.report.quarter.row_formulas import LAST


def published(book: Book, found: Facts) -> dict[str, dict[str, Any]]:
    """What the engine says of every unit of the summary: by column of the sheet of points, then by unit; missing where
    there is nothing to say."""
    pack, summary = book.pack, book.pack.assessment.summary
    before = pd.Series(np.nan, summary.index)
    if pack.movement is not None:
        before = pack.movement.units["score_before"].reindex(summary.index).astype("float64")
    named = {name: grade_short(book, name) for name in book.model.grades}
    scored = summary["score"].notna()
    columns: dict[str, object] = {
        "score": summary["score"],
        "grade": summary["grade"].map(named).fillna(book.say("provisional")),
        "rank": summary["rank"],
        "change": (summary["score"] - before).round(book.decimals),
        "base": summary["base"],
        "deducted": summary["deducted"],
        "staff": summary["staff"],
        "coverage": summary["coverage"],
        "before": before,
        "provisional": summary["provisional"].astype(int),
        "vetoed": summary["vetoed"].astype(int),
        "cap": found.cap,
        "place": found.place,
        "key": _ranking_key(book),
        "range": _ranges(book),
        **{f"held_{at}": held.astype(int) for at, held in found.held.items()},
        **{f"step_{at}": np.where(scored, step, np.nan) for at, step in found.steps.items()},
    }
    units = [str(unit) for unit in summary.index]
    return {
        name: dict(zip(units, pd.Series(values, summary.index).tolist(), strict=True))
        for name, values in columns.items()
    }


def _ranking_key(book: Book) -> pd.Series:
    """What units are ranked by: published scores, the vetoed ones below all others; missing where none is ranked."""
    summary, steps = book.pack.assessment.summary, 10.0**book.decimals
    key = summary["score"] - LAST * book.maximum * summary["vetoed"]
    return ((key * steps).round() / steps).where(~summary["provisional"] & ~summary["rollup"])


def _ranges(book: Book) -> list[str]:
    """The units' 90 % rank intervals; a dash for those without."""
    sure = book.pack.sure[["rank_low", "rank_high"]].astype("int64").itertuples(name=None)
    known = {unit: f"{low}–{high}" if low < high else f"{low}" for unit, low, high in sure}
    return [known.get(unit, NOTHING) for unit in book.pack.assessment.summary.index]
