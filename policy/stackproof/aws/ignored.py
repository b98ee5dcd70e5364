"""Inputs whose changes Pulumi is told to ignore: what AWS has is whatever was deployed first."""

from __future__ import annotations

import re

import msgspec

from stackproof.model import Graph, Resource, Unknown, Value


def as_deployed(graph: Graph) -> Graph:
    """`graph` with every ignored input unknown, whether the program gives it now or not.

    (Pulumi documentation, "Resource option: ignoreChanges".) An entry may be a path
    (`ingress[0].cidrBlocks`), which leaves its whole input open, or `*` for every input.
    """
    if not any(r.ignore_changes for r in graph.resources):
        return graph
    resources = tuple(_open(r) if r.ignore_changes else r for r in graph.resources)
    return msgspec.structs.replace(graph, resources=resources)


def _open(resource: Resource) -> Resource:
    heads = {re.split(r"[.\[]", path)[0] for path in resource.ignore_changes}
    keys = {*resource.inputs, *heads} - {"*"} if "*" in heads else heads
    inputs: dict[str, Value] = {k: Unknown(f"changes of {k} are ignored") for k in sorted(keys)}
    return msgspec.structs.replace(resource, inputs=resource.inputs | inputs)
