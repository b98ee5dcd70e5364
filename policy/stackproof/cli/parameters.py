"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

from stackproof.cli.options import stacks

STACK = click.option(
    "--stack",
    metavar="NAME",
    help="The stack; needed when there are several.",
    shell_complete=stacks,
)
TIME_LIMIT = click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="Stop a program that takes longer.",
)
CONTRACT = click.option(
    "--contract",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The contract.  [default: policy/contract.<stack>.yaml, else policy/contract.yaml]",
)
COLOR = click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colour the text; NO_COLOR is honoured.",
)
