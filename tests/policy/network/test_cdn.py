"""CloudFront before an internal load balancer: what it opens, and what stays closed beside it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stackproof.compare import Side
from stackproof.compare.exposure import proxied
from stackproof.compare.flows import Network
from stackproof.compare.worlds import worlds
from stackproof.contract import Contract
from stackproof.model import Verdict
from tests.policy.network.world import CONTRACT, TYPES, World, decided, three_tiers

TYPES["distribution"] = "aws:cloudfront/distribution:Distribution"
TYPES["vpc-origin"] = "aws:cloudfront/vpcOrigin:VpcOrigin"

PREFIX_LIST = "pl-3b927c52"
ORIGIN = {
    "name": "api",
    "arn": "@front.arn",
    "httpPort": 8080,
    "httpsPort": 443,
    "originProtocolPolicy": "http-only",
}
S3 = {"originId": "site", "domainName": "site.s3.us-east-1.amazonaws.com"}


def behind_a_cdn() -> World:
    world = three_tiers()
    for gone in ("internet-80", "internet-443", "listen-80", "listen-443"):
        del world.declared[gone]
    _, front = world.declared["front"]
    front |= {"internal": True, "subnets": ["@private-a", "@private-b"]}
    world.add(
        "listener",
        "listen",
        loadBalancerArn="@front.arn",
        port=8080,
        defaultActions=[{"type": "forward", "targetGroupArn": "@api-targets.arn"}],
    )
    world.add(
        "in",
        "cloudfront",
        securityGroupId="@balancer-group",
        ipProtocol="tcp",
        fromPort=8080,
        toPort=8080,
        prefixListId=PREFIX_LIST,
    )
    world.add(
        "acl-rule",
        "private-out-210",
        networkAclId="@private-acl",
        egress=True,
        ruleNumber=210,
        ruleAction="allow",
        protocol="tcp",
        fromPort=1024,
        toPort=65535,
        cidrBlock="0.0.0.0/0",
    )
    world.add("vpc-origin", "way-in", vpcOriginEndpointConfig=ORIGIN)
    world.add(
        "distribution",
        "cdn",
        enabled=True,
        httpVersion="http2and3",
        origins=[S3, by_vpc_origin("@way-in")],
        defaultCacheBehavior={"targetOriginId": "site"},
    )
    return world


def by_vpc_origin(door: str) -> dict[str, Any]:
    return {
        "originId": "api",
        "domainName": "@front.dnsName",
        "vpcOriginConfig": {"vpcOriginId": door},
    }


def by_name(host: str, policy: str = "https-only") -> dict[str, Any]:
    config = {"httpPort": 80, "httpsPort": 443, "originProtocolPolicy": policy}
    return {"originId": "other", "domainName": host, "customOriginConfig": config}


def plain(given: Contract) -> dict[str, Any]:
    """A contract as JSON has it, to change it."""
    found: dict[str, Any] = json.loads(msgspec.json.encode(given))
    return found


def contract() -> Contract:
    given = plain(CONTRACT)
    given["groups"]["cdn"] = {"type": TYPES["distribution"], "name": "cdn"}
    kept = [f for f in given["network"]["flows"] if f["to"] != "load-balancer"]
    given["network"]["flows"] = [
        {"from": "internet", "to": "cdn", "allow": ["tcp/80", "tcp/443", "udp/443"]},
        {"from": "cdn", "to": "load-balancer", "allow": ["tcp/8080"]},
        *kept,
    ]
    given["network"]["never"] += [
        {"from": "internet", "to": "load-balancer"},
        {"from": "cdn", "to": "database", "path": "any"},
    ]
    return msgspec.convert(given, Contract)


def broken(world: World) -> dict[str, str]:
    found = decided(world.graph(), contract())
    return {i: d.verdict.value for i, d in found.items() if d.verdict is not Verdict.PROVEN}


def changed(name: str, **inputs: Any) -> World:  # noqa: ANN401 - inputs are any JSON
    world = behind_a_cdn()
    kind, old = world.declared[name]
    world.declared[name] = (kind, old | inputs)
    return world


def test_the_architecture_itself_is_proven() -> None:
    assert broken(behind_a_cdn()) == {}


def test_the_flow_says_by_what_it_passes() -> None:
    flow = decided(behind_a_cdn().graph(), contract())["network.flow.cdn-to-load-balancer"]
    assert [hop.what for hop in flow.evidence.hops] == [
        "VPC origin of api",
        "security group balancer-group: ingress rule cloudfront",
    ]


# ── beside the CDN ──────────────────────────────────────────────────────────────────────────────


def test_a_load_balancer_left_public_is_open_to_anybodys_distribution() -> None:
    world = changed("front", internal=False, subnets=["@public-a", "@public-b"])
    found = decided(world.graph(), contract())
    leak = found["network.never.internet-to-load-balancer"]
    assert leak.verdict is Verdict.VIOLATED
    assert leak.evidence.witness is not None
    # An address of CloudFront's, behind which is whoever has a distribution.
    assert str(leak.evidence.witness["source"]).startswith("130.176.")
    assert found["network.closed.internet-to-load-balancer"].verdict is Verdict.VIOLATED


def test_a_rule_by_the_prefix_list_is_no_way_in_from_inside() -> None:
    found = decided(behind_a_cdn().graph(), contract())
    for source in ("vpc", "api", "bastion", "admins"):
        assert found[f"network.closed.{source}-to-load-balancer"].verdict is Verdict.PROVEN


def test_cloudfronts_list_is_not_all_of_the_internet() -> None:
    world = changed("front", internal=False, subnets=["@public-a", "@public-b"])
    given = plain(contract())
    given["network"]["never"] = []
    given["network"]["flows"].append(
        {"from": "internet", "to": "load-balancer", "allow": ["tcp/8080"]}
    )
    found = decided(world.graph(), msgspec.convert(given, Contract))
    flow = found["network.flow.internet-to-load-balancer"]
    assert flow.verdict is Verdict.UNPROVEN
    assert "which addresses rule cloudfront names" in flow.evidence.summary


# ── where a distribution leads ──────────────────────────────────────────────────────────────────


def second_balancer(world: World) -> None:
    world.add(
        "balancer",
        "admin",
        internal=True,
        subnets=["@private-a", "@private-b"],
        securityGroups=["@balancer-group"],
    )


def test_a_vpc_origin_to_another_load_balancer_is_seen() -> None:
    world = behind_a_cdn()
    second_balancer(world)
    other = ORIGIN | {"arn": "@admin.arn"}
    world.declared["way-in"] = ("vpc-origin", {"vpcOriginEndpointConfig": other})
    given = plain(contract())
    given["groups"]["admin"] = {"type": TYPES["balancer"], "name": "admin"}
    found = decided(world.graph(), msgspec.convert(given, Contract))
    wrong = {i: d.verdict.value for i, d in found.items() if d.verdict is not Verdict.PROVEN}
    assert wrong == {
        "network.flow.cdn-to-load-balancer": "violated",
        "network.closed.cdn-to-admin": "violated",
        # It is in the same security group, so that it may call the API; it has no listener.
        "network.closed.admin-to-api": "violated",
    }
    flow = found["network.flow.cdn-to-load-balancer"]
    assert "no origin of distribution cdn is load balancer front" in flow.evidence.summary


def test_a_vpc_origin_to_an_instance_of_the_database_is_seen() -> None:
    world = changed("way-in", vpcOriginEndpointConfig=ORIGIN | {"arn": "@database-a.arn"})
    world.add(
        "in",
        "opened",
        securityGroupId="@database-group",
        ipProtocol="tcp",
        fromPort=8080,
        toPort=8080,
        prefixListId=PREFIX_LIST,
    )
    assert broken(world) == {
        "network.flow.cdn-to-load-balancer": "violated",
        "network.closed.cdn-to-database": "violated",
        "network.never.cdn-to-database": "violated",
        # From the internet, handed on by the distribution.
        "network.never.internet-to-database": "violated",
    }


def test_the_database_behind_both_doors_is_seen() -> None:
    world = behind_a_cdn()
    world.declared["api-targets"][1]["port"] = 27017
    world.add("targets", "data-targets", port=27017, vpcId="@vpc", healthCheck={"path": "/"})
    del world.declared["api-targets"]
    for _, inputs in world.declared.values():
        if inputs.get("targetGroupArns"):
            inputs["targetGroupArns"] = []
    world.declared["listen"][1]["defaultActions"] = [
        {"type": "forward", "targetGroupArn": "@data-targets.arn"}
    ]
    TYPES["attached-to"] = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
    world.add("attached-to", "data", targetGroupArn="@data-targets.arn", targetId="@database-a.id")
    for kind, name, group, peer in (
        ("out", "to-data", "balancer", "database"),
        ("in", "from-balancer", "database", "balancer"),
    ):
        world.add(
            kind,
            name,
            securityGroupId=f"@{group}-group",
            referencedSecurityGroupId=f"@{peer}-group",
            ipProtocol="tcp",
            fromPort=27017,
            toPort=27017,
        )
    found = decided(world.graph(), contract())
    leak = found["network.never.internet-to-database"]
    assert leak.verdict is Verdict.VIOLATED
    what = [hop.what for hop in leak.evidence.hops]
    assert what[:3] == [
        "distribution cdn is enabled",
        "VPC origin of api",
        "security group balancer-group: ingress rule cloudfront",
    ]
    assert "security group database-group: ingress rule from-balancer" in what


@pytest.mark.parametrize(
    ("name", "inputs", "claims"),
    [
        ("cloudfront", {"fromPort": 8081, "toPort": 8081}, {"network.flow.cdn-to-load-balancer"}),
        ("listen", {"port": 8081}, {"network.flow.cdn-to-load-balancer"}),
        ("private-out-210", {"fromPort": 2048}, {"network.flow.cdn-to-load-balancer"}),
        ("cdn", {"enabled": False}, {"network.flow.internet-to-cdn"}),
        ("cdn", {"httpVersion": "http2"}, {"network.flow.internet-to-cdn"}),
        (
            "cdn",
            {"origins": [S3, by_vpc_origin("@way-in"), by_name("films.example")]},
            {"network.closed.cdn-to-internet", "network.closed.cdn-to-admins"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_change_breaks_these_claims(name: str, inputs: dict[str, Any], claims: set[str]) -> None:
    assert broken(changed(name, **inputs)) == dict.fromkeys(claims, "violated")


def test_without_an_internet_gateway_a_vpc_origin_does_not_work() -> None:
    world = behind_a_cdn()
    del world.declared["igw"]
    world.declared = {n: x for n, x in world.declared.items() if n != "to-igw"}
    flow = decided(world.graph(), contract())["network.flow.cdn-to-load-balancer"]
    assert flow.verdict is Verdict.VIOLATED
    assert "has no internet gateway, which a VPC origin needs" in flow.evidence.summary


def test_an_origin_by_the_name_of_a_public_load_balancer_comes_over_the_internet() -> None:
    world = changed("front", internal=False, subnets=["@public-a", "@public-b"])
    world.declared["cdn"][1]["origins"] = [S3, by_name("@front.dnsName")]
    world.declared["listen"][1]["port"] = 443
    world.declared["cloudfront"][1].update(fromPort=443, toPort=443)
    given = plain(contract())
    given["network"]["never"] = []
    given["network"]["flows"] = [
        f | {"allow": ["tcp/443"]} if f["from"] == "cdn" else f for f in given["network"]["flows"]
    ]
    found = decided(world.graph(), msgspec.convert(given, Contract))
    assert found["network.flow.cdn-to-load-balancer"].verdict is Verdict.PROVEN
    assert found["network.closed.internet-to-load-balancer"].verdict is Verdict.VIOLATED


def test_a_distribution_in_no_group_is_one_that_nobody_reviewed() -> None:
    given = plain(contract())
    given["groups"]["cdn"]["name"] = "another"
    given["groups"]["cdn"]["optional"] = True
    found = decided(behind_a_cdn().graph(), msgspec.convert(given, Contract))
    assert found["network.grouped"].verdict is Verdict.VIOLATED


# ── what is not known ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("cdn", {"origins": "@unknown"}),
        ("cdn", {"origins": [by_vpc_origin("vo_elsewhere")]}),
        ("cdn", {"origins": [by_name("@unknown")]}),
        ("cdn", {"origins": [by_name("films.example", "@unknown")]}),
        ("cdn", {"origins": [by_name("@eip-a.publicIp")]}),
        ("cdn", {"httpVersion": "@unknown"}),
        ("way-in", {"vpcOriginEndpointConfig": "@unknown"}),
        ("way-in", {"vpcOriginEndpointConfig": ORIGIN | {"arn": "@unknown"}}),
        ("way-in", {"vpcOriginEndpointConfig": ORIGIN | {"httpPort": "@unknown"}}),
    ],
)
def test_where_it_leads_to_is_not_known_so_nothing_is_proven(
    name: str, inputs: dict[str, Any]
) -> None:
    found = decided(changed(name, **inputs).graph(), contract())
    # That rules stand in one place is true wherever the distribution leads to.
    rest = {d.verdict for i, d in found.items() if not i.startswith("network.rules")}
    assert rest == {Verdict.UNPROVEN}


def test_whether_it_is_enabled_is_not_known() -> None:
    assert broken(changed("cdn", enabled="@unknown")) == {
        "network.flow.internet-to-cdn": "unproven"
    }


@pytest.mark.parametrize("listed", ["@unknown", "pl-00000000"])
def test_a_prefix_list_that_is_not_known_is_anybody(listed: str) -> None:
    found = broken(changed("cloudfront", prefixListId=listed))
    assert found["network.flow.cdn-to-load-balancer"] == "unproven"
    assert found["network.closed.vpc-to-load-balancer"] == "unproven"


# ── the difference that a CDN makes ─────────────────────────────────────────────────────────────


def test_a_load_balancer_that_goes_behind_a_cdn_is_still_reached_by_it() -> None:
    both = worlds(
        Side("base", three_tiers().graph(), None), Side("head", behind_a_cdn().graph(), None)
    )
    changes = list(proxied(Network(both.base), Network(both.head)))
    said = {(c.word, c.what.replace("load balancer front", "{}")) for c in changes}
    assert said == {
        ("exposed", "the internet reaches Auto Scaling group api on tcp/8080 by load balancer {}"),
        (
            "hidden",
            "the internet no longer reaches Auto Scaling group api on tcp/443 by load balancer {}",
        ),
    }
    (exposed,) = (c for c in changes if c.word == "exposed")
    assert [hop.what for hop in exposed.hops][:2] == [
        "distribution cdn is enabled",
        "VPC origin of api",
    ]
