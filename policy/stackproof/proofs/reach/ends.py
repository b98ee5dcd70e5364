"""Where a packet can come from and go to: the ends that groups of the contract stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from stackproof.aws.network.facts import GatewayEndpoint, Interface, NetworkFacts, Range, Subnet
from stackproof.proofs.reach.addresses import INTERNET, block, common, without
from stackproof.selection import INTERNET as INTERNET_GROUP
from stackproof.selection import Members

VPC_GROUP = "vpc"
"""Hosts of the VPC that no group names, with any security group of their own."""


@dataclass(frozen=True, slots=True)
class Host:
    """The interfaces of one resource in one subnet."""

    interface: Interface


@dataclass(frozen=True, slots=True)
class Outside:
    """Addresses outside every VPC of the graph."""

    name: str
    addresses: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Addresses of a subnet, whoever has them: nothing is known of their security groups."""

    subnet: Subnet
    addresses: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """An AWS service through a gateway endpoint: some public addresses, not known which."""

    endpoint: GatewayEndpoint


End: TypeAlias = Host | Outside | Neighbour | Service


_KINDS = {
    "instance": "instance",
    "auto-scaling": "Auto Scaling group",
    "load-balancer": "load balancer",
    "endpoint": "endpoint",
    "function": "function",
    "interface": "network interface",
    "build": "build instance",
    "distribution": "distribution",
}


def name_of(end: End) -> str:
    """The end as people call it."""
    match end:
        case Host(interface):
            return f"{_KINDS[interface.kind]} {interface.name}"
        case Outside(name, _):
            return name
        case Neighbour(subnet, _):
            return f"a host in {subnet.name}"
        case Service(endpoint):
            return endpoint.service


def urn_of(end: End) -> str:
    """The URN of the resource at this end, empty for addresses."""
    match end:
        case Host(interface):
            return interface.owner
        case Neighbour(subnet, _):
            return subnet.urn
        case Service(endpoint):
            return endpoint.urn
        case Outside():
            return ""


@dataclass(frozen=True)
class Ends:
    """The ends of every group, and the groups of every end."""

    of_group: Mapping[str, tuple[End, ...]]
    groups_of: Mapping[End, frozenset[str]]
    whole_internet: Outside

    def everywhere(self, group: str) -> tuple[End, ...]:
        """The ends of `group`; the internet with the addresses that other groups name."""
        return (self.whole_internet,) if group == INTERNET_GROUP else self.of_group.get(group, ())


def ends(facts: NetworkFacts, members: Mapping[str, Members]) -> Ends:
    """Resolve groups to ends.

    `internet` leaves out addresses that another group names by CIDR. Gateway endpoints whose
    service no group names form a group of that service's name; `vpc` is the rest of every VPC.
    """
    inside = [cidr for vpc in facts.vpcs for cidr in vpc.cidrs]
    found: dict[str, list[End]] = {}
    named: list[Range] = []
    for group, chosen in members.items():
        if group == INTERNET_GROUP:
            continue
        blocks = [b for b in map(block, chosen.cidrs) if b is not None]
        named += blocks
        listed = _listed(facts, group, chosen, blocks)
        if listed:
            found[group] = listed
    services = {m.service for m in members.values()}
    for endpoint in facts.gateway_endpoints:
        if endpoint.service not in services and endpoint.service not in members:
            found.setdefault(endpoint.service, []).append(Service(endpoint))
    internet = without(INTERNET, inside)
    found[INTERNET_GROUP] = [Outside(INTERNET_GROUP, without(internet, named))]
    if VPC_GROUP not in members:
        taken = [*named, *(i.address for i in facts.interfaces if i.address[0] == i.address[1])]
        rest = [Neighbour(s, without((s.hosts,), taken)) for s in facts.subnets if not s.unknown]
        found[VPC_GROUP] = [n for n in rest if n.addresses]
    groups: dict[End, set[str]] = {}
    for group, listed in found.items():
        for end in listed:
            groups.setdefault(end, set()).add(group)
    return Ends(
        {g: tuple(e) for g, e in found.items() if e},
        {e: frozenset(g) for e, g in groups.items()},
        Outside(INTERNET_GROUP, internet),
    )


def _listed(facts: NetworkFacts, group: str, chosen: Members, blocks: list[Range]) -> list[End]:
    urns = frozenset(r.urn for r in chosen.resources)
    listed: list[End] = [Host(i) for i in facts.interfaces_of(urns)]
    if chosen.service is not None:
        listed += _service(facts, chosen.service)
    return [*listed, *_addresses(facts, group, blocks)]


def _service(facts: NetworkFacts, service: str) -> list[End]:
    through: list[End] = [Service(e) for e in facts.gateway_endpoints if e.service == service]
    return [*through, *(Host(i) for i in facts.interfaces if i.service == service)]


def _addresses(facts: NetworkFacts, group: str, blocks: list[Range]) -> list[End]:
    found: list[End] = []
    outside = without(blocks, [cidr for vpc in facts.vpcs for cidr in vpc.cidrs])
    if outside:
        found.append(Outside(group, outside))
    for subnet in facts.subnets:
        addresses = common(blocks, (subnet.hosts,))
        if addresses and not subnet.unknown:
            found.append(Neighbour(subnet, addresses))
    return found
