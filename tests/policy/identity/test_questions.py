"""Answers to single questions, with the statements that decide them."""

from __future__ import annotations

import pytest

from stackproof.aws.identity import identity_facts
from stackproof.model import Explanation, Graph, Resource, Unknown
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions import explain, resources_allowed, what_rewires
from stackproof.selection import SelectorError, select
from tests.policy.graphs import ACCOUNT, resource, urn
from tests.policy.identity.worlds import (
    BUCKET_POLICY,
    IMAGES,
    MAKE_THUMBNAILS,
    POLICY,
    ROLE,
    TLS_ONLY,
    allow,
    contract,
    deny,
    document,
    role,
    thumbnail_policy,
    world,
)


def asked(graph_: Graph, action: str, where: str, who: str = "thumbnails") -> Explanation:
    wanted = contract()
    members = select(wanted, graph_)
    facts = identity_facts(graph_)
    return explain(facts, members, who, action, where, identity=wanted.identity)


@pytest.mark.parametrize(
    "who", ["thumbnails", "thumbnail-role", "arn:aws:iam::123456789012:role/thumbnails"]
)
def test_yes_names_the_statement_and_its_line(who: str) -> None:
    answer = asked(world(), "s3:putobject", "images/thumbnails/a.jpg", who)
    assert answer.answer == "yes"
    assert [hop.what for hop in answer.path] == ["make-thumbnails: statement 2 permits it"]
    assert answer.path[0].urn == urn(POLICY, "make-thumbnails")
    assert answer.path[0].location is not None


def test_no_because_nothing_permits_it() -> None:
    answer = asked(world(), "s3:PutObject", f"{IMAGES}/orig/a.jpg")
    assert answer.answer == "no"
    assert answer.because == (
        "thumbnails may not s3:PutObject on arn:aws:s3:::images/orig/a.jpg: nothing permits it"
    )
    assert [hop.urn for hop in answer.blocked_by] == [urn(ROLE, "thumbnails")]


def test_no_because_a_statement_denies_it() -> None:
    denies = deny("s3:*", f"{IMAGES}/*", Principal="*")
    changed = world(
        resource(BUCKET_POLICY, "images", bucket="images", policy=document(TLS_ONLY, denies))
    )
    answer = asked(changed, "s3:GetObject", "images/orig/a.jpg")
    assert answer.answer == "no"
    assert [hop.what for hop in answer.blocked_by] == ["images: statement 2 denies it"]
    assert [hop.what for hop in answer.path] == ["make-thumbnails: statement 1 permits it"]


def test_unknown_says_what_is_not_known() -> None:
    unknown = resource(POLICY, "make-thumbnails", policy=Unknown("an output of another stack"))
    answer = asked(world(unknown), "s3:GetObject", "images/orig/a.jpg")
    assert answer.answer == "unknown"
    assert "an output of another stack" in answer.because


@pytest.mark.parametrize(
    ("who", "where"), [("nobody", "images"), ("thumbnails", "nowhere/a"), ("failed", "images")]
)
def test_a_name_of_nothing_is_an_error(who: str, where: str) -> None:
    with pytest.raises(SelectorError):
        asked(world(), "s3:GetObject", where, who)


def writable(*changed: Resource) -> Language:
    facts = identity_facts(world(*changed))
    return resources_allowed(facts, urn(ROLE, "thumbnails"), "s3:PutObject")


def test_the_resources_of_an_action_are_those_of_its_statements() -> None:
    assert writable() == Language.glob(f"{IMAGES}/thumbnails/*")


def test_the_resources_of_an_action_are_read_widely() -> None:
    changed = thumbnail_policy(
        *MAKE_THUMBNAILS,
        allow("s3:Put*", f"{IMAGES}/${{aws:PrincipalTag/team}}/*"),
        deny("*", f"{IMAGES}/orig/*"),
        deny("*", "*", Condition={"DateGreaterThan": {"aws:CurrentTime": "2030-01-01"}}),
    )
    assert writable(changed) == Language.glob(f"{IMAGES}/*/*") - Language.glob(f"{IMAGES}/orig/*")


def test_of_an_unknown_principal_nothing_is_excluded() -> None:
    facts = identity_facts(world())
    assert resources_allowed(facts, "urn:stranger", "s3:PutObject") == Language.everything()


def test_a_role_that_trusts_another_by_name_may_be_assumed_without_a_policy() -> None:
    name = f"arn:aws:iam::{ACCOUNT}:role/thumbnails"
    facts = identity_facts(world(*role("writer", {"AWS": name})))
    writer = f"arn:aws:iam::{ACCOUNT}:role/writer"
    assert writer in resources_allowed(facts, urn(ROLE, "thumbnails"), "sts:AssumeRole")
    root = f"arn:aws:iam::{ACCOUNT}:root"
    facts = identity_facts(world(*role("writer", {"AWS": root})))
    assert writer not in resources_allowed(facts, urn(ROLE, "thumbnails"), "sts:AssumeRole")


@pytest.mark.parametrize(
    ("action", "changes"),
    [
        ("s3:PutBucketNotification", "s3:PutBucketNotification"),
        ("SNS:subscribe", "sns:Subscribe"),
        ("iam:PutRole*", "iam:PutRolePermissionsBoundary"),
        ("dynamodb:PutResource*", "dynamodb:PutResourcePolicy"),
        ("s3:PutObjectAcl", None),
        ("s3:GetBucketNotification", None),
    ],
)
def test_what_changes_a_trigger_is_named(action: str, changes: str | None) -> None:
    changed = world(thumbnail_policy(*MAKE_THUMBNAILS, allow(action)))
    assert what_rewires(identity_facts(changed), urn(ROLE, "thumbnails")) == changes
