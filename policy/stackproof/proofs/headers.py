"""The algebra of packet headers: exact sets of packets as unions of boxes.

A box gives each of five dimensions one interval: source address, destination address, protocol,
source port, destination port. Every filter of a VPC is a union of such boxes and so is whatever
follows from them by intersection and difference: an empty difference is a proof, and any box that
is left holds a counterexample.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from stackproof.aws.network.facts import EVERY_ADDRESS, EVERY_PORT, EVERY_PROTOCOL, Range

ICMP = 1
NAMES = {6: "tcp", 17: "udp", ICMP: "icmp"}

Box: TypeAlias = tuple[int, int, int, int, int, int, int, int, int, int]
"""First and last of: source, destination, protocol, source port, destination port."""

_WHOLE: Box = (*EVERY_ADDRESS, *EVERY_ADDRESS, *EVERY_PROTOCOL, *EVERY_PORT, *EVERY_PORT)
_AXES = (0, 2, 4, 6, 8)


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet. For ICMP the destination port is type x 256 + code, and there is no other."""

    source: int
    destination: int
    protocol: int
    source_port: int
    destination_port: int

    def witness(self) -> dict[str, object]:
        """The packet in the words that people and test tools use."""
        shown: dict[str, object] = {
            "source": str(ipaddress.IPv4Address(self.source)),
            "destination": str(ipaddress.IPv4Address(self.destination)),
            "protocol": NAMES.get(self.protocol, self.protocol),
        }
        if self.protocol == ICMP:
            shown["icmp_type"], shown["icmp_code"] = divmod(self.destination_port, 256)
        elif self.protocol in NAMES:
            shown["source_port"] = self.source_port
            shown["destination_port"] = self.destination_port
        return shown

    def __str__(self) -> str:
        what = self.witness()
        if self.protocol == ICMP:
            port = f"icmp type {what['icmp_type']} code {what['icmp_code']}"
        elif self.protocol in NAMES:
            port = f"{what['protocol']}/{self.destination_port}"
        else:
            port = f"protocol {self.protocol}"
        return f"{port} from {what['source']} to {what['destination']}"


@dataclass(frozen=True, slots=True)
class Packets:
    """A set of packets: the union of `boxes`, which may overlap."""

    boxes: tuple[Box, ...]

    def __and__(self, other: Packets) -> Packets:
        """Packets in both."""
        if self is ANY:
            return other
        if other is ANY:
            return self
        met = []
        for a in self.boxes:
            for b in other.boxes:
                both = _meet(a, b)
                if both is not None:
                    met.append(both)
        return Packets(tuple(dict.fromkeys(met)))

    def __or__(self, other: Packets) -> Packets:
        """Packets in either."""
        return Packets(tuple(dict.fromkeys((*self.boxes, *other.boxes))))

    def __sub__(self, other: Packets) -> Packets:
        """Packets in this set and not in the other."""
        rest = list(self.boxes)
        for b in other.boxes:
            if not rest:
                break
            rest = [piece for a in rest for piece in _cut(a, b)]
        return Packets(tuple(rest))

    def __bool__(self) -> bool:
        """Whether there is any packet at all."""
        return bool(self.boxes)

    def __contains__(self, packet: Packet) -> bool:
        point = (
            packet.source,
            packet.destination,
            packet.protocol,
            packet.source_port,
            packet.destination_port,
        )
        return any(
            all(box[i] <= value <= box[i + 1] for i, value in zip(_AXES, point, strict=True))
            for box in self.boxes
        )

    def issubset(self, other: Packets) -> bool:
        """Whether every packet of this set is in the other."""
        return other is ANY or not (self - other)

    def replies(self) -> Packets:
        """The packets that answer these: ends and ports change places.

        An ICMP message is answered by one of any type.
        """
        return Packets(
            tuple(
                (
                    d0,
                    d1,
                    s0,
                    s1,
                    p0,
                    p1,
                    *(EVERY_PORT * 2 if p0 == p1 == ICMP else (y0, y1, x0, x1)),
                )
                for s0, s1, d0, d1, p0, p1, x0, x1, y0, y1 in self.boxes
            )
        )

    def example(self) -> Packet:
        """A packet of this set, the same for the same set. Raises ValueError when it is empty."""
        if not self.boxes:
            raise ValueError("the empty set has no packet")
        box = min(self.boxes, key=_plainness)
        source, destination = _host(box[0], box[1]), _host(box[2], box[3])
        if source == destination and destination < box[3]:
            destination += 1  # two hosts of one subnet
        port = next((p for p in (49152, 1024) if box[6] <= p <= box[7]), box[6])
        protocol = next((p for p in (6, 17, ICMP) if box[4] <= p <= box[5]), box[4])
        return Packet(source, destination, protocol, port, _port(protocol, box[8], box[9]))


def _host(first: int, last: int) -> int:
    """An address that a subnet of this size would give (AWS keeps the first four)."""
    return first + 10 if last - first > 10 else first  # noqa: PLR2004


def _port(protocol: int, first: int, last: int) -> int:
    wanted = 8 * 256 if protocol == ICMP else 22
    return wanted if first <= wanted <= last else first


def _plainness(box: Box) -> tuple[bool, Box]:
    """TCP first: it is what people try."""
    return not box[4] <= 6 <= box[5], box  # noqa: PLR2004


def _meet(a: Box, b: Box) -> Box | None:
    # Written out: this is where the time goes.
    s0, s1 = max(a[0], b[0]), min(a[1], b[1])
    if s0 > s1:
        return None
    d0, d1 = max(a[2], b[2]), min(a[3], b[3])
    if d0 > d1:
        return None
    p0, p1 = max(a[4], b[4]), min(a[5], b[5])
    if p0 > p1:
        return None
    y0, y1 = max(a[8], b[8]), min(a[9], b[9])
    if y0 > y1:
        return None
    x0, x1 = max(a[6], b[6]), min(a[7], b[7])
    return None if x0 > x1 else (s0, s1, d0, d1, p0, p1, x0, x1, y0, y1)


def _cut(a: Box, b: Box) -> Iterator[Box]:
    """The parts of `a` outside `b`, disjoint."""
    if _meet(a, b) is None:
        yield a
        return
    rest = list(a)
    for i in _AXES:
        if rest[i] < b[i]:
            yield _with(rest, i, rest[i], b[i] - 1)
            rest[i] = b[i]
        if rest[i + 1] > b[i + 1]:
            yield _with(rest, i, b[i + 1] + 1, rest[i + 1])
            rest[i + 1] = b[i + 1]


def _with(box: list[int], axis: int, first: int, last: int) -> Box:
    piece = list(box)
    piece[axis : axis + 2] = first, last
    s0, s1, d0, d1, p0, p1, x0, x1, y0, y1 = piece
    return s0, s1, d0, d1, p0, p1, x0, x1, y0, y1


ANY = Packets((_WHOLE,))
NONE = Packets(())


def packets(
    *,
    sources: Iterable[Range] = (EVERY_ADDRESS,),
    destinations: Iterable[Range] = (EVERY_ADDRESS,),
    protocols: Range = EVERY_PROTOCOL,
    source_ports: Range = EVERY_PORT,
    destination_ports: Range = EVERY_PORT,
) -> Packets:
    """Packets from any of `sources` to any of `destinations`, with the rest in the ranges."""
    ends = list(destinations)
    return Packets(
        tuple(
            (*source, *end, *protocols, *source_ports, *destination_ports)
            for source in sources
            for end in ends
        )
    )


def union(sets: Iterable[Packets]) -> Packets:
    """Packets in any of the sets."""
    return Packets(tuple(dict.fromkeys(box for s in sets for box in s.boxes)))
