"""EC2 Auto Scaling: groups and their policies."""

from __future__ import annotations

from botocore.exceptions import ClientError

from tests.rehearsal.aws import Aws, Properties, is_absent
from tests.rehearsal.kinds import Kind, regular

_GROUP = {
    "name": "AutoScalingGroupName", "targetGroupArns": "TargetGroupARNs",
    "vpcZoneIdentifiers": "VPCZoneIdentifier", "launchTemplate.id": "LaunchTemplateId",
    "launchTemplate.name": "LaunchTemplateName",
}  # fmt: skip
_OURS = (
    "instanceRefresh", "forceDelete", "waitForCapacityTimeout", "enabledMetrics",
    "metricsGranularity", "suspendedProcesses", "waitForElbCapacity", "minElbCapacity",
    "forceDeleteWarmPool", "ignoreFailedScalingActivities",
)  # fmt: skip
_UPDATED = (
    "minSize", "maxSize", "desiredCapacity", "launchTemplate", "healthCheckType",
    "healthCheckGracePeriod", "defaultInstanceWarmup", "vpcZoneIdentifiers",
    "availabilityZoneDistribution", "maxInstanceLifetime",
)  # fmt: skip


def _for_aws(given: Properties) -> Properties:
    made = dict(given)
    if given.get("vpcZoneIdentifiers"):
        made["vpcZoneIdentifiers"] = ",".join(given["vpcZoneIdentifiers"])
    if given.get("tags"):
        made["Tags"] = [
            {key: tag[key] for key in ("key", "value", "propagateAtLaunch")}
            for tag in given["tags"]
        ]
    return made


def _outputs(aws: Aws, id_: str, state: Properties) -> Properties:
    del aws
    zones = state["vpcZoneIdentifiers"]
    return {
        "name": id_,
        "arn": state["autoScalingGroupARN"],
        "vpcZoneIdentifiers": zones.split(",") if isinstance(zones, str) else zones,
    }


_BASE = regular(
    "aws:autoscaling/group:Group", "autoscaling", create="create_auto_scaling_group", id="=name",
    read="describe_auto_scaling_groups", by="AutoScalingGroupNames[]", found="AutoScalingGroups",
    delete="delete_auto_scaling_group", renamed=_GROUP, pulumis=_OURS, outputs=_outputs,
)  # fmt: skip
_MODIFY = regular(
    "aws:autoscaling/group:Group", "autoscaling", create="update_auto_scaling_group", id="=name",
    read="describe_auto_scaling_groups", by="", found="", delete="", renamed=_GROUP, pulumis=_OURS,
)  # fmt: skip


def _settle(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if given.get("enabledMetrics") and "enabledMetrics" in changed:
        aws.call(
            "autoscaling",
            "enable_metrics_collection",
            AutoScalingGroupName=id_,
            Metrics=given["enabledMetrics"],
            Granularity=given.get("metricsGranularity", "1Minute"),
        )
    if "__new" in changed:
        return
    wanted = {"name": id_, **{key: given[key] for key in _UPDATED if given.get(key) is not None}}
    _MODIFY.create(aws, _for_aws(wanted))


def _read(aws: Aws, id_: str, state: Properties) -> Properties | None:
    said = _BASE.read(aws, id_, state)
    if said is None:
        return None
    said["enabledMetrics"] = [one["metric"] for one in said.get("enabledMetrics", [])]
    said["tags"] = [
        {key: tag[key] for key in ("key", "value", "propagateAtLaunch")}
        for tag in said.get("tags", [])
    ]
    return said


def _delete(aws: Aws, id_: str, state: Properties) -> None:
    del state
    # The provider lets the group drain first.
    aws.call(
        "autoscaling",
        "update_auto_scaling_group",
        AutoScalingGroupName=id_,
        MinSize=0,
        MaxSize=0,
        DesiredCapacity=0,
    )
    aws.call("autoscaling", "delete_auto_scaling_group", AutoScalingGroupName=id_, ForceDelete=True)


_POLICY = regular(
    "aws:autoscaling/policy:Policy", "autoscaling", create="put_scaling_policy", id="=name",
    read="describe_policies", by="PolicyNames[]", found="ScalingPolicies", delete="delete_policy",
    renamed={"autoscalingGroupName": "AutoScalingGroupName", "name": "PolicyName"},
    outputs=lambda aws, id_, state: {"arn": state["policyARN"]},  # noqa: ARG005
)  # fmt: skip


def _settle_policy(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        _POLICY.create(aws, given)


def _delete_policy(aws: Aws, id_: str, state: Properties) -> None:
    group = state["autoscalingGroupName"]
    try:
        aws.call("autoscaling", "delete_policy", AutoScalingGroupName=group, PolicyName=id_)
    except ClientError as error:
        if not is_absent(error):
            raise


KINDS = (
    Kind(
        type="aws:autoscaling/group:Group", service="autoscaling",
        create=lambda aws, given: _BASE.create(aws, _for_aws(given)), read=_read, delete=_delete,
        settle=_settle, settles=frozenset({*_UPDATED, *_OURS, "tags"}),
        replaces=frozenset({"name", "namePrefix"}), named="name",
        echoed=lambda aws, given: _BASE.echoed(aws, _for_aws(given)),
        untold={"instanceRefresh": "the emulator has no instance refresh"},
    ),
    Kind(
        type="aws:autoscaling/policy:Policy", service="autoscaling", create=_POLICY.create,
        read=_POLICY.read, delete=_delete_policy, settle=_settle_policy, settles=frozenset({"*"}),
        replaces=frozenset({"name", "autoscalingGroupName"}), named="name",
        echoed=_POLICY.echoed,
    ),
)  # fmt: skip
