"""What makes a resource: the calls that AWS would get for it, by resource type.

Nothing here is invented: an input that no call uses is listed as without effect.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from cinema_local.inputs import Inputs, PlanError
from stackproof.model import Asset


@dataclass(frozen=True)
class File:
    """A parameter whose bytes are those of a file below the project."""

    path: str


@dataclass(frozen=True)
class Package:
    """A parameter whose bytes are a function's package, built for this machine."""


@dataclass(frozen=True)
class Call:
    """One call to AWS, as botocore names services, operations and parameters."""

    service: str
    operation: str
    parameters: Mapping[str, Any]


Translation: TypeAlias = Callable[[Inputs, str], Iterator[Call]]


def _bucket(inputs: Inputs, region: str) -> Iterator[Call]:
    # S3 API Reference, "CreateBucket": us-east-1 is the one region that must not be named.
    place = (
        {}
        if region == "us-east-1"
        else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    )
    yield Call("s3", "create_bucket", {"Bucket": inputs.need("bucket"), **place})


def _bucket_policy(inputs: Inputs, _region: str) -> Iterator[Call]:
    parameters = {"Bucket": inputs.need("bucket"), "Policy": _document(inputs, "policy")}
    yield Call("s3", "put_bucket_policy", parameters)


def _public_access_block(inputs: Inputs, _region: str) -> Iterator[Call]:
    block = {
        "BlockPublicAcls": inputs.get("blockPublicAcls", False),
        "IgnorePublicAcls": inputs.get("ignorePublicAcls", False),
        "BlockPublicPolicy": inputs.get("blockPublicPolicy", False),
        "RestrictPublicBuckets": inputs.get("restrictPublicBuckets", False),
    }
    parameters = {"Bucket": inputs.need("bucket"), "PublicAccessBlockConfiguration": block}
    yield Call("s3", "put_public_access_block", parameters)


def _ownership(inputs: Inputs, _region: str) -> Iterator[Call]:
    rules = [{"ObjectOwnership": inputs.need("rule")["objectOwnership"]}]
    parameters = {"Bucket": inputs.need("bucket"), "OwnershipControls": {"Rules": rules}}
    yield Call("s3", "put_bucket_ownership_controls", parameters)


def _encryption(inputs: Inputs, _region: str) -> Iterator[Call]:
    rules = []
    for rule in inputs.need("rules"):
        default = rule["applyServerSideEncryptionByDefault"]
        how = {"SSEAlgorithm": default["sseAlgorithm"]}
        if "kmsMasterKeyId" in default:
            how["KMSMasterKeyID"] = default["kmsMasterKeyId"]
        rules.append({"ApplyServerSideEncryptionByDefault": how})
    parameters = {
        "Bucket": inputs.need("bucket"),
        "ServerSideEncryptionConfiguration": {"Rules": rules},
    }
    yield Call("s3", "put_bucket_encryption", parameters)


def _versioning(inputs: Inputs, _region: str) -> Iterator[Call]:
    status = {"Status": inputs.need("versioningConfiguration")["status"]}
    parameters = {"Bucket": inputs.need("bucket"), "VersioningConfiguration": status}
    yield Call("s3", "put_bucket_versioning", parameters)


def _website_configuration(inputs: Inputs, _region: str) -> Iterator[Call]:
    how: dict[str, Any] = {"IndexDocument": {"Suffix": inputs.need("indexDocument")["suffix"]}}
    if error := inputs.get("errorDocument"):
        how["ErrorDocument"] = {"Key": error["key"]}
    parameters = {"Bucket": inputs.need("bucket"), "WebsiteConfiguration": how}
    yield Call("s3", "put_bucket_website", parameters)


_OBJECT_HEADERS = {
    "cacheControl": "CacheControl",
    "contentDisposition": "ContentDisposition",
    "contentEncoding": "ContentEncoding",
    "contentLanguage": "ContentLanguage",
    "contentType": "ContentType",
}


def _object(inputs: Inputs, _region: str) -> Iterator[Call]:
    parameters = {"Bucket": inputs.need("bucket"), "Key": inputs.need("key")}
    for ours, aws in _OBJECT_HEADERS.items():
        if (value := inputs.get(ours)) is not None:
            parameters[aws] = value
    source, content = inputs.get("source"), inputs.get("content")
    if isinstance(source, Asset) and source.kind == "archive":
        return  # machine images are built from it, and none is built here
    if isinstance(source, Asset) and source.kind == "file" and source.path:
        parameters["Body"] = File(source.path)
    elif isinstance(content, str):
        parameters["Body"] = content.encode()
    else:
        raise PlanError(f"{inputs.resource.name} ({inputs.resource.type}): has no file and no text")
    yield Call("s3", "put_object", parameters)


def _notification(inputs: Inputs, _region: str) -> Iterator[Call]:
    functions = []
    for declared in inputs.get("lambdaFunctions", []):
        rules = [
            {"Name": name, "Value": declared[key]}
            for name, key in (("prefix", "filterPrefix"), ("suffix", "filterSuffix"))
            if key in declared
        ]
        functions.append(
            {
                "Id": declared["id"],
                "LambdaFunctionArn": declared["lambdaFunctionArn"],
                "Events": declared["events"],
                "Filter": {"Key": {"FilterRules": rules}},
            }
        )
    parameters = {
        "Bucket": inputs.need("bucket"),
        "NotificationConfiguration": {"LambdaFunctionConfigurations": functions},
    }
    yield Call("s3", "put_bucket_notification_configuration", parameters)


def _role(inputs: Inputs, _region: str) -> Iterator[Call]:
    parameters = {
        "RoleName": inputs.need("name"),
        "AssumeRolePolicyDocument": _document(inputs, "assumeRolePolicy"),
    }
    for ours, aws in (("description", "Description"), ("permissionsBoundary",) * 2):
        if (value := inputs.get(ours)) is not None:
            parameters[aws[0].upper() + aws[1:]] = value
    yield Call("iam", "create_role", parameters)


def _policy(inputs: Inputs, _region: str) -> Iterator[Call]:
    parameters = {
        "PolicyName": inputs.need("name"),
        "PolicyDocument": _document(inputs, "policy"),
    }
    if (description := inputs.get("description")) is not None:
        parameters["Description"] = description
    yield Call("iam", "create_policy", parameters)


def _inline_policy(inputs: Inputs, _region: str) -> Iterator[Call]:
    parameters = {
        "RoleName": inputs.need("role"),
        "PolicyName": inputs.get("name", inputs.resource.name),
        "PolicyDocument": _document(inputs, "policy"),
    }
    yield Call("iam", "put_role_policy", parameters)


def _attachment(inputs: Inputs, _region: str) -> Iterator[Call]:
    parameters = {"RoleName": inputs.need("role"), "PolicyArn": inputs.need("policyArn")}
    yield Call("iam", "attach_role_policy", parameters)


def _instance_profile(inputs: Inputs, _region: str) -> Iterator[Call]:
    name = {"InstanceProfileName": inputs.need("name")}
    yield Call("iam", "create_instance_profile", name)
    role = {"RoleName": inputs.need("role")}
    yield Call("iam", "add_role_to_instance_profile", {**name, **role})


def _queue(inputs: Inputs, _region: str) -> Iterator[Call]:
    attributes = {}
    for ours, aws in (
        ("messageRetentionSeconds", "MessageRetentionPeriod"),
        ("visibilityTimeoutSeconds", "VisibilityTimeout"),
        ("sqsManagedSseEnabled", "SqsManagedSseEnabled"),
        ("policy", "Policy"),
    ):
        if (value := inputs.get(ours)) is not None:
            attributes[aws] = str(value).lower() if isinstance(value, bool) else str(value)
    yield Call("sqs", "create_queue", {"QueueName": inputs.need("name"), "Attributes": attributes})


def _log_group(inputs: Inputs, _region: str) -> Iterator[Call]:
    name = {"logGroupName": inputs.need("name")}
    yield Call("logs", "create_log_group", name)
    if (days := inputs.get("retentionInDays")) is not None:
        yield Call("logs", "put_retention_policy", {**name, "retentionInDays": days})


def _function(inputs: Inputs, _region: str) -> Iterator[Call]:
    parameters: dict[str, Any] = {
        "FunctionName": inputs.need("name"),
        "Role": inputs.need("role"),
        "Runtime": inputs.need("runtime"),
        "Handler": inputs.need("handler"),
        # The declared package is for Lambda's processor; this machine has its own.
        "Code": {"ZipFile": Package()},
    }
    inputs.asked.add("code")
    for ours, aws in (("memorySize", "MemorySize"), ("timeout", "Timeout")):
        if (value := inputs.get(ours)) is not None:
            parameters[aws] = value
    if (environment := inputs.get("environment")) is not None:
        parameters["Environment"] = {"Variables": environment["variables"]}
    if (queue := inputs.get("deadLetterConfig")) is not None:
        parameters["DeadLetterConfig"] = {"TargetArn": queue["targetArn"]}
    if (log := inputs.get("loggingConfig")) is not None:
        parameters["LoggingConfig"] = {
            "LogFormat": log["logFormat"],
            "LogGroup": log["logGroup"],
        }
    yield Call("lambda", "create_function", parameters)
    if (most := inputs.get("reservedConcurrentExecutions")) is not None:
        limit = {"FunctionName": inputs.need("name"), "ReservedConcurrentExecutions": most}
        yield Call("lambda", "put_function_concurrency", limit)


def _permission(inputs: Inputs, _region: str) -> Iterator[Call]:
    parameters = {
        "FunctionName": inputs.need("function"),
        "StatementId": inputs.get("statementId", inputs.resource.name),
        "Action": inputs.need("action"),
        "Principal": inputs.need("principal"),
    }
    for ours, aws in (("sourceArn", "SourceArn"), ("sourceAccount", "SourceAccount")):
        if (value := inputs.get(ours)) is not None:
            parameters[aws] = value
    yield Call("lambda", "add_permission", parameters)


def _document(inputs: Inputs, name: str) -> str:
    value = inputs.need(name)
    return value if isinstance(value, str) else json.dumps(value)


TRANSLATIONS: Mapping[str, Translation] = {
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:iam/instanceProfile:InstanceProfile": _instance_profile,
    "aws:iam/policy:Policy": _policy,
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicy:RolePolicy": _inline_policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _attachment,
    "aws:lambda/function:Function": _function,
    "aws:lambda/permission:Permission": _permission,
    "aws:s3/bucket:Bucket": _bucket,
    "aws:s3/bucketNotification:BucketNotification": _notification,
    "aws:s3/bucketObjectv2:BucketObjectv2": _object,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _ownership,
    "aws:s3/bucketPolicy:BucketPolicy": _bucket_policy,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _public_access_block,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _encryption
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _versioning,
    "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration": _website_configuration,
    "aws:sqs/queue:Queue": _queue,
}
"""What the emulator plays."""
