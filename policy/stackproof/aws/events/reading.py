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
from stackproof.aws.values import ATOM_OPEN, REGION, Values, glob_text, partition_of
from stackproof.model import Family, Graph, NotModelled, Resource, Value

_ARNS = {
    **dict.fromkeys(BUCKETS, "arn:{partition}:s3:::{name}"),
    BUS: "arn:{partition}:events:{region}:{account}:event-bus/{name}",
    FUNCTION: "arn:{partition}:lambda:{region}:{account}:function:{name}",
}


class Reader:
    """Reads one graph; collects what it cannot read."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.values = Values(graph)
        self.unread: list[NotModelled] = []
        self.by_arn: dict[str, Place] = {}
        self.by_name: dict[tuple[str, str], Place] = {}
        for resource in graph.of_type(
            *BUCKETS, *SCALING, FUNCTION, QUEUE, TOPIC, TABLE, STREAM, RULE, BUS, ALARM
        ):
            self._register(resource)
        for alias in graph.of_type(ALIAS):
            function = self.place(alias.inputs.get("functionName"), FUNCTION)
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
        for output in ("id", "url", "bucket", "name"):
            text = self.values.text(self.values.output(resource, output))
            if text is not None:
                self.by_name.setdefault((resource.type, text), place)
        for output in ("qualifiedArn", "invokeArn") if resource.type == FUNCTION else ():
            text = self.values.text(self.values.output(resource, output))
            if text is not None:
                self.by_arn.setdefault(text, place)

    def cannot_read(self, resource: Resource, why: str) -> None:
        """Note that `resource` holds something unknown."""
        self.unread.append(NotModelled(resource.urn, resource.type, Family.RECURSION, why))

    def place(self, value: Value, *types: str) -> Place | None:
        """What an ARN or a name means; an ARN outside the graph is a Place without URN."""
        text = self.values.text(value)
        if text is None:
            return None
        for type_ in types:
            if (type_, text) in self.by_name:
                return self.by_name[type_, text]
        found = self.by_arn.get(text)
        if found is None and ":function:" in text:
            # A version or an alias is named behind the function's own ARN.
            found = self.by_arn.get(text.rpartition(":")[0])
        return found or Place(self._outside(text, types))

    def _outside(self, text: str, types: tuple[str, ...]) -> str:
        """The ARN of what is named but not declared here, such as the default event bus."""
        format_ = next((_ARNS[t] for t in types if t in _ARNS), "")
        if not format_ or text.startswith(("arn:", ATOM_OPEN)):
            return text
        return format_.format(
            partition=partition_of(self.graph.region),
            region=self.graph.region or glob_text(REGION),
            account=glob_text(self.values.account),
            name=text,
        )

    def required(self, resource: Resource, value: Value, what: str, *types: str) -> Place | None:
        """As `place`; what cannot be read is noted."""
        if value is None:
            self.cannot_read(resource, f"it names no {what}")
            return None
        found = self.place(value, *types)
        if found is None:
            self.cannot_read(resource, f"its {what} is unknown")
        return found

    def qualified(self, value: Value, target: Place) -> bool:
        """Whether `value` names an alias or a version of the function `target`."""
        return self.type_of(target) == FUNCTION and self.values.text(value) != target.arn

    def type_of(self, place: Place) -> str:
        """Pulumi's type of a place; empty outside the graph."""
        found = self.values.resources.get(place.urn)
        return found.type if found is not None else ""
