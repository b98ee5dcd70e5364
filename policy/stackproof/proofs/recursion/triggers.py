"""A declared trigger exists: a delivery covers its keys, and the function admits the service."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from stackproof.aws.events.facts import CREATED, Delivery, EventFacts, Permission, Place
from stackproof.contract import Trigger
from stackproof.model import Decision, Evidence, Hop, NotModelled, Verdict
from stackproof.proofs.languages import Language
from stackproof.selection import Members

Allowed: TypeAlias = Callable[[str, str], Language]
"""URN of a role, IAM action -> ARNs on which the role may do it."""


def _nothing(_role: str) -> str | None:
    return None


class Permitted(NamedTuple):
    """What roles may do, in both bounds (verdict rule 7), and what identity could not read."""

    at_most: Allowed
    surely: Allowed
    not_modelled: tuple[NotModelled, ...] = ()
    rewires: Callable[[str], str | None] = _nothing
    """URN of a role -> an action by which it may perhaps change what starts what."""


_KEYS = Language.glob("?*")
"""Every object key; S3 has no empty key."""


def trigger_id(declared: Trigger) -> str:
    """`events.trigger.images-orig-to-thumbnailer` for `images/orig/*` to `thumbnailer`."""
    source, to = (
        re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
        for text in (declared.source, declared.to)
    )
    return f"events.trigger.{source}-to-{to}"


def split(source: str) -> tuple[str, str]:
    """The group and the key glob of a trigger's source; a group alone means every key."""
    group, _, keys = source.partition("/")
    return group, keys or "*"


def keys_of(globs: Iterable[str]) -> Language:
    """The object keys that one of the globs matches."""
    return Language.any_of(globs) & _KEYS


def example(keys: Language, *globs: str) -> str | None:
    """A key that a person can read: of `orig/*` it is `orig/x.jpg`."""
    spelled = [g.replace("*", ending) for g in globs for ending in ("x.jpg", "x", "")]
    shortest = keys.witness()
    return keys.witness([*spelled, f"{shortest}x.jpg", f"{shortest}x"])


def of_group(members: Mapping[str, Members], group: str) -> frozenset[str]:
    """URNs of a group; empty for a group that is not of resources."""
    found = members.get(group)
    return frozenset() if found is None else frozenset(r.urn for r in found.resources)


def trigger(
    facts: EventFacts, members: Mapping[str, Members], declared: Trigger, permitted: Permitted
) -> Decision:
    """Writing what the contract names starts the function that it names.

    Notification, filter and permission must agree, for every key of the source. Decided on the
    smallest behaviour.

    ## What AWS does

    Filters compare the beginning and the end of the key, which arrives URL-encoded (Amazon S3
    User Guide, "Configuring event notifications using object key name filtering"). The
    function's own policy must admit S3 for that bucket (AWS Lambda Developer Guide, "Granting
    Lambda function access to AWS services").

    ## Fails

    The contract's prefix is not the notification's.

    ```yaml
    events:
      triggers:
        - {from: "images/uploads/*", to: thumbnails}
    ```

    `events.trigger.images-uploads-to-thumbnails`

    ## Mend

    Let the notification's filter cover the keys, and the permission name the bucket.
    """
    group, glob = split(declared.source)
    sources, targets = of_group(members, group), of_group(members, declared.to)
    if not sources or not targets:
        empty = group if not sources else declared.to
        return Decision(
            Verdict.UNPROVEN,
            Evidence("unknown", f"group '{empty}' has no resources that could send or get events"),
            mend=f"Point the trigger at groups of resources: '{empty}' selects none.",
        )
    hops: list[Hop] = []
    resources: list[str] = []
    for source in sorted(sources):
        for target in sorted(targets):
            decision = _pair(facts, source, target, glob, permitted)
            if decision.verdict is not Verdict.PROVEN:
                return decision
            hops += decision.evidence.hops
            resources += decision.resources
    return Decision(
        Verdict.PROVEN,
        Evidence(
            "permitted",
            f"every write of {declared.source} is delivered to {declared.to}, which admits it",
            hops=tuple(hops),
        ),
        tuple(dict.fromkeys(resources)),
    )


def _pair(facts: EventFacts, source: str, target: str, glob: str, permitted: Permitted) -> Decision:
    direct = [d for d in facts.deliveries if d.source.urn == source and d.target.urn == target]
    names = facts.names
    if not direct:
        if target in _reached(facts, source):
            return _unproven(
                f"{names[source]} reaches {names[target]} through a queue, a topic or a rule; "
                "whether each of them admits the other is not decided",
                (source, target),
                f"Let {names[source]} start {names[target]} directly, or declare each step.",
            )
        if facts.not_modelled:
            return not_known(facts, f"let {names[source]} start {names[target]}")
        return Decision(
            Verdict.VIOLATED,
            Evidence(
                "witness",
                f"nothing delivers events of {names[source]} to {names[target]}",
                _written(facts, source, example(keys_of([glob]), glob)),
            ),
            (source, target),
            f"Declare a notification of {names[source]} that names {names[target]}.",
        )
    configurations = facts.notifications.get(source, ())
    if len(configurations) > 1:
        return _unproven(
            f"{names[source]} has {len(configurations)} BucketNotifications and S3 keeps one: "
            "which one is in force is not known",
            (*configurations, source),
            "Merge them into one BucketNotification.",
        )
    missing = _missing(facts, direct, source, glob) if configurations else None
    return missing or _admitted(facts, direct[0], target, permitted)


def _reached(facts: EventFacts, source: str) -> set[str]:
    reached, front = set[str](), [source]
    while front:
        here = front.pop()
        for delivery in facts.deliveries:
            if delivery.source.urn == here and delivery.target.urn not in reached:
                reached.add(delivery.target.urn)
                front.append(delivery.target.urn)
    return reached


def _missing(facts: EventFacts, direct: list[Delivery], source: str, glob: str) -> Decision | None:
    """The decision for a key, or a way of writing one, that is not delivered."""
    wanted = keys_of([glob])
    for way in CREATED:
        able = [
            d for d in direct if {"s3:ObjectCreated:*", f"s3:ObjectCreated:{way}"} & {*d.events}
        ]
        surely = keys_of([g for d in able if d.exact for g in d.keys])
        perhaps = keys_of([g for d in able for g in d.keys])
        key = example(wanted - surely, glob)
        if key is None:
            continue
        urns = (*(d.urn for d in direct), source)
        if key in perhaps:
            return _unproven(
                f"whether key {key} is delivered rests on a key filter that is not known",
                urns,
                "Write the filter as known text.",
            )
        return Decision(
            Verdict.VIOLATED,
            Evidence(
                "witness",
                f"writing {key} to {facts.names[source]} ({way}) starts nothing",
                {**_written(facts, source, key), "created_by": way},
                _hops(direct, permits=False),
            ),
            urns,
            f"Let the notification's events be s3:ObjectCreated:* and its filter cover {glob}.",
        )
    return None


def _admitted(facts: EventFacts, delivery: Delivery, target: str, permitted: Permitted) -> Decision:
    names = facts.names
    function = facts.functions.get(target)
    if function is None:
        return _unproven(
            f"whether the policy of {names[target]} admits {delivery.source} is not decided here",
            (delivery.urn, target),
            f"Claim it under identity.resources for the group of {names[target]}.",
        )
    if function.stopped:
        return Decision(
            Verdict.VIOLATED,
            Evidence(
                "witness",
                f"{names[target]} has a reserved concurrency of 0: it never runs",
                {"function": names[target], "reservedConcurrentExecutions": 0},
            ),
            (target, delivery.urn),
            "Raise the reserved concurrency, or leave it out.",
        )
    if not delivery.invoked_as:
        return _polled(facts, delivery, function.role, permitted)
    request: dict[str, object] = {
        "principal": delivery.invoked_as,
        "action": "lambda:InvokeFunction",
        "function": names[target],
        "aws:SourceArn": delivery.source.arn,
    }
    answers = [(p, admits(facts.account, p, delivery)) for p in _statements(facts, target)]
    for permission, answer in answers:
        if answer:
            hop = Hop(f"{names[target]} admits {delivery.invoked_as}", urn=permission.urn)
            return Decision(
                Verdict.PROVEN,
                Evidence("permitted", hop.what, hops=(*_hops([delivery]), hop)),
                (delivery.urn, permission.urn, target),
            )
    undecided = [p.urn for p, answer in answers if answer is None]
    if undecided:
        return _unproven(
            f"whether {names[undecided[0]]} admits {delivery.invoked_as} rests on an unknown value",
            (*undecided, target),
            "Write its action, principal, source ARN and source account as known text.",
        )
    return Decision(
        Verdict.VIOLATED,
        Evidence(
            "witness",
            f"{names[target]} refuses {delivery.invoked_as} on behalf of {delivery.source}",
            request,
            (
                *_hops([delivery]),
                *(
                    Hop("this statement is for another caller", permits=False, urn=p.urn)
                    for p, _ in answers
                ),
            ),
        ),
        (target, delivery.urn, *(p.urn for p, _ in answers)),
        f"Declare an aws.lambda_.Permission on {names[target]} for {delivery.invoked_as} with "
        f"the ARN of {delivery.source} as source_arn.",
    )


def _statements(facts: EventFacts, function: str) -> Iterator[Permission]:
    """The statements of the function's policy, and those of who knows which function's."""
    for permission in facts.permissions:
        if permission.function in {function, None}:
            yield permission


def _polled(facts: EventFacts, delivery: Delivery, role: str, permitted: Permitted) -> Decision:
    """A mapping polls its source as the function's role."""
    names = facts.names
    receive = {"sqs": "sqs:ReceiveMessage", "kinesis": "kinesis:GetRecords"}.get(
        delivery.source.arn.split(":")[2], "dynamodb:GetRecords"
    )
    source = Language.literal(delivery.source.arn) | Language.glob(f"{delivery.source.arn}/*")
    if role and not permitted.at_most(role, receive).overlaps(source):
        return Decision(
            Verdict.VIOLATED,
            Evidence(
                "witness",
                f"the role of {names[delivery.target.urn]} may not receive from {delivery.source}",
                {"principal": names[role], "action": receive, "resource": delivery.source.arn},
                _hops([delivery]),
            ),
            (role, delivery.urn, delivery.target.urn),
            f"Allow {receive} on {delivery.source} to {names[role]}.",
        )
    return _unproven(
        f"whether the role of {names[delivery.target.urn]} may receive from {delivery.source} "
        "under every condition is not decided here",
        (delivery.urn, delivery.target.urn),
        f"Claim {receive} under identity.principals for that role.",
    )


def admits(account: str | None, permission: Permission, delivery: Delivery) -> bool | None:
    """Whether a statement of the function's policy admits the delivery; None: not known.

    (AWS Lambda Developer Guide, "Granting Lambda access to AWS services": the source ARN is
    compared with ArnLike, the account with StringEquals; "Using versions and aliases in permissions
    policy": a call by the ARN of an alias is admitted by the alias's own policy.)
    """
    if (
        permission.action not in {"lambda:InvokeFunction", "lambda:*", "*", None}
        or permission.principal not in {delivery.invoked_as, "*", None}
        or (delivery.qualified and not permission.qualified)
    ):
        return False
    if permission.source_arn and delivery.source.arn not in Language.glob(permission.source_arn):
        return False
    if permission.source_account and account not in {permission.source_account, None}:
        return False
    # Which alias or version a qualified statement is for is not compared.
    unknown = permission.qualified or permission.conditional
    unknown |= None in {
        permission.function,
        permission.action,
        permission.principal,
        permission.source_arn,
        permission.source_account,
    }
    if unknown or (permission.source_account and account is None):
        return None
    return True


def _written(facts: EventFacts, source: str, key: str | None) -> dict[str, object]:
    if source in facts.notifications:
        return {"bucket": facts.names[source], "key": key}
    return {"source": facts.names[source]}


def _hops(deliveries: Iterable[Delivery], *, permits: bool = True) -> tuple[Hop, ...]:
    return tuple(
        Hop(f"{d.via}: {describe(d.source, d.keys)} to {d.target}", permits=permits, urn=d.urn)
        for d in deliveries
    )


def describe(source: Place, keys: tuple[str, ...]) -> str:
    """A source and the keys that count, for people."""
    return f"{source} ({', '.join(keys)})" if keys else str(source)


def _unproven(summary: str, resources: tuple[str, ...], mend: str) -> Decision:
    return Decision(Verdict.UNPROVEN, Evidence("unknown", summary), resources, mend)


def not_known(facts: EventFacts, could: str, *more: NotModelled) -> Decision:
    """Unproven for what the facts could not read."""
    items = (*facts.not_modelled, *more)
    first = items[0]
    return Decision(
        Verdict.UNPROVEN,
        Evidence(
            "unknown",
            f"{facts.names.get(first.urn, first.urn)} could {could}: {first.why}",
        ),
        tuple(dict.fromkeys(item.urn for item in items)),
        "Remove it, or write what is unknown as known text.",
    )
