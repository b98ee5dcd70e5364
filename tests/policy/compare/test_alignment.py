"""What is the same on both sides: names, components and lines are not what an architecture is."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from stackproof.compare import Side, compare
from stackproof.compare.alignment import aligned
from stackproof.contract import Contract
from stackproof.model import Graph
from tests.policy.compare.renaming import renamed
from tests.policy.graphs import graph, ref, resource
from tests.policy.identity import worlds as identity
from tests.policy.network.test_oracle import Drawn, declared, networks
from tests.policy.network.world import CONTRACT, TYPES, three_tiers
from tests.policy.placement.test_zone_loss import architecture

TODAY = dt.date(2026, 11, 26)
NO_GROUPS: dict[str, frozenset[str]] = {}


def changes(
    base: Graph,
    head: Graph,
    before: Contract | None = None,
    after: Contract | None = None,
) -> list[str]:
    found = compare(Side("base", base, before), Side("head", head, after), today=TODAY)
    return [f"{c.section}: {c.subject}: {c.what}" for c in found.changes]


def shouted(name: str) -> str:
    return name.upper()


def other_selectors(contract: Contract) -> Contract:
    """The same groups, chosen by the names that `shouted` gives."""
    groups = {
        name: msgspec.structs.replace(g, name=g.name.upper()) if g.name else g
        for name, g in contract.groups.items()
    }
    return msgspec.structs.replace(contract, groups=groups)


@pytest.mark.parametrize("within", ["", "cinema:network:Network"])
def test_other_names_and_a_component_round_everything_are_no_change(within: str) -> None:
    for whole in (three_tiers().graph(), identity.world(), architecture()):
        assert not changes(whole, renamed(whole, shouted, within=within))


def test_a_component_round_everything_is_no_change_under_a_contract() -> None:
    whole = three_tiers().graph()
    wrapped = renamed(whole, str, within="cinema:network:Network")
    assert not changes(whole, wrapped, CONTRACT, CONTRACT)


def test_a_renamed_group_changes_its_selector_and_nothing_else() -> None:
    whole = three_tiers().graph()
    told = changes(whole, renamed(whole, shouted), CONTRACT, other_selectors(CONTRACT))
    assert told
    assert all(line.startswith("contract: groups.") for line in told)


def test_what_is_renamed_is_told_apart_from_what_changes() -> None:
    found = compare(
        Side("base", three_tiers().graph()),
        Side("head", renamed(three_tiers().graph(), lambda n: n.replace("bastion", "jump"))),
        today=TODAY,
    )
    assert found.none
    assert ("bastion", "jump") in {(r.before, r.after) for r in found.renamed}
    assert {r.because for r in found.renamed} == {"it has the same inputs and the same place"}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks())
def test_any_network_under_other_names_is_the_same_network(drawn: Drawn) -> None:
    whole = declared(drawn)
    assert not changes(whole, renamed(whole, shouted))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks(), networks())
def test_a_rename_hides_no_change(before: Drawn, after: Drawn) -> None:
    one, other = declared(before), declared(after)
    if changes(one, other):
        assert changes(one, renamed(other, shouted))


def test_what_was_another_type_of_the_same_thing_is_the_same() -> None:
    old = graph(resource("aws:s3/bucketV2:BucketV2", "images", bucket="images"))
    new = graph(resource("aws:s3/bucket:Bucket", "images", bucket="images"))
    assert not changes(old, new)


def test_the_last_of_a_group_is_what_it_was_even_with_other_inputs() -> None:
    old = graph(resource(TYPES["instance"], "db-1", instanceType="t3.small"))
    new = graph(resource(TYPES["instance"], "database", instanceType="t3.large"))
    groups = [{r.urn: frozenset({"database"}) for r in g.resources} for g in (old, new)]
    assert aligned(old, new, *groups).twins == {old.resources[0].urn: new.resources[0].urn}
    assert not aligned(old, new, NO_GROUPS, NO_GROUPS).twins


def test_two_that_swap_their_rules_are_told_apart_by_their_names() -> None:
    def of(first: str, second: str) -> Graph:
        world = three_tiers()
        for name, group in (("database-a", first), ("database-b", second)):
            kind, inputs = world.declared[name]
            world.declared[name] = (kind, inputs | {"vpcSecurityGroupIds": [f"@{group}"]})
        return world.graph()

    assert changes(of("database-group", "api-group"), of("api-group", "database-group"))


def test_references_follow_the_names() -> None:
    old = graph(
        resource(TYPES["vpc"], "main", cidrBlock="10.0.0.0/16"),
        resource(TYPES["subnet"], "one", vpcId=ref(TYPES["vpc"], "main")),
    )
    new = renamed(old, shouted)
    found = aligned(old, new, NO_GROUPS, NO_GROUPS)
    assert [(r.urn, r.name, r.inputs, r.dependencies) for r in found.graph.resources] == [
        (r.urn, r.name, r.inputs, r.dependencies) for r in new.resources
    ]
