"""Every resource type that stackproof has judged, and the families that it can touch.

A type that is not in the table may touch every family: nothing is inert by default, and the name
of a module says nothing about what a type does.
"""

from __future__ import annotations

import msgspec

from stackproof.aws.reviewed import REVIEWED
from stackproof.model import Family, Graph, NotModelled, Resource

PROOF_FAMILIES = frozenset({Family.NETWORK, Family.IDENTITY, Family.PLACEMENT, Family.RECURSION})


class Classification(msgspec.Struct, frozen=True):
    """The families a type can touch; when there is none, `inert` says why."""

    families: frozenset[Family]
    inert: str = ""


PROVIDER_PREFIX = "pulumi:providers:"

_PULUMI = {
    "pulumi:pulumi:Stack": Classification(frozenset(), "the root of every URN; no AWS resource"),
    "pulumi:pulumi:StackReference": Classification(
        frozenset(), "reads outputs of another stack, which arrive as Unknown where they are used"
    ),
}


def token(module: str, name: str) -> str:
    """Pulumi's token for a type of the AWS provider: `ec2`, `Vpc` give `aws:ec2/vpc:Vpc`."""
    return f"aws:{module}/{name[0].lower()}{name[1:]}:{name}"


TABLE: dict[str, Classification] = _PULUMI | {
    token(entry.module, name): Classification(
        frozenset(entry.families), "" if entry.families else entry.why
    )
    for entry in REVIEWED
    for name in entry.types.split()
}


def touches(resource: Resource) -> frozenset[Family]:
    """The families that `resource` may affect. Components and providers exist in Pulumi only."""
    if not resource.custom or resource.type.startswith(PROVIDER_PREFIX):
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
