"""Flows opened and closed: every packet that passes on one side and not on the other.

Both networks are compared end by end. An address of a host says where it is, not who it is, so
the packets of a host whose subnet was renumbered are moved with it; addresses outside stay what
they are. A host that is new in a group is compared with what passed to and from any other of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import msgspec

from stackproof.aws.network.facts import NetworkFacts, Range
from stackproof.compare.difference import Change, Effect, Section
from stackproof.compare.traffic import from_anybody, moved, spoken
from stackproof.families import World
from stackproof.model import Hop
from stackproof.proofs.headers import NONE, Packet, Packets, packets, union
from stackproof.proofs.reach.addresses import INTERNET, block, without
from stackproof.proofs.reach.ends import (
    VPC_GROUP,
    End,
    Host,
    Neighbour,
    Outside,
    Service,
    name_of,
)
from stackproof.proofs.reach.paths import Path, initiates, paths
from stackproof.selection import INTERNET as INTERNET_GROUP
from stackproof.selection import Members

Key = tuple[str, ...]


@dataclass(frozen=True)
class Seat:
    """An end, and what it is known by: `key` on both sides, `roles` among others of its kind."""

    end: End
    key: Key
    roles: frozenset[str]
    label: str
    domain: tuple[Range, ...]

    @property
    def outside(self) -> bool:
        """Whether its addresses are those of nobody in particular."""
        return isinstance(self.end, Outside | Neighbour)


@dataclass(frozen=True)
class Passing:
    """What passes between two seats: surely, and at most; by which paths."""

    surely: Packets
    at_most: Packets
    ways: tuple[Path, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """What is not known on the ways."""
        if self.surely == self.at_most:
            return ()
        return tuple(dict.fromkeys(why for way in self.ways for why in way.unknown))


_NOTHING = Passing(NONE, NONE, ())


class Network:
    """The seats of one side, and what passes between them."""

    def __init__(self, world: World) -> None:
        self.facts: NetworkFacts = world.network
        self.members: Mapping[str, Members] = world.members
        self._found: dict[tuple[Key, Key], Passing] = {}

    @cached_property
    def seats(self) -> dict[Key, Seat]:
        """Every end of the network, by key."""
        found: dict[Key, Seat] = {}
        for seat in self._seats():
            number, key = 1, seat.key
            while key in found:
                number += 1
                key = (*seat.key, str(number))
            found[key] = replace(seat, key=key)
        return found

    @cached_property
    def named(self) -> list[tuple[str, tuple[Range, ...]]]:
        """The groups of the contract that are addresses, and which."""
        found = []
        for name, chosen in sorted(self.members.items()):
            blocks = tuple(b for b in map(block, chosen.cidrs) if b is not None)
            if blocks and name != INTERNET_GROUP:
                found.append((name, blocks))
        return found

    def addresses(self, *labels: str) -> tuple[Range, ...]:
        """All addresses outside that the labels mean."""
        named = dict(self.named)
        found = [r for label in labels for r in named.get(label, ())]
        if INTERNET_GROUP in labels:
            found += without(INTERNET, [r for ranges in named.values() for r in ranges])
        return tuple(found)

    def _seats(self) -> Iterator[Seat]:
        facts = self.facts
        for interface in facts.interfaces:
            groups = self._groups({interface.owner, interface.resource}, interface.service)
            host = Host(interface)
            label = " and ".join(sorted(groups)) or name_of(host)
            domain = (interface.address,) if interface.subnet else INTERNET
            at = ("host", interface.owner, interface.resource, interface.subnet)
            yield Seat(host, at, groups | {interface.owner}, label, domain)
        taken = [i.address for i in facts.interfaces if i.address[0] == i.address[1]]
        for subnet in facts.subnets:
            free = without((subnet.hosts,), taken)
            if free and not subnet.unknown:
                roles = frozenset({f"{VPC_GROUP} {subnet.vpc}"})
                neighbour = Neighbour(subnet, free)
                yield Seat(neighbour, ("subnet", subnet.urn), roles, VPC_GROUP, free)
        for endpoint in facts.gateway_endpoints:
            groups = self._groups(set(), endpoint.service) or frozenset({endpoint.service})
            label = " and ".join(sorted(groups))
            of = ("service", endpoint.service, endpoint.vpc)
            yield Seat(Service(endpoint), of, groups, label, INTERNET)
        inside = [cidr for vpc in facts.vpcs for cidr in vpc.cidrs]
        public = without(INTERNET, inside)
        internet = Outside(INTERNET_GROUP, public)
        yield Seat(internet, ("internet",), frozenset({INTERNET_GROUP}), INTERNET_GROUP, public)

    def _groups(self, urns: set[str], service: str) -> frozenset[str]:
        return frozenset(
            name
            for name, chosen in self.members.items()
            if any(r.urn in urns for r in chosen.resources)
            or (service and chosen.service == service)
        )

    def label_of(self, urn: str) -> str:
        """What a resource is called: its group, or else its name."""
        groups = self._groups({urn}, "")
        return " and ".join(sorted(groups)) or urn.rpartition("::")[2]

    def pairs(self) -> Iterator[tuple[Key, Key]]:
        """Ordered pairs of seats between which the program decides anything."""
        for source, destination in product(self.seats.values(), repeat=2):
            if not initiates(source.end) or (source.outside and destination.outside):
                continue
            if source.outside and not isinstance(destination.end, Host):
                continue
            if source.key == destination.key and _one_address(source.end):
                continue
            yield source.key, destination.key

    def passing(self, pair: tuple[Key, Key]) -> Passing:
        """What passes from the one to the other; nothing where one of them is not there."""
        if pair not in self._found:
            self._found[pair] = self._passing(pair)
        return self._found[pair]

    def _passing(self, pair: tuple[Key, Key]) -> Passing:
        source, destination = (self.seats.get(key) for key in pair)
        if source is None or destination is None:
            return _NOTHING
        ways = paths(self.facts, source.end, destination.end)
        if not ways:
            return _NOTHING
        within = packets(sources=source.domain, destinations=destination.domain)
        surely = union(w.delivered(wide=False) for w in ways) & within
        if not any(w.unknown for w in ways):
            return Passing(surely, surely, ways)
        return Passing(surely, union(w.delivered(wide=True) for w in ways) & within, ways)

    @cached_property
    def between(self) -> dict[tuple[str, str], Packets]:
        """What surely passes between every two groups."""
        found: dict[tuple[str, str], list[Packets]] = {}
        for pair in self.pairs():
            for source, to, part in by_label(self, pair, self.passing(pair).surely):
                found.setdefault((source, to), []).append(part)
        return {ends: union(parts) for ends, parts in found.items()}


def _one_address(end: End) -> bool:
    return isinstance(end, Host) and end.interface.address[0] == end.interface.address[1]


# ── what differs ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Piece:
    """Packets of one pair of seats that pass on `here` and do not on `there`, or may so."""

    here: Network
    there: Network
    pair: tuple[Key, Key]
    packets: Packets
    sure: bool
    opened: bool
    unknown: tuple[str, ...] = ()


def pieces(base: Network, head: Network) -> Iterator[Piece]:
    """Everything that was opened or closed, pair by pair."""
    yield from _more(head, base, opened=True)
    yield from _more(base, head, opened=False)


def _more(here: Network, there: Network, *, opened: bool) -> Iterator[Piece]:
    """What passes on `here` and not on `there`."""
    for pair in here.pairs():
        mine = here.passing(pair)
        if not mine.at_most:
            continue
        others = list(counterparts(here, there, pair))
        if others == [pair] and _same(here, there, pair):
            continue
        surely = union(_moved(there, here, p, pair, there.passing(p).surely) for p in others)
        at_most = union(_moved(there, here, p, pair, there.passing(p).at_most) for p in others)
        sure = mine.surely - at_most
        if sure:
            yield Piece(here, there, pair, sure, sure=True, opened=opened)
        perhaps = ((mine.at_most - at_most) | (mine.surely - surely)) - sure
        if perhaps:
            why = [*mine.unknown, *(w for p in others for w in there.passing(p).unknown)]
            known = tuple(dict.fromkeys(why))
            yield Piece(here, there, pair, perhaps, sure=False, opened=opened, unknown=known)


def _same(here: Network, there: Network, pair: tuple[Key, Key]) -> bool:
    """Whether a glance shows that the same passes, between the same addresses."""
    mine, theirs = here.passing(pair), there.passing(pair)
    return (mine.surely, mine.at_most) == (theirs.surely, theirs.at_most) and all(
        here.seats[key].domain == there.seats[key].domain for key in pair
    )


def counterparts(here: Network, there: Network, pair: tuple[Key, Key]) -> Iterable[tuple[Key, Key]]:
    """The same pair on the other side; for a seat that is new, the others of its role."""

    def same(key: Key) -> list[Key]:
        if key in there.seats:
            return [key]
        seat = here.seats[key]
        return [
            k
            for k, other in there.seats.items()
            if other.roles & seat.roles and other.key[0] == key[0]
        ]

    return product(same(pair[0]), same(pair[1]))


def mover(
    there: Network, here: Network, to: tuple[Key, Key]
) -> Callable[[tuple[Key, Key], Packets], Packets]:
    """Takes packets of a pair on `there` to the addresses of `to` on `here`."""
    return lambda pair, found: _moved(there, here, pair, to, found)


def _moved(
    there: Network,
    here: Network,
    pair: tuple[Key, Key],
    to: tuple[Key, Key],
    found: Packets,
) -> Packets:
    """`found`, packets of `pair` on `there`, in the addresses of `to` on `here`."""
    if not found:
        return found
    for axis, (old, new) in enumerate(zip(pair, to, strict=True)):
        found = moved(found, axis, there.seats[old].domain, here.seats[new].domain)
    return found


def unknown_alike(base: Network, head: Network) -> Iterator[str]:
    """What is not known of the same packets on both sides."""
    for pair in head.pairs():
        mine, theirs = head.passing(pair), base.passing(pair)
        if mine.unknown and theirs.unknown:
            open_here = mine.at_most - mine.surely
            open_there = _moved(base, head, pair, pair, theirs.at_most - theirs.surely)
            if open_here & open_there:
                yield from (why for why in mine.unknown if why in theirs.unknown)


# ── in words ────────────────────────────────────────────────────────────────────────────────────


def changes(base: Network, head: Network) -> Iterator[Change]:
    """The flows opened and closed, one change for each pair of groups and direction.

    What is open to the internet is open to everybody: others to whom the same is true stand in
    `also` of that change.
    """
    told: dict[tuple[str, str, bool, bool], list[Piece]] = {}
    for piece in pieces(base, head):
        for source, to, part in labelled(piece):
            told.setdefault((source, to, piece.opened, piece.sure), []).append(part)
    also: dict[tuple[str, bool], list[str]] = {}
    for source, to, opened, sure in list(told):
        public = told.get((INTERNET_GROUP, to, opened, sure))
        mine = told[source, to, opened, sure]
        if source != INTERNET_GROUP and sure and public and _within(mine, public):
            also.setdefault((to, opened), []).append(source)
            del told[source, to, opened, sure]
    for (source, to, opened, sure), parts in told.items():
        change = _change((source, to), parts, base, head)
        if source == INTERNET_GROUP and sure:
            others = tuple(sorted(also.get((to, opened), ())))
            change = msgspec.structs.replace(change, also=others)
        yield change


def _within(mine: list[Piece], public: list[Piece]) -> bool:
    """Whether the public may send all of it too, by protocols and ports."""
    theirs = union(from_anybody(p.packets) for p in public)
    return union(from_anybody(p.packets) for p in mine).issubset(theirs)


def labelled(piece: Piece) -> Iterator[tuple[str, str, Piece]]:
    """The parts of a piece by the groups of their ends: addresses may belong to several."""
    for source, to, part in by_label(piece.here, piece.pair, piece.packets):
        yield source, to, replace(piece, packets=part)


def by_label(
    network: Network, pair: tuple[Key, Key], found: Packets
) -> Iterator[tuple[str, str, Packets]]:
    """`found`, packets of `pair`, by the groups of its two ends."""
    source, destination = network.seats[pair[0]], network.seats[pair[1]]
    for a, froms in _owners(network, source):
        for b, tos in _owners(network, destination):
            part = found & packets(sources=froms, destinations=tos)
            if part:
                yield a, b, part


def _owners(network: Network, seat: Seat) -> list[tuple[str, tuple[Range, ...]]]:
    """The groups of the addresses of a seat."""
    if not seat.outside:
        return [(seat.label, seat.domain)]
    named = [r for _, ranges in network.named for r in ranges]
    return [*network.named, (seat.label, without(seat.domain, named))]


def _change(ends: tuple[str, str], parts: list[Piece], base: Network, head: Network) -> Change:
    source, to = ends
    parts = sorted(parts, key=lambda p: p.pair)
    piece = min(parts, key=lambda p: (p.packets.example().protocol != _TCP, p.pair))
    packet = piece.packets.example()
    word = "opened" if piece.opened else "closed"
    effect = Effect.WIDENED if piece.opened else Effect.NARROWED
    traffic = spoken(union(p.packets for p in parts), piece.here.addresses(source, to))
    before, after = (
        spoken(n.between.get(ends, NONE), n.addresses(source, to)) or "nothing"
        for n in (base, head)
    )
    return Change(
        Section.FLOWS,
        effect if piece.sure else Effect.UNDECIDED,
        word if piece.sure else f"perhaps {word}",
        f"{source} to {to}",
        f"{traffic}{_which(parts, source, to)}",
        before,
        after,
        (),
        {"from": source, "to": to, **packet.witness()},
        way(piece.here, piece.pair, packet),
        _stopped(piece, packet),
        "head" if piece.opened else "base",
        tuple(dict.fromkeys(why for p in parts for why in p.unknown)),
    )


_TCP = 6


def _which(parts: list[Piece], source: str, to: str) -> str:
    """The members that it is about, where it is not about all of the group."""
    said = []
    for side, group in enumerate((source, to)):
        network = parts[0].here
        mine = {network.seats[p.pair[side]].end for p in parts}
        hosts = {e.interface.owner: e.interface.name for e in mine if isinstance(e, Host)}
        every = {
            s.end.interface.owner
            for s in network.seats.values()
            if s.label == group and isinstance(s.end, Host)
        }
        if hosts and hosts.keys() < every:
            said.append(f"{'from' if side == 0 else 'to'} {', '.join(sorted(hosts.values()))} only")
    return f", {' '.join(said)}" if said else ""


def way(network: Network, pair: tuple[Key, Key], packet: Packet) -> tuple[Hop, ...]:
    """The hops of `packet` on the way by which it arrives, at the widest."""
    ways = network.passing(pair).ways
    for wide in (False, True):
        for way in ways:
            if packet in way.delivered(wide=wide):
                return way.hops(packet, network.facts)
    return ()


def _stopped(piece: Piece, packet: Packet) -> tuple[Hop, ...]:
    """What stops the same packet on the other side."""
    if any(key not in piece.there.seats for key in piece.pair):
        missing = next(k for k in piece.pair if k not in piece.there.seats)
        name = name_of(piece.here.seats[missing].end)
        return (Hop(f"{name} is not there", permits=False),)
    ends = [piece.there.seats[key].end for key in piece.pair]
    source, destination = ends
    found: list[Hop] = []
    for way in paths(piece.there.facts, source, destination):
        found += [h for h in way.every_hop(packet, piece.there.facts) if not h.permits]
    if not found:
        return (
            Hop(f"nothing connects {name_of(source)} and {name_of(destination)}", permits=False),
        )
    return tuple(dict.fromkeys(found))
