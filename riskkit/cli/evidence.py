"""`check`: a period's evidence read, and every problem in it."""

from __future__ import annotations

from pathlib import Path

import click

from riskkit import texts
from riskkit.cli.screen import csv_option, opened, period_argument, problem_table, say, workspace_option
from riskkit.errors import DataRefused, Problem


@click.command(help=say("help.check"))
@period_argument
@workspace_option
@csv_option("check_csv")
@click.option("--notes", is_flag=True, help=say("help.check_notes"))
def check(period: str | None, workspace: str | None, csv_path: Path | None, notes: bool) -> None:
    """Read a period's evidence and list every problem."""
    try:
        evidence = opened(workspace).evidence(period)
    except DataRefused as refused:
        if csv_path:
            _write_problems(refused.problems, csv_path)
        raise
    if csv_path:
        _write_problems(evidence.notes, csv_path)
    rows = sum(len(table) for name, table in evidence.tables.items() if name not in ("answers", "sheets"))
    click.echo(say("check_good", period=evidence.period, files=len(evidence.files), rows=rows))
    click.echo(say("check_counts", notes=len(evidence.notes), corrections=len(evidence.corrections)))
    if notes and evidence.notes:
        click.echo(problem_table(evidence.notes))


def _write_problems(problems: tuple[Problem, ...], path: Path) -> None:
    import pandas as pd

    from riskkit.publish import scratch_file
    from riskkit.report.results import safe_csv

    lang = texts.screen_language()
    rows = [(p.file, p.sheet, p.cell, p.what(lang), p.remedy(lang)) for p in problems]
    columns = [say(f"column.{name}") for name in ("file", "sheet", "cell", "problem", "remedy")]
    with scratch_file(path) as scratch:
        safe_csv(pd.DataFrame(rows, columns=columns), scratch)
