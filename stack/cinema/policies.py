"""Policy documents as pure functions of names: every one is known before anything exists."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from cinema.names import Names

Statement: TypeAlias = Mapping[str, object]

# Read by instances through the S3 endpoint, and written to by nobody of ours. The packages of
# Amazon Linux (AL2023 User Guide, "Deterministic upgrades through versioned repositories"), and
# what Systems Manager needs to patch (Systems Manager User Guide, "SSM Agent communications with
# AWS managed S3 buckets").
_AWS_BUCKETS = (
    "al2023-repos-{region}-de612dc2",
    "amazon-ssm-{region}",
    "amazon-ssm-packages-{region}",
    "aws-ssm-{region}",
    "aws-ssm-document-attachments-{region}",
    "patch-baseline-snapshot-{region}",
    "{region}-birdwatcher-prod",
)

# Read by build instances (Image Builder User Guide, "Image Builder and AWS PrivateLink interface
# VPC endpoints"): the program that runs components, and what AWS's own components hold.
_BUILD_BUCKETS = (
    "ec2imagebuilder-toe-{region}-prod/*",
    "ec2imagebuilder-managed-resources-{region}-prod/components/*",
)

BUILD_LOGS = "/aws/imagebuilder/"
"""What the names of Image Builder's log groups begin with."""

ORIGINALS, THUMBNAILS = "orig/", "thumbnails/"
"""The two halves of the image bucket. They must not overlap: one triggers what writes the other."""


def document(*statements: Statement) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: Sequence[str], resources: Sequence[str], **more: object) -> Statement:
    """One statement of an identity policy."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources), **more}


def trust(service: str, condition: Mapping[str, object] | None = None) -> str:
    """Who may assume a role: one AWS service, under a condition."""
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return document(statement if condition is None else {**statement, "Condition": condition})


# ── images ──────────────────────────────────────────────────────────────────────────────────────


def read_images(names: Names) -> str:
    """The API lists images and reads both halves.

    Without ListBucket S3 answers 403, not 404, for a key that does not exist.
    """
    bucket = names.bucket_arn("images")
    return document(
        allow(["s3:ListBucket"], [bucket]),
        allow(["s3:GetObject"], [f"{bucket}/{ORIGINALS}*", f"{bucket}/{THUMBNAILS}*"]),
    )


def write_images(names: Names) -> str:
    """The API stores originals, and gives up the parts of an upload that failed."""
    bucket = names.bucket_arn("images")
    return document(allow(["s3:PutObject", "s3:AbortMultipartUpload"], [f"{bucket}/{ORIGINALS}*"]))


def make_thumbnails(names: Names) -> str:
    """The function reads originals of any version and writes thumbnails; it logs; it fails loudly.

    Without `s3:GetObjectVersion` the version that an event names could not be read. Nothing
    permits a write under `orig/`: it would start the function again, for ever.
    """
    bucket = names.bucket_arn("images")
    log_group = names.log_group_arn(names.function_log_group("thumbnails"))
    return document(
        allow(["s3:GetObject", "s3:GetObjectVersion"], [f"{bucket}/{ORIGINALS}*"]),
        allow(["s3:PutObject"], [f"{bucket}/{THUMBNAILS}*"]),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group}:*"]),
        allow(["sqs:SendMessage"], [names.queue_arn("thumbnails-failed")]),
    )


def read_session_keys(names: Names) -> str:
    """The API reads the keys that sign its sessions, and no other secret.

    Six question marks stand for the characters that Secrets Manager adds to a secret's ARN.
    """
    keys = names.secret_arn("session-keys")
    return document(allow(["secretsmanager:GetSecretValue"], [f"{keys}-??????"]))


# ── machine images ──────────────────────────────────────────────────────────────────────────────


def build_machines(names: Names, machines: Sequence[str]) -> str:
    """A build instance reads artifacts and components, writes its log, and is steered.

    A part of what Image Builder asks for (Image Builder User Guide, "Prerequisites": the policies
    EC2InstanceProfileForImageBuilder and AmazonSSMManagedInstanceCore). Left out is what would let
    it at parameters, at keys and at other buckets. The actions of Systems Manager's agent take no
    resource.
    """
    logs = [f"{names.log_group_arn(names.build_log_group(machine))}:*" for machine in machines]
    return document(
        allow(["s3:GetObject"], [f"{names.bucket_arn('artifacts')}/*"]),
        allow(["imagebuilder:GetComponent"], [names.component_arn("*")]),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], logs),
        allow(list(_AGENT), ["*"]),
    )


_AGENT = (
    "ec2messages:AcknowledgeMessage",
    "ec2messages:DeleteMessage",
    "ec2messages:FailMessage",
    "ec2messages:GetEndpoint",
    "ec2messages:GetMessages",
    "ec2messages:SendReply",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)


# ── delivery ────────────────────────────────────────────────────────────────────────────────────


def preview_trust(names: Names, issuer: str, repository: str) -> str:
    """GitHub's tokens for pull requests of one repository.

    Both conditions are needed: without `sub` any repository of the world could assume the role
    (IAM User Guide, "Create a role for OpenID Connect federation").
    """
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::{names.account}:oidc-provider/{issuer}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    f"{issuer}:aud": "sts.amazonaws.com",
                    f"{issuer}:sub": f"repo:{repository}:pull_request",
                }
            },
        }
    )


def read_state(bucket: str) -> str:
    """What Pulumi reads of a state that is kept in an S3 bucket."""
    arn = f"arn:aws:s3:::{bucket}"
    return document(
        allow(["s3:ListBucket"], [arn]),
        allow(["s3:GetObject"], [f"{arn}/.pulumi/*"]),
    )


# ── logs ────────────────────────────────────────────────────────────────────────────────────────


def write_api_log(names: Names) -> str:
    """The API's instances send their log, each in a stream of its own."""
    log_group = names.log_group_arn(names.log_group("api"))
    return document(allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group}:*"]))


def flow_log_trust(names: Names) -> str:
    """The flow-log service, for flow logs of this account and region only.

    The condition keeps other customers' flow logs from borrowing the role (VPC User Guide,
    "IAM role for publishing flow logs to CloudWatch Logs").
    """
    source = f"arn:aws:ec2:{names.region}:{names.account}:vpc-flow-log/*"
    return trust(
        "vpc-flow-logs.amazonaws.com",
        {
            "StringEquals": {"aws:SourceAccount": names.account},
            "ArnLike": {"aws:SourceArn": source},
        },
    )


def write_flow_log(names: Names) -> str:
    """What the flow-log service needs once the log group exists: no CreateLogGroup."""
    log_group = names.log_group_arn(names.log_group("network"))
    return document(
        allow(
            ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            [f"{log_group}:*"],
        ),
        # A listing has no narrower resource than the account's log groups.
        allow(["logs:DescribeLogGroups"], [names.log_group_arn("*")]),
    )


# ── buckets and endpoints ───────────────────────────────────────────────────────────────────────


def _tls_only(bucket: str) -> Statement:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket, f"{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def tls_only(bucket_arn: str) -> str:
    """Nobody speaks to the bucket in clear."""
    return document(_tls_only(bucket_arn))


def public_website(bucket_arn: str) -> str:
    """Anybody may read the site. Not TLS only: S3 websites speak nothing but HTTP."""
    return document(
        {
            "Sid": "PublicRead",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"{bucket_arn}/*",
        }
    )


def s3_endpoint(names: Names) -> str:
    """What may pass the S3 endpoint: our images and artifacts, and AWS's own packages to read.

    An endpoint without a policy lets data out to any bucket of any account.
    """
    images = names.bucket_arn("images")
    return document(
        allow(["s3:ListBucket"], [images], Sid="OwnBucket", Principal="*"),
        allow(
            ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
            [f"{images}/*"],
            Sid="OwnObjects",
            Principal="*",
        ),
        allow(
            ["s3:GetObject"],
            [f"{names.bucket_arn('artifacts')}/*"],
            Sid="OwnArtifacts",
            Principal="*",
        ),
        allow(
            ["s3:GetObject"],
            [
                f"arn:aws:s3:::{name.format(region=names.region)}"
                for name in (*(f"{bucket}/*" for bucket in _AWS_BUCKETS), *_BUILD_BUCKETS)
            ],
            Sid="AwsPackages",
            Principal="*",
        ),
    )


def logs_endpoint(names: Names) -> str:
    """What may pass the endpoint of CloudWatch Logs: events of the API and of builds."""
    log_group = names.log_group_arn(names.log_group("api"))
    return document(
        allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"{log_group}:*"],
            Sid="OwnLogs",
            Principal="*",
        ),
        allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"{names.log_group_arn(BUILD_LOGS)}*"],
            Sid="BuildLogs",
            Principal="*",
        ),
    )
