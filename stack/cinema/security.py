"""Security groups, from one table of flows: each is one egress and one ingress rule.

Nothing else opens a port. Rules are resources of their own, so that two groups may name each
other and a rule may change without its group.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal, TypeAlias, TypedDict

import pulumi
import pulumi_aws as aws

from cinema.names import Names
from cinema.network import CDN_PORT, Network, NetworkSettings

GroupName: TypeAlias = Literal[
    "load-balancer", "api", "database", "bastion", "endpoints", "builder"
]

_DESCRIPTIONS: dict[GroupName, str] = {
    "load-balancer": "The load balancer before the API",
    "api": "Instances of the API",
    "database": "Members of the database",
    "bastion": "The way in for administrators",
    "endpoints": "Interface endpoints of AWS services",
    "builder": "Instances that build machine images, and that nobody speaks to",
}


@dataclass(frozen=True)
class S3:
    """The addresses of S3, as the gateway endpoint's prefix list names them."""


@dataclass(frozen=True)
class CloudFront:
    """CloudFront's addresses towards origins, by the id of AWS's prefix list.

    It counts as 55 of the 60 rules that a group may have (Amazon VPC User Guide, "AWS-managed
    prefix list weight"): there is room for one such rule.
    """

    prefix_list: str


Peer: TypeAlias = GroupName | IPv4Network | S3 | CloudFront
INTERNET = IPv4Network("0.0.0.0/0")


@dataclass(frozen=True)
class SecurityFlow:
    """TCP connections from one peer to another. At least one of them is a group."""

    source: Peer
    to: Peer
    port: int
    why: str

    @property
    def name(self) -> str:
        """Its identity: who, to whom, on which port."""
        return f"{_label(self.source)}-to-{_label(self.to)}-{self.port}"


def _label(peer: Peer) -> str:
    if isinstance(peer, S3):
        return "s3"
    if isinstance(peer, CloudFront):
        return "cloudfront"
    if isinstance(peer, IPv4Network):
        return "internet" if peer == INTERNET else str(peer).replace("/", "-")
    return peer


def security_flows(settings: NetworkSettings) -> tuple[SecurityFlow, ...]:
    """Every connection that the architecture needs."""
    way_in = (
        SecurityFlow(INTERNET, "load-balancer", 80, "Browsers")
        if settings.cdn is None
        else SecurityFlow(CloudFront(settings.cdn), "load-balancer", CDN_PORT, "CloudFront")
    )
    bastion = (
        SecurityFlow("bastion", "api", 22, "Administrators"),
        SecurityFlow("bastion", "database", 22, "Administrators"),
    )
    return (
        way_in,
        SecurityFlow("load-balancer", "api", 8081, "Requests and health checks"),
        SecurityFlow("api", "database", 27017, "Queries"),
        SecurityFlow("database", "database", 27017, "Replication and elections"),
        SecurityFlow("api", S3(), 443, "Images, packages of Amazon Linux"),
        SecurityFlow("api", "endpoints", 443, "Logs, secrets"),
        # The only services that the members can speak to: nothing leads out of their subnets.
        SecurityFlow("database", "endpoints", 443, "Logs, secrets"),
        # By NAT, and only HTTPS. Systems Manager patches the instances (Default Host Management,
        # which needs no role of ours), and none of its addresses can be named in a rule.
        SecurityFlow("api", INTERNET, 443, "Systems Manager"),
        SecurityFlow("builder", S3(), 443, "Artifacts, packages of Amazon Linux"),
        SecurityFlow("builder", "endpoints", 443, "Logs"),
        SecurityFlow("builder", INTERNET, 443, "Image Builder, Systems Manager, package indexes"),
        *(SecurityFlow(network, "bastion", 22, "Administrators") for network in settings.admins),
        *(() if settings.sessions else bastion),
    )


class _PortArgs(TypedDict):
    ip_protocol: str
    from_port: int
    to_port: int
    description: str


class _PeerArgs(TypedDict, total=False):
    cidr_ipv4: str
    prefix_list_id: pulumi.Input[str]
    referenced_security_group_id: pulumi.Output[str]


class SecurityGroups(pulumi.ComponentResource):
    """The groups by name, and `rules[name]`: every rule that lets that group speak or listen."""

    def __init__(
        self,
        name: str,
        settings: NetworkSettings,
        names: Names,
        network: Network,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:security:SecurityGroups", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.groups = {
            group: aws.ec2.SecurityGroup(
                group,
                description=description,
                vpc_id=network.vpc.id,
                tags={"Name": f"{names.prefix}-{group}"},
                opts=child,
            )
            for group, description in _DESCRIPTIONS.items()
            if group != "bastion" or not settings.sessions
        }
        rules: dict[GroupName, list[pulumi.Resource]] = {group: [] for group in self.groups}
        for flow in security_flows(settings):
            if isinstance(flow.source, str):
                rules[flow.source].append(
                    aws.vpc.SecurityGroupEgressRule(
                        flow.name,
                        security_group_id=self.groups[flow.source].id,
                        **_ports(flow),
                        **self._peer(flow.to, network),
                        opts=child,
                    )
                )
            if isinstance(flow.to, str):
                rules[flow.to].append(
                    aws.vpc.SecurityGroupIngressRule(
                        flow.name,
                        security_group_id=self.groups[flow.to].id,
                        **_ports(flow),
                        **self._peer(flow.source, network),
                        opts=child,
                    )
                )
        self.rules = rules
        self.register_outputs({group: resource.id for group, resource in self.groups.items()})

    def _peer(self, peer: Peer, network: Network) -> _PeerArgs:
        if isinstance(peer, S3):
            return {"prefix_list_id": network.s3.prefix_list_id}
        if isinstance(peer, CloudFront):
            return {"prefix_list_id": peer.prefix_list}
        if isinstance(peer, IPv4Network):
            return {"cidr_ipv4": str(peer)}
        return {"referenced_security_group_id": self.groups[peer].id}


def _ports(flow: SecurityFlow) -> _PortArgs:
    return {
        "ip_protocol": "tcp",
        "from_port": flow.port,
        "to_port": flow.port,
        "description": flow.why,
    }
