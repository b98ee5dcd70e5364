"""Networks as a stranger might draw them, for tests of the diagram."""

from __future__ import annotations

from hypothesis import strategies as st

from stackproof.overview import (
    EventEdge,
    EventNode,
    Events,
    Fixture,
    Flow,
    Group,
    Member,
    Network,
    Subnet,
    Tier,
    Vpc,
)

KINDS = ("declared", "missing", "excess", "perhaps", "found")


def flow(source: str, to: str, kind: str = "declared") -> Flow:
    traffic = () if kind == "missing" else ("tcp/443",)
    excess = ("tcp/443",) if kind == "excess" else ()
    return Flow(source, to, kind, traffic, ("tcp/443",), excess, (), ())  # type: ignore[arg-type]


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Any number of VPCs, tiers, zones, groups in them or outside, and flows between any two."""
    zones = tuple(f"zone-{n}" for n in range(draw(st.integers(1, 4))))
    vpcs = tuple(
        Vpc(f"vpc-{n}", f"vpc {n}", ("10.0.0.0/16",)) for n in range(draw(st.integers(0, 2)))
    )
    tiers = tuple(
        Tier(f"{vpc.urn}|{n}", vpc.urn, f"tier {n}", exit_)  # type: ignore[arg-type]
        for vpc in vpcs
        for n, exit_ in enumerate(
            draw(st.lists(st.sampled_from(["internet", "nat", "none", "unknown"]), max_size=3))
        )
    )
    subnets = tuple(
        Subnet(f"{tier.key}|{zone}", f"{tier.name} {zone}", tier.key, zone, "10.0.0.0/24", None)
        for tier in tiers
        for zone in draw(st.sets(st.sampled_from(zones), min_size=1).map(sorted))
    )
    groups = [Group("internet", "internet")]
    for number in range(draw(st.integers(0, 7))):
        kind = draw(st.sampled_from(["addresses", "service", "resources", "ungrouped"]))
        places = draw(st.lists(st.sampled_from(subnets), max_size=7)) if subnets else []
        if kind in {"addresses", "service"}:
            places = []
        members = tuple(
            Member(f"urn-{number}-{n}", f"name {n}", "instance", s.tier, s.zone, None)
            for n, s in enumerate(places)
        ) or (
            (Member(f"urn-{number}", "function", "function", "", "", None),) * (kind == "ungrouped")
        )
        groups.append(Group(f"group-{number}", kind, members))  # type: ignore[arg-type]
    names = [group.name for group in groups]
    pairs = draw(
        st.lists(
            st.tuples(st.sampled_from(names), st.sampled_from(names), st.sampled_from(KINDS)),
            max_size=18,
            unique_by=lambda pair: pair[:2],
        )
    )
    fixtures = tuple(
        Fixture(f"nat-{n}", f"nat {n}", "NAT", tier.key, zone)
        for n, (tier, zone) in enumerate(
            draw(
                st.lists(
                    st.tuples(st.sampled_from(tiers), st.sampled_from([*zones, ""])), max_size=6
                )
            )
            if tiers
            else []
        )
    )
    flows = tuple(flow(*pair) for pair in pairs)
    # Of zones without a subnet there is no column.
    used = tuple(zone for zone in zones if any(s.zone == zone for s in subnets))
    kept = tuple(f for f in fixtures if f.zone in {*used, ""})
    return Network(used, vpcs, tiers, subnets, tuple(groups), kept, flows)


@st.composite
def event_graphs(draw: st.DrawFn) -> Events:
    """Any number of nodes, and edges between any two, themselves too."""
    count = draw(st.integers(1, 8))
    nodes = tuple(EventNode(f"n{n}", f"node {n}", "Bucket", None) for n in range(count))
    keys = st.sampled_from([node.key for node in nodes])
    edges = draw(
        st.lists(
            st.builds(
                EventEdge,
                keys,
                keys,
                st.sampled_from(["delivers", "writes"]),
                st.just("orig/*"),
                st.just(""),
                st.none(),
            ),
            max_size=14,
        )
    )
    return Events(nodes, tuple(edges))
