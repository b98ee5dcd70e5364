"""What the contract accepts of Checkov's findings: shown, bounded, and not a day longer."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from stackproof.check import Report, check
from stackproof.contract import Accepted, Contract, ContractError, Hardening, load
from stackproof.model import Location, Resource, Unknown, Verdict
from tests.policy.check.worlds import LATER, TODAY
from tests.policy.graphs import graph, resource, urn

INSTANCE = "aws:ec2/instance:Instance"
CHECK = "CKV_AWS_135"
AMI = "ami-0123456789abcdef0"

WEB = resource(INSTANCE, "web", ami=AMI)
DATABASE = resource(INSTANCE, "database-a", ami=AMI)
TUNED = resource(INSTANCE, "tuned", ami=AMI, ebsOptimized=True)


def accept(*resources: str, expires: dt.date = LATER) -> Accepted:
    return Accepted(resources, "a small disk", "platform", expires)


def report(*entries: Accepted, of: tuple[Resource, ...] = (WEB, DATABASE, TUNED)) -> Report:
    contract = Contract(groups={}, hardening=Hardening(accepted={CHECK: entries}))
    places = [Location("contract.yaml", 7 + n) for n in range(len(entries))]
    return check(graph(*of), contract, today=TODAY, accepted_lines={CHECK: places})


def verdicts(found: Report) -> dict[str, Verdict]:
    return {claim.id: claim.verdict for claim in found.claims}


def test_what_is_accepted_whole_is_waived_and_says_why() -> None:
    found = report(accept("web", "database-*"))

    (claim,) = (c for c in found.claims if c.id == f"hardening.{CHECK}")
    assert claim.verdict is Verdict.WAIVED
    assert claim.waiver == f"a small disk (platform, until {LATER})"
    assert claim.evidence.summary.startswith("Checkov fails database-a, web")
    assert verdicts(found)[f"contract.accepted.{CHECK}"] is Verdict.PROVEN


def test_two_entries_may_accept_for_two_reasons() -> None:
    found = report(accept("web"), accept("database-a"))

    assert verdicts(found)[f"hardening.{CHECK}"] is Verdict.WAIVED
    assert verdicts(found)[f"contract.accepted.{CHECK}#2"] is Verdict.PROVEN


def test_what_is_not_accepted_is_blamed_alone() -> None:
    found = report(accept("web"))

    (claim,) = (c for c in found.claims if c.id == f"hardening.{CHECK}")
    assert claim.verdict is Verdict.VIOLATED
    assert claim.resources == (urn(INSTANCE, "database-a"),)
    assert claim.locations == (DATABASE.location,)
    assert claim.evidence.summary.endswith("; 1 of these is accepted")


def test_where_all_that_fails_is_accepted_the_rest_is_still_not_known() -> None:
    unknown = resource(INSTANCE, "unknown", ami=AMI, ebsOptimized=Unknown("not known yet"))
    found = report(accept("web"), of=(WEB, TUNED, unknown))

    (claim,) = (c for c in found.claims if c.id == f"hardening.{CHECK}")
    assert claim.verdict is Verdict.UNPROVEN
    assert claim.evidence.kind == "unknown"
    assert claim.resources == (urn(INSTANCE, "unknown"),)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (accept("web", "database-*", expires=dt.date(2026, 1, 31)), "expired on 2026-01-31"),
        (accept("web", "database-*", "gone"), "fails on nothing named gone"),
        (accept("tuned"), "fails on nothing named tuned"),
    ],
)
def test_what_is_accepted_in_vain_is_a_finding(entry: Accepted, why: str) -> None:
    found = report(entry)

    (claim,) = (c for c in found.claims if c.id == f"contract.accepted.{CHECK}")
    assert claim.verdict is Verdict.VIOLATED
    assert why in claim.evidence.summary
    assert claim.locations == (Location("contract.yaml", 7),)
    assert verdicts(found)[f"hardening.{CHECK}"] is Verdict.VIOLATED


def test_what_is_mended_is_no_longer_accepted() -> None:
    found = report(accept("web"), of=(TUNED,))

    assert verdicts(found)[f"hardening.{CHECK}"] is Verdict.PROVEN
    assert verdicts(found)[f"contract.accepted.{CHECK}"] is Verdict.VIOLATED


def test_a_check_that_speaks_of_nothing_is_a_finding() -> None:
    found = report(accept("web"), of=(resource("aws:kms/key:Key", "main"),))

    (claim,) = (c for c in found.claims if c.id == f"contract.accepted.{CHECK}")
    assert claim.verdict is Verdict.VIOLATED
    assert "no resource of this stack" in claim.evidence.summary


HEAD = "groups: {}\nhardening:\n  accepted:\n"


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("    CKV_18: []\n", "4:5", "'CKV_18' is not the id of a check such as CKV_AWS_18"),
        ("    CKV_AWS_18: []\n", "4:5", "nothing is accepted; remove the key"),
        (
            "    CKV_AWS_18:\n      - {resources: [], reason: a, owner: b, expires: 2027-01-31}\n",
            "5:10",
            "name the resources",
        ),
        (
            "    CKV_AWS_1:\n      - {resources: [a], owner: b, expires: 2027-01-31, reason: ''}\n",
            "5:57",
            "must not be empty",
        ),
        (
            "    CKV_AWS_18:\n      - {resources: [a], reason: a, owner: b}\n",
            "5:9",
            "'expires' is missing",
        ),
        (
            "    CKV_AWS_18:\n      - {resources: [a], reason: a, owner: b, expires: soon}\n",
            "5:56",
            "expected a date",
        ),
    ],
)
def test_a_contract_says_where_it_is_wrong(text: str, where: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(HEAD + text)

    with pytest.raises(ContractError) as raised:
        load(path)

    assert f"contract.yaml:{where}: " in str(raised.value)
    assert why in str(raised.value)


def test_an_overlay_says_where_a_stack_differs(tmp_path: Path) -> None:
    entry = "[{resources: [a], reason: a, owner: b, expires: 2027-01-31}]"
    (tmp_path / "contract.yaml").write_text(
        f"{HEAD}    CKV_AWS_18: {entry}\n    CKV_AWS_21: {entry}\n"
    )
    over = tmp_path / "contract.dev.yaml"
    over.write_text(
        "extends: contract.yaml\nhardening:\n  accepted:\n"
        f"    CKV_AWS_18: null\n    CKV_AWS_50: {entry}\n"
    )

    section = load(over).hardening

    assert section is not None
    assert set(section.accepted) == {"CKV_AWS_21", "CKV_AWS_50"}
