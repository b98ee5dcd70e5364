"""What is not known never proves anything, and what nobody models stops every proof."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stackproof.model import Unknown, Value, Verdict
from tests.policy.network.world import CONTRACT, decided, three_tiers, with_input

WORLD = three_tiers()
GRAPH = WORLD.graph()
INPUTS = [(r.urn, key) for r in GRAPH.resources for key in sorted(r.inputs)]
POOL: list[Value] = [
    "0.0.0.0/0",
    "10.0.2.0/24",
    "203.0.113.0/25",
    "-1",
    "tcp",
    "udp",
    "allow",
    "deny",
    0,
    22,
    443,
    65535,
    True,
    False,
    None,
    "zonal",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(INPUTS), st.data())
def test_a_verdict_beside_an_unknown_holds_for_every_value(
    place: tuple[str, str], data: st.DataObject
) -> None:
    urn, key = place
    doubtful = decided(with_input(GRAPH, urn, key, Unknown("not known yet")), CONTRACT)
    same_kind = [
        r.inputs[key]
        for r in GRAPH.resources
        if key in r.inputs and r.type == GRAPH.by_urn()[urn].type
    ]
    value = data.draw(st.sampled_from([*POOL, *same_kind]))
    concrete = decided(with_input(GRAPH, urn, key, value), CONTRACT)
    for claim, decision in doubtful.items():
        if decision.verdict is not Verdict.UNPROVEN and claim in concrete:
            # A value that cannot be read at all (a port named "allow") is as good as unknown.
            known = concrete[claim].verdict
            assert known in {decision.verdict, Verdict.UNPROVEN}, (claim, value)


@pytest.mark.parametrize("kind", ["unheard-of", "peering"])
def test_nothing_is_proven_beside_a_resource_that_nobody_models(kind: str) -> None:
    world = three_tiers()
    world.add(kind, "strange", vpcId="@vpc")
    proven = [i for i, d in decided(world.graph(), CONTRACT).items() if d.verdict == "proven"]
    assert all(claim.startswith("network.rules.") for claim in proven)


def test_nothing_inside_a_vpc_with_ipv6_is_proven() -> None:
    graph = with_input(GRAPH, WORLD.urn("vpc"), "assignGeneratedIpv6CidrBlock", value=True)
    decisions = decided(graph, CONTRACT)
    reach = {i: d for i, d in decisions.items() if ".flow." in i or ".closed." in i}
    assert {d.verdict for d in reach.values()} == {Verdict.UNPROVEN}


def test_a_security_group_that_is_only_read_has_unknown_rules() -> None:
    api = WORLD.urn("api-group")
    graph = msgspec.structs.replace(
        GRAPH,
        resources=tuple(
            msgspec.structs.replace(r, external=True) if r.urn == api else r
            for r in GRAPH.resources
        ),
    )
    assert decided(graph, CONTRACT)["network.flow.api-to-database"].verdict is Verdict.UNPROVEN


def test_a_property_whose_changes_are_ignored_is_not_known() -> None:
    urn = WORLD.urn("admins-22")
    graph = msgspec.structs.replace(
        GRAPH,
        resources=tuple(
            msgspec.structs.replace(r, ignore_changes=("cidrIpv4",)) if r.urn == urn else r
            for r in GRAPH.resources
        ),
    )
    decisions = decided(graph, CONTRACT)
    assert decisions["network.flow.admins-to-bastion"].verdict is Verdict.UNPROVEN
    assert decisions["network.closed.internet-to-bastion"].verdict is Verdict.PROVEN


@pytest.mark.parametrize("block", ["0.0.0.0/0", "10.1.0.0/24", "10.0.0.0/15"])
def test_a_subnet_that_aws_refuses_proves_nothing_of_what_is_in_it(block: str) -> None:
    graph = with_input(GRAPH, WORLD.urn("data-a"), "cidrBlock", block)
    decisions = decided(graph, CONTRACT)
    doubt = decisions["network.flow.api-to-database"]
    assert doubt.verdict is Verdict.UNPROVEN
    # Nor does it take the addresses that it cannot have away from others.
    assert decisions["network.flow.admins-to-bastion"].verdict is Verdict.PROVEN


def test_an_endpoint_of_an_unknown_service_may_be_in_the_group_of_that_service() -> None:
    graph = with_input(GRAPH, WORLD.urn("logs"), "serviceName", Unknown("not known yet"))
    assert decided(graph, CONTRACT)["network.grouped"].verdict is Verdict.UNPROVEN
