"""SARIF that code scanning takes: valid, within its limits, and the same alert when lines move."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from stackproof.check import Report, Summary
from stackproof.model import Claim, Evidence, Family, Hop, Location, Verdict
from stackproof.reports import claims, sarif
from stackproof.reports.repository import Repository
from tests.policy.reports.test_visible import is_harmless, strange_report

SCHEMA = Path(__file__).parent / "schemas" / "sarif-2.1.0-rtm.5.json"


@cache
def validator() -> Draft4Validator:
    return Draft4Validator(json.loads(SCHEMA.read_text("utf-8")), format_checker=None)


def run_of(report: Report, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - render's own
    text = sarif.render(report, **options)
    log = json.loads(text)
    assert [error.message for error in validator().iter_errors(log)] == []
    assert is_harmless(text)
    run: dict[str, Any] = log["runs"][0]
    return run


def report_of(*found: Claim) -> Report:
    counts = Summary(violated=len(found))
    return Report(
        project="p", stack="s", source="program", summary=counts, claims=found,
        assumptions=("a",), not_modelled=(),
    )  # fmt: skip


def violated(id_: str = "network.closed.a-to-b", **changes: Any) -> Claim:  # noqa: ANN401
    claim = Claim(id_, Family.NETWORK, "title", Verdict.VIOLATED, Evidence("witness", "found"))
    return msgspec.structs.replace(claim, **changes)


def test_the_schema_refuses_what_is_no_sarif() -> None:
    assert list(validator().iter_errors({"version": "2.1.0", "runs": [{"results": [{}]}]}))


def test_reports_of_real_programs_are_valid(bad: Report, prod: Report) -> None:
    accepted = run_of(prod)["results"]
    assert accepted
    assert all(result["suppressions"] for result in accepted)
    levels = {r["level"] for r in run_of(bad)["results"]}
    assert levels == {"error", "warning", "note"}


def test_every_kind_that_was_checked_is_a_rule_with_its_documentation(prod: Report) -> None:
    rules = {rule["id"]: rule for rule in run_of(prod)["tool"]["driver"]["rules"]}
    assert rules.keys() == {claim.kind for claim in prod.claims}
    for name, rule in rules.items():
        kind = claims.kind_of(name)
        assert kind is not None
        assert rule["help"]["markdown"] == kind.markdown(level=2)
        assert len(rule["fullDescription"]["text"]) <= 1024


def test_a_waived_claim_is_suppressed_with_its_reason(bad: Report) -> None:
    (waived,) = [r for r in run_of(bad)["results"] if "suppressions" in r]
    assert waived["level"] == "note"
    assert waived["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": (
                "narrowed as soon as the old keys are gone (@platform, until 2027-03-31)"
            ),
        }
    ]


def test_the_hops_of_a_path_are_a_code_flow_on_the_lines_that_declare_them() -> None:
    hops = (
        Hop("the gateway admits it"),
        Hop("a rule", location=Location("b.py", 7)),
        Hop("the ACL", permits=False),
    )
    claim = violated(
        evidence=Evidence("witness", "found", {}, hops), locations=(Location("a.py", 3),)
    )
    (result,) = run_of(report_of(claim))["results"]
    (flow,) = result["codeFlows"][0]["threadFlows"]
    steps = [step["location"] for step in flow["locations"]]
    assert [s["message"]["text"] for s in steps] == [
        "the gateway admits it",
        "a rule",
        "blocked: the ACL",
    ]
    where = [s["physicalLocation"]["artifactLocation"]["uri"] for s in steps]
    assert where == ["a.py", "b.py", "b.py"]


def moved(report: Report, by: int) -> Report:
    """The report of the same program with empty lines on top."""

    def down(place: Location) -> Location:
        return msgspec.structs.replace(place, line=place.line + by)

    return msgspec.structs.replace(
        report,
        claims=tuple(
            msgspec.structs.replace(c, locations=tuple(map(down, c.locations)))
            for c in report.claims
        ),
    )


def test_fingerprints_stay_when_lines_move_and_no_two_results_share_one(bad: Report) -> None:
    def fingerprints(report: Report) -> list[str]:
        results = run_of(report)["results"]
        return [r["partialFingerprints"]["primaryLocationLineHash"] for r in results]

    before = fingerprints(bad)
    assert before == fingerprints(moved(bad, 12))
    assert len(set(before)) == len(before)
    other_stack = msgspec.structs.replace(bad, stack="dev")
    assert set(before).isdisjoint(fingerprints(other_stack))


def test_paths_are_relative_to_the_root_of_the_checkout() -> None:
    claim = violated(locations=(Location("stack/a b.py", 3),))
    run = run_of(report_of(claim), repository=Repository(folder="infra"))
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "infra/stack/a%20b.py", "uriBaseId": "%SRCROOT%"}
    assert "%SRCROOT%" in run["originalUriBaseIds"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../up.py", "a/../../b", "", "c:\\x", "a//b"])
def test_a_path_that_leads_out_is_never_written(path: str) -> None:
    claim = violated(locations=(Location(path, 0),))
    run = run_of(report_of(claim), contract=Location("policy/contract.yaml", 4))
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "policy/contract.yaml"
    assert place["region"] == {"startLine": 4}


def test_what_no_line_declares_is_blamed_on_the_contract() -> None:
    (result,) = run_of(report_of(violated()), contract=Location("c.yaml", 2))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "c.yaml"


def test_results_are_cut_at_githubs_limit_the_least_severe_first_and_a_note_says_so() -> None:
    # A result each takes a while to validate: the limit is one of results, not of their size.
    kinds = (Verdict.PROVEN, Verdict.WAIVED, Verdict.UNPROVEN, Verdict.VIOLATED)
    found = [violated(f"network.flow.{v}-{n}", verdict=v) for v in kinds for n in range(2400)]
    run = json.loads(sarif.render(report_of(*found)))["runs"][0]
    levels = [result["level"] for result in run["results"]]
    assert [levels.count(x) for x in ("error", "warning", "note")] == [2400, 2400, 200]
    assert len(levels) == sarif.MOST_RESULTS == 5000
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("2200 of 7200 results are left out")


def test_a_long_path_is_cut_at_githubs_limit_and_says_so() -> None:
    hops = tuple(Hop(f"step {n}") for n in range(1500))
    run = run_of(report_of(violated(evidence=Evidence("witness", "found", {}, hops))))
    (flow,) = run["results"][0]["codeFlows"]
    assert len(flow["threadFlows"][0]["locations"]) == sarif.MOST_STEPS == 1000
    assert flow["message"]["text"] == "The first 1000 of 1500 steps."
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("The paths of 1 results are cut after 1000 steps.")


def test_a_rule_without_documentation_of_ours_is_still_a_rule() -> None:
    claim = violated("hardening.unheard.web", family=Family.HARDENING)
    (rule,) = run_of(report_of(claim))["tool"]["driver"]["rules"]
    assert rule["id"] == "hardening.unheard"
    assert rule["shortDescription"]["text"] == "How each resource is set up."


def test_strange_text_is_harmless_and_makes_no_link() -> None:
    run_of(strange_report())
    claim = violated(title="see [this](https://evil.example) and {0}", mend="[a](1)")
    (result,) = run_of(report_of(claim))["results"]
    assert "](" not in result["message"]["text"]


@settings(max_examples=30, deadline=None)
@given(st.text(), st.text(), st.text(), st.integers(-1, 10**6))
def test_any_text_gives_valid_sarif(id_: str, text: str, path: str, line: int) -> None:
    place = Location(path, line)
    hop = Hop(text, location=place)
    evidence = Evidence("witness", text, {text: [text]}, (hop,))
    claim = violated(
        id_, title=text, evidence=evidence, locations=(place, place), resources=(text,), mend=text
    )
    run_of(msgspec.structs.replace(report_of(claim), project=text, stack=id_))
