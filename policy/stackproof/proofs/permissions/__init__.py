"""Who may do what: exact containment of what policies permit in what the contract grants.

`requests` has what a principal may do, `declared` what the contract says, both as `boxes` of
requests; `principals`, `admissions`, `trust` and `escalation` compare them; `running` says
what runs as whom; `questions` answers single ones.
"""

from __future__ import annotations

from functools import partial

import msgspec

from stackproof.aws.identity import IdentityFacts, identity_facts
from stackproof.contract import Contract, Identity
from stackproof.model import Decision, Kinds, Obligation, unknowns
from stackproof.proofs.accounts import in_every_account
from stackproof.proofs.permissions import admissions, escalation, principals, running, trust
from stackproof.proofs.permissions.claims import Question, unproven
from stackproof.proofs.permissions.declared import GroupMembers, NotKnownError
from stackproof.proofs.permissions.questions import (
    explain,
    resources_allowed,
    resources_surely_allowed,
    what_rewires,
)
from stackproof.proofs.permissions.requests import Doubt

__all__ = [
    "KINDS",
    "explain",
    "obligations",
    "resources_allowed",
    "resources_surely_allowed",
    "what_rewires",
]


def obligations(
    facts: IdentityFacts, contract: Contract, members: GroupMembers
) -> list[Obligation]:
    """Every identity claim of the contract; none when it has no `identity` section."""
    if contract.identity is None:
        return []
    identity, graph = contract.identity, facts.values.graph
    return in_every_account(
        graph,
        contract,
        lambda world: _in_one_account(
            facts if world is graph else identity_facts(world), identity, members
        ),
    )


def _in_one_account(
    facts: IdentityFacts, identity: Identity, members: GroupMembers
) -> list[Obligation]:
    question = Question(facts, identity, members)
    found = [
        *principals.obligations(question),
        *trust.obligations(question),
        *running.obligations(question),
        *admissions.obligations(question),
        *escalation.obligations(question),
    ]
    return [msgspec.structs.replace(o, decide=partial(_known, question, o)) for o in found]


def _known(question: Question, obligation: Obligation) -> Decision:
    """The decision of `obligation`; unproven where a name that it turns on is not known yet."""
    try:
        return obligation.decide()
    except NotKnownError as error:
        name = question.facts.values.resources[error.resource.urn].name
        why = [u.reason for value in error.resource.inputs.values() for u in unknowns(value)]
        return unproven(
            question,
            f"the claim names {error.group}, and {error}",
            [Doubt(error.resource.urn, f"{error}{f': {why[0]}' if why else ''}")],
            [error.resource.urn],
            f"Give {name} a name that is known at preview.",
        )


KINDS: Kinds = {
    **principals.KINDS,
    **trust.KINDS,
    **running.KINDS,
    **admissions.KINDS,
    **escalation.KINDS,
}
