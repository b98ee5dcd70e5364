"""A waiver accepts one finding, for a time, and answers for itself."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof import waivers
from stackproof.check import check
from stackproof.contract import Waiver
from stackproof.model import Claim, Evidence, Family, Verdict
from tests.policy.check.worlds import (
    BASTION,
    CLOSED,
    DATABASE,
    FLOW,
    GRAPH,
    LATER,
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


def waiver(id_: str, *resources: str, expires: dt.date = LATER) -> Waiver:
    return Waiver(id_, "it is moved in spring", "platform", expires, resources)


def test_a_violated_claim_that_is_waived_keeps_its_evidence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = report(monkeypatch, family(claim(CLOSED, violated)))
    found = report(monkeypatch, family(claim(CLOSED, violated)), waivers=(waiver(CLOSED),))
    before = next(c for c in plain.claims if c.id == CLOSED)
    after = next(c for c in found.claims if c.id == CLOSED)
    assert after.verdict is Verdict.WAIVED
    assert after.evidence == before.evidence
    assert after.waiver == "it is moved in spring (platform, until 2027-03-31)"
    assert found.passed
    assert not plain.passed


def test_an_unproven_claim_may_be_waived_too(monkeypatch: pytest.MonkeyPatch) -> None:
    found = report(monkeypatch, family(claim(CLOSED, unproven)), waivers=(waiver(CLOSED),))
    assert verdicts(found)[CLOSED] == "waived"
    assert verdicts(found)[f"contract.waiver.{CLOSED}"] == "proven"


@pytest.mark.parametrize(("days", "holds"), [(0, True), (1, True), (-1, False)])
def test_a_waiver_holds_until_the_end_of_its_day(
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    holds: bool,  # noqa: FBT001 - a table's column
) -> None:
    until = TODAY + dt.timedelta(days=days)
    found = report(
        monkeypatch, family(claim(CLOSED, violated)), waivers=(waiver(CLOSED, expires=until),)
    )
    assert found.passed is holds
    assert verdicts(found)[CLOSED] == ("waived" if holds else "violated")
    finding = found.claims[0]
    assert finding.id == f"contract.waiver.{CLOSED}"
    assert finding.verdict is (Verdict.PROVEN if holds else Verdict.VIOLATED)
    if not holds:
        assert finding.evidence.witness == {"waiver": CLOSED, "expires": "2026-11-23"}


def test_a_waiver_that_is_no_longer_needed_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    found = report(monkeypatch, family(claim(CLOSED, proven)), waivers=(waiver(CLOSED),))
    assert verdicts(found)[CLOSED] == "proven"
    assert verdicts(found)[f"contract.waiver.{CLOSED}"] == "violated"
    assert found.claims[0].mend == "Remove the waiver."


def test_a_waiver_for_no_claim_is_a_finding_that_says_what_was_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = report(
        monkeypatch,
        family(claim(CLOSED, violated)),
        waivers=(waiver("network.closed.internet-to-databse"),),
    )
    assert verdicts(found)[CLOSED] == "violated"
    assert found.claims[0].mend == f"Did you mean {CLOSED}?"


def test_a_waiver_for_named_resources_covers_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    both = claim(CLOSED, lambda: violated(DATABASE, BASTION))
    for globs, holds in (
        (("database-*",), False),
        (("database-*", "bas*"), True),
        (("*",), True),
        (("Database-a", "bastion"), False),
    ):
        found = report(monkeypatch, family(both), waivers=(waiver(CLOSED, *globs),))
        assert found.passed is holds
    assert "more than the waiver names: database-a" in found.claims[0].evidence.summary


def test_a_waiver_for_named_resources_needs_one_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    found = report(monkeypatch, family(claim(CLOSED, unproven)), waivers=(waiver(CLOSED, "*"),))
    assert verdicts(found)[CLOSED] == "unproven"
    assert "no single resource" in found.claims[0].evidence.summary


def test_two_waivers_for_one_claim_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    found = report(
        monkeypatch,
        family(claim(CLOSED, violated)),
        waivers=(waiver(CLOSED, "bastion"), waiver(CLOSED, "database-a")),
    )
    assert verdicts(found)[f"contract.waiver.{CLOSED}"] == "violated"
    assert verdicts(found)[f"contract.waiver.{CLOSED}#2"] == "proven"
    assert verdicts(found)[CLOSED] == "waived"


def test_a_waiver_accepts_one_claim_even_if_two_have_its_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    twice = family(claim(CLOSED, violated), claim(CLOSED, violated))
    found = report(monkeypatch, twice, waivers=(waiver(CLOSED),))
    assert verdicts(found)[CLOSED] == "waived"
    assert verdicts(found)[f"{CLOSED}#2"] == "violated"


def test_nothing_is_said_of_a_waiver_for_a_family_that_did_not_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stackproof.check.FAMILIES", (family(claim(FLOW, proven)),))
    found = check(
        GRAPH,
        contract(waiver("identity.grant.api.0"), waiver("events.cycles")),
        today=TODAY,
        only={Family.NETWORK},
    )
    assert found.passed
    assert {c.family for c in found.claims} == {Family.NETWORK}


IDS = st.sampled_from(["network.a", "network.b", "network.c"])


@given(
    decided=st.dictionaries(IDS, st.sampled_from([Verdict.PROVEN, Verdict.VIOLATED])),
    accepted=st.lists(st.builds(waiver, IDS, expires=st.dates(TODAY, LATER)), max_size=4),
    today=st.dates(TODAY, LATER),
)
def test_a_run_passes_only_if_each_violation_has_a_valid_waiver_and_each_waiver_a_violation(
    decided: dict[str, Verdict], accepted: list[Waiver], today: dt.date
) -> None:
    claims = [
        Claim(id_, Family.NETWORK, id_, verdict, Evidence("witness", id_))
        for id_, verdict in decided.items()
    ]
    found = waivers.apply(accepted, claims, {}, today=today, checked=set(Family))
    passes = all(c.verdict in {Verdict.PROVEN, Verdict.WAIVED} for c in found)
    bad = {id_ for id_, verdict in decided.items() if verdict is Verdict.VIOLATED}
    valid = {w.claim for w in accepted if w.expires >= today}
    assert passes == (bad <= valid and all(w.claim in bad and w.expires >= today for w in accepted))
