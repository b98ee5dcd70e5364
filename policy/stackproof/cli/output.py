"""Where reports go: stdout, and files named by --output."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Literal, TypeAlias

import click
import msgspec

from stackproof.check import Report
from stackproof.cli.errors import InputError
from stackproof.model import Explanation
from stackproof.reports import json
from stackproof.reports.excerpts import Excerpts

Color: TypeAlias = Literal["auto", "always", "never"]

FORMATS = ("text", "json")


class Screen(msgspec.Struct, frozen=True):
    """What a report is shown on."""

    color: bool = False
    width: int = 80


_FILE = Screen()


def rendered(
    report: Report, kind: str, *, root: Path, verbose: bool, screen: Screen = _FILE
) -> str:
    """`report` in one of FORMATS. Lines of the program are shown from the files below `root`."""
    if kind == "json":
        return json.render(report)
    from stackproof.reports import terminal  # noqa: PLC0415 - rich costs 80 ms; json needs none

    return terminal.render(
        report,
        color=screen.color,
        width=screen.width,
        verbose=verbose,
        excerpt=Excerpts(root),
    )


def explained(question: str, explanation: Explanation, *, as_json: bool) -> str:
    """The answer to `question` for a person or, as JSON, for a tool."""
    if as_json:
        return json.render(explanation)
    from stackproof.reports import terminal  # noqa: PLC0415 - as above

    color = is_colored("auto")
    return terminal.render_explanation(question, explanation, color=color, width=columns())


def is_colored(color: Color) -> bool:
    """Whether stdout gets colour: never under NO_COLOR (no-color.org), unless `always`."""
    if color == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return color == "always"


def columns() -> int:
    """The width of the terminal; 80 where there is none."""
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80


def destinations(outputs: tuple[str, ...]) -> list[tuple[str, Path]]:
    """`KIND=PATH` read. Raises InputError before anything is evaluated."""
    found = []
    for output in outputs:
        kind, equals, path = output.partition("=")
        if kind not in FORMATS or not equals or not path:
            raise InputError(f"--output {output}: expected KIND=PATH, KIND one of {_kinds()}")
        if not Path(path).parent.is_dir():
            raise InputError(f"--output {output}: there is no folder {Path(path).parent}")
        found.append((kind, Path(path)))
    return found


def _kinds() -> str:
    return ", ".join(FORMATS)


def write(path: Path, text: str) -> None:
    """Write a report; a failure names the file."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error


def say(text: str) -> None:
    """Write to stdout, and mind neither a reader that has left nor a narrow encoding."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = text.translate(_IN_ASCII)
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
    try:
        click.echo(text, nl=False, color=True)  # whether it has colour is decided by now
    except BrokenPipeError:
        # `stackproof check | head`: the verdict still counts. Python flushes again when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        raise InputError(f"standard output cannot be written: {error.strerror}") from error


_IN_ASCII = str.maketrans("✓✗→·─│…", "+x>.-|~")
"""The report's own signs; a question mark for each would read as `unproven`."""
