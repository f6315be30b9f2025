"""`run` and `report`: a period's reports, of all branches or of some."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from riskkit import texts
from riskkit.cli.screen import lang_option, opened, period_argument, say, workspace_option

if TYPE_CHECKING:
    from riskkit.workspace import Workspace

_OPTIONS = (
    workspace_option,
    lang_option,
    click.option(
        "--out", type=click.Path(path_type=Path), default=None, metavar="FOLDER", help=say("help.out")
    ),
    click.option("--html/--no-html", default=False, help=say("help.html")),
    click.option("--pdf/--no-pdf", default=False, help=say("help.pdf")),
    click.option("--workers", type=click.IntRange(1, 256), default=None, help=say("help.workers")),
)


def _options_of_reports(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(help=say("help.run"))
@period_argument
@_options_of_reports
def run(period: str | None, **chosen: Any) -> None:
    """Make every report of a period."""
    _publish((), period, **chosen)


@click.command(help=say("help.report"))
@click.argument("branches", nargs=-1, required=True)
@click.option("--period", default=None, metavar="PERIOD", help=say("help.period"))
@_options_of_reports
def report(branches: tuple[str, ...], period: str | None, **chosen: Any) -> None:
    """Make the reports of some branches."""
    _publish(branches, period, **chosen)


def _publish(
    branches: tuple[str, ...],
    period: str | None,
    *,
    workspace: str | None,
    lang: str | None,
    out: Path | None,
    html: bool,
    pdf: bool,
    workers: int | None,
) -> None:
    from tqdm import tqdm

    from riskkit.report.run import Order, chosen_units
    from riskkit.report.run import run as make

    bank = opened(workspace, lang)
    wanted = bank.period(period)
    click.echo(say("reading", name=bank.name, period=wanted))
    units = chosen_units(bank, wanted, branches)
    order = Order(bank.path, str(wanted), bank.lang, units, html, pdf)
    click.echo(say("scored", units=len(units), model=f"{bank.model.spec.id} {bank.model.spec.version}"))
    _tell_of_fonts(bank)
    with tqdm(total=len(units), unit=say("report_unit"), desc=say("reports"), disable=None) as bar:

        def advance(stage: str) -> None:
            bar.update(stage == "branch")

        outcome = make(
            order,
            (out or bank.path / "runs").resolve(),
            workers=workers or os.cpu_count() or 1,
            advance=advance,
        )
        if outcome.already:
            bar.update(len(units))
    click.echo(say("already" if outcome.already else "published", folder=outcome.folder))
    for name in sorted(path.name for path in outcome.folder.iterdir()):
        click.echo(f"  {name}")


def _tell_of_fonts(bank: Workspace) -> None:
    """Say once that charts cannot be labelled in Chinese; what draws them, in other processes, is not heard."""
    from riskkit.report.charts.fonts import find_family
    from riskkit.report.house_style import house_style

    if find_family(house_style(bank).theme.font) is None:
        click.echo(texts.say("chart.no_font", texts.screen_language()), err=True)
