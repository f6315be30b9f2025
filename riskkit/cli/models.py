"""`model`: show, check, export and import indicator models."""

from __future__ import annotations

from pathlib import Path

import click

from riskkit import texts
from riskkit.cli.screen import lang_option, opened, say, shown_language, workspace_option


@click.group(help=say("help.model"))
def model() -> None:
    """Indicator models."""


@model.command("show", help=say("help.model_show"))
@click.argument("name", default="confidentiality")
def show(name: str) -> None:
    """Print a model's tree."""
    from riskkit.model import load_model
    from riskkit.model.schema import Item
    from riskkit.report.formulas import aggregate_in_words, scale_in_words

    lang = texts.screen_language()
    shown = load_model(name)
    click.echo(f"{shown.spec.name[lang]}  {shown.spec.id} {shown.spec.version}  sha256 {shown.hash[:12]}")
    click.echo(aggregate_in_words(shown.spec, lang))
    for identifier, node in shown.nodes.items():
        indent = "  " * shown.depths[identifier]
        how = scale_in_words(node, lang) if isinstance(node, Item) else aggregate_in_words(node, lang)
        click.echo(f"{indent}{identifier}  {node.name[lang]}  {node.weight:g}  {how}")


@model.command("check", help=say("help.model_check"))
@click.argument("file", type=click.Path(exists=True, path_type=Path))
def check(file: Path) -> None:
    """Check a model file, and say which relative scales still want their reference."""
    from riskkit.model import load_model
    from riskkit.model.check_scales import unreadable
    from riskkit.model.indicator_model import as_problem

    checked = load_model(file)
    click.echo(say("model_good", model=repr(checked), hash=checked.hash[:12]))
    for fault in unreadable(checked.spec, checked.items.values()):
        click.echo(as_problem(fault, file.name).line(texts.screen_language()))


@model.command("export", help=say("help.model_export"))
@click.argument("name")
@click.argument("target", type=click.Path(path_type=Path))
@lang_option
def export(name: str, target: Path, lang: str | None) -> None:
    """Write a model as a workbook."""
    from riskkit.model import load_model
    from riskkit.publish import scratch_file
    from riskkit.report.model_workbook import export_model

    exported = load_model(name)
    with scratch_file(target) as scratch:
        export_model(exported, scratch, shown_language(lang))
    click.echo(say("written", file=target))


@model.command("import", help=say("help.model_import"))
@click.argument("workbook", type=click.Path(exists=True, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
def import_(workbook: Path, target: Path) -> None:
    """Check a workbook and write it as a model file."""
    from riskkit.publish import scratch_file
    from riskkit.report.model_workbook import import_model

    with scratch_file(target) as scratch:
        imported = import_model(workbook, scratch)
    click.echo(say("model_good", model=repr(imported), hash=imported.hash[:12]))
    click.echo(say("written", file=target))


@model.command("reference", help=say("help.model_reference"))
@click.argument("period")
@workspace_option
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, metavar="FILE", help=say("help.reference_out")
)
def reference(period: str, workspace: str | None, out: Path | None) -> None:
    """Write what relative scales compare with."""
    from riskkit.model.write import reference_as_yaml
    from riskkit.publish import scratch_file
    from riskkit.scoring.reference import reference_of

    bank = opened(workspace)
    made = reference_of(bank.measures(period))
    target = out or bank.path / "model" / f"{bank.settings.model}.reference.yaml"
    heading = [
        texts.say("form.reference_heading", lang, model=bank.model.spec.id, period=made.period)
        for lang in texts.LANGUAGES
    ]
    with scratch_file(target) as scratch:
        scratch.write_text(reference_as_yaml(made, heading), encoding="utf-8")
    click.echo(say("written", file=target))
    click.echo(say("reference_read", file=target.name))
