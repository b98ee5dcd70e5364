"""Where the nodes and edges of the event graph go: layers from left to right, a pure function.

What starts something stands left of it. Edges to the next layer run through the gap between; all
others go below every box and come back up, so that none passes through a box.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from stackproof.overview import EventEdge, Events
from stackproof.reports.html.geometry import Arrow, Box, Layout, Point, tidy
from stackproof.reports.html.tracks import TRACK, beside, tracks_of, width_of

NODE, HEIGHT, GAP = 176, 50, 22
PORT, STRIP, MARGIN = 22, 158, 10


@dataclass
class _Place:
    layer: int
    row: int
    out: list[int]
    into: list[int]
    x: float = 0
    y: float = 0
    height: float = HEIGHT
    moved: dict[int, float] = field(default_factory=dict)

    def port(self, edge: int, *, leaves: bool) -> float:
        listed = self.out if leaves else self.into
        even = round(self.y + self.height * (listed.index(edge) + 1) / (len(listed) + 1))
        return even if leaves else self.moved.get(edge, even)


def lay_out_events(events: Events) -> Layout:
    """The event graph. The boxes are in the order of `events.nodes`, the arrows of its edges."""
    edges = events.edges
    layer = layers(events)
    count = max(layer.values(), default=0) + 1
    places: dict[str, _Place] = {}
    rows = [0] * count
    for node in events.nodes:
        number = layer[node.key]
        places[node.key] = _Place(number, rows[number], [], [])
        rows[number] += 1
    for number, edge in enumerate(edges):
        places[edge.source].out.append(number)
        places[edge.target].into.append(number)
    _stack(places.values(), count)
    for place in places.values():
        # The lower its other end, the lower the port; what goes below everything is last.
        place.out.sort(key=lambda n: (_around(edges[n], places), places[edges[n].target].y, n))
        place.into.sort(key=lambda n: (_around(edges[n], places), places[edges[n].source].y, n))
    for place in places.values():
        # What leaves the layer before at the same height, for elsewhere, would run on it.
        before = [p for p in places.values() if p.layer == place.layer - 1]
        for number in place.into:
            taken = [p.port(n, leaves=True) for p in before for n in p.out if n != number]
            place.moved[number] = beside(place.port(number, leaves=False), taken)
    bottom = max((p.y + p.height for p in places.values()), default=MARGIN)
    below = [n for n, edge in enumerate(edges) if _around(edge, places)]
    gaps = _gaps(edges, places, count, {n: bottom + TRACK * (i + 1.5) for i, n in enumerate(below)})
    x = float(MARGIN)
    starts = []
    for number in range(count):
        x += width_of(gaps[number]) + (STRIP if _labelled(number, places.values()) else 0)
        starts.append(x)
        x += NODE + MARGIN
    x += width_of(gaps[count])
    for place in places.values():
        place.x = starts[place.layer]
    lows = {n: bottom + TRACK * (i + 1.5) for i, n in enumerate(below)}
    arrows = tuple(
        _arrow(number, edge, events, places, gaps, starts, lows)
        for number, edge in enumerate(edges)
    )
    boxes = tuple(
        Box("node", n.key, p.x, round(p.y, 1), NODE, round(p.height, 1), (n.name, n.kind))
        for n in events.nodes
        for p in (places[n.key],)
    )
    return Layout(x + MARGIN, bottom + TRACK * (len(below) + 1) + MARGIN, boxes, arrows)


def layers(events: Events) -> dict[str, int]:
    """How many deliveries lead to each node, at most; what closes a circle does not count."""
    after: dict[str, list[str]] = {node.key: [] for node in events.nodes}
    for edge in events.edges:
        if edge.kind == "delivers":
            after[edge.source].append(edge.target)
    found = dict.fromkeys(after, 0)
    order, closing = _depth_first(after)
    for key in reversed(order):
        for target in after[key]:
            if (key, target) not in closing:
                found[target] = max(found[target], found[key] + 1)
    return found


def _depth_first(after: Mapping[str, Sequence[str]]) -> tuple[list[str], set[tuple[str, str]]]:
    """The nodes, each after all that it leads to, and the edges that lead back to where we are."""
    order: list[str] = []
    closing: set[tuple[str, str]] = set()
    open_: set[str] = set()
    seen: set[str] = set()
    entered = {target for targets in after.values() for target in targets}
    for start in sorted(after, key=lambda key: (key in entered, key)):
        stack = [(start, iter(after[start]))] if start not in seen else []
        seen.add(start)
        open_.update(key for key, _ in stack)
        while stack:
            key, targets = stack[-1]
            target = next(targets, None)
            if target is None:
                stack.pop()
                open_.discard(key)
                order.append(key)
            elif target in open_:
                closing.add((key, target))
            elif target not in seen:
                seen.add(target)
                open_.add(target)
                stack.append((target, iter(after[target])))
    return order, closing


def _stack(places: Iterable[_Place], count: int) -> None:
    columns: list[list[_Place]] = [[] for _ in range(count)]
    for place in places:
        place.height = max(HEIGHT, PORT * max(len(place.out), len(place.into)) + 8)
        columns[place.layer].append(place)
    heights = [sum(p.height + GAP for p in column) - GAP for column in columns]
    tallest = max(heights, default=0)
    for column, height in zip(columns, heights, strict=True):
        y = MARGIN + 8 + (tallest - height) / 2
        for place in column:
            place.y = y
            y += place.height + GAP


def _around(edge: EventEdge, places: dict[str, _Place]) -> bool:
    """Whether the edge goes below: its target is not in the next layer."""
    return places[edge.target].layer != places[edge.source].layer + 1


def _gaps(
    edges: Sequence[EventEdge], places: dict[str, _Place], count: int, low: dict[int, float]
) -> list[dict[int, int]]:
    """For the gap before each layer, and the one after the last: edge (or ~edge) -> its track.

    An edge that goes below comes down in one gap, by its number, and up in another, by ~number.
    """
    spans: list[list[tuple[float, float, int]]] = [[] for _ in range(count + 1)]
    for number, edge in enumerate(edges):
        source, target = places[edge.source], places[edge.target]
        leaves, enters = source.port(number, leaves=True), target.port(number, leaves=False)
        if number in low:
            spans[source.layer + 1].append((leaves, low[number], number))
            spans[target.layer].append((enters, low[number], ~number))
        elif abs(leaves - enters) >= 1:
            first, last = sorted((leaves, enters))
            spans[source.layer + 1].append((first, last, number))
    return [tracks_of(listed) for listed in spans]


def _labelled(layer: int, places: Iterable[_Place]) -> bool:
    return any(place.into for place in places if place.layer == layer)


def _arrow(  # noqa: PLR0913, PLR0917 - what has been worked out of the graph so far
    number: int,
    edge: EventEdge,
    events: Events,
    places: dict[str, _Place],
    gaps: Sequence[dict[int, int]],
    starts: Sequence[float],
    low: dict[int, float],
) -> Arrow:
    source, target = places[edge.source], places[edge.target]
    leaves, enters = source.port(number, leaves=True), target.port(number, leaves=False)
    begin, end = starts[source.layer] + NODE, starts[target.layer]

    def track(gap: int, key: int) -> float:
        """Counted from the layer on the left: there labels are not in the way."""
        left = starts[gap - 1] + NODE + MARGIN if gap else float(MARGIN)
        return left + TRACK * (gaps[gap][key] + 0.5)

    points: list[Point] = [(begin, leaves)]
    if number in low:
        down, up = track(source.layer + 1, number), track(target.layer, ~number)
        points += [(down, leaves), (down, low[number]), (up, low[number]), (up, enters)]
    elif number in gaps[target.layer]:
        x = track(target.layer, number)
        points += [(x, leaves), (x, enters)]
    points.append((end, enters))
    keys = {node.key: n for n, node in enumerate(events.nodes)}
    where = (round(end - 12, 1), round(enters - 6, 1))
    return Arrow(number, keys[edge.source], keys[edge.target], tidy(points), where, "end")
