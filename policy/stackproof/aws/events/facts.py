"""The typed facts about events, and AWS's names for what causes them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from stackproof.aws.ssm_documents import DOCUMENT
from stackproof.aws.values import ATOM_CLOSE, ATOM_OPEN
from stackproof.model import NotModelled

BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"
FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
PERMISSION = "aws:lambda/permission:Permission"
INVOKE_CONFIG = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
QUEUE = "aws:sqs/queue:Queue"
REDRIVE = "aws:sqs/redrivePolicy:RedrivePolicy"
TOPIC = "aws:sns/topic:Topic"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
TABLE = "aws:dynamodb/table:Table"
STREAM = "aws:kinesis/stream:Stream"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
BUS = "aws:cloudwatch/eventBus:EventBus"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
LOGGING = ("aws:s3/bucketLogging:BucketLogging", "aws:s3/bucketLoggingV2:BucketLoggingV2")
MALWARE_PLAN = "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan"
TRAIL = "aws:cloudtrail/trail:Trail"
CHANNEL = "aws:cfg/deliveryChannel:DeliveryChannel"
BUDGET = "aws:budgets/budget:Budget"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
WAF_LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"

ROLE = "aws:iam/role:Role"
SCALING = ("aws:autoscaling/policy:Policy", "aws:appautoscaling/policy:Policy")

MODELLED = frozenset(
    {
        *BUCKETS, *LOGGING, NOTIFICATION, FUNCTION, ALIAS, PERMISSION, INVOKE_CONFIG, MAPPING,
        QUEUE, REDRIVE, TOPIC, SUBSCRIPTION, TABLE, STREAM, RULE, TARGET, BUS, ALARM, FLOW_LOG,
        BUDGET, DISTRIBUTION, DOCUMENT, WAF_LOGGING, MALWARE_PLAN, TRAIL, CHANNEL,
    }
)  # fmt: skip

PEOPLE = frozenset({"email", "email-json", "sms", "application"})
"""Protocols of SNS that tell people and start nothing."""

CREATED = ("Put", "Post", "Copy", "CompleteMultipartUpload")
"""The ways an object is created (Amazon S3 User Guide, "Event notification types")."""

CAUSES: Mapping[str, tuple[str, ...]] = {
    # (Service Authorization Reference, "Actions ... for Amazon S3"; a copy and the completion of
    # a multipart upload are s3:PutObject as well.)
    "s3:ObjectCreated": ("s3:PutObject", "s3:ReplicateObject"),
    "s3:ObjectRemoved": ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ReplicateDelete"),
    "s3:ObjectRestore": ("s3:RestoreObject",),
    "s3:ObjectTagging": (
        "s3:PutObjectTagging",
        "s3:PutObjectVersionTagging",
        "s3:DeleteObjectTagging",
        "s3:DeleteObjectVersionTagging",
    ),
    "s3:ObjectAcl": ("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
    # What S3 does by itself, later.
    "s3:LifecycleExpiration": (),
    "s3:LifecycleTransition": (),
    "s3:IntelligentTiering": (),
    "s3:ReducedRedundancyLostObject": (),
}
ANY_S3_EVENT = tuple(dict.fromkeys(action for actions in CAUSES.values() for action in actions))

ARRIVAL: Mapping[str, tuple[str, ...]] = {
    QUEUE: ("sqs:SendMessage",),
    TOPIC: ("sns:Publish",),
    STREAM: ("kinesis:PutRecord", "kinesis:PutRecords"),
    TABLE: (
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:PartiQLInsert",
        "dynamodb:PartiQLUpdate",
        "dynamodb:PartiQLDelete",
    ),
    BUS: ("events:PutEvents",),
    FUNCTION: ("lambda:InvokeFunction", "lambda:InvokeAsync"),
}
"""The requests that make something arrive at a resource of the type."""


class Place(msgspec.Struct, frozen=True, order=True):
    """Where events come from or go. `urn` is empty for what the graph does not declare."""

    arn: str
    urn: str = ""

    def __str__(self) -> str:
        return self.urn.rpartition("::")[2] if self.urn else self.arn


class Delivery(msgspec.Struct, frozen=True):
    """An event at `source` reaches `target`, as `urn` declares."""

    urn: str
    via: str
    """What it is, for people: `bucket notification`, `subscription`..."""
    source: Place
    target: Place
    causes: tuple[str, ...] = ()
    """IAM actions on the source that cause the event; none when only AWS causes it."""
    keys: tuple[str, ...] = ()
    """Globs of the object keys that cause it; empty when the source has no keys."""
    events: tuple[str, ...] = ()
    """S3's names of the events."""
    exact: bool = True
    """False when `keys` may be more than what is really delivered."""
    known: bool = True
    """False when its keys or events are unknown: `keys` is then no bound of use."""
    invoked_as: str = ""
    """The service principal that a function's policy must admit for this."""
    qualified: bool = False
    """Whether the target is an alias or a version of a function, which has a policy of its own."""


class Function(msgspec.Struct, frozen=True):
    """A Lambda function, and the role that its code acts as (empty: not in the graph)."""

    place: Place
    role: str
    stopped: bool
    """Reserved concurrency of zero: it never runs."""


class Permission(msgspec.Struct, frozen=True):
    """A statement of a function's policy. None: not known; `source_*` empty: any.

    `qualified` when it is in the policy of one alias or version; `conditional` when it holds under
    a condition that is not decided here.
    """

    urn: str
    function: str | None
    action: str | None
    principal: str | None
    source_arn: str | None
    source_account: str | None
    qualified: bool = False
    conditional: bool = False


class LogWriter(msgspec.Struct, frozen=True):
    """AWS writes log objects into a bucket, under keys that begin with `prefix`."""

    urn: str
    bucket: Place
    prefix: str
    logged: Place | None = None
    """The bucket whose requests are logged."""


class EventFacts(msgspec.Struct, frozen=True):
    """The event side of one graph."""

    account: str | None
    deliveries: tuple[Delivery, ...]
    functions: Mapping[str, Function]
    """By URN."""
    permissions: tuple[Permission, ...]
    notifications: Mapping[str, tuple[str, ...]]
    """URN of each bucket -> URNs of its BucketNotifications."""
    eventbridge: frozenset[str]
    """URNs of the BucketNotifications that turn EventBridge on."""
    scanned: Mapping[str, tuple[str, ...]]
    """URN of each bucket -> URNs of the malware protection plans that need EventBridge on it."""
    names: Mapping[str, str]
    """Logical names by URN."""
    types: Mapping[str, str]
    """Pulumi types by URN."""
    roles: Mapping[str, str]
    """ARN (with atoms) of every role by URN."""
    log_writers: tuple[LogWriter, ...]
    not_modelled: tuple[NotModelled, ...]
    assumptions: tuple[str, ...]


_SPECIAL = re.compile(rf"{ATOM_OPEN}[^{ATOM_CLOSE}]*{ATOM_CLOSE}|[$*?]")


def literal(text: str) -> str:
    """The glob that matches just `text`, in the spelling of proofs.languages; atoms stay whole."""
    return _SPECIAL.sub(lambda m: m[0] if len(m[0]) > 1 else f"${{{m[0]}}}", text)
