"""S3: buckets, what is set on them, each a resource of its own, and objects."""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from botocore.model import StructureShape

from tests.rehearsal.aws import Aws, Properties, is_absent
from tests.rehearsal.kinds import ECHOED_ALWAYS, Kind
from tests.rehearsal.services.ec2_network import pairs
from tests.rehearsal.translate import Translation, properties


def _shape(aws: Aws, operation: str) -> StructureShape:
    return aws.client("s3").meta.service_model.operation_model(operation).input_shape


# ── buckets ─────────────────────────────────────────────────────────────────────────────────────


def _create_bucket(aws: Aws, given: Properties) -> str:
    # us-east-1 is the one region that must not be named (S3 API Reference, "CreateBucket").
    where = (
        {}
        if aws.region == "us-east-1"
        else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
    )
    lock = {"ObjectLockEnabledForBucket": True} if given.get("objectLockEnabled") else {}
    aws.call("s3", "create_bucket", Bucket=given["bucket"], **where, **lock)
    return str(given["bucket"])


def _read_bucket(aws: Aws, id_: str, state: Properties) -> Properties | None:
    try:
        aws.call("s3", "head_bucket", Bucket=id_)
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    try:
        labels = properties(aws.call("s3", "get_bucket_tagging", Bucket=id_))["tagSet"]
    except ClientError as error:
        if not is_absent(error):
            raise
        labels = {}
    lock = state.get("objectLockEnabled")
    if lock:
        answer = aws.call("s3", "get_object_lock_configuration", Bucket=id_)
        lock = answer["ObjectLockConfiguration"]["ObjectLockEnabled"] == "Enabled"
    return {
        "bucket": id_,
        "tags": labels,
        "arn": f"arn:aws:s3:::{id_}",
        "objectLockEnabled": lock,
        "bucketDomainName": f"{id_}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{id_}.s3.{aws.region}.amazonaws.com",
    }


def _settle_bucket(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "tagsAll" in changed and given.get("tagsAll"):
        tagging = {"TagSet": pairs(given["tagsAll"])}
        aws.call("s3", "put_bucket_tagging", Bucket=id_, Tagging=tagging)


def _delete_bucket(aws: Aws, id_: str, state: Properties) -> None:
    if state.get("forceDestroy"):
        _forget_versions(aws, id_, "")
    aws.call("s3", "delete_bucket", Bucket=id_)


def _forget_versions(aws: Aws, bucket: str, prefix: str, *, exact: bool = False) -> None:
    """Delete every version below a prefix, as the provider does for an object of its own."""
    versions = aws.call("s3", "list_object_versions", Bucket=bucket, Prefix=prefix)
    for one in [*versions.get("Versions", []), *versions.get("DeleteMarkers", [])]:
        if not exact or one["Key"] == prefix:
            aws.call(
                "s3", "delete_object", Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"]
            )


# ── what is set on a bucket ─────────────────────────────────────────────────────────────────────


def _setting(  # noqa: C901, PLR0913 -- a row of a table, by name
    type_: str,
    noun: str,
    member: str,
    *,
    renamed: dict[str, str] | None = None,
    remove: str | None = "",
    whole: Callable[[Properties], Properties] = lambda given: given,
    seen: Callable[[Properties], Properties] = lambda said: said,
    found: str | None = None,
    **more: Any,  # noqa: ANN401 -- of Kind
) -> Kind:
    """A configuration of a bucket: put, got and deleted whole; its id is the bucket's name.

    `whole` makes of the inputs what the member of PutBucket* has; `seen` is its inverse.
    """
    renamed = renamed or {}

    def translated(aws: Aws, given: Properties) -> tuple[Properties, set[str]]:
        operation = "Put" + "".join(part.title() for part in noun.split("_"))
        operation = aws.client("s3").meta.method_to_api_mapping[f"put_{noun}"]
        shape = _shape(aws, operation).members[member]
        translation = Translation(renamed)
        skipped = {"bucket", *ECHOED_ALWAYS}
        wanted = whole({k: v for k, v in given.items() if k not in skipped})
        return translation.structure(shape, wanted), translation.untold

    def put(aws: Aws, given: Properties) -> None:
        configuration, _ = translated(aws, given)
        aws.call("s3", f"put_{noun}", Bucket=given["bucket"], **{member: configuration})

    def create(aws: Aws, given: Properties) -> str:
        put(aws, given)
        return str(given["bucket"])

    def read(aws: Aws, id_: str, state: Properties) -> Properties | None:
        del state
        try:
            answer = aws.call("s3", f"get_{noun}", Bucket=id_)
        except ClientError as error:
            if is_absent(error):
                return None
            raise
        inner = found if found is not None else member
        answer = answer.get(inner, {}) if inner else answer
        answer.pop("ResponseMetadata", None)
        return {"bucket": id_, **seen(properties(answer, renamed))} if answer else None

    def delete(aws: Aws, id_: str, state: Properties) -> None:
        del state
        if remove is None:
            aws.call("s3", f"put_{noun}", Bucket=id_, **{member: {}})
        elif remove != "-":
            aws.call("s3", remove or f"delete_{noun}", Bucket=id_)

    def settle(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
        del id_
        if "__new" not in changed:
            put(aws, given)

    return Kind(
        type=type_,
        service="s3",
        create=create,
        read=read,
        delete=delete,
        settle=settle,
        settles=frozenset({"*"}),
        replaces=frozenset({"bucket"}),
        echoed=lambda aws, given: translated(aws, given)[1],
        **more,
    )


def _policy() -> Kind:
    def put(aws: Aws, given: Properties) -> str:
        text = given["policy"]
        aws.call(
            "s3",
            "put_bucket_policy",
            Bucket=given["bucket"],
            Policy=text if isinstance(text, str) else json.dumps(text),
        )
        return str(given["bucket"])

    def read(aws: Aws, id_: str, state: Properties) -> Properties | None:
        del state
        try:
            answer = aws.call("s3", "get_bucket_policy", Bucket=id_)
        except ClientError as error:
            if is_absent(error):
                return None
            raise
        return {"bucket": id_, "policy": answer["Policy"]}

    def settle(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
        del id_
        if "__new" not in changed:
            put(aws, given)

    def delete(aws: Aws, id_: str, state: Properties) -> None:
        del state
        aws.call("s3", "delete_bucket_policy", Bucket=id_)

    return Kind(
        type="aws:s3/bucketPolicy:BucketPolicy", service="s3", create=put, read=read,
        delete=delete, settle=settle, settles=frozenset({"policy"}),
        replaces=frozenset({"bucket"}),
    )  # fmt: skip


# ── objects ─────────────────────────────────────────────────────────────────────────────────────

_OBJECT = {
    "cacheControl": "CacheControl", "contentDisposition": "ContentDisposition",
    "contentEncoding": "ContentEncoding", "contentType": "ContentType", "acl": "ACL",
    "serverSideEncryption": "ServerSideEncryption", "storageClass": "StorageClass",
    "kmsKeyId": "SSEKMSKeyId", "metadata": "Metadata", "websiteRedirect": "WebsiteRedirectLocation",
}  # fmt: skip


def _body(given: Properties) -> bytes:
    if given.get("content") is not None:
        return str(given["content"]).encode()
    source = given.get("source") or {}
    if source.get("text") is not None:
        return str(source["text"]).encode()
    path = Path(source.get("path", ""))
    if path.is_file():
        return path.read_bytes()
    # An archive is a folder or what the program put together: the engine has its hash.
    return str(source.get("hash", "")).encode()


def _put_object(aws: Aws, given: Properties) -> str:
    named = {_OBJECT[key]: given[key] for key in _OBJECT if given.get(key) is not None}
    if not given.get("contentType"):
        named["ContentType"] = mimetypes.guess_type(given["key"])[0] or "application/octet-stream"
    body = _body(given)
    aws.call("s3", "put_object", Bucket=given["bucket"], Key=given["key"], Body=body, **named)
    return f"{given['bucket']}/{given['key']}"


def _read_object(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del id_
    place = {"Bucket": state["bucket"], "Key": state["key"]}
    try:
        answer = aws.call("s3", "get_object", **place)
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    body = answer["Body"].read()
    said: Properties = {"bucket": state["bucket"], "key": state["key"]}
    said |= {key: answer[name] for key, name in _OBJECT.items() if answer.get(name)}
    if state.get("content") is not None:
        said["content"] = body.decode()
    elif state.get("source"):
        said["source"] = hashlib.sha256(body).hexdigest()
    return {**said, "etag": answer["ETag"].strip('"'), "versionId": answer.get("VersionId")}


def _delete_object(aws: Aws, id_: str, state: Properties) -> None:
    del id_
    _forget_versions(aws, state["bucket"], state["key"], exact=True)


def _settle_object(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        _put_object(aws, given)


# ── notifications ───────────────────────────────────────────────────────────────────────────────

_TARGETS = {
    "lambdaFunctions": ("LambdaFunctionConfigurations", "lambdaFunctionArn", "LambdaFunctionArn"),
    "queues": ("QueueConfigurations", "queueArn", "QueueArn"),
    "topics": ("TopicConfigurations", "topicArn", "TopicArn"),
}


def _notification(given: Properties) -> Properties:
    made: Properties = {}
    for key, (name, target, member) in _TARGETS.items():
        for one in given.get(key) or []:
            rules = [
                {"Name": kind, "Value": one[given_as]}
                for kind, given_as in (("prefix", "filterPrefix"), ("suffix", "filterSuffix"))
                if one.get(given_as)
            ]
            made.setdefault(name, []).append(
                {
                    **({"Id": one["id"]} if one.get("id") else {}),
                    member: one[target],
                    "Events": one["events"],
                    **({"Filter": {"Key": {"FilterRules": rules}}} if rules else {}),
                }
            )
    if given.get("eventbridge"):
        made["EventBridgeConfiguration"] = {}
    return made


def _put_notification(aws: Aws, given: Properties) -> str:
    aws.call(
        "s3",
        "put_bucket_notification_configuration",
        Bucket=given["bucket"],
        NotificationConfiguration=_notification(given),
    )
    return str(given["bucket"])


def _read_notification(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    try:
        answer = aws.call("s3", "get_bucket_notification_configuration", Bucket=id_)
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    said: Properties = {"bucket": id_}
    if "EventBridgeConfiguration" in answer:  # which the emulator takes and does not say again
        said["eventbridge"] = True
    for key, (name, target, member) in _TARGETS.items():
        for one in answer.get(name, []):
            rules = one.get("Filter", {}).get("Key", {}).get("FilterRules", [])
            filters = {f"filter{rule['Name'].title()}": rule["Value"] for rule in rules}
            entry = {"id": one["Id"], target: one[member], "events": one["Events"], **filters}
            said.setdefault(key, []).append(entry)
    return said if len(said) > 1 else None


def _settle_notification(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        _put_notification(aws, given)


def _delete_notification(aws: Aws, id_: str, state: Properties) -> None:
    del state
    aws.call(
        "s3", "put_bucket_notification_configuration", Bucket=id_, NotificationConfiguration={}
    )


def _lifecycle(given: Properties) -> Properties:
    return {"rules": given.get("rules", [])}


KINDS = (
    Kind(
        type="aws:s3/bucket:Bucket", service="s3", create=_create_bucket, read=_read_bucket,
        delete=_delete_bucket, settle=_settle_bucket,
        settles=frozenset({"tags", "tagsAll", "forceDestroy"}),
        replaces=frozenset({"bucket", "bucketPrefix", "objectLockEnabled"}),
        named="bucket", longest=63,
        untold={"forceDestroy": "means something to the provider only"},
    ),
    _policy(),
    _setting(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "public_access_block",
        "PublicAccessBlockConfiguration",
    ),
    _setting(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls", "bucket_ownership_controls",
        "OwnershipControls", renamed={"rule": "Rules"},
    ),
    _setting(
        "aws:s3/bucketVersioning:BucketVersioning", "bucket_versioning",
        "VersioningConfiguration", found="",
        whole=lambda given: given["versioningConfiguration"],
        seen=lambda said: {"versioningConfiguration": said},
        # Versions that were kept once are never unmade: the provider suspends it.
        remove="-",
    ),
    _setting(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "bucket_encryption", "ServerSideEncryptionConfiguration",
        renamed={
            "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId": "KMSMasterKeyID",
            "rules.applyServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault",
        },
    ),
    _setting(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "bucket_lifecycle_configuration", "LifecycleConfiguration", found="",
        renamed={"rules.id": "ID"}, whole=_lifecycle, remove="delete_bucket_lifecycle",
    ),
    _setting(
        "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration", "bucket_website",
        "WebsiteConfiguration", found="",
    ),
    _setting(
        "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration", "bucket_cors",
        "CORSConfiguration", found="", renamed={"corsRules": "CORSRules"},
    ),
    _setting(
        "aws:s3/bucketLogging:BucketLogging", "bucket_logging", "BucketLoggingStatus",
        whole=lambda given: {"LoggingEnabled": given}, found="LoggingEnabled", remove=None,
    ),
    Kind(
        type="aws:s3/bucketNotification:BucketNotification", service="s3",
        create=_put_notification, read=_read_notification, delete=_delete_notification,
        settle=_settle_notification,
        settles=frozenset({"lambdaFunctions", "queues", "topics", "eventbridge"}),
        replaces=frozenset({"bucket"}),
    ),
    Kind(
        type="aws:s3/bucketObjectv2:BucketObjectv2", service="s3", create=_put_object,
        read=_read_object, delete=_delete_object, settle=_settle_object,
        settles=frozenset({"source", "content", "etag", "sourceHash", *_OBJECT}),
        replaces=frozenset({"bucket", "key"}),
    ),
)  # fmt: skip
