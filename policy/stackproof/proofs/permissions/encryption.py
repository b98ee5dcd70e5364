"""Whether a declared grant on encrypted data gets through the key that encrypts it."""

from __future__ import annotations

from stackproof.aws.identity import Encrypted, Principal
from stackproof.aws.identity.encryption import NEEDS
from stackproof.aws.values import readable
from stackproof.model import Decision
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.boxes import ACTION, RESOURCE, Box, intersect, subtract
from stackproof.proofs.permissions.claims import Question, unproven, violated
from stackproof.proofs.permissions.requests import (
    LARGEST_DECIDED,
    ORDINARY,
    SMALLEST,
    doubts,
    universe,
)
from stackproof.proofs.permissions.witnesses import first, request, shown

_BY_A_SERVICE = ORDINARY.without(["aws:viaawsservice"])


def refused_by_a_key(
    question: Question, principal: Principal, wanted: list[Box]
) -> Decision | None:
    """A decision against a grant on data whose key the principal may not use; None: it may."""
    for data in question.facts.encrypted:
        for action, needs in NEEDS.items():
            touched = intersect(
                wanted,
                [
                    Box(
                        {
                            ACTION: Language.literal(action.lower()),
                            RESOURCE: Language.any_of(data.data),
                        }
                    )
                ],
            )
            for need in needs if touched else ():
                decision = _locked(question, principal, data, action, need)
                if decision is not None:
                    return decision
    return None


def _locked(
    question: Question, principal: Principal, data: Encrypted, action: str, need: str
) -> Decision | None:
    """Whether `action` on the data fails for want of `need` on its key."""
    name = question.name_of(data.urn)
    mend = f"Give {principal.name} {need} on the key, and grant it in the contract."
    if data.key is None:
        return unproven(
            question,
            f"{action} needs {need} on the key that {name} names, and which it is is not known",
            [f"the key of {name}"],
            [data.urn, principal.urn],
            f"Name the key of {name} by the Key's own output, or by its ARN.",
        )
    service = action.partition(":")[0]
    asked = Box(
        {
            ACTION: Language.literal(need.lower()),
            RESOURCE: Language.literal(data.key),
            "kms:viaservice": Language.glob(f"{service}.{data.region}.amazonaws.com"),
        }
    )
    boxes = [asked & _BY_A_SERVICE & universe(question.facts, principal)]
    lacking = subtract(boxes, question.allowed(principal, LARGEST_DECIDED))
    if lacking:
        made = request(first(lacking))
        why = f"{principal.name} may not {need} on {readable(data.key)}"
        return violated(
            f"{why}, the key of {name}: {action} fails there",
            shown(made, principal.arn),
            [question.hop(f"{name} is encrypted with it", data.urn, permits=False)],
            [principal.urn, data.urn],
            mend,
        )
    if subtract(boxes, question.allowed(principal, SMALLEST)):
        return unproven(
            question,
            f"whether {principal.name} may {need} on the key of {name} is not decided",
            [*doubts(question.facts, principal), f"a condition on {need}"],
            [principal.urn, data.urn],
            mend,
        )
    return None
