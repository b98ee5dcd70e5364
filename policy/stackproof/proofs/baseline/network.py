"""Without a contract, who may be reached from the internet: load balancers, on their listeners.

`baseline.internet.NAME`   no packet from the internet reaches it that has no public purpose. Only
                           what a listener of a load balancer waits for has one.
`baseline.ports.*`         ports of administration and of databases are closed to the internet.

Ranges of at most a /16 that rules name are taken to be the owner's, and are said; many of them
together are the internet again.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import msgspec

from stackproof.aws.apart import Apart
from stackproof.aws.network.facts import Interface, NetworkFacts, Range
from stackproof.model import Decision, Evidence, Family, Hop, Kinds, Obligation, Verdict
from stackproof.proofs.headers import NONE, Packets, packets, union
from stackproof.proofs.reach.addresses import INTERNET, common, without
from stackproof.proofs.reach.ends import Host, Outside, name_of, urn_of
from stackproof.proofs.reach.impossible import Leak, leaks, nothing
from stackproof.proofs.reach.possible import undecided, unread

_WIDEST_OWN = 2**16
_MOST_OWN = 2**24
_TCP: Range = (6, 6)

ADMINISTRATION = (
    (22, 23), (135, 135), (139, 139), (445, 445), (2375, 2376), (3389, 3389), (5900, 5901),
    (5985, 5986), (6443, 6443), (10250, 10250),
)  # fmt: skip
"""SSH and Telnet, Windows RPC and file sharing, Docker, Remote Desktop, VNC, WinRM, Kubernetes."""

DATABASES = (
    (1433, 1434), (1521, 1521), (2379, 2380), (3306, 3306), (5432, 5432), (5439, 5439),
    (5984, 5984), (6379, 6379), (7000, 7001), (9042, 9042), (9200, 9200), (9300, 9300),
    (11211, 11211), (27017, 27019),
)  # fmt: skip
"""SQL Server, Oracle, etcd, MySQL, PostgreSQL, Redshift, CouchDB, Redis, Cassandra,
OpenSearch, memcached, MongoDB."""


def obligations(facts: NetworkFacts, apart: Sequence[Apart]) -> list[Obligation]:
    """The claims about `facts`, whose `not_modelled` must not have what `apart` speaks of."""
    own = owned(facts)
    outside = Outside("internet", without(_outside(facts), own))
    interfaces: dict[str, list[Interface]] = {}
    for interface in facts.interfaces:
        if interface.subnet or interface.unknown:
            interfaces.setdefault(interface.owner, []).append(interface)
    found = [
        _obligation(
            f"baseline.internet.{listed[0].name}",
            f"no packet from the internet reaches {name_of(Host(listed[0]))}"
            + (" but on its listeners' ports" if _faces_internet(listed) else ""),
            partial(_unreached, facts, outside, own, tuple(listed)),
        )
        for listed in interfaces.values()
    ]
    found += [
        _obligation(
            f"baseline.internet.{one.name}",
            f"no packet from the internet reaches {'data store ' if one.store else ''}{one.name}",
            partial(_apart, facts, outside, own, one),
        )
        for one in apart
    ]
    # What is public may be so on a port of these: each is looked for by itself.
    shown = [i for listed in interfaces.values() for i in listed]
    shown += [i for one in apart for i in one.interfaces]
    for name, what, ports in (
        ("administration", "port of administration", ADMINISTRATION),
        ("databases", "port of a database", DATABASES),
    ):
        wanted = union(packets(protocols=_TCP, destination_ports=p) for p in ports)
        found.append(
            _obligation(
                f"baseline.ports.{name}",
                f"no {what} is open to the internet",
                partial(_closed, facts, outside, own, tuple(shown), wanted, what),
            )
        )
    return found


def _obligation(claim: str, title: str, decide: partial[Decision]) -> Obligation:
    return Obligation(claim, Family.NETWORK, title, decide)


def _outside(facts: NetworkFacts) -> tuple[Range, ...]:
    return without(INTERNET, [cidr for vpc in facts.vpcs for cidr in vpc.cidrs])


def owned(facts: NetworkFacts) -> tuple[Range, ...]:
    """Public ranges that rules name and that are narrow enough to be somebody's own."""
    narrow = {
        r.addresses
        for r in facts.rules
        if r.ingress and r.addresses and r.addresses[1] - r.addresses[0] < _WIDEST_OWN
    }
    public = sorted({*common(sorted(narrow), _outside(facts))})
    return tuple(public) if sum(b - a + 1 for a, b in public) <= _MOST_OWN else ()


def spelt(ranges: Iterable[Range]) -> str:
    """Ranges of addresses as CIDR blocks."""
    blocks = [
        str(block)
        for first, last in ranges
        for block in ipaddress.summarize_address_range(
            ipaddress.IPv4Address(first), ipaddress.IPv4Address(last)
        )
    ]
    return ", ".join(dict.fromkeys(blocks))


def _but(own: tuple[Range, ...]) -> str:
    return f" ({spelt(own)} apart, which rules name)" if own else ""


# ── one resource ────────────────────────────────────────────────────────────────────────────────


def _faces_internet(listed: Sequence[Interface]) -> bool:
    return listed[0].kind == "load-balancer" and any(i.public is not False for i in listed)


def _served(facts: NetworkFacts, balancer: str) -> tuple[Packets, str]:
    """What the listeners of a load balancer wait for, and what is not known of them."""
    own = [x for x in facts.listeners if x.load_balancer == balancer]
    unknown = [x.unknown or f"the port of {x.name} is not known" for x in own if x.port is None]
    ports = sorted({x.port for x in own if x.port is not None})
    heard = union(packets(protocols=_TCP, destination_ports=(p, p)) for p in ports)
    return heard, unknown[0] if unknown else ""


def _unreached(
    facts: NetworkFacts, outside: Outside, own: tuple[Range, ...], listed: tuple[Interface, ...]
) -> Decision:
    """Without a contract: no packet from the internet reaches what has no public purpose.

    Only a load balancer that faces the internet has one, on the ports of its listeners. Every
    other interface is closed, that of a managed database or a container too. Public ranges of at
    most a /16 that rules name are taken to be known people's; the report says which.

    ## What AWS does

    A public address, a route to an internet gateway and a rule that admits 0.0.0.0/0 are three
    resources; a packet arrives when all three are there, whichever came last (Amazon VPC User
    Guide, "Enable internet access for a VPC using an internet gateway"). A subnet may give public
    addresses by itself.

    ## Fails

    The web servers have public addresses, and no load balancer before them.

    ```python
    aws.vpc.SecurityGroupIngressRule(
        "status",
        security_group_id=web_group.id,
        ip_protocol="tcp",
        from_port=8080,
        to_port=8080,
        cidr_ipv4="0.0.0.0/0",
    )
    ```

    `baseline.internet.web-us-east-1a`

    ## Mend

    Put a load balancer before it, or take away the address or the rule. If it is meant to be
    public, begin a contract that says so.
    """
    served, unknown = NONE, ""
    if _faces_internet(listed):
        served, unknown = _served(facts, listed[0].owner)
    pairs = tuple((outside, Host(i)) for i in listed)
    found = next(leaks(facts, pairs, lambda _a, _b: served, wide=False), None)
    if found is not None and not unknown:
        reason = "on a port that no listener waits on" if served else "and nothing says it may"
        return _violated(facts, [found], reason)
    if found is not None:
        return undecided((unknown,), urns=(listed[0].owner,))
    maybe = next(leaks(facts, pairs, lambda _a, _b: served, wide=True), None)
    if maybe is not None:
        hops = maybe.path.hops(maybe.packet, facts)
        return undecided(maybe.path.unknown, hops, (listed[0].owner,))
    if facts.not_modelled:
        return undecided(unread(facts), urns=tuple(n.urn for n in facts.not_modelled))
    rest = " but what its listeners wait for" if served else ""
    summary = f"no packet from the internet{_but(own)} reaches {listed[0].name}{rest}"
    return Decision(Verdict.PROVEN, Evidence("exhaustive", summary), (listed[0].owner,))


def _violated(facts: NetworkFacts, found: Sequence[Leak], reason: str) -> Decision:
    first = found[0]
    hops = first.path.hops(first.packet, facts)
    rules = [
        permit.urn
        for leak in found
        for stage in leak.path.forward
        if stage.kind == "ingress"
        for permit in stage.permits
        if leak.packet in permit.lets
    ]
    who = name_of(first.path.destination)
    open_by = next((h.what for h in hops if h.urn in rules[:1]), "what lets it through")
    blamed = [*rules, *(urn_of(leak.path.destination) for leak in found), *(h.urn for h in hops)]
    return Decision(
        Verdict.VIOLATED,
        Evidence(
            "witness",
            f"the internet reaches {who} with {first.packet}, {reason}",
            {"from": "internet", "to": who, **first.packet.witness()},
            hops,
        ),
        tuple(dict.fromkeys(u.partition("#")[0] for u in blamed if u)),
        f"Narrow {open_by}; if it is meant to be so, begin a contract (`stackproof contract`) that"
        " says it.",
    )


# ── what the network proofs do not read ─────────────────────────────────────────────────────────


def _apart(facts: NetworkFacts, outside: Outside, own: tuple[Range, ...], one: Apart) -> Decision:
    if one.public is False:
        if facts.not_modelled:
            return undecided(unread(facts), urns=(one.urn,))
        summary = f"{one.name} has no address on the internet: {one.because}"
        return Decision(Verdict.PROVEN, Evidence("exhaustive", summary), (one.urn,))
    if one.public and not one.filtered:
        return Decision(
            Verdict.VIOLATED,
            Evidence(
                "witness",
                f"anybody on the internet can call {one.name}: {one.because}",
                {"from": "internet", "to": one.name, "protocol": "tcp", "destination_port": 443},
                (Hop(one.because, urn=one.urn, location=facts.locations.get(one.urn)),),
            ),
            (one.urn,),
            f"Place {one.name} in a VPC.",
        )
    if one.public and one.interfaces:
        decision = _unreached(facts, outside, own, one.interfaces)
        if decision.verdict is not Verdict.PROVEN:
            return msgspec.structs.replace(
                decision, resources=tuple(dict.fromkeys((*decision.resources, one.urn)))
            )
        return decision
    why = f"{one.because}, and its subnets and security groups cannot be read"
    return undecided(
        (f"{one.name}: {why if one.public else one.because}",),
        urns=(one.urn,),
    )


# ── ports that nobody outside needs ─────────────────────────────────────────────────────────────


def _closed(  # noqa: PLR0913, PLR0917 - what is looked for, where, and from whom
    facts: NetworkFacts,
    outside: Outside,
    own: tuple[Range, ...],
    shown: tuple[Interface, ...],
    wanted: Packets,
    what: str,
) -> Decision:
    """Without a contract: no port of administration, and none of a database, is open to the world.

    Of anything that has a network interface, a load balancer too: SSH, Telnet, Windows file
    sharing and Remote Desktop, VNC, WinRM, Docker, Kubernetes; SQL Server, Oracle, MySQL,
    PostgreSQL, Redis, Cassandra, OpenSearch, memcached, MongoDB and more, on their usual ports.

    ## What AWS does

    Security groups have no deny: one rule among sixty that admits the world is enough (Amazon VPC
    User Guide, "Security group rules"). Session Manager needs no open port at all (AWS Systems
    Manager User Guide, "AWS Systems Manager Session Manager").

    ## Fails

    ```python
    aws.vpc.SecurityGroupIngressRule(
        "administrators",
        security_group_id=web_group.id,
        ip_protocol="tcp",
        from_port=22,
        to_port=22,
        cidr_ipv4="0.0.0.0/0",
    )
    ```

    `baseline.ports.administration`

    ## Mend

    Let the rule name the addresses of those who need it, or use Session Manager.
    """
    pairs = tuple((outside, Host(i)) for i in shown)
    found = list(_open(facts, pairs, wanted, wide=False))
    if found:
        return _violated(facts, found, f"which is a {what}")
    maybe = next(_open(facts, pairs, wanted, wide=True), None)
    if maybe is not None:
        return undecided(maybe.path.unknown, urns=(urn_of(maybe.path.destination),))
    if facts.not_modelled:
        return undecided(unread(facts), urns=tuple(n.urn for n in facts.not_modelled))
    owners = tuple(dict.fromkeys(i.owner for i in shown))
    summary = f"no {what} of {len(owners)} resources is open to the internet{_but(own)}"
    return Decision(Verdict.PROVEN, Evidence("exhaustive", summary), owners)


def _open(
    facts: NetworkFacts, pairs: Iterable[tuple[Outside, Host]], wanted: Packets, *, wide: bool
) -> Iterator[Leak]:
    for leak in leaks(facts, pairs, nothing, wide=wide):
        arrived = leak.path.delivered(wide=wide) & wanted
        if arrived:
            yield Leak(arrived.example(), leak.path)


KINDS: Kinds = {"baseline.internet": _unreached, "baseline.ports": _closed}
