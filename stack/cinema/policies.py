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


# ── secrets ─────────────────────────────────────────────────────────────────────────────────────


API_SECRETS = ("session-keys", "database-credentials", "database-ca")
"""What the API reads. It writes none."""

MEMBER_SECRETS = (
    "database-admin",
    "database-authority",
    "database-ca",
    "database-credentials",
    "database-keyfile",
)
"""What the members of the database read, and give their first value."""


def _secrets(names: Names, parts: Sequence[str]) -> list[str]:
    """Six question marks stand for the characters that Secrets Manager adds to a secret's ARN."""
    return [f"{names.secret_arn(part)}-??????" for part in parts]


def read_api_secrets(names: Names) -> str:
    """The API reads what signs its sessions and what lets it at the database."""
    return document(allow(["secretsmanager:GetSecretValue"], _secrets(names, API_SECRETS)))


def found_secrets(names: Names) -> str:
    """The members read their secrets, and make whatever has no value yet.

    That includes the API's session keys, which they cannot read: DescribeSecret tells whether
    there is a value, and not which.
    """
    every = _secrets(names, sorted({*MEMBER_SECRETS, "session-keys"}))
    return document(
        allow(["secretsmanager:GetSecretValue"], _secrets(names, MEMBER_SECRETS)),
        allow(["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"], every),
    )


def write_database_log(names: Names) -> str:
    """The members send their log, each in a stream of its own."""
    log_group = names.log_group_arn(names.log_group("database"))
    return document(allow(["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group}:*"]))


# ── backups ─────────────────────────────────────────────────────────────────────────────────────

BACKUP_TAG = "cinema-backup"
"""Volumes with this tag, of the stack's name, are backed up."""


def backup_trust(names: Names) -> str:
    """AWS Backup, for this account only (AWS Backup Developer Guide, "Confused deputy")."""
    return trust("backup.amazonaws.com", {"StringEquals": {"aws:SourceAccount": names.account}})


def back_up_volumes(names: Names) -> str:
    """Snapshots of the tagged volumes, into one vault.

    Cut from the managed AWSBackupServiceRolePolicyForBackup (AWS Backup Developer Guide, "Managed
    policies for AWS Backup"), which may also back up everything else, and share snapshots with
    other accounts. A listing has no narrower resource.
    """
    volumes = f"arn:aws:ec2:{names.region}:{names.account}:volume/*"
    snapshots = f"arn:aws:ec2:{names.region}::snapshot/*"
    tagged = {"StringEquals": {f"aws:ResourceTag/{BACKUP_TAG}": names.prefix}}
    taken = {"Null": {"aws:ResourceTag/aws:backup:source-resource": "false"}}
    return document(
        allow(["ec2:CreateSnapshot"], [volumes], Condition=tagged),
        allow(["ec2:CreateSnapshot", "ec2:CreateTags"], [snapshots]),
        allow(["ec2:DeleteSnapshot"], [snapshots], Condition=taken),
        allow(
            [
                "ec2:DescribeSnapshots",
                "ec2:DescribeTags",
                "ec2:DescribeVolumes",
                "tag:GetResources",
            ],
            ["*"],
        ),
        allow(["backup:DescribeBackupVault"], [names.vault_arn("database")]),
    )


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


# ── keys ────────────────────────────────────────────────────────────────────────────────────────

# What administers a key and neither uses it nor lets anybody else use it: no kms:CreateGrant.
# (AWS KMS Developer Guide, "Allows key administrators to administer the KMS key").
_ADMINISTER_KEYS = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
_USE_KEYS = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")


def key(
    names: Names,
    *,
    via: Sequence[str] = (),
    grants: bool = False,
    services: Sequence[Statement] = (),
) -> str:
    """Whom a key obeys: the account's IAM policies, and of them only so much.

    Administration, in full; use, only through the services of `via`, so that nobody decrypts by
    asking KMS directly; with `grants`, what those services need to keep a volume or a function
    usable after the request that made it.
    """
    account = {"AWS": f"arn:aws:iam::{names.account}:root"}
    through = {"kms:ViaService": [f"{service}.{names.region}.amazonaws.com" for service in via]}
    statements: list[Statement] = [
        {
            "Sid": "Administration",
            "Effect": "Allow",
            "Principal": account,
            "Action": list(_ADMINISTER_KEYS),
            "Resource": "*",
        }
    ]
    if via:
        statements.append(
            {
                "Sid": "UseThroughServices",
                "Effect": "Allow",
                "Principal": account,
                "Action": list(_USE_KEYS),
                "Resource": "*",
                "Condition": {"StringEquals": through},
            }
        )
    if grants:
        statements.append(
            {
                "Sid": "GrantsToServices",
                "Effect": "Allow",
                "Principal": account,
                "Action": "kms:CreateGrant",
                "Resource": "*",
                "Condition": {
                    "StringEquals": through,
                    "Bool": {"kms:GrantIsForAWSResource": "true"},
                },
            }
        )
    return document(*statements, *services)


def keys_for_records(names: Names) -> list[Statement]:
    """CloudTrail for its one trail, and AWS Config for this account.

    (AWS CloudTrail User Guide, "Configure AWS KMS key policies for CloudTrail"; AWS Config
    Developer Guide, "Permissions for the KMS Key for the AWS Config Delivery Channel".)
    """
    trail = {"StringEquals": {"aws:SourceArn": names.trail_arn}}
    context = {"kms:EncryptionContext:aws:cloudtrail:arn": names.trail_arn}
    return [
        {
            "Sid": "Trail",
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "kms:GenerateDataKey*",
            "Resource": "*",
            "Condition": {**trail, "StringLike": context},
        },
        {
            "Sid": "TrailDescribes",
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "kms:DescribeKey",
            "Resource": "*",
            "Condition": trail,
        },
        {
            "Sid": "Recorder",
            "Effect": "Allow",
            "Principal": {"Service": "config.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": names.account}},
        },
    ]


def key_for_logs(names: Names) -> Statement:
    """CloudWatch Logs, for the log groups of this stack.

    (CloudWatch Logs User Guide, "Encrypt log data in CloudWatch Logs using AWS KMS".)
    """
    groups = (
        names.log_group("*"),
        names.function_log_group("*"),
        names.build_log_group("*"),
    )
    return {
        "Sid": "LogGroups",
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{names.region}.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        "Resource": "*",
        "Condition": {
            "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": [names.log_group_arn(g) for g in groups]
            }
        },
    }


def _tells(names: Names) -> tuple[tuple[str, Sequence[str]], ...]:
    """The services that publish to the topic of alarms, and on behalf of what.

    AWS documents no condition for EventBridge (Amazon EventBridge User Guide, "Using resource-based
    policies for Amazon EventBridge", "Amazon SNS permissions"): one that it does not send would
    silence it.
    """
    return (
        ("cloudwatch.amazonaws.com", [names.alarm_arn("*")]),
        ("budgets.amazonaws.com", [f"arn:aws:budgets::{names.account}:*"]),
        ("events.amazonaws.com", []),
    )


def _on_behalf(names: Names, sources: Sequence[str]) -> Mapping[str, object]:
    if not sources:
        return {}
    return {
        "Condition": {
            "StringEquals": {"aws:SourceAccount": names.account},
            "ArnLike": {"aws:SourceArn": list(sources)},
        }
    }


def key_for_alarms(names: Names) -> list[Statement]:
    """The services that publish to an encrypted topic, for alarms and budgets of this account.

    (Amazon SNS Developer Guide, "Enable compatibility between event sources from AWS services and
    encrypted topics".)
    """
    return [
        {
            "Sid": f"Topic{service.partition('.')[0].title()}",
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            **_on_behalf(names, sources),
        }
        for service, sources in _tells(names)
    ]


def use_key(names: Names, part: str, service: str, actions: Sequence[str]) -> Statement:
    """A role uses the key of a class of data, through one service.

    No id of a key is known before it exists. Its alias is, and no other key of the account can
    have it at the same time (AWS KMS Developer Guide, "Use aliases to control access to KMS keys").
    """
    return allow(
        actions,
        [f"arn:aws:kms:{names.region}:{names.account}:key/*"],
        Condition={
            "StringEquals": {"kms:ViaService": f"{service}.{names.region}.amazonaws.com"},
            "ForAnyValue:StringEquals": {"kms:ResourceAliases": names.key_alias(part)},
        },
    )


def use_api_keys(names: Names) -> str:
    """The API reads and writes encrypted images (a large upload in parts, read back), and secrets.

    (Amazon S3 User Guide, "Uploading and copying objects using multipart upload", "Multipart upload
    API and permissions".)
    """
    return document(
        use_key(names, "images", "s3", ["kms:Decrypt", "kms:GenerateDataKey"]),
        use_key(names, "credentials", "secretsmanager", ["kms:Decrypt"]),
    )


def use_member_keys(names: Names) -> str:
    """The members of the database read their secrets, and write the first value of each."""
    return document(
        use_key(names, "credentials", "secretsmanager", ["kms:Decrypt", "kms:GenerateDataKey"])
    )


def use_thumbnail_keys(names: Names) -> str:
    """The function reads and writes images, keeps dead letters, and has its variables read to it.

    (AWS Lambda Developer Guide, "Securing Lambda environment variables".)
    """
    return document(
        use_key(names, "images", "s3", ["kms:Decrypt", "kms:GenerateDataKey"]),
        use_key(names, "messages", "sqs", ["kms:Decrypt", "kms:GenerateDataKey"]),
        use_key(names, "credentials", "lambda", ["kms:Decrypt"]),
    )


# ── alarms ──────────────────────────────────────────────────────────────────────────────────────


def publish_alarms(names: Names) -> str:
    """Alarms and budgets of this account publish to the topic, and nobody else does."""
    return document(
        *(
            {
                "Sid": service.partition(".")[0].title(),
                "Effect": "Allow",
                "Principal": {"Service": service},
                "Action": "sns:Publish",
                "Resource": names.topic_arn("alarms"),
                **_on_behalf(names, sources),
            }
            for service, sources in _tells(names)
        )
    )


# ── watching the account ────────────────────────────────────────────────────────────────────────

MALWARE_TAG = "GuardDutyMalwareScanStatus"
"""What GuardDuty tags an upload with, once it has looked at it."""

FINDINGS: Mapping[str, str] = {
    "threats": json.dumps(
        {
            "source": ["aws.guardduty"],
            "detail-type": ["GuardDuty Finding"],
            # High and critical (Amazon GuardDuty User Guide, "Findings severity levels").
            "detail": {"severity": [{"numeric": [">=", 7]}]},
        }
    ),
    "malware": json.dumps(
        {
            "source": ["aws.guardduty"],
            "detail-type": ["GuardDuty Malware Protection Object Scan Result"],
            "detail": {"scanResultDetails": {"scanResultStatus": ["THREATS_FOUND"]}},
        }
    ),
}
"""What is told of GuardDuty: patterns of EventBridge rules, by name."""


def images(names: Names) -> str:
    """Nobody speaks to the image bucket in clear, and nobody is given what has malware in it.

    (Amazon GuardDuty User Guide, "Using tag-based access control (TBAC) with Malware Protection
    for S3".) It says so whether or not anything is scanned.
    """
    bucket = names.bucket_arn("images")
    return document(
        _tls_only(bucket),
        {
            "Sid": "NoMalware",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": f"{bucket}/*",
            "Condition": {"StringEquals": {f"s3:ExistingObjectTag/{MALWARE_TAG}": "THREATS_FOUND"}},
        },
    )


def scan_uploads(names: Names, *, keyed: bool) -> str:
    """What GuardDuty needs to scan what is uploaded, and tag it.

    (Amazon GuardDuty User Guide, "Create or update IAM role policy", of Malware Protection for S3.)
    """
    bucket = names.bucket_arn("images")
    managed = "DO-NOT-DELETE-AmazonGuardDutyMalwareProtectionS3*"
    rule = f"arn:aws:events:{names.region}:{names.account}:rule/{managed}"
    by_guard_duty = {
        "StringLike": {"events:ManagedBy": "malware-protection-plan.guardduty.amazonaws.com"}
    }
    key = use_key(names, "images", "s3", ["kms:Decrypt", "kms:GenerateDataKey"])
    return document(
        allow(
            ["events:DeleteRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets"],
            [rule],
            Condition=by_guard_duty,
        ),
        allow(["events:DescribeRule", "events:ListTargetsByRule"], [rule]),
        allow(["s3:GetBucketNotification", "s3:ListBucket", "s3:PutBucketNotification"], [bucket]),
        allow(["s3:PutObject"], [f"{bucket}/malware-protection-resource-validation-object"]),
        allow(
            [
                "s3:GetObject",
                "s3:GetObjectTagging",
                "s3:GetObjectVersion",
                "s3:GetObjectVersionTagging",
                "s3:PutObjectTagging",
                "s3:PutObjectVersionTagging",
            ],
            [f"{bucket}/*"],
        ),
        *([key] if keyed else []),
    )


def store_records(names: Names) -> str:
    """CloudTrail, for its one trail, and AWS Config, for this account, keep records in a bucket.

    (AWS CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail"; AWS Config Developer
    Guide, "Permissions for the Amazon S3 Bucket for the AWS Config Delivery Channel".)
    """
    bucket = names.bucket_arn("records")
    trail: Mapping[str, object] = {"aws:SourceArn": names.trail_arn}
    account: Mapping[str, object] = {"aws:SourceAccount": names.account}
    written = (
        ("cloudtrail.amazonaws.com", trail, ["s3:GetBucketAcl"], "AWSLogs"),
        ("config.amazonaws.com", account, ["s3:GetBucketAcl", "s3:ListBucket"], "config/AWSLogs"),
    )
    statements: list[Statement] = [_tls_only(bucket)]
    for service, source, looks, prefix in written:
        principal = {"Service": service}
        statements += [
            {
                "Effect": "Allow",
                "Principal": principal,
                "Action": looks,
                "Resource": bucket,
                "Condition": {"StringEquals": source},
            },
            {
                "Effect": "Allow",
                "Principal": principal,
                "Action": "s3:PutObject",
                "Resource": f"{bucket}/{prefix}/{names.account}/*",
                "Condition": {
                    "StringEquals": {**source, "s3:x-amz-acl": "bucket-owner-full-control"}
                },
            },
        ]
    return document(*statements)


# ── sessions ────────────────────────────────────────────────────────────────────────────────────

SERVE_SESSIONS: Mapping[str, Sequence[str]] = {
    "ssm": ("ssm:UpdateInstanceInformation",),
    "ssmmessages": (
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    ),
}
"""What an instance does to be reached by Session Manager, by service. The managed policy
AmazonSSMManagedInstanceCore has three times as much, with every parameter of the account in it
(Systems Manager User Guide, "Verify or create an IAM role with Session Manager permissions")."""


def _own_instances(names: Names) -> str:
    return f"arn:aws:ec2:{names.region}:{names.account}:instance/*"


def serve_sessions(names: Names) -> str:
    """An instance is reached by Session Manager, and sends what is typed there to a log.

    The channels have no ARN; the agent's streaming has to list log groups to find its own
    (Systems Manager User Guide, "Logging session data using Amazon CloudWatch Logs").
    """
    log_group = names.log_group_arn(names.log_group("sessions"))
    return document(
        allow(SERVE_SESSIONS["ssm"], [_own_instances(names)]),
        allow(SERVE_SESSIONS["ssmmessages"], ["*"]),
        allow(
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [f"{log_group}:*"],
        ),
        allow(["logs:DescribeLogGroups"], [names.log_group_arn("*")]),
    )


def sessions_endpoint(names: Names, service: str) -> str:
    """What may pass an endpoint of Session Manager: instances of this account, being reached.

    Somebody who is inside with credentials of another account gets nothing out by it.
    """
    return document(
        allow(
            SERVE_SESSIONS[service],
            ["*"],
            Sid="OwnSessions",
            Principal="*",
            Condition={"StringEquals": {"aws:PrincipalAccount": names.account}},
        )
    )


def start_sessions(names: Names) -> str:
    """For people: sessions on the machines of this stack, by its own document alone.

    Nothing has it until somebody attaches it to those who operate the stack. Whoever starts a
    session without a document gets the account's own, which may log nothing (Systems Manager User
    Guide, "Enforce a session document permission check for the AWS CLI").
    """
    sessions = f"arn:aws:ssm:{names.region}:{names.account}"
    ours = {
        "StringEquals": {
            "aws:ResourceTag/project": names.project,
            "aws:ResourceTag/stack": names.stack,
        },
        "BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"},
    }
    return document(
        allow(["ssm:StartSession"], [_own_instances(names)], Condition=ours),
        allow(["ssm:StartSession"], [f"{sessions}:document/{names.session_document}"]),
        allow(
            ["ssm:ResumeSession", "ssm:TerminateSession"], [f"{sessions}:session/${{aws:userid}}-*"]
        ),
        allow(["ec2:DescribeInstances", "ssm:DescribeSessions"], ["*"]),
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


def store_access_logs(names: Names, logged: Sequence[str]) -> str:
    """The access logs of the load balancer and of the buckets `logged`, and nothing else.

    A load balancer names its account in the key it writes, and AWS documents no condition for it
    (ELB User Guide, "Enable access logs for your Application Load Balancer"): one that its service
    does not send would lose every line, silently. S3 sends both (Amazon S3 User Guide, "Enabling
    Amazon S3 server access logging").
    """
    bucket = names.bucket_arn("access-logs")
    return document(
        _tls_only(bucket),
        {
            "Sid": "LoadBalancer",
            "Effect": "Allow",
            "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{bucket}/alb/AWSLogs/{names.account}/*",
        },
        {
            "Sid": "Buckets",
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"{bucket}/s3/*",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": names.account},
                "ArnLike": {"aws:SourceArn": [names.bucket_arn(part) for part in logged]},
            },
        },
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


def cdn_only(bucket_arn: str, names: Names) -> str:
    """Distributions of this account read the objects; nobody lists them, nobody speaks in clear.

    The distribution's id is not known before it is there, so that the pattern ends with any
    (CloudFront Developer Guide, "Restrict access to an Amazon S3 origin").
    """
    return document(
        {
            "Sid": "CloudFront",
            "Effect": "Allow",
            "Principal": {"Service": "cloudfront.amazonaws.com"},
            "Action": "s3:GetObject",
            "Resource": f"{bucket_arn}/*",
            "Condition": {
                "ArnLike": {"aws:SourceArn": f"arn:aws:cloudfront::{names.account}:distribution/*"}
            },
        },
        _tls_only(bucket_arn),
    )


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


def logs_endpoint(names: Names, *, sessions: bool) -> str:
    """What may pass the endpoint of CloudWatch Logs: events for our machines' own log groups.

    With `sessions`, what is typed in Session Manager too, whose agent looks for its log group.
    """
    log = names.log_group_arn(names.log_group("sessions"))
    of_sessions = (
        allow(
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [f"{log}:*"],
            Sid="Sessions",
            Principal="*",
        ),
        allow(
            ["logs:DescribeLogGroups"],
            [names.log_group_arn("*")],
            Sid="FindSessions",
            Principal="*",
        ),
    )
    groups = [names.log_group_arn(names.log_group(part)) for part in ("api", "database")]
    return document(
        allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"{group}:*" for group in groups],
            Sid="OwnLogs",
            Principal="*",
        ),
        allow(
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"{names.log_group_arn(BUILD_LOGS)}*"],
            Sid="BuildLogs",
            Principal="*",
        ),
        *(of_sessions if sessions else ()),
    )


def secrets_endpoint(names: Names) -> str:
    """What may pass the endpoint of Secrets Manager: our own secrets.

    A secret of another account would be a place to carry data to.
    """
    every = _secrets(names, sorted({*API_SECRETS, *MEMBER_SECRETS}))
    return document(
        allow(
            [
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
            ],
            every,
            Sid="OwnSecrets",
            Principal="*",
        )
    )
