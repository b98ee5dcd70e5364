"""The overview: what a reader of the report is shown of the architecture."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from stackproof.contract import Contract, Events, Group, Identity, Principal, Trigger
from stackproof.contract.vocabulary import Grant
from stackproof.families import World
from stackproof.model import Value
from stackproof.overview import Network, Overview, overview
from stackproof.overview.network import _cidr, _stem
from stackproof.selection import select
from tests.policy.graphs import graph, ref, resource
from tests.policy.network.world import CASES, CONTRACT, case, three_tiers
from tests.policy.recursion.stacks import BUCKET, FUNCTION, ROLE, function, notify


def network_of(name: str | None = None) -> Network:
    if name is None:
        return overview(world_of(three_tiers().graph(), CONTRACT)).network
    changed = case(Path(CASES / f"{name}.yaml"))
    return overview(world_of(changed.world.graph(), changed.contract)).network


def world_of(of: object, contract: Contract) -> World:
    return World(of, contract, select(contract, of))  # type: ignore[arg-type]


def test_zones_and_tiers_are_found_from_subnets_and_routes() -> None:
    network = network_of()
    assert network.zones == ("us-east-1a", "us-east-1b")
    assert [(t.name, t.exit) for t in network.tiers] == [
        ("public", "internet"),
        ("private", "nat"),
        ("data", "none"),
    ]
    assert {s.name: s.cidr for s in network.subnets}["data-b"] == "10.0.5.0/24"
    nats = [(f.name, f.zone) for f in network.fixtures if f.kind == "NAT"]
    assert nats == [("nat-a", "us-east-1a"), ("nat-b", "us-east-1b")]


def test_groups_have_their_members_where_these_are() -> None:
    groups = {g.name: g for g in network_of().groups}
    assert groups["internet"].kind == "internet"
    assert (groups["admins"].kind, groups["admins"].detail) == ("addresses", "203.0.113.0/24")
    assert groups["s3"].kind == "service"
    members = [(m.name, m.kind, m.zone) for m in groups["database"].members]
    assert members == [
        ("database-a", "instance", "us-east-1a"),
        ("database-b", "instance", "us-east-1b"),
    ]
    assert all(m.location for m in groups["database"].members)
    assert not [g for g in groups.values() if g.kind in {"ungrouped", "hosts"}]


def test_declared_flows_are_told_from_what_the_whole_internet_may_do() -> None:
    kinds = {(f.source, f.to): f.kind for f in network_of().flows}
    assert kinds["api", "database"] == "declared"
    assert kinds["admins", "load-balancer"] == "implied"
    assert ("internet", "database") not in kinds


@pytest.mark.parametrize(
    ("name", "pair", "kind"),
    [
        ("api-egress-to-database-missing", ("api", "database"), "missing"),
        ("database-admits-the-vpc", ("bastion", "database"), "declared"),
        ("public-database", ("internet", "database"), "excess"),
        ("unknown-peer", ("vpc", "database"), "perhaps"),
    ],
)
def test_a_change_shows_on_its_flow(name: str, pair: tuple[str, str], kind: str) -> None:
    kinds = {(f.source, f.to): f.kind for f in network_of(name).flows}
    assert kinds.get(pair) == kind, kinds


def test_hosts_that_no_group_names_are_shown_only_where_they_matter() -> None:
    network = network_of("database-admits-the-vpc")
    flows = {(f.source, f.to): f.kind for f in network.flows}
    assert flows["vpc", "database"] == "excess"
    hosts = next(g for g in network.groups if g.kind == "hosts")
    assert {m.zone for m in hosts.members} == {"us-east-1a", "us-east-1b"}
    assert {m.tier for m in hosts.members} <= {t.key for t in network.tiers}


def test_what_no_group_names_is_shown_by_itself() -> None:
    network = network_of("forgotten-instance")
    loose = [g for g in network.groups if g.kind == "ungrouped"]
    assert len(loose) == 1
    assert loose[0].members[0].kind == "instance"


def test_without_a_contract_flows_are_found_and_not_judged() -> None:
    groups = Contract(groups=CONTRACT.groups)
    network = overview(world_of(three_tiers().graph(), groups)).network
    kinds = {(f.source, f.to): f.kind for f in network.flows}
    assert kinds["api", "database"] == "found"
    assert kinds["admins", "load-balancer"] == "implied"
    assert set(kinds.values()) == {"found", "implied"}


def test_the_same_graph_gives_the_same_overview() -> None:
    def made() -> Overview:
        return overview(world_of(three_tiers().graph(), CONTRACT))

    assert msgspec.json.encode(made()) == msgspec.json.encode(made())


@pytest.mark.parametrize(
    ("name", "zone", "stem"),
    [
        ("private-us-east-1a", "us-east-1a", "private"),
        ("us-east-1a-private", "us-east-1a", "private"),
        ("private-a", "us-east-1a", "private"),
        ("private-1a", "us-east-1a", "private"),
        ("private-2", "us-east-1b", "private"),
        ("private_az2", "us-east-1b", "private"),
        ("us-east-1a", "us-east-1a", "us-east"),
        ("data", "", "data"),
        ("db", "us-east-1b", "db"),
        ("", "", ""),
    ],
)
def test_a_tier_is_called_by_what_its_subnets_share(name: str, zone: str, stem: str) -> None:
    assert _stem(name, zone) == stem


def test_addresses_are_written_as_a_block_where_they_are_one() -> None:
    assert _cidr((10 << 24, (10 << 24) + 255)) == "10.0.0.0/24"
    assert _cidr((1, 6)) == "0.0.0.1-0.0.0.6"
    assert _cidr((0, 2**32 - 1)) == "0.0.0.0/0"


# ── permissions and events ──────────────────────────────────────────────────────────────────────

POLICY: Value = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::images/thumbs/*"},
        {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
    ],
}
THUMBNAILS = graph(
    resource(BUCKET, "images", bucket="images"),
    *function("thumbnailer"),
    resource(
        "aws:iam/rolePolicy:RolePolicy",
        "writes",
        role=ref(ROLE, "thumbnailer", "id"),
        policy=POLICY,
    ),
    notify(),
)
RULES = Contract(
    groups={
        "images": Group(type=BUCKET),
        "thumbnailer": Group(type=FUNCTION),
        "role": Group(type=ROLE),
    },
    identity=Identity(
        principals={
            "worker": Principal(
                role="role",
                assumed_by=(),
                may=(Grant(("s3:PutObject",), ("images/thumbs/*",)),),
            )
        }
    ),
    events=Events(triggers=(Trigger("images/orig/*", "thumbnailer"),)),
)


def test_statements_are_shown_by_the_contracts_names_and_spelling() -> None:
    (principal,) = overview(world_of(THUMBNAILS, RULES)).permissions
    assert principal.name == "worker"
    allow, deny = principal.permissions
    assert (allow.allow, allow.actions, allow.resources) == (
        True,
        ("s3:PutObject",),
        ("arn:aws:s3:::images/thumbs/*",),
    )
    assert allow.policy == "writes, statement 1"
    assert allow.location is not None
    assert (deny.allow, deny.resources) == (False, ("*",))


def test_events_show_what_delivers_and_what_may_be_written() -> None:
    events = overview(world_of(THUMBNAILS, RULES)).events
    names = {node.key: node.name for node in events.nodes}
    shown = {(names[e.source], e.kind, e.label, names[e.target]) for e in events.edges}
    assert shown == {
        ("images", "delivers", "orig/*", "thumbnailer"),
        ("thumbnailer", "writes", "thumbs/*", "images"),
    }
