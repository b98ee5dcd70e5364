"""What a change of the program, or of the contract, does to the verdicts: one fault, one claim."""

from __future__ import annotations

import msgspec
import pytest

from stackproof.model import Reference, Resource, Template, Unknown, Value
from tests.policy.graphs import ACCOUNT, ref, resource, urn
from tests.policy.identity.worlds import (
    BLOCK,
    BUCKET,
    BUCKET_POLICY,
    FAILED,
    FUNCTION,
    IMAGES,
    KEY,
    MAKE_THUMBNAILS,
    MAY,
    PERMISSION,
    POLICY,
    QUEUE,
    ROLE,
    ROLE_POLICY,
    THUMBNAILS,
    TLS_ONLY,
    WORLD,
    Statement,
    allow,
    contract,
    decided,
    declared,
    deny,
    document,
    permission,
    role,
    thumbnail_policy,
    trust,
    verdicts,
    world,
)


def test_the_world_as_it_should_be_is_proven() -> None:
    found = decided(world())
    assert {d.verdict.value for d in found.values()} == {"proven"}
    assert set(found) == {
        "identity.principals",
        "identity.grant.thumbnails.1",
        "identity.grant.thumbnails.2",
        "identity.grant.thumbnails.3",
        "identity.closed.thumbnails",
        "identity.trust.thumbnails",
        "identity.admits.images",
        "identity.admits.thumbnails",
        "identity.escalation.thumbnails",
        "identity.runs.thumbnails",
        "identity.workloads",
    }


# ── too much ────────────────────────────────────────────────────────────────────────────────────


SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type
SECRET_ARN = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        # Names are unique and six characters follow: nothing else can match the first.
        (f"{SECRET_ARN}:keys-??????", {}),
        ("@arn", {}),
        (f"{SECRET_ARN}:keys-*", {"identity.closed.thumbnails": "violated"}),
        (f"{SECRET_ARN}:key?-??????", {"identity.closed.thumbnails": "violated"}),
        (
            f"{SECRET_ARN}:keys-?????",
            {"identity.grant.thumbnails.4": "violated", "identity.closed.thumbnails": "violated"},
        ),
    ],
)
def test_a_secret_is_named_by_six_question_marks_or_by_its_own_arn(
    pattern: str, expected: dict[str, str]
) -> None:
    reading = {"actions": ["secretsmanager:GetSecretValue"], "resources": ["keys"]}
    agreed = contract(
        {"thumbnails": {**THUMBNAILS, "may": [*MAY, reading]}},
        groups={"keys": {"type": SECRET, "name": "keys"}},
    )
    statements = (*MAKE_THUMBNAILS, allow("secretsmanager:GetSecretValue", pattern))
    before, named, after = document(*statements).partition("@arn")
    policy = Template((before, ref(SECRET, "keys", "arn"), after)) if named else before
    changed = world(
        resource(SECRET, "keys", name="keys"),
        declared(POLICY, "make-thumbnails", {"name": "make-thumbnails", "policy": policy}),
    )
    assert verdicts(changed, agreed) == expected


def test_a_function_that_may_write_originals() -> None:
    changed = world(
        thumbnail_policy(*MAKE_THUMBNAILS, allow("s3:PutObject", f"{IMAGES}/orig/*", Sid="Oops"))
    )
    assert verdicts(changed) == {"identity.closed.thumbnails": "violated"}
    decision = decided(changed)["identity.closed.thumbnails"]
    assert decision.evidence.witness == {
        "principal": f"arn:aws:iam::{ACCOUNT}:role/thumbnails",
        "action": "s3:PutObject",
        "resource": f"{IMAGES}/orig/x.jpg",
        "context": {},
    }
    assert decision.resources[0] == urn(POLICY, "make-thumbnails")
    assert decision.evidence.hops[0].what == "make-thumbnails: statement 4 (Oops) permits it"
    assert decision.evidence.hops[0].location is not None


def test_all_of_s3() -> None:
    changed = world(thumbnail_policy(*MAKE_THUMBNAILS, allow("s3:*")))
    # With all of S3 the bucket's own policy can be rewritten too.
    assert verdicts(changed) == {
        "identity.closed.thumbnails": "violated",
        "identity.escalation.thumbnails": "violated",
    }
    witness = decided(changed)["identity.closed.thumbnails"].evidence.witness
    assert str(witness["action"]).startswith("s3:")


def test_actions_are_the_same_in_any_case() -> None:
    same = [{**s, "Action": str(s["Action"]).upper()} for s in MAKE_THUMBNAILS[1:]]
    assert verdicts(world(thumbnail_policy(MAKE_THUMBNAILS[0], *same))) == {}


def test_resources_differ_by_case() -> None:
    changed = world(
        thumbnail_policy(*MAKE_THUMBNAILS, allow("s3:PutObject", f"{IMAGES}/Thumbnails/*"))
    )
    assert verdicts(changed) == {"identity.closed.thumbnails": "violated"}


def test_all_but_some_actions_and_resources() -> None:
    changed = world(
        thumbnail_policy(
            *MAKE_THUMBNAILS,
            {"Effect": "Allow", "NotAction": ["iam:*", "s3:*"], "NotResource": "arn:aws:s3:::*"},
        )
    )
    found = decided(changed)["identity.closed.thumbnails"]
    assert found.verdict == "violated"
    assert not str(found.evidence.witness["action"]).startswith(("iam:", "s3:"))


def test_a_bucket_action_on_objects_is_no_request_at_all() -> None:
    both = [IMAGES, f"{IMAGES}/*"]
    grant = {"actions": ["s3:ListBucket"], "resources": ["images"]}
    wanted = contract({"thumbnails": THUMBNAILS | {"may": [*MAY, grant]}})
    changed = world(thumbnail_policy(*MAKE_THUMBNAILS, allow("s3:ListBucket", both)))
    assert verdicts(changed, wanted) == {}


def test_what_an_explicit_deny_takes_away_is_no_excess() -> None:
    changed = world(
        thumbnail_policy(
            *MAKE_THUMBNAILS,
            allow("s3:PutObject", f"{IMAGES}/*"),
            {
                "Effect": "Deny",
                "Action": "s3:PutObject",
                "NotResource": f"{IMAGES}/thumbnails/*",
            },
        )
    )
    assert verdicts(changed) == {}


def test_a_boundary_caps_what_policies_permit() -> None:
    boundary = resource(POLICY, "boundary", name="boundary", policy=document(*MAKE_THUMBNAILS))
    wide = thumbnail_policy(allow(["s3:GetObject*", "s3:Put*", "sqs:*"]))
    capped = role(
        "thumbnails",
        {"Service": "lambda.amazonaws.com"},
        permissionsBoundary=ref(POLICY, "boundary", "arn"),
    )
    assert verdicts(world(wide, boundary, *capped)) == {}


def test_a_role_that_is_not_in_the_contract() -> None:
    changed = world(*role("stranger", {"Service": "ec2.amazonaws.com"}))
    assert verdicts(changed) == {"identity.principals": "violated"}


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}])
def test_a_trust_policy_for_everybody(principal: object) -> None:
    changed = world(*role("thumbnails", principal))
    decision = decided(changed)["identity.trust.thumbnails"]
    assert decision.verdict == "violated"
    assert decision.evidence.witness["principal"] == "arn:aws:iam::999999999999:root"
    assert "any AWS account" in decision.evidence.summary


def test_a_trust_policy_for_another_service_too() -> None:
    changed = world(*role("thumbnails", {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}))
    decision = decided(changed)["identity.trust.thumbnails"]
    assert decision.evidence.witness["principal"] == "ec2.amazonaws.com"
    assert decision.resources == (urn(ROLE, "thumbnails"),)


def test_a_bucket_policy_that_admits_another_account() -> None:
    admits = allow("s3:GetObject", f"{IMAGES}/*", Principal={"AWS": "999988887777"})
    changed = world(
        resource(BUCKET_POLICY, "images", bucket="images", policy=document(TLS_ONLY, admits))
    )
    assert verdicts(changed) == {"identity.admits.images": "violated"}
    witness = decided(changed)["identity.admits.images"].evidence.witness
    assert witness["principal"] == "arn:aws:iam::999988887777:root"
    assert witness["context"] == {}


def test_a_bucket_policy_that_gives_a_role_more() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/thumbnails"
    admits = allow("s3:DeleteObject", f"{IMAGES}/*", Principal={"AWS": arn})
    changed = world(
        resource(BUCKET_POLICY, "images", bucket="images", policy=document(TLS_ONLY, admits))
    )
    assert verdicts(changed) == {
        "identity.admits.images": "violated",
        "identity.closed.thumbnails": "violated",
    }


@pytest.mark.parametrize(
    ("condition", "who"),
    [
        ({"StringEquals": {"aws:PrincipalAccount": "999988887777"}}, {"account": "999988887777"}),
        (
            {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::999988887777:role/ci-*"}},
            {"account": "999988887777"},
        ),
        ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, {"anyone": True}),
    ],
)
def test_a_condition_on_who_asks_narrows_a_policy_for_everybody(
    condition: object, who: object
) -> None:
    admits = allow("s3:GetObject", f"{IMAGES}/*", Principal="*", Condition=condition)
    changed = world(
        resource(BUCKET_POLICY, "images", bucket="images", policy=document(TLS_ONLY, admits)),
        resource(BLOCK, "images", bucket="images"),
    )
    assert verdicts(changed)["identity.admits.images"] == "violated"
    admission = {
        "who": who,
        "actions": ["s3:GetObject"],
        "resources": ["images/*"],
        "when": condition,
    }
    assert verdicts(changed, contract(resources={"images": [admission]})) == {}


def test_a_policy_of_a_resource_that_no_group_means() -> None:
    open_queue = document(allow("sqs:*", "*", Principal="*"))
    changed = world(resource(QUEUE, "extra", name="extra", policy=open_queue))
    found = verdicts(changed)
    assert found["identity.admits.extra"] == "violated"
    # Everybody is the function too.
    assert found["identity.closed.thumbnails"] == "violated"


@pytest.mark.parametrize("lost", ["sourceArn", "sourceAccount"])
def test_a_permission_that_any_bucket_may_use(lost: str) -> None:
    changed = permission()
    del changed.inputs[lost]
    assert verdicts(world(changed)) == {"identity.admits.thumbnails": "violated"}


# ── too little ──────────────────────────────────────────────────────────────────────────────────


def test_a_missing_dead_letter_grant() -> None:
    changed = world(thumbnail_policy(*MAKE_THUMBNAILS[:2]))
    assert verdicts(changed) == {"identity.grant.thumbnails.3": "violated"}
    decision = decided(changed)["identity.grant.thumbnails.3"]
    assert decision.evidence.witness["action"] == "sqs:SendMessage"
    assert decision.evidence.witness["resource"] == FAILED


def test_a_missing_function_permission() -> None:
    changed = world(without=[urn(PERMISSION, "s3-starts-thumbnails")])
    assert verdicts(changed) == {"identity.admits.thumbnails": "violated"}
    assert decided(changed)["identity.admits.thumbnails"].resources == (
        urn(FUNCTION, "thumbnails"),
    )


def test_a_trust_policy_that_lost_its_service() -> None:
    changed = world(*role("thumbnails", {"Service": "ec2.amazonaws.com"}))
    assert decided(changed)["identity.trust.thumbnails"].verdict == "violated"


def test_a_missing_attachment() -> None:
    lost = urn("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "thumbnails")
    assert set(verdicts(world(without=[lost]))) == {
        f"identity.grant.thumbnails.{n}" for n in (1, 2, 3)
    }


def test_a_bucket_policy_that_denies_what_the_role_needs() -> None:
    denies = deny("s3:GetObject", f"{IMAGES}/orig/secret/*", Principal={"AWS": ACCOUNT})
    changed = world(
        resource(BUCKET_POLICY, "images", bucket="images", policy=document(TLS_ONLY, denies))
    )
    assert verdicts(changed) == {"identity.grant.thumbnails.1": "violated"}
    decision = decided(changed)["identity.grant.thumbnails.1"]
    assert decision.resources[0] == urn(BUCKET_POLICY, "images")
    assert str(decision.evidence.witness["resource"]).startswith(f"{IMAGES}/orig/secret/")


def test_a_boundary_that_leaves_too_little() -> None:
    boundary = resource(POLICY, "boundary", policy=document(*MAKE_THUMBNAILS[:2]))
    capped = role(
        "thumbnails",
        {"Service": "lambda.amazonaws.com"},
        permissionsBoundary=ref(POLICY, "boundary", "arn"),
    )
    changed = world(boundary, *capped)
    assert verdicts(changed) == {"identity.grant.thumbnails.3": "violated"}
    assert "boundary" in decided(changed)["identity.grant.thumbnails.3"].evidence.hops[0].what


# ── conditions ──────────────────────────────────────────────────────────────────────────────────


def test_a_condition_narrows_a_grant_unless_the_contract_states_it() -> None:
    when = {"StringLike": {"s3:prefix": ["orig/*"]}}
    listing = allow("s3:ListBucket", IMAGES, Condition=when)
    changed = world(thumbnail_policy(*MAKE_THUMBNAILS, listing))
    grant = {"actions": ["s3:ListBucket"], "resources": ["images"]}
    for stated, expected in (
        ({}, {"identity.grant.thumbnails.4": "violated"}),
        ({"when": when}, {}),
        (
            {"when": {"StringLike": {"s3:prefix": "orig/a*"}}},
            {"identity.closed.thumbnails": "violated"},
        ),
    ):
        may = [*MAY, grant | stated]
        assert verdicts(changed, contract({"thumbnails": THUMBNAILS | {"may": may}})) == expected


@pytest.mark.parametrize(
    "when",
    [
        {"NumericLessThan": {"s3:max-keys": "10"}},
        {"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}},
        {"ForAllValues:StringLike": {"kms:ResourceAliases": "alias/*"}},
        {"StringEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team}"}},
        {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
        {"StringEqualsIgnoreCase": {"aws:PrincipalTag/team": "film"}},
    ],
)
def test_an_undecided_condition_is_read_both_ways(when: object) -> None:
    listing = allow("s3:ListBucket", IMAGES, Condition=when)
    changed = world(thumbnail_policy(*MAKE_THUMBNAILS, listing))
    assert verdicts(changed) == {"identity.closed.thumbnails": "unproven"}
    grant: dict[str, object] = {"actions": ["s3:ListBucket"], "resources": ["images"]}
    for stated, expected in (
        ({}, {"identity.grant.thumbnails.4": "unproven"}),
        ({"when": when}, {}),
    ):
        may = [*MAY, grant | stated]
        assert verdicts(changed, contract({"thumbnails": THUMBNAILS | {"may": may}})) == expected


def test_an_undecided_condition_on_a_deny_is_read_both_ways() -> None:
    denies = deny("s3:PutObject", "*", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})
    changed = world(thumbnail_policy(*MAKE_THUMBNAILS, denies))
    assert verdicts(changed) == {"identity.grant.thumbnails.2": "unproven"}
    listed = decided(changed)["identity.grant.thumbnails.2"].evidence.witness["not_known"]
    assert "aws:sourceip" in str(listed)


def test_a_condition_that_names_the_principal_is_decided() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/thumbnails"
    keeps_out = deny(
        "s3:*",
        f"{IMAGES}/*",
        Principal="*",
        Condition={"ArnNotEquals": {"aws:PrincipalArn": arn}},
    )
    changed = world(
        resource(BUCKET_POLICY, "images", bucket="images", policy=document(TLS_ONLY, keeps_out))
    )
    assert verdicts(changed) == {}


def test_a_service_condition_is_never_met_by_a_role() -> None:
    other = allow("s3:*", Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}})
    assert verdicts(world(thumbnail_policy(*MAKE_THUMBNAILS, other))) == {}


# ── what is not known ───────────────────────────────────────────────────────────────────────────


def test_a_policy_that_is_not_known_at_preview() -> None:
    unknown = resource(POLICY, "make-thumbnails", policy=Unknown("an output of another stack"))
    found = verdicts(world(unknown))
    assert set(found.values()) == {"unproven"}
    assert set(found) == {
        "identity.closed.thumbnails",
        "identity.escalation.thumbnails",
        *(f"identity.grant.thumbnails.{n}" for n in (1, 2, 3)),
    }
    evidence = decided(world(unknown))["identity.closed.thumbnails"].evidence
    assert evidence.kind == "unknown"
    assert "an output of another stack" in str(evidence.witness["not_known"])


def test_a_resource_that_is_not_known_at_preview() -> None:
    text = document(*MAKE_THUMBNAILS, allow("s3:PutObject", "@"))
    before, after = text.split("@")
    unknown = resource(
        POLICY, "make-thumbnails", policy=Template((before, Unknown("computed later"), after))
    )
    assert verdicts(world(unknown)) == {"identity.closed.thumbnails": "unproven"}


def test_an_unknown_deny_casts_doubt_on_grants_only() -> None:
    text = document(*MAKE_THUMBNAILS, deny("s3:PutObject", "@"))
    before, after = text.split("@")
    unknown = resource(
        POLICY, "make-thumbnails", policy=Template((before, Unknown("computed later"), after))
    )
    assert verdicts(world(unknown)) == {"identity.grant.thumbnails.2": "unproven"}


def test_an_attachment_to_whom_is_not_known() -> None:
    lost = resource(
        ROLE_POLICY, "lost", role=Unknown("computed later"), policy=document(allow("iam:*"))
    )
    assert set(verdicts(world(lost)).values()) == {"unproven"}


def test_a_managed_policy_that_is_not_declared_here() -> None:
    roles = role(
        "thumbnails",
        {"Service": "lambda.amazonaws.com"},
        managedPolicyArns=["arn:aws:iam::aws:policy/PowerUserAccess"],
    )
    found = verdicts(world(*roles))
    assert found["identity.closed.thumbnails"] == "unproven"
    listed = decided(world(*roles))["identity.closed.thumbnails"].evidence.witness["not_known"]
    assert "PowerUserAccess" in str(listed)


def test_a_managed_policy_that_is_known() -> None:
    roles = role(
        "thumbnails",
        {"Service": "lambda.amazonaws.com"},
        managedPolicyArns=["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
    )
    decision = decided(world(*roles))["identity.closed.thumbnails"]
    assert decision.verdict == "violated"
    assert str(decision.evidence.witness["action"]).startswith("logs:")


def test_a_policy_variable_that_is_not_known() -> None:
    mine = allow("s3:PutObject", f"{IMAGES}/thumbnails/${{aws:PrincipalTag/team}}*")
    rest = [MAKE_THUMBNAILS[0], MAKE_THUMBNAILS[2]]
    assert verdicts(world(thumbnail_policy(*rest, mine))) == {
        "identity.grant.thumbnails.2": "unproven"
    }


def test_a_policy_variable_that_is_known() -> None:
    mine = allow("sqs:SendMessage", "arn:aws:sqs:us-east-1:${aws:PrincipalAccount}:failed")
    assert verdicts(world(thumbnail_policy(*MAKE_THUMBNAILS[:2], mine))) == {}


def test_a_type_that_is_not_modelled_leaves_nothing_proven_but_trust() -> None:
    changed = world(resource("aws:new/thing:Thing", "new"))
    proven = {i for i, d in decided(changed).items() if d.verdict == "proven"}
    assert proven == {"identity.trust.thumbnails"}
    assert "aws:new/thing:Thing" in decided(changed)["identity.principals"].evidence.summary


def test_a_policy_whose_changes_are_ignored_is_whatever_was_deployed_first() -> None:
    kept = msgspec.structs.replace(
        thumbnail_policy(allow("logs:PutLogEvents")), ignore_changes=("policy",)
    )
    assert verdicts(world(kept))["identity.closed.thumbnails"] == "unproven"


def test_a_violation_stays_one_beside_what_is_not_modelled() -> None:
    changed = world(resource("aws:new/thing:Thing", "new"), thumbnail_policy(allow("s3:*")))
    assert decided(changed)["identity.closed.thumbnails"].verdict == "violated"


# ── public access ───────────────────────────────────────────────────────────────────────────────

SITE = (
    resource(BUCKET, "site", bucket="site"),
    resource(
        BUCKET_POLICY,
        "site",
        bucket="site",
        policy=document(allow("s3:GetObject", "arn:aws:s3:::site/*", Principal="*")),
    ),
)
PUBLIC = {"who": {"anyone": True}, "actions": ["s3:GetObject"], "resources": ["site/*"]}
SITE_GROUP = {"site": {"type": BUCKET, "name": "site"}}


def block(*, on: bool) -> Resource:
    return resource(BLOCK, "site", bucket="site", blockPublicPolicy=on, restrictPublicBuckets=on)


def test_a_public_site_is_declared_and_not_blocked() -> None:
    wanted = contract(resources={"site": [PUBLIC]}, groups=SITE_GROUP)
    assert verdicts(world(*SITE, block(on=False)), wanted) == {}


@pytest.mark.parametrize("blocked", [(block(on=True),), ()])
def test_a_public_site_that_is_blocked_is_not_public(blocked: tuple[Resource, ...]) -> None:
    wanted = contract(resources={"site": [PUBLIC]}, groups=SITE_GROUP)
    found = verdicts(world(*SITE, *blocked), wanted)
    # Without a declared block AWS's default for new buckets holds, or not.
    assert found == {"identity.admits.site": "violated" if blocked else "unproven"}


@pytest.mark.parametrize("account", ["999999999999", "111122223333"])
def test_a_policy_for_one_account_is_not_public_and_no_block_stops_it(account: str) -> None:
    who = {"AWS": f"arn:aws:iam::{account}:root"}
    statement = allow("s3:GetObject", "arn:aws:s3:::site/*", Principal=who)
    shared = (SITE[0], resource(BUCKET_POLICY, "site", bucket="site", policy=document(statement)))
    found = verdicts(world(*shared, block(on=True)), contract(groups=SITE_GROUP))
    assert found["identity.admits.site"] == "violated"


def test_a_public_site_that_the_contract_does_not_know() -> None:
    found = verdicts(
        world(*SITE, block(on=False)),
        contract(groups=SITE_GROUP),
    )
    assert found["identity.admits.site"] == "violated"


# ── keys ────────────────────────────────────────────────────────────────────────────────────────

DECRYPT = {"actions": ["kms:Decrypt"], "resources": ["key"]}
KEY_GROUP = {"key": {"type": KEY, "name": "data"}}


def key_world(policy: str | None) -> dict[str, str]:
    key = declared(KEY, "data", {} if policy is None else {"policy": policy})
    before, after = document(*MAKE_THUMBNAILS, allow("kms:Decrypt", "@")).split("@")
    uses = resource(
        POLICY, "make-thumbnails", policy=Template((before, ref(KEY, "data", "arn"), after))
    )
    may = [*MAY, DECRYPT]
    wanted = contract({"thumbnails": THUMBNAILS | {"may": may}}, groups=KEY_GROUP)
    return verdicts(world(key, uses), wanted)


def test_a_key_without_a_policy_leaves_it_to_identity_policies() -> None:
    assert key_world(None) == {}


def test_a_key_whose_policy_delegates_to_the_account() -> None:
    assert key_world(document(allow("kms:*", Principal={"AWS": ACCOUNT}))) == {}


def test_a_key_whose_policy_does_not_delegate_makes_identity_policies_idle() -> None:
    admin = f"arn:aws:iam::{ACCOUNT}:role/admin"
    found = key_world(document(allow("kms:*", Principal={"AWS": admin})))
    assert found["identity.grant.thumbnails.4"] == "violated"


DATA_ACTIONS = ["kms:Decrypt", "kms:GenerateDataKey"]


def encrypted_world(key: Value, *actions: str, **condition: object) -> dict[str, str]:
    """The images behind `key`, of which the function may do `actions`."""
    default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key}
    statements = (allow(list(actions), "@", **condition),) if actions else ()
    before, found, after = document(*MAKE_THUMBNAILS, *statements).partition("@")
    arn = [ref(KEY, "data", "arn")] if found else []
    changed = [
        resource(POLICY, "make-thumbnails", policy=Template((before, *arn, after))),
        declared(KEY, "data", {}),
        declared(
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            "images",
            {
                "bucket": ref(BUCKET, "images"),
                "rules": [{"applyServerSideEncryptionByDefault": default}],
            },
        ),
    ]
    may = [*MAY, *([{"actions": list(actions), "resources": ["key"]}] if actions else [])]
    wanted = contract({"thumbnails": THUMBNAILS | {"may": may}}, groups=KEY_GROUP)
    return verdicts(world(*changed), wanted)


@pytest.mark.parametrize("output", ["arn", "keyId"])
def test_data_behind_a_key_is_for_those_who_may_use_the_key(output: str) -> None:
    key = ref(KEY, "data", output)
    without = encrypted_world(key)
    assert without["identity.grant.thumbnails.1"] == "violated"
    assert without["identity.grant.thumbnails.2"] == "violated"
    assert encrypted_world(key, "kms:Decrypt") == {"identity.grant.thumbnails.2": "violated"}
    assert encrypted_world(key, *DATA_ACTIONS) == {}


def test_a_key_that_only_s3_may_be_asked_through_serves_s3() -> None:
    key = ref(KEY, "data", "arn")
    for service, serves in (("s3", True), ("sqs", False)):
        via = {"StringLike": {"kms:ViaService": f"{service}.*.amazonaws.com"}}
        found = encrypted_world(key, *DATA_ACTIONS, Condition=via)
        assert ("identity.grant.thumbnails.1" not in found) is serves


def test_the_key_of_aws_lets_everyone_through_and_an_alias_is_not_known() -> None:
    assert encrypted_world("alias/aws/s3") == {}
    assert encrypted_world("alias/ours")["identity.grant.thumbnails.1"] == "unproven"
    assert encrypted_world(Unknown("another stack"))["identity.grant.thumbnails.2"] == "unproven"
    foreign = "arn:aws:kms:us-east-1:999988887777:key/1"
    assert encrypted_world(foreign)["identity.grant.thumbnails.1"] == "violated"


def test_an_operator_of_another_type_decides_nothing_of_a_boolean_key() -> None:
    over_tls = {"Bool": {"aws:SecureTransport": "true"}}
    may = [{**grant, "when": over_tls} if "sqs" not in str(grant) else grant for grant in MAY]
    wanted = contract({"thumbnails": THUMBNAILS | {"may": may}})
    assert "identity.closed.thumbnails" not in verdicts(world(), wanted)
    texts = {**TLS_ONLY, "Condition": {"StringEquals": {"aws:SecureTransport": "false"}}}
    changed = world(resource(BUCKET_POLICY, "images", bucket="images", policy=document(texts)))
    assert verdicts(changed, wanted)["identity.closed.thumbnails"] == "unproven"


# ── escalation ──────────────────────────────────────────────────────────────────────────────────

ADMIN = role("admin", {"AWS": ACCOUNT}, document(allow("*")))
ADMIN_GROUP = {"admins": {"type": ROLE, "name": "admin"}}
ADMIN_CONTRACT: dict[str, dict[str, object]] = {
    "admin": {
        "role": "admins",
        "assumed_by": [{"account": ACCOUNT}],
        "may": [{"actions": ["*"], "resources": ["*"]}],
    }
}


def escalation(statement: Statement, *resources: Resource) -> dict[str, object]:
    """The witness of the function's escalation when it may also do what `statement` says."""
    action = statement["Action"]
    grant = {
        "actions": [action] if isinstance(action, str) else action,
        "resources": [statement["Resource"]],
    }
    may = [*MAY, grant]
    wanted = contract(
        {"thumbnails": THUMBNAILS | {"may": may}} | ADMIN_CONTRACT, groups=ADMIN_GROUP
    )
    changed = world(thumbnail_policy(*MAKE_THUMBNAILS, statement), *(resources or ADMIN))
    found = decided(changed, wanted)
    assert found["identity.closed.thumbnails"].verdict == "proven"
    decision = found["identity.escalation.thumbnails"]
    assert decision.verdict in {"violated", "proven"}
    return decision.evidence.witness


def test_assuming_a_stronger_role() -> None:
    admin = f"arn:aws:iam::{ACCOUNT}:role/admin"
    assert escalation(allow("sts:AssumeRole", admin))["chain"] == ["thumbnails assumes admin"]


def test_passing_a_stronger_role_to_a_new_function() -> None:
    lambda_admin = role("admin", {"Service": "lambda.amazonaws.com"}, document(allow("*")))
    statement = allow(["iam:PassRole", "lambda:CreateFunction"])
    witness = escalation(statement, *lambda_admin)
    assert "passes admin to what it makes" in str(witness["chain"])


def test_a_role_that_no_service_may_assume_cannot_be_passed_on() -> None:
    admin = f"arn:aws:iam::{ACCOUNT}:role/admin"
    assert escalation(allow(["iam:PassRole", "lambda:CreateFunction"], admin)) == {}


def test_passing_without_making_anything_gains_nothing() -> None:
    assert escalation(allow("iam:PassRole")) == {}


def test_putting_code_into_a_stronger_function() -> None:
    strong = [
        *role("admin", {"Service": "lambda.amazonaws.com"}, document(allow("*"))),
        resource(FUNCTION, "strong", name="strong", role=ref(ROLE, "admin", "arn")),
    ]
    strong_arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:strong"
    witness = escalation(allow("lambda:UpdateFunctionCode", strong_arn), *strong)
    assert witness["chain"] == ["thumbnails puts code into strong"]


def test_putting_code_into_itself_gains_nothing() -> None:
    own = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:thumbnails"
    assert escalation(allow("lambda:UpdateFunctionCode", own)) == {}


@pytest.mark.parametrize(
    "action",
    [
        "iam:PutRolePolicy",
        "iam:Update*",
        "s3:PutBucketPolicy",
        "iam:CreateServiceSpecificCredential",
        "s3:PutAccessPointPolicy",
        "s3tables:PutTablePolicy",
        "dynamodb:PutResourcePolicy",
    ],
)
def test_writing_policies(action: str) -> None:
    assert "writes policies" in str(escalation(allow(action))["chain"])


@pytest.mark.parametrize("action", ["s3:PutObjectAcl", "ec2:ModifySnapshotAttribute", "rds-db:*"])
def test_lending_something_to_strangers_gains_nothing_for_oneself(action: str) -> None:
    assert escalation(allow(action)) == {}


def test_who_may_do_everything_cannot_gain_more() -> None:
    wanted = contract(ADMIN_CONTRACT, groups=ADMIN_GROUP)
    assert "identity.escalation.admin" not in verdicts(world(*ADMIN), wanted)


def test_a_chain_of_two_roles() -> None:
    step = f"arn:aws:iam::{ACCOUNT}:role/step"
    admin = f"arn:aws:iam::{ACCOUNT}:role/admin"
    middle = role("step", {"AWS": ACCOUNT}, document(allow("sts:AssumeRole", admin)))
    may = [
        *MAY,
        {"actions": ["sts:AssumeRole"], "resources": [step, admin]},
    ]
    wanted = contract(
        {
            "thumbnails": THUMBNAILS | {"may": may},
            "step": {"role": "steps", "assumed_by": [{"account": ACCOUNT}], "may": []},
        }
        | ADMIN_CONTRACT,
        groups=ADMIN_GROUP | {"steps": {"type": ROLE, "name": "step"}},
    )
    changed = world(
        thumbnail_policy(*MAKE_THUMBNAILS, allow("sts:AssumeRole", step)), *middle, *ADMIN
    )
    decision = decided(changed, wanted)["identity.escalation.thumbnails"]
    assert decision.evidence.witness["chain"] == [
        "thumbnails assumes step",
        "step assumes admin",
    ]


def test_a_trust_policy_that_names_the_role_is_enough_alone() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/thumbnails"
    open_admin = resource(
        ROLE,
        "admin",
        name="admin",
        assumeRolePolicy=trust({"AWS": arn}),
        inlinePolicies=[{"name": "all", "policy": document(allow("*"))}],
    )
    wanted = contract(
        ADMIN_CONTRACT
        | {"admin": ADMIN_CONTRACT["admin"] | {"assumed_by": [{"principal": "thumbnails"}]}},
        groups=ADMIN_GROUP,
    )
    decision = decided(world(open_admin), wanted)["identity.escalation.thumbnails"]
    assert decision.evidence.witness["chain"] == ["thumbnails assumes admin"]


# ── every verdict ───────────────────────────────────────────────────────────────────────────────


def test_verdicts_do_not_depend_on_the_order_of_resources() -> None:
    changed = thumbnail_policy(allow("s3:*"), deny("s3:Get*"))
    backwards = world(changed, *reversed(WORLD), changed)
    assert decided(backwards) == decided(world(changed))


def test_a_reference_and_the_text_it_resolves_to_are_one() -> None:
    by_text = resource(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "thumbnails",
        role="thumbnails",
        policyArn=Reference(urn(POLICY, "make-thumbnails"), "arn"),
    )
    assert verdicts(world(by_text)) == {}


def test_passing_a_role_that_services_may_assume_without_making_anything() -> None:
    strong = role("admin", {"Service": "lambda.amazonaws.com"}, document(allow("*")))
    assert escalation(allow("iam:PassRole"), *strong) == {}


def test_passing_roles_that_are_not_declared_here() -> None:
    others = f"arn:aws:iam::{ACCOUNT}:role/other-*"
    statement = allow(["iam:PassRole", "lambda:CreateFunction"], others)
    assert "passes roles of others" in str(escalation(statement)["chain"])


def test_putting_code_into_functions_that_are_not_declared_here() -> None:
    others = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:other-*"
    witness = escalation(allow("lambda:UpdateFunctionCode", others))
    assert witness["chain"] == ["thumbnails puts code into what others own"]


def test_a_session_on_a_stronger_instance() -> None:
    profile = "aws:iam/instanceProfile:InstanceProfile"
    strong = [
        *role("admin", {"Service": "ec2.amazonaws.com"}, document(allow("*"))),
        resource(profile, "strong", name="strong", role=ref(ROLE, "admin", "name")),
        resource(
            "aws:ec2/launchTemplate:LaunchTemplate",
            "strong",
            iamInstanceProfile={"arn": ref(profile, "strong", "arn")},
        ),
    ]
    instances = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/*"
    witness = escalation(allow("ssm:StartSession", instances), *strong)
    assert witness["chain"] == ["thumbnails puts code into strong"]


def test_a_deny_for_an_account_is_a_deny_for_everybody_in_it() -> None:
    arn = "arn:aws:iam::999988887777:role/guest"
    admits = allow("s3:GetObject", f"{IMAGES}/*", Principal={"AWS": arn})
    denies = deny("s3:GetObject", f"{IMAGES}/*", Principal={"AWS": "999988887777"})
    policy = document(TLS_ONLY, admits, denies)
    changed = world(resource(BUCKET_POLICY, "images", bucket="images", policy=policy))
    admission = {"who": {"arn": arn}, "actions": ["s3:GetObject"], "resources": ["images/*"]}
    wanted = contract(resources={"images": [admission]})
    assert set(verdicts(changed, wanted)) == {"identity.admits.images"}


def test_a_policy_of_an_old_version_has_no_variables() -> None:
    old = document(
        *MAKE_THUMBNAILS[:2],
        allow("sqs:SendMessage", "arn:aws:sqs:us-east-1:${aws:PrincipalAccount}:failed"),
    ).replace("2012-10-17", "2008-10-17")
    changed = world(resource(POLICY, "make-thumbnails", policy=old))
    assert verdicts(changed)["identity.grant.thumbnails.3"] == "unproven"
