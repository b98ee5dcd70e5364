"""Every resource type that stackproof has judged, and the families that it can touch.

A type that is not in the table may touch every family: nothing is inert by default, and the name
of a module says nothing about what a type does.
"""

from __future__ import annotations

import json

import msgspec

from stackproof.aws.reviewed import REVIEWED
from stackproof.model import Family, Graph, NotModelled, Resource, Value

PROOF_FAMILIES = frozenset({Family.NETWORK, Family.IDENTITY, Family.PLACEMENT, Family.RECURSION})


class Classification(msgspec.Struct, frozen=True):
    """The families a type can touch; when there is none, `inert` says why."""

    families: frozenset[Family]
    inert: str = ""


PROVIDER_PREFIX = "pulumi:providers:"
AWS_PROVIDER = f"{PROVIDER_PREFIX}aws"

_CREDENTIALS = (
    "accessKey",
    "assumeRole",
    "assumeRoleWithWebIdentity",
    "assumeRoles",
    "profile",
    "sharedConfigFiles",
    "sharedCredentialsFiles",
    "token",
)
"""Inputs of a provider that may lead it into another account than the stack's own."""

_PULUMI = {
    "pulumi:pulumi:Stack": Classification(frozenset(), "the root of every URN; no AWS resource"),
    "pulumi:pulumi:StackReference": Classification(
        frozenset(), "reads outputs of another stack, which arrive as Unknown where they are used"
    ),
}

_OUTSIDE_AWS = {
    f"{package}:index/{name[0].lower()}{name[1:]}:{name}": Classification(frozenset(), why)
    for package, names, why in (
        (
            "random",
            (
                "RandomBytes RandomId RandomInteger RandomPassword RandomPet RandomShuffle"
                " RandomString RandomUuid"
            ),
            "a value that Pulumi keeps in its state; no AWS resource",
        ),
        (
            "tls",
            "CertRequest LocallySignedCert PrivateKey SelfSignedCert",
            "a key or certificate that Pulumi keeps in its state; no AWS resource",
        ),
    )
    for name in names.split()
}


def token(module: str, name: str) -> str:
    """Pulumi's token for a type of the AWS provider: `ec2`, `Vpc` give `aws:ec2/vpc:Vpc`."""
    return f"aws:{module}/{name[0].lower()}{name[1:]}:{name}"


TABLE: dict[str, Classification] = (
    _PULUMI
    | _OUTSIDE_AWS
    | {
        token(entry.module, name): Classification(
            frozenset(entry.families), "" if entry.families else entry.why
        )
        for entry in REVIEWED
        for name in entry.types.split()
    }
)


def touches(resource: Resource) -> frozenset[Family]:
    """The families that `resource` may affect. Components and providers exist in Pulumi only."""
    if not resource.custom or resource.type.startswith(PROVIDER_PREFIX):
        return frozenset()
    entry = TABLE.get(resource.type)
    return PROOF_FAMILIES if entry is None else entry.families


def not_modelled(graph: Graph, family: Family, modelled: frozenset[str]) -> tuple[NotModelled, ...]:
    """Resources that may affect `family` and whose type its facts do not understand."""
    strangers = tuple(
        NotModelled(
            r.urn,
            r.type,
            family,
            f"{r.type} is not classified" if r.type not in TABLE else f"{r.type} is not modelled",
        )
        for r in graph.resources
        if family in touches(r) and r.type not in modelled
    )
    return (*strangers, *_of_other_accounts(graph, family))


def _of_other_accounts(graph: Graph, family: Family) -> tuple[NotModelled, ...]:
    """Explicit providers with credentials of their own, by whose resources everything changes.

    ARNs, trust and the names of zones are read as those of one account. A provider that names
    this account in `allowedAccountIds` can work in no other (AWS provider, "Configuration").
    """
    used = {(r.provider or "").split("::")[-1] for r in graph.resources if r.provider}
    why = (
        "its credentials may be those of another account; name the account in its"
        " allowedAccountIds and in the stack's"
    )
    return tuple(
        NotModelled(r.urn, r.type, family, why)
        for r in graph.of_type(AWS_PROVIDER)
        if r.name in used
        and any(r.inputs.get(key) is not None for key in _CREDENTIALS)
        and (graph.account is None or _plain(r.inputs.get("allowedAccountIds")) != [graph.account])
    )


def _plain(value: Value) -> Value:
    """An input of a provider: on Pulumi's wire all but text is JSON in a string."""
    if not isinstance(value, str):
        return value
    try:
        found: Value = json.loads(value)
    except ValueError:
        return value
    return found
