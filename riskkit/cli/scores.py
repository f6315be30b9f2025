"""`score` and `explain`: a period's ranking, and where a number of it came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from riskkit.cli.screen import (
    csv_option,
    lang_option,
    opened,
    period_argument,
    say,
    shown_language,
    table,
    workspace_option,
)

if TYPE_CHECKING:
    import pandas as pd


@click.command(help=say("help.score"))
@period_argument
@workspace_option
@lang_option
@csv_option("score_csv")
def score(period: str | None, workspace: str | None, lang: str | None, csv_path: Path | None) -> None:
    """Print the ranking of a period."""
    bank = opened(workspace, lang)
    assessment = bank.assessment(period)
    ranking = assessment.ranking()
    if csv_path:
        from riskkit.publish import scratch_file
        from riskkit.report.results import safe_csv

        with scratch_file(csv_path) as scratch:
            safe_csv(ranking.reset_index(), scratch)
    spec = assessment.model.spec
    names = ["rank", "unit", "name", "score", "grade", "coverage"]
    rows = [_ranking_row(str(unit), row, spec.score.decimals) for unit, row in ranking.iterrows()]
    click.echo(f"{bank.name}  {assessment.period}  {spec.id} {spec.version}")
    click.echo(table([say(f"column.{name}") for name in names], rows))
    for unit, row in assessment.rollups().iterrows():
        points = f"{row['score']:.{spec.score.decimals}f}"
        click.echo(say("rollup", unit=unit, name=row["name"], score=points))


def _ranking_row(unit: str, row: pd.Series, decimals: int) -> list[str]:
    ranked = row["rank"] == row["rank"]
    grade = say("provisional") if row["provisional"] else str(row["grade"])
    return [
        f"{row['rank']:.0f}" if ranked else "–",
        unit,
        row["name"],
        f"{row['score']:.{decimals}f}",
        grade,
        f"{row['coverage']:.1%}",
    ]


@click.command(help=say("help.explain"))
@click.argument("period")
@click.argument("branch")
@click.argument("item")
@workspace_option
@lang_option
@click.option("--rows", default=20, show_default=True, type=click.IntRange(0), help=say("help.rows"))
def explain(period: str, branch: str, item: str, workspace: str | None, lang: str | None, rows: int) -> None:
    """Print where a number came from."""
    from riskkit.report.tables import explanation

    bank = opened(workspace, lang)
    click.echo(explanation(bank.assessment(period), bank.unit(branch), item, shown_language(lang), rows))
