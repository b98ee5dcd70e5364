"""What `allow` in a contract means in packets."""

from __future__ import annotations

from collections.abc import Iterable

from stackproof.aws.network.facts import EVERY_ADDRESS, EVERY_PORT, EVERY_PROTOCOL, Range
from stackproof.proofs.headers import ICMP, Packets, packets, union

_NUMBERS = {"tcp": 6, "udp": 17, "icmp": ICMP}
EPHEMERAL: Range = (1024, 65535)
"""The source ports that some client may use (Amazon VPC User Guide, "Ephemeral ports")."""


def _parse(text: str) -> tuple[Range, Range]:
    protocol, _, ports = text.strip().lower().partition("/")
    if protocol == "all" and not ports:
        return EVERY_PROTOCOL, EVERY_PORT
    number = _NUMBERS.get(protocol)
    first, _, last = ports.partition("-")
    if number is None or (ports and (protocol == "icmp" or not first.isdigit())):
        raise ValueError(f"'{text}' is not traffic: write tcp/443, udp/1024-65535, icmp or all")
    if not ports:
        return (number, number), EVERY_PORT
    low, high = int(first), int(last) if last.isdigit() else int(first)
    if (last and not last.isdigit()) or not low <= high <= EVERY_PORT[1]:
        raise ValueError(f"'{text}' is not a range of ports")
    return (number, number), (low, high)


def permitted(allow: Iterable[str]) -> Packets:
    """Every packet that `allow` permits, from any source port. Raises ValueError."""
    return union(
        packets(protocols=protocols, destination_ports=ports)
        for protocols, ports in map(_parse, allow)
    )


def required(allow: Iterable[str]) -> Packets:
    """Every packet that `allow` says must pass: from any port that a client may use."""
    found = []
    for protocols, ports in map(_parse, allow):
        for low, high in ((6, 6), (17, 17), (0, 5), (7, 16), (18, 255)):
            first, last = max(low, protocols[0]), min(high, protocols[1])
            if first <= last:
                sources = EPHEMERAL if low in {6, 17} else EVERY_PORT
                found.append(
                    packets(protocols=(first, last), source_ports=sources, destination_ports=ports)
                )
    return union(found)


def tcp_ports(allow: Iterable[str]) -> tuple[Range, ...] | None:
    """The TCP ports that `allow` names, None when it asks for more than TCP."""
    parsed = [_parse(a) for a in allow]
    return tuple(ports for _, ports in parsed) if all(p == (6, 6) for p, _ in parsed) else None


def tcp(port: int) -> Packets:
    """TCP to one port from any port that a client may use."""
    return packets(
        sources=(EVERY_ADDRESS,),
        protocols=(6, 6),
        source_ports=EPHEMERAL,
        destination_ports=(port, port),
    )
