"""From options to a Graph and a contract: defaults, and what was looked for when there is none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec

from stackproof.check import REPORT_VERSION, Report, Summary
from stackproof.cli.errors import InputError
from stackproof.cli.progress import evaluating
from stackproof.contract import Located, Place
from stackproof.contract import read as read_contract
from stackproof.model import Graph, Location
from stackproof.sources.errors import SourceError

if TYPE_CHECKING:
    from stackproof.compare import Difference

_D = TypeVar("_D")

_LARGEST_REPORT = 64 * 2**20


class Given(msgspec.Struct, frozen=True):
    """What the options say about where the architecture comes from."""

    directory: Path
    stack: str | None
    source: Path | None
    time_limit: float


def graph_of(given: Given) -> Graph:
    """The Graph in the file given, or else of the Pulumi program, evaluated."""
    if given.source is not None:
        from stackproof import sources  # noqa: PLC0415 - reading a file needs no evaluator

        graph = sources.load(given.source)
        if given.stack not in {None, graph.stack}:
            raise InputError(f"{given.source} is of stack {graph.stack}, not {given.stack}")
        return graph
    from stackproof.sources import program  # noqa: PLC0415 - as above, the other way round

    stack = given.stack or only_stack(given.directory)
    with evaluating(stack) as progress:
        return program.evaluate(
            given.directory, stack, time_limit=given.time_limit, progress=progress
        )


def only_stack(directory: Path) -> str:
    """The stack that is meant when none is named."""
    from stackproof.sources import project  # noqa: PLC0415 - as above

    found = project.stacks_of(project.find_project(directory))
    if len(found) == 1:
        return found[0]
    named = os.environ.get("PULUMI_STACK")
    if named:
        return named
    if not found:
        raise InputError(f"no stack: there is no Pulumi.<stack>.yaml in {directory}")
    raise InputError(f"which stack? Name one with --stack: {', '.join(found)}")


def report_of(path: Path) -> Report:
    """The report that `check --format json` printed; `-` is the standard input.

    It may have been made where nobody is trusted. It is taken for nothing but data, and must be
    whole: its summary counts its claims.
    """
    report = _decoded(path, Report, "report of `stackproof check --format json`")
    _whole(
        path, report.version, REPORT_VERSION, matches=report.summary == Summary.of(report.claims)
    )
    return report


def difference_of(path: Path) -> Difference:
    """The difference that `diff --format json` printed, under the same caution."""
    from stackproof.compare import difference  # noqa: PLC0415 - no other command needs it

    what = "difference of `stackproof diff --format json`"
    found = _decoded(path, difference.Difference, what)
    counted = difference.counted(found.changes)
    _whole(path, found.version, difference.DIFFERENCE_VERSION, matches=found.summary == counted)
    return found


def _decoded(path: Path, type_: type[_D], what: str) -> _D:
    name = _named(path)
    try:
        with click.open_file(str(path), "rb") as file:
            data = file.read(_LARGEST_REPORT + 1)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST_REPORT:
        raise InputError(f"{name} is larger than {_LARGEST_REPORT // 2**20} MB; no report is")
    try:
        found: _D = msgspec.json.decode(data, type=type_)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"{name} is no {what}: {error}") from error
    return found


def _whole(path: Path, version: int, current: int, *, matches: bool) -> None:
    if version != current:
        raise InputError(f"{_named(path)} is of version {version}, not {current}")
    if not matches:
        raise InputError(f"{_named(path)} was changed: its summary does not count what it lists")


def _named(path: Path) -> str:
    return "standard input" if path == Path("-") else str(path)


def root_of(directory: Path) -> Path:
    """The folder of Pulumi.yaml, spelt as the user would; `directory` itself outside a project."""
    from stackproof.sources import project  # noqa: PLC0415 - as above

    try:
        root = project.find_project(directory).root
    except SourceError:
        return directory
    return Path(os.path.relpath(root)) if directory.resolve() != root else directory


def contract_of(directory: Path, stack: str, named: Path | None) -> Located | None:
    """The contract named, or else the stack's own, or else the project's; None when it has none.

    Raises InputError when there are contracts, but none for this stack: it was not left out on
    purpose, and the baseline must not stand in for it.
    """
    if named is not None:
        return read_contract(named)
    root = root_of(directory)
    path = _default_contract(root, stack)
    if path is not None:
        return read_contract(path)
    others = sorted(p.name for p in (root / "policy").glob("contract.*.yaml"))
    if others:
        raise InputError(
            f"no contract for stack {stack}: {root / 'policy'} has {', '.join(others)} and no"
            f" contract.yaml or contract.{stack}.yaml; name one with --contract"
        )
    return None


def _default_contract(root: Path, stack: str) -> Path | None:
    names = (f"contract.{stack}.yaml", "contract.yaml")
    return next((p for name in names if (p := root / "policy" / name).is_file()), None)


def may_say(root: Path, named: Path | None, section: str) -> bool:
    """Whether a contract that could be meant has this section; told before the stack is known."""
    try:
        texts = [
            path.read_text("utf-8")
            for path in ([named] if named else (root / "policy").glob("contract*.yaml"))
        ]
    except (OSError, ValueError):
        return False  # what reads it for good says what is wrong
    return any(line.startswith(f"{section}:") for text in texts for line in text.splitlines())


def line_of(place: Place, directory: Path) -> Location:
    """`place` as reports show it: relative to the project, and never an absolute path."""
    path = Path(os.path.relpath(place.path, root_of(directory)))
    return Location(path.name if path.parts[0] == ".." else path.as_posix(), place.line)
