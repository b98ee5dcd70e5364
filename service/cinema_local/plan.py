"""What to bring up, from what the program declares: a pure function of the Graph.

Each resource that a stand-in can play becomes the calls that AWS would get for it (`calls`); the
fleet and the website are played by processes of ours (`fleet`). What none can play is listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cinema_local.calls import TRANSLATIONS, Call
from cinema_local.fleet import STANDS_FOR, Fleet, Website, fleet_of, website_of
from cinema_local.inputs import PlanError, Reader
from stackproof.model import Graph


@dataclass(frozen=True)
class Step:
    """What makes one resource, after every Step of a smaller `depth`."""

    urn: str
    type: str
    name: str
    depth: int
    calls: tuple[Call, ...]
    without_effect: tuple[str, ...]
    """Inputs that the program gives and that change nothing here."""


@dataclass(frozen=True)
class Plan:
    """Everything that is brought up, and what is not."""

    account: str
    region: str
    steps: tuple[Step, ...]
    fleet: Fleet
    website: Website
    left_out: Mapping[str, int]
    """How many resources of each type have no stand-in."""


def plan(graph: Graph, *, api_address: str) -> Plan:
    """The Plan for `graph`. `api_address` is the local balancer's `host:port`.

    Raises PlanError for what the local run cannot do without.
    """
    if graph.account is None or graph.region is None:
        raise PlanError("the stack names no account or no region")
    reader = Reader(graph, api_address)
    depths = _depths(graph)
    steps, left_out = [], dict[str, int]()
    for resource in graph.resources:
        if not resource.custom:
            continue
        translate = TRANSLATIONS.get(resource.type)
        if translate is None:
            left_out[resource.type] = left_out.get(resource.type, 0) + 1
            continue
        inputs = reader.inputs(resource)
        calls = tuple(translate(inputs, graph.region))
        steps.append(
            Step(
                resource.urn,
                resource.type,
                resource.name,
                depths[resource.urn],
                calls,
                inputs.unread(),
            )
        )
    return Plan(
        account=graph.account,
        region=graph.region,
        steps=tuple(sorted(steps, key=lambda step: (step.depth, step.urn))),
        fleet=fleet_of(graph, reader),
        website=website_of(graph, reader),
        left_out={
            kind: count for kind, count in sorted(left_out.items()) if kind not in STANDS_FOR
        },
    )


def _depths(graph: Graph) -> dict[str, int]:
    """How long the longest chain of dependencies below each resource is."""
    resources, depths = graph.by_urn(), dict[str, int]()

    def depth(urn: str) -> int:
        if urn not in depths:
            depths[urn] = 0  # the engine refuses cycles; this keeps a broken graph from looping
            below = [depth(other) for other in resources[urn].dependencies if other in resources]
            depths[urn] = 1 + max(below, default=0)
        return depths[urn]

    for urn in resources:
        depth(urn)
    return depths
