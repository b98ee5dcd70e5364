"""Where reports go: stdout, and files named by --output."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import click
import msgspec

from stackproof.check import Report
from stackproof.cli.errors import InputError
from stackproof.cli.hyperlinks import files_below, is_linked
from stackproof.model import Explanation, Location
from stackproof.reports import json
from stackproof.reports.excerpts import Excerpts
from stackproof.reports.repository import Repository

if TYPE_CHECKING:
    from stackproof.overview import Overview

Color: TypeAlias = Literal["auto", "always", "never"]

REPORTED = ("text", "json", "markdown", "sarif", "junit")
"""Formats that need nothing but the report."""
FORMATS = (*REPORTED, "html")


class Screen(msgspec.Struct, frozen=True):
    """What a report is shown on."""

    color: bool = False
    width: int = 80
    links: bool = False


@dataclass(frozen=True)
class Context:
    """What a report is about, beside what was found."""

    root: Path
    """The project's folder: lines of the program are shown from files below it, and no others."""
    contract: Location
    """The contract's first line, to blame where no resource is."""
    repository: Repository
    verbose: bool
    overview: Callable[[], Overview] | None = None
    """What the architecture is, made when a format shows it; None where only the report is."""


_FILE = Screen()


def screen(color: Color) -> Screen:
    """The standard output."""
    colored = is_colored(color)
    return Screen(colored, columns(), colored and is_linked(sys.stdout, os.environ))


def rendered(report: Report, kind: str, context: Context, screen: Screen = _FILE) -> str:
    """`report` in one of FORMATS. Each is imported when it is asked for: rich alone is 80 ms."""
    match kind:
        case "json":
            return json.render(report)
        case "markdown":
            from stackproof.reports import markdown  # noqa: PLC0415

            return markdown.render(
                report, repository=context.repository, excerpt=Excerpts(context.root)
            )
        case "sarif":
            from stackproof.reports import sarif  # noqa: PLC0415

            return sarif.render(report, repository=context.repository, contract=context.contract)
        case "junit":
            from stackproof.reports import junit  # noqa: PLC0415

            return junit.render(report)
        case "html":
            from stackproof.reports import html  # noqa: PLC0415

            if context.overview is None:
                raise InputError(
                    "--format html: it draws the architecture, of which a report is not enough"
                )
            return html.render(report, context.overview(), excerpt=Excerpts(context.root))
    from stackproof.reports import terminal  # noqa: PLC0415

    return terminal.render(
        report,
        color=screen.color,
        width=screen.width,
        verbose=context.verbose,
        excerpt=Excerpts(context.root),
        link=files_below(context.root) if screen.links else lambda _: None,
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


def destinations(
    outputs: tuple[str, ...], kinds: tuple[str, ...] = FORMATS
) -> list[tuple[str, Path]]:
    """`KIND=PATH` read, KIND one of `kinds`. Raises InputError before anything is evaluated."""
    found: list[tuple[str, Path]] = []
    for output in outputs:
        kind, equals, path = output.partition("=")
        if kind not in kinds or not equals or not path:
            named = ", ".join(kinds)
            raise InputError(f"--output {output}: expected KIND=PATH, KIND one of {named}")
        folder = Path(path).parent
        if not folder.is_dir():
            raise InputError(f"--output {output}: there is no folder {folder}")
        if not os.access(folder, os.W_OK):
            raise InputError(f"--output {output}: nothing can be written in {folder}")
        if any(Path(path).resolve() == other.resolve() for _, other in found):
            raise InputError(f"--output {output}: {path} is named twice")
        found.append((kind, Path(path)))
    return found


def write(reports: Sequence[tuple[Path, str]]) -> None:
    """Write reports, all or none of them; a failure names the file.

    Each is written beside its place and then moved there, so that nobody reads half of it. What is
    no file, such as /dev/stderr, is written to as it is.
    """
    moves: list[tuple[Path, Path, Path]] = []
    path = Path()
    try:
        for path, text in reports:
            target = path.resolve()
            if target.exists() and not target.is_file() and not target.is_dir():
                target.write_text(text, encoding="utf-8")
                continue
            beside = target.with_name(f".{target.name}.{os.getpid()}.part")
            moves.append((path, beside, target))
            beside.write_bytes(text.encode())
            if target.is_file():
                shutil.copymode(target, beside)
            elif target.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        for path, beside, target in moves:  # noqa: B007 - the error below names it
            beside.replace(target)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        for _, beside, _ in moves:
            beside.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Make the folder of a file that has none yet; a failure names it."""
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be made: {error.strerror}") from error


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
