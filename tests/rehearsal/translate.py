"""Pulumi's inputs as boto3's parameters, and boto3's answers as Pulumi's properties.

Both directions go by the service's own model (botocore carries it): `cidrBlock` is `CidrBlock`
because that is the member that the operation has. What the model spells in another way stands in
the table of the kind (`renamed`). Nothing is guessed: a property for which there is no member is
reported as echoed, by its path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

Properties = dict[str, Any]


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def member(shape: StructureShape, name: str) -> str | None:
    """The member of `shape` that a Pulumi property names: the same word, in one or many."""
    by_word = {_plain(member): member for member in shape.members}
    word = _plain(name)
    for candidate in (word, f"{word}s", word.removesuffix("s"), f"{word.removesuffix('y')}ies"):
        if candidate in by_word:
            return str(by_word[candidate])
    return None


def _is_tags(shape: ListShape) -> bool:
    item = shape.member
    return isinstance(item, StructureShape) and {"Key", "Value"} <= set(item.members)


def _scalar(shape: Shape, value: Any) -> Any:  # noqa: ANN401, PLR0911 -- JSON, by its kind
    kind = shape.type_name
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if kind in {"integer", "long"}:
        return int(value)
    if kind in {"float", "double"}:
        return float(value)
    if kind == "string":
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return value if isinstance(value, str) else json.dumps(value)
    return value


class Translation:
    """One translation of inputs; `untold` collects the paths that no member takes."""

    def __init__(self, renamed: Mapping[str, str]) -> None:
        self._renamed = renamed
        self.untold: set[str] = set()

    def structure(self, shape: StructureShape, given: Mapping[str, Any], path: str = "") -> Any:  # noqa: ANN401 -- JSON
        """`given` as the members of `shape`."""
        made: Properties = {}
        for name, value in given.items():
            if value is None:
                continue
            where = f"{path}.{name}" if path else name
            target = self._renamed.get(where) or member(shape, name)
            if target is None or target not in shape.members:
                self.untold.add(where)
                continue
            made[target] = self.value(shape.members[target], value, where)
        return made

    def value(
        self,
        shape: Shape,
        given: Any,  # noqa: ANN401 -- JSON
        path: str,
    ) -> Any:  # noqa: ANN401 -- JSON
        """`given` in the form of `shape`: one for a list of one, pairs for a list of tags."""
        if isinstance(shape, StructureShape):
            if isinstance(given, list) and {"Quantity", "Items"} <= set(shape.members):
                # CloudFront's lists.
                items = self.value(shape.members["Items"], given, path)
                return {"Quantity": len(items), "Items": items}
            if isinstance(given, list):
                given = given[0] if given else {}
            return self.structure(shape, given, path) if isinstance(given, Mapping) else given
        if isinstance(shape, ListShape):
            if isinstance(given, Mapping) and _is_tags(shape):
                return [{"Key": key, "Value": str(value)} for key, value in sorted(given.items())]
            many = given if isinstance(given, list) else [given]
            return [self.value(shape.member, item, path) for item in many]
        if isinstance(shape, MapShape) and isinstance(given, Mapping):
            return {key: self.value(shape.value, value, path) for key, value in given.items()}
        return _scalar(shape, given)


def camel(name: str) -> str:
    """boto3's name as Pulumi's: `VpcId` is `vpcId`, `SSEAlgorithm` is `sseAlgorithm`."""
    lead = re.match(r"[A-Z]+", name)
    if lead is None:
        return name
    upper = len(lead.group())
    many = upper if upper in (1, len(name)) else upper - 1
    return name[:many].lower() + name[many:]


def tags(pairs: Any) -> Any:  # noqa: ANN401 -- JSON
    """A list of keys and values as a mapping; anything else as it is."""
    if isinstance(pairs, list) and pairs and all(isinstance(p, dict) for p in pairs):
        for key, value in (("Key", "Value"), ("TagKey", "TagValue")):
            if all(p.keys() == {key, value} for p in pairs):
                return {p[key]: p[value] for p in pairs}
    return pairs


FREE = frozenset({"AssumeRolePolicyDocument", "Document", "Tags", "TagSet", "Variables", "tags"})
"""Members whose keys are no names of AWS's: labels, variables, the words of a policy."""


def properties(described: Any, renamed: Mapping[str, str] | None = None, path: str = "") -> Any:  # noqa: ANN401 -- JSON
    """What AWS described, in Pulumi's names; `renamed` is Pulumi's path -> boto3's name."""
    renamed = renamed or {}
    if isinstance(described, list):
        return [properties(item, renamed, path) for item in described]
    if not isinstance(described, dict):
        return described
    if {"Quantity", "Items"} <= described.keys():
        return [properties(item, renamed, path) for item in described["Items"]]
    back = {
        name: where.rsplit(".", 1)[-1]
        for where, name in renamed.items()
        if where.rpartition(".")[0] == path
    }
    made: Properties = {}
    for name, value in described.items():
        mine = back.get(name) or camel(name)
        plain = tags(value)
        where = f"{path}.{mine}" if path else mine
        free = name in FREE and not isinstance(plain, list)
        made[mine] = plain if free else properties(plain, renamed, where)
    return made
