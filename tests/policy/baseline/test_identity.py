"""Who may take over the account, and who is let in, when no contract says who should."""

from __future__ import annotations

import msgspec
import pytest

from stackproof.check import check
from stackproof.model import Claim, Resource, Unknown, Value, Verdict
from tests.policy.check.worlds import TODAY
from tests.policy.graphs import ACCOUNT, graph, ref, resource
from tests.policy.identity.worlds import (
    BLOCK,
    BUCKET,
    BUCKET_POLICY,
    FUNCTION,
    ROLE,
    Statement,
    allow,
    declared,
    deny,
    document,
    role,
    trust,
)

EC2 = {"Service": "ec2.amazonaws.com"}
LAMBDA = {"Service": "lambda.amazonaws.com"}
GITHUB = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"}
NOT_GIT = "token.actions.githubusercontent.com"


def claims(*resources: Resource) -> dict[str, Claim]:
    return {c.id: c for c in check(graph(*resources), None, today=TODAY).claims}


def verdict(claim: str, *resources: Resource) -> str:
    return claims(*resources)[claim].verdict.value


def of(*statements: Statement) -> str:
    return verdict("baseline.takeover.api", *role("api", EC2, document(*statements)))


@pytest.mark.parametrize(
    ("action", "found"),
    [
        ("s3:GetObject", "proven"),
        ("iam:GetRole", "proven"),
        ("iam:CreatePolicyVersion", "violated"),
        ("iam:*", "violated"),
        ("*", "violated"),
        ("iam:DetachRolePolicy", "unproven"),
        ("iam:PassRole", "proven"),
        ("s3:PutBucketPolicy", "proven"),
        ("sts:AssumeRole", "unproven"),
        ("ssm:StartSession", "unproven"),
    ],
)
def test_what_gives_power_over_the_account(action: str, found: str) -> None:
    assert of(allow(action)) == found


def test_a_deny_takes_it_away() -> None:
    assert (
        of(allow("*"), deny(["iam:*", "sts:*", "sso:*", "ssm:*", "lambda:*", "ec2*"])) == "proven"
    )


def test_passing_any_role_to_something_that_it_makes() -> None:
    assert of(allow(["iam:PassRole", "lambda:CreateFunction"])) == "unproven"


def test_a_boundary_that_must_be_set_may_hold_it() -> None:
    bounded = {"StringEquals": {"iam:PermissionsBoundary": f"arn:aws:iam::{ACCOUNT}:policy/b"}}
    assert of(allow("iam:PutRolePolicy", Condition=bounded)) == "unproven"


def test_a_condition_that_is_not_decided_leaves_it_open() -> None:
    dated = {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}
    assert of(allow("iam:PutRolePolicy", Condition=dated)) == "unproven"


def test_an_unknown_policy_leaves_it_open() -> None:
    assert verdict("baseline.takeover.api", *role("api", EC2, Unknown("later"))) == "unproven"


def chained() -> list[Resource]:
    administrator = role("admin", {"AWS": f"arn:aws:iam::{ACCOUNT}:role/deployer"},
                         document(allow("*")))  # fmt: skip
    return [*role("deployer", LAMBDA, document(allow("s3:PutObject"))), *administrator]


def test_a_chain_of_roles_is_followed_and_shown() -> None:
    found = claims(*chained())["baseline.takeover.deployer"]
    assert found.verdict is Verdict.VIOLATED
    assert found.evidence.witness["chain"] == [
        "deployer assumes admin",
        "admin writes the permissions of others",
    ]


def test_code_in_a_function_that_is_an_administrator() -> None:
    function = resource(FUNCTION, "job", name="job", role=ref(ROLE, "admin", "arn"))
    admin = role("admin", LAMBDA, document(allow("*")))
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:job"
    writer = role("api", EC2, document(allow("lambda:UpdateFunctionCode", arn)))
    assert verdict("baseline.takeover.api", *admin, *writer, function) == "violated"


def test_a_shell_in_a_container_is_its_tasks_role() -> None:
    task = resource(
        "aws:ecs/taskDefinition:TaskDefinition", "job", taskRoleArn=ref(ROLE, "admin", "arn")
    )
    admin = role("admin", {"Service": "ecs-tasks.amazonaws.com"}, document(allow("*")))
    operator = role("api", EC2, document(allow("ecs:ExecuteCommand")))
    assert verdict("baseline.takeover.api", *admin, *operator, task) == "violated"
    assert verdict("baseline.takeover.api", *role("api", EC2), *admin, task) == "proven"


def test_what_is_not_modelled_proves_nothing() -> None:
    strange = resource("aws:new/thing:Thing", "strange")
    found = claims(*role("api", EC2), strange)
    assert {c.verdict.value for i, c in found.items() if ".takeover" in i or ".strang" in i} == {
        "unproven"
    }


@pytest.mark.parametrize(
    ("who", "condition", "found"),
    [
        (EC2, None, "proven"),
        ({"AWS": "arn:aws:iam::999999999999:root"}, None, "proven"),
        ("*", None, "violated"),
        ({"AWS": "*"}, None, "violated"),
        ("*", {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, "proven"),
        (GITHUB, {"StringEquals": {f"{NOT_GIT}:aud": "sts.amazonaws.com"}}, "violated"),
        (GITHUB, {"StringLike": {f"{NOT_GIT}:sub": "repo:*"}}, "violated"),
        (GITHUB, {"StringLike": {f"{NOT_GIT}:sub": "repo:us/shop:*"}}, "proven"),
    ],
)
def test_who_may_become_a_role(who: object, condition: object, found: str) -> None:
    more = {} if condition is None else {"Condition": condition}
    (made,) = role("api", EC2)
    made = msgspec.structs.replace(
        made, inputs={**made.inputs, "assumeRolePolicy": trust(who, **more)}
    )
    assert verdict("baseline.strangers.api", made) == found


def bucket(statement: Statement, *more: Resource) -> str:
    policy = resource(BUCKET_POLICY, "site", bucket=ref(BUCKET, "site"), policy=document(statement))
    made = resource(BUCKET, "site", bucket="site")
    return verdict("baseline.public.site", made, policy, *more)


READ = allow("s3:GetObject", "arn:aws:s3:::site/*", Principal="*")
WEBSITE = resource(
    "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
    "site",
    bucket=ref(BUCKET, "site"),
)
OPEN: dict[str, Value] = {
    "bucket": ref(BUCKET, "site"),
    "blockPublicPolicy": False,
    "restrictPublicBuckets": False,
}


def test_a_bucket_that_anybody_may_read() -> None:
    block = declared(BLOCK, "site", OPEN)
    assert bucket(READ, block) == "violated"
    closed = resource(BLOCK, "site", bucket=ref(BUCKET, "site"), restrictPublicBuckets=True)
    assert bucket(READ, closed) == "proven"
    # AWS blocks new buckets, and who made this one when is not known.
    assert bucket(READ) == "unproven"


def test_a_website_may_be_read_and_not_written() -> None:
    block = declared(BLOCK, "site", OPEN)
    assert bucket(READ, block, WEBSITE) == "proven"
    write = allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::site/*", Principal="*")
    assert bucket(write, block, WEBSITE) == "violated"


def test_a_policy_that_names_an_account_is_not_public() -> None:
    named = {"AWS": "arn:aws:iam::999999999999:root"}
    assert bucket(allow("s3:GetObject", "arn:aws:s3:::site/*", Principal=named)) == "proven"
