"""What is open to the public: by packets of its own, by a load balancer, by a policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stackproof.aws.network.facts import InterfaceKind, Listener
from stackproof.compare.difference import Change, Effect, Section
from stackproof.compare.flows import Key, Network, Seat, way
from stackproof.model import Hop
from stackproof.proofs.headers import ANY, Packet, Packets, packets
from stackproof.proofs.reach.ends import Host
from stackproof.selection import INTERNET

_INTERNET = ("internet",)


def direct(flows: Iterable[Change]) -> Iterator[Change]:
    """What the internet reaches by itself: told by the flows that were opened and closed."""
    for flow in flows:
        source, _, to = flow.subject.partition(" to ")
        if source != INTERNET:
            continue
        words = {"opened": "exposed", "closed": "hidden"}
        word = next((new for old, new in words.items() if flow.word == old), "perhaps exposed")
        verb = "reaches" if word == "exposed" else "no longer reaches"
        yield Change(
            Section.EXPOSURE,
            flow.effect,
            word,
            to,
            f"the internet {verb if flow.effect is not Effect.UNDECIDED else 'may reach'} {to}"
            f" directly: {flow.what}",
            flow.before,
            flow.after,
            (),
            flow.witness,
            flow.hops,
            flow.blocked_by,
            flow.side,
            flow.unknown,
        )


@dataclass(frozen=True)
class _Served:
    """Something that strangers reach through a load balancer."""

    sure: bool
    hops: tuple[Hop, ...]
    witness: dict[str, object]
    unknown: tuple[str, ...]


def proxied(base: Network, head: Network) -> Iterator[Change]:
    """What a load balancer hands on to, for callers from the internet."""
    before, after = _served(base), _served(head)
    for mine, theirs, exposed in ((after, before, True), (before, after, False)):
        for (to, port, balancer), found in sorted(mine.items()):
            other = theirs.get((to, port, balancer))
            if other is not None and other.sure == found.sure:
                continue
            if other is not None and found.sure is False:
                continue  # told where it is sure
            sure = found.sure and other is None
            verb = "reaches" if exposed else "no longer reaches"
            effect = Effect.WIDENED if exposed else Effect.NARROWED
            yield Change(
                Section.EXPOSURE,
                effect if sure else Effect.UNDECIDED,
                ("" if sure else "perhaps ") + ("exposed" if exposed else "hidden"),
                to,
                f"the internet {verb if sure else f'perhaps {verb}'} {to} on tcp/{port} by"
                f" load balancer {balancer}",
                witness=found.witness,
                hops=found.hops,
                side="head" if exposed else "base",
                unknown=found.unknown or (() if other is None else other.unknown),
            )


def _served(network: Network) -> dict[tuple[str, int, str], _Served]:
    found: dict[tuple[str, int, str], _Served] = {}
    facts = network.facts
    if _INTERNET not in network.seats:
        return found
    for seat in _hosts(network, "load-balancer"):
        for listener in facts.listeners:
            if listener.load_balancer != seat.end.interface.owner or listener.port is None:  # type: ignore[union-attr]  # a Host, as _hosts says
                continue
            for into in _ways_in(network, seat, _to_port(listener.port)):
                for to, sure, after, unknown in _behind(network, seat, listener):
                    surely = into.sure and sure
                    key = to, listener.port, seat.label
                    if key in found and (found[key].sure or not surely):
                        continue
                    found[key] = _Served(
                        surely,
                        (*into.hops, *after),
                        {"from": INTERNET, "to": to, "by": seat.label, **into.witness},
                        (*into.unknown, *unknown),
                    )
    return found


def _ways_in(network: Network, balancer: Seat, heard: Packets) -> Iterator[_Served]:
    """How strangers come to what a listener hears: by themselves, or by a CDN."""
    yield from _step(network, (_INTERNET, balancer.key), heard, None)
    for door in _hosts(network, "distribution"):
        for before in _step(network, (_INTERNET, door.key), ANY, None):
            yield from _step(network, (door.key, balancer.key), heard, before)


def _step(
    network: Network, pair: tuple[Key, Key], wanted: Packets, before: _Served | None
) -> Iterator[_Served]:
    found = network.passing(pair)
    if found.at_most & wanted:
        packet = (found.surely & wanted or found.at_most & wanted).example()
        sure, hops, unknown = bool(found.surely & wanted), way(network, pair, packet), found.unknown
        yield (
            _Served(sure, hops, packet.witness(), unknown)
            if before is None
            else _Served(
                before.sure and sure,
                (*before.hops, *hops),
                before.witness,
                (*before.unknown, *unknown),
            )
        )


def _hosts(network: Network, kind: InterfaceKind) -> Iterator[Seat]:
    for seat in network.seats.values():
        if isinstance(seat.end, Host) and seat.end.interface.kind == kind:
            yield seat


def _to_port(port: int) -> Packets:
    return packets(protocols=(6, 6), destination_ports=(port, port))


def _behind(
    network: Network, balancer: Seat, listener: Listener
) -> Iterator[tuple[str, bool, tuple[Hop, ...], tuple[str, ...]]]:
    """(label, whether surely, hops, what is not known) of what a listener hands on to."""
    for urn in listener.forwards:
        group = network.facts.target_group[urn]
        doubts = tuple(why for why in (listener.unknown, group.unknown) if why)
        for target, port in group.targets:
            number = port or group.port
            if group.invokes:
                yield network.label_of(target), not doubts, (), doubts
                continue
            for seat in network.seats.values():
                if not isinstance(seat.end, Host) or seat.end.interface.owner != target:
                    continue
                onward = network.passing((balancer.key, seat.key))
                passes = onward.at_most & (ANY if number is None else _to_port(number))
                if not passes:
                    continue
                sure = bool(onward.surely & passes) and not doubts and number is not None
                packet: Packet = (onward.surely & passes or passes).example()
                hops = way(network, (balancer.key, seat.key), packet)
                yield seat.label, sure, hops, (*doubts, *onward.unknown)
