"""The contract's grants, admissions and trustees, as boxes of requests."""

from __future__ import annotations

import re
from collections.abc import Mapping

from stackproof.aws.identity import Condition, IdentityFacts, Pattern
from stackproof.aws.values import ATOM_CLOSE, ATOM_OPEN, glob_text
from stackproof.contract import Admission, Conditions, Grant, Identity, Trustee
from stackproof.model import Reference, Resource
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.boxes import ACTION, RESOURCE, Box
from stackproof.proofs.permissions.conditions import box_of
from stackproof.selection import Members, SelectorError

GroupMembers = Mapping[str, Members]


class NotKnownError(SelectorError):
    """What the contract names is there, but not by which ARN: nothing can be said of it yet."""

    def __init__(self, group: str, resource: Resource) -> None:
        super().__init__(group, f"the ARN of {resource.name} is not known")
        self.resource = resource


# Requests about a log group name its ARN followed by `:` and perhaps a stream (CloudWatch Logs
# User Guide, "Overview of managing access permissions to your CloudWatch Logs resources").
_LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


_SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a resource type
_SUFFIX = re.compile(f"{ATOM_OPEN}[^{ATOM_CLOSE}]*#suffix[1-6]{ATOM_CLOSE}")


def arns(
    facts: IdentityFacts, members: GroupMembers, text: str, *, spelled: bool = False
) -> list[str]:
    """The ARN globs that a resource of the contract means: `*`, an ARN, or `GROUP[/REST]`.

    `spelled` adds to the ARN of a secret the one pattern that no other secret's can match: its
    name, a hyphen and six question marks.

    Raises SelectorError when it is none of these, NotKnownError when AWS's part of it is not known.
    """
    if text == "*" or text.startswith("arn:"):
        return [text]
    group, slash, rest = text.partition("/")
    if group not in members or not members[group].resources:
        if group in members and members[group].cidrs == () and members[group].service is None:
            return []  # an optional group without members
        raise SelectorError(group, f"'{text}' is neither *, an ARN nor a group of resources")
    found: list[str] = []
    for resource in members[group].resources:
        arn = glob_text(facts.values.resolve(Reference(resource.urn, "arn")))
        if arn is None:
            raise NotKnownError(group, resource)
        found.append(f"{arn}:*" if resource.type == _LOG_GROUP else arn + slash + rest)
        if spelled and resource.type == _SECRET:
            found.append(_SUFFIX.sub("?", arn))
    return found


def when(facts: IdentityFacts, members: GroupMembers, stated: Conditions) -> tuple[Condition, ...]:
    """The contract's conditions. In ARN operators a value may be `GROUP[/REST]` too."""
    conditions = []
    for operator, keys in sorted(stated.items()):
        for key, given in sorted(keys.items()):
            values = [given] if isinstance(given, str) else list(given)
            if operator.lower().startswith("arn"):
                values = [arn for value in values for arn in arns(facts, members, value)]
            conditions.append(Condition(operator, key.lower(), tuple(Pattern(v) for v in values)))
    return tuple(conditions)


def grant_box(  # noqa: PLR0913 - what is granted, how it is read, and by what
    facts: IdentityFacts,
    members: GroupMembers,
    grant: Grant | Admission,
    default: str | None = None,
    *,
    conditions: tuple[Condition, ...] | None = None,
    spelled: bool = False,
) -> Box:
    """The requests of a grant; of an admission, but for who makes them. `spelled` as in `arns`.

    `default` is the group that an admission without resources means; `conditions` stand in for
    those that the grant states.
    """
    resources = grant.resources or ((default,) if default is not None else ())
    globs = [arn for text in resources for arn in arns(facts, members, text, spelled=spelled)]
    if conditions is None:
        conditions = when(facts, members, grant.when)
    box = box_of(conditions, "the contract")
    box = box.narrowed(ACTION, Language.any_of(a.lower() for a in grant.actions))
    return box.narrowed(RESOURCE, Language.any_of(globs))


def trustee_names(
    facts: IdentityFacts, members: GroupMembers, identity: Identity, trustee: Trustee
) -> tuple[Language, Language]:
    """Who a trustee is: (everyone it may cover, those who must be admitted)."""
    if trustee.anyone:
        return Language.everything(), Language.everything()
    if trustee.service is not None:
        named = Language.literal(f"Service:{trustee.service}")
    elif trustee.account is not None:
        # The account's root stands for whoever the account lets in.
        root = Language.glob(f"AWS:arn:*:iam::{trustee.account}:root")
        principals = Language.any_of(
            f"AWS:arn:*:{service}::{trustee.account}:*" for service in ("iam", "sts")
        )
        return principals, root & Language.glob(f"AWS:arn:aws:iam::{trustee.account}:root")
    elif trustee.arn is not None:
        named = Language.any_of((f"AWS:{trustee.arn}", f"Federated:{trustee.arn}"))
        # OIDC and SAML providers have ARNs, other identity providers are host names.
        federated = "provider/" in trustee.arn or not trustee.arn.startswith("arn:")
        return named, Language.glob(f"{'Federated' if federated else 'AWS'}:{trustee.arn}")
    else:
        principal = identity.principals.get(trustee.principal or "")
        if principal is None or principal.role not in members:
            raise SelectorError(
                trustee.principal or "?", f"'{trustee.principal}' is no principal of the contract"
            )
        named = Language.any_of(f"AWS:{arn}" for arn in arns(facts, members, principal.role))
    return named, named
