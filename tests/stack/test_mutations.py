"""Every change that the contract forbids is found, on the right resource."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackproof.check import check
from stackproof.contract import load
from stackproof.model import Family, Verdict
from stackproof.sources.program import evaluate
from tests.engine.engine import copy_of_the_project
from tests.engine.mutations import MUTATIONS, Mutation
from tests.stack.test_contract import TODAY

PROOFS = set(Family) - {Family.CONTRACT, Family.HARDENING}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_forbidden_change_is_found(tmp_path: Path, mutation: Mutation) -> None:
    project = copy_of_the_project(tmp_path / "project")
    for change in mutation.changes:
        change.apply(project)
    contract = load(project / "policy" / "contract.yaml")
    report = check(evaluate(project, "prod"), contract, today=TODAY, only=PROOFS)
    found = [
        (claim.id, urn.rpartition("::")[2])
        for claim in report.claims
        if claim.verdict in {Verdict.VIOLATED, Verdict.UNPROVEN}
        for urn in claim.resources
    ]
    assert any(mutation.blames(*pair) for pair in found), found
