"""`check --all`: every Pulumi project below a folder, each with its own options and stacks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from stackproof.check import Report
from stackproof.cli import output
from stackproof.cli.errors import COULD_NOT_CHECK, InputError, tell
from stackproof.cli.options import from_file
from stackproof.reports.visible import visible
from stackproof.sources import project as projects

Check = Callable[[Path, dict[str, Any]], tuple[Report, output.Context]]
"""Evaluates and decides one stack of the project in a folder."""

_ONE_DOCUMENT = ("sarif", "junit", "html")
"""Formats of which two cannot stand in one stream."""


class Part(msgspec.Struct, frozen=True):
    """One stack of one project; `stack` is None when it has none or its options name it."""

    root: Path
    stack: str | None


def check_all(ctx: click.Context, directory: Path, check: Check) -> int:
    """Check everything below `directory`, go on after failures, and give the worst exit code."""
    kind = ctx.params["kind"]
    _refuse(ctx, kind)
    parts = list(_parts(ctx, directory))
    if not parts:
        raise InputError(f"no Pulumi project that is written in Python in {directory} or below it")
    told: list[str] = []
    rendered: list[str] = []
    worst = 0
    for number, part in enumerate(parts, 1):
        name = f"{part.root}{f', stack {part.stack}' if part.stack else ''}"
        click.echo(visible(f"{number} of {len(parts)}: {name}"), err=True)
        try:
            code, text, line = _checked(ctx, part, check)
        except Exception as error:  # noqa: BLE001 - it is said, and the others are still checked
            tell(error)
            worst = COULD_NOT_CHECK
            told.append(f"! {name}: could not be checked")
            continue
        worst = max(worst, code)
        told.append(f"{'✗' if code else '✓'} {name}: {line}")
        if kind == "json":
            rendered.append(text.rstrip("\n"))
        else:
            output.say(f"{_rule(name)}{text}\n" if kind == "text" else text)
    if kind == "json":
        output.say("[\n" + ",\n".join(rendered) + "\n]\n")
    summary = "\n".join(map(visible, told))
    if kind == "text":
        output.say(f"{summary}\n")
    else:
        click.echo(summary, err=True)
    return worst


def _refuse(ctx: click.Context, kind: str) -> None:
    if ctx.params["source"] is not None:
        raise InputError("--all evaluates programs; it cannot be used with --from")
    if kind in _ONE_DOCUMENT:
        raise InputError(
            f"--format {kind}: several reports are no one {kind} document; write each to its file:"
            f" --output '{kind}={{project}}.{{stack}}.{kind}'"
        )
    for given in ctx.params["outputs"]:
        if "{project}" not in given or "{stack}" not in given:
            raise InputError(
                f"--output {given}: with --all each report needs a file of its own; name it by"
                " {project} and {stack}"
            )


def _parts(ctx: click.Context, directory: Path) -> Iterator[Part]:
    """Every stack of every project: the one that is named, else all that have a file."""
    for root in projects.projects_below(directory):
        shown = Path(os.path.relpath(root))
        runtime = projects.runtime_of(root)
        if runtime not in {"python", None}:
            click.echo(visible(f"left out: {shown}, whose runtime is {runtime}"), err=True)
            continue
        named = ctx.params["stack"] or os.environ.get("PULUMI_STACK")
        found: tuple[str, ...] = ()
        try:
            found = projects.stacks_of(projects.find_project(root))
            named = named or from_file(ctx, root).get("stack")
        except Exception:  # noqa: BLE001, S110 - the same is raised, and said, when it is checked
            pass
        if named or not found:
            yield Part(shown, named)
        else:
            yield from (Part(shown, stack) for stack in found)


def _checked(ctx: click.Context, part: Part, check: Check) -> tuple[int, str, str]:
    """The exit code, the report and what a summary says of it, in a line."""
    options = {**ctx.params, **from_file(ctx, part.root), "kind": ctx.params["kind"]}
    options["stack"] = part.stack
    outputs = tuple(options["outputs"])
    if ctx.params["outputs"]:
        outputs = tuple(
            given.replace("{project}", projects.find_project(part.root).name).replace(
                "{stack}", part.stack or "stack"
            )
            for given in ctx.params["outputs"]
        )
    files = output.destinations(outputs)
    report, context = check(part.root, options)
    text = output.rendered(report, options["kind"], context, output.screen(options["color"]))
    output.write([(path, output.rendered(report, kind, context)) for kind, path in files])
    counts = report.summary
    parts = (
        (counts.violated, "violated"),
        (counts.unproven, "unproven"),
        (counts.proven, "proven"),
        (counts.waived, "waived"),
    )
    line = ", ".join(f"{count} {word}" for count, word in parts if count)
    return (0 if report.passed else 1), text, f"{line}{' (baseline)' if report.baseline else ''}"


def _rule(name: str) -> str:
    return f"── {visible(name)} {'─' * max(3, 76 - len(name))}\n\n"
