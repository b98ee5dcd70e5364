"""Security groups and network ACLs: what they permit, from every place a program may say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from stackproof.aws.network.facts import (
    CLOUDFRONT,
    EVERY_ADDRESS,
    EVERY_PORT,
    EVERY_PROTOCOL,
    NetworkAcl,
    NetworkAclRule,
    SecurityGroup,
    SecurityGroupRule,
)
from stackproof.aws.network.reading import (
    Reader,
    cidr_range,
    either,
    flag,
    listed,
    mapping,
    port_range,
    protocol_range,
    whole,
)
from stackproof.model import Reference, Resource, Value

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ACL = "aws:ec2/networkAcl:NetworkAcl"
DEFAULT_ACL = "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"
ACL_RULE = "aws:ec2/networkAclRule:NetworkAclRule"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"

CLOUDFRONT_LISTS = frozenset(
    {
        "pl-31a34658",
        "pl-3b927c52",
        "pl-4ea04527",
        "pl-4fa04526",
        "pl-58a04531",
        "pl-82a045eb",
        "pl-93a247fa",
        "pl-a3a144ca",
        "pl-b6a144df",
        "pl-b8a742d1",
    }
)
"""`com.amazonaws.global.cloudfront.origin-facing` in ten regions; another id is not known here."""


def default_group(vpc: str) -> str:
    """The key of the security group that every VPC comes with."""
    return f"{vpc}#default"


def group_key(reader: Reader, value: Value) -> str | None:
    """The security group that `value` names, or None."""
    found = reader.urn(value, GROUP, DEFAULT_GROUP)
    if found is not None:
        resource = reader.resources[found]
        if resource.type == DEFAULT_GROUP:
            vpc = reader.urn(reader.get(resource, "vpcId"), VPC)
            return None if vpc is None else default_group(vpc)
        return found
    if isinstance(value, Reference) and value.property == "defaultSecurityGroupId":
        target = reader.resources.get(value.urn)
        return default_group(value.urn) if target is not None and target.type == VPC else None
    return None


def acl_key(reader: Reader, value: Value) -> str | None:
    """The network ACL that `value` names, or None."""
    found = reader.urn(value, ACL, DEFAULT_ACL)
    if found is not None:
        resource = reader.resources[found]
        if resource.type == DEFAULT_ACL:
            return acl_key(reader, reader.get(resource, "defaultNetworkAclId"))
        return found
    if isinstance(value, Reference) and value.property == "defaultNetworkAclId":
        target = reader.resources.get(value.urn)
        return f"{value.urn}#default" if target is not None and target.type == VPC else None
    return None


def security_groups(
    reader: Reader,
) -> tuple[tuple[SecurityGroup, ...], tuple[SecurityGroupRule, ...]]:
    """Every security group, the VPCs' default ones too, and every rule."""
    groups: dict[str, SecurityGroup] = {}
    rules: list[SecurityGroupRule] = []
    for vpc in reader.graph.of_type(VPC):
        key = default_group(vpc.urn)
        groups[key] = SecurityGroup(key, f"default of {vpc.name}", vpc.urn)
    inline: dict[str, bool] = {}
    for resource in reader.graph.of_type(GROUP, DEFAULT_GROUP):
        key, group = _group(reader, resource)
        if group is None:
            reader.lost(resource, "its VPC is not known")
            continue
        groups[key] = group
        own = list(_inline(reader, resource, key))
        inline[key] = bool(own)
        rules += own
    for vpc in reader.graph.of_type(VPC):
        if default_group(vpc.urn) not in inline:
            rules += _default_rules(vpc)
    separate: dict[str, list[str]] = {}
    for resource in reader.graph.of_type(GROUP_RULE, INGRESS_RULE, EGRESS_RULE):
        owner = group_key(reader, reader.get(resource, "securityGroupId"))
        if owner is None or owner not in groups:
            reader.lost(resource, "the security group that it belongs to is not known")
            continue
        separate.setdefault(owner, []).append(resource.urn)
        rules += _separate(reader, resource, owner)
    for key in sorted(separate):
        if inline.get(key):
            mixed = tuple(sorted(separate[key]))
            why = f"security group {groups[key].name} mixes inline and separate rules"
            groups[key] = replace(groups[key], mixed=mixed, unknown=why)
    return (
        tuple(groups[k] for k in sorted(groups)),
        tuple(sorted(rules, key=lambda r: (r.urn, repr(r)))),
    )


def _inline(reader: Reader, resource: Resource, key: str) -> Iterator[SecurityGroupRule]:
    for direction in ("ingress", "egress"):
        blocks = reader.items(resource, direction)
        if blocks is None:
            why = f"the {direction} rules of security group {resource.name} are not known"
            yield _anything(resource, key, direction == "ingress", why)
        for block in blocks or []:
            ingress = direction == "ingress"
            if isinstance(block, dict):
                yield from _rules(reader, resource, key, _Block(ingress, block))
            else:
                why = f"an {direction} rule of security group {resource.name} is not known"
                yield _anything(resource, key, ingress, why)


def _default_rules(vpc: Resource) -> list[SecurityGroupRule]:
    """Members reach each other, and anything outside.

    (Amazon VPC User Guide, "Default security groups for your VPCs".)
    """
    key = default_group(vpc.urn)
    base = SecurityGroupRule(
        urn=vpc.urn,
        name=f"default of {vpc.name}",
        group=key,
        ingress=True,
        protocols=EVERY_PROTOCOL,
        ports=EVERY_PORT,
    )
    return [
        replace(base, peer_group=key),
        replace(base, ingress=False, addresses=EVERY_ADDRESS),
    ]


def _group(reader: Reader, resource: Resource) -> tuple[str, SecurityGroup | None]:
    vpc = reader.urn(reader.get(resource, "vpcId"), VPC)
    unknown = f"{resource.name} is read, not declared" if resource.external else ""
    if resource.type == DEFAULT_GROUP:
        if vpc is None:
            return resource.urn, None
        key = default_group(vpc)
    else:
        key = resource.urn
        unknown = unknown or ("" if vpc else f"the VPC of {resource.name} is not known")
    return key, SecurityGroup(key, resource.name, vpc or "", unknown=unknown)


class _Block:
    """One inline rule block, or one SecurityGroupRule, which has nearly the same fields."""

    def __init__(self, ingress: bool, fields: dict[str, Value]) -> None:  # noqa: FBT001
        self.ingress = ingress
        self.fields = fields

    def get(self, key: str) -> Value:
        return self.fields.get(key)


def _anything(resource: Resource, key: str, ingress: bool, why: str) -> SecurityGroupRule:  # noqa: FBT001
    return SecurityGroupRule(
        resource.urn,
        resource.name,
        key,
        ingress,
        EVERY_PROTOCOL,
        EVERY_PORT,
        EVERY_ADDRESS,
        unknown=why,
    )


def _rules(
    reader: Reader, resource: Resource, key: str, block: _Block
) -> Iterator[SecurityGroupRule]:
    """One block names several peers: a rule for each."""
    protocols = protocol_range(block.get("protocol"))
    known = either(EVERY_PROTOCOL, protocols)
    ports = port_range(known, block.get("fromPort"), block.get("toPort"))
    why = f"a rule of {resource.name} has a protocol or ports that are not known"
    rule = SecurityGroupRule(
        resource.urn,
        resource.name,
        key,
        block.ingress,
        known,
        either(EVERY_PORT, ports),
        unknown="" if protocols is not None and ports is not None else why,
    )
    for field in ("cidrBlocks", "prefixListIds", "securityGroups"):
        peers = listed(block.get(field))
        if peers is None:
            yield replace(rule, addresses=EVERY_ADDRESS, unknown=_peer_unknown(resource))
            continue
        for peer in peers:
            yield _with_peer(reader, rule, field, peer)
    if block.get("sourceSecurityGroupId") is not None:
        yield _with_peer(reader, rule, "securityGroups", block.get("sourceSecurityGroupId"))
    whose_own = flag(block.get("self"))
    if whose_own:
        yield replace(rule, peer_group=key)
    elif whose_own is None and block.get("self") is not None:
        yield replace(rule, peer_group=key, unknown=_peer_unknown(resource))


def _peer_unknown(resource: Resource) -> str:
    return f"the peer of a rule of {resource.name} is not known"


def _with_peer(
    reader: Reader, rule: SecurityGroupRule, field: str, peer: Value
) -> SecurityGroupRule:
    """`rule` with its peer: addresses, the members of a group, or a service's prefix list."""
    if field == "cidrBlocks":
        addresses = cidr_range(peer)
        if addresses is not None:
            return replace(rule, addresses=addresses)
    elif field == "securityGroups":
        group = group_key(reader, peer)
        if group is not None:
            return replace(rule, peer_group=group)
    elif isinstance(peer, str) and peer in CLOUDFRONT_LISTS:
        return replace(rule, prefix_list=CLOUDFRONT)
    elif isinstance(peer, Reference) and peer.property == "prefixListId":
        target = reader.resources.get(peer.urn)
        if target is not None and target.type == ENDPOINT:
            return replace(rule, prefix_list=target.urn)
    why = f"the peer of {rule.name} is not known"
    return replace(rule, addresses=EVERY_ADDRESS, unknown=why)


def _separate(reader: Reader, resource: Resource, key: str) -> Iterator[SecurityGroupRule]:
    if resource.type == GROUP_RULE:
        direction = reader.get(resource, "type")
        fields = {k: reader.get(resource, k) for k in resource.inputs}
        for ingress in (True, False):
            if direction == ("ingress" if ingress else "egress"):
                yield from _rules(reader, resource, key, _Block(ingress, fields))
            elif direction not in {"ingress", "egress"}:
                yield _anything(resource, key, ingress, f"the type of {resource.name} is not known")
        return
    ingress = resource.type == INGRESS_RULE
    protocols = protocol_range(reader.get(resource, "ipProtocol"))
    known = either(EVERY_PROTOCOL, protocols)
    ports = port_range(known, reader.get(resource, "fromPort"), reader.get(resource, "toPort"))
    why = f"the protocol or the ports of {resource.name} are not known"
    rule = SecurityGroupRule(
        resource.urn,
        resource.name,
        key,
        ingress,
        known,
        either(EVERY_PORT, ports),
        unknown="" if protocols is not None and ports is not None else why,
    )
    peers = {
        "cidrBlocks": reader.get(resource, "cidrIpv4"),
        "prefixListIds": reader.get(resource, "prefixListId"),
        "securityGroups": reader.get(resource, "referencedSecurityGroupId"),
    }
    for field, peer in peers.items():
        if peer is not None:
            yield _with_peer(reader, rule, field, peer)


def network_acls(reader: Reader) -> tuple[NetworkAcl, ...]:
    """Every network ACL, the VPCs' default ones too."""
    found: dict[str, NetworkAcl] = {}
    inline: set[str] = set()
    for vpc in reader.graph.of_type(VPC):
        key = f"{vpc.urn}#default"
        # "Default network ACL": allows all traffic in and out.
        found[key] = NetworkAcl(key, f"default of {vpc.name}", vpc.urn, _allow_all(vpc, key))
    for resource in reader.graph.of_type(ACL, DEFAULT_ACL):
        acl = _acl(reader, resource)
        if acl is None:
            reader.lost(resource, "its VPC is not known")
        else:
            found[acl.urn] = acl
            inline |= {acl.urn} if acl.rules else set()
    for resource in reader.graph.of_type(ACL_RULE):
        parent = acl_key(reader, reader.get(resource, "networkAclId"))
        if parent is None or parent not in found:
            reader.lost(resource, "the network ACL that it belongs to is not known")
            continue
        acl = found[parent]
        mixed = parent in inline
        found[parent] = replace(
            acl,
            rules=(*acl.rules, *_acl_rule(reader, resource, parent)),
            mixed=(*acl.mixed, resource.urn) if mixed else (),
            unknown=f"network ACL {acl.name} mixes inline and separate rules"
            if mixed
            else acl.unknown,
        )
    return tuple(
        replace(acl, rules=tuple(sorted(_numbered(acl), key=_in_order)))
        for _, acl in sorted(found.items())
    )


def _numbered(acl: NetworkAcl) -> Iterator[NetworkAclRule]:
    """The rules of `acl`; of two with one number nobody knows which is in force."""
    numbers = Counter((rule.egress, rule.number) for rule in acl.rules)
    for rule in acl.rules:
        twice = numbers[rule.egress, rule.number] > 1 and not rule.unknown
        why = f"network ACL {acl.name} has two entries with the number {rule.number}"
        yield replace(rule, unknown=why) if twice else rule


def _in_order(rule: NetworkAclRule) -> tuple[bool, int, bool, str, str]:
    return rule.egress, rule.number, rule.allow, rule.urn, repr(rule)


def _acl(reader: Reader, resource: Resource) -> NetworkAcl | None:
    key: str | None = resource.urn
    vpc = reader.urn(reader.get(resource, "vpcId"), VPC)
    if resource.type == DEFAULT_ACL:
        key = acl_key(reader, reader.get(resource, "defaultNetworkAclId"))
        vpc = None if key is None else key.removesuffix("#default")
    if key is None:
        return None
    rules: list[NetworkAclRule] = []
    for direction in ("ingress", "egress"):
        blocks = reader.items(resource, direction)
        for block in blocks if blocks is not None else [None]:
            entry = _entry(resource, key, direction == "egress", mapping(block))
            rules += [] if entry is None else [entry]
    unknown = "" if vpc else f"the VPC of network ACL {resource.name} is not known"
    if resource.external:
        unknown = f"network ACL {resource.name} is read, not declared"
    return NetworkAcl(key, resource.name, vpc or "", tuple(rules), unknown=unknown)


def _acl_rule(reader: Reader, resource: Resource, acl: str) -> Iterator[NetworkAclRule]:
    fields = {k: reader.get(resource, k) for k in resource.inputs}
    fields["action"], fields["ruleNo"] = fields.get("ruleAction"), fields.get("ruleNumber")
    egress = flag(fields.get("egress")) if fields.get("egress") is not None else False
    why = f"the direction of {resource.name} is not known" if egress is None else ""
    for outward in (False, True) if egress is None else (egress,):
        entry = _entry(resource, acl, outward, fields)
        if entry is not None:
            yield replace(entry, unknown=entry.unknown or why)


def _allow_all(vpc: Resource, key: str) -> tuple[NetworkAclRule, ...]:
    base = NetworkAclRule(
        urn=vpc.urn,
        name=f"default of {vpc.name}",
        network_acl=key,
        egress=False,
        number=100,
        allow=True,
        protocols=EVERY_PROTOCOL,
        ports=EVERY_PORT,
        addresses=EVERY_ADDRESS,
    )
    return base, replace(base, egress=True)


def _entry(
    resource: Resource,
    key: str,
    egress: bool,  # noqa: FBT001
    fields: dict[str, Value],
) -> NetworkAclRule | None:
    """One numbered entry; None for one that speaks of IPv6 alone."""
    if fields.get("cidrBlock") is None and fields.get("ipv6CidrBlock") is not None:
        return None
    protocols = protocol_range(fields.get("protocol"))
    known = either(EVERY_PROTOCOL, protocols)
    first, last = ("icmpType", "icmpCode") if known == (1, 1) else ("fromPort", "toPort")
    ports = port_range(known, fields.get(first), fields.get(last))
    addresses = cidr_range(fields.get("cidrBlock"))
    number = whole(fields.get("ruleNo"))
    action = fields.get("action")
    decided = (
        protocols is not None
        and ports is not None
        and addresses is not None
        and number is not None
        and action in {"allow", "deny"}
    )
    return NetworkAclRule(
        resource.urn,
        resource.name,
        key,
        egress,
        number if number is not None else 0,
        action != "deny",
        known,
        either(EVERY_PORT, ports),
        either(EVERY_ADDRESS, addresses),
        unknown="" if decided else f"an entry of {resource.name} is not known",
    )
