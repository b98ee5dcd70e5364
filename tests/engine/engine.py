"""Drive the real Pulumi engine: copies of this project, a backend in a folder, no AWS account."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engine.install import REPOSITORY, Installation

COPIED = ("stack", "thumbnailer", "client_dist", "service")
LINKED = (".venv", "policy")
"""Read only by the engine; linked, so that Python's compiled files are shared."""
TIME_LIMIT = 300


@dataclass(frozen=True)
class Violation:
    """What the policy pack reported through the engine."""

    claim: str
    level: str
    urn: str
    message: str

    @property
    def resource(self) -> str:
        """The logical name of the resource that is blamed."""
        return self.urn.rsplit("::", 1)[-1]


@dataclass(frozen=True)
class Outcome:
    """How a run of the CLI ended."""

    code: int
    stdout: str
    stderr: str
    events: tuple[dict[str, Any], ...] = ()

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Every violation, in the order in which the engine showed it."""
        found = (event["policyEvent"] for event in self.events if "policyEvent" in event)
        return tuple(
            Violation(
                e["policyName"], e["enforcementLevel"], e.get("resourceUrn", ""), e["message"]
            )
            for e in found
        )

    @property
    def operations(self) -> dict[str, str]:
        """URN -> what the engine did or would do (`create`, `same`, ...), providers aside."""
        found = (e["resourcePreEvent"] for e in self.events if "resourcePreEvent" in e)
        steps = (event["metadata"] for event in found)
        return {s["urn"]: s["op"] for s in steps if not s["type"].startswith("pulumi:providers:")}

    def __str__(self) -> str:
        return f"exit {self.code}\n{self.stdout}\n{self.stderr}"


@dataclass(frozen=True)
class Engine:
    """One Pulumi home and one backend, of their own."""

    installation: Installation
    home: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    """More of the environment, which reaches the plugins too."""

    def environment(self) -> dict[str, str]:
        """Nothing of the user's Pulumi, no AWS credentials, no plugin from the network."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULUMI_"))}
        path = [*map(str, self.installation.path), kept.get("PATH", "")]
        return {
            **kept,
            "PATH": os.pathsep.join(path),
            "PULUMI_HOME": str(self.home / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.home}",
            "PULUMI_CONFIG_PASSPHRASE": "for tests only",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DEBUG_COMMANDS": "true",  # for --event-log
            "AWS_EC2_METADATA_DISABLED": "true",
            **self.extra,
        }

    def run(self, project: Path, *arguments: str) -> Outcome:
        """Run `pulumi` in `project`; what fails is in the Outcome, not raised."""
        done = subprocess.run(
            [self.installation.pulumi, "--non-interactive", "--color", "never", *arguments],
            cwd=project,
            env=self.environment(),
            check=False,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            stdin=subprocess.DEVNULL,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def stack(self, project: Path, stack: str) -> None:
        """Make `stack` in the backend, keeping its configuration file as it is."""
        config = project / f"Pulumi.{stack}.yaml"
        before = config.read_text()
        made = self.run(project, "stack", "init", stack)
        # The CLI writes the passphrase's salt into the file.
        if made.code:
            raise RuntimeError(f"cannot make stack {stack}: {made}")
        self._salted(project, stack, before)

    @staticmethod
    def _salted(project: Path, stack: str, before: str) -> None:
        """Keep the file's comments and order: only the salt is new."""
        config = project / f"Pulumi.{stack}.yaml"
        salt = [
            line for line in config.read_text().splitlines() if line.startswith("encryptionsalt:")
        ]
        config.write_text("\n".join([*salt, before]))

    def operate(
        self, project: Path, verb: str, stack: str, *arguments: str, pack: Path | None = None
    ) -> Outcome:
        """`preview`, `up` or `destroy`, with the engine's events read back."""
        log = self.home / f"events-{stack}.json"
        log.unlink(missing_ok=True)
        packs = ("--policy-pack", str(pack)) if pack else ()
        done = self.run(
            project, verb, "--stack", stack, "--event-log", str(log), *packs, *arguments
        )
        return Outcome(done.code, done.stdout, done.stderr, tuple(_events(log)))

    def preview(
        self, project: Path, stack: str, *arguments: str, pack: Path | None = None
    ) -> Outcome:
        """What the engine would do, and what the pack says of it."""
        return self.operate(project, "preview", stack, *arguments, pack=pack)

    def up(self, project: Path, stack: str, *arguments: str, pack: Path | None = None) -> Outcome:
        """Make the stack (of nothing: the provider is a double)."""
        return self.operate(project, "up", stack, "--yes", *arguments, pack=pack)


def _events(log: Path) -> Iterator[dict[str, Any]]:
    if log.exists():
        for line in log.read_text().splitlines():
            yield json.loads(line)


def copy_of_the_project(into: Path) -> Path:
    """Copy what the engine needs of this repository to `into` (made here), to be changed freely."""
    into.mkdir(parents=True)
    for file in sorted(REPOSITORY.glob("Pulumi*.yaml")):
        shutil.copy(file, into)
    for folder in COPIED:
        if (REPOSITORY / folder).exists():
            shutil.copytree(
                REPOSITORY / folder, into / folder, ignore=shutil.ignore_patterns("__pycache__")
            )
    for folder in LINKED:
        (into / folder).symlink_to(REPOSITORY / folder)
    _package(into)
    return into


def with_a_policy_of_its_own(project: Path) -> Path:
    """Give a copy of the project its own contracts, to be changed, and return it.

    They leave out what Checkov judges: it takes as long as all the proofs.
    """
    linked = project / "policy"
    linked.unlink()
    linked.mkdir()
    for source in (REPOSITORY / "policy").glob("*.yaml"):
        text = re.sub(r"^hardening:\n(?:[ #].*\n|\n)*", "", source.read_text(), flags=re.MULTILINE)
        (linked / source.name).write_text(text)
    shutil.copy(REPOSITORY / "policy" / "__main__.py", linked)
    return project


def _package(project: Path) -> None:
    """Stand in for the function's deployment package, whose making needs the network."""
    fingerprint = runpy.run_path(str(project / "stack" / "cinema" / "digest.py"))["digest"]
    package = project / "build" / "thumbnailer"
    package.mkdir(parents=True)
    shutil.copy(project / "thumbnailer" / "handler.py", package)
    stamp = fingerprint(project / "thumbnailer")
    (project / "build" / "thumbnailer.sha256").write_text(stamp)
