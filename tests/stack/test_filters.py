"""Security groups and ACLs are two tables by two hands: here they must agree."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest

from cinema.acls import ANYWHERE, acl_rules
from cinema.network import NetworkSettings
from cinema.security import S3, SecurityFlow, security_flows
from cinema.subnets import Tier, plan, tier_block

VPC = IPv4Network("10.0.0.0/16")
ADMINS = (IPv4Network("192.0.2.0/24"), IPv4Network("203.0.113.0/24"))
BLOCKS = {tier: tier_block(VPC, tier) for tier in Tier}
HOME = {
    "load-balancer": Tier.PUBLIC,
    "bastion": Tier.PUBLIC,
    "api": Tier.PRIVATE,
    "endpoints": Tier.PRIVATE,
    "database": Tier.DATABASE,
}
EPHEMERAL = (1024, 65535)


def network(*, https: bool) -> NetworkSettings:
    zones = ("us-east-1a", "us-east-1b")
    return NetworkSettings(
        cidr=VPC,
        zones=zones,
        egress_zones=zones,
        sessions=False,
        admins=ADMINS,
        https=https,
        subnets=plan(VPC, zones),
    )


def passes(
    tier: Tier, direction: str, peer: IPv4Network, ports: tuple[int, int], *, https: bool
) -> bool:
    """Whether one rule of the tier's ACL admits all of this."""
    return any(
        rule.direction == direction
        and peer.subnet_of(rule.peer)
        and rule.ports[0] <= ports[0]
        and ports[1] <= rule.ports[1]
        for rule in acl_rules(tier, BLOCKS, ADMINS, https=https)
    )


def ends(flow: SecurityFlow) -> list[tuple[Tier | None, IPv4Network]]:
    """Tier (None outside the VPC) and addresses of a flow's two ends."""
    found: list[tuple[Tier | None, IPv4Network]] = []
    for peer in (flow.source, flow.to):
        if isinstance(peer, str):
            found.append((HOME[peer], BLOCKS[HOME[peer]]))
        else:
            found.append((None, ANYWHERE if isinstance(peer, S3) else peer))
    return found


FLOWS = [
    pytest.param(https, flow, id=f"{flow.name}-{'https' if https else 'http'}")
    for https in (True, False)
    for flow in security_flows(network(https=https))
]


@pytest.mark.parametrize(("https", "flow"), FLOWS)
def test_acls_let_every_connection_out_in_and_its_reply_back(
    *, https: bool, flow: SecurityFlow
) -> None:
    (source, source_addresses), (target, target_addresses) = ends(flow)
    port: Any = (flow.port, flow.port)
    if source is not None:
        assert passes(source, "out", target_addresses, port, https=https)
        assert passes(source, "in", target_addresses, EPHEMERAL, https=https)
    if target is not None:
        assert passes(target, "in", source_addresses, port, https=https)
        assert passes(target, "out", source_addresses, EPHEMERAL, https=https)


@pytest.mark.parametrize("https", [True, False])
def test_acls_let_https_of_the_private_tier_through_the_nat(*, https: bool) -> None:
    private = BLOCKS[Tier.PRIVATE]
    assert passes(Tier.PUBLIC, "in", private, (443, 443), https=https)
    assert passes(Tier.PUBLIC, "out", ANYWHERE, (443, 443), https=https)
    assert passes(Tier.PUBLIC, "in", ANYWHERE, EPHEMERAL, https=https)
    assert passes(Tier.PUBLIC, "out", private, EPHEMERAL, https=https)


@pytest.mark.parametrize("https", [True, False])
def test_the_database_tier_knows_no_address_outside_the_vpc(*, https: bool) -> None:
    for rule in acl_rules(Tier.DATABASE, BLOCKS, ADMINS, https=https):
        assert rule.peer.subnet_of(VPC)


def test_the_public_tier_reaches_the_database_tier_for_ssh_only() -> None:
    for port in (22, 27017, 443, 1024):
        admitted = passes(Tier.DATABASE, "in", BLOCKS[Tier.PUBLIC], (port, port), https=True)
        assert admitted == (port == 22)


@pytest.mark.parametrize("tier", Tier)
def test_no_two_rules_of_an_acl_have_one_number(tier: Tier) -> None:
    rules = acl_rules(tier, BLOCKS, ADMINS, https=True)
    assert len({(r.direction, r.number) for r in rules}) == len(rules)


def test_only_the_load_balancer_and_the_bastion_hear_from_outside_the_vpc() -> None:
    heard = {f.to for f in security_flows(network(https=True)) if not isinstance(f.source, str)}
    assert heard == {"load-balancer", "bastion"}


def test_the_database_speaks_to_itself_and_to_the_endpoints_of_aws_alone() -> None:
    flows = security_flows(network(https=True))
    assert {f.to for f in flows if f.source == "database"} == {"database", "endpoints"}


def test_without_a_certificate_443_is_closed() -> None:
    ports = {f.port for f in security_flows(network(https=False)) if f.to == "load-balancer"}
    assert ports == {80}


def test_an_administrator_more_renames_no_rule() -> None:
    names = {f.name for f in security_flows(network(https=True))}
    assert {"203.0.113.0-24-to-bastion-22", "192.0.2.0-24-to-bastion-22"} <= names
