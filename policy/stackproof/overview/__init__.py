"""What the architecture is, as a reader of the report sees it: the facts without the verdicts."""

from __future__ import annotations

from stackproof.families import World
from stackproof.overview.events import events
from stackproof.overview.losses import losses
from stackproof.overview.network import network
from stackproof.overview.permissions import permissions
from stackproof.overview.shapes import (
    EventEdge,
    EventNode,
    Events,
    Fixture,
    Flow,
    FlowKind,
    Group,
    GroupKind,
    Loss,
    Member,
    Network,
    Overview,
    Permission,
    Principal,
    Subnet,
    Tier,
    Vpc,
)

__all__ = [
    "EventEdge",
    "EventNode",
    "Events",
    "Fixture",
    "Flow",
    "FlowKind",
    "Group",
    "GroupKind",
    "Loss",
    "Member",
    "Network",
    "Overview",
    "Permission",
    "Principal",
    "Subnet",
    "Tier",
    "Vpc",
    "overview",
]


def overview(world: World) -> Overview:
    """The overview of what `world` declares, in the groups of its contract."""
    return Overview(
        project=world.graph.project,
        stack=world.graph.stack,
        resources=sum(r.custom for r in world.graph.resources),
        region=world.graph.region or "",
        network=network(world),
        permissions=permissions(world),
        losses=losses(world),
        events=events(world),
    )
