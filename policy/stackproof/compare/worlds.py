"""Both architectures as worlds that the same questions can be asked of, in the same names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from stackproof.compare.alignment import Aligned, Groups, aligned
from stackproof.contract import Contract
from stackproof.families import World
from stackproof.model import Graph, Resource
from stackproof.selection import Members, select


@dataclass(frozen=True)
class Side:
    """One architecture as it was given. `name` is its revision or its file.

    `unread` says why its contract could not be read. `notes` are what the comparison should say of
    how it came about.
    """

    name: str
    graph: Graph
    contract: Contract | None = None
    unread: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Worlds:
    """BASE and HEAD, both in HEAD's names and under HEAD's contract."""

    base: World
    head: World
    alignment: Aligned

    def unchanged(self, urn: str) -> bool:
        """Whether the resource is on both sides, with the same inputs."""
        before, after = (_inputs(world, urn) for world in (self.base, self.head))
        return before is not None and before == after


def _inputs(world: World, urn: str) -> dict[str, object] | None:
    found = next((r for r in world.graph.resources if r.urn == urn), None)
    return None if found is None else dict(found.inputs)


def worlds(base: Side, head: Side) -> Worlds:
    """The two as worlds.

    A group is what HEAD's contract says. What is in BASE only, and in no such group, is where
    BASE's own contract puts it, as long as HEAD's has a group of that name.
    """
    contract = head.contract or base.contract or Contract(groups={})
    own = base.contract or contract
    of_head, of_base = _groups(contract, head.graph), _groups(own, base.graph)
    alignment = aligned(base.graph, head.graph, of_base, of_head)
    members = select(_lenient(contract), head.graph)
    return Worlds(
        World(alignment.graph, contract, _before(contract, members, alignment, of_base)),
        World(head.graph, contract, members),
        alignment,
    )


def _lenient(contract: Contract) -> Contract:
    """The same contract, in which a group may be empty: what is new was not there before."""
    groups = {
        name: msgspec.structs.replace(group, optional=True)
        for name, group in contract.groups.items()
    }
    return msgspec.structs.replace(contract, groups=groups)


def _groups(contract: Contract, graph: Graph) -> Groups:
    found: dict[str, set[str]] = {}
    for name, chosen in select(_lenient(contract), graph).items():
        for resource in chosen.resources:
            found.setdefault(resource.urn, set()).add(name)
    return {urn: frozenset(names) for urn, names in found.items()}


def _before(
    contract: Contract, members: Mapping[str, Members], alignment: Aligned, own: Groups
) -> dict[str, Members]:
    graph = alignment.graph
    shared = set(alignment.twins.values())
    alone = {urn for urn in own if urn not in alignment.twins}
    by_head = select(_lenient(contract), graph)
    named = {r.urn for chosen in by_head.values() for r in chosen.resources}
    found = {}
    for name, chosen in by_head.items():
        there = {r.urn for r in members[name].resources} & shared
        there |= {r.urn for r in chosen.resources} - shared
        there |= {urn for urn in alone - named if name in own[urn]}
        resources: tuple[Resource, ...] = tuple(r for r in graph.resources if r.urn in there)
        found[name] = msgspec.structs.replace(chosen, resources=resources)
    return found
