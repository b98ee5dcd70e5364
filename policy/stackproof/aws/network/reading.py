"""How the network facts read a Graph: references, addresses, protocols and ports."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from stackproof.aws.network.facts import EVERY_PORT, EVERY_PROTOCOL, Range
from stackproof.model import (
    Family,
    Graph,
    NotModelled,
    Reference,
    Resource,
    Template,
    Value,
    unknowns,
)

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
PROTOCOLS = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "icmpv6": ICMPV6}
_IDENTIFYING = frozenset({"id", "arn", "name", "allocationId", "primaryNetworkInterfaceId"})


def is_unknown(value: Value) -> bool:
    """Whether some of `value` cannot be known; a reference is not unknown, only not yet there."""
    return bool(unknowns(value))


def cidr_range(value: Value) -> Range | None:
    """The addresses of an IPv4 CIDR block, or None for anything else."""
    if not isinstance(value, str) or ":" in value:
        return None
    try:
        network = ipaddress.IPv4Network(value, strict=False)
    except ValueError:
        return None
    first = int(network.network_address)
    return first, first + network.num_addresses - 1


def address_range(value: Value) -> Range | None:
    """One IPv4 address as a range, or None."""
    return cidr_range(value) if isinstance(value, str) and "/" not in value else None


def protocol_range(value: Value) -> Range | None:
    """`tcp`, `-1`, `all`, `17`... as protocol numbers, or None when it cannot be read."""
    text = str(value).lower() if isinstance(value, str | int) else ""
    if text in {"-1", "all"}:
        return EVERY_PROTOCOL
    if text in PROTOCOLS:
        number = PROTOCOLS[text]
    elif text.isdigit() and int(text) <= EVERY_PROTOCOL[1]:
        number = int(text)
    else:
        return None
    return number, number


def whole(value: Value) -> int | None:
    """`value` as a whole number: launch templates and health checks write numbers as text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    return None


def flag(value: Value) -> bool | None:
    """`value` as yes or no, None when it is neither."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value) if isinstance(value, str) else None


def port_range(protocols: Range, first: Value, last: Value) -> Range | None:
    """The ports of a rule, or None when they cannot be read.

    For ICMP `first` is the type and `last` the code, -1 is any; ports mean nothing to the others
    (Amazon VPC User Guide, "Security group rules": all ports are allowed then).
    """
    if protocols == EVERY_PROTOCOL or protocols[0] not in {TCP, UDP, ICMP}:
        return EVERY_PORT
    low, high = whole(first), whole(last)
    if low is None or high is None:
        return None
    if protocols[0] == ICMP:
        if low == -1:
            return EVERY_PORT
        return (low * 256, low * 256 + 255) if high == -1 else (low * 256 + high,) * 2
    if low == -1 and high == -1:
        return EVERY_PORT
    return low, high


@dataclass
class Reader:
    """Reads one Graph and collects what hangs in the air.

    `not_modelled` gathers resources that act on something that is not known: what they do to
    which part of the network cannot be said, so no network claim may rest on their absence.
    """

    graph: Graph
    not_modelled: list[NotModelled] = field(default_factory=list)
    resources: dict[str, Resource] = field(init=False)

    def __post_init__(self) -> None:
        self.resources = self.graph.by_urn()

    def get(self, resource: Resource, key: str) -> Value:
        """An input, None when absent."""
        return resource.inputs.get(key)

    def items(self, resource: Resource, key: str) -> list[Value] | None:
        """A list input, empty when absent, None when it cannot be known."""
        return listed(self.get(resource, key))

    def urn(self, value: Value, *types: str) -> str | None:
        """The URN of the declared resource of one of `types` that `value` names, or None."""
        if isinstance(value, Template) and len(value.parts) == 1:
            value = value.parts[0]
        if not isinstance(value, Reference) or value.property not in _IDENTIFYING:
            return None
        target = self.resources.get(value.urn)
        return value.urn if target is not None and target.type in types else None

    def lost(self, resource: Resource, why: str) -> None:
        """Record that nobody can say what `resource` acts on."""
        self.not_modelled.append(NotModelled(resource.urn, resource.type, Family.NETWORK, why))


def listed(value: Value) -> list[Value] | None:
    """`value` as a list: empty when absent, None when it cannot be known."""
    if value is None:
        return []
    return value if isinstance(value, list) else None


def mapping(value: Value) -> dict[str, Value]:
    """`value` as a nested object: empty when absent or not an object."""
    return value if isinstance(value, dict) else {}


def either(widest: Range, found: Range | None) -> Range:
    """`found`, or `widest` when it could not be read."""
    return widest if found is None else found
