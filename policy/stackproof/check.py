"""Every claim of a contract decided about one Graph.

Here the rules hold that no single proof can keep: a proof that crashes is a finding and the others
still run, a run about nothing is refused, and what the verdicts rest on is always said.
"""

from __future__ import annotations

import datetime as dt
import traceback
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import msgspec

from stackproof import accepted, baseline, waivers
from stackproof.aws import coverage
from stackproof.contract import Contract
from stackproof.families import FAMILIES, Limits, Proof, World
from stackproof.model import (
    Claim,
    Decision,
    Evidence,
    Family,
    Graph,
    Kinds,
    Location,
    NotModelled,
    Obligation,
    Resource,
    Verdict,
    locations_of,
)
from stackproof.present import of_what_is_there
from stackproof.selection import Members, select

REPORT_VERSION = 1

EDGE = (
    (
        "Other stacks and whatever was made by hand in the account are not seen: they may reach,"
        " permit or trigger more than is shown here."
    ),
    (
        "Other principals of the account (administrators, people who sign in, the principal that"
        " deploys) may change what is proven here after it is deployed."
    ),
    (
        "Organisation policies (SCPs and RCPs) are not read: they can only take permissions away,"
        " so what is proven possible assumes that they permit it."
    ),
    "Service-linked roles act with the permissions that AWS gives them, which are not proven here.",
)
"""Where the world of every report ends."""


class Summary(msgspec.Struct, frozen=True):
    """How many claims have each verdict."""

    proven: int = 0
    violated: int = 0
    unproven: int = 0
    waived: int = 0

    @classmethod
    def of(cls, claims: Sequence[Claim]) -> Summary:
        """Counted."""
        verdicts = [claim.verdict for claim in claims]
        return cls(**{verdict.value: verdicts.count(verdict) for verdict in Verdict})


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one stack. Sorted throughout: the same input gives the same bytes."""

    version: int = REPORT_VERSION
    project: str
    stack: str
    source: str
    summary: Summary
    claims: tuple[Claim, ...]
    """By family, then id."""
    assumptions: tuple[str, ...]
    """What the verdicts take for granted; never empty."""
    not_modelled: tuple[NotModelled, ...]
    """Resources that could matter to a family that does not understand them."""
    baseline: bool = False
    """Whether there was no contract, so that only the baseline was decided."""

    @property
    def passed(self) -> bool:
        """Whether every claim is proven or waived."""
        return not self.summary.violated and not self.summary.unproven


class NothingToCheckError(Exception):
    """There is nothing that a verdict could be about. The message says what is missing."""


def check(  # noqa: PLR0913 - what is decided, and under which circumstances
    graph: Graph,
    contract: Contract | None,
    *,
    today: dt.date,
    only: Collection[Family] | None = None,
    waiver_lines: Sequence[Location] = (),
    accepted_lines: Mapping[str, Sequence[Location]] = MappingProxyType({}),
    members: Mapping[str, Members] | None = None,
) -> Report:
    """Decide what `contract` claims about `graph`; waivers hold until `today` at the latest.

    Without a contract the baseline is decided. `only` narrows it to those families. `waiver_lines`
    are the waivers' places in the contract, `accepted_lines` those of what is accepted by check.
    `members` are the groups where they are known already,
    instead of what the selectors match. Raises NothingToCheckError when the graph declares nothing
    or the contract claims nothing, and SelectorError when a group of the contract is empty.
    """
    if not any(r.custom and not r.type.startswith("pulumi:") for r in graph.resources):
        raise NothingToCheckError(
            f"stack {graph.stack} declares no resource; a check of nothing must not pass"
        )
    alone = contract is None
    families = FAMILIES
    if contract is None:
        contract, families = baseline.CONTRACT, baseline.PROOFS
    chosen = [proof for proof in families if only is None or proof.family in only]
    claimed = [proof for proof in chosen if getattr(contract, proof.section) is not None]
    if not claimed:
        raise NothingToCheckError(_claims_nothing(chosen))
    if members is None:
        members = select(contract, graph)
        contract = of_what_is_there(contract, members)
    world = baseline.world(graph) if alone else World(graph, contract, members)
    first = _stage([proof for proof in claimed if not proof.after_proofs], world)
    after = [proof for proof in claimed if proof.after_proofs]
    world = replace(
        world, decided=(*first.claims, *_unasked(families, chosen, world, needed=after))
    )
    last = _stage(after, world)
    resources = graph.by_urn()
    claims = [*first.claims, *last.claims]
    assumptions = {
        *EDGE,
        *graph.assumptions,
        *_not_claimed(families, chosen, contract),
        *first.assumptions,
        *last.assumptions,
    }
    if contract.hardening is not None and any(p.family is Family.HARDENING for p in claimed):
        claims = accepted.apply(
            contract.hardening.accepted,
            claims,
            resources,
            failing=world.failing,
            today=today,
            lines=accepted_lines,
        )
    claims = waivers.apply(
        contract.waivers,
        claims,
        resources,
        today=today,
        checked={proof.family for proof in claimed} if only else set(Family),
        lines=waiver_lines,
    )
    blind = first.not_modelled | last.not_modelled
    return _report(graph, claims, assumptions, blind, alone=alone)


def _report(
    graph: Graph,
    claims: list[Claim],
    assumptions: set[str],
    blind: Collection[NotModelled],
    *,
    alone: bool,
) -> Report:
    order = list(Family)
    claims.sort(key=lambda claim: (order.index(claim.family), claim.id, claim.title))
    return Report(
        project=graph.project,
        stack=graph.stack,
        source=graph.source,
        summary=Summary.of(claims),
        claims=tuple(claims),
        assumptions=tuple(sorted(assumptions)),
        not_modelled=tuple(sorted(blind)),
        baseline=alone,
    )


def _claims_nothing(chosen: Sequence[Proof]) -> str:
    sections = ", ".join(dict.fromkeys(proof.section for proof in chosen))
    if not sections:
        return "no proof exists for this family; choose another"
    return f"the contract claims nothing: it has no section {sections}"


def _not_claimed(
    families: Sequence[Proof], chosen: Sequence[Proof], contract: Contract
) -> Iterator[str]:
    left_out = set(families) - set(chosen)
    for proof in families:
        if proof in left_out:
            yield f"The family {proof.family} was not checked in this run."
        elif getattr(contract, proof.section) is None:
            yield f"The contract has no section '{proof.section}': nothing of it is claimed."


@dataclass(frozen=True)
class _Stage:
    """What some proofs found, and what they rest on."""

    claims: tuple[Claim, ...]
    assumptions: frozenset[str]
    not_modelled: frozenset[NotModelled]


def _stage(proofs: Sequence[Proof], world: World) -> _Stage:
    resources = world.graph.by_urn()
    claims: list[Claim] = []
    assumptions: set[str] = set()
    blind = set(_unclassified(world.graph, proofs))
    for proof in proofs:
        obligations, limits = _contained(proof, world)
        claims += [_decided(o, resources) for o in _distinct(obligations, claims)]
        assumptions.update(limits.assumptions)
        blind.update(limits.not_modelled)
    families = sorted({proof.family for proof in proofs}, key=list(Family).index)
    claims += [_coverage(family, blind, resources) for family in families]
    return _Stage(tuple(claims), frozenset(assumptions), frozenset(blind))


def _unasked(
    families: Sequence[Proof], chosen: Sequence[Proof], world: World, *, needed: Sequence[Proof]
) -> tuple[Claim, ...]:
    """What the families that this run does not report say, where one of `needed` rests on it."""
    if not needed:
        return ()
    left_out = [
        proof
        for proof in families
        if proof not in chosen and getattr(world.contract, proof.section) is not None
    ]
    return _stage(left_out, world).claims


def _unclassified(graph: Graph, chosen: Sequence[Proof]) -> Iterator[NotModelled]:
    """Resources of a type that nobody has judged, for every family that runs."""
    every_type = frozenset(coverage.TABLE)
    for family in {proof.family for proof in chosen} & coverage.PROOF_FAMILIES:
        yield from coverage.not_modelled(graph, family, every_type)


# ── containment: a crash is a finding, and the others still run ─────────────────────────────────


def _contained(proof: Proof, world: World) -> tuple[list[Obligation], Limits]:
    """What a family of proof rests on can be read at all.

    It appears only when it fails: the facts could not be read or the proof crashed, and the
    claims of the family stand behind this one. The other families still run.

    ## What AWS does

    Nothing: this is about stackproof.

    ## Fails

    A defect of stackproof, met by a program that is unlike those of its tests. The evidence
    names the exception and the place.

    ## Mend

    Report it with the output of `stackproof graph`.
    """
    try:
        return proof.obligations(world), proof.limits(world)
    except Exception as error:  # noqa: BLE001 - whatever a proof raises is a finding, never a skip
        decision = _crashed(error)
        title = f"what '{proof.section}' is proven from can be read"
        finding = Obligation(proof.facts_claim, proof.family, title, decide=lambda: decision)
        return [finding], Limits((), ())


def _distinct(obligations: Sequence[Obligation], earlier: Sequence[Claim]) -> Iterator[Obligation]:
    """`obligations` with `#2` after an id that is taken: a waiver must never accept two claims."""
    taken = Counter(claim.id for claim in earlier)
    for obligation in obligations:
        taken[obligation.id] += 1
        number = taken[obligation.id]
        if number == 1:
            yield obligation
        else:
            yield msgspec.structs.replace(obligation, id=f"{obligation.id}#{number}")


def _decided(obligation: Obligation, resources: Mapping[str, Resource]) -> Claim:
    try:
        decision = obligation.decide()
        if decision.verdict is Verdict.WAIVED:
            raise ValueError(_NO_WAIVER)  # noqa: TRY301 - a finding, as any other defect
        # What cannot be written down cannot be reported either: find out here, not in a report.
        msgspec.to_builtins(decision.evidence, order="deterministic")
    except Exception as error:  # noqa: BLE001 - as above
        decision = _crashed(error)
    return Claim(
        id=obligation.id,
        family=obligation.family,
        title=obligation.title,
        verdict=decision.verdict,
        evidence=_located(decision.evidence, resources),
        resources=decision.resources,
        locations=locations_of(decision.resources, resources),
        mend=decision.mend,
    )


_NO_WAIVER = "a proof may not waive a claim: only the contract does"


def _located(evidence: Evidence, resources: Mapping[str, Resource]) -> Evidence:
    """`evidence` with the declaring line of each hop's resource, where the proof left it out."""
    hops = tuple(
        msgspec.structs.replace(hop, location=resources[hop.urn].location)
        if hop.location is None and hop.urn in resources
        else hop
        for hop in evidence.hops
    )
    return msgspec.structs.replace(evidence, hops=hops)


def _crashed(error: Exception) -> Decision:
    said = " ".join(str(error).split())
    where = _innermost(error)
    summary = f"the proof stopped with {type(error).__name__}{f': {said}' if said else ''}{where}"
    return Decision(
        Verdict.UNPROVEN,
        Evidence(kind="exception", summary=summary),
        mend="This is a defect of stackproof: report it with the output of `stackproof graph`.",
    )


def _innermost(error: Exception) -> str:
    """The last line of stackproof that ran, as ` at proofs/reach.py:12`."""
    package = Path(__file__).parent
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(package) and path != Path(__file__):
            return f" at {path.relative_to(package).as_posix()}:{frame.lineno}"
    return ""


def _coverage(
    family: Family, blind: Collection[NotModelled], resources: Mapping[str, Resource]
) -> Claim:
    """Every resource that could matter to a family of proof is understood.

    A table classifies resource types by the families that they can touch. A type that is not in
    it, or that no proof reads yet, may permit what is proven impossible: nothing is harmless by
    default.

    ## What AWS does

    New kinds of door appear: an Instance Connect endpoint, a VPC Lattice service and a
    CloudFront VPC origin each let traffic in without a rule that names the internet (Amazon EC2
    User Guide, "Connect to your instances using EC2 Instance Connect Endpoint").

    ## Fails

    ```python
    aws.ec2transitgateway.InstanceConnectEndpoint("door", subnet_id=back.id)
    ```

    `network.coverage`

    ## Mend

    Find out what the resource can do, and waive the claim for it until stackproof knows it.
    """
    unseen = sorted(item for item in blind if item.family is family)
    urns = tuple(dict.fromkeys(item.urn for item in unseen))
    types = ", ".join(dict.fromkeys(item.type for item in unseen))
    return Claim(
        id=f"{_PREFIX[family]}.coverage",
        family=family,
        title=f"every resource that could matter to {family} is understood",
        verdict=Verdict.UNPROVEN if unseen else Verdict.PROVEN,
        evidence=Evidence(kind="unknown", summary=f"what these do is not modelled: {types}")
        if unseen
        else Evidence(
            kind="exhaustive",
            summary="the type of every resource is classified, and what may matter is read",
        ),
        resources=urns,
        locations=locations_of(urns, resources),
        mend="Find out what they can do, and waive this claim for them until stackproof knows them."
        if unseen
        else "",
    )


_PREFIX = {
    Family.NETWORK: "network",
    Family.IDENTITY: "identity",
    Family.PLACEMENT: "availability",
    Family.RECURSION: "events",
    Family.HARDENING: "hardening",
}

KINDS: Kinds = {
    **{
        kind: decide
        for proof in (*FAMILIES, *baseline.PROOFS)
        for kind, decide in proof.kinds.items()
    },
    **waivers.KINDS,
    **accepted.KINDS,
    **{f"{prefix}.coverage": _coverage for prefix in _PREFIX.values()},
    **{f"{prefix}.facts": _contained for prefix in _PREFIX.values()},
}
"""Every kind of claim that a report can hold."""
