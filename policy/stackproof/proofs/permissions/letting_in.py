"""Who is let in, and to what: by a resource's own policies, and by a role's trust policy."""

from __future__ import annotations

import msgspec

from stackproof.aws.identity import (
    Document,
    IdentityFacts,
    Principal,
    ResourcePolicy,
    Statement,
    Who,
)
from stackproof.aws.identity.resource_policies import BUCKETS
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.boxes import ABSENT, ACTION, RESOURCE, WHO, Box, subtract
from stackproof.proofs.permissions.conditions import split_who
from stackproof.proofs.permissions.requests import (
    NEVER,
    NOBODY_KNOWN,
    Reading,
    statement_boxes,
    who_language,
)

_ASSUME = Language.glob("sts:assumerole*")
STRANGER = "AWS:arn:aws:iam::999999999999:root"
"""Stands for anybody in what people read: AWS's documentation uses such accounts."""
_ANYBODY = "AWS:arn:aws:iam::any-account:root"
"""Is in every language that holds all accounts, and no policy can name it."""
_TRANSPORT = Box({"aws:securetransport": Language.any_of(("true", "false"))})

# Conditions that keep a policy from being public (Amazon S3 User Guide, "Blocking public access
# to your Amazon S3 storage", "The meaning of 'public'").
_FIXING = (
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointarn",
)


def own_root(facts: IdentityFacts) -> Language:
    """The account itself, as a policy names it: it lets identity policies decide."""
    return Language.glob(f"AWS:arn:*:iam::{facts.account}:root")


def _of_accounts(who: Who) -> Language:
    """Everybody in the accounts that `who` names as such."""
    roots = [p.text for p in who.patterns if p.exact and p.text.endswith(":root")]
    if who.negated:
        return Language.nothing()
    return Language.any_of(
        f"{root.removesuffix('root').replace(':iam:', f':{service}:')}*"
        for root in roots
        for service in ("iam", "sts")
    )


def boxes_with_who(
    document: Document, statement: Statement, reading: Reading, space: Language | None
) -> list[Box]:
    """The requests of one statement, with who makes them."""
    bigger = reading.wide == statement.allow
    who = statement.who or NOBODY_KNOWN
    asking, conditions = split_who(statement.conditions)
    names = who_language(who, bigger=bigger)
    picks = len(conditions) < len(statement.conditions)
    if picks if statement.allow else bigger:
        # In a deny an account is everybody in it; so it is where a condition picks some of them.
        names |= _of_accounts(who)
    names &= asking
    rest = msgspec.structs.replace(statement, conditions=conditions)
    boxes = statement_boxes(document, rest, reading, variables={}, space=space)
    return [b for box in boxes if not (b := box.narrowed(WHO, names)).is_empty()]


def admitted(facts: IdentityFacts, policy: ResourcePolicy, reading: Reading) -> list[Box]:
    """Every request that the policies of one resource admit, with who makes it."""
    space = Language.any_of(policy.space)
    found: dict[bool, list[Box]] = {True: [], False: []}
    for document in policy.documents:
        for statement in document.statements:
            found[statement.allow] += boxes_with_who(document, statement, reading, space)
    boxes = subtract([b & _TRANSPORT for b in found[True]], [*found[False], *NEVER])
    if policy.doubts:
        boxes = [Box({RESOURCE: space})] if reading.wide else []
    return _not_blocked(facts, policy, boxes, reading)


def _not_blocked(
    facts: IdentityFacts, policy: ResourcePolicy, boxes: list[Box], reading: Reading
) -> list[Box]:
    """What a bucket's public access block leaves of its policy.

    A public policy is refused, or let through to the account and to AWS services only. Without
    a declared block, new buckets have one; that is not relied upon to keep anybody out.
    """
    if policy.type not in BUCKETS:
        return boxes
    block = policy.block
    flags = (None, None) if block is None else (block.block_policy, block.restrict)
    blocked = True in flags or (None in flags and not reading.wide)
    if not blocked:
        return boxes
    insiders = Language.any_of(
        ("Service:*", *(f"AWS:arn:*:{s}::{facts.account}:*" for s in ("iam", "sts")))
    )
    return [
        kept
        for box in boxes
        if not (kept := box.narrowed(WHO, insiders) if is_public(box) else box).is_empty()
    ]


def is_public(box: Box) -> bool:
    """Whether any account is let in, under no condition that fixes where from."""
    fixed = any(key in box.sides and ABSENT not in box.sides[key] for key in _FIXING)
    return _ANYBODY in box.side(WHO) and not fixed


def trusting(principal: Principal, reading: Reading) -> list[Box]:
    """The ways to assume a role: who, under which circumstances."""
    if principal.trust is None:
        return []
    space = Language.literal(principal.arn)
    found: dict[bool, list[Box]] = {True: [], False: []}
    for statement in principal.trust.statements:
        found[statement.allow] += [
            box.narrowed(ACTION, _ASSUME)
            for box in boxes_with_who(principal.trust, statement, reading, space)
        ]
    return subtract(found[True], found[False])
