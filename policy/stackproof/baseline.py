"""What is decided of a stack that has no contract: claims that should hold of any architecture.

A type that is not modelled leaves claims unproven here as everywhere. But these claims ask less
than a contract does, so that types which have interfaces of their own and change nobody else's
(`aws.apart`) are understood well enough for most of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import msgspec

from stackproof.aws.apart import CONTAINERS, STORES, Apart, apart, left_over
from stackproof.aws.identity import IdentityFacts, identity_facts
from stackproof.aws.network import NetworkFacts, network_facts
from stackproof.aws.placement import PlacementFacts, placement_facts
from stackproof.contract import Availability, Contract, Events, Identity, Network
from stackproof.families import FAMILIES, Limits, Proof, World
from stackproof.model import Family, Graph, Obligation
from stackproof.proofs import baseline, reach
from stackproof.proofs.accounts import in_every_account
from stackproof.proofs.baseline.network import owned, spelt

CONTRACT = Contract(
    groups={},
    network=Network(),
    identity=Identity(),
    availability=Availability(survive="any one zone"),
    events=Events(),
)
"""Claims something of every family; what that is, the proofs below know."""

ABSENT = (
    "There is no contract, so only the baseline was decided: what should hold of any architecture."
    " `stackproof contract` begins one."
)

DOORS = frozenset(
    {
        "aws:lambda/functionUrl:FunctionUrl",
        *(
            f"aws:apigateway/{name[0].lower()}{name[1:]}:{name}"
            for name in (
                *("Account", "Authorizer", "BasePathMapping", "Deployment", "DomainName"),
                *("Integration", "Method", "RestApi", "RestApiPolicy", "RestApiPut", "Stage"),
            )
        ),
        *(
            f"aws:apigatewayv2/{name[0].lower()}{name[1:]}:{name}"
            for name in (
                *("Api", "ApiMapping", "Authorizer", "Deployment", "DomainName", "Integration"),
                *("Route", "RoutingRule", "Stage"),
            )
        ),
        "aws:cloudfront/distribution:Distribution",
    }
)
"""Public on purpose, and calling what they name by requests: no packet from outside gets through
them to an interface. A link into a VPC is a type of its own, and not among them."""

_ROLES = ("iamRoles", "iamRoleArns", "associatedRoles")


class Seen(World):
    """A World in which what is apart from all others is no obstacle."""

    @cached_property
    def _all_of_network(self) -> NetworkFacts:
        return network_facts(self.graph)

    @cached_property
    def apart(self) -> tuple[Apart, ...]:
        """Managed databases and containers."""
        return apart(self.graph, self._all_of_network)

    @cached_property
    def network(self) -> NetworkFacts:
        """The network: what a packet from outside may do is known beside these types."""
        facts = self._all_of_network
        left = left_over(facts.not_modelled, STORES | CONTAINERS | DOORS)
        return replace(facts, not_modelled=left)

    @cached_property
    def identity(self) -> IdentityFacts:
        """Principals: a store gives nobody a permission, unless it acts as a role itself.

        A container may start what starts it, but not where nothing is started at all.
        """
        acting = {
            r.urn
            for r in self.graph.resources
            if r.type in STORES and any(r.inputs.get(key) for key in _ROLES)
        }
        starts = self.events.deliveries or self.events.functions
        understood = STORES if starts else STORES | CONTAINERS
        return _without(identity_facts(self.graph), understood, but=acting)

    @cached_property
    def placement(self) -> PlacementFacts:
        """What is in several zones: only what may move that is an obstacle."""
        facts = placement_facts(self.graph, self.network)
        return replace(facts, not_modelled=facts.disturbing)


def world(graph: Graph) -> World:
    """What the baseline is decided of."""
    return Seen(graph, CONTRACT, {})


def _without(
    facts: IdentityFacts, understood: frozenset[str], *, but: Collection[str] = ()
) -> IdentityFacts:
    left = tuple(n for n in facts.not_modelled if n.type not in understood or n.urn in but)
    return msgspec.structs.replace(facts, not_modelled=left)


def _of_network(seen: World) -> list[Obligation]:
    beside = seen.apart if isinstance(seen, Seen) else ()
    return baseline.network.obligations(seen.network, beside)


def _of_identity(seen: World) -> list[Obligation]:
    return in_every_account(
        seen.graph,
        seen.contract,
        lambda graph: baseline.identity.obligations(_people(replace(seen, graph=graph))),
    )


def _people(seen: World) -> IdentityFacts:
    """Who may do what: a container gives nobody a permission, and whose role it has is read."""
    return _without(seen.identity, CONTAINERS | STORES)


def _of_placement(seen: World) -> list[Obligation]:
    return baseline.placement.obligations(
        seen.placement, seen.network, seen.graph, reach.flow_exists
    )


_KEPT = {"events.cycles": "baseline.cycles", "events.notification": "baseline.notification"}
"""What is claimed of events without a contract, by the kind with one."""


def _recursion() -> Proof:
    return next(proof for proof in FAMILIES if proof.family is Family.RECURSION)


def _of_events(seen: World) -> list[Obligation]:
    """Those of the family's claims that ask for no trigger by name."""
    return [
        msgspec.structs.replace(o, id=o.id.replace(kind, ours, 1))
        for o in _recursion().obligations(seen)
        for kind, ours in _KEPT.items()
        if o.id == kind or o.id.startswith(f"{kind}.")
    ]


def _own_addresses(seen: World) -> Iterator[str]:
    own = owned(seen.network)
    if own:
        yield (
            f"{spelt(own)}: rules name these addresses, so they are taken to be known people's,"
            " and not the internet."
        )
    doors = sorted({r.name for r in seen.graph.resources if r.type in DOORS})
    if doors:
        yield (
            f"{', '.join(doors)}: public on purpose; who may call what through them is not decided."
        )


def _limits(facts: Any, *more: str) -> Limits:  # noqa: ANN401 - facts of any family
    return Limits(facts.not_modelled, (*facts.assumptions, *more))


PROOFS: tuple[Proof, ...] = (
    Proof(
        Family.NETWORK,
        section="network",
        facts_claim="network.facts",
        limits=lambda seen: _limits(seen.network, ABSENT, *_own_addresses(seen)),
        obligations=_of_network,
        kinds=baseline.network.KINDS,
    ),
    Proof(
        Family.IDENTITY,
        section="identity",
        facts_claim="identity.facts",
        limits=lambda seen: _limits(_people(seen), ABSENT),
        obligations=_of_identity,
        kinds=baseline.identity.KINDS,
    ),
    Proof(
        Family.PLACEMENT,
        section="availability",
        facts_claim="availability.facts",
        limits=lambda seen: _limits(seen.placement, ABSENT),
        obligations=_of_placement,
        kinds=baseline.placement.KINDS,
    ),
    Proof(
        Family.RECURSION,
        section="events",
        facts_claim="events.facts",
        limits=lambda seen: _limits(seen.events, ABSENT),
        obligations=_of_events,
        kinds={ours: _recursion().kinds[kind] for kind, ours in _KEPT.items()},
    ),
)
