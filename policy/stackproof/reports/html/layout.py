"""Where everything of the network's diagram goes: a pure function of the network and its flows.

Zones are columns and tiers are rows; where they meet is a subnet. A group is a band across the
zones that it is in, on a lane of its own, so that what leaves it sideways meets nothing. Outside
addresses stand on the left, services on the right. Arrows run straight down between neighbours and
else through channels beside the columns, on tracks: no arrow passes through a box that it does not
connect, and each begins and ends on the border of the boxes that it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from stackproof.overview import Fixture, Flow, Member, Network, Tier
from stackproof.reports.html.geometry import Arrow, Box, BoxKind, Layout, Point, tidy
from stackproof.reports.html.parts import (
    SIDES,
    Face,
    Link,
    Part,
    Side,
    in_order,
    links_of,
    parts_of,
)
from stackproof.reports.html.tracks import TRACK, beside, tracks_of, width_of

COLUMN, GUTTER = 208, 30
NODE, NODE_HEIGHT, NODE_GAP = 152, 52, 20
STRIP, PORT = 106, 20
HEADER, ROW_GAP, PAD = 44, 30, 10
HEAD, LINE, LANE_GAP = 28, 22, 12
FIXTURE, FIXTURE_STEP = 22, 27
VPC_HEAD, VPC_PAD, VPC_GAP = 32, 14, 30
ZONE_HEAD = 30
MARGIN = 8
NARROW = COLUMN - 46
"""The width of what leaves room for an arrow beside it."""
MOST_NAMED = 4
"""Members named in one cell; the rest are counted."""
MOST_FIXTURES = 2


def lay_out(network: Network, flows: Sequence[Flow], *, detailed: bool = True) -> Layout:
    """The diagram of `network` with `flows`; members are named when `detailed`, else counted."""
    return _Drawing(network, flows, detailed=detailed).layout()


@dataclass(frozen=True)
class _Across:
    """The widths from left to right."""

    columns: tuple[float, ...]
    begin: float
    end: float
    """Of the columns together."""
    vpc_begin: float
    vpc_end: float
    width: float


class _Drawing:
    def __init__(self, network: Network, flows: Sequence[Flow], *, detailed: bool) -> None:
        self.network = network
        self.detailed = detailed
        self.zones = (network.zones or ("",)) if network.vpcs else ()
        self.column = {zone: number for number, zone in enumerate(self.zones)}
        self.parts = parts_of(network, self.column)
        self.links = links_of(network, self.parts, flows)
        rows = [[p for p in self.parts if p.tier == tier.key] for tier in network.tiers]
        self.rows = dict(
            zip((t.key for t in network.tiers), in_order(rows, self.links), strict=True)
        )
        self.boxes: list[Box] = []
        self.tier_at: dict[str, tuple[float, float]] = {}
        self.vpc_at: dict[str, tuple[float, float]] = {}

    def layout(self) -> Layout:
        self._choose_sides()
        self._sort_ports()
        across_top = [k for k in self.links if {k.source.side, k.target.side} == {*SIDES}]
        begin = MARGIN + TRACK * len(across_top)
        bottom = self._place_rows(begin)
        for side in SIDES:
            bottom = max(bottom, self._place_nodes(side, begin + ZONE_HEAD))
        self.inner = {side: tracks_of(self._spans(side)) for side in SIDES}
        self.outer = {side: tracks_of(self._spans_outside(side)) for side in SIDES}
        self.across = self._place_columns()
        self._draw(begin, bottom)
        top = {k.number: MARGIN + TRACK * n for n, k in enumerate(across_top)}
        arrows = tuple(self._arrow(link, top) for link in self.links)
        return Layout(self.across.width, bottom + MARGIN, tuple(self.boxes), arrows)

    # ── which way arrows take ───────────────────────────────────────────────────────────────────

    def _choose_sides(self) -> None:
        """Straight down where neighbours allow it, else by the side that has less to carry."""
        bands = [part for row in self.rows.values() for part in row]
        for number, part in enumerate(bands):
            part.rank = number
        load: dict[Side, int] = {"left": 0, "right": 0}
        side: Side
        for link in self.links:
            for edge in {link.source.side, link.target.side} - {None}:
                load[edge or "left"] += 1
        taken: dict[frozenset[int], int] = {}
        for link in sorted(
            self.links, key=lambda k: (abs(k.source.rank - k.target.rank), k.number)
        ):
            a, b = link.source, link.target
            pair = frozenset({id(a), id(b)})
            if a.side or b.side:
                link.leaves = _facing(a.side) if a.side else b.side or "left"
                link.enters = _facing(b.side) if b.side else a.side or "left"
            elif (
                abs(a.rank - b.rank) == 1
                and a.vpc == b.vpc
                and taken.get(pair, 0) < len(_slots(a, b))
            ):
                link.slot = taken.get(pair, 0)
                taken[pair] = link.slot + 1
                down = a.rank < b.rank
                link.leaves, link.enters = ("bottom", "top") if down else ("top", "bottom")
            else:
                # Far from its side, an arrow is long: two columns weigh as much as three arrows.
                last = len(self.zones) - 1
                far: dict[Side, int] = {
                    "left": a.span[0] + b.span[0],
                    "right": 2 * last - a.span[-1] - b.span[-1],
                }
                weight: dict[Side, float] = {s: load[s] + 1.5 * far[s] for s in SIDES}
                side = "left" if weight["left"] < weight["right"] else "right"
                load[side] += 1
                link.leaves = link.enters = side

    def _sort_ports(self) -> None:
        for link in self.links:
            if link.slot is None:
                link.source.ports.setdefault(link.leaves, []).append((link, True))
                link.target.ports.setdefault(link.enters, []).append((link, False))
        for node in (p for p in self.parts if p.side):
            ranks = [
                link.other(node).rank
                for ports in node.ports.values()
                for link, _ in ports
                if not link.outside
            ]
            node.rank = sum(ranks) / len(ranks) if ranks else -1
        for part in self.parts:
            for listed in part.ports.values():
                listed.sort(key=lambda port, part=part: _port_order(part, *port))  # type: ignore[misc]
            most = max(map(len, part.ports.values()), default=0)
            part.height = max(self._content(part), PORT * most + 8)
            part.width = NODE

    def _content(self, part: Part) -> float:
        lines = max((len(self._lines(part, members)) for members in part.cells.values()), default=0)
        return NODE_HEIGHT if part.side else HEAD + LINE * lines + 4

    def _lines(self, part: Part, members: Sequence[Member]) -> list[tuple[str, str]]:
        """(URN, text) of each line in one cell of a band."""
        kinds = sorted({m.kind for m in part.group.members})
        named = list(
            dict.fromkeys(
                # One kind for all is in the band's head.
                (m.urn, m.name if len(kinds) == 1 else f"{m.name} · {m.kind}")
                for m in members
            )
        )
        if not self.detailed:
            return [("", f"{len(named)} {kinds[0] if len(kinds) == 1 else 'resources'}")]
        if len(named) <= MOST_NAMED:
            return named
        return [*named[: MOST_NAMED - 1], ("", f"and {len(named) - MOST_NAMED + 1} more")]

    # ── from top to bottom ──────────────────────────────────────────────────────────────────────

    def _place_rows(self, begin: float) -> float:
        """Returns where the last VPC ends."""
        straight = {frozenset({k.source, k.target}) for k in self.links if k.slot is not None}
        y = begin + ZONE_HEAD
        for vpc in self.network.vpcs:
            start = y
            y += VPC_HEAD
            for tier in self.network.tiers:
                if tier.vpc == vpc.urn:
                    y = self._place_row(tier, y, straight) + ROW_GAP
            y += VPC_PAD - (ROW_GAP if y > start + VPC_HEAD else 0)
            self.vpc_at[vpc.urn] = start, y
            y += VPC_GAP
        return y - (VPC_GAP if self.network.vpcs else 0)

    def _place_row(self, tier: Tier, top: float, straight: set[frozenset[Part]]) -> float:
        y = top + HEADER
        before: Part | None = None
        for band in self.rows[tier.key]:
            if before is not None:
                y += ROW_GAP if frozenset({before, band}) in straight else LANE_GAP
            band.y = y
            y += band.height
            before = band
        narrow, wide = self._fixtures(tier)
        rows = max((len(listed) for listed in narrow.values()), default=0) + len(wide)
        y += PAD + FIXTURE_STEP * rows
        self.tier_at[tier.key] = top, y
        return y

    def _fixtures(self, tier: Tier) -> tuple[dict[int, list[Fixture]], list[Fixture]]:
        """Those of each zone, and those of the whole tier."""
        narrow: dict[int, list[Fixture]] = {}
        wide: list[Fixture] = []
        for fixture in self.network.fixtures:
            if fixture.tier == tier.key:
                column = self.column.get(fixture.zone)
                listed = wide if column is None else narrow.setdefault(column, [])
                if len(listed) < MOST_FIXTURES:
                    listed.append(fixture)
        return narrow, wide

    def _place_nodes(self, side: Side, begin: float) -> float:
        """As near to what they are connected to as they let each other; returns where they end."""
        wanted: dict[Part, float] = {}
        for node in (p for p in self.parts if p.side == side):
            aims = [
                link.other(node).port(
                    link.enters if source else link.leaves, link, source=not source
                )
                - node.port(at, link, source=source)
                for at, ports in node.ports.items()
                for link, source in ports
                if not link.outside
            ]
            wanted[node] = min(aims, default=begin)
        y = begin
        for node in sorted(wanted, key=lambda n: (wanted[n], n.group.name)):
            node.y = max(y, wanted[node])
            y = node.y + node.height + NODE_GAP
            self._move_ports(node, side)
        return y

    def _move_ports(self, node: Part, side: Side) -> None:
        """Off the height of what leaves a band for elsewhere: they would run on one another."""
        bands = [
            (part.port(side, link, source=source), link)
            for part in self.parts
            if not part.side
            for link, source in part.ports.get(side, ())
        ]
        for face, ports in node.ports.items():
            for link, source in ports:
                others = [height for height, other in bands if other is not link]
                height = beside(node.port(face, link, source=source), others)
                node.moved[link.number, source] = height

    # ── from left to right ──────────────────────────────────────────────────────────────────────

    def _spans(self, side: Side) -> Iterable[tuple[float, float, int]]:
        """What runs up and down in the channel between columns and the VPC's border."""
        for link in self.links:
            if side in link.sides and not link.outside:
                first, second = link.ends
                if abs(first - second) >= 1:
                    yield min(first, second), max(first, second), link.number

    def _spans_outside(self, side: Side) -> Iterable[tuple[float, float, int]]:
        """What runs up and down between the VPC's border and the nodes."""
        for link in self.links:
            if link.outside and side in {link.source.side, link.target.side}:
                first, second = link.ends
                if link.source.side == link.target.side:
                    yield min(first, second), max(first, second), link.number
                else:
                    yield 0, first if link.source.side == side else second, link.number

    def _place_columns(self) -> _Across:
        lefts = [p for p in self.parts if p.side == "left"]
        rights = [p for p in self.parts if p.side == "right"]
        x = float(MARGIN)
        for node in lefts:
            node.x = x
        x += (NODE + self._gap(lefts, "left")) if lefts else 0
        vpc_begin = x
        if self.zones:
            x += VPC_PAD + width_of(self.inner["left"]) + self._strip("left")
        begin = x
        columns = tuple(begin + number * (COLUMN + GUTTER) for number in range(len(self.zones)))
        end = vpc_end = columns[-1] + COLUMN if columns else begin
        if self.zones:
            vpc_end = end + self._strip("right") + width_of(self.inner["right"]) + VPC_PAD
        x = vpc_end + (self._gap(rights, "right") if rights else 0)
        for node in rights:
            node.x = x
        x += NODE if rights else 0
        for row in self.rows.values():
            for band in row:
                band.x = columns[band.span[0]] + PAD
                band.width = columns[band.span[-1]] + COLUMN - PAD - band.x
        return _Across(columns, begin, end, vpc_begin, vpc_end, x + MARGIN)

    def _strip(self, side: Side) -> float:
        """Room for labels between the columns and the tracks."""
        labelled = any(k.enters == side and not k.target.side for k in self.links)
        return STRIP if labelled else 16

    def _gap(self, nodes: Sequence[Part], side: Side) -> float:
        labelled = any(k.target in nodes for k in self.links)
        return (STRIP if labelled else 40) + width_of(self.outer[side])

    def _arrow(self, link: Link, top: Mapping[int, float]) -> Arrow:
        a, b = link.source, link.target
        if link.slot is not None:
            return self._straight(link)
        first, second = link.ends
        begin = (a.x if link.leaves == "left" else a.x + a.width, first)
        end = (b.x if link.enters == "left" else b.x + b.width, second)
        points: list[Point] = [begin]
        if link.number in top:
            x1, x2 = (self._track_x(part.side or "left", link, inside=False) for part in (a, b))
            y = top[link.number]
            points += [(x1, first), (x1, y), (x2, y), (x2, second)]
        else:
            side = a.side or b.side or _side(link.leaves)
            if link.number in (self.outer if link.outside else self.inner)[side]:
                x = self._track_x(side, link, inside=not link.outside)
                points += [(x, first), (x, second)]
        points.append(end)
        out = -10 if link.enters == "left" else 10
        anchor: Literal["start", "end"] = "end" if link.enters == "left" else "start"
        return Arrow(link.number, a.box, b.box, tidy(points), (end[0] + out, end[1] - 5), anchor)

    def _track_x(self, side: Side, link: Link, *, inside: bool) -> float:
        away = TRACK * ((self.inner if inside else self.outer)[side][link.number] + 0.5)
        if inside:
            if side == "left":
                return self.across.begin - self._strip("left") - away
            return self.across.end + self._strip("right") + away
        return self.across.vpc_begin - away if side == "left" else self.across.vpc_end + away

    def _straight(self, link: Link) -> Arrow:
        a, b = link.source, link.target
        column, between = _slots(a, b)[link.slot or 0]
        x = self.across.columns[column] + COLUMN + (GUTTER / 2 if between else -PAD - 11)
        down = a.y < b.y
        begin, end = (a.y + a.height, b.y) if down else (a.y, b.y + b.height)
        upper = a if down else b
        gap = self.tier_at[upper.tier][1] if a.tier != b.tier else upper.y + upper.height
        points = tidy([(x, begin), (x, end)])
        return Arrow(link.number, a.box, b.box, points, (x + 8, gap + ROW_GAP / 2 + 4), "start")

    # ── the boxes ───────────────────────────────────────────────────────────────────────────────

    def _draw(self, begin: float, bottom: float) -> None:
        across = self.across
        end = max((b for _, b in self.vpc_at.values()), default=bottom)
        for vpc in self.network.vpcs:
            top, low = self.vpc_at[vpc.urn]
            lines = (vpc.name, ", ".join(vpc.cidrs))
            width = across.vpc_end - across.vpc_begin
            self._add("vpc", vpc.urn, (across.vpc_begin, top, width, low - top), lines)
        for zone, x in zip(self.zones, across.columns, strict=True):
            self._add("zone", zone, (x, begin, COLUMN, end - begin), (zone or "zone not known",))
        for tier in self.network.tiers:
            self._draw_tier(tier)
        for node in sorted((p for p in self.parts if p.side), key=lambda n: (n.x, n.y)):
            self._draw_part(node)

    def _draw_tier(self, tier: Tier) -> None:
        top, low = self.tier_at[tier.key]
        across = self.across
        width = across.end - across.begin + 8
        self._add("tier", tier.key, (across.begin - 4, top - 4, width, low - top + 8), (tier.name,))
        cells: dict[int, list[int]] = {}
        for number, subnet in enumerate(self.network.subnets):
            if subnet.tier == tier.key:
                cells.setdefault(self.column[subnet.zone], []).append(number)
        for column, numbers in sorted(cells.items()):
            first = self.network.subnets[numbers[0]]
            more = f" and {len(numbers) - 1} more" if len(numbers) > 1 else ""
            where = (across.columns[column], top, COLUMN, low - top)
            self._add("subnet", first.urn, where, (first.name + more, first.cidr))
        for band in self.rows[tier.key]:
            self._draw_part(band)
        narrow, wide = self._fixtures(tier)
        lines = max((len(listed) for listed in narrow.values()), default=0)
        y = low - PAD - FIXTURE_STEP * (lines + len(wide)) + 8
        for column, listed in sorted(narrow.items()):
            for number, fixture in enumerate(listed):
                self._draw_fixture(fixture, column, y + FIXTURE_STEP * number)
        for number, fixture in enumerate(wide):
            self._draw_fixture(fixture, min(cells, default=0), y + FIXTURE_STEP * (lines + number))

    def _draw_fixture(self, fixture: Fixture, column: int, y: float) -> None:
        where = (self.across.columns[column] + PAD, y, NARROW, FIXTURE)
        self._add("fixture", fixture.urn, where, (f"{fixture.name} · {fixture.kind}",))

    def _draw_part(self, part: Part) -> None:
        part.box = len(self.boxes)
        group = part.group
        title = group.members[0].name if group.kind == "ungrouped" else group.name
        where = (part.x, part.y, part.width, part.height)
        self._add("node" if part.side else "group", group.name, where, (title, _about(part)))
        for column, members in sorted(part.cells.items()):
            x = self.across.columns[column] + PAD + 8
            for number, (urn, text) in enumerate(self._lines(part, members)):
                y = part.y + HEAD + LINE * number
                self._add("member", urn, (x, y, COLUMN - 2 * PAD - 16, LINE - 4), (text,))

    def _add(
        self,
        kind: BoxKind,
        name: str,
        where: tuple[float, float, float, float],
        lines: tuple[str, ...],
    ) -> None:
        x, y, width, height = (round(value, 1) for value in where)
        self.boxes.append(Box(kind, name, x, y, width, height, lines))


def _length(link: Link) -> tuple[float, int]:
    return abs(link.source.rank - link.target.rank), link.number


def _facing(side: Side) -> Side:
    return "right" if side == "left" else "left"


def _side(face: Face) -> Side:
    return "left" if face == "left" else "right"


def _about(part: Part) -> str:
    group = part.group
    if group.kind == "ungrouped":
        return "in no group"
    if group.detail and group.kind != "resources":
        return group.detail if group.kind == "addresses" else "AWS service"
    if group.kind == "internet":
        return "any address outside"
    kinds = sorted({m.kind for m in group.members})
    return kinds[0] if len(kinds) == 1 else f"{len(kinds)} kinds of resources" if kinds else ""


def _port_order(part: Part, link: Link, source: bool) -> tuple[float, ...]:  # noqa: FBT001 - which end
    """Short ways up, long ways up, then long and short ways down: so tracks cross least."""
    other = link.other(part)
    if link.outside and other.side != part.side:
        return 0, 1000, link.number
    way = other.rank - part.rank
    if other is part:
        return 1, source, link.number
    # What crosses the channel does so below what turns upwards in it, and above what turns down.
    return (0, -way, link.number) if way < 0 else (2, -way, link.number)


def _slots(a: Part, b: Part) -> list[tuple[int, bool]]:
    """Ways between two bands: (column, whether in the gutter after it), the middle ones first."""
    shared = sorted(set(a.span) & set(b.span))
    gutters = [(column, True) for column in shared[:-1]]
    middle = (len(gutters) - 1) / 2
    gutters.sort(key=lambda slot: (abs(slot[0] - shared[0] - middle), slot))
    return [*gutters, *((column, False) for column in shared)]
