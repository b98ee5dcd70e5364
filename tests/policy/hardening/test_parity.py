"""The bridge finds what Checkov itself finds in the same architecture written for Terraform."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path

import pytest

from stackproof.hardening import engine
from stackproof.hardening.engine import Outcome
from stackproof.hardening.terraform import Configuration, configuration
from tests.policy.hardening.equivalent import EQUIVALENT

HCL = Path(__file__).with_name("equivalent.tf")


@cache
def of_checkov() -> frozenset[tuple[str, str, str]]:
    """Check, address and result, from Checkov's own runner on its own parser's reading."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from checkov.runner_filter import RunnerFilter  # noqa: PLC0415 - its imports warn
        from checkov.terraform.runner import Runner  # noqa: PLC0415

        report = Runner().run(
            root_folder=None,
            files=[str(HCL)],
            runner_filter=RunnerFilter(framework=["terraform"], show_progress_bar=False),
        )
    assert not isinstance(report, list)
    assert not report.parsing_errors
    results = (("passed", report.passed_checks), ("failed", report.failed_checks))
    return frozenset(
        (record.check_id, record.resource, result)
        for result, records in results
        for record in records
    )


@cache
def declared() -> Configuration:
    return configuration(EQUIVALENT)


@cache
def of_bridge() -> frozenset[tuple[str, str, str]]:
    return frozenset(
        (finding.check.id, finding.address, finding.outcome.value)
        for finding in engine.scan(declared()).findings
    )


def test_both_are_of_the_same_resources() -> None:
    text = HCL.read_text("utf-8").splitlines()
    written = {".".join(line.split('"')[1:4:2]) for line in text if line.startswith('resource "')}

    assert {f"{e.type}.{e.name}" for e in declared().entities} == written
    assert len(written) >= 40
    assert declared().not_modelled == ()
    assert declared().unknowns == ()


def test_the_bridge_finds_what_checkov_finds() -> None:
    decided = {finding for finding in of_bridge() if finding[2] != Outcome.UNKNOWN}

    assert sorted(of_checkov() - decided) == []
    assert sorted(decided - of_checkov()) == []


def test_the_comparison_is_worth_something() -> None:
    results = [result for _, _, result in of_checkov()]

    assert len({check for check, _, _ in of_checkov()}) > 100
    assert results.count("failed") > 80
    assert results.count("passed") > 120


@pytest.mark.parametrize(
    "check", ["CKV_AWS_46", "CKV_AWS_24", "CKV2_AWS_6", "CKV_AWS_70", "CKV_AWS_62"]
)
def test_what_is_compared_includes(check: str) -> None:
    assert check in {id_ for id_, _, _ in of_checkov()}
