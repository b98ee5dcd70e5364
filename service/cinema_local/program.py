"""The Graph of the program, and the proof of its architecture: by the `stackproof` command.

The program is evaluated once; what is proven and what is brought up is the same Graph.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from cinema_local.processes import Child, Keeper, last_lines
from stackproof import sources
from stackproof.model import Graph
from stackproof.sources import graph_json, project
from stackproof.sources.errors import SourceError

_COMMAND = (sys.executable, "-m", "stackproof")
_SOME_NOT_PROVEN = 1


class ProgramError(Exception):
    """The program cannot be evaluated or its architecture not be checked; the message says why."""


@dataclass(frozen=True)
class Place:
    """Where a stack lives: what is known of it before its program is evaluated."""

    account: str
    region: str


def place_of(root: Path, stack: str) -> Place:
    """From the stack's configuration."""
    try:
        config = project.read_config(project.find_project(root), stack, {})
    except SourceError as error:
        raise ProgramError(str(error)) from error
    account, region = project.account_of(config), project.region_of(config)
    if account is None or region is None:
        raise ProgramError(f"stack {stack} names no account or no region")
    return Place(account, region)


@dataclass(frozen=True)
class Evaluation:
    """How to evaluate and prove one stack; results go into `folder`."""

    root: Path
    stack: str
    folder: Path
    log: Path
    keeper: Keeper

    @property
    def graph_file(self) -> Path:
        """The Graph as JSON."""
        return self.folder / "graph.json"

    @property
    def report_file(self) -> Path:
        """The report as `stackproof check` prints it, with colour."""
        return self.folder / "report.ansi"

    async def evaluate(self) -> Graph:
        """Evaluate the program. Raises ProgramError."""
        status = await self._run(["graph", str(self.root), "--stack", self.stack], self.graph_file)
        if status != 0:
            raise ProgramError(last_lines(self.log))
        return sources.load(self.graph_file)

    def take(self, graph: Graph) -> None:
        """Use a Graph that was evaluated before."""
        self.graph_file.write_bytes(graph_json.encode(graph))

    async def prove(self) -> bool:
        """Prove the Graph and write the reports; whether all is proven. Raises ProgramError."""
        arguments = [
            "check", str(self.root), "--stack", self.stack, "--from", str(self.graph_file),
            "--color", "always", "--output", f"json={self.folder / 'report.json'}",
            "--output", f"html={self.folder / 'report.html'}",
        ]  # fmt: skip
        status = await self._run(arguments, self.report_file)
        if status not in {0, _SOME_NOT_PROVEN}:
            raise ProgramError(last_lines(self.log))
        return status == 0

    def report(self) -> Text:
        """The report, to be printed."""
        return Text.from_ansi(self.report_file.read_text(encoding="utf-8"))

    async def _run(self, arguments: list[str], answer: Path) -> int:
        child = await Child.start(
            "stackproof",
            [*_COMMAND, *arguments],
            environment={},
            log=self.log,
            keeper=self.keeper,
            folder=self.root,
            answer=answer,
        )
        return await child.ended()
