"""What the network proofs know: VPCs, subnets, interfaces, rules and routes as plain data.

Everything is IPv4. Addresses are integers, ranges are inclusive pairs of them. Wherever a fact has
`unknown`, a non-empty text says what could not be decided and then the fact's other fields are at
their widest: what must be impossible takes them as they are, what must be possible ignores them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeAlias

from stackproof.model import Location, NotModelled

Range: TypeAlias = tuple[int, int]
"""The first and the last of a run of addresses, protocols or ports."""

EVERY_ADDRESS: Range = (0, 2**32 - 1)
EVERY_PROTOCOL: Range = (0, 255)
EVERY_PORT: Range = (0, 65535)

Target: TypeAlias = Literal["internet-gateway", "nat-gateway", "gateway-endpoint"]
InterfaceKind: TypeAlias = Literal[
    "instance",
    "auto-scaling",
    "load-balancer",
    "endpoint",
    "function",
    "interface",
    "build",
    "distribution",
]

CLOUDFRONT = "cloudfront"
"""Stands, in `SecurityGroupRule.prefix_list`, for AWS's list of CloudFront's own addresses."""


@dataclass(frozen=True, slots=True)
class Vpc:
    """A VPC. `internet_gateway` is the URN of the one attached to it, or empty."""

    urn: str
    name: str
    cidrs: tuple[Range, ...]
    dns_support: bool | None
    dns_hostnames: bool | None
    internet_gateway: str = ""
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet with the route table and network ACL that hold for it, explicit or by default.

    `zone` is empty when AWS chooses it or when it is not known.
    """

    urn: str
    name: str
    vpc: str
    cidr: Range
    zone: str
    route_table: str
    network_acl: str
    unknown: str = ""

    @property
    def hosts(self) -> Range:
        """The addresses that an interface in it may have.

        (Amazon VPC User Guide, "Subnet CIDR blocks": AWS keeps the first four and the last one; no
        subnet has fewer than 16.)
        """
        first, last = self.cidr
        return (first + 4, last - 1) if last - first >= 15 else self.cidr  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface, or all those that one resource has in one subnet.

    `owner` is the URN of the instance, Auto Scaling group, load balancer, endpoint, function or
    infrastructure configuration of Image Builder;
    `resource` the URN of the NetworkInterface where the program declares one, else the owner's.
    `subnet` is empty for a function outside of any VPC, and for an interface whose subnet is not
    known (`unknown` tells the two apart). `address` is its private address, or all that the
    subnet has to give when AWS chooses. `public` is None when it is not known whether it has a
    public address.
    """

    owner: str
    name: str
    kind: InterfaceKind
    vpc: str
    subnet: str
    address: Range
    security_groups: tuple[str, ...]
    public: bool | None = False
    service: str = ""
    """Of an interface endpoint: the AWS service behind it (`secretsmanager`)."""
    resource: str = ""
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group, by URN or (a VPC's own default group) by the VPC's URN and `#default`."""

    urn: str
    name: str
    vpc: str
    mixed: tuple[str, ...] = ()
    """URNs of rule resources on a group that has inline rules too: Pulumi removes either."""
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class SecurityGroupRule:
    """One permission: a direction, protocols, ports and exactly one kind of peer.

    The peer is `addresses`, or the interfaces of `peer_group`, or an AWS service's `prefix_list`
    (URN of the gateway endpoint, or `CLOUDFRONT`). For ICMP, `ports` is type x 256 + code.
    """

    urn: str
    name: str
    group: str
    ingress: bool
    protocols: Range
    ports: Range
    addresses: Range | None = None
    peer_group: str = ""
    prefix_list: str = ""
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class NetworkAclRule:
    """One numbered entry of a network ACL; `ports` as in SecurityGroupRule."""

    urn: str
    name: str
    network_acl: str
    egress: bool
    number: int
    allow: bool
    protocols: Range
    ports: Range
    addresses: Range
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class NetworkAcl:
    """A network ACL, by URN or (a VPC's default, not managed) the VPC's URN and `#default`."""

    urn: str
    name: str
    vpc: str
    rules: tuple[NetworkAclRule, ...]
    """Sorted by number, deny before allow where two share one. No match means deny."""
    mixed: tuple[str, ...] = ()
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """A route that leads out of the VPC; the local one is understood.

    Either `destination` (addresses) or `prefix_list` (URN of the gateway endpoint) is given.
    """

    urn: str
    name: str
    destination: Range | None
    prefix_list: str
    kind: Target
    target: str


@dataclass(frozen=True, slots=True)
class RouteTable:
    """A route table, by URN or (a VPC's main one, not managed) the VPC's URN and `#main`."""

    urn: str
    name: str
    vpc: str
    routes: tuple[Route, ...]
    mixed: tuple[str, ...] = ()
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class NatGateway:
    """A zonal NAT gateway. `public` is True when it has an elastic address and may go out."""

    urn: str
    name: str
    subnet: str
    public: bool
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class GatewayEndpoint:
    """A gateway endpoint for `service` (`s3` or `dynamodb`)."""

    urn: str
    name: str
    vpc: str
    service: str


@dataclass(frozen=True, slots=True)
class InterfaceEndpoint:
    """An interface endpoint; its network interfaces are among `NetworkFacts.interfaces`."""

    urn: str
    name: str
    vpc: str
    service: str
    private_dns: bool | None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group. `targets` are URNs of instances and Auto Scaling groups."""

    urn: str
    name: str
    port: int | None
    health_port: int | None
    targets: tuple[tuple[str, int | None], ...]
    """(URN, port it listens on)."""
    invokes: bool = False
    """Its target is a function: called through Lambda's API, by no packet."""
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener. `forwards` are URNs of the target groups it and its rules send to.

    `redirects` when one of its actions sends the client elsewhere.
    """

    urn: str
    name: str
    load_balancer: str
    port: int | None
    forwards: tuple[str, ...]
    redirects: bool = False
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A CloudFront distribution. `enabled` is None when it is not known."""

    urn: str
    name: str
    enabled: bool | None
    http3: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a distribution fetches what it is asked for, other than from S3.

    `target` is the URN of a load balancer or an instance, or empty: somewhere on the internet.
    `urn` is what leads there: the VPC origin where it is `private`, else the distribution.
    """

    urn: str
    name: str
    distribution: str
    target: str
    private: bool
    ports: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class NetworkFacts:
    """The network that one Graph declares. Every tuple is sorted by URN.

    Compared by identity, so that what is computed of one network can be kept with it.
    """

    vpcs: tuple[Vpc, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    security_groups: tuple[SecurityGroup, ...] = ()
    rules: tuple[SecurityGroupRule, ...] = ()
    network_acls: tuple[NetworkAcl, ...] = ()
    route_tables: tuple[RouteTable, ...] = ()
    nat_gateways: tuple[NatGateway, ...] = ()
    gateway_endpoints: tuple[GatewayEndpoint, ...] = ()
    interface_endpoints: tuple[InterfaceEndpoint, ...] = ()
    target_groups: tuple[TargetGroup, ...] = ()
    listeners: tuple[Listener, ...] = ()
    distributions: tuple[Distribution, ...] = ()
    origins: tuple[Origin, ...] = ()
    not_modelled: tuple[NotModelled, ...] = ()
    assumptions: tuple[str, ...] = ()
    locations: Mapping[str, Location] = field(default_factory=dict)
    """The line that declared each resource, by URN."""

    @cached_property
    def vpc(self) -> dict[str, Vpc]:
        """VPCs by URN."""
        return {v.urn: v for v in self.vpcs}

    @cached_property
    def subnet(self) -> dict[str, Subnet]:
        """Subnets by URN."""
        return {s.urn: s for s in self.subnets}

    @cached_property
    def security_group(self) -> dict[str, SecurityGroup]:
        """Security groups by URN."""
        return {g.urn: g for g in self.security_groups}

    @cached_property
    def network_acl(self) -> dict[str, NetworkAcl]:
        """Network ACLs by URN."""
        return {a.urn: a for a in self.network_acls}

    @cached_property
    def route_table(self) -> dict[str, RouteTable]:
        """Route tables by URN."""
        return {t.urn: t for t in self.route_tables}

    @cached_property
    def nat_gateway(self) -> dict[str, NatGateway]:
        """NAT gateways by URN."""
        return {n.urn: n for n in self.nat_gateways}

    @cached_property
    def target_group(self) -> dict[str, TargetGroup]:
        """Target groups by URN."""
        return {t.urn: t for t in self.target_groups}

    @cached_property
    def distribution(self) -> dict[str, Distribution]:
        """Distributions by URN."""
        return {d.urn: d for d in self.distributions}

    @cached_property
    def rules_of(self) -> dict[str, tuple[SecurityGroupRule, ...]]:
        """The rules of each security group, by its URN."""
        found: dict[str, list[SecurityGroupRule]] = {}
        for rule in self.rules:
            found.setdefault(rule.group, []).append(rule)
        return {group: tuple(rules) for group, rules in found.items()}

    def interfaces_of(self, urns: frozenset[str]) -> tuple[Interface, ...]:
        """The interfaces that belong to any of these resources."""
        return tuple(i for i in self.interfaces if i.owner in urns or i.resource in urns)

    def without_zone(self, zone: str) -> NetworkFacts:
        """The same network after `zone` is gone: its subnets, interfaces and NAT gateways too.

        Routes to a NAT gateway that is gone stay, as they do in AWS, and lead nowhere.
        """
        lost = {s.urn for s in self.subnets if s.zone == zone}
        return replace(
            self,
            subnets=tuple(s for s in self.subnets if s.urn not in lost),
            interfaces=tuple(i for i in self.interfaces if i.subnet not in lost),
            nat_gateways=tuple(n for n in self.nat_gateways if n.subnet not in lost),
        )
