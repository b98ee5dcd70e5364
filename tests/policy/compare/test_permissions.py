"""Permissions gained and lost, held against a plain evaluator of policies."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from stackproof.compare import Change, Effect, Section, Side
from stackproof.compare.permissions import Policies, changes, unknown_alike
from stackproof.compare.worlds import worlds
from stackproof.contract import Contract
from stackproof.model import Graph, Resource, Unknown
from stackproof.proofs.permissions import explain
from tests.policy.graphs import ACCOUNT, graph, ref, resource
from tests.policy.identity.test_evaluation import (
    POLICIES,
    RESOURCE_POLICIES,
    Policy,
    may,
    requests,
)
from tests.policy.identity.worlds import (
    ATTACHMENT,
    BLOCK,
    BUCKET,
    BUCKET_POLICY,
    FUNCTION,
    IMAGES,
    MAKE_THUMBNAILS,
    POLICY,
    QUEUE,
    ROLE,
    TLS_ONLY,
    allow,
    contract,
    declared,
    document,
    permission,
    role,
    thumbnail_policy,
    world,
)

CONTRACT = contract()


def found(before: Graph, after: Graph, agreed: Contract | None = CONTRACT) -> list[Change]:
    both = worlds(Side("base", before, agreed), Side("head", after, agreed))
    return list(changes(both, Policies(both.base), Policies(both.head)))


def said(listed: list[Change]) -> list[tuple[str, str, str]]:
    return [(c.word, c.subject, c.what) for c in listed if c.section is Section.PERMISSIONS]


# ── exactly ─────────────────────────────────────────────────────────────────────────────────────


def of(identity: Policy, boundary: Policy | None, queue: Policy) -> Graph:
    """A role with one policy, perhaps a boundary, and a queue with a policy of its own."""
    more = {} if boundary is None else {"permissionsBoundary": ref(POLICY, "cap", "arn")}
    made: list[Resource] = [
        *role("me", {"Service": "ec2.amazonaws.com"}, document(*identity), **more),
        declared(QUEUE, "q", {"name": "q"} | ({"policy": document(*queue)} if queue else {})),
    ]
    if boundary is not None:
        made.append(resource(POLICY, "cap", policy=document(*boundary)))
    return graph(*made)


ARCHITECTURES = st.tuples(POLICIES, st.none() | POLICIES, RESOURCE_POLICIES)


@settings(max_examples=40, deadline=None)
@given(ARCHITECTURES, ARCHITECTURES)
def test_what_is_said_to_be_gained_or_lost_is_what_the_plain_evaluator_finds(
    before: tuple[Policy, Policy | None, Policy], after: tuple[Policy, Policy | None, Policy]
) -> None:
    mine = [c for c in found(of(*before), of(*after), None) if c.subject in {"me", "anybody"}]
    told = {c.word for c in mine if c.effect is not Effect.UNDECIDED}
    perhaps = {c.word for c in mine if c.effect is Effect.UNDECIDED}
    for action, where, value in requests():
        old, new = (
            [
                may(*side, action, where, value, session_uncapped=uncapped)
                for uncapped in (False, True)
            ]
            for side in (before, after)
        )
        # In either reading of what caps a session the request is new, or gone.
        if not any(old) and all(new):
            assert "gained" in told, (action, where, value)
        if not any(new) and all(old):
            assert "lost" in told, (action, where, value)
        if (new[0] and not old[0]) or (new[1] and not old[1]):
            assert "gained" in told or "perhaps gained" in perhaps, (action, where, value)


@settings(max_examples=40, deadline=None)
@given(ARCHITECTURES, ARCHITECTURES)
def test_every_witness_is_allowed_on_its_side_and_not_on_the_other(
    before: tuple[Policy, Policy | None, Policy], after: tuple[Policy, Policy | None, Policy]
) -> None:
    for change in found(of(*before), of(*after), None):
        context = change.witness.get("context")
        if change.effect is Effect.UNDECIDED or change.subject != "me" or not change.witness:
            continue
        assert isinstance(context, dict)
        if set(context) - {"k"}:
            continue  # the plain evaluator speaks of one condition key
        asked = str(change.witness["action"]).lower(), str(change.witness["resource"])
        here, there = (after, before) if change.word == "gained" else (before, after)
        value = context.get("k")
        assert may(*here, *asked, value, session_uncapped=False)
        assert not may(*there, *asked, value, session_uncapped=False)


@settings(max_examples=25, deadline=None)
@given(ARCHITECTURES)
def test_nothing_differs_from_itself(one: tuple[Policy, Policy | None, Policy]) -> None:
    assert not found(of(*one), of(*one), None)


@settings(max_examples=25, deadline=None)
@given(ARCHITECTURES, ARCHITECTURES)
def test_what_is_gained_one_way_is_lost_the_other(
    before: tuple[Policy, Policy | None, Policy], after: tuple[Policy, Policy | None, Policy]
) -> None:
    def witnesses(listed: list[Change], *words: str) -> list[bytes]:
        return sorted(
            msgspec.json.encode(c.witness, order="deterministic") for c in listed if c.word in words
        )

    forth = found(of(*before), of(*after), None)
    back = found(of(*after), of(*before), None)
    assert witnesses(forth, "gained") == witnesses(back, "lost")
    assert witnesses(forth, "perhaps lost") == witnesses(back, "perhaps gained")


# ── what people change ──────────────────────────────────────────────────────────────────────────


def test_a_function_that_may_write_what_starts_it_is_told_with_a_request() -> None:
    after = world(
        thumbnail_policy(*MAKE_THUMBNAILS, allow("s3:PutObject", f"{IMAGES}/orig/*")),
    )
    (change,) = found(world(), after)
    assert (change.effect, change.word, change.subject) == (Effect.WIDENED, "gained", "thumbnails")
    assert change.what == f"thumbnails may s3:PutObject on {IMAGES}/orig/*"
    assert change.witness["action"] == "s3:PutObject"
    assert str(change.witness["resource"]).startswith(f"{IMAGES}/orig/")
    assert change.hops[0].what == "make-thumbnails: statement 4 permits it"
    assert not change.blocked_by[0].permits
    for side, answer in ((after, "yes"), (world(), "no")):
        both = worlds(Side("", side, CONTRACT), Side("", side, CONTRACT)).head
        asked = str(change.witness["action"]), str(change.witness["resource"])
        told = explain(
            both.identity, both.members, "thumbnails", *asked, identity=CONTRACT.identity
        )
        assert told.answer == answer


def test_the_same_permissions_written_in_another_way_are_no_change() -> None:
    one, *rest = MAKE_THUMBNAILS
    inline = resource(
        "aws:iam/rolePolicy:RolePolicy",
        "inline",
        role=ref(ROLE, "thumbnails", "name"),
        policy=document(
            allow("s3:GetObject", f"{IMAGES}/orig/*"),
            allow("S3:getobjectversion", f"{IMAGES}/orig/*"),
        ),
    )
    assert one
    assert not found(world(), world(thumbnail_policy(*rest), inline))


def test_what_anybody_may_is_told_once() -> None:
    public = allow("s3:GetObject", f"{IMAGES}/*", Principal="*")
    opened = declared(
        BUCKET_POLICY,
        "images",
        {"bucket": ref(BUCKET, "images"), "policy": document(TLS_ONLY, public)},
    )
    lifted = declared(
        BLOCK,
        "images",
        {
            "bucket": ref(BUCKET, "images"),
            "blockPublicPolicy": False,
            "restrictPublicBuckets": False,
        },
    )
    told = found(world(lifted), world(lifted, opened))
    assert said(told) == [
        ("gained", "anybody", f"anybody may s3:GetObject on {IMAGES}/*"),
    ]
    (exposed,) = [c for c in told if c.section is Section.EXPOSURE]
    assert (exposed.word, exposed.subject) == ("exposed", "images")


def test_another_account_that_may_become_a_role_is_told_by_name() -> None:
    other = declared(
        ROLE,
        "thumbnails",
        {
            "name": "thumbnails",
            "assumeRolePolicy": document(
                {
                    "Effect": "Allow",
                    "Principal": {
                        "Service": "lambda.amazonaws.com",
                        "AWS": "arn:aws:iam::999999999999:root",
                    },
                    "Action": "sts:AssumeRole",
                }
            ),
        },
    )
    who = "any AWS account"
    assert said(found(world(), world(other))) == [("gained", who, f"{who} may assume thumbnails")]


def test_code_that_runs_as_another_role_is_told_though_no_role_changed() -> None:
    admin = role("admin", {"Service": "lambda.amazonaws.com"}, document(allow("*")))
    before = world(*admin)
    function = resource(FUNCTION, "thumbnails", name="thumbnails", role=ref(ROLE, "admin", "arn"))
    (change,) = found(before, world(*admin, function))
    assert (change.effect, change.word) == (Effect.WIDENED, "runs as another")
    assert change.what == "thumbnails runs as admin, no longer as thumbnails"


def test_a_statement_that_lets_s3_call_is_told_when_it_is_taken_away() -> None:
    urn = permission().urn
    (change,) = found(world(), world(without=[urn]))
    assert (change.word, change.subject) == ("lost", "s3.amazonaws.com")


def test_a_new_role_gains_all_that_it_may() -> None:
    told = said(found(world(), world(*role("x", {"AWS": ACCOUNT}, document(allow("sqs:*"))))))
    assert ("gained", "x", "x may sqs:* on *") in told


# ── the unknown ─────────────────────────────────────────────────────────────────────────────────


def unknown_policy() -> Graph:
    return world(declared(POLICY, "make-thumbnails", {"policy": Unknown("computed later")}))


def test_a_policy_that_is_not_known_any_more_leaves_undecided_what_it_permits() -> None:
    told = found(world(), unknown_policy())
    assert told
    assert {c.effect for c in told} == {Effect.UNDECIDED}
    assert any("computed later" in why for c in told for why in c.unknown)


def test_what_neither_side_knows_is_named_and_is_no_change() -> None:
    both = worlds(Side("", unknown_policy(), CONTRACT), Side("", unknown_policy(), CONTRACT))
    sides = Policies(both.base), Policies(both.head)
    assert not list(changes(both, *sides))
    assert any("computed later" in why for why in unknown_alike(*sides))


def test_a_condition_that_is_not_decided_is_no_reason_to_say_nothing() -> None:
    def of_range(cidr: str) -> Graph:
        only = allow("sqs:Purge", Condition={"IpAddress": {"aws:SourceIp": cidr}})
        return world(thumbnail_policy(*MAKE_THUMBNAILS, only))

    told = found(of_range("10.0.0.0/8"), of_range("0.0.0.0/0"))
    assert {c.word for c in told} == {"perhaps gained", "perhaps lost"}
    assert not found(of_range("10.0.0.0/8"), of_range("10.0.0.0/8"))


def test_every_part_of_the_world_is_used() -> None:
    assert {r.type for r in world().resources} >= {ATTACHMENT, BUCKET, FUNCTION, POLICY, QUEUE}


def pairs() -> Iterator[tuple[Graph, Graph]]:
    yield from itertools.product((world(), unknown_policy()), repeat=2)


def test_the_same_input_gives_the_same_output() -> None:
    for before, after in pairs():
        assert found(before, after) == found(before, after)
