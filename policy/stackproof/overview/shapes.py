"""The overview as plain data. Sorted throughout: the same Graph gives the same overview."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from stackproof.model import Hop, Location

GroupKind: TypeAlias = Literal[
    "internet", "addresses", "service", "resources", "ungrouped", "hosts"
]
"""`resources` are of a group of the contract, `ungrouped` is one resource that no group names,
`hosts` any other host of the VPCs: only there when a flow from or to it is not as it should be."""

FlowKind: TypeAlias = Literal["declared", "missing", "excess", "perhaps", "implied", "found"]
"""`declared` by the contract and there, or `missing`; `excess` is there and not declared;
`perhaps` turns on what is not known; `implied` by a flow from or to the whole internet; `found`
where there is no contract to compare it with."""

Exit: TypeAlias = Literal["internet", "nat", "none", "unknown"]
"""How a subnet's routes lead out: both ways, one way by a NAT gateway, not at all."""


class Vpc(msgspec.Struct, frozen=True):
    """A VPC; `urn` is the key of what lies in it."""

    urn: str
    name: str
    cidrs: tuple[str, ...]


class Tier(msgspec.Struct, frozen=True):
    """Subnets of one VPC that are alike but for their zone: a row of the diagram."""

    key: str
    vpc: str
    name: str
    exit: Exit


class Subnet(msgspec.Struct, frozen=True):
    """A subnet: where its tier and its zone meet."""

    urn: str
    name: str
    tier: str
    zone: str
    cidr: str
    location: Location | None


class Member(msgspec.Struct, frozen=True):
    """A resource of a group, or the part of it in one subnet. No `tier`: it is outside VPCs."""

    urn: str
    name: str
    kind: str
    tier: str
    zone: str
    location: Location | None


class Group(msgspec.Struct, frozen=True):
    """What flows and claims speak of. `detail` is its addresses, or the service it stands for."""

    name: str
    kind: GroupKind
    members: tuple[Member, ...] = ()
    detail: str = ""


class Fixture(msgspec.Struct, frozen=True):
    """What only hands traffic on: a NAT gateway in a subnet, a gateway endpoint of a VPC."""

    urn: str
    name: str
    kind: str
    tier: str
    zone: str


class Flow(msgspec.Struct, frozen=True):
    """What passes from one group to another (`traffic`), and what the contract lets pass."""

    source: str
    to: str
    kind: FlowKind
    traffic: tuple[str, ...]
    declared: tuple[str, ...]
    excess: tuple[str, ...]
    perhaps: tuple[str, ...]
    rules: tuple[Hop, ...]


class Network(msgspec.Struct, frozen=True):
    """Everything that the diagram of the network shows."""

    zones: tuple[str, ...]
    """Columns; the empty name stands for a zone that is not known."""
    vpcs: tuple[Vpc, ...]
    tiers: tuple[Tier, ...]
    subnets: tuple[Subnet, ...]
    groups: tuple[Group, ...]
    fixtures: tuple[Fixture, ...]
    flows: tuple[Flow, ...]


class Permission(msgspec.Struct, frozen=True):
    """One statement of a policy of a principal."""

    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[str, ...]
    policy: str
    """The name of the policy and the statement's number in it."""
    urn: str
    location: Location | None
    doubts: tuple[str, ...] = ()


class Principal(msgspec.Struct, frozen=True):
    """A role or a user; `name` is that in the contract, where the contract names it."""

    name: str
    urn: str
    assumed_by: tuple[str, ...]
    permissions: tuple[Permission, ...]
    boundary: str = ""
    location: Location | None = None


class Loss(msgspec.Struct, frozen=True):
    """What one promise comes to when a zone is lost: `left` says it, `holds` judges (None: open).

    `claim` is the id of the claim that it belongs to.
    """

    claim: str
    subject: str
    needed: str
    zone: str
    left: str
    holds: bool | None


class EventNode(msgspec.Struct, frozen=True):
    """What events come from or go to."""

    key: str
    name: str
    kind: str
    location: Location | None


class EventEdge(msgspec.Struct, frozen=True):
    """`delivers`: an event at the source reaches the target. `writes`: its role lets it."""

    source: str
    target: str
    kind: Literal["delivers", "writes"]
    label: str
    urn: str
    location: Location | None


class Events(msgspec.Struct, frozen=True):
    """The event graph."""

    nodes: tuple[EventNode, ...] = ()
    edges: tuple[EventEdge, ...] = ()


class Overview(msgspec.Struct, frozen=True):
    """All of it."""

    project: str
    stack: str
    region: str
    resources: int
    """How many resources the stack declares, components aside."""
    network: Network
    permissions: tuple[Principal, ...]
    losses: tuple[Loss, ...]
    events: Events
    gaps: tuple[str, ...] = ()
    """What could not be read, and why: it is not shown, and must be missed."""
