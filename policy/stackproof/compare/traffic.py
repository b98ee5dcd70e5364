"""Sets of packets of two networks: moved from one to the other, and told to people."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from itertools import pairwise, product

from stackproof.aws.network.facts import EVERY_ADDRESS, EVERY_PORT, EVERY_PROTOCOL, Range
from stackproof.proofs.headers import ICMP, NAMES, Box, Packets
from stackproof.proofs.reach.addresses import INTERNET, common, without

_SHOWN = 4
"""Kinds of traffic, or ranges of addresses, that are listed; more would hide what it says."""


# ── from one network to the other ───────────────────────────────────────────────────────────────


def moved(found: Packets, axis: int, old: tuple[Range, ...], new: tuple[Range, ...]) -> Packets:
    """`found` with the addresses of one end (`axis`: 0 source, 1 destination) as in `new`.

    Where the end has as many addresses as before, each stands for its like. Where it has another
    number of them and the packets pass for all of them alike, they do so for all of the new ones.
    Else the addresses stay: rules name some of them.
    """
    if old == new or not found:
        return found
    at = axis * 2
    if len(old) == len(new) == 1 and old[0][1] - old[0][0] == new[0][1] - new[0][0]:
        by = new[0][0] - old[0][0]
        return Packets(tuple(_with(box, at, box[at] + by, box[at + 1] + by) for box in found.boxes))
    if _whole(found, at, old) - found:
        return found
    return _whole(found, at, new)


def from_anybody(found: Packets) -> Packets:
    """The same protocols and ports, between any addresses."""
    return _whole(_whole(found, 0, (EVERY_ADDRESS,)), 2, (EVERY_ADDRESS,))


def _whole(found: Packets, at: int, domain: tuple[Range, ...]) -> Packets:
    """`found` as if every address of `domain` were alike."""
    every = dict.fromkeys(
        _with(box, at, first, last) for box in found.boxes for first, last in domain
    )
    return Packets(tuple(every))


def _with(box: Box, at: int, first: int, last: int) -> Box:
    piece = list(box)
    piece[at : at + 2] = first, last
    s0, s1, d0, d1, p0, p1, x0, x1, y0, y1 = piece
    return s0, s1, d0, d1, p0, p1, x0, x1, y0, y1


# ── in words ────────────────────────────────────────────────────────────────────────────────────


def spoken(found: Packets, whole: tuple[Range, ...] = INTERNET) -> str:
    """`tcp/22, tcp/443 from 128.0.0.0/1`: what passes, and from which of the addresses `whole`."""
    kinds: dict[tuple[Range, Range], list[Box]] = {}
    for box in _joined(found):
        kinds.setdefault(((box[4], box[5]), (box[8], box[9])), []).append(box)
    by_ends: dict[str, list[tuple[Range, Range]]] = {}
    for traffic, boxes in kinds.items():
        by_ends.setdefault(_ends(boxes, whole), []).append(traffic)
    return "; ".join(f"{_traffic(listed)}{ends}" for ends, listed in sorted(by_ends.items()))


def _joined(found: Packets) -> list[Box]:
    """Disjoint boxes cut along protocols and ports, so that each kind of traffic is named once."""
    protocols = _cuts((b[4], b[5]) for b in found.boxes)
    ports = _cuts((b[8], b[9]) for b in found.boxes)
    pieces = {
        (*box[:4], *p, box[6], box[7], *q)
        for box in found.boxes
        for p in protocols
        if box[4] <= p[0] and p[1] <= box[5]
        for q in ports
        if box[8] <= q[0] and q[1] <= box[9]
    }
    return _merged(_merged(sorted(pieces), 8), 4)


def _merged(boxes: list[Box], at: int) -> list[Box]:
    """Boxes that touch along one axis and agree on all others, as one."""
    groups: dict[tuple[int, ...], list[Range]] = {}
    for box in boxes:
        groups.setdefault((*box[:at], *box[at + 2 :]), []).append((box[at], box[at + 1]))
    found = []
    for rest, ranges in groups.items():
        for first, last in _united(ranges):
            found.append((*rest[:at], first, last, *rest[at:]))
    return sorted(found)  # type: ignore[arg-type]  # ten numbers each


def _cuts(ranges: Iterable[Range]) -> list[Range]:
    """The smallest pieces that the ranges cut each other into."""
    listed = list(ranges)
    edges = sorted({a for a, _ in listed} | {b + 1 for _, b in listed})
    return [(a, b - 1) for a, b in pairwise(edges)]


def _united(ranges: Iterable[Range]) -> list[Range]:
    found: list[Range] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(found[-1][1], last)
        else:
            found.append((first, last))
    return found


def _traffic(listed: list[tuple[Range, Range]]) -> str:
    names = [_name(protocols, ports) for protocols, ports in sorted(listed)]
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _name(protocols: Range, ports: Range) -> str:
    if protocols == EVERY_PROTOCOL and ports == EVERY_PORT:
        return "all"
    first, last = protocols
    if first != last:
        return f"protocols {first}-{last}"
    name = NAMES.get(first, f"protocol {first}")
    if ports == EVERY_PORT or first not in NAMES:
        return name
    if first == ICMP:
        return f"{name} type {ports[0] // 256}"
    return f"{name}/{ports[0]}" if ports[0] == ports[1] else f"{name}/{ports[0]}-{ports[1]}"


def _ends(boxes: list[Box], whole: tuple[Range, ...]) -> str:
    """Which of the addresses outside, unless it is all of them."""
    said = ""
    for word, at in (("from", 0), ("to", 2)):
        public = common([(box[at], box[at + 1]) for box in boxes], whole)
        if public and without(whole, public):
            said += f" {word} {_addresses(_united(public), whole)}"
    return said


def _addresses(public: list[Range], whole: tuple[Range, ...]) -> str:
    """The ranges as people write them: over what is nobody's, where that makes fewer of them."""
    found: list[str] = []
    for low, high in without((EVERY_ADDRESS,), without(whole, public)):
        inside = [r for r in public if low <= r[0] and r[1] <= high]
        if inside:
            ends = product((inside[0][0], low), (inside[-1][1], high))
            ways: list[list[str]] = [_blocks(first, last) for first, last in ends]
            shortest: list[str] = min(ways, key=len)
            found += shortest
    more = len(found) - _SHOWN
    return ", ".join(found[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _blocks(first: int, last: int) -> list[str]:
    ends = ipaddress.IPv4Address(first), ipaddress.IPv4Address(last)
    return [str(network) for network in ipaddress.summarize_address_range(*ends)]
