"""Every path between two ends, as the filters that a packet and its reply meet in order.

(Amazon VPC User Guide: "Route tables", "Network ACLs", "Security groups", "NAT gateways",
"Internet gateways"; AWS PrivateLink Guide: "Gateway endpoints", "Access an AWS service"; CloudFront
Developer Guide: "Restrict access with VPC origins".)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from stackproof.aws.network.facts import (
    CLOUDFRONT,
    Interface,
    NatGateway,
    NetworkFacts,
    Origin,
    Range,
    Subnet,
    Vpc,
)
from stackproof.model import Hop
from stackproof.proofs.headers import ANY, NONE, Packet, Packets, packets, union
from stackproof.proofs.reach.addresses import INTERNET, common
from stackproof.proofs.reach.ends import End, Host, Neighbour, Outside, Service
from stackproof.proofs.reach.stages import (
    NOBODY,
    Peer,
    Stage,
    Stages,
    gate,
    stages_of,
    undecided,
)


@dataclass(frozen=True)
class Path:
    """One way from `source` to `destination`.

    `carries` are the packets that the routes send this way. `forward` filters them, `reply` (in
    the reply's own headers) what comes back, and `needs` is what must hold besides for a flow to
    be possible: nothing in `reply` or `needs` stops a packet from being delivered.
    """

    source: End
    destination: End
    carries: Packets
    forward: tuple[Stage, ...]
    reply: tuple[Stage, ...] = ()
    needs: tuple[Stage, ...] = ()

    def delivered(self, *, wide: bool) -> Packets:
        """The packets that arrive."""
        left = self.carries
        # Security groups say the least, so they cut the most.
        for stage in sorted(self.forward, key=lambda s: s.kind not in {"ingress", "egress"}):
            if not left:
                break
            left = left & stage.lets(wide=wide)
        return left

    def every_hop(self, packet: Packet, facts: NetworkFacts) -> tuple[Hop, ...]:
        """What every stage does to `packet`, also those that it would not come to."""
        return tuple(stage.hop(packet, facts) for stage in self.forward)

    def hops(self, packet: Packet, facts: NetworkFacts) -> tuple[Hop, ...]:
        """What happens to `packet`, up to the stage that stops it."""
        found: list[Hop] = []
        for stage in self.forward:
            found.append(stage.hop(packet, facts))
            if not found[-1].permits:
                break
        return tuple(found)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Everything that is not known on this path."""
        stages = (*self.forward, *self.reply, *self.needs)
        return tuple(dict.fromkeys(why for s in stages for why in s.unknown))


def initiates(end: End) -> bool:
    """Whether this end ever calls: services and their endpoints only answer."""
    return not isinstance(end, Service) and not (
        isinstance(end, Host) and end.interface.kind == "endpoint"
    )


def paths(facts: NetworkFacts, source: End, destination: End) -> tuple[Path, ...]:
    """Every path from `source` to `destination`; none when nothing connects them."""
    return tuple(_Finder(facts, stages_of(facts)).find(source, destination))


@dataclass(frozen=True)
class _Place:
    """An end inside a VPC: where it is and, for an interface, which."""

    end: End
    vpc: Vpc
    subnet: Subnet
    addresses: tuple[Range, ...]
    interface: Interface | None


class _Finder:
    def __init__(self, facts: NetworkFacts, stages: Stages) -> None:
        self.facts = facts
        self.stages = stages

    def find(self, source: End, destination: End) -> Iterator[Path]:
        for end in (source, destination):
            why, urn = self._unknown(end)
            if why:
                yield Path(source, destination, ANY, (undecided(why, urn),))
                return
        here, there = self._place(source), self._place(destination)
        if not initiates(source):
            return
        if isinstance(source, Host) and source.interface.kind == "distribution":
            yield from self._from_edge(source, source.interface, there, destination)
        elif isinstance(destination, Host) and destination.interface.kind == "distribution":
            if isinstance(source, Outside):
                yield self._to_edge(source, destination, destination.interface)
        elif here is not None:
            yield from self._from(here, there, destination)
        elif there is not None and isinstance(source, Outside):
            yield from self._in(source, there, source.addresses, NOBODY)
        elif isinstance(source, Host) and isinstance(destination, Outside):
            # A function outside of any VPC: AWS's own network filters nothing.
            ends = packets(sources=INTERNET, destinations=common(destination.addresses, INTERNET))
            yield Path(source, destination, ends, ())

    def _from(self, here: _Place, there: _Place | None, destination: End) -> Iterator[Path]:
        if there is not None:
            if here.vpc.urn == there.vpc.urn:
                yield self._local(here, there)
        elif isinstance(destination, Outside):
            yield from self._out(here, destination)
        elif isinstance(destination, Service):
            yield from self._to_service(here, destination)

    def _unknown(self, end: End) -> tuple[str, str]:
        if isinstance(end, Host):
            if end.interface.unknown:
                return end.interface.unknown, end.interface.owner
            if not end.interface.subnet:
                return "", ""
            subnet = self.facts.subnet[end.interface.subnet]
        elif isinstance(end, Neighbour):
            subnet = end.subnet
        else:
            return "", ""
        if subnet.unknown:
            return subnet.unknown, subnet.urn
        vpc = self.facts.vpc[subnet.vpc]
        return vpc.unknown, vpc.urn

    def _place(self, end: End) -> _Place | None:
        if isinstance(end, Host) and end.interface.subnet:
            subnet = self.facts.subnet[end.interface.subnet]
            address = (end.interface.address,)
            return _Place(end, self.facts.vpc[subnet.vpc], subnet, address, end.interface)
        if isinstance(end, Neighbour):
            vpc = self.facts.vpc[end.subnet.vpc]
            return _Place(end, vpc, end.subnet, end.addresses, None)
        return None

    def _group(self, place: _Place, peer: _Place | None, *, ingress: bool) -> tuple[Stage, ...]:
        groups = peer.interface.security_groups if peer is not None and peer.interface else ()
        return self._groups(place, Peer(groups), ingress=ingress)

    def _groups(self, place: _Place, peer: Peer, *, ingress: bool) -> tuple[Stage, ...]:
        if place.interface is None:
            return ()
        return (self.stages.security_groups(place.interface, ingress=ingress, peer=peer),)

    def _local(self, here: _Place, there: _Place) -> Path:
        """Within the VPC, by the local route; a subnet's own traffic meets no network ACL."""
        out, into = here.subnet, there.subnet
        table = self.facts.route_table[out.route_table]
        across: tuple[Stage, ...] = (
            Stage("local", f"the local route of {here.vpc.name}", table.urn, ANY, ANY),
        )
        back: tuple[Stage, ...] = ()
        if out.urn != into.urn:
            across = (
                self.stages.network_acl(out.network_acl, egress=True),
                *across,
                *self._doubtful_route(out),
                self.stages.network_acl(into.network_acl, egress=False),
            )
            back = (
                self.stages.network_acl(into.network_acl, egress=True),
                *self._doubtful_route(into),
                self.stages.network_acl(out.network_acl, egress=False),
            )
        return Path(
            here.end,
            there.end,
            packets(sources=here.addresses, destinations=there.addresses),
            (
                *self._group(here, there, ingress=False),
                *across,
                *self._group(there, here, ingress=True),
            ),
            back,
            self._names(there),
        )

    def _doubtful_route(self, subnet: Subnet) -> tuple[Stage, ...]:
        table = self.facts.route_table[subnet.route_table]
        _, unknown = self.stages.onward(table)
        return (undecided(unknown, table.urn),) if unknown else ()

    def _names(self, there: _Place) -> tuple[Stage, ...]:
        """An interface endpoint is found by its service's name, which both DNS flags give it."""
        if there.interface is None or there.interface.kind != "endpoint":
            return ()
        owner = there.interface.owner
        endpoint = next((e for e in self.facts.interface_endpoints if e.urn == owner), None)
        if endpoint is None:
            return (undecided(f"endpoint {there.interface.name} is not known", owner),)
        if endpoint.private_dns is False:
            return ()
        return (self._dns(there.vpc, hostnames=True),)

    def _dns(self, vpc: Vpc, *, hostnames: bool) -> Stage:
        flags = (vpc.dns_support, vpc.dns_hostnames) if hostnames else (vpc.dns_support,)
        on = False if False in flags else None if None in flags else True
        wanted = "enable_dns_support" + (" and enable_dns_hostnames" if hostnames else "")
        return gate(
            Stage(
                "dns",
                f"VPC {vpc.name} resolves the names of AWS services",
                vpc.urn,
                blocked=f"VPC {vpc.name} does not resolve the names of AWS services to it",
                mend=f"Turn on {wanted} of VPC {vpc.name}.",
            ),
            open_=on,
        )

    def _gateway(self, vpc: Vpc, subnet: Subnet) -> tuple[tuple[Range, ...], str]:
        """The outside addresses that this subnet reaches through the VPC's internet gateway."""
        onward, unknown = self.stages.onward(self.facts.route_table[subnet.route_table])
        found = tuple(
            r
            for o in onward
            if o.route.kind == "internet-gateway" and o.route.target == vpc.internet_gateway
            for r in common(o.addresses, INTERNET)
        )
        return found, unknown

    def _public(self, interface: Interface) -> Stage:
        return gate(
            Stage(
                "public",
                f"{interface.name} has a public address",
                interface.owner,
                blocked=f"{interface.name} has no public address",
                mend=f"Give {interface.name} a public address, or let it go out by a NAT gateway.",
            ),
            open_=interface.public,
        )

    def _out(self, here: _Place, destination: Outside) -> Iterator[Path]:
        ends = packets(sources=here.addresses, destinations=common(destination.addresses, INTERNET))
        group = self._group(here, None, ingress=False)
        leave = self.stages.network_acl(here.subnet.network_acl, egress=True)
        enter = self.stages.network_acl(here.subnet.network_acl, egress=False)
        table = self.facts.route_table[here.subnet.route_table]
        onward, unknown = self.stages.onward(table)
        if unknown:
            forward = (*group, leave, undecided(unknown, table.urn))
            yield Path(here.end, destination, ends, forward, (enter,))
            return
        for way in onward:
            carried = ends & packets(destinations=way.addresses)
            route = Stage("route", f"route {way.route.name}", way.route.urn, ANY, ANY)
            if not carried:
                continue
            if way.route.kind == "internet-gateway":
                if way.route.target != here.vpc.internet_gateway or here.interface is None:
                    continue
                forward = (*group, leave, route, self._public(here.interface))
                yield Path(here.end, destination, carried, forward, (enter,))
            elif way.route.kind == "nat-gateway":
                nat = self.facts.nat_gateway.get(way.route.target)
                doubt = "" if nat is None else self.facts.subnet[nat.subnet].unknown
                if nat is not None and doubt:
                    forward = (*group, leave, route, undecided(doubt, nat.urn))
                    yield Path(here.end, destination, carried, forward, (enter,))
                elif nat is not None:
                    yield self._by_nat(
                        here, destination, carried, nat, (group, leave, enter, route)
                    )

    def _by_nat(
        self,
        here: _Place,
        destination: Outside,
        carried: Packets,
        nat: NatGateway,
        own: tuple[tuple[Stage, ...], Stage, Stage, Stage],
    ) -> Path:
        """Out through a NAT gateway: its own subnet's network ACL and route count too.

        Its network ACL sees the packet come in from the client and go out as the gateway's own.
        An entry names only the far end, so the change of the near address does not matter.
        """
        group, leave, enter, route = own
        home = self.facts.subnet[nat.subnet]
        reach, unknown = self._gateway(self.facts.vpc[home.vpc], home)
        same = home.urn == here.subnet.urn
        nat_in = self.stages.network_acl(home.network_acl, egress=False)
        nat_out = self.stages.network_acl(home.network_acl, egress=True)
        routed = Stage(
            "route",
            f"NAT gateway {nat.name} has a route to the internet gateway",
            home.route_table,
            NONE if unknown else packets(destinations=reach),
            ANY if unknown else packets(destinations=reach),
            blocked=f"the subnet of NAT gateway {nat.name} has no route to the internet gateway",
            mend=f"Route the subnet of NAT gateway {nat.name} to the VPC's internet gateway.",
            unknown=(unknown,) if unknown else (),
        )
        address = gate(
            Stage(
                "public",
                f"NAT gateway {nat.name} has a public address",
                nat.urn,
                blocked=f"NAT gateway {nat.name} has no public address",
                mend=f"Give NAT gateway {nat.name} an elastic IP.",
            ),
            open_=None if nat.unknown else nat.public,
        )
        # "NAT gateway basics": TCP, UDP and ICMP only.
        spoken = Stage(
            "nat",
            f"NAT gateway {nat.name}",
            nat.urn,
            *(_NAT_SPEAKS,) * 2,
            blocked=f"NAT gateway {nat.name} forwards only TCP, UDP and ICMP",
        )
        return Path(
            here.end,
            destination,
            carried,
            (
                *group,
                *(() if same else (leave,)),
                route,
                *(() if same else (nat_in,)),
                address,
                spoken,
                nat_out,
                routed,
            ),
            (nat_in, *(() if same else (nat_out, enter))),
        )

    def _to_service(self, here: _Place, destination: Service) -> Iterator[Path]:
        """Through a gateway endpoint: a route to the service's prefix list."""
        endpoint = destination.endpoint
        if endpoint.vpc != here.vpc.urn:
            return
        table = self.facts.route_table[here.subnet.route_table]
        routed = any(r.prefix_list == endpoint.urn for r in table.routes)
        if not routed and not table.unknown:
            return
        group = (
            ()
            if here.interface is None
            else (
                self.stages.security_groups(
                    here.interface, ingress=False, peer=Peer(prefix_list=endpoint.urn)
                ),
            )
        )
        route = Stage(
            "route",
            f"route of {table.name} to gateway endpoint {endpoint.name}",
            endpoint.urn,
            *(ANY,) * 2,
        )
        yield Path(
            here.end,
            destination,
            packets(sources=here.addresses, destinations=INTERNET),
            (
                *group,
                self.stages.network_acl(here.subnet.network_acl, egress=True),
                route if routed else undecided(table.unknown, table.urn),
            ),
            (self.stages.network_acl(here.subnet.network_acl, egress=False),),
            (self._dns(here.vpc, hostnames=False),),
        )

    def _to_edge(self, source: Outside, destination: Host, door: Interface) -> Path:
        """To a distribution: HTTP, HTTPS and, where it speaks HTTP/3, QUIC.

        (CloudFront Developer Guide, "HTTP requests": both ports are open whatever the viewer
        protocol policy then says of the request.)
        """
        distribution = self.facts.distribution[door.owner]
        listens = [packets(protocols=(6, 6), destination_ports=(port, port)) for port in (80, 443)]
        if distribution.http3:
            listens.append(packets(protocols=(17, 17), destination_ports=(443, 443)))
        enabled = gate(
            Stage(
                "public",
                f"distribution {distribution.name} is enabled",
                distribution.urn,
                blocked=f"distribution {distribution.name} is not enabled",
                mend=f"Enable distribution {distribution.name}.",
            ),
            open_=distribution.enabled,
        )
        ends = packets(sources=common(source.addresses, INTERNET), destinations=INTERNET)
        return Path(source, destination, ends & union(listens), (enabled,))

    def _from_edge(
        self, source: Host, door: Interface, there: _Place | None, destination: End
    ) -> Iterator[Path]:
        """From a distribution to its origins, and to nothing else."""
        for origin in self.facts.origins:
            if origin.distribution != door.owner:
                continue
            called = union(
                packets(protocols=(6, 6), destination_ports=(port, port)) for port in origin.ports
            )
            if not origin.target and isinstance(destination, Outside):
                ends = packets(
                    sources=INTERNET, destinations=common(destination.addresses, INTERNET)
                )
                yield Path(source, destination, ends & called, ())
            elif there is not None and there.interface and there.interface.owner == origin.target:
                if origin.private:
                    yield self._by_vpc_origin(source, there, origin, called)
                else:
                    for way in self._in(source, there, INTERNET, Peer(prefix_list=CLOUDFRONT)):
                        yield replace(way, carries=way.carries & called)

    def _by_vpc_origin(self, source: Host, there: _Place, origin: Origin, called: Packets) -> Path:
        """By an interface of CloudFront's in the VPC, without any route or public address.

        Rules meet it with CloudFront's own addresses. AWS does not say what network ACLs see of
        it, nor of addresses of the interface: so none of them is counted on to stop anything,
        and all that could stop it must let it through. The VPC must have an internet gateway,
        which it does not use.
        """
        attached = gate(
            Stage(
                "gateway",
                f"VPC {there.vpc.name} has an internet gateway",
                there.vpc.urn,
                blocked=f"VPC {there.vpc.name} has no internet gateway, which a VPC origin needs",
                mend=f"Attach an internet gateway to VPC {there.vpc.name}.",
            ),
            open_=bool(there.vpc.internet_gateway),
        )
        across = Stage("origin", f"VPC origin of {origin.name}", origin.urn, ANY, ANY)
        acl = there.subnet.network_acl
        ends = packets(sources=(*INTERNET, *there.vpc.cidrs), destinations=there.addresses)
        return Path(
            source,
            there.end,
            ends & called,
            (across, *self._groups(there, Peer(prefix_list=CLOUDFRONT), ingress=True)),
            (self.stages.network_acl(acl, egress=True),),
            (attached, self.stages.network_acl(acl, egress=False)),
        )

    def _in(
        self, source: End, there: _Place, addresses: tuple[Range, ...], peer: Peer
    ) -> Iterator[Path]:
        """From outside: a public address and an attached internet gateway open the door.

        The route back is needed for an answer, not for the packet to arrive.
        """
        if there.interface is None or not there.vpc.internet_gateway:
            return
        reach, unknown = self._gateway(there.vpc, there.subnet)
        back = Stage(
            "route",
            f"the subnet {there.subnet.name} has a route to the internet gateway",
            there.subnet.route_table,
            NONE if unknown else packets(destinations=reach),
            ANY if unknown else packets(destinations=reach),
            blocked=f"subnet {there.subnet.name} has no route back to the internet gateway",
            mend=f"Route subnet {there.subnet.name} to the VPC's internet gateway.",
            unknown=(unknown,) if unknown else (),
        )
        yield Path(
            source,
            there.end,
            packets(sources=common(addresses, INTERNET), destinations=there.addresses),
            (
                self._public(there.interface),
                self.stages.network_acl(there.subnet.network_acl, egress=False),
                *self._groups(there, peer, ingress=True),
            ),
            (self.stages.network_acl(there.subnet.network_acl, egress=True), back),
        )


_NAT_SPEAKS = Packets(
    tuple(box for number in (1, 6, 17) for box in packets(protocols=(number, number)).boxes)
)
