"""What every identity claim is decided with: the question, and how evidence is put in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from stackproof.aws.identity import IdentityFacts, Principal
from stackproof.aws.identity.resource_policies import ENDPOINT
from stackproof.aws.values import readable
from stackproof.contract import Identity
from stackproof.model import Decision, Evidence, Hop, Verdict
from stackproof.proofs.permissions.boxes import Box
from stackproof.proofs.permissions.conditions import UNDECIDED
from stackproof.proofs.permissions.declared import GroupMembers
from stackproof.proofs.permissions.letting_in import trusting
from stackproof.proofs.permissions.requests import Doubt, Reading, allowed

Source = tuple[str, str]
"""A statement: the URN of the resource that carries it, and its label."""


class Question:
    """The facts and the contract of one check. What a principal may do is computed once."""

    def __init__(self, facts: IdentityFacts, identity: Identity, members: GroupMembers) -> None:
        self.facts = facts
        self.identity = identity
        self.members = members
        self._allowed: dict[tuple[str, Reading], list[Box]] = {}
        self._trusting: dict[tuple[str, Reading], list[Box]] = {}

    def allowed(self, principal: Principal, reading: Reading) -> list[Box]:
        """`requests.allowed`, remembered."""
        key = (principal.urn, reading)
        if key not in self._allowed:
            self._allowed[key] = allowed(self.facts, principal, reading)
        return self._allowed[key]

    def trusting(self, role: Principal, reading: Reading) -> list[Box]:
        """`letting_in.trusting`, remembered."""
        key = (role.urn, reading)
        if key not in self._trusting:
            self._trusting[key] = trusting(role, reading)
        return self._trusting[key]

    def holders(self, name: str) -> list[Principal]:
        """The roles and users that the contract's principal `name` means."""
        group = self.members.get(self.identity.principals[name].role)
        urns = {r.urn for r in group.resources} if group is not None else set()
        return [p for p in self.facts.principals if p.urn in urns]

    def of_endpoints(self, group: str) -> bool:
        """Whether a VPC endpoint is in the group."""
        members = self.members.get(group)
        return members is not None and any(r.type == ENDPOINT for r in members.resources)

    def name_of(self, urn: str) -> str:
        """The logical name of a resource."""
        resource = self.facts.values.resources.get(urn)
        return resource.name if resource is not None else readable(urn)

    def hop(self, what: str, urn: str, *, permits: bool = True) -> Hop:
        """One step of an argument, with its line."""
        resource = self.facts.values.resources.get(urn)
        return Hop(what, permits, urn, resource.location if resource is not None else None)

    def statements(self, sources: Iterable[Source], *, permits: bool) -> tuple[Hop, ...]:
        """Statements as hops, each once."""
        verb = "permits it" if permits else "denies it"
        return tuple(
            self.hop(f"{self.name_of(urn)}: {label} {verb}", urn, permits=permits)
            for urn, label in dict.fromkeys(sources)
        )


def proven(kind: str, summary: str, hops: Sequence[Hop] = ()) -> Decision:
    """It holds."""
    urns = tuple(dict.fromkeys(h.urn for h in hops if h.urn))
    return Decision(Verdict.PROVEN, Evidence(kind, summary, hops=tuple(hops)), urns)


def violated(
    summary: str,
    witness: Mapping[str, object],
    hops: Sequence[Hop],
    resources: Iterable[str],
    mend: str,
) -> Decision:
    """It does not hold, and here is why."""
    evidence = Evidence("witness", summary, dict(witness), tuple(hops))
    return Decision(Verdict.VIOLATED, evidence, tuple(dict.fromkeys(resources)), mend)


def unproven(
    question: Question,
    summary: str,
    what: Iterable[Doubt | str],
    resources: Iterable[str],
    mend: str,
) -> Decision:
    """It may or may not hold: `what` is not known (a str is an undecided predicate, or a wish)."""
    listed = list(dict.fromkeys(w if isinstance(w, Doubt) else Doubt("", w) for w in what))
    hops = [question.hop(d.why, d.urn) for d in listed if d.urn]
    named = sorted(
        f"{question.name_of(d.urn)}: {d.why}" if d.urn else readable(d.why.removeprefix(UNDECIDED))
        for d in listed
    )
    evidence = Evidence("unknown", summary, {"not_known": named}, tuple(hops))
    urns = dict.fromkeys((*(h.urn for h in hops), *resources))
    return Decision(Verdict.UNPROVEN, evidence, tuple(urns), mend)


def closed_world(question: Question, decision: Decision) -> Decision:
    """`decision`, unless it is a proof and a resource that is not modelled could turn it."""
    left_out = question.facts.not_modelled
    if decision.verdict is not Verdict.PROVEN or not left_out:
        return decision
    first = f"{question.name_of(left_out[0].urn)}: {left_out[0].why}"
    return unproven(
        question,
        f"{first}, and it may bear on who may do what",
        [Doubt(n.urn, n.why) for n in left_out],
        (),
        "Remove the resource, or let stackproof learn its type.",
    )


def sources_of(boxes: Iterable[Box]) -> list[Source]:
    """The statements that made the boxes, each once."""
    return list(dict.fromkeys(source for box in boxes for source in box.sources))


def undecided_of(boxes: Iterable[Box]) -> list[str]:
    """The undecided predicates in the boxes."""
    return sorted({d for box in boxes for d in box.sides if d.startswith(UNDECIDED)})
