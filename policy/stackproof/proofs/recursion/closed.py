"""No trigger but the declared ones, and one notification configuration a bucket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from stackproof.aws.events.facts import Delivery, EventFacts, Place
from stackproof.aws.values import ATOM_OPEN
from stackproof.contract import Trigger
from stackproof.model import Decision, Evidence, Hop, Verdict
from stackproof.proofs.languages import Language
from stackproof.proofs.recursion.triggers import (
    describe,
    example,
    keys_of,
    not_known,
    of_group,
    split,
)
from stackproof.selection import Members

_PASSIVE = ("arn:aws:automate:", "arn:aws:autoscaling:")
"""What an alarm may do to instances and capacity: it runs no code and writes nothing."""
_STORES = (["sqs"], ["sns"], ["events"], ["kinesis"], ["firehose"], ["s3"], ["logs"])


def starts(facts: EventFacts, place: Place) -> bool:
    """Whether what arrives at `place` runs something: a function, or what is out of sight."""
    if place.urn:
        return place.urn in facts.functions
    return not place.arn.startswith(_PASSIVE)


def _out_of_sight(place: Place) -> bool:
    """Whether it is a store or relay that this stack does not declare: who listens is unknown."""
    if place.urn:
        return False
    return place.arn.startswith(ATOM_OPEN) or place.arn.split(":")[2:3] in _STORES


def started_by(facts: EventFacts) -> dict[Delivery, tuple[Place, ...]]:
    """For each delivery, everything that it starts in the end, through topics, queues and rules."""
    onward: dict[str, list[Delivery]] = {}
    for delivery in facts.deliveries:
        onward.setdefault(delivery.source.arn, []).append(delivery)

    def reached(delivery: Delivery) -> Iterator[Place]:
        seen, front = {delivery.target}, [delivery.target]
        while front:
            place = front.pop()
            if starts(facts, place):
                yield place
                continue
            for following in onward.get(place.arn, ()):
                if following.target not in seen:
                    seen.add(following.target)
                    front.append(following.target)

    return {d: tuple(sorted(reached(d))) for d in facts.deliveries}


class _Declared:
    """What the contract lets start what."""

    def __init__(
        self, facts: EventFacts, members: Mapping[str, Members], triggers: Sequence[Trigger]
    ) -> None:
        self.facts = facts
        self.started = started_by(facts)
        self.pairs = [
            (of_group(members, group), glob, of_group(members, declared.to))
            for declared in triggers
            for group, glob in [split(declared.source)]
        ]

    def globs(self, source: Place, target: Place) -> list[str]:
        return [
            glob
            for sources, glob, targets in self.pairs
            if source.urn in sources and target.urn in targets
        ]

    def beyond(self, delivery: Delivery, started: Place) -> Language | None:
        """The keys (or any event, when it has none) that start `started` undeclared; None: none."""
        globs = [
            *self.globs(delivery.source, delivery.target),
            *self.globs(delivery.source, started),
        ]
        if not delivery.keys:
            if not delivery.source.urn:
                # The default bus and the like: the relay that listens to it is what can be named.
                globs += self.globs(delivery.target, started)
            if globs or self._relayed(delivery, started, frozenset()):
                return None
            return Language.everything()
        rest = keys_of(delivery.keys) - keys_of(globs)
        return None if rest.is_empty() else rest

    def _relayed(self, delivery: Delivery, started: Place, seen: frozenset[str]) -> bool:
        """Whether all that arrives at the source is declared to start `started` in the end."""
        arriving = [
            d
            for d in self.facts.deliveries
            if d.target.arn == delivery.source.arn and started in self.started[d]
        ]
        if not arriving or delivery.source.arn in seen:
            return False
        return all(
            self.globs(d.source, started) or self._relayed(d, started, seen | {delivery.source.arn})
            for d in arriving
        )


def closed(
    facts: EventFacts, members: Mapping[str, Members], triggers: Sequence[Trigger]
) -> Decision:
    """Nothing starts anything but by the declared triggers.

    Deliveries are followed through topics, queues and rules, on the largest behaviour.

    ## What AWS does

    A function is started by notifications, queues, streams, topics, rules, schedules and log
    subscriptions (AWS Lambda Developer Guide, "Invoking Lambda with events from other AWS
    services"), each declared as a resource of another type.

    ## Fails

    ```python
    nightly = aws.cloudwatch.EventRule("nightly", schedule_expression="rate(1 day)")
    aws.cloudwatch.EventTarget("nightly", rule=nightly.name, arn=thumbnails.arn)
    ```

    `events.closed`

    ## Mend

    Remove the delivery, or declare the trigger, for review.
    """
    declared = _Declared(facts, members, triggers)
    outside: list[Delivery] = []
    for delivery, places in declared.started.items():
        for started in places:
            rest = declared.beyond(delivery, started)
            if rest is None or not delivery.known:
                continue
            if _out_of_sight(started):
                outside.append(delivery)
                continue
            return _excess(delivery, started, rest)
    if outside:
        first = outside[0]
        return Decision(
            Verdict.UNPROVEN,
            Evidence(
                "unknown",
                f"{first.source} sends to {first.target}, which this stack does not declare: what "
                "that starts is not known",
            ),
            tuple(dict.fromkeys(d.urn for d in outside)),
            "Declare the target in this stack, or remove the delivery.",
        )
    if facts.not_modelled:
        return not_known(facts, "start something")
    count = sum(bool(places) for places in declared.started.values())
    return Decision(
        Verdict.PROVEN,
        Evidence(
            "exhaustive",
            f"all {len(facts.deliveries)} deliveries of events were followed; {count} start "
            "something, each as declared",
            hops=tuple(
                Hop(f"{d.via}: {describe(d.source, d.keys)} to {d.target}", urn=d.urn)
                for d, places in declared.started.items()
                if places
            ),
        ),
    )


def _excess(delivery: Delivery, started: Place, rest: Language) -> Decision:
    witness: dict[str, object] = {"source": str(delivery.source), "starts": str(started)}
    if delivery.keys:
        witness = {
            "bucket": str(delivery.source),
            "key": example(rest, *delivery.keys),
            "starts": str(started),
        }
        what = f"writing {witness['key']} to {delivery.source} starts {started}"
    else:
        what = f"{delivery.source} starts {started}"
    return Decision(
        Verdict.VIOLATED,
        Evidence(
            "witness",
            f"{what}, which the contract does not declare",
            witness,
            (
                Hop(
                    f"{delivery.via}: {describe(delivery.source, delivery.keys)} to "
                    f"{delivery.target}",
                    urn=delivery.urn,
                ),
            ),
        ),
        tuple(u for u in (delivery.urn, delivery.source.urn, started.urn) if u),
        "Narrow the notification's filter to the declared keys, remove it, or declare the trigger "
        "under events.triggers.",
    )


def _undone(facts: EventFacts, bucket: str, configuration: str) -> Decision | None:
    """A decision against a configuration that turns off what a scan of the bucket turns on."""
    if configuration in facts.eventbridge:
        return None
    if any(n.urn == configuration for n in facts.not_modelled):
        return not_known(facts, "undo what a scan of the bucket needs")
    plans = facts.scanned[bucket]
    name, plan = facts.names[bucket], facts.names[plans[0]]
    return Decision(
        Verdict.VIOLATED,
        Evidence(
            "witness",
            f"{facts.names[configuration]} turns EventBridge off on {name}, by which {plan} is "
            "told of uploads",
            {"bucket": name, "plan": plan},
            (Hop(f"configures {name} without EventBridge", urn=configuration),),
        ),
        (configuration, *plans, bucket),
        "Give the BucketNotification `eventbridge=True`.",
    )


def _delivered_twice(facts: EventFacts, bucket: str) -> tuple[Delivery, Delivery, str] | None:
    """Two configurations of `bucket` that surely match one key and event, and that key."""
    told = [
        d
        for d in facts.deliveries
        if d.source.urn == bucket and d.via == "bucket notification" and d.known and d.exact
    ]
    for one, other in combinations(told, 2):
        both = Language.any_of(one.keys) & Language.any_of(other.keys)
        if not both.is_empty() and any(_same_event(a, b) for a in one.events for b in other.events):
            return one, other, both.witness(("orig/x.jpg",)) or "every key"
    return None


def _same_event(one: str, other: str) -> bool:
    return not (Language.glob(one) & Language.glob(other)).is_empty()


def notification(facts: EventFacts, bucket: str) -> Decision:
    """A bucket has one notification configuration, in a way that S3 accepts.

    ## What AWS does

    Putting a notification configuration replaces the one that was there (Amazon S3 API
    Reference, "PutBucketNotificationConfiguration"): of two resources the one that is deployed
    last wins, silently. Within one, two entries must not match the same key and event (Amazon
    S3 User Guide, "Configuring event notifications using object key name filtering").

    GuardDuty's malware protection turns EventBridge on there (Amazon GuardDuty User Guide, "How
    does Malware Protection for S3 work?"): a configuration that leaves it out turns it off again.

    ## Fails

    ```python
    aws.s3.BucketNotification("events-too", bucket=images.id, eventbridge=True)
    ```

    `events.notification.images`

    ## Mend

    Merge them into one BucketNotification.
    """
    configurations = facts.notifications[bucket]
    name = facts.names[bucket]
    twice = _delivered_twice(facts, bucket)
    if len(configurations) == 1 and twice is not None:
        one, other, key = twice
        targets = [facts.names.get(d.target.urn, d.target.arn) for d in (one, other)]
        return Decision(
            Verdict.VIOLATED,
            Evidence(
                "witness",
                f"{facts.names[one.urn]} sends {key} of {name} to {' and to '.join(targets)} for "
                "the same event: S3 refuses configurations that overlap",
                {"bucket": name, "key": key, "targets": targets},
                (Hop(f"configures {name}", urn=one.urn),),
            ),
            (one.urn, bucket),
            "Let one configuration alone match each key, and pass the event on from its target.",
        )
    if len(configurations) == 1 and bucket in facts.scanned:
        undone = _undone(facts, bucket, configurations[0])
        if undone is not None:
            return undone
    if len(configurations) == 1:
        return Decision(
            Verdict.PROVEN,
            Evidence("exhaustive", f"{facts.names[configurations[0]]} alone configures {name}"),
            configurations,
        )
    named = [facts.names[urn] for urn in configurations]
    return Decision(
        Verdict.VIOLATED,
        Evidence(
            "witness",
            f"{' and '.join(named)} each replace the whole notification configuration of {name}: "
            "the last one to be deployed silently wins",
            {"bucket": name, "notifications": named},
            tuple(Hop(f"configures {name}", urn=urn) for urn in configurations),
        ),
        (*configurations[::-1], bucket),
        "Merge them into one BucketNotification.",
    )
