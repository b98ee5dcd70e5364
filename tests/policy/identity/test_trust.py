"""Under which conditions a role trusts whom: as the contract says, no more and no fewer."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from stackproof.aws.identity import identity_facts
from stackproof.contract.meaning import contradictions
from stackproof.model import Decision, Resource
from tests.policy.graphs import ACCOUNT, graph, resource, urn
from tests.policy.identity.worlds import (
    BUCKET_POLICY,
    IMAGES,
    MAKE_THUMBNAILS,
    MAY,
    ROLE,
    THUMBNAILS,
    TLS_ONLY,
    allow,
    contract,
    decided,
    declared,
    document,
    thumbnail_policy,
    trust,
    verdicts,
    world,
)

LAMBDA = {"Service": "lambda.amazonaws.com"}
CLAIM = "identity.trust.thumbnails"
SOURCE = {"aws:SourceArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:*"}
BOTH = {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": SOURCE}
GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
OIDC = {
    "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
    "StringLike": {"token.actions.githubusercontent.com:sub": "repo:cinema/api:*"},
}


def trusts(
    who: object = LAMBDA, when: object = None, action: str = "sts:AssumeRole"
) -> tuple[Resource, ...]:
    condition = {} if when is None else {"Condition": when}
    policy = document({"Effect": "Allow", "Principal": who, "Action": action, **condition})
    return (declared(ROLE, "thumbnails", {"name": "thumbnails", "assumeRolePolicy": policy}),)


def trust_of(
    role_: tuple[Resource, ...], trustee: Mapping[str, object], when: object = None
) -> Decision:
    stated = dict(trustee) if when is None else {**trustee, "when": when}
    wanted = contract({"thumbnails": THUMBNAILS | {"assumed_by": [stated]}})
    return decided(world(*role_), wanted)[CLAIM]


SERVICE = {"service": "lambda.amazonaws.com"}
CASES = [
    (LAMBDA, SERVICE, BOTH, "sts:AssumeRole"),
    (
        {"AWS": "999988887777"},
        {"account": "999988887777"},
        {"StringEquals": {"sts:ExternalId": "secret"}},
        "sts:AssumeRole",
    ),
    ({"Federated": GITHUB}, {"arn": GITHUB}, OIDC, "sts:AssumeRoleWithWebIdentity"),
]


@pytest.mark.parametrize(("who", "trustee", "when", "action"), CASES)
def test_the_same_conditions_on_both_sides(
    who: object, trustee: Mapping[str, object], when: object, action: str
) -> None:
    assert trust_of(trusts(who, when, action), trustee, when).verdict == "proven"


@pytest.mark.parametrize(("who", "trustee", "when", "action"), CASES)
def test_each_condition_that_the_policy_lost(
    who: object, trustee: Mapping[str, object], when: dict[str, object], action: str
) -> None:
    for lost in when:
        left = {key: value for key, value in when.items() if key != lost}
        decision = trust_of(trusts(who, left, action), trustee, when)
        assert decision.verdict == "violated"
        assert "which the contract does not say" in decision.evidence.summary


@pytest.mark.parametrize(("who", "trustee", "when", "action"), CASES)
def test_each_condition_that_the_contract_does_not_say(
    who: object, trustee: Mapping[str, object], when: dict[str, object], action: str
) -> None:
    for added in when:
        left = {key: value for key, value in when.items() if key != added}
        decision = trust_of(trusts(who, when, action), trustee, left)
        assert decision.verdict == "violated"
        assert "only under" in decision.evidence.summary


def test_what_lost_its_condition_is_named() -> None:
    lost = trust_of(trusts(LAMBDA, {"ArnLike": SOURCE}), SERVICE, BOTH)
    assert "may assume thumbnails" in lost.evidence.summary
    assert "without aws:SourceAccount" in lost.evidence.summary
    added = trust_of(trusts(LAMBDA, BOTH), SERVICE, {"ArnLike": SOURCE})
    assert "only under a condition on aws:SourceAccount" in added.evidence.summary
    assert added.resources == (urn(ROLE, "thumbnails"),)


def test_a_condition_with_another_value() -> None:
    other = {"StringEquals": {"aws:SourceAccount": "999988887777"}}
    mine = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    decision = trust_of(trusts(LAMBDA, other), SERVICE, mine)
    assert decision.verdict == "violated"
    assert "when aws:SourceAccount is 999988887777" in decision.evidence.summary


def test_a_condition_that_is_not_decided_cancels_out_with_itself() -> None:
    office = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    who, trustee = {"AWS": "999988887777"}, {"account": "999988887777"}
    assert trust_of(trusts(who, office), trustee, office).verdict == "proven"
    # Whether the account comes from there is not known: perhaps it may never assume the role.
    assert trust_of(trusts(who, office), trustee).verdict == "unproven"
    assert trust_of(trusts(who), trustee, office).verdict == "unproven"


def test_a_way_in_that_is_not_that_of_the_provider() -> None:
    assert trust_of(trusts({"Federated": GITHUB}, OIDC), {"arn": GITHUB}, OIDC).verdict == (
        "violated"
    )


@pytest.mark.parametrize(
    "kind",
    ["aws:iam/openIdConnectProvider:OpenIdConnectProvider", "aws:iam/samlProvider:SamlProvider"],
)
def test_a_provider_that_is_declared_gives_nothing_by_itself(kind: str) -> None:
    provider = resource(kind, "github", url="https://token.actions.githubusercontent.com")
    asking = trusts({"Federated": GITHUB}, OIDC, "sts:AssumeRoleWithWebIdentity")
    assert trust_of((*asking, provider), {"arn": GITHUB}, OIDC).verdict == "proven"
    said = identity_facts(graph(*asking, provider)).assumptions
    assert any("Identity providers that trust policies name exist" in text for text in said)
    own = identity_facts(graph(*trusts(LAMBDA), provider)).assumptions
    assert not any("Identity providers" in text for text in own)


def test_an_admission_has_its_conditions_beside_who() -> None:
    stated = {"who": SERVICE | {"when": BOTH}, "actions": ["s3:*"], "resources": ["images"]}
    (wrong,) = contradictions(contract(resources={"images": [stated]}))
    assert wrong[0] == ("identity", "resources", "images", 0, "who", "when")


# ── an account, of which a condition picks some ─────────────────────────────────────────────────

CI = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::999988887777:role/ci-*"}}


def test_a_condition_that_picks_some_of_a_foreign_account_still_lets_them_in() -> None:
    admits = allow("s3:GetObject", f"{IMAGES}/*", Principal={"AWS": "999988887777"}, Condition=CI)
    changed = world(
        resource(BUCKET_POLICY, "images", bucket="images", policy=document(TLS_ONLY, admits))
    )
    assert verdicts(changed) == {"identity.admits.images": "violated"}
    admission = {
        "who": {"account": "999988887777"},
        "actions": ["s3:GetObject"],
        "resources": ["images/*"],
        "when": CI,
    }
    assert verdicts(changed, contract(resources={"images": [admission]})) == {}


def test_a_role_for_some_of_an_account_is_trusted_no_further() -> None:
    some = trusts({"AWS": "999988887777"}, CI)
    assert trust_of(some, {"account": "999988887777"}, CI).verdict == "proven"
    assert trust_of(some, {"service": "lambda.amazonaws.com"}).verdict == "violated"
    whole = trusts({"AWS": "999988887777"})
    assert trust_of(whole, {"account": "999988887777"}, CI).verdict == "violated"


@pytest.mark.parametrize(("name", "gains"), [("thumbnails", True), ("somebody-else", False)])
def test_a_condition_that_picks_the_principal_out_of_its_account_lets_it_escalate(
    name: str,
    gains: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    mine = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    when = {"ArnEquals": {"aws:PrincipalArn": mine}}
    admin = resource(
        ROLE,
        "admin",
        name="admin",
        assumeRolePolicy=trust({"AWS": ACCOUNT}, Condition=when),
        inlinePolicies=[{"name": "all", "policy": document(allow("*"))}],
    )
    assume = allow("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/admin")
    grant = {"actions": ["sts:AssumeRole"], "resources": [assume["Resource"]]}
    wanted = contract(
        {
            "thumbnails": THUMBNAILS | {"may": [*MAY, grant]},
            "admin": {
                "role": "admins",
                "assumed_by": [{"account": ACCOUNT, "when": when}],
                "may": [{"actions": ["*"], "resources": ["*"]}],
            },
        },
        groups={"admins": {"type": ROLE, "name": "admin"}},
    )
    permitted = world(thumbnail_policy(*MAKE_THUMBNAILS, assume), admin)
    found = verdicts(permitted, wanted)
    assert ("identity.escalation.thumbnails" in found) is gains
    # The account's word alone does not make it: the role's own policy must let it, too.
    found = verdicts(world(admin), wanted)
    assert "identity.escalation.thumbnails" not in found


# ── circumstances are named where they are the point ────────────────────────────────────────────


def test_the_sentence_says_when_the_point_is_the_transport() -> None:
    over_tls = {"Bool": {"aws:SecureTransport": "true"}}
    may = [{**grant, "when": over_tls} for grant in MAY[:2]]
    wanted = contract({"thumbnails": THUMBNAILS | {"may": [*may, MAY[2]]}})
    assert verdicts(world(), wanted) == {}
    open_ = world(without=[urn(BUCKET_POLICY, "images")])
    decision = decided(open_, wanted)["identity.closed.thumbnails"]
    assert decision.verdict == "violated"
    assert decision.evidence.summary == (
        f"thumbnails may also s3:PutObject on {IMAGES}/thumbnails/x.jpg "
        "when aws:SecureTransport is false"
    )
    assert decision.evidence.witness["context"] == {"aws:securetransport": "false"}


def test_the_sentence_is_silent_about_what_is_ordinary() -> None:
    more = world(thumbnail_policy(*MAKE_THUMBNAILS, allow("sqs:PurgeQueue", "*")))
    summary = decided(more)["identity.closed.thumbnails"].evidence.summary
    assert " when " not in summary
    assert " without " not in summary
