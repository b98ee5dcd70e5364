"""Everything that is in the account, by asking each service for its list.

Not for what was declared: what nobody declared must show too, and what `destroy` forgot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.rehearsal.aws import Aws


@dataclass(frozen=True)
class Listing:
    """One list of a service. `items` is a dotted path, which opens the lists on its way."""

    service: str
    operation: str
    items: str
    id: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    gone: tuple[str, frozenset[str]] | None = None
    """A path and the words there of what only looks as if it still existed."""


_ENDED = frozenset({"terminated", "shutting-down", "deleted", "deleting", "PendingDeletion"})

LISTINGS = (
    Listing("acm", "list_certificates", "CertificateSummaryList", "CertificateArn"),
    Listing("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups",
            "AutoScalingGroupName"),
    Listing("autoscaling", "describe_policies", "ScalingPolicies", "PolicyARN"),
    Listing("backup", "list_backup_plans", "BackupPlansList", "BackupPlanId"),
    Listing("backup", "list_backup_vaults", "BackupVaultList", "BackupVaultName"),
    Listing("budgets", "describe_budgets", "Budgets", "BudgetName", {"AccountId": "*"}),
    Listing("cloudfront", "list_distributions", "DistributionList.Items", "Id"),
    Listing("cloudfront", "list_origin_access_controls", "OriginAccessControlList.Items", "Id"),
    Listing("cloudtrail", "list_trails", "Trails", "Name"),
    Listing("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    Listing("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    Listing("config", "describe_configuration_recorders", "ConfigurationRecorders", "name"),
    Listing("ec2", "describe_addresses", "Addresses", "AllocationId"),
    Listing("ec2", "describe_flow_logs", "FlowLogs", "FlowLogId"),
    Listing("ec2", "describe_instances", "Reservations.Instances", "InstanceId",
            gone=("State.Name", _ENDED)),
    Listing("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    Listing("ec2", "describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
    Listing("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId",
            gone=("State", _ENDED)),
    Listing("ec2", "describe_network_acls", "NetworkAcls", "NetworkAclId"),
    Listing("ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    Listing("ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
    Listing("ec2", "describe_security_group_rules", "SecurityGroupRules",
            "SecurityGroupRuleId"),
    Listing("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    Listing("ec2", "describe_snapshots", "Snapshots", "SnapshotId", {"OwnerIds": ["self"]}),
    Listing("ec2", "describe_subnets", "Subnets", "SubnetId"),
    Listing("ec2", "describe_volumes", "Volumes", "VolumeId"),
    Listing("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId",
            gone=("State", _ENDED)),
    Listing("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    Listing("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    Listing("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
    Listing("events", "list_rules", "Rules", "Name"),
    Listing("guardduty", "list_detectors", "DetectorIds", ""),
    Listing("iam", "list_instance_profiles", "InstanceProfiles", "InstanceProfileName"),
    Listing("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList", "Arn"),
    Listing("iam", "list_policies", "Policies", "Arn", {"Scope": "Local"}),
    Listing("iam", "list_roles", "Roles", "RoleName"),
    Listing("kms", "list_aliases", "Aliases", "AliasName"),
    Listing("kms", "list_keys", "Keys", "KeyId"),
    Listing("lambda", "list_functions", "Functions", "FunctionName"),
    Listing("logs", "describe_log_groups", "logGroups", "logGroupName"),
    Listing("route53", "list_hosted_zones", "HostedZones", "Id"),
    Listing("s3", "list_buckets", "Buckets", "Name"),
    Listing("secretsmanager", "list_secrets", "SecretList", "Name"),
    Listing("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    Listing("sns", "list_topics", "Topics", "TopicArn"),
    Listing("sqs", "list_queues", "QueueUrls", ""),
    Listing("ssm", "describe_parameters", "Parameters", "Name"),
    Listing("wafv2", "list_web_acls", "WebACLs", "Id", {"Scope": "REGIONAL"}),
    Listing("wafv2", "list_web_acls", "WebACLs", "Id", {"Scope": "CLOUDFRONT"}),
)  # fmt: skip


def _open(answer: Any, path: str) -> list[Any]:  # noqa: ANN401 -- JSON
    found = [answer]
    for name in path.split("."):
        inner: list[Any] = []
        for one in found:
            value = one.get(name) if isinstance(one, Mapping) else None
            inner += value if isinstance(value, list) else [] if value is None else [value]
        found = inner
    return found


def _listed(aws: Aws, listing: Listing) -> list[Any]:
    client = aws.client(listing.service)
    asked = {k: aws.account if v == "*" else v for k, v in listing.asked.items()}
    if client.can_paginate(listing.operation):
        pages = client.get_paginator(listing.operation).paginate(**asked)
        return [item for page in pages for item in _open(page, listing.items)]
    return _open(aws.call(listing.service, listing.operation, **asked), listing.items)


def _is_waiting(aws: Aws, key: str) -> bool:
    about = aws.call("kms", "describe_key", KeyId=key)["KeyMetadata"]
    return bool(about["KeyState"] == "PendingDeletion")


def inventory(aws: Aws) -> frozenset[str]:
    """One `service noun id` for everything that the account has."""
    found = set()
    for listing in LISTINGS:
        noun = listing.items.rsplit(".", 1)[-1]
        for item in _listed(aws, listing):
            if listing.gone:
                (state,) = _open(item, listing.gone[0]) or [""]
                if state in listing.gone[1]:
                    continue
            id_ = item[listing.id] if listing.id else item
            id_ = id_.removeprefix("/hostedzone/")
            if noun == "Keys" and _is_waiting(aws, id_):
                noun_of_it = "KeysThatWaitForDeletion"
            else:
                noun_of_it = noun
            found.add(f"{listing.service} {noun_of_it} {id_}")
    return frozenset(found)
