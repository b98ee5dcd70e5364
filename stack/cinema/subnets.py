"""The subnet plan: pure arithmetic, so that it can be tested without a cloud.

A tier's block and a zone's place in it follow from their names alone. Adding a zone, or taking
one away, never moves or renames a neighbour: a subnet that moves is a subnet destroyed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

ZONE_LETTERS = "abcdefgh"
"""The places in a tier's block. No AWS region has zones beyond these letters."""

SMALLEST_VPC, LARGEST_VPC = 23, 16
"""Prefix lengths of a VPC that this plan can divide: AWS allows subnets from /28 to /16."""

_BITS_FOR_TIER, _BITS_FOR_ZONE = 2, 3


class Tier(StrEnum):
    """The tiers, in the order of their blocks. The fourth block is kept free for growth."""

    PUBLIC = "public"
    PRIVATE = "private"
    DATABASE = "database"


@dataclass(frozen=True, order=True)
class PlannedSubnet:
    """One subnet to declare. `name` is its identity: tier and zone, no number."""

    tier: Tier
    zone: str
    cidr: IPv4Network

    @property
    def name(self) -> str:
        """Its logical name, such as `private-us-east-1a`."""
        return f"{self.tier}-{self.zone}"

    def host(self, number: int) -> IPv4Address:
        """An address of the subnet by number. AWS keeps 0 to 3 and the last for itself."""
        reserved = 4
        if not reserved <= number < self.cidr.num_addresses - 1:
            raise ValueError(f"{self.cidr} has no free host {number}")
        return self.cidr[number]


def tier_block(vpc: IPv4Network, tier: Tier) -> IPv4Network:
    """The part of the VPC that holds every subnet of a tier, in whatever zone, and no other."""
    return tuple(vpc.subnets(prefixlen_diff=_BITS_FOR_TIER))[list(Tier).index(tier)]


def plan(vpc: IPv4Network, zones: Iterable[str]) -> tuple[PlannedSubnet, ...]:
    """Every subnet of the VPC: one per tier and zone, sorted by tier and zone.

    Raises ValueError for a VPC that is too large or too small, or a zone without a known letter.
    """
    if not LARGEST_VPC <= vpc.prefixlen <= SMALLEST_VPC:
        raise ValueError(f"{vpc} is not between /{LARGEST_VPC} and /{SMALLEST_VPC}")
    return tuple(
        PlannedSubnet(tier, zone, _place(tier_block(vpc, tier), zone))
        for tier in Tier
        for zone in sorted(zones)
    )


def _place(block: IPv4Network, zone: str) -> IPv4Network:
    if not zone or zone[-1] not in ZONE_LETTERS:
        raise ValueError(f"zone '{zone}' does not end in one of the letters {ZONE_LETTERS}")
    places = tuple(block.subnets(prefixlen_diff=_BITS_FOR_ZONE))
    return places[ZONE_LETTERS.index(zone[-1])]
