"""Inputs of resources as they are brought up here: resolved, with made-up names filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stackproof.aws.values import Values, text_of
from stackproof.model import Graph, Reference, Resource, Template, Unknown, Value, walk


class PlanError(Exception):
    """The program declares something that cannot be brought up; the message names the resource."""


@dataclass
class Inputs:
    """The inputs of one resource, resolved; it remembers which ones a translation asked for."""

    resource: Resource
    values: Mapping[str, Any]
    asked: set[str] = field(default_factory=set)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - JSON
        """One input; raises PlanError when it is not known before a deployment."""
        self.asked.add(name)
        value = self.values.get(name, default)
        for part in walk(value):
            if isinstance(part, Unknown | Reference | Template):
                raise PlanError(
                    f"{self.resource.name} ({self.resource.type}): what '{name}' holds is known"
                    " only after a deployment, so it cannot be brought up here"
                )
        return value

    def need(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """As `get`, for what must be there."""
        value = self.get(name)
        if value is None:
            raise PlanError(f"{self.resource.name} ({self.resource.type}) gives no '{name}'")
        return value

    def unread(self) -> tuple[str, ...]:
        """The inputs that nobody asked for: they change nothing here."""
        return tuple(sorted(self.values.keys() - self.asked))


class Reader:
    """Values of the Graph, with the names that Pulumi or AWS would make up filled in."""

    def __init__(self, graph: Graph, api_address: str) -> None:
        self._values = Values(graph)
        self._resources = graph.by_urn()
        self._api_address = api_address

    def inputs(self, resource: Resource) -> Inputs:
        """The inputs of a resource."""
        values: dict[str, Any] = {
            name: self._filled(self._values.resolve(value))
            for name, value in resource.inputs.items()
        }
        if resource.type in NAMED_BY_PULUMI:
            values.setdefault("name", resource.name)
        return Inputs(resource, values)

    def text(self, value: Value) -> str | None:
        """The text that a value is, where it is one and known."""
        found = self._filled(self._values.resolve(value))
        return found if isinstance(found, str) else None

    def arn(self, resource: Resource) -> str | None:
        """The ARN of a resource, where it is known."""
        return self.text(Reference(resource.urn, "arn"))

    def _filled(self, value: Value) -> Value:
        if isinstance(value, Reference):
            return self._made_up(value)
        if isinstance(value, Template):
            return text_of([self._filled(part) for part in value.parts])
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        return value

    def _made_up(self, reference: Reference) -> Value:
        resource = self._resources.get(reference.urn)
        if resource is None:
            return reference
        if resource.type in NAMED_BY_PULUMI and reference.property == "name":
            return resource.name
        if resource.type == "aws:lb/loadBalancer:LoadBalancer" and reference.property == "dnsName":
            return self._api_address
        return reference


NAMED_BY_PULUMI = frozenset({"aws:iam/policy:Policy", "aws:iam/instanceProfile:InstanceProfile"})
"""Pulumi adds seven random digits to the logical name of these; here it is the logical name."""
