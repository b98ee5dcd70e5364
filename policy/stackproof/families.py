"""The families of proof: which section of the contract each decides, and from which facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Protocol

from stackproof.aws.events import event_facts
from stackproof.aws.events.facts import EventFacts
from stackproof.aws.identity import IdentityFacts, identity_facts
from stackproof.aws.network import NetworkFacts, network_facts
from stackproof.aws.placement import PlacementFacts, placement_facts
from stackproof.contract import Contract
from stackproof.model import Family, Graph, NotModelled, Obligation
from stackproof.proofs import permissions, placement, reach, recursion
from stackproof.selection import Members


@dataclass(frozen=True)
class World:
    """What there is to prove about. Facts are read when first asked for, and once."""

    graph: Graph
    contract: Contract
    members: Mapping[str, Members]

    @cached_property
    def network(self) -> NetworkFacts:
        """Who is on the network, and what filters and routes there."""
        return network_facts(self.graph)

    @cached_property
    def identity(self) -> IdentityFacts:
        """Roles, users and policies."""
        return identity_facts(self.graph)

    @cached_property
    def placement(self) -> PlacementFacts:
        """What runs in which zone."""
        return placement_facts(self.graph, self.network)

    @cached_property
    def events(self) -> EventFacts:
        """What delivers events to what."""
        return event_facts(self.graph)


class Facts(Protocol):
    """What all facts say of themselves."""

    @property
    def not_modelled(self) -> tuple[NotModelled, ...]:
        """Resources that may matter to the family and are not understood."""
        ...

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What is taken for granted."""
        ...


@dataclass(frozen=True)
class Proof:
    """One family of proof."""

    family: Family
    section: str
    """The key of the contract that claims it; without it nothing is decided."""
    facts_claim: str
    """The id of the claim that stands for all others when its facts cannot be read."""
    facts: Callable[[World], Facts]
    obligations: Callable[[World], list[Obligation]]


def _network(world: World) -> list[Obligation]:
    return reach.obligations(world.network, world.contract, world.members)


def _identity(world: World) -> list[Obligation]:
    return permissions.obligations(world.identity, world.contract, world.members)


def _placement(world: World) -> list[Obligation]:
    return placement.obligations(
        world.placement, world.network, world.contract, world.members, reach.flow_exists
    )


def _recursion(world: World) -> list[Obligation]:
    permitted = recursion.Permitted(
        at_most=partial(permissions.resources_allowed, world.identity),
        surely=partial(permissions.resources_surely_allowed, world.identity),
        not_modelled=world.identity.not_modelled,
    )
    return recursion.obligations(world.events, world.contract, world.members, permitted)


FAMILIES: tuple[Proof, ...] = (
    Proof(Family.NETWORK, "network", "network.facts", lambda w: w.network, _network),
    Proof(Family.IDENTITY, "identity", "identity.facts", lambda w: w.identity, _identity),
    Proof(
        Family.PLACEMENT, "availability", "availability.facts", lambda w: w.placement, _placement
    ),
    Proof(Family.RECURSION, "events", "events.facts", lambda w: w.events, _recursion),
)
