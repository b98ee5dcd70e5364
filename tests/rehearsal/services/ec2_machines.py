"""EC2's machines: instances, volumes, launch templates."""

from __future__ import annotations

import base64

from botocore.exceptions import ClientError

from tests.rehearsal.aws import Aws, Properties, is_absent
from tests.rehearsal.kinds import ECHOED_ALWAYS, Kind
from tests.rehearsal.services.ec2_network import ec2, pairs, retag, tagged
from tests.rehearsal.translate import Translation, properties

_INSTANCE = {
    "ami": "ImageId", "privateIp": "PrivateIpAddress", "vpcSecurityGroupIds": "SecurityGroupIds",
}  # fmt: skip
_PROVIDERS = "means something to the provider only"
_ROOT = "/dev/xvda"
_SIZE_OF_IMAGE = 8
"""AWS takes it from the image where nothing is said; the emulator's images have none."""
_OF_INTERFACE = ("SubnetId", "PrivateIpAddress", "SecurityGroupIds")
_OURS = {
    "associatePublicIpAddress", "forceDestroy", "iamInstanceProfile", "monitoring",
    "rootBlockDevice", "sourceDestCheck", "userDataBase64", "userDataReplaceOnChange",
}  # fmt: skip


def _request(aws: Aws, given: Properties) -> tuple[Properties, set[str]]:
    shape = aws.client("ec2").meta.service_model.operation_model("RunInstances").input_shape
    translation = Translation(_INSTANCE)
    wanted = {k: v for k, v in given.items() if k not in ECHOED_ALWAYS | _OURS}
    made = translation.structure(shape, wanted)
    if given.get("monitoring") is not None:
        made["Monitoring"] = {"Enabled": given["monitoring"]}
    if given.get("iamInstanceProfile"):
        made["IamInstanceProfile"] = {"Name": given["iamInstanceProfile"]}
    if given.get("userDataBase64"):
        made["UserData"] = base64.b64decode(given["userDataBase64"]).decode()
    if given.get("rootBlockDevice"):
        mapping = shape.members["BlockDeviceMappings"].member
        root = {k: v for k, v in given["rootBlockDevice"].items() if k not in ECHOED_ALWAYS}
        ebs = Translation({}).structure(mapping.members["Ebs"], root)
        ebs.setdefault("VolumeSize", _SIZE_OF_IMAGE)
        made["BlockDeviceMappings"] = [{"DeviceName": _ROOT, "Ebs": ebs}]
    if given.get("associatePublicIpAddress") is not None:
        # Who says whether there is a public address says everything of the interface.
        interface = {name: made.pop(name) for name in _OF_INTERFACE if name in made}
        if "SecurityGroupIds" in interface:
            interface["Groups"] = interface.pop("SecurityGroupIds")
        interface["AssociatePublicIpAddress"] = given["associatePublicIpAddress"]
        made["NetworkInterfaces"] = [{"DeviceIndex": 0, **interface}]
    return made, translation.untold


def _run(aws: Aws, given: Properties) -> str:
    arguments, _ = _request(aws, given)
    labels = given.get("tagsAll") or {}
    answer = aws.ec2(
        "run_instances",
        MinCount=1,
        MaxCount=1,
        **arguments,
        **(tagged("instance")(labels) if labels else {}),
    )
    return str(answer["Instances"][0]["InstanceId"])


def _read_instance(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    try:
        found = aws.ec2("describe_instances", InstanceIds=[id_])["Reservations"]
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    if not found or found[0]["Instances"][0]["State"]["Name"] in {"terminated", "shutting-down"}:
        return None
    (instance,) = found[0]["Instances"]
    said: Properties = properties(
        instance,
        {"ami": "ImageId", "privateIp": "PrivateIpAddress", "privateDns": "PrivateDnsName"},
    )
    groups = [group["groupId"] for group in said.get("securityGroups", [])]
    for interface in [] if groups else said.get("networkInterfaces", []):
        groups += [group["groupId"] for group in interface.get("groups", [])]
    said["vpcSecurityGroupIds"] = groups
    said["monitoring"] = said.get("monitoring", {}).get("state") in {"enabled", "pending"}
    said["availabilityZone"] = said.get("placement", {}).get("availabilityZone")
    said["publicIp"] = instance.get("PublicIpAddress", "")
    said["associatePublicIpAddress"] = bool(instance.get("PublicIpAddress"))
    said["arn"] = aws.arn("ec2", f"instance/{id_}")
    profile = said.get("iamInstanceProfile", {}).get("arn", "")
    said["iamInstanceProfile"] = profile.rsplit("/", 1)[-1]
    if said.get("networkInterfaces"):
        said["primaryNetworkInterfaceId"] = said["networkInterfaces"][0]["networkInterfaceId"]
    for attribute, name in (
        ("userData", "UserData"),
        ("disableApiTermination", "DisableApiTermination"),
    ):
        answer = aws.ec2("describe_instance_attribute", InstanceId=id_, Attribute=attribute)
        value = answer.get(name, {}).get("Value")
        said[attribute] = (
            base64.b64decode(value).decode() if attribute == "userData" and value else value
        )
    said["rootBlockDevice"] = _root(aws, said)
    return said


def _root(aws: Aws, said: Properties) -> Properties:
    for mapping in said.get("blockDeviceMappings", []):
        if mapping["deviceName"] == _ROOT:
            (volume,) = aws.ec2("describe_volumes", VolumeIds=[mapping["ebs"]["volumeId"]])[
                "Volumes"
            ]
            return dict(properties(volume, {"volumeSize": "Size"}))
    return {}


def _terminate(aws: Aws, id_: str, state: Properties) -> None:
    del state
    aws.ec2("terminate_instances", InstanceIds=[id_])


def _settle_instance(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    retag(aws, id_, given, changed)
    # The emulator overlooks it in RunInstances.
    if "disableApiTermination" in changed:
        value = {"Value": bool(given.get("disableApiTermination"))}
        aws.ec2("modify_instance_attribute", InstanceId=id_, DisableApiTermination=value)
    if "__new" in changed:
        return
    if "vpcSecurityGroupIds" in changed:
        aws.ec2("modify_instance_attribute", InstanceId=id_, Groups=given["vpcSecurityGroupIds"])
    if "instanceType" in changed:
        aws.ec2("stop_instances", InstanceIds=[id_])
        value = {"Value": given["instanceType"]}
        aws.ec2("modify_instance_attribute", InstanceId=id_, InstanceType=value)
        aws.ec2("start_instances", InstanceIds=[id_])


# ── volumes ─────────────────────────────────────────────────────────────────────────────────────


def _snapshot(aws: Aws, id_: str, state: Properties) -> None:
    """`finalSnapshot`: the provider takes one before the volume goes, with the volume's tags."""
    if state.get("finalSnapshot"):
        labels = {**(state.get("tagsAll") or {})}
        aws.ec2(
            "create_snapshot",
            VolumeId=id_,
            TagSpecifications=[{"ResourceType": "snapshot", "Tags": pairs(labels)}],
        )


def _grow(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if not {"__new"} & changed and changed & {"size", "type", "iops", "throughput"}:
        names = {"size": "Size", "type": "VolumeType", "iops": "Iops", "throughput": "Throughput"}
        arguments = {names[key]: given[key] for key in names if given.get(key) is not None}
        aws.ec2("modify_volume", VolumeId=id_, **_whole(arguments))


def _whole(arguments: Properties) -> Properties:
    return {k: int(v) if isinstance(v, float) else v for k, v in arguments.items()}


def _plug(aws: Aws, given: Properties) -> str:
    aws.ec2(
        "attach_volume",
        Device=given["deviceName"],
        InstanceId=given["instanceId"],
        VolumeId=given["volumeId"],
    )
    return f"vai-{given['volumeId'].removeprefix('vol-')}"


def _read_plugged(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del id_
    try:
        (volume,) = aws.ec2("describe_volumes", VolumeIds=[state["volumeId"]])["Volumes"]
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    for one in volume["Attachments"]:
        if one["InstanceId"] == state["instanceId"]:
            return dict(properties(one, {"deviceName": "Device"}))
    return None


def _unplug(aws: Aws, id_: str, state: Properties) -> None:
    del id_
    if state.get("stopInstanceBeforeDetaching"):
        aws.ec2("stop_instances", InstanceIds=[state["instanceId"]])
    aws.ec2("detach_volume", InstanceId=state["instanceId"], VolumeId=state["volumeId"])


# ── launch templates ────────────────────────────────────────────────────────────────────────────

_TEMPLATE = {
    "name": "LaunchTemplateName",
    "vpcSecurityGroupIds": "SecurityGroupIds",
}
_OF_TEMPLATE = frozenset(
    {"name", "description", "updateDefaultVersion", "defaultVersion", *ECHOED_ALWAYS}
)


def _data(aws: Aws, given: Properties) -> tuple[Properties, set[str]]:
    model = aws.client("ec2").meta.service_model
    shape = model.operation_model("CreateLaunchTemplate").input_shape.members["LaunchTemplateData"]
    translation = Translation(_TEMPLATE)
    data = translation.structure(shape, {k: v for k, v in given.items() if k not in _OF_TEMPLATE})
    for mapping in data.get("BlockDeviceMappings", []):
        mapping.get("Ebs", {}).setdefault("VolumeSize", _SIZE_OF_IMAGE)
    return data, translation.untold


def _create_template(aws: Aws, given: Properties) -> str:
    labels = given.get("tagsAll") or {}
    answer = aws.ec2(
        "create_launch_template",
        LaunchTemplateName=given["name"],
        LaunchTemplateData=_data(aws, given)[0],
        **(tagged("launch-template")(labels) if labels else {}),
    )
    return str(answer["LaunchTemplate"]["LaunchTemplateId"])


def _read_template(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    try:
        (template,) = aws.ec2("describe_launch_templates", LaunchTemplateIds=[id_])[
            "LaunchTemplates"
        ]
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    asked = {"LaunchTemplateId": id_, "Versions": ["$Latest"]}
    (version,) = aws.ec2("describe_launch_template_versions", **asked)["LaunchTemplateVersions"]
    data = properties(version["LaunchTemplateData"], {"vpcSecurityGroupIds": "SecurityGroupIds"})
    # The emulator keeps the template's own tags among those of what it launches.
    data["tagSpecifications"] = [
        one for one in data.get("tagSpecifications", []) if one["resourceType"] != "launch-template"
    ]
    return {
        **data,
        "tags": properties(template).get("tags", {}),
        "name": template["LaunchTemplateName"],
        "latestVersion": template["LatestVersionNumber"],
        "defaultVersion": template["DefaultVersionNumber"],
        "arn": aws.arn("ec2", f"launch-template/{id_}"),
    }


def _settle_template(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    retag(aws, id_, given, changed)
    if "__new" in changed or not changed - _OF_TEMPLATE:
        return
    answer = aws.ec2(
        "create_launch_template_version",
        LaunchTemplateId=id_,
        LaunchTemplateData=_data(aws, given)[0],
    )
    if given.get("updateDefaultVersion"):
        number = answer["LaunchTemplateVersion"]["VersionNumber"]
        aws.ec2("modify_launch_template", LaunchTemplateId=id_, DefaultVersion=str(number))


def _delete_template(aws: Aws, id_: str, state: Properties) -> None:
    del state
    aws.ec2("delete_launch_template", LaunchTemplateId=id_)


KINDS = (
    Kind(
        type="aws:ec2/instance:Instance", service="ec2", create=_run, read=_read_instance,
        delete=_terminate, settle=_settle_instance,
        settles=frozenset({
            "disableApiTermination", "vpcSecurityGroupIds", "instanceType", "tags", "tagsAll",
        }),
        replaces=frozenset({
            "ami", "availabilityZone", "keyName", "privateIp", "subnetId",
            "associatePublicIpAddress",
        }),
        echoed=lambda aws, given: _request(aws, given)[1],
        untold={"forceDestroy": _PROVIDERS},
    ),
    ec2(
        "aws:ebs/volume:Volume", "Volume", "Volumes", "volume", id="VolumeId",
        renamed={"type": "VolumeType"}, pulumis=("finalSnapshot",), before_delete=_snapshot,
        settle=_grow, settles=("size", "type", "iops", "throughput", "finalSnapshot"),
        untold={"finalSnapshot": _PROVIDERS},
        replaces=("availabilityZone", "encrypted", "kmsKeyId", "snapshotId"),
    ),
    Kind(
        type="aws:ec2/volumeAttachment:VolumeAttachment", service="ec2", create=_plug,
        read=_read_plugged, delete=_unplug, untold={"stopInstanceBeforeDetaching": _PROVIDERS},
        settles=frozenset({"stopInstanceBeforeDetaching"}),
        replaces=frozenset({"deviceName", "instanceId", "volumeId"}),
    ),
    Kind(
        type="aws:ec2/launchTemplate:LaunchTemplate", service="ec2", create=_create_template,
        read=_read_template, delete=_delete_template, settle=_settle_template,
        settles=frozenset({
            "blockDeviceMappings", "iamInstanceProfile", "imageId", "instanceType", "keyName",
            "metadataOptions", "monitoring", "tagSpecifications", "tags", "tagsAll", "userData",
            "vpcSecurityGroupIds", "ebsOptimized", "updateDefaultVersion", "networkInterfaces",
            "creditSpecification", "disableApiTermination", "description",
        }),
        replaces=frozenset({"name"}), named="name", longest=128,
        untold={"updateDefaultVersion": _PROVIDERS},
        echoed=lambda aws, given: _data(aws, given)[1],
    ),
)  # fmt: skip
