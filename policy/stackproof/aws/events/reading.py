"""What an ARN or a name in one graph means."""

from __future__ import annotations

from stackproof.aws.events.facts import (
    ALARM,
    ALIAS,
    BUCKETS,
    BUS,
    FUNCTION,
    QUEUE,
    RULE,
    SCALING,
    STREAM,
    TABLE,
    TOPIC,
    Place,
)
from stackproof.aws.values import Values
from stackproof.model import Family, Graph, NotModelled, Resource, Value


class Reader:
    """Reads one graph; collects what it cannot read."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.values = Values(graph)
        self.unread: list[NotModelled] = []
        self.by_arn: dict[str, Place] = {}
        self.by_name: dict[str, Place] = {}
        for resource in graph.of_type(
            *BUCKETS, *SCALING, FUNCTION, QUEUE, TOPIC, TABLE, STREAM, RULE, BUS, ALARM
        ):
            self._register(resource)
        for alias in graph.of_type(ALIAS):
            function = self.place(alias.inputs.get("functionName"))
            arn = self.values.arn(alias)
            if function is not None and arn is not None:
                self.by_arn[arn] = function

    def _register(self, resource: Resource) -> None:
        arn = self.values.arn(resource)
        if arn is None:
            self.cannot_read(resource, "its name is unknown")
            return
        place = Place(arn, resource.urn)
        self.by_arn[arn] = place
        if resource.type == TABLE:
            stream = self.values.text(self.values.output(resource, "streamArn"))
            if stream is not None:
                self.by_arn[stream] = place
        for output in ("id", "url", "bucket", "qualifiedArn", "invokeArn", "name"):
            text = self.values.text(self.values.output(resource, output))
            if text is not None:
                self.by_name.setdefault(f"{resource.type} {text}", place)
                self.by_name.setdefault(text, place)

    def cannot_read(self, resource: Resource, why: str) -> None:
        """Note that `resource` holds something unknown."""
        self.unread.append(NotModelled(resource.urn, resource.type, Family.RECURSION, why))

    def place(self, value: Value, *types: str) -> Place | None:
        """What an ARN or a name means; an ARN outside the graph is a Place without URN."""
        text = self.values.text(value)
        if text is None:
            return None
        for type_ in types:
            if f"{type_} {text}" in self.by_name:
                return self.by_name[f"{type_} {text}"]
        found = self.by_arn.get(text) or self.by_name.get(text)
        if found is None and ":function:" in text:
            # A version or an alias is named behind the function's own ARN.
            found = self.by_arn.get(text.rpartition(":")[0])
        return found or Place(text)

    def required(self, resource: Resource, value: Value, what: str, *types: str) -> Place | None:
        """As `place`; what cannot be read is noted."""
        if value is None:
            self.cannot_read(resource, f"it names no {what}")
            return None
        found = self.place(value, *types)
        if found is None:
            self.cannot_read(resource, f"its {what} is unknown")
        return found

    def type_of(self, place: Place) -> str:
        """Pulumi's type of a place; empty outside the graph."""
        found = self.values.resources.get(place.urn)
        return found.type if found is not None else ""
