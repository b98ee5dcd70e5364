"""EC2's network: VPC, subnets, routes, gateways, endpoints, access lists, flow logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tests.rehearsal.aws import Aws, Properties, is_absent
from tests.rehearsal.kinds import Kind, regular
from tests.rehearsal.translate import properties

PROTOCOLS = {"-1": "-1", "all": "-1", "icmp": "1", "tcp": "6", "udp": "17"}


def pairs(labels: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as EC2 takes them."""
    return [{"Key": key, "Value": value} for key, value in sorted(labels.items())]


def tagged(noun: str) -> Any:  # noqa: ANN401 -- a function
    """How a creation in EC2 gives its tags: in `TagSpecifications`, by the kind of resource."""
    return lambda labels: {"TagSpecifications": [{"ResourceType": noun, "Tags": pairs(labels)}]}


def retag(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    """Make the tags of something in EC2 be `tagsAll`."""
    if "tagsAll" in changed and "__new" not in changed:
        wanted = given.get("tagsAll") or {}
        before = aws.ec2("describe_tags", Filters=[{"Name": "resource-id", "Values": [id_]}])
        stale = [{"Key": t["Key"]} for t in before["Tags"] if t["Key"] not in wanted]
        if stale:
            aws.ec2("delete_tags", Resources=[id_], Tags=stale)
        if wanted:
            aws.ec2("create_tags", Resources=[id_], Tags=pairs(wanted))


def ec2(type_: str, noun: str, many: str, tag: str, **more: Any) -> Kind:  # noqa: ANN401 -- a row
    """A type of EC2, whose operations follow from one noun."""
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in noun).lstrip("_")
    plural = "".join(f"_{c.lower()}" if c.isupper() else c for c in many).lstrip("_")
    row = {
        "create": f"create_{snake}", "id": f"{noun}.{noun}Id", "read": f"describe_{plural}",
        "by": f"{noun}Ids[]", "found": many, "delete": f"delete_{snake}", "gone": f"{noun}Id",
        "tags": tagged(tag), "settle": retag, "settles": ("tags", "tagsAll"), **more,
        "outputs": more.get("outputs") or _arn(tag),
    }  # fmt: skip
    if row["settle"] is not retag:
        own = row["settle"]

        def settle(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
            retag(aws, id_, given, changed)
            own(aws, id_, given, changed)

        row |= {"settle": settle, "settles": ("tags", "tagsAll", *row["settles"])}
    return regular(type_, "ec2", **row)


def _arn(tag: str) -> Any:  # noqa: ANN401 -- a function
    return lambda aws, id_, state: {"arn": aws.arn("ec2", f"{tag}/{id_}")}  # noqa: ARG005


# ── VPC and subnets ─────────────────────────────────────────────────────────────────────────────


def _vpc_switches(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    for name, switch in (
        ("enableDnsSupport", "EnableDnsSupport"),
        ("enableDnsHostnames", "EnableDnsHostnames"),
    ):
        if name in changed and name in given:
            aws.ec2("modify_vpc_attribute", VpcId=id_, **{switch: {"Value": given[name]}})


def _of_vpc(vpc: str, **more: str) -> list[dict[str, Any]]:
    given = {"vpc-id": vpc, **{key.replace("_", "-"): value for key, value in more.items()}}
    return [{"Name": name, "Values": [value]} for name, value in given.items()]


def _vpc_outputs(aws: Aws, id_: str, state: Properties) -> Properties:
    del state
    said: Properties = {"arn": aws.arn("ec2", f"vpc/{id_}")}
    for name, switch in (
        ("enableDnsSupport", "EnableDnsSupport"),
        ("enableDnsHostnames", "EnableDnsHostnames"),
    ):
        attribute = switch[0].lower() + switch[1:]
        answer = aws.ec2("describe_vpc_attribute", VpcId=id_, Attribute=attribute)
        said[name] = answer[switch]["Value"]
    groups = aws.ec2("describe_security_groups", Filters=_of_vpc(id_, group_name="default"))
    tables = aws.ec2("describe_route_tables", Filters=_of_vpc(id_))["RouteTables"]
    lists = aws.ec2("describe_network_acls", Filters=_of_vpc(id_, default="true"))
    said["defaultSecurityGroupId"] = groups["SecurityGroups"][0]["GroupId"]
    said["defaultNetworkAclId"] = lists["NetworkAcls"][0]["NetworkAclId"]
    for table in tables:
        if any(association.get("Main") for association in table["Associations"]):
            main = table["RouteTableId"]
            said |= {"mainRouteTableId": main, "defaultRouteTableId": main}
    return said


def _subnet_switches(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "mapPublicIpOnLaunch" in changed and "mapPublicIpOnLaunch" in given:
        aws.ec2(
            "modify_subnet_attribute",
            SubnetId=id_,
            MapPublicIpOnLaunch={"Value": given["mapPublicIpOnLaunch"]},
        )


# ── gateways ────────────────────────────────────────────────────────────────────────────────────


def _attach(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "vpcId" in changed and given.get("vpcId"):
        aws.ec2("attach_internet_gateway", InternetGatewayId=id_, VpcId=given["vpcId"])


def _detach(aws: Aws, id_: str, state: Properties) -> None:
    if state.get("vpcId"):
        aws.ec2("detach_internet_gateway", InternetGatewayId=id_, VpcId=state["vpcId"])


def _attached(aws: Aws, id_: str, state: Properties) -> Properties:
    vpcs = [attachment["vpcId"] for attachment in state.get("attachments", [])]
    arn = {"arn": aws.arn("ec2", f"internet-gateway/{id_}")}
    return arn | ({"vpcId": vpcs[0]} if vpcs else {})


def _nat_addresses(aws: Aws, id_: str, state: Properties) -> Properties:
    del aws, id_
    (address, *_) = state["natGatewayAddresses"]
    return {key: address.get(key) for key in ("allocationId", "publicIp", "privateIp")}


# ── routes ──────────────────────────────────────────────────────────────────────────────────────

_DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_TARGETS = (
    "carrierGatewayId", "egressOnlyGatewayId", "gatewayId", "localGatewayId", "natGatewayId",
    "networkInterfaceId", "transitGatewayId", "vpcEndpointId", "vpcPeeringConnectionId",
)  # fmt: skip


def _upper(name: str) -> str:
    return {"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"}.get(
        name, name[0].upper() + name[1:]
    )


def _destination(given: Properties) -> dict[str, str]:
    return {_DESTINATIONS[key]: given[key] for key in _DESTINATIONS if given.get(key)}


def _create_route(aws: Aws, given: Properties) -> str:
    targets = {_upper(key): given[key] for key in _TARGETS if given.get(key)}
    where = _destination(given)
    aws.ec2("create_route", RouteTableId=given["routeTableId"], **where, **targets)
    return f"r-{given['routeTableId']}{next(iter(where.values()))}"


def _read_table(aws: Aws, table: str) -> Properties | None:
    try:
        found = aws.ec2("describe_route_tables", RouteTableIds=[table])["RouteTables"]
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    return found[0] if found else None


def _read_route(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del id_
    table = _read_table(aws, state["routeTableId"])
    ((key, value),) = _destination(state).items()
    for route in table["Routes"] if table else []:
        if route.get(key) == value:
            return {"routeTableId": state["routeTableId"], **properties(route)}
    return None


def _delete_route(aws: Aws, id_: str, state: Properties) -> None:
    del id_
    aws.ec2("delete_route", RouteTableId=state["routeTableId"], **_destination(state))


def _settle_route(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        targets = {_upper(key): given[key] for key in _TARGETS if given.get(key)}
        aws.ec2(
            "replace_route", RouteTableId=given["routeTableId"], **_destination(given), **targets
        )


def _associate(aws: Aws, given: Properties) -> str:
    answer = aws.ec2(
        "associate_route_table", RouteTableId=given["routeTableId"], SubnetId=given["subnetId"]
    )
    return str(answer["AssociationId"])


def _read_association(aws: Aws, id_: str, state: Properties) -> Properties | None:
    table = _read_table(aws, state["routeTableId"])
    for one in table["Associations"] if table else []:
        if one["RouteTableAssociationId"] == id_:
            return dict(properties(one))
    return None


def _disassociate(aws: Aws, id_: str, state: Properties) -> None:
    del state
    aws.ec2("disassociate_route_table", AssociationId=id_)


# ── network access lists ────────────────────────────────────────────────────────────────────────


def _acl_associations(aws: Aws, name: str, value: str) -> list[Properties]:
    filters = [{"Name": name, "Values": [value]}]
    return [
        {**association, "vpc": acl["VpcId"]}
        for acl in aws.ec2("describe_network_acls", Filters=filters)["NetworkAcls"]
        for association in acl["Associations"]
    ]


def _put_subnets_under(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "subnetIds" in changed:
        for subnet in given.get("subnetIds") or []:
            (now,) = (
                one
                for one in _acl_associations(aws, "association.subnet-id", subnet)
                if one["SubnetId"] == subnet
            )
            if now["NetworkAclId"] != id_:
                aws.ec2(
                    "replace_network_acl_association",
                    AssociationId=now["NetworkAclAssociationId"],
                    NetworkAclId=id_,
                )


def _back_under_default(aws: Aws, id_: str, state: Properties) -> None:
    filters = _of_vpc(state["vpcId"], default="true")
    (default,) = aws.ec2("describe_network_acls", Filters=filters)["NetworkAcls"]
    for one in _acl_associations(aws, "association.network-acl-id", id_):
        if one["NetworkAclId"] == id_:
            aws.ec2(
                "replace_network_acl_association",
                AssociationId=one["NetworkAclAssociationId"],
                NetworkAclId=default["NetworkAclId"],
            )


def _under(aws: Aws, id_: str, state: Properties) -> Properties:
    subnets = [a["subnetId"] for a in state.get("associations", []) if a["networkAclId"] == id_]
    return {"subnetIds": subnets, "arn": aws.arn("ec2", f"network-acl/{id_}")}


def _create_entry(aws: Aws, given: Properties) -> str:
    protocol = PROTOCOLS.get(str(given["protocol"]), str(given["protocol"]))
    more: Properties = {}
    if protocol in {"6", "17"}:
        more["PortRange"] = {"From": int(given["fromPort"]), "To": int(given["toPort"])}
    if protocol == "1":
        kind, code = int(given.get("icmpType", -1)), int(given.get("icmpCode", -1))
        more["IcmpTypeCode"] = {"Type": kind, "Code": code}
    for key, name in (("cidrBlock", "CidrBlock"), ("ipv6CidrBlock", "Ipv6CidrBlock")):
        if given.get(key):
            more[name] = given[key]
    aws.ec2(
        "create_network_acl_entry",
        NetworkAclId=given["networkAclId"],
        RuleNumber=int(given["ruleNumber"]),
        Protocol=protocol,
        RuleAction=given["ruleAction"],
        Egress=bool(given.get("egress", False)),
        **more,
    )
    direction = "egress" if given.get("egress") else "ingress"
    return f"nacl-{given['networkAclId']}-{direction}-{int(given['ruleNumber'])}"


def _read_entry(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del id_
    try:
        (acl,) = aws.ec2("describe_network_acls", NetworkAclIds=[state["networkAclId"]])[
            "NetworkAcls"
        ]
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    place = (int(state["ruleNumber"]), bool(state.get("egress", False)))
    for entry in acl["Entries"]:
        if (entry["RuleNumber"], entry["Egress"]) == place:
            said = {"networkAclId": acl["NetworkAclId"], **properties(entry)}
            back = {number: name for name, number in PROTOCOLS.items()}
            said["protocol"] = back.get(said["protocol"], said["protocol"])
            ports = said.pop("portRange", {})
            # Where a rule is of every protocol AWS keeps no ports, and the program's are 0.
            said |= {"fromPort": ports.get("from", 0), "toPort": ports.get("to", 0)}
            return dict(said)
    return None


def _delete_entry(aws: Aws, id_: str, state: Properties) -> None:
    del id_
    aws.ec2(
        "delete_network_acl_entry",
        NetworkAclId=state["networkAclId"],
        RuleNumber=int(state["ruleNumber"]),
        Egress=bool(state.get("egress", False)),
    )


# ── endpoints ───────────────────────────────────────────────────────────────────────────────────


def _endpoint_outputs(aws: Aws, id_: str, state: Properties) -> Properties:
    said: Properties = {"arn": aws.arn("ec2", f"vpc-endpoint/{id_}")}
    said["securityGroupIds"] = [group["groupId"] for group in state.get("groups", [])]
    if not said["securityGroupIds"]:
        del said["securityGroupIds"]
    if state.get("vpcEndpointType", "Gateway") == "Gateway":
        lists = aws.ec2("describe_prefix_lists")["PrefixLists"]
        mine = [one for one in lists if one["PrefixListName"] == state["serviceName"]]
        if mine:
            said["prefixListId"] = mine[0]["PrefixListId"]
    return said


def _change_endpoint(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "__new" in changed:
        return
    if "policy" in changed:
        aws.ec2("modify_vpc_endpoint", VpcEndpointId=id_, PolicyDocument=given["policy"])
    for name, noun in (
        ("subnetIds", "SubnetIds"),
        ("securityGroupIds", "SecurityGroupIds"),
        ("routeTableIds", "RouteTableIds"),
    ):
        if name in changed:
            (now,) = aws.ec2("describe_vpc_endpoints", VpcEndpointIds=[id_])["VpcEndpoints"]
            has = now.get(noun) or [group["GroupId"] for group in now.get("Groups", [])]
            add = [one for one in given[name] if one not in has]
            away = [one for one in has if one not in given[name]]
            arguments = {f"Add{noun}": add, f"Remove{noun}": away}
            aws.ec2(
                "modify_vpc_endpoint",
                VpcEndpointId=id_,
                **{key: value for key, value in arguments.items() if value},
            )


def _add_table(aws: Aws, given: Properties) -> str:
    aws.ec2(
        "modify_vpc_endpoint",
        VpcEndpointId=given["vpcEndpointId"],
        AddRouteTableIds=[given["routeTableId"]],
    )
    return f"a-{given['vpcEndpointId']}{given['routeTableId']}"


def _read_added(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del id_
    try:
        found = aws.ec2("describe_vpc_endpoints", VpcEndpointIds=[state["vpcEndpointId"]])
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    for one in found["VpcEndpoints"]:
        if state["routeTableId"] in one.get("RouteTableIds", []):
            return {"vpcEndpointId": one["VpcEndpointId"], "routeTableId": state["routeTableId"]}
    return None


def _remove_table(aws: Aws, id_: str, state: Properties) -> None:
    del id_
    aws.ec2(
        "modify_vpc_endpoint",
        VpcEndpointId=state["vpcEndpointId"],
        RemoveRouteTableIds=[state["routeTableId"]],
    )


# ── flow logs ───────────────────────────────────────────────────────────────────────────────────


def _create_flow_log(aws: Aws, given: Properties) -> str:
    places = {"vpcId": "VPC", "subnetId": "Subnet", "eniId": "NetworkInterface"}
    ((where, kind),) = ((key, kind) for key, kind in places.items() if given.get(key))
    more = {
        "DeliverLogsPermissionArn": given.get("iamRoleArn"),
        "LogDestination": given.get("logDestination"),
        "LogDestinationType": given.get("logDestinationType"),
        "LogFormat": given.get("logFormat"),
        "MaxAggregationInterval": given.get("maxAggregationInterval"),
        "TrafficType": given.get("trafficType"),
    }
    answer = aws.ec2(
        "create_flow_logs",
        ResourceIds=[given[where]],
        ResourceType=kind,
        **tagged("vpc-flow-log")(given.get("tagsAll") or {}),
        **{key: value for key, value in more.items() if value is not None},
    )
    if answer.get("Unsuccessful"):
        error = answer["Unsuccessful"][0]["Error"]
        raise ClientError({"Error": error}, "CreateFlowLogs")
    return str(answer["FlowLogIds"][0])


def _read_flow_log(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    found = aws.ec2("describe_flow_logs", FlowLogIds=[id_])["FlowLogs"]
    if not found:
        return None
    said = properties(found[0], {"iamRoleArn": "DeliverLogsPermissionArn"})
    place = {"vpc": "vpcId", "sub": "subnetId", "eni": "eniId"}
    said[place[said["resourceId"][:3]]] = said["resourceId"]
    return {**said, "arn": aws.arn("ec2", f"vpc-flow-log/{id_}")}


def _delete_flow_log(aws: Aws, id_: str, state: Properties) -> None:
    del state
    aws.ec2("delete_flow_logs", FlowLogIds=[id_])


KINDS = (
    ec2(
        "aws:ec2/vpc:Vpc", "Vpc", "Vpcs", "vpc",
        pulumis=("enableDnsSupport", "enableDnsHostnames"),
        settle=_vpc_switches, settles=("enableDnsSupport", "enableDnsHostnames"),
        outputs=_vpc_outputs, replaces=("cidrBlock",),
    ),
    ec2(
        "aws:ec2/subnet:Subnet", "Subnet", "Subnets", "subnet",
        pulumis=("mapPublicIpOnLaunch",),
        settle=_subnet_switches, settles=("mapPublicIpOnLaunch",),
        replaces=("vpcId", "cidrBlock", "availabilityZone"),
    ),
    ec2(
        "aws:ec2/internetGateway:InternetGateway", "InternetGateway", "InternetGateways",
        "internet-gateway", pulumis=("vpcId",), settle=_attach, before_delete=_detach,
        outputs=_attached,
    ),
    ec2(
        "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
        "EgressOnlyInternetGateway", "EgressOnlyInternetGateways",
        "egress-only-internet-gateway", replaces=("vpcId",),
    ),
    ec2("aws:ec2/routeTable:RouteTable", "RouteTable", "RouteTables", "route-table",
        replaces=("vpcId",)),
    ec2(
        "aws:ec2/eip:Eip", "Eip", "Addresses", "elastic-ip",
        create="allocate_address", id="AllocationId", by="AllocationIds[]",
        delete="release_address", gone="AllocationId", replaces=("domain",),
    ),
    ec2(
        "aws:ec2/natGateway:NatGateway", "NatGateway", "NatGateways", "natgateway",
        absent=lambda described: described["State"] in {"deleting", "deleted"},
        outputs=_nat_addresses, replaces=("allocationId", "subnetId"),
    ),
    ec2(
        "aws:ec2/networkAcl:NetworkAcl", "NetworkAcl", "NetworkAcls", "network-acl",
        pulumis=("subnetIds",), settle=_put_subnets_under, settles=("subnetIds",),
        before_delete=_back_under_default, outputs=_under, replaces=("vpcId",),
    ),
    ec2(
        "aws:ec2/vpcEndpoint:VpcEndpoint", "VpcEndpoint", "VpcEndpoints", "vpc-endpoint",
        renamed={"policy": "PolicyDocument"}, delete="delete_vpc_endpoints",
        gone="VpcEndpointIds[]", settle=_change_endpoint,
        absent=lambda described: described["State"].lower() in {"deleting", "deleted"},
        settles=("policy", "subnetIds", "securityGroupIds", "routeTableIds"),
        outputs=_endpoint_outputs, replaces=("vpcId", "serviceName", "vpcEndpointType"),
    ),
    Kind(
        type="aws:ec2/route:Route", service="ec2", create=_create_route, read=_read_route,
        delete=_delete_route, settle=_settle_route, settles=frozenset(_TARGETS),
        replaces=frozenset({"routeTableId", *_DESTINATIONS}),
    ),
    Kind(
        type="aws:ec2/routeTableAssociation:RouteTableAssociation", service="ec2",
        create=_associate, read=_read_association, delete=_disassociate,
        replaces=frozenset({"subnetId", "gatewayId"}),
    ),
    Kind(
        type="aws:ec2/networkAclRule:NetworkAclRule", service="ec2", create=_create_entry,
        read=_read_entry, delete=_delete_entry,
        replaces=frozenset({
            "networkAclId", "ruleNumber", "egress", "protocol", "ruleAction", "cidrBlock",
            "ipv6CidrBlock", "fromPort", "toPort", "icmpType", "icmpCode",
        }),
    ),
    Kind(
        type="aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
        service="ec2", create=_add_table, read=_read_added, delete=_remove_table,
        replaces=frozenset({"vpcEndpointId", "routeTableId"}),
    ),
    Kind(
        type="aws:ec2/flowLog:FlowLog", service="ec2", create=_create_flow_log,
        read=_read_flow_log, delete=_delete_flow_log,
        replaces=frozenset({
            "vpcId", "subnetId", "eniId", "iamRoleArn", "logDestination", "logDestinationType",
            "logFormat", "maxAggregationInterval", "trafficType",
        }),
    ),
)  # fmt: skip
