"""The command line: `riskkit --help` teaches the rest. Exit codes: 0 done, 1 not, 2 misuse.

One file a subject. A command imports what it works with when it runs, so that `--help` is there at once.
"""

from __future__ import annotations

import os
import sys

import click

from riskkit import __version__, texts
from riskkit.cli.evidence import check
from riskkit.cli.machine import doctor, init, theme
from riskkit.cli.models import model
from riskkit.cli.reports import report, run
from riskkit.cli.scores import explain, score
from riskkit.cli.screen import problem_table, say
from riskkit.cli.weights import weights
from riskkit.errors import DataRefused, RiskkitError


class _Group(click.Group):
    """Commands in the order a newcomer needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=_Group,
    help=say("help.riskkit"),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="riskkit")
def riskkit() -> None:
    """The root command."""


for _command in (init, check, score, run, report, explain, model, weights, theme, doctor):
    riskkit.add_command(_command)


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
        sys.exit(1)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(2)
    except DataRefused as refused:
        click.echo(RiskkitError.message(refused, texts.screen_language()), err=True)
        click.echo(problem_table(refused.problems), err=True)
        sys.exit(refused.exit_code)
    except RiskkitError as refused:
        click.echo(refused.message(texts.screen_language()), err=True)
        sys.exit(refused.exit_code)
    except OSError as fault:
        found = {"file": fault.filename or "?", "reason": fault.strerror or fault}
        click.echo(texts.say("error.unreadable_file", texts.screen_language(), **found), err=True)
        sys.exit(1)
