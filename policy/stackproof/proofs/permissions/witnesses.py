"""One concrete request out of a box, as a person would make it."""

from __future__ import annotations

from collections.abc import Iterable

from stackproof.aws.values import readable
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.boxes import ABSENT, ACTION, ASKER, RESOURCE, WHO, Box
from stackproof.proofs.permissions.conditions import UNDECIDED

# Well-known actions (Service Authorization Reference), most telling first: a box that has several
# shows the first. Any other action is shown as the policy's glob lets it be spelt.
_ACTIONS = [
    "iam:CreateUser",
    "iam:PutRolePolicy",
    "iam:AttachRolePolicy",
    "iam:PassRole",
    "iam:CreateAccessKey",
    "iam:UpdateAssumeRolePolicy",
    "iam:CreatePolicyVersion",
    "iam:GetRole",
    "iam:ListRoles",
    "sts:AssumeRole",
    "sts:AssumeRoleWithWebIdentity",
    "sts:AssumeRoleWithSAML",
    "sts:TagSession",
    "s3:PutObject",
    "s3:GetObject",
    "s3:DeleteObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:DeleteBucket",
    "s3:PutBucketPolicy",
    "s3:PutObjectAcl",
    "s3:AbortMultipartUpload",
    "s3:DeleteObjectVersion",
    "s3:ListBucketVersions",
    "s3:GetBucketLocation",
    "s3:GetBucketAcl",
    "s3:ListAllMyBuckets",
    "lambda:InvokeFunction",
    "lambda:UpdateFunctionCode",
    "lambda:CreateFunction",
    "lambda:InvokeFunctionUrl",
    "lambda:GetFunction",
    "sqs:SendMessage",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:PurgeQueue",
    "sqs:GetQueueAttributes",
    "sns:Publish",
    "sns:Subscribe",
    "dynamodb:PutItem",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:DeleteItem",
    "dynamodb:UpdateItem",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:CreateGrant",
    "kms:PutKeyPolicy",
    "kms:DescribeKey",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:DescribeSecret",
    "ssm:StartSession",
    "ssm:SendCommand",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:PutParameter",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:OpenDataChannel",
    "ec2messages:GetMessages",
    "ec2:RunInstances",
    "ec2:TerminateInstances",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:DescribeInstances",
    "ec2:CreateTags",
    "ec2:DeleteVolume",
    "logs:PutLogEvents",
    "logs:CreateLogStream",
    "logs:CreateLogGroup",
    "logs:DeleteLogGroup",
    "logs:DescribeLogStreams",
    "logs:DescribeLogGroups",
    "cloudwatch:PutMetricData",
    "events:PutEvents",
    "autoscaling:SetDesiredCapacity",
    "cloudformation:CreateStack",
    "ecr:GetAuthorizationToken",
    "ecr:BatchGetImage",
    "ecs:RunTask",
    "states:StartExecution",
    "rds:DeleteDBInstance",
]
_SPELT = {action.lower(): action for action in _ACTIONS}

_RESOURCES = {
    "s3": ("arn:aws:s3:::any-bucket/any-key", "arn:aws:s3:::any-bucket"),
    "iam": ("arn:aws:iam::123456789012:role/any-role",),
    "sts": ("arn:aws:iam::123456789012:role/any-role",),
    "lambda": ("arn:aws:lambda:us-east-1:123456789012:function:any-function",),
    "sqs": ("arn:aws:sqs:us-east-1:123456789012:any-queue",),
}
_ENDINGS = ("x.jpg", "any-key", "x")
_PRINCIPALS = (
    "AWS:arn:aws:iam::999999999999:root",
    "Service:lambda.amazonaws.com",
    "Service:ec2.amazonaws.com",
)


# What goes without saying of a request, and is not shown.
_ORDINARY = {"aws:securetransport": "true", "aws:viaawsservice": "false"}


def action_of(language: Language) -> str:
    """An action of `language`, spelt as AWS spells it where it is well known."""
    found = language.witness(_SPELT) or ""
    return _SPELT.get(found, found)


def spelt_action(action: str) -> str:
    """An action in lower case as AWS spells it, where that is known."""
    return _SPELT.get(action, action)


def _resource_of(language: Language, action: str) -> str:
    known = _RESOURCES.get(action.partition(":")[0], ())
    shortest = language.witness() or ""
    longer = (shortest + ending for ending in _ENDINGS) if shortest[-1:] in {"/", ":", ""} else ()
    return language.witness((*known, *longer)) or ""


def who_of(language: Language) -> str:
    """A principal of `language`; a stranger's account when it may be anybody's."""
    return language.witness(_PRINCIPALS) or ""


def rank(box: Box) -> tuple[int, int]:
    """Boxes with a well-known action first, and among them those over real ARNs."""
    actions = box.side(ACTION)
    index = next((i for i, a in enumerate(_SPELT) if a in actions), len(_SPELT))
    return index, len(box.sides)


def request(box: Box) -> dict[str, str]:
    """The texts of one request of the box; absent keys are left out, atoms stay atoms."""
    action = action_of(box.side(ACTION))
    made = {ACTION: action, RESOURCE: _resource_of(box.side(RESOURCE), action)}
    for dimension, side in sorted(box.sides.items()):
        if dimension in made:
            continue
        if dimension == WHO:
            made[WHO] = who_of(side)
        elif ABSENT not in side:
            made[dimension] = side.witness((_ORDINARY.get(dimension, "true"),)) or ""
    return made


def shown(made: dict[str, str], principal: str) -> dict[str, object]:
    """A request as a report's witness."""
    context = {
        key.removeprefix(UNDECIDED): readable(value)
        for key, value in sorted(made.items())
        if key not in {ACTION, RESOURCE, WHO, *ASKER} and _ORDINARY.get(key) != value
    }
    return {
        "principal": readable(made[WHO].partition(":")[2] if WHO in made else principal),
        "action": made[ACTION],
        "resource": readable(made[RESOURCE]),
        "context": context,
    }


# Condition keys as AWS spells them; a policy may spell them in any case.
_KEYS = (
    "aws:PrincipalOrgID",
    "aws:PrincipalTag",
    "aws:ResourceAccount",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:ViaAWSService",
    "iam:PassedToService",
    "kms:ViaService",
    "sts:ExternalId",
)
_SPELT_KEYS = {key.lower(): key for key in _KEYS}


def spelt(key: str) -> str:
    """A condition key as AWS spells it, where that is known."""
    return _SPELT_KEYS.get(key, readable(key.removeprefix(UNDECIDED)))


def circumstances(box: Box) -> str:
    """` when aws:SecureTransport is false`: what is not ordinary about the requests of a box."""
    made = request(box)
    found = []
    for key, side in sorted(box.sides.items()):
        if key in {ACTION, RESOURCE, WHO, *ASKER} or key.startswith(UNDECIDED):
            continue
        if key in made and _ORDINARY.get(key) != made[key]:
            found.append(f"when {spelt(key)} is {readable(made[key]) or 'empty'}")
        elif key not in made and not (side - Language.literal(ABSENT)).is_empty():
            found.append(f"without {spelt(key)}")
    return f" {' and '.join(found)}" if found else ""


def first(boxes: Iterable[Box]) -> Box:
    """The most telling of some boxes."""
    return min(boxes, key=rank)
