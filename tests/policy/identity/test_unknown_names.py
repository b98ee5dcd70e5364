"""A name that is not known leaves open what turns on it, and says which resource has it."""

from __future__ import annotations

from json import dumps

import pytest

from stackproof.aws.identity import identity_facts
from stackproof.model import Unknown
from stackproof.proofs.permissions.declared import NotKnownError, arns
from stackproof.selection import select
from tests.policy.graphs import resource, urn
from tests.policy.identity.worlds import (
    BUCKET,
    BUCKET_POLICY,
    ROLE,
    THUMBNAILS,
    contract,
    decided,
    world,
)

OPEN = dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}})
UNNAMED = resource(BUCKET, "images", bucket=Unknown("an output of another stack"))


def test_a_bucket_whose_name_is_not_known_leaves_its_claims_open() -> None:
    found = decided(world(UNNAMED))
    decision = found["identity.grant.thumbnails.1"]
    assert decision.verdict == "unproven"
    assert decision.evidence.kind == "unknown"
    assert decision.evidence.witness == {
        "not_known": ["images: the ARN of images is not known: an output of another stack"]
    }
    assert decision.resources == (urn(BUCKET, "images"),)
    assert decision.evidence.hops[0].location == UNNAMED.location
    # What is not about the bucket is decided as before.
    assert found["identity.trust.thumbnails"].verdict == "proven"


def test_a_policy_of_a_bucket_that_is_not_known_may_be_that_of_each() -> None:
    policy = resource(BUCKET_POLICY, "policy", bucket=Unknown("later"), policy=OPEN)
    found = decided(world(policy))
    assert found["identity.admits.images"].verdict == "unproven"
    assert "whose policy policy is, is not known" in str(found["identity.admits.images"].evidence)


def test_who_asks_for_the_arn_alone_is_told_the_resource() -> None:
    graph = world(UNNAMED)
    with pytest.raises(NotKnownError, match="the ARN of images is not known") as caught:
        arns(identity_facts(graph), select(contract(), graph), "images/orig/*")
    assert caught.value.resource == UNNAMED


def test_a_principal_of_the_contract_that_no_role_is() -> None:
    wanted = contract(
        {"ghost": THUMBNAILS | {"role": "ghosts", "runs": []}},
        groups={"ghosts": {"type": ROLE, "name": "ghost", "optional": True}},
    )
    found = decided(world(), wanted)
    decision = found["identity.principals"]
    assert decision.verdict == "violated"
    assert decision.evidence.witness == {"principal": "ghost"}
    assert "is no role or user of this stack" in decision.evidence.summary
    # Nor can it be trusted, granted anything or run.
    for claim in ("identity.trust.ghost", "identity.grant.ghost.1", "identity.runs.ghost"):
        assert found[claim].verdict == "violated"
