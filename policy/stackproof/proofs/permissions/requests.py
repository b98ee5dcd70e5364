"""What a principal may do: allow minus deny, within its boundary, as boxes of requests.

(IAM User Guide, "Policy evaluation logic" and "Permissions boundaries for IAM entities".) Within
the account an identity policy or a resource policy that names the principal is enough; a boundary
caps identity policies, and resource policies that name the role's ARN, but not those that name
everybody, a session or a user; a KMS key's policy must first let the account's policies speak of
it (KMS Developer Guide, "Key policies in AWS KMS"); any explicit deny wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from stackproof.aws.identity import (
    Document,
    IdentityFacts,
    Match,
    Principal,
    ResourcePolicy,
    Statement,
    Who,
)
from stackproof.aws.identity.documents import VARIABLE, Pattern
from stackproof.aws.identity.resource_policies import KEY
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.boxes import (
    ABSENT,
    ACTION,
    RESOURCE,
    Box,
    intersect,
    subtract,
)
from stackproof.proofs.permissions.conditions import UNDECIDED, box_of


class Doubt(msgspec.Struct, frozen=True):
    """What is not known, and the resource that it is not known of (its URN, or nothing)."""

    urn: str
    why: str


class Reading(msgspec.Struct, frozen=True):
    """In which direction the unknown is read (verdict rule 7).

    `wide`: unknown allows apply to all that they may, unknown denies to nothing; else the reverse.
    `keep`: undecided conditions stay dimensions of their own; else they are read as `wide` says.
    """

    wide: bool
    keep: bool = True


LARGEST = Reading(wide=True)
SMALLEST = Reading(wide=False)
LARGEST_DECIDED = Reading(wide=True, keep=False)
SMALLEST_DECIDED = Reading(wide=False, keep=False)


# ── what is never a request ─────────────────────────────────────────────────────────────────────

_OBJECT_ACTIONS = Language.any_of(
    (
        "s3:abortmultipartupload",
        "s3:bypassgovernanceretention",
        "s3:deleteobject*",
        "s3:getobject*",
        "s3:listmultipartuploadparts",
        "s3:objectowneroverridetobucketowner",
        "s3:putobject*",
        "s3:replicate*",
        "s3:restoreobject",
    )
)
NEVER = (
    Box({ACTION: _OBJECT_ACTIONS, RESOURCE: ~Language.glob("*/*")}),
    Box(
        {
            ACTION: Language.glob("s3:*bucket*") - _OBJECT_ACTIONS,
            RESOURCE: Language.glob("arn:*:s3:::*/*"),
        }
    ),
)
"""S3's actions on objects never name a bucket, and the reverse: `[bucket, bucket/*]` under both
kinds of action is no excess (Service Authorization Reference, "Actions, resources, and condition
keys for Amazon S3")."""


# ── statements ──────────────────────────────────────────────────────────────────────────────────


def _escape(text: str) -> str:
    return re.sub(r"[*?$]", lambda found: f"${{{found[0]}}}", text)


def _substitute(pattern: Pattern, variables: Mapping[str, str]) -> Pattern:
    """Policy variables replaced by what they are for this principal, or by an inexact `*`."""
    exact = pattern.exact

    def known(found: re.Match[str]) -> str:
        nonlocal exact
        name = found[1].partition(",")[0].strip().lower()
        if name in variables:
            return _escape(variables[name])
        exact = False
        return "*"

    return Pattern(VARIABLE.sub(known, pattern.text), exact) if "${" in pattern.text else pattern


def _language(match: Match, variables: Mapping[str, str], *, bigger: bool) -> Language:
    """What `match` matches; unknown parts make it as big, or as small, as it can be."""
    patterns = [_substitute(p, variables) for p in match.patterns]
    used = [p.text for p in patterns if p.exact or bigger != match.negated]
    language = _any_of(tuple(used))
    return ~language if match.negated else language


@lru_cache(maxsize=1024)
def _any_of(texts: tuple[str, ...]) -> Language:
    return Language.any_of(texts)


def who_language(who: Who, *, bigger: bool) -> Language:
    """The principals that `who` names. Only `*` alone is a wildcard in a Principal element."""
    language = Language.nothing()
    for pattern in who.patterns:
        if not pattern.exact and bigger == who.negated:
            continue
        wild = pattern.text == "*" or not pattern.exact
        language |= Language.glob(pattern.text) if wild else Language.literal(pattern.text)
    return ~language if who.negated else language


def statement_boxes(
    document: Document,
    statement: Statement,
    reading: Reading,
    *,
    variables: Mapping[str, str],
    space: Language | None = None,
) -> list[Box]:
    """The requests that one statement is about: one box, or none.

    `space` is what the resource of a resource policy is: its statements speak of nothing else.
    """
    bigger = reading.wide == statement.allow
    owner = f"{document.urn} {statement.label}"
    box = box_of(statement.conditions, owner)
    if not reading.keep:
        open_ = [d for d in box.sides if d.startswith(UNDECIDED)]
        if open_ and not bigger:
            return []
        box = box.without(open_)
    box.sources = ((document.urn, statement.label),)
    box = box.narrowed(ACTION, _language(statement.actions, variables, bigger=bigger))
    if statement.resources is not None:
        box = box.narrowed(RESOURCE, _language(statement.resources, variables, bigger=bigger))
    if space is not None:
        box = box.narrowed(RESOURCE, space)
    return [] if box.is_empty() else [box]


def boxes_of(
    facts: IdentityFacts,
    principal: Principal,
    documents: Iterable[Document],
    reading: Reading,
    *,
    allow: bool,
) -> list[Box]:
    """The requests that identity policies allow, or deny, the principal."""
    variables = _variables(facts, principal)
    return [
        box
        for document in documents
        for statement in document.statements
        if statement.allow is allow
        for box in statement_boxes(document, statement, reading, variables=variables)
    ]


# ── one principal ───────────────────────────────────────────────────────────────────────────────


def _variables(facts: IdentityFacts, principal: Principal) -> dict[str, str]:
    known = {"aws:principalaccount": facts.account, "aws:principalarn": principal.arn}
    if principal.user:
        known["aws:username"] = principal.arn.rpartition("/")[2]
    return known


def universe(facts: IdentityFacts, principal: Principal) -> Box:
    """What is true of every request that the principal makes itself.

    (IAM User Guide, "AWS global condition context keys"): SourceArn and SourceAccount are there
    only when a service calls on behalf of a resource.
    """
    sides = {
        "aws:principalaccount": Language.literal(facts.account),
        "aws:principalarn": Language.literal(principal.arn),
        "aws:principalisawsservice": Language.literal("false"),
        "aws:principaltype": Language.literal("User" if principal.user else "AssumedRole"),
        "aws:securetransport": Language.any_of(("true", "false")),
        "aws:sourceaccount": Language.literal(ABSENT),
        "aws:sourcearn": Language.literal(ABSENT),
        "aws:viaawsservice": Language.any_of(("true", "false")),
    }
    if not principal.user:
        sides["aws:username"] = Language.literal(ABSENT)
    return Box(sides)


ORDINARY = Box(
    {
        "aws:securetransport": Language.literal("true"),
        "aws:viaawsservice": Language.literal("false"),
    }
)
"""A request that a declared grant must permit: over TLS, made by the principal itself."""


NOBODY_KNOWN = Who((Pattern("*", exact=False),))
"""Stands for a Principal element that is missing where there must be one."""


def name_kinds(facts: IdentityFacts, principal: Principal, who: Who) -> frozenset[str]:
    """How `who` names the principal: `everyone`, `self`, `session`, `account`, `unknown`."""
    account = facts.account
    role = principal.arn.rpartition("/")[2]
    found = set()
    for pattern in who.patterns:
        text = pattern.text
        if not pattern.exact:
            found.add("unknown")
        elif text == "*":
            found.add("everyone")
        elif text == f"AWS:{principal.arn}":
            found.add("self")
        elif text.startswith("AWS:arn:") and text.endswith(f":iam::{account}:root"):
            found.add("account")
        elif f":sts::{account}:assumed-role/{role}/" in text:
            found.add("session")
    return frozenset(found)


def _applies(kinds: frozenset[str], who: Who, *, allow: bool, bigger: bool) -> bool:
    """Whether a statement of a resource policy is about the principal."""
    if who.negated:
        # With NotPrincipal the account must be listed beside the role, or the deny may hit it
        # (IAM User Guide, "AWS JSON policy elements: NotPrincipal").
        if bigger:
            return not {"self", "account"} <= kinds
        return not kinds
    direct = {"everyone", "self"} | ({"unknown", "session"} if bigger else set())
    # The account as a principal delegates an allow to identity policies; it hits with a deny.
    return bool(kinds & (direct if allow else direct | {"account"}))


def _varies(statement: Statement) -> bool:
    """Whether the statement may mean something else for another principal."""
    resources = () if statement.resources is None else statement.resources.patterns
    return any("${" in p.text for p in (*statement.actions.patterns, *resources))


@lru_cache(maxsize=4096)
def _of_resource(
    document: Document,
    statement: Statement,
    reading: Reading,
    space: tuple[str, ...],
    variables: tuple[tuple[str, str], ...],
) -> tuple[Box, ...]:
    """`statement_boxes` of a resource policy: the same for all principals, so remembered."""
    return tuple(
        statement_boxes(
            document, statement, reading, variables=dict(variables), space=_any_of(space)
        )
    )


def resource_boxes(
    facts: IdentityFacts, principal: Principal, policy: ResourcePolicy, reading: Reading
) -> tuple[list[Box], list[Box], list[Box]]:
    """What a resource policy gives the principal: (capped by a boundary, not capped, denied)."""
    capped: list[Box] = []
    free: list[Box] = []
    denied: list[Box] = []
    variables = tuple(sorted(_variables(facts, principal).items()))
    for document in policy.documents:
        for statement in document.statements:
            who = statement.who or NOBODY_KNOWN
            kinds = name_kinds(facts, principal, who)
            bigger = reading.wide == statement.allow
            if not _applies(kinds, who, allow=statement.allow, bigger=bigger):
                continue
            known = variables if _varies(statement) else ()
            boxes = _of_resource(document, statement, reading, policy.space, known)
            if not statement.allow:
                denied += boxes
            elif kinds == {"self"} and not principal.user:
                capped += boxes
            else:
                (free if reading.wide or principal.user else capped).extend(boxes)
    return capped, free, denied


def _closed_keys(facts: IdentityFacts, principal: Principal, reading: Reading) -> list[Box]:
    """Requests to keys whose policies do not let the account's identity policies decide."""
    cut: list[Box] = []
    for policy in facts.resource_policies:
        if policy.type != KEY:
            continue
        space = _any_of(policy.space)
        delegated = [
            box
            for document in policy.documents
            for statement in document.statements
            if statement.allow
            and statement.who is not None
            and _delegates(
                name_kinds(facts, principal, statement.who), statement.who, wide=reading.wide
            )
            for box in statement_boxes(
                document,
                statement,
                reading,
                variables=_variables(facts, principal),
                space=space,
            )
        ]
        cut += subtract([Box({ACTION: Language.glob("kms:*"), RESOURCE: space})], delegated)
    return cut


def _delegates(kinds: frozenset[str], who: Who, *, wide: bool) -> bool:
    if who.negated:
        return wide
    return bool(kinds & ({"account", "everyone", "unknown"} if wide else {"account", "everyone"}))


def allowed(facts: IdentityFacts, principal: Principal, reading: Reading) -> list[Box]:
    """Every request that the principal may make, read as `reading` says."""
    documents = [a.document for a in principal.policies]
    # What something else takes away again permits nothing that must be possible, and denies
    # nothing that must be impossible.
    lasting = [a.document for a in principal.policies if not a.contested]
    giving, taking = (documents, lasting) if reading.wide else (lasting, documents)
    boundary = [] if principal.boundary is None else [principal.boundary]
    mine = boxes_of(facts, principal, giving, reading, allow=True)
    mine = subtract(mine, _closed_keys(facts, principal, reading))
    denied = boxes_of(facts, principal, [*taking, *boundary], reading, allow=False)
    free: list[Box] = []
    for policy in facts.resource_policies:
        given, uncapped, refused = resource_boxes(facts, principal, policy, reading)
        mine += given
        free += uncapped
        denied += refused
    if boundary:
        mine = intersect(mine, boxes_of(facts, principal, boundary, reading, allow=True))
    if facts.doubts or principal.doubts:
        free, denied = ([*free, Box({})], denied) if reading.wide else ([], [Box({})])
    all_mine = universe(facts, principal)
    return subtract([box & all_mine for box in (*mine, *free)], [*denied, *NEVER])


def doubts(facts: IdentityFacts, principal: Principal) -> tuple[Doubt, ...]:
    """What is not known about the principal's permissions."""
    documents = [
        *(a.document for a in principal.policies),
        *([principal.boundary] if principal.boundary else []),
        *(d for p in facts.resource_policies for d in p.documents),
    ]
    return tuple(
        dict.fromkeys(
            (
                *(Doubt("", why) for why in facts.doubts),
                *(Doubt(principal.urn, why) for why in principal.doubts),
                *(Doubt(a.via, a.contested) for a in principal.policies if a.contested),
                *(d for document in documents for d in doubts_of(document)),
            )
        )
    )


def doubts_of(document: Document) -> tuple[Doubt, ...]:
    """What is not known of one document."""
    return tuple(Doubt(document.urn, why) for why in document.doubts())
