"""What is brought up is what the program declares: the Plan, a pure function of the Graph."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
import msgspec
import pytest
from botocore.validate import ParamValidator

from cinema_local.calls import File, Package
from cinema_local.fleet import ENVIRONMENT_FILE, HealthCheck, environment_of
from cinema_local.inputs import PlanError
from cinema_local.plan import Plan, plan
from stackproof.model import Graph, Resource, Unknown

ROLE = "aws:iam/role:Role"
GROUP = "aws:autoscaling/group:Group"
BUCKET = "aws:s3/bucket:Bucket"
TARGETS = "aws:lb/targetGroup:TargetGroup"
WEBSITE = "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration"
PROFILE = "aws:iam/instanceProfile:InstanceProfile"
POLICY = "aws:iam/policy:Policy"
PLAYED_BY_PROCESSES = {
    GROUP,
    TARGETS,
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:lb/loadBalancer:LoadBalancer",
}


@pytest.fixture(scope="module")
def made(graph: Graph) -> Plan:
    return plan(graph, api_address="localhost:8080")


def changed(graph: Graph, kind: str, change: Callable[[Resource], Resource | None]) -> Graph:
    """The Graph with each resource of a type changed, or gone where the change gives None."""
    resources = (change(one) if one.type == kind else one for one in graph.resources)
    return msgspec.structs.replace(graph, resources=tuple(filter(None, resources)))


def given(**inputs: Any) -> Callable[[Resource], Resource]:  # noqa: ANN401 - as Pulumi's inputs
    return lambda one: msgspec.structs.replace(one, inputs={**one.inputs, **inputs})


def refusal(graph: Graph) -> str:
    with pytest.raises(PlanError) as refused:
        plan(graph, api_address="localhost:8080")
    return str(refused.value)


# ── of what the program declares ────────────────────────────────────────────────────────────────


def test_every_resource_is_brought_up_played_or_said_to_be_left_out(
    graph: Graph, made: Plan
) -> None:
    declared = [one for one in graph.resources if one.custom]
    planned = {step.urn for step in made.steps}
    left = [one.type for one in declared if one.urn not in planned]
    assert {kind: left.count(kind) for kind in left if kind not in PLAYED_BY_PROCESSES} == dict(
        made.left_out
    )
    assert len(planned) == len(made.steps)
    assert set(left) >= PLAYED_BY_PROCESSES


def test_nothing_is_made_before_what_it_needs(graph: Graph, made: Plan) -> None:
    place = {step.urn: number for number, step in enumerate(made.steps)}
    needs = {one.urn: one.dependencies for one in graph.resources}
    pairs = [(urn, other) for urn in place for other in needs[urn] if other in place]
    assert pairs
    assert all(place[other] < place[urn] for urn, other in pairs)


def test_the_calls_are_such_as_aws_takes(made: Plan) -> None:
    # The oracle is botocore's own model of each service.
    session = botocore.session.get_session()
    for step in made.steps:
        for call in step.calls:
            operations = session.get_service_model(call.service)
            names = {botocore.xform_name(name): name for name in operations.operation_names}
            shape = operations.operation_model(names[call.operation]).input_shape
            report = ParamValidator().validate(_loaded(call.parameters), shape)
            assert not report.has_errors(), f"{step.name}: {report.generate_report()}"


def test_policies_arrive_word_for_word(graph: Graph, made: Plan) -> None:
    documents = {
        step.name: step.calls[0].parameters["PolicyDocument"]
        for step in made.steps
        if step.type == POLICY
    }
    declared = {one.name: one.inputs["policy"] for one in graph.of_type(POLICY)}
    assert documents == declared
    assert json.loads(documents["api-write-images"])["Statement"]


def test_what_has_no_effect_here_is_said(graph: Graph, made: Plan) -> None:
    function = next(step for step in made.steps if step.type == "aws:lambda/function:Function")
    assert function.without_effect == ("architectures",)
    read = graph.of_type("aws:lambda/function:Function")[0].inputs
    assert function.calls[0].parameters["MemorySize"] == read["memorySize"]


def test_the_site_learns_the_address_of_the_local_api(made: Plan) -> None:
    config = next(step for step in made.steps if step.name == "config.json")
    body = json.loads(config.calls[0].parameters["Body"])
    assert body == {"api": "http://localhost:8080"}


def test_the_fleet_is_that_of_the_group(graph: Graph, made: Plan) -> None:
    fleet = made.fleet
    role = next(one for one in graph.of_type(ROLE) if one.name == "api")
    assert (fleet.count, fleet.role, fleet.trusted) == (3, role.inputs["name"], True)
    assert fleet.role_arn == f"arn:aws:iam::{graph.account}:role/{fleet.role}"
    assert fleet.environment["CINEMA_IMAGES"] == "login"
    assert fleet.health.path == "/healthz"
    assert fleet.drops_invalid_headers


# ── of programs that are otherwise ──────────────────────────────────────────────────────────────


def test_another_region_is_named_to_s3(graph: Graph) -> None:
    elsewhere = msgspec.structs.replace(graph, region="eu-central-1")
    made = plan(elsewhere, api_address="localhost:8080")
    buckets = [step.calls[0].parameters for step in made.steps if step.type == BUCKET]
    assert buckets
    for parameters in buckets:
        assert parameters["CreateBucketConfiguration"] == {"LocationConstraint": "eu-central-1"}


@pytest.mark.parametrize(
    "policy",
    [
        {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]},
        {
            "Statement": {
                "Effect": "Deny",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "ec2.amazonaws.com"},
            }
        },
        {
            "Statement": {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
            }
        },
        {
            "Statement": {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": ["lambda.amazonaws.com"]},
            }
        },
    ],
)
def test_instances_get_no_credentials_of_a_role_that_does_not_trust_ec2(
    graph: Graph, policy: Mapping[str, Any]
) -> None:
    found = plan(
        changed(graph, ROLE, given(assumeRolePolicy=json.dumps(policy))),
        api_address="localhost:8080",
    )
    assert not found.fleet.trusted


def test_health_checks_have_the_defaults_of_aws(graph: Graph) -> None:
    found = plan(changed(graph, TARGETS, given(healthCheck={})), api_address="localhost:8080")
    expected = HealthCheck(path="/", codes=((200, 200),), timeout=5, healthy=5, unhealthy=2)
    assert found.fleet.health == expected
    found = plan(
        changed(graph, TARGETS, given(healthCheck={"matcher": "200,202-204"})),
        api_address="localhost:8080",
    )
    assert found.fleet.health.codes == ((200, 200), (202, 204))


def test_what_is_known_only_after_a_deployment_is_named(graph: Graph) -> None:
    problem = refusal(changed(graph, BUCKET, given(bucket=Unknown("made by AWS"))))
    assert "(aws:s3/bucket:Bucket): what 'bucket' holds is known only after a deploy" in problem


def test_what_the_run_cannot_do_without_is_named(graph: Graph) -> None:
    assert f"declares 0 of {WEBSITE}" in refusal(changed(graph, WEBSITE, lambda _: None))
    assert f"declares 0 of {GROUP}" in refusal(changed(graph, GROUP, lambda _: None))
    assert f"refers to 0 of {TARGETS}" in refusal(changed(graph, TARGETS, lambda _: None))
    strange = changed(graph, PROFILE, given(role="of-another-stack"))
    assert "its role is not one of this program" in refusal(strange)
    assert "no account" in refusal(msgspec.structs.replace(graph, account=None))


@pytest.mark.parametrize(
    "user_data",
    [
        "not base64!",
        base64.b64encode(b"#!/bin/sh\necho hello\n").decode(),
        base64.b64encode(b'#cloud-config\n{"write_files": []}').decode(),
        base64.b64encode(b"#cloud-config\n[]").decode(),
        base64.b64encode(b"\xff").decode(),
    ],
)
def test_user_data_without_settings_is_refused(user_data: str) -> None:
    with pytest.raises(PlanError, match=ENVIRONMENT_FILE):
        environment_of(user_data)


def _loaded(value: Any) -> Any:  # noqa: ANN401 - JSON, with files in it
    """The parameters as they are sent: files become their bytes."""
    if isinstance(value, Mapping):
        return {key: _loaded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_loaded(item) for item in value]
    return b"" if isinstance(value, File | Package) else value
