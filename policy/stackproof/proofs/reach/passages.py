"""What passes between every two groups, and by which rules: the flows, to be shown and not judged.

The claims of `proofs.reach.claims` say whether that is as the contract has it; here is what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from stackproof.aws.network.facts import EVERY_PORT, EVERY_PROTOCOL, NetworkFacts, Range
from stackproof.contract import Network
from stackproof.model import Hop
from stackproof.proofs.headers import ICMP, NAMES, NONE, Packets, union
from stackproof.proofs.reach.claims import Declared, meaningful
from stackproof.proofs.reach.ends import End, Ends, Host, ends
from stackproof.proofs.reach.paths import Path, paths
from stackproof.selection import Members


class Passage(msgspec.Struct, frozen=True):
    """All that passes from one group to another, in the words of a contract (`tcp/443`)."""

    source: str
    to: str
    traffic: tuple[str, ...] = ()
    """What is delivered, whatever happens to the replies."""
    excess: tuple[str, ...] = ()
    """What of it no flow of the contract permits; all of it without a contract."""
    perhaps: tuple[str, ...] = ()
    """What else is delivered if what is not known turns out that way."""
    rules: tuple[Hop, ...] = ()
    """Every rule and route that lets some of it through, from the source to the destination."""


def passages(
    facts: NetworkFacts, network: Network | None, members: Mapping[str, Members]
) -> tuple[Passage, ...]:
    """Every passage that is not empty, sorted by source and destination."""
    known = ends(facts, members)
    permitted = Declared(network or Network(), known)
    kinds = {group: _each_kind(known, group) for group in sorted(known.of_group)}
    found = []
    for source, froms in kinds.items():
        for to, tos in kinds.items():
            pairs = ((a, b) for a in froms for b in tos if meaningful(a, b))
            passage = _passage(facts, source, to, pairs, permitted)
            if passage.traffic or passage.perhaps:
                found.append(passage)
    return tuple(found)


def _each_kind(known: Ends, group: str) -> list[End]:
    """The ends of `group`, but of those that no rule can tell apart only one."""
    found: dict[object, End] = {}
    for end in known.of_group[group]:
        kind: object = end
        if isinstance(end, Host):
            it = end.interface
            same = it.kind, it.subnet, it.address, it.security_groups, it.public, it.unknown
            # Who hands on to whom, and which endpoint is asked, turns on the resource itself.
            own = it.owner if it.kind in {"endpoint", "load-balancer"} else ""
            kind = *same, own, known.groups_of[end]
        found.setdefault(kind, end)
    return list(found.values())


def _passage(
    facts: NetworkFacts,
    source: str,
    to: str,
    pairs: Iterable[tuple[End, End]],
    permitted: Declared,
) -> Passage:
    delivered, excess, perhaps = [NONE], [NONE], [NONE]
    rules: dict[Hop, None] = {}
    for a, b in pairs:
        for path in paths(facts, a, b):
            arrived = path.delivered(wide=False)
            if arrived:
                delivered.append(arrived)
                excess.append(arrived - permitted(a, b))
                rules.update(dict.fromkeys(_rules(facts, path, arrived)))
            if path.unknown:
                perhaps.append(path.delivered(wide=True) - arrived)
    return Passage(
        source,
        to,
        spelled(union(delivered)),
        spelled(union(excess)),
        spelled(union(perhaps)),
        tuple(rules),
    )


def _rules(facts: NetworkFacts, path: Path, arrived: Packets) -> Iterator[Hop]:
    for stage in path.forward:
        for permit in stage.permits:
            if permit.lets & arrived:
                yield _hop(facts, permit.text, permit.urn)
        # The local route is in every table, and cannot be taken out.
        if not stage.permits and stage.kind != "local":
            yield _hop(facts, stage.name, stage.urn)


def _hop(facts: NetworkFacts, what: str, urn: str) -> Hop:
    declared = urn.partition("#")[0]
    return Hop(what, urn=declared, location=facts.locations.get(declared))


def spelled(traffic: Packets) -> tuple[str, ...]:
    """The protocols and destination ports of `traffic`, as a contract writes them."""
    ports: dict[int, list[Range]] = {}
    others = False
    for box in traffic.boxes:
        protocols, span = (box[4], box[5]), (box[8], box[9])
        if protocols == EVERY_PROTOCOL and span == EVERY_PORT:
            return ("all",)
        named = [number for number in NAMES if protocols[0] <= number <= protocols[1]]
        for number in named:
            ports.setdefault(number, []).append(span)
        others = others or protocols[1] - protocols[0] + 1 > len(named)
    shown = []
    for number, name in NAMES.items():
        for first, last in _joined(ports.get(number, ())):
            if number == ICMP or (first, last) == EVERY_PORT:
                shown.append(name)
            else:
                shown.append(f"{name}/{first}" if first == last else f"{name}/{first}-{last}")
    return (*dict.fromkeys(shown), *(["other protocols"] if others else []))


def _joined(ranges: Iterable[Range]) -> Iterator[Range]:
    """The same ports in as few ranges as there can be, sorted."""
    current: Range | None = None
    for first, last in sorted(ranges):
        if current is not None and first <= current[1] + 1:
            current = current[0], max(current[1], last)
            continue
        if current is not None:
            yield current
        current = first, last
    if current is not None:
        yield current
