"""JUnit XML as Jenkins' schema has it, whatever a program's names hold."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import msgspec
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from stackproof.check import Report
from stackproof.model import Evidence, Hop, Verdict
from stackproof.reports import junit
from stackproof.reports.visible import visible
from tests.policy.reports.test_sarif import report_of, violated
from tests.policy.reports.test_visible import is_harmless, strange_report

XSD = Path(__file__).parent / "schemas" / "junit-10.xsd"


@cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(XSD)


def tree(report: Report) -> ET.Element:
    text = junit.render(report)
    schema().validate(text)
    assert is_harmless(text)
    return ET.fromstring(text)  # noqa: S314 - it is what we wrote ourselves


def test_reports_of_real_programs_are_valid_and_count_right(bad: Report, prod: Report) -> None:
    for report in (bad, prod):
        root = tree(report)
        found = {name: len(root.findall(f".//{name}")) for name in ("failure", "error", "skipped")}
        assert root.get("tests") == str(len(report.claims))
        assert root.get("failures") == str(found["failure"]) == str(report.summary.violated)
        assert root.get("errors") == str(found["error"]) == str(report.summary.unproven)
        assert found["skipped"] == report.summary.waived
        assert len(root.findall(".//testcase")) == len(report.claims)


def test_a_failure_has_the_witness_the_path_the_lines_and_the_mend(bad: Report) -> None:
    case = tree(bad).find(".//testcase[@name='network.closed.vpc-to-database']")
    assert case is not None
    assert case.get("classname") == "network.closed"
    text = case.findtext("failure") or ""
    words = [line.split()[0] for line in text.splitlines()]
    assert list(dict.fromkeys(words)) == [
        "claim", "found", "witness", "path", "line", "mend", "about",
    ]  # fmt: skip


def test_a_waived_claim_is_skipped_with_its_reason(bad: Report) -> None:
    skipped = tree(bad).find(".//skipped")
    assert skipped is not None
    assert (skipped.get("message") or "").startswith("narrowed as soon as")


def test_strange_text_is_harmless() -> None:
    tree(strange_report())


@settings(max_examples=60, deadline=None)
@given(st.text(), st.sampled_from(Verdict))
def test_any_text_arrives_as_it_is_shown(text: str, verdict: Verdict) -> None:
    evidence = Evidence("witness", text, {}, (Hop(text),))
    claim = violated(text, title=text, evidence=evidence, mend=text, verdict=verdict, waiver=text)
    root = tree(msgspec.structs.replace(report_of(claim), project=text))
    (case,) = root.findall(".//testcase")
    assert case.get("name") == visible(text)
    if verdict is Verdict.VIOLATED:
        (failure,) = case
        assert failure.get("message") == visible(text)
        assert (failure.text or "").startswith(f"claim    {visible(text)}\n")
