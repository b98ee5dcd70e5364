"""What guards an account and its data: keys, backups, trails, detectors, documents, parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from botocore.exceptions import ClientError

from tests.rehearsal.aws import Aws, Properties, is_absent
from tests.rehearsal.kinds import Kind, regular
from tests.rehearsal.services.ec2_network import pairs
from tests.rehearsal.translate import properties, tags

# ── KMS ─────────────────────────────────────────────────────────────────────────────────────────


def _kms_tags(labels: Mapping[str, str]) -> Properties:
    return {"Tags": [{"TagKey": k, "TagValue": v} for k, v in sorted(labels.items())]}


def _settle_key(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "enableKeyRotation" in changed:
        on = bool(given.get("enableKeyRotation"))
        if on or "__new" not in changed:
            verb = "enable_key_rotation" if on else "disable_key_rotation"
            aws.call("kms", verb, KeyId=id_)
    if "__new" in changed:
        return
    if "policy" in changed:
        aws.call("kms", "put_key_policy", KeyId=id_, PolicyName="default", Policy=given["policy"])
    if "description" in changed:
        aws.call("kms", "update_key_description", KeyId=id_, Description=given["description"])


def _key_outputs(aws: Aws, id_: str, state: Properties) -> Properties:
    policy = aws.call("kms", "get_key_policy", KeyId=id_, PolicyName="default")["Policy"]
    rotation = aws.call("kms", "get_key_rotation_status", KeyId=id_)["KeyRotationEnabled"]
    labels = properties(aws.call("kms", "list_resource_tags", KeyId=id_))["tags"]
    return {
        "arn": state["arn"],
        "keyId": id_,
        "policy": policy,
        "enableKeyRotation": rotation,
        "isEnabled": state["enabled"],
        "tags": labels or {},
    }


def _schedule(aws: Aws, id_: str, state: Properties) -> None:
    days = int(state.get("deletionWindowInDays") or 30)
    aws.call("kms", "schedule_key_deletion", KeyId=id_, PendingWindowInDays=days)


def _read_alias(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    for one in aws.call("kms", "list_aliases")["Aliases"]:
        if one["AliasName"] == id_:
            key = one["TargetKeyId"]
            arn = {"arn": one["AliasArn"], "targetKeyArn": aws.arn("kms", f"key/{key}")}
            return {"name": id_, "targetKeyId": key, **arn}
    return None


_ALIAS = regular(
    "aws:kms/alias:Alias", "kms", create="create_alias", id="=name", read="list_aliases", by="",
    found="Aliases", delete="delete_alias", gone="AliasName",
    renamed={"name": "AliasName", "targetKeyId": "TargetKeyId"},
    replaces=("name", "namePrefix"), named="name",
)  # fmt: skip


def _settle_alias(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "targetKeyId" in changed and "__new" not in changed:
        aws.call("kms", "update_alias", AliasName=id_, TargetKeyId=given["targetKeyId"])


# ── Backup ──────────────────────────────────────────────────────────────────────────────────────

_PLAN = {
    "name": "BackupPlanName",
    "rules.targetVaultName": "TargetBackupVaultName",
    "rules.schedule": "ScheduleExpression",
    "rules.scheduleExpressionTimezone": "ScheduleExpressionTimezone",
    "rules.startWindow": "StartWindowMinutes",
    "rules.completionWindow": "CompletionWindowMinutes",
    "rules.deleteAfter": "DeleteAfterDays",
    "rules.lifecycle.deleteAfter": "DeleteAfterDays",
    "rules.lifecycle.coldStorageAfter": "MoveToColdStorageAfterDays",
    "rules.recoveryPointTags": "RecoveryPointTags",
    "rules.enableContinuousBackup": "EnableContinuousBackup",
}


def _backup_tags(aws: Aws, arn: str) -> Properties:
    return {"tags": aws.call("backup", "list_tags", ResourceArn=arn).get("Tags", {})}


def _vault_outputs(aws: Aws, id_: str, state: Properties) -> Properties:
    del id_
    return {"arn": state["backupVaultArn"], **_backup_tags(aws, state["backupVaultArn"])}


def _plan_outputs(aws: Aws, id_: str, state: Properties) -> Properties:
    answer = aws.call("backup", "get_backup_plan", BackupPlanId=id_)
    said = properties(answer["BackupPlan"], _PLAN)
    return {
        "arn": state["backupPlanArn"],
        "version": state["versionId"],
        **said,
        **_backup_tags(aws, state["backupPlanArn"]),
    }


def _lock(aws: Aws, given: Properties) -> str:
    name = str(given["backupVaultName"])
    days = {
        "minRetentionDays": "MinRetentionDays", "maxRetentionDays": "MaxRetentionDays",
        "changeableForDays": "ChangeableForDays",
    }  # fmt: skip
    arguments = {days[key]: int(given[key]) for key in days if given.get(key) is not None}
    aws.call("backup", "put_backup_vault_lock_configuration", BackupVaultName=name, **arguments)
    return name


def _read_lock(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    try:
        said = properties(aws.call("backup", "describe_backup_vault", BackupVaultName=id_))
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    return {**said, "backupVaultArn": said["backupVaultArn"]} if said.get("locked") else None


def _unlock(aws: Aws, id_: str, state: Properties) -> None:
    del state
    aws.call("backup", "delete_backup_vault_lock_configuration", BackupVaultName=id_)


# ── CloudTrail ──────────────────────────────────────────────────────────────────────────────────


def _settle_trail(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "__new" not in changed:
        _UPDATE_TRAIL.create(aws, {**given, "name": id_})
    if given.get("enableLogging", True):
        aws.call("cloudtrail", "start_logging", Name=id_)
    else:
        aws.call("cloudtrail", "stop_logging", Name=id_)
    if "eventSelectors" in changed and given.get("eventSelectors"):
        _SELECT.create(aws, {"trailName": id_, "eventSelectors": given["eventSelectors"]})


def _trail_outputs(aws: Aws, id_: str, state: Properties) -> Properties:
    status = aws.call("cloudtrail", "get_trail_status", Name=id_)
    said: Properties = {"arn": state["trailARN"], "enableLogging": status["IsLogging"]}
    # Asked for and said in two spellings.
    said["enableLogFileValidation"] = state.get("logFileValidationEnabled")
    return said


_TRAIL_NAMES = {"cloudWatchLogsGroupArn": "CloudWatchLogsLogGroupArn"}
_TRAIL_OURS = ("enableLogging", "eventSelectors", "advancedEventSelectors", "insightSelectors")
_TRAIL = regular(
    "aws:cloudtrail/trail:Trail", "cloudtrail", create="create_trail", id="=name",
    read="get_trail", by="Name", found="Trail", delete="delete_trail", gone="Name",
    renamed=_TRAIL_NAMES, pulumis=_TRAIL_OURS, tags=lambda labels: {"TagsList": pairs(labels)},
    outputs=_trail_outputs, settle=_settle_trail, settles=("*",), replaces=("name",),
    named="name", longest=128,
)  # fmt: skip
_UPDATE_TRAIL = regular(
    "aws:cloudtrail/trail:Trail", "cloudtrail", create="update_trail", id="=name", read="", by="",
    found="", delete="", renamed=_TRAIL_NAMES, pulumis=_TRAIL_OURS,
)  # fmt: skip
_SELECT = regular(
    "", "cloudtrail", create="put_event_selectors", id="=trailName", read="", by="", found="",
    delete="",
)  # fmt: skip


# ── Config ──────────────────────────────────────────────────────────────────────────────────────

_RECORDER = {"name": "name", "recordingGroup": "recordingGroup", "roleArn": "roleARN"}


def _settle_recorder(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        _RECORDERS.create(aws, given)


_RECORDERS = regular(
    "aws:cfg/recorder:Recorder", "config", create="put_configuration_recorder", id="=name",
    inside="ConfigurationRecorder", renamed=_RECORDER, read="describe_configuration_recorders",
    by="ConfigurationRecorderNames[]", found="ConfigurationRecorders",
    delete="delete_configuration_recorder", gone="ConfigurationRecorderName", named="name",
    replaces=("name",), settle=_settle_recorder, settles=("recordingGroup", "roleArn"),
)  # fmt: skip


def _record(aws: Aws, given: Properties) -> str:
    name = str(given["name"])
    verb = "start" if given.get("isEnabled") else "stop"
    operation = f"{verb}_configuration_recorder"
    aws.call("config", operation, ConfigurationRecorderName=name)
    return name


def _read_recording(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    try:
        answer = aws.call(
            "config", "describe_configuration_recorder_status", ConfigurationRecorderNames=[id_]
        )
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    (status,) = answer["ConfigurationRecordersStatus"]
    return {"name": id_, "isEnabled": status["recording"]}


def _settle_recording(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        _record(aws, given)


def _stop_recording(aws: Aws, id_: str, state: Properties) -> None:
    del state
    aws.call("config", "stop_configuration_recorder", ConfigurationRecorderName=id_)


# ── Security Hub, and what is there once in an account ──────────────────────────────────────────


def _enable_hub(aws: Aws, given: Properties) -> str:
    aws.call(
        "securityhub",
        "enable_security_hub",
        EnableDefaultStandards=bool(given.get("enableDefaultStandards", True)),
    )
    return aws.account


def _read_hub(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del id_
    try:
        said = properties(aws.call("securityhub", "describe_hub"))
    except ClientError as error:
        if is_absent(error) or "InvalidAccess" in error.response["Error"]["Code"]:
            return None
        raise
    # What it began with is not said again.
    return {**said, "enableDefaultStandards": state.get("enableDefaultStandards")}


def _disable_hub(aws: Aws, id_: str, state: Properties) -> None:
    del id_, state
    aws.call("securityhub", "disable_security_hub")


# ── Systems Manager ─────────────────────────────────────────────────────────────────────────────


def _document_outputs(aws: Aws, id_: str, state: Properties) -> Properties:
    said = aws.call("ssm", "get_document", Name=id_)
    arn = aws.arn("ssm", f"document/{id_}")
    del state
    kind = {"content": said["Content"], "documentType": said["DocumentType"], "arn": arn}
    return {**kind, **_ssm_tags(aws, "Document", id_)}


def _ssm_tags(aws: Aws, kind: str, id_: str) -> Properties:
    asked = {"ResourceType": kind, "ResourceId": id_}
    return {"tags": tags(aws.call("ssm", "list_tags_for_resource", **asked)["TagList"])}


def _settle_document(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "content" in changed and "__new" not in changed:
        answer = aws.call(
            "ssm",
            "update_document",
            Name=id_,
            Content=given["content"],
            DocumentVersion="$LATEST",
        )
        version = answer["DocumentDescription"]["DocumentVersion"]
        aws.call("ssm", "update_document_default_version", Name=id_, DocumentVersion=version)


def _put_parameter(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        value = {"Value": given.get("value") or given.get("insecureValue")}
        aws.call("ssm", "put_parameter", Name=given["name"], Overwrite=True, **value)


_PARAMETER = regular(
    "aws:ssm/parameter:Parameter", "ssm", create="put_parameter", id="=name",
    read="get_parameter", by="Name", found="Parameter", delete="delete_parameter", gone="Name",
    renamed={"keyId": "KeyId"}, pulumis=("insecureValue", "overwrite"),
    tags=lambda labels: {"Tags": pairs(labels)}, settle=_put_parameter,
    settles=("value", "insecureValue"), replaces=("name",), named="name",
    outputs=lambda aws, id_, state: {
        "insecureValue": state["value"], **_ssm_tags(aws, "Parameter", id_)
    },
    untold={"description": "not among what is read", "tier": "not among what is read"},
)  # fmt: skip


def _guardduty_outputs(aws: Aws, id_: str, state: Properties) -> Properties:
    return {
        "accountId": aws.account,
        "arn": aws.arn("guardduty", f"detector/{id_}"),
        "enable": state["status"] == "ENABLED",
    }


def _text(given: Properties) -> Properties:
    policy = given.get("policy")
    return {**given, "policy": json.dumps(policy) if isinstance(policy, dict) else policy}


_KEY = regular(
    "aws:kms/key:Key", "kms", create="create_key", id="KeyMetadata.KeyId", read="describe_key",
    by="KeyId", found="KeyMetadata", delete="schedule_key_deletion", gone="KeyId",
    renamed={"customerMasterKeySpec": "KeySpec"},
    pulumis=("enableKeyRotation", "deletionWindowInDays", "isEnabled", "rotationPeriodInDays"),
    tags=_kms_tags, settle=_settle_key, outputs=_key_outputs,
    settles=("enableKeyRotation", "policy", "description", "deletionWindowInDays"),
    absent=lambda described: described["KeyState"] == "PendingDeletion",
    replaces=("keyUsage", "customerMasterKeySpec", "multiRegion"),
    untold={"deletionWindowInDays": "is said when the key is deleted"},
)  # fmt: skip

KINDS = (
    replace(_KEY, create=lambda aws, given: _KEY.create(aws, _text(given)), delete=_schedule),
    replace(
        _ALIAS, read=_read_alias, settle=_settle_alias, settles=frozenset({"targetKeyId"}),
    ),
    regular(
        "aws:backup/vault:Vault", "backup", create="create_backup_vault", id="=name",
        read="describe_backup_vault", by="BackupVaultName", found="",
        delete="delete_backup_vault", gone="BackupVaultName", pulumis=("forceDestroy",),
        renamed={"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn"},
        tags=lambda labels: {"BackupVaultTags": dict(labels)}, settles=("forceDestroy",),
        outputs=_vault_outputs,
        replaces=("name", "kmsKeyArn"), named="name", longest=50,
        untold={"forceDestroy": "means something to the provider only"},
    ),
    Kind(
        type="aws:backup/vaultLockConfiguration:VaultLockConfiguration", service="backup",
        create=_lock, read=_read_lock, delete=_unlock,
        replaces=frozenset({
            "backupVaultName", "minRetentionDays", "maxRetentionDays", "changeableForDays",
        }),
        untold={"changeableForDays": "comes back as a date"},
    ),
    regular(
        "aws:backup/plan:Plan", "backup", create="create_backup_plan", id="BackupPlanId",
        inside="BackupPlan", renamed=_PLAN, read="get_backup_plan", by="BackupPlanId", found="",
        delete="delete_backup_plan", gone="BackupPlanId",
        tags=lambda labels: {"BackupPlanTags": dict(labels)},
        absent=lambda described: bool(described.get("DeletionDate")),
        outputs=_plan_outputs,
        named="name", longest=50,
    ),
    _TRAIL,
    _RECORDERS,
    Kind(
        type="aws:cfg/recorderStatus:RecorderStatus", service="config", create=_record,
        read=_read_recording, delete=_stop_recording, settle=_settle_recording,
        settles=frozenset({"isEnabled"}), replaces=frozenset({"name"}),
    ),
    regular(
        "aws:cfg/deliveryChannel:DeliveryChannel", "config", create="put_delivery_channel",
        id="=name", inside="DeliveryChannel", read="describe_delivery_channels",
        by="DeliveryChannelNames[]", found="DeliveryChannels", delete="delete_delivery_channel",
        gone="DeliveryChannelName", named="name", replaces=("name",),
        renamed={"s3BucketName": "s3BucketName", "snapshotDeliveryProperties":
                 "configSnapshotDeliveryProperties"},
    ),
    regular(
        "aws:guardduty/detector:Detector", "guardduty", create="create_detector",
        id="DetectorId", read="get_detector", by="DetectorId", found="", delete="delete_detector",
        gone="DetectorId", tags=lambda labels: {"Tags": dict(labels)},
        outputs=_guardduty_outputs, update="update_detector", updates="DetectorId",
        settles=("enable", "findingPublishingFrequency"),
    ),
    Kind(
        type="aws:securityhub/account:Account", service="securityhub", create=_enable_hub,
        read=_read_hub, delete=_disable_hub,
    ),
    regular(
        "aws:ssm/document:Document", "ssm", create="create_document", id="=name",
        read="describe_document", by="Name", found="Document", delete="delete_document",
        gone="Name", tags=lambda labels: {"Tags": pairs(labels)}, outputs=_document_outputs,
        settle=_settle_document, settles=("content",), replaces=("name", "documentType"),
        named="name", longest=128,
    ),
    replace(
        _PARAMETER,
        create=lambda aws, given: _PARAMETER.create(
            aws, {**given, "value": given.get("value") or given.get("insecureValue")}
        ),
    ),
)  # fmt: skip
