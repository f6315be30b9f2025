"""`weights`: experts' comparison forms written, read back, and turned into a model's weights."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from riskkit import texts
from riskkit.cli.screen import lang_option, say, shown_language, table
from riskkit.errors import DataRefused, Misuse, Problem

if TYPE_CHECKING:
    from riskkit.scoring.ahp import AhpWeights
    from riskkit.scoring.group_weights import GroupWeights, ModelWeights


@click.group(help=say("help.weights"))
def weights() -> None:
    """Weights from experts' comparisons."""


@weights.command("form", help=say("help.weights_form"))
@click.argument("model")
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--node", default=None, metavar="NODE", help=say("help.weights_node"))
@click.option("--expert", "experts", multiple=True, metavar="NAME", help=say("help.weights_expert"))
@lang_option
def form(model: str, target: Path, node: str | None, experts: tuple[str, ...], lang: str | None) -> None:
    """Write the experts' workbooks."""
    from riskkit.model import load_model
    from riskkit.report.weights_form import write_forms

    written = write_forms(load_model(model), target, lang=shown_language(lang), experts=experts, node=node)
    for path in written:
        click.echo(say("written", file=path))


@weights.command("read", help=say("help.weights_read"))
@click.argument("model")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), default=None, metavar="FILE", help=say("help.weights_out")
)
@click.option(
    "--random-index", default="saaty_1980", show_default=True, help=say("help.weights_random_index")
)
@click.option("--allow-inconsistent", is_flag=True, help=say("help.weights_allow"))
def read(
    model: str, files: tuple[Path, ...], out: Path | None, random_index: str, allow_inconsistent: bool
) -> None:
    """Read the workbooks handed back and weigh the model."""
    from riskkit.model import load_model
    from riskkit.report.weights_reading import read_forms
    from riskkit.scoring.group_weights import weigh_model

    if out is not None and out.suffix not in (".yaml", ".yml"):
        raise Misuse("model_target", found=out.name)
    loaded = load_model(model)
    weighed = weigh_model(loaded, read_forms(files, loaded), random_index=random_index)
    for group in weighed.groups:
        click.echo("\n".join(_told(weighed, group)) + "\n")
    if out is not None:
        if weighed.inconsistent and not allow_inconsistent:
            problems = [_inconsistent(weighed, group) for group in weighed.inconsistent]
            raise DataRefused("weights_inconsistent", problems)
        _write(weighed, out)


def _write(weighed: ModelWeights, out: Path) -> None:
    from riskkit.model.write import as_yaml
    from riskkit.publish import scratch_file

    changed = weighed.changed_model()
    heading = [
        texts.say("cli.weights_heading", lang, version=weighed.model.spec.version) for lang in texts.LANGUAGES
    ]
    with scratch_file(out) as scratch:
        scratch.write_text(as_yaml(changed.spec, heading), encoding="utf-8")
    click.echo(say("model_good", model=repr(changed), hash=changed.hash[:12]))
    click.echo(say("written", file=out))


# --- what is printed


def _told(weighed: ModelWeights, group: GroupWeights) -> Iterator[str]:
    """A group: its consistency, present and compared weights, and where comparisons contradict one another."""
    nodes, lang = weighed.model.nodes, texts.screen_language()
    found = group.together
    yield say(
        "weights_group",
        id=group.group.parent or "",
        name=_parent(weighed, group, lang),
        cr=found.cr,
        table=found.random_index,
    ).strip()
    header = [say(f"column.{name}") for name in ("node", "name", "present", "compared", "change")]
    rows = weighed.weights.loc[list(group.group.members)]
    lines = [
        [name, nodes[name].name[lang], f"{now:.4f}", f"{then:.4f}", f"{then - now:+.4f}"]
        for name, now, then in zip(rows.index, rows["present"], rows["compared"], strict=True)
    ]
    yield table(header, lines)
    for expert, alone in group.experts.items():
        yield _expert(expert, alone)
    contradicting = {say("weights_together"): found, **group.experts}
    for who, each in contradicting.items():
        if each is not None and not each.consistent:
            yield _contradiction(who, each)


def _parent(weighed: ModelWeights, group: GroupWeights, lang: texts.Language) -> str:
    parent = group.group.parent
    return texts.say("weights_form.top", lang) if parent is None else weighed.model.nodes[parent].name[lang]


def _expert(name: str, alone: AhpWeights | None) -> str:
    if alone is None:
        return say("weights_expert_apart", expert=name)
    missing = int(alone.given.isna().to_numpy().sum()) // 2
    key = "weights_expert_incomplete" if missing else "weights_expert"
    return say(key, expert=name, cr=alone.cr, table=alone.random_index, missing=missing)


def _contradiction(who: str, weights: AhpWeights) -> str:
    return say("weights_contradiction", who=who, **_worst(weights))


def _inconsistent(weighed: ModelWeights, group: GroupWeights) -> Problem:
    values = {"cr": group.together.cr, **_worst(group.together)}
    return Problem("weights.inconsistent", cell=group.group.parent or weighed.model.spec.id, values=values)


def _worst(weights: AhpWeights) -> dict[str, str | float]:
    """The pair that contradicts the others most, and what would mend it."""
    from riskkit.report.weights_form import scale_text

    mended = weights.amendment()
    assert mended is not None  # only what contradicts itself is asked
    pairs = weights.pairs
    row = pairs[(pairs["left"] == mended.left) & (pairs["right"] == mended.right)].iloc[0]
    return {
        "left": mended.left,
        "right": mended.right,
        "value": mended.value,
        "implied": float(row["implied"]),
        "nearest": scale_text(mended.nearest),
        "then": mended.nearest_cr,
        "table": weights.random_index,
    }
