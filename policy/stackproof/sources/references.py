"""Which resource an unknown input must be, when a preview says only what it depends on.

`propertyDependencies` means 'depends on', not 'equals': `vpc.main_route_table_id` depends on the
VPC, too. A lone unknown is taken for an output of its one dependency only where that input can be
nothing else of a resource of that type.
"""

from __future__ import annotations

from collections.abc import Iterator

from stackproof.model import Reference, Unknown, Value
from stackproof.sources.wire import IS_SECRET

_GROUP = ("aws:ec2/securityGroup:SecurityGroup", "id")
_TARGETS = {
    "vpcId": ("aws:ec2/vpc:Vpc", "id"),
    "subnetId": ("aws:ec2/subnet:Subnet", "id"),
    "subnetIds": ("aws:ec2/subnet:Subnet", "id"),
    "subnets": ("aws:ec2/subnet:Subnet", "id"),
    "vpcZoneIdentifiers": ("aws:ec2/subnet:Subnet", "id"),
    "routeTableId": ("aws:ec2/routeTable:RouteTable", "id"),
    "routeTableIds": ("aws:ec2/routeTable:RouteTable", "id"),
    "networkAclId": ("aws:ec2/networkAcl:NetworkAcl", "id"),
    "gatewayId": ("aws:ec2/internetGateway:InternetGateway", "id"),
    "natGatewayId": ("aws:ec2/natGateway:NatGateway", "id"),
    "egressOnlyGatewayId": (
        "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
        "id",
    ),
    "vpcEndpointId": ("aws:ec2/vpcEndpoint:VpcEndpoint", "id"),
    "allocationId": ("aws:ec2/eip:Eip", "id"),
    "instanceId": ("aws:ec2/instance:Instance", "id"),
    "volumeId": ("aws:ebs/volume:Volume", "id"),
    "securityGroupId": _GROUP,
    "securityGroupIds": _GROUP,
    "securityGroups": _GROUP,
    "vpcSecurityGroupIds": _GROUP,
    "referencedSecurityGroupId": _GROUP,
    "sourceSecurityGroupId": _GROUP,
    "policyArn": ("aws:iam/policy:Policy", "arn"),
    "loadBalancerArn": ("aws:lb/loadBalancer:LoadBalancer", "arn"),
    "targetGroupArn": ("aws:lb/targetGroup:TargetGroup", "arn"),
    "targetGroupArns": ("aws:lb/targetGroup:TargetGroup", "arn"),
    "listenerArn": ("aws:lb/listener:Listener", "arn"),
    "function": ("aws:lambda/function:Function", "name"),
    "lambdaFunctionArn": ("aws:lambda/function:Function", "arn"),
    "bucket": ("aws:s3/bucket:Bucket", "id"),
    "topic": ("aws:sns/topic:Topic", "arn"),
    "topicArn": ("aws:sns/topic:Topic", "arn"),
    "queueArn": ("aws:sqs/queue:Queue", "arn"),
    "queueUrl": ("aws:sqs/queue:Queue", "id"),
    "autoscalingGroupName": ("aws:autoscaling/group:Group", "name"),
}


_ROLE = "aws:iam/role:Role"
_TARGETS_WITHIN = {
    ("aws:iam/instanceProfile:InstanceProfile", "role"): (_ROLE, "name"),
    ("aws:iam/rolePolicy:RolePolicy", "role"): (_ROLE, "name"),
    ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "role"): (_ROLE, "name"),
    ("aws:lambda/function:Function", "role"): (_ROLE, "arn"),
}
"""Inputs that mean different outputs in different types."""


def lone_reference(type_: str, key: str, value: Value, depends_on: tuple[str, ...]) -> Value:
    """`value`, an input of a resource of type `type_`, with its only unknown as a Reference.

    Unless it is not the only one, or might be something else: then `value` as it is.
    """
    if len(depends_on) != 1:
        return value
    found = list(_unknowns(key, value))
    if len(found) != 1 or found[0][1].reason == IS_SECRET:
        return value
    name = found[0][0]
    target = _TARGETS_WITHIN.get((type_, name)) or _TARGETS.get(name)
    of_type = depends_on[0].split("::")[2].rpartition("$")[2]
    if target is None or target[0] != of_type:
        return value
    return _replaced(value, Reference(depends_on[0], target[1]))


def _unknowns(key: str, value: Value) -> Iterator[tuple[str, Unknown]]:
    """Each Unknown with the name of the property that holds it. Inside a text none can be told."""
    if isinstance(value, Unknown):
        yield key, value
    elif isinstance(value, list):
        for item in value:
            yield from _unknowns(key, item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _unknowns(name, item)


def _replaced(value: Value, reference: Reference) -> Value:
    if isinstance(value, Unknown):
        return reference
    if isinstance(value, list):
        return [_replaced(item, reference) for item in value]
    if isinstance(value, dict):
        return {name: _replaced(item, reference) for name, item in value.items()}
    return value
