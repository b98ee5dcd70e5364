"""What the internet reaches, when no contract says what it should."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from stackproof.aws.network import network_facts
from stackproof.check import check
from stackproof.model import Claim, Graph, Unknown, Value, Verdict
from stackproof.proofs import reach
from tests.policy import graphs
from tests.policy.check.worlds import TODAY
from tests.policy.identity.worlds import declared
from tests.policy.network.world import CASES, World, case, three_tiers


def claims(graph: Graph) -> dict[str, Claim]:
    return {c.id: c for c in check(graph, None, today=TODAY).claims}


def verdicts(graph: Graph, prefix: str = "baseline.") -> dict[str, str]:
    return {i: c.verdict.value for i, c in claims(graph).items() if i.startswith(prefix)}


def beside(type_: str, inputs: Mapping[str, Value]) -> Graph:
    """The three tiers and something called `orders`."""
    return graphs.graph(*three_tiers().graph().resources, declared(type_, "orders", inputs))


def open_to(world: World, group: str, port: int, cidr: str = "0.0.0.0/0") -> None:
    world.add(
        "in",
        f"open-{port}-{cidr}",
        securityGroupId=f"@{group}",
        ipProtocol="tcp",
        fromPort=port,
        toPort=port,
        cidrIpv4=cidr,
    )


def acl_open(world: World, number: int, port: int) -> None:
    world.add(
        "acl-rule",
        f"acl-{port}",
        networkAclId="@public-acl",
        egress=False,
        ruleNumber=number,
        ruleAction="allow",
        protocol="tcp",
        fromPort=port,
        toPort=port,
        cidrBlock="0.0.0.0/0",
    )


def test_three_tiers_behind_a_load_balancer_keep_all_of_it() -> None:
    found = verdicts(three_tiers().graph(), "baseline.internet")
    assert found == dict.fromkeys(
        (
            "baseline.internet.api",
            "baseline.internet.bastion",
            "baseline.internet.database-a",
            "baseline.internet.database-b",
            "baseline.internet.front",
            "baseline.internet.logs",
        ),
        "proven",
    )
    assert set(verdicts(three_tiers().graph(), "baseline.ports").values()) == {"proven"}


def test_a_bastion_open_to_the_world_is_named_with_a_packet() -> None:
    world = three_tiers()
    open_to(world, "bastion-group", 22)
    acl_open(world, 90, 22)
    found = claims(world.graph())
    reached = found["baseline.internet.bastion"]
    assert reached.verdict is Verdict.VIOLATED
    assert reached.evidence.witness["destination_port"] == 22
    assert world.urn("open-22-0.0.0.0/0") in reached.resources
    assert "stackproof contract" in reached.mend
    ports = found["baseline.ports.administration"]
    assert ports.verdict is Verdict.VIOLATED
    assert world.urn("bastion") in ports.resources
    assert found["baseline.ports.databases"].verdict is Verdict.PROVEN


def test_halves_of_the_internet_are_the_internet() -> None:
    world = three_tiers()
    for half in ("0.0.0.0/1", "128.0.0.0/1"):
        open_to(world, "bastion-group", 22, half)
    acl_open(world, 90, 22)
    assert verdicts(world.graph())["baseline.internet.bastion"] == "violated"


def test_addresses_of_known_people_are_said_and_are_not_the_internet() -> None:
    report = check(three_tiers().graph(), None, today=TODAY)
    assert any(a.startswith("203.0.113.0/24: rules name these") for a in report.assumptions)


def test_very_many_ranges_together_are_the_internet_again() -> None:
    world = three_tiers()
    for first in range(257):
        open_to(world, "bastion-group", 22, f"{20 + first // 256}.{first % 256}.0.0/16")
    acl_open(world, 90, 22)
    found = verdicts(world.graph())
    assert found["baseline.internet.bastion"] == "violated"


def test_a_load_balancer_is_public_on_its_listeners_ports_only() -> None:
    world = three_tiers()
    open_to(world, "balancer-group", 5432)
    acl_open(world, 90, 5432)
    found = verdicts(world.graph())
    assert found["baseline.internet.front"] == "violated"
    assert found["baseline.ports.databases"] == "violated"
    assert found["baseline.ports.administration"] == "proven"


def test_an_internal_load_balancer_has_no_public_purpose() -> None:
    world = three_tiers()
    world.declared["front"][1]["internal"] = True
    found = claims(world.graph())["baseline.internet.front"]
    assert found.verdict is Verdict.PROVEN
    assert "but on its listeners' ports" not in found.title


def test_a_port_that_is_not_known_leaves_the_load_balancer_open() -> None:
    world = three_tiers()
    world.declared["listen-443"][1]["port"] = "@unknown"
    assert verdicts(world.graph())["baseline.internet.front"] == "unproven"


def test_whether_an_instance_is_public_must_be_known() -> None:
    world = three_tiers()
    open_to(world, "bastion-group", 443)
    world.declared["bastion"][1]["associatePublicIpAddress"] = "@unknown"
    found = verdicts(world.graph())
    assert found["baseline.internet.bastion"] == "unproven"
    assert found["baseline.internet.database-a"] == "proven"


@pytest.mark.parametrize("kind", ["unheard-of", "peering"])
def test_what_is_not_modelled_proves_nothing(kind: str) -> None:
    world = three_tiers()
    world.add(kind, "strange")
    found = verdicts(world.graph(), "baseline.internet") | verdicts(world.graph(), "baseline.ports")
    assert set(found.values()) == {"unproven"}


@pytest.mark.parametrize(
    ("type_", "inputs", "verdict"),
    [
        ("aws:rds/instance:Instance", {}, "proven"),
        ("aws:rds/instance:Instance", {"publiclyAccessible": False}, "proven"),
        ("aws:rds/instance:Instance", {"publiclyAccessible": True}, "unproven"),
        ("aws:rds/instance:Instance", {"publiclyAccessible": Unknown("later")}, "unproven"),
        ("aws:rds/clusterInstance:ClusterInstance", {}, "unproven"),
        ("aws:rds/clusterInstance:ClusterInstance", {"publiclyAccessible": False}, "proven"),
        ("aws:rds/cluster:Cluster", {}, "proven"),
        ("aws:rds/cluster:Cluster", {"dbClusterInstanceClass": "db.m5d.large"}, "unproven"),
        ("aws:redshift/cluster:Cluster", {}, "unproven"),
        ("aws:elasticache/replicationGroup:ReplicationGroup", {}, "proven"),
        ("aws:opensearch/domain:Domain", {}, "violated"),
        ("aws:opensearch/domain:Domain", {"vpcOptions": {"subnetIds": ["s"]}}, "proven"),
        ("aws:msk/cluster:Cluster", {"brokerNodeGroupInfo": {"clientSubnets": []}}, "proven"),
        (
            "aws:msk/cluster:Cluster",
            {
                "brokerNodeGroupInfo": {
                    "connectivityInfo": {"publicAccess": {"type": "SERVICE_PROVIDED_EIPS"}}
                }
            },
            "unproven",
        ),
        ("aws:ecs/service:Service", {}, "proven"),
        ("aws:ecs/service:Service", {"networkConfiguration": {"assignPublicIp": False}}, "proven"),
        ("aws:ecs/service:Service", {"networkConfiguration": {"assignPublicIp": True}}, "unproven"),
    ],
)
def test_what_has_interfaces_of_its_own(type_: str, inputs: dict[str, Value], verdict: str) -> None:
    found = verdicts(beside(type_, inputs))
    assert found["baseline.internet.orders"] == verdict
    # It stands in the way of no other claim.
    assert found["baseline.internet.database-a"] == "proven"


@pytest.mark.parametrize(("port", "verdict"), [(5432, "violated"), (8081, "proven")])
def test_a_public_database_is_reached_as_its_security_group_says(port: int, verdict: str) -> None:
    world = three_tiers()
    world.add("group", "orders-group", vpcId="@vpc")
    open_to(world, "orders-group", port)
    acl_open(world, 90, 5432)
    subnets = graphs.resource(
        "aws:rds/subnetGroup:SubnetGroup",
        "orders",
        subnetIds=[graphs.ref("aws:ec2/subnet:Subnet", f"public-{z}") for z in "ab"],
    )
    database = graphs.resource(
        "aws:rds/instance:Instance",
        "orders",
        publiclyAccessible=True,
        dbSubnetGroupName=graphs.ref("aws:rds/subnetGroup:SubnetGroup", "orders", "name"),
        vpcSecurityGroupIds=[graphs.ref("aws:ec2/securityGroup:SecurityGroup", "orders-group")],
    )
    graph = graphs.graph(*world.graph().resources, subnets, database)
    found = claims(graph)
    # 8081 is ephemeral, so that the public subnets' network ACL lets it in.
    reached = found["baseline.internet.orders"]
    assert reached.verdict is Verdict.VIOLATED
    assert reached.evidence.witness["destination_port"] == port
    assert found["baseline.ports.databases"].verdict.value == verdict


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yaml")), ids=lambda p: p.stem)
def test_nothing_is_proven_closed_that_explain_says_is_reached(path: Path) -> None:
    """Of every case of the network tests: two ways of asking, which share no question."""
    world = case(path).world
    graph = world.graph()
    facts = network_facts(graph)
    found = verdicts(graph, "baseline.internet")
    for interface in facts.interfaces:
        name = f"baseline.internet.{interface.name}"
        if interface.kind == "load-balancer" or found.get(name) != "proven":
            continue
        for port in ("tcp/22", "tcp/443", "tcp/8081", "tcp/27017", "udp/53", "icmp"):
            told = reach.explain(facts, graph, {}, "internet", interface.name, port)
            # The addresses of the administrators are apart.
            told_of = "203.0.113" in told.because
            assert told.answer == "no" or told_of, (name, port, told)
