"""`run` and `report`: a period's reports, of all branches or of some."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from riskkit import texts
from riskkit.cli.screen import lang_option, opened, period_argument, say, workspace_option

if TYPE_CHECKING:
    from tqdm import tqdm

    from riskkit.report.run import Progress
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
    click.option("--resume", is_flag=True, help=say("help.resume")),
    click.option("--dask", default=None, metavar="ADDRESS", help=say("help.dask")),
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
@click.argument("branches", nargs=-1)
@click.option("--period", default=None, metavar="PERIOD", help=say("help.period"))
@_options_of_reports
def report(branches: tuple[str, ...], period: str | None, **chosen: Any) -> None:
    """Make the reports of all branches, or of some."""
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
    resume: bool,
    dask: str | None,
) -> None:
    from riskkit.errors import ReportFailed
    from riskkit.report.making import Order
    from riskkit.report.run import listed
    from riskkit.report.run import run as make
    from riskkit.report.workers import fitting

    bank = opened(workspace, lang)
    wanted = bank.period(period)
    click.echo(say("reading", name=bank.name, period=wanted))
    _tell_of_fonts(bank)
    order = Order(bank.path, str(wanted), bank.lang, branches, html, pdf)
    place = (out or bank.path / "runs").resolve()
    with _Bar(f"{bank.model.spec.id} {bank.model.spec.version}") as bar:
        at_once = workers or fitting(dask)
        done = make(order, place, at_once=at_once, advance=bar.advance, resume=resume, cluster=dask)
    click.echo(say("already" if done.already else "published", folder=done.folder))
    for name in sorted(path.name for path in done.folder.iterdir()):
        click.echo(f"  {name}")
    if done.failures:
        raise ReportFailed("reports_missing", count=len(done.failures), failed=listed(done.failures))


class _Bar:
    """The progress of a run: how many reports are done, of how many, at what rate, and how long it will take yet."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._bar: tqdm[Any] | None = None
        self._at: Progress | None = None

    def advance(self, at: Progress) -> None:
        """Show how far the run has come; the first time, also of how many units it is."""
        if self._bar is None:
            from tqdm import tqdm

            tqdm.monitor_interval = 0  # a thread of its own would be all it is good for
            click.echo(say("scored", units=at.total, model=self._model))
            unit, desc = say("report_unit"), say("reports")
            self._bar = tqdm(total=at.total, initial=at.found, unit=unit, desc=desc, disable=None)
        self._bar.update(at.done - self._bar.n)
        self._at = at

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
        if kind is KeyboardInterrupt and self._at is not None:
            click.echo(say("stopped", done=self._at.done, total=self._at.total), err=True)
            sys.exit(1)


def _tell_of_fonts(bank: Workspace) -> None:
    """Say once that charts cannot be labelled in Chinese; what draws them, in other processes, is not heard."""
    from riskkit.report.charts.fonts import find_family
    from riskkit.report.house_style import house_style

    if find_family(house_style(bank).theme.font) is None:
        click.echo(texts.say("chart.no_font", texts.screen_language()), err=True)
