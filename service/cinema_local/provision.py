"""Carries out a Plan: the calls that it lists, in the order of the program's dependencies."""

from __future__ import annotations

import asyncio
import io
import itertools
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cinema_local.calls import Call, File, Package
from cinema_local.plan import Plan, Step


class RefusedError(Exception):
    """The emulator refused what the program declares; the message says what and why."""


async def provision(plan: Plan, clients: Mapping[str, Any], root: Path) -> None:
    """Make everything of `plan`; `root` is the project's folder. Raises RefusedError."""
    for _, steps in itertools.groupby(plan.steps, key=lambda step: step.depth):
        await asyncio.gather(*(_make(step, clients, root) for step in steps))


async def _make(step: Step, clients: Mapping[str, Any], root: Path) -> None:
    for call in step.calls:
        try:
            await getattr(clients[call.service], call.operation)(**_parameters(call, root))
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and _code(error) == "BucketAlreadyOwnedByYou":
                continue  # it holds the objects that the last run kept
            raise RefusedError(
                f"{step.name} ({step.type}) cannot be made in the emulator: {error}"
            ) from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _parameters(call: Call, root: Path) -> dict[str, Any]:
    return {name: _filled(value, root) for name, value in call.parameters.items()}


def _filled(value: Any, root: Path) -> Any:  # noqa: ANN401 - parameters of any call
    if isinstance(value, File):
        return (root / value.path).read_bytes()
    if isinstance(value, Package):
        return package(root / "thumbnailer")
    if isinstance(value, Mapping):
        return {key: _filled(item, root) for key, item in value.items()}
    return value


def package(sources: Path) -> bytes:
    """The function's package for this machine: its own modules.

    What they import comes from the Python that runs the emulator, which is this one.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(sources.rglob("*.py")):
            if path.name != "build.py":
                archive.write(path, path.relative_to(sources).as_posix())
    return out.getvalue()


def inventory(plan: Plan) -> str:
    """What is made and what is not, as lines for a log."""
    lines = ["Made in the emulator, in this order:"]
    for step in plan.steps:
        calls = ", ".join(f"{call.service}.{call.operation}" for call in step.calls)
        lines.append(f"  {step.name} ({step.type}): {calls}")
        if step.without_effect:
            lines.append(f"    without effect here: {', '.join(step.without_effect)}")
    lines += ["", "Declared, and not brought up:"]
    lines += [f"  {count} {kind}" for kind, count in plan.left_out.items()]
    return "\n".join(lines) + "\n"
