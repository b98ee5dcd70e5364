"""Which resources have network interfaces, in which subnets, under which security groups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from stackproof.aws import imagebuilder
from stackproof.aws.network.facts import EVERY_ADDRESS, Interface, InterfaceKind, Range, Subnet
from stackproof.aws.network.filters import ENDPOINT, SUBNET, VPC, default_group, group_key
from stackproof.aws.network.reading import (
    Reader,
    address_range,
    flag,
    is_unknown,
    listed,
    mapping,
)
from stackproof.aws.network.routing import EIP, service_of
from stackproof.model import Reference, Resource, Value

INSTANCE = "aws:ec2/instance:Instance"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SCALING = "aws:autoscaling/group:Group"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
ENI = "aws:ec2/networkInterface:NetworkInterface"
ENI_ATTACHMENT = "aws:ec2/networkInterfaceAttachment:NetworkInterfaceAttachment"
ENI_GROUP = (
    "aws:ec2/networkInterfaceSecurityGroupAttachment:NetworkInterfaceSecurityGroupAttachment"
)
EIP_ASSOCIATION = "aws:ec2/eipAssociation:EipAssociation"
FUNCTION = "aws:lambda/function:Function"
ENDPOINT_SUBNET = "aws:ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation"
ENDPOINT_GROUP = "aws:ec2/securityGroupAssociation:SecurityGroupAssociation"


_MORE_ADDRESSES = (
    "privateIpsCount",
    "privateIpList",
    "ipv4Prefixes",
    "ipv4PrefixCount",
)


@dataclass(frozen=True)
class _Placing:
    """Where a resource's interfaces are, as its inputs say: None is not known."""

    subnets: list[Value] | None
    groups: list[Value] | None
    public: bool | None = False
    subnet_decides: bool = False
    """The subnet's `mapPublicIpOnLaunch` gives it a public address."""
    address: Range | None = None
    service: str = ""
    unknown: str = ""


def interfaces(reader: Reader, subnets: Iterable[Subnet]) -> tuple[Interface, ...]:
    """Every network interface that the program's resources have."""
    by_urn = {s.urn: s for s in subnets}
    owners = _attached(reader)
    found: list[Interface] = []
    for resource in reader.graph.of_type(INSTANCE):
        if reader.get(resource, "primaryNetworkInterface") is None:
            found += _place(reader, by_urn, resource, "instance", _instance(reader, resource))
    for resource in reader.graph.of_type(ENI):
        found += [
            replace(i, owner=owners.get(resource.urn, resource.urn))
            for i in _place(reader, by_urn, resource, "interface", _declared(reader, resource))
        ]
    for resource in reader.graph.of_type(SCALING):
        found += _place(reader, by_urn, resource, "auto-scaling", _scaling(reader, resource))
    for resource in reader.graph.of_type(BALANCER):
        found += _place(reader, by_urn, resource, "load-balancer", _balancer(reader, resource))
    for resource in reader.graph.of_type(ENDPOINT):
        if reader.get(resource, "vpcEndpointType") == "Interface":
            found += _place(reader, by_urn, resource, "endpoint", _endpoint(reader, resource))
    for resource in reader.graph.of_type(FUNCTION):
        found += _function(reader, by_urn, resource)
    for resource in reader.graph.of_type(imagebuilder.INFRASTRUCTURE):
        found += _place(reader, by_urn, resource, "build", _builds(reader, resource))
    found = _with_more_groups(reader, found)
    return tuple(sorted(_with_addresses(reader, found), key=lambda i: (i.owner, i.subnet)))


def _place(
    reader: Reader,
    subnets: dict[str, Subnet],
    resource: Resource,
    kind: InterfaceKind,
    placing: _Placing,
) -> list[Interface]:
    unknown = placing.unknown
    if resource.external:
        unknown = f"{resource.name} is read, not declared"
    keys = [group_key(reader, g) for g in placing.groups or []]
    if placing.groups is None or None in keys:
        unknown = unknown or f"the security groups of {resource.name} are not known"
    base = Interface(
        owner=resource.urn,
        name=resource.name,
        kind=kind,
        vpc="",
        subnet="",
        address=EVERY_ADDRESS,
        security_groups=tuple(sorted({k for k in keys if k is not None})),
        public=placing.public,
        service=placing.service,
        resource=resource.urn,
        unknown=unknown,
    )
    if not placing.subnets:
        return [replace(base, unknown=unknown or f"the subnet of {resource.name} is not known")]
    found = []
    for value in placing.subnets:
        subnet = subnets.get(reader.urn(value, SUBNET) or "")
        if subnet is None:
            why = unknown or f"a subnet of {resource.name} is not known"
            found.append(replace(base, unknown=why))
            continue
        public = placing.public
        if placing.subnet_decides:
            maps = reader.get(reader.resources[subnet.urn], "mapPublicIpOnLaunch")
            public = False if maps is None else flag(maps)
        found.append(
            replace(
                base,
                vpc=subnet.vpc,
                subnet=subnet.urn,
                address=placing.address or subnet.hosts,
                # "Default security groups": a resource launched without one gets the VPC's own.
                security_groups=base.security_groups or (default_group(subnet.vpc),),
                public=public,
            )
        )
    return found


def _public(value: Value) -> tuple[bool | None, bool]:
    """Whether it has a public address, and whether its subnet decides that instead."""
    return (False, True) if value is None else (flag(value), False)


def _instance(reader: Reader, resource: Resource) -> _Placing:
    public, subnet_decides = _public(reader.get(resource, "associatePublicIpAddress"))
    subnet, groups = reader.get(resource, "subnetId"), reader.items(resource, "vpcSecurityGroupIds")
    fixed = reader.get(resource, "privateIp")
    unknown = ""
    for key in ("securityGroups", "networkInterfaces", "secondaryNetworkInterfaces"):
        if reader.get(resource, key) is not None:
            unknown = f"{key} of {resource.name} is not modelled"
    if reader.get(resource, "launchTemplate") is not None and (subnet is None or groups == []):
        unknown = f"{resource.name} takes its network from a launch template: not modelled"
    if reader.get(resource, "secondaryPrivateIps") is not None:
        fixed = None
    return _Placing([subnet], groups, public, subnet_decides, address_range(fixed), unknown=unknown)


def _declared(reader: Reader, resource: Resource) -> _Placing:
    addresses = reader.items(resource, "privateIps")
    only = addresses[0] if addresses is not None and len(addresses) == 1 else None
    if any(reader.get(resource, key) is not None for key in _MORE_ADDRESSES):
        only = None
    return _Placing(
        [reader.get(resource, "subnetId")],
        reader.items(resource, "securityGroups"),
        address=address_range(only),
    )


def _scaling(reader: Reader, resource: Resource) -> _Placing:
    zones = reader.items(resource, "vpcZoneIdentifiers")
    chosen = mapping(reader.get(resource, "launchTemplate"))
    value = chosen.get("id", chosen.get("name"))
    unknown = ""
    mixed = mapping(reader.get(resource, "mixedInstancesPolicy"))
    if mixed:
        template = mapping(mixed.get("launchTemplate"))
        value = mapping(template.get("launchTemplateSpecification")).get("launchTemplateId")
        overrides = listed(template.get("overrides"))
        if overrides is None or any(
            not isinstance(o, dict) or "launchTemplateSpecification" in o for o in overrides
        ):
            unknown = f"{resource.name} launches from several templates: not modelled"
    urn = reader.urn(value, TEMPLATE)
    if urn is None:
        return _Placing(zones, None, None, unknown=f"the template of {resource.name} is not known")
    placing = _template(reader, reader.resources[urn])
    return replace(placing, subnets=zones, unknown=unknown or placing.unknown)


def _template(reader: Reader, template: Resource) -> _Placing:
    groups = reader.items(template, "vpcSecurityGroupIds")
    cards = reader.items(template, "networkInterfaces")
    if (
        template.external
        or cards is None
        or len(cards) > 1
        or not all(isinstance(card, dict) for card in cards)
        or reader.get(template, "securityGroupNames") is not None
    ):
        return _Placing([], None, None, unknown=f"the network of {template.name} is not modelled")
    if not cards:
        public: bool | None = False
        return _Placing([], groups, public, subnet_decides=True)
    card = mapping(cards[0])
    if any(card.get(k) is not None for k in ("networkInterfaceId", "interfaceType")):
        return _Placing([], None, None, unknown=f"the interface of {template.name} is not modelled")
    public, subnet_decides = _public(card.get("associatePublicIpAddress"))
    # A template takes its groups from the interface or from itself, never from both.
    own = listed(card.get("securityGroups"))
    return _Placing([], own if own != [] else groups, public, subnet_decides)


def _balancer(reader: Reader, resource: Resource) -> _Placing:
    kind, internal = reader.get(resource, "loadBalancerType"), reader.get(resource, "internal")
    subnets = reader.items(resource, "subnets")
    mappings = reader.items(resource, "subnetMappings")
    if mappings:
        subnets = [mapping(m).get("subnetId") for m in mappings]
    inside = False if internal is None else flag(internal)
    return _Placing(
        subnets,
        reader.items(resource, "securityGroups"),
        None if inside is None else not inside,
        unknown=""
        if kind in {None, "application"}
        else f"{resource.name} is not an application load balancer: not modelled",
    )


def _endpoint(reader: Reader, resource: Resource) -> _Placing:
    name = reader.get(resource, "serviceName")
    subnets = reader.items(resource, "subnetIds")
    groups = reader.items(resource, "securityGroupIds")
    for other in reader.graph.of_type(ENDPOINT_SUBNET):
        if _of_endpoint(reader, other) == resource.urn:
            subnets = None if subnets is None else [*subnets, reader.get(other, "subnetId")]
    # "SecurityGroupAssociation": the VPC's default group stays, unless it is told to replace it.
    vpc = reader.urn(reader.get(resource, "vpcId"), VPC)
    if groups == [] and vpc is not None:
        groups = [Reference(vpc, "defaultSecurityGroupId")]
    for other in reader.graph.of_type(ENDPOINT_GROUP):
        if _of_endpoint(reader, other) != resource.urn or groups is None:
            continue
        replaces = reader.get(other, "replaceDefaultAssociation")
        if flag(replaces) and vpc is not None:
            groups = [g for g in groups if group_key(reader, g) != default_group(vpc)]
        groups = None if is_unknown(replaces) else [*groups, reader.get(other, "securityGroupId")]
    return _Placing(subnets, groups, service=service_of(name) if isinstance(name, str) else "")


def _of_endpoint(reader: Reader, association: Resource) -> str | None:
    endpoint = reader.urn(reader.get(association, "vpcEndpointId"), ENDPOINT)
    if endpoint is None:
        reader.lost(association, "the endpoint that it belongs to is not known")
    return endpoint


def _function(reader: Reader, subnets: dict[str, Subnet], resource: Resource) -> list[Interface]:
    """A function outside a VPC sends from AWS's own network (AWS Lambda, "Networking")."""
    value = reader.get(resource, "vpcConfig")
    config = mapping(value)
    if value is None or (config and listed(config.get("subnetIds")) == []):
        return [
            Interface(
                owner=resource.urn,
                name=resource.name,
                kind="function",
                vpc="",
                subnet="",
                address=EVERY_ADDRESS,
                security_groups=(),
                resource=resource.urn,
            )
        ]
    placing = _Placing(listed(config.get("subnetIds")), listed(config.get("securityGroupIds")))
    return _place(reader, subnets, resource, "function", placing)


def _builds(reader: Reader, resource: Resource) -> _Placing:
    """The instances of builds and tests, which stand there for as long as one runs.

    Without a subnet they are launched into the default VPC (Image Builder User Guide, "Manage Image
    Builder infrastructure configurations"), which no program declares.
    """
    subnet, groups = reader.get(resource, "subnetId"), reader.items(resource, "securityGroupIds")
    unknown = "" if subnet is not None else f"{resource.name} builds in the default VPC"
    return _Placing([subnet], groups, subnet_decides=True, unknown=unknown)


def _attached(reader: Reader) -> dict[str, str]:
    """NetworkInterface -> the instance that it is attached to."""
    owners: dict[str, str] = {}
    for resource in reader.graph.of_type(ENI_ATTACHMENT):
        eni = reader.urn(reader.get(resource, "networkInterfaceId"), ENI)
        instance = reader.urn(reader.get(resource, "instanceId"), INSTANCE)
        if eni is None or instance is None:
            reader.lost(resource, "its interface or its instance is not known")
        else:
            owners[eni] = instance
    for resource in reader.graph.of_type(ENI):
        if reader.items(resource, "attachments") is None:
            reader.lost(resource, "the instances that it is attached to are not known")
        for attachment in reader.items(resource, "attachments") or []:
            instance = reader.urn(mapping(attachment).get("instance"), INSTANCE)
            if instance is None:
                reader.lost(resource, "the instance that it is attached to is not known")
            else:
                owners[resource.urn] = instance
    for resource in reader.graph.of_type(INSTANCE):
        primary = mapping(reader.get(resource, "primaryNetworkInterface"))
        eni = reader.urn(primary.get("networkInterfaceId"), ENI)
        if eni is not None:
            owners[eni] = resource.urn
        elif primary:
            reader.lost(resource, "its primary interface is not known")
    return owners


def _with_more_groups(reader: Reader, found: list[Interface]) -> list[Interface]:
    """`found` with the security groups that separate resources attach to interfaces."""
    for resource in reader.graph.of_type(ENI_GROUP):
        target = reader.urn(reader.get(resource, "networkInterfaceId"), ENI, INSTANCE)
        group = group_key(reader, reader.get(resource, "securityGroupId"))
        if target is None or group is None:
            reader.lost(resource, "its interface or its security group is not known")
            continue
        found = [
            replace(i, security_groups=tuple(sorted({*i.security_groups, group})))
            if i.resource == target
            else i
            for i in found
        ]
    return found


def _with_addresses(reader: Reader, found: list[Interface]) -> list[Interface]:
    """`found` with the public addresses that elastic IPs give."""
    public: set[str] = set()
    for resource in reader.graph.of_type(EIP, EIP_ASSOCIATION):
        keys = (
            ("instance", "networkInterface")
            if resource.type == EIP
            else ("instanceId", "networkInterfaceId")
        )
        for key in keys:
            value = reader.get(resource, key)
            if value is None:
                continue
            target = reader.urn(value, INSTANCE, ENI)
            if target is None:
                reader.lost(resource, "what it gives a public address to is not known")
            else:
                public.add(target)
    return [
        replace(i, public=True) if i.owner in public or i.resource in public else i for i in found
    ]
