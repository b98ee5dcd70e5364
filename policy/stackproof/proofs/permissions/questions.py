"""Answers to single questions: who may do what, and why."""

from __future__ import annotations

from collections.abc import Iterable

from stackproof.aws.identity import IdentityFacts, Principal
from stackproof.aws.values import readable
from stackproof.contract import Identity
from stackproof.model import Explanation, Hop
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.boxes import ACTION, RESOURCE, Box, intersect
from stackproof.proofs.permissions.claims import Question
from stackproof.proofs.permissions.declared import GroupMembers, arns
from stackproof.proofs.permissions.points import Point, point
from stackproof.proofs.permissions.policy_writes import POLICY_WRITES
from stackproof.proofs.permissions.requests import (
    LARGEST_DECIDED,
    SMALLEST_DECIDED,
    allowed,
    doubts,
)
from stackproof.proofs.permissions.trust import trusts
from stackproof.selection import SelectorError

_REWIRES = (
    "cloudwatch:PutMetricAlarm",
    "events:PutRule",
    "events:PutTargets",
    "iam:PassRole",
    "iot:CreateTopicRule",
    "lambda:CreateEventSourceMapping",
    "lambda:PutFunctionEventInvokeConfig",
    "lambda:UpdateEventSourceMapping",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:UpdateFunctionEventInvokeConfig",
    "logs:PutSubscriptionFilter",
    "pipes:CreatePipe",
    "pipes:UpdatePipe",
    "s3:PutBucketLogging",
    "s3:PutBucketNotification",
    "s3:PutInventoryConfiguration",
    "s3:PutLifecycleConfiguration",
    "s3:PutReplicationConfiguration",
    "scheduler:CreateSchedule",
    "scheduler:UpdateSchedule",
    "ses:CreateReceiptRule",
    "sns:Subscribe",
)
"""Actions that make or change a trigger, or the code or role that a trigger starts."""
_CHANGING = {action.lower(): action for action in (*_REWIRES, *POLICY_WRITES)}


def resources_allowed(facts: IdentityFacts, principal_urn: str, action: str) -> Language:
    """The ARNs on which the principal may do `action`, in the widest reading of what is unknown.

    Everything for a principal that these facts do not have: nothing is known of it.
    """
    principal = facts.principal(principal_urn)
    if principal is None:
        return Language.everything()
    found = _resources(allowed(facts, principal, LARGEST_DECIDED), action)
    if action.lower() == "sts:assumerole":
        found |= _trusting(facts, principal)
    return found


def _trusting(facts: IdentityFacts, principal: Principal) -> Language:
    """The roles whose trust policy lets the principal in by its name.

    (IAM User Guide, "Cross account resource access in IAM"): within the account that is enough.
    """
    question = Question(facts, Identity(), {})
    return Language.any_of(
        role.arn
        for role in facts.principals
        if not role.user and trusts(question, role, principal, LARGEST_DECIDED)[0]
    )


def what_rewires(facts: IdentityFacts, principal_urn: str) -> str | None:
    """An action that the principal may perhaps do, and that changes what starts or permits what."""
    principal = facts.principal(principal_urn)
    if principal is None:
        return None
    mine = allowed(facts, principal, LARGEST_DECIDED)
    found = intersect(mine, [Box({ACTION: Language.any_of(_CHANGING)})])
    possible = (a for box in found for a in _CHANGING if a in box.side(ACTION))
    return next((_CHANGING[action] for action in possible), None)


def resources_surely_allowed(facts: IdentityFacts, principal_urn: str, action: str) -> Language:
    """The ARNs on which the principal may do `action`, in the narrowest reading of the unknown."""
    principal = facts.principal(principal_urn)
    if principal is None:
        return Language.nothing()
    return _resources(allowed(facts, principal, SMALLEST_DECIDED), action)


def _resources(mine: list[Box], action: str) -> Language:
    asked = Box({ACTION: Language.literal(action.lower())})
    found = Language.nothing()
    for box in intersect(mine, [asked]):
        found |= box.side(RESOURCE)
    return found


def explain(  # noqa: PLR0913 - the words of the question
    facts: IdentityFacts,
    members: GroupMembers,
    principal: str,
    action: str,
    resource: str,
    *,
    identity: Identity | None = None,
) -> Explanation:
    """Whether `principal` may do `action` on `resource`, and which statements say so.

    `principal` is a group of roles, a logical name, an ARN, or a name under `identity.principals`
    when `identity` is given; `resource` an ARN or `GROUP[/REST]`. Raises SelectorError when one
    of them names nothing.
    """
    question = Question(facts, identity or Identity(), members)
    asked = _principal(question, principal)
    answers = [
        (text, point(facts, asked, {ACTION: action, RESOURCE: text}))
        for text in arns(facts, members, resource)
    ]
    if not answers:
        raise SelectorError(resource, f"'{resource}' means no resource of this stack")
    worst = min(answers, key=lambda a: (a[1].possible, a[1].certain))
    text, answer = worst
    what = f"{asked.name} {{}} {action} on {readable(text)}"
    permits = question.statements(answer.allowed, permits=True)
    denies = question.statements(answer.denied, permits=False)
    if answer.certain:
        return Explanation("yes", what.format("may"), permits)
    if answer.possible:
        unknown = "; ".join(d.why for d in doubts(facts, asked)) or "a condition cannot be decided"
        return Explanation("unknown", f"{what.format('perhaps may')}: {unknown}", permits, denies)
    return Explanation(
        "no",
        f"{what.format('may not')}: {_why_not(answer)}",
        permits,
        denies or _silence(question, asked, answer),
    )


def _why_not(answer: Point) -> str:
    if answer.denied:
        return "a statement denies it"
    return "nothing permits it" if not answer.allowed else "something caps what permits it"


def _silence(question: Question, asked: Principal, answer: Point) -> tuple[Hop, ...]:
    if answer.allowed:
        what = f"the boundary of {asked.name}, or the key's policy, does not permit it"
    else:
        what = f"no statement of {asked.name}'s policies permits it"
    return (question.hop(what, asked.urn, permits=False),)


def _principal(question: Question, name: str) -> Principal:
    """The one principal that `name` means."""
    declared = question.identity.principals
    group = question.members.get(declared[name].role if name in declared else name)
    urns = {r.urn for r in group.resources} if group is not None else set()
    everyone = question.facts.principals
    found: Iterable[Principal] = [p for p in everyone if p.urn in urns or p.arn == name]
    found = list(found) or [p for p in everyone if p.name == name]
    if len(found) != 1:
        known = ", ".join(sorted(p.name for p in everyone))
        count = "no" if not found else "more than one"
        raise SelectorError(name, f"'{name}' means {count} role or user; there are: {known}")
    return found[0]
