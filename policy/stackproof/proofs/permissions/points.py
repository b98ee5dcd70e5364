"""One request of one principal: which statements permit it, and which deny it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from stackproof.aws.identity import Document, IdentityFacts, Principal
from stackproof.proofs.permissions.boxes import ACTION, Box
from stackproof.proofs.permissions.requests import (
    LARGEST_DECIDED,
    SMALLEST_DECIDED,
    allowed,
    boxes_of,
    resource_boxes,
)


class Point(msgspec.Struct, frozen=True):
    """The statements that bear on one request, each as (URN, label)."""

    certain: bool
    """It is allowed however the unknown turns out."""
    possible: bool
    """It is allowed in some way that the unknown may turn out."""
    allowed: tuple[tuple[str, str], ...]
    denied: tuple[tuple[str, str], ...]


def point(facts: IdentityFacts, principal: Principal, made: Mapping[str, str]) -> Point:
    """What is said about the request `made`: action, resource and condition keys."""
    asked = {**made, ACTION: made[ACTION].lower()}
    for key, side in _circumstances(facts, principal).items():
        asked.setdefault(key, side)
    documents: list[Document] = [a.document for a in principal.policies]
    lasting = [a.document for a in principal.policies if not a.contested]
    boundary = [principal.boundary] if principal.boundary is not None else []
    permitting = boxes_of(facts, principal, documents, LARGEST_DECIDED, allow=True)
    denying = boxes_of(facts, principal, [*lasting, *boundary], SMALLEST_DECIDED, allow=False)
    for policy in facts.resource_policies:
        capped, free, _ = resource_boxes(facts, principal, policy, LARGEST_DECIDED)
        permitting += [*capped, *free]
        denying += resource_boxes(facts, principal, policy, SMALLEST_DECIDED)[2]
    return Point(
        certain=_in(allowed(facts, principal, SMALLEST_DECIDED), asked),
        possible=_in(allowed(facts, principal, LARGEST_DECIDED), asked),
        allowed=_sources(permitting, asked),
        denied=_sources(denying, asked),
    )


def _circumstances(facts: IdentityFacts, principal: Principal) -> dict[str, str]:
    """An ordinary request of the principal: over TLS, made by itself."""
    return {
        "aws:principalaccount": facts.account,
        "aws:principalarn": principal.arn,
        "aws:principalisawsservice": "false",
        "aws:principaltype": "User" if principal.user else "AssumedRole",
        "aws:securetransport": "true",
        "aws:viaawsservice": "false",
    }


def _in(boxes: list[Box], asked: Mapping[str, str]) -> bool:
    return any(box.contains(asked) for box in boxes)


def _sources(boxes: list[Box], asked: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    found = [source for box in boxes if box.contains(asked) for source in box.sources]
    return tuple(dict.fromkeys(found))
