"""Each file in cases/ is one change of the architecture and the claims that it breaks."""

from __future__ import annotations

import pytest

from stackproof.model import Verdict
from tests.policy.network.world import CASES, CONTRACT, Case, case, decided, three_tiers

ALL = [case(path) for path in sorted(CASES.glob("*.yaml"))]


def test_the_architecture_itself_is_proven() -> None:
    decisions = decided(three_tiers().graph(), CONTRACT)
    assert len(decisions) > 60
    assert {i: d.evidence.summary for i, d in decisions.items() if d.verdict != "proven"} == {}


@pytest.mark.parametrize("changed", ALL, ids=lambda c: c.name)
def test_a_change_breaks_exactly_these_claims(changed: Case) -> None:
    decisions = decided(changed.world.graph(), changed.contract)
    broken = {i: d.verdict.value for i, d in decisions.items() if d.verdict is not Verdict.PROVEN}
    assert broken == changed.expect


@pytest.mark.parametrize("changed", [c for c in ALL if c.expect], ids=lambda c: c.name)
def test_what_is_broken_says_by_what_and_how_to_mend_it(changed: Case) -> None:
    decisions = decided(changed.world.graph(), changed.contract, changed.expect)
    for claim, decision in decisions.items():
        assert decision.mend, claim
        assert decision.evidence.summary, claim
        if decision.verdict is Verdict.VIOLATED:
            assert decision.evidence.witness, claim
            assert decision.resources, claim
            assert all(hop.location for hop in decision.evidence.hops if hop.urn), claim
    first = {claim: decisions[claim].resources[0] for claim in changed.blame}
    assert first == {claim: changed.world.urn(name) for claim, name in changed.blame.items()}
