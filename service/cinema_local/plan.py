"""What to bring up, from what the program declares: a pure function of the Graph.

Nothing here is invented. Each resource that a stand-in can play becomes the calls that AWS would
get for it; what none can play is listed, and so is each input that has no effect here.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from stackproof.aws.values import Values, text_of
from stackproof.model import Asset, Graph, Reference, Resource, Template, Unknown, Value, walk

ENVIRONMENT_FILE = "/etc/cinema/environment"
"""Where user data puts the API's settings, and systemd reads them."""


class PlanError(Exception):
    """The program declares something that cannot be brought up; the message names the resource."""


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


@dataclass(frozen=True)
class Step:
    """What makes one resource, after every Step of a smaller `depth`."""

    urn: str
    type: str
    name: str
    depth: int
    calls: tuple[Call, ...]
    without_effect: tuple[str, ...]
    """Inputs that the program gives and that change nothing here."""


@dataclass(frozen=True)
class HealthCheck:
    """The target group's: `codes` are the ranges of statuses that count as healthy."""

    path: str
    codes: tuple[tuple[int, int], ...]
    timeout: int
    healthy: int
    unhealthy: int


@dataclass(frozen=True)
class Fleet:
    """The API's instances: how many, whose rights they have, what they are told."""

    count: int
    role: str
    role_arn: str
    trusted: bool
    """Whether the role's trust policy lets EC2 assume it: else an instance gets no credentials."""
    environment: Mapping[str, str]
    health: HealthCheck
    drain_seconds: int
    drops_invalid_headers: bool


@dataclass(frozen=True)
class Website:
    """A bucket that S3 would serve as a website."""

    bucket: str
    index: str
    error: str | None


@dataclass(frozen=True)
class Plan:
    """Everything that is brought up, and what is not."""

    account: str
    region: str
    steps: tuple[Step, ...]
    fleet: Fleet
    website: Website
    left_out: Mapping[str, int]
    """How many resources of each type have no stand-in."""


def plan(graph: Graph, *, api_address: str) -> Plan:
    """The Plan for `graph`. `api_address` is the local balancer's `host:port`.

    Raises PlanError for what the local run cannot do without.
    """
    if graph.account is None or graph.region is None:
        raise PlanError("the stack names no account or no region")
    reader = _Reader(graph, api_address)
    depths = _depths(graph)
    steps, left_out = [], dict[str, int]()
    for resource in graph.resources:
        if not resource.custom:
            continue
        translate = _TRANSLATIONS.get(resource.type)
        if translate is None:
            left_out[resource.type] = left_out.get(resource.type, 0) + 1
            continue
        inputs = reader.inputs(resource)
        calls = tuple(translate(inputs, graph.region))
        steps.append(
            Step(
                resource.urn,
                resource.type,
                resource.name,
                depths[resource.urn],
                calls,
                inputs.unread(),
            )
        )
    return Plan(
        account=graph.account,
        region=graph.region,
        steps=tuple(sorted(steps, key=lambda step: (step.depth, step.urn))),
        fleet=_fleet(graph, reader),
        website=_website(graph, reader),
        left_out={
            kind: count for kind, count in sorted(left_out.items()) if kind not in _STANDS_FOR
        },
    )


def _depths(graph: Graph) -> dict[str, int]:
    """How long the longest chain of dependencies below each resource is."""
    resources, depths = graph.by_urn(), dict[str, int]()

    def depth(urn: str) -> int:
        if urn not in depths:
            depths[urn] = 0  # the engine refuses cycles; this keeps a broken graph from looping
            below = [depth(other) for other in resources[urn].dependencies if other in resources]
            depths[urn] = 1 + max(below, default=0)
        return depths[urn]

    for urn in resources:
        depth(urn)
    return depths


# ── values ──────────────────────────────────────────────────────────────────────────────────────


@dataclass
class _Inputs:
    """The inputs of one resource, resolved; it remembers which ones a translation asked for."""

    resource: Resource
    values: Mapping[str, Any]
    asked: set[str] = field(default_factory=set)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - JSON
        """One input; raises PlanError when it is not known before a deployment."""
        self.asked.add(name)
        value = self.values.get(name, default)
        for part in walk(value):
            if isinstance(part, Unknown | Reference | Template):
                raise PlanError(
                    f"{self.resource.name} ({self.resource.type}): what '{name}' holds is known"
                    " only after a deployment, so it cannot be brought up here"
                )
        return value

    def need(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """As `get`, for what must be there."""
        value = self.get(name)
        if value is None:
            raise PlanError(f"{self.resource.name} ({self.resource.type}) gives no '{name}'")
        return value

    def unread(self) -> tuple[str, ...]:
        return tuple(sorted(self.values.keys() - self.asked))


class _Reader:
    """Values of the Graph, with the names that Pulumi or AWS would make up filled in."""

    def __init__(self, graph: Graph, api_address: str) -> None:
        self._values = Values(graph)
        self._resources = graph.by_urn()
        self._api_address = api_address

    def inputs(self, resource: Resource) -> _Inputs:
        values: dict[str, Any] = {
            name: self._filled(self._values.resolve(value))
            for name, value in resource.inputs.items()
        }
        if resource.type in _NAMED_BY_PULUMI:
            values.setdefault("name", resource.name)
        return _Inputs(resource, values)

    def text(self, value: Value) -> str | None:
        found = self._filled(self._values.resolve(value))
        return found if isinstance(found, str) else None

    def arn(self, resource: Resource) -> str | None:
        return self.text(Reference(resource.urn, "arn"))

    def _filled(self, value: Value) -> Value:
        if isinstance(value, Reference):
            return self._made_up(value)
        if isinstance(value, Template):
            return text_of([self._filled(part) for part in value.parts])
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        return value

    def _made_up(self, reference: Reference) -> Value:
        resource = self._resources.get(reference.urn)
        if resource is None:
            return reference
        if resource.type in _NAMED_BY_PULUMI and reference.property == "name":
            return resource.name
        if resource.type == "aws:lb/loadBalancer:LoadBalancer" and reference.property == "dnsName":
            return self._api_address
        return reference


_NAMED_BY_PULUMI = frozenset({"aws:iam/policy:Policy", "aws:iam/instanceProfile:InstanceProfile"})
"""Pulumi adds seven random digits to the logical name of these; here it is the logical name."""


# ── from resources to calls ─────────────────────────────────────────────────────────────────────

_Translation: TypeAlias = Callable[[_Inputs, str], Iterator[Call]]


def _bucket(inputs: _Inputs, region: str) -> Iterator[Call]:
    # S3 API Reference, "CreateBucket": us-east-1 is the one region that must not be named.
    place = (
        {}
        if region == "us-east-1"
        else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    )
    yield Call("s3", "create_bucket", {"Bucket": inputs.need("bucket"), **place})


def _bucket_policy(inputs: _Inputs, _region: str) -> Iterator[Call]:
    parameters = {"Bucket": inputs.need("bucket"), "Policy": _document(inputs, "policy")}
    yield Call("s3", "put_bucket_policy", parameters)


def _public_access_block(inputs: _Inputs, _region: str) -> Iterator[Call]:
    block = {
        "BlockPublicAcls": inputs.get("blockPublicAcls", False),
        "IgnorePublicAcls": inputs.get("ignorePublicAcls", False),
        "BlockPublicPolicy": inputs.get("blockPublicPolicy", False),
        "RestrictPublicBuckets": inputs.get("restrictPublicBuckets", False),
    }
    parameters = {"Bucket": inputs.need("bucket"), "PublicAccessBlockConfiguration": block}
    yield Call("s3", "put_public_access_block", parameters)


def _ownership(inputs: _Inputs, _region: str) -> Iterator[Call]:
    rules = [{"ObjectOwnership": inputs.need("rule")["objectOwnership"]}]
    parameters = {"Bucket": inputs.need("bucket"), "OwnershipControls": {"Rules": rules}}
    yield Call("s3", "put_bucket_ownership_controls", parameters)


def _encryption(inputs: _Inputs, _region: str) -> Iterator[Call]:
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


def _versioning(inputs: _Inputs, _region: str) -> Iterator[Call]:
    status = {"Status": inputs.need("versioningConfiguration")["status"]}
    parameters = {"Bucket": inputs.need("bucket"), "VersioningConfiguration": status}
    yield Call("s3", "put_bucket_versioning", parameters)


def _website_configuration(inputs: _Inputs, _region: str) -> Iterator[Call]:
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


def _object(inputs: _Inputs, _region: str) -> Iterator[Call]:
    parameters = {"Bucket": inputs.need("bucket"), "Key": inputs.need("key")}
    for ours, aws in _OBJECT_HEADERS.items():
        if (value := inputs.get(ours)) is not None:
            parameters[aws] = value
    source, content = inputs.get("source"), inputs.get("content")
    if isinstance(source, Asset) and source.kind == "file" and source.path:
        parameters["Body"] = File(source.path)
    elif isinstance(content, str):
        parameters["Body"] = content.encode()
    else:
        raise PlanError(f"{inputs.resource.name} ({inputs.resource.type}): has no file and no text")
    yield Call("s3", "put_object", parameters)


def _notification(inputs: _Inputs, _region: str) -> Iterator[Call]:
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


def _role(inputs: _Inputs, _region: str) -> Iterator[Call]:
    parameters = {
        "RoleName": inputs.need("name"),
        "AssumeRolePolicyDocument": _document(inputs, "assumeRolePolicy"),
    }
    for ours, aws in (("description", "Description"), ("permissionsBoundary",) * 2):
        if (value := inputs.get(ours)) is not None:
            parameters[aws[0].upper() + aws[1:]] = value
    yield Call("iam", "create_role", parameters)


def _policy(inputs: _Inputs, _region: str) -> Iterator[Call]:
    parameters = {
        "PolicyName": inputs.need("name"),
        "PolicyDocument": _document(inputs, "policy"),
    }
    if (description := inputs.get("description")) is not None:
        parameters["Description"] = description
    yield Call("iam", "create_policy", parameters)


def _inline_policy(inputs: _Inputs, _region: str) -> Iterator[Call]:
    parameters = {
        "RoleName": inputs.need("role"),
        "PolicyName": inputs.get("name", inputs.resource.name),
        "PolicyDocument": _document(inputs, "policy"),
    }
    yield Call("iam", "put_role_policy", parameters)


def _attachment(inputs: _Inputs, _region: str) -> Iterator[Call]:
    parameters = {"RoleName": inputs.need("role"), "PolicyArn": inputs.need("policyArn")}
    yield Call("iam", "attach_role_policy", parameters)


def _instance_profile(inputs: _Inputs, _region: str) -> Iterator[Call]:
    name = {"InstanceProfileName": inputs.need("name")}
    yield Call("iam", "create_instance_profile", name)
    role = {"RoleName": inputs.need("role")}
    yield Call("iam", "add_role_to_instance_profile", {**name, **role})


def _queue(inputs: _Inputs, _region: str) -> Iterator[Call]:
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


def _log_group(inputs: _Inputs, _region: str) -> Iterator[Call]:
    name = {"logGroupName": inputs.need("name")}
    yield Call("logs", "create_log_group", name)
    if (days := inputs.get("retentionInDays")) is not None:
        yield Call("logs", "put_retention_policy", {**name, "retentionInDays": days})


def _function(inputs: _Inputs, _region: str) -> Iterator[Call]:
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


def _permission(inputs: _Inputs, _region: str) -> Iterator[Call]:
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


def _document(inputs: _Inputs, name: str) -> str:
    value = inputs.need(name)
    return value if isinstance(value, str) else json.dumps(value)


_TRANSLATIONS: Mapping[str, _Translation] = {
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

_GROUP = "aws:autoscaling/group:Group"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_TARGETS = "aws:lb/targetGroup:TargetGroup"
_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_PROFILE = "aws:iam/instanceProfile:InstanceProfile"
_ROLE = "aws:iam/role:Role"
_SITE = "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration"

_STANDS_FOR = frozenset({_GROUP, _TEMPLATE, _TARGETS, _BALANCER})
"""What this program plays itself: processes behind a balancer on loopback."""


# ── the API's instances ─────────────────────────────────────────────────────────────────────────


def _fleet(graph: Graph, reader: _Reader) -> Fleet:
    group = reader.inputs(_only(graph, _GROUP, "group of API instances"))
    template_urn = group.resource.inputs.get("launchTemplate")
    template = _referred(graph, template_urn, _TEMPLATE, group.resource)
    targets = _referred(
        graph, group.resource.inputs.get("targetGroupArns"), _TARGETS, group.resource
    )
    profile = _referred(graph, template.inputs.get("iamInstanceProfile"), _PROFILE, template)
    role_name = reader.text(profile.inputs.get("role"))
    role = next(
        (r for r in graph.of_type(_ROLE) if reader.text(Reference(r.urn, "name")) == role_name),
        None,
    )
    if role is None or role_name is None:
        raise PlanError(f"{profile.name} ({profile.type}): its role is not one of this program")
    arn = reader.arn(role)
    if arn is None:
        raise PlanError(f"{role.name} ({role.type}): its ARN is not known")
    count = group.get("desiredCapacity", group.need("minSize"))
    target_inputs = reader.inputs(targets)
    return Fleet(
        count=count,
        role=role_name,
        role_arn=arn,
        trusted=_trusts(reader.inputs(role).need("assumeRolePolicy"), "ec2.amazonaws.com"),
        environment=environment_of(reader.inputs(template).need("userData")),
        health=_health_check(target_inputs),
        drain_seconds=int(target_inputs.get("deregistrationDelay", 300)),
        drops_invalid_headers=any(
            balancer.inputs.get("dropInvalidHeaderFields") is True
            for balancer in graph.of_type(_BALANCER)
        ),
    )


def _trusts(document: str | Mapping[str, Any], service: str) -> bool:
    """Whether a statement without conditions lets `service` assume the role."""
    policy = json.loads(document) if isinstance(document, str) else document
    statements = _listed(policy.get("Statement", []))
    return any(
        statement.get("Effect") == "Allow"
        and "sts:AssumeRole" in _listed(statement.get("Action", []))
        and isinstance(statement.get("Principal"), Mapping)
        and service in _listed(statement["Principal"].get("Service", []))
        and "Condition" not in statement
        for statement in statements
    )


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - IAM writes a list of one without brackets
    return value if isinstance(value, list) else [value]


def environment_of(user_data: str) -> dict[str, str]:
    """The settings that user data (base64 of cloud-config as JSON) puts into ENVIRONMENT_FILE.

    Raises PlanError when it puts none there.
    """
    try:
        text = base64.b64decode(user_data, validate=True).decode()
        files = json.loads(text.removeprefix("#cloud-config\n"))["write_files"]
        content = next(file["content"] for file in files if file["path"] == ENVIRONMENT_FILE)
    except (binascii.Error, ValueError, KeyError, TypeError, StopIteration) as problem:
        raise PlanError(
            f"the launch template's user data does not write {ENVIRONMENT_FILE}"
        ) from problem
    lines = (line.partition("=") for line in content.splitlines() if line.strip())
    return {name: value for name, _, value in lines}


def _health_check(targets: _Inputs) -> HealthCheck:
    # Defaults: Elastic Load Balancing API Reference, "CreateTargetGroup".
    declared = targets.get("healthCheck", {})
    return HealthCheck(
        path=declared.get("path", "/"),
        codes=_codes(str(declared.get("matcher", "200"))),
        timeout=int(declared.get("timeout", 5)),
        healthy=int(declared.get("healthyThreshold", 5)),
        unhealthy=int(declared.get("unhealthyThreshold", 2)),
    )


def _codes(matcher: str) -> tuple[tuple[int, int], ...]:
    ranges = []
    for part in matcher.split(","):
        low, _, high = part.partition("-")
        ranges.append((int(low), int(high or low)))
    return tuple(ranges)


def _website(graph: Graph, reader: _Reader) -> Website:
    inputs = reader.inputs(_only(graph, _SITE, "website"))
    error = inputs.get("errorDocument")
    return Website(
        bucket=inputs.need("bucket"),
        index=inputs.need("indexDocument")["suffix"],
        error=None if error is None else error["key"],
    )


def _only(graph: Graph, kind: str, what: str) -> Resource:
    found = graph.of_type(kind)
    if len(found) != 1:
        raise PlanError(f"stack {graph.stack} declares {len(found)} of {kind}; a {what} is needed")
    return found[0]


def _referred(graph: Graph, value: Value, kind: str, owner: Resource) -> Resource:
    """The one resource of type `kind` that `value` refers to."""
    resources = graph.by_urn()
    found = {
        part.urn: resources[part.urn]
        for part in walk(value)
        if isinstance(part, Reference)
        and part.urn in resources
        and resources[part.urn].type == kind
    }
    if len(found) != 1:
        raise PlanError(f"{owner.name} ({owner.type}) refers to {len(found)} of {kind}, not to one")
    return next(iter(found.values()))
