"""Security groups and ACLs are two tables by two hands: here they must agree."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest

from cinema.acls import ANYWHERE, acl_rules
from cinema.network import CDN_PREFIX_LISTS, NetworkSettings
from cinema.security import CloudFront, SecurityFlow, security_flows
from cinema.subnets import Tier, plan, tier_block
from stackproof.aws.network.filters import CLOUDFRONT_LISTS

VPC = IPv4Network("10.0.0.0/16")
ADMINS = (IPv4Network("192.0.2.0/24"), IPv4Network("203.0.113.0/24"))
BLOCKS = {tier: tier_block(VPC, tier) for tier in Tier}
HOME = {
    "bastion": Tier.PUBLIC,
    "api": Tier.PRIVATE,
    "endpoints": Tier.PRIVATE,
    "builder": Tier.PRIVATE,
    "database": Tier.DATABASE,
}
EPHEMERAL = (1024, 65535)


def network(*, cdn: bool) -> NetworkSettings:
    zones = ("us-east-1a", "us-east-1b")
    return NetworkSettings(
        cidr=VPC,
        zones=zones,
        egress_zones=zones,
        sessions=False,
        admins=ADMINS,
        cdn=CDN_PREFIX_LISTS["us-east-1"] if cdn else None,
        subnets=plan(VPC, zones),
    )


def passes(
    tier: Tier, direction: str, peer: IPv4Network, ports: tuple[int, int], *, cdn: bool
) -> bool:
    """Whether one rule of the tier's ACL admits all of this."""
    return any(
        rule.direction == direction
        and peer.subnet_of(rule.peer)
        and rule.ports[0] <= ports[0]
        and ports[1] <= rule.ports[1]
        for rule in acl_rules(tier, BLOCKS, ADMINS, cdn=cdn)
    )


def ends(flow: SecurityFlow, *, cdn: bool) -> list[tuple[Tier | None, IPv4Network]]:
    """Tier (None outside the VPC) and addresses of a flow's two ends."""
    found: list[tuple[Tier | None, IPv4Network]] = []
    for peer in (flow.source, flow.to):
        if isinstance(peer, str):
            entrance = network(cdn=cdn).entrance
            home = entrance if peer == "load-balancer" else HOME[peer]
            found.append((home, BLOCKS[home]))
        else:
            found.append((None, peer if isinstance(peer, IPv4Network) else ANYWHERE))
    return found


FLOWS = [
    pytest.param(cdn, flow, id=f"{flow.name}-{'cdn' if cdn else 'website'}")
    for cdn in (True, False)
    for flow in security_flows(network(cdn=cdn))
]


@pytest.mark.parametrize(("cdn", "flow"), FLOWS)
def test_acls_let_every_connection_out_in_and_its_reply_back(
    *, cdn: bool, flow: SecurityFlow
) -> None:
    (source, source_addresses), (target, target_addresses) = ends(flow, cdn=cdn)
    port: Any = (flow.port, flow.port)
    if source is not None:
        assert passes(source, "out", target_addresses, port, cdn=cdn)
        assert passes(source, "in", target_addresses, EPHEMERAL, cdn=cdn)
    if target is not None:
        assert passes(target, "in", source_addresses, port, cdn=cdn)
        assert passes(target, "out", source_addresses, EPHEMERAL, cdn=cdn)


@pytest.mark.parametrize("cdn", [True, False])
def test_acls_let_https_of_the_private_tier_through_the_nat(*, cdn: bool) -> None:
    private = BLOCKS[Tier.PRIVATE]
    assert passes(Tier.PUBLIC, "in", private, (443, 443), cdn=cdn)
    assert passes(Tier.PUBLIC, "out", ANYWHERE, (443, 443), cdn=cdn)
    assert passes(Tier.PUBLIC, "in", ANYWHERE, EPHEMERAL, cdn=cdn)
    assert passes(Tier.PUBLIC, "out", private, EPHEMERAL, cdn=cdn)


@pytest.mark.parametrize("cdn", [True, False])
def test_the_database_tier_knows_no_address_outside_the_vpc(*, cdn: bool) -> None:
    for rule in acl_rules(Tier.DATABASE, BLOCKS, ADMINS, cdn=cdn):
        assert rule.peer.subnet_of(VPC)


def test_the_public_tier_reaches_the_database_tier_for_ssh_only() -> None:
    for port in (22, 27017, 443, 1024):
        admitted = passes(Tier.DATABASE, "in", BLOCKS[Tier.PUBLIC], (port, port), cdn=True)
        assert admitted == (port == 22)


@pytest.mark.parametrize("tier", Tier)
def test_no_two_rules_of_an_acl_have_one_number(tier: Tier) -> None:
    rules = acl_rules(tier, BLOCKS, ADMINS, cdn=True)
    assert len({(r.direction, r.number) for r in rules}) == len(rules)


@pytest.mark.parametrize("cdn", [True, False])
def test_only_the_load_balancer_and_the_bastion_hear_from_outside_the_vpc(*, cdn: bool) -> None:
    heard = {f.to for f in security_flows(network(cdn=cdn)) if not isinstance(f.source, str)}
    assert heard == {"load-balancer", "bastion"}


def test_the_database_speaks_to_itself_and_to_the_endpoints_of_aws_alone() -> None:
    flows = security_flows(network(cdn=True))
    assert {f.to for f in flows if f.source == "database"} == {"database", "endpoints"}


def test_the_load_balancer_hears_from_the_internet_or_from_cloudfront_alone() -> None:
    def heard(*, cdn: bool) -> list[tuple[object, int]]:
        flows = security_flows(network(cdn=cdn))
        return [(f.source, f.port) for f in flows if f.to == "load-balancer"]

    assert heard(cdn=False) == [(ANYWHERE, 80)]
    assert heard(cdn=True) == [(CloudFront("pl-3b927c52"), 8080)]


def test_with_a_cdn_no_browser_comes_to_the_public_tier() -> None:
    for port in (80, 443):
        internet = IPv4Network("198.51.100.0/24")
        assert not passes(Tier.PUBLIC, "in", internet, (port, port), cdn=True)


def test_the_prefix_lists_are_those_that_stackproof_knows() -> None:
    assert set(CDN_PREFIX_LISTS.values()) == CLOUDFRONT_LISTS


def test_an_administrator_more_renames_no_rule() -> None:
    names = {f.name for f in security_flows(network(cdn=True))}
    assert {"203.0.113.0-24-to-bastion-22", "192.0.2.0-24-to-bastion-22"} <= names
