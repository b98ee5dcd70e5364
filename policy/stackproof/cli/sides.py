"""The two architectures that `stackproof diff` compares: revisions, files, or the working tree."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
from msgspec.structs import replace

from stackproof.cli.errors import InputError
from stackproof.cli.inputs import contract_of, only_stack
from stackproof.cli.progress import Seen, side_by_side
from stackproof.compare import Side
from stackproof.contract import Contract, ContractError, Located, Place
from stackproof.model import Graph
from stackproof.sources import load, program, revisions
from stackproof.sources import project as projects
from stackproof.sources.children import StoppedError
from stackproof.sources.errors import SourceError
from stackproof.sources.revisions import Revision

WORKING_TREE = "the working tree"
_LOCKS = ("uv.lock", "poetry.lock", "requirements.txt")
"""Files that say which packages a program is evaluated with."""


class Asked(msgspec.Struct, frozen=True):
    """What the command line says."""

    base: str
    head: str | None
    directory: Path
    stack: str | None
    contract: Path | None
    base_contract: Path | None
    time_limit: float


class Compared(msgspec.Struct, frozen=True):
    """Both sides, and HEAD's contract with its places, for messages."""

    base: Side
    head: Side
    located: Located | None


def compared(asked: Asked) -> Compared:
    """Read or evaluate both sides. Raises InputError and SourceError, naming the revision."""
    if asked.base == asked.head == "-":
        raise InputError("the standard input can be one of the two, not both")
    given = [_given(text, asked) for text in (asked.base, asked.head)]
    with ExitStack() as stack:
        origins = [_origin(g, asked, stack) for g in given]
        base, head = _graphs(origins, asked)
        located = origins[1].contract(head.stack, asked.contract)
        before, unread = _contract_before(origins[0], base, located, asked)
        notes = _notes(origins[0], origins[1])
        if isinstance(given[1], Revision) and revisions.uncommitted(given[1].top):
            notes = (*notes, "What the working tree has and no commit has is on neither side.")
    return Compared(
        Side(origins[0].name, base, before, unread, notes),
        Side(origins[1].name, head, None if located is None else located.contract),
        located,
    )


# ── what is meant ───────────────────────────────────────────────────────────────────────────────


def _given(text: str | None, asked: Asked) -> Path | Revision | None:
    """The file or the revision that `text` names; None for the working tree."""
    if text is None:
        return None
    path = Path(text)
    if text == "-" or path.is_file():
        if text != "-" and path.parent == Path() and "/" not in text and _names_both(text, asked):
            raise InputError(
                f"'{text}' is a file and a revision: write ./{text} for the file, or"
                f" refs/heads/{text} for the branch"
            )
        return path
    return revisions.revision(revisions.repository(asked.directory), text)


def _names_both(text: str, asked: Asked) -> bool:
    try:
        return revisions.exists(revisions.repository(asked.directory), text)
    except SourceError:
        return False


@dataclass(frozen=True)
class _Origin:
    """Where one side comes from. `root` has its files: the project's folder there, if any."""

    name: str
    graph: Callable[[str | None, Seen | None, threading.Event], Graph]
    contract: Callable[[str, Path | None], Located | None]
    evaluated: bool
    root: Path | None = None
    note: str = ""


def _origin(given: Path | Revision | None, asked: Asked, stack: ExitStack) -> _Origin:
    if isinstance(given, Revision):
        return _of_revision(given, stack.enter_context(revisions.checked_out(given)), asked)
    if given is None:
        return _of_working_tree(asked)
    return _of_file(given, asked)


def _of_file(path: Path, asked: Asked) -> _Origin:
    @cache  # the standard input can be read but once
    def read() -> Graph:
        graph = load(path)
        if asked.stack not in {None, graph.stack}:
            raise InputError(f"{path} is of stack {graph.stack}, not {asked.stack}")
        return graph

    return _Origin(
        str(path),
        lambda _stack, _seen, _stopped: read(),
        lambda stack, named: contract_of(asked.directory, stack, named),
        evaluated=False,
    )


def _of_working_tree(asked: Asked) -> _Origin:
    def graph(stack: str | None, seen: Seen | None, stopped: threading.Event) -> Graph:
        return program.evaluate(
            asked.directory,
            stack or only_stack(asked.directory),
            time_limit=asked.time_limit,
            progress=seen,
            stopped=stopped,
        )

    root = _root(asked.directory)
    return _Origin(
        WORKING_TREE,
        graph,
        lambda stack, named: contract_of(asked.directory, stack, named),
        evaluated=True,
        root=root,
    )


def _root(directory: Path) -> Path | None:
    try:
        return projects.find_project(directory).root
    except SourceError:
        return None


# ── a revision ──────────────────────────────────────────────────────────────────────────────────


def _of_revision(of: Revision, tree: Path, asked: Asked) -> _Origin:
    usual = _root(asked.directory)
    folder = usual or asked.directory.resolve()
    if not folder.is_relative_to(of.top):
        raise InputError(f"the project {folder} is not in the repository {of.top}; run it in there")
    inside = folder.relative_to(of.top)
    root = _project_at(tree, inside, exactly=usual is not None)

    def graph(stack: str | None, seen: Seen | None, stopped: threading.Event) -> Graph:
        stack = stack or only_stack(asked.directory if root is None else root)
        if root is None:
            return Graph(project=inside.name, stack=stack, source="program", resources=())
        try:
            project = projects.find_project(root)
            _has_stack(project, stack, usual)
            return program.evaluate(
                root,
                stack,
                time_limit=asked.time_limit,
                progress=seen,
                home=_home(project, usual, of.top, tree),
                stopped=stopped,
            )
        except SourceError as error:
            raise SourceError(
                f"At {of.name}: {str(error).replace(str(tree), str(of.top))}"
            ) from error

    def contract(stack: str, named: Path | None) -> Located | None:
        path = None if named is None else _copied(named, of.top, tree)
        if root is None or (path is not None and not path.exists()):
            return None
        try:
            return _called(contract_of(root, stack, path), of, tree)
        except ContractError as error:
            problems = (replace(p, place=_at(p.place, of, tree)) for p in error.problems)
            raise ContractError(problems) from error

    note = f"There is no Pulumi project in {inside} at {of.name}." if root is None else ""
    return _Origin(of.name, graph, contract, evaluated=True, root=root, note=note)


def _called(located: Located | None, of: Revision, tree: Path) -> Located | None:
    """The same contract, whose places are in the revision and not in a temporary folder."""
    if located is None:
        return None
    places = {key: _at(place, of, tree) for key, place in located.places.items()}
    return replace(located, places=places)


def _at(place: Place, of: Revision, tree: Path) -> Place:
    path = os.path.relpath(place.path, tree)
    return place if path.startswith("..") else replace(place, path=f"{of.given}:{path}")


def _project_at(tree: Path, inside: Path, *, exactly: bool) -> Path | None:
    """The project's folder in the copy: where it is in the working tree, and nowhere else."""
    for folder in (inside,) if exactly else (inside, *inside.parents):
        if any((tree / folder / name).is_file() for name in ("Pulumi.yaml", "Pulumi.yml")):
            return tree / folder
    return None


def _has_stack(project: projects.Project, stack: str, usual: Path | None) -> None:
    there = projects.stacks_of(project)
    if stack.rpartition("/")[2] in there:
        return
    here = () if usual is None else projects.stacks_of(projects.find_project(usual))
    mend = "name another with --stack"
    if stack in here:
        mend += ", or commit the file that the working tree has"
    raise SourceError(
        f"there is no Pulumi.{stack}.yaml, so stack {stack} cannot be evaluated (stacks there:"
        f" {', '.join(there) or 'none'}); {mend}."
    )


def _home(project: projects.Project, usual: Path | None, top: Path, tree: Path) -> program.Home:
    """The interpreter of the working tree: a copy has no environment of its own."""
    of = project if usual is None else projects.find_project(usual)
    return program.Home(projects.interpreter(of), top, tree)


def _copied(path: Path, top: Path, tree: Path) -> Path:
    """The same file in the copy; the file itself when it is not in the repository."""
    there = Path(os.path.abspath(path))  # noqa: PTH100 - a link in the repository is one in the copy
    return tree / there.relative_to(top) if there.is_relative_to(top) else path


# ── both ────────────────────────────────────────────────────────────────────────────────────────


def _graphs(origins: list[_Origin], asked: Asked) -> tuple[Graph, Graph]:
    """Evaluate both at once, each in processes of its own; whatever ends one ends the other."""
    named = asked.stack
    if named is None and origins[0].evaluated != origins[1].evaluated:
        # The file says of which stack it is, and so of which the other one must be.
        file = origins[0] if origins[1].evaluated else origins[1]
        named = file.graph(None, None, threading.Event()).stack
    stopped = threading.Event()
    names = [o.name for o in origins if o.evaluated]
    with side_by_side(names) as lines, ThreadPoolExecutor(len(origins)) as pool:
        seen = iter(lines)
        running = [
            pool.submit(o.graph, named, next(seen) if o.evaluated else None, stopped)
            for o in origins
        ]
        try:
            wait(running, return_when=FIRST_EXCEPTION)
        finally:
            # Nothing waits for a program that hangs: not an error of the other, nor a Ctrl-C.
            stopped.set()
        failed = [f.exception() for f in running]
        first = next((e for e in failed if e is not None and not _is_stop(e)), None)
        if first is not None:
            raise first
        return running[0].result(), running[1].result()


def _is_stop(error: BaseException) -> bool:
    return isinstance(error, StoppedError)


def _contract_before(
    base: _Origin, graph: Graph, located: Located | None, asked: Asked
) -> tuple[Contract | None, str]:
    """BASE's own contract; that of HEAD, when nothing tells another. Why it could not be read."""
    named = asked.base_contract or asked.contract
    try:
        own = base.contract(graph.stack, named)
    except ContractError as error:
        if asked.base_contract is not None:
            raise
        return None, str(error.problems[0])
    except InputError:
        return None, ""
    if own is None and not base.evaluated:
        own = located
    return (None if own is None else own.contract), ""


def _notes(base: _Origin, head: _Origin) -> tuple[str, ...]:
    found = [origin.note for origin in (base, head) if origin.note]
    if base.root is not None and head.root is not None:
        found += [
            f"{lock} is not the same in both: each was evaluated with the packages that are"
            " installed now."
            for lock in _LOCKS
            if _bytes(base.root / lock) != _bytes(head.root / lock)
        ]
    return tuple(found)


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
