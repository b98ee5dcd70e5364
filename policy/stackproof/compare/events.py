"""Triggers that are there now and were not, or no longer; and what can set itself off for ever."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from stackproof.aws.events.facts import CREATED, Delivery, EventFacts
from stackproof.compare.difference import Change, Effect, Section
from stackproof.families import World
from stackproof.model import Hop
from stackproof.proofs import permissions
from stackproof.proofs.languages import Language
from stackproof.proofs.recursion.cycles import Round, rounds
from stackproof.proofs.recursion.triggers import Permitted, example, keys_of

_ANY_CREATED = "s3:ObjectCreated:*"


class Events:
    """The deliveries of one side: (source, target) -> event -> keys, surely and at most."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.facts: EventFacts = world.events
        self.surely: dict[tuple[str, str], dict[str, Language]] = {}
        self.at_most: dict[tuple[str, str], dict[str, Language]] = {}
        self.by_ends: dict[tuple[str, str], list[Delivery]] = {}
        for delivery in self.facts.deliveries:
            ends = (
                _place(delivery.source.urn, delivery.source.arn),
                _place(delivery.target.urn, delivery.target.arn),
            )
            self.by_ends.setdefault(ends, []).append(delivery)
            keys = keys_of(delivery.keys) if delivery.keys else Language.everything()
            most = keys if delivery.known else Language.everything()
            for event in _events(delivery):
                _add(self.at_most.setdefault(ends, {}), event, most)
                if delivery.exact and delivery.known:
                    _add(self.surely.setdefault(ends, {}), event, keys)

    def name(self, place: str) -> str:
        """A group of the contract, or the resource's own name, or an ARN."""
        groups = sorted(
            name
            for name, chosen in self.world.members.items()
            if place in {r.urn for r in chosen.resources}
        )
        return " and ".join(groups) or self.facts.names.get(place, place)

    def rounds(self, *, surely: bool) -> dict[tuple[str, str], Round]:
        """Everything that can set itself off, step by step."""
        events = self.world.contract.events
        permitted = _permitted(self.world)
        return rounds(
            self.facts,
            self.world.members,
            events.writes if events else (),
            permitted.surely if surely else permitted.at_most,
            assuming=not surely,
        )


def _place(urn: str, arn: str) -> str:
    return urn or arn


def _permitted(world: World) -> Permitted:
    return Permitted(
        at_most=partial(permissions.resources_allowed, world.identity),
        surely=partial(permissions.resources_surely_allowed, world.identity),
    )


def _events(delivery: Delivery) -> Iterator[str]:
    for event in delivery.events or ("",):
        if event == _ANY_CREATED:
            yield from (f"s3:ObjectCreated:{way}" for way in CREATED)
        else:
            yield event


def _add(found: dict[str, Language], event: str, keys: Language) -> None:
    found[event] = found[event] | keys if event in found else keys


# ── triggers ────────────────────────────────────────────────────────────────────────────────────


def changes(base: Events, head: Events) -> Iterator[Change]:
    """Triggers, and then cycles."""
    yield from _more(head, base, started=True)
    yield from _more(base, head, started=False)
    yield from _cycles(base, head)


def _more(here: Events, there: Events, *, started: bool) -> Iterator[Change]:
    for ends, by_event in sorted(here.at_most.items()):
        sure: dict[str, Language] = {}
        perhaps: dict[str, Language] = {}
        for event, most in by_event.items():
            mine = here.surely.get(ends, {}).get(event, Language.nothing())
            their_most = there.at_most.get(ends, {}).get(event, Language.nothing())
            theirs = there.surely.get(ends, {}).get(event, Language.nothing())
            certain = mine - their_most
            if not certain.is_empty():
                sure[event] = certain
            open_ = ((most - their_most) | (mine - theirs)) - certain
            if not open_.is_empty():
                perhaps[event] = open_
        for found, is_sure in ((sure, True), (perhaps, False)):
            if found:
                yield _change(here, ends, found, started=started, sure=is_sure)


def _change(
    here: Events,
    ends: tuple[str, str],
    found: dict[str, Language],
    *,
    started: bool,
    sure: bool,
) -> Change:
    source, target = (here.name(place) for place in ends)
    deliveries = here.by_ends[ends]
    event, keys = min(found.items())
    globs = [g for d in deliveries for g in d.keys]
    key = example(keys, *globs) if globs else None
    what = f"writing {key} to {source}" if key else f"what arrives at {source}"
    starts = "starts" if started else "no longer starts"
    effect = Effect.WIDENED if started else Effect.NARROWED
    word = "starts" if started else "starts no longer"
    witness: dict[str, object] = {"source": source, "starts": target}
    witness |= {"key": key} if key else {}
    witness |= {"events": sorted(found)} if event else {}
    return Change(
        Section.TRIGGERS,
        effect if sure else Effect.UNDECIDED,
        word if sure else f"perhaps {word}",
        f"{source} to {target}",
        f"{what} {'' if sure else 'perhaps '}{starts} {target}",
        witness=witness,
        hops=tuple(
            Hop(f"{d.via} {here.facts.names.get(d.urn, d.urn)}", urn=d.urn) for d in deliveries
        ),
        side="head" if started else "base",
        unknown=()
        if sure
        else tuple(
            f"the events or key filter of {here.facts.names.get(d.urn, d.urn)}"
            for d in deliveries
            if not (d.exact and d.known)
        ),
    )


# ── cycles ──────────────────────────────────────────────────────────────────────────────────────


def _cycles(base: Events, head: Events) -> Iterator[Change]:
    old, new = base.rounds(surely=True), head.rounds(surely=True)
    old_most, new_most = base.rounds(surely=False), head.rounds(surely=False)
    yield from _turning(new, old_most, Effect.WIDENED, "sets itself off")
    yield from _turning(old, new_most, Effect.NARROWED, "ends")
    told = {*(new.keys() - old_most.keys()), *(old.keys() - new_most.keys())}
    perhaps = (new_most.keys() - old_most.keys()) | (new.keys() - old.keys())
    perhaps |= (old_most.keys() - new_most.keys()) | (old.keys() - new.keys())
    open_ = {k: {**old_most, **new_most}[k] for k in perhaps - told}
    yield from _turning(open_, {}, Effect.UNDECIDED, "perhaps sets itself off")


def _turning(
    mine: dict[tuple[str, str], Round],
    theirs: dict[tuple[str, str], Round],
    effect: Effect,
    word: str,
) -> Iterator[Change]:
    """One change for each way round, however many of its steps are new."""
    ways = {tuple(sorted(r.steps)): r for k, r in sorted(mine.items()) if k not in theirs}
    for way in ways.values():
        can = "can no longer" if effect is Effect.NARROWED else "can"
        can = "can perhaps" if effect is Effect.UNDECIDED else can
        yield Change(
            Section.TRIGGERS,
            effect,
            word,
            way.subject,
            f"{way.subject} {can} set itself off for ever{way.told}",
            witness=way.witness,
            hops=way.hops,
            side="base" if effect is Effect.NARROWED else "head",
            unknown=("what its role may do is not wholly known",)
            if effect is Effect.UNDECIDED
            else (),
        )


# ── what neither side knows ─────────────────────────────────────────────────────────────────────


def unknown_alike(base: Events, head: Events) -> Iterator[str]:
    """Deliveries whose keys or events are not known on either side."""
    for ends in base.by_ends.keys() & head.by_ends.keys():
        open_ = [d for d in head.by_ends[ends] if not (d.exact and d.known)]
        if open_ and any(not (d.exact and d.known) for d in base.by_ends[ends]):
            name = head.facts.names.get(open_[0].urn, open_[0].urn)
            yield f"the events or key filter of {name}"
