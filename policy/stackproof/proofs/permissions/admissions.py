"""The claims about whom resources let in by policies of their own.

A VPC endpoint is such a resource: what passes it may carry data to anybody's bucket, so that its
policy, or AWS's default when it has none, must let through what the contract says and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from stackproof.aws.identity import IdentityFacts, ResourcePolicy
from stackproof.aws.identity.resource_policies import ENDPOINT
from stackproof.aws.values import readable
from stackproof.contract import Admission, Trustee
from stackproof.model import Decision, Family, Hop, Kinds, Obligation
from stackproof.proofs.languages import Language
from stackproof.proofs.permissions.boxes import ACTION, RESOURCE, WHO, Box, subtract
from stackproof.proofs.permissions.claims import (
    Question,
    closed_world,
    proven,
    sources_of,
    undecided_of,
    unproven,
    violated,
)
from stackproof.proofs.permissions.conditions import UNDECIDED, split_who
from stackproof.proofs.permissions.declared import grant_box, trustee_names, when
from stackproof.proofs.permissions.letting_in import STRANGER, admitted, own_root
from stackproof.proofs.permissions.requests import (
    LARGEST,
    LARGEST_DECIDED,
    NEVER,
    SMALLEST,
    SMALLEST_DECIDED,
    Doubt,
    Reading,
    doubts_of,
)
from stackproof.proofs.permissions.witnesses import circumstances, first, request, shown

TLS = Box({"aws:securetransport": Language.literal("true")})
"""The circumstances in which whoever is named must be let in."""


def obligations(question: Question) -> Iterator[Obligation]:
    """The claims `identity.admits.*`."""
    for name, policies, admissions in _groups(question):
        yield Obligation(
            f"identity.admits.{name}",
            Family.IDENTITY,
            f"The policies of {name} admit those whom the contract names, and nobody else",
            lambda policies=policies, admissions=admissions, name=name: closed_world(  # type: ignore[misc]
                question, _admits(question, name, policies, admissions)
            ),
        )


def _groups(
    question: Question,
) -> Iterator[tuple[str, list[ResourcePolicy], tuple[Admission, ...]]]:
    """Groups whose resources admit somebody or that the contract names; then lone resources."""
    endpoints = [e.as_resource_policy() for e in question.facts.endpoints]
    with_policy = {p.urn: p for p in (*question.facts.resource_policies, *endpoints)}
    of_groups = {
        name: [with_policy[r.urn] for r in group.resources if r.urn in with_policy]
        for name, group in sorted(question.members.items())
    }
    declared = question.identity.resources
    covered: set[str] = set()
    for name in sorted(declared):
        covered |= {p.urn for p in of_groups.get(name, ())}
        yield name, of_groups.get(name, []), declared[name]
    for name, policies in of_groups.items():
        left = [p for p in policies if p.urn not in covered and _admits_somebody(question, p)]
        if name not in declared and left:
            covered |= {p.urn for p in left}
            yield name, left, ()
    lone: dict[str, list[ResourcePolicy]] = {}
    for urn, policy in with_policy.items():
        if urn not in covered and _admits_somebody(question, policy):
            # A group of that name means other resources: the type tells them apart.
            kind = policy.type.rpartition(":")[2].lower()
            name = f"{kind}-{policy.name}" if policy.name in of_groups else policy.name
            lone.setdefault(name, []).append(policy)
    for name, policies in sorted(lone.items()):
        yield name, policies, ()


def _admits_somebody(question: Question, policy: ResourcePolicy) -> bool:
    return bool(policy.doubts or _undeclared(question.facts, policy, LARGEST))


# ── who is admitted ─────────────────────────────────────────────────────────────────────────────


def _undeclared(facts: IdentityFacts, policy: ResourcePolicy, reading: Reading) -> list[Box]:
    """Admissions of others than the account as such, whose identity policies then decide.

    Who passes an endpoint is out, whatever its identity policies say.
    """
    if policy.type == ENDPOINT:
        return admitted(facts, policy, reading)
    return subtract(admitted(facts, policy, reading), [Box({WHO: own_root(facts)})])


def _declared(
    question: Question, admissions: Sequence[Admission], group: str, *, least: bool
) -> list[Box]:
    """The contract's admissions: whom they may cover, or the least that must be admitted."""
    found = []
    for admission in admissions:
        names = trustee_names(question.facts, question.members, question.identity, admission.who)
        asking, rest = split_who(when(question.facts, question.members, admission.when))
        box = grant_box(
            question.facts, question.members, admission, group, conditions=rest, spelled=not least
        )
        who = names[1 if least else 0] & asking
        if who.is_empty():
            # The conditions leave an account's root out, but perhaps not all who are in it.
            who = names[0] & asking
        found.append(box.narrowed(WHO, who))
    return found


def _admits(
    question: Question,
    group: str,
    policies: list[ResourcePolicy],
    admissions: tuple[Admission, ...],
) -> Decision:
    """The policies of a group's resources admit those whom the contract names, and nobody else.

    Buckets, keys, queues, topics, secrets, functions; VPC endpoints too, because what passes
    one may carry data to anybody's bucket.

    ## What AWS does

    A resource's own policy may let in another account, a service or the public without any
    policy of this account (IAM User Guide, "Identity-based policies and resource-based
    policies", "Cross account resource access in IAM"). An endpoint without a policy lets
    everything through (AWS PrivateLink Guide, "Control access to VPC endpoints using endpoint
    policies").

    ## Fails

    ```python
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::shop-images/*",
    }
    aws.s3.BucketPolicy(
        "everybody",
        bucket=images.id,
        policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    ```

    `identity.admits.images`

    ## Mend

    Narrow the statement, or declare under `identity.resources` whom it admits, for review.
    """
    contract = _declared(question, admissions, group, least=False)

    def certain(reading: Reading) -> list[Box]:
        return [b for p in policies for b in _undeclared(question.facts, p, reading)]

    decision = nobody_else(
        question, group, contract, certain, [d for p in policies for d in _doubts(p)]
    )
    if decision is not None:
        return decision
    hops: list[Hop] = []
    for box, admission in zip(
        _declared(question, admissions, group, least=True), admissions, strict=True
    ):
        wanted = subtract([box & TLS], NEVER)
        given = [b for p in policies for b in admitted(question.facts, p, SMALLEST)]
        left = subtract(wanted, given)
        if not left and wanted:
            touching = [b for b in given if any(not (b & w).is_empty() for w in wanted)]
            hops += question.statements(sources_of(touching), permits=True)
            continue
        return _lacking(question, group, policies, admission, wanted)
    who = "admits nobody" if not admissions else "admits those named in the contract only"
    return proven("exhaustive", f"{group} {who}", hops)


def _doubts(policy: ResourcePolicy) -> list[Doubt]:
    of_documents = [d for document in policy.documents for d in doubts_of(document)]
    return [*(Doubt(policy.urn, why) for why in policy.doubts), *of_documents]


def _lacking(
    question: Question,
    group: str,
    policies: list[ResourcePolicy],
    admission: Admission,
    wanted: list[Box],
) -> Decision:
    widest = [b for p in policies for b in admitted(question.facts, p, LARGEST_DECIDED)]
    who = trustee_text(admission.who)
    members = question.members[group].resources if group in question.members else ()
    urns = [*(d.urn for p in policies for d in p.documents), *(r.urn for r in members)]
    lacking = subtract(wanted, widest)
    if lacking or not wanted:
        witness = shown(request(first(lacking)), who) if lacking else {"principal": who}
        block = next((p.block for p in policies if p.block is not None), None)
        what = f"no statement of {group}'s policies admits {who} so"
        if (
            admission.who.anyone
            and block is not None
            and True
            in {
                block.block_policy,
                block.restrict,
            }
        ):
            what = f"the public access block {question.name_of(block.urn)} keeps the public out"
            urns.insert(0, block.urn)
        return violated(
            f"{group} does not admit {who} to {', '.join(admission.actions)}",
            witness,
            [question.hop(what, urn, permits=False) for urn in urns[:1]],
            urns,
            f"Let {group}'s policy admit {who} as the contract says, or mend the contract.",
        )
    return unproven(
        question,
        f"whether {group} admits {who} rests on what is not known",
        [*(d for p in policies for d in _doubts(p)), *undecided_of(widest), *undecided_of(wanted)],
        urns,
        "Make the policy known at preview.",
    )


def trustee_text(who: Trustee) -> str:
    """A trustee, in a sentence."""
    if who.anyone:
        return "anyone"
    return who.service or who.arn or who.principal or f"account {who.account}"


def _who_text(name: str) -> str:
    if name == STRANGER:
        return "any AWS account"
    return readable(name.partition(":")[2])


def _carried(question: Question, boxes: list[Box]) -> list[Box]:
    """Of what passes an endpoint, requests to the service that it is for: these are telling."""
    services = {e.document.urn: e.service for e in question.facts.endpoints}
    found = [
        box.narrowed(ACTION, Language.glob(f"{services.get(urn) or '*'}:*"))
        for box in boxes
        for urn, _ in sources_of([box])
    ]
    return [box for box in found if not box.is_empty()] or boxes


def nobody_else(
    question: Question,
    owner: str,
    contract: list[Box],
    admitted_in: Callable[[Reading], list[Box]],
    doubts: Sequence[Doubt],
) -> Decision | None:
    """A decision against `owner` when it lets in more than `contract`; None when it does not."""
    excess = subtract(admitted_in(LARGEST), contract)
    if not excess:
        return None
    widest = [b.without(d for d in b.sides if d.startswith(UNDECIDED)) for b in contract]
    certain = subtract(admitted_in(SMALLEST_DECIDED), widest)
    box = first(_carried(question, certain or excess))
    made = request(box)
    who = _who_text(made.get(WHO, "*"))
    urns = [urn for urn, _ in sources_of([box])]
    assumes = made[ACTION].lower().startswith("sts:assumerole")
    if assumes:
        how = f"{who} may assume {owner}"
    elif urns and {*urns} <= {e.document.urn for e in question.facts.endpoints}:
        how = f"{owner} lets {made[ACTION]} on {readable(made[RESOURCE])} through for {who}"
    else:
        how = f"{owner} admits {who} to {made[ACTION]}"
    how += circumstances(box)
    if certain:
        return violated(
            f"{how}, which the contract does not say",
            shown(made, who),
            question.statements(sources_of([box]), permits=True),
            [*urns, *(u for u, _ in sources_of(certain))],
            f"Narrow the statement, or declare in the contract that {owner} admits {who}.",
        )
    return unproven(
        question,
        f"perhaps {how}, which the contract does not say",
        [*doubts, *undecided_of(excess)],
        urns,
        "Make the policy known at preview.",
    )


KINDS: Kinds = {"identity.admits": _admits}
