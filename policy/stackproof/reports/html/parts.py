"""The boxes that arrows connect, before they have a place: who is neighbour of whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise, permutations
from typing import Literal, TypeAlias

from stackproof.overview import Flow, Group, Member, Network

Side: TypeAlias = Literal["left", "right"]
Face: TypeAlias = Literal["left", "right", "top", "bottom"]
SIDES: tuple[Side, ...] = ("left", "right")

_MOST_ORDERED = 5
"""Bands of a tier of which every order is tried: 120 of them."""


@dataclass(eq=False)
class Part:
    """A group, or what of it is in one tier: a band across zones, or a node at the edge."""

    group: Group
    tier: str = ""
    side: Side | None = None
    """Of a node: which edge it stands at."""
    vpc: str = ""
    cells: dict[int, list[Member]] = field(default_factory=dict)
    """Column -> members there."""
    rank: float = -1
    """How far down it stands, roughly."""
    ports: dict[Face, list[tuple[Link, bool]]] = field(default_factory=dict)
    """What ends at each side, in order; whether it begins there."""
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0
    box: int = -1
    moved: dict[tuple[int, bool], float] = field(default_factory=dict)
    """Ports that are not where an even distance would have them."""

    @property
    def span(self) -> range:
        """The columns that it covers."""
        return range(min(self.cells, default=0), max(self.cells, default=-1) + 1)

    def port(self, face: Face, link: Link, *, source: bool) -> float:
        """The height of a link's end."""
        listed = self.ports[face]
        number = next(n for n, (x, begins) in enumerate(listed) if x is link and begins == source)
        even = round(self.y + self.height * (number + 1) / (len(listed) + 1))
        return self.moved.get((link.number, source), even)


@dataclass(eq=False)
class Link:
    """A flow between two parts, with the sides that it leaves by and enters by."""

    number: int
    source: Part
    target: Part
    leaves: Face = "right"
    enters: Face = "right"
    slot: int | None = None
    """Which way down between neighbours it takes, if it does."""

    @property
    def ends(self) -> tuple[float, float]:
        """The heights of its two ends, when both are at sides."""
        return (
            self.source.port(self.leaves, self, source=True),
            self.target.port(self.enters, self, source=False),
        )

    @property
    def outside(self) -> bool:
        """Whether both ends are nodes at the edge."""
        return bool(self.source.side and self.target.side)

    @property
    def sides(self) -> tuple[Face, ...]:
        """The sides whose channel it uses."""
        return tuple(dict.fromkeys((self.leaves, self.enters))) if self.slot is None else ()

    def other(self, part: Part) -> Part:
        """The end that is not `part`."""
        return self.target if self.source is part else self.source


def parts_of(network: Network, columns: dict[str, int]) -> list[Part]:
    """Every group: one part for each tier that it is in, or else one at the edge."""
    vpc_of = {tier.key: tier.vpc for tier in network.tiers}
    found: list[Part] = []
    for group in network.groups:
        by_tier: dict[str, dict[int, list[Member]]] = {}
        for member in group.members:
            if member.tier in vpc_of:
                cells = by_tier.setdefault(member.tier, {})
                cells.setdefault(columns[member.zone], []).append(member)
        for tier, cells in sorted(by_tier.items()):
            found.append(Part(group, tier, vpc=vpc_of[tier], cells=cells))
        if not by_tier:
            outside = group.kind in {"internet", "addresses"}
            found.append(Part(group, side="left" if outside else "right"))
    return found


def links_of(network: Network, parts: Sequence[Part], flows: Sequence[Flow]) -> list[Link]:
    """Each flow between the two nearest parts of its groups; none where a group is not drawn."""
    row = {tier.key: number for number, tier in enumerate(network.tiers)}
    of_group: dict[str, list[Part]] = {}
    for part in parts:
        of_group.setdefault(part.group.name, []).append(part)
    found = []
    for number, flow in enumerate(flows):
        pairs = [(a, b) for a in of_group.get(flow.source, ()) for b in of_group.get(flow.to, ())]
        if pairs:
            near = min(pairs, key=lambda p: abs(row.get(p[0].tier, 0) - row.get(p[1].tier, 0)))
            found.append(Link(number, *near))
    return found


def in_order(rows: list[list[Part]], links: Sequence[Link]) -> list[list[Part]]:
    """The bands of each row so that many flows lead to a neighbour, first those from outside."""
    depth = _depths(links)
    worth: dict[frozenset[int], float] = {}
    for link in links:
        a, b = link.source, link.target
        if a is not b and a.vpc == b.vpc and not a.side and not b.side:
            shared = len(set(a.span) & set(b.span))
            inward = depth.get(id(b)) == depth.get(id(a), 0) + 1
            pair = frozenset({id(a), id(b)})
            worth[pair] = worth.get(pair, 0) + (1 + inward + shared / 10 if shared else 0)
    rows = [sorted(row, key=lambda p: (depth.get(id(p), 99), p.group.name)) for row in rows]
    for _ in range(2):
        for number, row in enumerate(rows):
            if 1 < len(row) <= _MOST_ORDERED:
                before = [p for r in rows[:number] for p in r][-1:]
                after = [p for r in rows[number + 1 :] for p in r][:1]
                rows[number] = max(
                    (list(order) for order in permutations(row)),
                    key=lambda order, b=before, a=after: _gain([*b, *order, *a], worth),  # type: ignore[misc]
                )
    return rows


def _gain(order: Sequence[Part], worth: dict[frozenset[int], float]) -> float:
    return sum(worth.get(frozenset({id(a), id(b)}), 0) for a, b in pairwise(order))


def _depths(links: Sequence[Link]) -> dict[int, int]:
    """How many flows lead from outside to each part, at least."""
    front = {id(k.source) for k in links if k.source.side == "left"}
    found = dict.fromkeys(front, 0)
    while front:
        front = {id(k.target) for k in links if id(k.source) in front} - found.keys()
        found |= dict.fromkeys(front, max(found.values()) + 1)
    return found
