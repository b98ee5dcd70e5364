"""What Terraform calls the types and properties of Pulumi's AWS provider.

Read from `naming.txt`, one type a line: Pulumi's token, Terraform's type, then its arguments as
`policy/naming/generate.py` found and wrote them. A line is taken apart when its type is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from importlib import resources

import msgspec


class Argument(msgspec.Struct, frozen=True):
    """One argument of Terraform's. `nested` is None for plain values, lists of them, and maps."""

    name: str
    block: bool = False
    """Written as `name {...}`, not as `name = {...}`."""
    listed: bool = False
    """Terraform has a list where Pulumi has its only item."""
    nested: Mapping[str, Argument] | None = None
    """By Pulumi's spelling."""


class TerraformType(msgspec.Struct, frozen=True, dict=True):
    """A resource type of Terraform's, and its arguments as they stand in the file."""

    name: str
    text: str

    @cached_property
    def arguments(self) -> Mapping[str, Argument]:
        """By Pulumi's spelling."""
        return dict(_arguments(_TOKEN.finditer(self.text)))

    @cached_property
    def spelt(self) -> Mapping[str, str]:
        """Terraform's names of what is an argument, for references to it."""
        return {pulumi: argument.name for pulumi, argument in self.arguments.items()}


_TOKEN = re.compile(r"([a-z0-9_]+)(\*?)(?:=(\w+))?(:?)(\{?)|\}")


def _arguments(tokens: Iterator[re.Match[str]]) -> Iterator[tuple[str, Argument]]:
    for token in tokens:
        if token[0] == "}":
            return
        name, star, spelling, colon, opens = token.groups()
        nested = dict(_arguments(tokens)) if opens else None
        block = bool(opens and not colon)
        yield spelling or camel(name), Argument(name, block, bool(star), nested)


def camel(name: str) -> str:
    """`cidr_block` as Pulumi usually spells it: `cidrBlock`."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def snake(name: str) -> str:
    """`cidrBlock` as Terraform usually spells it: `cidr_block`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@cache
def _lines() -> Mapping[str, tuple[str, str]]:
    text = (resources.files("stackproof.hardening") / "naming.txt").read_text("utf-8")
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            token, name, *arguments = line.split(" ", 2)
            found[token] = (name, arguments[0] if arguments else "")
    return found


@cache
def names() -> Mapping[str, TerraformType]:
    """Terraform's types by Pulumi's tokens."""
    return {
        token: TerraformType(name, arguments)
        for token, (name, arguments) in _lines().items()
        if name != "-"
    }


@cache
def nameless() -> tuple[str, ...]:
    """The types of Pulumi's AWS provider whose name in Terraform was not found, sorted."""
    return tuple(sorted(token for token, (name, _) in _lines().items() if name == "-"))
