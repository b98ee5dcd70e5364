"""Verdicts that change, what the contract says anew, and what must hold of every difference."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import msgspec
import pytest

from stackproof import compare as comparing
from stackproof.check import NothingToCheckError
from stackproof.compare import Change, Difference, Effect, Section, Side, compare
from stackproof.contract import Contract, Flow, Waiver
from stackproof.model import Graph
from stackproof.selection import SelectorError
from tests.policy.graphs import graph
from tests.policy.identity import worlds as identity
from tests.policy.network.world import CONTRACT, World, three_tiers

TODAY = dt.date(2026, 11, 26)


def opened() -> Graph:
    """The database listens to the API on a second port."""
    world = three_tiers()
    for name in ("api-to-database-27017-in", "api-to-database-27017-out"):
        kind, inputs = world.declared[name]
        world.declared[f"{name}-more"] = (kind, inputs | {"fromPort": 27018, "toPort": 27018})
    for name in ("data-in-110", "private-out-200"):
        kind, inputs = world.declared[name]
        number = int(inputs["ruleNumber"]) + 1
        ports = {"fromPort": 27018, "toPort": 27018, "ruleNumber": number}
        world.declared[f"{name}-more"] = (kind, inputs | ports)
    return world.graph()


BEFORE = three_tiers().graph()


def difference(
    base: Graph, head: Graph, before: Contract | None = CONTRACT, after: Contract | None = CONTRACT
) -> Difference:
    return compare(Side("base", base, before), Side("head", head, after), today=TODAY)


def of(found: Difference, section: Section) -> dict[str, Change]:
    return {c.subject: c for c in found.of(section)}


def with_flows(*flows: Flow) -> Contract:
    assert CONTRACT.network is not None
    network = msgspec.structs.replace(CONTRACT.network, flows=(*CONTRACT.network.flows, *flows))
    return msgspec.structs.replace(CONTRACT, network=network)


# ── verdicts ────────────────────────────────────────────────────────────────────────────────────


def test_a_claim_that_is_violated_now_is_told_with_its_witness() -> None:
    found = difference(BEFORE, opened())
    change = of(found, Section.CLAIMS)["network.closed.api-to-database"]
    assert (change.effect, change.before, change.after) == (Effect.WIDENED, "proven", "violated")
    assert change.witness["destination_port"] == 27018
    assert set(of(found, Section.CLAIMS)) == {"network.closed.api-to-database"}
    assert not found.of(Section.CONTRACT)
    back = of(difference(opened(), BEFORE), Section.CLAIMS)
    assert back["network.closed.api-to-database"].effect is Effect.NARROWED


def test_a_waiver_that_was_added_is_seen_twice() -> None:
    waiver = Waiver(
        "network.closed.api-to-database", "it is needed", "platform", dt.date(2027, 3, 31)
    )
    accepted = msgspec.structs.replace(CONTRACT, waivers=(waiver,))
    found = difference(BEFORE, opened(), CONTRACT, accepted)
    change = of(found, Section.CONTRACT)["contract.waiver.network.closed.api-to-database"]
    assert (change.effect, change.word) == (Effect.WIDENED, "added")
    assert "it is needed" in change.what
    claim = of(found, Section.CLAIMS)["network.closed.api-to-database"]
    assert (claim.before, claim.after) == ("proven", "waived")
    assert "it is needed" in claim.what


def test_a_waiver_alone_widens() -> None:
    waiver = Waiver("network.grouped", "r", "o", dt.date(2027, 3, 31))
    accepted = msgspec.structs.replace(CONTRACT, waivers=(waiver,))
    later = msgspec.structs.replace(waiver, expires=dt.date(2028, 3, 31))
    longer = msgspec.structs.replace(CONTRACT, waivers=(later,))
    assert difference(BEFORE, BEFORE, CONTRACT, accepted).widened
    found = difference(BEFORE, BEFORE, accepted, longer)
    assert [(c.word, c.effect) for c in found.changes] == [("changed", Effect.WIDENED)]
    (gone,) = difference(BEFORE, BEFORE, longer, CONTRACT).of(Section.CONTRACT)
    assert (gone.word, gone.effect) == ("removed", Effect.NARROWED)


# ── the contract ────────────────────────────────────────────────────────────────────────────────

WIDER = with_flows(Flow("bastion", "logs", ("tcp/443",)))


def without_never() -> Contract:
    assert CONTRACT.network is not None
    return msgspec.structs.replace(
        CONTRACT, network=msgspec.structs.replace(CONTRACT.network, never=())
    )


def other_ports(*allow: str) -> Contract:
    assert CONTRACT.network is not None
    flows = [
        Flow(f.source, f.to, allow) if (f.source, f.to) == ("bastion", "api") else f
        for f in CONTRACT.network.flows
    ]
    network = msgspec.structs.replace(CONTRACT.network, flows=tuple(flows))
    return msgspec.structs.replace(CONTRACT, network=network)


@pytest.mark.parametrize(
    ("after", "id_", "word", "effect"),
    [
        (WIDER, "network.flow.bastion-to-logs", "added", Effect.WIDENED),
        (without_never(), "network.never.internet-to-api", "removed", Effect.WIDENED),
        (other_ports("tcp/22-23"), "network.flow.bastion-to-api", "changed", Effect.WIDENED),
        (other_ports("tcp/22-22"), "network.flow.bastion-to-api", "changed", Effect.NARROWED),
    ],
)
def test_what_the_contract_permits_more_or_guards_less_has_widened(
    after: Contract, id_: str, word: str, effect: Effect
) -> None:
    change = of(difference(BEFORE, BEFORE, CONTRACT, after), Section.CONTRACT)[id_]
    assert (change.word, change.effect) == (word, effect)


def test_a_grant_in_another_place_is_no_change() -> None:
    one = identity.contract()
    turned = dict(identity.THUMBNAILS)
    turned["may"] = list(reversed(identity.MAY))
    other = identity.contract({"thumbnails": turned})
    assert difference(identity.world(), identity.world(), one, other).none


def test_a_contract_that_is_gone_guards_nothing_any_more() -> None:
    found = difference(BEFORE, BEFORE, CONTRACT, None)
    assert of(found, Section.CONTRACT)["network"].effect is Effect.WIDENED
    assert "head has no contract: the claims are those of the baseline." in found.notes


def test_without_a_contract_the_baseline_is_compared() -> None:
    world = three_tiers()
    kind, inputs = world.declared["admins-22"]
    world.declared["admins-22"] = (kind, inputs | {"cidrIpv4": "0.0.0.0/0"})
    kind, inputs = world.declared["public-in-120"]
    world.declared["public-in-120"] = (kind, inputs | {"cidrBlock": "0.0.0.0/0"})
    told = of(difference(BEFORE, world.graph(), None, None), Section.CLAIMS)
    assert {c.effect for c in told.values()} == {Effect.WIDENED}
    assert set(told) == {"baseline.internet.bastion", "baseline.ports.administration"}


def test_a_contract_that_is_new_is_told_by_its_claims() -> None:
    found = difference(BEFORE, BEFORE, None, CONTRACT)
    never = of(found, Section.CONTRACT)["network.never.internet-to-database"]
    assert (never.word, never.effect) == ("added", Effect.NARROWED)


def test_groups_of_what_is_new_may_be_empty_before() -> None:
    world = three_tiers()
    del world.declared["bastion"]
    found = difference(world.graph(), BEFORE)
    assert "admins to bastion" in of(found, Section.FLOWS)


def test_heads_contract_must_fit_head() -> None:
    world = three_tiers()
    del world.declared["bastion"]
    with pytest.raises(SelectorError, match="group 'bastion' matches no resource"):
        difference(BEFORE, world.graph())


# ── every difference ────────────────────────────────────────────────────────────────────────────


def test_a_project_that_was_not_there_is_all_new() -> None:
    nothing = msgspec.structs.replace(BEFORE, resources=())
    found = difference(nothing, BEFORE, None, CONTRACT)
    assert "base declares nothing: everything is new." in found.notes
    assert {c.word for c in found.of(Section.FLOWS)} == {"opened"}
    assert not found.of(Section.CLAIMS)


def test_a_head_that_declares_nothing_is_refused() -> None:
    with pytest.raises(NothingToCheckError):
        difference(BEFORE, graph())


def peered(**inputs: object) -> Graph:
    world = three_tiers()
    world.add("peering", "to-elsewhere", vpcId="@vpc", **inputs)
    return world.graph()


def test_what_is_not_modelled_and_changes_is_undecided_by_name() -> None:
    for before, after, happened in (
        (BEFORE, peered(), "is new"),
        (peered(), BEFORE, "is gone"),
        (peered(), peered(peerVpcId="vpc-1"), "changed"),
    ):
        told = of(difference(before, after, None, None), Section.FLOWS)["to-elsewhere"]
        assert told.effect is Effect.UNDECIDED
        assert happened in told.what
    assert difference(peered(), peered(), None, None).none


def test_a_question_that_crashes_is_undecided_and_the_others_are_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crash(*_: object) -> None:
        raise ZeroDivisionError("by accident")

    monkeypatch.setattr(comparing.flows, "Network", crash)
    found = difference(identity.world(), identity.world(), None, None)
    assert {(c.section, c.effect) for c in found.changes} == {
        (Section.FLOWS, Effect.UNDECIDED),
        (Section.GUARDS, Effect.UNDECIDED),
        (Section.ZONES, Effect.UNDECIDED),
    }
    assert found.changes[0].unknown == (
        "the comparison stopped with ZeroDivisionError: by accident",
    )
    assert found.widened


def test_the_same_input_gives_the_same_bytes() -> None:
    one, other = (
        msgspec.json.encode(difference(BEFORE, opened()), order="deterministic") for _ in range(2)
    )
    assert one == other


CHANGES: list[Callable[[World], None]] = [
    lambda w: w.declared.pop("internet-443") and None,
    lambda w: w.declared.pop("to-nat-b") and None,
    lambda w: w.declared.pop("data-in-110") and None,
    lambda w: w.add("instance", "lone", subnetId="@data-a", vpcSecurityGroupIds=["@api-group"]),
    lambda w: w.declared.pop("listen-443") and None,
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_widens_one_way_narrows_the_other(change: Callable[[World], None]) -> None:
    world = three_tiers()
    change(world)
    forth = difference(BEFORE, world.graph(), None, None)
    back = difference(world.graph(), BEFORE, None, None)
    assert not forth.none
    assert forth.summary.widened == back.summary.narrowed
    assert forth.summary.narrowed == back.summary.widened
    assert forth.summary.undecided == back.summary.undecided
