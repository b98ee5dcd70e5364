"""Options from a file: `stackproof.toml`, or `[tool.stackproof]` in `pyproject.toml`.

The nearest one counts, from the project's folder up to the folder of its repository. What the
command line says goes before it. Paths in it are relative to it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
import msgspec
from click.core import ParameterSource

from stackproof.cli.errors import Failing, InputError
from stackproof.cli.inputs import root_of

FILE = "stackproof.toml"
_PYPROJECT = "pyproject.toml"
_TABLE = ("tool", "stackproof")
_OF_REPORTS = frozenset({"format", "only", "output", "verbose"})
"""Keys that are for `check` alone."""


class Options(msgspec.Struct, frozen=True, rename="kebab", omit_defaults=True):
    """What a file may say: the options of the command line, by their names."""

    stack: str | None = None
    """The stack; the variable PULUMI_STACK goes before it."""
    contract: str | None = None
    """The contract's file."""
    only: tuple[str, ...] = ()
    """The families to prove."""
    format: str | None = None
    """What to print."""
    output: tuple[str, ...] = ()
    """Reports to write as well, each KIND=PATH."""
    time_limit: float | None = None
    """Seconds that a program may take."""
    color: str | None = None
    """auto, always or never."""
    verbose: bool | None = None
    """Whether to list what is proven."""
    repository: str | None = None
    """What links to lines begin with."""


class Configured(click.Command):
    """A command that takes from the file what the command line does not say."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run it, with the file's options laid under the command line's."""
        if "directory" in ctx.params and not ctx.params.get("everything"):
            ctx.params.update(from_file(ctx, ctx.params["directory"]))
        return super().invoke(ctx)


class Configuring(click.Group):
    """A group of such commands."""

    command_class = Configured


class Application(Failing):
    """The whole: such commands, and failures as `errors` says."""

    command_class = Configured
    group_class = Configuring


def from_file(ctx: click.Context, directory: Path) -> dict[str, Any]:
    """What the file for `directory` says and the command line does not, by parameter."""
    found = _nearest(directory)
    if found is None:
        return {}
    path, table, prefix = found
    options = _read(path, table, prefix)
    if _reads_a_file(ctx) or os.environ.get("PULUMI_STACK"):
        # The file that is read, or the environment, says which stack it is.
        options = msgspec.structs.replace(options, stack=None)
    said = msgspec.to_builtins(options)
    if ctx.command.name != "check":
        # They are about its reports; what another command prints has formats of its own.
        said = {key: value for key, value in said.items() if key not in _OF_REPORTS}
    values: dict[str, Any] = {}
    for parameter in ctx.command.params:
        name = parameter.name or ""
        keys = [o.removeprefix("--") for o in parameter.opts if o.startswith("--")]
        for key in keys:
            given = ctx.get_parameter_source(name) is not ParameterSource.DEFAULT
            if isinstance(parameter, click.Option) and key in said and not given:
                value = _from_there(key, said[key], path.parent)
                try:
                    values[name] = parameter.type_cast_value(ctx, value)
                except click.BadParameter as error:
                    raise InputError(f"{path}: {prefix}{key}: {error.message}") from error
    return values


def _reads_a_file(ctx: click.Context) -> bool:
    """Whether an architecture comes from a file, by `--from` or as a side of `diff`."""
    sides = (ctx.params.get("base"), ctx.params.get("head"))
    return ctx.params.get("source") is not None or any(s and Path(s).is_file() for s in sides)


def _from_there(key: str, value: Any, folder: Path) -> Any:  # noqa: ANN401 - of any option
    """`value` with paths as they are from the current folder."""
    if key == "contract":
        return os.path.relpath(folder / value)
    if key == "output":
        return [_moved(output, folder) for output in value]
    return value


def _moved(output: str, folder: Path) -> str:
    kind, equals, path = output.partition("=")
    return f"{kind}={os.path.relpath(folder / path)}" if equals and path else output


def _nearest(directory: Path) -> tuple[Path, Mapping[str, Any], str] | None:
    """The file that counts for `directory`, its table, and how its keys are called."""
    for folder in _folders(root_of(directory).resolve()):
        own, shared = folder / FILE, folder / _PYPROJECT
        if own.is_file():
            return _shown(own), _parsed(own), ""
        if shared.is_file():
            table: Any = _parsed(shared)
            for key in _TABLE:
                table = table.get(key) if isinstance(table, dict) else None
            if table is not None:
                return _shown(shared), table, f"{'.'.join(_TABLE)}."
    return None


def _folders(start: Path) -> list[Path]:
    """`start` and what is above it in its repository; outside of one nobody else's folder."""
    found = []
    for folder in (start, *start.parents):
        found.append(folder)
        if (folder / ".git").exists():
            return found
    return [start]


def _shown(path: Path) -> Path:
    return Path(os.path.relpath(path))


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{_shown(path)} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{_shown(path)} cannot be parsed: {error}") from error


def _read(path: Path, table: object, prefix: str) -> Options:
    """The options in `table`. Raises InputError naming the file and the key."""
    if not isinstance(table, dict):
        raise InputError(f"{path}: {prefix.rstrip('.')}: expected a table of options")
    known = Options.__struct_encode_fields__
    for key in table:
        if key not in known:
            close = get_close_matches(key.replace("_", "-"), known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"
            raise InputError(f"{path}: {prefix}{key}: there is no such option; {hint}")
    try:
        return msgspec.convert(table, Options)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        key = re.sub(r"^`?\$\.?|`$", "", where)
        said = re.sub(r"`(\w+)( \| null)?`", lambda m: _WORDS.get(m[1], m[1]), what)
        raise InputError(f"{path}: {prefix}{key}: {said[:1].lower()}{said[1:]}") from error


_WORDS = {"str": "text", "bool": "true or false", "float": "a number", "int": "a number",
          "array": "a list", "object": "a table"}  # fmt: skip


def stacks(ctx: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """The stacks that a shell may complete to."""
    del parameter
    from stackproof.sources import project  # noqa: PLC0415 - no other option needs it
    from stackproof.sources.errors import SourceError  # noqa: PLC0415 - as above

    try:
        found = project.stacks_of(project.find_project(ctx.params.get("directory") or Path()))
    except SourceError:
        return []
    return [name for name in found if name.startswith(typed)]
