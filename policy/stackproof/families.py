"""The families of proof: which section of the contract each decides, and from which facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Protocol

from stackproof import hardening
from stackproof.aws.events import event_facts
from stackproof.aws.events.facts import EventFacts
from stackproof.aws.identity import IdentityFacts, identity_facts
from stackproof.aws.network import NetworkFacts, network_facts
from stackproof.aws.placement import PlacementFacts, placement_facts
from stackproof.aws.readiness import ReadinessFacts, readiness_facts
from stackproof.contract import Contract
from stackproof.hardening import Facts, hardening_facts
from stackproof.model import Claim, Family, Graph, Kinds, NotModelled, Obligation
from stackproof.proofs import permissions, placement, reach, readiness, recursion
from stackproof.proofs.accounts import in_every_account
from stackproof.selection import Members


@dataclass(frozen=True)
class World:
    """What there is to prove about. Facts are read when first asked for, and once."""

    graph: Graph
    contract: Contract
    members: Mapping[str, Members]
    decided: tuple[Claim, ...] = ()
    """What the proofs found; for the family that comes after them."""

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

    @cached_property
    def readiness(self) -> ReadinessFacts:
        """What waits for what before it is made."""
        return readiness_facts(self.graph, self.network, self.events)

    @cached_property
    def hardening(self) -> Facts:
        """What Checkov finds."""
        return hardening_facts(self.graph)

    def failing(self) -> Mapping[str, frozenset[str]]:
        """By check of Checkov's the URNs on which it fails, where no proof says otherwise."""
        return hardening.failing(self.hardening, self.decided)


@dataclass(frozen=True)
class Limits:
    """What the facts of a family leave out, and what they take for granted."""

    not_modelled: tuple[NotModelled, ...]
    assumptions: tuple[str, ...]


@dataclass(frozen=True)
class Proof:
    """One family of proof, or a part of one."""

    family: Family
    section: str
    """The key of the contract that claims it; without it nothing is decided."""
    facts_claim: str
    """The id of the claim that stands for all others when its facts cannot be read."""
    limits: Callable[[World], Limits]
    obligations: Callable[[World], list[Obligation]]
    kinds: Kinds = field(default_factory=dict, hash=False)
    """Every kind of claim that it decides."""
    after_proofs: bool = False
    """Whether it rests on what the others decided."""


def _network(world: World) -> list[Obligation]:
    return reach.obligations(world.network, world.contract, world.members)


def _identity(world: World) -> list[Obligation]:
    return permissions.obligations(world.identity, world.contract, world.members)


def _placement(world: World) -> list[Obligation]:
    return placement.obligations(
        world.placement, world.network, world.contract, world.members, reach.flow_exists
    )


def _recursion(world: World) -> list[Obligation]:
    return in_every_account(
        world.graph,
        world.contract,
        lambda graph: _recursion_in_one_account(
            world if graph is world.graph else replace(world, graph=graph)
        ),
    )


def _recursion_in_one_account(world: World) -> list[Obligation]:
    permitted = recursion.Permitted(
        at_most=partial(permissions.resources_allowed, world.identity),
        surely=partial(permissions.resources_surely_allowed, world.identity),
        not_modelled=world.identity.not_modelled,
        rewires=partial(permissions.what_rewires, world.identity),
    )
    return recursion.obligations(world.events, world.contract, world.members, permitted)


def _readiness(world: World) -> list[Obligation]:
    return readiness.obligations(
        world.readiness, world.contract, world.members, world.network.not_modelled
    )


def _hardening(world: World) -> list[Obligation]:
    return hardening.obligations(world.hardening, world.decided)


def _limits_of_hardening(world: World) -> Limits:
    facts = world.hardening
    return Limits(facts.configuration.not_modelled, hardening.assumptions(facts, world.decided))


class _Limited(Protocol):
    @property
    def not_modelled(self) -> tuple[NotModelled, ...]: ...

    @property
    def assumptions(self) -> tuple[str, ...]: ...


def _limits(facts: _Limited) -> Limits:
    return Limits(facts.not_modelled, facts.assumptions)


FAMILIES: tuple[Proof, ...] = (
    Proof(
        Family.NETWORK,
        section="network",
        facts_claim="network.facts",
        limits=lambda world: _limits(world.network),
        obligations=_network,
        kinds=reach.KINDS,
    ),
    Proof(
        Family.IDENTITY,
        section="identity",
        facts_claim="identity.facts",
        limits=lambda world: _limits(world.identity),
        obligations=_identity,
        kinds=permissions.KINDS,
    ),
    Proof(
        Family.PLACEMENT,
        section="availability",
        facts_claim="availability.facts",
        limits=lambda world: _limits(world.placement),
        obligations=_placement,
        kinds=placement.KINDS,
    ),
    Proof(
        Family.PLACEMENT,
        section="availability",
        facts_claim="availability.boot.facts",
        # What it does not know it has from the network, which names it.
        limits=lambda world: Limits((), world.readiness.assumptions),
        obligations=_readiness,
        kinds=readiness.KINDS,
    ),
    Proof(
        Family.RECURSION,
        section="events",
        facts_claim="events.facts",
        limits=lambda world: _limits(world.events),
        obligations=_recursion,
        kinds=recursion.KINDS,
    ),
    Proof(
        Family.HARDENING,
        section="hardening",
        facts_claim="hardening.facts",
        limits=_limits_of_hardening,
        obligations=_hardening,
        kinds=hardening.KINDS,
        after_proofs=True,
    ),
)
