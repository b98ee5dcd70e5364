"""What survives the loss of a zone: how many are left, and which flows go on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from stackproof.aws.network.facts import NetworkFacts
from stackproof.aws.placement import Fleet, Machine, PlacementFacts
from stackproof.compare.difference import Change, Effect, Section
from stackproof.compare.flows import Network
from stackproof.compare.worlds import Worlds
from stackproof.contract import Flow
from stackproof.families import World
from stackproof.model import Decision, Verdict
from stackproof.proofs import reach
from stackproof.proofs.headers import union
from stackproof.proofs.reach.ends import Host, Outside, name_of
from stackproof.proofs.reach.paths import paths
from stackproof.selection import INTERNET

_INTERNET = ("internet",)


# ── how many are left ───────────────────────────────────────────────────────────────────────────


class _Unit:
    """A group of the contract, or a resource of none, as far as it lives in zones."""

    def __init__(self, facts: PlacementFacts, urns: list[str]) -> None:
        self.placed: list[Machine | Fleet] = [
            *(facts.machines[u] for u in urns if u in facts.machines),
            *(facts.fleets[u] for u in urns if u in facts.fleets),
        ]
        self.unknown = tuple(dict.fromkeys(p.unknown for p in self.placed if p.unknown))
        self.zones = facts.zones

    def left(self, zone: str) -> int:
        """How many are left without `zone`, in the worst spread."""
        return sum(
            p.left_without(zone) if isinstance(p, Fleet) else zone not in p.zones
            for p in self.placed
        )

    @property
    def total(self) -> int:
        return sum(p.minimum if isinstance(p, Fleet) else 1 for p in self.placed)

    @property
    def worst(self) -> int:
        """How many the worst loss leaves."""
        return min((self.left(zone) for zone in self.zones), default=self.total)

    @property
    def majority(self) -> bool:
        """Whether any loss leaves a majority."""
        return self.worst * 2 > self.total


def _units(world: World) -> dict[str, _Unit]:
    facts = world.placement
    placed = {*facts.machines, *facts.fleets}
    found: dict[str, list[str]] = {}
    for name, chosen in world.members.items():
        urns = [r.urn for r in chosen.resources if r.urn in placed]
        if urns:
            found[name] = urns
    grouped = {urn for urns in found.values() for urn in urns}
    for urn in sorted(placed - grouped):
        found.setdefault(facts.names[urn], []).append(urn)
    return {name: _Unit(facts, urns) for name, urns in found.items()}


def numbers(worlds: Worlds) -> Iterator[Change]:
    """Groups of which another number is left after the loss of a zone."""
    before, after = _units(worlds.base), _units(worlds.head)
    keep = worlds.head.contract.availability.keep if worlds.head.contract.availability else {}
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        voting = name in keep and keep[name].quorum is not None
        if old is None or new is None:
            yield _appeared(name, old, new)
        elif old.unknown != new.unknown or (old.unknown and old.placed != new.placed):
            why = tuple(dict.fromkeys((*old.unknown, *new.unknown)))
            yield Change(
                Section.ZONES,
                Effect.UNDECIDED,
                "perhaps another number",
                name,
                f"how many of {name} are left after the loss of a zone is not known",
                unknown=why,
            )
        elif not old.unknown:
            yield from _another(name, old, new, voting=voting)


def _appeared(name: str, old: _Unit | None, new: _Unit | None) -> Change:
    unit = new or old
    assert unit is not None  # noqa: S101 - the name is on one side at least
    word = "added" if new else "removed"
    there = f"it has {unit.total}, and the worst loss of a zone leaves {unit.worst}"
    return Change(
        Section.ZONES,
        Effect.CHANGED,
        word,
        name,
        f"{name} is new: {there}" if new else f"{name} is gone",
        "" if new else f"{unit.worst} of {unit.total}",
        f"{unit.worst} of {unit.total}" if new else "",
        unknown=unit.unknown,
    )


def _another(name: str, old: _Unit, new: _Unit, *, voting: bool) -> Iterator[Change]:
    zones = sorted({*old.zones, *new.zones})
    counts = {zone: (old.left(zone), new.left(zone)) for zone in zones}
    if old.total == new.total and all(a == b for a, b in counts.values()):
        return
    worse = new.worst < old.worst or (voting and old.majority and not new.majority)
    better = new.worst > old.worst or (voting and new.majority and not old.majority)
    effect = Effect.WIDENED if worse else Effect.NARROWED if better else Effect.CHANGED
    word = "less is left" if worse else "more is left" if better else "spread anew"
    zone = min(zones, key=lambda z: (counts[z][1], z)) if zones else "any zone"
    majority = ", which is no majority" if voting and not new.majority else ""
    yield Change(
        Section.ZONES,
        effect,
        word,
        name,
        f"the loss of {zone} leaves {new.worst} of {new.total} of {name}{majority};"
        f" the worst loss left {old.worst} of {old.total}",
        f"{old.worst} of {old.total}",
        f"{new.worst} of {new.total}",
        witness={
            "zone": zone,
            "left": new.worst,
            "of": new.total,
            "before": {"left": old.worst, "of": old.total},
        },
    )


# ── which flows go on ───────────────────────────────────────────────────────────────────────────


def flows(worlds: Worlds) -> Iterator[Change]:
    """Declared flows that survive the loss of a zone no longer, or do so now.

    A flow that is not there without any loss, on one side or the other, is told by the flows.
    """
    network = worlds.head.contract.network
    for (source, to), allow in _declared(network.flows if network else ()).items():
        flow = Flow(source, to, allow)
        old, new = (_Surviving(world, flow) for world in (worlds.base, worlds.head))
        if old.whole is Verdict.VIOLATED or new.whole is Verdict.VIOLATED:
            continue
        for zone in sorted({*old.zones, *new.zones}):
            yield from _outlived(flow, zone, old.without(zone), new.without(zone))


def _declared(listed: tuple[Flow, ...]) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for flow in listed:
        ends = flow.source, flow.to
        found[ends] = (*found.get(ends, ()), *flow.allow)
    return found


class _Surviving:
    """One flow on one side, with and without each zone."""

    def __init__(self, world: World, flow: Flow) -> None:
        self._world = world
        self._flow = flow
        self.zones = world.placement.zones

    @property
    def whole(self) -> Verdict:
        """Whether the flow is there when no zone is lost."""
        return self._exists(self._world.network).verdict

    def without(self, zone: str) -> Decision:
        """Whether it is there without `zone`; nothing is lost with a zone that is not in use."""
        return self._exists(_without(self._world.network, zone))

    def _exists(self, facts: NetworkFacts) -> Decision:
        return reach.flow_exists(facts, self._flow, self._world.members)


@lru_cache(maxsize=32)
def _without(facts: NetworkFacts, zone: str) -> NetworkFacts:
    return facts.without_zone(zone)


def _outlived(flow: Flow, zone: str, old: Decision, new: Decision) -> Iterator[Change]:
    if old.verdict is new.verdict:
        return
    subject = f"{flow.source} to {flow.to}"
    if Verdict.UNPROVEN in {old.verdict, new.verdict}:
        open_ = old if old.verdict is Verdict.UNPROVEN else new
        yield Change(
            Section.ZONES,
            Effect.UNDECIDED,
            "perhaps survives no longer",
            subject,
            f"whether {subject} survives the loss of {zone} is not known",
            old.verdict.value,
            new.verdict.value,
            witness={"zone": zone},
            unknown=(open_.evidence.summary,),
        )
        return
    dead = new if new.verdict is Verdict.VIOLATED else old
    dies = dead is new
    yield Change(
        Section.ZONES,
        Effect.WIDENED if dies else Effect.NARROWED,
        "survives no longer" if dies else "survives",
        subject,
        f"{subject} {'no longer survives' if dies else 'survives'} the loss of {zone}:"
        f" {'' if dies else 'before, '}{dead.evidence.summary}",
        "survives" if dies else "dies",
        "dies" if dies else "survives",
        witness={**dead.evidence.witness, "zone": zone},
        blocked_by=tuple(h for h in dead.evidence.hops if not h.permits) if dies else (),
        hops=() if dies else new.evidence.hops,
    )


def ways_out(worlds: Worlds, base: Network, head: Network) -> Iterator[Change]:
    """Hosts that live on and lose their way out with another zone, where no flow declares it."""
    network = worlds.head.contract.network
    told = {(f.source, f.to) for f in (network.flows if network else ())}
    before, after = _stranded(base, worlds.base), _stranded(head, worlds.head)
    for mine, theirs, dies in ((after, before, True), (before, after, False)):
        there = base if dies else head
        for (key, zone), said in sorted(mine.items()):
            seat = (head if dies else base).seats[key]
            goes_out = key in there.seats and there.passing((key, _INTERNET)).surely
            if (key, zone) in theirs or not goes_out or (seat.label, INTERNET) in told:
                continue
            name = name_of(seat.end)
            yield Change(
                Section.ZONES,
                Effect.WIDENED if dies else Effect.NARROWED,
                "survives no longer" if dies else "survives",
                f"{seat.label} to {INTERNET}",
                f"{name} in {said} {'loses' if dies else 'keeps'} its way out with {zone}",
                "survives" if dies else "dies",
                "dies" if dies else "survives",
                witness={"zone": zone, "from": name, "to": INTERNET},
            )


def _stranded(network: Network, world: World) -> Mapping[tuple[tuple[str, ...], str], str]:
    """(host, zone) -> the host's zone, where the loss of that other zone takes its way out."""
    found: dict[tuple[tuple[str, ...], str], str] = {}
    if _INTERNET not in network.seats:
        return found
    internet = network.seats[_INTERNET].end
    leaving = {source for source, to in network.pairs() if to == _INTERNET}
    for key, seat in network.seats.items():
        if not isinstance(seat.end, Host) or key not in leaving:
            continue
        passing = network.passing((key, _INTERNET)).surely
        for zone in world.placement.zones if passing else ():
            facts = _without(world.network, zone)
            subnet = facts.subnet.get(seat.end.interface.subnet)
            if subnet is None or not isinstance(internet, Outside):
                continue
            left = union(w.delivered(wide=False) for w in paths(facts, seat.end, internet))
            if passing - left:
                found[key, zone] = subnet.zone
    return found


# ── what neither side knows ─────────────────────────────────────────────────────────────────────


def unknown_alike(worlds: Worlds) -> Iterator[str]:
    """What is not known of where things live, on both sides."""
    before, after = _units(worlds.base), _units(worlds.head)
    for name in before.keys() & after.keys():
        yield from (why for why in after[name].unknown if why in before[name].unknown)
