"""The whole first contract: proposed from the facts, checked, and mended where it promises much."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

from stackproof.aws.events.facts import Delivery, EventFacts
from stackproof.beginning import flows as network_of
from stackproof.beginning.grants import Grants
from stackproof.beginning.names import Names, siblings
from stackproof.check import check
from stackproof.contract import (
    Availability,
    Contract,
    Events,
    FlowException,
    Keep,
    KeepFlows,
    Network,
    Trigger,
)
from stackproof.families import World
from stackproof.model import Claim, Graph, Verdict
from stackproof.proofs.reach.ends import VPC_GROUP
from stackproof.proofs.recursion.closed import started_by
from stackproof.selection import Members, select

_DAY = dt.date(1970, 1, 1)
"""A first contract has no waivers, so that no date matters."""


class Beginning(msgspec.Struct, frozen=True):
    """A contract that holds today, and what of it is not proven."""

    contract: Contract
    open: tuple[Claim, ...]
    """Claims that are violated or unproven, in the report's order."""
    left_out: Mapping[str, str]
    """Groups that `availability.boot` might name, and why they are not under it."""
    total: int
    """How many claims the contract makes."""


class _Way(msgspec.Struct, frozen=True):
    """A way to cut an architecture into groups."""

    together: Mapping[str, tuple[str, ...]]
    """Instances that are one group: URN of each -> URNs of all."""
    fine: bool
    """Whether ranges of addresses are cut at subnets and network ACLs."""


def begin(graph: Graph) -> Beginning:
    """The contract that says what `graph` permits. Raises NothingToCheckError when it is empty.

    Siblings together and few ranges make the shorter contract. Where what passes is not the same
    for all of a group, it is cut finer, as long as more is proven then.
    """
    world = World(graph, Contract(groups={}), {})
    alike = siblings(graph, world.network)
    contract, claims = _tried(graph, world, _Way(alike, fine=False))
    for way in (_Way({}, fine=False), _Way(alike, fine=True), _Way({}, fine=True)):
        if not _uneven(claims):
            break
        other, decided = _tried(graph, world, way)
        if len(_uneven(decided)) < len(_uneven(claims)):
            contract, claims = other, decided
    found, left_out = _kept(contract, claims)
    report = check(graph, found, today=_DAY)
    amiss = tuple(c for c in report.claims if c.verdict is not Verdict.PROVEN)
    return Beginning(found, amiss, left_out, len(report.claims))


def _tried(graph: Graph, world: World, way: _Way) -> tuple[Contract, tuple[Claim, ...]]:
    contract = _named(graph, world, way)
    return contract, check(graph, contract, today=_DAY).claims


def _uneven(claims: tuple[Claim, ...]) -> list[Claim]:
    """The flows that are not possible for all of their groups."""
    return [c for c in claims if c.verdict is Verdict.VIOLATED and c.id.startswith("network.flow.")]


def _named(graph: Graph, world: World, way: _Way) -> Contract:
    """Made twice: to learn what needs a name, then with the names."""
    first = Names(graph, way.together)
    _proposed(graph, world, first, way)
    names = first.assigned()
    contract = _proposed(graph, world, Names(graph, way.together, names), way)
    flows = () if contract.network is None else contract.network.flows
    if {VPC_GROUP} & {end for f in flows for end in (f.source, f.to)} - contract.groups.keys():
        # Addresses of the VPC that are nobody's here are reached: they need a name too.
        return _proposed(graph, world, Names(graph, way.together, names), way, vpc=True)
    return contract


def _proposed(
    graph: Graph, world: World, names: Names, way: _Way, *, vpc: bool = False
) -> Contract:
    network_of.name_ends(names, world.network, vpc=vpc, fine=way.fine)
    identity = Grants(world.identity, names).identity()
    triggers = _triggers(world.events, names)
    groups = names.groups()
    members = select(Contract(groups=groups), graph)
    network = network_of.proposed(world.network, members)
    return Contract(
        groups=dict(groups),
        network=network,
        identity=identity,
        availability=_availability(world, members, network),
        events=Events(triggers=triggers),
    )


# ── availability ────────────────────────────────────────────────────────────────────────────────


def _availability(world: World, members: Mapping[str, Members], network: Network) -> Availability:
    """Everything that is more than one is kept, all flows go on, all workloads may boot."""
    facts = world.placement
    keep: dict[str, Keep] = {}
    boot: list[str] = []
    for group, chosen in sorted(members.items()):
        urns = [r.urn for r in chosen.resources]
        if urns and all(u in world.readiness.workloads for u in urns):
            boot.append(group)
        placed = [facts.fleets.get(u) or facts.machines.get(u) for u in urns]
        if not urns or None in placed or any(p is not None and p.unknown for p in placed):
            continue
        left = min((_left(world, urns, zone) for zone in facts.zones), default=0)
        if left:
            keep[group] = Keep(instances=left)
    return Availability(
        survive="any one zone",
        keep=keep,
        # Without a subnet nothing of it is in any zone.
        flows=KeepFlows() if network.flows and world.network.subnets else None,
        boot=tuple(boot),
    )


def _left(world: World, urns: list[str], zone: str) -> int:
    facts = world.placement
    return sum(
        facts.fleets[u].left_without(zone)
        if u in facts.fleets
        else zone not in facts.machines[u].zones
        for u in urns
    )


def _kept(contract: Contract, claims: tuple[Claim, ...]) -> tuple[Contract, dict[str, str]]:
    """`contract` with what ends with a zone today excepted, and what boots too early left out."""
    availability = contract.availability
    if availability is None:
        return contract, {}
    amiss = {c.id: c for c in claims if c.verdict is not Verdict.PROVEN}
    flows = () if contract.network is None else contract.network.flows
    excepted = []
    for flow in flows:
        claim = amiss.get(f"availability.flows.{flow.source}-to-{flow.to}")
        broken = f"network.flow.{flow.source}-to-{flow.to}" in amiss
        if claim is not None and claim.verdict is Verdict.VIOLATED and not broken:
            zone = claim.evidence.witness.get("zone", "a zone")
            reason = f"today it ends with {zone}"
            excepted.append(FlowException(flow.source, flow.to, reason))
    left_out = {
        group: amiss[f"availability.boot.{group}"].evidence.summary
        for group in availability.boot
        if f"availability.boot.{group}" in amiss
    }
    kept = msgspec.structs.replace(
        availability,
        keep={g: k for g, k in availability.keep.items() if f"availability.keep.{g}" not in amiss},
        flows=KeepFlows(exceptions=tuple(excepted)) if availability.flows is not None else None,
        boot=tuple(g for g in availability.boot if g not in left_out),
    )
    return msgspec.structs.replace(contract, availability=kept), left_out


# ── events ──────────────────────────────────────────────────────────────────────────────────────


def _triggers(events: EventFacts, names: Names) -> tuple[Trigger, ...]:
    """One for each way in which something is started, where it begins."""
    found: list[Trigger] = []
    started = started_by(events)
    relayed = {d.target.arn for d, places in started.items() if places}
    for delivery, places in sorted(started.items(), key=lambda item: item[0].urn):
        for place in places:
            if not place.urn or not delivery.known or _follows(delivery, relayed, started):
                continue
            found += [t for t in _written(delivery, names, place.urn) if t not in found]
    return tuple(sorted(found, key=lambda t: (t.source, t.to)))


def _follows(
    delivery: Delivery, relayed: set[str], started: Mapping[Delivery, tuple[object, ...]]
) -> bool:
    """Whether the delivery only hands on what another one brings, which is declared itself."""
    brought = [d for d in started if d.target.arn == delivery.source.arn]
    return bool(brought) and delivery.source.arn in relayed and all(d.source.urn for d in brought)


def _written(delivery: Delivery, names: Names, target: str) -> list[Trigger]:
    source = delivery.source.urn or delivery.target.urn
    if not source or source == target:
        return []
    group, to = names.of(source), names.of(target)
    if not delivery.keys or not delivery.source.urn:
        return [Trigger(group, to)]
    return [Trigger(group if keys == "*" else f"{group}/{keys}", to) for keys in delivery.keys]
