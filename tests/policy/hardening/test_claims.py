"""What becomes of Checkov's findings: one claim a check, on the lines of the program."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stackproof import check as checking
from stackproof import hardening
from stackproof.check import check
from stackproof.contract import Contract, Hardening, Network
from stackproof.families import FAMILIES
from stackproof.hardening import Facts, obligations
from stackproof.hardening.engine import _checkov, scan
from stackproof.hardening.questions import QUESTIONS, settled
from stackproof.hardening.terraform import configuration
from stackproof.model import Claim, Evidence, Family, Verdict
from stackproof.reports import claims as documented
from tests.policy.check.worlds import TODAY, claim, family, proven
from tests.policy.graphs import graph, resource, urn
from tests.policy.hardening.equivalent import EQUIVALENT

ROOT = Path(__file__).parents[3]

GROUP = "aws:ec2/securityGroup:SecurityGroup"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GRAPH = graph(
    resource(GROUP, "web", description="Web servers"),
    resource(
        RULE,
        "ssh",
        description="Administrators",
        ipProtocol="tcp",
        fromPort=22,
        toPort=22,
        cidrIpv4="0.0.0.0/0",
    ),
)
CONTRACT = Contract(groups={}, hardening=Hardening())


def proof(id_: str, verdict: Verdict, *resources: str) -> Claim:
    return Claim(id_, Family.NETWORK, "it holds", verdict, Evidence("witness", "so"), resources)


def network(verdict: Verdict, *resources: str) -> tuple[Claim, ...]:
    return (
        proof("network.closed.internet-to-web", verdict, *resources),
        proof("network.grouped", Verdict.PROVEN),
        proof("network.coverage", Verdict.PROVEN),
    )


def decided(*proofs: Claim) -> dict[str, Any]:
    found = obligations(hardening.hardening_facts(GRAPH), proofs)
    return {obligation.id: obligation.decide() for obligation in found}


def test_a_finding_is_on_the_line_that_declares_it() -> None:
    report = check(GRAPH, CONTRACT, today=TODAY)
    (claim,) = (c for c in report.claims if c.id == "hardening.CKV_AWS_24")

    assert claim.verdict is Verdict.VIOLATED
    assert claim.title == "Ensure no security groups allow ingress from 0.0.0.0:0 to port 22"
    assert claim.locations == (GRAPH.by_urn()[urn(RULE, "ssh")].location,)
    assert claim.evidence.witness == {
        "resources": {"aws_vpc_security_group_ingress_rule.ssh": "failed"}
    }
    assert "github.com/bridgecrewio/checkov/blob/3." in claim.mend
    assert claim.mend.endswith("SecurityGroupUnrestrictedIngress22.py")


def test_many_resources_of_one_line_are_one_place() -> None:
    line = GRAPH.resources[0].location
    volumes = [
        msgspec.structs.replace(resource("aws:ebs/volume:Volume", f"v{n}"), location=line)
        for n in range(9)
    ]

    (claim,) = (
        c
        for c in check(graph(*volumes), CONTRACT, today=TODAY).claims
        if c.id == "hardening.CKV_AWS_3"
    )

    assert len(claim.resources) == 9
    assert claim.locations == (line,)
    assert claim.evidence.summary == "Checkov fails v0, v1, v2 and 6 more"


def test_a_proof_goes_before_what_checkov_guesses_and_both_are_shown() -> None:
    found = decided(*network(Verdict.PROVEN))["hardening.CKV_AWS_24"]

    assert found.verdict is Verdict.PROVEN
    assert "Checkov fails ssh, superseded by a proof" in found.evidence.summary
    assert "proven by network.closed.internet-to-web" in found.evidence.summary
    assert found.evidence.witness == {
        "resources": {
            "aws_vpc_security_group_ingress_rule.ssh": {"checkov": "failed", "proof": "proven"}
        }
    }


def test_asked_for_alone_it_says_the_same_as_beside_the_proofs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    last = [proof for proof in FAMILIES if proof.after_proofs]
    closed = claim("network.closed.internet-to-web", proven)
    proofs = (family(closed, claim("network.grouped", proven)), *last)
    monkeypatch.setattr(checking, "FAMILIES", proofs)
    contract = Contract(groups={}, network=Network(), hardening=Hardening())
    whole = check(GRAPH, contract, today=TODAY)
    alone = check(GRAPH, contract, today=TODAY, only={Family.HARDENING})

    assert list(alone.claims) == [c for c in whole.claims if c.family is Family.HARDENING]
    assert "superseded by a proof" in str(alone.claims)


def test_a_proof_that_blames_the_resource_agrees_and_is_not_told_twice() -> None:
    found = decided(*network(Verdict.VIOLATED, urn(RULE, "ssh")))

    assert found["hardening.CKV_AWS_24"].verdict is Verdict.VIOLATED
    assert "violated by network.closed" in found["hardening.CKV_AWS_24"].evidence.summary
    assert found["hardening.CKV_AWS_25"].verdict is Verdict.PROVEN


def test_a_proof_that_blames_another_resource_stands_and_says_so() -> None:
    found = decided(*network(Verdict.VIOLATED, urn(GROUP, "other")))["hardening.CKV_AWS_24"]

    assert found.verdict is Verdict.PROVEN
    assert found.evidence.summary.endswith(
        "violated by network.closed.internet-to-web, of another resource"
    )


def test_where_a_proof_is_open_so_is_what_it_would_decide() -> None:
    found = decided(*network(Verdict.UNPROVEN, urn(GROUP, "other")))

    assert found["hardening.CKV_AWS_24"].verdict is Verdict.UNPROVEN
    assert "unproven by network.closed" in found["hardening.CKV_AWS_24"].evidence.summary
    assert found["hardening.CKV_AWS_25"].verdict is Verdict.PROVEN


def test_half_a_proof_settles_nothing() -> None:
    assert settled("CKV_AWS_24", "urn", network(Verdict.PROVEN)[:1]) is None
    assert settled("CKV_AWS_24", "urn", ()) is None
    assert settled("CKV_AWS_135", "urn", network(Verdict.PROVEN)) is None


def test_the_questions_are_about_checks_that_exist() -> None:
    checkov = _checkov()
    known = {c.id for checks in checkov.resource_checks.checks.values() for c in checks}
    known |= {c.id for c in checkov.graph_checks}

    asked = [check for question in QUESTIONS for check in question.checks]
    assert set(asked) - known == set()
    assert len(asked) == len(set(asked))


def test_without_the_extra_the_family_says_that_it_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardening, "is_installed", lambda: False)

    report = check(GRAPH, CONTRACT, today=TODAY)

    (claim,) = (c for c in report.claims if c.id.startswith("hardening.CKV") or "checkov" in c.id)
    assert claim.id == "hardening.checkov"
    assert claim.verdict is Verdict.UNPROVEN
    assert "the family is off" in claim.evidence.summary
    assert "stackproof[checkov]" in claim.mend


def test_a_check_that_raises_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    (broken,) = (
        c for c in _checkov().resource_checks.get_checks("aws_instance") if c.id == "CKV_AWS_46"
    )

    def stop(_: object) -> None:
        raise KeyError("user_data")

    monkeypatch.setattr(broken, "scan_resource_conf", stop)
    found = obligations(
        hardening.hardening_facts(graph(resource("aws:ec2/instance:Instance", "web"))), ()
    )

    (one,) = (o for o in found if o.id == "hardening.CKV_AWS_46")
    assert one.decide().verdict is Verdict.UNPROVEN
    assert "the check stopped with KeyError" in one.decide().evidence.summary


def test_nothing_is_asked_of_any_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a network was asked")

    for name in ("connect", "connect_ex", "sendto", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)

    assert scan(configuration(EQUIVALENT)).findings


SIDE_EFFECTS = """
import logging, os, signal, socket, sys

def state():
    return (
        sys.stdout, sys.stderr, sys.excepthook, dict(os.environ), list(sys.path), os.getcwd(),
        logging.getLogger().handlers[:], logging.getLogger().level, socket.getdefaulttimeout(),
        [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)],
    )

before = state()
from stackproof.hardening import engine
from stackproof.hardening.terraform import configuration
from tests.policy.hardening.equivalent import EQUIVALENT
assert "checkov" not in sys.modules
engine.scan(configuration(EQUIVALENT))
assert "checkov" in sys.modules
assert state() == before
"""


def test_checkov_is_loaded_when_it_is_asked_for_and_changes_nothing_around_it() -> None:
    run = subprocess.run(
        [sys.executable, "-c", SIDE_EFFECTS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_a_scan_is_the_same_each_time() -> None:
    written = configuration(EQUIVALENT)

    assert scan(written) == scan(written)


def test_what_one_scan_read_is_nothing_to_the_next() -> None:
    def policy(action: str) -> frozenset[str]:
        text = (
            '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"%s","Resource":"*"}]}'
        )
        of = graph(resource("aws:iam/policy:Policy", "p", policy=text % action))
        facts = Facts(configuration(of), scan(configuration(of)))
        return frozenset(
            o.id for o in obligations(facts, ()) if o.decide().verdict is Verdict.VIOLATED
        )

    assert "hardening.CKV_AWS_286" in policy("iam:*")
    assert "hardening.CKV_AWS_286" not in policy("s3:ListAllMyBuckets")


def test_reports_explain_a_check_by_what_is_said_of_all() -> None:
    kind = documented.kind_of("hardening.CKV_AWS_24")

    assert kind is not None
    assert kind.names == ("hardening.checkov",)
