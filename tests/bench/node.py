"""Node's side of the load benchmark: its packages, as locked, and the load generator."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).parent / "express"
INSTALLED = ROOT / "build" / "express"
LEAST_VERSION = (20, 19)


class MissingError(Exception):
    """What is needed and not here, for people."""


def install() -> None:
    """Put the programs and their locked packages into build/express; raises MissingError."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise MissingError("Express and the load generator need Node.js with npm")
    shown = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout
    major, minor, _ = shown.strip().removeprefix("v").split(".", 2)
    if (int(major), int(minor)) < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        raise MissingError(f"Express' packages need Node.js {least} or newer; this is {shown}")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    lock = INSTALLED / "package-lock.json"
    current = lock.is_file() and lock.read_bytes() == (SOURCE / lock.name).read_bytes()
    for file in SOURCE.iterdir():
        if file.name != lock.name:
            shutil.copy(file, INSTALLED)
    if not (current and (INSTALLED / "node_modules").is_dir()):
        shutil.copy(SOURCE / lock.name, lock)
        run = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund"],
            cwd=INSTALLED,
            check=False,
            capture_output=True,
            text=True,
        )
        if run.returncode:
            lock.unlink()
            raise MissingError(f"npm could not install Express:\n{run.stderr}")


@dataclass(frozen=True)
class Question:
    """A request that is sent over and over, to one path or to several in turn."""

    name: str
    paths: tuple[str, ...]
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True)
class Turn:
    """What came of asking for a while: answers of 200, how long they took in ms, and the others."""

    answered: int
    seconds: float
    p50: float
    p99: float
    others: Mapping[str, int]

    @property
    def rate(self) -> float:
        """Answers of 200 in a second."""
        return self.answered / self.seconds


def ask(base: str, question: Question, connections: int, limit: Mapping[str, float]) -> Turn:
    """Keep `connections` busy with one question; `limit` is a `duration` in s or an `amount`.

    Where an answer fails to come at all, nothing else counts: that raises RuntimeError.
    """
    options = {
        "url": base,
        "method": question.method,
        "headers": dict(question.headers),
        "body": question.body,
        "requests": [{"path": path} for path in question.paths],
        "connections": connections,
        "limit": dict(limit),
    }
    run = subprocess.run(
        ["node", "load.mjs", json.dumps(options)],
        cwd=INSTALLED,
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(run.stdout)
    if found["errors"] or not found["answered"]:
        raise RuntimeError(f"{question.name} of {base} with {connections} connections: {found}")
    del found["errors"]
    return Turn(**found)
