"""One rehearsal of one stack: up, compare, up again, change, take down; each with what it found."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackproof.model import Graph
from stackproof.sources.program import evaluate
from tests.engine.engine import Engine, Outcome, copy_of_the_project
from tests.engine.install import Installation
from tests.rehearsal.aws import Aws
from tests.rehearsal.changes import CHANGES, LIFTED, Change, steps
from tests.rehearsal.comparison import Comparison, Deployed, compare, deployed
from tests.rehearsal.emulator import (
    OTHER_IMAGE,
    account_of,
    emulator,
    furnish,
    other_image,
    settings,
    write,
)
from tests.rehearsal.inventory import inventory
from tests.rehearsal.provider import ENDPOINT, JOURNAL
from tests.rehearsal.services import KINDS

Say = Callable[[str], None]

ON_PURPOSE = (
    re.compile(r"ec2 Snapshots snap-"),  # the last of each data volume: `finalSnapshot`
    re.compile(r"kms KeysThatWaitForDeletion "),  # AWS deletes none before its window
)
"""What `destroy` leaves because the program says so."""


WITH_ANOTHER = {
    "ec2 Instances": "an Auto Scaling group launches them",
    "ec2 NetworkAcls": "a VPC has a default one",
    "ec2 NetworkInterfaces": "instances, NAT gateways and endpoints have them",
    "ec2 RouteTables": "a VPC has a main one",
    "ec2 SecurityGroupRules": "a default security group has some",
    "ec2 SecurityGroups": "a VPC has a default one",
    "ec2 Volumes": "instances have a root volume",
    "kms Keys": "AWS's own, of a service that encrypts",
}
"""What AWS makes with another thing, and takes away with it. The emulator forgets to, at times:
of these only what the state had counts as left."""


@dataclass
class Findings:
    """What a rehearsal found. It is green when `problems` is empty."""

    stack: str
    problems: list[str] = field(default_factory=list)
    compared: dict[str, Comparison] = field(default_factory=dict)
    created: Counter[str] = field(default_factory=Counter)
    echoed: Counter[str] = field(default_factory=Counter)
    left: list[str] = field(default_factory=list)
    """What stays on purpose after `destroy`."""
    phases: list[tuple[str, float]] = field(default_factory=list)
    """What was done, and the seconds that it took."""


def _nothing(text: str) -> None:
    del text


@dataclass
class Rehearsal:
    """A stack of a copy of the project, beside an emulator that only it uses."""

    engine: Engine
    project: Path
    stack: str
    aws: Aws
    config: dict[str, Any]
    before: frozenset[str]
    journal: Path
    findings: Findings
    say: Say = _nothing

    # ── the steps ───────────────────────────────────────────────────────────────────────────────

    def up(self) -> bool:
        """Make everything; False where the engine could not."""
        outcome = self._engine("up", "up", "--skip-preview")
        self.findings.created = self._journal("created")
        self.findings.echoed = self._journal("echoed")
        return not outcome.code

    def compare(self) -> None:
        """Hold what the emulator says against the Graph of the same program."""
        with self._phase("comparing what AWS says with the Graph"):
            state = deployed(self._export())
            self.findings.compared, wrong = compare(self.graph(), state, KINDS, self.aws)
            self.findings.problems += map(str, wrong)
            known = _texts(state)
            self.findings.problems += [
                f"nothing declares {one}, and AWS has it"
                for one in sorted(inventory(self.aws) - self.before)
                if not _is_with_another(one) and one.split(" ", 2)[2] not in known
            ]

    def again(self) -> None:
        """A second `up` changes nothing."""
        outcome = self._engine("up again", "up", "--skip-preview", "--expect-no-changes")
        self.findings.problems += [
            f"a second `up` would {op} {type_} {name}" for op, type_, name in sorted(steps(outcome))
        ]

    def change(self, change: Change) -> None:
        """Change one key: the steps must be the expected ones, and AWS agree with the new Graph."""
        value = change.value
        if value == OTHER_IMAGE:
            value = other_image(self.aws)
        self._configure({change.key: value})
        outcome = self._engine(change.name, "up", "--skip-preview")
        done = steps(outcome)
        for word, those in (("not", change.steps - done), ("also", done - change.steps)):
            self.findings.problems += [
                f"{change.name}: {word} {op} {type_} {name}" for op, type_, name in sorted(those)
            ]
        if not outcome.code:
            state = deployed(self._export())
            _, wrong = compare(self.graph(), state, KINDS, self.aws)
            self.findings.problems += [f"{change.name}: {mismatch}" for mismatch in wrong]

    def unprotect(self) -> None:
        """What a person does before taking down a stack that keeps its data."""
        if self.config.get("cinema:protect"):
            self._configure({"cinema:protect": False})
            outcome = self._engine("lifting protection", "up", "--skip-preview")
            self.findings.problems += [
                f"lifting protection would {op} {type_} {name}"
                for op, type_, name in sorted(steps(outcome))
                if op != "update" and (op, type_) not in LIFTED
            ]

    def destroy(self) -> None:
        """Take everything down, and ask the emulator what is left."""
        ours = {one.id for one in deployed(self._export()).values()}
        self._engine("destroy", "destroy", "--skip-preview")
        with self._phase("asking AWS what is left"):
            left = [
                one
                for one in sorted(inventory(self.aws) - self.before)
                if not _is_with_another(one) or one.split(" ", 2)[2] in ours
            ]
            kept = [one for one in left if any(p.match(one) for p in ON_PURPOSE)]
            self.findings.left = kept
            self.findings.problems += [f"`destroy` left {one}" for one in left if one not in kept]

    # ── what they share ─────────────────────────────────────────────────────────────────────────

    def graph(self) -> Graph:
        """The Graph of the program with the configuration of now."""
        return evaluate(self.project, self.stack)

    def _configure(self, changes: dict[str, Any]) -> None:
        self.config = {**self.config, **changes}
        write(self.project / f"Pulumi.{self.stack}.yaml", self.config)

    def _export(self) -> str:
        return self.engine.run(self.project, "stack", "export", "--stack", self.stack).stdout

    def _journal(self, done: str) -> Counter[str]:
        if not self.journal.exists():
            return Counter()
        lines = map(json.loads, self.journal.read_text().splitlines())
        return Counter(
            line["urn"].split("::")[2].rsplit("$", 1)[-1] for line in lines if line["done"] == done
        )

    def _engine(self, title: str, verb: str, *arguments: str) -> Outcome:
        with self._phase(title):
            outcome = self.engine.operate(self.project, verb, self.stack, "--yes", *arguments)
        if outcome.code:
            reasons = list(self._reasons(outcome)) or [str(outcome)[-2000:]]
            self.findings.problems += [f"{title}: {reason}" for reason in reasons]
        return outcome

    def _reasons(self, outcome: Outcome) -> Iterator[str]:
        """Each error of the engine with the line of the program that declared the resource."""
        lines = {r.urn: str(r.location) for r in self.graph().resources if r.location}
        for event in outcome.events:
            said = event.get("diagnosticEvent", {})
            if said.get("severity") == "error" and "update failed" not in said["message"]:
                urn = said.get("urn", "")
                text = " ".join(re.sub(r"<\{%.*?%\}>", "", said["message"]).split())
                yield f"{lines.get(urn, self.stack)}: {urn.rsplit('::', 1)[-1]}: {text}"

    @contextmanager
    def _phase(self, title: str) -> Iterator[None]:
        started = time.monotonic()
        self.say(title)
        with _counting(title, self.engine.home / f"events-{self.stack}.json"):
            yield
        self.findings.phases.append((title, time.monotonic() - started))


def _is_with_another(one: str) -> bool:
    return " ".join(one.split(" ", 2)[:2]) in WITH_ANOTHER


def _texts(state: Mapping[str, Deployed]) -> frozenset[str]:
    """Every id, name and ARN that the state knows."""
    found = {one.id for one in state.values()}
    for one in state.values():
        found |= {value for value in one.outputs.values() if isinstance(value, str)}
    return frozenset(found)


@contextmanager
def _counting(title: str, log: Path) -> Iterator[None]:
    """To a person, show how many resources the engine is done with."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()

    def show() -> None:
        started = time.monotonic()
        while not over.wait(0.5):
            done = log.read_text().count('"resOutputsEvent"') if log.exists() else 0
            seconds = time.monotonic() - started
            sys.stderr.write(f"\r\033[K  {title[:50]}: {done} resources, {seconds:.0f} s")
        sys.stderr.write("\r\033[K")

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def rehearsing(
    stack: str,
    installation: Installation,
    scratch: Path,
    *,
    alter: Callable[[Path], None] = lambda project: None,  # noqa: ARG005
    say: Say = _nothing,
) -> Iterator[Rehearsal]:
    """A rehearsal ready to begin: emulator, account, project and engine, in an empty `scratch`.

    `alter` may change the copy of the project first.
    """
    with emulator() as endpoint:
        project = copy_of_the_project(scratch / "project")
        alter(project)
        file = project / f"Pulumi.{stack}.yaml"
        aws = account_of(settings(file), endpoint)
        config = furnish(aws, settings(file))
        write(file, config)
        home, journal = scratch / "engine", scratch / "journal"
        home.mkdir()
        engine = Engine(installation, home, {ENDPOINT: endpoint, JOURNAL: str(journal)})
        engine.stack(project, stack)
        yield Rehearsal(
            engine, project, stack, aws, config, inventory(aws), journal, Findings(stack), say
        )


def rehearse(rehearsal: Rehearsal, changes: tuple[Change, ...] = CHANGES) -> Findings:
    """Everything, in order. What could not be made is taken down at once."""
    if rehearsal.up():
        rehearsal.compare()
        rehearsal.again()
        for change in changes:
            if change.fits(rehearsal.config):
                rehearsal.change(change)
    rehearsal.unprotect()
    rehearsal.destroy()
    return rehearsal.findings
