"""What changes in meaning, not in lines, between two evaluated architectures.

Both are asked the same questions under HEAD's contract, each exactly; `alignment` says what is
the same on both sides, `worlds` tells both in the same names, and the other modules each compare
one thing: `flows`, `exposure`, `guards`, `permissions`, `events`, `survival`, `claims`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain

import msgspec

from stackproof.check import NothingToCheckError, Report, check
from stackproof.compare import claims, events, exposure, flows, guards, permissions, survival
from stackproof.compare.difference import (
    Change,
    Compared,
    Difference,
    Effect,
    Renamed,
    Section,
    Summary,
    counted,
    in_order,
)
from stackproof.compare.worlds import Side, Worlds, worlds
from stackproof.families import World
from stackproof.model import Claim, Graph, Hop, NotModelled

__all__ = [
    "Change",
    "Compared",
    "Difference",
    "Effect",
    "Renamed",
    "Section",
    "Side",
    "Summary",
    "compare",
]


def compare(base: Side, head: Side, *, today: dt.date) -> Difference:
    """What changes from `base` to `head`. Waivers hold until `today` at the latest.

    Raises NothingToCheckError and SelectorError as `check` does of HEAD and its contract.
    """
    if not _declared(head):
        raise NothingToCheckError(f"{head.name} declares no resource; there is nothing to compare")
    both = worlds(base, head)
    found: list[Change] = []
    alike: set[str] = set()
    notes = {*base.notes, *head.notes}
    for section, question in _questions(both):
        changes, unknown = _contained(section, question)
        found += changes
        alike.update(unknown)
    decided = _reports(head, both, today, notes)
    if decided is not None:
        found += claims.verdicts(*decided)
    if base.unread:
        found.append(_unread(base))
    else:
        found += claims.contract(base.contract, head.contract)
    if not base.graph.resources:
        notes.add(f"{base.name} declares nothing: everything is new.")
    if base.graph.account != head.graph.account or head.graph.account is None:
        notes.add(_account(base, head))
    ordered = in_order([_located(change, both) for change in found])
    return Difference(
        base=_compared(base),
        head=_compared(head),
        summary=counted(ordered),
        changes=ordered,
        renamed=both.alignment.renamed,
        unknown_alike=tuple(sorted(alike)),
        notes=tuple(sorted(notes)),
    )


def _located(change: Change, both: Worlds) -> Change:
    """`change` with the declaring line of each hop's resource, where a question left it out."""
    sides = {"base": both.base.graph, "head": both.head.graph}
    here = sides[change.side]
    # What still guards something is on the same side as what no longer does.
    there = sides["base" if change.side == "head" else "head"]
    there = here if change.section is Section.GUARDS else there
    return msgspec.structs.replace(
        change,
        hops=_with_lines(change.hops, here),
        blocked_by=_with_lines(change.blocked_by, there),
    )


def _with_lines(hops: tuple[Hop, ...], graph: Graph) -> tuple[Hop, ...]:
    lines = {r.urn: r.location for r in graph.resources} if any(_lost(h) for h in hops) else {}
    return tuple(
        msgspec.structs.replace(hop, location=lines.get(hop.urn)) if _lost(hop) else hop
        for hop in hops
    )


def _lost(hop: Hop) -> bool:
    return bool(hop.urn) and hop.location is None


def _unread(base: Side) -> Change:
    return Change(
        Section.CONTRACT,
        Effect.UNDECIDED,
        "not read",
        f"the contract of {base.name}",
        "it cannot be read, so what HEAD's contract says anew is not known",
        unknown=(base.unread,),
    )


def _compared(side: Side) -> Compared:
    graph = side.graph
    return Compared(side.name, graph.project, graph.stack, graph.source, _declared(side))


def _declared(side: Side) -> int:
    return sum(r.custom and not r.type.startswith("pulumi:") for r in side.graph.resources)


def _account(base: Side, head: Side) -> str:
    accounts = [side.graph.account or "not known" for side in (base, head)]
    if accounts[0] == accounts[1]:
        return (
            "The account is not known: a policy that spells an account out is compared as if it"
            " were another one."
        )
    return f"The account is {accounts[0]} in {base.name} and {accounts[1]} in {head.name}."


# ── the questions ───────────────────────────────────────────────────────────────────────────────

Answer = tuple[list[Change], set[str]]


class _Asked:
    """Both worlds, and what several questions need of them, computed once."""

    def __init__(self, both: Worlds) -> None:
        self.both = both

    @cached_property
    def networks(self) -> tuple[flows.Network, flows.Network]:
        """Both networks."""
        return flows.Network(self.both.base), flows.Network(self.both.head)

    @cached_property
    def policies(self) -> tuple[permissions.Policies, permissions.Policies]:
        """The policies of both."""
        return permissions.Policies(self.both.base), permissions.Policies(self.both.head)


def _questions(both: Worlds) -> Iterator[tuple[Section, Callable[[], Answer]]]:
    """Each with its answer: the changes, and what is not known on either side."""
    asked = _Asked(both)
    yield Section.FLOWS, lambda: _network(asked)
    yield Section.GUARDS, lambda: _guards(asked)
    yield Section.PERMISSIONS, lambda: _identity(asked)
    yield Section.TRIGGERS, lambda: _events(both)
    yield Section.ZONES, lambda: _zones(asked)


def _network(asked: _Asked) -> Answer:
    changed = list(flows.changes(*asked.networks))
    changes = [*changed, *exposure.direct(changed), *exposure.proxied(*asked.networks)]
    blind = _with_blind(asked.both, Section.FLOWS, lambda w: w.network.not_modelled, changes)
    return blind, set(flows.unknown_alike(*asked.networks))


def _guards(asked: _Asked) -> Answer:
    changes = [*guards.of_network(*asked.networks), *guards.of_identity(*asked.policies)]
    return changes, set(guards.unknown_alike(*asked.networks))


def _identity(asked: _Asked) -> Answer:
    changes = list(permissions.changes(asked.both, *asked.policies))
    blind = _with_blind(asked.both, Section.PERMISSIONS, lambda w: w.identity.not_modelled, changes)
    return blind, set(permissions.unknown_alike(*asked.policies))


def _events(both: Worlds) -> Answer:
    base, head = events.Events(both.base), events.Events(both.head)
    changes = list(events.changes(base, head))
    blind = _with_blind(both, Section.TRIGGERS, lambda w: w.events.not_modelled, changes)
    return blind, set(events.unknown_alike(base, head))


def _zones(asked: _Asked) -> Answer:
    both = asked.both
    changes = list(
        chain(
            survival.numbers(both),
            survival.flows(both),
            survival.ways_out(both, *asked.networks),
        )
    )
    blind = _with_blind(both, Section.ZONES, lambda w: w.placement.not_modelled, changes)
    return blind, set(survival.unknown_alike(both))


def _contained(section: Section, question: Callable[[], Answer]) -> Answer:
    try:
        return question()
    except Exception as error:  # noqa: BLE001 - what stops one question must not hide the others
        said = " ".join(str(error).split())
        why = f"the comparison stopped with {type(error).__name__}{f': {said}' if said else ''}"
        change = Change(
            section,
            Effect.UNDECIDED,
            "not compared",
            section.value,
            f"{section.value} could not be compared",
            unknown=(why,),
        )
        return [change], set()


# ── what nobody reads ───────────────────────────────────────────────────────────────────────────


def _with_blind(
    both: Worlds,
    section: Section,
    unread: Callable[[World], Iterable[NotModelled]],
    changes: list[Change],
) -> list[Change]:
    """`changes`, and an undecided one for each resource that matters, changed, and is not read."""
    sides = [{item.urn: item for item in unread(world)} for world in (both.base, both.head)]
    found = list(changes)
    for urn in sorted({*sides[0], *sides[1]}):
        if urn in sides[0] and urn in sides[1] and both.unchanged(urn):
            continue
        item = sides[1].get(urn) or sides[0][urn]
        there = [any(r.urn == urn for r in w.graph.resources) for w in (both.base, both.head)]
        happened = "changed" if all(there) else "is new" if there[1] else "is gone"
        name = urn.rpartition("::")[2]
        found.append(
            Change(
                section,
                Effect.UNDECIDED,
                "not modelled",
                name,
                f"{name} ({item.type}) {happened}, and what it does to {section.value} is not"
                " modelled",
                unknown=(item.why,),
            )
        )
    return found


# ── the claims ──────────────────────────────────────────────────────────────────────────────────


def _reports(
    head: Side, both: Worlds, today: dt.date, notes: set[str]
) -> tuple[dict[str, Claim], dict[str, Claim]] | None:
    """The claims of HEAD's contract about both; without one, those of the baseline."""
    if head.contract is None:
        notes.add(f"{head.name} has no contract: the claims are those of the baseline.")
    try:
        after = check(head.graph, head.contract, today=today)
    except NothingToCheckError as error:
        notes.add(f"No claims were compared: {error}.")
        return None
    graph, members = both.alignment.graph, both.base.members
    try:
        before = check(graph, head.contract, today=today, members=members)
    except NothingToCheckError:
        return {}, _by_id(after)
    return _by_id(before), _by_id(after)


def _by_id(report: Report) -> dict[str, Claim]:
    return {claim.id: claim for claim in report.claims}
