"""Nothing sets itself off: no cycle in 'a write here starts that' and 'that may write here'.

Nodes are deliveries, functions and log writers. An edge exists where the key languages meet:
every edge is decided by itself, because what a function writes does not depend, as far as IAM can
tell, on what started it. So a cycle of non-empty edges is a cycle that AWS could show.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TypeAlias

import msgspec

from stackproof.aws.events.facts import (
    ALARM,
    ARRIVAL,
    FUNCTION,
    Delivery,
    EventFacts,
    Function,
    LogWriter,
    literal,
)
from stackproof.contract import Trigger
from stackproof.model import Decision, Evidence, Hop, Verdict
from stackproof.proofs.languages import Language
from stackproof.proofs.recursion.closed import started_by, starts
from stackproof.proofs.recursion.triggers import (
    Allowed,
    Permitted,
    example,
    keys_of,
    not_known,
    of_group,
    split,
)
from stackproof.selection import Members

_REQUESTS = ("s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:ListBucket")
"""Requests that server access logging records; one of each kind is enough."""

Node: TypeAlias = Delivery | Function | LogWriter


class _Step(msgspec.Struct, frozen=True):
    """Why one node sets off the next, with the thing that is written."""

    what: str
    action: str = ""
    resource: str = ""
    key: str | None = None
    urn: str = ""


class _Events:
    """The event graph, its edges decided on demand."""

    def __init__(
        self,
        facts: EventFacts,
        members: Mapping[str, Members],
        writes: Sequence[Trigger],
        allowed: Allowed,
        *,
        assuming: bool,
    ) -> None:
        self.facts = facts
        self.allowed = allowed
        self.assuming = assuming
        """Whether a role that may be assumed counts, whomever it trusts."""
        self._roles: dict[str, tuple[str, ...]] = {}
        self.declared_writes = [
            (of_group(members, declared.source), of_group(members, group), glob)
            for declared in writes
            for group, glob in [split(declared.to)]
        ]

    def nodes(self) -> tuple[Node, ...]:
        known = (d for d in self.facts.deliveries if d.known)
        return (*known, *self.facts.functions.values(), *self.facts.log_writers)

    def after(self, node: Node) -> Iterator[tuple[Node, _Step]]:
        """What `node` may set off, and by what."""
        if isinstance(node, Delivery):
            yield from self._after_delivery(node)
        elif isinstance(node, Function):
            yield from self._after_function(node)
        else:
            yield from self._after_log(node)

    def _after_delivery(self, delivery: Delivery) -> Iterator[tuple[Node, _Step]]:
        target = delivery.target
        arrives = _Step(f"{delivery.via} to {target}", urn=delivery.urn)
        function = self.facts.functions.get(target.urn)
        if function is not None:
            if not function.stopped:
                yield function, arrives
            return
        for following in self.facts.deliveries:
            if following.source.arn == target.arn:
                yield following, arrives

    def _after_function(self, function: Function) -> Iterator[tuple[Node, _Step]]:
        for delivery in self.facts.deliveries:
            if delivery.source == function.place:
                yield delivery, _Step(f"{function.place} ends", urn=delivery.urn)
                continue
            step = self._written(function, delivery)
            if step is not None:
                yield delivery, step
        for other in self.facts.functions.values():
            step = self._invoked(function, other)
            if step is not None and not other.stopped:
                yield other, step
        for log in self.facts.log_writers:
            if log.logged is not None:
                step = self._done(
                    function, _REQUESTS, Language.any_of([log.logged.arn, f"{log.logged.arn}/*"])
                )
                if step is not None:
                    yield log, step

    def _after_log(self, log: LogWriter) -> Iterator[tuple[Node, _Step]]:
        keys = keys_of([f"{literal(log.prefix)}*"])
        wrote = f"AWS writes log objects to {log.bucket}"
        for delivery in self.facts.deliveries:
            common = _logged_keys(log, delivery)
            if not common.is_empty():
                key = example(common, f"{log.prefix}*")
                yield delivery, _Step(wrote, "s3:PutObject", log.bucket.arn, key, log.urn)
        for other in self.facts.log_writers:
            if other.logged == log.bucket:
                key = example(keys, f"{log.prefix}*")
                yield other, _Step(wrote, "s3:PutObject", log.bucket.arn, key, log.urn)

    def _written(self, function: Function, delivery: Delivery) -> _Step | None:
        """How the function's role, or a declared write, may cause the delivery's event."""
        place = delivery.source
        for writers, stores, glob in self.declared_writes:
            if function.place.urn in writers and place.urn in stores:
                common = keys_of([glob]) & keys_of(delivery.keys or ("*",))
                if not common.is_empty():
                    key = example(common, glob, *delivery.keys)
                    what = f"{function.place} writes {key} to {place}, as events.writes says"
                    return _Step(what, "", place.arn, key, function.place.urn)
        if not delivery.keys:
            return self._done(function, delivery.causes, Language.literal(place.arn))
        # An object's ARN is the bucket's, a slash and the key.
        watched = Language.any_of(f"{place.arn}/{glob}" for glob in delivery.keys)
        watched &= Language.glob(f"{place.arn}/?*")
        return self._done(
            function,
            delivery.causes,
            watched,
            [
                f"{place.arn}/{glob.replace('*', ending)}"
                for glob in delivery.keys
                for ending in ("x.jpg", "x", "")
            ],
        )

    def _invoked(self, function: Function, other: Function) -> _Step | None:
        arn = other.place.arn
        named = Language.literal(arn) | Language.glob(f"{arn}:*")
        return self._done(function, ARRIVAL[FUNCTION], named)

    def _done(
        self,
        function: Function,
        actions: Sequence[str],
        where: Language,
        prefer: Sequence[str] = (),
    ) -> _Step | None:
        for role, action in product(self.acting_as(function), actions):
            common = self.allowed(role, action) & where
            shortest = common.witness()
            if shortest is not None:
                resource = common.witness([*prefer, f"{shortest}x.jpg"]) or shortest
                bucket, slash, key = resource.partition("/")
                s3 = action.startswith("s3:") and bool(slash)
                shown = key if s3 else resource
                name = self.facts.names[role]
                return _Step(
                    f"{function.place} may do {action} on {shown}, as role {name}",
                    action,
                    bucket if s3 else resource,
                    key if s3 else None,
                    role,
                )
        return None

    def acting_as(self, function: Function) -> tuple[str, ...]:
        """The function's role, and the roles that it may become by sts:AssumeRole."""
        if not function.role:
            return ()
        if function.role not in self._roles:
            reached, front = [function.role], [function.role] if self.assuming else []
            while front:
                may_become = self.allowed(front.pop(), "sts:AssumeRole")
                fresh = [
                    urn
                    for urn, arn in self.facts.roles.items()
                    if urn not in reached and arn in may_become
                ]
                reached += fresh
                front += fresh
            self._roles[function.role] = tuple(reached)
        return self._roles[function.role]


def cycles(
    facts: EventFacts,
    members: Mapping[str, Members],
    writes: Sequence[Trigger],
    permitted: Permitted,
) -> Decision:
    """Nothing that a trigger starts can set off that trigger again, however indirectly.

    'A write here starts that' and 'that may write here' are edges where their key languages
    meet. What a handler's code does is not looked at: if its role may write a key that starts
    it, that is a cycle. One that rests on a permission which is not known to be granted leaves
    the claim open.

    ## What AWS does

    A function that writes where it is triggered runs until somebody stops it (AWS Lambda
    Developer Guide, "Process Amazon S3 event notifications with Lambda", "Use Lambda recursive
    loop detection to prevent infinite loops"); that detection ends some loops after about
    sixteen rounds, and does not see all.

    ## Fails

    ```python
    aws.iam.RolePolicy(
        "rewrites",
        role=thumbnails_role.name,
        policy=allow("s3:PutObject", "arn:aws:s3:::shop-images/*"),
    )
    ```

    `events.cycles`

    ## Mend

    Let the function write under a prefix, or into a bucket, that starts nothing, and narrow its
    role to that.
    """
    surely, _ = _search(_Events(facts, members, writes, permitted.surely, assuming=False))
    if surely is not None:
        return _violated(facts, surely)
    widest = _Events(facts, members, writes, permitted.at_most, assuming=True)
    perhaps, edges = _search(widest)
    if perhaps is not None:
        return _perhaps(facts, perhaps)
    blind = _blind(facts, edges) or _rewired(widest, edges, permitted)
    if blind is not None:
        return blind
    if facts.not_modelled or permitted.not_modelled:
        return not_known(facts, "set off a trigger", *permitted.not_modelled)
    count = sum(map(len, edges.values()))
    return Decision(
        Verdict.PROVEN,
        Evidence(
            "exhaustive",
            f"{len(edges)} deliveries, functions and log writers set each other off in {count} "
            "ways, and none of these ways leads back",
        ),
    )


Cycle: TypeAlias = list[tuple[Node, _Step]]
Edges: TypeAlias = Mapping[Node, Mapping[Node, _Step]]


def _search(events: _Events) -> tuple[Cycle | None, Edges]:
    """The shortest cycle, and every edge."""
    nodes = events.nodes()
    known = frozenset(nodes)
    edges = {n: {m: step for m, step in events.after(n) if m in known} for n in nodes}
    found = min(
        (c for node in edges if (c := shortest_cycle(edges, node)) is not None),
        key=len,
        default=None,
    )
    return found, edges


def shortest_cycle(edges: Edges, start: Node) -> Cycle | None:
    """The shortest way from `start` back to it, as (node, why it sets off the next one)."""
    came: dict[Node, Node] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for following in edges.get(node, {}):
            if following == start:
                path = [node]
                while path[-1] != start:
                    path.append(came[path[-1]])
                path.reverse()
                onward = [*path[1:], start]
                return [(a, edges[a][b]) for a, b in zip(path, onward, strict=True)]
            if following not in came:
                came[following] = node
                queue.append(following)
    return None


def _logged_keys(log: LogWriter, delivery: Delivery) -> Language:
    """The keys of log objects that cause the delivery's event."""
    if delivery.source != log.bucket or "s3:PutObject" not in delivery.causes:
        return Language.nothing()
    return keys_of([f"{literal(log.prefix)}*"]) & keys_of(delivery.keys)


def _blind(facts: EventFacts, edges: Edges) -> Decision | None:
    """Unproven where a function acts as something that is not in the graph."""
    started_at_all = {node for following in edges.values() for node in following}
    for urn, function in sorted(facts.functions.items()):
        if function in started_at_all and not function.role:
            return Decision(
                Verdict.UNPROVEN,
                Evidence(
                    "unknown",
                    f"{facts.names[urn]} acts as a role that this stack does not declare: what it "
                    "may write is not known",
                ),
                (urn,),
                "Declare the role in this stack.",
            )
    for delivery in facts.deliveries:
        if not delivery.target.urn and starts(facts, delivery.target):
            return Decision(
                Verdict.UNPROVEN,
                Evidence(
                    "unknown",
                    f"{delivery.source} starts {delivery.target}, which this stack does not "
                    "declare: what that writes is not known",
                ),
                (delivery.urn,),
                "Declare the target in this stack, or remove the delivery.",
            )
    started = started_by(facts)
    for delivery in facts.deliveries:
        if facts.types.get(delivery.source.urn) == ALARM and started[delivery]:
            return Decision(
                Verdict.UNPROVEN,
                Evidence(
                    "unknown",
                    f"alarm {delivery.source} starts {started[delivery][0]}; whether what that "
                    "does moves the alarm's metric is not decided",
                ),
                (delivery.urn,),
                "Let alarms tell people only.",
            )
    for log in facts.log_writers:
        notified = [d for d in facts.deliveries if not _logged_keys(log, d).is_empty()]
        if log.logged is None and notified:
            return Decision(
                Verdict.UNPROVEN,
                Evidence(
                    "unknown",
                    f"log objects that AWS writes to {log.bucket} start {notified[0].target}; "
                    "whether its own traffic is logged there is not decided",
                ),
                (log.urn, notified[0].urn),
                "Send these logs to a bucket that starts nothing.",
            )
    return None


def _rewired(events: _Events, edges: Edges, permitted: Permitted) -> Decision | None:
    """Unproven where what a trigger starts may change the triggers: the graph is then not this."""
    started = {node for following in edges.values() for node in following}
    for urn, function in sorted(events.facts.functions.items()):
        for role in events.acting_as(function) if function in started else ():
            action = permitted.rewires(role)
            if action is not None:
                name = events.facts.names[urn]
                what = f"{name} may do {action}, as role {events.facts.names[role]}"
                return Decision(
                    Verdict.UNPROVEN,
                    Evidence("unknown", f"{what}: it could make what sets it off again"),
                    (role, urn),
                    f"Take {action} from {events.facts.names[role]}.",
                )
    return None


def _perhaps(facts: EventFacts, cycle: Cycle) -> Decision:
    steps = [step for _, step in cycle]
    granted = [step for step in steps if step.action and step.urn]
    names = " and ".join(dict.fromkeys(facts.names[s.urn] for s in granted))
    return Decision(
        Verdict.UNPROVEN,
        Evidence(
            "unknown",
            f"what {names} may do is not wholly known, and at most it could set itself off: "
            f"{granted[0].what}",
            hops=tuple(Hop(step.what, urn=step.urn) for step in steps),
        ),
        tuple(dict.fromkeys(s.urn for s in granted)),
        "Write its policies and their conditions as known text.",
    )


def _violated(facts: EventFacts, cycle: Cycle) -> Decision:
    steps = [step for _, step in cycle]
    written = next((s for s in steps if s.key), None)
    through = [str(node.place) for node, _ in cycle if isinstance(node, Function)]
    subject = " and ".join(through) or facts.names[steps[0].urn]
    told = f" by writing {written.key}" if written is not None else ""
    urns = [
        urn
        for node, step in cycle
        for urn in (step.urn, node.place.urn if isinstance(node, Function) else node.urn)
    ]
    blamed = sorted(dict.fromkeys(urns), key=lambda u: u not in {s.urn for s in steps if s.action})
    return Decision(
        Verdict.VIOLATED,
        Evidence(
            "witness",
            f"{subject} can set itself off for ever{told}",
            {
                "key": written.key if written is not None else None,
                "cycle": [
                    {
                        k: v
                        for k, v in (
                            ("step", s.what),
                            ("action", s.action),
                            ("resource", s.resource),
                            ("key", s.key),
                        )
                        if v
                    }
                    for s in steps
                ],
            },
            tuple(Hop(step.what, urn=step.urn) for step in steps),
        ),
        tuple(blamed),
        "Narrow what the function may write, or the trigger's key filter, until no key is in both.",
    )


# ── every way round, for who compares two of these ──────────────────────────────────────────────


class Round(msgspec.Struct, frozen=True):
    """One way in which something sets itself off; `steps` are the same wherever it begins."""

    subject: str
    told: str
    steps: tuple[str, ...]
    witness: dict[str, object]
    hops: tuple[Hop, ...]


def rounds(
    facts: EventFacts,
    members: Mapping[str, Members],
    writes: Sequence[Trigger],
    allowed: Allowed,
    *,
    assuming: bool,
) -> dict[tuple[str, str], Round]:
    """Each step that is on a cycle, by the names of its ends, with the shortest cycle over it."""
    _, edges = _search(_Events(facts, members, writes, allowed, assuming=assuming))
    found: dict[tuple[str, str], Round] = {}
    for node, following in edges.items():
        for then in following:
            cycle = _over(edges, node, then)
            if cycle is not None:
                key = _named(node), _named(then)
                found.setdefault(key, _round(facts, cycle))
    return found


def _over(edges: Edges, node: Node, then: Node) -> Cycle | None:
    """The shortest cycle that goes from `node` straight to `then`."""
    only = {**edges, node: {then: edges[node][then]}}
    return shortest_cycle(only, node)


def _named(node: Node) -> str:
    """The node by what it is and where it leads, which a renamed declaration does not change."""
    if isinstance(node, Function):
        return f"function {node.place.urn}"
    if isinstance(node, LogWriter):
        return f"log objects in {node.bucket.urn or node.bucket.arn} under {node.prefix}"
    ends = (place.urn or place.arn for place in (node.source, node.target))
    return f"delivery {' to '.join(ends)}"


def _round(facts: EventFacts, cycle: Cycle) -> Round:
    evidence = _violated(facts, cycle).evidence
    subject, _, told = evidence.summary.partition(" can set itself off for ever")
    steps = tuple(sorted(_named(node) for node, _ in cycle))
    return Round(subject, told, steps, evidence.witness, evidence.hops)
