"""Who may do what: exact containment of what policies permit in what the contract grants.

`requests` has what a principal may do, `declared` what the contract says, both as `boxes` of
requests; `principals`, `admissions`, `trust` and `escalation` compare them; `running` says
what runs as whom; `questions` answers single ones.
"""

from __future__ import annotations

from stackproof.aws.identity import IdentityFacts
from stackproof.contract import Contract
from stackproof.model import Obligation
from stackproof.proofs.permissions import admissions, escalation, principals, running, trust
from stackproof.proofs.permissions.claims import Question
from stackproof.proofs.permissions.declared import GroupMembers
from stackproof.proofs.permissions.questions import (
    explain,
    resources_allowed,
    resources_surely_allowed,
)

__all__ = ["explain", "obligations", "resources_allowed", "resources_surely_allowed"]


def obligations(
    facts: IdentityFacts, contract: Contract, members: GroupMembers
) -> list[Obligation]:
    """Every identity claim of the contract; none when it has no `identity` section."""
    if contract.identity is None:
        return []
    question = Question(facts, contract.identity, members)
    return [
        *principals.obligations(question),
        *trust.obligations(question),
        *running.obligations(question),
        *admissions.obligations(question),
        *escalation.obligations(question),
    ]
