"""Claims of which the verdict changes, and what the contract itself says now that it did not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from stackproof.compare.difference import Change, Effect, Section
from stackproof.contract import Contract, Flow
from stackproof.model import Claim, Evidence, Verdict
from stackproof.proofs.headers import Packets
from stackproof.proofs.reach.traffic import permitted
from stackproof.proofs.recursion.triggers import trigger_id

# ── verdicts ────────────────────────────────────────────────────────────────────────────────────

_WORSE = (Verdict.PROVEN, Verdict.WAIVED, Verdict.UNPROVEN, Verdict.VIOLATED)
"""From what guards most to what guards least."""


def verdicts(before: Mapping[str, Claim], after: Mapping[str, Claim]) -> Iterator[Change]:
    """Claims that are proven no longer, or now; of those that are new, what is not proven."""
    for id_ in sorted({*before, *after}):
        old, new = before.get(id_), after.get(id_)
        verdict = [c.verdict if c is not None else None for c in (old, new)]
        if verdict[0] is verdict[1] or {*verdict} == {None, Verdict.PROVEN}:
            continue
        ranks = [-1 if v is None else _WORSE.index(v) for v in verdict]
        worse = ranks[1] > ranks[0]
        claim = new or old
        assert claim is not None  # noqa: S101 - it is on one side at least
        said = [v.value if v is not None else "no such claim" for v in verdict]
        evidence = (new or old or claim).evidence if worse or new else claim.evidence
        yield Change(
            Section.CLAIMS,
            Effect.WIDENED if worse else Effect.NARROWED,
            said[1] if new is not None else "gone",
            id_,
            f"{claim.title}: {said[0]} before, {said[1]} now" + _because(new),
            before=said[0],
            after=said[1],
            witness=_witness(evidence),
            hops=evidence.hops if worse else (),
        )


def _because(claim: Claim | None) -> str:
    if claim is None:
        return ""
    if claim.verdict is Verdict.WAIVED:
        return f"; {claim.waiver}"
    return "" if claim.verdict is Verdict.PROVEN else f"; {claim.evidence.summary}"


def _witness(evidence: Evidence) -> dict[str, object]:
    return evidence.witness if evidence.kind == "witness" else {}


# ── the contract ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Said:
    """One statement of a contract. `permits` when it lets something happen, else it guards."""

    value: Any
    permits: bool

    @property
    def text(self) -> str:
        """As in YAML's flow style, roughly: what a reviewer compares."""
        return _flow_style(msgspec.to_builtins(self.value, order="deterministic"))


def contract(before: Contract | None, after: Contract | None) -> Iterator[Change]:
    """Statements that were added, removed or changed, by the id of the claim that they make."""
    old = dict(_statements(before)) if before is not None else {}
    new = dict(_statements(after)) if after is not None else {}
    _settle(old, new)
    for id_ in sorted({*old, *new}):
        mine, theirs = old.get(id_), new.get(id_)
        if mine is not None and theirs is not None and mine.value == theirs.value:
            continue
        word = "added" if mine is None else "removed" if theirs is None else "changed"
        yield Change(
            Section.CONTRACT,
            _effect(mine, theirs),
            word,
            id_,
            _sentence(id_, mine, theirs),
            mine.text if mine else "",
            theirs.text if theirs else "",
        )


def _settle(old: dict[str, _Said], new: dict[str, _Said]) -> None:
    """Leave out the grants of a principal that are the same under another number."""
    for id_ in [i for i in old if i.startswith("identity.grant.")]:
        siblings = id_.rpartition(".")[0]
        same = (
            other
            for other in new
            if other.rpartition(".")[0] == siblings and new[other].value == old[id_].value
        )
        found = next(same, None)
        if found is not None:
            del old[id_], new[found]


def _effect(old: _Said | None, new: _Said | None) -> Effect:
    """Whether less is guarded. A statement that says another thing may guard less."""
    if old is None or new is None:
        said = new or old
        assert said is not None  # noqa: S101 - one of the two was given
        return Effect.WIDENED if said.permits == (new is not None) else Effect.NARROWED
    if isinstance(old.value, Flow) and isinstance(new.value, Flow):
        more = _packets(new.value) - _packets(old.value)
        return Effect.WIDENED if more else Effect.NARROWED
    return Effect.WIDENED


def _packets(flow: Flow) -> Packets:
    return permitted(flow.allow)


def _sentence(id_: str, old: _Said | None, new: _Said | None) -> str:
    what = "waiver" if id_.startswith("contract.waiver.") else "statement"
    if old is None:
        return f"the {what} is new: {new.text if new else ''}"
    if new is None:
        return f"the {what} is gone: {old.text}"
    return f"the {what} says {new.text} now; it said {old.text}"


def _statements(contract: Contract) -> Iterator[tuple[str, _Said]]:
    for name, group in contract.groups.items():
        # Whom a statement speaks of: another selector may leave somebody out.
        yield f"groups.{name}", _Said(group, permits=False)
    yield from _of_network(contract)
    yield from _of_identity(contract)
    yield from _of_availability(contract)
    if contract.events is not None:
        yield "events", _Said("claimed", permits=False)
        for trigger in contract.events.triggers:
            yield trigger_id(trigger), _Said(trigger, permits=True)
        for write in contract.events.writes:
            # It tells of a writer that IAM does not show: one more edge to be proven.
            yield f"events.cycles.{write.source}-to-{write.to}", _Said(write, permits=False)
    if contract.hardening is not None:
        yield "hardening", _Said("claimed", permits=False)
        for check, entries in contract.hardening.accepted.items():
            for index, entry in enumerate(entries):
                suffix = f"#{index + 1}" if index else ""
                yield f"contract.accepted.{check}{suffix}", _Said(entry, permits=True)
    counted: dict[str, int] = {}
    for waiver in contract.waivers:
        counted[waiver.claim] = number = counted.get(waiver.claim, 0) + 1
        suffix = f"#{number}" if number > 1 else ""
        yield f"contract.waiver.{waiver.claim}{suffix}", _Said(waiver, permits=True)
    for glob, level in contract.levels.items():
        yield f"levels.{glob}", _Said(level, permits=level == "advisory")


def _of_network(contract: Contract) -> Iterator[tuple[str, _Said]]:
    network = contract.network
    if network is None:
        return
    yield "network", _Said("claimed", permits=False)
    for flow in network.flows:
        yield f"network.flow.{flow.source}-to-{flow.to}", _Said(flow, permits=True)
    for never in network.never:
        yield f"network.never.{never.source}-to-{never.to}", _Said(never, permits=False)
    for group in network.isolated:
        yield f"network.isolated.{group}", _Said(group, permits=False)


def _of_identity(contract: Contract) -> Iterator[tuple[str, _Said]]:
    identity = contract.identity
    if identity is None:
        return
    yield "identity", _Said("claimed", permits=False)
    for name, principal in identity.principals.items():
        yield f"identity.closed.{name}", _Said(principal.role, permits=True)
        yield f"identity.trust.{name}", _Said(principal.assumed_by, permits=True)
        yield f"identity.runs.{name}", _Said(principal.runs, permits=True)
        for number, grant in enumerate(principal.may, 1):
            yield f"identity.grant.{name}.{number}", _Said(grant, permits=True)
    for group, admissions in identity.resources.items():
        yield f"identity.admits.{group}", _Said(admissions, permits=bool(admissions))


def _of_availability(contract: Contract) -> Iterator[tuple[str, _Said]]:
    availability = contract.availability
    if availability is None:
        return
    yield "availability", _Said(availability.survive, permits=False)
    for group, keep in availability.keep.items():
        yield f"availability.keep.{group}", _Said(keep, permits=False)
    if availability.flows is not None:
        yield "availability.flows", _Said("all", permits=False)
        for excepted in availability.flows.exceptions:
            id_ = f"availability.flows.{excepted.source}-to-{excepted.to}"
            yield id_, _Said(excepted, permits=True)
    for group in availability.boot:
        yield f"availability.boot.{group}", _Said(group, permits=False)
    for group, sooner in availability.after.items():
        yield f"availability.after.{group}", _Said(sooner, permits=False)


def _flow_style(value: object) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k}: {_flow_style(v)}' for k, v in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow_style, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
