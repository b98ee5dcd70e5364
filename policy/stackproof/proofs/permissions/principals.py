"""The claims about what a principal may do: every grant, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from stackproof.aws.identity import Principal
from stackproof.aws.values import readable
from stackproof.contract import Grant
from stackproof.model import Decision, Family, Hop, Kinds, Obligation
from stackproof.proofs.permissions.boxes import ACTION, Box, subtract
from stackproof.proofs.permissions.claims import (
    Question,
    closed_world,
    proven,
    sources_of,
    undecided_of,
    unproven,
    violated,
)
from stackproof.proofs.permissions.conditions import UNDECIDED
from stackproof.proofs.permissions.declared import grant_box, trustee_names
from stackproof.proofs.permissions.encryption import refused_by_a_key
from stackproof.proofs.permissions.endpoints import refused_on_the_way
from stackproof.proofs.permissions.points import point
from stackproof.proofs.permissions.requests import (
    LARGEST,
    LARGEST_DECIDED,
    NEVER,
    ORDINARY,
    SMALLEST,
    SMALLEST_DECIDED,
    doubts,
    universe,
)
from stackproof.proofs.permissions.witnesses import circumstances, first, request, shown


def obligations(question: Question) -> Iterator[Obligation]:
    """The claims `identity.grant.*` and `identity.closed.*` and `identity.principals`."""
    yield Obligation(
        "identity.principals",
        Family.IDENTITY,
        "Every role and user is named in the contract, and every one that it names exists",
        lambda: closed_world(question, _named(question)),
    )
    for name, declared in sorted(question.identity.principals.items()):
        for number, grant in enumerate(declared.may, 1):
            yield Obligation(
                f"identity.grant.{name}.{number}",
                Family.IDENTITY,
                f"{name} may {', '.join(grant.actions)} on {', '.join(grant.resources)}",
                lambda name=name, grant=grant: closed_world(  # type: ignore[misc]
                    question, _granted(question, name, grant)
                ),
            )
        yield Obligation(
            f"identity.closed.{name}",
            Family.IDENTITY,
            f"{name} may do nothing but what the contract grants it",
            lambda name=name: closed_world(question, _closed(question, name)),  # type: ignore[misc]
        )


def _named(question: Question) -> Decision:
    """Every role and user is in the contract, and every one that it names exists.

    ## What AWS does

    A role that nobody watches is one that somebody may assume, and what it may do is decided by
    its own policies alone (IAM User Guide, "IAM roles", "Security best practices in IAM").

    ## Fails

    ```python
    aws.iam.Role("experiment", assume_role_policy=trust("ec2.amazonaws.com"))
    ```

    `identity.principals`

    ## Mend

    Name it under `identity.principals` with what it may do, or remove it.
    """
    named = {p.urn for name in question.identity.principals for p in question.holders(name)}
    strangers = [p for p in question.facts.principals if p.urn not in named]
    if strangers:
        p = strangers[0]
        kind = "user" if p.user else "role"
        return violated(
            f"the {kind} {p.name} is not in the contract",
            {"principal": readable(p.arn), "not_in_contract": [s.name for s in strangers]},
            [question.hop(f"{s.name} is declared", s.urn) for s in strangers],
            (s.urn for s in strangers),
            f"Name {p.name} under identity.principals, or remove the {kind}.",
        )
    missing = [name for name in question.identity.principals if not question.holders(name)]
    if missing:
        return violated(
            f"the contract's principal {missing[0]} is no role or user of this stack",
            {"principal": missing[0]},
            (),
            (),
            f"Declare the role that {missing[0]} means, or take it out of the contract.",
        )
    hops = [question.hop(f"{p.name} is declared", p.urn) for p in question.facts.principals]
    return proven("exhaustive", f"{len(hops)} roles and users, all in the contract", hops)


# ── declared grants are possible ────────────────────────────────────────────────────────────────


def _granted(question: Question, name: str, grant: Grant) -> Decision:
    """Every request of a grant is allowed, whatever a condition that cannot be decided says.

    ## What AWS does

    Allowed is what some statement allows, no statement denies and no permissions boundary
    leaves out (IAM User Guide, "Policy evaluation logic", "Permissions boundaries for IAM
    entities"). On its way a request may pass a VPC endpoint, whose policy can refuse it (AWS
    PrivateLink Guide, "Control access to VPC endpoints using endpoint policies").

    ## Fails

    The contract grants reading; no policy does.

    ```yaml
    identity:
      principals:
        web:
          may:
            - {actions: ["s3:PutObject", "s3:GetObject"], resources: ["images/orig/*"]}
    ```

    `identity.grant.web.1`

    ## Mend

    Let a policy of the principal permit the request that is shown, or take it out of the
    contract.
    """
    hops: list[Hop] = []
    for principal in question.holders(name):
        wanted = _wanted(question, principal, grant)
        if not wanted:
            return violated(
                f"no request of {principal.name} can meet the grant",
                {"principal": principal.name, "actions": list(grant.actions)},
                (),
                (principal.urn,),
                "Mend the grant: its actions, resources and conditions exclude each other.",
            )
        left = subtract(wanted, question.allowed(principal, SMALLEST))
        if left:
            return _missing(question, principal, wanted, left)
        refused = refused_on_the_way(question, principal, wanted) or refused_by_a_key(
            question, principal, wanted
        )
        if refused is not None:
            return refused
        given = [
            b
            for b in question.allowed(principal, SMALLEST)
            if any(not (b & w).is_empty() for w in wanted)
        ]
        hops += question.statements(sources_of(given), permits=True)
    if not hops:
        return violated(
            f"{name} is no role or user of this stack",
            {"principal": name},
            (),
            (),
            f"Declare the role that {name} means, or take it out of the contract.",
        )
    return proven("permitted", f"{name} may make every request of the grant", hops)


def _wanted(question: Question, principal: Principal, grant: Grant) -> list[Box]:
    box = grant_box(question.facts, question.members, grant)
    return subtract([box & ORDINARY & universe(question.facts, principal)], NEVER)


def _missing(
    question: Question, principal: Principal, wanted: list[Box], left: list[Box]
) -> Decision:
    """Some request of the grant is refused, or may be."""
    lacking = subtract(wanted, question.allowed(principal, LARGEST_DECIDED))
    if lacking:
        made = request(first(lacking))
        answer = point(question.facts, principal, made)
        summary = f"{principal.name} may not {made[ACTION]} on {readable(made['resource'])}"
        blame = [*(urn for urn, _ in answer.denied), principal.urn]
        if answer.denied:
            hops = question.statements(answer.denied, permits=False)
            mend = f"Narrow the deny in {question.name_of(answer.denied[0][0])}."
        else:
            what = f"no statement of {principal.name}'s policies permits it"
            hops = (question.hop(what, principal.urn, permits=False),)
            mend = (
                f"Give {principal.name} a statement that allows {made[ACTION]} there, "
                "or take the grant out of the contract."
            )
            if answer.allowed:
                hops = (
                    question.hop(f"{principal.name}'s boundary does not permit it", principal.urn),
                )
                mend = f"Widen the permission boundary of {principal.name}."
        return violated(summary, shown(made, principal.arn), hops, blame, mend)
    return unproven(
        question,
        f"whether {principal.name} may make every request of the grant rests on what is not known",
        [*doubts(question.facts, principal), *_open(question, principal), *undecided_of(left)],
        (principal.urn, *(urn for urn, _ in sources_of(left))),
        "Make the policy known at preview, or state the same condition in the grant's `when`.",
    )


def _open(question: Question, principal: Principal) -> list[str]:
    """Undecided predicates anywhere in what the principal may do."""
    return undecided_of(question.allowed(principal, LARGEST))


# ── nothing else ────────────────────────────────────────────────────────────────────────────────


def contract_boxes(question: Question, name: str, principal: Principal) -> list[Box]:
    """What the contract lets `principal` do: its grants, and admissions that name it."""
    declared = question.identity.principals[name].may
    boxes = [grant_box(question.facts, question.members, grant, spelled=True) for grant in declared]
    who = f"AWS:{principal.arn}"
    for group, admissions in sorted(question.identity.resources.items()):
        if question.of_endpoints(group):
            continue  # what may pass an endpoint is not permitted by it
        for admission in admissions:
            names, _ = trustee_names(
                question.facts, question.members, question.identity, admission.who
            )
            if who in names:
                boxes.append(
                    grant_box(question.facts, question.members, admission, group, spelled=True)
                )
    return boxes


def _closed(question: Question, name: str) -> Decision:
    """A principal may do nothing but what the contract grants it.

    Policies are read as languages over actions, resources and circumstances, and the contract's
    is subtracted. A request that is left is the witness.

    ## What AWS does

    `*` in a policy matches slashes too, `NotAction` and `NotResource` allow all that is not
    named, and a resource's own policy may permit what the principal's does not (IAM User Guide,
    "IAM JSON policy elements reference", "Policy evaluation logic").

    ## Fails

    `orig*` was meant as the folder, and matches every key that begins so.

    ```python
    aws.iam.RolePolicy(
        "too-wide",
        role=web_role.name,
        policy=allow("s3:PutObject", "arn:aws:s3:::shop-images/orig*"),
    )
    ```

    `identity.closed.web`

    ## Mend

    Narrow the statement that the evidence names, or grant the request in the contract, for
    review.
    """
    hops: list[Hop] = []
    for principal in question.holders(name):
        contract = contract_boxes(question, name, principal)
        upper = question.allowed(principal, LARGEST)
        excess = subtract(upper, contract)
        if excess:
            return _excess(question, principal, contract, excess)
        hops += question.statements(sources_of(upper), permits=True)
    count = len(hops)
    return proven("exhaustive", f"every request of {count} statements is in the contract", hops)


def _excess(
    question: Question, principal: Principal, contract: list[Box], excess: list[Box]
) -> Decision:
    """Something goes beyond the contract, or may."""
    widest = [b.without(d for d in b.sides if d.startswith(UNDECIDED)) for b in contract]
    certain = subtract(question.allowed(principal, SMALLEST_DECIDED), widest)
    if certain:
        box = first(certain)
        made = request(box)
        hops = question.statements(box.sources, permits=True)
        others = question.statements(sources_of(certain), permits=True)
        return violated(
            f"{principal.name} may also {made[ACTION]} on {readable(made['resource'])}"
            f"{circumstances(box)}",
            shown(made, principal.arn),
            tuple(dict.fromkeys((*hops, *others))),
            (*(h.urn for h in hops), principal.urn, *(h.urn for h in others)),
            f"Narrow {hops[0].what.removesuffix(' permits it') if hops else principal.name}, "
            f"or grant it to the principal in the contract.",
        )
    made = request(first(excess))
    return unproven(
        question,
        f"{principal.name} may perhaps {made[ACTION]} on {readable(made['resource'])}",
        [*doubts(question.facts, principal), *undecided_of(excess), *_open(question, principal)],
        (*(urn for urn, _ in sources_of(excess)), principal.urn),
        "Make the policy known at preview, or state the same condition in the grant's `when`.",
    )


KINDS: Kinds = {
    "identity.principals": _named,
    "identity.grant": _granted,
    "identity.closed": _closed,
}
