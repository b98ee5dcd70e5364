"""What the loss of a zone takes, on a small architecture of three zones."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from stackproof.aws.network import network_facts
from stackproof.aws.placement import placement_facts
from stackproof.contract import (
    Availability,
    Contract,
    Flow,
    FlowException,
    Group,
    Keep,
    KeepFlows,
    Network,
)
from stackproof.model import Decision, Graph, Resource, Unknown, Value, Verdict
from stackproof.proofs.placement import Aftermath, aftermaths, obligations
from stackproof.proofs.reach import flow_exists
from stackproof.selection import select
from tests.policy.graphs import graph, ref, resource, urn

VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
TABLE, ROUTE = "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
IGW, NAT, EIP = (
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/eip:Eip",
)
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
INSTANCE, FLEET = "aws:ec2/instance:Instance", "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
BALANCER, LISTENER = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"
TARGETS = "aws:lb/targetGroup:TargetGroup"
VOLUME, ATTACHMENT = "aws:ebs/volume:Volume", "aws:ec2/volumeAttachment:VolumeAttachment"

ZONES = ("a", "b", "c")
BALANCED: dict[str, Value] = {"capacityDistributionStrategy": "balanced-only"}

CONTRACT = Contract(
    groups={
        "balancer": Group(type=BALANCER),
        "api": Group(type=FLEET),
        "database": Group(type=INSTANCE, name="database-*"),
    },
    network=Network(
        flows=(
            Flow("internet", "balancer", ("tcp/80",)),
            Flow("balancer", "api", ("tcp/80",)),
            Flow("api", "internet", ("tcp/443",)),
        )
    ),
    availability=Availability(
        survive="any one zone",
        keep={"api": Keep(instances=2), "database": Keep(quorum="majority")},
        flows=KeepFlows(),
    ),
)


def anything(name: str) -> Resource:
    """A security group that lets everything pass: what is lost here is lost to a zone."""
    rule: dict[str, Value] = {
        "protocol": "-1",
        "fromPort": 0,
        "toPort": 0,
        "cidrBlocks": ["0.0.0.0/0"],
    }
    return resource(SECURITY_GROUP, name, vpcId=ref(VPC, "main"), ingress=[rule], egress=[rule])


def zone_of(zone: str, nat_zone: str, number: int) -> Iterable[Resource]:
    """A public and a private subnet, the private one going out through NAT in `nat_zone`."""
    for kind, third in (("public", 0), ("private", 100)):
        yield resource(
            SUBNET,
            f"{kind}-{zone}",
            vpcId=ref(VPC, "main"),
            cidrBlock=f"10.0.{third + number}.0/24",
            availabilityZone=f"us-east-1{zone}",
        )
    yield resource(
        ASSOCIATION,
        f"public-{zone}",
        subnetId=ref(SUBNET, f"public-{zone}"),
        routeTableId=ref(TABLE, "public"),
    )
    yield resource(TABLE, f"private-{zone}", vpcId=ref(VPC, "main"))
    yield resource(
        ROUTE,
        f"private-{zone}",
        routeTableId=ref(TABLE, f"private-{zone}"),
        destinationCidrBlock="0.0.0.0/0",
        natGatewayId=ref(NAT, nat_zone),
    )
    yield resource(
        ASSOCIATION,
        f"private-{zone}",
        subnetId=ref(SUBNET, f"private-{zone}"),
        routeTableId=ref(TABLE, f"private-{zone}"),
    )


def architecture(
    *more: Resource,
    nat_zones: tuple[str, ...] = ZONES,
    fleet_zones: tuple[str, ...] = ZONES,
    balancer_zones: tuple[str, ...] = ZONES,
    database_zones: tuple[str, ...] = ZONES,
    fleet: dict[str, Value] | None = None,
) -> Graph:
    """The three-zone architecture, with what varies."""
    nats = dict(zip(ZONES, (nat_zones * 3)[:3], strict=True))
    size: dict[str, Value] = {"minSize": 3, "maxSize": 6, "availabilityZoneDistribution": BALANCED}
    found = [
        resource(VPC, "main", cidrBlock="10.0.0.0/16"),
        resource(IGW, "main", vpcId=ref(VPC, "main")),
        resource(TABLE, "public", vpcId=ref(VPC, "main")),
        resource(
            ROUTE,
            "public",
            routeTableId=ref(TABLE, "public"),
            destinationCidrBlock="0.0.0.0/0",
            gatewayId=ref(IGW, "main"),
        ),
        anything("any"),
        *(r for n, z in enumerate(ZONES) for r in zone_of(z, nats[z], n)),
        *(resource(EIP, z, domain="vpc") for z in set(nats.values())),
        *(
            resource(
                NAT,
                z,
                subnetId=ref(SUBNET, f"public-{z}"),
                allocationId=ref(EIP, z, "allocationId"),
            )
            for z in set(nats.values())
        ),
        resource(
            BALANCER,
            "api",
            loadBalancerType="application",
            securityGroups=[ref(SECURITY_GROUP, "any")],
            subnets=[ref(SUBNET, f"public-{z}") for z in balancer_zones],
        ),
        resource(TARGETS, "api", port=80, protocol="HTTP", vpcId=ref(VPC, "main")),
        resource(
            LISTENER,
            "api",
            loadBalancerArn=ref(BALANCER, "api", "arn"),
            port=80,
            protocol="HTTP",
            defaultActions=[{"type": "forward", "targetGroupArn": ref(TARGETS, "api", "arn")}],
        ),
        resource(TEMPLATE, "api", vpcSecurityGroupIds=[ref(SECURITY_GROUP, "any")]),
        resource(
            FLEET,
            "api",
            depends_on=(),
            vpcZoneIdentifiers=[ref(SUBNET, f"private-{z}") for z in fleet_zones],
            launchTemplate={"id": ref(TEMPLATE, "api")},
            targetGroupArns=[ref(TARGETS, "api", "arn")],
            **(size | (fleet or {})),
        ),
        *(
            resource(
                INSTANCE,
                f"database-{z}",
                subnetId=ref(SUBNET, f"private-{z}"),
                vpcSecurityGroupIds=[ref(SECURITY_GROUP, "any")],
            )
            for z in database_zones
        ),
        *more,
    ]
    return graph(*found)


def decide(of: Graph, claim: str, contract: Contract = CONTRACT) -> Decision:
    """The decision on one claim about availability."""
    network = network_facts(of)
    facts = placement_facts(of, network)
    found = obligations(facts, network, contract, select(contract, of), flow_exists)
    return {o.id: o for o in found}[f"availability.{claim}"].decide()


CLAIMS = (
    "keep.api",
    "keep.database",
    "flows.internet-to-balancer",
    "flows.balancer-to-api",
    "flows.api-to-internet",
)


@pytest.mark.parametrize("claim", CLAIMS)
def test_three_of_everything_outlive_any_zone(claim: str) -> None:
    decision = decide(architecture(), claim)

    assert decision.verdict is Verdict.PROVEN, decision


def test_instances_in_two_zones_may_leave_one() -> None:
    decision = decide(architecture(fleet_zones=("a", "b")), "keep.api")

    assert decision.verdict is Verdict.VIOLATED
    assert decision.resources[0] == urn(FLEET, "api")
    assert decision.evidence.witness["left"] == 1


def test_best_effort_may_put_two_of_three_into_one_zone() -> None:
    decision = decide(architecture(fleet={"availabilityZoneDistribution": None}), "keep.api")

    assert decision.verdict is Verdict.VIOLATED
    assert "balanced-only" in decision.mend


def test_a_schedule_may_lower_the_minimum() -> None:
    night = resource(
        "aws:autoscaling/schedule:Schedule",
        "night",
        autoscalingGroupName=ref(FLEET, "api", "name"),
        minSize=1,
    )

    assert decide(architecture(night), "keep.api").verdict is Verdict.VIOLATED


def test_the_desired_size_does_not_count() -> None:
    decision = decide(architecture(fleet={"minSize": 1, "desiredCapacity": 6}), "keep.api")

    assert decision.verdict is Verdict.VIOLATED


def test_a_balancer_in_one_zone_dies_with_it() -> None:
    of = architecture(balancer_zones=("b",))

    for claim in ("flows.internet-to-balancer", "flows.balancer-to-api", "keep.api"):
        decision = decide(of, claim)
        assert decision.verdict is Verdict.VIOLATED
        assert decision.evidence.witness["zone"] == "us-east-1b"
    assert urn(BALANCER, "api") in decide(of, "flows.internet-to-balancer").resources


def test_instances_where_the_balancer_is_not_do_not_serve() -> None:
    decision = decide(architecture(balancer_zones=("a", "b")), "keep.api")

    assert decision.verdict is Verdict.VIOLATED
    assert decision.evidence.witness["left"] == 1
    assert "load balancer" in decision.mend


def test_one_nat_gateway_for_three_zones() -> None:
    decision = decide(architecture(nat_zones=("a",)), "flows.api-to-internet")

    assert decision.verdict is Verdict.VIOLATED
    assert decision.evidence.witness["zone"] == "us-east-1a"
    assert set(decision.resources) & {urn(ROUTE, "private-b"), urn(ROUTE, "private-c")}


@pytest.mark.parametrize("zones", [("a",), ("a", "b"), ("a", "a", "b")])
def test_voters_in_fewer_than_three_zones_have_no_majority_left(zones: tuple[str, ...]) -> None:
    voters = [
        resource(INSTANCE, f"database-extra-{n}", subnetId=ref(SUBNET, f"private-{z}"))
        for n, z in enumerate(zones)
    ]
    decision = decide(architecture(*voters, database_zones=()), "keep.database")

    assert decision.verdict is Verdict.VIOLATED
    assert decision.evidence.witness["zone"] == "us-east-1a"


def test_a_volume_in_another_zone_takes_its_instance_with_it() -> None:
    volume = resource(VOLUME, "data", availabilityZone="us-east-1b", size=1)
    attachment = resource(
        ATTACHMENT, "data", volumeId=ref(VOLUME, "data"), instanceId=ref(INSTANCE, "database-a")
    )
    decision = decide(architecture(volume, attachment), "keep.database")

    assert decision.verdict is Verdict.VIOLATED
    assert decision.evidence.witness["dies"] == ["database-a", "database-b"]


def test_an_unknown_zone_proves_nothing() -> None:
    lost = resource(
        SUBNET,
        "somewhere",
        vpcId=ref(VPC, "main"),
        cidrBlock="10.0.200.0/24",
        availabilityZone=Unknown("the answer of an invoke"),
    )
    machine = resource(INSTANCE, "database-x", subnetId=ref(SUBNET, "somewhere"))
    of = architecture(lost, machine)

    assert decide(of, "keep.database").verdict is Verdict.UNPROVEN
    assert decide(of, "flows.api-to-internet").verdict is Verdict.UNPROVEN


def test_an_unknown_minimum_proves_nothing() -> None:
    decision = decide(architecture(fleet={"minSize": Unknown("another stack")}), "keep.api")

    assert decision.verdict is Verdict.UNPROVEN


@pytest.mark.parametrize(
    ("type_", "verdict"),
    [
        ("aws:arczonalshift/zonalAutoshiftConfiguration:ZonalAutoshiftConfiguration", "unproven"),
        ("aws:newservice/thing:Thing", "unproven"),
        ("aws:rds/instance:Instance", "proven"),  # places itself and nothing else
    ],
)
def test_what_is_not_modelled(type_: str, verdict: str) -> None:
    assert decide(architecture(resource(type_, "other")), "keep.api").verdict == verdict


def test_a_group_of_what_is_not_modelled_is_open() -> None:
    contract = Contract(
        groups={"sql": Group(type="aws:rds/instance:Instance")},
        availability=Availability(survive="any one zone", keep={"sql": Keep(instances=1)}),
    )
    of = architecture(resource("aws:rds/instance:Instance", "sql"))

    assert decide(of, "keep.sql", contract).verdict is Verdict.UNPROVEN


def test_an_accepted_flow_is_not_claimed() -> None:
    accepted = KeepFlows((FlowException("api", "internet", "one NAT gateway is cheaper"),))
    contract = Contract(
        groups=CONTRACT.groups,
        network=CONTRACT.network,
        availability=Availability(survive="any one zone", flows=accepted),
    )
    of = architecture(nat_zones=("a",))
    network = network_facts(of)
    found = obligations(
        placement_facts(of, network), network, contract, select(contract, of), flow_exists
    )

    assert [o.id for o in found] == [
        "availability.flows.internet-to-balancer",
        "availability.flows.balancer-to-api",
    ]


@pytest.mark.parametrize(
    "template",
    [
        {"instanceMarketOptions": {"marketType": "spot"}},
        {"placement": {"availabilityZone": "us-east-1a"}},
        {"capacityReservationSpecification": {"capacityReservationTarget": {"id": "cr-1"}}},
        {
            "capacityReservationSpecification": {
                "capacityReservationPreference": "capacity-reservations-only"
            }
        },
        {"capacityReservationSpecification": Unknown("another stack")},
    ],
)
def test_a_template_may_take_its_instances_elsewhere(template: dict[str, Value]) -> None:
    of = architecture()
    for each in of.of_type(TEMPLATE):
        each.inputs.update(template)

    assert decide(of, "keep.api").verdict is Verdict.UNPROVEN


def test_a_template_that_only_prefers_reservations_launches_anywhere() -> None:
    of = architecture()
    for each in of.of_type(TEMPLATE):
        each.inputs["capacityReservationSpecification"] = {"capacityReservationPreference": "open"}

    assert decide(of, "keep.api").verdict is Verdict.PROVEN


@pytest.mark.parametrize("suspended", [["AddToLoadBalancer"], Unknown("another stack")])
def test_a_fleet_that_registers_nothing_receives_nothing_for_sure(suspended: Value) -> None:
    of = architecture(fleet={"suspendedProcesses": suspended})

    assert decide(of, "flows.balancer-to-api").verdict is not Verdict.PROVEN


def test_a_placement_group_of_a_fleet_is_not_modelled() -> None:
    of = architecture(fleet={"placementGroup": "close-together"})

    assert decide(of, "keep.api").verdict is Verdict.UNPROVEN


def test_a_spot_instance_is_no_lasting_voter() -> None:
    of = architecture()
    of.of_type(INSTANCE)[0].inputs["instanceMarketOptions"] = {"marketType": "spot"}

    assert decide(of, "keep.database").verdict is Verdict.UNPROVEN


@pytest.mark.parametrize(
    ("group", "verdict"),
    [
        ("the-api", Verdict.VIOLATED),
        ("of-another-stack", Verdict.PROVEN),
        (Unknown("another stack"), Verdict.UNPROVEN),
    ],
)
def test_a_schedule_names_its_group_by_text(group: Value, verdict: Verdict) -> None:
    night = resource(
        "aws:autoscaling/schedule:Schedule", "night", autoscalingGroupName=group, minSize=0
    )
    of = architecture(night, fleet={"name": "the-api"})

    assert decide(of, "keep.api").verdict is verdict


def test_a_zone_by_name_and_one_by_id_may_be_the_same() -> None:
    of = architecture()
    for subnet in of.of_type(SUBNET):
        if subnet.name.endswith("-c"):
            del subnet.inputs["availabilityZone"]
            subnet.inputs["availabilityZoneId"] = "use1-az1"

    assert {decide(of, c).verdict for c in CLAIMS} == {Verdict.UNPROVEN}


def test_zones_by_id_alone_are_told_apart() -> None:
    of = architecture()
    for subnet in of.of_type(SUBNET):
        del subnet.inputs["availabilityZone"]
        subnet.inputs["availabilityZoneId"] = f"use1-az{ZONES.index(subnet.name[-1]) + 1}"

    assert {decide(of, c).verdict for c in CLAIMS} == {Verdict.PROVEN}


@pytest.mark.parametrize("key", ["minSize", "availabilityZoneDistribution", "*"])
def test_a_size_or_a_spread_whose_changes_are_ignored_is_not_known(key: str) -> None:
    of = architecture()
    kept = msgspec.structs.replace(
        of,
        resources=tuple(
            msgspec.structs.replace(r, ignore_changes=(key,)) if r.type == FLEET else r
            for r in of.resources
        ),
    )

    assert decide(kept, "keep.api").verdict is Verdict.UNPROVEN


def test_flows_that_are_declared_in_parts_are_one_claim() -> None:
    parts = (Flow("api", "internet", ("tcp/443",)), Flow("api", "internet", ("tcp/80",)))
    contract = Contract(
        groups=CONTRACT.groups,
        network=Network(flows=parts),
        availability=Availability(survive="any one zone", flows=KeepFlows()),
    )
    of = architecture()
    network = network_facts(of)
    found = obligations(
        placement_facts(of, network), network, contract, select(contract, of), flow_exists
    )

    assert [o.id for o in found] == ["availability.flows.api-to-internet"]
    assert "tcp/443, tcp/80" in found[0].decide().evidence.summary


# ── what is shown beside the verdicts ───────────────────────────────────────────────────────────


def shown(of: Graph, contract: Contract = CONTRACT) -> list[Aftermath]:
    network = network_facts(of)
    facts = placement_facts(of, network)
    return list(aftermaths(facts, network, contract, select(contract, of), flow_exists))


@pytest.mark.parametrize(
    "of",
    [
        architecture(),
        architecture(nat_zones=("a", "a", "a")),
        architecture(database_zones=("a", "b")),
        architecture(balancer_zones=("a",)),
    ],
)
def test_what_is_left_without_each_zone_is_what_the_claim_says(of: Graph) -> None:
    found = shown(of)
    assert {a.zone for a in found} == {f"us-east-1{zone}" for zone in ZONES}
    for claim in {a.claim for a in found}:
        holds = [a.holds for a in found if a.claim == claim]
        verdict = decide(of, claim.removeprefix("availability.")).verdict
        assert len(holds) == len(ZONES)
        assert (verdict is Verdict.PROVEN) == all(holds), claim


def test_what_is_excepted_is_shown_too() -> None:
    assert CONTRACT.availability is not None
    reason = "one gateway is cheaper"
    flows = KeepFlows((FlowException("api", "internet", reason),))
    availability = msgspec.structs.replace(CONTRACT.availability, flows=flows)
    contract = msgspec.structs.replace(CONTRACT, availability=availability)
    of = architecture(nat_zones=("a", "a", "a"))
    mine = [a for a in shown(of, contract) if a.subject == "api to internet"]
    assert {a.claim for a in mine} == {""}
    assert {a.needed for a in mine} == {f"excepted: {reason}"}
    lefts = {a.zone[-1]: a.left for a in mine}
    assert lefts == {"a": "ends", "b": "passes", "c": "passes"}
