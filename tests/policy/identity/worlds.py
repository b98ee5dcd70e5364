"""A small architecture with every kind of identity fact, its contract, and ways to change both."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec

from stackproof.aws.identity import identity_facts
from stackproof.contract import Contract
from stackproof.model import Decision, Graph, Resource, Value
from stackproof.proofs.permissions import obligations
from stackproof.selection import select
from tests.policy.graphs import ACCOUNT, graph, ref, resource

BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
QUEUE = "aws:sqs/queue:Queue"
KEY = "aws:kms/key:Key"

IMAGES = "arn:aws:s3:::images"
FAILED = f"arn:aws:sqs:us-east-1:{ACCOUNT}:failed"

Statement = Mapping[str, object]


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: object, resources: object = "*", **more: object) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def deny(actions: object, resources: object = "*", **more: object) -> Statement:
    return {"Effect": "Deny", "Action": actions, "Resource": resources, **more}


def trust(principal: object, **more: object) -> str:
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


def declared(type_: str, name: str, inputs: Mapping[str, Value]) -> Resource:
    """A resource whose inputs come as a dictionary."""
    return msgspec.structs.replace(resource(type_, name), inputs=dict(inputs))


def role(name: str, principal: object, *policies: Value, **more: Value) -> list[Resource]:
    """A role with inline policies."""
    made = declared(ROLE, name, {"name": name, "assumeRolePolicy": trust(principal)} | more)
    return [
        made,
        *(
            resource(ROLE_POLICY, f"{name}-{n}", role=ref(ROLE, name, "name"), policy=policy)
            for n, policy in enumerate(policies)
        ),
    ]


TLS_ONLY = deny(
    "s3:*",
    [IMAGES, f"{IMAGES}/*"],
    Principal="*",
    Condition={"Bool": {"aws:SecureTransport": "false"}},
)
MAKE_THUMBNAILS = (
    allow(["s3:GetObject", "s3:GetObjectVersion"], f"{IMAGES}/orig/*"),
    allow("s3:PutObject", f"{IMAGES}/thumbnails/*"),
    allow("sqs:SendMessage", FAILED),
)


def thumbnail_policy(*statements: Statement) -> Resource:
    """The customer-managed policy of the function's role."""
    text = document(*(statements or MAKE_THUMBNAILS))
    return resource(POLICY, "make-thumbnails", name="make-thumbnails", policy=text)


def permission(**changes: Value) -> Resource:
    """S3 may start the function, for events of the image bucket."""
    inputs: dict[str, Value] = {
        "action": "lambda:InvokeFunction",
        "function": ref(FUNCTION, "thumbnails", "name"),
        "principal": "s3.amazonaws.com",
        "sourceArn": ref(BUCKET, "images", "arn"),
        "sourceAccount": ACCOUNT,
    }
    return declared(PERMISSION, "s3-starts-thumbnails", inputs | changes)


WORLD: tuple[Resource, ...] = (
    resource(BUCKET, "images", bucket="images"),
    resource(
        BUCKET_POLICY, "images", bucket=ref(BUCKET, "images", "id"), policy=document(TLS_ONLY)
    ),
    resource(QUEUE, "failed", name="failed"),
    *role("thumbnails", {"Service": "lambda.amazonaws.com"}),
    thumbnail_policy(),
    resource(
        ATTACHMENT,
        "thumbnails",
        role=ref(ROLE, "thumbnails", "name"),
        policyArn=ref(POLICY, "make-thumbnails", "arn"),
    ),
    resource(FUNCTION, "thumbnails", name="thumbnails", role=ref(ROLE, "thumbnails", "arn")),
    permission(),
)

GROUPS: dict[str, dict[str, str]] = {
    "images": {"type": BUCKET, "name": "images"},
    "failed": {"type": QUEUE, "name": "failed"},
    "thumbnails": {"type": FUNCTION, "name": "thumbnails"},
    "thumbnail-role": {"type": ROLE, "name": "thumbnails"},
}
MAY: list[dict[str, object]] = [
    {"actions": ["s3:GetObject", "s3:GetObjectVersion"], "resources": ["images/orig/*"]},
    {"actions": ["s3:PutObject"], "resources": ["images/thumbnails/*"]},
    {"actions": ["sqs:SendMessage"], "resources": ["failed"]},
]
THUMBNAILS: dict[str, object] = {
    "role": "thumbnail-role",
    "assumed_by": [{"service": "lambda.amazonaws.com"}],
    "runs": ["thumbnails"],
    "may": MAY,
}
ADMISSIONS: dict[str, object] = {
    "images": [],
    "thumbnails": [
        {
            "who": {"service": "s3.amazonaws.com"},
            "actions": ["lambda:InvokeFunction"],
            "when": {
                "ArnLike": {"aws:SourceArn": "images"},
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
            },
        }
    ],
}


def world(*changed: Resource, without: Sequence[str] = ()) -> Graph:
    """WORLD with resources added or replaced (by type and name), and without some (by URN)."""
    found = {r.urn: r for r in WORLD} | {r.urn: r for r in changed}
    return graph(*(r for urn, r in found.items() if urn not in without))


def contract(
    principals: Mapping[str, object] | None = None,
    resources: Mapping[str, object] | None = None,
    groups: Mapping[str, object] | None = None,
) -> Contract:
    """The contract of WORLD, with some keys replaced or added."""
    given = {
        "groups": {**GROUPS, **(groups or {})},
        "identity": {
            "principals": {"thumbnails": THUMBNAILS, **(principals or {})},
            "resources": {**ADMISSIONS, **(resources or {})},
        },
    }
    return msgspec.convert(given, Contract)


def decided(graph_: Graph, contract_: Contract | None = None) -> dict[str, Decision]:
    """Every identity claim, decided."""
    wanted = contract_ or contract()
    found = obligations(identity_facts(graph_), wanted, select(wanted, graph_))
    assert len({o.id for o in found}) == len(found)
    return {o.id: o.decide() for o in found}


def verdicts(graph_: Graph, contract_: Contract | None = None) -> dict[str, str]:
    """The verdict of every claim that is not proven."""
    found = decided(graph_, contract_)
    return {id_: d.verdict.value for id_, d in found.items() if d.verdict.value != "proven"}
