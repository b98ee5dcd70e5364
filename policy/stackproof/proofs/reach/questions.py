"""`explain flow FROM TO PORT`: whether it passes, and by what, or what stops it."""

from __future__ import annotations

from collections.abc import Mapping

from stackproof.aws.network.facts import NetworkFacts
from stackproof.model import Explanation, Graph, Hop
from stackproof.proofs.headers import Packets
from stackproof.proofs.reach.addresses import block, common
from stackproof.proofs.reach.ends import End, Ends, Host, Neighbour, Outside, ends
from stackproof.proofs.reach.paths import paths
from stackproof.proofs.reach.possible import Blocked, Outcome, Passed, possible, unread
from stackproof.proofs.reach.traffic import permitted, required
from stackproof.selection import Members, SelectorError


def explain(  # noqa: PLR0913, PLR0917 - the words of the question
    facts: NetworkFacts,
    graph: Graph,
    members: Mapping[str, Members],
    source: str,
    to: str,
    port: str | int,
) -> Explanation:
    """Whether `source` reaches `to`: groups, logical names of resources, `internet` or addresses.

    `port` is `443` (TCP), `udp/53`, `icmp`, `tcp/1024-65535` or `all`. The answer is yes when some
    of it passes and is answered, no when nothing arrives at all. Raises SelectorError for a name
    that nothing has and ValueError for a port that is none.
    """
    allow = f"tcp/{port}" if str(port).replace("-", "").isdigit() else str(port)
    permitted((allow,))
    known = ends(facts, members)
    sources = _named(facts, graph, known, source)
    destinations = _named(facts, graph, known, to)
    outcomes = [
        (a, b, possible(facts, a, b, required((allow,)))) for a in sources for b in destinations
    ]
    what = f"{allow} from {source} to {to}"
    doubts = tuple(
        dict.fromkeys(
            (
                *unread(facts),
                *(why for _, _, o in outcomes if isinstance(o, Blocked) for why in o.doubt),
                *(_whose(e) for e in (*sources, *destinations) if isinstance(e, Neighbour)),
            )
        )
    )
    passed = [o for _, _, o in outcomes if isinstance(o, Passed)]
    blocked = [o for _, _, o in outcomes if isinstance(o, Blocked) and not o.doubt]
    if passed and not doubts:
        rest = len(outcomes) - len(passed)
        some = f"; {rest} of {len(outcomes)} pairs are blocked" if rest else ""
        because = f"{passed[0].packet} passes and its reply comes back{some}"
        return Explanation("yes", because, passed[0].hops, _blockers(blocked))
    partly = _partly(facts, outcomes, permitted((allow,)))
    if partly is not None and not passed and not doubts:
        return partly
    if (passed or partly is not None or len(blocked) < len(outcomes)) and doubts:
        path = passed[0].hops if passed else ()
        return Explanation("unknown", f"{what}: {'; '.join(doubts)}", path, _blockers(blocked))
    if unread(facts):
        return Explanation("unknown", f"{what}: {'; '.join(unread(facts))}", (), _blockers(blocked))
    because = blocked[0].summary if blocked else f"nothing connects {source} and {to}"
    path = tuple(h for h in blocked[0].hops if h.permits) if blocked else ()
    return Explanation("no", because, path, _every_blocker(facts, outcomes))


def _whose(end: Neighbour) -> str:
    return f"the security groups of whoever has the address in {end.subnet.name} are not known"


def _partly(
    facts: NetworkFacts, outcomes: list[tuple[End, End, Outcome]], asked: Packets
) -> Explanation | None:
    """Some of it arrives although not all of it does, or although no reply comes back."""
    for source, destination, outcome in outcomes:
        for path in paths(facts, source, destination):
            arrived = path.delivered(wide=False) & asked
            if arrived and isinstance(outcome, Blocked):
                packet = arrived.example()
                because = f"{packet} arrives, but not all of it is possible: {outcome.summary}"
                return Explanation("yes", because, path.hops(packet, facts), _blockers([outcome]))
    return None


def _every_blocker(
    facts: NetworkFacts, outcomes: list[tuple[End, End, Outcome]]
) -> tuple[Hop, ...]:
    """All that stands in the way of each packet, not only what it meets first."""
    found: list[Hop] = []
    for source, destination, outcome in outcomes:
        if not isinstance(outcome, Blocked):
            continue
        found += [h for h in outcome.hops if not h.permits]
        for path in paths(facts, source, destination) if outcome.packet is not None else ():
            if not outcome.reply and outcome.packet is not None:
                found += [h for h in path.every_hop(outcome.packet, facts) if not h.permits]
    return tuple(dict.fromkeys(found))


def _blockers(blocked: list[Blocked]) -> tuple[Hop, ...]:
    return tuple(dict.fromkeys(h for b in blocked for h in b.hops if not h.permits))


def _named(facts: NetworkFacts, graph: Graph, known: Ends, text: str) -> tuple[End, ...]:
    """The ends that `text` means: a group, a resource by logical name or URN, or an address."""
    if known.everywhere(text):
        return known.everywhere(text)
    urns = frozenset(r.urn for r in graph.resources if text in {r.name, r.urn})
    hosts = tuple(Host(i) for i in facts.interfaces_of(urns))
    if hosts:
        return hosts
    try:
        addresses = block(text)
    except ValueError:
        names = ", ".join(sorted({*known.of_group, *(i.name for i in facts.interfaces)}))
        lacks = "has no network interface" if urns else "is no group, resource or address"
        raise SelectorError(text, f"'{text}' {lacks}; on the network are {names}") from None
    if addresses is None:
        raise SelectorError(text, f"'{text}' is IPv6, which no VPC here has")
    fixed = tuple(Host(i) for i in facts.interfaces if i.subnet and i.address == addresses)
    if fixed:
        return fixed
    inside = tuple(
        Neighbour(s, common((addresses,), (s.cidr,)))
        for s in facts.subnets
        if common((addresses,), (s.cidr,))
    )
    return inside or (Outside(text, (addresses,)),)
