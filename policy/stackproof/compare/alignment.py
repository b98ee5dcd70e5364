"""Which resource of BASE is which of HEAD, and BASE told in HEAD's names.

A resource is the same when it has the same type and name, whatever component is wrapped round it;
when it holds the same place under another name (the same inputs, the same references to and from
it); and when it is what is left of the same group of the contract. A match only decides what is
compared with what: whatever then differs is a change, so that a wrong match can show too much and
never hide anything.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from stackproof.compare.difference import Renamed
from stackproof.model import Asset, Graph, Reference, Resource, Template, Unknown, Value

Groups = Mapping[str, frozenset[str]]
"""The groups of the contract that each resource is in, by URN."""

_ROUNDS = 3
"""How far references are followed when two resources are compared by their place."""
_LABELS = frozenset({"tags", "tagsAll"})
"""Inputs that tell people what a thing is, and that a renamed thing does not share."""


@dataclass(frozen=True)
class Aligned:
    """BASE in HEAD's names. `twins` has HEAD's URN for each URN of BASE that is there too."""

    graph: Graph
    twins: Mapping[str, str]
    renamed: tuple[Renamed, ...]


def aligned(base: Graph, head: Graph, of_base: Groups, of_head: Groups) -> Aligned:
    """`base` with every resource that `head` has too under the name that it has there."""
    twins: dict[str, str] = {}
    because: dict[str, str] = {}
    matcher = _Matcher(base, head, of_base, of_head)
    for before, after, why in matcher.pairs():
        twins[before] = after
        because[before] = why
    there = head.by_urn()
    renamed = [
        Renamed(there[twins[r.urn]].type, r.name, there[twins[r.urn]].name, because[r.urn])
        for r in base.resources
        if r.urn in twins and there[twins[r.urn]].name != r.name
    ]
    names = {before: there[after].name for before, after in twins.items()}
    resources = [_told(r, twins, names) for r in base.resources]
    graph = msgspec.structs.replace(base, resources=tuple(sorted(resources, key=lambda r: r.urn)))
    return Aligned(graph, twins, tuple(sorted(renamed)))


# ── which is which ──────────────────────────────────────────────────────────────────────────────


class _Matcher:
    """Pairs the resources of two graphs, the surest ways first."""

    def __init__(self, base: Graph, head: Graph, of_base: Groups, of_head: Groups) -> None:
        self.base = {r.urn: r for r in base.resources}
        self.head = {r.urn: r for r in head.resources}
        self.groups = {**of_base}, {**of_head}

    def pairs(self) -> Iterator[tuple[str, str, str]]:
        """(URN in BASE, URN in HEAD, why) of every resource that is in both."""
        yield from self._paired(lambda r, _: r.urn.split("::", 2)[2], "it has the same URN")
        yield from self._paired(lambda r, _: (kind(r.type), r.name), "it has the same name")
        if not self.base or not self.head:
            return
        prints = _fingerprints(self.base.values()), _fingerprints(self.head.values())
        for near in reversed(range(_ROUNDS + 1)):
            yield from self._paired(
                lambda r, side, near=near: (  # type: ignore[misc]
                    kind(r.type),
                    self._of(r, side),
                    prints[side][near][r.urn],
                ),
                "it has the same inputs and the same place",
                several=True,
            )
        yield from self._left_in_groups()

    def _of(self, resource: Resource, side: int) -> frozenset[str]:
        return self.groups[side].get(resource.urn, frozenset())

    def _paired(
        self,
        key: Callable[[Resource, int], Hashable],
        why: str,
        *,
        several: bool = False,
    ) -> Iterator[tuple[str, str, str]]:
        """Pairs with equal keys; of `several` with one key any two are as good as any others."""
        sides: tuple[dict[Hashable, list[str]], ...] = (defaultdict(list), defaultdict(list))
        for side, resources in enumerate((self.base, self.head)):
            for urn in sorted(resources):
                sides[side][key(resources[urn], side)].append(urn)
        for shared in sides[0].keys() & sides[1].keys():
            mine, theirs = sides[0][shared], sides[1][shared]
            if several or len(mine) == len(theirs) == 1:
                yield from self._taken(zip(mine, theirs, strict=False), why)

    def _taken(self, pairs: Iterable[tuple[str, str]], why: str) -> Iterator[tuple[str, str, str]]:
        for before, after in pairs:
            del self.base[before], self.head[after]
            yield before, after, why

    def _left_in_groups(self) -> Iterator[tuple[str, str, str]]:
        """What is left of the same group, the most alike first."""
        candidates = [
            (-_alike(mine, theirs), mine.name, theirs.name, mine.urn, theirs.urn)
            for mine in self.base.values()
            for theirs in self.head.values()
            if kind(mine.type) == kind(theirs.type)
            and self._of(mine, 0)
            and self._of(mine, 0) == self._of(theirs, 1)
        ]
        for _, _, _, before, after in sorted(candidates):
            if before in self.base and after in self.head:
                groups = ", ".join(sorted(self._of(self.base[before], 0)))
                yield from self._taken([(before, after)], f"it is what is left of {groups}")


def kind(type_: str) -> str:
    """The type, with one name for those that the AWS provider has under two."""
    if type_.startswith("aws:alb/"):
        return type_.replace("aws:alb/", "aws:lb/")
    return type_.replace("V2", "") if type_.startswith("aws:s3/") else type_


def _alike(one: Resource, other: Resource) -> int:
    return sum(key in other.inputs and other.inputs[key] == v for key, v in one.inputs.items())


def _fingerprints(resources: Iterable[Resource]) -> list[dict[str, str]]:
    """By URN: what a resource is, without any logical name; each entry looks one step further."""
    known = {r.urn: r for r in resources}
    onward: dict[str, list[tuple[str, str]]] = {urn: [] for urn in known}
    towards: dict[str, list[tuple[str, str]]] = {urn: [] for urn in known}
    first = {}
    for urn, resource in known.items():
        seen: list[Reference] = []
        said = [
            [key, _said(resource.inputs[key], known, seen)]
            for key in sorted(resource.inputs)
            if key not in _LABELS
        ]
        first[urn] = _digest([kind(resource.type), resource.external, said])
        for reference in seen:
            if reference.urn in known:
                onward[urn].append((reference.property, reference.urn))
                towards[reference.urn].append((f"{resource.type} {reference.property}", urn))
    found = [first]
    for _ in range(_ROUNDS):
        last = found[-1]
        found.append(
            {
                urn: _digest(
                    [
                        last[urn],
                        [[how, last[to]] for how, to in onward[urn]],
                        sorted([how, last[by]] for how, by in towards[urn]),
                    ]
                )
                for urn in known
            }
        )
    return found


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _said(value: Value, known: Mapping[str, Resource], seen: list[Reference]) -> object:
    """`value` as JSON in which a reference is the type that it leads to."""
    match value:
        case Reference(urn, property_):
            seen.append(value)
            target = known.get(urn)
            return ["reference", kind(target.type) if target else "elsewhere", property_]
        case Template(parts):
            return ["template", *(_said(part, known, seen) for part in parts)]
        case dict():
            return {key: _said(item, known, seen) for key, item in sorted(value.items())}
        case list():
            return [_said(item, known, seen) for item in value]
        case Unknown() | Asset():
            return [type(value).__name__]
        case _:
            return value


# ── telling it in other names ───────────────────────────────────────────────────────────────────


def _told(resource: Resource, twins: Mapping[str, str], names: Mapping[str, str]) -> Resource:
    def urn(old: str) -> str:
        return twins.get(old, old)

    def all_of(urns: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(map(urn, urns)))

    return msgspec.structs.replace(
        resource,
        urn=urn(resource.urn),
        name=names.get(resource.urn, resource.name),
        inputs={key: _in_names(value, twins) for key, value in resource.inputs.items()},
        parent=None if resource.parent is None else urn(resource.parent),
        provider=None if resource.provider is None else urn(resource.provider),
        dependencies=all_of(resource.dependencies),
        property_dependencies={
            key: all_of(urns) for key, urns in resource.property_dependencies.items()
        },
    )


def _in_names(value: Value, twins: Mapping[str, str]) -> Value:
    if isinstance(value, Reference):
        return Reference(twins.get(value.urn, value.urn), value.property)
    if isinstance(value, Unknown):
        return Unknown(value.reason, tuple(sorted(twins.get(u, u) for u in value.depends_on)))
    if isinstance(value, Template):
        return Template(tuple(_part(part, twins) for part in value.parts))
    if isinstance(value, dict):
        return {key: _in_names(item, twins) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_names(item, twins) for item in value]
    return value


def _part(part: str | Reference | Unknown, twins: Mapping[str, str]) -> str | Reference | Unknown:
    told = _in_names(part, twins)
    assert isinstance(told, str | Reference | Unknown)  # noqa: S101 - of the kind that it was
    return told
