"""Guards that were taken away though nothing passes yet."""

from __future__ import annotations

import datetime as dt

import z3
from hypothesis import HealthCheck, given, settings

from stackproof.compare import Change, Effect, Section, Side, compare
from stackproof.contract import Contract
from stackproof.model import Graph, Resource
from tests.policy.graphs import ref
from tests.policy.identity.worlds import (
    BLOCK,
    BUCKET,
    POLICY,
    Statement,
    allow,
    declared,
    document,
    role,
    world,
)
from tests.policy.network.test_oracle import (
    NUMBERS,
    Drawn,
    Model,
    networks,
    satisfiable,
)
from tests.policy.network.test_oracle import declared as network
from tests.policy.network.world import CONTRACT, World, three_tiers

TODAY = dt.date(2026, 11, 26)
BEFORE = three_tiers().graph()


def guards(base: Graph, head: Graph, agreed: Contract | None = None) -> list[Change]:
    found = compare(Side("base", base, agreed), Side("head", head, agreed), today=TODAY)
    return list(found.of(Section.GUARDS))


def admitting(cidr: str, group: str = "database-group") -> World:
    world_ = three_tiers()
    ports = {"ipProtocol": "tcp", "fromPort": 27017, "toPort": 27017}
    world_.add("in", "wide", securityGroupId=f"@{group}", cidrIpv4=cidr, **ports)
    return world_


def test_a_security_group_that_admits_half_the_internet_is_told_though_nothing_passes() -> None:
    after = admitting("128.0.0.0/1").graph()
    (change,) = guards(BEFORE, after, CONTRACT)
    assert (change.effect, change.word) == (Effect.WIDENED, "unguarded")
    assert change.subject == "internet to database"
    assert change.what == "the security groups of database admit tcp/27017 from 128.0.0.0/1"
    assert change.also == ("admins",)
    assert "wide" in change.hops[0].what
    assert {h.what for h in change.blocked_by} == {
        "network ACL data-acl has no inbound entry that permits it",
        "database-a has no public address",
    }
    found = compare(Side("base", BEFORE), Side("head", after), today=TODAY)
    assert found.widened
    assert not found.of(Section.FLOWS)
    (back,) = guards(after, BEFORE, CONTRACT)
    assert (back.effect, back.word) == (Effect.NARROWED, "guarded")


def test_a_port_that_is_open_to_some_of_the_internet_has_guards_against_the_rest() -> None:
    world_ = three_tiers()
    kind, inputs = world_.declared["admins-22"]
    world_.declared["admins-22"] = (kind, inputs | {"cidrIpv4": "128.0.0.0/1"})
    (change,) = guards(BEFORE, world_.graph(), CONTRACT)
    assert change.subject == "internet to bastion"
    assert change.what == "the security groups of bastion admit tcp/22 from 128.0.0.0/1"


def test_a_public_address_is_one_guard_less() -> None:
    world_ = three_tiers()
    kind, inputs = world_.declared["database-a"]
    world_.declared["database-a"] = (kind, inputs | {"associatePublicIpAddress": True})
    told = guards(BEFORE, world_.graph(), CONTRACT)
    assert {(c.subject, c.what) for c in told} == {
        ("internet to database", "database has a public address")
    }


def test_a_route_that_leads_out_is_one_guard_less() -> None:
    world_ = three_tiers()
    world_.add(
        "route",
        "data-out",
        routeTableId="@data-a-table",
        natGatewayId="@nat-a",
        destinationCidrBlock="0.0.0.0/0",
    )
    told = guards(BEFORE, world_.graph(), CONTRACT)
    assert {(c.subject, c.what) for c in told} == {
        ("database to internet", "a route leads from database to internet for all"),
        ("database to admins", "a route leads from database to admins for all"),
    }


def test_what_really_passes_is_told_by_the_flows_alone() -> None:
    world_ = three_tiers()
    for name in ("internet-443", "public-in-110", "public-out-100"):
        kind, inputs = world_.declared[name]
        key = "ruleNumber" if kind == "acl-rule" else ""
        more = {key: int(inputs[key]) + 1} if key else {}
        world_.declared[f"{name}-more"] = (kind, inputs | {"fromPort": 8443, "toPort": 8443} | more)
    found = compare(
        Side("base", BEFORE, CONTRACT), Side("head", world_.graph(), CONTRACT), today=TODAY
    )
    assert "internet to load-balancer" in {c.subject for c in found.of(Section.FLOWS)}
    assert not [c for c in found.of(Section.GUARDS) if c.subject.endswith("to load-balancer")]


def test_a_rule_that_nobody_knows_is_undecided_behind_other_guards_too() -> None:
    unknown = admitting("@unknown").graph()
    told = guards(BEFORE, unknown)
    assert {c.effect for c in told} == {Effect.UNDECIDED}
    assert all(c.unknown for c in told)
    found = compare(Side("base", unknown), Side("head", unknown), today=TODAY)
    assert found.none
    assert found.unknown_alike


def test_unknown_rules_that_differ_are_not_alike() -> None:
    one, other = (admitting("@unknown", group).graph() for group in ("api-group", "database-group"))
    assert {c.effect for c in guards(one, other)} == {Effect.UNDECIDED}


# ── identity ────────────────────────────────────────────────────────────────────────────────────


def capped(*statements: Statement) -> Graph:
    cap = declared(POLICY, "cap", {"policy": document(*(statements or (allow("s3:*"),)))})
    more = {"permissionsBoundary": ref(POLICY, "cap", "arn")} if statements else {}
    return world(cap, *role("capped", {"Service": "ec2.amazonaws.com"}, **more))


def test_a_boundary_that_caps_less_is_told_though_no_policy_uses_it() -> None:
    (change,) = guards(capped(allow("s3:*")), capped(allow(["s3:*", "iam:CreateUser"])))
    assert (change.effect, change.subject) == (Effect.WIDENED, "capped")
    assert "its boundary permits iam:CreateUser" in change.what
    assert not guards(capped(allow("s3:*")), capped(allow("S3:*")))


def test_a_boundary_that_is_gone_caps_nothing() -> None:
    (change,) = guards(capped(allow("s3:*")), capped())
    assert (change.effect, change.what) == (Effect.WIDENED, "no boundary caps it")


def blocked(*, restrict: bool) -> Resource:
    flags = {"blockPublicPolicy": True, "restrictPublicBuckets": restrict}
    return declared(BLOCK, "images", {"bucket": ref(BUCKET, "images"), **flags})


def test_a_public_access_block_that_is_lifted_is_told() -> None:
    (change,) = guards(world(blocked(restrict=True)), world(blocked(restrict=False)))
    assert change.what == "restrictPublicBuckets of its public access block is off"
    (back,) = guards(world(blocked(restrict=False)), world(blocked(restrict=True)))
    assert back.effect is Effect.NARROWED


# ── held against the solver ─────────────────────────────────────────────────────────────────────


def place(name: str) -> str:
    return name.removeprefix("instance host-")


def exactly(model: Model, witness: dict[str, object]) -> z3.BoolRef:
    def number(address: object) -> int:
        a, b, c, d = map(int, str(address).split("."))
        return ((a * 256 + b) * 256 + c) * 256 + d

    protocol = witness["protocol"]
    conditions = [
        model.src == number(witness["source"]),
        model.dst == number(witness["destination"]),
        model.protocol == NUMBERS.get(str(protocol), protocol),
    ]
    if "destination_port" in witness:
        conditions.append(model.dport == witness["destination_port"])
        conditions.append(model.sport == witness["source_port"])
    return z3.And(*conditions)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(closed=10), networks(closed=10))
def test_every_witness_is_let_through_by_its_guard_now_and_was_not(
    before: Drawn, after: Drawn
) -> None:
    base, head = network(before), network(after)
    found = compare(Side("base", base), Side("head", head), today=TODAY)
    for change in found.of(Section.GUARDS):
        source, _, to = change.subject.partition(" to ")
        ends = place(source), place(to)
        if change.effect is not Effect.WIDENED or "vpc" in ends:
            continue
        old, new = Model(before, *ends), Model(after, *ends)
        packet = exactly(new, change.witness)
        if change.what.startswith("the security groups of"):
            admits = "admit" in change.what
            near, far = ends[::-1] if admits else ends
            assert satisfiable(packet, new.group(near, far, ingress=admits))
            assert not satisfiable(packet, old.group(near, far, ingress=admits))
        assert not satisfiable(packet, new.delivered())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(closed=10), networks(closed=10))
def test_what_is_taken_one_way_is_given_the_other(before: Drawn, after: Drawn) -> None:
    one, other = network(before), network(after)
    assert not guards(one, one)
    turned = {"unguarded": "guarded", "guarded": "unguarded"}
    forth = {(c.word, c.subject, str(c.witness)) for c in guards(one, other)}
    back = {(turned[c.word], c.subject, str(c.witness)) for c in guards(other, one)}
    assert forth == back
