"""`stackproof diff`: what changes in meaning between two architectures."""

from __future__ import annotations

import datetime as dt
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click
import msgspec

from stackproof.cli import output
from stackproof.cli.errors import InputError
from stackproof.cli.hyperlinks import files_below
from stackproof.cli.inputs import root_of
from stackproof.cli.options import Configured
from stackproof.cli.parameters import COLOR, CONTRACT, STACK, TIME_LIMIT
from stackproof.cli.repository import repository_of
from stackproof.reports import json
from stackproof.reports.repository import Repository
from stackproof.selection import SelectorError

if TYPE_CHECKING:
    from stackproof.cli.sides import Compared
    from stackproof.compare import Difference


class Context(msgspec.Struct, frozen=True):
    """What a difference is about, beside what was found."""

    root: Path
    repository: Repository
    verbose: bool


FORMATS = ("text", "json", "markdown")


@click.command(
    cls=Configured,
    epilog="""\b
Examples:
  stackproof diff origin/main --stack prod      the working tree against main
  stackproof diff v1 v2 --fail-on widened       a gate between two revisions
  stackproof diff before.json after.json        of `stackproof graph`
""",
)
@click.argument("base")
@click.argument("head", required=False)
@click.option(
    "-C",
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The Pulumi project.  [default: here]",
)
@STACK
@CONTRACT
@click.option(
    "--base-contract",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What BASE's own contract was.  [default: as BASE has it]",
)
@click.option(
    "--fail-on",
    type=click.Choice(["widened"]),
    help="Exit 1 when anything opened, was gained, lost a guard, or may have.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="What to print on stdout.",
)
@click.option(
    "--output",
    "outputs",
    metavar="KIND=PATH",
    multiple=True,
    help="Write this format to a file as well; may be repeated.",
)
@TIME_LIMIT
@COLOR
@click.option("-v", "--verbose", is_flag=True, help="Show the way of each witness, hop by hop.")
def diff(base: str, head: str | None, directory: Path, **options: Any) -> int:  # noqa: ANN401 - click's options, read by name below
    """Say what changes in meaning, not in lines, from BASE to HEAD.

    BASE and HEAD are git revisions, or files that `check --from` reads. HEAD is
    the working tree as it is, when not given. The contract is HEAD's.

    Flows opened and closed, permissions gained and lost, triggers, what
    survives the loss of a zone, public exposure, claims whose verdict changes,
    and what the contract says anew. What a side does not know is undecided.
    """
    # What evaluates a program takes its time to import, and other commands may not need it.
    from stackproof.cli.sides import Asked, compared  # noqa: PLC0415

    files = output.destinations(options["outputs"], FORMATS)
    asked = Asked(
        base,
        head,
        directory,
        options["stack"],
        options["contract"],
        options["base_contract"],
        options["time_limit"],
    )
    with _taking_away():
        found = _difference(compared(asked))
    root = root_of(directory)
    repository = repository_of(root, None, None, os.environ)
    context = Context(root, repository, verbose=options["verbose"])
    output.say(rendered(found, options["kind"], context, output.screen(options["color"])))
    output.write([(path, rendered(found, kind, context, output.Screen())) for kind, path in files])
    return 1 if options["fail_on"] == "widened" and found.widened else 0


def _difference(both: Compared) -> Difference:
    from stackproof.compare import compare  # noqa: PLC0415 - as above

    try:
        return compare(both.base, both.head, today=dt.datetime.now(tz=dt.UTC).date())
    except SelectorError as error:
        if both.located is None:
            raise
        place = both.located.place("groups", error.group)
        raise InputError(f"{place}: groups.{error.group}: {error}") from error


def rendered(found: Difference, kind: str, context: Context, screen: output.Screen) -> str:
    """`found` in one of FORMATS. Each is imported when it is asked for: rich alone is 80 ms."""
    match kind:
        case "json":
            return json.render(found)
        case "markdown":
            from stackproof.reports.difference import markdown  # noqa: PLC0415

            return markdown.render(found, repository=context.repository)
    from stackproof.reports.difference import terminal  # noqa: PLC0415

    return terminal.render(
        found,
        color=screen.color,
        width=screen.width,
        verbose=context.verbose,
        link=files_below(context.root) if screen.links else lambda _: None,
    )


@contextmanager
def _taking_away() -> Iterator[None]:
    """Let a signal that ends the process end it as an exception does: what was made is removed."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {}
    for number in (signal.SIGTERM, signal.SIGHUP):
        with suppress(ValueError):  # only the main thread may
            before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
