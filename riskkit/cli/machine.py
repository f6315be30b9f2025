"""`init`, `theme` and `doctor`: a workspace to begin with, how its reports look, and what the machine has."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from riskkit import texts
from riskkit.cli.screen import lang_option, opened, say, shown_language, workspace_option


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


@click.command(help=say("help.theme"))
@workspace_option
def theme(workspace: str | None) -> None:
    """Check the institution's own theme, wording and logo, and say what some reader could not read."""
    from riskkit.report.house_style import house_style
    from riskkit.report.legibility import complaints

    style = house_style(opened(workspace))
    click.echo(
        say("theme.files", files=", ".join(style.files) or say("theme.packaged"), n=len(style.wording))
    )
    found = complaints(style.theme)
    for each in found:
        values = {"found": each.found, "least": each.least, "sight": say(f"theme.{each.sight}")}
        click.echo(f"! {say(f'theme.{each.kind}', first=each.first, second=each.second, **values)}")
    click.echo(say("theme.faults" if found else "theme.legible", n=len(found)))


@click.command(help=say("help.doctor"))
@workspace_option
def doctor(workspace: str | None) -> None:
    """Say what this machine has and what it lacks."""
    from riskkit.report.doctor import findings

    told = findings(workspace, texts.screen_language())
    click.echo("\n".join(f"{'✓' if line.good else '!'} {line.text}" for line in told))
    sys.exit(0 if all(line.good or not line.needed for line in told) else 1)
