"""Every resource type that stackproof has judged, and the families that it can touch.

A type that is not in the table may touch every family: nothing is inert by default, and the name
of a module says nothing about what a type does.
"""

from __future__ import annotations

import msgspec

from stackproof.model import Family, Graph, NotModelled, Resource

PROOF_FAMILIES = frozenset({Family.NETWORK, Family.IDENTITY, Family.PLACEMENT, Family.RECURSION})


class Classification(msgspec.Struct, frozen=True):
    """The families a type can touch; when there is none, `inert` says why."""

    families: frozenset[Family]
    inert: str = ""


TABLE: dict[str, Classification] = {}


def touches(resource: Resource) -> frozenset[Family]:
    """The families that `resource` may affect. Components exist in Pulumi only: none."""
    if not resource.custom:
        return frozenset()
    entry = TABLE.get(resource.type)
    return PROOF_FAMILIES if entry is None else entry.families


def not_modelled(graph: Graph, family: Family, modelled: frozenset[str]) -> tuple[NotModelled, ...]:
    """Resources that may affect `family` and whose type its facts do not understand."""
    return tuple(
        NotModelled(
            r.urn,
            r.type,
            family,
            f"{r.type} is not classified" if r.type not in TABLE else f"{r.type} is not modelled",
        )
        for r in graph.resources
        if family in touches(r) and r.type not in modelled
    )
