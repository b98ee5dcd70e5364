"""The claims about who may assume a role."""

from __future__ import annotations

from collections.abc import Iterator

from stackproof.aws.identity import Principal
from stackproof.aws.values import readable
from stackproof.model import Decision, Family, Hop, Obligation
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.admissions import nobody_else, trustee_text
from stackproof.proofs.permissions.boxes import WHO, Box
from stackproof.proofs.permissions.claims import (
    Question,
    proven,
    sources_of,
    undecided_of,
    unproven,
    violated,
)
from stackproof.proofs.permissions.declared import trustee_names
from stackproof.proofs.permissions.requests import LARGEST, SMALLEST, Reading, doubts_of


def obligations(question: Question) -> Iterator[Obligation]:
    """The claims `identity.trust.*`."""
    for name in sorted(question.identity.principals):
        yield Obligation(
            f"identity.trust.{name}",
            Family.IDENTITY,
            f"{name} may be assumed by those whom the contract names, and nobody else",
            lambda name=name: _trust(question, name),  # type: ignore[misc]
        )


def trusts(
    question: Question, role: Principal, other: Principal, reading: Reading
) -> tuple[list[Box], list[Box]]:
    """How `role` trusts `other`: by its name, and by the account's (its policies then decide)."""
    ways = question.trusting(role, reading)
    account = Language.glob(f"AWS:arn:*:iam::{question.facts.account}:root")
    named = [b for b in ways if f"AWS:{other.arn}" in b.side(WHO)]
    return named, [b for b in ways if not b.narrowed(WHO, account).is_empty()]


def trusts_a_service(question: Question, role: Principal, reading: Reading) -> bool:
    """Whether some AWS service may act as the role: only then is passing it of use."""
    services = Language.glob("Service:*")
    return any(not b.narrowed(WHO, services).is_empty() for b in question.trusting(role, reading))


def _trust(question: Question, name: str) -> Decision:
    declared = question.identity.principals[name].assumed_by
    names = [
        trustee_names(question.facts, question.members, question.identity, t) for t in declared
    ]
    hops: list[Hop] = []
    for principal in question.holders(name):
        contract = [Box({WHO: most}) for most, _ in names]
        doubts = () if principal.trust is None else doubts_of(principal.trust)

        def ways(reading: Reading, principal: Principal = principal) -> list[Box]:
            return question.trusting(principal, reading)

        decision = nobody_else(question, principal.name, contract, ways, doubts)
        if decision is not None:
            return decision
        for trustee, (_, least) in zip(declared, names, strict=True):
            who = trustee_text(trustee)
            given = [b for b in ways(SMALLEST) if not b.narrowed(WHO, least).is_empty()]
            decided = [b for b in given if not undecided_of([b])]
            if decided:
                hops += question.statements(sources_of(decided), permits=True)
                continue
            perhaps = [b for b in ways(LARGEST) if not b.narrowed(WHO, least).is_empty()]
            if perhaps:
                return unproven(
                    question,
                    f"whether {who} may assume {principal.name} rests on what is not known",
                    [*doubts, *undecided_of(perhaps)],
                    [principal.urn],
                    "Make the trust policy known at preview.",
                )
            return violated(
                f"{who} may not assume {principal.name}",
                {"principal": who, "action": "sts:AssumeRole", "resource": readable(principal.arn)},
                [
                    question.hop(
                        f"the trust policy of {principal.name} does not admit {who}",
                        principal.urn,
                        permits=False,
                    )
                ],
                [principal.urn],
                f"Let the trust policy of {principal.name} admit {who}, or mend the contract.",
            )
    if not question.holders(name):
        return violated(
            f"{name} is no role or user of this stack", {"principal": name}, (), (),
            f"Declare the role that {name} means, or take it out of the contract.",
        )  # fmt: skip
    return proven("exhaustive", f"only those named in the contract may assume {name}", hops)
