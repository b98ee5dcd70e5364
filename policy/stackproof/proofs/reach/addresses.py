"""Address arithmetic, and which addresses are the internet."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from stackproof.aws.network.facts import EVERY_ADDRESS, Range

_NOT_PUBLIC = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
)
"""Private, shared, loopback, link-local, multicast and reserved: no internet gateway passes them.

(IANA IPv4 Special-Purpose Address Registry; documentation addresses count as public, so that
examples and tests can use them.)
"""


def without(ranges: Iterable[Range], taken: Iterable[Range]) -> tuple[Range, ...]:
    """The addresses of `ranges` that are not in `taken`."""
    rest = list(ranges)
    for first, last in taken:
        rest = [
            piece
            for low, high in rest
            for piece in ((low, min(high, first - 1)), (max(low, last + 1), high))
            if piece[0] <= piece[1]
        ]
    return tuple(rest)


def common(ranges: Iterable[Range], others: Iterable[Range]) -> tuple[Range, ...]:
    """The addresses in both."""
    listed = tuple(others)
    return tuple(
        (max(a[0], b[0]), min(a[1], b[1]))
        for a in ranges
        for b in listed
        if max(a[0], b[0]) <= min(a[1], b[1])
    )


def block(cidr: str) -> Range | None:
    """The addresses of an IPv4 CIDR block; None for IPv6. Raises ValueError for anything else."""
    network = ipaddress.ip_network(cidr, strict=False)
    if network.version != 4:  # noqa: PLR2004
        return None
    first = int(network.network_address)
    return first, first + network.num_addresses - 1


CLOUDFRONT_AT_LEAST: tuple[Range, ...] = ((0x82B00000, 0x82B07FFF),)
"""130.176.0.0/17: some of CloudFront's addresses towards origins, and not nearly all.

(Amazon VPC User Guide, "AWS IP address ranges", service CLOUDFRONT_ORIGIN_FACING.)
"""

INTERNET = without((EVERY_ADDRESS,), [r for r in (block(c) for c in _NOT_PUBLIC) if r is not None])
"""Every public IPv4 address."""
