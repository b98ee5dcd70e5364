"""Random networks, decided twice: by the packet algebra and by an SMT solver.

The solver is given AWS's rules anew, from the resources' own inputs: one symbolic packet, integer
addresses, rules as implications. It shares no code with the proofs but the Graph.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

import z3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stackproof.aws.network import network_facts
from stackproof.model import Graph
from stackproof.proofs.headers import packets
from stackproof.proofs.reach.addresses import INTERNET
from stackproof.proofs.reach.ends import End, Host, Outside
from stackproof.proofs.reach.paths import paths
from stackproof.proofs.reach.possible import Passed, possible
from stackproof.proofs.reach.traffic import required
from tests.policy.network.world import World

PRIVATE = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
)
NUMBERS = {"tcp": 6, "udp": 17, "icmp": 1}
SUBNETS = {"one": "10.0.0.0/24", "two": "10.0.1.0/24"}
ANYWHERE = "0.0.0.0/0"

cidrs = st.sampled_from(
    [ANYWHERE, "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/16", "10.0.0.0/25", *SUBNETS.values()]
)
protocols = st.sampled_from(["tcp", "tcp", "udp", "icmp", "-1"])
ports = st.sampled_from([(22, 22), (443, 443), (80, 8080), (1024, 65535), (0, 65535)])


@dataclass(frozen=True)
class Drawn:
    """One random network: what `Model` reads and what `world` declares."""

    acls: dict[str, list[dict[str, Any]]]
    rules: list[dict[str, Any]]
    groups: dict[str, list[str]]
    public: dict[str, bool]
    routes: dict[str, list[tuple[str, str]]]


@st.composite
def networks(draw: st.DrawFn, closed: int = 5) -> Drawn:
    """Random rules let next to nothing through: one in `closed` is missing from an open net."""
    mostly = st.integers(0, closed - 1).map(bool)

    def numbered() -> list[dict[str, Any]]:
        entries = []
        for egress in (False, True):
            numbers = draw(st.lists(st.integers(1, 50), unique=True, max_size=10 // closed))
            for number in sorted(numbers):
                low, high = draw(ports)
                entries.append(
                    {
                        "egress": egress,
                        "ruleNumber": number,
                        "ruleAction": draw(st.sampled_from(["allow", "deny"])),
                        "protocol": draw(protocols),
                        "fromPort": low,
                        "toPort": high,
                        "icmpType": -1,
                        "icmpCode": -1,
                        "cidrBlock": draw(cidrs),
                    }
                )
        every = {"protocol": "-1", "cidrBlock": ANYWHERE, "ruleAction": "allow"}
        for egress in (False, True):
            entries += [{**every, "egress": egress, "ruleNumber": 99}] if draw(mostly) else []
        return entries

    def rule() -> dict[str, Any]:
        protocol = draw(protocols)
        low, high = (-1, -1) if protocol == "icmp" else draw(ports)
        peer = draw(st.sampled_from(["cidr", "red", "blue"]))
        return {
            "ingress": draw(st.booleans()),
            "group": draw(st.sampled_from(["red", "blue"])),
            "protocol": protocol,
            "low": low,
            "high": high,
            "peer": draw(cidrs) if peer == "cidr" else peer,
        }

    # A NAT gateway that is behind itself goes nowhere: let its own subnet mostly go straight out.
    target = {"one": st.sampled_from(["igw"] * 4 + ["nat"]), "two": st.sampled_from(["igw", "nat"])}
    return Drawn(
        acls={s: numbered() for s in SUBNETS},
        rules=[
            *(rule() for _ in range(draw(st.integers(0, 4)))),
            *(
                {
                    "ingress": ingress,
                    "group": group,
                    "protocol": draw(st.sampled_from(["tcp", "-1"])),
                    "low": 0,
                    "high": 65535,
                    "peer": draw(st.sampled_from([ANYWHERE] * closed + ["10.0.0.0/16", "red"])),
                }
                for ingress in (False, True)
                for group in ("red", "blue")
                if draw(mostly)
            ),
        ],
        groups={s: draw(st.sampled_from([["red"], ["blue"], ["blue", "red"]])) for s in SUBNETS},
        public={s: draw(mostly) for s in SUBNETS},
        routes={
            s: [
                *([(ANYWHERE, draw(target[s]))] if draw(mostly) else []),
                *([("128.0.0.0/2", draw(target[s]))] if draw(st.booleans()) else []),
            ]
            for s in SUBNETS
        },
    )


def declared(drawn: Drawn) -> Graph:
    """The network as resources. The NAT gateway stands in subnet `one`."""
    world = World()
    world.add("vpc", "vpc", cidrBlock="10.0.0.0/16")
    world.add("igw", "igw", vpcId="@vpc")
    world.add("eip", "eip")
    world.add("nat", "nat", subnetId="@one", allocationId="@eip.allocationId")
    for group in ("red", "blue"):
        world.add("group", group, vpcId="@vpc")
    for name, cidr in SUBNETS.items():
        world.add("subnet", name, vpcId="@vpc", cidrBlock=cidr)
        world.add("acl", f"acl-{name}", vpcId="@vpc", subnetIds=[f"@{name}"])
        for index, entry in enumerate(drawn.acls[name]):
            world.add("acl-rule", f"acl-{name}-{index}", networkAclId=f"@acl-{name}", **entry)
        world.add("table", f"table-{name}", vpcId="@vpc")
        world.add("table-of", f"in-{name}", subnetId=f"@{name}", routeTableId=f"@table-{name}")
        for index, (destination, target) in enumerate(drawn.routes[name]):
            key = "gatewayId" if target == "igw" else "natGatewayId"
            world.add(
                "route",
                f"route-{name}-{index}",
                routeTableId=f"@table-{name}",
                destinationCidrBlock=destination,
                **{key: f"@{target}"},
            )
        world.add(
            "instance",
            f"host-{name}",
            subnetId=f"@{name}",
            vpcSecurityGroupIds=[f"@{g}" for g in drawn.groups[name]],
            associatePublicIpAddress=drawn.public[name],
        )
    for index, rule in enumerate(drawn.rules):
        peer = rule["peer"]
        world.add(
            "in" if rule["ingress"] else "out",
            f"rule-{index}",
            securityGroupId=f"@{rule['group']}",
            ipProtocol=rule["protocol"],
            fromPort=rule["low"],
            toPort=rule["high"],
            **(
                {"referencedSecurityGroupId": f"@{peer}"}
                if peer in {"red", "blue"}
                else {"cidrIpv4": peer}
            ),
        )
    return world.graph()


def within(address: z3.ArithRef, cidr: str) -> z3.BoolRef:
    network = ipaddress.ip_network(cidr)
    first = int(network.network_address)
    return z3.And(address >= first, address <= first + network.num_addresses - 1)


def public(address: z3.ArithRef) -> z3.BoolRef:
    return z3.And(address >= 0, address < 2**32, *(z3.Not(within(address, c)) for c in PRIVATE))


class Model:
    """AWS's rules for one packet from `source` to `to`: names of subnets, or `internet`."""

    def __init__(self, drawn: Drawn, source: str, to: str) -> None:
        self.drawn, self.source, self.to = drawn, source, to
        self.src, self.dst, self.protocol, self.sport, self.dport = z3.Ints("s d p x y")

    def matches(
        self, protocol: str, low: int, high: int, number: z3.ArithRef, port: z3.ArithRef
    ) -> z3.BoolRef:
        if protocol == "-1":
            return z3.BoolVal(val=True)
        same = number == NUMBERS[protocol]
        return same if protocol == "icmp" else z3.And(same, port >= low, port <= high)

    def group(self, host: str, other: str, *, ingress: bool) -> z3.BoolRef:
        peer = self.src if ingress else self.dst
        found = []
        for rule in self.drawn.rules:
            if rule["ingress"] != ingress or rule["group"] not in self.drawn.groups[host]:
                continue
            if rule["peer"] in {"red", "blue"}:
                whom = z3.BoolVal(rule["peer"] in self.drawn.groups.get(other, ()))
            else:
                whom = within(peer, rule["peer"])
            what = self.matches(
                rule["protocol"], rule["low"], rule["high"], self.protocol, self.dport
            )
            found.append(z3.And(whom, what))
        return z3.Or(*found)

    def acl(self, subnet: str, peer: z3.ArithRef, port: z3.ArithRef, *, egress: bool) -> z3.BoolRef:
        verdict: z3.BoolRef = z3.BoolVal(val=False)
        entries = [e for e in self.drawn.acls[subnet] if e["egress"] == egress]
        for entry in sorted(entries, key=lambda e: e["ruleNumber"], reverse=True):
            low, high = entry.get("fromPort", 0), entry.get("toPort", 0)
            hit = z3.And(
                within(peer, entry["cidrBlock"]),
                self.matches(entry["protocol"], low, high, self.protocol, port),
            )
            verdict = z3.If(hit, z3.BoolVal(entry["ruleAction"] == "allow"), verdict)
        return verdict

    def routed(self, subnet: str, address: z3.ArithRef, target: str) -> z3.BoolRef:
        verdict: z3.BoolRef = z3.BoolVal(val=False)
        for destination, leads in sorted(
            self.drawn.routes[subnet], key=lambda r: ipaddress.ip_network(r[0]).prefixlen
        ):
            hit = within(address, destination)
            verdict = z3.If(hit, z3.BoolVal(leads == target), verdict)
        return verdict

    def packet(self) -> z3.BoolRef:
        def end(name: str, address: z3.ArithRef) -> z3.BoolRef:
            return public(address) if name == "internet" else within(address, SUBNETS[name])

        small = [z3.And(port >= 0, port <= 65535) for port in (self.sport, self.dport)]
        return z3.And(
            end(self.source, self.src),
            end(self.to, self.dst),
            self.protocol >= 0,
            self.protocol <= 255,
            *small,
        )

    def delivered(self) -> z3.BoolRef:
        if self.source == "internet":
            return z3.And(
                z3.BoolVal(self.drawn.public[self.to]),
                self.acl(self.to, self.src, self.dport, egress=False),
                self.group(self.to, "internet", ingress=True),
            )
        out = self.group(self.source, self.to, ingress=False)
        leave = self.acl(self.source, self.dst, self.dport, egress=True)
        if self.to != "internet":
            into = self.group(self.to, self.source, ingress=True)
            enter = self.acl(self.to, self.src, self.dport, egress=False)
            same = self.source == self.to
            return z3.And(out, into, *(() if same else (leave, enter)))
        straight = z3.And(
            leave,
            self.routed(self.source, self.dst, "igw"),
            z3.BoolVal(self.drawn.public[self.source]),
        )
        across = (
            ()
            if self.source == "one"
            else (leave, self.acl("one", self.src, self.dport, egress=False))
        )
        by_nat = z3.And(
            self.routed(self.source, self.dst, "nat"),
            *across,
            z3.Or(*(self.protocol == n for n in NUMBERS.values())),
            self.acl("one", self.dst, self.dport, egress=True),
            self.routed("one", self.dst, "igw"),
        )
        return z3.And(out, z3.Or(straight, by_nat))

    def answered(self) -> z3.BoolRef:
        """The reply of a TCP packet comes back; security groups remember it."""
        if self.source == "internet":
            return z3.And(
                self.acl(self.to, self.src, self.sport, egress=True),
                self.routed(self.to, self.src, "igw"),
            )
        back_in = self.acl(self.source, self.dst, self.sport, egress=False)
        if self.to != "internet":
            if self.source == self.to:
                return z3.BoolVal(val=True)
            return z3.And(self.acl(self.to, self.src, self.sport, egress=True), back_in)
        nat_in = self.acl("one", self.dst, self.sport, egress=False)
        nat_back = (
            ()
            if self.source == "one"
            else (self.acl("one", self.src, self.sport, egress=True), back_in)
        )
        return z3.If(self.routed(self.source, self.dst, "igw"), back_in, z3.And(nat_in, *nat_back))


def satisfiable(*conditions: z3.BoolRef) -> bool:
    solver = z3.Solver()
    solver.add(*conditions)
    result = solver.check()
    assert result != z3.unknown
    return bool(result == z3.sat)


pairs = st.sampled_from(
    [
        (a, b)
        for a in (*SUBNETS, "internet")
        for b in (*SUBNETS, "internet")
        if (a, b) != ("internet",) * 2
    ]
)


def ends(graph: Graph, *names: str) -> list[End]:
    facts = network_facts(graph)
    hosts = {i.name.removeprefix("host-"): Host(i) for i in facts.interfaces}
    return [hosts[n] if n in hosts else Outside(n, INTERNET) for n in names]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), pairs, protocols, ports)
def test_what_arrives_is_what_the_solver_lets_arrive(
    drawn: Drawn, pair: tuple[str, str], protocol: str, port: tuple[int, int]
) -> None:
    graph = declared(drawn)
    facts = network_facts(graph)
    source, to = ends(graph, *pair)
    model = Model(drawn, *pair)
    number = NUMBERS.get(protocol, 47)
    asked = packets(protocols=(number, number), destination_ports=port)
    mine = any(p.delivered(wide=False) & asked for p in paths(facts, source, to))
    there = z3.And(model.protocol == number, model.dport >= port[0], model.dport <= port[1])
    assert mine == satisfiable(model.packet(), model.delivered(), there)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), pairs)
def test_every_example_packet_is_one_that_the_solver_lets_arrive(
    drawn: Drawn, pair: tuple[str, str]
) -> None:
    graph = declared(drawn)
    source, to = ends(graph, *pair)
    for path in paths(network_facts(graph), source, to):
        arrived = path.delivered(wide=False)
        if arrived:
            packet, model = arrived.example(), Model(drawn, *pair)
            exactly = [
                model.src == packet.source,
                model.dst == packet.destination,
                model.protocol == packet.protocol,
                model.sport == packet.source_port,
                model.dport == packet.destination_port,
            ]
            assert satisfiable(model.packet(), model.delivered(), *exactly)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), pairs, st.sampled_from([22, 443, 8000]))
def test_a_flow_is_possible_when_the_solver_finds_no_packet_that_fails(
    drawn: Drawn, pair: tuple[str, str], port: int
) -> None:
    agree(drawn, pair, port)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(closed=10), st.sampled_from(sorted(SUBNETS)), st.sampled_from([22, 443]))
def test_a_way_out_is_possible_when_the_solver_finds_no_packet_that_fails(
    drawn: Drawn, source: str, port: int
) -> None:
    agree(drawn, (source, "internet"), port)


def agree(drawn: Drawn, pair: tuple[str, str], port: int) -> None:
    graph = declared(drawn)
    source, to = ends(graph, *pair)
    outcome = possible(network_facts(graph), source, to, required((f"tcp/{port}",)))
    model = Model(drawn, *pair)
    wanted = z3.And(model.protocol == 6, model.sport >= 1024, model.dport == port)
    fails = z3.Not(z3.And(model.delivered(), model.answered()))
    assert isinstance(outcome, Passed) == (not satisfiable(model.packet(), wanted, fails))
