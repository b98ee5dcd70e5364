"""Identity facts: principals, policies and who is admitted where, as the Graph declares them.

What is left out, and how that shows:

- Bucket and object ACLs: one that may admit somebody is a doubt about its bucket.
- Principals of the account that this graph does not declare, organisation policies (SCPs, RCPs),
  service-linked roles and session policies: assumptions of every report.
- The documents of AWS-managed policies, but for those in `managed`: unknown documents.
- Every other resource type that can touch identity (`coverage`): `not_modelled`, and claims that
  it could turn are unproven.
"""

from __future__ import annotations

import msgspec

from stackproof.aws import coverage, imagebuilder, ssm_documents
from stackproof.aws.identity import aliases
from stackproof.aws.identity import principals as principals_module
from stackproof.aws.identity import resource_policies as resources_module
from stackproof.aws.identity.documents import Condition, Document, Match, Pattern, Statement, Who
from stackproof.aws.identity.encryption import Encrypted, encrypted
from stackproof.aws.identity.principals import Actor, Attached, Principal
from stackproof.aws.identity.resource_policies import (
    EndpointPolicy,
    PublicBlock,
    ResourcePolicy,
    default_key_policy,
    space,
)
from stackproof.aws.identity.workloads import (
    GROUP,
    MALWARE_PLAN,
    PLAN,
    SELECTION,
    Run,
    Workload,
    workloads,
)
from stackproof.aws.ignored import as_deployed
from stackproof.aws.values import Values, glob_text
from stackproof.model import Family, Graph, NotModelled

__all__ = [
    "Actor",
    "Attached",
    "Condition",
    "Document",
    "Encrypted",
    "EndpointPolicy",
    "IdentityFacts",
    "Match",
    "Pattern",
    "Principal",
    "PublicBlock",
    "ResourcePolicy",
    "Run",
    "Statement",
    "Who",
    "Workload",
    "identity_facts",
    "space",
]

# Types whose bearing on identity is wholly in facts that are read elsewhere, and why.
_UNDERSTOOD = frozenset(
    {
        # Reads origins as the service principal that bucket policies name.
        "aws:cloudfront/distribution:Distribution",
        "aws:cloudfront/originAccessControl:OriginAccessControl",
        # They vouch for outsiders, and give nothing by themselves: trust policies do.
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "aws:iam/samlProvider:SamlProvider",
        # Whoever works through them is in `workloads`; what they may copy, and to which vault of
        # which account, is bounded by that role's own policies.
        PLAN,
        SELECTION,
        # Another name of a key: policies that name the alias say so by kms:ResourceAliases.
        "aws:kms/alias:Alias",
        # Acts with what AWS gives it, which is an assumption of every report.
        "aws:iam/serviceLinkedRole:ServiceLinkedRole",
        # Writes as AWS Config's service, which the bucket's policy admits or not.
        "aws:cfg/deliveryChannel:DeliveryChannel",
        # A workload of its role.
        MALWARE_PLAN,
        # Words that somebody must be allowed to run; those that are more are told apart below.
        ssm_documents.DOCUMENT,
    }
)

MODELLED = principals_module.TYPES | resources_module.TYPES | _UNDERSTOOD | imagebuilder.TYPES

_ASSUMPTIONS = (
    "Resources of other accounts admit the requests that the program's policies permit.",
    "What a principal must be able to do is proven of requests that it makes itself, over TLS.",
)
_FEDERATION = (
    "Identity providers that trust policies name exist, vouch truly for whom they name, and accept"
    " the audiences that the trust policies ask for."
)
_TEMPLATES = "Launch templates are in use in the version that the program declares."


class IdentityFacts(msgspec.Struct, frozen=True):
    """Everything that the identity proofs need of one Graph."""

    values: Values
    principals: tuple[Principal, ...]
    actors: tuple[Actor, ...]
    resource_policies: tuple[ResourcePolicy, ...]
    endpoints: tuple[EndpointPolicy, ...]
    encrypted: tuple[Encrypted, ...]
    workloads: tuple[Workload, ...]
    not_modelled: tuple[NotModelled, ...]
    assumptions: tuple[str, ...]
    doubts: tuple[str, ...] = ()
    """What is not known and may concern every principal."""

    @property
    def account(self) -> str:
        """The account's id, an atom where it is not known."""
        return glob_text(self.values.account) or ""

    def principal(self, urn: str) -> Principal | None:
        """The role or user with this URN."""
        return next((p for p in self.principals if p.urn == urn), None)


def identity_facts(graph: Graph) -> IdentityFacts:
    """The identity facts of `graph`."""
    graph = as_deployed(graph)
    values = Values(graph)
    people = principals_module.Collector(values)
    resources = resources_module.Collector(values)
    found = people.principals()
    policies = resources.policies()
    endpoints = resources.endpoints()
    with_policy = {p.urn for p in policies if p.documents}
    keys = tuple(
        ResourcePolicy(k.urn, k.name, k.type, space(values, k), (default_key_policy(values, k),))
        for k in graph.of_type(resources_module.KEY)
        if k.urn not in with_policy
    )
    outside = (*people.outside, *resources.outside)
    return IdentityFacts(
        values=values,
        principals=found,
        actors=people.actors(),
        resource_policies=(*policies, *keys),
        endpoints=endpoints,
        encrypted=encrypted(values),
        workloads=workloads(values),
        not_modelled=(
            *coverage.not_modelled(graph, Family.IDENTITY, MODELLED),
            *imagebuilder.unread(graph, Family.IDENTITY),
            *(
                NotModelled(r.urn, r.type, Family.IDENTITY, f"{r.name} is a policy of {whom}")
                for r, whom in outside
            ),
            *(
                NotModelled(r.urn, r.type, Family.IDENTITY, why)
                for r, why in ssm_documents.not_understood(graph)
            ),
        ),
        assumptions=(
            *_ASSUMPTIONS,
            *([_FEDERATION] if any(map(_federated, found)) else []),
            *([aliases.KEPT] if aliases.keys_by_alias(values) else []),
            *([_TEMPLATES] if graph.of_type(GROUP, principals_module.LAUNCH_TEMPLATE) else []),
            *(
                f"{r.name} is read, not made here: its policy gives our principals nothing."
                for r in graph.resources
                if r.external and r.type in resources_module.CARRIERS
            ),
            *(
                f"The AWS-managed policy {name} still says what stackproof knows of it."
                for name in sorted(people.used_managed)
            ),
        ),
        doubts=tuple(people.doubts),
    )


def _federated(principal: Principal) -> bool:
    """Whether somebody whom an identity provider vouches for may become the principal."""
    return principal.trust is not None and any(
        pattern.text.startswith("Federated:")
        for statement in principal.trust.statements
        if statement.who is not None
        for pattern in statement.who.patterns
    )
