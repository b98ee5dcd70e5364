"""A Graph as JSON, version 1: what tests, bug reports and other tools exchange.

Everything is plain JSON but for four kinds of value, each an object with one key:

    {"$reference": {"urn": ..., "property": ...}}
    {"$unknown": {"reason": ..., "depends_on": [...]}}
    {"$template": ["text", {"$reference": ...}, ...]}
    {"$asset": {"kind": ..., "path": ..., "sha256": ...}}

An object of the program's own that has just one such key is wrapped as {"$literal": ...}, so that
nothing is ambiguous. The schema is `stackproof/schemas/graph.schema.json`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from stackproof.model import (
    GRAPH_VERSION,
    Asset,
    Graph,
    Reference,
    Resource,
    Template,
    Unknown,
    Value,
)
from stackproof.sources.errors import SourceError

_TAGS = frozenset({"$reference", "$unknown", "$template", "$asset", "$literal"})
_DEEPEST = 100
"""How deep values may be nested; policies and templates stay far below."""


class _StoredResource(Resource, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    inputs: dict[str, Any] = msgspec.field(default_factory=dict)


class _StoredGraph(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    version: int = msgspec.field(name="version")
    project: str
    stack: str
    source: str
    account: str | None = None
    region: str | None = None
    assumptions: tuple[str, ...] = ()
    resources: tuple[_StoredResource, ...]


# ── writing ─────────────────────────────────────────────────────────────────────────────────────


def encode(graph: Graph) -> bytes:
    """The same Graph always gives the same bytes: UTF-8, indented, object keys sorted."""
    stored = _StoredGraph(
        version=graph.version,
        project=graph.project,
        stack=graph.stack,
        source=graph.source,
        account=graph.account,
        region=graph.region,
        assumptions=graph.assumptions,
        resources=tuple(_stored(r) for r in graph.resources),
    )
    return msgspec.json.format(msgspec.json.encode(stored, order="deterministic"), indent=1) + b"\n"


def _stored(resource: Resource) -> _StoredResource:
    fields = {f: getattr(resource, f) for f in resource.__struct_fields__}
    fields["inputs"] = {key: _plain(value) for key, value in resource.inputs.items()}
    return _StoredResource(**fields)


def _plain(value: Value) -> Any:  # noqa: ANN401, PLR0911  JSON, one case for each kind
    if isinstance(value, dict):
        plain = {key: _plain(item) for key, item in value.items()}
        return {"$literal": plain} if len(plain) == 1 and plain.keys() <= _TAGS else plain
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Reference):
        return {"$reference": value}
    if isinstance(value, Unknown):
        return {"$unknown": value}
    if isinstance(value, Template):
        return {"$template": [_plain(part) for part in value.parts]}
    if isinstance(value, Asset):
        return {"$asset": value}
    return value


# ── reading ─────────────────────────────────────────────────────────────────────────────────────


def decode(data: bytes | str) -> Graph:
    """Read what `encode` wrote, unchecked. Raises SourceError naming what is malformed."""
    try:
        stored = msgspec.json.decode(data, type=_StoredGraph)
    except msgspec.ValidationError as error:
        raise SourceError(f"This is not a graph as stackproof writes it: {error}.") from error
    if stored.version != GRAPH_VERSION:
        raise SourceError(
            f"The graph has version {stored.version}, but this stackproof reads version "
            f"{GRAPH_VERSION}; write it again with `stackproof graph`."
        )
    resources = []
    for number, resource in enumerate(stored.resources):
        fields = {f: getattr(resource, f) for f in resource.__struct_fields__}
        place = f"$.resources[{number}].inputs"
        fields["inputs"] = {
            key: _value(item, f"{place}.{key}", 0) for key, item in resource.inputs.items()
        }
        resources.append(Resource(**fields))
    return Graph(
        project=stored.project,
        stack=stored.stack,
        source=stored.source,
        account=stored.account,
        region=stored.region,
        assumptions=stored.assumptions,
        resources=tuple(sorted(resources, key=lambda r: r.urn)),
    )


def _value(raw: Any, place: str, depth: int) -> Value:  # noqa: ANN401  JSON
    if depth > _DEEPEST:
        raise SourceError(f"The value at {place[:200]} is nested deeper than {_DEEPEST} levels.")
    if isinstance(raw, list):
        return [_value(item, place, depth + 1) for item in raw]
    if not isinstance(raw, dict):
        return raw  # type: ignore[no-any-return]  # a JSON scalar
    if len(raw) == 1:
        ((tag, content),) = raw.items()
        if tag in _TAGS:
            return _tagged(tag, content, place, depth)
    return {key: _value(item, f"{place}.{key}", depth + 1) for key, item in raw.items()}


def _tagged(tag: str, content: Any, place: str, depth: int) -> Value:  # noqa: ANN401  JSON
    try:
        if tag == "$reference":
            return msgspec.convert(content, Reference)
        if tag == "$unknown":
            return msgspec.convert(content, Unknown)
        if tag == "$asset":
            return msgspec.convert(content, Asset)
    except msgspec.ValidationError as error:
        raise SourceError(f"The {tag} at {place} is malformed: {error}.") from error
    if tag == "$template" and isinstance(content, list) and content:
        parts = tuple(_value(part, place, depth + 1) for part in content)
        texts = [p for p in parts if isinstance(p, str | Reference | Unknown)]
        if len(texts) == len(parts):
            return Template(tuple(texts))
    if tag == "$literal" and isinstance(content, dict):
        return {key: _value(item, f"{place}.{key}", depth + 1) for key, item in content.items()}
    raise SourceError(f"The {tag} at {place} is malformed.")


def checked(graph: Graph) -> Graph:
    """`graph`, or SourceError when it is empty, has a URN twice, or parents in a circle."""
    if not graph.resources:
        raise SourceError(f"The graph of stack {graph.stack} has no resource: nothing to check.")
    parents: dict[str, str | None] = {}
    for resource in graph.resources:
        if resource.urn in parents:
            raise SourceError(f"The graph has two resources with the URN {resource.urn}.")
        parents[resource.urn] = resource.parent
    sound: set[str] = set()
    for urn in parents:
        path: dict[str, None] = {}
        at: str | None = urn
        while at is not None and at not in sound:
            if at in path:
                raise SourceError(
                    f"The resource {at} is its own ancestor: parents form a circle. Mend its "
                    "`parent`, or write the file again with `stackproof graph`."
                )
            path[at] = None
            at = parents.get(at)
        sound.update(path)
    return graph
