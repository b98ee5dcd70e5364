"""Which stack it is about: its names, and what its members say."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from cinema.config import Config
from cinema.names import Names

ROOT: Final = Path(__file__).resolve().parents[2]
_PROJECT = "cinema"


class CannotError(Exception):
    """What was asked for cannot be done now; the message says why."""


@dataclass(frozen=True)
class Stack:
    """A stack as its configuration file has it."""

    names: Names
    zones: tuple[str, ...]

    @classmethod
    def read(cls, name: str, root: Path = ROOT) -> Stack:
        """From `Pulumi.<name>.yaml`."""
        path = root / f"Pulumi.{name}.yaml"
        if not path.exists():
            raise CannotError(f"there is no {path.name}")
        values: Mapping[str, Any] = yaml.safe_load(path.read_text())["config"]
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
        config = Config(texts.get)
        names = Names.read(config, project=_PROJECT, stack=name)
        return cls(names, tuple(sorted(config.listed("cinema:databaseZones"))))

    def urn(self, type_: str, zone: str) -> str:
        """The URN of a member's resource of type `ec2/instance:Instance` and the like."""
        parent = "cinema:database:Database"
        path = f"urn:pulumi:{self.names.stack}::{self.names.project}::{parent}"
        return f"{path}$aws:{type_}::database-{zone}"

    def pulumi(self, *arguments: str) -> tuple[str, ...]:
        """A command of Pulumi for this stack."""
        return ("pulumi", *arguments, "--stack", self.names.stack)


@dataclass(frozen=True)
class State:
    """What a member said last of its set."""

    at: dt.datetime
    healthy: int
    missing: int
    lag: float


def newest_state(logs: Any, group: str, now: dt.datetime) -> State | None:  # noqa: ANN401 - boto3 has no types
    """The newest word of any member in the last five minutes."""
    since = int((now - dt.timedelta(minutes=5)).timestamp() * 1000)
    found = [json.loads(text) for text in events(logs, group, "replica-set", since)]
    newest = max(found, key=lambda e: e["_aws"]["Timestamp"], default=None)
    if newest is None:
        return None
    at = dt.datetime.fromtimestamp(newest["_aws"]["Timestamp"] / 1000, dt.UTC)
    return State(at, newest["HealthyMembers"], newest["MissingMembers"], newest["ReplicationLag"])


def events(logs: Any, group: str, kind: str, since: int) -> Iterator[str]:  # noqa: ANN401 - boto3 has no types
    """The lines of a log group whose JSON names the event `kind`."""
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group,
        startTime=since,
        filterPattern=f'{{ $.event = "{kind}" }}',
    )
    for page in pages:
        for event in page["events"]:
            # Not every double of AWS knows patterns.
            if f'"event": "{kind}"' in event["message"]:
                yield event["message"]


Run = Callable[[Sequence[str]], None]


def run(command: Sequence[str]) -> None:
    """Run a command in the project, shown first; raises CalledProcessError."""
    print("$", *command, flush=True)  # noqa: T201 - a command says what it does
    subprocess.run(command, check=True, cwd=ROOT)  # noqa: S603 - of stacks.py's own making
