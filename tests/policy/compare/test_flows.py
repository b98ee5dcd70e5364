"""Flows opened and closed, held against a solver that is given AWS's rules anew."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import msgspec
import pytest
import z3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stackproof.compare import Change, Effect, Section, Side
from stackproof.compare.flows import Network, Piece, changes, pieces, unknown_alike
from stackproof.compare.worlds import worlds
from stackproof.contract import Contract
from stackproof.model import Graph
from stackproof.proofs.headers import Packets
from tests.policy.network.test_oracle import SUBNETS, Drawn, Model, declared, networks, satisfiable
from tests.policy.network.world import CONTRACT, World, three_tiers

SLOW = [HealthCheck.too_slow]


def networks_of(base: Graph, head: Graph, contract: Contract | None = None) -> list[Network]:
    both = worlds(Side("base", base, contract), Side("head", head, contract))
    return [Network(both.base), Network(both.head)]


def found(base: Graph, head: Graph, contract: Contract | None = CONTRACT) -> list[Change]:
    return list(changes(*networks_of(base, head, contract)))


def said(listed: Iterable[Change]) -> set[tuple[str, str, str]]:
    return {(c.word, c.subject, c.what) for c in listed}


# ── exactly ─────────────────────────────────────────────────────────────────────────────────────


def place(piece: Piece) -> tuple[str, str]:
    """The names that the model has for the two ends, or nothing for hosts that it does not have."""
    names = []
    for key in piece.pair:
        last = key[1].rpartition("::")[2] if len(key) > 1 else key[0]
        names.append(last.removeprefix("host-") if key[0] == "host" else key[0])
    return names[0], names[1]


def holds(model: Model, boxes: Packets) -> z3.BoolRef:
    values = (model.src, model.dst, model.protocol, model.sport, model.dport)
    return z3.Or(
        *(
            z3.And(*(z3.And(v >= box[2 * i], v <= box[2 * i + 1]) for i, v in enumerate(values)))
            for box in boxes.boxes
        )
    )


def hosts(model: Model) -> list[z3.BoolRef]:
    """No host has one of the five addresses that AWS keeps of each subnet."""
    found = []
    for name, address in ((model.source, model.src), (model.to, model.dst)):
        if name in SUBNETS:
            first = int(ipaddress.ip_network(SUBNETS[name]).network_address)
            found.append(z3.And(address >= first + 4, address <= first + 254))
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW)
@given(networks(), networks(), st.sampled_from(["one", "two", "internet"]), st.data())
def test_exactly_the_packets_that_only_one_network_delivers_differ(
    before: Drawn, after: Drawn, source: str, data: st.DataObject
) -> None:
    others = sorted(SUBNETS) if source == "internet" else [*sorted(SUBNETS), "internet"]
    to = data.draw(st.sampled_from(others))
    mine = [
        p
        for p in pieces(*networks_of(declared(before), declared(after)))
        if place(p) == (source, to)
    ]
    old, new = Model(before, source, to), Model(after, source, to)
    for opened, gone, come in ((True, old, new), (False, new, old)):
        boxes = Packets(tuple(b for p in mine if p.opened == opened for b in p.packets.boxes))
        only = z3.And(come.delivered(), z3.Not(gone.delivered()))
        assert not satisfiable(new.packet(), *hosts(new), only != holds(new, boxes))
    assert all(piece.sure for piece in mine)


@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
@given(networks())
def test_nothing_differs_from_itself(drawn: Drawn) -> None:
    graph = declared(drawn)
    assert not found(graph, graph, None)


@settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
@given(networks(), networks())
def test_what_opens_one_way_closes_the_other(before: Drawn, after: Drawn) -> None:
    one, other = declared(before), declared(after)
    forth, back = found(one, other, None), found(other, one, None)
    turned = {"opened": "closed", "closed": "opened"}
    assert said(forth) == {(turned[word], subject, what) for word, subject, what in said(back)}
    assert [c.witness for c in forth if c.word == "opened"] == [
        c.witness for c in back if c.word == "closed"
    ]


# ── what people change ──────────────────────────────────────────────────────────────────────────


def opened_to(cidr: str, group: str = "database-group") -> World:
    world = three_tiers()
    rule = {"ipProtocol": "tcp", "fromPort": 27017, "toPort": 27017, "cidrIpv4": cidr}
    world.add("in", "wide-open", securityGroupId=f"@{group}", **rule)
    for number, way in ((1, "in"), (2, "out")):
        world.add(
            "acl-rule",
            f"data-{way}-wide",
            networkAclId="@data-acl",
            egress=way == "out",
            ruleNumber=number,
            ruleAction="allow",
            protocol="-1",
            cidrBlock="0.0.0.0/0",
        )
    return world


def test_what_is_open_to_half_the_internet_is_told_with_a_packet_and_its_way() -> None:
    world = opened_to("128.0.0.0/1")
    for zone in "ab":
        kind, inputs = world.declared[f"database-{zone}"]
        world.declared[f"database-{zone}"] = (kind, inputs | {"associatePublicIpAddress": True})
    (change,) = [c for c in found(three_tiers().graph(), world.graph()) if "internet" in c.subject]
    assert (change.effect, change.word) == (Effect.WIDENED, "opened")
    assert change.subject == "internet to database"
    assert change.what == "tcp/27017 from 128.0.0.0/1"
    assert (change.before, change.after) == ("nothing", "tcp/27017 from 128.0.0.0/1")
    assert change.also == ("admins",)
    assert change.witness["destination_port"] == 27017
    assert "wide-open" in change.hops[-1].what
    assert change.hops[-1].location is not None
    assert "security group database-group has no ingress rule" in change.blocked_by[-1].what


def test_a_flow_of_one_member_only_names_it() -> None:
    world = three_tiers()
    kind, inputs = world.declared["database-b"]
    groups = ["@database-group", "@extra"]
    world.declared["database-b"] = (kind, inputs | {"vpcSecurityGroupIds": groups})
    world.add("group", "extra", vpcId="@vpc")
    rule = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22}
    world.add(
        "in", "api-22", securityGroupId="@extra", referencedSecurityGroupId="@api-group", **rule
    )
    world.add(
        "out",
        "api-22-out",
        securityGroupId="@api-group",
        referencedSecurityGroupId="@extra",
        **rule,
    )
    world.add(
        "acl-rule",
        "private-out-22",
        networkAclId="@private-acl",
        egress=True,
        ruleNumber=90,
        ruleAction="allow",
        protocol="tcp",
        fromPort=22,
        toPort=22,
        cidrBlock="10.0.0.0/16",
    )
    for tier in ("data",):
        world.add(
            "acl-rule",
            f"{tier}-in-22",
            networkAclId=f"@{tier}-acl",
            egress=False,
            ruleNumber=90,
            ruleAction="allow",
            protocol="tcp",
            fromPort=22,
            toPort=22,
            cidrBlock="10.0.0.0/16",
        )
    told = said(found(three_tiers().graph(), world.graph()))
    assert ("opened", "api to database", "tcp/22, to database-b only") in told


def test_a_new_member_of_a_group_opens_nothing_that_the_group_could_not_do() -> None:
    world = three_tiers()
    kind, inputs = world.declared["database-a"]
    world.add("instance", "database-c", **inputs)
    assert kind == "instance"
    assert not found(three_tiers().graph(), world.graph())


def test_a_new_host_of_no_group_opens_all_its_flows() -> None:
    world = three_tiers()
    world.add(
        "instance", "jump", subnetId="@public-b", vpcSecurityGroupIds=["@bastion-group"],
        associatePublicIpAddress=True,
    )  # fmt: skip
    told = found(three_tiers().graph(), world.graph())
    assert ("opened", "admins to instance jump", "tcp/22") in said(told)
    (change,) = [c for c in told if c.subject == "admins to instance jump"]
    assert change.blocked_by[0].what == "instance jump is not there"


def renumbered(world: World, before: str, after: str) -> World:
    text = msgspec.json.encode(world.declared).decode().replace(before, after)
    return World({k: (v[0], v[1]) for k, v in msgspec.json.decode(text).items()})


def test_other_addresses_of_the_same_hosts_are_no_change() -> None:
    moved = renumbered(three_tiers(), '"10.0.', '"10.77.')
    assert not found(three_tiers().graph(), moved.graph())


def test_a_larger_subnet_opens_nothing() -> None:
    world = three_tiers()
    kind, inputs = world.declared["data-b"]
    world.declared["data-b"] = (kind, inputs | {"cidrBlock": "10.0.5.0/25"})
    told = found(world.graph(), three_tiers().graph())
    assert not told


def test_a_rule_for_other_addresses_of_the_same_subnet_is_a_change() -> None:
    def of(cidr: str) -> Graph:
        world = three_tiers()
        rule = {"ipProtocol": "tcp", "fromPort": 9000, "toPort": 9000, "cidrIpv4": cidr}
        world.add("in", "some", securityGroupId="@api-group", **rule)
        world.add("out", "some-out", securityGroupId="@api-group", **rule)
        return world.graph()

    told = found(of("10.0.2.0/26"), of("10.0.2.64/26"))
    assert {c.word for c in told if c.subject == "api to api"} == {"opened", "closed"}


# ── the unknown ─────────────────────────────────────────────────────────────────────────────────


def with_unknown(port: int = 22) -> World:
    world = three_tiers()
    rule = {"ipProtocol": "tcp", "fromPort": port, "toPort": port, "cidrIpv4": "@unknown"}
    world.add("in", "somebody", securityGroupId="@bastion-group", **rule)
    return world


def test_a_rule_that_nobody_knows_leaves_undecided_what_it_may_open() -> None:
    told = found(three_tiers().graph(), with_unknown().graph())
    assert {c.effect for c in told} == {Effect.UNDECIDED}
    assert all(c.unknown for c in told)
    assert "perhaps opened" in {c.word for c in told}
    back = found(with_unknown().graph(), three_tiers().graph())
    assert {c.word for c in back} == {"perhaps closed"}


def test_what_neither_side_knows_is_named_and_is_no_change() -> None:
    graph = with_unknown().graph()
    assert not found(graph, graph)
    assert list(unknown_alike(*networks_of(graph, graph, CONTRACT)))


def test_another_unknown_rule_is_no_longer_alike() -> None:
    told = found(with_unknown(22).graph(), with_unknown(443).graph())
    assert {c.effect for c in told} == {Effect.UNDECIDED}


@pytest.mark.parametrize("section", [Section.FLOWS])
def test_every_change_is_of_its_section(section: Section) -> None:
    told = found(three_tiers().graph(), opened_to("0.0.0.0/0").graph())
    assert told
    assert {c.section for c in told} == {section}
