"""A Graph as Terraform's configuration, in the shape in which Checkov's parser leaves HCL.

Every value of an argument stands in a list; a block is a mapping, and its list holds as many as
there are; `${...}` is what HCL evaluates. What is Unknown becomes a variable of a name that is
found again in whatever is made of it; an output becomes the reference that HCL would have.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from stackproof.aws.coverage import PROVIDER_PREFIX, TABLE
from stackproof.hardening.naming import Argument, TerraformType, names, snake
from stackproof.model import (
    Asset,
    Family,
    Graph,
    NotModelled,
    Reference,
    Resource,
    Template,
    Unknown,
    Value,
)

UNKNOWN = re.compile(r"stackproof_unknown_(\d+)")
"""Found in whatever is made of an Unknown; the number is its place in `Configuration.unknowns`."""

REFERENCE = re.compile(r"\b([a-z][a-z0-9]*_[a-z0-9_]+)\.([A-Za-z][\w-]*)\.\w+")
"""An output of another resource: Terraform's type, and name."""


class Entity(msgspec.Struct, frozen=True):
    """One resource. `type` and `name` are Terraform's; `configuration` is as Checkov reads it."""

    resource: Resource
    type: str
    name: str
    configuration: dict[str, Any]


class Configuration(msgspec.Struct, frozen=True):
    """All that Terraform has names for, and what it has none for."""

    entities: tuple[Entity, ...]
    unknowns: tuple[Unknown, ...]
    not_modelled: tuple[NotModelled, ...]
    outside: tuple[Resource, ...]
    """Resources that are none of AWS, or are read and not made."""


def configuration(graph: Graph) -> Configuration:
    """`graph` in Terraform's words; resources in the order of their URNs."""
    return _Writer(graph).written()


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: dict[str, TerraformType] = {}
        self._names: dict[str, str] = {}
        self._unknowns: list[Unknown] = []
        self._not_modelled: list[NotModelled] = []

    def written(self) -> Configuration:
        outside, made = [], []
        taken: set[tuple[str, str]] = set()
        for resource in self._graph.resources:
            if not resource.custom or resource.type.startswith((PROVIDER_PREFIX, "pulumi:pulumi:")):
                continue
            terraform = names().get(resource.type)
            name = _name(resource, taken, terraform)
            self._names[resource.urn] = name
            if resource.external or _no_resource_of_aws(resource):
                outside.append(resource)
            elif terraform is None:
                self._blind(resource, f"Terraform's name of {resource.type} is not known")
            else:
                self._known[resource.urn] = terraform
                made.append(resource)
        entities = tuple(self._entity(resource) for resource in made)
        return Configuration(
            entities, tuple(self._unknowns), tuple(sorted(self._not_modelled)), tuple(outside)
        )

    def _blind(self, resource: Resource, why: str) -> None:
        self._not_modelled.append(NotModelled(resource.urn, resource.type, Family.HARDENING, why))

    def _entity(self, resource: Resource) -> Entity:
        terraform = self._known[resource.urn]
        body = self._block(resource, resource.inputs, terraform.arguments, "")
        return Entity(resource, terraform.name, self._names[resource.urn], body)

    def _block(
        self,
        resource: Resource,
        values: Mapping[str, Value],
        arguments: Mapping[str, Argument],
        path: str,
    ) -> dict[str, Any]:
        """The inside of a block: each argument's value in a list."""
        found: dict[str, Any] = {}
        for key in sorted(values):
            value = values[key]
            if value is None or key.startswith("__"):
                continue
            argument = arguments.get(key)
            if argument is None:
                if key not in _OF_PULUMI:
                    self._blind(resource, f"Terraform's name of its {path}{key} is not known")
                continue
            inside = argument.nested
            if argument.name == "statement" and resource.type in _DEEP and isinstance(value, dict):
                found[argument.name] = [self._statement(value)]
            elif argument.block and inside is not None and isinstance(value, dict | list):
                blocks = [
                    self._block(resource, item, inside, f"{path}{key}.")
                    if isinstance(item, dict)
                    else self._value(item)
                    for item in (value if isinstance(value, list) else [value])
                ]
                if blocks:
                    found[argument.name] = blocks
            else:
                written = self._argument(resource, value, argument, f"{path}{key}.")
                found[argument.name] = [[written] if argument.listed else written]
        return found

    def _statement(self, value: Mapping[str, Value]) -> dict[str, Any]:
        """A statement of a firewall, which may hold others at any depth."""
        found: dict[str, Any] = {}
        for key, item in sorted(value.items()):
            name = snake(key)
            if isinstance(item, dict):
                found[name] = [self._statement(item)]
            elif isinstance(item, list) and item and all(isinstance(each, dict) for each in item):
                blocks = [self._statement(each) for each in item if isinstance(each, dict)]
                found[name.removesuffix("s")] = blocks
            elif item is not None:
                found[name] = [self._value(item)]
        return found

    def _argument(self, resource: Resource, value: Value, argument: Argument, path: str) -> Any:  # noqa: ANN401 - JSON
        """The value of an argument; within an object, Terraform's names stand without lists."""
        if argument.nested is None:
            written = self._value(value)
            is_policy = isinstance(written, dict) and "Statement" in written
            return json.dumps(written) if is_policy else written
        if isinstance(value, list):
            return [self._argument(resource, item, argument, path) for item in value]
        if not isinstance(value, dict):
            return self._value(value)
        inner = self._block(resource, value, argument.nested, path)
        return {key: item[0] if len(item) == 1 else item for key, item in inner.items()}

    def _value(self, value: Value) -> Any:  # noqa: ANN401 - JSON
        """A value whose keys, if any, are the user's own."""
        match value:
            case dict():
                return {key: self._value(item) for key, item in sorted(value.items())}
            case list():
                return [self._value(item) for item in value]
            case str() | Reference() | Unknown() | Template():
                return self._text(value)
            case Asset():
                return value.path
            case _:
                return value

    def _text(self, value: str | Reference | Unknown | Template) -> str:
        match value:
            case Reference():
                return f"${{{self._output(value)}}}"
            case Unknown():
                return f"${{{self._variable(value)}}}"
            case Template():
                return "".join(self._text(part) for part in value.parts)
            case _:
                return _literal(value)

    def _variable(self, unknown: Unknown) -> str:
        self._unknowns.append(unknown)
        return f"var.stackproof_unknown_{len(self._unknowns) - 1}"

    def _output(self, reference: Reference) -> str:
        """`aws_vpc.main.id`; an output of what is not made here is a name that leads nowhere."""
        token = reference.urn.split("::")[2].rpartition("$")[2] if "::" in reference.urn else ""
        terraform = self._known.get(reference.urn) or names().get(token)
        if terraform is None:
            package, _, kind = token.partition(":")
            type_ = f"{package or 'pulumi'}_{snake(kind.rpartition(':')[2]) or 'output'}"
            property_ = snake(reference.property)
        else:
            type_ = terraform.name
            property_ = terraform.spelt.get(reference.property) or snake(reference.property)
        name = self._names.get(reference.urn) or _word(reference.urn.rpartition("::")[2])
        return f"{type_}.{name}.{property_ or 'id'}"


_DEEP = frozenset({"aws:wafv2/ruleGroup:RuleGroup", "aws:wafv2/webAcl:WebAcl"})
"""Types whose statements hold statements without end, so that no list has the names in them. They
are Pulumi's in Terraform's spelling, and lists of blocks in the singular."""

_OF_PULUMI = {"customTimeouts", "tagsAll"}
"""Inputs that are none of AWS's, and the tags that the provider adds to those that are given."""


def _no_resource_of_aws(resource: Resource) -> bool:
    """Whether the type was reviewed as one that makes nothing in AWS."""
    return not resource.type.startswith("aws:") and resource.type in TABLE


def _word(text: str) -> str:
    """`text` as a name in HCL."""
    word = re.sub(r"[^A-Za-z0-9_-]", "-", text)
    return word if word[:1].isalpha() else f"r-{word}"


def _name(resource: Resource, taken: set[tuple[str, str]], terraform: TerraformType | None) -> str:
    """The logical name as one of Terraform's, once for each type."""
    kind = resource.type if terraform is None else terraform.name
    base = name = _word(resource.name)
    number = 1
    while (kind, name) in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add((kind, name))
    return name


def _literal(text: str) -> str:
    """Text that HCL takes as it is: `${` begins what it evaluates."""
    return text.replace("${", "$${").replace("%{", "%%{")


def attributes(configuration: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Each text in a configuration with the dotted names that lead to it, without positions."""
    for key, value in configuration.items():
        for item in _leaves(value):
            if isinstance(item, Mapping):
                yield from attributes(item, f"{path}{key}.")
            elif isinstance(item, str):
                yield f"{path}{key}", item


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value
