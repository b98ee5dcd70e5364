"""Guards that were taken away though nothing passes yet, because another one still holds.

Who reviews a change wants to know of a security group that admits half the internet, even while
the host behind it has no public address. So each guard is compared alone: what would pass if it
were the only one. What really passes is told by the flows and the permissions, and not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from stackproof.aws.identity import Principal
from stackproof.aws.network.facts import Range
from stackproof.compare.difference import Change, Effect, Section
from stackproof.compare.flows import Key, Network, Seat, by_label, counterparts, mover
from stackproof.compare.permissions import Policies
from stackproof.compare.traffic import from_anybody, spoken
from stackproof.model import Hop
from stackproof.proofs.headers import ANY, NONE, Packet, Packets, packets, union
from stackproof.proofs.permissions.boxes import Box, subtract
from stackproof.proofs.permissions.requests import LARGEST, SMALLEST, boxes_of
from stackproof.proofs.permissions.witnesses import first, request, shown
from stackproof.proofs.reach.ends import Host, Neighbour, Outside
from stackproof.proofs.reach.paths import paths
from stackproof.proofs.reach.stages import Peer, Stage, gate, stages_of
from stackproof.selection import INTERNET

_INTERNET = ("internet",)
_SAYS = {
    "ingress": "the security groups of {to} admit {what}",
    "egress": "the security groups of {source} let out {what}",
    "acl": "the network ACLs admit {what}",
    "public": "{to} has a public address",
    "route": "a route leads from {source} to {to} for {what}",
}


@dataclass(frozen=True)
class _Guard:
    """What one kind of guard lets through between two seats, at least and at most."""

    surely: Packets
    at_most: Packets
    stages: tuple[Stage, ...] = ()

    @property
    def lets(self) -> tuple[Packets, Packets]:
        """What is let through, at least and at most."""
        return self.surely, self.at_most

    @property
    def unknown(self) -> tuple[str, ...]:
        """Why the two differ."""
        return tuple(dict.fromkeys(why for stage in self.stages for why in stage.unknown))


_CLOSED = _Guard(NONE, NONE)


class Guards:
    """The guards between the seats of one side."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._found: dict[tuple[Key, Key], dict[str, _Guard]] = {}
        self._public: dict[Key, Packets] = {}
        self._between_acls: dict[tuple[str, str], _Guard] = {}

    def between(self, pair: tuple[Key, Key]) -> dict[str, _Guard]:
        """The guards between two seats, by kind; none where one of them is not there."""
        if pair not in self._found:
            seats = self.network.seats
            there = pair[0] in seats and pair[1] in seats
            self._found[pair] = dict(self._between(seats[pair[0]], seats[pair[1]])) if there else {}
        return self._found[pair]

    def public(self, to: Key) -> Packets:
        """The traffic that all of the internet may send there: who else may is no news."""
        if to not in self._public:
            pair = _INTERNET, to
            every = _within(self, pair)
            refused = every - self.network.passing(pair).surely
            self._public[to] = from_anybody(every) - from_anybody(refused)
        return self._public[to]

    def _between(self, source: Seat, to: Seat) -> Iterator[tuple[str, _Guard]]:
        """Only of what may ever meet: hosts of one VPC, and addresses outside.

        A host that nobody declared has no guards of its own; those of whom it calls count.
        """
        if not _may_meet(source, to):
            return
        facts, stages = self.network.facts, stages_of(self.network.facts)
        a, b = source.end, to.end
        of_source, of_to = (
            Peer(end.interface.security_groups if isinstance(end, Host) else ()) for end in (a, b)
        )
        if isinstance(b, Host):
            admits = stages.security_groups(b.interface, ingress=True, peer=of_source)
            yield "ingress", _of(admits)
        if isinstance(a, Host):
            lets_out = stages.security_groups(a.interface, ingress=False, peer=of_to)
            yield "egress", _of(lets_out)
        near, far = _subnet(source), _subnet(to)
        if near != far and not isinstance(a, Neighbour):
            acls = [facts.subnet[s].network_acl if s else "" for s in (near, far)]
            yield "acl", self._acls(acls[0], acls[1])
        if isinstance(a, Outside) and isinstance(b, Host):
            yield "public", _of(_public(b))
        if isinstance(a, Host) and isinstance(b, Outside):
            ways = paths(facts, a, b)
            routed = union(w.carries for w in ways)
            known = not any(w.unknown for w in ways)
            yield "route", _Guard(routed if known else NONE, routed)

    def _acls(self, near: str, far: str) -> _Guard:
        """The network ACLs on the way from one subnet to another; empty for what is outside."""
        if (near, far) not in self._between_acls:
            stages = stages_of(self.network.facts)
            out = [stages.network_acl(near, egress=True)] if near else []
            into = [stages.network_acl(far, egress=False)] if far else []
            self._between_acls[near, far] = _of(*out, *into)
        return self._between_acls[near, far]


def _public(host: Host) -> Stage:
    name, urn = host.interface.name, host.interface.owner
    stage = Stage(
        "public",
        f"{name} has a public address",
        urn,
        blocked=f"{name} has no public address",
    )
    return gate(stage, open_=host.interface.public)


def _may_meet(source: Seat, to: Seat) -> bool:
    """Hosts of one VPC, or a host and what is outside."""
    ends = [seat.end for seat in (source, to)]
    if not isinstance(ends[1], Host | Outside):
        return False
    vpcs = []
    for end in ends:
        if isinstance(end, Host):
            vpcs.append(end.interface.vpc if end.interface.subnet else "")
        elif isinstance(end, Neighbour):
            vpcs.append(end.subnet.vpc)
    return "" not in vpcs and len(set(vpcs)) == 1


def _subnet(seat: Seat) -> str:
    match seat.end:
        case Host(interface):
            return interface.subnet
        case Neighbour(subnet, _):
            return subnet.urn
        case _:
            return ""


def _of(*stages: Stage) -> _Guard:
    surely = at_most = ANY
    for stage in stages:
        surely, at_most = surely & stage.strict, at_most & stage.wide
    return _Guard(surely, at_most, stages)


# ── of the network ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Part:
    """Packets between two seats that a guard lets through on one side only."""

    here: Guards
    pair: tuple[Key, Key]
    packets: Packets
    guard: _Guard
    unknown: tuple[str, ...]


class _Told(NamedTuple):
    """What one change is about."""

    kind: str
    source: str
    to: str
    sure: bool


def of_network(base: Network, head: Network) -> Iterator[Change]:
    """Guards of the network that let through more, or less, than before."""
    before, after = Guards(base), Guards(head)
    yield from _more(after, before, taken=True)
    yield from _more(before, after, taken=False)


def _more(here: Guards, there: Guards, *, taken: bool) -> Iterator[Change]:
    told: dict[_Told, list[_Part]] = {}
    for pair in here.network.pairs():
        others = list(counterparts(here.network, there.network, pair))
        if not others:
            continue
        moved = _domains(here, pair) != _domains(there, others[0]) or len(others) > 1
        for kind, guard in here.between(pair).items():
            mates = [(p, there.between(p).get(kind, _CLOSED)) for p in others]
            if not moved and guard.lets == mates[0][1].lets:
                continue
            # What passes on this side is told by the flows, whether it is new or not.
            passing = here.network.passing(pair).at_most | here.public(pair[1])
            for sure, found in _differing(here, there, pair, guard, mates):
                for source, to, part in by_label(here.network, pair, found - passing):
                    unknown = (*guard.unknown, *(why for _, g in mates for why in g.unknown))
                    told.setdefault(_Told(kind, source, to, sure), []).append(
                        _Part(here, pair, part, guard, unknown)
                    )
    for one, parts in told.items():
        if one.source == INTERNET:
            also = sorted(o.source for o in told if _is_within(told, o, one))
            yield _change(one, parts, tuple(also), taken=taken)
        elif not any(_is_within(told, one, o) for o in told):
            yield _change(one, parts, (), taken=taken)


def _differing(
    here: Guards,
    there: Guards,
    pair: tuple[Key, Key],
    guard: _Guard,
    mates: list[tuple[tuple[Key, Key], _Guard]],
) -> Iterator[tuple[bool, Packets]]:
    """(whether surely, packets) that the guard lets through here and did not there."""
    move = mover(there.network, here.network, pair)
    surely = union(move(p, _within(there, p) & g.surely) for p, g in mates)
    at_most = union(move(p, _within(there, p) & g.at_most) for p, g in mates)
    mine = _within(here, pair)
    sure = (mine & guard.surely) - at_most
    yield True, sure
    yield False, (((mine & guard.at_most) - at_most) | ((mine & guard.surely) - surely)) - sure


def unknown_alike(base: Network, head: Network) -> Iterator[str]:
    """What is not known of a guard on either side."""
    before, after = Guards(base), Guards(head)
    for pair in head.pairs():
        for kind, guard in after.between(pair).items():
            if guard.unknown:
                theirs = before.between(pair).get(kind, _CLOSED).unknown
                yield from (why for why in guard.unknown if why in theirs)


def _domains(side: Guards, pair: tuple[Key, Key]) -> list[tuple[Range, ...]]:
    return [side.network.seats[key].domain for key in pair]


def _within(side: Guards, pair: tuple[Key, Key]) -> Packets:
    sources, destinations = _domains(side, pair)
    return packets(sources=sources, destinations=destinations)


def _is_within(told: Mapping[_Told, list[_Part]], one: _Told, public: _Told) -> bool:
    """Whether the same is told of the internet, which everybody is part of."""
    if (one.kind, one.to, one.sure) != (public.kind, public.to, public.sure):
        return False
    if one.source == INTERNET or public.source != INTERNET:
        return False
    mine, theirs = (union(from_anybody(p.packets) for p in told[o]) for o in (one, public))
    return mine.issubset(theirs)


def _change(told: _Told, parts: list[_Part], also: tuple[str, ...], *, taken: bool) -> Change:
    kind, source, to = told.kind, told.source, told.to
    parts = sorted(parts, key=lambda p: p.pair)
    part = parts[0]
    packet = part.packets.example()
    network = part.here.network
    traffic = spoken(union(p.packets for p in parts), network.addresses(source, to))
    from_ = "" if kind in {"egress", "route"} or " from " in traffic else f" from {source}"
    towards = f" to {to}" if kind in {"egress", "acl"} else ""
    what = _SAYS[kind].format(source=source, to=to, what=f"{traffic}{from_}{towards}")
    if not taken:
        what = f"no longer: {what}"
    effect = Effect.WIDENED if taken else Effect.NARROWED
    word = "unguarded" if taken else "guarded"
    return Change(
        Section.GUARDS,
        effect if told.sure else Effect.UNDECIDED,
        word if told.sure else f"perhaps {word}",
        f"{source} to {to}",
        what if told.sure else f"perhaps {what}",
        also=also,
        witness={"from": source, "to": to, **packet.witness()},
        hops=tuple(s.hop(packet, network.facts) for s in part.guard.stages),
        blocked_by=_still(part, packet),
        side="head" if taken else "base",
        unknown=() if told.sure else tuple(dict.fromkeys(w for p in parts for w in p.unknown)),
    )


def _still(part: _Part, packet: Packet) -> tuple[Hop, ...]:
    """What stops the packet on the same side all the same."""
    found: list[Hop] = []
    facts = part.here.network.facts
    for guard in part.here.between(part.pair).values():
        found += [s.hop(packet, facts) for s in guard.stages]
    return tuple(dict.fromkeys(h for h in found if not h.permits))


# ── of identity ─────────────────────────────────────────────────────────────────────────────────


def of_identity(base: Policies, head: Policies) -> Iterator[Change]:
    """Boundaries that cap less, and public access blocks that were lifted; or the reverse."""
    for urn in sorted(base.principals.keys() & head.principals.keys()):
        yield from _boundary(base, head, urn, taken=True)
        yield from _boundary(head, base, urn, taken=False)
    for urn in sorted(base.policies.keys() & head.policies.keys()):
        yield from _block(base, head, urn, taken=True)
        yield from _block(head, base, urn, taken=False)


def _boundary(before: Policies, after: Policies, urn: str, *, taken: bool) -> Iterator[Change]:
    """What the boundary of `after` lets a principal do, and that of `before` does not."""
    old, new = before.principals[urn], after.principals[urn]
    if old.boundary is None:
        return
    capped = _capped(before, old, wide=True)
    if new.boundary is None:
        witness: dict[str, object] = {}
        what = "no boundary caps it"
    else:
        more = subtract(_capped(after, new, wide=False), capped)
        if not more:
            return
        made = request(first(more))
        witness = shown(made, new.arn)
        what = f"its boundary permits {made['action']} on {witness['resource']}"
    name = after.label(urn)
    yield Change(
        Section.GUARDS,
        Effect.WIDENED if taken else Effect.NARROWED,
        "unguarded" if taken else "guarded",
        name,
        what if taken else f"no longer: {what}",
        witness=witness,
        hops=(after.hop(f"{name}: {what}", urn, permits=True),),
        side="head" if taken else "base",
    )


def _capped(side: Policies, principal: Principal, *, wide: bool) -> list[Box]:
    """What a boundary permits, but for what it denies."""
    documents = [principal.boundary] if principal.boundary is not None else []
    reading = LARGEST if wide else SMALLEST
    permitted = boxes_of(side.facts, principal, documents, reading, allow=True)
    return subtract(permitted, boxes_of(side.facts, principal, documents, reading, allow=False))


def _block(before: Policies, after: Policies, urn: str, *, taken: bool) -> Iterator[Change]:
    old, new = before.policies[urn].block, after.policies[urn].block
    flags = ("block_policy", "restrict")
    lifted = [f for f in flags if old is not None and getattr(old, f) is True]
    lifted = [f for f in lifted if new is None or getattr(new, f) is not True]
    if not lifted:
        return
    name = after.label(urn)
    said = "blockPublicPolicy", "restrictPublicBuckets"
    names = " and ".join(said[flags.index(f)] for f in lifted)
    what = f"{names} of its public access block {'is' if len(lifted) == 1 else 'are'} off"
    hop = after.hop(what, urn if new is None else new.urn, permits=True)
    yield Change(
        Section.GUARDS,
        Effect.WIDENED if taken else Effect.NARROWED,
        "unguarded" if taken else "guarded",
        name,
        what if taken else f"no longer: {what}",
        hops=(hop,),
        side="head" if taken else "base",
    )
