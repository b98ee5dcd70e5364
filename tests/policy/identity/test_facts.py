"""What reaches a principal, and who is let in, however the program writes it down."""

from __future__ import annotations

import msgspec
import pytest

from stackproof.model import Resource, Template, Unknown, Value
from tests.policy.graphs import ACCOUNT, ref, resource, urn
from tests.policy.identity.worlds import (
    BUCKET,
    IMAGES,
    MAKE_THUMBNAILS,
    MAY,
    POLICY,
    QUEUE,
    ROLE,
    THUMBNAILS,
    allow,
    contract,
    decided,
    declared,
    deny,
    document,
    permission,
    role,
    thumbnail_policy,
    verdicts,
    world,
)

LAMBDA = {"Service": "lambda.amazonaws.com"}
ATTACHED = urn("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "thumbnails")
TEXT = document(*MAKE_THUMBNAILS)
ARN = ref(POLICY, "make-thumbnails", "arn")
ACL = "aws:s3/bucketAcl:BucketAcl"
EXCLUSIVE = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"


@pytest.mark.parametrize(
    "ways",
    [
        role("thumbnails", LAMBDA, TEXT),
        role("thumbnails", LAMBDA, inlinePolicies=[{"name": "all", "policy": TEXT}]),
        role("thumbnails", LAMBDA, managedPolicyArns=[ARN]),
        [
            resource(
                "aws:iam/policyAttachment:PolicyAttachment",
                "all",
                roles=[ref(ROLE, "thumbnails", "id")],
                policyArn=ARN,
            )
        ],
        [resource(EXCLUSIVE, "all", roleName="thumbnails", policyArns=[ARN])],
    ],
    ids=["rolePolicy", "inline", "managed", "policyAttachment", "exclusive"],
)
def test_a_policy_reaches_a_role_in_any_of_the_ways_that_there_are(ways: list[Resource]) -> None:
    assert verdicts(world(*ways, without=[ATTACHED])) == {}


GRANTS = {f"identity.grant.thumbnails.{n}": "unproven" for n in (1, 2, 3)}
PART = document(MAKE_THUMBNAILS[0])
TO_ALL = "aws:iam/policyAttachment:PolicyAttachment"


@pytest.mark.parametrize(
    "rival",
    [
        [resource(EXCLUSIVE, "none", roleName="thumbnails", policyArns=[])],
        role("thumbnails", LAMBDA, managedPolicyArns=[]),
        role("thumbnails", LAMBDA, managedPolicyArns=[Unknown("not known yet")]),
        [
            *role("other", LAMBDA),
            resource(TO_ALL, "all", roles=["other"], policyArn=ARN),
        ],
    ],
    ids=["exclusive", "the role's list", "an unknown list", "policyAttachment"],
)
def test_what_an_exclusive_list_detaches_is_not_granted(rival: list[Resource]) -> None:
    found = verdicts(world(*rival))
    assert GRANTS.items() <= found.items()


def test_what_is_detached_now_and_then_is_still_no_more_than_the_contract() -> None:
    rival = role("thumbnails", LAMBDA, managedPolicyArns=[])
    assert verdicts(world(*rival)) == GRANTS


def test_a_deny_that_is_detached_now_and_then_takes_nothing_away() -> None:
    wide = role(
        "thumbnails", LAMBDA, document(allow("s3:GetObject", [f"{IMAGES}/orig/*", f"{IMAGES}/x*"]))
    )
    narrow = resource(
        POLICY, "narrow", name="narrow", policy=document(deny("s3:*", f"{IMAGES}/x*"))
    )
    attached = resource(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "narrow",
        role="thumbnails",
        policyArn=ref(POLICY, "narrow", "arn"),
    )
    made = [*wide, narrow, attached]
    assert "identity.closed.thumbnails" not in verdicts(world(*made))
    rival = resource(EXCLUSIVE, "some", roleName="thumbnails", policyArns=[ARN])
    assert verdicts(world(*made, rival))["identity.closed.thumbnails"] == "unproven"


@pytest.mark.parametrize(
    "made",
    [
        role("thumbnails", LAMBDA, PART, inlinePolicies=[{"name": "none"}]),
        [
            *role("thumbnails", LAMBDA),
            *(
                declared(
                    "aws:iam/rolePolicy:RolePolicy",
                    n,
                    {"role": "thumbnails", "name": name, "policy": PART},
                )
                for n, name in (("one", "same"), ("two", "same"))
            ),
        ],
    ],
    ids=["the role's list", "one name"],
)
def test_an_inline_policy_that_another_one_removes_is_not_granted(made: list[Resource]) -> None:
    rest = thumbnail_policy(*MAKE_THUMBNAILS[1:])
    assert verdicts(world(*made, rest)) == {"identity.grant.thumbnails.1": "unproven"}


def test_inline_policies_of_several_names_are_all_there() -> None:
    made = role("thumbnails", LAMBDA, PART, PART)
    assert verdicts(world(*made, thumbnail_policy(*MAKE_THUMBNAILS[1:]))) == {}


def test_a_user_has_the_policies_of_its_groups() -> None:
    user, group = "aws:iam/user:User", "aws:iam/group:Group"
    made = [
        declared(user, "ann", {"name": "ann"}),
        declared(group, "readers", {"name": "readers"}),
        resource(
            "aws:iam/userGroupMembership:UserGroupMembership",
            "ann",
            user=ref(user, "ann", "name"),
            groups=[ref(group, "readers", "name")],
        ),
        resource(
            "aws:iam/groupPolicy:GroupPolicy",
            "read",
            group=ref(group, "readers", "name"),
            policy=document(allow("s3:GetObject", f"{IMAGES}/home/${{aws:username}}/*")),
        ),
    ]
    grant = {"actions": ["s3:GetObject"], "resources": ["images/home/ann/*"]}
    wanted = contract(
        {"ann": {"role": "anns", "assumed_by": [], "may": [grant]}},
        groups={"anns": {"type": user, "name": "ann"}},
    )
    assert verdicts(world(*made), wanted) == {}


@pytest.mark.parametrize(
    "membership",
    [
        {"user": "ann", "groups": ["administrators"]},
        {"user": "ann", "groups": [Unknown("not known yet")]},
        {"user": Unknown("not known yet"), "groups": ["administrators"]},
    ],
    ids=["a group of others", "an unknown group", "an unknown member"],
)
def test_a_member_of_a_group_that_is_not_declared_here_may_do_anything(
    membership: dict[str, Value],
) -> None:
    made = [
        declared("aws:iam/user:User", "ann", {"name": "ann"}),
        declared("aws:iam/userGroupMembership:UserGroupMembership", "ann", membership),
    ]
    wanted = contract(
        {"ann": {"role": "anns", "assumed_by": [], "may": []}},
        groups={"anns": {"type": "aws:iam/user:User", "name": "ann"}},
    )
    assert verdicts(world(*made), wanted)["identity.closed.ann"] == "unproven"


def test_the_policies_of_a_group_that_is_read_are_not_known() -> None:
    group = msgspec.structs.replace(
        declared("aws:iam/group:Group", "readers", {"name": "readers"}), external=True
    )
    made = [
        group,
        declared("aws:iam/user:User", "ann", {"name": "ann"}),
        declared(
            "aws:iam/groupMembership:GroupMembership", "ann", {"users": ["ann"], "group": "readers"}
        ),
    ]
    wanted = contract(
        {"ann": {"role": "anns", "assumed_by": [], "may": []}},
        groups={"anns": {"type": "aws:iam/user:User", "name": "ann"}},
    )
    assert verdicts(world(*made), wanted)["identity.closed.ann"] == "unproven"


def test_a_policy_for_a_role_that_is_not_declared_here_leaves_claims_unproven() -> None:
    stray = declared("aws:iam/rolePolicy:RolePolicy", "stray", {"role": "other", "policy": TEXT})
    found = decided(world(stray))
    assert found["identity.closed.thumbnails"].verdict == "unproven"
    assert "stray is a policy of other" in found["identity.closed.thumbnails"].evidence.summary


def test_a_role_that_is_read_is_not_known() -> None:
    read = msgspec.structs.replace(
        declared(ROLE, "thumbnails", {"name": "thumbnails"}), external=True
    )
    found = verdicts(world(read))
    assert found["identity.closed.thumbnails"] == "unproven"
    assert found["identity.trust.thumbnails"] == "unproven"


def test_a_bucket_that_is_read_admits_nobody_knows_whom() -> None:
    read = msgspec.structs.replace(declared(BUCKET, "images", {"bucket": "images"}), external=True)
    assert verdicts(world(read))["identity.admits.images"] == "unproven"


def test_an_acl_that_admits_the_public_is_not_passed_over() -> None:
    opened = declared(
        "aws:s3/bucketAcl:BucketAcl", "images", {"bucket": "images", "acl": "public-read"}
    )
    assert verdicts(world(opened)) == {"identity.admits.images": "unproven"}


def test_an_acl_has_no_effect_where_ownership_is_enforced() -> None:
    opened = declared(
        "aws:s3/bucketAcl:BucketAcl", "images", {"bucket": "images", "acl": "public-read"}
    )
    enforced = declared(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "images",
        {"bucket": "images", "rule": {"objectOwnership": "BucketOwnerEnforced"}},
    )
    assert verdicts(world(opened, enforced)) == {}


def test_two_policies_of_one_bucket_cannot_both_hold() -> None:
    second = resource(
        "aws:s3/bucketPolicy:BucketPolicy", "second", bucket="images", policy=document()
    )
    assert verdicts(world(second)) == {"identity.admits.images": "unproven"}


def test_a_queue_policy_admits_by_queue_url() -> None:
    opened = resource(
        "aws:sqs/queuePolicy:QueuePolicy",
        "failed",
        queueUrl=ref(QUEUE, "failed", "id"),
        policy=document(
            allow(
                "sqs:SendMessage",
                "*",
                Principal={"Service": "events.amazonaws.com"},
                Condition={"ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:1:rule/x"}},
            )
        ),
    )
    assert verdicts(world(opened)) == {"identity.admits.failed": "violated"}
    admission = {
        "who": {"service": "events.amazonaws.com"},
        "actions": ["sqs:SendMessage"],
        "when": {"ArnLike": {"aws:SourceArn": "arn:aws:events:us-east-1:1:rule/x"}},
    }
    assert verdicts(world(opened), contract(resources={"failed": [admission]})) == {}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"function": Unknown("computed later")}, "unproven"),
        ({"sourceArn": Unknown("computed later")}, "unproven"),
        ({"sourceArn": Template((ref(BUCKET, "images", "arn"), "-other"))}, "violated"),
        ({"principal": "*"}, "violated"),
        ({"action": "lambda:*"}, "violated"),
        ({"qualifier": "live"}, "violated"),
    ],
)
def test_a_function_permission_that_is_not_the_declared_one(
    changes: dict[str, object], verdict: str
) -> None:
    changed = world(permission(**changes))  # type: ignore[arg-type]
    assert decided(changed)["identity.admits.thumbnails"].verdict == verdict


IN_VPC: dict[str, Value] = {"vpcConfig": {"subnetIds": ["subnet-1"]}}


def endpoint(*actions: str) -> Resource:
    """An S3 gateway endpoint that lets `actions` on the image bucket through."""
    return declared(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "s3",
        {
            "serviceName": "com.amazonaws.us-east-1.s3",
            "policy": document(allow(list(actions), f"{IMAGES}/*", Principal="*")),
        },
    )


@pytest.mark.parametrize(
    ("actions", "placed", "expected"),
    [
        (["s3:GetObject*", "s3:PutObject"], IN_VPC, {}),
        (["s3:GetObject*"], IN_VPC, {"identity.grant.thumbnails.2": "unproven"}),
        (["s3:GetObject*"], {}, {}),
    ],
)
def test_an_endpoint_in_the_way_must_let_grants_through(
    actions: list[str], placed: dict[str, Value], expected: dict[str, str]
) -> None:
    function = declared(
        "aws:lambda/function:Function",
        "thumbnails",
        {"name": "thumbnails", "role": ref(ROLE, "thumbnails", "arn"), **placed},
    )
    found = verdicts(world(endpoint(*actions), function))
    assert {id_: v for id_, v in found.items() if ".admits." not in id_} == expected


def test_a_generated_role_name_is_followed_through() -> None:
    named = declared(
        ROLE,
        "thumbnails",
        {"assumeRolePolicy": document({"Effect": "Allow", "Principal": LAMBDA, "Action": "sts:*"})},
    )
    assert verdicts(world(named)) == {}


def test_a_role_in_a_path_is_found_by_its_arn() -> None:
    here = f"arn:aws:iam::{ACCOUNT}:role/team/thumbnails"
    admitted = document(allow("s3:GetObject", f"{IMAGES}/*", Principal={"AWS": here}))
    made = [
        *role("thumbnails", LAMBDA, path="/team/"),
        resource("aws:s3/bucketPolicy:BucketPolicy", "images", bucket="images", policy=admitted),
    ]
    admission = {
        "who": {"principal": "thumbnails"},
        "actions": ["s3:GetObject"],
        "resources": ["images/*"],
    }
    wanted = contract({"thumbnails": THUMBNAILS}, {"images": [admission]})
    assert verdicts(world(*made), wanted) == {}


def test_a_log_group_grant_speaks_of_its_streams() -> None:
    group = declared("aws:cloudwatch/logGroup:LogGroup", "log", {"name": "/x"})
    writes = allow("logs:PutLogEvents", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/x:*")
    may = [*MAY, {"actions": ["logs:PutLogEvents"], "resources": ["log"]}]
    wanted = contract(
        {"thumbnails": THUMBNAILS | {"may": may}},
        groups={"log": {"type": "aws:cloudwatch/logGroup:LogGroup", "name": "log"}},
    )
    changed = world(group, thumbnail_policy(*MAKE_THUMBNAILS, writes))
    assert verdicts(changed, wanted) == {}
