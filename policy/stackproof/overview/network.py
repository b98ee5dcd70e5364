"""The network as columns of zones and rows of tiers, with the groups in it and what they reach."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from glob import escape

from stackproof import contract
from stackproof.aws.network import (
    Interface,
    NetworkFacts,
    Range,
    RouteTable,
    Subnet,
    network_facts,
)
from stackproof.families import World
from stackproof.model import Graph, Location
from stackproof.overview import shapes
from stackproof.proofs import reach
from stackproof.selection import INTERNET, Members

_KINDS = {
    "instance": "instance",
    "auto-scaling": "Auto Scaling",
    "load-balancer": "load balancer",
    "endpoint": "interface endpoint",
    "function": "function",
    "interface": "network interface",
    "build": "build instance",
    "distribution": "CDN",
}
_ORDER: Mapping[shapes.Exit, int] = {"internet": 0, "nat": 1, "unknown": 2, "none": 3}
_VPC = "vpc"
"""The end of `proofs.reach` for hosts that no group names: it is drawn only where it matters."""


def network(world: World) -> shapes.Network:
    """What the diagram and the matrix of flows show."""
    facts = world.network
    tier_of = {s.urn: _tier(s, facts.route_table.get(s.route_table)) for s in facts.subnets}
    flows = tuple(_flows(world))
    groups = tuple(_groups(world, {urn: tier.key for urn, tier in tier_of.items()}))
    tiers = sorted(set(tier_of.values()), key=lambda t: (t.vpc, _ORDER[t.exit], t.name))
    if any(f.kind in {"excess", "perhaps"} and _VPC in {f.source, f.to} for f in flows):
        others = [shapes.Tier(f"{v.urn}|*", v.urn, "any other host", "unknown") for v in facts.vpcs]
        tiers += others
        groups += (_hosts(facts, others),)
    return shapes.Network(
        zones=tuple(sorted({s.zone for s in facts.subnets}, key=lambda z: (not z, z))),
        vpcs=tuple(shapes.Vpc(v.urn, v.name, tuple(map(_cidr, v.cidrs))) for v in facts.vpcs),
        tiers=tuple(tiers),
        subnets=tuple(
            shapes.Subnet(
                s.urn, s.name, tier_of[s.urn].key, s.zone, _cidr(s.cidr), facts.locations.get(s.urn)
            )
            for s in facts.subnets
        ),
        groups=groups,
        fixtures=tuple(_fixtures(facts, tier_of)),
        flows=flows,
    )


def each_by_itself(graph: Graph) -> dict[str, contract.Group]:
    """A group for each resource that is on the network, for where no contract names any."""
    found: dict[str, contract.Group] = {}
    for interface in network_facts(graph).interfaces:
        group = contract.Group(urn=escape(interface.owner))
        name = interface.name
        if found.get(name, group) != group:
            name = f"{name} ({_KINDS[interface.kind]})"
        if found.get(name, group) != group:
            name = interface.owner
        found[name] = group
    return found


# ── places ──────────────────────────────────────────────────────────────────────────────────────


def _tier(subnet: Subnet, table: RouteTable | None) -> shapes.Tier:
    exit_ = _exit(subnet, table)
    name = _stem(subnet.name, subnet.zone)
    return shapes.Tier(f"{subnet.vpc}|{exit_}|{name}", subnet.vpc, name, exit_)


def _exit(subnet: Subnet, table: RouteTable | None) -> shapes.Exit:
    if subnet.unknown or table is None or table.unknown:
        return "unknown"
    kinds = {route.kind for route in table.routes}
    if "internet-gateway" in kinds:
        return "internet"
    return "nat" if "nat-gateway" in kinds else "none"


def _stem(name: str, zone: str) -> str:
    """`private` of `private-us-east-1a`, `private-1` and `private-a`: what a tier shares."""
    stem = name.replace(zone, "").strip("-_. ") if zone and zone in name else ""
    if stem:
        return stem
    match = re.match(r"(.*?)[-_. ]+(?:az)?(?:\d+|\d*[a-f])$", name)
    return match[1] if match else name


def _cidr(addresses: Range) -> str:
    """`10.0.0.0/16`, or the first and the last address where no one block is just these."""
    first, last = addresses
    size = last - first + 1
    if size & (size - 1) == 0 and first % size == 0:
        return f"{ipaddress.IPv4Address(first)}/{32 - (size.bit_length() - 1)}"
    return f"{ipaddress.IPv4Address(first)}-{ipaddress.IPv4Address(last)}"


def _fixtures(facts: NetworkFacts, tier_of: Mapping[str, shapes.Tier]) -> Iterator[shapes.Fixture]:
    for gateway in facts.nat_gateways:
        subnet = facts.subnet.get(gateway.subnet)
        if subnet is not None:
            key = tier_of[subnet.urn].key
            yield shapes.Fixture(gateway.urn, gateway.name, "NAT", key, subnet.zone)
    for endpoint in facts.gateway_endpoints:
        for key in sorted(_routed(facts, endpoint.urn, tier_of)):
            kind = "gateway endpoint"
            yield shapes.Fixture(endpoint.urn, endpoint.name, kind, key, "")


def _routed(
    facts: NetworkFacts, endpoint: str, tier_of: Mapping[str, shapes.Tier]
) -> Iterator[str]:
    """The tiers of which a subnet has a route to the gateway endpoint."""
    found = {
        tier_of[s.urn].key
        for s in facts.subnets
        if (table := facts.route_table.get(s.route_table)) is not None
        and any(r.prefix_list == endpoint for r in table.routes)
    }
    yield from found


# ── groups ──────────────────────────────────────────────────────────────────────────────────────


def _groups(world: World, tier_of: Mapping[str, str]) -> Iterator[shapes.Group]:
    facts = world.network
    flows = world.contract.network.flows if world.contract.network is not None else ()
    spoken = {name for flow in flows for name in (flow.source, flow.to)}
    grouped: set[Interface] = set()
    for name, members in sorted(world.members.items()):
        if name == INTERNET:
            yield shapes.Group(name, "internet")
        elif members.cidrs:
            yield shapes.Group(name, "addresses", detail=", ".join(members.cidrs))
        elif members.service is not None:
            yield shapes.Group(name, "service", detail=members.service)
        else:
            mine = facts.interfaces_of(frozenset(r.urn for r in members.resources))
            grouped |= {*mine}
            if mine or name in spoken:
                found = tuple(_members(facts, members, mine, tier_of))
                yield shapes.Group(name, "resources", found)
    yield from _unnamed_services(world)
    loose: dict[str, list[Interface]] = {}
    for interface in facts.interfaces:
        if interface not in grouped and not _of_service(interface, world.members):
            loose.setdefault(interface.owner, []).append(interface)
    for owner, listed in sorted(loose.items()):
        found = tuple(_placed(facts, interface, tier_of) for interface in listed)
        yield shapes.Group(f"{listed[0].name} ({owner})", "ungrouped", found)


def _unnamed_services(world: World) -> Iterator[shapes.Group]:
    """Gateway endpoints whose service no group names: `proofs.reach` gives them one."""
    services = {m.service for m in world.members.values()}
    for name in sorted({e.service for e in world.network.gateway_endpoints}):
        if name not in services and name not in world.members:
            yield shapes.Group(name, "service", detail=name)


def _hosts(facts: NetworkFacts, tiers: Iterable[shapes.Tier]) -> shapes.Group:
    """Hosts that no group names, in every zone in which their VPC has a subnet."""
    members = {
        shapes.Member(tier.vpc, "any address", "hosts in no group", tier.key, subnet.zone, None)
        for tier in tiers
        for subnet in facts.subnets
        if subnet.vpc == tier.vpc
    }
    return shapes.Group(_VPC, "hosts", tuple(sorted(members, key=lambda m: (m.tier, m.zone))))


def _of_service(interface: Interface, members: Mapping[str, Members]) -> bool:
    return bool(interface.service) and any(m.service == interface.service for m in members.values())


def _members(
    facts: NetworkFacts,
    members: Members,
    interfaces: Iterable[Interface],
    tier_of: Mapping[str, str],
) -> Iterator[shapes.Member]:
    listed = tuple(interfaces)
    on_network = {urn for i in listed for urn in (i.owner, i.resource)}
    for interface in listed:
        yield _placed(facts, interface, tier_of)
    for resource in members.resources:
        if resource.urn not in on_network:
            kind = resource.type.rpartition(":")[2]
            yield shapes.Member(resource.urn, resource.name, kind, "", "", resource.location)


def _placed(facts: NetworkFacts, interface: Interface, tier_of: Mapping[str, str]) -> shapes.Member:
    subnet = facts.subnet.get(interface.subnet)
    return shapes.Member(
        interface.owner,
        interface.name,
        _KINDS[interface.kind],
        tier_of.get(interface.subnet, ""),
        subnet.zone if subnet is not None else "",
        _location(facts, interface),
    )


def _location(facts: NetworkFacts, interface: Interface) -> Location | None:
    return facts.locations.get(interface.resource) or facts.locations.get(interface.owner)


# ── flows ───────────────────────────────────────────────────────────────────────────────────────


def _flows(world: World) -> Iterator[shapes.Flow]:
    """Everything that passes, and what is declared and does not."""
    reviewed = world.contract.network
    declared: dict[tuple[str, str], tuple[str, ...]] = {}
    for flow in reviewed.flows if reviewed is not None else ():
        pair = flow.source, flow.to
        declared[pair] = (*declared.get(pair, ()), *flow.allow)
    passing = {(p.source, p.to): p for p in reach.passages(world.network, reviewed, world.members)}
    for source, to in sorted({*declared, *passing}):
        passage = passing.get((source, to), reach.Passage(source, to))
        allow = declared.get((source, to), ())
        yield shapes.Flow(
            source,
            to,
            _judged(passage, allow) if reviewed is not None else _found(world, passage, passing),
            passage.traffic,
            allow,
            passage.excess if reviewed is not None else (),
            passage.perhaps,
            passage.rules,
        )


def _judged(passage: reach.Passage, allow: tuple[str, ...]) -> shapes.FlowKind:
    if passage.excess:
        return "excess"
    if passage.perhaps:
        return "perhaps"
    if allow:
        return "declared" if passage.traffic else "missing"
    return "implied"


def _found(
    world: World, passage: reach.Passage, passing: Mapping[tuple[str, str], reach.Passage]
) -> shapes.FlowKind:
    """Without a contract: what anybody on the internet may do says nothing of this group."""
    if passage.perhaps:
        return "perhaps"
    if _VPC in {passage.source, passage.to}:
        return "implied"
    outside = passage.to in world.members and world.members[passage.to].cidrs
    wider = (
        passing.get((INTERNET, passage.to)),
        passing.get((passage.source, INTERNET)) if outside else None,
    )
    if any(w is not None and {*passage.traffic} <= {*w.traffic} for w in wider if w != passage):
        return "implied"
    return "found"
