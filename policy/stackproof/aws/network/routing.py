"""VPCs, subnets, route tables, gateways and endpoints: where a packet may go."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from stackproof.aws.network.facts import (
    EVERY_ADDRESS,
    GatewayEndpoint,
    InterfaceEndpoint,
    NatGateway,
    Range,
    Route,
    RouteTable,
    Subnet,
    Target,
    Vpc,
)
from stackproof.aws.network.filters import ACL, DEFAULT_ACL, ENDPOINT, SUBNET, VPC, acl_key
from stackproof.aws.network.reading import Reader, cidr_range, flag, is_unknown, mapping
from stackproof.model import Reference, Resource, Value

IGW = "aws:ec2/internetGateway:InternetGateway"
IGW_ATTACHMENT = "aws:ec2/internetGatewayAttachment:InternetGatewayAttachment"
NAT = "aws:ec2/natGateway:NatGateway"
EIP = "aws:ec2/eip:Eip"
TABLE = "aws:ec2/routeTable:RouteTable"
DEFAULT_TABLE = "aws:ec2/defaultRouteTable:DefaultRouteTable"
ROUTE = "aws:ec2/route:Route"
TABLE_ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
MAIN_ASSOCIATION = "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation"
ACL_ASSOCIATION = "aws:ec2/networkAclAssociation:NetworkAclAssociation"
ENDPOINT_TABLE = "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation"
SECOND_CIDR = "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"

GATEWAY_SERVICES = frozenset({"s3", "dynamodb"})
_IPV6_OF_VPC = ("assignGeneratedIpv6CidrBlock", "ipv6CidrBlock", "ipv6IpamPoolId")


def table_key(reader: Reader, value: Value) -> str | None:
    """The route table that `value` names, or None."""
    found = reader.urn(value, TABLE, DEFAULT_TABLE)
    if found is not None:
        resource = reader.resources[found]
        if resource.type == DEFAULT_TABLE:
            return table_key(reader, reader.get(resource, "defaultRouteTableId"))
        return found
    if isinstance(value, Reference) and value.property in {
        "mainRouteTableId",
        "defaultRouteTableId",
    }:
        target = reader.resources.get(value.urn)
        return f"{value.urn}#main" if target is not None and target.type == VPC else None
    return None


def vpcs(reader: Reader) -> tuple[Vpc, ...]:
    """Every VPC with the internet gateway that is attached to it."""
    gateways: dict[str, str] = {}
    for resource in reader.graph.of_type(IGW, IGW_ATTACHMENT):
        if resource.external:
            reader.lost(resource, "it is read, not declared: what it is attached to is not known")
            continue
        attached = reader.get(resource, "vpcId")
        if attached is None:
            continue
        vpc = reader.urn(attached, VPC)
        gateway: str | None = resource.urn
        if resource.type == IGW_ATTACHMENT:
            gateway = reader.urn(reader.get(resource, "internetGatewayId"), IGW)
        if vpc is None or gateway is None:
            reader.lost(resource, "which internet gateway is attached to which VPC is not known")
            continue
        gateways[vpc] = gateway
    more: dict[str, list[Range]] = {}
    for resource in reader.graph.of_type(SECOND_CIDR):
        vpc = reader.urn(reader.get(resource, "vpcId"), VPC)
        cidr = cidr_range(reader.get(resource, "cidrBlock"))
        if vpc is None or cidr is None:
            reader.lost(resource, "the VPC or the addresses that it adds are not known")
            continue
        more.setdefault(vpc, []).append(cidr)
    return tuple(
        _vpc(reader, r, gateways.get(r.urn, ""), more.get(r.urn, ()))
        for r in reader.graph.of_type(VPC)
    )


def _vpc(reader: Reader, resource: Resource, gateway: str, more: list[Range] | tuple[()]) -> Vpc:
    cidr = cidr_range(reader.get(resource, "cidrBlock"))
    support, names = (
        reader.get(resource, "enableDnsSupport"),
        reader.get(resource, "enableDnsHostnames"),
    )
    unknown = ""
    if resource.external:
        unknown = f"VPC {resource.name} is read, not declared"
    elif cidr is None:
        unknown = f"the addresses of VPC {resource.name} are not known"
    elif any(reader.get(resource, key) not in {None, False} for key in _IPV6_OF_VPC):
        unknown = f"VPC {resource.name} has IPv6, which is not modelled"
    return Vpc(
        resource.urn,
        resource.name,
        (*(() if cidr is None else (cidr,)), *more),
        True if support is None else flag(support),
        False if names is None else flag(names),
        gateway,
        unknown,
    )


@dataclass(frozen=True)
class _Chosen:
    """What subnets are told explicitly; a subnet that is not here has its VPC's default."""

    tables: dict[str, str]
    acls: dict[str, str]
    main: dict[str, str]
    unknown: dict[str, str]


def _associations(reader: Reader) -> _Chosen:
    chosen = _Chosen({}, {}, {}, {})
    for resource in reader.graph.of_type(TABLE_ASSOCIATION):
        table = table_key(reader, reader.get(resource, "routeTableId"))
        subnet = reader.urn(reader.get(resource, "subnetId"), SUBNET)
        if subnet is None:
            reader.lost(resource, "it steers a gateway, or a subnet that is not known")
        elif table is None:
            chosen.unknown[subnet] = f"the route table in {resource.name} is not known"
        elif chosen.tables.setdefault(subnet, table) != table:
            chosen.unknown[subnet] = f"{resource.name} gives its subnet a second route table"
    for resource in reader.graph.of_type(MAIN_ASSOCIATION):
        table = table_key(reader, reader.get(resource, "routeTableId"))
        vpc = reader.urn(reader.get(resource, "vpcId"), VPC)
        if table is None or vpc is None:
            reader.lost(resource, "its VPC or its route table is not known")
        elif chosen.main.setdefault(vpc, table) != table:
            reader.lost(resource, "it gives its VPC a second main route table")
    for resource in reader.graph.of_type(ACL_ASSOCIATION, ACL, DEFAULT_ACL):
        _associate_acl(reader, resource, chosen)
    return chosen


def _associate_acl(reader: Reader, resource: Resource, chosen: _Chosen) -> None:
    single = resource.type == ACL_ASSOCIATION
    acl: str | None = resource.urn
    if single:
        acl = acl_key(reader, reader.get(resource, "networkAclId"))
    elif resource.type == DEFAULT_ACL:
        acl = acl_key(reader, reader.get(resource, "defaultNetworkAclId"))
    subnets = [reader.get(resource, "subnetId")] if single else reader.items(resource, "subnetIds")
    if subnets is None:
        reader.lost(resource, "the subnets that it filters are not known")
        return
    for value in subnets:
        subnet = reader.urn(value, SUBNET)
        if subnet is None or acl is None:
            reader.lost(resource, "a subnet that it filters is not known")
        elif chosen.acls.setdefault(subnet, acl) != acl:
            # The one that is deployed last takes the subnet away from the other.
            chosen.unknown[subnet] = f"{resource.name} gives its subnet a second network ACL"


def subnets(reader: Reader, of: tuple[Vpc, ...]) -> tuple[Subnet, ...]:
    """Every subnet of the VPCs `of`, with the route table and network ACL that hold for it."""
    chosen = _associations(reader)
    blocks = {vpc.urn: vpc.cidrs for vpc in of if not vpc.unknown}
    found = []
    for resource in reader.graph.of_type(SUBNET):
        vpc = reader.urn(reader.get(resource, "vpcId"), VPC)
        cidr = cidr_range(reader.get(resource, "cidrBlock"))
        zone = reader.get(resource, "availabilityZone")
        zone_id = reader.get(resource, "availabilityZoneId")
        unknown = chosen.unknown.get(resource.urn, "")
        if resource.external:
            unknown = f"subnet {resource.name} is read, not declared"
        elif vpc is None or cidr is None:
            unknown = f"the VPC or the addresses of subnet {resource.name} are not known"
        elif vpc in blocks and not _within(cidr, blocks[vpc]):
            # (Amazon VPC User Guide, "Subnet CIDR blocks": a subset of the VPC's.)
            unknown = f"subnet {resource.name} has addresses that its VPC has not: AWS refuses it"
            cidr = None
        home = vpc or ""
        found.append(
            Subnet(
                resource.urn,
                resource.name,
                home,
                cidr if cidr is not None else EVERY_ADDRESS,
                next((z for z in (zone, zone_id) if isinstance(z, str)), ""),
                chosen.tables.get(resource.urn, chosen.main.get(home, f"{home}#main")),
                chosen.acls.get(resource.urn, f"{home}#default"),
                unknown,
            )
        )
    return tuple(found)


def _within(inner: Range, blocks: tuple[Range, ...]) -> bool:
    return any(first <= inner[0] and inner[1] <= last for first, last in blocks)


_TARGETS: dict[str, tuple[str, Target]] = {
    "gatewayId": (IGW, "internet-gateway"),
    "natGatewayId": (NAT, "nat-gateway"),
}
_OTHER_TARGETS = (
    "carrierGatewayId",
    "coreNetworkArn",
    "localGatewayId",
    "networkInterfaceId",
    "odbNetworkArn",
    "transitGatewayId",
    "vpcEndpointId",
    "vpcPeeringConnectionId",
)


class _Table:
    """A route table while it is being read."""

    def __init__(self, name: str, vpc: str) -> None:
        self.name = name
        self.vpc = vpc
        self.routes: list[Route] = []
        self.inline = False
        self.separate: list[str] = []
        self.unknown = ""


def route_tables(reader: Reader, endpoints: tuple[GatewayEndpoint, ...]) -> tuple[RouteTable, ...]:
    """Every route table, the VPCs' main ones too, with the routes of gateway endpoints."""
    found = {
        f"{vpc.urn}#main": _Table(f"main of {vpc.name}", vpc.urn)
        for vpc in reader.graph.of_type(VPC)
    }
    for resource in reader.graph.of_type(TABLE, DEFAULT_TABLE):
        _read_table(reader, resource, found)
    for resource in reader.graph.of_type(ROUTE):
        key = table_key(reader, reader.get(resource, "routeTableId"))
        if key is None or key not in found:
            reader.lost(resource, "the route table that it belongs to is not known")
            continue
        found[key].separate.append(resource.urn)
        fields = {k: reader.get(resource, k) for k in resource.inputs}
        fields["cidrBlock"] = fields.get("destinationCidrBlock")
        fields["ipv6CidrBlock"] = fields.get("destinationIpv6CidrBlock")
        _read_route(reader, resource, found[key], fields)
    for endpoint, table in _endpoint_routes(reader, endpoints):
        if table not in found:
            continue
        found[table].routes.append(
            Route(endpoint.urn, endpoint.name, None, endpoint.urn, "gateway-endpoint", endpoint.urn)
        )
    return tuple(
        RouteTable(
            key,
            table.name,
            table.vpc,
            tuple(sorted(table.routes, key=lambda r: (r.urn, repr(r)))),
            tuple(sorted(table.separate)) if table.inline else (),
            f"route table {table.name} mixes inline and separate routes"
            if table.inline and table.separate
            else table.unknown,
        )
        for key, table in sorted(found.items())
    )


def _read_table(reader: Reader, resource: Resource, found: dict[str, _Table]) -> None:
    key: str | None = resource.urn
    vpc = reader.urn(reader.get(resource, "vpcId"), VPC)
    if resource.type == DEFAULT_TABLE:
        key = table_key(reader, reader.get(resource, "defaultRouteTableId"))
        vpc = key.removesuffix("#main") if key is not None else None
    if key is None:
        reader.lost(resource, "its VPC is not known")
        return
    table = found[key] = _Table(resource.name, vpc or "")
    if vpc is None:
        table.unknown = f"the VPC of route table {resource.name} is not known"
    if resource.external:
        table.unknown = f"route table {resource.name} is read, not declared"
    if reader.items(resource, "propagatingVgws") != []:
        table.unknown = f"route table {resource.name} takes routes from a VPN gateway"
    routes = reader.items(resource, "routes")
    if routes is None:
        table.unknown = f"the routes of {resource.name} are not known"
    for block in routes or []:
        table.inline = True
        _read_route(reader, resource, table, mapping(block))


def _read_route(
    reader: Reader, resource: Resource, table: _Table, fields: dict[str, Value]
) -> None:
    if fields.get("cidrBlock") is None and fields.get("ipv6CidrBlock") is not None:
        return  # no packet of a VPC without IPv6 takes it
    destination = cidr_range(fields.get("cidrBlock"))
    if destination is None or fields.get("destinationPrefixListId") is not None:
        table.unknown = f"the destination of a route of {resource.name} is not known"
        return
    if fields.get("gatewayId") == "local":
        return
    for key, (type_, kind) in _TARGETS.items():
        target = reader.urn(fields.get(key), type_)
        if target is not None:
            table.routes.append(Route(resource.urn, resource.name, destination, "", kind, target))
            return
    other = next((k for k in _OTHER_TARGETS if fields.get(k) is not None), "")
    what = f"leads to a {other}, which is not modelled" if other else "has a target not known"
    table.unknown = f"a route of {resource.name} {what}"
    if fields.get("natGatewayId") is None and other != "networkInterfaceId":
        # Whatever it leads to is attached to the VPC, and is a door into it too.
        reader.lost(resource, f"a route {what}, and what is behind it may come in")


def _endpoint_routes(
    reader: Reader, endpoints: tuple[GatewayEndpoint, ...]
) -> list[tuple[GatewayEndpoint, str]]:
    by_urn = {e.urn: e for e in endpoints}
    found: dict[tuple[str, str], None] = {}
    for endpoint in endpoints:
        resource = reader.resources[endpoint.urn]
        values = reader.items(resource, "routeTableIds")
        keys = [None] if values is None else [table_key(reader, v) for v in values]
        for key in keys:
            if key is None:
                reader.lost(resource, "a route table that it is in is not known")
            else:
                found[endpoint.urn, key] = None
    for resource in reader.graph.of_type(ENDPOINT_TABLE):
        key = table_key(reader, reader.get(resource, "routeTableId"))
        urn = reader.urn(reader.get(resource, "vpcEndpointId"), ENDPOINT)
        if key is None or urn not in by_urn:
            reader.lost(resource, "its endpoint or its route table is not known")
        elif urn is not None:
            found[urn, key] = None
    return [(by_urn[urn], key) for urn, key in sorted(found)]


def nat_gateways(reader: Reader) -> tuple[NatGateway, ...]:
    """Every zonal NAT gateway; a regional one is not modelled."""
    found = []
    # "Elastic IP addresses": each is associated with one interface at a time.
    shared = Counter(
        reader.urn(reader.get(r, "allocationId"), EIP) for r in reader.graph.of_type(NAT)
    )
    for resource in reader.graph.of_type(NAT):
        subnet = reader.urn(reader.get(resource, "subnetId"), SUBNET)
        mode = reader.get(resource, "availabilityMode")
        connectivity = reader.get(resource, "connectivityType")
        allocation = reader.get(resource, "allocationId")
        address = reader.urn(allocation, EIP)
        if mode not in {None, "zonal"} or subnet is None:
            reader.lost(resource, "it is regional, or its subnet is not known")
            continue
        undecided = (
            is_unknown(connectivity)
            or resource.external
            or (allocation is not None and not _elastic(reader, allocation))
            or (address is not None and shared[address] > 1)
        )
        found.append(
            NatGateway(
                resource.urn,
                resource.name,
                subnet,
                public=connectivity != "private" and allocation is not None,
                unknown=f"whether NAT gateway {resource.name} has a public address is not known"
                if undecided
                else "",
            )
        )
    return tuple(found)


def _elastic(reader: Reader, allocation: Value) -> bool:
    """Whether `allocation` names an elastic address: one of this program, or by its id."""
    if isinstance(allocation, str):
        return allocation.startswith("eipalloc-")
    return reader.urn(allocation, EIP) is not None


def endpoints(
    reader: Reader,
) -> tuple[tuple[GatewayEndpoint, ...], tuple[InterfaceEndpoint, ...]]:
    """The gateway endpoints and the interface endpoints."""
    gateways, interfaces = [], []
    for resource in reader.graph.of_type(ENDPOINT):
        kind = reader.get(resource, "vpcEndpointType")
        vpc = reader.urn(reader.get(resource, "vpcId"), VPC)
        name = reader.get(resource, "serviceName")
        service = service_of(name) if isinstance(name, str) else ""
        if vpc is None or not service or kind not in {None, "Gateway", "Interface"}:
            reader.lost(resource, "its kind, its VPC or its service is not known")
        elif kind == "Interface":
            private = reader.get(resource, "privateDnsEnabled")
            interfaces.append(
                InterfaceEndpoint(
                    resource.urn,
                    resource.name,
                    vpc,
                    service,
                    False if private is None else flag(private),
                )
            )
        elif service in GATEWAY_SERVICES:
            gateways.append(GatewayEndpoint(resource.urn, resource.name, vpc, service))
        else:
            reader.lost(resource, f"there is no gateway endpoint for {service}")
    return tuple(gateways), tuple(interfaces)


def service_of(service_name: str) -> str:
    """`com.amazonaws.us-east-1.ecr.api` -> `ecr.api`; empty for what is not an AWS service."""
    parts = service_name.split(".", 3)
    return parts[3] if len(parts) == 4 and parts[:2] == ["com", "amazonaws"] else ""  # noqa: PLR2004
