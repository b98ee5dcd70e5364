"""What holds for every family: no skip, no pass about nothing, and the world's edge is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import msgspec
import pytest

from stackproof.aws import coverage
from stackproof.check import EDGE, NothingToCheckError, check
from stackproof.contract import Contract, Group, Network
from stackproof.families import FAMILIES, Proof
from stackproof.model import Decision, Evidence, Family, Location, NotModelled, Verdict
from stackproof.proofs.languages import Language
from stackproof.reports import json
from stackproof.selection import SelectorError
from tests.policy import graphs
from tests.policy.check.worlds import (
    BASTION,
    CLOSED,
    DATABASE,
    FLOW,
    GRANT,
    GRAPH,
    TODAY,
    claim,
    contract,
    family,
    proven,
    report,
    unproven,
    verdicts,
    violated,
)


def raising(error: BaseException) -> Callable[[], Decision]:
    def decide() -> Decision:
        raise error

    return decide


def test_a_claim_that_crashes_is_unproven_and_the_others_are_still_decided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = report(
        monkeypatch,
        family(claim(CLOSED, raising(ValueError("no\nsubnet"))), claim(FLOW, proven)),
        family(claim(GRANT, violated, Family.IDENTITY), of=Family.IDENTITY, section="identity"),
    )
    assert verdicts(found) == {
        FLOW: "proven",
        CLOSED: "unproven",
        GRANT: "violated",
        "network.coverage": "proven",
        "identity.coverage": "proven",
    }
    evidence = next(c.evidence for c in found.claims if c.id == CLOSED)
    assert evidence.kind == "exception"
    assert evidence.summary == "the proof stopped with ValueError: no subnet"


def test_a_proof_may_not_waive(monkeypatch: pytest.MonkeyPatch) -> None:
    def waives() -> Decision:
        return Decision(Verdict.WAIVED, Evidence(kind="rules", summary="it is fine"))

    found = report(monkeypatch, family(claim(FLOW, waives)))
    assert verdicts(found)[FLOW] == "unproven"
    assert not found.passed


def test_a_crash_names_the_last_line_of_stackproof(monkeypatch: pytest.MonkeyPatch) -> None:
    def decide() -> Decision:
        Language.glob(None)
        return proven()

    found = report(monkeypatch, family(claim(CLOSED, decide)))
    assert " at proofs/languages.py:" in found.claims[0].evidence.summary


@pytest.mark.parametrize("part", ["limits", "obligations"])
def test_facts_that_crash_leave_their_family_unproven(
    monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def crash(_: object) -> None:
        raise KeyError("cidrBlock")

    broken: Proof = dataclasses.replace(family(claim(CLOSED, proven)), **{part: crash})  # type: ignore[arg-type]
    other = family(claim(GRANT, proven, Family.IDENTITY), of=Family.IDENTITY, section="identity")
    found = report(monkeypatch, broken, other)
    assert verdicts(found)["network.facts"] == "unproven"
    assert CLOSED not in verdicts(found)
    assert verdicts(found)[GRANT] == "proven"
    assert not found.passed


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(0)])
def test_who_interrupts_is_not_a_finding(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        report(monkeypatch, family(claim(CLOSED, raising(error))))


def test_evidence_that_cannot_be_written_down_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = Evidence("witness", "s", {"packet": object()})
    decide = lambda: Decision(Verdict.PROVEN, evidence)  # noqa: E731 - as brief as a table row
    found = report(monkeypatch, family(claim(CLOSED, decide)))
    assert verdicts(found)[CLOSED] == "unproven"


def test_a_stack_without_resources_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = msgspec.structs.replace(graphs.resource("pulumi:pulumi:Stack", "test"), custom=False)
    provider = graphs.resource("pulumi:providers:aws", "default")
    with pytest.raises(NothingToCheckError, match="declares no resource"):
        report(monkeypatch, family(), graph=graphs.graph(stack, provider))


def test_a_contract_that_claims_nothing_is_not_checked() -> None:
    nothing = Contract(groups={})
    with pytest.raises(NothingToCheckError, match="no section network, identity, availability"):
        check(GRAPH, nothing, today=TODAY)
    with pytest.raises(NothingToCheckError, match="no section events"):
        check(
            GRAPH,
            Contract(groups={}, network=Network()),
            today=TODAY,
            only={Family.RECURSION},
        )


@pytest.mark.parametrize(
    ("group", "told"),
    [
        (Group(type="aws:ec2/instance:Instance", name="databse-*"), "there is bastion, database-a"),
        (Group(type="aws:ec2/instnce:Instance"), "there is aws:ec2/instance:Instance"),
        (Group(urn=f"{DATABASE}s"), f"the nearest is {DATABASE}"),
    ],
)
def test_a_group_that_is_empty_is_refused_with_what_there_is(group: Group, told: str) -> None:
    empty = Contract(groups={"x": group}, network=Network())
    with pytest.raises(SelectorError, match="group 'x' matches no resource of stack test") as error:
        check(GRAPH, empty, today=TODAY)
    assert told in str(error.value)


def test_a_type_that_nobody_has_judged_leaves_every_family_unproven(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strange = graphs.resource("aws:strange/thing:Thing", "it")
    assert strange.type not in coverage.TABLE
    graph = graphs.graph(*GRAPH.resources, strange)
    found = report(
        monkeypatch,
        family(claim(FLOW, proven)),
        family(claim(GRANT, proven, Family.IDENTITY), of=Family.IDENTITY, section="identity"),
        graph=graph,
    )
    assert {item.urn for item in found.not_modelled} == {strange.urn}
    assert {c.id for c in found.claims if c.verdict is Verdict.UNPROVEN} == {
        "network.coverage",
        "identity.coverage",
    }
    assert all(strange.urn in c.resources for c in found.claims if c.id.endswith("coverage"))


def test_what_a_family_says_it_does_not_model_is_never_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    item = NotModelled(BASTION, "aws:ec2/instance:Instance", Family.NETWORK, "is not modelled")
    found = report(monkeypatch, family(claim(FLOW, proven), not_modelled=(item,)))
    assert found.not_modelled == (item,)
    assert not found.passed


def test_lines_are_filled_from_the_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    found = report(monkeypatch, family(claim(CLOSED, violated)))
    line = GRAPH.by_urn()[DATABASE].location
    assert found.claims[0].locations == (line,)
    assert [hop.location for hop in found.claims[0].evidence.hops] == [None, line, None]


def test_assumptions_are_never_empty_and_name_the_worlds_edge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = msgspec.structs.replace(GRAPH, assumptions=("An AMI was not looked up.",))
    found = report(monkeypatch, family(assumptions=("DNS is not filtered.",)), graph=graph)
    assert {*EDGE, "An AMI was not looked up.", "DNS is not filtered."} == set(found.assumptions)
    assert list(found.assumptions) == sorted(found.assumptions)


def test_a_section_that_is_absent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = report(monkeypatch, family(), family(of=Family.PLACEMENT, section="availability"))
    told = "The contract has no section 'availability': nothing of it is claimed."
    assert told in found.assumptions


def test_what_was_left_out_of_a_run_is_told() -> None:
    network = Contract(groups={}, network=Network())
    found = check(GRAPH, network, today=TODAY, only={Family.NETWORK})
    assert {c.family for c in found.claims} == {Family.NETWORK}
    assert "The family identity was not checked in this run." in found.assumptions


def test_claims_come_by_family_then_id_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    found = report(
        monkeypatch,
        family(claim(GRANT, unproven, Family.IDENTITY), of=Family.IDENTITY, section="identity"),
        family(claim(FLOW, proven), claim(CLOSED, violated)),
    )
    assert list(verdicts(found)) == [
        CLOSED,
        "network.coverage",
        FLOW,
        "identity.coverage",
        GRANT,
    ]
    assert found.summary.violated == found.summary.unproven == 1
    assert found.summary.proven == 3


def test_the_order_of_families_and_claims_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    one = family(claim(FLOW, proven), claim(CLOSED, violated))
    two = family(claim(GRANT, proven, Family.IDENTITY), of=Family.IDENTITY, section="identity")
    turned = family(claim(CLOSED, violated), claim(FLOW, proven))
    first, second = report(monkeypatch, one, two), report(monkeypatch, two, turned)
    assert json.render(first) == json.render(second)


def test_every_family_of_proof_is_registered() -> None:
    assert {proof.family for proof in FAMILIES} == {*coverage.PROOF_FAMILIES, Family.HARDENING}
    sections = {proof.section for proof in FAMILIES}
    assert sections == {"network", "identity", "availability", "events", "hardening"}


def test_the_registered_families_decide_a_small_stack() -> None:
    found = check(GRAPH, contract(), today=TODAY)
    assert {c.family for c in found.claims} == {
        Family.NETWORK,
        Family.IDENTITY,
        Family.RECURSION,
    }
    assert not [c for c in found.claims if c.evidence.kind == "exception"]


def test_the_waivers_lines_are_those_of_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.policy.check.test_waivers import waiver  # noqa: PLC0415 - it imports this folder too

    monkeypatch.setattr("stackproof.check.FAMILIES", (family(claim(CLOSED, violated)),))
    place = Location("policy/contract.yaml", 12)
    found = check(GRAPH, contract(waiver(CLOSED)), today=TODAY, waiver_lines=[place])
    assert found.claims[0].locations == (place,)
