"""Permissions gained and lost: every request that is allowed on one side and not on the other.

What a role or a user may do, whom a resource's own policy admits, who may become a role, and what
runs as whom. Policies are compared as languages, so that a statement written in another way, or
moved to another policy, is no change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from stackproof.aws.identity import (
    Document,
    IdentityFacts,
    Principal,
    ResourcePolicy,
    Statement,
    Workload,
)
from stackproof.aws.identity.resource_policies import ENDPOINT
from stackproof.aws.values import readable
from stackproof.compare.difference import Change, Effect, Section
from stackproof.compare.worlds import Worlds
from stackproof.families import World
from stackproof.model import Hop, Resource
from stackproof.proofs.languages import Language, LanguageTooLargeError
from stackproof.proofs.permissions.boxes import ACTION, ASKER, RESOURCE, WHO, Box, subtract
from stackproof.proofs.permissions.claims import sources_of, undecided_of
from stackproof.proofs.permissions.conditions import UNDECIDED
from stackproof.proofs.permissions.letting_in import (
    STRANGER,
    admitted,
    is_public,
    own_root,
    trusting,
)
from stackproof.proofs.permissions.points import point
from stackproof.proofs.permissions.requests import (
    LARGEST,
    LARGEST_DECIDED,
    SMALLEST,
    SMALLEST_DECIDED,
    Doubt,
    Reading,
    allowed,
    doubts,
    doubts_of,
)
from stackproof.proofs.permissions.witnesses import (
    action_of,
    circumstances,
    first,
    request,
    shown,
)

Read = Callable[[Reading], list[Box]]
"""The requests that are possible, read in one way."""


def _nothing(_: Reading) -> list[Box]:
    return []


class Policies:
    """One side: its principals and policies by URN, and its statements by (URN, label)."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.facts: IdentityFacts = world.identity
        self.principals = {p.urn: p for p in self.facts.principals}
        through = [e.as_resource_policy() for e in self.facts.endpoints]
        self.policies = {p.urn: p for p in (*self.facts.resource_policies, *through)}
        self.workloads = {w.urn: w for w in self.facts.workloads}
        self.resources: Mapping[str, Resource] = self.facts.values.resources
        self.statements: dict[tuple[str, str], Statement] = {
            (document.urn, statement.label): statement
            for document in self._documents()
            for statement in document.statements
        }
        self._allowed: dict[tuple[str, Reading], list[Box]] = {}

    def _documents(self) -> Iterator[Document]:
        for principal in self.principals.values():
            yield from (a.document for a in principal.policies)
            yield from (d for d in (principal.boundary, principal.trust) if d is not None)
        for policy in self.policies.values():
            yield from policy.documents

    def label(self, urn: str) -> str:
        """A principal of the contract, a group, or the resource's own name."""
        identity = self.world.contract.identity
        for name, declared in sorted(identity.principals.items()) if identity else ():
            group = self.world.members.get(declared.role)
            if group is not None and urn in {r.urn for r in group.resources}:
                return name
        groups = sorted(
            name
            for name, chosen in self.world.members.items()
            if urn in {r.urn for r in chosen.resources}
        )
        return " and ".join(groups) or self.resources[urn].name

    def may(self, urn: str) -> Read:
        """What a principal may do; nothing when it is not there. Who it is is left out of it."""
        principal = self.principals.get(urn)
        if principal is None:
            return _nothing

        def read(reading: Reading) -> list[Box]:
            key = urn, reading
            if key not in self._allowed:
                found = allowed(self.facts, principal, reading)
                self._allowed[key] = [box.without(ASKER) for box in found]
            return self._allowed[key]

        return read

    def becoming(self, urn: str) -> Read:
        """Who may become a role."""
        principal = self.principals.get(urn)
        if principal is None:
            return _nothing
        return lambda reading: [b.without((RESOURCE,)) for b in trusting(principal, reading)]

    def admitting(self, urn: str) -> Read:
        """Whom a resource's own policies admit, but for the stack's own principals.

        What these may do counts every policy that speaks of them.
        """
        policy = self.policies.get(urn)
        if policy is None:
            return _nothing
        own = own_root(self.facts)
        for principal in self.principals.values():
            own |= Language.literal(f"AWS:{principal.arn}")

        def read(reading: Reading) -> list[Box]:
            boxes = admitted(self.facts, policy, reading)
            return boxes if policy.type == ENDPOINT else subtract(boxes, [Box({WHO: own})])

        return read

    def hops(self, boxes: Iterable[Box]) -> tuple[Hop, ...]:
        """The statements that made the boxes, with their lines."""
        return tuple(
            self.hop(f"{self._name(urn)}: {label} permits it", urn, permits=True)
            for urn, label in sources_of(boxes)
        )

    def hop(self, what: str, urn: str, *, permits: bool) -> Hop:
        """One step, with its line."""
        resource = self.resources.get(urn)
        return Hop(what, permits, urn, resource.location if resource is not None else None)

    def _name(self, urn: str) -> str:
        return self.resources[urn].name if urn in self.resources else readable(urn)


@dataclass(frozen=True)
class _Part:
    """Requests of one statement that are possible on the one side and not on the other."""

    boxes: list[Box]
    gained: bool
    sure: bool


def changes(worlds: Worlds, base: Policies, head: Policies) -> Iterator[Change]:
    """What principals, strangers and workloads gained and lost."""
    everybody = _Everybody(base, head)
    for urn in sorted({*base.principals, *head.principals}):
        yield from _contained(base, head, urn, partial(_of_principal, everybody))
        yield from _contained(base, head, urn, _of_trust)
    for urn in sorted({*base.policies, *head.policies}):
        yield from _contained(base, head, urn, _of_resource)
    for urn in sorted({*base.workloads, *head.workloads}):
        yield from _of_workload(worlds, base, head, urn)


def _contained(
    base: Policies,
    head: Policies,
    urn: str,
    compare: Callable[[Policies, Policies, str], Iterator[Change]],
) -> Iterator[Change]:
    """The changes of one resource; undecided where its globs are more than can be decided."""
    try:
        yield from list(compare(base, head, urn))
    except LanguageTooLargeError as error:
        name = (head if urn in head.resources else base).label(urn)
        yield Change(
            Section.PERMISSIONS,
            Effect.UNDECIDED,
            "perhaps gained",
            name,
            f"whether {name} gained or lost anything takes too long to decide",
            unknown=(str(error),),
        )


def _parts(before: Read, after: Read) -> Iterator[_Part]:
    """Everything gained and lost, by the statement that permits it."""
    for mine, theirs, gained in ((after, before, True), (before, after, False)):
        sure = subtract(mine(SMALLEST_DECIDED), theirs(LARGEST_DECIDED))
        yield from (_Part(b, gained, sure=True) for b in _by_statement(sure))
        perhaps = [
            *subtract(mine(LARGEST), theirs(LARGEST)),
            *subtract(mine(SMALLEST), theirs(SMALLEST)),
        ]
        rest = subtract(perhaps, sure)
        yield from (_Part(b, gained, sure=False) for b in _by_statement(rest))


def _by_statement(boxes: Iterable[Box]) -> list[list[Box]]:
    found: dict[tuple[tuple[str, str], ...], list[Box]] = {}
    for box in boxes:
        found.setdefault(box.sources[:1], []).append(box)
    return list(found.values())


# ── what principals may do ──────────────────────────────────────────────────────────────────────


class _Everybody:
    """What anybody gained or lost: told once, and not again of each principal."""

    def __init__(self, base: Policies, head: Policies) -> None:
        self._boxes: dict[bool, list[Box]] = {True: [], False: []}
        for urn in {*base.policies, *head.policies}:
            side = head if urn in head.policies else base
            if side.policies[urn].type == ENDPOINT:
                continue
            for part in _parts(base.admitting(urn), head.admitting(urn)):
                public = [b.without((WHO, *ASKER)) for b in part.boxes if is_public(b)]
                self._boxes[part.gained] += public

    def besides(self, part: _Part) -> _Part | None:
        """What of `part` not everybody gained or lost; None when that is nothing."""
        left = subtract(part.boxes, self._boxes[part.gained])
        return _Part(left, part.gained, part.sure) if left else None


def _of_principal(
    everybody: _Everybody, base: Policies, head: Policies, urn: str
) -> Iterator[Change]:
    for whole in _parts(base.may(urn), head.may(urn)):
        part = everybody.besides(whole)
        if part is None:
            continue
        here, there = (head, base) if part.gained else (base, head)
        principal = here.principals[urn]
        made = request(first(part.boxes))
        what = f"{_scope(here, part.boxes)}{circumstances(first(part.boxes))}"
        name = here.label(urn)
        yield _change(
            part,
            name,
            f"{name} may {'' if part.sure else 'perhaps '}{what}"
            if part.gained
            else f"{name} may {'no longer' if part.sure else 'perhaps no longer'} {what}",
            shown(made, principal.arn),
            here,
            _refused(there, urn, made),
            _open(base, head, urn),
        )


def _open(base: Policies, head: Policies, urn: str) -> list[Doubt]:
    """What is not known of a principal on either side."""
    held = ((side.facts, side.principals.get(urn)) for side in (head, base))
    return [doubt for facts, p in held if p is not None for doubt in doubts(facts, p)]


def _refused(there: Policies, urn: str, made: Mapping[str, str]) -> tuple[Hop, ...]:
    """What stands against the same request on the other side."""
    principal = there.principals.get(urn)
    if principal is None:
        return (Hop("the role or user is not there", permits=False),)
    answer = point(there.facts, principal, made)
    if answer.denied:
        return tuple(
            there.hop(f"{label} denies it", owner, permits=False) for owner, label in answer.denied
        )
    what = "a boundary or a key's policy does not permit it" if answer.allowed else ""
    what = what or f"no statement of {principal.name}'s policies permits it"
    return (there.hop(what, urn, permits=False),)


def _change(  # noqa: PLR0913, PLR0917 - a change has these parts
    part: _Part,
    subject: str,
    what: str,
    witness: dict[str, object],
    here: Policies,
    blocked_by: tuple[Hop, ...],
    open_: Iterable[Doubt],
) -> Change:
    word = "gained" if part.gained else "lost"
    effect = Effect.WIDENED if part.gained else Effect.NARROWED
    unknown = [d.why for d in open_]
    unknown += [readable(u.removeprefix(UNDECIDED)) for u in undecided_of(part.boxes)]
    return Change(
        Section.PERMISSIONS,
        effect if part.sure else Effect.UNDECIDED,
        word if part.sure else f"perhaps {word}",
        subject,
        what,
        witness=witness,
        hops=here.hops(part.boxes),
        blocked_by=blocked_by,
        side="head" if part.gained else "base",
        unknown=() if part.sure else tuple(dict.fromkeys(unknown)),
    )


def _scope(here: Policies, boxes: list[Box]) -> str:
    """`s3:PutObject on arn:aws:s3:::images/orig/*`: as the statement says it, where it is all."""
    box = first(boxes)
    made = request(box)
    one = f"{made[ACTION]} on {readable(made[RESOURCE])}"
    statement = here.statements.get(box.sources[0]) if box.sources else None
    if statement is None or statement.actions.negated or len(boxes) > 1:
        return one
    if statement.resources is None or statement.resources.negated:
        return one
    globs = [p.text for p in statement.resources.patterns if p.exact and "${" not in p.text]
    where = [g for g in globs if Language.glob(g).issubset(box.side(RESOURCE))]
    actions = [p.text for p in statement.actions.patterns if p.exact]
    which = [a for a in actions if Language.glob(a).issubset(box.side(ACTION))]
    if not where or not which:
        some = [g for g in globs if Language.glob(g).overlaps(box.side(RESOURCE))]
        return f"{one}, one of {', '.join(map(readable, some))}" if some else one
    named = [action_of(Language.literal(a)) if "*" not in a else a for a in which]
    return f"{', '.join(named)} on {', '.join(map(readable, where))}"


# ── who is let in ───────────────────────────────────────────────────────────────────────────────


def _who(box: Box) -> str:
    if is_public(box):
        return "anybody"
    name = request(box).get(WHO, "")
    return "any AWS account" if name == STRANGER else readable(name.partition(":")[2])


def _of_trust(base: Policies, head: Policies, urn: str) -> Iterator[Change]:
    for part in _parts(base.becoming(urn), head.becoming(urn)):
        here, there = (head, base) if part.gained else (base, head)
        role = here.principals[urn]
        box = first(part.boxes)
        who, name = _who(box), here.label(urn)
        may = "may" if part.gained else "may no longer"
        witness = {**shown({**request(box), RESOURCE: role.arn}, who), "principal": who}
        yield _change(
            part,
            who,
            f"{who} {'' if part.sure else 'perhaps '}{may} assume {name}{circumstances(box)}",
            witness,
            here,
            (there.hop(f"the trust policy of {name} does not admit it", urn, permits=False),),
            [d for side in (head, base) for d in _doubts_of_trust(side.principals.get(urn))],
        )
        if part.gained and is_public(box):
            yield _exposed(part, name, f"anybody may assume {name}", witness, here)


def _doubts_of_trust(role: Principal | None) -> tuple[Doubt, ...]:
    return () if role is None or role.trust is None else doubts_of(role.trust)


def _of_resource(base: Policies, head: Policies, urn: str) -> Iterator[Change]:
    for part in _parts(base.admitting(urn), head.admitting(urn)):
        here, there = (head, base) if part.gained else (base, head)
        box = first(part.boxes)
        made = request(box)
        who, name = _who(box), here.label(urn)
        through = here.policies[urn].type == ENDPOINT
        may = "may" if part.gained else "may no longer"
        do = f"pass {name} with" if through else "do"
        what = f"{_scope(here, part.boxes)}{circumstances(box)}"
        said = f"{who} {'' if part.sure else 'perhaps '}{may} {do} {what}"
        said = said.replace(" do ", " ", 1)
        yield _change(
            part,
            who,
            said,
            shown(made, who),
            here,
            (there.hop(f"no policy of {name} admits it", urn, permits=False),),
            [d for side in (head, base) for d in _doubts_of_policy(side.policies.get(urn))],
        )
        if not through and is_public(box):
            yield _exposed(part, name, said, shown(made, who), here)


def _doubts_of_policy(policy: ResourcePolicy | None) -> list[Doubt]:
    if policy is None:
        return []
    of_documents = [d for document in policy.documents for d in doubts_of(document)]
    return [*(Doubt(policy.urn, why) for why in policy.doubts), *of_documents]


def _exposed(
    part: _Part, name: str, what: str, witness: dict[str, object], here: Policies
) -> Change:
    word = "exposed" if part.gained else "hidden"
    effect = Effect.WIDENED if part.gained else Effect.NARROWED
    return Change(
        Section.EXPOSURE,
        effect if part.sure else Effect.UNDECIDED,
        word if part.sure else f"perhaps {word}",
        name,
        what,
        witness=witness,
        hops=here.hops(part.boxes),
        side="head" if part.gained else "base",
    )


# ── what runs as whom ───────────────────────────────────────────────────────────────────────────


def _of_workload(worlds: Worlds, base: Policies, head: Policies, urn: str) -> Iterator[Change]:
    before, after = base.workloads.get(urn), head.workloads.get(urn)
    roles = [_roles(side, w) for side, w in ((base, before), (head, after))]
    open_ = [tuple(r.doubt for r in w.runs if r.doubt) if w else () for w in (before, after)]
    side = head if after is not None else base
    name = side.label(urn)
    said = [", ".join(names) or "no role" for names in roles]
    if after is not None and (open_[0] != open_[1] or (open_[0] and not worlds.unchanged(urn))):
        yield Change(
            Section.PERMISSIONS,
            Effect.UNDECIDED,
            "perhaps runs as another",
            name,
            f"as which role {name} runs is not known",
            before=said[0],
            after=said[1],
            unknown=tuple(dict.fromkeys((*open_[0], *open_[1]))),
        )
        return
    if roles[0] == roles[1]:
        return
    gained = _more(head, after, base, before)
    lost = _more(base, before, head, after)
    effect = Effect.WIDENED if gained else Effect.NARROWED if lost else Effect.CHANGED
    yield Change(
        Section.PERMISSIONS,
        effect,
        "runs as another",
        name,
        f"{name} runs as {said[1]}" + (f", no longer as {said[0]}" if roles[0] else ""),
        before=said[0],
        after=said[1],
        witness={"workload": name, "before": said[0], "after": said[1]},
        hops=(side.hop(f"{name} runs as {said[1]}", urn, permits=True),),
    )


def _roles(side: Policies, workload: Workload | None) -> tuple[str, ...]:
    if workload is None:
        return ()
    found = {side.label(run.role) if run.role else run.elsewhere for run in workload.runs}
    return tuple(sorted(found - {""}))


def _more(here: Policies, mine: Workload | None, there: Policies, theirs: Workload | None) -> bool:
    """Whether the one may do anything that the other may not, or acts out of sight."""
    if mine is None:
        return False
    if any(run.elsewhere for run in mine.runs):
        return True
    others = [
        box for run in (theirs.runs if theirs else ()) for box in there.may(run.role)(LARGEST)
    ]
    return any(subtract(here.may(run.role)(LARGEST), others) for run in mine.runs)


# ── what neither side knows ─────────────────────────────────────────────────────────────────────


def unknown_alike(base: Policies, head: Policies) -> Iterator[str]:
    """What is not known of the same policies on both sides."""
    for urn in base.principals.keys() & head.principals.keys():
        mine, theirs = (
            {d.why for d in doubts(side.facts, side.principals[urn])} for side in (head, base)
        )
        trust = {d.why for d in _doubts_of_trust(head.principals[urn])}
        yield from mine & theirs
        yield from trust & {d.why for d in _doubts_of_trust(base.principals[urn])}
    for urn in base.policies.keys() & head.policies.keys():
        mine = {d.why for d in _doubts_of_policy(head.policies[urn])}
        yield from mine & {d.why for d in _doubts_of_policy(base.policies[urn])}
    for urn in base.workloads.keys() & head.workloads.keys():
        mine = {r.doubt for r in head.workloads[urn].runs if r.doubt}
        yield from mine & {r.doubt for r in base.workloads[urn].runs}
