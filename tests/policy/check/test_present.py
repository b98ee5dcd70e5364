"""What a contract says of optional groups that nothing is in is no claim; all else stays one."""

from __future__ import annotations

import datetime as dt

import msgspec

from stackproof.check import check
from stackproof.contract import Contract
from stackproof.model import Verdict
from stackproof.present import of_what_is_there
from stackproof.selection import select
from tests.policy.graphs import graph, resource

BUCKET = "aws:s3/bucket:Bucket"
ROLE = "aws:iam/role:Role"
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
    ' "Principal": {"Service": "ec2.amazonaws.com"}}]}'
)
API = resource(ROLE, "api", name="api", assumeRolePolicy=TRUST)


def contract(*, optional: bool) -> Contract:
    """All that can be said of a bucket, a role and an endpoint that are not there."""
    kind = {"optional": optional}
    return msgspec.convert(
        {
            "groups": {
                "api": {"type": ROLE, "name": "api"},
                "cache": {"type": BUCKET, "name": "cache", **kind},
                "scanner": {"type": ROLE, "name": "scanner", **kind},
            },
            "network": {
                "flows": [{"from": "api", "to": "cache", "allow": ["tcp/443"]}],
                "never": [{"from": "internet", "to": "cache"}],
                "isolated": ["cache"],
            },
            "identity": {
                "principals": {
                    "api": {
                        "role": "api",
                        "assumed_by": [{"service": "ec2.amazonaws.com"}, {"principal": "scanner"}],
                        "may": [
                            {"actions": ["s3:GetObject"], "resources": ["cache/*"]},
                            {"actions": ["s3:PutObject"], "resources": ["cache/*", "*"]},
                            {"actions": ["kms:*"], "resources": ["*"], "only_with": "cache"},
                        ],
                    },
                    "scanner": {"role": "scanner", "assumed_by": [{"anyone": True}]},
                },
                "resources": {
                    "cache": [],
                    "api": [
                        {"who": {"principal": "scanner"}, "actions": ["s3:*"]},
                        {"who": {"anyone": True}, "actions": ["s3:*"], "resources": ["cache"]},
                    ],
                },
            },
            "availability": {
                "survive": "any one zone",
                "keep": {"cache": {"instances": 2}},
                "flows": {"except": [{"from": "api", "to": "cache", "reason": "one"}]},
                "boot": ["cache"],
            },
            "events": {
                "triggers": [{"from": "cache/orig/*", "to": "api"}],
                "writes": [{"from": "api", "to": "cache/x"}],
            },
        },
        Contract,
    )


def test_what_is_not_there_is_not_spoken_of() -> None:
    wanted = contract(optional=True)
    left = of_what_is_there(wanted, select(wanted, graph(API)))
    assert left.network is not None
    assert (left.network.flows, left.network.never, left.network.isolated) == ((), (), ())
    assert left.identity is not None
    assert set(left.identity.principals) == {"api"}
    api = left.identity.principals["api"]
    assert [who.service for who in api.assumed_by] == ["ec2.amazonaws.com"]
    # A grant that speaks of more than what is not there is still one.
    assert [grant.actions for grant in api.may] == [("s3:PutObject",)]
    assert left.identity.resources == {"api": ()}
    assert left.availability is not None
    assert (left.availability.keep, left.availability.boot) == ({}, ())
    assert left.availability.flows is not None
    assert left.availability.flows.exceptions == ()
    assert left.events is not None
    assert (left.events.triggers, left.events.writes) == ((), ())


def test_what_is_there_is_spoken_of_as_ever() -> None:
    there = graph(API, resource(BUCKET, "cache"), resource(ROLE, "scanner", assumeRolePolicy=TRUST))
    for optional in (True, False):
        wanted = contract(optional=optional)
        assert of_what_is_there(wanted, select(wanted, there)) is wanted


def test_a_grant_of_what_is_not_there_is_no_claim_and_what_is_there_undeclared_is_one() -> None:
    wanted = msgspec.convert(
        {
            "groups": {
                "api": {"type": ROLE, "name": "api"},
                "cache": {"type": BUCKET, "name": "cache", "optional": True},
            },
            "identity": {
                "principals": {
                    "api": {
                        "role": "api",
                        "assumed_by": [{"service": "ec2.amazonaws.com"}],
                        "may": [{"actions": ["s3:GetObject"], "resources": ["cache/*"]}],
                    }
                }
            },
        },
        Contract,
    )
    today = dt.date(2026, 11, 24)
    claims = check(graph(API), wanted, today=today).claims
    assert {c.verdict for c in claims} == {Verdict.PROVEN}
    assert "identity.grant.api.1" not in {c.id for c in claims}
    stranger = resource(ROLE, "scanner", name="scanner", assumeRolePolicy=TRUST)
    found = {c.id: c.verdict for c in check(graph(API, stranger), wanted, today=today).claims}
    assert found["identity.principals"] is Verdict.VIOLATED
    with_bucket = check(graph(API, resource(BUCKET, "cache")), wanted, today=today).claims
    assert {c.id: c.verdict for c in with_bucket}["identity.grant.api.1"] is Verdict.VIOLATED
