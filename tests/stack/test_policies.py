"""Policy documents, as AWS would decide them: an independent reading of Allow with globs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from cinema import policies
from cinema.names import Names

NAMES = Names(project="cinema", stack="prod", account="123456789012", region="us-east-1")
IMAGES = NAMES.bucket_arn("images")
LAMBDA_LOG = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/cinema-prod-thumbnails"


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - a policy's field, one or many
    return value if isinstance(value, list) else [value]


def allowed(document: str, action: str, resource: str) -> bool:
    """Whether a document of Allow statements without conditions admits the request."""
    statements: list[Mapping[str, Any]] = json.loads(document)["Statement"]
    assert all(s["Effect"] == "Allow" and "Condition" not in s for s in statements)
    return any(
        any(fnmatchcase(action.lower(), a.lower()) for a in _listed(s["Action"]))
        and any(fnmatchcase(resource, r) for r in _listed(s["Resource"]))
        for s in statements
    )


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:GetObject", f"{IMAGES}/orig/a.jpg", True),
        ("s3:GetObjectVersion", f"{IMAGES}/orig/a.jpg", True),
        ("s3:PutObject", f"{IMAGES}/thumbnails/a.jpg", True),
        ("sqs:SendMessage", NAMES.queue_arn("thumbnails-failed"), True),
        ("logs:PutLogEvents", f"{LAMBDA_LOG}:log-stream:x", True),
        ("s3:PutObject", f"{IMAGES}/orig/a.jpg", False),
        ("s3:GetObject", f"{IMAGES}/thumbnails/a.jpg", False),
        ("s3:DeleteObject", f"{IMAGES}/thumbnails/a.jpg", False),
        ("s3:ListBucket", IMAGES, False),
        ("s3:PutObject", f"{NAMES.bucket_arn('site')}/thumbnails/a.jpg", False),
        ("logs:CreateLogGroup", LAMBDA_LOG, False),
        ("logs:PutLogEvents", f"{LAMBDA_LOG}-other:log-stream:x", False),
    ],
)
def test_the_function_reads_originals_and_writes_thumbnails(
    action: str, resource: str, *, expected: bool
) -> None:
    assert allowed(policies.make_thumbnails(NAMES), action, resource) is expected


def test_reading_and_writing_images_are_two_policies_that_share_nothing() -> None:
    read, write = policies.read_images(NAMES), policies.write_images(NAMES)
    for action, resource in (
        ("s3:GetObject", f"{IMAGES}/orig/a"),
        ("s3:GetObject", f"{IMAGES}/thumbnails/a"),
        ("s3:ListBucket", IMAGES),
    ):
        assert allowed(read, action, resource)
        assert not allowed(write, action, resource)
    for action in ("s3:PutObject", "s3:AbortMultipartUpload"):
        assert allowed(write, action, f"{IMAGES}/orig/a")
        assert not allowed(read, action, f"{IMAGES}/orig/a")
        assert not allowed(write, action, f"{IMAGES}/thumbnails/a")


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:PutObject", f"{IMAGES}/orig/a", True),
        ("s3:GetObject", f"{IMAGES}/thumbnails/a", True),
        ("s3:GetObject", "arn:aws:s3:::al2023-repos-us-east-1-de612dc2/core/x", True),
        ("s3:GetObject", "arn:aws:s3:::us-east-1-birdwatcher-prod/x", True),
        ("s3:PutObject", "arn:aws:s3:::al2023-repos-us-east-1-de612dc2/core/x", False),
        ("s3:PutObject", "arn:aws:s3:::somebody-elses/secrets", False),
        ("s3:GetObject", "arn:aws:s3:::somebody-elses/tool", False),
        ("s3:PutBucketPolicy", IMAGES, False),
    ],
)
def test_the_s3_endpoint_lets_data_into_our_bucket_only(
    action: str, resource: str, *, expected: bool
) -> None:
    assert allowed(policies.s3_endpoint(NAMES), action, resource) is expected


def test_what_the_api_may_do_the_endpoints_let_through() -> None:
    log = f"{NAMES.log_group_arn(NAMES.log_group('api'))}:log-stream:i-1"
    assert allowed(policies.write_api_log(NAMES), "logs:PutLogEvents", log)
    assert allowed(policies.logs_endpoint(NAMES, sessions=False), "logs:PutLogEvents", log)
    for document in (policies.read_images(NAMES), policies.write_images(NAMES)):
        for statement in json.loads(document)["Statement"]:
            for action in statement["Action"]:
                for resource in statement["Resource"]:
                    example = resource.replace("*", "a")
                    assert allowed(policies.s3_endpoint(NAMES), action, example)


def test_a_role_is_for_one_service_and_the_flow_logs_role_for_this_account_only() -> None:
    (trust,) = json.loads(policies.trust("ec2.amazonaws.com"))["Statement"]
    assert trust["Principal"] == {"Service": "ec2.amazonaws.com"}
    (trust,) = json.loads(policies.flow_log_trust(NAMES))["Statement"]
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def test_a_tls_only_policy_denies_and_admits_nobody() -> None:
    (statement,) = json.loads(policies.tls_only(IMAGES))["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Resource"] == [IMAGES, f"{IMAGES}/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_website_may_be_read_and_not_listed() -> None:
    site = NAMES.bucket_arn("site")
    assert allowed(policies.public_website(site), "s3:GetObject", f"{site}/index.html")
    assert not allowed(policies.public_website(site), "s3:ListBucket", site)
    assert not allowed(policies.public_website(site), "s3:PutObject", f"{site}/index.html")


SECRETS = "arn:aws:secretsmanager:us-east-1:123456789012:secret:cinema-prod"
GET, PUT = "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"
DESCRIBE = "secretsmanager:DescribeSecret"


def test_the_api_reads_its_three_secrets_and_writes_none() -> None:
    document = policies.read_api_secrets(NAMES)
    for part in ("session-keys", "database-credentials", "database-ca"):
        assert allowed(document, GET, f"{SECRETS}/{part}-Ab1Cd2")
        assert not allowed(document, PUT, f"{SECRETS}/{part}-Ab1Cd2")
    assert not allowed(document, GET, f"{SECRETS}/session-keys-of-others-Ab1Cd2")
    for part in ("database-admin", "database-authority", "database-keyfile"):
        assert not allowed(document, GET, f"{SECRETS}/{part}-Ab1Cd2")


def test_the_members_make_the_session_keys_and_cannot_read_them() -> None:
    document = policies.found_secrets(NAMES)
    for part in policies.MEMBER_SECRETS:
        for action in (GET, PUT, DESCRIBE):
            assert allowed(document, action, f"{SECRETS}/{part}-Ab1Cd2")
    for action in (PUT, DESCRIBE):
        assert allowed(document, action, f"{SECRETS}/session-keys-Ab1Cd2")
    assert not allowed(document, GET, f"{SECRETS}/session-keys-Ab1Cd2")
    assert not allowed(document, GET, f"{SECRETS}-other/database-admin-Ab1Cd2")
    assert not allowed(document, "secretsmanager:DeleteSecret", f"{SECRETS}/database-ca-Ab1Cd2")


def test_what_the_members_may_do_the_endpoints_let_through() -> None:
    for document, endpoint in (
        (policies.found_secrets(NAMES), policies.secrets_endpoint(NAMES)),
        (policies.read_api_secrets(NAMES), policies.secrets_endpoint(NAMES)),
        (policies.write_database_log(NAMES), policies.logs_endpoint(NAMES, sessions=True)),
    ):
        for statement in json.loads(document)["Statement"]:
            for action in statement["Action"]:
                for resource in statement["Resource"]:
                    example = resource.replace("*", "a").replace("?", "a")
                    assert allowed(endpoint, action, example)


def test_the_endpoint_of_secrets_carries_nothing_to_secrets_of_others() -> None:
    endpoint = policies.secrets_endpoint(NAMES)
    theirs = SECRETS.replace("123456789012", "999999999999")
    assert not allowed(endpoint, PUT, f"{theirs}/database-admin-Ab1Cd2")
    assert not allowed(endpoint, "secretsmanager:CreateSecret", f"{SECRETS}/loot-Ab1Cd2")


def test_backups_take_snapshots_of_the_stacks_own_volumes_and_share_none() -> None:
    statements = json.loads(policies.back_up_volumes(NAMES))["Statement"]
    actions = {action for s in statements for action in s["Action"]}
    assert not {a for a in actions if "Modify" in a or "Copy" in a or "Share" in a}
    (of_volumes,) = (s for s in statements if any(":volume/" in r for r in s["Resource"]))
    tag = {"aws:ResourceTag/cinema-backup": "cinema-prod"}
    assert of_volumes["Condition"] == {"StringEquals": tag}
    (deleting,) = (s for s in statements if "ec2:DeleteSnapshot" in s["Action"])
    taken = {"aws:ResourceTag/aws:backup:source-resource": "false"}
    assert deleting["Condition"] == {"Null": taken}
