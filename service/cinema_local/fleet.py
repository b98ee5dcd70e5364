"""What processes of ours play: the API's instances behind their balancer, and the website."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cinema_local.inputs import Inputs, PlanError, Reader
from stackproof.model import Graph, Reference, Resource, Value, walk

ENVIRONMENT_FILE = "/etc/cinema/environment"
"""Where user data puts the API's settings, and systemd reads them."""

_GROUP = "aws:autoscaling/group:Group"
_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_TARGETS = "aws:lb/targetGroup:TargetGroup"
_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_PROFILE = "aws:iam/instanceProfile:InstanceProfile"
_ROLE = "aws:iam/role:Role"
_SITE = "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration"

STANDS_FOR = frozenset({_GROUP, _TEMPLATE, _TARGETS, _BALANCER})
"""What this program plays itself: processes behind a balancer on loopback."""


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


def fleet_of(graph: Graph, reader: Reader) -> Fleet:
    """The one Auto Scaling group, with what its launch template and target group say."""
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


def _health_check(targets: Inputs) -> HealthCheck:
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


def website_of(graph: Graph, reader: Reader) -> Website:
    """The one website."""
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
