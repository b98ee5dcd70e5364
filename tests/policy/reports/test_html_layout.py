"""Of every network: no box lies on another, and arrows meet only the boxes that they connect."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given, settings

from stackproof.overview import Events, Flow, Group, Member, Network, Subnet, Tier, Vpc
from stackproof.reports.html.eventlayout import lay_out_events, layers
from stackproof.reports.html.geometry import Arrow, Box, Layout, Point
from stackproof.reports.html.layout import lay_out
from tests.policy.reports.networks import event_graphs, flow, networks

SOLID = {"group", "node"}
"""What arrows connect, and must not cross."""


def overlap(a: Box, b: Box) -> bool:
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom


def inside(inner: Box, outer: Box) -> bool:
    return (
        outer.x <= inner.x
        and inner.right <= outer.right
        and outer.y <= inner.y
        and inner.bottom <= outer.bottom
    )


def on_border(point: Point, box: Box) -> bool:
    x, y = point
    near = 0.11  # tenths are rounded
    across = box.x - near <= x <= box.right + near
    down = box.y - near <= y <= box.bottom + near
    at_side = min(abs(x - box.x), abs(x - box.right)) <= near
    at_end = min(abs(y - box.y), abs(y - box.bottom)) <= near
    return (at_side and down) or (at_end and across)


def crosses(a: Point, b: Point, box: Box) -> bool:
    """Whether the straight line from `a` to `b` is anywhere inside `box`."""
    left, right = sorted((a[0], b[0]))
    top, bottom = sorted((a[1], b[1]))
    edge = 0.2
    return (
        left < box.right - edge
        and right > box.x + edge
        and top < box.bottom - edge
        and bottom > box.y + edge
    )


def check_arrows(layout: Layout) -> None:
    for arrow in layout.arrows:
        assert len(arrow.points) >= 2
        assert on_border(arrow.points[0], layout.boxes[arrow.source])
        assert on_border(arrow.points[-1], layout.boxes[arrow.target])
        for a, b in pairwise(arrow.points):
            assert a[0] == b[0] or a[1] == b[1], "only upright and level lines"
            for box in layout.boxes:
                assert box.kind not in SOLID or not crosses(a, b, box)
        for x, y in arrow.points:
            assert 0 <= x <= layout.width
            assert 0 <= y <= layout.height


def check_tracks(arrows: tuple[Arrow, ...]) -> None:
    """No two arrows run on one another: they may cross, and that is all."""
    lines = [(arrow.edge, a, b) for arrow in arrows for a, b in pairwise(arrow.points)]
    for (one, a, b), (other, c, d) in combinations(lines, 2):
        if one == other:
            continue
        for axis in (0, 1):
            if a[axis] == b[axis] == c[axis] == d[axis]:
                along = 1 - axis
                first, second = sorted((a[along], b[along])), sorted((c[along], d[along]))
                assert first[1] <= second[0] or second[1] <= first[0]


@settings(max_examples=200, deadline=None)
@given(networks())
def test_no_box_lies_on_another(network: Network) -> None:
    layout = lay_out(network, network.flows)
    for kinds in (SOLID, {"member"}, {"fixture"}, {"subnet"}, {"vpc"}):
        for a, b in combinations([box for box in layout.boxes if box.kind in kinds], 2):
            assert not overlap(a, b), (a, b)
    solid = [box for box in layout.boxes if box.kind in SOLID]
    for fixture in (box for box in layout.boxes if box.kind == "fixture"):
        assert not any(overlap(fixture, box) for box in solid)
    for box in layout.boxes:
        assert inside(box, Box("vpc", "", 0, 0, layout.width, layout.height))


@settings(max_examples=200, deadline=None)
@given(networks())
def test_everything_stands_where_it_belongs(network: Network) -> None:
    layout = lay_out(network, network.flows)
    vpcs = {box.name: box for box in layout.boxes if box.kind == "vpc"}
    tiers = {box.name: box for box in layout.boxes if box.kind == "tier"}
    subnets = [box for box in layout.boxes if box.kind == "subnet"]
    for tier in network.tiers:
        assert inside(tiers[tier.key], vpcs[tier.vpc])
    for box in layout.boxes:
        if box.kind == "member":
            assert any(inside(box, subnet) for subnet in subnets)
        if box.kind == "group":
            assert sum(inside(box, tier) for tier in tiers.values()) == 1
        if box.kind == "node":
            assert not any(overlap(box, vpc) for vpc in vpcs.values())
    shown = {box.name for box in layout.boxes if box.kind in SOLID}
    assert shown == {group.name for group in network.groups}


@settings(max_examples=200, deadline=None)
@given(networks())
def test_arrows_connect_their_boxes_and_cross_none(network: Network) -> None:
    layout = lay_out(network, network.flows)
    check_arrows(layout)
    check_tracks(layout.arrows)
    for arrow in layout.arrows:
        one = network.flows[arrow.edge]
        assert layout.boxes[arrow.source].name == one.source
        assert layout.boxes[arrow.target].name == one.to
    assert {arrow.edge for arrow in layout.arrows} == set(range(len(network.flows)))


@settings(max_examples=50, deadline=None)
@given(networks())
def test_the_same_network_is_drawn_the_same(network: Network) -> None:
    assert lay_out(network, network.flows) == lay_out(network, network.flows)


@settings(max_examples=200, deadline=None)
@given(event_graphs())
def test_an_event_graph_keeps_the_same_rules(events: Events) -> None:
    layout = lay_out_events(events)
    for a, b in combinations(layout.boxes, 2):
        assert not overlap(a, b)
    check_arrows(layout)
    check_tracks(layout.arrows)
    assert [box.name for box in layout.boxes] == [node.key for node in events.nodes]
    assert [arrow.edge for arrow in layout.arrows] == list(range(len(events.edges)))


@given(event_graphs())
def test_what_starts_something_stands_left_of_it_unless_it_is_a_circle(events: Events) -> None:
    layer = layers(events)
    after: dict[str, set[str]] = {node.key: set() for node in events.nodes}
    for edge in events.edges:
        if edge.kind == "delivers":
            after[edge.source].add(edge.target)

    def reaches(start: str, goal: str) -> bool:
        seen, front = {start}, [start]
        while front:
            for key in after[front.pop()] - seen:
                seen.add(key)
                front.append(key)
        return goal in seen

    for edge in events.edges:
        if edge.kind == "delivers" and not reaches(edge.target, edge.source):
            assert layer[edge.source] < layer[edge.target]


# ── what people look for ────────────────────────────────────────────────────────────────────────


def three_tiers(*flows: Flow) -> Network:
    tiers = tuple(
        Tier(name, "vpc", name, exit_)  # type: ignore[arg-type]
        for name, exit_ in (("public", "internet"), ("private", "nat"), ("data", "none"))
    )
    subnets = tuple(
        Subnet(f"{t.name}-{z}", f"{t.name}-{z}", t.key, z, "10.0.0.0/24", None)
        for t in tiers
        for z in "abc"
    )
    homes = {"balancer": "public", "api": "private", "database": "data"}
    groups = (
        Group("internet", "internet"),
        *(
            Group(
                name,
                "resources",
                tuple(Member(f"{name}-{z}", f"{name}-{z}", "instance", t, z, None) for z in "abc"),
            )
            for name, t in homes.items()
        ),
        Group("s3", "service", detail="s3"),
    )
    return Network(
        tuple("abc"), (Vpc("vpc", "main", ("10.0.0.0/16",)),), tiers, subnets, groups, (), flows
    )


def test_neighbours_are_connected_straight_down() -> None:
    flows = (
        flow("internet", "balancer"),
        flow("balancer", "api"),
        flow("api", "database"),
        flow("api", "s3"),
    )
    layout = lay_out(three_tiers(*flows), flows)
    ways = {arrow.edge: arrow.points for arrow in layout.arrows}
    assert all(len(points) == 2 for points in ways.values()), "no bend is needed"
    assert ways[1][0][1] < ways[1][1][1] <= ways[2][0][1] < ways[2][1][1]
    places = {box.name: box for box in layout.boxes if box.kind in SOLID}
    assert places["internet"].right < places["balancer"].x
    assert places["s3"].x > places["balancer"].right


def test_zones_are_columns_and_tiers_are_rows() -> None:
    layout = lay_out(three_tiers(), ())
    at = {box.name: box for box in layout.boxes if box.kind == "subnet"}
    assert at["public-a"].x == at["data-a"].x < at["data-b"].x < at["data-c"].x
    assert at["public-a"].y == at["public-c"].y < at["private-a"].y < at["data-a"].y
    band = next(box for box in layout.boxes if box.name == "database")
    assert band.x < at["data-b"].x < at["data-c"].right - 20 < band.right


def test_members_are_counted_where_there_are_too_many_to_name() -> None:
    network = three_tiers()
    named = lay_out(network, (), detailed=True)
    counted = lay_out(network, (), detailed=False)
    texts = {box.lines[0] for box in named.boxes if box.kind == "member"}
    assert "database-a" in texts
    assert {box.lines[0] for box in counted.boxes if box.kind == "member"} == {"1 instance"}
