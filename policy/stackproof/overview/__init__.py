"""What the architecture is, as a reader of the report sees it: the facts without the verdicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from stackproof.families import World
from stackproof.overview.events import events
from stackproof.overview.losses import losses
from stackproof.overview.network import each_by_itself, network
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
    "each_by_itself",
    "overview",
]


_NOTHING = Network((), (), (), (), (), (), ())
_T = TypeVar("_T")


def overview(world: World) -> Overview:
    """The overview of what `world` declares, in the groups of its contract.

    What cannot be read is left out and named, as `check` does: a report must come about.
    """
    gaps: list[str] = []

    def read(what: str, part: Callable[[World], _T], nothing: _T) -> _T:
        try:
            return part(world)
        except Exception as error:  # noqa: BLE001 - as in `check`: it is told, and the rest is shown
            said = " ".join(str(error).split())
            gaps.append(f"{what} cannot be shown: {type(error).__name__}: {said}")
            return nothing

    return Overview(
        project=world.graph.project,
        stack=world.graph.stack,
        region=world.graph.region or "",
        resources=sum(r.custom for r in world.graph.resources),
        network=read("The network", network, _NOTHING),
        permissions=read("What principals may do", permissions, ()),
        losses=read("The loss of zones", losses, ()),
        events=read("The event graph", events, Events()),
        gaps=tuple(gaps),
    )
