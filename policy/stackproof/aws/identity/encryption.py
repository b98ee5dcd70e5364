"""Which keys of KMS protect the data of buckets, queues, topics and secrets.

Who may read an object that a customer's key encrypts must be allowed to use the key as well: the
service asks KMS in the name of who asks it. A key that AWS manages (`alias/aws/s3`) lets everyone
of the account through. Left out: what an upload itself asks for, against the bucket's default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from stackproof.aws.identity import aliases
from stackproof.aws.identity.resource_policies import BUCKETS, KEY, QUEUE, SECRET, TOPIC
from stackproof.aws.values import Values, partition_of
from stackproof.model import Resource, Value, unknowns

ALIAS = "aws:kms/alias:Alias"
_BUCKET_DEFAULTS = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
)
_NAMES_A_KEY = {QUEUE: "kmsMasterKeyId", TOPIC: "kmsMasterKeyId", SECRET: "kmsKeyId"}

_READS, _WRITES = ("kms:Decrypt",), ("kms:GenerateDataKey", "kms:Decrypt")
NEEDS: Mapping[str, tuple[str, ...]] = {
    # (Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys": of a plain upload.)
    "s3:GetObject": _READS,
    "s3:GetObjectVersion": _READS,
    "s3:PutObject": ("kms:GenerateDataKey",),
    # (Amazon SQS Developer Guide, "Key management"; Amazon SNS, likewise.)
    "sqs:ReceiveMessage": _READS,
    "sqs:SendMessage": _WRITES,
    "sns:Publish": _WRITES,
    # (AWS Secrets Manager User Guide, "Secret encryption and decryption".)
    "secretsmanager:GetSecretValue": _READS,
    "secretsmanager:PutSecretValue": _WRITES,
}
"""What an action on encrypted data demands of its key."""


class Encrypted(msgspec.Struct, frozen=True):
    """Data behind a customer's key. `urn` says so."""

    urn: str
    data: tuple[str, ...]
    """ARNs of the data, as globs."""
    key: str | None
    """The key's ARN; None when it is not known which it is."""
    region: str


def encrypted(values: Values) -> tuple[Encrypted, ...]:
    """Everything in the Graph that a customer's key encrypts, or may."""
    return tuple(e for r in values.graph.resources for e in _of(values, r))


def _of(values: Values, resource: Resource) -> Iterator[Encrypted]:
    if resource.type in _NAMES_A_KEY:
        data, given = values.arn(resource), resource.inputs.get(_NAMES_A_KEY[resource.type])
        keys: list[Value] = [] if given is None else [given]
    elif resource.type in BUCKETS:
        data = values.arn(resource)
        keys = _default_keys(resource.inputs.get("serverSideEncryptionConfiguration"), "rule")
    elif resource.type in _BUCKET_DEFAULTS:
        name = values.text(resource.inputs.get("bucket"))
        data = None if name is None else f"arn:{_partition(values, resource)}:s3:::{name}"
        keys = [key for rule in _listed(resource.inputs.get("rules")) for key in _keys(rule)]
    else:
        return
    for value in keys:
        key = _key(values, value)
        if key != "":
            region = resource.region or values.graph.region or "*"
            globs = ("*",) if data is None else (data, f"{data}/*")
            yield Encrypted(resource.urn, globs, key, region)


def _partition(values: Values, resource: Resource) -> str:
    return partition_of(resource.region or values.graph.region)


def _listed(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _default_keys(value: Value, field: str) -> list[Value]:
    if isinstance(value, dict):
        return _keys(value.get(field))
    return [] if value is None else [value]


def _keys(rule: Value) -> list[Value]:
    """The customer's key that one rule names; the rule itself when that is not known."""
    if not isinstance(rule, dict):
        return [] if rule is None else [rule]
    default = rule.get("applyServerSideEncryptionByDefault")
    if not isinstance(default, dict):
        return [] if default is None else [default]
    algorithm, key = default.get("sseAlgorithm"), default.get("kmsMasterKeyId")
    if key is None or algorithm == "AES256":
        return []
    return [key]


def _key(values: Values, value: Value) -> str | None:
    """The ARN of a customer's key; empty for one that AWS manages; None: not known."""
    if unknowns(value):
        return None
    owner = values.resources.get(values.owner(value) or "")
    if owner is not None and owner.type in {KEY, ALIAS} and not owner.external:
        named = owner.type == KEY
        return values.arn(owner) if named else _key(values, owner.inputs.get("targetKeyId"))
    text = values.text(value)
    if text is None:
        return None
    if text.startswith("alias/aws/") or ":alias/aws/" in text:
        return ""
    if text.startswith("alias/") or ":alias/" in text:
        return aliases.key_of(values, text)
    return text if text.startswith("arn:") and ":key/" in text else None
