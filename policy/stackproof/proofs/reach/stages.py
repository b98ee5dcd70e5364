"""The filters that a packet meets, each as an exact set of the packets that it lets through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from stackproof.aws.network.facts import (
    CLOUDFRONT,
    EVERY_ADDRESS,
    Interface,
    NetworkAcl,
    NetworkAclRule,
    NetworkFacts,
    Range,
    Route,
    RouteTable,
    SecurityGroupRule,
)
from stackproof.model import Hop
from stackproof.proofs.headers import ANY, NONE, Packet, Packets, packets, union
from stackproof.proofs.reach.addresses import CLOUDFRONT_AT_LEAST, INTERNET, without


@dataclass(frozen=True, slots=True)
class Permit:
    """One rule, route or fact that lets packets through."""

    lets: Packets
    urn: str
    text: str


@dataclass(frozen=True, slots=True)
class Stage:
    """One filter. `strict` takes nothing unknown for granted, `wide` takes it at its widest."""

    kind: str
    """`egress`, `ingress`, `acl`, `route`, `public`, `dns`, `unknown`."""
    name: str
    urn: str
    strict: Packets = NONE
    wide: Packets = NONE
    permits: tuple[Permit, ...] = ()
    blocked: str = ""
    """What to say of a packet that does not pass."""
    mend: str = ""
    unknown: tuple[str, ...] = ()
    """Why `strict` and `wide` differ."""

    def lets(self, *, wide: bool) -> Packets:
        """The packets that pass."""
        return self.wide if wide else self.strict

    def hop(self, packet: Packet, facts: NetworkFacts) -> Hop:
        """What this stage does to `packet`, with the line to look at."""
        for permit in self.permits:
            if packet in permit.lets:
                return _hop(facts, permit.text, permit.urn, permits=True)
        if packet in self.strict:
            return _hop(facts, self.name, self.urn, permits=True)
        if packet in self.wide:
            return _hop(facts, "; ".join(self.unknown) or self.name, self.urn, permits=True)
        return _hop(facts, self.blocked or f"{self.name} does not permit it", self.urn)


def _hop(facts: NetworkFacts, what: str, urn: str, *, permits: bool = False) -> Hop:
    declared = urn.partition("#")[0]
    return Hop(what, permits, declared, facts.locations.get(declared))


def undecided(why: str, urn: str) -> Stage:
    """A stage of which nothing is known."""
    return Stage("unknown", why, urn, NONE, ANY, unknown=(why,))


def gate(stage: Stage, *, open_: bool | None) -> Stage:
    """`stage` letting everything through, or nothing, or nobody knows which (None)."""
    return replace(
        stage,
        strict=ANY if open_ else NONE,
        wide=NONE if open_ is False else ANY,
        unknown=(f"it is not known whether {stage.name}",) if open_ is None else (),
    )


@dataclass(frozen=True, slots=True)
class Onward:
    """Where a route table sends which outside addresses."""

    route: Route
    addresses: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class Peer:
    """What security groups may know of the other end besides its address."""

    groups: tuple[str, ...] = ()
    prefix_list: str = ""


NOBODY = Peer()


class Stages:
    """Builds the stages of one network, each once."""

    def __init__(self, facts: NetworkFacts) -> None:
        self.facts = facts
        self._groups: dict[tuple[tuple[str, ...], bool, Peer], Stage] = {}
        self._acls: dict[tuple[str, bool], Stage] = {}
        self._tables: dict[str, tuple[tuple[Onward, ...], str]] = {}

    def security_groups(self, interface: Interface, *, ingress: bool, peer: Peer = NOBODY) -> Stage:
        """The security groups of `interface`: the union of their rules.

        A rule that names a group matches the interfaces in that group, whatever their addresses
        (Amazon VPC User Guide, "Security group rules").
        """
        key = (interface.security_groups, ingress, peer)
        if key not in self._groups:
            self._groups[key] = self._security_groups(*key)
        return self._groups[key]

    def _security_groups(self, groups: tuple[str, ...], ingress: bool, peer: Peer) -> Stage:  # noqa: FBT001
        direction = "ingress" if ingress else "egress"
        permits: list[Permit] = []
        maybe: list[Packets] = []
        unknown: list[str] = []
        for key in groups:
            group = self.facts.security_group[key]
            if group.unknown:
                unknown.append(group.unknown)
                maybe.append(ANY)
            for rule in self.facts.rules_of.get(key, ()):
                lets = _lets(rule, peer) if rule.ingress == ingress else NONE
                if not lets:
                    continue
                if rule.prefix_list == CLOUDFRONT and peer.prefix_list != CLOUDFRONT:
                    maybe.append(_of(rule, INTERNET))
                    unknown.append(f"which addresses rule {rule.name} names, AWS decides")
                if group.unknown or rule.unknown:
                    maybe.append(lets)
                    unknown += [rule.unknown] if rule.unknown else []
                    continue
                text = f"security group {group.name}: {direction} rule {rule.name}"
                permits.append(Permit(lets, rule.urn, text))
        names = " and ".join(self.facts.security_group[k].name for k in groups)
        strict = union(p.lets for p in permits)
        way = "from its source" if ingress else "to its destination"
        return Stage(
            direction,
            f"security group {names} ({direction})",
            groups[0] if groups else "",
            strict,
            union((strict, *maybe)),
            tuple(permits),
            f"security group {names} has no {direction} rule that permits it",
            f"Add an {direction} rule to security group {names} for exactly this traffic {way}.",
            tuple(dict.fromkeys(unknown)),
        )

    def network_acl(self, acl: str, *, egress: bool) -> Stage:
        """A network ACL in one direction: by number, the first match decides.

        (Amazon VPC User Guide, "Network ACL rules".) An entry that is not known may come first.
        """
        key = (acl, egress)
        if key not in self._acls:
            self._acls[key] = _acl_stage(self.facts.network_acl[acl], egress=egress)
        return self._acls[key]

    def onward(self, table: RouteTable) -> tuple[tuple[Onward, ...], str]:
        """Which addresses outside the VPC each route takes, longest prefix first; what is unknown.

        (Amazon VPC User Guide, "Route priority".)
        """
        if table.urn not in self._tables:
            self._tables[table.urn] = self._onward(table)
        return self._tables[table.urn]

    def _onward(self, table: RouteTable) -> tuple[tuple[Onward, ...], str]:
        if table.unknown:
            return (), table.unknown
        vpc = self.facts.vpc[table.vpc]
        taken: list[Range] = list(vpc.cidrs)
        unknown = ""
        found: list[Onward] = []
        by_length = sorted((r for r in table.routes if r.destination is not None), key=_size)
        for route in by_length:
            if route.destination is None:
                continue
            first, last = route.destination
            if any(low <= first and last <= high for low, high in vpc.cidrs):
                unknown = unknown or f"route {route.name} overrides the local route: not modelled"
            if found and found[-1].route.destination == route.destination:
                unknown = unknown or f"route {route.name} has the destination of another one"
            found.append(Onward(route, without((route.destination,), taken)))
            taken.append(route.destination)
        return tuple(found), unknown


def _size(route: Route) -> tuple[int, int]:
    first, last = route.destination or EVERY_ADDRESS
    return last - first, first


def _lets(rule: SecurityGroupRule, peer: Peer) -> Packets:
    if rule.peer_group:
        others: tuple[Range, ...] = (EVERY_ADDRESS,) if rule.peer_group in peer.groups else ()
    elif rule.prefix_list and rule.prefix_list == peer.prefix_list:
        others = INTERNET
    elif rule.prefix_list:
        # Anybody may have a distribution, whose requests come from CloudFront's addresses.
        others = CLOUDFRONT_AT_LEAST if rule.prefix_list == CLOUDFRONT else ()
    else:
        others = (rule.addresses or EVERY_ADDRESS,)
    return _of(rule, others)


def _of(rule: SecurityGroupRule, others: tuple[Range, ...]) -> Packets:
    """What a rule lets through if its peers have these addresses."""
    if rule.ingress:
        return packets(sources=others, protocols=rule.protocols, destination_ports=rule.ports)
    return packets(destinations=others, protocols=rule.protocols, destination_ports=rule.ports)


def _entry(rule: NetworkAclRule) -> Packets:
    if rule.egress:
        return packets(
            destinations=(rule.addresses,), protocols=rule.protocols, destination_ports=rule.ports
        )
    return packets(
        sources=(rule.addresses,), protocols=rule.protocols, destination_ports=rule.ports
    )


def _acl_stage(acl: NetworkAcl, *, egress: bool) -> Stage:
    direction = "outbound" if egress else "inbound"
    entries = [r for r in acl.rules if r.egress == egress]
    doubtful = [_entry(r) for r in entries if r.unknown]
    denied_strict, denied_wide = union(doubtful), NONE
    permits: list[Permit] = []
    wide: list[Packets] = list(doubtful)
    for rule in entries:
        if rule.unknown:
            continue
        matched = _entry(rule)
        if rule.allow:
            text = f"network ACL {acl.name}: {direction} entry {rule.number} ({rule.name})"
            permits.append(Permit(matched - denied_strict, rule.urn, text))
            wide.append(matched - denied_wide)
        else:
            denied_strict, denied_wide = denied_strict | matched, denied_wide | matched
    unknown = tuple(r.unknown for r in entries if r.unknown)
    strict = union(p.lets for p in permits)
    if acl.unknown:
        strict, wide, unknown, permits = NONE, [ANY], (acl.unknown,), []
    return Stage(
        "acl",
        f"network ACL {acl.name} ({direction})",
        acl.urn,
        strict,
        union(wide),
        tuple(permits),
        f"network ACL {acl.name} has no {direction} entry that permits it",
        f"Add an {direction} entry to network ACL {acl.name} that allows it.",
        unknown,
    )


@lru_cache(maxsize=16)
def stages_of(facts: NetworkFacts) -> Stages:
    """The stages of `facts`, kept: many claims ask for the same ones."""
    return Stages(facts)
