"""Whether a declared flow is possible, judged on the smallest behaviour that AWS could show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from stackproof.aws.network.facts import Interface, Listener, NetworkFacts, TargetGroup
from stackproof.contract import Flow
from stackproof.model import Decision, Evidence, Hop, Verdict
from stackproof.proofs.headers import Packet, Packets, packets
from stackproof.proofs.reach.addresses import INTERNET
from stackproof.proofs.reach.ends import (
    End,
    Ends,
    Host,
    Neighbour,
    Outside,
    Service,
    ends,
    name_of,
    urn_of,
)
from stackproof.proofs.reach.paths import Path, paths
from stackproof.proofs.reach.stages import Stage
from stackproof.proofs.reach.traffic import required, tcp, tcp_ports
from stackproof.selection import Members


@dataclass(frozen=True)
class Blocked:
    """Why a packet, or its reply, does not pass. `doubt` when something unknown may let it."""

    summary: str
    packet: Packet | None = None
    reply: bool = False
    hops: tuple[Hop, ...] = ()
    urns: tuple[str, ...] = ()
    mend: str = ""
    doubt: tuple[str, ...] = ()


@dataclass(frozen=True)
class Passed:
    """A packet that passes, and how."""

    packet: Packet
    hops: tuple[Hop, ...]
    path: Path


Outcome = Passed | Blocked


def flow_exists(facts: NetworkFacts, flow: Flow, members: Mapping[str, Members]) -> Decision:
    """Whether all that `flow` declares is possible, between every pair of its ends."""
    return decide_flow(facts, flow, ends(facts, members))


def decide_flow(facts: NetworkFacts, flow: Flow, known: Ends) -> Decision:
    """A declared flow exists: every packet of it passes, and its reply comes back.

    Shown for every pair of the two groups' members, for every address and ephemeral port that a
    client may use, on the smallest behaviour that AWS could show. A flow to a load balancer
    needs a listener, a target group and a health check that agree.

    ## What AWS does

    A packet passes the source's security group, its subnet's network ACL (unless both are in
    one subnet), its route table, the destination's network ACL and the destination's security
    group. Security groups remember a connection; network ACLs do not, and the reply to a client
    goes to any port from 1024 to 65535 (Amazon VPC User Guide, "Ephemeral ports", "Compare
    security groups and network ACLs"). A security group that Pulumi makes has no egress rule
    until it is given one.

    ## Fails

    The contract declares the port; nobody opened it.

    ```yaml
    network:
      flows:
        - {from: web, to: database, allow: [tcp/5432, tcp/6432]}
    ```

    `network.flow.web-to-database`

    ## Mend

    Add what the last hop of the evidence names (a rule, a route, an ACL entry), or take the
    flow out of the contract.
    """
    wanted = required(flow.allow)
    first: Passed | None = None
    doubt: Blocked | None = None
    count = 0
    for source, destination in _pairs(facts, flow, known):
        count += 1
        for outcome in _between(facts, flow, source, destination, wanted):
            if isinstance(outcome, Passed):
                first = first or outcome
            elif not outcome.doubt:
                return _missing(facts, flow, outcome)
            else:
                doubt = doubt or outcome
    if not count:
        empty = [g for g in (flow.source, flow.to) if not known.everywhere(g)]
        if not empty:
            only = known.everywhere(flow.source)[0]
            what = f"there is no second member: {name_of(only)} is all of {flow.source}"
            alone = Blocked(
                what,
                urns=(urn_of(only),),
                hops=(_dead_end(facts, what, urn_of(only)),),
                mend=f"Declare a second member of {flow.source}, or take the flow out of the"
                " contract.",
            )
            return _missing(facts, flow, alone)
        where = " and ".join(empty)
        nobody = Blocked(
            f"nothing of {where} is on the network, so there is no flow",
            mend=f"Give {where} a network interface, or take the flow out of the contract.",
        )
        return _missing(facts, flow, nobody)
    if doubt is not None:
        return undecided(doubt.doubt, doubt.hops, doubt.urns)
    if facts.not_modelled:
        return undecided(unread(facts))
    if first is None:
        raise AssertionError("a flow without an obstacle has a packet that passes")
    summary = (
        f"{', '.join(flow.allow)} passes from every address of {flow.source} to {flow.to} and its"
        f" replies come back, for example {first.packet}"
    )
    resources = _resources((), first.hops, first.path)
    return Decision(
        Verdict.PROVEN,
        Evidence("permitted", summary, first.packet.witness(), first.hops),
        resources,
    )


def _pairs(facts: NetworkFacts, flow: Flow, known: Ends) -> Iterator[tuple[End, End]]:
    """Every pair of ends. A resource that is just one host does not reach itself by the network."""
    sources, destinations = known.everywhere(flow.source), known.everywhere(flow.to)
    for source in sources:
        for destination in _reachable_as(facts, source, destinations):
            if not (isinstance(source, Host) and isinstance(destination, Host)) or (
                source.interface.owner != destination.interface.owner or many(source)
            ):
                yield source, destination


def many(end: End) -> bool:
    """Whether the one resource stands for several hosts."""
    return isinstance(end, Host) and end.interface.kind not in {"instance", "interface"}


def _reachable_as(facts: NetworkFacts, source: End, destinations: Sequence[End]) -> Sequence[End]:
    """The ends that `source` would really call.

    Of an AWS service: its interface endpoint when private DNS leads there, else the gateway
    endpoint that its subnet has a route to, else the service's public addresses.
    """
    services = [d for d in destinations if isinstance(d, Service)]
    called = [d for d in destinations if not isinstance(d, Service)]
    private = {e.urn for e in facts.interface_endpoints if e.private_dns is not False}
    if not services or any(isinstance(d, Host) and d.interface.owner in private for d in called):
        return called
    routed = [s for s in services if paths(facts, source, s)]
    return routed or [Outside(services[0].endpoint.service, INTERNET)]


def _between(
    facts: NetworkFacts, flow: Flow, source: End, destination: End, wanted: Packets
) -> Iterator[Outcome]:
    yield possible(facts, source, destination, wanted)
    if not isinstance(destination, Host):
        return
    if destination.interface.kind == "load-balancer":
        yield from _behind(facts, flow, destination.interface)
    if isinstance(source, Host) and source.interface.kind == "load-balancer":
        yield from _sent(facts, source, source.interface, destination, destination.interface)


def _sent(
    facts: NetworkFacts, source: End, balancer: Interface, destination: End, target: Interface
) -> Iterator[Outcome]:
    """A load balancer calls nothing but the targets of its listeners, and checks their health."""
    behind = _groups_behind(facts, balancer.owner)
    doubts = (
        *(g.unknown for g in behind if g.unknown),
        *(x.unknown for x in facts.listeners if x.load_balancer == balancer.owner and x.unknown),
    )
    serving = [g for g in behind if target.owner in {urn for urn, _ in g.targets}]
    if doubts:
        yield Blocked(doubts[0], urns=(balancer.owner,), doubt=doubts)
    elif not serving:
        what = f"no listener of load balancer {balancer.name} forwards to {target.name}"
        yield Blocked(
            what,
            urns=(balancer.owner, target.owner),
            mend=f"Register {target.name} in a target group that a listener of load balancer"
            f" {balancer.name} forwards to.",
            hops=(_dead_end(facts, what, balancer.owner),),
        )
    for group in serving:
        if group.health_port is not None:
            yield possible(facts, source, destination, tcp(group.health_port))


def possible(facts: NetworkFacts, source: End, destination: End, wanted: Packets) -> Outcome:
    """Whether every packet of `wanted` gets from end to end, and every reply back."""
    ways = paths(facts, source, destination)
    left = wanted & _addressed(source, destination)
    passed: Passed | None = None
    doubt: Blocked | None = None
    for way in ways:
        carried = left & way.carries
        if not carried:
            continue
        for stage, packets_there, reply in _stages(way, carried):
            outcome = _through(facts, way, stage, packets_there, reply=reply)
            if outcome is not None and not outcome.doubt:
                return outcome
            doubt = doubt or outcome
        sample = carried.example()
        passed = passed or Passed(sample, way.hops(sample, facts), way)
        left = left - way.carries
    if left or passed is None:
        return _no_way(facts, source, destination, left)
    return doubt or passed


def _addressed(source: End, destination: End) -> Packets:
    return packets(sources=_addresses(source), destinations=_addresses(destination))


def _addresses(end: End) -> tuple[tuple[int, int], ...]:
    match end:
        case Host(interface):
            return (interface.address,) if interface.subnet else INTERNET
        case Outside(_, addresses) | Neighbour(_, addresses):
            return addresses
        case Service():
            return INTERNET


def _stages(way: Path, carried: Packets) -> Iterator[tuple[Stage, Packets, bool]]:
    """Every stage with the packets that must pass it: forward, needs, then the replies."""
    for stage in (*way.forward, *way.needs):
        yield stage, carried, False
    for stage in way.reply:
        yield stage, carried.replies(), True


def _through(
    facts: NetworkFacts, way: Path, stage: Stage, wanted: Packets, *, reply: bool
) -> Blocked | None:
    if wanted.issubset(stage.strict):
        return None
    never = wanted - stage.wide
    packet = (never or (wanted - stage.strict)).example()
    hop = stage.hop(packet, facts)
    before = () if reply else tuple(h for h in way.hops(packet, facts) if h.permits)
    between = f"{name_of(way.source)} to {name_of(way.destination)}"
    what = f"the reply {packet} does not come back" if reply else f"{packet} does not pass"
    mend = stage.mend
    if reply and stage.kind == "acl":
        mend = f"{mend} Replies go to the port that the client chose, 1024-65535."
    return Blocked(
        f"{between}: {what}, {hop.what}",
        packet,
        reply,
        (*before, hop) if never else before,
        tuple(u for u in (_declared(stage.urn), urn_of(way.destination), urn_of(way.source)) if u),
        mend,
        () if never else stage.unknown,
    )


def _no_way(facts: NetworkFacts, source: End, destination: End, left: Packets) -> Blocked:
    packet = left.example() if left else None
    between = f"from {name_of(source)} to {name_of(destination)}"
    urns = [urn_of(source), urn_of(destination)]
    what = f"no route leads {between}"
    mend = f"Add a route {between}."
    if isinstance(source, Host) and source.interface.kind == "distribution":
        what = f"no origin of {name_of(source)} is {name_of(destination)} on these ports"
        mend = f"Give {name_of(source)} an origin that leads to {name_of(destination)}."
    elif isinstance(source, Host) and source.interface.subnet:
        subnet = facts.subnet[source.interface.subnet]
        table = facts.route_table[subnet.route_table]
        what = f"route table {table.name} of subnet {subnet.name} has no route {between}"
        gone = [
            r for r in table.routes if r.kind == "nat-gateway" and r.target not in facts.nat_gateway
        ]
        if gone:
            what = f"route {gone[0].name} leads to a NAT gateway that is gone"
            urns.insert(0, gone[0].urn)
        urns.insert(0, _declared(table.urn))
        mend = f"Add a route to route table {table.name} that leads to {name_of(destination)}."
    elif isinstance(destination, Host) and destination.interface.subnet:
        what = f"no internet gateway is attached to the VPC of {name_of(destination)}"
    hop = Hop(what, permits=False, urn=urns[0], location=facts.locations.get(urns[0]))
    urns = [u for u in urns if u]
    return Blocked(what, packet, hops=(hop,), urns=tuple(dict.fromkeys(urns)), mend=mend)


def _groups_behind(facts: NetworkFacts, balancer: str) -> list[TargetGroup]:
    urns = {u for x in facts.listeners if x.load_balancer == balancer for u in x.forwards}
    return [facts.target_group[u] for u in sorted(urns)]


def _behind(facts: NetworkFacts, flow: Flow, balancer: Interface) -> Iterator[Outcome]:
    """A flow to a load balancer ends at its targets: listener, target group and health agree."""
    listeners = [x for x in facts.listeners if x.load_balancer == balancer.owner]
    unclear = tuple(x.unknown for x in listeners if x.unknown)
    ports = tcp_ports(flow.allow)
    wanted = {p for low, high in ports or () for p in range(low, high + 1)}
    heard = {x.port for x in listeners if x.port is not None}
    if ports is None or not wanted <= heard:
        deaf = sorted(wanted - heard)
        what = f"tcp/{deaf[0]}" if ports is not None and deaf else "anything but TCP"
        yield Blocked(
            f"load balancer {balancer.name} has no listener for {what}",
            urns=(balancer.owner,),
            mend=f"Add a listener for {what} to load balancer {balancer.name}.",
            hops=(
                _dead_end(
                    facts,
                    f"load balancer {balancer.name} has no listener for {what}",
                    balancer.owner,
                ),
            ),
            doubt=unclear,
        )
        return
    for listener in listeners:
        if listener.port in wanted:
            if listener.unknown:
                yield Blocked(listener.unknown, urns=(listener.urn,), doubt=(listener.unknown,))
            yield from _to_targets(facts, balancer, listener)


def _to_targets(facts: NetworkFacts, balancer: Interface, listener: Listener) -> Iterator[Outcome]:
    if not listener.forwards and not listener.redirects and not listener.unknown:
        what = f"listener {listener.name} neither forwards nor redirects"
        yield Blocked(
            what,
            urns=(listener.urn, balancer.owner),
            mend=f"Let listener {listener.name} forward to a target group.",
            hops=(_dead_end(facts, what, listener.urn),),
        )
    for urn in listener.forwards:
        group = facts.target_group[urn]
        if group.unknown:
            yield Blocked(group.unknown, urns=(group.urn,), doubt=(group.unknown,))
            continue
        if group.invokes:
            continue
        hosts = [
            (Host(i), port)
            for target, port in group.targets
            for i in facts.interfaces_of(frozenset({target}))
        ]
        if not hosts:
            yield Blocked(
                f"target group {group.name} of listener {listener.name} has no target",
                urns=(group.urn, listener.urn, balancer.owner),
                mend=f"Register targets in target group {group.name}.",
                hops=(_dead_end(facts, f"target group {group.name} has no target", group.urn),),
            )
        for host, port in hosts:
            for number in sorted({p for p in (port or group.port, group.health_port) if p}):
                yield possible(facts, Host(balancer), host, tcp(number))


def _dead_end(facts: NetworkFacts, what: str, urn: str) -> Hop:
    return Hop(what, permits=False, urn=urn, location=facts.locations.get(urn))


def _declared(urn: str) -> str:
    return urn.partition("#")[0]


def _resources(first: Sequence[str], hops: Sequence[Hop], path: Path | None) -> tuple[str, ...]:
    last = () if path is None else (urn_of(path.destination), urn_of(path.source))
    return tuple(dict.fromkeys(u for u in (*first, *(h.urn for h in hops), *last) if u))


def _missing(facts: NetworkFacts, flow: Flow, blocked: Blocked) -> Decision:
    if facts.not_modelled:
        return undecided(unread(facts), blocked.hops, blocked.urns)
    witness: dict[str, object] = {"from": flow.source, "to": flow.to}
    if blocked.packet is not None:
        witness |= blocked.packet.witness() | {"reply": blocked.reply}
    return Decision(
        Verdict.VIOLATED,
        Evidence("witness", blocked.summary, witness, blocked.hops),
        _resources(blocked.urns, blocked.hops, None),
        blocked.mend or f"Let {', '.join(flow.allow)} pass from {flow.source} to {flow.to}.",
    )


def unread(facts: NetworkFacts) -> tuple[str, ...]:
    """What could turn any verdict about this network, because nobody reads it."""
    return tuple(f"{n.urn.rsplit('::', 1)[-1]}: {n.why}" for n in facts.not_modelled)


def undecided(
    reasons: Sequence[str], hops: tuple[Hop, ...] = (), urns: Sequence[str] = ()
) -> Decision:
    """The decision when a claim rests on something not known."""
    shown = "; ".join(dict.fromkeys(reasons))
    return Decision(
        Verdict.UNPROVEN,
        Evidence("unknown", f"not decided: {shown}", hops=hops),
        tuple(dict.fromkeys(u for u in urns if u)),
        "Let the program say the value, or declare the resource with a type that is modelled.",
    )
