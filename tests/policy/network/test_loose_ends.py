"""What a program names and does not declare, declares twice or leaves half said proves nothing."""

from __future__ import annotations

import ipaddress
from typing import Any

import msgspec
import pytest

from stackproof.model import Graph, Verdict
from tests.policy.network.world import CONTRACT, World, decided, three_tiers

ANYWHERE = {"destinationCidrBlock": "0.0.0.0/0"}


def with_added(kind: str, name: str, **inputs: Any) -> World:  # noqa: ANN401
    world = three_tiers()
    world.add(kind, name, **inputs)
    return world


def with_set(name: str, **inputs: Any) -> World:  # noqa: ANN401
    world = three_tiers()
    kind, old = world.declared[name]
    world.declared[name] = (kind, {k: v for k, v in (old | inputs).items() if v is not None})
    return world


def verdicts(graph: Graph) -> dict[str, Verdict]:
    return {i: d.verdict for i, d in decided(graph, CONTRACT).items()}


def read_not_declared(graph: Graph, urn: str) -> Graph:
    return msgspec.structs.replace(
        graph,
        resources=tuple(
            msgspec.structs.replace(r, external=True) if r.urn == urn else r
            for r in graph.resources
        ),
    )


@pytest.mark.parametrize(
    "world",
    [
        with_added(
            "route", "out", routeTableId="@data-a-table", gatewayId="igw-0123456789", **ANYWHERE
        ),
        with_added(
            "route",
            "to-head-office",
            routeTableId="@data-a-table",
            destinationCidrBlock="192.168.0.0/16",
            vpcPeeringConnectionId="pcx-0123456789",
        ),
        with_added(
            "route",
            "to-branches",
            routeTableId="@data-a-table",
            destinationCidrBlock="192.168.0.0/16",
            transitGatewayId="tgw-0123456789",
        ),
        with_set("api", trafficSources="@unknown"),
        with_added("interface", "spare", subnetId="@public-a", attachments="@unknown"),
        with_added(
            "group-of-endpoint",
            "more",
            vpcEndpointId="@unknown",
            securityGroupId="@bastion-group",
        ),
    ],
    ids=lambda w: [*w.declared][-1],
)
def test_nothing_is_proven_beside_a_door_that_leads_nobody_knows_where(world: World) -> None:
    proven = {i for i, v in verdicts(world.graph()).items() if v is Verdict.PROVEN}
    assert {i for i in proven if not i.startswith("network.rules.")} == set()


def test_an_internet_gateway_that_is_only_read_may_be_attached_to_any_vpc() -> None:
    world = three_tiers()
    graph = read_not_declared(world.graph(), world.urn("igw"))
    assert verdicts(graph)["network.closed.internet-to-database"] is Verdict.UNPROVEN


def test_a_second_main_route_table_decides_nothing() -> None:
    world = with_added("main-table", "first", vpcId="@vpc", routeTableId="@public-table")
    world.add("main-table", "second", vpcId="@vpc", routeTableId="@data-a-table")
    assert verdicts(world.graph())["network.isolated.database"] is Verdict.UNPROVEN


def test_of_two_network_acls_on_one_subnet_the_last_deployed_is_in_force() -> None:
    found = verdicts(with_added("acl", "open", vpcId="@vpc", subnetIds=["@data-a"]).graph())
    assert found["network.flow.api-to-database"] is Verdict.UNPROVEN
    assert found["network.flow.api-to-logs"] is Verdict.PROVEN
    world = with_added("acl-of", "open", subnetId="@data-a", networkAclId="@public-acl")
    assert verdicts(world.graph())["network.flow.api-to-database"] is Verdict.UNPROVEN


def test_of_two_entries_with_one_number_nobody_knows_which_is_in_force() -> None:
    world = with_added(
        "acl-rule",
        "data-in-110-again",
        networkAclId="@data-acl",
        egress=False,
        ruleNumber=110,
        ruleAction="deny",
        protocol="tcp",
        fromPort=27017,
        toPort=27017,
        cidrBlock="10.0.2.0/23",
    )
    assert verdicts(world.graph())["network.flow.api-to-database"] is Verdict.UNPROVEN


def test_of_two_routes_to_one_destination_nobody_knows_which_is_in_force() -> None:
    world = with_added(
        "route", "aside", routeTableId="@private-a-table", natGatewayId="@nat-b", **ANYWHERE
    )
    assert verdicts(world.graph())["network.flow.api-to-internet"] is Verdict.UNPROVEN


@pytest.mark.parametrize("address", ["@public-a.id", "@vpc.allocationId", "203.0.113.9"])
def test_a_nat_gateway_is_public_by_an_elastic_address_alone(address: str) -> None:
    found = verdicts(with_set("nat-a", allocationId=address).graph())
    assert found["network.flow.api-to-internet"] is Verdict.UNPROVEN


def test_a_nat_gateway_whose_elastic_address_is_not_in_the_program_proves_nothing() -> None:
    graph = three_tiers().graph()
    gone = three_tiers().urn("eip-a")
    graph = msgspec.structs.replace(
        graph, resources=tuple(r for r in graph.resources if r.urn != gone)
    )
    assert verdicts(graph)["network.flow.api-to-internet"] is Verdict.UNPROVEN


def test_one_elastic_address_does_not_serve_two_nat_gateways() -> None:
    found = verdicts(with_set("nat-a", allocationId="@eip-b.allocationId").graph())
    assert found["network.flow.api-to-internet"] is Verdict.UNPROVEN


@pytest.mark.parametrize("path", ["cidrIpv4", "cidrIpv4[0]", "*"])
def test_a_path_whose_changes_are_ignored_is_not_known(path: str) -> None:
    world = three_tiers()
    graph = msgspec.structs.replace(
        world.graph(),
        resources=tuple(
            msgspec.structs.replace(r, ignore_changes=(path,)) if r.name == "admins-22" else r
            for r in world.graph().resources
        ),
    )
    assert verdicts(graph)["network.flow.admins-to-bastion"] is Verdict.UNPROVEN


@pytest.mark.parametrize(("replaces", "expected"), [(None, "violated"), (True, "proven")])
def test_an_endpoint_keeps_the_default_group_unless_an_association_replaces_it(
    replaces: bool | None,  # noqa: FBT001
    expected: str,
) -> None:
    world = with_set("logs", securityGroupIds=None)
    del world.declared["emptied"]
    world.add(
        "group-of-endpoint",
        "narrow",
        vpcEndpointId="@logs",
        securityGroupId="@endpoints-group",
        replaceDefaultAssociation=replaces,
    )
    world.add(
        "in",
        "whole-vpc",
        securityGroupId="@vpc.defaultSecurityGroupId",
        ipProtocol="tcp",
        fromPort=443,
        toPort=443,
        cidrIpv4="10.0.0.0/16",
    )
    assert verdicts(world.graph())["network.closed.vpc-to-logs"] == expected


@pytest.mark.parametrize(
    "world",
    [
        with_set("api-template", networkInterfaces=["@unknown"]),
        with_set("api-template", securityGroupNames=["open"]),
        with_set(
            "api",
            launchTemplate=None,
            mixedInstancesPolicy={
                "launchTemplate": {
                    "launchTemplateSpecification": {"launchTemplateId": "@api-template"},
                    "overrides": "@unknown",
                }
            },
        ),
    ],
)
def test_a_fleet_whose_interfaces_are_half_known_is_not_closed(world: World) -> None:
    assert verdicts(world.graph())["network.closed.internet-to-api"] is Verdict.UNPROVEN


def test_an_instance_with_a_second_interface_still_has_its_first() -> None:
    world = with_set("bastion", subnetId=None)
    world.add("interface", "spare", subnetId="@data-a", securityGroups=["@database-group"])
    world.add("attached", "second", instanceId="@bastion", networkInterfaceId="@spare")
    assert verdicts(world.graph())["network.closed.internet-to-bastion"] is Verdict.UNPROVEN


@pytest.mark.parametrize(("count", "expected"), [(None, "proven"), (3, "violated")])
def test_a_fixed_address_is_not_the_only_one_of_an_interface_with_more(
    count: int | None, expected: str
) -> None:
    world = with_set("data-in-110", cidrBlock="10.0.0.0/16")
    mongo = {"ipProtocol": "tcp", "fromPort": 27017, "toPort": 27017}
    world.add("in", "upper", securityGroupId="@database-group", cidrIpv4="10.0.0.128/25", **mongo)
    world.add("out", "wide", securityGroupId="@bastion-group", cidrIpv4="10.0.0.0/16", **mongo)
    world.add(
        "interface",
        "first",
        subnetId="@public-a",
        securityGroups=["@bastion-group"],
        privateIps=["10.0.0.10"],
        privateIpsCount=count,
    )
    primary = {"networkInterfaceId": "@first"}
    world.declared["bastion"] = ("instance", {"primaryNetworkInterface": primary})
    assert verdicts(world.graph())["network.closed.bastion-to-database"] == expected


def test_the_hosts_of_a_witness_have_addresses_that_aws_gives() -> None:
    world = with_set("data-in-110", cidrBlock="10.0.0.0/16")
    world.add(
        "in",
        "wide",
        securityGroupId="@database-group",
        ipProtocol="tcp",
        fromPort=27017,
        toPort=27017,
        cidrIpv4="10.0.0.0/16",
    )
    decision = decided(world.graph(), CONTRACT)["network.closed.vpc-to-database"]
    for end in ("source", "destination"):
        address = int(ipaddress.IPv4Address(str(decision.evidence.witness[end])))
        assert 4 <= address % 256 <= 254


def test_no_host_has_an_address_that_aws_keeps() -> None:
    reserved = {"securityGroupId": "@database-group", "ipProtocol": "tcp"}
    ports = {"fromPort": 27017, "toPort": 27017}
    for cidr, expected in (
        ("10.0.4.0/30", Verdict.PROVEN),
        ("10.0.4.255/32", Verdict.PROVEN),
        ("10.0.4.4/32", Verdict.VIOLATED),
    ):
        world = with_added("in", "kept", cidrIpv4=cidr, **reserved, **ports)
        assert verdicts(world.graph())["network.closed.vpc-to-database"] is expected
