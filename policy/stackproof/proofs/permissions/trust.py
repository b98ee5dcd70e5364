"""The claims about who may assume a role."""

from __future__ import annotations

from collections.abc import Iterator

from stackproof.aws.identity import Principal
from stackproof.aws.values import readable
from stackproof.contract import Trustee
from stackproof.model import Decision, Family, Hop, Kinds, Obligation
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.admissions import TLS, nobody_else, trustee_text
from stackproof.proofs.permissions.boxes import ACTION, RESOURCE, WHO, Box, intersect, subtract
from stackproof.proofs.permissions.claims import (
    Question,
    proven,
    sources_of,
    undecided_of,
    unproven,
    violated,
)
from stackproof.proofs.permissions.conditions import box_of, split_who
from stackproof.proofs.permissions.declared import trustee_names, when
from stackproof.proofs.permissions.requests import (
    LARGEST,
    LARGEST_DECIDED,
    NOBODY_KNOWN,
    SMALLEST,
    Reading,
    doubts_of,
    name_kinds,
)
from stackproof.proofs.permissions.witnesses import first, request, shown, spelt


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
    account = question.facts.account
    session = f"AWS:arn:*:sts::{account}:assumed-role/{other.arn.rpartition('/')[2]}/*"
    asking = Language.any_of((f"AWS:arn:*:iam::{account}:root", session))
    asking |= Language.literal(f"AWS:{other.arn}")
    statements = {} if role.trust is None else {s.label: s for s in role.trust.statements}
    named: list[Box] = []
    delegated: list[Box] = []
    for box in question.trusting(role, reading):
        if box.narrowed(WHO, asking).is_empty():
            continue
        kinds = {
            kind
            for _, label in box.sources
            for kind in name_kinds(question.facts, other, statements[label].who or NOBODY_KNOWN)
        }
        (delegated if kinds == {"account"} else named).append(box)
    return named, delegated


def trusts_a_service(question: Question, role: Principal, reading: Reading) -> bool:
    """Whether some AWS service may act as the role: only then is passing it of use."""
    services = Language.glob("Service:*")
    return any(not b.narrowed(WHO, services).is_empty() for b in question.trusting(role, reading))


def _trust(question: Question, name: str) -> Decision:
    """A role may be assumed by those whom the contract names, under the conditions that it states.

    ## What AWS does

    A trust policy that names a principal of the same account is enough; one that names the
    account leaves the choice to that account's policies (IAM User Guide, "Cross account
    resource access in IAM", "AWS JSON policy elements: Principal"). A service that acts for
    many customers may be tricked into using another's role: `aws:SourceAccount` and
    `aws:SourceArn` bind it (IAM User Guide, "The confused deputy problem").

    ## Fails

    The contract expects flow logs of one account alone; the trust policy has no condition.

    ```python
    aws.iam.Role(
        "flow-log", name="flow-log", assume_role_policy=trust("vpc-flow-logs.amazonaws.com")
    )
    ```

    ```yaml
    groups:
      flow-log-role: {type: "aws:iam/role:Role", name: flow-log}
    identity:
      principals:
        flow-log:
          role: flow-log-role
          assumed_by:
            - service: vpc-flow-logs.amazonaws.com
              when: {StringEquals: {"aws:SourceAccount": "123456789012"}}
    ```

    `identity.trust.flow-log`

    ## Mend

    Write the principal and the conditions into the trust policy as the contract has them.
    """
    declared = question.identity.principals[name].assumed_by
    boxes = [_declared(question, trustee) for trustee in declared]
    hops: list[Hop] = []
    for principal in question.holders(name):
        doubts = () if principal.trust is None else doubts_of(principal.trust)

        def ways(reading: Reading, principal: Principal = principal) -> list[Box]:
            return question.trusting(principal, reading)

        decision = nobody_else(question, principal.name, [most for most, _ in boxes], ways, doubts)
        if decision is not None:
            return decision
        for trustee, (_, least) in zip(declared, boxes, strict=True):
            given = ways(SMALLEST)
            wanted = least.narrowed(RESOURCE, Language.literal(principal.arn))
            if subtract([wanted], given) or wanted.is_empty():
                return _lacking(question, principal, trustee_text(trustee), wanted)
            hops += question.statements(sources_of(intersect(given, [wanted])), permits=True)
    if not question.holders(name):
        return violated(
            f"{name} is no role or user of this stack", {"principal": name}, (), (),
            f"Declare the role that {name} means, or take it out of the contract.",
        )  # fmt: skip
    return proven("exhaustive", f"only those named in the contract may assume {name}", hops)


def _declared(question: Question, trustee: Trustee) -> tuple[Box, Box]:
    """What the contract lets a trustee do to become the role, and the least that it must."""
    most, least = trustee_names(question.facts, question.members, question.identity, trustee)
    asking, conditions = split_who(when(question.facts, question.members, trustee.when))
    box = box_of(conditions, "the contract")
    # Conditions may leave an account's root out, but perhaps not all who are in it.
    wanted = least & asking if not (least & asking).is_empty() else most & asking
    sides = {ACTION: Language.literal(_action(trustee)), WHO: wanted}
    return box.narrowed(WHO, most & asking), box & TLS & Box(sides)


def _action(trustee: Trustee) -> str:
    """How a trustee becomes a role (AWS STS API Reference, "Actions")."""
    if trustee.arn is not None and ":saml-provider/" in trustee.arn:
        return "sts:assumerolewithsaml"
    federated = trustee.arn is not None and (
        ":oidc-provider/" in trustee.arn or not trustee.arn.startswith("arn:")
    )
    return "sts:assumerolewithwebidentity" if federated else "sts:assumerole"


def _lacking(question: Question, principal: Principal, who: str, wanted: Box) -> Decision:
    """The trust policy does not admit `who` in all the circumstances of the contract."""
    possible = question.trusting(principal, LARGEST_DECIDED)
    lacking = subtract([wanted], possible)
    if not lacking and not wanted.is_empty():
        doubts = () if principal.trust is None else doubts_of(principal.trust)
        open_ = undecided_of([*question.trusting(principal, LARGEST), wanted])
        return unproven(
            question,
            f"whether {who} may assume {principal.name} rests on what is not known",
            [*doubts, *open_],
            [principal.urn],
            "Make the trust policy known at preview.",
        )
    witness = {"principal": who, "action": "sts:AssumeRole", "resource": readable(principal.arn)}
    some = intersect(possible, [wanted])
    if some:
        made = request(first(lacking))
        keys = sorted({key for box in some for key in box.sides if key not in wanted.sides})
        under = f"a condition on {', '.join(map(spelt, keys))}" if keys else "narrower conditions"
        return violated(
            f"{who} may assume {principal.name} only under {under} that the contract does not say",
            {**shown(made, who), "principal": who},
            question.statements(sources_of(some), permits=True),
            [principal.urn],
            f"State the condition under `when` of {who}, or take it out of the trust policy.",
        )
    what = f"the trust policy of {principal.name} does not admit {who}"
    return violated(
        f"{who} may not assume {principal.name}",
        witness,
        [question.hop(what, principal.urn, permits=False)],
        [principal.urn],
        f"Let the trust policy of {principal.name} admit {who}, or mend the contract.",
    )


KINDS: Kinds = {"identity.trust": _trust}
