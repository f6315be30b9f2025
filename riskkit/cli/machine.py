"""`init` and `doctor`: a workspace to begin with, and what the machine has."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from riskkit import texts
from riskkit.cli.screen import lang_option, say, shown_language, workspace_option


@click.command(help=say("help.init"))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", required=True, help=say("help.name"))
@click.option("--name-en", default=None, help=say("help.name_en"))
@click.option("--model", default="confidentiality", show_default=True, help=say("help.init_model"))
@click.option("--period", default=None, metavar="PERIOD", help=say("help.init_period"))
@lang_option
def init(
    folder: Path, name: str, name_en: str | None, model: str, period: str | None, lang: str | None
) -> None:
    """Make an empty workspace."""
    from riskkit.report.forms import init_workspace

    made = init_workspace(
        folder, name_zh=name, name_en=name_en or name, lang=shown_language(lang), model=model, period=period
    )
    click.echo(say("init_done", folder=folder, n=len(made)))


@click.command(help=say("help.doctor"))
@workspace_option
def doctor(workspace: str | None) -> None:
    """Say what this machine has and what it lacks."""
    from riskkit.report.doctor import findings

    told = findings(workspace, texts.screen_language())
    click.echo("\n".join(f"{'✓' if line.good else '!'} {line.text}" for line in told))
    sys.exit(0 if all(line.good or not line.needed for line in told) else 1)
