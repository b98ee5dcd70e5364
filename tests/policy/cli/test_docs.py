"""docs/cli.md has every command and option that there is, and none that there is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from stackproof.cli import main

TEXT = (Path(__file__).parents[3] / "docs" / "cli.md").read_text(encoding="utf-8")


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, group
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands(main, "stackproof"))
# click adds the help options when it parses.
OPTIONS = {"-h", "--help"} | {
    spelling
    for command in COMMANDS.values()
    for parameter in command.params
    if isinstance(parameter, click.Option)
    for spelling in parameter.opts
}


@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_every_option_is_documented(option: str) -> None:
    assert re.search(rf"`[^`]*(?<![\w-]){re.escape(option)}(?![\w-])[^`]*`", TEXT)


@pytest.mark.parametrize(
    "path", sorted(p for p, c in COMMANDS.items() if not isinstance(c, click.Group))
)
def test_every_command_has_its_heading(path: str) -> None:
    assert f"\n## {path}" in TEXT


def test_nothing_is_documented_that_does_not_exist() -> None:
    of_pulumi = {"--show-sames"}
    spoken = set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", "".join(re.findall("`[^`]+`", TEXT))))
    assert {o for o in spoken if o.startswith("--")} - of_pulumi <= OPTIONS
    headings = re.findall(r"^## (stackproof [a-z ]+?)(?: \[?[A-Z].*)?$", TEXT, re.MULTILINE)
    assert set(headings) <= set(COMMANDS)
