"""A small three-tier architecture written by hand, and YAML cases that change it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml

from stackproof.aws.network import NetworkFacts, network_facts
from stackproof.contract import Contract
from stackproof.model import Decision, Graph, Reference, Resource, Unknown, Value
from stackproof.proofs.reach import obligations
from stackproof.selection import Members, select
from tests.policy import graphs

CASES = Path(__file__).parent / "cases"

TYPES = {
    "vpc": "aws:ec2/vpc:Vpc",
    "igw": "aws:ec2/internetGateway:InternetGateway",
    "igw-of": "aws:ec2/internetGatewayAttachment:InternetGatewayAttachment",
    "subnet": "aws:ec2/subnet:Subnet",
    "eip": "aws:ec2/eip:Eip",
    "nat": "aws:ec2/natGateway:NatGateway",
    "table": "aws:ec2/routeTable:RouteTable",
    "main-table": "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation",
    "route": "aws:ec2/route:Route",
    "table-of": "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "acl": "aws:ec2/networkAcl:NetworkAcl",
    "acl-of": "aws:ec2/networkAclAssociation:NetworkAclAssociation",
    "acl-rule": "aws:ec2/networkAclRule:NetworkAclRule",
    "default-acl": "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl",
    "group": "aws:ec2/securityGroup:SecurityGroup",
    "default-group": "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "in": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "out": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "rule": "aws:ec2/securityGroupRule:SecurityGroupRule",
    "endpoint": "aws:ec2/vpcEndpoint:VpcEndpoint",
    "group-of-endpoint": "aws:ec2/securityGroupAssociation:SecurityGroupAssociation",
    "instance": "aws:ec2/instance:Instance",
    "interface": "aws:ec2/networkInterface:NetworkInterface",
    "attached": "aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment",
    "template": "aws:ec2/launchTemplate:LaunchTemplate",
    "scaling": "aws:autoscaling/group:Group",
    "balancer": "aws:lb/loadBalancer:LoadBalancer",
    "listener": "aws:lb/listener:Listener",
    "targets": "aws:lb/targetGroup:TargetGroup",
    "function": "aws:lambda/function:Function",
    "builds": "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration",
    "image": "aws:imagebuilder/image:Image",
    "peering": "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
    "unheard-of": "aws:new/thing:Thing",
}


@dataclass
class World:
    """Resources by name. `@name` and `@name.property` in inputs are references."""

    declared: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)

    def add(self, kind: str, name: str, **inputs: Any) -> None:  # noqa: ANN401
        assert name not in self.declared, name
        self.declared[name] = (kind, inputs)

    def graph(self) -> Graph:
        return graphs.graph(
            *(
                graphs.resource(TYPES[kind], name, **self._value(inputs))
                for name, (kind, inputs) in self.declared.items()
            )
        )

    def urn(self, name: str) -> str:
        return graphs.urn(TYPES[self.declared[name][0]], name)

    def _value(self, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, Mapping):
            return {k: self._value(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self._value(v) for v in value]
        if value == "@unknown":
            return Unknown("only known after deploying")
        if isinstance(value, str) and value.startswith("@"):
            name, _, property_ = value[1:].partition(".")
            return Reference(self.urn(name), property_ or "id")
        return value


def three_tiers() -> World:
    """Two zones; a load balancer, an API, two databases, a bastion, endpoints for S3 and logs."""
    world = World()
    world.add("vpc", "vpc", cidrBlock="10.0.0.0/16", enableDnsHostnames=True)
    world.add("igw", "igw", vpcId="@vpc")
    world.add("default-group", "emptied", vpcId="@vpc")
    for index, tier in enumerate(("public", "private", "data")):
        world.add("acl", f"{tier}-acl", vpcId="@vpc", subnetIds=[f"@{tier}-a", f"@{tier}-b"])
        for zone in "ab":
            world.add(
                "subnet",
                f"{tier}-{zone}",
                vpcId="@vpc",
                cidrBlock=f"10.0.{index * 2 + 'ab'.index(zone)}.0/24",
                availabilityZone=f"us-east-1{zone}",
            )
            if tier != "public":
                world.add("table", f"{tier}-{zone}-table", vpcId="@vpc")
            table = "@public-table" if tier == "public" else f"@{tier}-{zone}-table"
            world.add(
                "table-of", f"{tier}-{zone}-in", subnetId=f"@{tier}-{zone}", routeTableId=table
            )
    _routes(world)
    _acls(world)
    _groups(world)
    _workloads(world)
    return world


def _routes(world: World) -> None:
    world.add("table", "public-table", vpcId="@vpc")
    everywhere = {"destinationCidrBlock": "0.0.0.0/0"}
    world.add("route", "to-igw", routeTableId="@public-table", gatewayId="@igw", **everywhere)
    for zone in "ab":
        world.add("eip", f"eip-{zone}", domain="vpc")
        world.add(
            "nat",
            f"nat-{zone}",
            subnetId=f"@public-{zone}",
            allocationId=f"@eip-{zone}.allocationId",
        )
        world.add(
            "route",
            f"to-nat-{zone}",
            routeTableId=f"@private-{zone}-table",
            natGatewayId=f"@nat-{zone}",
            **everywhere,
        )
    world.add(
        "endpoint",
        "s3",
        vpcId="@vpc",
        serviceName="com.amazonaws.us-east-1.s3",
        routeTableIds=["@private-a-table", "@private-b-table"],
    )


def _acls(world: World) -> None:
    def entry(tier: str, way: str, number: int, ports: tuple[int, int], cidr: str) -> None:
        world.add(
            "acl-rule",
            f"{tier}-{way}-{number}",
            networkAclId=f"@{tier}-acl",
            egress=way == "out",
            ruleNumber=number,
            ruleAction="allow",
            protocol="tcp",
            fromPort=ports[0],
            toPort=ports[1],
            cidrBlock=cidr,
        )

    ephemeral, anywhere, inside = (1024, 65535), "0.0.0.0/0", "10.0.0.0/16"
    entry("public", "in", 100, (80, 80), anywhere)
    entry("public", "in", 110, (443, 443), anywhere)
    entry("public", "in", 120, (22, 22), "203.0.113.0/24")
    entry("public", "in", 200, ephemeral, anywhere)
    entry("public", "out", 100, (443, 443), anywhere)
    entry("public", "out", 110, (22, 22), inside)
    entry("public", "out", 200, ephemeral, anywhere)
    entry("private", "in", 100, (22, 22), inside)
    entry("private", "in", 110, (443, 443), inside)
    entry("private", "in", 200, ephemeral, anywhere)
    entry("private", "out", 100, (443, 443), anywhere)
    entry("private", "out", 200, ephemeral, inside)
    entry("data", "in", 100, (22, 22), "10.0.0.0/23")
    entry("data", "in", 110, (27017, 27017), "10.0.2.0/23")
    entry("data", "in", 120, ephemeral, "10.0.4.0/23")
    entry("data", "out", 200, ephemeral, inside)


def _groups(world: World) -> None:
    for name in ("balancer", "api", "database", "bastion", "endpoints"):
        world.add("group", f"{name}-group", vpcId="@vpc")

    def pair(source: str, to: str, port: int) -> None:
        ports = {"ipProtocol": "tcp", "fromPort": port, "toPort": port}
        for kind, at, peer in (("out", source, to), ("in", to, source)):
            world.add(
                kind,
                f"{source}-to-{to}-{port}-{kind}",
                securityGroupId=f"@{at}-group",
                referencedSecurityGroupId=f"@{peer}-group",
                **ports,
            )

    pair("balancer", "api", 8081)
    pair("api", "database", 27017)
    pair("database", "database", 27017)
    pair("bastion", "api", 22)
    pair("bastion", "database", 22)
    pair("api", "endpoints", 443)
    tcp = {"ipProtocol": "tcp"}
    for port in (80, 443):
        world.add(
            "in",
            f"internet-{port}",
            securityGroupId="@balancer-group",
            cidrIpv4="0.0.0.0/0",
            fromPort=port,
            toPort=port,
            **tcp,
        )
    world.add(
        "in",
        "admins-22",
        securityGroupId="@bastion-group",
        cidrIpv4="203.0.113.0/24",
        fromPort=22,
        toPort=22,
        **tcp,
    )
    https = {"fromPort": 443, "toPort": 443, **tcp}
    world.add("out", "api-internet", securityGroupId="@api-group", cidrIpv4="0.0.0.0/0", **https)
    world.add(
        "out", "api-s3", securityGroupId="@api-group", prefixListId="@s3.prefixListId", **https
    )


def _workloads(world: World) -> None:
    public = ["@public-a", "@public-b"]
    private = ["@private-a", "@private-b"]
    world.add("balancer", "front", subnets=public, securityGroups=["@balancer-group"])
    world.add("targets", "api-targets", port=8081, vpcId="@vpc", healthCheck={"path": "/healthz"})
    forward = [{"type": "forward", "targetGroupArn": "@api-targets.arn"}]
    for port in (80, 443):
        world.add(
            "listener",
            f"listen-{port}",
            loadBalancerArn="@front.arn",
            port=port,
            defaultActions=forward if port == 443 else [{"type": "redirect"}],
        )
    world.add("template", "api-template", vpcSecurityGroupIds=["@api-group"])
    world.add(
        "scaling",
        "api",
        vpcZoneIdentifiers=private,
        launchTemplate={"id": "@api-template"},
        targetGroupArns=["@api-targets.arn"],
    )
    for zone in "ab":
        world.add(
            "instance",
            f"database-{zone}",
            subnetId=f"@data-{zone}",
            vpcSecurityGroupIds=["@database-group"],
        )
    world.add(
        "instance",
        "bastion",
        subnetId="@public-a",
        vpcSecurityGroupIds=["@bastion-group"],
        associatePublicIpAddress=True,
    )
    world.add(
        "endpoint",
        "logs",
        vpcId="@vpc",
        vpcEndpointType="Interface",
        serviceName="com.amazonaws.us-east-1.logs",
        privateDnsEnabled=True,
        subnetIds=private,
        securityGroupIds=["@endpoints-group"],
    )


CONTRACT = msgspec.convert(
    {
        "groups": {
            "load-balancer": {"type": TYPES["balancer"], "name": "front"},
            "api": {"type": TYPES["scaling"], "name": "api"},
            "database": {"type": TYPES["instance"], "name": "database-*"},
            "bastion": {"type": TYPES["instance"], "name": "bastion"},
            "admins": {"cidr": ["203.0.113.0/24"]},
            "logs": {"service": "logs"},
            "s3": {"service": "s3"},
        },
        "network": {
            "flows": [
                {"from": "internet", "to": "load-balancer", "allow": ["tcp/80", "tcp/443"]},
                {"from": "load-balancer", "to": "api", "allow": ["tcp/8081"]},
                {"from": "api", "to": "database", "allow": ["tcp/27017"]},
                {"from": "database", "to": "database", "allow": ["tcp/27017"]},
                {"from": "api", "to": "internet", "allow": ["tcp/443"]},
                {"from": "api", "to": "s3", "allow": ["tcp/443"]},
                {"from": "api", "to": "logs", "allow": ["tcp/443"]},
                {"from": "admins", "to": "bastion", "allow": ["tcp/22"]},
                {"from": "bastion", "to": "api", "allow": ["tcp/22"]},
                {"from": "bastion", "to": "database", "allow": ["tcp/22"]},
            ],
            "never": [
                {"from": "internet", "to": "database", "path": "any"},
                {"from": "internet", "to": "api", "path": "direct"},
            ],
            "isolated": ["database"],
        },
    },
    Contract,
)


@dataclass(frozen=True)
class Case:
    """One YAML file: what changes in the architecture, and which claims are no longer proven."""

    name: str
    world: World
    contract: Contract
    expect: dict[str, str]
    blame: dict[str, str]


def case(path: Path) -> Case:
    """Read one case. `remove`, `set` and `add` change resources, `contract` the network section."""
    text = yaml.safe_load(path.read_text(encoding="utf-8"))
    world = three_tiers()
    for name in text.get("remove", ()):
        del world.declared[name]
    for name, inputs in text.get("set", {}).items():
        kind, old = world.declared[name]
        world.declared[name] = (kind, {k: v for k, v in (old | inputs).items() if v is not None})
    for name, inputs in text.get("add", {}).items():
        world.add(inputs.pop("type"), name, **inputs)
    contract = msgspec.to_builtins(CONTRACT)
    for section in ("groups", "network"):
        for key, value in text.get("contract", {}).get(section, {}).items():
            contract[section][key] = value
    return Case(
        path.stem,
        world,
        msgspec.convert(contract, Contract),
        text.get("expect", {}),
        text.get("blame", {}),
    )


def decided(
    graph: Graph, contract: Contract, only: Iterable[str] | None = None
) -> dict[str, Decision]:
    """Every network claim, decided."""
    found = obligations(network_facts(graph), contract, select(contract, graph))
    wanted = None if only is None else set(only)
    return {o.id: o.decide() for o in found if wanted is None or o.id in wanted}


def facts_of(world: World) -> tuple[NetworkFacts, dict[str, Members]]:
    """Facts and groups of a world under the usual contract."""
    graph = world.graph()
    return network_facts(graph), select(CONTRACT, graph)


def with_input(graph: Graph, urn: str, key: str, value: Value) -> Graph:
    """The graph with one input of one resource replaced."""
    changed: list[Resource] = [
        msgspec.structs.replace(r, inputs=r.inputs | {key: value}) if r.urn == urn else r
        for r in graph.resources
    ]
    return msgspec.structs.replace(graph, resources=tuple(changed))
