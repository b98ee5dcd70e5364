"""Security groups and their rules, each of which is a resource of its own."""

from __future__ import annotations

from botocore.exceptions import ClientError

from tests.rehearsal.aws import Aws, Properties, is_absent
from tests.rehearsal.kinds import Kind
from tests.rehearsal.services.ec2_network import ec2, pairs, retag, tagged
from tests.rehearsal.translate import properties


def _without_rules(aws: Aws, id_: str) -> None:
    (group,) = aws.ec2("describe_security_groups", GroupIds=[id_])["SecurityGroups"]
    if group["IpPermissions"]:
        aws.ec2("revoke_security_group_ingress", GroupId=id_, IpPermissions=group["IpPermissions"])
    if group["IpPermissionsEgress"]:
        aws.ec2(
            "revoke_security_group_egress", GroupId=id_, IpPermissions=group["IpPermissionsEgress"]
        )


def _settle_group(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del given
    if "__new" in changed:
        # AWS gives each group a rule that lets everything out; the provider takes it away again.
        _without_rules(aws, id_)


def _rules_outputs(aws: Aws, id_: str, state: Properties) -> Properties:
    return {
        "arn": aws.arn("ec2", f"security-group/{id_}"),
        "name": state.get("groupName"),
        "ingress": state.get("ipPermissions", []),
        "egress": state.get("ipPermissionsEgress", []),
    }


def _adopt_default(aws: Aws, given: Properties) -> str:
    filters = [
        {"Name": "vpc-id", "Values": [given["vpcId"]]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    (group,) = aws.ec2("describe_security_groups", Filters=filters)["SecurityGroups"]
    id_ = str(group["GroupId"])
    _without_rules(aws, id_)
    labels = given.get("tagsAll") or {}
    if labels:
        aws.ec2("create_tags", Resources=[id_], Tags=pairs(labels))
    return id_


def _read_default(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    try:
        (group,) = aws.ec2("describe_security_groups", GroupIds=[id_])["SecurityGroups"]
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    said = properties(group)
    return {**said, **_rules_outputs(aws, id_, said)}


def _leave_default(aws: Aws, id_: str, state: Properties) -> None:
    """The provider only forgets it: it goes with its VPC."""
    del aws, id_, state


# ── rules ───────────────────────────────────────────────────────────────────────────────────────


def _permission(given: Properties) -> Properties:
    said = {"Description": given["description"]} if given.get("description") else {}
    permission: Properties = {"IpProtocol": str(given["ipProtocol"])}
    for name, key in (("FromPort", "fromPort"), ("ToPort", "toPort")):
        if given.get(key) is not None:
            permission[name] = int(given[key])
    peers = {
        "cidrIpv4": ("IpRanges", "CidrIp"),
        "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "prefixListId": ("PrefixListIds", "PrefixListId"),
        "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    }
    for key, (many, one) in peers.items():
        if given.get(key):
            permission[many] = [{one: given[key], **said}]
    return permission


def _rule(direction: str) -> Kind:
    outward = direction == "egress"

    def create(aws: Aws, given: Properties) -> str:
        labels = given.get("tagsAll") or {}
        answer = aws.ec2(
            f"authorize_security_group_{direction}",
            GroupId=given["securityGroupId"],
            IpPermissions=[_permission(given)],
            **(tagged("security-group-rule")(labels) if labels else {}),
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def read(aws: Aws, id_: str, state: Properties) -> Properties | None:
        del state
        try:
            found = aws.ec2("describe_security_group_rules", SecurityGroupRuleIds=[id_])
        except ClientError as error:
            if is_absent(error):
                return None
            raise
        if not found["SecurityGroupRules"]:
            return None
        (rule,) = found["SecurityGroupRules"]
        if rule["IsEgress"] is not outward:
            return None
        said = properties(rule, {"securityGroupId": "GroupId"})
        group = said.get("referencedGroupInfo", {}).get("groupId")
        arn = aws.arn("ec2", f"security-group-rule/{id_}")
        return {**said, "arn": arn, "referencedSecurityGroupId": group}

    def delete(aws: Aws, id_: str, state: Properties) -> None:
        aws.ec2(
            f"revoke_security_group_{direction}",
            GroupId=state["securityGroupId"],
            SecurityGroupRuleIds=[id_],
        )

    def settle(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
        retag(aws, id_, given, changed)
        if not {"__new"} & changed and changed - {"tags", "tagsAll"}:
            aws.ec2(
                "modify_security_group_rules",
                GroupId=given["securityGroupId"],
                SecurityGroupRules=[
                    {"SecurityGroupRuleId": id_, "SecurityGroupRule": _as_request(given)}
                ],
            )

    peers = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
    return Kind(
        type=f"aws:vpc/securityGroup{direction.title()}Rule:SecurityGroup{direction.title()}Rule",
        service="ec2",
        create=create,
        read=read,
        delete=delete,
        settle=settle,
        settles=frozenset(
            {"description", "fromPort", "toPort", "ipProtocol", "tags", "tagsAll", *peers}
        ),
        replaces=frozenset({"securityGroupId"}),
    )


def _as_request(given: Properties) -> Properties:
    names = {
        "description": "Description", "ipProtocol": "IpProtocol", "cidrIpv4": "CidrIpv4",
        "cidrIpv6": "CidrIpv6", "prefixListId": "PrefixListId",
        "referencedSecurityGroupId": "ReferencedGroupId",
    }  # fmt: skip
    made: Properties = {name: given[key] for key, name in names.items() if given.get(key)}
    for key, name in (("fromPort", "FromPort"), ("toPort", "ToPort")):
        if given.get(key) is not None:
            made[name] = int(given[key])
    return made


KINDS = (
    ec2(
        "aws:ec2/securityGroup:SecurityGroup", "SecurityGroup", "SecurityGroups", "security-group",
        id="GroupId", by="GroupIds[]", gone="GroupId", renamed={"name": "GroupName"},
        named="name", settle=_settle_group, outputs=_rules_outputs,
        replaces=("name", "description", "vpcId"),
    ),
    Kind(
        type="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", service="ec2",
        create=_adopt_default, read=_read_default, delete=_leave_default,
        settle=retag, settles=frozenset({"tags", "tagsAll"}), replaces=frozenset({"vpcId"}),
    ),
    _rule("ingress"),
    _rule("egress"),
)  # fmt: skip
