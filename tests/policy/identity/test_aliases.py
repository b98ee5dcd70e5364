"""Keys that policies name by alias: exact where the alias is declared, undecided elsewhere."""

from __future__ import annotations

import pytest

from stackproof.aws.identity import identity_facts
from stackproof.aws.identity.aliases import KEPT
from stackproof.model import Graph, Resource, Unknown, Value
from tests.policy.graphs import ACCOUNT, ref, resource
from tests.policy.identity.worlds import (
    BUCKET,
    IMAGES,
    KEY,
    POLICY,
    Statement,
    allow,
    contract,
    declared,
    document,
    verdicts,
    world,
)

ALIAS = "aws:kms/alias:Alias"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
KEYS = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/*"
DATA = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/data"}}
READ = {"actions": ["s3:GetObject"], "resources": ["images/*"]}
DECRYPT = {"actions": ["kms:Decrypt"], "resources": ["key"]}


def alias(name: str = "data", key: Value = None) -> Resource:
    target = ref(KEY, "data", "keyId") if key is None else key
    return declared(ALIAS, f"{name}-alias", {"name": f"alias/{name}", "targetKeyId": target})


def graph_of(statement: Statement, *more: Resource, key: Value = None) -> Graph:
    default: dict[str, Value] = {
        "sseAlgorithm": "aws:kms",
        "kmsMasterKeyId": ref(KEY, "data", "arn") if key is None else key,
    }
    return world(
        declared(KEY, "data", {}),
        declared(KEY, "other", {}),
        declared(
            ENCRYPTION,
            "images",
            {
                "bucket": ref(BUCKET, "images"),
                "rules": [{"applyServerSideEncryptionByDefault": default}],
            },
        ),
        resource(
            POLICY,
            "make-thumbnails",
            policy=document(allow("s3:GetObject", f"{IMAGES}/*"), statement),
        ),
        *more,
    )


def found(graph: Graph, group: str = "data") -> dict[str, str]:
    """The verdicts about a function that reads the images, which the key `data` encrypts."""
    wanted = contract(
        {
            "thumbnails": {
                "role": "thumbnail-role",
                "assumed_by": [{"service": "lambda.amazonaws.com"}],
                "runs": ["thumbnailer"],
                "may": [READ, DECRYPT],
            }
        },
        groups={"key": {"type": KEY, "name": group}},
    )
    return {
        claim: verdict
        for claim, verdict in verdicts(graph, wanted).items()
        if claim.startswith(("identity.grant", "identity.closed"))
    }


def test_a_declared_alias_is_its_key_and_no_other() -> None:
    statement = allow("kms:Decrypt", KEYS, Condition=DATA)
    assert found(graph_of(statement, alias())) == {}
    elsewhere = found(graph_of(statement, alias()), group="other")
    assert elsewhere["identity.grant.thumbnails.2"] == "violated"
    assert elsewhere["identity.closed.thumbnails"] == "violated"


def test_an_alias_of_another_key_does_not_open_the_one_that_encrypts() -> None:
    moved = alias(key=ref(KEY, "other", "keyId"))
    verdict = found(graph_of(allow("kms:Decrypt", KEYS, Condition=DATA), moved))
    assert verdict["identity.grant.thumbnails.1"] == "violated"


@pytest.mark.parametrize(
    ("resources", "condition", "more"),
    [
        (KEYS, DATA, []),
        (KEYS, DATA, [alias(key=Unknown("another stack"))]),
        (KEYS, DATA, [alias(), declared(ALIAS, "again", {"name": "alias/data"})]),
        # Another region's alias of the same name may be of any key there.
        (f"arn:aws:kms:*:{ACCOUNT}:key/*", DATA, [alias()]),
        ("*", DATA, [alias()]),
        (KEYS, {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/da*"}}, [alias()]),
        (KEYS, {"StringEquals": {"kms:ResourceAliases": "alias/data"}}, [alias()]),
    ],
    ids=["undeclared", "unknown", "twice", "regions", "all", "glob", "operator"],
)
def test_what_an_alias_does_not_decide_stays_open(
    resources: str, condition: dict[str, object], more: list[Resource]
) -> None:
    verdict = found(graph_of(allow("kms:Decrypt", resources, Condition=condition), *more))
    assert verdict["identity.grant.thumbnails.1"] == "unproven"
    assert verdict["identity.closed.thumbnails"] == "unproven"


def test_data_may_name_its_key_by_alias_too() -> None:
    statement = allow("kms:Decrypt", KEYS, Condition=DATA)
    for name in ("alias/data", f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/data"):
        assert found(graph_of(statement, alias(), key=name)) == {}
        assert found(graph_of(statement, key=name))["identity.grant.thumbnails.1"] == "unproven"
    foreign = "arn:aws:kms:us-east-1:999988887777:alias/data"
    verdict = found(graph_of(statement, alias(), key=foreign))
    assert verdict["identity.grant.thumbnails.1"] == "unproven"


def test_that_aliases_stay_where_they_are_is_said() -> None:
    statement = allow("kms:Decrypt", KEYS, Condition=DATA)
    assert KEPT in identity_facts(graph_of(statement, alias())).assumptions
    assert KEPT not in identity_facts(graph_of(statement)).assumptions
