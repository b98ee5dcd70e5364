"""What survives the loss of a zone before and no longer."""

from __future__ import annotations

import datetime as dt
from itertools import product

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackproof.compare import Change, Effect, Section, Side, compare
from stackproof.contract import Contract
from stackproof.model import Graph, Unknown
from tests.policy.graphs import graph, ref, resource
from tests.policy.placement.test_zone_loss import (
    CONTRACT,
    INSTANCE,
    SUBNET,
    ZONES,
    architecture,
)

TODAY = dt.date(2026, 11, 26)
NO_FLOWS = msgspec.structs.replace(CONTRACT, network=None, availability=None)


def zones(base: Graph, head: Graph, agreed: Contract | None = CONTRACT) -> list[Change]:
    found = compare(Side("base", base, agreed), Side("head", head, agreed), today=TODAY)
    return list(found.of(Section.ZONES))


def test_one_nat_gateway_for_three_zones_takes_a_flow_from_two_of_them() -> None:
    told = {c.subject: c for c in zones(architecture(), architecture(nat_zones=("a",)))}
    assert set(told) == {"api to internet", "database to internet"}  # the second, nobody declares
    change = told["api to internet"]
    assert (change.effect, change.word) == (Effect.WIDENED, "survives no longer")
    assert change.subject == "api to internet"
    assert change.witness["zone"] == "us-east-1a"
    assert (change.before, change.after) == ("survives", "dies")
    for back in zones(architecture(nat_zones=("a",)), architecture()):
        assert (back.effect, back.word) == (Effect.NARROWED, "survives")


def test_a_way_out_that_no_contract_declares_is_told_too() -> None:
    told = zones(architecture(), architecture(nat_zones=("a",)), NO_FLOWS)
    assert {(c.word, c.witness["zone"]) for c in told} == {("survives no longer", "us-east-1a")}
    assert [c.what for c in told if c.subject == "api to internet"] == [
        "Auto Scaling group api in us-east-1b loses its way out with us-east-1a",
        "Auto Scaling group api in us-east-1c loses its way out with us-east-1a",
    ]


def test_fewer_zones_leave_less_of_a_fleet() -> None:
    (change,) = zones(architecture(), architecture(fleet_zones=("a", "b")), NO_FLOWS)
    assert (change.effect, change.subject) == (Effect.WIDENED, "api")
    assert (change.before, change.after) == ("2 of 3", "1 of 3")
    assert change.what == (
        "the loss of us-east-1a leaves 1 of 3 of api; the worst loss left 2 of 3"
    )


def test_a_majority_that_is_lost_is_said_so() -> None:
    told = zones(architecture(), architecture(database_zones=("a", "a", "b")))
    (change,) = [c for c in told if c.subject == "database"]
    assert change.effect is Effect.WIDENED
    assert "leaves 1 of 3 of database, which is no majority" in change.what


def test_an_instance_of_no_group_that_comes_or_goes_is_told() -> None:
    lone = resource(INSTANCE, "lone", subnetId=ref(SUBNET, "private-b"))
    (come,) = zones(architecture(), architecture(lone), NO_FLOWS)
    assert (come.word, come.subject, come.after) == ("added", "lone", "0 of 1")
    (gone,) = zones(architecture(lone), architecture(), NO_FLOWS)
    assert (gone.word, gone.before) == ("removed", "0 of 1")


def test_a_size_that_is_not_known_is_undecided_and_named() -> None:
    unknown = architecture(fleet={"minSize": Unknown("from a secret")})
    told = [c for c in zones(architecture(), unknown) if c.subject == "api"]
    assert {c.effect for c in told} == {Effect.UNDECIDED}
    assert told[0].unknown
    assert not zones(unknown, unknown)


# ── held against counting ───────────────────────────────────────────────────────────────────────

SPREADS = st.tuples(*(st.sampled_from(ZONES) for _ in range(3)))


@settings(max_examples=20, deadline=None)
@given(SPREADS, SPREADS)
def test_what_is_left_is_what_counting_leaves(
    before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    def databases(spread: tuple[str, ...]) -> Graph:
        subnets = [
            resource(
                SUBNET,
                z,
                vpcId=ref("aws:ec2/vpc:Vpc", "v"),
                cidrBlock=f"10.0.{n}.0/24",
                availabilityZone=z,
            )
            for n, z in enumerate(ZONES)
        ]
        return graph(
            resource("aws:ec2/vpc:Vpc", "v", cidrBlock="10.0.0.0/16"),
            *subnets,
            *(
                resource(INSTANCE, f"database-{n}", subnetId=ref(SUBNET, z))
                for n, z in enumerate(spread)
            ),
        )

    def left(spread: tuple[str, ...]) -> dict[str, int]:
        return {zone: sum(z != zone for z in spread) for zone in ZONES}

    groups = msgspec.structs.replace(NO_FLOWS, groups={"database": CONTRACT.groups["database"]})
    told = [
        c for c in zones(databases(before), databases(after), groups) if c.subject == "database"
    ]
    assert bool(told) == (left(before) != left(after))
    worst = [min(left(spread).values()) for spread in (before, after)]
    for change in told:
        assert (change.effect is Effect.WIDENED) == (worst[1] < worst[0])
        assert (change.effect is Effect.NARROWED) == (worst[1] > worst[0])
        assert change.witness["left"] == worst[1]


@pytest.mark.parametrize(("before", "after"), list(product((("a",), ZONES), repeat=2)))
def test_only_what_differs_is_told(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    told = zones(architecture(nat_zones=before), architecture(nat_zones=after))
    assert bool(told) == (before != after)
