"""The flows that are possible today, in as few lines as say all of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping

from stackproof.aws.network.facts import EVERY_PORT, EVERY_PROTOCOL, NetworkFacts, Range
from stackproof.beginning.names import Names, address_name
from stackproof.contract import INTERNET, Flow, Network, Never
from stackproof.model import Verdict
from stackproof.proofs.headers import ICMP, NAMES, Packets, union
from stackproof.proofs.reach.addresses import INTERNET as EVERYWHERE
from stackproof.proofs.reach.addresses import common
from stackproof.proofs.reach.claims import Declared, meaningful
from stackproof.proofs.reach.ends import VPC_GROUP, Ends, Host, ends
from stackproof.proofs.reach.impossible import decide_never
from stackproof.proofs.reach.paths import paths
from stackproof.selection import Members

_WIDEST = 2**24
"""Addresses of a /8: no range that is somebody's own is wider."""


def name_ends(names: Names, network: NetworkFacts, *, vpc: bool, fine: bool) -> None:
    """Give everything on the network a group: its interfaces, services, ranges that rules name.

    `vpc` names the addresses of the VPCs too; `fine` cuts ranges at subnets and network ACLs.
    """
    for interface in network.interfaces:
        names.of(interface.owner)
    names.services.update(e.service for e in network.gateway_endpoints)
    several = len(network.vpcs) > 1
    places = [
        (f"{v.name}-addresses" if several else VPC_GROUP, v.cidrs[0])
        for v in network.vpcs
        if len(v.cidrs) == 1
    ]
    places += [(f"subnet-{s.name}", s.cidr) for s in network.subnets]
    for block in ranges(network, vpc=vpc, fine=fine):
        names.addresses[block] = address_name(block, places)


def ranges(network: NetworkFacts, *, vpc: bool = False, fine: bool = False) -> tuple[Range, ...]:
    """The ranges that rules of security groups name, cut where they overlap.

    A flow is from all of a group or from nothing of it, so no group should be open in part. Wider
    ones than anybody has are of the internet.
    """
    vpcs = [cidr for v in network.vpcs for cidr in v.cidrs]
    named = {
        r.addresses
        for r in network.rules
        if r.addresses is not None and r.addresses[1] - r.addresses[0] < _WIDEST
    }
    named |= {*vpcs} if vpc else set()
    edges = named | {*vpcs}
    if fine:
        edges |= {s.cidr for s in network.subnets}
        edges |= {r.addresses for acl in network.network_acls for r in acl.rules}
    cuts = sorted({a for a, _ in edges} | {b + 1 for _, b in edges})
    pieces = [
        (low, high - 1)
        for low, high in itertools.pairwise(cuts)
        if any(a <= low and high - 1 <= b for a, b in named)
    ]
    # Private addresses that are nobody's here reach nothing, and nothing reaches them.
    return tuple(p for p in pieces if common([p], vpcs) or common([p], EVERYWHERE))


def proposed(network: NetworkFacts, members: Mapping[str, Members]) -> Network:
    """Every flow that is possible today."""
    known = ends(network, members)
    first = [
        flow
        for source, to in _pairs(known)
        if INTERNET in {source, to}
        for flow in _flow(network, known, source, to, Network())
    ]
    # What the internet may do everybody may, and what may go there may go to any address.
    rest = [
        flow
        for source, to in _pairs(known)
        if INTERNET not in {source, to}
        for flow in _flow(network, known, source, to, Network(flows=tuple(first)))
    ]
    flows = tuple(sorted((*first, *rest), key=_order))
    return Network(
        flows=flows,
        never=tuple(_never(network, known, flows)),
        isolated=tuple(_without_way_out(network, known)),
    )


def _order(flow: Flow) -> tuple[bool, str, bool, str]:
    return flow.source != INTERNET, flow.source, flow.to != INTERNET, flow.to


def _pairs(known: Ends) -> Iterator[tuple[str, str]]:
    groups = sorted(known.of_group)
    return ((a, b) for a in groups for b in groups)


def _flow(
    network: NetworkFacts, known: Ends, source: str, to: str, without_it: Network
) -> Iterator[Flow]:
    permitted = Declared(without_it, known)
    passing = union(
        path.delivered(wide=False) - permitted(a, b)
        for a in known.of_group[source]
        for b in known.of_group[to]
        if meaningful(a, b)
        for path in paths(network, a, b)
    )
    if passing:
        yield Flow(source, to, allowed(passing))


def allowed(passing: Packets) -> tuple[str, ...]:
    """The least that a contract can say and that covers `passing`."""
    ports: dict[int, list[Range]] = {}
    for box in passing.boxes:
        protocols, span = (box[4], box[5]), (box[8], box[9])
        if protocols == EVERY_PROTOCOL and span == EVERY_PORT:
            return ("all",)
        named = [number for number in NAMES if protocols[0] <= number <= protocols[1]]
        if protocols[1] - protocols[0] + 1 > len(named):
            return ("all",)  # there is no other word for other protocols
        for number in named:
            ports.setdefault(number, []).append(span)
    found = []
    for number, name in sorted(NAMES.items(), reverse=True):
        for low, high in _joined(ports.get(number, ())):
            if number == ICMP:
                found.append("icmp")
            else:
                found.append(f"{name}/{low}" if low == high else f"{name}/{low}-{high}")
    order = {"tcp": 0, "udp": 1, "icmp": 2}
    return tuple(sorted(dict.fromkeys(found), key=lambda a: order[a.partition("/")[0]]))


def _joined(spans: Iterable[Range]) -> list[Range]:
    found: list[Range] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], high)
        else:
            found.append((low, high))
    return found


def _never(network: NetworkFacts, known: Ends, flows: tuple[Flow, ...]) -> Iterator[Never]:
    """What people ask about first: from the internet to whatever it does not reach."""
    open_ = {f.to for f in flows if f.source == INTERNET}
    for group, listed in sorted(known.of_group.items()):
        hosts = [e for e in listed if isinstance(e, Host) and e.interface.subnet]
        if not hosts or group in open_ or hosts[0].interface.kind == "endpoint":
            continue
        for path in ("any", "direct"):
            if decide_never(network, INTERNET, group, path, known).verdict is Verdict.PROVEN:
                yield Never(INTERNET, group, path)
                break


def _without_way_out(network: NetworkFacts, known: Ends) -> Iterator[str]:
    """Groups of instances in subnets whose route tables lead nowhere."""
    for group, listed in sorted(known.of_group.items()):
        hosts = [e.interface for e in listed if isinstance(e, Host)]
        if not hosts or hosts[0].kind in {"endpoint", "load-balancer"}:
            continue
        subnets = {i.subnet for i in hosts}
        if not subnets <= network.subnet.keys():
            continue
        homes = [network.subnet[s] for s in subnets]
        tables = [network.route_table[h.route_table] for h in homes if not h.unknown]
        if len(tables) == len(homes) and not any(t.routes or t.unknown for t in tables):
            yield group
