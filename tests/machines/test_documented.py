"""What docs/machines.md says is proven is proven, of every stack."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from stackproof.check import check
from stackproof.contract import load
from stackproof.model import Verdict
from stackproof.sources.program import evaluate
from tests.machines.units import PAGE
from tests.stack.engine_double import ROOT

CLAIM = re.compile(r"^\| `((?:network|identity|availability)\.[^`]+)` \|", re.MULTILINE)
TODAY = dt.date(2026, 11, 24)


@pytest.mark.parametrize("stack", ["prod", "dev", "seed"])
def test_every_claim_of_the_page_is_proven(stack: str) -> None:
    named = set(CLAIM.findall(PAGE.read_text()))
    assert len(named) >= 7
    contract = f"contract.{stack}.yaml" if stack != "prod" else "contract.yaml"
    report = check(evaluate(ROOT, stack), load(ROOT / "policy" / contract), today=TODAY)
    proven = {c.id for c in report.claims if c.verdict is Verdict.PROVEN}
    assert named <= proven
