"""The subnet plan, for every VPC and every choice of zones."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinema.subnets import LARGEST_VPC, SMALLEST_VPC, ZONE_LETTERS, Tier, plan, tier_block

ZONES = st.sets(st.sampled_from([f"us-east-1{letter}" for letter in ZONE_LETTERS]), min_size=1)
VPCS = st.builds(
    lambda address, prefix: IPv4Network((address, prefix), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(LARGEST_VPC, SMALLEST_VPC),
)


@given(VPCS, ZONES)
def test_there_is_one_subnet_for_each_tier_and_zone(vpc: IPv4Network, zones: set[str]) -> None:
    planned = plan(vpc, zones)
    assert {(s.tier, s.zone) for s in planned} == {(t, z) for t in Tier for z in zones}
    assert len(planned) == len({s.name for s in planned}) == len(Tier) * len(zones)


@given(VPCS, ZONES)
def test_subnets_lie_in_the_vpc_and_never_overlap(vpc: IPv4Network, zones: set[str]) -> None:
    cidrs = sorted(s.cidr for s in plan(vpc, zones))
    assert all(cidr.subnet_of(vpc) for cidr in cidrs)
    pairs = pairwise(cidrs)
    assert all(first.broadcast_address < second.network_address for first, second in pairs)


@given(VPCS, ZONES)
def test_a_tiers_block_holds_its_subnets_and_nobody_elses(
    vpc: IPv4Network, zones: set[str]
) -> None:
    for subnet in plan(vpc, zones):
        assert {t for t in Tier if subnet.cidr.overlaps(tier_block(vpc, t))} == {subnet.tier}


@given(VPCS, ZONES, ZONES)
def test_a_zone_that_comes_or_goes_moves_no_neighbour(
    vpc: IPv4Network, before: set[str], after: set[str]
) -> None:
    first, second = ({s.name: s for s in plan(vpc, zones)} for zones in (before, after))
    assert all(first[name] == second[name] for name in first.keys() & second.keys())


@given(VPCS)
def test_subnets_are_of_a_size_that_aws_allows(vpc: IPv4Network) -> None:
    assert {16 <= s.cidr.prefixlen <= 28 for s in plan(vpc, ["us-east-1a"])} == {True}


@given(VPCS, st.integers(-5, 300))
def test_a_host_is_a_free_address_of_its_subnet_or_refused(vpc: IPv4Network, number: int) -> None:
    subnet = plan(vpc, ["us-east-1c"])[0]
    kept_by_aws = {*list(subnet.cidr)[:4], subnet.cidr.broadcast_address}
    if 0 <= number < subnet.cidr.num_addresses and subnet.cidr[number] not in kept_by_aws:
        assert subnet.host(number) in subnet.cidr
    else:
        with pytest.raises(ValueError, match="no free host"):
            subnet.host(number)


@pytest.mark.parametrize(
    ("cidr", "zone", "words"),
    [
        ("10.0.0.0/15", "us-east-1a", "/16"),
        ("10.0.0.0/24", "us-east-1a", "/23"),
        ("10.0.0.0/16", "us-east-1z", "zone 'us-east-1z'"),
        ("10.0.0.0/16", "", "zone ''"),
    ],
)
def test_what_cannot_be_planned_is_refused(cidr: str, zone: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        plan(IPv4Network(cidr), [zone])
