"""The command line: `riskkit --help` teaches the rest. Exit codes: 0 done, 1 data refused, 2 misuse."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from riskkit import __version__, texts
from riskkit.errors import DataRefused, Problem, RiskkitError

if TYPE_CHECKING:
    import pandas as pd

    from riskkit.workspace import Workspace

SCREEN = texts.screen_language()


def say(key: str, **values: Any) -> str:
    """Wording of the command line, in the language of the screen."""
    return texts.say(f"cli.{key}", SCREEN, **values)


class _Group(click.Group):
    """Commands in the order a newcomer needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


workspace_option = click.option(
    "--workspace", "-w", default=None, metavar="FOLDER", help=say("help.workspace")
)
lang_option = click.option("--lang", type=click.Choice(["zh", "en"]), default=None, help=say("help.lang"))
period_argument = click.argument("period", required=False, default=None, metavar="[PERIOD]")


@click.group(
    cls=_Group,
    help=say("help.riskkit"),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="riskkit")
def riskkit() -> None:
    """The root command."""


def _open(workspace: str | None, lang: str | None = None) -> Workspace:
    from riskkit.workspace import open_workspace

    return open_workspace(workspace, lang=cast(Any, lang))


@riskkit.command(help=say("help.init"))
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

    chosen = cast(texts.Language, lang or SCREEN)
    made = init_workspace(
        folder, name_zh=name, name_en=name_en or name, lang=chosen, model=model, period=period
    )
    click.echo(say("init_done", folder=folder, n=len(made)))


@riskkit.command(help=say("help.check"))
@period_argument
@workspace_option
@click.option(
    "--csv",
    "csv_path",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help=say("help.check_csv"),
)
@click.option("--notes", is_flag=True, help=say("help.check_notes"))
def check(period: str | None, workspace: str | None, csv_path: Path | None, notes: bool) -> None:
    """Read a period's evidence and list every problem."""
    try:
        evidence = _open(workspace).evidence(period)
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
        click.echo(_problem_table(evidence.notes))


def _write_problems(problems: tuple[Problem, ...], path: Path) -> None:
    import pandas as pd

    from riskkit.publish import scratch_file
    from riskkit.report.run import safe_csv

    rows = [(p.file, p.sheet, p.cell, p.what(SCREEN), p.remedy(SCREEN)) for p in problems]
    columns = [say(f"column.{name}") for name in ("file", "sheet", "cell", "problem", "remedy")]
    with scratch_file(path) as scratch:
        safe_csv(pd.DataFrame(rows, columns=columns), scratch)


def _width(text: str) -> int:
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _table(header: list[str], rows: list[list[str]]) -> str:
    """Columns aligned on a terminal, wide characters counted as two."""
    widths = [max(_width(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [header, ["─" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _problem_table(problems: tuple[Problem, ...]) -> str:
    header = [say(f"column.{name}") for name in ("file", "sheet", "cell", "what")]
    return _table(
        header, [[p.file, p.sheet, p.cell, f"{p.what(SCREEN)} {p.remedy(SCREEN)}"] for p in problems]
    )


@riskkit.command(help=say("help.score"))
@period_argument
@workspace_option
@lang_option
@click.option(
    "--csv",
    "csv_path",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help=say("help.score_csv"),
)
def score(period: str | None, workspace: str | None, lang: str | None, csv_path: Path | None) -> None:
    """Print the ranking of a period."""
    bank = _open(workspace, lang)
    assessment = bank.assessment(period)
    ranking = assessment.ranking()
    if csv_path:
        from riskkit.publish import scratch_file
        from riskkit.report.run import safe_csv

        with scratch_file(csv_path) as scratch:
            safe_csv(ranking.reset_index(), scratch)
    names = ["rank", "unit", "name", "score", "grade", "coverage"]
    rows = [
        _ranking_row(str(unit), row, assessment.model.spec.score.decimals) for unit, row in ranking.iterrows()
    ]
    click.echo(
        f"{bank.name}  {assessment.period}  {assessment.model.spec.id} {assessment.model.spec.version}"
    )
    click.echo(_table([say(f"column.{name}") for name in names], rows))
    for unit, row in assessment.rollups().iterrows():
        click.echo(
            say(
                "rollup",
                unit=unit,
                name=row["name"],
                score=f"{row['score']:.{assessment.model.spec.score.decimals}f}",
            )
        )


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


@riskkit.command(help=say("help.run"))
@period_argument
@workspace_option
@lang_option
@click.option("--out", type=click.Path(path_type=Path), default=None, metavar="FOLDER", help=say("help.out"))
@click.option("--html/--no-html", default=False, help=say("help.html"))
@click.option("--workers", type=click.IntRange(1, 256), default=None, help=say("help.workers"))
def run(
    period: str | None,
    workspace: str | None,
    lang: str | None,
    out: Path | None,
    html: bool,
    workers: int | None,
) -> None:
    """Make every report of a period."""
    _run((), period, workspace, lang, out, html, workers)


@riskkit.command(help=say("help.report"))
@click.argument("branches", nargs=-1, required=True)
@click.option("--period", default=None, metavar="PERIOD", help=say("help.period"))
@workspace_option
@lang_option
@click.option("--out", type=click.Path(path_type=Path), default=None, metavar="FOLDER", help=say("help.out"))
@click.option("--html/--no-html", default=False, help=say("help.html"))
@click.option("--workers", type=click.IntRange(1, 256), default=None, help=say("help.workers"))
def report(
    branches: tuple[str, ...],
    period: str | None,
    workspace: str | None,
    lang: str | None,
    out: Path | None,
    html: bool,
    workers: int | None,
) -> None:
    """Make the reports of some branches."""
    _run(branches, period, workspace, lang, out, html, workers)


def _run(
    branches: tuple[str, ...],
    period: str | None,
    workspace: str | None,
    lang: str | None,
    out: Path | None,
    html: bool,
    workers: int | None,
) -> None:
    from tqdm import tqdm

    from riskkit.report.run import Order, chosen_units
    from riskkit.report.run import run as make

    bank = _open(workspace, lang)
    wanted = bank.period(period)
    click.echo(say("reading", name=bank.name, period=wanted))
    units = chosen_units(bank, wanted, branches)
    order = Order(bank.path, str(wanted), bank.lang, units, html)
    click.echo(say("scored", units=len(units), model=f"{bank.model.spec.id} {bank.model.spec.version}"))
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


@riskkit.command(help=say("help.explain"))
@click.argument("period")
@click.argument("branch")
@click.argument("item")
@workspace_option
@lang_option
@click.option("--rows", default=20, show_default=True, type=click.IntRange(0), help=say("help.rows"))
def explain(period: str, branch: str, item: str, workspace: str | None, lang: str | None, rows: int) -> None:
    """Print where a number came from."""
    from riskkit.report.tables import explanation

    bank = _open(workspace, lang)
    shown = cast(texts.Language, lang or SCREEN)
    click.echo(explanation(bank.assessment(period), bank.unit(branch), item, shown, rows))


@riskkit.group(help=say("help.model"))
def model() -> None:
    """Indicator models."""


@model.command("show", help=say("help.model_show"))
@click.argument("name", default="confidentiality")
def model_show(name: str) -> None:
    """Print a model's tree."""
    from riskkit.model import load_model

    shown = load_model(name)
    click.echo(f"{shown.spec.name[SCREEN]}  {shown.spec.id} {shown.spec.version}  sha256 {shown.hash[:12]}")
    for identifier, node in shown.nodes.items():
        indent = "  " * shown.depths[identifier]
        click.echo(f"{indent}{identifier}  {node.name[SCREEN]}  {node.weight:g}")


@model.command("check", help=say("help.model_check"))
@click.argument("file", type=click.Path(exists=True, path_type=Path))
def model_check(file: Path) -> None:
    """Check a model file."""
    from riskkit.model import load_model

    click.echo(say("model_good", model=repr(load_model(file)), hash=load_model(file).hash[:12]))


@model.command("export", help=say("help.model_export"))
@click.argument("name")
@click.argument("target", type=click.Path(path_type=Path))
@lang_option
def model_export(name: str, target: Path, lang: str | None) -> None:
    """Write a model as a workbook."""
    from riskkit.model import load_model
    from riskkit.publish import scratch_file
    from riskkit.report.model_workbook import export_model

    exported = load_model(name)
    with scratch_file(target) as scratch:
        export_model(exported, scratch, cast(texts.Language, lang or SCREEN))
    click.echo(say("written", file=target))


@model.command("import", help=say("help.model_import"))
@click.argument("workbook", type=click.Path(exists=True, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
def model_import(workbook: Path, target: Path) -> None:
    """Check a workbook and write it as a model file."""
    from riskkit.publish import scratch_file
    from riskkit.report.model_workbook import import_model

    with scratch_file(target) as scratch:
        imported = import_model(workbook, scratch)
    click.echo(say("model_good", model=repr(imported), hash=imported.hash[:12]))
    click.echo(say("written", file=target))


@riskkit.command(help=say("help.doctor"))
@workspace_option
def doctor(workspace: str | None) -> None:
    """Say what this machine has and what it lacks."""
    from riskkit.report.doctor import findings

    told = findings(workspace, SCREEN)
    click.echo("\n".join(f"{'✓' if line.good else '!'} {line.text}" for line in told))
    sys.exit(0 if all(line.good or not line.needed for line in told) else 1)


def main() -> None:
    """Run the command line; every mistake of a user ends in a message and an exit code, never in a traceback."""
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        riskkit(standalone_mode=False)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.Abort:
        click.echo(say("interrupted"), err=True)
        sys.exit(130)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(2)
    except DataRefused as refused:
        click.echo(RiskkitError.message(refused, SCREEN), err=True)
        click.echo(_problem_table(refused.problems), err=True)
        sys.exit(refused.exit_code)
    except RiskkitError as refused:
        click.echo(refused.message(SCREEN), err=True)
        sys.exit(refused.exit_code)
    except OSError as fault:
        found = {"file": fault.filename or "?", "reason": fault.strerror or fault}
        click.echo(texts.say("error.unreadable_file", SCREEN, **found), err=True)
        sys.exit(1)
