"""Whether anything passes that must not, judged on the largest behaviour that AWS could show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from stackproof.aws.network.facts import NetworkFacts
from stackproof.model import Decision, Evidence, Hop, Verdict
from stackproof.proofs.headers import NONE, Packet, Packets
from stackproof.proofs.reach.ends import End, Ends, Host, name_of, urn_of
from stackproof.proofs.reach.paths import Path, paths
from stackproof.proofs.reach.possible import undecided, unread

Permission = Callable[[End, End], Packets]
"""The packets that the contract permits between two ends."""


@dataclass(frozen=True)
class Leak:
    """A packet that arrives and must not."""

    packet: Packet
    path: Path


def nothing(_source: End, _destination: End) -> Packets:
    """The permission that permits nothing."""
    return NONE


def leaks(
    facts: NetworkFacts,
    pairs: Iterable[tuple[End, End]],
    permitted: Permission,
    *,
    wide: bool,
) -> Iterator[Leak]:
    """A packet for every path on which more arrives than is permitted."""
    for source, destination in pairs:
        for path in paths(facts, source, destination):
            arrived = path.delivered(wide=wide)
            if not arrived:
                continue
            excess = arrived - permitted(source, destination)
            if excess:
                yield Leak(excess.example(), path)


def decide_closed(
    facts: NetworkFacts,
    names: tuple[str, str],
    pairs: tuple[tuple[End, End], ...],
    permitted: Permission,
    declared: tuple[str, ...],
) -> Decision:
    """Nothing passes between two groups but what the contract declares.

    The closed world of the network: decided for every ordered pair of groups, for `internet`
    and for `vpc` (every address of the VPC, whoever has it), on the largest behaviour that AWS
    could show. Packets are cut at every boundary that the configuration names, so that each
    cell is checked; one that is left is the witness.

    ## What AWS does

    Rules add up: what any security group of an interface admits is admitted (Amazon VPC User
    Guide, "Security group rules"). An address range names whoever has an address in it, so that
    two halves of the internet, `0.0.0.0/1` and `128.0.0.0/1`, also admit every host of the VPC.
    Network ACLs take the first rule that matches (Amazon VPC User Guide, "Network ACL rules").

    ## Fails

    A database without a public address, opened to half the internet: the internet cannot come
    in, but every host of the VPC can.

    ```python
    aws.vpc.SecurityGroupIngressRule(
        "debugging",
        security_group_id=database_group.id,
        ip_protocol="tcp",
        from_port=5432,
        to_port=5432,
        cidr_ipv4="0.0.0.0/1",
    )
    ```

    `network.closed.vpc-to-database`

    ## Mend

    Narrow the rule that the path names: let it refer to a security group instead of to
    addresses. Or declare the flow, for review.
    """
    source, to = names
    found = next(leaks(facts, pairs, permitted, wide=False), None)
    if found is not None:
        return violated(facts, source, to, found)
    maybe = next(leaks(facts, pairs, permitted, wide=True), None)
    if maybe is not None:
        urns = (urn_of(maybe.path.destination), urn_of(maybe.path.source))
        return undecided(maybe.path.unknown, maybe.path.hops(maybe.packet, facts), urns)
    if facts.not_modelled:
        return undecided(unread(facts), urns=tuple(n.urn for n in facts.not_modelled))
    but = f"nothing but {', '.join(declared)}" if declared else "nothing"
    summary = f"{but} passes from {source} to {to}: every packet on {len(pairs)} pairs was checked"
    return Decision(
        Verdict.PROVEN,
        Evidence("exhaustive", summary),
        tuple(dict.fromkeys(u for a, b in pairs for u in (urn_of(a), urn_of(b)) if u)),
    )


def violated(
    facts: NetworkFacts, source: str, to: str, leak: Leak, before: tuple[Hop, ...] = ()
) -> Decision:
    """The decision about a packet that arrives and must not."""
    hops = (*before, *leak.path.hops(leak.packet, facts))
    rules = [
        permit.urn
        for kind in ("ingress", "egress", "route", "acl")
        for stage in leak.path.forward
        if stage.kind == kind
        for permit in stage.permits
        if leak.packet in permit.lets
    ]
    open_by = next(
        (h.what for h in reversed(hops) if h.urn in rules[:1]),
        hops[-1].what if hops else "AWS's own network",
    )
    ends = f"{name_of(leak.path.source)} reaches {name_of(leak.path.destination)}"
    summary = f"{ends} with {leak.packet}, which no flow declares"
    witness: dict[str, object] = {"from": source, "to": to, **leak.packet.witness()}
    blame = (
        *rules,
        *(h.urn for h in hops),
        urn_of(leak.path.destination),
        urn_of(leak.path.source),
    )
    return Decision(
        Verdict.VIOLATED,
        Evidence("witness", summary, witness, hops),
        tuple(dict.fromkeys(u.partition("#")[0] for u in blame if u)),
        f"Narrow what lets it through ({open_by}), or declare the flow from {source} to {to}.",
    )


def decide_never(facts: NetworkFacts, source: str, to: str, path: str, known: Ends) -> Decision:
    """A pair that people ask about has no path, direct or by a load balancer.

    The closed world implies it. It stands apart so that no flow that somebody declares later
    can permit it unseen.

    ## What AWS does

    What a load balancer accepts it sends on from its own address, with its own security group
    (User Guide for Application Load Balancers, "Security groups for your Application Load
    Balancer"): a rule that keeps the internet out says nothing of what the balancer hands on.
    `path: proxied` and `path: any` look there.

    ## Fails

    The database calls back, and the contract says that it never does.

    ```python
    aws.vpc.SecurityGroupEgressRule(
        "callback",
        security_group_id=database_group.id,
        ip_protocol="tcp",
        from_port=8080,
        to_port=8080,
        referenced_security_group_id=web_group.id,
    )
    aws.vpc.SecurityGroupIngressRule(
        "callback",
        security_group_id=web_group.id,
        ip_protocol="tcp",
        from_port=8080,
        to_port=8080,
        referenced_security_group_id=database_group.id,
    )
    ```

    ```yaml
    network:
      never:
        - {from: database, to: web}
    ```

    `network.never.database-to-web`

    ## Mend

    Close the hop of the path that should not be open, or take the pair out of `never`.
    """
    sources, destinations = known.everywhere(source), known.everywhere(to)
    pairs = tuple((a, b) for a in sources for b in destinations)
    if path in {"direct", "any"}:
        direct = decide_closed(facts, (source, to), pairs, nothing, ())
        if path == "direct" or direct.verdict is not Verdict.PROVEN:
            return direct
    for wide in (False, True):
        for before, after in _proxied(facts, sources, destinations, wide=wide):
            if wide:
                return undecided(tuple(why for x in (*before, after) for why in x.path.unknown))
            hops = tuple(hop for leak in before for hop in leak.path.hops(leak.packet, facts))
            return violated(facts, source, to, after, hops)
    if facts.not_modelled or any(x.unknown for x in facts.listeners):
        return undecided((*unread(facts), *(x.unknown for x in facts.listeners if x.unknown)))
    summary = f"no packet passes from {source} to {to}, {_SPOKEN[path]}"
    urns = tuple(dict.fromkeys(u for e in (*sources, *destinations) if (u := urn_of(e))))
    return Decision(Verdict.PROVEN, Evidence("exhaustive", summary), urns)


_SPOKEN = {
    "proxied": "handed on by a load balancer",
    "any": "directly or handed on by a load balancer",
}


def _proxied(
    facts: NetworkFacts, sources: tuple[End, ...], destinations: tuple[End, ...], *, wide: bool
) -> Iterator[tuple[tuple[Leak, ...], Leak]]:
    """What is handed on to `destinations`, with all that came before it from `sources`.

    By a load balancer, by a distribution, or by both one after the other.
    """
    doors = [Host(i) for i in facts.interfaces if i.kind in {"load-balancer", "distribution"}]
    reached: dict[Host, tuple[Leak, ...]] = {}
    for door in doors:
        into = next(leaks(facts, ((s, door) for s in sources), nothing, wide=wide), None)
        if into is not None:
            reached[door] = (into,)
    for door, before in [x for x in reached.items() if x[0].interface.kind == "distribution"]:
        for behind in doors:
            if behind not in reached:
                onward = next(leaks(facts, ((door, behind),), nothing, wide=wide), None)
                reached |= {} if onward is None else {behind: (*before, onward)}
    for door, before in reached.items():
        handed = _handed_on(facts, door, destinations, wide=wide)
        for leak in leaks(facts, ((door, d) for d in handed), nothing, wide=wide):
            yield before, leak


def _handed_on(
    facts: NetworkFacts, door: Host, destinations: tuple[End, ...], *, wide: bool
) -> list[End]:
    """Those of `destinations` that a door calls: a distribution has no paths but to its origins."""
    if door.interface.kind == "distribution":
        return list(destinations)
    urn = door.interface.owner
    forwards = {u for x in facts.listeners if x.load_balancer == urn for u in x.forwards}
    targets = {t for u in forwards for t, _ in facts.target_group[u].targets}
    doubtful = any(facts.target_group[u].unknown for u in forwards)
    return [
        d
        for d in destinations
        if isinstance(d, Host) and (d.interface.owner in targets or (wide and doubtful))
    ]
