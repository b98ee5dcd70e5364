"""Queues, topics, logs and secrets: what is told and kept."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from tests.rehearsal.aws import Aws, Properties, is_absent
from tests.rehearsal.kinds import Kind, regular
from tests.rehearsal.services.ec2_network import pairs
from tests.rehearsal.translate import tags

# ── SQS ─────────────────────────────────────────────────────────────────────────────────────────

_QUEUE = {
    "delaySeconds": "DelaySeconds", "fifoQueue": "FifoQueue",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId", "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod", "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds", "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled", "visibilityTimeoutSeconds": "VisibilityTimeout",
}  # fmt: skip


def _written(value: Any) -> str:  # noqa: ANN401 -- JSON
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)


def _attributes(given: Properties) -> dict[str, str]:
    return {_QUEUE[key]: _written(given[key]) for key in _QUEUE if given.get(key) is not None}


def _create_queue(aws: Aws, given: Properties) -> str:
    answer = aws.call(
        "sqs",
        "create_queue",
        QueueName=given["name"],
        Attributes=_attributes(given),
        tags=given.get("tagsAll") or {},
    )
    return str(answer["QueueUrl"])


def _read_queue(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    try:
        asked = aws.call("sqs", "get_queue_attributes", QueueUrl=id_, AttributeNames=["All"])
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    has = asked.get("Attributes", {})
    said: Properties = {key: has[name] for key, name in _QUEUE.items() if name in has}
    labels = aws.call("sqs", "list_queue_tags", QueueUrl=id_).get("Tags", {})
    arn = has["QueueArn"]
    return {**said, "arn": arn, "name": arn.rsplit(":", 1)[-1], "url": id_, "tags": labels}


def _settle_queue(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "__new" not in changed and changed & _QUEUE.keys():
        aws.call("sqs", "set_queue_attributes", QueueUrl=id_, Attributes=_attributes(given))


def _delete_queue(aws: Aws, id_: str, state: Properties) -> None:
    del state
    aws.call("sqs", "delete_queue", QueueUrl=id_)


def _put_queue_policy(aws: Aws, given: Properties) -> str:
    aws.call(
        "sqs",
        "set_queue_attributes",
        QueueUrl=given["queueUrl"],
        Attributes={"Policy": _written(given["policy"])},
    )
    return str(given["queueUrl"])


def _read_queue_policy(aws: Aws, id_: str, state: Properties) -> Properties | None:
    said = _read_queue(aws, id_, state)
    return {"queueUrl": id_, "policy": said["policy"]} if said and said.get("policy") else None


def _settle_queue_policy(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        _put_queue_policy(aws, given)


def _delete_queue_policy(aws: Aws, id_: str, state: Properties) -> None:
    del state
    aws.call("sqs", "set_queue_attributes", QueueUrl=id_, Attributes={"Policy": ""})


# ── SNS ─────────────────────────────────────────────────────────────────────────────────────────

_TOPIC = {
    "displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId", "policy": "Policy",
    "signatureVersion": "SignatureVersion", "tracingConfig": "TracingConfig",
    "deliveryPolicy": "DeliveryPolicy",
}  # fmt: skip


def _create_topic(aws: Aws, given: Properties) -> str:
    attributes = {_TOPIC[k]: _written(given[k]) for k in _TOPIC if given.get(k) is not None}
    labels = given.get("tagsAll") or {}
    answer = aws.call(
        "sns",
        "create_topic",
        Name=given["name"],
        Attributes=attributes,
        **({"Tags": pairs(labels)} if labels else {}),
    )
    return str(answer["TopicArn"])


def _read_topic(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    try:
        has = aws.call("sns", "get_topic_attributes", TopicArn=id_)["Attributes"]
        labels = tags(aws.call("sns", "list_tags_for_resource", ResourceArn=id_)["Tags"])
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    said: Properties = {key: has[name] for key, name in _TOPIC.items() if name in has}
    return {**said, "arn": id_, "name": id_.rsplit(":", 1)[-1], "tags": labels or {}}


def _settle_topic(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "__new" not in changed:
        for key in sorted(changed & _TOPIC.keys()):
            aws.call(
                "sns",
                "set_topic_attributes",
                TopicArn=id_,
                AttributeName=_TOPIC[key],
                AttributeValue=_written(given.get(key, "")),
            )


def _delete_topic(aws: Aws, id_: str, state: Properties) -> None:
    del state
    aws.call("sns", "delete_topic", TopicArn=id_)


def _put_topic_policy(aws: Aws, given: Properties) -> str:
    aws.call(
        "sns",
        "set_topic_attributes",
        TopicArn=given["arn"],
        AttributeName="Policy",
        AttributeValue=_written(given["policy"]),
    )
    return str(given["arn"])


def _read_topic_policy(aws: Aws, id_: str, state: Properties) -> Properties | None:
    said = _read_topic(aws, id_, state)
    return {"arn": id_, "policy": said["policy"]} if said else None


def _settle_topic_policy(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        _put_topic_policy(aws, given)


def _leave(aws: Aws, id_: str, state: Properties) -> None:
    """It goes with what it is set on."""
    del aws, id_, state


# ── logs ─────────────────────────────────────────────────────────────────────────────────────────


def _retain(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "retentionInDays" in changed:
        days = int(given.get("retentionInDays") or 0)
        if days:
            aws.call("logs", "put_retention_policy", logGroupName=id_, retentionInDays=days)
        elif "__new" not in changed:
            aws.call("logs", "delete_retention_policy", logGroupName=id_)
    if "kmsKeyId" in changed and "__new" not in changed:
        key = given.get("kmsKeyId")
        if key:
            aws.call("logs", "associate_kms_key", logGroupName=id_, kmsKeyId=key)
        else:
            aws.call("logs", "disassociate_kms_key", logGroupName=id_)


# ── secrets ─────────────────────────────────────────────────────────────────────────────────────


def _settle_secret(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "__new" not in changed and changed & {"description", "kmsKeyId"}:
        names = {"description": "Description", "kmsKeyId": "KmsKeyId"}
        arguments = {names[key]: given[key] for key in names if given.get(key)}
        aws.call("secretsmanager", "update_secret", SecretId=id_, **arguments)


def _delete_secret(aws: Aws, id_: str, state: Properties) -> None:
    days = state.get("recoveryWindowInDays")
    if days is not None and int(days) == 0:
        aws.call("secretsmanager", "delete_secret", SecretId=id_, ForceDeleteWithoutRecovery=True)
    else:
        window = int(days) if days is not None else 30
        aws.call("secretsmanager", "delete_secret", SecretId=id_, RecoveryWindowInDays=window)


def _put_value(aws: Aws, given: Properties) -> str:
    # `secretStringWo` is write-only: the provider sends it and keeps it nowhere.
    text = given.get("secretString") or given.get("secretStringWo") or ""
    answer = aws.call(
        "secretsmanager", "put_secret_value", SecretId=given["secretId"], SecretString=text
    )
    return f"{given['secretId']}|{answer['VersionId']}"


def _read_value(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    secret, _, version = id_.partition("|")
    try:
        answer = aws.call("secretsmanager", "get_secret_value", SecretId=secret, VersionId=version)
    except ClientError as error:
        if is_absent(error) or "InvalidRequest" in error.response["Error"]["Code"]:
            return None
        raise
    return {"secretId": secret, "arn": answer["ARN"], "versionId": version}


_LOGS = regular(
    "aws:cloudwatch/logGroup:LogGroup", "logs", create="create_log_group", id="=name",
    read="describe_log_groups", by="logGroupNamePrefix", found="logGroups",
    delete="delete_log_group", gone="logGroupName", renamed={"name": "logGroupName"},
    pulumis=("retentionInDays", "skipDestroy"), tags=lambda labels: {"tags": dict(labels)},
    settle=_retain, settles=("retentionInDays", "skipDestroy", "kmsKeyId"),
    replaces=("name", "namePrefix"), named="name", longest=512,
    outputs=lambda aws, id_, state: {  # noqa: ARG005 -- Pulumi's ARN has no star at its end
        "arn": state["arn"].removesuffix(":*"), "retentionInDays": state.get("retentionInDays")
    },
)  # fmt: skip


def _read_group(aws: Aws, id_: str, state: Properties) -> Properties | None:
    # It is asked for by a prefix, which others may share.
    said = _LOGS.read(aws, id_, state)
    if said is None or said["name"] != id_:
        return None
    labels = aws.call("logs", "list_tags_for_resource", resourceArn=said["arn"])["tags"]
    return {**said, "tags": labels}


KINDS = (
    Kind(
        type="aws:sqs/queue:Queue", service="sqs", create=_create_queue, read=_read_queue,
        delete=_delete_queue, settle=_settle_queue, settles=frozenset(_QUEUE),
        replaces=frozenset({"name", "namePrefix", "fifoQueue"}), named="name", longest=80,
    ),
    Kind(
        type="aws:sqs/queuePolicy:QueuePolicy", service="sqs", create=_put_queue_policy,
        read=_read_queue_policy, delete=_delete_queue_policy, settle=_settle_queue_policy,
        settles=frozenset({"policy"}), replaces=frozenset({"queueUrl"}),
    ),
    Kind(
        type="aws:sns/topic:Topic", service="sns", create=_create_topic, read=_read_topic,
        delete=_delete_topic, settle=_settle_topic, settles=frozenset(_TOPIC),
        replaces=frozenset({"name", "namePrefix", "fifoTopic"}), named="name", longest=256,
    ),
    Kind(
        type="aws:sns/topicPolicy:TopicPolicy", service="sns", create=_put_topic_policy,
        read=_read_topic_policy, delete=_leave, settle=_settle_topic_policy,
        settles=frozenset({"policy"}), replaces=frozenset({"arn"}),
    ),
    regular(
        "aws:sns/topicSubscription:TopicSubscription", "sns", create="subscribe",
        id="SubscriptionArn", read="get_subscription_attributes", by="SubscriptionArn",
        found="Attributes", delete="unsubscribe", renamed={"topic": "TopicArn"},
        always={"ReturnSubscriptionArn": True},
        outputs=lambda aws, id_, state: {"arn": id_},  # noqa: ARG005
        replaces=("endpoint", "protocol", "topic"),
    ),
    replace(_LOGS, read=_read_group),
    replace(regular(
        "aws:secretsmanager/secret:Secret", "secretsmanager", create="create_secret", id="ARN",
        read="describe_secret", by="SecretId", found="", delete="delete_secret",
        pulumis=("recoveryWindowInDays", "forceOverwriteReplicaSecret"),
        tags=lambda labels: {"Tags": pairs(labels)},
        absent=lambda described: bool(described.get("DeletedDate")),
        settle=_settle_secret, settles=("description", "kmsKeyId", "recoveryWindowInDays"),
        outputs=lambda aws, id_, state: {"arn": id_},  # noqa: ARG005
        replaces=("name", "namePrefix"), named="name", longest=512,
        untold={"recoveryWindowInDays": "is said when the secret is deleted"},
    ), delete=_delete_secret),
    Kind(
        type="aws:secretsmanager/secretVersion:SecretVersion", service="secretsmanager",
        create=_put_value, read=_read_value, delete=_leave,
        replaces=frozenset({"secretId", "secretString", "secretStringWoVersion"}),
        untold={
            "secretString": "a secret: it is not read back",
            "secretStringWo": "write-only",
            "secretStringWoVersion": "means something to the provider only",
        },
    ),
)  # fmt: skip
