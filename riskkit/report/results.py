"""The numbers of a run themselves: CSV for people and spreadsheets, Parquet for analysts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from riskkit.report.pack import QuarterPack


def write_results(pack: QuarterPack, folder: Path) -> None:
    """Write the ranking and every frame of a period's results to a new folder."""
    folder.mkdir()
    assessment = pack.assessment
    frames = {
        "summary": assessment.summary.reset_index(),
        "nodes": assessment.nodes,
        "items": assessment.items,
        "history": pack.history,
        "reasons": assessment.reasons,
        "uncertainty": pack.sure.reset_index(),
        "silent": pack.silent,
    }
    frames |= {"real_change": pack.real.reset_index()} if pack.real is not None else {}
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    ends = ["score_low", "score_high", "rank_low", "rank_high", "grade_probability"]
    ranking = assessment.ranking().join(pack.sure[ends].astype("Float64")).reset_index()
    ranking[ends[2:4]] = ranking[ends[2:4]].astype("Int64")
    columns = ["rank", "unit", "name", "score", "grade", "coverage", "observed", "base", "deducted", *ends]
    safe_csv(ranking[columns], folder / "ranking.csv")


def safe_csv(frame: pd.DataFrame, path: Path) -> None:
    """A CSV that spreadsheets open right (UTF-8 with mark) and in which no text can act as a formula."""
    safe = frame.copy()
    for column in safe.columns[[pd.api.types.is_string_dtype(dtype) for dtype in safe.dtypes]]:
        risky = safe[column].str.startswith(("=", "+", "-", "@", "\t", "\r"), na=False)
        safe[column] = safe[column].where(~risky, "'" + safe[column].astype("str"))
    safe.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
